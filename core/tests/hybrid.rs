//! Hybrid architectures: long tasks go one way and short ones another, and each message is accounted for to the nanosecond.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{InvocationRow, Recorder, Summary};
use faaslab_core::platform::{Accounting, Cause, MessageKind, Outcome, Phase, Probe, TaskEnd};
use faaslab_core::scenario::{Change, Scenario};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::set;

const US: u64 = 1_000;
const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

/// A user, a controller and workers of so many MB: user 3 ms controller, controller 5 ms worker, user 7 ms worker. Containers start
/// at once.
fn scenario(architecture: Value, workers: &[(f64, u32)]) -> Scenario {
    let mut nodes = vec![
        json!({"id": "user", "zone": "z", "roles": ["client"]}),
        json!({"id": "controller", "zone": "z", "roles": ["cloud_controller"]}),
    ];
    let mut links = vec![json!({"id": "submit", "from": "user", "to": "controller", "latency_ms": 3})];
    for (i, (cores, memory_mb)) in workers.iter().enumerate() {
        let id = format!("w{i}");
        nodes.push(json!({"id": id, "zone": "z", "roles": ["worker"], "cores": cores, "memory_mb": memory_mb}));
        links.push(json!({"id": format!("dispatch-{i}"), "from": "controller", "to": id, "latency_ms": 5}));
        links.push(json!({"id": format!("return-{i}"), "from": id, "to": "user", "latency_ms": 7}));
    }
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z"}],
        "nodes": nodes,
        "links": links,
        "functions": [{"id": "small", "memory_mb": 100, "execution": {"kind": "constant", "mean_ms": 1}, "create_ms": 0, "init_ms": 0},
                      {"id": "large", "memory_mb": 1000, "execution": {"kind": "constant", "mean_ms": 1}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 100}},
        "frame": {"architecture": architecture},
        "policies": {"estimates": {"kind": "exact"}},
        "run": {"duration_s": 10}
    }))
    .unwrap()
}

fn hybrid(kind: &str) -> Value {
    json!({"kind": kind, "decision_ms": 2, "central_ms": 4, "scan_us": 10, "message_us": 50, "short_only": 0.4})
}

/// (when it comes, how long it executes, its function, its job), in nanoseconds.
type Row = (u64, u64, u32, u32);

/// The workload of a scenario with these rows instead of its own.
fn workload(scenario: &Scenario, rows: &[Row]) -> Arc<Workload> {
    let mut workload = Workload::new(scenario, None).unwrap();
    workload.arrival_ns = rows.iter().map(|r| r.0).collect();
    workload.execution_ns = rows.iter().map(|r| r.1).collect();
    workload.function = rows.iter().map(|r| r.2).collect();
    workload.job = rows.iter().map(|r| r.3).collect();
    workload.job_ideal_ns = vec![1; rows.iter().map(|r| r.3 as usize + 1).max().unwrap_or(0)];
    workload.client = vec![0; rows.len()];
    Arc::new(workload)
}

/// What becomes of the rows, and how many messages of some kinds there are.
fn play(scenario: &Scenario, rows: &[Row]) -> (Vec<InvocationRow>, Simulation) {
    let workload = workload(scenario, rows);
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut recorder);
    assert_eq!(Summary::new(&simulation, &recorder).live, 0);
    ((0..rows.len() as u32).map(|i| recorder.row(i)).collect(), simulation)
}

fn count(simulation: &Simulation, kind: MessageKind) -> u64 {
    simulation.world().counters.messages[kind as usize]
}

fn responses(rows: &[InvocationRow]) -> Vec<u64> {
    rows.iter().map(|r| r.response_ns).collect()
}

const WORKER: (f64, u32) = (1.0, 4000);

#[test]
fn a_long_task_takes_a_hop_a_central_decision_a_hop_and_the_execution() {
    for kind in ["hawk", "eagle"] {
        let (rows, run) = play(&scenario(hybrid(kind), &[WORKER; 5]), &[(S, 3 * S, 0, 0)]);
        // Three of the five hosts are looked at: the other two are for short tasks.
        let service = 3 * MS + (4 * MS + 3 * 10 * US) + 5 * MS + 3 * S;
        assert_eq!((rows[0].finished.unwrap().0 - S, rows[0].response_ns), (service, service + 7 * MS), "{kind}");
        assert_eq!((count(&run, MessageKind::Reserve), count(&run, MessageKind::Assign)), (0, 1));
    }
}

#[test]
fn a_short_task_takes_a_decision_three_hops_a_question_and_the_execution() {
    for kind in ["hawk", "eagle"] {
        let mut architecture = hybrid(kind);
        architecture["d"] = json!(1);
        let (rows, run) = play(&scenario(architecture, &[WORKER; 5]), &[(S, 100 * MS, 0, 0)]);
        let service = (2 * MS + 10 * US) + 3 * 7 * MS + 50 * US + 100 * MS;
        assert_eq!((rows[0].finished.unwrap().0 - S, rows[0].response_ns), (service, service + 7 * MS), "{kind}");
        assert_eq!((count(&run, MessageKind::Reserve), count(&run, MessageKind::GetTask)), (1, 1));
    }
}

#[test]
fn a_job_is_long_by_the_mean_of_its_tasks_and_goes_one_way() {
    // 0.2 and 2 s: 1.1 s on average, so that both are placed centrally.
    let (_, run) = play(&scenario(hybrid("hawk"), &[WORKER; 5]), &[(S, 2 * S, 0, 0), (S, 200 * MS, 0, 0)]);
    assert_eq!((count(&run, MessageKind::Submit), count(&run, MessageKind::Reserve)), (1, 0));
    // 0.2 and 1.8 s: 1 s is not above the cut-off.
    let (_, run) = play(&scenario(hybrid("hawk"), &[WORKER; 5]), &[(S, 1800 * MS, 0, 0), (S, 200 * MS, 0, 0)]);
    assert_eq!(count(&run, MessageKind::Reserve), 4);
}

#[test]
fn long_tasks_go_to_the_host_that_is_through_first_as_far_as_the_central_placer_knows() {
    // Two general hosts of one core. 10 s and 2 s; then 3 s behind the 2 s; then 4 s, after 5 s have passed: behind the first
    // 5 s are left, behind the others 0.
    let scenario = scenario(hybrid("hawk"), &[WORKER; 3]);
    let (rows, _) = play(&scenario, &[(S, 10 * S, 0, 0), (S, 2 * S, 0, 1), (S, 3 * S, 0, 2), (5900 * MS, 4 * S, 0, 3)]);
    assert_eq!(rows.iter().map(|r| r.host.unwrap()).collect::<Vec<_>>(), [0, 1, 1, 1]);
    // What is shorter than was waited for is known when it is heard of: 8 s behind 10 s, 9 s behind 8.5 s.
    let (rows, _) = play(&scenario, &[(S, 10 * S, 0, 0), (S, 8500 * MS, 0, 1), (S, 9 * S, 0, 2), (11 * S, 8 * S, 0, 3)]);
    assert_eq!(rows.iter().map(|r| r.host.unwrap()).collect::<Vec<_>>(), [0, 1, 1, 0]);
}

#[test]
fn a_host_of_two_cores_is_as_far_as_two_hosts_of_one() {
    let scenario = scenario(hybrid("hawk"), &[(2.0, 4000), WORKER, WORKER]);
    // The first host has half the wait for the same work: 1 s, then 1.5 s against 2 s.
    let (rows, _) = play(&scenario, &[(S, 2 * S, 0, 0), (S, 2 * S, 0, 1), (S, 2 * S, 0, 2), (S, 2 * S, 0, 3)]);
    assert_eq!(rows.iter().map(|r| r.host.unwrap()).collect::<Vec<_>>(), [0, 1, 0, 0]);
}

#[test]
fn a_long_task_that_fits_only_where_long_tasks_may_not_go_is_rejected() {
    let scenario = scenario(hybrid("hawk"), &[(1.0, 500), (1.0, 500), (1.0, 4000)]);
    let (rows, _) = play(&scenario, &[(S, 2 * S, 1, 0), (S, 100 * MS, 1, 1)]);
    assert_eq!(rows[0].outcome, Some(Outcome::Rejected));
    assert_eq!((rows[1].outcome, rows[1].host), (Some(Outcome::Completed), Some(2)), "a short one may");
}

#[test]
fn with_nothing_long_hawk_is_late_binding() {
    let rows: Vec<Row> = (0..300).map(|i| (S + i * 3 * MS, (i * 37 % 90) * MS, 0, i as u32 / 3)).collect();
    let of = |kind: &str| {
        let mut architecture = json!({"kind": kind, "decision_ms": 2, "scan_us": 10, "message_us": 50, "placers": 3});
        if kind != "late_binding" {
            architecture["short_only"] = json!(0.4);
        }
        let (rows, _) = play(&scenario(architecture, &[WORKER; 7]), &rows);
        rows.iter().map(|r| (r.host, r.response_ns)).collect::<Vec<_>>()
    };
    assert_eq!(of("hawk"), of("late_binding"));
    let mut not_sticky = hybrid("eagle");
    (not_sticky["sticky"], not_sticky["placers"]) = (json!("off"), json!(3));
    let (eagle, _) = play(&scenario(not_sticky, &[WORKER; 7]), &rows);
    assert_eq!(eagle.iter().map(|r| (r.host, r.response_ns)).collect::<Vec<_>>(), of("late_binding"), "nothing is refused");
}

/// An eagle that reserves one place per task, and the first two of three hosts large enough for a large task.
fn eagle(rounds: u32, last_mb: u32) -> Scenario {
    let mut architecture = hybrid("eagle");
    (architecture["d"], architecture["rounds"]) = (json!(1), json!(rounds));
    scenario(architecture, &[WORKER, WORKER, (1.0, last_mb)])
}

/// What a short task takes whose place was refused so often.
fn refused(times: u64) -> u64 {
    (2 * MS + 10 * US) + times * (2 * 7 * MS + 50 * US) + 3 * 7 * MS + 50 * US + 100 * MS + 7 * MS
}

/// The responses and hosts of a short task with which long ones go before it, over some seeds.
fn short_after(long: &[Row], scenario: &Scenario) -> std::collections::BTreeSet<(u64, u32, u64)> {
    let rows: Vec<Row> = long.iter().copied().chain([(2 * S, 100 * MS, 1, 9)]).collect();
    (1..60)
        .map(|seed| {
            let (rows, run) = play(&set(scenario, "run.seed", json!(seed)), &rows);
            let short = rows.last().unwrap();
            (short.response_ns, short.host.unwrap(), count(&run, MessageKind::ReserveRefused))
        })
        .collect()
}

#[test]
fn a_refused_place_is_reserved_again_where_the_bitmap_shows_nothing_long() {
    // The first host has a long task, the last is too small: the second it is, at once or after a refusal.
    let seen = short_after(&[(S, 9 * S, 0, 0)], &eagle(2, 500));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(refused(0), 1, 0), (refused(1), 1, 1)]);
}

#[test]
fn after_the_last_round_a_place_is_reserved_where_nothing_long_may_go() {
    let seen = short_after(&[(S, 9 * S, 0, 0), (S, 9 * S, 0, 1)], &eagle(1, 4000));
    // Each of the three may be asked first.
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(refused(0), 2, 0), (refused(1), 2, 1)]);
}

#[test]
fn a_bitmap_that_came_before_another_long_task_leads_to_one_more_refusal() {
    // The first host was told before the second had a long task, and the second afterwards; the placer asks both in vain where it
    // begins with the first, and then knows.
    let seen = short_after(&[(S, 9 * S, 0, 0), (1500 * MS, 9 * S, 0, 1)], &eagle(3, 4000));
    assert!(seen.contains(&(refused(2), 2, 2)), "{seen:?}");
    assert!(seen.contains(&(refused(1), 2, 1)), "{seen:?}");
    assert!(seen.iter().all(|s| s.1 == 2), "{seen:?}");
}

#[test]
fn where_only_hosts_with_long_tasks_are_large_enough_they_are_taken_in_the_end() {
    let mut architecture = hybrid("eagle");
    architecture["d"] = json!(1);
    let scenario = scenario(architecture, &[(2.0, 4000), (1.0, 500), (1.0, 500)]);
    let seen = short_after(&[(S, 9 * S, 0, 0)], &scenario);
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(refused(1), 0, 1)], "the second core is free");
}

#[test]
fn a_host_stays_with_a_job_before_it_serves_others() {
    // Two hosts without latency. One is busy for 900 ms; a job of two tasks has places on both, and begins on the free one. Another
    // task comes before the job's first is through.
    let rows =
        [(S, 900 * MS, 0, 0), (S + 100 * MS, 100 * MS, 0, 1), (S + 100 * MS, 100 * MS, 0, 1), (S + 150 * MS, 100 * MS, 0, 2)];
    let of = |sticky: &str| {
        let architecture = json!({"kind": "eagle", "sticky": sticky, "decision_ms": 0, "message_us": 0, "short_only": 0});
        let mut scenario = scenario(architecture, &[WORKER; 2]);
        scenario.links.iter_mut().for_each(|link| link.latency_ms = 0.0);
        responses(&play(&scenario, &rows).0)
    };
    assert_eq!(of("on"), [900 * MS, 100 * MS, 200 * MS, 250 * MS]);
    assert_eq!(of("off"), [900 * MS, 100 * MS, 900 * MS, 150 * MS]);
}

/// Long tasks are guaranteed, and one list comes before anything else.
fn mercury(changes: &[(&str, Value)], workers: &[(f64, u32)]) -> Scenario {
    let mut architecture = json!({"kind": "mercury", "decision_ms": 2, "central_ms": 4, "scan_us": 10, "message_us": 50});
    for (name, value) in changes {
        architecture[name] = value.clone();
    }
    scenario(architecture, workers)
}

#[test]
fn guaranteed_and_opportunistic_tasks_take_a_decision_and_their_ways() {
    let scenario = mercury(&[], &[WORKER; 5]);
    let (rows, _) = play(&scenario, &[(1500 * MS, 3 * S, 0, 0), (6 * S + 500 * MS, 100 * MS, 0, 1)]);
    let guaranteed = 3 * MS + (4 * MS + 5 * 10 * US) + 5 * MS + 3 * S;
    let opportunistic = (2 * MS + 5 * 10 * US) + 7 * MS + 100 * MS;
    assert_eq!(responses(&rows), [guaranteed + 7 * MS, opportunistic + 7 * MS]);
}

/// A task of 0.9 s that has 103 ms of a slot until one of 3 s comes, where starting takes so long.
fn killed(create_ms: u64) -> (Vec<InvocationRow>, Simulation) {
    let scenario = set(&mercury(&[], &[WORKER]), "functions.small.create_ms", json!(create_ms));
    play(&scenario, &[(S, 900 * MS, 0, 0), (S + 100 * MS, 3 * S, 1, 1)])
}

#[test]
fn a_guaranteed_task_kills_an_opportunistic_one_that_is_placed_again() {
    // The first comes to the worker 9.01 ms after it was submitted, the other 12.01 ms. 7 ms later the first is at its placer, 9.01 ms
    // later in the queue, until the other is through; an execution that was stopped does not end, and a container that was
    // killed while it started is not ready.
    for create_ms in [0, 50, 500] {
        let (rows, run) = killed(create_ms);
        let guaranteed = 12 * MS + 10 * US + 3 * S;
        assert_eq!(rows[1].response_ns, guaranteed + 7 * MS);
        let again = 100 * MS + guaranteed + create_ms * MS;
        assert_eq!(rows[0].started, Some(SimTime(S + again)));
        assert_eq!((rows[0].response_ns, rows[0].attempts), (again + 900 * MS + 7 * MS, 2));
        let world = run.world();
        assert_eq!((world.counters.killed, world.counters.cold), (1, 3), "the killed container is gone");
        let host = &world.hosts[0];
        assert_eq!((host.running, host.slots_free), (0, run.model().hosts[0].slots));
        assert_eq!(host.memory_free + host.idle_memory, run.model().hosts[0].memory);
        assert_eq!(host.containers().count(), 2);
    }
}

#[test]
fn the_time_in_a_slot_is_lost_and_the_rest_is_accounted_as_it_was() {
    struct Spent(Vec<[u64; Accounting::COUNT]>);
    impl Probe for Spent {
        fn ended(&mut self, _: SimTime, end: &TaskEnd<'_>) {
            self.0.push(*end.spent);
        }
    }
    let scenario = set(&mercury(&[], &[WORKER]), "functions.small.create_ms", json!(50));
    let workload = workload(&scenario, &[(S, 900 * MS, 0, 0), (S + 100 * MS, 3 * S, 1, 1)]);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    let mut spent = Spent(Vec::new());
    simulation.run(&mut spent);
    let of = |accounting: Accounting| spent.0[1][accounting as usize];
    assert_eq!((of(Accounting::Lost), of(Accounting::ContainerStart), of(Accounting::Execution)), (103 * MS, 50 * MS, 900 * MS));
    assert_eq!(
        (of(Accounting::Transfer), of(Accounting::DispatchNetwork), of(Accounting::Decision)),
        (7 * MS, 14 * MS, 4 * MS + 20 * US)
    );
}

#[test]
fn the_newest_is_killed_and_none_where_that_would_not_suffice() {
    // Two cores, two opportunistic tasks; the guaranteed one takes the core of the second.
    let scenario = mercury(&[], &[(2.0, 4000)]);
    let rows = [(S, 900 * MS, 0, 0), (S + 50 * MS, 900 * MS, 0, 1), (S + 100 * MS, 3 * S, 1, 2)];
    let (seen, run) = play(&scenario, &rows);
    assert_eq!(seen.iter().map(|r| r.attempts).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(run.world().counters.killed, 1);
    // Another guaranteed one that needs both cores finds one taken by the first guaranteed one: it waits, and kills nobody.
    let both = set(&scenario, "functions.large.cores", json!(2));
    let rows = [(S, 3 * S, 0, 0), (S + 50 * MS, 900 * MS, 0, 1), (S + 100 * MS, 3 * S, 1, 2)];
    let (seen, run) = play(&both, &rows);
    assert_eq!((run.world().counters.killed, seen[2].attempts), (0, 1));
}

#[test]
fn a_host_where_too_many_wait_sends_a_task_back() {
    let short = [(1500 * MS, 500 * MS, 0, 0), (1600 * MS, 500 * MS, 0, 1)];
    // Nobody may wait, and there is one host: its placer gives up when it hears of that.
    let (rows, _) = play(&mercury(&[("bound", json!(0)), ("tries", json!(1))], &[WORKER]), &short);
    assert_eq!((rows[0].outcome, rows[1].outcome), (Some(Outcome::Completed), Some(Outcome::Rejected)));
    assert_eq!((rows[1].cause, rows[1].response_ns), (Some(Cause::NotPlaced), 2 * (2 * MS + 10 * US) + 2 * 7 * MS));
    // With two hosts the other one takes it, at once or after a way there and back.
    let two = mercury(&[("bound", json!(0)), ("tries", json!(1))], &[WORKER; 2]);
    let straight = (2 * MS + 20 * US) + 7 * MS + 500 * MS + 7 * MS;
    let seen: std::collections::BTreeSet<Option<(u64, u64)>> = (1..30)
        .map(|seed| {
            let (rows, run) = play(&set(&two, "run.seed", json!(seed)), &short);
            let back = count(&run, MessageKind::Offload);
            (rows[1].outcome == Some(Outcome::Completed)).then_some((rows[1].response_ns, back))
        })
        .collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [None, Some((straight, 0))]);
    let two = set(&two, "frame.architecture.tries", json!(2));
    let seen: std::collections::BTreeSet<(u64, u64)> = (1..30)
        .map(|seed| {
            let (rows, run) = play(&set(&two, "run.seed", json!(seed)), &short);
            (rows[1].response_ns, count(&run, MessageKind::Offload))
        })
        .collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(straight, 0), (straight + 14 * MS + (2 * MS + 20 * US), 1)]);
}

#[test]
fn kills_do_not_use_up_the_tries_of_a_client() {
    // Two kills, then a time limit, after which the client tries again once.
    let mut scenario = mercury(&[], &[WORKER]);
    (scenario.functions[0].retries, scenario.functions[0].time_limit_s) = (1, Some(0.5));
    let (rows, run) = play(&scenario, &[(S, 900 * MS, 0, 0), (S + 100 * MS, 3 * S, 1, 1), (S + 3200 * MS, 3 * S, 1, 2)]);
    assert_eq!((run.world().counters.killed, run.world().counters.retries), (2, 1));
    assert_eq!((rows[0].outcome, rows[0].attempts), (Some(Outcome::TimedOut), 4));
}

/// Starts per attempt, and whatever begins where long tasks may not go.
struct Watch {
    starts: Vec<u32>,
    returns: Vec<u32>,
    long: Vec<bool>,
    general: u32,
}

impl Probe for Watch {
    fn phase(&mut self, _: SimTime, invocation: u32, phase: Phase, host: u32) {
        let i = invocation as usize;
        match phase {
            Phase::Running => {
                self.starts[i] += 1;
                assert!(!self.long[i] || host < self.general, "a long task runs where none may");
            }
            Phase::Returning => self.returns[i] += 1,
            _ => {}
        }
    }
}

#[derive(Clone, Debug)]
struct Shape {
    kind: usize,
    seed: u32,
    workers: Vec<(f64, u32)>,
    latency: f64,
    jitter: f64,
    costs: (f64, f64),
    share: f64,
    sticky: bool,
    rounds: u32,
    patience: Option<f64>,
    queue_bound: Option<u32>,
    change: Option<(f64, usize)>,
    jobs: Vec<(u64, u64, u32)>,
    stop: u64,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let worker = (prop::sample::select(vec![1.0, 2.0]), prop::sample::select(vec![500u32, 1500, 4000]));
    let place = (
        prop::collection::vec(worker, 1..6),
        prop::sample::select(vec![0.0, 0.5, 20.0]),
        prop::sample::select(vec![0.0, 3.0]),
        prop::sample::select(vec![(0.0, 0.0), (2.0, 50.0)]),
        prop::sample::select(vec![0.0, 0.4, 1.0]),
    );
    let own = (any::<bool>(), 1u32..4, prop::option::of(prop::sample::select(vec![0.01, 0.3])), prop::option::of(0u32..4));
    let change = prop::option::of((prop::sample::select(vec![0.0, 0.2, 0.7, 1.5]), 0usize..20));
    let jobs = prop::collection::vec((0u64..1_500, 1u64..400, 1u32..5), 1..40);
    (0usize..KINDS.len(), any::<u32>(), place, own, change, jobs, 0u64..500).prop_map(
        |(kind, seed, (workers, latency, jitter, costs, share), (sticky, rounds, patience, queue_bound), change, jobs, stop)| {
            Shape { kind, seed, workers, latency, jitter, costs, share, sticky, rounds, patience, queue_bound, change, jobs, stop }
        },
    )
}

const KINDS: &[&str] = &["hawk", "eagle", "mercury"];

fn built(s: &Shape) -> (Scenario, Vec<Row>) {
    let kind = KINDS[s.kind];
    let mut architecture = json!({"kind": kind, "cutoff_s": 0.1, "decision_ms": s.costs.0, "central_ms": s.costs.0,
        "message_us": s.costs.1, "placers": 2});
    if kind != "mercury" {
        architecture["short_only"] = json!(s.share);
    }
    if kind == "mercury" {
        architecture["guaranteed"] = json!(if s.sticky { "long" } else { "short" });
        (architecture["bound"], architecture["tries"], architecture["list_ms"]) = (json!(s.rounds - 1), json!(s.rounds), json!(50));
    }
    if kind == "eagle" {
        (architecture["sticky"], architecture["rounds"]) = (json!(if s.sticky { "on" } else { "off" }), json!(s.rounds));
    }
    let mut scenario = scenario(architecture, &s.workers);
    for link in &mut scenario.links {
        (link.latency_ms, link.jitter_ms) = (s.latency, s.jitter);
    }
    scenario.run.seed = s.seed.into();
    for function in &mut scenario.functions {
        function.patience_s = s.patience;
        (function.create_ms, function.init_ms) = (10.0, 5.0);
    }
    scenario.policies.queue_bound = s.queue_bound;
    if let Some((at_s, to)) = s.change {
        let all = Library::default().catalogue().architectures;
        let others: Vec<&str> = all.iter().map(|entry| entry.kind).filter(|kind| *kind != "service").collect();
        let mut to = json!({"kind": others[to % others.len()]});
        if to["kind"] == "dynamic" {
            // Its other settings need edge controllers.
            to["mode"] = json!("decentralized");
        }
        scenario.timeline.push(Change { at_s: 0.001 + at_s, set: Map::from_iter([("frame.architecture".into(), to)]) });
    }
    let mut jobs = s.jobs.clone();
    jobs.sort_unstable();
    let rows = (0u32..).zip(&jobs).flat_map(|(job, &(at, long, tasks))| {
        (0..tasks).map(move |task| (at * MS, long * MS + u64::from(task), u32::from(long % 7 == 0), job))
    });
    (scenario, rows.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_run_twice_and_a_copy_goes_on_exactly(shape in shapes()) {
        let (scenario, rows) = built(&shape);
        let workload = workload(&scenario, &rows);
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        let mean = |job: u32| {
            let of: Vec<u64> = rows.iter().filter(|r| r.3 == job).map(|r| r.1).collect();
            of.iter().sum::<u64>() > 100 * MS * of.len() as u64
        };
        let hosts = shape.workers.len() as u32;
        let short = (shape.share * f64::from(hosts)).round() as u32;
        // Afterwards another architecture places them where it likes.
        let divided = shape.change.is_none() && KINDS[shape.kind] != "mercury";
        let general = if divided { hosts - short.min(hosts - 1) } else { hosts };
        let long = rows.iter().map(|r| mean(r.3)).collect();
        let mut watch = Watch { starts: vec![0; rows.len()], returns: vec![0; rows.len()], long, general };
        simulation.step(shape.stop, &mut watch);
        let mut copy = simulation.clone();
        while !simulation.step(100, &mut watch).done {
            let c = &simulation.world().counters;
            prop_assert!(c.events < 100_000, "the run does not end: {:?}", c);
            prop_assert_eq!(c.submitted, c.outcomes.iter().sum::<u64>() + simulation.world().tasks.len() as u64);
        }
        copy.run(&mut ());
        prop_assert_eq!(simulation.world().digest, copy.world().digest);
        let world = simulation.world();
        prop_assert_eq!(world.tasks.len(), 0);
        prop_assert_eq!(world.counters.submitted, rows.len() as u64);
        let completed = world.counters.outcomes[Outcome::Completed as usize];
        let starts = watch.starts.iter().map(|&n| u64::from(n)).sum::<u64>();
        prop_assert!(starts <= rows.len() as u64 + world.counters.killed, "nothing starts again that was not killed");
        prop_assert!(world.counters.killed > 0 || watch.starts.iter().all(|&n| n <= 1));
        prop_assert!(completed <= watch.starts.iter().filter(|&&n| n > 0).count() as u64);
        if shape.patience.is_none() {
            prop_assert!(watch.starts.iter().zip(&watch.returns).all(|(s, r)| s >= r));
            for ((number, host), spec) in (0u32..).zip(&world.hosts).zip(&simulation.model().hosts) {
                // Word that there is no task may be on its way when the last one has ended.
                let asked = world.reservations.iter().filter(|(_, r)| r.binding && r.host == number).count() as u32;
                let free = host.slots_free + asked;
                prop_assert_eq!((host.running, host.classed, free), (0, 0, spec.slots), "what has ended holds nothing");
                let memory: u64 = host.containers().map(|c| world.containers[c].function).map(|f| simulation.model().functions[f as usize].memory).sum();
                prop_assert_eq!((host.memory_free + memory, host.idle_memory), (spec.memory, memory));
            }
        }
    }
}
