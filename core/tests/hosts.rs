//! What a scenario may choose of hosts: the order of their queue, containers that are joined while they start, cores held by
//! containers, which container is used again, and what comes first at one instant. All by hand.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::platform::{ContainerChange, ContainerEvent, Outcome, Probe, TaskEnd};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use support::set;

/// One worker of 1,000 MB and many cores; functions of 300 and 800 MB that start in a second, wherever they go.
fn scenario() -> Scenario {
    let function = |id: &str, memory: u32| json!({"id": id, "memory_mb": memory, "execution": {"kind": "constant"}, "create_ms": 400, "init_ms": 600});
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "cores": 64, "memory_mb": 1000}],
        "functions": [function("small", 300), function("large", 800)],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}},
        "run": {"duration_s": 10}
    }))
    .unwrap()
}

const SMALL: u32 = 0;
const LARGE: u32 = 1;

/// What became of each invocation: when it started and ended, in seconds, and whether it started cold.
#[derive(Default)]
struct Watch {
    rows: Vec<(f64, f64, bool)>,
    outcomes: Vec<Option<Outcome>>,
    /// The cells of idle containers that were used again, in order.
    reused: Vec<u32>,
}

impl Probe for Watch {
    fn ended(&mut self, _: SimTime, end: &TaskEnd<'_>) {
        let s = |time: SimTime| time.0 as f64 / 1e9;
        self.rows[end.invocation as usize] = (s(end.started), s(end.finished), end.cold);
        self.outcomes[end.invocation as usize] = Some(end.outcome);
    }
    fn container(&mut self, _: SimTime, event: &ContainerEvent) {
        if event.change == ContainerChange::Busy {
            self.reused.push(event.cell);
        }
    }
}

/// Runs a scenario on (arrival, function, execution), in seconds.
fn run(scenario: &Scenario, arrivals: &[(f64, u32, f64)]) -> Watch {
    let mut workload = Workload::new(scenario, None).unwrap();
    workload.arrival_ns = arrivals.iter().map(|a| (a.0 * 1e9) as u64).collect();
    workload.function = arrivals.iter().map(|a| a.1).collect();
    workload.execution_ns = arrivals.iter().map(|a| (a.2 * 1e9) as u64).collect();
    workload.client = vec![0; arrivals.len()];
    let n = arrivals.len();
    let mut watch = Watch { rows: vec![(0.0, 0.0, false); n], outcomes: vec![None; n], reused: Vec::new() };
    let mut simulation = Simulation::new(scenario, Arc::new(workload), &Library::default()).unwrap();
    assert!(simulation.run(&mut watch).done);
    watch
}

fn starts(scenario: &Scenario, arrivals: &[(f64, u32, f64)]) -> Vec<f64> {
    run(scenario, arrivals).rows.iter().map(|r| r.0).collect()
}

fn with(path: &str, value: Value) -> Scenario {
    set(&scenario(), path, value)
}

#[test]
fn who_arrives_may_pass_a_head_that_finds_no_memory() {
    // The large one needs the memory of the first, which runs until 6.
    let arrivals = [(0.0, SMALL, 5.0), (1.0, LARGE, 1.0), (2.0, SMALL, 1.0)];
    assert_eq!(starts(&scenario(), &arrivals), [1.0, 7.0, 9.0], "the third waits behind the second");
    for word in ["barging", "skip"] {
        assert_eq!(starts(&with("policies.queue", json!(word)), &arrivals), [1.0, 7.0, 3.0], "{word}");
    }
}

#[test]
fn who_is_in_the_queue_passes_its_head_only_with_skip() {
    // Three fill the host; the second ends at 2.1, and its container is of use to the fifth.
    let arrivals = [(0.0, SMALL, 5.0), (0.1, SMALL, 1.0), (0.2, SMALL, 5.0), (1.0, LARGE, 1.0), (1.1, SMALL, 1.0)];
    assert_eq!(starts(&with("policies.queue", json!("barging")), &arrivals)[3..], [7.2, 9.2]);
    assert_eq!(starts(&with("policies.queue", json!("skip")), &arrivals)[3..], [7.2, 2.1]);
}

#[test]
fn an_invocation_joins_a_container_that_is_starting_up_to_its_concurrency() {
    let two = set(&scenario(), "functions.small.concurrency", json!(2));
    let arrivals = [(0.0, SMALL, 5.0), (0.5, SMALL, 5.0), (0.6, SMALL, 5.0), (0.7, SMALL, 5.0)];
    assert_eq!(starts(&two, &arrivals), [1.0, 1.5, 1.6, 1.0], "each has its own, and the last takes what is ready first");
    let joined = run(&set(&two, "policies.starting", json!("join")), &arrivals);
    assert_eq!(joined.rows, [(1.0, 6.0, true), (1.0, 6.0, true), (1.6, 6.6, true), (1.6, 6.6, true)]);
}

#[test]
fn a_container_made_ahead_is_joined_while_it_starts() {
    let ready = set(&scenario(), "functions.small.min_warm", json!(1));
    let arrivals = [(0.5, SMALL, 1.0), (0.6, SMALL, 1.0)];
    assert_eq!(starts(&ready, &arrivals), [1.5, 1.6]);
    assert_eq!(starts(&set(&ready, "policies.starting", json!("join")), &arrivals), [1.0, 1.6], "it serves one at a time");
}

#[test]
fn started_containers_come_before_starting_ones() {
    let two = set(&with("policies.starting", json!("join")), "functions.small.concurrency", json!(2));
    // At 2 both seats of the first are taken and the second container starts; at 2.5 one seat of the first is free again.
    let arrivals = [(0.0, SMALL, 1.2), (0.0, SMALL, 9.0), (2.0, SMALL, 1.0), (2.5, SMALL, 1.0), (2.6, SMALL, 1.0)];
    assert_eq!(starts(&two, &arrivals), [1.0, 1.0, 3.0, 2.5, 3.0]);
}

/// One core, which containers hold.
fn isolated() -> Scenario {
    set(&with("nodes.w.cpu", json!("isolated")), "nodes.w.cores", json!(1))
}

#[test]
fn with_isolated_cores_executions_wait_in_their_containers() {
    let arrivals = [(0.0, SMALL, 5.0), (0.5, SMALL, 1.0), (0.6, SMALL, 2.0)];
    // All have begun before 2; the second is served when the first ends at 6, then the third.
    assert_eq!(run(&isolated(), &arrivals).rows, [(1.0, 6.0, true), (1.5, 7.0, true), (1.6, 9.0, true)]);
    let slots = set(&isolated(), "nodes.w.cpu", json!("slots"));
    assert_eq!(run(&slots, &arrivals).rows, [(1.0, 6.0, true), (6.0, 7.0, false), (7.0, 9.0, false)], "they wait in the queue");
}

#[test]
fn a_container_holds_its_cores_once_whatever_runs_in_it() {
    let two = set(&set(&isolated(), "functions.small.concurrency", json!(2)), "policies.starting", json!("join"));
    let arrivals = [(0.0, SMALL, 5.0), (2.0, SMALL, 3.5), (2.1, SMALL, 1.0), (2.2, SMALL, 2.0)];
    // The second runs beside the first. The others share a container of their own, which gets the core when the first two ended.
    assert_eq!(run(&two, &arrivals).rows, [(1.0, 6.0, true), (2.0, 5.5, false), (3.1, 7.0, true), (3.1, 8.0, true)]);
}

#[test]
fn a_time_limit_counts_while_an_execution_waits_for_cores() {
    let limited = set(&isolated(), "functions.small.time_limit_s", json!(6));
    // The second begins at 1.5 and gets the core at 6 for what is left of its limit; the third is still waiting at its own.
    let watch = run(&limited, &[(0.0, SMALL, 5.0), (0.5, SMALL, 2.0), (0.6, SMALL, 1.0)]);
    assert_eq!(watch.rows, [(1.0, 6.0, true), (1.5, 7.5, true), (1.6, 7.6, true)]);
    assert_eq!(watch.outcomes, [Some(Outcome::Completed), Some(Outcome::TimedOut), Some(Outcome::TimedOut)]);
    let short = set(&isolated(), "functions.small.time_limit_s", json!(2));
    let watch = run(&short, &[(0.0, LARGE, 5.0), (0.5, LARGE, 1.0)]);
    assert_eq!(watch.outcomes, [Some(Outcome::Completed); 2], "another function's limit");
    let watch = run(&short, &[(0.0, SMALL, 2.0), (0.1, SMALL, 1.0), (0.2, SMALL, 1.0)]);
    assert_eq!(
        watch.rows,
        [(1.0, 3.0, true), (1.1, 3.1, true), (1.2, 3.2, true)],
        "the second has a tenth of its time, then the third"
    );
}

#[test]
fn the_container_that_is_used_again_is_the_scenarios_choice() {
    // Three end one after the other; then two at once are served by two of them.
    let arrivals = [(0.0, SMALL, 1.0), (0.0, SMALL, 1.1), (0.0, SMALL, 1.2), (3.0, SMALL, 1.0), (3.0, SMALL, 1.0)];
    for (word, cells) in [("last_used", [2, 1]), ("oldest", [0, 1]), ("indexed_set", [0, 2])] {
        assert_eq!(run(&with("policies.reuse", json!(word)), &arrivals).reused, cells, "{word}");
    }
}

#[test]
fn in_an_indexed_set_the_last_takes_the_place_of_who_goes() {
    let set_of_two = set(&with("policies.reuse", json!("indexed_set")), "functions.small.concurrency", json!(2));
    let roomy = set(&set_of_two, "nodes.w.memory_mb", json!(10_000));
    // Four containers, of which the first and the third are kept at one invocation until 9. The second and the fourth fall idle.
    let first = [(0.0, SMALL, 9.0), (0.0, SMALL, 1.0), (0.0, SMALL, 9.0), (0.0, SMALL, 1.2)];
    let then = [(3.0, SMALL, 1.0), (3.1, SMALL, 1.0), (3.2, SMALL, 1.0), (3.3, SMALL, 1.0), (3.4, SMALL, 1.0), (3.5, SMALL, 1.0)];
    let watch = run(&roomy, &[&first[..], &then[..]].concat());
    // At 1 all four have room, in order. At 3 the first is filled: the fourth takes its place and serves two; then the third, the
    // second. What was idle and is used again are the fourth and the second.
    assert_eq!(watch.reused, [3, 1]);
}

#[test]
fn at_one_instant_completions_or_arrivals_come_first() {
    let arrivals = [(0.0, SMALL, 1.0), (2.0, SMALL, 1.0)];
    assert_eq!(run(&scenario(), &arrivals).rows[1], (2.0, 3.0, false), "the container is free again");
    assert_eq!(run(&with("run.first", json!("arrivals")), &arrivals).rows[1], (3.0, 4.0, true), "it is not yet");
}

#[test]
fn words_that_are_none_are_refused_with_those_that_are() {
    for (path, word) in [
        ("policies.queue", "lifo"),
        ("policies.starting", "wait"),
        ("policies.reuse", "any"),
        ("run.first", "timers"),
        ("nodes.w.cpu", "own"),
    ] {
        let at = faaslab_core::scenario::Path::parse(path).unwrap();
        let refused = scenario().with(&at, json!(word)).unwrap_err();
        assert_eq!(refused.place, path);
        assert!(refused.message.contains(word) && !refused.hint.is_empty(), "{refused}");
    }
}

#[test]
fn what_a_scenario_does_not_choose_it_does_not_write() {
    let text = scenario().to_json();
    for word in ["\"queue\":", "starting", "\"first\":"] {
        assert!(!text.contains(word), "{word}");
    }
    let chosen = set(&with("policies.queue", json!("skip")), "run.first", json!("arrivals"));
    assert_eq!(Scenario::from_json(&chosen.to_json()).unwrap(), chosen);
}
