//! The simulation: a scenario and a workload in, events out.
//!
//! A [`Simulation`] is a value. `Clone` gives a checkpoint: running the clone gives the same events again. It advances by
//! [`Simulation::step`], a budget of events at a time, and tells a [`Probe`] what happens.

mod at_once;
pub mod containers;
pub mod follow;
mod library;
pub mod life;
pub mod search;
pub mod stage;
pub mod why;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use library::Library;
pub use stage::{
    ContainerSpan, ContainerState, Flight, FlightKind, ImageSpan, Note, NoteKind, PlacerSpan, QueueSpan, StageProbe, StageWindow,
    record,
};

use crate::engine::{Class, NONE, Next};
use crate::frame::architecture::{Architecture, Rules};
use crate::frame::{Action, Asked, Frame, Placer};
use crate::platform::{
    Accounting, Cause, Decision, Event, EventKind, Host, Member, Message, MessageKind, Model, Opener, Outcome, Phase, PlacerChange,
    Probe, World,
};
use crate::policy::estimate::Estimates;
use crate::policy::keep_alive::{HostSetting, KeepAlive};
use crate::registry::{Args, Choice};
use crate::scenario::{Problem, Scenario, too_much_to_see, validate};
use crate::units::{NS_PER_S, SimDuration, SimTime};
use crate::workload::Workload;

/// So long after the last attempt has moved placers that go on talking lead nowhere, if one of them never answers again.
const LEADS_NOWHERE: SimDuration = SimDuration(600 * NS_PER_S);

/// A scenario made ready: everything that does not change from event to event, shared by all copies of a simulation.
#[derive(Debug)]
struct Setup {
    library: Library,
    workload: Arc<Workload>,
    /// The models before and after each change of the timeline, with the scenario of each.
    stages: Vec<Stage>,
}

impl Setup {
    /// A host's keep-alive policy in a stage.
    fn keep_alive(&self, stage: usize, host: usize) -> KeepAlive {
        let Stage { scenario, model, .. } = &self.stages[stage];
        let spec = &model.hosts[host];
        let id = model.machine_id(spec.machine);
        let setting = HostSetting { seed: model.seed, id, memory: spec.memory, workload: &self.workload };
        self.library.keep_alive(&scenario.policies.keep_alive, setting)
    }
}

impl Setup {
    /// Where estimates come from in a stage, if anybody asks for them there.
    fn estimates(&self, stage: usize) -> Option<Estimates> {
        let scenario = &self.stages[stage].scenario;
        let policies = &scenario.policies;
        let asked =
            !self.library.order(&policies.order).is_fcfs() || self.library.architecture(&scenario.frame.architecture).estimates();
        asked.then(|| Estimates::new(&policies.estimates, &self.workload, scenario.run.seed))
    }
}

#[derive(Debug)]
struct Stage {
    from: SimTime,
    scenario: Scenario,
    model: Model,
}

/// An architecture with its placers. A run has one, and one more for each time that the timeline changes the frame.
#[derive(Clone, Debug)]
struct Instance {
    rules: Architecture,
    placers: Vec<Placer>,
}

/// A run in progress.
#[derive(Clone, Debug)]
pub struct Simulation {
    setup: Arc<Setup>,
    state: State,
}

/// What changes from event to event.
#[derive(Clone, Debug)]
struct State {
    world: World,
    instances: Vec<Instance>,
    /// The next row of the workload.
    cursor: usize,
    /// The stage of the timeline that holds now.
    stage: usize,
    /// Whether messages and decisions take no time ([`at_once`]).
    at_once: bool,
    /// Kept to be used again: what an architecture wants done, and what it is asked about.
    actions: Vec<Action>,
    asked: Vec<Asked>,
}

/// What an architecture may look at.
fn frame<'a>(setup: &'a Setup, stage: usize, world: &'a World, instance: u16) -> Frame<'a> {
    let (model, workload) = (&setup.stages[stage].model, &*setup.workload);
    Frame { model, now: world.now, instance, happened: world.happened, world, workload }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Whether nothing more will happen.
    pub done: bool,
    /// The clock.
    pub now: SimTime,
    /// Events so far.
    pub events: u64,
    /// Invocations that have arrived.
    pub arrived: usize,
    /// Invocations in all; some that wait for others may never come.
    pub invocations: usize,
}

impl Simulation {
    /// Begins a run. Fails with every error that validation finds, and none if the scenario can run.
    pub fn new(scenario: &Scenario, workload: Arc<Workload>, library: &Library) -> Result<Simulation, Vec<Problem>> {
        let problems: Vec<Problem> = validate(scenario, &library.catalogue()).into_iter().filter(|p| !p.warning).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        // A trace has functions of its own, of which validation knows nothing.
        if let Some(problem) = too_much_to_see(scenario, workload.functions.len()) {
            return Err(vec![problem]);
        }
        let stages = stages(scenario, &workload);
        let setup = Arc::new(Setup { library: library.clone(), workload, stages });
        let hosts = setup.stages[0].model.hosts.iter().enumerate();
        let policies = &scenario.policies;
        let world = World::new(
            &setup.stages[0].model,
            &setup.workload,
            setup.estimates(0),
            hosts
                .map(|(i, h)| Host::new(h.slots, h.memory, h.disk, setup.keep_alive(0, i), setup.library.order(&policies.order)))
                .collect(),
        );
        let mut state =
            State { world, instances: Vec::new(), cursor: 0, stage: 0, at_once: false, actions: Vec::new(), asked: Vec::new() };
        state.world.begin_stealing(&setup.stages[0].model);
        state.begin_instance(&setup, &mut ());
        state.at_once = state.takes_no_time(&setup);
        Ok(Simulation { setup, state })
    }

    /// Handles up to `budget` events.
    pub fn step<P: Probe>(&mut self, budget: u64, probe: &mut P) -> Progress {
        let until = self.state.world.counters.events.saturating_add(budget);
        while self.state.world.counters.events < until && self.state.one(&self.setup, SimTime::NEVER, probe) {}
        self.progress()
    }

    /// Handles up to `budget` events before an instant. Answers whether everything before it has been handled.
    pub fn step_to<P: Probe>(&mut self, before: SimTime, budget: u64, probe: &mut P) -> bool {
        let until = self.state.world.counters.events.saturating_add(budget);
        while self.state.world.counters.events < until {
            if !self.state.one(&self.setup, before, probe) {
                return true;
            }
        }
        false
    }

    /// As [`Simulation::step`], for whoever looks back at a run: the engine is compiled once for all such probes, which keeps the page
    /// small, and is a little slower.
    pub(crate) fn watch(&mut self, budget: u64, mut probe: &mut dyn Probe) -> Progress {
        self.step(budget, &mut probe)
    }

    /// As [`Simulation::step_to`], in the same way.
    pub(crate) fn watch_to(&mut self, before: SimTime, budget: u64, mut probe: &mut dyn Probe) -> bool {
        self.step_to(before, budget, &mut probe)
    }

    /// Runs to the end.
    pub fn run<P: Probe>(&mut self, probe: &mut P) -> Progress {
        while self.state.one(&self.setup, SimTime::NEVER, probe) {}
        self.progress()
    }

    /// How far the run has come.
    pub fn progress(&self) -> Progress {
        Progress {
            done: self.state.next(&self.setup).is_none(),
            now: self.state.world.now,
            events: self.state.world.counters.events,
            arrived: self.state.world.counters.submitted as usize,
            invocations: self.setup.workload.len(),
        }
    }

    /// About how much of the work is done, from 0 to 1. Half of it is to let invocations in, half to bring them to their end; of
    /// those that wait for others many may never come, and then the clock may be further.
    pub fn fraction(&self) -> f64 {
        let workload = &self.setup.workload;
        let ended: u64 = self.state.world.counters.outcomes.iter().sum();
        let rows = (self.state.world.counters.submitted + ended) as f64 / (2 * workload.len().max(1)) as f64;
        let clock = if workload.gates.is_empty() { 0.0 } else { self.state.world.now.0 as f64 / workload.gates.until_ns() as f64 };
        rows.max(clock).min(1.0)
    }

    /// About how many bytes a copy takes, for whoever keeps checkpoints.
    pub fn size(&self) -> usize {
        let rules: usize = self.state.instances.iter().map(|i| i.rules.size()).sum();
        self.state.world.size() + rules + self.all_placers().map(|(_, p)| p.size()).sum::<usize>()
    }

    /// The state of everything simulated, to look at.
    pub fn world(&self) -> &World {
        &self.state.world
    }

    /// The compiled scenario as it holds now.
    pub fn model(&self) -> &Model {
        &self.setup.stages[self.state.stage].model
    }

    /// The scenario as it holds now.
    pub fn scenario(&self) -> &Scenario {
        &self.setup.stages[self.state.stage].scenario
    }

    /// What arrives.
    pub fn workload(&self) -> &Arc<Workload> {
        &self.setup.workload
    }

    /// The placers of the architecture that gets new invocations.
    pub fn placers(&self) -> &[Placer] {
        self.state.instances.last().map_or(&[], |i| &i.placers)
    }

    /// All placers, of architectures that went before too, each with its instance and number.
    pub(crate) fn all_placers(&self) -> impl Iterator<Item = ((u16, u32), &Placer)> {
        self.state.all_placers()
    }
}

impl State {
    fn all_placers(&self) -> impl Iterator<Item = ((u16, u32), &Placer)> {
        let instances = (0u16..).zip(&self.instances);
        instances.flat_map(|(instance, i)| (0u32..).zip(&i.placers).map(move |(number, placer)| ((instance, number), placer)))
    }

    /// The time of the next thing to happen, and the next event of the queue, or nothing at the end of the run: when every arrival has come, and every task has
    /// ended, so that no row comes that waits for others, or waits for what will never come (memory that may not be taken back). What is left then changes nothing. What
    /// would happen at the end of the clock, after 584 years, does not.
    fn next(&self, setup: &Setup) -> Option<(SimTime, Option<Next>)> {
        let arrival = self.next_arrival(setup);
        if arrival == SimTime::NEVER && self.is_over(setup) {
            return None;
        }
        let queued = self.world.queue.peek();
        let time = arrival.min(self.next_change(setup)).min(queued.map_or(SimTime::NEVER, |next| next.time));
        (time < SimTime::NEVER).then_some((time, queued))
    }

    /// Whether nothing more will happen, where nothing more arrives.
    fn is_over(&self, setup: &Setup) -> bool {
        let stuck = || {
            let talk_only = self.world.queue.len() == self.world.chatter && self.next_change(setup) == SimTime::NEVER;
            let waits = || self.world.waiting == self.world.attempts.len() || self.nobody_answers(setup);
            let stolen = || self.world.may_yet_steal(&setup.stages[self.stage].model, &setup.workload);
            talk_only && waits() && !stolen() || self.leads_nowhere(setup)
        };
        self.world.gates_opening == 0 && (self.world.tasks.is_empty() || stuck())
    }

    /// When the next row that has a time arrives, or never.
    #[inline]
    fn next_arrival(&self, setup: &Setup) -> SimTime {
        setup.workload.arrival_ns.get(self.cursor).map_or(SimTime::NEVER, |&ns| SimTime(ns))
    }

    /// When the timeline changes something next, or never.
    #[inline]
    fn next_change(&self, setup: &Setup) -> SimTime {
        setup.stages.get(self.stage + 1).map_or(SimTime::NEVER, |s| s.from)
    }

    /// Handles the next event, if there is one before an instant.
    fn one<P: Probe>(&mut self, setup: &Setup, before: SimTime, probe: &mut P) -> bool {
        let (arrival, queued) = (self.next_arrival(setup), self.world.queue.next_time());
        let other = self.next_change(setup).min(before);
        // Most of the time one comes alone, and before the run may be over.
        if arrival < queued && arrival < other {
            self.world.advance(arrival);
            self.world.counters.events += 1;
            self.world.happened += 1;
            self.arrival(setup, probe);
            return true;
        }
        if queued < arrival && queued < other && arrival < SimTime::NEVER {
            self.world.advance(queued);
            self.world.counters.events += 1;
            if let Some((_, event)) = self.world.queue.pop() {
                self.handle(setup, event, probe);
            }
            return true;
        }
        self.one_of_several(setup, before, probe)
    }

    /// The same where several things happen at the instant, where the timeline changes something, or at the end.
    #[inline(never)]
    fn one_of_several<P: Probe>(&mut self, setup: &Setup, before: SimTime, probe: &mut P) -> bool {
        let Some((time, queued)) = self.next(setup).filter(|&(time, _)| time < before) else { return false };
        self.world.advance(time);
        self.world.counters.events += 1;
        if self.next_change(setup) == time {
            self.world.happened += 1;
            self.change(setup, probe);
            return true;
        }
        let queued = queued.filter(|next| next.time == time);
        // At one instant completions come before arrivals unless the scenario says otherwise, and arrivals before messages and
        // timers.
        // What is always there is made before anybody arrives.
        let provision = self.world.counters.events == 1 && queued.is_some_and(|next| next.class == Class::Early);
        let early = setup.stages[self.stage].model.arrivals_first && !provision;
        let first = || early || queued.is_none_or(|next| next.class > Class::Completion);
        if self.next_arrival(setup) == time && first() {
            self.world.happened += 1;
            self.arrival(setup, probe);
        } else if let Some((_, event)) = self.world.queue.pop() {
            self.handle(setup, event, probe);
        }
        true
    }

    fn handle<P: Probe>(&mut self, setup: &Setup, event: Event, probe: &mut P) {
        let (model, workload) = (&setup.stages[self.stage].model, &*setup.workload);
        // What a delivery counts as depends on its message.
        let tells = !matches!(event.kind, EventKind::Delivery | EventKind::StealAgain) && !self.is_chatter(&event);
        self.world.happened += u64::from(tells);
        match event.kind {
            EventKind::ExecutionEnds if self.world.ends_now(event.id) => self.execution_ends(setup, event.id, probe),
            // It ended before.
            EventKind::ExecutionEnds => {}
            EventKind::ContainerReady => self.world.container_may_be_ready(model, workload, probe, event.id),
            EventKind::Expiry => self.world.expiry(model, workload, probe, event.id),
            EventKind::SharedEnds => self.world.shared_ends(model, workload, probe, event.id),
            EventKind::SharedLimit => self.world.shared_limit(model, workload, probe, event.id),
            EventKind::Provision => self.world.provision(model, workload, probe),
            EventKind::TransferBegins => self.world.transfer_begins(model, probe, event.id),
            EventKind::TransferEnds => self.world.transfers_end(model, workload, probe),
            EventKind::Reload => self.world.reload(model, workload, probe, event.id),
            EventKind::Delivery => self.deliver(setup, event.id, probe),
            EventKind::GateOpens => {
                self.world.gates_opening -= 1;
                let opener = self.world.openers.remove(&event.id);
                let rows = workload.gates.rows(event.id);
                let mut first = rows.start;
                while first < rows.end {
                    let wave = workload.wave(first, rows.end);
                    first = wave.end;
                    self.submit(setup, wave, opener, probe);
                }
            }
            EventKind::TryAgain => {
                if let Some(attempt) = self.world.try_again(event.id) {
                    self.send_to_placer(setup, &[attempt], None, probe);
                }
            }
            EventKind::PatienceEnds => self.world.patience_ends(model, workload, probe, event.id),
            EventKind::AnswerDue => self.answer_due(setup, event.id, probe),
            EventKind::QueueTimeout => self.world.queue_timeout(model, workload, probe, event.id),
            EventKind::DecisionEnds => {
                self.world.chatter -= usize::from(self.is_busy_with_chatter(event.epoch, event.id));
                if !model.answers(self.world.placer_machine(event.epoch, event.id)) {
                    return self.put_back(event.epoch, event.id, probe);
                }
                self.answer(setup, event.epoch, event.id, probe);
                self.serve(setup, event.epoch, event.id, probe);
            }
            EventKind::PlacerTimer => {
                self.world.chatter -= 1;
                self.timer(setup, event.epoch, event.id, probe);
            }
            EventKind::PlacerWakes => self.timer(setup, event.epoch, event.id, probe),
            EventKind::StealAgain => {
                self.world.chatter -= 1;
                self.world.steal_again(model, probe, event.id);
            }
        }
    }

    /// Whether an event only keeps placers talking.
    #[inline]
    fn is_chatter(&self, event: &Event) -> bool {
        match event.kind {
            EventKind::PlacerTimer => true,
            EventKind::Delivery => self.world.messages[event.id].kind.is_chatter(),
            EventKind::DecisionEnds => self.is_busy_with_chatter(event.epoch, event.id),
            _ => false,
        }
    }

    /// When something other than gossip happens next, if nothing but gossip waits at the placers.
    fn next_other(&self, setup: &Setup) -> Option<SimTime> {
        let is_chatter = |id: &u32| self.world.messages[*id].kind.is_chatter();
        if !self.all_placers().all(|(_, p)| !setup.stages[self.stage].model.answers(p.machine) || p.inbox.iter().all(is_chatter)) {
            return None;
        }
        // A host that is asked for work may part with some.
        let asks = |event: &Event| event.kind == EventKind::Delivery && self.world.messages[event.id].kind.asks_for_work();
        let queued =
            self.world.queue.iter().filter(|(_, event)| !self.is_chatter(event) || asks(event)).map(|(time, _)| time).min();
        let known = [self.next_arrival(setup), self.next_change(setup)].into_iter().filter(|&t| t < SimTime::NEVER);
        known.chain(queued).min()
    }

    /// Whether what could go on waits at placers that do not answer: those that do have only gossip to deal with.
    fn nobody_answers(&self, setup: &Setup) -> bool {
        let is_chatter = |id: &u32| self.world.messages[*id].kind.is_chatter();
        let idle = |p: &Placer| !setup.stages[self.stage].model.answers(p.machine) || p.inbox.iter().all(is_chatter);
        !setup.stages[self.stage].model.all_answer && self.all_placers().all(|(_, p)| idle(p))
    }

    /// Whether one that will not answer again holds everybody up, for as long as [`LEADS_NOWHERE`]: placers go on to wake and to ask
    /// each other, and nothing else will happen.
    fn leads_nowhere(&self, setup: &Setup) -> bool {
        let world = &self.world;
        let talk = |event: &Event| match event.kind {
            EventKind::PlacerTimer | EventKind::PlacerWakes | EventKind::DecisionEnds => true,
            EventKind::Expiry | EventKind::StealAgain => true,
            EventKind::Delivery => world.messages[event.id].attempt == NONE,
            _ => false,
        };
        let for_good = !setup.stages[self.stage].model.all_answer && self.next_change(setup) == SimTime::NEVER;
        for_good && world.now.since(world.moved) > LEADS_NOWHERE && world.queue.iter().all(|(_, event)| talk(event))
    }

    /// A decision ends at a placer that does not answer: it will be made anew.
    fn put_back<P: Probe>(&mut self, instance: u16, number: u32, probe: &mut P) {
        let placer = &mut self.instances[instance as usize].placers[number as usize];
        let Some(id) = placer.serving.take() else { return };
        placer.inbox.push_front(id);
        for change in [PlacerChange::Done, PlacerChange::Waits] {
            probe.placer(self.world.now, placer.machine, (instance, number), change);
        }
        let m = self.world.messages[id];
        for i in 0..if m.kind.brings_tasks() { self.world.tasks_of(&m) } else { 0 } {
            let member = self.world.task_of(&m, i);
            if self.world.is_live(member) {
                self.world.account(self.world.attempts[member.attempt].task, Accounting::PlacerQueue);
            }
        }
    }

    /// A client has waited for word of a placer: it withdraws the attempt and asks the next.
    fn answer_due<P: Probe>(&mut self, setup: &Setup, task: u32, probe: &mut P) {
        let Some(attempt) = self.world.unanswered(task) else { return };
        // An architecture that took it over may not say when a task has a host.
        let instance = usize::from(self.world.attempts[attempt].instance);
        if self.instances[instance].rules.answer_within().is_some() {
            let again = self.world.withdraw(&setup.stages[self.stage].model, &setup.workload, probe, attempt);
            self.send_to_placer(setup, &[again], None, probe);
        }
    }

    /// Whether a placer is busy with what it is told again and again.
    fn is_busy_with_chatter(&self, instance: u16, number: u32) -> bool {
        let serving = self.instances[instance as usize].placers[number as usize].serving;
        serving.is_some_and(|id| self.world.messages[id].kind.is_chatter())
    }

    /// The next invocation that has a time arrives, with those of its job that come with it.
    fn arrival<P: Probe>(&mut self, setup: &Setup, probe: &mut P) {
        let first = self.cursor as u32;
        let workload = &setup.workload;
        let wave = if workload.job.is_empty() { first..first + 1 } else { workload.wave(first, workload.len() as u32) };
        self.cursor = wave.end as usize;
        if self.passes(setup, probe) {
            self.world.holds_notices = true;
            self.start_at_once(setup, first, probe);
            return self.notices_pass(setup, probe);
        }
        self.submit(setup, wave, None, probe);
    }

    /// Invocations of one job arrive at their client, or on the host that starts them, and are sent to a placer.
    fn submit<P: Probe>(&mut self, setup: &Setup, rows: std::ops::Range<u32>, opener: Option<Opener>, probe: &mut P) {
        let model = &setup.stages[self.stage].model;
        if rows.len() == 1 {
            let attempt = self.world.arrive(model, &setup.workload, probe, rows.start);
            return self.send_to_placer(setup, &[attempt], opener, probe);
        }
        let attempts: Vec<u32> = rows.map(|row| self.world.arrive(model, &setup.workload, probe, row)).collect();
        self.send_to_placer(setup, &attempts, opener, probe);
    }

    /// A client, or the host that starts them, sends attempts, of one job if there are several, to a placer of the architecture
    /// that holds now.
    fn send_to_placer<P: Probe>(&mut self, setup: &Setup, attempts: &[u32], opener: Option<Opener>, probe: &mut P) {
        let model = &setup.stages[self.stage].model;
        let Some(&first) = attempts.first() else { return };
        let invocation = self.world.attempts[first].invocation;
        let function = setup.workload.function[invocation as usize];
        let client = u32::from(setup.workload.client[invocation as usize]);
        let instance = self.instances.len() - 1;
        let seen = frame(setup, self.stage, &self.world, instance as u16);
        let rules = &mut self.instances[instance].rules;
        let unanswered = self.world.tasks[self.world.attempts[first].task].unanswered;
        let elsewhere = if unanswered > 0 { rules.route_again(model, client, unanswered) } else { None };
        let placer = match (elsewhere, opener) {
            (Some(other), _) => other,
            (None, Some(Opener { host, .. })) => rules.route_inner(model, client, host, invocation),
            (None, None) if attempts.len() == 1 => rules.route_job(seen, client, &[invocation]),
            (None, None) => {
                let invocations: Vec<u32> = attempts.iter().map(|&attempt| self.world.attempts[attempt].invocation).collect();
                rules.route_job(seen, client, &invocations)
            }
        };
        // Where there is nobody else to ask, the client waits.
        let within = rules.answer_within().filter(|_| rules.route_again(model, client, unanswered + 1).is_some());
        let to = self.instances[instance].placers[placer as usize].machine;
        let mut bytes = 0u64;
        for &attempt in attempts {
            let a = &mut self.world.attempts[attempt];
            (a.instance, a.entry, a.placer) = (instance as u16, placer, placer);
            let function = setup.workload.function[a.invocation as usize];
            bytes = bytes.saturating_add(model.functions[function as usize].request_bytes);
            if let Some(within) = within {
                self.world.expect_answer(attempt, within);
            }
        }
        let wave = if attempts.len() == 1 { NONE } else { self.world.wave_of(attempts) };
        let (from, host) = match opener {
            Some(Opener { host, .. }) => (model.hosts[host as usize].machine, host),
            None => (model.clients[client as usize].machine, NONE),
        };
        let words = [u32::from(opener.is_some_and(|o| o.goes_on)), 0];
        let about = Message::about(MessageKind::Submit, from, to, first, &self.world.attempts[first]);
        let submit = Message { instance: instance as u16, placer, host, function, wave, words, ..about };
        self.world.send(model, probe, submit, bytes);
    }

    /// A message arrives.
    fn deliver<P: Probe>(&mut self, setup: &Setup, id: u32, probe: &mut P) {
        let (model, workload) = (&setup.stages[self.stage].model, &*setup.workload);
        let m = self.world.messages[id];
        self.world.digest.fold(self.world.now.0, 10 + m.kind as u8, m.from, m.to);
        let chatter = m.kind.is_chatter();
        self.world.chatter -= usize::from(chatter);
        self.world.happened += u64::from(!chatter);
        match m.kind {
            MessageKind::Assign => {
                self.world.messages.remove(id);
                let stale = self.world.is_stale(&m);
                if m.words[1] > 0 {
                    self.world.bound(model, m.words[1] - 1);
                }
                if !stale && self.world.attempts[m.attempt].bound {
                    self.world.begin(model, workload, probe, m.attempt);
                } else if !stale {
                    self.world.attempts[m.attempt].jumps = m.words[1] > 0;
                    self.world.receive(model, workload, probe, m.attempt);
                    self.world.may_steal(model, probe, m.host, true);
                }
                if m.words[1] > 0 {
                    self.world.dispatch(model, workload, probe, m.host);
                }
            }
            MessageKind::NoTask => {
                self.world.messages.remove(id);
                self.world.bound(model, m.words[1] - 1);
                self.world.dispatch(model, workload, probe, m.host);
            }
            MessageKind::Reserve => {
                self.world.messages.remove(id);
                self.world.reserve(model, workload, probe, &m);
                self.world.may_steal(model, probe, m.host, true);
            }
            MessageKind::Unreserve => {
                self.world.messages.remove(id);
                self.world.unreserve(model, workload, probe, &m);
            }
            MessageKind::Result | MessageKind::Refusal => {
                self.world.messages.remove(id);
                if !self.world.is_stale(&m) {
                    self.world.client_hears(model, workload, probe, m.attempt);
                }
            }
            MessageKind::Placed => {
                self.world.messages.remove(id);
                if !self.world.is_stale(&m) {
                    self.world.placed(m.attempt);
                }
            }
            MessageKind::Cancel => {
                self.world.messages.remove(id);
                if !self.world.is_stale(&m) {
                    self.world.cancel(model, workload, probe, &m);
                }
            }
            MessageKind::Probe => {
                self.world.messages.remove(id);
                let host = &self.world.hosts[m.host as usize];
                let words = [host.load(), host.idle_of(m.function)];
                let reply = Message { words, from: m.to, to: m.from, kind: MessageKind::ProbeReply, ..m };
                self.world.send(model, probe, reply, 0);
            }
            MessageKind::StealProbe => {
                self.world.messages.remove(id);
                self.world.tells_queue(model, workload, probe, &m);
            }
            MessageKind::StealReply => {
                self.world.messages.remove(id);
                self.world.steal_reply(model, probe, &m);
            }
            MessageKind::Steal => {
                self.world.messages.remove(id);
                self.world.stolen_from(model, workload, probe, &m);
            }
            MessageKind::Stolen => {
                self.world.messages.remove(id);
                self.world.loot(model, workload, probe, &m);
            }
            _ => {
                if m.kind.brings_tasks() && !self.taken_in(model, workload, id, probe) {
                    return self.world.forget(id);
                }
                probe.placer(self.world.now, m.to, (m.instance, m.placer), PlacerChange::Waits);
                self.instances[m.instance as usize].placers[m.placer as usize].inbox.push_back(id);
                self.serve(setup, m.instance, m.placer, probe);
            }
        }
    }

    /// A placer takes the tasks that a message brings into its inbox. Answers whether there are any.
    fn taken_in<P: Probe>(&mut self, model: &Model, workload: &Workload, message: u32, probe: &mut P) -> bool {
        let m = self.world.messages[message];
        let mut any = false;
        for i in 0..self.world.tasks_of(&m) {
            let Member { attempt, invocation, .. } = self.world.task_of(&m, i);
            let function = workload.function[invocation as usize];
            if self.world.attempts[attempt].cancelled {
                self.world.end_attempt(model, workload, probe, attempt);
            } else if model.functions[function as usize].request_too_large {
                self.world.refuse(model, workload, probe, attempt, Outcome::Rejected, Some(Cause::IngressLimit), m.to);
            } else {
                self.world.enter(probe, attempt, Phase::AtPlacer);
                self.world.account(self.world.attempts[attempt].task, Accounting::PlacerQueue);
                any = true;
            }
        }
        any
    }

    /// Lets a placer work: it takes messages from its inbox until one costs time or none is left.
    fn serve<P: Probe>(&mut self, setup: &Setup, instance: u16, number: u32, probe: &mut P) {
        loop {
            let Instance { rules, placers } = &mut self.instances[instance as usize];
            let placer = &mut placers[number as usize];
            if placer.serving.is_some() || !setup.stages[self.stage].model.answers(placer.machine) {
                return;
            }
            let Some(id) = placer.inbox.pop_front() else { return };
            let m = self.world.messages[id];
            let tasks = if m.kind.brings_tasks() { self.world.live_tasks(&m) } else { 0 };
            if m.kind.brings_tasks() && tasks == 0 {
                // Its client has given up: it leaves the inbox at no cost.
                self.world.forget(id);
                for change in [PlacerChange::Decides, PlacerChange::Done] {
                    probe.placer(self.world.now, placer.machine, (instance, number), change);
                }
                continue;
            }
            let cost = rules.cost(&m, tasks, placer);
            placer.serving = Some(id);
            placer.serving_since = self.world.now;
            placer.busy += cost;
            probe.placer(self.world.now, placer.machine, (instance, number), PlacerChange::Decides);
            rules.begins(frame(setup, self.stage, &self.world, instance), number, placer, &m);
            if tasks > 0 {
                for i in 0..self.world.tasks_of(&m) {
                    let member = self.world.task_of(&m, i);
                    if self.world.is_live(member) {
                        self.world.account(self.world.attempts[member.attempt].task, Accounting::Decision);
                    }
                }
            }
            if cost > SimDuration::ZERO {
                self.world.chatter += usize::from(m.kind.is_chatter());
                let event = Event::new(EventKind::DecisionEnds, instance, number);
                self.world.queue.push(self.world.now + cost, Class::Completion, event);
                return;
            }
            self.answer(setup, instance, number, probe);
        }
    }

    /// A placer's decision ends: its architecture answers.
    fn answer<P: Probe>(&mut self, setup: &Setup, instance: u16, number: u32, probe: &mut P) {
        let placer = &mut self.instances[instance as usize].placers[number as usize];
        let Some(id) = placer.serving.take() else { return };
        let m = self.world.messages[id];
        probe.placer(self.world.now, placer.machine, (instance, number), PlacerChange::Done);
        // A decision that takes no time is no event of its own.
        self.world.happened += u64::from(!m.kind.is_chatter());
        let about_tasks = m.kind.brings_tasks() || (m.kind == MessageKind::ProbeReply && m.attempt != NONE);
        let mut asked = std::mem::take(&mut self.asked);
        if about_tasks {
            let live = (0..self.world.tasks_of(&m)).map(|i| self.world.task_of(&m, i)).filter(|&member| self.world.is_live(member));
            asked.extend(live.map(|Member { attempt, invocation, number }| {
                let function = setup.workload.function[invocation as usize];
                Asked { attempt, invocation, number, function, hops: self.world.attempts[attempt].hops }
            }));
        }
        self.world.forget(id);
        if !about_tasks || !asked.is_empty() {
            if m.kind == MessageKind::Finish && m.words[1] > 0 {
                let model = &setup.stages[self.stage].model;
                self.world.release_bound(model, &setup.workload, probe, m.words[1] - 1);
            }
            let Instance { rules, placers } = &mut self.instances[instance as usize];
            let placer = &mut placers[number as usize];
            let mut actions = std::mem::take(&mut self.actions);
            let frame = frame(setup, self.stage, &self.world, instance);
            probe.decides(&Decision { frame, number, placer, message: Some(&m) });
            rules.answer(frame, number, placer, &m, &asked, &mut actions);
            self.carry_out(setup, instance, number, &actions, probe);
            actions.clear();
            self.actions = actions;
        }
        asked.clear();
        self.asked = asked;
        if m.kind == MessageKind::Staged && m.host == NONE {
            self.world.heard_of_image(&setup.stages[self.stage].model, probe, m.words[1], m.words[0]);
        }
    }

    fn timer<P: Probe>(&mut self, setup: &Setup, instance: u16, number: u32, probe: &mut P) {
        if usize::from(instance) + 1 < self.instances.len() {
            return; // another architecture took over
        }
        if !setup.stages[self.stage].model.answers(self.world.placer_machine(instance, number)) {
            // It comes again when the timeline changes something: the placer may answer then.
            let at = self.next_change(setup);
            if at < SimTime::NEVER {
                self.world.queue.push(at, Class::Timer, Event::new(EventKind::PlacerWakes, instance, number));
            }
            return;
        }
        let Instance { rules, placers } = &mut self.instances[instance as usize];
        let mut actions = std::mem::take(&mut self.actions);
        let (frame, placer) = (frame(setup, self.stage, &self.world, instance), &mut placers[number as usize]);
        probe.decides(&Decision { frame, number, placer, message: None });
        rules.timer(frame, number, placer, &mut actions);
        self.carry_out(setup, instance, number, &actions, probe);
        actions.clear();
        self.actions = actions;
        self.serve(setup, instance, number, probe);
    }

    /// Does what an architecture wants done.
    fn carry_out<P: Probe>(&mut self, setup: &Setup, instance: u16, number: u32, actions: &[Action], probe: &mut P) {
        let (model, workload) = (&setup.stages[self.stage].model, &*setup.workload);
        let from = self.instances[instance as usize].placers[number as usize].machine;
        let about = |world: &World, attempt: u32, kind: MessageKind, to: u32| {
            let a = &world.attempts[attempt];
            let function = workload.function[a.invocation as usize];
            Message { instance, placer: number, function, ..Message::about(kind, from, to, attempt, a) }
        };
        let mut together: Vec<u32> = Vec::new();
        for &action in actions {
            // What a placer that was replaced held has gone to who took over.
            let gone = |attempt: u32| self.world.attempts[attempt].instance != instance;
            let action = match action {
                Action::Give { attempt, host, reservation } if gone(attempt) => Action::NoTask { host, reservation },
                Action::Assign { attempt, .. }
                | Action::Again { attempt, .. }
                | Action::Conflict { attempt, .. }
                | Action::Offload { attempt, .. }
                | Action::Reject { attempt }
                | Action::GiveUp { attempt }
                    if gone(attempt) =>
                {
                    continue;
                }
                action => action,
            };
            match action {
                Action::Assign { attempt, host } | Action::Give { attempt, host, .. } => {
                    let a = &mut self.world.attempts[attempt];
                    (a.instance, a.placer, a.host, a.dispatched) = (instance, number, host, self.world.now);
                    let task = a.task;
                    self.world.enter(probe, attempt, Phase::InFlight);
                    self.world.account(task, Accounting::DispatchNetwork);
                    let assign = about(&self.world, attempt, MessageKind::Assign, model.hosts[host as usize].machine);
                    let bytes = model.functions[assign.function as usize].request_bytes;
                    self.world.sets_out(host, assign.function);
                    let slot = if let Action::Give { reservation, .. } = action { reservation + 1 } else { 0 };
                    self.world.send(model, probe, Message { host, words: [0, slot], ..assign }, bytes);
                    if task != NONE && self.instances[instance as usize].rules.answer_within().is_some() {
                        let client = workload.client[assign.invocation as usize];
                        let to = model.clients[usize::from(client)].machine;
                        let placed = about(&self.world, attempt, MessageKind::Placed, to);
                        self.world.send(model, probe, placed, 0);
                    }
                }
                Action::Bind { attempt, host } => {
                    let held = self.world.attempts[attempt].phase() == Phase::Schedulable;
                    if !held || !self.world.bind(model, workload, probe, attempt, host) {
                        continue;
                    }
                    let a = &mut self.world.attempts[attempt];
                    (a.instance, a.placer, a.dispatched) = (instance, number, self.world.now);
                    let task = a.task;
                    self.world.enter(probe, attempt, Phase::InFlight);
                    self.world.account(task, Accounting::DispatchNetwork);
                    let assign = about(&self.world, attempt, MessageKind::Assign, model.hosts[host as usize].machine);
                    self.instances[instance as usize].placers[number as usize].bound(model, host, assign.function);
                    let bytes = model.functions[assign.function as usize].request_bytes;
                    self.world.send(model, probe, Message { host, ..assign }, bytes);
                }
                Action::Admit { attempt } | Action::Hold { attempt } if usize::from(instance) + 1 < self.instances.len() => {
                    self.hand_over(setup, attempt, from, probe);
                }
                Action::Admit { attempt } => self.hold(probe, attempt, Phase::Admitted, Accounting::Staging),
                Action::Hold { attempt } => self.hold(probe, attempt, Phase::Schedulable, Accounting::PlacerQueue),
                Action::Download { image, head } => {
                    self.world.download_image(model, probe, head, image);
                }
                Action::Copy { image, host } => {
                    probe.seeks(self.world.now, host, NONE);
                    self.world.copy_image(model, workload, probe, host, image);
                }
                Action::Load { image, host } => {
                    probe.seeks(self.world.now, host, NONE);
                    self.world.load_image(model, workload, probe, host, image);
                }
                Action::Probe { attempt, host } => {
                    if self.world.attempts[attempt].phase() == Phase::AtPlacer {
                        let task = self.world.attempts[attempt].task;
                        self.world.enter(probe, attempt, Phase::Probing);
                        self.world.account(task, Accounting::DispatchNetwork);
                    }
                    let question = about(&self.world, attempt, MessageKind::Probe, model.hosts[host as usize].machine);
                    self.world.send(model, probe, Message { host, ..question }, 0);
                }
                Action::Offload { attempt, placer } => {
                    let a = &mut self.world.attempts[attempt];
                    (a.hops, a.placer) = (a.hops.saturating_add(1), placer);
                    let task = a.task;
                    self.world.enter(probe, attempt, Phase::Offloaded);
                    self.world.account(task, Accounting::Transfer);
                    let to = self.instances[instance as usize].placers[placer as usize].machine;
                    let offload = about(&self.world, attempt, MessageKind::Offload, to);
                    let bytes = model.functions[offload.function as usize].request_bytes;
                    self.world.send(model, probe, Message { placer, ..offload }, bytes);
                }
                Action::Tell { placer, kind, words } => {
                    let to = self.instances[instance as usize].placers[placer as usize].machine;
                    let word = Message { instance, placer, words, ..Message::new(kind, from, to) };
                    self.world.send(model, probe, word, 0);
                }
                Action::Weigh { function, shares } => {
                    probe.weights(self.world.now, from, function, shares.map(|share| f64::from(share) / 10_000.0));
                }
                Action::Report { attempt, placer } => self.world.attempts[attempt].hears = placer,
                Action::Classify { attempt, class } => self.world.attempts[attempt].class = class,
                Action::Rank { attempt, rank } => self.world.attempts[attempt].rank = rank,
                Action::Stick { attempt, ticket } => self.world.attempts[attempt].sticks = ticket,
                Action::Reserve { host, function, ticket, estimate_ns, minds } => {
                    let words = [(estimate_ns / 1000).min(u32::MAX.into()) as u32, u32::from(minds)];
                    let to = model.hosts[host as usize].machine;
                    let reserve = Message {
                        instance,
                        placer: number,
                        host,
                        function,
                        ticket,
                        words,
                        ..Message::new(MessageKind::Reserve, from, to)
                    };
                    self.world.send(model, probe, reserve, 0);
                }
                Action::Unreserve { host, ticket } => {
                    let to = model.hosts[host as usize].machine;
                    let unreserve =
                        Message { instance, placer: number, host, ticket, ..Message::new(MessageKind::Unreserve, from, to) };
                    self.world.send(model, probe, unreserve, 0);
                }
                Action::NoTask { host, reservation } => {
                    let to = model.hosts[host as usize].machine;
                    let words = [0, reservation + 1];
                    let no = Message { instance, placer: number, host, words, ..Message::new(MessageKind::NoTask, from, to) };
                    self.world.send(model, probe, no, 0);
                }
                Action::Sound { host, function, ticket } => {
                    let to = model.hosts[host as usize].machine;
                    let sound =
                        Message { instance, placer: number, host, function, ticket, ..Message::new(MessageKind::Probe, from, to) };
                    self.world.send(model, probe, sound, 0);
                }
                Action::Await { attempt } => self.hold(probe, attempt, Phase::Probing, Accounting::DispatchNetwork),
                Action::Again { attempt, more } => {
                    together.push(attempt);
                    if !more {
                        self.again(setup, instance, number, &together, probe);
                        together.clear();
                    }
                }
                Action::Conflict { attempt, wasted, more } => {
                    self.world.counters.conflicts += 1;
                    self.world.counters.wasted_ns += wasted.0;
                    together.push(attempt);
                    if !more {
                        self.again(setup, instance, number, &together, probe);
                        together.clear();
                    }
                }
                Action::Locked { time } => {
                    self.world.counters.locked_ns = self.world.counters.locked_ns.saturating_add(time.0);
                }
                Action::Reject { attempt } | Action::GiveUp { attempt } => {
                    let too_often = matches!(action, Action::GiveUp { .. });
                    let why = Some(if too_often { Cause::NotPlaced } else { Cause::HostTooSmall });
                    self.world.refuse(model, workload, probe, attempt, Outcome::Rejected, why, from);
                }
                Action::Timer { after } => self.set_timer(instance, number, after),
                Action::Wake { after } => {
                    let at = self.world.now + after.max(SimDuration(1));
                    self.world.queue.push(at, Class::Timer, Event::new(EventKind::PlacerWakes, instance, number));
                }
                Action::Rest { after } => {
                    let after = after.max(SimDuration(1));
                    let quiet = self.next_other(setup).map_or(SimDuration::ZERO, |next| next.since(self.world.now));
                    let rounds = quiet.0.div_ceil(after.0).max(1);
                    self.set_timer(instance, number, SimDuration(after.0.saturating_mul(rounds)));
                }
            }
        }
        self.again(setup, instance, number, &together, probe);
    }

    /// A placer puts attempts at the end of its own inbox, in one message. It does not start on it here: whoever answers goes on with
    /// its inbox.
    fn again<P: Probe>(&mut self, setup: &Setup, instance: u16, number: u32, attempts: &[u32], probe: &mut P) {
        let machine = self.instances[instance as usize].placers[number as usize].machine;
        let Some(&first) = attempts.first() else { return };
        for &attempt in attempts {
            let a = self.world.attempts[attempt];
            if a.phase() != Phase::AtPlacer {
                self.world.enter(probe, attempt, Phase::AtPlacer);
            }
            self.world.account(a.task, Accounting::PlacerQueue);
        }
        let a = &self.world.attempts[first];
        let function = setup.workload.function[a.invocation as usize];
        let about = Message::about(MessageKind::Submit, machine, machine, first, a);
        let wave = if attempts.len() == 1 { NONE } else { self.world.wave_of(attempts) };
        let (sent, arrives) = (self.world.now, self.world.now);
        let again = Message { instance, placer: number, function, wave, sent, arrives, ..about };
        let id = self.world.messages.insert(again);
        probe.placer(self.world.now, machine, (instance, number), PlacerChange::Waits);
        self.instances[instance as usize].placers[number as usize].inbox.push_back(id);
    }

    /// A placer holds an attempt.
    fn hold<P: Probe>(&mut self, probe: &mut P, attempt: u32, phase: Phase, accounting: Accounting) {
        let task = self.world.attempts[attempt].task;
        self.world.enter(probe, attempt, phase);
        self.world.account(task, accounting);
    }

    /// A placer of an architecture that has been replaced passes on what it holds to the one that took over.
    fn hand_over<P: Probe>(&mut self, setup: &Setup, attempt: u32, from: u32, probe: &mut P) {
        let (model, workload) = (&setup.stages[self.stage].model, &*setup.workload);
        let invocation = self.world.attempts[attempt].invocation;
        let function = workload.function[invocation as usize];
        let instance = self.instances.len() - 1;
        let seen = frame(setup, self.stage, &self.world, instance as u16);
        let client = u32::from(workload.client[invocation as usize]);
        let placer = self.instances[instance].rules.route_job(seen, client, &[invocation]);
        let to = self.instances[instance].placers[placer as usize].machine;
        let task = self.world.attempts[attempt].task;
        self.world.enter(probe, attempt, Phase::Offloaded);
        self.world.account(task, Accounting::Transfer);
        // Every architecture knows what to do with what a client submits.
        let a = &mut self.world.attempts[attempt];
        (a.instance, a.entry, a.placer) = (instance as u16, placer, placer);
        let about = Message::about(MessageKind::Submit, from, to, attempt, a);
        let submit = Message { instance: instance as u16, placer, function, ..about };
        self.world.send(model, probe, submit, model.functions[function as usize].request_bytes);
    }

    fn set_timer(&mut self, instance: u16, number: u32, after: SimDuration) {
        // A timer of no length would stop the clock.
        let at = self.world.now + after.max(SimDuration(1));
        self.world.chatter += 1;
        self.world.queue.push(at, Class::Timer, Event::new(EventKind::PlacerTimer, instance, number));
    }

    /// Sets up the architecture of the current stage; it gets all invocations from now on.
    fn begin_instance<P: Probe>(&mut self, setup: &Setup, probe: &mut P) {
        let Stage { scenario, model, .. } = &setup.stages[self.stage];
        let rules = setup.library.architecture(&scenario.frame.architecture);
        let instance = self.instances.len() as u16;
        let plans = rules.placers(model);
        // Placers are known by their number on their machine, so that one's chance stays when others come and go elsewhere.
        let mut on_machine: BTreeMap<u32, u32> = BTreeMap::new();
        let placers: Vec<Placer> = plans
            .iter()
            .map(|plan| {
                let policies = &scenario.policies;
                let policies = (setup.library.placement(&policies.placement), setup.library.order(&policies.order));
                let count = on_machine.entry(plan.machine).or_default();
                let id = format!("{}/{instance}/{count}", model.machine_id(plan.machine));
                *count += 1;
                Placer::new(plan, model, policies, &id, rules.exact())
            })
            .collect();
        // Placers that went before decide on what is still on its way to them.
        let counted = rules.exact() || self.instances.iter().any(|i| i.rules.exact());
        self.world.count_coming(counted, |invocation| setup.workload.function[invocation as usize]);
        if rules.wants_load_averages() {
            self.world.keep_load_averages();
        }
        self.world.placer_machines.push(placers.iter().map(|p| p.machine).collect());
        // A host tells the placer that sees it of the containers that it removes; where several see it, nobody keeps count.
        let mut seen = vec![0u32; self.world.hosts.len()];
        self.world.hosts.iter_mut().for_each(|host| host.reports_to = None);
        for (number, (plan, placer)) in (0u32..).zip(plans.iter().zip(&placers)) {
            for &host in &plan.hosts {
                seen[host as usize] += 1;
                let only = seen[host as usize] == 1;
                self.world.hosts[host as usize].reports_to = only.then_some((instance, number, placer.machine));
            }
        }
        self.world.stagers.clear();
        if rules.stages() {
            let hearers = (0u32..).zip(&placers).map(|(number, p)| (instance, number, p.machine));
            self.world.stagers.extend(hearers);
        }
        probe.took_over(self.world.now);
        let before = self.instances.len();
        self.world.inner.push(rules.inner());
        self.instances.push(Instance { rules, placers });
        let held = |phase| matches!(phase, Phase::Admitted | Phase::Schedulable);
        let held: Vec<u32> = self.world.attempts.iter().filter(|(_, a)| held(a.phase())).map(|(id, _)| id).collect();
        for attempt in held {
            let a = &self.world.attempts[attempt];
            let from = self.instances[a.instance as usize].placers[a.placer as usize].machine;
            self.hand_over(setup, attempt, from, probe);
        }
        let hears_free = self.instances[before].rules.hears_free();
        let hears_free = hears_free.map(|number| (instance, number, self.instances[before].placers[number as usize].machine));
        self.world.begin_telling_free(model, probe, hears_free);
        for number in 0..plans.len() as u32 {
            self.timer(setup, instance, number, probe);
        }
    }

    /// Lets the architecture go on with other parameters, if it is of the same kind and can.
    fn retune(&mut self, setup: &Setup, before: &Choice, now: &Choice) -> bool {
        let entry = setup.library.architecture_entry(&now.kind).filter(|_| before.kind == now.kind);
        let (Some(entry), Some(instance)) = (entry, self.instances.last_mut()) else { return false };
        instance.rules.retune(Args::new(now, entry))
    }

    /// The timeline's next change takes effect.
    fn change<P: Probe>(&mut self, setup: &Setup, probe: &mut P) {
        let before = &setup.stages[self.stage].scenario;
        self.stage += 1;
        let Stage { scenario, model, .. } = &setup.stages[self.stage];
        self.world.digest.fold(self.world.now.0, 2, self.stage as u32, NONE);
        if before.network != scenario.network || before.links != scenario.links {
            self.world.latencies_change();
            self.world.roads_change(model);
        }
        let estimates = setup.estimates(self.stage);
        let others = before.policies.estimates != scenario.policies.estimates;
        if others || estimates.is_some() != self.world.estimates.is_some() {
            self.world.estimates = estimates;
        }
        if before.policies.order != scenario.policies.order {
            // What waits keeps its place.
            let order = || setup.library.order(&scenario.policies.order);
            self.world.hosts.iter_mut().for_each(|host| host.order = order());
            self.instances.iter_mut().flat_map(|i| &mut i.placers).for_each(|placer| placer.order = order());
        }
        if before.policies.keep_alive != scenario.policies.keep_alive {
            for host in 0..self.world.hosts.len() as u32 {
                let policy = setup.keep_alive(self.stage, host as usize);
                self.world.change_keep_alive(model, &setup.workload, probe, host, policy);
            }
        }
        if before.frame.stealing != scenario.frame.stealing {
            self.world.begin_stealing(model);
        }
        if before.frame.architecture != scenario.frame.architecture
            && !self.retune(setup, &before.frame.architecture, &scenario.frame.architecture)
        {
            self.begin_instance(setup, probe);
        } else if before.policies.placement != scenario.policies.placement {
            for placer in self.instances.iter_mut().flat_map(|i| &mut i.placers) {
                placer.placement = setup.library.placement(&scenario.policies.placement);
            }
        }
        if !setup.stages[self.stage - 1].model.all_answer {
            // Those that answer again go on.
            let all: Vec<(u16, u32)> = self.all_placers().map(|(which, _)| which).collect();
            all.into_iter().for_each(|(instance, number)| self.serve(setup, instance, number, probe));
        }
        self.at_once = self.takes_no_time(setup);
        for host in 0..self.world.hosts.len() as u32 {
            // A policy on memory may let a waiting head in.
            self.world.dispatch(model, &setup.workload, probe, host);
        }
    }
}

/// The scenarios and models from the start and after each instant at which the timeline changes something.
fn stages(scenario: &Scenario, workload: &Workload) -> Vec<Stage> {
    let mut all: Vec<Stage> = Vec::new();
    for (at_s, scenario) in scenario.stages() {
        let from = SimTime::from_s(at_s);
        let stage = Stage { from, model: Model::new(&scenario, workload.functions.clone()), scenario };
        match all.last_mut().filter(|s| s.from == from && from > SimTime::ZERO) {
            Some(same) => *same = stage,
            None => all.push(stage),
        }
    }
    all
}
