//! Everything on the stage as a list: zones, their nodes, the machines of blocks, and the links, each once.

use std::collections::BTreeSet;

use super::layout::Hit;
use super::statics;
use crate::scenario::{Link, Node, Role, Scenario};

/// A line of the outline.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is.
    pub hit: Hit,
    /// The id of that, as a selection has it.
    pub id: String,
    /// How deep it stands, from 1.
    pub level: u32,
    /// Its place among those of the same parent, from 1, and how many they are.
    pub place: (u32, u32),
    /// What it is called.
    pub name: String,
    /// Whether a block shows its machines; nothing for what has no machines to show.
    pub open: Option<bool>,
    /// The worker that it stands for, and the machine of it: what live figures are of.
    pub worker: Option<(String, Option<u32>)>,
}

/// The outline of a scenario, in which the blocks with these ids show their machines.
pub fn outline(scenario: &Scenario, open: &BTreeSet<String>) -> Vec<Entry> {
    let mut all = Vec::new();
    let is_zone = |id: &str| scenario.zones.iter().any(|z| z.id == id);
    let homeless: Vec<usize> = (0..scenario.nodes.len()).filter(|i| !is_zone(&scenario.nodes[*i].zone)).collect();
    let is_end = |id: &str| is_zone(id) || scenario.node(id).is_some();
    let lost: Vec<usize> = (0..scenario.links.len()).filter(|i| !is_end(&scenario.links[*i].from)).collect();
    let top = (scenario.zones.len() + homeless.len() + lost.len()) as u32;
    let mut place = 0;
    for (z, zone) in scenario.zones.iter().enumerate() {
        place += 1;
        all.push(entry(Hit::Zone(z), &zone.id, 1, (place, top), zone.label().to_owned()));
        let members: Vec<usize> = (0..scenario.nodes.len()).filter(|i| scenario.nodes[*i].zone == zone.id).collect();
        let links = links_from(scenario, &zone.id);
        let of = (members.len() + links.len()) as u32;
        for (k, i) in members.into_iter().enumerate() {
            add_node(scenario, i, 2, (k as u32 + 1, of), open, &mut all);
        }
        add_links(scenario, &links, 2, of, &mut all);
    }
    for i in homeless {
        place += 1;
        add_node(scenario, i, 1, (place, top), open, &mut all);
    }
    add_links(scenario, &lost, 1, top, &mut all);
    all
}

/// The links whose first end has this id.
fn links_from(scenario: &Scenario, id: &str) -> Vec<usize> {
    (0..scenario.links.len()).filter(|i| scenario.links[*i].from == id).collect()
}

fn add_node(scenario: &Scenario, i: usize, level: u32, place: (u32, u32), open: &BTreeSet<String>, all: &mut Vec<Entry>) {
    let node: &Node = &scenario.nodes[i];
    let is_block = node.count > 1 && node.is(Role::Worker);
    let shows = is_block && open.contains(&node.id);
    let links = links_from(scenario, &node.id);
    let machines = if shows { node.count } else { 0 };
    let mut own = entry(Hit::Node(i), &node.id, level, place, node.label().to_owned());
    own.open = is_block.then_some(shows);
    own.worker = node.is(Role::Worker).then(|| (node.id.clone(), None));
    all.push(own);
    let of = machines + links.len() as u32;
    for number in 0..machines {
        let id = format!("{}[{number}]", node.id);
        let mut machine = entry(Hit::Machine(i, number), &id, level + 1, (number + 1, of), id.clone());
        machine.worker = Some((node.id.clone(), Some(number)));
        all.push(machine);
    }
    add_links(scenario, &links, level + 1, of, all);
}

/// Links, as the last of their parent's entries.
fn add_links(scenario: &Scenario, links: &[usize], level: u32, of: u32, all: &mut Vec<Entry>) {
    for (k, &i) in links.iter().enumerate() {
        let link: &Link = &scenario.links[i];
        let [from, to] = statics::end_names(link, scenario);
        let name = format!("{from} – {to}, {}", statics::latency(link));
        let place = of + 1 + k as u32 - links.len() as u32;
        all.push(entry(Hit::Link(i), &link.id, level, (place, of), name));
    }
}

fn entry(hit: Hit, id: &str, level: u32, place: (u32, u32), name: String) -> Entry {
    Entry { hit, id: id.to_owned(), level, place, name, open: None, worker: None }
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::{link, node, scenario};
    use super::*;

    #[test]
    fn everything_is_listed_once_with_its_place() {
        let mut pool = node("pool", "b", Role::Worker, 0.0, 0.0);
        pool.count = 3;
        let nodes = vec![node("c", "a", Role::Client, 0.0, 0.0), pool, node("stray", "gone", Role::Worker, 0.0, 0.0)];
        let links = vec![link("a", "b"), link("c", "pool"), link("nothing", "c")];
        let s = scenario(&["a", "b"], nodes, links);
        let lines = |open: &[&str]| {
            let open = open.iter().map(|id| (*id).to_owned()).collect();
            let line = |e: &Entry| format!("{}{} {}/{}", " ".repeat(e.level as usize), e.id, e.place.0, e.place.1);
            outline(&s, &open).iter().map(line).collect::<Vec<_>>()
        };
        let closed = [" a 1/4", "  c 1/2", "   c-pool 1/1", "  a-b 2/2", " b 2/4", "  pool 1/1", " stray 3/4", " nothing-c 4/4"];
        assert_eq!(lines(&[]), closed);
        let open = ["  pool 1/1", "   pool[0] 1/3", "   pool[1] 2/3", "   pool[2] 3/3"];
        assert_eq!(lines(&["pool"])[5..9], open);
        let all = outline(&s, &BTreeSet::new());
        assert_eq!((all[5].open, all[5].worker.as_ref().map(|w| w.0.as_str()), all[1].open), (Some(false), Some("pool"), None));
        assert_eq!(all[3].name, "a – b, 5 ms");
    }

    #[test]
    fn a_link_is_called_by_the_names_of_its_ends() {
        let mut s = scenario(&["a", "b"], vec![node("c", "a", Role::Client, 0.0, 0.0)], vec![link("a", "b"), link("c", "gone")]);
        (s.zones[0].name, s.nodes[0].name) = ("Campus".to_owned(), "Users".to_owned());
        let all = outline(&s, &BTreeSet::new());
        let named = |id: &str| all.iter().find(|e| e.id == id).map(|e| e.name.as_str());
        assert_eq!(named("a-b"), Some("Campus – b, 5 ms"));
        assert_eq!(named("c-gone"), Some("Users – gone, 5 ms"));
    }
}
