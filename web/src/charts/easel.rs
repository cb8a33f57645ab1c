//! A chart on the page: when it is drawn, and what moves over it without drawing it again.
//!
//! Everything that may change a drawing asks for one; all that ask before the next task get the same one, and a chart that cannot
//! be seen waits until it can. The cursor, its readout, the playhead and a part that is being chosen are elements above the
//! canvas, and are moved by style alone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use faaslab_core::measure::Charts;
use gloo::events::EventListener;
use gloo::utils::{document, window};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{
    HtmlCanvasElement, HtmlElement, IntersectionObserver, IntersectionObserverEntry, ResizeObserver, ResizeObserverEntry,
};
use yew::{AttrValue, NodeRef};

use super::Pick;
use super::axes::Grid;
use super::backend::{Target, context_of};
use super::export::Export;
use super::kind::ChartKind;
use super::pen::{Pen, Px, Rect};
use super::queue::draw_soon;
use super::reading::{Frame, Reading, Row};
use super::shared::{Listening, Shared};
use super::sheet::Sheet;
use super::theme::Theme;
use super::view::{View, chosen, scaled};

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
    /// What that is called.
    pub(super) before: &'static str,
    /// Which part of it, and on which axes.
    pub(super) view: View,
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
    /// The part that is being chosen.
    pub(super) part: NodeRef,
    /// What a key has read, for those who do not see it.
    pub(super) spoken: NodeRef,
    subject: RefCell<Option<Subject>>,
    playhead_s: Cell<Option<f64>>,
    size: Cell<Px>,
    theme: RefCell<Option<(AttrValue, Theme)>>,
    frame: RefCell<Option<Frame>>,
    /// Whether any of it can be seen.
    visible: Cell<bool>,
    /// Whether it is to be drawn once it can be seen.
    due: Cell<bool>,
    /// Where the pointer was pressed.
    pressed: Cell<Option<Px>>,
    /// Where keys have moved the cursor.
    keyed: Cell<Option<Px>>,
    /// How it hears of the instant under the pointer of another chart.
    link: RefCell<Option<(Shared, Listening)>>,
    resolution: RefCell<Option<(f64, EventListener)>>,
}

/// Stops watching the size of a chart when it leaves the page.
pub(super) struct Watch {
    easel: Rc<Easel>,
    observer: Option<ResizeObserver>,
    sight: Option<IntersectionObserver>,
    _resized: Closure<dyn FnMut(js_sys::Array)>,
    _seen: Closure<dyn FnMut(js_sys::Array)>,
}

/// What a key does to a chart.
pub(super) enum Keyed {
    /// It moved or hid the cursor.
    Moved,
    /// It chose another part.
    Range(Option<(f64, f64)>),
    /// It chose the place of the cursor.
    Picked(Pick),
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
        if let Some(sight) = &self.sight {
            sight.disconnect();
        }
        // These hold the easel, which holds them.
        self.easel.link.replace(None);
        self.easel.resolution.replace(None);
    }
}

impl Easel {
    /// Draws whenever the size of the chart changes or it comes into sight, and shows what others point at, for as long as the
    /// answer lives.
    pub(super) fn watch(self: &Rc<Self>, shared: Shared) -> Watch {
        let easel = Rc::downgrade(self);
        let listening = shared.listen(move |at_s| {
            if let Some(easel) = easel.upgrade() {
                easel.hear(at_s);
            }
        });
        self.link.replace(Some((shared, listening)));
        let easel = Rc::clone(self);
        let seen = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            if let Ok(entry) = entries.pop().dyn_into::<IntersectionObserverEntry>() {
                easel.visible.set(entry.is_intersecting());
                if entry.is_intersecting() && easel.due.get() {
                    easel.request();
                }
            }
        });
        let sight = IntersectionObserver::new(seen.as_ref().unchecked_ref()).ok();
        // Where nobody tells, it is in sight.
        self.visible.set(sight.is_none());
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
        if let (Some(sight), Some(host)) = (&sight, self.host.cast::<HtmlElement>()) {
            sight.observe(&host);
        }
        Watch { easel: Rc::clone(self), observer, sight, _resized: resized, _seen: seen }
    }

    /// Shows something else.
    pub(super) fn show(self: &Rc<Self>, subject: Subject) {
        self.subject.replace(Some(subject));
        self.hide();
        self.request();
    }

    /// Asks for a drawing, as soon as it can be seen.
    fn request(self: &Rc<Self>) {
        self.due.set(true);
        if self.visible.get() {
            draw_soon(self);
        }
    }

    /// Whether a drawing was asked for and is not there yet.
    pub(super) fn is_due(&self) -> bool {
        self.due.get()
    }

    /// Draws what was asked for.
    pub(super) fn draw_now(self: &Rc<Self>) {
        self.due.set(false);
        self.draw();
        self.watch_resolution();
        self.place_playhead();
    }

    /// Draws at once what is still to be drawn, so that a key or a press that comes before it counts as it would after it.
    fn catch_up(self: &Rc<Self>) {
        if !self.due.get() && self.frame.borrow().is_some() {
            return;
        }
        if let Some(host) = self.host.cast::<HtmlElement>() {
            self.size.set((f64::from(host.client_width()), f64::from(host.client_height())));
        }
        self.draw_now();
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
            let (pen, ghost) = (pen.calling(subject.before), subject.ghost.as_ref().map(|ghost| &*ghost.charts));
            Frame { before: subject.before, ..subject.kind.draw(&pen, &run.charts, &subject.view, ghost) }
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
        let grid = self.grid_over_time();
        let at = self.playhead_s.get().filter(|at| at.is_finite());
        let in_sight = |(grid, at): &(Grid, f64)| (grid.range().0..=grid.range().1).contains(at);
        let line = grid.zip(at).filter(in_sight).map(|(grid, at)| (grid.x(at), grid.plot));
        // At the very beginning of the run only its head: a line there would look like an axis.
        let line = line.map(|(x, plot)| (x, if x < plot.left + 1.0 { Rect { bottom: plot.top, ..plot } } else { plot }));
        place_line(&self.playhead, line);
    }

    /// The axes of a drawn chart over time.
    fn grid_over_time(&self) -> Option<Grid> {
        let over_time = self.subject.borrow().as_ref().is_some_and(|subject| subject.kind.is_over_time());
        self.frame.borrow().as_ref().and_then(|frame| frame.grid).filter(|_| over_time)
    }

    /// The pointer is at a place: shows the values there, here and in the other charts over time.
    pub(super) fn hover(&self, at: Px) {
        if let Some(from) = self.pressed.get().filter(|from| is_drag(*from, at)) {
            self.hide();
            return self.mark(Some((from.0, at.0)));
        }
        match self.read(at) {
            Some(reading) => {
                self.show_reading(&reading, at);
                self.tell(self.time_at(at));
            }
            None => self.leave(),
        }
    }

    /// Says to the other charts over time which instant is looked at.
    fn tell(&self, at_s: Option<f64>) {
        let over_time = self.grid_over_time().is_some();
        if let Some((shared, listening)) = self.link.borrow().as_ref().filter(|_| over_time) {
            shared.point(at_s, Some(listening));
        }
    }

    /// Another chart, or the scrubber, looks at an instant.
    fn hear(&self, at_s: Option<f64>) {
        let place = self.grid_over_time().zip(at_s).filter(|(grid, at)| (grid.range().0..=grid.range().1).contains(at));
        let place = place.map(|(grid, at)| (grid.x(at), grid.plot.top - 1.0));
        match place.and_then(|at| Some((self.read(at)?, at))) {
            Some((reading, at)) => self.show_reading(&reading, at),
            None => self.hide(),
        }
    }

    /// The pointer was pressed.
    pub(super) fn press(self: &Rc<Self>, at: Px) {
        self.catch_up();
        let in_plot = self.frame.borrow().as_ref().and_then(|frame| frame.grid).is_some_and(|grid| grid.value_at(at.0).is_some());
        self.pressed.set(in_plot.then_some(at));
    }

    /// The pointer was let go: answers the part that it chose, or the place.
    pub(super) fn release(&self, at: Px) -> Option<Keyed> {
        self.mark(None);
        let from = self.pressed.take()?;
        if !is_drag(from, at) {
            return self.pick(at).map(Keyed::Picked);
        }
        let grid = self.frame.borrow().as_ref()?.grid?;
        let value = |x: f64| grid.value_at(x.clamp(grid.plot.left, grid.plot.right));
        Some(Keyed::Range(Some(chosen(value(from.0)?, value(at.0)?, grid.range())?)))
    }

    /// What is being chosen is given up.
    pub(super) fn give_up(&self) {
        self.pressed.set(None);
        self.mark(None);
    }

    /// What a place stands for.
    fn pick(&self, at: Px) -> Option<Pick> {
        let (subject, frame) = (self.subject.borrow(), self.frame.borrow());
        let (subject, frame) = (subject.as_ref()?, frame.as_ref()?);
        let filter = subject.kind.filter(frame, &subject.run.as_ref()?.charts, at);
        let at_s = frame.grid.filter(|_| subject.kind.is_over_time()).and_then(|grid| grid.value_at(at.0));
        (filter.is_some() || at_s.is_some()).then_some(Pick { filter, at_s })
    }

    /// A key was pressed. Answers nothing if it does nothing here.
    pub(super) fn key(self: &Rc<Self>, key: &str, far: bool) -> Option<Keyed> {
        self.catch_up();
        let (grid, step, parts) = match &*self.frame.borrow() {
            Some(frame) => (frame.grid, frame.step, frame.parts.iter().map(|(place, _)| *place).collect::<Vec<_>>()),
            None => return None,
        };
        let (kind, whole) = {
            let subject = self.subject.borrow();
            let subject = subject.as_ref()?;
            (subject.kind, subject.kind.whole(&subject.run.as_ref()?.charts))
        };
        if key == "Escape" && self.keyed.take().is_some() {
            self.leave();
            return Some(Keyed::Moved);
        }
        let Some(grid) = grid else { return self.key_part(key, &parts) };
        let plot = grid.plot;
        let (x, y) = self.keyed.get().unwrap_or(((plot.left + plot.right) / 2.0, plot.top + 1.0));
        let factor = if far { 10.0 } else { 1.0 };
        let zoom = |factor: f64| {
            let range = scaled(grid.range(), grid.value_at(x)?, factor, whole?);
            Some(Keyed::Range(range))
        };
        let to = match key {
            "ArrowLeft" => (x - step.0 * factor, y),
            "ArrowRight" => (x + step.0 * factor, y),
            "ArrowUp" if step.1 > 0.0 => (x, y - step.1),
            "ArrowDown" if step.1 > 0.0 => (x, y + step.1),
            "Home" => (plot.left, y),
            "End" => (plot.right, y),
            "+" | "=" => return zoom(0.5),
            "-" => return zoom(2.0),
            "0" => return Some(Keyed::Range(None)),
            "Enter" => return self.keyed.get().and_then(|at| self.pick(at)).map(Keyed::Picked),
            _ => return None,
        };
        let to = (to.0.clamp(plot.left, plot.right), to.1.clamp(plot.top + 1.0, plot.bottom - 1.0));
        self.keyed.set(Some(to));
        self.show_keyed(to);
        if kind.is_over_time() {
            self.tell(grid.value_at(to.0));
        }
        Some(Keyed::Moved)
    }

    /// A key in a chart without axes: it goes from part to part.
    fn key_part(&self, key: &str, parts: &[Rect]) -> Option<Keyed> {
        let centre = |part: &Rect| ((part.left + part.right) / 2.0, (part.top + part.bottom) / 2.0);
        let now = self.keyed.get().and_then(|at| parts.iter().position(|part| part.holds(at)));
        let last = parts.len().checked_sub(1)?;
        let next = match (key, now) {
            ("ArrowLeft" | "ArrowUp", Some(now)) => now.saturating_sub(1),
            ("ArrowRight" | "ArrowDown", Some(now)) => (now + 1).min(last),
            ("ArrowLeft" | "ArrowUp" | "ArrowRight" | "ArrowDown", None) | ("Home", _) => 0,
            ("End", _) => last,
            _ => return None,
        };
        let at = centre(&parts[next]);
        self.keyed.set(Some(at));
        self.show_keyed(at);
        Some(Keyed::Moved)
    }

    /// Shows the values at the place of the keys, and says them.
    fn show_keyed(&self, at: Px) {
        let Some(reading) = self.read(at) else { return };
        self.show_reading(&reading, at);
        if let Some(spoken) = self.spoken.cast::<HtmlElement>() {
            let rows: Vec<String> = reading.rows.iter().map(|row| format!("{} {}", row.name, row.value)).collect();
            spoken.set_text_content(Some(&format!("{}: {}", reading.head, rows.join(", "))));
        }
    }

    /// Marks a part of the chart, from one place to another.
    fn mark(&self, part: Option<(f64, f64)>) {
        let Some(element) = self.part.cast::<HtmlElement>() else { return };
        let plot = self.frame.borrow().as_ref().and_then(|frame| frame.grid).map(|grid| grid.plot);
        let place = part.zip(plot);
        if let Some(((a, b), plot)) = place {
            let (left, right) = (a.min(b).clamp(plot.left, plot.right), a.max(b).clamp(plot.left, plot.right));
            let style = element.style();
            let _ = style.set_property("transform", &format!("translate({left}px, {}px)", plot.top));
            let _ = style.set_property("width", &format!("{}px", right - left));
            let _ = style.set_property("height", &format!("{}px", plot.height()));
        }
        element.set_hidden(place.is_none());
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

    /// Takes the cursor away, here and in the other charts over time.
    pub(super) fn leave(&self) {
        self.hide();
        self.tell(None);
    }

    fn hide(&self) {
        for layer in [&self.cursor, &self.readout] {
            if let Some(layer) = layer.cast::<HtmlElement>() {
                layer.set_hidden(true);
            }
        }
    }

    /// The instant under a place of a time chart.
    fn time_at(&self, at: Px) -> Option<f64> {
        self.grid_over_time()?.value_at(at.0)
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
            let (data, sheet) = run.parts();
            let Subject { kind, before, view, .. } = *subject;
            save(&Export { kind, data, sheet, view, ghost, before, theme }, ruler);
        }
    }
}

/// Whether the pointer has moved so far that it does not click.
fn is_drag(from: Px, to: Px) -> bool {
    (to.0 - from.0).abs() > 4.0
}

/// Where the upper left corner of a readout stands: beside the cursor at `x`, on the side that has more room, in the first of
/// `rows`; if that covers a label, on the other side or in another row. In a narrow chart it may have to cover the cursor.
fn readout_place(x: f64, rows: [f64; 3], (width, height): Px, across: f64, labels: &[Rect]) -> Px {
    let (right, left) = (x + 10.0, x - 10.0 - width);
    let sides = if x < across / 2.0 { [right, left] } else { [left, right] };
    let places = || rows.into_iter().flat_map(|y| sides.map(|x| (x, y)));
    let is_free = |(left, top): &Px| {
        let own = Rect { left: *left, top: *top, right: left + width, bottom: top + height };
        *left >= 0.0 && own.right <= across && !labels.iter().any(|label| label.overlaps(&own))
    };
    places().find(is_free).unwrap_or((sides[0].min(across - width).max(0.0), rows[0]))
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

    #[test]
    fn a_readout_stays_on_a_narrow_chart() {
        let place = |x: f64| readout_place(x, [10.0, 90.0, 110.0], (140.0, 50.0), 200.0, &[]);
        assert_eq!((place(110.0), place(90.0)), ((0.0, 10.0), (60.0, 10.0)));
    }
}
