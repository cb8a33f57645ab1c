//! Best fit: of the hosts with room, the one of which least would be left: the share of its memory plus the share of its cores
//! that nothing holds. Large gaps stay for large functions.
//! Source: best fit in bin packing (Johnson, 1973) in two dimensions, as the sum of what is left (Panigrahy et al., 2011).

use super::fit::{Fit, NEEDS, OTHERWISE, WARM, left};
use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "best_fit",
    name: "Best fit",
    summary: "The host with room of which least would be left, in memory and cores.",
    source: "Bin packing (Johnson, 1973).",
    params: &[WARM, NEEDS, OTHERWISE],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct BestFit {
    fit: Fit,
}

impl BestFit {
    pub(super) fn new(args: Args<'_>) -> BestFit {
        BestFit { fit: Fit::new(args) }
    }
}

impl PlacementPolicy for BestFit {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        self.fit.least(ask, sight, |number| left(ask, sight, number))
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::super::worst_fit::WorstFit;
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn the_best_fit_is_the_fullest_with_room_and_the_worst_the_emptiest() {
        let ask = Ask { function: 0, memory: 4, millicores: 100 };
        let mut view = View::new([(0, 10, 1000), (1, 10, 1000), (2, 10, 1000)], 1);
        // The first has no room any more, the second is fuller than the third.
        (0..2).for_each(|_| view.assigned(0, &ask));
        view.assigned(1, &ask);
        let (choice, sight) = (Choice::of("best_fit"), Sight::believed(&view));
        let mut chance = Stream::new(0, "", "");
        assert_eq!(BestFit::new(Args::new(&choice, &ENTRY)).choose(&ask, sight, &mut chance), Some(1));
        assert_eq!(WorstFit::new(Args::new(&choice, &ENTRY)).choose(&ask, sight, &mut chance), Some(2));
    }

    #[test]
    fn memory_and_cores_both_count() {
        let ask = Ask { function: 0, memory: 1, millicores: 100 };
        // Of the first 0.9 + 0.5 would be left, of the second 0.95 + 0.0.
        let view = View::new([(0, 10, 200), (1, 20, 100)], 1);
        let choice = Choice::of("best_fit");
        let chosen = BestFit::new(Args::new(&choice, &ENTRY)).choose(&ask, Sight::believed(&view), &mut Stream::new(0, "", ""));
        assert_eq!(chosen, Some(1));
    }
}
