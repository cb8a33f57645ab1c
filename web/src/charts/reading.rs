//! Where a drawn chart has its data, and what hovering over it reads.

use faaslab_core::measure::Charts;

use super::axes::Grid;
use super::pen::{Px, Rect};
use super::series;
use super::sheet::{Quantity, Sheet};

/// What is kept of a drawn chart, so that cursor and playhead move without drawing it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Frame {
    /// The axes, if it has any.
    pub(super) grid: Option<Grid>,
    /// Places that hovering reads one by one, with their row of the sheet.
    pub(super) parts: Vec<(Rect, usize)>,
    /// Labels among the data, which a readout must not cover.
    pub(super) labels: Vec<Rect>,
    /// What the run is called that it is compared with.
    pub(super) before: &'static str,
    /// How far a key moves the cursor, across and down.
    pub(super) step: Px,
}

impl Frame {
    /// A chart with axes.
    pub(super) fn over(grid: Grid) -> Frame {
        Frame { grid: Some(grid), step: (grid.plot.width() / 60.0, 0.0), ..Frame::default() }
    }

    /// A chart over time, whose cursor goes from bucket to bucket.
    pub(super) fn over_time(grid: Grid, data: &Charts) -> Frame {
        let (from, to) = grid.range();
        let bucket = data.bucket_s / (to - from) * grid.plot.width();
        let across = if bucket.is_finite() { bucket.max(2.0) } else { 2.0 };
        Frame { step: (across, 0.0), ..Frame::over(grid) }
    }
}

/// One line of a readout.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// What it is.
    pub(super) name: String,
    /// How much, with its unit.
    pub(super) value: String,
}

impl Row {
    /// A line.
    pub(super) fn new(name: impl Into<String>, value: String) -> Row {
        Row { name: name.into(), value }
    }
}

/// What hovering reads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    /// Where the cursor stands.
    pub(super) x: f64,
    /// Whether it is a line from top to bottom.
    pub(super) line: bool,
    /// The value that the cursor has.
    pub(super) head: String,
    /// What is there.
    pub(super) rows: Vec<Row>,
}

/// The bucket of a time chart under `at`, and in the compared column the previous run at the same time.
pub(super) fn read_bucket(
    frame: &Frame,
    data: &Charts,
    sheet: &Sheet,
    ghost: Option<(&Charts, &Sheet)>,
    at: Px,
) -> Option<Reading> {
    let grid = frame.grid?;
    let time = grid.value_at(at.0)?;
    let (first, values) = sheet.columns.split_first()?;
    let bucket = series::bucket_at(data, time).min(first.values.len().checked_sub(1)?);
    // What has no value at all in the run says nothing at any instant of it.
    let told = values.iter().rev().filter(|column| column.values.iter().any(|v| v.is_finite()));
    let mut rows: Vec<Row> = told.map(|column| Row::new(&*column.title, column.show(bucket))).collect();
    if let Some((run, other)) = ghost
        && let Some(column) = other.columns.get(other.compared)
    {
        let name = format!("{} {}", frame.before, column.title);
        rows.push(Row::new(name, column.show(series::bucket_at(run, time))));
    }
    let centre = first.value(bucket);
    Some(Reading { x: grid.x(centre), line: true, head: Quantity::Time.show(centre), rows })
}
