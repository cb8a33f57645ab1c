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

/// Icons of 16 by 16, as lines.
const ARROW: &str = "M4 2.5v10.5l2.8-2.7 1.9 3.7 1.6-.8-1.8-3.7H12z";
const CROSS: &str = "M8 2v12M2 8h12M6.2 3.8 8 2l1.8 1.8M6.2 12.2 8 14l1.8-1.8M3.8 6.2 2 8l1.8 1.8M12.2 6.2 14 8l-1.8 1.8";
const SHEETS: &str = "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3";
const BIN: &str = "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.8 9h6.4l.8-9";
const LIST: &str = "M2.5 4h1.5M6.5 4h7M4.5 8H6M8.5 8h5M4.5 12H6M8.5 12h5";

fn picture(lines: &'static str) -> Html {
    html! { <svg viewBox="0 0 16 16" aria-hidden="true"><path d={lines} /></svg> }
}

/// Tools of the stage.
#[component]
pub(super) fn Toolbar(props: &Props) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let button = |tool: Tool, icon: Option<&'static str>, label: &str, title: &str| {
        let press = props.press.clone();
        let on = props.tool == tool;
        html! {
            <button class={classes!("quiet", on.then_some("on"), icon.map(|_| "icon"))} aria-pressed={on.to_string()}
                aria-label={icon.map(|_| label.to_owned())} title={title.to_owned()}
                onclick={move |event: MouseEvent| press.emit(match tool {
                    // A press of a key has no place to click next.
                    Tool::Add(_) | Tool::Zone if event.detail() == 0 => Press::Place(tool),
                    _ => Press::Take(if on { Tool::Select } else { tool }),
                })}>{ icon.map_or_else(|| Html::from(label.to_owned()), picture) }</button>
        }
    };
    let act = |what: Press| props.press.reform(move |_: MouseEvent| what);
    let nothing = lab.selection.is_empty();
    html! {
        <div class="toolbar" role="toolbar" aria-label="Stage tools">
            { button(Tool::Select, Some(ARROW), "Select", "Select and move; drag on the ground to select several (V)") }
            { button(Tool::Hand, Some(CROSS), "Hand", "Drag to look around; so does the middle button (H)") }
            <span class="divider" aria-hidden="true"></span>
            { for Role::ALL.iter().map(|&r| button(Tool::Add(r), None, &format!("+ {}", r.name()), "Then click where it should stand")) }
            { button(Tool::Zone, None, "+ Zone", "Then click where it should stand") }
            { button(Tool::Link, None, "+ Link", "Drag or click from one node to another, or from zone to zone; with keys: Enter on each (L)") }
            <span class="divider" aria-hidden="true"></span>
            <button class="quiet icon" aria-label="Duplicate" onclick={act(Press::Duplicate)} disabled={nothing}
                title="Copy what is selected beside itself (Ctrl D)">{ picture(SHEETS) }</button>
            <button class="quiet icon" aria-label="Delete" onclick={act(Press::Delete)} disabled={nothing}
                title="Delete what is selected (Del)">{ picture(BIN) }</button>
            <button class={classes!("quiet", "icon", props.outlined.then_some("on"))} aria-label="Outline" aria-expanded={props.outlined.to_string()}
                onclick={act(Press::Outline)} title="Everything on the stage as a list">{ picture(LIST) }</button>
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
