//! Least recently used: no expiry; the container whose last invocation started longest ago goes first.
//!
//! Source: the classic cache rule, as a keep-alive policy in FaasCache (Fuerst and Sharma, ASPLOS 2021), whose simulator
//! counts any use of a function as a use of all its containers.

use super::function_order::FunctionOrder;
use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::policy::{IndexedHeap, PerCell};
use crate::registry::{Domain, Entry, Param};
use crate::units::SimTime;

/// Whose use counts.
pub(super) const RECENCY: Param = Param {
    name: "recency",
    label: "Last use of",
    unit: "",
    help: "Whose last use decides which container goes first when memory is short.",
    domain: Domain::Word(&[("container", "the container"), ("function", "any container of the function (FaasCache)")]),
};

pub(super) const ENTRY: Entry = Entry {
    kind: "lru",
    name: "Least recently used",
    summary: "Keeps containers until memory is short, then removes the one used longest ago.",
    source: "Fuerst and Sharma, FaasCache, ASPLOS 2021.",
    params: &[RECENCY],
    decides: &[],
};

#[derive(Clone)]
pub(crate) enum Lru {
    Container { order: IndexedHeap<u64>, last_use: PerCell<u64>, clock: u64 },
    Function(Box<FunctionOrder<u64>>),
}

impl Lru {
    pub(super) fn new(setting: &Setting<'_>) -> Lru {
        match setting.args.is("recency", "function") {
            true => Lru::Function(Box::new(FunctionOrder::new())),
            false => Lru::Container { order: IndexedHeap::default(), last_use: PerCell::default(), clock: 0 },
        }
    }
}

impl KeepAlivePolicy for Lru {
    fn created(&mut self, container: &ContainerView, _now: SimTime) {
        match self {
            Lru::Container { last_use, clock, .. } => last_use.set(container.cell, *clock),
            Lru::Function(order) => order.created(container),
        }
    }
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        match self {
            Lru::Container { order, last_use, clock } => {
                *clock += 1;
                last_use.set(container.cell, *clock);
                order.remove(container.cell);
            }
            Lru::Function(order) => {
                order.used(container);
                order.set_key(container.function, order.clock());
            }
        }
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        match self {
            Lru::Container { order, last_use, .. } => order.set(container.cell, last_use.get(container.cell)),
            Lru::Function(order) => order.idle(container),
        }
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        match self {
            Lru::Container { order, .. } => order.remove(container.cell),
            Lru::Function(order) => order.removed(container),
        }
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        match self {
            Lru::Container { order, .. } => order.first().map(|(_, cell)| cell),
            Lru::Function(order) => order.first(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, evict_all, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn the_start_of_the_last_invocation_counts_not_its_end() {
        let mut policy = policy(Choice::of("lru"));
        let mut all = [container(0, 0, 1, 1), container(1, 1, 1, 1)];
        use_once(&mut policy, &mut all);
        // Container 0 starts first and ends last.
        policy.used(&all[0], SimTime(1));
        policy.used(&all[1], SimTime(2));
        assert_eq!(policy.victim(1, SimTime(2)), None);
        policy.idle(&all[1], SimTime(3));
        policy.idle(&all[0], SimTime(4));
        assert_eq!(policy.victim(1, SimTime(4)), Some(0));
    }

    #[test]
    fn a_functions_use_may_count_for_all_its_containers() {
        // Used in the order 0, 1, 2; containers 0 and 2 are of one function.
        let all = [container(0, 0, 1, 1), container(1, 1, 1, 1), container(2, 0, 1, 1)];
        for (word, order) in [("container", [0, 1, 2]), ("function", [1, 0, 2])] {
            let mut policy = policy(Choice::of("lru").with("recency", word));
            use_once(&mut policy, &mut all.clone());
            assert_eq!(evict_all(&mut policy, &all), order, "{word}");
        }
    }
}
