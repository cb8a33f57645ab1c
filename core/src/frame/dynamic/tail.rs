//! How much of a function's traffic each architecture gets, by the tail of its response times.
//!
//! Of each architecture the ratio r = P95 / P50 (type 7 quantiles) of the total times of the last 60 s is measured, at most
//! every 2 s and only of ten or more. A ramp turns it into a weight: w(r) = 0 below a soft threshold, 1 above a hard one, linear
//! between. What decentralized cannot serve evenly goes to federated, and of that, what federated cannot, to centralized:
//!
//! w_F = w(r_D; 1.5, 2.5) if q ≥ 0.5/s, w_C = w(r_F; 1.7, 2.7) if q ≥ 1.2/s too, else 0;
//! target C = w_C w_F, F = w_F - C, D = 1 - F - C.
//!
//! q is the function's request rate. The weights follow the target by exponential smoothing whose α grows with the change of q
//! between the last two measurements: α = 0.1 + 0.8 / (1 + exp(-(|Δq| - 5)/2)), and 1 after the very first.
//! The way back is the same: when r falls, weight returns. Centralized gets only what federated would have had.
//!
//! # What the corrected form does otherwise
//! - *Smoothing*. Faithful smooths on every request, so the weights settle faster the more traffic there is, by (1 - α) per
//!   request, and α loses its meaning. Corrected smooths once on a request with which something was measured.
//! - *Rates*. Faithful counts requests since the last measurement of any architecture and divides by 2 s however long that was:
//!   slow traffic seems to have 0.5/s at each request, so that the gate never closes. Corrected divides by the time that passed.
//! - *Counters*. Faithful clears the count with each measurement: if two architectures are measured with one request, the
//!   second finds a rate of 0, the gates close and all traffic turns to decentralized until the next one. Corrected counts for
//!   each architecture since its own last measurement; the gate of federated goes by decentralized's rate, whose ratio it
//!   weighs, that of centralized by federated's. Δq is that of what was measured, the largest if several were.
//! - *Ratios that nobody measures*. Faithful takes 1 for an architecture with fewer than ten times, and also for exactly ten
//!   between two measurements, so an architecture that has little traffic looks good and gets it back: its only exploration, in
//!   swings. Corrected keeps the last ratio for 60 s, then forgets it.
//! - *Exploration*. Corrected gives each architecture at least a floor of the traffic (5 %), so that ratios stay measured.
//! - *Rounding*. Faithful rounds weights to three decimals at each step (as numpy does, half to even), so a share of some
//!   thousandths never dies out. Corrected does not round.
//! - *Failures*. Faithful takes failed requests for fast ones. In the corrected form the agent records them with their time limit.
//! - *Thresholds*. An update that names some thresholds sets the others to 1.3, 1.7, 1.6, 2.7 in the faithful form, which are not
//!   even the initial ones; the corrected form leaves them.
//!
//! Source: `TailRatioScheduler` of the edge-cloud agent, third generation.

use std::collections::BTreeMap;

use super::{Draws, Form, Kind, WINDOW, Window};
use crate::units::{SimDuration, SimTime};

/// From which ratio on traffic leaves an architecture, and from which on all of it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// Below it, none does.
    pub soft: f64,
    /// Above it, all does.
    pub hard: f64,
}

impl Ramp {
    /// The share that leaves at a ratio.
    pub fn weight(&self, ratio: f64) -> f64 {
        if ratio < self.soft {
            0.0
        } else if ratio > self.hard || self.hard <= self.soft {
            1.0
        } else {
            (ratio - self.soft) / (self.hard - self.soft)
        }
    }
}

/// The thresholds of both ramps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// From decentralized to federated.
    pub decentralized: Ramp,
    /// From federated to centralized.
    pub federated: Ramp,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds { decentralized: Ramp { soft: 1.5, hard: 2.5 }, federated: Ramp { soft: 1.7, hard: 2.7 } }
    }
}

/// Some of the thresholds, to be set while running.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThresholdUpdate {
    /// The soft threshold of decentralized.
    pub decentralized_soft: Option<f64>,
    /// The hard threshold of decentralized.
    pub decentralized_hard: Option<f64>,
    /// The soft threshold of federated.
    pub federated_soft: Option<f64>,
    /// The hard threshold of federated.
    pub federated_hard: Option<f64>,
}

/// What can be set about the tail scheduler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TailSettings {
    /// The thresholds at the start.
    pub thresholds: Thresholds,
    /// How many total times a ratio is measured of, at least.
    pub min_samples: usize,
    /// How long after a measurement the same architecture may be measured again.
    pub interval: SimDuration,
    /// Requests per second below which nothing leaves decentralized.
    pub federated_gate: f64,
    /// Requests per second below which nothing goes to centralized.
    pub centralized_gate: f64,
    /// The least share of the traffic that an architecture gets, at most a third; the faithful form has none.
    pub floor: f64,
}

impl Default for TailSettings {
    fn default() -> Self {
        TailSettings {
            thresholds: Thresholds::default(),
            min_samples: 10,
            interval: SimDuration(2_000_000_000),
            federated_gate: 0.5,
            centralized_gate: 1.2,
            floor: 0.05,
        }
    }
}

/// The order in which architectures are measured, which matters where they share a counter.
const MEASURED: [Kind; 3] = [Kind::Centralized, Kind::Federated, Kind::Decentralized];

/// What is known of one architecture for one function.
#[derive(Clone, Debug)]
struct Track {
    times: Window,
    /// The ratio as last measured; 1 before.
    ratio: f64,
    /// When anything was last measured, be it that the ratio was forgotten.
    looked: Option<SimTime>,
    /// When the ratio was last measured.
    measured: Option<SimTime>,
    /// Requests of the function since the last look, of the corrected form.
    asked: u64,
    /// Requests per second at the last look, of the corrected form.
    rate: f64,
}

impl Default for Track {
    fn default() -> Self {
        Track { times: Window::default(), ratio: 1.0, looked: None, measured: None, asked: 0, rate: 0.0 }
    }
}

/// What is known of one function.
#[derive(Clone, Debug)]
struct Tracks {
    /// By [`Kind`].
    of: [Track; 3],
    /// The shares, by [`Kind`].
    weights: [f64; 3],
    /// Whether the shares were ever brought up to date.
    shared: bool,
    /// When the function was first asked for.
    since: Option<SimTime>,
    /// Requests since the last measurement of any architecture, of the faithful form.
    asked: u64,
    /// The last two rates, the newest last, of the faithful form.
    rates: [Option<f64>; 2],
}

impl Default for Tracks {
    fn default() -> Self {
        let of = [Track::default(), Track::default(), Track::default()];
        Tracks { of, weights: [1.0, 0.0, 0.0], shared: false, since: None, asked: 0, rates: [None; 2] }
    }
}

/// The tail scheduler of one agent.
#[derive(Clone, Debug)]
pub struct TailScheduler {
    form: Form,
    settings: TailSettings,
    /// By function, of those that were asked for.
    functions: BTreeMap<u32, Tracks>,
    /// How many functions there are.
    known: usize,
    /// Room for sorting.
    sorted: Vec<u64>,
}

impl TailScheduler {
    /// For so many functions.
    pub fn new(form: Form, settings: TailSettings, functions: usize) -> TailScheduler {
        TailScheduler { form, settings, functions: BTreeMap::new(), known: functions, sorted: Vec::new() }
    }

    /// A request of a function took so long in all under an architecture.
    pub fn record(&mut self, now: SimTime, function: u32, kind: Kind, total: SimDuration) {
        if (function as usize) < self.known {
            let tracks = self.functions.entry(function).or_default();
            tracks.of[kind as usize].times.record(now, total);
        }
    }

    /// Brings the shares of a function up to date, which is done with every request for it, and answers them by [`Kind`].
    pub fn update(&mut self, now: SimTime, function: u32) -> [f64; 3] {
        if function as usize >= self.known {
            return [1.0, 0.0, 0.0];
        }
        let tracks = self.functions.entry(function).or_default();
        tracks.shared = true;
        match self.form {
            Form::Faithful => tracks.update_faithful(now, &self.settings, &mut self.sorted),
            Form::Corrected => tracks.update_corrected(now, &self.settings, &mut self.sorted),
        }
        self.weights(function)
    }

    /// Brings the shares of a function up to date and draws the architecture of a request.
    pub fn choose(&mut self, now: SimTime, function: u32, draws: &mut impl Draws) -> Kind {
        let weights = self.update(now, function);
        Kind::ALL[draws.weighted(&weights).min(2)]
    }

    /// Whether the shares of a function were ever brought up to date, as they are once it is asked for here.
    pub fn has_shared(&self, function: u32) -> bool {
        self.functions.get(&function).is_some_and(|t| t.shared)
    }

    /// The shares of a function as they are, by [`Kind`].
    pub fn weights(&self, function: u32) -> [f64; 3] {
        let weights = self.functions.get(&function).map_or([1.0, 0.0, 0.0], |t| t.weights);
        match self.form {
            Form::Faithful => weights,
            Form::Corrected => {
                let floor = self.settings.floor.clamp(0.0, 1.0 / 3.0);
                weights.map(|w| floor + (1.0 - 3.0 * floor) * w)
            }
        }
    }

    /// The ratios of a function as last measured, by [`Kind`]; 1 before.
    pub fn ratios(&self, function: u32) -> [f64; 3] {
        self.functions.get(&function).map_or([1.0; 3], |t| [0, 1, 2].map(|k| t.of[k].ratio))
    }

    /// The last two rates by which α and the gates go, the newest last: one pair for all architectures, of the faithful form.
    pub fn rates(&self, function: u32) -> [Option<f64>; 2] {
        self.functions.get(&function).map_or([None; 2], |t| t.rates)
    }

    /// How many total times of a function under an architecture are remembered.
    pub fn samples(&mut self, now: SimTime, function: u32, kind: Kind) -> usize {
        self.functions.get_mut(&function).map_or(0, |t| t.of[kind as usize].times.count(now))
    }

    /// Goes on with other settings, thresholds included.
    pub fn retune(&mut self, settings: TailSettings) {
        self.settings = settings;
    }

    /// The thresholds.
    pub fn thresholds(&self) -> Thresholds {
        self.settings.thresholds
    }

    /// Sets thresholds. What the update does not name stays, or in the faithful form becomes 1.3, 1.7, 1.6 and 2.7.
    pub fn set_thresholds(&mut self, update: ThresholdUpdate) {
        let kept = match self.form {
            Form::Faithful => Thresholds { decentralized: Ramp { soft: 1.3, hard: 1.7 }, federated: Ramp { soft: 1.6, hard: 2.7 } },
            Form::Corrected => self.settings.thresholds,
        };
        self.settings.thresholds = Thresholds {
            decentralized: Ramp {
                soft: update.decentralized_soft.unwrap_or(kept.decentralized.soft),
                hard: update.decentralized_hard.unwrap_or(kept.decentralized.hard),
            },
            federated: Ramp {
                soft: update.federated_soft.unwrap_or(kept.federated.soft),
                hard: update.federated_hard.unwrap_or(kept.federated.hard),
            },
        };
    }

    /// About how many bytes a copy takes.
    pub(crate) fn size(&self) -> usize {
        64 + self.sorted.len() * 8 + self.functions.values().flat_map(|t| &t.of).map(|t| 128 + t.times.size()).sum::<usize>()
    }
}

impl Tracks {
    fn update_faithful(&mut self, now: SimTime, settings: &TailSettings, sorted: &mut Vec<u64>) {
        self.asked += 1;
        let mut ratios = [1.0; 3];
        for kind in MEASURED {
            let track = &mut self.of[kind as usize];
            let count = track.times.count(now);
            let due = track.looked.is_none_or(|at| now.since(at) >= settings.interval);
            if due && count >= settings.min_samples {
                track.measure(now, sorted);
                self.rates = [self.rates[1], Some(self.asked as f64 / settings.interval.as_s())];
                self.asked = 0;
                ratios[kind as usize] = track.ratio;
            } else if count > settings.min_samples {
                ratios[kind as usize] = track.ratio;
            }
        }
        let rate = self.rates[1].unwrap_or(0.0);
        let target = target(settings, ratios, [rate, rate], round3);
        let alpha = match self.rates {
            [Some(before), Some(now)] => smoothing(now - before),
            _ => 1.0,
        };
        let smoothed = [0, 1, 2].map(|k| round3((1.0 - alpha) * self.weights[k] + alpha * target[k]));
        let sum: f64 = smoothed.iter().sum();
        self.weights = if sum > 0.0 { smoothed.map(|w| round3(w / sum)) } else { smoothed };
    }

    fn update_corrected(&mut self, now: SimTime, settings: &TailSettings, sorted: &mut Vec<u64>) {
        let since = *self.since.get_or_insert(now);
        let first = self.of.iter().all(|t| t.looked.is_none());
        // The largest change of a rate among what is measured now.
        let mut change: Option<f64> = None;
        for track in &mut self.of {
            track.asked += 1;
            let passed = now.since(track.looked.unwrap_or(since));
            let count = track.times.count(now);
            let forgotten = track.measured.is_some_and(|at| now.since(at) > WINDOW);
            let due = passed >= settings.interval && passed.0 > 0;
            if !due || (count < settings.min_samples && !forgotten) {
                continue;
            }
            let rate = track.asked as f64 / passed.as_s();
            let by = if track.looked.is_some() { (rate - track.rate).abs() } else { 0.0 };
            change = Some(change.map_or(by, |c| c.max(by)));
            (track.asked, track.rate) = (0, rate);
            if count >= settings.min_samples {
                track.measure(now, sorted);
            } else {
                (track.looked, track.ratio) = (Some(now), 1.0);
            }
        }
        let Some(change) = change else { return };
        let rates = [Kind::Decentralized, Kind::Federated].map(|k| self.of[k as usize].rate);
        let target = target(settings, [0, 1, 2].map(|k| self.of[k].ratio), rates, |w| w);
        let alpha = if first { 1.0 } else { smoothing(change) };
        self.weights = [0, 1, 2].map(|k| (1.0 - alpha) * self.weights[k] + alpha * target[k]);
    }
}

impl Track {
    fn measure(&mut self, now: SimTime, sorted: &mut Vec<u64>) {
        sorted.clear();
        sorted.extend(self.times.rows().map(|(_, d)| d.0));
        sorted.sort_unstable();
        let middle = percentile_s(sorted, 0.5);
        self.ratio = if middle == 0.0 { f64::INFINITY } else { percentile_s(sorted, 0.95) / middle };
        (self.looked, self.measured) = (Some(now), Some(now));
    }
}

/// The share that each architecture should get, by ratios and by the rates of decentralized and federated.
fn target(settings: &TailSettings, ratios: [f64; 3], rates: [f64; 2], round: impl Fn(f64) -> f64) -> [f64; 3] {
    let Thresholds { decentralized, federated } = settings.thresholds;
    let open = rates[0] >= settings.federated_gate;
    let leaves = if open { decentralized.weight(ratios[0]) } else { 0.0 };
    let further = if open && rates[1] >= settings.centralized_gate { federated.weight(ratios[1]) } else { 0.0 };
    let central = round(further * leaves);
    let federal = round(leaves - central);
    [round(1.0 - federal - central), federal, central]
}

/// α, by how much the rate has changed, in requests per second.
pub fn smoothing(change: f64) -> f64 {
    0.1 + 0.8 / (1.0 + libm::exp(-0.5 * (change.abs() - 5.0)))
}

/// To three decimals as numpy does it, half to even after scaling.
pub fn round3(x: f64) -> f64 {
    libm::rint(x * 1000.0) / 1000.0
}

/// The quantile q (type 7) of durations in rising order, in seconds; 0 of none. It interpolates from the nearer side, as numpy.
pub fn percentile_s(sorted_ns: &[u64], q: f64) -> f64 {
    let Some(last) = sorted_ns.len().checked_sub(1) else { return 0.0 };
    let at = last as f64 * q;
    let below = (at as usize).min(last);
    let part = at - below as f64;
    let (a, b) = (SimDuration(sorted_ns[below]).as_s(), SimDuration(sorted_ns[(below + 1).min(last)]).as_s());
    if part < 0.5 { a + (b - a) * part } else { b - (b - a) * (1.0 - part) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    const D: usize = Kind::Decentralized as usize;
    const F: usize = Kind::Federated as usize;
    const C: usize = Kind::Centralized as usize;

    fn tail(form: Form) -> TailScheduler {
        TailScheduler::new(form, TailSettings::default(), 1)
    }

    fn s(s: f64) -> SimTime {
        SimTime::from_s(s)
    }

    /// Ten times with a ratio of 10, or of 1.
    fn ten(tail: &mut TailScheduler, at: f64, kind: Kind, heavy: bool) {
        for i in 0..10 {
            let total = if heavy && i % 5 == 0 { 1.0 } else { 0.1 };
            tail.record(s(at), 0, kind, SimDuration::from_s(total));
        }
    }

    /// So many requests within a second. Answers the shares after the last.
    fn requests(tail: &mut TailScheduler, at: f64, n: u32) -> [f64; 3] {
        (0..n).map(|i| tail.update(s(at + f64::from(i) / f64::from(n)), 0)).last().unwrap_or_default()
    }

    #[test]
    fn the_first_measurement_ever_jumps_to_the_target() {
        for form in [Form::Faithful, Form::Corrected] {
            let mut tail = tail(form);
            requests(&mut tail, 0.0, 8);
            ten(&mut tail, 1.0, Kind::Decentralized, true);
            let shares = tail.update(s(2.5), 0);
            let all = if form == Form::Faithful { 1.0 } else { 0.9 };
            assert!((shares[F] - all).abs() < 1e-12, "{form:?}: {shares:?}");
        }
    }

    /// Measured twice at equal rates: first even, then with a heavy tail, of 20 requests each. The second is the last request.
    fn turned(form: Form) -> TailScheduler {
        let mut tail = tail(form);
        ten(&mut tail, 0.0, Kind::Decentralized, false);
        requests(&mut tail, 0.0, 1);
        requests(&mut tail, 1.0, 18);
        requests(&mut tail, 2.0, 1);
        (0..10).for_each(|_| ten(&mut tail, 3.0, Kind::Decentralized, true));
        requests(&mut tail, 3.0, 19);
        requests(&mut tail, 4.0, 1);
        tail
    }

    #[test]
    fn faithful_smooths_on_every_request_and_so_converges_with_the_traffic() {
        let mut tail = turned(Form::Faithful);
        let [Some(before), Some(now)] = tail.rates(0) else { panic!("measured twice") };
        let kept = 1.0 - smoothing(now - before);
        let mut missing = 1.0 - tail.weights(0)[F];
        for _ in 0..10 {
            let shares = requests(&mut tail, 4.5, 1);
            assert!((1.0 - shares[F] - missing * kept).abs() <= 0.001, "{shares:?}, {missing} was missing");
            missing = 1.0 - shares[F];
        }
        assert!(missing < 0.2, "without a further measurement");
    }

    #[test]
    fn corrected_smooths_once_for_each_measurement() {
        let mut tail = turned(Form::Corrected);
        let after = tail.weights(0);
        let expected = 0.05 + 0.85 * smoothing(0.0);
        assert!((after[F] - expected).abs() < 1e-12, "{after:?}, the rates are equal");
        assert_eq!(requests(&mut tail, 4.1, 500), after);
        assert!(tail.update(s(6.0), 0)[F] > after[F]);
    }

    #[test]
    fn faithful_divides_by_two_seconds_so_slow_traffic_never_closes_the_gate() {
        let slow = |form| {
            let mut tail = tail(form);
            for i in 0..20 {
                ten(&mut tail, f64::from(i) * 10.0, Kind::Decentralized, true);
                tail.update(s(f64::from(i) * 10.0 + 1.0), 0);
            }
            tail
        };
        let faithful = slow(Form::Faithful);
        assert_eq!(faithful.rates(0), [Some(0.5); 2], "a tenth of a request per second");
        assert_eq!(faithful.weights(0), [0.0, 1.0, 0.0]);
        let corrected = slow(Form::Corrected);
        assert!((corrected.functions[&0].of[D].rate - 0.1).abs() < 1e-12);
        assert!((corrected.weights(0)[D] - 0.9).abs() < 1e-12, "below the gate nothing leaves but what explores");
    }

    #[test]
    fn faithful_measures_two_at_once_and_finds_a_rate_of_zero() {
        let both = |form| {
            let mut tail = tail(form);
            requests(&mut tail, 0.0, 20);
            ten(&mut tail, 1.0, Kind::Decentralized, true);
            tail.update(s(2.0), 0);
            assert!(tail.weights(0)[F] > 0.8);
            ten(&mut tail, 2.5, Kind::Federated, true);
            ten(&mut tail, 2.5, Kind::Decentralized, true);
            requests(&mut tail, 2.5, 20);
            tail.update(s(4.5), 0);
            tail
        };
        let mut faithful = both(Form::Faithful);
        assert_eq!(faithful.rates(0)[1], Some(0.0));
        assert!(requests(&mut faithful, 4.5, 100)[D] > 0.99, "the gates are closed until the next measurement");
        let corrected = both(Form::Corrected);
        let [d, f, _] = &corrected.functions[&0].of;
        assert!(d.rate > 8.0 && f.rate > 8.0, "{} and {}", d.rate, f.rate);
        let shares = corrected.weights(0);
        assert!(shares[D] < 0.06 && shares[C] > 0.1, "{shares:?}");
    }

    #[test]
    fn faithful_returns_to_what_was_starved_because_it_is_no_longer_measured() {
        let mut tail = tail(Form::Faithful);
        ten(&mut tail, 0.0, Kind::Decentralized, true);
        ten(&mut tail, 0.0, Kind::Decentralized, true);
        requests(&mut tail, 0.0, 5);
        ten(&mut tail, 1.0, Kind::Federated, false);
        requests(&mut tail, 1.0, 20);
        let before = tail.weights(0);
        ten(&mut tail, 61.0, Kind::Federated, false);
        let after = requests(&mut tail, 61.0, 60);
        assert!(before[F] > 0.8 && after[D] > 0.95, "{before:?}, then {after:?}");
        assert_eq!(tail.samples(s(62.0), 0, Kind::Decentralized), 0);
    }

    #[test]
    fn with_exactly_ten_faithful_forgets_the_ratio_between_two_measurements() {
        let mut tail = tail(Form::Faithful);
        ten(&mut tail, 0.0, Kind::Decentralized, true);
        requests(&mut tail, 0.0, 4);
        assert_eq!(tail.weights(0), [1.0, 0.0, 0.0], "the first request jumped to federated, the second back");
        tail.record(s(1.0), 0, Kind::Decentralized, SimDuration::from_s(1.0));
        assert_eq!(requests(&mut tail, 1.0, 1), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn corrected_keeps_a_ratio_for_the_window_and_then_forgets_it() {
        let mut tail = tail(Form::Corrected);
        tail.update(s(0.0), 0);
        ten(&mut tail, 1.0, Kind::Decentralized, true);
        requests(&mut tail, 2.0, 40);
        requests(&mut tail, 61.1, 1);
        assert_eq!((tail.samples(s(61.1), 0, Kind::Decentralized), tail.ratios(0)[D]), (0, 10.0));
        let kept = tail.weights(0);
        assert!(kept[F] > 0.89, "{kept:?}");
        requests(&mut tail, 63.0, 40);
        assert_eq!(tail.ratios(0)[D], 1.0);
        for i in 0..30 {
            requests(&mut tail, 65.0 + 2.0 * f64::from(i), 40);
        }
        assert!(tail.weights(0)[D] > 0.89, "{:?}", tail.weights(0));
    }

    #[test]
    fn centralized_gets_only_a_share_of_what_leaves_decentralized() {
        for form in [Form::Faithful, Form::Corrected] {
            let mut tail = tail(form);
            requests(&mut tail, 0.0, 20);
            (0..2).for_each(|_| ten(&mut tail, 1.0, Kind::Federated, true));
            (0..2).for_each(|_| ten(&mut tail, 1.0, Kind::Decentralized, false));
            for i in 0..10 {
                requests(&mut tail, 2.0 + 2.5 * f64::from(i), 20);
            }
            let shares = tail.weights(0);
            assert_eq!(tail.ratios(0)[F], 10.0);
            assert!(shares[D] > 0.89, "{form:?}: {shares:?}");
        }
    }

    #[test]
    fn corrected_keeps_drawing_what_has_no_weight() {
        let mut tail = tail(Form::Corrected);
        requests(&mut tail, 0.0, 20);
        ten(&mut tail, 1.0, Kind::Decentralized, true);
        tail.update(s(3.0), 0);
        let mut stream = Stream::new(1, "agent", "architecture");
        let mut drawn = [0u32; 3];
        for _ in 0..10_000 {
            drawn[tail.choose(s(3.0), 0, &mut stream) as usize] += 1;
        }
        assert!([D, C].iter().all(|&k| (400..600).contains(&drawn[k])), "{drawn:?}");
        let mut none = TailScheduler::new(Form::Corrected, TailSettings { floor: 0.0, ..TailSettings::default() }, 1);
        assert_eq!(none.update(s(0.0), 0), [1.0, 0.0, 0.0]);
        let most = TailScheduler::new(Form::Corrected, TailSettings { floor: 9.0, ..TailSettings::default() }, 1);
        assert_eq!(most.weights(0), [1.0 / 3.0; 3]);
    }

    #[test]
    fn rounding_keeps_a_rest_alive_that_corrected_lets_die() {
        let rest = |form| {
            let settings = TailSettings { floor: 0.0, ..TailSettings::default() };
            let mut tail = TailScheduler::new(form, settings, 1);
            requests(&mut tail, 0.0, 10);
            (0..2).for_each(|_| ten(&mut tail, 1.0, Kind::Decentralized, true));
            tail.update(s(2.0), 0);
            for i in 1..200 {
                ten(&mut tail, 60.0 + 2.0 * f64::from(i), Kind::Decentralized, false);
                requests(&mut tail, 61.0 + 2.0 * f64::from(i), 10);
            }
            tail.weights(0)[F]
        };
        assert!((0.001..0.004).contains(&rest(Form::Faithful)));
        assert!(rest(Form::Corrected) < 1e-9);
    }

    #[test]
    fn an_update_of_thresholds_keeps_what_it_does_not_name_in_the_corrected_form_only() {
        let update = ThresholdUpdate { federated_hard: Some(3.0), ..ThresholdUpdate::default() };
        let (mut faithful, mut corrected) = (tail(Form::Faithful), tail(Form::Corrected));
        faithful.set_thresholds(update);
        corrected.set_thresholds(update);
        assert_eq!(faithful.thresholds().decentralized, Ramp { soft: 1.3, hard: 1.7 });
        assert_eq!(corrected.thresholds().decentralized, Ramp { soft: 1.5, hard: 2.5 });
        assert_eq!(faithful.thresholds().federated, Ramp { soft: 1.6, hard: 3.0 });
        assert_eq!(corrected.thresholds().federated, Ramp { soft: 1.7, hard: 3.0 });
    }

    #[test]
    fn a_ratio_over_a_median_of_zero_is_infinite_and_all_traffic_leaves() {
        let mut tail = tail(Form::Faithful);
        requests(&mut tail, 0.0, 5);
        for i in 0..12 {
            tail.record(s(1.0), 0, Kind::Decentralized, SimDuration(u64::from(i >= 10) * 1_000_000));
        }
        assert_eq!(tail.update(s(2.0), 0), [0.0, 1.0, 0.0]);
        assert_eq!(tail.ratios(0)[D], f64::INFINITY);
        assert_eq!(tail.update(s(2.0), 7), [1.0, 0.0, 0.0], "a function that nobody knows stays where it is");
    }

    #[test]
    fn shares_are_shares_whatever_happens() {
        for (form, slack, least) in [(Form::Faithful, 0.0021, 0.0), (Form::Corrected, 1e-12, 0.05 - 1e-12)] {
            for seed in 0..20 {
                let (mut tail, mut stream, mut now) = (tail(form), Stream::new(seed, "agent", "anything"), 0.0);
                for _ in 0..3_000 {
                    now += match stream.below(50) {
                        0 => 70.0 * stream.uniform(),
                        _ => 0.2 * stream.uniform(),
                    };
                    let kind = tail.choose(s(now), 0, &mut stream);
                    let total = 0.1 / stream.positive() * f64::from(stream.below(20) as u32);
                    tail.record(s(now), 0, kind, SimDuration::from_s(total.min(60.0)));
                    let shares = tail.weights(0);
                    assert!((shares.iter().sum::<f64>() - 1.0).abs() < slack, "{form:?} {seed}: {shares:?}");
                    assert!(shares.iter().all(|w| (least..=1.0).contains(w)), "{form:?} {seed}: {shares:?}");
                }
            }
        }
    }
}
