//! Comparisons with results of the original systems. They are read from the folder in `FAASLAB_GOLDENS`
//! (`./dev goldens DIR`), or from `../shared/goldens`; where there is none, the tests say so and skip.
#![allow(clippy::unwrap_used)]

use std::fs::read_to_string;
use std::path::PathBuf;
use std::sync::Arc;

use faaslab_core::measure::Recorder;
use faaslab_core::platform::Outcome;
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::trace::{Limits, Reader, Rows, TraceData};
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("FAASLAB_GOLDENS").map(PathBuf::from);
    let shared = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/goldens"));
    let found = given.into_iter().chain([shared]).find(|p| p.is_dir());
    if found.is_none() {
        println!("skipped: there are no goldens in FAASLAB_GOLDENS or ../shared/goldens");
    }
    found
}

fn read_trace(path: &PathBuf) -> TraceData {
    let mut reader = Reader::new(Limits::default());
    reader.begin_file("trace.csv");
    reader.push(&std::fs::read(path).unwrap()).unwrap();
    reader.end_file().unwrap();
    reader.finish().unwrap().0
}

/// One host of some memory without latency, decisions or a limit on cores, as the keep-alive competition has it.
fn one_host(memory_mb: f64) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "host", "zone": "z", "roles": ["worker"], "cores": 4096, "memory_mb": memory_mb}],
        "workload": {"trace": {"format": "faaslab_csv", "files": []}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}},
        "policies": {"keep_alive": {"kind": "lru"}, "memory_full": "full_size", "if_insufficient": "evict_anyway",
                     "no_room": "drop", "reuse": "oldest"}
    }))
    .unwrap()
}

/// The competition's cold start keeps a container busy for 3000 + 1.2 cold milliseconds.
fn competition(trace: &TraceData) -> TraceData {
    let mut trace = trace.clone();
    let Rows::Invocations { function, execution_ns, start_ns, .. } = &trace.rows else { panic!("a trace of rows") };
    assert!(start_ns.is_empty(), "cold starts cost the same within a function");
    let mut warm = vec![0i64; trace.functions.len()];
    for (f, ns) in function.iter().zip(execution_ns) {
        warm[*f as usize] = *ns as i64;
    }
    for (f, warm) in trace.functions.iter_mut().zip(warm) {
        let cold = f.start_ns.unwrap() + warm;
        f.start_ns = Some(3_000_000_000 + cold + cold / 5 - warm);
    }
    trace
}

struct Played {
    hits: u64,
    cold: u64,
    dropped: u64,
    evictions: u64,
    outcomes: String,
}

fn play(scenario: &Scenario, trace: &TraceData) -> Played {
    let workload = Arc::new(Workload::new(scenario, Some(trace)).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(scenario, Arc::clone(&workload), &Library::default()).unwrap();
    simulation.run(&mut recorder);
    let letters: String = (0..workload.len() as u32)
        .map(|i| match recorder.row(i) {
            row if row.outcome != Some(Outcome::Completed) => 'D',
            row if row.cold => 'M',
            _ => 'H',
        })
        .collect();
    let count = |letter: char| letters.chars().filter(|c| *c == letter).count() as u64;
    Played {
        hits: count('H'),
        cold: count('M'),
        dropped: count('D'),
        evictions: simulation.world().counters.evictions,
        outcomes: Sha256::digest(letters.as_bytes()).iter().map(|b| format!("{b:02x}")).collect(),
    }
}

#[test]
fn lru_agrees_with_the_keep_alive_competition() {
    let Some(folder) = folder() else { return };
    let mut compared = 0;
    for name in ["tiny_zipf_240", "bursty_5k", "diurnal_60k", "azure_20c"] {
        let here = folder.join("faascache").join(name);
        let Ok(text) = read_to_string(here.join("expected_fce.json")) else {
            println!("skipped: {} is absent", here.display());
            continue;
        };
        let trace = competition(&read_trace(&here.join("trace.csv")));
        let largest = trace.functions.iter().filter_map(|f| f.memory_mb).fold(0.0, f64::max);
        let runs: Value = serde_json::from_str(&text).unwrap();
        for run in runs.as_array().unwrap_or_else(|| runs["runs"].as_array().unwrap()) {
            let memory = run["mem_mb"].as_f64().unwrap();
            if run["policy"] != "LRU" || memory < largest {
                continue; // a function larger than the host is rejected here, and there empties the host
            }
            let played = play(&one_host(memory), &trace);
            let what = format!("{name}, {memory} MB");
            assert_eq!(played.hits, run["hits"].as_u64().unwrap(), "{what}: hits");
            assert_eq!(played.cold, run["cold_misses"].as_u64().unwrap(), "{what}: cold starts");
            assert_eq!(played.dropped, run["capacity_misses"].as_u64().unwrap(), "{what}: dropped");
            assert_eq!(played.evictions, run["evictions"].as_u64().unwrap(), "{what}: evictions");
            assert_eq!(played.outcomes, run["outcome_sha256"].as_str().unwrap(), "{what}: outcomes");
            compared += 1;
        }
    }
    println!("LRU: {compared} runs of the keep-alive competition agree in every count and every outcome");
    assert!(compared > 0, "no run was compared");
}
