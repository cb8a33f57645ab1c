//! The story of one invocation: what it went through, with dates and durations, and why.

use std::cmp::Reverse;

use faaslab_core::sim::life::Life;
use faaslab_core::sim::why::{Answer, Piece, Question, Why};
use faaslab_core::units::three_digits;
use yew::prelude::*;

use super::tables::{date, duration, start};
use crate::app::Tools;
use crate::store::{Action, LabHandle};
use crate::worker::protocol::{Row, ToSim};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// The run.
    pub(crate) run: u32,
    /// The invocation.
    pub(crate) invocation: u32,
}

/// The story.
#[component]
pub(crate) fn Story(props: &Props) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let Props { run, invocation } = *props;
    let heading = use_node_ref();
    {
        let (client, heading) = (tools.client.clone(), heading.clone());
        use_effect_with((run, invocation), move |_| {
            client.say(&ToSim::Life { run, invocation });
            client.say(&ToSim::Why { run, invocation });
            // Who came here by a row or a link goes on reading here.
            if let Some(e) = heading.cast::<web_sys::HtmlElement>() {
                let _ = e.focus();
            }
        });
    }
    let back = {
        let (lab, player) = (lab.clone(), tools.player.clone());
        Callback::from(move |_: MouseEvent| {
            player.follow(None);
            lab.dispatch(Action::ShowInvocation(None));
        })
    };
    let told = lab.life.as_ref().filter(|(of, told)| *of == run && told.0.invocation == invocation);
    let why = lab.why.as_ref().filter(|(of, why)| *of == run && why.invocation == invocation);
    let follow = {
        let (player, begun) = (tools.player.clone(), told.map(|t| t.1.0.submitted_ns));
        Callback::from(move |_: MouseEvent| {
            player.follow(Some(invocation));
            if let Some(ns) = begun {
                player.seek(ns as f64 / 1e9);
            }
        })
    };
    let figures = told.map(|(_, told)| {
        let row = &told.0;
        let mut parts = vec![row.function.clone()];
        parts.extend(row.response_ns.map(|ns| duration(ns as f64)));
        parts.extend(row.slowdown.map(|s| format!("{}×", three_digits(s))));
        if row.outcome != "completed" {
            parts.push(row.outcome.clone());
        }
        parts.push(match start(row) {
            "–" => String::new(),
            word => format!("{word} start"),
        });
        parts.retain(|p| !p.is_empty());
        parts.join(" · ")
    });
    html! {
        <article class="story" aria-label={format!("Invocation {invocation}")}>
            <header>
                <button class="quiet" onclick={back}>{ "‹ All invocations" }</button>
                <h2 tabindex="-1" ref={heading}>{ format!("#{invocation}") }<small>{ figures }</small></h2>
                <button onclick={follow}>{ "Follow on the stage" }</button>
            </header>
            if let Some((_, told)) = told { { bar(&told.1, &told.0) } }
            <div class="columns">
                if let Some((_, told)) = told { { states(&told.1, &tools) } } else { <p class="help">{ "Going through the run again…" }</p> }
                <div class="why" aria-live="polite">{
                    match why {
                        Some((_, why)) => answers(why, told.map(|(_, told)| &told.1), &lab, &tools),
                        None => html! { <p class="help">{ "Asking why…" }</p> },
                    }
                }</div>
            </div>
        </article>
    }
}

/// The states with how long each lasted; nothing of the last.
fn spans(life: &Life) -> impl Iterator<Item = (&faaslab_core::sim::life::State, Option<u64>)> {
    let ends = life.states.iter().skip(1).map(|s| Some(s.at_ns)).chain([None]);
    life.states.iter().zip(ends).map(|(s, end)| (s, end.map(|end| end.saturating_sub(s.at_ns))))
}

/// A bar of the states' shares.
fn bar(life: &Life, row: &Row) -> Html {
    let whole = life.states.last().map_or(1, |s| s.at_ns - row.submitted_ns.min(s.at_ns)).max(1);
    let parts = spans(life).filter_map(|(s, ns)| ns.filter(|ns| *ns > 0).map(|ns| (s, ns)));
    html! {
        <div class="bar" aria-hidden="true">{ for parts.map(|(s, ns)| html! {
            <span class={tone(&s.word)} style={format!("flex-grow:{}", (ns as f64 / whole as f64).max(0.004))} title={format!("{} {}", s.word, duration(ns as f64))}></span>
        }) }</div>
    }
}

/// The states one after the other, each with its date and how long it lasted.
fn states(life: &Life, tools: &Tools) -> Html {
    html! {
        <ol class="states">{ for spans(life).map(|(s, ns)| html! {
            <li title={s.meaning.clone()}>
                <span class={classes!("swatch", tone(&s.word))} aria-hidden="true"></span>
                <b>{ &s.word }</b>
                { time(s.at_ns, tools) }
                if let Some(ns) = ns { <span class="long">{ duration(ns as f64) }</span> }
                <span class="meaning">{ &s.meaning }{ s.host.as_ref().filter(|_| matches!(s.word.as_str(), "dispatched" | "stolen")).map(|h| format!(": {h}")) }</span>
            </li>
        }) }</ol>
    }
}

/// An instant that can be gone to.
fn time(ns: u64, tools: &Tools) -> Html {
    let player = tools.player.clone();
    let seek = Callback::from(move |_: MouseEvent| player.seek(ns as f64 / 1e9));
    html! { <button class="text-link when" onclick={seek} title="Go there on the stage">{ date(ns) }</button> }
}

fn answers(why: &Why, life: Option<&Life>, lab: &LabHandle, tools: &Tools) -> Html {
    if why.answers.is_empty() {
        return html! { <p class="help">{ "Nothing stood in its way." }</p> };
    }
    // What took longest is explained first. Why it was cold is about the instant; what that cost is how long the container took.
    let starting = life.into_iter().flat_map(spans).filter(|(s, _)| tone(&s.word) == "cold").filter_map(|(_, ns)| ns).sum::<u64>();
    let took = |a: &Answer| if a.question == Question::Cold { starting } else { a.to_ns.saturating_sub(a.from_ns) };
    let mut all: Vec<&Answer> = why.answers.iter().collect();
    all.sort_by_key(|a| Reverse(took(a)));
    html! { { for all.into_iter().map(|a| answer(a, lab, tools)) } }
}

fn answer(answer: &Answer, lab: &LabHandle, tools: &Tools) -> Html {
    let pieces = answer.text.iter().map(|piece| match piece {
        Piece::Words(words) => html! { { words } },
        Piece::Time(ns) => time(*ns, tools),
        Piece::Invocation(row) => {
            let (lab, row) = (lab.clone(), *row);
            let open = Callback::from(move |_: MouseEvent| lab.dispatch(Action::ShowInvocation(Some(row))));
            html! { <button class="text-link" onclick={open} title="Its story">{ piece.to_string() }</button> }
        }
        Piece::Machine(id) if lab.scenario.has(id) => {
            let select = {
                let (lab, id) = (lab.clone(), id.clone());
                Callback::from(move |_: MouseEvent| lab.dispatch(Action::Select(vec![id.clone()])))
            };
            html! { <button class="text-link" onclick={select} title="Select it on the stage">{ id }</button> }
        }
        Piece::Machine(id) | Piece::Function(id) => html! { <b>{ id }</b> },
    });
    let lasted = (answer.to_ns > answer.from_ns).then(|| duration((answer.to_ns - answer.from_ns) as f64));
    html! {
        <section>
            <h3>{ answer.question.words() }<small>{ lasted }</small></h3>
            <p>{ for pieces }</p>
        </section>
    }
}

/// The state's colour and texture.
pub(crate) fn tone(word: &str) -> &'static str {
    match word {
        "submitted" | "dispatched" | "stolen" | "returning" | "probing" | "offloaded" => "travelling",
        "admitted" | "staging" | "starting" => "cold",
        "running" | "completed" => "running",
        "placing" | "schedulable" | "queued" => "waiting",
        _ => "lost",
    }
}
