//! The stage and chosen charts alone, for a frame in somebody else's page (`?embed=stage,cdf`). Nothing in it changes the
//! scenario, and nothing is saved.

use std::rc::Rc;

use yew::prelude::*;

use crate::app::Tools;
use crate::charts::{Chart, ChartKind, Pick};
use crate::panels::results::Headline;
use crate::stage::Stage;
use crate::stage::transport::{Transport, use_tick};
use crate::store::{LabHandle, Notice, address};

/// A part of the page that can be shown alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The stage with its transport.
    Stage,
    /// The headline figures.
    Figures,
    /// A chart.
    Chart(ChartKind),
}

impl Part {
    /// All parts, in the order in which they are shown.
    pub(crate) fn all() -> impl Iterator<Item = Part> {
        [Part::Stage, Part::Figures].into_iter().chain(ChartKind::ALL.into_iter().map(Part::Chart))
    }

    /// Its word in addresses.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Part::Stage => "stage",
            Part::Figures => "figures",
            Part::Chart(ChartKind::SlowdownCdf) => "cdf",
            Part::Chart(kind) => kind.id(),
        }
    }

    /// What it shows, in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Stage => "The stage",
            Part::Figures => "The figures",
            Part::Chart(kind) => kind.title(),
        }
    }

    /// The parts that an address names, and what is to be told of those that there are not. Without any the stage is shown.
    pub(crate) fn of(words: &[String]) -> (Vec<Part>, Option<Notice>) {
        let mut parts: Vec<Part> = Part::all().filter(|part| words.iter().any(|w| w == part.word())).collect();
        if parts.is_empty() {
            parts.push(Part::Stage);
        }
        let unknown: Vec<&str> =
            words.iter().map(String::as_str).filter(|w| !Part::all().any(|part| part.word() == *w)).take(5).collect();
        let known: Vec<&str> = Part::all().map(Part::word).collect();
        let notice = (!unknown.is_empty()).then(|| {
            let text = format!("The address embeds {}, which is not there. There are {}.", unknown.join(", "), known.join(", "));
            Notice { text: text.into(), bad: false }
        });
        (parts, notice)
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct EmbedProps {
    pub(crate) parts: Rc<Vec<Part>>,
}

/// The parts, and the way to the whole.
#[component]
pub(crate) fn Embed(props: &EmbedProps) -> Html {
    let (lab, tools) = (use_context::<LabHandle>(), use_context::<Tools>());
    let scenario = lab.as_ref().map(|lab| Rc::clone(&lab.scenario));
    let whole = use_memo(scenario, |scenario| scenario.as_ref().map(|s| address::whole(s)).unwrap_or_default());
    let Some(lab) = lab else { return html! {} };
    let stage = props.parts.contains(&Part::Stage);
    let shows = tools.is_some_and(|tools| tools.shows);
    let is_there = |part: &Part| shows || !matches!(part, Part::Chart(_));
    let others: Vec<Part> = props.parts.iter().copied().filter(|part| *part != Part::Stage && is_there(part)).collect();
    html! {
        <main class={classes!("embed", stage.then_some("with-stage"), (!others.is_empty()).then_some("with-charts"))}>
            if stage {
                <section class="stage-area" aria-label="Stage" aria-busy={(!shows).to_string()}>if shows { <Stage /><Transport /> }</section>
            }
            if !others.is_empty() {
                <section class="embed-parts" aria-label="Results" tabindex="0">
                    { for others.iter().map(|part| html! { <EmbeddedPart key={part.word()} part={*part} playhead={stage} /> }) }
                </section>
            }
            <footer class="embed-foot">
                <h1>{ lab.scenario.title.clone() }</h1>
                <a href={(*whole).clone()} target="_blank" rel="noopener">{ "Open in FaaSLab" }</a>
            </footer>
        </main>
    }
}

#[derive(Properties, PartialEq)]
struct PartProps {
    part: Part,
    playhead: bool,
}

#[component]
fn EmbeddedPart(props: &PartProps) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let tick = use_tick(&tools);
    let player = tools.player.clone();
    let pick = use_callback((), move |pick: Pick, ()| {
        if let Some(at_s) = pick.at_s {
            player.seek(at_s);
        }
    });
    let range = use_state_eq(|| None);
    let on_range = {
        let range = range.setter();
        use_callback((), move |chosen, ()| range.set(chosen))
    };
    match props.part {
        Part::Stage => html! {},
        Part::Figures => html! { <Headline /> },
        Part::Chart(kind) => html! {
            <Chart {kind} data={lab.shown.as_ref().map(|s| Rc::clone(&s.charts))} theme={tools.theme.clone()}
                playhead_s={props.playhead.then_some(tick.at_s)} range={*range} {on_range} on_pick={pick} />
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_their_words_and_unknown_ones_are_named() {
        let words = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(Part::of(&words("stage,cdf")), (vec![Part::Stage, Part::Chart(ChartKind::SlowdownCdf)], None));
        let (parts, notice) = Part::of(&words("pie"));
        assert_eq!(parts, [Part::Stage]);
        assert!(notice.is_some_and(|n| n.text.contains("pie") && n.text.contains("memory")));
        let mut all: Vec<&str> = Part::all().map(Part::word).collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "no word means two parts");
    }
}
