//! The top bar: what the experiment is called, and what can be done with the whole of it.

use gloo::timers::callback::Timeout;
use serde_json::Value;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::fields::set;
use crate::app::{Tools, picked};
use crate::menu::{Choices, Menu};
use crate::store::{Action, Dialog, LabHandle, persist};
use crate::theme::{Choice, use_media};
use faaslab_core::units::{split_duration, three_digits};

/// Three lines: a menu.
const LINES: &str = "M2 3h12v1.5H2zM2 7.25h12v1.5H2zM2 11.5h12V13H2z";

/// The picture of light and dark.
const HALF: &str = "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM8 3a5 5 0 0 1 0 10z";

/// The top bar.
#[component]
pub(crate) fn TopBar() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let show = |dialog: Dialog| {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::Show(Some(dialog))))
    };
    let act = |make: fn() -> Action| {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| lab.dispatch(make()))
    };
    let rename = {
        let lab = lab.clone();
        Callback::from(move |event: Event| {
            set(&lab, "title", Value::from(event.target_unchecked_into::<HtmlInputElement>().value()))
        })
    };
    let save = {
        let scenario = lab.scenario.clone();
        Callback::from(move |_: MouseEvent| persist::save_file(&scenario))
    };
    let open = {
        let open = tools.open_files.clone();
        Callback::from(move |event: Event| open.emit(picked(&event)))
    };
    let theme = {
        let set = tools.set_theme.clone();
        Callback::from(move |i: usize| set.emit(Choice::ALL[i]))
    };
    let names: Vec<&str> = Choice::ALL.iter().map(|choice| choice.name()).collect();
    let chosen = Choice::ALL.iter().position(|choice| *choice == tools.theme_choice).unwrap_or_default();
    let (narrow, menu) = (use_media("(max-width: 600px)"), Menu(use_node_ref()));
    let help = html! { <button class="quiet" onclick={show(Dialog::Help)} title="Keys and help (?)">{ "Help" }</button> };
    let actions = html! {
        <>
        <button class="quiet" onclick={show(Dialog::Gallery)}>{ "Gallery" }</button>
        <label class="button quiet file" title="A scenario, or the files of a trace">{ "Open" }<input type="file" multiple=true onchange={open} /></label>
        <button class="quiet" onclick={save} title="Save the scenario as a file">{ "Save" }</button>
        <span class="divider" aria-hidden="true"></span>
        <button class="quiet" onclick={act(|| Action::Undo)} disabled={!lab.document.can_undo()} title="Undo (Ctrl Z)">{ "Undo" }</button>
        <button class="quiet" onclick={act(|| Action::Redo)} disabled={!lab.document.can_redo()} title="Redo (Ctrl Y)">{ "Redo" }</button>
        </>
    };
    let fold = {
        let menu = menu.clone();
        Callback::from(move |_: MouseEvent| menu.close())
    };
    html! {
        <header class="topbar">
            <h1 class="brand"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 3h14v3H6v3h8v3H6v5H3z" /></svg><span>{ "FaaSLab" }</span></h1>
            <input class="title" aria-label="Name of the scenario" key={lab.scenario.title.clone()} value={lab.scenario.title.clone()} placeholder="Untitled" onchange={rename} />
            if !narrow { <nav aria-label="Scenario">{ actions.clone() }</nav> }
            <Status />
            <Choices label="Theme" icon={HALF} class="theme" {names} {chosen} choose={theme} />
            if narrow {
                <details class="menu choices actions" ref={menu.0.clone()} onfocusout={menu.on_leave()} onkeydown={menu.on_key()}>
                    <summary class="quiet" aria-label="Menu" title="Menu"><svg viewBox="0 0 16 16" aria-hidden="true"><path d={LINES} /></svg></summary>
                    <div class="items" tabindex="-1" onclick={fold}>{ actions }{ help }</div>
                </details>
            } else {
                { help }
            }
            <button class="primary" onclick={show(Dialog::Share)}>{ "Share" }</button>
        </header>
    }
}

/// Shorter runs are over before anybody could read of them.
const TOLD_AFTER_MS: f64 = 150.0;

/// What goes on, with a way to stop it.
#[component]
fn Status() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    // When a run has gone on for so long that it is told, even if nothing is heard of it.
    let again = use_force_update();
    use_effect_with(lab.running.as_ref().map(|r| r.run), move |run| {
        let timer = run.map(|_| Timeout::new(TOLD_AFTER_MS as u32 + 1, move || again.force_update()));
        move || drop(timer)
    });
    let now = web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now());
    let (text, fraction) = if let Some(l) = lab.loading {
        let part = if l.total > 0.0 { l.bytes / l.total } else { 0.0 };
        (format!("Reading {:.0} of {:.0} MB, {} rows", l.bytes / 1e6, l.total / 1e6, three_digits(l.rows as f64)), Some(part))
    } else if let Some(r) = &lab.running {
        let spent = now - r.begun_ms;
        if spent < TOLD_AFTER_MS {
            (String::new(), None)
        } else {
            let left = if r.fraction > 0.02 { Some(spent / r.fraction - spent) } else { None };
            let left = left.map(|ms| split_duration(ms * 1e6)).map_or(String::new(), |(v, u)| format!(", about {v} {u} left"));
            (format!("Simulating {:.0} %{left}", 100.0 * r.fraction), Some(r.fraction))
        }
    } else if !lab.can_run() {
        ("Cannot run: see the inspector".to_owned(), None)
    } else {
        (String::new(), None)
    };
    let cancel = tools.cancel.clone();
    html! {
        <div class="status" role="status" aria-live="polite">
            <span>{ text }</span>
            if let Some(fraction) = fraction {
                <progress max="1" value={fraction.to_string()} aria-label="Progress"></progress>
                <button class="quiet" onclick={move |_: MouseEvent| cancel.emit(())}>{ "Cancel" }</button>
            }
        </div>
    }
}
