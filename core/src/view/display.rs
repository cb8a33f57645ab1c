//! The display list: few primitives in screen pixels, with colours as names that a back end resolves from its theme.

/// A point, or a vector.
pub type Point = (f64, f64);

/// A colour by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ink {
    /// Behind everything.
    Ground,
    /// What things stand on: nodes, plates.
    Surface,
    /// Hairlines that separate.
    Line,
    /// Edges of what can be used: node frames, links.
    ControlBorder,
    /// Text and what is chosen.
    Ink,
    /// Text of less weight.
    Muted,
    /// A message on its way.
    Travelling,
    /// Waiting in a queue or an inbox.
    Waiting,
    /// A cold start.
    Cold,
    /// Running, and kept warm.
    Running,
    /// Dropped, rejected, evicted.
    Lost,
}

impl Ink {
    /// All inks, in the order of their numbers.
    pub const ALL: [Ink; 11] = [
        Ink::Ground,
        Ink::Surface,
        Ink::Line,
        Ink::ControlBorder,
        Ink::Ink,
        Ink::Muted,
        Ink::Travelling,
        Ink::Waiting,
        Ink::Cold,
        Ink::Running,
        Ink::Lost,
    ];

    /// The name of its custom property in the styles, without the two hyphens.
    pub fn word(self) -> &'static str {
        match self {
            Ink::Ground => "ground",
            Ink::Surface => "surface",
            Ink::Line => "line",
            Ink::ControlBorder => "control",
            Ink::Ink => "ink",
            Ink::Muted => "muted",
            Ink::Travelling => "travelling",
            Ink::Waiting => "waiting",
            Ink::Cold => "cold",
            Ink::Running => "running",
            Ink::Lost => "lost",
        }
    }
}

/// How an area is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// The colour.
    pub ink: Ink,
    /// Opacity, 0 to 1.
    pub alpha: f64,
}

impl From<Ink> for Fill {
    fn from(ink: Ink) -> Fill {
        Fill { ink, alpha: 1.0 }
    }
}

/// Whether a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// It is not.
    Solid,
    /// 6 drawn, 4 not: edges of zones.
    Long,
    /// 2 drawn, 3 not: guides.
    Short,
}

impl Dash {
    /// Pixels drawn and not drawn; nothing for a solid line.
    pub fn pattern(self) -> Option<(f64, f64)> {
        match self {
            Dash::Solid => None,
            Dash::Long => Some((6.0, 4.0)),
            Dash::Short => Some((2.0, 3.0)),
        }
    }
}

/// How an edge is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// The colour.
    pub ink: Ink,
    /// Opacity, 0 to 1.
    pub alpha: f64,
    /// Width in pixels.
    pub width: f64,
    /// Whether it is broken.
    pub dash: Dash,
}

impl Stroke {
    /// A solid opaque edge.
    pub fn new(ink: Ink, width: f64) -> Stroke {
        Stroke { ink, alpha: 1.0, width, dash: Dash::Solid }
    }
}

/// Which point of a text stands at its x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// 400.
    Regular,
    /// 600.
    Strong,
}

/// One thing to draw.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A rectangle, with its edge centred on its outline.
    Rect {
        /// Left.
        x: f64,
        /// Top.
        y: f64,
        /// Width.
        w: f64,
        /// Height.
        h: f64,
        /// Radius of its corners.
        radius: f64,
        /// How it is filled.
        fill: Option<Fill>,
        /// How its edge is drawn.
        stroke: Option<Stroke>,
    },
    /// A rectangle of stripes at 45 degrees: the mark of a cold start.
    Hatch {
        /// Left.
        x: f64,
        /// Top.
        y: f64,
        /// Width.
        w: f64,
        /// Height.
        h: f64,
        /// Colour of the stripes.
        fill: Fill,
    },
    /// A straight line.
    Line {
        /// One end.
        from: Point,
        /// The other.
        to: Point,
        /// How it is drawn.
        stroke: Stroke,
    },
    /// A line through points; closed if it is filled.
    Polyline {
        /// The points.
        points: Vec<Point>,
        /// How its inside is filled.
        fill: Option<Fill>,
        /// How the line is drawn.
        stroke: Option<Stroke>,
    },
    /// A circle.
    Circle {
        /// Centre.
        at: Point,
        /// Radius.
        r: f64,
        /// How it is filled.
        fill: Option<Fill>,
        /// How its edge is drawn.
        stroke: Option<Stroke>,
    },
    /// A part of a circle, clockwise from the top.
    Arc {
        /// Centre.
        at: Point,
        /// Radius.
        r: f64,
        /// How much of the whole turn, 0 to 1.
        part: f64,
        /// How it is drawn.
        stroke: Stroke,
    },
    /// A square on its corner.
    Diamond {
        /// Centre.
        at: Point,
        /// From the centre to a corner.
        r: f64,
        /// How it is filled.
        fill: Option<Fill>,
        /// How its edge is drawn.
        stroke: Option<Stroke>,
    },
    /// An x.
    Cross {
        /// Centre.
        at: Point,
        /// Half its width.
        r: f64,
        /// How it is drawn.
        stroke: Stroke,
    },
    /// A line of text.
    Text {
        /// Where its anchor is on its baseline.
        at: Point,
        /// Size in pixels.
        size: f64,
        /// Which of its points stands there.
        anchor: Anchor,
        /// Its weight.
        weight: Weight,
        /// Its colour.
        fill: Fill,
        /// Colour of a rim that keeps it legible over lines.
        halo: Option<Ink>,
        /// The text.
        text: String,
    },
}

impl Item {
    /// A filled rectangle without an edge and without round corners.
    pub(crate) fn bar(x: f64, y: f64, w: f64, h: f64, fill: impl Into<Fill>) -> Item {
        Item::Rect { x, y, w, h, radius: 0.0, fill: Some(fill.into()), stroke: None }
    }

    /// A text of regular weight without a rim.
    pub(crate) fn label(at: Point, size: f64, anchor: Anchor, ink: Ink, text: impl Into<String>) -> Item {
        Item::Text { at, size, anchor, weight: Weight::Regular, fill: ink.into(), halo: None, text: text.into() }
    }

    /// Makes it fainter by `factor`.
    pub(crate) fn fade(&mut self, factor: f64) {
        let (fill, stroke) = match self {
            Item::Rect { fill, stroke, .. }
            | Item::Polyline { fill, stroke, .. }
            | Item::Circle { fill, stroke, .. }
            | Item::Diamond { fill, stroke, .. } => (fill.as_mut(), stroke.as_mut()),
            Item::Hatch { fill, .. } | Item::Text { fill, .. } => (Some(fill), None),
            Item::Line { stroke, .. } | Item::Arc { stroke, .. } | Item::Cross { stroke, .. } => (None, Some(stroke)),
        };
        if let Some(fill) = fill {
            fill.alpha *= factor;
        }
        if let Some(stroke) = stroke {
            stroke.alpha *= factor;
        }
    }
}

/// Distance between two stripes of a hatch, in pixels along an edge.
const HATCH_PERIOD: f64 = 5.0;
/// Width of a stripe, measured along an edge.
const HATCH_STRIPE: f64 = 2.5;

/// Calls `stripe` with the corners of each stripe of a hatched rectangle, cut off exactly at its edges.
///
/// A stripe is a <= u <= b with u = (right - x) + (bottom - y), so the hatch hangs on the lower right corner and does not
/// move when the rectangle grows upwards.
pub fn hatch(x: f64, y: f64, w: f64, h: f64, mut stripe: impl FnMut(&[Point])) {
    // The points where u has a value, on the upper right and on the lower left part of the outline.
    let upper = |u: f64| if u <= h { (x + w, y + h - u) } else { (x + w - (u - h), y) };
    let lower = |u: f64| if u <= w { (x + w - u, y + h) } else { (x, y + h - (u - w)) };
    let mut a = 0.0;
    while a < w + h {
        let b = (a + HATCH_STRIPE).min(w + h);
        let mut corners = [upper(a); 6];
        let mut n = 1;
        let mut push = |p: Point| {
            corners[n] = p;
            n += 1;
        };
        if a < h && h < b {
            push((x + w, y));
        }
        push(upper(b));
        push(lower(b));
        if a < w && w < b {
            push((x, y + h));
        }
        push(lower(a));
        stripe(&corners[..n]);
        a += HATCH_PERIOD;
    }
}

/// About how wide a text is in a system font, in pixels.
pub fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// About how wide a character is, in ems.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.28,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.86,
        c if c.is_ascii_uppercase() => 0.68,
        c if c.is_ascii() => 0.57,
        '…' => 0.9,
        // Of other scripts, some are as wide as high.
        _ => 1.0,
    }
}

/// The text, or as much of its beginning as is about `width` pixels wide, with an ellipsis; nothing if that is too little.
pub fn fit_text(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut left = width / size - advance('…');
    let kept: String = text
        .chars()
        .take_while(|c| {
            left -= advance(*c);
            left >= 0.0
        })
        .collect();
    if kept.is_empty() { kept } else { format!("{}…", kept.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(corners: &[Point]) -> f64 {
        let next = |i: usize| corners[(i + 1) % corners.len()];
        (0..corners.len()).map(|i| corners[i].0 * next(i).1 - next(i).0 * corners[i].1).sum::<f64>().abs() / 2.0
    }

    #[test]
    fn inks_stand_at_their_numbers() {
        assert!(Ink::ALL.iter().enumerate().all(|(i, ink)| *ink as usize == i));
    }

    #[test]
    fn hatch_stays_inside_and_covers_about_half() {
        let (x, y, w, h) = (10.0, 20.0, 40.0, 25.0);
        let mut covered = 0.0;
        hatch(x, y, w, h, |corners| {
            assert!(corners.iter().all(|p| p.0 >= x && p.0 <= x + w && p.1 >= y && p.1 <= y + h), "{corners:?}");
            covered += area(corners);
        });
        assert!((covered / (w * h) - 0.5).abs() < 0.05, "{covered}");
    }

    #[test]
    fn hatch_of_nothing_is_nothing() {
        hatch(0.0, 0.0, 0.0, 0.0, |_| panic!("no stripe"));
    }

    #[test]
    fn long_texts_end_in_an_ellipsis_that_fits() {
        assert_eq!(fit_text("edge-1", 12.0, 100.0), "edge-1");
        let cut = fit_text("a very long name of a worker", 12.0, 80.0);
        assert!(cut.ends_with('…') && text_width(&cut, 12.0) <= 80.0, "{cut}");
        assert_eq!(fit_text("worker", 12.0, 5.0), "");
    }

    #[test]
    fn fading_reaches_fill_and_edge() {
        let mut item =
            Item::Circle { at: (0.0, 0.0), r: 1.0, fill: Some(Ink::Cold.into()), stroke: Some(Stroke::new(Ink::Ink, 1.0)) };
        item.fade(0.25);
        let Item::Circle { fill: Some(fill), stroke: Some(stroke), .. } = item else { panic!("changed its shape") };
        assert_eq!((fill.alpha, stroke.alpha), (0.25, 0.25));
    }
}
