//! Whole runs beside their goals: `./dev bench`. Each case runs in a process of its own, so that its memory is its own and nobody's
//! heap is warm; of three runs the best counts. The limit program runs in the same process as the common workload, in turn with it.
//!
//! `--quick` takes a hundredth of the rows and one run each; a word takes the cases whose names contain it; `--json FILE` also writes
//! the figures there.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

mod limit;
mod workloads;

use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::policy::keep_alive;
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use workloads::{Common, azure_2021, common_hosts, generated, pressing, read, workload};

/// One figure of a case.
#[derive(Clone)]
struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    /// What it should be at least, or at most where the goal is negative.
    goal: Option<f64>,
}

fn figure(what: impl Into<String>, value: f64, unit: &'static str, goal: Option<f64>) -> Figure {
    Figure { what: what.into(), value, unit, goal }
}

/// How much to measure.
#[derive(Clone, Copy)]
struct Size {
    /// Rows are divided by this.
    divisor: usize,
    runs: usize,
}

impl Size {
    fn rows(self, rows: usize) -> usize {
        (rows / self.divisor).max(10_000)
    }
}

/// The least seconds of several runs, and what the last one answered.
fn best<T>(runs: usize, mut run: impl FnMut() -> T) -> (f64, T) {
    let mut once = || {
        let begin = Instant::now();
        let answer = run();
        (begin.elapsed().as_secs_f64(), answer)
    };
    let mut least = once();
    for _ in 1..runs {
        let next = once();
        least = (least.0.min(next.0), next.1);
    }
    least
}

/// A run to its end, with the default columns and the summary's quantiles.
fn play(scenario: &Scenario, workload: &Arc<Workload>) -> (Summary, Simulation) {
    let mut recorder = Recorder::new(Arc::clone(workload), scenario.run.warm_up_s);
    let mut simulation = Simulation::new(scenario, Arc::clone(workload), &Library::default()).unwrap();
    while !recorder.step(&mut simulation, u64::MAX >> 1).done {}
    (Summary::new(&simulation, &recorder), simulation)
}

/// Millions of invocations a second.
fn rate(rows: usize, seconds: f64) -> f64 {
    rows as f64 / seconds / 1e6
}

const TTL_S: f64 = 600.0;

fn keep() -> Value {
    json!({"kind": "fixed_ttl", "ttl_s": TTL_S})
}

fn common_workload(size: Size) -> Vec<Figure> {
    let n = size.rows(1_000_000);
    let rows = Common::new(n);
    let trace = read("cw1.csv", rows.csv().as_bytes());
    let scenario = common_hosts(20, 8192, "never", keep());
    let workload = workload(&scenario, Some(&trace));
    let (mut least, mut least_of_limit) = (f64::MAX, f64::MAX);
    let mut last = None;
    for _ in 0..size.runs {
        let (seconds, (summary, simulation)) = best(1, || play(&scenario, &workload));
        let (bare, outcome) = best(1, || limit::run(&rows, 20, 8192 << 20, (TTL_S * 1e9) as u64));
        (least, least_of_limit) = (least.min(seconds), least_of_limit.min(bare));
        let cold = simulation.world().counters.cold;
        assert_eq!(outcome.cold, cold, "the limit program does not do the same");
        last = Some((summary, cold));
    }
    let (summary, cold) = last.unwrap();
    eprintln!("  digest {}, {} cold starts, {} events", summary.digest, cold, summary.events);
    let (engine, bare) = (rate(n, least), rate(n, least_of_limit));
    vec![
        figure("common workload, native", engine, "M invocations/s", Some(8.0)),
        figure("the limit program on it", bare, "M invocations/s", None),
        figure("share of the limit", engine / bare, "", Some(0.45)),
    ]
}

fn hosts(size: Size) -> Vec<Figure> {
    let n = size.rows(1_000_000);
    let trace = read("cw1.csv", Common::new(n).csv().as_bytes());
    let mut figures = Vec::new();
    let mut first = None;
    for hosts in [20, 100, 1_000, 10_000] {
        let scenario = common_hosts(hosts, 8192, "never", keep());
        let workload = workload(&scenario, Some(&trace));
        let (seconds, _) = best(size.runs, || play(&scenario, &workload));
        let cost = seconds / n as f64 * 1e9;
        let ratio = cost / *first.get_or_insert(cost);
        figures.push(figure(format!("{hosts} hosts, seen as they are"), ratio, "of the cost with 20", Some(-2.0)));
    }
    let mut first = None;
    for hosts in [20, 1_000, 10_000] {
        // So many that every host is used, at a load of 0.7.
        let rate_per_s = f64::from(hosts) * 4.0 * 0.7 / 0.1;
        let scenario = generated(
            hosts,
            4,
            8192,
            &json!({
                "functions": (0..100).map(|f| json!({"id": format!("f{f}"), "execution": {"kind": "exponential", "mean_ms": 100}})).collect::<Vec<_>>(),
                "workload": {"arrivals": {"kind": "poisson", "rate_per_s": rate_per_s}, "popularity": {"kind": "zipf"}},
                "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}},
                "policies": {"placement": {"kind": "warm_first"}},
                "run": {"duration_s": size.rows(1_000_000) as f64 / rate_per_s}
            }),
        );
        let workload = workload(&scenario, None);
        let (seconds, _) = best(size.runs, || play(&scenario, &workload));
        let cost = seconds / workload.len() as f64 * 1e9;
        let ratio = cost / *first.get_or_insert(cost);
        figures.push(figure(format!("{hosts} hosts, by messages, warm first, load 0.7"), ratio, "of the cost with 20", Some(-2.0)));
    }
    figures
}

/// The most memory that this process has held, in bytes; 0 where the system does not say.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}

fn lengths(size: Size) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut first = None;
    for n in [10_000, 100_000, 1_000_000, 10_000_000].into_iter().filter(|&n| n <= 10_000_000 / size.divisor.min(100)) {
        let rows = Common::new(n);
        let scenario = common_hosts(20, 8192, "never", keep());
        let trace = read("cw1.csv", rows.csv().as_bytes());
        drop(rows);
        let workload = workload(&scenario, Some(&trace));
        drop(trace);
        // Short runs are repeated, so that what is measured is long enough.
        let (seconds, _) = best(size.runs.max(1_000_000 / n).min(30), || play(&scenario, &workload));
        let cost = seconds / n as f64 * 1e9;
        let ratio = cost / *first.get_or_insert(cost);
        figures.push(figure(format!("{n} invocations"), ratio, "of the cost of 10,000", Some(-1.3)));
    }
    figures
}

/// Memory of a run beside its workload, per invocation: what the process held more than before the run.
fn memory(size: Size) -> Vec<Figure> {
    let n = size.rows(4_000_000);
    let scenario = common_hosts(20, 8192, "never", keep());
    let mut draw = scenario.to_value();
    draw["workload"] = json!({"arrivals": {"kind": "poisson", "rate_per_s": 100}, "popularity": {"kind": "zipf"}});
    draw["functions"] = (0..100)
        .map(|f| json!({"id": format!("f{f}"), "memory_mb": workloads::memory_mb(f), "execution": {"kind": "exponential", "mean_ms": 500}}))
        .collect();
    draw["run"] = json!({"duration_s": n as f64 / 100.0});
    let scenario = Scenario::from_value(draw).unwrap();
    let workload = workload(&scenario, None);
    let before = peak_memory();
    let held = {
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        while !recorder.step(&mut simulation, u64::MAX >> 1).done {}
        black_box(&recorder);
        peak_memory() - before
    };
    if before == 0.0 {
        Vec::new()
    } else {
        vec![figure("memory of a run beside its workload", held / workload.len() as f64, "bytes per invocation", Some(-40.0))]
    }
}

/// Two hosts of a thousand containers each and functions for six thousand: nearly every cold start removes a container.
fn pressure(size: Size) -> Vec<Figure> {
    let n = size.rows(1_000_000);
    let mut figures = Vec::new();
    for entry in keep_alive::REGISTRY {
        let mut per_size = Vec::new();
        for containers in [100u32, 1_000] {
            // More functions than a scenario may list, so they come in a trace.
            let trace = read("pressing.csv", pressing(n, containers * 6, containers.into()).as_bytes());
            let scenario = common_hosts(2, u64::from(containers) * 128, "shortfall", json!({"kind": entry.kind}));
            let workload = workload(&scenario, Some(&trace));
            let (seconds, _) = best(size.runs, || play(&scenario, &workload));
            per_size.push(rate(workload.len(), seconds));
        }
        figures.push(figure(format!("{}, 1,000 containers a host", entry.kind), per_size[1], "M invocations/s", Some(2.0)));
        figures.push(figure(format!("{}, cost of ten times the containers", entry.kind), per_size[0] / per_size[1], "times", None));
    }
    figures
}

/// Sparrow's simulator: 250 hosts of 4 slots, jobs of ten tasks of 100 ms, load 0.9, late binding.
fn sparrow(size: Size) -> Vec<Figure> {
    let tasks = size.rows(1_000_000);
    let jobs_per_s = 250.0 * 4.0 * 0.9 / 0.1 / 10.0;
    let scenario = generated(
        250,
        4,
        1_000_000,
        &json!({
            "functions": [{"id": "task", "create_ms": 0, "init_ms": 0, "execution": {"kind": "exponential", "mean_ms": 100}}],
            "workload": {"arrivals": {"kind": "poisson", "rate_per_s": jobs_per_s}, "jobs": {"kind": "parallel", "tasks": 10}},
            "frame": {"architecture": {"kind": "late_binding", "decision_ms": 0, "message_us": 0}},
            "run": {"duration_s": tasks as f64 / 10.0 / jobs_per_s}
        }),
    );
    let workload = workload(&scenario, None);
    let (seconds, _) = best(size.runs, || play(&scenario, &workload));
    vec![figure("Sparrow, late binding, 250 x 4, load 0.9", rate(workload.len(), seconds), "M tasks/s", None)]
}

/// ExDe's shape: 20 hosts of 4 slots, lognormal tasks of 198 ms, Zipf popularity.
fn exde(size: Size) -> Vec<Figure> {
    let tasks = size.rows(3_000_000);
    let rate_per_s = 20.0 * 4.0 * 0.7 / 0.198;
    let scenario = generated(
        20,
        4,
        1_000,
        &json!({
            "functions": (0..200).map(|f| json!({"id": format!("f{f}"), "memory_mb": 50, "create_ms": 93, "init_ms": 0,
                "execution": {"kind": "lognormal", "mean_ms": 198}})).collect::<Vec<_>>(),
            "workload": {"arrivals": {"kind": "poisson", "rate_per_s": rate_per_s}, "popularity": {"kind": "zipf", "s": 0.9}},
            "frame": {"architecture": {"kind": "centralized"}},
            "run": {"duration_s": tasks as f64 / rate_per_s}
        }),
    );
    let workload = workload(&scenario, None);
    let (seconds, _) = best(size.runs, || play(&scenario, &workload));
    vec![figure("ExDe's shape, centralized", rate(workload.len(), seconds), "M tasks/s", None)]
}

/// The day of the Azure trace of 2019 with 3,037,902 calls, where it is at hand, on twenty workers.
fn azure(size: Size) -> Vec<Figure> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/traces/azure2019_500x480");
    if size.divisor > 1 || !folder.is_dir() {
        return Vec::new();
    }
    let mut reader = faaslab_core::trace::Reader::new(faaslab_core::trace::Limits::default());
    for name in ["invocations.csv", "durations.csv", "memory.csv"] {
        reader.begin_file(name);
        reader.push(&std::fs::read(folder.join(name)).unwrap()).unwrap();
        reader.end_file().unwrap();
    }
    let trace = reader.finish().unwrap().0;
    let scenario = Scenario::from_json(include_str!("../../../tests/twenty-workers.json")).unwrap();
    let workload = workload(&scenario, Some(&trace));
    let (seconds, simulation) = best(size.runs, || play(&scenario, &workload).1);
    let mut figures =
        vec![figure("3,037,902 calls of Azure 2019, 20 workers", rate(workload.len(), seconds), "M invocations/s", None)];
    drop(simulation);
    figures.extend(seek(&scenario, &workload, size));
    figures
}

/// Going to any instant: as the page does it, from the nearest of at most 64 states that the first run left.
fn seek(scenario: &Scenario, workload: &Arc<Workload>, size: Size) -> Vec<Figure> {
    let mut simulation = Simulation::new(scenario, Arc::clone(workload), &Library::default()).unwrap();
    let all = simulation.clone().run(&mut ());
    let mut states = Vec::new();
    while !simulation.progress().done {
        states.push((simulation.progress().now, simulation.clone()));
        simulation.step(all.events / 64 + 1, &mut ());
    }
    let bytes: usize = states.iter().map(|s| s.1.size()).sum();
    let mut worst = 0.0f64;
    for i in 0..20 * size.runs as u64 {
        let at = SimTime(all.now.0 / (20 * size.runs as u64) * i);
        let (seconds, _) = best(1, || {
            let from = states.partition_point(|s| s.0 <= at).saturating_sub(1);
            let mut state = states[from].1.clone();
            while !state.step_to(at, u64::MAX >> 1, &mut ()) {}
            state
        });
        worst = worst.max(seconds);
    }
    vec![
        figure("the slowest of some instants of that run", worst * 1e3, "ms", Some(-150.0)),
        figure("its 64 states", bytes as f64 / 1e6, "MB", Some(-200.0)),
    ]
}

fn reading(size: Size) -> Vec<Figure> {
    let texts = [
        ("trace of Azure 2021", azure_2021(size.rows(1_000_000)), Some(250.0)),
        ("trace in our CSV", Common::new(size.rows(1_000_000)).csv(), None),
    ];
    texts
        .into_iter()
        .map(|(what, text, goal)| {
            let (seconds, _) = best(size.runs, || read("bench.csv", text.as_bytes()));
            figure(format!("reading a {what}"), text.len() as f64 / 1e6 / seconds, "MB/s", goal)
        })
        .collect()
}

/// An edit of a small scenario: validation, the run and its figures.
fn edit(size: Size) -> Vec<Figure> {
    let mut value: Value = serde_json::from_str(include_str!("../../../scenarios/three-edges.json")).unwrap();
    value["run"]["duration_s"] = json!(500);
    let scenario = Scenario::from_value(value).unwrap();
    let workload = workload(&scenario, None);
    let (seconds, _) = best(size.runs * 10, || play(&scenario, &workload));
    let scaled = seconds * 1e3 * 20_000.0 / workload.len() as f64;
    vec![figure("20,000 invocations of the first scenario", scaled, "ms", Some(-10.0))]
}

/// A case's name, and what measures it.
type Case = (&'static str, fn(Size) -> Vec<Figure>);

const CASES: &[Case] = &[
    ("common", common_workload),
    ("hosts", hosts),
    ("lengths", lengths),
    ("memory", memory),
    ("pressure", pressure),
    ("sparrow", sparrow),
    ("exde", exde),
    ("azure", azure),
    ("reading", reading),
    ("edit", edit),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|a| a == "--quick");
    let size = if quick { Size { divisor: 100, runs: 1 } } else { Size { divisor: 1, runs: 3 } };
    let after = |flag: &str| args.iter().position(|a| a == flag).and_then(|i| args.get(i + 1));
    if let Some(name) = after("--case") {
        let run = CASES.iter().find(|c| c.0 == name).map(|c| c.1).unwrap();
        for f in run(size) {
            println!("{}", json!({"case": name, "what": f.what, "value": f.value, "unit": f.unit, "goal": f.goal}));
        }
        return;
    }
    let json_file = after("--json");
    let wanted: Vec<&String> = args.iter().filter(|a| !a.starts_with("--") && Some(*a) != json_file).collect();
    let mut all = Vec::new();
    println!("{:<52} {:>10} {:>10}", "", "figure", "goal");
    for (name, _) in CASES.iter().filter(|c| wanted.is_empty() || wanted.iter().any(|w| c.0.contains(w.as_str()))) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--case", name]).args(quick.then_some("--quick"));
        let output = command.stderr(std::process::Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "the case {name} failed");
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let f: Value = serde_json::from_str(line).unwrap();
            let number = |v: &Value| {
                v.as_f64().map_or_else(String::new, |x| if x.abs() < 100.0 { format!("{x:.2}") } else { format!("{x:.0}") })
            };
            let goal = match f["goal"].as_f64() {
                Some(g) if g < 0.0 => format!("<= {}", number(&json!(-g))),
                Some(g) => format!(">= {}", number(&json!(g))),
                None => String::new(),
            };
            let (what, unit) = (f["what"].as_str().unwrap_or_default(), f["unit"].as_str().unwrap_or_default());
            println!("{what:<52} {:>10} {goal:>10}  {unit}", number(&f["value"]));
            all.push(f);
        }
    }
    if let Some(file) = json_file {
        std::fs::write(file, serde_json::to_string_pretty(&all).unwrap()).unwrap();
    }
}
