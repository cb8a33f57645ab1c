//! Direct labels at the ends of lines and layers, and the name of the previous run.

use plotters::style::RGBColor;

use super::axes::Grid;
use super::pen::{Align, Pen, Rect};
use super::texture::{Mark, patch};

/// Distance between the middles of two labels.
const SPACING: f64 = 15.0;
/// Length of the sample of a line, or side of the sample of a layer.
const SAMPLE: f64 = 10.0;
const GAP: f64 = 6.0;

/// What stands before the word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sample {
    /// A short line of this colour.
    Line(RGBColor),
    /// A patch of this mark.
    Patch(Mark),
}

/// A label at the right end of what it names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EndLabel {
    /// Where what it names ends.
    pub(super) y: f64,
    /// How what it names looks.
    pub(super) sample: Sample,
    /// The word.
    pub(super) text: String,
}

/// The room that the labels need at the right of a chart.
pub(super) fn room(pen: &Pen<'_>, texts: &[&str]) -> f64 {
    pen.widest(texts.iter().copied()).ceil() + GAP + SAMPLE + GAP + 2.0
}

/// Draws labels beside the chart, each as near to its line as the others allow.
pub(super) fn draw(pen: &Pen<'_>, grid: &Grid, ends: Vec<EndLabel>) {
    let labels = downwards(ends);
    let (top, bottom) = (grid.plot.top, grid.plot.bottom - 4.0);
    let left = grid.plot.right + GAP;
    for (label, y) in labels.iter().zip(spread(labels.iter().map(|label| label.y), top, bottom)) {
        match label.sample {
            Sample::Line(colour) => pen.line(&[(left, y), (left + SAMPLE, y)], colour, 2.0),
            Sample::Patch(mark) => {
                let half = SAMPLE / 2.0;
                patch(pen, mark, 0, Rect { left, top: y - half, right: left + SAMPLE, bottom: y + half });
            }
        }
        pen.label(&label.text, (left + SAMPLE + GAP, y), Align::Left, pen.theme.ink);
    }
}

/// From the highest to the lowest, those at one height in the order given. They are few: no need for a sorting routine's code.
fn downwards(ends: Vec<EndLabel>) -> Vec<EndLabel> {
    let mut sorted: Vec<EndLabel> = Vec::with_capacity(ends.len());
    for end in ends {
        let at = sorted.iter().position(|other| other.y > end.y).unwrap_or(sorted.len());
        sorted.insert(at, end);
    }
    sorted
}

/// Moves places apart, from the top down and then from the bottom up.
fn spread(wanted: impl Iterator<Item = f64>, top: f64, bottom: f64) -> Vec<f64> {
    let mut placed: Vec<f64> = Vec::new();
    for y in wanted {
        let free = placed.last().map_or(top, |last| last + SPACING);
        placed.push(y.max(free));
    }
    let mut limit = bottom;
    for y in placed.iter_mut().rev() {
        *y = y.min(limit);
        limit = *y - SPACING;
    }
    placed
}

/// Says at the top right which of the other run the dashed line is, as far as the caption that ends at `from` leaves room.
pub(super) fn name_ghost(pen: &Pen<'_>, from: f64, what: &str) {
    let text = &format!("{} {what}", pen.before);
    const DASHES: f64 = 23.0;
    let (right, y) = (pen.area.right - 2.0, pen.area.top + 8.0);
    let left = right - pen.width_of(text);
    if left < from + GAP {
        return;
    }
    pen.label(text, (left, y), Align::Left, pen.theme.muted);
    if left > from + GAP + DASHES + GAP {
        pen.dashed(&[(left - GAP - DASHES, y), (left - GAP, y)], pen.theme.ghost(), 1.5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_apart_and_inside() {
        assert_eq!(spread([10.0, 12.0, 100.0].into_iter(), 0.0, 100.0), [10.0, 25.0, 100.0]);
        assert_eq!(spread([99.0, 99.5].into_iter(), 0.0, 100.0), [85.0, 100.0]);
        assert!(spread(std::iter::empty(), 0.0, 100.0).is_empty());
    }
}
