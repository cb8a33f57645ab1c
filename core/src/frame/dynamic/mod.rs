//! The parts of the dynamic architecture: three architectures share the same hosts, and the tail of the response times says how
//! much of a function's traffic each one gets.
//!
//! Every node runs an agent. The agent that a request enters at draws one of the three architectures by the function's weights
//! ([`tail`]), then routes by that architecture's rules ([`agent`]), in which nodes and zones are drawn by how fast they
//! answered lately ([`target`]) and a node hands requests on only while its one-minute load average
//! ([`crate::platform::LoadAverage`]) is high.
//! What is here is plain state: it takes times, replies and draws, and answers what to do. It knows no events and no messages.
//!
//! There are two [`Form`]s. `Faithful` is the original as it runs, with its flaws, and agrees with its goldens to the printed
//! digit; `Corrected` is what its description says that it does. Each module lists the differences with their reasons.
//!
//! Source: the tail-latency-driven scheduler of the edge-cloud agent (yleinl/edge-cloud-agent, third generation), its agents'
//! routing rules, and its constants: windows of 60 s, two hops, a load of two, a penalty of 0.3 per hop.

pub mod agent;
pub mod tail;
pub mod target;

use std::collections::VecDeque;

use crate::rng::Stream;
use crate::units::{SimDuration, SimTime};

/// How far back agents remember.
pub const WINDOW: SimDuration = SimDuration(60_000_000_000);

/// Which of the two forms of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the original runs.
    Faithful,
    /// Without its flaws.
    Corrected,
}

/// One of the three architectures that traffic is spread over, in the order in which one is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every node decides for itself.
    Decentralized,
    /// The edge controller of a zone decides for its zone.
    Federated,
    /// The cloud controller decides for all.
    Centralized,
}

impl Kind {
    /// All of them, in the order in which one is drawn.
    pub const ALL: [Kind; 3] = [Kind::Decentralized, Kind::Federated, Kind::Centralized];
}

/// Where choices come from: a random stream, or choices that were made elsewhere.
pub trait Draws {
    /// One of 0..n, each as likely; n is at least 1.
    fn any(&mut self, n: usize) -> usize;
    /// One of 0..weights.len() by the weights, which are not negative; 0 if all are zero.
    fn weighted(&mut self, weights: &[f64]) -> usize;
}

impl Draws for Stream {
    fn any(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.uniform() * weights.iter().sum::<f64>();
        for (i, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return i;
            }
        }
        // What roundings left over belongs to the last that can be drawn.
        weights.iter().rposition(|&w| w > 0.0).unwrap_or(0)
    }
}

/// Durations of the last [`WINDOW`], the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Window {
    rows: VecDeque<(SimTime, SimDuration)>,
    /// Of all rows: exact, so that what leaves takes away just what it brought.
    sum_ns: u128,
}

impl Window {
    /// Adds a duration that was measured now.
    pub fn record(&mut self, now: SimTime, duration: SimDuration) {
        self.rows.push_back((now, duration));
        self.sum_ns += u128::from(duration.0);
        self.trim(now);
    }

    /// How many there are now.
    pub fn count(&mut self, now: SimTime) -> usize {
        self.trim(now);
        self.rows.len()
    }

    /// Their mean in seconds; 0 if there are none.
    pub fn mean_s(&mut self, now: SimTime) -> f64 {
        match self.count(now) {
            0 => 0.0,
            n => self.sum_ns as f64 / 1e9 / n as f64,
        }
    }

    /// What was recorded, and when; it may hold what is too old until somebody asks or records.
    pub fn rows(&self) -> impl Iterator<Item = (SimTime, SimDuration)> {
        self.rows.iter().copied()
    }

    /// About how many bytes a copy takes.
    pub(crate) fn size(&self) -> usize {
        64 + self.rows.len() * 16
    }

    fn trim(&mut self, now: SimTime) {
        while let Some(&(at, duration)) = self.rows.front() {
            if now.since(at) <= WINDOW {
                return;
            }
            self.sum_ns -= u128::from(duration.0);
            self.rows.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_sixty_seconds_and_its_mean_follows() {
        let mut window = Window::default();
        let s = SimTime::from_s;
        assert_eq!(window.mean_s(s(0.0)), 0.0);
        window.record(s(0.0), SimDuration::from_s(1.0));
        window.record(s(30.0), SimDuration::from_s(2.0));
        assert_eq!((window.count(s(60.0)), window.mean_s(s(60.0))), (2, 1.5), "sixty seconds old is not too old");
        assert_eq!((window.count(s(60.1)), window.mean_s(s(60.1))), (1, 2.0));
        assert_eq!((window.count(s(91.0)), window.mean_s(s(91.0))), (0, 0.0));
    }

    #[test]
    fn a_window_of_a_long_run_stays_small() {
        let mut window = Window::default();
        for i in 0..1_000_000 {
            window.record(SimTime::from_s(f64::from(i) * 0.1), SimDuration::from_ms(20.0));
        }
        assert_eq!(window.rows().count(), 601);
        assert!(window.rows.capacity() < 2048, "{}", window.rows.capacity());
        assert_eq!(window.mean_s(SimTime::from_s(99_999.9)), 0.02);
    }

    #[test]
    fn a_stream_draws_by_weight_and_never_what_has_none() {
        let mut stream = Stream::new(1, "agent", "draw");
        let mut seen = [0u32; 4];
        for _ in 0..40_000 {
            seen[stream.weighted(&[0.0, 0.25, 0.75, 0.0])] += 1;
        }
        assert_eq!((seen[0], seen[3]), (0, 0));
        assert!((9_700..10_300).contains(&seen[1]), "{seen:?}");
        assert_eq!(stream.weighted(&[0.0, 0.0]), 0);
    }
}
