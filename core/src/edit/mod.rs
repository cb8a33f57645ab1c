//! Editing: one [`Command`] enum changes a scenario. Pointer, keyboard, tour and assignment locks all use it, and nothing else
//! changes a [`Document`], which keeps the states between for undo and redo.

mod clipboard;
mod fork;
mod template;

use std::rc::Rc;

use serde_json::Value;

pub use clipboard::Fragment;
pub use fork::from_on;
pub use template::{Template, empty};

use crate::scenario::{Function, Image, Link, Node, NodeOverride, Path, ReadError, Scenario, Zone};
use crate::share::{decode, encode};

/// A change of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Set a value by its path; null takes it away, so that the default holds.
    Set {
        /// Where.
        path: Path,
        /// What.
        value: Value,
    },
    /// Set several values to the same, as one step.
    SetEach {
        /// Where.
        paths: Vec<Path>,
        /// What.
        value: Value,
    },
    /// Add a zone.
    AddZone(Zone),
    /// Add a node.
    AddNode(Box<Node>),
    /// Add a link.
    AddLink(Link),
    /// Add a function.
    AddFunction(Box<Function>),
    /// Add an image.
    AddImage(Image),
    /// Take away whatever has these ids: zones with their nodes, nodes with their links, links, functions, and images with
    /// what functions say of them.
    Remove {
        /// The ids.
        ids: Vec<String>,
    },
    /// Put nodes, and zones that have none, elsewhere on the stage.
    Move {
        /// What moves and where each goes.
        to: Vec<(String, f64, f64)>,
    },
    /// Put nodes into a zone.
    Settle {
        /// The nodes.
        nodes: Vec<String>,
        /// The zone.
        zone: String,
    },
    /// Several commands as one step.
    All(Vec<Command>),
    /// Put another scenario in the place of this one.
    Replace(Box<Scenario>),
}

/// Why a command cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The value does not fit there.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something of that id is there already.
    #[error("There is already something called {0}. Choose another id.")]
    Taken(String),
    /// Nothing has that id.
    #[error("There is nothing called {0}.")]
    Missing(String),
    /// It cannot change while a run goes on.
    #[error("{what} cannot change during a run. {hint}")]
    Fixed {
        /// What.
        what: String,
        /// Why, and what can.
        hint: String,
    },
}

impl Command {
    /// Does the command. If it fails, nothing has changed.
    pub fn apply(self, scenario: &mut Scenario) -> Result<(), EditError> {
        let before = scenario.clone();
        self.perform(scenario).inspect_err(|_| *scenario = before)
    }

    fn perform(self, scenario: &mut Scenario) -> Result<(), EditError> {
        match self {
            Command::Set { path, value } => set(scenario, &[path], &value)?,
            Command::SetEach { paths, value } => set(scenario, &paths, &value)?,
            Command::AddZone(zone) => {
                free(scenario, &zone.id)?;
                scenario.zones.push(zone);
            }
            Command::AddNode(node) => {
                free(scenario, &node.id)?;
                scenario.nodes.push(*node);
            }
            Command::AddLink(link) => {
                free(scenario, &link.id)?;
                scenario.links.push(link);
            }
            Command::AddFunction(function) => {
                free(scenario, &function.id)?;
                scenario.functions.push(*function);
            }
            Command::AddImage(image) => {
                free(scenario, &image.id)?;
                scenario.images.push(image);
            }
            Command::Remove { ids } => {
                let inhabited: Vec<String> = scenario.nodes.iter().map(|n| n.zone.clone()).collect();
                ids.iter().try_for_each(|id| remove(scenario, id))?;
                // A zone goes with its last node.
                let emptied = |z: &Zone| inhabited.contains(&z.id) && !scenario.nodes.iter().any(|n| n.zone == z.id);
                let gone: Vec<String> = scenario.zones.iter().filter(|z| emptied(z)).map(|z| z.id.clone()).collect();
                gone.iter().try_for_each(|id| remove(scenario, id))?;
            }
            Command::Move { to } => {
                for (id, x, y) in to {
                    if let Some(node) = scenario.nodes.iter_mut().find(|n| n.id == id) {
                        (node.x, node.y) = (x, y);
                    } else {
                        let zone = scenario.zones.iter_mut().find(|z| z.id == id).ok_or(EditError::Missing(id))?;
                        (zone.x, zone.y) = (Some(x), Some(y));
                    }
                }
            }
            Command::Settle { nodes, zone } => {
                if !scenario.zones.iter().any(|z| z.id == zone) {
                    return Err(EditError::Missing(zone));
                }
                for id in nodes {
                    let node = scenario.nodes.iter_mut().find(|n| n.id == id).ok_or(EditError::Missing(id))?;
                    node.zone.clone_from(&zone);
                }
            }
            Command::All(commands) => commands.into_iter().try_for_each(|c| c.perform(scenario))?,
            Command::Replace(other) => *scenario = *other,
        }
        Ok(())
    }
}

/// Sets a value at each of some paths. A machine of a block of which nothing differs any more is like the others.
fn set(scenario: &mut Scenario, paths: &[Path], value: &Value) -> Result<(), EditError> {
    *scenario = scenario.with_each(paths, value)?;
    for node in &mut scenario.nodes {
        node.overrides.retain(|_, own| *own != NodeOverride::default());
    }
    Ok(())
}

fn free(scenario: &Scenario, id: &str) -> Result<(), EditError> {
    if scenario.has(id) { Err(EditError::Taken(id.to_owned())) } else { Ok(()) }
}

/// Takes away what has an id. Something that went with something else before is no error: it is gone.
fn remove(scenario: &mut Scenario, id: &str) -> Result<(), EditError> {
    let nodes: Vec<String> = scenario.nodes.iter().filter(|n| n.id == id || n.zone == id).map(|n| n.id.clone()).collect();
    scenario.zones.retain(|z| z.id != id);
    scenario.nodes.retain(|n| !nodes.contains(&n.id));
    scenario.functions.retain(|f| f.id != id);
    if scenario.images.iter().any(|i| i.id == id) {
        scenario.images.retain(|i| i.id != id);
        let users = scenario.functions.iter_mut().map(|f| &mut f.image).chain([&mut scenario.workload.trace_options.image]);
        users.filter(|image| image.as_deref() == Some(id)).for_each(|image| *image = None);
    }
    scenario.links.retain(|l| l.id != id && ![&l.from, &l.to].into_iter().any(|end| end == id || nodes.contains(end)));
    Ok(())
}

/// A document: a scenario with its history. Each step is kept as the state on its other side, packed as links are: two hundred
/// of them are small, and can be kept through a reload without unpacking any.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    scenario: Scenario,
    /// The states before, the oldest first.
    done: Vec<Rc<str>>,
    /// The states that were taken back, the oldest of them first: the last is the next to do again.
    undone: Vec<Rc<str>>,
    /// What the last step was done to, if another like it would continue it.
    going_on: Option<Vec<String>>,
}

/// The most steps that can be undone.
pub const MOST_STEPS: usize = 200;

impl Document {
    /// A document without history.
    pub fn new(scenario: Scenario) -> Document {
        Document { scenario, done: Vec::new(), undone: Vec::new(), going_on: None }
    }

    /// The scenario as it is now.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The states to go back to, the oldest first, and those to go forward to, the next one last; each is the payload of a link.
    pub fn steps(&self) -> (&[Rc<str>], &[Rc<str>]) {
        (&self.done, &self.undone)
    }

    /// Takes a history that was kept elsewhere, as [`Document::steps`] gives it. What this document has done since comes after it.
    pub fn take_steps(&mut self, mut done: Vec<Rc<str>>, undone: Vec<Rc<str>>) {
        if self.done.is_empty() && self.undone.is_empty() {
            self.undone = undone;
        }
        done.append(&mut self.done);
        self.done = done;
        self.done.drain(..self.done.len().saturating_sub(MOST_STEPS));
    }

    /// Does a command as a step of the history. What was undone before can then no longer be redone.
    pub fn edit(&mut self, command: Command) -> Result<(), EditError> {
        if let Some(before) = self.perform(command)? {
            self.record(before);
        }
        Ok(())
    }

    /// Does a command that moves these things a little. Right after another such command on the same things it is part of that
    /// step, so that many presses of a key are taken back at once.
    pub fn nudge(&mut self, command: Command, things: &[String]) -> Result<(), EditError> {
        let goes_on = self.going_on.as_deref() == Some(things);
        let Some(before) = self.perform(command)? else { return Ok(()) };
        if !goes_on {
            self.record(before);
        }
        self.going_on = Some(things.to_vec());
        Ok(())
    }

    /// Does a command. Answers the state before, if it changed anything.
    fn perform(&mut self, command: Command) -> Result<Option<Rc<str>>, EditError> {
        let mut next = self.scenario.clone();
        command.apply(&mut next)?;
        let before = std::mem::replace(&mut self.scenario, next);
        Ok((before != self.scenario).then(|| encode(&before).into()))
    }

    fn record(&mut self, before: Rc<str>) {
        self.going_on = None;
        self.done.push(before);
        self.undone.clear();
        if self.done.len() > MOST_STEPS {
            self.done.remove(0);
        }
    }

    /// Takes back the last step. Answers whether there was one.
    pub fn undo(&mut self) -> bool {
        self.going_on = None;
        Document::turn(&mut self.scenario, &mut self.done, &mut self.undone)
    }

    /// Does again what was taken back last. Answers whether there was anything.
    pub fn redo(&mut self) -> bool {
        self.going_on = None;
        Document::turn(&mut self.scenario, &mut self.undone, &mut self.done)
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is a step to do again.
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    fn turn(scenario: &mut Scenario, from: &mut Vec<Rc<str>>, to: &mut Vec<Rc<str>>) -> bool {
        // A step that cannot be unpacked, which only a history from elsewhere can hold, takes those beyond it along.
        let Some(Ok(opened)) = from.pop().map(|step| decode(&step)) else {
            from.clear();
            return false;
        };
        to.push(encode(scenario).into());
        *scenario = opened.scenario;
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scenario::Role;
    use proptest::prelude::*;
    use serde_json::json;

    fn start() -> Scenario {
        Scenario::from_json(include_str!("../../../scenarios/three-edges.json")).unwrap()
    }

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    fn command(i: u8) -> Command {
        let id = |stem: &str| format!("{stem}-{}", i / 8);
        match i % 8 {
            7 => Command::Settle { nodes: vec![id("worker")], zone: "region".into() },
            0 => Command::AddNode(Box::new(Node::new(&id("n"), "edge", Role::Worker))),
            1 => Command::Remove { ids: vec![id("worker")] },
            2 => Command::Move { to: vec![(id("worker"), f64::from(i), 3.0)] },
            3 => Command::Set { path: path("policies.keep_alive.ttl_s"), value: json!(i) },
            4 => Command::AddZone(Zone::new(&id("z"))),
            5 => Command::Set { path: path("policies.keep_alive.kind"), value: json!("lru") },
            _ => Command::All(vec![command(i - 6), command(i - 5)]),
        }
    }

    proptest! {
        #[test]
        fn undo_goes_back_through_every_step_and_redo_forward(steps in proptest::collection::vec(8u8..45, 0..60)) {
            let mut document = Document::new(start());
            let mut seen = vec![document.scenario().clone()];
            for step in steps {
                let before = document.scenario().clone();
                if document.edit(command(step)).is_err() {
                    prop_assert_eq!(document.scenario(), &before, "a command that fails changes nothing");
                } else if document.scenario() != &before {
                    seen.push(document.scenario().clone());
                }
            }
            for earlier in seen.iter().rev().skip(1) {
                prop_assert!(document.undo());
                prop_assert_eq!(document.scenario(), earlier);
            }
            prop_assert!(!document.undo());
            for later in seen.iter().skip(1) {
                prop_assert!(document.redo());
                prop_assert_eq!(document.scenario(), later);
            }
        }
    }

    #[test]
    fn a_zone_goes_with_its_nodes_and_their_links() {
        let mut document = Document::new(start());
        document.edit(Command::Remove { ids: vec!["edge".into()] }).unwrap();
        assert_eq!(document.scenario().nodes.len(), 1);
        assert!(document.scenario().links.is_empty());
    }

    #[test]
    fn presses_that_move_the_same_things_one_after_the_other_are_one_step() {
        let mut document = Document::new(start());
        let before = document.scenario().clone();
        let to = |x: f64| Command::Move { to: vec![("users".into(), x, 7.5)] };
        let users = ["users".to_owned()];
        for x in 0..250 {
            document.nudge(to(f64::from(x)), &users).unwrap();
        }
        document.nudge(Command::Move { to: vec![("cloud".into(), 1.0, 1.0)] }, &["cloud".to_owned()]).unwrap();
        document.nudge(to(500.0), &users).unwrap();
        let x = |document: &Document| document.scenario().node("users").unwrap().x;
        assert!(document.undo() && x(&document) == 249.0, "another thing in between ends a step");
        document.nudge(to(600.0), &users).unwrap();
        assert!(document.undo() && x(&document) == 249.0, "so does undo");
        assert!(document.undo() && document.undo());
        assert_eq!(document.scenario(), &before);
        assert!(!document.can_undo());
    }

    #[test]
    fn a_zone_without_nodes_is_moved_by_itself() {
        let mut document = Document::new(start());
        let to = vec![("z".to_owned(), 8.0, 16.0)];
        document.edit(Command::All(vec![Command::AddZone(Zone::new("z")), Command::Move { to }])).unwrap();
        let zone = &document.scenario().zones.last().unwrap();
        assert_eq!((zone.x, zone.y), (Some(8.0), Some(16.0)));
        assert_eq!(Scenario::from_json(&document.scenario().to_json()).unwrap(), *document.scenario());
    }

    #[test]
    fn several_values_are_one_step_and_a_machine_that_differs_no_more_is_forgotten() {
        let mut document = Document::new(start());
        let paths = vec![path("nodes.worker-1.cores"), path("nodes.worker-2.cores")];
        document.edit(Command::SetEach { paths, value: json!(7) }).unwrap();
        assert_eq!(document.scenario().nodes.iter().filter(|n| n.cores == 7.0).count(), 2);
        assert!(document.undo() && !document.can_undo());
        document.edit(Command::Set { path: path("nodes.worker-1.count"), value: json!(4) }).unwrap();
        for (value, differ) in [(json!(512), 1), (Value::Null, 0)] {
            document.edit(Command::Set { path: path("nodes.worker-1[2].memory_mb"), value }).unwrap();
            assert_eq!(document.scenario().node("worker-1").unwrap().overrides.len(), differ);
        }
    }

    #[test]
    fn two_hundred_steps_are_kept() {
        let mut document = Document::new(start());
        for x in 0..300 {
            document.edit(Command::Move { to: vec![("users".into(), f64::from(x), 7.5)] }).unwrap();
        }
        let mut steps = 0;
        while document.undo() {
            steps += 1;
        }
        assert_eq!(steps, MOST_STEPS);
    }

    #[test]
    fn a_history_kept_elsewhere_goes_on_in_another_document() {
        let mut first = Document::new(start());
        let seed = |i: u64| Command::Set { path: path("run.seed"), value: json!(i) };
        (11..=15).for_each(|i| first.edit(seed(i)).unwrap());
        first.undo();
        let (done, undone) = first.steps();
        let mut second = Document::new(first.scenario().clone());
        second.take_steps(done.to_vec(), undone.to_vec());
        assert_eq!(second, first);
        assert!(second.redo());
        assert_eq!(second.scenario().run.seed, 15);
        // What was done before the history came is later than it.
        let mut third = Document::new(first.scenario().clone());
        third.edit(seed(9)).unwrap();
        third.take_steps(done.to_vec(), undone.to_vec());
        assert!(!third.can_redo());
        let mut back = Vec::new();
        while third.undo() {
            back.push(third.scenario().run.seed);
        }
        assert_eq!(back, [14, 13, 12, 11, start().run.seed]);
    }

    #[test]
    fn a_step_that_cannot_be_read_ends_the_history() {
        let mut document = Document::new(start());
        document.take_steps(vec!["1AAAA".into()], vec!["".into()]);
        assert!(!document.undo() && !document.redo() && !document.can_undo());
        assert_eq!(document.scenario(), &start());
    }
}
