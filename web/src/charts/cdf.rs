//! How slow invocations are: the share of the completed ones at or below each value, and at or above it, where the tail shows.

use faaslab_core::measure::Charts;

use super::axes::{Axis, Grid, Writing};
use super::labels::name_ghost;
use super::pen::{Align, Pen, Px, Rect};
use super::reading::{Frame, Reading, Row};
use super::sheet::{Column, Quantity, Sheet};
use super::view::View;

/// The percentiles that are marked on the line.
const MARKED: [(f64, &str); 2] = [(0.5, "P50"), (0.99, "P99")];
/// Those that are marked on a tail.
const MARKED_TAIL: [(f64, &str); 2] = [(0.01, "P99"), (0.001, "P99.9")];

/// What is distributed, and which way it is added up.
pub(super) struct Distribution {
    of: fn(&Charts) -> &[(f64, f64)],
    /// What it is, as a caption.
    caption: &'static str,
    name: &'static str,
    key: &'static str,
    quantity: Quantity,
    writing: Writing,
    /// Whether shares are at or above a value; else at or below.
    tail: bool,
}

/// Slowdowns, up to each.
pub(super) const SLOWDOWN: Distribution = Distribution {
    of: |data| &data.slowdown_cdf,
    caption: "slowdown",
    name: "Slowdown",
    key: "slowdown",
    quantity: Quantity::Slowdown,
    writing: Writing::Ratio,
    tail: false,
};

/// Slowdowns, from each on.
pub(super) const SLOWDOWN_TAIL: Distribution = Distribution { of: |data| &data.slowdown_tail, tail: true, ..SLOWDOWN };

/// Response times, up to each.
pub(super) const RESPONSE: Distribution = Distribution {
    of: |data| &data.response_cdf,
    caption: "response time",
    name: "Response time",
    key: "response_ms",
    quantity: Quantity::Millis,
    writing: Writing::Millis,
    tail: false,
};

impl Distribution {
    fn points<'a>(&self, data: &'a Charts) -> impl Iterator<Item = (f64, f64)> + use<'a> {
        (self.of)(data).iter().copied().filter(|(x, share)| x.is_finite() && share.is_finite())
    }

    /// The value at which a share is reached, on the straight line between two points.
    fn quantile(&self, data: &Charts, share: f64) -> Option<f64> {
        let reached = |at: f64| if self.tail { at <= share } else { at >= share };
        let mut before: Option<(f64, f64)> = None;
        for (x, at) in self.points(data) {
            if reached(at) {
                return Some(match before {
                    Some((x0, share0)) if share0 != at => x0 + (x - x0) * (share - share0) / (at - share0),
                    _ => x,
                });
            }
            before = Some((x, at));
        }
        before.filter(|_| !self.tail).map(|(x, _)| x)
    }

    /// The share at a value.
    fn share_at(&self, data: &Charts, value: f64) -> f64 {
        let mut before = if self.tail { (f64::NEG_INFINITY, 1.0) } else { (f64::NEG_INFINITY, 0.0) };
        for (x, share) in self.points(data) {
            if x > value {
                let way = (value - before.0) / (x - before.0);
                return if way.is_finite() { before.1 + (share - before.1) * way } else { before.1 };
            }
            before = (x, share);
        }
        // Above the slowest there is nobody.
        if self.tail && value > before.0 { 0.0 } else { before.1 }
    }

    fn side(&self) -> &'static str {
        if self.tail { "at or above" } else { "at or below" }
    }

    /// Why there is nothing to draw.
    pub(super) fn empty(&self, data: &Charts) -> Option<&'static str> {
        let zero = !data.response_cdf.is_empty();
        let why = if zero { "Every execution took no time: nothing has a slowdown" } else { "No invocation completed in this run" };
        self.points(data).next().is_none().then_some(why)
    }

    /// The smallest and the largest value.
    pub(super) fn extent(&self, data: &Charts) -> Option<(f64, f64)> {
        Some((self.points(data).next()?.0, self.points(data).last()?.0))
    }

    /// Whether its axis of values is logarithmic as long as nobody chooses.
    pub(super) fn is_log(&self, data: &Charts) -> bool {
        self.tail || Axis::around(self.points(data).map(|(x, _)| x), 4, self.writing, false, None).scale.is_log()
    }

    /// The chart in words.
    pub(super) fn summary(&self, data: &Charts) -> String {
        let say = |value: Option<f64>| self.quantity.show(value.unwrap_or(f64::NAN));
        let largest = say(self.extent(data).map(|(_, largest)| largest));
        if self.tail {
            let ones = [(0.01, "one in a hundred is"), (0.001, "one in a thousand is")];
            let told = ones.into_iter().filter_map(|(share, words)| {
                let value = self.quantile(data, share)?;
                Some(format!("{words} {} or more", self.quantity.show(value)))
            });
            let told: Vec<String> = told.chain([format!("the largest is {largest}")]).collect();
            return format!("{} tail: {}", self.name, told.join(", "));
        }
        let (median, p99) = (say(self.quantile(data, 0.5)), say(self.quantile(data, 0.99)));
        format!("{} CDF: median {median}, 99th percentile {p99}, largest {largest}", self.name)
    }

    /// The chart as numbers.
    pub(super) fn sheet(&self, data: &Charts) -> Sheet {
        let (values, share) = self.points(data).unzip();
        let key = if self.tail { "share_at_or_above" } else { "share_at_or_below" };
        Sheet {
            columns: vec![
                Column::new(self.caption, self.key, self.quantity, values),
                Column::new(self.side(), key, Quantity::Share, share),
            ],
            compared: 1,
            ..Sheet::default()
        }
    }

    /// Draws it.
    pub(super) fn draw(&self, pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let values = self.points(data).chain(ghost.into_iter().flat_map(|run| self.points(run))).map(|(x, _)| x);
        let least = if self.quantity == Quantity::Slowdown { Some(1.0) } else { None };
        let columns = Grid::columns(pen);
        let log = view.log.or(self.tail.then_some(true));
        let whole = Axis::around(values.chain(least), columns, self.writing, false, log);
        let x = view.x.map_or_else(|| whole.clone(), |range| Axis::between(range, columns, self.writing, whole.scale.is_log()));
        let y = if self.tail {
            let shares = self.points(data).chain(ghost.into_iter().flat_map(|run| self.points(run))).map(|(_, share)| share);
            Axis::shares(shares.fold(1.0, f64::min), Grid::rows(pen))
        } else {
            Axis::percent(Grid::rows(pen))
        };
        let grid = Grid::draw(pen, &x, &y, &format!("share of invocations {}{}", self.side(), y.note()), 16.0);
        let unit = format!("{}{}", self.caption, x.note());
        // Where the line is not: a CDF ends high, a tail ends low.
        let unit_y = if self.tail { grid.plot.top + 10.0 } else { grid.plot.bottom - 10.0 };
        pen.label(&unit, (grid.plot.right, unit_y), Align::Right, pen.theme.muted);
        if let Some(ghost) = ghost {
            pen.dashed(&self.curve(&grid, ghost), pen.theme.ghost(), 1.5);
            name_ghost(pen, grid.caption_end, "run");
        }
        let marked = if self.tail { MARKED_TAIL } else { MARKED };
        let marks: Vec<(Px, String)> = marked.into_iter().filter_map(|marked| self.mark(&grid, data, marked)).collect();
        let labels = marks.iter().map(|(at, text)| name_mark(pen, *at, text, self.tail)).collect();
        pen.line(&self.curve(&grid, data), pen.theme.run, 2.0);
        for (at, _) in marks {
            pen.dot(at, 5.0, pen.theme.surface);
            pen.dot(at, 3.5, pen.theme.run);
        }
        Frame { labels, ..Frame::over(grid) }
    }

    /// From the axis to the first point, through all points, on to the right edge.
    fn curve(&self, grid: &Grid, data: &Charts) -> Vec<Px> {
        let Some((first, last)) = self.extent(data) else { return Vec::new() };
        let (low, high) = grid.range();
        let (start, end) = if self.tail { (1.0, 0.0) } else { (0.0, 1.0) };
        let before = (low < first).then_some([(low.min(first), start), (first, start)]);
        let after = (high > last).then_some([(last, end), (high, end)]);
        let after = after.into_iter().flatten().filter(|_| !self.tail);
        let foot = (low >= first && !self.tail).then_some((first, start));
        grid.clip(before.into_iter().flatten().chain(foot).chain(self.points(data)).chain(after))
    }

    /// Where a percentile is on the line, and what it says.
    fn mark(&self, grid: &Grid, data: &Charts, (share, name): (f64, &str)) -> Option<(Px, String)> {
        let value = self.quantile(data, share)?;
        let (low, high) = grid.range();
        (low..=high).contains(&value).then(|| (grid.at(value, share), format!("{name} {}", self.quantity.show(value))))
    }

    /// What hovering at `at` reads.
    pub(super) fn read(&self, frame: &Frame, data: &Charts, ghost: Option<&Charts>, at: Px) -> Option<Reading> {
        let value = frame.grid?.value_at(at.0)?;
        let row = |name: &str, run| Row::new(name, Quantity::Share.show(self.share_at(run, value)));
        let mut rows = vec![row(self.side(), data)];
        rows.extend(ghost.map(|run| row(&format!("{} run", frame.before), run)));
        Some(Reading { x: at.0, line: true, head: self.quantity.show(value), rows })
    }
}

/// Writes beside a mark, where the line is not, on a piece of the surface that keeps other lines away: at the right, below a line
/// that rises and above one that falls; where there is no room at the right of a line that falls, at the left below it. Answers
/// that piece.
fn name_mark(pen: &Pen<'_>, (x, y): Px, text: &str, falls: bool) -> Rect {
    let width = pen.width_of(text);
    let room = x + 8.0 + width <= pen.area.right;
    let (left, middle) = match (falls, room) {
        (true, true) => (x + 8.0, y - 8.0),
        (true, false) => (x - 8.0 - width, y + 12.0),
        (false, _) => ((x + 8.0).min(pen.area.right - width), y + 12.0),
    };
    let plate = Rect { left: left - 3.0, top: middle - 8.0, right: left + width + 3.0, bottom: middle + 8.0 };
    pen.block(plate, pen.theme.surface);
    pen.label(text, (left, middle), Align::Left, pen.theme.ink);
    plate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charts(points: &[(f64, f64)]) -> Charts {
        Charts { slowdown_cdf: points.to_vec(), ..Charts::default() }
    }

    #[test]
    fn quantiles_lie_between_the_points() {
        let data = charts(&[(1.0, 0.4), (2.0, 0.6), (5.0, 1.0)]);
        assert_eq!(SLOWDOWN.quantile(&data, 0.5), Some(1.5));
        assert_eq!(SLOWDOWN.quantile(&data, 0.2), Some(1.0));
        assert_eq!(SLOWDOWN.quantile(&charts(&[]), 0.5), None);
        assert_eq!(SLOWDOWN.share_at(&data, 1.5), 0.5);
        assert_eq!(SLOWDOWN.share_at(&data, 0.5), 0.0);
        assert_eq!(SLOWDOWN.share_at(&data, 9.0), 1.0);
    }

    #[test]
    fn a_tail_is_read_from_above() {
        let data = Charts { slowdown_tail: vec![(1.0, 1.0), (3.0, 0.1), (5.0, 0.01)], ..Charts::default() };
        assert_eq!(SLOWDOWN_TAIL.quantile(&data, 0.01), Some(5.0));
        assert_eq!(SLOWDOWN_TAIL.quantile(&data, 0.001), None, "nobody is so slow");
        assert_eq!(SLOWDOWN_TAIL.share_at(&data, 0.5), 1.0);
        assert_eq!(SLOWDOWN_TAIL.share_at(&data, 2.0), 0.55);
        assert_eq!(SLOWDOWN_TAIL.share_at(&data, 6.0), 0.0);
    }
}
