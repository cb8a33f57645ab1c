//! Delegated, leases: managers with the clients ask a broker for cores on their heartbeats, and place their own tasks on what they
//! are granted.
//!
//! submit → manager; the manager's next heartbeat (`ask`) → the broker sets cores of a host aside for each task asked for, by
//! `policies.order`, and while it has none for the first, the others wait; it tells a manager of what it has set aside only in
//! answer to the manager's next heartbeat (`grant`) → the manager sends its first task of the function, by the same order, there → run → finish, to the
//! broker. A manager that has a grant left, as a client gave up, uses it for a new task of the function or gives it back on its
//! next heartbeat (`return`). Heartbeats come every H, at a phase of each manager's own, while it has tasks or grants, and
//! none is sent before the broker has dealt with the last. One with nothing to collect has no answer; after 50 of them during which
//! nobody had anything to say they are left out until somebody has. The broker gives the host with most cores free, as many as the function holds; it takes all as free when it begins.
//! Unloaded service time: S + w + H + 2 (L + s_msg) + L + run with the manager at the client's machine, the first two L to the
//! broker and back, the last one to the host, and 0 < w ≤ H, evenly distributed, from the end of the manager's decision to its next
//! heartbeat: a lone task waits for that one to ask and for another one to collect. S = s_job + s_task.
//! Source: YARN's application masters and resource manager, on the protocol's default heartbeat of 1 s.

use std::collections::BTreeMap;

use super::room::{Room, fits_somewhere, share};
use super::spread::{PLACERS, Spread};
use super::{Action, Asked, Frame, Held, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::engine::NONE;
use crate::frame::{Costs, JOB_MS, MESSAGE_US, decision_ms};
use crate::platform::RunQueue;
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "leases",
    name: "Delegated: leases (YARN)",
    summary: "Managers ask a broker for cores on their heartbeats and place their own tasks on them.",
    source: "YARN's application masters and resource manager.",
    params: &[
        Param {
            name: "heartbeat_ms",
            label: "Heartbeat every",
            unit: "ms",
            help: "How often a manager that has tasks asks for cores and collects grants; less than 1 is 1. YARN: 1,000.",
            domain: Domain::Number { default: 1000.0, min: 0.0, max: 1e7 },
        },
        PLACERS,
        decision_ms(0.1),
        JOB_MS,
        MESSAGE_US,
    ],
    decides: &["policies.placement"],
};

/// Cores of a host for a task of a function.
type Lease = (u32, u32);

#[derive(Clone, Default)]
struct Manager {
    /// When its heartbeats began: they come every H from there.
    phase: SimTime,
    /// When its next one comes, if it is to come, and whether the run waits for it.
    due: Option<(SimTime, bool)>,
    /// How much there was to say when it last sent one, and how many it has sent since.
    quiet: (u64, u32),
    /// Whether those are left out that would come before anything else happens.
    rests: bool,
    /// Whether the broker has not dealt with the last one: until then no other one is sent, so that they cannot pile up.
    unheard: bool,
    /// Its tasks.
    waiting: Held,
    /// Those for which it has not asked.
    to_ask: Vec<Asked>,
    /// Leases that it has asked for and not got.
    asked: usize,
    /// Leases without a task that it got since its last heartbeat.
    spare: Vec<Lease>,
}

#[derive(Clone)]
pub(crate) struct Leases {
    costs: Costs,
    spread: Spread,
    heartbeat: SimDuration,
    managers: Vec<Manager>,
    /// What heartbeats ask for, by ticket: cores for these tasks.
    asks: BTreeMap<u32, Vec<Asked>>,
    /// What their answers grant, by ticket.
    grants: BTreeMap<u32, Vec<Lease>>,
    tickets: u32,
    /// Cores that the broker has not set aside, in thousandths.
    room: Room,
    /// For whom the broker has none yet: (manager, function).
    queue: RunQueue<(u32, u32)>,
    /// By manager, what it has not collected.
    ready: Vec<Vec<Lease>>,
    /// Whether the broker sees to it that the run goes on until all is collected.
    minds: bool,
    /// How often somebody was told anything but that there is nothing new.
    news: u64,
}

/// After so many heartbeats between which nobody was told anything new a manager leaves out those with which it would collect
/// nothing.
const QUIET: u32 = 50;

impl Leases {
    pub(super) fn new(args: Args<'_>) -> Leases {
        Leases {
            costs: Costs::without_scan(args),
            spread: Spread::new(args),
            heartbeat: SimDuration::from_ms(args.number("heartbeat_ms").max(1.0)),
            managers: Vec::new(),
            asks: BTreeMap::new(),
            grants: BTreeMap::new(),
            tickets: 0,
            room: Room::default(),
            queue: RunQueue::new(),
            ready: Vec::new(),
            minds: false,
            news: 0,
        }
    }

    fn prepare(&mut self, model: &Model) {
        if self.managers.is_empty() {
            let n = self.spread.count(model) as usize;
            self.managers = vec![Manager::default(); n];
            self.ready = vec![Vec::new(); n];
            self.room = Room::cores(model);
        }
    }

    fn ticket(&mut self) -> u32 {
        self.tickets = self.tickets.wrapping_add(1) % NONE;
        self.tickets
    }

    /// The next heartbeat of a manager is to come. The run waits for it where tasks depend on it, and not only on others' ends.
    fn beat_again(&mut self, now: SimTime, number: u32, matters: bool, actions: &mut Vec<Action>) {
        let (h, m) = (self.heartbeat.0, &mut self.managers[number as usize]);
        match m.due {
            Some((_, waited_for)) if waited_for || !matters => return,
            // It is to come now: then it comes at once.
            Some((at, _)) if at == now => return self.beat(now, number, actions),
            // The run is to wait for the same instant; what comes second finds nothing to do.
            _ => {}
        }
        let after = SimDuration(if now < m.phase { m.phase.since(now).0 } else { h - now.since(m.phase).0 % h });
        m.rests = !matters && m.quiet.1 >= QUIET;
        if m.rests {
            return actions.push(Action::Rest { after });
        }
        m.due = Some((now + after, matters));
        actions.push(if matters { Action::Wake { after } } else { Action::Timer { after } });
    }

    /// A manager's heartbeat.
    fn beat(&mut self, now: SimTime, number: u32, actions: &mut Vec<Action>) {
        let broker = self.managers.len() as u32;
        let m = &mut self.managers[number as usize];
        (m.due, m.rests) = (None, false);
        m.quiet = if m.quiet.0 == self.news { (self.news, m.quiet.1.saturating_add(1)) } else { (self.news, 0) };
        let give_back =
            |&(host, function): &Lease| Action::Tell { placer: broker, kind: MessageKind::Return, words: [host, function] };
        actions.extend(m.spare.iter().map(give_back));
        m.spare.clear();
        if m.unheard {
            let matters = !m.to_ask.is_empty();
            return self.beat_again(now, number, matters, actions);
        }
        let asks = std::mem::take(&mut m.to_ask);
        m.asked += asks.len();
        if m.asked == 0 {
            return;
        }
        if asks.is_empty() && m.quiet.1 >= QUIET && self.ready[number as usize].is_empty() {
            return self.beat_again(now, number, false, actions);
        }
        m.unheard = true;
        let mut ticket = NONE;
        if !asks.is_empty() {
            ticket = self.ticket();
            self.asks.insert(ticket, asks);
        }
        actions.push(Action::Tell { placer: broker, kind: MessageKind::Ask, words: [ticket, number] });
        self.beat_again(now, number, false, actions);
    }

    /// The broker sets cores aside for those who are next.
    fn set_aside(&mut self, frame: Frame<'_>, placer: &mut Placer, actions: &mut Vec<Action>) {
        while let Some((place, (manager, function))) = self.queue.front(frame.now) {
            let ask = frame.ask(function);
            let Some(host) = self.room.for_task(frame.model, &ask) else { return };
            self.room.take(host, share(&frame.model.hosts[host as usize], &ask));
            self.ready[manager as usize].push((host, function));
            self.queue.remove(place);
            placer.serves(place);
            if !std::mem::replace(&mut self.minds, true) {
                actions.push(Action::Wake { after: self.heartbeat });
            }
        }
    }

    /// Cores of a host are free again.
    fn give_back(&mut self, frame: Frame<'_>, placer: &mut Placer, (host, function): Lease, actions: &mut Vec<Action>) {
        self.room.give(host, share(&frame.model.hosts[host as usize], &frame.ask(function)));
        self.set_aside(frame, placer, actions);
    }
}

/// A manager sends a task to a host.
fn send(task: &Asked, host: u32, broker: u32, actions: &mut Vec<Action>) {
    actions.push(Action::Report { attempt: task.attempt, placer: broker });
    actions.push(Action::Assign { attempt: task.attempt, host });
}

impl Rules for Leases {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        // The managers, who know what they are granted, then the broker.
        let managers = self.spread.plans(model).into_iter().map(|plan| plan.machine);
        managers.chain([model.controller]).map(|machine| PlacerPlan { machine, hosts: Vec::new() }).collect()
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.spread.route(model, client)
    }

    fn cost(&self, _: &Message, tasks: usize, _: &Placer) -> SimDuration {
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
        let broker = self.managers.len() as u32;
        self.news += u64::from(message.kind != MessageKind::Ask || message.words[0] != NONE);
        match message.kind {
            MessageKind::Submit => {
                for task in tasks {
                    let m = &mut self.managers[number as usize];
                    if !fits_somewhere(frame.model, &frame.ask(task.function)) {
                        actions.push(Action::Reject { attempt: task.attempt });
                    } else if let Some(at) = m.spare.iter().position(|&(_, function)| function == task.function) {
                        send(task, m.spare.remove(at).0, broker, actions);
                    } else {
                        m.waiting.push(frame, placer, *task);
                        m.to_ask.push(*task);
                        actions.push(Action::Hold { attempt: task.attempt });
                        self.beat_again(frame.now, number, true, actions);
                    }
                }
            }
            MessageKind::Grant => {
                let granted = self.grants.remove(&message.words[0]).unwrap_or_default();
                for lease in granted {
                    let m = &mut self.managers[number as usize];
                    m.asked = m.asked.saturating_sub(1);
                    match m.waiting.next_of(frame, placer, lease.1) {
                        Some(task) => send(&task, lease.0, broker, actions),
                        None => m.spare.push(lease),
                    }
                }
                // What is spare is given back then, for others who may wait for it.
                if !self.managers[number as usize].spare.is_empty() {
                    self.beat_again(frame.now, number, true, actions);
                }
            }
            MessageKind::Ask => {
                let [ticket, manager] = message.words;
                self.managers[manager as usize].unheard = false;
                let collected = std::mem::take(&mut self.ready[manager as usize]);
                if !collected.is_empty() {
                    let (grant, count) = (self.ticket(), collected.len() as u32);
                    self.grants.insert(grant, collected);
                    actions.push(Action::Tell { placer: manager, kind: MessageKind::Grant, words: [grant, count] });
                }
                for task in self.asks.remove(&ticket).unwrap_or_default() {
                    self.queue.push((manager, task.function), placer.rank(frame, &task));
                }
                self.set_aside(frame, placer, actions);
            }
            MessageKind::Return => {
                let [host, function] = message.words;
                self.give_back(frame, placer, (host, function), actions);
            }
            MessageKind::Finish => self.give_back(frame, placer, (message.host, message.function), actions),
            _ => {}
        }
    }

    fn timer(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, actions: &mut Vec<Action>) {
        self.prepare(frame.model);
        let Some(m) = self.managers.get_mut(number as usize) else {
            // The broker: who has something to collect sends a heartbeat within H.
            self.minds = self.minds && self.ready.iter().any(|ready| !ready.is_empty());
            if self.minds {
                actions.push(Action::Wake { after: self.heartbeat });
            }
            return;
        };
        if m.rests || m.due.is_some_and(|(at, _)| at <= frame.now) {
            self.beat(frame.now, number, actions);
        } else if m.phase == SimTime::ZERO {
            // At the start.
            m.phase = frame.now + SimDuration(1 + placer.chance.below(self.heartbeat.0));
        }
    }
}
