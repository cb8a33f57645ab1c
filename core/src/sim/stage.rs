//! What the stage shows: everything that happens in a window of simulated time, as intervals.
//!
//! Any instant of the window can be drawn exactly: what is on the stage at time t is every interval with from <= t < to.
//! The probe that records them stands below the types.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Simulation;
use crate::engine::NONE;
use crate::platform::{
    ContainerChange, ContainerEvent, ImageChange, ImageEvent, ImagePlace, ImageState, Message, MessageKind, Outcome, PlacerChange,
    Probe, TaskEnd, Transfer, Waiter,
};
use crate::units::SimTime;
use crate::workload::Workload;

/// Everything that the stage needs to draw any instant of a window.
///
/// Machines are numbered as [`Model`](super::Model) numbers them: the nodes in order, each block's machines in a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageWindow {
    /// Start of the window, in nanoseconds.
    pub from_ns: u64,
    /// End of the window, in nanoseconds.
    pub to_ns: u64,
    /// Whether the run ends in this window.
    pub last: bool,
    /// Messages on their way.
    pub flights: Vec<Flight>,
    /// Containers and their states.
    pub containers: Vec<ContainerSpan>,
    /// Invocations that wait in a host's queue, per host in order of arrival.
    pub queued: Vec<QueueSpan>,
    /// Messages that wait for a placer or are decided by it.
    pub placers: Vec<PlacerSpan>,
    /// Images in stores and in memory, and on their way there.
    pub images: Vec<ImageSpan>,
    /// Things worth a word on the stage.
    pub notes: Vec<Note>,
}

/// A message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flight {
    /// When it was sent, in nanoseconds.
    pub from_ns: u64,
    /// When it arrives, in nanoseconds.
    pub to_ns: u64,
    /// The machine that sent it.
    pub from: u32,
    /// The machine that gets it.
    pub to: u32,
    /// What it carries.
    pub kind: FlightKind,
    /// The invocation it is about; `u32::MAX` if none.
    pub invocation: u32,
    /// The function of that invocation.
    pub function: u32,
}

/// How a message is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum FlightKind {
    /// Carries an invocation towards a host.
    Invocation,
    /// Carries a result back to a client.
    Result,
    /// Carries an invocation to another zone.
    Offload,
    /// Carries only words between schedulers and hosts.
    Control,
}

/// A container in one state.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerSpan {
    /// When it entered the state, or began to serve so many, in nanoseconds; before the window for what was there at its start.
    pub from_ns: u64,
    /// When that ended; `u64::MAX` for what is still so at the end of the window.
    pub to_ns: u64,
    /// When it entered the state.
    pub since_ns: u64,
    /// The machine.
    pub host: u32,
    /// Its cell on the machine; cells are reused after removal.
    pub cell: u32,
    /// Its function.
    pub function: u32,
    /// Its memory, in MB.
    pub memory_mb: f32,
    /// The state.
    pub state: ContainerState,
    /// How many invocations it serves, or will once it has started.
    pub active: u32,
    /// For starting: when it will be ready. For idle: when it will expire, `u64::MAX` for never. For busy: `u64::MAX`.
    pub until_ns: u64,
}

/// States of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum ContainerState {
    /// Being created and initialised for an invocation: a cold start.
    Starting,
    /// Running at least one invocation.
    Busy,
    /// Kept alive for the next.
    Idle,
}

/// An invocation in a host's queue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueSpan {
    /// When it came, in nanoseconds.
    pub from_ns: u64,
    /// When it left; `u64::MAX` if still there at the end of the window.
    pub to_ns: u64,
    /// The machine.
    pub host: u32,
    /// The invocation, or `u32::MAX` for a place that a placer reserved.
    pub invocation: u32,
    /// Its function.
    pub function: u32,
}

/// A message at a placer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacerSpan {
    /// When it came or its decision began, in nanoseconds.
    pub from_ns: u64,
    /// When its decision began or ended; `u64::MAX` if still so at the end of the window.
    pub to_ns: u64,
    /// The machine that the placer is on.
    pub machine: u32,
    /// Whether it is being decided; else it waits in the inbox.
    pub deciding: bool,
}

/// An image in a place, or on its way there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageSpan {
    /// When it set out or came, in nanoseconds; the start of the window for what was so then.
    pub from_ns: u64,
    /// When it came or went; `u64::MAX` if still so at the end of the window.
    pub to_ns: u64,
    /// The machine.
    pub machine: u32,
    /// The machine that it comes from while it is on its way to a disk; `u32::MAX` otherwise.
    pub source: u32,
    /// The image.
    pub image: u32,
    /// What it takes there, in MB.
    pub mb: f32,
    /// Whether the place is the machine's memory; else it is its disk.
    pub in_memory: bool,
    /// The share of it that has come at the start, and at the end of the interval or of the window; 1 for what is there.
    pub share: [f32; 2],
}

/// Something worth a word on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// When, in nanoseconds.
    pub at_ns: u64,
    /// The machine.
    pub machine: u32,
    /// The container's cell, or `u32::MAX`.
    pub cell: u32,
    /// What happened.
    pub kind: NoteKind,
}

/// What a [`Note`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum NoteKind {
    /// A cold start begins.
    ColdStart,
    /// An idle container is removed to make room.
    Eviction,
    /// An idle container is removed because its keep-alive ran out.
    Expiry,
    /// An invocation is dropped or rejected.
    Lost,
    /// An invocation is sent to another zone.
    Offload,
    /// An image that nothing uses is removed to make room.
    ImageEviction,
    /// Another host takes over what waits here.
    Steal,
}

/// Records a [`StageWindow`] while a simulation runs through it.
#[derive(Clone, Debug)]
pub struct StageProbe {
    window: StageWindow,
    /// Per host and cell, the open container span.
    open_containers: Vec<Vec<u32>>,
    /// Per placer, the open spans of messages that wait, and the one that is decided. A machine may have several placers.
    open_placers: BTreeMap<(u16, u32), (VecDeque<u32>, u32)>,
    /// Open queue spans: (host, invocation) to span.
    /// By host, whether it is a reservation, and its number or invocation.
    open_queued: BTreeMap<(u32, bool, u32), u32>,
    /// Per place and image, the open span.
    open_images: BTreeMap<(ImagePlace, u32), u32>,
    /// Per head store, its machine and the one that it fetches from; per host, the one that it copies from.
    heads: Vec<(u32, u32)>,
    sources: Vec<u32>,
    /// Per host, its machine.
    machines: Vec<u32>,
    workload: Arc<Workload>,
}

/// Bytes as megabytes.
fn megabytes(bytes: u64) -> f32 {
    (bytes as f64 / 1e6) as f32
}

/// The most intervals of a kind that a window holds; a window that would hold more is cut short.
const MOST_INTERVALS: usize = 200_000;

/// Everything that happens from one instant to another, going on from a state not later than the first. The window is cut
/// short where it would hold too much; its `to_ns` says where.
pub fn record(mut past: Simulation, from: SimTime, to: SimTime) -> StageWindow {
    const BATCH: u64 = 5_000;
    while !past.watch_to(from, BATCH, &mut ()) {}
    let mut probe = StageProbe::new(&past, from);
    while !past.watch_to(to, BATCH, &mut probe) {
        if probe.is_full() {
            // Everything before the clock has been handled, and perhaps not all at it.
            let now = past.world().now;
            return probe.finish(&past, now, false);
        }
    }
    let last = past.progress().done;
    probe.finish(&past, to, last)
}

impl StageProbe {
    /// Begins a window at an instant up to which everything has been handled, with what is on the stage then.
    pub fn new(simulation: &Simulation, from: SimTime) -> StageProbe {
        let world = simulation.world();
        let model = simulation.model();
        let machines: Vec<u32> = model.hosts.iter().map(|h| h.machine).collect();
        let mut probe = StageProbe {
            window: StageWindow { from_ns: from.0, ..StageWindow::default() },
            open_containers: vec![Vec::new(); machines.len()],
            open_placers: BTreeMap::new(),
            open_queued: BTreeMap::new(),
            open_images: BTreeMap::new(),
            heads: model.supply.heads.iter().map(|h| (h.machine, h.registry)).collect(),
            sources: model.supply.source.clone(),
            machines,
            workload: Arc::clone(simulation.workload()),
        };
        let inboxes: BTreeSet<u32> = simulation.all_placers().flat_map(|(_, p)| p.inbox.iter().copied().chain(p.serving)).collect();
        for (id, message) in world.messages.iter() {
            if !inboxes.contains(&id) {
                probe.sent(message);
            }
        }
        for (index, host) in world.hosts.iter().enumerate() {
            for container in host.containers() {
                let c = &world.containers[container];
                let memory = model.functions[c.function as usize].memory;
                let state = match (c.starting, c.active) {
                    (true, _) => ContainerState::Starting,
                    (false, 0) => ContainerState::Idle,
                    _ => ContainerState::Busy,
                };
                let span = ContainerSpan {
                    from_ns: c.since.0,
                    to_ns: u64::MAX,
                    since_ns: c.since.0,
                    host: probe.machines[index],
                    cell: c.cell,
                    function: c.function,
                    memory_mb: megabytes(memory),
                    state,
                    active: c.active,
                    until_ns: c.until.0,
                };
                probe.open_container(index as u32, span);
            }
            for (_, waiter) in host.queue.iter(from) {
                match waiter {
                    Waiter::Attempt(attempt) => {
                        let a = &world.attempts[attempt];
                        let function = probe.workload.function[a.invocation as usize];
                        probe.queued(a.since, index as u32, a.invocation, function);
                    }
                    Waiter::Reservation(id) => {
                        let r = &world.reservations[id];
                        probe.reserved(from, index as u32, id, r.function);
                    }
                }
            }
        }
        probe.images_there(simulation, from);
        for (which, placer) in simulation.all_placers() {
            for &id in placer.serving.iter().chain(&placer.inbox) {
                probe.placer(world.messages[id].arrives, placer.machine, which, PlacerChange::Waits);
                if placer.serving == Some(id) {
                    probe.placer(placer.serving_since, placer.machine, which, PlacerChange::Decides);
                }
            }
        }
        probe
    }

    /// Whether the window holds so much that it should end here.
    pub fn is_full(&self) -> bool {
        self.window.flights.len().max(self.window.containers.len()).max(self.window.placers.len()).max(self.window.images.len())
            > MOST_INTERVALS
    }

    /// Ends the window at an instant to which the simulation has come.
    pub fn finish(mut self, simulation: &Simulation, to: SimTime, last: bool) -> StageWindow {
        for (place, image, share) in on_their_way(simulation, to) {
            if let Some(&open) = self.open_images.get(&(place, image)) {
                self.window.images[open as usize].share[1] = share;
            }
        }
        self.window.to_ns = to.0;
        self.window.last = last;
        self.window
    }

    fn open_container(&mut self, host: u32, span: ContainerSpan) {
        let (cells, cell) = (&mut self.open_containers[host as usize], span.cell as usize);
        if cells.len() <= cell {
            cells.resize(cell + 1, NONE);
        }
        cells[cell] = self.window.containers.len() as u32;
        self.window.containers.push(span);
    }

    /// Ends the span of a container, if there is one, and answers it.
    fn close_container(&mut self, now: SimTime, host: u32, cell: u32) -> Option<ContainerSpan> {
        let open = self.open_containers[host as usize].get_mut(cell as usize).filter(|open| **open != NONE)?;
        let span = &mut self.window.containers[std::mem::replace(open, NONE) as usize];
        span.to_ns = now.0;
        Some(*span)
    }

    /// What images there are at the start, and how much has come of those on their way.
    fn images_there(&mut self, simulation: &Simulation, from: SimTime) {
        let world = simulation.world();
        let supply = &simulation.model().supply;
        if supply.images.is_empty() {
            return;
        }
        let heads = (0u32..).zip(&world.heads).map(|(i, h)| (ImagePlace::Head(i), &h.store));
        let hosts = (0u32..).zip(&world.hosts);
        let hosts = hosts.flat_map(|(i, h)| [(ImagePlace::Disk(i), &*h.disk), (ImagePlace::Memory(i), &*h.memory)]);
        for (place, store) in heads.chain(hosts) {
            let in_memory = matches!(place, ImagePlace::Memory(_));
            for (image, state) in store.images() {
                let spec = &supply.images[image as usize];
                let bytes = if in_memory { spec.memory } else { spec.size };
                self.open_image(from, place, image, bytes, if state == ImageState::Here { 1.0 } else { 0.0 });
            }
        }
        for (place, image, share) in on_their_way(simulation, from) {
            if let Some(&open) = self.open_images.get(&(place, image)) {
                self.window.images[open as usize].share = [share, share];
            }
        }
    }

    /// An image is in a place, or on its way there if its share is less than one.
    fn open_image(&mut self, now: SimTime, place: ImagePlace, image: u32, bytes: u64, share: f32) {
        let (machine, source) = match place {
            ImagePlace::Head(head) => self.heads[head as usize],
            ImagePlace::Disk(host) => (self.machines[host as usize], self.sources[host as usize]),
            ImagePlace::Memory(host) => (self.machines[host as usize], NONE),
        };
        let source = if share < 1.0 && source != machine { source } else { NONE };
        self.open_images.insert((place, image), self.window.images.len() as u32);
        self.window.images.push(ImageSpan {
            from_ns: now.0,
            to_ns: u64::MAX,
            machine,
            source,
            image,
            mb: (bytes as f64 / 1e6) as f32,
            in_memory: matches!(place, ImagePlace::Memory(_)),
            share: [share, share],
        });
    }

    fn note(&mut self, now: SimTime, machine: u32, cell: u32, kind: NoteKind) {
        self.window.notes.push(Note { at_ns: now.0, machine, cell, kind });
    }
}

/// What is on its way at an instant: where to, the image, and the share of it that has come.
fn on_their_way(simulation: &Simulation, at: SimTime) -> impl Iterator<Item = (ImagePlace, u32, f32)> + '_ {
    let supply = &simulation.model().supply;
    simulation.world().transfers.to_go(at).map(|(what, left)| {
        let place = match what {
            Transfer::Download { head, .. } => ImagePlace::Head(head),
            Transfer::Copy { host, .. } => ImagePlace::Disk(host),
            Transfer::Load { host, .. } => ImagePlace::Memory(host),
        };
        let whole = supply.bytes(what) as f64;
        // Not quite all of it: it has not come.
        let share = if whole > 0.0 { 1.0 - left / whole } else { 0.0 };
        (place, what.image(), share.clamp(0.0, 0.999) as f32)
    })
}

impl Probe for StageProbe {
    fn sent(&mut self, m: &Message) {
        let kind = match m.kind {
            MessageKind::Submit | MessageKind::Assign => FlightKind::Invocation,
            MessageKind::Result => FlightKind::Result,
            MessageKind::Offload => FlightKind::Offload,
            // A reserved place that is stolen is no invocation.
            MessageKind::Stolen if m.attempt != NONE => FlightKind::Offload,
            _ => FlightKind::Control,
        };
        match m.kind {
            MessageKind::Offload => self.note(m.sent, m.from, NONE, NoteKind::Offload),
            MessageKind::Stolen => self.note(m.sent, m.from, NONE, NoteKind::Steal),
            _ => {}
        }
        let (from_ns, to_ns) = (m.sent.0, m.arrives.0);
        self.window.flights.push(Flight {
            from_ns,
            to_ns,
            from: m.from,
            to: m.to,
            kind,
            invocation: m.invocation,
            function: m.function,
        });
    }

    fn queued(&mut self, now: SimTime, host: u32, invocation: u32, function: u32) {
        self.open_queued.insert((host, false, invocation), self.window.queued.len() as u32);
        let host = self.machines[host as usize];
        self.window.queued.push(QueueSpan { from_ns: now.0, to_ns: u64::MAX, host, invocation, function });
    }

    fn unqueued(&mut self, now: SimTime, host: u32, invocation: u32) {
        if let Some(open) = self.open_queued.remove(&(host, false, invocation)) {
            self.window.queued[open as usize].to_ns = now.0;
        }
    }

    fn reserved(&mut self, now: SimTime, host: u32, reservation: u32, function: u32) {
        self.open_queued.insert((host, true, reservation), self.window.queued.len() as u32);
        let host = self.machines[host as usize];
        self.window.queued.push(QueueSpan { from_ns: now.0, to_ns: u64::MAX, host, invocation: NONE, function });
    }

    fn unreserved(&mut self, now: SimTime, host: u32, reservation: u32) {
        if let Some(open) = self.open_queued.remove(&(host, true, reservation)) {
            self.window.queued[open as usize].to_ns = now.0;
        }
    }

    fn container(&mut self, now: SimTime, e: &ContainerEvent) {
        let before = self.close_container(now, e.host, e.cell);
        let machine = self.machines[e.host as usize];
        let state = match e.change {
            ContainerChange::Starting => {
                self.note(now, machine, e.cell, NoteKind::ColdStart);
                ContainerState::Starting
            }
            ContainerChange::Prewarming => ContainerState::Starting,
            ContainerChange::Ready | ContainerChange::Busy => ContainerState::Busy,
            ContainerChange::Idle => ContainerState::Idle,
            ContainerChange::Expired => return self.note(now, machine, e.cell, NoteKind::Expiry),
            ContainerChange::Evicted | ContainerChange::Killed => return self.note(now, machine, e.cell, NoteKind::Eviction),
        };
        let active = match e.change {
            ContainerChange::Ready => before.map_or(1, |span| span.active),
            ContainerChange::Starting | ContainerChange::Busy => 1,
            _ => 0,
        };
        let span = ContainerSpan {
            from_ns: now.0,
            to_ns: u64::MAX,
            since_ns: now.0,
            host: machine,
            cell: e.cell,
            function: e.function,
            memory_mb: megabytes(e.memory),
            state,
            active,
            until_ns: e.until.0,
        };
        self.open_container(e.host, span);
    }

    fn shared(&mut self, now: SimTime, host: u32, cell: u32, active: u32) {
        let Some(before) = self.close_container(now, host, cell) else { return };
        self.open_container(host, ContainerSpan { from_ns: now.0, to_ns: u64::MAX, active, ..before });
    }

    fn image(&mut self, now: SimTime, e: &ImageEvent) {
        if let Some(open) = self.open_images.remove(&(e.place, e.image)) {
            let span = &mut self.window.images[open as usize];
            (span.to_ns, span.share[1]) = (now.0, 1.0);
        }
        match e.change {
            ImageChange::Coming => self.open_image(now, e.place, e.image, e.bytes, 0.0),
            ImageChange::Here => self.open_image(now, e.place, e.image, e.bytes, 1.0),
            ImageChange::Evicted => {
                let machine = match e.place {
                    ImagePlace::Head(head) => self.heads[head as usize].0,
                    ImagePlace::Disk(host) | ImagePlace::Memory(host) => self.machines[host as usize],
                };
                self.note(now, machine, NONE, NoteKind::ImageEviction);
            }
        }
    }

    fn placer(&mut self, now: SimTime, machine: u32, placer: (u16, u32), change: PlacerChange) {
        let (waiting, deciding) = self.open_placers.entry(placer).or_insert_with(|| (VecDeque::new(), NONE));
        let spans = &mut self.window.placers;
        let open = |deciding| PlacerSpan { from_ns: now.0, to_ns: u64::MAX, machine, deciding };
        match change {
            PlacerChange::Waits => {
                waiting.push_back(spans.len() as u32);
                spans.push(open(false));
            }
            PlacerChange::Decides => {
                if let Some(span) = waiting.pop_front() {
                    spans[span as usize].to_ns = now.0;
                }
                *deciding = spans.len() as u32;
                spans.push(open(true));
            }
            PlacerChange::Done => {
                if let Some(span) = spans.get_mut(*deciding as usize) {
                    span.to_ns = now.0;
                }
                *deciding = NONE;
            }
        }
    }

    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        if !matches!(end.outcome, Outcome::Completed) {
            let machine = self.machines.get(end.host as usize).copied().unwrap_or(NONE);
            self.note(now, machine, NONE, NoteKind::Lost);
        }
    }
}
