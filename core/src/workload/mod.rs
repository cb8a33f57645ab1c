//! What arrives, as columns: one row per invocation, sorted by time; after those that have a time, those that wait for others to
//! end ([`Gates`]).
//!
//! Arrival and execution times are drawn here, before the run, so that no policy can change them: two scenarios that differ
//! only in scheduling see the same workload, and their comparison is paired.

mod closed_loop;
mod expand;
mod future;
mod gates;
mod jobs;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

pub use future::Future;
pub use gates::{GateBuilder, GateError, Gates};
pub use jobs::JOBS;

use crate::dist::Distribution;
use crate::engine::NONE;
use crate::platform::{FunctionSpec, Model};
use crate::registry::{Args, Domain, Entry, Param, find};
use crate::rng::Stream;
pub use crate::scenario::MOST_INVOCATIONS;
use crate::scenario::{Node, Role, Scenario, too_many_drawn};
use crate::trace::{MINUTE_NS, Rows, TraceData, TraceFunction};
use crate::units::{NS_PER_S, SimDuration};
use jobs::{Shapes, Tasks};

const RATE: Param = Param {
    name: "rate_per_s",
    label: "Rate",
    unit: "per s",
    help: "Mean number of invocations per second, or of jobs of several, over all functions and clients.",
    domain: Domain::Number { default: 40.0, min: 0.0, max: 1e6 },
};

/// Every process that arrivals can be drawn from.
pub const ARRIVALS: &[&Entry] = &[
    &Entry {
        kind: "poisson",
        name: "Poisson",
        summary: "Independent arrivals at a constant rate.",
        source: "The arrival process of M/M/1 and its kin.",
        params: &[RATE],
        decides: &[],
    },
    &Entry {
        kind: "deterministic",
        name: "Evenly spaced",
        summary: "One arrival after the other, always the same time apart.",
        source: "The arrival process of D/M/1.",
        params: &[RATE],
        decides: &[],
    },
    &closed_loop::ENTRY,
];

/// How often each function is invoked.
pub const POPULARITIES: &[&Entry] = &[
    &Entry {
        kind: "weights",
        name: "By weight",
        summary: "In proportion to the functions' weights.",
        source: "-",
        params: &[],
        decides: &[],
    },
    &Entry {
        kind: "zipf",
        name: "Zipf",
        summary: "The n-th function in proportion to 1 / n^s.",
        source: "Breslau et al., 1999; the skew of Azure's functions in Shahrad et al., 2020.",
        params: &[Param {
            name: "s",
            label: "Exponent",
            unit: "",
            help: "0 is even; 0.9 is usual; larger is more skewed.",
            domain: Domain::Number { default: 0.9, min: 0.0, max: 10.0 },
        }],
        decides: &[],
    },
];

/// The invocations of a run, a row each, sorted by arrival.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workload {
    /// When each arrives at its client, in nanoseconds; `u64::MAX` for those that wait for others, which come last.
    pub arrival_ns: Vec<u64>,
    /// Its function.
    pub function: Vec<u32>,
    /// How long it executes alone on a warm host of speed 1, in nanoseconds.
    pub execution_ns: Vec<u64>,
    /// Its client.
    pub client: Vec<u16>,
    /// What a cold start takes more than a warm one, in nanoseconds, where that differs within a function; else empty.
    pub start_ns: Vec<i64>,
    /// What the rows without a time wait for.
    pub gates: Gates,
    /// The job of each row, numbered from 0; empty where every row is a job of its own. Rows of one job that are submitted
    /// together stand together.
    pub job: Vec<u32>,
    /// Per job, how long it takes on idle, warm hosts of speed 1 without any messages: the longest way through its rows, in
    /// nanoseconds.
    pub job_ideal_ns: Vec<u64>,
    /// The functions.
    pub functions: Vec<FunctionSpec>,
    /// What the clairvoyant policy asks for, worked out when it is first asked.
    pub(crate) future: OnceLock<Arc<Future>>,
}

/// The longest time of a trace, in nanoseconds.
const CENTURY_NS: u64 = 36_525 * 86_400 * NS_PER_S;

/// Why there is no workload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}. {hint}")]
pub struct WorkloadError {
    /// A path in the scenario.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl Workload {
    /// Draws the workload of a scenario; with a trace if the scenario names one. What validation would refuse gives an error or
    /// a workload of no use, and never a panic.
    pub fn new(scenario: &Scenario, trace: Option<&TraceData>) -> Result<Workload, WorkloadError> {
        let error =
            |place: &str, message: String, hint: &str| WorkloadError { place: place.to_owned(), message, hint: hint.to_owned() };
        let mut workload = match (&scenario.workload.trace, trace) {
            (Some(_), Some(trace)) => {
                let end = match (scenario.run.duration_s, scenario.workload.trace_options.time_scale) {
                    (None, _) => u64::MAX,
                    (Some(s), 1.0) => SimDuration::from_s(s).0,
                    (Some(s), scale) => SimDuration::from_s(s / scale).0,
                };
                let invocations = trace.invocations_until(end);
                if invocations > MOST_INVOCATIONS {
                    let message = format!("the trace has {invocations} invocations, more than {MOST_INVOCATIONS}");
                    return Err(error("workload.trace", message, "Run its beginning: set run.duration_s."));
                }
                from_trace(scenario, trace, end)
            }
            (Some(named), None) => {
                let names: Vec<&str> = named.files.iter().map(|f| f.name.as_str()).collect();
                return Err(error(
                    "workload.trace",
                    format!("the trace is not here: {}", names.join(", ")),
                    "Load the file: drop it on the page, or give it with --trace.",
                ));
            }
            (None, _) => {
                let arrivals = &scenario.workload.arrivals;
                let entry = find(ARRIVALS, &arrivals.kind).copied();
                let jobs = &scenario.workload.jobs;
                let jobs = find(JOBS, &jobs.kind).map(|entry| (jobs, *entry));
                if let Some((path, message, hint)) = entry.and_then(|e| too_many_drawn(arrivals, e, jobs, scenario.run.duration_s))
                {
                    return Err(error(&path, message, hint));
                }
                drawn(scenario)
            }
        };
        if workload.client.is_empty() {
            workload.draw_clients(scenario);
        }
        Ok(workload)
    }

    /// Whether two scenarios have the same workload, given the same trace: what they differ in has no part in it, as policies and the
    /// frame have none.
    pub fn is_shared(one: &Scenario, other: &Scenario) -> bool {
        let parts = |scenario: &Scenario| {
            let Scenario {
                version: _,
                title: _,
                question: _,
                look_at: _,
                zones: _,
                nodes,
                links: _,
                network: _,
                images,
                functions,
                workload,
                frame: _,
                policies: _,
                timeline: _,
                run,
            } = scenario.clone();
            (traffic(&nodes), images, functions, workload, run)
        };
        parts(one) == parts(other)
    }

    /// The number of invocations.
    pub fn len(&self) -> usize {
        self.arrival_ns.len()
    }

    /// Whether nothing arrives.
    pub fn is_empty(&self) -> bool {
        self.arrival_ns.is_empty()
    }

    /// What a cold start of an invocation takes more than a warm one, in nanoseconds.
    pub fn start_ns(&self, invocation: u32, model: &Model) -> i64 {
        debug_assert!(invocation != NONE);
        match self.start_ns.get(invocation as usize) {
            Some(&own) => own,
            None => model.functions[self.function[invocation as usize] as usize].start_ns,
        }
    }

    /// The rows that are submitted together with a row, which is the first of them: those of its job that follow it and have the
    /// same time. Rows that wait at a gate are submitted with it, and stay before `end`.
    pub fn wave(&self, first: u32, end: u32) -> Range<u32> {
        let Some(&job) = self.job.get(first as usize) else { return first..first + 1 };
        let at = self.arrival_ns[first as usize];
        let more = |&row: &u32| self.job[row as usize] == job && self.arrival_ns[row as usize] == at;
        first..(first + 1..end).find(|row| !more(row)).unwrap_or(end)
    }

    /// Takes gates for the rows at its end, which from now on have no time of their own.
    pub fn set_gates(&mut self, gates: Gates) {
        debug_assert!(gates.is_empty() || gates.end() == self.function.len(), "each row has a time or a gate");
        let timed = if gates.is_empty() { self.arrival_ns.len() } else { gates.rows(0).start as usize };
        self.arrival_ns.truncate(timed);
        self.arrival_ns.resize(gates.end().max(timed), u64::MAX);
        self.gates = gates;
    }

    /// About when the last row is submitted, in nanoseconds, as far as that is known before the run.
    pub fn last_ns(&self) -> u64 {
        let timed = self.arrival_ns.partition_point(|&at| at < u64::MAX);
        let last = timed.checked_sub(1).map_or(0, |i| self.arrival_ns[i]);
        if self.gates.is_empty() || self.gates.until_ns() == u64::MAX { last } else { self.gates.until_ns() }
    }

    /// When each function is needed, for whoever may look ahead.
    pub fn future(&self) -> Arc<Future> {
        Arc::clone(self.future.get_or_init(|| Arc::new(Future::new(self))))
    }

    /// Leaves the first rows only.
    fn keep(&mut self, rows: usize) {
        self.arrival_ns.truncate(rows);
        self.function.truncate(rows);
        self.execution_ns.truncate(rows);
        self.client.truncate(rows);
        self.job.truncate(rows);
    }

    fn draw_clients(&mut self, scenario: &Scenario) {
        let shares = Shares::new(&traffic(&scenario.nodes));
        let mut stream = Stream::new(scenario.run.seed, "workload", "clients");
        let mut draw = |_| shares.draw(&mut stream) as u16;
        if self.job.is_empty() {
            self.client = (0..self.len()).map(draw).collect();
        } else {
            // All tasks of a job come from one client.
            let of_jobs: Vec<u16> = (0..self.job_ideal_ns.len()).map(&mut draw).collect();
            self.client = self.job.iter().map(|&job| of_jobs[job as usize]).collect();
        }
    }
}

/// What comes from each client, in proportion.
fn traffic(nodes: &[Node]) -> Vec<f64> {
    nodes.iter().filter(|n| n.is(Role::Client)).map(|n| n.traffic).collect()
}

fn rate_per_s(scenario: &Scenario) -> f64 {
    let choice = &scenario.workload.arrivals;
    find(ARRIVALS, &choice.kind).map_or(0.0, |entry| Args::new(choice, entry).number("rate_per_s"))
}

/// Cumulative shares, to draw an index in proportion to its weight.
struct Shares(Vec<f64>);

impl Shares {
    fn new(weights: &[f64]) -> Shares {
        let mut sum = 0.0;
        Shares(
            weights
                .iter()
                .map(|w| {
                    sum += w;
                    sum
                })
                .collect(),
        )
    }

    fn draw(&self, stream: &mut Stream) -> usize {
        let total = self.0.last().copied().unwrap_or(0.0);
        if self.0.len() < 2 {
            return 0;
        }
        let at = stream.uniform() * total;
        self.0.partition_point(|&up_to| up_to <= at).min(self.0.len() - 1)
    }
}

/// How often each function is invoked.
fn function_shares(scenario: &Scenario) -> Shares {
    let weights: Vec<f64> = match scenario.workload.popularity.kind.as_str() {
        "zipf" => {
            let choice = &scenario.workload.popularity;
            let s = find(POPULARITIES, "zipf").map_or(0.0, |entry| Args::new(choice, entry).number("s"));
            (1..=scenario.functions.len()).map(|n| libm::pow(n as f64, -s)).collect()
        }
        _ => scenario.functions.iter().map(|f| f.weight).collect(),
    };
    Shares::new(&weights)
}

fn drawn(scenario: &Scenario) -> Workload {
    let seed = scenario.run.seed;
    let functions: Vec<FunctionSpec> = scenario.functions.iter().map(|f| FunctionSpec::of(f, &scenario.images)).collect();
    if scenario.workload.arrivals.kind == closed_loop::ENTRY.kind {
        return closed_loop::draw(scenario, functions);
    }
    let shares = function_shares(scenario);
    let times: Vec<Distribution> = scenario.functions.iter().map(|f| Distribution::new(&f.execution)).collect();
    let mut executions: Vec<Stream> = functions.iter().map(|f| Stream::new(seed, &f.id, "execution")).collect();
    let mut gaps = Stream::new(seed, "workload", "arrivals");
    let mut which = Stream::new(seed, "workload", "functions");
    let rate = rate_per_s(scenario);
    let mut shapes = Shapes::new(scenario);
    let mut tasks = Tasks::default();
    let end = SimDuration::from_s(scenario.run.duration_s.unwrap_or(0.0)).0;
    let mut workload = Workload { functions, ..Workload::default() };
    if rate <= 0.0 || times.is_empty() {
        return workload;
    }
    let even = scenario.workload.arrivals.kind == "deterministic";
    let mut at = 0u64;
    for count in 1u64.. {
        // Evenly spaced arrivals are computed from their number, so that rounding does not add up.
        at = if even {
            libm::rint(count as f64 * NS_PER_S as f64 / rate) as u64
        } else {
            at.saturating_add(libm::rint(-libm::log(gaps.positive()) * NS_PER_S as f64 / rate) as u64)
        };
        if at > end || at == u64::MAX || (workload.len() + tasks.len()) as u64 >= 2 * MOST_INVOCATIONS || tasks.are_too_many() {
            break;
        }
        if let Some(shapes) = &mut shapes {
            let own = shapes.next(&mut tasks, at);
            let shared = shapes.one_function.then(|| shares.draw(&mut which));
            for _ in own {
                let function = shared.unwrap_or_else(|| shares.draw(&mut which));
                let execution_ns = SimDuration::from_ms(times[function].sample(&mut executions[function])).0;
                tasks.push_function(function as u32, execution_ns);
            }
            continue;
        }
        let function = shares.draw(&mut which);
        workload.arrival_ns.push(at);
        workload.function.push(function as u32);
        workload.execution_ns.push(SimDuration::from_ms(times[function].sample(&mut executions[function])).0);
    }
    if shapes.is_some() {
        workload = tasks.into_workload(u64::MAX, workload.functions);
    }
    workload
}

/// The invocations of a trace up to `end`, in nanoseconds of its own time.
fn from_trace(scenario: &Scenario, trace: &TraceData, end: u64) -> Workload {
    let options = &scenario.workload.trace_options;
    let scale = options.time_scale;
    // What waits for others has no time; what is too long after that ends with the clock's century.
    let scaled = |ns: u64| if scale == 1.0 || ns == u64::MAX { ns } else { (libm::rint(ns as f64 * scale) as u64).min(CENTURY_NS) };
    let start = |ns: i64| scaled(ns.unsigned_abs()) as i64 * ns.signum();
    let spec = |f: &TraceFunction| {
        let own = TraceFunction { start_ns: f.start_ns.map(start), ..f.clone() };
        let spec = FunctionSpec::of_trace(&own, options, &scenario.images);
        // A trace's own cores count before the scenario's.
        let millicores = f.cores.map_or(spec.millicores, |cores| libm::rint(cores * 1e3).clamp(1.0, f64::from(u32::MAX)) as u32);
        FunctionSpec { millicores, ..spec }
    };
    let functions: Vec<FunctionSpec> = trace.functions.iter().map(spec).collect();
    let mut workload = match &trace.rows {
        Rows::Invocations { arrival_ns, function, execution_ns, start_ns } => {
            let keep = arrival_ns.partition_point(|&at| at <= end);
            Workload {
                arrival_ns: arrival_ns[..keep].to_vec(),
                function: function[..keep].to_vec(),
                execution_ns: execution_ns[..keep].to_vec(),
                start_ns: start_ns.get(..keep).unwrap_or_default().to_vec(),
                ..Workload::default()
            }
        }
        Rows::Tasks { arrival_ns, function, execution_ns, job, delay_ns, parents_end, parents } => {
            let mut tasks = Tasks::default();
            let mut begin = 0;
            for row in 0..arrival_ns.partition_point(|&at| at <= end) {
                let above = begin..parents_end[row] as usize;
                begin = above.end;
                let delay_ns = delay_ns.get(row).copied().unwrap_or(0);
                tasks.push(job[row], scaled(arrival_ns[row]), scaled(delay_ns), &parents[above]);
                tasks.push_function(function[row], scaled(execution_ns[row]));
            }
            return tasks.into_workload(u64::MAX, functions);
        }
        Rows::PerMinute { minute, function, count, .. } => {
            let begun = minute.partition_point(|&m| u64::from(m).saturating_mul(MINUTE_NS) <= end);
            let (minute, function, count) = (&minute[..begun], &function[..begun], &count[..begun]);
            let mut workload = expand::per_minute(trace, scenario.run.seed, options, minute, function, count);
            let keep = workload.arrival_ns.partition_point(|&at| at <= end);
            workload.keep(keep);
            workload
        }
    };
    if scale != 1.0 {
        workload.arrival_ns.iter_mut().chain(&mut workload.execution_ns).for_each(|ns| *ns = scaled(*ns));
        workload.start_ns.iter_mut().for_each(|ns| *ns = start(*ns));
    }
    workload.functions = functions;
    workload
}
