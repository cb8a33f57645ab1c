//! The gallery: scenarios with a picture, a question and what to look at, by topic, with a search.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use faaslab_core::edit::empty;
use yew::prelude::*;

use crate::app::Tools;
use crate::panels::fields::first_sentences;
use crate::stage::draw::{page_theme, picture};
use crate::store::gallery::{Entry, entries};
use crate::store::{Action, LabHandle};
use crate::worker::protocol::ToSim;

/// Width and height of a picture, in pixels.
const PICTURE: (f64, f64) = (288.0, 176.0);
/// Where a run is shown, as a share of its time, unless the gallery says where it begins.
const SHOWN_AT: f64 = 0.1;

thread_local! {
    /// The pictures in the colours of the theme of this name, by the ids of their scenarios.
    static PICTURES: RefCell<(AttrValue, BTreeMap<&'static str, Html>)> = RefCell::default();
}

/// Asks the worker for the first picture of a run that is not here, one at a time, so that whoever asks it for something else
/// does not wait for all of them.
#[hook]
fn use_stills(lab: &LabHandle, tools: &Tools) {
    let (stills, client) = (Rc::clone(&lab.stills), tools.client.clone());
    use_effect_with(stills.len(), move |_| {
        if let Some(Entry { id, scenario, begin_s, .. }) = entries().iter().find(|entry| !stills.contains_key(entry.id)) {
            let at_s = begin_s.unwrap_or(SHOWN_AT * scenario.run.duration_s.unwrap_or_default());
            client.say(&ToSim::Still { id: (*id).to_owned(), scenario: scenario.to_json(), at_s, size: PICTURE });
        }
    });
}

/// The picture of a scenario that does not run yet, which is made once for each theme.
fn picture_of(entry: &Entry, theme: &AttrValue) -> Html {
    PICTURES.with_borrow_mut(|(of, made)| {
        if of != theme {
            (*of, *made) = (theme.clone(), BTreeMap::new());
        }
        made.entry(entry.id).or_insert_with(|| picture(&entry.scenario, PICTURE, &page_theme())).clone()
    })
}

/// The scenarios to open.
#[component]
pub(crate) fn Gallery() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let search = use_state(String::new);
    let type_search = {
        let search = search.clone();
        Callback::from(move |event: InputEvent| search.set(event.target_unchecked_into::<web_sys::HtmlInputElement>().value()))
    };
    use_stills(&lab, &tools);
    let entries = entries();
    let found: Vec<&Entry> = entries.iter().filter(|entry| entry.has_words(&search)).collect();
    let card = |entry: &Entry| {
        let open = {
            let (lab, player, scenario, begin_s) = (lab.clone(), tools.player.clone(), entry.scenario.clone(), entry.begin_s);
            Callback::from(move |_: MouseEvent| {
                lab.dispatch(Action::Open(Box::new(scenario.clone())));
                player.begin_at(begin_s);
            })
        };
        // Its texts are escaped where it is made.
        let picture = match lab.stills.get(entry.id).cloned().flatten() {
            Some(still) => Html::from_html_unchecked(still),
            None => picture_of(entry, &tools.theme),
        };
        html! {
            <button class="card" onclick={open} key={entry.id}>
                <span class="picture" aria-hidden="true">{ picture }</span>
                <span class="card-title">{ &entry.scenario.title }</span>
                <span class="card-question">{ &entry.scenario.question }</span>
                <span class="card-look"><b>{ "Look at: " }</b>{ first_sentences(&entry.scenario.look_at, 160) }</span>
            </button>
        }
    };
    let topics = found.chunk_by(|a, b| a.topic == b.topic).map(|of_topic| {
        let topic = &of_topic[0].topic;
        html! { <section key={topic.clone()}><h3>{ topic }</h3><div class="gallery">{ for of_topic.iter().map(|entry| card(entry)) }</div></section> }
    });
    let anew = {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::Open(Box::new(empty()))))
    };
    let count = match found.len() {
        0 => "Nothing has all these words. Try fewer of them.".to_owned(),
        1 => "1 scenario".to_owned(),
        n => format!("{n} scenarios"),
    };
    html! {
        <>
        <div class="row gallery-head">
            <input type="search" aria-label="Search the gallery" placeholder="Search: cold start, sparrow, herd…" value={(*search).clone()} oninput={type_search} />
            <span class="help" role="status">{ count }</span>
            <button onclick={anew}>{ "Start with an empty stage" }</button>
        </div>
        { for topics }
        </>
    }
}
