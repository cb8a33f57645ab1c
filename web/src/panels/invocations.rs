//! Invocations of the run, and what one of them went through: its states with their dates and durations.

use faaslab_core::sim::life::Life;
use faaslab_core::units::split_duration;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::app::Tools;
use crate::store::LabHandle;
use crate::worker::protocol::{Row, ToSim};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// The run that is shown.
    pub(crate) run: u32,
    /// Whether it has ended.
    pub(crate) complete: bool,
}

fn duration(ns: u64) -> String {
    let (value, unit) = split_duration(ns as f64);
    format!("{value} {unit}")
}

/// An instant of the run, in seconds to the microsecond.
fn date(ns: u64) -> String {
    format!("{:.6} s", ns as f64 / 1e9)
}

/// The list, and the life of the chosen one under its row.
#[component]
pub(crate) fn Invocations(props: &Props) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let by_time = use_state(|| false);
    let chosen = use_state(|| None::<u32>);
    {
        let (client, player, chosen) = (tools.client.clone(), tools.player.clone(), chosen.setter());
        use_effect_with((props.run, props.complete, *by_time), move |&(run, complete, by_time)| {
            chosen.set(None);
            if complete {
                let from_ns = by_time.then(|| (player.now().at_s * 1e9) as u64);
                client.say(&ToSim::Rows { run, from_ns });
            }
        });
    }
    let order = {
        let by_time = by_time.setter();
        Callback::from(move |event: Event| by_time.set(event.target_unchecked_into::<HtmlSelectElement>().value() == "time"))
    };
    let Some((_, rows)) = lab.rows.as_ref().filter(|(run, _)| *run == props.run && props.complete) else {
        return html! { <p class="empty">{ "Invocations are listed when the run has ended" }</p> };
    };
    let body = rows.iter().map(|row| {
        let open = *chosen == Some(row.invocation);
        let choose = {
            let (chosen, client, run) = (chosen.setter(), tools.client.clone(), props.run);
            let (invocation, submitted_ns) = (row.invocation, row.submitted_ns);
            Callback::from(move |_: MouseEvent| {
                chosen.set((!open).then_some(invocation));
                if !open {
                    client.say(&ToSim::Life { run, invocation, submitted_ns });
                }
            })
        };
        let life = lab.life.as_ref().filter(|(run, life)| *run == props.run && life.invocation == row.invocation);
        html! {
            <>
            { line(row, open, choose) }
            if open {
                <tr class="life"><td colspan="6">{
                    life.map_or(html! { <p class="help">{ "Going through the run again…" }</p> }, |(_, life)| story(life, row, &tools))
                }</td></tr>
            }
            </>
        }
    });
    html! {
        <div class="told">
            <p class="tell">
                <label for="invocations-order">{ "List " }</label>
                <select id="invocations-order" onchange={order}>
                    <option value="slowest" selected={!*by_time}>{ "the slowest" }</option>
                    <option value="time" selected={*by_time}>{ "from the playhead on" }</option>
                </select>
            </p>
            <div class="table invocations" tabindex="0"><table>
                <thead><tr>{ for ["Invocation", "Function", "Submitted", "Response", "Start", "Host"].iter().map(|h| html! { <th scope="col">{ *h }</th> }) }</tr></thead>
                <tbody>{ for body }</tbody>
            </table></div>
        </div>
    }
}

fn line(row: &Row, open: bool, choose: Callback<MouseEvent>) -> Html {
    let start = match row.outcome.as_str() {
        "completed" => if row.cold { "cold" } else { "warm" }.to_owned(),
        other => other.to_owned(),
    };
    html! {
        <tr onclick={choose} class={classes!("choose", open.then_some("open"))}>
            <td><button class="quiet" aria-expanded={open.to_string()} title="What it went through">{ row.invocation }</button></td>
            <td>{ &row.function }</td>
            <td>{ date(row.submitted_ns) }</td>
            <td>{ row.response_ns.map_or("–".to_owned(), duration) }</td>
            <td>{ start }</td>
            <td>{ &row.host }</td>
        </tr>
    }
}

/// The states one after the other: a bar of their shares, then each with its date and how long it lasted.
fn story(life: &Life, row: &Row, tools: &Tools) -> Html {
    let whole = life.states.last().map_or(1, |s| s.at_ns - row.submitted_ns.min(s.at_ns)).max(1);
    let ends = life.states.iter().skip(1).map(|s| Some(s.at_ns)).chain([None]);
    let spans: Vec<_> = life.states.iter().zip(ends).map(|(s, end)| (s, end.map(|end| end.saturating_sub(s.at_ns)))).collect();
    let parts = spans.iter().filter_map(|(s, ns)| ns.filter(|ns| *ns > 0).map(|ns| (s, ns)));
    let seek = {
        let (player, at_s) = (tools.player.clone(), row.submitted_ns as f64 / 1e9);
        Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            player.seek(at_s);
        })
    };
    html! {
        <div class="story">
            <div class="bar" aria-hidden="true">{ for parts.map(|(s, ns)| html! {
                <span class={tone(&s.word)} style={format!("flex-grow:{}", (ns as f64 / whole as f64).max(0.004))} title={format!("{} {}", s.word, duration(ns))}></span>
            }) }</div>
            <ol>{ for spans.iter().map(|(s, ns)| html! {
                <li>
                    <span class={classes!("swatch", tone(&s.word))} aria-hidden="true"></span>
                    <b>{ &s.word }</b>
                    <span class="when">{ date(s.at_ns) }</span>
                    if let Some(ns) = ns { <span class="long">{ duration(*ns) }</span> }
                    <span class="meaning">{ &s.meaning }{ s.host.as_ref().filter(|_| s.word == "dispatched").map(|h| format!(": {h}")) }</span>
                </li>
            }) }</ol>
            <button class="quiet" onclick={seek}>{ "Go there on the stage" }</button>
        </div>
    }
}

/// The state's colour and texture.
pub(crate) fn tone(word: &str) -> &'static str {
    match word {
        "submitted" | "dispatched" | "returning" | "probing" | "offloaded" => "travelling",
        "admitted" | "staging" | "starting" => "cold",
        "running" | "completed" => "running",
        "placing" | "schedulable" | "queued" => "waiting",
        _ => "lost",
    }
}
