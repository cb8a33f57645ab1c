//! The Greedy-Dual family: each use of a container sets its priority,
//!
//! priority = clock + worth(frequency, cost, size),
//!
//! and the least priority goes first, of equals the container used longest ago. Frequency counts the function's invocations on
//! the host and starts anew when its last container is removed; cost is what a cold start costs more than a warm one, in
//! milliseconds; size is memory, in MB. The clock rises to the priority of each container evicted, so that what was once
//! frequent ages. Source: FaasCache (Fuerst and Sharma, ASPLOS 2021), after Cherkasova, 1998.
//!
//! FaasCache's simulator differs (`rule: faascache`): a use sets the priority of all containers of the function, so that spare
//! ones stay as long as the others; frequency counts only what the function's present containers have started; and the clock
//! becomes the last victim's priority even where that is lower (a container that was busy when its equals went).

use std::marker::PhantomData;

use super::function_order::FunctionOrder;
use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::engine::PagedMap;
use crate::policy::{IndexedHeap, PerCell, Real};
use crate::registry::{Domain, Param};
use crate::units::SimTime;

pub(super) const RULE: Param = Param {
    name: "rule",
    label: "Rule",
    unit: "",
    help: "Whether containers of a function age one by one, as published, or together, as in FaasCache's simulator.",
    domain: Domain::Word(&[("published", "as published"), ("faascache", "as in FaasCache's simulator")]),
};

/// What a container is worth besides the clock.
pub(crate) trait Worth {
    fn worth(frequency: f64, cost_ms: f64, size_mb: f64) -> f64;
}

#[derive(Clone)]
enum Order {
    Container {
        order: IndexedHeap<(Real, u64)>,
        /// Priority and number of the last use.
        key: PerCell<(f64, u64)>,
        /// Per function: its frequency and how many containers it has.
        functions: PagedMap<(u32, u32)>,
        uses: u64,
    },
    Function(Box<FunctionOrder<Real>>),
}

pub(crate) struct Greedy<W> {
    order: Order,
    clock: f64,
    worth: PhantomData<fn() -> W>,
}

impl<W> Clone for Greedy<W> {
    fn clone(&self) -> Self {
        Greedy { order: self.order.clone(), clock: self.clock, worth: PhantomData }
    }
}

impl<W: Worth> Greedy<W> {
    pub(super) fn new(setting: &Setting<'_>) -> Greedy<W> {
        let order = match setting.args.is("rule", "faascache") {
            true => Order::Function(Box::new(FunctionOrder::new())),
            false => Order::Container {
                order: IndexedHeap::default(),
                key: PerCell::default(),
                functions: PagedMap::new((0, 0)),
                uses: 0,
            },
        };
        Greedy { order, clock: 0.0, worth: PhantomData }
    }
}

impl<W: Worth> KeepAlivePolicy for Greedy<W> {
    fn created(&mut self, container: &ContainerView, _now: SimTime) {
        match &mut self.order {
            Order::Container { key, functions, uses, .. } => {
                let (frequency, containers) = functions.get(container.function);
                functions.set(container.function, (frequency, containers + 1));
                // Made ahead of time, it is worth what something never used is worth now.
                key.set(container.cell, (self.clock, *uses));
            }
            Order::Function(order) => order.created(container),
        }
    }
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        let (cost_ms, size_mb) = (container.cost_ns as f64 / 1e6, container.memory as f64 / 1e6);
        let priority = |frequency: u32| self.clock + W::worth(f64::from(frequency), cost_ms, size_mb);
        match &mut self.order {
            Order::Container { order, key, functions, uses } => {
                let (frequency, containers) = functions.get(container.function);
                functions.set(container.function, (frequency + 1, containers));
                *uses += 1;
                key.set(container.cell, (priority(frequency + 1), *uses));
                order.remove(container.cell);
            }
            Order::Function(order) => {
                let frequency = order.used(container);
                order.set_key(container.function, Real(priority(frequency)));
            }
        }
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        match &mut self.order {
            Order::Container { order, key, .. } => {
                let (priority, use_number) = key.get(container.cell);
                order.set(container.cell, (Real(priority), use_number));
            }
            Order::Function(order) => order.idle(container),
        }
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, why: Removal, _now: SimTime) {
        let evicted = why == Removal::Evicted;
        match &mut self.order {
            Order::Container { order, key, functions, .. } => {
                if evicted {
                    self.clock = self.clock.max(key.get(container.cell).0);
                }
                let (frequency, containers) = functions.get(container.function);
                let left = containers.saturating_sub(1);
                functions.set(container.function, (if left == 0 { 0 } else { frequency }, left));
                order.remove(container.cell);
            }
            Order::Function(order) => {
                if evicted {
                    self.clock = order.key(container.function).0;
                }
                order.removed(container);
            }
        }
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        match &self.order {
            Order::Container { order, .. } => order.first().map(|(_, cell)| cell),
            Order::Function(order) => order.first(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, evict_all, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    /// Costs 10, 10 and 30 ms; sizes 1, 2 and 4 MB; used once, once and twice.
    fn order(kind: &str) -> Vec<u32> {
        let mut all = [container(0, 0, 1, 10), container(1, 1, 2, 10), container(2, 2, 4, 30)];
        let mut policy = policy(Choice::of(kind));
        use_once(&mut policy, &mut all);
        use_once(&mut policy, &mut all[2..]);
        evict_all(&mut policy, &all)
    }

    #[test]
    fn each_of_the_family_has_its_order() {
        assert_eq!(order("greedy_dual"), [1, 0, 2], "10 / 1, 10 / 2, 2 x 30 / 4");
        assert_eq!(order("frequency"), [0, 1, 2], "10, 10 and used later, 2 x 30");
        assert_eq!(order("size"), [1, 2, 0], "1, 1 / 2 and used earlier, 2 / 4");
    }

    #[test]
    fn the_clock_ages_what_was_once_frequent() {
        let mut policy = policy(Choice::of("greedy_dual"));
        let mut all = [container(0, 0, 1, 10), container(1, 1, 2, 10)];
        use_once(&mut policy, &mut all);
        assert_eq!(policy.victim(1, SimTime::ZERO), Some(1));
        policy.removed(&all[1], Removal::Evicted, SimTime::ZERO);
        // Created anew, its frequency starts at 1 again, on top of the clock, 5: 5 + 20 / 2 is more than container 0's 10.
        all[1].cost_ns *= 2;
        all[1].uses = 0;
        use_once(&mut policy, &mut all[1..]);
        assert_eq!(policy.victim(1, SimTime::ZERO), Some(0));
    }

    #[test]
    fn containers_of_a_function_age_one_by_one_or_together() {
        let all = [container(0, 0, 1, 10), container(1, 1, 1, 15), container(2, 0, 1, 10)];
        for (rule, order) in [("published", [0, 1, 2]), ("faascache", [1, 0, 2])] {
            let mut policy = policy(Choice::of("greedy_dual").with("rule", rule));
            use_once(&mut policy, &mut all.clone());
            assert_eq!(evict_all(&mut policy, &all), order, "{rule}: 10, 15, 2 x 10, which holds for container 0 too or not");
        }
    }
}
