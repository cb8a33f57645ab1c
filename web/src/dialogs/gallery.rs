//! The gallery: scenarios with a picture and a question.

use faaslab_core::scenario::Scenario;
use faaslab_core::view::{Layout, Theme, statics, svg};
use yew::prelude::*;

use crate::app::Tools;
use crate::store::gallery::GALLERY;
use crate::store::{Action, LabHandle};

/// The scenarios to open.
#[component]
pub(crate) fn Gallery() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let cards = GALLERY.iter().filter_map(|(_, text)| Scenario::from_json(text).ok()).map(|scenario| {
        let picture = picture(&scenario, tools.theme == "dark");
        let (title, question) = (scenario.title.clone(), scenario.question.clone());
        let open = {
            let lab = lab.clone();
            Callback::from(move |_: MouseEvent| lab.dispatch(Action::Open(Box::new(scenario.clone()))))
        };
        html! {
            <button class="card" onclick={open}>
                <span class="picture" aria-hidden="true">{ Html::from_html_unchecked(picture.into()) }</span>
                <span class="card-title">{ title }</span>
                <span class="card-question">{ question }</span>
            </button>
        }
    });
    html! { <div class="gallery">{ for cards }</div> }
}

/// The topology of a scenario as a picture. Its texts are escaped where it is made.
fn picture(scenario: &Scenario, dark: bool) -> String {
    let layout = Layout::of(scenario);
    let viewport = layout.fit(264.0, 148.0);
    let items = statics::topology(scenario, &layout, &viewport);
    let theme = if dark { Theme::DARK } else { Theme::LIGHT };
    svg(&items, 264.0, 148.0, &theme)
}
