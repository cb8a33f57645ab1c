//! Where images come from, made ready: which head store serves which host, and what each transfer crosses.
//!
//! The registry holds every image. A head store fetches from the nearest registry what is asked of it and keeps it; a host
//! copies from the nearest head store, or from the registry where there is none. Without a registry, head stores hold every
//! image from the start; with neither, the registry stands on the controller.

use std::collections::BTreeMap;

use super::model::{HostSpec, Machine, bytes};
use super::network::Network;
use super::transfer::{FAIR, Factors, Resource, Roads, Route, SIMGRID, Transfer};
use crate::engine::NONE;
use crate::scenario::{Role, Scenario, Sharing};
use crate::units::SimDuration;

/// SimGrid's LV08: latencies until a flow moves, and the weight of a link's bandwidth in a flow's penalty.
const LATENCIES: f64 = 13.01;
const WEIGHT_OF_BANDWIDTH: f64 = 20_537.0;

/// An image.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSpec {
    /// Its id.
    pub id: String,
    /// What it takes on disks and links, in bytes.
    pub size: u64,
    /// What it takes in memory, in bytes.
    pub memory: u64,
}

/// A head store.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadSpec {
    /// Its machine.
    pub machine: u32,
    /// Its disk, in bytes.
    pub disk: u64,
    /// The machine that it fetches from, or [`NONE`] if it holds every image from the start.
    pub registry: u32,
    download: Route,
}

/// Where images come from.
#[derive(Clone, Debug)]
pub struct Supply {
    /// The images.
    pub images: Vec<ImageSpec>,
    /// The head stores.
    pub heads: Vec<HeadSpec>,
    /// For each host, the head store that serves it, or [`NONE`] for the registry.
    pub head_of: Vec<u32>,
    /// For each host, the machine that its images come from.
    pub source: Vec<u32>,
    main: u32,
    copy: Vec<Route>,
    load: Vec<Route>,
    resources: Vec<Resource>,
    factors: Factors,
}

/// Makes routes, and the resources that they share.
struct Builder<'a> {
    scenario: &'a Scenario,
    machines: &'a [Machine],
    network: &'a Network,
    resources: Vec<Resource>,
    links: BTreeMap<(usize, u32), u32>,
    disks: BTreeMap<(u32, bool), Vec<u32>>,
}

impl Builder<'_> {
    fn resource(&mut self, capacity: f64, link: bool) -> u32 {
        self.resources.push(Resource { capacity, link });
        self.resources.len() as u32 - 1
    }

    /// What reading from, or writing to, a machine's disk shares: that side, and the disk as a whole.
    fn disk(&mut self, machine: u32, write: bool) -> Vec<u32> {
        if let Some(known) = self.disks.get(&(machine, write)) {
            return known.clone();
        }
        let node = &self.scenario.nodes[self.machines[machine as usize].node as usize];
        let speeds = [node.disk_read_mb_s, node.disk_write_mb_s].map(|s| s.map(|mb| mb * 1e6));
        let whole = speeds[0].zip(speeds[1]).map(|(read, write)| self.resource(f64::max(read, write), false));
        for (side, speed) in [false, true].into_iter().zip(speeds) {
            let mut over: Vec<u32> = speed.map(|speed| self.resource(speed, false)).into_iter().collect();
            over.extend(whole);
            self.disks.insert((machine, side), over);
        }
        self.disks[&(machine, write)].clone()
    }

    /// From one machine's disk over links to another's. A link to a block of machines is a link to each of them.
    fn route(&mut self, from: u32, to: u32, links: &[usize]) -> Route {
        let (a, b) = (self.machines[from as usize], self.machines[to as usize]);
        let mut over = self.disk(from, false);
        let mut penalty = 0.0;
        let mut narrowest = f64::INFINITY;
        for &link in links {
            let spec = &self.scenario.links[link];
            let node = |id: &str| self.scenario.nodes.iter().position(|n| n.id == id).unwrap_or(usize::MAX);
            let (x, y) = (node(&spec.from), node(&spec.to));
            let ends = |m: Machine| [x, y].contains(&(m.node as usize));
            let number = if ends(b) { b.number } else { 0 } + if ends(a) { a.number } else { 0 };
            let capacity = spec.bandwidth_mbps.map_or(f64::INFINITY, |mbps| mbps * 1e6 / 8.0);
            let resource = match self.links.get(&(link, number)) {
                Some(&known) => known,
                None => {
                    let new = self.resource(capacity, true);
                    self.links.insert((link, number), new);
                    new
                }
            };
            over.push(resource);
            narrowest = f64::min(narrowest, capacity);
            penalty += WEIGHT_OF_BANDWIDTH / capacity;
        }
        over.extend(self.disk(to, true));
        let latency = if from == to { SimDuration::ZERO } else { self.network.path(a.node as usize, b.node as usize).latency };
        match self.scenario.network.sharing {
            // There and back: the request, and the first byte.
            Sharing::Fair => Route { over, delay: latency + latency, narrowest: f64::INFINITY, penalty: 1.0 },
            Sharing::Simgrid => Route {
                over,
                delay: SimDuration(libm::rint(latency.0 as f64 * LATENCIES) as u64),
                narrowest,
                penalty: if latency > SimDuration::ZERO { latency.as_s() + penalty } else { 1.0 },
            },
        }
    }
}

impl Supply {
    /// The supply of a validated scenario; empty without images.
    pub(super) fn new(s: &Scenario, machines: &[Machine], hosts: &[HostSpec], network: &Network, controller: u32) -> Supply {
        let mut supply = Supply {
            images: Vec::new(),
            heads: Vec::new(),
            head_of: Vec::new(),
            source: Vec::new(),
            main: 0,
            copy: Vec::new(),
            load: Vec::new(),
            resources: Vec::new(),
            factors: if s.network.sharing == Sharing::Fair { FAIR } else { SIMGRID },
        };
        if s.images.is_empty() {
            return supply;
        }
        supply.images = s
            .images
            .iter()
            .map(|i| ImageSpec { id: i.id.clone(), size: bytes(i.size_mb), memory: bytes(i.memory_mb.unwrap_or(i.size_mb)) })
            .collect();
        let with = |role: Role| {
            let all = (0u32..).zip(machines);
            all.filter(|(_, m)| s.nodes[m.node as usize].is(role)).map(|(i, _)| i).collect::<Vec<u32>>()
        };
        let (mut registries, heads) = (with(Role::Registry), with(Role::HeadStore));
        if registries.is_empty() && heads.is_empty() {
            registries.push(controller);
        }
        let node = |machine: u32| machines[machine as usize].node as usize;
        let latency = |a: u32, b: u32| if a == b { SimDuration::ZERO } else { network.path(node(a), node(b)).latency };
        let nearest = |to: u32, of: &[u32]| (0u32..).zip(of).min_by_key(|&(i, &m)| (latency(m, to), i)).map_or(NONE, |(i, _)| i);
        let mut b =
            Builder { scenario: s, machines, network, resources: Vec::new(), links: BTreeMap::new(), disks: BTreeMap::new() };
        for &machine in &heads {
            let disk = s.nodes[node(machine)].disk_mb.map_or(u64::MAX, bytes);
            let registry = registries.get(nearest(machine, &registries) as usize).copied().unwrap_or(NONE);
            let download = match registry {
                // Within a machine nothing moves.
                _ if registry == NONE || registry == machine => {
                    Route { narrowest: f64::INFINITY, penalty: 1.0, ..Route::default() }
                }
                _ => b.route(registry, machine, &network.links(node(registry), [node(machine)])[&node(machine)]),
            };
            supply.heads.push(HeadSpec { machine, disk, registry, download });
        }
        supply.main = nearest(controller, &heads);
        let sources: &[u32] = if heads.is_empty() { &registries } else { &heads };
        let all_nodes: std::collections::BTreeSet<usize> = hosts.iter().map(|h| node(h.machine)).collect();
        let ways: Vec<_> = sources.iter().map(|&m| network.links(node(m), all_nodes.iter().copied())).collect();
        for host in hosts {
            let nearest = nearest(host.machine, sources);
            let source = sources[nearest as usize];
            supply.head_of.push(if heads.is_empty() { NONE } else { nearest });
            supply.source.push(source);
            let links: &[usize] = if source == host.machine { &[] } else { &ways[nearest as usize][&node(host.machine)] };
            let copy = b.route(source, host.machine, links);
            supply.copy.push(copy);
            let over = b.disk(host.machine, false);
            supply.load.push(Route { over, delay: SimDuration::ZERO, narrowest: f64::INFINITY, penalty: 1.0 });
        }
        supply.resources = b.resources;
        supply
    }

    /// What a transfer crosses.
    pub(super) fn route(&self, what: Transfer) -> &Route {
        match what {
            Transfer::Download { head, .. } => &self.heads[head as usize].download,
            Transfer::Copy { host, .. } => &self.copy[host as usize],
            Transfer::Load { host, .. } => &self.load[host as usize],
        }
    }

    /// What flows share.
    pub(super) fn roads(&self) -> Roads<'_> {
        Roads { resources: &self.resources, factors: self.factors }
    }

    /// The bytes that a transfer moves. A load reads as much as the image takes in memory.
    pub(super) fn bytes(&self, what: Transfer) -> u64 {
        let image = &self.images[what.image() as usize];
        if matches!(what, Transfer::Load { .. }) { image.memory } else { image.size }
    }

    /// The head store nearest to the controller, for a service that holds what it has not dispatched until its image is there.
    pub fn main_head(&self) -> Option<u32> {
        (!self.heads.is_empty()).then_some(self.main)
    }
}
