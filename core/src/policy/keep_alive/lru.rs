//! Least recently used: no expiry; the container whose last invocation started longest ago goes first.
//!
//! Source: the classic cache rule, as a keep-alive policy in FaasCache (Fuerst and Sharma, ASPLOS 2021).

use super::{ContainerView, KeepAlivePolicy, Removal};
use crate::policy::IndexedHeap;
use crate::registry::{Args, Entry};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "lru",
    name: "Least recently used",
    summary: "Keeps containers until memory is short, then removes the one used longest ago.",
    source: "Fuerst and Sharma, FaasCache, ASPLOS 2021.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Lru {
    order: IndexedHeap<u64>,
    last_use: Vec<u64>,
    clock: u64,
}

impl Lru {
    pub(super) fn new(_: Args<'_>) -> Lru {
        Lru { order: IndexedHeap::default(), last_use: Vec::new(), clock: 0 }
    }
}

impl KeepAlivePolicy for Lru {
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        let cell = container.cell as usize;
        if cell >= self.last_use.len() {
            self.last_use.resize(cell + 1, 0);
        }
        self.clock += 1;
        self.last_use[cell] = self.clock;
        self.order.remove(container.cell);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Option<SimDuration> {
        let last_use = self.last_use.get(container.cell as usize).copied().unwrap_or(0);
        self.order.set(container.cell, last_use);
        None
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        self.order.remove(container.cell);
    }
    fn victim(&mut self) -> Option<u32> {
        self.order.first().map(|(_, cell)| cell)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn the_start_of_the_last_invocation_counts_not_its_end() {
        let mut policy = Lru::new(Args::new(&Choice::of("lru"), &ENTRY));
        let mut all = [container(0, 0, 1, 1), container(1, 1, 1, 1)];
        use_once(&mut policy, &mut all);
        // Container 0 starts first and ends last.
        policy.used(&all[0], SimTime(1));
        policy.used(&all[1], SimTime(2));
        assert_eq!(policy.victim(), None);
        policy.idle(&all[1], SimTime(3));
        policy.idle(&all[0], SimTime(4));
        assert_eq!(policy.victim(), Some(0));
    }
}
