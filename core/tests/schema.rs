//! The published schema, the types and the reader agree, so that none of them can drift.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use faaslab_core::policy::{estimate, order};
use faaslab_core::registry::Choice;
use faaslab_core::scenario::{
    Change, Cpu, First, Frame, Function, IfInsufficient, Image, ImageOrder, ImageRoom, Jitter, Link, MemoryFull, MinuteArrivals,
    Network, NoRoom, Node, NodeOverride, Policies, Queue, Reuse, Role, Run, Scenario, Sharing, Starting, TooLarge, TraceDuration,
    TraceFile, TraceOptions, TraceRef, Workload, Zone, schema,
};
use faaslab_core::sim::Library;
use serde_json::{Map, Value, json};

/// A scenario in which everything that can be left out is there. Written without defaults, so that a new field must be added
/// here, and then stand in the schema.
fn full() -> Scenario {
    let text = |s: &str| s.to_owned();
    Scenario {
        version: 1,
        title: text("t"),
        question: text("q"),
        look_at: text("l"),
        zones: vec![Zone { id: text("z"), name: text("Z"), latency_ms: Some(1.0), x: Some(30.0), y: Some(40.0) }],
        nodes: vec![
            Node { roles: vec![Role::Client, Role::CloudController, Role::EdgeController], ..Node::new("c", "z", Role::Client) },
            Node {
                id: text("w"),
                name: text("W"),
                zone: text("z"),
                roles: vec![Role::Worker],
                count: 3,
                cores: 2.0,
                memory_mb: 100.0,
                cpu: Cpu::Shared,
                slots: Some(3),
                speed: 2.0,
                disk_mb: Some(1.0),
                disk_read_mb_s: Some(2.0),
                disk_write_mb_s: Some(3.0),
                answers: false,
                traffic: 2.0,
                overrides: BTreeMap::from([(
                    1,
                    NodeOverride { cores: Some(4.0), memory_mb: Some(50.0), slots: Some(2), speed: Some(3.0) },
                )]),
                x: 10.0,
                y: 20.0,
            },
        ],
        links: vec![Link {
            id: text("l"),
            from: text("c"),
            to: text("w"),
            latency_ms: 1.0,
            jitter_ms: 2.0,
            bandwidth_mbps: Some(100.0),
        }],
        network: Network { within_zone_ms: 1.0, between_zones_ms: 2.0, sharing: Sharing::Simgrid },
        images: vec![Image { id: text("i"), name: text("I"), size_mb: 1.0, memory_mb: Some(2.0) }],
        functions: vec![Function {
            id: text("f"),
            memory_mb: 10.0,
            execution: Choice::of("constant"),
            create_ms: 1.0,
            init_ms: 2.0,
            cores: 2.0,
            concurrency: 2,
            keep_alive_s: Some(4.0),
            min_warm: 1,
            time_limit_s: Some(3.0),
            image: Some(text("i")),
            disk_mb: 1.0,
            weight: 2.0,
            request_kb: 1.0,
            response_kb: 2.0,
            ingress_limit_kb: Some(3.0),
            egress_limit_kb: Some(4.0),
            patience_s: Some(5.0),
            retries: 2,
            backoff_ms: 50.0,
            backoff_jitter: Jitter::None,
            deadline_s: Some(6.0),
            priority: 3,
            app: Some(text("a")),
        }],
        workload: Workload {
            arrivals: Choice::of("poisson"),
            popularity: Choice::of("weights"),
            jobs: Choice::of("parallel"),
            trace: Some(TraceRef {
                format: text("azure_2021"),
                files: vec![TraceFile { name: text("a.csv"), bytes: 1, sha256: text("00") }],
            }),
            trace_options: TraceOptions {
                time_scale: 0.001,
                memory_mb: 1.0,
                cold_start_ms: 2.0,
                cores: 2.0,
                concurrency: 2,
                image: Some(text("i")),
                cold_overhead_ms: 1.0,
                cold_overhead_share: 0.5,
                minute_arrivals: MinuteArrivals::Equidistant,
                duration: TraceDuration::Average,
            },
        },
        frame: Frame { stealing: Choice::of("random"), ..Frame::of(Choice::of("centralized")) },
        policies: Policies {
            placement: Choice::of("random"),
            keep_alive: Choice::of("lru"),
            memory_full: MemoryFull::Never,
            if_insufficient: IfInsufficient::EvictAnyway,
            no_room: NoRoom::Drop,
            too_large: TooLarge::Drop,
            reuse: Reuse::Oldest,
            image_order: ImageOrder::LastCopy,
            image_room: ImageRoom::ImagesOnly,
            starting: Starting::Join,
            queue: Queue::Skip,
            order: Choice::of("sjf"),
            estimates: Choice::of("exact"),
            queue_bound: Some(3),
            queue_timeout_s: Some(1.0),
        },
        timeline: vec![Change { at_s: 1.0, set: Map::from_iter([(text("nodes.w.speed"), json!(2))]) }],
        run: Run { seed: 2, duration_s: Some(10.0), warm_up_s: 1.0, first: First::Arrivals },
    }
}

fn the_schema() -> Value {
    schema(&Library::default().catalogue())
}

/// Every key of a value, as a path in which list elements have no number; choices and values by path are not entered.
fn keys(value: &Value, at: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) if !map.contains_key("kind") && !at.ends_with(".set") => {
            for (key, inner) in map {
                let key = if at.ends_with(".overrides") { "*" } else { key };
                let path = format!("{at}.{key}");
                keys(inner, &path, out);
                out.insert(path);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| keys(inner, at, out)),
        _ => {}
    }
}

/// Every property of the schema, in the same writing.
fn properties(schema: &Value, at: &str, out: &mut BTreeSet<String>) {
    if let Some(items) = schema.get("items") {
        properties(items, at, out);
    }
    for (key, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{at}.{key}");
        properties(inner, &path, out);
        out.insert(path);
    }
    if let Some(inner @ Value::Object(_)) = schema.get("additionalProperties") {
        let path = format!("{at}.*");
        properties(inner, &path, out);
        out.insert(path);
    }
}

/// The part of the schema for a path of [`properties`].
fn part<'a>(schema: &'a Value, path: &str) -> &'a Value {
    path.split('.').skip(1).fold(schema, |at, key| {
        let at = at.get("items").unwrap_or(at);
        if key == "*" { &at["additionalProperties"] } else { &at["properties"][key] }
    })
}

#[test]
fn every_key_of_a_full_scenario_is_in_the_schema_and_the_other_way_round() {
    let (mut in_types, mut in_schema) = (BTreeSet::new(), BTreeSet::new());
    keys(&full().to_value(), "", &mut in_types);
    properties(&the_schema(), "", &mut in_schema);
    assert_eq!(in_types, in_schema);
}

#[test]
fn the_reader_accepts_the_full_scenario_and_nothing_else_beside_it() {
    let whole = full().to_value();
    assert_eq!(Scenario::from_value(whole.clone()).unwrap(), full());
    // The schema closes every object; so does the reader.
    let mut objects = BTreeSet::new();
    keys(&whole, "", &mut objects);
    for path in objects.iter().filter(|p| part(&the_schema(), p)["additionalProperties"] == json!(false)) {
        let mut broken = whole.clone();
        let mut at = &mut broken;
        for key in path.split('.').skip(1) {
            at = match at {
                Value::Array(list) => list.last_mut().unwrap(),
                other => other,
            };
            at = at.get_mut(if key == "*" { "1" } else { key }).unwrap();
        }
        if let Value::Array(list) = at {
            at = list.last_mut().unwrap();
        }
        at.as_object_mut().unwrap().insert("surplus".to_owned(), json!(1));
        let error = Scenario::from_value(broken).unwrap_err();
        assert!(error.to_string().contains("unknown field surplus"), "{path}: {error}");
    }
}

#[test]
fn what_the_schema_requires_the_reader_requires_and_no_more() {
    let whole = full().to_value();
    let mut paths = BTreeSet::new();
    properties(&the_schema(), "", &mut paths);
    for path in paths.iter().filter(|p| !p.contains('*') && !p.ends_with(".set")) {
        let (parent, key) = path.rsplit_once('.').unwrap();
        let schema = the_schema();
        let object = part(&schema, parent);
        let object = object.get("items").unwrap_or(object);
        let required = object["required"].as_array().unwrap().contains(&json!(key));
        let mut without = whole.clone();
        let mut at = &mut without;
        for step in parent.split('.').skip(1) {
            at = at.get_mut(step).unwrap();
            if let Value::Array(list) = at {
                at = list.last_mut().unwrap();
            }
        }
        at.as_object_mut().unwrap().remove(key);
        assert_eq!(Scenario::from_value(without).is_err(), required, "{path}");
    }
}

#[test]
fn every_word_of_an_enumeration_is_read() {
    let whole = full();
    let mut words = 0;
    let mut paths = BTreeSet::new();
    let schema = the_schema();
    properties(&schema, "", &mut paths);
    for path in &paths {
        let at = part(&schema, path);
        let is_list = at.get("items").is_some_and(|i| i.get("enum").is_some());
        let known = if is_list { &at["items"]["enum"] } else { &at["enum"] };
        for word in known.as_array().into_iter().flatten() {
            let path = path[1..].replace("nodes.", "nodes.w.").replace("functions.", "functions.f.");
            let value = if is_list { json!([word]) } else { word.clone() };
            whole.with(&faaslab_core::scenario::Path::parse(&path).unwrap(), value).unwrap();
            words += 1;
        }
    }
    assert_eq!(
        words,
        6 + 4 + 3 + 2 + 2 + 2 + 3 + 2 + 3 + 2 + 2 + 2 + 2 + 2 + 2 + 2,
        "roles, a rule for cores, seven rules of hosts, two trace options, ties, transfers, two rules of images, jitter"
    );
}

#[test]
fn every_registry_entry_and_parameter_is_in_the_schema() {
    let (schema, catalogue) = (the_schema(), Library::default().catalogue());
    for (path, entries) in [
        (".frame.architecture", &catalogue.architectures),
        (".policies.placement", &catalogue.placements),
        (".policies.keep_alive", &catalogue.keep_alives),
        (".policies.order", &order::REGISTRY.to_vec()),
        (".policies.estimates", &estimate::REGISTRY.to_vec()),
        (".workload.arrivals", &catalogue.arrivals),
        (".workload.popularity", &catalogue.popularities),
        (".workload.jobs", &catalogue.jobs),
        (".functions.execution", &catalogue.distributions),
    ] {
        let kinds = part(&schema, path)["oneOf"].as_array().unwrap();
        assert_eq!(kinds.len(), entries.len());
        for (kind, entry) in kinds.iter().zip(entries) {
            assert_eq!(kind["properties"]["kind"]["const"], entry.kind);
            let params: Vec<&str> = entry.params.iter().map(|p| p.name).collect();
            let said: Vec<&String> = kind["properties"].as_object().unwrap().keys().skip(1).collect();
            assert_eq!(said, params, "{path} {}", entry.kind);
        }
    }
}

#[test]
fn the_published_schema_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../static/scenario.schema.json");
    let published = std::fs::read_to_string(path).unwrap_or_default();
    let expected = serde_json::to_string_pretty(&the_schema()).unwrap() + "\n";
    assert!(published == expected, "static/scenario.schema.json is out of date: run ./dev schema");
}
