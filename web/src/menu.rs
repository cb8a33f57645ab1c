//! Menus: a button that unfolds others. Arrows go through them; Escape, a choice, and leaving it fold it again.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node};
use yew::prelude::*;

/// What folds and unfolds: a `details` element with this reference, whose `summary` is the button.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Menu(pub(crate) NodeRef);

impl Menu {
    /// Folds it. The focus goes back to its button, if it was inside.
    pub(crate) fn close(&self) {
        let Some(menu) = self.0.cast::<Element>() else { return };
        if self.holds(focused().as_ref())
            && let Some(button) = menu.query_selector("summary").ok().flatten().and_then(|e| e.dyn_into::<HtmlElement>().ok())
        {
            let _ = button.focus();
        }
        let _ = menu.remove_attribute("open");
    }

    /// For `onfocusout`.
    pub(crate) fn on_leave(&self) -> Callback<FocusEvent> {
        let menu = self.clone();
        Callback::from(move |event: FocusEvent| {
            let to = event.related_target().and_then(|t| t.dyn_into::<Element>().ok());
            if !menu.holds(to.as_ref()) {
                menu.close();
            }
        })
    }

    /// For `onkeydown`.
    pub(crate) fn on_key(&self) -> Callback<KeyboardEvent> {
        let menu = self.clone();
        Callback::from(move |event: KeyboardEvent| {
            let is_open = menu.0.cast::<Element>().is_some_and(|e| e.has_attribute("open"));
            if is_open && menu.key(&event.key()) {
                event.prevent_default();
                event.stop_propagation();
            }
        })
    }

    /// Whether an element is in it.
    fn holds(&self, element: Option<&Element>) -> bool {
        self.0.cast::<Node>().is_some_and(|menu| menu.contains(element.map(AsRef::as_ref)))
    }

    /// A key goes down while it is open. Answers whether it means something here.
    fn key(&self, key: &str) -> bool {
        if key == "Escape" {
            self.close();
            return true;
        }
        let list = self.0.cast::<Element>().and_then(|menu| menu.query_selector_all("button").ok());
        let buttons: Vec<HtmlElement> =
            list.iter().flat_map(|l| (0..l.length()).filter_map(|i| l.get(i)?.dyn_into().ok())).collect();
        let here = focused().and_then(|e| buttons.iter().position(|b| **b == e));
        let Some(last) = buttons.len().checked_sub(1) else { return false };
        let next = match (key, here) {
            ("ArrowDown", Some(i)) if i < last => i + 1,
            ("ArrowDown" | "Home", _) => 0,
            ("ArrowUp", Some(i)) if i > 0 => i - 1,
            ("ArrowUp" | "End", _) => last,
            _ => return false,
        };
        let _ = buttons[next].focus();
        true
    }
}

fn focused() -> Option<Element> {
    web_sys::window()?.document()?.active_element()
}

#[derive(Properties, PartialEq)]
pub(crate) struct ChoicesProps {
    /// What is chosen here.
    pub(crate) label: &'static str,
    /// The lines of its picture, of 16 by 16.
    pub(crate) icon: &'static str,
    /// Its class in the style sheet.
    pub(crate) class: &'static str,
    /// What there is to choose from.
    pub(crate) names: Vec<&'static str>,
    /// Which of them is chosen.
    pub(crate) chosen: usize,
    /// Chooses another.
    pub(crate) choose: Callback<usize>,
}

/// One of a few things, behind a button with a picture.
#[component]
pub(crate) fn Choices(props: &ChoicesProps) -> Html {
    let menu = Menu(use_node_ref());
    let name = format!("{}: {}", props.label, props.names.get(props.chosen).copied().unwrap_or_default());
    let item = |(i, name): (usize, &&'static str)| {
        let (menu, choose) = (menu.clone(), props.choose.clone());
        let click = move |_: MouseEvent| {
            menu.close();
            choose.emit(i);
        };
        html! { <button class="quiet" aria-pressed={(i == props.chosen).to_string()} onclick={click}>{ *name }</button> }
    };
    html! {
        <details class={classes!("menu", "choices", props.class)} ref={menu.0.clone()} onfocusout={menu.on_leave()} onkeydown={menu.on_key()}>
            <summary class="quiet" aria-label={name.clone()} title={name}>
                <svg viewBox="0 0 16 16" aria-hidden="true"><path fill-rule="evenodd" d={props.icon} /></svg>
            </summary>
            <div class="items" tabindex="-1">{ for props.names.iter().enumerate().map(item) }</div>
        </details>
    }
}
