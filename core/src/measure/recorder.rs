//! The probe that keeps a row per invocation.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::hosts::{HostLog, HostSeries};
use super::series::StepSeries;
use crate::engine::NONE;
use crate::platform::{
    Accounting, Cause, ContainerChange, ContainerEvent, ImageChange, ImageEvent, ImagePlace, Outcome, PlacerChange, Probe, TaskEnd,
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
    /// By [`IN_SYSTEM`], [`IDLE`], [`BUSY`].
    pub(super) levels: StepSeries<3>,
    pub(super) evicted: StepSeries,
    pub(super) expired: StepSeries,
    /// Nothing before the first image.
    pub(super) images: Option<StepSeries>,
    /// Nothing before the first share.
    shares: Option<Box<Shares>>,
    /// The first placers that a message reached, in the order of instance and number.
    pub(super) placers: Vec<((u16, u32), PlacerSeries)>,
    /// Where the one that was last told of stands there.
    last_placer: usize,
    /// Nothing unless somebody asked for it.
    hosts: Option<Box<HostLog>>,
}

/// What one placer has to do.
#[derive(Clone, Debug)]
pub(super) struct PlacerSeries {
    /// Its machine.
    pub(super) machine: u32,
    /// How many messages wait ([`INBOX`]), and one while it decides ([`DECIDES`]).
    pub(super) levels: StepSeries<2>,
}

/// Messages in its inbox, among the levels of a placer.
pub(super) const INBOX: usize = 0;
/// Whether it decides.
pub(super) const DECIDES: usize = 1;

/// Tasks in the system, among the levels of a run.
pub(super) const IN_SYSTEM: usize = 0;
/// MB of idle containers.
pub(super) const IDLE: usize = 1;
/// MB of starting and busy containers.
pub(super) const BUSY: usize = 2;

/// Of more placers no series are kept.
const MOST_SERIES: usize = 128;

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
            series.add(now, [to - *last]);
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

/// What the low four bits of a row's flags say of how it ended.
const OUTCOMES: [Option<Outcome>; 16] = {
    let mut all = [None; 16];
    let mut i = 0;
    while i < Outcome::ALL.len() {
        all[i + 1] = Some(Outcome::ALL[i]);
        i += 1;
    }
    all
};

const COLD: u8 = 16;
/// Where the three bits of the cause begin.
const CAUSE: u8 = 5;
const _: () = assert!(Outcome::ALL.len() < 16 && Cause::ALL.len() < 8, "a byte holds how a row ended");

/// The width of the buckets of a series before the run turns out to be longer than its arrivals, in nanoseconds.
fn first_width(workload: &Workload) -> u64 {
    workload.last_ns() / 1500 + 1
}

impl Recorder {
    /// A recorder for a workload; invocations submitted before the end of the warm-up are recorded and not measured.
    pub fn new(workload: Arc<Workload>, warm_up_s: f64) -> Recorder {
        let n = workload.len();
        let width = first_width(&workload);
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
            levels: StepSeries::new(width),
            evicted: StepSeries::new(width),
            expired: StepSeries::new(width),
            images: None,
            shares: None,
            placers: Vec::new(),
            last_placer: 0,
            hosts: None,
            workload,
        }
    }

    /// A recorder that keeps series of each host as well.
    pub fn with_hosts(self) -> Recorder {
        let log = HostLog::new(self.workload.last_ns() / 200 + 1);
        Recorder { hosts: Some(Box::new(log)), ..self }
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

    /// The series of a placer; nothing where there are too many.
    #[inline]
    fn series_of(&mut self, machine: u32, placer: (u16, u32)) -> Option<&mut PlacerSeries> {
        if self.placers.get(self.last_placer).is_none_or(|(which, _)| *which != placer) {
            self.last_placer = self.find_series(machine, placer)?;
        }
        self.placers.get_mut(self.last_placer).map(|(_, series)| series)
    }

    fn find_series(&mut self, machine: u32, placer: (u16, u32)) -> Option<usize> {
        match self.placers.binary_search_by_key(&placer, |(which, _)| *which) {
            Err(place) if self.placers.len() < MOST_SERIES => {
                let series = PlacerSeries { machine, levels: StepSeries::new(first_width(&self.workload)) };
                self.placers.insert(place, (placer, series));
                Some(place)
            }
            found => found.ok(),
        }
    }

    pub(super) fn workload(&self) -> &Workload {
        &self.workload
    }

    /// What was submitted before is not measured.
    pub(super) fn warm_up(&self) -> SimTime {
        self.warm_up
    }

    /// The mean shares of decentralized, federated and centralized; nothing before the first share.
    pub(super) fn share_series(&self) -> Option<&[StepSeries; 3]> {
        self.shares.as_ref().map(|shares| &shares.means)
    }

    /// How many rows there are, whether they came or not.
    pub(super) fn rows(&self) -> usize {
        self.flags.len()
    }

    /// Whether a row started cold.
    pub(super) fn is_cold(&self, i: usize) -> bool {
        self.flags[i] & COLD != 0
    }

    /// How long a row took, in milliseconds.
    pub(super) fn response_ms(&self, i: usize) -> f64 {
        self.response_ns[i] as f64 / 1e6
    }

    /// When and where a row was executed, if it was.
    pub(super) fn execution(&self, i: usize) -> Option<(u32, u64, u64)> {
        let ran = self.host[i] != NONE && self.started_ns[i] != u64::MAX && self.finished_ns[i] != u64::MAX;
        ran.then(|| (self.host[i], self.started_ns[i], self.finished_ns[i]))
    }

    /// The rows that may have been submitted in a part of the run: all but those that are known not to.
    pub(super) fn rows_within(&self, from: u64, to: u64) -> std::ops::Range<usize> {
        if !self.submitted_ns.is_empty() {
            return 0..self.rows();
        }
        let arrivals = &self.workload.arrival_ns;
        arrivals.partition_point(|&at| at < from)..arrivals.partition_point(|&at| at < to)
    }

    pub(super) fn outcome(&self, i: usize) -> Option<Outcome> {
        OUTCOMES[usize::from(self.flags[i] & 15)]
    }

    /// When a row was submitted, in nanoseconds: its time, or when the others that it waited for let it.
    pub(super) fn submitted_at(&self, i: usize) -> u64 {
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
    pub(super) fn some_completed(&self, stride: usize) -> impl Iterator<Item = usize> + Clone {
        self.measured().step_by(stride).filter(|&i| self.is_completed(i))
    }

    /// The completed rows that count.
    pub(super) fn completed(&self) -> impl Iterator<Item = usize> + Clone {
        self.measured().filter(|&i| self.is_completed(i))
    }

    fn is_completed(&self, i: usize) -> bool {
        self.flags[i] & 15 == 1 + Outcome::Completed as u8
    }

    /// Response / ideal; nothing for an ideal of zero.
    pub fn slowdown(&self, invocation: u32) -> Option<f64> {
        let ideal = self.workload.execution_ns[invocation as usize];
        (ideal > 0).then(|| self.response_ns[invocation as usize] as f64 / ideal as f64)
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

    /// The series of each host as far as a simulation has come; nothing without [`Recorder::with_hosts`].
    pub fn hosts(&self, simulation: &Simulation) -> Option<HostSeries> {
        let model = simulation.model();
        let ids = model.hosts.iter().map(|host| model.machine_id(host.machine));
        self.hosts.as_ref().map(|log| log.series(ids, simulation.world().now))
    }
}

impl Probe for Recorder {
    fn wants_steps(&self) -> bool {
        false
    }

    #[inline]
    fn passed(&mut self, _now: SimTime, machine: u32, placer: (u16, u32)) {
        // What goes through at once adds nothing to the time averages; only that there is such a placer is to be known.
        self.series_of(machine, placer);
    }

    #[inline]
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        if !self.submitted_ns.is_empty() {
            self.submitted_ns[invocation as usize] = now.0;
        }
        self.levels.add(now, [1.0, 0.0, 0.0]);
    }

    #[inline]
    fn container(&mut self, now: SimTime, event: &ContainerEvent) {
        let mb = event.memory as f64 / 1e6;
        match event.change {
            ContainerChange::Starting | ContainerChange::Prewarming => self.levels.add(now, [0.0, 0.0, mb]),
            ContainerChange::Idle => self.levels.add(now, [0.0, mb, -mb]),
            ContainerChange::Ready => {}
            ContainerChange::Busy => self.levels.add(now, [0.0, -mb, mb]),
            ContainerChange::Expired | ContainerChange::Evicted | ContainerChange::Killed => self.levels.add(now, [0.0, -mb, 0.0]),
        }
        match event.change {
            ContainerChange::Evicted => self.evicted.pulse(now),
            ContainerChange::Expired => self.expired.pulse(now),
            _ => {}
        }
    }

    fn image(&mut self, now: SimTime, event: &ImageEvent) {
        let by = match (event.place, event.change) {
            (ImagePlace::Memory(_), ImageChange::Coming) => event.bytes as f64,
            (ImagePlace::Memory(_), ImageChange::Evicted) => -(event.bytes as f64),
            _ => return,
        };
        let width = first_width(&self.workload);
        self.images.get_or_insert_with(|| StepSeries::new(width)).add(now, [by / 1e6]);
    }

    #[inline]
    fn on_host(&mut self, now: SimTime, host: u32, more: bool) {
        if let Some(hosts) = &mut self.hosts {
            hosts.change(now, host, more);
        }
    }

    fn weights(&mut self, now: SimTime, machine: u32, function: u32, weights: [f64; 3]) {
        let width = first_width(&self.workload);
        self.shares.get_or_insert_with(|| Box::new(Shares::new(width))).change(now, (machine, function), weights);
    }

    #[inline]
    fn placer(&mut self, now: SimTime, machine: u32, placer: (u16, u32), change: PlacerChange) {
        let Some(series) = self.series_of(machine, placer) else { return };
        let by = match change {
            PlacerChange::Waits => [1.0, 0.0],
            PlacerChange::Decides => [-1.0, 1.0],
            PlacerChange::Done => [0.0, -1.0],
        };
        series.levels.add(now, by);
    }

    fn took_over(&mut self, now: SimTime) {
        if let Some(shares) = &mut self.shares {
            shares.end(now);
        }
    }

    #[inline]
    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        let i = end.invocation as usize;
        self.levels.add(now, [-1.0, 0.0, 0.0]);
        self.started_ns[i] = end.started.0;
        self.finished_ns[i] = end.finished.0;
        self.response_ns[i] = end.response_ns;
        self.host[i] = end.host;
        let cause = end.cause.map_or(0, |cause| 1 + cause as u8);
        self.flags[i] = (1 + end.outcome as u8) | if end.cold { COLD } else { 0 } | cause << CAUSE;
        self.attempts[i] = end.attempts;
        if let (Some(hosts), Outcome::Completed) = (&mut self.hosts, end.outcome) {
            hosts.completed(end.host, end.finished, end.finished.since(end.started).0, self.response_ns[i]);
        }
        if end.outcome == Outcome::Completed && self.submitted_at(i) >= self.warm_up.0 {
            // Most of the time nothing takes time but the execution.
            let execution = Accounting::Execution as usize;
            if end.spent[execution] == end.response_ns {
                self.phases[execution] += u128::from(end.response_ns);
            } else {
                self.phases.iter_mut().zip(end.spent).for_each(|(sum, &ns)| *sum += u128::from(ns));
            }
        }
    }
}
