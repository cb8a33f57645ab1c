//! Federated: one placer per zone decides for its own hosts and hands invocations to another zone when its own is loaded.
//!
//! A client submits to the placer of its zone, or to the nearest. A placer whose zone has more than `offload_above`
//! invocations per core hands the task to a zone that it believes less loaded than its own, if the task was handed on fewer than
//! `hops` times; it knows the others from gossip, which is up to `gossip_ms` old. Of several it takes the one that it believes
//! least loaded, or (`by_history`) draws one by how fast it answered this function in the last minute
//! ([`crate::frame::dynamic::target`], the corrected form): from the decision to hand the task on until the other placer, who hears
//! of the end, has told so (`note`). A failure counts as the function's time limit, or as 60 s, at least.
//! The placer stands on the zone's edge controller, or, where none is drawn, on the cloud controller.
//! A placer tells another its load only when the other has dealt with what it was told before, so that gossip cannot pile up, and
//! while nothing happens anywhere it falls silent: it would only repeat itself.
//!
//! What happens when a placer does not answer ([`crate::scenario::Node::answers`]):
//! - A placer that has heard nothing of another for longer than `silent_after_ms` hands nothing to it. Then gossip never falls
//!   silent of itself.
//! - A client that has no word `answer_within_ms` after it submitted that its task has a host (`placed`, which placers send then)
//!   withdraws it, wherever it is, and submits it to the next nearest placer, until all were asked; the last it waits for.
//!
//! Both are off by default, as nobody falls silent unless a scenario says so.
//! Source: edge-cloud federations; by history: the target selector of the edge-cloud agent (yleinl/edge-cloud-agent); the threshold form of the offloading in the tail-latency-driven edge-cloud scheduler.

use std::collections::BTreeMap;

use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::engine::NONE;
use crate::frame::dynamic::Form;
use crate::frame::dynamic::target::History;
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::platform::Member;
use crate::policy::placement::Ask;
use crate::registry::{Args, Domain, Entry, Param};
use crate::rng::Stream;
use crate::units::{NS_PER_S, SimDuration, SimTime};

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
        Param {
            name: "target",
            label: "Of the less loaded zones",
            unit: "",
            help: "To which of the zones that are believed less loaded a task is handed on.",
            domain: Domain::Word(&[
                ("least_loaded", "the least loaded"),
                ("by_history", "any, the likelier the faster it answered in the last minute"),
            ]),
        },
        Param {
            name: "silent_after_ms",
            label: "Silent after",
            unit: "ms",
            help: "A zone of which no gossip came for so long is handed nothing; some gossip periods, or 0 for never.",
            domain: Domain::Number { default: 0.0, min: 0.0, max: 1e7 },
        },
        Param {
            name: "answer_within_ms",
            label: "Clients ask the next after",
            unit: "ms",
            help: "How long a client waits for word that its task has a host before it submits it to the next nearest placer; 0 is for ever.",
            domain: Domain::Number { default: 0.0, min: 0.0, max: 1e7 },
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
    by_history: bool,
    silent_after: SimDuration,
    answer_within: SimDuration,
    /// Per client, its placer.
    routes: Vec<u32>,
    /// Per placer, its hosts' (memory, thousandths of cores): what hosts a zone has does not change, everyone knows it.
    hosts: Vec<Vec<(u64, u32)>>,
    /// Per placer and other placer: thousandths of invocations per core, as last heard.
    heard: Vec<Vec<u32>>,
    /// Per placer and other placer, when that was.
    heard_at: Vec<Vec<SimTime>>,
    /// Per placer and other placer, what it told the other.
    told: Vec<Vec<Told>>,
    /// Per placer, how much had happened when it last spoke, and how often it has spoken since.
    spoken: Vec<(u64, u32)>,
    /// Per placer, how long the others took; a place is their number.
    history: Vec<History>,
    /// Where tasks are drawn by history, those that were handed on and are not known to have ended, by invocation and attempt.
    handed: BTreeMap<(u32, u16), Handed>,
    /// From so many on it is looked for some that have ended unheard of.
    sweep_at: usize,
    /// What placers tell each other of those that have ended, by ticket.
    news: BTreeMap<u32, News>,
    tickets: u32,
}

/// A task that was handed on.
#[derive(Clone)]
struct Handed {
    attempt: u32,
    /// Each time: by whom, to whom, and when.
    ways: Vec<(u32, u32, SimTime)>,
}

/// A placer hears that a task that it handed to another has ended.
#[derive(Clone, Copy)]
struct News {
    other: u32,
    function: u32,
    since: SimTime,
    failed: bool,
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

/// What a failure counts where its function has no time limit.
const FAILURE: SimDuration = SimDuration(60 * NS_PER_S);

/// With fewer tasks handed on it is not looked for forgotten ones.
const FEW: usize = 64;

impl Federated {
    pub(super) fn new(args: Args<'_>) -> Federated {
        Federated {
            costs: Costs::new(args),
            offload_above: args.number("offload_above"),
            hops: args.integer("hops") as u8,
            gossip: SimDuration::from_ms(args.number("gossip_ms")),
            by_history: args.is("target", "by_history"),
            silent_after: SimDuration::from_ms(args.number("silent_after_ms")),
            answer_within: SimDuration::from_ms(args.number("answer_within_ms")),
            routes: Vec::new(),
            hosts: Vec::new(),
            heard: Vec::new(),
            heard_at: Vec::new(),
            told: Vec::new(),
            spoken: Vec::new(),
            history: Vec::new(),
            handed: BTreeMap::new(),
            sweep_at: FEW,
            news: BTreeMap::new(),
            tickets: 0,
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

    /// A client's placers, the nearest first.
    fn nearest(model: &Model, plan: &[(u32, PlacerPlan)], client: u32) -> Vec<u32> {
        let client = &model.clients[client as usize];
        let mut all: Vec<u32> = (0..plan.len() as u32).collect();
        all.sort_by_cached_key(|&p| {
            let (zone, placer) = &plan[p as usize];
            (*zone != client.zone, model.path(client.machine, placer.machine).latency, p)
        });
        all
    }

    fn begin(&mut self, model: &Model, now: SimTime) {
        if !self.routes.is_empty() {
            return;
        }
        let plan = Federated::plan(model);
        self.heard_at = vec![vec![now; plan.len()]; plan.len()];
        self.history = vec![History::new(Form::Corrected); plan.len()];
        self.heard = vec![vec![0; plan.len()]; plan.len()];
        self.told = vec![vec![Told { known: u64::MAX, on_its_way: None }; plan.len()]; plan.len()];
        self.spoken = vec![(u64::MAX, 0); plan.len()];
        let size = |&h: &u32| (model.hosts[h as usize].memory, model.hosts[h as usize].millicores);
        self.hosts = plan.iter().map(|(_, placer)| placer.hosts.iter().map(size).collect()).collect();
        let nearest = |client| Federated::nearest(model, &plan, client).first().copied().unwrap_or(0);
        self.routes = (0..model.clients.len() as u32).map(nearest).collect();
    }

    /// The zone to hand a task to, if there is one that is believed less loaded and large enough, and that is not silent.
    fn elsewhere(&mut self, now: SimTime, number: u32, own: f64, ask: &Ask, chance: &mut Stream) -> Option<u32> {
        let (heard, heard_at) = (&self.heard[number as usize], &self.heard_at[number as usize]);
        let fits = |p: &u32| self.hosts[*p as usize].iter().any(|&(memory, cores)| memory >= ask.memory && cores >= ask.millicores);
        let less_loaded = |p: &u32| *p != number && f64::from(heard[*p as usize]) / 1000.0 < own;
        let speaks = |p: &u32| self.silent_after.0 == 0 || now.since(heard_at[*p as usize]) <= self.silent_after;
        let right = (0..heard.len() as u32).filter(less_loaded).filter(fits).filter(speaks);
        if !self.by_history {
            return right.min_by_key(|&p| (heard[p as usize], p));
        }
        let right: Vec<u32> = right.collect();
        let history = &mut self.history[number as usize];
        (!right.is_empty()).then(|| history.select(now, ask.function, &right, |p| p, chance))
    }

    /// A task is handed on, and its end will be told.
    fn hand_on(&mut self, frame: Frame<'_>, task: &Asked, from: u32, to: u32) {
        let key = (task.invocation, task.number);
        let handed = self.handed.entry(key).or_insert_with(|| Handed { attempt: task.attempt, ways: Vec::new() });
        handed.ways.push((from, to, frame.now));
        if self.handed.len() < self.sweep_at {
            return;
        }
        // Of what never gets to a host nobody hears.
        let live = |&(invocation, number): &(u32, u16), attempt| frame.world.is_live(Member { attempt, invocation, number });
        self.handed.retain(|key, handed| live(key, handed.attempt));
        self.sweep_at = (2 * self.handed.len()).max(FEW);
    }

    /// A task has ended: whoever handed it on is told.
    fn tell(&mut self, message: &Message, actions: &mut Vec<Action>) {
        let Some(handed) = self.handed.remove(&(message.invocation, message.number)) else { return };
        for (from, other, since) in handed.ways {
            self.news.insert(self.tickets, News { other, function: message.function, since, failed: message.failed });
            actions.push(Action::Tell { placer: from, kind: MessageKind::Note, words: [self.tickets, 0] });
            self.tickets = self.tickets.wrapping_add(1);
        }
    }

    /// A placer is told of the end of a task that it handed on.
    fn told_of_end(&mut self, frame: Frame<'_>, number: u32, ticket: u32) {
        let Some(News { other, function, since, failed }) = self.news.remove(&ticket) else { return };
        let took = frame.now.since(since);
        let least = frame.model.functions[function as usize].time_limit.unwrap_or(FAILURE);
        let counts = if failed { took.max(least) } else { took };
        self.history[number as usize].record(frame.now, function, other, counts);
    }
}

impl Rules for Federated {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        Federated::plan(model).into_iter().map(|(_, placer)| placer).collect()
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.begin(model, SimTime::ZERO);
        self.routes[client as usize]
    }

    fn route_job(&mut self, frame: Frame<'_>, client: u32, _: &[u32]) -> u32 {
        self.begin(frame.model, frame.now);
        self.routes[client as usize]
    }

    fn answer_within(&self) -> Option<SimDuration> {
        (self.answer_within.0 > 0).then_some(self.answer_within)
    }

    fn route_again(&mut self, model: &Model, client: u32, unanswered: u16) -> Option<u32> {
        Federated::nearest(model, &Federated::plan(model), client).get(usize::from(unanswered)).copied()
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
                        && let Some(other) = self.elsewhere(frame.now, number, own, &ask, &mut placer.chance)
                    {
                        // Until the next gossip, count what was just handed over.
                        let cores: u64 = self.hosts[other as usize].iter().map(|&(_, cores)| u64::from(cores)).sum();
                        let heard = &mut self.heard[number as usize][other as usize];
                        *heard = heard.saturating_add((1_000_000 / cores.max(1)) as u32);
                        if self.by_history {
                            self.hand_on(frame, task, number, other);
                        }
                        actions.push(Action::Offload { attempt: task.attempt, placer: other });
                    } else {
                        actions.push(placer.assign(frame, task));
                    }
                }
            }
            MessageKind::Gossip => {
                let [load, sender] = message.words;
                self.heard[number as usize][sender as usize] = load;
                self.heard_at[number as usize][sender as usize] = frame.now;
                let told = &mut self.told[sender as usize][number as usize];
                told.known = told.on_its_way.take().unwrap_or(u64::MAX);
            }
            MessageKind::Note => self.told_of_end(frame, number, message.words[0]),
            _ => {
                placer.hear(frame, message);
                if message.kind == MessageKind::Finish {
                    self.tell(message, actions);
                }
            }
        }
    }

    fn size(&self) -> usize {
        self.history.iter().map(History::size).sum::<usize>() + self.handed.len() * 64 + self.news.len() * 48
    }

    fn timer(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, actions: &mut Vec<Action>) {
        self.begin(frame.model, frame.now);
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
        let repeats = all_know && *rounds >= QUIET_ROUNDS && self.silent_after.0 == 0;
        actions.push(if repeats { Action::Rest { after } } else { Action::Timer { after } });
    }
}
