//! Where a drawn chart has its data, and what hovering over it reads.

use super::axes::Grid;
use super::pen::{Px, Rect};
use super::series::bucket_at;
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
}

impl Frame {
    /// A chart with axes.
    pub(super) fn over(grid: Grid) -> Frame {
        Frame { grid: Some(grid), ..Frame::default() }
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
pub(super) fn read_bucket(frame: &Frame, sheet: &Sheet, ghost: Option<&Sheet>, at: Px) -> Option<Reading> {
    let grid = frame.grid?;
    let time = grid.value_at(at.0)?;
    let (times, values) = sheet.columns.split_first()?;
    let bucket = bucket_at(&times.values, time).or(times.values.len().checked_sub(1))?;
    let mut rows: Vec<Row> = values.iter().rev().map(|column| Row::new(column.title.as_ref(), column.show(bucket))).collect();
    if let Some((before, column)) = ghost.and_then(|other| Some((other.columns.first()?, other.columns.get(other.compared)?))) {
        let value = bucket_at(&before.values, time).map_or(f64::NAN, |bucket| column.value(bucket));
        rows.push(Row::new(format!("previous {}", column.title), column.quantity.show(value)));
    }
    let centre = times.value(bucket);
    Some(Reading { x: grid.x(centre), line: true, head: Quantity::Time.show(centre), rows })
}
