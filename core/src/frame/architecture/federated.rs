//! Federated: one placer per zone decides for its own hosts and hands invocations to another zone when its own is loaded.
//!
//! A client submits to the placer of its zone, or to the nearest. A placer whose zone has more than `offload_above`
//! invocations per core hands the task to the zone that it believes least loaded, if that one is less loaded than its own and
//! the task was handed on fewer than `hops` times; it knows the others from gossip, which is up to `gossip_ms` old.
//! The placer stands on the zone's edge controller, or, where none is drawn, on the cloud controller.
//! A placer tells another its load only when the other has dealt with what it was told before, so that gossip cannot pile up, and
//! while nothing happens anywhere it falls silent: it would only repeat itself.
//! Source: edge-cloud federations; the threshold form of the offloading in the tail-latency-driven edge-cloud scheduler.

use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::engine::NONE;
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::policy::placement::Ask;
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "federated",
    name: "Federated",
    summary: "One placer per zone; a loaded zone offloads to a less loaded one.",
    source: "Edge-cloud federation with threshold offloading.",
    params: &[
        Param {
            name: "offload_above",
            label: "Offload above",
            unit: "per core",
            help: "Running and queued invocations per core of the zone from which on tasks are handed on.",
            domain: Domain::Number { default: 1.0, min: 0.0, max: 1e6 },
        },
        Param {
            name: "hops",
            label: "Most hops",
            unit: "",
            help: "How often a task may be handed from zone to zone.",
            domain: Domain::Integer { default: 1, min: 0, max: 100 },
        },
        Param {
            name: "gossip_ms",
            label: "Gossip every",
            unit: "ms",
            help: "How often each placer tells the others how loaded its zone is; 0 is never, less than 1 is 1.",
            domain: Domain::Number { default: 100.0, min: 0.0, max: 1e7 },
        },
        decision_ms(0.1),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Federated {
    costs: Costs,
    offload_above: f64,
    hops: u8,
    gossip: SimDuration,
    /// Per client, its placer.
    routes: Vec<u32>,
    /// Per placer, its hosts' (memory, thousandths of cores): what hosts a zone has does not change, everyone knows it.
    hosts: Vec<Vec<(u64, u32)>>,
    /// Per placer and other placer: thousandths of invocations per core, as last heard.
    heard: Vec<Vec<u32>>,
    /// Per placer and other placer, what it told the other.
    told: Vec<Vec<Told>>,
    /// Per placer, how much had happened when it last spoke, and how often it has spoken since.
    spoken: Vec<(u64, u32)>,
}

/// What one placer told another.
#[derive(Clone, Copy)]
struct Told {
    /// How much had happened when what it last told was dealt with was told.
    known: u64,
    /// How much had happened when what is still on its way was told.
    on_its_way: Option<u64>,
}

/// After so many rounds in which nothing happened a placer falls silent until something does.
const QUIET_ROUNDS: u32 = 50;

impl Federated {
    pub(super) fn new(args: Args<'_>) -> Federated {
        Federated {
            costs: Costs::new(args),
            offload_above: args.number("offload_above"),
            hops: args.integer("hops") as u8,
            gossip: SimDuration::from_ms(args.number("gossip_ms")),
            routes: Vec::new(),
            hosts: Vec::new(),
            heard: Vec::new(),
            told: Vec::new(),
            spoken: Vec::new(),
        }
    }

    /// The zones that have hosts, in order, with the machine of their placer.
    fn plan(model: &Model) -> Vec<(u32, PlacerPlan)> {
        (0..model.zones as u32)
            .filter_map(|zone| {
                let hosts: Vec<u32> = (0..model.hosts.len() as u32).filter(|&h| model.hosts[h as usize].zone == zone).collect();
                let own = model.edge_controllers[zone as usize];
                let machine = if own == NONE { model.controller } else { own };
                (!hosts.is_empty()).then_some((zone, PlacerPlan { machine, hosts }))
            })
            .collect()
    }

    fn prepare(&mut self, model: &Model) {
        let plan = Federated::plan(model);
        self.heard = vec![vec![0; plan.len()]; plan.len()];
        self.told = vec![vec![Told { known: u64::MAX, on_its_way: None }; plan.len()]; plan.len()];
        self.spoken = vec![(u64::MAX, 0); plan.len()];
        let size = |&h: &u32| (model.hosts[h as usize].memory, model.hosts[h as usize].millicores);
        self.hosts = plan.iter().map(|(_, placer)| placer.hosts.iter().map(size).collect()).collect();
        self.routes = model
            .clients
            .iter()
            .map(|client| {
                let nearest = (0..plan.len()).min_by_key(|&p| {
                    let (zone, placer) = &plan[p];
                    (*zone != client.zone, model.path(client.machine, placer.machine).latency, p)
                });
                nearest.unwrap_or(0) as u32
            })
            .collect();
    }

    /// The zone to hand a task to, if there is one that is believed less loaded and large enough.
    fn elsewhere(&self, number: u32, own: f64, ask: &Ask) -> Option<u32> {
        let heard = &self.heard[number as usize];
        let fits = |p: &u32| self.hosts[*p as usize].iter().any(|&(memory, cores)| memory >= ask.memory && cores >= ask.millicores);
        let less_loaded = |p: &u32| *p != number && f64::from(heard[*p as usize]) / 1000.0 < own;
        (0..heard.len() as u32).filter(less_loaded).filter(fits).min_by_key(|&p| (heard[p as usize], p))
    }
}

impl Rules for Federated {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        Federated::plan(model).into_iter().map(|(_, placer)| placer).collect()
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        if self.routes.is_empty() {
            self.prepare(model);
        }
        self.routes[client as usize]
    }

    fn cost(&self, _: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        self.costs.of(tasks, placer.view.len())
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
                    let ask = frame.ask(task.function);
                    let fits_here = placer.view.least_loaded(&ask).is_some();
                    let own = if fits_here { placer.view.total_load() } else { f64::INFINITY };
                    if task.hops < self.hops
                        && own >= self.offload_above
                        && let Some(other) = self.elsewhere(number, own, &ask)
                    {
                        // Until the next gossip, count what was just handed over.
                        let cores: u64 = self.hosts[other as usize].iter().map(|&(_, cores)| u64::from(cores)).sum();
                        let heard = &mut self.heard[number as usize][other as usize];
                        *heard = heard.saturating_add((1_000_000 / cores.max(1)) as u32);
                        actions.push(Action::Offload { attempt: task.attempt, placer: other });
                    } else {
                        actions.push(placer.assign(frame, task));
                    }
                }
            }
            MessageKind::Gossip => {
                let [load, sender] = message.words;
                self.heard[number as usize][sender as usize] = load;
                let told = &mut self.told[sender as usize][number as usize];
                told.known = told.on_its_way.take().unwrap_or(u64::MAX);
            }
            _ => placer.hear(frame, message),
        }
    }

    fn timer(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, actions: &mut Vec<Action>) {
        if self.heard.is_empty() {
            self.prepare(frame.model);
        }
        if self.gossip.0 == 0 || self.heard.len() < 2 {
            return;
        }
        let load = (placer.view.total_load() * 1000.0) as u32;
        let mut all_know = true;
        for other in (0..self.heard.len() as u32).filter(|&p| p != number) {
            let told = &mut self.told[number as usize][other as usize];
            all_know &= told.known == frame.happened;
            if told.on_its_way.is_none() {
                told.on_its_way = Some(frame.happened);
                actions.push(Action::Tell { placer: other, kind: MessageKind::Gossip, words: [load, number] });
            }
        }
        let (happened, rounds) = &mut self.spoken[number as usize];
        *rounds = if *happened == frame.happened { rounds.saturating_add(1) } else { 0 };
        *happened = frame.happened;
        let after = self.gossip.max(SimDuration::from_ms(1.0));
        actions.push(if all_know && *rounds >= QUIET_ROUNDS { Action::Rest { after } } else { Action::Timer { after } });
    }
}
