//! Delegated architectures: a broker before sub-placers, managers with leases, frameworks with offers.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{InvocationRow, Recorder, Summary};
use faaslab_core::platform::{MessageKind, Outcome, Probe, TaskEnd};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::{NS_PER_S, SimTime};
use faaslab_core::workload::Workload;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{run, set};

const US: u64 = 1_000;
const MS: u64 = 1_000_000;

/// A user, a controller and two workers of 4 cores in one zone, and an invocation of 100 ms each second, from 1 s on: user 3 ms
/// controller, controller 5 ms worker, user 7 ms worker. A job takes 0.25 ms, a task 2 ms, a message 0.05 ms.
fn unloaded(kind: &str, invocations: u32) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z"}],
        "nodes": [{"id": "user", "zone": "z", "roles": ["client"]},
                  {"id": "controller", "zone": "z", "roles": ["cloud_controller"]},
                  {"id": "a", "zone": "z", "roles": ["worker"], "cores": 4},
                  {"id": "b", "zone": "z", "roles": ["worker"], "cores": 4}],
        "links": [{"id": "submit", "from": "user", "to": "controller", "latency_ms": 3},
                  {"id": "dispatch-a", "from": "controller", "to": "a", "latency_ms": 5},
                  {"id": "dispatch-b", "from": "controller", "to": "b", "latency_ms": 5},
                  {"id": "return-a", "from": "a", "to": "user", "latency_ms": 7},
                  {"id": "return-b", "from": "b", "to": "user", "latency_ms": 7}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": kind, "job_ms": 0.25, "decision_ms": 2, "message_us": 50}},
        "run": {"duration_s": invocations}
    }))
    .unwrap()
}

/// Everything on one machine but the workers, nothing takes time but executions; 1,000 MB on each worker.
fn free(architecture: Value, workers: u32, cores: f64) -> Scenario {
    let function = |id: &str, memory: u32| json!({"id": id, "memory_mb": memory, "execution": {"kind": "constant"}, "create_ms": 0, "init_ms": 0});
    let mut architecture = architecture;
    (architecture["decision_ms"], architecture["message_us"]) = (json!(0), json!(0));
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "cores": cores, "memory_mb": 1000, "count": workers}],
        "functions": [function("a", 1), function("b", 1), function("large", 600), function("c", 1)],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": architecture},
        "run": {"duration_s": 10}
    }))
    .unwrap()
}

const A: u32 = 0;
const B: u32 = 1;
const LARGE: u32 = 2;
const C: u32 = 3;

/// Where and when each invocation started, in milliseconds.
#[derive(Default)]
struct Starts(Vec<(u32, f64)>);

impl Probe for Starts {
    fn ended(&mut self, _: SimTime, end: &TaskEnd<'_>) {
        assert_eq!(end.outcome, Outcome::Completed);
        self.0[end.invocation as usize] = (end.host, end.started.0 as f64 / 1e6);
    }
}

/// Runs a scenario on (arrival, function, execution), in milliseconds.
fn starts(scenario: &Scenario, arrivals: &[(f64, u32, f64)]) -> Vec<(u32, f64)> {
    let mut workload = Workload::new(scenario, None).unwrap();
    workload.arrival_ns = arrivals.iter().map(|a| (a.0 * 1e6) as u64).collect();
    workload.function = arrivals.iter().map(|a| a.1).collect();
    workload.execution_ns = arrivals.iter().map(|a| (a.2 * 1e6) as u64).collect();
    workload.client = vec![0; arrivals.len()];
    let mut starts = Starts(vec![(9, 0.0); arrivals.len()]);
    let mut simulation = Simulation::new(scenario, Arc::new(workload), &Library::default()).unwrap();
    assert!(simulation.run(&mut starts).done);
    starts.0
}

/// The service times of all invocations, one submitted each second from 1 s on.
fn services(scenario: &Scenario) -> Vec<u64> {
    let (summary, recorder) = run(scenario);
    assert_eq!(summary.completed, summary.submitted);
    let rows = (0u32..).zip(1..=summary.submitted);
    rows.map(|(i, s)| recorder.row(i).finished.unwrap().0 - s * NS_PER_S).collect()
}

/// How many messages of a kind were sent.
fn messages(summary: &Summary, kind: &str) -> u64 {
    summary.messages.iter().find(|m| m.0 == kind).unwrap().1
}

#[test]
fn key_ranges_a_first_task_asks_for_a_slot_and_the_next_goes_home() {
    let known = 3 * MS + 50 * US + (2 * MS + 250 * US) + 5 * MS + 100 * MS;
    let scenario = unloaded("key_ranges", 3);
    assert_eq!(services(&scenario), [known + 2 * 50 * US, known, known]);
    let (summary, _) = run(&scenario);
    let count = ["submit", "offload", "ask", "grant", "return", "assign", "finish"].map(|kind| messages(&summary, kind));
    assert_eq!(count, [3, 3, 1, 1, 0, 3, 3]);
    assert!((0..3).all(|i| run(&scenario).1.row(i).host == Some(0)), "all at one home");
}

#[test]
fn leases_a_lone_task_waits_for_two_heartbeats_of_its_manager() {
    let without_wait = (2 * MS + 250 * US) + 1000 * MS + 2 * (3 * MS + 50 * US) + 7 * MS + 100 * MS;
    let scenario = set(&unloaded("leases", 1), "frame.architecture.placers", json!(1));
    let waits: Vec<u64> = (1..40).map(|seed| services(&set(&scenario, "run.seed", json!(seed)))[0] - without_wait).collect();
    assert!(waits.iter().all(|&w| 0 < w && w <= 1000 * MS), "{waits:?}");
    assert!(waits.iter().any(|&w| w < 200 * MS) && waits.iter().any(|&w| w > 800 * MS), "anywhere between two heartbeats");
    // One heartbeat asks, one collects; then there is nothing to say.
    let (summary, _) = run(&scenario);
    assert_eq!(["ask", "grant", "return"].map(|kind| messages(&summary, kind)), [2, 1, 0]);
}

#[test]
fn offers_a_lone_task_waits_for_the_broker_to_collect() {
    let scenario = set(&unloaded("offers", 2), "frame.architecture.offer_ms", json!(200));
    let service = 50 * US + 3 * MS + 50 * US + 200 * MS + 3 * MS + (2 * MS + 250 * US) + 7 * MS + 100 * MS;
    assert_eq!(services(&scenario), [service, service]);
    // All 8 cores are locked from the offer to the answer, twice.
    let mut simulation =
        Simulation::new(&scenario, Arc::new(Workload::new(&scenario, None).unwrap()), &Library::default()).unwrap();
    simulation.run(&mut ());
    assert_eq!(simulation.world().counters.locked_ns, 2 * 8 * (3 * MS + 2 * MS + 250 * US + 3 * MS + 50 * US));
}

#[test]
fn key_ranges_by_hand_with_one_sub_placer() {
    let scenario = free(json!({"kind": "key_ranges", "placers": 1}), 2, 1.0);
    let arrivals = [
        (0.0, A, 100.0),  // both idle: the first host, now the home of a
        (10.0, A, 100.0), // goes home and waits until 100
        (20.0, B, 100.0), // the second host is idle: the home of b
        (30.0, C, 10.0),  // nobody is idle: waits in the sub-placer's queue
        (40.0, B, 10.0),  // goes home and waits until 120
        (135.0, C, 10.0), // the second host was idle at 130 and became the home of c
        (300.0, A, 10.0), // home, though both are idle
        (300.0, A, 10.0), // home, though the other is idle
    ];
    let expected = [(0, 0.0), (0, 100.0), (1, 20.0), (1, 130.0), (1, 120.0), (1, 140.0), (0, 300.0), (0, 310.0)];
    assert_eq!(starts(&scenario, &arrivals), expected);
}

#[test]
fn key_ranges_an_idle_host_goes_to_the_longest_queue() {
    // Over ten sub-placers the ids fall to different ones; the host is busy until 100 and all tasks are of functions without a home.
    let scenario = free(json!({"kind": "key_ranges", "placers": 10}), 1, 1.0);
    let arrivals = [(0.0, LARGE, 100.0), (10.0, A, 10.0), (20.0, B, 10.0), (30.0, B, 10.0)];
    let got: Vec<f64> = starts(&scenario, &arrivals).iter().map(|s| s.1).collect();
    assert_eq!(got[2], 100.0, "b has two waiting");
    assert!(got[1] < 130.0 && got[3] < 130.0);
}

#[test]
fn key_ranges_rebalancing_gives_functions_of_a_crowded_host_other_homes() {
    // The hosts take turns with the four functions; those of the first host have ten times the work of those of the second.
    let work = |i: u32| if i.is_multiple_of(2) { 40.0 } else { 4.0 };
    let round = |from: f64| (0..40).map(move |i| (from + f64::from(i / 4) * 100.0, i % 4, work(i)));
    let arrivals: Vec<(f64, u32, f64)> =
        (0..4).map(|i| (f64::from(i) * 20.0, i, 10.0)).chain(round(200.0)).chain(round(5_200.0)).collect();
    let on_second = |rebalance: f64| {
        let scenario = free(json!({"kind": "key_ranges", "placers": 1, "rebalance_s": rebalance}), 2, 2.0);
        let hosts: Vec<u32> = starts(&scenario, &arrivals).iter().map(|s| s.0).collect();
        let count = |hosts: &[u32]| hosts.iter().filter(|&&h| h == 1).count();
        (count(&hosts[..44]), count(&hosts[44..]))
    };
    assert_eq!(on_second(0.0), (22, 20));
    assert_eq!(on_second(5.0), (22, 30), "one of the two with much work has moved");
}

#[test]
fn offers_go_to_the_lowest_share_and_lock_out_the_others() {
    // Two frameworks take turns with arrivals. The first one asks first both times, but holds a core at 3 s.
    let scenario = free(json!({"kind": "offers", "frameworks": 2, "offer_ms": 100}), 1, 4.0);
    let arrivals = [(1000.0, A, 9000.0), (1000.0, A, 10.0), (3000.0, A, 10.0), (3000.0, A, 10.0)];
    let at = |arrivals: &[(f64, u32, f64)]| starts(&scenario, arrivals).iter().map(|s| s.1).collect::<Vec<_>>();
    assert_eq!(at(&arrivals), [1100.0, 1200.0, 3200.0, 3100.0]);
    // As many cores each, but the first holds 60 % of the memory.
    let arrivals = [(1000.0, LARGE, 9000.0), (1000.0, A, 9000.0), (3000.0, A, 10.0), (3000.0, A, 10.0)];
    assert_eq!(at(&arrivals), [1100.0, 1200.0, 3200.0, 3100.0]);
}

#[test]
fn offers_of_equals_the_one_that_had_fewer_comes_first() {
    // What ran has ended before the next offer, so that nobody holds anything; the first always has a task that waits.
    let scenario = free(json!({"kind": "offers", "frameworks": 2, "offer_ms": 100}), 1, 4.0);
    let arrivals: Vec<(f64, u32, f64)> = (0..20).map(|i| (f64::from(i / 2) * 90.0, A, 10.0)).collect();
    let starts = starts(&scenario, &arrivals);
    let longest = starts.iter().zip(&arrivals).map(|(start, arrival)| start.1 - arrival.0).fold(0.0, f64::max);
    assert!(longest <= 200.0, "somebody waited for {longest} ms");
}

#[test]
fn leases_wait_in_the_order_in_which_they_were_asked_for() {
    // One core, one manager: each task gets it when the one before has ended and the next heartbeat collects.
    let scenario = free(json!({"kind": "leases", "placers": 1, "heartbeat_ms": 10}), 1, 1.0);
    let at = starts(&scenario, &[(0.0, A, 104.0), (1.0, B, 104.0), (2.0, A, 104.0)]);
    assert!(at[0].1 > 10.0 && at[0].1 <= 20.0);
    // From the end to the next heartbeat the core is idle for 6 ms.
    assert!((at[1].1 - at[0].1 - 110.0).abs() < 1e-6 && (at[2].1 - at[1].1 - 110.0).abs() < 1e-6);
}

#[test]
fn what_was_granted_to_clients_who_gave_up_is_given_back() {
    // One core, taken until 100 ms or so by the first; the second gives up before; the third comes when all is quiet.
    for (architecture, returns) in [
        (json!({"kind": "key_ranges", "placers": 3}), 1),
        (json!({"kind": "leases", "placers": 1, "heartbeat_ms": 5}), 1),
        (json!({"kind": "offers", "frameworks": 1, "offer_ms": 5}), 0),
    ] {
        let mut scenario = free(architecture, 1, 1.0);
        scenario.functions[B as usize].patience_s = Some(0.05);
        let mut workload = Workload::new(&scenario, None).unwrap();
        workload.arrival_ns = vec![0, 20 * MS, 300 * MS];
        (workload.function, workload.execution_ns) = (vec![A, B, C], vec![100 * MS, 10 * MS, 10 * MS]);
        workload.client = vec![0; 3];
        let mut simulation = Simulation::new(&scenario, Arc::new(workload), &Library::default()).unwrap();
        simulation.run(&mut ());
        let c = &simulation.world().counters;
        assert_eq!((c.outcomes[Outcome::Completed as usize], c.outcomes[Outcome::Abandoned as usize]), (2, 1));
        assert_eq!(c.messages[MessageKind::Return as usize], returns);
        assert!(simulation.world().now.0 < 330 * MS, "{:?}", simulation.world().now);
    }
}

#[test]
fn a_host_with_less_than_a_core_has_a_slot_when_it_is_idle() {
    for kind in KINDS {
        let scenario = set(&free(json!({"kind": kind}), 1, 0.5), "functions.a.cores", json!(0.5));
        let starts = starts(&scenario, &[(0.0, A, 10.0), (5_000.0, A, 10.0)]);
        assert!(starts[1].1 < 7_001.0, "{kind}: {starts:?}");
    }
}

#[test]
fn an_offer_that_cannot_be_used_goes_to_the_others() {
    // The first framework has a task for four cores, of which one is taken until 9 s; it must not get one offer after another.
    let scenario = set(&free(json!({"kind": "offers", "frameworks": 2, "offer_ms": 100}), 1, 4.0), "functions.b.cores", json!(4));
    let arrivals = [(0.0, A, 9000.0), (0.0, A, 10.0), (1000.0, B, 10.0), (2000.0, A, 10.0), (3000.0, A, 10.0), (3000.0, A, 10.0)];
    let at: Vec<f64> = starts(&scenario, &arrivals).iter().map(|s| s.1).collect();
    assert_eq!(at, [100.0, 200.0, 9200.0, 2100.0, 3200.0, 3100.0]);
}

#[test]
fn what_no_host_can_run_is_rejected() {
    for kind in ["key_ranges", "leases", "offers"] {
        let scenario = set(&unloaded(kind, 1), "functions.f.cores", json!(5));
        let row: InvocationRow = run(&scenario).1.row(0);
        assert_eq!(row.outcome, Some(Outcome::Rejected), "{kind}");
    }
}

#[test]
fn no_task_starves_at_half_load() {
    // Forty functions over five sub-placers, ten managers or four frameworks; 20 hosts of 4 cores, 100 ms each.
    for (kind, parameter, value) in [("key_ranges", "rebalance_s", 5), ("leases", "heartbeat_ms", 20), ("offers", "offer_ms", 20)] {
        let mut architecture = json!({"kind": kind, "decision_ms": 0.1});
        architecture[parameter] = json!(value);
        let functions: Vec<Value> = (0..40)
            .map(|i| json!({"id": format!("f{i}"), "memory_mb": 10, "execution": {"kind": "exponential", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}))
            .collect();
        let scenario = Scenario::from_value(json!({
            "version": 1,
            "zones": [{"id": "z", "latency_ms": 0.5}],
            "nodes": [{"id": "users", "zone": "z", "roles": ["client"]},
                      {"id": "controller", "zone": "z", "roles": ["cloud_controller"]},
                      {"id": "w", "zone": "z", "roles": ["worker"], "cores": 4, "count": 20}],
            "functions": functions,
            "workload": {"arrivals": {"kind": "poisson", "rate_per_s": 400}},
            "frame": {"architecture": architecture},
            "run": {"duration_s": 20}
        }));
        let scenario = scenario.unwrap();
        let (summary, _) = run(&scenario);
        assert!(summary.submitted > 7_000);
        assert_eq!((summary.completed, summary.live), (summary.submitted, 0), "{kind}");
        assert!(summary.end_s < 30.0, "{kind} takes {} s", summary.end_s);
    }
}

/// A small scenario of everything that can disturb a broker.
#[derive(Debug, Clone)]
struct Shape {
    seed: u32,
    before: usize,
    after: usize,
    change_s: f64,
    workers: u32,
    cores: f64,
    slots: Option<u32>,
    cpu: &'static str,
    latency: f64,
    jitter: f64,
    decision: f64,
    message: f64,
    beat: f64,
    placers: u32,
    patience: Option<f64>,
    rate: f64,
    memory_full: &'static str,
}

const KINDS: [&str; 3] = ["key_ranges", "leases", "offers"];

fn shapes() -> impl Strategy<Value = Shape> {
    let times = (
        prop::sample::select(vec![0.0, 0.5, 20.0]),
        prop::sample::select(vec![0.0, 5.0]),
        prop::sample::select(vec![0.0, 0.5, 5.0]),
        prop::sample::select(vec![0.0, 20.0, 2_000.0]),
        prop::sample::select(vec![0.0, 1.0, 30.0, 500.0]),
    );
    let hosts = (
        1u32..5,
        prop::sample::select(vec![0.5, 1.0, 2.5, 4.0]),
        prop::option::of(1u32..4),
        prop::sample::select(vec!["slots", "shared", "unlimited", "isolated"]),
        prop::sample::select(vec!["never", "shortfall"]),
    );
    let who =
        (any::<u32>(), 0usize..4, 0usize..6, 0.1f64..4.0, 1u32..6, prop::option::of(prop::sample::select(vec![0.01, 0.3, 2.0])));
    (times, hosts, who, prop::sample::select(vec![3.0, 20.0, 80.0])).prop_map(|(times, hosts, who, rate)| Shape {
        seed: who.0,
        before: who.1,
        after: who.2,
        change_s: who.3,
        workers: hosts.0,
        cores: hosts.1,
        slots: hosts.2,
        cpu: hosts.3,
        latency: times.0,
        jitter: times.1,
        decision: times.2,
        message: times.3,
        beat: times.4,
        placers: who.4,
        patience: who.5,
        rate,
        memory_full: hosts.4,
    })
}

fn architecture(s: &Shape, which: usize) -> Value {
    let costs = |mut own: Value| {
        (own["decision_ms"], own["message_us"]) = (json!(s.decision), json!(s.message));
        own
    };
    match which {
        0 => costs(json!({"kind": "key_ranges", "placers": s.placers, "rebalance_s": s.beat / 1000.0})),
        1 => costs(json!({"kind": "leases", "placers": s.placers, "heartbeat_ms": s.beat})),
        2 => costs(json!({"kind": "offers", "frameworks": s.placers, "offer_ms": s.beat})),
        3 => costs(json!({"kind": "pull"})),
        4 => costs(json!({"kind": "centralized"})),
        _ => costs(json!({"kind": "late_binding"})),
    }
}

fn scenario(s: &Shape) -> Scenario {
    let mut worker =
        json!({"id": "w", "zone": "z", "roles": ["worker"], "cores": s.cores, "memory_mb": 500, "cpu": s.cpu, "count": s.workers});
    if let Some(slots) = s.slots {
        worker["slots"] = json!(slots);
    }
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": s.latency / 2.0}],
        "nodes": [{"id": "cloud", "zone": "z", "roles": ["cloud_controller", "client"]},
                  worker,
                  {"id": "big", "zone": "z", "roles": ["worker"], "cores": 3, "memory_mb": 900},
                  {"id": "edge", "zone": "z", "roles": ["client"], "traffic": 2}],
        "links": [{"id": "l", "from": "cloud", "to": "big", "latency_ms": s.latency, "jitter_ms": s.jitter}],
        "functions": [
            {"id": "small", "memory_mb": 100, "execution": {"kind": "exponential", "mean_ms": 50}, "create_ms": 10, "init_ms": 20,
             "cores": 0.5, "weight": 4, "patience_s": s.patience, "retries": 1},
            {"id": "one", "memory_mb": 300, "execution": {"kind": "exponential", "mean_ms": 100}, "patience_s": s.patience},
            {"id": "wide", "memory_mb": 600, "execution": {"kind": "constant", "mean_ms": 80}, "cores": 2.5},
            {"id": "huge", "memory_mb": 3000, "execution": {"kind": "constant", "mean_ms": 0}, "weight": 0.2}],
        "workload": {"arrivals": {"kind": "poisson", "rate_per_s": s.rate}},
        "frame": {"architecture": architecture(s, s.before)},
        "policies": {"memory_full": s.memory_full},
        "timeline": [{"at_s": s.change_s, "set": {"frame.architecture": architecture(s, s.after)}}],
        "run": {"seed": s.seed, "duration_s": 3}
    }))
    .unwrap()
}

/// Counts ends per invocation.
struct Ends(Vec<u32>);

impl Probe for Ends {
    fn ended(&mut self, _: SimTime, end: &TaskEnd<'_>) {
        self.0[end.invocation as usize] += 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_200, ..ProptestConfig::default() })]

    #[test]
    fn every_task_ends_once_and_a_copy_goes_on_in_the_same_way(shape in shapes(), stop in 1u64..2_000) {
        let scenario = scenario(&shape);
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut ends = Ends(vec![0; workload.len()]);
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        simulation.step(stop, &mut ends);
        let mut copy = simulation.clone();
        while !simulation.step(5_000, &mut ends).done {
            let c = &simulation.world().counters;
            prop_assert!(c.events < 400_000, "the run does not end at {:?}: {c:?}", simulation.world().now);
        }
        let c = &simulation.world().counters;
        prop_assert_eq!(c.submitted, workload.len() as u64);
        prop_assert_eq!(c.submitted, c.outcomes.iter().sum::<u64>() + simulation.world().tasks.len() as u64);
        prop_assert!(ends.0.iter().all(|&n| n <= 1));
        if shape.memory_full != "never" {
            let left: Vec<_> = simulation.world().attempts.iter().map(|(_, a)| (a.phase(), a.host, a.invocation)).take(5).collect();
            prop_assert_eq!(simulation.world().tasks.len(), 0, "left: {:?}", left);
        }
        copy.run(&mut ());
        prop_assert_eq!(simulation.world().digest, copy.world().digest);
        prop_assert_eq!(c, &copy.world().counters);
    }
}

#[test]
fn a_recorder_sees_the_same_whatever_the_step() {
    for kind in KINDS {
        let scenario = unloaded(kind, 20);
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        while !simulation.step(1, &mut recorder).done {}
        assert_eq!(Summary::new(&simulation, &recorder).digest, run(&scenario).0.digest, "{kind}");
    }
}
