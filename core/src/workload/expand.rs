//! Per-minute counts to invocations: when in the minute each arrives, and how long it executes.

use super::Workload;
use crate::rng::Stream;
use crate::scenario::{MinuteArrivals, TraceDuration, TraceOptions};
use crate::trace::{ASSUMED_EXECUTION_MS, MINUTE_NS, Percentiles, TraceData};
use crate::units::SimDuration;

/// Expands counts that are sorted by (minute, function). Each function draws from its own streams.
pub(super) fn per_minute(
    trace: &TraceData,
    seed: u64,
    options: &TraceOptions,
    minutes: &[u32],
    functions: &[u32],
    counts: &[u32],
) -> Workload {
    let mut streams: Vec<(Stream, Stream)> =
        trace.functions.iter().map(|f| (Stream::new(seed, &f.id, "minute"), Stream::new(seed, &f.id, "execution"))).collect();
    let mut rows: Vec<(u64, u32, u64)> = Vec::with_capacity(counts.iter().map(|&c| c as usize).sum());
    let mut sorted_to = 0;
    for (i, ((&minute, &function), &count)) in minutes.iter().zip(functions).zip(counts).enumerate() {
        let (when, how_long) = &mut streams[function as usize];
        let start = u64::from(minute) * MINUTE_NS;
        for n in 0..u64::from(count) {
            let at = match options.minute_arrivals {
                MinuteArrivals::Equidistant => n * MINUTE_NS / u64::from(count),
                MinuteArrivals::Uniform => (when.uniform() * MINUTE_NS as f64) as u64,
            };
            let execution = execution_ns(trace.functions[function as usize].duration.as_ref(), options.duration, how_long);
            rows.push((start + at, function, execution));
        }
        if minutes.get(i + 1) != Some(&minute) {
            // A minute is complete: stable, so that equals keep the order of functions.
            rows[sorted_to..].sort_by_key(|r| r.0);
            sorted_to = rows.len();
        }
    }
    Workload {
        arrival_ns: rows.iter().map(|r| r.0).collect(),
        function: rows.iter().map(|r| r.1).collect(),
        execution_ns: rows.iter().map(|r| r.2).collect(),
        ..Workload::default()
    }
}

/// One execution: a draw between the percentiles, or the average. A function without durations always takes the same time.
fn execution_ns(duration: Option<&Percentiles>, how: TraceDuration, stream: &mut Stream) -> u64 {
    let Some(p) = duration else { return SimDuration::from_ms(ASSUMED_EXECUTION_MS).0 };
    let ms = match how {
        TraceDuration::Average => p.average_ms,
        TraceDuration::Percentiles => between(&p.points, stream.uniform() * 100.0).unwrap_or(p.average_ms),
    };
    SimDuration::from_ms(ms).0
}

/// Linear interpolation between (percent, ms) points.
fn between(points: &[(f64, f64)], percent: f64) -> Option<f64> {
    let above = points.partition_point(|p| p.0 < percent);
    match (above.checked_sub(1).and_then(|i| points.get(i)), points.get(above)) {
        (Some(a), Some(b)) if b.0 > a.0 => Some(a.1 + (b.1 - a.1) * (percent - a.0) / (b.0 - a.0)),
        (_, Some(b)) => Some(b.1),
        (Some(a), None) => Some(a.1),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_lie_between_the_percentiles() {
        let points = [(0.0, 10.0), (50.0, 20.0), (100.0, 40.0)];
        assert_eq!(between(&points, 25.0), Some(15.0));
        assert_eq!(between(&points, 75.0), Some(30.0));
        assert_eq!(between(&points, 100.0), Some(40.0));
        assert_eq!(between(&[], 5.0), None);
    }
}
