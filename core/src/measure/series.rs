//! The time average of a step function in equal buckets, however long the run turns out to be.

use crate::units::SimTime;

const BUCKETS: usize = 240;

/// Integrates a value that jumps, into at most [`BUCKETS`] buckets; when time goes beyond them, pairs of buckets are merged.
#[derive(Clone, Debug)]
pub(super) struct StepSeries {
    width: u64,
    /// Value times nanoseconds.
    sums: Vec<f64>,
    value: f64,
    since: u64,
    /// The bucket that `since` is in, and its end; 0 where that is not known.
    bucket: usize,
    bucket_ends: u64,
}

impl StepSeries {
    /// A series whose first guess at a bucket's width is in nanoseconds.
    pub(super) fn new(width: u64) -> StepSeries {
        StepSeries { width: width.max(1), sums: Vec::new(), value: 0.0, since: 0, bucket: 0, bucket_ends: 0 }
    }

    /// The value jumps by `by` now.
    pub(super) fn add(&mut self, now: SimTime, by: f64) {
        self.advance(now.0);
        self.value += by;
    }

    fn advance(&mut self, now: u64) {
        // Most jumps are in the bucket of the last one, and a division takes longer than all the rest.
        if now < self.bucket_ends {
            self.sums[self.bucket] += self.value * (now - self.since) as f64;
            self.since = now;
            return;
        }
        while now / self.width >= BUCKETS as u64 {
            self.width *= 2;
            self.sums = self.sums.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
        while self.since < now {
            let bucket = (self.since / self.width) as usize;
            // The last bucket may end after the clock's last instant.
            let until = (bucket as u64 + 1).saturating_mul(self.width).min(now);
            if bucket >= self.sums.len() {
                self.sums.resize(bucket + 1, 0.0);
            }
            self.sums[bucket] += self.value * (until - self.since) as f64;
            self.since = until;
        }
        self.bucket = (self.since / self.width) as usize;
        if self.bucket >= self.sums.len() {
            self.sums.resize(self.bucket + 1, 0.0);
        }
        self.bucket_ends = (self.bucket as u64 + 1).saturating_mul(self.width);
    }

    /// The mean in each of so many buckets of a width, up to `end`.
    pub(super) fn means(&self, end: SimTime, width: u64, buckets: usize) -> Vec<f32> {
        let mut whole = self.clone();
        whole.advance(end.0);
        (0..buckets as u64)
            .map(|i| {
                let (from, to) = (i.saturating_mul(width), (i + 1).saturating_mul(width).min(end.0));
                if to <= from {
                    return 0.0;
                }
                let mut sum = 0.0;
                for b in from / whole.width..=(to - 1) / whole.width {
                    let until = (b + 1).saturating_mul(whole.width);
                    let overlap = to.min(until) - from.max(b * whole.width);
                    // The last bucket is filled only up to the end.
                    let filled = until.min(end.0) - b * whole.width;
                    sum += whole.sums.get(b as usize).copied().unwrap_or(0.0) * overlap as f64 / filled as f64;
                }
                (sum / (to - from) as f64) as f32
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_exact_and_survive_merging() {
        let mut s = StepSeries::new(10);
        s.add(SimTime(0), 2.0);
        s.add(SimTime(20), 4.0);
        assert_eq!(s.means(SimTime(40), 10, 4), [2.0, 2.0, 6.0, 6.0]);
        s.add(SimTime(100_000), -6.0);
        let total: f32 = s.means(SimTime(100_000), 1000, 100).iter().sum();
        assert!((total / 100.0 - 5.9992).abs() < 1e-3, "{total}");
    }

    #[test]
    fn a_series_reaches_the_end_of_the_clock() {
        for width in [1, 1_000_000, u64::MAX / 239, u64::MAX] {
            let mut s = StepSeries::new(width);
            s.add(SimTime(0), 2.0);
            s.add(SimTime::NEVER, -2.0);
            let means = s.means(SimTime::NEVER, u64::MAX / 120 + 1, 120);
            assert!(means.iter().all(|m| (m - 2.0).abs() < 1e-3), "{means:?}");
        }
    }
}
