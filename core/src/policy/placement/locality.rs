//! Locality: a function has a home among n hosts, function mod n, so that its containers stay together. From there hosts are
//! taken in steps until one has a container of the function to use; else the first on the way with room; else the home. The walk
//! ends when it comes home: a step that shares a factor with n leaves hosts out.
//! Source: OpenWhisk's home invoker with co-prime steps; DSLab FaaS's LocalityBasedScheduler, whose walk without `warm_only`
//! looks for room only.

use super::{Ask, PlacementPolicy, Sight, mix};
use crate::registry::{Args, Domain, Entry, Param};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "locality",
    name: "Locality",
    summary: "The function's home host, or the next on its walk where it starts warm, or with room.",
    source: "OpenWhisk's home invoker; DSLab FaaS's LocalityBasedScheduler.",
    params: &[
        Param {
            name: "hash",
            label: "Home",
            unit: "",
            help: "How a function's home is found.",
            domain: Domain::Word(&[("mixed", "by a hash of its number"), ("identity", "by its number in the list (DSLab FaaS)")]),
        },
        Param {
            name: "step",
            label: "Step",
            unit: "hosts",
            help: "How many hosts on the next one is.",
            domain: Domain::Integer { default: 1, min: 1, max: 100_000 },
        },
        Param {
            name: "looks_for",
            label: "Looks for",
            unit: "",
            help: "What ends the walk.",
            domain: Domain::Word(&[
                ("warm", "a started container with room, else room for a new one (warm_only of DSLab FaaS)"),
                ("room", "room for a new one"),
            ]),
        },
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Locality {
    mixed: bool,
    step: u64,
    warm: bool,
}

impl Locality {
    pub(super) fn new(args: Args<'_>) -> Locality {
        Locality { mixed: args.is("hash", "mixed"), step: args.integer("step").max(1), warm: args.is("looks_for", "warm") }
    }
}

impl PlacementPolicy for Locality {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        let n = sight.len() as u64;
        let key = u64::from(ask.function);
        let home = if self.mixed { mix(key) } else { key }.checked_rem(n)?;
        let walk = || {
            let next = |at: &u64| Some((at + self.step) % n).filter(|&at| at != home);
            std::iter::successors(Some(home), next).map(|at| at as u32).filter(|&number| sight.fits(number, ask))
        };
        let warm = || walk().find(|&number| self.warm && sight.warm_start(number, ask));
        let roomy = || walk().find(|&number| sight.has_room(number, ask));
        // A home that is too small is none.
        let large_enough = || (0..n as u32).find(|&number| sight.fits(number, ask));
        warm().or_else(roomy).or_else(|| walk().next()).or_else(large_enough)
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;
    use crate::registry::Choice;

    fn choose(choice: Choice, function: u32, view: &View) -> Option<u32> {
        let ask = Ask { function, memory: 6, millicores: 1 };
        Locality::new(Args::new(&choice, &ENTRY)).choose(&ask, Sight::believed(view), &mut Stream::new(0, "", ""))
    }

    fn home() -> Choice {
        Choice::of("locality").with("hash", "identity")
    }

    #[test]
    fn a_function_goes_home_then_on_in_steps() {
        let mut view = View::new((0..5).map(|host| (host, 10, 1000)), 20);
        let ask = Ask { function: 0, memory: 6, millicores: 1 };
        assert_eq!(choose(home(), 13, &view), Some(3));
        view.assigned(3, &ask);
        assert_eq!(choose(home(), 13, &view), Some(4));
        assert_eq!(choose(home().with("step", 3), 13, &view), Some(1));
    }

    #[test]
    fn a_warm_host_on_the_way_comes_before_a_nearer_one_with_room() {
        let mut view = View::new((0..5).map(|host| (host, 10, 1000)), 20);
        view.set_warm(1, 13, 1);
        assert_eq!(choose(home(), 13, &view), Some(1));
        assert_eq!(choose(home().with("looks_for", "room"), 13, &view), Some(3));
    }

    #[test]
    fn the_walk_ends_at_home_and_what_fits_nowhere_waits_there() {
        let mut view = View::new((0..4).map(|host| (host, 10, 1000)), 20);
        let ask = Ask { function: 0, memory: 6, millicores: 1 };
        view.assigned(1, &ask);
        view.assigned(3, &ask);
        assert_eq!(choose(home().with("step", 2), 1, &view), Some(1), "the others are not on the walk");
        let small = View::new([(0, 1, 1000), (1, 10, 1000)], 20);
        assert_eq!(choose(home().with("step", 2), 0, &small), Some(1), "home is too small, and so is the whole walk");
        assert_eq!(choose(home(), 0, &View::new([], 20)), None);
    }
}
