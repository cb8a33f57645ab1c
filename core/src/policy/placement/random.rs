//! Random: any host that is large enough, each equally likely. Source: textbook.

use super::{Ask, PlacementPolicy, Sight};
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
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, chance: &mut Stream) -> Option<u32> {
        let n = sight.len() as u32;
        let first = chance.below(u64::from(n)) as u32;
        if n > 0 && sight.fits(first, ask) {
            return Some(first);
        }
        let fitting = (0..n).filter(|&i| sight.fits(i, ask)).count() as u64;
        (0..n).filter(|&i| sight.fits(i, ask)).nth(chance.below(fitting) as usize)
    }
}
