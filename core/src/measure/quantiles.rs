//! Percentiles: exact (type 7). Of a million samples or more a chart takes them from a histogram, with a relative error of at most
//! 0.1 %.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// From this many samples on, a histogram takes the place of sorting in charts.
const EXACT_BELOW: usize = 1_000_000;

/// A distribution in a few figures. All are zero when there are no samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many samples.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The 99.9th percentile.
    pub p999: f64,
    /// The greatest.
    pub max: f64,
}

/// Samples that answer for their percentiles.
#[derive(Debug)]
pub(super) enum Samples {
    Sorted(Vec<f64>),
    Counted { histogram: Histogram<u64>, unit: f64, max: f64 },
}

impl Samples {
    /// From samples that are not negative, in any order. `unit` is the finest difference that a histogram keeps.
    pub(super) fn new(samples: impl Iterator<Item = f64> + Clone, unit: f64) -> Samples {
        match few(samples.clone()) {
            Some(samples) => Samples::Sorted(sorted(&samples)),
            None => Samples::counted(samples, unit),
        }
    }

    fn counted(samples: impl Iterator<Item = f64>, unit: f64) -> Samples {
        // Three significant digits are always accepted.
        let Ok(mut histogram) = Histogram::<u64>::new(3) else { return Samples::Sorted(Vec::new()) };
        let (mut max, per_unit) = (0.0_f64, 1.0 / unit);
        for x in samples {
            // It grows as needed; nothing that a u64 holds is refused.
            let _ = histogram.record((x * per_unit + 0.5) as u64);
            max = if x > max { x } else { max };
        }
        Samples::Counted { histogram, unit, max }
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        match self {
            Samples::Sorted(sorted) => sorted.len() as u64,
            Samples::Counted { histogram, .. } => histogram.len(),
        }
    }

    /// The q-quantile, q from 0 to 1; NaN without samples.
    pub(super) fn at(&self, q: f64) -> f64 {
        match self {
            Samples::Sorted(sorted) => type_7(sorted, q),
            Samples::Counted { histogram, unit, max } => {
                if q >= 1.0 {
                    *max
                } else {
                    histogram.value_at_quantile(q) as f64 * unit
                }
            }
        }
    }
}

/// The samples themselves, if they are so few that their percentiles are exact.
fn few(samples: impl Iterator<Item = f64> + Clone) -> Option<Vec<f64>> {
    let at_most = samples.size_hint().1.unwrap_or(usize::MAX);
    if at_most >= EXACT_BELOW && samples.clone().take(EXACT_BELOW).count() == EXACT_BELOW {
        return None;
    }
    let mut all = Vec::with_capacity(at_most.min(EXACT_BELOW));
    all.extend(samples);
    Some(all)
}

/// The q-quantile of sorted samples by linear interpolation between order statistics (Hyndman and Fan's type 7).
pub(super) fn type_7(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q * last as f64;
    let below = (at as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

/// Order statistics of samples, at places in ascending order. It sorts no more than it must.
fn pick(samples: &mut [f64], places: &[usize]) -> Vec<f64> {
    // What stands before `sorted` is no greater than what stands after it.
    let mut sorted = 0;
    let mut at = |&place: &usize| {
        if place >= sorted {
            samples[sorted..].select_nth_unstable_by(place - sorted, f64::total_cmp);
            sorted = place + 1;
        }
        samples[place]
    };
    places.iter().map(&mut at).collect()
}

/// Buckets by the first bits of a number: its exponent and so many more, from 2^-21 to 2^43. What is beyond is in the first or the
/// last; nothing depends on it but how long it takes.
const FRACTION_BITS: u32 = 7;
const FIRST: u64 = (1023 - 21) << FRACTION_BITS;
const BUCKETS: usize = 64 << FRACTION_BITS;

fn bucket(x: f64) -> usize {
    (x.to_bits() >> (52 - FRACTION_BITS)).saturating_sub(FIRST).min(BUCKETS as u64 - 1) as usize
}

/// Samples in ascending order: by buckets, and within each by comparing.
fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut ends = vec![0usize; BUCKETS + 1];
    samples.iter().for_each(|&x| ends[bucket(x) + 1] += 1);
    let mut before = 0;
    for end in &mut ends {
        before += *end;
        *end = before;
    }
    // Each bucket's begin moves to its end.
    let mut out = vec![0.0; samples.len()];
    for &x in samples {
        let place = &mut ends[bucket(x)];
        out[*place] = x;
        *place += 1;
    }
    let mut begin = 0;
    for &end in &ends[..BUCKETS] {
        out[begin..end].sort_unstable_by(f64::total_cmp);
        begin = end;
    }
    out
}

/// Some quantiles of samples by [`type_7`], in ascending order of `q`. Of many samples, which are gone through twice, only those are
/// ordered that are in the same bucket as what is looked for.
pub(super) fn quantiles<const N: usize>(samples: &[f64], q: [f64; N]) -> [f64; N] {
    let Some(last) = samples.len().checked_sub(1) else { return [f64::NAN; N] };
    let below = |q: f64| ((q * last as f64) as usize).min(last);
    let places: Vec<usize> = q.into_iter().flat_map(|q| [below(q), (below(q) + 1).min(last)]).collect();
    let found = if samples.len() < BUCKETS { pick(&mut samples.to_vec(), &places) } else { pick_of_many(samples, &places) };
    let between = |i: usize| found[2 * i] + (found[2 * i + 1] - found[2 * i]) * (q[i] * last as f64 - below(q[i]) as f64);
    std::array::from_fn(between)
}

/// As [`pick`].
fn pick_of_many(samples: &[f64], places: &[usize]) -> Vec<f64> {
    let mut counts = vec![0u32; BUCKETS];
    samples.iter().for_each(|&x| counts[bucket(x)] += 1);
    let among = among_kept(&mut counts, places);
    let mut kept: Vec<f64> = samples.iter().copied().filter(|&x| counts[bucket(x)] > 0).collect();
    pick(&mut kept, &among)
}

/// The places of order statistics among the samples of only those buckets in which they are. The counts of all others become zero.
fn among_kept(counts: &mut [u32], places: &[usize]) -> Vec<usize> {
    let (mut before, mut dropped, mut next) = (0, 0, 0);
    let mut among = Vec::with_capacity(places.len());
    for count in counts {
        let here = *count as usize;
        let first = next;
        // They ascend, but for the two of one quantile and the first of the next, which may be the same the other way around.
        while next < places.len() && places[next] < before + here {
            among.push(places[next] - dropped);
            next += 1;
        }
        if next == first {
            dropped += here;
            *count = 0;
        }
        before += here;
    }
    among
}

impl Quantiles {
    /// From samples that are not negative.
    pub(super) fn new(samples: impl Iterator<Item = f64> + Clone) -> Quantiles {
        let samples: Vec<f64> = samples.collect();
        Quantiles::of(&samples, samples.iter().sum())
    }

    /// The same, where their sum is known.
    pub(super) fn of(samples: &[f64], sum: f64) -> Quantiles {
        let count = samples.len();
        if count == 0 {
            return Quantiles::default();
        }
        let found = quantiles(samples, [0.5, 0.9, 0.95, 0.99, 0.999, 1.0]);
        let [p50, p90, p95, p99, p999, max] = found;
        Quantiles { count: count as u64, mean: sum / count as f64, p50, p90, p95, p99, p999, max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn selecting_gives_what_sorting_gives(
            samples in proptest::collection::vec(prop_oneof![0.0f64..4.0, 0.0f64..1e30, Just(0.0), Just(1e-9)], 1..80),
            coarse in any::<bool>()) {
            let samples: Vec<f64> = samples.into_iter().map(|x| if coarse { libm::floor(x) } else { x }).collect();
            let mut compared = samples.clone();
            compared.sort_unstable_by(f64::total_cmp);
            let sorted = sorted(&samples);
            prop_assert_eq!(&sorted, &compared);
            let at = [0.0, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0];
            prop_assert_eq!(quantiles(&samples, at), at.map(|q| type_7(&sorted, q)));
            let all: Vec<usize> = (0..samples.len()).collect();
            prop_assert_eq!(pick_of_many(&samples, &all), sorted);
        }
    }

    #[test]
    fn type_7_interpolates() {
        let q = Quantiles::new([4.0, 1.0, 3.0, 2.0].into_iter());
        assert_eq!((q.p50, q.max, q.mean, q.count), (2.5, 4.0, 2.5, 4));
        assert!((q.p90 - 3.7).abs() < 1e-12);
        assert_eq!(Quantiles::new([].into_iter()).count, 0);
    }

    #[test]
    fn above_a_million_they_are_exact_and_in_a_chart_the_error_is_small() {
        let n = 1_200_000;
        let samples = (0..n).map(|i| 1.0 + i as f64 / 1000.0);
        let q = Quantiles::new(samples.clone());
        let counted = Samples::new(samples.clone(), 1e-4);
        let sorted: Vec<f64> = samples.collect();
        for (got, share) in [(q.p50, 0.5), (q.p99, 0.99), (q.p999, 0.999), (q.max, 1.0)] {
            let exact = type_7(&sorted, share);
            assert_eq!(got, exact);
            assert!((counted.at(share) / exact - 1.0).abs() < 0.005, "{share}");
        }
    }
}
