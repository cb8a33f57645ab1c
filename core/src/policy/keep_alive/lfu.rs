//! Least frequently used: no expiry; the container that has served fewest invocations goes first, of equals the one used
//! longest ago. The count belongs to the container and is lost with it.
//!
//! Source: the classic cache rule; per container as in the keep-alive competition of niravraje/faas-container-eviction.

use super::{ContainerView, KeepAlivePolicy, Removal};
use crate::policy::IndexedHeap;
use crate::registry::{Args, Entry};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "lfu",
    name: "Least frequently used",
    summary: "Keeps containers until memory is short, then removes the one that served fewest invocations.",
    source: "The classic cache rule, counted per container.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Lfu {
    order: IndexedHeap<(u32, u64)>,
    clock: u64,
}

impl Lfu {
    pub(super) fn new(_: Args<'_>) -> Lfu {
        Lfu { order: IndexedHeap::default(), clock: 0 }
    }
}

impl KeepAlivePolicy for Lfu {
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        self.order.remove(container.cell);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Option<SimDuration> {
        self.clock += 1;
        self.order.set(container.cell, (container.uses, self.clock));
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
    fn the_container_used_least_often_goes_first() {
        let mut policy = Lfu::new(Args::new(&Choice::of("lfu"), &ENTRY));
        let mut all = [container(0, 0, 1, 1), container(1, 1, 1, 1)];
        use_once(&mut policy, &mut all);
        use_once(&mut policy, &mut all[..1]);
        assert_eq!(policy.victim(), Some(1));
        use_once(&mut policy, &mut all[1..]);
        assert_eq!(policy.victim(), Some(0), "equals: the one used longest ago");
    }
}
