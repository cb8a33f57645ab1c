//! The workloads of the table: seeded, so that every machine measures the same.

use std::fmt::Write as _;
use std::sync::Arc;

use faaslab_core::rng::Stream;
use faaslab_core::scenario::Scenario;
use faaslab_core::trace::{Limits, Reader, TraceData};
use faaslab_core::workload::Workload;
use serde_json::{Value, json};

pub(super) const COMMON_FUNCTIONS: usize = 100;

/// The common workload's rows: Poisson arrivals at 100/s, popularity Zipf(1), exponential execution of mean 0.5 s, at least 10 ms, in
/// whole microseconds.
pub(super) struct Common {
    pub(super) arrival_ns: Vec<u64>,
    pub(super) function: Vec<u32>,
    pub(super) execution_ns: Vec<u64>,
}

/// Memory of a container of a function.
pub(super) fn memory_mb(function: u32) -> u64 {
    128 + 64 * u64::from(function % 7)
}

/// What a cold start of a function takes.
pub(super) fn cold_start_ns(function: u32) -> u64 {
    (500 + 100 * u64::from(function % 5)) * 1_000_000
}

impl Common {
    pub(super) fn new(invocations: usize) -> Common {
        let mut gaps = Stream::new(1, "cw1", "arrivals");
        let mut picks = Stream::new(1, "cw1", "functions");
        let mut times = Stream::new(1, "cw1", "execution");
        let exponential = |stream: &mut Stream, mean: f64| -mean * libm::log(stream.positive());
        let mut up_to = 0.0;
        let weights: Vec<f64> = (1..=COMMON_FUNCTIONS)
            .map(|rank| {
                up_to += 1.0 / rank as f64;
                up_to
            })
            .collect();
        let mut all = Common { arrival_ns: Vec::new(), function: Vec::new(), execution_ns: Vec::new() };
        let mut now = 0.0;
        for row in 0..invocations {
            now += if row == 0 { 0.0 } else { exponential(&mut gaps, 10_000.0) };
            let pick = picks.uniform() * up_to;
            let function = weights.partition_point(|&w| w <= pick).min(COMMON_FUNCTIONS - 1);
            all.arrival_ns.push(now as u64 * 1_000);
            all.function.push(function as u32);
            all.execution_ns.push(exponential(&mut times, 500_000.0).max(10_000.0) as u64 * 1_000);
        }
        all
    }

    /// As a file in our CSV.
    pub(super) fn csv(&self) -> String {
        let mut text = "function,mem_mb,warm_ms,cold_ms,arrival_ms\n".to_owned();
        let ms = |ns: u64| (ns / 1_000_000, ns / 1_000 % 1_000);
        for ((&at, &f), &run) in self.arrival_ns.iter().zip(&self.function).zip(&self.execution_ns) {
            let ((warm, w), (cold, c), (arrival, a)) = (ms(run), ms(run + cold_start_ns(f)), ms(at));
            let _ = writeln!(text, "f{f},{},{warm}.{w:03},{cold}.{c:03},{arrival}.{a:03}", memory_mb(f));
        }
        text
    }
}

/// Reads a trace of one file, as the page and the command line do.
pub(super) fn read(name: &str, text: &[u8]) -> TraceData {
    let mut reader = Reader::new(Limits::default());
    reader.begin_file(name);
    text.chunks(1 << 20).for_each(|chunk| reader.push(chunk).expect("a well-formed trace"));
    reader.end_file().expect("a well-formed trace");
    reader.finish().expect("a well-formed trace").0
}

/// The common workload's hosts: the first with an idle container of the function, else the first with room; no latencies.
pub(super) fn common_hosts(hosts: u32, memory_mb: u64, memory_full: &str, keep_alive: Value) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "here", "latency_ms": 0}],
        "nodes": [
            {"id": "users", "zone": "here", "roles": ["client", "cloud_controller"]},
            {"id": "hosts", "zone": "here", "roles": ["worker"], "count": hosts, "cores": 16, "memory_mb": memory_mb, "cpu": "unlimited"}
        ],
        "workload": {"trace": {"format": "faaslab_csv", "files": []}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0, "view": "exact"}},
        "policies": {"placement": {"kind": "first_fit"}, "keep_alive": keep_alive, "memory_full": memory_full}
    }))
    .expect("a scenario")
}

/// One zone of hosts and a workload that is generated.
pub(super) fn generated(hosts: u32, cores: u32, memory_mb: u64, rest: &Value) -> Scenario {
    let mut value = json!({
        "version": 1,
        "zones": [{"id": "here", "latency_ms": 0.5}],
        "nodes": [
            {"id": "users", "zone": "here", "roles": ["client", "cloud_controller"]},
            {"id": "hosts", "zone": "here", "roles": ["worker"], "count": hosts, "cores": cores, "memory_mb": memory_mb}
        ]
    });
    if let (Some(whole), Some(rest)) = (value.as_object_mut(), rest.as_object()) {
        whole.extend(rest.clone());
    }
    Scenario::from_value(value).expect("a scenario")
}

/// Draws a scenario's workload.
pub(super) fn workload(scenario: &Scenario, trace: Option<&TraceData>) -> Arc<Workload> {
    Arc::new(Workload::new(scenario, trace).expect("a workload"))
}

/// Rows in our CSV that press on memory: containers of 128 MB, Poisson arrivals, popularity Zipf(0.9) over so many functions,
/// exponential execution of mean 50 ms, cold starts of 200 to 800 ms.
pub(super) fn pressing(rows: usize, functions: u32, rate_per_s: f64) -> String {
    let mut stream = Stream::new(1, "bench", "pressing");
    let mut up_to = 0.0;
    let weights: Vec<f64> = (1..=functions)
        .map(|rank| {
            up_to += libm::pow(f64::from(rank), -0.9);
            up_to
        })
        .collect();
    let mut text = "function,mem_mb,warm_ms,cold_ms,arrival_ms\n".to_owned();
    let mut now_ms = 0.0;
    for _ in 0..rows {
        let pick = stream.uniform() * up_to;
        let function = weights.partition_point(|&w| w <= pick).min(functions as usize - 1);
        let warm_ms = -50.0 * libm::log(stream.positive());
        let cold_ms = warm_ms + (200 + function % 7 * 100) as f64;
        let _ = writeln!(text, "f{function},128,{warm_ms:.3},{cold_ms:.3},{now_ms:.3}");
        now_ms -= 1e3 / rate_per_s * libm::log(stream.positive());
    }
    text
}

/// Rows as the Azure trace of 2021 has them.
pub(super) fn azure_2021(rows: usize) -> String {
    let mut stream = Stream::new(1, "bench", "azure 2021");
    let mut text = "app,func,end_timestamp,duration\n".to_owned();
    let name =
        |seed: u64| (0..4).map(|i| format!("{:016x}", faaslab_core::rng::hash_text(&format!("{seed}/{i}")))).collect::<String>();
    let names: Vec<(String, String)> = (0..400).map(|f| (name(f / 3), name(1_000 + f))).collect();
    let mut now = 0.0;
    for _ in 0..rows {
        now += stream.positive() * 0.05;
        let (app, function) = &names[stream.below(400) as usize];
        let duration = stream.positive() * 3.0;
        let _ = writeln!(text, "{app},{function},{:.9},{duration:.9}", now + duration);
    }
    text
}
