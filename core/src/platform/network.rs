//! Latency, jitter and bandwidth between nodes.
//!
//! A message of b bytes arrives after latency + jitter + b / bandwidth. Over several links it takes the path of lowest
//! latency; two nodes that no links connect use the link between their zones, or the zones' and the network's defaults.

use std::collections::BTreeMap;

use crate::scenario::Scenario;
use crate::units::SimDuration;

/// What a message meets between two nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathSpec {
    /// One-way latency.
    pub latency: SimDuration,
    /// The most that chance adds.
    pub jitter: SimDuration,
    /// Nanoseconds that each byte adds; zero if bandwidth is not limited.
    pub ns_per_byte: f64,
}

impl PathSpec {
    const HERE: PathSpec = PathSpec { latency: SimDuration::ZERO, jitter: SimDuration::ZERO, ns_per_byte: 0.0 };

    /// Whether two messages can take different times, so that their order must be kept.
    pub fn varies(&self) -> bool {
        self.jitter.0 > 0 || self.ns_per_byte > 0.0
    }

    fn then(self, next: PathSpec) -> PathSpec {
        PathSpec {
            latency: self.latency + next.latency,
            jitter: self.jitter + next.jitter,
            ns_per_byte: if self.ns_per_byte > next.ns_per_byte { self.ns_per_byte } else { next.ns_per_byte },
        }
    }
}

/// A link from one node to another: its number in the scenario, and what a message meets there.
type Edge = (usize, usize, PathSpec);

/// Paths between all nodes of a scenario.
#[derive(Clone, Debug)]
pub struct Network {
    zone_of: Vec<usize>,
    zones: usize,
    between_zones: Vec<PathSpec>,
    /// The link between two zones, if there is one.
    zones_linked: Vec<Option<usize>>,
    /// Node by node, the number of a path in `linked`, or `u32::MAX`; empty without links between nodes.
    table: Vec<u32>,
    linked: Vec<PathSpec>,
    edges: Vec<Vec<Edge>>,
}

impl Network {
    /// The network of a validated scenario.
    pub fn new(scenario: &Scenario) -> Network {
        let zone_index = |id: &str| scenario.zones.iter().position(|z| z.id == id);
        let zones = scenario.zones.len();
        let mut between_zones = Vec::with_capacity(zones * zones);
        let mut zones_linked = vec![None; zones * zones];
        for (i, from) in scenario.zones.iter().enumerate() {
            for j in 0..zones {
                let ms = if i == j {
                    from.latency_ms.unwrap_or(scenario.network.within_zone_ms)
                } else {
                    scenario.network.between_zones_ms
                };
                between_zones.push(PathSpec { latency: SimDuration::from_ms(ms), ..PathSpec::HERE });
            }
        }
        let mut edges: Vec<Vec<Edge>> = vec![Vec::new(); scenario.nodes.len()];
        for (number, link) in scenario.links.iter().enumerate() {
            let spec = PathSpec {
                latency: SimDuration::from_ms(link.latency_ms),
                jitter: SimDuration::from_ms(link.jitter_ms),
                ns_per_byte: link.bandwidth_mbps.map_or(0.0, |mbps| 8_000.0 / mbps),
            };
            let node = |id: &str| scenario.nodes.iter().position(|n| n.id == id);
            if let (Some(a), Some(b)) = (zone_index(&link.from), zone_index(&link.to)) {
                // Of several links between two zones, the one of lowest latency; of equals the first.
                for there in [a * zones + b, b * zones + a] {
                    if zones_linked[there].is_none() || spec.latency < between_zones[there].latency {
                        (zones_linked[there], between_zones[there]) = (Some(number), spec);
                    }
                }
            } else if let (Some(a), Some(b)) = (node(&link.from), node(&link.to)) {
                edges[a].push((b, number, spec));
                edges[b].push((a, number, spec));
            }
        }
        let mut network = Network {
            zone_of: scenario.nodes.iter().map(|n| zone_index(&n.zone).unwrap_or(0)).collect(),
            zones,
            between_zones,
            zones_linked,
            table: Vec::new(),
            linked: Vec::new(),
            edges,
        };
        if network.edges.iter().any(|e| !e.is_empty()) {
            for from in 0..scenario.nodes.len() {
                network.row(from);
            }
        }
        network
    }

    /// The links from one node to others, by their numbers in the scenario, on the paths that messages take; for as many pairs
    /// as are asked for, since few are.
    pub fn links(&self, from: usize, to: impl IntoIterator<Item = usize>) -> BTreeMap<usize, Vec<usize>> {
        let best = self.shortest(from);
        to.into_iter()
            .map(|to| {
                let mut over = Vec::new();
                let mut at = to;
                if best[to].is_none() {
                    over.extend(self.zones_linked[self.zone_of[from] * self.zones + self.zone_of[to]]);
                }
                while let Some((_, Some((before, link)))) = best[at] {
                    over.push(link);
                    at = before;
                }
                over.reverse();
                (to, over)
            })
            .collect()
    }

    /// Whether every message arrives at the instant at which it is sent.
    pub fn is_instant(&self) -> bool {
        self.between_zones.iter().chain(&self.linked).all(|path| *path == PathSpec::HERE)
    }

    /// The path between two nodes.
    #[inline]
    pub fn path(&self, from: usize, to: usize) -> PathSpec {
        match self.table.get(from * self.zone_of.len() + to) {
            Some(&number) if number != u32::MAX => self.linked[number as usize],
            _ => self.between_zones[self.zone_of[from] * self.zones + self.zone_of[to]],
        }
    }

    /// Dijkstra's shortest paths over links from one node: for each node what a message meets on its way, and the node and the
    /// link before it. Of paths of equal latency the one found first, in the order of nodes.
    #[allow(clippy::type_complexity)]
    fn shortest(&self, from: usize) -> Vec<Option<(PathSpec, Option<(usize, usize)>)>> {
        let n = self.edges.len();
        let mut best: Vec<Option<(PathSpec, Option<(usize, usize)>)>> = vec![None; n];
        let mut done = vec![false; n];
        best[from] = Some((PathSpec::HERE, None));
        let mut open = std::collections::BinaryHeap::from([std::cmp::Reverse((0u64, from))]);
        while let Some(std::cmp::Reverse((_, at))) = open.pop() {
            if std::mem::replace(&mut done[at], true) {
                continue;
            }
            let Some((here, _)) = best[at] else { continue };
            for &(next, number, link) in &self.edges[at] {
                let there = here.then(link);
                if best[next].is_none_or(|(b, _)| there.latency < b.latency) {
                    best[next] = Some((there, Some((at, number))));
                    open.push(std::cmp::Reverse((there.latency.0, next)));
                }
            }
        }
        best
    }

    fn row(&mut self, from: usize) {
        let best = self.shortest(from);
        for (to, spec) in best.into_iter().enumerate() {
            let number = match spec.filter(|_| to != from) {
                None => u32::MAX,
                Some((spec, _)) => match self.linked.iter().rev().take(64).position(|s| *s == spec) {
                    Some(back) => (self.linked.len() - 1 - back) as u32,
                    None => {
                        self.linked.push(spec);
                        (self.linked.len() - 1) as u32
                    }
                },
            };
            self.table.push(number);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn network(links: &str) -> Network {
        let text = format!(
            r#"{{"version": 1, "zones": [{{"id": "z"}}, {{"id": "y", "latency_ms": 2}}], "network": {{"between_zones_ms": 30}},
                "nodes": [{{"id": "a", "zone": "z", "roles": ["client"]}}, {{"id": "b", "zone": "z", "roles": ["worker"]}},
                          {{"id": "c", "zone": "y", "roles": ["worker"]}}, {{"id": "d", "zone": "y", "roles": ["worker"]}}],
                "links": {links}, "workload": {{}}, "frame": {{"architecture": {{"kind": "centralized"}}}}}}"#
        );
        Network::new(&Scenario::from_json(&text).unwrap())
    }

    fn ms(network: &Network, from: usize, to: usize) -> f64 {
        network.path(from, to).latency.as_ms()
    }

    #[test]
    fn without_links_zones_decide() {
        let n = network("[]");
        assert_eq!((ms(&n, 0, 1), ms(&n, 2, 3), ms(&n, 0, 2), ms(&n, 0, 0)), (0.5, 2.0, 30.0, 0.5));
        let n = network(r#"[{"id": "l", "from": "z", "to": "y", "latency_ms": 7}]"#);
        assert_eq!((ms(&n, 0, 2), ms(&n, 3, 1)), (7.0, 7.0));
    }

    #[test]
    fn of_several_links_between_two_zones_the_fastest_counts() {
        let n = network(
            r#"[{"id": "l1", "from": "z", "to": "y", "latency_ms": 50}, {"id": "l2", "from": "y", "to": "z", "latency_ms": 7},
                {"id": "l3", "from": "z", "to": "y", "latency_ms": 9}]"#,
        );
        assert_eq!((ms(&n, 0, 2), ms(&n, 2, 0)), (7.0, 7.0));
        let n = network(r#"[{"id": "l1", "from": "z", "to": "y", "latency_ms": 50}]"#);
        assert_eq!(ms(&n, 0, 2), 50.0, "a link counts even if it is slower than the default");
    }

    #[test]
    fn a_path_is_the_one_of_lowest_latency() {
        let n = network(
            r#"[{"id": "l1", "from": "a", "to": "b", "latency_ms": 10}, {"id": "l2", "from": "a", "to": "c", "latency_ms": 1, "jitter_ms": 1},
                {"id": "l3", "from": "c", "to": "b", "latency_ms": 2, "bandwidth_mbps": 8}]"#,
        );
        let path = n.path(0, 1);
        assert_eq!((path.latency.as_ms(), path.jitter.as_ms(), path.ns_per_byte), (3.0, 1.0, 1000.0));
        assert_eq!(n.path(1, 0), path);
        assert_eq!(ms(&n, 0, 3), 30.0, "no links lead there");
    }
}
