//! Hosts and their containers.
//!
//! - CPU: an invocation holds one slot from the start of its container to its end and, with `slots`, its function's cores; the
//!   rest wait in one queue, first come, first served: a head that finds no room makes the others wait. With `shared`,
//!   executions share the cores ([`super::cpu`]); with `unlimited`, nobody waits for cores or slows down; with `isolated`,
//!   containers hold cores, and executions wait in them ([`super::waiting`]).
//! - The queue is first come, first served, unless the scenario lets who arrives, or everyone, pass a head that finds no room.
//! - Memory: a container holds its function's memory from creation to removal. When a new one does not fit, idle containers
//!   go in the order of the keep-alive policy.
//! - A container that a policy makes ahead of an invocation takes free memory, and is not made where there is none. Containers
//!   that a function always has are made when the run begins, are never removed, and policies do not know of them.
//! - A container serves up to its function's concurrency. Of several with room, the one used last is used again, so that the
//!   others can expire; or another, as the scenario says. Where the scenario says so, one that is still starting is joined.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::cpu::SharedCpu;
use super::images::Staging;
use super::message::{Message, MessageKind};
use super::model::{HostSpec, Model};
use super::probe::{ContainerChange, ContainerEvent, Probe};
use super::reservation::{Reservation, slots};
use super::run_queue::{Place, RunQueue};
use super::store::ImageStore;
use super::task::{Accounting, Cause, Outcome, Phase, Rank};
use super::world::{Event, EventKind, Notice, World};
use crate::engine::{Class, NONE, PagedMap};
use crate::policy::estimate::Estimate;
use crate::policy::keep_alive::{ContainerView, Keep, KeepAlive, KeepAlivePolicy, Removal};
use crate::policy::order::{Newcomer, Order, QueueOrder};
use crate::scenario::{Cpu, IfInsufficient, MemoryFull, NoRoom, Queue, Reuse, Starting};
use crate::units::{SimDuration, SimTime, product};
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
    /// Whether it is in the list of its function's containers with room.
    pub(super) linked: bool,
    /// With isolated cores: whether it holds its function's.
    pub(super) holds_cores: bool,
    /// The first attempt that waits in it, while it starts or for cores, and the last, or [`NONE`].
    pub(super) first: u32,
    pub(super) last: u32,
    /// How many containers were created before it.
    pub(super) created: u64,
    /// When it entered its state.
    pub since: SimTime,
    /// Starting: when it will be ready. Idle: when it expires.
    pub until: SimTime,
    /// Idle: from when on its function's next invocation does not get it any more.
    stale_after: SimTime,
    /// Neighbours in the list of its function's containers that have room; the first's previous one is the last.
    pub(super) previous: u32,
    pub(super) next: u32,
}

impl Container {
    /// Whether its time ran out unnoticed: its function's next invocation does not get it.
    pub(super) fn is_stale(&self, now: SimTime) -> bool {
        self.active == 0 && self.stale_after < now
    }
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

/// What waits in a host's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiter {
    /// An attempt.
    Attempt(u32),
    /// A place that a placer reserved ([`super::Reservation`]).
    Reservation(u32),
}

/// A machine that runs invocations. Where there are many, each is in no cache when it is its turn: what every invocation needs
/// comes first, in the order in which it stands here, and what few need is elsewhere.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Host {
    /// Integrals up to `usage_at`.
    pub usage: Usage,
    usage_at: SimTime,
    /// Thousandths of cores that invocations hold, or ask for where they share them.
    pub millicores_held: u64,
    /// Bytes that no container and no image holds.
    pub memory_free: u64,
    /// Bytes of idle containers.
    pub idle_memory: u64,
    /// Bytes of images.
    pub image_memory: u64,
    /// Those of the cores that are held for tasks which are still to come.
    pub millicores_binding: u64,
    /// Per function: the first container with room, and the number of idle ones.
    pub(super) by_function: PagedMap<(u32, u32)>,
    /// Slots that nobody holds.
    pub slots_free: u32,
    /// Invocations that run or start.
    pub running: u32,
    /// Attempts here that their architecture put into a class.
    pub classed: u32,
    /// How many free slots it last told the placer that wants to know.
    pub(super) told_free: u32,
    /// The placer that hears of removed containers: (instance, placer, machine).
    pub reports_to: Option<(u16, u32, u32)>,
    /// Whether its policy leaves containers whose time ran out until their function is invoked again.
    pub(super) lazy: bool,
    /// The functions of containers that are never removed.
    pinned_functions: Vec<u32>,
    /// What waits.
    pub queue: RunQueue<Waiter>,
    /// In which order.
    pub(crate) order: Order,
    /// Attempts with a slot that may be killed, in the order in which they got it, and since when.
    pub(super) yielding: Vec<(u32, SimTime)>,
    pub(super) keep_alive: KeepAlive,
    pub(super) cells: Vec<u32>,
    free_cells: BinaryHeap<Reverse<u32>>,
    /// (function, invocations) on their way to it, where a run counts them.
    pub(super) coming: Vec<(u32, u32)>,
    /// Bytes of the disk that no image and no container holds.
    pub disk_free: u64,
    /// Bytes of those idle containers that are never removed.
    pub(super) pinned_idle: u64,
    /// Bytes of all containers that are never removed.
    pub(super) pinned: u64,
    /// The images of those containers, and the disk that they take together.
    pinned_images: Vec<u32>,
    pub(super) pinned_disk: u64,
    /// The last attempt of a class that came: its invocation, and which attempt at it.
    pub(super) last_classed: [u32; 2],
    pub(super) shared: Box<SharedCpu>,
    /// With isolated cores: containers that wait for cores, in order.
    pub(super) stalled: VecDeque<u32>,
    /// The images in memory.
    pub memory: Box<ImageStore>,
    /// The images on the disk.
    pub disk: Box<ImageStore>,
    /// Who waits for images.
    pub(super) staging: Staging,
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

/// What is still to be told of an attempt that has stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped {
    /// Its container.
    pub(super) container: u32,
    /// The size of its result.
    pub(super) bytes: u64,
}

enum Room {
    /// A slot, whatever is to run there.
    Slot,
    Warm(u32),
    Starting(u32),
    Cold,
    /// Its image is not in memory.
    NoImage,
    None,
}

impl Host {
    /// An empty host.
    pub fn new(slots: u32, memory: u64, disk: u64, keep_alive: KeepAlive, order: Order) -> Host {
        Host {
            usage: Usage::default(),
            usage_at: SimTime::ZERO,
            millicores_held: 0,
            memory_free: memory,
            idle_memory: 0,
            image_memory: 0,
            millicores_binding: 0,
            by_function: PagedMap::new((NONE, 0)),
            slots_free: slots,
            running: 0,
            classed: 0,
            told_free: 0,
            reports_to: None,
            lazy: false,
            pinned_functions: Vec::new(),
            queue: RunQueue::new(),
            order,
            yielding: Vec::new(),
            keep_alive,
            cells: Vec::new(),
            free_cells: BinaryHeap::new(),
            coming: Vec::new(),
            disk_free: disk,
            pinned_idle: 0,
            pinned: 0,
            pinned_images: Vec::new(),
            pinned_disk: 0,
            last_classed: [NONE, 0],
            shared: Box::default(),
            stalled: VecDeque::new(),
            memory: Box::default(),
            disk: Box::default(),
            staging: Staging::default(),
        }
    }

    /// Invocations that run, wait for their image or wait in the queue.
    pub fn load(&self) -> u32 {
        self.running + self.queue.len() as u32 + self.staging.waiting
    }

    /// Whether it has a slot and, where invocations hold them, so many thousandths of cores.
    pub(crate) fn has_slot(&self, spec: &HostSpec, millicores: u32) -> bool {
        let held = self.millicores_held + u64::from(millicores);
        self.slots_free > 0 && (spec.cpu != Cpu::Slots || held <= spec.millicores.into())
    }

    /// How many tasks of one core could start at once without passing anybody who waits.
    pub(super) fn slots_without_takers(&self, spec: &HostSpec) -> u32 {
        if !self.queue.is_empty() {
            return 0;
        }
        let all = slots(spec);
        let held = if spec.cpu == Cpu::Slots && self.millicores_held > 0 {
            (u64::from(spec.millicores).saturating_sub(self.millicores_held) / 1000) as u32
        } else {
            all.saturating_sub(self.running)
        };
        held.min(all).min(self.slots_free)
    }

    fn fits(&self, memory: u64, disk: u64) -> bool {
        self.memory_free >= memory && self.disk_free >= disk
    }

    /// About how many bytes a copy of its image stores takes.
    pub(super) fn images_size(&self) -> usize {
        self.memory.size() + self.disk.size()
    }

    /// Idle containers of a function.
    pub fn idle_of(&self, function: u32) -> u32 {
        self.by_function.get(function).1
    }

    /// The first container of a function with room, or [`NONE`].
    pub(super) fn first_with_room(&self, function: u32) -> u32 {
        self.by_function.get(function).0
    }

    /// Invocations of a function on their way to it.
    pub(super) fn coming_of(&self, function: u32) -> u32 {
        self.coming.iter().find(|c| c.0 == function).map_or(0, |c| c.1)
    }

    /// Bytes of idle containers that may be removed for another.
    pub(super) fn removable(&self, model: &Model) -> u64 {
        if model.memory_full == MemoryFull::Never { 0 } else { self.idle_memory - self.pinned_idle }
    }

    /// The containers on the host, in the order of their cells.
    pub fn containers(&self) -> impl Iterator<Item = u32> + '_ {
        self.cells.iter().copied().filter(|&c| c != NONE)
    }

    /// The integrals up to now, for a host with these cores and memory in all.
    #[inline]
    pub fn usage_now(&self, now: SimTime, millicores: u32, memory: u64) -> Usage {
        let dt = now.since(self.usage_at).0;
        let busy_memory = memory - self.memory_free - self.idle_memory - self.image_memory;
        let cores = self.millicores_held.min(millicores.into()).saturating_sub(self.millicores_binding);
        Usage {
            idle_memory: self.usage.idle_memory + product(self.idle_memory, dt),
            busy_memory: self.usage.busy_memory + product(busy_memory, dt),
            cores: self.usage.cores + product(cores, dt),
        }
    }

    /// Brings the integrals up to now.
    #[inline]
    pub(super) fn settle(&mut self, spec: &HostSpec, now: SimTime) {
        if self.usage_at < now {
            self.usage = self.usage_now(now, spec.millicores, spec.memory);
            self.usage_at = now;
        }
    }
}

impl World {
    /// Brings a host's integrals up to now; called before anything about it changes.
    pub(super) fn settle(&mut self, model: &Model, host: u32) {
        self.hosts[host as usize].settle(&model.hosts[host as usize], self.now);
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
        let function = workload.function[a.invocation as usize];
        self.has_come(a.host, function);
        if a.class > 0 {
            self.hosts[a.host as usize].classed += 1;
            self.hosts[a.host as usize].last_classed = [a.invocation, a.number.into()];
        }
        if a.cancelled {
            return self.end_at_host(model, workload, probe, attempt, Outcome::Abandoned, None);
        }
        if a.rank == Rank::Plain
            && !a.jumps
            && let Some(container) = self.straight_to(model, a.host, function)
        {
            return self.go_straight(model, workload, probe, attempt, container);
        }
        self.looks_for_room(model, workload, probe, attempt);
    }

    /// An attempt at its host does not find everything ready.
    pub(crate) fn looks_for_room<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        let function = workload.function[a.invocation as usize];
        let spec = &model.functions[function as usize];
        let host = &model.hosts[a.host as usize];
        if spec.memory > host.memory && spec.millicores <= host.millicores && model.oversized[function as usize] {
            if model.if_insufficient == IfInsufficient::EvictAnyway {
                probe.seeks(self.now, a.host, a.invocation);
                self.make_room(model, workload, probe, a.host, spec.memory);
            }
            self.end_at_host(model, workload, probe, attempt, Outcome::Dropped, Some(Cause::HostTooSmall));
            return self.dispatch(model, workload, probe, a.host);
        }
        if self.never_fits(model, function, a.host) {
            return self.end_at_host(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::HostTooSmall));
        }
        if self.sends_back(model, workload, probe, attempt) {
            return;
        }
        let bound = model.queue_bound.map_or(usize::MAX, |n| n as usize);
        let waiting = self.hosts[a.host as usize].queue.len();
        // While somebody waits, nobody who comes would start at once.
        if waiting > 0 && waiting >= bound && model.queue == Queue::Fifo && !a.jumps && !a.stolen {
            return self.end_at_host(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::QueueFull));
        }
        if self.image_is_ready(model, a.host, function) {
            self.join_by_rank(model, workload, probe, attempt);
        } else {
            self.stage(model, workload, probe, attempt);
        }
    }

    /// Whether a host can never run a function: it, or the head store that serves it, is too small. What is never removed leaves
    /// the rest to the functions that have none of it.
    #[inline]
    pub(crate) fn never_fits(&self, model: &Model, function: u32, host: u32) -> bool {
        let all_for_it = model.fits_all[function as usize] && self.hosts[host as usize].pinned_functions.is_empty();
        !all_for_it && self.never_fits_beside(model, function, host)
    }

    /// The same, where hosts are too small for a function, it has an image or containers are never removed.
    fn never_fits_beside(&self, model: &Model, function: u32, host: u32) -> bool {
        let spec = &model.functions[function as usize];
        let (h, whole) = (&self.hosts[host as usize], &model.hosts[host as usize]);
        if h.pinned_functions.contains(&function) {
            return false;
        }
        let (mut memory, mut disk) = (spec.memory, spec.disk);
        if let Some(image) = model.supply.images.get(spec.image as usize).filter(|_| !h.pinned_images.contains(&spec.image)) {
            memory = memory.saturating_add(image.memory);
            disk = disk.saturating_add(image.size);
            let head = model.supply.heads.get(model.supply.head_of[host as usize] as usize);
            if head.is_some_and(|head| head.registry != NONE && image.size > head.disk) {
                return true;
            }
        }
        spec.millicores > whole.millicores || memory > whole.memory - h.pinned || disk > whole.disk - h.pinned_disk
    }

    /// An attempt waits in its host's queue.
    pub(super) fn join_queue<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        self.enter(probe, attempt, Phase::Queued);
        self.account(a.task, Accounting::HostQueue);
        let waiter = Waiter::Attempt(attempt);
        let h = &self.hosts[a.host as usize];
        // Where nobody waits and no order takes note of who comes, whoever finds room need not wait first.
        let alone = h.queue.is_empty() && h.order.is_fcfs() && a.rank == Rank::Plain;
        let tries = model.queue != Queue::Fifo || alone;
        let passes = if tries { self.room_for(model, workload, probe, waiter) } else { None };
        if passes.is_none() {
            self.queues(model, workload, attempt);
        }
        probe.queued(self.now, a.host, a.invocation, workload.function[a.invocation as usize]);
        match passes {
            Some(room) => self.leave_queue(model, workload, probe, waiter, room),
            None if !tries => self.dispatch(model, workload, probe, a.host),
            None => {}
        }
        if model.queue == Queue::Fifo && tries {
            self.after_dispatch(model, workload, probe, a.host);
        }
        if self.attempts[attempt].phase() != Phase::Queued {
            return;
        }
        // Beyond the places to wait in, only whoever starts at once is taken.
        let bound = model.queue_bound.map_or(usize::MAX, |n| n as usize);
        if self.hosts[a.host as usize].queue.len() > bound && !a.jumps && !a.stolen {
            self.quit_queue(probe, attempt);
            self.end_at_host(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::QueueFull));
            return;
        }
        if let Some(timeout) = model.queue_timeout {
            // One that was stolen has waited before.
            let before = Some(a.deadline).filter(|&deadline| a.stolen && deadline < SimTime::NEVER);
            let deadline = before.map_or(self.now + timeout, |deadline| deadline.max(self.now));
            self.attempts[attempt].deadline = deadline;
            self.queue.push(deadline, Class::Timer, Event::new(EventKind::QueueTimeout, 0, attempt));
        }
        self.wake_thieves(model);
    }

    /// An attempt may have waited in its host's queue for as long as it may.
    pub(crate) fn queue_timeout<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        if a.phase() == Phase::Queued && a.deadline == self.now {
            self.quit_queue(probe, attempt);
            self.end_at_host(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::QueueTimeout));
            self.dispatch(model, workload, probe, a.host);
        }
    }

    /// Takes an attempt out of its host's queue, wherever it stands: the queue is in the order in which they came.
    pub(super) fn quit_queue<P: Probe>(&mut self, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        if self.hosts[a.host as usize].queue.remove(a.place).is_some() {
            self.in_queues -= 1;
            probe.unqueued(self.now, a.host, a.invocation);
        }
    }

    /// An attempt takes its place in its host's queue: first if a slot was held for it, else as the order says.
    fn queues(&mut self, model: &Model, workload: &Workload, attempt: u32) {
        let a = self.attempts[attempt];
        let waiter = Waiter::Attempt(attempt);
        let h = &mut self.hosts[a.host as usize];
        self.attempts[attempt].place = if a.jumps {
            self.in_queues += 1;
            h.queue.push_front(waiter)
        } else if h.order.is_fcfs() && a.rank == Rank::Plain {
            self.in_queues += 1;
            h.queue.push(waiter, None)
        } else {
            let task = self.newcomer(model, workload, attempt, a.invocation);
            self.joins(a.host, waiter, &task, a.rank)
        };
    }

    /// What the order of a queue may know of an invocation that comes to it, as an attempt if that is still one at it.
    pub(crate) fn newcomer(&self, model: &Model, workload: &Workload, attempt: u32, invocation: u32) -> Newcomer {
        let a = &self.attempts[attempt];
        let submitted = if a.invocation == invocation { a.submitted } else { self.now };
        let function = workload.function[invocation as usize];
        let estimate = self.estimate_ns(invocation, workload);
        let left = workload.job.get(invocation as usize).map_or(1, |&job| self.job_left[job as usize]);
        let remaining = estimate.saturating_mul(left.into());
        Newcomer::new(function, &model.functions[function as usize], submitted, estimate, remaining)
    }

    /// Something joins a host's queue.
    pub(super) fn joins(&mut self, host: u32, waiter: Waiter, task: &Newcomer, rank: Rank) -> Place {
        let h = &mut self.hosts[host as usize];
        let order = h.order.rank(task, self.now);
        self.in_queues += 1;
        h.queue.push(waiter, rank.before_the_order(order))
    }

    /// Starts what can be started on a host, then goes on with images that found no room: an image that has just come must not
    /// leave for another before whoever waited for it had a try.
    pub(crate) fn dispatch<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32) {
        if model.queue == Queue::Skip {
            self.dispatch_any(model, workload, probe, host);
        } else {
            while let Some((place, waiter)) = self.hosts[host as usize].queue.front(self.now) {
                let Some(room) = self.room_for(model, workload, probe, waiter) else { break };
                self.takes(host, place);
                self.leave_queue(model, workload, probe, waiter, room);
            }
        }
        self.after_dispatch(model, workload, probe, host);
    }

    /// Who could start has started: images that found no room are tried again, and a placer may hear what is free.
    fn after_dispatch<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32) {
        self.retry_staging(model, workload, probe, host);
        self.tell_free(model, probe, host);
        self.may_steal(model, probe, host, false);
    }

    /// Starts whoever in the queue finds room, in order.
    fn dispatch_any<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32) {
        let mut step = None;
        while let Some((at, waiter)) = self.hosts[host as usize].queue.following(step, self.now) {
            if self.hosts[host as usize].slots_free == 0 {
                return;
            }
            if let Some(room) = self.room_for(model, workload, probe, waiter) {
                self.takes(host, at.place);
                self.leave_queue(model, workload, probe, waiter, room);
            }
            step = Some(at);
        }
    }

    /// What stands at a place in a host's queue is served.
    fn takes(&mut self, host: u32, place: Place) {
        let waiter = self.hosts[host as usize].queue.get(place);
        let key = match waiter {
            Some(Waiter::Attempt(attempt)) => self.attempts[attempt].rank.key_in_order(place.key),
            _ => place.key,
        };
        let h = &mut self.hosts[host as usize];
        if h.queue.remove(place).is_some() {
            self.in_queues -= 1;
        }
        h.order.served(key);
    }

    /// Where an attempt can go on its host now, or nothing if it has to wait.
    fn room_for<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, waiter: Waiter) -> Option<Room> {
        let attempt = match waiter {
            Waiter::Attempt(attempt) => attempt,
            Waiter::Reservation(id) => {
                let Reservation { host, function, .. } = self.reservations[id];
                let millicores = model.functions.get(function as usize).map_or(0, |f| f.millicores);
                let slot = self.hosts[host as usize].has_slot(&model.hosts[host as usize], millicores);
                return slot.then_some(Room::Slot);
            }
        };
        let a = &self.attempts[attempt];
        let (host, function) = (a.host, workload.function[a.invocation as usize]);
        let spec = &model.functions[function as usize];
        let h = &self.hosts[host as usize];
        let cpu = &model.hosts[host as usize];
        if !h.has_slot(cpu, spec.millicores) {
            return None;
        }
        probe.seeks(self.now, host, a.invocation);
        let room = self.find_room(model, workload, probe, host, function);
        if matches!(room, Room::None) && model.no_room == NoRoom::Queue { None } else { Some(room) }
    }

    /// An attempt leaves the queue for the room that was found.
    fn leave_queue<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, waiter: Waiter, room: Room) {
        let attempt = match waiter {
            Waiter::Attempt(attempt) => attempt,
            Waiter::Reservation(id) => return self.ask_for_task(model, probe, id, 0),
        };
        let a = &self.attempts[attempt];
        probe.unqueued(self.now, a.host, a.invocation);
        match room {
            Room::Warm(container) => {
                self.take_warm(model, workload, probe, attempt, container);
                self.begin(model, workload, probe, attempt);
            }
            Room::Starting(container) => self.join(model, workload, probe, attempt, container),
            Room::Cold => {
                self.take_cold(model, workload, attempt);
                self.begin(model, workload, probe, attempt);
            }
            // Only reservations are content with that.
            Room::Slot => {}
            // It was there when the attempt came, and made room for something else since.
            Room::NoImage => self.stage(model, workload, probe, attempt),
            Room::None => self.end_at_host(model, workload, probe, attempt, Outcome::Dropped, None),
        }
        self.takes_slot(attempt);
    }

    /// A container with room, or memory for a new one, making it if the policies allow.
    fn find_room<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, function: u32) -> Room {
        if self.hosts[host as usize].lazy {
            self.expire_lazily(model, workload, probe, host, function);
        }
        let first = self.hosts[host as usize].by_function.get(function).0;
        if first != NONE {
            if !self.containers[first].starting {
                return Room::Warm(first);
            }
            if let Some(room) = self.behind_starting(model, first) {
                return room;
            }
        }
        if !self.image_is_ready(model, host, function) {
            return Room::NoImage;
        }
        let spec = &model.functions[function as usize];
        let h = &self.hosts[host as usize];
        if h.fits(spec.memory, spec.disk) {
            return Room::Cold;
        }
        // Its own image stays while room is made.
        self.pin_image(spec.image, host);
        self.find_memory(model, workload, probe, host, spec.memory, spec.disk);
        self.unpin_image(spec.image, host);
        if self.hosts[host as usize].fits(spec.memory, spec.disk) { Room::Cold } else { Room::None }
    }

    /// Makes room for a container: by images that nothing uses if they suffice, else by idle containers if they do, else by both.
    fn find_memory<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, need: u64, disk: u64) {
        if self.disk_room_of_images(probe, host, disk) && self.memory_room_of_images(model, probe, host, need) {
            return;
        }
        let h = &self.hosts[host as usize];
        if h.disk_free >= disk && h.memory_free + h.idle_memory - h.pinned_idle >= need {
            return self.make_room(model, workload, probe, host, need);
        }
        let cleared = model.memory_full != MemoryFull::Never && self.clear(model, workload, probe, host, need, disk);
        if !cleared && model.if_insufficient == IfInsufficient::EvictAnyway {
            self.make_room(model, workload, probe, host, need);
        }
    }

    /// Of the containers from one on that is still starting, the first that has started, or where starting ones are joined the
    /// one that is ready first.
    fn behind_starting(&self, model: &Model, first: u32) -> Option<Room> {
        let (mut container, mut soonest) = (first, first);
        while container != NONE {
            let c = &self.containers[container];
            if !c.starting {
                return Some(Room::Warm(container));
            }
            if c.until < self.containers[soonest].until {
                soonest = container;
            }
            container = c.next;
        }
        (model.starting == Starting::Join).then_some(Room::Starting(soonest))
    }

    /// Removes idle containers for a new one that needs so much memory, as far as the scenario allows and there are any.
    fn make_room<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, need: u64) {
        let h = &mut self.hosts[host as usize];
        let target = match model.memory_full {
            MemoryFull::Never => return,
            MemoryFull::FullSize => h.memory_free + need,
            MemoryFull::Shortfall => need,
        };
        if h.idle_memory == h.pinned_idle || h.memory_free >= target {
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
            if c.is_stale(self.now) {
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

    /// A container with room is taken for an attempt.
    fn take_warm<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32, container: u32) {
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
            h.by_function.at(function).1 -= 1;
        }
        if self.containers[container].active == spec.concurrency {
            self.unlink(model, container);
        }
        self.tell_used(model, workload, container, a.invocation);
        self.attempts[attempt].container = container;
        self.counters.warm += 1;
        if was_idle {
            self.container_changed(model, probe, container, ContainerChange::Busy, SimTime::NEVER);
        } else {
            self.tell_shared(probe, container);
        }
    }

    /// Room for a new container is taken for an attempt.
    fn take_cold(&mut self, model: &Model, workload: &Workload, attempt: u32) {
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
    }

    /// Takes a container, or room for one, for an attempt before it is sent to the host. Answers whether there is any.
    pub(crate) fn bind<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32, host: u32) -> bool {
        let function = workload.function[self.attempts[attempt].invocation as usize];
        let spec = &model.functions[function as usize];
        if !self.hosts[host as usize].has_slot(&model.hosts[host as usize], spec.millicores) {
            return false;
        }
        probe.seeks(self.now, host, self.attempts[attempt].invocation);
        let room = self.find_room(model, workload, probe, host, function);
        // One that waits in a starting container has come to the host.
        if matches!(room, Room::None | Room::NoImage | Room::Starting(_) | Room::Slot) {
            return false;
        }
        (self.attempts[attempt].host, self.attempts[attempt].bound) = (host, true);
        match room {
            Room::Warm(container) => self.take_warm(model, workload, probe, attempt, container),
            _ => self.take_cold(model, workload, attempt),
        }
        true
    }

    /// An attempt has its container: it starts, or its container does.
    pub(crate) fn begin<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        if !a.cold {
            return self.start(model, workload, probe, attempt);
        }
        let container = a.container;
        self.enter(probe, attempt, Phase::Starting);
        self.account(a.task, Accounting::ContainerStart);
        let function = self.containers[container].function;
        if model.starting == Starting::Join && model.functions[function as usize].concurrency > 1 {
            self.link(model, container);
        }
        let start = SimDuration(cold_start_ns(model, workload, a.invocation).max(0) as u64);
        self.begin_start(model, probe, container, ContainerChange::Starting, start);
    }

    /// An attempt waits in a container that is starting. It is cold, as the one that the container was created for.
    fn join<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32, container: u32) {
        let a = self.attempts[attempt];
        self.settle(model, a.host);
        let c = self.containers[container];
        self.hold_cores(model, a.host, c.function);
        (self.containers[container].active, self.containers[container].uses) = (c.active + 1, c.uses + 1);
        self.waits_in(container, attempt);
        if c.active + 1 == model.functions[c.function as usize].concurrency {
            self.unlink(model, container);
        }
        self.tell_used(model, workload, container, a.invocation);
        self.tell_shared(probe, container);
        self.attempts[attempt].container = container;
        self.attempts[attempt].cold = true;
        self.counters.cold += 1;
        self.enter(probe, attempt, Phase::Starting);
        self.account(a.task, Accounting::ContainerStart);
    }

    /// Makes a container ahead of any invocation.
    fn prewarm<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, function: u32, pinned: bool) {
        self.settle(model, host);
        let container = self.create(model, workload, host, function, NONE, pinned);
        self.counters.prewarmed += 1;
        if model.starting == Starting::Join {
            self.link(model, container);
        }
        let spec = &model.functions[function as usize];
        let start = SimDuration(spec.start_ns.max(0) as u64) + spec.overhead.0;
        self.begin_start(model, probe, container, ContainerChange::Prewarming, start);
    }

    fn create(&mut self, model: &Model, workload: &Workload, host: u32, function: u32, attempt: u32, pinned: bool) -> u32 {
        let h = &mut self.hosts[host as usize];
        let spec = &model.functions[function as usize];
        h.memory_free -= spec.memory;
        h.disk_free -= spec.disk;
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
            linked: false,
            holds_cores: false,
            first: attempt,
            last: attempt,
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
        self.pin_image(spec.image, host);
        if pinned {
            let h = &mut self.hosts[host as usize];
            h.pinned += spec.memory;
            h.pinned_disk += spec.disk;
            h.pinned_functions.push(function);
            if let Some(image) = model.supply.images.get(spec.image as usize).filter(|_| !h.pinned_images.contains(&spec.image)) {
                h.pinned += image.memory;
                h.pinned_disk += image.size;
                h.pinned_images.push(spec.image);
            }
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
                let fits = |h: usize| self.hosts[h].fits(spec.memory, spec.disk);
                let room = (0..hosts).map(|i| (next + i) % hosts).find(|&h| fits(h));
                let Some(host) = room else { break };
                if !self.preload_image(model, probe, host as u32, spec.image) || !self.hosts[host].fits(spec.memory, spec.disk) {
                    break;
                }
                self.prewarm(model, workload, probe, host as u32, function as u32, true);
                next = (host + 1) % hosts;
            }
        }
    }

    /// The instant has come at which a function that was unloaded may be loaded again.
    pub(crate) fn reload<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, id: u32) {
        let (host, function) = self.reloads[id];
        self.reloads.remove(id);
        let spec = &model.functions[function as usize];
        let ready = self.image_is_ready(model, host, function);
        let h = &mut self.hosts[host as usize];
        let fits = h.fits(spec.memory, spec.disk) && ready;
        if h.keep_alive.prewarm(function, self.now) && fits {
            self.prewarm(model, workload, probe, host, function, false);
        }
    }

    /// A container is ready, for the attempt that it was created for if there is one.
    pub(crate) fn container_ready<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32) {
        let c = &mut self.containers[container];
        c.starting = false;
        let (host, attempt, concurrency) = (c.host, c.first, model.functions[c.function as usize].concurrency);
        let has_room = c.active < concurrency && !c.linked;
        if attempt == NONE {
            self.settle(model, host);
            if has_room {
                self.link(model, container);
            }
            let function = self.containers[container].function;
            self.becomes_idle(model, workload, probe, container);
            self.tell_stagers_of_room(model, probe, host, function);
            return self.dispatch(model, workload, probe, host);
        }
        self.container_changed(model, probe, container, ContainerChange::Ready, SimTime::NEVER);
        if has_room {
            self.link(model, container);
        }
        // Taken away first: what finds no cores waits in the container again.
        let mut next = attempt;
        (self.containers[container].first, self.containers[container].last) = (NONE, NONE);
        while next != NONE {
            let attempt = next;
            next = self.attempts[attempt].next;
            self.start(model, workload, probe, attempt);
        }
        if concurrency > 1 {
            let function = self.containers[container].function;
            self.tell_stagers_of_room(model, probe, host, function);
            self.dispatch(model, workload, probe, host);
        }
    }

    /// The only way from not running to running.
    fn start<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        let time = self.execution_time(model, workload, attempt);
        let spec = &model.functions[workload.function[a.invocation as usize] as usize];
        self.enter(probe, attempt, Phase::Running);
        self.use_image(model, spec.image, a.host);
        self.account(a.task, Accounting::Execution);
        self.attempts[attempt].started = self.now;
        let host = &model.hosts[a.host as usize];
        if host.cpu == Cpu::Slots {
            return self.end_at(attempt, spec.time_limit, time);
        }
        self.settle(model, a.host);
        if host.cpu == Cpu::Isolated {
            return self.start_isolated(model, workload, attempt);
        }
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

    /// How long an attempt executes alone.
    pub(super) fn execution_time(&self, model: &Model, workload: &Workload, attempt: u32) -> SimDuration {
        let a = &self.attempts[attempt];
        let row = a.invocation as usize;
        let mut work = workload.execution_ns[row];
        if a.cold {
            // A cold start that is cheaper than a warm one shortens the execution.
            work = work.saturating_add_signed(cold_start_ns(model, workload, a.invocation).min(0));
        }
        let speed = model.hosts[a.host as usize].speed;
        if speed == 1.0 { SimDuration(work) } else { SimDuration(libm::rint(work as f64 / speed) as u64) }
    }

    /// An execution takes so long, unless its time limit comes first.
    pub(super) fn end_at(&mut self, attempt: u32, limit: Option<SimDuration>, time: SimDuration) {
        let limited = limit.is_some_and(|limit| time >= limit);
        if limited {
            self.attempts[attempt].outcome = Outcome::TimedOut;
        }
        let time = limit.filter(|_| limited).unwrap_or(time);
        self.attempts[attempt].ends = self.now + time;
        self.queue.push(self.now + time, Class::Completion, Event::new(EventKind::ExecutionEnds, 0, attempt));
    }

    /// Sees to it that the next end of an execution that shares a host's cores is looked at in time. An event that comes too
    /// early looks again.
    pub(super) fn arm_shared(&mut self, model: &Model, host: u32) {
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
            let a = self.attempts[attempt];
            let limit = model.functions[workload.function[a.invocation as usize] as usize].time_limit;
            if limit.is_some_and(|limit| a.started + limit == self.now) {
                self.attempts[attempt].outcome = Outcome::TimedOut;
            }
            self.execution_ends(model, workload, probe, attempt);
        }
        self.arm_shared(model, host);
    }

    /// An execution that shares its host's cores, or waits for them, comes to its time limit, if it has not ended before. Its slot may belong to
    /// another attempt by then, whose own limit is not now.
    pub(crate) fn shared_limit<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        let limit = model.functions[workload.function[a.invocation as usize] as usize].time_limit;
        if a.phase() != Phase::Running || limit.is_none_or(|limit| a.started + limit != self.now) {
            return;
        }
        let host = &model.hosts[a.host as usize];
        let stopped = match host.cpu {
            Cpu::Isolated => self.waits_no_more(attempt),
            _ => self.hosts[a.host as usize].shared.stop(self.now, host.millicores, attempt),
        };
        if stopped {
            self.attempts[attempt].outcome = Outcome::TimedOut;
            self.execution_ends(model, workload, probe, attempt);
            self.arm_shared(model, a.host);
        }
    }

    /// An execution ends: its cores are free, its container may become idle, its result goes to the client.
    fn execution_ends<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let stopped = self.stop(model, workload, probe, attempt);
        self.tell_of_end(model, workload, probe, attempt, stopped);
    }

    /// An execution stops: its cores are free, and its container may become idle.
    pub(crate) fn stop<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) -> Stopped {
        let a = self.attempts[attempt];
        let function = workload.function[a.invocation as usize];
        let spec = &model.functions[function as usize];
        self.use_image(model, spec.image, a.host);
        if !a.bound {
            self.release(model, workload, probe, a.container);
        }
        self.hosts[a.host as usize].classed -= u32::from(a.class > 0);
        if let Some(estimates) = &mut self.estimates {
            estimates.ended(function, workload.execution_ns[a.invocation as usize]);
        }
        self.hosts[a.host as usize].yielding.retain(|y| y.0 != attempt);
        self.attempts[attempt].finished = self.now;
        let container = std::mem::replace(&mut self.attempts[attempt].container, NONE);
        let mut bytes = spec.response_bytes;
        if spec.response_too_large && self.attempts[attempt].outcome == Outcome::Completed {
            bytes = 0;
            (self.attempts[attempt].outcome, self.attempts[attempt].cause) = (Outcome::Failed, Some(Cause::EgressLimit));
        }
        self.enter(probe, attempt, Phase::Returning);
        self.account(a.task, Accounting::Return);
        Stopped { container, bytes }
    }

    /// The client and the placer of an attempt that has stopped are told, and others may start in its place.
    pub(crate) fn tell_of_end<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        attempt: u32,
        Stopped { container, bytes }: Stopped,
    ) {
        let a = self.attempts[attempt];
        let function = workload.function[a.invocation as usize];
        let host_machine = model.hosts[a.host as usize].machine;
        let local = self.hands_over(model, workload, &self.attempts[attempt]);
        self.attempts[attempt].handed = local.is_some();
        let client = model.clients[workload.client[a.invocation as usize] as usize].machine;
        let to = if local.is_some() { host_machine } else { client };
        let result = Message { function, host: a.host, ..Message::about(MessageKind::Result, host_machine, to, attempt, &a) };
        self.send_late(model, probe, result, bytes, local.unwrap_or(SimDuration::ZERO));
        if a.bound {
            return self.tell_placer(model, probe, attempt, function, container + 1);
        }
        self.tell_placer(model, probe, attempt, function, 0);
        self.tell_stagers_of_room(model, probe, a.host, function);
        self.stay_with_job(model, probe, &a, function);
        self.dispatch(model, workload, probe, a.host);
    }

    /// An invocation's cores are free, and its container may become idle.
    pub(super) fn release<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32) {
        let Container { host, function, active, .. } = self.containers[container];
        self.settle(model, host);
        let spec = &model.functions[function as usize];
        let h = &mut self.hosts[host as usize];
        let isolated = model.hosts[host as usize].cpu == Cpu::Isolated;
        h.millicores_held -= if isolated { 0 } else { u64::from(spec.millicores) };
        h.slots_free += 1;
        h.running -= 1;
        self.containers[container].active -= 1;
        if !self.containers[container].linked {
            self.link(model, container);
        }
        if isolated {
            self.end_isolated(model, workload, container);
        }
        if active == 1 {
            self.becomes_idle(model, workload, probe, container);
        } else {
            self.tell_shared(probe, container);
        }
    }

    /// Tells how many invocations a container serves.
    fn tell_shared<P: Probe>(&self, probe: &mut P, container: u32) {
        let Container { host, cell, active, .. } = self.containers[container];
        probe.shared(self.now, host, cell, active);
    }

    /// The placer that bound an attempt hears of its end: what it had taken is free.
    pub(crate) fn release_bound<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32) {
        let host = self.containers[container].host;
        self.release(model, workload, probe, container);
        self.dispatch(model, workload, probe, host);
    }

    fn becomes_idle<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32) {
        let c = self.containers[container];
        let spec = &model.functions[c.function as usize];
        let h = &mut self.hosts[c.host as usize];
        h.idle_memory += spec.memory;
        h.pinned_idle += if c.pinned { spec.memory } else { 0 };
        h.by_function.at(c.function).1 += 1;
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

    #[inline]
    pub(super) fn keep<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32, keep: Keep) {
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

    pub(super) fn remove<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, container: u32, why: Removal) {
        let c = self.containers[container];
        debug_assert!(c.active == 0 && !c.starting, "a busy container is removed");
        self.settle(model, c.host);
        let view = self.view(model, workload, container, NONE);
        self.unlink(model, container);
        let spec = &model.functions[c.function as usize];
        let h = &mut self.hosts[c.host as usize];
        h.keep_alive.removed(&view, why, self.now);
        h.memory_free += spec.memory;
        h.disk_free = h.disk_free.saturating_add(spec.disk);
        h.idle_memory -= spec.memory;
        h.by_function.at(c.function).1 -= 1;
        h.cells[c.cell as usize] = NONE;
        h.free_cells.push(Reverse(c.cell));
        let change = match why {
            Removal::Evicted => ContainerChange::Evicted,
            Removal::Expired => ContainerChange::Expired,
            Removal::Killed => ContainerChange::Killed,
        };
        match why {
            Removal::Evicted => self.counters.evictions += 1,
            Removal::Expired => self.counters.expirations += 1,
            Removal::Killed => {}
        }
        self.unpin_image(spec.image, c.host);
        self.container_changed(model, probe, container, change, SimTime::NEVER);
        self.containers.remove(container);
        let h = &self.hosts[c.host as usize];
        if h.reports_to.is_some() {
            self.notices.push(Notice { host: c.host, function: c.function, idle: h.idle_of(c.function) });
            if !self.holds_notices {
                self.send_notices(model, probe);
            }
        }
    }

    /// Hosts tell their placers of the containers that they removed.
    #[inline(never)]
    pub(crate) fn send_notices<P: Probe>(&mut self, model: &Model, probe: &mut P) {
        let mut notices = std::mem::take(&mut self.notices);
        for Notice { host, function, idle } in notices.drain(..) {
            let Some((instance, placer, machine)) = self.hosts[host as usize].reports_to else { continue };
            let from = model.hosts[host as usize].machine;
            let about = Message::new(MessageKind::Removed, from, machine);
            self.send(model, probe, Message { instance, placer, host, function, words: [idle, 0], ..about }, 0);
        }
        self.notices = notices;
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

    /// Puts a container among its function's containers with room: at the head, in the order of creation, or at the end.
    #[inline]
    pub(super) fn link(&mut self, model: &Model, container: u32) {
        let Container { host, function, created, .. } = self.containers[container];
        self.containers[container].linked = true;
        let (head, idle) = self.hosts[host as usize].by_function.get(function);
        if head == NONE {
            (self.containers[container].previous, self.containers[container].next) = (container, NONE);
            if let Some(rooms) = &mut self.rooms {
                rooms.set(function, host, true);
            }
            return self.hosts[host as usize].by_function.set(function, (container, idle));
        }
        let last = self.containers[head].previous;
        let mut next = match model.reuse {
            Reuse::LastUsed | Reuse::Oldest => head,
            Reuse::IndexedSet => NONE,
        };
        if model.reuse == Reuse::Oldest {
            while next != NONE && self.containers[next].created < created {
                next = self.containers[next].next;
            }
        }
        let previous = if next == NONE { last } else { self.containers[next].previous };
        (self.containers[container].previous, self.containers[container].next) = (previous, next);
        // The last is known as the one before the first.
        self.containers[if next == NONE { head } else { next }].previous = container;
        if next == head {
            self.hosts[host as usize].by_function.set(function, (container, idle));
        } else {
            self.containers[previous].next = container;
        }
    }

    fn unlink(&mut self, model: &Model, container: u32) {
        let Container { host, function, previous, next, .. } = self.containers[container];
        self.containers[container].linked = false;
        let by_function = &mut self.hosts[host as usize].by_function;
        let (head, idle) = by_function.get(function);
        let last = if next == NONE { container } else { self.containers[head].previous };
        if head == container {
            by_function.set(function, (next, idle));
            if let Some(rooms) = self.rooms.as_mut().filter(|_| next == NONE) {
                rooms.set(function, host, false);
            }
        } else {
            self.containers[previous].next = next;
        }
        if next != NONE {
            self.containers[next].previous = previous;
        } else if head != container {
            self.containers[head].previous = previous;
        }
        if model.reuse == Reuse::IndexedSet && last != container && next != last {
            self.take_place(host, function, last, next);
        }
    }

    /// In an indexed set, the last takes the place of the container that went, in front of the one that came after it.
    fn take_place(&mut self, host: u32, function: u32, last: u32, next: u32) {
        let before = self.containers[last].previous;
        let (head, idle) = self.hosts[host as usize].by_function.get(function);
        (self.containers[before].next, self.containers[head].previous) = (NONE, before);
        let previous = self.containers[next].previous;
        (self.containers[last].previous, self.containers[last].next) = (previous, next);
        self.containers[next].previous = last;
        if next == head {
            self.hosts[host as usize].by_function.set(function, (last, idle));
        } else {
            self.containers[previous].next = last;
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
        self.hosts[a.host as usize].classed -= u32::from(a.class > 0);
        self.attempts[attempt].outcome = outcome;
        self.tell_placer(model, probe, attempt, workload.function[a.invocation as usize], 0);
        self.refuse(model, workload, probe, attempt, outcome, cause, model.hosts[a.host as usize].machine);
    }

    /// Tells the placer that decided on an attempt that it ended, and how many idle containers of its function the host has.
    /// `bound` is one more than the container that waits for the placer, or 0.
    fn tell_placer<P: Probe>(&mut self, model: &Model, probe: &mut P, attempt: u32, function: u32, bound: u32) {
        let a = self.attempts[attempt];
        let host = self.sent_to(attempt, &a);
        let idle = if a.stolen { NONE } else { self.hosts[a.host as usize].idle_of(function) };
        let hearer = if a.hears == NONE { a.placer } else { a.hears };
        let to = self.placer_machine(a.instance, hearer);
        let finish = Message {
            instance: a.instance,
            placer: hearer,
            host,
            function,
            words: [idle, bound],
            began: a.dispatched,
            failed: !matches!(a.outcome, Outcome::Completed | Outcome::Abandoned),
            ..Message::about(MessageKind::Finish, model.hosts[a.host as usize].machine, to, attempt, &a)
        };
        self.send(model, probe, finish, 0);
        if a.stolen {
            self.tell_of_container(model, probe, a.host, function);
        }
    }
}
