//! Closest size: the smallest idle container that frees as much as is still needed goes, of equals the one created first. When
//! none is large enough, the largest goes (of equals the one created last), or the smallest.
//!
//! Source: CLOSEST_SIZE_LARGEST_KICK and CLOSEST_SIZE_SMALLEST_KICK in niravraje/faas-container-eviction.

use std::collections::BTreeMap;

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::registry::{Domain, Entry, Param};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "closest_size",
    name: "Closest size",
    summary: "Removes the smallest idle container that frees enough, so that few are removed.",
    source: "niravraje/faas-container-eviction, the two CLOSEST_SIZE policies.",
    params: &[Param {
        name: "otherwise",
        label: "Otherwise",
        unit: "",
        help: "What goes when no idle container is large enough by itself.",
        domain: Domain::Word(&[("largest", "the largest"), ("smallest", "the smallest")]),
    }],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct ClosestSize {
    smallest: bool,
    /// The cells of the idle containers by their bytes, then by their creation.
    idle: BTreeMap<u128, u32>,
}

impl ClosestSize {
    pub(super) fn new(setting: &Setting<'_>) -> ClosestSize {
        ClosestSize { smallest: setting.args.is("otherwise", "smallest"), idle: BTreeMap::new() }
    }
}

fn key(c: &ContainerView) -> u128 {
    u128::from(c.memory) << 64 | u128::from(c.created)
}

impl KeepAlivePolicy for ClosestSize {
    fn used(&mut self, container: &ContainerView, _now: SimTime) {
        self.idle.remove(&key(container));
    }
    fn idle(&mut self, container: &ContainerView, _now: SimTime) -> Keep {
        self.idle.insert(key(container), container.cell);
        Keep::UntilNeeded
    }
    fn removed(&mut self, container: &ContainerView, _why: Removal, _now: SimTime) {
        self.idle.remove(&key(container));
    }
    fn victim(&mut self, need: u64, _now: SimTime) -> Option<u32> {
        let enough = self.idle.range(u128::from(need) << 64..).next();
        let otherwise = || if self.smallest { self.idle.first_key_value() } else { self.idle.last_key_value() };
        enough.or_else(otherwise).map(|(_, &cell)| cell)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{MB, container, policy, use_once};
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn the_smallest_that_frees_enough_goes() {
        for (otherwise, cell) in [("largest", 1), ("smallest", 0)] {
            let mut policy = policy(Choice::of("closest_size").with("otherwise", otherwise));
            use_once(&mut policy, &mut [container(0, 0, 100, 1), container(1, 1, 300, 1), container(2, 2, 200, 1)]);
            assert_eq!(policy.victim(150 * MB, SimTime::ZERO), Some(2));
            assert_eq!(policy.victim(200 * MB, SimTime::ZERO), Some(2));
            assert_eq!(policy.victim(400 * MB, SimTime::ZERO), Some(cell), "{otherwise}");
        }
    }
}
