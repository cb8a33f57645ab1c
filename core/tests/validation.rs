//! What validation says of scenarios that look odd.
#![allow(clippy::unwrap_used)]

mod support;

use faaslab_core::scenario::{Scenario, validate};
use faaslab_core::sim::Library;
use serde_json::{Value, json};
use support::set;

/// Three workers of 100 MB and 2 cores, and a function of 200 MB and 1 core.
fn crowded(overrides: Value) -> Scenario {
    let scenario = support::queue(2.0, 1.0, json!({"kind": "constant"}), 10.0, 1);
    let scenario = set(&set(&scenario, "nodes.worker.memory_mb", json!(100)), "nodes.worker.count", json!(3));
    set(&set(&scenario, "functions.f.memory_mb", json!(200)), "nodes.worker.overrides", overrides)
}

fn remarks(scenario: &Scenario) -> Vec<String> {
    validate(scenario, &Library::default().catalogue()).iter().map(|p| format!("{}: {}", p.path, p.message)).collect()
}

#[test]
fn a_function_that_fits_nowhere_is_remarked_on() {
    assert_eq!(remarks(&crowded(json!({}))), ["functions.f.memory_mb: no worker is large enough for this function"]);
}

#[test]
fn a_function_that_fits_one_machine_of_a_block_is_not_remarked_on() {
    assert!(remarks(&crowded(json!({"1": {"memory_mb": 300}}))).is_empty());
    assert_eq!(remarks(&crowded(json!({"1": {"memory_mb": 300, "cores": 0.5}}))).len(), 1, "memory here, cores there");
}

#[test]
fn a_block_whose_every_machine_is_overridden_counts_by_its_overrides() {
    let mut scenario = crowded(json!({"0": {"memory_mb": 50}, "1": {"memory_mb": 50}, "2": {"memory_mb": 50}}));
    scenario.nodes[1].memory_mb = 1000.0;
    assert_eq!(remarks(&scenario).len(), 1);
}

/// A function with this execution time.
fn executing(execution: Value) -> Vec<String> {
    remarks(&support::queue(1.0, 1.0, execution, 10.0, 1))
}

#[test]
fn a_lower_bound_above_the_upper_is_refused_even_if_one_of_them_is_the_default() {
    let message = "functions.f.execution.max_ms: the upper bound, 150 ms, is below the lower, 500 ms";
    assert_eq!(executing(json!({"kind": "uniform", "min_ms": 500, "max_ms": 150})), [message]);
    assert_eq!(executing(json!({"kind": "uniform", "min_ms": 500})), [message]);
    assert_eq!(executing(json!({"kind": "pareto", "min_ms": 20_000})).len(), 1);
    assert!(executing(json!({"kind": "uniform", "min_ms": 150})).is_empty(), "as wide as a point");
}

#[test]
fn a_pareto_distribution_from_zero_is_refused() {
    let message = "functions.f.execution.min_ms: a Pareto distribution begins above 0";
    assert_eq!(executing(json!({"kind": "pareto", "min_ms": 0})), [message]);
    assert!(executing(json!({"kind": "uniform", "min_ms": 0})).is_empty());
}

#[test]
fn a_request_or_response_that_is_always_too_large_is_remarked_on() {
    let scenario = support::queue(1.0, 1.0, json!({"kind": "constant"}), 10.0, 1);
    let with = |path: &str, limit: f64| {
        let sized = set(&set(&scenario, "functions.f.request_kb", json!(10)), "functions.f.response_kb", json!(20));
        remarks(&set(&sized, path, json!(limit)))
    };
    let message = "functions.f.ingress_limit_kb: the function's request is larger: every invocation will be rejected";
    assert_eq!(with("functions.f.ingress_limit_kb", 9.5), [message]);
    let message = "functions.f.egress_limit_kb: the function's response is larger: every execution will fail";
    assert_eq!(with("functions.f.egress_limit_kb", 19.5), [message]);
    assert!(with("functions.f.ingress_limit_kb", 10.0).is_empty() && with("functions.f.egress_limit_kb", 20.0).is_empty());
}

#[test]
fn an_order_by_what_no_function_has_is_remarked_on() {
    let scenario = support::queue(1.0, 1.0, json!({"kind": "constant"}), 10.0, 1);
    for (kind, path, value, message) in [
        ("edf", "functions.f.deadline_s", json!(2), "policies.order.kind: no function has a deadline"),
        ("priority", "functions.f.priority", json!(1), "policies.order.kind: no function has a priority"),
    ] {
        let ordered = set(&scenario, "policies.order.kind", json!(kind));
        assert_eq!(remarks(&ordered), [message]);
        assert!(remarks(&set(&ordered, path, value)).is_empty());
    }
    assert!(remarks(&set(&scenario, "policies.order.kind", json!("fair_share"))).is_empty());
}

#[test]
fn a_ring_with_more_places_than_fit_is_refused() {
    let scenario = support::queue(1.0, 1.0, json!({"kind": "constant"}), 10.0, 1);
    let many = set(&scenario, "nodes.worker.count", json!(1_000));
    let hashing = |places: u64, method: &str| {
        let choice = json!({"kind": "hashing", "virtual_nodes": places, "method": method});
        remarks(&set(&many, "policies.placement", choice))
    };
    let message = "policies.placement.virtual_nodes: 5001 places for each of 1000 hosts are more than 5000000";
    assert_eq!(hashing(5_001, "ring"), [message]);
    assert!(hashing(5_000, "ring").is_empty() && hashing(5_001, "rendezvous").is_empty());
}

#[test]
fn what_is_not_written_of_orders_and_estimates_is_the_default() {
    let scenario = support::queue(1.0, 1.0, json!({"kind": "constant"}), 10.0, 1);
    assert!(!scenario.to_json().contains("fcfs") && !scenario.to_json().contains("profile"));
    let changed = set(&set(&scenario, "policies.order.kind", json!("sjf")), "policies.estimates.kind", json!("exact"));
    assert!(changed.to_json().contains("sjf") && changed.to_json().contains("exact"));
    let back = set(&set(&changed, "policies.order.kind", json!("fcfs")), "policies.estimates", json!(null));
    assert_eq!(back, scenario);
}
