//! Every shortcut, once: the help lists this table, and the page's key handler does what it says.

use std::cell::Cell;
use std::rc::Rc;

use faaslab_core::sim::search::{Aim, Direction};
use web_sys::KeyboardEvent;

use crate::app::Tools;
use crate::store::{Action, Dialog, LabHandle};

/// What a shortcut does.
type Act = fn(&LabHandle, &Tools);

/// A line of the table.
pub(crate) struct Shortcut {
    /// Its keys, with commas between alternatives: `Ctrl Y, Ctrl Shift Z`.
    pub(crate) keys: &'static str,
    /// What it does, in words.
    pub(crate) what: &'static str,
    /// What it does; nothing where the part that has the pointer or the focus does it.
    act: Option<Act>,
}

const fn does(keys: &'static str, what: &'static str, act: Act) -> Shortcut {
    Shortcut { keys, what, act: Some(act) }
}

const fn told(keys: &'static str, what: &'static str) -> Shortcut {
    Shortcut { keys, what, act: None }
}

/// All shortcuts, by where they work.
pub(crate) const SHORTCUTS: &[(&str, &[Shortcut])] = &[
    (
        "Everywhere",
        &[
            does("Space", "Play or pause; held, a drag on the stage looks around", |_, tools| tools.player.toggle()),
            does(".", "Pause, and go to the next event", |_, tools| tools.player.find(Aim::Event, Direction::Forward)),
            does(",", "Pause, and go to the event before", |_, tools| tools.player.find(Aim::Event, Direction::Back)),
            does("]", "To the next cold start, or what is chosen there", |_, tools| tools.player.jump(Direction::Forward)),
            does("[", "To the one before", |_, tools| tools.player.jump(Direction::Back)),
            does("Ctrl Z", "Undo", |lab, _| lab.dispatch(Action::Undo)),
            does("Ctrl Y, Ctrl Shift Z", "Redo", |lab, _| lab.dispatch(Action::Redo)),
            does("Escape", "Follow no invocation, select nothing; close what is open", |lab, tools| {
                if tools.player.is_following() {
                    tools.player.follow(None);
                } else {
                    lab.dispatch(Action::Select(Vec::new()));
                }
            }),
            does("?", "This list", |lab, _| lab.dispatch(Action::Show(Some(Dialog::Help)))),
        ],
    ),
    (
        "Going around the stage",
        &[
            told("Tab", "To the stage, and on to what comes after it"),
            told("Ctrl Arrows", "To the nearest node or link in that direction; with Shift it is selected as well"),
            told("Page Down, Page Up", "To the next or previous of the outline; Home and End to the first and last"),
            told("Enter", "On a block: open it. Then arrows go from machine to machine, and Escape leaves the block"),
            told("+, -, 0", "Zoom in, zoom out, show everything"),
            told("Wheel", "Zoom, as two fingers do; with Shift look around"),
            told("H, Middle button", "Drag to look around, as with Space held"),
        ],
    ),
    (
        "Editing on the stage",
        &[
            told("Arrows", "Move what is selected; with Shift by one pixel"),
            told("Drag", "Move nodes and zones; a node that comes into another zone joins it"),
            told("Shift Click", "Select several; drag on the ground to select what is there"),
            told("Ctrl A", "Select everything"),
            told("Ctrl C, Ctrl X, Ctrl V", "Copy, cut, paste, also between tabs"),
            told("Ctrl D", "Copy what is selected beside itself"),
            told("Delete", "Delete what is selected"),
            told("V, L", "Select; connect: Enter on one end, then on the other"),
        ],
    ),
    (
        "In the outline",
        &[
            told("Arrows", "From line to line; right opens a block, left closes it"),
            told("Space", "Select as well"),
            told("Enter", "Go to it on the stage"),
        ],
    ),
    ("In the results", &[told("Left, Right", "Another tab")]),
    (
        "On a chart",
        &[
            told("Arrows", "Read values; with Shift in larger steps. Home and End to its sides"),
            told("Enter", "List the invocations of what is read"),
            told("+, -, 0", "Show less of the time or more, and all of it"),
            told("Escape", "Stop reading"),
        ],
    ),
    (
        "In a table",
        &[
            told("Up, Down", "From row to row; Page Up and Page Down by a screen, Home and End to its ends"),
            told("Enter", "Open what the row is about"),
        ],
    ),
];

/// The space bar. A short press does what its shortcut says when it ends, or presses the button that has the focus; while it is
/// held the stage follows the pointer.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Space(Rc<Cell<Bar>>);

#[derive(Clone, Copy, Default, PartialEq)]
enum Bar {
    #[default]
    Up,
    /// It is down, and a shortcut if that is all.
    Down,
    /// It is down, and that is a button's, or something was dragged meanwhile.
    Used,
}

impl Space {
    /// A drag begins. Answers whether the bar is held: the drag looks around then.
    pub(crate) fn drags(&self) -> bool {
        let held = self.0.get() != Bar::Up;
        if held {
            self.0.set(Bar::Used);
        }
        held
    }

    fn press(&self, focus: Focus) {
        match (self.0.get(), focus) {
            (Bar::Up, Focus::Other) => self.set(Bar::Down),
            (Bar::Up, Focus::Button) => self.set(Bar::Used),
            _ => {}
        }
    }

    /// It goes up. Answers whether it did nothing meanwhile.
    fn release(&self) -> bool {
        let short = self.0.get() == Bar::Down;
        self.set(Bar::Up);
        short
    }

    /// The style sheet shows a hand as long as it is held.
    fn set(&self, bar: Bar) {
        self.0.set(bar);
        if let Some(root) = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element()) {
            let _ = root.toggle_attribute_with_force("data-looking", bar != Bar::Up);
        }
    }
}

/// A press of a key.
#[derive(Clone, Debug, Default, PartialEq)]
struct Press {
    key: String,
    command: bool,
    shift: bool,
    alt: bool,
}

impl Press {
    /// Whether this is one of the alternatives of a shortcut.
    fn is(&self, keys: &str) -> bool {
        keys.split(", ").any(|combination| self.is_one(combination))
    }

    fn is_one(&self, combination: &str) -> bool {
        let mut words: Vec<&str> = combination.split(' ').collect();
        let key = match words.pop() {
            Some("Space") => " ",
            Some(key) => key,
            None => return false,
        };
        // Signs such as ? need Shift on some keyboards and not on others.
        let shift = words.contains(&"Shift") == self.shift || !key.chars().all(char::is_alphanumeric);
        key.eq_ignore_ascii_case(&self.key)
            && words.contains(&"Ctrl") == self.command
            && words.contains(&"Alt") == self.alt
            && shift
    }
}

/// What has the focus, as far as keys care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Focus {
    /// Something that is written into: only Escape is not its own.
    Text,
    /// Something that Space and Enter press.
    Button,
    Other,
}

fn focus_of(event: &KeyboardEvent) -> Focus {
    use wasm_bindgen::JsCast;
    let Some(element) = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) else { return Focus::Other };
    let kind = element.get_attribute("type");
    match element.tag_name().as_str() {
        "INPUT" if matches!(kind.as_deref(), Some("range" | "checkbox" | "radio")) => Focus::Button,
        "INPUT" | "TEXTAREA" | "SELECT" => Focus::Text,
        "BUTTON" | "SUMMARY" | "A" => Focus::Button,
        _ => Focus::Other,
    }
}

/// The shortcut of a press, if it has one that works at this focus.
fn shortcut_of(press: &Press, focus: Focus) -> Option<Act> {
    let mine = match focus {
        Focus::Text => press.key != "Escape",
        Focus::Button => matches!(press.key.as_str(), " " | "Enter"),
        Focus::Other => false,
    };
    let all = SHORTCUTS.iter().flat_map(|(_, shortcuts)| shortcuts.iter());
    if mine { None } else { all.filter(|s| press.is(s.keys)).find_map(|s| s.act) }
}

/// Does what a key stands for. A dialog has its keys to itself.
pub(crate) fn press(lab: &LabHandle, tools: &Tools, event: &KeyboardEvent) {
    if lab.dialog.is_some() {
        return;
    }
    let press =
        Press { key: event.key(), command: event.ctrl_key() || event.meta_key(), shift: event.shift_key(), alt: event.alt_key() };
    let focus = focus_of(event);
    let is_space = press.is("Space");
    if is_space {
        tools.space.press(focus);
    }
    if let Some(act) = shortcut_of(&press, focus) {
        if !is_space {
            act(lab, tools);
        }
        event.prevent_default();
    }
}

/// A key goes up: that is when the space bar does what it stands for.
pub(crate) fn release(lab: &LabHandle, tools: &Tools, event: &KeyboardEvent) {
    let space = Press { key: event.key(), ..Press::default() };
    if space.is("Space")
        && tools.space.release()
        && let Some(act) = shortcut_of(&space, Focus::Other)
    {
        act(lab, tools);
    }
}

/// The page has lost the keys: what was held is no longer.
pub(crate) fn let_go(tools: &Tools) {
    tools.space.release();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(key: &str) -> Press {
        Press { key: key.to_owned(), ..Press::default() }
    }

    #[test]
    fn combinations_are_told_apart() {
        let undo = Press { command: true, ..pressed("z") };
        let redo = Press { shift: true, ..Press { key: "Z".to_owned(), ..undo.clone() } };
        assert!(undo.is("Ctrl Z") && !redo.is("Ctrl Z") && redo.is("Ctrl Y, Ctrl Shift Z") && !pressed("z").is("Ctrl Z"));
        assert!(Press { shift: true, ..pressed("?") }.is("?") && pressed("?").is("?"));
        assert!(pressed(" ").is("Space") && !Press { alt: true, ..pressed(" ") }.is("Space"));
    }

    #[test]
    fn no_two_shortcuts_share_keys() {
        let all: Vec<&str> =
            SHORTCUTS.iter().flat_map(|(_, s)| s.iter()).filter(|s| s.act.is_some()).flat_map(|s| s.keys.split(", ")).collect();
        for (i, keys) in all.iter().enumerate() {
            assert!(!all[..i].contains(keys), "{keys} does two things");
        }
    }

    #[test]
    fn what_is_written_into_keeps_its_keys_and_a_button_is_pressed_by_space() {
        assert!(shortcut_of(&pressed(" "), Focus::Other).is_some());
        assert!(shortcut_of(&pressed(" "), Focus::Button).is_none() && shortcut_of(&pressed("?"), Focus::Button).is_some());
        assert!(shortcut_of(&pressed("?"), Focus::Text).is_none() && shortcut_of(&pressed("Escape"), Focus::Text).is_some());
        assert!(shortcut_of(&pressed("Delete"), Focus::Other).is_none(), "the stage does that");
    }
}
