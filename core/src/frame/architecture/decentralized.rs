//! Decentralized, power of d choices: independent placers on the clients' machines, each asking d random hosts per task.
//!
//! submit → decision → d probes → replies → the host with the shortest queue, of equals one with an idle container of the
//! function, then the first to answer. Replies may be stale by up to 2 L: two placers can choose the same host. With d = 1 the
//! host is random and nobody is asked. Unloaded service time: 3 L + S + run (L + S + run with d = 1).
//! Source: Mitzenmacher, 2001; Sparrow's per-task sampling (Ousterhout et al., SOSP 2013), whose probe ratio is 2.

use super::spread::{D, PLACERS, Sample, Spread};
use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Entry};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "decentralized",
    name: "Decentralized",
    summary: "Many placers, one or more with each client; each asks d random hosts and takes the shortest queue.",
    source: "Power of d choices (Mitzenmacher, 2001); per-task sampling in Sparrow (Ousterhout et al., 2013).",
    params: &[D, PLACERS, decision_ms(0.1), JOB_MS, SCAN_US, MESSAGE_US],
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
    spread: Spread,
    /// By attempt, the replies so far.
    open: Vec<Best>,
    sample: Sample,
}

impl Decentralized {
    pub(super) fn new(args: Args<'_>) -> Decentralized {
        Decentralized {
            costs: Costs::new(args),
            d: args.integer("d"),
            spread: Spread::new(args),
            open: Vec::new(),
            sample: Sample::default(),
        }
    }
}

impl Rules for Decentralized {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        self.spread.plans(model)
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.spread.route(model, client)
    }

    fn cost(&self, _: &Message, tasks: usize, _: &Placer) -> SimDuration {
        self.costs.of(tasks, self.d as usize)
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
            MessageKind::Submit => tasks.iter().for_each(|task| {
                self.sample.draw(frame, placer, task.function, self.d);
                match self.sample.numbers.as_slice() {
                    [] => actions.push(Action::Reject { attempt: task.attempt }),
                    [only] if self.d == 1 => actions.push(Action::Assign { attempt: task.attempt, host: placer.view.host(*only) }),
                    several => {
                        let best = Best { missing: several.len() as u32, rank: (u64::MAX, true), host: 0 };
                        let slot = task.attempt as usize;
                        if slot >= self.open.len() {
                            self.open.resize(slot + 1, best);
                        }
                        self.open[slot] = best;
                        actions.extend(
                            several.iter().map(|&number| Action::Probe { attempt: task.attempt, host: placer.view.host(number) }),
                        );
                    }
                }
            }),
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
