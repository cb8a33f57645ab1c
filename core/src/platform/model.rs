//! A scenario made ready to run: dense numbers in place of ids, integers in place of fractions.

use super::network::{Network, PathSpec};
use super::supply::Supply;
use crate::engine::{Class, NONE};
use crate::frame::mechanism::stealing::Stealing;
use crate::rng::hash_text;
use crate::scenario::{
    Cpu, First, Function, IfInsufficient, Image, ImageOrder, ImageRoom, Jitter, MemoryFull, NoRoom, Queue, Reuse, Role, Scenario,
    Starting, TooLarge, TraceOptions,
};
use crate::trace::TraceFunction;
use crate::units::SimDuration;

/// One machine: a node, or one of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The number of its node in the scenario.
    pub node: u32,
    /// Its number in the node's block.
    pub number: u32,
    /// Its zone.
    pub zone: u32,
    /// Its number as a host, or [`NONE`].
    pub host: u32,
    /// Whether it is a cloud controller.
    pub cloud_controller: bool,
    /// Whether it is an edge controller.
    pub edge_controller: bool,
    /// Whether its placers answer.
    pub answers: bool,
}

/// A machine that runs invocations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostSpec {
    /// The machine.
    pub machine: u32,
    /// Its zone.
    pub zone: u32,
    /// Cores, in thousandths.
    pub millicores: u32,
    /// How invocations use them.
    pub cpu: Cpu,
    /// Memory for containers, in bytes.
    pub memory: u64,
    /// Disk for images and for the files of containers, in bytes.
    pub disk: u64,
    /// The most invocations at once.
    pub slots: u32,
    /// An execution takes its time divided by this.
    pub speed: f64,
}

/// A machine that submits invocations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientSpec {
    /// The machine.
    pub machine: u32,
    /// Its zone.
    pub zone: u32,
    /// Its part of the arrivals, relative to the others.
    pub traffic: f64,
}

/// A function as the platform needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSpec {
    /// Its id.
    pub id: String,
    /// Memory of one container, in bytes.
    pub memory: u64,
    /// Cores that one execution holds, in thousandths.
    pub millicores: u32,
    /// The most executions at once in one container.
    pub concurrency: u32,
    /// What a cold start takes more than a warm one, in nanoseconds; may be negative.
    pub start_ns: i64,
    /// What the provider adds to a cold start: a time, and a share of the time that the start and the execution take together.
    /// Policies do not see it.
    pub overhead: (SimDuration, f64),
    /// How long its idle containers are kept, if not as the policy says.
    pub keep_alive: Option<SimDuration>,
    /// Containers that are made when the run begins, and stay.
    pub min_warm: u32,
    /// The longest execution.
    pub time_limit: Option<SimDuration>,
    /// The image of its containers, or [`NONE`].
    pub image: u32,
    /// Disk of one container, in bytes.
    pub disk: u64,
    /// Bytes of a request.
    pub request_bytes: u64,
    /// Bytes of a response.
    pub response_bytes: u64,
    /// Whether its requests are larger than it takes.
    pub request_too_large: bool,
    /// Whether its responses are larger than it may send.
    pub response_too_large: bool,
    /// How long a client waits for a result before it gives up.
    pub patience: Option<SimDuration>,
    /// How often a client tries again.
    pub retries: u16,
    /// How long a client pauses after the first attempt; twice as long after each further one.
    pub backoff: SimDuration,
    /// Whether it pauses for a random part of that.
    pub jitter: bool,
    /// How long after it was submitted an invocation should have ended.
    pub deadline: Option<SimDuration>,
    /// The larger, the sooner its invocations are served where queues go by priority.
    pub priority: u32,
    /// The key of its app: a hash of the app's id.
    pub app: u64,
}

/// Bytes of so many MB of 10^6 bytes.
pub(super) fn bytes(mb: f64) -> u64 {
    libm::rint(mb * 1e6) as u64
}

/// Thousandths of cores, at least one.
fn millicores(cores: f64) -> u32 {
    (libm::rint(cores * 1000.0) as u32).max(1)
}

/// The number of an image.
fn image(id: Option<&str>, images: &[Image]) -> u32 {
    id.and_then(|id| images.iter().position(|i| i.id == id)).map_or(NONE, |i| i as u32)
}

impl FunctionSpec {
    /// A function that a scenario describes.
    pub fn of(f: &Function, images: &[Image]) -> FunctionSpec {
        FunctionSpec {
            id: f.id.clone(),
            memory: bytes(f.memory_mb),
            millicores: millicores(f.cores),
            concurrency: f.concurrency,
            start_ns: SimDuration::from_ms(f.create_ms + f.init_ms).0 as i64,
            overhead: (SimDuration::ZERO, 0.0),
            keep_alive: f.keep_alive_s.map(SimDuration::from_s),
            min_warm: f.min_warm,
            time_limit: f.time_limit_s.map(SimDuration::from_s),
            image: image(f.image.as_deref(), images),
            disk: bytes(f.disk_mb),
            request_bytes: libm::rint(f.request_kb * 1e3) as u64,
            response_bytes: libm::rint(f.response_kb * 1e3) as u64,
            request_too_large: f.ingress_limit_kb.is_some_and(|limit| f.request_kb > limit),
            response_too_large: f.egress_limit_kb.is_some_and(|limit| f.response_kb > limit),
            patience: f.patience_s.map(SimDuration::from_s),
            retries: f.retries.min(u16::MAX.into()) as u16,
            backoff: SimDuration::from_ms(f.backoff_ms),
            jitter: f.backoff_jitter == Jitter::Full,
            deadline: f.deadline_s.map(SimDuration::from_s),
            priority: f.priority,
            app: hash_text(f.app.as_ref().unwrap_or(&f.id)),
        }
    }

    /// A function of a trace, with a scenario's options for what the trace does not say.
    pub fn of_trace(f: &TraceFunction, options: &TraceOptions, images: &[Image]) -> FunctionSpec {
        FunctionSpec {
            id: f.id.clone(),
            memory: bytes(f.memory_mb.unwrap_or(options.memory_mb)).max(1),
            millicores: millicores(options.cores),
            concurrency: options.concurrency,
            start_ns: f.start_ns.unwrap_or(SimDuration::from_ms(options.cold_start_ms).0 as i64),
            overhead: (SimDuration::from_ms(options.cold_overhead_ms), options.cold_overhead_share),
            keep_alive: None,
            min_warm: 0,
            time_limit: None,
            image: image(options.image.as_deref(), images),
            disk: 0,
            request_bytes: 0,
            response_bytes: 0,
            request_too_large: false,
            response_too_large: false,
            patience: None,
            retries: 0,
            backoff: SimDuration::ZERO,
            jitter: false,
            deadline: None,
            priority: 0,
            app: hash_text(&f.app),
        }
    }
}

/// Everything about a scenario that does not change while it runs, or changes only by its timeline.
#[derive(Clone, Debug)]
pub struct Model {
    /// The seed of all chance.
    pub seed: u64,
    /// All machines: the nodes in order, each block's machines in a row.
    pub machines: Vec<Machine>,
    /// Whether the placers of every machine answer.
    pub all_answer: bool,
    /// The machines that run invocations, in the order of machines.
    pub hosts: Vec<HostSpec>,
    /// The machines that submit invocations, in the order of machines.
    pub clients: Vec<ClientSpec>,
    /// The functions; the scenario's or the trace's.
    pub functions: Vec<FunctionSpec>,
    /// The number of zones.
    pub zones: usize,
    /// Per zone, the machine of its edge controller, or [`NONE`].
    pub edge_controllers: Vec<u32>,
    /// The machine of the cloud controller, and of what nobody drew.
    pub controller: u32,
    /// Paths between nodes.
    pub network: Network,
    /// Where images come from.
    pub supply: Supply,
    /// Which image leaves a full store first.
    pub image_order: ImageOrder,
    /// What may leave a worker's memory for an image.
    pub image_room: ImageRoom,
    /// What is removed when a new container does not fit.
    pub memory_full: MemoryFull,
    /// When removing everything idle would not suffice.
    pub if_insufficient: IfInsufficient,
    /// When there is no room.
    pub no_room: NoRoom,
    /// Per function, whether it needs no image and every host is large enough for it.
    pub fits_all: Vec<bool>,
    /// Per function, whether it is larger than every host and its invocations are to be dropped there instead of rejected.
    pub oversized: Vec<bool>,
    /// Which of several containers with room is used.
    pub reuse: Reuse,
    /// Whether a container that is still starting takes further invocations.
    pub starting: Starting,
    /// In which order invocations leave a host's queue.
    pub queue: Queue,
    /// Whether arrivals and messages come before the completions of the same instant.
    pub arrivals_first: bool,
    /// The most invocations that wait at a host.
    pub queue_bound: Option<u32>,
    /// The longest that an invocation waits at a host.
    pub queue_timeout: Option<SimDuration>,
    /// How hosts steal, if they do.
    pub stealing: Option<Stealing>,
    /// Ids of machines, for random streams.
    ids: Vec<String>,
}

impl Model {
    /// Compiles a validated scenario.
    pub fn new(scenario: &Scenario, functions: Vec<FunctionSpec>) -> Model {
        let mut machines = Vec::new();
        let mut hosts = Vec::new();
        let mut clients = Vec::new();
        let mut ids = Vec::new();
        let mut edge_controllers = vec![NONE; scenario.zones.len()];
        let (mut cloud, mut any_controller) = (NONE, NONE);
        for (index, node) in scenario.nodes.iter().enumerate() {
            let zone = scenario.zones.iter().position(|z| z.id == node.zone).unwrap_or(0) as u32;
            for number in 0..node.count {
                let machine = machines.len() as u32;
                let is_host = node.is(Role::Worker);
                machines.push(Machine {
                    node: index as u32,
                    number,
                    zone,
                    host: if is_host { hosts.len() as u32 } else { NONE },
                    cloud_controller: node.is(Role::CloudController),
                    edge_controller: node.is(Role::EdgeController),
                    answers: node.answers,
                });
                ids.push(if node.count == 1 { node.id.clone() } else { format!("{}[{number}]", node.id) });
                if is_host {
                    let own = node.overrides.get(&number).cloned().unwrap_or_default();
                    hosts.push(HostSpec {
                        machine,
                        zone,
                        cpu: node.cpu,
                        millicores: millicores(own.cores.unwrap_or(node.cores)),
                        memory: bytes(own.memory_mb.unwrap_or(node.memory_mb)),
                        disk: node.disk_mb.map_or(u64::MAX, bytes),
                        slots: own.slots.or(node.slots).unwrap_or(u32::MAX),
                        speed: own.speed.unwrap_or(node.speed),
                    });
                }
                if node.is(Role::Client) {
                    clients.push(ClientSpec { machine, zone, traffic: node.traffic });
                }
                if node.is(Role::EdgeController) && edge_controllers[zone as usize] == NONE {
                    edge_controllers[zone as usize] = machine;
                }
                if node.is(Role::CloudController) && cloud == NONE {
                    cloud = machine;
                }
                if node.is(Role::EdgeController) && any_controller == NONE {
                    any_controller = machine;
                }
            }
        }
        let first_client = clients.first().map_or(0, |c| c.machine);
        let controller = [cloud, any_controller, first_client].into_iter().find(|&m| m != NONE).unwrap_or(0);
        let most = hosts.iter().map(|h: &HostSpec| h.memory).max().unwrap_or(0);
        let dropped = |f: &FunctionSpec| scenario.policies.too_large == TooLarge::Drop && f.memory > most;
        let oversized = functions.iter().map(dropped).collect();
        let fits = |f: &FunctionSpec, h: &HostSpec| f.millicores <= h.millicores && f.memory <= h.memory && f.disk <= h.disk;
        let fits_all = functions.iter().map(|f| f.image == NONE && hosts.iter().all(|h| fits(f, h))).collect();
        let network = Network::new(scenario);
        let supply = Supply::new(scenario, &machines, &hosts, &network, controller);
        Model {
            seed: scenario.run.seed,
            all_answer: machines.iter().all(|m| m.answers),
            machines,
            hosts,
            clients,
            functions,
            zones: scenario.zones.len(),
            edge_controllers,
            controller,
            network,
            supply,
            image_order: scenario.policies.image_order,
            image_room: scenario.policies.image_room,
            memory_full: scenario.policies.memory_full,
            if_insufficient: scenario.policies.if_insufficient,
            no_room: scenario.policies.no_room,
            fits_all,
            oversized,
            reuse: scenario.policies.reuse,
            starting: scenario.policies.starting,
            queue: scenario.policies.queue,
            arrivals_first: scenario.run.first == First::Arrivals,
            queue_bound: scenario.policies.queue_bound,
            queue_timeout: scenario.policies.queue_timeout_s.map(SimDuration::from_s),
            stealing: Stealing::new(&scenario.frame.stealing),
            ids,
        }
    }

    /// The class of arrivals that are events, and of messages.
    pub(crate) fn arrival_class(&self) -> Class {
        if self.arrivals_first { Class::Early } else { Class::Message }
    }

    /// Whether the placers of a machine answer.
    pub(crate) fn answers(&self, machine: u32) -> bool {
        self.all_answer || self.machines[machine as usize].answers
    }

    /// The id of a machine: `edge-1`, or `pool[17]`.
    pub fn machine_id(&self, machine: u32) -> &str {
        &self.ids[machine as usize]
    }

    /// The key of the noise on the path between two machines: from their ids, so that it stays when other nodes come and go.
    pub fn path_key(&self, from: u32, to: u32) -> u64 {
        hash_text(self.machine_id(from)) ^ hash_text(self.machine_id(to)).rotate_left(23)
    }

    /// What a message meets between two machines. A machine reaches itself in no time.
    #[inline]
    pub fn path(&self, from: u32, to: u32) -> PathSpec {
        if from == to {
            return PathSpec { latency: SimDuration::ZERO, jitter: SimDuration::ZERO, ns_per_byte: 0.0 };
        }
        self.network.path(self.machines[from as usize].node as usize, self.machines[to as usize].node as usize)
    }
}
