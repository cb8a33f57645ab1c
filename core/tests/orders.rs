//! Queue orders at placers that hold tasks: who waits at a placer is served as who waits at a host.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::platform::{Outcome, Probe, TaskEnd};
use faaslab_core::registry::Entry;
use faaslab_core::scenario::{Change, Scenario};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use serde_json::{Map, Value, json};
use support::set;

const BLOCKER: u32 = 0;
const LONG: u32 = 1;
const SHORT: u32 = 2;

/// Everything on one machine but a worker with one core; nothing takes time but executions.
fn one_core(mut architecture: Value, order: &str) -> Scenario {
    let function = |id: &str, priority: u32, deadline_s: Option<f64>| {
        json!({"id": id, "memory_mb": 1, "execution": {"kind": "constant"}, "create_ms": 0, "init_ms": 0, "priority": priority,
            "deadline_s": deadline_s})
    };
    (architecture["decision_ms"], architecture["message_us"]) = (json!(0), json!(0));
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "cores": 1, "memory_mb": 1000}],
        "functions": [function("blocker", 0, None), function("long", 1, Some(9.0)), function("short", 2, Some(0.1))],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": architecture},
        "policies": {"order": {"kind": order}, "estimates": {"kind": "exact"}},
        "run": {"duration_s": 10}
    }))
    .unwrap()
}

/// When each invocation started.
#[derive(Default)]
struct Starts(Vec<(SimTime, u32)>);

impl Probe for Starts {
    fn ended(&mut self, _: SimTime, end: &TaskEnd<'_>) {
        assert_eq!(end.outcome, Outcome::Completed);
        self.0.push((end.started, end.invocation));
    }
}

/// Runs a scenario on (arrival in milliseconds, function, execution in milliseconds). Answers the rows in the order in which they
/// started.
fn service(scenario: &Scenario, arrivals: &[(u64, u32, u64)]) -> Vec<u32> {
    let mut workload = Workload::new(scenario, None).unwrap();
    workload.arrival_ns = arrivals.iter().map(|a| a.0 * 1_000_000).collect();
    workload.function = arrivals.iter().map(|a| a.1).collect();
    workload.execution_ns = arrivals.iter().map(|a| a.2 * 1_000_000).collect();
    workload.client = vec![0; arrivals.len()];
    let mut starts = Starts::default();
    let mut simulation = Simulation::new(scenario, Arc::new(workload), &Library::default()).unwrap();
    assert!(simulation.run(&mut starts).done);
    assert_eq!(starts.0.len(), arrivals.len(), "all ended");
    starts.0.sort_unstable();
    starts.0.iter().map(|s| s.1).collect()
}

/// Architectures whose placers hold tasks of several functions.
fn holders() -> Vec<Value> {
    vec![
        json!({"kind": "pull"}),
        json!({"kind": "shared_state", "placers": 1}),
        json!({"kind": "key_ranges", "placers": 1}),
        json!({"kind": "leases", "placers": 1, "heartbeat_ms": 1}),
        json!({"kind": "offers", "frameworks": 1, "offer_ms": 1}),
    ]
}

/// While the core is busy for 100 ms two long tasks come to wait, and a short one after them.
const TWO_LONG_AND_A_SHORT: [(u64, u32, u64); 4] = [(1, BLOCKER, 100), (5, LONG, 50), (10, LONG, 50), (15, SHORT, 10)];

#[test]
fn a_placer_that_holds_tasks_serves_them_in_the_order_of_the_policy() {
    let orders = [
        ("fcfs", [0, 1, 2, 3]),
        ("sjf", [0, 3, 1, 2]),
        ("srpt", [0, 3, 1, 2]),
        ("edf", [0, 3, 1, 2]),
        ("priority", [0, 3, 1, 2]),
        ("fair_share", [0, 1, 3, 2]),
    ];
    let known: Vec<&str> = faaslab_core::policy::order::REGISTRY.iter().map(|e: &&Entry| e.kind).collect();
    assert_eq!(orders.map(|o| o.0).as_slice(), known, "every order is tried");
    for architecture in holders() {
        for (order, expected) in orders {
            let scenario = one_core(architecture.clone(), order);
            assert_eq!(service(&scenario, &TWO_LONG_AND_A_SHORT), expected, "{order} at {architecture}");
        }
    }
}

#[test]
fn who_has_waited_too_long_at_a_placer_goes_first() {
    // The cap is 5: the short task is overdue 50 ms after it came, before the shorter ones that come after it.
    let arrivals = [(1, BLOCKER, 100), (5, SHORT, 10), (50, SHORT, 9), (90, SHORT, 9)];
    for architecture in holders() {
        assert_eq!(service(&one_core(architecture.clone(), "srpt"), &arrivals), [0, 1, 2, 3], "{architecture}");
        assert_eq!(service(&one_core(architecture.clone(), "sjf"), &arrivals), [0, 2, 3, 1], "{architecture}");
    }
}

#[test]
fn an_engine_serves_the_tasks_of_a_function_in_the_order_of_the_policy() {
    let arrivals = [(1, BLOCKER, 100), (5, BLOCKER, 50), (10, BLOCKER, 10)];
    let gateway = json!({"kind": "gateway", "most": 1, "engine_us": 0});
    assert_eq!(service(&one_core(gateway.clone(), "fcfs"), &arrivals), [0, 1, 2]);
    assert_eq!(service(&one_core(gateway, "sjf"), &arrivals), [0, 2, 1]);
}

#[test]
fn of_a_job_that_binds_late_the_shortest_task_is_bound_first() {
    for kind in ["late_binding", "hawk", "eagle"] {
        // One place after the other comes up on the one core.
        let mut scenario = one_core(json!({"kind": kind, "cutoff_s": 1e6}), "sjf");
        if kind == "late_binding" {
            scenario.frame.architecture.params.remove("cutoff_s");
        }
        let scenario = set(&scenario, "workload.jobs", json!({"kind": "parallel", "tasks": 5}));
        let scenario = set(&scenario, "functions.short.execution", json!({"kind": "exponential", "mean_ms": 50}));
        let scenario = set(&scenario, "functions.short.weight", json!(1e9));
        let scenario = set(&scenario, "workload.arrivals.rate_per_s", json!(0.15));
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let run = |scenario: &Scenario| {
            let mut starts = Starts::default();
            assert!(Simulation::new(scenario, Arc::clone(&workload), &Library::default()).unwrap().run(&mut starts).done);
            starts.0.sort_unstable();
            starts.0.iter().map(|s| workload.execution_ns[s.1 as usize]).collect::<Vec<u64>>()
        };
        let times = run(&scenario);
        assert_eq!(times.len(), 5);
        assert!(times.is_sorted(), "{kind}: {times:?}");
        let first_come = run(&set(&scenario, "policies.order.kind", json!("fcfs")));
        assert_eq!(first_come, workload.execution_ns, "{kind}");
        assert_ne!(first_come, times, "{kind}: otherwise nothing is shown");
    }
}

#[test]
fn an_order_that_the_timeline_sets_holds_at_placers_too_and_what_waits_keeps_its_place() {
    // Before the change a long one waits; after it two come.
    let arrivals = [(1, BLOCKER, 100), (5, LONG, 50), (30, LONG, 40), (35, SHORT, 10)];
    for architecture in holders() {
        let mut scenario = one_core(architecture.clone(), "fcfs");
        scenario.timeline.push(Change { at_s: 0.02, set: Map::from_iter([("policies.order.kind".to_owned(), json!("sjf"))]) });
        assert_eq!(service(&scenario, &arrivals), [0, 1, 3, 2], "{architecture}");
    }
}

#[test]
fn a_job_that_must_be_placed_whole_stands_together_in_every_order() {
    // Two tasks of a job on one core never start at once; on two cores they do, whatever stands before or after them.
    for order in faaslab_core::policy::order::REGISTRY {
        let architecture = json!({"kind": "shared_state", "placers": 1, "commit": "all_or_nothing"});
        let scenario = set(&one_core(architecture, order.kind), "nodes.w.cores", json!(2));
        let scenario = set(&scenario, "workload.jobs", json!({"kind": "parallel", "tasks": 2}));
        let scenario = set(&scenario, "functions.long.execution", json!({"kind": "exponential", "mean_ms": 100}));
        let scenario = set(&scenario, "functions.short.execution", json!({"kind": "exponential", "mean_ms": 100}));
        let scenario = set(&scenario, "workload.arrivals", json!({"kind": "poisson", "rate_per_s": 8}));
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut starts = Starts::default();
        assert!(Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap().run(&mut starts).done);
        assert_eq!(starts.0.len(), workload.len());
        let mut by_job = vec![Vec::new(); workload.len() / 2];
        starts.0.iter().for_each(|&(at, row)| by_job[workload.job[row as usize] as usize].push(at));
        assert!(by_job.iter().all(|starts| starts[0] == starts[1]), "{}", order.kind);
    }
}
