//! Places in hosts' queues that placers reserve without saying for which task (late binding).
//!
//! Reserve -> the host's queue -> the place comes up and a slot is free: the host holds the slot and asks for a task -> the
//! placer sends one, which starts at once, or says that there is none -> the slot is free again. While the host waits for the
//! answer, its slot is held and idle. A placer may give up the places that have not come up.
//! Source: Sparrow (Ousterhout et al., SOSP 2013).

use super::host::Waiter;
use super::message::{Message, MessageKind};
use super::model::{HostSpec, Model};
use super::probe::Probe;
use super::task::{Attempt, Rank};
use super::world::World;
use crate::engine::NONE;
use crate::policy::order::Newcomer;
use crate::scenario::Cpu;
use crate::workload::Workload;

/// A place in a host's queue.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    /// The architecture instance and the number of the placer that reserved it.
    pub instance: u16,
    /// See `instance`.
    pub placer: u32,
    /// The host.
    pub host: u32,
    /// A function whose cores are to be held for it.
    pub function: u32,
    /// What the placer knows it by.
    pub ticket: u32,
    /// How long a task is estimated to execute, in nanoseconds.
    pub estimate_ns: u64,
    /// Whether it has come up, so that a slot is held for it.
    pub binding: bool,
    /// Whether another host took it over from the one where it was reserved.
    pub stolen: bool,
}

impl World {
    /// A reservation reaches a host. One that comes from a placer that minds classes is refused where there are such attempts.
    pub(crate) fn reserve<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, m: &Message) {
        if m.words[1] > 0 && self.hosts[m.host as usize].classed > 0 {
            let words = self.hosts[m.host as usize].last_classed;
            let refused = Message { kind: MessageKind::ReserveRefused, from: m.to, to: m.from, words, ..*m };
            return self.send(model, probe, refused, 0);
        }
        let reservation = self.reservations.insert(Reservation {
            instance: m.instance,
            placer: m.placer,
            host: m.host,
            function: m.function,
            ticket: m.ticket,
            estimate_ns: u64::from(m.words[0]) * 1000,
            binding: false,
            stolen: false,
        });
        self.reservation_joins(model, probe, reservation);
        self.dispatch(model, workload, probe, m.host);
        self.wake_thieves(model);
    }

    /// A reservation joins the queue of its host.
    pub(super) fn reservation_joins<P: Probe>(&mut self, model: &Model, probe: &mut P, id: u32) {
        let Reservation { host, function, estimate_ns, .. } = self.reservations[id];
        let task = Newcomer::new(function, &model.functions[function as usize], self.now, estimate_ns, estimate_ns);
        self.joins(host, Waiter::Reservation(id), &task, Rank::Plain);
        probe.reserved(self.now, host, id, function);
    }

    /// An attempt whose job its host is to stay with has ended: the slot is held, and the placer asked for the job's next task, as
    /// if a place had come up.
    pub(super) fn stay_with_job<P: Probe>(&mut self, model: &Model, probe: &mut P, a: &Attempt, function: u32) {
        if a.sticks == NONE {
            return;
        }
        let reservation = self.reservations.insert(Reservation {
            instance: a.instance,
            placer: a.placer,
            host: a.host,
            function,
            ticket: a.sticks,
            estimate_ns: 0,
            binding: false,
            stolen: false,
        });
        probe.reserved(self.now, a.host, reservation, function);
        self.ask_for_task(model, probe, reservation, 1);
    }

    /// A placer gives up its places of one ticket on a host.
    pub(crate) fn unreserve<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, m: &Message) {
        let theirs = |r: &Reservation| (r.instance, r.placer, r.ticket) == (m.instance, m.placer, m.ticket);
        let queue = &mut self.hosts[m.host as usize].queue;
        loop {
            let reservations = &self.reservations;
            let given_up = |waiter| matches!(waiter, Waiter::Reservation(id) if theirs(&reservations[id]));
            let Some((_, Waiter::Reservation(id))) = queue.remove_where(given_up) else { break };
            self.in_queues -= 1;
            self.reservations.remove(id);
            probe.unreserved(self.now, m.host, id);
        }
        self.dispatch(model, workload, probe, m.host);
    }

    /// A reservation has come up: its host holds a slot for it and asks for a task. `stays` is 1 if nobody reserved it, because the
    /// host stays with a job.
    pub(super) fn ask_for_task<P: Probe>(&mut self, model: &Model, probe: &mut P, id: u32, stays: u32) {
        let r = self.reservations[id];
        self.reservations[id].binding = true;
        probe.unreserved(self.now, r.host, id);
        self.hold_slot(model, r.host, r.function);
        let to = self.placer_machine(r.instance, r.placer);
        let question = Message {
            instance: r.instance,
            placer: r.placer,
            host: r.host,
            function: r.function,
            ticket: r.ticket,
            words: [stays, id + 1],
            ..Message::new(MessageKind::GetTask, model.hosts[r.host as usize].machine, to)
        };
        self.send(model, probe, question, 0);
    }

    /// The answer to a reservation that had come up is there: its slot is free, for the task that came or for others.
    pub(crate) fn bound(&mut self, model: &Model, id: u32) {
        let r = self.reservations[id];
        debug_assert!(r.binding, "a slot is freed that was not held");
        self.settle(model, r.host);
        let h = &mut self.hosts[r.host as usize];
        let millicores = held_cores(model, r.host, r.function);
        h.slots_free += 1;
        h.millicores_held -= millicores;
        h.millicores_binding -= millicores;
        self.reservations.remove(id);
    }

    /// A slot is held for a task that is still to come.
    fn hold_slot(&mut self, model: &Model, host: u32, function: u32) {
        self.settle(model, host);
        let h = &mut self.hosts[host as usize];
        let millicores = held_cores(model, host, function);
        h.slots_free -= 1;
        h.millicores_held += millicores;
        h.millicores_binding += millicores;
    }

    /// Tells the placer that wants to know how many slots of a host are free with nobody waiting for them, if that has changed.
    pub(super) fn tell_free<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32) {
        let Some((instance, placer, machine)) = self.hears_free else { return };
        let free = self.hosts[host as usize].slots_without_takers(&model.hosts[host as usize]);
        if free == self.hosts[host as usize].told_free {
            return;
        }
        self.hosts[host as usize].told_free = free;
        let notice = Message {
            instance,
            placer,
            host,
            words: [free, 0],
            ..Message::new(MessageKind::Free, model.hosts[host as usize].machine, machine)
        };
        self.send(model, probe, notice, 0);
    }

    /// Tells a placer of an architecture that begins how many slots are free where that is not all of them.
    pub(crate) fn begin_telling_free<P: Probe>(&mut self, model: &Model, probe: &mut P, hearer: Option<(u16, u32, u32)>) {
        self.hears_free = hearer;
        for host in 0..self.hosts.len() as u32 {
            self.hosts[host as usize].told_free = slots(&model.hosts[host as usize]);
            self.tell_free(model, probe, host);
        }
    }
}

/// Cores that are held while a task is on its way to a slot, in thousandths: those of its function, where functions hold cores.
fn held_cores(model: &Model, host: u32, function: u32) -> u64 {
    if model.hosts[host as usize].cpu == Cpu::Slots && function != NONE {
        model.functions[function as usize].millicores.into()
    } else {
        0
    }
}

/// How many tasks of one core a host takes at once: its whole cores, at least one, and no more than its slots.
pub fn slots(spec: &HostSpec) -> u32 {
    (spec.millicores / 1000).clamp(1, spec.slots.max(1))
}
