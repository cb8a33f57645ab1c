//! The straight way: an attempt that comes to its host and finds a warm container and a free slot runs at once, and leaves nothing to
//! be done but to tell of its end.
//!
//! Nearly every invocation goes this way. What [`World::receive`], [`World::stop`] and [`World::client_hears`] do for it step by step
//! is done here in one go: the same changes, the same fingerprint, the same words to whoever watches. Whatever is out of the
//! ordinary, on the host, in the function or in the attempt, goes the other way.

use super::host::{Container, Host, Stopped};
use super::model::{FunctionSpec, HostSpec, Model};
use super::probe::{ContainerChange, ContainerEvent, Probe, TaskEnd};
use super::task::{Accounting, Attempt, Outcome, Phase, Task};
use super::world::World;
use crate::engine::NONE;
use crate::policy::keep_alive::{ContainerView, Keep, KeepAlivePolicy};
use crate::scenario::{Cpu, Reuse};
use crate::units::{SimDuration, SimTime};
use crate::workload::Workload;

/// Whether what a host's executions hold of its cores depends on nothing but their number.
fn counts_cores(host: &HostSpec) -> bool {
    matches!(host.cpu, Cpu::Slots | Cpu::Unlimited)
}

/// Whether a function's executions are alone in their containers and need no image.
fn is_simple(spec: &FunctionSpec) -> bool {
    spec.concurrency == 1 && spec.image == NONE
}

impl Host {
    /// Whether who comes now is the next to be served, and nothing but room and size can keep it from starting.
    fn serves_at_once(&self, spec: &HostSpec, f: &FunctionSpec) -> bool {
        let nobody_waits = self.queue.is_empty() && !self.staging.stuck;
        nobody_waits && !self.lazy && self.order.is_fcfs() && self.has_slot(spec, f.millicores)
    }
}

impl World {
    /// The warm container in which an invocation of a function that comes to a host now starts, where all is plain.
    #[inline]
    pub(crate) fn straight_to(&self, model: &Model, host: u32, function: u32) -> Option<u32> {
        let (spec, f) = (&model.hosts[host as usize], &model.functions[function as usize]);
        let h = &self.hosts[host as usize];
        let plain = is_simple(f) && counts_cores(spec) && self.load_averages.is_empty() && self.hears_free.is_none();
        let container = h.first_with_room(function);
        if !plain || container == NONE || self.never_fits(model, function, host) || !h.serves_at_once(spec, f) {
            return None;
        }
        let c = &self.containers[container];
        let first_only = c.next == NONE || model.reuse != Reuse::IndexedSet;
        (!c.starting && !c.pinned && c.active == 0 && first_only).then_some(container)
    }

    /// An attempt that has come to its host starts in a warm container that [`World::straight_to`] told.
    pub(super) fn go_straight<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        attempt: u32,
        container: u32,
    ) {
        let now = self.now;
        let a = &mut self.attempts[attempt];
        a.enter(Phase::Queued, now);
        a.enter(Phase::Running, now);
        (a.container, a.started) = (container, now);
        let (task, invocation) = (a.task, a.invocation);
        self.account(task, Accounting::Execution);
        self.take_straight(model, workload, probe, invocation, container);
        self.execute(model, workload, attempt, invocation, container);
    }

    /// The same for an invocation that has just arrived, and has no attempt yet.
    #[inline]
    pub(crate) fn run_straight<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        invocation: u32,
        container: u32,
    ) {
        let host = self.containers[container].host;
        self.take_straight(model, workload, probe, invocation, container);
        let now = self.now;
        let task = self.tasks.insert(Task { attempts: 1, accounting: Accounting::Execution, ..Task::new(invocation, now) });
        let attempt = self.attempts.insert(Attempt::running(task, invocation, now, (host, container)));
        self.tasks[task].attempt = attempt;
        self.execute(model, workload, attempt, invocation, container);
    }

    /// How long an attempt executes in a warm container is known.
    #[inline(always)]
    fn execute(&mut self, model: &Model, workload: &Workload, attempt: u32, invocation: u32, container: u32) {
        let Container { host, function, .. } = self.containers[container];
        let (work, speed) = (workload.execution_ns[invocation as usize], model.hosts[host as usize].speed);
        let time = if speed == 1.0 { work } else { libm::rint(work as f64 / speed) as u64 };
        self.end_at(attempt, model.functions[function as usize].time_limit, SimDuration(time));
    }

    /// A warm container and a slot are taken for an invocation, which executes from now on.
    #[inline(always)]
    fn take_straight<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, invocation: u32, container: u32) {
        let now = self.now;
        let c = &mut self.containers[container];
        let (host, function, cell, next) = (c.host, c.function, c.cell, c.next);
        let (spec, f) = (&model.hosts[host as usize], &model.functions[function as usize]);
        // It would wait in the queue, for no time.
        self.digest.fold(now.0, 40 + Phase::Queued as u8, invocation, host);
        probe.on_host(now, host, true);
        probe.phase(now, invocation, Phase::Queued, host);
        probe.seeks(now, host, invocation);
        probe.queued(now, host, invocation, function);
        probe.unqueued(now, host, invocation);
        // Its container is busy.
        (c.active, c.uses, c.linked, c.since) = (1, c.uses + 1, false, now);
        let view = ContainerView {
            cell,
            function,
            memory: f.memory,
            cost_ns: workload.start_ns(invocation, model),
            warm_ns: workload.execution_ns[invocation as usize],
            uses: c.uses,
            created: c.created,
        };
        let last = c.previous;
        if next != NONE {
            self.containers[next].previous = last;
        } else if let Some(rooms) = &mut self.rooms {
            rooms.set(function, host, false);
        }
        let h = &mut self.hosts[host as usize];
        h.settle(spec, now);
        h.millicores_held += u64::from(f.millicores);
        h.slots_free -= 1;
        h.running += 1;
        h.idle_memory -= f.memory;
        let own = h.by_function.at(function);
        *own = (next, own.1 - 1);
        h.keep_alive.used(&view, now);
        self.counters.warm += 1;
        self.digest.fold(now.0, 60 + ContainerChange::Busy as u8, host, function);
        let (change, until) = (ContainerChange::Busy, SimTime::NEVER);
        probe.container(now, &ContainerEvent { host, cell, function, memory: f.memory, change, until });
        // It executes.
        self.moved = now;
        self.digest.fold(now.0, 40 + Phase::Running as u8, invocation, host);
        probe.phase(now, invocation, Phase::Running, host);
    }

    /// An execution stops: its cores are free, and its container may become idle. As [`World::stop`], which does it where anything
    /// is out of the ordinary.
    #[inline]
    pub(crate) fn stop_straight<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) -> Stopped {
        let now = self.now;
        let a = &mut self.attempts[attempt];
        let (host, container, invocation, task) = (a.host, a.container, a.invocation, a.task);
        let c = &mut self.containers[container];
        let (spec, f) = (&model.hosts[host as usize], &model.functions[c.function as usize]);
        let h = &mut self.hosts[host as usize];
        let ordinary = !a.bound && a.class == 0 && a.outcome == Outcome::Completed && !f.response_too_large && task != NONE;
        let plain = is_simple(f) && counts_cores(spec) && !c.pinned && h.yielding.is_empty() && !c.linked;
        if !ordinary || !plain || self.estimates.is_some() || !self.load_averages.is_empty() {
            return self.stop(model, workload, probe, attempt);
        }
        (a.finished, a.container) = (now, NONE);
        a.enter(Phase::Returning, now);
        // Its container is idle.
        h.settle(spec, now);
        h.millicores_held -= u64::from(f.millicores);
        h.slots_free += 1;
        h.running -= 1;
        h.idle_memory += f.memory;
        let (function, cell) = (c.function, c.cell);
        let view =
            ContainerView { cell, function, memory: f.memory, cost_ns: f.start_ns, warm_ns: 0, uses: c.uses, created: c.created };
        let own = h.by_function.at(function);
        own.1 += 1;
        let head = own.0;
        (c.active, c.since) = (0, now);
        // As `link`, where it comes first.
        let comes_first = head == NONE || model.reuse == Reuse::LastUsed;
        if comes_first {
            own.0 = container;
            (c.linked, c.next) = (true, head);
            let last = if head == NONE { container } else { std::mem::replace(&mut self.containers[head].previous, container) };
            self.containers[container].previous = last;
            if let Some(rooms) = self.rooms.as_mut().filter(|_| head == NONE) {
                rooms.set(function, host, true);
            }
        } else {
            self.link(model, container);
        }
        let h = &mut self.hosts[host as usize];
        let keep = h.keep_alive.idle(&view, now);
        let keep = f.keep_alive.map_or(keep, |own| Keep::Until(now + own));
        let until = match keep {
            Keep::Until(at) | Keep::Lazily(at) => at,
            Keep::UntilNeeded | Keep::Reload(_) => SimTime::NEVER,
        };
        self.digest.fold(now.0, 60 + ContainerChange::Idle as u8, host, function);
        let change = ContainerChange::Idle;
        probe.container(now, &ContainerEvent { host, cell, function, memory: f.memory, change, until });
        self.keep(model, workload, probe, container, keep);
        // Its result is on its way.
        self.moved = now;
        probe.on_host(now, host, false);
        self.digest.fold(now.0, 40 + Phase::Returning as u8, invocation, host);
        probe.phase(now, invocation, Phase::Returning, host);
        self.tasks[task].account(Accounting::Return, now);
        Stopped { container, bytes: f.response_bytes }
    }

    /// A client has the result of an attempt that it waits for, and that was completed: as [`World::client_hears`].
    #[inline]
    pub(crate) fn hear_straight<P: Probe>(&mut self, probe: &mut P, attempt: u32) {
        let now = self.now;
        let a = &mut self.attempts[attempt];
        a.enter(Phase::Closed, now);
        self.digest.fold(now.0, 40 + Phase::Closed as u8, a.invocation, a.host);
        probe.phase(now, a.invocation, Phase::Closed, a.host);
        let task = &mut self.tasks[a.task];
        task.account(task.accounting, now);
        (task.gives_up, task.again, task.answer_due) = (SimTime::NEVER, SimTime::NEVER, SimTime::NEVER);
        let response_ns = task.spent.iter().sum::<u64>();
        self.counters.outcomes[Outcome::Completed as usize] += 1;
        self.counters.sojourn_ns += u128::from(response_ns);
        let end = TaskEnd {
            invocation: a.invocation,
            outcome: Outcome::Completed,
            cause: None,
            cold: a.cold,
            attempts: task.attempts,
            host: a.host,
            started: a.started,
            finished: a.finished,
            response_ns,
            spent: &task.spent,
        };
        probe.ended(now, &end);
        let task = a.task;
        self.attempts.remove(attempt);
        self.tasks.remove(task);
    }
}
