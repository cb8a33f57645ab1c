//! The ways to hand this experiment on: link, short link, QR code, Markdown, a frame for a page.

use std::rc::Rc;

use faaslab_core::share::{Address, Place, encode};
use faaslab_core::units::three_digits;
use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::qr::{MOST_CHARACTERS, Qr};
use crate::app::Tools;
use crate::charts::ChartKind;
use crate::embed::Part;
use crate::store::{LabHandle, address, gallery, persist};

/// Above this length some programs cut links.
const LONG: usize = 2_000;

/// A text as it may stand in an attribute of HTML.
fn in_attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

/// A frame that shows parts of an experiment in another page.
fn frame(link: &str, title: &str, parts: &[Part]) -> String {
    let height = if parts == [Part::Stage] { 420 } else { 640 };
    format!(
        "<iframe src=\"{}\" title=\"{}\" width=\"720\" height=\"{height}\" style=\"border: 1px solid #888\" loading=\"lazy\"></iframe>",
        in_attribute(link),
        in_attribute(title)
    )
}

/// The ways to hand this experiment on.
#[component]
pub(crate) fn Share() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let copied = use_state(|| None::<&'static str>);
    let begins_here = use_state(|| false);
    let embedded = use_state(|| vec![Part::Stage, Part::Chart(ChartKind::SlowdownCdf)]);
    // Both take a while to make, and change with the scenario alone.
    let addresses = use_memo(Rc::clone(&lab.scenario), |scenario| {
        let whole = Address { place: Place::Link(encode(scenario)), ..Address::default() };
        (whole, gallery::short_address(scenario))
    });
    // What the page showed when the dialog was opened.
    let at_s = *use_memo((), |()| tools.player.now().at_s);
    let base = address::base();
    let at = begins_here.then(|| (at_s * 1e3).round() / 1e3);
    let written = |address: &Address, embed: Option<&[Part]>| {
        let words = |parts: &[Part]| parts.iter().map(|part| part.word().to_owned()).collect();
        format!("{base}{}", Address { at_s: at, embed: embed.map(words), ..address.clone() })
    };
    let (whole, short) = &*addresses;
    let link = written(whole, None);
    let short_link = short.as_ref().map(|address| written(address, None));
    let title = if lab.scenario.title.is_empty() { "FaaSLab experiment".to_owned() } else { lab.scenario.title.clone() };
    let markdown = format!("[{}]({link})", title.replace(['[', ']'], ""));
    let snippet = frame(&written(short.as_ref().unwrap_or(whole), Some(&embedded)), &title, &embedded);
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
                copied.set(Some(if done { what } else { "The browser did not allow it: select the text and copy it." }));
                let reset = copied.clone();
                Timeout::new(3_000, move || reset.set(None)).forget();
            });
        })
    };
    let select = Callback::from(|event: FocusEvent| event.target_unchecked_into::<HtmlInputElement>().select());
    let coded = [short_link.as_ref(), Some(&link)].into_iter().flatten().find(|text| text.len() <= MOST_CHARACTERS).cloned();
    let save = {
        let scenario = Rc::clone(&lab.scenario);
        Callback::from(move |_: MouseEvent| persist::save_file(&scenario))
    };
    let toggle_time = {
        let begins_here = begins_here.clone();
        Callback::from(move |_: Event| begins_here.set(!*begins_here))
    };
    let parts = Part::all().map(|part| {
        let embedded = embedded.clone();
        let checked = embedded.contains(&part);
        let toggle = Callback::from(move |_: Event| {
            let chosen = |p: Part| if p == part { !checked } else { embedded.contains(&p) };
            embedded.set(Part::all().filter(|p| chosen(*p)).collect());
        });
        html! { <label class="check"><input type="checkbox" {checked} onchange={toggle} />{ part.name() }</label> }
    });
    html! {
        <div class="share">
            <div class="share-main">
                <p>{ "The whole experiment is in the link. Whoever opens it sees the same run, bit for bit; nothing is stored anywhere." }</p>
                <input class="link" readonly=true aria-label="Link" value={link.clone()} onfocus={select.clone()} />
                <div class="row">
                    <button class="primary" onclick={copy(link.clone(), "Link copied")}>{ "Copy link" }</button>
                    <button onclick={copy(markdown, "Markdown copied")}>{ "Copy as Markdown" }</button>
                    <span class="help" role="status">{ *copied }</span>
                </div>
                <p class="help">{ format!("{} characters.", link.len()) }
                    if link.len() > LONG { { " Some mail programs cut links of this length; saving the scenario as a file is safer." } }
                </p>
                if at_s > 0.0 {
                    <label class="check"><input type="checkbox" checked={*begins_here} onchange={toggle_time} />
                        { format!("Begin where the playhead is, at {} s", three_digits(at_s)) }</label>
                }
                if lab.scenario.workload.trace.is_some() {
                    <p class="help">{ "The link carries the name and fingerprint of your trace, not the trace. Whoever opens it is asked for the file." }</p>
                }
                if let Some(short_link) = &short_link {
                    <h3>{ "Short link" }</h3>
                    <p class="help">{ "It names a scenario of the gallery and what you changed. It holds for as long as the gallery keeps that scenario as it is." }</p>
                    <div class="copied"><input class="snippet" readonly=true aria-label="Short link" value={short_link.clone()} onfocus={select.clone()} />
                        <button onclick={copy(short_link.clone(), "Short link copied")}>{ "Copy" }</button></div>
                }
                <details>
                    <summary>{ "For a course page" }</summary>
                    <p class="help">{ "A frame with these parts of the page, in which nothing can be changed:" }</p>
                    <div class="embed-choices">{ for parts }</div>
                    <div class="copied"><input class="snippet" readonly=true aria-label="Frame" value={snippet.clone()} onfocus={select} />
                        <button onclick={copy(snippet, "Frame copied")}>{ "Copy" }</button></div>
                </details>
                if let Some(shown) = lab.shown.as_ref().filter(|s| s.complete && !lab.is_stale()) {
                    <p class="help">{ "Digest of the run: " }<span class="digest">{ &shown.outcome.summary.digest }</span></p>
                }
            </div>
            <div class="share-code">
                if let Some(text) = coded {
                    <Qr {text} />
                    <p class="help">{ if short_link.is_some() { "The short link, for the projector." } else { "The link, for the projector." } }</p>
                } else {
                    <p class="help no-code">{ format!(
                        "A QR code can be read from afar up to {MOST_CHARACTERS} characters; this link has {}. Scenarios of the gallery with some \
                        values changed have a short link, which fits. This one can be handed on as a file.", link.len()) }</p>
                    <button onclick={save}>{ "Save as a file" }</button>
                }
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_element_whatever_the_title() {
        let html = frame("https://a.example/#/s/1a?t=3s&embed=stage", "\"><script>&", &[Part::Stage]);
        assert_eq!(html.matches('<').count(), 2, "{html}");
        assert!(html.contains("?t=3s&amp;embed=stage\"") && html.contains("title=\"&quot;>&lt;script>&amp;\""));
    }
}
