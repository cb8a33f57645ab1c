//! From where to where the numbers of a scenario go. Parameters of what the registries offer have theirs there.

use super::validate::{LONGEST_S, MOST_RETRIES};

/// The values that a number may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// What it counts; empty if it counts nothing.
    pub unit: &'static str,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// By the list or part of the scenario and the field: unit, least and most.
const RANGES: &[(&str, &str, &str, f64, f64)] = &[
    ("zones", "latency_ms", "ms", 0.0, 600_000.0),
    ("nodes", "traffic", "", 0.0, 1e9),
    ("nodes", "cores", "", 0.001, 4096.0),
    ("nodes", "memory_mb", "MB", 1.0, 1e9),
    ("nodes", "speed", "", 0.001, 1000.0),
    ("nodes", "disk_mb", "MB", 0.0, 1e12),
    ("nodes", "disk_read_mb_s", "MB/s", 0.001, 1e9),
    ("nodes", "disk_write_mb_s", "MB/s", 0.001, 1e9),
    ("network", "within_zone_ms", "ms", 0.0, 600_000.0),
    ("network", "between_zones_ms", "ms", 0.0, 600_000.0),
    ("links", "latency_ms", "ms", 0.0, 600_000.0),
    ("links", "jitter_ms", "ms", 0.0, 600_000.0),
    ("links", "bandwidth_mbps", "Mbit/s", 0.001, 1e9),
    ("functions", "memory_mb", "MB", 1.0, 1e9),
    ("functions", "create_ms", "ms", 0.0, 86_400_000.0),
    ("functions", "init_ms", "ms", 0.0, 86_400_000.0),
    ("functions", "cores", "", 0.001, 4096.0),
    ("functions", "concurrency", "", 1.0, 10_000.0),
    ("functions", "weight", "", 0.0, 1e9),
    ("functions", "request_kb", "kB", 0.0, 1e9),
    ("functions", "response_kb", "kB", 0.0, 1e9),
    ("functions", "patience_s", "s", 0.000_001, LONGEST_S),
    ("functions", "deadline_s", "s", 0.0, LONGEST_S),
    ("functions", "retries", "", 0.0, MOST_RETRIES as f64),
    ("functions", "backoff_ms", "ms", 0.0, 86_400_000.0),
    ("functions", "ingress_limit_kb", "kB", 0.0, 1e9),
    ("functions", "egress_limit_kb", "kB", 0.0, 1e9),
    ("functions", "min_warm", "", 0.0, 10_000.0),
    ("functions", "keep_alive_s", "s", 0.0, 1e7),
    ("functions", "time_limit_s", "s", 0.000_001, 86_400.0),
    ("functions", "disk_mb", "MB", 0.0, 1e12),
    ("workload.trace_options", "memory_mb", "MB", 1.0, 1e9),
    ("workload.trace_options", "cold_start_ms", "ms", 0.0, 86_400_000.0),
    ("workload.trace_options", "cold_overhead_ms", "ms", 0.0, 86_400_000.0),
    ("workload.trace_options", "cold_overhead_share", "", 0.0, 100.0),
    ("workload.trace_options", "cores", "", 0.001, 4096.0),
    ("workload.trace_options", "concurrency", "", 1.0, 10_000.0),
    ("images", "size_mb", "MB", 0.0, 1e12),
    ("images", "memory_mb", "MB", 0.0, 1e9),
    ("policies", "queue_timeout_s", "s", 0.0, LONGEST_S),
    ("run", "duration_s", "s", 0.001, LONGEST_S),
    ("run", "warm_up_s", "s", 0.0, LONGEST_S),
];

/// The values that the number at a path may have, if it has a range: `nodes.pool[17].cores`, `run.duration_s`.
pub fn range_of(path: &str) -> Option<Range> {
    let (part, field) = path.rsplit_once('.')?;
    let list = part.split('.').next()?;
    let named = |(of, name, ..): &&(&str, &str, &str, f64, f64)| *name == field && (*of == part || *of == list);
    RANGES.iter().find(named).map(|&(_, _, unit, min, max)| Range { unit, min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_found_by_the_path_of_a_value() {
        let range = |path: &str| range_of(path).map(|r| (r.unit, r.min, r.max));
        assert_eq!(range("nodes.edge-1.memory_mb"), Some(("MB", 1.0, 1e9)));
        assert_eq!(range("nodes.pool[17].cores"), Some(("", 0.001, 4096.0)));
        assert_eq!(range("workload.trace_options.concurrency"), Some(("", 1.0, 10_000.0)));
        assert_eq!(range("run.seed"), None);
        assert_eq!(range("policies.keep_alive.ttl_s"), None);
    }
}
