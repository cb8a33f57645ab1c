//! What is too much is refused at once, and what is let through comes to an end.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::platform::{MessageKind, Outcome};
use faaslab_core::registry::Choice;
use faaslab_core::scenario::{Change, Problem, Role, Scenario, TraceFile, TraceRef, Zone, validate};
use faaslab_core::sim::{Library, Simulation, record};
use faaslab_core::trace::{Limits, Reader, TraceData};
use faaslab_core::units::SimTime;
use faaslab_core::view::auto_place;
use faaslab_core::workload::Workload;
use serde_json::{Map, Value, json};
use support::{run, set};

fn problems(scenario: &Scenario) -> Vec<Problem> {
    validate(scenario, &Library::default().catalogue())
}

fn errors(scenario: &Scenario) -> Vec<String> {
    problems(scenario).iter().filter(|p| !p.warning).map(|p| format!("{}: {}", p.path, p.message)).collect()
}

/// A client and a worker of one core; an invocation of 10 ms every 100 ms for two seconds.
fn small() -> Scenario {
    let scenario = support::queue(1.0, 10.0, json!({"kind": "constant", "mean_ms": 10}), 2.0, 1);
    set(&scenario, "workload.arrivals", json!({"kind": "deterministic", "rate_per_s": 10}))
}

fn at_rate(per_s: f64) -> Scenario {
    set(&small(), "workload.arrivals.rate_per_s", json!(per_s))
}

/// Users instead of arrivals.
fn users(arrivals: Value) -> Scenario {
    let mut all = json!({"kind": "closed_loop"});
    all.as_object_mut().unwrap().extend(arrivals.as_object().unwrap().clone());
    set(&small(), "workload.arrivals", all)
}

#[test]
fn users_come_as_often_as_there_is_room_for_and_more_is_refused_at_once() {
    // A million users who think for a second, for two seconds; one who thinks for a nanosecond; batches; and without an end.
    for (arrivals, duration, wrong) in [
        (
            json!({"users": 1_000_000, "think_ms": 1, "batch": 100}),
            Some(2.0),
            "workload.arrivals.users: about 200100000000 invocations are more than 50000000",
        ),
        (
            json!({"users": 1, "think_ms": 1e-6}),
            Some(2.0),
            "workload.arrivals.users: about 2000000001 invocations are more than 50000000",
        ),
        (
            json!({"users": 10_000, "rounds": 50_000_000}),
            None,
            "workload.arrivals.users: about 500000000000 invocations are more than 50000000",
        ),
        (json!({"think_ms": 0}), Some(2.0), "workload.arrivals.rounds: the users' rounds would never end"),
        (json!({}), None, "run.duration_s: arrivals that are drawn need an end"),
    ] {
        let mut scenario = users(arrivals);
        scenario.run.duration_s = duration;
        assert_eq!(errors(&scenario), [wrong]);
        let begin = Wall::now();
        assert!(Workload::new(&scenario, None).is_err());
        assert!(begin.elapsed() < Duration::from_millis(100), "nothing is drawn");
    }
}

#[test]
fn values_for_users_that_validation_refuses_are_no_panic() {
    for (name, value) in [
        ("users", json!(0)),
        ("users", json!(-1)),
        ("users", json!("many")),
        ("think_ms", json!(-5)),
        ("think_ms", json!(1e300)),
        ("think", json!("long")),
        ("rounds", json!(-1)),
        ("rounds", json!(0.5)),
        ("batch", json!(0)),
        ("batch", json!(u64::MAX)),
        ("wait", json!("some")),
    ] {
        let scenario = users(json!({"rounds": 3, name: value}));
        assert!(errors(&scenario).iter().any(|e| e.starts_with(&format!("workload.arrivals.{name}"))), "{name}");
        if let Ok(workload) = Workload::new(&scenario, None) {
            assert!(workload.len() < 1_000, "{name}");
        }
    }
}

#[test]
fn values_for_clients_and_queues_that_make_no_sense_are_refused_and_are_no_panic() {
    for (path, value) in [
        ("functions.f.patience_s", json!(0)),
        ("functions.f.patience_s", json!(-1)),
        ("functions.f.patience_s", json!(1e300)),
        ("functions.f.retries", json!(31)),
        ("functions.f.retries", json!(4_000_000_000_u32)),
        ("functions.f.backoff_ms", json!(-1)),
        ("functions.f.deadline_s", json!(-1)),
        ("functions.f.deadline_s", json!(1e300)),
        ("functions.f.app", json!("")),
        ("functions.f.app", json!("a".repeat(201))),
        ("policies.order.kind", json!("sfj")),
        ("policies.order", json!({"kind": "srpt", "cap": -1})),
        ("policies.estimates", json!({"kind": "exact", "error": 1.5})),
        ("functions.f.backoff_ms", json!(1e300)),
        ("functions.f.ingress_limit_kb", json!(-1)),
        ("functions.f.egress_limit_kb", json!(1e300)),
        ("policies.queue_timeout_s", json!(-1)),
        ("policies.queue_timeout_s", json!(1e300)),
    ] {
        let scenario = set(&small(), path, value.clone());
        assert!(errors(&scenario).iter().any(|e| e.starts_with(path)), "{path} {value}: {:?}", errors(&scenario));
        assert!(Simulation::new(&scenario, Arc::new(Workload::new(&scenario, None).unwrap()), &Library::default()).is_err());
    }
    for (path, value) in [
        ("functions.f.retries", json!(-1)),
        ("functions.f.priority", json!(-1)),
        ("policies.queue_bound", json!(-1)),
        ("policies.queue_bound", json!(1.5)),
    ] {
        assert!(small().with(&faaslab_core::scenario::Path::parse(path).unwrap(), value).is_err(), "{path}");
    }
    for (path, value) in [("policies.queue_bound", json!(u32::MAX)), ("functions.f.patience_s", json!(3.2e9))] {
        assert_eq!(run(&set(&small(), path, value)).0.completed, 20, "{path}");
    }
}

#[test]
fn pauses_that_reach_the_end_of_the_clock_end_the_run() {
    // Each attempt fails; the pause of a day doubles, and the last ones would end after the clock does.
    let scenario = [
        ("functions.f.response_kb", json!(2)),
        ("functions.f.egress_limit_kb", json!(1)),
        ("functions.f.retries", json!(30)),
        ("functions.f.backoff_ms", json!(86_400_000)),
        ("functions.f.backoff_jitter", json!("none")),
    ]
    .into_iter()
    .fold(small(), |s, (path, value)| set(&s, path, value));
    let (summary, recorder) = run(&scenario);
    assert_eq!((summary.submitted, summary.live, summary.failed), (20, 20, 0));
    assert_eq!(summary.sojourn_ns, summary.in_system_ns);
    assert!(summary.retries >= 20 * 16 && recorder.row(0).outcome.is_none());
}

#[test]
fn a_hundred_thousand_clients_who_wait_at_one_host_give_up_one_by_one() {
    // All come at once and give up at once; each is taken out of the middle of a long queue.
    let scenario = users(json!({"users": 100_000, "think_ms": 0, "rounds": 1}));
    let scenario = set(&set(&scenario, "functions.f.patience_s", json!(1)), "functions.f.execution.mean_ms", json!(1));
    let mut patient = scenario.clone();
    patient.functions.push(patient.functions[0].clone());
    patient.functions[1].id = "g".to_owned();
    patient.functions[1].patience_s = None;
    let begin = Wall::now();
    let (summary, _) = run(&patient);
    assert_eq!(summary.completed + summary.abandoned, 100_000);
    assert!(summary.abandoned > 40_000 && summary.live == 0);
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

#[test]
fn a_clairvoyant_policy_before_users_who_wait_is_remarked_on() {
    let scenario = set(&users(json!({})), "policies.keep_alive", json!({"kind": "clairvoyant"}));
    let found = problems(&scenario);
    assert_eq!(found.len(), 1);
    assert!(found[0].warning && found[0].path == "policies.keep_alive.kind");
    assert!(run(&scenario).0.completed > 0);
}

#[test]
fn a_hundred_thousand_users_come_and_go() {
    let scenario = users(json!({"users": 100_000, "think_ms": 0, "rounds": 3, "batch": 2, "wait": "any"}));
    let mut scenario = set(&scenario, "nodes.worker.cores", json!(1000));
    scenario.run.duration_s = None;
    assert_eq!(errors(&scenario), [""; 0]);
    let (summary, _) = run(&scenario);
    assert_eq!((summary.submitted, summary.completed, summary.live), (600_000, 600_000, 0));
    assert_eq!(summary.sojourn_ns, summary.in_system_ns);
}

/// Zones with a worker each, and the client with the cloud controller in the first.
fn federation(zones: usize, architecture: Value) -> Scenario {
    let mut nodes = vec![json!({"id": "u", "zone": "z0", "roles": ["client", "cloud_controller"]})];
    nodes.extend((0..zones).map(|i| json!({"id": format!("w{i}"), "zone": format!("z{i}"), "roles": ["worker"]})));
    Scenario::from_value(json!({
        "version": 1,
        "zones": (0..zones).map(|i| json!({"id": format!("z{i}")})).collect::<Vec<_>>(),
        "nodes": nodes,
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 10}}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 10}},
        "frame": {"architecture": architecture},
        "run": {"duration_s": 2}
    }))
    .unwrap()
}

#[test]
fn a_workload_without_functions_or_end_is_no_panic() {
    let mut without = small();
    without.functions.clear();
    assert!(Workload::new(&without, None).unwrap().is_empty());
    let mut endless = at_rate(1e-18);
    endless.run.duration_s = Some(1e20);
    assert!(Workload::new(&endless, None).unwrap().len() <= 1);
    endless.run.duration_s = None;
    assert!(Workload::new(&endless, None).unwrap().is_empty());
    let mut nobody = small();
    nobody.nodes.clear();
    assert_eq!(Workload::new(&nobody, None).unwrap().len(), 20);
}

#[test]
fn validation_and_workload_agree_on_how_many_invocations_are_too_many() {
    let many = set(&at_rate(1e6), "run.duration_s", json!(51));
    let refused = Workload::new(&many, None).unwrap_err();
    assert_eq!(errors(&many), [format!("{}: {}", refused.place, refused.message)]);
    assert!(errors(&set(&many, "run.duration_s", json!(49))).is_empty());
}

fn trace(text: &str) -> (TraceData, TraceRef) {
    let mut reader = Reader::new(Limits::default());
    reader.begin_file("t.csv");
    reader.push(text.as_bytes()).unwrap();
    reader.end_file().unwrap();
    let (data, _) = reader.finish().unwrap();
    (data, TraceRef { format: "azure_2019".to_owned(), files: vec![] })
}

#[test]
fn the_beginning_of_a_trace_that_is_too_long_can_be_run() {
    // Nine million calls a minute for seven minutes.
    let minutes: String = (1..=7).map(|m| format!(",{m}")).collect();
    let text = format!("HashOwner,HashApp,HashFunction,Trigger{minutes}\na,b,c,http{}\n", ",9000000".repeat(7));
    let (data, named) = trace(&text);
    let mut scenario = small();
    scenario.take_trace(named);
    let refused = Workload::new(&scenario, Some(&data)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "workload.trace: the trace has 63000000 invocations, more than 50000000. Run its beginning: set run.duration_s."
    );
    assert_eq!(data.invocations_until(59_000_000_000), 9_000_000);
    scenario.run.duration_s = Some(0.001);
    let workload = Workload::new(&scenario, Some(&data)).unwrap();
    assert!((50..400).contains(&workload.len()), "{} in a millisecond", workload.len());
    assert!(workload.arrival_ns.iter().all(|&at| at <= 1_000_000));
}

#[test]
fn a_shorter_run_of_a_trace_is_the_beginning_of_the_longer() {
    let text = "HashOwner,HashApp,HashFunction,Trigger,1,2,3\na,b,c,http,50,60,70\na,b,d,http,5,0,7\n";
    let (data, named) = trace(text);
    let mut scenario = small();
    scenario.take_trace(named);
    let whole = Workload::new(&scenario, Some(&data)).unwrap();
    assert_eq!(whole.len(), 192);
    scenario.run.duration_s = Some(90.0);
    let part = Workload::new(&scenario, Some(&data)).unwrap();
    assert!(part.len() > 60 && part.len() < 115);
    assert_eq!(part.arrival_ns, whole.arrival_ns[..part.len()]);
    assert_eq!(part.execution_ns, whole.execution_ns[..part.len()]);
}

#[test]
fn a_run_ends_with_the_clock() {
    // Each takes 2.7 years on one core: the clock has room for 213 of them.
    let mut scenario = set(&at_rate(110.0), "functions.f.execution.mean_ms", json!(86_400_000));
    scenario.nodes[1].speed = 0.001;
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut recorder);
    let summary = Summary::new(&simulation, &recorder);
    assert_eq!((summary.completed, summary.live), (213, 7));
    assert!(summary.end_s < 18.5e9 && summary.end_s > 18.3e9);
    assert_eq!(summary.sojourn_ns, summary.in_system_ns, "Little's law");
    let charts = recorder.charts(&simulation);
    assert!(charts.in_system.iter().all(|n| n.is_finite()) && charts.in_system[0] > 150.0);
}

#[test]
fn gossip_does_not_go_on_while_a_century_passes() {
    let mut scenario = federation(3, json!({"kind": "federated", "gossip_ms": 1}));
    scenario.functions[0].execution = Choice::of("constant").with("mean_ms", 86_400_000);
    for node in &mut scenario.nodes {
        node.speed = 0.001;
    }
    let (summary, _) = run(&scenario);
    assert_eq!(summary.completed, 20);
    assert!(summary.events < 200_000, "{} events", summary.events);
    // Between arrivals four months apart, too.
    scenario.nodes[1].speed = 1.0;
    scenario.run.duration_s = Some(3.2e9);
    scenario.workload.arrivals = Choice::of("deterministic").with("rate_per_s", 1e-7);
    let (summary, _) = run(&scenario);
    assert!(summary.completed >= 319 && summary.completed == summary.submitted);
    assert!(summary.events < 3_000_000, "{} events", summary.events);
}

#[test]
fn after_a_long_silence_gossip_is_what_it_would_have_been() {
    // Two bursts, far apart; then what a federation that was never silent does must follow. Here: offloads go on.
    let base = federation(4, json!({"kind": "federated", "gossip_ms": 10, "offload_above": 0.5}));
    let at = |gap: u64| {
        let rows: String =
            (0..2).flat_map(|burst| (0..40).map(move |i| format!("f,128,200,300,{}\n", burst * gap + i * 5))).collect();
        let (data, named) = trace(&format!("function,mem_mb,warm_ms,cold_ms,arrival_ms\n{rows}"));
        let mut scenario = set(&base, "policies.keep_alive", json!({"kind": "fixed_ttl", "ttl_s": 0.1}));
        scenario.take_trace(named);
        let workload = Arc::new(Workload::new(&scenario, Some(&data)).unwrap());
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        simulation.run(&mut recorder);
        let rows: Vec<(Option<u32>, u64)> = (0..80).map(|i| recorder.row(i)).map(|r| (r.host, r.response_ns)).collect();
        (rows, simulation.world().counters.events)
    };
    // Gaps are multiples of the gossip's period, so that its phase is the same.
    let (short, long) = (at(5_000), at(5_000_000));
    assert_eq!(short.0, long.0);
    assert!(long.1 < short.1 + 10_000, "{} and {} events", short.1, long.1);
}

#[test]
fn gossip_does_not_pile_up_before_a_slow_placer() {
    let scenario = federation(20, json!({"kind": "federated", "gossip_ms": 1, "message_us": 1e6}));
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    while !simulation.step(10_000, &mut ()).done {
        let messages = simulation.world().messages.iter();
        let gossip = messages.filter(|(_, m)| m.kind == MessageKind::Gossip).count();
        assert!(gossip <= 20 * 19, "{gossip} at once");
    }
    assert_eq!(simulation.world().counters.outcomes[Outcome::Completed as usize], 20);
}

#[test]
fn a_scenario_of_too_many_objects_is_refused_at_once() {
    let mut scenario = small();
    let node = scenario.nodes[1].clone();
    let many = 60_000;
    scenario.nodes.extend((0..many).map(|i| {
        let mut node = node.clone();
        (node.id, node.zone) = (format!("n{i}"), format!("z{}", many - i));
        node
    }));
    scenario.zones.extend((0..many).map(|i| Zone::new(&format!("z{i}"))));
    let begin = Wall::now();
    assert_eq!(errors(&scenario), ["zones: 60001 entries are more than 1000"]);
    let before = scenario.nodes[5].clone();
    auto_place(&mut scenario);
    assert_eq!(scenario.nodes[5], before, "and is not arranged");
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert_eq!(Scenario::from_value(scenario.to_value()).unwrap_err().code, "size");
}

/// The clock, for limits that are a hundred times what is needed.
struct Wall;

impl Wall {
    #[allow(clippy::disallowed_methods)]
    fn now() -> std::time::Instant {
        std::time::Instant::now()
    }
}

#[test]
fn a_scenario_full_of_mistakes_is_refused_soon_with_the_first_two_hundred() {
    let mut scenario = small();
    let node = scenario.nodes[1].clone();
    scenario.nodes.extend((0..990).map(|i| {
        let mut node = node.clone();
        (node.id, node.zone) = (format!("{i}{}", "n".repeat(180)), format!("{i}{}", "y".repeat(180)));
        node
    }));
    scenario.zones.extend((0..990).map(|i| Zone::new(&format!("{i}{}", "z".repeat(180)))));
    let begin = Wall::now();
    let problems = problems(&scenario);
    assert_eq!(problems.len(), 200);
    assert!(problems.iter().all(|p| p.hint.len() < 5_000));
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_timeline_sets_at_most_two_thousand_values_and_is_checked_change_by_change() {
    let mut scenario = small();
    let node = scenario.nodes[1].clone();
    scenario.nodes.extend((0..990).map(|i| {
        let mut node = node.clone();
        node.id = format!("n{i}");
        node
    }));
    let set = |n: usize, value: Value| Map::from_iter((0..n).map(|i| (format!("nodes.n{i}.speed"), value.clone())));
    scenario.timeline = vec![Change { at_s: 1.0, set: set(990, json!(2)) }, Change { at_s: 2.0, set: set(990, json!(3)) }];
    let begin = Wall::now();
    assert_eq!(errors(&scenario), [""; 0]);
    scenario.timeline[1].set = set(990, json!(0));
    assert_eq!(errors(&scenario).len(), 200, "each is told at its own place");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    scenario.timeline.push(Change { at_s: 3.0, set: set(21, json!(2)) });
    assert_eq!(errors(&scenario), ["timeline: 2001 new values are more than 2000"]);
}

#[test]
fn views_of_all_placers_together_have_a_limit() {
    // Two hundred clients, each with a placer, whatever `placers` says.
    let mut scenario = small();
    let client = scenario.nodes[0].clone();
    scenario.nodes.extend((0..200).map(|i| {
        let mut client = client.clone();
        client.id = format!("c{i}");
        client
    }));
    scenario.nodes[1].count = 50_000;
    let scenario = set(&scenario, "frame.architecture", json!({"kind": "decentralized", "placers": 1}));
    assert_eq!(
        errors(&scenario),
        ["frame.architecture.placers: 201 placers that know of 50000 hosts and 1 functions are more than fit"]
    );
    // Functions count too, and those of a trace are known only to the run.
    let mut few = set(&small(), "frame.architecture", json!({"kind": "decentralized", "placers": 10_000}));
    few.nodes[1].count = 10;
    assert_eq!(errors(&few), [""; 0]);
    let rows: String = (0..2_000).map(|i| format!("f{i},128,10,20,{i}\n")).collect();
    let (data, named) = trace(&format!("function,mem_mb,warm_ms,cold_ms,arrival_ms\n{rows}"));
    few.take_trace(named);
    let workload = Arc::new(Workload::new(&few, Some(&data)).unwrap());
    let refused = Simulation::new(&few, workload, &Library::default()).unwrap_err();
    assert!(refused[0].message.contains("10000 placers that know of 10 hosts and 2000 functions"), "{}", refused[0]);
}

#[test]
fn a_checkpoints_size_counts_what_placers_know_of_functions() {
    let size = |functions: usize| {
        let mut scenario = set(&small(), "frame.architecture", json!({"kind": "decentralized", "placers": 100}));
        let function = scenario.functions[0].clone();
        scenario.functions = (0..functions)
            .map(|i| {
                let mut function = function.clone();
                function.id = format!("f{i}");
                function
            })
            .collect();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        Simulation::new(&scenario, workload, &Library::default()).unwrap().size()
    };
    assert!(size(900) > size(100) + 800 * 100 * 24 - 1);
}

#[test]
fn an_id_that_two_things_share_is_refused() {
    let shared = |path: &str, value: &str| {
        let mut scenario = small();
        match path {
            "zones" => scenario.nodes[0].zone = value.to_owned(),
            "functions" => scenario.functions[0].id = value.to_owned(),
            _ => {}
        }
        if path == "zones" {
            scenario.zones.push(Zone::new(value));
        }
        if path == "links" {
            let link = json!([{"id": value, "from": "users", "to": "worker", "latency_ms": 1}]);
            scenario = set(&scenario, "links", link);
        }
        let found: Vec<Problem> = problems(&scenario).into_iter().filter(|p| !p.warning).collect();
        assert_eq!(found.len(), 1, "{path} {value}: {found:?}");
        assert!(found[0].hint.contains("rename one"));
        format!("{}: {}", found[0].path, found[0].message)
    };
    assert_eq!(shared("functions", "worker"), "functions.worker: one of the nodes has the same id");
    assert_eq!(shared("functions", "z"), "functions.z: one of the zones has the same id");
    assert_eq!(shared("zones", "users"), "zones.users: one of the nodes has the same id");
    assert_eq!(shared("links", "worker"), "links.worker: one of the nodes has the same id");
    assert_eq!(shared("links", "f"), "functions.f: one of the links has the same id");
}

#[test]
fn in_a_federation_without_hops_a_function_that_fits_only_elsewhere_is_remarked_on() {
    let remarks = |scenario: &Scenario| -> Vec<String> {
        problems(scenario).iter().filter(|p| p.warning).map(|p| p.message.clone()).collect()
    };
    let mut scenario = federation(2, json!({"kind": "federated", "hops": 0}));
    assert_eq!(remarks(&scenario), [""; 0]);
    scenario.functions[0].memory_mb = 5_000.0;
    scenario.nodes[2].memory_mb = 8_000.0;
    assert_eq!(remarks(&scenario), ["no worker of zone z0 is large enough for this function"]);
    let (summary, _) = run(&scenario);
    assert_eq!(summary.rejected, summary.submitted);
    let one_hop = set(&scenario, "frame.architecture.hops", json!(1));
    assert_eq!(remarks(&one_hop), [""; 0]);
    assert_eq!(run(&one_hop).0.completed, 20);
    // Without workers in the client's zone the nearest placer decides.
    scenario.nodes[1].roles = vec![Role::EdgeController];
    assert_eq!(remarks(&scenario), [""; 0]);
}

/// Where each invocation ran.
fn hosts(scenario: &Scenario) -> Vec<String> {
    let workload = Arc::new(Workload::new(scenario, None).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(scenario, Arc::clone(&workload), &Library::default()).unwrap();
    simulation.run(&mut recorder);
    let model = simulation.model();
    let id = |host: u32| model.machine_id(model.hosts[host as usize].machine).to_owned();
    (0..workload.len() as u32).map(|i| id(recorder.row(i).host.unwrap())).collect()
}

#[test]
fn another_client_leaves_the_chance_of_the_other_clients_placers_alone() {
    let mut scenario = set(&small(), "frame.architecture", json!({"kind": "decentralized", "d": 1, "placers": 1}));
    let mut second = scenario.nodes[0].clone();
    (second.id, second.roles) = ("others".to_owned(), vec![Role::Client]);
    scenario.nodes.push(second.clone());
    scenario.nodes[1].count = 50;
    let before = hosts(&scenario);
    assert!(before.iter().any(|h| *h != before[0]), "hosts are drawn");
    // First in the list, and without traffic, so that each invocation keeps its client.
    (second.id, second.traffic) = ("quiet".to_owned(), 0.0);
    scenario.nodes.insert(0, second);
    assert_eq!(hosts(&scenario), before);
}

#[test]
fn as_many_hosts_are_asked_as_d_says_where_few_of_many_fit() {
    // Five of a hundred are large enough.
    let mut scenario = set(&small(), "frame.architecture", json!({"kind": "decentralized", "d": 2}));
    let mut large = scenario.nodes[1].clone();
    (large.id, large.count) = ("large".to_owned(), 5);
    (scenario.nodes[1].count, scenario.nodes[1].memory_mb) = (95, 0.5 + 0.5);
    scenario.functions[0].memory_mb = 100.0;
    scenario.nodes.push(large);
    scenario.run.duration_s = Some(100.0);
    let (summary, _) = run(&scenario);
    let probes = summary.messages.iter().find(|(kind, _)| kind == MessageKind::Probe.word()).unwrap().1;
    assert_eq!((summary.completed, probes), (1_000, 2_000));
}

#[test]
fn placers_on_one_machine_have_spans_of_their_own() {
    // Four placers with the client; a decision takes 300 ms and an invocation comes every 100 ms.
    let architecture = json!({"kind": "decentralized", "d": 1, "placers": 4, "decision_ms": 300, "message_us": 0});
    let scenario = set(&small(), "frame.architecture", architecture);
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    for from in [0.0, 1.05] {
        let window = record(simulation.clone(), SimTime::from_s(from), SimTime::from_s(2.0));
        let deciding: Vec<_> = window.placers.iter().filter(|s| s.deciding && s.to_ns < 2_000_000_000).collect();
        assert!(deciding.iter().any(|s| s.to_ns - s.from_ns == 300_000_000));
        let wrong = deciding.iter().find(|s| s.to_ns - s.from_ns != 300_000_000 && s.to_ns != s.from_ns);
        // Finishes take no time in this scenario.
        assert_eq!(wrong, None, "a decision takes 300 ms");
    }
}

/// A run of a trace with every keep-alive policy; answers how many rows completed, timed out, were rejected and were dropped.
fn run_trace(text: &str, keep_alive: &str) -> [u64; 4] {
    let (data, named) = trace(text);
    let mut scenario = small();
    scenario.take_trace(named);
    scenario = set(&scenario, "policies.keep_alive", json!({"kind": keep_alive}));
    let workload = Arc::new(Workload::new(&scenario, Some(&data)).unwrap());
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    assert!(simulation.run(&mut ()).done);
    let [completed, timed_out, rejected, dropped, 0, 0] = simulation.world().counters.outcomes else { panic!("nobody gives up") };
    [completed, timed_out, rejected, dropped]
}

#[test]
fn a_hundred_thousand_arrivals_at_one_instant_are_served_one_after_the_other() {
    let mut text = String::from("function,mem_mb,warm_ms,cold_ms,arrival_ms\n");
    for i in 0..100_000 {
        text += &format!("f{},100,1,2,0\n", i % 10);
    }
    for policy in Library::default().catalogue().keep_alives {
        assert_eq!(run_trace(&text, policy.kind), [100_000, 0, 0, 0], "{}", policy.kind);
    }
}

#[test]
fn a_million_functions_run() {
    let mut text = String::from("function,mem_mb,warm_ms,cold_ms,arrival_ms\n");
    for i in 0..1_000_000 {
        text += &format!("f{i},100,1,2,{i}\n");
    }
    assert_eq!(run_trace(&text, "greedy_dual"), [1_000_000, 0, 0, 0]);
}

#[test]
fn nothing_that_takes_no_memory_no_cores_or_no_time_is_let_through() {
    for (path, value) in [
        ("functions.f.memory_mb", 0.0),
        ("functions.f.cores", 0.0),
        ("functions.f.time_limit_s", 0.0),
        ("nodes.worker.memory_mb", 0.0),
        ("nodes.worker.cores", 0.0),
        ("nodes.worker.speed", 0.0),
    ] {
        let wrong = set(&small(), path, json!(value));
        assert!(errors(&wrong).iter().any(|e| e.starts_with(path)), "{path}: {:?}", errors(&wrong));
    }
    let idle = set(&small(), "functions.f.keep_alive_s", json!(0));
    assert_eq!(run(&idle).0.cold, run(&idle).0.completed, "kept for no time, every start is cold");
}

#[test]
fn a_crowd_at_one_instant_is_served_whatever_the_host_does_with_it() {
    let mut text = String::from("function,mem_mb,warm_ms,cold_ms,arrival_ms\n");
    for i in 0..20_000 {
        text += &format!("f{},100,1,2,0\n", i % 10);
    }
    let (data, named) = trace(&text);
    let mut scenario = small();
    scenario.take_trace(named);
    scenario.workload.trace_options.concurrency = 10_000;
    for (path, word) in [
        ("policies.queue", "skip"),
        ("policies.queue", "barging"),
        ("policies.starting", "join"),
        ("nodes.worker.cpu", "isolated"),
        ("run.first", "arrivals"),
    ] {
        scenario = set(&scenario, path, json!(word));
        let workload = Arc::new(Workload::new(&scenario, Some(&data)).unwrap());
        let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        assert!(simulation.run(&mut ()).done);
        assert_eq!(simulation.world().counters.outcomes, [20_000, 0, 0, 0, 0, 0], "{word}");
    }
}

#[test]
fn every_placement_policy_finds_the_one_host_that_is_large_enough() {
    let exact = json!({"kind": "centralized", "view": "exact"});
    for architecture in [json!({"kind": "centralized"}), exact, json!({"kind": "federated"})] {
        let mut scenario = set(&small(), "frame.architecture", architecture);
        let mut large = scenario.nodes[1].clone();
        large.id = "large".to_owned();
        (scenario.nodes[1].count, scenario.nodes[1].memory_mb) = (1_000, 1.0);
        scenario.functions[0].memory_mb = 100.0;
        scenario.nodes.push(large);
        for entry in Library::default().catalogue().placements {
            let (summary, recorder) = run(&set(&scenario, "policies.placement", json!({"kind": entry.kind})));
            assert_eq!(summary.completed, 20, "{}", entry.kind);
            assert!((0..20).all(|i| recorder.row(i).host == Some(1_000)), "{}", entry.kind);
        }
    }
}

#[test]
fn a_step_as_long_as_may_be_ends_the_walk() {
    let mut scenario = set(&small(), "policies.placement", json!({"kind": "locality", "step": 100_000}));
    scenario.nodes[1].count = 1_000;
    assert_eq!(run(&scenario).0.completed, 20);
    let none = set(&scenario, "policies.placement.step", json!(0));
    assert_eq!(errors(&none), ["policies.placement.step: expected a whole number from 1 to 100000, found 0"]);
}

#[test]
fn a_file_of_milliseconds_is_the_same_workload_once_its_times_are_scaled() {
    let file = |hash: &str| TraceFile { name: "trace.csv".into(), bytes: 1, sha256: hash.into() };
    let read = |scale: f64| {
        let row = |i: u32| {
            let (end, duration) = (f64::from(i) * 0.75 * scale, f64::from(i % 7) * 0.125 * scale);
            format!("app,f{},{end},{duration}\n", i % 3)
        };
        let text = format!("app,func,end_timestamp,duration\n{}", (1..200).map(row).collect::<String>());
        let mut reader = Reader::new(Limits::default());
        reader.begin_file("trace.csv");
        reader.push(text.as_bytes()).unwrap();
        reader.end_file().unwrap();
        reader.finish().unwrap().0
    };
    let with = |options: &[(&str, Value)], trace: &TraceData| {
        let named = set(&small(), "workload.trace", json!({"format": "azure_2021", "files": []}));
        let scenario = options.iter().fold(named, |s, (path, value)| set(&s, path, value.clone()));
        Workload::new(&scenario, Some(trace)).unwrap()
    };
    let scaled = ("workload.trace_options.time_scale", json!(0.001));
    let (seconds, milliseconds) = (read(1.0), read(1_000.0));
    for until in ["2", "60", "1000"] {
        let until = ("run.duration_s", serde_json::from_str(until).unwrap());
        let expected = with(std::slice::from_ref(&until), &seconds);
        assert_eq!(with(&[until, scaled.clone()], &milliseconds), expected);
        assert!(!expected.is_empty());
    }
    // What a file says of starts is scaled too, and another file has a unit of its own.
    let read_own = |unit: u64| {
        let rows: String = (1..9u64).map(|i| format!("f,128,{},{},{}\n", 10 * unit, 30 * unit, i * 100 * unit)).collect();
        let mut reader = Reader::new(Limits::default());
        reader.begin_file("own.csv");
        reader.push(format!("function,mem_mb,warm_ms,cold_ms,arrival_ms\n{rows}").as_bytes()).unwrap();
        reader.end_file().unwrap();
        reader.finish().unwrap().0
    };
    let expected = with(&[], &read_own(1));
    assert_eq!(with(std::slice::from_ref(&scaled), &read_own(1_000)), expected);
    assert_eq!(expected.functions[0].start_ns, 20_000_000);
    let named = |hash: &str| TraceRef { format: "azure_2021".into(), files: vec![file(hash)] };
    let mut scenario = set(&small(), scaled.0, scaled.1);
    scenario.take_trace(named("aa"));
    assert_eq!(scenario.workload.trace_options.time_scale, 1.0);
    scenario.workload.trace_options.time_scale = 0.001;
    scenario.take_trace(named("AA"));
    assert_eq!(scenario.workload.trace_options.time_scale, 0.001);
    scenario.take_trace(named("bb"));
    assert_eq!(scenario.workload.trace_options.time_scale, 1.0);
    let wrong = set(&small(), "workload.trace_options.time_scale", json!(0));
    assert_eq!(errors(&wrong), ["workload.trace_options.time_scale: 0 × is outside 0.000001 to 1000000 ×"]);
}
