//! Where everything is in the world: boxes of nodes, areas of zones, ends of links. One world unit is one pixel at scale 1.
//!
//! A node's x and y are the upper left corner of its box. Machines are numbered as the run numbers them: the nodes in order,
//! the machines of each block in a row.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::display::Point;
use super::routes::{self, Tree};
use super::statics;
use super::viewport::Viewport;
use crate::scenario::{Link, Node, Role, Scenario, Zone};

/// Width and height of a worker.
pub(crate) const WORKER: (f64, f64) = (168.0, 104.0);
/// Width and height of a node that runs nothing, with one glyph.
const SMALL: (f64, f64) = (72.0, 64.0);
/// What each further glyph adds to its width.
const GLYPH: f64 = 40.0;
/// Room for the name below a small node.
const NAME: f64 = 22.0;
/// Space around the grid of a block: at the sides, above and below.
const BLOCK_SIDE: f64 = 10.0;
const BLOCK_TOP: f64 = 30.0;
const BLOCK_BOTTOM: f64 = 38.0;
/// Space between the edge of a zone and its nodes: at the sides and below, and above, where the name is.
const ZONE_SIDE: f64 = 20.0;
const ZONE_TOP: f64 = 44.0;
/// Size of a zone without nodes, and its distance from what stands beside it.
pub(crate) const EMPTY_ZONE: (f64, f64) = (208.0, 120.0);
const EMPTY_GAP: f64 = 32.0;

/// An upright rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// Its right edge.
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Its lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// The point in its middle.
    pub fn centre(&self) -> Point {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Whether a point is in it; the upper and left edges belong to it.
    pub fn contains(&self, (x, y): Point) -> bool {
        x >= self.x && x < self.right() && y >= self.y && y < self.bottom()
    }

    /// Whether the two have an area in common.
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// The smallest rectangle around both.
    pub fn union(&self, other: &Rect) -> Rect {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Rect { x, y, w: self.right().max(other.right()) - x, h: self.bottom().max(other.bottom()) - y }
    }

    /// The rectangle moved by (dx, dy).
    pub fn moved(&self, dx: f64, dy: f64) -> Rect {
        Rect { x: self.x + dx, y: self.y + dy, ..*self }
    }

    /// Where the line from its centre to `target` leaves it; `target` itself if that is inside.
    pub(crate) fn exit(&self, target: Point) -> Point {
        let (cx, cy) = self.centre();
        let (dx, dy) = (target.0 - cx, target.1 - cy);
        let share = |half: f64, d: f64| if d.abs() > 1e-9 { half / d.abs() } else { f64::INFINITY };
        let t = share(self.w / 2.0, dx).min(share(self.h / 2.0, dy)).min(1.0);
        (cx + dx * t, cy + dy * t)
    }
}

/// The grid in which a block shows its machines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Machines in a row.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// From one machine to the next, in world units.
    pub pitch: f64,
    /// Upper left corner of the first, from the corner of the block.
    pub offset: Point,
}

impl Grid {
    /// The grid of `count` machines: about 1.6 times as wide as high, finer if they are many.
    fn of(count: u32) -> Grid {
        let pitch = match count {
            0..=64 => 20.0,
            65..=400 => 14.0,
            401..=3_000 => 10.0,
            _ => 6.0,
        };
        let least = libm::ceil((WORKER.0 - 2.0 * BLOCK_SIDE) / pitch) as u32;
        let columns = (libm::ceil(libm::sqrt(f64::from(count) * 1.6)) as u32).max(least).min(count.max(1));
        Grid { columns, rows: count.max(1).div_ceil(columns), pitch, offset: (BLOCK_SIDE, BLOCK_TOP) }
    }

    /// The rectangle of a machine, from the corner of the block.
    pub fn cell(&self, number: u32) -> Rect {
        let gap = self.pitch * 0.1;
        let (column, row) = (f64::from(number % self.columns), f64::from(number / self.columns));
        let (x, y) = (self.offset.0 + column * self.pitch, self.offset.1 + row * self.pitch);
        Rect { x: x + gap, y: y + gap, w: self.pitch - 2.0 * gap, h: self.pitch - 2.0 * gap }
    }

    fn size(&self) -> (f64, f64) {
        let (w, h) = (f64::from(self.columns) * self.pitch, f64::from(self.rows) * self.pitch);
        ((w + 2.0 * BLOCK_SIDE).max(WORKER.0), h + BLOCK_TOP + BLOCK_BOTTOM)
    }
}

/// How a node is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A machine that runs invocations.
    Worker,
    /// Many such machines.
    Block(Grid),
    /// A machine that runs none: a glyph for each of its roles, its name below.
    Small,
}

/// A node's box.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeBox {
    /// The node's id.
    pub id: String,
    /// Its frame.
    pub rect: Rect,
    /// How it is drawn.
    pub shape: Shape,
    /// The index of its zone.
    pub zone: Option<usize>,
    /// Number of its first machine.
    pub first_machine: u32,
    /// How many machines it stands for.
    pub count: u32,
    /// How many glyphs it has, one for each role.
    pub(crate) glyphs: usize,
    /// Which of them is the first placer's.
    pub(crate) placer: Option<usize>,
}

impl NodeBox {
    fn of(node: &Node, zone: Option<usize>, first_machine: u32) -> NodeBox {
        let shape = shape(node);
        let (w, h) = size(node);
        let rect = Rect { x: node.x, y: node.y, w, h };
        let placer = node.roles.iter().position(|r| statics::is_placer(*r));
        let glyphs = node.roles.len();
        NodeBox { id: node.id.clone(), rect, shape, zone, first_machine, count: node.count, glyphs, placer }
    }

    /// Its frame together with the name below it.
    pub fn footprint(&self) -> Rect {
        footprint(self.rect, self.shape)
    }

    /// The rectangle of one of its machines.
    pub fn machine(&self, number: u32) -> Rect {
        match self.shape {
            Shape::Block(grid) => grid.cell(number).moved(self.rect.x, self.rect.y),
            Shape::Worker | Shape::Small => self.rect,
        }
    }
}

/// How a node is drawn.
pub(crate) fn shape(node: &Node) -> Shape {
    match node {
        n if !n.is(Role::Worker) => Shape::Small,
        n if n.count > 1 => Shape::Block(Grid::of(n.count)),
        _ => Shape::Worker,
    }
}

/// Width and height of a node's frame.
pub(crate) fn size(node: &Node) -> (f64, f64) {
    match shape(node) {
        Shape::Worker => WORKER,
        Shape::Block(grid) => grid.size(),
        Shape::Small => (SMALL.0 + GLYPH * (node.roles.len().max(1) - 1) as f64, SMALL.1),
    }
}

fn footprint(rect: Rect, shape: Shape) -> Rect {
    let name = if shape == Shape::Small { NAME } else { 0.0 };
    Rect { h: rect.h + name, ..rect }
}

/// The room that a node takes at its position, with its name.
pub(crate) fn room(node: &Node) -> Rect {
    let (w, h) = size(node);
    footprint(Rect { x: node.x, y: node.y, w, h }, shape(node))
}

/// The area of a zone whose nodes fill `bounds`.
pub(crate) fn zone_around(bounds: Rect) -> Rect {
    Rect { x: bounds.x - ZONE_SIDE, y: bounds.y - ZONE_TOP, w: bounds.w + 2.0 * ZONE_SIDE, h: bounds.h + ZONE_TOP + ZONE_SIDE }
}

/// A zone's area.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneBox {
    /// The zone's id.
    pub id: String,
    /// The padded bounds of its nodes.
    pub rect: Rect,
}

/// A link's line between the edges of its ends.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkLine {
    /// The link's index in the scenario; links that lead nowhere have no line.
    pub index: usize,
    /// Where it leaves its first end.
    pub from: Point,
    /// Where it reaches its second.
    pub to: Point,
    /// Its latency and bandwidth in words.
    pub label: String,
    /// Its ends and latency, for routes.
    pub(crate) edge: routes::Edge,
}

/// What is at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hit {
    /// The node of this index.
    Node(usize),
    /// A machine of a block: the block's index, and the machine's number in it.
    Machine(usize, u32),
    /// The link of this index.
    Link(usize),
    /// The zone of this index.
    Zone(usize),
    /// Nothing.
    None,
}

/// Where everything of a scenario is.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// The nodes, in the scenario's order.
    pub nodes: Vec<NodeBox>,
    /// The zones, in the scenario's order.
    pub zones: Vec<ZoneBox>,
    /// The links whose ends exist, in the scenario's order.
    pub links: Vec<LinkLine>,
    /// Routes from each node, found when first asked for.
    trees: Vec<OnceCell<Tree>>,
}

impl Layout {
    /// Where everything of `scenario` is.
    pub fn of(scenario: &Scenario) -> Layout {
        let zone_index: BTreeMap<&str, usize> = index(scenario.zones.iter().map(|z| z.id.as_str()));
        let mut first = 0u32;
        let mut nodes = Vec::with_capacity(scenario.nodes.len());
        for node in &scenario.nodes {
            nodes.push(NodeBox::of(node, zone_index.get(node.zone.as_str()).copied(), first));
            first = first.saturating_add(node.count);
        }
        let zones = zone_boxes(scenario, &nodes);
        let node_index = index(scenario.nodes.iter().map(|n| n.id.as_str()));
        let end = |id: &str| match (node_index.get(id), zone_index.get(id)) {
            (Some(node), _) => Some((routes::End::Node(*node), nodes[*node].rect)),
            (None, Some(zone)) => Some((routes::End::Zone(*zone), zones[*zone].rect)),
            (None, None) => None,
        };
        let line = |(index, link): (usize, &Link)| {
            let ((a, from), (b, to)) = (end(&link.from)?, end(&link.to)?);
            let edge = routes::Edge { a, b, latency_ms: link.latency_ms };
            let label = statics::latency(link);
            Some(LinkLine { index, from: from.exit(to.centre()), to: to.exit(from.centre()), label, edge })
        };
        let links: Vec<LinkLine> = scenario.links.iter().enumerate().filter_map(line).collect();
        let trees = vec![OnceCell::new(); nodes.len()];
        Layout { nodes, zones, links, trees }
    }

    /// The bounds of everything; an empty rectangle if there is nothing.
    pub fn bounds(&self) -> Rect {
        let nodes = self.nodes.iter().map(NodeBox::footprint);
        around(nodes.chain(self.zones.iter().map(|z| z.rect))).unwrap_or_default()
    }

    /// The viewport that shows everything on a screen of `width` by `height` pixels.
    pub fn fit(&self, width: f64, height: f64) -> Viewport {
        Viewport::fit(self.bounds(), width, height)
    }

    /// The node that a machine belongs to, and the machine's number in it.
    pub fn machine(&self, machine: u32) -> Option<(usize, u32)> {
        let node = self.nodes.partition_point(|n| n.first_machine <= machine).checked_sub(1)?;
        let number = machine - self.nodes[node].first_machine;
        (number < self.nodes[node].count).then_some((node, number))
    }

    /// What is at a point of the world; links are hit from up to `reach` world units away.
    pub fn hit(&self, at: Point, reach: f64) -> Hit {
        // What is drawn last is hit first.
        if let Some(node) = self.nodes.iter().rposition(|n| n.footprint().contains(at)) {
            return Hit::Node(node);
        }
        if let Some(link) = self.links.iter().rev().find(|l| distance(at, l.from, l.to) <= reach) {
            return Hit::Link(link.index);
        }
        self.zones.iter().rposition(|z| z.rect.contains(at)).map_or(Hit::None, Hit::Zone)
    }

    /// The machine of a block at a point of the world.
    pub fn machine_at(&self, at: Point) -> Option<Hit> {
        let index = self.nodes.iter().rposition(|n| n.rect.contains(at))?;
        let node = &self.nodes[index];
        let Shape::Block(grid) = node.shape else { return None };
        let step = |d: f64| libm::floor(d / grid.pitch);
        let (column, row) = (step(at.0 - node.rect.x - grid.offset.0), step(at.1 - node.rect.y - grid.offset.1));
        if column < 0.0 || row < 0.0 || column >= f64::from(grid.columns) || row >= f64::from(grid.rows) {
            return None;
        }
        let number = row as u32 * grid.columns + column as u32;
        (number < node.count).then_some(Hit::Machine(index, number))
    }

    /// The frame of something: of a link the rectangle between its ends.
    pub fn frame(&self, hit: Hit) -> Option<Rect> {
        match hit {
            Hit::Node(i) => self.nodes.get(i).map(|n| n.rect),
            Hit::Machine(i, number) => self.nodes.get(i).map(|n| n.machine(number)),
            Hit::Zone(i) => self.zones.get(i).map(|z| z.rect),
            Hit::Link(i) => {
                let line = self.links.iter().find(|l| l.index == i)?;
                let at = |(x, y): Point| Rect { x, y, w: 0.0, h: 0.0 };
                Some(at(line.from).union(&at(line.to)))
            }
            Hit::None => None,
        }
    }

    /// What is nearest to something in a direction, (1, 0) being to the right: of a machine another of its block, of anything
    /// else a node or link. What is straight ahead is nearer than what stands aside.
    pub fn towards(&self, from: Hit, (dx, dy): Point) -> Option<Hit> {
        if let Hit::Machine(i, number) = from {
            let Shape::Block(grid) = self.nodes.get(i)?.shape else { return None };
            let (column, row) = (i64::from(number % grid.columns) + dx as i64, i64::from(number / grid.columns) + dy as i64);
            let inside = column >= 0 && row >= 0 && column < i64::from(grid.columns);
            let there = u32::try_from(row * i64::from(grid.columns) + column).ok().filter(|_| inside)?;
            return (there < self.nodes[i].count).then_some(Hit::Machine(i, there));
        }
        let (x, y) = self.frame(from)?.centre();
        let all = (0..self.nodes.len()).map(Hit::Node).chain(self.links.iter().map(|l| Hit::Link(l.index)));
        let distance = |hit: &Hit| {
            let (cx, cy) = self.frame(*hit)?.centre();
            let (ahead, aside) = ((cx - x) * dx + (cy - y) * dy, (cx - x) * dy + (cy - y) * dx);
            (ahead > 0.5 && *hit != from).then(|| ahead + 2.0 * aside.abs())
        };
        let near = all.filter_map(|hit| Some((distance(&hit)?, hit)));
        near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, hit)| hit)
    }

    /// The nodes whose frames touch a rectangle of the world.
    fn nodes_in(&self, area: Rect) -> Vec<usize> {
        (0..self.nodes.len()).filter(|i| self.nodes[*i].rect.overlaps(&area)).collect()
    }

    /// What a marquee takes: the nodes that it touches, and the zones without nodes.
    pub fn things_in(&self, area: Rect) -> Vec<Hit> {
        let bare = |z: &usize| self.zones[*z].rect.overlaps(&area) && !self.nodes.iter().any(|n| n.zone == Some(*z));
        let zones = (0..self.zones.len()).filter(bare).map(Hit::Zone);
        self.nodes_in(area).into_iter().map(Hit::Node).chain(zones).collect()
    }

    /// The nodes at both ends of the link of this index; a zone stands for its nodes. Nothing if the link leads nowhere.
    pub fn link_nodes(&self, link: usize) -> Option<[Vec<usize>; 2]> {
        let line = self.links.iter().find(|l| l.index == link)?;
        let nodes = |end: routes::End| match end {
            routes::End::Node(i) => vec![i],
            routes::End::Zone(z) => self.nodes_of(z),
        };
        Some([nodes(line.edge.a), nodes(line.edge.b)])
    }

    /// The nodes that have to do with what is selected: itself, the rest of its zone and what is linked to it. Nothing if
    /// nothing is selected: then all have.
    pub fn related(&self, selection: &[Hit]) -> Option<Vec<usize>> {
        let mut lit: Vec<usize> = vec![];
        for hit in selection {
            match *hit {
                Hit::Node(i) | Hit::Machine(i, _) => {
                    lit.push(i);
                    lit.extend(self.nodes.get(i).and_then(|n| n.zone).map_or(vec![], |z| self.nodes_of(z)));
                    let linked = self.links.iter().filter_map(|l| self.link_nodes(l.index));
                    lit.extend(linked.filter(|ends| ends.iter().any(|e| e.contains(&i))).flatten().flatten());
                }
                Hit::Link(i) => lit.extend(self.link_nodes(i).into_iter().flatten().flatten()),
                Hit::Zone(z) => lit.extend(self.nodes_of(z)),
                Hit::None => {}
            }
        }
        lit.sort_unstable();
        lit.dedup();
        (!selection.is_empty()).then_some(lit)
    }

    /// The nodes of the zone of this index.
    pub fn nodes_of(&self, zone: usize) -> Vec<usize> {
        (0..self.nodes.len()).filter(|i| self.nodes[*i].zone == Some(zone)).collect()
    }

    /// The points along which messages between two nodes travel, in the world: along links where the two are linked, else
    /// straight from frame to frame.
    pub fn route(&self, from: usize, to: usize) -> Vec<Point> {
        let tree = |i: usize| self.trees[i].get_or_init(|| routes::tree(&self.links, self.nodes.len(), i));
        routes::points(self, from, to, tree)
    }
}

/// Positions by id.
fn index<'a>(ids: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    ids.enumerate().map(|(i, id)| (id, i)).collect()
}

/// The smallest rectangle around all.
pub(crate) fn around(rects: impl Iterator<Item = Rect>) -> Option<Rect> {
    rects.reduce(|a, b| a.union(&b))
}

/// Areas around the nodes. Zones without nodes stand where they were put; those that were put nowhere in a row on the right.
fn zone_boxes(scenario: &Scenario, nodes: &[NodeBox]) -> Vec<ZoneBox> {
    let mut bounds: Vec<Option<Rect>> = vec![None; scenario.zones.len()];
    for node in nodes {
        if let Some(zone) = node.zone {
            let own = node.footprint();
            bounds[zone] = Some(bounds[zone].map_or(own, |b| b.union(&own)));
        }
    }
    let taken = around(bounds.iter().flatten().map(|b| zone_around(*b)));
    let (mut x, y) = taken.map_or((0.0, 0.0), |t| (t.right() + EMPTY_GAP, t.y));
    let mut area = |zone: &Zone, bounds: Option<Rect>| match (bounds, zone.x, zone.y) {
        (Some(bounds), ..) => zone_around(bounds),
        (None, Some(x), Some(y)) => empty_zone(x, y),
        (None, ..) => {
            let rect = empty_zone(x, y);
            x += EMPTY_ZONE.0 + EMPTY_GAP;
            rect
        }
    };
    scenario.zones.iter().zip(bounds).map(|(z, b)| ZoneBox { id: z.id.clone(), rect: area(z, b) }).collect()
}

fn empty_zone(x: f64, y: f64) -> Rect {
    Rect { x, y, w: EMPTY_ZONE.0, h: EMPTY_ZONE.1 }
}

/// Distance of a point from a line between two points.
fn distance(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let long = dx * dx + dy * dy;
    let t = if long > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / long).clamp(0.0, 1.0) } else { 0.0 };
    libm::hypot(p.0 - a.0 - t * dx, p.1 - a.1 - t * dy)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::registry::Choice;
    use crate::scenario::{Frame, Network, Policies, Run, Workload};

    /// A scenario of these zones, nodes and links.
    pub(crate) fn scenario(zones: &[&str], nodes: Vec<Node>, links: Vec<Link>) -> Scenario {
        Scenario {
            version: 1,
            title: String::new(),
            question: String::new(),
            look_at: String::new(),
            zones: zones.iter().map(|id| Zone::new(id)).collect(),
            nodes,
            links,
            network: Network::default(),
            functions: vec![],
            images: vec![],
            workload: Workload {
                arrivals: Choice::of("poisson"),
                popularity: Choice::of("weights"),
                jobs: Choice::of("single"),
                trace: None,
                trace_options: Default::default(),
            },
            frame: Frame::of(Choice::of("centralized")),
            policies: Policies::default(),
            timeline: vec![],
            run: Run::default(),
        }
    }

    /// A node at a place.
    pub(crate) fn node(id: &str, zone: &str, role: Role, x: f64, y: f64) -> Node {
        Node { x, y, ..Node::new(id, zone, role) }
    }

    /// A link of 5 ms.
    pub(crate) fn link(from: &str, to: &str) -> Link {
        let id = format!("{from}-{to}");
        Link { id, from: from.into(), to: to.into(), latency_ms: 5.0, jitter_ms: 0.0, bandwidth_mbps: None }
    }

    /// A client at the left, a worker at the right, in one zone, linked.
    fn pair() -> Layout {
        let nodes = vec![node("c", "z", Role::Client, 0.0, 0.0), node("w", "z", Role::Worker, 200.0, -20.0)];
        Layout::of(&scenario(&["z"], nodes, vec![link("c", "w")]))
    }

    #[test]
    fn zones_are_padded_bounds_with_room_for_names() {
        let zone = pair().zones[0].rect;
        assert_eq!((zone.x, zone.y), (-20.0, -64.0));
        // Below the client its name takes 22: 64 + 22 = 86 is lower than the worker's -20 + 104 = 84.
        assert_eq!((zone.right(), zone.bottom()), (388.0, 106.0));
    }

    #[test]
    fn links_end_at_the_frames() {
        let layout = pair();
        // Both centres are at y 32; the client's frame ends at x 72, the worker's begins at 200.
        assert_eq!((layout.links[0].from, layout.links[0].to), ((72.0, 32.0), (200.0, 32.0)));
    }

    #[test]
    fn hits_nodes_before_links_before_zones() {
        let layout = pair();
        assert_eq!(layout.hit((36.0, 30.0), 4.0), Hit::Node(0));
        assert_eq!(layout.hit((36.0, 80.0), 4.0), Hit::Node(0), "the name belongs to the node");
        assert_eq!(layout.hit((130.0, 35.0), 4.0), Hit::Link(0));
        assert_eq!(layout.hit((130.0, 40.0), 4.0), Hit::Zone(0));
        assert_eq!(layout.hit((1_000.0, 0.0), 4.0), Hit::None);
    }

    #[test]
    fn links_that_lead_nowhere_have_no_line() {
        let layout = Layout::of(&scenario(&["z"], vec![], vec![link("a", "z")]));
        assert!(layout.links.is_empty());
        assert_eq!(layout.zones[0].rect.w, 208.0, "a zone without nodes can still be seen");
    }

    #[test]
    fn a_zone_and_what_is_linked_are_related() {
        let at = |id: &str, zone: &str| node(id, zone, Role::Client, 0.0, 0.0);
        let nodes = vec![at("a", "z"), at("b", "z"), at("c", "y"), at("d", "x")];
        let layout = Layout::of(&scenario(&["z", "y", "x"], nodes, vec![link("a", "y")]));
        assert_eq!(layout.related(&[Hit::Node(0)]), Some(vec![0, 1, 2]));
        assert_eq!(layout.related(&[Hit::Node(1)]), Some(vec![0, 1]));
        assert_eq!(layout.related(&[Hit::Link(0)]), Some(vec![0, 2]));
        assert_eq!(layout.related(&[Hit::Zone(2)]), Some(vec![3]));
        assert_eq!(layout.related(&[]), None);
    }

    #[test]
    fn machines_are_numbered_through_the_nodes() {
        let mut block = node("pool", "z", Role::Worker, 300.0, 0.0);
        block.count = 1_000;
        let nodes = vec![node("c", "z", Role::Client, 0.0, 0.0), block, node("w", "z", Role::Worker, 0.0, 300.0)];
        let layout = Layout::of(&scenario(&["z"], nodes, vec![]));
        assert_eq!(layout.machine(0), Some((0, 0)));
        assert_eq!(layout.machine(1), Some((1, 0)));
        assert_eq!(layout.machine(1_000), Some((1, 999)));
        assert_eq!(layout.machine(1_001), Some((2, 0)));
        assert_eq!(layout.machine(1_002), None);
    }

    #[test]
    fn a_thousand_machines_stand_in_40_columns_of_25() {
        let mut block = node("pool", "z", Role::Worker, 100.0, 50.0);
        block.count = 1_000;
        let layout = Layout::of(&scenario(&["z"], vec![block], vec![]));
        let node = &layout.nodes[0];
        let Shape::Block(grid) = node.shape else { panic!("not a block") };
        assert_eq!((grid.columns, grid.rows), (40, 25));
        assert_eq!((node.rect.w, node.rect.h), (420.0, 318.0));
        // The 42nd machine is the second of the second row.
        assert_eq!(node.machine(41), Rect { x: 121.0, y: 91.0, w: 8.0, h: 8.0 });
        assert_eq!(layout.machine_at((125.0, 95.0)), Some(Hit::Machine(0, 41)));
        assert_eq!(layout.machine_at((105.0, 55.0)), None, "the header is no machine");
        let last = node.machine(999);
        assert!(last.right() <= node.rect.right() && last.bottom() <= node.rect.bottom());
    }

    #[test]
    fn towards_finds_the_neighbour_in_a_direction() {
        let at = |id: &str, x: f64, y: f64| node(id, "z", Role::Client, x, y);
        let mut pool = node("pool", "z", Role::Worker, 0.0, 400.0);
        pool.count = 1_000;
        let nodes = vec![at("a", 0.0, 0.0), at("b", 300.0, 0.0), at("c", 200.0, 180.0), pool];
        let layout = Layout::of(&scenario(&["z"], nodes, vec![]));
        assert_eq!(layout.towards(Hit::Node(0), (1.0, 0.0)), Some(Hit::Node(1)), "who is straight ahead");
        assert_eq!(layout.towards(Hit::Node(1), (0.0, 1.0)), Some(Hit::Node(2)));
        assert_eq!(layout.towards(Hit::Node(0), (-1.0, 0.0)), None);
        let pool = |number| Hit::Machine(3, number);
        assert_eq!(layout.towards(pool(0), (0.0, 1.0)), Some(pool(40)));
        assert_eq!(layout.towards(pool(40), (-1.0, 0.0)), None);
        assert_eq!(layout.towards(pool(39), (1.0, 0.0)), None);
        assert_eq!(layout.towards(pool(999), (0.0, 1.0)), None);
    }

    #[test]
    fn a_marquee_takes_nodes_and_bare_zones() {
        let mut s = scenario(&["z", "bare"], vec![node("a", "z", Role::Client, 0.0, 0.0)], vec![]);
        (s.zones[1].x, s.zones[1].y) = (Some(0.0), Some(200.0));
        let layout = Layout::of(&s);
        let area = |y: f64, h: f64| layout.things_in(Rect { x: -10.0, y, w: 20.0, h });
        assert_eq!(area(-10.0, 20.0), [Hit::Node(0)]);
        assert_eq!(area(-10.0, 300.0), [Hit::Node(0), Hit::Zone(1)]);
        assert_eq!(area(-200.0, 20.0), []);
    }

    #[test]
    fn a_zone_without_nodes_stands_where_it_was_put() {
        let mut s = scenario(&["a", "b"], vec![], vec![]);
        (s.zones[1].x, s.zones[1].y) = (Some(-50.0), Some(300.0));
        let zones = Layout::of(&s).zones;
        assert_eq!((zones[0].rect.x, zones[1].rect.x, zones[1].rect.y), (0.0, -50.0, 300.0));
        s.nodes.push(node("w", "b", Role::Worker, 0.0, 0.0));
        assert_eq!(Layout::of(&s).zones[1].rect.x, -20.0, "its nodes say where it is");
    }

    #[test]
    fn exit_is_on_the_edge_towards_the_target() {
        let rect = Rect { x: 0.0, y: 0.0, w: 20.0, h: 10.0 };
        assert_eq!(rect.exit((110.0, 5.0)), (20.0, 5.0));
        assert_eq!(rect.exit((10.0, -100.0)), (10.0, 0.0));
        assert_eq!(rect.exit((11.0, 5.0)), (11.0, 5.0));
    }
}
