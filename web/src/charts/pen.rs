//! Drawing in CSS pixels: the few shapes that charts are made of.

use std::cell::RefCell;
use std::collections::BTreeMap;

use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, IntoFont};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, RGBColor, ShapeStyle, TextStyle};
use web_sys::CanvasRenderingContext2d;

use super::backend::{FONT_FAMILY, Target, UNIT};
use super::theme::Theme;

/// Height of the letters of labels and axes.
pub(super) const LABEL_PX: f64 = 12.0;
/// What the run is called that a chart compares with, unless somebody calls it otherwise.
pub(super) const PREVIOUS: &str = "previous";
/// A place on the chart, in CSS pixels from its top left corner.
pub(super) type Px = (f64, f64);

/// A rectangle of the chart, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    /// Left edge.
    pub(super) left: f64,
    /// Top edge.
    pub(super) top: f64,
    /// Right edge.
    pub(super) right: f64,
    /// Bottom edge.
    pub(super) bottom: f64,
}

impl Rect {
    /// From left to right.
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From top to bottom.
    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Whether the two have an area in common.
    pub(super) fn overlaps(&self, other: &Rect) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    /// Whether a place lies in it.
    pub(super) fn holds(&self, (x, y): Px) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }
}

/// Which end of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Align {
    /// The text begins there.
    Left,
    /// It ends there.
    Right,
}

/// A chart being drawn. A target refuses nothing that is finite and everything here is, so that what it answers is not looked
/// at: the worst is a mark that is missing.
pub(super) struct Pen<'a> {
    paper: DrawingArea<Target<'a>, Shift>,
    ruler: CanvasRenderingContext2d,
    font_unit: f64,
    /// The colours.
    pub(super) theme: Theme,
    /// Where the chart may be drawn.
    pub(super) area: Rect,
    /// What the run is called that is drawn dashed.
    pub(super) before: &'static str,
}

/// So many labels' widths are known.
const MOST_WIDTHS: usize = 2_000;

thread_local! {
    /// The widths of labels: most come again with each drawing, and to measure takes longer than to draw.
    static WIDTHS: RefCell<BTreeMap<String, f64>> = const { RefCell::new(BTreeMap::new()) };
}

fn units((x, y): Px) -> (i32, i32) {
    ((x * UNIT).round() as i32, (y * UNIT).round() as i32)
}

fn stroke(colour: RGBColor, width: f64) -> ShapeStyle {
    ShapeStyle { color: colour.into(), filled: false, stroke_width: (width * UNIT).round() as u32 }
}

fn solid(colour: RGBColor) -> ShapeStyle {
    ShapeStyle { color: colour.into(), filled: true, stroke_width: 0 }
}

impl<'a> Pen<'a> {
    /// A pen for `area` of a target. `ruler` measures texts without disturbing the page's layout.
    pub(super) fn new(target: Target<'a>, ruler: CanvasRenderingContext2d, theme: Theme, area: Rect) -> Pen<'a> {
        let font_unit = target.font_units(1.0);
        Pen { paper: target.into_drawing_area(), ruler, font_unit, theme, area, before: PREVIOUS }
    }

    /// The same pen, with another name for the run that is drawn dashed.
    pub(super) fn calling(self, before: &'static str) -> Pen<'a> {
        Pen { before, ..self }
    }

    /// The same pen for a part of its area.
    pub(super) fn within(&self, area: Rect) -> Pen<'a> {
        Pen {
            paper: self.paper.clone(),
            ruler: self.ruler.clone(),
            font_unit: self.font_unit,
            theme: self.theme,
            area,
            before: self.before,
        }
    }

    /// Width of a label.
    pub(super) fn width_of(&self, text: &str) -> f64 {
        WIDTHS.with_borrow_mut(|widths| {
            if let Some(width) = widths.get(text) {
                return *width;
            }
            if widths.len() >= MOST_WIDTHS {
                widths.clear();
            }
            self.ruler.set_font(&format!("{LABEL_PX}px {FONT_FAMILY}"));
            let measured = self.ruler.measure_text(text).map(|metrics| metrics.width());
            *widths.entry(text.to_owned()).or_insert(measured.unwrap_or(text.len() as f64 * LABEL_PX / 2.0))
        })
    }

    /// Width of the widest of some labels.
    pub(super) fn widest<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> f64 {
        texts.into_iter().map(|text| self.width_of(text)).fold(0.0, f64::max)
    }

    /// A label, vertically centred on its place.
    pub(super) fn label(&self, text: &str, at: Px, align: Align, colour: RGBColor) {
        self.text(text, at, align, colour, LABEL_PX, FontStyle::Normal);
    }

    /// What a chart shows, above it at the left, and where that ends.
    pub(super) fn caption(&self, text: &str) -> f64 {
        self.label(text, (self.area.left, self.area.top + 8.0), Align::Left, self.theme.muted);
        self.area.left + self.width_of(text)
    }

    /// The title of a chart that leaves the page.
    pub(super) fn title(&self, text: &str, at: Px) {
        self.text(text, at, Align::Left, self.theme.ink, 15.0, FontStyle::Bold);
    }

    fn text(&self, text: &str, at: Px, align: Align, colour: RGBColor, size: f64, weight: FontStyle) {
        let across = match align {
            Align::Left => HPos::Left,
            Align::Right => HPos::Right,
        };
        let font = (FONT_FAMILY, size * self.font_unit).into_font().style(weight);
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(across, VPos::Center));
        let _ = self.paper.draw(&Text::new(text, units(at), style));
    }

    /// A line through all points.
    pub(super) fn line(&self, points: &[Px], colour: RGBColor, width: f64) {
        let path: Vec<_> = points.iter().copied().map(units).collect();
        let _ = self.paper.draw(&PathElement::new(path, stroke(colour, width)));
    }

    /// A dashed line through all points.
    pub(super) fn dashed(&self, points: &[Px], colour: RGBColor, width: f64) {
        for dash in dashes(points, 5.0, 4.0) {
            self.line(&dash, colour, width);
        }
    }

    /// What the points enclose.
    pub(super) fn fill(&self, points: &[Px], colour: RGBColor) {
        let path: Vec<_> = points.iter().copied().map(units).collect();
        let _ = self.paper.draw(&Polygon::new(path, solid(colour)));
    }

    /// A filled rectangle.
    pub(super) fn block(&self, rect: Rect, colour: RGBColor) {
        let corners = [units((rect.left, rect.top)), units((rect.right, rect.bottom))];
        let _ = self.paper.draw(&Rectangle::new(corners, solid(colour)));
    }

    /// The edges of a rectangle, inside it.
    pub(super) fn frame(&self, rect: Rect, colour: RGBColor, width: f64) {
        let half = width / 2.0;
        let (left, right) = (rect.left + half, rect.right - half);
        let (top, bottom) = (rect.top + half, rect.bottom - half);
        self.line(&[(rect.left, top), (rect.right, top)], colour, width);
        self.line(&[(rect.left, bottom), (rect.right, bottom)], colour, width);
        self.line(&[(left, rect.top), (left, rect.bottom)], colour, width);
        self.line(&[(right, rect.top), (right, rect.bottom)], colour, width);
    }

    /// A dot.
    pub(super) fn dot(&self, centre: Px, radius: f64, colour: RGBColor) {
        let _ = self.paper.draw(&Circle::new(units(centre), radius * UNIT, solid(colour)));
    }
}

/// Cuts a line into dashes of `on` pixels with gaps of `off`.
fn dashes(points: &[Px], on: f64, off: f64) -> Vec<Vec<Px>> {
    let mut cut = Vec::new();
    let mut dash = Vec::new();
    let mut travelled = 0.0;
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        if !length.is_finite() || length == 0.0 {
            continue;
        }
        let place = |at: f64| (from.0 + (to.0 - from.0) * at / length, from.1 + (to.1 - from.1) * at / length);
        let end = travelled + length;
        let mut number = (travelled / (on + off)).floor();
        while number * (on + off) < end {
            let begins = number * (on + off);
            let ends = begins + on;
            if ends > travelled {
                if dash.is_empty() {
                    dash.push(place(begins.max(travelled) - travelled));
                }
                dash.push(place(ends.min(end) - travelled));
                if ends <= end {
                    cut.push(std::mem::take(&mut dash));
                }
            }
            number += 1.0;
        }
        travelled = end;
    }
    if dash.len() > 1 {
        cut.push(dash);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_run_on_around_corners() {
        let cut = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 8.0)], 5.0, 4.0);
        assert_eq!(cut[0], vec![(0.0, 0.0), (3.0, 0.0), (3.0, 2.0)]);
        assert_eq!(cut[1], vec![(3.0, 6.0), (3.0, 8.0)]);
        assert_eq!(cut.len(), 2);
    }

    #[test]
    fn no_line_has_no_dashes() {
        assert!(dashes(&[], 5.0, 4.0).is_empty());
        assert!(dashes(&[(1.0, 1.0), (1.0, 1.0)], 5.0, 4.0).is_empty());
    }
}
