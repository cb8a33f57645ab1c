//! The guide as a web page: chapters that were written, and a reference of what the engine says of itself. Each passage has the path of
//! what it is about as its id; the page's inspector links there.

use std::collections::BTreeMap;
use std::fmt::Write;

use faaslab_core::platform::{Accounting, Cause, Outcome};
use faaslab_core::registry::{Catalogue, Choice, Domain, Entry, Param};
use faaslab_core::scenario::{FIELDS, Field, Role, Scenario, Shape, without_ids};
use faaslab_core::trace::Format;
use faaslab_core::units::grouped;

const CHAPTERS: &str = include_str!("guide.html");
const TOKENS: &str = include_str!("../../static/tokens.css");
const STYLE: &str = include_str!("guide.css");

/// Of the gallery: the scenarios that use a kind, by its passage: (id, title).
pub(crate) type Uses = BTreeMap<String, Vec<(String, String)>>;

/// What kinds a gallery's scenarios use, in the order of their ids.
pub(crate) fn uses(scenarios: &BTreeMap<String, Scenario>) -> Uses {
    let mut uses = Uses::new();
    for (id, s) in scenarios {
        let mut of = |path: &str, choice: &Choice| {
            let all = uses.entry(format!("{path}.{}", choice.kind)).or_default();
            if all.last().is_none_or(|(last, _)| last != id) {
                all.push((id.clone(), s.title.clone()));
            }
        };
        // What a fork changes is used too.
        for (_, s) in s.stages() {
            of("frame.architecture", &s.frame.architecture);
            of("frame.stealing", &s.frame.stealing);
            of("policies.placement", &s.policies.placement);
            of("policies.keep_alive", &s.policies.keep_alive);
            of("policies.order", &s.policies.order);
            of("policies.estimates", &s.policies.estimates);
            of("workload.arrivals", &s.workload.arrivals);
            of("workload.popularity", &s.workload.popularity);
            of("workload.jobs", &s.workload.jobs);
            s.functions.iter().for_each(|f| of("functions.execution", &f.execution));
        }
    }
    uses
}

/// The whole guide, in HTML.
pub(crate) fn guide(catalogue: &Catalogue, uses: &Uses) -> String {
    let mut page = String::new();
    let mut rest = CHAPTERS;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((what, after)) = after.split_once("}}") else { break };
        page.push_str(before);
        page.push_str(&part(what, catalogue, uses));
        rest = after;
    }
    page.push_str(rest);
    page
}

/// What stands in the place of a name in the chapters.
fn part(what: &str, catalogue: &Catalogue, uses: &Uses) -> String {
    let (what, of) = what.split_once(':').unwrap_or((what, ""));
    match what {
        "tokens" => TOKENS.to_owned(),
        "style" => STYLE.to_owned(),
        "contents" => contents(),
        "phases" => named(Accounting::ALL.iter().map(|phase| (phase.word(), phase.meaning()))),
        "outcomes" => {
            let causes = named(Cause::ALL.iter().map(|cause| (cause.word(), cause.meaning())));
            let outcomes = named(Outcome::ALL.iter().map(|outcome| (outcome.word(), outcome.meaning())));
            format!("{outcomes}<p>Where an outcome has several causes, results name them:</p>{causes}")
        }
        "roles" => pairs(Role::ALL.iter().map(|role| (role.name(), role.meaning()))),
        "formats" => Format::ALL.iter().fold(String::new(), |mut all, format| {
            // Where there is one kind of file its name is the format's.
            let own = format!("{}: ", format.name());
            let lines = format.columns();
            let lines = lines.iter().map(|line| line.strip_prefix(&own).unwrap_or(line));
            let columns: String = lines.map(|line| format!("<p class=\"facts\">{}</p>", escaped(line))).collect();
            let _ = write!(all, "<article id=\"traces.{}\"><h4>{}</h4>{columns}</article>", format.key(), escaped(format.name()));
            all
        }),
        "fields" => {
            let here = |field: &&Field| field.path.rsplit_once('.').map_or("", |(list, _)| list) == of;
            FIELDS.iter().filter(here).filter(|field| field.shape != Shape::Choice).map(field).collect()
        }
        "choices" => {
            let path = without_ids(of);
            let entries = catalogue.entries_at(of).unwrap_or_default();
            let kinds: String = entries.iter().map(|entry| kind(&path, entry, uses)).collect();
            about(&path) + &kinds
        }
        _ => String::new(),
    }
}

/// The headings of the chapters.
fn contents() -> String {
    let mut list = String::from("<ul>");
    let mut inner = false;
    for line in CHAPTERS.lines() {
        let heading = |level: &str| {
            let (id, title) = line.strip_prefix(&format!("<{level} id=\""))?.split_once("\">")?;
            Some((id, title.strip_suffix(&format!("</{level}>"))?))
        };
        if let Some((id, title)) = heading("h2") {
            list.push_str(match (list.len() > 4, inner) {
                (true, true) => "</ul></li>",
                (true, false) => "</li>",
                _ => "",
            });
            inner = false;
            let _ = write!(list, "<li><a href=\"#{id}\">{title}</a>");
        } else if let Some((id, title)) = heading("h3") {
            if !inner {
                list.push_str("<ul>");
            }
            inner = true;
            let _ = write!(list, "<li><a href=\"#{id}\">{title}</a></li>");
        }
    }
    list + if inner { "</ul></li></ul>" } else { "</li></ul>" }
}

/// What is chosen at a path, and how.
fn about(path: &str) -> String {
    FIELDS.iter().find(|field| field.path == path).map_or(String::new(), |Field { label, help, .. }| {
        format!(
            "<p>{}</p><p class=\"facts\">In the inspector: {}. Its path: <code>{path}.kind</code>.</p>",
            escaped(help),
            escaped(label)
        )
    })
}

/// A field of the scenario.
fn field(field: &Field) -> String {
    let facts = match field.shape {
        Shape::Number { unit, min, max, whole, absent } => {
            let range = reach(min, max, unit);
            let kind = if whole { "A whole number" } else { "A number" };
            let kind = if range.is_empty() && !unit.is_empty() { format!("{kind}, in {unit}") } else { kind.to_owned() };
            facts(&[&format!("{kind}{range}"), &absence(absent, unit)])
        }
        Shape::Words(words) => {
            let (first, _) = words.first().copied().unwrap_or_default();
            return article(field, &(pairs(words.iter().copied()) + &facts(&[&absence(Some(first), "")])));
        }
        Shape::Text(absent) => facts(&["A text", &absence(absent, "")]),
        Shape::Flag(value) => facts(&["true or false", &absence(Some(if value { "true" } else { "false" }), "")]),
        Shape::Choice => String::new(),
    };
    article(field, &facts)
}

fn article(field: &Field, more: &str) -> String {
    let Field { path, label, help, .. } = field;
    format!("<article id=\"{path}\"><h4>{} <code>{path}</code></h4><p>{}</p>{more}</article>\n", escaped(label), escaped(help))
}

/// A kind of a registry with its parameters.
fn kind(path: &str, entry: &Entry, uses: &Uses) -> String {
    let id = format!("{path}.{}", entry.kind);
    let mut out = format!(
        "<article id=\"{id}\"><h4>{} <code>{}</code></h4><p>{}</p>",
        escaped(entry.name),
        entry.kind,
        escaped(entry.summary)
    );
    if entry.source != "-" {
        let _ = write!(out, "<p class=\"source\">Source: {}</p>", escaped(entry.source));
    }
    if !entry.decides.is_empty() {
        let _ = write!(out, "<p class=\"facts\">Decides itself: <code>{}</code></p>", entry.decides.join("</code>, <code>"));
    }
    if !entry.params.is_empty() {
        let params: String = entry.params.iter().map(|p| param(&id, path, p)).collect();
        let _ = write!(out, "<dl class=\"params\">{params}</dl>");
    }
    if let Some(scenarios) = uses.get(&id) {
        let some: Vec<String> =
            scenarios.iter().take(3).map(|(id, title)| format!("<a href=\"./#/gallery/{id}\">{}</a>", escaped(title))).collect();
        let _ = write!(out, "<p class=\"facts\">In the gallery: {}</p>", some.join(", "));
    }
    out + "</article>\n"
}

fn param(kind: &str, path: &str, p: &Param) -> String {
    let default = p.domain.default_value();
    let default = default.as_f64().map_or_else(|| default.as_str().unwrap_or_default().to_owned(), grouped);
    let about = match &p.domain {
        Domain::Number { min, max, .. } => {
            facts(&[&format!("A number{}", reach(*min, *max, p.unit)), &absence(Some(&default), p.unit)])
        }
        Domain::Integer { min, max, .. } => {
            facts(&[&format!("A whole number{}", reach(*min as f64, *max as f64, p.unit)), &absence(Some(&default), p.unit)])
        }
        Domain::Word(words) => pairs(words.iter().copied()) + &facts(&[&absence(Some(&default), "")]),
    };
    let name = p.name;
    format!(
        "<dt id=\"{kind}.{name}\">{} <code>{path}.{name}</code></dt><dd><p>{}</p>{about}</dd>",
        escaped(p.label),
        escaped(p.help)
    )
}

/// From where to where a number goes, after what it is; nothing where nothing bounds it.
fn reach(min: f64, max: f64, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match (min.is_finite(), max.is_finite()) {
        (true, true) => format!(" from {} to {}{unit}", grouped(min), grouped(max)),
        (true, false) => format!(" from {}{unit}", grouped(min)),
        _ => String::new(),
    }
}

/// What holds without a value.
fn absence(absent: Option<&str>, unit: &str) -> String {
    match absent {
        Some(value) if !unit.is_empty() && value.replace(',', "").parse::<f64>().is_ok() => {
            format!("Without a value: {value} {unit}")
        }
        Some(value) => format!("Without a value: {value}"),
        None => "Must be there".to_owned(),
    }
}

fn facts(all: &[&str]) -> String {
    format!("<p class=\"facts\">{}.</p>", escaped(&all.join(". ")))
}

fn pairs<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let rows: String = all.map(|(word, meaning)| format!("<dt><code>{word}</code></dt><dd>{}</dd>", escaped(meaning))).collect();
    format!("<dl class=\"pairs\">{rows}</dl>")
}

/// Words of results as the page writes them, and as files do where that differs.
fn named<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let rows: String = all
        .map(|(word, meaning)| {
            let said = word.replace('_', " ");
            let code = if said == word { String::new() } else { format!(" <code>{word}</code>") };
            format!("<dt>{said}{code}</dt><dd>{}</dd>", escaped(meaning))
        })
        .collect();
    format!("<dl class=\"pairs\">{rows}</dl>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use faaslab_core::scenario::schema;
    use faaslab_core::sim::Library;
    use serde_json::Value;

    use super::*;

    fn catalogue() -> Catalogue {
        Library::default().catalogue()
    }

    /// The values of an attribute, in the order of the page.
    fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
        page.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    /// The paths of everything that the schema describes, without what stands in files and choices.
    fn described(schema: &Value, at: &str, out: &mut Vec<String>) {
        let schema = schema.get("items").unwrap_or(schema);
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match path.as_str() {
                // What the format needs and nobody sets; a trace is loaded.
                "version" | "workload.trace" => {}
                _ if inner.get("properties").is_some() || inner["items"].get("properties").is_some() => {
                    described(inner, &path, out)
                }
                _ => out.push(path),
            }
        }
    }

    #[test]
    fn everything_that_can_be_set_has_its_passage() {
        let catalogue = catalogue();
        let page = guide(&catalogue, &Uses::new());
        let ids: BTreeSet<&str> = values(&page, "id").into_iter().collect();
        let mut paths = Vec::new();
        described(&schema(&catalogue), "", &mut paths);
        for at in FIELDS.iter().filter(|field| field.shape == Shape::Choice).map(|field| field.path) {
            let path = at.replacen("functions.", "functions.f.", 1);
            for entry in catalogue.entries_at(&path).unwrap() {
                paths.push(format!("{at}.{}", entry.kind));
                paths.extend(entry.params.iter().map(|p| format!("{at}.{}.{}", entry.kind, p.name)));
            }
        }
        assert!(paths.len() > 300, "{}", paths.len());
        let missing: Vec<&String> = paths.iter().filter(|path| !ids.contains(path.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn no_two_passages_have_the_same_name_and_every_link_within_leads_somewhere() {
        let page = guide(&catalogue(), &Uses::new());
        let ids = values(&page, "id");
        let different: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), different.len());
        for target in values(&page, "href").into_iter().filter_map(|href| href.strip_prefix('#')) {
            assert!(different.contains(target), "{target}");
        }
        assert!(!page.contains("{{"), "nothing was left out");
    }

    #[test]
    fn a_kind_names_the_scenarios_that_use_it_from_the_start_or_from_a_change_on() {
        let text = include_str!("../../scenarios/three-edges.json");
        let mut scenario = Scenario::from_json(text).unwrap();
        scenario.timeline = serde_json::from_str(r#"[{"at_s": 5, "set": {"policies.placement.kind": "random"}}]"#).unwrap();
        let title = escaped(&scenario.title);
        let uses = uses(&BTreeMap::from([("three-edges".to_owned(), scenario)]));
        let page = guide(&catalogue(), &uses);
        let of = |id: &str| page.split(&format!("id=\"{id}\"")).nth(1).unwrap().split("</article>").next().unwrap().to_owned();
        let link = format!("<a href=\"./#/gallery/three-edges\">{title}</a>");
        assert!(of("policies.keep_alive.fixed_ttl").contains(&link) && of("policies.placement.random").contains(&link));
        assert!(!of("policies.keep_alive.lru").contains("In the gallery"));
    }

    #[test]
    fn what_is_told_cannot_become_markup() {
        assert_eq!(escaped("a < b & c > d"), "a &lt; b &amp; c &gt; d");
    }
}
