//! What placement sees of the hosts: by messages, or as they are.
#![allow(clippy::unwrap_used)]

mod support;

use faaslab_core::scenario::Scenario;
use serde_json::json;
use support::{run, set};

/// Two workers 20 ms from a placer, and a call of 1 ms every so often.
fn far(every_ms: f64) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 20}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "count": 2}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 1}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1e3 / every_ms}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}},
        "policies": {"placement": {"kind": "warm_first"}},
        "run": {"duration_s": 1}
    }))
    .unwrap()
}

fn cold(every_ms: f64, view: &str) -> u64 {
    run(&set(&far(every_ms), "frame.architecture.view", json!(view))).0.cold
}

#[test]
fn an_exact_sight_knows_of_an_idle_container_before_the_message_comes() {
    // A call ends 21 ms after its assignment, and the placer hears of it after 41 ms.
    assert_eq!((cold(30.0, "messages"), cold(30.0, "exact")), (2, 1));
}

#[test]
fn an_exact_sight_counts_what_is_on_its_way() {
    // Five calls are on their way at any time. The first of them takes the idle container, the others would find none there.
    let (summary, recorder) = run(&set(&far(4.0), "frame.architecture.view", json!("exact")));
    assert_eq!(summary.completed, 250);
    let hosts: Vec<u32> = (0..6).map(|i| recorder.row(i).host.unwrap()).collect();
    assert_eq!(hosts, [0, 1, 0, 1, 0, 1], "nobody is warm: the one with less on its way");
}
