//! Copy, cut and paste by the browser's own clipboard, so that it works between tabs and with any editor of texts.

use std::cell::RefCell;
use std::rc::Rc;

use faaslab_core::edit::Fragment;
use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::ClipboardEvent;
use yew::prelude::*;

use super::editor::Editor;
use super::keys::means_stage;
use crate::store::{Action, Notice};

/// Whether a text is selected on the page, which is then what is copied.
fn text_is_selected() -> bool {
    let selection = web_sys::window().and_then(|w| w.get_selection().ok().flatten());
    selection.is_some_and(|s| !s.is_collapsed())
}

fn copy(editor: &Editor, event: &ClipboardEvent) -> bool {
    let Some(fragment) = Fragment::of(editor.scenario(), &editor.lab.selection).filter(|_| !text_is_selected()) else {
        return false;
    };
    let written = event.clipboard_data().is_some_and(|data| data.set_data("text/plain", &fragment.to_json()).is_ok());
    if written {
        event.prevent_default();
    }
    written
}

fn paste(editor: &Editor, event: &ClipboardEvent) {
    let text = event.clipboard_data().and_then(|data| data.get_data("text/plain").ok()).unwrap_or_default();
    if text.trim().is_empty() {
        return;
    }
    event.prevent_default();
    match Fragment::from_json(&text) {
        Ok(fragment) => editor.paste(&fragment),
        Err(why) => {
            let text = format!("The clipboard holds nothing that can stand here. {why}");
            editor.lab.dispatch(Action::Tell(Notice { text: text.into(), bad: true }));
        }
    }
}

/// Listens to the clipboard's events while they mean the stage.
#[hook]
pub(super) fn use_clipboard(latest: &Rc<RefCell<Option<Editor>>>) {
    let latest = Rc::clone(latest);
    use_effect_with((), move |()| {
        let window = web_sys::window();
        let listen = |name: &'static str, act: fn(&Editor, &ClipboardEvent)| {
            let latest = Rc::clone(&latest);
            window.as_ref().map(|window| {
                let options = EventListenerOptions::enable_prevent_default();
                EventListener::new_with_options(window, name, options, move |event| {
                    let event: &ClipboardEvent = event.unchecked_ref();
                    let editor = latest.borrow().clone().filter(|editor| means_stage(editor, event.target()));
                    if let Some(editor) = editor {
                        act(&editor, event);
                    }
                })
            })
        };
        let listeners = [
            listen("copy", |editor, event| {
                copy(editor, event);
            }),
            listen("cut", |editor, event| {
                if copy(editor, event) {
                    editor.remove();
                }
            }),
            listen("paste", paste),
        ];
        move || drop(listeners)
    });
}
