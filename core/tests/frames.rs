//! Scheduler architectures: what each does that another does not, in cases small enough to work out by hand.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use support::set;

const MS: u64 = 1_000_000;

/// Users and controllers in one place and `workers` workers of `cores` cores 1 ms away; containers cost nothing and stay.
fn cluster(architecture: Value, workers: u32, cores: u32) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z"}],
        "network": {"within_zone_ms": 1},
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "count": workers, "cores": cores, "memory_mb": 100_000}],
        "functions": [{"id": "f", "memory_mb": 1, "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": architecture},
        "policies": {"keep_alive": {"kind": "lru"}},
        "run": {"duration_s": 1000}
    }))
    .unwrap()
}

/// An architecture whose decisions cost nothing.
fn free(kind: &str) -> Value {
    json!({"kind": kind, "decision_ms": 0, "message_us": 0})
}

/// Jobs, each (arrival in ms, execution times of its tasks in ms).
fn jobs(scenario: &Scenario, jobs: &[(u64, &[u64])]) -> Arc<Workload> {
    let mut workload = Workload::new(&set(scenario, "run.duration_s", json!(0.5)), None).unwrap();
    assert!(workload.is_empty());
    for (job, (at, tasks)) in (0u32..).zip(jobs) {
        for task in *tasks {
            workload.arrival_ns.push(at * MS);
            workload.function.push(0);
            workload.execution_ns.push(task * MS);
            workload.client.push(0);
            workload.job.push(job);
        }
        workload.job_ideal_ns.push(tasks.iter().max().unwrap() * MS);
    }
    Arc::new(workload)
}

/// The run, and when each task finished, in microseconds.
fn play(scenario: &Scenario, workload: &Arc<Workload>) -> (Summary, Recorder, Vec<u64>) {
    let mut recorder = Recorder::new(Arc::clone(workload), 0.0);
    let mut simulation = Simulation::new(scenario, Arc::clone(workload), &Library::default()).unwrap();
    simulation.run(&mut recorder);
    let finished = (0..workload.len() as u32).map(|i| recorder.row(i).finished.map_or(0, |t| t.0 / 1000)).collect();
    (Summary::new(&simulation, &recorder), recorder, finished)
}

fn messages(summary: &Summary, word: &str) -> u64 {
    summary.messages.iter().find(|(w, _)| w == word).unwrap().1
}

#[test]
fn the_tasks_of_a_job_travel_in_one_message_and_are_decided_together() {
    let scenario = cluster(json!({"kind": "centralized", "decision_ms": 2, "job_ms": 10, "message_us": 0}), 3, 1);
    let workload = jobs(&scenario, &[(0, &[100, 100, 100]), (1000, &[100])]);
    let (summary, _, finished) = play(&scenario, &workload);
    assert_eq!(messages(&summary, "submit"), 2);
    // 10 ms and 3 x 2 ms in the placer, 1 ms on the way, 100 ms.
    assert_eq!(finished, [117_000, 117_000, 117_000, 1_113_000]);
}

#[test]
fn with_late_binding_a_task_goes_where_a_place_comes_up_first() {
    // Two hosts of one core, busy with 300 ms and 100 ms; the next task waits for the shorter one, whichever it asks first.
    let scenario = cluster(free("late_binding"), 2, 1);
    let workload = jobs(&scenario, &[(0, &[300, 100]), (10, &[50])]);
    let (summary, _, finished) = play(&scenario, &workload);
    // Reserved at 1, asked at 2, sent at 3: 3 + 100 on the host that is free first; asked at 104, there at 105.
    let first_free = finished[0].min(finished[1]);
    assert_eq!((first_free, finished[2]), (103_000, 103_000 + 2_000 + 50_000));
    assert_eq!(messages(&summary, "get_task") + messages(&summary, "unreserve"), 2 + 2, "each place comes up or is given up");
}

#[test]
fn without_cancellation_places_come_up_in_vain() {
    let mut architecture = free("late_binding");
    architecture["cancellation"] = json!("off");
    let scenario = cluster(architecture, 4, 1);
    let workload = jobs(&scenario, &[(0, &[100, 100]), (500, &[100, 100])]);
    let (summary, _, finished) = play(&scenario, &workload);
    assert_eq!(finished, [103_000, 103_000, 603_000, 603_000]);
    let counts = ["reserve", "get_task", "assign", "no_task", "unreserve"].map(|word| messages(&summary, word));
    assert_eq!(counts, [8, 8, 4, 4, 0]);
    let cancelling = set(&scenario, "frame.architecture.cancellation", json!("on"));
    let (summary, _, _) = play(&cancelling, &workload);
    // All hosts are free: every place comes up before word that it is not needed arrives.
    let counts = ["reserve", "get_task", "assign", "no_task", "unreserve"].map(|word| messages(&summary, word));
    assert_eq!(counts, [8, 8, 4, 4, 4]);
}

#[test]
fn a_job_of_more_tasks_than_hosts_gets_a_place_for_each_task() {
    let scenario = cluster(free("late_binding"), 2, 1);
    let workload = jobs(&scenario, &[(0, &[100; 5])]);
    let (summary, _, finished) = play(&scenario, &workload);
    assert_eq!(summary.completed, 5);
    assert_eq!(messages(&summary, "reserve"), 5);
    // Three rounds on the host with three places, each with a question and an answer before it.
    assert_eq!(finished.iter().max(), Some(&(1_000 + 3 * 102_000)));
}

#[test]
fn one_queue_leaves_no_core_idle_for_longer_than_a_round_trip() {
    let scenario = cluster(free("pull"), 1, 1);
    let workload = jobs(&scenario, &[(0, &[100]), (1, &[100]), (2, &[100])]);
    let (_, _, finished) = play(&scenario, &workload);
    assert_eq!(finished, [101_000, 203_000, 305_000], "2 ms between two tasks");
}

#[test]
fn the_utilisation_of_late_binding_is_bounded_by_the_round_trip() {
    for (kind, decision) in [("pull", 5), ("late_binding", 0)] {
        let mut architecture = free(kind);
        architecture["decision_ms"] = json!(decision);
        let scenario = cluster(architecture, 1, 1);
        let workload = jobs(&scenario, &(0..1000).map(|i| (i, &[100][..])).collect::<Vec<_>>());
        let (_, _, finished) = play(&scenario, &workload);
        let last = *finished.iter().max().unwrap();
        // E[run] / (E[run] + 2 L + S), from the first start to the last end.
        let bound = 100.0 / (102.0 + f64::from(decision));
        let busy = 1000.0 * 100_000.0 / (last as f64);
        assert!(busy <= bound * 1.0001 && busy > bound * 0.999, "{kind}: {busy} of {bound}");
    }
}

#[test]
fn batch_sampling_shares_a_job_out_over_the_hosts_that_answered() {
    // Four hosts, two of them busy: the two tasks of the next job go to the others, though they are decided together.
    let mut architecture = free("batch_sampling");
    architecture["d"] = json!(4);
    let scenario = cluster(architecture, 4, 1);
    let workload = jobs(&scenario, &[(0, &[1000, 1000]), (500, &[100, 100])]);
    let (summary, recorder, finished) = play(&scenario, &workload);
    let mut hosts: Vec<_> = (0..4).map(|row| recorder.row(row).host).collect();
    hosts.sort_unstable();
    hosts.dedup();
    assert_eq!(hosts.len(), 4);
    assert_eq!(finished[2..], [603_000, 603_000]);
    assert_eq!(messages(&summary, "probe"), 8);
}

#[test]
fn one_placer_that_shares_the_state_with_nobody_has_no_conflicts() {
    let mut architecture = free("shared_state");
    architecture["decision_ms"] = json!(1);
    for placers in [1, 8] {
        architecture["placers"] = json!(placers);
        let scenario = set(&cluster(architecture.clone(), 4, 2), "workload.arrivals", json!({"kind": "poisson", "rate_per_s": 60}));
        let workload = Arc::new(Workload::new(&set(&scenario, "run.duration_s", json!(60)), None).unwrap());
        let (summary, _, _) = play(&scenario, &workload);
        assert_eq!(summary.completed, workload.len() as u64);
        assert_eq!(summary.conflicts > 0, placers > 1, "{placers} placers: {} conflicts", summary.conflicts);
    }
}

#[test]
fn claims_that_must_fit_conflict_less_often_than_claims_on_an_unchanged_host() {
    let conflicts = |conflict: &str| {
        let mut architecture = free("shared_state");
        (architecture["decision_ms"], architecture["placers"]) = (json!(5), json!(6));
        architecture["conflict"] = json!(conflict);
        let scenario = set(&cluster(architecture, 6, 4), "workload.arrivals", json!({"kind": "poisson", "rate_per_s": 180}));
        let workload = Arc::new(Workload::new(&set(&scenario, "run.duration_s", json!(30)), None).unwrap());
        let (summary, _, _) = play(&scenario, &workload);
        assert_eq!(summary.completed, workload.len() as u64);
        summary.conflicts
    };
    let (fit, sequence) = (conflicts("fit"), conflicts("sequence"));
    assert!(fit > 0 && sequence > 2 * fit, "fit {fit}, sequence {sequence}");
}

#[test]
fn all_or_nothing_places_a_job_whole() {
    // Two placers with one client; both claim three of four cores at the same time. The second one's job goes when the first ends.
    let mut architecture = free("shared_state");
    (architecture["decision_ms"], architecture["placers"]) = (json!(10), json!(2));
    let scenario = cluster(architecture, 1, 4);
    let workload = jobs(&scenario, &[(0, &[100; 3]), (0, &[100; 3])]);
    let starts = |commit: &str| {
        let scenario = set(&scenario, "frame.architecture.commit", json!(commit));
        let (summary, _, mut finished) = play(&scenario, &workload);
        finished.sort_unstable();
        (summary.conflicts, finished[3] < 200_000)
    };
    assert_eq!(starts("incremental"), (2, true), "one of its tasks goes at once");
    assert_eq!(starts("all_or_nothing"), (3, false));
}

#[test]
fn a_job_that_is_larger_than_the_cluster_is_not_placed_whole() {
    let mut architecture = free("shared_state");
    architecture["commit"] = json!("all_or_nothing");
    let scenario = cluster(architecture, 1, 2);
    let (summary, _, _) = play(&scenario, &jobs(&scenario, &[(0, &[100; 3]), (10, &[100; 2])]));
    assert_eq!(summary.completed, 5, "nobody waits for ever");
}

#[test]
fn a_placer_that_adds_nothing_to_old_news_herds() {
    let most_on_one_host = |between: &str| {
        let mut architecture = free("independent");
        (architecture["heartbeat_ms"], architecture["between"]) = (json!(1000), json!(between));
        architecture["placers"] = json!(1);
        let scenario = cluster(architecture, 4, 1);
        // Three of four hosts are busy when the loads are published; then come eight more.
        let busy = (0..3).map(|i| (i, &[5000][..]));
        let workload = jobs(&scenario, &busy.chain((0..8).map(|i| (1500 + i, &[10][..]))).collect::<Vec<_>>());
        let (_, recorder, _) = play(&scenario, &workload);
        let mut counts = [0; 4];
        (3..11).for_each(|row| counts[recorder.row(row).host.unwrap() as usize] += 1);
        *counts.iter().max().unwrap()
    };
    assert_eq!(most_on_one_host("nothing"), 8);
    assert!(most_on_one_host("own") < 8);
}
