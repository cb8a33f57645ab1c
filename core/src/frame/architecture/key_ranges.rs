//! Delegated, key ranges: a broker hands each function's tasks to one of k sub-placers, and each sub-placer sends a function's
//! tasks to the function's home.
//!
//! submit → broker → offload → sub-placer of the function (hash of its id modulo k); all of them stand on the cloud controller. A
//! function with a home: assign there at once → host's queue → run → finish, to the sub-placer. A function without one: the task
//! waits in the sub-placer's own queue, and the sub-placer asks the broker for a slot (`ask`). Hosts tell the broker how many of
//! their slots are free with nobody waiting for them (`free`); the broker grants a free slot to the sub-placer with the longest
//! queue, of equals the one with the lowest number, for the first of its tasks, by `policies.order`, for which there is a host that is large enough; of the
//! hosts with free slots the one gets it that has waited for longest, as ExDe's hosts wait. So no idle host is unknown to a sub-placer that has work. The host that takes a task becomes its
//! function's home, even if another has become so in the meantime. A slot for which no task is left, as its client gave up, is
//! given back (`return`).
//! What the broker has granted counts as taken until the host's free slots become fewer, or the task's end is heard (`finish`,
//! for tasks from a queue to the broker): it may grant a slot late, but never holds one for ever. A task counts as a slot for each
//! core that it holds.
//! Every `rebalance_s` the broker looks at the work (estimated execution times cores) that the sub-placers, which stand beside it,
//! sent to each host since the last time, per core: a host with more than 1.3 times the mean gives up functions, those with least
//! work first, each to the least loaded host that is large enough, if that one remains less loaded than the giver was. A new
//! home has no container yet. Each move is told to the function's sub-placer, so that the moves are the `note`s among the
//! messages.
//! Unloaded service time, from the client to the controller and on to a host: L + s_msg + S + L + run, and for a function
//! without a home 2 s_msg more, for the question and the grant; S = s_job + s_task.
//! Source: ExDe's delegated data-aware scheduler, with one sub-placer its centralized data-aware one; there an idle host listens to
//! one sub-placer and work at the others starves, and rebalancing moves nothing. Here functions take the place of data objects.

use std::collections::{BTreeMap, BTreeSet};

use super::room::{fits, fits_somewhere};
use super::{Action, Asked, Frame, Held, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::engine::NONE;
use crate::frame::{Costs, JOB_MS, MESSAGE_US, decision_ms};
use crate::platform::{Place, RunQueue, slots};
use crate::registry::{Args, Domain, Entry, Param};
use crate::rng::hash_text;
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "key_ranges",
    name: "Delegated: key ranges",
    summary: "A broker splits the functions over sub-placers, which keep each function at a home host.",
    source: "ExDe's delegated data-aware scheduler; with one sub-placer its centralized one.",
    params: &[
        Param {
            name: "placers",
            label: "Sub-placers",
            unit: "",
            help: "Over how many sub-placers the functions are split, by their ids; 5 in ExDe.",
            domain: Domain::Integer { default: 5, min: 1, max: 1000 },
        },
        Param {
            name: "rebalance_s",
            label: "Rebalance every",
            unit: "s",
            help: "How often hosts with more than 1.3 times the mean load give up functions; 0 is never. ExDe: 300 s.",
            domain: Domain::Number { default: 300.0, min: 0.0, max: 1e7 },
        },
        decision_ms(0.5),
        JOB_MS,
        MESSAGE_US,
    ],
    decides: &["policies.placement"],
};

/// The broker's number.
const BROKER: u32 = 0;

/// A host with so many times the mean load gives up functions.
const TOO_MUCH: f64 = 1.3;

/// What is known of a function.
#[derive(Clone, Copy)]
struct Key {
    /// The number of its sub-placer.
    placer: u32,
    /// Its home, or [`NONE`].
    home: u32,
    /// Core-milliseconds of its tasks that were sent to a host since the last rebalancing.
    work: f64,
}

/// Slots of a host, as the broker counts them.
#[derive(Clone, Copy)]
struct Slots {
    /// Free ones, as last told.
    told: u64,
    /// Granted, and the task's end not heard of.
    granted: u64,
    /// Of those, the ones that what was last told does not count as taken.
    unseen: u64,
}

#[derive(Clone)]
pub(crate) struct KeyRanges {
    costs: Costs,
    placers: u32,
    rebalance: SimDuration,
    /// By function.
    keys: Vec<Key>,
    /// By sub-placer from 0, tasks of functions without a home.
    waiting: Vec<Held>,
    /// By sub-placer from 0, the functions of its waiting tasks as the broker knows them.
    wanted: Vec<RunQueue<u32>>,
    /// The tasks that questions on their way to the broker are about, by ticket.
    asks: BTreeMap<u32, Asked>,
    tickets: u32,
    /// By host.
    slots: Vec<Slots>,
    /// Hosts with slots that may be granted, the one that has waited for longest first: (its turn, the host).
    idle: BTreeSet<(u64, u32)>,
    /// By host, its turn; and the last turn given.
    turns: Vec<u64>,
    turn: u64,
}

impl KeyRanges {
    pub(super) fn new(args: Args<'_>) -> KeyRanges {
        KeyRanges {
            costs: Costs::without_scan(args),
            placers: args.integer("placers") as u32,
            rebalance: SimDuration::from_s(args.number("rebalance_s")),
            keys: Vec::new(),
            waiting: Vec::new(),
            wanted: Vec::new(),
            asks: BTreeMap::new(),
            tickets: 0,
            slots: Vec::new(),
            idle: BTreeSet::new(),
            turns: Vec::new(),
            turn: 0,
        }
    }

    fn prepare(&mut self, model: &Model) {
        if !self.waiting.is_empty() {
            return;
        }
        let k = u64::from(self.placers);
        let key = |id: &str| Key { placer: 1 + (hash_text(id) % k) as u32, home: NONE, work: 0.0 };
        self.keys = model.functions.iter().map(|f| key(&f.id)).collect();
        self.waiting = vec![Held::default(); k as usize];
        self.wanted = vec![RunQueue::new(); k as usize];
        self.slots = model.hosts.iter().map(|h| Slots { told: slots(h).into(), granted: 0, unseen: 0 }).collect();
        self.turns = vec![0; self.slots.len()];
        (0..self.slots.len() as u32).for_each(|host| self.recount(host));
    }

    /// How many slots of a host a task counts for.
    fn slots_of(model: &Model, host: u32, function: u32) -> u64 {
        let cores = model.functions[function as usize].millicores.div_ceil(1000).max(1);
        cores.min(slots(&model.hosts[host as usize])).into()
    }

    /// The broker's count of a host has changed.
    fn recount(&mut self, host: u32) {
        let s = &mut self.slots[host as usize];
        s.unseen = s.unseen.min(s.granted);
        if self.free(host) == 0 {
            self.idle.remove(&(self.turns[host as usize], host));
        } else if !self.idle.contains(&(self.turns[host as usize], host)) {
            self.waits_again(host);
        }
    }

    /// Slots of a host that may be granted.
    fn free(&self, host: u32) -> u64 {
        let s = &self.slots[host as usize];
        s.told.saturating_sub(s.unseen)
    }

    /// A host waits for work behind the others.
    fn waits_again(&mut self, host: u32) {
        self.idle.remove(&(self.turns[host as usize], host));
        self.turn += 1;
        self.turns[host as usize] = self.turn;
        self.idle.insert((self.turn, host));
    }

    /// The broker hands out free slots, each to the sub-placer with the longest queue that can use one.
    fn grant(&mut self, frame: Frame<'_>, placer: &mut Placer, actions: &mut Vec<Action>) {
        // Functions for which there is no host now.
        let mut without: Vec<u32> = Vec::new();
        while !self.idle.is_empty() {
            let mut longest: Option<(usize, usize, Place, u32)> = None;
            for (sub, wanted) in self.wanted.iter().enumerate() {
                if wanted.len() <= longest.map_or(0, |(length, ..)| length) {
                    continue;
                }
                for (at, function) in wanted.iter(frame.now) {
                    if without.contains(&function) {
                        continue;
                    }
                    let ask = frame.ask(function);
                    let enough = |&(_, host): &&(u64, u32)| {
                        let needs = KeyRanges::slots_of(frame.model, *host, function);
                        self.free(*host) >= needs && fits(&frame.model.hosts[*host as usize], &ask)
                    };
                    if let Some(&(_, host)) = self.idle.iter().find(enough) {
                        longest = Some((wanted.len(), sub, at, host));
                        break;
                    }
                    without.push(function);
                }
            }
            let Some((_, sub, at, host)) = longest else { return };
            let Some(function) = self.wanted[sub].remove(at) else { return };
            placer.serves(at);
            let taken = KeyRanges::slots_of(frame.model, host, function);
            self.slots[host as usize].granted += taken;
            self.slots[host as usize].unseen += taken;
            self.recount(host);
            if self.free(host) > 0 {
                self.waits_again(host);
            }
            actions.push(Action::Tell { placer: sub as u32 + 1, kind: MessageKind::Grant, words: [host, function] });
        }
    }

    /// A task of a granted slot has ended, or none was found for it.
    fn given_back(&mut self, model: &Model, host: u32, function: u32, unused: bool) {
        let taken = KeyRanges::slots_of(model, host, function);
        let s = &mut self.slots[host as usize];
        s.granted = s.granted.saturating_sub(taken);
        s.unseen = s.unseen.saturating_sub(if unused { taken } else { 0 });
        self.recount(host);
    }

    /// A sub-placer sends a task to a host.
    fn send(&mut self, frame: Frame<'_>, task: &Asked, host: u32, actions: &mut Vec<Action>) {
        let cores = f64::from(frame.model.functions[task.function as usize].millicores) / 1000.0;
        self.keys[task.function as usize].work += frame.estimate_ns(task) as f64 / 1e6 * cores;
        actions.push(Action::Assign { attempt: task.attempt, host });
    }

    /// A sub-placer gives the functions of hosts with too much to do other homes.
    fn even_out(&mut self, frame: Frame<'_>, actions: &mut Vec<Action>) {
        let hosts = &frame.model.hosts;
        let cores = |host: u32| f64::from(hosts[host as usize].millicores) / 1000.0;
        let mut load = vec![0.0; hosts.len()];
        let mut movable: Vec<(u32, u32)> = Vec::new();
        for (function, key) in (0u32..).zip(&self.keys) {
            if key.home != NONE && key.work > 0.0 {
                load[key.home as usize] += key.work / cores(key.home);
                movable.push((key.home, function));
            }
        }
        let work: f64 = movable.iter().map(|&(_, function)| self.keys[function as usize].work).sum();
        let all: f64 = hosts.iter().map(|h| f64::from(h.millicores) / 1000.0).sum();
        let most = TOO_MUCH * work / all;
        movable.retain(|&(home, _)| load[home as usize] > most);
        let (weight, keys) = (load.clone(), &self.keys);
        movable.sort_by(|&(a, f), &(b, g)| {
            let heavier = weight[b as usize].total_cmp(&weight[a as usize]).then(a.cmp(&b));
            heavier.then(keys[f as usize].work.total_cmp(&keys[g as usize].work)).then(f.cmp(&g))
        });
        for (from, function) in movable {
            if load[from as usize] <= most {
                continue;
            }
            let ask = frame.ask(function);
            let large_enough = (0..hosts.len() as u32).filter(|&h| h != from && fits(&hosts[h as usize], &ask));
            let Some(to) = large_enough.min_by(|&a, &b| load[a as usize].total_cmp(&load[b as usize])) else { continue };
            let key = &mut self.keys[function as usize];
            let after = load[to as usize] + key.work / cores(to);
            if after < load[from as usize] {
                load[from as usize] -= key.work / cores(from);
                load[to as usize] = after;
                key.home = to;
                actions.push(Action::Tell { placer: key.placer, kind: MessageKind::Note, words: [function, to] });
            }
        }
        self.keys.iter_mut().for_each(|key| key.work = 0.0);
    }
}

impl Rules for KeyRanges {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        // They know homes and free slots, and believe nothing of loads.
        let plan = PlacerPlan { machine: model.controller, hosts: Vec::new() };
        vec![plan; self.placers as usize + 1]
    }

    fn route(&mut self, _: &Model, _: u32, _: u32) -> u32 {
        BROKER
    }

    fn estimates(&self) -> bool {
        true
    }

    fn cost(&self, message: &Message, tasks: usize, _: &Placer) -> SimDuration {
        // To hand a task on is a message, to find its home a decision.
        if message.kind == MessageKind::Offload { self.costs.decision(tasks, 0) } else { self.costs.message }
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
        self.prepare(frame.model);
        match message.kind {
            MessageKind::Submit => {
                let to = |task: &Asked| self.keys[task.function as usize].placer;
                actions.extend(tasks.iter().map(|task| Action::Offload { attempt: task.attempt, placer: to(task) }));
            }
            MessageKind::Offload => {
                for task in tasks {
                    let home = self.keys[task.function as usize].home;
                    if home != NONE {
                        self.send(frame, task, home, actions);
                    } else if fits_somewhere(frame.model, &frame.ask(task.function)) {
                        self.waiting[number as usize - 1].push(frame, placer, *task);
                        actions.push(Action::Hold { attempt: task.attempt });
                        self.asks.insert(self.tickets, *task);
                        actions.push(Action::Tell { placer: BROKER, kind: MessageKind::Ask, words: [self.tickets, number] });
                        self.tickets = self.tickets.wrapping_add(1);
                    } else {
                        actions.push(Action::Reject { attempt: task.attempt });
                    }
                }
            }
            MessageKind::Ask => {
                let [ticket, sub] = message.words;
                if let Some(task) = self.asks.remove(&ticket) {
                    self.wanted[sub as usize - 1].push(task.function, placer.rank(frame, &task));
                }
                self.grant(frame, placer, actions);
            }
            MessageKind::Grant => {
                let [host, function] = message.words;
                match self.waiting[number as usize - 1].next_of(frame, placer, function) {
                    Some(task) => {
                        self.keys[function as usize].home = host;
                        actions.push(Action::Report { attempt: task.attempt, placer: BROKER });
                        self.send(frame, &task, host, actions);
                    }
                    None => actions.push(Action::Tell { placer: BROKER, kind: MessageKind::Return, words: [host, function] }),
                }
            }
            MessageKind::Return => {
                let [host, function] = message.words;
                self.given_back(frame.model, host, function, true);
                self.grant(frame, placer, actions);
            }
            MessageKind::Free => {
                let free = u64::from(message.words[0]);
                let s = &mut self.slots[message.host as usize];
                // Fewer than before: tasks have come, those with granted slots first.
                s.unseen = s.unseen.saturating_sub(s.told.saturating_sub(free));
                s.told = free;
                self.recount(message.host);
                self.grant(frame, placer, actions);
            }
            MessageKind::Finish if number == BROKER => {
                self.given_back(frame.model, message.host, message.function, false);
                self.grant(frame, placer, actions);
            }
            _ => {}
        }
    }

    fn hears_free(&self) -> Option<u32> {
        Some(BROKER)
    }

    fn timer(&mut self, frame: Frame<'_>, number: u32, _: &mut Placer, actions: &mut Vec<Action>) {
        self.prepare(frame.model);
        if number != BROKER || self.rebalance == SimDuration::ZERO {
            return;
        }
        let after = self.rebalance.max(SimDuration::from_ms(1.0));
        if self.keys.iter().any(|key| key.work > 0.0) {
            self.even_out(frame, actions);
            actions.push(Action::Timer { after });
        } else {
            actions.push(Action::Rest { after });
        }
    }
}
