//! Small scenarios for the tests.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::workload::Workload;
use serde_json::{Value, json};

/// One zone without latency: a client with the controller, and a worker. Containers start at once and stay.
pub(crate) fn queue(cores: f64, rate: f64, execution: Value, duration_s: f64, seed: u64) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "worker", "zone": "z", "roles": ["worker"], "cores": cores, "memory_mb": 1_000_000}],
        "functions": [{"id": "f", "memory_mb": 1, "execution": execution, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "poisson", "rate_per_s": rate}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}},
        "policies": {"keep_alive": {"kind": "lru"}},
        "run": {"seed": seed, "duration_s": duration_s, "warm_up_s": duration_s / 20.0}
    }))
    .unwrap()
}

/// Sets a value by path.
pub(crate) fn set(scenario: &Scenario, path: &str, value: Value) -> Scenario {
    scenario.with(&faaslab_core::scenario::Path::parse(path).unwrap(), value).unwrap()
}

/// A run's figures.
pub(crate) fn run(scenario: &Scenario) -> (Summary, Recorder) {
    let workload = Arc::new(Workload::new(scenario, None).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), scenario.run.warm_up_s);
    let mut simulation = Simulation::new(scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut recorder);
    (Summary::new(&simulation, &recorder), recorder)
}

/// Mean milliseconds of an accounting phase.
pub(crate) fn phase(summary: &Summary, word: &str) -> f64 {
    summary.phases_ms.iter().find(|(w, _)| w == word).unwrap().1
}
