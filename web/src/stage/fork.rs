//! Forking: from the playhead on something else holds. While it goes on, edits become entries of the timeline.

use faaslab_core::units::SimDuration;
use yew::prelude::*;

use crate::app::Tools;
use crate::store::{Action, LabHandle};

/// An instant in words.
pub(crate) fn instant(at_s: f64) -> String {
    if at_s > 0.0 && at_s < 0.001 { SimDuration::from_s(at_s).to_string() } else { format!("{} s", (at_s * 1e3).round() / 1e3) }
}

/// Begins a fork at the playhead.
#[component]
pub(crate) fn ForkButton() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let on = lab.fork.is_some();
    let can = lab.shown.as_ref().is_some_and(|s| s.complete) && !lab.is_stale();
    let press = Callback::from(move |_: MouseEvent| lab.dispatch(Action::Fork(tools.player.fork_at_s())));
    html! {
        <button class={classes!("quiet", on.then_some("on"))} aria-pressed={on.to_string()} onclick={press} disabled={on || !can}
            title="Change something from the playhead on, and see both runs">{ "Fork" }</button>
    }
}

/// That a fork goes on, what can be done in it, and how to leave it.
#[component]
pub(crate) fn ForkBar() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let Some(fork) = &lab.fork else { return html! {} };
    let changes: usize = lab.scenario.timeline.iter().filter(|c| c.at_s == fork.at_s).map(|c| c.set.len()).sum();
    let text = match changes {
        0 => "Change a policy, the scheduler, the network, a link or a node's speed: it holds from here on.".to_owned(),
        1 => "One change holds from here on. Before, both runs are the same.".to_owned(),
        n => format!("{n} changes hold from here on. Before, both runs are the same."),
    };
    let end = |keep: bool| {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::EndFork { keep }))
    };
    html! {
        <div class="fork-bar" role="status">
            <p><b>{ format!("Fork at {}", instant(fork.at_s)) }</b>{ " " }<span>{ text }</span></p>
            <button onclick={end(true)} title="Leave the changes in the timeline">{ if changes == 0 { "Leave" } else { "Keep" } }</button>
            if changes > 0 {
                <button class="quiet" onclick={end(false)} title="Take the changes out again">{ "Discard" }</button>
            }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn an_instant_is_short() {
        assert_eq!(instant(12.345_678_901), "12.346 s");
        assert_eq!(instant(12.3), "12.3 s");
        assert_eq!(instant(0.0), "0 s");
        assert_eq!(instant(1e-9), "1.00 ns");
    }
}
