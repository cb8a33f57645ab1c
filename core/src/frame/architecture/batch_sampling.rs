//! Decentralized, batch sampling: a placer asks d m random hosts for the m tasks of a job, and sends the tasks to the least loaded of
//! them, each counting what it has been given of this job.
//!
//! submit → decision → d m probes → replies → assign. For a job of one task this is the power of d choices. Unloaded service
//! time: 3 L + S + run.
//! Source: Sparrow's batch sampling without late binding (Ousterhout et al., SOSP 2013, section 3.2).

use std::collections::BTreeMap;

use super::spread::{D, PLACERS, Sample, Spread};
use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Entry};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "batch_sampling",
    name: "Decentralized: batch sampling",
    summary: "A job asks d random hosts per task; its tasks share the shortest queues among them.",
    source: "Sparrow's batch sampling (Ousterhout et al., SOSP 2013).",
    params: &[D, PLACERS, decision_ms(0.1), JOB_MS, SCAN_US, MESSAGE_US],
    decides: &["policies.placement"],
};

/// The tasks of a job that came together, and what hosts have answered.
#[derive(Clone)]
struct Batch {
    tasks: Vec<Asked>,
    missing: usize,
    /// (load per core, whether it is cold, order of its reply, host, what one task more adds to its load per core): the least is
    /// best.
    replies: Vec<(u64, bool, usize, u32, u64)>,
}

#[derive(Clone)]
pub(crate) struct BatchSampling {
    costs: Costs,
    d: u64,
    spread: Spread,
    sample: Sample,
    /// By ticket.
    batches: BTreeMap<u32, Batch>,
    tickets: u32,
}

impl BatchSampling {
    pub(super) fn new(args: Args<'_>) -> BatchSampling {
        BatchSampling {
            costs: Costs::new(args),
            d: args.integer("d"),
            spread: Spread::new(args),
            sample: Sample::default(),
            batches: BTreeMap::new(),
            tickets: 0,
        }
    }

    fn submit(&mut self, frame: Frame<'_>, placer: &mut Placer, tasks: &[Asked], actions: &mut Vec<Action>) {
        let size = |t: &Asked| (frame.ask(t.function).memory, frame.ask(t.function).millicores);
        let Some(largest) = tasks.iter().max_by_key(|t| size(t)) else { return };
        self.sample.draw(frame, placer, largest.function, self.d.saturating_mul(tasks.len() as u64));
        let hosts = &self.sample.numbers;
        if hosts.is_empty() {
            return actions.extend(tasks.iter().map(|t| Action::Reject { attempt: t.attempt }));
        }
        let ticket = self.tickets;
        self.tickets = self.tickets.wrapping_add(1);
        actions.extend(tasks.iter().map(|t| Action::Await { attempt: t.attempt }));
        let function = tasks[0].function;
        actions.extend(hosts.iter().map(|&n| Action::Sound { host: placer.view.host(n), function, ticket }));
        self.batches.insert(ticket, Batch { tasks: tasks.to_vec(), missing: hosts.len(), replies: Vec::new() });
    }

    fn reply(&mut self, frame: Frame<'_>, message: &Message, actions: &mut Vec<Action>) {
        let Some(batch) = self.batches.get_mut(&message.ticket) else { return };
        let cores = u64::from(frame.model.hosts[message.host as usize].millicores).max(1);
        let each = 1_000_000_000 / cores;
        let order = batch.replies.len();
        batch.replies.push((u64::from(message.words[0]) * each, message.words[1] == 0, order, message.host, each));
        batch.missing -= 1;
        if batch.missing > 0 {
            return;
        }
        let Some(mut batch) = self.batches.remove(&message.ticket) else { return };
        for task in batch.tasks.iter().filter(|task| frame.is_held(task)) {
            let Some(best) = batch.replies.iter_mut().min() else { return };
            actions.push(Action::Assign { attempt: task.attempt, host: best.3 });
            best.0 += best.4;
        }
    }
}

impl Rules for BatchSampling {
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
            MessageKind::Submit => self.submit(frame, placer, tasks, actions),
            MessageKind::ProbeReply => self.reply(frame, message, actions),
            _ => {}
        }
    }
}
