//! A display list on a canvas.
//!
//! Most of a frame's time is spent in calls into the browser, so a colour, a width or a font is only set when it changes,
//! and neighbours in the list that look the same become one path. Hatches are drawn as their stripes and not as a pattern:
//! they are sharp at any pixel ratio, and they hang on the corner of their own rectangle. Many dots are a picture that
//! is made elsewhere ([`Film`]), which takes a fraction of the time of a path for each.

use std::borrow::Cow;

use faaslab_core::view::{Anchor, Dash, Fill, Film, Ink, Item, Point, Stroke, Theme, Weight, hatch};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, ImageData};

/// The colours of an element's custom properties (`--ground`, `--surface`, …), and its `--least-stroke`. What is not set
/// is as in the light theme.
pub(crate) fn theme_of(element: &Element) -> Theme {
    let style = web_sys::window().and_then(|w| w.get_computed_style(element).ok().flatten());
    let read = |name: &str| {
        let value = style.as_ref()?.get_property_value(name).ok()?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let colour = |ink: Ink| read(&format!("--{}", ink.word())).map_or(Theme::LIGHT.colours[ink as usize].clone(), Cow::Owned);
    let least_stroke = read("--least-stroke").and_then(|v| v.trim_end_matches("px").parse().ok()).unwrap_or(0.0);
    Theme { colours: Ink::ALL.map(colour), least_stroke }
}

/// Red, green and blue of a colour as a style sheet writes it; black if it is none.
pub(crate) fn rgb(colour: &str) -> [u8; 3] {
    let canvas = web_sys::window().and_then(|w| w.document()).and_then(|d| d.create_element("canvas").ok());
    let context = canvas.and_then(|c| c.dyn_into::<HtmlCanvasElement>().ok()).and_then(|c| c.get_context("2d").ok().flatten());
    let Some(context) = context.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok()) else { return [0; 3] };
    // An opaque colour reads back as #rrggbb, whatever it was written as.
    context.set_fill_style_str(colour);
    let hex = context.fill_style().as_string().unwrap_or_default();
    let part = |i: usize| hex.get(i..i + 2).and_then(|h| u8::from_str_radix(h, 16).ok()).unwrap_or(0);
    [part(1), part(3), part(5)]
}

/// What the context is set to.
#[derive(Default)]
struct Pen {
    fill: Option<Ink>,
    stroke: Option<Ink>,
    alpha: f64,
    width: f64,
    dash: Option<Dash>,
    font: Option<(u64, Weight)>,
    anchor: Option<Anchor>,
}

/// So many dots together are a picture.
const MANY: usize = 200;
/// How lines join, which tells whether a context still knows what it was told.
const JOIN: &str = "round";

/// What many dots are drawn on before they go onto the canvas.
struct Dots {
    film: Film,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

/// Paints display lists on a canvas.
pub(crate) struct Painter {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    theme: Theme,
    size: Point,
    ratio: f64,
    pen: Pen,
    dots: Option<Dots>,
}

impl Painter {
    /// A painter for a canvas; nothing if the browser gives no context.
    pub(crate) fn new(canvas: HtmlCanvasElement, theme: Theme) -> Option<Painter> {
        let context = canvas.get_context("2d").ok().flatten()?.dyn_into().ok()?;
        Some(Painter { canvas, context, theme, size: (0.0, 0.0), ratio: 1.0, pen: Pen::default(), dots: None })
    }

    /// Takes other colours.
    pub(crate) fn set_theme(&mut self, theme: Theme) {
        self.theme = theme;
        self.pen = Pen { alpha: -1.0, ..Pen::default() };
        self.dots = None;
    }

    /// Fits the canvas to a size in CSS pixels and a device pixel ratio. A canvas that already fits is left alone.
    pub(crate) fn resize(&mut self, width: f64, height: f64, ratio: f64) {
        if (width, height) == self.size && ratio == self.ratio {
            return;
        }
        (self.size, self.ratio) = ((width, height), ratio);
        self.dots = None;
        self.canvas.set_width((width * ratio).round() as u32);
        self.canvas.set_height((height * ratio).round() as u32);
    }

    /// Draws a display list in place of what was there.
    pub(crate) fn paint(&mut self, items: &[Item]) {
        // A context that was lost or resized has forgotten everything.
        if self.context.line_join() != JOIN {
            self.context.set_line_join(JOIN);
            // A constant transform cannot fail.
            let _ = self.context.set_transform(self.ratio, 0.0, 0.0, self.ratio, 0.0, 0.0);
            self.pen = Pen { alpha: -1.0, ..Pen::default() };
        }
        self.context.clear_rect(0.0, 0.0, self.size.0, self.size.1);
        let mut rest = items;
        while let Some(first) = rest.first() {
            let dots = rest.iter().take_while(|i| matches!(i, Item::Circle { .. })).count();
            let run = if dots >= MANY && self.dots(&rest[..dots]).is_some() {
                dots
            } else {
                let run = rest.iter().take_while(|i| look_same(first, i)).count().max(1);
                self.run(&rest[..run]);
                run
            };
            rest = &rest[run..];
        }
    }

    /// Neighbours that look the same.
    fn run(&mut self, items: &[Item]) {
        match &items[0] {
            Item::Text { .. } => items.iter().for_each(|i| self.text(i)),
            // Bars do not need a path.
            Item::Rect { radius: 0.0, fill: Some(fill), stroke: None, .. } => {
                self.fill(*fill);
                for item in items {
                    if let Item::Rect { x, y, w, h, .. } = item {
                        self.context.fill_rect(*x, *y, *w, *h);
                    }
                }
            }
            // A path of one circle is drawn several times faster than its part of a path of many.
            first @ Item::Circle { .. } => items.iter().for_each(|i| self.path(std::slice::from_ref(i), paints(first))),
            first => self.path(items, paints(first)),
        }
    }

    /// Many dots; nothing if the browser has no canvas for them.
    fn dots(&mut self, items: &[Item]) -> Option<()> {
        if self.dots.is_none() {
            self.dots = self.new_dots();
        }
        self.alpha(1.0);
        let Dots { film, canvas, context } = self.dots.as_mut()?;
        film.draw(items);
        let (width, height) = film.size();
        let pixels = ImageData::new_with_u8_clamped_array_and_sh(Clamped(film.bytes()), width as u32, height as u32).ok()?;
        context.put_image_data(&pixels, 0.0, 0.0).ok()?;
        let (width, height) = (width as f64 / self.ratio, height as f64 / self.ratio);
        self.context.draw_image_with_html_canvas_element_and_dw_and_dh(canvas, 0.0, 0.0, width, height).ok()
    }

    fn new_dots(&self) -> Option<Dots> {
        let film = Film::new(self.size, self.ratio, Ink::ALL.map(|ink| rgb(self.theme.colour(ink))), self.theme.least_stroke);
        let canvas: HtmlCanvasElement = self.canvas.owner_document()?.create_element("canvas").ok()?.dyn_into().ok()?;
        let (width, height) = film.size();
        canvas.set_width(width as u32);
        canvas.set_height(height as u32);
        let context = canvas.get_context("2d").ok().flatten()?.dyn_into().ok()?;
        Some(Dots { film, canvas, context })
    }

    /// Items as one path.
    fn path(&mut self, items: &[Item], (fill, stroke): (Option<Fill>, Option<Stroke>)) {
        self.context.begin_path();
        items.iter().for_each(|i| self.trace(i));
        if let Some(fill) = fill {
            self.fill(fill);
            self.context.fill();
        }
        if let Some(stroke) = stroke {
            self.stroke(stroke);
            self.context.stroke();
        }
    }

    /// Adds the outline of an item to the path.
    fn trace(&self, item: &Item) {
        let c = &self.context;
        match item {
            Item::Rect { x, y, w, h, radius, .. } => self.trace_rect((*x, *y), (*w, *h), *radius),
            Item::Hatch { x, y, w, h, .. } => hatch(*x, *y, *w, *h, |corners| self.trace_line(corners, true)),
            Item::Line { from, to, .. } => self.trace_line(&[*from, *to], false),
            Item::Polyline { points, fill, .. } => self.trace_line(points, fill.is_some()),
            Item::Circle { at, r, .. } => {
                // A radius is never negative.
                let _ = c.arc(at.0, at.1, *r, 0.0, std::f64::consts::TAU);
            }
            Item::Arc { at, r, part, .. } => {
                let top = -std::f64::consts::FRAC_PI_2;
                c.move_to(at.0, at.1 - r);
                let _ = c.arc(at.0, at.1, *r, top, top + part * std::f64::consts::TAU);
            }
            Item::Diamond { at: (x, y), r, .. } => {
                self.trace_line(&[(*x, y - r), (x + r, *y), (*x, y + r), (x - r, *y)], true);
            }
            Item::Cross { at: (x, y), r, .. } => {
                self.trace_line(&[(x - r, y - r), (x + r, y + r)], false);
                self.trace_line(&[(x - r, y + r), (x + r, y - r)], false);
            }
            Item::Text { .. } => {}
        }
    }

    fn trace_rect(&self, (x, y): Point, (w, h): Point, radius: f64) {
        let c = &self.context;
        let r = radius.min(w / 2.0).min(h / 2.0);
        if r <= 0.0 {
            return c.rect(x, y, w, h);
        }
        c.move_to(x + r, y);
        let corners = [((x + w, y), (x + w, y + h)), ((x + w, y + h), (x, y + h)), ((x, y + h), (x, y)), ((x, y), (x + w, y))];
        for ((ax, ay), (bx, by)) in corners {
            let _ = c.arc_to(ax, ay, bx, by, r);
        }
        c.close_path();
    }

    fn trace_line(&self, points: &[Point], closed: bool) {
        let c = &self.context;
        for (i, (x, y)) in points.iter().enumerate() {
            if i == 0 { c.move_to(*x, *y) } else { c.line_to(*x, *y) }
        }
        if closed {
            c.close_path();
        }
    }

    fn text(&mut self, item: &Item) {
        let Item::Text { at, size, anchor, weight, fill, halo, text } = item else { return };
        // Sizes in tenths of a pixel, so that a font is not parsed for each step of a zoom.
        let font = ((size * 10.0).round() as u64, *weight);
        if self.pen.font != Some(font) {
            let weight = if *weight == Weight::Strong { 600 } else { 400 };
            self.context.set_font(&format!("{weight} {}px system-ui, sans-serif", font.0 as f64 / 10.0));
            self.pen.font = Some(font);
        }
        if self.pen.anchor != Some(*anchor) {
            self.context.set_text_align(match anchor {
                Anchor::Start => "left",
                Anchor::Middle => "center",
                Anchor::End => "right",
            });
            self.pen.anchor = Some(*anchor);
        }
        if let Some(halo) = halo {
            self.stroke(Stroke { alpha: fill.alpha, ..Stroke::new(*halo, 3.0) });
            let _ = self.context.stroke_text(text, at.0, at.1);
        }
        self.fill(*fill);
        let _ = self.context.fill_text(text, at.0, at.1);
    }

    fn fill(&mut self, fill: Fill) {
        if self.pen.fill != Some(fill.ink) {
            self.context.set_fill_style_str(self.theme.colour(fill.ink));
            self.pen.fill = Some(fill.ink);
        }
        self.alpha(fill.alpha);
    }

    fn stroke(&mut self, stroke: Stroke) {
        if self.pen.stroke != Some(stroke.ink) {
            self.context.set_stroke_style_str(self.theme.colour(stroke.ink));
            self.pen.stroke = Some(stroke.ink);
        }
        let width = stroke.width.max(self.theme.least_stroke);
        if self.pen.width != width {
            self.context.set_line_width(width);
            self.pen.width = width;
        }
        if self.pen.dash != Some(stroke.dash) {
            let dashes = js_sys::Array::new();
            if let Some((on, off)) = stroke.dash.pattern() {
                dashes.push(&JsValue::from(on));
                dashes.push(&JsValue::from(off));
            }
            // Two positive numbers are a valid pattern.
            let _ = self.context.set_line_dash(&dashes);
            self.pen.dash = Some(stroke.dash);
        }
        self.alpha(stroke.alpha);
    }

    fn alpha(&mut self, alpha: f64) {
        if self.pen.alpha != alpha {
            self.context.set_global_alpha(alpha);
            self.pen.alpha = alpha;
        }
    }
}

/// Fill and edge of an item.
fn paints(item: &Item) -> (Option<Fill>, Option<Stroke>) {
    match item {
        Item::Rect { fill, stroke, .. }
        | Item::Polyline { fill, stroke, .. }
        | Item::Circle { fill, stroke, .. }
        | Item::Diamond { fill, stroke, .. } => (*fill, *stroke),
        Item::Hatch { fill, .. } | Item::Text { fill, .. } => (Some(*fill), None),
        Item::Line { stroke, .. } | Item::Arc { stroke, .. } | Item::Cross { stroke, .. } => (None, Some(*stroke)),
    }
}

/// Whether two neighbours can be drawn together. What is filled and has an edge cannot: the edge of one could come over
/// the fill of the next.
fn look_same(a: &Item, b: &Item) -> bool {
    let same = std::mem::discriminant(a) == std::mem::discriminant(b);
    let (fill, stroke) = paints(a);
    same && (fill, stroke) == paints(b) && (fill.is_none() || stroke.is_none()) && !matches!(a, Item::Polyline { .. })
}
