//! Hosts as they will be when what is on its way to them has arrived: what an exact sight of a placer shows.
//!
//! Each invocation on its way takes room in a container of its function that has some, idle or busy, and where none is left it
//! takes memory for a new one. What waits in a host's queue takes nothing. Only runs that ask for it keep count.

use super::host::Host;
use super::model::Model;
use super::task::Phase;
use super::world::World;
use crate::engine::NONE;
use crate::scenario::Cpu;

/// Per function, the hosts that have a container of it with room, as bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms {
    /// Words of a function.
    words: usize,
    /// Of each function in turn, as far as any had a container.
    bits: Vec<u64>,
}

impl Rooms {
    fn new(hosts: usize) -> Rooms {
        Rooms { words: hosts.div_ceil(64), bits: Vec::new() }
    }

    /// A host has a container of a function with room, or none any more.
    #[inline]
    pub(super) fn set(&mut self, function: u32, host: u32, room: bool) {
        let word = function as usize * self.words + host as usize / 64;
        if word >= self.bits.len() {
            self.grow(function);
        }
        let bit = 1 << (host % 64);
        self.bits[word] = if room { self.bits[word] | bit } else { self.bits[word] & !bit };
    }

    #[cold]
    fn grow(&mut self, function: u32) {
        self.bits.resize((function as usize + 1) * self.words, 0);
    }

    fn words(&self, function: u32) -> &[u64] {
        let from = (function as usize * self.words).min(self.bits.len());
        &self.bits[from..(from + self.words).min(self.bits.len())]
    }

    /// The first host at a number or after it.
    fn next(&self, function: u32, from: u32) -> Option<u32> {
        let words = self.words(function);
        let mut at = from as usize / 64;
        let mut left = words.get(at)? & (u64::MAX << (from % 64));
        while left == 0 {
            at += 1;
            left = *words.get(at)?;
        }
        Some(at as u32 * 64 + left.trailing_zeros())
    }

    /// About how many bytes a copy takes.
    pub(super) fn size(&self) -> usize {
        self.bits.len() * 8
    }
}

impl World {
    /// The first host at a number or after it that has a container of a function with room; none where that is not kept.
    #[inline]
    pub(crate) fn next_with_room(&self, function: u32, from: u32) -> Option<u32> {
        self.rooms.as_ref()?.next(function, from)
    }

    /// From now on the invocations on their way to each host are counted, and the hosts with room known, or no more.
    pub(crate) fn count_coming(&mut self, counted: bool, function_of: impl Fn(u32) -> u32) {
        self.rooms = counted.then(|| Rooms::new(self.hosts.len()));
        if let Some(rooms) = &mut self.rooms {
            self.containers.iter().filter(|(_, c)| c.linked).for_each(|(_, c)| rooms.set(c.function, c.host, true));
        }
        self.hosts.iter_mut().for_each(|h| h.coming.clear());
        let on_their_way: Vec<(u32, u32)> = self
            .attempts
            .iter()
            .filter(|(_, a)| a.phase() == Phase::InFlight && !a.bound)
            .map(|(_, a)| (a.host, a.invocation))
            .collect();
        for (host, invocation) in on_their_way {
            self.sets_out(host, function_of(invocation));
        }
    }

    /// An invocation of a function sets out for a host.
    pub(crate) fn sets_out(&mut self, host: u32, function: u32) {
        if self.rooms.is_some() {
            let coming = &mut self.hosts[host as usize].coming;
            match coming.iter_mut().find(|c| c.0 == function) {
                Some(known) => known.1 += 1,
                None => coming.push((function, 1)),
            }
        }
    }

    /// An invocation of a function has come to a host.
    pub(super) fn has_come(&mut self, host: u32, function: u32) {
        if self.rooms.is_some() {
            let coming = &mut self.hosts[host as usize].coming;
            if let Some(i) = coming.iter().position(|c| c.0 == function) {
                coming[i].1 -= 1;
                if coming[i].1 == 0 {
                    coming.swap_remove(i);
                }
            }
        }
    }

    /// Running, queued and coming invocations.
    pub(crate) fn load_to_come(&self, host: u32) -> u32 {
        let h = &self.hosts[host as usize];
        h.load() + h.coming.iter().map(|c| c.1).sum::<u32>()
    }

    /// Thousandths of cores that invocations hold, or ask for where they share them, with those that are coming. Where cores are
    /// not held while a container starts, who will not find a started one asks for none yet.
    pub(crate) fn cores_to_come(&self, model: &Model, host: u32) -> u64 {
        let h = &self.hosts[host as usize];
        let held_from_start = model.hosts[host as usize].cpu == Cpu::Slots;
        let asks = |&(function, n): &(u32, u32)| {
            let begin = if held_from_start { n } else { n - self.fill(model, h, function, n, true).0 };
            u64::from(begin) * u64::from(model.functions[function as usize].millicores)
        };
        h.millicores_held + h.coming.iter().map(asks).sum::<u64>()
    }

    /// Idle containers of a function, less one for each coming invocation of it.
    pub(crate) fn idle_to_come(&self, host: u32, function: u32) -> u32 {
        let h = &self.hosts[host as usize];
        h.idle_of(function).saturating_sub(h.coming_of(function))
    }

    /// Whether one more invocation of a function finds room in a container, or in one that has started, after so many more that are
    /// not on their way yet.
    #[inline]
    pub(crate) fn room_to_come(&self, model: &Model, host: u32, function: u32, before: u32, started: bool) -> bool {
        let h = &self.hosts[host as usize];
        let first = h.first_with_room(function);
        if h.coming.is_empty() && before == 0 && first != NONE {
            let c = &self.containers[first];
            let passed_over = c.is_stale(self.now) || (started && c.starting);
            if !passed_over {
                return true;
            }
        }
        self.fill(model, h, function, h.coming_of(function) + before + 1, started).0 == 0
    }

    /// Memory that no container holds or is about to hold, and what idle containers hold beside it that may be removed, in bytes.
    pub(crate) fn memory_to_come(&self, model: &Model, host: u32) -> (u64, u64) {
        let h = &self.hosts[host as usize];
        let (mut free, mut removable) = (h.memory_free, h.removable(model));
        for &(function, n) in &h.coming {
            let spec = &model.functions[function as usize];
            let (left, idle) = self.fill(model, h, function, n, false);
            let new = u64::from(left.div_ceil(spec.concurrency)) * spec.memory;
            removable = removable.saturating_sub(u64::from(idle) * spec.memory + new.saturating_sub(free));
            free = free.saturating_sub(new);
        }
        (free, removable)
    }

    /// Puts so many invocations of a function into its containers with room, or into those that have started. Answers how many
    /// are left, and how many idle containers are taken.
    fn fill(&self, model: &Model, host: &Host, function: u32, invocations: u32, started: bool) -> (u32, u32) {
        let concurrency = model.functions[function as usize].concurrency;
        let (mut left, mut idle) = (invocations, 0);
        let mut container = host.first_with_room(function);
        while container != NONE && left > 0 {
            let c = &self.containers[container];
            let passed_over = c.is_stale(self.now) || (started && c.starting);
            if !passed_over {
                left = left.saturating_sub(concurrency - c.active);
                idle += u32::from(c.active == 0 && !c.starting && !c.pinned);
            }
            container = c.next;
        }
        (left, idle)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use crate::scenario::Scenario;
    use crate::sim::{Library, Simulation};
    use crate::workload::Workload;

    /// Two workers behind 20 ms, and clients who give up at once, or not.
    fn begin(patience_s: Option<f64>) -> Simulation {
        let scenario = Scenario::from_value(json!({
            "version": 1,
            "zones": [{"id": "z", "latency_ms": 20}],
            "nodes": [{"id": "users", "zone": "z", "roles": ["client"]},
                      {"id": "placer", "zone": "z", "roles": ["cloud_controller"]},
                      {"id": "w", "zone": "z", "roles": ["worker"], "count": 2}],
            "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 50}, "patience_s": patience_s}],
            "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 200}},
            "frame": {"architecture": {"kind": "centralized", "view": "exact"}},
            "run": {"duration_s": 1}
        }))
        .unwrap();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        Simulation::new(&scenario, workload, &Library::default()).unwrap()
    }

    #[test]
    fn what_is_on_its_way_is_counted_until_it_comes_or_was_given_up() {
        for patience in [None, Some(0.03)] {
            let mut simulation = begin(patience);
            let mut most = 0;
            while !simulation.step(1, &mut ()).done {
                let world = simulation.world();
                let in_flight = world.attempts.iter().filter(|(_, a)| a.phase() == crate::platform::Phase::InFlight).count();
                let counted: u32 = world.hosts.iter().flat_map(|h| &h.coming).map(|c| c.1).sum();
                assert_eq!(counted, in_flight as u32);
                most = most.max(counted);
            }
            assert!(most >= 3, "{most} at once");
        }
    }
}
