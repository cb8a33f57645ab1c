//! Fixed time to live: an idle container is removed `ttl` after its last invocation ended.
//!
//! When memory is short before that, the container that has been idle longest, which is the next to expire, goes first.
//! Source: the platforms' own rule; 10 minutes is what OpenWhisk does and what Wang et al., ATC 2018, measured about.
//!
//! FaasCache's simulator counts from the start of the last invocation, looks at a container's age only when its function is
//! invoked again (what ran out holds its memory until then), and under pressure takes the function used longest ago.

use super::function_order::FunctionOrder;
use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::policy::{PerCell, Recency};
use crate::registry::{Domain, Entry, Param};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "fixed_ttl",
    name: "Fixed time to live",
    summary: "Keeps an idle container for a fixed time after its last invocation.",
    source: "Apache OpenWhisk's rule, 10 minutes by default.",
    params: &[
        Param {
            name: "ttl_s",
            label: "Keep alive for",
            unit: "s",
            help: "How long an idle container is kept.",
            domain: Domain::Number { default: 600.0, min: 0.0, max: 1e7 },
        },
        Param {
            name: "counts_from",
            label: "Counts from",
            unit: "",
            help: "What the time is counted from; DSLab's absolute keep-alive counts from the first time that it became idle.",
            domain: Domain::Word(&[
                ("last_end", "the end of the last invocation"),
                ("last_start", "the start of the last invocation (FaasCache)"),
                ("first_end", "the end of the first invocation: use does not prolong it"),
            ]),
        },
        Param {
            name: "expiry",
            label: "Expiry",
            unit: "",
            help: "Whether what ran out goes at once, or is found out at its function's next invocation on the host.",
            domain: Domain::Word(&[("eager", "at once"), ("lazy", "at the function's next invocation (FaasCache)")]),
        },
        super::lru::RECENCY,
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct FixedTtl {
    ttl: SimDuration,
    from: From,
    lazy: bool,
    /// What the time of each container is counted from, where that is not when it became idle.
    since: PerCell<SimTime>,
    order: Order,
}

#[derive(Clone, Copy, PartialEq)]
enum From {
    LastEnd,
    LastStart,
    FirstEnd,
}

#[derive(Clone)]
enum Order {
    /// By the time that each container became idle.
    Container(Recency),
    Function(Box<FunctionOrder<u64>>),
}

impl FixedTtl {
    pub(super) fn new(setting: &Setting<'_>) -> FixedTtl {
        let args = setting.args;
        FixedTtl {
            ttl: SimDuration::from_s(args.number("ttl_s")),
            from: match () {
                () if args.is("counts_from", "last_start") => From::LastStart,
                () if args.is("counts_from", "first_end") => From::FirstEnd,
                () => From::LastEnd,
            },
            lazy: args.is("expiry", "lazy"),
            since: PerCell::default(),
            order: match args.is("recency", "function") {
                true => Order::Function(Box::new(FunctionOrder::new())),
                false => Order::Container(Recency::default()),
            },
        }
    }
}

impl KeepAlivePolicy for FixedTtl {
    fn created(&mut self, container: &ContainerView, now: SimTime) {
        if self.from != From::LastEnd {
            self.since.set(container.cell, if self.from == From::FirstEnd { SimTime::NEVER } else { now });
        }
        if let Order::Function(order) = &mut self.order {
            order.created(container);
        }
    }
    fn used(&mut self, container: &ContainerView, now: SimTime) {
        if self.from == From::LastStart {
            self.since.set(container.cell, now);
        }
        match &mut self.order {
            Order::Container(order) => order.remove(container.cell),
            Order::Function(order) => {
                order.used(container);
                order.set_key(container.function, order.clock());
            }
        }
    }
    fn idle(&mut self, container: &ContainerView, now: SimTime) -> Keep {
        let mut since = now;
        if self.from != From::LastEnd {
            since = self.since.get(container.cell).min(now);
            self.since.set(container.cell, since);
        }
        match &mut self.order {
            Order::Container(order) => order.add(container.cell),
            Order::Function(order) => order.idle(container),
        }
        let until = since + self.ttl;
        if self.lazy { Keep::Lazily(until) } else { Keep::Until(until) }
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        match &mut self.order {
            Order::Container(order) => order.remove(container.cell),
            Order::Function(order) => order.removed(container),
        }
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        match &self.order {
            Order::Container(order) => order.first(),
            Order::Function(order) => order.first(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn the_container_idle_longest_goes_first() {
        let mut policy = policy(Choice::of("fixed_ttl"));
        let mut all = [container(0, 0, 1, 1), container(1, 1, 1, 1)];
        use_once(&mut policy, &mut all);
        assert_eq!(policy.victim(1, SimTime::ZERO), Some(0));
        assert_eq!(policy.idle(&all[0], SimTime(7)), Keep::Until(SimTime(600_000_000_007)));
        assert_eq!(policy.victim(1, SimTime::ZERO), Some(1));
    }

    #[test]
    fn the_time_counts_from_the_end_the_start_or_the_first_end() {
        for (word, kept) in [("last_end", 25), ("last_start", 22), ("first_end", 15)] {
            let mut policy = policy(Choice::of("fixed_ttl").with("ttl_s", 1e-8).with("counts_from", word));
            let c = container(0, 0, 1, 1);
            policy.created(&c, SimTime(1));
            policy.used(&c, SimTime(2));
            policy.idle(&c, SimTime(5));
            policy.used(&c, SimTime(12));
            assert_eq!(policy.idle(&c, SimTime(15)), Keep::Until(SimTime(kept)), "{word}");
        }
    }
}
