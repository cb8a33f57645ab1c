//! From arrival to start, and from end to result, in one go.
//!
//! Where messages take no time, the one placer decides in no time, and nothing else is to happen at the instant, messages would be
//! made, queued and taken again with nothing between. Then the same happens in the same order without them: with the same
//! fingerprint, the same counts, and the same state after it. Whoever wants to be told of each step ([`Probe::wants_steps`]) gets
//! the messages.

use super::{Setup, Stage, State, frame};
use crate::engine::NONE;
use crate::frame::architecture::Rules;
use crate::platform::{Cause, MessageKind, Notice, Outcome, Phase, Probe};
use crate::units::SimTime;

impl State {
    /// Whether, under what holds now, everything between an arrival and its start and between an end and its result takes no time,
    /// and is the same for all.
    pub(super) fn takes_no_time(&self, setup: &Setup) -> bool {
        let Stage { scenario, model, .. } = &setup.stages[self.stage];
        let plain = self.instances.len() == 1 && self.instances.iter().all(|i| i.rules.is_plain() && i.placers.len() == 1);
        let instant = model.all_answer && model.network.is_instant() && !self.world.latencies_have_changed();
        let single = setup.workload.job.is_empty() && setup.workload.gates.is_empty();
        let nothing_more = self.world.estimates.is_none() && model.stealing.is_none() && model.supply.images.is_empty();
        let waits_for_ever = || model.functions.iter().all(|f| f.patience.is_none() && !f.request_too_large);
        plain && instant && single && nothing_more && setup.library.order(&scenario.policies.order).is_fcfs() && waits_for_ever()
    }

    /// Whether messages need not be made now.
    pub(super) fn passes<P: Probe>(&self, setup: &Setup, probe: &P) -> bool {
        let now = self.world.now;
        let alone = || self.next_arrival(setup) > now && self.world.queue.next_time() > now;
        self.at_once && !probe.wants_steps() && alone()
    }

    /// Whether the run goes on when so many tasks more have ended.
    fn goes_on(&self, setup: &Setup, ended: usize) -> bool {
        self.world.tasks.len() > ended || self.next_arrival(setup) < SimTime::NEVER
    }

    /// Whether nobody waits on the host of an attempt, and the run goes on when its task has ended: the placer does not hear of the
    /// last end.
    fn goes_on_beside(&self, setup: &Setup, attempt: u32) -> bool {
        self.goes_on(setup, 1) && self.world.hosts[self.world.attempts[attempt].host as usize].queue.is_empty()
    }

    /// An invocation arrives, and comes to its host.
    pub(super) fn start_at_once<P: Probe>(&mut self, setup: &Setup, invocation: u32, probe: &mut P) {
        let (model, workload) = (&setup.stages[self.stage].model, &*setup.workload);
        let function = workload.function[invocation as usize];
        let client = model.clients[usize::from(workload.client[invocation as usize])].machine;
        let machine = self.instances[0].placers[0].machine;
        self.world.arrives(probe, invocation);
        self.world.passes(MessageKind::Submit, client, machine);
        self.world.goes_through(Phase::AtPlacer, invocation, NONE);
        probe.passed(self.world.now, machine, (0, 0));
        self.world.happened += 1;
        let placer = &mut self.instances[0].placers[0];
        let frame = frame(setup, self.stage, &self.world, 0);
        let Some(host) = placer.place(frame, &frame.ask(function)) else {
            let attempt = self.world.comes_to_placer(invocation);
            let cause = Some(Cause::HostTooSmall);
            return self.world.refuse(model, workload, probe, attempt, Outcome::Rejected, cause, machine);
        };
        self.world.goes_through(Phase::InFlight, invocation, host);
        self.world.passes(MessageKind::Assign, machine, model.hosts[host as usize].machine);
        if let Some(container) = self.world.straight_to(model, host, function) {
            return self.world.run_straight(model, workload, probe, invocation, container);
        }
        let attempt = self.world.comes_to_placer(invocation);
        let a = &mut self.world.attempts[attempt];
        (a.host, a.dispatched) = (host, self.world.now);
        a.enter(Phase::InFlight, self.world.now);
        self.world.looks_for_room(model, workload, probe, attempt);
    }

    /// The placer hears of the containers that were removed: at once if nothing else is to happen now.
    #[inline]
    pub(super) fn notices_pass<P: Probe>(&mut self, setup: &Setup, probe: &mut P) {
        self.world.holds_notices = false;
        if !self.world.notices.is_empty() {
            self.pass_notices(setup, probe);
        }
    }

    #[inline(never)]
    fn pass_notices<P: Probe>(&mut self, setup: &Setup, probe: &mut P) {
        let model = &setup.stages[self.stage].model;
        // A run that is over goes no further.
        if !self.passes(setup, probe) || !self.goes_on(setup, 0) {
            return self.world.send_notices(model, probe);
        }
        let mut notices = std::mem::take(&mut self.world.notices);
        let placer = &mut self.instances[0].placers[0];
        for Notice { host, function, idle } in notices.drain(..) {
            self.world.passes(MessageKind::Removed, model.hosts[host as usize].machine, placer.machine);
            probe.passed(self.world.now, placer.machine, (0, 0));
            self.world.happened += 1;
            placer.hear_of_idle(host, function, idle);
        }
        self.world.notices = notices;
    }

    /// An execution ends. Its client and its placer hear at once, or by messages.
    pub(super) fn execution_ends<P: Probe>(&mut self, setup: &Setup, attempt: u32, probe: &mut P) {
        let (model, workload) = (&setup.stages[self.stage].model, &*setup.workload);
        self.world.holds_notices = self.passes(setup, probe);
        let stopped = self.world.stop_straight(model, workload, probe, attempt);
        // What was stolen before hosts ceased to steal is told of by another host than the one on which its placer believes it.
        let stolen = self.world.attempts[attempt].stolen;
        let passes = self.world.holds_notices && !stolen && self.passes(setup, probe) && self.goes_on_beside(setup, attempt);
        self.world.holds_notices = false;
        if !passes {
            if !self.world.notices.is_empty() {
                self.world.send_notices(model, probe);
            }
            return self.world.tell_of_end(model, workload, probe, attempt, stopped);
        }
        self.notices_pass(setup, probe);
        let a = &self.world.attempts[attempt];
        let (invocation, host, began) = (a.invocation as usize, a.host, a.dispatched);
        debug_assert!(a.hears == NONE && !a.bound && a.class == 0 && a.sticks == NONE, "a plain architecture does none of this");
        let completed = a.task != NONE && a.outcome == Outcome::Completed;
        let function = workload.function[invocation];
        let from = model.hosts[host as usize].machine;
        let idle = self.world.hosts[host as usize].idle_of(function);
        self.world.passes(MessageKind::Result, from, model.clients[usize::from(workload.client[invocation])].machine);
        if completed {
            self.world.hear_straight(probe, attempt);
        } else {
            self.world.client_hears(model, workload, probe, attempt);
        }
        let placer = &mut self.instances[0].placers[0];
        let machine = placer.machine;
        self.world.passes(MessageKind::Finish, from, machine);
        probe.passed(self.world.now, machine, (0, 0));
        self.world.happened += 1;
        placer.hear_of_end(frame(setup, self.stage, &self.world, 0), host, function, idle, began);
    }
}
