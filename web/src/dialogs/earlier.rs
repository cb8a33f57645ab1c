//! The work that was saved here before something else was saved in its place.

use yew::prelude::*;

use crate::store::{Action, LabHandle, persist};

/// What was kept, to go back to.
#[component]
pub(crate) fn Earlier() -> Html {
    let kept = use_memo((), |()| persist::earlier());
    let (Some(lab), Some((text, read))) = (use_context::<LabHandle>(), (*kept).clone()) else { return html! {} };
    match read {
        Ok(scenario) => {
            let title = if scenario.title.is_empty() { "Untitled" } else { &scenario.title };
            let line = format!("Your earlier work is kept: {title}.");
            let open = Callback::from(move |_: MouseEvent| lab.dispatch(Action::Open(Box::new(scenario.clone()))));
            html! { <p class="row earlier">{ line }<button onclick={open}>{ "Open it" }</button></p> }
        }
        Err(why) => {
            let save = Callback::from(move |_: MouseEvent| persist::download("earlier.json", "application/json", &text));
            html! {
                <p class="row earlier">
                    { format!("Your earlier work is kept, but cannot be read here: {why}") }
                    <button onclick={save}>{ "Save it as a file" }</button>
                </p>
            }
        }
    }
}
