//! The run on one page, to print: the scenario in words, the figures, the stage, four charts, the digest and the link.

use faaslab_core::measure::Summary;
use faaslab_core::registry::{Choice, Entry};
use faaslab_core::scenario::{Role, Scenario};
use faaslab_core::units::{count, counted, split_duration, split_memory, three_digits};
use faaslab_core::view::Theme;
use yew::prelude::*;

use super::timeline::{changes, of_param};
use crate::app::Tools;
use crate::charts::{ChartKind, picture};
use crate::store::{LabHandle, Shown, address, catalogue, gallery};

const CHARTS: [ChartKind; 4] = [ChartKind::SlowdownCdf, ChartKind::ResponseOverTime, ChartKind::Starts, ChartKind::Phases];

/// Width and height of the stage, in pixels of a page that is 960 wide.
const STAGE: (f64, f64) = (960.0, 350.0);

/// A longer link is not printed: nobody types it, and it would take a page of its own.
const LONG_LINK: usize = 1_200;

/// The report.
#[component]
pub(crate) fn RunReport() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    // As it was when the report was opened: the playhead may go on.
    let stage = use_memo((), |()| tools.player.picture(&lab.scenario, Some(STAGE), &Theme::LIGHT));
    let charts = {
        let shown = lab.shown.clone();
        use_memo(shown.as_ref().map(|s| s.run), |_| shown.as_deref().map(pictures).unwrap_or_default())
    };
    let Some(shown) = lab.shown.clone() else { return html! { <p>{ "No run has finished yet." }</p> } };
    let print = Callback::from(|_: MouseEvent| {
        if let Some(window) = web_sys::window() {
            let _ = window.print();
        }
    });
    let scenario = &shown.scenario;
    let s = &shown.outcome.summary;
    let link = address::whole(scenario);
    let short_link = gallery::short_address(scenario).map(|short| format!("{}{short}", address::base()));
    html! {
        <div class="report">
            <p class="row no-print"><button class="primary" onclick={print}>{ "Print" }</button><span class="help">{ "Or save it as PDF from the print dialog." }</span></p>
            <h1>{ if scenario.title.is_empty() { "Untitled" } else { &scenario.title } }</h1>
            if !scenario.question.is_empty() { <p class="question">{ &scenario.question }</p> }
            { for words(scenario, s).into_iter().map(|p| html! { <p>{ p }</p> }) }
            <dl class="report-figures">{ for figures(s).into_iter().map(|(name, value)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> }) }</dl>
            <div class="report-charts">
            if let Some((at_s, picture)) = &*stage {
                <figure class="report-stage">
                    { Html::from_html_unchecked(AttrValue::from(picture.clone())) }
                    <figcaption class="help">{ format!("The stage after {} s", three_digits(*at_s)) }</figcaption>
                </figure>
            }
            { for charts.iter().map(|(title, svg)| html! {
                <figure aria-label={*title}>{ Html::from_html_unchecked(AttrValue::from(svg.clone())) }</figure>
            }) }
            </div>
            <p class="help">{ "Digest of the run, the same everywhere: " }<code>{ &s.digest }</code></p>
            if let Some(short_link) = short_link {
                <p class="help way">{ "To open this experiment, by a short link: " }<a href={short_link.clone()}>{ short_link }</a></p>
            }
            <p class={classes!("help", "way", (link.len() > LONG_LINK).then_some("no-print"))}>{ "To open this experiment, by the link that holds all of it: " }<a href={link.clone()}>{ link }</a></p>
        </div>
    }
}

/// The charts that are not empty, each with its title.
fn pictures(shown: &Shown) -> Vec<(&'static str, String)> {
    CHARTS.iter().filter_map(|&kind| Some((kind.title(), picture(kind, &shown.charts)?))).collect()
}

/// The scenario in words.
fn words(scenario: &Scenario, s: &Summary) -> Vec<String> {
    let name = |path: &str, choice: &Choice| chosen(catalogue().entries_at(path).unwrap_or_default(), choice);
    let of = |role: Role| scenario.nodes.iter().filter(move |n| n.is(role));
    let workers: u64 = of(Role::Worker).map(|n| u64::from(n.count)).sum();
    let cores: f64 = of(Role::Worker).map(|n| n.cores * f64::from(n.count)).sum();
    let (memory, memory_unit) = split_memory(of(Role::Worker).map(|n| n.memory_mb * f64::from(n.count)).sum());
    let place = format!(
        "{} with {} cores and {memory} {memory_unit} in {}.",
        counted(workers, "worker"),
        three_digits(cores),
        counted(scenario.zones.len() as u64, "zone"),
    );
    let load = match &scenario.workload.trace {
        Some(trace) => format!("A trace ({}).", trace.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ")),
        None => format!("Arrivals: {}.", name("workload.arrivals", &scenario.workload.arrivals)),
    };
    let run = format!(
        "{} of {} in {} s of simulated time; seed {}.",
        counted(s.submitted, "invocation"),
        counted(s.functions.len() as u64, "function"),
        three_digits(s.end_s),
        scenario.run.seed
    );
    let rules = format!(
        "Architecture: {}. Placement: {}. Keep-alive: {}.",
        name("frame.architecture", &scenario.frame.architecture),
        name("policies.placement", &scenario.policies.placement),
        name("policies.keep_alive", &scenario.policies.keep_alive)
    );
    let changes: Vec<String> = changes(scenario).into_iter().map(|(line, ..)| line).collect();
    let changes = (!changes.is_empty()).then(|| format!("During the run: {}.", changes.join("; ")));
    [format!("{place} {load} {run}"), rules].into_iter().chain(changes).collect()
}

/// A kind by its name, and what its parameters are set to.
fn chosen(entries: &[&'static Entry], choice: &Choice) -> String {
    let Some(entry) = entries.iter().find(|e| e.kind == choice.kind) else { return choice.kind.clone() };
    let set = entry.params.iter().filter_map(|p| Some(of_param(p, choice.params.get(p.name)?)));
    let set: Vec<String> = set.collect();
    if set.is_empty() { entry.name.to_owned() } else { format!("{} ({})", entry.name, set.join(", ")) }
}

fn figures(s: &Summary) -> Vec<(&'static str, String)> {
    let ms = |x: f64| {
        let (value, unit) = split_duration(x * 1e6);
        format!("{value} {unit}")
    };
    let (idle, idle_unit) = split_memory(1024.0 * s.idle_gb_s / s.end_s.max(1e-9));
    vec![
        ("P50 slowdown", format!("{}×", three_digits(s.slowdown.p50))),
        ("P99 slowdown", format!("{}×", three_digits(s.slowdown.p99))),
        ("P50 response", ms(s.response_ms.p50)),
        ("P99 response", ms(s.response_ms.p99)),
        ("Cold starts", format!("{} %", three_digits(100.0 * s.cold_share))),
        ("Completed", count(s.completed)),
        ("Lost", count(s.lost())),
        ("Evictions", count(s.evictions)),
        ("Cores in use", format!("{} %", three_digits(100.0 * s.utilisation))),
        ("Idle memory", format!("{idle} {idle_unit}")),
    ]
}
