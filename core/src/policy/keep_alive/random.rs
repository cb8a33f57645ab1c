//! Random: no expiry; when memory is short, any idle container goes, all with the same probability.

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::engine::NONE;
use crate::registry::Entry;
use crate::rng::Stream;
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "random",
    name: "Random",
    summary: "Keeps containers until memory is short, then removes any one of them.",
    source: "The baseline of cache studies; RAND of the keep-alive competition.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Random {
    stream: Stream,
    idle: Vec<u32>,
    /// Where each cell stands in `idle`, or [`NONE`].
    position: Vec<u32>,
}

impl Random {
    pub(super) fn new(setting: &Setting<'_>) -> Random {
        Random { stream: setting.stream.clone(), idle: Vec::new(), position: Vec::new() }
    }

    fn take(&mut self, cell: u32) {
        let Some(&at) = self.position.get(cell as usize).filter(|&&at| at != NONE) else { return };
        self.position[cell as usize] = NONE;
        self.idle.swap_remove(at as usize);
        if let Some(&moved) = self.idle.get(at as usize) {
            self.position[moved as usize] = at;
        }
    }
}

impl KeepAlivePolicy for Random {
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        self.take(container.cell);
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        let cell = container.cell as usize;
        if cell >= self.position.len() {
            self.position.resize(cell + 1, NONE);
        }
        if self.position[cell] == NONE {
            self.position[cell] = self.idle.len() as u32;
            self.idle.push(container.cell);
        }
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        self.take(container.cell);
    }
    fn victim(&mut self, _need: u64, _now: SimTime) -> Option<u32> {
        if self.idle.is_empty() {
            return None;
        }
        Some(self.idle[self.stream.below(self.idle.len() as u64) as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{container, evict_all, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn every_idle_container_goes_first_about_equally_often() {
        let mut policy = policy(Choice::of("random"));
        let mut all: Vec<_> = (0..5).map(|cell| container(cell, cell, 1, 1)).collect();
        use_once(&mut policy, &mut all);
        policy.used(&all[4], SimTime::ZERO);
        let mut count = [0u32; 5];
        for _ in 0..4_000 {
            count[policy.victim(1, SimTime::ZERO).map_or(4, |cell| cell as usize)] += 1;
        }
        // Four standard deviations of a binomial count are 110.
        assert!(count[..4].iter().all(|&n| n.abs_diff(1_000) < 110), "{count:?}");
        assert_eq!(count[4], 0, "a busy container stays");
        policy.idle(&all[4], SimTime::ZERO);
        let mut gone = evict_all(&mut policy, &all);
        gone.sort_unstable();
        assert_eq!(gone, [0, 1, 2, 3, 4]);
    }
}
