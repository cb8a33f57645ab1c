//! Decentralized, power of d choices: independent placers on the clients' machines, each asking d random hosts per task.
//!
//! submit → decision → d probes → replies → the host with the shortest queue, of equals one with an idle container of the
//! function, then the first to answer. Replies may be stale by up to 2 L: two placers can choose the same host. With d = 1 the
//! host is random and nobody is asked. Unloaded service time: 3 L + S + run (L + S + run with d = 1).
//! Source: Mitzenmacher, 2001; Sparrow's per-task sampling (Ousterhout et al., SOSP 2013), whose probe ratio is 2.

use super::{Action, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "decentralized",
    name: "Decentralized",
    summary: "Many placers, one or more with each client; each asks d random hosts and takes the shortest queue.",
    source: "Power of d choices (Mitzenmacher, 2001); per-task sampling in Sparrow (Ousterhout et al., 2013).",
    params: &[
        Param {
            name: "d",
            label: "Hosts asked per task",
            unit: "",
            help: "How many random hosts are probed; 2 is Sparrow's probe ratio, 1 is a random host.",
            domain: Domain::Integer { default: 2, min: 1, max: 1000 },
        },
        Param {
            name: "placers",
            label: "Placers",
            unit: "",
            help: "How many in all, spread over the clients; at least one with each client.",
            domain: Domain::Integer { default: 10, min: 1, max: 10_000 },
        },
        decision_ms(0.1),
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &["policies.placement"],
};

/// The best reply so far to the probes of one attempt.
#[derive(Clone, Copy)]
struct Best {
    missing: u32,
    /// Load per core, then whether it is cold: the least is best.
    rank: (u64, bool),
    host: u32,
}

#[derive(Clone)]
pub(crate) struct Decentralized {
    costs: Costs,
    d: u64,
    wanted: u32,
    /// How many placers there are, and clients.
    placers: u32,
    clients: u32,
    /// Per client, whose turn it is.
    turn: Vec<u32>,
    /// By attempt, the replies so far.
    open: Vec<Best>,
    sample: Vec<u32>,
}

impl Decentralized {
    pub(super) fn new(args: Args<'_>) -> Decentralized {
        Decentralized {
            costs: Costs::new(args),
            d: args.integer("d"),
            wanted: args.integer("placers") as u32,
            placers: 0,
            clients: 0,
            turn: Vec::new(),
            open: Vec::new(),
            sample: Vec::new(),
        }
    }

    /// d different hosts that are large enough, in random order.
    fn sample(&mut self, frame: Frame<'_>, placer: &mut Placer, function: u32) {
        let ask = frame.ask(function);
        self.sample.clear();
        let n = placer.view.len() as u64;
        // Few of many: draw until different. Otherwise shuffle.
        if self.d * 4 < n {
            for _ in 0..self.d * 16 {
                let host = placer.chance.below(n) as u32;
                if self.sample.len() as u64 == self.d {
                    return;
                }
                if !self.sample.contains(&host) && placer.view.fits(host, &ask) {
                    self.sample.push(host);
                }
            }
            if self.sample.len() as u64 == self.d {
                return;
            }
            // Few fit: choose among those.
            self.sample.clear();
        }
        self.sample.extend((0..n as u32).filter(|&i| placer.view.fits(i, &ask)));
        let fitting = self.sample.len();
        let keep = fitting.min(self.d as usize);
        for i in 0..keep {
            let j = i + placer.chance.below((fitting - i) as u64) as usize;
            self.sample.swap(i, j);
        }
        self.sample.truncate(keep);
    }
}

impl Rules for Decentralized {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let clients = model.clients.len() as u32;
        (0..self.wanted.max(clients))
            .map(|i| PlacerPlan {
                machine: model.clients[(i % clients) as usize].machine,
                hosts: (0..model.hosts.len() as u32).collect(),
            })
            .collect()
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        if self.turn.is_empty() {
            self.clients = model.clients.len() as u32;
            self.placers = self.wanted.max(self.clients);
            self.turn = vec![0; self.clients as usize];
        }
        // Placers client, client + clients, client + 2 clients, … stand with this client; they take turns.
        let own = (self.placers - client).div_ceil(self.clients);
        let turn = &mut self.turn[client as usize];
        let placer = client + *turn * self.clients;
        *turn = (*turn + 1) % own;
        placer
    }

    fn cost(&self, kind: MessageKind, _: &Placer) -> SimDuration {
        self.costs.of(kind, self.d as usize)
    }

    fn answer(&mut self, frame: Frame<'_>, _: u32, placer: &mut Placer, message: &Message, _: u8, actions: &mut Vec<Action>) {
        match message.kind {
            MessageKind::Submit => {
                self.sample(frame, placer, message.function);
                match self.sample.as_slice() {
                    [] => actions.push(Action::Reject { attempt: message.attempt }),
                    [only] if self.d == 1 => {
                        actions.push(Action::Assign { attempt: message.attempt, host: placer.view.host(*only) })
                    }
                    several => {
                        let best = Best { missing: several.len() as u32, rank: (u64::MAX, true), host: 0 };
                        let slot = message.attempt as usize;
                        if slot >= self.open.len() {
                            self.open.resize(slot + 1, best);
                        }
                        self.open[slot] = best;
                        actions.extend(
                            several
                                .iter()
                                .map(|&number| Action::Probe { attempt: message.attempt, host: placer.view.host(number) }),
                        );
                    }
                }
            }
            MessageKind::ProbeReply => {
                let best = &mut self.open[message.attempt as usize];
                let cores = u64::from(frame.model.hosts[message.host as usize].millicores);
                let rank = (u64::from(message.words[0]) * 1_000_000 / cores, message.words[1] == 0);
                if rank < best.rank {
                    (best.rank, best.host) = (rank, message.host);
                }
                best.missing -= 1;
                if best.missing == 0 {
                    actions.push(Action::Assign { attempt: message.attempt, host: best.host });
                }
            }
            _ => {}
        }
    }
}
