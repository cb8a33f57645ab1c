//! The client's side, to the nanosecond: giving up, trying again, and what hosts and placers refuse.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::frame::architecture::{ExternalRules, Rules};
use faaslab_core::frame::{Action, Asked, Frame, Placer, PlacerPlan};
use faaslab_core::measure::{InvocationRow, Recorder, Summary};
use faaslab_core::platform::{Cause, Message, MessageKind, Model, Outcome};
use faaslab_core::registry::Entry;
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation, record};
use faaslab_core::units::{SimDuration, SimTime};
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use support::{phase, set};

const MS: u64 = 1_000_000;

/// User 3 ms controller 5 ms worker 7 ms user; one core, decisions of 2 ms, and a function of 100 ms whose start takes no time.
fn line(changes: &[(&str, Value)]) -> Scenario {
    let scenario = Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z"}],
        "nodes": [{"id": "user", "zone": "z", "roles": ["client"]},
                  {"id": "controller", "zone": "z", "roles": ["cloud_controller"]},
                  {"id": "worker", "zone": "z", "roles": ["worker"], "cores": 1}],
        "links": [{"id": "submit", "from": "user", "to": "controller", "latency_ms": 3},
                  {"id": "dispatch", "from": "controller", "to": "worker", "latency_ms": 5},
                  {"id": "return", "from": "worker", "to": "user", "latency_ms": 7}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0, "backoff_jitter": "none"}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 2, "message_us": 0}},
        "policies": {"keep_alive": {"kind": "lru"}},
        "run": {"duration_s": 1000}
    }))
    .unwrap();
    changes.iter().fold(scenario, |s, (path, value)| set(&s, path, value.clone()))
}

struct Run {
    rows: Vec<InvocationRow>,
    summary: Summary,
}

impl Run {
    fn outcomes(&self) -> Vec<Outcome> {
        self.rows.iter().map(|r| r.outcome.unwrap()).collect()
    }

    /// When a row ended, in ms after it was submitted.
    fn took(&self, row: usize) -> f64 {
        self.rows[row].response_ns as f64 / MS as f64
    }

    /// When a row started to execute, in ms.
    fn started(&self, row: usize) -> f64 {
        self.rows[row].started.unwrap().0 as f64 / MS as f64
    }

    fn messages(&self, kind: &str) -> u64 {
        self.summary.messages.iter().find(|(word, _)| word == kind).unwrap().1
    }

    fn cause(&self, cause: Cause) -> u64 {
        self.summary.causes.iter().find(|(word, _)| word == cause.word()).unwrap().1
    }
}

/// Invocations of one function at these instants.
fn run(scenario: &Scenario, arrivals_ms: &[u64]) -> Run {
    let mut workload = Workload::new(scenario, None).unwrap();
    let n = arrivals_ms.len();
    workload.arrival_ns = arrivals_ms.iter().map(|at| at * MS).collect();
    (workload.function, workload.client) = (vec![0; n], vec![0; n]);
    workload.execution_ns = vec![100 * MS; n];
    let workload = Arc::new(workload);
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(scenario, workload, &Library::default()).unwrap();
    let first = simulation.clone();
    simulation.run(&mut recorder);
    let summary = Summary::new(&simulation, &recorder);
    assert_eq!(summary.sojourn_ns, summary.in_system_ns, "Little's law");
    // The stage shows all of it without leaving anything open.
    let window = record(first, SimTime::ZERO, SimTime(simulation.world().now.0 + 1));
    assert!(window.queued.iter().all(|q| q.to_ns <= simulation.world().now.0), "nobody stays in a queue");
    Run { rows: (0..n as u32).map(|i| recorder.row(i)).collect(), summary }
}

#[test]
fn who_gives_up_has_waited_exactly_so_long_and_what_runs_runs_on() {
    let scenario = line(&[("functions.f.patience_s", json!(0.05))]);
    // 10 ms to the worker, 107 ms until the result is back. The second comes when the first has left the core.
    let run = run(&scenario, &[0, 110]);
    assert_eq!(run.outcomes(), [Outcome::Abandoned; 2]);
    assert_eq!((run.took(0), run.took(1)), (50.0, 50.0));
    assert_eq!((run.started(0), run.started(1)), (10.0, 120.0), "the first held the core to its end");
    assert_eq!((run.summary.late, run.summary.abandoned), (1, 2), "the second's is not waited for");
    assert_eq!(run.messages("cancel"), 3, "to the controller and the worker, and the last no farther");
    let enough = set(&scenario, "functions.f.patience_s", json!(0.117));
    assert_eq!(self::run(&enough, &[0]).outcomes(), [Outcome::Completed], "a result at the last instant counts");
}

#[test]
fn who_gives_up_leaves_the_hosts_queue_and_makes_room() {
    let scenario = line(&[("functions.f.patience_s", json!(0.119))]);
    let run = run(&scenario, &[0, 2, 4, 6, 500]);
    // The others give up at 121, 123 and 125. The second runs since 110; the third and fourth wait for it.
    assert_eq!(run.outcomes()[1..], [Outcome::Abandoned, Outcome::Abandoned, Outcome::Abandoned, Outcome::Completed]);
    assert_eq!((run.started(1), run.rows[2].started, run.rows[3].started), (110.0, None, None));
}

#[test]
fn word_that_a_client_gave_up_comes_8_ms_later_and_the_next_in_line_starts() {
    let scenario = line(&[("functions.f.patience_s", json!(0.05)), ("nodes.worker.memory_mb", json!(300))]);
    // A second function without patience, which waits behind the first's.
    let mut scenario = scenario;
    let mut patient = scenario.functions[0].clone();
    (patient.id, patient.patience_s) = ("g".into(), None);
    scenario.functions.push(patient);
    let mut workload = Workload::new(&scenario, None).unwrap();
    workload.arrival_ns = vec![0, 20 * MS, 30 * MS];
    (workload.function, workload.client) = (vec![1, 0, 1], vec![0; 3]);
    workload.execution_ns = vec![100 * MS; 3];
    let workload = Arc::new(workload);
    let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
    let waiting = |s: &Simulation| s.world().hosts[0].queue.len();
    simulation.step_to(SimTime(70 * MS), 1_000, &mut ());
    assert_eq!(waiting(&simulation), 2);
    simulation.step_to(SimTime(78 * MS), 1_000, &mut ());
    assert_eq!(waiting(&simulation), 2, "given up at 70 ms; word is on its way");
    simulation.step_to(SimTime(78 * MS + 1), 1_000, &mut ());
    assert_eq!(waiting(&simulation), 1);
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    simulation.run(&mut recorder);
    assert_eq!(recorder.row(2).started, Some(SimTime(110 * MS)), "the third follows the first");
    assert_eq!(simulation.placers()[0].view.total_load(), 0.0, "the placer has heard of every end");
}

#[test]
fn who_gives_up_costs_the_placer_nothing_more() {
    // Decisions of 100 ms. The second waits in the inbox from 4 ms, gives up at 51 ms, and word is there at 54 ms.
    let base =
        [("frame.architecture.decision_ms", json!(100)), ("functions.f.patience_s", json!(0.05)), ("nodes.worker.cores", json!(9))];
    let scenario = line(&base);
    let mut patient = scenario.functions[0].clone();
    (patient.id, patient.patience_s) = ("g".into(), None);
    let mut with = scenario.clone();
    with.functions.push(patient);
    let mut workload = Workload::new(&with, None).unwrap();
    workload.arrival_ns = vec![0, MS, 2 * MS];
    (workload.function, workload.client) = (vec![1, 0, 1], vec![0; 3]);
    workload.execution_ns = vec![100 * MS; 3];
    let workload = Arc::new(workload);
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(&with, Arc::clone(&workload), &Library::default()).unwrap();
    simulation.run(&mut recorder);
    let starts: Vec<_> = (0..3).map(|i| recorder.row(i).started.map(|t| t.0 / MS)).collect();
    assert_eq!(starts, [Some(108), None, Some(208)], "decided at 103 and 203 ms");
    // The one that is being decided when word comes is not assigned.
    let run = run(&scenario, &[0, 1_000]);
    assert_eq!(run.rows[0].started, None);
    assert_eq!((run.messages("assign"), run.outcomes()), (0, vec![Outcome::Abandoned; 2]));
}

#[test]
fn who_gives_up_while_hosts_are_asked_is_not_assigned() {
    let scenario = line(&[
        ("frame.architecture", json!({"kind": "decentralized", "d": 2, "placers": 1, "decision_ms": 0, "message_us": 0})),
        ("nodes.worker.count", json!(2)),
        ("links", json!([{"id": "l", "from": "user", "to": "worker", "latency_ms": 40}])),
        ("functions.f.patience_s", json!(0.05)),
        ("functions.f.retries", json!(3)),
    ]);
    // Questions and answers take 80 ms. The placer is on the client's machine, so that word comes at once.
    let run = run(&scenario, &[0, 200]);
    assert_eq!(run.outcomes(), [Outcome::Abandoned; 2]);
    assert_eq!((run.messages("assign"), run.messages("probe"), run.messages("cancel")), (0, 4, 2));
}

#[test]
fn word_follows_an_offload_to_the_other_zone_and_on_to_the_host() {
    let scenario = Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "here", "latency_ms": 1}, {"id": "there", "latency_ms": 2}],
        "nodes": [{"id": "user", "zone": "here", "roles": ["client"]},
                  {"id": "placer-here", "zone": "here", "roles": ["edge_controller"]},
                  {"id": "worker-here", "zone": "here", "roles": ["worker"], "memory_mb": 1},
                  {"id": "placer-there", "zone": "there", "roles": ["edge_controller"]},
                  {"id": "worker-there", "zone": "there", "roles": ["worker"], "cores": 1}],
        "links": [{"id": "road", "from": "here", "to": "there", "latency_ms": 15}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0, "patience_s": 0.06}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "federated", "decision_ms": 2, "message_us": 0, "gossip_ms": 0}},
        "run": {"duration_s": 1000}
    }))
    .unwrap();
    // 1 ms to the placer, 2 for it, 15 to the other, 2 for it, 2 to the worker: there at 22 ms, and the second waits. The third
    // is on the road between the zones when word catches up with nobody: both take the same time.
    let run = run(&scenario, &[0, 1, 200]);
    assert_eq!(run.outcomes(), [Outcome::Abandoned; 3]);
    assert_eq!(run.rows[1].started, None, "taken out of the queue at 61 + 1 + 15 + 2 = 79 ms");
    assert_eq!(run.messages("cancel"), 3 + 3 + 1);
    let fast = set(&scenario, "functions.f.patience_s", json!(0.0035));
    let run = self::run(&fast, &[0, 200]);
    // Word is behind the offload all the way, and is there before the other placer has decided.
    assert_eq!((run.messages("cancel"), run.messages("offload"), run.messages("assign")), (2 + 1, 1 + 1, 0));
}

/// Three placers in a row; the last one assigns to the only host.
static RELAY: Entry =
    Entry { kind: "relay", name: "Relay", summary: "From placer to placer.", source: "This test.", params: &[], decides: &[] };

#[derive(Clone)]
struct Relay;

impl Rules for Relay {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let machine = |id: &str| (0..model.machines.len() as u32).find(|&m| model.machine_id(m) == id).unwrap();
        ["p0", "p1", "p2"].map(|id| PlacerPlan { machine: machine(id), hosts: vec![0] }).to_vec()
    }
    fn route(&mut self, _: &Model, _: u32, _: u32) -> u32 {
        0
    }
    fn cost(&self, _: &Message, _: usize, _: &Placer) -> SimDuration {
        SimDuration::ZERO
    }
    fn answer(&mut self, _: Frame<'_>, number: u32, _: &mut Placer, m: &Message, tasks: &[Asked], actions: &mut Vec<Action>) {
        if m.kind == MessageKind::Finish {
            return;
        }
        assert_eq!(u32::from(tasks[0].hops), number);
        let attempt = tasks[0].attempt;
        actions.push(if number < 2 {
            Action::Offload { attempt, placer: number + 1 }
        } else {
            Action::Assign { attempt, host: 0 }
        });
    }
}

impl ExternalRules for Relay {
    fn clone_box(&self) -> Box<dyn ExternalRules> {
        Box::new(self.clone())
    }
}

#[test]
fn word_follows_from_placer_to_placer_and_waits_where_it_is_first() {
    let scenario = Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 1}],
        "nodes": [{"id": "user", "zone": "z", "roles": ["client"]},
                  {"id": "p0", "zone": "z", "roles": ["cloud_controller"]},
                  {"id": "p1", "zone": "z", "roles": ["edge_controller"]},
                  {"id": "p2", "zone": "z", "roles": ["edge_controller"]},
                  {"id": "worker", "zone": "z", "roles": ["worker"]}],
        "links": [{"id": "first", "from": "p0", "to": "p1", "latency_ms": 50}, {"id": "second", "from": "p1", "to": "p2", "latency_ms": 50},
                  {"id": "across", "from": "p0", "to": "p2", "latency_ms": 2}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "relay"}},
        "run": {"duration_s": 2}
    }));
    let library = Library::default().with_architecture(&RELAY, |_| Box::new(Relay));
    // How often the first of two is assigned and told about, and its result ignored, if its client gives up then.
    let given_up_after = |s: f64| {
        let scenario = set(scenario.as_ref().unwrap(), "functions.f.patience_s", json!(s));
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut simulation = Simulation::new(&scenario, workload, &library).unwrap();
        while !simulation.step_to(SimTime::from_s(1.9), 1_000, &mut ()) {}
        let counters = &simulation.world().counters;
        let sent = |kind: MessageKind| counters.messages[kind as usize];
        (sent(MessageKind::Assign), sent(MessageKind::Cancel), counters.late, simulation.world().attempts.len())
    };
    // At p0 after 1 ms, p1 after 51, p2 after 101, on the worker after 102, back after 203.
    assert_eq!(given_up_after(0.5), (1, 0, 0, 0));
    // At p0 with the first word at 121 ms: p2 knows at 123, the worker at 124. It runs on.
    assert_eq!(given_up_after(0.12), (1, 3, 1, 0));
    // p0 sends word after it at 10 ms, p1 at 60, p2 at 110, and the worker hears at 111.
    assert_eq!(given_up_after(0.009), (1, 4, 1, 0));
    // At 60 ms p1 has handed it on, so that p0 sends word across: it is there at 62 ms, long before the invocation.
    assert_eq!(given_up_after(0.059), (0, 2, 0, 0));
}

/// The second of two finds the core taken and no place to wait; a pause of 20 ms.
fn full(retries: u32) -> Scenario {
    line(&[("policies.queue_bound", json!(0)), ("functions.f.retries", json!(retries)), ("functions.f.backoff_ms", json!(20))])
}

#[test]
fn without_retries_a_full_queue_ends_the_task_where_it_is() {
    let run = run(&full(0), &[0, 2]);
    assert_eq!(run.outcomes(), [Outcome::Completed, Outcome::Rejected]);
    assert_eq!((run.rows[1].cause, run.took(1)), (Some(Cause::QueueFull), 10.0));
    assert_eq!((run.messages("refusal"), run.cause(Cause::QueueFull), run.summary.retries), (0, 1, 0));
}

#[test]
fn a_refusal_travels_to_the_client_who_pauses_twice_as_long_each_time() {
    // From its submission: there at 10 ms, refused; the client knows at 17 and submits at 37; refused at 47, submits at 94; refused
    // at 104, submits at 191.
    let run = run(&full(3), &[0, 2]);
    assert_eq!(run.outcomes(), [Outcome::Completed; 2]);
    assert_eq!((run.rows[1].attempts, run.started(1), run.took(1)), (4, 203.0, 201.0 + 107.0));
    assert_eq!((run.messages("refusal"), run.messages("submit"), run.summary.retries), (3, 5, 3));
    let both = |word: &str| phase(&run.summary, word) * 2.0;
    assert_eq!((both("backoff"), both("client_network")), (3.0 * 7.0 + 20.0 + 40.0 + 80.0, 5.0 * 3.0));
    // With two retries the third attempt is the last, and its refusal ends the task at the worker.
    let run = self::run(&full(2), &[0, 2]);
    assert_eq!((run.outcomes()[1], run.rows[1].attempts, run.took(1)), (Outcome::Rejected, 3, 104.0));
    assert_eq!(run.messages("refusal"), 2);
}

#[test]
fn with_full_jitter_a_pause_is_any_part_of_the_whole() {
    let mut scenario = full(1);
    scenario.functions[0].backoff_jitter = faaslab_core::scenario::Jitter::Full;
    scenario.functions[0].backoff_ms = 1_000.0;
    // Pairs of which the second is refused; it comes again a random part of a second after that.
    let arrivals: Vec<u64> = (0..400u64).flat_map(|i| [3_000 * i, 3_000 * i + 2]).collect();
    let run = run(&scenario, &arrivals);
    // 17 ms before the pause and 10 after it; then 107, or a second refusal, if the core is still taken.
    let known = |r: &InvocationRow| if r.outcome == Some(Outcome::Completed) { 27 + 107 } else { 27 };
    let again: Vec<f64> =
        run.rows.iter().filter(|r| r.attempts == 2).map(|r| (r.response_ns - known(r) * MS) as f64 / MS as f64).collect();
    assert_eq!(again.len(), 400);
    assert!(again.iter().all(|p| (0.0..1_000.0).contains(p)));
    let mean = again.iter().sum::<f64>() / 400.0;
    assert!((mean - 500.0).abs() < 60.0, "{mean}");
    let twice = self::run(&scenario, &arrivals);
    assert_eq!(run.rows, twice.rows);
}

#[test]
fn a_client_may_give_up_between_two_attempts() {
    let scenario = set(&full(3), "functions.f.patience_s", json!(0.03));
    let run = run(&scenario, &[0, 2]);
    // Refused at 12, knows at 19, would come again at 39; gives up at 32. The first one's client gives up at 30.
    assert_eq!((run.outcomes(), run.took(1), run.rows[1].attempts), (vec![Outcome::Abandoned; 2], 30.0, 1));
    assert_eq!((run.rows[1].host, run.summary.retries), (None, 0));
    // And while the refusal is on its way: from 12 to 19 ms.
    let scenario = set(&full(3), "functions.f.patience_s", json!(0.012));
    let run = self::run(&scenario, &[0, 2, 500]);
    assert_eq!((run.took(1), run.summary.retries), (12.0, 0));
}

#[test]
fn what_ran_into_its_limit_is_tried_again_and_runs_into_it_again() {
    let scenario =
        line(&[("functions.f.time_limit_s", json!(0.03)), ("functions.f.retries", json!(2)), ("functions.f.backoff_ms", json!(0))]);
    let run = run(&scenario, &[0]);
    assert_eq!((run.outcomes()[0], run.rows[0].attempts), (Outcome::TimedOut, 3));
    assert_eq!(run.took(0), 3.0 * (10.0 + 30.0 + 7.0));
    assert_eq!((run.messages("refusal"), run.messages("result"), run.summary.cold, run.summary.warm), (0, 3, 1, 2));
}

#[test]
fn what_is_dropped_for_memory_is_tried_again_and_what_is_too_large_is_not() {
    let scenario = line(&[
        ("policies.no_room", json!("drop")),
        ("nodes.worker.cores", json!(4)),
        ("nodes.worker.memory_mb", json!(300)),
        ("functions.f.retries", json!(1)),
        ("functions.f.backoff_ms", json!(200)),
    ]);
    let run = run(&scenario, &[0, 1]);
    assert_eq!((run.outcomes(), run.rows[1].attempts), (vec![Outcome::Completed; 2], 2));
    let large = set(&set(&scenario, "functions.f.memory_mb", json!(400)), "policies.too_large", json!("drop"));
    let run = self::run(&large, &[0]);
    assert_eq!((run.outcomes()[0], run.rows[0].cause, run.rows[0].attempts), (Outcome::Dropped, Some(Cause::HostTooSmall), 1));
}

#[test]
fn a_request_that_is_too_large_gets_no_farther_than_the_placer_and_a_response_not_out() {
    let sizes = [
        ("functions.f.request_kb", json!(20)),
        ("functions.f.response_kb", json!(30)),
        ("functions.f.retries", json!(1)),
        ("functions.f.backoff_ms", json!(1)),
    ];
    let scenario = line(&sizes);
    let with = |path: &str, kb: u32| run(&set(&scenario, path, json!(kb)), &[0, 500]);
    let run = with("functions.f.ingress_limit_kb", 19);
    assert_eq!((run.rows[0].outcome, run.rows[0].cause, run.took(0)), (Some(Outcome::Rejected), Some(Cause::IngressLimit), 3.0));
    assert_eq!((run.messages("assign"), run.summary.retries, run.cause(Cause::IngressLimit)), (0, 0, 2));
    let run = with("functions.f.egress_limit_kb", 29);
    assert_eq!((run.rows[0].outcome, run.rows[0].cause), (Some(Outcome::Failed), Some(Cause::EgressLimit)));
    assert_eq!((run.rows[0].attempts, run.took(0), run.summary.failed), (2, 2.0 * 117.0 + 1.0, 2));
    for path in ["functions.f.ingress_limit_kb", "functions.f.egress_limit_kb"] {
        assert_eq!(with(path, 30).outcomes(), [Outcome::Completed; 2], "as large as the limit");
    }
}

#[test]
fn a_response_that_is_too_large_is_not_sent() {
    // At 8 Mbit/s 30 kB take 30 ms; the message that it failed takes none of that.
    let mut scenario = line(&[("functions.f.response_kb", json!(30))]);
    scenario.links[2].bandwidth_mbps = Some(8.0);
    assert_eq!(run(&scenario, &[0]).took(0), 117.0 + 30.0);
    scenario.functions[0].egress_limit_kb = Some(10.0);
    assert_eq!(run(&scenario, &[0]).took(0), 117.0);
}

#[test]
fn at_most_so_many_wait_at_a_host() {
    let bound = |n: u32| run(&line(&[("policies.queue_bound", json!(n))]), &[0, 1, 2, 3, 4]);
    for n in 0..4u32 {
        let run = bound(n);
        assert_eq!((run.summary.completed, run.summary.rejected), (u64::from(n) + 1, 4 - u64::from(n)));
        assert_eq!(run.cause(Cause::QueueFull), 4 - u64::from(n));
        assert_eq!(run.outcomes()[n as usize], Outcome::Completed, "those who came first");
    }
    assert_eq!(bound(4).summary.completed, 5);
}

#[test]
fn nobody_waits_at_a_host_for_longer_than_the_limit() {
    let limit = |s: f64, arrivals: &[u64]| run(&line(&[("policies.queue_timeout_s", json!(s))]), arrivals);
    // The core is taken from 10 to 110 ms. The second waits there from 20 ms.
    let run = limit(0.0899, &[0, 10]);
    assert_eq!((run.rows[1].cause, run.took(1)), (Some(Cause::QueueTimeout), 10.0 + 89.9));
    let run = limit(0.09, &[0, 10]);
    assert_eq!(run.outcomes(), [Outcome::Completed; 2], "at the last instant a core is free");
    let run = limit(0.0, &[0, 10, 100]);
    assert_eq!(run.outcomes(), [Outcome::Completed, Outcome::Rejected, Outcome::Completed]);
    assert_eq!(run.took(1), 10.0);
}

#[test]
fn a_head_that_waits_too_long_lets_the_others_go() {
    // The large one finds no memory beside the small one that runs, and those behind it wait for it.
    let mut scenario = line(&[
        ("nodes.worker.cores", json!(4)),
        ("nodes.worker.memory_mb", json!(400)),
        ("policies.queue_timeout_s", json!(0.05)),
    ]);
    let mut large = scenario.functions[0].clone();
    (large.id, large.memory_mb) = ("large".into(), 300.0);
    scenario.functions[0].memory_mb = 128.0;
    scenario.functions.push(large);
    let mut workload = Workload::new(&scenario, None).unwrap();
    workload.arrival_ns = vec![0, 10 * MS, 20 * MS];
    (workload.function, workload.client) = (vec![0, 1, 0], vec![0; 3]);
    workload.execution_ns = vec![100 * MS; 3];
    let workload = Arc::new(workload);
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut recorder);
    assert_eq!(recorder.row(1).cause, Some(Cause::QueueTimeout));
    assert_eq!(recorder.row(2).started, Some(SimTime(70 * MS)), "as soon as the head has gone, at 20 + 50 ms");
}

#[test]
fn the_timeline_can_bound_queues() {
    let mut scenario = line(&[]);
    scenario.timeline = serde_json::from_value(json!([
        {"at_s": 0.05, "set": {"policies.queue_bound": 1}}, {"at_s": 0.5, "set": {"policies.queue_bound": null, "policies.queue_timeout_s": 0.05}}
    ]))
    .unwrap();
    // Three wait already and stay; the next is refused. Later nobody waits for more than 50 ms.
    let run = run(&scenario, &[0, 1, 2, 3, 100, 600, 601]);
    let o = run.outcomes();
    assert_eq!(o[..5], [Outcome::Completed, Outcome::Completed, Outcome::Completed, Outcome::Completed, Outcome::Rejected]);
    assert_eq!((o[5], run.rows[6].cause), (Outcome::Completed, Some(Cause::QueueTimeout)));
}

#[test]
fn users_go_on_when_they_give_up() {
    let scenario = line(&[
        ("workload.arrivals", json!({"kind": "closed_loop", "users": 1, "think_ms": 0, "rounds": 3})),
        ("functions.f.patience_s", json!(0.04)),
        ("nodes.worker.cores", json!(3)),
    ]);
    let (summary, recorder) = support::run(&scenario);
    let rows: Vec<u64> = (0..3).map(|i| recorder.row(i).submitted.unwrap().0 / MS).collect();
    assert_eq!((rows, summary.abandoned, summary.end_s), (vec![0, 40, 80], 3, 0.12));
}
