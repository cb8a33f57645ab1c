//! Zones, nodes and links.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Sharing;

/// An area whose nodes are close to each other: an edge site, a cloud region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its id.
    pub id: String,
    /// What people call it; the id if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// One-way latency between two nodes of the zone, in milliseconds; the network's default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Where it is drawn while it has no nodes; with nodes it is drawn around them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// Where it is drawn while it has no nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
}

/// What a node does. A node may do several things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Submits invocations.
    Client,
    /// Holds the scheduler of the whole system, and what the frame needs and nobody drew.
    CloudController,
    /// Holds the scheduler of a zone.
    EdgeController,
    /// Runs invocations.
    Worker,
    /// Holds all images.
    Registry,
    /// Fetches images from the registry and keeps them near the workers.
    HeadStore,
}

impl Role {
    /// All roles, in the order of menus.
    pub const ALL: [Role; 6] =
        [Role::Client, Role::EdgeController, Role::CloudController, Role::Worker, Role::Registry, Role::HeadStore];

    /// The word in the scenario.
    pub fn word(self) -> &'static str {
        match self {
            Role::Client => "client",
            Role::CloudController => "cloud_controller",
            Role::EdgeController => "edge_controller",
            Role::Worker => "worker",
            Role::Registry => "registry",
            Role::HeadStore => "head_store",
        }
    }

    /// The name that people read.
    pub fn name(self) -> &'static str {
        match self {
            Role::Client => "Client",
            Role::CloudController => "Cloud controller",
            Role::EdgeController => "Edge controller",
            Role::Worker => "Worker",
            Role::Registry => "Image registry",
            Role::HeadStore => "Head store",
        }
    }

    /// What it does, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Role::Client => "Submits invocations.",
            Role::CloudController => "Holds the scheduler of the whole system, and what the architecture needs and nobody drew.",
            Role::EdgeController => "Holds the scheduler of its zone.",
            Role::Worker => "Runs invocations.",
            Role::Registry => "Holds all images.",
            Role::HeadStore => "Fetches images from the registry and keeps them near the workers.",
        }
    }
}

/// A machine, or `count` identical machines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its id; the machines of a block are `id[0]`, `id[1]`, ….
    pub id: String,
    /// What people call it; the id if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The zone that it is in.
    pub zone: String,
    /// What it does.
    pub roles: Vec<Role>,
    /// How many identical machines this stands for. Only workers come in blocks.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u32,
    /// Cores of a worker.
    #[serde(default = "four")]
    pub cores: f64,
    /// Memory of a worker for containers, in MB.
    #[serde(default = "default_memory")]
    pub memory_mb: f64,
    /// How invocations use a worker's cores.
    #[serde(default, skip_serializing_if = "Cpu::is_default")]
    pub cpu: Cpu,
    /// The most invocations at once on a worker; as many as the cores allow if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<u32>,
    /// Speed of a worker's cores; an execution takes its time divided by this.
    #[serde(default = "one_f", skip_serializing_if = "is_one_f")]
    pub speed: f64,
    /// Disk of a worker for images and the files of containers, or of a head store for images, in MB; not limited if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_mb: Option<f64>,
    /// How fast its disk is read, in MB/s; not limited if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_read_mb_s: Option<f64>,
    /// How fast its disk is written, in MB/s; not limited if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_write_mb_s: Option<f64>,
    /// Whether its placers answer. While they do not they decide nothing and tell nobody, and what reaches them waits; what runs on
    /// the node goes on.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub answers: bool,
    /// A client's share of the arrivals, relative to the other clients.
    #[serde(default = "one_f", skip_serializing_if = "is_one_f")]
    pub traffic: f64,
    /// Machines of a block that differ, by their number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overrides: BTreeMap<u32, NodeOverride>,
    /// Where it is drawn.
    #[serde(default)]
    pub x: f64,
    /// Where it is drawn.
    #[serde(default)]
    pub y: f64,
}

/// How invocations use a worker's cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cpu {
    /// An invocation holds its cores from the start of its container to its end; the others wait.
    #[default]
    Slots,
    /// Executions share the cores: when they ask for more than there are, all slow down alike.
    Shared,
    /// Executions never wait for cores and never slow down.
    Unlimited,
    /// A container holds its function's cores while it runs something, whatever its concurrency. Where they are not free its
    /// executions wait in it, begun; those who wait are served first come, first served (DSLab FaaS).
    Isolated,
}

impl Cpu {
    fn is_default(&self) -> bool {
        *self == Cpu::default()
    }
}

/// The fields of a node in which one machine of a block may differ: those of [`NodeOverride`].
pub(super) const DIFFERS: [&str; 4] = ["cores", "memory_mb", "slots", "speed"];

/// What differs on one machine of a block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeOverride {
    /// Cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<f64>,
    /// Memory in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<f64>,
    /// The most invocations at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<u32>,
    /// Speed of the cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
}

fn one() -> u32 {
    1
}
fn is_one(n: &u32) -> bool {
    *n == 1
}
fn yes() -> bool {
    true
}
fn is_yes(b: &bool) -> bool {
    *b
}
fn one_f() -> f64 {
    1.0
}
fn is_one_f(x: &f64) -> bool {
    *x == 1.0
}
fn four() -> f64 {
    4.0
}
fn default_memory() -> f64 {
    4096.0
}

impl Node {
    /// A node of one role with the defaults.
    pub fn new(id: &str, zone: &str, role: Role) -> Node {
        Node {
            id: id.to_owned(),
            name: String::new(),
            zone: zone.to_owned(),
            roles: vec![role],
            count: 1,
            cores: four(),
            memory_mb: default_memory(),
            cpu: Cpu::Slots,
            slots: None,
            speed: 1.0,
            disk_mb: None,
            disk_read_mb_s: None,
            disk_write_mb_s: None,
            answers: true,
            traffic: 1.0,
            overrides: BTreeMap::new(),
            x: 0.0,
            y: 0.0,
        }
    }

    /// Whether it has a role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// What people call it.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}

impl Zone {
    /// A zone with the defaults.
    pub fn new(id: &str) -> Zone {
        Zone { id: id.to_owned(), name: String::new(), latency_ms: None, x: None, y: None }
    }

    /// What people call it.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}

/// A connection between two nodes, or between two zones, in both directions.
///
/// A message over several links takes the path of lowest latency. Two nodes that no links connect use the link between
/// their zones, or the network's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// A node or a zone.
    pub from: String,
    /// Another node or zone.
    pub to: String,
    /// One-way latency, in milliseconds.
    pub latency_ms: f64,
    /// Each message takes up to this much longer (uniform), in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub jitter_ms: f64,
    /// Bandwidth for the payload of messages, in Mbit/s; not limited if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth_mbps: Option<f64>,
}

fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

/// Defaults for pairs of nodes that no link connects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// One-way latency between nodes of one zone, in milliseconds (0.5: Sparrow's simulator).
    pub within_zone_ms: f64,
    /// One-way latency between nodes of different zones, in milliseconds.
    pub between_zones_ms: f64,
    /// How transfers of images share links and disks.
    #[serde(skip_serializing_if = "Sharing::is_default")]
    pub sharing: Sharing,
}

impl Default for Network {
    fn default() -> Self {
        Network { within_zone_ms: 0.5, between_zones_ms: 20.0, sharing: Sharing::Fair }
    }
}
