//! The invocation that is followed: the lines that it takes, and the machine that it is on.

use std::collections::BTreeSet;

use super::display::Ink;
use super::display::{Item, Point, Stroke};
use super::facts::Facts;
use super::flights::{CORNER, Path, between, rounded};
use super::layout::Layout;
use super::moving::{Playback, Scene};
use crate::sim::follow::Journey;
use crate::sim::stage::Flight;

/// What an invocation does at an instant.
enum Place<'a> {
    /// It is on its way.
    Flies(&'a Flight),
    /// It is on a machine.
    Stays(u32),
}

/// Where it is; nothing before it was submitted.
fn find(journey: &Journey, t: u64) -> Option<Place<'_>> {
    let started = journey.flights.partition_point(|f| f.from_ns <= t);
    let flight = journey.flights[..started].last();
    let stay = journey.stays[..journey.stays.partition_point(|s| s.0 <= t)].last();
    match (flight, stay) {
        (Some(flight), _) if t < flight.to_ns => Some(Place::Flies(flight)),
        (Some(flight), Some((at, machine))) if *at >= flight.to_ns => Some(Place::Stays(*machine)),
        (Some(flight), _) => Some(Place::Stays(flight.to)),
        (None, stay) => stay.map(|(_, machine)| Place::Stays(*machine)),
    }
}

/// Where it is at an instant, in the world.
pub(super) fn place(facts: &Facts, journey: &Journey, t: u64, layout: &Layout) -> Option<Point> {
    let boxes = facts.boxes(layout);
    let node = |machine: u32| {
        let m = facts.machines.get(machine as usize)?;
        boxes.get(m.node as usize).copied().flatten().map(|index| (index, m.number))
    };
    let centre = |machine: u32| node(machine).map(|(index, number)| layout.nodes[index].machine(number).centre());
    match find(journey, t)? {
        Place::Stays(machine) => centre(machine),
        Place::Flies(f) => {
            let share = (t - f.from_ns) as f64 / (f.to_ns - f.from_ns).max(1) as f64;
            let path = node(f.from).zip(node(f.to)).and_then(|(a, b)| Path::new(rounded(&layout.route(a.0, b.0), CORNER)));
            match path {
                Some(path) => Some(path.at(path.length() * share).0),
                None => centre(f.from).zip(centre(f.to)).map(|(a, b)| between(a, b, share)),
            }
        }
    }
}

/// Draws the lines that it takes, from its client to its host and back, and a frame around the machine that it is on.
pub(super) fn draw(playback: &Playback, scene: &Scene, journey: &Journey, out: &mut Vec<Item>) {
    let node = |machine: u32| playback.facts.machines.get(machine as usize).and_then(|m| scene.node(m.node as usize));
    let mut taken = BTreeSet::new();
    for flight in &journey.flights {
        let Some((from, to)) = node(flight.from).zip(node(flight.to)) else { continue };
        // There and back is one line.
        if from == to || !taken.insert((from.min(to), from.max(to))) {
            continue;
        }
        let points: Vec<Point> = scene.layout.route(from, to).into_iter().map(|p| scene.viewport.to_screen(p)).collect();
        let points = rounded(&points, CORNER * scene.viewport.scale);
        out.push(Item::Polyline { points, fill: None, stroke: Some(Stroke { alpha: 0.6, ..Stroke::new(Ink::Ink, 2.0) }) });
    }
    if let Some(Place::Stays(machine)) = find(journey, scene.t)
        && let Some(r) = scene.machine(machine)
    {
        let stroke = Some(Stroke::new(Ink::Ink, 2.0));
        let (x, y) = (r.x - 3.0, r.y - 3.0);
        out.push(Item::Rect { x, y, w: r.w + 6.0, h: r.h + 6.0, radius: 6.0, fill: None, stroke });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::layout::tests::{node, scenario};
    use super::super::moving::FrameOptions;
    use super::super::moving::tests::options;
    use super::super::viewport::Viewport;
    use super::*;
    use crate::scenario::{Role, Scenario};
    use crate::sim::stage::{FlightKind, StageWindow};

    /// A client with its right edge at x 72 and a worker with its left edge at x 272, both centred at y 52.
    fn pair() -> Scenario {
        let nodes = vec![node("c", "z", Role::Client, 0.0, 20.0), node("w", "z", Role::Worker, 272.0, 0.0)];
        scenario(&["z"], nodes, vec![])
    }

    fn there_and_back() -> Journey {
        let flight = |from_ns, to_ns, from, to, kind| Flight { from_ns, to_ns, from, to, kind, invocation: 7, function: 0 };
        let flights = vec![flight(100, 200, 0, 1, FlightKind::Invocation), flight(500, 600, 1, 0, FlightKind::Result)];
        Journey { flights, stays: vec![(200, 1), (300, 1)], ..Default::default() }
    }

    #[test]
    fn it_is_where_its_messages_and_its_host_say() {
        let (s, journey) = (pair(), there_and_back());
        let (layout, playback) = (Layout::of(&s), Playback::new(StageWindow::default(), Facts::of(&s)));
        let at = |t| playback.whereabouts(&journey, t, &layout);
        let (client, worker) = (layout.nodes[0].rect.centre(), layout.nodes[1].rect.centre());
        assert_eq!(at(99), None);
        assert_eq!(at(150), Some((172.0, 52.0)));
        assert_eq!([at(200), at(499)], [Some(worker); 2]);
        assert_eq!(at(550), Some((172.0, 52.0)));
        assert_eq!(at(600), Some(client));
    }

    #[test]
    fn its_line_is_drawn_once_and_the_machine_that_it_is_on_is_framed() {
        let s = pair();
        let options = FrameOptions { journey: Some(Arc::new(there_and_back())), ..options() };
        let list = |t| {
            let mut out = vec![];
            let playback = Playback::new(StageWindow::default(), Facts::of(&s));
            playback.frame(t, &Layout::of(&s), &Viewport::default(), &options, &mut out);
            out
        };
        let lines = |l: &[Item]| l.iter().filter(|i| matches!(i, Item::Polyline { fill: None, .. })).count();
        let frames = |l: &[Item]| l.iter().filter(|i| matches!(i, Item::Rect { x, w, .. } if *x == 269.0 && *w == 174.0)).count();
        assert_eq!([150, 300].map(|t| (lines(&list(t)), frames(&list(t)))), [(1, 0), (1, 1)]);
    }
}
