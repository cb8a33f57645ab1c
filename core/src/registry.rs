//! What can be chosen: a description of every policy, architecture, distribution and arrival process, from which the page's
//! menus, the command line's help, validation, the schema and the property tests are all made.
//!
//! A *choice* in a scenario is a kind and its parameters, `{"kind": "fixed_ttl", "ttl_s": 600}`. An [`Entry`] says which
//! parameters a kind has, their units, ranges and defaults, and where the model and its defaults come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Calls something that stays a function of its own in the page's program: only one of so many kinds is chosen, and what the others
/// do is no part of a first visit then.
#[cfg_attr(target_family = "wasm", inline(never))]
#[cfg_attr(not(target_family = "wasm"), inline)]
pub(crate) fn apart<T>(call: impl FnOnce() -> T) -> T {
    call()
}

/// One kind that a [`Choice`] can name.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The word in the scenario, for example `greedy_dual`.
    pub kind: &'static str,
    /// The name that people read.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The paper or system that it comes from; `-` where there is none to name.
    pub source: &'static str,
    /// Its parameters, in the order to show them.
    pub params: &'static [Param],
    /// Paths of other choices that this kind makes itself, so that the scenario's are not used.
    pub decides: &'static [&'static str],
}

/// A parameter of an [`Entry`].
#[derive(Clone, Debug)]
pub struct Param {
    /// The key in the scenario, with its unit (`ttl_s`).
    pub name: &'static str,
    /// The name that people read.
    pub label: &'static str,
    /// The unit that people read; may be empty.
    pub unit: &'static str,
    /// What it does and where the default comes from, in one sentence.
    pub help: &'static str,
    /// What values it takes.
    pub domain: Domain,
}

/// The values that a [`Param`] takes.
#[derive(Clone, Debug)]
pub enum Domain {
    /// A number in a range, ends included.
    Number {
        /// Used when the scenario does not say.
        default: f64,
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// A whole number in a range, ends included.
    Integer {
        /// Used when the scenario does not say.
        default: u64,
        /// The least value.
        min: u64,
        /// The greatest value.
        max: u64,
    },
    /// One of a few words; the first is the default. Each is (word, what it means).
    Word(&'static [(&'static str, &'static str)]),
}

impl Domain {
    /// The value used when the scenario does not say.
    pub fn default_value(&self) -> Value {
        match self {
            Domain::Number { default, .. } => Value::from(*default),
            Domain::Integer { default, .. } => Value::from(*default),
            Domain::Word(words) => Value::from(words.first().map_or("", |w| w.0)),
        }
    }

    /// Why `value` is not allowed, or nothing.
    pub fn objection(&self, value: &Value) -> Option<String> {
        match self {
            Domain::Number { min, max, .. } => match value.as_f64() {
                Some(x) if x.is_finite() && x >= *min && x <= *max => None,
                Some(x) => Some(format!("{x} is outside {min} to {max}")),
                None => Some(format!("expected a number from {min} to {max}, found {value}")),
            },
            Domain::Integer { min, max, .. } => match value.as_u64() {
                Some(x) if x >= *min && x <= *max => None,
                _ => Some(format!("expected a whole number from {min} to {max}, found {value}")),
            },
            Domain::Word(words) => match value.as_str() {
                Some(w) if words.iter().any(|x| x.0 == w) => None,
                _ => {
                    let known: Vec<_> = words.iter().map(|w| w.0).collect();
                    Some(format!("expected one of {}, found {value}", known.join(", ")))
                }
            },
        }
    }
}

/// A kind and its parameters, as a scenario writes them. Parameters that are not written take the entry's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Which entry of the registry.
    pub kind: String,
    /// The parameters that differ from the defaults.
    #[serde(flatten)]
    pub params: BTreeMap<String, Value>,
}

impl Choice {
    /// The entry `kind` with all its defaults.
    pub fn of(kind: &str) -> Choice {
        Choice { kind: kind.to_owned(), params: BTreeMap::new() }
    }

    /// The same choice with one parameter set.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Choice {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// The value of a parameter: as written, or the entry's default.
    pub fn value(&self, param: &Param) -> Value {
        self.params.get(param.name).cloned().unwrap_or_else(|| param.domain.default_value())
    }
}

/// A [`Choice`] together with its [`Entry`]: every parameter has a value.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    choice: &'a Choice,
    entry: &'a Entry,
}

impl<'a> Args<'a> {
    /// Pairs a validated choice with its entry.
    pub fn new(choice: &'a Choice, entry: &'a Entry) -> Args<'a> {
        Args { choice, entry }
    }

    fn value(&self, name: &str) -> Value {
        let param = self.entry.params.iter().find(|p| p.name == name);
        debug_assert!(param.is_some(), "{} has no parameter {name}", self.entry.kind);
        param.map_or(Value::Null, |p| self.choice.value(p))
    }

    /// A number (0 if the entry has no such parameter).
    pub fn number(&self, name: &str) -> f64 {
        self.value(name).as_f64().unwrap_or(0.0)
    }

    /// A whole number (0 if the entry has no such parameter).
    pub fn integer(&self, name: &str) -> u64 {
        self.value(name).as_u64().unwrap_or(0)
    }

    /// Whether a word parameter has this value.
    pub fn is(&self, name: &str, word: &str) -> bool {
        self.value(name).as_str() == Some(word)
    }
}

/// Finds the entry of a kind.
pub fn find<'a>(entries: &'a [&'static Entry], kind: &str) -> Option<&'a &'static Entry> {
    entries.iter().find(|e| e.kind == kind)
}

/// The word of `known` nearest to `word`, if it is near enough to be meant. Comparing takes time in proportion to both lengths,
/// so what is longer than any name is not compared.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    known
        .into_iter()
        .filter(|k| word.len() <= LONGEST && k.len() <= LONGEST)
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .min()
        .filter(|(distance, k)| *distance <= 1 + k.len() / 3)
        .map(|(_, k)| k)
}

/// Everything that a scenario can choose from: the built-in entries and what a program added.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Scheduler architectures.
    pub architectures: Vec<&'static Entry>,
    /// Placement policies.
    pub placements: Vec<&'static Entry>,
    /// Queue orders.
    pub orders: Vec<&'static Entry>,
    /// Keep-alive policies.
    pub keep_alives: Vec<&'static Entry>,
    /// Arrival processes.
    pub arrivals: Vec<&'static Entry>,
    /// Popularity of functions.
    pub popularities: Vec<&'static Entry>,
    /// Shapes of jobs.
    pub jobs: Vec<&'static Entry>,
    /// Distributions of execution times.
    pub distributions: Vec<&'static Entry>,
}

impl Catalogue {
    /// The entries for the choices at a path, or nothing if no choice stands there. Stealing and estimates are always the built-in ones.
    pub fn entries_at(&self, path: &str) -> Option<&[&'static Entry]> {
        match path {
            "frame.architecture" => Some(&self.architectures),
            "frame.stealing" => Some(crate::frame::mechanism::stealing::REGISTRY),
            "policies.placement" => Some(&self.placements),
            "policies.keep_alive" => Some(&self.keep_alives),
            "policies.order" => Some(&self.orders),
            "policies.estimates" => Some(crate::policy::estimate::REGISTRY),
            "workload.arrivals" => Some(&self.arrivals),
            "workload.popularity" => Some(&self.popularities),
            "workload.jobs" => Some(&self.jobs),
            _ if path.starts_with("functions.") && path.ends_with(".execution") => Some(&self.distributions),
            _ => None,
        }
    }
}
