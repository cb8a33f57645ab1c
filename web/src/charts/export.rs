//! A chart as a file: CSV, SVG and PNG, handed to the browser as a download. Nothing leaves the machine.

use faaslab_core::measure::Charts;
use gloo::file::{Blob, ObjectUrl};
use gloo::timers::callback::Timeout;
use gloo::utils::document;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

use super::backend::{Target, UNIT, context_of};
use super::kind::ChartKind;
use super::pen::{PREVIOUS, Pen, Rect};
use super::sheet::Sheet;
use super::theme::Theme;
use super::view::View;

/// Width of an exported chart in CSS pixels.
const WIDTH: f64 = 800.0;
/// Device pixels per CSS pixel in an exported PNG.
const PNG_RATIO: f64 = 2.0;
/// A browser has long begun a download when its address is taken away.
const KEEP_MS: u32 = 10_000;

/// A chart to be exported.
pub(super) struct Export<'a> {
    /// Which chart.
    pub(super) kind: ChartKind,
    /// Its data.
    pub(super) data: &'a Charts,
    /// The same as numbers.
    pub(super) sheet: &'a Sheet,
    /// Which part of it, and on which axes.
    pub(super) view: View,
    /// The previous run.
    pub(super) ghost: Option<&'a Charts>,
    /// What that is called.
    pub(super) before: &'static str,
    /// Its colours.
    pub(super) theme: Theme,
}

impl Export<'_> {
    /// Offers the numbers as a file.
    pub(super) fn csv(&self) {
        download(&Blob::new_with_options(self.sheet.csv().as_str(), Some("text/csv")), self.kind, "csv");
    }

    /// Offers a drawing as a file; `ruler` measures its texts.
    pub(super) fn svg(&self, ruler: CanvasRenderingContext2d) {
        let text = self.drawing(ruler);
        download(&Blob::new_with_options(text.as_str(), Some("image/svg+xml")), self.kind, "svg");
    }

    /// The drawing as SVG.
    fn drawing(&self, ruler: CanvasRenderingContext2d) -> String {
        let (mut text, size) = (String::new(), self.size());
        self.draw(Target::svg(&mut text, size), ruler);
        let attributes = |scale| format!("width=\"{}\" height=\"{}\"", size.0 * scale, size.1 * scale);
        text.replacen(&attributes(UNIT), &attributes(1.0), 1)
    }

    /// Offers a picture as a file.
    pub(super) fn png(&self) -> Option<()> {
        let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
        self.draw(Target::canvas(canvas.clone(), self.size(), PNG_RATIO)?, context_of(&canvas)?);
        let kind = self.kind;
        let save = Closure::once_into_js(move |blob: JsValue| {
            if let Ok(blob) = blob.dyn_into::<web_sys::Blob>() {
                download(&Blob::from(blob), kind, "png");
            }
        });
        canvas.to_blob(save.unchecked_ref()).ok()
    }

    /// Width and height in CSS pixels: a bar with its legend needs less than a chart with axes.
    fn size(&self) -> (f64, f64) {
        let height = if self.kind == ChartKind::Phases { 280.0 } else { 450.0 };
        (WIDTH, height)
    }

    fn draw(&self, target: Target<'_>, ruler: CanvasRenderingContext2d) {
        let (right, bottom) = self.size();
        let sheet = Rect { left: 0.0, top: 0.0, right, bottom };
        let inside = Rect { left: 24.0, top: 56.0, right: right - 24.0, bottom: bottom - 16.0 };
        let pen = Pen::new(target, ruler, self.theme, inside).calling(self.before);
        pen.block(sheet, self.theme.surface);
        pen.title(self.kind.title(), (inside.left, 30.0));
        self.kind.draw(&pen, self.data, &self.view, self.ghost);
    }
}

/// A chart as SVG in the colours of paper; nothing if it is empty.
pub(crate) fn picture(kind: ChartKind, data: &Charts) -> Option<String> {
    if kind.empty(data).is_some() {
        return None;
    }
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    let (view, sheet) = (View::default(), &Sheet::default());
    Some(Export { kind, data, sheet, view, ghost: None, before: PREVIOUS, theme: Theme::paper() }.drawing(context_of(&canvas)?))
}

/// Lets the browser save a blob. A browser that refuses downloads says so itself.
fn download(blob: &Blob, kind: ChartKind, extension: &str) {
    let url = ObjectUrl::from(blob.clone());
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link {
        let _ = link.set_attribute("href", &url);
        let _ = link.set_attribute("download", &format!("faaslab-{}.{extension}", kind.id()));
        link.click();
    }
    Timeout::new(KEEP_MS, move || drop(url)).forget();
}
