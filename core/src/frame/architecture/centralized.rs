//! Centralized, early binding: one placer on the cloud controller decides for all hosts.
//!
//! submit → placer's inbox → decision → assign → host's queue → run → finish. The placer's view is exact for what it assigned,
//! late by one message for what ended. Unloaded service time: L + S + L + run. The placer is M/D/1 under Poisson arrivals.
//! With `view: exact` it sees every host as it is when it decides, and what is assigned and still on its way: what simulators
//! without a network assume, and a bound of what messages can tell.
//! Source: the push form of ExDe's central scheduler; 0.5 ms a decision is our default for serverless controllers.

use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "centralized",
    name: "Centralized",
    summary: "One placer on the cloud controller sees all hosts and decides everything.",
    source: "ExDe's centralized scheduler; Borg, OpenWhisk's controller.",
    params: &[
        decision_ms(0.5),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
        Param {
            name: "view",
            label: "Sees its hosts",
            unit: "",
            help: "How placement sees the hosts: through messages, as a real scheduler, or as they are, as simulators without a network.",
            domain: Domain::Word(&[
                ("messages", "by messages, which are late"),
                ("exact", "as they are at the instant of the decision"),
            ]),
        },
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Centralized {
    costs: Costs,
    exact: bool,
}

impl Centralized {
    pub(super) fn new(args: Args<'_>) -> Centralized {
        Centralized { costs: Costs::new(args), exact: args.is("view", "exact") }
    }
}

impl Rules for Centralized {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        vec![PlacerPlan { machine: model.controller, hosts: (0..model.hosts.len() as u32).collect() }]
    }

    fn exact(&self) -> bool {
        self.exact
    }

    fn is_plain(&self) -> bool {
        self.costs.are_zero()
    }

    fn route(&mut self, _: &Model, _: u32, _: u32) -> u32 {
        0
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
            MessageKind::Submit => actions.extend(tasks.iter().map(|task| placer.assign(frame, task))),
            _ => placer.hear(frame, message),
        }
    }
}
