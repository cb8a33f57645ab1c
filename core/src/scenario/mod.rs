//! What the user says: what exists, what arrives, and how it is scheduled.
//!
//! A scenario is plain data. It is written as JSON with a format version; every object in it has a stable id, and one
//! [`Path`] type names any value in it (`nodes.edge-1.memory_mb`). Validation and compilation stand in their own files.

mod field;
mod image;
mod path;
mod read;
mod schema;
mod topology;
mod validate;
mod workload;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use field::{FIELDS, Field, Shape, field, without_ids};
pub use image::{Image, ImageOrder, ImageRoom, Sharing};
pub use path::{Path, PathError};
pub use read::ReadError;
pub(crate) use read::{parse, small_enough, typed};
pub use schema::schema;
pub use topology::{Cpu, Link, Network, Node, NodeOverride, Role, Zone};
pub(crate) use validate::{CHANGEABLE, MOST_OBJECTS, may_change, too_many_drawn, too_much_to_see};
pub use validate::{MOST_INVOCATIONS, Problem, validate};
pub use workload::{Function, Jitter, MinuteArrivals, TraceDuration, TraceFile, TraceOptions, TraceRef, Workload};

use crate::registry::Choice;

/// The version of the scenario format that this code writes.
pub const FORMAT_VERSION: u32 = 1;

/// Everything about one experiment, except the contents of a trace file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The format's version; older ones are migrated when read.
    pub version: u32,
    /// What it is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The question that it asks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub question: String,
    /// What to look at, and what to try.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub look_at: String,
    /// Areas with a latency of their own.
    pub zones: Vec<Zone>,
    /// Machines, and what they do.
    pub nodes: Vec<Node>,
    /// Connections that differ from the network's defaults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Defaults for what no link says.
    #[serde(default)]
    pub network: Network,
    /// What functions' containers are made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// What can be invoked; a trace brings its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Function>,
    /// What arrives, and when.
    pub workload: Workload,
    /// Who decides.
    pub frame: Frame,
    /// How each decision is made.
    #[serde(default)]
    pub policies: Policies,
    /// Changes during the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Change>,
    /// Seed and length.
    #[serde(default)]
    pub run: Run,
}

/// The scheduler architecture and its mechanisms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Which components decide, and on which messages.
    pub architecture: Choice,
    /// Whether hosts with nothing to do take over what waits at others.
    #[serde(default = "no_stealing", skip_serializing_if = "is_none")]
    pub stealing: Choice,
}

fn no_stealing() -> Choice {
    Choice::of("none")
}

fn is_none(choice: &Choice) -> bool {
    *choice == no_stealing()
}

impl Frame {
    /// An architecture without mechanisms.
    pub fn of(architecture: Choice) -> Frame {
        Frame { architecture, stealing: no_stealing() }
    }
}

/// Local decisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// Which host, where the architecture leaves that open.
    pub placement: Choice,
    /// How long an idle container stays, and which goes first when memory is short.
    pub keep_alive: Choice,
    /// When a new container does not fit: whether idle ones are removed for it.
    pub memory_full: MemoryFull,
    /// When removing every idle container would still not make room.
    pub if_insufficient: IfInsufficient,
    /// When there is still no room.
    pub no_room: NoRoom,
    /// When a function is larger than every host.
    pub too_large: TooLarge,
    /// Which of several idle containers of a function is used again.
    pub reuse: Reuse,
    /// Which image leaves a full store first.
    #[serde(skip_serializing_if = "ImageOrder::is_default")]
    pub image_order: ImageOrder,
    /// What may leave a worker's memory for an image.
    #[serde(skip_serializing_if = "ImageRoom::is_default")]
    pub image_room: ImageRoom,
    /// Whether a container that is still starting takes further invocations.
    #[serde(skip_serializing_if = "Starting::is_default")]
    pub starting: Starting,
    /// In which order invocations leave a host's queue.
    #[serde(skip_serializing_if = "Queue::is_default")]
    pub queue: Queue,
    /// Which of those that wait is served next, in a host's queue and at a placer that holds tasks.
    #[serde(skip_serializing_if = "is_first_come")]
    pub order: Choice,
    /// What is known of execution times before they end.
    #[serde(skip_serializing_if = "is_profile")]
    pub estimates: Choice,
    /// The most invocations that wait at a host; one more is rejected. No bound if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_bound: Option<u32>,
    /// The longest that an invocation waits at a host, in seconds; then it is rejected. No limit if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_timeout_s: Option<f64>,
}

impl Default for Policies {
    fn default() -> Self {
        Policies {
            placement: Choice::of("least_loaded"),
            keep_alive: Choice::of("fixed_ttl"),
            memory_full: MemoryFull::Shortfall,
            if_insufficient: IfInsufficient::Keep,
            no_room: NoRoom::Queue,
            too_large: TooLarge::Reject,
            reuse: Reuse::LastUsed,
            image_order: ImageOrder::LastUse,
            image_room: ImageRoom::IdleContainers,
            starting: Starting::Closed,
            queue: Queue::Fifo,
            order: Choice::of("fcfs"),
            estimates: Choice::of("profile"),
            queue_bound: None,
            queue_timeout_s: None,
        }
    }
}

fn is_first_come(order: &Choice) -> bool {
    *order == Policies::default().order
}
fn is_profile(estimates: &Choice) -> bool {
    *estimates == Policies::default().estimates
}

/// What is removed when a new container does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryFull {
    /// Idle containers are never removed for another.
    Never,
    /// Until the new one fits.
    #[default]
    Shortfall,
    /// Until the new one's whole size is freed, even if part of it was free (FaasCache).
    FullSize,
}

/// What happens when removing every idle container would not make room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfInsufficient {
    /// Nothing is removed.
    #[default]
    Keep,
    /// They are removed all the same (FaasCache).
    EvictAnyway,
}

/// What happens to an invocation that finds no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoRoom {
    /// It waits at the host.
    #[default]
    Queue,
    /// It is dropped.
    Drop,
}

/// What happens to an invocation of a function that is larger than every host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TooLarge {
    /// It is rejected where it is placed.
    #[default]
    Reject,
    /// It is sent to a host and dropped there; with `evict_anyway`, after everything idle was removed for it (FaasCache).
    Drop,
}

/// Which of several containers of a function with room is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// The one used last, so that the others can expire.
    #[default]
    LastUsed,
    /// The one created first (the keep-alive competition's simulator).
    Oldest,
    /// The first of an indexed set: who gets room comes last, and the last takes the place of who goes (DSLab FaaS).
    IndexedSet,
}

/// Whether a container that is still starting takes further invocations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Starting {
    /// It takes none but the one that it was created for.
    #[default]
    Closed,
    /// Where no started one has room, invocations wait in the one that is ready first, up to its function's concurrency
    /// (DSLab FaaS).
    Join,
}

impl Starting {
    fn is_default(&self) -> bool {
        *self == Starting::default()
    }
}

/// In which order invocations leave a host's queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// First come, first served: a head that finds no room makes all others wait.
    #[default]
    Fifo,
    /// Who arrives may start at once if there is room; those in the queue are served as with `fifo` (DSLab's FIFOInvoker).
    Barging,
    /// Whenever something is freed, everyone in the queue is tried in order, and who finds room starts (DSLab's NaiveInvoker).
    /// It takes a look at the whole queue each time.
    Skip,
}

impl Queue {
    fn is_default(&self) -> bool {
        *self == Queue::default()
    }
}

/// A change while the run goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When, in seconds of simulated time.
    pub at_s: f64,
    /// New values by path.
    pub set: Map<String, Value>,
}

/// Seed and length of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// All chance derives from it.
    pub seed: u64,
    /// Arrivals after this many seconds are left out; without it a trace is run whole, and users come for all their rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// Invocations submitted before this many seconds are not measured.
    pub warm_up_s: f64,
    /// What comes first of what happens at one instant.
    #[serde(skip_serializing_if = "First::is_default")]
    pub first: First,
}

/// What comes first of what happens at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum First {
    /// Completions and what they release, then arrivals and messages.
    #[default]
    Completions,
    /// Arrivals and messages, so that what ends now does not yet serve who comes now (DSLab FaaS).
    Arrivals,
}

impl First {
    fn is_default(&self) -> bool {
        *self == First::default()
    }
}

impl Default for Run {
    fn default() -> Self {
        Run { seed: 1, duration_s: None, warm_up_s: 0.0, first: First::Completions }
    }
}

impl Scenario {
    /// The scenario as JSON, in the order in which the format documents it.
    pub fn to_json(&self) -> String {
        // Plain data with text keys always serialises. By way of the value, which the page needs as well: one way to write less.
        serde_json::to_string_pretty(&self.to_value()).unwrap_or_default()
    }

    /// The scenario as a JSON value, for paths.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// The node of an id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|n| n.id == id)
    }

    /// The node and the number of a machine of a block, which is called `pool[17]`.
    pub fn machine(&self, id: &str) -> Option<(&Node, u32)> {
        let (block, number) = id.strip_suffix(']')?.split_once('[')?;
        let (node, number) = (self.node(block)?, number.parse().ok()?);
        (node.count > 1 && number < node.count).then_some((node, number))
    }

    /// The scenario with one value changed, read and checked again as if it had been written so.
    pub fn with(&self, path: &Path, value: Value) -> Result<Scenario, ReadError> {
        self.with_each(std::slice::from_ref(path), &value)
    }

    /// The scenario with several values set to the same, likewise.
    pub fn with_each(&self, paths: &[Path], value: &Value) -> Result<Scenario, ReadError> {
        let mut whole = self.to_value();
        for path in paths {
            path.set(&mut whole, value.clone()).map_err(ReadError::from)?;
        }
        Scenario::from_value(whole)
    }

    /// The same with path and value as people write them (`--set PATH=VALUE`, an address): a value is JSON; what is not JSON, or
    /// only fits as a text, is a text.
    pub fn with_text(&self, path: &str, text: &str) -> Result<Scenario, ReadError> {
        let path = Path::parse(path)?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        self.with(&path, value).or_else(|error| self.with(&path, text.into()).map_err(|_| error))
    }

    /// The scenario from the start, and as each change of the timeline leaves it, with the instants in seconds.
    pub fn stages(&self) -> Vec<(f64, Scenario)> {
        let mut all = vec![(0.0, self.clone())];
        let mut changes: Vec<&Change> = self.timeline.iter().collect();
        changes.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        let mut value = self.to_value();
        for change in changes {
            for (text, new) in &change.set {
                // Validation has tried each of these.
                if let Ok(path) = Path::parse(text) {
                    let _ = path.set(&mut value, new.clone());
                }
            }
            all.extend(Scenario::from_value(value.clone()).ok().map(|changed| (change.at_s, changed)));
        }
        all
    }

    /// The scenario as its timeline leaves it at an instant, in seconds.
    pub fn as_of(&self, at_s: f64) -> Scenario {
        let holds = |(from, scenario): (f64, Scenario)| (from <= at_s).then_some(scenario);
        self.stages().into_iter().filter_map(holds).next_back().unwrap_or_else(|| self.clone())
    }

    /// Takes a trace in the place of drawn arrivals, or of another trace. Drawn arrivals need an end, a trace has its own: the
    /// first trace takes away the run's duration and warm-up. What unit the times of one file are in says nothing about another.
    pub fn take_trace(&mut self, trace: TraceRef) {
        if self.workload.trace.is_none() {
            (self.run.duration_s, self.run.warm_up_s) = (None, 0.0);
        }
        let same = |named: &TraceRef| named.is(trace.files.iter().map(|f| f.sha256.as_str()));
        if !self.workload.trace.as_ref().is_some_and(same) {
            self.workload.trace_options.time_scale = 1.0;
        }
        self.workload.trace = Some(trace);
    }

    /// Whether a node, zone, link, function or image has this id.
    pub fn has(&self, id: &str) -> bool {
        self.nodes.iter().any(|n| n.id == id)
            || self.zones.iter().any(|z| z.id == id)
            || self.links.iter().any(|l| l.id == id)
            || self.functions.iter().any(|f| f.id == id)
            || self.images.iter().any(|i| i.id == id)
    }

    /// An id that nothing in the scenario has yet, made from `stem`.
    pub fn free_id(&self, stem: &str) -> String {
        let mut number = 1u32;
        loop {
            let id = format!("{stem}-{number}");
            if !self.has(&id) {
                return id;
            }
            number += 1;
        }
    }
}
