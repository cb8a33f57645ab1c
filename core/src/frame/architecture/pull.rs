//! Centralized, late binding: tasks wait in one queue on the cloud controller until a host is known to have a free core.
//!
//! submit → placer's inbox → one queue; the placer pairs the first task with the host that has had a free core for longest, S for
//! each pair → assign → run → finish → the core is free again. Nothing waits at a host for cores, so that no core idles while a
//! task waits elsewhere, but a core idles for 2 L + S between two tasks: the most that a host can be busy is
//! E[run] / (E[run] + 2 L + S). The queue goes by `policies.order`; a task for which no host has enough free cores makes those
//! behind it wait. Unloaded service time: L + S + L + run.
//! Source: ExDe's `greedy`, where hosts pull from one queue; the central scheduler of Sparrow's simulator.

use std::collections::VecDeque;

use super::{Action, Asked, Frame, Held, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Entry};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "pull",
    name: "Centralized: late binding",
    summary: "One queue on the cloud controller; a task leaves it when a host has a free core.",
    source: "ExDe's greedy scheduler; the central scheduler of Sparrow's simulator.",
    params: &[decision_ms(0.5), JOB_MS, SCAN_US, MESSAGE_US],
    decides: &["policies.placement"],
};

#[derive(Clone)]
pub(crate) struct Pull {
    costs: Costs,
    waiting: Held,
    /// Hosts with free cores, by their number in the view, the one that has had some for longest first.
    free: VecDeque<u32>,
    /// By number, whether a host is among those.
    is_free: Vec<bool>,
}

impl Pull {
    pub(super) fn new(args: Args<'_>) -> Pull {
        Pull { costs: Costs::new(args), waiting: Held::default(), free: VecDeque::new(), is_free: Vec::new() }
    }

    fn begin(&mut self, placer: &Placer) {
        if self.is_free.is_empty() {
            self.is_free = vec![true; placer.view.len()];
            self.free = (0..placer.view.len() as u32).collect();
        }
    }

    /// Pairs tasks with hosts, as far as cores go.
    fn pair(&mut self, frame: Frame<'_>, placer: &mut Placer, actions: &mut Vec<Action>) {
        while let Some((place, task)) = self.waiting.front(frame) {
            let ask = frame.ask(task.function);
            let cores_free = |n: u32| u64::from(placer.view.millicores(n)).saturating_sub(placer.view.cores_asked(n));
            let fits = |&n: &u32| placer.view.fits(n, &ask) && cores_free(n) >= u64::from(ask.millicores);
            let Some(at) = self.free.iter().position(fits) else { return };
            let Some(number) = self.free.remove(at) else { return };
            let left = cores_free(number) - u64::from(ask.millicores);
            let host = placer.view.host(number);
            placer.bound(frame.model, host, task.function);
            actions.push(Action::Assign { attempt: task.attempt, host });
            // With cores left it goes behind the others.
            self.is_free[number as usize] = left > 0;
            if left > 0 {
                self.free.push_back(number);
            }
            self.waiting.serve(placer, place);
        }
    }
}

impl Rules for Pull {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        vec![PlacerPlan { machine: model.controller, hosts: (0..model.hosts.len() as u32).collect() }]
    }

    fn route(&mut self, _: &Model, _: u32, _: u32) -> u32 {
        0
    }

    fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        // To take a task into the queue, or to hear of an end, is a message; to pair is a decision.
        let may_be_first = self.waiting.is_empty() || !placer.order.is_fcfs();
        let pairs = match message.kind {
            MessageKind::Submit if may_be_first && (!self.free.is_empty() || self.is_free.is_empty()) => tasks,
            MessageKind::Finish => usize::from(!self.waiting.is_empty()),
            _ => 0,
        };
        self.costs.of(pairs, placer.view.len())
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
        self.begin(placer);
        match message.kind {
            MessageKind::Submit => {
                for task in tasks {
                    if placer.view.least_loaded(&frame.ask(task.function)).is_none() {
                        actions.push(Action::Reject { attempt: task.attempt });
                    } else {
                        self.waiting.push(frame, placer, *task);
                    }
                }
            }
            MessageKind::Finish => {
                placer.hear(frame, message);
                if let Some(number) = placer.number_of(message.host)
                    && !std::mem::replace(&mut self.is_free[number as usize], true)
                {
                    self.free.push_back(number);
                }
            }
            _ => placer.hear(frame, message),
        }
        self.pair(frame, placer, actions);
        // Those without a host wait. Only they are held: what is held when another architecture has taken over is gone at once.
        let answered = |task: &Asked| {
            let this =
                |a: &Action| matches!(a, Action::Assign { attempt, .. } | Action::Reject { attempt } if *attempt == task.attempt);
            actions.iter().any(this)
        };
        let waits: Vec<Action> =
            tasks.iter().filter(|task| !answered(task)).map(|task| Action::Hold { attempt: task.attempt }).collect();
        actions.extend(waits);
    }
}
