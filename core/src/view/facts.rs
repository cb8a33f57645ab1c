//! What the picture of a run needs to know of the scenario that was run.
//!
//! The scenario on the stage may already have been edited; machines are matched to boxes by the ids that the run had.

use std::collections::BTreeMap;
use std::ops::Range;

use super::layout::Layout;
use crate::scenario::{Node, Scenario};

/// What a machine has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Machine {
    /// The index of its node.
    pub(crate) node: u32,
    /// Its number in the node.
    pub(crate) number: u32,
    /// The most invocations at once, of the function that needs the fewest cores.
    pub(crate) slots: u32,
    /// Memory for containers, in MB.
    pub(crate) memory_mb: f64,
}

/// What the picture of a run needs to know of its scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Ids of the nodes.
    pub(crate) nodes: Vec<String>,
    /// Number of each node's first machine.
    pub(crate) first: Vec<u32>,
    /// The machines by their number.
    pub(crate) machines: Vec<Machine>,
    /// Two letters for each function.
    letters: Vec<String>,
    /// Names of the images.
    images: Vec<String>,
}

impl Facts {
    /// The facts of a scenario, with its own functions.
    pub fn of(scenario: &Scenario) -> Facts {
        let names: Vec<&str> = scenario.functions.iter().map(|f| f.id.as_str()).collect();
        Facts::with_functions(scenario, &names)
    }

    /// The facts of a scenario whose functions come from a trace.
    pub fn with_functions(scenario: &Scenario, names: &[&str]) -> Facts {
        let mut first = vec![];
        let mut all = vec![];
        let least = least_millicores(scenario);
        for (i, node) in scenario.nodes.iter().enumerate() {
            first.push(all.len() as u32);
            all.extend(machines(i, node, least));
        }
        let nodes = scenario.nodes.iter().map(|n| n.id.clone()).collect();
        let images = scenario.images.iter().map(|i| i.label().to_owned()).collect();
        Facts { nodes, first, machines: all, letters: names.iter().map(|n| letters(n)).collect(), images }
    }

    /// For each node of the run, its index in `layout`, if it is still there.
    pub(crate) fn boxes(&self, layout: &Layout) -> Vec<Option<usize>> {
        if self.nodes.len() == layout.nodes.len() && self.nodes.iter().zip(&layout.nodes).all(|(id, n)| *id == n.id) {
            return (0..self.nodes.len()).map(Some).collect();
        }
        let by_id: BTreeMap<&str, usize> = layout.nodes.iter().enumerate().map(|(i, n)| (n.id.as_str(), i)).collect();
        self.nodes.iter().map(|id| by_id.get(id.as_str()).copied()).collect()
    }

    /// The machines of a node.
    pub(crate) fn range(&self, node: usize) -> Range<usize> {
        let end = self.first.get(node + 1).map_or(self.machines.len(), |f| *f as usize);
        self.first.get(node).map_or(0..0, |f| *f as usize..end)
    }

    /// The name of an image; empty if it is not known.
    pub(crate) fn image(&self, image: u32) -> &str {
        self.images.get(image as usize).map_or("", String::as_str)
    }

    /// The two letters of a function; empty if it is not known.
    pub(crate) fn letters(&self, function: u32) -> &str {
        self.letters.get(function as usize).map_or("", String::as_str)
    }
}

/// Thousandths of cores that an execution holds at least.
pub(super) fn least_millicores(scenario: &Scenario) -> u32 {
    let own = scenario.functions.iter().map(|f| f.cores).min_by(f64::total_cmp);
    let least = if scenario.workload.trace.is_some() { Some(scenario.workload.trace_options.cores) } else { own };
    millicores(least.unwrap_or(1.0))
}

fn millicores(cores: f64) -> u32 {
    (libm::rint(cores * 1000.0) as u32).max(1)
}

/// How many executions of so many thousandths of cores can run at once.
pub(super) fn room(cores: f64, slots: Option<u32>, least: u32) -> u32 {
    (millicores(cores) / least).min(slots.unwrap_or(u32::MAX))
}

/// The machines that a node stands for.
fn machines(index: usize, node: &Node, least: u32) -> impl Iterator<Item = Machine> {
    (0..node.count).map(move |number| {
        let own = node.overrides.get(&number);
        let cores = own.and_then(|o| o.cores).unwrap_or(node.cores);
        let slots = room(cores, own.and_then(|o| o.slots).or(node.slots), least);
        let memory_mb = own.and_then(|o| o.memory_mb).unwrap_or(node.memory_mb);
        Machine { node: index as u32, number, slots, memory_mb }
    })
}

/// Initials of the first two words, or the first two characters of a single one.
fn letters(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    match (words.next(), words.next()) {
        (Some(a), Some(b)) => a.chars().take(1).chain(b.chars().take(1)).collect(),
        (Some(a), None) => a.chars().take(2).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::{node, scenario};
    use super::*;
    use crate::registry::Choice;
    use crate::scenario::{Function, NodeOverride, Role};

    #[test]
    fn letters_are_initials_or_a_beginning() {
        assert_eq!(letters("resize-image"), "ri");
        assert_eq!(letters("thumbnail"), "th");
        assert_eq!(letters("fn 12 b"), "f1");
        assert_eq!(letters("--"), "");
    }

    #[test]
    fn machines_of_a_block_have_their_overrides() {
        let mut pool = node("pool", "z", Role::Worker, 0.0, 0.0);
        (pool.count, pool.cores) = (3, 2.5);
        pool.overrides.insert(1, NodeOverride { slots: Some(1), memory_mb: Some(99.0), ..Default::default() });
        let facts = Facts::of(&scenario(&["z"], vec![node("c", "z", Role::Client, 0.0, 0.0), pool], vec![]));
        assert_eq!(facts.machines.len(), 4);
        assert_eq!(facts.machines[1], Machine { node: 1, number: 0, slots: 2, memory_mb: 4096.0 });
        assert_eq!(facts.machines[2], Machine { node: 1, number: 1, slots: 1, memory_mb: 99.0 });
    }

    #[test]
    fn as_many_can_run_as_have_cores_and_slots() {
        let mut s = scenario(&["z"], vec![node("w", "z", Role::Worker, 0.0, 0.0)], vec![]);
        let slots = |s: &Scenario| Facts::of(s).machines[0].slots;
        assert_eq!(slots(&s), 4, "four cores, and nothing known of the functions");
        for cores in [2.0, 0.1] {
            s.functions.push(Function { cores, ..Function::new("f", Choice::of("constant")) });
        }
        assert_eq!(slots(&s), 40);
        s.nodes[0].slots = Some(8);
        assert_eq!(slots(&s), 8);
        s.nodes[0].cores = 0.35;
        assert_eq!(slots(&s), 3);
    }

    #[test]
    fn machines_find_their_boxes_by_id_after_an_edit() {
        let (a, b) = (node("a", "z", Role::Worker, 0.0, 0.0), node("b", "z", Role::Worker, 0.0, 200.0));
        let facts = Facts::of(&scenario(&["z"], vec![a, b.clone()], vec![]));
        let edited = Layout::of(&scenario(&["z"], vec![b], vec![]));
        assert_eq!(facts.boxes(&edited), [None, Some(0)]);
    }
}
