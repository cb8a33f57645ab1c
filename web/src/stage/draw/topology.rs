//! What edits change, as SVG elements: each zone, link and node is a group that can be focused, named and pressed.
//!
//! Colours are custom properties, so a change of theme redraws nothing. Coordinates are pixels of the screen: texts keep
//! their size while boxes shrink, which a transformed group could not do.

use std::rc::Rc;

use faaslab_core::scenario::Scenario;
use faaslab_core::view::statics::{self, Group};
use faaslab_core::view::{Anchor, Fill, Hit, Ink, Item, Layout, Point, Stroke, Viewport, Weight, hatch};
use web_sys::{FocusEvent, KeyboardEvent, PointerEvent};
use yew::prelude::*;

use crate::stage::id_of;

/// Properties of [`TopologySvg`].
#[derive(Clone, Properties)]
pub(crate) struct Props {
    /// What is drawn.
    pub(crate) scenario: Rc<Scenario>,
    /// Where it is in the world.
    pub(crate) layout: Rc<Layout>,
    /// What part of the world is on the screen.
    pub(crate) viewport: Viewport,
    /// What is selected.
    pub(crate) selection: Rc<Vec<Hit>>,
    /// The one thing that the Tab key reaches; the first if absent.
    #[prop_or_default]
    pub(crate) stop: Option<Hit>,
    /// The nodes that are not dimmed, as for the canvas; all if absent.
    #[prop_or_default]
    pub(crate) lit: Option<Rc<Vec<usize>>>,
    /// A pointer went down on something, or on the ground.
    pub(crate) on_pointerdown: Callback<(Hit, PointerEvent)>,
    /// Something got the focus.
    pub(crate) on_focus: Callback<Hit>,
    /// The pointer came upon something; nothing when it left.
    #[prop_or_default]
    pub(crate) on_hover: Callback<Hit>,
    /// A key went down while something had the focus.
    pub(crate) on_keydown: Callback<(Hit, KeyboardEvent)>,
    /// What is drawn above: guides, a marquee.
    #[prop_or_default]
    pub(crate) children: Html,
}

impl PartialEq for Props {
    /// Shared data is the same if it is the same allocation: an edit makes a new one.
    fn eq(&self, other: &Props) -> bool {
        let same_lit = match (&self.lit, &other.lit) {
            (Some(a), Some(b)) => a == b,
            (None, None) => true,
            _ => false,
        };
        Rc::ptr_eq(&self.scenario, &other.scenario)
            && Rc::ptr_eq(&self.layout, &other.layout)
            && self.viewport == other.viewport
            && self.selection == other.selection
            && self.stop == other.stop
            && same_lit
            && self.on_pointerdown == other.on_pointerdown
            && self.on_focus == other.on_focus
            && self.on_hover == other.on_hover
            && self.on_keydown == other.on_keydown
            && self.children == other.children
    }
}

/// Zones, links, frames of nodes, glyphs and names.
#[component(TopologySvg)]
pub(crate) fn topology_svg(props: &Props) -> Html {
    let mut groups = statics::groups(&props.scenario, &props.layout, &props.viewport);
    let machines = props.selection.iter().filter(|h| matches!(h, Hit::Machine(..)));
    groups.extend(machines.filter_map(|h| statics::machine(&props.scenario, &props.layout, &props.viewport, *h)));
    let stop = props.stop.filter(|s| groups.iter().any(|g| g.hit == *s)).or(groups.first().map(|g| g.hit));
    let on_ground = {
        let callback = props.on_pointerdown.clone();
        Callback::from(move |event: PointerEvent| callback.emit((Hit::None, event)))
    };
    html! {
        <svg class="topology" role="group" aria-label="Topology" width="100%" height="100%" onpointerdown={on_ground}>
            { for groups.iter().map(|g| group(props, g, stop == Some(g.hit))) }
            { props.children.clone() }
        </svg>
    }
}

/// The id of the element of something on the stage, by the thing's id.
pub(crate) fn element_id(id: &str) -> String {
    format!("stage-{id}")
}

fn group(props: &Props, group: &Group, stops: bool) -> Html {
    let hit = group.hit;
    let selected = props.selection.contains(&hit);
    let Some(id) = id_of(&props.scenario, hit).map(|id| element_id(&id)) else { return Html::default() };
    let kind = match hit {
        Hit::Zone(_) => "zone",
        Hit::Link(_) => "link",
        Hit::Node(_) => "node",
        Hit::Machine(..) => "machine",
        Hit::None => return Html::default(),
    };
    let classes = classes!(kind, selected.then_some("selected"), (!is_lit(props, hit)).then_some("dimmed"));
    let onpointerdown = {
        let callback = props.on_pointerdown.clone();
        Callback::from(move |event: PointerEvent| {
            // The ground must not hear of it as well.
            event.stop_propagation();
            callback.emit((hit, event));
        })
    };
    let onfocus = props.on_focus.reform(move |_: FocusEvent| hit);
    let onkeydown = props.on_keydown.reform(move |event: KeyboardEvent| (hit, event));
    let onpointerenter = props.on_hover.reform(move |_: PointerEvent| hit);
    let onpointerleave = props.on_hover.reform(move |_: PointerEvent| Hit::None);
    html! {
        <g key={format!("{kind} {id}")} {id} class={classes} tabindex={if stops { "0" } else { "-1" }} role="button" aria-label={group.label.clone()}
            aria-pressed={selected.to_string()} {onpointerdown} {onfocus} {onkeydown} {onpointerenter} {onpointerleave}>
            { ring(group) }
            { for group.items.iter().map(element) }
            { reach(group) }
        </g>
    }
}

/// Whether something is not dimmed: a node that is lit, a link between lit ends, any zone.
fn is_lit(props: &Props, hit: Hit) -> bool {
    let Some(lit) = &props.lit else { return true };
    match hit {
        Hit::Node(i) | Hit::Machine(i, _) => lit.contains(&i),
        Hit::Link(i) => props.layout.link_nodes(i).is_none_or(|ends| ends.iter().all(|e| e.iter().any(|n| lit.contains(n)))),
        Hit::Zone(_) | Hit::None => true,
    }
}

/// The focus ring: around the frame of a node or zone, along a link.
fn ring(group: &Group) -> Html {
    match group.items.first() {
        Some(Item::Rect { x, y, w, h, radius, .. }) => {
            let (x, y) = (px(x - 4.0), px(y - 4.0));
            html! { <rect class="ring" {x} {y} width={px(w + 8.0)} height={px(h + 8.0)} rx={px(radius + 3.0)} /> }
        }
        Some(Item::Line { from, to, .. }) => {
            html! { <path class="ring" d={open(&[*from, *to])} /> }
        }
        _ => Html::default(),
    }
}

/// A wide invisible line to aim at, for a link.
fn reach(group: &Group) -> Html {
    match group.items.first() {
        Some(Item::Line { from, to, .. }) => html! { <path class="reach" d={open(&[*from, *to])} /> },
        _ => Html::default(),
    }
}

/// An item of the display list as an element.
fn element(item: &Item) -> Html {
    match item {
        Item::Rect { x, y, w, h, radius, fill, stroke } => {
            let Paint { fill, fill_opacity, stroke, width, opacity, dash } = Paint::of(*fill, *stroke);
            html! {
                <rect x={px(*x)} y={px(*y)} width={px(*w)} height={px(*h)} rx={px(*radius)} {fill} fill-opacity={fill_opacity}
                    {stroke} stroke-width={width} stroke-opacity={opacity} stroke-dasharray={dash} />
            }
        }
        Item::Circle { at, r, fill, stroke } => {
            let Paint { fill, fill_opacity, stroke, width, opacity, dash } = Paint::of(*fill, *stroke);
            html! {
                <circle cx={px(at.0)} cy={px(at.1)} r={px(*r)} {fill} fill-opacity={fill_opacity}
                    {stroke} stroke-width={width} stroke-opacity={opacity} stroke-dasharray={dash} />
            }
        }
        Item::Text { at, size, anchor, weight, fill, halo, text } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let weight = (*weight == Weight::Strong).then_some("600");
            let halo = halo.map(colour);
            let class = classes!(halo.is_some().then_some("halo"));
            html! {
                <text {class} aria-hidden="true" x={px(at.0)} y={px(at.1)} font-size={px(*size)} text-anchor={anchor} font-weight={weight}
                    fill={colour(fill.ink)} fill-opacity={faint(fill.alpha)} stroke={halo}>{ text }</text>
            }
        }
        Item::Hatch { x, y, w, h, fill } => {
            let mut d = String::new();
            hatch(*x, *y, *w, *h, |corners| d.push_str(&closed(corners)));
            path(d, Some(*fill), None)
        }
        Item::Line { from, to, stroke } => path(open(&[*from, *to]), None, Some(*stroke)),
        Item::Polyline { points, fill, stroke } => path(open(points), *fill, *stroke),
        Item::Diamond { at: (x, y), r, fill, stroke } => {
            path(closed(&[(*x, y - r), (x + r, *y), (*x, y + r), (x - r, *y)]), *fill, *stroke)
        }
        Item::Cross { at: (x, y), r, stroke } => {
            let d = open(&[(x - r, y - r), (x + r, y + r)]) + &open(&[(x - r, y + r), (x + r, y - r)]);
            path(d, None, Some(*stroke))
        }
        // Only what time changes has arcs, and that is on the canvas.
        Item::Arc { .. } => Html::default(),
    }
}

fn path(d: String, fill: Option<Fill>, stroke: Option<Stroke>) -> Html {
    let Paint { fill, fill_opacity, stroke, width, opacity, dash } = Paint::of(fill, stroke);
    html! {
        <path {d} {fill} fill-opacity={fill_opacity} {stroke} stroke-width={width} stroke-opacity={opacity} stroke-dasharray={dash} />
    }
}

/// Fill and edge as attributes; those that would say the default are absent.
struct Paint {
    fill: AttrValue,
    fill_opacity: Option<String>,
    stroke: Option<AttrValue>,
    width: Option<String>,
    opacity: Option<String>,
    dash: Option<String>,
}

impl Paint {
    fn of(fill: Option<Fill>, stroke: Option<Stroke>) -> Paint {
        Paint {
            fill: fill.map_or(AttrValue::Static("none"), |f| colour(f.ink)),
            fill_opacity: fill.and_then(|f| faint(f.alpha)),
            stroke: stroke.map(|s| colour(s.ink)),
            width: stroke.map(|s| px(s.width)),
            opacity: stroke.and_then(|s| faint(s.alpha)),
            dash: stroke.and_then(|s| s.dash.pattern()).map(|(on, off)| format!("{on} {off}")),
        }
    }
}

fn colour(ink: Ink) -> AttrValue {
    AttrValue::from(format!("var(--{})", ink.word()))
}

fn faint(alpha: f64) -> Option<String> {
    (alpha < 1.0).then(|| px(alpha))
}

/// A number with at most two decimals.
fn px(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn open(points: &[Point]) -> String {
    let step = |(i, p): (usize, &Point)| format!("{}{} {}", if i == 0 { 'M' } else { 'L' }, px(p.0), px(p.1));
    points.iter().enumerate().map(step).collect()
}

fn closed(points: &[Point]) -> String {
    open(points) + "Z"
}
