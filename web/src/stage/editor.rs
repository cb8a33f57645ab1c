//! What the tools of the stage do, whether a pointer or a key asks for it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use faaslab_core::edit::{Command, Fragment};
use faaslab_core::scenario::{Role, Scenario};
use faaslab_core::view::{Hit, Layout, Moving, Point, Rect, Viewport, linked, new_link, new_node, new_zone, outline, relocation};
use yew::prelude::*;

use super::gesture::{Gesture, Tool};
use crate::keys::Space;
use crate::store::{Action, LabHandle};

/// The id of something on the stage, as a selection has it; of a machine `pool[17]`.
pub(crate) fn id_of(scenario: &Scenario, hit: Hit) -> Option<String> {
    match hit {
        Hit::Node(i) => scenario.nodes.get(i).map(|n| n.id.clone()),
        Hit::Machine(i, number) => scenario.nodes.get(i).map(|n| format!("{}[{number}]", n.id)),
        Hit::Link(i) => scenario.links.get(i).map(|l| l.id.clone()),
        Hit::Zone(i) => scenario.zones.get(i).map(|z| z.id.clone()),
        Hit::None => None,
    }
}

/// What has an id.
pub(super) fn hit_of(scenario: &Scenario, id: &str) -> Option<Hit> {
    let node = |id: &str| scenario.nodes.iter().position(|n| n.id == id);
    let link = || scenario.links.iter().position(|l| l.id == id).map(Hit::Link);
    let zone = || scenario.zones.iter().position(|z| z.id == id).map(Hit::Zone);
    let machine = || {
        let (block, number) = scenario.machine(id)?;
        Some(Hit::Machine(node(&block.id)?, number))
    };
    node(id).map(Hit::Node).or_else(link).or_else(zone).or_else(machine)
}

pub(super) fn hits_of(scenario: &Scenario, ids: &[String]) -> Vec<Hit> {
    ids.iter().filter_map(|id| hit_of(scenario, id)).collect()
}

/// The ids of what a command adds, except links that come with something else.
fn added(command: &Command) -> Option<String> {
    match command {
        Command::AddNode(node) => Some(node.id.clone()),
        Command::AddZone(zone) => Some(zone.id.clone()),
        Command::AddLink(link) => Some(link.id.clone()),
        Command::All(all) => all.iter().filter_map(added).next_back(),
        _ => None,
    }
}

/// How large a machine of a block is drawn when the block is opened, in pixels.
const OPENED: f64 = 72.0;
/// From this size on, in pixels, a press on a block means the machine that is there.
const MACHINES_FROM: f64 = 12.0;

/// The stage as the tools see it.
#[derive(Clone)]
pub(super) struct Editor {
    pub(super) lab: LabHandle,
    /// Where everything is now.
    pub(super) layout: Rc<Layout>,
    /// What is shown of it.
    pub(super) viewport: Viewport,
    /// What will be shown of it, once it has glided there.
    pub(super) aim: Viewport,
    /// Width and height of the stage.
    pub(super) size: (f64, f64),
    pub(super) tool: UseStateHandle<Tool>,
    /// The space bar: while it is held a drag looks around, whatever the tool.
    pub(super) space: Space,
    pub(super) gesture: UseStateHandle<Gesture>,
    /// What the Tab key reaches.
    pub(super) stop: UseStateHandle<Option<String>>,
    pub(super) chosen: UseStateSetter<Option<Viewport>>,
    /// Whether the next viewport is shown at once, without gliding there.
    pub(super) at_once: Rc<Cell<bool>>,
    /// What gets the focus as soon as it is drawn.
    pub(super) focus: Rc<RefCell<Option<String>>>,
}

impl Editor {
    pub(super) fn scenario(&self) -> &Scenario {
        &self.lab.scenario
    }

    pub(super) fn id(&self, hit: Hit) -> Option<String> {
        id_of(self.scenario(), hit)
    }

    pub(super) fn select(&self, ids: Vec<String>) {
        if *self.lab.selection != ids {
            self.lab.dispatch(Action::Select(ids));
        }
    }

    /// Takes something into the selection, or out of it.
    pub(super) fn toggle(&self, id: &str) {
        let mut ids = (*self.lab.selection).clone();
        match ids.iter().position(|i| i == id) {
            Some(i) => drop(ids.remove(i)),
            None => ids.push(id.to_owned()),
        }
        self.select(ids);
    }

    /// Selects every node and zone.
    pub(super) fn select_all(&self) {
        let s = self.scenario();
        self.select(s.nodes.iter().map(|n| n.id.clone()).chain(s.zones.iter().map(|z| z.id.clone())).collect());
    }

    /// Takes up another tool.
    pub(super) fn take_up(&self, tool: Tool) {
        self.gesture.set(Gesture::None);
        self.tool.set(tool);
    }

    /// Shows another part of the world at once, as the hand moves it.
    pub(super) fn look_at(&self, viewport: Viewport) {
        self.at_once.set(true);
        self.chosen.set(Some(viewport));
    }

    /// Glides to another part of the world.
    pub(super) fn go_to(&self, viewport: Viewport) {
        self.chosen.set(Some(viewport));
    }

    /// Shows everything.
    pub(super) fn fit(&self) {
        self.chosen.set(None);
    }

    /// Enlarges about what is selected, if it is one thing in view, else about the middle.
    pub(super) fn zoom(&self, factor: f64) {
        let (w, h) = self.size;
        let one = match hits_of(self.scenario(), &self.lab.selection)[..] {
            [hit] => self.layout.frame(hit).map(|rect| self.aim.to_screen(rect.centre())),
            _ => None,
        };
        let about = one.filter(|at| Rect { x: 0.0, y: 0.0, w, h }.contains(*at)).unwrap_or((w / 2.0, h / 2.0));
        self.go_to(self.aim.zoom(about, factor));
    }

    /// Moves as little as is needed to show a rectangle of the world.
    fn reveal(&self, r: Rect) {
        let there = self.aim.reveal(r, self.size.0, self.size.1);
        if there != self.aim {
            self.go_to(there);
        }
    }

    /// Where some things are once a command has been carried out.
    fn place_after(&self, command: &Command, ids: &[String]) -> Option<Rect> {
        let mut there = self.scenario().clone();
        command.clone().apply(&mut there).ok()?;
        let layout = Layout::of(&there);
        ids.iter().filter_map(|id| layout.frame(hit_of(&there, id)?)).reduce(|a, b| a.union(&b))
    }

    /// Adds something and selects it. The ground stays where it is.
    fn add(&self, command: Command) {
        let ids: Vec<String> = added(&command).into_iter().collect();
        let place = self.place_after(&command, &ids);
        self.look_at(place.map_or(self.viewport, |rect| self.viewport.reveal(rect, self.size.0, self.size.1)));
        self.lab.dispatch(Action::Edit(command));
        self.stop.set(ids.first().cloned());
        self.select(ids);
    }

    /// Adds a node of a role: where a pointer is, or in the middle of the stage, beside what is there.
    pub(super) fn add_node(&self, role: Role, at: Option<Point>) {
        let place = at.unwrap_or_else(|| self.middle());
        self.add(new_node(self.scenario(), &self.layout, role, place, at.is_none()));
    }

    /// Adds a zone, likewise.
    pub(super) fn add_zone(&self, at: Option<Point>) {
        let place = at.unwrap_or_else(|| self.middle());
        self.add(new_zone(self.scenario(), &self.layout, place, at.is_none()));
    }

    fn middle(&self) -> Point {
        self.viewport.to_world((self.size.0 / 2.0, self.size.1 / 2.0))
    }

    /// Connects two things, or selects the link that connects them already. Answers whether they are connected.
    pub(super) fn connect(&self, from: Hit, to: Hit) -> bool {
        let (Some(a), Some(b)) = (self.id(from), self.id(to)) else { return false };
        if let Some(link) = linked(self.scenario(), &a, &b) {
            self.select(vec![link.id.clone()]);
            return true;
        }
        match new_link(self.scenario(), from, to) {
            Some(command) => {
                self.add(command);
                true
            }
            None => false,
        }
    }

    /// Deletes what is selected.
    pub(super) fn remove(&self) {
        let ids: Vec<String> = self.lab.selection.iter().filter(|id| self.scenario().has(id)).cloned().collect();
        if !ids.is_empty() {
            self.lab.dispatch(Action::Edit(Command::Remove { ids }));
        }
    }

    /// Adds a fragment, selects it and shows it.
    pub(super) fn paste(&self, fragment: &Fragment) {
        let (command, new) = fragment.paste(self.scenario());
        if let Some(all) = self.place_after(&command, &new).filter(|_| !self.scenario().nodes.is_empty()) {
            self.reveal(all);
        }
        self.lab.dispatch(Action::Edit(command));
        self.stop.set(new.first().cloned());
        self.select(new);
    }

    /// Copies what is selected beside itself.
    pub(super) fn duplicate(&self) {
        if let Some(fragment) = Fragment::of(self.scenario(), &self.lab.selection) {
            self.paste(&fragment);
        }
    }

    /// Moves what is selected a little. The ground stays where it is, as long as that is in view.
    pub(super) fn nudge(&self, (dx, dy): Point) {
        let layout = Layout::of(self.scenario());
        let moving = Moving::of(&layout, &hits_of(self.scenario(), &self.lab.selection));
        if !moving.is_empty() {
            let command = relocation(self.scenario(), &layout, &moving, dx, dy);
            let place = self.place_after(&command, &self.lab.selection);
            self.go_to(place.map_or(self.aim, |rect| self.aim.reveal(rect, self.size.0, self.size.1)));
            self.lab.dispatch(Action::Nudge(command));
        }
    }

    /// Goes to something with the focus, selects it or takes it into the selection, and shows it.
    pub(super) fn go(&self, hit: Hit, also: bool) {
        let Some(id) = self.id(hit) else { return };
        *self.focus.borrow_mut() = Some(id.clone());
        self.stop.set(Some(id.clone()));
        match also {
            true if self.lab.selection.contains(&id) => {}
            true => self.toggle(&id),
            false => self.select(vec![id]),
        }
        if let Some(rect) = self.layout.frame(hit) {
            self.reveal(rect);
        }
    }

    /// Selects something and shows it; the focus stays where it is.
    pub(super) fn point_out(&self, hit: Hit, also: bool) {
        let Some(id) = self.id(hit) else { return };
        match also {
            true => self.toggle(&id),
            false => self.select(vec![id]),
        }
        if let Some(rect) = self.layout.frame(hit) {
            self.reveal(rect);
        }
    }

    /// Goes to something with the focus; a machine is shown large enough to be read.
    pub(super) fn enter(&self, hit: Hit) {
        match hit {
            Hit::Machine(..) => self.open_block(hit),
            _ => self.go(hit, false),
        }
    }

    /// Goes to what is nearest in a direction.
    pub(super) fn go_towards(&self, from: Hit, direction: Point, also: bool) {
        if let Some(hit) = self.layout.towards(from, direction) {
            self.go(hit, also);
        }
    }

    /// Goes so many places on in the outline; far beyond an end means that end.
    pub(super) fn go_along(&self, from: Hit, by: isize) {
        let open = match from {
            Hit::Machine(i, _) => self.scenario().nodes.get(i).map(|n| n.id.clone()).into_iter().collect(),
            _ => Default::default(),
        };
        let all = outline(self.scenario(), &open);
        let here = all.iter().position(|e| e.hit == from).unwrap_or(0);
        let there = here.saturating_add_signed(by).min(all.len().saturating_sub(1));
        if let Some(entry) = all.get(there) {
            self.go(entry.hit, false);
        }
    }

    /// The machine that a press at a point of the world means, if it means one rather than its block: where machines are large
    /// enough, or the block is what is selected.
    pub(super) fn machine_at(&self, at: Point) -> Option<Hit> {
        let hit = self.layout.machine_at(at)?;
        let Hit::Machine(i, _) = hit else { return None };
        let large = self.layout.frame(hit)?.w * self.viewport.scale >= MACHINES_FROM;
        let inside = |h: &Hit| matches!(h, Hit::Node(n) | Hit::Machine(n, _) if *n == i);
        let selected = hits_of(self.scenario(), &self.lab.selection);
        (large || (!selected.is_empty() && selected.iter().all(inside))).then_some(hit)
    }

    /// Opens a block at one of its machines: they are drawn large enough to be read.
    pub(super) fn open_block(&self, machine: Hit) {
        let Some(rect) = self.layout.frame(machine) else { return };
        self.go(machine, false);
        let scale = (OPENED / rect.w).max(self.aim.scale);
        let Hit::Machine(i, _) = machine else { return };
        let there = Viewport::centred(rect.centre(), scale, self.size.0, self.size.1);
        // No more ground beside the block than must be.
        let block = self.layout.nodes[i].rect;
        let margin = 24.0 / scale;
        let keep = |corner: f64, from: f64, to: f64, room: f64| corner.min(to + margin - room).max(from - margin);
        let x = keep(there.x, block.x, block.right(), self.size.0 / scale);
        let y = keep(there.y, block.y, block.bottom(), self.size.1 / scale);
        self.go_to(Viewport { x, y, scale });
    }
}
