//! JSON to a scenario: versions, unknown keys, and errors that say where and what to do.

use serde_json::Value;

use super::validate::too_much;
use super::{FORMAT_VERSION, PathError, Scenario};
use crate::registry::nearest;

/// Why a text is not a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}. {hint}")]
pub struct ReadError {
    /// A short word for the cause: `syntax`, `version`, `size`, `shape` or `path`.
    pub code: &'static str,
    /// Where: `line 3, column 7`, or a path.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl From<PathError> for ReadError {
    fn from(e: PathError) -> Self {
        ReadError { code: "path", place: e.path, message: e.message, hint: e.hint }
    }
}

impl Scenario {
    /// Reads a scenario from JSON of this or an older format version.
    pub fn from_json(text: &str) -> Result<Scenario, ReadError> {
        Scenario::from_value(parse(text)?)
    }

    /// Reads a scenario from a JSON value of this or an older format version.
    pub fn from_value(value: Value) -> Result<Scenario, ReadError> {
        let value = migrate(value)?;
        small_enough(&value)?;
        typed(&value)
    }
}

/// The value of a text that is JSON.
pub(crate) fn parse(text: &str) -> Result<Value, ReadError> {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| {
        let said = e.to_string();
        let said = said.split(" at line ").next().unwrap_or_default().replace('`', "\"");
        let (what, hint) = match said.strip_prefix("EOF while parsing ") {
            Some(part) => (format!("the text ends in the middle of {part}"), "It may have been cut short: save it again."),
            None => (said, "Mend it there or just before."),
        };
        let place = format!("line {}, column {}", e.line(), e.column());
        ReadError { code: "syntax", place, message: format!("this is not valid JSON: {what}"), hint: hint.to_owned() }
    })
}

/// What a JSON value describes, or where it does not.
pub(crate) fn typed<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, ReadError> {
    serde_path_to_error::deserialize(value).map_err(|e| {
        let place = readable_place(value, e.path());
        shape_error(place, &e.into_inner().to_string())
    })
}

/// Counts what there is before anything is made of it: a link of a few kilobytes can hold millions of nodes.
pub(crate) fn small_enough(whole: &Value) -> Result<(), ReadError> {
    let list = |key: &str| whole.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let parts = |of: &Value, key: &str| of.get(key).and_then(Value::as_object).map_or(0, |map| map.len());
    let lists = ["zones", "nodes", "links", "functions", "images"].map(|key| (key, list(key).len()));
    let overrides = list("nodes").iter().map(|n| parts(n, "overrides")).sum();
    let timeline: Vec<usize> = list("timeline").iter().map(|c| parts(c, "set")).collect();
    match too_much(&lists, overrides, &timeline) {
        None => Ok(()),
        Some((place, message, hint)) => Err(ReadError { code: "size", place: place.to_owned(), message, hint: hint.to_owned() }),
    }
}

/// Brings an older format version up to this one, one step at a time. Version 1 is the first.
fn migrate(value: Value) -> Result<Value, ReadError> {
    let error =
        |message: String, hint: &str| ReadError { code: "version", place: "version".to_owned(), message, hint: hint.to_owned() };
    let Some(map) = value.as_object() else {
        return Err(error(
            "a scenario is a JSON object".to_owned(),
            "The command faaslab schema prints the format; or save one from the page.",
        ));
    };
    match map.get("version").map(Value::as_u64) {
        None => Err(error(format!("the format version is missing; this is version {FORMAT_VERSION}"), "Add \"version\": 1.")),
        Some(Some(v)) if v == u64::from(FORMAT_VERSION) => Ok(value),
        Some(Some(v)) if v > u64::from(FORMAT_VERSION) => Err(error(
            format!("made with format version {v}; this program reads up to {FORMAT_VERSION}"),
            "Open it with a newer FaaSLab.",
        )),
        Some(_) => Err(error("the format version must be a whole number from 1".to_owned(), "Write \"version\": 1.")),
    }
}

/// Serde's path with the ids of list elements in place of their numbers.
fn readable_place(whole: &Value, path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut parts: Vec<String> = Vec::new();
    let mut at = Some(whole);
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => {
                at = at.and_then(|v| v.get(index));
                let id = at.and_then(|v| v.get("id")).and_then(Value::as_str);
                parts.push(id.map_or_else(|| format!("[{index}]"), str::to_owned));
            }
            Segment::Map { key } => {
                at = at.and_then(|v| v.get(key));
                parts.push(key.clone());
            }
            Segment::Enum { variant } => parts.push(variant.clone()),
            Segment::Unknown => {}
        }
    }
    if parts.is_empty() { "the scenario".to_owned() } else { parts.join(".") }
}

/// Where a choice of the registry stands, which is an object with a `kind`.
fn is_choice(place: &str) -> bool {
    matches!(
        place,
        "frame.architecture"
            | "policies.placement"
            | "policies.keep_alive"
            | "frame.stealing"
            | "policies.order"
            | "policies.estimates"
            | "workload.arrivals"
            | "workload.popularity"
            | "workload.jobs"
    ) || place.starts_with("functions.") && place.ends_with(".execution")
}

/// Serde's sentence, with a hint made from the names that it says it expected.
fn shape_error(place: String, said: &str) -> ReadError {
    if let Some((found, expected)) =
        said.strip_prefix("invalid type: ").or(said.strip_prefix("invalid value: ")).and_then(|s| s.split_once(", expected "))
    {
        let kind = found.strip_prefix("string \"").and_then(|s| s.strip_suffix('"')).filter(|_| is_choice(&place));
        let hint = match kind {
            Some(kind) => format!("Write {{\"kind\": \"{kind}\"}}, or set {place}.kind={kind}."),
            None => SEE_SCHEMA.to_owned(),
        };
        let message = format!("expected {}, found {}", in_words(expected), found_in_words(found));
        return ReadError { code: "shape", place, message, hint };
    }
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    let hint = match (said.starts_with("unknown"), quoted.split_first()) {
        (true, Some((wrong, known))) => match nearest(wrong, known.iter().copied()) {
            Some(near) => format!("Did you mean {near}?"),
            None => format!("Known here: {}.", known.join(", ")),
        },
        _ if said.starts_with("missing field") => "Add it.".to_owned(),
        _ => SEE_SCHEMA.to_owned(),
    };
    ReadError { code: "shape", place, message: said.split(", expected").next().unwrap_or(said).replace('`', ""), hint }
}

const SEE_SCHEMA: &str = "The command faaslab schema prints what belongs there.";

/// A type that serde expected, as people call it.
fn in_words(expected: &str) -> String {
    match expected {
        "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0",
        "a string" => "a text",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => return other.replace('`', ""),
    }
    .to_owned()
}

/// What serde found, as people call it.
fn found_in_words(found: &str) -> String {
    let numbers = ["integer ", "floating point ", "boolean "].iter().find_map(|kind| found.strip_prefix(kind));
    match found {
        "sequence" => "a list".to_owned(),
        "map" => "an object".to_owned(),
        "null" => "null".to_owned(),
        _ => numbers.or(found.strip_prefix("string ")).unwrap_or(found).replace('`', "").chars().take(60).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"version": 1, "zones": [{"id": "z"}],
        "nodes": [{"id": "w", "zone": "z", "roles": ["worker"], "memroy_mb": 5}],
        "workload": {}, "frame": {"architecture": {"kind": "centralized"}}}"#;

    #[test]
    fn an_unknown_key_is_refused_with_its_path_and_a_hint() {
        let error = Scenario::from_json(SMALL).unwrap_err();
        assert_eq!(error.to_string(), "nodes.w.memroy_mb: unknown field memroy_mb. Did you mean memory_mb?");
    }

    #[test]
    fn an_unknown_role_is_refused_with_its_path() {
        let error = Scenario::from_json(&SMALL.replace("\"worker\"], \"memroy_mb\": 5", "\"wroker\"]")).unwrap_err();
        assert!(error.to_string().contains("Did you mean worker?"), "{error}");
        assert!(error.place.starts_with("nodes.w.roles"), "{error}");
    }

    #[test]
    fn a_value_of_another_type_is_refused_in_plain_words() {
        let error = |wrong: &str| Scenario::from_json(&SMALL.replace("\"memroy_mb\": 5", wrong)).unwrap_err();
        assert_eq!(
            error(r#""memory_mb": "much""#).to_string(),
            "nodes.w.memory_mb: expected a number, found \"much\". The command faaslab schema prints what belongs there."
        );
        assert_eq!(error(r#""count": -1"#).message, "expected a whole number from 0, found -1");
        assert_eq!(error(r#""name": [1]"#).message, "expected a text, found a list");
        let text = SMALL.replace("memroy", "memory").replace(r#"{"kind": "centralized"}"#, r#""centralized""#);
        let bare = Scenario::from_json(&text).unwrap_err();
        assert_eq!(bare.place, "frame.architecture");
        assert_eq!(bare.hint, "Write {\"kind\": \"centralized\"}, or set frame.architecture.kind=centralized.");
    }

    #[test]
    fn more_than_a_scenario_can_hold_is_refused_before_it_is_read() {
        let many = |list: &str, element: &str, n: usize| {
            let all = vec![element; n].join(",");
            Scenario::from_json(&format!(r#"{{"version": 1, "{list}": [{all}]}}"#)).unwrap_err()
        };
        for list in ["zones", "nodes", "links", "functions", "images"] {
            let error = many(list, "5", 1_001);
            assert_eq!((error.code, error.place.as_str()), ("size", list));
            assert_eq!(error.message, "1001 entries are more than 1000");
        }
        assert_eq!(many("timeline", "5", 201).message, "201 changes are more than 200");
        let set: String = (0..100).map(|i| format!(r#""p{i}": 1,"#)).collect();
        let change = format!(r#"{{"set": {{{}}}}}"#, set.trim_end_matches(','));
        assert_eq!(many("timeline", &change, 21).message, "2100 new values are more than 2000");
        assert_eq!(many("zones", "5", 1_000).code, "shape");
    }

    #[test]
    fn broken_json_is_refused_with_line_and_column() {
        let error = Scenario::from_json("{\"version\": 1,\n \"zones\": [}").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 12: this is not valid JSON: expected value. Mend it there or just before.");
        let cut = Scenario::from_json("{\"version\": [").unwrap_err();
        assert!(
            cut.to_string().starts_with("line 1, column 13: this is not valid JSON: the text ends in the middle of a list."),
            "{cut}"
        );
    }

    #[test]
    fn a_newer_version_says_so() {
        let error = Scenario::from_json("{\"version\": 9}").unwrap_err();
        assert!(error.message.contains("version 9"), "{error}");
        assert!(Scenario::from_json("{}").unwrap_err().message.contains("missing"));
        assert!(Scenario::from_json("[]").is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let scenario = Scenario::from_json(&SMALL.replace("memroy", "memory")).unwrap();
        assert_eq!(Scenario::from_json(&scenario.to_json()).unwrap(), scenario);
    }
}
