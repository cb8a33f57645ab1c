//! A part of a scenario as a text, to copy it within a scenario or into another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Command;
use crate::scenario::{Link, Node, ReadError, Scenario, Zone, parse, small_enough, typed};
use crate::view::{Layout, Rect};

/// Nodes and zones of a scenario, and the links between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    /// The format's version.
    faaslab_fragment: u32,
    /// Zones that were copied with all of their nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    zones: Vec<Zone>,
    /// The zones of nodes that were copied without their zone: they join it where it exists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    homes: Vec<Zone>,
    /// Nodes.
    #[serde(default)]
    nodes: Vec<Node>,
    /// Links whose ends are both here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

/// The version of the format.
const VERSION: u32 = 1;

/// How far a copy stands from what it was made from.
const STEP: f64 = 24.0;
/// Space between a zone and its copy.
const ZONE_GAP: f64 = 48.0;

impl Fragment {
    /// The nodes and zones of these ids, zones with all of their nodes, and the links among them. Nothing if the ids name
    /// neither a node nor a zone.
    pub fn of(scenario: &Scenario, ids: &[String]) -> Option<Fragment> {
        let named = |id: &String| ids.contains(id);
        let zones: Vec<Zone> = scenario.zones.iter().filter(|z| named(&z.id)).cloned().collect();
        let nodes: Vec<Node> = scenario.nodes.iter().filter(|n| named(&n.id) || named(&n.zone)).cloned().collect();
        if zones.is_empty() && nodes.is_empty() {
            return None;
        }
        let is_home = |z: &&Zone| !named(&z.id) && nodes.iter().any(|n| n.zone == z.id);
        let homes = scenario.zones.iter().filter(is_home).cloned().collect();
        let here = |id: &String| zones.iter().any(|z| z.id == *id) || nodes.iter().any(|n| n.id == *id);
        let links = scenario.links.iter().filter(|l| here(&l.from) && here(&l.to)).cloned().collect();
        Some(Fragment { faaslab_fragment: VERSION, zones, homes, nodes, links })
    }

    /// The fragment as JSON.
    pub fn to_json(&self) -> String {
        // Plain data with text keys always serialises.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a fragment, or a whole scenario, of which it takes what stands on the stage.
    pub fn from_json(text: &str) -> Result<Fragment, ReadError> {
        let value = parse(text)?;
        if value.get("workload").is_some() || value.get("version").is_some() {
            let scenario = Scenario::from_value(value)?;
            let Scenario { zones, nodes, links, .. } = scenario;
            return Ok(Fragment { faaslab_fragment: VERSION, zones, homes: Vec::new(), nodes, links });
        }
        small_enough(&value)?;
        match value.get("faaslab_fragment").map(Value::as_u64) {
            Some(Some(version)) if version == u64::from(VERSION) => typed(&value),
            Some(Some(version)) if version > u64::from(VERSION) => Err(ReadError {
                code: "version",
                place: "faaslab_fragment".to_owned(),
                message: format!("copied from a newer FaaSLab, in version {version}; this one reads {VERSION}"),
                hint: "Reload the page to get the newer one.".to_owned(),
            }),
            _ => Err(ReadError {
                code: "shape",
                place: "faaslab_fragment".to_owned(),
                message: "this JSON was not copied from a stage, and is no scenario".to_owned(),
                hint: "Select nodes or zones, copy them, and paste again.".to_owned(),
            }),
        }
    }

    /// Adds the fragment to a scenario. What has an id that is taken gets another; nodes without their zone join the zone of
    /// that id, which is added where it is missing. Everything stands beside what it would cover exactly. Answers the command,
    /// and the ids of the new nodes and zones.
    pub fn paste(&self, scenario: &Scenario) -> (Command, Vec<String>) {
        let mut ids = Ids { scenario, given: BTreeSet::new() };
        let zone_ids: Vec<(&str, String)> = self.zones.iter().map(|z| (z.id.as_str(), ids.free(&z.id))).collect();
        let node_ids: Vec<(&str, String)> = self.nodes.iter().map(|n| (n.id.as_str(), ids.free(&n.id))).collect();
        // A home that the scenario has under another kind of thing is a home of another name.
        let has_zone = |id: &str| scenario.zones.iter().any(|z| z.id == id);
        let home_ids: Vec<(&str, String)> =
            self.homes.iter().map(|z| (z.id.as_str(), if has_zone(&z.id) { z.id.clone() } else { ids.free(&z.id) })).collect();
        let (dx, dy) = self.room_in(scenario);
        let find = |list: &[(&str, String)], id: &str| list.iter().find(|(old, _)| *old == id).map(|(_, new)| new.clone());
        let mut commands = Vec::new();
        for (zone, (_, id)) in self.homes.iter().zip(&home_ids).filter(|(_, (_, id))| !has_zone(id)) {
            commands.push(Command::AddZone(Zone { id: id.clone(), ..zone.clone() }));
        }
        for (zone, (_, id)) in self.zones.iter().zip(&zone_ids) {
            let (x, y) = (zone.x.map(|x| x + dx), zone.y.map(|y| y + dy));
            commands.push(Command::AddZone(Zone { id: id.clone(), x, y, ..zone.clone() }));
        }
        for (node, (_, id)) in self.nodes.iter().zip(&node_ids) {
            let zone = find(&zone_ids, &node.zone).or_else(|| find(&home_ids, &node.zone)).unwrap_or_else(|| node.zone.clone());
            let (x, y) = (node.x + dx, node.y + dy);
            commands.push(Command::AddNode(Box::new(Node { id: id.clone(), zone, x, y, ..node.clone() })));
        }
        for link in &self.links {
            let end = |id: &str| find(&node_ids, id).or_else(|| find(&zone_ids, id));
            if let (Some(from), Some(to)) = (end(&link.from), end(&link.to)) {
                commands.push(Command::AddLink(Link { id: ids.free(&link.id), from, to, ..link.clone() }));
            }
        }
        let own_zone = |id: &str| zone_ids.iter().any(|(old, _)| *old == id);
        // Nodes that came with their zone are selected by it.
        let loose = self.nodes.iter().zip(node_ids).filter(|(n, _)| !own_zone(&n.zone)).map(|(_, (_, id))| id).collect::<Vec<_>>();
        let new = zone_ids.iter().map(|(_, id)| id.clone()).chain(loose).collect();
        (Command::All(commands), new)
    }

    /// How far to move everything so that nothing stands exactly where something stands already, and no zone on a zone.
    fn room_in(&self, scenario: &Scenario) -> (f64, f64) {
        let taken = Layout::of(scenario);
        let alone = Scenario {
            zones: self.zones.iter().chain(&self.homes).cloned().collect(),
            nodes: self.nodes.clone(),
            links: Vec::new(),
            ..scenario.clone()
        };
        let own = Layout::of(&alone);
        let areas: Vec<Rect> = own.zones.iter().take(self.zones.len()).map(|z| z.rect).collect();
        let wide = areas.iter().copied().reduce(|a, b| a.union(&b)).map(|r| r.w);
        let step = wide.map_or((STEP, STEP), |w| (w + ZONE_GAP, 0.0));
        let covers = |dx: f64, dy: f64| {
            let corners = |r: &Rect| (r.x, r.y);
            own.nodes.iter().any(|n| taken.nodes.iter().any(|t| corners(&t.rect) == corners(&n.rect.moved(dx, dy))))
                || areas.iter().any(|a| taken.zones.iter().any(|t| t.rect.overlaps(&a.moved(dx, dy))))
        };
        let tries = (0..=taken.nodes.len() + taken.zones.len()).map(|k| (step.0 * k as f64, step.1 * k as f64));
        // With more steps than things there is one that covers nothing, unless the things are very large.
        tries.into_iter().find(|(dx, dy)| !covers(*dx, *dy)).unwrap_or((step.0, step.1 + STEP))
    }
}

/// Ids that nothing has yet.
struct Ids<'a> {
    scenario: &'a Scenario,
    given: BTreeSet<String>,
}

impl Ids<'_> {
    /// The id itself if it is free, else its stem with the first number that is.
    fn free(&mut self, id: &str) -> String {
        let is_free = |id: &str| !self.scenario.has(id) && !self.given.contains(id);
        let stem = id.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
        let stem = if stem.is_empty() { id } else { stem };
        let free = if is_free(id) {
            id.to_owned()
        } else {
            (2u32..).map(|number| format!("{stem}-{number}")).find(|id| is_free(id)).unwrap_or_default()
        };
        self.given.insert(free.clone());
        free
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::edit::{Document, empty};
    use crate::scenario::{Role, validate};
    use crate::sim::Library;

    fn start() -> Scenario {
        Scenario::from_json(include_str!("../../../scenarios/three-edges.json")).unwrap()
    }

    fn ids(list: &[&str]) -> Vec<String> {
        list.iter().map(|id| (*id).to_owned()).collect()
    }

    fn paste(text: &str, scenario: &Scenario) -> (Scenario, Vec<String>) {
        let (command, new) = Fragment::from_json(text).unwrap().paste(scenario);
        let mut document = Document::new(scenario.clone());
        document.edit(command).unwrap();
        let pasted = document.scenario().clone();
        assert!(document.undo() && document.scenario() == scenario, "a paste is one step");
        (pasted, new)
    }

    #[test]
    fn copies_stand_beside_the_originals_under_free_ids_and_in_the_same_zone() {
        let s = start();
        let text = Fragment::of(&s, &ids(&["worker-1", "worker-2"])).unwrap().to_json();
        let (once, new) = paste(&text, &s);
        assert_eq!(new, ["worker-4", "worker-5"]);
        let (old, copy) = (s.node("worker-1").unwrap(), once.node("worker-4").unwrap());
        assert_eq!((copy.x, copy.y), (old.x + 24.0, old.y + 24.0));
        assert_eq!(Node { id: old.id.clone(), x: old.x, y: old.y, ..copy.clone() }, *old);
        let (twice, new) = paste(&text, &once);
        assert_eq!(twice.node(&new[0]).unwrap().x, old.x + 48.0, "the next copy stands beside the first");
    }

    #[test]
    fn a_zone_brings_its_nodes_and_inner_links_into_another_scenario() {
        let s = start();
        assert!(s.links.iter().all(|l| l.from == "edge" || l.to == "edge"), "the links lead out of the zone");
        let mut with_inner = s.clone();
        with_inner.links.push(Link { id: "inner".into(), from: "worker-1".into(), to: "worker-2".into(), ..s.links[0].clone() });
        let text = Fragment::of(&with_inner, &ids(&["edge"])).unwrap().to_json();
        let (pasted, new) = paste(&text, &empty());
        assert_eq!(new, ["edge"]);
        assert_eq!(pasted.links.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(), ["inner"], "outer links stay behind");
        assert_eq!(pasted.nodes, s.nodes.iter().filter(|n| n.zone == "edge").cloned().collect::<Vec<_>>());
        assert_eq!(validate(&pasted, &Library::default().catalogue()).iter().filter(|p| !p.warning).count(), 0);
        let (again, new) = paste(&text, &pasted);
        let layout = Layout::of(&again);
        assert!(!layout.zones[0].rect.overlaps(&layout.zones[1].rect));
        assert!(again.nodes[pasted.nodes.len()..].iter().all(|n| n.zone == new[0]));
        let inner = again.links.last().unwrap();
        assert!(again.nodes[pasted.nodes.len()..].iter().any(|n| n.id == inner.from), "links are between the copies");
    }

    #[test]
    fn a_node_founds_its_zone_where_there_is_none_of_that_name() {
        let text = Fragment::of(&start(), &ids(&["worker-1"])).unwrap().to_json();
        let (pasted, new) = paste(&text, &empty());
        assert_eq!((pasted.zones[0].id.as_str(), new.as_slice()), ("edge", &["worker-1".to_owned()][..]));
        let mut taken = empty();
        taken.zones.push(Zone::new("z"));
        taken.nodes.push(Node::new("edge", "z", Role::Client));
        let (pasted, _) = paste(&text, &taken);
        assert_eq!(pasted.node("worker-1").unwrap().zone, "edge-2", "the name was a node's");
    }

    #[test]
    fn a_whole_scenario_can_be_pasted() {
        let s = start();
        let (pasted, _) = paste(&s.to_json(), &empty());
        assert_eq!((pasted.zones, pasted.nodes, pasted.links), (s.zones, s.nodes, s.links));
    }

    #[test]
    fn what_cannot_be_pasted_says_why() {
        let why = |text: &str| Fragment::from_json(text).unwrap_err().to_string();
        assert!(why("{\"a\":").starts_with("line 1, column "));
        assert!(why("[1, 2]").contains("not copied from a stage"));
        assert!(why(r#"{"faaslab_fragment": 9, "nodes": []}"#).contains("newer FaaSLab"));
        let misspelt = r#"{"faaslab_fragment": 1, "nodes": [{"id": "w", "zone": "z", "roles": ["worker"], "memroy_mb": 1}]}"#;
        assert!(why(misspelt).contains("Did you mean memory_mb?"), "{}", why(misspelt));
        let many = format!(r#"{{"faaslab_fragment": 1, "nodes": [{}]}}"#, vec!["{}"; 1_001].join(","));
        assert!(why(&many).contains("more than 1000"));
        assert_eq!(Fragment::of(&start(), &ids(&["north-uplink", "nothing"])), None);
    }
}
