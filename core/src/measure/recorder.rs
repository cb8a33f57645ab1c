//! The probe that keeps a row per invocation.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::charts::{Charts, Percentiles};
use super::quantiles::{Quantiles, Samples};
use super::series::StepSeries;
use crate::engine::NONE;
use crate::platform::{
    Accounting, Cause, ContainerChange, ContainerEvent, ImageChange, ImageEvent, ImagePlace, Outcome, Probe, TaskEnd,
};
use crate::sim::{Progress, Simulation};
use crate::units::SimTime;
use crate::workload::Workload;

/// Records what happened to each invocation: 31 bytes a row beside the workload's own columns, and 8 more where rows wait for
/// others, because then only the run says when they are submitted.
#[derive(Clone, Debug)]
pub struct Recorder {
    workload: Arc<Workload>,
    warm_up: SimTime,
    /// Empty where every row has a time; `u64::MAX` for what has not been submitted.
    submitted_ns: Vec<u64>,
    started_ns: Vec<u64>,
    finished_ns: Vec<u64>,
    response_ns: Vec<u64>,
    host: Vec<u32>,
    /// 0 while it has not ended; else 1 + outcome in the low four bits, 16 if it started cold, 1 + cause in the high three bits.
    flags: Vec<u8>,
    attempts: Vec<u16>,
    phases: [u128; Accounting::COUNT],
    in_system: StepSeries,
    idle: StepSeries,
    busy: StepSeries,
    /// Nothing before the first image.
    images: Option<StepSeries>,
    /// Nothing before the first share.
    shares: Option<Box<Shares>>,
}

/// The shares that agents give to decentralized, federated and centralized.
#[derive(Clone, Debug)]
struct Shares {
    /// By agent's machine and function, as they are.
    now: BTreeMap<(u32, u32), [f64; 3]>,
    /// Their means.
    means: [StepSeries; 3],
    /// What the means are now.
    last: [f64; 3],
    /// Sums of `now`.
    sums: [f64; 3],
}

impl Shares {
    fn new(width: u64) -> Shares {
        let means = [0; 3].map(|_| StepSeries::new(width));
        Shares { now: BTreeMap::new(), means, last: [0.0; 3], sums: [0.0; 3] }
    }

    fn change(&mut self, now: SimTime, key: (u32, u32), to: [f64; 3]) {
        let before = self.now.insert(key, to).unwrap_or_default();
        for (sum, (to, before)) in self.sums.iter_mut().zip(to.into_iter().zip(before)) {
            *sum += to - before;
        }
        let count = self.now.len() as f64;
        self.mean(now, self.sums.map(|sum| sum / count));
    }

    /// There are none any more.
    fn end(&mut self, now: SimTime) {
        self.now.clear();
        self.sums = [0.0; 3];
        self.mean(now, [0.0; 3]);
    }

    fn mean(&mut self, now: SimTime, to: [f64; 3]) {
        for ((series, last), to) in self.means.iter_mut().zip(&mut self.last).zip(to) {
            series.add(now, to - *last);
            *last = to;
        }
    }
}

/// One invocation, as recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InvocationRow {
    /// Its row in the workload.
    pub invocation: u32,
    /// When it was submitted; nothing if it waits for others, which have not ended.
    pub submitted: Option<SimTime>,
    /// How it ended; nothing if it had not at the end of the run.
    pub outcome: Option<Outcome>,
    /// Why, where the outcome does not say it all.
    pub cause: Option<Cause>,
    /// Whether it started cold.
    pub cold: bool,
    /// How many attempts it took.
    pub attempts: u16,
    /// The host, if it got to one.
    pub host: Option<u32>,
    /// When execution began.
    pub started: Option<SimTime>,
    /// When execution ended.
    pub finished: Option<SimTime>,
    /// From submission until the client had the result, or until it was lost, in nanoseconds.
    pub response_ns: u64,
}

const COLD: u8 = 16;
/// Where the three bits of the cause begin.
const CAUSE: u8 = 5;
const _: () = assert!(Outcome::ALL.len() < 16 && Cause::ALL.len() < 8, "a byte holds how a row ended");

impl Recorder {
    /// A recorder for a workload; invocations submitted before the end of the warm-up are recorded and not measured.
    pub fn new(workload: Arc<Workload>, warm_up_s: f64) -> Recorder {
        let n = workload.len();
        let width = workload.last_ns() / 200 + 1;
        Recorder {
            warm_up: SimTime::from_s(warm_up_s),
            submitted_ns: if workload.gates.is_empty() { Vec::new() } else { vec![u64::MAX; n] },
            started_ns: vec![u64::MAX; n],
            finished_ns: vec![u64::MAX; n],
            response_ns: vec![0; n],
            host: vec![NONE; n],
            flags: vec![0; n],
            attempts: vec![0; n],
            phases: [0; Accounting::COUNT],
            in_system: StepSeries::new(width),
            idle: StepSeries::new(width),
            busy: StepSeries::new(width),
            images: None,
            shares: None,
            workload,
        }
    }

    /// Handles up to `budget` events of a simulation and records what happens. The loop is compiled here, with this crate's
    /// optimisation, whatever the caller's is.
    pub fn step(&mut self, simulation: &mut Simulation, budget: u64) -> Progress {
        simulation.step(budget, self)
    }

    /// What is recorded of an invocation.
    pub fn row(&self, invocation: u32) -> InvocationRow {
        let i = invocation as usize;
        let time = |ns: u64| (ns != u64::MAX).then_some(SimTime(ns));
        InvocationRow {
            invocation,
            submitted: time(self.submitted_at(i)),
            outcome: self.outcome(i),
            cause: (self.flags[i] >> CAUSE).checked_sub(1).and_then(|c| Cause::ALL.get(c as usize)).copied(),
            cold: self.flags[i] & COLD != 0,
            attempts: self.attempts[i],
            host: (self.host[i] != NONE).then_some(self.host[i]),
            started: time(self.started_ns[i]),
            finished: time(self.finished_ns[i]),
            response_ns: self.response_ns[i],
        }
    }

    /// When an invocation of a function last began to execute on a host before an instant, by the hosts at which invocations ended.
    pub fn last_use(&self, host: u32, function: u32, before: SimTime) -> Option<SimTime> {
        let own = |&i: &usize| self.host[i] == host && self.workload.function[i] == function && self.started_ns[i] < before.0;
        (0..self.workload.len()).filter(own).map(|i| self.started_ns[i]).max().map(SimTime)
    }

    pub(super) fn workload(&self) -> &Workload {
        &self.workload
    }

    /// What was submitted before is not measured.
    pub(super) fn warm_up(&self) -> SimTime {
        self.warm_up
    }

    fn outcome(&self, i: usize) -> Option<Outcome> {
        (self.flags[i] & 15).checked_sub(1).and_then(|o| Outcome::ALL.get(o as usize)).copied()
    }

    /// When a row was submitted, in nanoseconds: its time, or when the others that it waited for let it.
    fn submitted_at(&self, i: usize) -> u64 {
        self.submitted_ns.get(i).copied().unwrap_or(self.workload.arrival_ns[i])
    }

    /// The rows that count: submitted after the warm-up.
    fn measured(&self) -> impl Iterator<Item = usize> + Clone {
        let sorted = self.submitted_ns.is_empty();
        let first = if sorted { self.workload.arrival_ns.partition_point(|&at| at < self.warm_up.0) } else { 0 };
        let counts = move |i: &usize| sorted || (self.warm_up.0..u64::MAX).contains(&self.submitted_ns[*i]);
        (first..self.workload.len()).filter(counts)
    }

    /// Every so many of the completed rows that count.
    fn completed(&self, stride: usize) -> impl Iterator<Item = usize> + Clone {
        self.measured().step_by(stride).filter(|&i| self.flags[i] & 15 == 1 + Outcome::Completed as u8)
    }

    /// Response / ideal; nothing for an ideal of zero.
    pub fn slowdown(&self, invocation: u32) -> Option<f64> {
        let ideal = self.workload.execution_ns[invocation as usize];
        (ideal > 0).then(|| self.response_ns[invocation as usize] as f64 / ideal as f64)
    }

    pub(super) fn slowdowns(&self) -> impl Iterator<Item = f64> + Clone {
        self.completed(1).filter_map(|i| self.slowdown(i as u32))
    }

    pub(super) fn responses_ms(&self) -> impl Iterator<Item = f64> + Clone {
        self.completed(1).map(|i| self.response_ns[i] as f64 / 1e6)
    }

    pub(super) fn slowdown_quantiles(&self) -> Quantiles {
        Quantiles::new(self.slowdowns(), 1e-4)
    }

    pub(super) fn response_quantiles(&self) -> Quantiles {
        Quantiles::new(self.responses_ms(), 1e-4)
    }

    /// Completed invocations that were measured and have an ideal of zero.
    pub(super) fn without_ideal(&self) -> u64 {
        self.completed(1).filter(|&i| self.workload.execution_ns[i] == 0).count() as u64
    }

    /// Rows that ended and are measured: (row, outcome, cold).
    pub(super) fn ended_rows(&self) -> impl Iterator<Item = (usize, Outcome, bool)> + Clone + '_ {
        self.measured().filter_map(|i| self.outcome(i).map(|o| (i, o, self.flags[i] & COLD != 0)))
    }

    pub(super) fn host_of(&self, row: usize) -> Option<usize> {
        (self.host[row] != NONE).then_some(self.host[row] as usize)
    }

    /// Nanoseconds that measured, completed invocations spent in each accounting phase, in all.
    pub(super) fn phases(&self) -> &[u128; Accounting::COUNT] {
        &self.phases
    }

    /// The data of the charts, from what has ended by `end`.
    pub fn charts(&self, end: SimTime) -> Charts {
        self.charts_of_every(1, end)
    }

    /// As [`Recorder::charts`], from a sample of some two hundred thousand invocations: quick enough to be made while a long
    /// run goes on. Counts over time are scaled up.
    pub fn charts_so_far(&self, end: SimTime) -> Charts {
        self.charts_of_every(self.workload.len() / 200_000 + 1, end)
    }

    fn charts_of_every(&self, stride: usize, end: SimTime) -> Charts {
        let buckets = 120usize;
        let width = (end.0 / buckets as u64 + 1).max(1);
        let mut slowdown: Vec<Vec<f64>> = vec![Vec::new(); buckets];
        let mut response: Vec<Vec<f64>> = vec![Vec::new(); buckets];
        let (mut cold, mut warm, mut lost) = (vec![0u32; buckets], vec![0u32; buckets], vec![0u32; buckets]);
        for i in (0..self.workload.len()).step_by(stride) {
            let Some(outcome) = self.outcome(i) else { continue };
            let b = ((self.submitted_at(i) / width) as usize).min(buckets - 1);
            if outcome == Outcome::Completed {
                response[b].push(self.response_ns[i] as f64 / 1e6);
                slowdown[b].extend(self.slowdown(i as u32));
                let starts = if self.flags[i] & COLD != 0 { &mut cold } else { &mut warm };
                starts[b] += stride as u32;
            } else {
                lost[b] += stride as u32;
            }
        }
        let count = self.completed(1).count().max(1) as f64;
        let phases_ms = Accounting::ALL
            .iter()
            .map(|&a| (a.word().replace('_', " "), self.phases[a as usize] as f64 / 1e6 / count))
            .filter(|(_, ms)| *ms > 0.0)
            .collect();
        Charts {
            end_s: end.as_s(),
            slowdown_cdf: cdf(&Samples::new(self.completed(stride).filter_map(|i| self.slowdown(i as u32)), 1e-4)),
            response_cdf: cdf(&Samples::new(self.completed(stride).map(|i| self.response_ns[i] as f64 / 1e6), 1e-4)),
            bucket_s: width as f64 / 1e9,
            slowdown: percentiles(slowdown),
            response_ms: percentiles(response),
            cold,
            warm,
            lost,
            in_system: self.in_system.means(end, width, buckets),
            idle_mb: self.idle.means(end, width, buckets),
            busy_mb: self.busy.means(end, width, buckets),
            image_mb: self.images.as_ref().map_or_else(Vec::new, |images| images.means(end, width, buckets)),
            shares: match &self.shares {
                Some(shares) => [0, 1, 2].map(|k: usize| shares.means[k].means(end, width, buckets)),
                None => Default::default(),
            },
            phases_ms,
        }
    }
}

/// (value, share) at even shares, finer towards the end, where the tail is.
fn cdf(samples: &Samples) -> Vec<(f64, f64)> {
    if samples.at(0.5).is_nan() {
        return Vec::new();
    }
    let body = (0..=200).map(|i| f64::from(i) / 200.0 * 0.98);
    let tail = (1..=100).map(|i| 0.98 + 0.02 * f64::from(i) / 100.0);
    let mut points: Vec<(f64, f64)> = body.chain(tail).map(|q| (samples.at(q), q)).collect();
    points.dedup_by(|later, earlier| {
        // Of equal values the highest share stands.
        let same = later.0 == earlier.0;
        if same {
            earlier.1 = later.1;
        }
        same
    });
    points
}

fn percentiles(buckets: Vec<Vec<f64>>) -> Percentiles {
    let mut out = Percentiles::default();
    for mut samples in buckets {
        out.p50.push(select(&mut samples, 0.5));
        out.p95.push(select(&mut samples, 0.95));
        out.p99.push(select(&mut samples, 0.99));
    }
    out
}

/// The q-quantile (type 7) of samples in any order, by selection: only two order statistics are needed.
fn select(samples: &mut [f64], q: f64) -> f64 {
    let Some(last) = samples.len().checked_sub(1) else { return f64::NAN };
    let at = q * last as f64;
    let below = (at as usize).min(last);
    let (_, &mut low, above) = samples.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (high - low) * (at - below as f64)
}

impl Probe for Recorder {
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        if !self.submitted_ns.is_empty() {
            self.submitted_ns[invocation as usize] = now.0;
        }
        self.in_system.add(now, 1.0);
    }

    fn container(&mut self, now: SimTime, event: &ContainerEvent) {
        let mb = event.memory as f64 / 1e6;
        match event.change {
            ContainerChange::Starting | ContainerChange::Prewarming => self.busy.add(now, mb),
            ContainerChange::Idle => {
                self.busy.add(now, -mb);
                self.idle.add(now, mb);
            }
            ContainerChange::Ready => {}
            ContainerChange::Busy => {
                self.idle.add(now, -mb);
                self.busy.add(now, mb);
            }
            ContainerChange::Expired | ContainerChange::Evicted | ContainerChange::Killed => self.idle.add(now, -mb),
        }
    }

    fn image(&mut self, now: SimTime, event: &ImageEvent) {
        let by = match (event.place, event.change) {
            (ImagePlace::Memory(_), ImageChange::Coming) => event.bytes as f64,
            (ImagePlace::Memory(_), ImageChange::Evicted) => -(event.bytes as f64),
            _ => return,
        };
        let width = self.workload.last_ns() / 200 + 1;
        self.images.get_or_insert_with(|| StepSeries::new(width)).add(now, by / 1e6);
    }

    fn weights(&mut self, now: SimTime, machine: u32, function: u32, weights: [f64; 3]) {
        let width = self.workload.last_ns() / 200 + 1;
        self.shares.get_or_insert_with(|| Box::new(Shares::new(width))).change(now, (machine, function), weights);
    }

    fn took_over(&mut self, now: SimTime) {
        if let Some(shares) = &mut self.shares {
            shares.end(now);
        }
    }

    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        let i = end.invocation as usize;
        self.in_system.add(now, -1.0);
        self.started_ns[i] = end.started.0;
        self.finished_ns[i] = end.finished.0;
        self.response_ns[i] = end.spent.iter().sum();
        self.host[i] = end.host;
        let cause = end.cause.map_or(0, |cause| 1 + cause as u8);
        self.flags[i] = (1 + end.outcome as u8) | if end.cold { COLD } else { 0 } | cause << CAUSE;
        self.attempts[i] = end.attempts;
        if end.outcome == Outcome::Completed && self.submitted_at(i) >= self.warm_up.0 {
            for (sum, ns) in self.phases.iter_mut().zip(end.spent) {
                *sum += u128::from(*ns);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::quantiles::type_7;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn selection_agrees_with_sorting(mut samples in proptest::collection::vec(0.0..1e3_f64, 1..60), q in 0.0..=1.0_f64) {
            let selected = select(&mut samples, q);
            samples.sort_unstable_by(f64::total_cmp);
            prop_assert_eq!(selected, type_7(&samples, q));
        }
    }
}
