//! What changes during the run: a list to read, and to take entries from.

use faaslab_core::registry::{Domain, Entry, Param, find};
use faaslab_core::scenario::{Change, Scenario, Shape, field};
use serde_json::Value;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::fields::{set, told};
use crate::stage::fork::instant;
use crate::store::{LabHandle, catalogue};

/// The changes in the order of time, each with what is wrong with it and a button that takes it out.
#[component]
pub(crate) fn Timeline() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let summary = use_node_ref();
    let timeline = &lab.scenario.timeline;
    let mut wrong = lab.problem_at("timeline").is_some();
    let rows: Vec<Html> = changes(&lab.scenario)
        .into_iter()
        .map(|(line, index, path)| {
            let at = path.and_then(|path| lab.problem_at(&format!("timeline[{index}].set.{path}")));
            let problem = at.or(lab.problem_at(&format!("timeline[{index}].at_s"))).map(told);
            wrong |= problem.is_some();
            let remove = {
                let (lab, summary, left) = (lab.clone(), summary.clone(), without(timeline, index, path));
                Callback::from(move |_: MouseEvent| {
                    set(&lab, "timeline", left.clone());
                    // The button goes with its entry; the focus must not.
                    if let Some(summary) = summary.cast::<HtmlElement>() {
                        let _ = summary.focus();
                    }
                })
            };
            html! {
                <li>
                    <span>{ &line }</span>
                    <button class="quiet" aria-label={format!("Remove {line}")} onclick={remove}>{ "Remove" }</button>
                    if let Some(problem) = problem { <p class="problem">{ problem }</p> }
                </li>
            }
        })
        .collect();
    html! {
        <details open={wrong}>
            <summary ref={summary}>{ format!("Timeline ({})", timeline.len()) }</summary>
            if rows.is_empty() {
                <p class="help">{ "Nothing changes during the run." }</p>
            } else {
                <ul class="changes">{ for rows }</ul>
            }
        </details>
    }
}

/// What changes during a run, in words and in the order of time, each with the number of its change and the path that it sets.
pub(super) fn changes(scenario: &Scenario) -> Vec<(String, usize, Option<&str>)> {
    let told = |(index, path): (usize, Option<&'_ str>)| {
        let change = &scenario.timeline[index];
        match path {
            Some(path) => {
                let kind = scenario.as_of(change.at_s).to_value();
                words(path, &change.set[path], |choice| kind_at(&kind, choice))
            }
            None => "nothing changes".to_owned(),
        }
    };
    let line = |entry: (usize, Option<&'_ str>)| format!("{}: {}", instant(scenario.timeline[entry.0].at_s), told(entry));
    entries(&scenario.timeline).into_iter().map(|entry| (line(entry), entry.0, entry.1)).collect()
}

/// Numbers of changes with the paths that they set, in the order of time. A change that sets nothing is listed too.
fn entries(timeline: &[Change]) -> Vec<(usize, Option<&str>)> {
    let mut order: Vec<usize> = (0..timeline.len()).collect();
    order.sort_by(|&a, &b| timeline[a].at_s.total_cmp(&timeline[b].at_s));
    let paths = |i: usize| {
        let set = &timeline[i].set;
        let none = set.is_empty().then_some((i, None));
        set.keys().map(move |path| (i, Some(path.as_str()))).chain(none)
    };
    order.into_iter().flat_map(paths).collect()
}

/// The timeline without one of its entries; null when none is left.
fn without(timeline: &[Change], index: usize, path: Option<&str>) -> Value {
    let mut left = timeline.to_vec();
    if let Some(path) = path {
        left[index].set.shift_remove(path);
    }
    if left[index].set.is_empty() {
        left.remove(index);
    }
    if left.is_empty() { Value::Null } else { serde_json::to_value(left).unwrap_or(Value::Null) }
}

/// The kind of the choice at a path of a scenario.
fn kind_at(scenario: &Value, path: &str) -> Option<String> {
    let choice = path.split('.').try_fold(scenario, |value, name| value.get(name))?;
    choice.get("kind")?.as_str().map(str::to_owned)
}

/// What a path is set to, in the words of the registry where it knows them: `policies.keep_alive.ttl_s` is "keep alive for 60 s".
/// `kind_of` knows which kind a choice is of.
fn words(path: &str, value: &Value, kind_of: impl Fn(&str) -> Option<String>) -> String {
    if let (Some(entries), Value::Object(map)) = (catalogue().entries_at(path), value) {
        let entry = map.get("kind").and_then(Value::as_str).and_then(|kind| find(entries, kind));
        if let Some(entry) = entry {
            let set = entry.params.iter().filter_map(|p| Some(of_param(p, map.get(p.name)?)));
            let all: Vec<String> = [format!("{} {}", named(path), entry.name)].into_iter().chain(set).collect();
            return all.join(", ");
        }
    }
    let (choice, name) = path.rsplit_once('.').unwrap_or(("", path));
    let known = catalogue().entries_at(choice).and_then(|entries| {
        if name == "kind" {
            return Some(format!("{} {}", named(choice), find(entries, value.as_str()?)?.name));
        }
        let param = |entry: &Entry| entry.params.iter().find(|p| p.name == name);
        let own = kind_of(choice).and_then(|kind| find(entries, &kind)).and_then(|entry| param(entry));
        own.or_else(|| entries.iter().find_map(|entry| param(entry))).map(|p| of_param(p, value))
    });
    known.unwrap_or_else(|| match field(path) {
        Some(of) => {
            let whose = if choice.contains('.') { named(choice) + " " } else { String::new() };
            let what = match of.shape {
                Shape::Number { unit, .. } => with_unit(value, unit),
                Shape::Words(words) => meaning(words, value).unwrap_or_else(|| with_unit(value, "")),
                Shape::Text(_) | Shape::Flag(_) | Shape::Choice => with_unit(value, ""),
            };
            format!("{whose}{} {what}", within(of.label))
        }
        None => format!("{} {}", named(path), with_unit(value, "")),
    })
}

/// What a word means, within a sentence.
fn meaning(words: &[(&str, &str)], value: &Value) -> Option<String> {
    words.iter().find(|(word, _)| value.as_str() == Some(word)).map(|(_, meaning)| within(meaning))
}

/// A label as it stands within a sentence.
fn within(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

/// A parameter of the registry and what it is set to.
pub(super) fn of_param(param: &Param, value: &Value) -> String {
    let label = within(param.label);
    let word = match &param.domain {
        Domain::Word(words) => meaning(words, value),
        Domain::Number { .. } | Domain::Integer { .. } => None,
    };
    format!("{label} {}", word.unwrap_or_else(|| with_unit(value, param.unit)))
}

/// A path as words, without what kind of thing it is of.
fn named(path: &str) -> String {
    let rest = path.split_once('.').map_or(path, |(_, rest)| rest);
    rest.replace(['.', '_'], " ")
}

fn with_unit(value: &Value, unit: &str) -> String {
    let text = match value {
        Value::String(text) => text.replace('_', " "),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => return "as usual".to_owned(),
        other => other.as_f64().map_or_else(|| other.to_string(), |x| x.to_string()),
    };
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn timeline() -> Vec<Change> {
        serde_json::from_value(json!([
            {"at_s": 60, "set": {"nodes.a.speed": 2, "network.between_zones_ms": 5}},
            {"at_s": 30, "set": {"frame.architecture": {"kind": "decentralized", "d": 2}}},
            {"at_s": 90, "set": {}},
        ]))
        .unwrap()
    }

    #[test]
    fn entries_come_in_the_order_of_time() {
        let t = timeline();
        let expected =
            [(1, Some("frame.architecture")), (0, Some("nodes.a.speed")), (0, Some("network.between_zones_ms")), (2, None)];
        assert_eq!(entries(&t), expected);
    }

    #[test]
    fn a_change_goes_with_its_last_value_and_the_timeline_with_its_last_change() {
        let t = timeline();
        let left = without(&t, 0, Some("nodes.a.speed"));
        assert_eq!(left[0]["set"], json!({"network.between_zones_ms": 5}));
        assert_eq!(without(&t, 1, Some("frame.architecture")).as_array().unwrap().len(), 2);
        assert_eq!(without(&t, 2, None).as_array().unwrap().len(), 2);
        assert_eq!(without(&t[1..2], 0, Some("frame.architecture")), Value::Null);
    }

    #[test]
    fn changes_are_told_in_the_words_of_the_fields() {
        let told = |path: &str, value: Value| words(path, &value, |_| Some("fixed_ttl".to_owned()));
        assert_eq!(told("policies.keep_alive.ttl_s", json!(60.0)), "keep alive for 60 s");
        assert_eq!(told("policies.keep_alive.kind", json!("lru")), "keep alive Least recently used");
        let choice = json!({"kind": "decentralized", "d": 2});
        assert_eq!(told("frame.architecture", choice), "architecture Decentralized, hosts asked per task 2");
        assert_eq!(told("nodes.a.speed", json!(2)), "a speed 2 ×");
        assert_eq!(told("nodes.pool[3].memory_mb", json!(512)), "pool[3] memory 512 MB");
        assert_eq!(told("policies.queue_bound", json!(10)), "places to wait 10");
        assert_eq!(told("network.between_zones_ms", json!(2.5)), "between zones 2.5 ms");
        assert_eq!(told("nodes.a.answers", json!(false)), "a answers no");
        assert_eq!(told("policies.memory_full", json!("never")), "idle containers go never");
    }
}
