//! Centralized, early binding: one placer on the cloud controller decides for all hosts.
//!
//! submit → placer's inbox → decision → assign → host's queue → run → finish. The placer's view is exact for what it assigned,
//! late by one message for what ended. Unloaded service time: L + S + L + run. The placer is M/D/1 under Poisson arrivals.
//! Source: the push form of ExDe's central scheduler; 0.5 ms a decision is our default for serverless controllers.

use super::{Action, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Entry};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "centralized",
    name: "Centralized",
    summary: "One placer on the cloud controller sees all hosts and decides everything.",
    source: "ExDe's centralized scheduler; Borg, OpenWhisk's controller.",
    params: &[decision_ms(0.5), SCAN_US, MESSAGE_US],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Centralized {
    costs: Costs,
}

impl Centralized {
    pub(super) fn new(args: Args<'_>) -> Centralized {
        Centralized { costs: Costs::new(args) }
    }
}

impl Rules for Centralized {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        vec![PlacerPlan { machine: model.controller, hosts: (0..model.hosts.len() as u32).collect() }]
    }

    fn route(&mut self, _: &Model, _: u32, _: u32) -> u32 {
        0
    }

    fn cost(&self, kind: MessageKind, placer: &Placer) -> SimDuration {
        self.costs.of(kind, placer.view.len())
    }

    fn answer(&mut self, frame: Frame<'_>, _: u32, placer: &mut Placer, message: &Message, _: u8, actions: &mut Vec<Action>) {
        match message.kind {
            MessageKind::Submit => actions.push(match placer.place(&frame.ask(message.function)) {
                Some(host) => Action::Assign { attempt: message.attempt, host },
                None => Action::Reject { attempt: message.attempt },
            }),
            _ => placer.hear(message),
        }
    }
}
