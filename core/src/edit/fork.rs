//! Changes from an instant on: what a command would do to the scenario becomes an entry of its timeline, so that a run goes on
//! from there with other settings and is the same before.

use serde_json::{Map, Value};

use super::{Command, EditError};
use crate::scenario::{CHANGEABLE, Change, Path, Scenario, may_change};

/// The command that makes the change from an instant on, in seconds. What changes no run (names, places on the stage) is done
/// as it is; what is fixed when a run starts is refused with the reason.
pub fn from_on(command: Command, at_s: f64, scenario: &Scenario) -> Result<Command, EditError> {
    let mut forked = scenario.clone();
    perform(command, at_s, &mut forked)?;
    Ok(Command::Replace(Box::new(forked)))
}

fn perform(command: Command, at_s: f64, scenario: &mut Scenario) -> Result<(), EditError> {
    let fixed = |what: &str| Err(EditError::Fixed { what: what.to_owned(), hint: CHANGEABLE.to_owned() });
    match command {
        Command::Set { path, value } if is_free(&path) => Command::Set { path, value }.perform(scenario),
        Command::Set { path, value } if may_change(&path) => {
            enter(path, value, at_s, scenario);
            Ok(())
        }
        Command::Set { path, .. } => fixed(&path.to_string()),
        Command::SetEach { paths, value } => {
            paths.into_iter().try_for_each(|path| perform(Command::Set { path, value: value.clone() }, at_s, scenario))
        }
        Command::Move { to } => Command::Move { to }.perform(scenario),
        Command::All(commands) => commands.into_iter().try_for_each(|c| perform(c, at_s, scenario)),
        Command::AddZone(_) | Command::AddNode(_) | Command::AddLink(_) => fixed("What nodes, links and zones there are"),
        Command::Settle { .. } => fixed("The zone of a node"),
        Command::AddFunction(_) | Command::AddImage(_) => fixed("What functions and images there are"),
        Command::Remove { .. } => fixed("What there is"),
        Command::Replace(_) => fixed("The workload"),
    }
}

/// Whether a value is nothing to a run.
fn is_free(path: &Path) -> bool {
    match path.head() {
        "title" | "question" | "look_at" | "timeline" => true,
        "nodes" => path.depth() == 3 && matches!(path.last(), "x" | "y" | "name"),
        "zones" => path.depth() == 3 && path.last() == "name",
        _ => false,
    }
}

/// Enters a value into the timeline. One that holds there without is taken out.
fn enter(path: Path, value: Value, at_s: f64, scenario: &mut Scenario) {
    let own = scenario.timeline.iter().position(|c| c.at_s == at_s);
    let mut entry = own.map_or_else(|| Change { at_s, set: Map::new() }, |i| scenario.timeline.remove(i));
    let text = path.to_string();
    let before = scenario.as_of(at_s).to_value();
    if let Some(choice) = text.strip_suffix(".kind") {
        // The parameters of the kind that goes go with it.
        entry.set.retain(|set, _| set.strip_prefix(choice).is_none_or(|rest| !rest.starts_with('.')));
    }
    entry.set.shift_remove(&text);
    if !is_same(path.get(&before).unwrap_or(&Value::Null), &value) || !entry.set.is_empty() && is_of_another_kind(&entry, &text) {
        entry.set.insert(text, value);
    }
    if !entry.set.is_empty() {
        scenario.timeline.push(entry);
    }
}

/// Whether two values are the same, however a number is written.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some() && a.as_f64() == b.as_f64()
}

/// Whether an entry changes the kind of the choice that a path is a parameter of.
fn is_of_another_kind(entry: &Change, text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(choice, _)| entry.set.contains_key(&format!("{choice}.kind")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::edit::Document;
    use crate::scenario::{Node, Role, validate};
    use crate::sim::{Library, Simulation, record};
    use crate::units::SimTime;
    use crate::workload::Workload;
    use serde_json::json;

    fn start() -> Scenario {
        Scenario::from_json(include_str!("../../../scenarios/three-edges.json")).unwrap()
    }

    fn set(path: &str, value: Value) -> Command {
        Command::Set { path: Path::parse(path).unwrap(), value }
    }

    fn forked(scenario: &Scenario, command: Command) -> Scenario {
        let mut document = Document::new(scenario.clone());
        document.edit(from_on(command, 12.5, scenario).unwrap()).unwrap();
        document.scenario().clone()
    }

    #[test]
    fn a_value_holds_from_the_instant_on_and_goes_when_it_is_as_before() {
        let s = start();
        let ttl = s.to_value()["policies"]["keep_alive"]["ttl_s"].clone();
        let other = forked(&s, set("policies.keep_alive.ttl_s", json!(60)));
        assert_eq!(
            other.timeline,
            [Change { at_s: 12.5, set: json!({"policies.keep_alive.ttl_s": 60}).as_object().unwrap().clone() }]
        );
        assert_eq!(other.as_of(12.4).policies, s.policies);
        assert_eq!(other.as_of(12.5).to_value()["policies"]["keep_alive"]["ttl_s"], json!(60));
        let more = forked(&other, set("network.within_zone_ms", json!(3)));
        assert_eq!((more.timeline.len(), more.timeline[0].set.len()), (1, 2), "one instant, one entry");
        assert_eq!(forked(&other, set("policies.keep_alive.ttl_s", ttl)), s, "back as it was: nothing changes");
        assert!(validate(&more, &Library::default().catalogue()).iter().all(|p| p.warning));
    }

    #[test]
    fn another_kind_takes_the_parameters_of_the_last_one_with_it() {
        let s = forked(&start(), set("policies.keep_alive.ttl_s", json!(60)));
        let s = forked(&s, set("policies.keep_alive.kind", json!("lru")));
        assert_eq!(s.timeline[0].set.keys().collect::<Vec<_>>(), ["policies.keep_alive.kind"]);
        let s = forked(&s, set("policies.keep_alive.kind", json!("fixed_ttl")));
        let s = forked(&s, set("policies.keep_alive.ttl_s", json!(30)));
        assert_eq!(s.as_of(20.0).to_value()["policies"]["keep_alive"], json!({"kind": "fixed_ttl", "ttl_s": 30}));
    }

    #[test]
    fn what_is_fixed_when_a_run_starts_is_refused_with_the_reason() {
        let s = start();
        for command in [
            set("nodes.worker-1.memory_mb", json!(512)),
            set("run.seed", json!(2)),
            Command::AddNode(Box::new(Node::new("new", "edge", Role::Worker))),
            Command::Remove { ids: vec!["edge".into()] },
            Command::All(vec![Command::Move { to: vec![] }, Command::Settle { nodes: vec![], zone: "edge".into() }]),
        ] {
            let why = from_on(command.clone(), 12.5, &s).unwrap_err().to_string();
            assert!(why.contains("cannot change during a run") && why.contains("policies"), "{why}");
        }
        let moved = forked(&s, Command::Move { to: vec![("users".into(), 7.0, 8.0)] });
        assert!(moved.timeline.is_empty() && moved.node("users").unwrap().x == 7.0);
        assert_eq!(forked(&s, set("title", json!("Another"))).title, "Another");
    }

    #[test]
    fn a_forked_run_is_the_same_before_and_another_after() {
        let s = start();
        let other = forked(&s, set("policies.keep_alive.ttl_s", json!(1)));
        let window = |s: &Scenario, from: f64, to: f64| {
            let workload = Arc::new(Workload::new(s, None).unwrap());
            let run = Simulation::new(s, workload, &Library::default()).unwrap();
            record(run, SimTime::from_s(from), SimTime::from_s(to))
        };
        assert_eq!(window(&s, 5.0, 12.5), window(&other, 5.0, 12.5));
        assert_ne!(window(&s, 12.5, 30.0), window(&other, 12.5, 30.0));
    }
}
