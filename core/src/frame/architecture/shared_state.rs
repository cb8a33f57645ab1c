//! Decentralized, shared state with optimistic concurrency: every placer decides on a copy of the whole cluster's state, and claims
//! what it chose at the broker, who refuses what another placer was faster to claim.
//!
//! submit → a copy of the state is taken as the decision begins → decision → commit → the broker checks each claim → committed →
//! assign, or back to the end of the placer's inbox. The copy is a replica that is read at once, as in Omega, and a placer adds its own
//! claims that it has not heard of; the claim travels.
//! - `fit`: a claim is refused if the host does not have the cores any more. `sequence`: if anything about the host has changed
//!   since the copy was taken.
//! - `incremental`: what goes is placed, the rest is tried again. `all_or_nothing`: if one claim of a job is refused, all are, unless
//!   the job is larger than the cluster.
//! - A placer that finds no host with free cores waits until the broker tells it that some have become free, or, if `retry_s` is
//!   not 0, for that time (1 s in Omega's simulator). What waits goes by `policies.order`, a job that must be placed whole as its
//!   first task. After so many tries without success it gives a task up.
//!
//! Nothing waits at a host for cores. Conflicts grow with the number of placers, the decision time and the utilisation; with one
//! placer there are none for want of room. Unloaded service time: 3 L + S + s_msg + s_msg + run, with the placer at the client's machine.
//! Source: Omega (Schwarzkopf et al., EuroSys 2013) and its simulator.

use std::collections::{BTreeMap, VecDeque};

use super::spread::{PLACERS, Spread};
use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::platform::{Place, RunQueue};
use crate::policy::placement::Ask;
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "shared_state",
    name: "Decentralized: shared state (Omega)",
    summary: "Many placers decide on copies of the whole state and claim hosts at a broker; who comes too late tries again.",
    source: "Omega (Schwarzkopf et al., EuroSys 2013).",
    params: &[
        PLACERS,
        Param {
            name: "conflict",
            label: "A claim is refused",
            unit: "",
            help: "When the broker takes a claim as too late.",
            domain: Domain::Word(&[
                ("fit", "if the host lacks the cores now"),
                ("sequence", "if anything about the host has changed since the decision began"),
            ]),
        },
        Param {
            name: "commit",
            label: "If one claim of a job is refused",
            unit: "",
            help: "What becomes of the job's other claims in the same message.",
            domain: Domain::Word(&[("incremental", "the others are placed"), ("all_or_nothing", "all of them are refused")]),
        },
        Param {
            name: "retry_s",
            label: "Wait when nothing is free",
            unit: "s",
            help: "How long a placer waits before it tries again; 0 is until something becomes free. Omega's simulator: 1.",
            domain: Domain::Number { default: 0.0, min: 0.0, max: 1e6 },
        },
        Param {
            name: "tries",
            label: "Most tries",
            unit: "",
            help: "How often a task is tried before it is given up; 1,000 in Omega's simulator.",
            domain: Domain::Integer { default: 1000, min: 1, max: 1_000_000 },
        },
        decision_ms(0.1),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &[],
};

/// A host in the state that the broker keeps.
#[derive(Clone, Copy, Default)]
struct Cell {
    load: u32,
    millicores: u64,
    /// How often it has changed.
    sequence: u32,
}

/// One task's claim on a host.
#[derive(Clone, Copy)]
struct Claim {
    task: Asked,
    host: u32,
    /// The host's sequence in the copy on which it was decided.
    sequence: u32,
    granted: bool,
}

/// Claims that travel together.
#[derive(Clone, Default)]
struct Claims {
    each: Vec<Claim>,
    /// Whether all of them go, or none.
    whole: bool,
}

/// What a placer has beside its view, which is its copy of the state.
#[derive(Clone, Default)]
struct Copy {
    /// The sequences of the hosts.
    sequences: Vec<u32>,
    /// How many changes of the state are in the copy.
    changes: u64,
    /// Per host, its own claims that it has not heard of: (tasks, thousandths of cores).
    pending: Vec<(u32, u64)>,
    /// Tasks that wait until something becomes free, each with whether the next one must be placed with it.
    waiting: RunQueue<(Asked, bool)>,
    /// Whether it has asked the broker to tell it when something becomes free.
    asks: bool,
    /// Whether it has told itself to try again at once.
    goes_on: bool,
}

impl Copy {
    /// Takes a host's state over, with its own claims that are still on their way.
    fn take(&mut self, cells: &[Cell], placer: &mut Placer, host: u32) {
        let (cell, (load, millicores)) = (cells[host as usize], self.pending[host as usize]);
        placer.view.set_load(host, cell.load + load, cell.millicores + millicores);
        self.sequences[host as usize] = cell.sequence;
    }
}

#[derive(Clone)]
pub(crate) struct SharedState {
    costs: Costs,
    spread: Spread,
    by_sequence: bool,
    all_or_nothing: bool,
    retry: SimDuration,
    tries: u32,
    cells: Vec<Cell>,
    /// The last changes, each a host, and how many there were before them: so that a copy need not be made anew.
    log: VecDeque<u32>,
    forgotten: u64,
    copies: Vec<Copy>,
    /// Claims on their way to the broker and back.
    claims: BTreeMap<u32, Claims>,
    tickets: u32,
    /// Per attempt, the invocation that it is for and how often it was refused.
    refused: Vec<(u32, u32)>,
    /// Placers that the broker tells when something becomes free.
    asking: VecDeque<u32>,
}

impl SharedState {
    pub(super) fn new(args: Args<'_>) -> SharedState {
        SharedState {
            costs: Costs::new(args),
            spread: Spread::new(args),
            by_sequence: args.is("conflict", "sequence"),
            all_or_nothing: args.is("commit", "all_or_nothing"),
            retry: SimDuration::from_s(args.number("retry_s")),
            tries: args.integer("tries") as u32,
            cells: Vec::new(),
            log: VecDeque::new(),
            forgotten: 0,
            copies: Vec::new(),
            claims: BTreeMap::new(),
            tickets: 0,
            refused: Vec::new(),
            asking: VecDeque::new(),
        }
    }

    fn begin(&mut self, model: &Model) {
        if self.cells.is_empty() {
            self.cells = vec![Cell::default(); model.hosts.len()];
            let hosts = model.hosts.len();
            let copy = Copy { sequences: vec![0; hosts], pending: vec![(0, 0); hosts], ..Copy::default() };
            self.copies = vec![copy; self.spread.count(model) as usize];
        }
    }

    fn changes(&self) -> u64 {
        self.forgotten + self.log.len() as u64
    }

    /// The state of a host changes.
    fn change(&mut self, host: u32, load: i32, millicores: i64) {
        let cell = &mut self.cells[host as usize];
        cell.load = cell.load.saturating_add_signed(load);
        cell.millicores = cell.millicores.saturating_add_signed(millicores);
        cell.sequence = cell.sequence.wrapping_add(1);
        self.log.push_back(host);
        // A copy that is further behind is made anew.
        if self.log.len() > self.cells.len() {
            self.log.pop_front();
            self.forgotten += 1;
        }
    }

    /// Brings a placer's copy up to date. Every host has the same number in every view as on the platform.
    fn copy(&mut self, number: u32, placer: &mut Placer) {
        let changes = self.changes();
        let known = self.copies[number as usize].changes.checked_sub(self.forgotten);
        let copy = &mut self.copies[number as usize];
        let mut take = |host: u32| copy.take(&self.cells, placer, host);
        match known {
            Some(known) => self.log.range(known as usize..).for_each(|&host| take(host)),
            None => (0..self.cells.len() as u32).for_each(take),
        }
        copy.changes = changes;
    }

    /// The host for a task, on a placer's copy: the one that the policy prefers, and where that has no free cores the next one that
    /// has some.
    fn choose(frame: Frame<'_>, placer: &mut Placer, ask: &Ask) -> Option<u32> {
        let free = |placer: &Placer, n: u32| {
            let free = u64::from(placer.view.millicores(n)).saturating_sub(placer.view.cores_asked(n));
            placer.view.fits(n, ask) && free >= u64::from(ask.millicores)
        };
        let preferred = placer.prefer(frame, ask).filter(|&n| free(placer, n));
        let n = placer.view.len() as u32;
        preferred.or_else(|| {
            let from = placer.chance.below(u64::from(n)) as u32;
            (0..n).map(|i| (from + i) % n).find(|&host| free(placer, host))
        })
    }

    /// A placer decides on tasks: it claims a host for each. Answers those for which it finds none, each with whether the next one
    /// must be placed with it.
    fn decide(
        &mut self,
        frame: Frame<'_>,
        number: u32,
        placer: &mut Placer,
        tasks: &[Asked],
        retried: bool,
        actions: &mut Vec<Action>,
    ) -> Vec<(Asked, bool)> {
        let (mut claims, mut without): (Vec<Claim>, Vec<Asked>) = Default::default();
        // Who comes while others wait stands behind them.
        let behind = !retried && !self.copies[number as usize].waiting.is_empty();
        for task in tasks {
            let ask = frame.ask(task.function);
            if placer.view.least_loaded(&ask).is_none() {
                actions.push(Action::Reject { attempt: task.attempt });
                continue;
            }
            if !retried {
                actions.push(Action::Hold { attempt: task.attempt });
            }
            let Some(host) = Some(&ask).filter(|_| !behind).and_then(|ask| SharedState::choose(frame, placer, ask)) else {
                without.push(*task);
                continue;
            };
            let copy = &mut self.copies[number as usize];
            let pending = &mut copy.pending[host as usize];
            *pending = (pending.0 + 1, pending.1 + u64::from(ask.millicores));
            let sequence = copy.sequences[host as usize];
            copy.take(&self.cells, placer, host);
            claims.push(Claim { task: *task, host, sequence, granted: false });
        }
        let whole = self.all_or_nothing && SharedState::fit_together(frame, placer, tasks);
        if whole && !without.is_empty() {
            for claim in claims.drain(..) {
                self.unclaim(frame, number, placer, &claim);
                without.push(claim.task);
            }
        }
        if !claims.is_empty() {
            let ticket = self.tickets;
            self.tickets = self.tickets.wrapping_add(1);
            self.claims.insert(ticket, Claims { each: claims, whole });
            let broker = self.copies.len() as u32;
            actions.push(Action::Tell { placer: broker, kind: MessageKind::Commit, words: [ticket, number] });
        }
        let last = without.len();
        without.into_iter().enumerate().map(|(i, task)| (task, whole && i + 1 < last)).collect()
    }

    /// A placer decides on tasks that have come, and keeps those for which it finds no host.
    fn decide_first(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, tasks: &[Asked], actions: &mut Vec<Action>) {
        let mut with_next = None;
        for (task, more) in self.decide(frame, number, placer, tasks, false, actions) {
            // What must be placed together stands together.
            let rank = with_next.take().unwrap_or_else(|| placer.rank(frame, &task));
            with_next = more.then_some(rank);
            self.copies[number as usize].waiting.push((task, more), rank);
        }
        self.ask(number, actions);
    }

    /// Whether tasks would all find a host at once if nothing else ran. A job that is larger than the cluster is not placed whole.
    fn fit_together(frame: Frame<'_>, placer: &Placer, tasks: &[Asked]) -> bool {
        let asks = || tasks.iter().map(|task| frame.ask(task.function));
        let millicores = asks().map(|ask| ask.millicores).max().unwrap_or(0).max(1);
        let memory = asks().map(|ask| ask.memory).max().unwrap_or(0);
        let places = |n: u32| if placer.view.memory(n) >= memory { placer.view.millicores(n) / millicores } else { 0 };
        (0..placer.view.len() as u32).map(|n| u64::from(places(n))).sum::<u64>() >= tasks.len() as u64
    }

    /// A claim is no longer on its way.
    fn unclaim(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, claim: &Claim) {
        let copy = &mut self.copies[number as usize];
        let pending = &mut copy.pending[claim.host as usize];
        *pending = (pending.0 - 1, pending.1 - u64::from(frame.ask(claim.task.function).millicores));
        copy.take(&self.cells, placer, claim.host);
    }

    /// A placer with tasks that found no host sees to it that it tries again.
    fn ask(&mut self, number: u32, actions: &mut Vec<Action>) {
        let broker = self.copies.len() as u32;
        let copy = &mut self.copies[number as usize];
        if copy.waiting.is_empty() || copy.goes_on || std::mem::replace(&mut copy.asks, true) {
            return;
        }
        actions.push(if self.retry > SimDuration::ZERO {
            Action::Wake { after: self.retry }
        } else {
            // With how much it knows: if that is not all, something may be free already.
            let known = copy.changes;
            Action::Tell { placer: broker, kind: MessageKind::Ask, words: [number, known as u32] }
        });
    }

    /// If tasks wait, a placer tells itself to try the first again, which takes a decision.
    fn go_on(&mut self, number: u32, actions: &mut Vec<Action>) {
        let copy = &mut self.copies[number as usize];
        if !copy.waiting.is_empty() && !std::mem::replace(&mut copy.goes_on, true) {
            actions.push(Action::Tell { placer: number, kind: MessageKind::Note, words: [1, 0] });
        }
    }

    /// A placer tries again what found no host: the first task, or as many as must be placed with it.
    fn again(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, actions: &mut Vec<Action>) {
        let copy = &mut self.copies[number as usize];
        let (mut tasks, mut places): (Vec<Asked>, Vec<Place>) = Default::default();
        for (place, (task, more)) in copy.waiting.iter(frame.now) {
            places.push(place);
            if frame.is_held(&task) {
                tasks.push(task);
            }
            if !tasks.is_empty() && !more {
                break;
            }
        }
        let without = self.decide(frame, number, placer, &tasks, true, actions);
        let copy = &mut self.copies[number as usize];
        // What found none again stays where it was.
        let (gone, stay) = places.split_at(places.len() - without.len());
        for &place in gone {
            copy.waiting.remove(place);
        }
        stay.iter().zip(&without).for_each(|(&place, &task)| copy.waiting.replace(place, task));
        if without.is_empty() {
            if let Some(&place) = places.last() {
                placer.serves(place);
            }
            // There may be room for the next, too.
            self.go_on(number, actions);
        }
        self.ask(number, actions);
    }

    /// The broker checks claims.
    fn commit(&mut self, frame: Frame<'_>, ticket: u32, from: u32, actions: &mut Vec<Action>) {
        let Some(mut claims) = self.claims.remove(&ticket) else { return };
        // A job's own claims do not stand in each other's way.
        let mut taken: Vec<(u32, u64)> = Vec::new();
        for claim in &mut claims.each {
            let need = u64::from(frame.model.functions[claim.task.function as usize].millicores);
            let cell = self.cells[claim.host as usize];
            let before: u64 = taken.iter().filter(|t| t.0 == claim.host).map(|t| t.1).sum();
            let fits = cell.millicores + before + need <= u64::from(frame.model.hosts[claim.host as usize].millicores);
            claim.granted = fits && (!self.by_sequence || cell.sequence == claim.sequence);
            if claim.granted {
                taken.push((claim.host, need));
            }
        }
        if claims.whole && claims.each.iter().any(|claim| !claim.granted) {
            claims.each.iter_mut().for_each(|claim| claim.granted = false);
        }
        for claim in claims.each.iter().filter(|claim| claim.granted) {
            let need = i64::from(frame.model.functions[claim.task.function as usize].millicores);
            self.change(claim.host, 1, need);
        }
        self.claims.insert(ticket, claims);
        actions.push(Action::Tell { placer: from, kind: MessageKind::Committed, words: [ticket, 0] });
    }

    /// A placer hears what became of its claims.
    fn committed(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, ticket: u32, actions: &mut Vec<Action>) {
        let broker = self.copies.len() as u32;
        let claims = self.claims.remove(&ticket).unwrap_or_default();
        let whole = claims.whole;
        let claims = claims.each;
        let last = claims.iter().rposition(|claim| !claim.granted && frame.is_held(&claim.task));
        for (i, claim) in claims.iter().enumerate() {
            self.unclaim(frame, number, placer, claim);
            let Asked { attempt, invocation, function, .. } = claim.task;
            if !frame.is_held(&claim.task) {
                if claim.granted {
                    // Its client has given up: what it had is free again. The broker hears of it as of an end.
                    let cores = frame.model.functions[function as usize].millicores;
                    actions.push(Action::Tell { placer: broker, kind: MessageKind::Return, words: [claim.host, cores] });
                }
                continue;
            }
            if claim.granted {
                actions.extend([Action::Report { attempt, placer: broker }, Action::Assign { attempt, host: claim.host }]);
                continue;
            }
            if self.refused.len() <= attempt as usize {
                self.refused.resize(attempt as usize + 1, (u32::MAX, 0));
            }
            let refused = &mut self.refused[attempt as usize];
            *refused = (invocation, if refused.0 == invocation { refused.1 + 1 } else { 1 });
            actions.push(if refused.1 >= self.tries {
                Action::GiveUp { attempt }
            } else {
                let more = whole && last.is_some_and(|last| i < last);
                Action::Conflict { attempt, wasted: self.costs.decision(1, frame.model.hosts.len()), more }
            });
        }
        // What was claimed in vain is free again as far as this placer knows: for those who found no room beside it, too.
        if claims.iter().any(|claim| !claim.granted) {
            self.go_on(number, actions);
        }
    }

    /// The broker tells whoever waits that something is free.
    fn tell(&mut self, actions: &mut Vec<Action>) {
        let note = |placer| Action::Tell { placer, kind: MessageKind::Note, words: [0, 0] };
        actions.extend(self.asking.drain(..).map(note));
    }
}

impl Rules for SharedState {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let mut plans = self.spread.plans(model);
        plans.push(PlacerPlan { machine: model.controller, hosts: Vec::new() });
        plans
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.spread.route(model, client)
    }

    fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        // To try again is a decision on one task; to stand behind others is none.
        let waits = self.copies.get(message.placer as usize).is_some_and(|copy| !copy.waiting.is_empty());
        let decides = if message.kind == MessageKind::Note { 1 } else { tasks * usize::from(!waits) };
        self.costs.of(decides, placer.view.len())
    }

    fn begins(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, message: &Message) {
        self.begin(frame.model);
        if message.kind.brings_tasks() || message.kind == MessageKind::Note {
            self.copy(number, placer);
        }
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
        let [first, second] = message.words;
        match message.kind {
            MessageKind::Submit => {
                self.decide_first(frame, number, placer, tasks, actions);
            }
            MessageKind::Commit => self.commit(frame, first, second, actions),
            MessageKind::Committed => self.committed(frame, number, placer, first, actions),
            MessageKind::Ask if second == self.changes() as u32 => self.asking.push_back(first),
            MessageKind::Ask => actions.push(Action::Tell { placer: first, kind: MessageKind::Note, words: [0, 0] }),
            MessageKind::Note => {
                let copy = &mut self.copies[number as usize];
                *(if first == 1 { &mut copy.goes_on } else { &mut copy.asks }) = false;
                self.again(frame, number, placer, actions);
            }
            MessageKind::Return => {
                self.change(first, -1, -i64::from(second));
                self.tell(actions);
            }
            MessageKind::Finish => {
                self.change(message.host, -1, -i64::from(frame.model.functions[message.function as usize].millicores));
                self.tell(actions);
            }
            _ => placer.hear(frame, message),
        }
    }

    fn timer(&mut self, _: Frame<'_>, number: u32, _: &mut Placer, actions: &mut Vec<Action>) {
        if self.copies.get(number as usize).is_some_and(|copy| copy.asks) {
            actions.push(Action::Tell { placer: number, kind: MessageKind::Note, words: [0, 0] });
        }
    }
}
