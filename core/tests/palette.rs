//! The palette: legible on ground and surface, told apart under the three deficiencies of colour vision, and the same in the
//! picture back end and in the style sheet.
//!
//! Deficiencies are simulated as Viénot, Brettel and Mollon (1999) do for protanopia and deuteranopia, and for tritanopia as
//! Brettel, Viénot and Mollon (1997) do, with two half-planes. Differences are CIEDE2000.
#![allow(clippy::unwrap_used)]

use faaslab_core::view::{Ink, Theme};
use libm::{atan2, cbrt, exp, hypot, pow};

/// A colour as shares of red, green and blue.
type Rgb = [f64; 3];

fn parse(hex: &str) -> Rgb {
    let digits = hex.strip_prefix('#').unwrap();
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0)
}

fn linear(colour: Rgb) -> Rgb {
    colour.map(|c| if c <= 0.04045 { c / 12.92 } else { pow((c + 0.055) / 1.055, 2.4) })
}

fn times(m: [Rgb; 3], v: Rgb) -> Rgb {
    m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// The contrast of two colours as WCAG 2 has it.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |hex| {
        let [r, g, b] = linear(parse(hex));
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[derive(Clone, Copy, Debug)]
enum Vision {
    Common,
    Protanopia,
    Deuteranopia,
    Tritanopia,
}

/// Linear colours as somebody sees them.
fn seen(vision: Vision, colour: Rgb) -> Rgb {
    match vision {
        Vision::Common => colour,
        Vision::Protanopia => times([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]], colour),
        Vision::Deuteranopia => times([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]], colour),
        Vision::Tritanopia => {
            let side = times([[0.03901, -0.02788, -0.01113]; 3], colour)[0];
            let half = if side >= 0.0 {
                [[1.01277, 0.13548, -0.14826], [-0.01243, 0.86812, 0.14431], [0.07589, 0.80500, 0.11911]]
            } else {
                [[0.93678, 0.18979, -0.12657], [0.06154, 0.81526, 0.12320], [-0.37562, 1.12767, 0.24796]]
            };
            times(half, colour)
        }
    }
    .map(|c| c.clamp(0.0, 1.0))
}

fn lab(colour: Rgb) -> Rgb {
    let xyz =
        times([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]], colour);
    let f = |t: f64| if t > 216.0 / 24389.0 { cbrt(t) } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = [f(xyz[0] / 0.95047), f(xyz[1]), f(xyz[2] / 1.08883)];
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn ciede2000([l1, a1, b1]: Rgb, [l2, a2, b2]: Rgb) -> f64 {
    let grey = |c: f64| (pow(c, 7.0) / (pow(c, 7.0) + pow(25.0, 7.0))).sqrt();
    let g = 0.5 * (1.0 - grey((hypot(a1, b1) + hypot(a2, b2)) / 2.0));
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (hypot(a1, b1), hypot(a2, b2));
    let hue = |a: f64, b: f64| if a == 0.0 && b == 0.0 { 0.0 } else { atan2(b, a).to_degrees().rem_euclid(360.0) };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let (dl, dc) = (l2 - l1, c2 - c1);
    let turn = match h2 - h1 {
        _ if c1 * c2 == 0.0 => 0.0,
        d if d > 180.0 => d - 360.0,
        d if d < -180.0 => d + 360.0,
        d => d,
    };
    let dh = 2.0 * (c1 * c2).sqrt() * libm::sin((turn / 2.0).to_radians());
    let (ml, mc) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let mh = match h1 + h2 {
        sum if c1 * c2 == 0.0 => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => (sum + 360.0) / 2.0,
        sum => (sum - 360.0) / 2.0,
    };
    let cos = |degrees: f64| libm::cos(degrees.to_radians());
    let t = 1.0 - 0.17 * cos(mh - 30.0) + 0.24 * cos(2.0 * mh) + 0.32 * cos(3.0 * mh + 6.0) - 0.20 * cos(4.0 * mh - 63.0);
    let off = (ml - 50.0) * (ml - 50.0);
    let sl = 1.0 + 0.015 * off / (20.0 + off).sqrt();
    let (sc, sh) = (1.0 + 0.045 * mc, 1.0 + 0.015 * mc * t);
    let blue = (mh - 275.0) / 25.0;
    let rt = -libm::sin((60.0 * exp(-blue * blue)).to_radians()) * 2.0 * grey(mc);
    let (l, c, h) = (dl / sl, dc / sc, dh / sh);
    (l * l + c * c + h * h + rt * c * h).sqrt()
}

const STATES: [Ink; 5] = [Ink::Travelling, Ink::Waiting, Ink::Cold, Ink::Running, Ink::Lost];
const THEMES: [(&str, &Theme); 2] = [("light", &Theme::LIGHT), ("dark", &Theme::DARK)];

#[test]
fn the_difference_is_that_of_its_published_examples() {
    // Sharma, Wu and Dalal (2005), pairs 1, 7, 17 and 25.
    for (a, b, expected) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
    ] {
        assert!((ciede2000(a, b) - expected).abs() < 1e-4, "{a:?} {b:?}: {}", ciede2000(a, b));
        assert!((ciede2000(b, a) - expected).abs() < 1e-4);
    }
}

#[test]
fn states_and_texts_stand_out_from_what_they_are_on() {
    let mut faint = Vec::new();
    for (name, theme) in THEMES {
        let least = STATES.map(|ink| (ink, 3.0)).into_iter().chain([(Ink::ControlBorder, 3.0), (Ink::Muted, 4.5), (Ink::Ink, 7.0)]);
        for (ink, least) in least {
            for under in [Ink::Ground, Ink::Surface] {
                let ratio = contrast(theme.colour(ink), theme.colour(under));
                if ratio < least {
                    faint.push(format!("{name}: {ink:?} on {under:?} has {ratio:.2}, not {least}"));
                }
            }
        }
    }
    assert!(faint.is_empty(), "{faint:#?}");
}

#[test]
fn states_differ_whoever_looks() {
    let mut alike = Vec::new();
    for (name, theme) in THEMES {
        for vision in [Vision::Common, Vision::Protanopia, Vision::Deuteranopia, Vision::Tritanopia] {
            for (i, a) in STATES.iter().enumerate() {
                for b in &STATES[i + 1..] {
                    let see = |ink: Ink| lab(seen(vision, linear(parse(theme.colour(ink)))));
                    let difference = ciede2000(see(*a), see(*b));
                    if difference < 20.0 {
                        alike.push(format!("{name}, {vision:?}: {a:?} and {b:?} differ by {difference:.1}"));
                    }
                }
            }
        }
    }
    assert!(alike.is_empty(), "{alike:#?}");
}

/// The custom properties of the first rule of a style sheet whose selector ends with `selector`.
fn tokens<'a>(css: &'a str, selector: &str) -> Vec<(&'a str, &'a str)> {
    let from = css.find(&format!("{selector} {{")).unwrap();
    let rule = css[from..].split_once('{').unwrap().1.split_once('}').unwrap().0;
    let declared = rule.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
    declared.map(|(name, value)| (name.trim(), value.trim())).collect()
}

#[test]
fn the_style_sheet_has_the_colours_of_the_theme() {
    let css = include_str!("../../static/tokens.css");
    for (selector, theme) in [(":root", &Theme::LIGHT), (":root[data-dark]", &Theme::DARK)] {
        let tokens = tokens(css, selector);
        for ink in Ink::ALL {
            let value = tokens.iter().find(|(name, _)| *name == ink.word()).map(|(_, value)| *value);
            assert_eq!(value, Some(theme.colour(ink)), "{selector}: --{}", ink.word());
        }
    }
}
