//! From arrival to start, and from end to result, in one go.
//!
//! Where messages take no time, the one placer decides in no time, and nothing else is to happen at the instant, messages would be
//! made, queued and taken again with nothing between. Then the same happens in the same order without them: with the same
//! fingerprint, the same counts, and the same state after it. Whoever wants to be told of each step ([`Probe::wants_steps`]) gets
//! the messages.

use super::{Setup, Stage, State, frame};
use crate::engine::NONE;
use crate::frame::architecture::Rules;
use crate::frame::{Action, Asked};
use crate::platform::{Cause, MessageKind, Outcome, Phase, Probe};
use crate::units::SimTime;

impl State {
    /// Whether, under what holds now, everything between an arrival and its start and between an end and its result takes no time,
    /// and is the same for all.
    pub(super) fn takes_no_time(&self, setup: &Setup) -> bool {
        let Stage { scenario, model, .. } = &setup.stages[self.stage];
        let plain = self.instances.len() == 1 && self.instances.iter().all(|i| i.rules.is_plain() && i.placers.len() == 1);
        let instant = model.all_answer && model.network.is_instant() && !self.world.latencies_have_changed();
        let single = setup.workload.job.is_empty() && setup.workload.gates.is_empty();
        let nothing_more = self.world.estimates.is_none() && model.supply.images.is_empty();
        let waits_for_ever = || model.functions.iter().all(|f| f.patience.is_none() && !f.request_too_large);
        plain && instant && single && nothing_more && setup.library.order(&scenario.policies.order).is_fcfs() && waits_for_ever()
    }

    /// Whether messages need not be made now.
    pub(super) fn passes<P: Probe>(&self, setup: &Setup, probe: &P) -> bool {
        let now = self.world.now;
        let alone = || self.next_arrival(setup) > now && self.world.queue.peek().is_none_or(|next| next.time > now);
        self.at_once && !probe.wants_steps() && alone()
    }

    /// Whether nobody waits on the host of an attempt, and the run goes on when its task has ended: the placer does not hear of the
    /// last end.
    pub(super) fn goes_on_beside(&self, setup: &Setup, attempt: u32) -> bool {
        let goes_on = self.world.tasks.len() > 1 || self.next_arrival(setup) < SimTime::NEVER;
        goes_on && self.world.hosts[self.world.attempts[attempt].host as usize].queue.is_empty()
    }

    /// An invocation arrives, and comes to its host.
    pub(super) fn start_at_once<P: Probe>(&mut self, setup: &Setup, invocation: u32, probe: &mut P) {
        let (model, workload) = (&setup.stages[self.stage].model, &*setup.workload);
        let attempt = self.world.arrive(model, workload, probe, invocation);
        let function = workload.function[invocation as usize];
        let client = model.clients[usize::from(workload.client[invocation as usize])].machine;
        let machine = self.instances[0].placers[0].machine;
        let a = &mut self.world.attempts[attempt];
        (a.instance, a.entry, a.placer) = (0, 0, 0);
        let number = a.number;
        self.world.passes(MessageKind::Submit, client, machine);
        self.world.goes_through(attempt, Phase::AtPlacer);
        probe.passed(self.world.now, machine, (0, 0));
        self.world.happened += 1;
        let asked = Asked { attempt, invocation, number, function, hops: 0 };
        let placer = &mut self.instances[0].placers[0];
        let Action::Assign { host, .. } = placer.assign(frame(setup, self.stage, &self.world, 0), &asked) else {
            let cause = Some(Cause::HostTooSmall);
            return self.world.refuse(model, workload, probe, attempt, Outcome::Rejected, cause, machine);
        };
        let a = &mut self.world.attempts[attempt];
        (a.host, a.dispatched) = (host, self.world.now);
        self.world.goes_through(attempt, Phase::InFlight);
        self.world.passes(MessageKind::Assign, machine, model.hosts[host as usize].machine);
        self.world.receive(model, workload, probe, attempt);
    }

    /// The client and the placer hear at once of an attempt that has stopped.
    pub(super) fn end_at_once<P: Probe>(&mut self, setup: &Setup, attempt: u32, probe: &mut P) {
        let (model, workload) = (&setup.stages[self.stage].model, &*setup.workload);
        let a = &self.world.attempts[attempt];
        let (invocation, host, began) = (a.invocation as usize, a.host, a.dispatched);
        debug_assert!(a.hears == NONE && !a.bound && a.class == 0 && a.sticks == NONE, "a plain architecture does none of this");
        let function = workload.function[invocation];
        let from = model.hosts[host as usize].machine;
        let idle = self.world.hosts[host as usize].idle_of(function);
        self.world.passes(MessageKind::Result, from, model.clients[usize::from(workload.client[invocation])].machine);
        self.world.client_hears(model, workload, probe, attempt);
        let machine = self.instances[0].placers[0].machine;
        self.world.passes(MessageKind::Finish, from, machine);
        probe.passed(self.world.now, machine, (0, 0));
        self.world.happened += 1;
        let placer = &mut self.instances[0].placers[0];
        placer.hear_of_end(frame(setup, self.stage, &self.world, 0), host, function, idle, began);
    }
}
