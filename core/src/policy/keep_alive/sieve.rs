//! SIEVE: containers stand in the order of their creation, and a use marks its container. A hand goes from the oldest to the
//! newest and around again; it takes the mark from those that have one and evicts the first that has none. New containers
//! come in at the end, behind the hand's way, so what is used only once is sifted out early.
//!
//! Adapted to containers: busy ones are passed over with their marks, and the hand goes on until enough memory is free. A
//! victim costs O(log n), amortised over the uses whose marks it takes. Source: Zhang et al., "SIEVE is simpler than LRU",
//! NSDI 2024.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::policy::PerCell;
use crate::registry::Entry;
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "sieve",
    name: "SIEVE",
    summary: "A hand passes over the containers from old to new, spares those used since it last came, and removes the first other.",
    source: "Zhang et al., SIEVE is simpler than LRU, NSDI 2024.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Sieve {
    /// Idle containers, by creation.
    idle: BTreeMap<u64, u32>,
    marked: PerCell<bool>,
    /// The creation number of the container at which the hand stopped.
    hand: Option<u64>,
}

impl Sieve {
    pub(super) fn new(_: &Setting<'_>) -> Sieve {
        Sieve { idle: BTreeMap::new(), marked: PerCell::default(), hand: None }
    }
}

impl KeepAlivePolicy for Sieve {
    fn created(&mut self, container: &ContainerView, _now: SimTime) {
        self.marked.set(container.cell, false);
    }
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        // The invocation that it was created for is its insertion, not a hit.
        if container.uses > 1 {
            self.marked.set(container.cell, true);
        }
        self.idle.remove(&container.created);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        self.idle.insert(container.created, container.cell);
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        self.idle.remove(&container.created);
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        loop {
            let from = self.hand.map_or(Unbounded, Excluded);
            let next = self.idle.range((from, Unbounded)).next().or_else(|| self.idle.first_key_value());
            let (&created, &cell) = next?;
            self.hand = Some(created);
            if !self.marked.get(cell) {
                return Some(cell);
            }
            self.marked.set(cell, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, evict_all, policy, use_once};
    use crate::registry::Choice;

    #[test]
    fn the_hand_spares_what_was_used_and_goes_on_from_where_it_stopped() {
        let mut policy = policy(Choice::of("sieve"));
        let mut all: Vec<_> = (0..4).map(|cell| container(cell, cell, 1, 1)).collect();
        use_once(&mut policy, &mut all);
        use_once(&mut policy, &mut all[..1]);
        // 0 is marked: its mark is taken. The hand goes on from there, and comes back to 0 when it has gone around.
        assert_eq!(evict_all(&mut policy, &all), [1, 2, 3, 0]);
    }
}
