//! What lies above the bench: gallery, share, trace report, help, and notices.

mod earlier;
mod gallery;
mod qr;
mod share;

use faaslab_core::trace::{Format, Report};
use faaslab_core::units::{SimDuration, count};
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlSelectElement};
use yew::prelude::*;

use self::earlier::Earlier;
use self::gallery::Gallery;
use self::share::Share;
use crate::app::Tools;
use crate::keys::SHORTCUTS;
use crate::panels::fields::set;
use crate::panels::report::RunReport;
use crate::store::{Action, Dialog, Keeping, LabHandle, Notice};
use crate::worker::protocol::ToSim;

/// The open dialog and the notices.
#[component]
pub(crate) fn Dialogs() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let open = match lab.dialog {
        None => html! {},
        Some(Dialog::Gallery) => html! { <Modal title="Gallery" wide=true><Earlier /><Gallery /></Modal> },
        Some(Dialog::Share) => html! { <Modal title="Share this experiment" wide=true><Share /></Modal> },
        Some(Dialog::Help) => html! { <Modal title="Keys and help"><Help /></Modal> },
        Some(Dialog::Report) => html! { <Modal title="Report" wide=true><RunReport /></Modal> },
        Some(Dialog::Trace) => match &lab.trace {
            Some(report) => html! { <Modal title="What was read">{ trace_report(&lab, &tools, report) }</Modal> },
            None => html! {},
        },
    };
    let notices = lab.notices.iter().map(|(number, n)| html! { <NoticeLine key={*number} number={*number} notice={n.clone()} /> });
    html! { <>{ open }<div class="notices">{ for notices }</div></> }
}

/// How long a notice stays that nobody needs to act upon, in milliseconds.
const NOTICE_MS: u32 = 8_000;

#[derive(Properties, PartialEq)]
struct NoticeProps {
    number: u32,
    notice: Notice,
}

/// A notice. What went wrong stays until it is dismissed; the rest leaves by itself, but not under somebody's eyes: while the
/// pointer or the focus is on it, or a dialog covers it, it stays.
#[component]
fn NoticeLine(props: &NoticeProps) -> Html {
    let lab = use_context::<LabHandle>();
    let (hovered, focused) = (use_state_eq(|| false), use_state_eq(|| false));
    let NoticeProps { number, notice } = props;
    let covered = lab.as_ref().is_some_and(|lab| lab.dialog.is_some());
    let dispatcher = lab.map(|lab| lab.dispatcher());
    let number = *number;
    {
        let dispatcher = dispatcher.clone();
        use_effect_with(notice.bad || covered || *hovered || *focused, move |stays| {
            let leave = move || {
                if let Some(dispatcher) = dispatcher {
                    dispatcher.dispatch(Action::Dismiss(number));
                }
            };
            let timer = (!stays).then(|| Timeout::new(NOTICE_MS, leave));
            move || drop(timer)
        });
    }
    let dismiss = move |_: MouseEvent| {
        if let Some(dispatcher) = &dispatcher {
            dispatcher.dispatch(Action::Dismiss(number));
        }
    };
    let set = |state: &UseStateHandle<bool>, to: bool| {
        let state = state.setter();
        move || state.set(to)
    };
    // What it says in lines of its own is a list, and long.
    let mut lines = notice.text.lines();
    let text = lines.next().unwrap_or_default().to_owned();
    let more: Vec<Html> = lines.map(|line| html! { <li>{ line.to_owned() }</li> }).collect();
    let (enter, leave) = (set(&hovered, true), set(&hovered, false));
    let (focus, blur) = (set(&focused, true), set(&focused, false));
    html! {
        <div class={classes!("notice", notice.bad.then_some("bad"))} role={if notice.bad { "alert" } else { "status" }}
            onpointerenter={move |_: PointerEvent| enter()} onpointerleave={move |_: PointerEvent| leave()}
            onfocusin={move |_: FocusEvent| focus()} onfocusout={move |_: FocusEvent| blur()}>
            <div>
                <p>{ text }</p>
                if !more.is_empty() { <details><summary>{ "Which they are" }</summary><ul class="help">{ for more }</ul></details> }
            </div>
            <button class="quiet" onclick={dismiss}>{ "Dismiss" }</button>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ModalProps {
    title: AttrValue,
    #[prop_or_default]
    wide: bool,
    children: Html,
}

/// A dialog of the browser's own kind: it keeps the focus, and Escape closes it.
#[component]
fn Modal(props: &ModalProps) -> Html {
    let lab = use_context::<LabHandle>();
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = node.get().and_then(|n| n.dyn_into::<HtmlDialogElement>().ok()) {
                let _ = dialog.show_modal();
            }
        });
    }
    let Some(lab) = lab else { return html! {} };
    let close = {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::Show(None)))
    };
    // A press on the backdrop is a press on the dialog itself, outside of its content.
    let on_backdrop = {
        let (lab, node) = (lab.clone(), node.clone());
        Callback::from(move |event: MouseEvent| {
            if event.target().and_then(|t| t.dyn_into::<web_sys::Node>().ok()) == node.get() {
                lab.dispatch(Action::Show(None));
            }
        })
    };
    html! {
        <dialog ref={node} class={classes!(props.wide.then_some("wide"))} aria-label={props.title.clone()} onclick={on_backdrop}
            onclose={move |_: Event| lab.dispatch(Action::Show(None))}>
            <div class="dialog-body">
                <header><h2>{ &props.title }</h2><button class="quiet" onclick={close}>{ "Close" }</button></header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}

/// What was kept of a trace, what was not and why, and what was assumed.
fn trace_report(lab: &LabHandle, tools: &Tools, r: &Report) -> Html {
    let scale = lab.scenario.workload.trace_options.time_scale;
    let time = |ns: u64| SimDuration((ns as f64 * scale) as u64).to_string();
    let choose = {
        let lab = lab.clone();
        Callback::from(move |event: Event| {
            let scale: f64 = match event.target_unchecked_into::<HtmlSelectElement>().value().as_str() {
                "s" => 1.0,
                "ms" => 0.001,
                _ => return,
            };
            set(&lab, "workload.trace_options.time_scale", scale.into());
        })
    };
    let forget = {
        let (client, hashes) = (tools.client.clone(), r.hashes().map(str::to_owned).collect::<Vec<_>>());
        move |_: MouseEvent| client.say(&ToSim::Forget(hashes.clone()))
    };
    let keeping = match lab.keeping {
        Keeping::Here => html! {},
        // The button stays where it was pressed, and with it the focus.
        keeping => {
            let kept = keeping == Keeping::Kept;
            let (told, label) = if kept {
                ("What was read is kept here for the next visit.", "Do not keep it")
            } else {
                ("It is here until you leave.", "Not kept")
            };
            html! {
                <div class="row"><span class="help" role="status">{ told }</span><button aria-disabled={(!kept).to_string()} onclick={forget}>{ label }</button></div>
            }
        }
    };
    // Nothing in such a file says what its times are in.
    let unit = (r.format == Format::Azure2021).then(|| {
        let other = format!("{scale} s");
        let mut units = vec![("s", "seconds", scale == 1.0), ("ms", "milliseconds", scale == 0.001)];
        if units.iter().all(|unit| !unit.2) {
            units.push(("", &other, true));
        }
        let chosen = units.iter().find(|unit| unit.2).map_or("", |unit| unit.1).to_owned();
        html! {
            <div>
                <dt><label for="trace-unit">{ "Times are in" }</label></dt>
                <dd><span class="select">
                    <select id="trace-unit" onchange={choose}>
                        { for units.into_iter().map(|(word, name, selected)| html! { <option value={word} {selected}>{ name.to_owned() }</option> }) }
                    </select>
                    <span aria-hidden="true">{ chosen }</span>
                </span></dd>
            </div>
        }
    });
    let fact = |name: &str, value: String| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> };
    html! {
        <>
        <dl class="facts">
            { fact("Format", r.format.name().to_owned()) }
            { fact("Rows kept", r.rows_kept.to_string()) }
            { fact("Rows rejected", r.rows_rejected.to_string()) }
            { fact("Invocations", r.invocations.to_string()) }
            { fact("Functions", format!("{} in {} app{}", r.functions, r.apps, if r.apps == 1 { "" } else { "s" })) }
            { fact("Time range", time(r.span_ns)) }
            { r.median_execution_ns.map(|ns| fact("Median execution", time(ns))) }
            { unit }
        </dl>
        if !r.rejected.is_empty() {
            <h3>{ "Rejected" }</h3>
            <ul>{ for r.rejected.iter().map(|x| html! { <li>{ format!("{}, line {}: {}", x.file, x.line, x.reason) }</li> }) }</ul>
            if r.rows_rejected > r.rejected.len() as u64 {
                <p class="help">{ format!("and {} more", count(r.rows_rejected - r.rejected.len() as u64)) }</p>
            }
        }
        if !r.warnings.is_empty() {
            <h3>{ "Look at this" }</h3>
            <ul>{ for r.warnings.iter().map(|w| html! { <li>{ w }</li> }) }</ul>
        }
        if !r.assumed.is_empty() {
            <h3>{ "Assumed" }</h3>
            <ul>{ for r.assumed.iter().map(|w| html! { <li>{ w }</li> }) }</ul>
        }
        <p class="help">{ "The file stays in this browser. A link carries its name and fingerprint, never its contents." }</p>
        { keeping }
        </>
    }
}

/// Keys.
#[component]
fn Help() -> Html {
    let keys = |keys: &'static str| keys.split(", ").map(|k| html! { <kbd>{ k }</kbd> });
    let sections = SHORTCUTS.iter().map(|(place, shortcuts)| {
        html! {
            <section>
                <h3>{ *place }</h3>
                <table class="keys"><tbody>
                    { for shortcuts.iter().map(|s| html! { <tr><th scope="row">{ for keys(s.keys) }</th><td>{ s.what }</td></tr> }) }
                </tbody></table>
            </section>
        }
    });
    html! {
        <>
        <p>{ "What everything on the bench means, and what each field does, stands in " }<a href="guide.html" target="faaslab-guide">{ "the guide" }</a>{ "." }</p>
        <div class="shortcuts">{ for sections }</div>
        <p>{ "Everything runs in this tab. Nothing that you load or draw leaves it, until you send a link." }</p>
        <p>{ "Slowdown is response time divided by the execution time alone on an idle, warm machine: 1 is perfect." }</p>
        </>
    }
}
