//! The JSON Schema of a scenario: the types' shapes, with the registries' kinds and parameters in place of each choice.

use serde_json::{Map, Value, json};

use crate::registry::{Catalogue, Domain, Entry};

/// The JSON Schema (draft 2020-12) of a scenario, for editors and other programs.
pub fn schema(catalogue: &Catalogue) -> Value {
    let number = |what: &str| json!({"type": "number", "description": what});
    let text = |what: &str| json!({"type": "string", "description": what});
    let count = |what: &str| json!({"type": "integer", "minimum": 0, "description": what});
    let id = json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,200}$", "description": "A stable id; paths and links use it."});
    let machine = json!({
        "cores": number("Cores of a worker."),
        "memory_mb": number("Memory of a worker for containers, in MB."),
        "slots": count("The most invocations at once; as many as the cores allow if absent."),
        "speed": number("An execution takes its time divided by this.")
    });
    let mut node = json!({
        "id": id, "name": text("What people call it."), "zone": text("The id of its zone."),
        "roles": {"type": "array", "minItems": 1, "items": {"enum": super::Role::ALL.map(super::Role::word)}},
        "count": count("How many identical machines this stands for."),
        "cpu": {"enum": ["slots", "shared", "unlimited", "isolated"], "description": "How invocations use a worker's cores."},
        "disk_mb": number("Disk of a worker or a head store, in MB; not limited if absent."),
        "disk_read_mb_s": number("How fast its disk is read, in MB/s; not limited if absent."),
        "disk_write_mb_s": number("How fast its disk is written, in MB/s; not limited if absent."),
        "answers": {"type": "boolean", "description": "Whether its placers answer; true if absent."},
        "traffic": number("A client's share of the arrivals."),
        "overrides": {"type": "object", "description": "Machines of a block that differ, by number.",
            "additionalProperties": object(machine.clone(), &[])},
        "x": number("Where it is drawn."), "y": number("Where it is drawn.")
    });
    if let (Some(node), Value::Object(machine)) = (node.as_object_mut(), machine) {
        node.extend(machine);
    }
    let whole = json!({
        "version": {"const": super::FORMAT_VERSION, "description": "The format's version."},
        "title": text("What it is called."), "question": text("The question that it asks."),
        "look_at": text("What to look at, and what to try."),
        "zones": list(object(json!({"id": id, "name": text("What people call it."),
            "latency_ms": number("One-way latency inside the zone, in ms."),
            "x": number("Where it is drawn while it has no nodes."), "y": number("Where it is drawn while it has no nodes.")}), &["id"])),
        "nodes": list(object(node, &["id", "zone", "roles"])),
        "links": list(object(json!({"id": id, "from": text("A node or a zone."), "to": text("Another node or zone."),
            "latency_ms": number("One-way latency, in ms."), "jitter_ms": number("Up to this much longer, in ms."),
            "bandwidth_mbps": number("For the payload of messages, in Mbit/s.")}), &["id", "from", "to", "latency_ms"])),
        "network": object(json!({"within_zone_ms": number("One-way latency inside a zone, in ms."),
            "between_zones_ms": number("One-way latency between zones, in ms."),
            "sharing": {"enum": ["fair", "simgrid"], "description": "How transfers of images share links and disks."}}), &[]),
        "images": list(object(json!({"id": id, "name": text("What people call it."),
            "size_mb": number("On a disk and on the network, in MB."),
            "memory_mb": number("In a worker's memory, in MB; its size if absent.")}), &["id", "size_mb"])),
        "functions": list(object(json!({"id": id, "memory_mb": number("Memory of one container, in MB."),
            "execution": choice(&catalogue.distributions), "create_ms": number("Time to create a container, in ms."),
            "init_ms": number("Time to initialise the runtime, in ms."), "cores": number("Cores that one execution holds."),
            "concurrency": count("The most executions at once in one container."),
            "keep_alive_s": number("How long its idle containers are kept, whatever the policy says, in s."),
            "min_warm": count("Containers that are made when the run begins, and stay."),
            "time_limit_s": number("The longest execution, in s."), "weight": number("Share of the arrivals."),
            "image": text("The image of its containers."), "disk_mb": number("Disk of one container, in MB."),
            "request_kb": number("Bytes of a request, in kB."), "response_kb": number("Bytes of a response, in kB."),
            "ingress_limit_kb": number("A larger request is rejected by the placer, in kB."),
            "egress_limit_kb": number("A larger response fails after the execution, in kB."),
            "patience_s": number("A client that has no result after so long gives up, in s."),
            "retries": count("How often a client tries again."),
            "backoff_ms": number("How long it pauses before that, in ms; twice as long before each further attempt."),
            "backoff_jitter": {"enum": ["full", "none"], "description": "Whether it pauses for a random part of that."},
            "deadline_s": number("How long after it was submitted an invocation should have ended, in s."),
            "priority": count("Larger is served sooner, where queues go by priority."),
            "app": text("The app among which queues may share; its own id if absent.")}),
            &["id", "execution"])),
        "workload": object(json!({"arrivals": choice(&catalogue.arrivals), "popularity": choice(&catalogue.popularities),
            "jobs": choice(&catalogue.jobs),
            "trace": object(json!({"format": text("The format's name."), "files": list(object(json!({
                "name": text("The file's name."), "bytes": count("Its length."), "sha256": text("SHA-256 of its bytes, hexadecimal.")}),
                &["name", "bytes", "sha256"]))}), &["format", "files"]),
            "trace_options": object(json!({"time_scale": number("What all times of the trace are multiplied by."),
                "memory_mb": number("Where the trace has none, in MB."),
                "cold_start_ms": number("Where the trace has none, in ms."), "cores": number("Cores that one execution holds."),
                "concurrency": count("The most executions at once in one container."),
                "image": text("The image of every function."),
                "cold_overhead_ms": number("What the provider adds to every cold start, in ms."),
                "cold_overhead_share": number("The same, as a share of the time that start and execution take together."),
                "minute_arrivals": {"enum": ["uniform", "equidistant"]}, "duration": {"enum": ["percentiles", "average"]}}), &[])}), &[]),
        "frame": object(json!({"architecture": choice(&catalogue.architectures)}), &["architecture"]),
        "policies": object(json!({"placement": choice(&catalogue.placements), "keep_alive": choice(&catalogue.keep_alives),
            "memory_full": {"enum": ["never", "shortfall", "full_size"]}, "if_insufficient": {"enum": ["keep", "evict_anyway"]},
            "no_room": {"enum": ["queue", "drop"]}, "too_large": {"enum": ["reject", "drop"]},
            "reuse": {"enum": ["last_used", "oldest", "indexed_set"]}, "starting": {"enum": ["closed", "join"]},
            "queue": {"enum": ["fifo", "barging", "skip"]},
            "image_order": {"enum": ["last_use", "last_copy"]}, "image_room": {"enum": ["idle_containers", "images_only"]},
            "order": choice(catalogue.entries_at("policies.order").unwrap_or_default()),
            "estimates": choice(catalogue.entries_at("policies.estimates").unwrap_or_default()),
            "queue_bound": count("The most invocations that wait at a host."),
            "queue_timeout_s": number("The longest that an invocation waits at a host, in s.")}), &[]),
        "timeline": list(object(json!({"at_s": number("When, in seconds."),
            "set": {"type": "object", "description": "New values by path, as policies.keep_alive.ttl_s."}}), &["at_s", "set"])),
        "run": object(json!({"seed": count("All chance derives from it."), "duration_s": number("Arrivals end here, in s."),
            "warm_up_s": number("Invocations before this are not measured, in s."),
            "first": {"enum": ["completions", "arrivals"], "description": "What comes first of what happens at one instant."}}), &[])
    });
    let mut schema = object(whole, &["version", "zones", "nodes", "workload", "frame"]);
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".into(), json!("FaaSLab scenario"));
    }
    schema
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn choice(entries: &[&Entry]) -> Value {
    let kinds: Vec<Value> = entries
        .iter()
        .map(|e| {
            let mut properties = Map::new();
            properties.insert("kind".into(), json!({"const": e.kind}));
            for p in e.params {
                let description = if p.unit.is_empty() { p.help.to_owned() } else { format!("{} ({})", p.help, p.unit) };
                let mut shape = match &p.domain {
                    Domain::Number { min, max, .. } => json!({"type": "number", "minimum": min, "maximum": max}),
                    Domain::Integer { min, max, .. } => json!({"type": "integer", "minimum": min, "maximum": max}),
                    Domain::Word(words) => json!({"enum": words.iter().map(|w| w.0).collect::<Vec<_>>()}),
                };
                if let Some(map) = shape.as_object_mut() {
                    map.insert("default".into(), p.domain.default_value());
                    map.insert("description".into(), json!(description));
                }
                properties.insert(p.name.into(), shape);
            }
            let mut one = object(Value::Object(properties), &["kind"]);
            if let Some(map) = one.as_object_mut() {
                map.insert("title".into(), json!(e.name));
                map.insert("description".into(), json!(format!("{} Source: {}", e.summary, e.source)));
            }
            one
        })
        .collect();
    json!({"oneOf": kinds})
}
