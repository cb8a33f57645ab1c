//! The fields of a scenario: what people call them, what they are for, what they count and from where to where they go. The page's
//! inspector and guide, the JSON Schema and validation all take this from here. Parameters of what the registries offer have theirs
//! there.

use super::validate::{LONGEST_S, MOST_RETRIES};

/// A field of a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Where it stands, without the ids of objects: `nodes.cores`.
    pub path: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What it is for, in a sentence or two.
    pub help: &'static str,
    /// What values it takes.
    pub shape: Shape,
}

/// The values that a [`Field`] takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A number.
    Number {
        /// What it counts; empty if it counts nothing.
        unit: &'static str,
        /// The least.
        min: f64,
        /// The most; infinite where nothing but its type bounds it.
        max: f64,
        /// Whether only whole numbers make sense.
        whole: bool,
        /// What holds without a value; nothing if there must be one.
        absent: Option<&'static str>,
    },
    /// One of a few words, each with what it means; the first holds without a value.
    Words(&'static [(&'static str, &'static str)]),
    /// A text; what holds without one, nothing if there must be one.
    Text(Option<&'static str>),
    /// Yes or no; what holds without a value.
    Flag(bool),
    /// An entry of a registry with its parameters.
    Choice,
}

/// A number that must be there.
const fn must(path: &'static str, label: &'static str, unit: &'static str, range: (f64, f64), help: &'static str) -> Field {
    Field { path, label, help, shape: Shape::Number { unit, min: range.0, max: range.1, whole: false, absent: None } }
}

/// A number that may be left out.
const fn may(
    path: &'static str,
    label: &'static str,
    unit: &'static str,
    range: (f64, f64),
    absent: &'static str,
    help: &'static str,
) -> Field {
    Field { path, label, help, shape: Shape::Number { unit, min: range.0, max: range.1, whole: false, absent: Some(absent) } }
}

/// A whole number that may be left out.
const fn whole(
    path: &'static str,
    label: &'static str,
    unit: &'static str,
    range: (f64, f64),
    absent: &'static str,
    help: &'static str,
) -> Field {
    Field { path, label, help, shape: Shape::Number { unit, min: range.0, max: range.1, whole: true, absent: Some(absent) } }
}

const fn words(
    path: &'static str,
    label: &'static str,
    words: &'static [(&'static str, &'static str)],
    help: &'static str,
) -> Field {
    Field { path, label, help, shape: Shape::Words(words) }
}

const fn text(path: &'static str, label: &'static str, absent: Option<&'static str>, help: &'static str) -> Field {
    Field { path, label, help, shape: Shape::Text(absent) }
}

const fn choice(path: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { path, label, help, shape: Shape::Choice }
}

/// Anything that is not negative.
const ANY: (f64, f64) = (0.0, f64::INFINITY);
const ANYWHERE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
const DELAY_MS: (f64, f64) = (0.0, 600_000.0);
const DAY_MS: (f64, f64) = (0.0, 86_400_000.0);
const CORES: (f64, f64) = (0.001, 4096.0);
const MEMORY_MB: (f64, f64) = (1.0, 1e9);
const DISK_MB: (f64, f64) = (0.0, 1e12);
const DISK_MB_S: (f64, f64) = (0.001, 1e9);
const KB: (f64, f64) = (0.0, 1e9);
const LENGTH_S: (f64, f64) = (0.0, LONGEST_S);

const ID: &str = "Letters, digits, - and _. Paths, links and chance go by it, so that it stays when the name changes.";
const NAME: &str = "What it is called on the stage and in tables.";

/// All of them, in the order in which the format documents them.
pub const FIELDS: &[Field] = &[
    text("title", "Title", Some("none"), "What the scenario is called."),
    text("question", "Question", Some("none"), "The question that it asks; it stands above the stage."),
    text("look_at", "What to look at", Some("none"), "What to look at, and what to try; the inspector begins with it."),
    text("zones.id", "Id", None, ID),
    text("zones.name", "Name", Some("its id"), NAME),
    may(
        "zones.latency_ms",
        "Latency inside",
        "ms",
        DELAY_MS,
        "as the network",
        "One way, between two nodes of the zone that no link connects.",
    ),
    may("zones.x", "Across", "", ANYWHERE, "where room is", "Where it is drawn while it has no nodes."),
    may("zones.y", "Down", "", ANYWHERE, "where room is", "Where it is drawn while it has no nodes."),
    text("nodes.id", "Id", None, ID),
    text("nodes.name", "Name", Some("its id"), NAME),
    text(
        "nodes.zone",
        "Zone",
        None,
        "Where it is: how far it is from other nodes goes by their zones, where no link says otherwise.",
    ),
    whole(
        "nodes.count",
        "Machines",
        "",
        (1.0, f64::INFINITY),
        "1",
        "How many identical machines this stands for; more than one are a block, and only workers come in blocks. The machines of pool are pool[0], pool[1] and so on.",
    ),
    may("nodes.cores", "Cores", "", CORES, "4", "Of a worker. An execution holds its function's cores."),
    words(
        "nodes.cpu",
        "Executions",
        &[
            ("slots", "Hold their cores; the rest wait"),
            ("shared", "Share the cores and slow down"),
            ("unlimited", "Never wait for cores"),
            ("isolated", "Wait in containers that hold cores"),
        ],
        "How invocations use a worker's cores. With containers that hold cores, executions begin and wait in them, as in DSLab FaaS.",
    ),
    may("nodes.memory_mb", "Memory", "MB", MEMORY_MB, "4,096", "Of a worker, for containers and for images that are loaded."),
    whole(
        "nodes.slots",
        "Slots",
        "",
        (1.0, f64::INFINITY),
        "by cores",
        "The most invocations at once on a worker, whatever its cores allow.",
    ),
    may("nodes.speed", "Speed", "×", (0.001, 1000.0), "1", "An execution on a worker takes its time divided by this."),
    may(
        "nodes.disk_mb",
        "Disk",
        "MB",
        DISK_MB,
        "unlimited",
        "Of a worker, for images and the files of containers; of a head store, for images. A registry holds every image.",
    ),
    may("nodes.disk_read_mb_s", "Disk reads", "MB/s", DISK_MB_S, "unlimited", "How fast its disk is read."),
    may("nodes.disk_write_mb_s", "Disk writes", "MB/s", DISK_MB_S, "unlimited", "How fast its disk is written."),
    Field {
        path: "nodes.answers",
        label: "Answers",
        help: "Where it does not, the node's placers decide nothing and keep what reaches them waiting; a fork makes it silent for a while.",
        shape: Shape::Flag(true),
    },
    may("nodes.traffic", "Traffic", "", (0.0, 1e9), "1", "A client's share of the arrivals, relative to the other clients."),
    may("nodes.x", "Across", "", ANYWHERE, "0", "Where its middle is drawn."),
    may("nodes.y", "Down", "", ANYWHERE, "0", "Where its middle is drawn."),
    text("links.id", "Id", None, ID),
    text("links.from", "From", None, "A node or a zone. Messages take a link both ways."),
    text("links.to", "To", None, "Another node if it comes from a node, another zone if it comes from a zone."),
    must("links.latency_ms", "Latency", "ms", DELAY_MS, "One way. A message over several links takes the path of the lowest sum."),
    may("links.jitter_ms", "Jitter", "ms", DELAY_MS, "0", "Each message takes up to this much longer, evenly spread."),
    may(
        "links.bandwidth_mbps",
        "Bandwidth",
        "Mbit/s",
        (0.001, 1e9),
        "unlimited",
        "For the payload of messages, each by itself, and for images, which share it.",
    ),
    may(
        "network.within_zone_ms",
        "Inside a zone",
        "ms",
        DELAY_MS,
        "0.5",
        "One-way latency where no zone or link says otherwise. The default is that of Sparrow's simulator.",
    ),
    may("network.between_zones_ms", "Between zones", "ms", DELAY_MS, "20", "One-way latency where no link says otherwise."),
    words(
        "network.sharing",
        "Images on their way",
        &[("fair", "Share links and disks fairly"), ("simgrid", "Share them as SimGrid does")],
        "Fairly: nobody can get more without taking from somebody who has less. SimGrid's LV08 weights that by latency, with factors for latency, bandwidth and cross traffic.",
    ),
    text("images.id", "Id", None, ID),
    text("images.name", "Name", Some("its id"), NAME),
    must("images.size_mb", "Size", "MB", DISK_MB, "On a disk and on the network."),
    may(
        "images.memory_mb",
        "In memory",
        "MB",
        (0.0, 1e9),
        "its size",
        "In a worker's memory, once for all containers made from it. With 0, containers start from the disk.",
    ),
    text("functions.id", "Id", None, ID),
    choice("functions.execution", "Execution", "How long one execution takes on a core of speed 1."),
    may("functions.memory_mb", "Memory", "MB", MEMORY_MB, "256", "Of one container."),
    may("functions.create_ms", "Create", "ms", DAY_MS, "150", "Time to create a container, the first part of a cold start."),
    may(
        "functions.init_ms",
        "Initialise",
        "ms",
        DAY_MS,
        "350",
        "Time to initialise the runtime in a new container, the second part of a cold start.",
    ),
    may(
        "functions.weight",
        "Weight",
        "",
        (0.0, 1e9),
        "1",
        "Its share of the arrivals, relative to the other functions, where popularity goes by weight.",
    ),
    may("functions.cores", "Cores", "", CORES, "1", "That one execution holds."),
    whole("functions.concurrency", "Concurrency", "", (1.0, 10_000.0), "1", "The most executions at once in one container."),
    may(
        "functions.keep_alive_s",
        "Keep alive for",
        "s",
        (0.0, 1e7),
        "by policy",
        "How long its idle containers are kept, whatever the policy says.",
    ),
    whole(
        "functions.min_warm",
        "Always warm",
        "",
        (0.0, 10_000.0),
        "0",
        "Containers that are made when the run begins, spread over the workers, and stay (provisioned concurrency).",
    ),
    may(
        "functions.time_limit_s",
        "Time limit",
        "s",
        (0.000_001, 86_400.0),
        "none",
        "An execution that has not ended so long after its start is ended then.",
    ),
    text(
        "functions.image",
        "Image",
        Some("none"),
        "What its containers are made from: it must be on the worker before one starts.",
    ),
    may("functions.disk_mb", "Disk", "MB", DISK_MB, "0", "Of one container, for its own files."),
    may(
        "functions.deadline_s",
        "Deadline",
        "s",
        LENGTH_S,
        "none",
        "How long after it was submitted an invocation should have ended; for queues that serve the earliest deadline first.",
    ),
    whole("functions.priority", "Priority", "", ANY, "0", "Larger is served sooner, by queues that go by priority."),
    text("functions.app", "App", Some("its id"), "The app that it belongs to, among which queues may share fairly."),
    may("functions.request_kb", "Request", "kB", KB, "0", "Bytes that travel with a request."),
    may("functions.ingress_limit_kb", "Largest request", "kB", KB, "none", "The placer rejects a larger one."),
    may("functions.response_kb", "Response", "kB", KB, "0", "Bytes that travel with a response."),
    may(
        "functions.egress_limit_kb",
        "Largest response",
        "kB",
        KB,
        "none",
        "With a larger one the invocation fails after it has run.",
    ),
    may(
        "functions.patience_s",
        "Gives up after",
        "s",
        (0.000_001, LONGEST_S),
        "never",
        "How long a client waits for a result; what was begun for it goes on.",
    ),
    whole(
        "functions.retries",
        "Tries again",
        "times",
        (0.0, MOST_RETRIES as f64),
        "0",
        "After a drop, a full queue, a wait that was too long, a time limit or a failure.",
    ),
    may(
        "functions.backoff_ms",
        "Pause before that",
        "ms",
        DAY_MS,
        "100",
        "How long a client pauses before it tries again; twice as long before each further attempt.",
    ),
    words(
        "functions.backoff_jitter",
        "Of the pause",
        &[("full", "A random part"), ("none", "The whole")],
        "With a random part, clients who were refused together do not come back together.",
    ),
    choice("workload.arrivals", "Arrivals", "When invocations or jobs arrive, where no trace says it."),
    choice("workload.popularity", "Popularity", "How often each function is invoked."),
    choice("workload.jobs", "Each arrival is", "One invocation, or several that belong together and may wait for each other."),
    may(
        "workload.trace_options.time_scale",
        "Times",
        "×",
        (1e-6, 1e6),
        "1",
        "All times of the trace are multiplied by this: 0.001 where the file has milliseconds in the place of seconds.",
    ),
    may("workload.trace_options.memory_mb", "Memory", "MB", MEMORY_MB, "170", "Of functions for which the trace has none."),
    may("workload.trace_options.cold_start_ms", "Cold start", "ms", DAY_MS, "500", "Of functions for which the trace has none."),
    may(
        "workload.trace_options.cores",
        "Cores",
        "",
        CORES,
        "1",
        "That one execution holds, of functions for which the trace says nothing.",
    ),
    whole(
        "workload.trace_options.concurrency",
        "Concurrency",
        "",
        (1.0, 10_000.0),
        "1",
        "The most executions at once in one container.",
    ),
    may(
        "workload.trace_options.cold_overhead_ms",
        "Cold start overhead",
        "ms",
        DAY_MS,
        "0",
        "What the provider adds to every cold start; policies do not see it.",
    ),
    may(
        "workload.trace_options.cold_overhead_share",
        "And a share",
        "",
        (0.0, 100.0),
        "0",
        "The same, as a share of the time that start and execution take together.",
    ),
    words(
        "workload.trace_options.minute_arrivals",
        "Arrivals in a minute",
        &[("uniform", "Anywhere"), ("equidistant", "Equally spaced")],
        "Where they fall, in traces that only count them (Azure Functions 2019).",
    ),
    words(
        "workload.trace_options.duration",
        "Executions",
        &[("percentiles", "Between the percentiles"), ("average", "The average")],
        "How long each takes, in traces that have only percentiles and averages (Azure Functions 2019).",
    ),
    text("workload.trace_options.image", "Image", Some("none"), "What the containers of every function are made from."),
    choice("frame.architecture", "Architecture", "Which components decide, and on which messages."),
    choice(
        "frame.stealing",
        "Work stealing",
        "Whether a host with a free core and an empty queue takes over what waits at another.",
    ),
    choice("policies.placement", "Placement", "Which host, where the architecture leaves that open."),
    choice("policies.keep_alive", "Keep-alive", "How long an idle container stays, and which goes first when memory is short."),
    words(
        "policies.memory_full",
        "Idle containers go",
        &[("shortfall", "Until the new one fits"), ("full_size", "Until its whole size is freed"), ("never", "Never")],
        "When a new container does not fit. FaasCache frees its whole size even if part of it was free.",
    ),
    words(
        "policies.if_insufficient",
        "If that cannot make room",
        &[("keep", "Keep them"), ("evict_anyway", "Remove them anyway")],
        "When removing every idle container would still not make room. FaasCache removes them all the same.",
    ),
    words(
        "policies.reuse",
        "Of several warm ones",
        &[("last_used", "The one used last"), ("oldest", "The one created first"), ("indexed_set", "The first of an indexed set")],
        "Which container of the function is used again. Taking the one used last lets the others expire; an indexed set is DSLab FaaS's.",
    ),
    words(
        "policies.starting",
        "A container that is starting",
        &[("closed", "Takes no more invocations"), ("join", "Is joined up to its concurrency")],
        "Whether further invocations wait in it, where no started container has room (DSLab FaaS).",
    ),
    words(
        "policies.queue",
        "A worker's queue",
        &[("fifo", "First come, first served"), ("barging", "Arrivals may pass"), ("skip", "Everyone is tried in turn")],
        "First come, first served: a head that finds no room makes all others wait. The other two are DSLab FaaS's invokers.",
    ),
    words(
        "policies.no_room",
        "Without room the invocation",
        &[("queue", "Waits"), ("drop", "Is dropped")],
        "What happens at a worker where neither a container nor room for a new one is free.",
    ),
    words(
        "policies.too_large",
        "What is larger than every worker",
        &[("reject", "Is rejected"), ("drop", "Is dropped at a worker")],
        "Dropped at a worker means, in FaasCache, after everything idle there was removed for it.",
    ),
    words(
        "policies.image_order",
        "Of unused images goes first",
        &[("last_use", "The one used longest ago"), ("last_copy", "The one copied or read longest ago")],
        "In a full store. For WRENCH the start of a container is no use of its image.",
    ),
    words(
        "policies.image_room",
        "In memory, room for an image",
        &[("idle_containers", "Is made by idle containers too"), ("images_only", "Is made by other images only")],
        "What may leave a worker's memory for an image that is to be loaded, after images that nothing uses.",
    ),
    choice(
        "policies.order",
        "They serve first",
        "Which of those that wait is next, in a worker's queue and at placers that hold tasks.",
    ),
    choice("policies.estimates", "Estimates", "What queues know of execution times before they end."),
    whole("policies.queue_bound", "Places to wait", "", ANY, "any number", "At each worker; one invocation more is rejected."),
    may(
        "policies.queue_timeout_s",
        "Longest wait",
        "s",
        LENGTH_S,
        "none",
        "At a worker; then the invocation is rejected. 0 is no wait at all.",
    ),
    must("timeline.at_s", "When", "s", LENGTH_S, "The instant of the change, in simulated time."),
    whole("run.seed", "Seed", "", ANY, "1", "All chance derives from it: the same seed gives the same run, to the bit."),
    may(
        "run.duration_s",
        "Arrivals for",
        "s",
        (0.001, LONGEST_S),
        "whole trace",
        "No invocation arrives later; what has arrived is run to its end. Without it a trace is run whole, and users come for all their rounds.",
    ),
    may("run.warm_up_s", "Warm-up", "s", LENGTH_S, "0", "Invocations that are submitted before this are not measured."),
    words(
        "run.first",
        "At one instant come first",
        &[("completions", "Completions"), ("arrivals", "Arrivals and messages")],
        "With arrivals first, what ends now does not yet serve who comes now (DSLab FaaS).",
    ),
];

/// The lists whose objects have ids.
const LISTS: [&str; 5] = ["zones", "nodes", "links", "functions", "images"];

/// A path without the ids of objects: `nodes.cores` for `nodes.pool[17].cores`. What is told of it in the guide stands there.
pub fn without_ids(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('.').collect();
    if parts.len() > 2 && LISTS.contains(&parts[0]) {
        parts.remove(1);
    }
    parts.join(".")
}

/// The field at a path, if one of [`FIELDS`] stands there: `nodes.pool[17].cores`, `run.duration_s`.
pub fn field(path: &str) -> Option<&'static Field> {
    let path = without_ids(path);
    FIELDS.iter().find(|field| field.path == path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scenario::{Path, Scenario};
    use serde_json::json;

    #[test]
    fn a_field_is_found_by_the_path_of_its_value() {
        let found = |path: &str| field(path).map(|f| f.path);
        assert_eq!(found("nodes.edge-1.memory_mb"), Some("nodes.memory_mb"));
        assert_eq!(found("nodes.pool[17].cores"), Some("nodes.cores"));
        assert_eq!(found("workload.trace_options.concurrency"), Some("workload.trace_options.concurrency"));
        assert_eq!(found("policies.keep_alive.ttl_s"), None);
        assert_eq!(found("nodes.cores"), Some("nodes.cores"));
    }

    #[test]
    fn what_is_said_to_hold_without_a_value_does() {
        let base = json!({
            "version": 1,
            "zones": [{"id": "z"}],
            "nodes": [{"id": "n", "zone": "z", "roles": ["worker"]}],
            "links": [{"id": "l", "from": "a", "to": "b", "latency_ms": 1}],
            "images": [{"id": "i", "size_mb": 1}],
            "functions": [{"id": "f", "execution": {"kind": "constant"}}],
            "workload": {},
            "frame": {"architecture": {"kind": "centralized"}}
        });
        let base = Scenario::from_value(base).unwrap();
        let mut compared = 0;
        for field in FIELDS {
            let said = match field.shape {
                Shape::Number { absent: Some(absent), .. } => match absent.replace(',', "").parse::<f64>() {
                    Ok(x) if x.fract() == 0.0 => json!(x as u64),
                    Ok(x) => json!(x),
                    Err(_) => continue,
                },
                Shape::Words(words) => json!(words[0].0),
                Shape::Flag(value) => json!(value),
                _ => continue,
            };
            let path = LISTS.iter().fold(field.path.to_owned(), |path, list| match path.strip_prefix(&format!("{list}.")) {
                Some(rest) => format!("{list}.{}.{rest}", &list[..1]),
                None => path,
            });
            assert_eq!(base.with(&Path::parse(&path).unwrap(), said).unwrap(), base, "{path}");
            compared += 1;
        }
        assert!(compared > 40, "{compared}");
    }

    #[test]
    fn every_field_is_told_once_and_in_sentences() {
        for (i, field) in FIELDS.iter().enumerate() {
            assert!(FIELDS[..i].iter().all(|other| other.path != field.path), "{}", field.path);
            assert!(field.help.ends_with('.') && !field.label.is_empty(), "{}", field.path);
        }
    }
}
