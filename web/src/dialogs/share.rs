//! The link to this experiment.

use faaslab_core::share;
use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::store::LabHandle;

/// Above this length some programs cut links.
const LONG: usize = 2_000;

/// The link, to copy.
#[component]
pub(crate) fn Share() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let copied = use_state(|| None::<&'static str>);
    let base = web_sys::window().and_then(|w| w.location().href().ok()).unwrap_or_default();
    let base = base.split('#').next().unwrap_or_default().to_owned();
    let link = format!("{base}{}{}", share::PREFIX, share::encode(&lab.scenario));
    let title = if lab.scenario.title.is_empty() { "FaaSLab experiment".to_owned() } else { lab.scenario.title.clone() };
    let markdown = format!("[{}]({link})", title.replace(['[', ']'], ""));
    let copy = |text: String, what: &'static str| {
        let copied = copied.clone();
        Callback::from(move |_: MouseEvent| {
            let (text, copied) = (text.clone(), copied.clone());
            spawn_local(async move {
                let clipboard = web_sys::window().map(|w| w.navigator().clipboard());
                let done = match clipboard {
                    Some(c) => JsFuture::from(c.write_text(&text)).await.is_ok(),
                    None => false,
                };
                copied.set(Some(if done { what } else { "The browser did not allow it: select the link and copy it." }));
                let reset = copied.clone();
                Timeout::new(3_000, move || reset.set(None)).forget();
            });
        })
    };
    let select = Callback::from(|event: FocusEvent| event.target_unchecked_into::<HtmlInputElement>().select());
    html! {
        <>
        <p>{ "The whole experiment is in the link. Whoever opens it sees the same run, bit for bit; nothing is stored anywhere." }</p>
        <input class="link" readonly=true aria-label="Link" value={link.clone()} onfocus={select} />
        <div class="row">
            <button class="primary" onclick={copy(link.clone(), "Link copied")}>{ "Copy link" }</button>
            <button onclick={copy(markdown, "Markdown copied")}>{ "Copy as Markdown" }</button>
            <span class="help" role="status">{ *copied }</span>
        </div>
        <p class="help">{ format!("{} characters.", link.len()) }
            if link.len() > LONG { { " Some mail programs cut links of this length; saving the scenario as a file is safer." } }
        </p>
        if lab.scenario.workload.trace.is_some() {
            <p class="help">{ "The link carries the name and fingerprint of your trace, not the trace. Whoever opens it is asked for the file." }</p>
        }
        if let Some(shown) = lab.shown.as_ref().filter(|s| s.complete && !lab.is_stale()) {
            <p class="help">{ "Digest of the run: " }<span class="digest">{ &shown.outcome.summary.digest }</span></p>
        }
        </>
    }
}
