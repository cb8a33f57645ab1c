//! Placers at an instant: their inbox as ticks, the decision in progress as a ring that fills.

use super::anatomy::{Detail, placer_spot, text_size};
use super::display::{Anchor, Ink, Item, Point, Stroke};
use super::hosts::short;
use super::layout::Shape;
use super::moving::{Playback, Scene};

/// The most ticks beside a diamond; more are a number.
const MOST_TICKS: usize = 4;
/// From one tick to the next, in world units.
const TICK_PITCH: f64 = 4.0;
/// Radius of the ring, to half the diagonal of the diamond.
const RING: f64 = 1.35;

/// What a placer does.
#[derive(Clone, Copy, Default)]
struct Work {
    waiting: usize,
    /// How much of the decision is done, 0 to 1.
    deciding: Option<f64>,
}

/// Draws the work of all placers.
pub(crate) fn draw(playback: &Playback, scene: &Scene, out: &mut Vec<Item>) {
    if Detail::at(scene.viewport.scale) == Detail::Heat {
        return;
    }
    let mut work: Vec<(u32, Work)> = vec![];
    for span in playback.placers.at(scene.t) {
        let at = work.binary_search_by_key(&span.machine, |w| w.0).unwrap_or_else(|place| {
            work.insert(place, (span.machine, Work::default()));
            place
        });
        if span.deciding {
            // What is not over at the end of the window ends no earlier than that.
            let end = span.to_ns.min(playback.to_ns.max(scene.t)).max(span.from_ns + 1);
            work[at].1.deciding = Some((scene.t - span.from_ns) as f64 / (end - span.from_ns) as f64);
        } else {
            work[at].1.waiting += 1;
        }
    }
    for (machine, work) in work {
        let Some(index) = scene.node_of(machine) else { continue };
        // A block's machines are too small for a diamond each.
        if matches!(scene.layout.nodes[index].shape, Shape::Block(_)) || !scene.shows(&scene.frame(index)) {
            continue;
        }
        let start = out.len();
        placer(scene, index, &work, out);
        scene.dim(index, out, start);
    }
}

fn placer(scene: &Scene, index: usize, work: &Work, out: &mut Vec<Item>) {
    let own = &scene.layout.nodes[index];
    let scale = scene.viewport.scale;
    let ((x, y), half) = placer_spot(scene.frame(index), scale, own.shape, own.glyphs, own.placer);
    let ring = half * RING;
    if let Some(part) = work.deciding {
        let track = Some(Stroke::new(Ink::Line, 2.0));
        out.push(Item::Circle { at: (x, y), r: ring, fill: None, stroke: track });
        out.push(Item::Arc { at: (x, y), r: ring, part, stroke: Stroke::new(Ink::Ink, 2.0) });
    }
    inbox((x - ring - 3.0 * scale, y), scale, work.waiting, out);
    if work.waiting > MOST_TICKS {
        number(scene, index, work.waiting, out);
    }
}

/// Ticks from right to left, the next to be decided at the right.
fn inbox((right, y): Point, scale: f64, waiting: usize, out: &mut Vec<Item>) {
    let (w, h) = ((2.0 * scale).max(1.0), 10.0 * scale);
    for i in 0..waiting.min(MOST_TICKS) {
        out.push(Item::bar(right - w - i as f64 * TICK_PITCH * scale, y - h / 2.0, w, h, Ink::Waiting));
    }
}

/// How many are in the inbox: in the corner of the frame, or above it when that is too small.
fn number(scene: &Scene, index: usize, waiting: usize, out: &mut Vec<Item>) {
    let rect = scene.frame(index);
    let scale = scene.viewport.scale;
    let size = text_size(11.0, scale);
    let inside = Detail::at(scale) == Detail::Full && scene.layout.nodes[index].shape == Shape::Small;
    let y = if inside { rect.y + size + 1.0 } else { rect.y - 3.0 };
    out.push(Item::label((rect.x + 4.0 * scale, y), size, Anchor::Start, Ink::Ink, short(waiting as u64)));
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::node;
    use super::super::moving::tests::{picture, texts};
    use super::*;
    use crate::scenario::Role;
    use crate::sim::stage::{PlacerSpan, StageWindow};

    fn window(waiting: u64) -> StageWindow {
        let inbox = (0..waiting).map(|i| PlacerSpan { from_ns: i, to_ns: 1_000, machine: 0, deciding: false });
        let deciding = PlacerSpan { from_ns: 400, to_ns: 800, machine: 0, deciding: true };
        StageWindow { to_ns: 1_000, placers: inbox.chain([deciding]).collect(), ..Default::default() }
    }

    fn at(waiting: u64, t: u64) -> Vec<Item> {
        picture(vec![node("p", "z", Role::EdgeController, 100.0, 100.0)], window(waiting), t)
    }

    fn ticks(list: &[Item]) -> usize {
        list.iter().filter(|i| matches!(i, Item::Rect { fill: Some(f), .. } if f.ink == Ink::Waiting)).count()
    }

    #[test]
    fn the_ring_fills_over_the_decision() {
        let part = |t| at(0, t).iter().find_map(|i| if let Item::Arc { part, .. } = i { Some(*part) } else { None });
        assert_eq!([part(399), part(400), part(500), part(799), part(800)], [None, Some(0.0), Some(0.25), Some(0.9975), None]);
    }

    #[test]
    fn an_inbox_is_ticks_and_then_a_number() {
        assert_eq!((ticks(&at(3, 900)), texts(&at(3, 900)).len()), (3, 0));
        assert_eq!((ticks(&at(9, 900)), texts(&at(9, 900))), (4, vec!["9"]));
    }
}
