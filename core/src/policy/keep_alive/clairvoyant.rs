//! Clairvoyant: knows what will arrive. The container goes whose next use is farthest away, times its memory: it would hold
//! the most MB-seconds until it is of use.
//!
//! Of the n containers that a function has on the host, the n-th is needed again when n of its executions first overlap.
//! When that will be is read from the workload: each arrival's level is the number of executions that it overlaps, itself
//! included, if all start warm at once.
//!
//! No platform can do this. With one host, equal sizes and executions that do not overlap it is Belady's rule (1966), and
//! nothing can have fewer cold starts; otherwise the best choice is not computable in reasonable time, and this is a line
//! that is hard to beat rather than a bound. On several hosts it takes every arrival for one that may come to each of them.
//! A victim costs O(log n) for each size of container on the host.

use std::cmp::Reverse;
use std::sync::Arc;

use super::function_order::FunctionOrder;
use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::policy::IndexedHeap;
use crate::registry::Entry;
use crate::units::SimTime;
use crate::workload::Future;

pub(super) const ENTRY: Entry = Entry {
    kind: "clairvoyant",
    name: "Clairvoyant",
    summary: "Knows the future: removes what would hold the most memory for the longest time until its next use.",
    source: "Belady, A study of replacement algorithms, 1966, weighted by size.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Clairvoyant {
    future: Arc<Future>,
    /// Containers by their size, each function's key being its next need, the farthest first.
    sizes: Vec<(u64, FunctionOrder<Reverse<u64>>)>,
    /// Functions by their next need, the nearest first, to look again at those whose time has come.
    due: IndexedHeap<u64>,
}

impl Clairvoyant {
    pub(super) fn new(setting: &Setting<'_>) -> Clairvoyant {
        Clairvoyant { future: setting.workload.future(), sizes: Vec::new(), due: IndexedHeap::default() }
    }

    fn size(&mut self, memory: u64) -> &mut FunctionOrder<Reverse<u64>> {
        let at = self.sizes.iter().position(|s| s.0 == memory).unwrap_or_else(|| {
            self.sizes.push((memory, FunctionOrder::new()));
            self.sizes.len() - 1
        });
        &mut self.sizes[at].1
    }

    fn look_again(&mut self, function: u32, memory: u64, now: SimTime) {
        let containers = self.size(memory).containers(function);
        if containers == 0 {
            return self.due.remove(function);
        }
        let need = self.future.next(function, containers, now.0);
        self.size(memory).set_key(function, Reverse(need));
        self.due.set(function, need);
    }
}

impl KeepAlivePolicy for Clairvoyant {
    fn created(&mut self, container: &ContainerView, now: SimTime) {
        self.size(container.memory).created(container);
        self.look_again(container.function, container.memory, now);
    }
    fn used(&mut self, container: &ContainerView, now: SimTime) {
        self.size(container.memory).used(container);
        self.look_again(container.function, container.memory, now);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        self.size(container.memory).idle(container);
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, now: SimTime) {
        self.size(container.memory).removed(container);
        self.look_again(container.function, container.memory, now);
    }
    fn victim(&mut self, _need: u64, now: SimTime) -> Option<u32> {
        while let Some((need, function)) = self.due.first().filter(|&(need, _)| need <= now.0) {
            debug_assert!(need <= now.0);
            let memory = self.sizes.iter().find(|(_, order)| order.containers(function) > 0).map_or(0, |s| s.0);
            self.look_again(function, memory, now);
        }
        let held = |(memory, order): &(u64, FunctionOrder<Reverse<u64>>)| {
            let (Reverse(need), cell) = order.first_with_key()?;
            // What is never needed again goes first, the largest of that.
            let never = need == u64::MAX;
            let byte_ns = if never { u128::from(*memory) } else { u128::from(need - now.0) * u128::from(*memory) };
            Some(((never, byte_ns), cell))
        };
        self.sizes.iter().filter_map(held).max_by_key(|(held, _)| *held).map(|(_, cell)| cell)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{MB, container, evict_all, use_once};
    use crate::policy::keep_alive::{HostSetting, KeepAlive};
    use crate::registry::Choice;
    use crate::workload::Workload;

    fn policy(arrivals: &[(u64, u32)]) -> KeepAlive {
        let workload = Workload {
            arrival_ns: arrivals.iter().map(|a| a.0).collect(),
            function: arrivals.iter().map(|a| a.1).collect(),
            execution_ns: vec![5; arrivals.len()],
            ..Workload::default()
        };
        KeepAlive::new(&Choice::of("clairvoyant"), HostSetting { seed: 1, id: "h", memory: 1_000 * MB, workload: &workload }, &[])
    }

    #[test]
    fn the_farthest_next_use_goes_first_and_what_never_comes_before_all() {
        let mut policy = policy(&[(100, 0), (300, 1), (200, 2)]);
        let mut all: Vec<_> = (0..4).map(|cell| container(cell, cell, 1, 1)).collect();
        use_once(&mut policy, &mut all);
        assert_eq!(evict_all(&mut policy, &all), [3, 1, 2, 0]);
    }

    #[test]
    fn memory_weighs() {
        let mut policy = policy(&[(100, 0), (300, 1)]);
        let mut all = [container(0, 0, 4, 1), container(1, 1, 1, 1)];
        use_once(&mut policy, &mut all);
        assert_eq!(evict_all(&mut policy, &all), [0, 1], "4 x 100 is more than 1 x 300");
    }

    #[test]
    fn a_second_container_is_needed_when_two_executions_overlap() {
        // Function 0 comes at 100, and twice at once at 500; function 1 at 300.
        let mut policy = policy(&[(100, 0), (300, 1), (500, 0), (501, 0)]);
        let mut all = [container(0, 0, 1, 1), container(1, 0, 1, 1), container(2, 1, 1, 1)];
        use_once(&mut policy, &mut all);
        assert_eq!(evict_all(&mut policy, &all), [0, 2, 1]);
    }
}
