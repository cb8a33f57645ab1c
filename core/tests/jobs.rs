//! Jobs: when their tasks are submitted, what their measures say, and traces of them.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::measure::{JobSummary, Recorder, Summary};
use faaslab_core::scenario::{Scenario, TraceRef, validate};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::trace::{Limits, Reader, TraceData};
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use support::{queue, set};

const MS: u64 = 1_000_000;

/// Jobs on one worker without latency, whose containers start at once; 1 job a second for 10 seconds, tasks of 100 ms.
fn scenario(cores: f64, jobs: Value) -> Scenario {
    let scenario = queue(cores, 1.0, json!({"kind": "constant", "mean_ms": 100}), 10.0, 1);
    let scenario = set(&scenario, "workload.arrivals.kind", json!("deterministic"));
    let scenario = set(&scenario, "workload.arrivals.rate_per_s", json!(1));
    set(&set(&scenario, "run.warm_up_s", json!(0)), "workload.jobs", jobs)
}

fn run(scenario: &Scenario) -> (Summary, JobSummary, Recorder) {
    let (summary, recorder) = support::run(scenario);
    let jobs = summary.jobs.clone().unwrap();
    assert_eq!(summary.sojourn_ns, summary.in_system_ns, "Little's law");
    (summary, jobs, recorder)
}

#[test]
fn a_chain_on_an_idle_host_takes_the_sum_of_its_tasks() {
    let (summary, jobs, recorder) = run(&scenario(4.0, json!({"kind": "chain", "tasks": 3})));
    assert_eq!((summary.submitted, summary.completed, jobs.submitted, jobs.completed), (30, 30, 10, 10));
    assert_eq!((jobs.response_ms.p50, jobs.response_ms.max, jobs.slowdown.max), (300.0, 300.0, 1.0));
    // Each task is submitted when the one before has ended.
    let times: Vec<u64> = [0, 10, 11].map(|row| recorder.row(row).submitted.unwrap().0 / MS).into();
    assert_eq!(times, [1_000, 1_100, 1_200]);
}

#[test]
fn a_chain_pays_the_way_to_the_client_and_back_for_each_task() {
    // One way takes 5 ms between client and worker; the controller stands on the client's node.
    let far = scenario(4.0, json!({"kind": "chain", "tasks": 3}));
    let far = set(&far, "network.within_zone_ms", json!(5));
    let far = set(&far, "zones.z.latency_ms", json!(5));
    let (summary, jobs, _) = run(&far);
    assert_eq!(summary.response_ms.max, 110.0);
    assert_eq!((jobs.response_ms.max, jobs.slowdown.max), (3.0 * 110.0, 1.1));
}

#[test]
fn a_diamond_takes_two_rounds_on_one_core_and_three_tasks_on_two() {
    // First, two side by side, last: on one core those in the middle come one after the other.
    let diamond = json!({"kind": "fan_out", "tasks": 2});
    let response = |cores: f64| run(&scenario(cores, diamond.clone())).1.response_ms.max;
    assert_eq!((response(1.0), response(2.0), response(64.0)), (400.0, 300.0, 300.0));
    assert_eq!(run(&scenario(1.0, diamond)).1.slowdown.max, 4.0 / 3.0);
}

#[test]
fn parallel_tasks_end_with_the_slowest() {
    // Five tasks on two cores: three rounds of 100 ms; the mean task takes (100 + 100 + 200 + 200 + 300) / 5.
    let (summary, jobs, _) = run(&scenario(2.0, json!({"kind": "parallel", "tasks": 5})));
    assert_eq!((summary.response_ms.mean, jobs.response_ms.mean), (180.0, 300.0));
    assert_eq!((summary.slowdown.mean, jobs.slowdown.mean), (1.8, 3.0));
}

#[test]
fn lone_invocations_have_no_jobs_and_jobs_of_one_task_are_lone_invocations() {
    let (alone, _) = support::run(&scenario(1.0, json!({"kind": "single"})));
    assert_eq!(alone.jobs, None);
    let (one, jobs, _) = run(&scenario(1.0, json!({"kind": "parallel", "tasks": 1})));
    assert_eq!(one.digest, alone.digest);
    assert_eq!((jobs.slowdown, jobs.response_ms), (one.slowdown, one.response_ms));
}

#[test]
fn a_job_that_loses_a_task_fails_and_is_in_no_average() {
    // One core and no place to wait: of three tasks at once two are refused.
    let full = set(&scenario(1.0, json!({"kind": "parallel", "tasks": 3})), "policies.queue_bound", json!(0));
    let (summary, jobs, _) = run(&full);
    assert_eq!((summary.completed, summary.rejected), (10, 20));
    assert_eq!((jobs.submitted, jobs.completed, jobs.failed, jobs.live, jobs.response_ms.count), (10, 0, 10, 0, 0));
    // A lost task does not hold back those that wait for it.
    let full = set(&scenario(1.0, json!({"kind": "fan_out", "tasks": 3})), "policies.queue_bound", json!(0));
    let (summary, jobs, _) = run(&full);
    assert_eq!((summary.submitted, summary.rejected, jobs.failed), (50, 20, 10));
}

#[test]
fn jobs_of_the_warm_up_are_counted_and_not_measured() {
    let (_, jobs, _) = run(&set(&scenario(4.0, json!({"kind": "chain", "tasks": 2})), "run.warm_up_s", json!(4.05)));
    assert_eq!((jobs.completed, jobs.response_ms.count), (10, 6));
    // A job that began in the warm-up is not measured by the task that it submits after it.
    let (summary, jobs, _) = run(&set(&scenario(4.0, json!({"kind": "chain", "tasks": 2})), "run.warm_up_s", json!(4.0)));
    assert_eq!((summary.response_ms.count, jobs.response_ms.count), (14, 7));
}

#[test]
fn a_job_s_slowdown_is_its_response_over_its_longest_way() {
    let jobs = json!({"kind": "layered", "layers": 3, "width": 4, "functions": "each"});
    let scenario = set(&scenario(3.0, jobs), "functions.f.execution", json!({"kind": "exponential", "mean_ms": 100}));
    let (_, figures, recorder) = run(&scenario);
    let workload = Workload::new(&scenario, None).unwrap();
    let mut mean = 0.0;
    for (job, &ideal) in (0u32..).zip(&workload.job_ideal_ns) {
        let rows: Vec<_> =
            (0..workload.len() as u32).filter(|&r| workload.job[r as usize] == job).map(|r| recorder.row(r)).collect();
        let first = rows.iter().map(|r| r.submitted.unwrap().0).min().unwrap();
        let last = rows.iter().map(|r| r.submitted.unwrap().0 + r.response_ns).max().unwrap();
        assert!(last - first >= ideal);
        mean += (last - first) as f64 / ideal as f64 / workload.job_ideal_ns.len() as f64;
    }
    assert!((figures.slowdown.mean - mean).abs() < 1e-9 && figures.slowdown.count == figures.completed);
}

#[test]
fn a_checkpoint_of_a_run_of_layers_goes_on_to_the_same_end() {
    let scenario = set(
        &scenario(2.0, json!({"kind": "layered", "edge": 0.5})),
        "functions.f.execution",
        json!({"kind": "exponential", "mean_ms": 50}),
    );
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    let mut ends = Vec::new();
    while !simulation.step(20, &mut recorder).done {
        let (mut copy, mut copied) = (simulation.clone(), recorder.clone());
        copy.run(&mut copied);
        ends.push(Summary::new(&copy, &copied));
    }
    let end = Summary::new(&simulation, &recorder);
    assert!(ends.len() > 20 && ends.iter().all(|other| *other == end));
    assert_eq!(end.jobs.unwrap().live, 0);
}

#[test]
fn while_a_run_goes_on_jobs_that_have_not_come_are_not_counted() {
    let scenario = scenario(4.0, json!({"kind": "parallel", "tasks": 2}));
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    while simulation.world().counters.submitted < 10 {
        simulation.step(1, &mut recorder);
    }
    let jobs = Summary::new(&simulation, &recorder).jobs.unwrap();
    assert_eq!((jobs.submitted, jobs.completed, jobs.live), (5, 4, 1));
}

#[test]
fn what_jobs_cannot_be_is_refused_with_the_reason() {
    let problems = |jobs: Value, arrivals: Value| {
        let scenario = set(&set(&scenario(1.0, jobs), "workload.arrivals", arrivals), "run.duration_s", json!(1_000));
        let all = validate(&scenario, &Library::default().catalogue());
        all.into_iter().map(|p| format!("{}: {}", p.path, p.message)).collect::<Vec<_>>()
    };
    let poisson = |rate: u32| json!({"kind": "poisson", "rate_per_s": rate});
    assert_eq!(
        problems(json!({"kind": "chain"}), json!({"kind": "closed_loop"})),
        ["workload.jobs.kind: users who wait for answers make invocations, not jobs"]
    );
    assert_eq!(problems(json!({"kind": "tree"}), poisson(1)), ["workload.jobs.kind: there is no tree"]);
    assert_eq!(
        problems(json!({"kind": "chain", "tasks": 0}), poisson(1)),
        ["workload.jobs.tasks: expected a whole number from 1 to 10000, found 0"]
    );
    assert_eq!(problems(json!({"kind": "parallel", "tasks": 1_000}), poisson(50)), [""; 0]);
    // Tasks count, and so do dependencies.
    assert_eq!(
        problems(json!({"kind": "parallel", "tasks": 1_000}), poisson(51)),
        ["workload.arrivals.rate_per_s: about 51000000 invocations are more than 50000000"]
    );
    let dense = problems(json!({"kind": "layered", "layers": 11, "width": 999, "edge": 1}), poisson(1));
    assert_eq!(dense, ["workload.jobs.kind: about 2500000000 dependencies are more than 50000000"]);
}

/// Reads a trace of the folder of files that do not belong to the project, or says that it is absent.
fn shared_trace(path: &str) -> Option<TraceData> {
    let root = std::env::var_os("FAASLAB_SHARED")
        .map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").into(), std::path::PathBuf::from);
    let Ok(bytes) = std::fs::read(root.join("traces").join(path)) else {
        println!("skipped: ../shared/traces is absent");
        return None;
    };
    Some(read_trace(&bytes))
}

fn read_trace(bytes: &[u8]) -> TraceData {
    let mut reader = Reader::new(Limits::default());
    reader.begin_file("trace");
    reader.push(bytes).unwrap();
    reader.finish().unwrap().0
}

/// Runs a trace on one host of so many cores, with memory for all, without latency and without cold starts.
fn run_trace(trace: &TraceData, cores: f64) -> (Summary, Recorder) {
    run_trace_on(trace, cores, "slots")
}

/// The same, with a rule for how invocations use its cores.
fn run_trace_on(trace: &TraceData, cores: f64, cpu: &str) -> (Summary, Recorder) {
    let mut scenario = set(&scenario(cores, json!({"kind": "single"})), "nodes.worker.cpu", json!(cpu));
    scenario.take_trace(TraceRef { format: trace.format.key().to_owned(), files: vec![] });
    let scenario = set(&scenario, "workload.trace_options.cold_start_ms", json!(0));
    let scenario = set(&scenario, "nodes.worker.memory_mb", json!(1e9));
    let workload = Arc::new(Workload::new(&scenario, Some(trace)).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut recorder);
    let summary = Summary::new(&simulation, &recorder);
    assert_eq!(summary.sojourn_ns, summary.in_system_ns, "Little's law");
    (summary, recorder)
}

#[test]
fn workflows_on_a_host_with_room_for_all_take_their_longest_ways() {
    for (path, tasks, jobs) in [
        ("workflow/wtf_shell_tasks.csv", 10_208, 3_403),
        ("workflow/wtf_askalon_tasks.csv", 460, 20),
        ("workflow/wtf_montage_wfcommons_tasks.csv", 103, 1),
        ("workflow/gwf_workflow_tasks.csv", 30_746, 758),
    ] {
        let Some(trace) = shared_trace(path) else { return };
        let (summary, _) = run_trace_on(&trace, 4_000.0, "unlimited");
        let figures = summary.jobs.unwrap();
        assert_eq!((summary.completed, summary.live, figures.completed, figures.submitted), (tasks, 0, jobs, jobs), "{path}");
        assert_eq!(figures.slowdown.max, 1.0, "{path}");
    }
}

#[test]
fn logs_of_parallel_machines_run_and_what_is_larger_than_the_host_is_rejected() {
    for (path, jobs, cores, rejected) in [
        ("workflow/surf_week_tasks.csv", 6_295, 1_600.0, 0),
        ("swf/swf_lcg_20000.swf", 20_000, 500.0, 0),
        ("swf/swf_nasa_ipsc_5000.swf", 5_000, 128.0, 0),
        // Six of its jobs had more than 512 processors.
        ("swf/swf_ricc_5000.swf", 5_000, 512.0, 6),
    ] {
        let Some(trace) = shared_trace(path) else { return };
        let (summary, _) = run_trace(&trace, cores);
        assert_eq!((summary.submitted, summary.rejected, summary.jobs), (jobs, rejected, None), "{path}");
        assert_eq!(summary.completed + rejected, jobs, "{path}");
        let too_small = summary.causes.iter().find(|c| c.0 == "host_too_small").unwrap().1;
        assert_eq!(too_small, rejected, "{path}");
    }
}

#[test]
fn malformed_dependencies_hold_nothing_back() {
    let Some(workflow) = shared_trace("hostile/33_wtf_cycle_dangling.csv") else { return };
    let (summary, _) = run_trace(&workflow, 4.0);
    assert_eq!((summary.completed, summary.live), (2, 0));
    let Some(log) = shared_trace("hostile/34_swf_bad.swf") else { return };
    let (summary, _) = run_trace(&log, 4.0);
    assert_eq!((summary.completed, summary.rejected, summary.live), (2, 1, 0));
}

#[test]
fn a_trace_s_tasks_are_submitted_when_their_parents_results_are_in() {
    // The file says that b came at 5 ms; a ends at 30 ms. c is another workflow's, d waits for b and c's workflow does not.
    let text = b"id,workflow_id,ts_submit,runtime,parents\na,w,0,30,\nb,w,5,10,a\nc,v,20,7,\nd,w,6,5,a b\n";
    let (summary, recorder) = run_trace(&read_trace(text), 4.0);
    let mut times: Vec<(u64, u64)> = (0..4)
        .map(|i| recorder.row(i))
        .map(|row| (row.submitted.unwrap().0 / MS, (row.submitted.unwrap().0 + row.response_ns) / MS))
        .collect();
    times.sort_unstable();
    assert_eq!(times, [(0, 30), (20, 27), (30, 40), (40, 45)]);
    let jobs = summary.jobs.unwrap();
    assert_eq!((jobs.completed, jobs.response_ms.max, jobs.slowdown.max), (2, 45.0, 1.0));
}
