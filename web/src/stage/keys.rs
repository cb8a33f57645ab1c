//! The stage by keys: those of the thing that has the focus, and those that work anywhere on the stage.

use std::cell::RefCell;
use std::rc::Rc;

use faaslab_core::view::{Hit, Point, Shape};
use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

use super::editor::Editor;
use super::gesture::{Gesture, Tool};
use crate::store::Action;

/// How far an arrow moves what is selected, and with Shift.
const STEP: f64 = 8.0;
const SMALL_STEP: f64 = 1.0;
/// How much a key or button enlarges.
pub(super) const ZOOM: f64 = 1.25;

/// The direction of an arrow key.
fn direction(key: &str) -> Option<Point> {
    match key {
        "ArrowLeft" => Some((-1.0, 0.0)),
        "ArrowRight" => Some((1.0, 0.0)),
        "ArrowUp" => Some((0.0, -1.0)),
        "ArrowDown" => Some((0.0, 1.0)),
        _ => None,
    }
}

impl Editor {
    /// A key goes down while something on the stage has the focus.
    pub(super) fn key(&self, hit: Hit, event: &KeyboardEvent) {
        if event.alt_key() {
            return; // the browser's own
        }
        let command = event.ctrl_key() || event.meta_key();
        match (event.key().as_str(), command) {
            ("Enter", false) if *self.tool == Tool::Link => match &*self.gesture {
                Gesture::Link { from, .. } => {
                    if self.connect(*from, hit) {
                        self.tool.set(Tool::Select);
                    }
                    self.gesture.set(Gesture::None);
                }
                _ => self.gesture.set(Gesture::Link { from: hit, to: self.layout.frame(hit).unwrap_or_default().centre() }),
            },
            ("Enter", false) => match hit {
                Hit::Node(i) if matches!(self.layout.nodes[i].shape, Shape::Block(_)) => self.open_block(Hit::Machine(i, 0)),
                Hit::Machine(..) => self.open_block(hit),
                _ => return,
            },
            ("Escape", _) => {
                let idle = *self.gesture == Gesture::None && *self.tool == Tool::Select;
                self.take_up(Tool::Select);
                match hit {
                    // Out of the block first.
                    Hit::Machine(i, _) if idle => self.go(Hit::Node(i), false),
                    // What was begun is given up; the selection stays.
                    _ if !idle => {}
                    _ => return,
                }
                event.stop_propagation();
            }
            ("Delete" | "Backspace", false) => self.remove(),
            ("PageDown", false) => self.go_along(hit, 1),
            ("PageUp", false) => self.go_along(hit, -1),
            ("Home", false) => self.go_along(hit, isize::MIN),
            ("End", false) => self.go_along(hit, isize::MAX),
            (key, _) => match direction(key) {
                Some(towards) if command || matches!(hit, Hit::Machine(..)) => {
                    self.go_towards(hit, towards, command && event.shift_key())
                }
                Some((dx, dy)) => {
                    let step = if event.shift_key() { SMALL_STEP } else { STEP };
                    self.nudge((dx * step, dy * step));
                }
                None => return,
            },
        }
        event.prevent_default();
    }

    /// A key goes down on the stage, or where nothing has the focus. Answers whether it means something there.
    fn stage_key(&self, key: &str, command: bool) -> bool {
        match (key, command) {
            ("a", true) => self.select_all(),
            ("d", true) => self.duplicate(),
            ("+" | "=", false) => self.zoom(ZOOM),
            ("-", false) => self.zoom(1.0 / ZOOM),
            ("0", false) => self.fit(),
            ("v", false) => self.take_up(Tool::Select),
            ("h", false) => self.take_up(Tool::Hand),
            ("l", false) => self.take_up(Tool::Link),
            ("Escape", false) if *self.tool != Tool::Select || *self.gesture != Gesture::None => self.take_up(Tool::Select),
            _ => return false,
        }
        true
    }
}

/// Whether keys and the clipboard mean the stage: nothing else has the focus, no text is typed and no dialog is open.
pub(super) fn means_stage(editor: &Editor, target: Option<web_sys::EventTarget>) -> bool {
    let Some(element) = target.and_then(|t| t.dyn_into::<Element>().ok()) else { return editor.lab.dialog.is_none() };
    let typing = matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT");
    let here = element.tag_name() == "BODY" || element.closest(".stage-area").ok().flatten().is_some();
    here && !typing && editor.lab.dialog.is_none()
}

/// Listens to the keys that work anywhere on the stage.
#[hook]
pub(super) fn use_stage_keys(latest: &Rc<RefCell<Option<Editor>>>) {
    let latest = Rc::clone(latest);
    use_effect_with((), move |()| {
        let listener = web_sys::window().map(|window| {
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&window, "keydown", options, move |event| {
                let event: &KeyboardEvent = event.unchecked_ref();
                let Some(editor) = latest.borrow().clone() else { return };
                if !event.default_prevented()
                    && !event.alt_key()
                    && means_stage(&editor, event.target())
                    && editor.stage_key(&event.key(), event.ctrl_key() || event.meta_key())
                {
                    event.prevent_default();
                }
            })
        });
        move || drop(listener)
    });
}

/// Gives the focus to what was asked for, once it is drawn.
#[hook]
pub(super) fn use_focus(wanted: &Rc<RefCell<Option<String>>>) {
    let wanted = Rc::clone(wanted);
    use_effect(move || {
        let id = wanted.borrow().clone();
        let element = id.and_then(|id| web_sys::window()?.document()?.get_element_by_id(&super::draw::element_id(&id)));
        if let Some(element) = element.and_then(|e| e.dyn_into::<web_sys::SvgElement>().ok()) {
            wanted.borrow_mut().take();
            let _ = element.focus();
        }
    });
}

/// Selects what got the focus, unless the pointer gave it, which selects by itself.
pub(super) fn focused(editor: &Editor, hit: Hit, by_pointer: bool) {
    let Some(id) = editor.id(hit) else { return };
    if !by_pointer && !editor.lab.selection.contains(&id) {
        editor.lab.dispatch(Action::Select(vec![id.clone()]));
    }
    if *editor.stop != Some(id.clone()) {
        editor.stop.set(Some(id));
    }
}
