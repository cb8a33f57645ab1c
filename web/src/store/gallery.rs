//! The gallery: the scenarios that come with the page.

use std::collections::BTreeMap;
use std::rc::Rc;

use faaslab_core::scenario::Scenario;
use faaslab_core::share::{Address, Place};
use faaslab_core::view::auto_place;
use serde::Deserialize;

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
    "tight-memory",
    "users-who-wait",
    "heavy-tail",
    "shared-containers",
    "retry-storm",
    "stragglers",
    "ten-or-twelve",
    "own-kitchen",
    "whole-jobs",
    "no-promises",
    "busy-placer",
    "uneven-zones",
    "no-answer",
    "herd",
    "one-queue",
    "old-news",
    "too-late",
    "change-of-plan",
    "two-heartbeats",
    "locked-cores",
    "two-desks",
    "fast-lane",
    "fetched",
    "standing-aside",
    "tail-of-its-own",
    "fast-and-slow",
    "fat-cluster",
    "fill-up",
    "large-gaps",
    "elbow-room",
    "at-home",
    "hot-home",
    "open-door",
    "by-the-half",
    "by-repute",
    "homes",
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
    "far-registry",
    "work-for-all",
);

/// What scenarios are about, and the ids of those that are about it.
#[derive(Deserialize)]
struct Topic {
    topic: String,
    scenarios: Vec<String>,
    /// Where the playhead begins, in seconds, for those in which the first seconds are not what the question is about.
    #[serde(default)]
    begin_s: BTreeMap<String, f64>,
}

/// The gallery's topics, in its order. A text that is not understood is found by the test, not by those who look.
fn topics() -> Vec<Topic> {
    serde_json::from_str(include_str!("../../../scenarios/index.json")).unwrap_or_default()
}

/// A scenario of the gallery.
pub(crate) struct Entry {
    /// Its id.
    pub(crate) id: &'static str,
    /// What it is about.
    pub(crate) topic: String,
    /// The scenario, with a place for every node.
    pub(crate) scenario: Scenario,
    /// Where the playhead begins, in seconds, if that is not the start of the run.
    pub(crate) begin_s: Option<f64>,
    /// Everything that a search may find it by, in small letters.
    words: String,
}

impl Entry {
    fn new(id: &'static str, topic: &Topic, scenario: Scenario) -> Entry {
        let value = scenario.to_value();
        // Policies and architectures by their words, as `warm_first` and as `warm first`.
        let policies = format!("{} {}", value["policies"], value["frame"]);
        let texts =
            [id, &topic.topic, &scenario.title, &scenario.question, &scenario.look_at, &policies, &policies.replace('_', " ")];
        let words = texts.join(" ").to_lowercase();
        Entry { id, topic: topic.topic.clone(), scenario, begin_s: topic.begin_s.get(id).copied(), words }
    }

    /// Whether it has all the words of a search somewhere.
    pub(crate) fn has_words(&self, search: &str) -> bool {
        search.to_lowercase().split_whitespace().all(|word| self.words.contains(word))
    }
}

thread_local! {
    static ENTRIES: Rc<Vec<Entry>> = Rc::new(read());
}

fn read() -> Vec<Entry> {
    let topics = topics();
    let topic_of = |id: &str| topics.iter().find(|t| t.scenarios.iter().any(|other| other == id));
    GALLERY.iter().filter_map(|&(id, _)| Some(Entry::new(id, topic_of(id)?, scenario(id)?))).collect()
}

/// All scenarios, read once.
pub(crate) fn entries() -> Rc<Vec<Entry>> {
    ENTRIES.with(Rc::clone)
}

/// The scenario of an id, with a place for every node.
pub(crate) fn scenario(id: &str) -> Option<Scenario> {
    let (_, text) = GALLERY.iter().find(|(known, _)| *known == id)?;
    placed(text)
}

/// The scenario that a text of the gallery is, with a place for every node.
fn placed(text: &str) -> Option<Scenario> {
    let mut scenario = Scenario::from_json(text).ok()?;
    auto_place(&mut scenario);
    Some(scenario)
}

/// Whether a scenario is one of the gallery's, as it is opened from there.
pub(crate) fn has(scenario: &Scenario) -> bool {
    entries().iter().any(|known| known.scenario == *scenario)
}

/// Where the playhead begins at an address, in seconds: where that says, else where its scenario of the gallery does. `opens`
/// says whether the page opens with what it always opens with, if the address leads nowhere.
pub(crate) fn begin_s(address: &Address, opens: bool) -> Option<f64> {
    let id = match &address.place {
        Place::Gallery(id) => id,
        Place::Here if opens => GALLERY[0].0,
        Place::Here | Place::Link(_) | Place::Unknown(_) => return address.at_s,
    };
    // Without reading all scenarios: this is asked for before anything is shown.
    address.at_s.or_else(|| topics().iter().find_map(|topic| topic.begin_s.get(id).copied()))
}

/// A short address of a scenario that differs from one of the gallery in values alone; nothing if there is none.
pub(crate) fn short_address(scenario: &Scenario) -> Option<Address> {
    let same_nodes = |known: &Scenario| known.nodes.iter().map(|n| &n.id).eq(scenario.nodes.iter().map(|n| &n.id));
    let entries = entries();
    let mut alike: Vec<&Entry> = entries.iter().filter(|known| same_nodes(&known.scenario)).collect();
    // What it was opened from, most likely, comes first.
    alike.sort_by_key(|known| (known.scenario != *scenario, known.scenario.title != scenario.title));
    alike.into_iter().find_map(|known| Address::short(scenario, known.id, &known.scenario))
}

/// What the page opens with: by its place, so that a first visit needs no other text of the gallery.
pub(crate) fn opening() -> Scenario {
    placed(GALLERY[0].1).unwrap_or_else(|| unreachable!("the gallery's test reads every scenario"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gallery_has_what_the_index_lists_in_its_order() {
        let index: Vec<String> = topics().into_iter().flat_map(|topic| topic.scenarios).collect();
        assert_eq!(GALLERY.iter().map(|(id, _)| *id).collect::<Vec<_>>(), index);
        assert_eq!(entries().len(), GALLERY.len());
    }

    #[test]
    fn scenarios_begin_where_their_question_is_seen() {
        let begin = |address: &str| begin_s(&Address::parse(address), true);
        assert_eq!((begin(""), begin("#/gallery/three-edges?policies.keep_alive.ttl_s=60")), (Some(19.1), Some(19.1)));
        assert_eq!((begin("#/gallery/three-edges?t=3s"), begin("?t=3s"), begin("#/gallery/herd")), (Some(3.0), Some(3.0), None));
        assert_eq!(begin_s(&Address::default(), false), None, "what was saved is not the opening scenario");
        let named: usize = topics().iter().map(|t| t.begin_s.len()).sum();
        assert_eq!(entries().iter().filter(|e| e.begin_s.is_some()).count(), named, "each is of a scenario of its topic");
    }

    #[test]
    fn a_search_finds_by_words_anywhere() {
        let found = |search: &str| entries().iter().filter(|e| e.has_words(search)).map(|e| e.id).collect::<Vec<_>>();
        assert_eq!(found("").len(), entries().len());
        assert!(found("THOUSAND workers").contains(&"fat-cluster"));
        let by_word = found("greedy_dual");
        assert!(!by_word.is_empty() && by_word.iter().all(|id| found("greedy dual").contains(id)));
        assert!(found("hawk").len() < 8 && found("hawk").contains(&"fast-lane"));
        assert!(found("zebra").is_empty());
    }

    #[test]
    fn every_scenario_is_in_one_topic_and_topics_have_names_of_their_own() {
        let names: Vec<String> = entries().chunk_by(|a, b| a.topic == b.topic).map(|all| all[0].topic.clone()).collect();
        assert_eq!(names, topics().into_iter().map(|t| t.topic).collect::<Vec<_>>());
        assert!(names.iter().enumerate().all(|(i, name)| !name.is_empty() && !names[..i].contains(name)));
    }

    #[test]
    fn what_was_opened_from_the_gallery_is_known_again_and_work_on_it_is_not() {
        let mut scenario = opening();
        assert!(has(&scenario));
        scenario.run.seed += 1;
        assert!(!has(&scenario));
    }

    #[test]
    fn work_on_a_scenario_of_the_gallery_has_a_short_address_that_opens_to_it() {
        let changed = opening().with_text("policies.keep_alive.ttl_s", "60").and_then(|s| s.with_text("nodes.worker-1.x", "512"));
        let changed = changed.unwrap_or_else(|e| panic!("{e}"));
        let address = short_address(&changed).map(|a| a.to_string()).unwrap_or_default();
        assert!(address.starts_with("#/gallery/three-edges?") && address.len() < 100, "{address}");
        let arrival = Address::parse(&address).open(None, scenario);
        assert_eq!(arrival.and_then(Result::ok).map(|a| a.scenario), Some(changed));
        for entry in entries().iter() {
            let address = short_address(&entry.scenario).map(|a| a.to_string());
            assert_eq!(address, Some(format!("#/gallery/{}", entry.id)));
        }
    }
}
