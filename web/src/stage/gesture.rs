//! What the pointer is doing on the stage, and what it shows meanwhile.

use std::collections::BTreeMap;
use std::rc::Rc;

use faaslab_core::edit::Command;
use faaslab_core::scenario::{Role, Scenario};
use faaslab_core::view::{Guide, Hit, Layout, Moving, Point, Rect, Viewport, relocation, snap};
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

use super::editor::{Editor, hits_of};
use crate::store::Action;

/// What a press on the stage does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Select,
    Hand,
    Add(Role),
    Zone,
    Link,
}

impl Tool {
    /// What it waits for on the ground, in words.
    pub(super) fn awaits(self) -> Option<AttrValue> {
        let what = match self {
            Tool::Select | Tool::Hand => return None,
            Tool::Add(role) => format!("Click where the {} should stand", role.name().to_lowercase()),
            Tool::Zone => "Click where the zone should stand".to_owned(),
            Tool::Link => "Drag from one node or zone to another, or click on both".to_owned(),
        };
        Some(format!("{what}. Escape leaves it.").into())
    }
}

/// What the pointer is doing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gesture {
    None,
    /// Things move: where the pointer began, in the world, how far it is by now, the part of the world that is shown
    /// meanwhile, and what a press without a movement selects.
    Drag {
        moving: Moving,
        from: Point,
        by: Point,
        shown: Viewport,
        tap: Option<String>,
    },
    /// A rectangle is drawn around what is to be selected, beside what is kept: its corners in the world, and what a press
    /// without a movement toggles.
    Marquee {
        from: Point,
        to: Point,
        keep: Vec<String>,
        tap: Option<String>,
    },
    /// The world moves: where the pointer was last, and whether it moved.
    Pan {
        last: Point,
        moved: bool,
    },
    /// Two fingers move the world and zoom: where both were last.
    Pinch {
        last: [Point; 2],
    },
    /// A link from a node or zone, to where the pointer is, in the world.
    Link {
        from: Hit,
        to: Point,
    },
}

/// The fingers on the stage, by their pointers' numbers.
pub(super) type Fingers = BTreeMap<i32, Point>;

/// How far a pointer moves before a press is a drag, in pixels.
const SLACK: f64 = 3.0;

/// How near to the edge of a zone a pointer takes hold of it, and how far below the upper one, where its name stands, in pixels.
const EDGE: f64 = 8.0;
const NAME: f64 = 24.0;

/// Where a pointer is, from the corner of the stage.
pub(super) fn point(event: &MouseEvent, area: &NodeRef) -> Point {
    let rect = area.cast::<Element>().map(|e| e.get_bounding_client_rect());
    let (left, top) = rect.map_or((0.0, 0.0), |r| (r.left(), r.top()));
    (f64::from(event.client_x()) - left, f64::from(event.client_y()) - top)
}

/// What a drag does to the scenario, and with what it is aligned.
fn dragged(scenario: &Scenario, moving: &Moving, by: Point) -> (Command, Vec<Guide>) {
    let layout = Layout::of(scenario);
    let (dx, dy, guides) = snap(&layout, moving, by.0, by.1);
    (relocation(scenario, &layout, moving, dx, dy), guides)
}

/// The scenario as it would be if a drag ended now, for the picture.
pub(super) fn moved(scenario: &Rc<Scenario>, gesture: &Gesture) -> (Rc<Scenario>, Vec<Guide>) {
    let still = || (Rc::clone(scenario), Vec::new());
    let Gesture::Drag { moving, by, .. } = gesture else { return still() };
    if *by == (0.0, 0.0) {
        return still();
    }
    let (command, guides) = dragged(scenario, moving, *by);
    let mut there = (**scenario).clone();
    match command.apply(&mut there) {
        Ok(_) => (Rc::new(there), guides),
        Err(_) => still(),
    }
}

fn far((ax, ay): Point, (bx, by): Point) -> f64 {
    (ax - bx).hypot(ay - by)
}

fn between((ax, ay): Point, (bx, by): Point) -> Point {
    ((ax + bx) / 2.0, (ay + by) / 2.0)
}

/// The rectangle with these opposite corners.
fn rectangle(a: Point, b: Point) -> Rect {
    Rect { x: a.0.min(b.0), y: a.1.min(b.1), w: (a.0 - b.0).abs(), h: (a.1 - b.1).abs() }
}

impl Editor {
    /// A pointer goes down on something, at a point of the stage.
    pub(super) fn press(&self, hit: Hit, event: &PointerEvent, at: Point, fingers: &Fingers) {
        let world = self.viewport.to_world(at);
        let touches = event.pointer_type() == "touch";
        let pan = || self.gesture.set(Gesture::Pan { last: at, moved: false });
        if let [a, b] = fingers.values().copied().collect::<Vec<_>>()[..] {
            return self.gesture.set(Gesture::Pinch { last: [a, b] });
        }
        match (event.button(), *self.tool) {
            (0, _) if self.space.drags() => pan(),
            (1, _) | (0, Tool::Hand) => pan(),
            (0, Tool::Add(role)) => {
                self.add_node(role, Some(world));
                self.tool.set(Tool::Select);
            }
            (0, Tool::Zone) => {
                self.add_zone(Some(world));
                self.tool.set(Tool::Select);
            }
            (0, Tool::Link) => self.press_with_link(hit, world),
            (0, Tool::Select) => match (hit, self.id(hit)) {
                (Hit::Zone(_), Some(id)) if event.shift_key() => self.begin_marquee(world, true, Some(id)),
                // A finger moves the ground and a pointer selects what is there, unless the zone under it has been selected
                // or is taken by its edge or its name.
                (Hit::Zone(_), Some(id)) if touches && !self.lab.selection.contains(&id) => {
                    self.select(vec![id]);
                    pan();
                }
                (Hit::Zone(_), Some(id)) if !self.lab.selection.contains(&id) && !self.is_at_edge(hit, at) => {
                    self.begin_marquee(world, false, Some(id));
                }
                (Hit::Node(_) | Hit::Zone(_), Some(id)) => self.begin_drag(id, event.shift_key(), world),
                (Hit::Link(_) | Hit::Machine(..), Some(id)) => match event.shift_key() {
                    true => self.toggle(&id),
                    false => self.select(vec![id]),
                },
                _ if touches => {
                    self.select(Vec::new());
                    pan();
                }
                _ => self.begin_marquee(world, event.shift_key(), None),
            },
            _ => {}
        }
    }

    /// Whether a point of the stage is at the edge of a zone, or where its name stands.
    fn is_at_edge(&self, zone: Hit, (x, y): Point) -> bool {
        let Some(frame) = self.layout.frame(zone).map(|r| self.viewport.rect(r)) else { return false };
        let inside = |reach: f64| x - frame.x > reach && frame.right() - x > reach && frame.bottom() - y > reach;
        !inside(EDGE) || y - frame.y <= NAME
    }

    fn press_with_link(&self, hit: Hit, world: Point) {
        match (&*self.gesture, hit) {
            // The second of two clicks.
            (Gesture::Link { from, .. }, Hit::Node(_) | Hit::Zone(_)) => {
                if self.connect(*from, hit) {
                    self.tool.set(Tool::Select);
                }
                self.gesture.set(Gesture::None);
            }
            (_, Hit::Node(_) | Hit::Zone(_)) => self.gesture.set(Gesture::Link { from: hit, to: world }),
            _ => self.take_up(Tool::Select),
        }
    }

    /// Takes hold of something, with all that is selected if it is.
    fn begin_drag(&self, id: String, shift: bool, world: Point) {
        let selected = self.lab.selection.contains(&id);
        if shift && selected {
            return self.toggle(&id); // it is let go, and stays where it is
        }
        // A press without a movement on one of several selected things selects it alone.
        let alone = (selected && self.lab.selection.len() > 1).then(|| id.clone());
        let tap = self.machine_at(world).and_then(|hit| self.id(hit)).or(alone).filter(|_| !shift);
        let ids: Vec<String> = match (selected, shift) {
            (true, _) => (*self.lab.selection).clone(),
            (false, true) => self.lab.selection.iter().cloned().chain([id]).collect(),
            (false, false) => vec![id],
        };
        let moving = Moving::of(&self.layout, &hits_of(self.scenario(), &ids));
        self.select(ids);
        self.gesture.set(Gesture::Drag { moving, from: world, by: (0.0, 0.0), shown: self.viewport, tap });
    }

    fn begin_marquee(&self, world: Point, also: bool, tap: Option<String>) {
        let keep = if also { (*self.lab.selection).clone() } else { Vec::new() };
        if !also {
            self.select(Vec::new());
        }
        self.gesture.set(Gesture::Marquee { from: world, to: world, keep, tap });
    }

    /// A pointer moves to a point of the stage.
    pub(super) fn drag(&self, at: Point, fingers: &Fingers) {
        let world = self.viewport.to_world(at);
        match &*self.gesture {
            Gesture::None => {}
            Gesture::Drag { moving, from, by, shown, tap } => {
                let way = (world.0 - from.0, world.1 - from.1);
                if *by != (0.0, 0.0) || way.0.hypot(way.1) * shown.scale >= SLACK {
                    let (moving, tap) = (moving.clone(), tap.clone());
                    self.gesture.set(Gesture::Drag { moving, from: *from, by: way, shown: *shown, tap });
                }
            }
            Gesture::Marquee { from, keep, tap, .. } => {
                if far(*from, world) * self.viewport.scale >= SLACK {
                    let inside = self.layout.things_in(rectangle(*from, world)).into_iter().filter_map(|hit| self.id(hit));
                    let mut ids = keep.clone();
                    ids.extend(inside.filter(|id| !keep.contains(id)));
                    self.select(ids);
                }
                self.gesture.set(Gesture::Marquee { from: *from, to: world, keep: keep.clone(), tap: tap.clone() });
            }
            Gesture::Pan { last, moved } => {
                if *moved || far(*last, at) >= SLACK {
                    self.look_at(self.viewport.pan(at.0 - last.0, at.1 - last.1));
                    self.gesture.set(Gesture::Pan { last: at, moved: true });
                }
            }
            Gesture::Pinch { last: [a, b] } => {
                if let [c, d] = fingers.values().copied().collect::<Vec<_>>()[..] {
                    let (before, now) = (between(*a, *b), between(c, d));
                    let factor = far(c, d) / far(*a, *b).max(1.0);
                    self.look_at(self.viewport.pan(now.0 - before.0, now.1 - before.1).zoom(now, factor));
                    self.gesture.set(Gesture::Pinch { last: [c, d] });
                }
            }
            Gesture::Link { from, .. } => self.gesture.set(Gesture::Link { from: *from, to: world }),
        }
    }

    /// A pointer goes up.
    pub(super) fn release(&self) {
        match &*self.gesture {
            Gesture::Drag { moving, by, .. } if *by != (0.0, 0.0) => {
                // What was dropped stays under the pointer.
                self.look_at(self.viewport);
                self.lab.dispatch(Action::Edit(dragged(self.scenario(), moving, *by).0));
            }
            Gesture::Drag { tap: Some(id), .. } => {
                *self.focus.borrow_mut() = Some(id.clone());
                self.stop.set(Some(id.clone()));
                self.select(vec![id.clone()]);
            }
            Gesture::Marquee { from, to, tap: Some(id), .. } if far(*from, *to) * self.viewport.scale < SLACK => self.toggle(id),
            Gesture::Link { from, to } => {
                let reach = self.layout.hit(*to, 8.0);
                if reach == *from {
                    return; // a click, not a drag: the second click says where to
                }
                if self.connect(*from, reach) {
                    self.tool.set(Tool::Select);
                }
            }
            _ => {}
        }
        self.gesture.set(Gesture::None);
    }
}

/// What is drawn above the topology while the pointer does something.
pub(super) fn above(gesture: &Gesture, guides: &[Guide], layout: &Layout, viewport: &Viewport) -> Html {
    let line = |from: Point, to: Point| {
        let ((x1, y1), (x2, y2)) = (viewport.to_screen(from), viewport.to_screen(to));
        html! { <line class="guide" x1={x1.to_string()} y1={y1.to_string()} x2={x2.to_string()} y2={y2.to_string()} /> }
    };
    let shape = match gesture {
        Gesture::Link { from, to } => layout.frame(*from).map(|r| line(r.centre(), *to)),
        Gesture::Marquee { from, to, .. } => {
            let r = rectangle(viewport.to_screen(*from), viewport.to_screen(*to));
            let (w, h) = (r.w.to_string(), r.h.to_string());
            Some(html! { <rect class="marquee" x={r.x.to_string()} y={r.y.to_string()} width={w} height={h} /> })
        }
        _ => None,
    };
    html! { <>{ for guides.iter().map(|g| line(g.from, g.to)) }{ shape }</> }
}
