//! Random: any host that is large enough, each equally likely. Source: textbook.

use super::{Ask, PlacementPolicy, View};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "random",
    name: "Random",
    summary: "Any host, each equally likely.",
    source: "Textbook; the baseline of Mitzenmacher, 2001.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Random;

impl Random {
    pub(super) fn new(_: Args<'_>) -> Random {
        Random
    }
}

impl PlacementPolicy for Random {
    fn choose(&mut self, ask: &Ask, view: &View, chance: &mut Stream) -> Option<u32> {
        let n = view.len() as u32;
        let first = chance.below(u64::from(n)) as u32;
        if n > 0 && view.fits(first, ask) {
            return Some(first);
        }
        let fitting = (0..n).filter(|&i| view.fits(i, ask)).count() as u64;
        (0..n).filter(|&i| view.fits(i, ask)).nth(chance.below(fitting) as usize)
    }
}
