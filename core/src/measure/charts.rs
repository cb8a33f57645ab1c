//! What the charts show: columns short enough to draw, at most a few hundred points each.

use serde::{Deserialize, Serialize};

use super::hosts::HostSeries;

/// The data of every chart of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Charts {
    /// The end of the run, in seconds of simulated time.
    pub end_s: f64,
    /// Slowdown against the share of completed invocations at or below it, both increasing.
    pub slowdown_cdf: Vec<(f64, f64)>,
    /// Response time in milliseconds against the share of completed invocations at or below it.
    pub response_cdf: Vec<(f64, f64)>,
    /// Width of a bucket of the series below, in seconds; bucket i covers i * bucket_s to (i + 1) * bucket_s.
    pub bucket_s: f64,
    /// Slowdown percentiles of the invocations submitted in each bucket; NaN where there were none.
    pub slowdown: Percentiles,
    /// Response-time percentiles in milliseconds of the invocations submitted in each bucket; NaN where there were none.
    pub response_ms: Percentiles,
    /// Invocations submitted in each bucket that started cold.
    pub cold: Vec<u32>,
    /// Invocations submitted in each bucket that started warm.
    pub warm: Vec<u32>,
    /// Invocations submitted in each bucket that were dropped, rejected, timed out or failed.
    pub lost: Vec<u32>,
    /// Mean number of invocations in the system in each bucket.
    pub in_system: Vec<f32>,
    /// Mean memory of idle containers in each bucket, in MB.
    pub idle_mb: Vec<f32>,
    /// Mean memory of starting and busy containers in each bucket, in MB.
    pub busy_mb: Vec<f32>,
    /// Mean memory of images on workers in each bucket, in MB; empty where there are none.
    pub image_mb: Vec<f32>,
    /// Mean shares in each bucket that agents give to decentralized, federated and centralized, each agent and function that has
    /// asked counting the same; 0 before the first. Empty where the architecture has no such shares.
    pub shares: [Vec<f32>; 3],
    /// Where the time goes: accounting phases in order of occurrence, with the mean per completed invocation in
    /// milliseconds. They add up to the mean response time.
    pub phases_ms: Vec<(String, f64)>,
    /// The most loaded hosts over time, where a recorder keeps that.
    pub hosts: Option<HostSeries>,
}

/// Three percentiles over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The median.
    pub p50: Vec<f64>,
    /// The 95th.
    pub p95: Vec<f64>,
    /// The 99th.
    pub p99: Vec<f64>,
}
