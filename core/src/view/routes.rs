//! Along which links a message travels: the path of lowest latency over links between nodes; where these do not connect two
//! nodes, the link between their zones; else a straight line. Where no link is drawn, the line goes around other nodes.

use super::display::Point;
use super::layout::{Layout, LinkLine, Rect};

/// How far a line keeps from nodes that it goes around.
const CLEAR: f64 = 10.0;
/// With more nodes than this, lines go straight: nobody could tell.
const MOST_OBSTACLES: usize = 300;

/// What a link ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The node of this index.
    Node(usize),
    /// The zone of this index.
    Zone(usize),
}

/// A link as an edge of a graph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    /// One end.
    pub(crate) a: End,
    /// The other.
    pub(crate) b: End,
    /// What it costs.
    pub(crate) latency_ms: f64,
}

/// For each node, the line by which the cheapest path from the root arrives, and whether it is gone from its end to its start.
pub(crate) type Tree = Vec<Option<(usize, bool)>>;

/// The cheapest paths from `root` over links between nodes (Bellman and Ford: topologies have few links).
pub(crate) fn tree(links: &[LinkLine], nodes: usize, root: usize) -> Tree {
    let mut cost = vec![f64::INFINITY; nodes];
    let mut by: Tree = vec![None; nodes];
    cost[root] = 0.0;
    loop {
        let mut better = false;
        for (i, link) in links.iter().enumerate() {
            let (End::Node(a), End::Node(b)) = (link.edge.a, link.edge.b) else { continue };
            let latency = link.edge.latency_ms.max(0.0);
            for (from, to, back) in [(a, b, false), (b, a, true)] {
                if cost[from] + latency < cost[to] {
                    cost[to] = cost[from] + latency;
                    by[to] = Some((i, back));
                    better = true;
                }
            }
        }
        if !better {
            return by;
        }
    }
}

/// The points of the route between two nodes, frame to frame.
pub(crate) fn points<'a>(layout: &Layout, from: usize, to: usize, tree: impl Fn(usize) -> &'a Tree) -> Vec<Point> {
    if from == to {
        return vec![];
    }
    let points = over_nodes(&layout.links, from, to, tree(from));
    let linked = !points.is_empty();
    let points = if linked { points } else { over_zones(layout, from, to) };
    let (a, b) = (layout.nodes[from].rect, layout.nodes[to].rect);
    let first = points.first().copied().unwrap_or(b.centre());
    let last = points.last().copied().unwrap_or(a.centre());
    let (start, end) = (a.exit(first), b.exit(last));
    let mut way = vec![start];
    if linked {
        way.extend(points);
    } else if let (Some(&first), Some(&last)) = (points.first(), points.last()) {
        way.extend(around_nodes(layout, from, to, start, first));
        way.extend([first, last]);
        way.extend(around_nodes(layout, from, to, last, end));
    } else {
        way.extend(around_nodes(layout, from, to, start, end));
    }
    way.push(end);
    way.dedup();
    way
}

/// The corners of a line from `a` to `b` around the nodes that stand on it, all on the side where it stays closer.
fn around_nodes(layout: &Layout, from: usize, to: usize, a: Point, b: Point) -> Vec<Point> {
    let length = libm::hypot(b.0 - a.0, b.1 - a.1);
    if length < 1.0 || layout.nodes.len() > MOST_OBSTACLES {
        return vec![];
    }
    let (ux, uy) = ((b.0 - a.0) / length, (b.1 - a.1) / length);
    let others = layout.nodes.iter().enumerate().filter(|(i, _)| *i != from && *i != to);
    let met = others.map(|(_, n)| n.footprint()).filter(|r| crosses(r, a, b));
    // Each corner with how far along the line it is, and how far to its right.
    let place = |p: Point| (p, (p.0 - a.0) * ux + (p.1 - a.1) * uy, (p.1 - a.1) * ux - (p.0 - a.0) * uy);
    let mut corners: Vec<(Point, f64, f64)> = met.flat_map(corners_of).map(place).collect();
    let farthest = |sign: f64| corners.iter().map(|c| c.2 * sign).fold(0.0, f64::max);
    let side = if farthest(-1.0) < farthest(1.0) { -1.0 } else { 1.0 };
    corners.retain(|(_, along, right)| right * side > 0.0 && *along > 0.0 && *along < length);
    corners.sort_by(|p, q| p.1.total_cmp(&q.1));
    corners.into_iter().map(|c| c.0).collect()
}

/// The corners of a rectangle, a little outside.
fn corners_of(r: Rect) -> [Point; 4] {
    let (left, right, top, bottom) = (r.x - CLEAR, r.right() + CLEAR, r.y - CLEAR, r.bottom() + CLEAR);
    [(left, top), (right, top), (right, bottom), (left, bottom)]
}

/// Whether a line meets a rectangle: the parts of it within the left and right, and within the upper and lower edge, meet.
fn crosses(r: &Rect, a: Point, b: Point) -> bool {
    let within = |low: f64, high: f64, from: f64, d: f64| match d {
        d if d.abs() < 1e-9 && from > low && from < high => (0.0, 1.0),
        d if d.abs() < 1e-9 => (1.0, 0.0),
        d => (((low - from) / d).min((high - from) / d), ((low - from) / d).max((high - from) / d)),
    };
    let (x0, x1) = within(r.x, r.right(), a.0, b.0 - a.0);
    let (y0, y1) = within(r.y, r.bottom(), a.1, b.1 - a.1);
    x0.max(y0).max(0.0) < x1.min(y1).min(1.0)
}

/// The lines of the tree from its root to `to`, as points; none if it does not reach there.
fn over_nodes(links: &[LinkLine], from: usize, to: usize, tree: &Tree) -> Vec<Point> {
    let mut points = vec![];
    let mut at = to;
    while at != from {
        let Some((line, back)) = tree[at] else { return vec![] };
        let link = &links[line];
        let (start, end, before) = if back { (link.to, link.from, link.edge.b) } else { (link.from, link.to, link.edge.a) };
        points.extend([end, start]);
        let End::Node(node) = before else { return vec![] };
        at = node;
    }
    points.reverse();
    points
}

/// The cheapest line between the two nodes' zones, or between one of the nodes and the other's zone.
fn over_zones(layout: &Layout, from: usize, to: usize) -> Vec<Point> {
    let is = |end: End, node: usize| match end {
        End::Node(i) => i == node,
        End::Zone(z) => layout.nodes[node].zone == Some(z),
    };
    if layout.nodes[from].zone == layout.nodes[to].zone {
        return vec![];
    }
    let ways = layout.links.iter().flat_map(|l| [(l, l.edge.a, l.edge.b, l.from, l.to), (l, l.edge.b, l.edge.a, l.to, l.from)]);
    ways.filter(|(_, a, b, ..)| is(*a, from) && is(*b, to))
        .min_by(|x, y| x.0.edge.latency_ms.total_cmp(&y.0.edge.latency_ms))
        .map_or(vec![], |(.., start, end)| vec![start, end])
}

#[cfg(test)]
mod tests {
    use super::super::layout::Layout;
    use super::super::layout::Rect;
    use super::super::layout::tests::{link, node, scenario};
    use super::crosses;
    use crate::scenario::Role;

    /// Clients a and b in zone z, c in zone y, 200 apart in a row.
    fn three(links: Vec<crate::scenario::Link>) -> Layout {
        let at = |id: &str, zone: &str, x: f64| node(id, zone, Role::Client, x, 0.0);
        let nodes = vec![at("a", "z", 0.0), at("b", "z", 200.0), at("c", "y", 400.0)];
        Layout::of(&scenario(&["z", "y"], nodes, links))
    }

    #[test]
    fn unlinked_nodes_are_joined_straight() {
        assert_eq!(three(vec![]).route(0, 1), [(72.0, 32.0), (200.0, 32.0)]);
        assert_eq!(three(vec![]).route(1, 0), [(200.0, 32.0), (72.0, 32.0)]);
        assert!(three(vec![]).route(1, 1).is_empty());
    }

    #[test]
    fn the_path_of_lowest_latency_is_taken_in_both_directions() {
        let mut direct = link("a", "c");
        direct.latency_ms = 11.0;
        let layout = three(vec![direct, link("a", "b"), link("c", "b")]);
        // 5 + 5 over b is less than 11.
        assert_eq!(layout.route(0, 2), [(72.0, 32.0), (200.0, 32.0), (272.0, 32.0), (400.0, 32.0)]);
        assert_eq!(layout.route(2, 0), [(400.0, 32.0), (272.0, 32.0), (200.0, 32.0), (72.0, 32.0)]);
    }

    #[test]
    fn nodes_of_linked_zones_use_the_link_of_their_zones() {
        let layout = three(vec![link("y", "z")]);
        let (z, y) = (layout.zones[0].rect, layout.zones[1].rect);
        let route = layout.route(1, 2);
        assert_eq!(route.len(), 4);
        assert_eq!((route[1].0, route[2].0), (z.right(), y.x));
        assert_eq!(layout.route(0, 1).len(), 2, "inside a zone the link between zones is not used");
    }

    #[test]
    fn lines_that_are_not_links_go_around_nodes() {
        // b is 72 wide from x 200, and with its name 86 high from y 0; the line is at y 32, so above it is closer.
        let route = three(vec![]).route(0, 2);
        assert_eq!(route, [(72.0, 32.0), (190.0, -10.0), (282.0, -10.0), (400.0, 32.0)]);
        let mut back = three(vec![]).route(2, 0);
        back.reverse();
        assert_eq!(back, route);
    }

    #[test]
    fn a_line_crosses_a_rectangle_that_it_meets() {
        let r = Rect { x: 10.0, y: 10.0, w: 10.0, h: 10.0 };
        assert!(crosses(&r, (0.0, 15.0), (30.0, 15.0)));
        assert!(crosses(&r, (0.0, 0.0), (15.0, 15.0)), "it may end inside");
        assert!(!crosses(&r, (0.0, 15.0), (9.0, 15.0)), "it ends before");
        assert!(!crosses(&r, (0.0, 5.0), (30.0, 5.0)) && !crosses(&r, (5.0, 0.0), (5.0, 30.0)));
        assert!(!crosses(&r, (0.0, 15.0), (15.0, 0.0)), "it passes the corner");
    }
}
