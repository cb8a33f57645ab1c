//! A display list as an SVG picture: gallery, report, export.

use std::borrow::Cow;
use std::fmt::Write;

use super::display::{Anchor, Dash, Fill, Ink, Item, Point, Stroke, Weight, hatch};

/// Colours as CSS writes them, and the thinnest line.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// A colour for each ink, in the order of [`Ink::ALL`].
    pub colours: [Cow<'static, str>; Ink::ALL.len()],
    /// No edge is drawn thinner, in pixels; high contrast has 2.
    pub least_stroke: f64,
}

/// Borrows colours in a constant.
const fn borrowed(hex: [&'static str; 11]) -> [Cow<'static, str>; 11] {
    let [a, b, c, d, e, f, g, h, i, j, k] = hex;
    [
        Cow::Borrowed(a),
        Cow::Borrowed(b),
        Cow::Borrowed(c),
        Cow::Borrowed(d),
        Cow::Borrowed(e),
        Cow::Borrowed(f),
        Cow::Borrowed(g),
        Cow::Borrowed(h),
        Cow::Borrowed(i),
        Cow::Borrowed(j),
        Cow::Borrowed(k),
    ]
}

impl Theme {
    /// Dark on light.
    pub const LIGHT: Theme = Theme {
        colours: borrowed([
            "#F6F7F9", "#FFFFFF", "#D5DAE1", "#7B8694", "#1A2129", "#5B6673", "#6C6B82", "#9E6B05", "#182F80", "#25A07A", "#711733",
        ]),
        least_stroke: 0.0,
    };
    /// Light on dark.
    pub const DARK: Theme = Theme {
        colours: borrowed([
            "#0F1419", "#171D24", "#2D3742", "#7A8694", "#E8EDF2", "#9AA7B4", "#A5A8B0", "#FEAF2B", "#3997FE", "#83FEC5", "#EB2F51",
        ]),
        least_stroke: 0.0,
    };

    /// The colour of an ink.
    pub fn colour(&self, ink: Ink) -> &str {
        &self.colours[ink as usize]
    }
}

/// The picture of a display list, `width` by `height` pixels, on the ground of the theme.
pub fn svg(items: &[Item], width: f64, height: f64, theme: &Theme) -> String {
    let mut pen = Pen { text: String::with_capacity(items.len() * 96 + 256), theme };
    let (w, h) = (number(width), number(height));
    pen.write(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
         font-family=\"system-ui, sans-serif\"><rect width=\"{w}\" height=\"{h}\" fill=\"{}\"/>",
        theme.colour(Ink::Ground)
    ));
    for item in items {
        pen.item(item);
    }
    pen.text.push_str("</svg>");
    pen.text
}

struct Pen<'a> {
    text: String,
    theme: &'a Theme,
}

impl Pen<'_> {
    fn write(&mut self, args: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.text.write_fmt(args);
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Rect { x, y, w, h, radius, fill, stroke } => {
                self.write(format_args!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                    number(*x),
                    number(*y),
                    number(*w),
                    number(*h)
                ));
                if *radius > 0.0 {
                    self.write(format_args!(" rx=\"{}\"", number(*radius)));
                }
                self.paint(*fill, *stroke);
            }
            Item::Hatch { x, y, w, h, fill } => {
                let mut path = String::new();
                hatch(*x, *y, *w, *h, |corners| closed(&mut path, corners));
                self.path(&path, Some(*fill), None);
            }
            Item::Line { from, to, stroke } => self.path(&open(&[*from, *to]), None, Some(*stroke)),
            Item::Polyline { points, fill, stroke } => self.path(&open(points), *fill, *stroke),
            Item::Circle { at, r, fill, stroke } => {
                self.write(format_args!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"", number(at.0), number(at.1), number(*r)));
                self.paint(*fill, *stroke);
            }
            Item::Arc { at, r, part, stroke } => self.path(&arc(*at, *r, *part), None, Some(*stroke)),
            Item::Diamond { at: (x, y), r, fill, stroke } => {
                let mut path = String::new();
                closed(&mut path, &[(*x, y - r), (x + r, *y), (*x, y + r), (x - r, *y)]);
                self.path(&path, *fill, *stroke);
            }
            Item::Cross { at: (x, y), r, stroke } => {
                let path = open(&[(x - r, y - r), (x + r, y + r)]) + &open(&[(x - r, y + r), (x + r, y - r)]);
                self.path(&path, None, Some(*stroke));
            }
            Item::Text { at, size, anchor, weight, fill, halo, text } => {
                self.write(format_args!("<text x=\"{}\" y=\"{}\" font-size=\"{}\"", number(at.0), number(at.1), number(*size)));
                self.fill(*fill);
                self.text_style(*anchor, *weight, *halo);
                self.text.push('>');
                escape(text, &mut self.text);
                self.text.push_str("</text>");
            }
        }
    }

    fn path(&mut self, d: &str, fill: Option<Fill>, stroke: Option<Stroke>) {
        self.write(format_args!("<path d=\"{d}\""));
        self.paint(fill, stroke);
    }

    /// Fill and edge, and the end of the element.
    fn paint(&mut self, fill: Option<Fill>, stroke: Option<Stroke>) {
        match fill {
            Some(fill) => self.fill(fill),
            None => self.text.push_str(" fill=\"none\""),
        }
        if let Some(s) = stroke {
            let width = number(s.width.max(self.theme.least_stroke));
            self.write(format_args!(" stroke=\"{}\" stroke-width=\"{width}\"", self.theme.colour(s.ink)));
            if s.alpha < 1.0 {
                self.write(format_args!(" stroke-opacity=\"{}\"", number(s.alpha)));
            }
            if let Some((on, off)) = Dash::pattern(s.dash) {
                self.write(format_args!(" stroke-dasharray=\"{on} {off}\""));
            }
        }
        self.text.push_str("/>");
    }

    fn fill(&mut self, fill: Fill) {
        self.write(format_args!(" fill=\"{}\"", self.theme.colour(fill.ink)));
        if fill.alpha < 1.0 {
            self.write(format_args!(" fill-opacity=\"{}\"", number(fill.alpha)));
        }
    }

    /// What sets a text apart from a plain one that begins at its x.
    fn text_style(&mut self, anchor: Anchor, weight: Weight, halo: Option<Ink>) {
        match anchor {
            Anchor::Start => {}
            Anchor::Middle => self.text.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.text.push_str(" text-anchor=\"end\""),
        }
        if weight == Weight::Strong {
            self.text.push_str(" font-weight=\"600\"");
        }
        if let Some(halo) = halo {
            let colour = self.theme.colour(halo);
            self.write(format_args!(" stroke=\"{colour}\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""));
        }
    }
}

fn open(points: &[Point]) -> String {
    let mut path = String::new();
    for (i, p) in points.iter().enumerate() {
        let _ = write!(path, "{}{} {}", if i == 0 { 'M' } else { 'L' }, number(p.0), number(p.1));
    }
    path
}

fn closed(path: &mut String, corners: &[Point]) {
    path.push_str(&open(corners));
    path.push('Z');
}

/// Clockwise from the top.
fn arc((x, y): Point, r: f64, part: f64) -> String {
    // A whole turn has no direction to an elliptical arc.
    let part = part.clamp(0.0, 0.9999);
    let (sin, cos) = libm::sincos(part * std::f64::consts::TAU);
    let end = (x + r * sin, y - r * cos);
    let far = u8::from(part > 0.5);
    format!("M{} {}A{r} {r} 0 {far} 1 {} {}", number(x), number(y - r), number(end.0), number(end.1), r = number(r))
}

/// A number with at most two decimals.
fn number(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text that is safe between tags and in attributes.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no way to write other control characters.
            c if c < ' ' && c != '\t' && c != '\n' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_text() {
        let item = Item::label((1.0, 2.0), 12.0, Anchor::Middle, Ink::Ink, "</text><script a=\"'&\u{1}");
        let picture = svg(&[item], 10.0, 10.0, &Theme::LIGHT);
        assert!(picture.contains(">&lt;/text&gt;&lt;script a=&quot;&#39;&amp;</text></svg>"), "{picture}");
    }

    #[test]
    fn colours_come_from_the_theme() {
        let bar = [Item::bar(0.0, 0.0, 5.0, 2.5, Fill { ink: Ink::Cold, alpha: 0.15 })];
        let light = svg(&bar, 10.0, 10.0, &Theme::LIGHT);
        assert!(
            light.contains("<rect x=\"0\" y=\"0\" width=\"5\" height=\"2.5\" fill=\"#182F80\" fill-opacity=\"0.15\"/>"),
            "{light}"
        );
        assert!(svg(&bar, 10.0, 10.0, &Theme::DARK).contains("#3997FE"));
    }

    #[test]
    fn arcs_go_clockwise_from_the_top() {
        assert_eq!(arc((10.0, 10.0), 5.0, 0.25), "M10 5A5 5 0 0 1 15 10");
        assert_eq!(arc((10.0, 10.0), 5.0, 0.75), "M10 5A5 5 0 1 1 5 10");
    }

    #[test]
    fn thin_edges_are_thickened_for_high_contrast() {
        let theme = Theme { least_stroke: 2.0, ..Theme::LIGHT };
        let line = [Item::Line { from: (0.0, 0.0), to: (1.0, 0.0), stroke: Stroke::new(Ink::Line, 1.0) }];
        assert!(svg(&line, 10.0, 10.0, &theme).contains("stroke-width=\"2\""));
    }
}
