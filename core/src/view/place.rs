//! Where nodes are put: alignment while they are dragged, the zone that they come into, and places for those that have none.

use std::collections::BTreeMap;

use super::display::Point;
use super::layout::{Hit, Layout, Rect, around, room, zone_around};
use crate::edit::Command;
use crate::scenario::{MOST_OBJECTS, Role, Scenario};

/// The grid that boxes stand on while nothing else attracts them.
pub(crate) const GRID: f64 = 8.0;
/// From how far away another node's edge or middle attracts.
const REACH: f64 = 6.0;
/// Space between two nodes, and between two zones.
pub(crate) const GAP: f64 = 24.0;
const ZONE_GAP: f64 = 48.0;
/// The most nodes in one column of a zone.
const COLUMN: usize = 6;
/// The shape of a stage, width to height, that zones are arranged for.
const STAGE: f64 = 2.0;
/// Corner of the first zone. Not zero: a node at (0, 0) has no place yet.
const CORNER: Point = (40.0, 40.0);

/// A line that shows with what a dragged node is aligned, in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guide {
    /// One end.
    pub from: Point,
    /// The other.
    pub to: Point,
}

/// What moves together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moving {
    /// Nodes, by their index.
    pub nodes: Vec<usize>,
    /// Zones that move with all of their nodes, by their index.
    pub zones: Vec<usize>,
}

impl Moving {
    /// The nodes and zones of a selection. A zone takes its nodes along; a machine of a block stays where its block is.
    pub fn of(layout: &Layout, selection: &[Hit]) -> Moving {
        let zones: Vec<usize> = selection.iter().filter_map(|h| if let Hit::Zone(i) = h { Some(*i) } else { None }).collect();
        let own = selection.iter().filter_map(|h| if let Hit::Node(i) = h { Some(*i) } else { None });
        let mut nodes: Vec<usize> = own.chain(zones.iter().flat_map(|z| layout.nodes_of(*z))).collect();
        nodes.sort_unstable();
        nodes.dedup();
        Moving { nodes, zones }
    }

    /// Whether nothing moves.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.zones.is_empty()
    }

    /// The zones that have no nodes to carry them.
    fn bare_zones<'a>(&'a self, layout: &'a Layout) -> impl Iterator<Item = usize> + 'a {
        self.zones.iter().copied().filter(|z| !layout.nodes.iter().any(|n| n.zone == Some(*z)))
    }
}

/// How far nodes really move when they are dragged by (dx, dy): onto an edge or middle of another node if one is near, else
/// onto the grid. Together with lines that show the alignment.
pub fn snap(layout: &Layout, moving: &Moving, dx: f64, dy: f64) -> (f64, f64, Vec<Guide>) {
    let rects = moving.nodes.iter().filter_map(|i| layout.nodes.get(*i)).map(|n| n.rect);
    let bare = moving.bare_zones(layout).filter_map(|z| layout.zones.get(z)).map(|z| z.rect);
    let Some(start) = around(rects.chain(bare)) else { return (dx, dy, vec![]) };
    let still = layout.nodes.iter().enumerate().filter(|(i, _)| !moving.nodes.contains(i));
    let still: Vec<Rect> = still.map(|(_, n)| n.rect).collect();
    let there = start.moved(dx, dy);
    let shift_x = align(&still, |r| [r.x, r.x + r.w / 2.0, r.right()], &there);
    let shift_y = align(&still, |r| [r.y, r.y + r.h / 2.0, r.bottom()], &there);
    let on_grid = |v: f64| libm::round(v / GRID) * GRID - v;
    let there = there.moved(shift_x.map_or(on_grid(there.x), |s| s.0), shift_y.map_or(on_grid(there.y), |s| s.0));
    let mut guides = vec![];
    if let Some((_, at, other)) = shift_x {
        let both = other.union(&there);
        guides.push(Guide { from: (at, both.y), to: (at, both.bottom()) });
    }
    if let Some((_, at, other)) = shift_y {
        let both = other.union(&there);
        guides.push(Guide { from: (both.x, at), to: (both.right(), at) });
    }
    (there.x - start.x, there.y - start.y, guides)
}

/// The smallest shift that brings one of `there`'s three lines onto the same line of another box: (shift, line, box).
fn align(still: &[Rect], lines: impl Fn(&Rect) -> [f64; 3], there: &Rect) -> Option<(f64, f64, Rect)> {
    let own = lines(there);
    let pairs = still.iter().flat_map(|r| lines(r).into_iter().zip(own).map(|(line, mine)| (line - mine, line, *r)));
    pairs.filter(|(shift, ..)| shift.abs() <= REACH).min_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
}

/// Moves nodes by (dx, dy), as one step. A node whose middle comes into the area of another zone joins that zone; on open
/// ground it stays in its own, and so do the nodes of a zone that moves as a whole. A zone's area is that of its nodes which
/// are not moved, so that no zone follows its nodes.
pub fn relocation(scenario: &Scenario, layout: &Layout, moving: &Moving, dx: f64, dy: f64) -> Command {
    let nodes = || moving.nodes.iter().filter_map(|&i| Some((scenario.nodes.get(i)?, layout.nodes.get(i)?)));
    let areas: Vec<Option<Rect>> = (0..scenario.zones.len()).map(|zone| resting_area(layout, zone, &moving.nodes)).collect();
    let bare = moving.bare_zones(layout).filter_map(|z| layout.zones.get(z));
    let bare = bare.map(|z| (z.id.clone(), z.rect.x + dx, z.rect.y + dy));
    let to = nodes().map(|(node, _)| (node.id.clone(), node.x + dx, node.y + dy)).chain(bare).collect();
    let mut joining: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (node, own) in nodes().filter(|(_, own)| !own.zone.is_some_and(|z| moving.zones.contains(&z))) {
        let (before, after) = (own.rect.centre(), own.rect.moved(dx, dy).centre());
        let enters = |area: &Rect| area.contains(after) && !area.contains(before);
        // What is drawn last is on top.
        let zone = areas.iter().rposition(|area| area.as_ref().is_some_and(enters));
        if let Some(zone) = zone.filter(|zone| own.zone != Some(*zone)) {
            joining.entry(zone).or_default().push(node.id.clone());
        }
    }
    let settle = |(zone, nodes): (usize, Vec<String>)| Command::Settle { nodes, zone: scenario.zones[zone].id.clone() };
    let moved = Command::Move { to };
    match joining.is_empty() {
        true => moved,
        false => Command::All(std::iter::once(moved).chain(joining.into_iter().map(settle)).collect()),
    }
}

/// The area of a zone without some of its nodes; nothing if those are all that it has.
fn resting_area(layout: &Layout, zone: usize, moving: &[usize]) -> Option<Rect> {
    let members = || layout.nodes.iter().enumerate().filter(|(_, n)| n.zone == Some(zone));
    if members().next().is_none() {
        return layout.zones.get(zone).map(|z| z.rect);
    }
    around(members().filter(|(i, _)| !moving.contains(i)).map(|(_, n)| n.footprint())).map(zone_around)
}

/// Gives a place to each node that has none, which is one at (0, 0): in every zone clients left, controllers in the middle,
/// workers right; zones in a column, those with the cloud controller in another on the right. Nodes that have a place keep
/// it. A single node at (0, 0) stays there if it covers no other. A scenario of more nodes than can run stays as it is: each is
/// compared with each.
pub fn auto_place(scenario: &mut Scenario) {
    if scenario.nodes.len().max(scenario.zones.len()) > MOST_OBJECTS {
        return;
    }
    let homeless: Vec<usize> = (0..scenario.nodes.len()).filter(|i| is_homeless(scenario, *i)).collect();
    if let [one] = homeless[..] {
        let own = room(&scenario.nodes[one]);
        if !scenario.nodes.iter().enumerate().any(|(i, n)| i != one && room(n).overlaps(&own)) && scenario.nodes.len() > 1 {
            return;
        }
    }
    let mut by_zone: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for i in &homeless {
        by_zone.entry(scenario.nodes[*i].zone.as_str()).or_default().push(*i);
    }
    // In the order of the zones; nodes whose zone does not exist come last.
    let known = scenario.zones.iter().filter_map(|z| by_zone.remove(z.id.as_str())).collect::<Vec<_>>();
    let groups: Vec<Vec<usize>> = known.into_iter().chain(by_zone.into_values()).collect();
    let (joining, new): (Vec<_>, Vec<_>) = groups.into_iter().partition(|g| placed_bounds(scenario, g[0]).is_some());
    for group in joining {
        join(scenario, &group);
    }
    arrange_zones(scenario, new);
}

fn is_homeless(scenario: &Scenario, i: usize) -> bool {
    scenario.nodes[i].x == 0.0 && scenario.nodes[i].y == 0.0
}

/// The bounds of the nodes that have a place, in the zone of node `i`.
fn placed_bounds(scenario: &Scenario, i: usize) -> Option<Rect> {
    let zone = &scenario.nodes[i].zone;
    let placed = (0..scenario.nodes.len()).filter(|j| scenario.nodes[*j].zone == *zone && !is_homeless(scenario, *j));
    around(placed.map(|j| room(&scenario.nodes[j])))
}

/// Puts nodes below those of their zone that have a place, further down until they cover nothing.
fn join(scenario: &mut Scenario, group: &[usize]) {
    for &i in group {
        let Some(bounds) = placed_bounds(scenario, i) else { return };
        let (mut x, mut y) = (bounds.x, bounds.bottom() + GAP);
        if x == 0.0 && y == 0.0 {
            x = GRID;
        }
        loop {
            let own = Rect { x, y, ..room(&scenario.nodes[i]) };
            let others = (0..scenario.nodes.len()).filter(|j| *j != i && !is_homeless(scenario, *j));
            let below = others.map(|j| room(&scenario.nodes[j])).filter(|r| r.overlaps(&own)).map(|r| r.bottom()).reduce(f64::max);
            match below {
                Some(bottom) => y = bottom + GAP,
                None => break,
            }
        }
        (scenario.nodes[i].x, scenario.nodes[i].y) = (x, y);
    }
}

/// Places whole zones: first each by itself, then all of them beside and below each other.
fn arrange_zones(scenario: &mut Scenario, groups: Vec<Vec<usize>>) {
    if groups.is_empty() {
        return;
    }
    let zones: Vec<(Vec<usize>, Rect)> = groups.into_iter().map(|g| arrange_nodes(scenario, g)).collect();
    let taken =
        around((0..scenario.nodes.len()).filter(|i| !zones.iter().any(|z| z.0.contains(i))).map(|i| room(&scenario.nodes[i])));
    let corner = taken.map_or(CORNER, |t| (zone_around(t).right() + ZONE_GAP, zone_around(t).y));
    let is_cloud = |zone: &(Vec<usize>, Rect)| zone.0.iter().any(|i| scenario.nodes[*i].is(Role::CloudController));
    let (clouds, edges): (Vec<_>, Vec<_>) = zones.into_iter().partition(is_cloud);
    let edge_columns = columns_of_zones(&edges, &clouds);
    let mut columns: Vec<Vec<(Vec<usize>, Rect)>> = vec![];
    let per_column = edges.len().div_ceil(edge_columns.max(1)).max(1);
    let mut edges = edges.into_iter().peekable();
    while edges.peek().is_some() {
        columns.push(edges.by_ref().take(per_column).collect());
    }
    if !clouds.is_empty() {
        columns.push(clouds);
    }
    place_columns(scenario, &columns, corner);
}

/// In how many columns `zones` should stand beside the one of `clouds`, so that all are seen as large as possible.
fn columns_of_zones(zones: &[(Vec<usize>, Rect)], clouds: &[(Vec<usize>, Rect)]) -> usize {
    let widest = |zones: &[(Vec<usize>, Rect)]| zones.iter().map(|z| z.1.w + ZONE_GAP).fold(0.0, f64::max);
    let highest = |zones: &[(Vec<usize>, Rect)]| zones.iter().map(|z| z.1.h + ZONE_GAP).fold(0.0, f64::max);
    let need = |columns: usize| {
        let rows = zones.len().div_ceil(columns) as f64;
        let wide = widest(zones) * columns as f64 + widest(clouds);
        let high = (highest(zones) * rows).max(highest(clouds) * clouds.len() as f64);
        (wide / STAGE).max(high)
    };
    (1..=zones.len()).min_by(|a, b| need(*a).total_cmp(&need(*b))).unwrap_or(1)
}

/// Moves zones into columns from left to right, each column centred on the highest.
fn place_columns(scenario: &mut Scenario, columns: &[Vec<(Vec<usize>, Rect)>], corner: Point) {
    let height = |column: &[(Vec<usize>, Rect)]| column.iter().map(|z| z.1.h + ZONE_GAP).sum::<f64>() - ZONE_GAP;
    let highest = columns.iter().map(|c| height(c)).fold(0.0, f64::max);
    let mut x = corner.0;
    for column in columns {
        let mut y = corner.1 + libm::round((highest - height(column)) / 2.0 / GRID) * GRID;
        for (nodes, area) in column {
            for i in nodes {
                scenario.nodes[*i].x += x - area.x;
                scenario.nodes[*i].y += y - area.y;
            }
            y += area.h + ZONE_GAP;
        }
        x += column.iter().map(|z| z.1.w).fold(0.0, f64::max) + ZONE_GAP;
    }
}

/// Places the nodes of one zone by themselves, and says which area the zone then has.
fn arrange_nodes(scenario: &mut Scenario, group: Vec<usize>) -> (Vec<usize>, Rect) {
    let rank = |i: usize| match &scenario.nodes[i] {
        n if n.is(Role::Worker) => 2,
        n if n.is(Role::Client) => 0,
        _ => 1,
    };
    let mut columns: Vec<Vec<usize>> = vec![];
    for wanted in 0..3 {
        let members: Vec<usize> = group.iter().copied().filter(|i| rank(*i) == wanted).collect();
        let per_column = members.len().div_ceil(members.len().div_ceil(COLUMN).max(1)).max(1);
        columns.extend(members.chunks(per_column).map(<[usize]>::to_vec));
    }
    let height = |column: &[usize]| column.iter().map(|i| room(&scenario.nodes[*i]).h + GAP).sum::<f64>() - GAP;
    let highest = columns.iter().map(|c| height(c)).fold(0.0, f64::max);
    let mut places = vec![];
    let mut x = 0.0;
    for column in &columns {
        let mut y = (highest - height(column)) / 2.0;
        let wide = column.iter().map(|i| room(&scenario.nodes[*i]).w).fold(0.0, f64::max);
        for &i in column {
            let own = room(&scenario.nodes[i]);
            places.push((i, x + (wide - own.w) / 2.0, y));
            y += own.h + GAP;
        }
        x += wide + 2.0 * GAP;
    }
    for (i, x, y) in places {
        (scenario.nodes[i].x, scenario.nodes[i].y) = (x, y);
    }
    let bounds = around(group.iter().map(|i| room(&scenario.nodes[*i]))).unwrap_or_default();
    (group, zone_around(bounds))
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::{node, scenario};
    use super::*;
    use crate::edit::{Document, Template, empty};
    use crate::scenario::Node;

    fn client(id: &str, x: f64, y: f64) -> Node {
        node(id, "z", Role::Client, x, y)
    }

    /// Two clients, 72 x 64, the second at (200, 100).
    fn two() -> Layout {
        Layout::of(&scenario(&["z"], vec![client("a", 8.0, 8.0), client("b", 200.0, 100.0)], vec![]))
    }

    fn of(nodes: &[usize]) -> Moving {
        Moving { nodes: nodes.to_vec(), zones: vec![] }
    }

    #[test]
    fn drags_snap_to_the_grid() {
        let (dx, dy, guides) = snap(&two(), &of(&[0]), 51.0, 29.0);
        assert_eq!((8.0 + dx, 8.0 + dy), (56.0, 40.0));
        assert!(guides.is_empty());
    }

    #[test]
    fn edges_of_other_nodes_attract_more_than_the_grid() {
        // To y 97: within 6 of b's top at 100.
        let (dx, dy, guides) = snap(&two(), &of(&[0]), 40.0, 89.0);
        assert_eq!((8.0 + dx, 8.0 + dy), (48.0, 100.0));
        assert_eq!(guides, [Guide { from: (48.0, 100.0), to: (272.0, 100.0) }]);
    }

    #[test]
    fn dragging_nothing_moves_nothing() {
        assert_eq!(snap(&two(), &of(&[]), 3.0, 4.0), (3.0, 4.0, vec![]));
    }

    /// A client in zone a at (0, 0), one in b at (400, 0), whose area is (380, -44) to (492, 106); both 72 x 64. And c, empty.
    fn neighbours() -> Scenario {
        scenario(&["a", "b", "c"], vec![node("p", "a", Role::Client, 0.0, 0.0), node("q", "b", Role::Client, 400.0, 0.0)], vec![])
    }

    /// The zone that the first client is in after a move, and where it is then.
    fn after(s: &Scenario, moving: &[usize], dx: f64, dy: f64) -> (String, f64) {
        let mut there = s.clone();
        assert!(relocation(s, &Layout::of(s), &of(moving), dx, dy).apply(&mut there).is_ok());
        (there.nodes[0].zone.clone(), there.nodes[0].x)
    }

    #[test]
    fn a_node_joins_the_zone_that_its_middle_comes_into() {
        let s = neighbours();
        assert_eq!(after(&s, &[0], 343.0, 0.0), ("a".to_owned(), 343.0), "its middle is at 379");
        assert_eq!(after(&s, &[0], 344.0, 0.0), ("b".to_owned(), 344.0));
        assert_eq!(after(&s, &[0], 344.0, 200.0), ("a".to_owned(), 344.0), "below it");
        // Zone c is empty and stands at the right: from 524 to 732.
        assert_eq!(after(&s, &[0], 560.0, 0.0).0, "c");
    }

    #[test]
    fn zones_that_move_as_a_whole_attract_nothing() {
        let s = neighbours();
        assert_eq!(after(&s, &[0, 1], 344.0, 0.0).0, "a");
    }

    #[test]
    fn a_zone_takes_its_nodes_along_and_they_stay_its_own() {
        let s = neighbours();
        let layout = Layout::of(&s);
        let moving = Moving::of(&layout, &[Hit::Zone(0), Hit::Zone(2), Hit::Link(0)]);
        assert_eq!(moving, Moving { nodes: vec![0], zones: vec![0, 2] });
        let mut document = Document::new(s.clone());
        assert!(document.edit(relocation(&s, &layout, &moving, 400.0, 0.0)).is_ok());
        let there = document.scenario();
        assert_eq!((there.nodes[0].zone.as_str(), there.nodes[0].x), ("a", 400.0), "it stands in b, and stays in a");
        assert_eq!((there.zones[0].x, there.zones[2].x), (None, Some(layout.zones[2].rect.x + 400.0)));
        assert!(document.undo() && document.scenario() == &s && !document.can_undo(), "it is one step");
    }

    #[test]
    fn a_node_that_already_stands_in_the_area_of_another_zone_stays_in_its_own() {
        let mut s = neighbours();
        s.nodes[0].x = 380.0;
        s.nodes[0].y = -20.0;
        assert_eq!(after(&s, &[0], 8.0, 0.0).0, "a");
    }

    #[test]
    fn coming_into_another_zone_is_one_step() {
        let s = neighbours();
        let mut document = Document::new(s.clone());
        assert!(document.edit(relocation(&s, &Layout::of(&s), &of(&[0]), 400.0, 40.0)).is_ok());
        assert_eq!((document.scenario().nodes[0].zone.as_str(), document.scenario().nodes[0].y), ("b", 40.0));
        assert!(document.undo() && document.scenario() == &s && !document.can_undo());
    }

    #[test]
    fn templates_have_room() {
        for template in Template::ALL {
            let mut s = empty();
            assert!(template.command(&empty()).apply(&mut s).is_ok());
            let placed = s.clone();
            auto_place(&mut s);
            assert_eq!(s, placed, "{template:?}: everything has a place");
            assert_nothing_overlaps(&Layout::of(&s));
        }
    }

    /// Zones with a client, a controller and workers each, none with a place.
    fn edge_cloud() -> Scenario {
        let mut nodes = vec![];
        for zone in ["e1", "e2", "e3", "cloud"] {
            let role = if zone == "cloud" { Role::CloudController } else { Role::EdgeController };
            nodes.push(Node::new(&format!("{zone}-client"), zone, Role::Client));
            nodes.push(Node::new(&format!("{zone}-ctl"), zone, role));
            nodes.push(Node::new(&format!("{zone}-w1"), zone, Role::Worker));
            nodes.push(Node::new(&format!("{zone}-w2"), zone, Role::Worker));
        }
        scenario(&["e1", "e2", "e3", "cloud"], nodes, vec![])
    }

    fn assert_nothing_overlaps(layout: &Layout) {
        for (i, a) in layout.nodes.iter().enumerate() {
            for b in &layout.nodes[..i] {
                assert!(!a.footprint().overlaps(&b.footprint()), "{} {}", a.id, b.id);
            }
        }
        for (i, a) in layout.zones.iter().enumerate() {
            for b in &layout.zones[..i] {
                assert!(!a.rect.overlaps(&b.rect), "{} {}", a.id, b.id);
            }
        }
    }

    #[test]
    fn places_nodes_by_role_and_zones_without_overlap() {
        let mut s = edge_cloud();
        auto_place(&mut s);
        let layout = Layout::of(&s);
        assert_nothing_overlaps(&layout);
        let x = |id: &str| s.node(id).map_or(0.0, |n| n.x);
        assert!(x("e1-client") < x("e1-ctl") && x("e1-ctl") < x("e1-w1"));
        assert!(x("e3-w1") < x("cloud-client"), "the cloud is on the right");
        let before = s.clone();
        auto_place(&mut s);
        assert_eq!(s, before, "everything has a place now");
    }

    #[test]
    fn nodes_that_have_a_place_keep_it() {
        let mut s = edge_cloud();
        auto_place(&mut s);
        let before = s.clone();
        s.nodes.push(Node::new("new-1", "e2", Role::Worker));
        s.nodes.push(Node::new("new-2", "e2", Role::Worker));
        auto_place(&mut s);
        assert_eq!(s.nodes[..before.nodes.len()], before.nodes[..]);
        let layout = Layout::of(&s);
        let (a, b) = (layout.nodes[16].rect, layout.nodes[17].rect);
        assert!(!a.overlaps(&b) && layout.nodes[..16].iter().all(|n| !n.rect.overlaps(&a) && !n.rect.overlaps(&b)));
    }

    #[test]
    fn one_node_put_at_the_corner_on_purpose_stays() {
        let mut s = scenario(&["z"], vec![client("a", 0.0, 0.0), client("b", 200.0, 0.0)], vec![]);
        auto_place(&mut s);
        assert_eq!((s.nodes[0].x, s.nodes[0].y), (0.0, 0.0));
    }
}
