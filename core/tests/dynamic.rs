//! The dynamic architecture: what agents do with requests, how the tail moves them, and that agents forget what is over.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{Charts, InvocationRow, Recorder, Summary};
use faaslab_core::platform::{Outcome, Probe};
use faaslab_core::rng::Stream;
use faaslab_core::scenario::{Change, Scenario, validate};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::{NS_PER_S, SimTime};
use faaslab_core::workload::Workload;
use serde_json::{Map, Value, json};
use support::{run, set};

const MS: u64 = 1_000_000;

/// A user 3 ms from a worker, 4 ms from an edge controller and 20 ms from a cloud controller; 2 ms between worker and edge, 18 ms
/// between worker and cloud, 17 ms between edge and cloud. The worker is the only one, so that all run there.
fn alone(mode: &str) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "a"}, {"id": "c"}],
        "network": {"within_zone_ms": 500, "between_zones_ms": 500},
        "nodes": [{"id": "user", "zone": "a", "roles": ["client"]},
                  {"id": "worker", "zone": "a", "roles": ["worker"], "cores": 16, "memory_mb": 16384},
                  {"id": "edge", "zone": "a", "roles": ["edge_controller"]},
                  {"id": "cloud", "zone": "c", "roles": ["cloud_controller"]}],
        "links": [{"id": "uw", "from": "user", "to": "worker", "latency_ms": 3},
                  {"id": "ue", "from": "user", "to": "edge", "latency_ms": 4},
                  {"id": "uc", "from": "user", "to": "cloud", "latency_ms": 20},
                  {"id": "we", "from": "worker", "to": "edge", "latency_ms": 2},
                  {"id": "wc", "from": "worker", "to": "cloud", "latency_ms": 18},
                  {"id": "ec", "from": "edge", "to": "cloud", "latency_ms": 17}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "dynamic", "mode": mode, "decision_ms": 2, "scan_us": 10, "message_us": 50}},
        "policies": {"keep_alive": {"kind": "lru"}},
        "run": {"duration_s": 1}
    }))
    .unwrap()
}

/// The service time, the response time, and how often the request was sent on and word of it came back.
fn times(scenario: &Scenario) -> (u64, u64, u64, u64) {
    let (summary, recorder) = run(scenario);
    assert_eq!((summary.submitted, summary.completed), (1, 1));
    let count = |kind: &str| summary.messages.iter().find(|(word, _)| word == kind).unwrap().1;
    let row = recorder.row(0);
    (row.finished.unwrap().0 - NS_PER_S, row.response_ns, count("offload"), count("note"))
}

/// A decision: one task, one worker.
const DECISION: u64 = 2_010_000;

#[test]
fn decentralized_takes_a_hop_a_decision_and_the_execution() {
    let service = 3 * MS + DECISION + 100 * MS;
    assert_eq!(times(&alone("decentralized")), (service, service + 3 * MS, 0, 0));
}

#[test]
fn federated_passes_to_the_edge_controller_who_assigns() {
    let service = 3 * MS + DECISION + 2 * MS + DECISION + 2 * MS + 100 * MS;
    // The result goes straight to the client, and the run is over before word of it is back at the first agent.
    let (s, r, offloads, _) = times(&alone("federated"));
    assert_eq!((s, r, offloads), (service, service + 3 * MS, 1));
    let at_edge = set(&alone("federated"), "links.uw.latency_ms", json!(6));
    let service = 4 * MS + DECISION + 2 * MS + 100 * MS;
    assert_eq!(times(&at_edge), (service, service + 6 * MS, 0, 0), "an edge controller asks nobody");
}

#[test]
fn federated_passes_to_the_cloud_controller_where_the_zone_has_no_edge_controller() {
    let scenario = set(&set(&alone("federated"), "nodes.edge.roles", json!(["client"])), "nodes.edge.traffic", json!(0));
    let service = 3 * MS + DECISION + 18 * MS + DECISION + 18 * MS + 100 * MS;
    let (s, r, offloads, _) = times(&scenario);
    assert_eq!((s, r, offloads), (service, service + 3 * MS, 1));
}

#[test]
fn dynamic_runs_the_opening_scenario_in_every_setting() {
    let opening = Scenario::from_json(include_str!("../../scenarios/three-edges.json")).unwrap();
    for mode in ["dynamic", "decentralized", "federated", "centralized"] {
        let scenario = set(&opening, "frame.architecture", json!({"kind": "dynamic", "mode": mode}));
        assert_eq!(remarks(&scenario), [], "{mode}");
        let (summary, _) = run(&scenario);
        assert_eq!((summary.completed, summary.live), (summary.submitted, 0), "{mode}");
    }
}

#[test]
fn centralized_passes_to_the_cloud_controller_who_assigns() {
    let service = 3 * MS + DECISION + 18 * MS + DECISION + 18 * MS + 100 * MS;
    let (s, r, offloads, _) = times(&alone("centralized"));
    assert_eq!((s, r, offloads), (service, service + 3 * MS, 1));
}

#[test]
fn dynamic_begins_decentralized() {
    assert_eq!(times(&alone("dynamic")), times(&alone("decentralized")));
}

#[test]
fn word_of_each_end_goes_back_to_the_agent_at_which_it_entered() {
    let (summary, _) = run(&set(&alone("federated"), "run.duration_s", json!(20)));
    let count = |kind: &str| summary.messages.iter().find(|(word, _)| word == kind).unwrap().1;
    assert_eq!((count("offload"), count("finish")), (20, 20));
    assert!((19..=20).contains(&count("note")), "the last may come when the run is over");
}

/// Three workers in a zone with an edge controller, and a cloud; the client is on the first worker.
fn site(architecture: Value) -> Scenario {
    let scenario = Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "a", "latency_ms": 1}, {"id": "c", "latency_ms": 1}],
        "network": {"between_zones_ms": 20},
        "nodes": [{"id": "entry", "zone": "a", "roles": ["client", "worker"], "cores": 8, "memory_mb": 16384},
                  {"id": "second", "zone": "a", "roles": ["worker"], "cores": 8, "memory_mb": 16384},
                  {"id": "edge", "zone": "a", "roles": ["edge_controller", "worker"], "cores": 8, "memory_mb": 16384},
                  {"id": "cloud", "zone": "c", "roles": ["cloud_controller", "worker"], "cores": 8, "memory_mb": 16384}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 10}},
        "frame": {"architecture": {"kind": "dynamic"}},
        "policies": {"keep_alive": {"kind": "lru"}},
        "run": {"duration_s": 60}
    }));
    set(&scenario.unwrap(), "frame.architecture", architecture)
}

fn rows(scenario: &Scenario) -> Vec<InvocationRow> {
    let (summary, recorder) = run(scenario);
    (0..summary.submitted as u32).map(|i| recorder.row(i)).collect()
}

#[test]
fn below_the_load_threshold_a_machine_runs_everything_itself_and_above_it_does_not() {
    let calm = rows(&site(json!({"kind": "dynamic", "mode": "decentralized"})));
    assert!(calm.iter().all(|r| r.host == Some(0)));
    // Six at once: the load average passes 2 with the fifth step: 6 (1 - e^(-5/12)) = 2.04.
    let busy = set(&site(json!({"kind": "dynamic", "mode": "decentralized"})), "workload.arrivals.rate_per_s", json!(60));
    let away = rows(&busy).iter().position(|r| r.host != Some(0)).unwrap() as u64;
    assert!((25 * 60 - 2..=25 * 60 + 2).contains(&away), "{away}");
    let higher = set(&busy, "frame.architecture.load_threshold", json!(10));
    assert!(rows(&higher).iter().all(|r| r.host == Some(0)));
    let no_hops = set(&busy, "frame.architecture.hop_limit", json!(0));
    assert!(rows(&no_hops).iter().all(|r| r.host == Some(0)));
}

#[test]
fn a_controller_without_a_worker_shares_what_it_runs_among_the_workers_of_its_zone() {
    let scenario = set(&site(json!({"kind": "dynamic", "mode": "federated"})), "nodes.edge.roles", json!(["edge_controller"]));
    let scenario = set(&scenario, "workload.arrivals.rate_per_s", json!(40));
    let ran = |host| rows(&scenario).iter().filter(|r| r.host == Some(host)).count();
    let all = [0, 1, 2].map(ran);
    assert!(all[0] > 800 && all[1] > 800 && all[2] == 0, "{all:?}");
}

/// Every share that an agent gave, and how often an architecture took over.
#[derive(Default)]
struct Watch {
    shares: Vec<(SimTime, u32, [f64; 3])>,
    took_over: u32,
}

impl Watch {
    /// The shares of the only agent that gives some, at a time.
    fn at(&self, s: f64) -> [f64; 3] {
        self.shares.iter().take_while(|(at, ..)| *at <= SimTime::from_s(s)).last().unwrap().2
    }
}

impl Probe for Watch {
    fn weights(&mut self, now: SimTime, machine: u32, _: u32, weights: [f64; 3]) {
        self.shares.push((now, machine, weights));
    }
    fn took_over(&mut self, _: SimTime) {
        self.took_over += 1;
    }
}

/// Runs a scenario for 300 s in which from 60 s to 120 s every fifth invocation takes ten times as long.
fn with_a_tail(scenario: &Scenario) -> (Watch, Vec<InvocationRow>, Charts) {
    let scenario = set(scenario, "run.duration_s", json!(300));
    let mut workload = Workload::new(&scenario, None).unwrap();
    for (i, (at, execution)) in workload.arrival_ns.iter().zip(&mut workload.execution_ns).enumerate() {
        let heavy = (60 * NS_PER_S..120 * NS_PER_S).contains(at) && i % 5 == 0;
        *execution = if heavy { 1_000 * MS } else { 100 * MS };
    }
    let workload = Arc::new(workload);
    let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
    let mut probes = (Watch::default(), Recorder::new(Arc::clone(&workload), 0.0));
    simulation.run(&mut probes);
    let (watch, recorder) = probes;
    assert_eq!(Summary::new(&simulation, &recorder).completed as usize, workload.len());
    let rows = (0..workload.len() as u32).map(|i| recorder.row(i)).collect();
    (watch, rows, recorder.charts(&simulation))
}

#[test]
fn a_tail_moves_requests_away_and_its_end_brings_them_back() {
    for (form, least) in [("faithful", 0.0), ("corrected", 0.05)] {
        let scenario = site(json!({"kind": "dynamic", "form": form}));
        let (watch, rows, charts) = with_a_tail(&scenario);
        assert!(watch.shares.iter().all(|s| s.1 == 0), "the client is on the first machine");
        let even = 1.0 - 2.0 * least;
        let [before, during, after] = [59.0, 115.0, 290.0].map(|s| watch.at(s));
        assert!((before[0] - even).abs() < 0.01 && (after[0] - even).abs() < 0.02, "{form}: {before:?}, {after:?}");
        assert!(during[1] + during[2] > 0.8, "{form}: {during:?}");
        let elsewhere = |from: u64, to: u64| {
            let some = rows.iter().filter(|r| (from * NS_PER_S..to * NS_PER_S).contains(&r.submitted.unwrap().0));
            some.clone().filter(|r| r.host != Some(0)).count() as f64 / some.count() as f64
        };
        assert!(elsewhere(90, 120) > 0.4, "{form}: an edge controller draws a node of its zone");
        assert!(elsewhere(5, 55) < 0.11 && elsewhere(270, 300) < 0.13, "{form}");
        // The chart shows the same.
        assert_eq!(charts.shares.each_ref().map(Vec::len), [120; 3]);
        assert!((f64::from(charts.shares[0][10]) - even).abs() < 0.01 && charts.shares[1][45] + charts.shares[2][45] > 0.7);
    }
}

/// The scenario with one more change.
fn at(scenario: &Scenario, at_s: f64, path: &str, value: Value) -> Scenario {
    let mut changed = scenario.clone();
    changed.timeline.push(Change { at_s, set: Map::from_iter([(path.to_owned(), value)]) });
    changed
}

#[test]
fn agents_keep_what_they_know_when_a_parameter_changes_and_not_when_the_form_does() {
    let scenario = site(json!({"kind": "dynamic"}));
    let (as_it_is, all, _) = with_a_tail(&scenario);
    // Nobody is that loaded, before and after.
    let (same, rows, _) = with_a_tail(&at(&scenario, 100.0, "frame.architecture.load_threshold", json!(2.5)));
    assert_eq!((same.took_over, rows == all), (0, true));
    let thresholds = at(&scenario, 100.0, "frame.architecture.soft_d2f", json!(50));
    let (kept, ..) = with_a_tail(&at(&thresholds, 100.0, "frame.architecture.hard_d2f", json!(60)));
    assert_eq!((kept.took_over, kept.at(99.9)), (0, as_it_is.at(99.9)));
    assert!(kept.at(100.5)[0] < 1.0 && kept.at(110.0)[0] > 0.9, "{:?} at first", kept.at(100.5));
    let (anew, ..) = with_a_tail(&at(&scenario, 100.0, "frame.architecture.form", json!("corrected")));
    let at_once = anew.shares.iter().find(|(at, ..)| *at >= SimTime::from_s(100.0)).unwrap();
    assert_eq!((anew.took_over, at_once.2[0]), (1, 0.9));
}

#[test]
fn a_request_that_never_had_a_host_is_forgotten_when_its_client_gives_up() {
    // 3 + 50 + 18 ms to the cloud controller, who decides at 121 ms; word that the client gave up at 60 ms is there at 81 ms.
    let patient = set(&alone("centralized"), "frame.architecture.decision_ms", json!(50));
    let scenario = set(&set(&patient, "workload.arrivals.rate_per_s", json!(10)), "run.duration_s", json!(1_000));
    let scenario = set(&scenario, "functions.f.patience_s", json!(0.06));
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    let mut size_at = |s: f64| {
        while !simulation.step_to(SimTime::from_s(s), 10_000, &mut recorder) {}
        simulation.size()
    };
    let (early, late) = (size_at(50.0), size_at(950.0));
    assert!(late <= early, "{early} bytes, then {late}");
    simulation.run(&mut recorder);
    assert!((0..9_000).all(|i| recorder.row(i).outcome == Some(Outcome::Abandoned) && recorder.row(i).host.is_none()));
}

#[test]
fn a_copy_made_at_any_event_goes_on_as_the_original_thresholds_included() {
    for seed in 0..6 {
        let form = if seed % 2 == 0 { "faithful" } else { "corrected" };
        let scenario = site(json!({"kind": "dynamic", "form": form, "load_threshold": 0.5, "min_samples": 3, "soft_d2f": 1.1}));
        let scenario =
            set(&set(&scenario, "functions.f.execution", json!({"kind": "lognormal", "mean_ms": 100})), "run.seed", json!(seed));
        let scenario = set(&scenario, "functions.f.patience_s", json!(0.3));
        let scenario = at(&scenario, 20.0, "frame.architecture.soft_d2f", json!(1.0));
        let scenario = at(&scenario, 30.0, "frame.architecture.hop_limit", json!(1));
        let scenario = at(
            &at(&scenario, 40.0, "frame.architecture.mode", json!("federated")),
            50.0,
            "frame.architecture.mode",
            json!("dynamic"),
        );
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        simulation.step(1 + Stream::new(seed, "test", "stop").below(9_000), &mut ());
        let mut copy = simulation.clone();
        simulation.run(&mut Watch::default());
        copy.run(&mut ());
        assert_eq!(simulation.world().digest, copy.world().digest);
        assert_eq!(simulation.world().counters, copy.world().counters);
    }
}

#[test]
fn three_thousand_agents_take_little_memory() {
    let scenario = set(&site(json!({"kind": "dynamic"})), "nodes.second.count", json!(3_000));
    let scenario = set(&set(&scenario, "frame.architecture.load_threshold", json!(0)), "run.duration_s", json!(20));
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut ());
    assert!(simulation.size() < 10_000_000, "{} bytes", simulation.size());
    assert_eq!(simulation.world().counters.outcomes[Outcome::Completed as usize], 200);
}

#[test]
fn a_node_that_refuses_at_once_draws_requests_to_it_and_when_corrected_repels_them() {
    let refused = |form: &str| {
        let scenario = site(json!({"kind": "dynamic", "mode": "decentralized", "form": form, "load_threshold": 0}));
        let rows = rows(&set(&scenario, "nodes.second.memory_mb", json!(64)));
        assert!(rows.iter().all(|r| (r.host == Some(1)) == (r.outcome == Some(Outcome::Rejected))));
        rows.iter().filter(|r| r.host == Some(1)).count()
    };
    let (faithful, corrected) = (refused("faithful"), refused("corrected"));
    assert!(faithful > 300 && corrected < 10, "{faithful} and {corrected} of 600");
}

fn remarks(scenario: &Scenario) -> Vec<(bool, String)> {
    let all = validate(scenario, &Library::default().catalogue());
    all.into_iter().map(|p| (p.warning, format!("{}: {}", p.path, p.message))).collect()
}

#[test]
fn what_lacks_the_controllers_that_its_setting_needs_is_refused() {
    let cloud = (false, "frame.architecture.mode: centralized needs a cloud controller, and there is none".to_owned());
    let text = "frame.architecture.mode: federated needs an edge controller in zone a, whose workers would have nobody to ask";
    let edge = (false, text.to_owned());
    let lacking = |nodes: &[&str], mode: &str| {
        let without = nodes.iter().fold(alone(mode), |scenario, node| {
            let scenario = set(&scenario, &format!("nodes.{node}.roles"), json!(["client"]));
            set(&scenario, &format!("nodes.{node}.traffic"), json!(0))
        });
        remarks(&without)
    };
    for (mode, needs_cloud, needs_one) in
        [("dynamic", true, true), ("decentralized", false, false), ("federated", false, true), ("centralized", true, false)]
    {
        let refused: Vec<_> = needs_cloud.then(|| cloud.clone()).into_iter().collect();
        assert_eq!(remarks(&alone(mode)), []);
        assert_eq!(lacking(&["cloud"], mode), refused, "{mode}");
        assert_eq!(lacking(&["edge"], mode), [], "{mode}: the cloud controller stands in");
        let both: Vec<_> = refused.into_iter().chain(needs_one.then(|| edge.clone())).collect();
        assert_eq!(lacking(&["cloud", "edge"], mode), both, "{mode}");
    }
    let change = at(
        &set(&alone("decentralized"), "nodes.cloud.roles", json!(["worker"])),
        0.5,
        "frame.architecture.mode",
        json!("centralized"),
    );
    assert_eq!(remarks(&change).len(), 1, "a change to it too");
}

#[test]
fn thresholds_in_the_wrong_order_are_remarked_on() {
    let text = "frame.architecture.hard_d2f: the hard threshold, 2.5, is below the soft one, 3";
    let scenario = set(&alone("dynamic"), "frame.architecture.soft_d2f", json!(3));
    assert_eq!(remarks(&scenario), [(true, text.to_owned())]);
}
