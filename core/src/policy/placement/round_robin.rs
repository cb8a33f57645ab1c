//! Round robin: the hosts in turn, passing over those that are too small. Source: textbook.

use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "round_robin",
    name: "Round robin",
    summary: "The hosts in turn, whatever their load.",
    source: "Textbook.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct RoundRobin {
    next: u32,
}

impl RoundRobin {
    pub(super) fn new(_: Args<'_>) -> RoundRobin {
        RoundRobin { next: 0 }
    }
}

impl PlacementPolicy for RoundRobin {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        let n = sight.len() as u32;
        let chosen = (0..n).map(|i| (self.next + i) % n).find(|&i| sight.fits(i, ask))?;
        self.next = (chosen + 1) % n;
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn passes_over_hosts_that_are_too_small() {
        let view = View::new([(0, 10, 1000), (1, 1, 1000), (2, 10, 1000)], 1);
        let ask = Ask { function: 0, memory: 5, millicores: 1 };
        let mut policy = RoundRobin::new(Args::new(&Choice::of("round_robin"), &ENTRY));
        let mut chance = Stream::new(0, "", "");
        let chosen: Vec<_> = (0..4).map(|_| policy.choose(&ask, Sight::believed(&view), &mut chance)).collect();
        assert_eq!(chosen, [Some(0), Some(2), Some(0), Some(2)]);
    }
}
