//! The frame: who decides, and on which messages.
//!
//! An *architecture* is a set of placers and the rules by which they answer messages; it is one file. It sees only what
//! reaches it in messages, and says what to do as [`Action`]s, which the simulation carries out. Hosts, queues and containers
//! belong to the platform, so that mechanisms can work on any architecture. A run may change architecture on its way; each
//! message carries the instance it belongs to.

pub mod architecture;
pub mod dynamic;
mod held;
pub mod mechanism;

use std::collections::VecDeque;

pub use held::Held;

use crate::platform::{Message, MessageKind, Model, Phase, Rank, World};
use crate::policy::order::Order;
use crate::policy::placement::{Ask, Placement, PlacementPolicy, Plan, Sight, View};
use crate::registry::{Domain, Param};
use crate::rng::Stream;
use crate::units::{SimDuration, SimTime};
use crate::workload::Workload;

/// A server that decides: it takes messages from its inbox one at a time, each for as long as its architecture says.
#[derive(Clone, Debug)]
pub struct Placer {
    /// The machine that it is on.
    pub machine: u32,
    /// Messages that wait, the oldest first.
    pub inbox: VecDeque<u32>,
    /// The message that is being decided.
    pub serving: Option<u32>,
    /// Since when it is being decided.
    pub serving_since: SimTime,
    /// Time spent deciding.
    pub busy: SimDuration,
    /// What it believes of its hosts.
    pub view: View,
    /// The number in the view of each host of the platform, or [`crate::engine::NONE`]; empty if it sees none.
    numbers: Vec<u32>,
    /// How it chooses among them.
    pub placement: Placement,
    /// In which order it goes through the tasks that it holds ([`Held`]).
    pub(crate) order: Order,
    /// Its own chance.
    pub chance: Stream,
    /// Whether it sees its hosts as they are, instead of what it believes.
    exact: bool,
}

impl Placer {
    /// The number in the view of a host of the platform, if it is in the view.
    pub fn number_of(&self, host: u32) -> Option<u32> {
        self.numbers.get(host as usize).copied().filter(|&n| n != crate::engine::NONE)
    }

    /// About how many bytes a copy takes.
    pub(crate) fn size(&self) -> usize {
        256 + self.view.size() + self.placement.size() + self.numbers.len() * 4 + self.inbox.len() * 4
    }

    /// Whether it sees its hosts as they are.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// What the placement policy sees of the hosts.
    pub(crate) fn sight<'a>(&'a self, frame: Frame<'a>) -> Sight<'a> {
        sight(self.exact, &self.view, frame)
    }

    /// The host that the placement policy chooses, by its number in the view. Nothing is noted.
    pub fn prefer(&mut self, frame: Frame<'_>, ask: &Ask) -> Option<u32> {
        let sight = sight(self.exact, &self.view, frame);
        self.placement.choose(ask, sight, &mut self.chance)
    }

    /// Chooses a host by the placement policy and notes the assignment in the view. Answers the host of the platform.
    #[inline]
    pub fn place(&mut self, frame: Frame<'_>, ask: &Ask) -> Option<u32> {
        let sight = sight(self.exact, &self.view, frame);
        let number = self.placement.choose(ask, sight, &mut self.chance)?;
        if !self.view.fits(number, ask) {
            return None;
        }
        self.view.assigned(number, &frame.whole(ask.function));
        Some(self.view.host(number))
    }

    /// Chooses a host for a task, as [`Placer::place`], and assigns it there; no host is large enough where none is found.
    pub fn assign(&mut self, frame: Frame<'_>, task: &Asked) -> Action {
        let attempt = task.attempt;
        match self.place(frame, &frame.ask(task.function)) {
            Some(host) => Action::Assign { attempt, host },
            None => Action::Reject { attempt },
        }
    }

    /// Tells the placement policy that a round begins.
    pub(crate) fn begin_round(&mut self, frame: Frame<'_>, plan: &Plan) {
        let sight = sight(self.exact, &self.view, frame);
        self.placement.begin(sight.with(plan));
    }

    /// Chooses a host for a task of a round, of which so much is planned. Nothing is noted in the view.
    pub(crate) fn choose(&mut self, frame: Frame<'_>, plan: &Plan, ask: &Ask) -> Option<u32> {
        let sight = sight(self.exact, &self.view, frame);
        self.placement.choose(ask, sight.with(plan), &mut self.chance)
    }

    /// Takes note of an attempt that was bound to a host.
    pub(crate) fn bound(&mut self, model: &Model, host: u32, function: u32) {
        let f = &model.functions[function as usize];
        if let Some(number) = self.number_of(host) {
            self.view.assigned(number, &Ask { function, memory: f.memory, millicores: f.millicores });
        }
    }

    /// Takes back what [`Placer::assign`] noted in the view, for a placer that keeps no count of what it assigns.
    pub fn unassign(&mut self, frame: Frame<'_>, host: u32, function: u32) {
        if let Some(number) = self.number_of(host) {
            self.view.ended(number, &frame.whole(function));
        }
    }

    /// Takes note of what a host says of itself: an ended task, a removed container.
    pub fn hear(&mut self, frame: Frame<'_>, message: &Message) {
        if message.kind == MessageKind::Finish {
            return self.hear_of_end(frame, message.host, message.function, message.words[0], message.began);
        }
        self.hear_of_idle(message.host, message.function, message.words[0]);
    }

    /// Takes note of how many idle containers of a function a host says it has, and of nothing else. Where the task was stolen from
    /// that host, [`crate::engine::NONE`], nobody knows.
    pub(crate) fn hear_of_idle(&mut self, host: u32, function: u32, idle: u32) {
        if let Some(number) = self.number_of(host).filter(|_| idle != crate::engine::NONE) {
            self.view.set_warm(number, function, idle);
        }
    }

    /// Takes note of a task of a function that was sent to a host at `began` and has ended there, and of how many idle containers
    /// of the function the host has.
    #[inline]
    pub(crate) fn hear_of_end(&mut self, frame: Frame<'_>, host: u32, function: u32, idle: u32, began: SimTime) {
        let Some(number) = self.number_of(host) else { return };
        self.view.ended(number, &frame.whole(function));
        self.placement.heard(number, function, frame.now.since(began), frame.now);
        self.hear_of_idle(host, function, idle);
    }
}

fn sight<'a>(exact: bool, view: &'a View, frame: Frame<'a>) -> Sight<'a> {
    let sight = if exact { Sight::exact(view, frame.world, frame.model) } else { Sight::believed(view) };
    sight.at(frame.now, frame.model)
}

/// What an architecture may look at besides the placer and the message: the topology and the clock. The hosts' state is for
/// placers with an exact sight only.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The scenario, compiled.
    pub model: &'a Model,
    /// The clock.
    pub now: SimTime,
    /// Which of the run's architectures asks: the timeline may have replaced it.
    pub(crate) instance: u16,
    /// How much has happened besides timers and gossip. While it stays the same, no load changes.
    pub happened: u64,
    /// Everything as it is.
    pub(crate) world: &'a World,
    /// What arrives.
    pub(crate) workload: &'a Workload,
}

impl Frame<'_> {
    /// What placement may know of a task of a function.
    pub fn ask(&self, function: u32) -> Ask {
        // What is to be dropped at a host may be sent to any.
        let whole = self.whole(function);
        if self.model.oversized[function as usize] { Ask { memory: 0, ..whole } } else { whole }
    }

    /// Whether a task that a placer holds is still there to be placed: its client may have given up, or another architecture may
    /// have taken over.
    pub fn is_held(&self, asked: &Asked) -> bool {
        let a = &self.world.attempts[asked.attempt];
        let held = matches!(a.phase(), Phase::Schedulable | Phase::AtPlacer | Phase::Probing);
        held && (a.invocation, a.number, a.instance) == (asked.invocation, asked.number, self.instance)
    }

    /// How long a task is estimated to execute, in nanoseconds; for architectures that say so
    /// ([`architecture::Rules::estimates`]).
    pub fn estimate_ns(&self, task: &Asked) -> u64 {
        self.estimate_of_ns(task.invocation)
    }

    /// The same of an invocation that has not reached a placer yet.
    pub fn estimate_of_ns(&self, invocation: u32) -> u64 {
        self.world.estimate_ns(invocation, self.workload)
    }

    /// What a task of a function holds.
    fn whole(&self, function: u32) -> Ask {
        let f = &self.model.functions[function as usize];
        Ask { function, memory: f.memory, millicores: f.millicores }
    }
}

/// A task that a placer is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The attempt.
    pub attempt: u32,
    /// Its invocation.
    pub invocation: u32,
    /// Which attempt at the invocation it is, from 1.
    pub number: u16,
    /// Its function.
    pub function: u32,
    /// How often it was handed from placer to placer.
    pub hops: u8,
}

/// What an architecture wants done. The placer that answers is the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the attempt to a host.
    Assign {
        /// The attempt.
        attempt: u32,
        /// The host.
        host: u32,
    },
    /// Another placer of the instance is to hear of the attempt's end, not the one that assigns it.
    Report {
        /// The attempt.
        attempt: u32,
        /// The other placer.
        placer: u32,
    },
    /// Put the attempt into a class, of which its host keeps count; 0 is none.
    Classify {
        /// The attempt.
        attempt: u32,
        /// The class.
        class: u8,
    },
    /// Give the attempt a rank at its host.
    Rank {
        /// The attempt.
        attempt: u32,
        /// The rank.
        rank: Rank,
    },
    /// When the attempt's execution ends, its host asks for another task of the ticket before it serves anybody else
    /// ([`MessageKind::GetTask`]).
    Stick {
        /// The attempt.
        attempt: u32,
        /// The ticket.
        ticket: u32,
    },
    /// Keep a place in a host's queue, for a task that is named when the place comes up ([`MessageKind::GetTask`]).
    Reserve {
        /// The host.
        host: u32,
        /// A function whose cores are held when the place comes up.
        function: u32,
        /// What the placer knows the place by.
        ticket: u32,
        /// How long a task is estimated to execute there, in nanoseconds.
        estimate_ns: u64,
        /// Whether the host is to refuse where it has attempts of a class.
        minds: bool,
    },
    /// Give up the places of a ticket that have not come up on a host.
    Unreserve {
        /// The host.
        host: u32,
        /// The ticket.
        ticket: u32,
    },
    /// Send the attempt to a host that holds a slot for it.
    Give {
        /// The attempt.
        attempt: u32,
        /// The host.
        host: u32,
        /// The reservation that came up.
        reservation: u32,
    },
    /// There is no task for the slot that a host holds.
    NoTask {
        /// The host.
        host: u32,
        /// The reservation that came up.
        reservation: u32,
    },
    /// Put the attempt at the end of the placer's own inbox.
    Again {
        /// The attempt.
        attempt: u32,
        /// Whether it goes in one message with that of the next such action.
        more: bool,
    },
    /// As [`Action::Again`], because another placer was faster: the decision was in vain.
    Conflict {
        /// The attempt.
        attempt: u32,
        /// The time spent on it.
        wasted: SimDuration,
        /// See [`Action::Again`].
        more: bool,
    },
    /// Cores were locked for so long in all by an offer that has been answered.
    Locked {
        /// The time of one core after the other.
        time: SimDuration,
    },
    /// Ask a host for its load, on behalf of no attempt.
    Sound {
        /// The host.
        host: u32,
        /// The function whose idle containers are asked for.
        function: u32,
        /// What the placer knows the question by.
        ticket: u32,
    },
    /// Hold the attempt until hosts or other placers have answered.
    Await {
        /// The attempt.
        attempt: u32,
    },
    /// Hand the attempt to another placer of the instance.
    Offload {
        /// The attempt.
        attempt: u32,
        /// The other placer.
        placer: u32,
    },
    /// Take a container, or room for one, for the attempt on a host, and send it there; if there is none any more, the attempt
    /// stays with the placer.
    Bind {
        /// The attempt.
        attempt: u32,
        /// The host.
        host: u32,
    },
    /// Hold the attempt until its image is at the head store.
    Admit {
        /// The attempt.
        attempt: u32,
    },
    /// Hold the attempt until a host has room for it.
    Hold {
        /// The attempt.
        attempt: u32,
    },
    /// Fetch an image to a head store.
    Download {
        /// The image.
        image: u32,
        /// The head store.
        head: u32,
    },
    /// Copy an image to a host's disk.
    Copy {
        /// The image.
        image: u32,
        /// The host.
        host: u32,
    },
    /// Load an image into a host's memory.
    Load {
        /// The image.
        image: u32,
        /// The host.
        host: u32,
    },
    /// Ask a host for its load, on behalf of an attempt.
    Probe {
        /// The attempt.
        attempt: u32,
        /// The host.
        host: u32,
    },
    /// Tell another placer of the instance something.
    Tell {
        /// The other placer.
        placer: u32,
        /// Which kind of message.
        kind: MessageKind,
        /// What.
        words: [u32; 2],
    },
    /// The shares of a function's requests that the placer gives to three architectures have changed. Nothing happens; it is
    /// for whoever watches.
    Weigh {
        /// The function.
        function: u32,
        /// The shares of decentralized, federated and centralized, in ten-thousandths.
        shares: [u16; 3],
    },
    /// No host can ever run the attempt.
    Reject {
        /// The attempt.
        attempt: u32,
    },
    /// The placer has tried too often to place the attempt.
    GiveUp {
        /// The attempt.
        attempt: u32,
    },
    /// Call [`architecture::Rules::timer`] for the placer after some time, unless the run is over before.
    Timer {
        /// How long from now.
        after: SimDuration,
    },
    /// As [`Action::Timer`], where tasks depend on it: the run goes on until then.
    Wake {
        /// How long from now.
        after: SimDuration,
    },
    /// As [`Action::Timer`], from a placer that has nothing new to say: calls that would come before anything else happens are
    /// left out.
    Rest {
        /// How long from one call to the next.
        after: SimDuration,
    },
}

/// A placer that an architecture wants.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacerPlan {
    /// The machine that it stands on.
    pub machine: u32,
    /// The hosts in its view.
    pub hosts: Vec<u32>,
}

/// Decision times, as every architecture has them: `s_job + n (s_task + s_scan hosts)` for the n tasks of a job that come
/// together, `s_msg` for a control message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// For each job, or part of one, whose tasks come together.
    pub job: SimDuration,
    /// For each task.
    pub task: SimDuration,
    /// For each task and host in the view.
    pub scan: SimDuration,
    /// For each control message.
    pub message: SimDuration,
}

/// A parameter of [`Costs`], to be listed by every architecture as the others are.
pub const JOB_MS: Param = Param {
    name: "job_ms",
    label: "Time per job",
    unit: "ms",
    help: "What the tasks of a job that come together take in a placer beside the time for each of them; 10 ms in Omega's simulator.",
    domain: Domain::Number { default: 0.0, min: 0.0, max: 1e6 },
};

/// See [`JOB_MS`].
pub const MESSAGE_US: Param = Param {
    name: "message_us",
    label: "Time per control message",
    unit: "µs",
    help: "How long a placer is busy with a finish, a probe's reply or gossip.",
    domain: Domain::Number { default: 20.0, min: 0.0, max: 1e7 },
};

/// How long a task takes to hand over on its host, for architectures whose hosts start the next tasks of a job
/// ([`architecture::Rules::inner`]).
pub const LOCAL_US: Param = Param {
    name: "local_us",
    label: "Hand-over on a host",
    unit: "µs",
    help: "From the end of a task to the start of what follows it on the same machine; 5 to 50 µs through pipes and shared memory.",
    domain: Domain::Number { default: 20.0, min: 0.0, max: 1e7 },
};

/// See [`JOB_MS`].
pub const SCAN_US: Param = Param {
    name: "scan_us",
    label: "Time per host looked at",
    unit: "µs",
    help: "What each host in the placer's view adds to a decision.",
    domain: Domain::Number { default: 0.0, min: 0.0, max: 1e6 },
};

/// The decision time of a task, with the default that fits an architecture.
pub const fn decision_ms(default: f64) -> Param {
    Param {
        name: "decision_ms",
        label: "Time per decision",
        unit: "ms",
        help: "How long a placer is busy with one task; the next waits in its inbox.",
        domain: Domain::Number { default, min: 0.0, max: 1e6 },
    }
}

impl Costs {
    /// From the arguments of an architecture that lists the four parameters.
    pub fn new(args: crate::registry::Args<'_>) -> Costs {
        Costs {
            job: SimDuration::from_ms(args.number("job_ms")),
            task: SimDuration::from_ms(args.number("decision_ms")),
            scan: SimDuration::from_us(args.number("scan_us")),
            message: SimDuration::from_us(args.number("message_us")),
        }
    }

    /// From the arguments of an architecture whose placers look at no hosts one by one.
    pub fn without_scan(args: crate::registry::Args<'_>) -> Costs {
        Costs {
            job: SimDuration::from_ms(args.number("job_ms")),
            task: SimDuration::from_ms(args.number("decision_ms")),
            scan: SimDuration::ZERO,
            message: SimDuration::from_us(args.number("message_us")),
        }
    }

    /// How long a placer that looks at so many hosts for each task is busy with a message that brings so many tasks, or none.
    pub fn of(&self, tasks: usize, hosts: usize) -> SimDuration {
        if tasks == 0 { self.message } else { self.decision(tasks, hosts) }
    }

    /// Whether nothing takes time.
    pub fn are_zero(&self) -> bool {
        *self == Costs { job: SimDuration::ZERO, task: SimDuration::ZERO, scan: SimDuration::ZERO, message: SimDuration::ZERO }
    }

    /// How long a decision on so many tasks takes.
    pub fn decision(&self, tasks: usize, hosts: usize) -> SimDuration {
        let each = self.task.0.saturating_add(self.scan.0.saturating_mul(hosts as u64));
        SimDuration(self.job.0.saturating_add(each.saturating_mul(tasks as u64)))
    }
}

impl Placer {
    /// A placer as planned. Its view begins empty: it knows only of what it assigns.
    pub(crate) fn new(plan: &PlacerPlan, model: &Model, policies: (Placement, Order), id: &str, exact: bool) -> Placer {
        // There may be many that see no host.
        let any = !plan.hosts.is_empty();
        let mut numbers = vec![crate::engine::NONE; if any { model.hosts.len() } else { 0 }];
        for (number, &host) in plan.hosts.iter().enumerate() {
            numbers[host as usize] = number as u32;
        }
        let seen = plan.hosts.iter().map(|&h| {
            let spec = &model.hosts[h as usize];
            (h, spec.memory, spec.millicores)
        });
        let view = View::new(seen, if any { model.functions.len() } else { 0 });
        Placer {
            machine: plan.machine,
            inbox: VecDeque::new(),
            serving: None,
            serving_since: SimTime::ZERO,
            busy: SimDuration::ZERO,
            view: if exact { view.unranked() } else { view },
            numbers,
            placement: policies.0,
            order: policies.1,
            chance: Stream::new(model.seed, id, "placer"),
            exact,
        }
    }
}
