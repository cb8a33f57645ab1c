//! The timeline: a change takes effect at its instant and not before, and what makes no sense in mid-run is refused.
//!
//! Arrivals are one second apart, the first at 1 s, so that invocation n is submitted at n + 1 seconds.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{InvocationRow, Recorder, Summary};
use faaslab_core::scenario::{Change, Problem, Scenario, validate};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use serde_json::{Map, Value, json};
use support::{run, set};

const MS: u64 = 1_000_000;

/// The user with the controller, 300 ms from a worker; 20 invocations of 400 ms each, in containers that take 100 ms to start.
fn base() -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "user", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "cores": 16}],
        "links": [{"id": "l", "from": "user", "to": "w", "latency_ms": 300}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 400}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}},
        "run": {"duration_s": 20}
    }))
    .unwrap()
}

/// The scenario with one more change: what a fork is.
fn at(scenario: &Scenario, at_s: f64, path: &str, value: Value) -> Scenario {
    let mut changed = scenario.clone();
    changed.timeline.push(Change { at_s, set: Map::from_iter([(path.to_owned(), value)]) });
    changed
}

fn rows(scenario: &Scenario) -> Vec<InvocationRow> {
    let (summary, recorder) = run(scenario);
    (0..summary.submitted as u32).map(|i| recorder.row(i)).collect()
}

fn responses_ms(scenario: &Scenario) -> Vec<u64> {
    rows(scenario).iter().map(|r| r.response_ns / MS).collect()
}

/// The first invocation to which something else happened.
fn first_difference(one: &Scenario, other: &Scenario) -> Option<usize> {
    rows(one).iter().zip(&rows(other)).position(|(a, b)| a != b)
}

#[test]
fn a_longer_time_to_live_keeps_what_is_there_and_brings_nothing_back() {
    let short = set(&base(), "policies.keep_alive", json!({"kind": "fixed_ttl", "ttl_s": 0.5}));
    assert!(rows(&short).iter().all(|r| r.cold));
    // Invocation 9 ends at 10.7 s; its container expires at 11.2 s, just before the next task comes at 11.3 s.
    let ttl = |s: f64| at(&short, s, "policies.keep_alive.ttl_s", json!(60));
    for s in [10.5, 10.7, 11.0, 11.199] {
        assert_eq!(rows(&ttl(s)).iter().position(|r| !r.cold), Some(10), "changed at {s} s");
    }
    assert_eq!(rows(&ttl(11.25)).iter().position(|r| !r.cold), Some(11));
}

#[test]
fn a_shorter_time_to_live_ends_what_is_overdue_at_once() {
    let long = set(&base(), "policies.keep_alive", json!({"kind": "fixed_ttl", "ttl_s": 60}));
    let ttl = |s: f64| at(&long, s, "policies.keep_alive.ttl_s", json!(0.5));
    assert_eq!(first_difference(&long, &ttl(11.25)), Some(10), "idle since 10.7 s, gone at 11.25 s");
    assert_eq!(first_difference(&long, &ttl(11.31)), Some(11), "invocation 10 has it since 11.3 s");
}

#[test]
fn another_keep_alive_policy_takes_over_the_containers() {
    let short = set(&base(), "policies.keep_alive", json!({"kind": "fixed_ttl", "ttl_s": 0.5}));
    let lru = at(&short, 11.0, "policies.keep_alive.kind", json!("lru"));
    assert_eq!(rows(&lru).iter().filter(|r| r.cold).count(), 10);
}

#[test]
fn another_placement_takes_effect_with_the_next_task() {
    // A worker of 16 cores and one of 2, tasks of 3.5 s: in turn, the odd tasks go to the small one. While one or two of them
    // are there its load is at least 1/2, and that of the large one at most 2/16. The even tasks go to the large one either way.
    let mut turns = set(&base(), "policies.placement.kind", json!("round_robin"));
    turns.nodes.push(serde_json::from_value(json!({"id": "small", "zone": "z", "roles": ["worker"], "cores": 2})).unwrap());
    turns.links.clear();
    turns = set(&turns, "functions.f.execution.mean_ms", json!(3500));
    let hosts: Vec<_> = rows(&turns).iter().map(|r| r.host.unwrap()).collect();
    assert!(hosts.iter().enumerate().all(|(i, &h)| h == i as u32 % 2));
    let least = |s: f64| at(&turns, s, "policies.placement.kind", json!("least_loaded"));
    for (s, first) in [(10.5, 11), (11.5, 11), (12.0, 11), (12.5, 13), (13.5, 13)] {
        assert_eq!(first_difference(&turns, &least(s)), Some(first), "changed at {s} s");
        assert_eq!(rows(&least(s))[first].host, Some(0));
    }
}

#[test]
fn another_architecture_gets_the_invocations_submitted_from_then_on() {
    // 0.7 s to the placer, 0.2 s back to a worker beside the user: at 10.5 s invocation 9 is on its way, and stays with the old.
    let mut away = base();
    away.nodes.push(serde_json::from_value(json!({"id": "cloud", "zone": "z", "roles": ["cloud_controller"]})).unwrap());
    away.nodes[0].roles.truncate(1);
    away.links.push(serde_json::from_value(json!({"id": "up", "from": "user", "to": "cloud", "latency_ms": 700})).unwrap());
    away.links.push(serde_json::from_value(json!({"id": "down", "from": "cloud", "to": "w", "latency_ms": 400})).unwrap());
    let near = json!({"kind": "decentralized", "d": 1, "decision_ms": 5});
    let expected = |new: usize| -> Vec<u64> { (0..20).map(|i| if i < new { 1800 } else { 1005 }).collect() };
    assert_eq!(responses_ms(&away), expected(20));
    assert_eq!(responses_ms(&at(&away, 10.5, "frame.architecture", near.clone())), expected(10));
    assert_eq!(responses_ms(&at(&away, 11.0, "frame.architecture", near)), expected(10), "a change comes first at its instant");
}

#[test]
fn another_speed_holds_for_executions_that_start_from_then_on() {
    let faster = |s: f64| responses_ms(&at(&base(), s, "nodes.w.speed", json!(2)));
    let expected: Vec<u64> = (0..20).map(|i| if i < 10 { 1000 } else { 800 }).collect();
    assert_eq!(faster(10.5), expected, "invocation 9 is running");
    assert_eq!(faster(11.3), expected, "and 10 starts at this instant");
    assert_eq!(faster(11.301)[10], 1000);
}

#[test]
fn another_latency_holds_for_messages_sent_from_then_on() {
    // At 10.5 s invocation 9 is running: its result is sent at 10.7 s. The next is slower both ways.
    let slower = responses_ms(&at(&base(), 10.5, "links.l.latency_ms", json!(500)));
    let expected: Vec<u64> = (0..20).map(|i| [1000, 1200, 1400][(i >= 9) as usize + (i >= 10) as usize]).collect();
    assert_eq!(slower, expected);
    // At 10.2 s its task is on the way, and keeps its time.
    assert_eq!(responses_ms(&at(&base(), 10.2, "links.l.latency_ms", json!(500))), expected);
}

#[test]
fn when_latency_falls_no_message_overtakes_another() {
    // Tasks sent at 9 and 10 s are two seconds on the way; the one sent at 11 s, when it takes no time, comes after them.
    let slow = set(&base(), "links.l.latency_ms", json!(2000));
    let rows = rows(&at(&slow, 10.5, "links.l.latency_ms", json!(0)));
    let started: Vec<u64> = rows.iter().map(|r| r.started.unwrap().0 / MS).collect();
    assert_eq!(started[8..13], [11_000, 12_000, 12_000, 12_000, 13_000]);
}

#[test]
fn a_memory_rule_can_change() {
    // Room for one container; a task of 1.5 s finds it taken every other time. Those that wait at 10.5 s are dropped then.
    let mut tight = set(&base(), "functions.f.execution.mean_ms", json!(1500));
    (tight.nodes[1].memory_mb, tight.functions[0].memory_mb) = (100.0, 100.0);
    let rows = rows(&at(&tight, 10.5, "policies.no_room", json!("drop")));
    let lost: Vec<usize> = rows.iter().enumerate().filter(|(_, r)| r.started.is_none()).map(|(i, _)| i).collect();
    assert_eq!(lost[..4], [7, 8, 9, 10], "six have begun by 10.5 s, at 1.3, 2.8, 4.3, 5.8, 7.3 and 8.8 s, and 6 at 10.3 s");
}

#[test]
fn the_order_in_which_changes_are_written_does_not_matter() {
    let digest = |s: &Scenario| run(s).0.digest;
    let (a, b) = (("nodes.w.speed", json!(2)), ("links.l.latency_ms", json!(500)));
    let one = at(&at(&base(), 5.0, a.0, a.1.clone()), 10.0, b.0, b.1.clone());
    let other = at(&at(&base(), 10.0, b.0, b.1), 5.0, a.0, a.1);
    assert_eq!(digest(&one), digest(&other));
}

#[test]
fn of_two_changes_at_one_instant_the_later_in_the_list_holds() {
    let twice = at(&at(&base(), 10.5, "nodes.w.speed", json!(2)), 10.5, "nodes.w.speed", json!(4));
    assert_eq!(responses_ms(&twice)[10], 700);
}

#[test]
fn a_change_at_the_start_is_as_if_written_in_the_scenario() {
    for (path, value) in [("nodes.w.speed", json!(2)), ("policies.keep_alive.ttl_s", json!(0.1)), ("links.l.latency_ms", json!(3))]
    {
        assert_eq!(first_difference(&at(&base(), 0.0, path, value.clone()), &set(&base(), path, value)), None, "{path}");
    }
}

#[test]
fn a_change_after_the_end_changes_nothing() {
    let late = at(&base(), 1e6, "nodes.w.speed", json!(2));
    assert_eq!(run(&late).0, run(&base()).0);
}

/// What validation says of a change at 5 s.
fn refusal(path: &str, value: Value) -> Option<Problem> {
    validate(&at(&base(), 5.0, path, value), &Library::default().catalogue()).into_iter().next()
}

#[test]
fn what_makes_no_sense_in_mid_run_is_refused_with_path_and_reason() {
    for (path, value) in [
        ("run.seed", json!(2)),
        ("run.duration_s", json!(30)),
        ("nodes.w.count", json!(2)),
        ("nodes.w.cores", json!(2)),
        ("nodes.w.memory_mb", json!(100)),
        ("nodes.w.zone", json!("z")),
        ("nodes.new", json!({"id": "new", "zone": "z", "roles": ["worker"]})),
        ("functions.f.memory_mb", json!(1)),
        ("functions.f.execution.mean_ms", json!(1)),
        ("workload.arrivals.rate_per_s", json!(5)),
        ("zones.z.latency_ms", json!(5)),
        ("links.l.to", json!("user")),
        ("links.l", Value::Null),
        ("frame", json!({"architecture": {"kind": "federated"}})),
        ("policies", json!({})),
        ("timeline", json!([])),
        ("version", json!(1)),
        ("title", json!("x")),
    ] {
        let problem = refusal(path, value).unwrap_or_else(|| panic!("{path} is let through"));
        assert!(!problem.warning);
        assert_eq!(problem.path, format!("timeline[0].set.{path}"));
        assert_eq!(problem.message, format!("{path} cannot change during a run"));
        assert!(problem.hint.contains("the rest is fixed when the run starts"), "{}", problem.hint);
    }
}

#[test]
fn a_change_that_the_scenario_could_not_have_is_refused_at_its_place() {
    let message = |path: &str, value: Value| {
        let problem = refusal(path, value).unwrap();
        assert_eq!(problem.path, format!("timeline[0].set.{path}"));
        format!("{}. {}", problem.message, problem.hint)
    };
    assert_eq!(message("nodes.x.speed", json!(2)), "nodes has nothing called x. Did you mean w?");
    assert_eq!(message("nodes.w.speed", json!(0)), "0 × is outside 0.001 to 1000 ×. Enter a value from 0.001 to 1000.");
    assert!(message("policies.keep_alive.ttl_s", json!(-1)).starts_with("-1 is outside"));
    assert!(message("policies.keep_alive.kind", json!("lur")).contains("Did you mean lru?"));
    assert!(message("policies.no_room", json!("wait")).contains("unknown variant wait"));
    assert!(message("frame..architecture", json!(1)).starts_with("this is not a path"));
}

#[test]
fn an_instant_before_the_start_is_refused() {
    let early = at(&base(), -1.0, "nodes.w.speed", json!(2));
    let problems = validate(&early, &Library::default().catalogue());
    assert_eq!(problems[0].path, "timeline[0].at_s");
    let workload = Arc::new(Workload::new(&early, None).unwrap());
    assert_eq!(Simulation::new(&early, workload, &Library::default()).unwrap_err(), problems, "and does not run");
}

#[test]
fn a_fork_is_the_run_that_it_forks_from_until_the_change() {
    let text = include_str!("../../scenarios/three-edges.json");
    let original = set(&Scenario::from_json(text).unwrap(), "run.duration_s", json!(40));
    let begin = |s: &Scenario| {
        let workload = Arc::new(Workload::new(s, None).unwrap());
        (Recorder::new(Arc::clone(&workload), 0.0), Simulation::new(s, workload, &Library::default()).unwrap())
    };
    for (path, value) in [
        ("policies.keep_alive.ttl_s", json!(60)),
        ("policies.placement.kind", json!("random")),
        ("frame.architecture.kind", json!("decentralized")),
        ("nodes.worker-1.speed", json!(3)),
        ("links.uplink.latency_ms", json!(1)),
    ] {
        let fork = at(&original, 20.0, path, value);
        let ((mut old_rows, mut old), (mut new_rows, mut new)) = (begin(&original), begin(&fork));
        assert_eq!(old.workload(), new.workload());
        for simulation in [(&mut old, &mut old_rows), (&mut new, &mut new_rows)] {
            assert!(simulation.0.step_to(SimTime::from_s(20.0), u64::MAX / 2, simulation.1));
        }
        assert_eq!(old.world().digest, new.world().digest, "{path}");
        let n = old.workload().len() as u32;
        assert!((0..n).all(|i| old_rows.row(i) == new_rows.row(i)));
        old.run(&mut old_rows);
        new.run(&mut new_rows);
        assert_ne!(Summary::new(&old, &old_rows).response_ms, Summary::new(&new, &new_rows).response_ms, "{path} does something");
    }
}
