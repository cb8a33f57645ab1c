//! An invocation that is alone takes exactly the sum of its parts, to the nanosecond (model.md 10.5).
//!
//! Every latency and cost has a value of its own, so that a term that is missing or counted twice shows in the sum.
#![allow(clippy::unwrap_used)]

mod support;

use faaslab_core::measure::InvocationRow;
use faaslab_core::platform::Outcome;
use faaslab_core::scenario::Scenario;
use faaslab_core::units::NS_PER_S;
use serde_json::{Value, json};
use support::{run, set};

const US: u64 = 1_000;
const MS: u64 = 1_000_000;

/// The only invocation is submitted here.
const SUBMIT: u64 = NS_PER_S;

/// A user, a controller and two workers in one zone, and one invocation that runs for 100 ms in a container that costs nothing:
/// user 3 ms controller, controller 5 ms worker, user 7 ms near, user 7.5 ms far.
fn alone(architecture: Value) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z"}],
        "nodes": [{"id": "user", "zone": "z", "roles": ["client"]},
                  {"id": "controller", "zone": "z", "roles": ["cloud_controller"]},
                  {"id": "near", "zone": "z", "roles": ["worker"]},
                  {"id": "far", "zone": "z", "roles": ["worker"]}],
        "links": [{"id": "submit", "from": "user", "to": "controller", "latency_ms": 3},
                  {"id": "dispatch", "from": "controller", "to": "near", "latency_ms": 5},
                  {"id": "dispatch-far", "from": "controller", "to": "far", "latency_ms": 5},
                  {"id": "return", "from": "near", "to": "user", "latency_ms": 7},
                  {"id": "return-far", "from": "far", "to": "user", "latency_ms": 7.5}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": architecture},
        "run": {"duration_s": 1}
    }))
    .unwrap()
}

fn centralized() -> Scenario {
    alone(json!({"kind": "centralized", "decision_ms": 2, "scan_us": 10, "message_us": 50}))
}

fn decentralized(d: u32) -> Scenario {
    alone(json!({"kind": "decentralized", "d": d, "decision_ms": 2, "scan_us": 10, "message_us": 50}))
}

/// What happened to the only invocation.
fn only(scenario: &Scenario) -> InvocationRow {
    let (summary, recorder) = run(scenario);
    assert_eq!((summary.submitted, summary.live), (1, 0));
    recorder.row(0)
}

/// Its service time (finish - submit) and its response time.
fn times(scenario: &Scenario) -> (u64, u64) {
    let row = only(scenario);
    assert_eq!(row.outcome, Some(Outcome::Completed));
    (row.finished.unwrap().0 - SUBMIT, row.response_ns)
}

#[test]
fn centralized_takes_a_hop_a_decision_a_hop_and_the_execution() {
    let service = 3 * MS + (2 * MS + 2 * 10 * US) + 5 * MS + 100 * MS; // two hosts are looked at
    assert_eq!(times(&centralized()), (service, service + 7 * MS));
}

#[test]
fn with_one_choice_the_placer_on_the_clients_machine_asks_nobody() {
    let scenario = set(&decentralized(1), "links.return-far.latency_ms", json!(7)); // whichever worker it is
    let service = (2 * MS + 10 * US) + 7 * MS + 100 * MS;
    assert_eq!(times(&scenario), (service, service + 7 * MS));
}

#[test]
fn with_two_choices_a_question_and_its_answer_come_before_the_task() {
    // At equal distance both answers arrive at once, and the placer reads one after the other.
    let scenario = set(&decentralized(2), "links.return-far.latency_ms", json!(7));
    let service = (2 * MS + 2 * 10 * US) + 3 * 7 * MS + 2 * 50 * US + 100 * MS;
    assert_eq!(times(&scenario), (service, service + 7 * MS));
}

#[test]
fn with_two_choices_the_slower_answer_is_waited_for() {
    // The near worker answers at 14 ms and of equals is chosen; the far one answers at 15 ms and decides when.
    let service = (2 * MS + 2 * 10 * US) + 15 * MS + 50 * US + 7 * MS + 100 * MS;
    let row = only(&decentralized(2));
    assert_eq!(row.host, Some(0));
    assert_eq!((row.finished.unwrap().0 - SUBMIT, row.response_ns), (service, service + 7 * MS));
}

/// Two zones, 1 and 2 ms wide and 15 ms apart, each with a controller and a worker; the user is in the first.
fn federated(first_worker_mb: u32) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "here", "latency_ms": 1}, {"id": "there", "latency_ms": 2}],
        "nodes": [{"id": "user", "zone": "here", "roles": ["client"]},
                  {"id": "placer-here", "zone": "here", "roles": ["edge_controller"]},
                  {"id": "worker-here", "zone": "here", "roles": ["worker"], "memory_mb": first_worker_mb},
                  {"id": "placer-there", "zone": "there", "roles": ["edge_controller"]},
                  {"id": "worker-there", "zone": "there", "roles": ["worker"]},
                  {"id": "worker-there-2", "zone": "there", "roles": ["worker"]}],
        "links": [{"id": "road", "from": "here", "to": "there", "latency_ms": 15}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "federated", "decision_ms": 2, "scan_us": 10, "message_us": 50, "gossip_ms": 0}},
        "run": {"duration_s": 1}
    }))
    .unwrap()
}

#[test]
fn federated_inside_a_zone_is_centralized_in_the_small() {
    let service = MS + (2 * MS + 10 * US) + MS + 100 * MS;
    assert_eq!(times(&federated(4096)), (service, service + MS));
}

#[test]
fn an_offload_adds_the_way_between_zones_and_a_second_decision() {
    // The worker here is too small for the function, so the placer hands it on even though nobody is loaded.
    let service = MS + (2 * MS + 10 * US) + 15 * MS + (2 * MS + 2 * 10 * US) + 2 * MS + 100 * MS;
    assert_eq!(times(&federated(1)), (service, service + 15 * MS));
}

#[test]
fn a_client_in_a_zone_without_workers_submits_to_the_nearest_placer() {
    let mut scenario = federated(4096);
    scenario.nodes.retain(|n| n.id != "worker-here");
    let service = 15 * MS + (2 * MS + 2 * 10 * US) + 2 * MS + 100 * MS;
    assert_eq!(times(&scenario), (service, service + 15 * MS));
}

#[test]
fn a_cold_start_adds_creation_and_initialisation() {
    let scenario = set(&set(&centralized(), "functions.f.create_ms", json!(150.25)), "functions.f.init_ms", json!(350.5));
    let row = only(&scenario);
    assert!(row.cold);
    assert_eq!(row.finished.unwrap().0 - SUBMIT, times(&centralized()).0 + 500 * MS + 750 * US);
    assert_eq!(row.finished.unwrap().since(row.started.unwrap()).0, 100 * MS, "a cold start does not lengthen the execution");
}

#[test]
fn a_second_invocation_finds_the_container_warm() {
    // Two in 2 s; without latency or costs the second is execution alone.
    let scenario =
        set(&support::queue(1.0, 1.0, json!({"kind": "constant", "mean_ms": 100}), 2.0, 1), "functions.f.init_ms", json!(350));
    let scenario = set(&scenario, "workload.arrivals", json!({"kind": "deterministic", "rate_per_s": 1}));
    let (_, recorder) = run(&scenario);
    assert_eq!((recorder.row(0).response_ns, recorder.row(1).response_ns), (450 * MS, 100 * MS));
    assert_eq!((recorder.row(0).cold, recorder.row(1).cold), (true, false));
}

#[test]
fn a_worker_of_speed_2_halves_the_execution() {
    let fast = set(&set(&centralized(), "nodes.near.speed", json!(2)), "nodes.far.speed", json!(2));
    assert_eq!(times(&fast).0, times(&centralized()).0 - 50 * MS);
}

#[test]
fn a_time_limit_ends_the_execution_at_start_plus_limit() {
    let scenario = set(&set(&centralized(), "functions.f.time_limit_s", json!(0.03)), "functions.f.init_ms", json!(350));
    let row = only(&scenario);
    assert_eq!(row.outcome, Some(Outcome::TimedOut));
    assert_eq!(row.started.unwrap().0 - SUBMIT, 10 * MS + 20 * US + 350 * MS);
    assert_eq!(row.finished.unwrap().0, row.started.unwrap().0 + 30 * MS, "the limit counts from the start of the execution");
    assert_eq!(row.response_ns, row.finished.unwrap().0 + 7 * MS - SUBMIT, "the client is told");
}

#[test]
fn an_execution_as_long_as_the_limit_is_ended_by_it() {
    // As in WRENCH's serverless service, whether it holds its cores or shares them.
    for cpu in ["slots", "shared", "unlimited", "isolated"] {
        let limited = |s: f64| {
            let scenario = set(&centralized(), "functions.f.time_limit_s", json!(s));
            let scenario = set(&scenario, "nodes.near.cpu", json!(cpu));
            only(&set(&scenario, "nodes.far.cpu", json!(cpu))).outcome
        };
        assert_eq!(limited(0.1), Some(Outcome::TimedOut), "{cpu}");
        assert_eq!(limited(0.100_001), Some(Outcome::Completed), "{cpu}");
    }
}

#[test]
fn payloads_add_their_bits_over_the_bandwidth() {
    // 10 kB: 10 ms at 8 Mbit/s to the placer, 5 ms at 16 Mbit/s to the worker; 25 kB back: 2.5 ms at 80 Mbit/s.
    let mut scenario = centralized();
    (scenario.functions[0].request_kb, scenario.functions[0].response_kb) = (10.0, 25.0);
    for link in &mut scenario.links {
        link.bandwidth_mbps = Some(match link.id.as_str() {
            "submit" => 8.0,
            "dispatch" | "dispatch-far" => 16.0,
            _ => 80.0,
        });
    }
    let (service, response) = times(&centralized());
    assert_eq!(times(&scenario), (service + 15 * MS, response + 17_500 * US));
}

#[test]
fn control_messages_have_no_payload() {
    // Questions and answers take their latency whatever the bandwidth; only the task itself carries the request.
    let mut scenario = set(&decentralized(2), "links.return-far.latency_ms", json!(7));
    scenario.functions[0].request_kb = 10.0;
    let (service, response) = times(&scenario);
    for link in &mut scenario.links {
        link.bandwidth_mbps = Some(8.0);
    }
    assert_eq!(times(&scenario), (service + 10 * MS, response + 10 * MS));
}

/// The three costs of a placer, and a cost for each job.
fn costs(kind: &str) -> Value {
    json!({"kind": kind, "decision_ms": 2, "job_ms": 0.5, "scan_us": 10, "message_us": 50})
}

/// A decision on one task in which two hosts are looked at.
const DECISION: u64 = 2 * MS + 500 * US + 2 * 10 * US;

#[test]
fn one_queue_with_free_hosts_is_a_hop_a_decision_and_a_hop() {
    let service = 3 * MS + DECISION + 5 * MS + 100 * MS;
    assert_eq!(times(&alone(costs("pull"))), (service, service + 7 * MS));
}

#[test]
fn an_independent_placer_is_a_decision_and_a_hop() {
    let service = DECISION + 7 * MS + 100 * MS;
    assert_eq!(times(&alone(costs("independent"))), (service, service + 7 * MS));
    // Heartbeats cost a placer time, but it has nothing else to do.
    let mut beating = costs("independent");
    beating["heartbeat_ms"] = json!(10);
    assert_eq!(times(&alone(beating)), (service, service + 7 * MS));
}

#[test]
fn batch_sampling_waits_for_the_last_reply() {
    let service = DECISION + 2 * 7_500 * US + 50 * US + 7 * MS + 100 * MS;
    assert_eq!(times(&alone(costs("batch_sampling"))), (service, service + 7 * MS));
}

#[test]
fn late_binding_is_a_reservation_a_question_and_the_task() {
    let service = DECISION + 7 * MS + 7 * MS + 50 * US + 7 * MS + 100 * MS;
    for cancellation in ["on", "off"] {
        let mut architecture = costs("late_binding");
        architecture["cancellation"] = json!(cancellation);
        assert_eq!(times(&alone(architecture)), (service, service + 7 * MS));
    }
}

#[test]
fn a_claim_goes_to_the_broker_and_back_before_the_task_sets_out() {
    let service = DECISION + 3 * MS + 50 * US + 3 * MS + 50 * US + 7 * MS + 100 * MS;
    assert_eq!(times(&alone(costs("shared_state"))), (service, service + 7 * MS));
}
