//! The state of everything simulated, and what can happen to it. Who decides stands in `frame`.

use std::collections::BTreeMap;

use super::host::{Container, Host};
use super::images::Head;
use super::load::LoadAverage;
use super::message::{Message, MessageKind};
use super::model::Model;
use super::probe::Probe;
use super::reservation::Reservation;
use super::steal::Thieves;
use super::task::{Accounting, Attempt, Cause, Outcome, Phase, Task};
use super::to_come::Rooms;
use super::transfer::Transfers;
use crate::engine::{Class, Digest, EventQueue, NONE, Slab};
use crate::policy::estimate::{Estimate, Estimates};
use crate::rng::noise;
use crate::units::{SimDuration, SimTime, product};
use crate::workload::Workload;

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EventKind {
    /// An attempt's execution ends.
    ExecutionEnds,
    /// An execution on a host that shares its cores may end.
    SharedEnds,
    /// An execution that shares its host's cores comes to its time limit.
    SharedLimit,
    /// An attempt's container is ready.
    ContainerReady,
    /// A placer's decision ends; the epoch is its instance.
    DecisionEnds,
    /// A message arrives.
    Delivery,
    /// A container may expire.
    Expiry,
    /// A placer's timer, which only keeps it talking; the epoch is its instance.
    PlacerTimer,
    /// A placer's timer on which tasks depend; the epoch is its instance.
    PlacerWakes,
    /// A function that was unloaded may be loaded again.
    Reload,
    /// The containers that functions always have are made.
    Provision,
    /// A transfer of an image begins to move.
    TransferBegins,
    /// A transfer of an image may end.
    TransferEnds,
    /// Rows that waited for others are submitted.
    GateOpens,
    /// A client tries again.
    TryAgain,
    /// A client gives up.
    PatienceEnds,
    /// An attempt has waited in a host's queue for as long as it may.
    QueueTimeout,
    /// A client has waited for word of a placer for as long as it does.
    AnswerDue,
    /// A host that has nothing to do asks others again.
    StealAgain,
}

/// An event: eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// Which of several of that number.
    pub epoch: u16,
    /// What it is about.
    pub id: u32,
}

impl Event {
    /// An event.
    pub fn new(kind: EventKind, epoch: u16, id: u32) -> Event {
        Event { kind, epoch, id }
    }
}

/// What is counted during a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters {
    /// Invocations that arrived.
    pub submitted: u64,
    /// Ended tasks, by [`Outcome`].
    pub outcomes: [u64; Outcome::ALL.len()],
    /// Ended tasks, by [`Cause`].
    pub causes: [u64; Cause::ALL.len()],
    /// Attempts after the first.
    pub retries: u64,
    /// Claims on hosts that were refused, each of one task, because another placer was faster.
    pub conflicts: u64,
    /// Nanoseconds that placers spent on those.
    pub wasted_ns: u64,
    /// Core-nanoseconds that were locked while placers thought about offers.
    pub locked_ns: u64,
    /// Attempts that clients withdrew, as their placer did not answer, and made anew elsewhere.
    pub withdrawn: u64,
    /// Attempts that were killed for others.
    pub killed: u64,
    /// Questions of idle hosts that were answered with something to do.
    pub thefts: u64,
    /// Results that came when their client had given up.
    pub late: u64,
    /// Cold starts.
    pub cold: u64,
    /// Warm starts.
    pub warm: u64,
    /// Containers made ahead of an invocation.
    pub prewarmed: u64,
    /// Idle containers removed for another.
    pub evictions: u64,
    /// Idle containers whose keep-alive ran out.
    pub expirations: u64,
    /// Messages sent, by [`MessageKind`].
    pub messages: [u64; MessageKind::ALL.len()],
    /// Transfers of images, by [`super::Transfer::kind`].
    pub transfers: [u64; 3],
    /// Their bytes.
    pub transferred_bytes: [u64; 3],
    /// Images removed for something else.
    pub image_evictions: u64,
    /// Events.
    pub events: u64,
    /// Nanoseconds in the system, summed over the tasks that ended.
    pub sojourn_ns: u128,
    /// The integral of the number of tasks in the system, in nanoseconds.
    pub in_system_ns: u128,
}

/// A task among those that travel in one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The attempt.
    pub attempt: u32,
    /// Its invocation; with `number` it tells a stale attempt from a new one in the same slot.
    pub invocation: u32,
    /// Which attempt at the invocation it is.
    pub number: u16,
}

/// Word of a container that a host has removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The host.
    pub(crate) host: u32,
    /// The container's function.
    pub(crate) function: u32,
    /// How many idle containers of the function the host has now.
    pub(crate) idle: u32,
}

/// Where a gate opened, if not at a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opener {
    /// The host on which the last of the rows ended that it waited for.
    pub(crate) host: u32,
    /// Whether that end opened no other gate before it.
    pub(crate) goes_on: bool,
}

/// Everything simulated.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The clock.
    pub now: SimTime,
    /// What happens next.
    pub queue: EventQueue<Event>,
    /// How many events of the queue only keep placers and idle hosts talking: timers, gossip, questions for work. When nothing else waits, nothing will change.
    pub(crate) chatter: usize,
    /// How much has happened besides that.
    pub(crate) happened: u64,
    /// When an attempt last went from one phase to another.
    pub(crate) moved: SimTime,
    /// What happened.
    pub digest: Digest,
    /// Tasks in the system.
    pub tasks: Slab<Task>,
    /// Their attempts.
    pub attempts: Slab<Attempt>,
    /// Messages on their way or in an inbox.
    pub messages: Slab<Message>,
    /// Containers.
    pub containers: Slab<Container>,
    /// Hosts.
    pub hosts: Vec<Host>,
    /// Counts.
    pub counters: Counters,
    /// Head stores.
    pub heads: Vec<Head>,
    /// Word of removed containers that has not been sent, as it may not have to be made into messages.
    pub(crate) notices: Vec<Notice>,
    /// Whether such word is held back until the end of what happens now, or until somebody sends a message.
    pub(crate) holds_notices: bool,
    /// Transfers of images.
    pub transfers: Transfers,
    /// The placers that hear when an image is in place: (instance, placer, machine).
    pub(crate) stagers: Vec<(u16, u32, u32)>,
    /// Tasks of one job that travel in one message.
    pub waves: Slab<Vec<Member>>,
    /// Places in hosts' queues that placers reserved.
    pub reservations: Slab<Reservation>,
    /// The placer that hears of free slots: (instance, placer, machine).
    pub(crate) hears_free: Option<(u16, u32, u32)>,
    /// What hosts do about stealing, where they steal or did.
    pub(super) thieves: Thieves,
    /// How long tasks are estimated to execute, if anybody asks.
    pub(crate) estimates: Option<Estimates>,
    /// By job, how many of its tasks have not ended.
    pub(super) job_left: Vec<u32>,
    /// Attempts that wait for room.
    pub(crate) waiting: usize,
    /// What stands in the queues of hosts: attempts, and places that were reserved and have not come up.
    pub(super) in_queues: usize,
    /// Functions that may be loaded again: (host, function).
    pub(super) reloads: Slab<(u32, u32)>,
    /// Per container slot, the time of the timer that counts.
    pub(super) armed: Vec<SimTime>,
    /// Machines of the placers, by instance.
    pub(crate) placer_machines: Vec<Vec<u32>>,
    /// The last arrival and the number of messages on paths where messages can take different times, so that none overtakes
    /// another.
    last_arrival: BTreeMap<(u32, u32), (SimTime, u64)>,
    /// Per gate of the workload, how many rows must still end; empty without gates.
    pub(crate) gates_left: Vec<u32>,
    /// Gates that will open at an instant that is known.
    pub(crate) gates_opening: u32,
    /// Of those, the ones that opened on a host.
    pub(crate) openers: BTreeMap<u32, Opener>,
    /// Per architecture instance, how long a task takes to hand over on its host, where hosts start the next tasks of a job.
    pub(crate) inner: Vec<Option<SimDuration>>,
    /// Whether latencies have changed during the run, so that even messages on paths that do not vary can take different times.
    latencies_changed: bool,
    /// Where there is room; nothing, and invocations on their way to hosts are not counted, unless a placer has an exact sight.
    pub(super) rooms: Option<Rooms>,
    /// Per host, its one-minute load average; empty while nobody asks for it.
    pub(super) load_averages: Vec<LoadAverage>,
}

impl World {
    /// A world at the start of time, with nothing in it but hosts.
    pub fn new(model: &Model, workload: &Workload, estimates: Option<Estimates>, hosts: Vec<Host>) -> World {
        let heads = World::new_heads(model);
        let mut job_left = vec![0u32; workload.job_ideal_ns.len()];
        workload.job.iter().for_each(|&job| job_left[job as usize] += 1);
        let gates_left = workload.gates.counters();
        let mut world = World { hosts, heads, gates_left, job_left, estimates, ..World::default() };
        if model.functions.iter().any(|f| f.min_warm > 0) {
            world.queue.push(SimTime::ZERO, Class::Early, Event::new(EventKind::Provision, 0, 0));
        }
        world
    }

    /// About how many bytes a copy takes.
    pub(crate) fn size(&self) -> usize {
        self.tasks.size()
            + self.attempts.size()
            + self.messages.size()
            + self.reservations.size()
            + self.thieves.size()
            + self.waves.size()
            + self.waves.iter().map(|(_, wave)| size_of_val(wave.as_slice())).sum::<usize>()
            + self.containers.size()
            + self.reloads.size()
            + self.transfers.size()
            + self.heads.iter().map(|h| 128 + h.store.size()).sum::<usize>()
            + self.queue.len() * 24
            + self.gates_left.len() * 4
            + self.openers.len() * 16
            + self.job_left.len() * 4
            + self.rooms.as_ref().map_or(0, Rooms::size)
            + self.load_averages.len() * size_of::<LoadAverage>()
            + self.hosts.iter().map(|h| 512 + h.queue.size() + h.containers().count() * 64 + h.images_size()).sum::<usize>()
    }

    /// Moves the clock.
    #[inline]
    pub(crate) fn advance(&mut self, to: SimTime) {
        debug_assert!(to >= self.now, "the clock went back");
        if to > self.now {
            self.counters.in_system_ns += product(self.tasks.len() as u64, to.since(self.now).0);
            self.now = to;
            self.queue.advance(to);
        }
    }

    /// Moves an attempt to another phase.
    #[inline]
    pub(crate) fn enter<P: Probe>(&mut self, probe: &mut P, attempt: u32, next: Phase) {
        let on = self.attempts[attempt].host;
        self.enter_from(probe, attempt, next, on);
    }

    /// Moves an attempt to another phase, from a host that may not be the one to which it belongs from now on.
    pub(super) fn enter_from<P: Probe>(&mut self, probe: &mut P, attempt: u32, next: Phase, on: u32) {
        let a = &mut self.attempts[attempt];
        let before = a.phase();
        self.waiting = self.waiting + usize::from(next.waits()) - usize::from(before.waits());
        a.enter(next, self.now);
        self.moved = self.now;
        let (invocation, host) = (a.invocation, a.host);
        if before.is_on_host() != next.is_on_host() {
            if let Some(average) = self.load_averages.get_mut(on as usize) {
                average.change(self.now, next.is_on_host());
            }
            probe.on_host(self.now, on, next.is_on_host());
        }
        self.digest.fold(self.now.0, 40 + next as u8, invocation, host);
        probe.phase(self.now, invocation, next, host);
    }

    /// An attempt at an invocation goes through a phase in no time, and what else a phase would change is as before it.
    #[inline]
    pub(crate) fn goes_through(&mut self, phase: Phase, invocation: u32, host: u32) {
        self.digest.fold(self.now.0, 40 + phase as u8, invocation, host);
    }

    /// From now on the load average of every host is kept. Before, its hosts had long been as busy as they are now.
    pub(crate) fn keep_load_averages(&mut self) {
        if self.load_averages.is_empty() {
            let mut active = vec![0u32; self.hosts.len()];
            for (_, a) in self.attempts.iter().filter(|(_, a)| a.phase().is_on_host()) {
                active[a.host as usize] += 1;
            }
            self.load_averages = active.into_iter().map(|n| LoadAverage::steady(self.now, n)).collect();
        }
    }

    /// The one-minute load average of a host; 0 if nobody keeps it.
    pub(crate) fn load_average(&self, host: u32) -> f64 {
        self.load_averages.get(host as usize).map_or(0.0, |average| average.at(self.now))
    }

    /// From now on, a task's time is spent on something else. Nobody accounts for an attempt without a task.
    pub(crate) fn account(&mut self, task: u32, next: Accounting) {
        if task != NONE {
            self.tasks[task].account(next, self.now);
        }
    }

    /// Sends a message with a payload of some bytes.
    pub(crate) fn send<P: Probe>(&mut self, model: &Model, probe: &mut P, message: Message, bytes: u64) {
        self.send_late(model, probe, message, bytes, SimDuration::ZERO);
    }

    /// Sends a message that takes so much longer than its way.
    pub(super) fn send_late<P: Probe>(
        &mut self,
        model: &Model,
        probe: &mut P,
        mut message: Message,
        bytes: u64,
        longer: SimDuration,
    ) {
        if !self.notices.is_empty() {
            self.send_notices(model, probe);
        }
        let path = model.path(message.from, message.to);
        let mut arrives = self.now + path.latency;
        if path.varies() || self.latencies_changed {
            let (last, count) = self.last_arrival.entry((message.from, message.to)).or_default();
            // A message about an invocation has its own noise; the others count along their path.
            let key = if message.invocation == NONE { u64::MAX - *count } else { message.invocation.into() };
            let what = message.kind as u64 | u64::from(message.number.saturating_sub(1)) << 8;
            let part = noise(model.seed, model.path_key(message.from, message.to), key, what);
            let extra = part * path.jitter.0 as f64 + bytes as f64 * path.ns_per_byte;
            arrives = (arrives + SimDuration(libm::rint(extra) as u64)).max(*last);
            (*last, *count) = (arrives, *count + 1);
        }
        arrives = arrives + longer;
        message.sent = self.now;
        message.arrives = arrives;
        self.counters.messages[message.kind as usize] += 1;
        probe.sent(&message);
        self.chatter += usize::from(message.kind.is_chatter());
        let id = self.messages.insert(message);
        self.queue.push(arrives, model.arrival_class(), Event::new(EventKind::Delivery, 0, id));
    }

    /// Whether a message can take another time than its path says, as latencies have changed during the run.
    pub(crate) fn latencies_have_changed(&self) -> bool {
        self.latencies_changed
    }

    /// A message is sent and arrives at once, and there is no need to make it: its arrival is an event, as it would be.
    #[inline]
    pub(crate) fn passes(&mut self, kind: MessageKind, from: u32, to: u32) {
        self.counters.messages[kind as usize] += 1;
        self.counters.events += 1;
        self.happened += 1;
        self.digest.fold(self.now.0, 10 + kind as u8, from, to);
    }

    /// Latencies change: messages on their way keep their time, and those sent from now on do not overtake them.
    pub(crate) fn latencies_change(&mut self) {
        self.latencies_changed = true;
        for (_, m) in self.messages.iter().filter(|(_, m)| m.arrives > self.now) {
            let (last, _) = self.last_arrival.entry((m.from, m.to)).or_default();
            *last = m.arrives.max(*last);
        }
    }

    /// Whether a message is about an attempt that has been closed since it was sent.
    pub(crate) fn is_stale(&self, m: &Message) -> bool {
        let member = Member { attempt: m.attempt, invocation: m.invocation, number: m.number };
        m.attempt != NONE && !self.is_live(member)
    }

    /// Whether an attempt is the one that it was, and has not been closed.
    #[inline]
    pub(crate) fn is_live(&self, member: Member) -> bool {
        let a = &self.attempts[member.attempt];
        (a.invocation, a.number) == (member.invocation, member.number) && !matches!(a.phase(), Phase::Closed | Phase::Lost)
    }

    /// A list of attempts that travel in one message.
    pub(crate) fn wave_of(&mut self, attempts: &[u32]) -> u32 {
        let member = |&attempt: &u32| {
            let a = &self.attempts[attempt];
            Member { attempt, invocation: a.invocation, number: a.number }
        };
        let wave = attempts.iter().map(member).collect();
        self.waves.insert(wave)
    }

    /// How many tasks a message brings or is about, ended ones included.
    pub(crate) fn tasks_of(&self, m: &Message) -> usize {
        if m.wave == NONE { 1 } else { self.waves[m.wave].len() }
    }

    /// One of the tasks that a message brings or is about.
    pub(crate) fn task_of(&self, m: &Message, i: usize) -> Member {
        if m.wave == NONE {
            return Member { attempt: m.attempt, invocation: m.invocation, number: m.number };
        }
        self.waves[m.wave][i]
    }

    /// How many of the tasks that a message brings have not ended.
    pub(crate) fn live_tasks(&self, m: &Message) -> usize {
        (0..self.tasks_of(m)).filter(|&i| self.is_live(self.task_of(m, i))).count()
    }

    /// A message is gone, and the list of the tasks that it brought.
    pub(crate) fn forget(&mut self, message: u32) {
        let wave = self.messages[message].wave;
        if wave != NONE {
            self.waves.remove(wave);
        }
        self.messages.remove(message);
    }

    /// A row has ended, on a host or at its client: each gate that waited for it, and for no more, opens there after its delay,
    /// unless that is after the end.
    pub(super) fn count_at_gates(&mut self, model: &Model, workload: &Workload, invocation: u32, host: Option<u32>) {
        let mut goes_on = true;
        for &gate in workload.gates.waiting_for(invocation) {
            let left = &mut self.gates_left[gate as usize];
            // A gate that waits for some of its rows has opened before the last of them ends.
            if *left == 0 {
                continue;
            }
            *left -= 1;
            let opens = self.now + workload.gates.delay(gate);
            if *left == 0 && opens.0 <= workload.gates.until_ns() && opens < SimTime::NEVER {
                self.gates_opening += 1;
                if let Some(host) = host {
                    self.openers.insert(gate, Opener { host, goes_on });
                    goes_on = false;
                }
                self.queue.push(opens, model.arrival_class(), Event::new(EventKind::GateOpens, 0, gate));
            }
        }
    }

    /// How long an invocation is estimated to execute, in nanoseconds; 0 where nobody asks.
    pub(crate) fn estimate_ns(&self, invocation: u32, workload: &Workload) -> u64 {
        self.estimates.as_ref().map_or(0, |estimates| estimates.of(invocation, workload))
    }

    /// The machine of a placer.
    pub(crate) fn placer_machine(&self, instance: u16, placer: u32) -> u32 {
        self.placer_machines[instance as usize][placer as usize]
    }
}
