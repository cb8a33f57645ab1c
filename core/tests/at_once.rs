//! Where messages take no time they need not be made (`sim/at_once.rs`): a run that leaves them out is the one that makes them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::platform::Probe;
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::workload::Workload;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Somebody who wants to be told of every step, and does nothing about it.
struct Steps;

impl Probe for Steps {}

fn load(value: &Value) -> (Scenario, Arc<Workload>) {
    let scenario = Scenario::from_value(value.clone()).unwrap();
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    (scenario, workload)
}

/// The run without messages and the one with them, each with its summary, charts and the state at its end.
fn both(value: &Value) -> [(Summary, String, String); 2] {
    let (scenario, workload) = load(value);
    [false, true].map(|steps| {
        let mut recorder = Recorder::new(Arc::clone(&workload), scenario.run.warm_up_s);
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        if steps {
            let mut probe = (recorder, Steps);
            simulation.run(&mut probe);
            recorder = probe.0;
        } else {
            simulation.run(&mut recorder);
        }
        let rows: Vec<_> = (0..workload.len() as u32).map(|row| recorder.row(row)).collect();
        let views: Vec<_> = simulation.placers().iter().map(|placer| &placer.view).collect();
        let state = format!("{:?} {rows:?} {views:?}", simulation.world().counters);
        (Summary::new(&simulation, &recorder), format!("{:?}", recorder.charts(&simulation)), state)
    })
}

/// Messages that were made when all of them were.
fn made(value: &Value) -> usize {
    struct Made(usize);
    impl Probe for Made {
        fn wants_steps(&self) -> bool {
            false
        }
        fn sent(&mut self, _: &faaslab_core::platform::Message) {
            self.0 += 1;
        }
    }
    let (scenario, workload) = load(value);
    let mut made = Made(0);
    Simulation::new(&scenario, workload, &Library::default()).unwrap().run(&mut made);
    made.0
}

#[allow(clippy::too_many_arguments)]
fn scenario(
    seed: u64,
    hosts: u32,
    memory: u32,
    rate: f64,
    view: &str,
    placement: &str,
    keep_alive: &Value,
    policies: &[(&str, &str)],
    arrivals: &str,
    times: &str,
) -> Value {
    let functions: Vec<Value> = (0..7)
        .map(|f| {
            json!({
                "id": format!("f{f}"),
                "memory_mb": 100 + 300 * (f % 3),
                "cores": 0.5 * f64::from(1 + f % 2),
                "concurrency": 1 + f % 2,
                "execution": {"kind": times, "mean_ms": 100 * f},
                "create_ms": 50 * (f % 4),
                "time_limit_s": if f == 3 { json!(0.4) } else { Value::Null },
                "retries": f % 3
            })
        })
        .collect();
    let mut value = json!({
        "version": 1,
        "zones": [{"id": "here"}],
        "network": {"within_zone_ms": 0},
        "nodes": [
            {"id": "users", "zone": "here", "roles": ["client", "cloud_controller"]},
            {"id": "hosts", "zone": "here", "roles": ["worker"], "count": hosts, "cores": 2, "memory_mb": memory}
        ],
        "functions": functions,
        "workload": {"arrivals": {"kind": arrivals, "rate_per_s": rate}, "popularity": {"kind": "zipf"}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0, "view": view}},
        "policies": {"placement": {"kind": placement}, "keep_alive": keep_alive},
        "run": {"duration_s": 20, "seed": seed}
    });
    for (key, word) in policies {
        match *key {
            "cpu" => value["nodes"][1]["cpu"] = json!(word),
            "first" => value["run"]["first"] = json!(word),
            _ => value["policies"][*key] = json!(word),
        }
    }
    value
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn without_messages_the_same_happens(
        seed in 0u64..1_000_000,
        hosts in 1u32..6,
        memory in prop::sample::select(vec![800u32, 1_500, 8_000]),
        rate in prop::sample::select(vec![2.0, 20.0, 60.0]),
        view in prop::sample::select(vec!["exact", "messages"]),
        placement in 0usize..64,
        keep_alive in prop::sample::select(vec![
            json!({"kind": "fixed_ttl", "ttl_s": 0}),
            json!({"kind": "fixed_ttl", "ttl_s": 2}),
            json!({"kind": "fixed_ttl", "ttl_s": 1, "expiry": "lazy"}),
            json!({"kind": "lru"}),
            json!({"kind": "hybrid_histogram"}),
            json!({"kind": "none"}),
        ]),
        queue in prop::sample::select(vec!["fifo", "barging", "skip"]),
        cpu in prop::sample::select(vec!["slots", "shared", "unlimited", "isolated"]),
        first in prop::sample::select(vec!["arrivals", "completions"]),
        starting in prop::sample::select(vec!["closed", "join"]),
        arrivals in prop::sample::select(vec!["poisson", "deterministic"]),
        times in prop::sample::select(vec!["constant", "exponential"]),
    ) {
        let registry = faaslab_core::policy::placement::REGISTRY;
        let placement = registry[placement % registry.len()].kind;
        let policies = [("queue", queue), ("cpu", cpu), ("first", first), ("starting", starting)];
        let value = scenario(seed, hosts, memory, rate, view, placement, &keep_alive, &policies, arrivals, times);
        let [without, with] = both(&value);
        prop_assert_eq!(&without.0, &with.0);
        prop_assert_eq!(&without.1, &with.1);
        prop_assert_eq!(&without.2, &with.2);
    }
}

#[test]
fn most_messages_of_a_run_without_latencies_are_not_made() {
    let keep = json!({"kind": "fixed_ttl"});
    let value = scenario(1, 4, 8_000, 20.0, "exact", "first_fit", &keep, &[("cpu", "unlimited")], "poisson", "exponential");
    let (counted, made) = (both(&value)[0].0.messages.iter().map(|(_, n)| n).sum::<u64>(), made(&value));
    assert!(made * 20 < counted as usize, "{made} of {counted}");
    let mut late = value;
    late["network"]["within_zone_ms"] = json!(0.001);
    assert!(self::made(&late) > 1000, "where they take time, they are made");
}

#[test]
fn a_change_on_the_way_brings_messages_back() {
    let keep = json!({"kind": "fixed_ttl"});
    let mut value = scenario(1, 4, 8_000, 20.0, "exact", "first_fit", &keep, &[("cpu", "unlimited")], "poisson", "exponential");
    value["timeline"] = json!([
        {"at_s": 5, "set": {"policies.keep_alive": {"kind": "lru"}}},
        {"at_s": 10, "set": {"network.within_zone_ms": 3}},
        {"at_s": 15, "set": {"network.within_zone_ms": 0}}
    ]);
    let [without, with] = both(&value);
    assert_eq!(without, with);
}
