//! Editing: one [`Command`] enum changes a scenario and returns its inverse. Undo, redo, keyboard, tour and assignment locks
//! all use it, and nothing else changes a document.

mod fork;
mod template;

use serde_json::Value;

pub use fork::from_on;
pub use template::{Template, empty};

use crate::scenario::{Function, Image, Link, Node, Path, ReadError, Scenario, Zone};

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
    /// Put nodes elsewhere on the stage.
    Move {
        /// The nodes and where each goes.
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
    /// Does the command. Answers the command that undoes it. If it fails, nothing has changed.
    pub fn apply(self, scenario: &mut Scenario) -> Result<Command, EditError> {
        let before = scenario.clone();
        match self.perform(scenario) {
            Ok(()) => Ok(Command::Replace(Box::new(before))),
            Err(error) => {
                *scenario = before;
                Err(error)
            }
        }
    }

    fn perform(self, scenario: &mut Scenario) -> Result<(), EditError> {
        match self {
            Command::Set { path, value } => *scenario = scenario.with(&path, value)?,
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
                    let node = scenario.nodes.iter_mut().find(|n| n.id == id).ok_or(EditError::Missing(id))?;
                    (node.x, node.y) = (x, y);
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

/// A document: a scenario with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    scenario: Scenario,
    done: Vec<Command>,
    undone: Vec<Command>,
}

/// The most steps that can be undone.
pub const MOST_STEPS: usize = 200;

impl Document {
    /// A document without history.
    pub fn new(scenario: Scenario) -> Document {
        Document { scenario, done: Vec::new(), undone: Vec::new() }
    }

    /// The scenario as it is now.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Does a command as a step of the history. What was undone before can then no longer be redone.
    pub fn edit(&mut self, command: Command) -> Result<(), EditError> {
        let inverse = command.apply(&mut self.scenario)?;
        if let Command::Replace(before) = &inverse
            && **before == self.scenario
        {
            return Ok(()); // nothing changed: no step
        }
        self.done.push(inverse);
        self.undone.clear();
        if self.done.len() > MOST_STEPS {
            self.done.remove(0);
        }
        Ok(())
    }

    /// Takes back the last step. Answers whether there was one.
    pub fn undo(&mut self) -> bool {
        Document::turn(&mut self.scenario, &mut self.done, &mut self.undone)
    }

    /// Does again what was taken back last. Answers whether there was anything.
    pub fn redo(&mut self) -> bool {
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

    fn turn(scenario: &mut Scenario, from: &mut Vec<Command>, to: &mut Vec<Command>) -> bool {
        // An inverse restores a whole scenario, which cannot fail.
        match from.pop().map(|command| command.apply(scenario)) {
            Some(Ok(inverse)) => {
                to.push(inverse);
                true
            }
            _ => false,
        }
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
            4 => Command::AddZone(Zone { id: id("z"), name: String::new(), latency_ms: None }),
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
}
