//! The keep-alive competition's simulator: every deterministic policy in every count and every outcome, the random one within
//! the spread of its seeds.

use std::fs::read_to_string;

use faaslab_core::scenario::{Path, Scenario};
use serde_json::{Value, json};

use super::{Counts, Report, folder, keep_alive_cases, play, preset, read_trace};

/// Our name for one of the competition's policies.
fn policy(name: &str) -> Value {
    let group = |rule: &str| json!({"kind": "lfu_group", "rule": rule});
    match name {
        "LRU" => json!({"kind": "lru"}),
        "LFU_CLASSIC" => json!({"kind": "lfu", "ties": "newest"}),
        "DUAL_GREEDY_PRIORITY" => json!({"kind": "dual_greedy"}),
        "CLOSEST_SIZE_LARGEST_KICK" => json!({"kind": "closest_size"}),
        "CLOSEST_SIZE_SMALLEST_KICK" => json!({"kind": "closest_size", "otherwise": "smallest"}),
        "LFU_GROUP_CLOSEST" => group("closest"),
        "LFU_GROUP_MAX_COLD_TIME" => group("longest_cold_start"),
        "LFU_GROUP_MAX_INIT_TIME" => group("least_cost"),
        "LFUGROUP_MAXINITGROUP_CLOSEST" => group("least_cost_closest"),
        "LFUGROUP_MAXINITGROUP_LARGEST" => group("least_cost_largest"),
        "LFUGROUP_CLOSESTGROUP_MAXINIT" => group("closest_least_cost"),
        "RAND" => json!({"kind": "random"}),
        other => panic!("the goldens have a policy {other} that is not known here"),
    }
}

fn scenario(name: &str, run: &Value) -> Scenario {
    preset("keepalive-fce", run["mem_mb"].as_f64().unwrap(), policy(name))
}

#[test]
fn every_policy_of_the_keep_alive_competition_agrees_in_every_count_and_outcome() {
    let mut report = Report::default();
    for (name, trace, runs) in keep_alive_cases("fce") {
        for run in &runs {
            let kind = run["policy"].as_str().unwrap();
            let (ours, expected) = (play(&scenario(kind, run), &trace), Counts::expected(run));
            let agrees = ours == expected;
            let detail = if agrees { expected.to_string() } else { format!("{ours}; the original: {expected}") };
            report.line(format!("competition, {name}, {kind}, {} MB", run["mem_mb"]), agrees, detail);
        }
    }
    report.total("keep-alive competition");
    assert_eq!(report.differ, 0, "run ./dev goldens for the lines");
}

#[test]
fn random_eviction_is_within_the_spread_of_the_competitions_seeds() {
    const SEEDS: u64 = 30;
    let Some(folder) = folder().map(|f| f.join("faascache")) else { return };
    let Ok(text) = read_to_string(folder.join("rand_stats_fce.json")) else {
        return println!("skipped: rand_stats_fce.json is absent");
    };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut report = Report::default();
    for case in &cases {
        let name = case["trace"].as_str().unwrap();
        let path = folder.join(name).join("trace.csv");
        if !path.exists() {
            println!("skipped: {} is absent", path.display());
            continue;
        }
        let trace = read_trace(&path);
        let mut hits = Vec::new();
        for seed in 1..=SEEDS {
            let seeded = scenario("RAND", case).with(&Path::parse("run.seed").unwrap(), json!(seed)).unwrap();
            hits.push(play(&seeded, &trace).hits as f64);
        }
        let mean = hits.iter().sum::<f64>() / SEEDS as f64;
        let variance = hits.iter().map(|h| (h - mean) * (h - mean)).sum::<f64>() / (SEEDS - 1) as f64;
        let number = |name: &str| case["hits"][name].as_f64().unwrap();
        let theirs = number("stdev") * number("stdev") / case["seeds"].as_f64().unwrap();
        // Four standard errors of the difference of the two means, and never less than what rounding to whole hits can do.
        let bound = 4.0 * (variance / SEEDS as f64 + theirs).sqrt() + 0.5;
        let detail = format!("mean of {SEEDS} seeds {mean:.1} hits, the original {:.1}, bound {bound:.1}", number("mean"));
        report.line(format!("competition, {name}, RAND, {} MB", case["mem_mb"]), (mean - number("mean")).abs() <= bound, detail);
    }
    report.total("keep-alive competition, random");
    assert_eq!(report.differ, 0, "run ./dev goldens for the lines");
}
