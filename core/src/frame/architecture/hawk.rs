//! Hybrid: long jobs are placed centrally, short ones by late binding, and some hosts are kept for short tasks.
//!
//! A client knows how long its tasks are estimated to execute (the mean over those that come together). *Long*: submit → central
//! placer's inbox → decision → assign to the host of the general partition with the least estimated wait ([`super::long`]) → host's
//! queue → run → finish, which the central placer hears. *Short*: a placer with the client reserves places at d random hosts per
//! task, of all hosts, and a task is bound to a place when it comes up ([`super::late_binding`]). The last hosts, a share of
//! `short_only`, never get long tasks. A long task for which no host of the general partition is large enough is rejected.
//! Unloaded service times, with M the time of a control message: long L + S' + L + run, with the decision S' of the central placer;
//! short 3 L + S + M + run, with S of a placer at the client.
//! The paper's third part, stealing, belongs to the hosts, as a mechanism for any architecture
//! ([`crate::frame::mechanism::stealing`]): short tasks that stand behind a long one, which hosts can tell by their class (1 is long).
//! Source: Hawk (Delgado et al., USENIX ATC 2015). Its cut-offs were 90.6 s (Yahoo) and 1129.5 s (Google), its short partitions
//! 2 % and 17 % of the hosts.

use super::late_binding::{CANCELLATION, Reservations};
use super::long::{CENTRAL, CENTRAL_MS, CUTOFF_S, SHORT_ONLY, Split};
use super::spread::{D, PLACERS};
use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Entry};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "hawk",
    name: "Hybrid: long centrally, short by late binding (Hawk)",
    summary: "A central placer spreads long jobs; short ones reserve places at random hosts, some of which never get long tasks.",
    source: "Hawk (Delgado et al., USENIX ATC 2015); its stealing is a choice of its own.",
    params: &[CUTOFF_S, SHORT_ONLY, D, PLACERS, CANCELLATION, CENTRAL_MS, decision_ms(0.1), JOB_MS, SCAN_US, MESSAGE_US],
    decides: &["policies.placement"],
};

#[derive(Clone)]
pub(crate) struct Hawk {
    split: Split,
    reservations: Reservations,
}

impl Hawk {
    pub(super) fn new(args: Args<'_>) -> Hawk {
        Hawk { split: Split::new(args), reservations: Reservations::new(args) }
    }
}

impl Rules for Hawk {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        self.split.placers(model)
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.split.with_client(model, client)
    }

    fn route_job(&mut self, frame: Frame<'_>, client: u32, invocations: &[u32]) -> u32 {
        self.split.route_job(frame, client, invocations)
    }

    fn estimates(&self) -> bool {
        true
    }

    fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        self.split.cost(message, tasks, placer, self.reservations.d)
    }

    fn answer(
        &mut self,
        frame: Frame<'_>,
        number: u32,
        placer: &mut Placer,
        message: &Message,
        tasks: &[Asked],
        actions: &mut Vec<Action>,
    ) {
        match (number, message.kind) {
            (CENTRAL, _) => self.split.answer_centrally(frame, placer, message, tasks, actions, |_, _| {}),
            (_, MessageKind::Submit) => {
                self.reservations.submit(frame, placer, tasks, false, actions);
            }
            (_, MessageKind::GetTask) => {
                self.reservations.came_up(frame, placer, message, actions);
            }
            _ => {}
        }
    }
}
