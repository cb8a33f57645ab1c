//! Links that were made earlier open for ever, to the same scenarios.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use faaslab_core::share::{Opened, decode};
use serde_json::Value;

#[derive(serde::Deserialize)]
struct Frozen {
    link: String,
    scenario: Value,
}

/// Whether everything that `part` says is said by `whole`. A later format may say more.
fn says(whole: &Value, part: &Value, place: &str) -> Result<(), String> {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().try_for_each(|(key, value)| {
            let there = whole.get(key).ok_or_else(|| format!("{place}.{key} is gone"))?;
            says(there, value, &format!("{place}.{key}"))
        }),
        (Value::Array(whole), Value::Array(part)) if whole.len() == part.len() => {
            let mut pairs = whole.iter().zip(part).enumerate();
            pairs.try_for_each(|(i, (there, value))| says(there, value, &format!("{place}[{i}]")))
        }
        _ if whole == part => Ok(()),
        _ => Err(format!("{place} is {whole}, and was {part}")),
    }
}

#[test]
fn frozen_links_open_to_what_they_were_made_of() {
    let frozen: BTreeMap<String, Frozen> = serde_json::from_str(include_str!("../../tests/frozen-links.json")).unwrap();
    assert!(frozen.len() >= 6);
    for (name, Frozen { link, scenario }) in frozen {
        let Opened { scenario: opened, .. } = decode(&link).unwrap_or_else(|e| panic!("{name}: {e}"));
        says(&opened.to_value(), &scenario, &name).unwrap();
    }
}
