//! Where the parts of a node are inside its frame, on the screen. What edits change and what time changes is drawn by
//! different hands; both take the places from here.

use super::display::Point;
use super::layout::{Rect, Shape};

/// How much of a node there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Every container and every waiting invocation.
    Full,
    /// Name, length of the queue, share of busy slots, memory.
    Brief,
    /// A square of the colour of its load.
    Heat,
}

impl Detail {
    /// The detail at a scale.
    pub(crate) fn at(scale: f64) -> Detail {
        match scale {
            s if s >= 0.6 => Detail::Full,
            s if s >= 0.25 => Detail::Brief,
            _ => Detail::Heat,
        }
    }
}

/// A text's size on the screen: it grows with the scale up to twice its size, and stays legible when it shrinks.
pub(crate) fn text_size(size: f64, scale: f64) -> f64 {
    let least = match Detail::at(scale) {
        Detail::Full => 11.0,
        Detail::Brief | Detail::Heat => 10.0,
    };
    (size * scale).min(size * 2.0).max(least)
}

/// Space between the frame and its contents, in world units.
pub(crate) const INSET: f64 = 8.0;
/// Side of a waiting square and distance to the next.
const SQUARE: f64 = 6.0;
const SQUARE_PITCH: f64 = 8.0;
/// Top of the run queue.
const QUEUE_TOP: f64 = 28.0;
/// Top and height of the container pool.
const POOL_TOP: f64 = 39.0;
const POOL_HEIGHT: f64 = 30.0;
/// Top and height of the memory bar.
const BAR_TOP: f64 = 75.0;
const BAR_HEIGHT: f64 = 8.0;

/// The frame of a worker or a block on the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Its outline.
    pub(crate) rect: Rect,
    /// Screen pixels per world unit.
    pub(crate) scale: f64,
}

impl Frame {
    /// Space between the frame and its contents.
    pub(crate) fn inset(&self) -> f64 {
        (INSET * self.scale).max(3.0)
    }

    /// Baseline of the name for a text size.
    pub(crate) fn header(&self, size: f64) -> f64 {
        self.rect.y + (17.0 * self.scale).max(size * 1.15)
    }

    /// The square of the invocation that is `place`th in the queue; the head is at the right, beside the pool.
    pub(crate) fn square(&self, place: usize) -> Rect {
        let right = self.rect.right() - INSET * self.scale - place as f64 * SQUARE_PITCH * self.scale;
        let side = SQUARE * self.scale;
        Rect { x: right - side, y: self.rect.y + QUEUE_TOP * self.scale, w: side, h: side }
    }

    /// How many waiting squares there is room for beside a text of this width.
    pub(crate) fn squares_beside(&self, text: f64) -> usize {
        let room = self.rect.w - 2.0 * INSET * self.scale - text - 4.0;
        ((room / (SQUARE_PITCH * self.scale)).max(0.0) as usize).min(MOST_SQUARES)
    }

    /// The grid of a pool with at most `cells` cells.
    pub(crate) fn pool(&self, cells: u32) -> Pool {
        let wide = self.rect.w / self.scale - 2.0 * INSET;
        let fits = |side: f64, gap: f64| {
            let pitch = side + gap;
            let columns = ((wide + gap) / pitch) as u32;
            let rows = ((POOL_HEIGHT + gap) / pitch) as u32;
            Pool {
                corner: (self.rect.x + INSET * self.scale, self.rect.y + POOL_TOP * self.scale),
                side: side * self.scale,
                pitch: pitch * self.scale,
                columns,
                rows,
            }
        };
        let sizes = [(14.0, 2.0), (8.5, 2.0), (6.0, 2.0), (4.0, 1.0)];
        let enough = sizes.iter().map(|(side, gap)| fits(*side, *gap)).find(|p| p.columns * p.rows >= cells);
        enough.unwrap_or(fits(4.0, 1.0))
    }

    /// The memory bar of a worker.
    pub(crate) fn bar(&self) -> Rect {
        let Rect { x, y, w, .. } = self.rect;
        let s = self.scale;
        Rect { x: x + INSET * s, y: y + BAR_TOP * s, w: w - 2.0 * INSET * s, h: BAR_HEIGHT * s }
    }

    /// Baseline of the text below the memory bar for a text size.
    pub(crate) fn footer(&self, size: f64) -> f64 {
        let below = self.rect.y + (BAR_TOP + BAR_HEIGHT) * self.scale;
        below + (self.rect.bottom() - below + size * 0.72) / 2.0
    }
}

/// The most waiting squares that are drawn.
pub(crate) const MOST_SQUARES: usize = 16;

/// The grid of a container pool on the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pool {
    corner: Point,
    /// Side of a cell.
    pub(crate) side: f64,
    pitch: f64,
    columns: u32,
    rows: u32,
}

impl Pool {
    /// The place of a cell; nothing for those that there is no room for.
    pub(crate) fn cell(&self, cell: u32) -> Option<Rect> {
        let (column, row) = (cell % self.columns.max(1), cell / self.columns.max(1));
        let (x, y) = (self.corner.0 + f64::from(column) * self.pitch, self.corner.1 + f64::from(row) * self.pitch);
        (row < self.rows).then_some(Rect { x, y, w: self.side, h: self.side })
    }
}

/// Half the size of a large glyph.
const LARGE: f64 = 12.0;
/// From one large glyph to the next.
const LARGE_PITCH: f64 = 40.0;

/// Centre and half size of the `i`th of `n` large glyphs in a small node.
pub(crate) fn large_glyph(rect: Rect, scale: f64, i: usize, n: usize) -> (Point, f64) {
    let (cx, cy) = rect.centre();
    let shift = (i as f64 - (n as f64 - 1.0) / 2.0) * LARGE_PITCH;
    ((cx + shift * scale, cy), LARGE * scale)
}

/// Centre and half size of the `i`th glyph before a worker's name.
pub(crate) fn header_glyph(frame: &Frame, i: usize) -> (Point, f64) {
    // It grows as the name does.
    let half = (5.0 * frame.scale).clamp(4.0, 10.0);
    let size = text_size(13.0, frame.scale);
    let x = frame.rect.x + frame.inset() + half + i as f64 * (2.0 * half + 4.0);
    ((x, frame.header(size) - size * 0.36), half)
}

/// Where a node shows the work of its placer: centre and half size of the diamond.
pub(crate) fn placer_spot(rect: Rect, scale: f64, shape: Shape, glyphs: usize, placer: Option<usize>) -> (Point, f64) {
    match (shape, placer) {
        (Shape::Small, Some(i)) => large_glyph(rect, scale, i, glyphs),
        // Machines without a glyph of a placer decide at their upper left corner.
        _ => ((rect.x - 14.0 * scale, rect.y + 14.0 * scale), 7.0 * scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(scale: f64) -> Frame {
        Frame { rect: Rect { x: 100.0, y: 200.0, w: 168.0 * scale, h: 104.0 * scale }, scale }
    }

    #[test]
    fn detail_changes_at_its_limits() {
        assert_eq!([0.6, 0.59, 0.25, 0.24].map(Detail::at), [Detail::Full, Detail::Brief, Detail::Brief, Detail::Heat]);
    }

    #[test]
    fn letters_keep_off_the_frame_where_it_is_small() {
        for scale in [0.25, 0.3, 0.45, 0.59, 0.6] {
            let size = text_size(13.0, scale);
            // Capitals are about 0.72 of the size high; the edge is 1.5 wide.
            assert!(frame(scale).header(size) - size * 0.72 >= 200.0 + 4.0, "{scale}");
        }
    }

    #[test]
    fn the_head_of_the_queue_is_at_the_right() {
        // The frame ends at 268, 8 are left free, a square is 6 wide.
        assert_eq!(frame(1.0).square(0), Rect { x: 254.0, y: 228.0, w: 6.0, h: 6.0 });
        assert_eq!(frame(1.0).square(15).x, 134.0);
    }

    #[test]
    fn cells_keep_to_the_pool_and_shrink_when_there_are_many() {
        let pool = frame(1.0).pool(18);
        assert_eq!(pool.cell(0), Some(Rect { x: 108.0, y: 239.0, w: 14.0, h: 14.0 }));
        assert_eq!(pool.cell(9), Some(Rect { x: 108.0, y: 255.0, w: 14.0, h: 14.0 }));
        assert_eq!(pool.cell(18), None);
        for cells in [1, 18, 19, 42, 43, 76, 77, 150] {
            let pool = frame(1.0).pool(cells);
            assert!((0..cells).all(|c| pool.cell(c).is_some_and(|r| r.right() <= 260.0 && r.bottom() <= 270.0)), "{cells}");
        }
    }
}
