//! The colours of charts, read from the page's style sheet.

use faaslab_core::view::{self, Ink};
use plotters::style::RGBColor;
use web_sys::{CanvasRenderingContext2d, Element};

use crate::stage::draw::theme_of;

/// The colours of one theme. Charts are redrawn when it changes, nothing is read in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Theme {
    /// What charts stand on.
    pub(super) surface: RGBColor,
    /// Hairlines.
    pub(super) line: RGBColor,
    /// Figures and names.
    pub(super) ink: RGBColor,
    /// Axis labels.
    pub(super) muted: RGBColor,
    /// A message is under way.
    pub(super) travelling: RGBColor,
    /// Something is queued or being decided.
    pub(super) waiting: RGBColor,
    /// A container starts.
    pub(super) cold: RGBColor,
    /// A function runs.
    pub(super) running: RGBColor,
    /// Dropped, rejected, failed or timed out.
    pub(super) lost: RGBColor,
    /// The run that is shown.
    pub(super) run: RGBColor,
}

/// The run that is shown, on paper.
const RUN: &str = "#1238B0";

impl Theme {
    /// The colours that hold at `element`. `context` is any drawing context: it turns every way of writing a colour, system
    /// colours too, into one.
    pub(super) fn read(element: &Element, context: &CanvasRenderingContext2d) -> Option<Theme> {
        let run = web_sys::window()?.get_computed_style(element).ok()??.get_property_value("--run-a").ok()?;
        Some(Theme::of(&theme_of(element), run.trim(), |colour| {
            context.set_fill_style_str(colour);
            context.fill_style().as_string().and_then(|text| parse_hex(&text))
        }))
    }

    /// The colours of the light theme, whatever is shown: for paper.
    pub(super) fn paper() -> Theme {
        Theme::of(&view::Theme::LIGHT, RUN, parse_hex)
    }

    /// The colours of a theme of the stage, and of the run that is shown.
    fn of(theme: &view::Theme, run: &str, parse: impl Fn(&str) -> Option<RGBColor>) -> Theme {
        let colour = |text: &str| parse(text).unwrap_or(RGBColor(128, 128, 128));
        let ink = |ink: Ink| colour(theme.colour(ink));
        Theme {
            surface: ink(Ink::Surface),
            line: ink(Ink::Line),
            ink: ink(Ink::Ink),
            muted: ink(Ink::Muted),
            travelling: ink(Ink::Travelling),
            waiting: ink(Ink::Waiting),
            cold: ink(Ink::Cold),
            running: ink(Ink::Running),
            lost: ink(Ink::Lost),
            run: colour(run),
        }
    }

    /// `share` of a colour on the surface, opaque, so that layers may lie upon each other.
    pub(super) fn tint(&self, colour: RGBColor, share: f64) -> RGBColor {
        mix(self.surface, colour, share)
    }

    /// One hue for the median, the 95th, the 99th and the 99.9th percentile: the further out, the further from the surface. The
    /// shares make about equal steps of lightness, the first at 3:1 on the surface.
    pub(super) fn percentiles(&self) -> [RGBColor; 4] {
        if self.is_dark() {
            [
                mix(self.run, self.surface, 0.25),
                mix(self.run, self.ink, 0.15),
                mix(self.run, self.ink, 0.5),
                mix(self.run, self.ink, 0.85),
            ]
        } else {
            [
                mix(self.run, self.surface, 0.42),
                mix(self.run, self.surface, 0.15),
                mix(self.run, self.ink, 0.4),
                mix(self.run, self.ink, 0.85),
            ]
        }
    }

    /// The colour of one of several things of a kind: one hue, each further from the surface than the one before.
    pub(super) fn rank(&self, place: usize, count: usize) -> RGBColor {
        let way = if count > 1 { place as f64 / (count - 1) as f64 } else { 0.45 };
        if way < 0.5 {
            mix(self.run, self.surface, 0.4 * (1.0 - way * 2.0))
        } else {
            mix(self.run, self.ink, 0.8 * (way * 2.0 - 1.0))
        }
    }

    /// How much of something there is, from nothing to all of it, as a shade on a map.
    pub(super) fn shade(&self, share: f64) -> RGBColor {
        mix(self.tint(self.running, 0.06), self.running, share.clamp(0.0, 1.0))
    }

    fn is_dark(&self) -> bool {
        let RGBColor(r, g, b) = self.surface;
        u32::from(r) + u32::from(g) + u32::from(b) < 384
    }

    /// The previous run.
    pub(super) fn ghost(&self) -> RGBColor {
        mix(self.muted, self.surface, 0.2)
    }

    /// The line under everything, a little stronger than the hairlines above it.
    pub(super) fn baseline(&self) -> RGBColor {
        mix(self.line, self.muted, 0.6)
    }
}

/// `share` of the way from one colour to another.
fn mix(from: RGBColor, to: RGBColor, share: f64) -> RGBColor {
    let part = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    RGBColor(part(from.0, to.0), part(from.1, to.1), part(from.2, to.2))
}

/// `#rrggbb`, which is how a canvas reports opaque colours.
fn parse_hex(text: &str) -> Option<RGBColor> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some(RGBColor(r, g, b))
}
