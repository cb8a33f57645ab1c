//! Work stealing: who asks whom and when, what changes hands, and what is left as it was.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::Recorder;
use faaslab_core::platform::{Message, MessageKind, Phase, Probe};
use faaslab_core::scenario::{Scenario, validate};
use faaslab_core::sim::why::{Question, why};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use support::set;

/// Workers of one core in one zone of 10 ms; one function of 100 ms without a cold start, whose home is one of them.
fn scenario(workers: u32, stealing: Value) -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 10}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "count": workers, "cores": 1, "memory_mb": 1000}],
        "functions": [{"id": "f", "memory_mb": 10, "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 1}},
        "frame": {"architecture": {"kind": "centralized", "decision_ms": 0, "message_us": 0}, "stealing": stealing},
        "policies": {"placement": {"kind": "hashing", "bound": 0}, "keep_alive": {"kind": "lru"}},
        "run": {"duration_s": 100}
    }))
    .unwrap()
}

/// A run of invocations, each (arrival, execution, function), in milliseconds.
fn start_all(scenario: &Scenario, rows: &[(u64, u64, u32)]) -> Simulation {
    let mut workload = Workload::new(scenario, None).unwrap();
    workload.arrival_ns = rows.iter().map(|row| row.0 * 1_000_000).collect();
    workload.execution_ns = rows.iter().map(|row| row.1 * 1_000_000).collect();
    workload.function = rows.iter().map(|row| row.2).collect();
    workload.client = vec![0; rows.len()];
    Simulation::new(scenario, Arc::new(workload), &Library::default()).unwrap()
}

/// The same, of the first function alone: (arrival, execution).
fn start(scenario: &Scenario, arrivals: &[(u64, u64)]) -> Simulation {
    start_all(scenario, &arrivals.iter().map(|a| (a.0, a.1, 0)).collect::<Vec<_>>())
}

fn sent(simulation: &Simulation, kind: MessageKind) -> u64 {
    simulation.world().counters.messages[kind as usize]
}

/// Starts of executions by invocation: (when in milliseconds, host). Nothing starts twice.
#[derive(Default)]
struct Starts(Vec<Option<(f64, u32)>>);

impl Probe for Starts {
    fn phase(&mut self, now: SimTime, invocation: u32, phase: Phase, host: u32) {
        if phase == Phase::Running {
            self.0.resize(self.0.len().max(invocation as usize + 1), None);
            assert!(self.0[invocation as usize].replace((now.0 as f64 / 1e6, host)).is_none(), "{invocation} starts twice");
        }
    }
}

fn starts(simulation: &mut Simulation) -> Vec<(f64, u32)> {
    let mut starts = Starts::default();
    assert!(simulation.run(&mut starts).done);
    starts.0.into_iter().map(Option::unwrap).collect()
}

#[test]
fn a_theft_takes_two_ways_and_with_a_comparison_four() {
    for (stealing, ways) in [(json!({"kind": "random"}), 2.0), (json!({"kind": "power_of_two"}), 4.0)] {
        let mut run = start(&scenario(2, stealing), &[(0, 1000), (100, 100)]);
        let all = starts(&mut run);
        let ((first, home), (second, thief)) = (all[0], all[1]);
        assert_eq!(first, 10.0);
        assert_ne!(home, thief);
        // It joins the queue at 110 ms; the other host asks within its pause of a millisecond.
        let took = second - 110.0;
        assert!((ways * 10.0..=ways * 10.0 + 1.0).contains(&took), "{took} ms for {ways} ways");
        assert_eq!(sent(&run, MessageKind::Stolen), 1);
    }
}

#[test]
fn without_stealing_what_waits_waits() {
    let mut run = start(&scenario(2, json!({"kind": "none"})), &[(0, 1000), (100, 100)]);
    let all = starts(&mut run);
    assert_eq!(all[1].0, 1010.0);
    assert_eq!(all[0].1, all[1].1);
}

#[test]
fn a_host_without_a_pause_asks_when_something_of_its_own_ends() {
    // The thief has never had anything: nobody wakes it.
    let mut run = start(&scenario(2, json!({"kind": "random", "pause_ms": 0})), &[(0, 1000), (100, 100)]);
    assert_eq!(starts(&mut run)[1].0, 1010.0);
    assert_eq!(sent(&run, MessageKind::Steal), 0);
}

#[test]
fn half_of_a_queue_goes_at_once_the_oldest_first() {
    let arrivals = [(0, 1000), (1, 100), (2, 100), (3, 100), (4, 100), (5, 100)];
    let mut run = start(&scenario(2, json!({"kind": "random", "share": "half", "pause_ms": 1000})), &arrivals);
    let all = starts(&mut run);
    let home = all[0].1;
    // The thief asks once in the first second, while five wait, and gets three.
    let elsewhere: Vec<usize> = (0..6).filter(|&i| all[i].1 != home).collect();
    assert_eq!(elsewhere[..3], [1, 2, 3]);
    assert!((all[2].0 - all[1].0 - 100.0).abs() < 1e-6, "one core: one after the other");
}

#[test]
fn a_shorter_queue_gives_nothing() {
    let mut run = start(&scenario(2, json!({"kind": "random", "least": 2})), &[(0, 1000), (100, 100)]);
    assert_eq!(starts(&mut run)[1].0, 1010.0);
    assert_eq!(sent(&run, MessageKind::Stolen), 0);
    assert!(sent(&run, MessageKind::Steal) > 5, "it goes on asking");
    assert!(sent(&run, MessageKind::Steal) < 40, "less and less often");
}

#[test]
fn a_host_that_is_too_small_steals_nothing() {
    let small = set(&scenario(2, json!({"kind": "random"})), "functions.f.memory_mb", json!(500));
    let home = starts(&mut start(&small, &[(0, 100)]))[0].1;
    let small = set(&small, &format!("nodes.w[{}].memory_mb", 1 - home), json!(100));
    let mut run = start(&small, &[(0, 1000), (100, 100)]);
    assert_eq!(starts(&mut run)[1], (1010.0, home));
    assert_eq!(sent(&run, MessageKind::Stolen), 0);
}

#[test]
fn a_zone_keeps_its_work_unless_hosts_steal_from_anywhere() {
    let far = |from: &str| {
        let mut value = serde_json::to_value(scenario(1, json!({"kind": "random", "from": from}))).unwrap();
        value["zones"].as_array_mut().unwrap().push(json!({"id": "far", "latency_ms": 10}));
        let other = json!({"id": "other", "zone": "far", "roles": ["worker"], "cores": 1, "memory_mb": 1000});
        value["nodes"].as_array_mut().unwrap().push(other);
        let mut run = start(&Scenario::from_value(value).unwrap(), &[(0, 1000), (200, 100), (300, 100)]);
        starts(&mut run);
        sent(&run, MessageKind::Stolen)
    };
    assert_eq!(far("zone"), 0);
    assert!(far("anywhere") > 0);
}

#[test]
fn a_run_in_which_nobody_can_be_helped_ends() {
    // What waits for memory that never comes back at a host waits for ever, and no thief is large enough.
    let scenario = set(&scenario(2, json!({"kind": "random"})), "policies.memory_full", json!("never"));
    let mut value = serde_json::to_value(scenario).unwrap();
    let g = json!({"id": "g", "memory_mb": 995, "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0});
    value["functions"].as_array_mut().unwrap().push(g);
    let scenario = Scenario::from_value(value).unwrap();
    let mut run = start_all(&scenario, &(0..8).map(|i| (i, 100, u32::from(i > 3))).collect::<Vec<_>>());
    let progress = run.step(1_000_000, &mut ());
    assert!(progress.done, "{progress:?}");
}

#[test]
fn hosts_that_ask_each_other_without_a_pause_between_do_not_keep_a_run_alive() {
    // Each round of questions takes longer than the pause after it, so that one is always on its way.
    let mut scenario = scenario(5, json!({"kind": "random"}));
    scenario = set(&set(&scenario, "policies.memory_full", json!("never")), "functions.f.memory_mb", json!(995));
    let mut value = serde_json::to_value(scenario).unwrap();
    let g = json!({"id": "g", "memory_mb": 990, "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0});
    value["functions"].as_array_mut().unwrap().push(g);
    let scenario = Scenario::from_value(value).unwrap();
    let mut run = start_all(&scenario, &(0..40).map(|i| (200 * i, 100, i as u32 % 2)).collect::<Vec<_>>());
    let progress = run.step(1_000_000, &mut ());
    assert!(progress.done, "{progress:?}");
}

#[test]
fn a_thief_that_compares_passes_over_what_it_may_not_have() {
    // Of three, the longest queue is of tasks that are too large for the thief; the other's task is not.
    let mut scenario = scenario(3, json!({"kind": "power_of_two"}));
    scenario = set(&scenario, "functions.f.memory_mb", json!(500));
    let mut value = serde_json::to_value(scenario).unwrap();
    let more = ["g", "h", "i", "j"].map(
        |id| json!({"id": id, "memory_mb": 10, "execution": {"kind": "constant", "mean_ms": 100}, "create_ms": 0, "init_ms": 0}),
    );
    value["functions"].as_array_mut().unwrap().extend(more);
    let scenario = Scenario::from_value(value).unwrap();
    // The homes of the functions.
    let home = |function: u32| starts(&mut start_all(&scenario, &[(0, 1, function)]))[0].1;
    let large = home(0);
    let small = (1..5).find(|&f| home(f) != large).unwrap();
    let thief = (0..3).find(|&h| h != large && h != home(small)).unwrap();
    let scenario = set(&scenario, &format!("nodes.w[{thief}].memory_mb"), json!(100));
    // A ring knows of no sizes: the homes stay where they are.
    let rows = [(0, 1000, 0), (1, 1000, 0), (2, 1000, 0), (3, 1000, 0), (4, 1000, small), (5, 1000, small)];
    let mut run = start_all(&scenario, &rows);
    let all = starts(&mut run);
    assert_eq!(all[5].1, thief, "{all:?}");
    assert!(all[5].0 < 100.0, "{all:?}");
}

#[test]
fn placers_believe_a_task_where_they_sent_it_until_it_ends() {
    let mut run = start(&scenario(2, json!({"kind": "random"})), &[(0, 1000), (100, 500)]);
    let loads = |run: &Simulation| [0, 1].map(|host| run.placers()[0].view.load(host));
    run.step_to(SimTime(400_000_000), u64::MAX, &mut ());
    assert_eq!(sent(&run, MessageKind::Stolen), 1);
    assert_eq!(loads(&run).iter().sum::<u32>(), 2);
    assert!(loads(&run).contains(&0), "both where they were sent: {:?}", loads(&run));
    run.step_to(SimTime(700_000_000), u64::MAX, &mut ());
    assert_eq!(loads(&run).iter().sum::<u32>(), 1);
}

#[test]
fn places_that_were_reserved_are_stolen_from_behind_long_tasks() {
    let hawk =
        json!({"kind": "hawk", "cutoff_s": 0.5, "short_only": 0, "d": 1, "decision_ms": 0, "central_ms": 0, "message_us": 0});
    let both = |stealing: Value| {
        let scenario = set(&scenario(2, stealing), "frame.architecture", hawk.clone());
        let scenario = set(&scenario, "policies.estimates", json!({"kind": "exact"}));
        // A long task on each host, one of which ends early, then short ones that wait behind the other.
        let mut arrivals = vec![(0, 10_000), (1, 600)];
        arrivals.extend((0..8).map(|i| (100 + i, 50)));
        let mut run = start(&scenario, &arrivals);
        let all = starts(&mut run);
        let last = all[2..].iter().map(|start| start.0).fold(0.0, f64::max);
        (last, sent(&run, MessageKind::Stolen))
    };
    let (without, none) = both(json!({"kind": "none"}));
    let (with, stolen) = both(json!({"kind": "behind_long"}));
    assert_eq!(none, 0);
    assert!(stolen > 0 && without > 10_000.0 && with < 2_000.0, "{without} ms, and {with} ms with {stolen} stolen");
}

#[test]
fn a_task_that_was_stolen_says_so() {
    let begin = start(&scenario(2, json!({"kind": "random"})), &[(0, 1000), (100, 100)]);
    let answers = why(&[begin], 1, SimTime(100_000_000), |_, _, _| Some(SimTime::ZERO)).answers;
    let places: Vec<String> = answers.iter().filter(|a| a.question == Question::Place).map(ToString::to_string).collect();
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places[1].contains("had nothing to do, and took it out of the queue of w["), "{}", places[1]);
    let life = faaslab_core::sim::life::life(start(&scenario(2, json!({"kind": "random"})), &[(0, 1000), (100, 100)]), 1);
    let states: Vec<&str> = life.states.iter().map(|state| state.word.as_str()).collect();
    assert_eq!(
        states,
        ["submitted", "placing", "dispatched", "queued", "stolen", "queued", "starting", "running", "returning", "completed"]
    );
    let hosts = [3, 4, 5].map(|i| life.states[i].host.clone().unwrap());
    assert!(hosts[0] != hosts[1] && hosts[1] == hosts[2], "{hosts:?}");
    let waits: Vec<String> = answers.iter().filter(|a| a.question == Question::AtHost).map(ToString::to_string).collect();
    assert_eq!(waits.len(), 1, "{waits:?}");
}

#[test]
fn the_time_on_the_way_to_a_thief_is_transfer() {
    let scenario = scenario(2, json!({"kind": "random"}));
    let workload = Arc::clone(start(&scenario, &[(0, 1000), (100, 100)]).workload());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut run = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    run.run(&mut recorder);
    let summary = faaslab_core::measure::Summary::new(&run, &recorder);
    // The mean over both.
    assert_eq!(support::phase(&summary, "transfer"), 5.0);
    let steals = (summary.steals, summary.steal_successes, summary.steal_attempts);
    assert_eq!(steals, (1, 1, sent(&run, MessageKind::Steal)));
}

#[test]
fn at_low_load_stealing_changes_next_to_nothing_and_at_high_load_the_tail() {
    let tail = |rate: f64, kind: &str| {
        let mut scenario = scenario(10, json!({"kind": kind}));
        scenario.zones[0].latency_ms = Some(0.1);
        for (path, value) in [
            ("policies.placement", json!({"kind": "random"})),
            ("workload.arrivals", json!({"kind": "poisson", "rate_per_s": rate})),
            ("functions.f.execution", json!({"kind": "exponential", "mean_ms": 100})),
            ("run.duration_s", json!(300)),
        ] {
            scenario = set(&scenario, path, value);
        }
        support::run(&scenario).0.response_ms
    };
    let (before, after) = (tail(80.0, "none"), tail(80.0, "power_of_two"));
    assert!(after.p99 < 0.5 * before.p99, "P99 {} and {}", before.p99, after.p99);
    let (before, after) = (tail(1.0, "none"), tail(1.0, "power_of_two"));
    assert!((after.p50 / before.p50 - 1.0).abs() < 0.02, "P50 {} and {}", before.p50, after.p50);
}

#[test]
fn a_pair_that_means_nothing_is_refused() {
    let refused = |architecture: &str, kind: &str| {
        let scenario = set(&scenario(2, json!({"kind": kind})), "frame.architecture", json!({"kind": architecture}));
        validate(&scenario, &Library::default().catalogue()).into_iter().find(|p| !p.warning && p.path == "frame.stealing.kind")
    };
    assert!(refused("pull", "random").unwrap().message.contains("nothing to steal"));
    assert!(refused("decentralized", "behind_long").unwrap().message.contains("does not tell long tasks"));
    assert!(refused("decentralized", "random").is_none());
    // Nor may a change during the run make such a pair.
    let mut later = scenario(2, json!({"kind": "random"}));
    let change = json!([{"at_s": 5, "set": {"frame.architecture.kind": "pull"}}]);
    later.timeline = serde_json::from_value(change).unwrap();
    let problems = validate(&later, &Library::default().catalogue());
    assert!(problems.iter().any(|p| !p.warning && p.path == "timeline[0].set.frame.architecture.kind"), "{problems:?}");
}

#[test]
fn word_that_a_client_gave_up_follows_a_stolen_task_to_the_thief() {
    // The controller is far: its word leaves for the home after the task has left that.
    let mut value = serde_json::to_value(scenario(2, json!({"kind": "random"}))).unwrap();
    value["zones"].as_array_mut().unwrap().push(json!({"id": "far", "latency_ms": 0}));
    for node in value["nodes"].as_array_mut().unwrap().iter_mut().filter(|n| n["id"] == "users") {
        node["zone"] = json!("far");
    }
    value["network"] = json!({"between_zones_ms": 50});
    value["functions"][0]["patience_s"] = json!(0.2);
    let scenario = Scenario::from_value(value).unwrap();
    /// Cancels from host to host.
    struct Forwarded(u32);
    impl Probe for Forwarded {
        fn sent(&mut self, m: &Message) {
            self.0 += u32::from(m.kind == MessageKind::Cancel && m.from > 0 && m.to > 0);
        }
    }
    // Both hosts are busy with long tasks when clients give up; the last one keeps the run going.
    let mut run = start(&scenario, &[(0, 5000), (10, 5000), (20, 5000), (30, 5000), (3000, 10)]);
    let mut forwarded = Forwarded(0);
    assert!(run.run(&mut forwarded).done);
    assert!(sent(&run, MessageKind::Stolen) > 0);
    assert!(forwarded.0 > 0, "the home sends the word on to the thief");
    assert_eq!(run.world().tasks.len(), 0);
}

#[test]
fn a_host_without_memory_does_not_steal_in_order_to_drop() {
    let mut value = serde_json::to_value(scenario(2, json!({"kind": "random"}))).unwrap();
    // Two cores each, and memory for one container: a second task of another function would be dropped.
    value["nodes"][1]["cores"] = json!(2);
    value["functions"][0]["memory_mb"] = json!(600);
    value["policies"]["no_room"] = json!("drop");
    value["policies"]["queue"] = json!("fifo");
    let scenario = Scenario::from_value(value).unwrap();
    let arrivals: Vec<(u64, u64)> = (0..60).map(|i| (i * 5, 400)).collect();
    let mut run = start(&scenario, &arrivals);
    run.run(&mut ());
    let without = set(&scenario, "frame.stealing", json!({"kind": "none"}));
    let mut other = start(&without, &arrivals);
    other.run(&mut ());
    let dropped = |run: &Simulation| run.world().counters.outcomes[faaslab_core::platform::Outcome::Dropped as usize];
    assert!(dropped(&run) <= dropped(&other), "{} and {} without", dropped(&run), dropped(&other));
}

#[test]
fn stealing_may_end_while_what_was_stolen_runs_with_the_same_run_for_whoever_watches() {
    struct Steps;
    impl Probe for Steps {}
    struct Plain;
    impl Probe for Plain {
        fn wants_steps(&self) -> bool {
            false
        }
    }
    let mut scenario = scenario(3, json!({"kind": "random"}));
    scenario.zones[0].latency_ms = Some(0.0);
    scenario.timeline = serde_json::from_value(json!([{"at_s": 0.5, "set": {"frame.stealing.kind": "none"}}])).unwrap();
    let arrivals: Vec<(u64, u64)> = (0..40).map(|i| (i * 37, 600)).collect();
    let (mut plain, mut steps) = (start(&scenario, &arrivals), start(&scenario, &arrivals));
    plain.run(&mut Plain);
    steps.run(&mut Steps);
    assert!(sent(&plain, MessageKind::Stolen) > 0);
    assert_eq!(plain.world().digest, steps.world().digest);
    let loads = [0, 1, 2].map(|host| plain.placers()[0].view.load(host));
    assert!(loads.iter().sum::<u32>() <= 1, "all that ended is heard, but for the last end: {loads:?}");
}

#[test]
fn long_tasks_are_not_stolen() {
    let hawk =
        json!({"kind": "hawk", "cutoff_s": 0.5, "short_only": 0.5, "d": 1, "decision_ms": 0, "central_ms": 0, "message_us": 0});
    let scenario = set(&scenario(2, json!({"kind": "random"})), "frame.architecture", hawk);
    let scenario = set(&scenario, "policies.estimates", json!({"kind": "exact"}));
    let mut run = start(&scenario, &[(0, 1000), (1, 1000), (2, 1000)]);
    let all = starts(&mut run);
    assert!(all.iter().all(|start| start.1 == all[0].1), "they stay in the general partition: {all:?}");
    assert_eq!(sent(&run, MessageKind::Stolen), 0);
}

#[test]
fn hosts_that_are_never_needed_ask_nobody_and_grow_no_list() {
    let mut run = start(&scenario(4, json!({"kind": "random"})), &(0..2000).map(|i| (i * 200, 50)).collect::<Vec<_>>());
    let before = run.size();
    run.step_to(SimTime(300_000_000_000), 1_000_000, &mut ());
    assert_eq!(sent(&run, MessageKind::Steal), 0);
    assert!(run.size() < before + 4096, "{} bytes, {before} before", run.size());
}
