//! Whether a scenario makes sense: every problem with its path, what is wrong and what to do.

use std::fmt;

use serde_json::Value;

use super::{Change, Node, NodeOverride, Path, Role, Scenario, TooLarge};
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

/// The most machines that one scenario may have.
const MOST_MACHINES: u64 = 100_000;

/// The most nodes, zones, links or functions that one scenario may list.
const MOST_OBJECTS: usize = 1_000;

/// The most changes that one timeline may have; each holds a compiled copy of the scenario.
const MOST_CHANGES: usize = 200;

/// The most zones; in a federation each gossips with every other.
const MOST_ZONES: usize = 200;

/// The most hosts that all placers together may have in their views.
const MOST_VIEWS: u64 = 2_000_000;

/// Everything that is wrong with a scenario; empty if it can run without a remark.
pub fn validate(scenario: &Scenario, catalogue: &Catalogue) -> Vec<Problem> {
    let mut v = Validator { problems: Vec::new(), catalogue };
    v.topology(scenario);
    v.network(scenario);
    v.workload(scenario);
    v.choices(scenario);
    v.run(scenario);
    v.timeline(scenario);
    v.problems
}

struct Validator<'a> {
    problems: Vec<Problem>,
    catalogue: &'a Catalogue,
}

impl Validator<'_> {
    fn error(&mut self, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem { path: path.into(), message: message.into(), hint: hint.into(), warning: false });
    }

    fn warning(&mut self, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem { path: path.into(), message: message.into(), hint: hint.into(), warning: true });
    }

    fn range(&mut self, path: String, unit: &str, value: f64, min: f64, max: f64) {
        if !(value >= min && value <= max) {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            self.error(
                path,
                format!("{value}{unit} is outside {min} to {max}{unit}"),
                format!("Enter a value from {min} to {max}."),
            );
        }
    }

    fn ids<'b>(&mut self, list: &str, ids: impl Iterator<Item = &'b str>) {
        let mut seen: Vec<&str> = Vec::new();
        for id in ids {
            let good = !id.is_empty() && id.len() <= 200 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if !good {
                self.error(list, format!("{id:?} cannot be an id"), "Use letters, digits, - and _.");
            }
            seen.push(id);
        }
        if seen.len() > MOST_OBJECTS {
            self.error(
                list,
                format!("{} entries are more than {MOST_OBJECTS}", seen.len()),
                "Use a node's count for many machines.",
            );
        }
        seen.sort_unstable();
        let twice: Vec<&str> = seen.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
        for id in twice {
            self.error(format!("{list}.{id}"), format!("two entries have the id {id}"), "Give one of them another id.");
        }
    }

    fn topology(&mut self, s: &Scenario) {
        self.ids("zones", s.zones.iter().map(|z| z.id.as_str()));
        self.ids("nodes", s.nodes.iter().map(|n| n.id.as_str()));
        self.ids("links", s.links.iter().map(|l| l.id.as_str()));
        self.ids("functions", s.functions.iter().map(|f| f.id.as_str()));
        for z in &s.zones {
            if let Some(ms) = z.latency_ms {
                self.range(format!("zones.{}.latency_ms", z.id), "ms", ms, 0.0, 600_000.0);
            }
            if s.nodes.iter().any(|n| n.id == z.id) {
                self.error(format!("zones.{}", z.id), "a node has the same id", "Links could not tell them apart; rename one.");
            }
        }
        for n in &s.nodes {
            let at = |field: &str| format!("nodes.{}.{field}", n.id);
            if !s.zones.iter().any(|z| z.id == n.zone) {
                let known: Vec<&str> = s.zones.iter().map(|z| z.id.as_str()).collect();
                let hint = match nearest(&n.zone, known.iter().copied()) {
                    Some(near) => format!("Did you mean {near}?"),
                    None => format!("Zones: {}.", known.join(", ")),
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
            self.range(at("traffic"), "", n.traffic, 0.0, 1e9);
            self.range(at("cores"), "", n.cores, 0.001, 4096.0);
            self.range(at("memory_mb"), "MB", n.memory_mb, 1.0, 1e9);
            self.range(at("speed"), "", n.speed, 0.001, 1000.0);
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
                self.range(at("cores"), "", o.cores.unwrap_or(1.0), 0.001, 4096.0);
                self.range(at("memory_mb"), "MB", o.memory_mb.unwrap_or(1.0), 1.0, 1e9);
                self.range(at("speed"), "", o.speed.unwrap_or(1.0), 0.001, 1000.0);
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
        self.range("network.within_zone_ms".into(), "ms", s.network.within_zone_ms, 0.0, 600_000.0);
        self.range("network.between_zones_ms".into(), "ms", s.network.between_zones_ms, 0.0, 600_000.0);
        for l in &s.links {
            let at = |field: &str| format!("links.{}.{field}", l.id);
            let is_node = |id: &str| s.nodes.iter().any(|n| n.id == id);
            let is_zone = |id: &str| s.zones.iter().any(|z| z.id == id);
            for (field, end) in [("from", &l.from), ("to", &l.to)] {
                if !is_node(end) && !is_zone(end) {
                    let known = s.nodes.iter().map(|n| n.id.as_str()).chain(s.zones.iter().map(|z| z.id.as_str()));
                    let hint = nearest(end, known).map_or("Name a node or a zone.".to_owned(), |n| format!("Did you mean {n}?"));
                    self.error(at(field), format!("there is no node or zone {end}"), hint);
                }
            }
            if l.from == l.to {
                self.error(at("to"), "the link connects a thing with itself", "Choose another end, or set the zone's own latency.");
            } else if (is_node(&l.from) && is_zone(&l.to)) || (is_zone(&l.from) && is_node(&l.to)) {
                self.error(at("to"), "a link connects two nodes or two zones", "Choose two of a kind.");
            }
            self.range(at("latency_ms"), "ms", l.latency_ms, 0.0, 600_000.0);
            self.range(at("jitter_ms"), "ms", l.jitter_ms, 0.0, 600_000.0);
            if let Some(b) = l.bandwidth_mbps {
                self.range(at("bandwidth_mbps"), "Mbit/s", b, 0.001, 1e9);
            }
        }
    }

    fn workload(&mut self, s: &Scenario) {
        for f in &s.functions {
            let at = |field: &str| format!("functions.{}.{field}", f.id);
            self.range(at("memory_mb"), "MB", f.memory_mb, 1.0, 1e9);
            self.range(at("create_ms"), "ms", f.create_ms, 0.0, 86_400_000.0);
            self.range(at("init_ms"), "ms", f.init_ms, 0.0, 86_400_000.0);
            self.range(at("cores"), "", f.cores, 0.001, 4096.0);
            self.range(at("concurrency"), "", f64::from(f.concurrency), 1.0, 10_000.0);
            self.range(at("weight"), "", f.weight, 0.0, 1e9);
            self.range(at("request_kb"), "kB", f.request_kb, 0.0, 1e9);
            self.range(at("response_kb"), "kB", f.response_kb, 0.0, 1e9);
            self.range(at("min_warm"), "", f64::from(f.min_warm), 0.0, 10_000.0);
            if let Some(keep) = f.keep_alive_s {
                self.range(at("keep_alive_s"), "s", keep, 0.0, 1e7);
            }
            if let Some(limit) = f.time_limit_s {
                self.range(at("time_limit_s"), "s", limit, 0.000_001, 86_400.0);
            }
            let fits = |memory_mb: f64, cores: f64| memory_mb >= f.memory_mb && cores >= f.cores;
            let one_fits = |n: &Node| {
                let own = |o: &NodeOverride| fits(o.memory_mb.unwrap_or(n.memory_mb), o.cores.unwrap_or(n.cores));
                n.overrides.len() < n.count as usize && fits(n.memory_mb, n.cores) || n.overrides.values().any(own)
            };
            if !s.nodes.iter().any(|n| n.is(Role::Worker) && one_fits(n)) {
                let fate = if s.policies.too_large == TooLarge::Drop { "dropped" } else { "rejected" };
                let hint = format!("Its invocations will be {fate}.");
                self.warning(at("memory_mb"), "no worker is large enough for this function", hint);
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
        self.range("workload.trace_options.memory_mb".into(), "MB", o.memory_mb, 1.0, 1e9);
        self.range("workload.trace_options.cold_start_ms".into(), "ms", o.cold_start_ms, 0.0, 86_400_000.0);
        self.range("workload.trace_options.cold_overhead_ms".into(), "ms", o.cold_overhead_ms, 0.0, 86_400_000.0);
        self.range("workload.trace_options.cold_overhead_share".into(), "", o.cold_overhead_share, 0.0, 100.0);
        self.range("workload.trace_options.cores".into(), "", o.cores, 0.001, 4096.0);
        self.range("workload.trace_options.concurrency".into(), "", f64::from(o.concurrency), 1.0, 10_000.0);
    }

    fn choices(&mut self, s: &Scenario) {
        self.choice("frame.architecture", &s.frame.architecture);
        let placers = s.frame.architecture.params.get("placers").and_then(Value::as_u64).unwrap_or(10);
        let workers: u64 = s.nodes.iter().filter(|n| n.is(Role::Worker)).map(|n| u64::from(n.count)).sum();
        if s.frame.architecture.kind == "decentralized" && placers.saturating_mul(workers) > MOST_VIEWS {
            let message = format!("{placers} placers that each see {workers} hosts are more than fit");
            self.error("frame.architecture.placers", message, format!("Enter at most {}.", MOST_VIEWS / workers.max(1)));
        }
        self.choice("policies.placement", &s.policies.placement);
        self.choice("policies.keep_alive", &s.policies.keep_alive);
        self.choice("workload.arrivals", &s.workload.arrivals);
        self.choice("workload.popularity", &s.workload.popularity);
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

    fn choice(&mut self, path: &str, choice: &Choice) {
        let Some(entries) = self.catalogue.entries_at(path) else { return };
        let kinds: Vec<&str> = entries.iter().map(|e| e.kind).collect();
        let Some(entry) = find(entries, &choice.kind).copied() else {
            let hint = match nearest(&choice.kind, kinds.iter().copied()) {
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
                let hint = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("Did you mean {near}?"),
                    None if known.is_empty() => "It has no parameters.".to_owned(),
                    None => format!("It has: {}.", known.join(", ")),
                };
                self.error(at, format!("{} has no parameter {name}", entry.kind), hint);
            }
        }
    }

    fn run(&mut self, s: &Scenario) {
        const LONGEST_S: f64 = 3.2e9;
        if let Some(d) = s.run.duration_s {
            self.range("run.duration_s".into(), "s", d, 0.001, LONGEST_S);
        } else if s.workload.trace.is_none() {
            self.error("run.duration_s", "arrivals that are drawn need an end", "Enter how many seconds invocations arrive.");
        }
        self.range("run.warm_up_s".into(), "s", s.run.warm_up_s, 0.0, LONGEST_S);
        if s.run.duration_s.is_some_and(|d| s.run.warm_up_s >= d) {
            self.warning("run.warm_up_s", "the warm-up is as long as the run", "Nothing will be measured; shorten it.");
        }
    }

    fn timeline(&mut self, s: &Scenario) {
        if s.timeline.len() > MOST_CHANGES {
            return self.error("timeline", format!("{} changes are more than {MOST_CHANGES}", s.timeline.len()), "Shorten it.");
        }
        let mut value = s.to_value();
        let mut order: Vec<(usize, &Change)> = s.timeline.iter().enumerate().collect();
        order.sort_by(|a, b| a.1.at_s.total_cmp(&b.1.at_s));
        for (i, change) in order {
            let at = format!("timeline[{i}]");
            if !(change.at_s >= 0.0 && change.at_s <= 3.2e9) {
                self.error(format!("{at}.at_s"), format!("{} is not an instant of the run", change.at_s), "Enter seconds from 0.");
            }
            for (text, new) in &change.set {
                if let Err((message, hint)) = self.change(&mut value, text, new) {
                    self.error(format!("{at}.set.{text}"), message, hint);
                }
            }
        }
    }

    fn change(&mut self, whole: &mut Value, text: &str, new: &Value) -> Result<(), (String, String)> {
        let path = Path::parse(text).map_err(|e| (e.message, e.hint))?;
        if !may_change(&path) {
            return Err((format!("{text} cannot change during a run"), CHANGEABLE.to_owned()));
        }
        path.set(whole, new.clone()).map_err(|e| (e.message, e.hint))?;
        let mut changed = Scenario::from_value(whole.clone()).map_err(|e| (e.message, e.hint))?;
        changed.timeline.clear();
        // The changed scenario must make sense too; what was wrong before the change is reported at its own place.
        let problems = validate(&changed, self.catalogue);
        match problems
            .into_iter()
            .find(|p| !p.warning && (text.starts_with(&p.path) || p.path.starts_with(text.trim_end_matches(".kind"))))
        {
            Some(p) => Err((p.message, p.hint)),
            None => Ok(()),
        }
    }
}

/// What may change while a run goes on, in words.
const CHANGEABLE: &str = "During a run the frame, the policies, the network, links' values and nodes' speed can change; the rest is fixed when \
     the run starts, because invocations already drawn or running depend on it.";

/// Whether the value at a path may change while a run goes on.
fn may_change(path: &Path) -> bool {
    match path.head() {
        "frame" | "policies" => path.depth() >= 3 || path.last() != path.head(),
        "network" => path.depth() == 2,
        "links" => path.depth() == 3 && matches!(path.last(), "latency_ms" | "jitter_ms" | "bandwidth_mbps"),
        "nodes" => path.depth() == 3 && path.last() == "speed",
        _ => false,
    }
}
