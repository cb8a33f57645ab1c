//! A serverless service: one placer holds invocations until their image is at the head store and a host has room for them, and
//! takes that room before it sends them.
//!
//! submit, processing → image at the head store? else *admitted*, until it is → *schedulable* → a round after every message:
//! for each schedulable invocation in order the placement policy names a host; there, with a free core, it starts in an idle
//! container, or in a new one if the image is in memory; else the next step towards that is taken (load, copy) and a core is
//! spoken for in this round, in the order in which they came or as the placement policy says. An invocation that finds no host is passed over, so that later ones may overtake it.
//!
//! What an invocation takes on a host is taken at the decision, and is free again when the service hears of its end, so that its
//! books are right whatever the latency. The default placement of the original's FCFS is `image_first`.
//!
//! Source: WRENCH's serverless compute service (Casanova et al.; version 2.9-dev): its loop, its greedy schedulers. There, a
//! head store without room ends the simulation; here the image waits for room, and one larger than the store is rejected.

use std::collections::VecDeque;

use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::engine::NONE;
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::platform::{ImageState, Phase};
use crate::policy::placement::{Nearness, PlacementPolicy, Plan};
use crate::registry::{Args, Entry};
use crate::units::{NS_PER_S, SimDuration};

pub(super) const ENTRY: Entry = Entry {
    kind: "service",
    name: "Serverless service",
    summary: "One service holds invocations, fetches their images, and sends each only where it can start at once.",
    source: "WRENCH's serverless compute service.",
    params: &[decision_ms(0.5), JOB_MS, SCAN_US, MESSAGE_US],
    decides: &["policies.order"],
};

#[derive(Clone)]
pub(crate) struct Service {
    costs: Costs,
    /// Those whose image is not at the head store yet, in order.
    admitted: Vec<(u32, VecDeque<Asked>)>,
    /// Those that could start, in the order in which they could.
    schedulable: VecDeque<Asked>,
    /// Places in `schedulable` of those that the last round wanted to bind, or that are gone.
    proposed: Vec<usize>,
    plan: Plan,
    /// Loads and copies of a round, which come after its bindings.
    loads: Vec<Action>,
    copies: Vec<Action>,
}

impl Service {
    pub(super) fn new(args: Args<'_>) -> Service {
        Service {
            costs: Costs::new(args),
            admitted: Vec::new(),
            schedulable: VecDeque::new(),
            proposed: Vec::new(),
            plan: Plan::default(),
            loads: Vec::new(),
            copies: Vec::new(),
        }
    }

    /// Takes an invocation in.
    fn submit(&mut self, frame: Frame<'_>, placer: &mut Placer, task: &Asked, actions: &mut Vec<Action>) {
        let attempt = task.attempt;
        let ask = frame.ask(task.function);
        if frame.model.oversized[task.function as usize] {
            // No host is large enough, and the scenario wants it dropped there.
            return actions.push(placer.assign(frame, task));
        }
        let sight = placer.sight(frame);
        if !(0..sight.len() as u32).any(|n| sight.fits(n, &ask)) {
            return actions.push(Action::Reject { attempt });
        }
        let held = *task;
        let image = frame.model.functions[task.function as usize].image;
        match frame.model.supply.main_head() {
            Some(head) if image != NONE && frame.world.heads[head as usize].store.state(image) != ImageState::Here => {
                match self.admitted.iter_mut().find(|(i, _)| *i == image) {
                    Some((_, waiting)) => waiting.push_back(held),
                    None => self.admitted.push((image, VecDeque::from([held]))),
                }
                actions.extend([Action::Admit { attempt }, Action::Download { image, head }]);
            }
            _ => {
                self.schedulable.push_back(held);
                actions.push(Action::Hold { attempt });
            }
        }
    }

    /// An image is at the head store: whoever waited for it could start.
    fn image_came(&mut self, image: u32, frame: Frame<'_>, actions: &mut Vec<Action>) {
        let Some(at) = self.admitted.iter().position(|(i, _)| *i == image) else { return };
        for held in self.admitted.remove(at).1 {
            if is(frame, held, Phase::Admitted) {
                actions.push(Action::Hold { attempt: held.attempt });
                self.schedulable.push_back(held);
            }
        }
    }

    fn round(&mut self, frame: Frame<'_>, placer: &mut Placer, actions: &mut Vec<Action>) {
        for place in self.proposed.drain(..).rev() {
            if !is(frame, self.schedulable[place], Phase::Schedulable) {
                self.schedulable.remove(place);
            }
        }
        if self.schedulable.is_empty() {
            return;
        }
        let functions = &frame.model.functions;
        let least = functions.iter().map(|f| f.millicores).min().unwrap_or(0);
        self.plan.clear(placer.view.len());
        let all = 0..placer.view.len() as u32;
        let mut open = all.filter(|&n| placer.sight(frame).cores_free(n) >= u64::from(least.max(1))).count();
        if open == 0 {
            return;
        }
        if placer.placement.wants_demand() {
            for held in &self.schedulable {
                let limit = functions[held.function as usize].time_limit.map_or(NS_PER_S, |limit| limit.0);
                self.plan.wants(held.function, limit);
            }
        }
        placer.begin_round(frame, &self.plan);
        for (place, &held) in self.schedulable.iter().enumerate() {
            if open == 0 {
                break;
            }
            // What came with this message is held only when the answer is carried out.
            if ![Phase::Schedulable, Phase::Admitted, Phase::AtPlacer].iter().any(|&phase| is(frame, held, phase)) {
                self.proposed.push(place);
                continue;
            }
            let attempt = held.attempt;
            let ask = frame.ask(held.function);
            let Some(number) = placer.choose(frame, &self.plan, &ask) else { continue };
            let sight = placer.sight(frame).with(&self.plan);
            if !sight.fits(number, &ask) || sight.cores_free(number) < u64::from(ask.millicores) {
                continue;
            }
            let nearness = sight.nearness(number, &ask);
            let host = sight.host(number);
            let image = functions[ask.function as usize].image;
            match nearness {
                Some(Nearness::Container | Nearness::InMemory) => {
                    if nearness == Some(Nearness::Container) {
                        self.plan.claim(number, ask.function);
                    }
                    self.proposed.push(place);
                    actions.push(Action::Bind { attempt, host });
                }
                Some(Nearness::OnDisk) => {
                    self.plan.load(number, image);
                    self.loads.push(Action::Load { image, host });
                }
                Some(Nearness::Nowhere) => {
                    self.plan.copy(number, image);
                    self.copies.push(Action::Copy { image, host });
                }
                Some(Nearness::ComingToMemory | Nearness::ComingToDisk) | None => {}
            }
            self.plan.book(number, ask.millicores);
            let left = placer.sight(frame).with(&self.plan).cores_free(number);
            open -= usize::from(left < u64::from(least.max(1)));
        }
        actions.append(&mut self.loads);
        actions.append(&mut self.copies);
    }
}

/// Whether an attempt that is held is the one that it was, and is in a phase.
fn is(frame: Frame<'_>, held: Asked, phase: Phase) -> bool {
    let a = &frame.world.attempts[held.attempt];
    (a.invocation, a.number, a.instance) == (held.invocation, held.number, frame.instance) && a.phase() == phase
}

impl Rules for Service {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        vec![PlacerPlan { machine: model.controller, hosts: (0..model.hosts.len() as u32).collect() }]
    }

    fn exact(&self) -> bool {
        true
    }

    fn stages(&self) -> bool {
        true
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
            MessageKind::Submit => tasks.iter().for_each(|task| self.submit(frame, placer, task, actions)),
            MessageKind::Staged if message.host == NONE => self.image_came(message.words[0], frame, actions),
            MessageKind::Finish => placer.hear(frame, message),
            _ => {}
        }
        self.round(frame, placer, actions);
    }
}
