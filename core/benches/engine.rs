//! How fast the engine is: `./dev bench`. Rates are printed per element: events, queue operations, clones, bytes.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use faaslab_core::engine::{Class, EventQueue};
use faaslab_core::measure::Recorder;
use faaslab_core::rng::Stream;
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::trace::{Limits, Reader};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use serde_json::{Value, json};

fn begin(scenario: &Scenario) -> Simulation {
    let workload = Arc::new(Workload::new(scenario, None).unwrap());
    Simulation::new(scenario, workload, &Library::default()).unwrap()
}

/// One region with so many workers in a block, about `invocations` of 100 ms each, at a load of 0.7.
fn cluster(architecture: Value, workers: u32, invocations: u32) -> Scenario {
    let rate = f64::from(workers) * 4.0 * 0.7 / 0.1;
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "users"}, {"id": "region"}],
        "nodes": [{"id": "callers", "zone": "users", "roles": ["client"]},
                  {"id": "controller", "zone": "region", "roles": ["cloud_controller"]},
                  {"id": "pool", "zone": "region", "roles": ["worker"], "count": workers}],
        "network": {"between_zones_ms": 5},
        "functions": (0..10).map(|i| json!({"id": format!("f{i}"), "execution": {"kind": "exponential", "mean_ms": 100}}))
            .collect::<Vec<_>>(),
        "workload": {"arrivals": {"kind": "poisson", "rate_per_s": rate}, "popularity": {"kind": "zipf"}},
        "frame": {"architecture": architecture},
        "run": {"duration_s": f64::from(invocations) / rate}
    }))
    .unwrap()
}

/// Runs a scenario from a fresh simulation each time, with what the page records, and prints events per second.
fn events(c: &mut Criterion, name: &str, scenario: &Scenario) {
    let start = begin(scenario);
    let mut once = start.clone();
    let count = once.run(&mut ()).events;
    let mut group = c.benchmark_group("events");
    group.throughput(Throughput::Elements(count)).sample_size(10);
    group.bench_function(name, |b| {
        b.iter_batched(
            || (start.clone(), Recorder::new(Arc::clone(start.workload()), 0.0)),
            |(mut simulation, mut recorder)| {
                simulation.run(&mut recorder);
                (simulation, recorder)
            },
            BatchSize::LargeInput,
        );
    });
}

fn runs(c: &mut Criterion) {
    events(c, "three-edges", &Scenario::from_json(include_str!("../../scenarios/three-edges.json")).unwrap());
    for kind in ["centralized", "decentralized", "federated"] {
        // The central placer is given less to do, so that it keeps up.
        let architecture = if kind == "decentralized" { json!({"kind": kind}) } else { json!({"kind": kind, "decision_ms": 0.1}) };
        events(c, &format!("20 workers, {kind}, 20,000 invocations"), &cluster(architecture, 20, 20_000));
    }
    let architecture = json!({"kind": "centralized", "decision_ms": 0.02, "message_us": 1});
    events(c, "1,000 workers, centralized, 100,000 invocations", &cluster(architecture, 1_000, 100_000));
    events(c, "1,000 workers, decentralized, 100,000 invocations", &cluster(json!({"kind": "decentralized"}), 1_000, 100_000));
}

fn queue(c: &mut Criterion) {
    const ENTRIES: u64 = 100_000;
    let mut stream = Stream::new(1, "bench", "queue");
    let times: Vec<u64> = (0..ENTRIES).map(|_| stream.below(1_000_000_000)).collect();
    let mut full = EventQueue::default();
    times.iter().for_each(|&t| full.push(SimTime(t), Class::Message, t));
    let mut group = c.benchmark_group("queue of 100,000");
    group.throughput(Throughput::Elements(ENTRIES)).sample_size(20);
    group.bench_function("fill and empty", |b| {
        b.iter(|| {
            let mut queue = EventQueue::default();
            times.iter().for_each(|&t| queue.push(SimTime(t), Class::Message, t));
            while let Some(event) = queue.pop() {
                black_box(event);
            }
        });
    });
    group.bench_function("pop and push again later", |b| {
        b.iter_batched_ref(
            || full.clone(),
            |queue| {
                for &t in &times {
                    let (now, event) = queue.pop().unwrap();
                    queue.push(SimTime(now.0 + t), Class::Message, event);
                }
            },
            BatchSize::LargeInput,
        );
    });
}

fn checkpoints(c: &mut Criterion) {
    let mut group = c.benchmark_group("checkpoint");
    group.throughput(Throughput::Elements(1));
    for (name, workers, invocations) in [("20 workers", 20, 20_000), ("1,000 workers", 1_000, 100_000)] {
        let mut simulation =
            begin(&cluster(json!({"kind": "centralized", "decision_ms": 0.02, "message_us": 1}), workers, invocations));
        let half = simulation.clone().run(&mut ()).events / 2;
        simulation.step(half, &mut ());
        group.bench_function(format!("{name}, half way"), |b| b.iter(|| black_box(simulation.clone())));
    }
}

fn traces(c: &mut Criterion) {
    let mut stream = Stream::new(1, "bench", "trace");
    let mut text = "function,mem_mb,warm_ms,cold_ms,arrival_ms\n".to_owned();
    for row in 0..200_000u64 {
        let f = stream.below(1_000);
        let warm = stream.uniform() * 1000.0;
        writeln!(text, "function-{f},{},{warm:.3},{:.3},{:.3}", 128 + f % 8 * 64, warm + 500.0, row as f64 * 0.75).unwrap();
    }
    let mut group = c.benchmark_group("trace");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    group.bench_function("FaaSLab CSV, 200,000 rows", |b| {
        b.iter(|| {
            let mut reader = Reader::new(Limits::default());
            reader.begin_file("bench.csv");
            text.as_bytes().chunks(1 << 16).for_each(|chunk| reader.push(chunk).unwrap());
            reader.end_file().unwrap();
            reader.finish().unwrap()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = runs, queue, checkpoints, traces
}
criterion_main!(benches);
