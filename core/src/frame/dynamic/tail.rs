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
        Tracks { of, weights: [1.0, 0.0, 0.0], since: None, asked: 0, rates: [None; 2] }
    }
}

/// The tail scheduler of one agent.
#[derive(Clone, Debug)]
pub struct TailScheduler {
    form: Form,
    settings: TailSettings,
    /// By function.
    functions: Vec<Tracks>,
    /// Room for sorting.
    sorted: Vec<u64>,
}

impl TailScheduler {
    /// For so many functions.
    pub fn new(form: Form, settings: TailSettings, functions: usize) -> TailScheduler {
        TailScheduler { form, settings, functions: vec![Tracks::default(); functions], sorted: Vec::new() }
    }

    /// A request of a function took so long in all under an architecture.
    pub fn record(&mut self, now: SimTime, function: u32, kind: Kind, total: SimDuration) {
        if let Some(tracks) = self.functions.get_mut(function as usize) {
            tracks.of[kind as usize].times.record(now, total);
        }
    }

    /// Brings the shares of a function up to date, which is done with every request for it, and answers them by [`Kind`].
    pub fn update(&mut self, now: SimTime, function: u32) -> [f64; 3] {
        let Some(tracks) = self.functions.get_mut(function as usize) else { return [1.0, 0.0, 0.0] };
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

    /// The shares of a function as they are, by [`Kind`].
    pub fn weights(&self, function: u32) -> [f64; 3] {
        let weights = self.functions.get(function as usize).map_or([1.0, 0.0, 0.0], |t| t.weights);
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
        self.functions.get(function as usize).map_or([1.0; 3], |t| [0, 1, 2].map(|k| t.of[k].ratio))
    }

    /// The last two rates by which α and the gates go, the newest last: one pair for all architectures, of the faithful form.
    pub fn rates(&self, function: u32) -> [Option<f64>; 2] {
        self.functions.get(function as usize).map_or([None; 2], |t| t.rates)
    }

    /// How many total times of a function under an architecture are remembered.
    pub fn samples(&mut self, now: SimTime, function: u32, kind: Kind) -> usize {
        self.functions.get_mut(function as usize).map_or(0, |t| t.of[kind as usize].times.count(now))
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
        64 + self.sorted.len() * 8 + self.functions.iter().flat_map(|t| &t.of).map(|t| 128 + t.times.size()).sum::<usize>()
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
