//! What only edits change: zones, links, frames of nodes, glyphs and names.

use super::anatomy::{self, Detail, Frame, text_size};
use super::display::{Anchor, Dash, Fill, Ink, Item, Point, Stroke, Weight, fit_text, text_width};
use super::facts;
use super::layout::{Hit, Layout, LinkLine, NodeBox, Rect, Shape, ZoneBox};
use super::viewport::Viewport;
use crate::scenario::{Link, Node, Role, Scenario, Zone};
use crate::units::thousands;

/// Everything that belongs to one object of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The object.
    pub hit: Hit,
    /// What a screen reader says of it.
    pub label: String,
    /// What is drawn of it.
    pub items: Vec<Item>,
}

/// The whole topology as a display list.
pub fn topology(scenario: &Scenario, layout: &Layout, viewport: &Viewport) -> Vec<Item> {
    groups(scenario, layout, viewport).into_iter().flat_map(|g| g.items).collect()
}

/// The whole topology object by object, from the back to the front: zones, links, nodes.
pub fn groups(scenario: &Scenario, layout: &Layout, viewport: &Viewport) -> Vec<Group> {
    let zones = scenario.zones.iter().zip(&layout.zones).enumerate();
    let zones = zones.map(|(i, (zone, area))| zone_group(i, zone, area, scenario, viewport));
    let links =
        layout.links.iter().filter_map(|line| scenario.links.get(line.index).map(|l| link_group(l, line, scenario, viewport)));
    let nodes = scenario.nodes.iter().zip(&layout.nodes).enumerate();
    let least = facts::least_millicores(scenario);
    let floor = |node: &Node| {
        let zone = scenario.zones.iter().position(|z| z.id == node.zone)?;
        Some(viewport.rect(layout.zones.get(zone)?.rect).bottom())
    };
    let nodes = nodes.map(|(i, (node, own))| node_group(i, node, own, (least, floor(node)), viewport));
    zones.chain(links).chain(nodes).collect()
}

fn zone_group(index: usize, zone: &Zone, area: &ZoneBox, scenario: &Scenario, viewport: &Viewport) -> Group {
    let Rect { x, y, w, h } = viewport.rect(area.rect);
    let scale = viewport.scale;
    let edge = Stroke { dash: Dash::Long, alpha: 0.7, ..Stroke::new(Ink::ControlBorder, 1.0) };
    let fill = Some(Fill { ink: Ink::Ink, alpha: 0.04 });
    let mut items = vec![Item::Rect { x, y, w, h, radius: 8.0 * scale.min(1.0), fill, stroke: Some(edge) }];
    if Detail::at(scale) != Detail::Heat {
        let size = text_size(12.0, scale);
        let at = (x + (12.0 * scale).max(6.0), y + (8.0 * scale).max(3.0) + size * 0.86);
        let text = fit_text(zone.label(), size, w - 2.0 * (12.0 * scale).max(6.0));
        items.push(Item::label(at, size, Anchor::Start, Ink::Muted, text));
    }
    Group { hit: Hit::Zone(index), label: spoken(zone_words(zone, scenario), &items), items }
}

fn link_group(link: &Link, line: &LinkLine, scenario: &Scenario, viewport: &Viewport) -> Group {
    let (from, to) = (viewport.to_screen(line.from), viewport.to_screen(line.to));
    let items = vec![Item::Line { from, to, stroke: Stroke::new(Ink::ControlBorder, 1.0) }];
    Group { hit: Hit::Link(line.index), label: link_words(link, scenario), items }
}

/// Latency and bandwidth of a link on a plate above the middle of its line.
pub(crate) fn link_label(line: &LinkLine, viewport: &Viewport) -> [Item; 2] {
    let (from, to) = (viewport.to_screen(line.from), viewport.to_screen(line.to));
    let (x, y) = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0 - 16.0);
    [plate((x, y), &line.label), Item::label((x, y + 4.0), 12.0, Anchor::Middle, Ink::Ink, line.label.as_str())]
}

/// A small surface behind a text of 12 pixels with this middle.
fn plate((x, y): Point, text: &str) -> Item {
    let w = text_width(text, 12.0) + 12.0;
    let stroke = Some(Stroke::new(Ink::Line, 1.0));
    Item::Rect { x: x - w / 2.0, y: y - 9.0, w, h: 18.0, radius: 4.0, fill: Some(Ink::Surface.into()), stroke }
}

/// Latency and bandwidth of a link in words.
pub(crate) fn latency(link: &Link) -> String {
    let mut text = format!("{} ms", link.latency_ms);
    if link.jitter_ms > 0.0 {
        text.push_str(&format!(" + 0–{} ms", link.jitter_ms));
    }
    if let Some(mbps) = link.bandwidth_mbps {
        text.push_str(&format!(", {mbps} Mbit/s"));
    }
    text
}

/// A node: `least` are the fewest cores that a function needs, `floor` is the lower edge of the zone.
fn node_group(index: usize, node: &Node, own: &NodeBox, (least, floor): (u32, Option<f64>), viewport: &Viewport) -> Group {
    let frame = Frame { rect: viewport.rect(own.rect), scale: viewport.scale };
    let Rect { x, y, w, h } = frame.rect;
    let edge = Stroke::new(Ink::ControlBorder, 1.5);
    let radius = (4.0 * frame.scale).clamp(1.0, 8.0);
    let mut items = vec![Item::Rect { x, y, w, h, radius, fill: Some(Ink::Surface.into()), stroke: Some(edge) }];
    match own.shape {
        Shape::Small => small(node, &frame, floor, &mut items),
        Shape::Worker | Shape::Block(_) => header(node, &frame, least, &mut items),
    }
    Group { hit: Hit::Node(index), label: spoken(node_label(node), &items), items }
}

/// What is said of something: it has what is written on it, so that who speaks to the computer can say what they see. A name
/// that is cut stands as it is written before the rest.
fn spoken(label: String, items: &[Item]) -> String {
    let texts = items.iter().filter_map(|item| if let Item::Text { text, .. } = item { Some(text.as_str()) } else { None });
    let written = texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    if label.contains(&written) { label } else { format!("{written}, {label}") }
}

/// A machine of a block that is selected: its square on the screen, with an edge.
pub fn machine(scenario: &Scenario, layout: &Layout, viewport: &Viewport, hit: Hit) -> Option<Group> {
    let Hit::Machine(node, number) = hit else { return None };
    let label = machine_label(scenario.nodes.get(node)?, number);
    let Rect { x, y, w, h } = viewport.rect(layout.frame(hit)?);
    let edge = Some(Stroke::new(Ink::Ink, 2.0));
    let items = vec![Item::Rect { x: x - 1.0, y: y - 1.0, w: w + 2.0, h: h + 2.0, radius: 2.0, fill: None, stroke: edge }];
    Some(Group { hit, label, items })
}

fn zone_words(zone: &Zone, scenario: &Scenario) -> String {
    let members = scenario.nodes.iter().filter(|n| n.zone == zone.id).count();
    format!("Zone {}, {}", zone.label(), count_of(members, "node"))
}

fn link_words(link: &Link, scenario: &Scenario) -> String {
    let [from, to] = end_names(link, scenario);
    format!("Link from {from} to {to}, {}", latency(link))
}

/// What the ends of a link are called: zones or nodes; an id that is not there stands for itself.
pub(crate) fn end_names<'a>(link: &'a Link, scenario: &'a Scenario) -> [&'a str; 2] {
    [&link.from, &link.to].map(|id| {
        let zone = scenario.zones.iter().find(|z| z.id == *id).map(Zone::label);
        zone.or_else(|| scenario.node(id).map(Node::label)).unwrap_or(id)
    })
}

fn machine_label(node: &Node, number: u32) -> String {
    let own = node.overrides.get(&number);
    let cores = own.and_then(|o| o.cores).unwrap_or(node.cores);
    let memory_mb = own.and_then(|o| o.memory_mb).unwrap_or(node.memory_mb);
    let differs = if own.is_some() { ", differs from the others" } else { "" };
    format!("Machine {number} of {}, {cores} cores and {memory_mb} MB{differs}", node.label())
}

fn node_label(node: &Node) -> String {
    let roles: Vec<String> = node.roles.iter().map(|r| r.name().to_lowercase()).collect();
    let mut label = format!("{}{}, {}, in zone {}", node.label(), times(node), roles.join(" and "), node.zone);
    if node.is(Role::Worker) {
        let each = if node.count > 1 { " each" } else { "" };
        label = format!("{label}, {} cores and {} MB{each}", node.cores, node.memory_mb);
    }
    label
}

/// How many machines a block stands for, as it follows the name; nothing for one machine.
fn times(node: &Node) -> String {
    if node.count > 1 { format!(" × {}", thousands(u64::from(node.count))) } else { String::new() }
}

fn count_of(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Glyphs and name in the first line of a worker or a block.
fn header(node: &Node, frame: &Frame, least: u32, items: &mut Vec<Item>) {
    let detail = Detail::at(frame.scale);
    if detail == Detail::Heat {
        return;
    }
    let size = text_size(13.0, frame.scale);
    let glyphs = if detail == Detail::Full { node.roles.len() } else { 0 };
    let mut left = frame.inset();
    for (i, role) in node.roles.iter().take(glyphs).enumerate() {
        let (at, half) = anatomy::header_glyph(frame, i);
        glyph(*role, at, half, items);
        left = at.0 + half + 5.0 * frame.scale.clamp(1.0, 2.0) - frame.rect.x;
    }
    let room = frame.rect.w - left - frame.inset() - beside_name(node, detail, least, frame.scale);
    let times = times(node);
    let name = fit_text(node.label(), size, room - text_width(&times, size) - 5.0);
    let at = (frame.rect.x + left, frame.header(size));
    let after = at.0 + text_width(&name, size) + 5.0 * frame.scale.clamp(1.0, 2.0);
    items.push(Item::label(at, size, Anchor::Start, Ink::Ink, name));
    if !times.is_empty() {
        items.push(Item::label((after, at.1), size, Anchor::Start, Ink::Muted, times.trim_start()));
    }
}

/// Width of what time changes at the right of a name: slots in use, or the share of a block.
fn beside_name(node: &Node, detail: Detail, least: u32, scale: f64) -> f64 {
    let slots = u64::from(facts::room(node.cores, node.slots, least)) * u64::from(node.count);
    let text = match detail {
        Detail::Full => format!("{0}/{0} ", thousands(slots)),
        _ if node.count > 1 => "100 % ".to_owned(),
        _ => String::new(),
    };
    text_width(&text, text_size(12.0, scale))
}

/// Large glyphs, and the name below, unless it would lie on the zone's lower edge.
fn small(node: &Node, frame: &Frame, floor: Option<f64>, items: &mut Vec<Item>) {
    for (i, role) in node.roles.iter().enumerate() {
        let (at, half) = anatomy::large_glyph(frame.rect, frame.scale, i, node.roles.len());
        glyph(*role, at, half, items);
    }
    if Detail::at(frame.scale) == Detail::Heat {
        return;
    }
    let size = text_size(13.0, frame.scale);
    let name = fit_text(node.label(), size, frame.rect.w + 40.0 * frame.scale);
    let at = (frame.rect.centre().0, frame.rect.bottom() + (17.0 * frame.scale).max(size + 1.0));
    if Detail::at(frame.scale) == Detail::Brief && floor.is_some_and(|floor| at.1 + 3.0 > floor) {
        return;
    }
    items.push(Item::Text {
        at,
        size,
        anchor: Anchor::Middle,
        weight: Weight::Regular,
        fill: Ink::Ink.into(),
        halo: Some(Ink::Ground),
        text: name,
    });
}

/// Whether a role decides.
pub(crate) fn is_placer(role: Role) -> bool {
    matches!(role, Role::CloudController | Role::EdgeController)
}

/// The glyph of a role: client circle, placer diamond (of the cloud: one in another), worker rectangle, a
/// store of images a stack.
fn glyph(role: Role, at: Point, half: f64, items: &mut Vec<Item>) {
    let stroke = Some(Stroke::new(Ink::Ink, 1.5));
    match role {
        Role::Client => items.push(Item::Circle { at, r: half * 0.92, fill: None, stroke }),
        Role::EdgeController => items.push(Item::Diamond { at, r: half, fill: None, stroke }),
        Role::CloudController => {
            items.push(Item::Diamond { at, r: half, fill: None, stroke });
            items.push(Item::Diamond { at, r: half * 0.42, fill: Some(Ink::Ink.into()), stroke: None });
        }
        Role::Worker => {
            let (w, h) = (half * 2.0, half * 1.4);
            items.push(Item::Rect { x: at.0 - half, y: at.1 - h / 2.0, w, h, radius: 0.0, fill: None, stroke });
        }
        Role::HeadStore | Role::Registry => {
            // A stack of what is kept; the registry's is full.
            let (w, h) = (half * 1.8, half * 0.5);
            for layer in [-1.0, 0.0, 1.0] {
                let fill = (role == Role::Registry).then_some(Ink::Ink.into());
                let y = at.1 + layer * half * 0.66 - h / 2.0;
                items.push(Item::Rect { x: at.0 - w / 2.0, y, w, h, radius: h / 2.0, fill, stroke });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::{link, node, scenario};
    use super::*;

    #[test]
    fn zones_are_behind_links_behind_nodes() {
        let nodes = vec![node("c", "z", Role::Client, 0.0, 0.0), node("w", "z", Role::Worker, 200.0, 0.0)];
        let s = scenario(&["z"], nodes, vec![link("c", "w")]);
        let groups = groups(&s, &Layout::of(&s), &Viewport::default());
        let hits: Vec<Hit> = groups.iter().map(|g| g.hit).collect();
        assert_eq!(hits, [Hit::Zone(0), Hit::Link(0), Hit::Node(0), Hit::Node(1)]);
        let labels: Vec<&str> = groups.iter().map(|g| g.label.as_str()).collect();
        assert_eq!(
            labels,
            ["Zone z, 2 nodes", "Link from c to w, 5 ms", "c, client, in zone z", "w, worker, in zone z, 4 cores and 4096 MB"]
        );
    }

    #[test]
    fn what_is_said_has_what_is_written_even_if_it_is_cut() {
        let mut block = node("a-block-with-a-long-name", "z", Role::Worker, 0.0, 0.0);
        block.count = 1_000;
        let s = scenario(&["z"], vec![block], vec![]);
        let layout = Layout::of(&s);
        let label = |scale| groups(&s, &layout, &Viewport { x: 0.0, y: 0.0, scale }).pop().map(|g| g.label).unwrap_or_default();
        let whole = "a-block-with-a-long-name × 1,000, worker, in zone z, 4 cores and 4096 MB each";
        assert_eq!((label(4.0), label(0.1)), (whole.to_owned(), whole.to_owned()));
        let cut = label(0.3);
        assert!(cut.ends_with(&format!("… × 1,000, {whole}")) && cut.starts_with("a-"), "{cut}");
    }

    #[test]
    fn texts_go_when_there_is_no_room() {
        let s = scenario(&["z"], vec![node("w", "z", Role::Worker, 0.0, 0.0)], vec![]);
        let list = topology(&s, &Layout::of(&s), &Viewport { x: 0.0, y: 0.0, scale: 0.2 });
        assert!(!list.iter().any(|i| matches!(i, Item::Text { .. })));
    }
}
