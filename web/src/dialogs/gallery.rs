//! The gallery: scenarios with a picture and a question.

use faaslab_core::edit::empty;
use faaslab_core::scenario::Scenario;
use yew::prelude::*;

use crate::app::Tools;
use crate::stage::draw::picture;
use crate::store::gallery::GALLERY;
use crate::store::{Action, LabHandle};

/// The scenarios to open.
#[component]
pub(crate) fn Gallery() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let cards = GALLERY.iter().filter_map(|(_, text)| Scenario::from_json(text).ok()).map(|scenario| {
        let picture = picture(&scenario, (264.0, 148.0), tools.theme == "dark");
        let (title, question) = (scenario.title.clone(), scenario.question.clone());
        let open = {
            let lab = lab.clone();
            Callback::from(move |_: MouseEvent| lab.dispatch(Action::Open(Box::new(scenario.clone()))))
        };
        html! {
            <button class="card" onclick={open}>
                <span class="picture" aria-hidden="true">{ picture }</span>
                <span class="card-title">{ title }</span>
                <span class="card-question">{ question }</span>
            </button>
        }
    });
    let anew = {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::Open(Box::new(empty()))))
    };
    html! {
        <>
        <div class="gallery">{ for cards }</div>
        <div class="row"><button onclick={anew}>{ "Start with an empty stage" }</button></div>
        </>
    }
}
