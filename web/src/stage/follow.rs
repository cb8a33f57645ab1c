//! The chip of the invocation that is followed: which it is, what it does now, its phases as one bar. It keeps the invocation in
//! sight.

use faaslab_core::sim::follow::Journey;
use faaslab_core::units::split_duration;
use faaslab_core::view::Viewport;
use yew::prelude::*;

use super::transport::use_tick;
use crate::app::Tools;
use crate::panels::story::tone;

#[derive(Properties, PartialEq)]
pub(crate) struct ChipProps {
    /// The part of the world that is shown.
    pub(crate) viewport: Viewport,
    /// The size of the stage in pixels.
    pub(crate) size: (f64, f64),
    /// Shows another part.
    pub(crate) look: Callback<Viewport>,
}

/// The viewport that has a place of the world in its middle, if it is out of sight or near the edge.
fn in_sight(viewport: &Viewport, (width, height): (f64, f64), place: (f64, f64)) -> Option<Viewport> {
    let (x, y) = viewport.to_screen(place);
    let (side, top) = (width * 0.08, height * 0.08);
    let seen = x >= side && x <= width - side && y >= top && y <= height - top;
    (!seen && width > 0.0).then(|| viewport.pan(width / 2.0 - x, height / 2.0 - y))
}

/// The chip; nothing while nobody is followed.
#[component]
pub(crate) fn FollowChip(props: &ChipProps) -> Html {
    let tools = use_context::<Tools>();
    let Some(tools) = tools else { return html! {} };
    let tick = use_tick(&tools);
    let followed = tools.player.is_following();
    let place = followed.then(|| tools.player.whereabouts()).flatten();
    {
        let (look, viewport, size) = (props.look.clone(), props.viewport, props.size);
        // Whoever drags the ground away may look elsewhere, until it moves.
        use_effect_with((place, size, viewport.scale), move |(place, size, _)| {
            if let Some(there) = place.and_then(|place| in_sight(&viewport, *size, place)) {
                look.emit(there);
            }
        });
    }
    if !followed {
        return html! {};
    }
    let stop = {
        let player = tools.player.clone();
        Callback::from(move |_: MouseEvent| player.follow(None))
    };
    let body = match tools.player.journey() {
        Some(journey) => phases(&journey, tick.at_ns),
        None => html! { <p>{ "Going through the run again…" }</p> },
    };
    html! {
        <section class="follow" aria-label="Followed invocation">
            { body }
            <button class="quiet" onclick={stop} title="Escape">{ "Stop following" }</button>
        </section>
    }
}

/// Which it is, its present phase, and all of them one after the other.
fn phases(journey: &Journey, at_ns: u64) -> Html {
    let states = &journey.life.states;
    let Some((begin, end)) = journey.range_ns() else {
        return html! { <p>{ format!("Invocation {} is not in this run", journey.life.invocation) }</p> };
    };
    let whole = (end - begin).max(1) as f64;
    let name = format!("{} {}", journey.function, journey.life.invocation);
    let now = journey.state(at_ns).map(|i| &states[i]);
    let (present, host) = match now {
        None => ("not yet submitted", None),
        Some(state) => (state.word.as_str(), state.host.as_deref()),
    };
    let host = host.map_or(String::new(), |h| format!(" on {h}"));
    let (total, unit) = split_duration(whole);
    let parts = states.windows(2).filter(|w| w[1].at_ns > w[0].at_ns).map(|w| {
        let ns = w[1].at_ns - w[0].at_ns;
        let (time, unit) = split_duration(ns as f64);
        let grow = format!("flex-grow:{}", (ns as f64 / whole).max(0.004));
        html! { <span class={tone(&w[0].word)} style={grow} title={format!("{} {time} {unit}", w[0].word)}></span> }
    });
    let share = (at_ns.saturating_sub(begin) as f64 / whole).min(1.0);
    html! {
        <>
        <p aria-live="polite"><b>{ name }</b><span class={classes!("swatch", tone(present))} aria-hidden="true"></span>{ format!("{present}{host}") }</p>
        <div class="follow-bar" role="img" aria-label={format!("Its phases, {total} {unit} together")}>
            <div class="bar">{ for parts }</div>
            if now.is_some() { <i style={format!("left:{:.2}%", 100.0 * share)}></i> }
        </div>
        <small>{ format!("{total} {unit}") }</small>
        </>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_sight_comes_to_the_middle() {
        let view = Viewport::default();
        assert_eq!(in_sight(&view, (800.0, 400.0), (400.0, 100.0)), None);
        let there = in_sight(&view, (800.0, 400.0), (1_000.0, 100.0));
        assert_eq!(there.map(|v| v.to_screen((1_000.0, 100.0))), Some((400.0, 200.0)));
    }
}
