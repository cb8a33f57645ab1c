//! Hybrid histogram: learns each function's idle times, unloads it when it will not be needed for a while, and loads it again
//! shortly before it will.
//!
//! Per function, a histogram of idle times (from the end of an execution to the next invocation, while nothing of it runs) in
//! bins of a minute up to a range of four hours. With it, at the end of an execution:
//!
//! - head = lower edge of the bin of the 5th percentile, tail = upper edge of the bin of the 99th;
//! - head is 0: keep the container for tail + 10 %;
//! - else: unload it, make a new one after head - 10 %, and keep that until tail + 10 % after the end of the execution.
//!
//! The histogram says nothing when it is flat (the coefficient of variation of its bin counts is below 2) or when most idle
//! times are beyond its range; then a container is kept for the whole range. The paper forecasts the latter with an ARIMA
//! model, which is not done here. A container that becomes idle while others of its function run is kept, not unloaded.
//! Where memory is short, the container idle longest goes. Each host learns from what it sees itself.
//!
//! Source: Shahrad et al., "Serverless in the Wild", ATC 2020. (FaasCache's simulator has the test for pre-warming inverted,
//! and fills the host's memory with containers; that is not copied.)

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::engine::{NONE, PagedMap};
use crate::policy::{PerCell, Recency};
use crate::registry::{Domain, Entry, Param};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "hybrid_histogram",
    name: "Hybrid histogram",
    summary: "Learns when each function comes back: unloads it until shortly before, and keeps it until it must have come.",
    source: "Shahrad et al., Serverless in the Wild, ATC 2020.",
    params: &[
        Param {
            name: "range_min",
            label: "Range",
            unit: "min",
            help: "The longest idle time that the histogram holds; four hours in the paper.",
            domain: Domain::Integer { default: 240, min: 1, max: 1440 },
        },
        Param {
            name: "head_percent",
            label: "Head",
            unit: "%",
            help: "Before this percentile of its idle times a function is not expected back.",
            domain: Domain::Number { default: 5.0, min: 0.0, max: 100.0 },
        },
        Param {
            name: "tail_percent",
            label: "Tail",
            unit: "%",
            help: "After this percentile of its idle times a function is no longer expected.",
            domain: Domain::Number { default: 99.0, min: 0.0, max: 100.0 },
        },
        Param {
            name: "margin_percent",
            label: "Margin",
            unit: "%",
            help: "By how much it is loaded earlier than the head and kept longer than the tail.",
            domain: Domain::Number { default: 10.0, min: 0.0, max: 100.0 },
        },
        Param {
            name: "least_variation",
            label: "Least variation",
            unit: "",
            help: "The coefficient of variation of the bin counts below which the histogram says nothing; 2 in the paper.",
            domain: Domain::Number { default: 2.0, min: 0.0, max: 100.0 },
        },
    ],
    decides: &[],
};

const MINUTE: u64 = 60_000_000_000;

#[derive(Clone)]
struct History {
    bins: Vec<u32>,
    /// Idle times within the range, and their bins' counts squared and summed.
    inside: u64,
    squares: u64,
    beyond: u64,
    /// Containers on the host, and how many of them are busy.
    containers: u32,
    busy: u32,
    idle_since: SimTime,
    /// When to make a container ahead of time, and until when to keep it.
    plan: Option<(SimTime, SimTime)>,
}

impl History {
    fn record(&mut self, idle: SimDuration) {
        match self.bins.get_mut((idle.0 / MINUTE) as usize) {
            Some(count) => {
                self.squares += 2 * u64::from(*count) + 1;
                *count += 1;
                self.inside += 1;
            }
            None => self.beyond += 1,
        }
    }

    /// The bin of a percentile.
    fn bin(&self, percent: f64) -> u64 {
        let rank = percent / 100.0 * self.inside as f64;
        let mut sum = 0.0;
        for (bin, &count) in self.bins.iter().enumerate() {
            sum += f64::from(count);
            if sum > 0.0 && sum >= rank {
                return bin as u64;
            }
        }
        self.bins.len() as u64 - 1
    }
}

#[derive(Clone)]
pub(crate) struct HybridHistogram {
    range: usize,
    head: f64,
    tail: f64,
    margin: f64,
    least_variation: f64,
    /// The history of each function, or [`NONE`].
    history_of: PagedMap<u32>,
    histories: Vec<History>,
    busy: PerCell<bool>,
    order: Recency,
}

impl HybridHistogram {
    pub(super) fn new(setting: &Setting<'_>) -> HybridHistogram {
        let args = setting.args;
        HybridHistogram {
            range: args.integer("range_min") as usize,
            head: args.number("head_percent"),
            tail: args.number("tail_percent"),
            margin: args.number("margin_percent") / 100.0,
            least_variation: args.number("least_variation"),
            history_of: PagedMap::new(NONE),
            histories: Vec::new(),
            busy: PerCell::default(),
            order: Recency::default(),
        }
    }

    fn history(&mut self, function: u32) -> &mut History {
        let mut at = self.history_of.get(function);
        if at == NONE {
            at = self.histories.len() as u32;
            self.history_of.set(function, at);
            self.histories.push(History {
                bins: vec![0; self.range],
                inside: 0,
                squares: 0,
                beyond: 0,
                containers: 0,
                busy: 0,
                idle_since: SimTime::NEVER,
                plan: None,
            });
        }
        &mut self.histories[at as usize]
    }

    /// How long after an execution to load the function again and to keep it, or nothing when the histogram says nothing.
    fn windows(&self, h: &History) -> Option<(SimDuration, SimDuration)> {
        let bins = self.range as f64;
        let mean = h.inside as f64 / bins;
        let variance = (h.squares as f64 / bins - mean * mean).max(0.0);
        if h.inside == 0 || h.beyond > h.inside || libm::sqrt(variance) < self.least_variation * mean {
            return None;
        }
        let scaled = |minutes: u64, factor: f64| SimDuration(libm::rint((minutes * MINUTE) as f64 * factor) as u64);
        Some((scaled(h.bin(self.head), 1.0 - self.margin), scaled(h.bin(self.tail) + 1, 1.0 + self.margin)))
    }
}

impl KeepAlivePolicy for HybridHistogram {
    fn created(&mut self, container: &ContainerView, _now: SimTime) {
        self.busy.set(container.cell, false);
        self.history(container.function).containers += 1;
    }
    fn used(&mut self, container: &ContainerView, now: SimTime) {
        self.order.remove(container.cell);
        let was_busy = self.busy.get(container.cell);
        self.busy.set(container.cell, true);
        let history = self.history(container.function);
        if history.busy == 0 && history.idle_since != SimTime::NEVER {
            history.record(now.since(history.idle_since));
        }
        history.busy += u32::from(!was_busy);
        history.idle_since = SimTime::NEVER;
        history.plan = None;
    }
    fn idle(&mut self, container: &ContainerView, now: SimTime) -> Keep {
        self.order.add(container.cell);
        let was_busy = self.busy.get(container.cell);
        self.busy.set(container.cell, false);
        let history = self.history(container.function);
        if !was_busy {
            // Made ahead of time, and ready.
            return Keep::Until(history.plan.map_or(now, |(_, until)| until));
        }
        history.busy -= 1;
        let last = history.busy == 0;
        if last {
            history.idle_since = now;
        }
        let history = &self.histories[self.history_of.get(container.function) as usize];
        match self.windows(history) {
            None => Keep::Until(now + SimDuration(self.range as u64 * MINUTE)),
            Some((SimDuration::ZERO, keep)) => Keep::Until(now + keep),
            Some((_, keep)) if !last => Keep::Until(now + keep),
            Some((load, keep)) => {
                self.history(container.function).plan = Some((now + load, now + keep));
                Keep::Reload(now + load)
            }
        }
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        self.order.remove(container.cell);
        let history = self.history(container.function);
        history.containers = history.containers.saturating_sub(1);
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        self.order.first()
    }
    fn prewarm(&mut self, function: u32, now: SimTime) -> bool {
        let history = self.history(function);
        history.containers == 0 && history.plan.is_some_and(|(at, _)| at == now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, policy};
    use super::*;
    use crate::registry::Choice;

    const fn minutes(n: u64) -> SimTime {
        SimTime(n * MINUTE)
    }

    /// Invocations of no length, so many minutes apart; the answer to the last.
    fn after(gaps: &[u64]) -> (Keep, SimTime) {
        let mut policy = policy(Choice::of("hybrid_histogram"));
        let mut c = container(0, 0, 1, 1);
        let (mut now, mut keep) = (SimTime::ZERO, Keep::UntilNeeded);
        for (i, gap) in [0].iter().chain(gaps).enumerate() {
            now = now + SimDuration(gap * MINUTE);
            if i == 0 || matches!(keep, Keep::Reload(_)) {
                c.uses = 0;
                policy.created(&c, now);
            }
            c.uses += 1;
            policy.used(&c, now);
            keep = policy.idle(&c, now);
            if matches!(keep, Keep::Reload(_)) {
                policy.removed(&c, Removal::Expired, now);
            }
        }
        (keep, now)
    }

    #[test]
    fn what_is_not_known_is_kept_for_the_whole_range() {
        assert_eq!(after(&[]).0, Keep::Until(minutes(240)));
        let (keep, now) = after(&[250, 300, 10]);
        assert_eq!(keep, Keep::Until(now + SimDuration(240 * MINUTE)), "most idle times are beyond the range");
    }

    #[test]
    fn what_comes_back_within_a_minute_is_kept_a_little_longer_than_its_tail() {
        let (keep, now) = after(&[0, 0, 0, 0]);
        assert_eq!(keep, Keep::Until(now + SimDuration(66_000_000_000)), "one minute and 10 %");
    }

    #[test]
    fn what_comes_back_every_half_hour_is_unloaded_in_between() {
        let (keep, now) = after(&[30; 10]);
        assert_eq!(keep, Keep::Reload(now + SimDuration(27 * MINUTE)), "30 minutes less 10 %");
    }

    #[test]
    fn it_is_loaded_again_once_and_kept_to_the_tail() {
        let mut policy = policy(Choice::of("hybrid_histogram"));
        let mut c = container(0, 0, 1, 1);
        for at in [0, 30, 60] {
            c.uses = 1;
            policy.created(&c, minutes(at));
            policy.used(&c, minutes(at));
            if let Keep::Reload(_) = policy.idle(&c, minutes(at)) {
                policy.removed(&c, Removal::Expired, minutes(at));
            } else {
                policy.removed(&c, Removal::Evicted, minutes(at));
            }
        }
        assert!(!policy.prewarm(0, minutes(80)), "too early");
        assert!(policy.prewarm(0, minutes(87)));
        c.uses = 0;
        policy.created(&c, minutes(87));
        assert!(!policy.prewarm(0, minutes(87)), "one is enough");
        let tail = SimTime(60 * MINUTE + 31 * MINUTE + 31 * MINUTE / 10);
        assert_eq!(policy.idle(&c, minutes(87)), Keep::Until(tail));
    }

    #[test]
    fn a_flat_histogram_says_nothing() {
        let gaps: Vec<u64> = (0..240).collect();
        let (keep, now) = after(&gaps);
        assert_eq!(keep, Keep::Until(now + SimDuration(240 * MINUTE)));
    }
}
