//! How slow the slowest are: the share of completed invocations at or below each slowdown.

use faaslab_core::measure::Charts;
use faaslab_core::units::three_digits;

use super::axes::{Axis, Grid, Writing};
use super::labels::name_ghost;
use super::pen::{Align, Pen, Px, Rect};
use super::reading::{Frame, Reading, Row};
use super::sheet::{Column, Quantity, Sheet};

/// The percentiles that are marked on the line.
const MARKED: [(f64, &str); 2] = [(0.5, "P50"), (0.99, "P99")];

fn points(data: &Charts) -> impl Iterator<Item = (f64, f64)> + '_ {
    data.slowdown_cdf.iter().copied().filter(|(x, share)| x.is_finite() && share.is_finite())
}

/// The slowdown that `share` of the invocations do not exceed.
fn quantile(data: &Charts, share: f64) -> Option<f64> {
    let mut before: Option<(f64, f64)> = None;
    for (x, reached) in points(data) {
        if reached >= share {
            return Some(match before {
                Some((x0, share0)) if reached > share0 => x0 + (x - x0) * (share - share0) / (reached - share0),
                _ => x,
            });
        }
        before = Some((x, reached));
    }
    before.map(|(x, _)| x)
}

/// The share of the invocations that do not exceed `slowdown`.
fn share_at(data: &Charts, slowdown: f64) -> f64 {
    let mut before = (f64::NEG_INFINITY, 0.0);
    for (x, share) in points(data) {
        if x > slowdown {
            let way = (slowdown - before.0) / (x - before.0);
            return if way.is_finite() { before.1 + (share - before.1) * way } else { before.1 };
        }
        before = (x, share);
    }
    before.1
}

/// Why there is nothing to draw.
pub(super) fn empty(data: &Charts) -> Option<&'static str> {
    points(data).next().is_none().then_some("No invocation completed in this run")
}

/// The chart in words.
pub(super) fn summary(data: &Charts) -> String {
    let say = |value: Option<f64>| three_digits(value.unwrap_or(f64::NAN));
    format!(
        "Slowdown CDF: median {}, 99th percentile {}, largest {}",
        say(quantile(data, 0.5)),
        say(quantile(data, 0.99)),
        say(points(data).last().map(|(x, _)| x)),
    )
}

/// The chart as numbers.
pub(super) fn sheet(data: &Charts) -> Sheet {
    let (slowdown, share) = points(data).unzip();
    Sheet {
        columns: vec![
            Column::new("slowdown", "slowdown", Quantity::Slowdown, slowdown),
            Column::new("at or below", "share_at_or_below", Quantity::Share, share),
        ],
        compared: 1,
        ..Sheet::default()
    }
}

/// Draws it.
pub(super) fn draw(pen: &Pen<'_>, data: &Charts, ghost: Option<&Charts>) -> Frame {
    let values = points(data).chain(ghost.into_iter().flat_map(points)).map(|(x, _)| x);
    let x = Axis::around(values.chain([1.0]), Grid::columns(pen), Writing::Ratio, false);
    let y = Axis::percent(Grid::rows(pen));
    let grid = Grid::draw(pen, &x, &y, "share of invocations", 16.0);
    let unit = format!("slowdown{}", x.note());
    pen.label(&unit, (grid.plot.right, grid.plot.bottom - 10.0), Align::Right, pen.theme.muted);
    if let Some(ghost) = ghost {
        pen.dashed(&curve(&grid, ghost), pen.theme.ghost(), 1.5);
        name_ghost(pen, grid.caption_end, "previous run");
    }
    let marks: Vec<(Px, String)> = MARKED.into_iter().filter_map(|marked| mark(&grid, data, marked)).collect();
    let labels = marks.iter().map(|(at, text)| name_mark(pen, *at, text)).collect();
    pen.line(&curve(&grid, data), pen.theme.run, 2.0);
    for (at, _) in marks {
        pen.dot(at, 5.0, pen.theme.surface);
        pen.dot(at, 3.5, pen.theme.run);
    }
    Frame { labels, ..Frame::over(grid) }
}

/// From the axis up to the first point, through all points, on to the right edge.
fn curve(grid: &Grid, data: &Charts) -> Vec<Px> {
    let mut path: Vec<Px> = points(data).map(|(x, share)| grid.at(x, share)).collect();
    if let (Some(&(first, _)), Some(&(_, last))) = (path.first(), path.last()) {
        path.insert(0, (first, grid.plot.bottom));
        path.push((grid.plot.right, last));
    }
    path
}

/// Where a percentile is on the line, and what it says.
fn mark(grid: &Grid, data: &Charts, (share, name): (f64, &str)) -> Option<(Px, String)> {
    let slowdown = quantile(data, share)?;
    Some((grid.at(slowdown, share), format!("{name} {}", Quantity::Slowdown.show(slowdown))))
}

/// Writes below a mark at the right, where the line never is, on a piece of the surface that keeps other lines away. Answers that
/// piece.
fn name_mark(pen: &Pen<'_>, (x, y): Px, text: &str) -> Rect {
    let width = pen.width_of(text);
    let left = (x + 8.0).min(pen.area.right - width);
    let middle = y + 12.0;
    let plate = Rect { left: left - 3.0, top: middle - 8.0, right: left + width + 3.0, bottom: middle + 8.0 };
    pen.block(plate, pen.theme.surface);
    pen.label(text, (left, middle), Align::Left, pen.theme.ink);
    plate
}

/// What hovering at `at` reads.
pub(super) fn read(frame: &Frame, data: &Charts, ghost: Option<&Charts>, at: Px) -> Option<Reading> {
    let slowdown = frame.grid?.value_at(at.0)?;
    let row = |name, run| Row::new(name, Quantity::Share.show(share_at(run, slowdown)));
    let mut rows = vec![row("at or below", data)];
    rows.extend(ghost.map(|run| row("previous run", run)));
    Some(Reading { x: at.0, line: true, head: Quantity::Slowdown.show(slowdown), rows })
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
        assert_eq!(quantile(&data, 0.5), Some(1.5));
        assert_eq!(quantile(&data, 0.2), Some(1.0));
        assert_eq!(quantile(&charts(&[]), 0.5), None);
        assert_eq!(share_at(&data, 1.5), 0.5);
        assert_eq!(share_at(&data, 0.5), 0.0);
        assert_eq!(share_at(&data, 9.0), 1.0);
    }
}
