//! The keep-alive competition's Greedy-Dual: priority = last use + cost * (uses + 1) / size, in milliseconds and MB, per
//! container; the least goes first, of equals the one created last. It has no ageing clock: the time of the last use takes
//! its place, and outweighs the rest, so that it comes close to LRU.
//!
//! Source: DUAL_GREEDY_PRIORITY in niravraje/faas-container-eviction.

use std::cmp::Reverse;

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::policy::{IndexedHeap, PerCell, Real};
use crate::registry::Entry;
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "dual_greedy",
    name: "Greedy-Dual by time",
    summary: "Greedy-Dual with the time of the last use in the clock's place, as in the keep-alive competition.",
    source: "niravraje/faas-container-eviction, DUAL_GREEDY_PRIORITY.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct DualGreedy {
    order: IndexedHeap<(Real, Reverse<u64>)>,
    last_use: PerCell<SimTime>,
}

impl DualGreedy {
    pub(super) fn new(_: &Setting<'_>) -> DualGreedy {
        DualGreedy { order: IndexedHeap::default(), last_use: PerCell::default() }
    }
}

impl KeepAlivePolicy for DualGreedy {
    fn created(&mut self, container: &ContainerView, now: SimTime) {
        self.last_use.set(container.cell, now);
    }
    fn used(&mut self, container: &ContainerView, now: SimTime) {
        self.last_use.set(container.cell, now);
        self.order.remove(container.cell);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        let last_ms = self.last_use.get(container.cell).0 as f64 / 1e6;
        let (cost_ms, size_mb) = (container.cost_ns as f64 / 1e6, container.memory as f64 / 1e6);
        let priority = last_ms + cost_ms * (f64::from(container.uses) + 1.0) / size_mb;
        self.order.set(container.cell, (Real(priority), Reverse(container.created)));
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        self.order.remove(container.cell);
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        self.order.first().map(|(_, cell)| cell)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, evict_all, policy, use_once};
    use crate::registry::Choice;

    #[test]
    fn of_what_was_used_at_one_time_the_cheap_and_large_goes_first() {
        let mut policy = policy(Choice::of("dual_greedy"));
        let mut all = [container(0, 0, 1, 10), container(1, 1, 2, 10), container(2, 2, 1, 5), container(3, 3, 1, 5)];
        use_once(&mut policy, &mut all);
        assert_eq!(evict_all(&mut policy, &all), [3, 2, 1, 0]);
    }
}
