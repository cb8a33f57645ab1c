//! Guaranteed attempts and opportunistic ones, which stop for them.
//!
//! An architecture ranks attempts. A host lets no more than so many opportunistic ones wait, and sends those beyond back to the
//! placer that assigned them. A guaranteed one stands before all opportunistic ones in the queue. When it comes, or its image is
//! there, and finds no slot or no cores, the host kills opportunistic ones that have a slot, the newest first, until it has room;
//! none where that would not suffice. A killed attempt is lost: the time since it had its slot, start of its container included,
//! is accounted as lost, its slot and cores are free at once, and its container is removed, unless others are in it or its
//! function always has it. If its client still waits, a new attempt is made, which is on its way back to the placer; such
//! attempts are not among those that a client may make. An attempt in a container that its function always has and that is still
//! starting is not killed.
//! Source: opportunistic containers of Apache Hadoop YARN, after Mercury (Karanasos et al., USENIX ATC 2015).

use super::host::Waiter;
use super::message::{Message, MessageKind};
use super::model::Model;
use super::probe::Probe;
use super::task::{Accounting, Attempt, Phase, Rank};
use super::world::World;
use crate::engine::NONE;
use crate::policy::keep_alive::Removal;
use crate::scenario::Cpu;
use crate::workload::Workload;

impl World {
    /// An attempt that has all it needs but room joins its host's queue, with the right of its rank.
    pub(super) fn join_by_rank<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let made_way = self.make_way(model, workload, probe, attempt);
        let host = self.attempts[attempt].host;
        self.join_queue(model, workload, probe, attempt);
        if made_way {
            // What was freed and is not taken is for others.
            self.dispatch(model, workload, probe, host);
        }
    }

    fn is_opportunistic(&self, waiter: Waiter) -> bool {
        match waiter {
            Waiter::Attempt(attempt) => matches!(self.attempts[attempt].rank, Rank::Opportunistic { .. }),
            Waiter::Reservation(_) => false,
        }
    }

    /// Sends an opportunistic attempt back that has come to a host where too many wait. Answers whether it did.
    pub(super) fn sends_back<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) -> bool {
        let a = self.attempts[attempt];
        let Rank::Opportunistic { bound } = a.rank else { return false };
        let host = &self.hosts[a.host as usize];
        let function = workload.function[a.invocation as usize];
        let waiting = host.queue.iter(self.now).filter(|&(_, waiter)| self.is_opportunistic(waiter)).count();
        let spec = &model.hosts[a.host as usize];
        let starts = host.queue.is_empty() && host.has_slot(spec, model.functions[function as usize].millicores);
        if starts || waiting < bound as usize {
            return false;
        }
        self.hosts[a.host as usize].classed -= u32::from(a.class > 0);
        self.attempts[attempt].hops = a.hops.saturating_add(1);
        self.enter(probe, attempt, Phase::Offloaded);
        self.forget_theft(attempt);
        self.attempts[attempt].stolen = false;
        self.return_to_placer(model, workload, probe, attempt, &a);
        true
    }

    /// A host returns an attempt to a placer, the one of an attempt that it had.
    fn return_to_placer<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32, had: &Attempt) {
        self.account(had.task, Accounting::Transfer);
        let from = model.hosts[had.host as usize].machine;
        let to = self.placer_machine(had.instance, had.placer);
        let about = Message::about(MessageKind::Offload, from, to, attempt, &self.attempts[attempt]);
        let function = workload.function[had.invocation as usize];
        let back = Message { instance: had.instance, placer: had.placer, host: had.host, function, ..about };
        self.send(model, probe, back, 0);
    }

    /// An attempt has a slot: it may be one that can be killed.
    pub(super) fn takes_slot(&mut self, attempt: u32) {
        let a = &self.attempts[attempt];
        if !matches!(a.rank, Rank::Opportunistic { .. }) || !matches!(a.phase(), Phase::Starting | Phase::Running) {
            return;
        }
        let c = &self.containers[a.container];
        if !(c.pinned && c.starting) {
            self.hosts[a.host as usize].yielding.push((attempt, self.now));
        }
    }

    /// An execution may have come to its end, if it has not been killed. Its slot may belong to another attempt by then, whose own
    /// end is not now.
    pub(crate) fn ends_now(&self, attempt: u32) -> bool {
        let a = &self.attempts[attempt];
        a.phase() == Phase::Running && a.ends == self.now
    }

    /// A container may be ready, if it has not been killed.
    pub(crate) fn container_may_be_ready<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32) {
        let c = &self.containers[container];
        if c.starting && c.until == self.now {
            self.container_ready(model, workload, probe, container);
        }
    }

    /// Kills opportunistic attempts for a guaranteed one that has no room. Answers whether it did.
    fn make_way<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) -> bool {
        let a = self.attempts[attempt];
        let cores = |w: &World, attempt: u32| {
            u64::from(model.functions[workload.function[w.attempts[attempt].invocation as usize] as usize].millicores)
        };
        let asks = cores(self, attempt);
        let (host, spec) = (&self.hosts[a.host as usize], &model.hosts[a.host as usize]);
        if a.rank != Rank::Guaranteed || host.yielding.is_empty() || host.has_slot(spec, asks as u32) {
            return false;
        }
        let freed: u64 = host.yielding.iter().map(|y| cores(self, y.0)).sum();
        if spec.cpu == Cpu::Slots && host.millicores_held + asks > u64::from(spec.millicores) + freed {
            return false;
        }
        probe.seeks(self.now, a.host, a.invocation);
        while !self.hosts[a.host as usize].has_slot(spec, asks as u32)
            && let Some(&(newest, _)) = self.hosts[a.host as usize].yielding.last()
        {
            self.kill(model, workload, probe, newest);
        }
        true
    }

    /// Stops an attempt that has a slot.
    fn kill<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        let spec = &model.functions[workload.function[a.invocation as usize] as usize];
        self.settle(model, a.host);
        let h = &mut self.hosts[a.host as usize];
        let at = h.yielding.iter().position(|y| y.0 == attempt);
        let slot_since = at.map_or(self.now, |at| h.yielding.remove(at).1);
        h.classed -= u32::from(a.class > 0);
        let host = &model.hosts[a.host as usize];
        match (a.phase(), host.cpu) {
            (Phase::Starting, cpu) => {
                // Where they are shared, cores are asked for from the start of the execution on.
                h.millicores_held += if matches!(cpu, Cpu::Shared | Cpu::Unlimited) { u64::from(spec.millicores) } else { 0 };
                self.waits_no_more(attempt);
            }
            (_, Cpu::Shared) => {
                h.shared.stop(self.now, host.millicores, attempt);
                self.arm_shared(model, a.host);
            }
            (_, Cpu::Isolated) => {
                self.waits_no_more(attempt);
            }
            _ => {}
        }
        if self.containers[a.container].active == 1 {
            self.containers[a.container].starting = false;
        }
        let cell = self.containers[a.container].cell;
        self.release(model, workload, probe, a.container);
        // The policy may have removed it already.
        let is_there = self.hosts[a.host as usize].cells[cell as usize] == a.container;
        let c = &self.containers[a.container];
        if is_there && c.active == 0 && !c.pinned {
            self.remove(model, workload, probe, a.container, Removal::Killed);
        }
        self.counters.killed += 1;
        self.enter(probe, attempt, Phase::Lost);
        self.forget_theft(attempt);
        self.attempts.remove(attempt);
        if a.task == NONE {
            return; // its client gave up
        }
        self.tasks[a.task].lose(slot_since, a.started, self.now);
        let again = self.try_task(a.task);
        self.tasks[a.task].uncounted += 1;
        let new = &mut self.attempts[again];
        (new.instance, new.entry, new.placer) = (a.instance, a.placer, a.placer);
        self.return_to_placer(model, workload, probe, again, &a);
    }
}
