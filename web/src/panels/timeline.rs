//! What changes during the run: a list to read, and to take entries from.

use faaslab_core::scenario::Change;
use serde_json::Value;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::fields::set;
use crate::store::LabHandle;

/// The changes in the order of time, each with what is wrong with it and a button that takes it out.
#[component]
pub(crate) fn Timeline() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let summary = use_node_ref();
    let timeline = &lab.scenario.timeline;
    let mut wrong = lab.problem_at("timeline").is_some();
    let rows: Vec<Html> = entries(timeline)
        .into_iter()
        .map(|(index, path)| {
            let change = &timeline[index];
            let what = match path {
                Some(path) => format!("{path} = {}", words(&change.set[path])),
                None => "nothing changes".to_owned(),
            };
            let line = format!("{} s: {what}", change.at_s);
            let at = path.and_then(|path| lab.problem_at(&format!("timeline[{index}].set.{path}")));
            let problem = at.or(lab.problem_at(&format!("timeline[{index}].at_s"))).map(|p| format!("{}. {}", p.message, p.hint));
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

/// A value in words; a choice as its kind, with its parameters after it.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let kind = map.get("kind").map(words);
            let rest = map.iter().filter(|(name, _)| *name != "kind").map(|(name, value)| format!("{name} {}", words(value)));
            kind.into_iter().chain(rest).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
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
    fn a_choice_is_written_as_its_kind_with_its_parameters() {
        assert_eq!(words(&timeline()[1].set["frame.architecture"]), "decentralized, d 2");
        assert_eq!(words(&json!(2.5)), "2.5");
    }
}
