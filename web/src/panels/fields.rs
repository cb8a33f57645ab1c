//! Fields that edit one value of the scenario by its path. A wrong value is shown at the field in words.

use faaslab_core::edit::Command;
use faaslab_core::registry::{Choice, Domain, Entry, Param};
use faaslab_core::scenario::{Path, Problem, Shape, field, without_ids};
use faaslab_core::units::{grouped, read_number};
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlSelectElement};
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

/// What a field is called and for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct About {
    label: &'static str,
    help: AttrValue,
    /// The passage of the guide that tells more.
    passage: AttrValue,
}

impl About {
    /// A field of the scenario, by the path of its value.
    fn at(path: &str) -> Option<(About, Shape)> {
        let of = field(path)?;
        Some((About { label: of.label, help: of.help.into(), passage: of.path.into() }, of.shape))
    }

    /// A parameter of the kind of a choice, whose passage is that of the kind.
    fn param(kind: &str, p: &'static Param) -> About {
        About { label: p.label, help: p.help.into(), passage: format!("{kind}.{}", p.name).into() }
    }

    /// Where the guide tells more.
    fn more(&self) -> Html {
        more(&self.passage, self.label)
    }

    /// What is told while the field has the focus.
    fn hint(&self, id: &str, more: &str) -> Html {
        html! { <div class="hint"><p id={id.to_owned()}>{ &self.help }{ more }</p>{ self.more() }</div> }
    }
}

/// A link to a passage of the guide, in a tab of its own, so that nothing here is left.
pub(super) fn more(passage: &str, label: &str) -> Html {
    html! {
        <a class="more" href={format!("guide.html#{passage}")} target="faaslab-guide">{ "More" }<span class="visually-hidden">{ format!(" about {label}") }</span></a>
    }
}

/// While a field is told to say nothing, its hint is hidden.
const HUSHED: &str = "data-hushed";

/// The field that an event is of.
fn field_of(event: &Event) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(".field").ok().flatten()
}

/// Escape takes away the hint that lies over other fields; it means something else only once that is gone.
fn hush() -> Callback<KeyboardEvent> {
    Callback::from(|event: KeyboardEvent| {
        let field = field_of(&event).filter(|field| event.key() == "Escape" && !field.has_attribute(HUSHED));
        if let Some(field) = field.filter(|field| matches!(field.query_selector(".hint"), Ok(Some(_)))) {
            let _ = field.set_attribute(HUSHED, "");
            event.stop_propagation();
        }
    })
}

/// The hint comes again with the focus.
fn speak_again() -> Callback<FocusEvent> {
    Callback::from(|event: FocusEvent| {
        let to = event.related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
        if let Some(field) = field_of(&event).filter(|field| !field.contains(to.as_ref())) {
            let _ = field.remove_attribute(HUSHED);
        }
    })
}

/// What a number counts, from where to where it goes, and what holds without one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reach {
    unit: &'static str,
    min: f64,
    max: f64,
    whole: bool,
    absent: Option<AttrValue>,
}

#[derive(Properties, PartialEq)]
pub(crate) struct NumberProps {
    /// Where the value stands.
    pub(crate) path: AttrValue,
    /// What it is, if it is a parameter from a registry; else the path says it.
    #[prop_or_default]
    pub(crate) of: Option<(About, Reach)>,
    /// What holds when nothing is entered, where that is not always the same.
    #[prop_or_default]
    pub(crate) absent: Option<AttrValue>,
    /// Where the same value is set together with this one.
    #[prop_or_default]
    pub(crate) also: Vec<AttrValue>,
}

impl NumberProps {
    fn described(&self) -> Option<(About, Reach)> {
        let (about, mut reach) = match &self.of {
            Some(of) => of.clone(),
            None => match About::at(&self.path)? {
                (about, Shape::Number { unit, min, max, whole, absent }) => {
                    (about, Reach { unit, min, max, whole, absent: absent.map(AttrValue::from) })
                }
                _ => return None,
            },
        };
        reach.absent = self.absent.clone().or(reach.absent);
        Some((about, reach))
    }
}

/// A number with its unit.
#[component]
pub(crate) fn Number(props: &NumberProps) -> Html {
    let (Some(lab), Some((about, reach))) = (use_context::<LabHandle>(), props.described()) else { return html! {} };
    let wrong = use_state(|| None::<String>);
    let (value, paths) = common(&lab, &props.path, &props.also);
    let (value, placeholder) = match value {
        Common::Same(value) => (value, reach.absent.clone()),
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
        let (whole, optional, before, unit) = (reach.whole, reach.absent.is_some(), text.clone(), reach.unit);
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            // With its unit it means the same.
            let typed = input.value();
            let typed = typed.trim();
            let typed = typed.strip_suffix(unit).unwrap_or(typed).trim_end().to_owned();
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
    let id = format!("f-{}", props.path);
    let describe = format!("{id}-help");
    html! {
        <div class={classes!("field", problem.is_some().then_some("wrong"))} onkeydown={hush()} onfocusout={speak_again()}>
            <label for={id.clone()} title={about.help.clone()}>{ about.label }</label>
            <span class="input number">
                <input {id} type="text" inputmode="decimal" value={(*draft).clone().unwrap_or_else(|| text.to_string())} oninput={on_input} onkeydown={on_escape} {placeholder}
                    aria-describedby={describe.clone()} aria-invalid={problem.is_some().to_string()} onchange={on_change} />
                <span class="unit">{ reach.unit }</span>
            </span>
            if let Some(problem) = problem {
                <p class="problem"><span id={describe}>{ problem }</span>{ " " }{ about.more() }</p>
            } else {
                { about.hint(&describe, &reach.words()) }
            }
        </div>
    }
}

impl Reach {
    /// From where to where a number goes, and what holds without one, in sentences that follow others.
    fn words(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let range = self.max.is_finite().then(|| format!(" {} to {}{unit}.", grouped(self.min), grouped(self.max)));
        let default = self.absent.as_ref().map(|d| {
            let unit = if read_number(d).is_ok() { unit.as_str() } else { "" };
            format!(" Without a value: {d}{unit}.")
        });
        [range, default].into_iter().flatten().collect()
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct TextProps {
    pub(crate) path: AttrValue,
    /// What holds without one.
    pub(crate) absent: AttrValue,
}

/// A text that may be left out.
#[component]
pub(crate) fn Text(props: &TextProps) -> Html {
    let (Some(lab), Some((about, _))) = (use_context::<LabHandle>(), About::at(&props.path)) else { return html! {} };
    let value: AttrValue = at(&lab, &props.path).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default().into();
    let path = props.path.clone();
    let on_change = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        let text = input.value();
        set(&lab, &path, if text.is_empty() { Value::Null } else { Value::from(text) });
    });
    let id = format!("f-{}", props.path);
    let describe = format!("{id}-help");
    html! {
        <div class="field" onkeydown={hush()} onfocusout={speak_again()}>
            <label for={id.clone()}>{ about.label }</label>
            <span class="input">
                <input {id} type="text" value={value.clone()} placeholder={props.absent.clone()} aria-describedby={describe.clone()} onchange={on_change} />
            </span>
            { about.hint(&describe, "") }
        </div>
    }
}

/// Words to choose from: (word, what people read).
pub(crate) type Menu = Vec<(AttrValue, AttrValue)>;

fn menu(words: &[(&'static str, &'static str)]) -> Menu {
    words.iter().map(|(word, name)| ((*word).into(), sentence_case(name).into())).collect()
}

#[derive(Properties, PartialEq)]
pub(crate) struct PickProps {
    pub(crate) path: AttrValue,
    /// What it is, if it comes from a registry; else the path says it.
    #[prop_or_default]
    pub(crate) of: Option<About>,
    /// What can be chosen, where the field does not say it. An empty word takes the value away.
    #[prop_or_default]
    pub(crate) options: Option<Menu>,
    /// Whether what it is for is told all the time, not only while it has the focus.
    #[prop_or_default]
    pub(crate) told: bool,
    #[prop_or_default]
    pub(crate) disabled: bool,
    /// What holds when the path has no value; the first word, unless it is said.
    #[prop_or_default]
    pub(crate) absent: Option<AttrValue>,
    /// Where the same word is set together with this one.
    #[prop_or_default]
    pub(crate) also: Vec<AttrValue>,
}

impl PickProps {
    /// What it is, and what can be chosen.
    fn described(&self) -> Option<(About, Menu)> {
        let known = self.options.clone();
        match &self.of {
            Some(about) => Some((about.clone(), known?)),
            None => {
                let (about, shape) = About::at(&self.path)?;
                let words = if let Shape::Words(words) = shape { Some(menu(words)) } else { None };
                Some((about, known.or(words)?))
            }
        }
    }
}

/// One of a few words.
#[component]
pub(crate) fn Pick(props: &PickProps) -> Html {
    let (Some(lab), Some((about, options))) = (use_context::<LabHandle>(), props.described()) else { return html! {} };
    let (value, paths) = common(&lab, &props.path, &props.also);
    let absent = || props.absent.clone().or_else(|| options.first().map(|o| o.0.clone())).unwrap_or_default();
    let value = match value {
        Common::Same(value) => Some(value.and_then(|v| v.as_str().map(|v| v.to_owned().into())).unwrap_or_else(absent)),
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
    let describe = format!("{id}-help");
    let chosen = match &value {
        Some(value) => options.iter().find(|(word, _)| word == value).map_or_else(|| value.clone(), |o| o.1.clone()),
        None => AttrValue::from("Mixed"),
    };
    // A select cuts what is wider than itself: the words that show are drawn over it, in as many lines as they take.
    html! {
        <div class={classes!("field", "pick", problem.is_some().then_some("wrong"))} onkeydown={hush()} onfocusout={speak_again()}>
            <label for={id.clone()}>{ about.label }</label>
            <span class="select">
                <select {id} disabled={props.disabled} aria-describedby={describe.clone()} onchange={on_change}>
                    if value.is_none() {
                        <option selected=true disabled=true hidden=true>{ "Mixed" }</option>
                    }
                    { for options.iter().map(|(word, name)| html! {
                        <option value={word.clone()} selected={value.as_ref() == Some(word)}>{ name }</option>
                    }) }
                </select>
                <span aria-hidden="true">{ chosen }</span>
            </span>
            if let Some(problem) = problem {
                <p class="problem"><span id={describe}>{ problem }</span>{ " " }{ about.more() }</p>
            } else if props.told {
                <p class="help"><span id={describe}>{ &about.help }</span>{ " " }{ about.more() }</p>
            } else {
                { about.hint(&describe, "") }
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct ChoiceProps {
    /// The path of the choice, without `.kind`.
    pub(crate) path: AttrValue,
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
    let options: Menu = props.entries.0.iter().map(|e| (e.kind.into(), e.name.into())).collect();
    let Some((of, _)) = About::at(&props.path) else { return html! {} };
    let kind = format!("{}.{}", without_ids(&props.path), choice.kind);
    let help = props.disabled.clone().unwrap_or_else(|| entry.map_or("", |e| e.summary).into());
    let about = About { help, passage: kind.clone().into(), ..of };
    let params = entry.filter(|_| props.disabled.is_none()).map_or(&[][..], |e| e.params).iter();
    let (heading, names) = props.folded.unwrap_or_default();
    let (folded, open): (Vec<&'static Param>, Vec<_>) = params.partition(|p| names.contains(&p.name));
    let is_set = folded.iter().any(|p| choice.params.contains_key(p.name));
    html! {
        <div class="choice">
            <Pick path={format!("{}.kind", props.path)} of={about} options={Some(options)} told=true disabled={props.disabled.is_some()}
                absent={Some(AttrValue::from(choice.kind.clone()))} />
            { for open.into_iter().map(|p| param(&props.path, &kind, p)) }
            if !folded.is_empty() {
                <details open={is_set}>
                    <summary>{ heading }</summary>
                    { for folded.into_iter().map(|p| param(&props.path, &kind, p)) }
                </details>
            }
        </div>
    }
}

/// A parameter of the choice at a path; `kind` is the passage of its kind.
fn param(path: &str, kind: &str, p: &'static Param) -> Html {
    let path = format!("{path}.{}", p.name);
    let about = About::param(kind, p);
    let number = |default: String, (min, max): (f64, f64), whole: bool| {
        let reach = Reach { unit: p.unit, min, max, whole, absent: Some(default.into()) };
        html! { <Number key={path.clone()} path={path.clone()} of={Some((about.clone(), reach))} /> }
    };
    match &p.domain {
        Domain::Number { default, min, max } => number(default.to_string(), (*min, *max), false),
        Domain::Integer { default, min, max } => number(default.to_string(), (*min as f64, *max as f64), true),
        Domain::Word(words) => html! { <Pick key={path.clone()} path={path.clone()} of={about} options={Some(menu(words))} /> },
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
