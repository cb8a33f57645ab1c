//! The charts of a tab, and what they ask the worker for: a part of the run more closely, and the containers of a host.

use std::rc::Rc;

use faaslab_core::measure::Charts;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::app::Tools;
use crate::charts::{Chart, ChartKind, HostFigure, Pick};
use crate::stage::transport::use_tick;
use crate::store::{LabHandle, Shown};
use crate::worker::protocol::ToSim;

/// A part of the time, in seconds; nothing for all of it.
type Range = Option<(f64, f64)>;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// Which charts, in order.
    pub(crate) kinds: &'static [ChartKind],
    /// The part of the time that charts over time show.
    pub(crate) range: Range,
    /// Called with another one.
    pub(crate) on_range: Callback<Range>,
    /// Called with a place that was clicked.
    pub(crate) on_pick: Callback<Pick>,
}

fn ns(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// Whether the data of one range shows another.
fn covers(charts: &Charts, (from, to): (f64, f64)) -> bool {
    let least = (to - from) * 1e-6;
    charts.begin_s <= from + least && charts.end_s >= to - least
}

/// The part of the run that is looked at, from the worker; until it comes, nothing.
#[hook]
fn use_closer(lab: &LabHandle, tools: &Tools, range: Range) -> Option<Rc<Charts>> {
    let run = lab.shown.as_ref().filter(|shown| shown.complete).map(|shown| shown.run);
    let client = tools.client.clone();
    use_effect_with((run, range), move |&(run, range)| {
        if let Some((run, (from, to))) = run.zip(range) {
            client.say(&ToSim::Charts { run, from_ns: ns(from), to_ns: ns(to) });
        }
    });
    let (of, charts) = lab.closer.as_ref()?;
    let shows = range.is_some_and(|range| covers(charts, range));
    (run == Some(*of) && shows).then(|| Rc::clone(charts))
}

/// Some charts, two beside each other.
#[component]
pub(crate) fn TabCharts(props: &Props) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let tick = use_tick(&tools);
    let closer = use_closer(&lab, &tools, props.range);
    let of = |shown: &Option<Rc<Shown>>| shown.as_ref().map(|shown| Rc::clone(&shown.charts));
    let chart = |&kind: &ChartKind| {
        let whole = of(&lab.shown);
        let data = if kind.is_over_time() { closer.clone().or(whole) } else { whole };
        html! {
            <Chart key={kind.id()} {kind} {data} ghost={of(&lab.previous)} before={lab.before()} theme={tools.theme.clone()} playhead_s={Some(tick.at_s)}
                range={props.range} on_range={props.on_range.clone()} on_pick={props.on_pick.clone()} />
        }
    };
    let containers = |kind: &ChartKind| {
        let (range, on_range, on_pick) = (props.range, props.on_range.clone(), props.on_pick.clone());
        html! { <HostContainers key={kind.id()} {range} {on_range} {on_pick} /> }
    };
    let figures = |kind: &ChartKind| {
        let (range, on_range, on_pick) = (props.range, props.on_range.clone(), props.on_pick.clone());
        html! { <HostFigures key={kind.id()} {range} {on_range} {on_pick} /> }
    };
    let each = props.kinds.iter().map(|kind| match kind {
        ChartKind::Containers => containers(kind),
        ChartKind::HostFigure(_) => figures(kind),
        _ => chart(kind),
    });
    html! { <div class={classes!("charts", (props.kinds.len() > 2).then_some("many"))}>{ for each }</div> }
}

#[derive(Properties, PartialEq)]
struct HostProps {
    range: Range,
    on_range: Callback<Range>,
    on_pick: Callback<Pick>,
}

/// The containers of a host, which is chosen above them.
#[component]
fn HostContainers(props: &HostProps) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let tick = use_tick(&tools);
    let chosen = use_state_eq(|| 0_u32);
    let shown = lab.shown.as_deref().filter(|shown| shown.complete);
    let hosts = shown.map(|shown| &shown.outcome.summary.hosts[..]).unwrap_or_default();
    let host = (*chosen).min((hosts.len() as u32).saturating_sub(1));
    let run = shown.filter(|_| !hosts.is_empty()).map(|shown| shown.run);
    let end_s = shown.map_or(0.0, |shown| shown.charts.end_s);
    {
        let client = tools.client.clone();
        use_effect_with((run, host, props.range), move |&(run, host, range)| {
            let (from, to) = range.unwrap_or((0.0, end_s));
            if let Some(run) = run {
                client.say(&ToSim::Containers { run, host, from_ns: ns(from), to_ns: ns(to) });
            }
        });
    }
    let choose = {
        let chosen = chosen.setter();
        Callback::from(move |event: Event| {
            if let Ok(host) = event.target_unchecked_into::<HtmlSelectElement>().value().parse() {
                chosen.set(host);
            }
        })
    };
    let here = lab.containers.as_ref().filter(|(of, which, _)| run == Some(*of) && *which == host);
    let data = here.map(|(.., charts)| Rc::clone(charts));
    let going = run.is_some() && data.is_none();
    let options = hosts.iter().enumerate().map(|(i, row)| {
        html! { <option value={i.to_string()} selected={i as u32 == host}>{ &row.id }</option> }
    });
    html! {
        <div class="of-host">
            if hosts.len() > 1 {
                <select aria-label="Host" onchange={choose}>{ for options }</select>
            }
            <Chart kind={ChartKind::Containers} {data} outcome={shown.map(|shown| Rc::clone(&shown.outcome))} theme={tools.theme.clone()} playhead_s={Some(tick.at_s)} range={props.range}
                on_range={props.on_range.clone()} on_pick={props.on_pick.clone()} waits={going.then_some("Going through the run again…")} />
        </div>
    }
}

/// What hosts say of themselves over time: the chart's title is the choice of the figure. It is of all of the run, however closely others look.
#[component]
fn HostFigures(props: &HostProps) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let tick = use_tick(&tools);
    let figure = use_state_eq(|| HostFigure::Load);
    let choose = {
        let figure = figure.setter();
        Callback::from(move |event: Event| {
            let name = event.target_unchecked_into::<HtmlSelectElement>().value();
            figure.set(HostFigure::ALL.into_iter().find(|f| f.name() == name).unwrap_or(HostFigure::Load));
        })
    };
    let of = |shown: &Option<Rc<Shown>>| shown.as_ref().map(|shown| Rc::clone(&shown.charts));
    let options =
        HostFigure::ALL.iter().map(|f| html! { <option value={f.name()} selected={*figure == *f}>{ f.title() }</option> });
    html! {
        <div class="of-host by-figure">
            <select aria-label="Over time" onchange={choose}>{ for options }</select>
            <Chart kind={ChartKind::HostFigure(*figure)} data={of(&lab.shown)} ghost={of(&lab.previous)} before={lab.before()} theme={tools.theme.clone()}
                playhead_s={Some(tick.at_s)} range={props.range} on_range={props.on_range.clone()} on_pick={props.on_pick.clone()} />
        </div>
    }
}
