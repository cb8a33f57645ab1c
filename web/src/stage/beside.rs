//! The run that was forked, drawn beside the one that goes on otherwise: the same clock, the same part of the world.

use std::rc::Rc;

use faaslab_core::view::{Hit, Layout, Viewport};
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

use super::draw::{Painter, TopologySvg, theme_of};
use super::player::{Player, Screen};
use super::use_size;
use crate::app::Tools;
use crate::store::{Fork, LabHandle};
use crate::worker::protocol::ToSim;

/// What plays the original run, once another goes on from it. While there is a fork, the worker keeps the original.
#[hook]
pub(crate) fn use_beside(lab: &LabHandle, tools: &Tools) -> Option<(Player, Rc<Fork>)> {
    let other = use_memo((), |()| Player::default());
    let fork = lab.fork.clone();
    let shown = lab.shown.as_ref().map(|s| s.run);
    let differs = fork.as_ref().is_some_and(|f| shown.is_some_and(|run| run != f.run.run));
    {
        let client = tools.client.clone();
        let first = use_mut_ref(|| true);
        use_effect_with(fork.as_ref().map(|f| f.run.run), move |run| {
            if !std::mem::replace(&mut *first.borrow_mut(), false) || run.is_some() {
                client.say(&ToSim::Keep(*run));
            }
        });
    }
    {
        let (player, other, fork) = (tools.player.clone(), (*other).clone(), fork.clone());
        use_effect_with((differs, fork.as_ref().map(|f| f.run.run)), move |(differs, _)| match fork.filter(|_| *differs) {
            Some(fork) => {
                player.put_beside(Some(other.clone()));
                other.show(fork.run.run, Rc::clone(&fork.run.scenario), &fork.run.outcome);
            }
            None => {
                player.put_beside(None);
                other.clear();
            }
        });
    }
    fork.filter(|_| differs).map(|fork| ((*other).clone(), fork))
}

#[derive(Properties)]
pub(crate) struct BesideProps {
    /// What plays the original run.
    pub(crate) player: Player,
    /// The fork.
    pub(crate) fork: Rc<Fork>,
    /// The part of the world that is shown.
    pub(crate) viewport: Viewport,
    /// The name of the theme.
    pub(crate) theme: AttrValue,
}

impl PartialEq for BesideProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.fork, &other.fork) && (self.viewport, &self.theme) == (other.viewport, &other.theme)
    }
}

/// The original run: a picture, with nothing to press.
#[component]
pub(crate) fn Beside(props: &BesideProps) -> Html {
    let (area, canvas) = (use_node_ref(), use_node_ref());
    let (width, height, ratio) = use_size(&area);
    let scenario = Rc::clone(&props.fork.run.scenario);
    let layout = use_memo(Rc::clone(&scenario), |s| Layout::of(s));
    {
        let (player, canvas, layout) = (props.player.clone(), canvas.clone(), Rc::clone(&layout));
        let key = (width, height, ratio, props.viewport, props.theme.clone(), scenario.clone());
        use_effect_with(key, move |(width, height, ratio, viewport, ..)| {
            let Some(element) = canvas.cast::<HtmlCanvasElement>() else { return };
            let theme = theme_of(&element);
            let reduced_motion = super::glide::reduced_motion();
            let screen = Painter::new(element, theme.clone()).map(|painter| {
                let (lit, labelled, size) = (None, Vec::new(), (*width, *height));
                let mut screen = Screen { painter, gpu: None, layout, viewport: *viewport, size, lit, labelled, reduced_motion };
                screen.resize(*width, *height, *ratio);
                screen
            });
            player.set_screen(screen);
        });
    }
    {
        let player = props.player.clone();
        use_effect_with((), move |()| move || player.set_screen(None));
    }
    html! {
        <div class="stage-view other" ref={area} aria-label="The original run" role="group">
            <div class="still" inert=true>
                <TopologySvg {scenario} {layout} viewport={props.viewport} selection={Rc::new(Vec::new())}
                    on_pointerdown={Callback::noop()} on_focus={Callback::<Hit>::noop()} on_keydown={Callback::noop()} />
            </div>
            <canvas ref={canvas} aria-hidden="true" />
            <p class="stage-tag">{ "Original" }</p>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct SwitchProps {
    /// Whether the original is shown.
    pub(crate) other: bool,
    /// Shows the original, or not.
    pub(crate) choose: Callback<bool>,
}

/// Which of the two runs is shown where there is room for one.
#[component]
pub(crate) fn Switch(props: &SwitchProps) -> Html {
    let button = |name: &'static str, other: bool| {
        let choose = props.choose.reform(move |_: MouseEvent| other);
        html! { <button aria-pressed={(props.other == other).to_string()} onclick={choose}>{ name }</button> }
    };
    html! { <div class="stage-switch" role="group" aria-label="Run on the stage">{ button("Fork", false) }{ button("Original", true) }</div> }
}
