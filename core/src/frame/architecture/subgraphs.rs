//! Delegated, static sub-graphs: executors on the hosts start a job's next tasks, and no placer is asked after the start.
//!
//! A placer with the client invokes a leaf executor for each task that waits for none; one invocation takes it `invoke_ms`, one
//! after the other. Where more than `proxy_above` are to be invoked at once, a proxy does it for all in the time of one. Hosts
//! are chosen by the placement policy, on what the placer assigned itself and has not heard the end of.
//! When a task ends, its executor *becomes* the first of the tasks that it starts: this one is assigned to the same host, at no
//! cost, and waits for a slot there like any other. The engine on the machine invokes the others as a placer does, by the
//! placement policy on its own assignments. An executor becomes one task only: where one end starts tasks that waited for
//! different sets, all but the first are invoked. What the host is too small for is invoked too.
//! An engine is a single server, as every placer: the executors of one machine invoke one after the other too.
//! At a fan-in, which is a task that waits for several, the last executor to arrive goes on, after a question to the counter in
//! the store on the controller's machine and its answer (`ask` and `grant`). The questions of those before it hold nobody up and are
//! not modelled, nor is the data.
//! With I the time of an invocation and of the decision where (nothing by default: the measured 50 ms hold it), L the way
//! of a message, R the time of a hand-over (`local_us`) and M that of a control message, unloaded service times are: first
//! task I + L + run, a task that its parent's executor becomes R + run, the n-th of the others R + n I + L + run (all of
//! them R + I + L + run through the proxy); a fan-in adds 2 L + 2 M. Where M is more than R, the end of a task that the
//! same engine assigned holds the next up for M - R. An engine on the controller's machine reaches the store in no time.
//! Source: Wukong (Carver et al., SoCC 2020); 50 ms for an invocation, and the proxy above a fan-out of 10, as in its repository.

use std::collections::BTreeMap;

use super::spread::{PLACERS, Spread};
use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::engine::NONE;
use crate::frame::{Costs, JOB_MS, LOCAL_US, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "subgraphs",
    name: "Delegated: static sub-graphs (Wukong)",
    summary: "A task's executor goes on with the next task of its job on the same host and invokes the others itself.",
    source: "Wukong (Carver et al., SoCC 2020).",
    params: &[
        Param {
            name: "invoke_ms",
            label: "Time per invocation",
            unit: "ms",
            help: "How long a placer or an engine is busy with starting one executor; 50 ms in Wukong's measurements.",
            domain: Domain::Number { default: 50.0, min: 0.0, max: 1e6 },
        },
        Param {
            name: "proxy_above",
            label: "Proxy above",
            unit: "",
            help: "Where more than so many executors are to be started at once, a proxy starts all in the time of one.",
            domain: Domain::Integer { default: 10, min: 0, max: 1_000_000 },
        },
        LOCAL_US,
        PLACERS,
        decision_ms(0.0),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Subgraphs {
    invoke: SimDuration,
    proxy_above: usize,
    local: SimDuration,
    costs: Costs,
    spread: Spread,
    /// By ticket, the tasks of a fan-in that wait for the counter, and whether the executor that asked becomes one of them.
    counted: BTreeMap<u32, (Vec<Asked>, bool)>,
    tickets: u32,
}

impl Subgraphs {
    pub(super) fn new(args: Args<'_>) -> Subgraphs {
        Subgraphs {
            invoke: SimDuration::from_ms(args.number("invoke_ms")),
            proxy_above: args.integer("proxy_above") as usize,
            local: SimDuration::from_us(args.number("local_us")),
            costs: Costs::new(args),
            spread: Spread::new(args),
            counted: BTreeMap::new(),
            tickets: 0,
        }
    }

    /// The store's placer; the engines come after it, in the order of the hosts.
    fn store(&self, model: &Model) -> u32 {
        self.spread.count(model)
    }

    /// How many of the tasks that are to be invoked are invoked at once.
    fn at_once(&self, tasks: usize) -> usize {
        if tasks > self.proxy_above { tasks } else { tasks.min(1) }
    }

    /// An engine goes on from a task that ended on its host: it becomes the first of the next tasks and invokes the others.
    fn go_on(&self, frame: Frame<'_>, number: u32, placer: &mut Placer, tasks: &[Asked], becomes: bool, actions: &mut Vec<Action>) {
        let host = number - self.store(frame.model) - 1;
        let fits = |task: &Asked| placer.number_of(host).is_some_and(|own| placer.view.fits(own, &frame.ask(task.function)));
        match tasks.split_first() {
            Some((first, others)) if becomes && fits(first) => {
                placer.bound(frame.model, host, first.function);
                actions.push(Action::Assign { attempt: first.attempt, host });
                invoke_later(others, actions);
            }
            _ => invoke_later(tasks, actions),
        }
    }
}

/// Tasks that are to be invoked wait in the inbox, so that others get their turn between them.
fn invoke_later(tasks: &[Asked], actions: &mut Vec<Action>) {
    let last = tasks.len().saturating_sub(1);
    actions.extend(tasks.iter().enumerate().map(|(i, task)| Action::Again { attempt: task.attempt, more: i < last }));
}

impl Rules for Subgraphs {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let mut plans = self.spread.plans(model);
        plans.push(PlacerPlan { machine: model.controller, hosts: Vec::new() });
        let engine = |machine: u32| PlacerPlan { machine, hosts: (0..model.hosts.len() as u32).collect() };
        plans.extend(model.hosts.iter().map(|host| engine(host.machine)));
        plans
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.spread.route(model, client)
    }

    fn inner(&self) -> Option<SimDuration> {
        Some(self.local)
    }

    fn route_inner(&mut self, model: &Model, _: u32, host: u32, _: u32) -> u32 {
        self.store(model) + 1 + host
    }

    fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        match (tasks, message.host) {
            (0, _) => self.costs.message,
            (_, NONE) => SimDuration(self.invoke.0.saturating_add(self.costs.decision(self.at_once(tasks), placer.view.len()).0)),
            _ => SimDuration::ZERO,
        }
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
        match message.kind {
            MessageKind::Submit if message.host != NONE => {
                let becomes = message.words[0] > 0;
                let gates = &frame.workload.gates;
                let gate = tasks.first().and_then(|task| gates.of(task.invocation));
                if gate.is_none_or(|gate| gates.need(gate) < 2) {
                    return self.go_on(frame, number, placer, tasks, becomes, actions);
                }
                self.counted.insert(self.tickets, (tasks.to_vec(), becomes));
                actions.extend(tasks.iter().map(|task| Action::Await { attempt: task.attempt }));
                let words = [number, self.tickets];
                actions.push(Action::Tell { placer: self.store(frame.model), kind: MessageKind::Ask, words });
                self.tickets = self.tickets.wrapping_add(1);
            }
            MessageKind::Submit => {
                let (now, later) = tasks.split_at(self.at_once(tasks.len()));
                actions.extend(now.iter().map(|task| placer.assign(frame, task)));
                invoke_later(later, actions);
            }
            MessageKind::Ask => {
                let [engine, ticket] = message.words;
                actions.push(Action::Tell { placer: engine, kind: MessageKind::Grant, words: [ticket, 0] });
            }
            MessageKind::Grant => {
                let Some((mut tasks, becomes)) = self.counted.remove(&message.words[0]) else { return };
                tasks.retain(|task| frame.is_held(task));
                self.go_on(frame, number, placer, &tasks, becomes, actions);
            }
            _ => placer.hear(frame, message),
        }
    }
}
