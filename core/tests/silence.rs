//! Nodes whose placers do not answer: what reaches them waits, nothing is decided, and others find a way around them.
//!
//! Arrivals are one second apart, the first at 1 s.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{InvocationRow, Recorder, Summary};
use faaslab_core::platform::Outcome;
use faaslab_core::scenario::{Change, Scenario, validate};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::{NS_PER_S, SimTime};
use faaslab_core::workload::Workload;
use serde_json::{Map, Value, json};
use support::{run, set};

const MS: u64 = 1_000_000;

/// A user, a controller and a worker, each 10 ms from the others; executions take 400 ms, decisions 100 ms.
fn central() -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 10}],
        "nodes": [{"id": "user", "zone": "z", "roles": ["client"]},
                  {"id": "cloud", "zone": "z", "roles": ["cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "cores": 16}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 400}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 100, "message_us": 0}},
        "run": {"duration_s": 5}
    }))
    .unwrap()
}

/// The scenario with one more change.
fn at(scenario: &Scenario, at_s: f64, path: &str, value: Value) -> Scenario {
    let mut changed = scenario.clone();
    changed.timeline.push(Change { at_s, set: Map::from_iter([(path.to_owned(), value)]) });
    changed
}

/// The scenario in which a node does not answer from one instant to another.
fn silent(scenario: &Scenario, node: &str, from_s: f64, to_s: f64) -> Scenario {
    let path = format!("nodes.{node}.answers");
    at(&at(scenario, from_s, &path, json!(false)), to_s, &path, json!(true))
}

fn rows(scenario: &Scenario) -> Vec<InvocationRow> {
    let (summary, recorder) = run(scenario);
    (0..summary.submitted as u32).map(|i| recorder.row(i)).collect()
}

/// When each invocation started, in milliseconds.
fn starts_ms(scenario: &Scenario) -> Vec<u64> {
    rows(scenario).iter().map(|r| r.started.unwrap().0 / MS).collect()
}

fn messages(summary: &Summary, kind: &str) -> u64 {
    summary.messages.iter().find(|m| m.0 == kind).unwrap().1
}

fn remarks(scenario: &Scenario) -> Vec<(bool, String)> {
    let all = validate(scenario, &Library::default().catalogue());
    all.into_iter().map(|p| (p.warning, format!("{}: {}", p.path, p.message))).collect()
}

#[test]
fn what_reaches_a_silent_controller_waits_until_it_answers_again() {
    assert_eq!(starts_ms(&central()), [1_120, 2_120, 3_120, 4_120, 5_120]);
    // The second and the third are decided one after the other from 3.5 s on.
    let scenario = silent(&central(), "cloud", 1.5, 3.5);
    assert_eq!(starts_ms(&scenario), [1_120, 3_610, 3_710, 4_120, 5_120]);
    let (summary, recorder) = run(&scenario);
    assert_eq!((summary.completed, summary.live), (5, 0));
    // It waits in the inbox, from 2,010 to 3,500 ms; who watches sees that.
    assert_eq!(recorder.row(1).response_ns, 2_020 * MS);
    assert_eq!(remarks(&scenario), []);
}

#[test]
fn a_decision_that_a_silence_cuts_off_is_made_anew_and_what_runs_goes_on() {
    // The decision on the second lasts from 2,010 to 2,110 ms; the first ends at 1,520 ms in any case.
    let scenario = silent(&central(), "cloud", 2.05, 2.5);
    assert_eq!(starts_ms(&scenario), [1_120, 2_610, 3_120, 4_120, 5_120]);
    let running = silent(&central(), "cloud", 1.2, 1.9);
    assert_eq!(rows(&running)[0].response_ns, rows(&central())[0].response_ns);
    // A silence that is over when the decision ends goes unnoticed.
    assert_eq!(starts_ms(&silent(&central(), "cloud", 2.05, 2.06)), starts_ms(&central()));
}

#[test]
fn who_gives_up_at_a_silent_controller_is_not_run_when_it_answers_again() {
    let scenario = set(&silent(&central(), "cloud", 1.5, 3.5), "functions.f.patience_s", json!(1.2));
    let rows = rows(&scenario);
    let outcomes: Vec<_> = rows.iter().map(|r| r.outcome.unwrap()).collect();
    use Outcome::{Abandoned, Completed};
    assert_eq!(outcomes, [Completed, Abandoned, Completed, Completed, Completed]);
    assert_eq!(rows[2].started, Some(SimTime(3_610 * MS)), "it is the first now");
    assert!(rows[1].started.is_none());
}

#[test]
fn a_run_whose_controller_never_answers_again_ends_and_is_remarked_on() {
    let scenario = at(&central(), 2.05, "nodes.cloud.answers", json!(false));
    assert_eq!(remarks(&scenario), [(true, "nodes.cloud.answers: it never answers again".to_owned())]);
    let (summary, _) = run(&scenario);
    assert_eq!((summary.submitted, summary.completed, summary.live), (5, 1, 4));
    let from_the_start = set(&central(), "nodes.cloud.answers", json!(false));
    assert_eq!(remarks(&from_the_start).len(), 1);
    assert_eq!(run(&from_the_start).0.live, 5);
}

/// Two zones with a user, an edge controller and workers each, and a cloud; one job of two tasks after the other.
fn everywhere(kind: &str) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "a", "latency_ms": 1}, {"id": "b", "latency_ms": 1}, {"id": "c", "latency_ms": 1}],
        "network": {"between_zones_ms": 10},
        "nodes": [{"id": "user-a", "zone": "a", "roles": ["client"]},
                  {"id": "user-b", "zone": "b", "roles": ["client"]},
                  {"id": "edge-a", "zone": "a", "roles": ["edge_controller"]},
                  {"id": "edge-b", "zone": "b", "roles": ["edge_controller"]},
                  {"id": "cloud", "zone": "c", "roles": ["cloud_controller"]},
                  {"id": "wa", "zone": "a", "roles": ["worker"], "cores": 2, "count": 2},
                  {"id": "wb", "zone": "b", "roles": ["worker"], "cores": 2, "count": 2}],
        "functions": [{"id": "f", "execution": {"kind": "exponential", "mean_ms": 200}, "create_ms": 50, "init_ms": 50},
                      {"id": "g", "execution": {"kind": "lognormal", "mean_ms": 1500}}],
        "workload": {"arrivals": {"kind": "poisson", "rate_per_s": 5}, "jobs": {"kind": "fan_out", "tasks": 2}},
        "frame": {"architecture": {"kind": kind}},
        "run": {"duration_s": 60}
    }))
    .unwrap()
}

#[test]
fn after_a_silence_of_any_node_every_architecture_goes_on_and_if_it_is_for_good_the_run_ends() {
    for entry in Library::default().catalogue().architectures {
        for node in ["user-a", "edge-b", "cloud", "wa"] {
            let scenario = silent(&everywhere(entry.kind), node, 10.0, 20.0);
            let (summary, _) = run(&scenario);
            assert_eq!(summary.live, 0, "{} without {node}", entry.kind);
            let for_good = at(&everywhere(entry.kind), 10.0, &format!("nodes.{node}.answers"), json!(false));
            let (summary, _) = run(&for_good);
            assert_eq!(summary.sojourn_ns, summary.in_system_ns, "{} without {node}", entry.kind);
        }
    }
}

/// Three zones with a controller and a worker each, 10 ms apart; the only user is in the first, 1 ms from its controller. All
/// executions take 400 ms, decisions nothing.
fn federation(architecture: Value) -> Scenario {
    let mut nodes = vec![json!({"id": "user", "zone": "a", "roles": ["client"]})];
    for zone in ["a", "b", "c"] {
        nodes.push(json!({"id": format!("edge-{zone}"), "zone": zone, "roles": ["edge_controller"]}));
        nodes.push(json!({"id": format!("w{zone}"), "zone": zone, "roles": ["worker"], "cores": 16}));
    }
    let scenario = Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "a", "latency_ms": 1}, {"id": "b", "latency_ms": 1}, {"id": "c", "latency_ms": 1}],
        "network": {"between_zones_ms": 10},
        "links": [{"id": "far", "from": "a", "to": "c", "latency_ms": 30}],
        "nodes": nodes,
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 400}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "federated", "decision_ms": 0, "message_us": 0}},
        "run": {"duration_s": 5}
    }));
    let mut scenario = scenario.unwrap();
    for (name, value) in architecture.as_object().unwrap() {
        scenario.frame.architecture.params.insert(name.clone(), value.clone());
    }
    scenario
}

#[test]
fn a_client_withdraws_what_its_placer_leaves_without_an_answer_and_asks_the_next_nearest() {
    let impatient = federation(json!({"answer_within_ms": 200}));
    assert_eq!(starts_ms(&impatient), [1_002, 2_002, 3_002, 4_002, 5_002]);
    let scenario = silent(&impatient, "edge-a", 1.5, 4.5);
    // 200 ms later it goes to the second zone: 10 ms to the placer, 1 ms to the worker.
    assert_eq!(starts_ms(&scenario), [1_002, 2_211, 3_211, 4_211, 5_002]);
    let (summary, recorder) = run(&scenario);
    assert_eq!((summary.completed, summary.live, summary.withdrawn, summary.retries), (5, 0, 3, 0));
    let count = ["submit", "cancel", "placed", "refusal"].map(|kind| messages(&summary, kind));
    assert_eq!(count, [8, 3, 5, 0]);
    assert_eq!([0, 1].map(|i| recorder.row(i).attempts), [1, 2]);
    // Without it they wait.
    let patient = set(&scenario, "frame.architecture.answer_within_ms", json!(0));
    assert_eq!(starts_ms(&patient), [1_002, 4_501, 4_501, 4_501, 5_002]);
    assert_eq!(messages(&run(&patient).0, "placed"), 0);
}

#[test]
fn the_last_placer_is_waited_for_and_the_others_are_asked_in_the_order_of_distance() {
    let impatient = federation(json!({"answer_within_ms": 200}));
    let two = silent(&silent(&impatient, "edge-a", 1.5, 4.5), "edge-b", 1.5, 4.5);
    // 400 ms, then 30 ms to the third zone's placer.
    assert_eq!(starts_ms(&two), [1_002, 2_431, 3_431, 4_431, 5_002]);
    let all = silent(&two, "edge-c", 1.5, 4.6);
    assert_eq!(starts_ms(&all), [1_002, 4_601, 4_601, 4_601, 5_002]);
    assert_eq!(run(&all).0.withdrawn, 6);
    let for_good = ["a", "b", "c"]
        .iter()
        .fold(impatient, |scenario, zone| at(&scenario, 1.5, &format!("nodes.edge-{zone}.answers"), json!(false)));
    let (summary, _) = run(&for_good);
    assert_eq!((summary.completed, summary.live, summary.withdrawn), (1, 4, 8), "and the run ends");
}

#[test]
fn what_was_withdrawn_is_closed_at_the_old_placer_and_never_runs() {
    let scenario = silent(&federation(json!({"answer_within_ms": 200})), "edge-a", 1.5, 4.5);
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    while !simulation.step_to(SimTime(4_300 * MS), 10_000, &mut ()) {}
    assert_eq!(simulation.world().attempts.len(), 1, "the one that runs elsewhere; at the silent placer none is left");
    simulation.run(&mut ());
    let counters = &simulation.world().counters;
    assert_eq!(counters.cold + counters.warm, 5, "nothing runs twice");
}

#[test]
fn an_answer_that_comes_too_late_is_no_second_run_of_the_task_for_its_client() {
    // Word comes back after 2 ms and is waited for 1 ms: each is asked for in all zones, and the last runs for the client.
    let (summary, recorder) = run(&federation(json!({"answer_within_ms": 1})));
    assert_eq!((summary.completed, summary.live, summary.withdrawn), (5, 0, 10));
    assert!((0..5).all(|i| recorder.row(i).attempts == 3 && recorder.row(i).outcome == Some(Outcome::Completed)));
}

#[test]
fn tries_of_the_client_are_counted_without_those_that_nobody_answered() {
    // The function does not retry, and is still asked for elsewhere; with a retry it may be refused once more.
    let scenario = silent(&federation(json!({"answer_within_ms": 200})), "edge-a", 1.5, 4.5);
    let scenario = set(&scenario, "functions.f.time_limit_s", json!(0.1));
    for (retries, attempts) in [(0u64, 2), (1, 4)] {
        let scenario = set(&scenario, "functions.f.retries", json!(retries));
        let (summary, recorder) = run(&scenario);
        // The second attempt ran into its limit; the third asks the silent placer again, the fourth the next.
        assert_eq!(recorder.row(1).attempts, attempts);
        assert_eq!(summary.retries, 5 * retries);
    }
}

#[test]
fn a_zone_that_says_nothing_is_handed_nothing() {
    // More comes than all zones can do, so that each is handed what it seems to have room for.
    let hands_on = federation(json!({"offload_above": 0, "gossip_ms": 50}));
    let busy = set(&hands_on, "workload.arrivals.rate_per_s", json!(200));
    let quiet = silent(&busy, "edge-b", 1.0, 60.0);
    let waited = |scenario: &Scenario| {
        let rows = rows(scenario);
        rows.iter().filter(|r| r.host == Some(1) && r.started.unwrap() >= SimTime(60 * NS_PER_S)).count()
    };
    let knows = set(&quiet, "frame.architecture.silent_after_ms", json!(200));
    let (without, with) = (waited(&quiet), waited(&knows));
    assert!(without > 60 && (1..=40).contains(&with), "{without} tasks waited in the silent zone, {with} where the others know");
    // It is handed work again when it speaks again.
    let back = silent(&set(&busy, "frame.architecture.silent_after_ms", json!(200)), "edge-b", 1.0, 2.0);
    let rows = rows(&back);
    let there = |from: u64, to: u64| {
        let some = rows.iter().filter(|r| (from * MS..to * MS).contains(&r.submitted.unwrap().0));
        some.filter(|r| r.host == Some(1)).count()
    };
    assert!(there(1_300, 1_900) == 0 && there(2_300, 2_900) > 0, "{} and {}", there(1_300, 1_900), there(2_300, 2_900));
    assert_eq!(remarks(&set(&busy, "frame.architecture.silent_after_ms", json!(50))).len(), 1, "sooner than gossip can come");
}

#[test]
fn by_history_the_zone_that_answers_faster_gets_more() {
    // While its one core is busy the first zone hands everything on; the others seem idle.
    let architecture = json!({"offload_above": 0, "hops": 1});
    let scenario = set(&federation(architecture), "workload.arrivals.rate_per_s", json!(20));
    let scenario = set(&set(&scenario, "run.duration_s", json!(120)), "nodes.wb.speed", json!(4));
    let sizes = [("wa", 1), ("wb", 1000), ("wc", 1000)];
    let scenario = sizes.iter().fold(scenario, |s, (node, cores)| set(&s, &format!("nodes.{node}.cores"), json!(cores)));
    let count = |scenario: &Scenario, host: u32| rows(scenario).iter().filter(|r| r.host == Some(host)).count() as f64;
    let drawn = set(&scenario, "frame.architecture.target", json!("by_history"));
    // 100 ms and the ways there and back, 11 ms each, against 400 ms and 31 ms each.
    let ratio = count(&drawn, 1) / count(&drawn, 2);
    assert!((ratio / (462.0 / 122.0) - 1.0).abs() < 0.15, "{ratio}");
    let (summary, _) = run(&drawn);
    assert!(messages(&summary, "note") > 1_500, "word of each end comes back");
    assert_eq!(messages(&run(&scenario).0, "note"), 0);
}

#[test]
fn a_copy_made_at_any_event_of_a_silence_goes_on_as_the_original() {
    let scenario = federation(json!({"answer_within_ms": 200, "silent_after_ms": 300, "target": "by_history", "offload_above": 0}));
    let scenario = silent(&set(&scenario, "workload.arrivals.rate_per_s", json!(30)), "edge-a", 1.5, 3.5);
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    for stop in (1..2_000).step_by(211) {
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        simulation.step(stop, &mut ());
        let mut copy = simulation.clone();
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        simulation.run(&mut recorder);
        copy.run(&mut ());
        assert_eq!(simulation.world().digest, copy.world().digest);
        assert_eq!(simulation.world().counters, copy.world().counters);
    }
}
