//! Charts over simulated time: percentiles, the number in the system, and what the stacked ones share with them.

use faaslab_core::measure::{Charts, Percentiles};
use plotters::style::RGBColor;

use super::axes::{Axis, Grid, Writing, seconds};
use super::labels::{self, EndLabel, Sample, name_ghost};
use super::pen::{Pen, Px};
use super::reading::Frame;
use super::sheet::{Column, Quantity, Sheet};

const NAMES: [&str; 3] = ["P50", "P95", "P99"];

/// Equal parts of simulated time, from the start to the end of a run, which may cut the last one short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buckets {
    /// How long each is.
    pub(super) width_s: f64,
    /// When the run ends.
    pub(super) end_s: f64,
}

impl From<&Charts> for Buckets {
    fn from(data: &Charts) -> Buckets {
        Buckets { width_s: data.bucket_s, end_s: data.end_s }
    }
}

/// The bucket that holds a time, by the middles of all: each reaches as far beyond its middle as it began before.
pub(super) fn bucket_at(middles: &[f64], time_s: f64) -> Option<usize> {
    let mut end = 0.0;
    middles.iter().position(|middle| {
        end = 2.0 * middle - end;
        time_s < end
    })
}

/// When a bucket begins, not after the end of the run.
pub(super) fn begin(buckets: impl Into<Buckets>, bucket: usize) -> f64 {
    let Buckets { width_s, end_s } = buckets.into();
    (bucket as f64 * width_s).min(end_s)
}

/// The column of times: the middle of each bucket.
pub(super) fn times(buckets: impl Into<Buckets>, count: usize) -> Column {
    let buckets = buckets.into();
    let middle = |bucket| (begin(buckets, bucket) + begin(buckets, bucket + 1)) / 2.0;
    Column::new("time", "time_s", Quantity::Time, (0..count).map(middle).collect())
}

/// The points of a series that lie within the axis, in pieces without gaps.
pub(super) fn pieces(grid: &Grid, buckets: impl Into<Buckets>, end_s: f64, values: &[f64]) -> Vec<Vec<Px>> {
    let times = times(buckets, values.len()).values;
    let mut pieces = vec![Vec::new()];
    for (time, value) in times.into_iter().zip(values) {
        if value.is_finite() && time.is_finite() && time <= end_s {
            if let Some(piece) = pieces.last_mut() {
                piece.push(grid.at(time, *value));
            }
        } else if pieces.last().is_some_and(|piece| !piece.is_empty()) {
            pieces.push(Vec::new());
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Draws the pieces of a series; a piece of one point is a dot.
pub(super) fn draw_pieces(pen: &Pen<'_>, pieces: &[Vec<Px>], colour: RGBColor) {
    for piece in pieces {
        match piece[..] {
            [point] => pen.dot(point, 2.0, colour),
            _ => pen.line(piece, colour, 2.0),
        }
    }
}

/// Draws the previous run.
pub(super) fn draw_ghost(pen: &Pen<'_>, grid: &Grid, buckets: impl Into<Buckets>, end_s: f64, values: &[f64], name: &str) {
    for piece in pieces(grid, buckets, end_s, values) {
        pen.dashed(&piece, pen.theme.ghost(), 1.5);
    }
    name_ghost(pen, grid.caption_end, name);
}

/// What tells slowdown and response time apart.
pub(super) struct Timeline {
    /// Which percentiles.
    pub(super) of: fn(&Charts) -> &Percentiles,
    /// What they are, as a caption.
    caption: &'static str,
    /// What they are, as a sentence begins.
    name: &'static str,
    quantity: Quantity,
    writing: Writing,
    keys: [&'static str; 3],
}

/// Slowdown over time.
pub(super) const SLOWDOWN: Timeline = Timeline {
    of: |data| &data.slowdown,
    caption: "slowdown",
    name: "Slowdown over time",
    quantity: Quantity::Slowdown,
    writing: Writing::Ratio,
    keys: ["slowdown_p50", "slowdown_p95", "slowdown_p99"],
};

/// Response time over time.
pub(super) const RESPONSE: Timeline = Timeline {
    of: |data| &data.response_ms,
    caption: "response time",
    name: "Response time over time",
    quantity: Quantity::Millis,
    writing: Writing::Millis,
    keys: ["response_ms_p50", "response_ms_p95", "response_ms_p99"],
};

fn each(percentiles: &Percentiles) -> [&Vec<f64>; 3] {
    [&percentiles.p50, &percentiles.p95, &percentiles.p99]
}

impl Timeline {
    /// Why there is nothing to draw.
    pub(super) fn empty(&self, data: &Charts) -> Option<&'static str> {
        let nothing = !each((self.of)(data)).into_iter().flatten().any(|value| value.is_finite());
        nothing.then_some("No invocation completed in this run")
    }

    /// The chart in words.
    pub(super) fn summary(&self, data: &Charts) -> String {
        let times = times(data, (self.of)(data).p99.len()).values;
        let points = || times.iter().zip(&(self.of)(data).p99).filter(|(_, value)| value.is_finite());
        let lowest = points().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
        let highest = points().max_by(|a, b| a.1.total_cmp(b.1));
        let (when, most) = highest.map_or((f64::NAN, f64::NAN), |(time, value)| (*time, *value));
        let (name, show) = (self.name, |value| self.quantity.show(value));
        format!("{name}: 99th percentile between {} and {}, highest at {}", show(lowest), show(most), seconds(when))
    }

    /// The chart as numbers.
    pub(super) fn sheet(&self, data: &Charts) -> Sheet {
        let values = each((self.of)(data));
        let column = |i: usize| Column::new(NAMES[i], self.keys[i], self.quantity, values[i].clone());
        let columns = vec![times(data, values[0].len()), column(0), column(1), column(2)];
        Sheet { columns, compared: 3, ..Sheet::default() }
    }

    /// Draws it.
    pub(super) fn draw(&self, pen: &Pen<'_>, data: &Charts, ghost: Option<&Charts>) -> Frame {
        let runs = [Some(data), ghost];
        let values = runs.into_iter().flatten().flat_map(|run| each((self.of)(run))).flatten().copied();
        let y = Axis::around(values, Grid::rows(pen), self.writing, true);
        let x = Axis::time(data.end_s, Grid::columns(pen));
        let caption = format!("{}{}", self.caption, y.note());
        let grid = Grid::draw(pen, &x, &y, &caption, labels::room(pen, &NAMES));
        if let Some(run) = ghost {
            draw_ghost(pen, &grid, run, data.end_s, &(self.of)(run).p99, "previous P99");
        }
        let mut ends = Vec::new();
        for ((values, colour), text) in each((self.of)(data)).into_iter().zip(pen.theme.percentiles()).zip(NAMES) {
            let pieces = pieces(&grid, data, data.end_s, values);
            draw_pieces(pen, &pieces, colour);
            if let Some((_, y)) = pieces.last().and_then(|piece| piece.last()) {
                ends.push(EndLabel { y: *y, sample: Sample::Line(colour), text });
            }
        }
        // Of lines that end at one place, the slower stands above.
        ends.reverse();
        labels::draw(pen, &grid, ends);
        Frame::over(grid)
    }
}

/// How many invocations are in the system.
pub(super) mod in_system {
    use super::*;

    fn values(data: &Charts) -> Vec<f64> {
        data.in_system.iter().map(|value| f64::from(*value)).collect()
    }

    /// Why there is nothing to draw.
    pub(in super::super) fn empty(data: &Charts) -> Option<&'static str> {
        let nothing = !data.in_system.iter().any(|value| *value > 0.0);
        nothing.then_some("No invocation was in the system in this run")
    }

    /// The chart in words.
    pub(in super::super) fn summary(data: &Charts) -> String {
        let finite: Vec<f64> = values(data).into_iter().filter(|value| value.is_finite()).collect();
        let mean = finite.iter().sum::<f64>() / finite.len() as f64;
        let most = finite.iter().copied().fold(0.0, f64::max);
        let show = |value| Quantity::Mean.show(value);
        format!("Invocations in the system over time: {} on average, at most {}", show(mean), show(most))
    }

    /// The chart as numbers.
    pub(in super::super) fn sheet(data: &Charts) -> Sheet {
        let column = Column::new("in the system", "in_system", Quantity::Mean, values(data));
        Sheet { columns: vec![times(data, data.in_system.len()), column], compared: 1, ..Sheet::default() }
    }

    /// Draws it.
    pub(in super::super) fn draw(pen: &Pen<'_>, data: &Charts, ghost: Option<&Charts>) -> Frame {
        let (shown, before) = (values(data), ghost.map(values));
        let all = shown.iter().chain(before.iter().flatten()).copied();
        let y = Axis::from_zero(all, Grid::rows(pen), Writing::Number);
        let x = Axis::time(data.end_s, Grid::columns(pen));
        let grid = Grid::draw(pen, &x, &y, "invocations", 16.0);
        if let (Some(run), Some(before)) = (ghost, before) {
            draw_ghost(pen, &grid, run, data.end_s, &before, "previous run");
        }
        draw_pieces(pen, &pieces(&grid, data, data.end_s, &shown), pen.theme.run);
        Frame::over(grid)
    }
}

/// The shares that agents give to decentralized, federated and centralized.
pub(super) mod shares {
    use super::*;

    const NAMES: [&str; 3] = ["decentralized", "federated", "centralized"];
    const KEYS: [&str; 3] = ["share_decentralized", "share_federated", "share_centralized"];

    /// Each share by bucket; not-a-number before any agent gave one.
    fn values(data: &Charts) -> [Vec<f64>; 3] {
        let given = |bucket: usize| data.shares.iter().any(|share| share.get(bucket).is_some_and(|s| *s > 0.0));
        let value = |(bucket, share): (usize, &f32)| if given(bucket) { f64::from(*share) } else { f64::NAN };
        data.shares.each_ref().map(|share| share.iter().enumerate().map(value).collect())
    }

    /// Why there is nothing to draw.
    pub(in super::super) fn empty(data: &Charts) -> Option<&'static str> {
        let nothing = !values(data).iter().flatten().any(|value| value.is_finite());
        nothing.then_some("No architecture chose among others in this run")
    }

    /// The chart in words.
    pub(in super::super) fn summary(data: &Charts) -> String {
        let [decentralized, federated, centralized] = values(data).map(|values| {
            let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
            Quantity::Share.show(finite.iter().sum::<f64>() / finite.len() as f64)
        });
        format!("Shares over time: on average {decentralized} decentralized, {federated} federated and {centralized} centralized")
    }

    /// The chart as numbers.
    pub(in super::super) fn sheet(data: &Charts) -> Sheet {
        let mut columns = vec![times(data, data.shares[0].len())];
        for ((values, name), key) in values(data).into_iter().zip(NAMES).zip(KEYS) {
            columns.push(Column::new(name, key, Quantity::Share, values));
        }
        Sheet { columns, compared: 1, ..Sheet::default() }
    }

    /// Draws it.
    pub(in super::super) fn draw(pen: &Pen<'_>, data: &Charts, ghost: Option<&Charts>) -> Frame {
        let y = Axis::percent(Grid::rows(pen));
        let x = Axis::time(data.end_s, Grid::columns(pen));
        let grid = Grid::draw(pen, &x, &y, "share of requests", labels::room(pen, &NAMES));
        if let Some(run) = ghost {
            let [decentralized, ..] = values(run);
            draw_ghost(pen, &grid, run, data.end_s, &decentralized, "previous decentralized");
        }
        let mut ends = Vec::new();
        for ((values, colour), text) in values(data).iter().zip(pen.theme.percentiles()).zip(NAMES) {
            let pieces = pieces(&grid, data, data.end_s, values);
            draw_pieces(pen, &pieces, colour);
            if let Some((_, y)) = pieces.last().and_then(|piece| piece.last()) {
                ends.push(EndLabel { y: *y, sample: Sample::Line(colour), text });
            }
        }
        labels::draw(pen, &grid, ends);
        Frame::over(grid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_bucket_around_it_and_the_last_one_is_short() {
        let middles = times(Buckets { width_s: 10.0, end_s: 24.0 }, 3).values;
        assert_eq!(middles, [5.0, 15.0, 22.0]);
        let at = |time| bucket_at(&middles, time);
        assert_eq!((at(0.0), at(9.9), at(10.0), at(21.0), at(23.9)), (Some(0), Some(0), Some(1), Some(2), Some(2)));
        assert_eq!((at(24.0), at(f64::NAN)), (None, None));
    }
}
