//! By history: each host with a probability in proportion to 1 / the mean response time of the function on it, over the responses
//! that came in the last 60 s. If exactly one host has no history it is chosen, so that it gets one; if several have none, any of
//! all hosts is chosen, each equally likely.
//!
//! Source: the target selector of the edge-cloud agent (yleinl/edge-cloud-agent). It goes by what the placer heard of tasks that
//! it sent itself; a mean of 0 counts as none there and here.

use std::collections::{BTreeMap, VecDeque};

use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;
use crate::units::{NS_PER_S, SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "by_history",
    name: "By response times",
    summary: "Any host, the likelier the faster it answered this function in the last minute.",
    source: "The target selector of the edge-cloud agent (yleinl/edge-cloud-agent).",
    params: &[],
    decides: &[],
};

/// How long a response counts.
const WINDOW: SimDuration = SimDuration(60 * NS_PER_S);

/// A response: when it came, from which host and of which function, and how long it took.
#[derive(Clone, Copy)]
struct Response {
    at: SimTime,
    number: u32,
    function: u32,
    took: SimDuration,
}

#[derive(Clone)]
pub(crate) struct ByHistory {
    /// The responses of the window, the oldest first.
    window: VecDeque<Response>,
    /// Of the window by (function, host): how many responses, and the nanoseconds that they took together.
    sums: BTreeMap<(u32, u32), (u64, u128)>,
}

impl ByHistory {
    pub(super) fn new(_: Args<'_>) -> ByHistory {
        ByHistory { window: VecDeque::new(), sums: BTreeMap::new() }
    }

    /// Forgets what came more than a window ago.
    fn trim(&mut self, now: SimTime) {
        while let Some(&old) = self.window.front().filter(|old| now.since(old.at) > WINDOW) {
            self.window.pop_front();
            let key = (old.function, old.number);
            if let Some(sum) = self.sums.get_mut(&key) {
                *sum = (sum.0 - 1, sum.1 - u128::from(old.took.0));
                if sum.0 == 0 {
                    self.sums.remove(&key);
                }
            }
        }
    }

    /// The mean response time of a function on a host, in nanoseconds; 0 without history.
    fn mean_ns(&self, function: u32, number: u32) -> f64 {
        self.sums.get(&(function, number)).map_or(0.0, |&(count, sum)| sum as f64 / count as f64)
    }
}

impl PlacementPolicy for ByHistory {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, chance: &mut Stream) -> Option<u32> {
        self.trim(sight.now());
        let all = || (0..sight.len() as u32).filter(|&n| sight.fits(n, ask));
        let (mut hosts, mut weights) = (0, 0.0);
        let (mut unknown, mut last_unknown) = (0, None);
        for number in all() {
            hosts += 1;
            let mean = self.mean_ns(ask.function, number);
            if mean > 0.0 {
                weights += 1.0 / mean;
            } else {
                (unknown, last_unknown) = (unknown + 1, Some(number));
            }
        }
        match unknown {
            0 => {
                let mut left = chance.uniform() * weights;
                let chosen = all().find(|&number| {
                    left -= 1.0 / self.mean_ns(ask.function, number);
                    left < 0.0
                });
                // Rounding may leave a little.
                chosen.or_else(|| all().next_back())
            }
            1 => last_unknown,
            _ => all().nth(chance.below(hosts) as usize),
        }
    }

    fn heard(&mut self, number: u32, function: u32, took: SimDuration, now: SimTime) {
        self.trim(now);
        self.window.push_back(Response { at: now, number, function, took });
        let sum = self.sums.entry((function, number)).or_default();
        *sum = (sum.0 + 1, sum.1 + u128::from(took.0));
    }

    fn size(&self) -> usize {
        // Nodes of a tree are two thirds full.
        self.window.len() * size_of::<Response>() + self.sums.len() * size_of::<((u32, u32), (u64, u128))>() * 3 / 2
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;
    use crate::registry::Choice;
    use crate::scenario::Scenario;

    const ASK: Ask = Ask { function: 0, memory: 5, millicores: 1 };

    fn policy() -> ByHistory {
        ByHistory::new(Args::new(&Choice::of("by_history"), &ENTRY))
    }

    fn hosts(n: u32) -> View {
        View::new((0..n).map(|host| (host, 10, 1000)), 2)
    }

    /// A platform without anything, beside which a clock can be told.
    fn model() -> crate::platform::Model {
        let text =
            r#"{"version": 1, "zones": [], "nodes": [], "workload": {}, "frame": {"architecture": {"kind": "centralized"}}}"#;
        crate::platform::Model::new(&Scenario::from_json(text).unwrap_or_else(|e| panic!("{e}")), Vec::new())
    }

    /// How often each host is chosen of 10,000 times, at an instant.
    fn counts(policy: &mut ByHistory, view: &View, at_s: u64) -> Vec<u32> {
        let (model, mut chance) = (model(), Stream::new(1, "placer", "placer"));
        let mut counts = vec![0; view.len()];
        for _ in 0..10_000 {
            let sight = Sight::believed(view).at(SimTime(at_s * NS_PER_S), &model);
            counts[policy.choose(&ASK, sight, &mut chance).unwrap_or(u32::MAX) as usize] += 1;
        }
        counts
    }

    fn heard(policy: &mut ByHistory, number: u32, took_ms: u64, at_s: u64) {
        policy.heard(number, 0, SimDuration(took_ms * 1_000_000), SimTime(at_s * NS_PER_S));
    }

    #[test]
    fn the_faster_a_host_answers_the_likelier_it_is() {
        let mut policy = policy();
        // Means of 100, 200 and 400 ms: 4 to 2 to 1.
        for (number, took) in [(0, 50), (0, 150), (1, 200), (2, 400)] {
            heard(&mut policy, number, took, 0);
        }
        let counts = counts(&mut policy, &hosts(3), 1);
        for (count, expected) in counts.iter().zip([5_714.0, 2_857.0, 1_429.0]) {
            assert!((f64::from(*count) - expected).abs() < 200.0, "{counts:?}");
        }
    }

    #[test]
    fn the_one_host_without_history_gets_one_and_of_several_nobody_is_preferred() {
        let mut policy = policy();
        heard(&mut policy, 0, 1, 0);
        let several = counts(&mut policy, &hosts(3), 1);
        assert!(several.iter().all(|&n| (3_150..3_520).contains(&n)), "{several:?}");
        heard(&mut policy, 2, 1_000, 0);
        assert_eq!(counts(&mut policy, &hosts(3), 1), [0, 10_000, 0]);
    }

    #[test]
    fn other_functions_do_not_count_and_small_hosts_are_passed_over() {
        let mut policy = policy();
        policy.heard(0, 1, SimDuration(1), SimTime::ZERO);
        heard(&mut policy, 1, 10, 0);
        let view = View::new([(0, 10, 1000), (1, 10, 1000), (2, 1, 1000)], 2);
        assert_eq!(counts(&mut policy, &view, 1), [10_000, 0, 0], "the first has no history of this function, the last no room");
    }

    #[test]
    fn what_came_more_than_a_minute_ago_is_forgotten() {
        let mut policy = policy();
        for at_s in 0..1_000 {
            heard(&mut policy, (at_s % 2) as u32, 10, at_s);
        }
        assert_eq!((policy.window.len(), policy.sums.len()), (61, 2), "from 939 to 999 s");
        assert!(policy.size() < 4_000);
        // The last of the even seconds is 998; after it the first host is the only one without history.
        assert_eq!(counts(&mut policy, &hosts(2), 1_059), [10_000, 0]);
        counts(&mut policy, &hosts(2), 1_060);
        assert_eq!(policy.size(), 0, "nothing is kept of what is forgotten");
    }
}
