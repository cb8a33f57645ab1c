//! Percentiles: exact (type 7) below a million samples, from a histogram with a relative error of at most 0.1 % above.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// From this many samples on, a histogram takes the place of sorting.
const EXACT_BELOW: usize = 1_000_000;

/// A distribution in a few figures. All are zero when there are no samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Whether the percentiles are exact; otherwise their relative error is at most 0.1 %.
    pub exact: bool,
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
            Some(mut sorted) => {
                sorted.sort_unstable_by(f64::total_cmp);
                Samples::Sorted(sorted)
            }
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

/// Some quantiles of samples, by [`type_7`], in ascending order of `q`. It sorts no more than it must.
pub(super) fn select<const N: usize>(samples: &mut [f64], q: [f64; N]) -> [f64; N] {
    // What stands before `sorted` is no greater than what stands after it.
    let mut sorted = 0;
    let mut order_statistic = |samples: &mut [f64], at: usize| {
        if at >= sorted {
            samples[sorted..].select_nth_unstable_by(at - sorted, f64::total_cmp);
            sorted = at + 1;
        }
        samples[at]
    };
    q.map(|q| {
        let Some(last) = samples.len().checked_sub(1) else { return f64::NAN };
        let at = q * last as f64;
        let below = (at as usize).min(last);
        let low = order_statistic(samples, below);
        let high = order_statistic(samples, (below + 1).min(last));
        low + (high - low) * (at - below as f64)
    })
}

impl Quantiles {
    /// From samples that are not negative.
    pub(super) fn new(samples: impl Iterator<Item = f64> + Clone, unit: f64) -> Quantiles {
        const AT: [f64; 6] = [0.5, 0.9, 0.95, 0.99, 0.999, 1.0];
        let (count, sum, [p50, p90, p95, p99, p999, max], exact) = match few(samples.clone()) {
            Some(all) if all.is_empty() => return Quantiles { exact: true, ..Quantiles::default() },
            Some(mut all) => (all.len() as u64, all.iter().sum::<f64>(), select(&mut all, AT), true),
            None => {
                let mut sum = 0.0;
                let counted = Samples::counted(samples.inspect(|x| sum += x), unit);
                (counted.len(), sum, AT.map(|q| counted.at(q)), false)
            }
        };
        Quantiles { count, mean: sum / count as f64, p50, p90, p95, p99, p999, max, exact }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn selecting_gives_what_sorting_gives(mut samples in proptest::collection::vec(0.0f64..4.0, 1..80), coarse in any::<bool>()) {
            samples.iter_mut().for_each(|x| *x = if coarse { libm::floor(*x) } else { *x });
            let mut sorted = samples.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let at = [0.0, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0];
            prop_assert_eq!(select(&mut samples, at), at.map(|q| type_7(&sorted, q)));
        }
    }

    #[test]
    fn type_7_interpolates() {
        let q = Quantiles::new([4.0, 1.0, 3.0, 2.0].into_iter(), 0.1);
        assert_eq!((q.p50, q.max, q.mean, q.count), (2.5, 4.0, 2.5, 4));
        assert!((q.p90 - 3.7).abs() < 1e-12);
        assert_eq!(Quantiles::new([].into_iter(), 0.1).count, 0);
    }

    #[test]
    fn above_a_million_the_error_is_small() {
        let n = 1_200_000;
        let q = Quantiles::new((0..n).map(|i| 1.0 + i as f64 / 1000.0), 1e-4);
        assert!(!q.exact);
        for (got, share) in [(q.p50, 0.5), (q.p99, 0.99), (q.p999, 0.999)] {
            let exact = 1.0 + share * n as f64 / 1000.0;
            assert!((got / exact - 1.0).abs() < 0.005, "{got} {exact}");
        }
    }
}
