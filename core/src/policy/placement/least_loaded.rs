//! Least loaded: the host with the fewest invocations per core, as the placer sees it. Of equals the one that got fewest
//! tasks, so that an idle system is filled evenly. Source: ExDe's default placement ("FIFO + least-loaded").
//!
//! With other parameters it is the least-loaded scheduler of DSLab FaaS: load is the cores that running containers ask for, or
//! running and, twice, queued invocations; of equals the first, or the first with a started container that has room. Its rule
//! against queueing takes a host with room in place of a less loaded one without, but goes on to any that is less loaded still:
//! it is kept as it is under `loosely`, beside `strictly`. These look at each host.

use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Domain, Entry, Param};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "least_loaded",
    name: "Least loaded",
    summary: "The host with the fewest running and queued invocations per core.",
    source: "ExDe's default; join the shortest queue. Its variants: DSLab FaaS's LeastLoadedScheduler.",
    params: &[
        Param {
            name: "load",
            label: "Load is",
            unit: "",
            help: "What is compared.",
            domain: Domain::Word(&[
                ("per_core", "running and queued invocations per core"),
                ("invocations", "running and, twice, queued invocations (DSLab FaaS by count)"),
                ("cores", "cores that running containers ask for (DSLab FaaS by CPU)"),
            ]),
        },
        Param {
            name: "ties",
            label: "Of equals",
            unit: "",
            help: "Which of equally loaded hosts is taken.",
            domain: Domain::Word(&[
                ("fewest", "the one that got fewest tasks from this placer"),
                ("first", "the first"),
                ("warm", "the first with a started container that has room, else the first"),
            ]),
        },
        Param {
            name: "avoid_queueing",
            label: "Avoids queueing",
            unit: "",
            help: "Whether hosts where the task would start at once come before others.",
            domain: Domain::Word(&[
                ("no", "no"),
                ("loosely", "unless another is less loaded (DSLab FaaS)"),
                ("strictly", "whatever their load"),
            ]),
        },
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct LeastLoaded {
    load: Load,
    ties: Ties,
    avoid: Avoid,
}

#[derive(Clone, Copy, PartialEq)]
enum Load {
    PerCore,
    Invocations,
    Cores,
}

#[derive(Clone, Copy, PartialEq)]
enum Ties {
    Fewest,
    First,
    Warm,
}

#[derive(Clone, Copy, PartialEq)]
enum Avoid {
    No,
    Loosely,
    Strictly,
}

/// The best host so far.
struct Best {
    number: u32,
    starts_at_once: bool,
    load: u64,
    warm: bool,
}

impl LeastLoaded {
    pub(super) fn new(args: Args<'_>) -> LeastLoaded {
        LeastLoaded {
            load: match () {
                () if args.is("load", "invocations") => Load::Invocations,
                () if args.is("load", "cores") => Load::Cores,
                () => Load::PerCore,
            },
            ties: match () {
                () if args.is("ties", "first") => Ties::First,
                () if args.is("ties", "warm") => Ties::Warm,
                () => Ties::Fewest,
            },
            avoid: match () {
                () if args.is("avoid_queueing", "loosely") => Avoid::Loosely,
                () if args.is("avoid_queueing", "strictly") => Avoid::Strictly,
                () => Avoid::No,
            },
        }
    }

    fn load(&self, sight: Sight<'_>, number: u32) -> u64 {
        match self.load {
            Load::PerCore => u64::from(sight.load(number)) * 1_000_000_000 / u64::from(sight.millicores(number).max(1)),
            Load::Invocations => u64::from(sight.load(number)) + u64::from(sight.queued(number)),
            Load::Cores => sight.cores_asked(number),
        }
    }
}

impl PlacementPolicy for LeastLoaded {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        if self.load == Load::PerCore && self.ties == Ties::Fewest && self.avoid == Avoid::No {
            return sight.least_loaded(ask);
        }
        let mut best: Option<Best> = None;
        for number in (0..sight.len() as u32).filter(|&n| sight.fits(n, ask)) {
            let starts_at_once = self.avoid != Avoid::No && (sight.usable(number, ask) || sight.has_room(number, ask));
            let load = self.load(sight, number);
            let (better, equal) = match &best {
                None => (true, false),
                Some(b) => {
                    let compares = self.avoid != Avoid::Strictly || starts_at_once == b.starts_at_once;
                    let better = (starts_at_once && !b.starts_at_once) || (compares && load < b.load);
                    (better, starts_at_once == b.starts_at_once && load == b.load)
                }
            };
            let wins_tie = match (&best, self.ties) {
                (Some(b), Ties::Fewest) => equal && sight.assigned(number) < sight.assigned(b.number),
                (Some(b), Ties::Warm) => equal && !b.warm && sight.warm_start(number, ask),
                _ => false,
            };
            if better || wins_tie {
                let warm = wins_tie || (self.ties == Ties::Warm && sight.warm_start(number, ask));
                best = Some(Best { number, starts_at_once, load, warm });
            }
        }
        best.map(|b| b.number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;
    use crate::registry::Choice;

    const ASK: Ask = Ask { function: 0, memory: 4, millicores: 1000 };

    fn choose(choice: Choice, view: &View) -> Option<u32> {
        LeastLoaded::new(Args::new(&choice, &ENTRY)).choose(&ASK, Sight::believed(view), &mut Stream::new(0, "", ""))
    }

    fn least() -> Choice {
        Choice::of("least_loaded")
    }

    #[test]
    fn load_is_per_core_or_not() {
        let mut view = View::new([(0, 100, 1000), (1, 100, 4000)], 1);
        view.assigned(0, &ASK);
        view.assigned(1, &ASK);
        view.assigned(1, &ASK);
        assert_eq!(choose(least().with("ties", "first"), &view), Some(1), "one for a core, and two for four");
        assert_eq!(choose(least().with("load", "invocations"), &view), Some(0));
        assert_eq!(choose(least().with("load", "cores"), &view), Some(0));
    }

    #[test]
    fn ties_go_to_the_first_to_the_warm_or_to_the_one_with_fewest_tasks() {
        let mut view = View::new([(0, 100, 1000), (1, 100, 1000), (2, 100, 1000)], 1);
        view.assigned(0, &ASK);
        view.ended(0, &ASK);
        view.set_warm(2, 0, 1);
        let ties = |word: &str| choose(least().with("load", "cores").with("ties", word), &view);
        assert_eq!((ties("fewest"), ties("first"), ties("warm")), (Some(1), Some(0), Some(2)));
    }

    #[test]
    fn a_host_without_room_is_avoided_strictly_or_loosely() {
        // The first host is full of one task, the second is loaded and has room, the third is full and not loaded.
        let mut view = View::new([(0, 7, 1000), (1, 100, 1000), (2, 7, 1000)], 1);
        let large = Ask { memory: 5, millicores: 1, ..ASK };
        view.assigned(0, &Ask { millicores: 2, ..large });
        view.assigned(1, &Ask { millicores: 3, ..large });
        view.assigned(2, &large);
        let avoid = |word: &str| choose(least().with("load", "cores").with("avoid_queueing", word), &view);
        assert_eq!((avoid("no"), avoid("loosely"), avoid("strictly")), (Some(2), Some(2), Some(1)));
    }
}
