//! First fit: the first host with a container of the function to use, else the first with room for one; if there is none, the
//! first. So the first hosts are filled and the last stay empty.
//! Source: first fit in bin packing (Johnson, 1973); DSLab FaaS's BasicScheduler is this with its defaults.

use super::fit::{Fit, NEEDS, OTHERWISE, WARM};
use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "first_fit",
    name: "First fit",
    summary: "The first host with a container to use, else the first with room.",
    source: "Bin packing (Johnson, 1973); DSLab FaaS's BasicScheduler.",
    params: &[WARM, NEEDS, OTHERWISE],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct FirstFit {
    fit: Fit,
}

impl FirstFit {
    pub(super) fn new(args: Args<'_>) -> FirstFit {
        FirstFit { fit: Fit::new(args) }
    }
}

impl PlacementPolicy for FirstFit {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        self.fit.first(ask, sight)
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;
    use crate::registry::Choice;

    const ASK: Ask = Ask { function: 0, memory: 6, millicores: 600 };

    fn choose(choice: Choice, view: &View) -> Option<u32> {
        FirstFit::new(Args::new(&choice, &ENTRY)).choose(&ASK, Sight::believed(view), &mut Stream::new(0, "", ""))
    }

    #[test]
    fn a_warm_host_comes_before_the_first_with_room() {
        let mut view = View::new([(0, 10, 1000), (1, 10, 1000), (2, 10, 1000)], 1);
        view.assigned(0, &ASK);
        view.set_warm(2, 0, 1);
        assert_eq!(choose(Choice::of("first_fit"), &view), Some(2));
        assert_eq!(choose(Choice::of("first_fit").with("warm", "ignored"), &view), Some(1));
    }

    #[test]
    fn what_fits_nowhere_waits_on_the_first_or_on_the_least_loaded() {
        let mut view = View::new([(0, 1, 1000), (1, 10, 1000), (2, 10, 2000)], 1);
        (0..2).for_each(|_| view.assigned(1, &ASK));
        (0..2).for_each(|_| view.assigned(2, &ASK));
        assert_eq!(choose(Choice::of("first_fit"), &view), Some(1), "the first that is large enough");
        assert_eq!(choose(Choice::of("first_fit").with("otherwise", "least_loaded"), &view), Some(2));
    }

    #[test]
    fn cores_count_only_if_they_are_needed() {
        let mut view = View::new([(0, 100, 1000), (1, 100, 1000)], 1);
        view.assigned(0, &ASK);
        assert_eq!(choose(Choice::of("first_fit"), &view), Some(0));
        assert_eq!(choose(Choice::of("first_fit").with("needs", "memory_and_cores"), &view), Some(1));
    }
}
