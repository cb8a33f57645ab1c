//! Dynamic: on every machine an agent that spreads requests over decentralized, federated and centralized by the tail of their
//! response times.
//!
//! submit → the agent of the client's machine, or the nearest → draw of one of the three by the function's weights → run here,
//! pass or hand on to another agent, or invoke a node → host's queue → run → finish to the agent that assigned → note to the
//! agent that handed the request to it, and so on back to the entry; each remembers how long it took. What agents decide and
//! remember is in [`crate::frame::dynamic`]. Unloaded service times, with the client at its agent: decentralized S + run;
//! federated at an edge controller S + L + run, at a worker one S and L more; centralized 2 S + L up + L down + run.
//!
//! How it fits in:
//! - *Agents*: one on every machine with the role worker, edge controller or cloud controller, each a placer with an inbox of its
//!   own; a machine that is both is a cloud controller. They see no loads of others, so their views are empty; `scan_us` counts
//!   all workers.
//! - *Running on a node*: its own worker. A controller without one is the gateway of the workers of its zone, or of all if the
//!   zone has none: what is to run there goes to the one that has least per core of what gateways and agents sent it and do
//!   not know to have ended. Nobody asks whether a function fits a worker; what never fits is rejected there.
//! - *Federated without an edge controller*: the first cloud controller stands in for each zone that has none, and decides as
//!   that zone's edge controller would; then federated takes the ways of centralized.
//! - *Load*: the one-minute load average of the machine, over what runs or waits on it, from whomever it came; of a gateway, the
//!   mean of its workers.
//! - *Times*: a request enters when its message arrives, so that its total holds the wait in the inbox; what was handed on counts
//!   from the decision. Both end when the agent deals with the answer.
//! - *Failures*: a drop, a rejection, a time limit. What its client gave up counts with the time that it took, and if that was
//!   before it had a host, agents forget it.
//! - *Changes*: the timeline can change every parameter but the form while agents go on with what they remember.
//!
//! In the original the result goes back through the agents. Here it goes straight to the client, as in every architecture, and
//! only the word of it goes back.
//! Source: the edge-cloud agent (yleinl/edge-cloud-agent), third generation, its constants and its four settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::engine::{NONE, Slab};
use crate::frame::dynamic::agent::{Agent, Endpoint, Map, Open, Part, Reply, Request, Settings, Step};
use crate::frame::dynamic::tail::{Ramp, TailSettings, Thresholds};
use crate::frame::dynamic::{Form, Kind};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::platform::{Machine, Member};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

/// A ratio of P95 to P50.
const fn ratio(name: &'static str, label: &'static str, help: &'static str, default: f64) -> Param {
    Param { name, label, unit: "", help, domain: Domain::Number { default, min: 1.0, max: 1e6 } }
}

/// Requests per second of a function.
const fn gate(name: &'static str, label: &'static str, help: &'static str, default: f64) -> Param {
    Param { name, label, unit: "per s", help, domain: Domain::Number { default, min: 0.0, max: 1e9 } }
}

pub(super) const ENTRY: Entry = Entry {
    kind: "dynamic",
    name: "Dynamic: driven by the tail",
    summary: "Agents on all machines spread each function over decentralized, federated and centralized by P95 / P50.",
    source: "The tail-latency-driven scheduler of the edge-cloud agent.",
    params: &[
        Param {
            name: "mode",
            label: "Setting",
            unit: "",
            help: "Whether the tail decides, or one architecture gets everything.",
            domain: Domain::Word(&[
                ("dynamic", "the tail decides for each function"),
                ("decentralized", "every machine decides for itself"),
                ("federated", "the edge controllers decide for their zones"),
                ("centralized", "the cloud controller decides for all"),
            ]),
        },
        Param {
            name: "form",
            label: "Form",
            unit: "",
            help: "Which of the two forms of the scheduler.",
            domain: Domain::Word(&[("faithful", "as the original runs, with its flaws"), ("corrected", "as its description says")]),
        },
        ratio("soft_d2f", "Leaves decentralized from", "P95 / P50 of decentralized from which on requests go to federated.", 1.5),
        ratio("hard_d2f", "All leave decentralized at", "P95 / P50 of decentralized above which all requests leave it.", 2.5),
        ratio("soft_f2c", "Leaves federated from", "P95 / P50 of federated from which on its requests go to centralized.", 1.7),
        ratio("hard_f2c", "All leave federated at", "P95 / P50 of federated above which all its requests leave it.", 2.7),
        gate(
            "federated_gate",
            "Least rate for federated",
            "Requests per second of a function below which all stay decentralized.",
            0.5,
        ),
        gate(
            "centralized_gate",
            "Least rate for centralized",
            "Requests per second of a function below which none go to centralized.",
            1.2,
        ),
        Param {
            name: "min_samples",
            label: "Responses to measure",
            unit: "",
            help: "Of how many responses of the last minute P95 / P50 is measured, at least.",
            domain: Domain::Integer { default: 10, min: 1, max: 1_000_000 },
        },
        Param {
            name: "sample_interval_s",
            label: "Measured every",
            unit: "s",
            help: "How long after a measurement the same architecture may be measured again.",
            domain: Domain::Number { default: 2.0, min: 0.001, max: 1e6 },
        },
        Param {
            name: "floor",
            label: "Least share",
            unit: "",
            help: "What each architecture gets in the corrected form, so that its tail stays measured; the faithful form has none.",
            domain: Domain::Number { default: 0.05, min: 0.0, max: 0.333 },
        },
        Param {
            name: "load_threshold",
            label: "Keeps requests up to a load of",
            unit: "",
            help: "One-minute load average, running and waiting, up to which a machine hands nothing on.",
            domain: Domain::Number { default: 2.0, min: 0.0, max: 1e6 },
        },
        Param {
            name: "hop_limit",
            label: "Most hops",
            unit: "",
            help: "How often a request may be handed on.",
            domain: Domain::Integer { default: 2, min: 0, max: 100 },
        },
        Param {
            name: "hop_penalty",
            label: "Penalty per hop",
            unit: "",
            help: "How much longer a duration counts for each hop after it was handed on, as a share of it.",
            domain: Domain::Number { default: 0.3, min: 0.0, max: 1e3 },
        },
        Param {
            name: "request_limit_s",
            label: "A failure counts as",
            unit: "s",
            help: "How long a failure counts in the corrected form at least, if its function has no time limit: the original's request limit.",
            domain: Domain::Number { default: 60.0, min: 0.0, max: 1e6 },
        },
        decision_ms(0.5),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &["policies.placement"],
};

/// Where what is to run on a node runs.
#[derive(Clone, Copy)]
enum Gateway {
    /// On its own worker.
    Host(u32),
    /// On a worker of its zone.
    Zone(u32),
    /// On any worker.
    All,
}

/// What all agents know, which does not change. An agent has the same number as its node in the map and as its placer.
#[derive(Clone, Default)]
struct Plan {
    map: Map,
    /// By agent, its machine.
    machines: Vec<u32>,
    /// By agent.
    gateways: Vec<Gateway>,
    /// By zone, its workers.
    zones: Vec<Vec<u32>>,
    all: Vec<u32>,
}

impl Plan {
    fn new(model: &Model, form: Form) -> Plan {
        let mut zones = vec![Vec::new(); model.zones];
        for (host, spec) in (0u32..).zip(&model.hosts) {
            zones[spec.zone as usize].push(host);
        }
        let agents: Vec<(u32, &Machine)> = (0u32..).zip(&model.machines).filter(|(_, m)| has_agent(m)).collect();
        let gateway = |m: &Machine| match m.host {
            NONE if zones[m.zone as usize].is_empty() => Gateway::All,
            NONE => Gateway::Zone(m.zone),
            host => Gateway::Host(host),
        };
        // Nodes and zones share no names, so that here the two forms agree.
        let names: Vec<String> = (0..model.zones).map(|zone| format!("zone {zone}")).collect();
        let nodes = agents.iter().map(|&(machine, m)| (model.machine_id(machine), part(m), names[m.zone as usize].as_str()));
        Plan {
            map: Map::new(form, nodes).with_stand_in(),
            machines: agents.iter().map(|a| a.0).collect(),
            gateways: agents.iter().map(|a| gateway(a.1)).collect(),
            all: (0..model.hosts.len() as u32).collect(),
            zones,
        }
    }

    /// The hosts on which what is to run on a node can run.
    fn hosts(&self, node: u32) -> &[u32] {
        match &self.gateways[node as usize] {
            Gateway::Host(host) => std::slice::from_ref(host),
            Gateway::Zone(zone) => &self.zones[*zone as usize],
            Gateway::All => &self.all,
        }
    }

    /// The agent to which a client submits: its machine's, or the nearest.
    fn entry(&self, model: &Model, client: u32) -> u32 {
        let machine = model.clients[client as usize].machine;
        if let Ok(own) = self.machines.binary_search(&machine) {
            return own as u32;
        }
        let latency = |&n: &u32| (model.path(machine, self.machines[n as usize]).latency, n);
        (0..self.machines.len() as u32).min_by_key(latency).unwrap_or(0)
    }
}

fn has_agent(m: &Machine) -> bool {
    m.host != NONE || m.cloud_controller || m.edge_controller
}

fn part(m: &Machine) -> Part {
    if m.cloud_controller {
        Part::CloudController
    } else if m.edge_controller {
        Part::EdgeController
    } else {
        Part::Worker
    }
}

/// A request that an agent has sent on and has not heard of.
#[derive(Clone)]
struct Link {
    agent: u32,
    /// The link of the agent that handed it to this one, or [`NONE`].
    above: u32,
    open: Open,
}

/// A request that agents have and no host is known to have ended.
#[derive(Clone)]
struct Pending {
    attempt: u32,
    /// The last agent's link.
    last: u32,
    /// The host that it was assigned to, or [`NONE`].
    host: u32,
}

#[derive(Clone)]
pub(crate) struct Dynamic {
    costs: Costs,
    form: Form,
    settings: Settings,
    /// The architecture of every request, unless the tail decides.
    kind: Option<Kind>,
    plan: Arc<Plan>,
    agents: Vec<Agent>,
    /// Per client, the agent to which it submits, or [`NONE`] before it has.
    entries: Vec<u32>,
    links: Slab<Link>,
    /// By invocation and attempt at it.
    pending: BTreeMap<(u32, u16), Pending>,
    /// From so many on it is looked for some that clients have given up.
    sweep_at: usize,
    /// Per host, what was sent there and is not known to have ended.
    sent: Vec<u32>,
}

/// With fewer pending requests it is not looked for forgotten ones.
const FEW: usize = 64;

impl Dynamic {
    pub(super) fn new(args: Args<'_>) -> Dynamic {
        Dynamic {
            costs: Costs::new(args),
            form: form(args),
            settings: settings(args),
            kind: kind(args),
            plan: Arc::default(),
            agents: Vec::new(),
            entries: Vec::new(),
            links: Slab::default(),
            pending: BTreeMap::new(),
            sweep_at: FEW,
            sent: Vec::new(),
        }
    }

    fn begin(&mut self, model: &Model) {
        if self.agents.is_empty() {
            self.plan = Arc::new(Plan::new(model, self.form));
            let agent = |node| Agent::new(self.form, self.settings, node, model.functions.len());
            self.agents = (0..self.plan.machines.len() as u32).map(agent).collect();
            self.entries = vec![NONE; model.clients.len()];
            self.sent = vec![0; model.hosts.len()];
        }
    }

    /// The one-minute load average of a node.
    fn load(&self, frame: Frame<'_>, node: u32) -> f64 {
        let hosts = self.plan.hosts(node);
        hosts.iter().map(|&host| frame.world.load_average(host)).sum::<f64>() / hosts.len().max(1) as f64
    }

    /// The host for what is to run on a node.
    fn host(&self, frame: Frame<'_>, node: u32, function: u32) -> Option<u32> {
        let hosts = self.plan.hosts(node);
        if hosts.len() <= 1 {
            return hosts.first().copied();
        }
        let ask = frame.ask(function);
        hosts.iter().copied().min_by_key(|&host| {
            let spec = &frame.model.hosts[host as usize];
            let too_small = spec.memory < ask.memory || spec.millicores < ask.millicores;
            let per_core = u64::from(self.sent[host as usize]) * 1_000_000_000 / u64::from(spec.millicores.max(1));
            (too_small, per_core, host)
        })
    }

    /// An agent decides what to do with a request.
    fn decide(
        &mut self,
        frame: Frame<'_>,
        number: u32,
        placer: &mut Placer,
        message: &Message,
        task: &Asked,
        actions: &mut Vec<Action>,
    ) {
        let Asked { attempt, function, .. } = *task;
        let key = (task.invocation, task.number);
        let above = if message.kind == MessageKind::Offload { self.pending.get(&key).map_or(NONE, |p| p.last) } else { NONE };
        let request = if above == NONE {
            let limit = frame.model.functions[function as usize].time_limit;
            Request { function, kind: self.kind, hop: 0, endpoint: Endpoint::Entry, limit }
        } else {
            let Open { request, step, .. } = self.links[above].open;
            let endpoint = if let Step::Pass { endpoint, .. } = step { endpoint } else { Endpoint::Entry };
            Request { endpoint, ..request }
        };
        let load = self.load(frame, number);
        let agent = &mut self.agents[number as usize];
        let before = agent.tail.has_shared(function).then(|| agent.tail.weights(function));
        let mut open = agent.route(frame.now, &self.plan.map, request, load, &mut placer.chance);
        open.entered = message.arrives;
        let weights = agent.tail.weights(function);
        if request.kind.is_none() && before != Some(weights) {
            actions.push(Action::Weigh { function, shares: weights.map(|w| libm::rint(w * 10_000.0) as u16) });
        }
        let last = self.links.insert(Link { agent: number, above, open });
        let host = match open.step {
            Step::Run => self.host(frame, number, function),
            Step::Invoke { node } => self.host(frame, node, function),
            Step::Pass { .. } | Step::HandOn { .. } | Step::Refuse(_) => None,
        };
        self.pending.insert(key, Pending { attempt, last, host: host.unwrap_or(NONE) });
        let action = match (open.step, host) {
            (Step::Pass { node, .. } | Step::HandOn { node }, _) => Action::Offload { attempt, placer: node },
            (_, Some(host)) => {
                self.sent[host as usize] += 1;
                Action::Assign { attempt, host }
            }
            // Validation sees to it that there are controllers and workers.
            (_, None) => {
                self.pending.remove(&key);
                self.hear(frame, last, None, actions);
                Action::Reject { attempt }
            }
        };
        actions.push(action);
        self.sweep(frame);
    }

    /// An agent hears what became of a request that it sent on, and tells the one that handed it on.
    fn hear(&mut self, frame: Frame<'_>, link: u32, reply: Option<Reply>, actions: &mut Vec<Action>) {
        let Link { agent, above, open } = self.links[link].clone();
        self.links.remove(link);
        let told = self.agents[agent as usize].reply(frame.now, &self.plan.map, &open, reply);
        if above != NONE {
            let words = [above, pack(told)];
            actions.push(Action::Tell { placer: self.links[above].agent, kind: MessageKind::Note, words });
        }
    }

    /// A host says that a request has ended.
    fn ended(&mut self, frame: Frame<'_>, message: &Message, actions: &mut Vec<Action>) {
        let Some(pending) = self.pending.remove(&(message.invocation, message.number)) else { return };
        let sent = &mut self.sent[message.host as usize];
        *sent = sent.saturating_sub(1);
        let failed = message.failed;
        let reply = Reply { status: if failed { 500 } else { 200 }, hop: 0, failed };
        self.hear(frame, pending.last, Some(reply), actions);
    }

    /// Forgets requests that their clients gave up before they had a host, of which nobody hears. It looks for them when there
    /// are twice as many requests as it left the last time.
    fn sweep(&mut self, frame: Frame<'_>) {
        if self.pending.len() < self.sweep_at {
            return;
        }
        let links = &mut self.links;
        self.pending.retain(|&(invocation, number), pending| {
            let stays = pending.host != NONE || frame.world.is_live(Member { attempt: pending.attempt, invocation, number });
            while !stays && pending.last != NONE {
                let above = links[pending.last].above;
                links.remove(pending.last);
                pending.last = above;
            }
            stays
        });
        self.sweep_at = (2 * self.pending.len()).max(FEW);
    }
}

fn form(args: Args<'_>) -> Form {
    if args.is("form", "corrected") { Form::Corrected } else { Form::Faithful }
}

/// The architecture that gets everything, if one does.
fn kind(args: Args<'_>) -> Option<Kind> {
    let words = [("decentralized", Kind::Decentralized), ("federated", Kind::Federated), ("centralized", Kind::Centralized)];
    words.into_iter().find(|(word, _)| args.is("mode", word)).map(|(_, kind)| kind)
}

fn settings(args: Args<'_>) -> Settings {
    let ramp = |soft, hard| Ramp { soft: args.number(soft), hard: args.number(hard) };
    Settings {
        keep_load: args.number("load_threshold"),
        hops: args.integer("hop_limit") as u32,
        hop_penalty: args.number("hop_penalty"),
        request_limit: SimDuration::from_s(args.number("request_limit_s")),
        tail: TailSettings {
            thresholds: Thresholds { decentralized: ramp("soft_d2f", "hard_d2f"), federated: ramp("soft_f2c", "hard_f2c") },
            min_samples: args.integer("min_samples") as usize,
            interval: SimDuration::from_s(args.number("sample_interval_s")),
            federated_gate: args.number("federated_gate"),
            centralized_gate: args.number("centralized_gate"),
            floor: args.number("floor"),
        },
    }
}

/// An answer in one word of a message: the status, whether it failed, the hops.
fn pack(reply: Reply) -> u32 {
    u32::from(reply.status) | u32::from(reply.failed) << 16 | reply.hop << 17
}

fn unpack(word: u32) -> Reply {
    Reply { status: word as u16, failed: word >> 16 & 1 == 1, hop: word >> 17 }
}

impl Rules for Dynamic {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let agents = (0u32..).zip(&model.machines).filter(|(_, m)| has_agent(m));
        agents.map(|(machine, _)| PlacerPlan { machine, hosts: Vec::new() }).collect()
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.begin(model);
        let entry = &mut self.entries[client as usize];
        if *entry == NONE {
            *entry = self.plan.entry(model, client);
        }
        *entry
    }

    fn cost(&self, _: &Message, tasks: usize, _: &Placer) -> SimDuration {
        self.costs.of(tasks, self.plan.all.len())
    }

    fn answer(
        &mut self,
        frame: Frame<'_>,
        number: u32,
        placer: &mut Placer,
        message: &Message,
        tasks: &[Asked],
        actions: &mut Vec<Action>,
    ) {
        match message.kind {
            MessageKind::Submit | MessageKind::Offload => {
                for task in tasks {
                    self.decide(frame, number, placer, message, task, actions);
                }
            }
            MessageKind::Finish => self.ended(frame, message, actions),
            MessageKind::Note => self.hear(frame, message.words[0], Some(unpack(message.words[1])), actions),
            _ => {}
        }
    }

    fn wants_load_averages(&self) -> bool {
        true
    }

    fn retune(&mut self, args: Args<'_>) -> bool {
        if form(args) != self.form {
            return false;
        }
        (self.costs, self.settings, self.kind) = (Costs::new(args), settings(args), kind(args));
        self.agents.iter_mut().for_each(|agent| agent.retune(self.settings));
        true
    }

    fn size(&self) -> usize {
        self.links.size() + self.pending.len() * 32 + self.sent.len() * 4 + self.agents.iter().map(Agent::size).sum::<usize>()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::platform::LoadAverage;
    use crate::scenario::Scenario;
    use crate::sim::{Library, Simulation};
    use crate::workload::Workload;

    #[test]
    fn an_answer_fits_into_one_word() {
        for reply in [
            Reply { status: 200, hop: 0, failed: false },
            Reply { status: 500, hop: 3, failed: true },
            Reply { status: 403, hop: 101, failed: false },
        ] {
            assert_eq!(unpack(pack(reply)), reply);
        }
    }

    #[test]
    fn the_load_average_is_that_of_what_runs_or_waits_on_the_host_whoever_sent_it() {
        let text = include_str!("../../../../scenarios/reference/tail-driven.json");
        let scenario = Scenario::from_json(text).unwrap();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        let mut own = vec![LoadAverage::default(); simulation.world().hosts.len()];
        let mut highest = 0.0_f64;
        while !simulation.step(1, &mut ()).done {
            let world = simulation.world();
            for (host, own) in (0u32..).zip(&mut own) {
                own.set(world.now, world.hosts[host as usize].load());
                assert!((own.at(world.now) - world.load_average(host)).abs() < 1e-9, "host {host} at {:?}", world.now);
                highest = highest.max(own.at(world.now));
            }
        }
        assert!(highest > 2.0, "{highest}");
    }
}
