//! Placers that stand with the clients and take turns, and random samples of the hosts that they see.

use super::{Args, Frame, Model, Placer, PlacerPlan};
use crate::registry::{Domain, Param};

/// How many placers there are, spread over the clients.
pub(super) const PLACERS: Param = Param {
    name: "placers",
    label: "Placers",
    unit: "",
    help: "How many in all, spread over the clients; at least one with each client.",
    domain: Domain::Integer { default: 10, min: 1, max: 10_000 },
};

/// How many hosts are asked.
pub(super) const D: Param = Param {
    name: "d",
    label: "Hosts asked per task",
    unit: "",
    help: "How many random hosts are probed; 2 is Sparrow's probe ratio, 1 is a random host.",
    domain: Domain::Integer { default: 2, min: 1, max: 1000 },
};

/// Placers on the clients' machines. Those of a client take turns with its jobs.
#[derive(Clone)]
pub(super) struct Spread {
    wanted: u32,
    /// How many placers there are, and clients.
    placers: u32,
    clients: u32,
    /// Per client, whose turn it is.
    turn: Vec<u32>,
}

impl Spread {
    /// From the arguments of an architecture that lists [`PLACERS`].
    pub(super) fn new(args: Args<'_>) -> Spread {
        Spread { wanted: args.integer("placers") as u32, placers: 0, clients: 0, turn: Vec::new() }
    }

    /// How many placers there are.
    pub(super) fn count(&self, model: &Model) -> u32 {
        self.wanted.max(model.clients.len() as u32)
    }

    /// The placers, each with all hosts in its view.
    pub(super) fn plans(&self, model: &Model) -> Vec<PlacerPlan> {
        let clients = model.clients.len() as u32;
        (0..self.count(model))
            .map(|i| PlacerPlan {
                machine: model.clients[(i % clients) as usize].machine,
                hosts: (0..model.hosts.len() as u32).collect(),
            })
            .collect()
    }

    /// The placer whose turn it is at a client.
    pub(super) fn route(&mut self, model: &Model, client: u32) -> u32 {
        if self.turn.is_empty() {
            self.clients = model.clients.len() as u32;
            self.placers = self.count(model);
            self.turn = vec![0; self.clients as usize];
        }
        // Placers client, client + clients, client + 2 clients, … stand with this client.
        let own = (self.placers - client).div_ceil(self.clients);
        let turn = &mut self.turn[client as usize];
        let placer = client + *turn * self.clients;
        *turn = (*turn + 1) % own;
        placer
    }
}

/// Different hosts of a placer's view, in random order.
#[derive(Clone, Default)]
pub(super) struct Sample {
    /// Their numbers in the view.
    pub(super) numbers: Vec<u32>,
}

impl Sample {
    /// Draws d different hosts that are large enough for a function, or all of them if there are fewer.
    pub(super) fn draw(&mut self, frame: Frame<'_>, placer: &mut Placer, function: u32, d: u64) {
        let ask = frame.ask(function);
        let sample = &mut self.numbers;
        sample.clear();
        let n = placer.view.len() as u64;
        // Few of many: draw until different. Otherwise shuffle.
        if d <= 64 && d * 4 < n {
            for _ in 0..d * 16 {
                let host = placer.chance.below(n) as u32;
                if sample.len() as u64 == d {
                    return;
                }
                if !sample.contains(&host) && placer.view.fits(host, &ask) {
                    sample.push(host);
                }
            }
            if sample.len() as u64 == d {
                return;
            }
            // Few fit: choose among those.
            sample.clear();
        }
        sample.extend((0..n as u32).filter(|&i| placer.view.fits(i, &ask)));
        let fitting = sample.len();
        let keep = fitting.min(d as usize);
        for i in 0..keep {
            let j = i + placer.chance.below((fitting - i) as u64) as usize;
            sample.swap(i, j);
        }
        sample.truncate(keep);
    }
}
