//! Hosts that start a job's next tasks themselves: exact sums, messages, limits, and what must always hold.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::platform::{Message, Probe};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimDuration;
use faaslab_core::workload::{GateBuilder, Workload};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::set;

const US: u64 = 1_000;
const MS: u64 = 1_000_000;

/// A user, a controller and two workers: user 3 ms controller, controller 5 ms worker, user 7 ms near, user 7.5 ms far, near 9 ms
/// far. Containers cost nothing and stay.
fn alone(architecture: Value) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z"}],
        "nodes": [{"id": "user", "zone": "z", "roles": ["client"]},
                  {"id": "controller", "zone": "z", "roles": ["cloud_controller"]},
                  {"id": "near", "zone": "z", "roles": ["worker"], "cores": 16, "memory_mb": 100_000},
                  {"id": "far", "zone": "z", "roles": ["worker"], "cores": 16, "memory_mb": 100_000}],
        "links": [{"id": "submit", "from": "user", "to": "controller", "latency_ms": 3},
                  {"id": "dispatch", "from": "controller", "to": "near", "latency_ms": 5},
                  {"id": "dispatch-far", "from": "controller", "to": "far", "latency_ms": 5},
                  {"id": "return", "from": "near", "to": "user", "latency_ms": 7},
                  {"id": "return-far", "from": "far", "to": "user", "latency_ms": 7.5},
                  {"id": "between", "from": "near", "to": "far", "latency_ms": 9}],
        "functions": [{"id": "f", "memory_mb": 1, "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": architecture},
        "policies": {"keep_alive": {"kind": "lru"}, "placement": {"kind": "least_loaded"}},
        "run": {"duration_s": 0.5}
    }))
    .unwrap()
}

/// Invocations of 50 ms, hand-overs and control messages of 20 µs, as by default.
fn subgraphs() -> Scenario {
    alone(json!({"kind": "subgraphs"}))
}

/// A decision of 0.1 ms, 5 µs in an engine, hand-overs of 20 µs; the nodes in turn and so many tasks of a function at once.
fn gateway(least: u32, most: u32) -> Scenario {
    alone(json!({"kind": "gateway", "pick": "round_robin", "least": least, "most": most}))
}

/// One job that comes at once: its first task, and stages of (tasks, whom they wait for).
fn job(scenario: &Scenario, execution_ms: &[u64], stages: &[(u32, &[u32])]) -> Arc<Workload> {
    let mut workload = Workload::new(scenario, None).unwrap();
    let rows = execution_ms.len();
    workload.arrival_ns = vec![0];
    workload.function = vec![0; rows];
    workload.client = vec![0; rows];
    workload.execution_ns = execution_ms.iter().map(|ms| ms * MS).collect();
    (workload.job, workload.job_ideal_ns) = (vec![0; rows], vec![MS]);
    let mut gates = GateBuilder::new(1);
    for (rows, after) in stages {
        gates.add(*rows, after, after.len() as u32, SimDuration::ZERO);
    }
    workload.set_gates(gates.build(u64::MAX).unwrap());
    Arc::new(workload)
}

fn chain(scenario: &Scenario) -> Arc<Workload> {
    job(scenario, &[100; 3], &[(1, &[0]), (1, &[1])])
}

/// The second of the two in the middle takes longer.
fn diamond(scenario: &Scenario) -> Arc<Workload> {
    job(scenario, &[100, 100, 200, 100], &[(2, &[0]), (1, &[1, 2])])
}

fn fan_out(scenario: &Scenario, width: u32) -> Arc<Workload> {
    job(scenario, &vec![100; width as usize + 1], &[(width, &[0])])
}

/// The messages that left their machine, by kind.
#[derive(Default)]
struct Ways(Vec<&'static str>);

impl Probe for Ways {
    fn sent(&mut self, message: &Message) {
        if message.from != message.to {
            self.0.push(message.kind.word());
        }
    }
}

struct Played {
    /// When each task was submitted and finished, in nanoseconds.
    submitted: Vec<u64>,
    finished: Vec<u64>,
    hosts: Vec<u32>,
    /// When the last result was with the user.
    end: u64,
    /// The messages between machines, in the order in which they were sent.
    ways: Vec<&'static str>,
    summary: Summary,
}

fn play(scenario: &Scenario, workload: &Arc<Workload>) -> Played {
    let start = || Simulation::new(scenario, Arc::clone(workload), &Library::default()).unwrap();
    let mut recorder = Recorder::new(Arc::clone(workload), 0.0);
    let mut simulation = start();
    simulation.run(&mut recorder);
    let mut ways = Ways::default();
    start().run(&mut ways);
    let summary = Summary::new(&simulation, &recorder);
    assert_eq!(summary.sojourn_ns, summary.in_system_ns, "Little's law");
    let rows: Vec<_> = (0..workload.len() as u32).map(|row| recorder.row(row)).collect();
    Played {
        submitted: rows.iter().map(|r| r.submitted.unwrap().0).collect(),
        finished: rows.iter().map(|r| r.finished.unwrap().0).collect(),
        hosts: rows.iter().map(|r| r.host.unwrap()).collect(),
        end: rows.iter().map(|r| r.submitted.unwrap().0 + r.response_ns).max().unwrap(),
        ways: ways.0,
        summary,
    }
}

fn count(summary: &Summary, word: &str) -> u64 {
    summary.messages.iter().find(|(w, _)| w == word).unwrap().1
}

#[test]
fn an_executor_runs_a_chain_on_its_host_without_a_word_to_anybody() {
    let played = play(&subgraphs(), &chain(&subgraphs()));
    let first = (50 + 7 + 100) * MS;
    let step = 20 * US + 100 * MS;
    assert_eq!(played.finished, [first, first + step, first + 2 * step]);
    assert_eq!(played.submitted, [0, first + 20 * US, first + step + 20 * US]);
    assert_eq!((played.end, played.hosts), (first + 2 * step + 7 * MS, vec![0, 0, 0]));
    // The first end is told to the placer with the client; the last result goes to the client.
    assert_eq!(played.ways, ["assign", "finish", "result"]);
    assert_eq!(["submit", "assign", "result", "finish"].map(|word| count(&played.summary, word)), [3; 4]);
}

#[test]
fn at_a_fan_in_the_last_executor_asks_the_counter_and_goes_on() {
    let played = play(&subgraphs(), &diamond(&subgraphs()));
    let first = (50 + 7 + 100) * MS;
    let became = first + 20 * US + 100 * MS;
    let invoked = first + 20 * US + (50 + 9 + 200) * MS;
    // 5 ms to the store, 20 µs there, 5 ms back, 20 µs in the engine.
    let last = invoked + 20 * US + 10 * MS + 40 * US + 100 * MS;
    assert_eq!(played.finished, [first, became, invoked, last]);
    assert_eq!((played.end, played.hosts), (last + 7_500 * US, vec![0, 0, 1, 1]));
    assert_eq!(played.ways, ["assign", "finish", "assign", "finish", "ask", "grant", "result"]);
}

#[test]
fn an_executor_becomes_one_task_and_invokes_the_others_one_by_one() {
    let played = play(&subgraphs(), &fan_out(&subgraphs(), 3));
    let next = (50 + 7 + 100) * MS + 20 * US;
    // The second goes to the far worker, the third to the near one again.
    assert_eq!(played.finished[1..], [next + 100 * MS, next + (50 + 9 + 100) * MS, next + (50 + 50 + 100) * MS]);
    assert_eq!(played.hosts, [0, 0, 1, 0]);
}

#[test]
fn a_proxy_invokes_a_large_fan_out_in_the_time_of_one() {
    let next = (50 + 7 + 100) * MS + 20 * US;
    let ends = |width| {
        let mut finished = play(&subgraphs(), &fan_out(&subgraphs(), width)).finished.split_off(1);
        finished.sort_unstable();
        finished
    };
    // One that the executor becomes and eleven invoked at once: five near, six far.
    let mut expected = vec![next + 100 * MS];
    expected.extend([next + 150 * MS; 5]);
    expected.extend([next + 159 * MS; 6]);
    assert_eq!(ends(12), expected);
    // Ten are still invoked one after the other, the last on the near worker again; meanwhile the engine hears of seven ends.
    assert_eq!(ends(11).last(), Some(&(next + (10 * 50 + 100) * MS + 7 * 20 * US)));
}

#[test]
fn an_end_that_starts_two_stages_becomes_only_the_first() {
    // Tasks 1 and 2 wait for task 0 alone, but with gates of their own.
    let workload = job(&subgraphs(), &[100; 3], &[(1, &[0]), (1, &[0])]);
    let played = play(&subgraphs(), &workload);
    let next = (50 + 7 + 100) * MS + 20 * US;
    assert_eq!(played.finished[1..], [next + 100 * MS, next + (50 + 9 + 100) * MS]);
}

#[test]
fn without_any_costs_a_large_fan_out_ends() {
    let free = alone(json!({"kind": "subgraphs", "invoke_ms": 0, "local_us": 0, "message_us": 0, "proxy_above": 1000}));
    let played = play(&free, &fan_out(&free, 500));
    assert_eq!((played.summary.completed, played.summary.live), (501, 0));
}

#[test]
fn an_engine_runs_a_chain_on_the_node_that_the_gateway_picked() {
    let played = play(&gateway(32, 32), &chain(&gateway(32, 32)));
    // 3 ms to the gateway, 0.1 ms there, 5 ms to the node, 5 µs in its engine.
    let first = (3 + 5 + 100) * MS + 105 * US;
    let step = 25 * US + 100 * MS;
    assert_eq!(played.finished, [first, first + step, first + 2 * step]);
    assert_eq!(played.end, first + 2 * step + 7 * MS);
    assert_eq!(played.ways, ["submit", "offload", "result"]);
}

#[test]
fn an_engine_keeps_a_whole_job_on_its_node() {
    let played = play(&gateway(32, 32), &diamond(&gateway(32, 32)));
    let first = (3 + 5 + 100) * MS + 105 * US;
    // Both in the middle take their 5 µs in the engine before the first of them starts.
    let middle = first + 30 * US;
    let last = middle + 200 * MS + 25 * US + 100 * MS;
    assert_eq!(played.finished, [first, middle + 100 * MS, middle + 200 * MS, last]);
    assert_eq!((played.end, played.hosts), (last + 7 * MS, vec![0; 4]));
    let played = play(&gateway(32, 32), &fan_out(&gateway(32, 32), 3));
    assert_eq!(played.finished, [first, first + 100 * MS + 35 * US, first + 100 * MS + 35 * US, first + 100 * MS + 35 * US]);
    assert_eq!(played.ways, ["submit", "offload", "result", "result", "result"]);
}

#[test]
fn an_engine_runs_as_many_tasks_of_a_function_at_once_as_rate_and_delay_ask_for() {
    // A task of 100 ms, and 100 ms after it three at once. Averages that stay where they began, at 10 a second, ask for one at a time.
    let scenario = set(&gateway(1, 32), "frame.architecture.alpha", json!(0));
    let played = play(&scenario, &fan_out(&scenario, 3));
    let start = (3 + 5 + 100) * MS + 105 * US + 20 * US + 15 * US;
    let ends = [1, 2, 3].map(|n| start + n * 100 * MS + (n - 1) * 5 * US);
    assert_eq!(played.finished[1..], ends);
    // Those that follow, which come at once, ask for all of them.
    let scenario = gateway(1, 32);
    assert_eq!(play(&scenario, &fan_out(&scenario, 3)).finished[1..], [start + 100 * MS; 3]);
    // No more than two: the third waits for the first end.
    let two = gateway(2, 2);
    let played = play(&two, &fan_out(&two, 3));
    assert_eq!(played.finished[1..], [start + 100 * MS, start + 100 * MS, start + 200 * MS + 5 * US]);
    assert_eq!(played.summary.live, 0);
}

#[test]
fn a_gateway_picks_nodes_in_turn_or_the_one_with_the_fewest_tasks() {
    let hosts = |pick: &str| {
        let scenario = set(&gateway(32, 32), "frame.architecture.pick", json!(pick));
        let scenario = set(&set(&scenario, "run.duration_s", json!(40)), "functions.f.execution.mean_ms", json!(3_500));
        let (summary, recorder) = support::run(&scenario);
        assert_eq!((summary.completed, summary.live), (40, 0));
        (0..40).map(|row| recorder.row(row).host.unwrap()).collect::<Vec<u32>>()
    };
    assert!(hosts("round_robin").iter().enumerate().all(|(i, &host)| host == i as u32 % 2));
    // When one comes, the three before it are still there, so that one node has fewer.
    let least = hosts("least_load");
    assert!(least.windows(4).all(|w| w[3] == u32::from(w[..3].iter().sum::<u32>() < 2)), "{least:?}");
    let random = hosts("random");
    assert!(random.windows(2).any(|w| w[0] == w[1]) && random.contains(&0) && random.contains(&1));
}

#[test]
fn what_the_node_is_too_small_for_is_rejected_there_and_invoked_elsewhere_by_an_executor() {
    let ends = |scenario: Scenario| {
        let mut scenario = set(&scenario, "nodes.near.memory_mb", json!(500));
        scenario.functions.push(scenario.functions[0].clone());
        (scenario.functions[1].id, scenario.functions[1].memory_mb) = ("large".into(), 1_000.0);
        let mut workload = (*chain(&scenario)).clone();
        workload.function[1] = 1;
        let workload = Arc::new(workload);
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        simulation.run(&mut recorder);
        (Summary::new(&simulation, &recorder), [0, 1, 2].map(|row| recorder.row(row)))
    };
    let (summary, rows) = ends(gateway(1, 32));
    assert_eq!((summary.completed, summary.rejected), (2, 1));
    // A refused task is its client's end, who starts the next through the gateway.
    assert_eq!((rows[2].submitted.unwrap().0, rows[2].host), (rows[1].submitted.unwrap().0 + 5 * US, Some(1)));
    let (summary, rows) = ends(subgraphs());
    assert_eq!((summary.completed, rows.map(|r| r.host)), (3, [Some(0), Some(1), Some(1)]));
}

#[test]
fn a_client_that_gives_up_starts_what_comes_after_itself() {
    // The second task is given up when it has run for some time; its host has nothing to hand over to any more.
    let scenario = set(&subgraphs(), "functions.f.patience_s", json!(0.18));
    let workload = job(&scenario, &[100, 300, 100], &[(1, &[0]), (1, &[1])]);
    let played = {
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        simulation.run(&mut recorder);
        (Summary::new(&simulation, &recorder), recorder.row(2))
    };
    let (summary, third) = played;
    let second = (50 + 7 + 100) * MS + 20 * US;
    assert_eq!((third.submitted.unwrap().0, summary.late), (second + 180 * MS, 1));
    // A leaf executor: near is believed to be free, since the placer with the client assigned only the first task.
    assert_eq!(third.finished.unwrap().0, second + (180 + 50 + 7 + 100) * MS);
}

#[test]
fn a_retry_is_the_clients_and_what_it_ends_with_is_handed_over() {
    // Time-outs cannot go better; but the client tries, and the last is handed over on its host.
    let scenario = set(&subgraphs(), "functions.f.time_limit_s", json!(0.15));
    let scenario = set(&set(&scenario, "functions.f.retries", json!(1)), "functions.f.backoff_ms", json!(0));
    let workload = job(&scenario, &[100, 200, 100], &[(1, &[0]), (1, &[1])]);
    let mut ways = Ways::default();
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut ways);
    let results = ways.0.iter().filter(|&&word| word == "result").count();
    assert_eq!((results, simulation.world().counters.retries), (2, 1), "of the attempt that is tried again and of the last task");
}

#[test]
fn another_architecture_is_asked_by_the_host_whose_task_ended() {
    let mut scenario = subgraphs();
    scenario.timeline = serde_json::from_value(json!([
        {"at_s": 0.1, "set": {"frame.architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}}}
    ]))
    .unwrap();
    let played = play(&scenario, &chain(&scenario));
    // The first task hands over; the second is submitted to the controller, 5 ms off, and returns to the client, 7 ms off.
    let first = (50 + 7 + 100) * MS;
    let second = first + 20 * US + (5 + 5 + 100) * MS;
    assert_eq!(played.finished, [first, second, second + (7 + 3 + 5 + 100) * MS]);
}

fn any_run() -> impl Strategy<Value = (Scenario, u64)> {
    let inner = prop::sample::select(vec![
        json!({"kind": "subgraphs"}),
        json!({"kind": "subgraphs", "invoke_ms": 0, "local_us": 0, "message_us": 0}),
        json!({"kind": "subgraphs", "invoke_ms": 5, "proxy_above": 1, "placers": 3}),
        json!({"kind": "gateway"}),
        json!({"kind": "gateway", "pick": "least_load", "decision_ms": 0, "engine_us": 0, "local_us": 0, "message_us": 0}),
        json!({"kind": "gateway", "pick": "round_robin", "most": 1, "alpha": 1}),
    ]);
    let other = prop::sample::select(vec!["centralized", "pull", "late_binding", "shared_state", "gateway", "subgraphs"]);
    let jobs = prop::sample::select(vec![
        json!({"kind": "layered", "layers": 3, "width": 4, "edge": 0.4}),
        json!({"kind": "layered", "layers": 4, "width": 2, "functions": "each"}),
        json!({"kind": "fan_out", "tasks": 5}),
        json!({"kind": "fan_out", "tasks": 13}),
        json!({"kind": "chain", "tasks": 4}),
    ]);
    let client = (prop::option::of(0.02..0.6f64), 0u32..3, prop::option::of(0u32..3), prop::option::of(0.05..0.4f64));
    let change = prop::option::of((0.2..3.0f64, other, any::<bool>()));
    let latency = prop::sample::select(vec![0.0, 0.5, 20.0]);
    (inner, jobs, client, change, latency, any::<u32>(), 1u64..2_000).prop_map(
        |(architecture, jobs, (patience, retries, bound, limit), change, latency, seed, stop)| {
            let function = |id: &str, memory: u32| {
                json!({"id": id, "memory_mb": memory, "execution": {"kind": "exponential", "mean_ms": 60}, "create_ms": 10,
                       "init_ms": 5, "patience_s": patience, "retries": retries, "backoff_ms": 7, "time_limit_s": limit})
            };
            let timeline = match &change {
                // There and, sometimes, back again.
                Some((at, kind, back)) => {
                    let mut all = vec![json!({"at_s": at, "set": {"frame.architecture": {"kind": kind}}})];
                    all.extend(back.then(|| json!({"at_s": at + 0.4, "set": {"frame.architecture": architecture}})));
                    json!(all)
                }
                None => json!([]),
            };
            let scenario = Scenario::from_value(json!({
                "version": 1,
                "zones": [{"id": "z", "latency_ms": latency}],
                "network": {"within_zone_ms": latency},
                "nodes": [{"id": "user", "zone": "z", "roles": ["client"]},
                          {"id": "more", "zone": "z", "roles": ["client", "cloud_controller"]},
                          {"id": "w", "zone": "z", "roles": ["worker"], "count": 2, "cores": 2, "memory_mb": 700},
                          {"id": "large", "zone": "z", "roles": ["worker"], "cores": 3, "memory_mb": 2_000}],
                "functions": [function("f", 200), function("g", 900)],
                "workload": {"arrivals": {"kind": "poisson", "rate_per_s": 5}, "jobs": jobs},
                "frame": {"architecture": architecture},
                "policies": {"keep_alive": {"kind": "lru"}, "queue_bound": bound},
                "timeline": timeline,
                "run": {"seed": seed, "duration_s": 4}
            }))
            .unwrap();
            (scenario, stop)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_task_ends_once_and_a_checkpoint_goes_on_to_the_same_end((scenario, stop) in any_run()) {
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        simulation.step(stop, &mut recorder);
        let mut checkpoint = simulation.clone();
        while !simulation.step(1_000, &mut recorder).done {
            prop_assert!(simulation.world().counters.events < 300_000, "the run does not end");
        }
        checkpoint.run(&mut ());
        prop_assert_eq!(simulation.world().digest, checkpoint.world().digest);
        prop_assert_eq!(&simulation.world().counters, &checkpoint.world().counters);
        let summary = Summary::new(&simulation, &recorder);
        prop_assert_eq!(summary.sojourn_ns, summary.in_system_ns, "Little's law");
        // Every end counts at its gates, wherever it is known, so that in the end all have come and ended.
        prop_assert_eq!(summary.submitted, workload.len() as u64);
        prop_assert_eq!(simulation.world().counters.outcomes.iter().sum::<u64>(), summary.submitted);
        prop_assert_eq!(summary.live, 0);
        let parts: f64 = summary.phases_ms.iter().map(|p| p.1).sum();
        prop_assert!((parts - summary.response_ms.mean).abs() <= 1e-6 * (1.0 + summary.response_ms.mean));
    }
}
