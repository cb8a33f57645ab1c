//! What a placement policy sees of the hosts: by default what its placer believes ([`View`]), which is late by messages.
//!
//! The exact sight shows every host as it is at the instant of the decision, and counts what is assigned and still on its way as
//! if it had arrived. Simulators without a network assume this (DSLab FaaS among them); it is a bound of what any messages can
//! tell, not something that a placer could have. It costs a look at each host for each question.

use super::{Ask, Plan, View, mix};
use crate::engine::NONE;
use crate::platform::{ImageState, Model, World};
use crate::rng::hash_text;
use crate::units::SimTime;

/// How near a host is to starting a task, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// It has a container with room.
    Container,
    /// Its memory holds the image, or the function needs none.
    InMemory,
    /// The image is on its way to memory.
    ComingToMemory,
    /// Its disk holds the image.
    OnDisk,
    /// The image is on its way to the disk.
    ComingToDisk,
    /// The image must still be fetched.
    Nowhere,
}

/// What is seen of the hosts of a placer's view, numbered as there.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    view: &'a View,
    exact: Option<(&'a World, &'a Model)>,
    plan: Option<&'a Plan>,
    /// Whose ids hosts and functions have, if that is told.
    model: Option<&'a Model>,
    now: SimTime,
}

impl<'a> Sight<'a> {
    /// What a placer believes.
    pub fn believed(view: &'a View) -> Sight<'a> {
        Sight { view, exact: None, plan: None, model: None, now: SimTime::ZERO }
    }

    /// The hosts of a view as they are.
    pub(crate) fn exact(view: &'a View, world: &'a World, model: &'a Model) -> Sight<'a> {
        Sight { view, exact: Some((world, model)), plan: None, model: Some(model), now: world.now }
    }

    /// The same hosts at an instant, with the ids that they and the functions have.
    pub fn at(self, now: SimTime, model: &'a Model) -> Sight<'a> {
        Sight { now, model: Some(model), ..self }
    }

    /// The clock; the start of the run where it is not told.
    pub fn now(self) -> SimTime {
        self.now
    }

    /// A number that stands for a host: a hash of its machine's id, so that it stays when others come and go; of its number on the
    /// platform where ids are not told.
    pub fn host_key(self, number: u32) -> u64 {
        let host = self.host(number);
        let id = self.model.and_then(|m| Some(m.machine_id(m.hosts.get(host as usize)?.machine)));
        id.map_or_else(|| mix(host.into()), hash_text)
    }

    /// A number that stands for a function, as [`Sight::host_key`].
    pub fn function_key(self, function: u32) -> u64 {
        let id = self.model.and_then(|m| m.functions.get(function as usize));
        id.map_or_else(|| mix(function.into()), |f| hash_text(&f.id))
    }

    /// The same hosts, less what is planned already.
    pub(crate) fn with(self, plan: &'a Plan) -> Sight<'a> {
        Sight { plan: Some(plan), ..self }
    }

    /// What is planned in this round, for a placer that holds tasks and starts several at once.
    pub fn plan(self) -> Option<&'a Plan> {
        self.plan
    }

    /// The number of hosts.
    pub fn len(self) -> usize {
        self.view.len()
    }

    /// Whether there is no host.
    pub fn is_empty(self) -> bool {
        self.view.is_empty()
    }

    /// The platform's number of a host.
    pub fn host(self, number: u32) -> u32 {
        self.view.host(number)
    }

    /// Memory of a host, in bytes.
    pub fn memory(self, number: u32) -> u64 {
        self.view.memory(number)
    }

    /// Cores of a host, in thousandths.
    pub fn millicores(self, number: u32) -> u32 {
        self.view.millicores(number)
    }

    /// Whether a task can ever run on a host.
    #[inline]
    pub fn fits(self, number: u32, ask: &Ask) -> bool {
        let fits = |(world, model): (&World, &Model)| {
            !world.never_fits(model, ask.function, self.host(number)) || model.oversized[ask.function as usize]
        };
        self.view.fits(number, ask) && self.exact.is_none_or(fits)
    }

    /// How near a host is to starting a task; a placer that goes by messages is not told where images are.
    pub fn nearness(self, number: u32, ask: &Ask) -> Option<Nearness> {
        let (world, model) = self.exact?;
        let image = model.functions[ask.function as usize].image;
        let host = &world.hosts[self.host(number) as usize];
        if self.usable(number, ask) {
            return Some(Nearness::Container);
        }
        if image == NONE {
            return Some(Nearness::InMemory);
        }
        let planned = |is: fn(&Plan, u32, u32) -> bool| self.plan.is_some_and(|plan| is(plan, number, image));
        Some(match (host.memory.state(image), host.disk.state(image)) {
            (ImageState::Here, _) => Nearness::InMemory,
            (ImageState::Coming, _) => Nearness::ComingToMemory,
            (_, ImageState::Here) if planned(Plan::loads) => Nearness::ComingToMemory,
            (_, ImageState::Here) => Nearness::OnDisk,
            (_, ImageState::Coming) => Nearness::ComingToDisk,
            _ if planned(Plan::copies) => Nearness::ComingToDisk,
            _ => Nearness::Nowhere,
        })
    }

    /// Invocations that run on a host, wait there or are on their way to it.
    pub fn load(self, number: u32) -> u32 {
        match self.exact {
            None => self.view.load(number),
            Some((world, _)) => world.load_to_come(self.host(number)),
        }
    }

    /// Invocations that wait in a host's queue; a placer that goes by messages is not told, and believes 0.
    pub fn queued(self, number: u32) -> u32 {
        self.exact.map_or(0, |(world, _)| world.hosts[self.host(number) as usize].queue.len() as u32)
    }

    /// Tasks that this placer ever assigned to a host.
    pub fn assigned(self, number: u32) -> u32 {
        self.view.ever_assigned(number)
    }

    /// Memory that no container holds or is about to hold, in bytes. What idle containers hold is not free, but a placer that goes
    /// by messages counts only what it assigned.
    pub fn memory_free(self, number: u32) -> u64 {
        match self.exact {
            None => self.view.memory_free(number),
            Some((world, model)) => world.memory_to_come(model, self.host(number)).0,
        }
    }

    /// Cores that invocations on a host ask for, in thousandths; may be more than there are.
    pub fn cores_asked(self, number: u32) -> u64 {
        match self.exact {
            None => self.view.cores_asked(number),
            Some((world, model)) => world.cores_to_come(model, self.host(number)) + self.plan.map_or(0, |plan| plan.booked(number)),
        }
    }

    /// Cores of a host that no invocation asks for, in thousandths.
    pub fn cores_free(self, number: u32) -> u64 {
        u64::from(self.millicores(number)).saturating_sub(self.cores_asked(number))
    }

    /// Idle containers of a function on a host, less one for each invocation of it that is on its way.
    pub fn idle(self, number: u32, function: u32) -> u32 {
        match self.exact {
            None => self.view.warm_count(number, function),
            Some((world, _)) => {
                let claimed = self.plan.map_or(0, |plan| plan.claims(number, function));
                world.idle_to_come(self.host(number), function).saturating_sub(claimed)
            }
        }
    }

    /// The hosts that may have a container of a function, as they are, in order; none for a placer that goes by messages.
    fn may_have(self, function: u32) -> impl Iterator<Item = u32> + 'a {
        let known = self.exact.filter(|_| self.view.is_whole());
        let next = move |from| known.and_then(|(world, _)| world.next_with_room(function, from));
        // One of the two is empty.
        let looked_at = if known.is_some() || self.exact.is_none() { 0 } else { self.len() as u32 };
        std::iter::successors(next(0), move |&host| next(host + 1)).chain(0..looked_at)
    }

    /// The hosts with an idle container of a function, in no order.
    pub fn warm(self, function: u32) -> impl Iterator<Item = u32> + 'a {
        // One of the two is empty.
        let believed = if self.exact.is_none() { usize::MAX } else { 0 };
        self.view.warm(function).take(believed).chain(self.may_have(function).filter(move |&n| self.idle(n, function) > 0))
    }

    /// Containers of a task's function that are spoken for in this round.
    fn claims(self, number: u32, ask: &Ask) -> u32 {
        self.plan.map_or(0, |plan| plan.claims(number, ask.function))
    }

    /// Whether the task would find a container with room on a host: an idle one, one that runs fewer invocations than it may, or
    /// one that is still starting and may be joined. A placer that goes by messages knows of idle ones only.
    #[inline]
    pub fn usable(self, number: u32, ask: &Ask) -> bool {
        match self.exact {
            None => self.idle(number, ask.function) > 0,
            Some((world, model)) => world.room_to_come(model, self.host(number), ask.function, self.claims(number, ask), false),
        }
    }

    /// The hosts for which [`Sight::usable`] holds, in no order.
    pub fn usable_hosts(self, ask: &Ask) -> impl Iterator<Item = u32> + 'a {
        let ask = *ask;
        // One of the two is empty.
        let believed = if self.exact.is_none() { usize::MAX } else { 0 };
        self.view.warm(ask.function).take(believed).chain(self.may_have(ask.function).filter(move |&n| self.usable(n, &ask)))
    }

    /// The first host for which [`Sight::usable`] and a condition hold.
    pub fn first_usable(self, ask: &Ask, also: impl Fn(u32) -> bool) -> Option<u32> {
        match self.exact {
            None => self.view.warm(ask.function).filter(|&n| also(n)).min(),
            Some((world, _)) => {
                let found = |&n: &u32| self.usable(n, ask) && also(n);
                if !self.view.is_whole() {
                    return (0..self.len() as u32).find(found);
                }
                let mut next = world.next_with_room(ask.function, 0);
                while let Some(host) = next.filter(|host| !found(host)) {
                    next = world.next_with_room(ask.function, host + 1);
                }
                next
            }
        }
    }

    /// As [`Sight::usable`], but for containers that are still starting.
    pub fn warm_start(self, number: u32, ask: &Ask) -> bool {
        match self.exact {
            None => self.idle(number, ask.function) > 0,
            Some((world, model)) => world.room_to_come(model, self.host(number), ask.function, self.claims(number, ask), true),
        }
    }

    /// Whether a new container of the task's function could be made on a host at once, idle ones removed where the scenario
    /// allows that.
    pub fn has_room(self, number: u32, ask: &Ask) -> bool {
        match self.exact {
            None => self.memory_free(number) >= ask.memory,
            Some((world, model)) => {
                let (free, removable) = world.memory_to_come(model, self.host(number));
                free.saturating_add(removable) >= ask.memory
            }
        }
    }

    /// Invocations on all hosts, as [`Sight::load`], and the thousandths of cores of all hosts.
    pub fn total(self) -> (u64, u64) {
        match self.exact {
            None => self.view.total(),
            Some(_) => {
                let all = || 0..self.len() as u32;
                (all().map(|n| u64::from(self.load(n))).sum(), all().map(|n| u64::from(self.millicores(n))).sum())
            }
        }
    }

    /// (running + queued) / cores over all hosts, infinite without hosts.
    pub fn total_load(self) -> f64 {
        match self.exact {
            None => self.view.total_load(),
            Some(_) => {
                let (load, millicores) = self.total();
                if millicores == 0 { f64::INFINITY } else { load as f64 * 1000.0 / millicores as f64 }
            }
        }
    }

    /// The least loaded host on which the task can run; of equals, the one that got fewest tasks from this placer, then the first.
    pub fn least_loaded(self, ask: &Ask) -> Option<u32> {
        match self.exact {
            None => self.view.least_loaded(ask),
            Some(_) => self.least_loaded_of((0..self.len() as u32).filter(|&n| self.fits(n, ask))),
        }
    }

    /// Whether all hosts have as many cores: then the least loaded of some has one free if any of them has.
    pub(super) fn are_alike(self) -> bool {
        self.view.are_alike()
    }

    /// Of some hosts, the least loaded, as [`Sight::least_loaded`].
    pub fn least_loaded_of(self, mut numbers: impl Iterator<Item = u32>) -> Option<u32> {
        match self.exact {
            None => self.view.least_loaded_of(numbers),
            Some(_) => {
                let rank = |n: u32| {
                    let load = u64::from(self.load(n)) * 1_000_000_000 / u64::from(self.millicores(n).max(1));
                    (load, self.assigned(n), n)
                };
                let first = numbers.next().map(rank)?;
                Some(numbers.map(rank).fold(first, std::cmp::min).2)
            }
        }
    }
}
