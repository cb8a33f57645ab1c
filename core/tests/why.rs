//! Why an invocation fared as it did: each cause by hand, and for every invocation of the gallery's runs that the waits told are
//! the waits recorded.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::platform::{Accounting, Probe, TaskEnd};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::why::{Question, Why, why};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use support::set;

const SMALL: u32 = 0;
const LARGE: u32 = 1;

/// A worker of two cores and 1,000 MB; functions of 300 and 800 MB that start in a second and are kept for ten; no latency.
fn scenario() -> Scenario {
    let function = |id: &str, memory: u32| json!({"id": id, "memory_mb": memory, "execution": {"kind": "constant"}, "create_ms": 400, "init_ms": 600});
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "cores": 2, "memory_mb": 1000}],
        "functions": [function("small", 300), function("large", 800)],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}},
        "policies": {"keep_alive": {"kind": "fixed_ttl", "ttl_s": 10}},
        "run": {"duration_s": 10}
    }))
    .unwrap()
}

fn with(changes: &[(&str, Value)]) -> Scenario {
    changes.iter().fold(scenario(), |scenario, (path, value)| set(&scenario, path, value.clone()))
}

fn start(scenario: &Scenario, arrivals: &[(f64, u32, f64)]) -> Simulation {
    let mut workload = Workload::new(scenario, None).unwrap();
    workload.arrival_ns = arrivals.iter().map(|a| (a.0 * 1e9) as u64).collect();
    workload.function = arrivals.iter().map(|a| a.1).collect();
    workload.execution_ns = arrivals.iter().map(|a| (a.2 * 1e9) as u64).collect();
    workload.client = vec![0; arrivals.len()];
    Simulation::new(scenario, Arc::new(workload), &Library::default()).unwrap()
}

/// Why the last of some arrivals, each (when, function, execution) in seconds, fared as it did.
fn of_last(scenario: &Scenario, arrivals: &[(f64, u32, f64)]) -> Why {
    let start = start(scenario, arrivals);
    let last = arrivals.len() as u32 - 1;
    let at = SimTime(start.workload().arrival_ns[last as usize]);
    why(&[start], last, at, |_, _, _| Some(SimTime::ZERO))
}

fn told(why: &Why, question: Question) -> Vec<String> {
    why.answers.iter().filter(|a| a.question == question).map(ToString::to_string).collect()
}

fn only(why: &Why, question: Question) -> String {
    let all = told(why, question);
    assert_eq!(all.len(), 1, "{question:?}: {all:?} of {why:?}");
    all[0].clone()
}

#[test]
fn cold_because_the_host_never_had_a_container() {
    let why = of_last(&scenario(), &[(0.0, SMALL, 1.0), (3.0, LARGE, 1.0)]);
    let text = only(&why, Question::Cold);
    assert_eq!(text, "w had never had a container of large. Creating one took 1.00 s.");
}

#[test]
fn cold_because_the_keep_alive_ran_out() {
    let why = of_last(&scenario(), &[(0.0, SMALL, 1.0), (15.0, SMALL, 1.0)]);
    let text = only(&why, Question::Cold);
    let expected = "w had a container of small until 12.000000 s, when its keep-alive ran out, 10.0 s after its last use. \
                    That was 3.00 s before this invocation needed one. Creating one took 1.00 s.";
    assert_eq!(text, expected);
}

#[test]
fn cold_because_another_needed_the_memory_and_who() {
    let why = of_last(&scenario(), &[(0.0, SMALL, 1.0), (4.0, LARGE, 1.0), (8.0, SMALL, 1.0)]);
    let text = only(&why, Question::Cold);
    let expected = "w had a container of small until 4.000000 s, when it was removed to make room for #1 of large, after 2.00 s of \
                    waiting idle. That was 4.00 s before this invocation needed one. Creating one took 1.00 s.";
    assert_eq!(text, expected);
}

#[test]
fn cold_because_all_containers_were_taken() {
    let why = of_last(&scenario(), &[(0.0, SMALL, 5.0), (2.0, SMALL, 1.0)]);
    let text = only(&why, Question::Cold);
    assert_eq!(text, "The containers of small on w were all taken: #0 was in one. Creating one took 1.00 s.");
}

#[test]
fn cold_because_it_came_while_one_was_starting_for_another() {
    let shared = with(&[("policies.starting", json!("join")), ("functions.small.concurrency", json!(4))]);
    let text = only(&of_last(&shared, &[(0.0, SMALL, 1.0), (0.5, SMALL, 1.0)]), Question::Cold);
    assert_eq!(text, "A container of small was being created on w for #0, and it waited in that.");
}

/// A second worker, and round robin, which does not look at containers.
fn two_workers() -> Scenario {
    let mut value = scenario().to_value();
    let nodes = value["nodes"].as_array_mut().unwrap();
    nodes.push(json!({"id": "x", "zone": "z", "roles": ["worker"], "cores": 2, "memory_mb": 1000}));
    value["policies"]["placement"] = json!({"kind": "round_robin"});
    Scenario::from_value(value).unwrap()
}

#[test]
fn cold_although_another_host_had_an_idle_container() {
    let why = of_last(&two_workers(), &[(0.0, SMALL, 1.0), (5.0, SMALL, 1.0)]);
    let text = only(&why, Question::Cold);
    let expected =
        "x had never had a container of small. When its placer chose, w had 1 idle; the placer knew. Creating one took 1.00 s.";
    assert_eq!(text, expected);
    let place = only(&why, Question::Place);
    assert!(place.starts_with("5.000000 s: users chose x. Round robin: "), "{place}");
    let saw = "It saw x with no invocations on 2 cores and none idle of small; w with 0 and 1 idle. It had never had word from that \
               host, and what it believed was so.";
    assert!(place.ends_with(saw), "{place}");
}

#[test]
fn what_a_placer_believes_is_late() {
    // Word of the end of the first, at 2.1, arrives 2 s later; the third is decided on at 3.
    let late = set(&two_workers(), "zones.z.latency_ms", json!(500));
    let late = set(&late, "policies.placement", json!({"kind": "least_loaded"}));
    let why = of_last(&late, &[(0.0, SMALL, 1.0), (0.0, SMALL, 1.0), (3.0, SMALL, 1.0), (4.2, SMALL, 1.0)]);
    let place = only(&why, Question::Place);
    assert!(place.contains("old") && place.contains("It saw "), "{place}");
}

#[test]
fn waited_for_a_core_behind_others() {
    let why = of_last(&scenario(), &[(0.0, SMALL, 4.0), (0.0, SMALL, 6.0), (1.0, SMALL, 1.0), (2.0, SMALL, 1.0)]);
    let text = only(&why, Question::AtHost);
    let expected = "It waited 4.00 s in the queue of w behind 1 other: #2. 2 invocations held cores there: #0 and #1. \
                    It waited 3.00 s for its turn, then 1.00 s for a free core. Its wait ended at 6.000000 s, when #2 ended.";
    assert_eq!(text, expected);
}

#[test]
fn waited_for_memory() {
    let why = of_last(&scenario(), &[(0.0, SMALL, 4.0), (1.0, LARGE, 1.0)]);
    let text = only(&why, Question::AtHost);
    let expected = "It waited 4.00 s in the queue of w, where nobody stood before it. 1 invocation held cores there: #0. \
                    It waited 4.00 s for memory. Of 1000 MB, containers at work held 300 MB. Its wait ended at 5.000000 s, when #0 ended.";
    assert_eq!(text, expected);
}

#[test]
fn was_overtaken_where_the_order_says_so() {
    let shortest = with(&[("policies.order", json!({"kind": "sjf"})), ("policies.estimates", json!({"kind": "exact"}))]);
    let arrivals = [(0.0, SMALL, 4.0), (0.0, SMALL, 9.0), (2.0, SMALL, 1.0), (1.5, SMALL, 3.0)];
    let start = start(&shortest, &{
        let mut sorted = arrivals;
        sorted.swap(2, 3);
        sorted
    });
    let why = why(&[start], 2, SimTime(1_500_000_000), |_, _, _| Some(SimTime::ZERO));
    let text = only(&why, Question::AtHost);
    assert!(text.contains("#3 came later and went before it."), "{text}");
}

#[test]
fn waited_in_the_inbox_of_its_placer() {
    let slow = with(&[("frame.architecture.decision_ms", json!(1000))]);
    let why = of_last(&slow, &[(0.0, SMALL, 1.0), (0.2, SMALL, 1.0), (0.5, SMALL, 1.0)]);
    let text = only(&why, Question::AtPlacer);
    let expected = "It waited 1.50 s in the inbox of users. 1 invocation stood before it: #1. The placer was deciding on #0.";
    assert_eq!(text, expected);
}

#[test]
fn was_refused_and_tried_again() {
    let bounded = with(&[
        ("policies.queue_bound", json!(0)),
        ("functions.small.retries", json!(1)),
        ("functions.small.backoff_ms", json!(2500)),
        ("functions.small.backoff_jitter", json!("none")),
    ]);
    let why = of_last(&bounded, &[(0.0, SMALL, 1.0), (0.0, SMALL, 1.0), (1.0, SMALL, 1.0)]);
    let text = only(&why, Question::Again);
    assert_eq!(
        text,
        "Attempt 1 came to nothing: the queue of w was full: it takes 0. It took 2.50 s until its client tried again."
    );
}

#[test]
fn was_dropped_for_want_of_memory() {
    let drops = with(&[("policies.no_room", json!("drop"))]);
    let why = of_last(&drops, &[(0.0, SMALL, 4.0), (1.0, LARGE, 1.0)]);
    let text = only(&why, Question::Lost);
    assert_eq!(text, "1.000000 s: w had no memory for its container, and nothing that may make room.");
}

#[test]
fn executed_for_longer_because_cores_are_shared() {
    let shared = with(&[("nodes.w.cpu", json!("shared")), ("nodes.w.cores", json!(1))]);
    let why = of_last(&shared, &[(0.0, SMALL, 4.0), (1.0, SMALL, 1.0)]);
    let text = only(&why, Question::Slow);
    assert_eq!(
        text,
        "It took 2.00 s instead of 1.00 s: 1 other executed on 1 core when it began, and executions share cores there."
    );
}

/// What a run records of each invocation's waits.
#[derive(Default)]
struct Recorded(Vec<(u32, [u64; Accounting::COUNT])>);

impl Probe for Recorded {
    fn ended(&mut self, _: SimTime, end: &TaskEnd<'_>) {
        self.0.push((end.invocation, *end.spent));
    }
}

/// Some invocations of every run of the gallery, from states in mid-run: there are answers, and the waits told are those recorded.
#[test]
fn the_waits_told_are_the_waits_recorded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json") && !p.ends_with("index.json"));
    paths.sort();
    assert!(paths.len() > 40);
    let mut questions = std::collections::BTreeMap::<&str, usize>::new();
    let read = |path: &std::path::PathBuf| Scenario::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let gallery = paths.iter().map(|path| (path.display().to_string(), read(path)));
    // In the first minute of these runs nobody is lost, until somebody does what the question of this one asks for.
    let storm = paths.iter().find(|p| p.ends_with("retry-storm.json")).unwrap();
    let storm = ("a storm of retries".to_owned(), set(&read(storm), "functions.api.backoff_ms", json!(0)));
    for (path, mut scenario) in gallery.chain([storm]) {
        scenario.run.duration_s = scenario.run.duration_s.map(|s| s.min(60.0));
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut run = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        let mut checkpoints = vec![run.clone()];
        let mut recorded = Recorded::default();
        while !run.step(4_000, &mut recorded).done && checkpoints.len() < 8 {
            checkpoints.push(run.clone());
        }
        let n = recorded.0.len();
        for &(row, spent) in recorded.0.iter().step_by(n / 12 + 1) {
            // Rows that wait for others say when they came only in the run.
            let at = workload.arrival_ns[row as usize];
            let from = if at == u64::MAX { SimTime::ZERO } else { SimTime(at) };
            let why = why(&checkpoints, row, from, |_, _, _| Some(SimTime::ZERO));
            assert!(!why.answers.is_empty(), "{path:?} #{row}");
            for question in [Question::AtPlacer, Question::AtHost, Question::ForImage, Question::Again] {
                let accounting = question.waits_in().unwrap();
                let about = why.answers.iter().filter(|a| a.question == question && a.from_ns < a.to_ns);
                let told: u64 = about.map(|a| a.to_ns - a.from_ns).sum();
                assert_eq!(told, spent[accounting as usize], "{path:?} #{row} {question:?}: {why:?}");
            }
            for answer in &why.answers {
                *questions.entry(answer.question.words()).or_default() += 1;
                assert!(!answer.text.is_empty(), "{path:?} #{row}: {answer:?}");
            }
        }
    }
    assert_eq!(questions.len(), 8, "every question is asked somewhere: {questions:?}");
}
