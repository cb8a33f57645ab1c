//! Least loaded: the host with the fewest invocations per core, as the placer sees it. Of equals the one that got fewest
//! tasks, so that an idle system is filled evenly. Source: ExDe's default placement ("FIFO + least-loaded").

use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "least_loaded",
    name: "Least loaded",
    summary: "The host with the fewest running and queued invocations per core.",
    source: "ExDe's default; join the shortest queue.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct LeastLoaded;

impl LeastLoaded {
    pub(super) fn new(_: Args<'_>) -> LeastLoaded {
        LeastLoaded
    }
}

impl PlacementPolicy for LeastLoaded {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        sight.least_loaded(ask)
    }
}
