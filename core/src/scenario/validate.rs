//! Whether a scenario makes sense: every problem with its path, what is wrong and what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::field::{Shape, field};
use super::{Change, Node, Path, Role, Scenario, TooLarge};
use crate::frame::mechanism::stealing;
use crate::registry::{Catalogue, Choice, Entry, find, nearest};

/// Something that does not make sense in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// Where, as a [`Path`] would name it.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Whether the scenario can run all the same.
    pub warning: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.path, self.message, self.hint)
    }
}

/// The most invocations that one run may have: about 55 bytes each, so that they fit into a browser's memory.
pub const MOST_INVOCATIONS: u64 = 50_000_000;

/// The most machines that one scenario may have.
const MOST_MACHINES: u64 = 100_000;

/// The most nodes, zones, links or functions that one scenario may list.
pub(crate) const MOST_OBJECTS: usize = 1_000;

/// The most changes that one timeline may have; each holds a compiled copy of the scenario.
const MOST_CHANGES: usize = 200;

/// The most values that all changes of a timeline may set.
const MOST_SETS: usize = 2_000;

/// The most errors, and the most warnings, that are told.
const MOST_TOLD: usize = 200;

/// After so many problems the names that may have been meant are no longer searched for.
const MOST_GUESSES: usize = 20;

/// The most attempts after the first.
pub(super) const MOST_RETRIES: u32 = 30;

/// The longest run, in seconds: a century.
pub(super) const LONGEST_S: f64 = 3.2e9;

/// The most zones; in a federation each gossips with every other.
const MOST_ZONES: usize = 200;

/// The most places on the ring of a placement by hashing, 8 bytes each.
const MOST_PLACES: u64 = 5_000_000;

/// The most bytes that the views of all placers together may take.
const MOST_VIEW_BYTES: u64 = 100_000_000;

/// Everything that is wrong with a scenario; empty if it can run without a remark.
pub fn validate(scenario: &Scenario, catalogue: &Catalogue) -> Vec<Problem> {
    let mut v = Validator { problems: Vec::new(), catalogue };
    let timeline: Vec<usize> = scenario.timeline.iter().map(|c| c.set.len()).collect();
    let overrides: usize = scenario.nodes.iter().map(|n| n.overrides.len()).sum();
    let lists = [
        ("zones", scenario.zones.len()),
        ("nodes", scenario.nodes.len()),
        ("links", scenario.links.len()),
        ("functions", scenario.functions.len()),
        ("images", scenario.images.len()),
    ];
    if let Some((path, message, hint)) = too_much(&lists, overrides, &timeline) {
        // Nothing else is looked at: some checks compare everything with everything.
        v.error(path, message, hint);
        return v.problems;
    }
    v.topology(scenario);
    v.network(scenario);
    v.workload(scenario);
    v.images(scenario);
    v.choices(scenario);
    v.run(scenario);
    v.timeline(scenario);
    v.problems
}

/// Whether there is more of something than a scenario may hold: (where, what, what to do). `lists` says how long each list is,
/// `overrides` how many machines of blocks differ, `timeline` how much each change sets.
pub(super) fn too_much(
    lists: &[(&'static str, usize)],
    overrides: usize,
    timeline: &[usize],
) -> Option<(&'static str, String, &'static str)> {
    let more = |n: usize, most: usize| format!("{n} entries are more than {most}");
    if let Some(&(list, n)) = lists.iter().find(|(_, n)| *n > MOST_OBJECTS) {
        return Some((list, more(n, MOST_OBJECTS), "Use a node's count for many machines."));
    }
    if overrides as u64 > MOST_MACHINES {
        return Some(("nodes", format!("{overrides} machines that differ are more than {MOST_MACHINES}"), "Lower the counts."));
    }
    if timeline.len() > MOST_CHANGES {
        return Some(("timeline", format!("{} changes are more than {MOST_CHANGES}", timeline.len()), "Shorten it."));
    }
    let sets: usize = timeline.iter().sum();
    (sets > MOST_SETS).then(|| ("timeline", format!("{sets} new values are more than {MOST_SETS}"), "Shorten it."))
}

/// Why the invocations of a process are too many: (path, message, what to do).
pub(crate) fn too_many_drawn(
    arrivals: &Choice,
    entry: &Entry,
    jobs: Option<(&Choice, &Entry)>,
    duration_s: Option<f64>,
) -> Option<(String, String, &'static str)> {
    let number = |name: &str| arrivals.value(entry.params.iter().find(|p| p.name == name)?).as_f64();
    let (expected, culprit, hint) = match (number("rate_per_s"), number("users")) {
        (Some(rate), _) if jobs.is_some_and(|(_, entry)| !entry.params.is_empty()) => {
            let (tasks, edges) = jobs.map_or((1.0, 0.0), |(choice, entry)| mean_job_size(choice, entry));
            // One job is drawn whole, however few are expected.
            let expected = (rate * duration_s.unwrap_or(0.0)).max(1.0);
            if edges > tasks && expected * edges > MOST_INVOCATIONS as f64 {
                let message = format!("about {:.0} dependencies are more than {MOST_INVOCATIONS}", expected * edges);
                return Some((
                    "workload.jobs.kind".to_owned(),
                    message,
                    "Lower the size of a job, the rate or the run's duration.",
                ));
            }
            (expected * tasks, "rate_per_s", "Lower the rate, the tasks of a job or the run's duration.")
        }
        (Some(rate), _) => (rate * duration_s.unwrap_or(0.0), "rate_per_s", "Lower the rate or the run's duration."),
        (None, Some(users)) => {
            let [think_ms, rounds, batch] = ["think_ms", "rounds", "batch"].map(|name| number(name).unwrap_or(0.0).max(0.0));
            // Even if every answer came at once, think times take their time; one round does not wait for any.
            let fit = duration_s.filter(|_| think_ms > 0.0).map_or(f64::INFINITY, |s| s * 1e3 / think_ms) + 1.0;
            let rounds = if rounds > 0.0 { rounds.min(fit) } else { fit };
            if !rounds.is_finite() {
                let message = "the users' rounds would never end".to_owned();
                return Some((
                    "workload.arrivals.rounds".to_owned(),
                    message,
                    "Enter a number of rounds, or a duration of the run and a think time.",
                ));
            }
            (
                users * batch.max(1.0) * rounds,
                "users",
                "Lower the users, the rounds, the invocations at once or the run's duration, or let them think longer.",
            )
        }
        _ => return None,
    };
    (expected > MOST_INVOCATIONS as f64).then(|| {
        let message = format!("about {expected:.0} invocations are more than {MOST_INVOCATIONS}");
        (format!("workload.arrivals.{culprit}"), message, hint)
    })
}

/// How many tasks, and how many dependencies, a job of a shape has on average.
fn mean_job_size(choice: &Choice, entry: &Entry) -> (f64, f64) {
    let number = |name: &str| {
        let param = entry.params.iter().find(|p| p.name == name);
        param.and_then(|p| choice.value(p).as_f64()).unwrap_or(0.0).max(0.0)
    };
    match entry.kind {
        "parallel" => (number("tasks"), 0.0),
        "chain" => (number("tasks"), number("tasks") - 1.0),
        "fan_out" => (number("tasks") + 2.0, 2.0 * number("tasks")),
        "layered" => {
            // A layer has (1 + width) / 2 tasks, independently of the one before.
            let (layers, wide, edge) = (number("layers"), (1.0 + number("width")) / 2.0, number("edge"));
            (layers * wide, (layers - 1.0) * wide * (1.0 + edge * (wide - 1.0)))
        }
        _ => (1.0, 0.0),
    }
}

/// Why the placers of a scenario with so many functions would take too much memory. A view holds each host that it sees and a
/// list for each function; a placer finds every host of the platform by its number.
pub(crate) fn too_much_to_see(s: &Scenario, functions: usize) -> Option<Problem> {
    let workers: u64 = s.nodes.iter().filter(|n| n.is(Role::Worker)).map(|n| u64::from(n.count)).sum();
    let architecture = &s.frame.architecture;
    // At least one with each client.
    let clients = s.nodes.iter().filter(|n| n.is(Role::Client)).count() as u64;
    let wanted = |name: &str, default: u64| architecture.params.get(name).and_then(Value::as_u64).unwrap_or(default);
    let (placers, seen) = match architecture.kind.as_str() {
        "decentralized" | "batch_sampling" | "late_binding" | "independent" | "shared_state" | "hawk" | "eagle" | "mercury" => {
            let placers = wanted("placers", 10).max(clients);
            (placers, placers.saturating_mul(workers))
        }
        "key_ranges" => (wanted("placers", 5).saturating_add(1), 0),
        "leases" => (wanted("placers", 10).max(clients).saturating_add(1), 0),
        "offers" => (wanted("frameworks", 4).max(clients).saturating_add(1), 0),
        "federated" => (s.zones.len() as u64, workers),
        "subgraphs" => {
            // One on each worker, which knows of all, beside those with the clients and the store's.
            let clients = s.nodes.iter().filter(|n| n.is(Role::Client)).count() as u64;
            let placers = architecture.params.get("placers").and_then(Value::as_u64).unwrap_or(10).max(clients);
            let seeing = placers.saturating_add(workers);
            (seeing + 1, seeing.saturating_mul(workers))
        }
        "gateway" => (1 + workers, 2 * workers),
        _ => (1, workers),
    };
    let each = 4 * workers + 24 * functions as u64;
    let bytes = seen.saturating_mul(44).saturating_add(placers.saturating_mul(each));
    (bytes > MOST_VIEW_BYTES).then(|| {
        let (path, hint) = match architecture.kind.as_str() {
            "decentralized" | "batch_sampling" | "late_binding" | "independent" | "shared_state" | "hawk" | "eagle" | "mercury" => {
                let most = MOST_VIEW_BYTES / (44 * workers + each).max(1);
                ("frame.architecture.placers", format!("At most {most} placers fit; each client has at least one."))
            }
            _ => ("frame.architecture.kind", "Use fewer zones, workers or functions.".to_owned()),
        };
        let message = format!("{placers} placers that know of {workers} hosts and {functions} functions are more than fit");
        Problem { path: path.to_owned(), message, hint, warning: false }
    })
}

/// The machines of some workers, so that whether a function fits one of them is found quickly: their memory, the largest first,
/// and beside each the most cores of all machines with at least as much.
#[derive(Default)]
struct Sizes(Vec<(f64, f64)>);

impl Sizes {
    fn of<'b>(workers: impl Iterator<Item = &'b Node>) -> Sizes {
        let mut all = Vec::new();
        for n in workers {
            // A block whose every machine differs has none like the node itself.
            all.extend((n.overrides.len() < n.count as usize).then_some((n.memory_mb, n.cores)));
            all.extend(n.overrides.values().map(|o| (o.memory_mb.unwrap_or(n.memory_mb), o.cores.unwrap_or(n.cores))));
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut most = 0.0_f64;
        for (_, cores) in &mut all {
            most = most.max(*cores);
            *cores = most;
        }
        Sizes(all)
    }

    fn fit(&self, memory_mb: f64, cores: f64) -> bool {
        let enough = self.0.partition_point(|m| m.0 >= memory_mb);
        enough.checked_sub(1).is_some_and(|last| self.0[last].1 >= cores)
    }
}

struct Validator<'a> {
    problems: Vec<Problem>,
    catalogue: &'a Catalogue,
}

impl Validator<'_> {
    fn error(&mut self, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.tell(Problem { path: path.into(), message: message.into(), hint: hint.into(), warning: false });
    }

    fn warning(&mut self, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.tell(Problem { path: path.into(), message: message.into(), hint: hint.into(), warning: true });
    }

    fn tell(&mut self, problem: Problem) {
        if self.problems.len() < MOST_TOLD || self.problems.iter().filter(|p| p.warning == problem.warning).count() < MOST_TOLD {
            self.problems.push(problem);
        }
    }

    /// The name that may have been meant.
    fn meant<'b>(&self, word: &str, known: impl IntoIterator<Item = &'b str>) -> Option<&'b str> {
        if self.problems.len() < MOST_GUESSES { nearest(word, known) } else { None }
    }

    /// Checks a number against the range of its path.
    fn range(&mut self, path: String, value: f64) {
        // A path without a range would never be right, which every test would see.
        let (unit, min, max) = match field(&path).map(|field| field.shape) {
            Some(Shape::Number { unit, min, max, .. }) => (unit, min, max),
            _ => ("", f64::NAN, f64::NAN),
        };
        if !(value >= min && value <= max) {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            self.error(
                path,
                format!("{value}{unit} is outside {min} to {max}{unit}"),
                format!("Enter a value from {min} to {max}."),
            );
        }
    }

    /// Checks the ids of a list; `taken` holds those of all lists so far and in which they stand.
    fn ids<'b>(&mut self, list: &'static str, ids: impl Iterator<Item = &'b str>, taken: &mut BTreeMap<&'b str, &'static str>) {
        for id in ids {
            let good = !id.is_empty() && id.len() <= 200 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if !good {
                self.error(list, format!("{id:?} cannot be an id"), "Use letters, digits, - and _.");
            }
            match taken.insert(id, list) {
                None => {}
                Some(other) if other == list => {
                    self.error(format!("{list}.{id}"), format!("two entries have the id {id}"), "Give one of them another id.");
                }
                Some(other) => {
                    let message = format!("one of the {other} has the same id");
                    self.error(
                        format!("{list}.{id}"),
                        message,
                        "Nodes, zones, links, functions and images share their names; rename one.",
                    );
                }
            }
        }
    }

    fn topology(&mut self, s: &Scenario) {
        let mut taken = BTreeMap::new();
        self.ids("nodes", s.nodes.iter().map(|n| n.id.as_str()), &mut taken);
        self.ids("zones", s.zones.iter().map(|z| z.id.as_str()), &mut taken);
        self.ids("links", s.links.iter().map(|l| l.id.as_str()), &mut taken);
        self.ids("functions", s.functions.iter().map(|f| f.id.as_str()), &mut taken);
        self.ids("images", s.images.iter().map(|i| i.id.as_str()), &mut taken);
        let zones: BTreeSet<&str> = s.zones.iter().map(|z| z.id.as_str()).collect();
        for z in &s.zones {
            if let Some(ms) = z.latency_ms {
                self.range(format!("zones.{}.latency_ms", z.id), ms);
            }
            if !z.x.into_iter().chain(z.y).all(f64::is_finite) {
                self.error(format!("zones.{}.x", z.id), "the position is not a number", "Enter numbers for x and y.");
            }
        }
        for n in &s.nodes {
            let at = |field: &str| format!("nodes.{}.{field}", n.id);
            if !zones.contains(n.zone.as_str()) {
                let known: Vec<&str> = s.zones.iter().map(|z| z.id.as_str()).collect();
                let hint = match self.meant(&n.zone, known.iter().copied()) {
                    Some(near) => format!("Did you mean {near}?"),
                    None => format!("Zones: {}.", known.iter().take(12).copied().collect::<Vec<_>>().join(", ")),
                };
                self.error(at("zone"), format!("there is no zone {}", n.zone), hint);
            }
            if n.roles.is_empty() {
                self.error(at("roles"), "the node has no role", "Make it a client, a controller or a worker.");
            }
            if n.count == 0 {
                self.error(at("count"), "0 machines", "Enter at least 1, or delete the node.");
            }
            if n.count > 1 && n.roles.iter().any(|r| *r != Role::Worker) {
                self.error(at("count"), "only workers come in blocks", "Set count to 1, or give the node the role worker alone.");
            }
            if !(n.x.is_finite() && n.y.is_finite()) {
                self.error(at("x"), "the position is not a number", "Enter numbers for x and y.");
            }
            self.range(at("traffic"), n.traffic);
            self.range(at("cores"), n.cores);
            self.range(at("memory_mb"), n.memory_mb);
            self.range(at("speed"), n.speed);
            self.range(at("disk_mb"), n.disk_mb.unwrap_or(0.0));
            self.range(at("disk_read_mb_s"), n.disk_read_mb_s.unwrap_or(1.0));
            self.range(at("disk_write_mb_s"), n.disk_write_mb_s.unwrap_or(1.0));
            if n.slots == Some(0) {
                self.error(at("slots"), "a worker without slots runs nothing", "Enter at least 1, or leave it out.");
            }
            for (number, o) in &n.overrides {
                let at = |field: &str| format!("nodes.{}[{number}].{field}", n.id);
                if *number >= n.count {
                    self.error(
                        format!("nodes.{}[{number}]", n.id),
                        format!("the block has only {} machines", n.count),
                        "Count from 0.",
                    );
                }
                self.range(at("cores"), o.cores.unwrap_or(1.0));
                self.range(at("memory_mb"), o.memory_mb.unwrap_or(1.0));
                self.range(at("speed"), o.speed.unwrap_or(1.0));
                if o.slots == Some(0) {
                    self.error(at("slots"), "a worker without slots runs nothing", "Enter at least 1, or leave it out.");
                }
            }
        }
        if s.zones.len() > MOST_ZONES {
            self.error("zones", format!("{} zones are more than {MOST_ZONES}", s.zones.len()), "Put several sites into one zone.");
        }
        let machines: u64 = s.nodes.iter().map(|n| u64::from(n.count)).sum();
        if machines > MOST_MACHINES {
            self.error("nodes", format!("{machines} machines are more than {MOST_MACHINES}"), "Lower the counts.");
        }
        for (role, what) in [(Role::Client, "nothing submits invocations"), (Role::Worker, "nothing runs invocations")] {
            if !s.nodes.iter().any(|n| n.is(role)) {
                self.error("nodes", what, format!("Add a {}.", role.name().to_lowercase()));
            }
        }
        if s.nodes.iter().filter(|n| n.is(Role::Client)).all(|n| n.traffic == 0.0) && s.nodes.iter().any(|n| n.is(Role::Client)) {
            self.error("nodes", "no client has traffic", "Give a client traffic above 0.");
        }
    }

    fn network(&mut self, s: &Scenario) {
        self.range("network.within_zone_ms".into(), s.network.within_zone_ms);
        self.range("network.between_zones_ms".into(), s.network.between_zones_ms);
        let nodes: BTreeSet<&str> = s.nodes.iter().map(|n| n.id.as_str()).collect();
        let zones: BTreeSet<&str> = s.zones.iter().map(|z| z.id.as_str()).collect();
        for l in &s.links {
            let at = |field: &str| format!("links.{}.{field}", l.id);
            let is_node = |id: &str| nodes.contains(id);
            let is_zone = |id: &str| zones.contains(id);
            for (field, end) in [("from", &l.from), ("to", &l.to)] {
                if !is_node(end) && !is_zone(end) {
                    let known = s.nodes.iter().map(|n| n.id.as_str()).chain(s.zones.iter().map(|z| z.id.as_str()));
                    let hint = self.meant(end, known).map_or("Name a node or a zone.".to_owned(), |n| format!("Did you mean {n}?"));
                    self.error(at(field), format!("there is no node or zone {end}"), hint);
                }
            }
            if l.from == l.to {
                self.error(at("to"), "the link connects a thing with itself", "Choose another end, or set the zone's own latency.");
            } else if (is_node(&l.from) && is_zone(&l.to)) || (is_zone(&l.from) && is_node(&l.to)) {
                self.error(at("to"), "a link connects two nodes or two zones", "Choose two of a kind.");
            }
            self.range(at("latency_ms"), l.latency_ms);
            self.range(at("jitter_ms"), l.jitter_ms);
            if let Some(b) = l.bandwidth_mbps {
                self.range(at("bandwidth_mbps"), b);
            }
        }
    }

    fn workload(&mut self, s: &Scenario) {
        let sizes = Sizes::of(s.nodes.iter().filter(|n| n.is(Role::Worker)));
        let alone = alone(s);
        for f in &s.functions {
            let at = |field: &str| format!("functions.{}.{field}", f.id);
            self.range(at("memory_mb"), f.memory_mb);
            self.range(at("create_ms"), f.create_ms);
            self.range(at("init_ms"), f.init_ms);
            self.range(at("cores"), f.cores);
            self.range(at("concurrency"), f64::from(f.concurrency));
            self.range(at("weight"), f.weight);
            self.range(at("request_kb"), f.request_kb);
            self.range(at("response_kb"), f.response_kb);
            if let Some(patience) = f.patience_s {
                self.range(at("patience_s"), patience);
            }
            if let Some(deadline) = f.deadline_s {
                self.range(at("deadline_s"), deadline);
            }
            if f.app.as_ref().is_some_and(|app| app.trim().is_empty() || app.len() > 200) {
                self.error(at("app"), "an app has a name of up to 200 letters", "Name it, or leave it out.");
            }
            self.range(at("retries"), f64::from(f.retries));
            self.range(at("backoff_ms"), f.backoff_ms);
            for (field, limit, size, fate) in [
                ("ingress_limit_kb", f.ingress_limit_kb, f.request_kb, "request is larger: every invocation will be rejected"),
                ("egress_limit_kb", f.egress_limit_kb, f.response_kb, "response is larger: every execution will fail"),
            ] {
                let Some(limit) = limit else { continue };
                self.range(at(field), limit);
                if size > limit {
                    let hint = format!("Raise the limit to {size} kB or more, or lower the size.");
                    self.warning(at(field), format!("the function's {fate}"), hint);
                }
            }
            self.range(at("min_warm"), f64::from(f.min_warm));
            if let Some(keep) = f.keep_alive_s {
                self.range(at("keep_alive_s"), keep);
            }
            if let Some(limit) = f.time_limit_s {
                self.range(at("time_limit_s"), limit);
            }
            self.range(at("disk_mb"), f.disk_mb);
            if !sizes.fit(f.memory_mb, f.cores) {
                let fate = if s.policies.too_large == TooLarge::Drop { "dropped" } else { "rejected" };
                let hint = format!("Its invocations will be {fate}.");
                self.warning(at("memory_mb"), "no worker is large enough for this function", hint);
            } else if let Some((zone, _)) = alone.iter().find(|(_, own)| !own.fit(f.memory_mb, f.cores)) {
                let message = format!("no worker of zone {zone} is large enough for this function");
                let hint = "Its invocations from there will be rejected, because frame.architecture.hops is 0.";
                self.warning(at("memory_mb"), message, hint);
            }
        }
        let asked: f64 = s.functions.iter().map(|f| f64::from(f.min_warm) * f.memory_mb).sum();
        let there: f64 = s.nodes.iter().filter(|n| n.is(Role::Worker)).map(|n| f64::from(n.count) * n.memory_mb).sum();
        if let Some(f) = s.functions.iter().find(|f| f.min_warm > 0).filter(|_| asked > there) {
            let message = format!("containers that are always there need {asked} MB, and the workers have {there} MB");
            self.warning(format!("functions.{}.min_warm", f.id), message, "Those that do not fit are left out.");
        }
        let w = &s.workload;
        if w.trace.is_none() && s.functions.is_empty() {
            self.error("functions", "there is nothing to invoke", "Add a function, or load a trace.");
        }
        if w.trace.is_none() && !s.functions.is_empty() && s.functions.iter().all(|f| f.weight == 0.0) {
            self.error("functions", "every function has weight 0", "Give one of them a weight above 0.");
        }
        let o = &w.trace_options;
        self.range("workload.trace_options.time_scale".into(), o.time_scale);
        self.range("workload.trace_options.memory_mb".into(), o.memory_mb);
        self.range("workload.trace_options.cold_start_ms".into(), o.cold_start_ms);
        self.range("workload.trace_options.cold_overhead_ms".into(), o.cold_overhead_ms);
        self.range("workload.trace_options.cold_overhead_share".into(), o.cold_overhead_share);
        self.range("workload.trace_options.cores".into(), o.cores);
        self.range("workload.trace_options.concurrency".into(), f64::from(o.concurrency));
    }

    fn images(&mut self, s: &Scenario) {
        for i in &s.images {
            self.range(format!("images.{}.size_mb", i.id), i.size_mb);
            self.range(format!("images.{}.memory_mb", i.id), i.memory_mb.unwrap_or(0.0));
        }
        let known: BTreeMap<&str, &super::Image> = s.images.iter().map(|i| (i.id.as_str(), i)).collect();
        let of_functions = s.functions.iter().map(|f| (format!("functions.{}", f.id), &f.image));
        for (at, image) in of_functions.chain([("workload.trace_options".to_owned(), &s.workload.trace_options.image)]) {
            let Some(image) = image.as_ref().filter(|i| !known.contains_key(i.as_str())) else { continue };
            let hint = match self.meant(image, known.keys().copied()) {
                Some(near) => format!("Did you mean {near}?"),
                None => "Add it to images, or leave it out.".to_owned(),
            };
            self.error(format!("{at}.image"), format!("there is no image {image}"), hint);
        }
        // What can never start anywhere is said here; the run rejects it with the same cause.
        let workers = || s.nodes.iter().filter(|n| n.is(Role::Worker));
        let most = |of: fn(&Node) -> f64| workers().map(of).fold(0.0, f64::max);
        let most_disk = most(|n| n.disk_mb.unwrap_or(f64::INFINITY));
        let most_memory = most(|n| n.overrides.values().filter_map(|o| o.memory_mb).fold(n.memory_mb, f64::max));
        for f in &s.functions {
            let image = f.image.as_ref().and_then(|i| known.get(i.as_str()));
            let (size, memory) = image.map_or((0.0, 0.0), |i| (i.size_mb, i.memory_mb.unwrap_or(i.size_mb)));
            let rejected = "Its invocations will be rejected.";
            if f.disk_mb + size > most_disk {
                self.warning(format!("functions.{}.disk_mb", f.id), "no worker has disk enough for it and its image", rejected);
            } else if memory > 0.0 && f.memory_mb + memory > most_memory {
                self.warning(format!("functions.{}.image", f.id), "no worker has memory enough for it and its image", rejected);
            }
        }
        let head = s.nodes.iter().filter(|n| n.is(Role::HeadStore)).filter_map(|n| n.disk_mb).fold(f64::INFINITY, f64::min);
        if let Some(i) = s.images.iter().find(|i| i.size_mb > head) {
            let message = format!("the image is larger than a head store, which has {head} MB");
            self.warning(
                format!("images.{}.size_mb", i.id),
                message,
                "Where it is fetched from there, invocations will be rejected.",
            );
        }
    }

    fn choices(&mut self, s: &Scenario) {
        self.choice("frame.architecture", &s.frame.architecture);
        self.choice("frame.stealing", &s.frame.stealing);
        if let Some((message, hint)) = stealing::objection(&s.frame.stealing, &s.frame.architecture.kind) {
            self.error("frame.stealing.kind", message, hint);
        }
        if s.frame.architecture.kind == "dynamic" {
            self.agents(s);
        }
        if s.frame.architecture.kind == "federated" {
            self.gossip(s);
        }
        if let Some(problem) = too_much_to_see(s, s.functions.len()) {
            self.tell(problem);
        }
        self.choice("policies.placement", &s.policies.placement);
        self.choice("policies.keep_alive", &s.policies.keep_alive);
        self.choice("policies.order", &s.policies.order);
        self.choice("policies.estimates", &s.policies.estimates);
        self.ring(s);
        self.order(s);
        if let Some(timeout) = s.policies.queue_timeout_s {
            self.range("policies.queue_timeout_s".into(), timeout);
        }
        self.choice("workload.arrivals", &s.workload.arrivals);
        self.choice("workload.popularity", &s.workload.popularity);
        self.choice("workload.jobs", &s.workload.jobs);
        for f in &s.functions {
            self.choice(&format!("functions.{}.execution", f.id), &f.execution);
            // As written, or the default: a bound beside which the other is not written counts too.
            let bound = |name: &str| {
                let entry = find(&self.catalogue.distributions, &f.execution.kind)?;
                f.execution.value(entry.params.iter().find(|p| p.name == name)?).as_f64()
            };
            if let (Some(low), Some(high)) = (bound("min_ms"), bound("max_ms")) {
                if low > high {
                    let message = format!("the upper bound, {high} ms, is below the lower, {low} ms");
                    self.error(format!("functions.{}.execution.max_ms", f.id), message, "Swap them, or enter both.");
                } else if low == 0.0 && f.execution.kind == "pareto" {
                    let hint = "Enter the least execution time.";
                    self.error(format!("functions.{}.execution.min_ms", f.id), "a Pareto distribution begins above 0", hint);
                }
            }
        }
    }

    /// A ring of hosts holds so many places for each; nobody needs one that does not fit.
    fn ring(&mut self, s: &Scenario) {
        let placement = &s.policies.placement;
        let Some(entry) = find(&self.catalogue.placements, &placement.kind).filter(|e| e.kind == "hashing") else { return };
        let value = |name: &str| Some(placement.value(entry.params.iter().find(|p| p.name == name)?));
        let hosts: u64 = s.nodes.iter().filter(|n| n.is(Role::Worker)).map(|n| u64::from(n.count)).sum();
        let each = value("virtual_nodes").and_then(|v| v.as_u64()).unwrap_or(0);
        let is_ring = value("method").is_some_and(|v| v.as_str() == Some("ring"));
        if is_ring && hosts.saturating_mul(each) > MOST_PLACES {
            let message = format!("{each} places for each of {hosts} hosts are more than {MOST_PLACES}");
            let hint = format!("At most {} fit.", MOST_PLACES / hosts.max(1));
            self.error("policies.placement.virtual_nodes", message, hint);
        }
    }

    /// An order that goes by what no function has is first come, first served.
    fn order(&mut self, s: &Scenario) {
        let traced = s.workload.trace.is_some();
        let (nobody, what) = match s.policies.order.kind.as_str() {
            "edf" => (traced || s.functions.iter().all(|f| f.deadline_s.is_none()), "a deadline"),
            "priority" => (traced || s.functions.iter().all(|f| f.priority == 0), "a priority"),
            _ => return,
        };
        if nobody {
            let hint = format!("Tasks are served in the order in which they come; give a function {what}.");
            self.warning("policies.order.kind", format!("no function has {what}"), hint);
        }
    }

    /// What the agents of the dynamic architecture need: controllers to hand requests to, and thresholds in order.
    fn agents(&mut self, s: &Scenario) {
        let architecture = &s.frame.architecture;
        let mode = architecture.params.get("mode").and_then(Value::as_str).unwrap_or("dynamic");
        if matches!(mode, "dynamic" | "centralized") && !s.nodes.iter().any(|n| n.is(Role::CloudController)) {
            let hint = "Make a node a cloud controller, or set mode to decentralized or federated.";
            self.error("frame.architecture.mode", "centralized needs a cloud controller, and there is none", hint);
        }
        let alone = !s.nodes.iter().any(|n| n.is(Role::CloudController));
        let in_zone = |zone: &str, role: Role| s.nodes.iter().any(|n| n.zone == zone && n.is(role));
        // Where there is a cloud controller it stands in.
        let lacks = |zone: &&super::Zone| alone && in_zone(&zone.id, Role::Worker) && !in_zone(&zone.id, Role::EdgeController);
        if matches!(mode, "dynamic" | "federated")
            && let Some(zone) = s.zones.iter().find(lacks)
        {
            let message = format!("federated needs an edge controller in zone {}, whose workers would have nobody to ask", zone.id);
            let hint = "Make one of its nodes an edge controller, or any node a cloud controller, or set mode to decentralized.";
            self.error("frame.architecture.mode", message, hint);
        }
        let Some(entry) = find(&self.catalogue.architectures, &architecture.kind).copied() else { return };
        let number = |name: &str| architecture.value(entry.params.iter().find(|p| p.name == name)?).as_f64();
        for (soft, hard) in [("soft_d2f", "hard_d2f"), ("soft_f2c", "hard_f2c")] {
            if let (Some(low), Some(high)) = (number(soft), number(hard))
                && low > high
            {
                let message = format!("the hard threshold, {high}, is below the soft one, {low}");
                let hint = format!("All requests leave at {low} at once; raise {hard}, or lower {soft}.");
                self.warning(format!("frame.architecture.{hard}"), message, hint);
            }
        }
    }

    /// Who takes others for silent sooner than they can have said anything takes all for silent.
    fn gossip(&mut self, s: &Scenario) {
        let architecture = &s.frame.architecture;
        let Some(entry) = find(&self.catalogue.architectures, &architecture.kind).copied() else { return };
        let number = |name: &str| architecture.value(entry.params.iter().find(|p| p.name == name)?).as_f64();
        let (Some(every), Some(after)) = (number("gossip_ms"), number("silent_after_ms")) else { return };
        if after > 0.0 && (every == 0.0 || every >= after) {
            let comes = if every == 0.0 { "never".to_owned() } else { format!("every {every} ms") };
            let message = format!("zones count as silent after {after} ms without gossip, which comes {comes}");
            self.warning("frame.architecture.silent_after_ms", message, "Enter several gossip periods, or 0 for never.");
        }
    }

    fn choice(&mut self, path: &str, choice: &Choice) {
        let Some(entries) = self.catalogue.entries_at(path) else { return };
        let kinds: Vec<&str> = entries.iter().map(|e| e.kind).collect();
        let Some(entry) = find(entries, &choice.kind).copied() else {
            let hint = match self.meant(&choice.kind, kinds.iter().copied()) {
                Some(near) => format!("Did you mean {near}?"),
                None => format!("There is: {}.", kinds.join(", ")),
            };
            return self.error(format!("{path}.kind"), format!("there is no {}", choice.kind), hint);
        };
        for (name, value) in &choice.params {
            self.parameter(path, entry, name, value);
        }
    }

    fn parameter(&mut self, path: &str, entry: &Entry, name: &str, value: &Value) {
        let at = format!("{path}.{name}");
        match entry.params.iter().find(|p| p.name == name) {
            Some(param) => {
                if let Some(objection) = param.domain.objection(value) {
                    self.error(at, objection, param.help);
                }
            }
            None => {
                let known: Vec<&str> = entry.params.iter().map(|p| p.name).collect();
                let hint = match self.meant(name, known.iter().copied()) {
                    Some(near) => format!("Did you mean {near}?"),
                    None if known.is_empty() => "It has no parameters.".to_owned(),
                    None => format!("It has: {}.", known.join(", ")),
                };
                self.error(at, format!("{} has no parameter {name}", entry.kind), hint);
            }
        }
    }

    fn run(&mut self, s: &Scenario) {
        let arrivals = &s.workload.arrivals;
        // A trace has its own end, and users who come so many times need no other.
        let ends = s.workload.trace.is_some() || arrivals.params.get("rounds").and_then(Value::as_u64).is_some_and(|n| n > 0);
        if let Some(d) = s.run.duration_s {
            self.range("run.duration_s".into(), d);
        } else if !ends {
            self.error("run.duration_s", "arrivals that are drawn need an end", "Enter how many seconds invocations arrive.");
        }
        self.range("run.warm_up_s".into(), s.run.warm_up_s);
        if s.run.duration_s.is_some_and(|d| s.run.warm_up_s >= d) {
            self.warning("run.warm_up_s", "the warm-up is as long as the run", "Nothing will be measured; shorten it.");
        }
        let Some(entry) = find(&self.catalogue.arrivals, &arrivals.kind).filter(|_| s.workload.trace.is_none()) else { return };
        let shape = find(&self.catalogue.jobs, &s.workload.jobs.kind).map(|shape| (&s.workload.jobs, *shape));
        if (s.run.duration_s.is_some() || ends)
            && let Some((path, message, hint)) = too_many_drawn(arrivals, entry, shape, s.run.duration_s)
        {
            self.error(path, message, hint);
        }
        let users = entry.params.iter().any(|p| p.name == "users");
        let jobs = s.workload.jobs.kind.as_str();
        if users && jobs != "single" {
            let message = "users who wait for answers make invocations, not jobs";
            self.error(
                "workload.jobs.kind",
                message,
                "Choose single, or arrivals that do not wait; a user's batch is workload.arrivals.batch.",
            );
        }
        if s.policies.keep_alive.kind == "clairvoyant" {
            if users {
                let hint = "It knows of each user's first round only, and is no bound on what others can do.";
                self.warning("policies.keep_alive.kind", "nobody knows when users who wait for answers come", hint);
            } else if !matches!(jobs, "single" | "parallel") {
                let hint = "It knows of each job's first tasks only, and is no bound on what others can do.";
                self.warning("policies.keep_alive.kind", "nobody knows when tasks that wait for others come", hint);
            }
        }
    }

    fn timeline(&mut self, s: &Scenario) {
        if s.timeline.is_empty() {
            return self.silence(&s.nodes);
        }
        let mut value = s.to_value();
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("timeline");
        }
        let mut order: Vec<(usize, &Change)> = s.timeline.iter().enumerate().collect();
        order.sort_by(|a, b| a.1.at_s.total_cmp(&b.1.at_s));
        for (i, change) in order {
            let at = format!("timeline[{i}]");
            if !(change.at_s >= 0.0 && change.at_s <= LONGEST_S) {
                self.error(format!("{at}.at_s"), format!("{} is not an instant of the run", change.at_s), "Enter seconds from 0.");
            }
            match self.change(&value, change) {
                Ok(changed) => value = changed,
                Err(wrong) => {
                    for (text, message, hint) in wrong {
                        self.error(format!("{at}.set.{text}"), message, hint);
                    }
                }
            }
        }
        if let Ok(end) = Scenario::from_value(value) {
            self.silence(&end.nodes);
        }
    }

    /// Nodes that do not answer in the end never do again.
    fn silence(&mut self, in_the_end: &[Node]) {
        for node in in_the_end.iter().filter(|n| !n.answers) {
            self.warning(
                format!("nodes.{}.answers", node.id),
                "it never answers again",
                "What waits there then will not end; let the timeline set answers to true.",
            );
        }
    }

    /// The scenario after a change, or what of it does not go: (path, what is wrong, what to do).
    fn change<'b>(&self, before: &Value, change: &'b Change) -> Result<Value, Vec<(&'b str, String, String)>> {
        let mut whole = before.clone();
        let mut wrong = Vec::new();
        for (text, new) in &change.set {
            let set = Path::parse(text).map_err(|e| (e.message, e.hint)).and_then(|path| {
                if !may_change(&path) {
                    return Err((format!("{text} cannot change during a run"), CHANGEABLE.to_owned()));
                }
                path.set(&mut whole, new.clone()).map_err(|e| (e.message, e.hint))
            });
            if let Err((message, hint)) = set {
                wrong.push((text.as_str(), message, hint));
            }
        }
        // The changed scenario must make sense too; what was wrong before the change is reported at its own place.
        let about = |text: &str, place: &str| text.starts_with(place) || place.starts_with(text.trim_end_matches(".kind"));
        match Scenario::from_value(whole.clone()) {
            Err(e) => {
                let culprit = change.set.keys().find(|text| about(text, &e.place)).or(change.set.keys().next_back());
                wrong.extend(culprit.map(|text| (text.as_str(), e.message, e.hint)));
            }
            Ok(changed) => {
                let problems = validate(&changed, self.catalogue);
                for text in change.set.keys() {
                    // A mechanism that means nothing with the architecture, whichever of them changes.
                    let pair = |p: &Problem| p.path == "frame.stealing.kind" && text.starts_with("frame.");
                    if let Some(p) = problems.iter().find(|p| !p.warning && (about(text, &p.path) || pair(p))) {
                        wrong.push((text.as_str(), p.message.clone(), p.hint.clone()));
                    }
                }
            }
        }
        if wrong.is_empty() { Ok(whole) } else { Err(wrong) }
    }
}

/// In a federation without hops, the zones from which invocations come that must run there, with the machines of each.
fn alone(s: &Scenario) -> Vec<(&str, Sizes)> {
    let architecture = &s.frame.architecture;
    if architecture.kind != "federated" || architecture.params.get("hops").and_then(Value::as_u64) != Some(0) {
        return Vec::new();
    }
    let with = |role: Role| s.nodes.iter().filter(move |n| n.is(role));
    let zones: BTreeSet<&str> = with(Role::Client).filter(|n| n.traffic > 0.0).map(|n| n.zone.as_str()).collect();
    zones
        .into_iter()
        .map(|zone| (zone, Sizes::of(with(Role::Worker).filter(|n| n.zone == zone))))
        // Without workers there, the nearest zone's placer decides.
        .filter(|(_, sizes)| !sizes.0.is_empty())
        .collect()
}

/// What may change while a run goes on, in words.
pub(crate) const CHANGEABLE: &str = "During a run the frame, the policies, the network, links' values, nodes' speed and whether they answer can change; the rest is fixed when \
     the run starts, because invocations already drawn or running depend on it.";

/// Whether the value at a path may change while a run goes on.
pub(crate) fn may_change(path: &Path) -> bool {
    match path.head() {
        "frame" | "policies" => path.depth() >= 3 || path.last() != path.head(),
        "network" => path.depth() == 2 && path.last() != "sharing",
        "links" => path.depth() == 3 && matches!(path.last(), "latency_ms" | "jitter_ms" | "bandwidth_mbps"),
        "nodes" => path.depth() == 3 && matches!(path.last(), "speed" | "answers"),
        _ => false,
    }
}
