//! With no latency, no decision time and one queue, mean waits over 20 replications match queueing theory within 4 standard errors.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::{phase, queue, run};

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0) / n).sqrt())
}

/// The mean wait in the host's queue over independent replications lies within 4 standard errors of the closed form, and the
/// standard error is small enough for that to mean something.
fn waits(what: &str, cores: f64, rate: f64, execution: serde_json::Value, expected_ms: f64) {
    let means: Vec<f64> =
        (0..20).map(|seed| phase(&run(&queue(cores, rate, execution.clone(), 4_000.0, seed)).0, "host_queue")).collect();
    let (mean, error) = mean_and_error(&means);
    assert!((mean - expected_ms).abs() < 4.0 * error, "{what}: {mean} ms, not {expected_ms} ms, error {error}");
    assert!(error < 0.05 * expected_ms, "{what}: {error}");
}

#[test]
fn mm1_wait() {
    // rho / (mu - lambda) with mu = 10/s, lambda = 7/s.
    waits("M/M/1", 1.0, 7.0, json!({"kind": "exponential", "mean_ms": 100}), 0.7 / 3.0 * 1000.0);
}

#[test]
fn md1_wait() {
    // rho S / (2 (1 - rho)) with S = 100 ms, rho = 0.8.
    waits("M/D/1", 1.0, 8.0, json!({"kind": "constant", "mean_ms": 100}), 0.8 * 100.0 / (2.0 * 0.2));
}

#[test]
fn mmc_wait() {
    // Erlang C with c = 4, a = 3.2, divided by (c mu - lambda).
    let (c, a) = (4u32, 3.2_f64);
    let term = |k: u32| (1..=k).map(|i| a / f64::from(i)).product::<f64>();
    let last = term(c) * f64::from(c) / (f64::from(c) - a);
    let erlang_c = last / ((0..c).map(term).sum::<f64>() + last);
    waits("M/M/c", 4.0, 32.0, json!({"kind": "exponential", "mean_ms": 100}), erlang_c / 8.0 * 1000.0);
}

#[test]
fn mg1_wait() {
    // Pollaczek-Khinchine: lambda E[S^2] / (2 (1 - rho)), uniform on 0 to 200 ms: E[S^2] = 200^2 / 3.
    waits("M/G/1", 1.0, 6.0, json!({"kind": "uniform", "min_ms": 0, "max_ms": 200}), 6e-3 * 40_000.0 / 3.0 / (2.0 * 0.4));
}

#[test]
fn sharing_a_core_takes_as_long_on_average_whatever_the_distribution() {
    // M/G/1 processor sharing: S / (1 - rho), S = 100 ms, rho = 0.7, for any distribution of that mean (Kleinrock).
    for (what, execution) in [
        ("M/M/1-PS", json!({"kind": "exponential", "mean_ms": 100})),
        ("M/D/1-PS", json!({"kind": "constant", "mean_ms": 100})),
        ("M/G/1-PS", json!({"kind": "uniform", "min_ms": 0, "max_ms": 200})),
    ] {
        let times: Vec<f64> = (0..20)
            .map(|seed| {
                let scenario = queue(1.0, 7.0, execution.clone(), 4_000.0, seed);
                phase(&run(&support::set(&scenario, "nodes.worker.cpu", json!("shared"))).0, "execution")
            })
            .collect();
        let (mean, error) = mean_and_error(&times);
        let expected = 100.0 / (1.0 - 0.7);
        assert!((mean - expected).abs() < 4.0 * error, "{what}: {mean} ms, not {expected} ms, error {error}");
        assert!(error < 0.05 * expected, "{what}: {error}");
    }
}

#[test]
fn without_a_limit_on_cores_nobody_waits() {
    let scenario = queue(1.0, 70.0, json!({"kind": "constant", "mean_ms": 100}), 100.0, 1);
    let summary = run(&support::set(&scenario, "nodes.worker.cpu", json!("unlimited"))).0;
    assert_eq!(phase(&summary, "host_queue"), 0.0);
    assert_eq!(phase(&summary, "execution"), 100.0);
}

#[test]
fn the_placer_is_md1() {
    // A decision takes 20 ms at 35/s: rho = 0.7.
    let means: Vec<f64> = (0..20)
        .map(|seed| {
            let scenario = queue(100_000.0 / 1_000.0, 35.0, json!({"kind": "constant", "mean_ms": 10}), 2_000.0, seed);
            let scenario = support::set(&scenario, "frame.architecture.decision_ms", json!(20));
            phase(&run(&scenario).0, "placer_queue")
        })
        .collect();
    let (mean, error) = mean_and_error(&means);
    let expected = 0.7 * 20.0 / (2.0 * 0.3);
    assert!((mean - expected).abs() < 4.0 * error, "{mean} {expected} {error}");
}

#[test]
fn a_placer_that_gets_more_than_it_can_decide_falls_behind_linearly() {
    // A decision takes 20 ms and one is asked for every 10 ms: each waits for 10 ms longer than the one before.
    let scenario = queue(100.0, 1.0, json!({"kind": "constant", "mean_ms": 10}), 20.0, 1);
    let scenario = support::set(&scenario, "workload.arrivals", json!({"kind": "deterministic", "rate_per_s": 100}));
    let (summary, recorder) = run(&support::set(&scenario, "frame.architecture.decision_ms", json!(20)));
    assert_eq!(summary.submitted, 2000);
    for row in 0..2000 {
        assert_eq!(recorder.row(row).response_ns, (u64::from(row) * 10 + 20 + 10) * 1_000_000, "invocation {row}");
    }
}

/// So many users before one server, and the figures of a run of an hour for each of 20 seeds.
fn users(number: u32, think_ms: f64, think: &str, execution: serde_json::Value) -> Vec<faaslab_core::measure::Summary> {
    let arrivals = json!({"kind": "closed_loop", "users": number, "think_ms": think_ms, "think": think});
    (0..20)
        .map(|seed| run(&support::set(&queue(1.0, 1.0, execution.clone(), 3_600.0, seed), "workload.arrivals", arrivals.clone())).0)
        .collect()
}

#[test]
fn users_who_wait_are_the_machine_repairman() {
    // M/M/1//N: with r = S / Z the server is idle for 1 / sum of N! / (N - k)! r^k, the throughput is X = busy / S, and a
    // response takes N / X - Z. From hardly any queue to one in which nearly all users stand.
    for number in [2u32, 8, 30] {
        let (think, service) = (1_000.0, 100.0);
        let term = |k: u32| (0..k).map(|i| f64::from(number - i) * service / think).product::<f64>();
        let busy = 1.0 - 1.0 / (0..=number).map(term).sum::<f64>();
        let expected = f64::from(number) * service / busy - think;
        let runs = users(number, think, "exponential", json!({"kind": "exponential", "mean_ms": service}));
        let (mean, error) = mean_and_error(&runs.iter().map(|s| s.response_ms.mean).collect::<Vec<_>>());
        assert!((mean - expected).abs() < 4.0 * error, "{number} users: {mean} ms, not {expected} ms, error {error}");
        assert!(error < 0.02 * expected, "{number} users: {error}");
        let (used, error) = mean_and_error(&runs.iter().map(|s| s.utilisation).collect::<Vec<_>>());
        assert!((used - busy).abs() < 4.0 * error + 1e-3, "{number} users: {used}, not {busy}, error {error}");
    }
}

#[test]
fn throughput_response_and_think_time_add_up_to_the_users() {
    // The interactive response time law, N = X (R + Z), holds for any distributions: only the ends of the run blur it.
    for (think, execution) in [
        ("constant", json!({"kind": "uniform", "min_ms": 0, "max_ms": 300})),
        ("exponential", json!({"kind": "constant", "mean_ms": 150})),
    ] {
        for s in users(12, 800.0, think, execution) {
            let law = s.completed as f64 / s.end_s * (s.response_ms.mean + 800.0) / 1e3;
            assert!((law / 12.0 - 1.0).abs() < 0.01, "{think}: {law} users");
        }
    }
}
