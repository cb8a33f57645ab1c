//! Greedy-Dual-Size-Frequency: no expiry; the container of least priority goes first, where
//!
//! priority = clock + frequency * cost / size
//!
//! is set at each use. Frequency counts the function's invocations on this host and starts anew when its last container is
//! removed; cost is what a cold start costs more than a warm one, size is memory. The clock rises to the priority of each
//! evicted container, so that what was once frequent ages. Source: FaasCache (Fuerst and Sharma, ASPLOS 2021), after
//! Cherkasova, 1998.

use super::{ContainerView, KeepAlivePolicy, Removal};
use crate::engine::PagedMap;
use crate::policy::IndexedHeap;
use crate::registry::{Args, Entry};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "greedy_dual",
    name: "Greedy-Dual",
    summary: "Removes first what is rarely used, cheap to start and large; ages what was once frequent.",
    source: "Fuerst and Sharma, FaasCache, ASPLOS 2021.",
    params: &[],
    decides: &[],
};

/// A float that orders as numbers do; priorities are never NaN.
#[derive(Clone, Copy, PartialEq)]
struct Priority(f64);

impl Eq for Priority {}
impl PartialOrd for Priority {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Priority {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[derive(Clone)]
pub(crate) struct GreedyDual {
    order: IndexedHeap<(Priority, u64)>,
    priority: Vec<f64>,
    /// Per function: its frequency and how many containers it has.
    functions: PagedMap<(u32, u32)>,
    clock: f64,
    sequence: u64,
}

impl GreedyDual {
    pub(super) fn new(_: Args<'_>) -> GreedyDual {
        GreedyDual {
            order: IndexedHeap::default(),
            priority: Vec::new(),
            functions: PagedMap::new((0, 0)),
            clock: 0.0,
            sequence: 0,
        }
    }
}

impl KeepAlivePolicy for GreedyDual {
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        let (frequency, containers) = self.functions.get(container.function);
        let (frequency, containers) = (frequency + 1, containers + u32::from(container.uses == 1));
        self.functions.set(container.function, (frequency, containers));
        let cell = container.cell as usize;
        if cell >= self.priority.len() {
            self.priority.resize(cell + 1, 0.0);
        }
        let cost_ms = container.cost_ns as f64 / 1e6;
        let size_mb = container.memory as f64 / 1e6;
        self.priority[cell] = self.clock + f64::from(frequency) * cost_ms / size_mb;
        self.order.remove(container.cell);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Option<SimDuration> {
        self.sequence += 1;
        let priority = self.priority.get(container.cell as usize).copied().unwrap_or(self.clock);
        self.order.set(container.cell, (Priority(priority), self.sequence));
        None
    }
    fn removed(&mut self, container: &ContainerView, why: Removal, _now: SimTime) {
        if why == Removal::Evicted {
            let priority = self.priority.get(container.cell as usize).copied().unwrap_or(self.clock);
            self.clock = if priority > self.clock { priority } else { self.clock };
        }
        let (frequency, containers) = self.functions.get(container.function);
        let containers = containers.saturating_sub(1);
        self.functions.set(container.function, (if containers == 0 { 0 } else { frequency }, containers));
        self.order.remove(container.cell);
    }
    fn victim(&mut self) -> Option<u32> {
        self.order.first().map(|(_, cell)| cell)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn cheap_large_and_rare_goes_first_and_the_clock_ages_the_rest() {
        let mut policy = GreedyDual::new(Args::new(&Choice::of("greedy_dual"), &ENTRY));
        // Cost 10 ms each: sizes 1, 2 and 1 MB give priorities 10, 5 and, after two uses, 20.
        let mut all = [
            container(0, 0, 1_000_000, 10_000_000),
            container(1, 1, 2_000_000, 10_000_000),
            container(2, 2, 1_000_000, 10_000_000),
        ];
        use_once(&mut policy, &mut all);
        use_once(&mut policy, &mut all[2..]);
        assert_eq!(policy.victim(), Some(1));
        policy.removed(&all[1], Removal::Evicted, SimTime::ZERO);
        assert_eq!(policy.clock, 5.0);
        // Created anew: frequency starts at 1 again, on top of the clock: 5 + 5 = 10, after container 0's older 10.
        all[1].uses = 0;
        use_once(&mut policy, &mut all[1..2]);
        assert_eq!(policy.victim(), Some(0));
    }
}
