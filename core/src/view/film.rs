//! Many dots as one picture.
//!
//! Without a graphics processor a canvas takes some microseconds to paint a path, and ten thousand dots are as many paths: a frame
//! takes several times as long as it is shown. Here a dot is a stamp, worked out once for each look and place within a pixel, and
//! pressed onto a picture that goes onto the canvas in one piece. Where dots lie on each other, a pixel has the colour of the one that
//! covers more of it, of the later one of two, and what is below shows through as through any paint.

use super::display::{Fill, Ink, Item, Point, Stroke};

/// Red, green and blue.
type Rgb = [u8; 3];

/// Places within a pixel that are told apart, in each direction.
const PLACES: usize = 4;
/// Red, green and blue of a pixel as a number.
const COLOUR: u32 = 0x00FF_FFFF;
/// So many parts of a pixel away nothing is seen.
const FAR: f64 = 1e9;
/// So many looks are kept: while the stage is zoomed, each frame has others.
const LOOKS: usize = 16;

/// A picture of dots, and the stamps that it is made with.
#[derive(Clone, Debug)]
pub struct Film {
    width: usize,
    height: usize,
    /// Pixels for each CSS pixel.
    ratio: f64,
    /// Edges are no thinner, in CSS pixels.
    least_stroke: f64,
    colours: [Rgb; Ink::ALL.len()],
    /// Red, green, blue and opacity of each pixel, not multiplied, row by row. As a number (little-endian) a pixel is compared by its
    /// opacity first.
    pixels: Vec<[u8; 4]>,
    stamps: Vec<Stamp>,
}

/// Radius, fill and edge of a dot.
type Look = (f64, Option<Fill>, Option<Stroke>);

/// A dot of one look, at each place within a pixel.
#[derive(Clone, Debug)]
struct Stamp {
    look: Look,
    /// Pixels in each direction.
    side: usize,
    /// Of each place, row by row, the pixels, row by row.
    pixels: Vec<[u8; 4]>,
    /// Of each row of these, where it is not empty.
    covered: Vec<(usize, usize)>,
}

impl Stamp {
    fn new(look: Look, film: &Film) -> Stamp {
        let (r, fill, stroke) = look;
        let (r, edge) = (r * film.ratio, stroke.map_or(0.0, |s| s.width.max(film.least_stroke) * film.ratio / 2.0));
        // A centre within the middle pixel, and half a pixel more on each side.
        let side = 2 * libm::ceil(r + edge + 0.5).max(0.0) as usize + 1;
        let mut pixels = Vec::with_capacity(PLACES * PLACES * side * side);
        let middle = |place: usize| (side / 2) as f64 + place as f64 / PLACES as f64;
        for place in 0..PLACES * PLACES {
            let (x, y) = (middle(place % PLACES), middle(place / PLACES));
            for pixel in 0..side * side {
                let (across, down) = ((pixel % side) as f64 + 0.5 - x, (pixel / side) as f64 + 0.5 - y);
                let away = libm::sqrt(across * across + down * down);
                // How much of the pixel lies within, if the circle were straight there.
                let within = |half: f64, from_line: f64| (half + 0.5 - from_line).clamp(0.0, (2.0 * half).min(1.0));
                let filled = fill.map(|f| (f.ink, f.alpha * (r + 0.5 - away).clamp(0.0, 1.0)));
                let drawn = stroke.map(|s| (s.ink, s.alpha * within(edge, (away - r).abs())));
                pixels.push(over(drawn, filled, &film.colours));
            }
        }
        let seen = |row: &[[u8; 4]]| {
            let first = row.iter().position(|pixel| pixel[3] > 0).unwrap_or(side);
            (first, row.iter().rposition(|pixel| pixel[3] > 0).map_or(first, |last| last + 1))
        };
        let covered = pixels.chunks_exact(side).map(seen).collect();
        Stamp { look, side, pixels, covered }
    }
}

/// What is seen of an edge over a fill.
fn over(edge: Option<(Ink, f64)>, fill: Option<(Ink, f64)>, colours: &[Rgb]) -> [u8; 4] {
    let part = |layer: Option<(Ink, f64)>| layer.map_or(([0; 3], 0.0), |(ink, alpha)| (colours[ink as usize], alpha));
    let ((above, a), (below, b)) = (part(edge), part(fill));
    let rest = b * (1.0 - a);
    let alpha = a + rest;
    let mixed = |i: usize| ((f64::from(above[i]) * a + f64::from(below[i]) * rest) / alpha.max(1e-9) + 0.5) as u8;
    [mixed(0), mixed(1), mixed(2), (alpha * 255.0 + 0.5) as u8]
}

/// The product of two parts of 255, as such a part.
fn parts(a: u32, b: u32) -> u32 {
    ((a * b + 128) * 257) >> 16
}

impl Film {
    /// An empty picture of some CSS pixels, with so many pixels for each. It has the colours of the inks (red, green, blue), and
    /// its edges are at least so many CSS pixels wide.
    pub fn new(size: Point, ratio: f64, colours: [[u8; 3]; Ink::ALL.len()], least_stroke: f64) -> Film {
        let pixels = |length: f64| (length * ratio + 0.5).max(0.0) as usize;
        let (width, height) = (pixels(size.0), pixels(size.1));
        Film { width, height, ratio, least_stroke, colours, pixels: vec![[0; 4]; width * height], stamps: Vec::new() }
    }

    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Red, green, blue and opacity of each pixel, row by row from the top; the opacity is not multiplied into the colours.
    pub fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }

    /// Draws circles in place of what was there. What is no circle is left out, and what has no place.
    #[inline(never)] // where it is called, what is short comes before what is fast
    pub fn draw(&mut self, items: &[Item]) {
        self.pixels.fill([0; 4]);
        let mut last = 0;
        for item in items {
            let Item::Circle { at, r, fill, stroke } = item else { continue };
            if !at.0.is_finite() || !at.1.is_finite() {
                continue;
            }
            let look = (*r, *fill, *stroke);
            if self.stamps.get(last).is_none_or(|stamp| stamp.look != look) {
                last = self.stamp(look);
            }
            self.press(last, *at);
        }
    }

    /// Where the stamp of a look stands.
    fn stamp(&mut self, look: Look) -> usize {
        if let Some(known) = self.stamps.iter().position(|stamp| stamp.look == look) {
            return known;
        }
        if self.stamps.len() >= LOOKS {
            self.stamps.clear();
        }
        let stamp = Stamp::new(look, self);
        self.stamps.push(stamp);
        self.stamps.len() - 1
    }

    /// Presses a stamp on at a place.
    fn press(&mut self, stamp: usize, at: Point) {
        let Stamp { side, pixels, covered, .. } = &self.stamps[stamp];
        // In parts of a pixel, rounded, which is to cut what is not negative; what is far away is beyond every edge.
        let part = |x: f64| ((x * self.ratio * PLACES as f64).clamp(-FAR, FAR) + (FAR + 0.5)) as i64 - FAR as i64;
        let (x, y) = (part(at.0), part(at.1));
        let place = |x: i64| x.rem_euclid(PLACES as i64) as usize;
        let first = |x: i64| x.div_euclid(PLACES as i64) - (side / 2) as i64;
        let (left, top) = (first(x), first(y));
        // The columns of the stamp that are on the picture.
        let begins = (-left).clamp(0, *side as i64) as usize;
        let ends = (self.width as i64 - left).clamp(0, *side as i64) as usize;
        let rows = (place(y) * PLACES + place(x)) * side..;
        for (row, y) in rows.zip(top..top + *side as i64) {
            let (from, to) = (covered[row].0.max(begins), covered[row].1.min(ends));
            if from >= to || y < 0 || y >= self.height as i64 {
                continue;
            }
            let start = y as usize * self.width + (left + from as i64) as usize;
            let line = &pixels[row * side + from..row * side + to];
            for (pixel, new) in self.pixels[start..start + to - from].iter_mut().zip(line) {
                let (new, old) = (u32::from_le_bytes(*new), u32::from_le_bytes(*pixel));
                // Without a branch, which would often be guessed wrong.
                let colour = if new | COLOUR >= old { new } else { old } & COLOUR;
                let (above, below) = (new >> 24, old >> 24);
                *pixel = (colour | (above + parts(below, 255 - above)) << 24).to_le_bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgb = [200, 30, 10];

    fn film() -> Film {
        Film::new((40.0, 30.0), 2.0, [RED; Ink::ALL.len()], 0.0)
    }

    fn dot(at: Point, r: f64) -> Item {
        Item::Circle { at, r, fill: Some(Ink::Travelling.into()), stroke: None }
    }

    /// How many pixels are covered, and the middle of what covers them, in CSS pixels.
    fn covered(film: &Film) -> (f64, Point) {
        let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
        for (i, pixel) in film.pixels.iter().enumerate() {
            let part = f64::from(pixel[3]) / 255.0;
            sum += part;
            x += part * ((i % film.width) as f64 + 0.5);
            y += part * ((i / film.width) as f64 + 0.5);
        }
        (sum, (x / sum / film.ratio, y / sum / film.ratio))
    }

    #[test]
    fn a_dot_covers_its_area_where_it_is() {
        for (x, y, r) in [(20.0, 15.0, 2.5), (7.3, 11.9, 2.5), (30.05, 5.6, 4.0)] {
            let mut film = film();
            film.draw(&[dot((x, y), r)]);
            let (area, at) = covered(&film);
            let exact = std::f64::consts::PI * r * r * 4.0;
            assert!((area / exact - 1.0).abs() < 0.02, "{area} {exact}");
            assert!((at.0 - x).abs() < 0.08 && (at.1 - y).abs() < 0.08, "{at:?}");
            assert!(film.pixels.iter().all(|p| p[3] == 0 || p[..3] == RED));
        }
    }

    #[test]
    fn a_ring_is_hollow() {
        let mut film = film();
        film.draw(&[Item::Circle { at: (20.0, 15.0), r: 5.0, fill: None, stroke: Some(Stroke::new(Ink::Travelling, 1.0)) }]);
        let exact = std::f64::consts::TAU * 5.0 * 4.0;
        assert!((covered(&film).0 / exact - 1.0).abs() < 0.03);
        assert_eq!(film.pixels[30 * 80 + 40], [0; 4]);
        let thin = covered(&film).0;
        let mut film = Film::new((40.0, 30.0), 2.0, [RED; Ink::ALL.len()], 2.0);
        film.draw(&[Item::Circle { at: (20.0, 15.0), r: 5.0, fill: None, stroke: Some(Stroke::new(Ink::Travelling, 1.0)) }]);
        assert!((covered(&film).0 / thin - 2.0).abs() < 0.05);
    }

    #[test]
    fn an_edge_shows_over_its_fill_and_a_faint_dot_lets_another_show() {
        let mut colours = [RED; Ink::ALL.len()];
        colours[Ink::Ink as usize] = [0, 0, 0];
        let mut film = Film::new((40.0, 30.0), 1.0, colours, 0.0);
        let stroke = Some(Stroke::new(Ink::Ink, 2.0));
        film.draw(&[Item::Circle { at: (20.5, 15.5), r: 6.0, fill: Some(Ink::Travelling.into()), stroke }]);
        assert_eq!((film.pixels[15 * 40 + 20], film.pixels[15 * 40 + 26]), ([200, 30, 10, 255], [0, 0, 0, 255]));
        let faint = Item::Circle { at: (20.5, 15.5), r: 6.0, fill: Some(Fill { ink: Ink::Ink, alpha: 0.6 }), stroke: None };
        film.draw(&[dot((20.5, 15.5), 3.0), faint.clone()]);
        assert_eq!((film.pixels[15 * 40 + 20], film.pixels[15 * 40 + 25]), ([200, 30, 10, 255], [0, 0, 0, 153]));
        film.draw(&[faint.clone(), faint]);
        assert_eq!(film.pixels[15 * 40 + 20], [0, 0, 0, 214]);
    }

    #[test]
    fn what_lies_beyond_an_edge_is_left_out_and_nothing_stays_from_before() {
        let mut film = film();
        let far = [(0.0, 0.0), (40.0, 30.0), (-3.0, 10.0), (20.0, 33.0), (1e300, -1e300), (f64::NAN, 3.0), (f64::INFINITY, 0.0)];
        film.draw(&far.map(|at| dot(at, 2.5)));
        let quarters = std::f64::consts::PI * 2.5 * 2.5 * 4.0 / 2.0;
        assert!((covered(&film).0 / quarters - 1.0).abs() < 0.1);
        for _ in 0..2 * LOOKS {
            film.draw(&[dot((20.0, 15.0), 2.5)]);
        }
        assert!((covered(&film).0 / quarters / 2.0 - 1.0).abs() < 0.02);
        film.draw(&[]);
        assert_eq!(covered(&film).0, 0.0);
        Film::new((0.0, 30.0), 1.0, [RED; Ink::ALL.len()], 0.0).draw(&[dot((0.0, 0.0), 2.5)]);
    }
}
