//! Marks and words that outlast what they tell of, measured in milliseconds on the screen: an expired container fades, an
//! evicted one leaves an x and a line to the newcomer, a cold start is called by its name.
//!
//! Which words are shown is a function of the instant alone: screen time is cut into slots of 600 ms from the start of the
//! run, the first note of a slot gets a word, and a word stays for two slots. So there are never more than three.

use std::collections::{BTreeMap, BTreeSet};

use super::anatomy::Detail;
use super::display::{Anchor, Ink, Item, Point, Stroke, text_width};
use super::hosts::{cell_of, idle_cell};
use super::layout::Rect;
use super::moving::{Playback, Scene};
use crate::sim::stage::{Note, NoteKind};

/// How long things last, in milliseconds on the screen.
const FADE_MS: f64 = 300.0;
const CROSS_MS: f64 = 600.0;
const WORD_MS: f64 = 1_200.0;
const SLOT_MS: f64 = WORD_MS / 2.0;
/// The most marks that are drawn at once, and the most x on one machine: at high speed the latest.
const MOST_MARKS: usize = 200;
const MOST_CROSSES: u32 = 2;
/// How many notes of a slot are looked at for one on the screen.
const MOST_LOOKS: usize = 64;

/// The notes of a window, in order of time.
#[derive(Clone, Debug)]
pub(crate) struct Notes {
    /// Those that get a word.
    words: Vec<Note>,
    /// Containers that went, with the cell of the newcomer that an evicted one made room for.
    gone: Vec<(Note, Option<u32>)>,
}

impl Notes {
    /// Sorts notes; those of machines from `machines` on are left out.
    pub(crate) fn new(mut notes: Vec<Note>, machines: u32) -> Notes {
        notes.retain(|n| n.machine < machines);
        notes.sort_by_key(|n| n.at_ns);
        let newcomer = |n: &Note| {
            let first = notes.partition_point(|m| m.at_ns < n.at_ns);
            let together = notes[first..].iter().take_while(|m| m.at_ns == n.at_ns);
            let mut cold = together.filter(|m| m.machine == n.machine && m.kind == NoteKind::ColdStart);
            cold.next().map(|m| m.cell)
        };
        let gone = notes.iter().filter(|n| n.cell != u32::MAX).filter_map(|n| match n.kind {
            NoteKind::Eviction => Some((*n, newcomer(n))),
            NoteKind::Expiry => Some((*n, None)),
            NoteKind::ColdStart | NoteKind::Lost | NoteKind::Offload | NoteKind::ImageEviction | NoteKind::Steal => None,
        });
        let gone = gone.collect();
        let words = notes.iter().filter(|n| n.kind != NoteKind::Expiry).copied().collect();
        Notes { words, gone }
    }
}

/// Draws the traces of containers that went.
pub(crate) fn draw_marks(playback: &Playback, scene: &Scene, out: &mut Vec<Item>) {
    let (Some(cross_ns), Some(fade_ns)) = (scene.sim_ns(CROSS_MS), scene.sim_ns(FADE_MS)) else { return };
    let gone = &playback.notes.gone;
    let end = gone.partition_point(|(n, _)| n.at_ns <= scene.t);
    let begin = gone[..end].partition_point(|(n, _)| (scene.t - n.at_ns) as f64 >= cross_ns);
    let recent = &gone[begin.max(end.saturating_sub(MOST_MARKS))..end];
    if recent.is_empty() {
        return;
    }
    let taken: BTreeSet<(u32, u32)> = playback.containers.at(scene.t).map(|c| (c.host, c.cell)).collect();
    let mut crosses: BTreeMap<u32, u32> = BTreeMap::new();
    for (note, newcomer) in recent.iter().rev() {
        let before = crosses.entry(note.machine).or_default();
        *before += u32::from(note.kind == NoteKind::Eviction);
        if note.kind == NoteKind::Eviction && *before > MOST_CROSSES {
            continue;
        }
        let start = out.len();
        let age = (scene.t - note.at_ns) as f64;
        let index = match note.kind {
            NoteKind::Eviction => evicted(playback, scene, note, *newcomer, out),
            _ if age < fade_ns && !taken.contains(&(note.machine, note.cell)) => expired(playback, scene, note, age / fade_ns, out),
            _ => None,
        };
        if let Some(index) = index {
            scene.dim(index, out, start);
        }
    }
}

/// An x where the container was and a line to the one that took its room.
fn evicted(playback: &Playback, scene: &Scene, note: &Note, newcomer: Option<u32>, out: &mut Vec<Item>) -> Option<usize> {
    let full = Detail::at(scene.viewport.scale) == Detail::Full;
    let Some((index, cell)) = cell_of(playback, scene, note.machine, note.cell).filter(|_| full) else {
        let cell = scene.machine(note.machine).filter(|r| scene.shows(r))?;
        cross(cell.centre(), (cell.w.min(cell.h) * 0.3).clamp(2.0, 5.0), out);
        return scene.node_of(note.machine);
    };
    let new = newcomer.filter(|c| *c != note.cell).and_then(|c| cell_of(playback, scene, note.machine, c));
    if let Some((_, new)) = new {
        let stroke = Stroke::new(Ink::Lost, 1.0);
        out.push(Item::Line { from: cell.centre(), to: new.centre(), stroke });
    }
    cross(cell.centre(), cell.w * 0.32, out);
    Some(index)
}

/// An x on a surface of its own, so that it is seen on any container.
fn cross(at: Point, r: f64, out: &mut Vec<Item>) {
    out.push(Item::Cross { at, r, stroke: Stroke::new(Ink::Surface, 4.0) });
    out.push(Item::Cross { at, r, stroke: Stroke::new(Ink::Lost, 2.0) });
}

/// The container once more, fainter with time.
fn expired(playback: &Playback, scene: &Scene, note: &Note, age: f64, out: &mut Vec<Item>) -> Option<usize> {
    if Detail::at(scene.viewport.scale) != Detail::Full {
        return None;
    }
    let (index, cell) = cell_of(playback, scene, note.machine, note.cell)?;
    let start = out.len();
    idle_cell(cell, 0.0, out);
    if !scene.options.reduced_motion {
        for item in &mut out[start..] {
            item.fade(1.0 - age);
        }
    }
    Some(index)
}

/// Draws the words of what just happened, above the machine that it happened on.
pub(crate) fn draw_words(playback: &Playback, scene: &Scene, out: &mut Vec<Item>) {
    let Some(slot_ns) = scene.sim_ns(SLOT_MS) else { return };
    if Detail::at(scene.viewport.scale) == Detail::Heat {
        return;
    }
    let slot = libm::floor(scene.t as f64 / slot_ns);
    let mut used: Vec<(usize, NoteKind)> = vec![];
    for back in 0..3 {
        let Some(note) = word_of_slot(playback, scene, slot - f64::from(back), slot_ns) else { continue };
        let age = (scene.t - note.at_ns) as f64;
        let Some(index) = scene.node_of(note.machine).filter(|_| age < 2.0 * slot_ns) else { continue };
        // The same word is not said twice at one place.
        if used.contains(&(index, note.kind)) {
            continue;
        }
        let above = used.iter().filter(|u| u.0 == index).count();
        used.push((index, note.kind));
        let start = out.len();
        word(scene, &note, above, out);
        scene.dim(index, out, start);
    }
}

/// The first note of a slot that is on the screen.
fn word_of_slot(playback: &Playback, scene: &Scene, slot: f64, slot_ns: f64) -> Option<Note> {
    let words = &playback.notes.words;
    let first = words.partition_point(|n| (n.at_ns as f64) < slot * slot_ns);
    let inside = |n: &&Note| n.at_ns <= scene.t && (n.at_ns as f64) < (slot + 1.0) * slot_ns;
    let seen = |n: &&Note| scene.node_of(n.machine).is_some_and(|i| scene.shows(&scene.frame(i)));
    words[first..].iter().take(MOST_LOOKS).take_while(inside).find(seen).copied()
}

/// A small plate with the mark of the state and its word: above the node, or beside the machine in a block.
fn word(scene: &Scene, note: &Note, above: usize, out: &mut Vec<Item>) {
    let Some((node, place)) = scene.node_of(note.machine).map(|i| scene.frame(i)).zip(scene.machine(note.machine)) else {
        return;
    };
    let (ink, text) = match note.kind {
        NoteKind::ColdStart => (Ink::Cold, "cold start"),
        NoteKind::Eviction => (Ink::Lost, "evicted"),
        NoteKind::Expiry => (Ink::Muted, "expired"),
        NoteKind::Lost => (Ink::Lost, "dropped"),
        NoteKind::Offload => (Ink::Travelling, "offloaded"),
        NoteKind::Steal => (Ink::Travelling, "stolen"),
        NoteKind::ImageEviction => (Ink::Lost, "image removed"),
    };
    // Smaller where everything is small, so that it does not cover the names of others.
    let (size, h) = if Detail::at(scene.viewport.scale) == Detail::Full { (12.0, 20.0) } else { (10.0, 15.0) };
    let w = text_width(text, size) + h + 8.0;
    let (x, y) = if place == node {
        ((node.right() - w).max(node.centre().0 - w / 2.0), node.y - 4.0 - h - (h + 3.0) * above as f64)
    } else {
        beside_machine(&node, &place, w, h, out)
    };
    let (x, y) = (libm::round(x), libm::round(y));
    let edge = Some(Stroke::new(Ink::Line, 1.0));
    out.push(Item::Rect { x, y, w, h, radius: 4.0, fill: Some(Ink::Surface.into()), stroke: edge });
    let side = h * 0.4;
    let swatch = Rect { x: x + h * 0.35, y: y + h * 0.3, w: side, h: side };
    mark(note.kind, ink, swatch, out);
    out.push(Item::label((x + h, y + h / 2.0 + size * 0.36), size, Anchor::Start, Ink::Ink, text));
}

/// Frames a machine in a block, and says where a plate of this size goes beside it: towards the middle of the block.
fn beside_machine(node: &Rect, place: &Rect, w: f64, h: f64, out: &mut Vec<Item>) -> Point {
    let stroke = Some(Stroke::new(Ink::Ink, 1.5));
    let frame =
        Item::Rect { x: place.x - 1.5, y: place.y - 1.5, w: place.w + 3.0, h: place.h + 3.0, radius: 0.0, fill: None, stroke };
    out.push(frame);
    let x = (place.centre().0 - w / 2.0).min(node.right() - w - 4.0).max(node.x + 4.0);
    let below = place.centre().1 < node.centre().1;
    (x, if below { place.bottom() + 5.0 } else { place.y - 5.0 - h })
}

/// The mark of a state: hatch of a cold start, x of what is lost, dot of what travels.
fn mark(kind: NoteKind, ink: Ink, r: Rect, out: &mut Vec<Item>) {
    match kind {
        NoteKind::ColdStart => out.push(Item::Hatch { x: r.x, y: r.y, w: r.w, h: r.h, fill: ink.into() }),
        NoteKind::Eviction | NoteKind::Lost | NoteKind::ImageEviction => {
            out.push(Item::Cross { at: r.centre(), r: 3.0, stroke: Stroke::new(ink, 2.0) });
        }
        NoteKind::Expiry | NoteKind::Offload | NoteKind::Steal => {
            out.push(Item::Circle { at: r.centre(), r: 2.5, fill: Some(ink.into()), stroke: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::moving::tests::{container, picture, texts, worker};
    use super::*;
    use crate::sim::stage::{ContainerState, StageWindow};

    const MS: u64 = 1_000_000;

    fn note(at_ms: u64, cell: u32, kind: NoteKind) -> Note {
        Note { at_ns: at_ms * MS, machine: 0, cell, kind }
    }

    fn at(notes: Vec<Note>, t_ms: u64) -> Vec<Item> {
        picture(vec![worker()], StageWindow { notes, ..Default::default() }, t_ms * MS)
    }

    fn words(list: &[Item]) -> Vec<String> {
        let is_word = |t: &&&str| t.chars().all(|c| c.is_alphabetic() || c == ' ');
        texts(list).iter().filter(is_word).map(|t| (*t).to_owned()).collect()
    }

    fn crosses(list: &[Item]) -> usize {
        list.iter().filter(|i| matches!(i, Item::Cross { r, .. } if *r > 4.0)).count() / 2
    }

    #[test]
    fn a_word_stays_for_1200_ms() {
        let notes = || vec![note(100, 0, NoteKind::ColdStart)];
        let shown = [99, 100, 1_299, 1_300].map(|t| words(&at(notes(), t)).len());
        assert_eq!(shown, [0, 1, 1, 0]);
    }

    #[test]
    fn there_are_never_more_than_three_words() {
        let kinds = [NoteKind::ColdStart, NoteKind::Eviction, NoteKind::Lost, NoteKind::Offload];
        let notes: Vec<Note> = (0..1_000).map(|i| note(i * 7, 0, kinds[i as usize / 80 % 4])).collect();
        let most = (0..7_000).step_by(50).map(|t| words(&at(notes.clone(), t)).len()).max();
        assert_eq!(most, Some(3));
    }

    #[test]
    fn the_same_word_is_not_said_twice_at_one_place() {
        let notes: Vec<Note> = (0..1_000).map(|i| note(i * 7, 0, NoteKind::ColdStart)).collect();
        assert!((100..7_000).step_by(50).all(|t| words(&at(notes.clone(), t)).len() == 1));
    }

    #[test]
    fn an_eviction_leaves_an_x_for_600_ms_and_a_line_to_the_newcomer() {
        let notes = || vec![note(50, 3, NoteKind::Eviction), note(50, 5, NoteKind::ColdStart)];
        assert_eq!([49, 50, 649, 650].map(|t| crosses(&at(notes(), t))), [0, 1, 1, 0]);
        let line =
            at(notes(), 100).into_iter().find_map(|i| if let Item::Line { from, to, .. } = i { Some((from, to)) } else { None });
        // Cells 3 and 5 of the first row, 16 apart, the first centred at (115, 146).
        assert_eq!(line, Some(((163.0, 146.0), (195.0, 146.0))));
    }

    #[test]
    fn an_expired_container_fades_unless_its_cell_is_taken() {
        let notes = vec![note(0, 0, NoteKind::Expiry)];
        let fill = |list: Vec<Item>| {
            let alpha = |i: &Item| match i {
                Item::Rect { w, h, fill: Some(f), .. } if w == h && f.ink == Ink::Running => Some(f.alpha),
                _ => None,
            };
            list.iter().find_map(alpha)
        };
        let alpha = fill(at(notes.clone(), 150)).unwrap_or(0.0);
        assert!((alpha - 0.15 * 0.5).abs() < 1e-9, "{alpha}");
        assert_eq!(fill(at(notes.clone(), 300)), None);
        let containers = vec![container(0, u64::MAX, 0, ContainerState::Busy, u64::MAX)];
        let list = picture(vec![worker()], StageWindow { notes, containers, ..Default::default() }, 150 * MS);
        assert_eq!(fill(list), Some(1.0));
    }
}
