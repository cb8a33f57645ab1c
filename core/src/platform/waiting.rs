//! Attempts that wait in a container: until it has started, or until its cores are free.
//!
//! With isolated cores a container holds its function's cores while it runs anything. A container that runs its first execution
//! holds them at once if they are free; else it waits, and whatever begins in it waits with it, in the accounting of time begun.
//! When cores become free, the containers that wait get them in order, as far as they go; a container that needs fewer does not
//! pass the first. Source: the `isolated` model of DSLab FaaS.

use super::model::Model;
use super::world::{Event, EventKind, World};
use crate::engine::{Class, NONE};
use crate::units::SimDuration;
use crate::workload::Workload;

impl World {
    /// An attempt joins those that wait in a container.
    pub(super) fn waits_in(&mut self, container: u32, attempt: u32) {
        self.attempts[attempt].next = NONE;
        let last = self.containers[container].last;
        if last == NONE {
            self.containers[container].first = attempt;
        } else {
            self.attempts[last].next = attempt;
        }
        self.containers[container].last = attempt;
    }

    /// Takes the first attempt of those that wait in a container.
    pub(super) fn next_waiting(&mut self, container: u32) -> Option<u32> {
        let c = &mut self.containers[container];
        let attempt = c.first;
        if attempt == NONE {
            return None;
        }
        c.first = self.attempts[attempt].next;
        if c.first == NONE {
            c.last = NONE;
        }
        Some(attempt)
    }

    /// An execution begins in a container of a host with isolated cores.
    pub(super) fn start_isolated(&mut self, model: &Model, workload: &Workload, attempt: u32) {
        let a = self.attempts[attempt];
        let function = self.containers[a.container].function;
        let spec = &model.functions[function as usize];
        let waits = self.containers[a.container].first != NONE;
        if !waits && (self.containers[a.container].holds_cores || self.take_cores(model, a.container)) {
            let time = self.execution_time(model, workload, attempt);
            return self.end_at(attempt, spec.time_limit, time);
        }
        if !waits {
            self.hosts[a.host as usize].stalled.push_back(a.container);
        }
        self.waits_in(a.container, attempt);
        if let Some(limit) = spec.time_limit {
            self.queue.push(self.now + limit, Class::Timer, Event::new(EventKind::SharedLimit, 0, attempt));
        }
    }

    /// A container takes its function's cores, if they are free.
    fn take_cores(&mut self, model: &Model, container: u32) -> bool {
        let c = &mut self.containers[container];
        let h = &mut self.hosts[c.host as usize];
        let held = h.millicores_held + u64::from(model.functions[c.function as usize].millicores);
        if held > model.hosts[c.host as usize].millicores.into() {
            return false;
        }
        (h.millicores_held, c.holds_cores) = (held, true);
        true
    }

    /// An execution has ended in a container of a host with isolated cores: if it was the only one, others get its cores.
    pub(super) fn end_isolated(&mut self, model: &Model, workload: &Workload, container: u32) {
        let c = &mut self.containers[container];
        if c.active > 0 || !c.holds_cores {
            return;
        }
        c.holds_cores = false;
        let host = c.host;
        self.hosts[host as usize].millicores_held -= u64::from(model.functions[c.function as usize].millicores);
        while let Some(&next) = self.hosts[host as usize].stalled.front() {
            if !self.take_cores(model, next) {
                return;
            }
            self.hosts[host as usize].stalled.pop_front();
            while let Some(attempt) = self.next_waiting(next) {
                let a = self.attempts[attempt];
                let spec = &model.functions[workload.function[a.invocation as usize] as usize];
                // The limit counts from when it began to wait.
                let waited = self.now.since(a.started).0;
                let limit = spec.time_limit.map(|limit| SimDuration(limit.0.saturating_sub(waited)));
                let time = self.execution_time(model, workload, attempt);
                self.end_at(attempt, limit, time);
            }
        }
    }

    /// Takes an attempt away from those that wait in its container for cores. Answers whether it was there.
    pub(super) fn waits_no_more(&mut self, attempt: u32) -> bool {
        let container = self.attempts[attempt].container;
        let (mut before, mut at) = (NONE, self.containers[container].first);
        while at != NONE && at != attempt {
            (before, at) = (at, self.attempts[at].next);
        }
        if at == NONE {
            return false;
        }
        let next = self.attempts[attempt].next;
        let c = &mut self.containers[container];
        if before == NONE {
            c.first = next;
        } else {
            self.attempts[before].next = next;
        }
        if next == NONE {
            c.last = before;
        }
        if c.first == NONE {
            self.hosts[c.host as usize].stalled.retain(|&waiting| waiting != container);
        }
        true
    }
}
