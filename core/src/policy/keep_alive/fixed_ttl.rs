//! Fixed time to live: an idle container is removed `ttl` after its last invocation ended.
//!
//! When memory is short before that, the container that has been idle longest, which is the next to expire, goes first.
//! Source: the platforms' own rule; 10 minutes is what OpenWhisk does and what Wang et al., ATC 2018, measured about.

use super::{ContainerView, KeepAlivePolicy, Removal};
use crate::policy::IndexedHeap;
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "fixed_ttl",
    name: "Fixed time to live",
    summary: "Keeps an idle container for a fixed time after its last invocation.",
    source: "Apache OpenWhisk's rule, 10 minutes by default.",
    params: &[Param {
        name: "ttl_s",
        label: "Keep alive for",
        unit: "s",
        help: "How long an idle container is kept.",
        domain: Domain::Number { default: 600.0, min: 0.0, max: 1e7 },
    }],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct FixedTtl {
    ttl: SimDuration,
    order: IndexedHeap<u64>,
    clock: u64,
}

impl FixedTtl {
    pub(super) fn new(args: Args<'_>) -> FixedTtl {
        FixedTtl { ttl: SimDuration::from_s(args.number("ttl_s")), order: IndexedHeap::default(), clock: 0 }
    }
}

impl KeepAlivePolicy for FixedTtl {
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        self.order.remove(container.cell);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Option<SimDuration> {
        self.clock += 1;
        self.order.set(container.cell, self.clock);
        Some(self.ttl)
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
    fn the_container_idle_longest_goes_first() {
        let mut policy = FixedTtl::new(Args::new(&Choice::of("fixed_ttl"), &ENTRY));
        let mut all = [container(0, 0, 1, 1), container(1, 1, 1, 1)];
        use_once(&mut policy, &mut all);
        assert_eq!(policy.victim(), Some(0));
        assert_eq!(policy.idle(&all[0], SimTime::ZERO), Some(SimDuration(600_000_000_000)));
        assert_eq!(policy.victim(), Some(1));
    }
}
