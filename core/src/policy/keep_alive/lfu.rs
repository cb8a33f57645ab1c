//! Least frequently used: no expiry; the container that has served fewest invocations goes first. The count belongs to the
//! container and is lost with it. Of equals, the one used longest ago goes first, or the one created last.
//!
//! Source: the classic cache rule; counted per container as in the keep-alive competition (niravraje/faas-container-eviction),
//! which breaks ties by the newest creation.

use std::cmp::Reverse;

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::policy::IndexedHeap;
use crate::registry::{Domain, Entry, Param};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "lfu",
    name: "Least frequently used",
    summary: "Keeps containers until memory is short, then removes the one that served fewest invocations.",
    source: "The classic cache rule, counted per container.",
    params: &[Param {
        name: "ties",
        label: "Of equals",
        unit: "",
        help: "Which goes first of containers that served equally many.",
        domain: Domain::Word(&[
            ("least_recent", "the one idle longest"),
            ("newest", "the one created last (the keep-alive competition)"),
        ]),
    }],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Lfu {
    newest: bool,
    order: IndexedHeap<(u32, Reverse<u64>, u64)>,
    clock: u64,
}

impl Lfu {
    pub(super) fn new(setting: &Setting<'_>) -> Lfu {
        Lfu { newest: setting.args.is("ties", "newest"), order: IndexedHeap::default(), clock: 0 }
    }
}

impl KeepAlivePolicy for Lfu {
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        self.order.remove(container.cell);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        self.clock += 1;
        let newest = Reverse(if self.newest { container.created } else { 0 });
        self.order.set(container.cell, (container.uses, newest, self.clock));
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
    use super::super::testing::{container, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn the_container_used_least_often_goes_first() {
        for (ties, equals) in [("least_recent", 0), ("newest", 1)] {
            let mut policy = policy(Choice::of("lfu").with("ties", ties));
            let mut all = [container(0, 0, 1, 1), container(1, 1, 1, 1)];
            use_once(&mut policy, &mut all);
            use_once(&mut policy, &mut all[..1]);
            assert_eq!(policy.victim(1, SimTime::ZERO), Some(1));
            use_once(&mut policy, &mut all[1..]);
            assert_eq!(policy.victim(1, SimTime::ZERO), Some(equals), "{ties}");
        }
    }
}
