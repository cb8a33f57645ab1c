//! Images at an instant: those on the disks of workers and head stores as small cells that fill while an image comes, and on
//! the line between two nodes how much of it has come.
//!
//! A cell is full when its image is on the disk; on a worker it is darker while the image is in memory too. What is on its way
//! over a line is a band from where it comes from, as long as the share of it that has come, with the image's name.

use std::collections::{BTreeMap, BTreeSet};

use super::anatomy::{Detail, Frame, text_size};
use super::display::{Anchor, Fill, Ink, Item, Point, Stroke, Weight, fit_text};
use super::hosts::short;
use super::layout::{Rect, Shape};
use super::moving::{Playback, Scene};
use crate::sim::stage::ImageSpan;

/// Width and height of a cell, and from one to the next, in world units.
const CELL: (f64, f64) = (10.0, 6.0);
const PITCH: f64 = 13.0;
/// The most cells of a node; what there is no room for is a number.
const MOST: usize = 6;
/// From one band to the next on one line, and how many are drawn.
const LANE: f64 = 6.0;
const MOST_LANES: usize = 4;
/// The shortest line that has room for a name.
const NAME_FROM: f64 = 90.0;

/// Draws the images of all nodes and those on their way.
pub(crate) fn draw(playback: &Playback, scene: &Scene, out: &mut Vec<Item>) {
    let detail = Detail::at(scene.viewport.scale);
    if detail == Detail::Heat {
        return;
    }
    bands(playback, scene, out);
    if detail != Detail::Full {
        return;
    }
    let mut loaded: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut disks: BTreeMap<u32, Vec<&ImageSpan>> = BTreeMap::new();
    for span in playback.images.at(scene.t) {
        if span.in_memory {
            loaded.insert((span.machine, span.image));
        } else {
            disks.entry(span.machine).or_default().push(span);
        }
    }
    for (machine, mut spans) in disks {
        let Some(index) = scene.node_of(machine).filter(|&i| scene.shows(&scene.frame(i))) else { continue };
        let shape = scene.layout.nodes[index].shape;
        if matches!(shape, Shape::Block(_)) {
            continue;
        }
        // An image keeps its place while others come and go before it as long as possible: in the order of the scenario.
        spans.sort_by_key(|s| s.image);
        let start = out.len();
        let frame = Frame { rect: scene.frame(index), scale: scene.viewport.scale };
        let (shown, left) = cells_at(&frame, shape, spans.len());
        for (i, span) in spans.iter().take(shown).enumerate() {
            let s = frame.scale;
            let cell = Rect { x: left.0 + i as f64 * PITCH * s, y: left.1, w: CELL.0 * s, h: CELL.1 * s };
            disk_cell(cell, playback.share(span, scene.t), loaded.contains(&(machine, span.image)), out);
        }
        if shown < spans.len() {
            let size = text_size(10.0, frame.scale);
            let at = (left.0 - 3.0 * frame.scale, left.1 + CELL.1 * frame.scale / 2.0 + size * 0.36);
            out.push(Item::label(at, size, Anchor::End, Ink::Muted, format!("+{}", short((spans.len() - shown) as u64))));
        }
        scene.dim(index, out, start);
    }
}

/// How many cells there is room for, and the upper left corner of the first: at the right of a worker's last line, in the
/// middle of the lower edge of another node.
fn cells_at(frame: &Frame, shape: Shape, images: usize) -> (usize, Point) {
    let s = frame.scale;
    let most = if shape == Shape::Worker { MOST } else { 4 };
    let shown = images.min(most);
    let wide = ((shown as f64 - 1.0) * PITCH + CELL.0) * s;
    if shape == Shape::Worker {
        let text = text_size(12.0, s);
        (shown, (frame.rect.right() - frame.inset() - wide, frame.footer(text) - text * 0.36 - CELL.1 * s / 2.0))
    } else {
        (shown, (frame.rect.centre().0 - wide / 2.0, frame.rect.bottom() - (CELL.1 + 4.0) * s))
    }
}

/// An image on a disk, or as much of it as has come.
fn disk_cell(cell: Rect, share: f64, loaded: bool, out: &mut Vec<Item>) {
    let Rect { x, y, w, h } = cell;
    if share >= 1.0 {
        let alpha = if loaded { 0.75 } else { 0.35 };
        out.push(Item::bar(x, y, w, h, Fill { ink: Ink::Muted, alpha }));
    } else {
        out.push(Item::Hatch { x, y, w: w * share, h, fill: Ink::Cold.into() });
    }
    let ink = if share >= 1.0 { Ink::Muted } else { Ink::Cold };
    let stroke = Some(Stroke::new(ink, 1.0));
    out.push(Item::Rect { x: x + 0.5, y: y + 0.5, w: w - 1.0, h: h - 1.0, radius: 1.0, fill: None, stroke });
}

/// Images on their way between two nodes, each a band beside the line; its name stands by the first.
fn bands(playback: &Playback, scene: &Scene, out: &mut Vec<Item>) {
    let mut lanes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for span in playback.images.at(scene.t).filter(|s| s.source != u32::MAX) {
        let (Some(from), Some(to)) = (scene.node_of(span.source), scene.node_of(span.machine)) else { continue };
        let lane = lanes.entry((from, to)).or_default();
        *lane += 1;
        if from == to || *lane > MOST_LANES {
            continue;
        }
        let points: Vec<Point> = scene.layout.route(from, to).into_iter().map(|p| scene.viewport.to_screen(p)).collect();
        let away = -LANE * *lane as f64 * scene.viewport.scale.clamp(0.5, 1.0);
        let line = shifted(&points, away);
        let share = if scene.options.reduced_motion {
            libm::floor(playback.share(span, scene.t) * 4.0) / 4.0
        } else {
            playback.share(span, scene.t)
        };
        let start = out.len();
        let long = length(&line);
        let track = Stroke { alpha: 0.25, ..Stroke::new(Ink::Cold, 3.0) };
        out.push(Item::Polyline { points: line.clone(), fill: None, stroke: Some(track) });
        let (gone, head) = beginning(&line, long * share);
        if gone.len() > 1 {
            out.push(Item::Polyline { points: gone, fill: None, stroke: Some(Stroke::new(Ink::Cold, 3.0)) });
        }
        let side = 7.0 * scene.viewport.scale.clamp(0.7, 1.2);
        let edge = Some(Stroke::new(Ink::Cold, 1.5));
        let surface = Some(Ink::Surface.into());
        out.push(Item::Rect {
            x: head.0 - side / 2.0,
            y: head.1 - side / 2.0,
            w: side,
            h: side,
            radius: 1.5,
            fill: surface,
            stroke: edge,
        });
        if *lane == 1 && long >= NAME_FROM && Detail::at(scene.viewport.scale) == Detail::Full {
            name(playback.facts.image(span.image), &line, long, out);
        }
        if !(scene.is_lit(from) && scene.is_lit(to)) {
            out[start..].iter_mut().for_each(|i| i.fade(super::moving::DIMMED));
        }
    }
}

/// The name of an image beside the middle of its line.
fn name(text: &str, line: &[Point], long: f64, out: &mut Vec<Item>) {
    let (_, at) = beginning(line, long / 2.0);
    let text = fit_text(text, 11.0, long - 40.0);
    let (anchor, weight, fill, halo) = (Anchor::Middle, Weight::Regular, Ink::Ink.into(), Some(Ink::Ground));
    out.push(Item::Text { at: (at.0, at.1 - 7.0), size: 11.0, anchor, weight, fill, halo, text });
}

/// A line moved to the right of its direction, by its corners.
fn shifted(points: &[Point], right: f64) -> Vec<Point> {
    let normal = |a: Point, b: Point| {
        let long = libm::hypot(b.0 - a.0, b.1 - a.1).max(1e-9);
        (-(b.1 - a.1) / long, (b.0 - a.0) / long)
    };
    let at = |i: usize| {
        let (before, after) = (points[i.saturating_sub(1)], points[(i + 1).min(points.len() - 1)]);
        let (nx, ny) = normal(before, after);
        (points[i].0 + nx * right, points[i].1 + ny * right)
    };
    (0..points.len()).map(at).collect()
}

fn length(points: &[Point]) -> f64 {
    points.windows(2).map(|p| libm::hypot(p[1].0 - p[0].0, p[1].1 - p[0].1)).sum()
}

/// A line up to a distance, and where that is.
fn beginning(points: &[Point], distance: f64) -> (Vec<Point>, Point) {
    let mut gone: Vec<Point> = points.first().copied().into_iter().collect();
    let mut left = distance;
    for pair in points.windows(2) {
        let long = libm::hypot(pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        if left <= long {
            let share = if long > 0.0 { left / long } else { 0.0 };
            gone.push((pair[0].0 + (pair[1].0 - pair[0].0) * share, pair[0].1 + (pair[1].1 - pair[0].1) * share));
            break;
        }
        left -= long;
        gone.push(pair[1]);
    }
    let head = gone.last().copied().unwrap_or_default();
    (gone, head)
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::node;
    use super::super::moving::tests::{picture, texts, worker};
    use super::*;
    use crate::scenario::Role;
    use crate::sim::stage::StageWindow;

    /// An image on its way to the first machine's disk from the second between 0 and 1000, or in its memory.
    fn coming(in_memory: bool) -> ImageSpan {
        let source = if in_memory { u32::MAX } else { 1 };
        ImageSpan { from_ns: 0, to_ns: 1_000, machine: 0, source, image: 0, mb: 1024.0, in_memory, share: [0.0, 1.0] }
    }

    fn at(images: Vec<ImageSpan>, t: u64) -> Vec<Item> {
        let store = node("store", "z", Role::HeadStore, 500.0, 120.0);
        picture(vec![worker(), store], StageWindow { images, to_ns: 1_000, ..Default::default() }, t)
    }

    fn band(list: &[Item]) -> Option<f64> {
        let line = |i: &Item| match i {
            Item::Polyline { points, stroke: Some(s), .. } if s.ink == Ink::Cold && s.alpha == 1.0 => Some(length(points)),
            _ => None,
        };
        list.iter().find_map(line)
    }

    #[test]
    fn a_band_is_as_long_as_what_has_come() {
        // From the store's frame at 500 to the worker's at 268.
        let (half, most) = (band(&at(vec![coming(false)], 500)), band(&at(vec![coming(false)], 900)));
        assert!(half.zip(most).is_some_and(|(half, most)| (most / half - 1.8).abs() < 1e-9), "{half:?} {most:?}");
        assert_eq!(band(&at(vec![coming(false)], 1_000)), None, "it has come");
    }

    #[test]
    fn images_count_in_the_memory_of_a_worker() {
        assert!(texts(&at(vec![coming(true)], 500)).contains(&"1 / 4 GB"));
        let cells = |images| at(images, 500).iter().filter(|i| matches!(i, Item::Hatch { .. })).count();
        assert_eq!(cells(vec![coming(true)]), 1, "a load is hatched in the memory bar");
        assert_eq!(cells(vec![coming(false)]), 1, "a copy in its cell");
    }
}
