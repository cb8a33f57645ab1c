//! The gallery: every scenario opens without a remark, runs, is drawn without overlaps, and shows what it says it shows.
//!
//! `gallery-digests.json` in /tests holds each run's digest; the browser's test compares the same file. Write it anew with
//! `FAASLAB_BLESS=1 cargo test -p faaslab-core --test gallery`.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::platform::Outcome;
use faaslab_core::scenario::{Role, Scenario, validate};
use faaslab_core::share;
use faaslab_core::sim::stage::{ContainerState, NoteKind, record};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use serde_json::{Value, json};
use support::{phase, run, set};

fn repository(file: &str) -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

fn read(stem: &str) -> Scenario {
    let text = std::fs::read_to_string(repository(&format!("scenarios/{stem}.json"))).unwrap();
    Scenario::from_json(&text).unwrap_or_else(|e| panic!("{stem}: {e}"))
}

/// The stems of the gallery's files, in the order in which the gallery shows them.
fn stems() -> Vec<String> {
    let index: Value = serde_json::from_str(&std::fs::read_to_string(repository("scenarios/index.json")).unwrap()).unwrap();
    let scenarios = index.as_array().unwrap().iter().flat_map(|topic| topic["scenarios"].as_array().unwrap());
    scenarios.map(|stem| stem.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_index_lists_every_file_once_and_begins_with_the_opening_one() {
    let files: BTreeSet<String> = std::fs::read_dir(repository("scenarios"))
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|f| f.extension().is_some_and(|e| e == "json"))
        .map(|f| f.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|stem| stem != "index")
        .collect();
    let listed = stems();
    assert_eq!(listed[0], "three-edges");
    assert_eq!(listed.len(), files.len());
    assert_eq!(BTreeSet::from_iter(listed), files);
}

/// At automatic speed the opening scenario goes through half a second in the first ten on the screen.
#[test]
fn where_a_scenario_begins_containers_are_kept_and_a_cold_start_follows_soon() {
    let index: Value = serde_json::from_str(&std::fs::read_to_string(repository("scenarios/index.json")).unwrap()).unwrap();
    let begins = index.as_array().unwrap().iter().filter_map(|topic| topic["begin_s"].as_object());
    let begins: Vec<(String, f64)> = begins.flatten().map(|(stem, at)| (stem.clone(), at.as_f64().unwrap())).collect();
    assert_eq!(begins[0].0, "three-edges");
    for (stem, at_s) in begins {
        let scenario = read(&stem);
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let run = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        let at = |s: f64| SimTime((s * 1e9) as u64);
        let window = record(run, at(at_s), at(at_s + 0.5));
        let idle = window.containers.iter().filter(|c| c.from_ns <= at(at_s).0 && c.state == ContainerState::Idle).count();
        let cold = window.notes.iter().filter(|n| n.kind == NoteKind::ColdStart).count();
        assert!(idle > 5 && cold >= 3, "{stem}: {idle} idle, {cold} cold starts");
    }
}

#[test]
fn at_any_instant_the_stage_shows_containers_that_serve_what_the_hosts_run() {
    let mut shared = 0;
    let several = set(&read("shared-containers"), "functions.fetch.concurrency", json!(8));
    for scenario in stems().iter().map(|stem| read(stem)).chain([several]) {
        let run = Simulation::new(&scenario, Arc::new(Workload::new(&scenario, None).unwrap()), &Library::default()).unwrap();
        let end = scenario.run.duration_s.unwrap() * 1e9;
        for part in [0.1, 0.5, 0.9] {
            let at = SimTime((end * part) as u64);
            let mut there = run.clone();
            while !there.step_to(at, 10_000, &mut ()) {}
            let running: u32 = there.world().hosts.iter().map(|host| host.running).sum();
            let window = record(run.clone(), SimTime(at.0.saturating_sub(2_000_000_000)), SimTime(at.0 + 1));
            let spans = window.containers.iter().filter(|span| span.from_ns < at.0 && span.to_ns >= at.0);
            let active: Vec<u32> = spans.map(|span| span.active).collect();
            assert_eq!(active.iter().sum::<u32>(), running, "{} at {} s", scenario.title, at.as_s());
            shared += active.iter().filter(|active| **active > 1).count();
        }
    }
    assert!(shared > 0, "some container serves several");
}

#[test]
fn scenarios_that_share_a_workload_draw_the_same() {
    let scenarios: Vec<Scenario> = stems().iter().map(|stem| read(stem)).collect();
    let drawn: Vec<Workload> = scenarios.iter().map(|s| Workload::new(s, None).unwrap()).collect();
    for (a, first) in scenarios.iter().zip(&drawn) {
        for (b, second) in scenarios.iter().zip(&drawn) {
            assert!(!Workload::is_shared(a, b) || first == second, "{}, {}", a.title, b.title);
        }
        let other = &scenarios[0];
        let elsewhere =
            Scenario { frame: other.frame.clone(), policies: other.policies.clone(), timeline: Vec::new(), ..a.clone() };
        assert!(Workload::is_shared(a, &elsewhere), "{}", a.title);
        assert_eq!(Workload::new(&elsewhere, None).unwrap(), *first, "{}", a.title);
        for path in ["run.seed", "run.duration_s"] {
            assert!(!Workload::is_shared(a, &set(a, path, json!(12_345))), "{}: {path}", a.title);
        }
    }
    let opening = &scenarios[0];
    for (path, value) in [
        ("workload.arrivals.rate_per_s", json!(7)),
        ("functions.login.weight", json!(7)),
        ("functions.login.execution.mean_ms", json!(7)),
        ("nodes.users.traffic", json!(7)),
        ("workload.popularity", json!({"kind": "zipf"})),
    ] {
        assert!(!Workload::is_shared(opening, &set(opening, path, value)), "{path}");
    }
}

#[test]
fn every_scenario_is_valid_without_a_remark_and_says_what_it_is_about() {
    for stem in stems() {
        let scenario = read(&stem);
        assert_eq!(validate(&scenario, &Library::default().catalogue()), [], "{stem}");
        for text in [&scenario.title, &scenario.question, &scenario.look_at] {
            assert!(!text.is_empty() && !text.contains('!'), "{stem}: {text:?}");
        }
        assert!(scenario.question.contains('?'), "{stem} asks nothing");
        assert!(!scenario.title.ends_with('.') && scenario.look_at.ends_with('.'), "{stem}");
    }
}

#[test]
fn every_link_opens_to_the_same_scenario() {
    for stem in stems() {
        let link = share::encode(&read(&stem));
        assert_eq!(share::decode(&link).unwrap().scenario, read(&stem), "{stem}");
        assert!(link.len() < 2_000, "{stem}: {} characters", link.len());
    }
}

#[test]
fn every_scenario_runs_to_its_end_with_the_recorded_digest() {
    let path = repository("tests/gallery-digests.json");
    let digests: BTreeMap<String, String> = stems()
        .into_iter()
        .map(|stem| {
            let (summary, _) = run(&read(&stem));
            assert_eq!(summary.completed, summary.submitted, "{stem}: nothing is lost in the gallery");
            assert!(summary.submitted >= 20 && summary.submitted <= 60_000, "{stem}: {} invocations", summary.submitted);
            (stem, summary.digest)
        })
        .collect();
    if std::env::var_os("FAASLAB_BLESS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&digests).unwrap() + "\n").unwrap();
    }
    let recorded: BTreeMap<String, String> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(digests, recorded, "if this is meant: FAASLAB_BLESS=1 cargo test -p faaslab-core --test gallery");
}

#[test]
fn every_registry_entry_appears_in_a_scenario() {
    let mut used = BTreeSet::new();
    for stem in stems() {
        let whole = read(&stem).to_value();
        let mut note = |path: &str, value: &Value| {
            used.insert((path.to_owned(), value["kind"].as_str().unwrap_or_default().to_owned()));
        };
        for path in ["frame.architecture", "policies.placement", "policies.keep_alive", "workload.arrivals", "workload.popularity"]
        {
            note(path, faaslab_core::scenario::Path::parse(path).unwrap().get(&whole).unwrap());
        }
        // Not written where it is the default.
        note("workload.jobs", whole["workload"].get("jobs").unwrap_or(&json!({"kind": "single"})));
        whole["functions"].as_array().unwrap().iter().for_each(|f| note("functions.f.execution", &f["execution"]));
    }
    // One shape of jobs stands for all.
    assert!(used.iter().any(|(path, kind)| path == "workload.jobs" && kind != "single"), "no scenario shows jobs");
    let catalogue = Library::default().catalogue();
    for path in [
        "frame.architecture",
        "policies.placement",
        "policies.keep_alive",
        "workload.arrivals",
        "workload.popularity",
        "functions.f.execution",
    ] {
        for entry in catalogue.entries_at(path).unwrap() {
            assert!(used.contains(&(path.to_owned(), entry.kind.to_owned())), "no scenario shows {path} {}", entry.kind);
        }
    }
}

/// A box on the stage: left, top, right, bottom.
type Area = [f64; 4];

/// How far apart two boxes are, in the direction in which they are farther.
fn gap(a: &Area, b: &Area) -> f64 {
    (a[0] - b[2]).max(b[0] - a[2]).max((a[1] - b[3]).max(b[1] - a[3]))
}

#[test]
fn nodes_have_room_and_zones_do_not_overlap() {
    for stem in stems() {
        let scenario = read(&stem);
        let boxes: Vec<(&str, Area)> = scenario
            .nodes
            .iter()
            .map(|n| {
                let (w, h) = match (n.is(Role::Worker), n.count) {
                    (true, 1) => (168.0, 104.0),
                    // A block's grid, generously.
                    (true, count) => {
                        ((20.0 + 14.0 * (f64::from(count) * 1.6).sqrt()).max(188.0), 80.0 + 10.0 * f64::from(count).sqrt())
                    }
                    _ => (72.0 + 40.0 * (n.roles.len() - 1) as f64, 64.0),
                };
                (n.zone.as_str(), [n.x, n.y, n.x + w, n.y + h])
            })
            .collect();
        for (i, (_, a)) in boxes.iter().enumerate() {
            for (_, b) in &boxes[..i] {
                assert!(gap(a, b) >= 40.0, "{stem}: {a:?} and {b:?} are too near");
            }
        }
        let zones: Vec<Area> = scenario
            .zones
            .iter()
            .map(|z| {
                let inside = || boxes.iter().filter(|(zone, _)| *zone == z.id).map(|(_, area)| area);
                let edge = |i: usize, pick: fn(f64, f64) -> f64| inside().map(|a| a[i]).reduce(pick).unwrap();
                [edge(0, f64::min) - 20.0, edge(1, f64::min) - 44.0, edge(2, f64::max) + 20.0, edge(3, f64::max) + 42.0]
            })
            .collect();
        for (i, a) in zones.iter().enumerate() {
            for b in &zones[..i] {
                assert!(gap(a, b) >= 20.0, "{stem}: zones {a:?} and {b:?}");
            }
        }
    }
}

// What each scenario claims, in numbers.

/// The figures of a scenario with some values set.
fn with(stem: &str, changes: &[(&str, Value)]) -> Summary {
    run(&changes.iter().fold(read(stem), |s, (path, value)| set(&s, path, value.clone()))).0
}

fn near(what: f64, expected: f64) -> bool {
    (what / expected - 1.0).abs() < 0.15
}

#[test]
fn three_edges_a_longer_keep_alive_makes_the_slowest_three_times_faster() {
    let (short, long) = (with("three-edges", &[]), with("three-edges", &[("policies.keep_alive.ttl_s", json!(60))]));
    assert!(near(short.slowdown.p99, 10.0) && near(long.slowdown.p99, 3.0));
    assert!(long.idle_gb_s > 1.5 * short.idle_gb_s, "the price is memory");
}

#[test]
fn cold_start_every_call_is_cold_until_calls_come_sooner_than_containers_go() {
    let (rare, often) = (with("cold-start", &[]), with("cold-start", &[("workload.arrivals.rate_per_s", json!(0.5))]));
    assert_eq!((rare.cold, rare.warm), (30, 0));
    assert_eq!(phase(&rare, "container_start"), 500.0);
    assert_eq!(often.cold, 1);
}

#[test]
fn single_queue_the_response_time_is_that_of_mm1() {
    let (high, low) = (with("single-queue", &[]), with("single-queue", &[("workload.arrivals.rate_per_s", json!(5))]));
    assert!(near(high.response_ms.mean, 1000.0) && near(low.response_ms.mean, 200.0));
}

#[test]
fn users_who_wait_hold_back_and_others_do_not() {
    let users = |n: u32| with("users-who-wait", &[("workload.arrivals.users", json!(n))]);
    let (thirty, sixty) = (users(30), users(60));
    assert!(near(thirty.response_ms.mean, 2_000.0) && near(sixty.response_ms.mean, 5_000.0));
    // Users = throughput x (response + think time).
    for (n, s) in [(30.0, &thirty), (60.0, &sixty)] {
        assert!(near(s.completed as f64 / s.end_s * (s.response_ms.mean / 1e3 + 1.0), n));
        assert!(near(s.completed as f64 / s.end_s, 10.0));
    }
    let open = with("users-who-wait", &[("workload.arrivals", json!({"kind": "poisson", "rate_per_s": 11}))]);
    assert!(near(open.response_ms.mean, 30_000.0), "{}", open.response_ms.mean);
    let twice = with(
        "users-who-wait",
        &[("workload.arrivals", json!({"kind": "poisson", "rate_per_s": 11})), ("run.duration_s", json!(1200))],
    );
    assert!(twice.response_ms.mean > 1.7 * open.response_ms.mean);
}

#[test]
fn stragglers_a_job_is_as_slow_as_its_slowest_task() {
    let (varied, even) = (with("stragglers", &[]), with("stragglers", &[("functions.map.execution.sigma", json!(0.1))]));
    let (jobs, even_jobs) = (varied.jobs.unwrap(), even.jobs.unwrap());
    assert!(near(varied.response_ms.p50, 80.0) && near(varied.response_ms.p99, 390.0) && near(jobs.response_ms.p50, 560.0));
    assert!(varied.utilisation < 0.1 && jobs.slowdown.p50 < 1.02);
    assert!(near(even.response_ms.p50, 100.0) && near(even_jobs.response_ms.p50, 330.0));
    let one = with("stragglers", &[("nodes.workers.count", json!(1))]);
    assert!(near(one.jobs.as_ref().unwrap().slowdown.p50, 1.3) && phase(&one, "host_queue") > 50.0);
}

#[test]
fn two_choices_bring_most_of_the_gain() {
    let p99 = |d: u32| with("two-choices", &[("frame.architecture.d", json!(d))]).response_ms.p99;
    assert!(near(p99(1), 4600.0) && near(p99(2), 1000.0) && near(p99(10), 650.0));
}

#[test]
fn one_queue_leaves_nobody_waiting_beside_a_free_worker_unless_it_is_far() {
    let p99 = |kind: &str| with("one-queue", &[("frame.architecture.kind", json!(kind))]).response_ms.p99;
    assert!(near(p99("pull"), 510.0) && near(p99("centralized"), 620.0) && near(p99("decentralized"), 970.0));
    let far = with("one-queue", &[("zones.cluster.latency_ms", json!(10))]);
    assert!(far.utilisation < 100.0 / 120.0 + 0.01 && phase(&far, "placer_queue") > 5_000.0);
}

#[test]
fn whole_jobs_share_their_samples_and_no_promises_bind_late() {
    let jobs = |stem: &str, kind: &str| with(stem, &[("frame.architecture.kind", json!(kind))]).jobs.unwrap().response_ms;
    assert!(near(jobs("whole-jobs", "decentralized").p50, 680.0));
    let batch = jobs("whole-jobs", "batch_sampling");
    assert!(near(batch.p50, 530.0) && near(batch.p99, 1240.0));
    let late = jobs("no-promises", "late_binding");
    assert!(near(late.p50, 410.0) && near(late.p99, 890.0));
    let in_vain = |cancellation: &str| {
        let summary = with("no-promises", &[("frame.architecture.cancellation", json!(cancellation))]);
        let count = |word: &str| summary.messages.iter().find(|(w, _)| w == word).unwrap().1 as f64;
        count("no_task") / count("get_task")
    };
    assert!(in_vain("on") < 0.05 && near(in_vain("off"), 0.5));
}

#[test]
fn old_news_is_worse_than_none() {
    let p99 = |set: &[(&str, Value)]| with("old-news", set).response_ms.p99;
    let own = ("frame.architecture.between", json!("own"));
    assert!(p99(&[]) > 8_000.0 && near(p99(std::slice::from_ref(&own)), 1_000.0));
    assert!(near(p99(&[("frame.architecture.heartbeat_ms", json!(0))]), 550.0));
    assert!(near(p99(&[own, ("frame.architecture.placers", json!(1))]), 500.0));
}

#[test]
fn too_late_claims_of_the_same_worker_are_refused() {
    let least = with("too-late", &[]);
    let random = with("too-late", &[("policies.placement.kind", json!("random"))]);
    assert!(least.conflicts > 2 * least.completed && near(least.response_ms.p50, 2_500.0));
    assert!(4 * random.conflicts < least.conflicts && near(random.response_ms.p50, 83.0));
    let sequence = with("too-late", &[("frame.architecture.conflict", json!("sequence"))]);
    assert!(sequence.conflicts > 2 * least.conflicts);
}

#[test]
fn busy_placer_the_wait_is_in_the_inbox() {
    let queue = |s: &Summary| phase(s, "placer_queue");
    let slow = with("busy-placer", &[]);
    assert!(near(queue(&slow), 30.0) && phase(&slow, "host_queue") < 0.01 && queue(&slow) > phase(&slow, "execution"));
    assert!(near(queue(&with("busy-placer", &[("frame.architecture.decision_ms", json!(1))])), 0.5));
    let many = with("busy-placer", &[("frame.architecture.kind", json!("decentralized"))]);
    assert!(queue(&many) < 0.01 && near(phase(&many, "dispatch_network"), 9.0));
}

#[test]
fn uneven_zones_offloading_keeps_the_full_zone_stable() {
    let (one, none) = (with("uneven-zones", &[]), with("uneven-zones", &[("frame.architecture.hops", json!(0))]));
    assert!(near(one.response_ms.mean, 160.0) && near(none.response_ms.mean, 16_000.0));
    assert!(one.offloads > 0 && none.offloads == 0);
}

#[test]
fn no_answer_clients_ask_the_next_placer_instead_of_waiting_for_a_minute() {
    let wait = ("frame.architecture.answer_within_ms", json!(0));
    let (ask, waits) = (with("no-answer", &[]), with("no-answer", &[wait]));
    let figures = [&ask, &waits].map(|s| (s.response_ms.mean, s.response_ms.p99, s.withdrawn, s.offloads));
    assert!(near(ask.response_ms.mean, 183.0) && near(ask.response_ms.p99, 565.0), "{figures:?}");
    assert!(near(waits.response_ms.mean, 4_840.0) && near(waits.response_ms.p99, 56_000.0), "{figures:?}");
    assert!(near(ask.withdrawn as f64, 1_500.0) && waits.withdrawn == 0, "{figures:?}");
}

#[test]
fn tight_memory_greedy_dual_loses_less_time_in_starts() {
    let start = |kind: &str| {
        let s = with("tight-memory", &[("policies.keep_alive.kind", json!(kind))]);
        (phase(&s, "container_start"), s.cold_share)
    };
    let (lfu, greedy, lru) = (start("lfu"), start("greedy_dual"), start("lru"));
    assert!(greedy.0 < 0.66 * lfu.0 && greedy.1 < lfu.1, "{greedy:?} {lfu:?}");
    assert!(lru.0 > lfu.0 && lru.1 > lfu.1, "{lru:?}");
    let scenario = read("tight-memory");
    assert!(scenario.functions.iter().map(|f| f.memory_mb).sum::<f64>() > scenario.nodes[2].memory_mb);
}

#[test]
fn heavy_tail_more_slots_and_no_more_cores_let_short_tasks_pass() {
    let (few, many) = (with("heavy-tail", &[]), with("heavy-tail", &[("nodes.worker-1.slots", json!(16))]));
    assert!(near(few.slowdown.p99, 90.0) && near(many.slowdown.p99, 1.1));
    assert!(few.utilisation > 0.3 && few.utilisation < 0.4);
}

#[test]
fn fast_and_slow_turns_overload_the_slow_ones() {
    let (turns, least) = (with("fast-and-slow", &[]), with("fast-and-slow", &[("policies.placement.kind", json!("least_loaded"))]));
    assert!(near(turns.response_ms.p99, 5600.0) && near(least.response_ms.p99, 800.0));
    assert!(
        turns.hosts[..2].iter().all(|h| near(h.utilisation, 0.25)) && turns.hosts[2..].iter().all(|h| near(h.utilisation, 0.95))
    );
}

#[test]
fn herd_asking_all_is_worse_than_asking_two() {
    let d = |d: u32| with("herd", &[("frame.architecture.d", json!(d))]);
    let (all, two, one) = (d(8), d(2), d(1));
    assert!(near(phase(&all, "host_queue"), 283.0) && near(phase(&two, "host_queue"), 112.0));
    assert!(one.response_ms.mean < two.response_ms.mean && one.response_ms.p99 > two.response_ms.p99);
}

#[test]
fn fat_cluster_warm_first_starts_few_containers() {
    let (random, warm) = (with("fat-cluster", &[]), with("fat-cluster", &[("policies.placement.kind", json!("warm_first"))]));
    assert!(near(random.cold_share, 0.25) && near(warm.cold_share, 0.018));
    assert!(near(random.idle_gb_s / warm.idle_gb_s, 17.0));
}

#[test]
fn change_of_plan_calls_after_the_change_are_on_time() {
    let changed = read("change-of-plan");
    let mut as_it_was = changed.clone();
    as_it_was.timeline.clear();
    // The mean response of calls submitted between two instants, in ms.
    let mean = |scenario: &Scenario, from: u64, to: u64| {
        let (summary, recorder) = run(scenario);
        let workload = Workload::new(scenario, None).unwrap();
        let between = |i: &u32| (from * 1_000_000_000..to * 1_000_000_000).contains(&workload.arrival_ns[*i as usize]);
        let rows: Vec<f64> = (0..summary.submitted as u32)
            .filter(between)
            .map(|i| recorder.row(i))
            .filter(|r| r.outcome == Some(Outcome::Completed))
            .map(|r| r.response_ns as f64 / 1e6)
            .collect();
        rows.iter().sum::<f64>() / rows.len() as f64
    };
    assert!(mean(&changed, 28, 30) > 1_500.0 && mean(&changed, 30, 32) < 100.0);
    assert!(near(mean(&as_it_was, 88, 90), 6_000.0));
}

#[test]
fn shared_containers_concurrency_takes_the_wait_away() {
    let (one, ten) = (with("shared-containers", &[]), with("shared-containers", &[("functions.fetch.concurrency", json!(10))]));
    assert!(near(phase(&one, "host_queue"), 300.0) && phase(&ten, "host_queue") < 1.0);
    assert_eq!((one.cold, ten.cold), (8, 8), "the same eight containers");
}

#[test]
fn retry_storm_without_pauses_a_server_that_is_well_again_does_not_recover() {
    let lost = |changes: &[(&str, Value)]| {
        let s = with("retry-storm", changes);
        (s.lost() as f64 / s.submitted as f64, s.retries as f64 / s.submitted as f64)
    };
    let at_once = ("functions.api.backoff_ms", json!(0));
    let (paused, storm) = (lost(&[]), lost(std::slice::from_ref(&at_once)));
    assert!(paused.0 == 0.0 && paused.1 < 0.1, "{paused:?}");
    assert!(near(storm.0, 0.84) && storm.1 > 2.5, "each call is tried four times: {storm:?}");
    assert!(near(lost(&[("functions.api.retries", json!(0))]).0, 0.04));
    assert!(lost(&[at_once.clone(), ("nodes.server.slots", json!(40))]).0 < 0.007);
    // Most of the losses are of calls that came when the server had been well for a minute.
    let scenario = set(&read("retry-storm"), at_once.0, at_once.1);
    let (summary, recorder) = run(&scenario);
    let late = (0..summary.submitted as u32).map(|i| recorder.row(i)).filter(|r| r.submitted.unwrap().as_s() > 100.0);
    let (all, lost) = late.fold((0, 0), |(all, lost), r| (all + 1, lost + u32::from(r.outcome != Some(Outcome::Completed))));
    assert!(all > 2_000 && f64::from(lost) > 0.97 * f64::from(all), "{lost} of {all}");
}

/// The figures of a scenario with another keep-alive policy.
fn keeping(stem: &str, kind: &str) -> Summary {
    with(stem, &[("policies.keep_alive", json!({"kind": kind}))])
}

/// How many calls of some functions were cold.
fn cold_of(summary: &Summary, functions: &[&str]) -> u64 {
    summary.functions.iter().filter(|f| functions.contains(&f.id.as_str())).map(|f| f.cold).sum()
}

fn start_ms(summary: &Summary) -> f64 {
    phase(summary, "container_start")
}

#[test]
fn keep_nothing_every_call_is_cold_and_no_memory_is_held() {
    let (none, fixed) = (with("keep-nothing", &[]), keeping("keep-nothing", "fixed_ttl"));
    assert_eq!((none.cold, none.warm, fixed.cold), (220, 0, 5));
    assert!(near(none.response_ms.mean, 870.0) && near(start_ms(&none), 670.0) && near(fixed.response_ms.mean, 220.0));
    assert!(none.idle_gb_s == 0.0 && near(fixed.idle_gb_s / fixed.busy_gb_s, 100.0));
}

#[test]
fn slow_starters_as_many_calls_are_cold_but_the_cheap_ones() {
    let (frequency, lru) = (with("slow-starters", &[]), keeping("slow-starters", "lru"));
    assert!(near(start_ms(&frequency), 140.0) && near(start_ms(&lru), 870.0) && near(frequency.cold_share, lru.cold_share));
    let slow = ["model-a", "model-b", "model-c", "model-d"];
    assert!(cold_of(&frequency, &slow) < 12 && cold_of(&lru, &slow) > 200);
}

#[test]
fn large_first_small_containers_stay() {
    let (size, lru, frequency) = (with("large-first", &[]), keeping("large-first", "lru"), keeping("large-first", "frequency"));
    assert!(near(size.cold_share, 0.25) && near(lru.cold_share, 0.5) && frequency.cold_share > 0.9 * lru.cold_share);
    assert!(2 * cold_of(&size, &["video", "backup", "etl"]) > size.cold);
}

#[test]
fn rent_what_is_dear_for_its_size_stays() {
    let (landlord, lru) = (with("rent", &[]), keeping("rent", "lru"));
    assert!(near(landlord.cold_share, 0.25) && near(lru.cold_share, 0.46));
    assert!(near(start_ms(&landlord), 150.0) && near(start_ms(&lru), 1000.0));
}

#[test]
fn nothing_to_learn_the_past_is_of_no_use() {
    for kind in ["random", "lru", "lfu", "sieve"] {
        assert!((keeping("nothing-to-learn", kind).cold_share - 0.53).abs() < 0.015, "{kind}");
    }
    assert!(near(keeping("nothing-to-learn", "clairvoyant").cold_share, 0.30));
    let skewed = |kind: &str| {
        let changes = [("workload.popularity.s", json!(1.5)), ("policies.keep_alive.kind", json!(kind))];
        with("nothing-to-learn", &changes).cold_share
    };
    assert!((skewed("random") - 0.28).abs() < 0.01 && (skewed("lru") - 0.24).abs() < 0.01);
}

#[test]
fn passers_by_sieve_keeps_what_is_popular() {
    let (sieve, lru, lfu) = (with("passers-by", &[]), keeping("passers-by", "lru"), keeping("passers-by", "lfu"));
    assert!(near(sieve.cold_share, 0.29) && near(lru.cold_share, 0.40) && near(lfu.cold_share, sieve.cold_share));
    let popular = |s: &Summary| cold_of(s, &["home", "basket", "prices", "stock"]);
    assert!(2 * popular(&sieve) < popular(&lru) && near(popular(&lru) as f64, 0.46 * lru.cold as f64));
}

#[test]
fn probation_a_large_small_queue_leaves_no_room_for_what_is_popular() {
    let (ten, half) = (with("probation", &[]), with("probation", &[("policies.keep_alive.small_percent", json!(50))]));
    let lru = keeping("probation", "lru");
    assert!(near(ten.cold_share, 0.20) && near(half.cold_share, 0.33) && near(lru.cold_share, 0.28));
    assert!(ten.cold_share < 0.8 * lru.cold_share && half.cold_share > 1.1 * lru.cold_share);
}

#[test]
fn just_in_time_only_the_first_call_is_cold_and_little_memory_is_held() {
    let (histogram, fixed, lru) = (with("just-in-time", &[]), keeping("just-in-time", "fixed_ttl"), keeping("just-in-time", "lru"));
    assert_eq!((histogram.cold, fixed.cold, lru.cold, histogram.submitted), (1, 86, 1, 86));
    assert!(near(fixed.idle_gb_s / histogram.idle_gb_s, 5.2) && near(lru.idle_gb_s / histogram.idle_gb_s, 8.4));
}

#[test]
fn foresight_no_rule_comes_near() {
    let best = with("foresight", &[]).cold_share;
    assert!(near(best, 0.23));
    for entry in Library::default().catalogue().entries_at("policies.keep_alive").unwrap() {
        let share = keeping("foresight", entry.kind).cold_share;
        assert!(entry.kind == "clairvoyant" || share > 1.4 * best, "{}: {share}", entry.kind);
    }
    assert!(near(keeping("foresight", "lfu").cold_share, 0.34) && near(keeping("foresight", "lru").cold_share, 0.42));
}

#[test]
fn by_the_clock_time_outweighs_the_rest() {
    let (dual, lru, greedy) = (with("by-the-clock", &[]), keeping("by-the-clock", "lru"), keeping("by-the-clock", "greedy_dual"));
    assert!((dual.cold_share / lru.cold_share - 1.0).abs() < 0.02 && (start_ms(&dual) / start_ms(&lru) - 1.0).abs() < 0.02);
    assert!(near(dual.cold_share, 0.43) && near(greedy.cold_share, 0.33));
    assert!(near(start_ms(&dual), 730.0) && near(start_ms(&greedy), 360.0));
    let dearest = read("by-the-clock").functions.iter().map(|f| (f.create_ms + f.init_ms) / f.memory_mb).fold(0.0, f64::max);
    assert!(dearest * 60.0 < 1000.0);
}

#[test]
fn right_size_a_large_one_goes_for_a_large_one() {
    let (closest, lru) = (with("right-size", &[]), keeping("right-size", "lru"));
    assert!(near(closest.cold_share, 0.22) && near(lru.cold_share, 0.48));
    assert!(near(lru.evictions as f64 / closest.evictions as f64, 2.1));
    assert!(cold_of(&closest, &["video", "render", "etl", "backup"]) as f64 > 0.75 * closest.cold as f64);
    assert!(keeping("foresight", "closest_size").cold_share > keeping("foresight", "lru").cold_share);
}

#[test]
fn last_in_line_which_calls_are_cold_counts_for_more_than_how_many() {
    let longest = with("last-in-line", &[]);
    let least = with("last-in-line", &[("policies.keep_alive.rule", json!("least_cost"))]);
    let lfu = keeping("last-in-line", "lfu");
    assert!(near(start_ms(&longest), 1300.0) && near(start_ms(&least), 340.0) && near(start_ms(&lfu), 690.0));
    assert!(lfu.cold_share < 0.9 * least.cold_share && lfu.cold_share < longest.cold_share);
}

/// The figures of a scenario with another placement.
fn placing(stem: &str, kind: &str) -> Summary {
    with(stem, &[("policies.placement.kind", json!(kind))])
}

#[test]
fn fill_up_the_last_workers_have_nothing_to_do() {
    let (first, least) = (with("fill-up", &[]), placing("fill-up", "least_loaded"));
    let busy = |s: &Summary, host: usize| s.hosts[host].utilisation;
    assert!(near(busy(&first, 0), 0.8) && busy(&first, 6) < 0.03 && busy(&first, 7) < 0.03);
    assert!((0..8).all(|host| near(busy(&least, host), 0.25)));
    assert!(near(least.idle_gb_s / first.idle_gb_s, 1.8) && near(first.response_ms.mean, least.response_ms.mean));
    let memory = with("fill-up", &[("policies.placement.needs", json!("memory"))]);
    assert!(near(phase(&memory, "host_queue"), 56_000.0));
}

#[test]
fn large_gaps_best_fit_leaves_room_for_the_large_one() {
    let response = |s: &Summary, id: &str| s.functions.iter().find(|f| f.id == id).unwrap().response_ms;
    let (best, worst) = (with("large-gaps", &[]), placing("large-gaps", "worst_fit"));
    assert!(near(response(&best, "train"), 2_400.0) && near(response(&worst, "train"), 7_000.0));
    assert!(response(&worst, "resize") < response(&best, "resize"));
}

#[test]
fn elbow_room_calls_that_crowd_take_longer() {
    let (worst, best) = (with("elbow-room", &[]), placing("elbow-room", "best_fit"));
    assert!(near(phase(&worst, "execution"), 400.0) && near(phase(&best, "execution"), 2_600.0));
    assert!(best.hosts[4].utilisation < 0.01 && best.hosts[5].utilisation < 0.01);
    let choice = json!({"kind": "best_fit", "needs": "memory_and_cores"});
    let with_cores = with("elbow-room", &[("policies.placement", choice)]);
    assert!(phase(&with_cores, "execution") < 1.2 * phase(&worst, "execution"));
}

#[test]
fn at_home_functions_find_their_containers_again() {
    let (home, least) = (with("at-home", &[]), placing("at-home", "least_loaded"));
    assert!(near(home.cold_share, 0.05) && near(least.cold_share, 0.82));
    let even = with("at-home", &[("policies.placement.hash", json!("identity"))]);
    let spread = |s: &Summary| {
        let all = s.hosts.iter().map(|h| h.utilisation);
        all.clone().fold(0.0, f64::max) / all.fold(1.0, f64::min)
    };
    assert!(spread(&even) < 1.3 && spread(&home) > 3.0);
}

#[test]
fn hot_home_a_bound_sends_on_what_one_home_cannot_do() {
    let bound = |x: f64| with("hot-home", &[("policies.placement.bound", json!(x))]);
    let (bounded, free, least) = (with("hot-home", &[]), bound(0.0), placing("hot-home", "least_loaded"));
    assert!(bounded.response_ms.mean < 340.0 && free.response_ms.mean > 5_000.0 && near(least.response_ms.mean, 1_850.0));
    assert!(bounded.cold_share < 0.12 && near(least.cold_share, 0.39));
    assert!(free.hosts.iter().any(|h| h.utilisation > 0.98) && bounded.hosts.iter().all(|h| h.utilisation < 0.9));
}

#[test]
fn open_door_idle_workers_take_from_the_hot_home_and_start_cold() {
    let (open, shut) = (with("open-door", &[]), with("open-door", &[("frame.stealing.kind", json!("none"))]));
    assert!(near(open.response_ms.mean, 490.0) && near(shut.response_ms.mean, 12_200.0));
    assert!(near(open.cold_share, 0.32) && near(shut.cold_share, 0.031), "{} {}", open.cold_share, shut.cold_share);
    assert!(open.steals > 4_000 && shut.steals == 0);
}

#[test]
fn fetched_short_calls_do_not_wait_behind_long_ones_when_idle_workers_fetch_them() {
    let (fetched, left) = (with("fetched", &[]), with("fetched", &[("frame.stealing.kind", json!("none"))]));
    assert!(near(fetched.response_ms.p90, 274.0) && near(left.response_ms.p90, 2_290.0));
    assert!(near(fetched.response_ms.p99, left.response_ms.p99), "what is long stays long");
    assert!(near(fetched.steal_attempts as f64 / fetched.steal_successes as f64, 49.0));
}

#[test]
fn by_the_half_takes_more_at_a_time_and_asks_less() {
    let (one, none) = (with("by-the-half", &[]), with("by-the-half", &[("frame.stealing.kind", json!("none"))]));
    let half = with("by-the-half", &[("frame.stealing.share", json!("half"))]);
    let [(half_50, half_99), (one_50, one_99), (none_50, none_99)] = [&half, &one, &none].map(job_ms);
    assert!(near(one_50, 768.0) && near(half_50, 632.0) && near(none_50, 1_092.0));
    assert!(near(one_99, 1_316.0) && near(half_99, 765.0) && near(none_99, 1_903.0));
    assert!(half.steal_attempts < one.steal_attempts);
}

/// Half of the jobs take less, and all but one in a hundred.
fn job_ms(summary: &Summary) -> (f64, f64) {
    let response = &summary.jobs.as_ref().unwrap().response_ms;
    (response.p50, response.p99)
}

#[test]
fn ten_or_twelve_a_proxy_makes_the_larger_fan_out_the_faster_one() {
    let ten = with("ten-or-twelve", &[]);
    let twelve = with("ten-or-twelve", &[("workload.jobs.tasks", json!(12))]);
    let proxy = with("ten-or-twelve", &[("frame.architecture.proxy_above", json!(1))]);
    let central = with("ten-or-twelve", &[("frame.architecture", json!({"kind": "centralized"}))]);
    let close = |s: &Summary, ms: f64| (job_ms(s).0 - ms).abs() < 5.0;
    assert!(close(&ten, 862.0) && close(&twelve, 462.0) && close(&proxy, 462.0) && close(&central, 488.0));
}

#[test]
fn own_kitchen_calls_that_stay_on_their_node_pay_the_way_once() {
    let pick = |how: &str| job_ms(&with("own-kitchen", &[("frame.architecture.pick", json!(how))]));
    let (random, turns, least) = (pick("random"), pick("round_robin"), pick("least_load"));
    assert!((random.0 - 40.0).abs() < 1.0 && near(random.1, 72.0));
    assert!(random.1 > 70.0 && near(turns.1, 63.0) && near(least.1, 54.0) && least.1 < turns.1);
    let central = with("own-kitchen", &[("frame.architecture", json!({"kind": "centralized", "decision_ms": 0.01}))]);
    assert!(near(job_ms(&central).0, 180.0));
}

/// How many transfers of images there were of a kind.
fn transfers(summary: &Summary, kind: &str) -> u64 {
    summary.transfers.iter().find(|t| t.kind == kind).unwrap().count
}

#[test]
fn far_registry_a_store_close_by_fetches_each_image_once() {
    let near_by = with("far-registry", &[]);
    let far = with("far-registry", &[("nodes.service.roles", json!(["cloud_controller"]))]);
    assert_eq!((transfers(&near_by, "download"), transfers(&far, "download")), (3, 0));
    assert!(near(near_by.response_ms.mean, 930.0) && near(far.response_ms.mean, 10_800.0));
    assert!(near(near_by.response_ms.max, 38_300.0));
    assert!(near(phase(&near_by, "staging"), 470.0) && near(start_ms(&near_by), 59.0));
}

/// An image that had just come left the disk for another that somebody waited for, before anybody started with it: two
/// invocations on one worker took each other's image away for ever.
#[test]
fn far_registry_workers_that_fetch_for_themselves_do_not_take_turns_for_ever() {
    let small: Vec<(String, Value)> = (1..=3).map(|i| (format!("nodes.worker-{i}.disk_mb"), json!(1500))).collect();
    let mut changes: Vec<(&str, Value)> = small.iter().map(|(path, mb)| (path.as_str(), mb.clone())).collect();
    changes.push(("frame.architecture.kind", json!("centralized")));
    let s = with("far-registry", &changes);
    assert_eq!(s.completed, s.submitted);
    assert!(s.end_s < 400.0);
}

#[test]
fn work_for_all_costs_transfers_where_disks_are_small() {
    let balanced = with("work-for-all", &[]);
    let (first, least) = (placing("work-for-all", "image_first"), placing("work-for-all", "least_loaded"));
    assert!(
        near(balanced.response_ms.mean, 1_720.0) && near(first.response_ms.mean, 224.0) && near(least.response_ms.mean, 9_100.0)
    );
    let ended = |s: &Summary| s.hosts.iter().map(|h| h.ended).collect::<Vec<_>>();
    assert!(ended(&balanced).iter().all(|&n| n > 450) && ended(&first)[2] < 20);
    assert!(transfers(&balanced, "copy") > 20 * transfers(&first, "copy") && balanced.image_evictions > 20 * first.image_evictions);
    let large: Vec<(String, Value)> = (1..=4).map(|i| (format!("nodes.worker-{i}.disk_mb"), json!(2000))).collect();
    let large: Vec<(&str, Value)> = large.iter().map(|(path, mb)| (path.as_str(), mb.clone())).collect();
    assert!(near(with("work-for-all", &large).response_ms.mean, 248.0));
}

/// How many messages of a kind were sent.
fn messages(summary: &Summary, kind: &str) -> u64 {
    summary.messages.iter().find(|m| m.0 == kind).unwrap().1
}

#[test]
fn homes_fewer_calls_are_cold_and_rebalancing_helps_the_slowest() {
    let (homes, central) = (with("homes", &[]), with("homes", &[("frame.architecture", json!({"kind": "centralized"}))]));
    assert!(near(homes.cold_share, 0.27) && near(central.cold_share, 0.87));
    assert!(near(homes.response_ms.mean, 374.0) && near(homes.response_ms.p99, 1_250.0) && near(central.response_ms.mean, 637.0));
    let even = with("homes", &[("frame.architecture.rebalance_s", json!(15))]);
    let busiest = |s: &Summary| s.hosts.iter().map(|h| h.utilisation).fold(0.0, f64::max);
    assert!(near(busiest(&homes), 0.64) && busiest(&even) < 0.42);
    assert!(even.response_ms.p99 < 0.9 * homes.response_ms.p99);
    assert!(messages(&homes, "note") == 0 && messages(&even, "note") > 0);
}

#[test]
fn two_heartbeats_one_to_ask_and_one_to_collect() {
    let leases = |heartbeat_ms: f64, rate: f64| {
        let beat = ("frame.architecture.heartbeat_ms", json!(heartbeat_ms));
        with("two-heartbeats", &[beat, ("workload.arrivals.rate_per_s", json!(rate))])
    };
    let (slow, fast, busy) = (leases(1000.0, 20.0), leases(100.0, 20.0), leases(1000.0, 80.0));
    assert!(near(phase(&slow, "placer_queue"), 1_500.0) && near(phase(&fast, "placer_queue"), 150.0));
    assert!(near(messages(&fast, "ask") as f64 / messages(&slow, "ask") as f64, 4.0));
    assert!(slow.hosts.iter().all(|h| h.utilisation < 0.15) && busy.hosts.iter().all(|h| h.utilisation < 0.4));
    assert!(near(busy.response_ms.mean, 20_200.0));
}

#[test]
fn locked_cores_four_frameworks_decide_no_faster_than_one() {
    let (locked, quick) = (with("locked-cores", &[]), with("locked-cores", &[("frame.architecture.decision_ms", json!(0.1))]));
    assert!(near(phase(&locked, "placer_queue"), 13_300.0) && near(phase(&quick, "placer_queue"), 250.0));
    assert!(locked.hosts.iter().all(|h| h.utilisation < 0.26));
    let alone = with("locked-cores", &[("frame.architecture", json!({"kind": "independent", "decision_ms": 50}))]);
    assert!(near(alone.response_ms.mean, 699.0));
}

#[test]
fn two_desks_only_the_long_calls_need_the_controller() {
    let cutoff = |s: f64| with("two-desks", &[("frame.architecture.cutoff_s", json!(s))]).response_ms;
    let (split, all, none) = (cutoff(1.0), cutoff(0.0), cutoff(100.0));
    assert!(near(split.mean, 475.0) && near(all.mean, 5977.0));
    assert!(split.p95 < none.p95 && near(none.max, 11_600.0));
    assert!(split.max < 8_100.0, "no long call waits for another");
}

#[test]
fn fast_lane_short_calls_do_not_stand_behind_long_ones() {
    let of = |kind: &str| with("fast-lane", &[("frame.architecture.kind", json!(kind))]).response_ms;
    let (eagle, hawk) = (of("eagle"), of("hawk"));
    assert!(near(eagle.p90, 284.0) && near(hawk.p90, 2097.0));
    assert!(eagle.mean < 0.6 * hawk.mean);
}

#[test]
fn standing_aside_long_calls_that_stop_for_short_ones_are_killed_again_and_again() {
    let of = |word: &str| with("standing-aside", &[("frame.architecture.guaranteed", json!(word))]);
    let (long, short) = (of("long"), of("short"));
    assert!(near(phase(&long, "lost"), 3.3) && near(phase(&short, "lost"), 228.0));
    assert!(near(long.response_ms.p50, 107.0) && near(short.response_ms.p50, 79.0));
    assert!(near(long.utilisation, 0.47) && near(short.utilisation, 0.96));
    assert!(near((short.submitted - short.completed) as f64 / short.submitted as f64, 0.05));
}

#[test]
fn tail_of_its_own_no_other_machine_makes_a_function_more_even() {
    let change = |name: &str, word: &str| with("tail-of-its-own", &[(&format!("frame.architecture.{name}"), json!(word))]);
    let (tail, stay, faithful) = (with("tail-of-its-own", &[]), change("mode", "decentralized"), change("form", "faithful"));
    let ms = |s: &Summary, id: &str| s.functions.iter().find(|f| f.id == id).unwrap().response_ms;
    assert!(near(ms(&tail, "varied"), 199.0) && near(ms(&stay, "varied"), 101.0) && near(ms(&faithful, "varied"), 130.0));
    assert!(near(ms(&tail, "steady") - ms(&stay, "steady"), 9.3));
    assert!(tail.hosts.iter().chain(&stay.hosts).all(|h| h.utilisation < 0.2), "nobody is busy");
    let scenario = read("tail-of-its-own");
    let workload = Arc::new(Workload::new(&scenario, None).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
    simulation.run(&mut recorder);
    let shares = recorder.charts(&simulation).shares;
    // Of two functions, nine tenths of one go away when the cold starts are forgotten, and each has a twentieth elsewhere.
    let [here, edge, cloud] = shares.map(|share| share[40..].iter().map(|&s| f64::from(s)).sum::<f64>() / 80.0);
    assert!((here - 0.475).abs() < 0.01 && cloud > 2.0 * edge, "{here}, {edge}, {cloud}");
    assert!(stay.hosts.iter().filter(|h| h.ended > 0).count() == 1);
}
