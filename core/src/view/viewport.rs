//! Which part of the world the screen shows: screen = (world - corner) * scale, in CSS pixels.

use super::display::Point;
use super::layout::Rect;

/// The part of the world that the screen shows, and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// World coordinate of the screen's left edge.
    pub x: f64,
    /// World coordinate of the screen's top edge.
    pub y: f64,
    /// Screen pixels per world unit.
    pub scale: f64,
}

impl Default for Viewport {
    fn default() -> Self {
        Viewport { x: 0.0, y: 0.0, scale: 1.0 }
    }
}

impl Viewport {
    /// The smallest scale that can be reached.
    pub const LEAST: f64 = 0.1;
    /// The largest scale that can be reached: each machine of a large block can be seen.
    pub const MOST: f64 = 16.0;

    /// The viewport that shows `bounds` in the middle of a screen of `width` by `height` pixels: at most at scale 1, on a large
    /// screen at most at 1.5.
    pub fn fit(bounds: Rect, width: f64, height: f64) -> Viewport {
        let margin = 16.0;
        let ratio = |room: f64, need: f64| if need > 0.0 { (room - 2.0 * margin) / need } else { 1.0 };
        let most = (width / 1_000.0).clamp(1.0, 1.5);
        let scale = ratio(width, bounds.w).min(ratio(height, bounds.h)).clamp(Viewport::LEAST, most);
        let (cx, cy) = bounds.centre();
        Viewport { x: cx - width / scale / 2.0, y: cy - height / scale / 2.0, scale }
    }

    /// The viewport of this scale with a point of the world in the middle of a screen of `width` by `height` pixels.
    pub fn centred(at: Point, scale: f64, width: f64, height: f64) -> Viewport {
        let scale = scale.clamp(Viewport::LEAST, Viewport::MOST);
        Viewport { x: at.0 - width / scale / 2.0, y: at.1 - height / scale / 2.0, scale }
    }

    /// The viewport moved as little as is needed to show a rectangle of the world on a screen of `width` by `height` pixels,
    /// from its upper left corner if it is too large.
    pub fn reveal(&self, r: Rect, width: f64, height: f64) -> Viewport {
        let margin = 24.0 / self.scale;
        let along = |from: f64, to: f64, shown: f64, room: f64| {
            let after = (to + margin - room).max(shown);
            after.min(from - margin)
        };
        let x = along(r.x, r.right(), self.x, width / self.scale);
        Viewport { x, y: along(r.y, r.bottom(), self.y, height / self.scale), ..*self }
    }

    /// Where a point of the world is on the screen.
    pub fn to_screen(&self, (x, y): Point) -> Point {
        ((x - self.x) * self.scale, (y - self.y) * self.scale)
    }

    /// Which point of the world is there on the screen.
    pub fn to_world(&self, (x, y): Point) -> Point {
        (x / self.scale + self.x, y / self.scale + self.y)
    }

    /// The screen rectangle of a world rectangle. Its corner is rounded to whole pixels, so that hairlines stay sharp.
    pub fn rect(&self, r: Rect) -> Rect {
        let (x, y) = self.to_screen((r.x, r.y));
        Rect { x: libm::round(x), y: libm::round(y), w: r.w * self.scale, h: r.h * self.scale }
    }

    /// The viewport `factor` times as large, with the same point of the world under the screen point `about`.
    pub fn zoom(&self, about: Point, factor: f64) -> Viewport {
        let scale = (self.scale * factor).clamp(Viewport::LEAST, Viewport::MOST);
        let (wx, wy) = self.to_world(about);
        Viewport { x: wx - about.0 / scale, y: wy - about.1 / scale, scale }
    }

    /// The viewport after the screen's content was dragged by (dx, dy) pixels.
    pub fn pan(&self, dx: f64, dy: f64) -> Viewport {
        Viewport { x: self.x - dx / self.scale, y: self.y - dy / self.scale, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Point, b: Point) -> bool {
        (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9
    }

    #[test]
    fn screen_and_world_are_inverse() {
        let v = Viewport { x: 100.0, y: -50.0, scale: 0.5 };
        assert_eq!(v.to_screen((120.0, -30.0)), (10.0, 10.0));
        assert!(near(v.to_world(v.to_screen((7.0, 9.0))), (7.0, 9.0)));
    }

    #[test]
    fn zoom_keeps_the_point_under_the_pointer() {
        let v = Viewport { x: 10.0, y: 20.0, scale: 1.0 };
        let under = v.to_world((300.0, 200.0));
        assert!(near(v.zoom((300.0, 200.0), 2.5).to_world((300.0, 200.0)), under));
    }

    #[test]
    fn zoom_stops_at_its_limits() {
        let v = Viewport::default();
        assert_eq!(v.zoom((0.0, 0.0), 100.0).scale, 16.0);
        assert_eq!(v.zoom((0.0, 0.0), 0.001).scale, 0.1);
    }

    #[test]
    fn pan_moves_the_content_with_the_pointer() {
        let v = Viewport { x: 0.0, y: 0.0, scale: 2.0 };
        assert_eq!(v.pan(20.0, -10.0).to_screen((0.0, 0.0)), (20.0, -10.0));
    }

    #[test]
    fn reveal_moves_no_more_than_it_must() {
        let v = Viewport { x: 0.0, y: 0.0, scale: 2.0 };
        let at = |x: f64, y: f64| v.reveal(Rect { x, y, w: 20.0, h: 20.0 }, 400.0, 200.0);
        assert_eq!(at(100.0, 40.0), v, "it is there");
        assert_eq!(at(300.0, 40.0), Viewport { x: 132.0, ..v });
        assert_eq!(at(100.0, -50.0), Viewport { y: -62.0, ..v });
        let centred = Viewport::centred((100.0, 50.0), 2.0, 400.0, 200.0);
        assert_eq!(centred.to_screen((100.0, 50.0)), (200.0, 100.0));
    }

    #[test]
    fn fit_centres_and_enlarges_on_large_screens_alone() {
        let small = Viewport::fit(Rect { x: 10.0, y: 10.0, w: 100.0, h: 50.0 }, 800.0, 400.0);
        assert_eq!(small.scale, 1.0);
        assert!(near(small.to_screen((60.0, 35.0)), (400.0, 200.0)));
        let large = Viewport::fit(Rect { x: 0.0, y: 0.0, w: 1536.0, h: 100.0 }, 800.0, 400.0);
        assert_eq!(large.scale, 0.5);
        let scale = |width: f64| Viewport::fit(Rect { x: 0.0, y: 0.0, w: 100.0, h: 50.0 }, width, 900.0).scale;
        assert_eq!([scale(960.0), scale(1_250.0), scale(3_000.0)], [1.0, 1.25, 1.5]);
    }
}
