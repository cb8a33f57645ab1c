//! Time averages of step functions in equal buckets, however long the run turns out to be.

use crate::units::SimTime;

/// So many that a small part of a run can be looked at more closely than the whole.
const BUCKETS: usize = 2048;

/// Integrates values that jump, into at most [`BUCKETS`] buckets; when time goes beyond them, pairs of buckets are merged.
#[derive(Clone, Debug)]
pub(super) struct StepSeries<const N: usize = 1> {
    width: u64,
    /// Values times nanoseconds.
    sums: Vec<[f64; N]>,
    values: [f64; N],
    since: u64,
    /// The bucket that `since` is in, and its end; 0 where that is not known.
    bucket: usize,
    bucket_ends: u64,
}

impl StepSeries {
    /// Something happens now: the mean is how often in a second.
    pub(super) fn pulse(&mut self, now: SimTime) {
        self.advance(now.0);
        // What happens at the end of the last bucket belongs to it.
        let bucket = (now.0.saturating_sub(1) / self.width) as usize;
        if bucket >= self.sums.len() {
            self.sums.resize(bucket + 1, [0.0]);
        }
        self.sums[bucket][0] += 1e9;
    }
}

impl<const N: usize> StepSeries<N> {
    /// Series whose first guess at a bucket's width is in nanoseconds.
    pub(super) fn new(width: u64) -> StepSeries<N> {
        StepSeries { width: width.max(1), sums: Vec::new(), values: [0.0; N], since: 0, bucket: 0, bucket_ends: 0 }
    }

    /// The values jump by `by` now.
    #[inline]
    pub(super) fn add(&mut self, now: SimTime, by: [f64; N]) {
        // Much happens at one instant, for which there is nothing to integrate.
        if now.0 != self.since {
            self.advance(now.0);
        }
        self.values.iter_mut().zip(by).for_each(|(value, by)| *value += by);
    }

    #[inline]
    fn advance(&mut self, now: u64) {
        // Most jumps are in the bucket of the last one, and a division takes longer than all the rest.
        if now < self.bucket_ends {
            self.fill(self.bucket, now);
        } else {
            self.advance_beyond(now);
        }
    }

    /// The values hold until an instant in a bucket.
    #[inline]
    fn fill(&mut self, bucket: usize, until: u64) {
        let time = (until - self.since) as f64;
        self.sums[bucket].iter_mut().zip(self.values).for_each(|(sum, value)| *sum += value * time);
        self.since = until;
    }

    #[cold]
    fn advance_beyond(&mut self, now: u64) {
        while now / self.width >= BUCKETS as u64 {
            self.width *= 2;
            let whole = |pair: &[[f64; N]]| std::array::from_fn(|i| pair.iter().map(|sums| sums[i]).sum());
            self.sums = self.sums.chunks(2).map(whole).collect();
        }
        while self.since < now {
            let bucket = (self.since / self.width) as usize;
            // The last bucket may end after the clock's last instant.
            let until = (bucket as u64 + 1).saturating_mul(self.width).min(now);
            if bucket >= self.sums.len() {
                self.sums.resize(bucket + 1, [0.0; N]);
            }
            self.fill(bucket, until);
        }
        self.bucket = (self.since / self.width) as usize;
        if self.bucket >= self.sums.len() {
            self.sums.resize(self.bucket + 1, [0.0; N]);
        }
        self.bucket_ends = (self.bucket as u64 + 1).saturating_mul(self.width);
    }

    /// The mean of one of them in each of some buckets, of a run that has come to `end`.
    pub(super) fn means_of(&self, which: usize, end: SimTime, buckets: Buckets) -> Vec<f32> {
        let mut whole = self.clone();
        whole.advance(end.0);
        (0..buckets.count)
            .map(|i| {
                let (from, to) = (buckets.begin(i), buckets.begin(i + 1).min(end.0));
                if to <= from {
                    return 0.0;
                }
                let mut sum = 0.0;
                for b in from / whole.width..=(to - 1) / whole.width {
                    let until = (b + 1).saturating_mul(whole.width);
                    let overlap = to.min(until) - from.max(b * whole.width);
                    // The last bucket is filled only up to the end.
                    let filled = until.min(end.0) - b * whole.width;
                    sum += whole.sums.get(b as usize).map_or(0.0, |sums| sums[which]) * overlap as f64 / filled as f64;
                }
                (sum / (to - from) as f64) as f32
            })
            .collect()
    }
}

impl StepSeries {
    /// As [`StepSeries::means_of`], of the only one.
    pub(super) fn means(&self, end: SimTime, buckets: Buckets) -> Vec<f32> {
        self.means_of(0, end, buckets)
    }
}

/// Equal parts of some time, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buckets {
    /// When the first begins.
    pub(super) from: u64,
    /// Width of each.
    pub(super) width: u64,
    /// How many.
    pub(super) count: usize,
}

impl Buckets {
    /// So many for the time from one instant to another.
    pub(super) fn new(from: SimTime, to: SimTime, count: usize) -> Buckets {
        Buckets { from: from.0, width: (to.since(from).0 / count as u64 + 1).max(1), count }
    }

    /// When one begins, or the last has ended.
    pub(super) fn begin(&self, bucket: usize) -> u64 {
        self.from.saturating_add((bucket as u64).saturating_mul(self.width))
    }

    /// The one that an instant is in.
    pub(super) fn of(&self, at: u64) -> Option<usize> {
        let bucket = (at.checked_sub(self.from)? / self.width) as usize;
        (bucket < self.count).then_some(bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(series: &StepSeries, end: u64, width: u64, count: usize) -> Vec<f32> {
        series.means(SimTime(end), Buckets { from: 0, width, count })
    }

    #[test]
    fn means_are_exact_and_survive_merging() {
        let mut s = StepSeries::new(10);
        s.add(SimTime(0), [2.0]);
        s.add(SimTime(20), [4.0]);
        assert_eq!(means(&s, 40, 10, 4), [2.0, 2.0, 6.0, 6.0]);
        s.add(SimTime(100_000), [-6.0]);
        let total: f32 = means(&s, 100_000, 1000, 100).iter().sum();
        assert!((total / 100.0 - 5.9992).abs() < 1e-3, "{total}");
    }

    #[test]
    fn a_part_is_as_exact_as_the_whole() {
        let mut s = StepSeries::new(10);
        s.add(SimTime(0), [2.0]);
        s.add(SimTime(20), [4.0]);
        let part = Buckets::new(SimTime(10), SimTime(29), 2);
        assert_eq!((part.begin(1), part.of(9), part.of(20), part.of(30)), (20, None, Some(1), None));
        assert_eq!(s.means(SimTime(40), part), [2.0, 6.0]);
    }

    #[test]
    fn several_are_as_each_alone() {
        let (mut both, mut one, mut other) = (StepSeries::<2>::new(10), StepSeries::new(10), StepSeries::new(10));
        for (at, a, b) in [(0, 2.0, 0.0), (15, 0.0, 1.0), (20, 4.0, -1.0), (100_000, -6.0, 3.0)] {
            both.add(SimTime(at), [a, b]);
            one.add(SimTime(at), [a]);
            other.add(SimTime(at), [b]);
        }
        let buckets = Buckets { from: 0, width: 997, count: 110 };
        let end = SimTime(109_000);
        assert_eq!(both.means_of(0, end, buckets), one.means(end, buckets));
        assert_eq!(both.means_of(1, end, buckets), other.means(end, buckets));
    }

    #[test]
    fn pulses_add_up_to_their_number() {
        let mut s = StepSeries::new(7);
        for at in [0, 3, 1_000_000, 99_000_000, 100_000_000] {
            s.pulse(SimTime(at));
        }
        let per_s = means(&s, 100_000_000, 10_000_000, 10);
        let count: f32 = per_s.iter().map(|rate| rate * 0.01).sum();
        assert!((count - 5.0).abs() < 1e-3, "{per_s:?}");
    }

    #[test]
    fn a_series_reaches_the_end_of_the_clock() {
        for width in [1, 1_000_000, u64::MAX / 239, u64::MAX] {
            let mut s = StepSeries::new(width);
            s.add(SimTime(0), [2.0]);
            s.add(SimTime::NEVER, [-2.0]);
            let means = means(&s, u64::MAX, u64::MAX / 120 + 1, 120);
            assert!(means.iter().all(|m| (m - 2.0).abs() < 1e-3), "{means:?}");
        }
    }
}
