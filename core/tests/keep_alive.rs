//! Keep-alive from end to end: what the scenario says about containers is what happens to them.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{InvocationRow, Recorder};
use faaslab_core::platform::{Cause, Counters, Outcome};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::workload::Workload;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::set;

/// One worker of 1,000 MB with many cores, functions of 300 MB whose cold start takes 1 s and an execution 100 ms.
fn scenario(functions: &[&str]) -> Scenario {
    let functions: Vec<Value> = functions
        .iter()
        .map(|id| json!({"id": id, "memory_mb": 300, "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 400, "init_ms": 600}))
        .collect();
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "cores": 64, "memory_mb": 1000}],
        "functions": functions,
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}},
        "run": {"duration_s": 10}
    }))
    .unwrap()
}

/// Runs a scenario on arrivals given as (seconds, function).
fn run(scenario: &Scenario, arrivals: &[(f64, u32)]) -> (Vec<InvocationRow>, Counters) {
    let mut workload = Workload::new(scenario, None).unwrap();
    workload.arrival_ns = arrivals.iter().map(|a| (a.0 * 1e9) as u64).collect();
    workload.function = arrivals.iter().map(|a| a.1).collect();
    workload.execution_ns = vec![100_000_000; arrivals.len()];
    workload.client = vec![0; arrivals.len()];
    let workload = Arc::new(workload);
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut recorder);
    ((0..arrivals.len() as u32).map(|i| recorder.row(i)).collect(), simulation.world().counters.clone())
}

fn cold(rows: &[InvocationRow]) -> Vec<bool> {
    rows.iter().map(|r| r.cold).collect()
}

#[test]
fn without_keep_alive_every_start_is_cold() {
    let none = set(&scenario(&["f"]), "policies.keep_alive", json!({"kind": "none"}));
    let (rows, counters) = run(&none, &[(0.0, 0), (5.0, 0), (5.5, 0)]);
    assert_eq!(cold(&rows), [true; 3]);
    assert_eq!(counters.expirations, 3);
}

#[test]
fn a_function_may_keep_its_containers_for_a_time_of_its_own() {
    let own = set(&scenario(&["f", "g"]), "functions.f.keep_alive_s", json!(2));
    let (rows, _) = run(&own, &[(0.0, 0), (0.0, 1), (10.0, 0), (10.0, 1)]);
    assert_eq!(cold(&rows), [true, true, true, false], "f is kept for 2 s, g for 10 minutes");
}

#[test]
fn containers_that_are_always_there_make_even_the_first_start_warm_and_are_not_evicted() {
    let mut always = set(&scenario(&["f", "g", "h", "i"]), "functions.f.min_warm", json!(1));
    always = set(&always, "policies.keep_alive", json!({"kind": "lru"}));
    let arrivals = [(2.0, 0), (4.0, 1), (6.0, 2), (8.0, 3), (10.0, 0)];
    let (rows, counters) = run(&always, &arrivals);
    assert_eq!(cold(&rows), [false, true, true, true, false], "there is room for three; g goes for i, f stays");
    assert_eq!((counters.prewarmed, counters.evictions), (1, 1));
}

#[test]
fn expiry_that_nobody_looks_for_holds_memory_until_the_function_comes_back() {
    let ttl = |expiry: &str| {
        let policy = json!({"kind": "fixed_ttl", "ttl_s": 5, "expiry": expiry});
        set(&scenario(&["f", "g"]), "policies.keep_alive", policy)
    };
    let arrivals = [(0.0, 0), (20.0, 1), (30.0, 0)];
    let (lazy, lazy_counts) = run(&ttl("lazy"), &arrivals);
    let (eager, eager_counts) = run(&ttl("eager"), &arrivals);
    assert_eq!(cold(&lazy), [true; 3]);
    assert_eq!(cold(&eager), [true; 3]);
    assert_eq!((lazy_counts.expirations, eager_counts.expirations), (1, 2), "g's time runs out and nobody looks");
}

#[test]
fn a_function_that_comes_every_half_hour_is_loaded_ahead_and_does_not_hold_memory_in_between() {
    let learns = set(&scenario(&["f"]), "policies.keep_alive", json!({"kind": "hybrid_histogram"}));
    let arrivals: Vec<(f64, u32)> = (0..20).map(|i| (f64::from(i) * 1800.0, 0)).collect();
    let (rows, counters) = run(&learns, &arrivals);
    assert_eq!(cold(&rows)[..2], [true, false], "what is not known is kept for four hours");
    assert!(cold(&rows)[2..].iter().all(|c| !c), "then it is loaded 27 minutes after each execution");
    assert!((17..=18).contains(&counters.prewarmed), "{}", counters.prewarmed);
}

#[test]
fn what_is_larger_than_every_worker_is_rejected_or_dropped() {
    let large = set(&scenario(&["small", "large"]), "functions.large.memory_mb", json!(2000));
    let arrivals = [(0.0, 0), (5.0, 1), (10.0, 0)];
    let (rows, _) = run(&large, &arrivals);
    assert_eq!((rows[1].outcome, rows[2].cold), (Some(Outcome::Rejected), false));
    assert_eq!([0, 1].map(|i| rows[i].cause), [None, Some(Cause::HostTooSmall)]);
    let dropped = set(&large, "policies.too_large", json!("drop"));
    let (rows, _) = run(&dropped, &arrivals);
    assert_eq!((rows[1].outcome, rows[2].cold), (Some(Outcome::Dropped), false));
    let flushed = set(&dropped, "policies.if_insufficient", json!("evict_anyway"));
    let (rows, _) = run(&flushed, &arrivals);
    assert_eq!((rows[1].outcome, rows[2].cold), (Some(Outcome::Dropped), true), "everything idle went for it");
}

#[test]
fn executions_that_share_a_core_run_into_their_limit_together_and_alone_they_do_not() {
    let mut shared = set(&scenario(&["f"]), "nodes.w.cpu", json!("shared"));
    shared = set(&set(&shared, "nodes.w.cores", json!(1)), "functions.f.time_limit_s", json!(0.15));
    let (rows, _) = run(&shared, &[(0.0, 0), (0.0, 0), (10.0, 0)]);
    let ends: Vec<_> = rows.iter().map(|r| r.outcome.unwrap()).collect();
    assert_eq!(ends, [Outcome::TimedOut, Outcome::TimedOut, Outcome::Completed]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Belady's theorem: equal sizes, one request at a time.
    #[test]
    fn nothing_has_fewer_cold_starts_than_the_clairvoyant(uses in proptest::collection::vec(0u32..7, 1..80), kind in 0usize..100) {
        let all = scenario(&["a", "b", "c", "d", "e", "f", "g"]);
        let arrivals: Vec<(f64, u32)> = uses.iter().enumerate().map(|(i, &f)| (i as f64 * 5.0, f)).collect();
        let kinds = Library::default().catalogue().keep_alives;
        let cold = |kind: &str| run(&set(&all, "policies.keep_alive", json!({"kind": kind})), &arrivals).1.cold;
        prop_assert!(cold("clairvoyant") <= cold(kinds[kind % kinds.len()].kind));
    }
}
