//! The messages of a window as numbers for a GPU: a shader puts each where its time has brought it, so that nothing is sent to
//! the GPU from frame to frame but the instant.
//!
//! Places are in the world and times count from a base in the window, so that neither a pan nor a zoom nor the clock changes
//! what was sent. The shader does with them what [`super::flights`] does: a test below does the same once more and compares.

use std::ops::Range;

use super::display::Point;
use super::facts::Facts;
use super::flights::{self, CORNER, OnWay, Path, Way, rounded};
use super::layout::{Layout, Shape};
use super::moving::Playback;
use crate::sim::stage::FlightKind;

/// Numbers of one message: start and duration in nanoseconds, the start counted from the base; the number of its way and its
/// kind; where it leaves its machine and where it comes to, as x and y each.
pub type FlightNumbers = [f32; 8];

/// The messages of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// The instant that times are counted from, in nanoseconds.
    pub base_ns: u64,
    /// The messages in order of their start.
    pub flights: Vec<FlightNumbers>,
    /// The offloads among them, which have tails.
    pub offloads: Vec<FlightNumbers>,
    /// Of each way its first point, how many it has, and its length.
    pub ways: Vec<[f32; 4]>,
    /// The points of the ways: x, y, and the distance from the start of the way.
    pub points: Vec<[f32; 4]>,
    /// The longest time on the way.
    longest: f32,
}

/// How a kind is numbered in an [`Upload`].
pub fn kind_number(kind: FlightKind) -> f32 {
    f32::from(kind as u8)
}

impl Upload {
    /// How far right of the line messages keep, in pixels.
    pub const LANE: f64 = flights::LANE;
    /// How far an offload passes beside the middle of its route, as a share of its distance.
    pub const BEND: f64 = flights::BEND;
    /// The longest distance that counts for it, in pixels.
    pub const BEND_UP_TO: f64 = flights::BEND_UP_TO;
    /// Length of the tail of an offload, in pixels.
    pub const TAIL: f64 = flights::TAIL;
    /// How solid that is.
    pub const TAIL_ALPHA: f64 = flights::TAIL_ALPHA;
    /// How solid a result is.
    pub const RETURNING: f64 = flights::RETURNING;
    /// The line of a hollow dot, in pixels.
    pub const HOLLOW_STROKE: f64 = flights::HOLLOW_STROKE;
    /// How much smaller the circle of a hollow dot is, in pixels.
    pub const HOLLOW_INSET: f64 = flights::HOLLOW_INSET;
    /// Steps that a route is gone in when motion is reduced.
    pub const STEPS: f64 = flights::STEPS;

    /// Radius of a dot at a scale, in pixels.
    pub fn radius(scale: f64) -> f64 {
        flights::radius(scale)
    }

    /// The numbers of a window; messages of nodes that the layout does not have are left out.
    pub(super) fn new(playback: &Playback, layout: &Layout) -> Upload {
        let (facts, ways) = (&playback.facts, &playback.ways);
        let boxes = facts.boxes(layout);
        let path = |way: &Way| {
            let index = |node: u32| boxes.get(node as usize).copied().flatten();
            let points = index(way.from).zip(index(way.to)).map(|(from, to)| layout.route(from, to))?;
            Path::new(rounded(&points, CORNER))
        };
        let base_ns = playback.from_ns;
        let paths: Vec<Option<Path>> = ways.ways.iter().map(path).collect();
        let mut upload = Upload { base_ns, flights: vec![], offloads: vec![], ways: vec![], points: vec![], longest: 0.0 };
        for path in &paths {
            let (first, length) = (upload.points.len() as f32, path.as_ref().map_or(0.0, Path::length) as f32);
            let points = path.iter().flat_map(|p| p.points.iter().zip(&p.gone));
            upload.points.extend(points.map(|((x, y), gone)| [*x as f32, *y as f32, *gone as f32, 0.0]));
            upload.ways.push([first, upload.points.len() as f32 - first, length, 0.0]);
        }
        for OnWay { flight, way } in ways.flights.all() {
            let ends = paths[*way as usize].as_ref().map(|p| (p.points[0], p.points[p.points.len() - 1]));
            let port = |machine, end| port(facts, &boxes, layout, machine, end);
            let Some((from, to)) = port(flight.from, ends.map(|e| e.0)).zip(port(flight.to, ends.map(|e| e.1))) else { continue };
            let start = (i128::from(flight.from_ns) - i128::from(base_ns)) as f32;
            let duration = flight.to_ns.saturating_sub(flight.from_ns) as f32;
            let (way, kind) = (*way as f32, kind_number(flight.kind));
            let numbers = [start, duration, way, kind, from.0 as f32, from.1 as f32, to.0 as f32, to.1 as f32];
            upload.longest = upload.longest.max(duration);
            upload.flights.push(numbers);
            if flight.kind == FlightKind::Offload {
                upload.offloads.push(numbers);
            }
        }
        upload
    }

    /// An instant as the shader counts it.
    pub fn clock(&self, t_ns: u64) -> f32 {
        (i128::from(t_ns) - i128::from(self.base_ns)) as f32
    }

    /// Which messages may be on their way at an instant: all others have come or are not sent.
    pub fn on_their_way(&self, flights: &[FlightNumbers], t_ns: u64) -> Range<usize> {
        let now = self.clock(t_ns);
        let end = flights.partition_point(|f| f[0] <= now);
        // Rounding must not hide the one that is about to arrive.
        let begin = flights[..end].partition_point(|f| f[0] + self.longest * 1.001 < now);
        begin..end
    }
}

/// Where a message enters or leaves a machine: in the middle of its square in a block, else at the end of the route.
fn port(facts: &Facts, boxes: &[Option<usize>], layout: &Layout, machine: u32, end: Option<Point>) -> Option<Point> {
    let m = facts.machines.get(machine as usize)?;
    let node = &layout.nodes[boxes.get(m.node as usize).copied().flatten()?];
    match (node.shape, end) {
        (Shape::Worker | Shape::Small, Some(end)) => Some(end),
        _ => Some(node.machine(m.number).centre()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::display::Item;
    use super::super::layout::tests::{link, node, scenario};
    use super::super::moving::FrameOptions;
    use super::super::moving::tests::options;
    use super::super::viewport::Viewport;
    use super::*;
    use crate::scenario::{Node, Role, Scenario};
    use crate::sim::stage::{Flight, StageWindow};

    const MS: u64 = 1_000_000;

    /// A client, a worker above it and away, a controller, and a block of a hundred, with bent routes between them.
    fn four() -> Scenario {
        let pool = Node { count: 100, x: 600.0, y: 300.0, ..Node::new("pool", "z", Role::Worker) };
        let nodes = vec![
            node("c", "z", Role::Client, 0.0, 200.0),
            node("s", "z", Role::CloudController, 300.0, 0.0),
            node("w", "z", Role::Worker, 600.0, 20.0),
            pool,
        ];
        scenario(&["z"], nodes, vec![link("c", "s"), link("s", "w")])
    }

    /// What the vertex shader does, in its own precision.
    fn shader(u: &Upload, f: &FlightNumbers, now: f32, view: &Viewport, reduced: bool) -> Option<(f32, f32)> {
        let [start, duration, way, kind, ..] = *f;
        let mut share = (now - start) / duration;
        if !(0.0..1.0).contains(&share) {
            return None;
        }
        if reduced {
            share = ((share * Upload::STEPS as f32).floor() + 0.5) / Upload::STEPS as f32;
        }
        let (from, to) = ((f[4], f[5]), (f[6], f[7]));
        let distance = |a: (f32, f32), b: (f32, f32)| libm::hypotf(b.0 - a.0, b.1 - a.1);
        let mix = |a: (f32, f32), b: (f32, f32), s: f32| (a.0 + (b.0 - a.0) * s, a.1 + (b.1 - a.1) * s);
        let scale = view.scale as f32;
        let mut lane = Upload::LANE as f32;
        if kind == kind_number(FlightKind::Offload) {
            lane += Upload::BEND as f32 * (distance(from, to) * scale).min(Upload::BEND_UP_TO as f32) * 4.0 * share * (1.0 - share);
        }
        let lane = lane / scale;
        let [first, count, length, _] = u.ways[way as usize];
        let (first, count) = (first as usize, count as usize);
        let right = |a: (f32, f32), b: (f32, f32), p: (f32, f32)| {
            let long = distance(a, b).max(1e-6);
            (p.0 - (b.1 - a.1) / long * lane, p.1 + (b.0 - a.0) / long * lane)
        };
        let at = if count < 2 {
            right(from, to, mix(from, to, share))
        } else {
            let point = |i: usize| (u.points[first + i][0], u.points[first + i][1]);
            let on_path = |d: f32| {
                let mut i = 1;
                while i < count - 1 && u.points[first + i][2] <= d {
                    i += 1;
                }
                let (a, b, gone) = (point(i - 1), point(i), u.points[first + i - 1][2]);
                right(a, b, mix(a, b, (d - gone) / distance(a, b).max(1e-6)))
            };
            let (before, after) = (distance(from, point(0)), distance(point(count - 1), to));
            let gone = share * (before + length + after);
            if gone < before {
                mix(from, on_path(0.0), gone / before)
            } else if gone < before + length || after <= 0.0 {
                on_path(gone - before)
            } else {
                mix(on_path(length), to, (gone - before - length) / after)
            }
        };
        Some(((at.0 - view.x as f32) * scale, (at.1 - view.y as f32) * scale))
    }

    #[test]
    fn the_shader_puts_every_message_where_the_display_list_has_it() {
        let s = four();
        let mut flights = vec![];
        for (i, (from, to)) in [(0, 1), (1, 2), (1, 0), (1, 40), (40, 0), (2, 77), (3, 4)].into_iter().enumerate() {
            for (j, kind) in
                [FlightKind::Invocation, FlightKind::Result, FlightKind::Offload, FlightKind::Control].into_iter().enumerate()
            {
                let from_ns = (5_000 + i as u64 * 7 + j as u64) * MS;
                flights.push(Flight { from_ns, to_ns: from_ns + 90 * MS, from, to, kind, invocation: 0, function: 0 });
            }
        }
        let window = StageWindow { from_ns: 4_990 * MS, to_ns: 6_000 * MS, flights, ..Default::default() };
        let (layout, playback) = (Layout::of(&s), Playback::new(window, Facts::of(&s)));
        let upload = playback.upload(&layout);
        assert_eq!((upload.flights.len(), upload.offloads.len()), (28, 7));
        let mut compared = 0;
        for (scale, reduced_motion) in [(1.0, false), (0.5, false), (2.0, true)] {
            let view = Viewport { x: -37.5, y: -11.25, scale };
            let options = FrameOptions { reduced_motion, ..options() };
            for t in (4_995..5_160).step_by(5).map(|ms| ms * MS) {
                let mut list = vec![];
                playback.frame(t, &layout, &view, &options, &mut list);
                // A worker's picture has no circles here, and every dot has a radius of its own kind.
                let dots: Vec<Point> =
                    list.iter().filter_map(|i| if let Item::Circle { at, .. } = i { Some(*at) } else { None }).collect();
                let range = upload.on_their_way(&upload.flights, t);
                let now = upload.clock(t);
                let all: Vec<_> = upload.flights.iter().filter_map(|f| shader(&upload, f, now, &view, reduced_motion)).collect();
                let own: Vec<_> =
                    upload.flights[range].iter().filter_map(|f| shader(&upload, f, now, &view, reduced_motion)).collect();
                assert_eq!(all, own, "the range has all that are on their way");
                assert_eq!(own.len(), dots.len(), "at {t}");
                for at in own {
                    // Boxes of blocks are rounded to pixels in the list.
                    let near = |d: &&Point| libm::hypot(d.0 - f64::from(at.0), d.1 - f64::from(at.1)) < 0.75;
                    assert!(dots.iter().any(|d| near(&d)), "{at:?} is not in {dots:?} at {t}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 1_000, "{compared}");
    }

    #[test]
    fn dots_that_are_drawn_elsewhere_are_not_in_the_list_and_streams_have_none() {
        let s = four();
        let flight = |from_ns| Flight {
            from_ns,
            to_ns: from_ns + 100 * MS,
            from: 0,
            to: 1,
            kind: FlightKind::Invocation,
            invocation: 0,
            function: 0,
        };
        let shown = |n: u64| {
            let flights = (0..n).map(|i| flight(i * 1_000 * MS / n)).collect();
            let window = StageWindow { to_ns: 1_000 * MS, flights, ..Default::default() };
            let (layout, playback) = (Layout::of(&s), Playback::new(window, Facts::of(&s)));
            let options = FrameOptions { dots_elsewhere: true, ..options() };
            let (mut list, mut solid) = (vec![], vec![]);
            let dots = playback.frame(500 * MS, &layout, &Viewport::default(), &options, &mut list);
            playback.solidity(500 * MS, &layout, &Viewport::default(), &options, &mut solid);
            assert!(dots <= list.len());
            (list.iter().filter(|i| matches!(i, Item::Circle { .. })).count(), solid)
        };
        assert_eq!(shown(50), (0, vec![1.0]));
        assert_eq!(shown(500), (0, vec![0.0]));
    }
}
