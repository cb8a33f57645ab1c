//! Addresses: what stands after the `#` of the page's address.
//!
//! One grammar: a place, then settings. `#/s/<payload>` holds a scenario, `#/gallery/<id>` names one of the gallery; after a
//! question mark follow `embed=stage,cdf` (show these parts alone), `t=12s` (where the playhead begins), `renderer=webgl` (how
//! the stage is drawn) and any number of `path=value` (values of the scenario, by their paths). What is not understood is left
//! out and told.

use std::fmt;

use serde_json::Value;

use super::{LinkError, PREFIX, decode};
use crate::scenario::{Problem, Scenario, validate};
use crate::sim::Library;

/// What stands before the id of a scenario of the gallery: `#/gallery/<id>`.
pub const GALLERY_PREFIX: &str = "#/gallery/";

/// The most values that an address may set: each is read and checked on its own.
const MOST_SETTINGS: usize = 100;

/// Where an address leads.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Place {
    /// Nowhere else: the page shows what it has.
    #[default]
    Here,
    /// The scenario of this payload.
    Link(String),
    /// The gallery's scenario of this id.
    Gallery(String),
    /// Something that is no place.
    Unknown(String),
}

/// How the moving part of the stage is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Renderer {
    /// The best there is.
    #[default]
    Auto,
    /// By WebGL.
    WebGl,
    /// By a 2D canvas.
    Canvas,
}

impl Renderer {
    /// Its word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Renderer::Auto => "auto",
            Renderer::WebGl => "webgl",
            Renderer::Canvas => "canvas",
        }
    }
}

/// What an address asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Address {
    /// Where it leads.
    pub place: Place,
    /// The parts of the page to show alone, by their words; nothing shows the whole page.
    pub embed: Option<Vec<String>>,
    /// Where the playhead begins, in seconds.
    pub at_s: Option<f64>,
    /// How the stage is drawn.
    pub renderer: Renderer,
    /// Values to set: paths and texts, as [`Scenario::with_text`] reads them.
    pub settings: Vec<(String, String)>,
    /// What was not understood, in words.
    pub remarks: Vec<String>,
}

/// A scenario that an address led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// The scenario, with the address's values.
    pub scenario: Scenario,
    /// What is to be told of it.
    pub remarks: Vec<String>,
}

/// Why an address leads to no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The link in it cannot be opened.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The gallery has nothing of that id.
    #[error("The gallery has nothing called {0}. Open the gallery to see what there is.")]
    NotInGallery(String),
    /// There is no such place.
    #[error(
        "The address ends in {0}, which leads nowhere. Links to experiments begin with {PREFIX} and those to the gallery with \
        {GALLERY_PREFIX}. Ask for the link again, or open the gallery."
    )]
    Nowhere(String),
}

impl Address {
    /// Reads a fragment, with or without its `#`.
    pub fn parse(fragment: &str) -> Address {
        let fragment = fragment.trim();
        let (place, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let hashed = if place.starts_with('#') { place.to_owned() } else { format!("#{place}") };
        let place = if let Some(payload) = hashed.strip_prefix(PREFIX) {
            Place::Link(payload.to_owned())
        } else if let Some(id) = hashed.strip_prefix(GALLERY_PREFIX) {
            Place::Gallery(plain(id))
        } else if matches!(hashed.as_str(), "#" | "#/") {
            Place::Here
        } else {
            Place::Unknown(hashed)
        };
        let mut address = Address { place, ..Address::default() };
        query.split('&').filter(|part| !part.is_empty()).for_each(|part| address.take(part));
        let over = address.settings.len().saturating_sub(MOST_SETTINGS);
        if over > 0 {
            address.settings.truncate(MOST_SETTINGS);
            address.remarks.push(format!("The address sets more than {MOST_SETTINGS} values; the last {over} were left out."));
        }
        address
    }

    /// Takes one `key=value` of the settings.
    fn take(&mut self, part: &str) {
        let (key, value) = part.split_once('=').map_or((part, None), |(key, value)| (key, Some(plain(value))));
        let key = plain(key);
        let bad =
            |what: &str, hint: &str| format!("The address says {}, which {what} and was left out. {hint}", short(&plain(part)));
        match (key.as_str(), value) {
            ("embed", value) => {
                let named = value.unwrap_or_default();
                let words: Vec<String> = named.split(',').map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect();
                self.embed = Some(if words.is_empty() { vec!["stage".to_owned()] } else { words });
            }
            ("t", Some(value)) => match seconds(&value) {
                Some(at) => self.at_s = Some(at),
                None => self.remarks.push(bad("is no time", "Write t=12s, t=1.5min or t=300ms.")),
            },
            ("renderer", Some(value)) => {
                match [Renderer::Auto, Renderer::WebGl, Renderer::Canvas].into_iter().find(|r| r.word() == value) {
                    Some(renderer) => self.renderer = renderer,
                    None => self.remarks.push(bad("is not there", "There are renderer=webgl, renderer=canvas and renderer=auto.")),
                }
            }
            (path, Some(value)) if path.contains('.') || path == "title" => self.settings.push((key, value)),
            _ => self.remarks.push(bad(
                "means nothing here",
                "Known are embed, t, renderer and paths of the scenario with a value, such as policies.keep_alive.ttl_s=60.",
            )),
        }
    }

    /// The scenario that the address leads to; nothing if it leads nowhere else. `shown` is the scenario that the page has, and
    /// `gallery` knows those of the gallery.
    pub fn open(
        &self,
        shown: Option<&Scenario>,
        gallery: impl FnOnce(&str) -> Option<Scenario>,
    ) -> Option<Result<Arrival, AddressError>> {
        let mut remarks = self.remarks.clone();
        let found = match &self.place {
            Place::Here if self.settings.is_empty() => return None,
            Place::Here => shown.cloned().ok_or(AddressError::Nowhere("#/".to_owned())),
            Place::Link(payload) => decode(&format!("{PREFIX}{payload}")).map_err(AddressError::from).map(|opened| {
                remarks.splice(0..0, opened.remark);
                opened.scenario
            }),
            Place::Gallery(id) => gallery(id).ok_or_else(|| AddressError::NotInGallery(short(id))),
            Place::Unknown(text) => Err(AddressError::Nowhere(short(text))),
        };
        Some(found.map(|scenario| Arrival { scenario: self.set(scenario, &mut remarks), remarks }))
    }

    /// A scenario with the values that the address sets; what cannot be set, or makes no sense, is added to the remarks.
    pub fn set(&self, scenario: Scenario, remarks: &mut Vec<String>) -> Scenario {
        if self.settings.is_empty() {
            return scenario;
        }
        let catalogue = Library::default().catalogue();
        let wrong = |s: &Scenario| validate(s, &catalogue).into_iter().filter(|p| !p.warning).collect::<Vec<Problem>>();
        let before = wrong(&scenario);
        let new = |s: &Scenario| wrong(s).into_iter().find(|problem| !before.contains(problem));
        // Some values make sense only together.
        let mut whole = (scenario.clone(), Vec::new());
        for (path, text) in &self.settings {
            match whole.0.with_text(path, text) {
                Ok(changed) => whole.0 = changed,
                Err(error) => whole.1.push(left_out(path, &error)),
            }
        }
        if new(&whole.0).is_none() {
            remarks.extend(whole.1);
            return whole.0;
        }
        self.settings.iter().fold(scenario, |scenario, (path, text)| {
            let error = match scenario.with_text(path, text) {
                Ok(changed) => match new(&changed) {
                    None => return changed,
                    Some(problem) => left_out(path, &problem),
                },
                Err(error) => left_out(path, &error),
            };
            remarks.push(error);
            scenario
        })
    }

    /// A short address of a scenario that differs from one of the gallery in values alone; nothing if there is none.
    pub fn short(scenario: &Scenario, id: &str, original: &Scenario) -> Option<Address> {
        let mut settings = Vec::new();
        let written = |s: &Scenario| shortest(s.to_value());
        differences("", &written(original), &written(scenario), &mut settings)?;
        let address = Address { place: Place::Gallery(id.to_owned()), settings, ..Address::default() };
        // Whoever opens it must see the same.
        let arrival = Address::parse(&address.to_string()).open(None, |_| Some(original.clone()))?.ok()?;
        (written(&arrival.scenario) == written(scenario) && arrival.remarks.is_empty()).then_some(address)
    }
}

/// That a setting was left out, and why.
fn left_out(path: &str, why: &impl fmt::Display) -> String {
    format!("The address sets {}, which was left out: {why}", short(path))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Here => f.write_str("#/")?,
            Place::Link(payload) => write!(f, "{PREFIX}{payload}")?,
            Place::Gallery(id) => write!(f, "{GALLERY_PREFIX}{}", coded(id))?,
            Place::Unknown(text) => f.write_str(text)?,
        }
        let mut parts = Vec::new();
        parts.extend(self.embed.as_ref().map(|words| format!("embed={}", coded(&words.join(",")))));
        parts.extend(self.at_s.map(|at| format!("t={at}s")));
        parts.extend((self.renderer != Renderer::Auto).then(|| format!("renderer={}", self.renderer.word())));
        parts.extend(self.settings.iter().map(|(path, text)| format!("{}={}", coded(path), coded(text))));
        if parts.is_empty() { Ok(()) } else { write!(f, "?{}", parts.join("&")) }
    }
}

/// Paths and texts that make `to` of `from`; nothing if values alone cannot.
fn differences(place: &str, from: &Value, to: &Value, found: &mut Vec<(String, String)>) -> Option<()> {
    let below = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match (from, to) {
        _ if from == to => {}
        // Another kind of policy forgets the parameters of the old one, so it comes first, and then all that it has.
        (Value::Object(old), Value::Object(new)) if old.get("kind") != new.get("kind") => {
            let kind = new.get("kind")?;
            found.push((below("kind"), text_of(kind)));
            let fresh = Value::Object([("kind".to_owned(), kind.clone())].into_iter().collect());
            differences(place, &fresh, to, found)?;
        }
        (Value::Object(old), Value::Object(new)) => {
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                found.push((below(key), "null".to_owned()));
            }
            for (key, value) in new {
                match old.get(key) {
                    Some(before) => differences(&below(key), before, value, found)?,
                    None => found.push((below(key), text_of(value))),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (before, after) in old.iter().zip(new) {
                let id = before.get("id").and_then(Value::as_str).filter(|id| after.get("id").and_then(Value::as_str) == Some(id));
                match id {
                    Some(id) => differences(&below(id), before, after, found)?,
                    None => {
                        found.push((place.to_owned(), text_of(to)));
                        break;
                    }
                }
            }
        }
        (Value::Array(_), Value::Array(new)) if new.iter().any(|e| e.get("id").is_some()) => return None,
        _ => found.push((place.to_owned(), text_of(to))),
    }
    (found.len() <= MOST_SETTINGS).then_some(())
}

/// A value whose numbers are written as short as they can be: `9.0` as `9`.
fn shortest(value: Value) -> Value {
    match value {
        Value::Number(n) if n.is_f64() => match n.as_f64() {
            Some(x) if x as i64 as f64 == x => Value::from(x as i64),
            _ => Value::Number(n),
        },
        Value::Array(all) => all.into_iter().map(shortest).collect(),
        Value::Object(all) => all.into_iter().map(|(key, value)| (key, shortest(value))).collect(),
        other => other,
    }
}

/// A value as [`Scenario::with_text`] reads it.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) if serde_json::from_str::<Value>(text).is_err() => text.clone(),
        other => other.to_string(),
    }
}

/// A time such as `12s`, `300ms`, `1.5min` or `12`, in seconds.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let factor = match &text[end..] {
        "" | "s" => 1.0,
        "us" => 1e-6,
        "ms" => 1e-3,
        "min" | "m" => 60.0,
        "h" => 3_600.0,
        _ => return None,
    };
    let at = text[..end].trim().parse::<f64>().ok()? * factor;
    (at.is_finite() && at >= 0.0).then_some(at)
}

/// The beginning of a text, for a message.
fn short(text: &str) -> String {
    let begin: String = text.chars().take(40).collect();
    if begin.len() < text.len() { format!("{begin}…") } else { begin }
}

/// A text without percent codes.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten().and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text with percent codes where a fragment, or a program that looks for addresses in texts, could stumble.
fn coded(text: &str) -> String {
    let keeps = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~,:".contains(&byte);
    text.bytes().map(|b| if keeps(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::share::encode;

    fn original() -> Scenario {
        Scenario::from_json(include_str!("../../../scenarios/three-edges.json")).unwrap()
    }

    fn gallery(id: &str) -> Option<Scenario> {
        (id == "three-edges").then(original)
    }

    #[test]
    fn what_makes_no_sense_is_left_out_and_told_and_what_makes_sense_together_is_taken() {
        let base = Scenario::from_json(include_str!("../../../scenarios/three-edges.json")).unwrap();
        let set = |settings: &str| {
            let mut remarks = Vec::new();
            (Address::parse(&format!("#/?{settings}")).set(base.clone(), &mut remarks), remarks)
        };
        let (s, remarks) =
            set("policies.keep_alive.recency=function&workload.arrivals.rate_per_s=-4&run.seed=7&policies.keep_alive.zzz=1");
        assert_eq!((s.run.seed, s.workload.arrivals.clone()), (7, base.workload.arrivals.clone()));
        assert!(
            remarks.len() == 2 && remarks[0].contains("rate_per_s, which was left out") && remarks[1].contains("zzz"),
            "{remarks:?}"
        );
        assert!(s.policies.keep_alive.params.contains_key("recency"));
        // Not in this order, one by one: more than there is comes before there is enough.
        let (s, remarks) = set("functions.report.memory_mb=9000&nodes.worker-1.memory_mb=16000");
        assert_eq!((s.functions[2].memory_mb, remarks.len()), (9000.0, 0), "{remarks:?}");
    }

    #[test]
    fn an_address_is_a_place_and_settings_in_any_order() {
        let address =
            Address::parse("#/gallery/herd?embed=stage,cdf&t=12s&renderer=canvas&policies.keep_alive.ttl_s=60&title=A%20b%26c");
        assert_eq!(address.place, Place::Gallery("herd".into()));
        assert_eq!(address.embed, Some(vec!["stage".into(), "cdf".into()]));
        assert_eq!((address.at_s, address.renderer), (Some(12.0), Renderer::Canvas));
        assert_eq!(address.settings, [("policies.keep_alive.ttl_s".into(), "60".into()), ("title".into(), "A b&c".into())]);
        assert_eq!(address.remarks, [] as [&str; 0]);
        assert_eq!(Address::parse(&address.to_string()), address);
        assert_eq!(Address::parse("#/gallery/herd?title=A+b&t=12&embed").embed, Some(vec!["stage".into()]));
    }

    #[test]
    fn times_have_units() {
        for (text, s) in
            [("12s", 12.0), ("12", 12.0), ("1.5min", 90.0), ("2m", 120.0), ("300ms", 0.3), ("1h", 3600.0), ("500us", 0.0005)]
        {
            assert_eq!(Address::parse(&format!("#/?t={text}")).at_s, Some(s), "{text}");
        }
        for text in ["", "soon", "-3s", "1e999", "3 weeks", "NaN"] {
            let address = Address::parse(&format!("#/?t={text}"));
            assert_eq!((address.at_s, address.remarks.len()), (None, 1), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named_and_the_rest_holds() {
        let address =
            Address::parse("#/gallery/three-edges?colour=red&renderer=gl&policies.keep_alive.ttl_s=60&policies.nothing.x=1&t");
        let arrival = address.open(None, gallery).unwrap().unwrap();
        assert_eq!(arrival.scenario, original().with_text("policies.keep_alive.ttl_s", "60").unwrap());
        for (remark, named) in arrival.remarks.iter().zip(["colour=red", "renderer=gl", "t, which", "policies.nothing.x"]) {
            assert!(remark.contains(named), "{remark}");
        }
        assert_eq!(arrival.remarks.len(), 4);
    }

    #[test]
    fn a_link_keeps_its_settings_apart_from_its_payload() {
        let link = format!("{PREFIX}{}?policies.keep_alive.ttl_s=7&t=3s", encode(&original()));
        let address = Address::parse(&link);
        assert_eq!(address.at_s, Some(3.0));
        let arrival = address.open(None, |_| None).unwrap().unwrap();
        assert_eq!(arrival.scenario, original().with_text("policies.keep_alive.ttl_s", "7").unwrap());
        assert_eq!(address.to_string(), format!("{PREFIX}{}?t=3s&policies.keep_alive.ttl_s=7", encode(&original())));
    }

    #[test]
    fn places_that_are_none_say_so() {
        let said = |fragment: &str| Address::parse(fragment).open(None, gallery).unwrap().unwrap_err().to_string();
        assert!(said("#/foo").contains("#/foo, which leads nowhere"));
        assert!(said("#/gallery/nothing").contains("nothing called nothing"));
        assert!(said("#/s/").contains("empty"));
        assert!(said(&format!("#/{}", "x".repeat(500))).len() < 400);
        for here in ["", "#", "#/", "#/?t=3s"] {
            assert_eq!(Address::parse(here).open(None, gallery), None, "{here}");
        }
        let shown = Address::parse("#/?run.seed=9").open(Some(&original()), gallery).unwrap().unwrap().scenario;
        assert_eq!(shown.run.seed, 9);
    }

    #[test]
    fn a_flood_of_settings_is_cut_off() {
        let flood = vec!["run.seed=1"; 5_000].join("&");
        let address = Address::parse(&format!("#/gallery/three-edges?{flood}"));
        assert_eq!((address.settings.len(), address.remarks.len()), (MOST_SETTINGS, 1));
    }

    #[test]
    fn a_scenario_near_one_of_the_gallery_has_a_short_address_that_opens_to_the_same() {
        let mut scenario = original();
        assert_eq!(Address::short(&scenario, "three-edges", &original()).unwrap().to_string(), "#/gallery/three-edges");
        for (path, text) in [
            ("policies.keep_alive.ttl_s", "60"),
            ("policies.placement.kind", "random"),
            ("nodes.worker-1.memory_mb", "512"),
            ("title", "Is 60 % enough? Yes & no"),
            ("frame.architecture", r#"{"kind":"decentralized","d":3}"#),
        ] {
            scenario = scenario.with_text(path, text).unwrap();
            let address = Address::short(&scenario, "three-edges", &original()).unwrap().to_string();
            assert!(address.len() < 400 && address.is_ascii() && !address.contains(' '), "{address}");
            let arrival = Address::parse(&address).open(None, gallery).unwrap().unwrap();
            assert_eq!(arrival, Arrival { scenario: scenario.clone(), remarks: vec![] });
        }
        scenario.nodes.pop();
        assert_eq!(Address::short(&scenario, "three-edges", &original()), None, "a node less has no short form");
    }

    #[test]
    fn whole_numbers_of_a_short_address_have_no_point() {
        let changed =
            original().with_text("links.uplink.latency_ms", "20").and_then(|s| s.with_text("policies.keep_alive.ttl_s", "9.0"));
        let address = Address::short(&changed.unwrap(), "three-edges", &original()).map(|a| a.to_string());
        assert_eq!(address.as_deref(), Some("#/gallery/three-edges?links.uplink.latency_ms=20&policies.keep_alive.ttl_s=9"));
    }
}
