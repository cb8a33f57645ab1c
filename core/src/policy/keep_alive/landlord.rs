//! Landlord: a use fills a container's credit up to what its cold start costs; when memory is short, all pay the same rent
//! per MB, so much that somebody's credit runs out, and who has none left goes.
//!
//! Instead of taking rent d from everybody, the level rises: key = level at last use + cost / size, the least goes first,
//! and the level becomes its key. Source: Young, "On-line file caching", SODA 1998; LND in FaasCache.
//!
//! FaasCache's simulator has a rule of its own under that name (`rule: faascache`): credit is the warm execution time, the
//! same for all containers of a function; at each shortage every function on the host, busy ones too, pays d times its
//! size, where d is the least credit per MB of them; then containers go in order of credit until enough is free. There a
//! shortage costs O(functions on the host).

use super::function_order::FunctionOrder;
use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::policy::{IndexedHeap, PerCell, Real};
use crate::registry::{Domain, Entry, Param};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "landlord",
    name: "Landlord",
    summary: "Containers pay rent by size from a credit that each use refills to the cost of their cold start.",
    source: "Young, On-line file caching, SODA 1998; LND in FaasCache.",
    params: &[Param {
        name: "rule",
        label: "Rule",
        unit: "",
        help: "Landlord as published, or as FaasCache's simulator has it.",
        domain: Domain::Word(&[("published", "as published"), ("faascache", "as in FaasCache's simulator")]),
    }],
    decides: &[],
};

#[derive(Clone)]
pub(crate) enum Landlord {
    Published { order: IndexedHeap<(Real, u64)>, key: PerCell<(f64, u64)>, level: f64, clock: u64 },
    FaasCache(Box<FunctionOrder<Real>>),
}

impl Landlord {
    pub(super) fn new(setting: &Setting<'_>) -> Landlord {
        match setting.args.is("rule", "faascache") {
            true => Landlord::FaasCache(Box::new(FunctionOrder::new())),
            false => Landlord::Published { order: IndexedHeap::default(), key: PerCell::default(), level: 0.0, clock: 0 },
        }
    }
}

impl KeepAlivePolicy for Landlord {
    fn created(&mut self, container: &ContainerView, _now: SimTime) {
        match self {
            Landlord::Published { key, level, clock, .. } => key.set(container.cell, (*level, *clock)),
            Landlord::FaasCache(order) => order.created(container),
        }
    }
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        match self {
            Landlord::Published { order, key, level, clock } => {
                *clock += 1;
                let credit_per_mb = (container.cost_ns.max(0) as f64 / 1e6) / (container.memory as f64 / 1e6);
                key.set(container.cell, (*level + credit_per_mb, *clock));
                order.remove(container.cell);
            }
            Landlord::FaasCache(order) => {
                order.used(container);
                order.set_key(container.function, Real(container.warm_ns as f64 / 1e6));
            }
        }
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        match self {
            Landlord::Published { order, key, .. } => {
                let (credit, clock) = key.get(container.cell);
                order.set(container.cell, (Real(credit), clock));
            }
            Landlord::FaasCache(order) => order.idle(container),
        }
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, why: Removal, _now: SimTime) {
        match self {
            Landlord::Published { order, key, level, .. } => {
                if why == Removal::Evicted {
                    *level = level.max(key.get(container.cell).0);
                }
                order.remove(container.cell);
            }
            Landlord::FaasCache(order) => order.removed(container),
        }
    }
    fn pressed(&mut self, _need: u64, _now: SimTime) {
        if let Landlord::FaasCache(order) = self {
            let mb = |memory: u64| memory as f64 / 1e6;
            let rent = order.members().map(|(credit, memory)| Real(credit.0 / mb(memory))).min().unwrap_or_default().0;
            order.rekey(|credit, memory| Real(credit.0 - rent * mb(memory)));
        }
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        match self {
            Landlord::Published { order, .. } => order.first().map(|(_, cell)| cell),
            Landlord::FaasCache(order) => order.first(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn rent_is_paid_by_size_and_a_use_refills_the_credit() {
        // Credit per MB: 10, 4 and 6.
        let mut all = [container(0, 0, 1, 10), container(1, 1, 5, 20), container(2, 2, 5, 30)];
        let mut policy = policy(Choice::of("landlord"));
        use_once(&mut policy, &mut all);
        assert_eq!(policy.victim(1, SimTime::ZERO), Some(1));
        policy.removed(&all[1], Removal::Evicted, SimTime::ZERO);
        // Rent of 4 per MB leaves 6 and 2 per MB; a use fills container 2 up to 6 again, used later than container 0.
        use_once(&mut policy, &mut all[2..]);
        assert_eq!(policy.victim(1, SimTime::ZERO), Some(0));
    }

    #[test]
    fn faascaches_rule_takes_the_least_credit_that_is_left() {
        // Credits 10, 30 and 24 ms for 1, 10 and 4 MB. Rent of 3 per MB leaves 7, 0 and 12.
        let mut all = [container(0, 0, 1, 0), container(1, 1, 10, 0), container(2, 2, 4, 0)];
        for (c, warm_ms) in all.iter_mut().zip([10, 30, 24]) {
            c.warm_ns = warm_ms * 1_000_000;
        }
        let mut policy = policy(Choice::of("landlord").with("rule", "faascache"));
        use_once(&mut policy, &mut all);
        policy.pressed(1, SimTime::ZERO);
        let order = super::super::testing::evict_all(&mut policy, &all);
        assert_eq!(order, [1, 0, 2]);
    }
}
