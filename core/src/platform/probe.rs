//! What a simulation tells whoever watches. What nobody watches costs nothing: a probe is a type parameter, and every method
//! does nothing unless a probe says otherwise.

use super::message::Message;
use super::task::{Accounting, Cause, Outcome, Phase};
use crate::frame::{Frame, Placer};
use crate::units::SimTime;

/// A change of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ContainerChange {
    /// It is being created for an invocation.
    Starting,
    /// It has started, and runs the invocation that it was created for.
    Ready,
    /// It was idle, and runs an invocation.
    Busy,
    /// It runs none, and is kept.
    Idle,
    /// It is removed because its keep-alive ran out.
    Expired,
    /// It is removed because another needs its memory.
    Evicted,
    /// It is being created ahead of an invocation.
    Prewarming,
    /// It is removed because what ran in it was killed.
    Killed,
}

/// A container that changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContainerEvent {
    /// The host.
    pub host: u32,
    /// Its cell on the host.
    pub cell: u32,
    /// Its function.
    pub function: u32,
    /// Its memory, in bytes.
    pub memory: u64,
    /// What changed.
    pub change: ContainerChange,
    /// Starting or pre-warming: when it will be ready. Idle: when it will expire.
    pub until: SimTime,
}

/// A place that keeps images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImagePlace {
    /// A head store, by its number.
    Head(u32),
    /// A host's disk.
    Disk(u32),
    /// A host's memory.
    Memory(u32),
}

/// A change of an image in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ImageChange {
    /// Its room is taken, and it is on its way.
    Coming,
    /// It is there.
    Here,
    /// It makes room for something else.
    Evicted,
}

/// An image that changed in a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageEvent {
    /// The place.
    pub place: ImagePlace,
    /// The image.
    pub image: u32,
    /// What it takes there, in bytes.
    pub bytes: u64,
    /// What changed.
    pub change: ImageChange,
}

/// A change at a placer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacerChange {
    /// A message came into the inbox.
    Waits,
    /// The oldest message left the inbox and is being decided.
    Decides,
    /// The decision ended.
    Done,
}

/// A placer that is about to answer.
#[derive(Clone, Copy)]
pub struct Decision<'a> {
    /// Everything as it is.
    pub frame: Frame<'a>,
    /// The placer's number in its architecture.
    pub number: u32,
    /// What it believes, and how it chooses.
    pub placer: &'a Placer,
    /// The message that it answers; nothing if its timer came.
    pub message: Option<&'a Message>,
}

/// A task that ended.
#[derive(Clone, Copy, Debug)]
pub struct TaskEnd<'a> {
    /// Its row in the workload.
    pub invocation: u32,
    /// How.
    pub outcome: Outcome,
    /// Why, where the outcome does not say it all.
    pub cause: Option<Cause>,
    /// Whether it started cold.
    pub cold: bool,
    /// How many attempts it took.
    pub attempts: u16,
    /// The host, or [`crate::engine::NONE`] if it never got to one.
    pub host: u32,
    /// When execution began; [`SimTime::NEVER`] if it never did.
    pub started: SimTime,
    /// When execution ended; [`SimTime::NEVER`] if it never did.
    pub finished: SimTime,
    /// Nanoseconds since submission.
    pub response_ns: u64,
    /// Nanoseconds by accounting phase; they add up to that.
    pub spent: &'a [u64; Accounting::COUNT],
}

/// Somebody who watches a simulation.
#[allow(unused_variables)]
pub trait Probe {
    /// Whether it wants to be told of every step: messages, phases between messages, decisions, and what placers do. If not, a run in
    /// which these take no time may leave them out and say [`Probe::passed`] instead.
    fn wants_steps(&self) -> bool {
        true
    }
    /// A message came to a placer, which answered it at once.
    fn passed(&mut self, now: SimTime, machine: u32, placer: (u16, u32)) {}
    /// An invocation arrived.
    fn arrived(&mut self, now: SimTime, invocation: u32) {}
    /// An attempt at an invocation entered a phase; the host is [`crate::engine::NONE`] before one is chosen.
    fn phase(&mut self, now: SimTime, invocation: u32, phase: Phase, host: u32) {}
    /// One more attempt runs or waits on a host, or one less.
    fn on_host(&mut self, now: SimTime, host: u32, more: bool) {}
    /// A message was sent.
    fn sent(&mut self, message: &Message) {}
    /// An invocation joined a host's queue.
    fn queued(&mut self, now: SimTime, host: u32, invocation: u32, function: u32) {}
    /// An invocation left a host's queue.
    fn unqueued(&mut self, now: SimTime, host: u32, invocation: u32) {}
    /// A placer reserved a place in a host's queue; the host knows it by a number.
    fn reserved(&mut self, now: SimTime, host: u32, reservation: u32, function: u32) {}
    /// A reserved place came up or was given up.
    fn unreserved(&mut self, now: SimTime, host: u32, reservation: u32) {}
    /// A container changed.
    fn container(&mut self, now: SimTime, event: &ContainerEvent) {}
    /// A container that serves more than one invocation, or did, serves so many now. Of the first and the last its changes tell.
    fn shared(&mut self, now: SimTime, host: u32, cell: u32, active: u32) {}
    /// An agent gives other shares of a function's requests to decentralized, federated and centralized. What holds for an agent
    /// and a function holds until its next change, or until another architecture takes over.
    fn weights(&mut self, now: SimTime, machine: u32, function: u32, weights: [f64; 3]) {}
    /// An architecture takes over, and the one before gets no more invocations.
    fn took_over(&mut self, now: SimTime) {}
    /// An image changed in a place.
    fn image(&mut self, now: SimTime, event: &ImageEvent) {}
    /// Something changed at a placer: on which machine, and which one (the architecture's instance and the number there).
    fn placer(&mut self, now: SimTime, machine: u32, placer: (u16, u32), change: PlacerChange) {}
    /// A placer is about to answer: what it sees now is what it decides on.
    fn decides(&mut self, decision: &Decision<'_>) {}
    /// An invocation looks for room on a host, or the platform for something else ([`crate::engine::NONE`]). What is removed or
    /// killed there at this instant, until the next such call, makes room for it.
    fn seeks(&mut self, now: SimTime, host: u32, invocation: u32) {}
    /// A task ended.
    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {}
}

impl Probe for () {}

/// A probe behind a pointer: one compiled engine serves all that need not be fast.
impl Probe for &mut dyn Probe {
    fn wants_steps(&self) -> bool {
        (**self).wants_steps()
    }
    fn passed(&mut self, now: SimTime, machine: u32, placer: (u16, u32)) {
        (**self).passed(now, machine, placer);
    }
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        (**self).arrived(now, invocation);
    }
    fn phase(&mut self, now: SimTime, invocation: u32, phase: Phase, host: u32) {
        (**self).phase(now, invocation, phase, host);
    }
    fn on_host(&mut self, now: SimTime, host: u32, more: bool) {
        (**self).on_host(now, host, more);
    }
    fn sent(&mut self, message: &Message) {
        (**self).sent(message);
    }
    fn queued(&mut self, now: SimTime, host: u32, invocation: u32, function: u32) {
        (**self).queued(now, host, invocation, function);
    }
    fn unqueued(&mut self, now: SimTime, host: u32, invocation: u32) {
        (**self).unqueued(now, host, invocation);
    }
    fn reserved(&mut self, now: SimTime, host: u32, reservation: u32, function: u32) {
        (**self).reserved(now, host, reservation, function);
    }
    fn unreserved(&mut self, now: SimTime, host: u32, reservation: u32) {
        (**self).unreserved(now, host, reservation);
    }
    fn container(&mut self, now: SimTime, event: &ContainerEvent) {
        (**self).container(now, event);
    }
    fn shared(&mut self, now: SimTime, host: u32, cell: u32, active: u32) {
        (**self).shared(now, host, cell, active);
    }
    fn image(&mut self, now: SimTime, event: &ImageEvent) {
        (**self).image(now, event);
    }
    fn weights(&mut self, now: SimTime, machine: u32, function: u32, weights: [f64; 3]) {
        (**self).weights(now, machine, function, weights);
    }
    fn took_over(&mut self, now: SimTime) {
        (**self).took_over(now);
    }
    fn placer(&mut self, now: SimTime, machine: u32, placer: (u16, u32), change: PlacerChange) {
        (**self).placer(now, machine, placer, change);
    }
    fn decides(&mut self, decision: &Decision<'_>) {
        (**self).decides(decision);
    }
    fn seeks(&mut self, now: SimTime, host: u32, invocation: u32) {
        (**self).seeks(now, host, invocation);
    }
    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        (**self).ended(now, end);
    }
}

impl<A: Probe, B: Probe> Probe for (A, B) {
    fn wants_steps(&self) -> bool {
        self.0.wants_steps() || self.1.wants_steps()
    }
    fn passed(&mut self, now: SimTime, machine: u32, placer: (u16, u32)) {
        self.0.passed(now, machine, placer);
        self.1.passed(now, machine, placer);
    }
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        self.0.arrived(now, invocation);
        self.1.arrived(now, invocation);
    }
    fn phase(&mut self, now: SimTime, invocation: u32, phase: Phase, host: u32) {
        self.0.phase(now, invocation, phase, host);
        self.1.phase(now, invocation, phase, host);
    }
    fn on_host(&mut self, now: SimTime, host: u32, more: bool) {
        self.0.on_host(now, host, more);
        self.1.on_host(now, host, more);
    }
    fn sent(&mut self, message: &Message) {
        self.0.sent(message);
        self.1.sent(message);
    }
    fn queued(&mut self, now: SimTime, host: u32, invocation: u32, function: u32) {
        self.0.queued(now, host, invocation, function);
        self.1.queued(now, host, invocation, function);
    }
    fn unqueued(&mut self, now: SimTime, host: u32, invocation: u32) {
        self.0.unqueued(now, host, invocation);
        self.1.unqueued(now, host, invocation);
    }
    fn reserved(&mut self, now: SimTime, host: u32, reservation: u32, function: u32) {
        self.0.reserved(now, host, reservation, function);
        self.1.reserved(now, host, reservation, function);
    }
    fn unreserved(&mut self, now: SimTime, host: u32, reservation: u32) {
        self.0.unreserved(now, host, reservation);
        self.1.unreserved(now, host, reservation);
    }
    fn container(&mut self, now: SimTime, event: &ContainerEvent) {
        self.0.container(now, event);
        self.1.container(now, event);
    }
    fn shared(&mut self, now: SimTime, host: u32, cell: u32, active: u32) {
        self.0.shared(now, host, cell, active);
        self.1.shared(now, host, cell, active);
    }
    fn image(&mut self, now: SimTime, event: &ImageEvent) {
        self.0.image(now, event);
        self.1.image(now, event);
    }
    fn weights(&mut self, now: SimTime, machine: u32, function: u32, weights: [f64; 3]) {
        self.0.weights(now, machine, function, weights);
        self.1.weights(now, machine, function, weights);
    }
    fn took_over(&mut self, now: SimTime) {
        self.0.took_over(now);
        self.1.took_over(now);
    }
    fn placer(&mut self, now: SimTime, machine: u32, placer: (u16, u32), change: PlacerChange) {
        self.0.placer(now, machine, placer, change);
        self.1.placer(now, machine, placer, change);
    }
    fn decides(&mut self, decision: &Decision<'_>) {
        self.0.decides(decision);
        self.1.decides(decision);
    }
    fn seeks(&mut self, now: SimTime, host: u32, invocation: u32) {
        self.0.seeks(now, host, invocation);
        self.1.seeks(now, host, invocation);
    }
    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        self.0.ended(now, end);
        self.1.ended(now, end);
    }
}
