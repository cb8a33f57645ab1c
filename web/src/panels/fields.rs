//! Fields that edit one value of the scenario by its path. A wrong value is shown at the field in words.

use faaslab_core::edit::Command;
use faaslab_core::registry::{Choice, Domain, Entry, Param};
use faaslab_core::scenario::{Path, Problem, Quantity, quantity};
use faaslab_core::units::{read_number, thousands};
use serde_json::Value;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::store::{Action, LabHandle};

/// Sets a value by its path.
pub(crate) fn set(lab: &LabHandle, path: &str, value: Value) {
    if let Ok(path) = Path::parse(path) {
        lab.dispatch(Action::Edit(Command::Set { path, value }));
    }
}

/// Sets the same value at several paths, as one step.
fn set_each(lab: &LabHandle, paths: &[AttrValue], value: Value) {
    match paths {
        [path] => set(lab, path, value),
        _ => {
            let paths = paths.iter().filter_map(|p| Path::parse(p).ok()).collect();
            lab.dispatch(Action::Edit(Command::SetEach { paths, value }));
        }
    }
}

/// What stands at a path where edits go, as JSON.
fn at(lab: &LabHandle, path: &str) -> Option<Value> {
    Path::parse(path).ok()?.get(&lab.present).cloned()
}

/// What stands at all of several paths.
enum Common {
    /// The same at all of them; nothing where none has a value.
    Same(Option<Value>),
    /// Different values.
    Mixed,
}

/// What stands at all of several paths, and these paths: the first and the others.
fn common(lab: &LabHandle, path: &AttrValue, also: &[AttrValue]) -> (Common, Vec<AttrValue>) {
    let paths: Vec<AttrValue> = std::iter::once(path).chain(also).cloned().collect();
    let value = |path: &AttrValue| Path::parse(path).ok()?.get(&lab.present).filter(|v| !v.is_null()).cloned();
    let first = value(path);
    let same = also.iter().all(|other| value(other) == first);
    (if same { Common::Same(first) } else { Common::Mixed }, paths)
}

/// What is wrong at the first of several paths at which something is.
fn problem_of(lab: &LabHandle, paths: &[AttrValue]) -> Option<String> {
    paths.iter().find_map(|path| lab.problem_at(path)).map(told)
}

/// A text with a large first letter, as a sentence begins.
pub(super) fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The first sentences of a text, up to about so many characters; the first one at least.
pub(crate) fn first_sentences(text: &str, most: usize) -> &str {
    let mut ends = text.match_indices(". ").map(|(at, _)| at + 1).chain([text.len()]);
    let first = ends.next().unwrap_or_default();
    let end = ends.take_while(|end| *end <= most).last().unwrap_or(first);
    &text[..end]
}

/// A problem in words, and what to do.
pub(super) fn told(p: &Problem) -> String {
    format!("{}. {}", sentence_case(&p.message), p.hint)
}

#[derive(Properties, PartialEq)]
pub(crate) struct NumberProps {
    /// Where the value stands.
    pub(crate) path: AttrValue,
    /// What it is, if it is a parameter from a registry; else the path says it.
    #[prop_or_default]
    pub(crate) of: Option<Quantity>,
    #[prop_or_default]
    pub(crate) help: AttrValue,
    /// What holds when nothing is entered; without one the field must not be empty.
    #[prop_or_default]
    pub(crate) placeholder: Option<AttrValue>,
    /// Whether only whole numbers make sense.
    #[prop_or_default]
    pub(crate) whole: bool,
    /// Where the same value is set together with this one.
    #[prop_or_default]
    pub(crate) also: Vec<AttrValue>,
}

/// A number with its unit.
#[component]
pub(crate) fn Number(props: &NumberProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let wrong = use_state(|| None::<String>);
    let (value, paths) = common(&lab, &props.path, &props.also);
    let (value, placeholder) = match value {
        Common::Same(value) => (value, props.placeholder.clone()),
        Common::Mixed => (None, Some("mixed".into())),
    };
    let text: AttrValue =
        value.as_ref().map_or(String::new(), |v| v.as_f64().map_or_else(|| v.to_string(), |x| format!("{x}"))).into();
    // What is being typed, until it is a value or given up.
    let draft = use_state(|| None::<String>);
    {
        let (draft, wrong) = (draft.setter(), wrong.setter());
        use_effect_with(text.clone(), move |_| {
            draft.set(None);
            wrong.set(None);
        });
    }
    let on_input = {
        let draft = draft.setter();
        Callback::from(move |event: InputEvent| draft.set(Some(event.target_unchecked_into::<HtmlInputElement>().value())))
    };
    let on_escape = {
        let (draft, wrong) = (draft.setter(), wrong.setter());
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                draft.set(None);
                wrong.set(None);
            }
        })
    };
    let on_change = {
        let (lab, wrong, paths, draft) = (lab.clone(), wrong.clone(), paths.clone(), draft.setter());
        let (whole, optional, before) = (props.whole, props.placeholder.is_some(), text.clone());
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let typed = input.value().trim().to_owned();
            if typed == *before {
                draft.set(None);
                return wrong.set(None);
            }
            if typed.is_empty() {
                if optional {
                    wrong.set(None);
                    return set_each(&lab, &paths, Value::Null);
                }
                return wrong.set(Some("Enter a number".to_owned()));
            }
            match read_number(&typed) {
                Ok(x) if !whole || (x.fract() == 0.0 && (0.0..=9e15).contains(&x)) => {
                    wrong.set(None);
                    let value = if whole { Value::from(x as u64) } else { Value::from(x) };
                    set_each(&lab, &paths, value);
                }
                Ok(_) => wrong.set(Some(format!("{typed:?} is not a whole number"))),
                Err(why) => wrong.set(Some(why)),
            }
        })
    };
    let problem = (*wrong).clone().or_else(|| problem_of(&lab, &paths));
    let Some(of) = props.of.or_else(|| quantity(&props.path)) else { return html! {} };
    let id = format!("f-{}", props.path);
    let describe = format!("{id}-help");
    html! {
        <div class={classes!("field", problem.is_some().then_some("wrong"))}>
            <label for={id.clone()} title={props.help.clone()}>{ of.label }</label>
            <span class="input number">
                <input {id} type="text" inputmode="decimal" value={(*draft).clone().unwrap_or_else(|| text.to_string())} oninput={on_input} onkeydown={on_escape} {placeholder}
                    aria-describedby={describe.clone()} aria-invalid={problem.is_some().to_string()} onchange={on_change} />
                <span class="unit">{ of.unit }</span>
            </span>
            if let Some(problem) = problem {
                <p id={describe} class="problem">{ problem }</p>
            } else {
                <p id={describe} class="hint">{ hint(props, &of) }</p>
            }
        </div>
    }
}

/// What a field is for, from where to where it goes, and what holds without a value: shown while it has the focus.
fn hint(props: &NumberProps, of: &Quantity) -> String {
    let unit = if of.unit.is_empty() { String::new() } else { format!(" {}", of.unit) };
    let range = of.max.is_finite().then(|| format!("{} to {}{unit}.", grouped(of.min), grouped(of.max)));
    let default = props.placeholder.as_ref().map(|d| {
        let unit = if read_number(d).is_ok() { unit.as_str() } else { "" };
        format!("Without a value: {d}{unit}.")
    });
    let help = Some(props.help.to_string()).filter(|h| !h.is_empty());
    [help, range, default].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A number, with commas between the thousands of a whole one.
fn grouped(x: f64) -> String {
    if (1e3..1e15).contains(&x) && x.fract() == 0.0 { thousands(x as u64) } else { x.to_string() }
}

#[derive(Properties, PartialEq)]
pub(crate) struct TextProps {
    pub(crate) path: AttrValue,
    pub(crate) label: AttrValue,
    #[prop_or_default]
    pub(crate) placeholder: AttrValue,
}

/// A text that may be left out.
#[component]
pub(crate) fn Text(props: &TextProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let value: AttrValue = at(&lab, &props.path).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default().into();
    let path = props.path.clone();
    let on_change = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        let text = input.value();
        set(&lab, &path, if text.is_empty() { Value::Null } else { Value::from(text) });
    });
    let id = format!("f-{}", props.path);
    html! {
        <div class="field">
            <label for={id.clone()}>{ &props.label }</label>
            <span class="input"><input {id} type="text" value={value.clone()} placeholder={props.placeholder.clone()} onchange={on_change} /></span>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct PickProps {
    pub(crate) path: AttrValue,
    pub(crate) label: AttrValue,
    /// What can be chosen: (word, what people read). An empty word takes the value away.
    pub(crate) options: Vec<(AttrValue, AttrValue)>,
    #[prop_or_default]
    pub(crate) help: AttrValue,
    #[prop_or_default]
    pub(crate) disabled: bool,
    /// What holds when the path has no value.
    #[prop_or_default]
    pub(crate) default: AttrValue,
    /// Where the same word is set together with this one.
    #[prop_or_default]
    pub(crate) also: Vec<AttrValue>,
}

/// One of a few words.
#[component]
pub(crate) fn Pick(props: &PickProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let (value, paths) = common(&lab, &props.path, &props.also);
    let value = match value {
        Common::Same(value) => Some(value.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_else(|| props.default.to_string())),
        Common::Mixed => None,
    };
    let problem = problem_of(&lab, &paths);
    let on_change = {
        let lab = lab.clone();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            let word = select.value();
            set_each(&lab, &paths, if word.is_empty() { Value::Null } else { Value::from(word) });
        })
    };
    let id = format!("f-{}", props.path);
    let chosen = match &value {
        Some(value) => {
            props.options.iter().find(|(word, _)| **word == **value).map_or_else(|| value.clone().into(), |o| o.1.clone())
        }
        None => AttrValue::from("Mixed"),
    };
    // A select cuts what is wider than itself: the words that show are drawn over it, in as many lines as they take.
    html! {
        <div class={classes!("field", "pick", problem.is_some().then_some("wrong"))}>
            <label for={id.clone()}>{ &props.label }</label>
            <span class="select">
                <select {id} disabled={props.disabled} onchange={on_change}>
                    if value.is_none() {
                        <option selected=true disabled=true hidden=true>{ "Mixed" }</option>
                    }
                    { for props.options.iter().map(|(word, name)| html! {
                        <option value={word.clone()} selected={value.as_deref() == Some(&**word)}>{ name }</option>
                    }) }
                </select>
                <span aria-hidden="true">{ chosen }</span>
            </span>
            if let Some(problem) = problem {
                <p class="problem">{ problem }</p>
            } else if !props.help.is_empty() {
                <p class="help">{ &props.help }</p>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct ChoiceProps {
    /// The path of the choice, without `.kind`.
    pub(crate) path: AttrValue,
    pub(crate) label: AttrValue,
    pub(crate) choice: Choice,
    pub(crate) entries: Entries,
    /// Why it cannot be chosen, if it cannot.
    #[prop_or_default]
    pub(crate) disabled: Option<AttrValue>,
    /// Parameters that are folded away, under a heading; they are shown where the scenario sets one of them.
    #[prop_or_default]
    pub(crate) folded: Option<(&'static str, &'static [&'static str])>,
}

/// Entries of a registry; they are the same where they stand at the same place.
#[derive(Clone, Copy)]
pub(crate) struct Entries(pub(crate) &'static [&'static Entry]);

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

/// A kind and its parameters, as the registry describes them.
#[component]
pub(crate) fn ChoiceField(props: &ChoiceProps) -> Html {
    let lab = use_context::<LabHandle>();
    // At a fork another kind may hold than from the start.
    let at_fork = lab.filter(|lab| lab.fork.is_some()).and_then(|lab| at(&lab, &props.path));
    let choice = at_fork.and_then(|choice| serde_json::from_value(choice).ok()).unwrap_or_else(|| props.choice.clone());
    let entry = props.entries.0.iter().find(|e| e.kind == choice.kind);
    let options: Vec<(AttrValue, AttrValue)> = props.entries.0.iter().map(|e| (e.kind.into(), e.name.into())).collect();
    let help = props.disabled.clone().unwrap_or_else(|| entry.map_or("", |e| e.summary).into());
    let params = entry.filter(|_| props.disabled.is_none()).map_or(&[][..], |e| e.params).iter();
    let (heading, names) = props.folded.unwrap_or_default();
    let (folded, open): (Vec<&'static Param>, Vec<_>) = params.partition(|p| names.contains(&p.name));
    let is_set = folded.iter().any(|p| choice.params.contains_key(p.name));
    html! {
        <div class="choice">
            <Pick path={format!("{}.kind", props.path)} label={props.label.clone()} {options} {help} disabled={props.disabled.is_some()}
                default={choice.kind.clone()} />
            { for open.into_iter().map(|p| param(&props.path, p)) }
            if !folded.is_empty() {
                <details open={is_set}>
                    <summary>{ heading }</summary>
                    { for folded.into_iter().map(|p| param(&props.path, p)) }
                </details>
            }
        </div>
    }
}

fn param(path: &str, p: &'static Param) -> Html {
    let path = format!("{path}.{}", p.name);
    let number = |default: String, (min, max): (f64, f64), whole: bool| {
        let of = Quantity { label: p.label, unit: p.unit, min, max };
        html! { <Number key={path.clone()} path={path.clone()} of={Some(of)} help={p.help} {whole} placeholder={Some(AttrValue::from(default))} /> }
    };
    match &p.domain {
        Domain::Number { default, min, max } => number(default.to_string(), (*min, *max), false),
        Domain::Integer { default, min, max } => number(default.to_string(), (*min as f64, *max as f64), true),
        Domain::Word(words) => html! {
            <Pick key={path.clone()} path={path.clone()} label={p.label} help={p.help} default={words.first().map_or("", |w| w.0)}
                options={words.iter().map(|w| (w.0.into(), sentence_case(w.1).into())).collect::<Vec<(AttrValue, AttrValue)>>()} />
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_ends_with_a_sentence() {
        assert_eq!(first_sentences("One. Two. Three.", 9), "One. Two.");
        assert_eq!(first_sentences("One. Two. Three.", 4), "One.");
        assert_eq!(first_sentences("One. Two. Three.", 1), "One.");
        assert_eq!(first_sentences("One. Two. Three.", 99), "One. Two. Three.");
        assert_eq!(first_sentences("A single long sentence", 4), "A single long sentence");
    }
}
