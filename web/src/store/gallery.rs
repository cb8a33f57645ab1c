//! The gallery: the scenarios that come with the page.

use faaslab_core::scenario::Scenario;
use faaslab_core::view::auto_place;

macro_rules! gallery {
    ($($id:literal),* $(,)?) => {
        /// Ids and texts, in the order of the gallery; the first is what the page opens with.
        pub(crate) const GALLERY: &[(&str, &str)] = &[$(($id, include_str!(concat!("../../../scenarios/", $id, ".json")))),*];
    };
}

gallery!(
    "three-edges",
    "cold-start",
    "single-queue",
    "users-who-wait",
    "two-choices",
    "busy-placer",
    "uneven-zones",
    "no-answer",
    "tight-memory",
    "heavy-tail",
    "stragglers",
    "ten-or-twelve",
    "own-kitchen",
    "fast-and-slow",
    "herd",
    "one-queue",
    "whole-jobs",
    "no-promises",
    "old-news",
    "too-late",
    "fat-cluster",
    "change-of-plan",
    "shared-containers",
    "retry-storm",
    "keep-nothing",
    "slow-starters",
    "large-first",
    "rent",
    "nothing-to-learn",
    "passers-by",
    "probation",
    "just-in-time",
    "foresight",
    "by-the-clock",
    "right-size",
    "last-in-line",
    "fill-up",
    "large-gaps",
    "elbow-room",
    "at-home",
    "hot-home",
    "by-repute",
    "far-registry",
    "work-for-all",
    "homes",
    "two-heartbeats",
    "locked-cores",
    "two-desks",
    "fast-lane",
    "standing-aside",
    "tail-of-its-own",
);

/// The scenario of an id.
pub(crate) fn scenario(id: &str) -> Option<Scenario> {
    let (_, text) = GALLERY.iter().find(|(known, _)| *known == id)?;
    Scenario::from_json(text).ok()
}

/// Whether a scenario is one of the gallery's, as it is opened from there.
pub(crate) fn has(scenario: &Scenario) -> bool {
    GALLERY.iter().filter_map(|(_, text)| Scenario::from_json(text).ok()).any(|mut known| {
        auto_place(&mut known);
        known == *scenario
    })
}

/// What the page opens with.
pub(crate) fn opening() -> Scenario {
    scenario(GALLERY[0].0).unwrap_or_else(|| unreachable!("the gallery's test reads every scenario"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gallery_has_what_the_index_lists_in_its_order() {
        let index: Vec<String> = serde_json::from_str(include_str!("../../../scenarios/index.json")).unwrap_or_default();
        assert_eq!(GALLERY.iter().map(|(id, _)| *id).collect::<Vec<_>>(), index);
    }

    #[test]
    fn what_was_opened_from_the_gallery_is_known_again_and_work_on_it_is_not() {
        let mut scenario = opening();
        auto_place(&mut scenario);
        assert!(has(&scenario));
        scenario.run.seed += 1;
        assert!(!has(&scenario));
    }
}
