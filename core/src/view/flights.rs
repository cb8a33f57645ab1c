//! Messages at an instant: dots on their way, and streams where there are too many to be seen one by one.
//!
//! A message that was sent at a and arrives at b has gone the share (t - a) / (b - a) of its route. Messages keep to the
//! right of their link, so that the two directions do not cover each other. The messages of one direction between two nodes
//! are a *way*: it becomes a stream when more than 400 of them set out in a second on the screen, or when the mean one would
//! be seen for less than three frames.

use std::collections::BTreeMap;

use super::anatomy::Detail;
use super::display::{Anchor, Fill, Ink, Item, Point, Stroke, Weight, text_width};
use super::facts::Facts;
use super::journey;
use super::layout::{Rect, Shape};
use super::moving::{DIMMED, Playback, Scene};
use super::spans::{Span, Spans};
use crate::sim::stage::{Flight, FlightKind};
use crate::units::{NS_PER_S, count, three_digits};

/// Messages that set out in a second on the screen, above which they are a stream.
const STREAM_PER_S: f64 = 400.0;
/// Messages that set out in a second on the screen, from which on the busiest stream is as thick as streams are.
const THICK_PER_S: f64 = 100.0;
/// The least number of messages that tell what their rate is.
const TELLING: usize = 10;
/// From so many streams on they lie over each other: more are thinner and fainter, so that they stay lines and do not make bars.
const MANY: f64 = 12.0;
/// How far apart arrows of streams are, at least.
const ARROWS_APART: f64 = 18.0;
/// The least time on the screen for a message to be seen: three frames.
const SEEN_MS: f64 = 50.0;
/// How far right of the line messages keep.
pub(super) const LANE: f64 = 3.0;
/// How far an offload passes beside the middle of its route, as a share of the distance, up to that of so many pixels.
pub(super) const BEND: f64 = 0.08;
pub(super) const BEND_UP_TO: f64 = 400.0;
/// Radius by which corners of routes are rounded, in world units.
pub(super) const CORNER: f64 = 20.0;
/// Length of the tail of an offload.
pub(super) const TAIL: f64 = 28.0;
/// The shortest way that has room for a label.
const LABEL_FROM: f64 = 72.0;
/// Steps that a route is gone in when motion is reduced.
pub(super) const STEPS: f64 = 4.0;
/// The line of a hollow dot, and how much smaller its circle is.
pub(super) const HOLLOW_STROKE: f64 = 1.25;
pub(super) const HOLLOW_INSET: f64 = 0.6;
/// How solid a result on its way back is, and the tail of an offload.
pub(super) const RETURNING: f64 = 0.6;
pub(super) const TAIL_ALPHA: f64 = 0.7;

/// A message and the way that it takes.
#[derive(Clone, Debug)]
pub(super) struct OnWay {
    pub(super) flight: Flight,
    pub(super) way: u32,
}

impl Span for OnWay {
    fn start_ns(&self) -> u64 {
        self.flight.from_ns
    }
    fn end_ns(&self) -> u64 {
        self.flight.to_ns
    }
}

/// All messages of one direction between two nodes.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) from: u32,
    pub(super) to: u32,
    /// When they set out, in order.
    starts: Vec<u64>,
    /// The sum of their times on the way.
    total_ns: f64,
}

/// The messages of a window, by time and by way.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    pub(super) flights: Spans<OnWay>,
    pub(super) ways: Vec<Way>,
    /// Messages of the busiest way.
    most: usize,
    median_ns: Option<u64>,
}

impl Ways {
    /// Sorts messages; those inside one machine and those of machines that `facts` do not have are left out.
    pub(crate) fn new(flights: Vec<Flight>, facts: &Facts) -> Ways {
        let node = |machine: u32| facts.machines.get(machine as usize).map(|m| m.node);
        let mut ways: Vec<Way> = vec![];
        let mut index: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        let mut on_way = |flight: Flight| {
            let (from, to) = (node(flight.from)?, node(flight.to)?);
            if flight.from == flight.to {
                return None;
            }
            let way = *index.entry((from, to)).or_insert_with(|| {
                ways.push(Way { from, to, starts: vec![], total_ns: 0.0 });
                ways.len() as u32 - 1
            });
            Some(OnWay { flight, way })
        };
        let flights = Spans::new(flights.into_iter().filter_map(&mut on_way).collect());
        for OnWay { flight, way } in flights.all() {
            let way = &mut ways[*way as usize];
            way.starts.push(flight.from_ns);
            way.total_ns += flight.to_ns.saturating_sub(flight.from_ns) as f64;
        }
        let most = ways.iter().map(|w| w.starts.len()).max().unwrap_or(0);
        let median_ns = median(flights.all());
        Ways { flights, ways, most, median_ns }
    }

    /// The median time on the way, in nanoseconds.
    pub(crate) fn median_ns(&self) -> Option<u64> {
        self.median_ns
    }
}

fn median(flights: &[OnWay]) -> Option<u64> {
    let mut times: Vec<u64> = flights.iter().map(|f| f.flight.to_ns.saturating_sub(f.flight.from_ns)).collect();
    let middle = times.len() / 2;
    (!times.is_empty()).then(|| *times.select_nth_unstable(middle).1)
}

/// A line through points on the screen, by the distance gone on it.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) points: Vec<Point>,
    /// Distance from the start, for each point.
    pub(super) gone: Vec<f64>,
}

impl Path {
    /// Nothing for fewer than two points.
    pub(super) fn new(points: Vec<Point>) -> Option<Path> {
        let mut gone = vec![0.0];
        for pair in points.windows(2) {
            let last = gone.last().copied().unwrap_or(0.0);
            gone.push(last + libm::hypot(pair[1].0 - pair[0].0, pair[1].1 - pair[0].1));
        }
        (points.len() > 1).then_some(Path { points, gone })
    }

    pub(super) fn length(&self) -> f64 {
        self.gone.last().copied().unwrap_or(0.0)
    }

    /// The point after a distance, and the direction there as a unit vector.
    pub(super) fn at(&self, distance: f64) -> (Point, Point) {
        let last = self.points.len() - 1;
        let i = self.gone.partition_point(|g| *g <= distance).clamp(1, last);
        let (a, b) = (self.points[i - 1], self.points[i]);
        let length = self.gone[i] - self.gone[i - 1];
        if length <= 0.0 {
            return (a, (1.0, 0.0));
        }
        let direction = ((b.0 - a.0) / length, (b.1 - a.1) / length);
        let d = distance - self.gone[i - 1];
        ((a.0 + direction.0 * d, a.1 + direction.1 * d), direction)
    }

    /// The point after a distance, moved to the right of the direction of travel.
    fn lane(&self, distance: f64, right: f64) -> Point {
        let ((x, y), (dx, dy)) = self.at(distance);
        (x - dy * right, y + dx * right)
    }

    /// The whole line, moved to the right.
    fn shifted(&self, right: f64) -> Vec<Point> {
        let ends = self.gone.windows(2).flat_map(|g| [g[0], g[1] - 1e-6]);
        ends.map(|d| self.lane(d, right)).collect()
    }
}

/// A line with its corners rounded: each is replaced by a curve from `radius` before it to `radius` after it.
pub(super) fn rounded(points: &[Point], radius: f64) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return vec![] };
    let mut round = vec![*first];
    for corner in points.windows(3) {
        let [a, p, b] = [corner[0], corner[1], corner[2]];
        let (before, after) = (distance(a, p), distance(p, b));
        let r = radius.min(before / 2.0).min(after / 2.0);
        let (start, end) = (between(p, a, r / before), between(p, b, r / after));
        let curve = |t: f64| between(between(start, p, t), between(p, end, t), t);
        round.extend([0.0, 0.2, 0.4, 0.6, 0.8, 1.0].map(curve));
    }
    round.push(*last);
    round
}

/// Draws streams and dots. Answers where the dots begin.
pub(crate) fn draw(playback: &Playback, scene: &Scene, out: &mut Vec<Item>) -> usize {
    let ways = &playback.ways;
    let mut routes: Vec<Option<Route>> = vec![None; ways.ways.len()];
    for (way, route) in ways.ways.iter().zip(&mut routes) {
        *route = stream_rate(playback, scene, way).map(|per_s| Route::of(scene, way, Some(per_s)));
    }
    streams(scene, ways, &routes, out);
    let below = out.len();
    if let Some(journey) = &scene.options.journey {
        journey::draw(playback, scene, journey, out);
    }
    if scene.options.dots_elsewhere && scene.options.journey.is_none() {
        return below;
    }
    let mut dots = Dots::default();
    let draws = |f: &&OnWay| !scene.options.dots_elsewhere || scene.follows(f.flight.invocation);
    for OnWay { flight, way } in ways.flights.at(scene.t).filter(draws) {
        let followed = scene.follows(flight.invocation);
        let way_of = &ways.ways[*way as usize];
        // A route is found when something is on it, and so are its ends.
        let route = routes[*way as usize].get_or_insert_with(|| Route::of(scene, way_of, None));
        if route.per_s.is_some() && !followed {
            continue;
        }
        let machines = (flight.from, flight.to);
        if route.ends.is_none_or(|ends| ends.machines != machines) {
            route.ends = Ends::of(scene, machines, route.path.as_ref());
        }
        let Some(trip) = Trip::of(scene, flight, route) else { continue };
        let faint = !followed && !way_of.is_lit(scene);
        dots.add(scene, flight, &trip, followed, faint);
    }
    dots.put(out);
    below
}

/// How solid the dots of each way are at an instant: not at all on one that is a stream.
pub(crate) fn solidity(playback: &Playback, scene: &Scene, out: &mut Vec<f32>) {
    out.extend(playback.ways.ways.iter().map(|way| match stream_rate(playback, scene, way) {
        Some(_) => 0.0,
        None if way.is_lit(scene) => 1.0,
        None => DIMMED as f32,
    }));
}

impl Way {
    /// Whether neither of its ends is dimmed.
    fn is_lit(&self, scene: &Scene) -> bool {
        [self.from, self.to].iter().all(|n| scene.node(*n as usize).is_some_and(|i| scene.is_lit(i)))
    }
}

/// The line of a way on the screen.
#[derive(Clone, Debug)]
struct Route {
    /// Nothing inside one node, or when a node is no longer there.
    path: Option<Path>,
    /// If it is a stream, the messages that set out on it in a simulated second.
    per_s: Option<f64>,
    /// Between which machines of its nodes the last message went.
    ends: Option<Ends>,
}

/// Where messages between two machines leave and enter them.
#[derive(Clone, Copy, Debug)]
struct Ends {
    machines: (u32, u32),
    from: Point,
    to: Point,
    /// Length before and after the route.
    before: f64,
    after: f64,
}

impl Ends {
    fn of(scene: &Scene, machines: (u32, u32), path: Option<&Path>) -> Option<Ends> {
        let (start, end) = path.map(|p| (p.points[0], p.points[p.points.len() - 1])).unzip();
        let from = port(scene, machines.0, start)?;
        let to = port(scene, machines.1, end)?;
        let (before, after) = (distance(from, start.unwrap_or(from)), distance(end.unwrap_or(to), to));
        Some(Ends { machines, from, to, before, after })
    }
}

impl Route {
    fn of(scene: &Scene, way: &Way, per_s: Option<f64>) -> Route {
        let points = match (scene.node(way.from as usize), scene.node(way.to as usize)) {
            (Some(from), Some(to)) => scene.layout.route(from, to),
            _ => vec![],
        };
        let points: Vec<Point> = points.into_iter().map(|p| scene.viewport.to_screen(p)).collect();
        Route { path: Path::new(rounded(&points, CORNER * scene.viewport.scale)), per_s, ends: None }
    }
}

/// The trip of one message: along its route, and between the edge of a block and the machine in it.
struct Trip<'a> {
    path: Option<&'a Path>,
    /// Where it begins and ends.
    ends: Ends,
    /// How much of it is done, 0 to 1.
    share: f64,
}

impl<'a> Trip<'a> {
    fn of(scene: &Scene, flight: &Flight, route: &'a Route) -> Option<Trip<'a>> {
        let share = (scene.t - flight.from_ns) as f64 / (flight.to_ns - flight.from_ns) as f64;
        let share = if scene.options.reduced_motion { (libm::floor(share * STEPS) + 0.5) / STEPS } else { share };
        Some(Trip { path: route.path.as_ref(), ends: route.ends?, share })
    }

    /// Where it is after a share of its trip, in a lane right of the line.
    fn at(&self, share: f64, lane: f64) -> Point {
        let Ends { from, to, before, after, .. } = self.ends;
        let Some(path) = self.path else {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let (x, y) = between(from, to, share);
            let long = libm::hypot(dx, dy).max(1.0);
            return (x - dy / long * lane, y + dx / long * lane);
        };
        let length = path.length();
        let gone = share * (before + length + after);
        if gone < before {
            between(from, path.lane(0.0, lane), gone / before)
        } else if gone < before + length || after <= 0.0 {
            path.lane(gone - before, lane)
        } else {
            between(path.lane(length, lane), to, (gone - before - length) / after)
        }
    }

    /// Where it is after a share of its trip when it curves away from the line: farthest beside it in the middle.
    fn curved(&self, share: f64) -> Point {
        let away = BEND * distance(self.ends.from, self.ends.to).min(BEND_UP_TO) * 4.0 * share * (1.0 - share);
        self.at(share, LANE + away)
    }

    /// The last piece of the curve that it has gone.
    fn tail(&self) -> Vec<Point> {
        let long = (TAIL / distance(self.ends.from, self.ends.to).max(1.0)).min(self.share);
        (0..=5).map(|i| self.curved(self.share - long * (1.0 - f64::from(i) / 5.0))).collect()
    }
}

/// Where a message enters or leaves a machine: in the middle of its square in a block, else at the end of the route.
fn port(scene: &Scene, machine: u32, end: Option<Point>) -> Option<Point> {
    let index = scene.node_of(machine)?;
    match (scene.layout.nodes[index].shape, end) {
        (Shape::Worker | Shape::Small, Some(end)) => Some(end),
        _ => scene.machine(machine).map(|r| r.centre()),
    }
}

pub(super) fn between(a: Point, b: Point, share: f64) -> Point {
    (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
}

fn distance(a: Point, b: Point) -> f64 {
    libm::hypot(b.0 - a.0, b.1 - a.1)
}

/// Dots of one kind together, so that a back end changes its colour only three times.
#[derive(Default)]
struct Dots {
    tails: Vec<Item>,
    solid: Vec<Item>,
    returning: Vec<Item>,
    hollow: Vec<Item>,
}

impl Dots {
    fn add(&mut self, scene: &Scene, flight: &Flight, trip: &Trip, followed: bool, faint: bool) {
        let (to, alpha) = match flight.kind {
            FlightKind::Invocation | FlightKind::Offload => (&mut self.solid, 1.0),
            FlightKind::Result => (&mut self.returning, RETURNING),
            FlightKind::Control => (&mut self.hollow, 1.0),
        };
        let offload = flight.kind == FlightKind::Offload;
        let at = if offload { trip.curved(trip.share) } else { trip.at(trip.share, LANE) };
        let (w, h) = scene.options.size;
        if at.0 < -TAIL || at.1 < -TAIL || at.0 > w + TAIL || at.1 > h + TAIL {
            return;
        }
        let r = radius(scene.viewport.scale);
        let fill = Fill { ink: Ink::Travelling, alpha };
        let mut item = match flight.kind {
            FlightKind::Control => {
                let stroke = Some(Stroke::new(Ink::Travelling, HOLLOW_STROKE));
                Item::Circle { at, r: r - HOLLOW_INSET, fill: None, stroke }
            }
            _ => Item::Circle { at, r, fill: Some(fill), stroke: None },
        };
        if followed {
            item = Item::Circle { at, r: r + 1.5, fill: Some(fill), stroke: Some(Stroke::new(Ink::Ink, 2.0)) };
        }
        let mut tail = offload.then(|| {
            let stroke = Some(Stroke { alpha: TAIL_ALPHA, ..Stroke::new(Ink::Travelling, 1.0) });
            Item::Polyline { points: trip.tail(), fill: None, stroke }
        });
        if faint {
            item.fade(DIMMED);
            tail.iter_mut().for_each(|t| t.fade(DIMMED));
        }
        to.push(item);
        self.tails.extend(tail);
    }

    fn put(self, out: &mut Vec<Item>) {
        out.extend(self.tails);
        out.extend(self.hollow);
        out.extend(self.returning);
        out.extend(self.solid);
    }
}

/// Radius of a dot: 5 pixels across, less when everything is small.
pub(super) fn radius(scale: f64) -> f64 {
    match Detail::at(scale) {
        Detail::Full => 2.5,
        Detail::Brief => 2.0,
        Detail::Heat => 1.5,
    }
}

/// How many messages set out in a simulated second, if the way is a stream then. All that the window knows of counts, so that a
/// stream neither comes and goes nor changes its rate from message to message; what lies after the end of the run does not.
fn stream_rate(playback: &Playback, scene: &Scene, way: &Way) -> Option<f64> {
    let (from, to) = (playback.from_ns, playback.known_to_ns);
    let before = |t: u64| way.starts.partition_point(|s| *s < t);
    let count = before(to).saturating_sub(before(from)) as f64;
    if count == 0.0 || to <= from {
        return None;
    }
    let per_ns = count / (to - from) as f64;
    let mean_ms = way.total_ns / way.starts.len() as f64 * scene.options.ms_per_sim_ns;
    (per_ns * scene.sim_ns(1_000.0)? > STREAM_PER_S || mean_ms < SEEN_MS).then_some(per_ns * NS_PER_S as f64)
}

/// Draws the streams, the busiest last; of labels that would cover each other, that of the busiest.
fn streams(scene: &Scene, ways: &Ways, routes: &[Option<Route>], out: &mut Vec<Item>) {
    let mut found: Vec<(&Way, &Path, f64)> = vec![];
    for (way, route) in ways.ways.iter().zip(routes) {
        if let Some(Route { path: Some(path), per_s: Some(per_s), .. }) = route {
            found.push((way, path, *per_s));
        }
    }
    found.sort_by_key(|(way, ..)| way.starts.len());
    // As wide as it is busy among the others; where even the busiest has few messages on the screen, all are thin.
    let busiest = found.iter().fold(0.0, |most: f64, (.., per_s)| most.max(*per_s)) / NS_PER_S as f64;
    let thick = libm::sqrt(scene.sim_ns(1_000.0).map_or(1.0, |second| busiest * second / THICK_PER_S)).min(1.0);
    let few = (MANY / found.len().max(1) as f64).min(1.0);
    let width = |way: &Way| 1.0 + 5.0 * few * thick * libm::sqrt(way.starts.len() as f64 / ways.most.max(1) as f64);
    let mut lines = vec![];
    let (mut arrows, mut tips): (Vec<Item>, Vec<Point>) = (vec![], vec![]);
    for (way, path, _) in found.iter().rev() {
        let (pieces, arrow) = stream(scene, path, width(way), 0.45 * libm::sqrt(few));
        let dim = |mut item: Item| {
            if !way.is_lit(scene) {
                item.fade(DIMMED);
            }
            item
        };
        lines.extend(pieces.into_iter().rev().map(dim));
        // Of arrows that would touch each other, that of the busiest.
        if let Some((tip, arrow)) = arrow.filter(|(tip, _)| tips.iter().all(|other| distance(*tip, *other) >= ARROWS_APART)) {
            tips.push(tip);
            arrows.push(dim(arrow));
        }
    }
    out.extend(lines.into_iter().rev());
    out.extend(arrows);
    // Nodes have texts of their own.
    let mut taken: Vec<Rect> = if found.is_empty() { vec![] } else { scene.frames().to_vec() };
    for (way, path, per_s) in found.iter().rev() {
        let room = path.length() >= LABEL_FROM && Detail::at(scene.viewport.scale) != Detail::Heat;
        if room && way.is_lit(scene) && way.starts.len() >= TELLING {
            out.extend(rate_label(path, width(way), *per_s, &mut taken));
        }
    }
}

/// A line as wide as the way is busy, in pieces, and an arrow with its tip. Like a link it passes behind the nodes that it does not
/// lead to.
fn stream(scene: &Scene, path: &Path, width: f64, alpha: f64) -> (Vec<Item>, Option<(Point, Item)>) {
    let stroke = Some(Stroke { alpha, ..Stroke::new(Ink::Travelling, width) });
    let line = path.shifted(lane_of(width));
    let around = bounds(&line);
    let in_way: Vec<Rect> = scene.frames().iter().filter(|r| r.overlaps(&around)).copied().collect();
    let arrow = arrow(path, path.length() * 0.7, width);
    let hidden = matches!(&arrow, Item::Polyline { points, .. } if points.iter().any(|p| in_way.iter().any(|r| r.contains(*p))));
    let pieces = outside(&line, &in_way).into_iter().map(|points| Item::Polyline { points, fill: None, stroke }).collect();
    let tip = path.lane(path.length() * 0.7, lane_of(width));
    (pieces, (!hidden).then_some((tip, arrow)))
}

/// The smallest rectangle around points.
fn bounds(points: &[Point]) -> Rect {
    let one = |p: &Point| Rect { x: p.0, y: p.1, w: 0.0, h: 0.0 };
    points.iter().map(one).reduce(|a, b| a.union(&b)).unwrap_or_default()
}

/// The pieces of a line that lie in none of some rectangles.
fn outside(line: &[Point], rects: &[Rect]) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = vec![];
    let mut open = false;
    for pair in line.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let mut hidden: Vec<(f64, f64)> = rects.iter().filter_map(|r| within(a, b, r)).collect();
        hidden.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut from = 0.0;
        for (start, end) in hidden.into_iter().chain([(1.0, 1.0)]) {
            if start > from {
                match pieces.last_mut().filter(|_| open && from == 0.0) {
                    Some(piece) => piece.push(between(a, b, start)),
                    None => pieces.push(vec![between(a, b, from), between(a, b, start)]),
                }
                open = start == 1.0;
            } else if start < 1.0 {
                open = false;
            }
            from = end.max(from);
        }
    }
    pieces
}

/// From which share of the way between two points to which it is in a rectangle.
fn within(a: Point, b: Point, r: &Rect) -> Option<(f64, f64)> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (from, to, low, high) in [(a.0, b.0, r.x, r.right()), (a.1, b.1, r.y, r.bottom())] {
        let way = to - from;
        if way.abs() < 1e-9 {
            if from <= low || from >= high {
                return None;
            }
            continue;
        }
        let (one, other) = ((low - from) / way, (high - from) / way);
        enter = enter.max(one.min(other));
        leave = leave.min(one.max(other));
    }
    (enter < leave).then_some((enter, leave))
}

/// Where the middle of a stream of this width is, right of the line.
fn lane_of(width: f64) -> f64 {
    LANE + width / 2.0 - 1.0
}

/// The number of messages in a simulated second beside the line, unless that would cover another.
fn rate_label(path: &Path, width: f64, per_s: f64, taken: &mut Vec<Rect>) -> Option<Item> {
    let ((x, y), (dx, dy)) = path.at(path.length() * 0.42);
    let away = lane_of(width) + width / 2.0 + 9.0;
    let text = if per_s < 10.0 { format!("{}/s", three_digits(per_s)) } else { format!("{}/s", count(per_s.round() as u64)) };
    let wide = text_width(&text, 12.0);
    // Beside a steep line the text begins or ends at the line, beside a flat one it is centred.
    let left = match dy {
        d if d.abs() < 0.5 => wide / 2.0,
        d if d > 0.0 => wide,
        _ => 0.0,
    };
    let (x, y) = (x - dy * away - left, y + dx * away + 4.0);
    let own = Rect { x, y: y - 12.0, w: wide, h: 16.0 };
    if taken.iter().any(|r| r.overlaps(&own)) {
        return None;
    }
    taken.push(own);
    let (anchor, weight) = (Anchor::Start, Weight::Regular);
    Some(Item::Text { at: (x, y), size: 12.0, anchor, weight, fill: Ink::Ink.into(), halo: Some(Ink::Ground), text })
}

/// A triangle in the direction of travel.
fn arrow(path: &Path, distance: f64, width: f64) -> Item {
    let (x, y) = path.lane(distance, lane_of(width));
    let (_, (dx, dy)) = path.at(distance);
    let (long, half) = (5.0 + width * 0.6, 2.0 + width * 0.6);
    let back = (x - dx * long, y - dy * long);
    let points = vec![(x, y), (back.0 - dy * half, back.1 + dx * half), (back.0 + dy * half, back.1 - dx * half)];
    Item::Polyline { points, fill: Some(Ink::Travelling.into()), stroke: None }
}

#[cfg(test)]
mod tests {
    use super::super::display::Point;
    use super::super::layout::Layout;
    use super::super::layout::tests::{node, scenario};
    use super::super::moving::FrameOptions;
    use super::super::moving::tests::options;
    use super::super::viewport::Viewport;
    use super::*;
    use crate::scenario::{Node, Role, Scenario};
    use crate::sim::stage::StageWindow;

    const MS: u64 = 1_000_000;

    /// A client with its right edge at x 72 and a worker with its left edge at x 272, both centred at y 52.
    fn pair() -> Scenario {
        let nodes = vec![node("c", "z", Role::Client, 0.0, 20.0), node("w", "z", Role::Worker, 272.0, 0.0)];
        scenario(&["z"], nodes, vec![])
    }

    fn flight(from_ms: u64, to_ms: u64, from: u32, to: u32, kind: FlightKind) -> Flight {
        Flight { from_ns: from_ms * MS, to_ns: to_ms * MS, from, to, kind, invocation: 7, function: 0 }
    }

    fn frame(s: &Scenario, flights: Vec<Flight>, t_ms: u64, options: &FrameOptions) -> Vec<Item> {
        let window = StageWindow { to_ns: 1_000 * MS, flights, ..Default::default() };
        let mut out = vec![];
        Playback::new(window, Facts::of(s)).frame(t_ms * MS, &Layout::of(s), &Viewport::default(), options, &mut out);
        out
    }

    fn dots(list: &[Item]) -> Vec<Point> {
        let at = |i: &Item| if let Item::Circle { at, .. } = i { Some(*at) } else { None };
        list.iter().filter_map(at).collect()
    }

    #[test]
    fn position_is_time_without_easing() {
        let s = pair();
        let at = |t| dots(&frame(&s, vec![flight(100, 300, 0, 1, FlightKind::Invocation)], t, &options()));
        assert_eq!(at(99), []);
        // 200 pixels in 200 ms, 3 pixels right of the line, which is below it.
        assert_eq!(at(100), [(72.0, 55.0)]);
        assert_eq!(at(150), [(122.0, 55.0)]);
        assert_eq!(at(299), [(271.0, 55.0)]);
        assert_eq!(at(300), []);
    }

    #[test]
    fn results_come_back_on_the_other_side() {
        let s = pair();
        let list = frame(&s, vec![flight(0, 200, 1, 0, FlightKind::Result)], 50, &options());
        assert_eq!(dots(&list), [(222.0, 49.0)]);
    }

    #[test]
    fn reduced_motion_goes_in_four_steps() {
        let s = pair();
        let reduced = FrameOptions { reduced_motion: true, ..options() };
        let at = |t| dots(&frame(&s, vec![flight(0, 200, 0, 1, FlightKind::Invocation)], t, &reduced))[0].0;
        assert_eq!([at(0), at(49), at(50), at(199)], [97.0, 97.0, 147.0, 247.0]);
    }

    #[test]
    fn offloads_curve_away_and_have_a_tail() {
        let s = pair();
        let list = frame(&s, vec![flight(0, 200, 0, 1, FlightKind::Offload)], 100, &options());
        // Half way it passes 0.08 * 200 beside the others, which pass 3 beside the line.
        assert_eq!(dots(&list), [(172.0, 71.0)]);
        let tail = list.iter().find_map(|i| if let Item::Polyline { points, .. } = i { Some(points.clone()) } else { None });
        assert_eq!(tail.and_then(|t| t.last().copied()), Some((172.0, 71.0)));
    }

    #[test]
    fn too_many_messages_become_a_stream_with_their_rate() {
        let s = pair();
        let flights = |n: u64| (0..n).map(|i| flight(i * 1_000 / n, i * 1_000 / n + 100, 0, 1, FlightKind::Invocation)).collect();
        let texts = |list: &[Item]| list.iter().any(|i| matches!(i, Item::Text { text, .. } if text == "500/s"));
        let few = frame(&s, flights(100), 500, &options());
        assert!(dots(&few).len() == 10 && !texts(&few));
        let many = frame(&s, flights(500), 500, &options());
        assert!(dots(&many).is_empty() && texts(&many), "{many:?}");
    }

    #[test]
    fn the_rate_of_a_stream_does_not_fall_where_the_window_reaches_past_the_end_of_the_run() {
        let s = pair();
        // 1,000 messages a second for half a second; the last arrives after 509 ms and ends the run.
        let flights: Vec<Flight> = (0..500).map(|i| flight(i, i + 10, 0, 1, FlightKind::Invocation)).collect();
        let rate = |last: bool, t_ms: u64| {
            let window = StageWindow { to_ns: 1_000 * MS, last, flights: flights.clone(), ..Default::default() };
            let mut out = vec![];
            Playback::new(window, Facts::of(&s)).frame(t_ms * MS, &Layout::of(&s), &Viewport::default(), &options(), &mut out);
            let text = |i: &Item| if let Item::Text { text, .. } = i { text.strip_suffix("/s").map(str::to_owned) } else { None };
            out.iter().find_map(text)
        };
        assert_eq!(rate(true, 250).as_deref(), Some("982"), "500 in 509 ms");
        assert_eq!(rate(true, 505).as_deref(), Some("982"));
        // In a run that goes on, half of the window is really silent.
        assert_eq!(rate(false, 505).as_deref(), Some("500"));
    }

    #[test]
    fn messages_too_short_to_be_seen_become_a_stream() {
        let s = pair();
        let fast = FrameOptions { ms_per_sim_ns: 1e-7, ..options() };
        let list = frame(&s, vec![flight(400, 600, 0, 1, FlightKind::Invocation)], 500, &fast);
        assert!(dots(&list).is_empty() && list.iter().any(|i| matches!(i, Item::Polyline { .. })));
    }

    #[test]
    fn many_streams_stay_lines_whose_arrows_do_not_touch() {
        let looks = |workers: u32| {
            let worker =
                |i: u32| node(&format!("w{i}"), "z", Role::Worker, 272.0 + 190.0 * f64::from(i % 5), 120.0 * f64::from(i / 5));
            let nodes = std::iter::once(node("c", "z", Role::Client, 0.0, 200.0)).chain((0..workers).map(worker)).collect();
            let sent = (1..=workers).flat_map(|w| (0..20).map(move |i| flight(i * 50, i * 50 + 1, 0, w, FlightKind::Invocation)));
            let list = frame(&scenario(&["z"], nodes, vec![]), sent.collect(), 500, &options());
            let alpha = |i: &Item| if let Item::Polyline { stroke: Some(s), .. } = i { Some(s.alpha) } else { None };
            let tip = |i: &Item| if let Item::Polyline { points, fill: Some(_), .. } = i { Some(points[0]) } else { None };
            (list.iter().filter_map(alpha).fold(0.0, f64::max), list.iter().filter_map(tip).collect::<Vec<_>>())
        };
        let ((few, _), (many, tips)) = (looks(3), looks(20));
        assert!(many < few && many > 0.2, "{many} {few}");
        let apart = |(i, a): (usize, &Point)| tips[..i].iter().all(|b| distance(*a, *b) >= ARROWS_APART);
        assert!(tips.len() > 3 && tips.iter().enumerate().all(apart), "{tips:?}");
    }

    #[test]
    fn messages_to_a_block_go_on_to_the_machine() {
        let pool = Node { count: 100, x: 272.0, y: 0.0, ..Node::new("pool", "z", Role::Worker) };
        let s = scenario(&["z"], vec![node("c", "z", Role::Client, 0.0, 20.0), pool], vec![]);
        let list = frame(&s, vec![flight(0, 1_000, 0, 4, FlightKind::Invocation)], 999, &options());
        let at = dots(&list)[0];
        let (x, y) = Layout::of(&s).nodes[1].machine(3).centre();
        assert!((at.0 - x).abs() < 1.0 && (at.1 - y).abs() < 1.0, "{at:?} {x} {y}");
    }

    #[test]
    fn the_followed_invocation_is_outlined() {
        let s = pair();
        let life = crate::sim::life::Life { invocation: 7, states: vec![] };
        let journey = std::sync::Arc::new(crate::sim::follow::Journey { life, ..Default::default() });
        let followed = FrameOptions { journey: Some(journey), ..options() };
        let list = frame(&s, vec![flight(0, 200, 0, 1, FlightKind::Control)], 100, &followed);
        assert!(list.iter().any(|i| matches!(i, Item::Circle { r, stroke: Some(s), .. } if *r == 4.0 && s.ink == Ink::Ink)));
    }

    #[test]
    fn a_stream_passes_behind_nodes() {
        let behind = |rects: &[Rect]| outside(&[(0.0, 5.0), (50.0, 5.0), (100.0, 5.0)], rects);
        assert_eq!(behind(&[]), [vec![(0.0, 5.0), (50.0, 5.0), (100.0, 5.0)]]);
        let one = Rect { x: 20.0, y: 0.0, w: 10.0, h: 10.0 };
        assert_eq!(behind(&[one]), [vec![(0.0, 5.0), (20.0, 5.0)], vec![(30.0, 5.0), (50.0, 5.0), (100.0, 5.0)]]);
        let over_the_corner = Rect { x: 25.0, w: 50.0, ..one };
        assert_eq!(behind(&[over_the_corner, one]), [vec![(0.0, 5.0), (20.0, 5.0)], vec![(75.0, 5.0), (100.0, 5.0)]]);
        assert_eq!(behind(&[Rect { y: 6.0, ..one }]).len(), 1, "beside it");
    }

    #[test]
    fn corners_are_turned_by_distance() {
        let path = Path::new(vec![(0.0, 0.0), (30.0, 0.0), (30.0, 10.0)]).map(|p| [p.at(15.0).0, p.at(35.0).0, p.at(40.0).0]);
        assert_eq!(path, Some([(15.0, 0.0), (30.0, 5.0), (30.0, 10.0)]));
        assert!(Path::new(vec![(1.0, 1.0)]).is_none());
    }

    #[test]
    fn rounded_corners_keep_the_ends_and_cut_the_corner() {
        let round = rounded(&[(0.0, 0.0), (100.0, 0.0), (100.0, 100.0)], 20.0);
        assert_eq!((round[0], round[1], round[6], round[7]), ((0.0, 0.0), (80.0, 0.0), (100.0, 20.0), (100.0, 100.0)));
        assert_eq!(rounded(&[(0.0, 0.0), (9.0, 0.0)], 20.0), [(0.0, 0.0), (9.0, 0.0)]);
    }
}
