//! How a chart is looked at: which part of it, and on which axes.

use faaslab_core::measure::Charts;

/// What the reader chose to see.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct View {
    /// The part of the x axis that is shown; nothing for all of it.
    pub(crate) x: Option<(f64, f64)>,
    /// Whether the axis of values is logarithmic; nothing where the values decide.
    pub(crate) log: Option<bool>,
}

impl View {
    /// The part of the time that is shown.
    pub(super) fn span(&self, data: &Charts) -> (f64, f64) {
        self.x.unwrap_or((data.begin_s, data.end_s))
    }
}

/// The range that a drag chose, or nothing if it is too small to be one: less than a hundred-thousandth of `whole`.
pub(super) fn chosen(a: f64, b: f64, whole: (f64, f64)) -> Option<(f64, f64)> {
    let (low, high) = (a.min(b).max(whole.0), a.max(b).min(whole.1));
    (high - low > (whole.1 - whole.0) * 1e-5).then_some((low, high))
}

/// A range `factor` times as wide around a place, within `whole`; nothing for all of it.
pub(super) fn scaled((low, high): (f64, f64), around: f64, factor: f64, whole: (f64, f64)) -> Option<(f64, f64)> {
    let (from, to) = (around - (around - low) * factor, around + (high - around) * factor);
    let range = chosen(from, to, whole)?;
    (range != whole).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_within_the_whole() {
        let whole = (0.0, 100.0);
        assert_eq!(chosen(30.0, 10.0, whole), Some((10.0, 30.0)));
        assert_eq!(chosen(90.0, 130.0, whole), Some((90.0, 100.0)));
        assert_eq!(chosen(5.0, 5.0, whole), None);
        assert_eq!(scaled((40.0, 60.0), 50.0, 0.5, whole), Some((45.0, 55.0)));
        assert_eq!(scaled((40.0, 60.0), 50.0, 5.0, whole), None, "all of it");
    }
}
