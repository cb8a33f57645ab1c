//! The keep-alive competition's policies that look for a victim among the least frequently used: of the idle containers in
//! the order of their uses, the first tenth is the group (4 of up to 40; of 60 and 6 for one rule), and a rule chooses in it.
//!
//! Rules as the competition's programs have them, whatever their names say: `closest` looks for the size still needed by
//! halving a list that is not sorted by size; `longest_cold_start` removes the container whose cold start is longest;
//! `least_cost` the one whose cold start costs least more than a warm one. The group is sorted anew for every victim:
//! O(g log g) for a group of g.
//!
//! Source: the six LFU_GROUP policies in niravraje/faas-container-eviction.

use std::collections::BTreeMap;

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::policy::PerCell;
use crate::registry::{Domain, Entry, Param};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "lfu_group",
    name: "Least frequent group",
    summary: "Takes the least frequently used tenth of the containers, and chooses among these by another rule.",
    source: "niravraje/faas-container-eviction, the six LFU_GROUP policies.",
    params: &[Param {
        name: "rule",
        label: "Rule",
        unit: "",
        help: "How the victim is chosen in the group.",
        domain: Domain::Word(&[
            ("closest", "closest in size (LFU_GROUP_CLOSEST)"),
            ("longest_cold_start", "longest cold start (LFU_GROUP_MAX_COLD_TIME)"),
            ("least_cost", "least cost of a cold start (LFU_GROUP_MAX_INIT_TIME)"),
            ("least_cost_closest", "closest in size of those of least cost (LFUGROUP_MAXINITGROUP_CLOSEST)"),
            ("least_cost_largest", "largest of those of least cost (LFUGROUP_MAXINITGROUP_LARGEST)"),
            ("closest_least_cost", "least cost of those large enough (LFUGROUP_CLOSESTGROUP_MAXINIT)"),
        ]),
    }],
    decides: &[],
};

#[derive(Clone, Copy)]
enum Rule {
    Closest,
    LongestColdStart,
    LeastCost,
    LeastCostClosest,
    LeastCostLargest,
    ClosestLeastCost,
}

#[derive(Clone, Copy, Default)]
struct Idle {
    memory: u64,
    cold_ns: i64,
    cost_ns: i64,
}

#[derive(Clone)]
pub(crate) struct LfuGroup {
    rule: Rule,
    /// The cells of the idle containers by their uses, then by their creation.
    idle: BTreeMap<u128, u32>,
    /// Kept to be used again.
    looked_at: Vec<u32>,
    about: PerCell<Idle>,
    /// The sizes of the group and of the group within it, set once for each shortage.
    group: usize,
    inner: usize,
}

impl LfuGroup {
    pub(super) fn new(setting: &Setting<'_>) -> LfuGroup {
        let is = |word: &str| setting.args.is("rule", word);
        let rule = match () {
            () if is("longest_cold_start") => Rule::LongestColdStart,
            () if is("least_cost") => Rule::LeastCost,
            () if is("least_cost_closest") => Rule::LeastCostClosest,
            () if is("least_cost_largest") => Rule::LeastCostLargest,
            () if is("closest_least_cost") => Rule::ClosestLeastCost,
            () => Rule::Closest,
        };
        LfuGroup { rule, idle: BTreeMap::new(), looked_at: Vec::new(), about: PerCell::default(), group: 4, inner: 2 }
    }
}

fn key(uses: u32, created: u64) -> u128 {
    u128::from(uses) << 64 | u128::from(created)
}

/// The competition's search for a size by halving: the first cell that is large enough if they are sorted, else some; at least
/// the last.
fn closest(list: &[u32], about: &PerCell<Idle>, need: u64) -> usize {
    let (mut from, mut to) = (0, list.len().saturating_sub(1));
    while from < to {
        let middle = (from + to) / 2;
        if need > about.get(list[middle]).memory {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    to
}

impl KeepAlivePolicy for LfuGroup {
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        self.idle.remove(&key(container.uses - 1, container.created));
        let cold_ns = container.cost_ns + container.warm_ns as i64;
        let about = Idle { memory: container.memory, cold_ns, cost_ns: container.cost_ns };
        self.about.set(container.cell, about);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        self.idle.insert(key(container.uses, container.created), container.cell);
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        self.idle.remove(&key(container.uses, container.created));
    }
    fn pressed(&mut self, _need: u64, _now: SimTime) {
        let n = self.idle.len();
        let (many, group, inner) = if matches!(self.rule, Rule::ClosestLeastCost) { (60, 6, 3) } else { (40, 4, 2) };
        (self.group, self.inner) = if n > many { (n / 10, n / 20) } else { (group, inner) };
    }
    fn victim(&mut self, need: u64, _now: SimTime) -> Option<u32> {
        let mut group = std::mem::take(&mut self.looked_at);
        group.clear();
        group.extend(self.idle.values().take(self.group));
        if group.is_empty() {
            return None;
        }
        let about = &self.about;
        let at = match self.rule {
            Rule::Closest => closest(&group, about, need),
            Rule::LongestColdStart => {
                group.sort_by_key(|&cell| about.get(cell).cold_ns);
                group.len() - 1
            }
            Rule::LeastCost => {
                group.sort_by_key(|&cell| about.get(cell).cost_ns);
                0
            }
            Rule::LeastCostClosest | Rule::LeastCostLargest => {
                group.sort_by_key(|&cell| about.get(cell).cost_ns);
                group.truncate(self.inner);
                group.sort_by_key(|&cell| about.get(cell).memory);
                if matches!(self.rule, Rule::LeastCostLargest) { group.len() - 1 } else { closest(&group, about, need) }
            }
            Rule::ClosestLeastCost => {
                group.sort_by_key(|&cell| about.get(cell).memory);
                if self.inner < group.len() {
                    let from = closest(&group, about, need).min(group.len() - self.inner);
                    group.drain(..from);
                }
                group.sort_by_key(|&cell| about.get(cell).cost_ns);
                0
            }
        };
        let cell = group.get(at).copied();
        self.looked_at = group;
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{MB, container, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn each_rule_chooses_in_the_group() {
        // Cells 0 to 3 are the group: used once; cell 4 was used twice.
        let rules = [
            ("closest", 1),
            ("longest_cold_start", 3),
            ("least_cost", 0),
            ("least_cost_closest", 1),
            ("least_cost_largest", 1),
            ("closest_least_cost", 1),
        ];
        for (rule, cell) in rules {
            let mut policy = policy(Choice::of("lfu_group").with("rule", rule));
            let mut all = [
                container(0, 0, 50, 10),
                container(1, 1, 300, 20),
                container(2, 2, 200, 30),
                container(3, 3, 100, 40),
                container(4, 4, 10, 1),
            ];
            use_once(&mut policy, &mut all);
            use_once(&mut policy, &mut all[4..]);
            policy.pressed(150 * MB, SimTime::ZERO);
            assert_eq!(policy.victim(150 * MB, SimTime::ZERO), Some(cell), "{rule}");
        }
    }
}
