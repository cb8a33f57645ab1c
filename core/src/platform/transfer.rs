//! Transfers of images: how flows share links and disks.
//!
//! `fair`: max-min fairness. A flow crosses resources (links, the reading and the writing side of disks, disks as a whole);
//! rates grow together until a resource is full, the flows over it keep their rate, and the others go on growing (progressive
//! filling; Bertsekas and Gallager, Data Networks, 1992).
//!
//! `simgrid`: as SimGrid 4.1's LV08 model (Velho and Legrand, 2009) with cross traffic. Rates grow in proportion to 1/p, where
//! p = sum of latencies + sum of 20537 / bandwidth over the links for flows with latency, else 1; a flow asks 1.05 times its
//! rate of each link (the acknowledgements) and 0.97 of each disk, moves 0.97 bytes for each byte of rate, never exceeds its
//! narrowest link, and begins 13.01 latencies late. Alone, b bytes take 13.01 latency + b / min(0.97 B / 1.05, read, write).
//!
//! Rates are worked out again whenever a flow begins or ends.

use crate::engine::Slab;
use crate::units::{NS_PER_S, SimDuration, SimTime};

/// What a transfer moves, by the numbers of the image and of the place that gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// From the registry to a head store.
    Download {
        /// The image.
        image: u32,
        /// The head store.
        head: u32,
    },
    /// From a head store, or from the registry where there is none, to a worker's disk.
    Copy {
        /// The image.
        image: u32,
        /// The host.
        host: u32,
    },
    /// From a worker's disk to its memory.
    Load {
        /// The image.
        image: u32,
        /// The host.
        host: u32,
    },
}

/// The kinds of transfers, in the order of [`Transfer::kind`].
pub const TRANSFER_KINDS: [&str; 3] = ["download", "copy", "load"];

impl Transfer {
    /// Which kind it is.
    pub fn kind(self) -> usize {
        match self {
            Transfer::Download { .. } => 0,
            Transfer::Copy { .. } => 1,
            Transfer::Load { .. } => 2,
        }
    }

    /// The image.
    pub fn image(self) -> u32 {
        match self {
            Transfer::Download { image, .. } | Transfer::Copy { image, .. } | Transfer::Load { image, .. } => image,
        }
    }
}

/// Something that flows share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resource {
    /// Bytes per second.
    pub capacity: f64,
    /// Whether it is a link; else a disk.
    pub link: bool,
}

/// What a flow crosses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// The numbers of resources.
    pub over: Vec<u32>,
    /// How long after it was asked for it begins.
    pub delay: SimDuration,
    /// The most that it gets of its narrowest link, in bytes per second.
    pub narrowest: f64,
    /// What its rate is divided by when rates grow.
    pub penalty: f64,
}

/// The factors of a model of sharing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    /// What a flow asks of a link for each unit of its rate.
    pub(super) link: f64,
    /// The same of a disk.
    pub disk: f64,
    /// Bytes moved for each unit of rate.
    pub moved: f64,
}

/// The factors of [`crate::scenario::Sharing::Fair`].
pub(super) const FAIR: Factors = Factors { link: 1.0, disk: 1.0, moved: 1.0 };

/// The factors of [`crate::scenario::Sharing::Simgrid`].
pub(super) const SIMGRID: Factors = Factors { link: 1.05, disk: 0.97, moved: 0.97 };

/// What flows need to know of the scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Roads<'a> {
    pub resources: &'a [Resource],
    pub factors: Factors,
}

#[derive(Clone, Copy, Debug)]
struct Flow {
    what: Transfer,
    /// Bytes to go.
    left: f64,
    /// Bytes per second.
    rate: f64,
    /// When it was asked for, for the order of those that end together.
    order: u64,
}

/// The transfers under way.
#[derive(Clone, Debug, Default)]
pub struct Transfers {
    flows: Slab<Flow>,
    /// Those that move, in the order in which they began to.
    moving: Vec<u32>,
    asked: u64,
    /// The instant up to which bytes have been counted.
    at: SimTime,
    /// The instant of the timer that counts.
    pub(super) armed: Option<SimTime>,
    /// For each resource, what is left of it, and what those without a rate ask of it; for each moving flow whether it has a
    /// rate. Kept only to save allocations.
    spare: Vec<(f64, f64)>,
    used: Vec<u32>,
    settled: Vec<bool>,
}

impl Transfers {
    /// The transfers that were asked for and have not ended.
    pub fn iter(&self) -> impl Iterator<Item = Transfer> + '_ {
        self.flows.iter().map(|(_, flow)| flow.what)
    }

    /// The number of transfers that were asked for and have not ended.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// About how many bytes a copy takes.
    pub(super) fn size(&self) -> usize {
        self.flows.size() + self.moving.len() * 5 + self.spare.len() * 16
    }

    /// A transfer is asked for. Answers its number, by which it begins.
    pub(super) fn ask(&mut self, what: Transfer, bytes: u64) -> u32 {
        self.asked += 1;
        self.flows.insert(Flow { what, left: bytes as f64, rate: 0.0, order: self.asked })
    }

    /// A transfer begins to move.
    pub(super) fn begin<'a>(&mut self, now: SimTime, flow: u32, roads: Roads<'_>, route: impl Fn(Transfer) -> &'a Route) {
        self.count(now);
        self.moving.push(flow);
        self.share(roads, route);
    }

    /// Takes a transfer that has ended by now, if there is one; of several the one asked for first.
    pub(super) fn ended<'a>(&mut self, now: SimTime, roads: Roads<'_>, route: impl Fn(Transfer) -> &'a Route) -> Option<Transfer> {
        self.count(now);
        let done = |flow: &Flow| flow.left <= 0.0 || flow.rate == f64::INFINITY || flow.left / flow.rate * 1e9 <= 0.5;
        let first = (0..self.moving.len())
            .filter(|&i| done(&self.flows[self.moving[i]]))
            .min_by_key(|&i| self.flows[self.moving[i]].order)?;
        let flow = self.moving.remove(first);
        let what = self.flows[flow].what;
        self.flows.remove(flow);
        self.share(roads, route);
        Some(what)
    }

    /// When the next transfer ends if nothing changes.
    pub(super) fn next_end(&self) -> Option<SimTime> {
        let ns = |flow: &Flow| match flow.left / flow.rate * NS_PER_S as f64 {
            _ if flow.left <= 0.0 || flow.rate == f64::INFINITY => 0.0,
            ns => ns.max(0.0),
        };
        let soonest = self.moving.iter().map(|&flow| ns(&self.flows[flow])).min_by(f64::total_cmp)?;
        Some(self.at + SimDuration(libm::rint(soonest) as u64))
    }

    /// Works out all rates again, because bandwidths have changed.
    pub(super) fn refresh<'a>(&mut self, now: SimTime, roads: Roads<'_>, route: impl Fn(Transfer) -> &'a Route) {
        self.count(now);
        self.share(roads, route);
    }

    /// Counts the bytes moved until now.
    fn count(&mut self, now: SimTime) {
        let seconds = now.since(self.at).0 as f64 / NS_PER_S as f64;
        self.at = now;
        if seconds > 0.0 {
            for &flow in &self.moving {
                let flow = &mut self.flows[flow];
                flow.left -= flow.rate * seconds;
            }
        }
    }

    /// Works out all rates by progressive filling.
    fn share<'a>(&mut self, roads: Roads<'_>, route: impl Fn(Transfer) -> &'a Route) {
        let Transfers { flows, moving, spare, used, settled, .. } = self;
        spare.resize(roads.resources.len(), (0.0, 0.0));
        used.clear();
        settled.clear();
        settled.resize(moving.len(), false);
        let asks = |resource: u32| if roads.resources[resource as usize].link { roads.factors.link } else { roads.factors.disk };
        for &flow in moving.iter() {
            for &resource in &route(flows[flow].what).over {
                spare[resource as usize].0 = roads.resources[resource as usize].capacity;
                used.push(resource);
            }
        }
        used.sort_unstable();
        used.dedup();
        loop {
            used.iter().for_each(|&r| spare[r as usize].1 = 0.0);
            for (&flow, _) in moving.iter().zip(settled.iter()).filter(|(_, settled)| !**settled) {
                let route = route(flows[flow].what);
                route.over.iter().for_each(|&r| spare[r as usize].1 += asks(r) / route.penalty);
            }
            let level = |s: &(f64, f64)| if s.1 > 0.0 { (s.0 / s.1).max(0.0) } else { f64::INFINITY };
            let lowest = used.iter().map(|&r| level(&spare[r as usize])).fold(f64::INFINITY, f64::min);
            let full = |r: u32| level(&spare[r as usize]) <= lowest * (1.0 + 1e-12);
            // Whoever cannot use its part leaves the rest to the others, and is seen to first.
            let narrow = |route: &Route| route.narrowest * route.penalty < lowest;
            let open = |i: usize| !settled[i];
            let any_narrow = (0..moving.len()).any(|i| open(i) && narrow(route(flows[moving[i]].what)));
            let mut chosen = Vec::new();
            for i in (0..moving.len()).filter(|&i| open(i)) {
                let route = route(flows[moving[i]].what);
                if any_narrow && narrow(route) {
                    chosen.push((i, route.narrowest));
                } else if !any_narrow && (lowest == f64::INFINITY || route.over.iter().any(|&r| full(r))) {
                    chosen.push((i, lowest / route.penalty));
                }
            }
            if chosen.is_empty() {
                return;
            }
            for (i, rate) in chosen {
                settled[i] = true;
                let flow = &mut flows[moving[i]];
                flow.rate = rate * roads.factors.moved;
                for &r in &route(flow.what).over {
                    spare[r as usize].0 -= asks(r) * rate;
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Flows begin together, each with its bytes and route; answers when each ends, in seconds.
    fn ends(resources: &[Resource], factors: Factors, flows: &[(f64, Route)]) -> Vec<f64> {
        let roads = Roads { resources, factors };
        let route = |t: Transfer| &flows[t.image() as usize].1;
        let mut transfers = Transfers::default();
        for (i, (bytes, _)) in flows.iter().enumerate() {
            let id = transfers.ask(Transfer::Load { image: i as u32, host: 0 }, *bytes as u64);
            transfers.begin(SimTime::ZERO, id, roads, route);
        }
        let mut out = vec![0.0; flows.len()];
        while let Some(end) = transfers.next_end() {
            while let Some(what) = transfers.ended(end, roads, route) {
                out[what.image() as usize] = end.as_s();
            }
        }
        out
    }

    fn link(capacity: f64) -> Resource {
        Resource { capacity, link: true }
    }

    fn over(over: &[u32]) -> Route {
        Route { over: over.to_vec(), delay: SimDuration::ZERO, narrowest: f64::INFINITY, penalty: 1.0 }
    }

    #[test]
    fn flows_over_one_link_share_it() {
        let both = [(100.0, over(&[0])), (300.0, over(&[0]))];
        // 5 each until the first has its 100 bytes; then the other has 200 to go, alone.
        assert_eq!(ends(&[link(10.0)], FAIR, &both), [20.0, 40.0]);
    }

    #[test]
    fn what_a_narrow_link_leaves_goes_to_the_others() {
        let flows = [(100.0, over(&[0, 1])), (160.0, over(&[0]))];
        assert_eq!(ends(&[link(10.0), link(2.0)], FAIR, &flows), [50.0, 20.0]);
    }

    #[test]
    fn a_flow_with_half_a_nanosecond_to_go_has_ended() {
        // Rounded to even, half a nanosecond is none: an end that is not seen then would be looked for for ever.
        assert_eq!(ends(&[link(2e9)], FAIR, &[(1.0, over(&[0]))]), [0.0]);
    }

    #[test]
    fn a_flow_that_nothing_limits_ends_at_once() {
        assert_eq!(ends(&[], FAIR, &[(1e12, over(&[]))]), [0.0]);
    }

    #[test]
    fn alone_a_flow_of_simgrid_moves_at_its_published_rate() {
        let disk = |capacity| Resource { capacity, link: false };
        let route = Route { narrowest: 20e6, penalty: 2e-5 + 20_537.0 / 20e6, ..over(&[0, 1, 2]) };
        let end = ends(&[link(20e6), disk(100e6), disk(100e6)], SIMGRID, &[(1e9, route.clone())])[0];
        assert!((end - 1e9 / (0.97 * 20e6 / 1.05)).abs() < 1e-8, "{end}");
        let end = ends(&[link(20e9), disk(100e6), disk(100e6)], SIMGRID, &[(1e9, route)])[0];
        assert!((end - 1e9 / (0.97 * 20e6)).abs() < 1e-8, "its narrowest link bounds it: {end}");
    }

    proptest! {
        /// No resource is overfull, and every flow crosses a full one on which nobody has more: the definition of max-min.
        #[test]
        fn rates_are_max_min_fair(
            capacities in proptest::collection::vec(1.0..100.0_f64, 1..6),
            crossed in proptest::collection::vec(proptest::collection::btree_set(0u32..6, 1..4), 1..12),
        ) {
            let resources: Vec<Resource> = capacities.iter().map(|&c| link(c)).collect();
            let routes: Vec<Route> = crossed
                .iter()
                .map(|set| over(&set.iter().map(|r| r % capacities.len() as u32).collect::<std::collections::BTreeSet<_>>()
                    .into_iter().collect::<Vec<_>>()))
                .collect();
            let roads = Roads { resources: &resources, factors: FAIR };
            let route = |t: Transfer| &routes[t.image() as usize];
            let mut transfers = Transfers::default();
            for i in 0..routes.len() {
                let id = transfers.ask(Transfer::Load { image: i as u32, host: 0 }, 1_000);
                transfers.begin(SimTime::ZERO, id, roads, route);
            }
            let rate = |i: usize| transfers.flows.iter().find(|(_, f)| f.what.image() as usize == i).unwrap().1.rate;
            let used = |r: u32| (0..routes.len()).filter(|&i| routes[i].over.contains(&r)).map(rate).sum::<f64>();
            for r in 0..resources.len() as u32 {
                prop_assert!(used(r) <= resources[r as usize].capacity * (1.0 + 1e-9));
            }
            for i in 0..routes.len() {
                let bottleneck = routes[i].over.iter().any(|&r| {
                    used(r) >= resources[r as usize].capacity * (1.0 - 1e-9)
                        && (0..routes.len()).all(|j| !routes[j].over.contains(&r) || rate(j) <= rate(i) * (1.0 + 1e-9))
                });
                prop_assert!(bottleneck, "flow {i} could be faster");
            }
        }
    }
}
