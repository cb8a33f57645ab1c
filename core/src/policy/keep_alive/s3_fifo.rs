//! S3-FIFO: three first-in-first-out queues. New containers enter a small queue; one that leaves it having been used again
//! goes to the main queue, one that has not is evicted, and its function is remembered for a while. A container of a function
//! that is remembered enters the main queue at once. The main queue gives each container as many more rounds as it was used,
//! at most three.
//!
//! Adapted to containers: queues are measured in bytes. The small queue is to hold 10 % of the host's memory, functions are
//! remembered for as many bytes of evicted containers as the main queue is to hold. Busy containers keep their place and are
//! passed over. Every step is O(log n), amortised over the uses that pay for further rounds. Source: Yang et al., "FIFO
//! queues are all you need for cache eviction", SOSP 2023.

use std::collections::{BTreeMap, VecDeque};

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::engine::PagedMap;
use crate::policy::PerCell;
use crate::registry::{Domain, Entry, Param};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "s3_fifo",
    name: "S3-FIFO",
    summary: "Removes what was not used again soon after its creation; gives the rest another round for each use.",
    source: "Yang et al., FIFO queues are all you need for cache eviction, SOSP 2023.",
    params: &[Param {
        name: "small_percent",
        label: "Small queue",
        unit: "%",
        help: "The share of the host's memory that new containers may fill; 10 in the paper.",
        domain: Domain::Number { default: 10.0, min: 0.0, max: 100.0 },
    }],
    decides: &[],
};

#[derive(Clone, Copy, Default)]
struct Place {
    main: bool,
    /// Its place in its queue.
    sequence: u64,
    /// Uses since it entered the queue, at most three.
    uses: u8,
    function: u32,
    memory: u64,
}

#[derive(Clone)]
pub(crate) struct S3Fifo {
    small_bytes: u64,
    ghost_bytes: u64,
    places: PerCell<Place>,
    /// Idle containers of both queues by place: (main, sequence).
    idle: BTreeMap<(bool, u64), u32>,
    /// Bytes in the small queue, busy containers too.
    in_small: u64,
    sequence: u64,
    /// Functions evicted from the small queue, with the bytes that went, oldest first.
    ghost: VecDeque<(u32, u64)>,
    in_ghost: u64,
    /// How often each function stands in `ghost`.
    remembered: PagedMap<u32>,
}

impl S3Fifo {
    pub(super) fn new(setting: &Setting<'_>) -> S3Fifo {
        let small_bytes = libm::rint(setting.memory as f64 * setting.args.number("small_percent") / 100.0) as u64;
        S3Fifo {
            small_bytes,
            ghost_bytes: setting.memory - small_bytes.min(setting.memory),
            places: PerCell::default(),
            idle: BTreeMap::new(),
            in_small: 0,
            sequence: 0,
            ghost: VecDeque::new(),
            in_ghost: 0,
            remembered: PagedMap::new(0),
        }
    }

    fn enqueue(&mut self, cell: u32, place: Place) {
        self.sequence += 1;
        self.places.set(cell, Place { sequence: self.sequence, ..place });
    }

    fn remember(&mut self, place: &Place) {
        self.ghost.push_back((place.function, place.memory));
        self.in_ghost += place.memory;
        self.remembered.set(place.function, self.remembered.get(place.function) + 1);
        while self.in_ghost > self.ghost_bytes {
            let Some((function, memory)) = self.ghost.pop_front() else { break };
            self.in_ghost -= memory;
            self.remembered.set(function, self.remembered.get(function) - 1);
        }
    }
}

impl KeepAlivePolicy for S3Fifo {
    fn created(&mut self, container: &ContainerView, _now: SimTime) {
        let main = self.remembered.get(container.function) > 0;
        self.in_small += if main { 0 } else { container.memory };
        let place = Place { main, uses: 0, function: container.function, memory: container.memory, sequence: 0 };
        self.enqueue(container.cell, place);
    }
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        let mut place = self.places.get(container.cell);
        self.idle.remove(&(place.main, place.sequence));
        if container.uses > 1 {
            place.uses = (place.uses + 1).min(3);
            self.places.set(container.cell, place);
        }
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        let place = self.places.get(container.cell);
        self.idle.insert((place.main, place.sequence), container.cell);
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, why: Removal, _now: SimTime) {
        let place = self.places.get(container.cell);
        self.idle.remove(&(place.main, place.sequence));
        if !place.main {
            self.in_small -= place.memory;
            if why == Removal::Evicted {
                self.remember(&place);
            }
        }
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        loop {
            let small = self.idle.first_key_value().filter(|(key, _)| !key.0);
            let main = self.idle.range((true, 0)..).next();
            // The small queue pays when it is over its share, or when the main one has nothing to give.
            let from_small = small.is_some() && (self.in_small > self.small_bytes || main.is_none());
            let (&key, &cell) = if from_small { small? } else { main? };
            let mut place = self.places.get(cell);
            if place.uses == 0 || (from_small && place.uses == 1) {
                return Some(cell);
            }
            if from_small {
                // Used more than once since it was created: it moves on.
                self.in_small -= place.memory;
                (place.main, place.uses) = (true, 0);
            } else {
                place.uses -= 1;
            }
            self.idle.remove(&key);
            self.enqueue(cell, place);
            self.idle.insert((true, self.sequence), cell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, evict_all, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn what_is_used_again_moves_to_the_main_queue_and_the_rest_goes_first() {
        let mut policy = policy(Choice::of("s3_fifo"));
        let mut all: Vec<_> = (0..4).map(|cell| container(cell, cell, 200, 1)).collect();
        use_once(&mut policy, &mut all);
        for _ in 0..2 {
            use_once(&mut policy, &mut all[..1]);
        }
        assert_eq!(evict_all(&mut policy, &all), [1, 2, 3, 0]);
    }

    #[test]
    fn a_function_that_comes_back_soon_enters_the_main_queue() {
        let mut policy = policy(Choice::of("s3_fifo"));
        let mut all: Vec<_> = (0..3).map(|cell| container(cell, cell, 200, 1)).collect();
        use_once(&mut policy, &mut all[..2]);
        assert_eq!(policy.victim(1, SimTime::ZERO), Some(0));
        policy.removed(&all[0], Removal::Evicted, SimTime::ZERO);
        all[0].uses = 0;
        use_once(&mut policy, &mut all[..1]);
        use_once(&mut policy, &mut all[2..]);
        assert_eq!(evict_all(&mut policy, &all), [1, 2, 0], "0 was remembered; 1 and 2 are new");
    }
}
