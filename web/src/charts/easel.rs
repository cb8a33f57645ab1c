//! A chart on the page: when it is drawn, and what moves over it without drawing it again.
//!
//! Everything that may change a drawing asks for one; all that ask before the next animation frame get the same one. The cursor,
//! its readout and the playhead are elements above the canvas, and are moved by style alone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use faaslab_core::measure::Charts;
use gloo::events::EventListener;
use gloo::render::{AnimationFrame, request_animation_frame};
use gloo::utils::{document, window};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlCanvasElement, HtmlElement, ResizeObserver, ResizeObserverEntry};
use yew::{AttrValue, NodeRef};

use super::backend::{Target, context_of};
use super::export::Export;
use super::kind::ChartKind;
use super::pen::{Pen, Px, Rect};
use super::reading::{Frame, Reading, Row};
use super::sheet::Sheet;
use super::theme::Theme;

/// No chart is drawn in less: a hidden panel has no size at all.
const LEAST: (f64, f64) = (80.0, 60.0);
/// Free space around a chart, for the halves of dots and lines at its edges.
const MARGIN: f64 = 1.0;

/// A run with its numbers.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// What the charts of this run show.
    pub(super) charts: Rc<Charts>,
    /// What this chart shows of it.
    pub(super) sheet: Rc<Sheet>,
}

impl PartialEq for Run {
    fn eq(&self, other: &Run) -> bool {
        Rc::ptr_eq(&self.charts, &other.charts)
    }
}

impl Run {
    fn parts(&self) -> (&Charts, &Sheet) {
        (&self.charts, &self.sheet)
    }
}

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subject {
    /// Which chart.
    pub(super) kind: ChartKind,
    /// The run; none while there is nothing to draw.
    pub(super) run: Option<Run>,
    /// The run before it.
    pub(super) ghost: Option<Run>,
    /// Name of the theme; its colours are read when they are needed.
    pub(super) theme: AttrValue,
}

/// One chart on the page.
#[derive(Default)]
pub(super) struct Easel {
    /// Where the chart is, and what its layers may cover.
    pub(super) host: NodeRef,
    /// The data.
    pub(super) canvas: NodeRef,
    /// The line under the pointer.
    pub(super) cursor: NodeRef,
    /// The line at the present instant.
    pub(super) playhead: NodeRef,
    /// The values under the pointer.
    pub(super) readout: NodeRef,
    subject: RefCell<Option<Subject>>,
    playhead_s: Cell<Option<f64>>,
    size: Cell<Px>,
    theme: RefCell<Option<(AttrValue, Theme)>>,
    frame: RefCell<Option<Frame>>,
    pending: RefCell<Option<AnimationFrame>>,
    resolution: RefCell<Option<(f64, EventListener)>>,
}

/// Stops watching the size of a chart when it leaves the page.
pub(super) struct Watch {
    easel: Rc<Easel>,
    observer: Option<ResizeObserver>,
    _resized: Closure<dyn FnMut(js_sys::Array)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
        // These hold the easel, which holds them.
        self.easel.pending.replace(None);
        self.easel.resolution.replace(None);
    }
}

impl Easel {
    /// Draws whenever the size of the chart changes, for as long as the answer lives.
    pub(super) fn watch(self: &Rc<Self>) -> Watch {
        let easel = Rc::clone(self);
        let resized = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            if let Ok(entry) = entries.pop().dyn_into::<ResizeObserverEntry>() {
                let rect = entry.content_rect();
                easel.size.set((rect.width().floor(), rect.height().floor()));
                easel.request();
            }
        });
        let observer = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(host)) = (&observer, self.host.cast::<HtmlElement>()) {
            observer.observe(&host);
        }
        Watch { easel: Rc::clone(self), observer, _resized: resized }
    }

    /// Shows something else.
    pub(super) fn show(self: &Rc<Self>, subject: Subject) {
        self.subject.replace(Some(subject));
        self.leave();
        self.request();
    }

    /// Asks for a drawing in the next animation frame.
    fn request(self: &Rc<Self>) {
        let easel = Rc::clone(self);
        let draw = move |_| {
            easel.pending.replace(None);
            easel.draw();
            easel.watch_resolution();
            easel.place_playhead();
        };
        if self.pending.borrow().is_none() {
            self.pending.replace(Some(request_animation_frame(draw)));
        }
    }

    /// Draws again when the page is zoomed or moves to another screen.
    fn watch_resolution(self: &Rc<Self>) {
        let ratio = window().device_pixel_ratio();
        if self.resolution.borrow().as_ref().is_some_and(|(watched, _)| *watched == ratio) {
            return;
        }
        let query = window().match_media(&format!("(resolution: {ratio}dppx)"));
        let easel = Rc::clone(self);
        let listener = query.ok().flatten().map(|query| EventListener::new(&query, "change", move |_| easel.request()));
        self.resolution.replace(listener.map(|listener| (ratio, listener)));
    }

    fn draw(&self) {
        self.frame.replace(None);
        let (width, height) = self.size.get();
        let subject = self.subject.borrow();
        let Some((subject, run)) = subject.as_ref().and_then(|subject| Some((subject, subject.run.as_ref()?))) else {
            return;
        };
        if width < LEAST.0 || height < LEAST.1 {
            return;
        }
        let frame = self.pen(&subject.theme, (width, height)).map(|pen| {
            let ghost = subject.ghost.as_ref().map(|ghost| &*ghost.charts);
            subject.kind.draw(&pen, &run.charts, ghost)
        });
        self.frame.replace(frame);
    }

    /// A pen for the cleared canvas.
    fn pen(&self, theme: &AttrValue, (width, height): Px) -> Option<Pen<'static>> {
        let canvas = self.canvas.cast::<HtmlCanvasElement>()?;
        let colours = self.colours(theme)?;
        let ruler = context_of(&canvas)?;
        let area = Rect { left: MARGIN, top: MARGIN, right: width - MARGIN, bottom: height - MARGIN };
        let target = Target::canvas(canvas, (width, height), window().device_pixel_ratio())?;
        Some(Pen::new(target, ruler, colours, area))
    }

    /// The colours of a theme, read from the page once.
    fn colours(&self, theme: &AttrValue) -> Option<Theme> {
        if let Some((name, colours)) = &*self.theme.borrow()
            && name == theme
        {
            return Some(*colours);
        }
        let canvas = self.canvas.cast::<HtmlCanvasElement>()?;
        let colours = Theme::read(&canvas, &context_of(&canvas)?)?;
        self.theme.replace(Some((theme.clone(), colours)));
        Some(colours)
    }

    /// Moves the playhead.
    pub(super) fn set_playhead(&self, at_s: Option<f64>) {
        self.playhead_s.set(at_s);
        self.place_playhead();
    }

    fn place_playhead(&self) {
        let over_time = self.subject.borrow().as_ref().is_some_and(|subject| subject.kind.is_over_time());
        let grid = self.frame.borrow().as_ref().and_then(|frame| frame.grid);
        let at = self.playhead_s.get().filter(|at| over_time && at.is_finite());
        let line = grid.zip(at).map(|(grid, at)| (grid.x(at), grid.plot));
        // At the very beginning of the run only its head: a line there would look like an axis.
        let line = line.map(|(x, plot)| (x, if x < plot.left + 1.0 { Rect { bottom: plot.top, ..plot } } else { plot }));
        place_line(&self.playhead, line);
    }

    /// Shows the values at a place.
    pub(super) fn hover(&self, at: Px) {
        match self.read(at) {
            Some(reading) => self.show_reading(&reading, at),
            None => self.leave(),
        }
    }

    fn read(&self, at: Px) -> Option<Reading> {
        let (subject, frame) = (self.subject.borrow(), self.frame.borrow());
        let (subject, frame) = (subject.as_ref()?, frame.as_ref()?);
        let ghost = subject.ghost.as_ref().map(Run::parts);
        subject.kind.read(frame, subject.run.as_ref()?.parts(), ghost, at)
    }

    fn show_reading(&self, reading: &Reading, at: Px) {
        let (plot, labels) = match &*self.frame.borrow() {
            Some(frame) => (frame.grid.map(|grid| grid.plot), frame.labels.clone()),
            None => (None, Vec::new()),
        };
        place_line(&self.cursor, plot.filter(|_| reading.line).map(|plot| (reading.x, plot)));
        let Some(readout) = self.readout.cast::<HtmlElement>() else {
            return;
        };
        fill_readout(&readout, reading);
        readout.set_hidden(false);
        let size = (f64::from(readout.offset_width()), f64::from(readout.offset_height()));
        let (width, height) = self.size.get();
        let rows = plot.map_or([at.1 + 16.0; 3], |plot| [plot.top, plot.bottom - size.1, height - size.1]);
        let (x, y) = readout_place(reading.x, rows, size, width, &labels);
        let _ = readout.style().set_property("transform", &format!("translate({x:.0}px, {y:.0}px)"));
    }

    /// Takes the cursor away.
    pub(super) fn leave(&self) {
        for layer in [&self.cursor, &self.readout] {
            if let Some(layer) = layer.cast::<HtmlElement>() {
                layer.set_hidden(true);
            }
        }
    }

    /// The instant under a place of a time chart.
    pub(super) fn time_at(&self, at: Px) -> Option<f64> {
        let over_time = self.subject.borrow().as_ref().is_some_and(|subject| subject.kind.is_over_time());
        let grid = self.frame.borrow().as_ref().and_then(|frame| frame.grid).filter(|_| over_time)?;
        grid.value_at(at.0)
    }

    /// Hands the shown chart to `save`.
    pub(super) fn export(&self, save: impl FnOnce(&Export<'_>, web_sys::CanvasRenderingContext2d)) {
        let subject = self.subject.borrow();
        let parts = subject.as_ref().and_then(|subject| {
            let ruler = context_of(&self.canvas.cast()?)?;
            Some((subject, subject.run.as_ref()?, self.colours(&subject.theme)?, ruler))
        });
        if let Some((subject, run, theme, ruler)) = parts {
            let ghost = subject.ghost.as_ref().map(|ghost| &*ghost.charts);
            save(&Export { kind: subject.kind, data: &run.charts, ghost, theme }, ruler);
        }
    }
}

/// Where the upper left corner of a readout stands: beside the cursor at `x`, on the side that has more room, in the first of
/// `rows`; if that covers a label, on the other side or in another row.
fn readout_place(x: f64, rows: [f64; 3], (width, height): Px, across: f64, labels: &[Rect]) -> Px {
    let (right, left) = (x + 10.0, x - 10.0 - width);
    let sides = if x < across / 2.0 { [right, left] } else { [left, right] };
    let places = || rows.into_iter().flat_map(|y| sides.map(|x| (x, y)));
    let is_free = |(left, top): &Px| {
        let own = Rect { left: *left, top: *top, right: left + width, bottom: top + height };
        *left >= 0.0 && own.right <= across && !labels.iter().any(|label| label.overlaps(&own))
    };
    places().find(is_free).unwrap_or((sides[0], rows[0]))
}

/// Puts a vertical line where it belongs, or away.
fn place_line(line: &NodeRef, place: Option<(f64, Rect)>) {
    let Some(line) = line.cast::<HtmlElement>() else {
        return;
    };
    if let Some((x, plot)) = place {
        let style = line.style();
        // To a whole device pixel, for one crisp line.
        let ratio = window().device_pixel_ratio();
        let x = ((x - 0.5) * ratio).round() / ratio;
        let _ = style.set_property("transform", &format!("translate({x}px, {}px)", plot.top));
        let _ = style.set_property("height", &format!("{}px", plot.height()));
    }
    line.set_hidden(place.is_none());
}

/// Writes a reading as a heading and pairs of name and value.
fn fill_readout(readout: &HtmlElement, reading: &Reading) {
    readout.set_text_content(Some(&reading.head));
    for Row { name, value } in &reading.rows {
        for text in [name, value] {
            if let Ok(cell) = document().create_element("span") {
                cell.set_text_content(Some(text));
                let _ = readout.append_child(&cell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readout_gives_way_to_labels() {
        let label = Rect { left: 150.0, top: 20.0, right: 220.0, bottom: 40.0 };
        let place = |x: f64, labels: &[Rect]| readout_place(x, [10.0, 90.0, 110.0], (80.0, 50.0), 300.0, labels);
        assert_eq!(place(100.0, &[]), (110.0, 10.0));
        assert_eq!(place(200.0, &[]), (110.0, 10.0));
        assert_eq!(place(100.0, &[label]), (10.0, 10.0), "to the other side");
        let wide = Rect { left: 60.0, ..label };
        assert_eq!(place(60.0, &[wide]), (70.0, 90.0), "no room there: to the bottom");
        assert_eq!(place(60.0, &[wide, Rect { top: 85.0, bottom: 100.0, ..wide }]), (70.0, 110.0), "and below that");
    }
}
