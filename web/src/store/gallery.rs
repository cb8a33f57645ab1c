//! The gallery: the scenarios that come with the page.

use faaslab_core::scenario::Scenario;

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
    "two-choices",
    "busy-placer",
    "uneven-zones",
    "tight-memory",
    "heavy-tail",
    "fast-and-slow",
    "herd",
    "fat-cluster",
    "change-of-plan",
    "shared-containers",
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
);

/// The scenario of an id.
pub(crate) fn scenario(id: &str) -> Option<Scenario> {
    let (_, text) = GALLERY.iter().find(|(known, _)| *known == id)?;
    Scenario::from_json(text).ok()
}

/// What the page opens with.
pub(crate) fn opening() -> Scenario {
    scenario(GALLERY[0].0).unwrap_or_else(|| unreachable!("the gallery's test reads every scenario"))
}
