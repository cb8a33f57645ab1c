//! Decentralized, batch sampling with late binding: a placer reserves places in the queues of d m random hosts for the m tasks of a
//! job, and a task is bound to a place when it comes up.
//!
//! submit → decision → d m reservations → hosts' queues; a place comes up → the host holds a slot and asks the placer for a task →
//! the task, or word that none is left; of the job's tasks the next by `policies.order`. With cancellation the placer gives up the other places when its last task is bound.
//! With d m more than there are hosts each host gets one place, and at least m places are reserved, some hosts getting more.
//! Messages for a job: d m reservations, up to d m questions and as many answers, and the cancellations. Unloaded service time:
//! 3 L + S + run; a slot is held and idle for 2 L before each task.
//! Source: Sparrow (Ousterhout et al., SOSP 2013); probe ratio 2 as in its simulator (its daemon's default is 1.05), cancellation
//! as its daemon has it.

use std::collections::BTreeMap;

use super::spread::{D, PLACERS, Sample, Spread};
use super::{Action, Asked, Frame, Held, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

/// Whether places that are not needed any more are given up.
pub(super) const CANCELLATION: Param = Param {
    name: "cancellation",
    label: "Places not needed",
    unit: "",
    help: "What becomes of the other places when a job's last task is bound.",
    domain: Domain::Word(&[("on", "are given up by a message"), ("off", "come up, and the host is told that there is no task")]),
};

pub(super) const ENTRY: Entry = Entry {
    kind: "late_binding",
    name: "Decentralized: late binding (Sparrow)",
    summary: "A job reserves places at d random hosts per task; its tasks go where a place comes up first.",
    source: "Sparrow (Ousterhout et al., SOSP 2013).",
    params: &[D, PLACERS, CANCELLATION, decision_ms(0.1), JOB_MS, SCAN_US, MESSAGE_US],
    decides: &["policies.placement"],
};

/// The tasks of a job that came together, and where places are reserved for them.
#[derive(Clone)]
struct Batch {
    unbound: Held,
    /// Each place that has not come up: its host, and how often hosts have refused it.
    places: Vec<(u32, u32)>,
    /// The function whose cores each place holds.
    function: u32,
    /// How long a task is estimated to execute, in nanoseconds.
    estimate_ns: u64,
}

/// Jobs that wait for places, of all placers that reserve some. Not an architecture yet: hybrids use it too.
#[derive(Clone)]
pub(super) struct Reservations {
    pub(super) d: u64,
    cancels: bool,
    /// By ticket.
    batches: BTreeMap<u32, Batch>,
    tickets: u32,
    sample: Sample,
}

impl Reservations {
    /// From the arguments of an architecture that lists [`D`] and [`CANCELLATION`].
    pub(super) fn new(args: Args<'_>) -> Reservations {
        Reservations {
            d: args.integer("d"),
            cancels: args.is("cancellation", "on"),
            batches: BTreeMap::new(),
            tickets: 0,
            sample: Sample::default(),
        }
    }

    /// Reserves places for tasks that came together, on random hosts of the placer's view. Answers the ticket.
    pub(super) fn submit(
        &mut self,
        frame: Frame<'_>,
        placer: &mut Placer,
        tasks: &[Asked],
        minds: bool,
        actions: &mut Vec<Action>,
    ) -> Option<u32> {
        let function = tasks.first()?.function;
        // Places are for any of the tasks, so that each host must be large enough for all.
        let largest = tasks.iter().max_by_key(|t| (frame.ask(t.function).memory, frame.ask(t.function).millicores));
        let largest = largest.map_or(function, |t| t.function);
        self.sample.draw(frame, placer, largest, self.d.saturating_mul(tasks.len() as u64));
        let hosts = &self.sample.numbers;
        if hosts.is_empty() {
            actions.extend(tasks.iter().map(|t| Action::Reject { attempt: t.attempt }));
            return None;
        }
        let ticket = self.tickets;
        self.tickets = self.tickets.wrapping_add(1);
        actions.extend(tasks.iter().map(|t| Action::Hold { attempt: t.attempt }));
        let places: Vec<u32> = (0..hosts.len().max(tasks.len())).map(|i| placer.view.host(hosts[i % hosts.len()])).collect();
        let estimate_ns = tasks.iter().map(|t| frame.estimate_ns(t)).max().unwrap_or(0);
        let reserve = |&host: &u32| Action::Reserve { host, function: largest, ticket, estimate_ns, minds };
        actions.extend(places.iter().map(reserve));
        let places = places.into_iter().map(|host| (host, 0)).collect();
        let mut unbound = Held::default();
        tasks.iter().for_each(|task| unbound.push(frame, placer, *task));
        self.batches.insert(ticket, Batch { unbound, places, function: largest, estimate_ns });
        Some(ticket)
    }

    /// A place has come up: it gets the job's next task, if there is one. Answers the task.
    pub(super) fn came_up(
        &mut self,
        frame: Frame<'_>,
        placer: &mut Placer,
        message: &Message,
        actions: &mut Vec<Action>,
    ) -> Option<Asked> {
        let (host, reservation, ticket) = (message.host, message.words[1] - 1, message.ticket);
        let next = self.batches.get_mut(&ticket).and_then(|batch| {
            // A host that stays with a job asks without a place.
            if let Some(at) = batch.places.iter().position(|place| place.0 == host).filter(|_| message.words[0] == 0) {
                batch.places.swap_remove(at);
            }
            batch.unbound.next(frame, placer)
        });
        actions.push(match next {
            Some(task) => Action::Give { attempt: task.attempt, host, reservation },
            None => Action::NoTask { host, reservation },
        });
        if self.batches.get(&ticket).is_some_and(|batch| batch.unbound.is_empty())
            && let Some(mut batch) = self.batches.remove(&ticket)
            && self.cancels
        {
            batch.places.sort_unstable();
            batch.places.dedup_by_key(|place| place.0);
            actions.extend(batch.places.iter().map(|&(host, _)| Action::Unreserve { host, ticket }));
        }
        next
    }

    /// Whether a job has tasks that are not bound yet.
    pub(super) fn has_unbound(&self, ticket: u32) -> bool {
        self.batches.contains_key(&ticket)
    }

    /// Whether a job has a place on a host that has not come up.
    pub(super) fn has_place(&self, ticket: u32, host: u32) -> bool {
        self.batches.get(&ticket).is_some_and(|batch| batch.places.iter().any(|place| place.0 == host))
    }

    /// A host refuses a place. Answers how often that place has been refused, and the function whose cores it is to hold, if its job
    /// still needs it.
    pub(super) fn refused(&mut self, message: &Message) -> Option<(u32, u32)> {
        let batch = self.batches.get_mut(&message.ticket)?;
        let at = batch.places.iter().position(|place| place.0 == message.host)?;
        let (_, before) = batch.places.swap_remove(at);
        Some((before + 1, batch.function))
    }

    /// Reserves a place elsewhere instead of one that has been refused so often.
    pub(super) fn reserve_again(&mut self, ticket: u32, host: u32, refusals: u32, minds: bool, actions: &mut Vec<Action>) {
        if let Some(batch) = self.batches.get_mut(&ticket) {
            batch.places.push((host, refusals));
            actions.push(Action::Reserve { host, function: batch.function, ticket, estimate_ns: batch.estimate_ns, minds });
        }
    }
}

#[derive(Clone)]
pub(crate) struct LateBinding {
    costs: Costs,
    spread: Spread,
    reservations: Reservations,
}

impl LateBinding {
    pub(super) fn new(args: Args<'_>) -> LateBinding {
        LateBinding { costs: Costs::new(args), spread: Spread::new(args), reservations: Reservations::new(args) }
    }
}

impl Rules for LateBinding {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        self.spread.plans(model)
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.spread.route(model, client)
    }

    fn cost(&self, _: &Message, tasks: usize, _: &Placer) -> SimDuration {
        self.costs.of(tasks, self.reservations.d as usize)
    }

    fn answer(
        &mut self,
        frame: Frame<'_>,
        _: u32,
        placer: &mut Placer,
        message: &Message,
        tasks: &[Asked],
        actions: &mut Vec<Action>,
    ) {
        match message.kind {
            MessageKind::Submit => {
                self.reservations.submit(frame, placer, tasks, false, actions);
            }
            MessageKind::GetTask => {
                self.reservations.came_up(frame, placer, message, actions);
            }
            _ => {}
        }
    }
}
