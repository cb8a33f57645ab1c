//! The charts of a run.
//!
//! Each answers a question, which is its title. The data is drawn on a canvas by plotters ([`backend`]), one module per family of
//! charts; cursor, readout and playhead move above it ([`easel`]); the same data is there as a table and as CSV, SVG and PNG.

mod axes;
mod backend;
mod cdf;
mod easel;
mod export;
mod kind;
mod labels;
mod pen;
mod phases;
mod reading;
mod series;
mod sheet;
mod stacks;
mod table;
mod texture;
mod theme;

use std::rc::Rc;

use faaslab_core::measure::Charts;
use wasm_bindgen::JsCast;
use web_sys::{Element, Node};
use yew::prelude::*;

pub(crate) use self::kind::ChartKind;

use self::easel::{Easel, Run, Subject};
use self::export::Export;
pub(crate) use self::export::picture;
use self::table::ChartTable;

/// What a chart shows.
#[derive(Clone, Debug, Properties)]
pub(crate) struct ChartProps {
    /// Which chart.
    pub(crate) kind: ChartKind,
    /// The run; none before the first one.
    #[prop_or_default]
    pub(crate) data: Option<Rc<Charts>>,
    /// The previous run, drawn dashed and muted.
    #[prop_or_default]
    pub(crate) ghost: Option<Rc<Charts>>,
    /// Name of the theme: the chart is drawn again when it changes.
    #[prop_or_default]
    pub(crate) theme: AttrValue,
    /// The present instant in seconds of simulated time, marked on charts over time.
    #[prop_or_default]
    pub(crate) playhead_s: Option<f64>,
    /// Called with the instant that was clicked on a chart over time.
    #[prop_or_default]
    pub(crate) on_seek: Callback<f64>,
}

fn same(a: &Option<Rc<Charts>>, b: &Option<Rc<Charts>>) -> bool {
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
            && same(&self.ghost, &other.ghost)
            && self.theme == other.theme
            && self.playhead_s == other.playhead_s
            && self.on_seek == other.on_seek
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
    fn of(kind: ChartKind, data: Option<&Rc<Charts>>) -> Content {
        let Some(charts) = data else {
            return Content::Empty("No run has finished yet");
        };
        match kind.empty(charts) {
            Some(why) => Content::Empty(why),
            None => Content::Drawn(run_of(kind, charts), kind.summary(charts).into()),
        }
    }

    fn run(&self) -> Option<&Run> {
        match self {
            Content::Empty(_) => None,
            Content::Drawn(run, _) => Some(run),
        }
    }
}

fn run_of(kind: ChartKind, charts: &Rc<Charts>) -> Run {
    Run { charts: Rc::clone(charts), sheet: Rc::new(kind.sheet(charts)) }
}

/// What a chart derives its content from. It holds the run, so that no other run can take its address.
struct Source(ChartKind, Option<Rc<Charts>>);

impl PartialEq for Source {
    fn eq(&self, other: &Source) -> bool {
        self.0 == other.0 && same(&self.1, &other.1)
    }
}

/// Keeps the easel of a chart up to date and answers it with what it shows.
#[hook]
fn use_easel(props: &ChartProps) -> (Rc<Easel>, Rc<Content>) {
    let easel = use_memo((), |()| Easel::default());
    let content = use_memo(Source(props.kind, props.data.clone()), |Source(kind, data)| Content::of(*kind, data.as_ref()));
    let ghost =
        use_memo(Source(props.kind, props.ghost.clone()), |Source(kind, ghost)| ghost.as_ref().map(|charts| run_of(*kind, charts)));
    let subject = Subject { kind: props.kind, run: content.run().cloned(), ghost: (*ghost).clone(), theme: props.theme.clone() };
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
        use_effect_with((), move |()| {
            let watch = easel.watch();
            move || drop(watch)
        });
    }
    (easel, content)
}

/// One chart with its question, its table and its files.
#[component]
pub(crate) fn Chart(props: &ChartProps) -> Html {
    let (easel, content) = use_easel(props);
    let as_table = use_state(|| false);
    let title = props.kind.title();
    let shown_table = content.run().filter(|_| *as_table).map(|run| Rc::clone(&run.sheet));
    html! {
        <figure class={classes!("chart", props.kind.is_over_time().then_some("chart-time"))} data-chart={props.kind.id()}>
            <figcaption class="chart-head">
                <span class="chart-title" title={title}>{ title }</span>
                if content.run().is_some() {
                    <Tools easel={Handle(Rc::clone(&easel))} as_table={as_table.clone()} />
                }
            </figcaption>
            <div class="chart-body">
                { plot(&easel, &content, shown_table.is_some(), &props.on_seek) }
                if let Some(sheet) = shown_table {
                    <ChartTable {title} {sheet} />
                }
                if let Content::Empty(why) = &*content {
                    <p class="chart-empty">{ *why }</p>
                }
            </div>
        </figure>
    }
}

/// The canvas and what moves above it. It stays in place when it is not shown: without a size it draws nothing.
fn plot(easel: &Rc<Easel>, content: &Content, covered: bool, on_seek: &Callback<f64>) -> Html {
    let place = |event: &MouseEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let hover = {
        let easel = Rc::clone(easel);
        move |event: PointerEvent| easel.hover(place(&event))
    };
    let leave = {
        let easel = Rc::clone(easel);
        move |_: PointerEvent| easel.leave()
    };
    let seek = {
        let (easel, on_seek) = (Rc::clone(easel), on_seek.clone());
        move |event: MouseEvent| {
            if let Some(at_s) = easel.time_at(place(&event)) {
                on_seek.emit(at_s);
            }
        }
    };
    let (hidden, label) = match content {
        Content::Empty(_) => (true, None),
        Content::Drawn(_, summary) => (covered, Some(summary.clone())),
    };
    html! {
        <div class="chart-plot" ref={easel.host.clone()} {hidden} onpointermove={hover.clone()} onpointerdown={hover}
            onpointerleave={leave} onclick={seek}>
            <canvas ref={easel.canvas.clone()} role="img" aria-label={label}></canvas>
            <div class="chart-cursor" ref={easel.cursor.clone()} hidden=true></div>
            <div class="chart-playhead" ref={easel.playhead.clone()} hidden=true></div>
            <div class="chart-readout" ref={easel.readout.clone()} hidden=true></div>
        </div>
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
}

/// The buttons of a chart. What it can be saved as is folded, so that there is room for the question beside them.
#[component]
fn Tools(props: &ToolsProps) -> Html {
    let menu = use_node_ref();
    let close = {
        let menu = menu.clone();
        move || {
            if let Some(menu) = menu.cast::<Element>() {
                let _ = menu.remove_attribute("open");
            }
        }
    };
    let save = |save: fn(&Export<'_>, web_sys::CanvasRenderingContext2d)| {
        let (Handle(easel), close) = (props.easel.clone(), close.clone());
        move |_: MouseEvent| {
            easel.export(save);
            close();
        }
    };
    let toggle = {
        let as_table = props.as_table.clone();
        move |_: MouseEvent| as_table.set(!*as_table)
    };
    let on_leave = {
        let (menu, close) = (menu.clone(), close.clone());
        move |event: FocusEvent| {
            let to = event.related_target().and_then(|t| t.dyn_into::<Node>().ok());
            if !menu.cast::<Node>().is_some_and(|menu| menu.contains(to.as_ref())) {
                close();
            }
        }
    };
    let on_escape = {
        let (menu, close) = (menu.clone(), close.clone());
        move |event: KeyboardEvent| {
            if event.key() == "Escape" && menu.cast::<Element>().is_some_and(|menu| menu.has_attribute("open")) {
                event.stop_propagation();
                close();
            }
        }
    };
    html! {
        <span class="chart-tools">
            <button type="button" aria-pressed={props.as_table.to_string()} onclick={toggle}>{ "Table" }</button>
            <details ref={menu} onfocusout={on_leave} onkeydown={on_escape}>
                <summary>{ "Save" }</summary>
                <span class="chart-menu" tabindex="-1">
                    <button type="button" onclick={save(|chart, _| chart.csv())}>{ "Data (CSV)" }</button>
                    <button type="button" onclick={save(|chart, _| { chart.png(); })}>{ "Picture (PNG)" }</button>
                    <button type="button" onclick={save(|chart, ruler| chart.svg(ruler))}>{ "Drawing (SVG)" }</button>
                </span>
            </details>
        </span>
    }
}
