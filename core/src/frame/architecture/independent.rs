//! Decentralized, independent placers: each decides for all hosts by the placement policy, on what it knows itself, and asks nobody.
//!
//! submit → decision → assign → host's queue → run → finish. A placer sees what it assigned; with heartbeats it sees the load of
//! all hosts as it was when it was last published, to which it adds what it has assigned since, or nothing: then all placers
//! herd to the same hosts until the next one, which is as old as the interval and a message. Unloaded service time: L + S + run
//! with the placer at the client's machine.
//! With the placement `random` this is random placement, with `hashing` consistent hashing, with `least_loaded` and heartbeats
//! the stale view of distributed schedulers with a heartbeat.
//! Source: ExDe's `random` and `hash` placers; heartbeats as in YARN (1 s) and in the least-loaded simulator of Eagle's authors
//! (8 s).

use std::collections::BTreeMap;

use super::spread::{PLACERS, Spread};
use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "independent",
    name: "Decentralized: independent placers",
    summary: "Many placers decide on their own for all hosts, by the placement policy, on what they assigned or on old news.",
    source: "ExDe's random and hash placers; least-loaded placement on heartbeats as in YARN's opportunistic scheduling.",
    params: &[
        PLACERS,
        Param {
            name: "heartbeat_ms",
            label: "Loads published every",
            unit: "ms",
            help: "How often every placer is told the load of all hosts; 0 is never, and then it knows only what it assigned. YARN: 1,000.",
            domain: Domain::Number { default: 0.0, min: 0.0, max: 1e7 },
        },
        Param {
            name: "between",
            label: "Between two heartbeats",
            unit: "",
            help: "Whether a placer adds what it assigns to what it was told; if not, it sends everything to the same hosts until the next one.",
            domain: Domain::Word(&[("own", "adds what it assigns itself"), ("nothing", "adds nothing")]),
        },
        decision_ms(0.1),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Independent {
    costs: Costs,
    spread: Spread,
    heartbeat: SimDuration,
    adds_own: bool,
    /// Loads that were published and have not reached every placer: (placers to go, per host load and thousandths of cores).
    published: BTreeMap<u32, (u32, Vec<(u32, u64)>)>,
    version: u32,
    /// How much had happened when they were last published.
    happened: u64,
}

impl Independent {
    pub(super) fn new(args: Args<'_>) -> Independent {
        Independent {
            costs: Costs::new(args),
            spread: Spread::new(args),
            heartbeat: SimDuration::from_ms(args.number("heartbeat_ms")),
            adds_own: args.is("between", "own"),
            published: BTreeMap::new(),
            version: 0,
            happened: u64::MAX,
        }
    }

    fn beats(&self) -> bool {
        self.heartbeat > SimDuration::ZERO
    }

    /// A placer is told the loads of all hosts.
    fn told(&mut self, placer: &mut Placer, version: u32) {
        let Some((to_go, loads)) = self.published.get_mut(&version) else { return };
        for (number, &(load, millicores)) in loads.iter().enumerate() {
            placer.view.set_load(number as u32, load, millicores);
        }
        *to_go -= 1;
        if *to_go == 0 {
            self.published.remove(&version);
        }
    }
}

impl Rules for Independent {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let mut plans = self.spread.plans(model);
        if self.beats() {
            // Who publishes the loads; it places nothing.
            plans.push(PlacerPlan { machine: model.controller, hosts: Vec::new() });
        }
        plans
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.spread.route(model, client)
    }

    fn cost(&self, _: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        self.costs.of(tasks, placer.view.len())
    }

    fn answer(
        &mut self,
        frame: Frame<'_>,
        _: u32,
        placer: &mut Placer,
        message: &Message,
        tasks: &[Asked],
        actions: &mut Vec<Action>,
    ) {
        match message.kind {
            MessageKind::Submit => {
                for task in tasks {
                    let action = placer.assign(frame, task);
                    if let (Action::Assign { host, .. }, false) = (action, self.adds_own || !self.beats()) {
                        placer.unassign(frame, host, task.function);
                    }
                    actions.push(action);
                }
            }
            MessageKind::Heartbeat => self.told(placer, message.words[0]),
            // What ended is in the next heartbeat.
            MessageKind::Finish if self.beats() => placer.hear_of_idle(message.host, message.function, message.words[0]),
            _ => placer.hear(frame, message),
        }
    }

    fn timer(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, actions: &mut Vec<Action>) {
        let placers = self.spread.count(frame.model);
        if !self.beats() || number < placers || !placer.view.is_empty() {
            return;
        }
        let after = self.heartbeat.max(SimDuration::from_ms(1.0));
        if self.happened == frame.happened {
            return actions.push(Action::Rest { after });
        }
        self.happened = frame.happened;
        self.version = self.version.wrapping_add(1);
        let loads = frame.world.hosts.iter().map(|h| (h.load(), h.millicores_held)).collect();
        self.published.insert(self.version, (placers, loads));
        let words = [self.version, 0];
        actions.extend((0..placers).map(|placer| Action::Tell { placer, kind: MessageKind::Heartbeat, words }));
        actions.push(Action::Timer { after });
    }
}
