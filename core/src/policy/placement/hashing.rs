//! Consistent hashing: a function has a home among the hosts that stays when other hosts come and go, so that its containers
//! stay together. A host that has its share of the load already is passed over: of n equal hosts with m invocations none takes
//! more than `bound` times (m + 1) / n, rounded up; with unequal ones shares go by cores.
//!
//! On a *ring* each host has `virtual_nodes` places, and a function goes to the first at or after its own, in O(log) of the
//! places. By *rendezvous* each pair of a function and a host has a score, and the function goes to the host with the highest; that
//! is even without places, and looks at each host. Either way a host that comes takes its share of the functions and moves no
//! other. A task that no host has room for in this sense goes to its home.
//!
//! Hosts and functions are keyed by their ids, or by their numbers where a sight does not tell ids ([`Sight::host_key`]).
//!
//! Source: Karger et al., STOC 1997 (ring); Thaler and Ravishankar, 1998 (rendezvous); Mirrokni et al., SODA 2018 (bounded
//! loads).

use std::sync::Arc;

use super::{Ask, PlacementPolicy, Sight, mix};
use crate::registry::{Args, Domain, Entry, Param};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "hashing",
    name: "Consistent hashing",
    summary: "The function's home host by a hash, or the next while that has more than its share of the load.",
    source: "Karger et al., 1997; Thaler and Ravishankar, 1998; bounded loads: Mirrokni et al., SODA 2018.",
    params: &[
        Param {
            name: "method",
            label: "Method",
            unit: "",
            help: "How a function's home is found.",
            domain: Domain::Word(&[
                ("ring", "the next place of a host on a ring"),
                ("rendezvous", "the host with the highest score for the function"),
            ]),
        },
        Param {
            name: "virtual_nodes",
            label: "Places on the ring",
            unit: "per host",
            help: "The more, the more even the hosts' shares of the functions.",
            domain: Domain::Integer { default: 100, min: 1, max: 10_000 },
        },
        Param {
            name: "bound",
            label: "Bound of load",
            unit: "× mean",
            help: "A host takes at most so many times the mean load; 1.25 as in the paper's example, 0 is no bound, and from 0 to 1 is 1.",
            domain: Domain::Number { default: 1.25, min: 0.0, max: 1000.0 },
        },
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Hashing {
    rendezvous: bool,
    virtual_nodes: u64,
    /// In millionths of the mean; 0 is no bound.
    bound: u64,
    /// Places on the ring and the number of the host of each, sorted: made when first asked for.
    ring: Arc<[(u32, u32)]>,
    /// Of how many hosts the ring is.
    hosts: usize,
}

impl Hashing {
    pub(super) fn new(args: Args<'_>) -> Hashing {
        let bound = args.number("bound");
        Hashing {
            rendezvous: args.is("method", "rendezvous"),
            virtual_nodes: args.integer("virtual_nodes").max(1),
            bound: if bound > 0.0 { libm::rint(bound.max(1.0) * 1e6) as u64 } else { 0 },
            ring: Arc::new([]),
            hosts: 0,
        }
    }

    fn make_ring(&mut self, sight: Sight<'_>) {
        let places = |number: u32| {
            let key = sight.host_key(number);
            (0..self.virtual_nodes).map(move |i| (place(mix(key ^ mix(i))), number))
        };
        let mut ring: Vec<(u32, u32)> = (0..sight.len() as u32).flat_map(places).collect();
        ring.sort_unstable();
        (self.ring, self.hosts) = (ring.into(), sight.len());
    }

    /// The hosts on the ring from a function's place on, once around; each comes as often as it has places.
    fn walk(&self, key: u64) -> impl Iterator<Item = u32> + '_ {
        let own = place(mix(!key));
        let first = self.ring.partition_point(|&(at, _)| at < own);
        self.ring[first..].iter().chain(&self.ring[..first]).map(|&(_, number)| number)
    }
}

/// A place on the ring.
fn place(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl PlacementPolicy for Hashing {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        let key = sight.function_key(ask.function);
        let (load, millicores) = if self.bound > 0 { sight.total() } else { (0, 1) };
        // A host's share of what would then be there, rounded up.
        let share = u128::from(self.bound) * (u128::from(load) + 1);
        let whole = (u128::from(millicores) * 1_000_000).max(1);
        let bounded = self.bound > 0;
        let takes = |number: u32| {
            let most = (share * u128::from(sight.millicores(number))).div_ceil(whole);
            !bounded || u128::from(sight.load(number)) < most
        };
        if self.rendezvous {
            let fits = (0..sight.len() as u32).filter(|&n| sight.fits(n, ask));
            return fits.max_by_key(|&n| (takes(n), mix(sight.host_key(n) ^ mix(key)), std::cmp::Reverse(n)));
        }
        if self.hosts != sight.len() {
            self.make_ring(sight);
        }
        let mut home = None;
        for number in self.walk(key) {
            if !sight.fits(number, ask) {
                continue;
            }
            if home.is_none() {
                home = Some(number);
            }
            if takes(number) {
                return Some(number);
            }
        }
        home
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;
    use crate::registry::Choice;
    use proptest::prelude::*;

    const METHODS: [&str; 2] = ["ring", "rendezvous"];

    fn ask(function: u32) -> Ask {
        Ask { function, memory: 1, millicores: 1000 }
    }

    fn policy(method: &str, bound: f64) -> Hashing {
        Hashing::new(Args::new(&Choice::of("hashing").with("method", method).with("bound", bound), &ENTRY))
    }

    fn choose(policy: &mut Hashing, function: u32, view: &View) -> Option<u32> {
        policy.choose(&ask(function), Sight::believed(view), &mut Stream::new(0, "", ""))
    }

    /// Equal hosts with these numbers on the platform.
    fn hosts(numbers: impl Iterator<Item = u32>) -> View {
        View::new(numbers.map(|host| (host, 10, 4000)), 2_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_host_that_comes_takes_its_share_and_moves_no_other_function(n in 1u32..30, new in 0u32..1_000, method in 0usize..2) {
            let numbers = (1_000..1_000 + n).collect::<Vec<_>>();
            let before = hosts(numbers.iter().copied());
            // The new one stands first, so that all others have other numbers in the view.
            let after = hosts(std::iter::once(new).chain(numbers));
            let (mut old, mut grown) = (policy(METHODS[method], 0.0), policy(METHODS[method], 0.0));
            let mut moved = 0;
            for function in 0..2_000 {
                let was = before.host(choose(&mut old, function, &before).unwrap_or(u32::MAX));
                let is = after.host(choose(&mut grown, function, &after).unwrap_or(u32::MAX));
                prop_assert!(is == was || is == new, "{function} went from {was} to {is}");
                moved += u32::from(is == new);
            }
            let share = 2_000.0 / f64::from(n + 1);
            prop_assert!((0.5 * share - 20.0..1.5 * share + 20.0).contains(&f64::from(moved)), "{moved} of about {share}");
        }

        #[test]
        fn no_host_takes_more_than_its_bound(cores in proptest::collection::vec(1u32..9, 1..20),
                                             functions in proptest::collection::vec(0u32..5, 0..200), method in 0usize..2) {
            let mut view = View::new(cores.iter().enumerate().map(|(i, &c)| (i as u32, 10, c * 1000)), 5);
            let mut policy = policy(METHODS[method], 1.25);
            let all: u32 = cores.iter().sum();
            for (before, function) in functions.into_iter().enumerate() {
                let number = choose(&mut policy, function, &view).unwrap_or(u32::MAX);
                view.assigned(number, &ask(function));
                let share = (before + 1) as f64 * f64::from(cores[number as usize]) / f64::from(all);
                prop_assert!(f64::from(view.load(number)) <= (1.25 * share).ceil() + 1e-9);
            }
        }
    }

    #[test]
    fn a_function_stays_at_home_until_that_has_its_share() {
        for method in METHODS {
            let mut view = hosts(0..4);
            let mut bounded = policy(method, 1.0);
            let home = choose(&mut bounded, 3, &view).unwrap_or(u32::MAX);
            assert_eq!(choose(&mut policy(method, 0.0), 3, &view), Some(home));
            let mut got = vec![0; 4];
            for _ in 0..8 {
                let number = choose(&mut bounded, 3, &view).unwrap_or(u32::MAX);
                view.assigned(number, &ask(3));
                got[number as usize] += 1;
            }
            assert_eq!(got, [2, 2, 2, 2], "{method}: with a bound of the mean all get the same");
            assert_eq!(choose(&mut policy(method, 0.0), 3, &view), Some(home), "{method}: without a bound it stays");
        }
    }

    #[test]
    fn hosts_that_are_too_small_are_passed_over() {
        for method in METHODS {
            let view = View::new([(0, 0, 4000), (1, 0, 4000), (2, 10, 4000)], 100);
            let mut policy = policy(method, 1.25);
            assert!((0..100).all(|function| choose(&mut policy, function, &view) == Some(2)), "{method}");
            assert_eq!(choose(&mut policy, 0, &View::new([], 1)), None, "{method}");
        }
    }

    #[test]
    fn shares_are_even_with_many_places() {
        for (method, most) in [("ring", 1.6), ("rendezvous", 1.3)] {
            let (view, mut policy) = (hosts(0..10), policy(method, 0.0));
            let mut got = vec![0u32; 10];
            for function in 0..2_000 {
                got[choose(&mut policy, function, &view).unwrap_or(u32::MAX) as usize] += 1;
            }
            let most_got = got.iter().max().copied().unwrap_or(0);
            assert!(f64::from(most_got) < most * 200.0, "{method}: {got:?}");
        }
    }

    #[test]
    fn a_copy_shares_the_ring() {
        let (view, mut policy) = (hosts(0..10), policy("ring", 0.0));
        choose(&mut policy, 0, &view);
        assert!(Arc::ptr_eq(&policy.ring, &policy.clone().ring));
        assert_eq!(policy.ring.len(), 1_000);
    }
}
