//! The JSON Schema of a scenario: the shape of the format, with what is told of its fields and the registries' kinds and parameters
//! in place of each choice.

use serde_json::{Map, Value, json};

use super::field::{FIELDS, Field, Shape};
use crate::registry::{Catalogue, Domain, Entry};

/// The JSON Schema (draft 2020-12) of a scenario, for editors and other programs.
pub fn schema(catalogue: &Catalogue) -> Value {
    let roles = json!({"type": "array", "minItems": 1, "items": {"enum": super::Role::ALL.map(super::Role::word)}});
    let machine = fields("nodes", catalogue).into_iter().filter(|(name, _)| super::topology::DIFFERS.contains(&name.as_str()));
    let overrides = json!({"type": "object", "description": "Machines of a block that differ, by number.",
        "additionalProperties": object(machine.collect(), &[])});
    let file = json!({"name": {"type": "string", "description": "The file's name."},
        "bytes": {"type": "integer", "minimum": 0, "description": "Its length."},
        "sha256": {"type": "string", "description": "SHA-256 of its bytes, hexadecimal."}});
    let trace = json!({"format": {"type": "string", "description": "The format's name."},
        "files": list(object(map(file), &["name", "bytes", "sha256"]))});
    let set = json!({"type": "object", "description": "New values by path, as policies.keep_alive.ttl_s."});
    let of = |name: &str| fields(name, catalogue);
    let with = |name: &str, more: Value| of(name).into_iter().chain(map(more)).collect::<Map<String, Value>>();
    let mut whole = map(json!({"version": {"const": super::FORMAT_VERSION, "description": "The format's version."}}));
    whole.extend(of(""));
    whole.extend(map(json!({
        "zones": list(object(of("zones"), &["id"])),
        "nodes": list(object(with("nodes", json!({"roles": roles, "overrides": overrides})), &["id", "zone", "roles"])),
        "links": list(object(of("links"), &["id", "from", "to", "latency_ms"])),
        "network": object(of("network"), &[]),
        "images": list(object(of("images"), &["id", "size_mb"])),
        "functions": list(object(of("functions"), &["id", "execution"])),
        "workload": object(with("workload", json!({"trace": object(map(trace), &["format", "files"]),
            "trace_options": object(of("workload.trace_options"), &[])})), &[]),
        "frame": object(of("frame"), &["architecture"]),
        "policies": object(of("policies"), &[]),
        "timeline": list(object(with("timeline", json!({"set": set})), &["at_s", "set"])),
        "run": object(of("run"), &[]),
    })));
    let mut schema = object(whole, &["version", "zones", "nodes", "workload", "frame"]);
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".into(), json!("FaaSLab scenario"));
    }
    schema
}

/// The fields of a part of the scenario, by their names.
fn fields(part: &str, catalogue: &Catalogue) -> Map<String, Value> {
    let named = |field: &'static Field| {
        let (of, name) = field.path.rsplit_once('.').unwrap_or(("", field.path));
        (of == part).then(|| (name.to_owned(), shape(field, catalogue)))
    };
    FIELDS.iter().filter_map(named).collect()
}

/// The values that a field takes.
fn shape(field: &Field, catalogue: &Catalogue) -> Value {
    let (mut shape, unit) = match field.shape {
        Shape::Number { unit, min, max, whole, .. } => {
            let mut number = json!({"type": if whole { "integer" } else { "number" }});
            for (bound, value) in [("minimum", min), ("maximum", max)] {
                if value.is_finite() {
                    number[bound] = if value.fract() == 0.0 { json!(value as i64) } else { json!(value) };
                }
            }
            (number, unit)
        }
        Shape::Words(words) => (json!({"enum": words.iter().map(|w| w.0).collect::<Vec<_>>()}), ""),
        Shape::Text(_) if field.path.ends_with(".id") => (json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,200}$"}), ""),
        Shape::Text(_) => (json!({"type": "string"}), ""),
        Shape::Flag(_) => (json!({"type": "boolean"}), ""),
        // Of an object in a list the path goes on behind its id.
        Shape::Choice => {
            let path = field.path.replacen("functions.", "functions.id.", 1);
            (choice(catalogue.entries_at(&path).unwrap_or_default()), "")
        }
    };
    shape["description"] = json!(if unit.is_empty() { field.help.to_owned() } else { format!("{} ({unit})", field.help) });
    shape
}

fn map(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn choice(entries: &[&Entry]) -> Value {
    let kinds: Vec<Value> = entries
        .iter()
        .map(|e| {
            let mut properties = map(json!({"kind": {"const": e.kind}}));
            for p in e.params {
                let description = if p.unit.is_empty() { p.help.to_owned() } else { format!("{} ({})", p.help, p.unit) };
                let mut shape = match &p.domain {
                    Domain::Number { min, max, .. } => json!({"type": "number", "minimum": min, "maximum": max}),
                    Domain::Integer { min, max, .. } => json!({"type": "integer", "minimum": min, "maximum": max}),
                    Domain::Word(words) => json!({"enum": words.iter().map(|w| w.0).collect::<Vec<_>>()}),
                };
                shape["default"] = p.domain.default_value();
                shape["description"] = json!(description);
                properties.insert(p.name.into(), shape);
            }
            let mut one = object(properties, &["kind"]);
            one["title"] = json!(e.name);
            let source = if e.source == "-" { String::new() } else { format!(" Source: {}", e.source) };
            one["description"] = json!(e.summary.to_owned() + &source);
            one
        })
        .collect();
    json!({"oneOf": kinds})
}
