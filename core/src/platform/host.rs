//! Hosts and their containers.
//!
//! - CPU: an invocation holds one slot from the start of its container to its end and, with `slots`, its function's cores; the
//!   rest wait in one queue, first come, first served: a head that finds no room makes the others wait. With `shared`,
//!   executions share the cores ([`super::cpu`]); with `unlimited`, nobody waits for cores or slows down.
//! - The queue may have a bound, beyond which invocations are refused, and a longest wait; those whose client gave up leave it.
//! - Memory: a container holds its function's memory from creation to removal. When a new one does not fit, idle containers
//!   go in the order of the keep-alive policy.
//! - A container that a policy makes ahead of an invocation takes free memory, and is not made where there is none. Containers
//!   that a function always has are made when the run begins, are never removed, and policies do not know of them.
//! - A container serves up to its function's concurrency. Of several with room, the one used last is used again, so that the
//!   others can expire; or the one created first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::cpu::SharedCpu;
use super::message::{Message, MessageKind};
use super::model::Model;
use super::probe::{ContainerChange, ContainerEvent, Probe};
use super::task::{Accounting, Cause, Outcome, Phase};
use super::world::{Event, EventKind, World};
use crate::engine::{Class, NONE, PagedMap};
use crate::policy::keep_alive::{ContainerView, Keep, KeepAlive, KeepAlivePolicy, Removal};
use crate::scenario::{Cpu, IfInsufficient, MemoryFull, NoRoom, Reuse};
use crate::units::{SimDuration, SimTime};
use crate::workload::Workload;

/// A container on a host.
#[derive(Clone, Copy, Debug)]
pub struct Container {
    /// The host.
    pub host: u32,
    /// Its cell on the host.
    pub cell: u32,
    /// Its function.
    pub function: u32,
    /// Invocations that it runs or is being created for.
    pub active: u32,
    /// Invocations that it has started, the one it was created for included.
    pub uses: u32,
    /// Whether it is still being created.
    pub starting: bool,
    /// Whether it is one that its function always has.
    pub pinned: bool,
    /// The attempt that it is being created for, or [`NONE`].
    attempt: u32,
    /// How many containers were created before it.
    created: u64,
    /// When it entered its state.
    pub since: SimTime,
    /// Starting: when it will be ready. Idle: when it expires.
    pub until: SimTime,
    /// Idle: from when on its function's next invocation does not get it any more.
    stale_after: SimTime,
    /// Neighbours in the list of its function's containers that have room.
    previous: u32,
    next: u32,
}

/// Time integrals of one host, for utilisation and waste.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Byte-nanoseconds of idle containers.
    pub idle_memory: u128,
    /// Byte-nanoseconds of starting and busy containers.
    pub busy_memory: u128,
    /// Millicore-nanoseconds held by invocations.
    pub cores: u128,
}

/// A machine that runs invocations.
#[derive(Clone, Debug)]
pub struct Host {
    /// Attempts that wait, in order of arrival.
    pub queue: VecDeque<u32>,
    /// Thousandths of cores that invocations hold, or ask for where they share them.
    pub millicores_held: u64,
    shared: SharedCpu,
    /// Slots that nobody holds.
    pub slots_free: u32,
    /// Bytes that no container holds.
    pub memory_free: u64,
    /// Bytes of idle containers.
    pub idle_memory: u64,
    /// Bytes of those idle containers that are never removed.
    pinned_idle: u64,
    /// Bytes of all containers that are never removed, and their functions.
    pinned: u64,
    pinned_functions: Vec<u32>,
    /// Whether its policy leaves containers whose time ran out until their function is invoked again.
    lazy: bool,
    /// Invocations that run or start.
    pub running: u32,
    /// Integrals up to `usage_at`.
    pub usage: Usage,
    usage_at: SimTime,
    /// The placer that hears of removed containers: (instance, placer, machine).
    pub reports_to: Option<(u16, u32, u32)>,
    keep_alive: KeepAlive,
    /// Per function: the first container with room, and the number of idle ones.
    by_function: PagedMap<(u32, u32)>,
    cells: Vec<u32>,
    free_cells: BinaryHeap<Reverse<u32>>,
}

/// What the cold start of an invocation takes more than a warm one, the provider's overhead included; may be negative.
fn cold_start_ns(model: &Model, workload: &Workload, invocation: u32) -> i64 {
    let start = workload.start_ns(invocation, model);
    let (time, share) = model.functions[workload.function[invocation as usize] as usize].overhead;
    if share == 0.0 {
        return start.saturating_add_unsigned(time.0);
    }
    let whole = (workload.execution_ns[invocation as usize] as f64 + start as f64).max(0.0);
    start.saturating_add_unsigned(time.0 + libm::rint(share * whole) as u64)
}

enum Room {
    Warm(u32),
    Cold,
    None,
}

impl Host {
    /// An empty host.
    pub fn new(slots: u32, memory: u64, keep_alive: KeepAlive) -> Host {
        Host {
            queue: VecDeque::new(),
            millicores_held: 0,
            shared: SharedCpu::default(),
            slots_free: slots,
            memory_free: memory,
            idle_memory: 0,
            pinned_idle: 0,
            pinned: 0,
            pinned_functions: Vec::new(),
            lazy: false,
            running: 0,
            usage: Usage::default(),
            usage_at: SimTime::ZERO,
            reports_to: None,
            keep_alive,
            by_function: PagedMap::new((NONE, 0)),
            cells: Vec::new(),
            free_cells: BinaryHeap::new(),
        }
    }

    /// Running and queued invocations.
    pub fn load(&self) -> u32 {
        self.running + self.queue.len() as u32
    }

    /// Idle containers of a function.
    pub fn idle_of(&self, function: u32) -> u32 {
        self.by_function.get(function).1
    }

    /// The containers on the host, in the order of their cells.
    pub fn containers(&self) -> impl Iterator<Item = u32> + '_ {
        self.cells.iter().copied().filter(|&c| c != NONE)
    }

    /// The integrals up to now, for a host with these cores and memory in all.
    pub fn usage_now(&self, now: SimTime, millicores: u32, memory: u64) -> Usage {
        let dt = u128::from(now.since(self.usage_at).0);
        Usage {
            idle_memory: self.usage.idle_memory + u128::from(self.idle_memory) * dt,
            busy_memory: self.usage.busy_memory + u128::from(memory - self.memory_free - self.idle_memory) * dt,
            cores: self.usage.cores + u128::from(self.millicores_held.min(millicores.into())) * dt,
        }
    }
}

impl World {
    /// Brings a host's integrals up to now; called before anything about it changes.
    fn settle(&mut self, model: &Model, host: u32) {
        let spec = &model.hosts[host as usize];
        let h = &mut self.hosts[host as usize];
        h.usage = h.usage_now(self.now, spec.millicores, spec.memory);
        h.usage_at = self.now;
    }

    fn view(&self, model: &Model, workload: &Workload, container: u32, invocation: u32) -> ContainerView {
        let c = &self.containers[container];
        ContainerView {
            cell: c.cell,
            function: c.function,
            memory: model.functions[c.function as usize].memory,
            cost_ns: if invocation == NONE {
                model.functions[c.function as usize].start_ns
            } else {
                workload.start_ns(invocation, model)
            },
            warm_ns: if invocation == NONE { 0 } else { workload.execution_ns[invocation as usize] },
            uses: c.uses,
            created: c.created,
        }
    }

    /// An attempt reaches the host that it was assigned to.
    pub(crate) fn receive<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        if a.cancelled {
            return self.end_at_host(model, workload, probe, attempt, Outcome::Abandoned, None);
        }
        let function = workload.function[a.invocation as usize];
        let spec = &model.functions[function as usize];
        let host = &model.hosts[a.host as usize];
        if spec.memory > host.memory && spec.millicores <= host.millicores && model.oversized[function as usize] {
            if model.if_insufficient == IfInsufficient::EvictAnyway {
                self.make_room(model, workload, probe, a.host, spec.memory);
            }
            self.end_at_host(model, workload, probe, attempt, Outcome::Dropped, Some(Cause::HostTooSmall));
            return self.dispatch(model, workload, probe, a.host);
        }
        // What is never removed leaves the rest to the functions that have none of it.
        let h = &self.hosts[a.host as usize];
        let theirs = if h.pinned > 0 && !h.pinned_functions.contains(&function) { h.pinned } else { 0 };
        if spec.memory > host.memory - theirs || spec.millicores > host.millicores {
            return self.end_at_host(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::HostTooSmall));
        }
        let bound = model.queue_bound.map_or(usize::MAX, |n| n as usize);
        // While somebody waits, nobody who comes would start at once.
        if !h.queue.is_empty() && h.queue.len() >= bound {
            return self.end_at_host(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::QueueFull));
        }
        self.enter(attempt, Phase::Queued);
        self.account(a.task, Accounting::HostQueue);
        self.hosts[a.host as usize].queue.push_back(attempt);
        probe.queued(self.now, a.host, a.invocation, function);
        self.dispatch(model, workload, probe, a.host);
        if self.attempts[attempt].phase() != Phase::Queued {
            return;
        }
        // Without places to wait in, only whoever starts at once is taken.
        if bound == 0 {
            self.leave_queue(probe, attempt);
            self.end_at_host(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::QueueFull));
        } else if let Some(timeout) = model.queue_timeout {
            let deadline = self.now + timeout;
            self.attempts[attempt].deadline = deadline;
            self.queue.push(deadline, Class::Timer, Event::new(EventKind::QueueTimeout, 0, attempt));
        }
    }

    /// An attempt may have waited in its host's queue for as long as it may.
    pub(crate) fn queue_timeout<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        if a.phase() == Phase::Queued && a.deadline == self.now {
            self.leave_queue(probe, attempt);
            self.end_at_host(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::QueueTimeout));
            self.dispatch(model, workload, probe, a.host);
        }
    }

    /// Takes an attempt out of its host's queue, wherever it stands: the queue is in the order in which they came.
    pub(super) fn leave_queue<P: Probe>(&mut self, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        let queue = &self.hosts[a.host as usize].queue;
        let first = queue.partition_point(|&other| self.attempts[other].since < a.since);
        if let Some(place) = (first..queue.len()).find(|&i| queue[i] == attempt) {
            self.hosts[a.host as usize].queue.remove(place);
            probe.unqueued(self.now, a.host, a.invocation);
        }
    }

    /// Starts what can be started on a host.
    pub(crate) fn dispatch<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32) {
        while let Some(&attempt) = self.hosts[host as usize].queue.front() {
            let invocation = self.attempts[attempt].invocation;
            let function = workload.function[invocation as usize];
            let spec = &model.functions[function as usize];
            let h = &self.hosts[host as usize];
            let cpu = &model.hosts[host as usize];
            let no_cores = cpu.cpu == Cpu::Slots && h.millicores_held + u64::from(spec.millicores) > cpu.millicores.into();
            if no_cores || h.slots_free == 0 {
                return;
            }
            let room = self.find_room(model, workload, probe, host, function);
            if matches!(room, Room::None) && model.no_room == NoRoom::Queue {
                return;
            }
            self.hosts[host as usize].queue.pop_front();
            probe.unqueued(self.now, host, invocation);
            match room {
                Room::Warm(container) => self.start_warm(model, workload, probe, attempt, container),
                Room::Cold => self.start_cold(model, workload, probe, attempt),
                Room::None => self.end_at_host(model, workload, probe, attempt, Outcome::Dropped, None),
            }
        }
    }

    /// A container with room, or memory for a new one, making it if the policies allow.
    fn find_room<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, function: u32) -> Room {
        if self.hosts[host as usize].lazy {
            self.expire_lazily(model, workload, probe, host, function);
        }
        let warm = self.hosts[host as usize].by_function.get(function).0;
        if warm != NONE {
            return Room::Warm(warm);
        }
        let need = model.functions[function as usize].memory;
        let h = &self.hosts[host as usize];
        if h.memory_free >= need {
            return Room::Cold;
        }
        let enough = h.memory_free + h.idle_memory - h.pinned_idle >= need;
        if enough || model.if_insufficient == IfInsufficient::EvictAnyway {
            self.make_room(model, workload, probe, host, need);
        }
        if self.hosts[host as usize].memory_free >= need { Room::Cold } else { Room::None }
    }

    /// Removes idle containers for a new one that needs so much memory, as far as the scenario allows and there are any.
    fn make_room<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, need: u64) {
        let h = &mut self.hosts[host as usize];
        let target = match model.memory_full {
            MemoryFull::Never => return,
            MemoryFull::FullSize => h.memory_free + need,
            MemoryFull::Shortfall => need,
        };
        if h.idle_memory == h.pinned_idle {
            return;
        }
        h.keep_alive.pressed(target - h.memory_free, self.now);
        while self.hosts[host as usize].memory_free < target {
            let h = &mut self.hosts[host as usize];
            let Some(cell) = h.keep_alive.victim(target - h.memory_free, self.now) else { break };
            let container = h.cells[cell as usize];
            self.remove(model, workload, probe, container, Removal::Evicted);
        }
    }

    /// Removes the idle containers of a function whose time ran out unnoticed.
    fn expire_lazily<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, function: u32) {
        let mut container = self.hosts[host as usize].by_function.get(function).0;
        while container != NONE {
            let c = self.containers[container];
            if c.active == 0 && c.stale_after < self.now {
                self.remove(model, workload, probe, container, Removal::Expired);
            }
            container = c.next;
        }
    }

    fn hold_cores(&mut self, model: &Model, host: u32, function: u32) {
        let h = &mut self.hosts[host as usize];
        if model.hosts[host as usize].cpu == Cpu::Slots {
            h.millicores_held += u64::from(model.functions[function as usize].millicores);
        }
        h.slots_free -= 1;
        h.running += 1;
    }

    fn start_warm<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32, container: u32) {
        let a = self.attempts[attempt];
        self.settle(model, a.host);
        let function = self.containers[container].function;
        self.hold_cores(model, a.host, function);
        let spec = &model.functions[function as usize];
        let was_idle = self.containers[container].active == 0;
        let c = &mut self.containers[container];
        c.active += 1;
        c.uses += 1;
        if was_idle {
            let h = &mut self.hosts[a.host as usize];
            h.idle_memory -= spec.memory;
            h.pinned_idle -= if self.containers[container].pinned { spec.memory } else { 0 };
            let (head, idle) = h.by_function.get(function);
            h.by_function.set(function, (head, idle - 1));
        }
        if self.containers[container].active == spec.concurrency {
            self.unlink(a.host, container);
        }
        self.tell_used(model, workload, container, a.invocation);
        self.attempts[attempt].container = container;
        self.counters.warm += 1;
        if was_idle {
            self.container_changed(model, probe, container, ContainerChange::Busy, SimTime::NEVER);
        }
        self.start(model, workload, attempt);
    }

    fn start_cold<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        self.settle(model, a.host);
        let function = workload.function[a.invocation as usize];
        self.hold_cores(model, a.host, function);
        let container = self.create(model, workload, a.host, function, attempt, false);
        (self.containers[container].active, self.containers[container].uses) = (1, 1);
        self.tell_used(model, workload, container, a.invocation);
        self.attempts[attempt].container = container;
        self.attempts[attempt].cold = true;
        self.counters.cold += 1;
        self.enter(attempt, Phase::Starting);
        self.account(a.task, Accounting::ContainerStart);
        let start = SimDuration(cold_start_ns(model, workload, a.invocation).max(0) as u64);
        self.begin_start(model, probe, container, ContainerChange::Starting, start);
    }

    /// Makes a container ahead of any invocation.
    fn prewarm<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, function: u32, pinned: bool) {
        self.settle(model, host);
        let container = self.create(model, workload, host, function, NONE, pinned);
        self.counters.prewarmed += 1;
        let spec = &model.functions[function as usize];
        let start = SimDuration(spec.start_ns.max(0) as u64) + spec.overhead.0;
        self.begin_start(model, probe, container, ContainerChange::Prewarming, start);
    }

    fn create(&mut self, model: &Model, workload: &Workload, host: u32, function: u32, attempt: u32, pinned: bool) -> u32 {
        let h = &mut self.hosts[host as usize];
        h.memory_free -= model.functions[function as usize].memory;
        let cell = h.free_cells.pop().map_or(h.cells.len() as u32, |Reverse(c)| c);
        if cell as usize == h.cells.len() {
            h.cells.push(NONE);
        }
        let container = self.containers.insert(Container {
            host,
            cell,
            function,
            active: 0,
            uses: 0,
            starting: true,
            pinned,
            attempt,
            created: self.counters.cold + self.counters.prewarmed,
            since: self.now,
            until: SimTime::NEVER,
            stale_after: SimTime::NEVER,
            previous: NONE,
            next: NONE,
        });
        if self.armed.len() <= container as usize {
            self.armed.push(SimTime::NEVER);
        }
        self.hosts[host as usize].cells[cell as usize] = container;
        if pinned {
            let h = &mut self.hosts[host as usize];
            h.pinned += model.functions[function as usize].memory;
            h.pinned_functions.push(function);
        } else {
            let view = self.view(model, workload, container, NONE);
            self.hosts[host as usize].keep_alive.created(&view, self.now);
        }
        container
    }

    fn begin_start<P: Probe>(&mut self, model: &Model, probe: &mut P, container: u32, change: ContainerChange, time: SimDuration) {
        let ready = self.now + time;
        self.containers[container].until = ready;
        self.container_changed(model, probe, container, change, ready);
        self.queue.push(ready, Class::Completion, Event::new(EventKind::ContainerReady, 0, container));
    }

    fn tell_used(&mut self, model: &Model, workload: &Workload, container: u32, invocation: u32) {
        if !self.containers[container].pinned {
            let view = self.view(model, workload, container, invocation);
            let host = self.containers[container].host;
            self.hosts[host as usize].keep_alive.used(&view, self.now);
        }
    }

    /// Makes the containers that functions always have, each on the next host with room.
    pub(crate) fn provision<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P) {
        let hosts = self.hosts.len();
        let mut next = 0;
        for (function, spec) in model.functions.iter().enumerate() {
            for _ in 0..spec.min_warm {
                let room = (0..hosts).map(|i| (next + i) % hosts).find(|&h| self.hosts[h].memory_free >= spec.memory);
                let Some(host) = room else { break };
                self.prewarm(model, workload, probe, host as u32, function as u32, true);
                next = (host + 1) % hosts;
            }
        }
    }

    /// The instant has come at which a function that was unloaded may be loaded again.
    pub(crate) fn reload<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, id: u32) {
        let (host, function) = self.reloads[id];
        self.reloads.remove(id);
        let h = &mut self.hosts[host as usize];
        let fits = h.memory_free >= model.functions[function as usize].memory;
        if h.keep_alive.prewarm(function, self.now) && fits {
            self.prewarm(model, workload, probe, host, function, false);
        }
    }

    /// A container is ready, for the attempt that it was created for if there is one.
    pub(crate) fn container_ready<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32) {
        let c = &mut self.containers[container];
        c.starting = false;
        let (host, attempt, concurrency) = (c.host, c.attempt, model.functions[c.function as usize].concurrency);
        if attempt == NONE {
            self.settle(model, host);
            self.link(model, container);
            self.becomes_idle(model, workload, probe, container);
            return self.dispatch(model, workload, probe, host);
        }
        self.container_changed(model, probe, container, ContainerChange::Ready, SimTime::NEVER);
        if concurrency > 1 {
            self.link(model, container);
        }
        self.start(model, workload, attempt);
        if concurrency > 1 {
            self.dispatch(model, workload, probe, host);
        }
    }

    /// The only way from not running to running.
    fn start(&mut self, model: &Model, workload: &Workload, attempt: u32) {
        let a = self.attempts[attempt];
        let row = a.invocation as usize;
        let spec = &model.functions[workload.function[row] as usize];
        let mut work = workload.execution_ns[row];
        if a.cold {
            // A cold start that is cheaper than a warm one shortens the execution.
            work = work.saturating_add_signed(cold_start_ns(model, workload, a.invocation).min(0));
        }
        let speed = model.hosts[a.host as usize].speed;
        let time = if speed == 1.0 { SimDuration(work) } else { SimDuration(libm::rint(work as f64 / speed) as u64) };
        self.enter(attempt, Phase::Running);
        self.account(a.task, Accounting::Execution);
        self.attempts[attempt].started = self.now;
        let host = &model.hosts[a.host as usize];
        if host.cpu == Cpu::Slots {
            return self.end_at(attempt, spec.time_limit, time);
        }
        self.settle(model, a.host);
        let h = &mut self.hosts[a.host as usize];
        h.millicores_held += u64::from(spec.millicores);
        if host.cpu == Cpu::Unlimited {
            return self.end_at(attempt, spec.time_limit, time);
        }
        h.shared.begin(self.now, host.millicores, attempt, spec.millicores, time);
        if let Some(limit) = spec.time_limit {
            // How long it takes depends on the others: whichever comes first, its end or its limit.
            self.queue.push(self.now + limit, Class::Timer, Event::new(EventKind::SharedLimit, 0, attempt));
        }
        self.arm_shared(model, a.host);
    }

    /// An execution takes so long, unless its time limit comes first.
    fn end_at(&mut self, attempt: u32, limit: Option<SimDuration>, time: SimDuration) {
        let limited = limit.is_some_and(|limit| time > limit);
        if limited {
            self.attempts[attempt].outcome = Outcome::TimedOut;
        }
        let time = limit.filter(|_| limited).unwrap_or(time);
        self.queue.push(self.now + time, Class::Completion, Event::new(EventKind::ExecutionEnds, 0, attempt));
    }

    /// Sees to it that the next end of an execution that shares a host's cores is looked at in time. An event that comes too
    /// early looks again.
    fn arm_shared(&mut self, model: &Model, host: u32) {
        let shared = &mut self.hosts[host as usize].shared;
        let Some(end) = shared.next_end(model.hosts[host as usize].millicores) else { return };
        if shared.armed.is_none_or(|armed| end < armed) {
            shared.armed = Some(end);
            self.queue.push(end, Class::Completion, Event::new(EventKind::SharedEnds, 0, host));
        }
    }

    /// Executions that share a host's cores may have ended.
    pub(crate) fn shared_ends<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32) {
        if self.hosts[host as usize].shared.armed != Some(self.now) {
            return; // an earlier one took its place
        }
        self.hosts[host as usize].shared.armed = None;
        let millicores = model.hosts[host as usize].millicores;
        while let Some(attempt) = self.hosts[host as usize].shared.ended(self.now, millicores) {
            self.execution_ends(model, workload, probe, attempt);
        }
        self.arm_shared(model, host);
    }

    /// An execution that shares its host's cores comes to its time limit, if it has not ended before. Its slot may belong to
    /// another attempt by then, whose own limit is not now.
    pub(crate) fn shared_limit<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        let limit = model.functions[workload.function[a.invocation as usize] as usize].time_limit;
        let due = a.phase() == Phase::Running && limit.is_some_and(|limit| a.started + limit == self.now);
        if due && self.hosts[a.host as usize].shared.stop(self.now, model.hosts[a.host as usize].millicores, attempt) {
            self.attempts[attempt].outcome = Outcome::TimedOut;
            self.execution_ends(model, workload, probe, attempt);
            self.arm_shared(model, a.host);
        }
    }

    /// An execution ends: its cores are free, its container may become idle, its result goes to the client.
    pub(crate) fn execution_ends<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        self.settle(model, a.host);
        let function = workload.function[a.invocation as usize];
        let spec = &model.functions[function as usize];
        let h = &mut self.hosts[a.host as usize];
        h.millicores_held -= u64::from(spec.millicores);
        h.slots_free += 1;
        h.running -= 1;
        let full = self.containers[a.container].active == spec.concurrency;
        self.containers[a.container].active -= 1;
        if full {
            self.link(model, a.container);
        }
        if self.containers[a.container].active == 0 {
            self.becomes_idle(model, workload, probe, a.container);
        }
        self.attempts[attempt].finished = self.now;
        self.attempts[attempt].container = NONE;
        let mut bytes = spec.response_bytes;
        if spec.response_too_large && a.outcome == Outcome::Completed {
            bytes = 0;
            (self.attempts[attempt].outcome, self.attempts[attempt].cause) = (Outcome::Failed, Some(Cause::EgressLimit));
        }
        self.enter(attempt, Phase::Returning);
        self.account(a.task, Accounting::Return);
        let host_machine = model.hosts[a.host as usize].machine;
        let client = model.clients[workload.client[a.invocation as usize] as usize].machine;
        let result = Message { function, host: a.host, ..Message::about(MessageKind::Result, host_machine, client, attempt, &a) };
        self.send(model, probe, result, bytes);
        self.tell_placer(model, probe, attempt, function);
        self.dispatch(model, workload, probe, a.host);
    }

    fn becomes_idle<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32) {
        let c = self.containers[container];
        let spec = &model.functions[c.function as usize];
        let h = &mut self.hosts[c.host as usize];
        h.idle_memory += spec.memory;
        h.pinned_idle += if c.pinned { spec.memory } else { 0 };
        let (head, idle) = h.by_function.get(c.function);
        h.by_function.set(c.function, (head, idle + 1));
        let keep = self.ask_keep(model, workload, container, self.now);
        let until = match keep {
            Keep::Until(at) | Keep::Lazily(at) => at,
            Keep::UntilNeeded | Keep::Reload(_) => SimTime::NEVER,
        };
        self.container_changed(model, probe, container, ContainerChange::Idle, until);
        self.keep(model, workload, probe, container, keep);
    }

    /// How long to keep a container that is idle since an instant.
    fn ask_keep(&mut self, model: &Model, workload: &Workload, container: u32, since: SimTime) -> Keep {
        let c = self.containers[container];
        if c.pinned {
            return Keep::UntilNeeded;
        }
        let view = self.view(model, workload, container, NONE);
        let keep = self.hosts[c.host as usize].keep_alive.idle(&view, since);
        model.functions[c.function as usize].keep_alive.map_or(keep, |own| Keep::Until(since + own))
    }

    fn keep<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32, keep: Keep) {
        let c = self.containers[container];
        (self.containers[container].until, self.containers[container].stale_after) = (SimTime::NEVER, SimTime::NEVER);
        match keep {
            Keep::UntilNeeded => {}
            Keep::Until(at) if at > self.now => self.arm(container, at),
            Keep::Lazily(at) => {
                self.containers[container].stale_after = at;
                self.hosts[c.host as usize].lazy = true;
            }
            Keep::Until(_) => self.remove(model, workload, probe, container, Removal::Expired),
            Keep::Reload(at) => {
                self.remove(model, workload, probe, container, Removal::Expired);
                let id = self.reloads.insert((c.host, c.function));
                self.queue.push(at.max(self.now), Class::Timer, Event::new(EventKind::Reload, 0, id));
            }
        }
    }

    /// Sees to it that a container's expiry is looked at by `until`. One timer a container is enough: it looks again when it
    /// comes too early.
    fn arm(&mut self, container: u32, until: SimTime) {
        self.containers[container].until = until;
        if until < self.armed[container as usize] {
            self.armed[container as usize] = until;
            self.queue.push(until, Class::Timer, Event::new(EventKind::Expiry, 0, container));
        }
    }

    /// A container's timer comes.
    pub(crate) fn expiry<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32) {
        if self.armed[container as usize] != self.now {
            return; // an earlier timer took its place
        }
        self.armed[container as usize] = SimTime::NEVER;
        let c = self.containers[container];
        if c.active > 0 || self.hosts[c.host as usize].cells[c.cell as usize] != container {
            return;
        }
        if c.until > self.now {
            return self.arm(container, c.until);
        }
        self.remove(model, workload, probe, container, Removal::Expired);
        self.dispatch(model, workload, probe, c.host);
    }

    fn remove<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32, why: Removal) {
        let c = self.containers[container];
        debug_assert!(c.active == 0 && !c.starting, "a busy container is removed");
        self.settle(model, c.host);
        let view = self.view(model, workload, container, NONE);
        self.unlink(c.host, container);
        let spec = &model.functions[c.function as usize];
        let h = &mut self.hosts[c.host as usize];
        h.keep_alive.removed(&view, why, self.now);
        h.memory_free += spec.memory;
        h.idle_memory -= spec.memory;
        let (head, idle) = h.by_function.get(c.function);
        h.by_function.set(c.function, (head, idle - 1));
        h.cells[c.cell as usize] = NONE;
        h.free_cells.push(Reverse(c.cell));
        let change = match why {
            Removal::Evicted => ContainerChange::Evicted,
            Removal::Expired => ContainerChange::Expired,
        };
        match why {
            Removal::Evicted => self.counters.evictions += 1,
            Removal::Expired => self.counters.expirations += 1,
        }
        self.container_changed(model, probe, container, change, SimTime::NEVER);
        self.containers.remove(container);
        let h = &self.hosts[c.host as usize];
        if let Some((instance, placer, machine)) = h.reports_to {
            let words = [h.idle_of(c.function), 0];
            let notice = Message {
                instance,
                placer,
                host: c.host,
                function: c.function,
                words,
                ..Message::new(MessageKind::Removed, model.hosts[c.host as usize].machine, machine)
            };
            self.send(model, probe, notice, 0);
        }
    }

    /// A policy takes over a host in mid-run: it learns of the containers that are there, those used longest ago first.
    pub(crate) fn change_keep_alive<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        host: u32,
        policy: KeepAlive,
    ) {
        self.hosts[host as usize].keep_alive = policy;
        let mut there: Vec<u32> = self.hosts[host as usize].containers().filter(|&c| !self.containers[c].pinned).collect();
        there.sort_by_key(|&c| (self.containers[c].since, self.containers[c].cell));
        for container in there {
            let c = self.containers[container];
            let view = self.view(model, workload, container, NONE);
            let policy = &mut self.hosts[host as usize].keep_alive;
            policy.created(&view, c.since);
            if c.uses > 0 {
                policy.used(&view, c.since);
            }
            if c.active == 0 && !c.starting {
                // Time to live counts from when it became idle; what is overdue goes at once.
                let keep = self.ask_keep(model, workload, container, c.since);
                self.keep(model, workload, probe, container, keep);
            }
        }
    }

    /// Puts a container among its function's containers with room: at the head, or in the order of creation.
    fn link(&mut self, model: &Model, container: u32) {
        let Container { host, function, created, .. } = self.containers[container];
        let (head, idle) = self.hosts[host as usize].by_function.get(function);
        let (mut previous, mut next) = (NONE, head);
        if model.reuse == Reuse::Oldest {
            while next != NONE && self.containers[next].created < created {
                (previous, next) = (next, self.containers[next].next);
            }
        }
        (self.containers[container].previous, self.containers[container].next) = (previous, next);
        if next != NONE {
            self.containers[next].previous = container;
        }
        if previous == NONE {
            self.hosts[host as usize].by_function.set(function, (container, idle));
        } else {
            self.containers[previous].next = container;
        }
    }

    fn unlink(&mut self, host: u32, container: u32) {
        let c = self.containers[container];
        let h = &mut self.hosts[host as usize];
        if c.previous == NONE {
            let (_, idle) = h.by_function.get(c.function);
            h.by_function.set(c.function, (c.next, idle));
        } else {
            self.containers[c.previous].next = c.next;
        }
        if c.next != NONE {
            self.containers[c.next].previous = c.previous;
        }
    }

    fn container_changed<P: Probe>(
        &mut self,
        model: &Model,
        probe: &mut P,
        container: u32,
        change: ContainerChange,
        until: SimTime,
    ) {
        self.containers[container].since = self.now;
        let c = self.containers[container];
        self.digest.fold(self.now.0, 60 + change as u8, c.host, c.function);
        let memory = model.functions[c.function as usize].memory;
        probe.container(self.now, &ContainerEvent { host: c.host, cell: c.cell, function: c.function, memory, change, until });
    }

    /// An attempt ends at a host without having run.
    pub(super) fn end_at_host<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        attempt: u32,
        outcome: Outcome,
        cause: Option<Cause>,
    ) {
        let a = self.attempts[attempt];
        self.tell_placer(model, probe, attempt, workload.function[a.invocation as usize]);
        self.refuse(model, workload, probe, attempt, outcome, cause, model.hosts[a.host as usize].machine);
    }

    /// Tells the placer that decided on an attempt that it ended, and how many idle containers of its function the host has.
    fn tell_placer<P: Probe>(&mut self, model: &Model, probe: &mut P, attempt: u32, function: u32) {
        let a = self.attempts[attempt];
        let to = self.placer_machine(a.instance, a.placer);
        let finish = Message {
            instance: a.instance,
            placer: a.placer,
            host: a.host,
            function,
            words: [self.hosts[a.host as usize].idle_of(function), 0],
            ..Message::about(MessageKind::Finish, model.hosts[a.host as usize].machine, to, attempt, &a)
        };
        self.send(model, probe, finish, 0);
    }
}
