//! The numbers of a scenario: what people call them, what they count, and from where to where they go. Parameters of what the
//! registries offer have theirs there.

use super::validate::{LONGEST_S, MOST_RETRIES};

/// A number of a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// What people call it.
    pub label: &'static str,
    /// What it counts; empty if it counts nothing.
    pub unit: &'static str,
    /// The least.
    pub min: f64,
    /// The most; infinite where nothing but its type bounds it.
    pub max: f64,
}

/// By the list or part of the scenario and the field: label, unit, least and most.
const QUANTITIES: &[(&str, &str, &str, &str, f64, f64)] = &[
    ("zones", "latency_ms", "Latency inside", "ms", 0.0, 600_000.0),
    ("nodes", "traffic", "Traffic", "", 0.0, 1e9),
    ("nodes", "cores", "Cores", "", 0.001, 4096.0),
    ("nodes", "memory_mb", "Memory", "MB", 1.0, 1e9),
    ("nodes", "speed", "Speed", "×", 0.001, 1000.0),
    ("nodes", "slots", "Slots", "", 1.0, f64::INFINITY),
    ("nodes", "count", "Machines", "", 1.0, f64::INFINITY),
    ("nodes", "disk_mb", "Disk", "MB", 0.0, 1e12),
    ("nodes", "disk_read_mb_s", "Disk reads", "MB/s", 0.001, 1e9),
    ("nodes", "disk_write_mb_s", "Disk writes", "MB/s", 0.001, 1e9),
    ("network", "within_zone_ms", "Inside a zone", "ms", 0.0, 600_000.0),
    ("network", "between_zones_ms", "Between zones", "ms", 0.0, 600_000.0),
    ("links", "latency_ms", "Latency", "ms", 0.0, 600_000.0),
    ("links", "jitter_ms", "Jitter", "ms", 0.0, 600_000.0),
    ("links", "bandwidth_mbps", "Bandwidth", "Mbit/s", 0.001, 1e9),
    ("functions", "memory_mb", "Memory", "MB", 1.0, 1e9),
    ("functions", "create_ms", "Create", "ms", 0.0, 86_400_000.0),
    ("functions", "init_ms", "Initialise", "ms", 0.0, 86_400_000.0),
    ("functions", "cores", "Cores", "", 0.001, 4096.0),
    ("functions", "concurrency", "Concurrency", "", 1.0, 10_000.0),
    ("functions", "weight", "Weight", "", 0.0, 1e9),
    ("functions", "request_kb", "Request", "kB", 0.0, 1e9),
    ("functions", "response_kb", "Response", "kB", 0.0, 1e9),
    ("functions", "patience_s", "Gives up after", "s", 0.000_001, LONGEST_S),
    ("functions", "deadline_s", "Deadline", "s", 0.0, LONGEST_S),
    ("functions", "priority", "Priority", "", 0.0, f64::INFINITY),
    ("functions", "retries", "Tries again", "times", 0.0, MOST_RETRIES as f64),
    ("functions", "backoff_ms", "Pause before that", "ms", 0.0, 86_400_000.0),
    ("functions", "ingress_limit_kb", "Largest request", "kB", 0.0, 1e9),
    ("functions", "egress_limit_kb", "Largest response", "kB", 0.0, 1e9),
    ("functions", "min_warm", "Always warm", "", 0.0, 10_000.0),
    ("functions", "keep_alive_s", "Keep alive for", "s", 0.0, 1e7),
    ("functions", "time_limit_s", "Time limit", "s", 0.000_001, 86_400.0),
    ("functions", "disk_mb", "Disk", "MB", 0.0, 1e12),
    ("workload.trace_options", "time_scale", "Times", "×", 1e-6, 1e6),
    ("workload.trace_options", "memory_mb", "Memory", "MB", 1.0, 1e9),
    ("workload.trace_options", "cold_start_ms", "Cold start", "ms", 0.0, 86_400_000.0),
    ("workload.trace_options", "cold_overhead_ms", "Cold start overhead", "ms", 0.0, 86_400_000.0),
    ("workload.trace_options", "cold_overhead_share", "And a share", "", 0.0, 100.0),
    ("workload.trace_options", "cores", "Cores", "", 0.001, 4096.0),
    ("workload.trace_options", "concurrency", "Concurrency", "", 1.0, 10_000.0),
    ("images", "size_mb", "Size", "MB", 0.0, 1e12),
    ("images", "memory_mb", "In memory", "MB", 0.0, 1e9),
    ("policies", "queue_bound", "Places to wait", "", 0.0, f64::INFINITY),
    ("policies", "queue_timeout_s", "Longest wait", "s", 0.0, LONGEST_S),
    ("run", "seed", "Seed", "", 0.0, f64::INFINITY),
    ("run", "duration_s", "Arrivals for", "s", 0.001, LONGEST_S),
    ("run", "warm_up_s", "Warm-up", "s", 0.0, LONGEST_S),
];

/// What the number at a path is, if one stands there: `nodes.pool[17].cores`, `run.duration_s`.
pub fn quantity(path: &str) -> Option<Quantity> {
    let (part, field) = path.rsplit_once('.')?;
    let list = part.split('.').next()?;
    let named = |(of, name, ..): &&(&str, &str, &str, &str, f64, f64)| *name == field && (*of == part || *of == list);
    QUANTITIES.iter().find(named).map(|&(_, _, label, unit, min, max)| Quantity { label, unit, min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_found_by_the_path_of_its_value() {
        let found = |path: &str| quantity(path).map(|q| (q.label, q.unit, q.min, q.max));
        assert_eq!(found("nodes.edge-1.memory_mb"), Some(("Memory", "MB", 1.0, 1e9)));
        assert_eq!(found("nodes.pool[17].cores"), Some(("Cores", "", 0.001, 4096.0)));
        assert_eq!(found("workload.trace_options.concurrency"), Some(("Concurrency", "", 1.0, 10_000.0)));
        assert_eq!(found("run.first"), None);
        assert_eq!(found("policies.keep_alive.ttl_s"), None);
    }
}
