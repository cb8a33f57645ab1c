//! Results: four figures, then charts and tables in tabs.

use std::cmp::Ordering;
use std::rc::Rc;

use faaslab_core::measure::Summary;
use faaslab_core::units::{count, split_duration, split_memory, split_ratio, three_digits};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

use super::charts::TabCharts;
use super::export::ExportMenu;
use super::tables::Tables;
use crate::app::Tools;
use crate::charts::{ChartKind, HostFigure, Pick};
use crate::store::{Action, LabHandle, Shown};
use crate::worker::protocol::Table;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Latency,
    Time,
    Containers,
    Hosts,
    Functions,
    Invocations,
    Schedulers,
}

impl Tab {
    const ALL: [Tab; 7] = [Tab::Latency, Tab::Time, Tab::Containers, Tab::Hosts, Tab::Schedulers, Tab::Invocations, Tab::Functions];

    fn name(self) -> &'static str {
        match self {
            Tab::Latency => "Latency",
            Tab::Time => "Where time goes",
            Tab::Containers => "Containers",
            Tab::Hosts => "Hosts",
            Tab::Functions => "Functions",
            Tab::Invocations => "Invocations",
            Tab::Schedulers => "Schedulers",
        }
    }

    fn charts(self) -> &'static [ChartKind] {
        use ChartKind as K;
        match self {
            Tab::Latency => &[K::SlowdownCdf, K::SlowdownOverTime, K::SlowdownTail, K::ResponseCdf],
            Tab::Time => &[K::Phases, K::ResponseOverTime, K::InSystem],
            Tab::Containers => &[K::Starts, K::Memory, K::Removals, K::Containers],
            Tab::Hosts => &[K::Hosts, K::HostFigure(HostFigure::Load)],
            Tab::Schedulers => &[K::Inboxes, K::Placers, K::Messages],
            Tab::Invocations | Tab::Functions => &[],
        }
    }
}

/// With the shares that agents give to architectures, where there are any.
const SCHEDULERS_WITH_SHARES: &[ChartKind] = &[ChartKind::Inboxes, ChartKind::Placers, ChartKind::Shares, ChartKind::Messages];

/// The results.
#[component]
pub(crate) fn Results() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let tab = use_state(|| Tab::Latency);
    let range = use_state_eq(|| None::<(f64, f64)>);
    {
        let range = range.setter();
        use_effect_with(lab.opened, move |_| range.set(None));
    }
    let on_range = {
        let range = range.setter();
        use_callback((), move |chosen, ()| range.set(chosen))
    };
    // A place in a chart is an instant to go to, and invocations to list.
    let on_pick = {
        let (player, dispatcher) = (tools.player.clone(), lab.dispatcher());
        use_callback((), move |pick: Pick, ()| {
            if let Some(at_s) = pick.at_s {
                player.seek(at_s);
            }
            if let Some(filter) = pick.filter {
                dispatcher.dispatch(Action::ShowRows(filter));
            }
        })
    };
    {
        // Whoever asks for invocations gets to see them.
        let tab = tab.setter();
        use_effect_with(lab.listing.asked, move |asked| {
            if *asked > 0 {
                tab.set(Tab::Invocations);
            }
        });
    }
    let shown = lab.shown.as_deref();
    // A part of the run that was looked at may lie beyond the end of the next one.
    let part = (*range).filter(|(from, _)| shown.is_none_or(|s| *from < s.charts.end_s));
    let on_key = {
        let tab = tab.clone();
        Callback::from(move |event: KeyboardEvent| {
            let at = Tab::ALL.iter().position(|t| *t == *tab).unwrap_or(0);
            let next = match event.key().as_str() {
                "ArrowRight" => (at + 1) % Tab::ALL.len(),
                "ArrowLeft" => (at + Tab::ALL.len() - 1) % Tab::ALL.len(),
                _ => return,
            };
            event.prevent_default();
            tab.set(Tab::ALL[next]);
            let id = format!("tab-{next}");
            if let Some(e) = web_sys::window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id(&id)) {
                let _ = e.unchecked_into::<web_sys::HtmlElement>().focus();
            }
        })
    };
    let tabs = Tab::ALL.iter().enumerate().map(|(i, &t)| {
        let on = *tab == t;
        let choose = {
            let tab = tab.clone();
            move |_: MouseEvent| tab.set(t)
        };
        html! {
            <button role="tab" id={format!("tab-{i}")} aria-selected={on.to_string()} aria-controls="tab-body" tabindex={if on { "0" } else { "-1" }} onclick={choose}>{ t.name() }</button>
        }
    });
    let charts = |kinds: &'static [ChartKind]| {
        html! { if tools.shows { <TabCharts {kinds} range={part} on_range={on_range.clone()} on_pick={on_pick.clone()} /> } }
    };
    let body = match (*tab, shown) {
        (Tab::Latency | Tab::Time | Tab::Containers, _) => charts(tab.charts()),
        (_, None) => html! { <p class="empty">{ "No run has finished yet" }</p> },
        (Tab::Hosts, Some(s)) => html! {
            <div class="hosts-tab">
                { charts(tab.charts()) }
                <Tables run={s.run} complete={s.complete} table={Table::Hosts} />
            </div>
        },
        (Tab::Functions, Some(s)) => html! { <Tables run={s.run} complete={s.complete} table={Table::Functions} /> },
        (Tab::Invocations, Some(s)) => html! { <Tables run={s.run} complete={s.complete} table={Table::Invocations} /> },
        (Tab::Schedulers, Some(s)) => {
            let shares = s.charts.shares.iter().any(|share| !share.is_empty());
            charts(if shares { SCHEDULERS_WITH_SHARES } else { tab.charts() })
        }
    };
    let above = shown.filter(|_| *tab == Tab::Schedulers).map(|s| schedulers(&s.outcome.summary));
    html! {
        <>
        <Headline />
        <div class="tabs">
            <div class="tab-bar">
                <div role="tablist" aria-label="Results" onkeydown={on_key}>{ for tabs }</div>
                <ExportMenu />
            </div>
            { above }
            <Sheets key={tab.name()} name={tab.name()}>{ body }</Sheets>
        </div>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct SheetsProps {
    /// The tab that it belongs to.
    name: &'static str,
    children: Html,
}

/// What a tab shows, in sheets of the height that there is: as much as is whole, and beside it how many sheets there are.
#[component]
fn Sheets(props: &SheetsProps) -> Html {
    let body = use_node_ref();
    // The sheet in view, from 0, and how many there are.
    let place = use_state_eq(|| (0, 1));
    let look = {
        let (body, place) = (body.clone(), place.setter());
        use_callback((), move |(), ()| {
            if let Some(e) = body.cast::<Element>() {
                let height = f64::from(e.client_height()).max(1.0);
                let sheets = (f64::from(e.scroll_height()) / height).round().max(1.0);
                place.set((((f64::from(e.scroll_top()) / height).round() as u32).min(sheets as u32 - 1), sheets as u32));
            }
        })
    };
    {
        // Other charts may be in it now.
        let look = look.clone();
        use_effect(move || look.emit(()));
    }
    {
        let (body, look) = (body.clone(), look.clone());
        use_effect_with((), move |()| {
            let heard = Closure::<dyn FnMut()>::new(move || look.emit(()));
            let observer = ResizeObserver::new(heard.as_ref().unchecked_ref()).ok();
            if let (Some(observer), Some(body)) = (&observer, body.cast::<Element>()) {
                observer.observe(&body);
            }
            move || {
                if let Some(observer) = observer {
                    observer.disconnect();
                }
                drop(heard);
            }
        });
    }
    let (at, sheets) = *place;
    let turn = |to: Option<u32>, name: &'static str, lines: &'static str| {
        let body = body.clone();
        let go = move |_: MouseEvent| {
            if let Some((e, to)) = body.cast::<Element>().zip(to) {
                e.set_scroll_top(to as i32 * e.client_height());
            }
        };
        html! {
            <button class="quiet" aria-label={name} title={name} disabled={to.is_none()} onclick={go}>
                <svg viewBox="0 0 16 16" aria-hidden="true"><path d={lines} /></svg>
            </button>
        }
    };
    html! {
        <div class="sheets">
            <div ref={body.clone()} id="tab-body" role="tabpanel" class="tab-body" tabindex="0" aria-label={props.name}
                onscroll={move |_: Event| look.emit(())}>{ props.children.clone() }</div>
            if sheets > 1 {
                <div class="turn" role="group" aria-label="Sheets of this tab">
                    { turn(at.checked_sub(1), "Previous sheet", "M3 10.5 8 5.5l5 5") }
                    <span>{ format!("{}/{sheets}", at + 1) }</span>
                    { turn(Some(at + 1).filter(|next| *next < sheets), "Next sheet", "M3 5.5l5 5 5-5") }
                </div>
            }
        </div>
    }
}

/// The headline figures of the run that is shown.
#[component]
pub(crate) fn Headline() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    html! { <Figures shown={lab.shown.clone().map(Handle)} before={lab.previous.clone().map(Handle)} stale={lab.is_stale()} /> }
}

/// A figure with its unit after it.
fn with_unit((text, unit): (String, &str)) -> String {
    if unit.ends_with('×') { text + unit } else { format!("{text} {unit}") }
}

/// Mean memory of containers that are kept and do nothing.
fn idle_mb(s: &Summary) -> f64 {
    1024.0 * s.idle_gb_s / s.end_s.max(1e-9)
}

/// What the last edit changed, in one line, where the figures are not in sight: the style sheet shows it on phones alone.
#[component]
pub(crate) fn Answer() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let Some((now, before)) = lab.shown.as_ref().filter(|s| s.complete).zip(lab.previous.as_ref()) else { return html! {} };
    let (now, before) = (&now.outcome.summary, &before.outcome.summary);
    let idle = |s: &Summary| split_memory(idle_mb(s));
    let changed = |name: &str, before: (String, &str), now: (String, &str)| match before == now {
        true => html! { <span>{ format!("{name} as before") }</span> },
        false => {
            let before = if before.1 == now.1 { before.0 } else { with_unit(before) };
            html! { <span>{ name }{ " " }<b>{ format!("{before} → {}", with_unit(now)) }</b></span> }
        }
    };
    let times = |s: &Summary| split_ratio(s.slowdown.p99);
    html! {
        <p class="answer" role="status">
            { changed("P99 slowdown", times(before), times(now)) }
            { changed("Idle", idle(before), idle(now)) }
        </p>
    }
}

/// A shared run, equal to itself alone.
#[derive(Clone)]
struct Handle(Rc<Shown>);

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct FiguresProps {
    shown: Option<Handle>,
    before: Option<Handle>,
    stale: bool,
}

/// Four headline figures with what changed since the run before.
#[component]
fn Figures(props: &FiguresProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let now = props.shown.as_ref().map(|s| &s.0.outcome.summary);
    let before = props.before.as_ref().map(|s| &s.0.outcome.summary);
    let ms = |x: f64| split_duration(x * 1e6);
    let percent = |x: f64| (three_digits(x), "%");
    let figure = |name: &str, help: &str, read: fn(&Summary) -> f64, show: &dyn Fn(f64) -> (String, &'static str)| {
        let value = now.map(read);
        let (text, unit) = value.map_or(("–".to_owned(), ""), show);
        // Of every figure less is better.
        let delta = match (value, before.map(read)) {
            (Some(now), Some(before)) if show(now) != show(before) => {
                let before_text = with_unit(show(before));
                let word = match now.partial_cmp(&before) {
                    Some(Ordering::Less) => "↓ better",
                    Some(Ordering::Greater) => "↑ worse",
                    _ => "",
                };
                html! { <><span class="direction">{ word }</span>{ format!("from {before_text}") }</> }
            }
            (Some(_), Some(_)) => html! { "as before" },
            _ => html! {},
        };
        html! {
            <div class="figure" title={help.to_owned()}>
                <dt>{ name }</dt>
                <dd><span class="value">{ text }</span><span class="unit">{ unit }</span></dd>
                <dd class="delta">{ delta }</dd>
            </div>
        }
    };
    let run = now.map(|s| {
        let lost = s.lost();
        let mut parts = vec![format!("{} invocations", count(s.submitted))];
        if let Some(jobs) = &s.jobs {
            parts = vec![format!("{} invocations in {} jobs", count(s.submitted), count(jobs.submitted))];
            if jobs.failed > 0 {
                parts.push(format!("{} jobs failed", count(jobs.failed)));
            }
        }
        if lost > 0 {
            let kinds = [
                ("timed out", s.timed_out),
                ("rejected", s.rejected),
                ("dropped", s.dropped),
                ("failed", s.failed),
                ("abandoned", s.abandoned),
            ];
            let mut why: Vec<String> = kinds.iter().filter(|k| k.1 > 0).map(|(word, n)| format!("{} {word}", count(*n))).collect();
            why.extend(s.causes.iter().filter(|c| c.1 > 0).map(|(cause, n)| format!("{}: {}", cause.replace('_', " "), count(*n))));
            parts.push(format!("{} lost ({})", count(lost), why.join(", ")));
        }
        if s.live > 0 {
            parts.push(format!("{} still in the system", count(s.live)));
        }
        parts.join(", ")
    });
    let complete = props.shown.as_ref().is_some_and(|s| s.0.complete);
    let stale = props.stale.then(|| {
        let again = {
            let lab = lab.clone();
            Callback::from(move |_: MouseEvent| lab.dispatch(Action::Again))
        };
        html! { <p class="stale">{ "Of earlier settings, or stopped. " }<button class="quiet" onclick={again}>{ "Run" }</button></p> }
    });
    // Where there are jobs, what they are like takes the place of what invocations are like.
    let rest = if now.is_some_and(|s| s.jobs.is_some()) {
        let slowdown = |s: &Summary| s.jobs.as_ref().map_or(0.0, |jobs| jobs.slowdown.p50);
        let response = |s: &Summary| s.jobs.as_ref().map_or(0.0, |jobs| jobs.response_ms.p50);
        html! {
            <>
            { figure("P50 job slowdown", "Half of the completed jobs are slower than this: response time over the longest way through a job's executions.", slowdown, &split_ratio) }
            { figure("P50 job response", "Half of the completed jobs have the result of their last task sooner, counted from their first task's submission.", response, &ms) }
            </>
        }
    } else {
        html! {
            <>
            { figure("P50 response", "Half of the completed invocations have their result sooner.", |s| s.response_ms.p50, &ms) }
            { figure("Idle memory", "Mean memory of containers that are kept and do nothing.", idle_mb, &split_memory) }
            </>
        }
    };
    let lasted = props.shown.as_ref().map(|s| format!("Simulated in {} s", three_digits(s.0.outcome.wall_s)));
    html! {
        <div class={classes!("figures", props.stale.then_some("old"))} aria-busy={(!complete).to_string()}>
            <dl>
                { figure("P99 slowdown", "One in a hundred completed invocations is slower than this: response time over execution time.", |s| s.slowdown.p99, &split_ratio) }
                { figure("Cold starts", "Share of the invocations for which a container had to be created.", |s| 100.0 * s.cold_share, &percent) }
                { rest }
            </dl>
            { stale }
            <p class="run-line" title={lasted}>{ run }{ now.map(|s| html! { <><br /><span class="digest" title="The run's fingerprint: the same everywhere">{ &s.digest }</span></> }) }</p>
        </div>
    }
}

/// What cannot be drawn about the work of schedulers, in words.
fn schedulers(s: &Summary) -> Html {
    let mut told = Vec::new();
    if s.conflicts > 0 {
        let vain = three_digits(s.wasted_s);
        told.push(format!("{} claims came too late, and {vain} s of decisions were in vain.", count(s.conflicts)));
    }
    if s.steal_attempts > 0 {
        let (asked, given, all) = (count(s.steal_attempts), count(s.steal_successes), count(s.steals));
        told.push(format!("Idle hosts asked others for work {asked} times and got some {given} times, {all} tasks in all."));
    }
    if s.killed > 0 {
        told.push(format!("{} executions were stopped for others.", count(s.killed)));
    }
    if s.locked_core_s > 0.0 {
        told.push(format!("Offers locked cores for {} core-seconds.", three_digits(s.locked_core_s)));
    }
    if told.is_empty() {
        html! {}
    } else {
        html! { <p class="tell">{ told.join(" ") }</p> }
    }
}
