//! Where charts are drawn: the page's canvas, or an SVG document.
//!
//! plotters addresses whole pixels. Lines drawn between whole pixels wobble, so a target counts in eighths of a CSS pixel;
//! the canvas has a backing store of CSS size times device pixel ratio, and one transform set at the start maps the one to
//! the other. Horizontal and vertical lines and rectangles are snapped to device pixels, so that hairlines stay crisp.

use std::error::Error;
use std::fmt;

use plotters::prelude::SVGBackend;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use plotters_canvas::CanvasBackend;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Units of a target in one CSS pixel.
pub(super) const UNIT: f64 = 8.0;

/// The family of every label.
pub(super) const FONT_FAMILY: &str = "system-ui, sans-serif";

type Point = (i32, i32);
type Drawn = Result<(), DrawingErrorKind<DrawError>>;

/// Something that plotters can draw a chart on, measured in units of 1/8 CSS pixel.
pub(super) enum Target<'a> {
    /// The page.
    Canvas(Screen),
    /// A document, of which nobody knows at what scale it will be seen.
    Svg(SVGBackend<'a>),
}

/// A canvas with its device pixel ratio.
pub(super) struct Screen {
    canvas: CanvasBackend,
    context: CanvasRenderingContext2d,
    size: (u32, u32),
    ratio: f64,
}

/// What a target could not draw.
#[derive(Debug)]
pub(super) struct DrawError(String);

impl fmt::Display for DrawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for DrawError {}

fn refused<E: Error + Send + Sync>(error: DrawingErrorKind<E>) -> DrawingErrorKind<DrawError> {
    DrawingErrorKind::DrawingError(DrawError(error.to_string()))
}

/// The drawing context of a canvas.
pub(super) fn context_of(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

fn in_units(css: (f64, f64)) -> (u32, u32) {
    ((css.0 * UNIT) as u32, (css.1 * UNIT) as u32)
}

impl<'a> Target<'a> {
    /// The whole of `canvas`, cleared, `css` pixels wide and high on the page at `ratio` device pixels per CSS pixel.
    pub(super) fn canvas(canvas: HtmlCanvasElement, css: (f64, f64), ratio: f64) -> Option<Target<'a>> {
        resize(&canvas, css, ratio);
        let context = context_of(&canvas)?;
        context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0).ok()?;
        context.clear_rect(0.0, 0.0, f64::from(canvas.width()), f64::from(canvas.height()));
        let scale = ratio / UNIT;
        context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0).ok()?;
        context.set_line_join("round");
        context.set_line_cap("butt");
        let canvas = CanvasBackend::with_canvas_object(canvas)?;
        Some(Target::Canvas(Screen { canvas, context, size: in_units(css), ratio }))
    }

    /// An SVG document, `css` pixels wide and high, written to `text`.
    pub(super) fn svg(text: &'a mut String, css: (f64, f64)) -> Target<'a> {
        Target::Svg(SVGBackend::with_string(text, in_units(css)))
    }

    /// The font size to ask for, for letters of `css` pixels.
    pub(super) fn font_units(&self, css: f64) -> f64 {
        match self {
            Target::Canvas(_) => css * UNIT,
            // plotters divides the sizes of SVG texts by this.
            Target::Svg(_) => css * UNIT * 1.24,
        }
    }
}

/// Gives the canvas a backing store of device pixels and the exact size on the page that this makes.
fn resize(canvas: &HtmlCanvasElement, css: (f64, f64), ratio: f64) {
    let width = (css.0 * ratio).round().max(1.0);
    let height = (css.1 * ratio).round().max(1.0);
    if f64::from(canvas.width()) != width || f64::from(canvas.height()) != height {
        canvas.set_width(width as u32);
        canvas.set_height(height as u32);
    }
    let style = canvas.style();
    // A canvas that keeps its old size is drawn blurred, not wrongly: nothing to do about a refusal.
    let _ = style.set_property("width", &format!("{}px", width / ratio));
    let _ = style.set_property("height", &format!("{}px", height / ratio));
}

impl Screen {
    /// The edge of a device pixel next to `units`.
    fn snap(&self, units: f64) -> f64 {
        let device = self.ratio / UNIT;
        (units * device).round() / device
    }

    /// Whole device pixels for a stroke of `units`, at least one.
    fn snap_width(&self, units: u32) -> f64 {
        let device = self.ratio / UNIT;
        (f64::from(units) * device).round().max(1.0) / device
    }

    fn fill_colour(&self, colour: BackendColor) {
        let (r, g, b) = colour.rgb;
        self.context.set_fill_style_str(&format!("rgba({r},{g},{b},{})", colour.alpha));
    }

    fn fill_rect(&self, from: (f64, f64), to: (f64, f64), colour: BackendColor) {
        self.fill_colour(colour);
        self.context.fill_rect(from.0, from.1, to.0 - from.0, to.1 - from.1);
    }

    /// A horizontal or vertical line as a rectangle of whole device pixels, centred as well as these allow.
    fn straight_line<S: BackendStyle>(&self, from: Point, to: Point, style: &S) {
        let width = self.snap_width(style.stroke_width());
        let (x0, y0) = (f64::from(from.0.min(to.0)), f64::from(from.1.min(to.1)));
        let (x1, y1) = (f64::from(from.0.max(to.0)), f64::from(from.1.max(to.1)));
        if from.1 == to.1 {
            let top = self.snap(y0 - width / 2.0);
            self.fill_rect((x0, top), (x1, top + width), style.color());
        } else {
            let left = self.snap(x0 - width / 2.0);
            self.fill_rect((left, y0), (left + width, y1), style.color());
        }
    }

    fn text<S: BackendTextStyle>(&self, text: &str, style: &S, at: Point) -> Drawn {
        let anchor = style.anchor();
        self.context.set_text_align(match anchor.h_pos {
            HPos::Left => "left",
            HPos::Right => "right",
            HPos::Center => "center",
        });
        // From the baseline, as a capital is 0.7 em high: the middle of browsers is the middle of the em box.
        let down = style.size()
            * match anchor.v_pos {
                VPos::Top => 0.76,
                VPos::Center => 0.36,
                VPos::Bottom => -0.2,
            };
        self.context.set_font(&format!("{} {}px {}", style.style().as_str(), style.size(), style.family().as_str()));
        self.fill_colour(style.color());
        let y = self.snap(f64::from(at.1) + down);
        self.context
            .fill_text(text, f64::from(at.0), y)
            .map_err(|_| DrawingErrorKind::DrawingError(DrawError(format!("text {text:?}"))))
    }
}

impl DrawingBackend for Target<'_> {
    type ErrorType = DrawError;

    fn get_size(&self) -> (u32, u32) {
        match self {
            Target::Canvas(screen) => screen.size,
            Target::Svg(svg) => svg.get_size(),
        }
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        match self {
            Target::Canvas(_) => Ok(()),
            Target::Svg(svg) => svg.present().map_err(refused),
        }
    }

    fn draw_pixel(&mut self, at: Point, colour: BackendColor) -> Drawn {
        match self {
            Target::Canvas(screen) => screen.canvas.draw_pixel(at, colour).map_err(refused),
            Target::Svg(svg) => svg.draw_pixel(at, colour).map_err(refused),
        }
    }

    fn draw_line<S: BackendStyle>(&mut self, from: Point, to: Point, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = Point>>(&mut self, path: I, style: &S) -> Drawn {
        match self {
            Target::Canvas(screen) => {
                let path: Vec<Point> = path.into_iter().collect();
                if let [from, to] = path[..]
                    && (from.0 == to.0 || from.1 == to.1)
                {
                    screen.straight_line(from, to, style);
                    return Ok(());
                }
                screen.canvas.draw_path(path, style).map_err(refused)
            }
            Target::Svg(svg) => svg.draw_path(path, style).map_err(refused),
        }
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: Point, to: Point, style: &S, fill: bool) -> Drawn {
        match self {
            Target::Canvas(screen) if fill => {
                let snapped = |p: Point| (screen.snap(f64::from(p.0)), screen.snap(f64::from(p.1)));
                screen.fill_rect(snapped(from), snapped(to), style.color());
                Ok(())
            }
            Target::Canvas(screen) => screen.canvas.draw_rect(from, to, style, fill).map_err(refused),
            Target::Svg(svg) => svg.draw_rect(from, to, style, fill).map_err(refused),
        }
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: Point, radius: u32, style: &S, fill: bool) -> Drawn {
        match self {
            Target::Canvas(screen) => screen.canvas.draw_circle(centre, radius, style, fill).map_err(refused),
            Target::Svg(svg) => svg.draw_circle(centre, radius, style, fill).map_err(refused),
        }
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = Point>>(&mut self, path: I, style: &S) -> Drawn {
        match self {
            Target::Canvas(screen) => screen.canvas.fill_polygon(path, style).map_err(refused),
            Target::Svg(svg) => svg.fill_polygon(path, style).map_err(refused),
        }
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: Point) -> Drawn {
        match self {
            Target::Canvas(screen) => screen.text(text, style, at),
            Target::Svg(svg) => svg.draw_text(text, style, at).map_err(refused),
        }
    }
}
