//! What must hold between architectures, and of one architecture at growing costs, whatever the figures are.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{InvocationRow, Recorder, Summary};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use support::{run, set};

const MS: u64 = 1_000_000;

/// Users with placers, controllers and workers of two cores, all as far from one another; executions of 100 ms on average keep the
/// cores busy for so much of the time. Containers cost nothing and stay.
fn cluster(architecture: Value, workers: u32, load: f64) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z"}],
        "network": {"within_zone_ms": 5},
        "nodes": [{"id": "users", "zone": "z", "roles": ["client"]},
                  {"id": "controller", "zone": "z", "roles": ["cloud_controller"]},
                  {"id": "edge", "zone": "z", "roles": ["edge_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "count": workers, "cores": 2, "memory_mb": 100_000}],
        "functions": (0..200).map(|i| json!({"id": format!("f{i}"), "memory_mb": 1, "create_ms": 0, "init_ms": 0,
            "execution": {"kind": "exponential", "mean_ms": 100}})).collect::<Vec<_>>(),
        "workload": {"arrivals": {"kind": "poisson", "rate_per_s": load * f64::from(workers) * 2.0 / 0.1}},
        "frame": {"architecture": architecture},
        "policies": {"keep_alive": {"kind": "lru"}},
        "run": {"duration_s": 40}
    }))
    .unwrap()
}

/// An architecture whose decisions cost nothing, with more parameters.
fn free(kind: &str, more: &[(&str, Value)]) -> Value {
    let mut value = json!({"kind": kind, "decision_ms": 0, "message_us": 0});
    more.iter().for_each(|(name, to)| value[*name] = to.clone());
    value
}

/// What was invoked when, and what became of it.
fn rows(scenario: &Scenario) -> (Arc<Workload>, Vec<InvocationRow>) {
    let workload = Arc::new(Workload::new(scenario, None).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(scenario, Arc::clone(&workload), &Library::default()).unwrap();
    simulation.run(&mut recorder);
    assert_eq!(Summary::new(&simulation, &recorder).completed, workload.len() as u64);
    let rows = (0..workload.len() as u32).map(|row| recorder.row(row)).collect();
    (workload, rows)
}

#[test]
fn who_asks_all_hosts_takes_the_least_loaded_as_it_was_two_latencies_before_the_task_gets_there() {
    const L: u64 = 5 * MS;
    const HOSTS: u32 = 7;
    for kind in ["decentralized", "batch_sampling"] {
        let scenario = cluster(free(kind, &[("d", json!(HOSTS)), ("placers", json!(1))]), HOSTS, 0.8);
        let (workload, rows) = rows(&scenario);
        // A question takes L to get to the hosts, its answer L to come back, and the task L to get to the host. What was submitted
        // before is on a host from 3 L after its submission until its end.
        let load = |host: u32, at: u64| {
            let before = rows.iter().zip(&workload.arrival_ns);
            before
                .filter(|(row, arrival)| row.host == Some(host) && **arrival + 3 * L <= at && row.finished.unwrap().0 > at)
                .count()
        };
        let mut fewer_by_then = 0;
        for (row, arrival) in rows.iter().zip(&workload.arrival_ns) {
            let least = |at: u64| (0..HOSTS).map(|host| load(host, at)).min().unwrap();
            let chosen = row.host.unwrap();
            assert_eq!(load(chosen, arrival + L), least(arrival + L), "{kind}: invocation {}", row.invocation);
            // The task itself has just got there.
            fewer_by_then += u32::from(load(chosen, arrival + 3 * L) - 1 > least(arrival + 3 * L));
        }
        assert!(fewer_by_then > 50, "{kind}: the answers are old: {fewer_by_then} of {} are no longer right", rows.len());
    }
}

#[test]
fn one_choice_is_a_random_host() {
    let choices = |architecture: Value, workers: u32, latency_ms: u32| {
        let scenario = set(&cluster(architecture, workers, 0.6), "network.within_zone_ms", json!(latency_ms));
        rows(&set(&scenario, "policies.placement", json!({"kind": "random"}))).1
    };
    // Of few hosts, placers draw one in the same way: hosts and times of every invocation agree.
    let random = |latency_ms| choices(free("independent", &[("heartbeat_ms", json!(0))]), 3, latency_ms);
    assert_eq!(choices(free("decentralized", &[("d", json!(1))]), 3, 5), random(5));
    // Those that ask or reserve first differ by the way there and back alone.
    for kind in ["batch_sampling", "late_binding"] {
        assert_eq!(choices(free(kind, &[("d", json!(1))]), 3, 0), random(0), "{kind}");
    }
    // Of many, each is as likely as the others: chi-square of 39 degrees of freedom, 4 standard deviations above its mean.
    for kind in ["decentralized", "batch_sampling", "late_binding"] {
        let mut counts = [0.0; 40];
        let rows = choices(free(kind, &[("d", json!(1))]), 40, 5);
        rows.iter().for_each(|row| counts[row.host.unwrap() as usize] += 1.0);
        let expected = rows.len() as f64 / 40.0;
        let chi_square: f64 = counts.iter().map(|count| (count - expected) * (count - expected) / expected).sum();
        assert!(chi_square < 39.0 + 4.0 * 78.0_f64.sqrt(), "{kind}: {chi_square}");
    }
}

/// The 99th percentile of response times in milliseconds, the mean over some seeds.
fn p99(scenario: &Scenario) -> f64 {
    const SEEDS: u64 = 5;
    (1..=SEEDS).map(|seed| run(&set(scenario, "run.seed", json!(seed))).0.response_ms.p99).sum::<f64>() / SEEDS as f64
}

/// What is wrong if the 99th percentile falls while a cost grows, by more than half a percent, which is left to luck, or is not
/// higher in the end.
fn grows(what: &str, scenario: &Scenario, path: &str, values: &[f64]) -> Option<String> {
    let tails: Vec<f64> = values.iter().map(|value| p99(&set(scenario, path, json!(value)))).collect();
    let falls = tails.windows(2).any(|pair| pair[1] < pair[0] * 0.995) || tails.last() <= tails.first();
    falls.then(|| format!("{what}: {path} {values:?}: {tails:?}"))
}

/// Every architecture in a cluster that it does not overload, whatever the cost below.
fn clusters() -> impl Iterator<Item = (&'static str, Scenario)> {
    Library::default().catalogue().architectures.into_iter().map(|entry| {
        let mut architecture = json!({"kind": entry.kind, "decision_ms": 0.1});
        // Hosts of which nobody hears for a second are idle for most of it.
        match entry.kind {
            "leases" => architecture["heartbeat_ms"] = json!(20),
            "offers" => architecture["offer_ms"] = json!(20),
            _ => {}
        }
        // With homes, which functions share a host is luck, and at a high load that alone makes the tail.
        (entry.kind, cluster(architecture, 10, if entry.kind == "key_ranges" { 0.2 } else { 0.5 }))
    })
}

fn all_grow(path: &str, values: &[f64]) {
    let faults: Vec<String> = clusters().filter_map(|(kind, scenario)| grows(kind, &scenario, path, values)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_slowest_are_slower_the_farther_everything_is() {
    all_grow("network.within_zone_ms", &[0.0, 5.0, 15.0, 40.0]);
}

#[test]
fn the_slowest_are_slower_the_longer_a_decision_takes() {
    all_grow("frame.architecture.decision_ms", &[0.0, 2.0, 5.0, 8.0]);
}

#[test]
fn the_slowest_are_slower_the_older_the_news_are() {
    let heartbeat = "frame.architecture.heartbeat_ms";
    let kinds = [("leases", "own"), ("independent", "own"), ("independent", "nothing")];
    let faults: Vec<String> = kinds
        .into_iter()
        .filter_map(|(kind, between)| {
            let mut architecture = json!({"kind": kind});
            if kind == "independent" {
                architecture["between"] = json!(between);
            }
            grows(&format!("{kind}, {between}"), &cluster(architecture, 10, 0.5), heartbeat, &[20.0, 100.0, 500.0, 2000.0])
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
