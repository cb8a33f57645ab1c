//! Rows that are submitted when others have ended: when, how often, and what the measures make of it.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::platform::Outcome;
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimDuration;
use faaslab_core::workload::{GateBuilder, Workload};
use serde_json::json;
use support::{queue, set};

const MS: u64 = 1_000_000;

/// One server without latency, and invocations of 100 ms.
fn server(cores: f64) -> Scenario {
    queue(cores, 1.0, json!({"kind": "constant", "mean_ms": 100}), 1_000.0, 1)
}

/// Rows of one function: those with a time, in ms, then gated ones.
fn workload(scenario: &Scenario, timed_ms: &[u64], gates: GateBuilder, rows: usize, until_ms: u64) -> Workload {
    let mut workload = Workload::new(scenario, None).unwrap();
    workload.arrival_ns = timed_ms.iter().map(|ms| ms * MS).collect();
    workload.function = vec![0; rows];
    workload.client = vec![0; rows];
    workload.execution_ns = vec![100 * MS; rows];
    workload.set_gates(gates.build(until_ms.saturating_mul(MS)).unwrap());
    workload
}

fn ms(ms: u64) -> SimDuration {
    SimDuration(ms * MS)
}

struct Run {
    summary: Summary,
    /// Per row, when it was submitted and when it ended, in ms; nothing if it never was.
    rows: Vec<Option<(u64, u64)>>,
    recorder: Recorder,
}

fn run(scenario: &Scenario, workload: Workload) -> Run {
    let workload = Arc::new(workload);
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(scenario, Arc::clone(&workload), &Library::default()).unwrap();
    // Every checkpoint goes on to the same end.
    let mut digests = Vec::new();
    while !simulation.step(3, &mut recorder).done {
        let mut copy = simulation.clone();
        copy.run(&mut ());
        digests.push(copy.world().digest);
    }
    assert!(digests.iter().all(|d| *d == simulation.world().digest));
    let summary = Summary::new(&simulation, &recorder);
    assert_eq!(summary.sojourn_ns, summary.in_system_ns, "Little's law");
    let times = |i| {
        let row = recorder.row(i);
        row.submitted.map(|at| (at.0 / MS, (at.0 + row.response_ns) / MS))
    };
    Run { rows: (0..workload.len() as u32).map(times).collect(), summary, recorder }
}

#[test]
fn a_chain_waits_for_the_end_of_each_and_a_gap() {
    let mut gates = GateBuilder::new(1);
    for row in 0..3 {
        gates.add(1, &[row], 1, ms(10 * u64::from(row)));
    }
    let scenario = server(1.0);
    let run = run(&scenario, workload(&scenario, &[1_000], gates, 4, u64::MAX));
    assert_eq!(run.rows, [(1_000, 1_100), (1_100, 1_200), (1_210, 1_310), (1_330, 1_430)].map(Some));
    assert_eq!((run.summary.submitted, run.summary.completed), (4, 4));
    assert_eq!(run.summary.end_s, 1.43);
}

#[test]
fn a_diamond_joins_when_both_have_ended_and_a_race_when_one_has() {
    // One core: row 1 runs before row 2. Row 3 waits for both, rows 4 and 5 for either.
    let mut gates = GateBuilder::new(1);
    gates.add(2, &[0], 1, ms(0));
    gates.add(1, &[1, 2], 2, ms(0));
    gates.add(2, &[1, 2], 1, ms(5));
    let scenario = server(1.0);
    let run = run(&scenario, workload(&scenario, &[0], gates, 6, u64::MAX));
    assert_eq!(run.rows.iter().map(|r| r.unwrap().0).collect::<Vec<_>>(), [0, 100, 100, 300, 205, 205]);
    assert_eq!(run.summary.completed, 6);
}

#[test]
fn what_would_come_after_the_end_never_comes_and_nothing_waits_for_it() {
    let mut gates = GateBuilder::new(1);
    for row in 0..9 {
        gates.add(1, &[row], 1, ms(0));
    }
    let scenario = server(1.0);
    let run = run(&scenario, workload(&scenario, &[0], gates, 10, 300));
    // The fourth comes at 300 ms, the end, and runs; the fifth would come after it.
    assert_eq!(run.rows.iter().flatten().count(), 4);
    assert_eq!((run.summary.submitted, run.summary.live, run.summary.end_s), (4, 0, 0.4));
    let row = run.recorder.row(5);
    assert_eq!((row.submitted, row.outcome), (None, None));
}

#[test]
fn a_lost_row_lets_the_next_one_come_at_once() {
    let mut gates = GateBuilder::new(2);
    gates.add(1, &[1], 1, ms(7));
    let scenario = set(&server(1.0), "policies.no_room", json!("drop"));
    let scenario =
        set(&scenario, "nodes.worker", json!({"id": "worker", "zone": "z", "roles": ["worker"], "cores": 4, "memory_mb": 1}));
    // The second finds the only container busy and no memory for another.
    let run = run(&scenario, workload(&scenario, &[0, 50], gates, 3, u64::MAX));
    assert_eq!(run.recorder.row(1).outcome, Some(Outcome::Dropped));
    assert_eq!(run.rows[2], Some((57, 57)));
    assert_eq!(run.summary.dropped, 2);
}

#[test]
fn a_row_that_never_ends_holds_back_those_that_wait_for_it_and_the_run_ends() {
    let mut gates = GateBuilder::new(2);
    gates.add(1, &[1], 1, ms(0));
    let scenario = set(&server(4.0), "policies.memory_full", json!("never"));
    let mut scenario = set(&scenario, "nodes.worker.memory_mb", json!(1));
    scenario.functions.push(faaslab_core::scenario::Function { id: "g".into(), ..scenario.functions[0].clone() });
    let mut workload = workload(&scenario, &[0, 10], gates, 3, u64::MAX);
    workload.function[1] = 1;
    let run = run(&scenario, workload);
    assert_eq!((run.summary.submitted, run.summary.completed, run.summary.live), (2, 1, 1));
}

#[test]
fn the_measures_take_the_instant_of_submission_from_the_run() {
    // Ten rounds of one user, 100 ms each and 900 ms between them; the first five are in the warm-up.
    let mut gates = GateBuilder::new(1);
    for row in 0..9 {
        gates.add(1, &[row], 1, ms(900));
    }
    let scenario = server(1.0);
    let workload = Arc::new(workload(&scenario, &[0], gates, 10, 100_000));
    let mut recorder = Recorder::new(Arc::clone(&workload), 4.5);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    let end = simulation.run(&mut recorder).now;
    let summary = Summary::new(&simulation, &recorder);
    assert_eq!((summary.submitted, summary.response_ms.count, end.0), (10, 5, 9_100 * MS));
    assert_eq!(summary.phases_ms.iter().map(|p| p.1).sum::<f64>(), 100.0);
    let charts = recorder.charts(&simulation);
    let warm: Vec<f64> = (0..charts.warm.len()).filter(|&b| charts.warm[b] > 0).map(|b| b as f64 * charts.bucket_s).collect();
    // The first start is cold; each of the others is drawn where it was submitted.
    assert_eq!(warm.iter().map(|s| s.round() as u32).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(charts.cold[0], 1);
}

#[test]
fn an_arrival_with_a_time_comes_before_one_that_waited() {
    // Row 0 ends at 100 ms, when row 1 arrives and row 2 is let in: one server, so that the order shows.
    let mut gates = GateBuilder::new(2);
    gates.add(1, &[0], 1, ms(0));
    let scenario = server(1.0);
    let run = run(&scenario, workload(&scenario, &[0, 100], gates, 3, u64::MAX));
    assert_eq!(run.rows, [(0, 100), (100, 200), (100, 300)].map(Some));
}

#[test]
fn what_waited_comes_before_completions_where_arrivals_do() {
    // One core and no place to wait. Row 1 runs from 101 to 201 ms; row 2 waits for row 0 and 101 ms, and comes at 201 ms.
    let start = |first: &str| {
        let mut gates = GateBuilder::new(2);
        gates.add(1, &[0], 1, ms(101));
        let scenario = set(&set(&server(1.0), "run.first", json!(first)), "policies.queue_bound", json!(0));
        let run = run(&scenario, workload(&scenario, &[0, 101], gates, 3, u64::MAX));
        (0..3).map(|i| run.recorder.row(i).outcome.unwrap()).collect::<Vec<_>>()
    };
    let (done, refused) = (Outcome::Completed, Outcome::Rejected);
    assert_eq!(start("completions"), [done, done, done]);
    assert_eq!(start("arrivals"), [done, done, refused]);
}
