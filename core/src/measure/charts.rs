//! What the charts show: columns short enough to draw, at most a few hundred points each.

use serde::{Deserialize, Serialize};

use super::hosts::HostSeries;
use crate::sim::stage::ContainerState;

/// The data of every chart of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Charts {
    /// The end of the run, in seconds of simulated time.
    pub end_s: f64,
    /// Slowdown against the share of completed invocations at or below it, both increasing.
    pub slowdown_cdf: Vec<(f64, f64)>,
    /// Response time in milliseconds against the share of completed invocations at or below it.
    pub response_cdf: Vec<(f64, f64)>,
    /// Slowdown against the share of completed invocations at or above it, at even steps of the share's logarithm.
    pub slowdown_tail: Vec<(f64, f64)>,
    /// When the first bucket of the series below begins, in seconds.
    pub begin_s: f64,
    /// Width of a bucket, in seconds; bucket i covers begin_s + i * bucket_s to begin_s + (i + 1) * bucket_s.
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
    /// Idle containers that were removed to make room, per second.
    pub evicted_per_s: Vec<f32>,
    /// Idle containers whose keep-alive ran out, per second.
    pub expired_per_s: Vec<f32>,
    /// Mean shares in each bucket that agents give to decentralized, federated and centralized, each agent and function that has
    /// asked counting the same; 0 before the first. Empty where the architecture has no such shares.
    pub shares: [Vec<f32>; 3],
    /// Where the time goes: accounting phases in order of occurrence, with the mean per completed invocation in
    /// milliseconds. They add up to the mean response time.
    pub phases_ms: Vec<(String, f64)>,
    /// How many messages of each kind were sent.
    pub messages: Vec<(String, u64)>,
    /// The placers with the longest inboxes, at most [`MOST_PLACERS`].
    pub placers: Vec<PlacerLoad>,
    /// How many placers there were that a message reached.
    pub placer_count: u32,
    /// What executions take of hosts' cores, at most [`MOST_HOST_ROWS`] rows.
    pub hosts: Vec<HostLoad>,
    /// The containers of one host; filled alone, by [`crate::sim::containers`].
    pub containers: Containers,
    /// What the most loaded hosts say of themselves over all of the run, where a recorder keeps that.
    pub host_series: Option<HostSeries>,
}

/// The most placers that charts show.
pub const MOST_PLACERS: usize = 5;
/// The most rows of the map of hosts. Where there are more hosts, each row is of several.
pub const MOST_HOST_ROWS: usize = 48;

/// What a placer has to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlacerLoad {
    /// The id of its machine, with its number there if it is not the only one.
    pub name: String,
    /// Mean number of messages in its inbox in each bucket.
    pub inbox: Vec<f32>,
    /// The share of each bucket in which it decided.
    pub busy: Vec<f32>,
}

/// What executions take of the cores of a host, or of neighbouring ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostLoad {
    /// The id of the host, or of the first and the last.
    pub name: String,
    /// The number of the first of them.
    pub first: u32,
    /// How many they are.
    pub count: u32,
    /// The share of their cores that executions of ended invocations held in each bucket.
    pub busy: Vec<f32>,
}

/// The containers of a host over some time, each on a line of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Containers {
    /// The id of the host.
    pub host: String,
    /// How many lines there are: places for containers that were used in this time.
    pub lines: u32,
    /// How many more there were, which are not shown.
    pub more: u32,
    /// States, by line in order of time.
    pub spans: Vec<Lasting>,
}

/// A container in one state, or several changes that are too short to be shown one by one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lasting {
    /// Its line.
    pub line: u32,
    /// From when, in seconds.
    pub from_s: f64,
    /// Until when, in seconds.
    pub to_s: f64,
    /// The state, or the one that took most of the time.
    pub state: ContainerState,
    /// The number of its function.
    pub function: u32,
    /// How many changes of state are drawn as one.
    pub merged: u32,
}

/// Four percentiles over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The median.
    pub p50: Vec<f64>,
    /// The 95th.
    pub p95: Vec<f64>,
    /// The 99th.
    pub p99: Vec<f64>,
    /// The 99.9th; not-a-number where there are fewer than a thousand.
    pub p999: Vec<f64>,
}
