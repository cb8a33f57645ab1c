//! What the tools of the stage add: nodes, zones and links, as commands.

use super::display::Point;
use super::layout::{EMPTY_ZONE, Hit, Layout, Rect, room, size};
use super::place::{GAP, GRID};
use crate::edit::Command;
use crate::scenario::{Link, Node, Role, Scenario, Zone};

/// From how far away a zone takes in a new node.
const NEAR: f64 = 160.0;

/// A node of a role with its middle at a point, in the zone there or the nearest; on open ground it founds one. With `aside`
/// it moves to the next free place, for those who cannot point.
pub fn new_node(scenario: &Scenario, layout: &Layout, role: Role, at: Point, aside: bool) -> Command {
    let stem = match role {
        Role::Client => "client",
        Role::CloudController => "cloud",
        Role::EdgeController => "edge",
        Role::Worker => "worker",
        Role::Registry => "registry",
        Role::HeadStore => "store",
    };
    let mut node = Node::new(&scenario.free_id(stem), "", role);
    let (w, h) = size(&node);
    let corner = Rect { x: on_grid(at.0 - w / 2.0), y: on_grid(at.1 - h / 2.0), ..room(&node) };
    let taken: Vec<Rect> = layout.nodes.iter().map(|n| n.footprint()).collect();
    (node.x, node.y) = if aside { free_place(&taken, corner) } else { (corner.x, corner.y) };
    let zone = match layout.hit(at, 0.0) {
        Hit::Zone(i) => scenario.zones.get(i),
        Hit::Node(i) => scenario.nodes.get(i).and_then(|n| scenario.zones.iter().find(|z| z.id == n.zone)),
        _ => nearest_zone(layout, at).and_then(|i| scenario.zones.get(i)),
    };
    match zone {
        Some(zone) => {
            node.zone.clone_from(&zone.id);
            Command::AddNode(Box::new(node))
        }
        None => {
            let zone = Zone::new(&scenario.free_id("zone"));
            node.zone.clone_from(&zone.id);
            Command::All(vec![Command::AddZone(zone), Command::AddNode(Box::new(node))])
        }
    }
}

/// A zone without nodes, with its middle at a point; with `aside` at the next free place.
pub fn new_zone(scenario: &Scenario, layout: &Layout, at: Point, aside: bool) -> Command {
    let (w, h) = EMPTY_ZONE;
    let corner = Rect { x: on_grid(at.0 - w / 2.0), y: on_grid(at.1 - h / 2.0), w, h };
    let taken: Vec<Rect> = layout.zones.iter().map(|z| z.rect).chain(layout.nodes.iter().map(|n| n.footprint())).collect();
    let (x, y) = if aside { free_place(&taken, corner) } else { (corner.x, corner.y) };
    Command::AddZone(Zone { x: Some(x), y: Some(y), ..Zone::new(&scenario.free_id("zone")) })
}

/// The link between two things, if there is one already.
pub fn linked<'a>(scenario: &'a Scenario, a: &str, b: &str) -> Option<&'a Link> {
    scenario.links.iter().find(|l| (l.from == a && l.to == b) || (l.from == b && l.to == a))
}

/// A link of 5 ms between two nodes or two zones; nothing between a node and a zone, or something and itself.
pub fn new_link(scenario: &Scenario, from: Hit, to: Hit) -> Option<Command> {
    let ends = match (from, to) {
        (Hit::Node(a), Hit::Node(b)) => (scenario.nodes.get(a)?.id.clone(), scenario.nodes.get(b)?.id.clone()),
        (Hit::Zone(a), Hit::Zone(b)) => (scenario.zones.get(a)?.id.clone(), scenario.zones.get(b)?.id.clone()),
        _ => return None,
    };
    let (id, (from, to)) = (scenario.free_id("link"), ends);
    let link = Link { id, from, to, latency_ms: 5.0, jitter_ms: 0.0, bandwidth_mbps: None };
    (link.from != link.to).then_some(Command::AddLink(link))
}

fn on_grid(v: f64) -> f64 {
    libm::round(v / GRID) * GRID
}

/// The zone whose area is nearest to a point, if it is near.
fn nearest_zone(layout: &Layout, at: Point) -> Option<usize> {
    let distance = |i: usize| {
        let r = layout.zones[i].rect;
        let (dx, dy) = ((r.x - at.0).max(at.0 - r.right()).max(0.0), (r.y - at.1).max(at.1 - r.bottom()).max(0.0));
        dx.max(dy)
    };
    (0..layout.zones.len()).filter(|&i| distance(i) < NEAR).min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
}

/// The first place for a box, in rows to the right of where it would be and below, at which it covers nothing.
fn free_place(taken: &[Rect], wanted: Rect) -> Point {
    let (across, down) = (on_grid(wanted.w + GAP), on_grid(wanted.h + GAP));
    let columns = 4;
    // Each box that is there can be in the way of few places, so that one of so many is free.
    let tries = (0..4 * (taken.len() + 1) * columns).map(|k| ((k % columns) as f64, (k / columns) as f64));
    let mut places = tries.map(|(column, row)| wanted.moved(column * across, row * down));
    let free = places.find(|r| !taken.iter().any(|t| t.overlaps(r)));
    free.map_or((wanted.x, wanted.y), |r| (r.x, r.y))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::edit::empty;

    fn after(scenario: &Scenario, command: Command) -> Scenario {
        let mut there = scenario.clone();
        command.apply(&mut there).unwrap();
        there
    }

    #[test]
    fn a_node_founds_a_zone_on_open_ground_and_joins_one_that_is_near() {
        let s = empty();
        let one = after(&s, new_node(&s, &Layout::of(&s), Role::Client, (100.0, 100.0), false));
        assert_eq!((one.zones.len(), one.nodes[0].zone.as_str()), (1, "zone-1"));
        assert_eq!(Layout::of(&one).nodes[0].rect.centre(), (100.0, 104.0), "on the grid");
        let near = after(&one, new_node(&one, &Layout::of(&one), Role::Worker, (300.0, 100.0), false));
        assert_eq!((near.zones.len(), near.nodes[1].zone.as_str()), (1, "zone-1"));
        let far = after(&one, new_node(&one, &Layout::of(&one), Role::Worker, (900.0, 100.0), false));
        assert_eq!((far.zones.len(), far.nodes[1].zone.as_str()), (2, "zone-2"));
    }

    #[test]
    fn nodes_added_by_keys_stand_beside_each_other() {
        let mut s = empty();
        for role in [Role::Client, Role::CloudController, Role::Worker, Role::Worker, Role::Worker, Role::Worker] {
            let command = new_node(&s, &Layout::of(&s), role, (400.0, 200.0), true);
            s = after(&s, command);
        }
        let layout = Layout::of(&s);
        for (i, a) in layout.nodes.iter().enumerate() {
            assert!(layout.nodes[..i].iter().all(|b| !b.footprint().overlaps(&a.footprint())), "{}", a.id);
        }
        assert_eq!(s.zones.len(), 1);
    }

    #[test]
    fn zones_are_put_where_they_are_wanted_or_aside() {
        let s = empty();
        let one = after(&s, new_zone(&s, &Layout::of(&s), (204.0, 160.0), false));
        assert_eq!((one.zones[0].x, one.zones[0].y), (Some(104.0), Some(104.0)));
        let two = after(&one, new_zone(&one, &Layout::of(&one), (204.0, 160.0), true));
        let layout = Layout::of(&two);
        assert!(!layout.zones[0].rect.overlaps(&layout.zones[1].rect));
        let inside = after(&two, new_node(&two, &Layout::of(&two), Role::Worker, (204.0, 160.0), false));
        assert_eq!(inside.nodes[0].zone, two.zones[0].id);
    }

    #[test]
    fn links_are_between_two_of_a_kind() {
        let mut s = empty();
        s.zones = vec![Zone::new("a"), Zone::new("b")];
        s.nodes = vec![Node::new("c", "a", Role::Client), Node::new("w", "b", Role::Worker)];
        let link = |from, to| new_link(&s, from, to);
        assert_eq!((link(Hit::Node(0), Hit::Zone(1)), link(Hit::Node(0), Hit::Node(0))), (None, None));
        let there = after(&s, link(Hit::Zone(1), Hit::Zone(0)).unwrap());
        assert_eq!(linked(&there, "a", "b").map(|l| l.id.as_str()), Some("link-1"));
        assert_eq!(linked(&there, "c", "w"), None);
    }
}
