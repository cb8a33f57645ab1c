//! The tools above the stage, and how large it is shown.

use faaslab_core::scenario::Role;
use yew::prelude::*;

use super::gesture::Tool;
use super::keys::ZOOM;
use crate::store::LabHandle;

/// What the buttons do that are no tools.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Press {
    /// Take up a tool.
    Take(Tool),
    /// Add something in the middle of the stage, for those who press the button with a key.
    Place(Tool),
    Duplicate,
    Delete,
    Outline,
    Zoom(f64),
    Fit,
}

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    pub(super) tool: Tool,
    /// Whether the outline is open.
    pub(super) outlined: bool,
    pub(super) press: Callback<Press>,
}

/// Tools of the stage.
#[component]
pub(super) fn Toolbar(props: &Props) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let button = |tool: Tool, label: &str, title: &str| {
        let press = props.press.clone();
        let on = props.tool == tool;
        html! {
            <button class={classes!("quiet", on.then_some("on"))} aria-pressed={on.to_string()} title={title.to_owned()}
                onclick={move |event: MouseEvent| press.emit(match tool {
                    // A press of a key has no place to click next.
                    Tool::Add(_) | Tool::Zone if event.detail() == 0 => Press::Place(tool),
                    _ => Press::Take(if on { Tool::Select } else { tool }),
                })}>{ label }</button>
        }
    };
    let act = |what: Press| props.press.reform(move |_: MouseEvent| what);
    let nothing = lab.selection.is_empty();
    html! {
        <div class="toolbar" role="toolbar" aria-label="Stage tools">
            { button(Tool::Select, "Select", "Select and move; drag on the ground to select several (V)") }
            { button(Tool::Hand, "Hand", "Drag to look around; so does the middle button (H)") }
            <span class="divider" aria-hidden="true"></span>
            { for Role::ALL.iter().map(|&r| button(Tool::Add(r), &format!("+ {}", r.name()), "Then click where it should stand")) }
            { button(Tool::Zone, "+ Zone", "Then click where it should stand") }
            { button(Tool::Link, "+ Link", "Drag or click from one node to another, or from zone to zone; with keys: Enter on each (L)") }
            <span class="divider" aria-hidden="true"></span>
            <button class="quiet" onclick={act(Press::Duplicate)} disabled={nothing} title="Copy what is selected beside itself (Ctrl D)">{ "Duplicate" }</button>
            <button class="quiet" onclick={act(Press::Delete)} disabled={nothing} title="Delete what is selected (Del)">{ "Delete" }</button>
            <span class="divider" aria-hidden="true"></span>
            <button class={classes!("quiet", props.outlined.then_some("on"))} aria-expanded={props.outlined.to_string()} onclick={act(Press::Outline)}
                title="Everything on the stage as a list">{ "Outline" }</button>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct ZoomProps {
    pub(super) scale: f64,
    pub(super) press: Callback<Press>,
}

/// Smaller, larger, everything.
#[component]
pub(super) fn Zoom(props: &ZoomProps) -> Html {
    let act = |what: Press| props.press.reform(move |_: MouseEvent| what);
    html! {
        <div class="zoom" role="group" aria-label="Zoom">
            <button class="quiet" aria-label="Zoom out" title="Zoom out (-)" onclick={act(Press::Zoom(1.0 / ZOOM))}>{ "−" }</button>
            <span class="zoom-value">{ format!("{:.0} %", props.scale * 100.0) }</span>
            <button class="quiet" aria-label="Zoom in" title="Zoom in (+)" onclick={act(Press::Zoom(ZOOM))}>{ "+" }</button>
            <button class="quiet" title="Show everything (0)" onclick={act(Press::Fit)}>{ "Fit" }</button>
        </div>
    }
}
