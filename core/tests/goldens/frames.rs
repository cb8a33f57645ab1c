//! Scheduler architectures against the simulators of Sparrow and ExDe.
//!
//! The Sparrow table: 250 hosts of 4 slots, jobs of 10 tasks of Exp(100 ms), 0.5 ms from machine to machine, no decision time; 6,000
//! jobs from empty; as there, the response of a job counts if it was submitted after the first half second. Ours is the mean over
//! seeds; the original's is one run.
//!
//! ExDe's table (`exde_reference_runs.txt`, the variant with its faults mended, load 0.7): its objects are our functions, its cached
//! objects our warm containers, its storage delay our cold start, on the same trace, which is drawn here as its script draws it.
//! What differs: its delays come from a smoothed histogram, ours from the histogram; its second task of an object that is still
//! on its way does not wait for it, ours does.

use std::sync::Arc;

use faaslab_core::measure::Recorder;
use faaslab_core::platform::FunctionSpec;
use faaslab_core::rng::Stream;
use faaslab_core::scenario::{Function, Scenario};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::NS_PER_S;
use faaslab_core::workload::Workload;
use serde_json::{Value, json};

use super::{Report, folder};

const MS: f64 = 1e6;

/// Hosts of 4 cores, so far from everything; containers take so many of a host's `memory_mb` MB, one each.
fn cluster(hosts: u32, latency_ms: f64, memory_mb: u32, architecture: Value, placement: Value) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": latency_ms}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client"]},
                  {"id": "controller", "zone": "z", "roles": ["cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "count": hosts, "cores": 4, "memory_mb": memory_mb}],
        "links": [{"id": "near", "from": "users", "to": "controller", "latency_ms": 0}],
        "functions": [{"id": "f", "memory_mb": 1, "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "poisson", "rate_per_s": 1}},
        "frame": {"architecture": architecture},
        "policies": {"keep_alive": {"kind": "lru"}, "placement": placement, "starting": "join"},
        "run": {"duration_s": 1}
    }))
    .unwrap()
}

/// An architecture that decides in no time.
fn free(kind: &str, more: Value) -> Value {
    let mut value = json!({"kind": kind, "decision_ms": 0, "message_us": 0});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

/// Jobs of ten tasks, at a load of 1,000 slots.
fn sparrow_jobs(load: f64, jobs: u32, seed: u64, scenario: &Scenario) -> Workload {
    let mut gaps = Stream::new(seed, "sparrow", "arrivals");
    let mut tasks = Stream::new(seed, "sparrow", "tasks");
    let rate_per_s = load * 1000.0 / (10.0 * 0.1);
    let mut workload = Workload::default();
    workload.functions = Workload::new(scenario, None).unwrap().functions;
    let mut at = 0.0;
    for job in 0..jobs {
        at += -libm::log(gaps.positive()) * NS_PER_S as f64 / rate_per_s;
        for _ in 0..10 {
            workload.arrival_ns.push(at as u64);
            workload.function.push(0);
            workload.client.push(0);
            workload.execution_ns.push((-libm::log(tasks.positive()) * 100.0 * MS) as u64);
            workload.job.push(job);
        }
        workload.job_ideal_ns.push(0);
    }
    workload
}

/// The mean response of jobs that were submitted after the first half second, in milliseconds.
fn mean_job_ms(scenario: &Scenario, workload: Workload) -> f64 {
    let workload = Arc::new(workload);
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    Simulation::new(scenario, Arc::clone(&workload), &Library::default()).unwrap().run(&mut recorder);
    let (mut sum, mut count) = (0u128, 0u32);
    for first in (0..workload.len() as u32).step_by(10).filter(|&row| workload.arrival_ns[row as usize] > NS_PER_S / 2) {
        sum += u128::from((first..first + 10).map(|row| recorder.row(row).response_ns).max().unwrap());
        count += 1;
    }
    sum as f64 / f64::from(count) / MS
}

#[test]
fn sampling_schedulers_agree_with_the_sparrow_simulators() {
    let Some(text) = folder().and_then(|f| std::fs::read_to_string(f.join("frames/sparrow_sim_reference.txt")).ok()) else {
        return;
    };
    // All loads and seeds when the goldens are asked for; else what shows a mistake.
    let whole = std::env::var_os("FAASLAB_GOLDENS").is_some();
    let seeds = if whole { 10 } else { 2 };
    let mut report = Report::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("load ")) {
        let (load, rest) = line.split_once(' ').unwrap();
        let (name, figures) = rest.split_once("n=").unwrap();
        let theirs: f64 = figures.rsplit_once("mean=").unwrap().1.trim().parse().unwrap();
        let load: f64 = load.parse().unwrap();
        if load > 0.9 || (!whole && load < 0.9) {
            continue;
        }
        let architecture = match name.trim() {
            "random" => free("decentralized", json!({"d": 1})),
            "per-task d=2" => free("decentralized", json!({"d": 2})),
            "batch d=2" => free("batch_sampling", json!({"d": 2})),
            "batch+late d=2" => free("late_binding", json!({"d": 2, "cancellation": "off"})),
            "+cancel" => free("late_binding", json!({"d": 2, "cancellation": "on"})),
            "centralized" => free("pull", json!({})),
            other => panic!("{other} is not known"),
        };
        let scenario = cluster(250, 0.5, 100_000, architecture, json!({"kind": "random"}));
        let runs = (1..=seeds).map(|seed| mean_job_ms(&scenario, sparrow_jobs(load, 6000, seed, &scenario)));
        let ours = runs.sum::<f64>() / seeds as f64;
        let off = ours / theirs - 1.0;
        // Two seeds leave more to chance than ten.
        let agrees = off.abs() < if whole { 0.03 } else { 0.06 };
        let detail = format!("mean response of a job {ours:.1} ms, theirs {theirs:.1} ms ({:+.1} %)", 100.0 * off);
        report.line(format!("Sparrow, load {load}, {}", name.trim()), agrees, detail);
    }
    report.total("Sparrow");
    assert_eq!(report.differ, 0);
}

/// The generator of Python's `random` module (MT19937), seeded with one word, since the trace is drawn with it.
struct Twister {
    state: [u32; 624],
    at: usize,
}

impl Twister {
    fn new(seed: u32) -> Twister {
        let mut state = [0u32; 624];
        state[0] = 19_650_218;
        for i in 1..624 {
            state[i] = 1_812_433_253u32.wrapping_mul(state[i - 1] ^ (state[i - 1] >> 30)).wrapping_add(i as u32);
        }
        let mut i = 1;
        for _ in 0..624 {
            state[i] = (state[i] ^ (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_664_525)).wrapping_add(seed);
            i += 1;
            if i == 624 {
                (state[0], i) = (state[623], 1);
            }
        }
        for _ in 0..623 {
            state[i] = (state[i] ^ (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i == 624 {
                (state[0], i) = (state[623], 1);
            }
        }
        state[0] = 0x8000_0000;
        Twister { state, at: 624 }
    }

    fn word(&mut self) -> u32 {
        if self.at == 624 {
            for i in 0..624 {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % 624] & 0x7fff_ffff);
                let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + 397) % 624] ^ (y >> 1) ^ twist;
            }
            self.at = 0;
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// Uniform in [0, 1).
    fn uniform(&mut self) -> f64 {
        let (a, b) = (self.word() >> 5, self.word() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    /// Standard normal by the ratio of uniforms (Kinderman and Monahan).
    fn normal(&mut self) -> f64 {
        let magic = 4.0 * libm::exp(-0.5) / std::f64::consts::SQRT_2;
        loop {
            let u = self.uniform();
            let v = 1.0 - self.uniform();
            let z = magic * (u - 0.5) / v;
            if z * z / 4.0 <= -libm::log(v) {
                return z;
            }
        }
    }
}

/// The trace of `gen_synthetic_trace.py` with seed 1: (submission, duration, object), times in milliseconds; and what fetching the
/// object would take, from the weights of ExDe's storage delays.
fn exde_trace(tasks: usize, load: f64, seed: u64) -> Workload {
    const DELAYS: [(u64, u32); 7] = [(3556, 10), (2884, 100), (2280, 1000), (1256, 4000), (45, 5000), (21, 40_000), (13, 50_000)];
    const OBJECTS: usize = 20_000;
    let mut chance = Twister::new(1);
    let mut cumulative = Vec::with_capacity(OBJECTS);
    let mut sum = 0.0;
    for i in 1..=OBJECTS {
        sum += 1.0 / libm::pow(i as f64, 0.9);
        cumulative.push(sum);
    }
    let mu = libm::log(120.0);
    let rate = load * 80.0 / (libm::exp(mu + 0.5) + 25.0);
    let mut delays = Stream::new(seed, "storage", "delay");
    let mut workload = Workload::default();
    let mut at = 0.0;
    for _ in 0..tasks {
        at += -libm::log(1.0 - chance.uniform()) / rate;
        let u = chance.uniform() * sum;
        let object = cumulative.partition_point(|&c| c < u);
        let duration = libm::exp(mu + chance.normal()).trunc().max(5.0);
        let mut ticket = delays.below(100_110) as u32;
        let delay = DELAYS.iter().find(|(_, weight)| {
            let here = ticket < *weight;
            ticket = ticket.wrapping_sub(*weight);
            here
        });
        workload.arrival_ns.push(at.trunc() as u64 * 1_000_000);
        workload.function.push(object as u32);
        workload.client.push(0);
        workload.execution_ns.push(duration as u64 * 1_000_000);
        workload.start_ns.push(delay.map_or(0, |d| d.0 as i64 * 1_000_000));
    }
    let constant = serde_json::from_value(json!({"kind": "constant", "mean_ms": 100})).unwrap();
    let spec = |i: usize| {
        let function = Function { memory_mb: 1.0, concurrency: 4, ..Function::new(&format!("object-{i}"), constant) };
        FunctionSpec::of(&function, &[])
    };
    let one = spec(0);
    workload.functions = (0..OBJECTS).map(|i| FunctionSpec { id: format!("object-{i}"), ..one.clone() }).collect();
    workload
}

/// P50, P90 and mean of the slowdowns of a run, and the share of warm starts.
fn slowdowns(scenario: &Scenario, workload: &Arc<Workload>) -> [f64; 4] {
    let mut recorder = Recorder::new(Arc::clone(workload), 0.0);
    Simulation::new(scenario, Arc::clone(workload), &Library::default()).unwrap().run(&mut recorder);
    let n = workload.len();
    let rows: Vec<_> = (0..n as u32).map(|row| recorder.row(row)).collect();
    assert!(rows.iter().all(|row| row.finished.is_some()));
    let mut slowdowns: Vec<f64> =
        rows.iter().zip(&workload.execution_ns).map(|(row, &ideal)| row.response_ns as f64 / ideal as f64).collect();
    slowdowns.sort_by(f64::total_cmp);
    let warm = rows.iter().filter(|row| !row.cold).count();
    [slowdowns[n / 2], slowdowns[n * 9 / 10], slowdowns.iter().sum::<f64>() / n as f64, warm as f64 / n as f64]
}

#[test]
fn locality_agrees_with_exde() {
    let Some(text) = folder().and_then(|f| std::fs::read_to_string(f.join("frames/exde_reference_runs.txt")).ok()) else { return };
    // Which objects share a host is a matter of luck, and the most popular one alone is four fifths of a host's work: several runs,
    // with storage delays drawn anew, show how far luck goes.
    let traces: Vec<Arc<Workload>> = (1..=8).map(|seed| Arc::new(exde_trace(100_000, 0.7, seed))).collect();
    let mut report = Report::default();
    let mut medians = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("fixed    0.70")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, steal) = (words[2], words[3]);
        // Where theirs steal from a queue that all hosts have beside their own, ours have none to steal from.
        if steal != "no" && name != "ring" {
            continue;
        }
        let figure = |i: usize| words[i].parse::<f64>().unwrap();
        let theirs = [figure(5), figure(6), figure(9)];
        let (architecture, placement) = match name {
            "greedy" => (free("pull", json!({})), "random"),
            "random" => (free("independent", json!({})), "random"),
            "ring" => (free("independent", json!({})), "hashing"),
            "centralized" => (free("key_ranges", json!({"placers": 1, "rebalance_s": 0})), "random"),
            "delegated" => (free("key_ranges", json!({"placers": 5, "rebalance_s": 0})), "random"),
            other => panic!("{other} is not known"),
        };
        let mut placement = json!({"kind": placement});
        if name == "ring" {
            placement["bound"] = json!(0);
        }
        let mut scenario = cluster(20, 0.0, 1000, architecture, placement);
        if steal == "yes" {
            scenario.frame.stealing =
                serde_json::from_value(json!({"kind": "power_of_two", "pause_ms": 0, "again": "sent"})).unwrap();
        }
        let name = if steal == "yes" { format!("{name} with stealing") } else { name.to_owned() };
        let runs: Vec<[f64; 4]> = traces.iter().map(|workload| slowdowns(&scenario, workload)).collect();
        let column = |i: usize| runs.iter().map(move |run| run[i]);
        let mean = |i: usize| column(i).sum::<f64>() / runs.len() as f64;
        let (least, most) = (|i: usize| column(i).fold(f64::MAX, f64::min), |i: usize| column(i).fold(0.0, f64::max));
        medians.push((name.clone(), mean(1)));
        // Pure hashing overloads one host: how much depends on which keys share it, so that only its order counts.
        let within = |i: usize| (mean(i) / theirs[i] - 1.0).abs() < 0.1 || (least(i)..=most(i)).contains(&theirs[i]);
        let agrees = name == "ring" || (0..3).all(within);
        let ours: Vec<String> = (0..3).map(|i| format!("{:.2} ({:.2} to {:.2})", mean(i), least(i), most(i))).collect();
        let hits = format!("hits {:.3}; theirs {:.2}, {:.2}, {:.2}, {}", mean(3), theirs[0], theirs[1], theirs[2], words[10]);
        let detail = format!("P50 {}, P90 {}, mean {}, {hits}", ours[0], ours[1], ours[2]);
        report.line(format!("ExDe, load 0.7, {name}"), agrees, detail);
    }
    let of = |name: &str| medians.iter().find(|(n, _)| n == name).map(|(_, figures)| *figures);
    if let (Some(ring), Some(random), Some(greedy)) = (of("ring"), of("random"), of("greedy")) {
        report.line("ExDe, load 0.7, order of the tails", ring > random && random > greedy, "ring > random > greedy");
    }
    report.total("ExDe");
    assert_eq!(report.differ, 0);
}
