//! Delegated, resource offers: a broker offers all free cores to one framework at a time, which takes what it can use.
//!
//! submit → framework, with the client; a framework that begins to have tasks tells the broker (`ask`). When cores are free and a
//! framework wants some, the broker collects for `offer_ms` and then offers everything that is free (`grant`) to the framework with
//! the lowest dominant share, the greater one of its parts of all cores and of all memory in use; of equals, to the one that
//! has had the fewest offers, then to the one with the lowest number. Until the answer is there the cores are locked: whatever becomes free meanwhile waits for the next offer.
//! The framework takes S for each waiting task, for no more than the offer has cores, sends its tasks, by
//! `policies.order`, each to the
//! host with most cores free, and answers (`commit`): what it took not is free again. → run → finish, to the broker. A framework that
//! can use no more of what is free gets no offer until a task has ended or it has new ones. The broker takes all cores as free when
//! it begins, and counts as many for a task as its function holds.
//! The time that offers lock cores, in core-nanoseconds, is the counter `locked_ns`.
//! Unloaded service time: s_msg + L + s_msg + T + L + S + L + run with the framework at the client's machine and T = `offer_ms`, the
//! first two L to the broker and back, the last one to the host; S = s_job + s_task.
//! Source: Mesos (Hindman et al., NSDI 2011) as in Omega's simulator, which offers once a second; dominant resource fairness
//! (Ghodsi et al., NSDI 2011).

use std::collections::BTreeMap;

use super::room::{Room, fits_somewhere, share};
use super::spread::Spread;
use super::{Action, Asked, Frame, Held, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, decision_ms};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "offers",
    name: "Delegated: resource offers (Mesos)",
    summary: "A broker offers all free cores to the framework with the lowest share, and locks them until it answers.",
    source: "Mesos (Hindman et al., NSDI 2011); dominant resource fairness (Ghodsi et al., NSDI 2011).",
    params: &[
        Param {
            name: "frameworks",
            label: "Frameworks",
            unit: "",
            help: "How many in all, spread over the clients; at least one with each client.",
            domain: Domain::Integer { default: 4, min: 1, max: 10_000 },
        },
        Param {
            name: "offer_ms",
            label: "Collect before an offer",
            unit: "ms",
            help: "How long the broker collects free cores before it offers them; 1 s in Omega's simulator.",
            domain: Domain::Number { default: 1000.0, min: 0.0, max: 1e7 },
        },
        decision_ms(0.1),
        JOB_MS,
        MESSAGE_US,
    ],
    decides: &["policies.placement"],
};

#[derive(Clone, Default)]
struct Framework {
    /// Its tasks.
    waiting: Held,
    /// Whether the broker knows that it wants cores, or will before it can offer any.
    has_asked: bool,
    /// Whether it could use no more of what it was offered last, and has not asked since.
    refused: bool,
    /// For the broker: whether it wants cores.
    wants: bool,
    /// For the broker: how many tasks had ended when it last was offered more than it could use.
    enough: Option<u64>,
    /// For the broker: how many offers it has had.
    offers: u64,
    /// For the broker: thousandths of cores and bytes that its tasks hold. An end may be heard of before the answer to the offer.
    holds: (i64, i64),
}

/// What is offered to a framework.
#[derive(Clone)]
struct Offer {
    framework: u32,
    since: SimTime,
    /// How many tasks had ended.
    ended: u64,
    /// Thousandths of cores.
    cores: u64,
    /// Those that the framework has not taken.
    room: Room,
    /// What the framework has taken, as in [`Framework::holds`].
    taken: (i64, i64),
}

#[derive(Clone)]
pub(crate) struct Offers {
    costs: Costs,
    spread: Spread,
    collect: SimDuration,
    frameworks: Vec<Framework>,
    /// Cores that nobody holds and that are not offered, in thousandths.
    room: Room,
    offer: Option<Offer>,
    collecting: bool,
    /// Tasks that have ended.
    ended: u64,
    /// The framework of each task that runs, by its invocation and attempt.
    owners: BTreeMap<(u32, u16), u32>,
    /// All cores, in thousandths, and bytes.
    all: (f64, f64),
}

impl Offers {
    pub(super) fn new(args: Args<'_>) -> Offers {
        Offers {
            costs: Costs::without_scan(args),
            spread: Spread::of(args.integer("frameworks") as u32),
            collect: SimDuration::from_ms(args.number("offer_ms")),
            frameworks: Vec::new(),
            room: Room::default(),
            offer: None,
            collecting: false,
            ended: 0,
            owners: BTreeMap::new(),
            all: (0.0, 0.0),
        }
    }

    fn prepare(&mut self, model: &Model) {
        if self.frameworks.is_empty() {
            self.frameworks = vec![Framework::default(); self.spread.count(model) as usize];
            self.room = Room::cores(model);
            self.all = model.hosts.iter().fold((0.0, 0.0), |all, h| (all.0 + f64::from(h.millicores), all.1 + h.memory as f64));
        }
    }

    /// The greater one of a framework's parts of all cores and of all memory.
    fn dominant_share(&self, framework: &Framework) -> f64 {
        let (cores, memory) = framework.holds;
        (cores as f64 / self.all.0.max(1.0)).max(memory as f64 / self.all.1.max(1.0))
    }

    /// Frameworks that want cores and may be able to use those that are free.
    fn eligible(&self) -> impl Iterator<Item = u32> + '_ {
        let may = |f: &Framework| f.wants && f.enough != Some(self.ended);
        (0u32..).zip(&self.frameworks).filter(move |(_, f)| may(f)).map(|(number, _)| number)
    }

    /// The broker begins to collect if there is something to offer and somebody to offer it to.
    fn begin_collecting(&mut self, actions: &mut Vec<Action>) {
        if !self.collecting && self.offer.is_none() && !self.room.is_empty() && self.eligible().next().is_some() {
            self.collecting = true;
            actions.push(Action::Wake { after: self.collect });
        }
    }

    /// A framework takes what it can use of what it is offered.
    fn take(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, actions: &mut Vec<Action>) {
        let broker = self.frameworks.len() as u32;
        let Some(offer) = self.offer.as_mut().filter(|offer| offer.framework == number) else { return };
        let framework = &mut self.frameworks[number as usize];
        // Functions for which nothing is left.
        let mut without: Vec<u32> = Vec::new();
        framework.waiting.sift(frame, placer, |_, task| {
            let ask = frame.ask(task.function);
            let host = if without.contains(&task.function) { None } else { offer.room.for_task(frame.model, &ask) };
            let Some(host) = host else {
                without.push(task.function);
                return (false, false);
            };
            let cores = share(&frame.model.hosts[host as usize], &ask);
            offer.room.take(host, cores);
            offer.taken = (offer.taken.0 + cores as i64, offer.taken.1 + ask.memory as i64);
            self.owners.insert((task.invocation, task.number), number);
            actions.push(Action::Report { attempt: task.attempt, placer: broker });
            actions.push(Action::Assign { attempt: task.attempt, host });
            (true, false)
        });
        framework.has_asked = !framework.waiting.is_empty();
        framework.refused = framework.has_asked;
        let words = [number, u32::from(framework.has_asked)];
        actions.push(Action::Tell { placer: broker, kind: MessageKind::Commit, words });
    }

    /// The broker hears what a framework has taken.
    fn settle(&mut self, frame: Frame<'_>, wants: bool, actions: &mut Vec<Action>) {
        let Some(offer) = self.offer.take() else { return };
        let framework = &mut self.frameworks[offer.framework as usize];
        framework.wants = wants;
        framework.enough = wants.then_some(offer.ended);
        framework.holds = (framework.holds.0 + offer.taken.0, framework.holds.1 + offer.taken.1);
        self.room.give_all(&offer.room);
        let locked = u128::from(frame.now.since(offer.since).0) * u128::from(offer.cores) / 1000;
        actions.push(Action::Locked { time: SimDuration(locked.try_into().unwrap_or(u64::MAX)) });
    }

    /// The broker hears of the end of a task.
    fn hear_of_end(&mut self, frame: Frame<'_>, message: &Message) {
        let ask = frame.ask(message.function);
        let cores = share(&frame.model.hosts[message.host as usize], &ask);
        self.room.give(message.host, cores);
        self.ended += 1;
        if let Some(owner) = self.owners.remove(&(message.invocation, message.number)) {
            let holds = &mut self.frameworks[owner as usize].holds;
            *holds = (holds.0 - cores as i64, holds.1 - ask.memory as i64);
        }
    }
}

impl Rules for Offers {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        // The frameworks, who know what they are offered, then the broker.
        let frameworks = self.spread.plans(model).into_iter().map(|plan| plan.machine);
        frameworks.chain([model.controller]).map(|machine| PlacerPlan { machine, hosts: Vec::new() }).collect()
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.spread.route(model, client)
    }

    fn cost(&self, message: &Message, _: usize, _: &Placer) -> SimDuration {
        // To take a task in is a message; to decide on an offer takes time for each task.
        let offered = self.offer.as_ref().filter(|_| message.kind == MessageKind::Grant);
        let tasks = offered.map_or(0, |offer| {
            let cores = offer.cores.div_ceil(1000) as usize;
            self.frameworks[offer.framework as usize].waiting.len().min(cores)
        });
        self.costs.of(tasks, 0)
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
        let broker = self.frameworks.len() as u32;
        match message.kind {
            MessageKind::Submit => {
                let framework = &mut self.frameworks[number as usize];
                for task in tasks {
                    if !fits_somewhere(frame.model, &frame.ask(task.function)) {
                        actions.push(Action::Reject { attempt: task.attempt });
                        continue;
                    }
                    framework.waiting.push(frame, placer, *task);
                    actions.push(Action::Hold { attempt: task.attempt });
                }
                // A new task may do with fewer cores than those that wait already.
                if !framework.waiting.is_empty() && (!framework.has_asked || framework.refused) {
                    (framework.has_asked, framework.refused) = (true, false);
                    actions.push(Action::Tell { placer: broker, kind: MessageKind::Ask, words: [number, 0] });
                }
            }
            MessageKind::Grant => self.take(frame, number, placer, actions),
            MessageKind::Ask => {
                let framework = &mut self.frameworks[message.words[0] as usize];
                (framework.wants, framework.enough) = (true, None);
                self.begin_collecting(actions);
            }
            MessageKind::Commit => {
                self.settle(frame, message.words[1] > 0, actions);
                self.begin_collecting(actions);
            }
            MessageKind::Finish => {
                self.hear_of_end(frame, message);
                self.begin_collecting(actions);
            }
            _ => {}
        }
    }

    fn timer(&mut self, frame: Frame<'_>, number: u32, _: &mut Placer, actions: &mut Vec<Action>) {
        self.prepare(frame.model);
        if number < self.frameworks.len() as u32 || !std::mem::take(&mut self.collecting) {
            return;
        }
        let rank = |&f: &u32| (self.dominant_share(&self.frameworks[f as usize]), self.frameworks[f as usize].offers);
        let lower = |a: &u32, b: &u32| {
            let (a, b) = (rank(a), rank(b));
            a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
        };
        let Some(framework) = self.eligible().min_by(lower) else { return };
        let cores = self.room.total();
        let room = self.room.take_all();
        self.frameworks[framework as usize].wants = false;
        self.frameworks[framework as usize].offers += 1;
        self.offer = Some(Offer { framework, since: frame.now, ended: self.ended, cores, room, taken: (0, 0) });
        actions.push(Action::Tell { placer: framework, kind: MessageKind::Grant, words: [framework, 0] });
    }
}
