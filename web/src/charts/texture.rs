//! The marks that tell states apart without colour: travelling dots, waiting squares, cold 45-degree hatch, running solid, lost x.

use plotters::style::RGBColor;

use super::pen::{Pen, Px, Rect};
use super::theme::Theme;

/// What a patch of a chart stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// On a link.
    Travelling,
    /// In a queue, or being decided.
    Waiting,
    /// A container starts.
    Cold,
    /// A function runs.
    Running,
    /// A warm container that nobody uses.
    Idle,
    /// An image in memory.
    Image,
    /// Dropped, rejected, failed or timed out.
    Lost,
}

/// Distance between the lines or rows of a texture.
const PITCH: f64 = 5.0;

impl Mark {
    /// The colour of its lines and dots.
    pub(super) fn colour(self, theme: &Theme) -> RGBColor {
        match self {
            Mark::Travelling => theme.travelling,
            Mark::Waiting => theme.waiting,
            Mark::Cold => theme.cold,
            Mark::Running | Mark::Idle => theme.running,
            Mark::Image => theme.muted,
            Mark::Lost => theme.lost,
        }
    }

    /// What lies under the texture. `variant` tells apart several things in one state.
    pub(super) fn fill(self, theme: &Theme, variant: usize) -> RGBColor {
        const SHARES: [f64; 3] = [0.15, 0.4, 0.0];
        let share = match self {
            Mark::Running | Mark::Lost => 1.0,
            Mark::Image => 0.4,
            _ => SHARES[variant % SHARES.len()],
        };
        theme.tint(self.colour(theme), share)
    }
}

/// A part of an area, as wide as a bucket of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    /// Left edge.
    pub(super) left: f64,
    /// Right edge, where the next column begins.
    pub(super) right: f64,
    /// Top edge.
    pub(super) top: f64,
    /// Bottom edge.
    pub(super) bottom: f64,
}

impl Column {
    fn of(rect: Rect) -> Column {
        let Rect { left, top, right, bottom } = rect;
        Column { left, right, top, bottom }
    }

    /// The same as a rectangle.
    pub(super) fn rect(&self) -> Rect {
        let Column { left, right, top, bottom } = *self;
        Rect { left, top, right, bottom }
    }
}

/// Draws the texture of a mark over columns that are already filled.
pub(super) fn texture(pen: &Pen<'_>, mark: Mark, columns: &[Column]) {
    texture_through(pen, mark, columns, (0.0, 0.0));
}

/// The same, with lines through `origin`.
fn texture_through(pen: &Pen<'_>, mark: Mark, columns: &[Column], origin: Px) {
    // Lines that are less wide than the last are specks and are left out.
    let (colour, diagonals, least): (_, &[f64], f64) = match mark {
        Mark::Cold => (pen.theme.cold, &[1.0], 2.0),
        Mark::Lost => (pen.theme.surface, &[1.0, -1.0], 8.0),
        _ => return,
    };
    for direction in diagonals {
        let long = |[from, to]: &[Px; 2]| to.0 - from.0 >= least;
        for [from, to] in hatch(columns, *direction, origin).into_iter().filter(long) {
            pen.line(&[from, to], colour, 1.25);
        }
    }
}

/// A patch with its texture and its edge, as in a legend.
pub(super) fn patch(pen: &Pen<'_>, mark: Mark, variant: usize, rect: Rect) {
    let colour = mark.colour(&pen.theme);
    if rect.width() < 3.0 {
        pen.block(rect, colour);
        return;
    }
    pen.block(rect, mark.fill(&pen.theme, variant));
    let centre = ((rect.left + rect.right) / 2.0, (rect.top + rect.bottom) / 2.0);
    texture_through(pen, mark, &[Column::of(rect)], centre);
    match mark {
        Mark::Travelling => dots(pen, rect, |pen, at| pen.dot(at, 1.0, colour)),
        Mark::Waiting => dots(pen, rect, |pen, (x, y)| {
            pen.block(Rect { left: x - 1.5, top: y - 1.5, right: x + 1.5, bottom: y + 1.5 }, colour);
        }),
        _ => {}
    }
    if mark != Mark::Running {
        pen.frame(rect, colour, 1.0);
    }
}

/// One mark at each place of a grid that stands in the middle of the rectangle.
fn dots(pen: &Pen<'_>, rect: Rect, mark: impl Fn(&Pen<'_>, Px)) {
    let places = |from: f64, to: f64| {
        let count = ((to - from - 1.0) / PITCH).floor().max(1.0);
        let first = (from + to - (count - 1.0) * PITCH) / 2.0;
        (0..count as u32).map(move |i| first + f64::from(i) * PITCH)
    };
    for x in places(rect.left, rect.right) {
        for y in places(rect.top, rect.bottom) {
            mark(pen, (x, y));
        }
    }
}

/// The parts within `columns` of lines at 45 degrees, rising to the right for direction 1 and falling for -1.
///
/// The lines are x + y = c, or x - y = c, one of them through `origin` and the others at multiples of the pitch from it.
fn hatch(columns: &[Column], direction: f64, origin: Px) -> Vec<[Px; 2]> {
    let step = PITCH * std::f64::consts::SQRT_2;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for column in columns.iter().filter(|column| column.bottom > column.top) {
        let (near, far) = if direction > 0.0 { (column.top, column.bottom) } else { (-column.bottom, -column.top) };
        low = low.min(column.left + near);
        high = high.max(column.right + far);
    }
    let mut segments = Vec::new();
    let middle = origin.0 + origin.1 * direction;
    let mut c = middle + ((low - middle) / step).ceil() * step;
    while c < high {
        along(columns, direction, c, &mut segments);
        c += step;
    }
    segments
}

/// The parts of one line, those in neighbouring columns joined.
fn along(columns: &[Column], direction: f64, c: f64, segments: &mut Vec<[Px; 2]>) {
    let mut open: Option<(f64, f64)> = None;
    let place = |x: f64| (x, (c - x) * direction);
    for column in columns {
        let (at_top, at_bottom) = (c - column.top * direction, c - column.bottom * direction);
        let from = column.left.max(at_top.min(at_bottom));
        let to = column.right.min(at_top.max(at_bottom));
        if from >= to {
            continue;
        }
        open = match open {
            Some((begin, end)) if (from - end).abs() < 1e-6 => Some((begin, to)),
            Some((begin, end)) => {
                segments.push([place(begin), place(end)]);
                Some((from, to))
            }
            None => Some((from, to)),
        };
    }
    if let Some((begin, end)) = open {
        segments.push([place(begin), place(end)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(left: f64, right: f64) -> Column {
        Column { left, right, top: 10.0, bottom: 30.0 }
    }

    #[test]
    fn hatch_stays_inside() {
        for direction in [1.0, -1.0] {
            let segments = hatch(&[column(5.0, 45.0)], direction, (0.0, 0.0));
            assert!(segments.len() > 4);
            for (x, y) in segments.into_iter().flatten() {
                assert!((5.0..=45.0).contains(&x) && (10.0 - 1e-9..=30.0 + 1e-9).contains(&y), "{x} {y}");
            }
        }
    }

    #[test]
    fn neighbouring_columns_share_their_lines() {
        let whole = hatch(&[column(5.0, 45.0)], 1.0, (0.0, 0.0));
        let parts = hatch(&[column(5.0, 20.0), column(20.0, 45.0)], 1.0, (0.0, 0.0));
        assert_eq!(whole.len(), parts.len());
    }

    #[test]
    fn nothing_has_no_hatch() {
        assert!(hatch(&[], 1.0, (0.0, 0.0)).is_empty());
        let flat = Column { top: 5.0, bottom: 5.0, ..column(0.0, 9.0) };
        assert!(hatch(&[flat], 1.0, (0.0, 0.0)).is_empty());
    }

    #[test]
    fn a_line_goes_through_the_origin() {
        let segments = hatch(&[column(5.0, 25.0)], 1.0, (15.0, 20.0));
        assert!(segments.contains(&[(5.0, 30.0), (25.0, 10.0)]), "{segments:?}");
    }
}
