//! The one way to name a value in a scenario: `nodes.edge-1.memory_mb`.
//!
//! Lists are entered by the id of an element, objects by a key; `pool[17]` is machine 17 of the block `pool`. `--set`,
//! validation, the timeline, sweeps, locks, comparisons and links all use this type.

use std::fmt;

use serde_json::{Map, Value};

use crate::registry::nearest;

/// Names one value in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    parts: Vec<String>,
}

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}. {hint}")]
pub struct PathError {
    /// The path, up to where it stopped making sense.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join("."))
    }
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let parts: Vec<String> = text.trim().split('.').map(str::to_owned).collect();
        if parts.iter().any(String::is_empty) {
            return Err(PathError {
                path: text.to_owned(),
                message: "this is not a path".to_owned(),
                hint: "Write names with dots between them, for example nodes.edge-1.memory_mb.".to_owned(),
            });
        }
        Ok(Path { parts })
    }

    /// The first name of the path.
    pub fn head(&self) -> &str {
        &self.parts[0]
    }

    /// The last name of the path.
    pub fn last(&self) -> &str {
        &self.parts[self.parts.len() - 1]
    }

    /// The number of names.
    pub fn depth(&self) -> usize {
        self.parts.len()
    }

    /// Reads the value there, if there is one.
    pub fn get<'a>(&self, whole: &'a Value) -> Option<&'a Value> {
        let mut at = whole;
        for part in &self.parts {
            for step in steps(part) {
                at = match at {
                    Value::Object(map) => map.get(step)?,
                    Value::Array(list) => list.iter().find(|e| has_id(e, step))?,
                    _ => return None,
                };
            }
        }
        Some(at)
    }

    /// Sets the value there; null removes it, so that the default holds again. Setting the `kind` of a choice to another
    /// kind forgets the old kind's parameters. Every name but the last must exist; what the scenario's types say about the
    /// last is checked when the scenario is read again.
    pub fn set(&self, whole: &mut Value, value: Value) -> Result<(), PathError> {
        let steps: Vec<&str> = self.parts.iter().flat_map(|p| steps(p)).collect();
        let (last, before) = match steps.split_last() {
            Some((last, before)) => (*last, before),
            None => return Ok(()),
        };
        let mut at = whole;
        for (depth, step) in before.iter().enumerate() {
            if let (Value::Object(map), Some(empty)) = (&mut *at, left_out(&before[..depth], step)) {
                map.entry(*step).or_insert(empty);
            }
            let place = match &*at {
                Value::Object(map) if map.contains_key(*step) => Some(0),
                Value::Array(list) => list.iter().position(|e| has_id(e, step)),
                _ => None,
            };
            // What is there is listed for the message only if the path ends here.
            let Some(place) = place else { return Err(self.missing(&steps[..depth], step, at)) };
            at = match at {
                Value::Array(list) => &mut list[place],
                map => &mut map[*step],
            };
        }
        match at {
            Value::Object(map) => {
                if last == "kind" && map.get("kind") != Some(&value) {
                    map.clear();
                }
                if value.is_null() {
                    map.shift_remove(last);
                } else {
                    map.insert(last.to_owned(), value);
                }
            }
            Value::Array(list) => {
                let place = list.iter().position(|e| has_id(e, last));
                match place {
                    Some(i) if value.is_null() => drop(list.remove(i)),
                    Some(i) => list[i] = value,
                    None if has_id(&value, last) => list.push(value),
                    None => return Err(self.missing(before, last, at)),
                }
            }
            _ => return Err(self.missing(before, last, at)),
        }
        Ok(())
    }

    fn missing(&self, before: &[&str], step: &str, at: &Value) -> PathError {
        let known: Vec<&str> = match at {
            Value::Object(map) => map.keys().map(String::as_str).collect(),
            Value::Array(list) => list.iter().filter_map(|e| e.get("id").and_then(Value::as_str)).collect(),
            _ => Vec::new(),
        };
        let place = if before.is_empty() { "the scenario".to_owned() } else { before.join(".") };
        let hint = match nearest(step, known.iter().copied()) {
            Some(near) => format!("Did you mean {near}?"),
            None if known.is_empty() => format!("{place} has no parts."),
            None => format!("There is: {}.", known.iter().take(12).copied().collect::<Vec<_>>().join(", ")),
        };
        PathError { path: self.to_string(), message: format!("{place} has nothing called {step}"), hint }
    }
}

/// `pool[17]` is `pool`, `overrides`, `17`.
fn steps(part: &str) -> Vec<&str> {
    match part.strip_suffix(']').and_then(|p| p.split_once('[')) {
        Some((block, number)) => vec![block, "overrides", number],
        None => vec![part],
    }
}

/// What stands for a part that a scenario may leave out, empty, so that a value can be set in it.
fn left_out(before: &[&str], step: &str) -> Option<Value> {
    match (before, step) {
        ([], "network" | "policies" | "run")
        | (["workload"], "trace_options")
        | (["policies"], "order" | "estimates")
        | (["nodes", _], "overrides")
        | (["nodes", _, "overrides"], _) => Some(Value::Object(Map::new())),
        (["workload"], "jobs") => Some(serde_json::json!({"kind": "single"})),
        (["frame"], "stealing") => Some(serde_json::json!({"kind": "none"})),
        ([], "links" | "functions" | "images") => Some(Value::Array(Vec::new())),
        _ => None,
    }
}

fn has_id(element: &Value, id: &str) -> bool {
    element.get("id").and_then(Value::as_str) == Some(id)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        json!({"nodes": [{"id": "edge-1", "memory_mb": 4}, {"id": "pool", "count": 20}],
               "policies": {"keep_alive": {"kind": "fixed_ttl", "ttl_s": 60}}})
    }

    fn set(path: &str, value: Value) -> Result<Value, PathError> {
        let mut whole = sample();
        Path::parse(path)?.set(&mut whole, value)?;
        Ok(whole)
    }

    #[test]
    fn lists_are_entered_by_id() {
        assert_eq!(set("nodes.edge-1.memory_mb", json!(8)).unwrap()["nodes"][0]["memory_mb"], 8);
    }

    #[test]
    fn one_machine_of_a_block_can_differ() {
        let whole = set("nodes.pool[17].speed", json!(2)).unwrap();
        assert_eq!(whole["nodes"][1]["overrides"]["17"]["speed"], 2);
        assert_eq!(Path::parse("nodes.pool[17].speed").unwrap().get(&whole), Some(&json!(2)));
    }

    #[test]
    fn what_is_left_out_can_be_set() {
        assert_eq!(set("run.seed", json!(2)).unwrap()["run"], json!({"seed": 2}));
        let link = json!({"id": "l", "latency_ms": 1});
        assert_eq!(set("links.l", link.clone()).unwrap()["links"], json!([link]), "the first of its list");
        let mut whole = json!({"workload": {"arrivals": {"kind": "poisson"}}});
        Path::parse("workload.trace_options.memory_mb").unwrap().set(&mut whole, json!(256)).unwrap();
        assert_eq!(whole["workload"]["trace_options"], json!({"memory_mb": 256}));
        assert_eq!(set("policies.order.kind", json!("sjf")).unwrap()["policies"]["order"], json!({"kind": "sjf"}));
    }

    #[test]
    fn a_wrong_first_name_is_named_and_not_made() {
        let error = set("polices.keep_alive.kind", json!("lru")).unwrap_err();
        assert_eq!(error.to_string(), "polices.keep_alive.kind: the scenario has nothing called polices. Did you mean policies?");
    }

    #[test]
    fn another_kind_forgets_the_old_parameters() {
        assert_eq!(set("policies.keep_alive.kind", json!("lru")).unwrap()["policies"]["keep_alive"], json!({"kind": "lru"}));
    }

    #[test]
    fn a_wrong_name_is_named_with_a_hint() {
        let error = set("nodes.edge-2.memory_mb", json!(8)).unwrap_err();
        assert_eq!(error.to_string(), "nodes.edge-2.memory_mb: nodes has nothing called edge-2. Did you mean edge-1?");
        assert!(Path::parse("nodes..x").is_err());
    }
}
