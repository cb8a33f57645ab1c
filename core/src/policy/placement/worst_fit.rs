//! Worst fit: of the hosts with room, the one of which most would be left, in the shares of [`super::best_fit`]: load spreads.
//! Source: worst fit in bin packing (Johnson, 1973).

use std::cmp::Reverse;

use super::fit::{Fit, NEEDS, OTHERWISE, WARM, left};
use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "worst_fit",
    name: "Worst fit",
    summary: "The host with room of which most would be left, in memory and cores.",
    source: "Bin packing (Johnson, 1973).",
    params: &[WARM, NEEDS, OTHERWISE],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct WorstFit {
    fit: Fit,
}

impl WorstFit {
    pub(super) fn new(args: Args<'_>) -> WorstFit {
        WorstFit { fit: Fit::new(args) }
    }
}

impl PlacementPolicy for WorstFit {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        self.fit.least(ask, sight, |number| Reverse(left(ask, sight, number)))
    }
}
