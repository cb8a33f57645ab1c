//! Invocations: the states of an attempt with their one transition table, and the accounting of time.

use super::run_queue::Place;
use crate::engine::NONE;
use crate::policy::order;
use crate::units::SimTime;

/// Where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// On its way from the client to a placer.
    Submitted,
    /// In a placer's inbox or being decided.
    AtPlacer,
    /// The placer waits for answers of hosts.
    Probing,
    /// On its way to another placer.
    Offloaded,
    /// On its way to a host.
    InFlight,
    /// In a host's queue.
    Queued,
    /// Its container is being created and initialised.
    Starting,
    /// Executing.
    Running,
    /// Its result, or word that it is refused, is on the way to the client.
    Returning,
    /// Ended. Messages about it are stale.
    Closed,
    /// At a host that fetches its image.
    Staging,
    /// Held by a service until its image is at the head store.
    Admitted,
    /// Held by a service until a host has room for it.
    Schedulable,
    /// Stopped by its host before its end. Messages about it are stale.
    Lost,
}

impl Phase {
    /// The one transition table: whether an attempt may go from this phase to the next.
    pub fn may_become(self, next: Phase) -> bool {
        use Phase::{
            Admitted, AtPlacer, Closed, InFlight, Lost, Offloaded, Probing, Queued, Returning, Running, Schedulable, Staging,
            Starting, Submitted,
        };
        matches!(
            (self, next),
            (Submitted | Offloaded, AtPlacer | Closed)
                | (AtPlacer, Probing | Offloaded | InFlight | Admitted | Schedulable | Returning | Closed)
                | (Admitted, Schedulable | Offloaded | Closed)
                | (Schedulable, AtPlacer | Probing | InFlight | Offloaded | Returning | Closed)
                | (Probing, AtPlacer | InFlight | Schedulable | Offloaded | Returning | Closed)
                // Bound before it was sent, it has its container.
                | (InFlight, Queued | Staging | Starting | Running | Offloaded | Returning | Closed)
                // On its way to another host, if it is stolen.
                | (Queued, Staging | Starting | Running | InFlight | Returning | Closed)
                | (Staging, Queued | Returning | Closed)
                | (Starting, Running | Lost)
                | (Running, Returning | Lost)
                | (Returning, Closed)
        )
    }
}

impl Phase {
    /// Whether an attempt runs on its host or waits there.
    pub(super) fn is_on_host(self) -> bool {
        matches!(self, Phase::Queued | Phase::Staging | Phase::Starting | Phase::Running)
    }

    /// Whether an attempt waits for room, which may never come.
    pub fn waits(self) -> bool {
        matches!(self, Phase::Queued | Phase::Staging | Phase::Admitted | Phase::Schedulable)
    }
}

/// What a task's time is spent on. A task is in exactly one of these at any instant; together they are its response time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Accounting {
    /// From the client to the placer.
    ClientNetwork,
    /// In a placer's inbox.
    PlacerQueue,
    /// Under decision.
    Decision,
    /// Between placers, or to the host that stole it.
    Transfer,
    /// From the placer to the host, and to probe hosts before.
    DispatchNetwork,
    /// In the host's queue.
    HostQueue,
    /// While its container is created and initialised.
    ContainerStart,
    /// Executing.
    Execution,
    /// From the host to the client.
    Return,
    /// Until its image is in place.
    Staging,
    /// From a refusal or an end that its client does not take to the next attempt.
    Backoff,
    /// Starting and executing where that was stopped.
    Lost,
}

impl Accounting {
    /// The number of accounting phases.
    pub const COUNT: usize = 12;
    /// All of them, in the order in which they usually occur.
    pub const ALL: [Accounting; Accounting::COUNT] = [
        Accounting::ClientNetwork,
        Accounting::PlacerQueue,
        Accounting::Decision,
        Accounting::Transfer,
        Accounting::DispatchNetwork,
        Accounting::HostQueue,
        Accounting::Staging,
        Accounting::ContainerStart,
        Accounting::Execution,
        Accounting::Return,
        Accounting::Backoff,
        Accounting::Lost,
    ];

    /// The word in results.
    pub fn word(self) -> &'static str {
        match self {
            Accounting::ClientNetwork => "client_network",
            Accounting::PlacerQueue => "placer_queue",
            Accounting::Decision => "decision",
            Accounting::Transfer => "transfer",
            Accounting::DispatchNetwork => "dispatch_network",
            Accounting::HostQueue => "host_queue",
            Accounting::Staging => "staging",
            Accounting::ContainerStart => "container_start",
            Accounting::Execution => "execution",
            Accounting::Return => "return",
            Accounting::Backoff => "backoff",
            Accounting::Lost => "lost",
        }
    }

    /// What it is, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Accounting::ClientNetwork => "On the way from the client to its placer.",
            Accounting::PlacerQueue => "In a placer's inbox.",
            Accounting::Decision => "While a placer decides.",
            Accounting::Transfer => "On the way from one placer to another, or to the host that stole it.",
            Accounting::DispatchNetwork => "On the way to the host, and while hosts are asked before.",
            Accounting::HostQueue => "In the host's queue: for cores, for memory, or behind others.",
            Accounting::ContainerStart => "While its container is created and initialised.",
            Accounting::Execution => "Executing.",
            Accounting::Return => "On the way of the result to the client.",
            Accounting::Staging => "Until its image is where it must be.",
            Accounting::Backoff => "From a refusal, or an end that the client does not take, to the next attempt.",
            Accounting::Lost => "Starting and executing that was stopped before its end.",
        }
    }
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// Its result reached the client.
    Completed,
    /// It ran into its function's time limit.
    TimedOut,
    /// It was refused; the cause says why.
    Rejected,
    /// There was no memory, and the policy is to drop.
    Dropped,
    /// It ran, and its result cannot be had.
    Failed,
    /// Its client gave up waiting.
    Abandoned,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 6] =
        [Outcome::Completed, Outcome::TimedOut, Outcome::Rejected, Outcome::Dropped, Outcome::Failed, Outcome::Abandoned];

    /// The word in results.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Completed => "completed",
            Outcome::TimedOut => "timed_out",
            Outcome::Rejected => "rejected",
            Outcome::Dropped => "dropped",
            Outcome::Failed => "failed",
            Outcome::Abandoned => "abandoned",
        }
    }

    /// What it is, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Outcome::Completed => "Its result reached the client.",
            Outcome::TimedOut => "It ran into its function's time limit.",
            Outcome::Rejected => "It was refused.",
            Outcome::Dropped => "There was no memory, and the policy is to drop.",
            Outcome::Failed => "It ran, and its result cannot be had.",
            Outcome::Abandoned => "Its client gave up waiting.",
        }
    }
}

/// Why a task was rejected, dropped or failed, where the outcome does not say it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// No host that its placer may use is large enough: none at all, or, in a federation, none in its zone and no hop is left; or
    /// its placer does not look at sizes, and the host is too small.
    HostTooSmall,
    /// The host's queue was full.
    QueueFull,
    /// It waited too long in the host's queue.
    QueueTimeout,
    /// Its request is larger than its function takes.
    IngressLimit,
    /// Its response is larger than its function may send.
    EgressLimit,
    /// Its placer tried to place it too often.
    NotPlaced,
}

impl Cause {
    /// All of them; the recorder has room for seven.
    pub const ALL: [Cause; 6] =
        [Cause::HostTooSmall, Cause::QueueFull, Cause::QueueTimeout, Cause::IngressLimit, Cause::EgressLimit, Cause::NotPlaced];

    /// The word in results.
    pub fn word(self) -> &'static str {
        match self {
            Cause::HostTooSmall => "host_too_small",
            Cause::QueueFull => "queue_full",
            Cause::QueueTimeout => "queue_timeout",
            Cause::IngressLimit => "ingress_limit",
            Cause::EgressLimit => "egress_limit",
            Cause::NotPlaced => "not_placed",
        }
    }

    /// What it is, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Cause::HostTooSmall => "No host that its placer may use is large enough.",
            Cause::QueueFull => "The host's queue was full.",
            Cause::QueueTimeout => "It waited too long in the host's queue.",
            Cause::IngressLimit => "Its request is larger than its function takes.",
            Cause::EgressLimit => "Its response is larger than its function may send.",
            Cause::NotPlaced => "Its placer tried to place it too often.",
        }
    }
}

/// An invocation that is in the system.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its row in the workload.
    pub invocation: u32,
    /// Its attempts so far; the newest is `attempt`.
    pub attempts: u16,
    /// The newest attempt, or [`NONE`] between two.
    pub attempt: u32,
    /// What its time is being spent on.
    pub accounting: Accounting,
    /// Since when.
    pub since: SimTime,
    /// How many of them do not count as tries of its client: those that were killed or withdrawn.
    pub uncounted: u16,
    /// How many placers in a row have left its client without an answer.
    pub unanswered: u16,
    /// Until when its client waits for word that the newest attempt has a host; [`SimTime::NEVER`] if it has it, or waits for none.
    pub answer_due: SimTime,
    /// When its client gives up; [`SimTime::NEVER`] if it waits for ever.
    pub gives_up: SimTime,
    /// Between two attempts, when its client tries again.
    pub again: SimTime,
    /// Nanoseconds spent so far.
    pub spent: [u64; Accounting::COUNT],
}

impl Task {
    /// A task that a client submits now.
    #[inline(always)]
    pub fn new(invocation: u32, now: SimTime) -> Task {
        Task {
            invocation,
            attempts: 0,
            attempt: NONE,
            accounting: Accounting::ClientNetwork,
            since: now,
            uncounted: 0,
            unanswered: 0,
            answer_due: SimTime::NEVER,
            gives_up: SimTime::NEVER,
            again: SimTime::NEVER,
            spent: [0; Accounting::COUNT],
        }
    }

    /// From now on, time is spent on something else.
    pub fn account(&mut self, next: Accounting, now: SimTime) {
        self.spent[self.accounting as usize] += now.since(self.since).0;
        self.accounting = next;
        self.since = now;
    }

    /// What an attempt did since it had a slot, executing from `started` on, is lost.
    pub fn lose(&mut self, slot_since: SimTime, started: SimTime, now: SimTime) {
        self.account(Accounting::Lost, now);
        let started = started.min(now);
        for (accounting, ns) in
            [(Accounting::ContainerStart, started.since(slot_since).0), (Accounting::Execution, now.since(started).0)]
        {
            self.spent[accounting as usize] -= ns;
            self.spent[Accounting::Lost as usize] += ns;
        }
    }
}

/// One try at running a task.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// The task, or [`NONE`] if its client has given it up.
    pub task: u32,
    /// The task's row in the workload.
    pub invocation: u32,
    /// Which of the task's attempts, from 1.
    pub number: u16,
    /// Where it is; changed only through [`Attempt::enter`].
    phase: Phase,
    /// Whether its container was created for it.
    pub cold: bool,
    /// Whether its container was taken for it before it was sent to its host, and is free again when its placer hears of its end.
    pub bound: bool,
    /// Whether its host held a slot for it, so that it goes before those who wait there.
    pub jumps: bool,
    /// Whether word that its client gave up is where it is on its way to.
    pub cancelled: bool,
    /// Whether its result stays on its host, where the next tasks of its job begin ([`World::hands_over`](super::World)).
    pub(super) handed: bool,
    /// Whether another host took it over from the one that it was sent to. Nothing is stolen twice.
    pub stolen: bool,
    /// How it ends, as far as is known.
    pub outcome: Outcome,
    /// Why, where the outcome does not say it all.
    pub cause: Option<Cause>,
    /// How often it was handed from placer to placer.
    pub hops: u8,
    /// The architecture instance of its placers.
    pub instance: u16,
    /// The placer to which its client sent it.
    pub entry: u32,
    /// The placer that has it, that it is on its way to, or that sent it to its host.
    pub placer: u32,
    /// The placer that hears of its end, if not the one that sent it to its host; else [`NONE`].
    pub hears: u32,
    /// A class that its architecture gave it, of which its host keeps count; 0 is none.
    pub class: u8,
    /// What it may do at its host, and what may be done to it.
    pub rank: Rank,
    /// The ticket of whose tasks its host asks for the next when it ends, or [`NONE`].
    pub sticks: u32,
    /// The host, or [`NONE`].
    pub host: u32,
    /// The container, or [`NONE`].
    pub container: u32,
    /// The next attempt that waits in the same container, or [`NONE`].
    pub(super) next: u32,
    /// Since when it is where it is.
    pub since: SimTime,
    /// When its client made it.
    pub submitted: SimTime,
    /// When it was sent to its host.
    pub dispatched: SimTime,
    /// Where it stands in its host's queue.
    pub(super) place: Place,
    /// In a host's queue, how long it may wait there.
    pub deadline: SimTime,
    /// When execution began.
    pub started: SimTime,
    /// When execution ended.
    pub finished: SimTime,
    /// When its execution will end, where that is known.
    pub ends: SimTime,
}

/// What an attempt may do at its host, and what may be done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Neither of these.
    Plain,
    /// Opportunistic ones stop for it.
    Guaranteed,
    /// It stops for guaranteed ones, and is sent back where so many of its rank wait.
    Opportunistic {
        /// How many.
        bound: u32,
    },
}

impl Rank {
    /// The rank in a queue of what the queue's order ranks so: guaranteed attempts stand before opportunistic ones, and the order
    /// holds among each. A key loses its last bit for that.
    pub(super) fn before_the_order(self, order: Option<order::Rank>) -> Option<order::Rank> {
        let among = |half: u64| {
            let order::Rank { key, due } = order.unwrap_or(order::Rank::of(0));
            // What is overdue stands before all that is not, which an opportunistic attempt may not.
            Some(order::Rank { key: half | key >> 1, due: if half == 0 { due } else { SimTime::NEVER } })
        };
        match self {
            Rank::Plain => order,
            Rank::Guaranteed => among(0),
            Rank::Opportunistic { .. } => among(1 << 63),
        }
    }

    /// The key that the order gave, from the one with which something stands in the queue.
    pub(super) fn key_in_order(self, key: u64) -> u64 {
        if self == Rank::Plain { key } else { key << 1 }
    }
}

impl Attempt {
    /// An attempt that a client makes now.
    #[inline(always)]
    pub fn new(task: u32, invocation: u32, number: u16, now: SimTime) -> Attempt {
        Attempt {
            task,
            invocation,
            number,
            phase: Phase::Submitted,
            cold: false,
            bound: false,
            jumps: false,
            cancelled: false,
            handed: false,
            stolen: false,
            outcome: Outcome::Completed,
            cause: None,
            hops: 0,
            instance: 0,
            entry: NONE,
            placer: NONE,
            hears: NONE,
            class: 0,
            rank: Rank::Plain,
            sticks: NONE,
            host: NONE,
            container: NONE,
            next: NONE,
            since: now,
            submitted: now,
            dispatched: SimTime::NEVER,
            place: Place { key: 0, seq: 0 },
            deadline: SimTime::NEVER,
            started: SimTime::NEVER,
            finished: SimTime::NEVER,
            ends: SimTime::NEVER,
        }
    }

    /// The first attempt at a task that has gone through all that comes before its execution at the instant at which it was made:
    /// (host, container).
    #[inline(always)]
    pub(super) fn running(task: u32, invocation: u32, now: SimTime, (host, container): (u32, u32)) -> Attempt {
        let new = Attempt::new(task, invocation, 1, now);
        let phase = Phase::Running;
        Attempt { phase, entry: 0, placer: 0, host, container, dispatched: now, started: now, ..new }
    }

    /// Where it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Goes on to another phase, which the transition table must allow.
    pub fn enter(&mut self, next: Phase, now: SimTime) {
        debug_assert!(self.phase.may_become(next), "an attempt went from {:?} to {next:?}", self.phase);
        self.phase = next;
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_attempt_runs_twice() {
        assert!(!Phase::Running.may_become(Phase::Running));
        assert!(!Phase::Running.may_become(Phase::Starting));
        assert!(!Phase::Closed.may_become(Phase::Running));
    }

    #[test]
    fn accounted_time_adds_up() {
        let mut task = Task::new(0, SimTime(10));
        task.account(Accounting::Execution, SimTime(15));
        task.account(Accounting::Return, SimTime(40));
        task.account(Accounting::Return, SimTime(41));
        assert_eq!(task.spent.iter().sum::<u64>(), 31);
        assert_eq!(task.spent[Accounting::Execution as usize], 25);
    }
}
