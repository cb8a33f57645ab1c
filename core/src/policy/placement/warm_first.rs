//! Warm first, then least loaded: among the hosts believed to hold an idle container of the function and a free core, the
//! least loaded; if there is none, the least loaded of all. Source: OpenWhisk's preference for the home invoker and FaasCache's
//! locality argument, reduced to what a placer's view can know.

use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "warm_first",
    name: "Warm first",
    summary: "A host with an idle container of the function and a free core; else the least loaded.",
    source: "Locality as in OpenWhisk and FaasCache, on the placer's sight.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct WarmFirst;

impl WarmFirst {
    pub(super) fn new(_: Args<'_>) -> WarmFirst {
        WarmFirst
    }
}

impl PlacementPolicy for WarmFirst {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        let has_core =
            |&i: &u32| (u64::from(sight.load(i)) + 1) * u64::from(ask.millicores.max(1)) <= u64::from(sight.millicores(i));
        let warm = || sight.warm(ask.function);
        let least = if sight.are_alike() {
            sight.least_loaded_of(warm()).filter(has_core)
        } else {
            sight.least_loaded_of(warm().filter(has_core))
        };
        least.or_else(|| sight.least_loaded(ask))
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;
    use crate::registry::Choice;

    #[test]
    fn a_warm_host_is_taken_while_it_has_a_free_core() {
        let mut view = View::new([(0, 10, 1000), (1, 10, 1000)], 1);
        let ask = Ask { function: 0, memory: 1, millicores: 1000 };
        let mut policy = WarmFirst::new(Args::new(&Choice::of("warm_first"), &ENTRY));
        let mut chance = Stream::new(0, "", "");
        assert_eq!(policy.choose(&ask, Sight::believed(&view), &mut chance), Some(0), "nobody is warm: the first of equals");
        view.set_warm(1, 0, 2);
        assert_eq!(policy.choose(&ask, Sight::believed(&view), &mut chance), Some(1));
        view.assigned(1, &ask);
        assert_eq!(policy.choose(&ask, Sight::believed(&view), &mut chance), Some(0), "warm, but its core is taken");
    }

    #[test]
    fn a_long_queue_of_large_functions_does_not_overflow() {
        let mut view = View::new([(0, 10, 4_096_000), (1, 10, 4_096_000)], 1);
        let ask = Ask { function: 0, memory: 1, millicores: 4_096_000 };
        // 1049 times 4,096,000 is more than 32 bits hold, and what is left of it looks like a free core.
        (0..1048).for_each(|_| view.assigned(0, &ask));
        view.set_warm(0, 0, 1);
        let mut policy = WarmFirst::new(Args::new(&Choice::of("warm_first"), &ENTRY));
        assert_eq!(policy.choose(&ask, Sight::believed(&view), &mut Stream::new(0, "", "")), Some(1));
    }
}
