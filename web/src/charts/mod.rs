//! The charts of a run.
//!
//! Each answers a question, which is its title. The data is drawn on a canvas by plotters ([`backend`]), one module per family of
//! charts; cursor, readout and playhead move above it ([`easel`]); the same data is there as a table and as CSV, SVG and PNG.

mod axes;
mod backend;
mod bars;
mod cdf;
mod easel;
mod export;
mod gantt;
mod heat;
mod hosts;
mod kind;
mod labels;
mod pen;
mod phases;
mod queue;
mod reading;
mod series;
pub(crate) mod shared;
mod sheet;
mod stacks;
mod table;
mod texture;
mod theme;
mod view;

use std::rc::Rc;

use faaslab_core::measure::Charts;
use gloo::timers::callback::Timeout;
use web_sys::Element;
use yew::prelude::*;

pub(crate) use self::hosts::HostFigure;
pub(crate) use self::kind::ChartKind;

use self::easel::{Easel, Keyed, Run, Subject};
use self::export::Export;
pub(crate) use self::export::picture;
use self::pen::PREVIOUS;
use self::shared::Shared;
use self::table::ChartTable;
use self::view::View;
use crate::menu::Menu;
use crate::store::persist;
use crate::worker::protocol::{Outcome, RowFilter};

/// A place of a chart that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pick {
    /// The invocations that it stands for, if it does.
    pub(crate) filter: Option<RowFilter>,
    /// Its instant, in seconds of simulated time.
    pub(crate) at_s: Option<f64>,
}

/// What a chart shows.
#[derive(Clone, Debug, Properties)]
pub(crate) struct ChartProps {
    /// Which chart.
    pub(crate) kind: ChartKind,
    /// The run; none before the first one.
    #[prop_or_default]
    pub(crate) data: Option<Rc<Charts>>,
    /// What is said while the data is on its way.
    #[prop_or_default]
    pub(crate) waits: Option<&'static str>,
    /// The measures of the run, which name its functions, where the chart tells of some.
    #[prop_or_default]
    pub(crate) outcome: Option<Rc<Outcome>>,
    /// The previous run, drawn dashed and muted.
    #[prop_or_default]
    pub(crate) ghost: Option<Rc<Charts>>,
    /// What that is called.
    #[prop_or(PREVIOUS)]
    pub(crate) before: &'static str,
    /// Name of the theme: the chart is drawn again when it changes.
    #[prop_or_default]
    pub(crate) theme: AttrValue,
    /// The present instant in seconds of simulated time, marked on charts over time.
    #[prop_or_default]
    pub(crate) playhead_s: Option<f64>,
    /// The part of the time that is shown; nothing for all of it.
    #[prop_or_default]
    pub(crate) range: Option<(f64, f64)>,
    /// Called with another part of the time to show, in all charts over time.
    #[prop_or_default]
    pub(crate) on_range: Callback<Option<(f64, f64)>>,
    /// Called with the place that was clicked.
    #[prop_or_default]
    pub(crate) on_pick: Callback<Pick>,
}

fn same<T>(a: &Option<Rc<T>>, b: &Option<Rc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Rc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

impl PartialEq for ChartProps {
    fn eq(&self, other: &ChartProps) -> bool {
        self.kind == other.kind
            && same(&self.data, &other.data)
            && same(&self.outcome, &other.outcome)
            && same(&self.ghost, &other.ghost)
            && self.before == other.before
            && self.theme == other.theme
            && self.playhead_s == other.playhead_s
            && self.waits == other.waits
            && self.range == other.range
            && self.on_range == other.on_range
            && self.on_pick == other.on_pick
    }
}

/// What is derived from a run once, not on every move of the playhead.
#[derive(Clone, Debug, PartialEq)]
enum Content {
    /// Nothing to draw, and why.
    Empty(&'static str),
    /// A run, and the chart in one sentence.
    Drawn(Run, AttrValue),
}

impl Content {
    fn of(Source(kind, data, outcome): &Source) -> Content {
        let Some(charts) = data else {
            return Content::Empty("No run has finished yet");
        };
        match kind.empty(charts) {
            Some(why) => Content::Empty(why),
            None => Content::Drawn(run_of(*kind, charts, outcome.as_deref()), kind.summary(charts).into()),
        }
    }

    fn run(&self) -> Option<&Run> {
        match self {
            Content::Empty(_) => None,
            Content::Drawn(run, _) => Some(run),
        }
    }
}

fn run_of(kind: ChartKind, charts: &Rc<Charts>, outcome: Option<&Outcome>) -> Run {
    let functions = outcome.map(|outcome| outcome.functions.as_slice()).unwrap_or_default();
    Run { charts: Rc::clone(charts), sheet: Rc::new(kind.sheet(charts, functions)) }
}

/// What a chart derives its content from. It holds the run, so that no other run can take its address.
struct Source(ChartKind, Option<Rc<Charts>>, Option<Rc<Outcome>>);

impl PartialEq for Source {
    fn eq(&self, other: &Source) -> bool {
        self.0 == other.0 && same(&self.1, &other.1) && same(&self.2, &other.2)
    }
}

/// Keeps the easel of a chart up to date and answers it with what it shows.
#[hook]
fn use_easel(props: &ChartProps, view: View) -> (Rc<Easel>, Rc<Content>) {
    let shared = use_context::<Shared>().unwrap_or_default();
    let easel = use_memo((), |()| Easel::default());
    let content = use_memo(Source(props.kind, props.data.clone(), props.outcome.clone()), Content::of);
    let ghost = use_memo(Source(props.kind, props.ghost.clone(), None), |Source(kind, ghost, _)| {
        ghost.as_ref().map(|charts| run_of(*kind, charts, None))
    });
    let (run, ghost, theme) = (content.run().cloned(), (*ghost).clone(), props.theme.clone());
    let subject = Subject { kind: props.kind, run, ghost, before: props.before, view, theme };
    {
        let easel = Rc::clone(&easel);
        use_effect_with(subject, move |subject| easel.show(subject.clone()));
    }
    {
        let easel = Rc::clone(&easel);
        use_effect_with(props.playhead_s, move |at| easel.set_playhead(*at));
    }
    {
        let easel = Rc::clone(&easel);
        use_effect_with(shared, move |shared| {
            let watch = easel.watch(shared.clone());
            move || drop(watch)
        });
    }
    (easel, content)
}

/// One chart with its question, its table and its files.
#[component]
pub(crate) fn Chart(props: &ChartProps) -> Html {
    let log = use_state(|| persist::axis(props.kind.id()));
    let own_range = use_state_eq(|| None::<(f64, f64)>);
    let over_time = props.kind.is_over_time();
    let view = View { x: if over_time { props.range } else { *own_range }, log: *log };
    let set_range = {
        let (own, on_range) = (own_range.setter(), props.on_range.clone());
        Callback::from(move |range: Option<(f64, f64)>| if over_time { on_range.emit(range) } else { own.set(range) })
    };
    let (easel, content) = use_easel(props, view);
    let as_table = use_state(|| false);
    let title = props.kind.title();
    let run = content.run();
    let shown_table = run.filter(|_| *as_table).map(|run| Rc::clone(&run.sheet));
    let is_log = run.and_then(|run| props.kind.is_log(&run.charts)).map(|otherwise| log.unwrap_or(otherwise));
    let choose_log = {
        let (log, id) = (log.setter(), props.kind.id());
        Callback::from(move |chosen: bool| {
            persist::set_axis(id, chosen);
            log.set(Some(chosen));
        })
    };
    let reset = view.x.is_some().then(|| set_range.reform(|_: MouseEvent| None));
    html! {
        <figure class={classes!("chart", over_time.then_some("chart-time"))} data-chart={props.kind.id()}>
            <figcaption class="chart-head">
                <span class="chart-title" title={title}>{ title }</span>
                if run.is_some() {
                    <Tools easel={Handle(Rc::clone(&easel))} as_table={as_table.clone()} {is_log} {choose_log} {reset} />
                }
            </figcaption>
            <div class="chart-body">
                <Plot easel={Handle(Rc::clone(&easel))} content={Rc::clone(&content)} covered={shown_table.is_some()} {title}
                    {set_range} on_pick={props.on_pick.clone()} zoomed={view.x.is_some()} />
                if let Some(sheet) = shown_table {
                    <ChartTable {title} {sheet} />
                }
                if let Content::Empty(why) = &*content {
                    <p class="chart-empty">{ props.waits.unwrap_or(*why) }</p>
                }
            </div>
        </figure>
    }
}

#[derive(Properties, PartialEq)]
struct PlotProps {
    easel: Handle,
    content: Rc<Content>,
    covered: bool,
    title: &'static str,
    zoomed: bool,
    set_range: Callback<Option<(f64, f64)>>,
    on_pick: Callback<Pick>,
}

/// How long a click on a part waits for a second one, which goes back to the whole, in milliseconds.
const DOUBLE_MS: u32 = 250;

/// The canvas and what moves above it. It stays in place when it is not shown: without a size it draws nothing.
#[component]
fn Plot(props: &PlotProps) -> Html {
    let Handle(easel) = &props.easel;
    let waiting = use_mut_ref(|| None::<Timeout>);
    let place = |event: &PointerEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let hover = {
        let easel = Rc::clone(easel);
        move |event: PointerEvent| easel.hover(place(&event))
    };
    let press = {
        let easel = Rc::clone(easel);
        move |event: PointerEvent| {
            easel.hover(place(&event));
            if event.button() == 0 {
                easel.press(place(&event));
                if let Some(host) = easel.host.cast::<Element>() {
                    // So that a part may be chosen up to the edge. Without it, it ends where the pointer leaves.
                    let _ = host.set_pointer_capture(event.pointer_id());
                }
            }
        }
    };
    let leave = {
        let easel = Rc::clone(easel);
        move |_: PointerEvent| easel.leave()
    };
    let give_up = {
        let easel = Rc::clone(easel);
        move |_: PointerEvent| {
            easel.give_up();
            easel.leave();
        }
    };
    let act = {
        let (set_range, on_pick) = (props.set_range.clone(), props.on_pick.clone());
        move |done: Keyed| match done {
            Keyed::Moved => {}
            Keyed::Range(range) => set_range.emit(range),
            Keyed::Picked(pick) => on_pick.emit(pick),
        }
    };
    let release = {
        let (easel, act, waiting, zoomed) = (Rc::clone(easel), act.clone(), Rc::clone(&waiting), props.zoomed);
        move |event: PointerEvent| {
            let Some(done) = easel.release(place(&event)) else { return };
            if zoomed && matches!(done, Keyed::Picked(_)) {
                let act = act.clone();
                waiting.replace(Some(Timeout::new(DOUBLE_MS, move || act(done))));
            } else {
                act(done);
            }
        }
    };
    let whole = {
        let (set_range, waiting) = (props.set_range.clone(), Rc::clone(&waiting));
        move |_: MouseEvent| {
            waiting.replace(None);
            set_range.emit(None);
        }
    };
    let key = {
        let easel = Rc::clone(easel);
        move |event: KeyboardEvent| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() {
                return;
            }
            if let Some(done) = easel.key(&event.key(), event.shift_key()) {
                event.prevent_default();
                event.stop_propagation();
                act(done);
            }
        }
    };
    let (hidden, label) = match &*props.content {
        Content::Empty(_) => (true, None),
        Content::Drawn(_, summary) => (props.covered, Some(summary.clone())),
    };
    let keys = format!("{} Arrow keys read values, plus and minus zoom, Enter lists invocations", props.title);
    html! {
        <>
        <div class="chart-plot" ref={easel.host.clone()} {hidden} tabindex="0" role="application" aria-label={keys}
            onpointermove={hover} onpointerdown={press} onpointerup={release} onpointerleave={leave} onpointercancel={give_up}
            ondblclick={whole} onkeydown={key}>
            <canvas ref={easel.canvas.clone()} role="img" aria-label={label}></canvas>
            <div class="chart-part" ref={easel.part.clone()} hidden=true></div>
            <div class="chart-cursor" ref={easel.cursor.clone()} hidden=true></div>
            <div class="chart-playhead" ref={easel.playhead.clone()} hidden=true></div>
            <div class="chart-readout" ref={easel.readout.clone()} hidden=true></div>
        </div>
        <span class="visually-hidden" role="status" ref={easel.spoken.clone()}></span>
        </>
    }
}

/// An easel, equal to itself alone.
#[derive(Clone)]
struct Handle(Rc<Easel>);

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct ToolsProps {
    easel: Handle,
    as_table: UseStateHandle<bool>,
    /// Whether the axis of values is logarithmic, if that can be chosen.
    is_log: Option<bool>,
    choose_log: Callback<bool>,
    /// Back to the whole, if a part is shown.
    reset: Option<Callback<MouseEvent>>,
}

/// The buttons of a chart. Its axis and what it can be saved as are folded, so that there is room for the question beside them.
#[component]
fn Tools(props: &ToolsProps) -> Html {
    let menu = Menu(use_node_ref());
    let save = |save: fn(&Export<'_>, web_sys::CanvasRenderingContext2d)| {
        let (Handle(easel), menu) = (props.easel.clone(), menu.clone());
        move |_: MouseEvent| {
            easel.export(save);
            menu.close();
        }
    };
    let toggle = {
        let as_table = props.as_table.clone();
        move |_: MouseEvent| as_table.set(!*as_table)
    };
    html! {
        <span class="chart-tools">
            if let Some(reset) = &props.reset {
                <button type="button" class="chart-reset" title="Show all of it again (double click, or 0)" onclick={reset.clone()}>{ "All" }</button>
            }
            <button type="button" class="as-table" aria-pressed={props.as_table.to_string()} onclick={toggle}>{ "Table" }</button>
            <details ref={menu.0.clone()} onfocusout={menu.on_leave()} onkeydown={menu.on_key()}>
                <summary>{ "More" }</summary>
                <span class="chart-menu" tabindex="-1">
                    if let Some(is_log) = props.is_log {
                        <button type="button" aria-pressed={is_log.to_string()} onclick={props.choose_log.reform(move |_: MouseEvent| !is_log)}>
                            { "Logarithmic axis" }
                        </button>
                    }
                    <button type="button" onclick={save(|chart, _| chart.csv())}>{ "Data (CSV)" }</button>
                    <button type="button" onclick={save(|chart, _| { chart.png(); })}>{ "Picture (PNG)" }</button>
                    <button type="button" onclick={save(|chart, ruler| chart.svg(ruler))}>{ "Drawing (SVG)" }</button>
                </span>
            </details>
        </span>
    }
}
