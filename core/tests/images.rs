//! Images of every size, on disks and in stores of every size: what can never start is named and rejected, everything else runs.
#![allow(clippy::unwrap_used)]

mod support;

use faaslab_core::measure::Summary;
use faaslab_core::scenario::{Scenario, validate};
use faaslab_core::sim::Library;
use serde_json::{Value, json};
use support::run;

/// A registry, a head store and a worker, and one function with an image: 10 MB/s from the registry, no other limits.
fn scenario(architecture: &str, image: Value, worker: Value, head: Value) -> Scenario {
    let mut nodes = vec![
        json!({"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]}),
        json!({"id": "registry", "zone": "z", "roles": ["registry"], "disk_read_mb_s": 10}),
        json!({"id": "head", "zone": "z", "roles": ["head_store"]}),
        json!({"id": "worker", "zone": "z", "roles": ["worker"], "cores": 4, "memory_mb": 1000}),
    ];
    for (node, own) in [(3, worker), (2, head)] {
        nodes[node].as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    }
    Scenario::from_value(json!({
        "version": 1, "zones": [{"id": "z", "latency_ms": 0}], "nodes": nodes, "images": [image],
        "functions": [{"id": "f", "image": "i", "memory_mb": 100, "disk_mb": 10, "create_ms": 0, "init_ms": 0,
            "execution": {"kind": "constant", "mean_ms": 100}}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": architecture, "decision_ms": 0, "message_us": 0}},
        "run": {"duration_s": 20}
    }))
    .unwrap()
}

fn counts(scenario: &Scenario) -> Summary {
    run(scenario).0
}

fn warnings(scenario: &Scenario) -> Vec<String> {
    let problems = validate(scenario, &Library::default().catalogue());
    assert!(problems.iter().all(|p| p.warning), "{problems:?}");
    problems.into_iter().map(|p| p.path).collect()
}

const WAYS: [&str; 2] = ["centralized", "service"];

#[test]
fn one_pull_serves_everybody_who_waits_for_it() {
    for way in WAYS {
        // 100 MB at 10 MB/s: those that come before the image does wait for it, and start when it is there.
        let summary = counts(&scenario(way, json!({"id": "i", "size_mb": 100}), json!({}), json!({})));
        assert_eq!((summary.completed, summary.live), (20, 0), "{way}");
        assert_eq!(summary.slowdown.max, 101.0, "{way}: ten seconds of waiting, and 100 ms");
    }
}

#[test]
fn what_is_larger_than_the_disk_is_named_and_rejected() {
    for way in WAYS {
        let scenario = scenario(way, json!({"id": "i", "size_mb": 100}), json!({"disk_mb": 105}), json!({}));
        assert_eq!(warnings(&scenario), ["functions.f.disk_mb"], "with its own 10 MB it does not fit");
        assert_eq!(counts(&scenario).rejected, 20, "{way}");
    }
}

#[test]
fn what_is_larger_than_memory_is_named_and_rejected() {
    for way in WAYS {
        let scenario = scenario(way, json!({"id": "i", "size_mb": 100, "memory_mb": 950}), json!({}), json!({}));
        assert_eq!(warnings(&scenario), ["functions.f.image"]);
        assert_eq!(counts(&scenario).rejected, 20, "{way}");
    }
}

#[test]
fn what_is_larger_than_the_head_store_is_named_and_rejected() {
    for way in WAYS {
        let scenario = scenario(way, json!({"id": "i", "size_mb": 100}), json!({}), json!({"disk_mb": 99}));
        assert_eq!(warnings(&scenario), ["images.i.size_mb"]);
        assert_eq!(counts(&scenario).rejected, 20, "{way}");
    }
}

#[test]
fn an_image_of_nothing_and_a_disk_of_nothing_are_no_obstacle() {
    for way in WAYS {
        let nothing = json!({"id": "i", "size_mb": 0, "memory_mb": 0});
        let mut scenario = scenario(way, nothing, json!({"disk_mb": 0}), json!({"disk_mb": 0}));
        scenario.functions[0].disk_mb = 0.0;
        assert_eq!(counts(&scenario).completed, 20, "{way}");
    }
}

#[test]
fn without_a_registry_a_head_store_holds_everything() {
    let mut scenario = scenario("service", json!({"id": "i", "size_mb": 100}), json!({}), json!({}));
    scenario.nodes.remove(1);
    assert_eq!(counts(&scenario).slowdown.max, 1.0, "nothing moves anywhere that takes time");
}
