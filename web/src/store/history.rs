//! The undo history, kept through a reload.
//!
//! Each step is a text of its own under its fingerprint, so that an edit writes one step and not two hundred; a list says which
//! steps there are, where the present is among them, and which scenario that is. Where there is no room, the oldest steps go
//! first.

use std::collections::BTreeSet;
use std::rc::Rc;

use faaslab_core::edit::Document;
use faaslab_core::scenario::Scenario;
use faaslab_core::share::encode;
use serde::{Deserialize, Serialize};

/// The key of the list.
const LIST: &str = "faaslab.history";
/// What stands before the fingerprint of a step in its key.
const STEP: &str = "faaslab.step.";

/// Texts by keys, as a browser keeps them.
pub(crate) trait Shelf {
    /// The text of a key.
    fn get(&self, key: &str) -> Option<String>;
    /// Keeps a text. Answers whether there was room.
    fn set(&self, key: &str, text: &str) -> bool;
    /// Takes a text away.
    fn remove(&self, key: &str);
}

impl Shelf for web_sys::Storage {
    fn get(&self, key: &str) -> Option<String> {
        self.get_item(key).ok().flatten()
    }

    fn set(&self, key: &str, text: &str) -> bool {
        self.set_item(key, text).is_ok()
    }

    fn remove(&self, key: &str) {
        let _ = self.remove_item(key);
    }
}

#[derive(Default, Serialize, Deserialize)]
struct List {
    /// The fingerprint of the scenario between past and future.
    now: String,
    /// Fingerprints of the states before, the oldest first.
    done: Vec<String>,
    /// Fingerprints of the states that were taken back, the next one last.
    undone: Vec<String>,
}

impl List {
    fn read(shelf: &impl Shelf) -> List {
        shelf.get(LIST).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    fn steps(&self) -> impl Iterator<Item = &String> {
        self.done.iter().chain(&self.undone)
    }
}

/// FNV-1a, in hexadecimal digits: tells a few hundred texts apart.
fn fingerprint(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

fn key(fingerprint: &str) -> String {
    format!("{STEP}{fingerprint}")
}

/// Keeps the history of a document. Answers how many of its oldest steps there was no room for.
pub(crate) fn keep(shelf: &impl Shelf, document: &Document) -> usize {
    let before = List::read(shelf);
    let (done, undone) = document.steps();
    let named = |steps: &[Rc<str>]| steps.iter().map(|step| fingerprint(step)).collect::<Vec<_>>();
    let mut list = List { now: fingerprint(&encode(document.scenario())), done: named(done), undone: named(undone) };
    let there: BTreeSet<&String> = before.steps().collect();
    let drop_unused = |list: &List| {
        let used: BTreeSet<&String> = list.steps().collect();
        there.iter().filter(|f| !used.contains(*f)).for_each(|f| shelf.remove(&key(f)));
    };
    drop_unused(&list);
    // The newest are written first, so that where the room ends only older ones are missing.
    let texts = done.iter().zip(&list.done).rev().chain(undone.iter().zip(&list.undone).rev());
    let new: Vec<(Rc<str>, String)> =
        texts.filter(|(_, f)| !there.contains(f)).map(|(text, f)| (Rc::clone(text), f.clone())).collect();
    let mut lost = 0;
    let mut make_room = |list: &mut List| {
        let gone = if list.done.is_empty() { list.undone.first().cloned() } else { list.done.first().cloned() };
        match gone {
            Some(gone) => {
                if list.done.is_empty() {
                    drop(list.undone.remove(0))
                } else {
                    drop(list.done.remove(0))
                }
                lost += 1;
                if !list.steps().any(|f| *f == gone) {
                    shelf.remove(&key(&gone));
                }
                true
            }
            None => false,
        }
    };
    for (text, f) in new {
        while list.steps().any(|step| *step == f) && !shelf.set(&key(&f), &text) {
            make_room(&mut list);
        }
    }
    while !shelf.set(LIST, &serde_json::to_string(&list).unwrap_or_default()) {
        if !make_room(&mut list) {
            shelf.remove(LIST);
            break;
        }
    }
    lost
}

/// Gives the room of the oldest step that is kept back. Answers whether there was one.
pub(crate) fn give_way(shelf: &impl Shelf) -> bool {
    let mut list = List::read(shelf);
    let gone = match (list.done.is_empty(), list.undone.is_empty()) {
        (false, _) => list.done.remove(0),
        (true, false) => list.undone.remove(0),
        (true, true) => return false,
    };
    if !list.steps().any(|f| *f == gone) {
        shelf.remove(&key(&gone));
    }
    // Shorter than what was there: it fits.
    shelf.set(LIST, &serde_json::to_string(&list).unwrap_or_default())
}

/// A history, as [`Document::take_steps`] takes it.
pub(crate) type Steps = (Vec<Rc<str>>, Vec<Rc<str>>);

/// The history that was kept with a scenario: past and future. A history of another scenario is none of this one's.
pub(crate) fn kept(shelf: &impl Shelf, scenario: &Scenario) -> Steps {
    let list = List::read(shelf);
    if list.now != fingerprint(&encode(scenario)) {
        return Steps::default();
    }
    // The nearest to the present come first, as far as they are there.
    let read = |names: &[String]| {
        let texts = names.iter().rev().map_while(|f| shelf.get(&key(f)).filter(|text| fingerprint(text) == *f));
        let mut steps: Vec<Rc<str>> = texts.map(Rc::from).collect();
        steps.reverse();
        steps
    };
    (read(&list.done), read(&list.undone))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::gallery;

    /// Keeps at most so many bytes.
    struct Room(usize, RefCell<BTreeMap<String, String>>);

    impl Shelf for Room {
        fn get(&self, key: &str) -> Option<String> {
            self.1.borrow().get(key).cloned()
        }

        fn set(&self, key: &str, text: &str) -> bool {
            let mut texts = self.1.borrow_mut();
            let others: usize = texts.iter().filter(|(k, _)| *k != key).map(|(k, t)| k.len() + t.len()).sum();
            let fits = others + key.len() + text.len() <= self.0;
            if fits {
                texts.insert(key.to_owned(), text.to_owned());
            }
            fits
        }

        fn remove(&self, key: &str) {
            self.1.borrow_mut().remove(key);
        }
    }

    fn room(bytes: usize) -> Room {
        Room(bytes, RefCell::default())
    }

    fn edit(document: &mut Document, seed: u64) {
        let mut scenario = document.scenario().clone();
        scenario.run.seed = seed;
        let done = document.edit(faaslab_core::edit::Command::Replace(Box::new(scenario)));
        assert!(done.is_ok());
    }

    fn edited(times: u64) -> Document {
        let mut document = Document::new(gallery::opening());
        (0..times).for_each(|i| edit(&mut document, 100 + i));
        document
    }

    fn restored(shelf: &Room, document: &Document) -> Document {
        let mut fresh = Document::new(document.scenario().clone());
        let (done, undone) = kept(shelf, document.scenario());
        fresh.take_steps(done, undone);
        fresh
    }

    #[test]
    fn a_history_comes_back_whole() {
        let shelf = room(usize::MAX);
        let mut document = edited(200);
        (0..7).for_each(|_| assert!(document.undo()));
        assert_eq!(keep(&shelf, &document), 0);
        assert_eq!(restored(&shelf, &document), document);
        // And again after it went on: the steps that were taken back leave.
        edit(&mut document, 5);
        assert_eq!(keep(&shelf, &document), 0);
        assert_eq!(restored(&shelf, &document), document);
        let (done, undone) = document.steps();
        assert_eq!(shelf.1.borrow().len(), done.len() + undone.len() + 1, "nothing is left behind");
    }

    #[test]
    fn without_room_the_oldest_steps_go_first() {
        let all = room(usize::MAX);
        let document = edited(50);
        keep(&all, &document);
        let bytes: usize = all.1.borrow().iter().map(|(k, t)| k.len() + t.len()).sum();
        let shelf = room(bytes / 2);
        let lost = keep(&shelf, &document);
        assert!((20..35).contains(&lost), "{lost} of 50");
        let back = restored(&shelf, &document);
        assert_eq!(back.steps().0, &document.steps().0[lost..]);
        // One step more costs old ones again, and never the new one.
        let mut document = back;
        edit(&mut document, 7);
        keep(&shelf, &document);
        let again = restored(&shelf, &document);
        assert!(document.steps().0.ends_with(again.steps().0) && again.can_undo());
    }

    #[test]
    fn without_any_room_nothing_is_kept_and_nothing_fails() {
        let shelf = room(10);
        assert_eq!(keep(&shelf, &edited(3)), 3);
        assert!(shelf.1.borrow().is_empty() && !give_way(&shelf));
    }

    #[test]
    fn the_history_gives_way_step_by_step() {
        let shelf = room(usize::MAX);
        let document = edited(3);
        keep(&shelf, &document);
        assert!(give_way(&shelf));
        assert_eq!(restored(&shelf, &document).steps().0, &document.steps().0[1..]);
        assert!(give_way(&shelf) && give_way(&shelf) && !give_way(&shelf));
        assert_eq!(shelf.1.borrow().len(), 1);
    }

    #[test]
    fn the_history_of_another_scenario_is_not_taken_and_a_missing_step_ends_it() {
        let shelf = room(usize::MAX);
        let document = edited(6);
        keep(&shelf, &document);
        assert_eq!(kept(&shelf, &gallery::opening()), Steps::default());
        let third = fingerprint(&document.steps().0[2]);
        shelf.remove(&key(&third));
        assert_eq!(kept(&shelf, document.scenario()).0, &document.steps().0[3..]);
    }
}
