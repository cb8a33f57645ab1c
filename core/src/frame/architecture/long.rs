//! Long tasks, for architectures that treat them apart: which they are, which hosts never get them, and a central placer that sends
//! each to the host where it is estimated to wait least.
//!
//! A job is long if the mean estimate of its tasks that come together is above the cut-off; its client tells, and sends it to the
//! central placer. That placer believes that each host runs what it was assigned in that order, as much at once as there are cores,
//! from when it was assigned or another was heard to have ended. The estimated wait of a host is
//! (Σ estimate × cores over what is not known to have ended - Σ min(elapsed, estimate) × cores over what is believed to run) /
//! cores of the host; estimates are divided by the host's speed. Of short tasks and cold starts it knows nothing. Of equal hosts it
//! takes the one that has been through with its work for longest, then the first.
//! Source: Hawk (Delgado et al., USENIX ATC 2015, section 3.4).

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use super::spread::Spread;
use super::{Action, Args, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan};
use crate::frame::Costs;
use crate::policy::placement::{Ask, View};
use crate::registry::{Domain, Param};
use crate::units::{SimDuration, SimTime};

/// From which estimate on a job is long.
pub(super) const CUTOFF_S: Param = Param {
    name: "cutoff_s",
    label: "Long from",
    unit: "s",
    help: "A job is long if its tasks are estimated to execute for more than this on average. Hawk had 90.6 s for Yahoo's trace and 1,129.5 s for Google's; 1 s is our default for functions.",
    domain: Domain::Number { default: 1.0, min: 0.0, max: 1e7 },
};

/// Which hosts never get long tasks.
pub(super) const SHORT_ONLY: Param = Param {
    name: "short_only",
    label: "Hosts for short tasks only",
    unit: "",
    help: "The share of the hosts that never get long tasks: the last ones, rounded, and never all. Hawk had 0.02 for Yahoo's trace and 0.17 for Google's.",
    domain: Domain::Number { default: 0.1, min: 0.0, max: 1.0 },
};

/// The decision time of the central placer.
pub(super) const CENTRAL_MS: Param = Param {
    name: "central_ms",
    label: "Time per central decision",
    unit: "ms",
    help: "How long the placer on the controller is busy with one task.",
    domain: Domain::Number { default: 0.5, min: 0.0, max: 1e6 },
};

/// The number of the placer on the controller; those with the clients come after it.
pub(super) const CENTRAL: u32 = 0;

/// Tells long jobs from short ones.
#[derive(Clone, Copy)]
pub(super) struct Cutoff {
    ns: u64,
}

impl Cutoff {
    /// From the arguments of an architecture that lists [`CUTOFF_S`].
    pub(super) fn new(args: Args<'_>) -> Cutoff {
        Cutoff { ns: SimDuration::from_s(args.number("cutoff_s")).0 }
    }

    /// Whether invocations that come together are long.
    pub(super) fn is_long(&self, frame: Frame<'_>, invocations: &[u32]) -> bool {
        let sum: u128 = invocations.iter().map(|&i| u128::from(frame.estimate_of_ns(i))).sum();
        sum > u128::from(self.ns) * invocations.len() as u128
    }
}

/// One placer on the controller for long jobs, and placers with the clients for short ones.
#[derive(Clone)]
pub(super) struct Split {
    costs: Costs,
    central: Costs,
    cutoff: Cutoff,
    share: f64,
    spread: Spread,
    waits: Waits,
}

impl Split {
    /// From the arguments of an architecture that lists [`CUTOFF_S`], [`SHORT_ONLY`], [`CENTRAL_MS`] and the parameters of
    /// [`Costs`] and [`Spread`].
    pub(super) fn new(args: Args<'_>) -> Split {
        let costs = Costs::new(args);
        Split {
            costs,
            central: Costs { task: SimDuration::from_ms(args.number("central_ms")), ..costs },
            cutoff: Cutoff::new(args),
            share: args.number("short_only"),
            spread: Spread::new(args),
            waits: Waits::default(),
        }
    }

    /// The hosts that may get long tasks; those after them do not.
    pub(super) fn general(&self, model: &Model) -> Range<u32> {
        let hosts = model.hosts.len();
        let short = libm::round(self.share * hosts as f64) as usize;
        0..(hosts - short.min(hosts.saturating_sub(1))) as u32
    }

    /// See [`super::Rules::placers`].
    pub(super) fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let central = PlacerPlan { machine: model.controller, hosts: self.general(model).collect() };
        std::iter::once(central).chain(self.spread.plans(model)).collect()
    }

    /// The placer with a client whose turn it is.
    pub(super) fn with_client(&mut self, model: &Model, client: u32) -> u32 {
        CENTRAL + 1 + self.spread.route(model, client)
    }

    /// See [`super::Rules::route_job`].
    pub(super) fn route_job(&mut self, frame: Frame<'_>, client: u32, invocations: &[u32]) -> u32 {
        if self.cutoff.is_long(frame, invocations) { CENTRAL } else { self.with_client(frame.model, client) }
    }

    /// How long a placer is busy with a message; those with the clients look at `d` hosts for each task.
    pub(super) fn cost(&self, message: &Message, tasks: usize, placer: &Placer, d: u64) -> SimDuration {
        match message.placer {
            CENTRAL => self.central.of(tasks, placer.view.len()),
            _ => self.costs.of(tasks, d as usize),
        }
    }

    /// The central placer answers a message. Tells `assigned` of each task that it assigns, with its host.
    pub(super) fn answer_centrally(
        &mut self,
        frame: Frame<'_>,
        placer: &mut Placer,
        message: &Message,
        tasks: &[Asked],
        actions: &mut Vec<Action>,
        mut assigned: impl FnMut(&Asked, u32),
    ) {
        self.waits.begin(frame.model, &placer.view);
        for task in tasks {
            let attempt = task.attempt;
            let Some(host) = self.waits.choose(frame, placer, task) else {
                actions.push(Action::Reject { attempt });
                continue;
            };
            placer.bound(frame.model, host, task.function);
            actions.extend([Action::Classify { attempt, class: 1 }, Action::Assign { attempt, host }]);
            assigned(task, host);
        }
        if tasks.is_empty() {
            placer.hear(frame, message);
        }
        if let (MessageKind::Finish, Some(number)) = (message.kind, placer.number_of(message.host)) {
            self.waits.ended(frame.now, number, message);
        }
    }

    /// Whether the central placer believes that a host, by its number in its view, has long tasks.
    pub(super) fn has_long(&self, number: u32) -> bool {
        self.waits.hosts.get(number as usize).is_some_and(|host| !host.tasks.is_empty())
    }
}

/// A task that a host was assigned and that is not known to have ended.
#[derive(Clone, Copy)]
struct Assigned {
    invocation: u32,
    number: u16,
    /// How long it is estimated to execute there, and on how many thousandths of cores.
    ns: u64,
    millicores: u64,
    /// From when on it is believed to run, if it is among those that do.
    since: SimTime,
}

/// What a host is believed to have before it.
#[derive(Clone)]
struct Backlog {
    /// In the order of assignment; the first `begun` are believed to run, on so many thousandths of cores.
    tasks: VecDeque<Assigned>,
    begun: usize,
    held: u64,
    /// Nanoseconds × thousandths of cores of all of them.
    work: u128,
    millicores: u64,
    speed: f64,
    /// When it is through with them at the earliest, as it seemed when they last changed.
    through: SimTime,
}

impl Backlog {
    /// The estimated wait, in nanoseconds.
    fn wait_ns(&self, now: SimTime) -> u64 {
        let running = self.tasks.iter().take(self.begun);
        let done: u128 = running.map(|t| u128::from(now.since(t.since).0.min(t.ns)) * u128::from(t.millicores)).sum();
        u64::try_from((self.work - done) / u128::from(self.millicores)).unwrap_or(u64::MAX)
    }

    /// Those that find cores are believed to begin.
    fn begin(&mut self, now: SimTime) {
        while let Some(next) = self.tasks.get_mut(self.begun) {
            if self.begun > 0 && self.held + next.millicores > self.millicores {
                return;
            }
            next.since = now;
            self.held += next.millicores;
            self.begun += 1;
        }
    }
}

/// What hosts are believed to have before them, by their number in the central placer's view.
#[derive(Clone, Default)]
struct Waits {
    hosts: Vec<Backlog>,
    /// (when it is through at the earliest, number): work is done no faster than time passes, so that whoever comes later in this
    /// order has at least that wait.
    order: BTreeSet<(SimTime, u32)>,
}

impl Waits {
    fn begin(&mut self, model: &Model, view: &View) {
        if !self.hosts.is_empty() {
            return;
        }
        self.hosts = (0..view.len() as u32)
            .map(|number| Backlog {
                tasks: VecDeque::new(),
                begun: 0,
                held: 0,
                work: 0,
                millicores: u64::from(view.millicores(number)).max(1),
                speed: model.hosts[view.host(number) as usize].speed,
                through: SimTime::ZERO,
            })
            .collect();
        self.order = (0..view.len() as u32).map(|number| (SimTime::ZERO, number)).collect();
    }

    /// The host with the least estimated wait that is large enough for a task, which it is assigned.
    fn choose(&mut self, frame: Frame<'_>, placer: &Placer, task: &Asked) -> Option<u32> {
        let ask = frame.ask(task.function);
        let number = self.least(frame.now, &placer.view, &ask)?;
        let host = &mut self.hosts[number as usize];
        let estimate = frame.estimate_ns(task);
        let ns = if host.speed == 1.0 { estimate } else { libm::rint(estimate as f64 / host.speed) as u64 };
        let millicores = u64::from(ask.millicores).max(1);
        host.tasks.push_back(Assigned { invocation: task.invocation, number: task.number, ns, millicores, since: frame.now });
        host.work += u128::from(ns) * u128::from(millicores);
        self.changed(frame.now, number);
        Some(placer.view.host(number))
    }

    fn least(&self, now: SimTime, view: &View, ask: &Ask) -> Option<u32> {
        let mut best: Option<(u64, u32)> = None;
        for &(through, number) in &self.order {
            if best.is_some_and(|(wait, _)| through.0.saturating_sub(now.0) >= wait) {
                break;
            }
            if !view.fits(number, ask) {
                continue;
            }
            let wait = self.hosts[number as usize].wait_ns(now);
            if best.is_none_or(|(least, _)| wait < least) {
                best = Some((wait, number));
            }
        }
        best.map(|(_, number)| number)
    }

    /// A task of a host is known to have ended.
    fn ended(&mut self, now: SimTime, number: u32, message: &Message) {
        let host = &mut self.hosts[number as usize];
        let is_it = |t: &Assigned| (t.invocation, t.number) == (message.invocation, message.number);
        let Some(at) = host.tasks.iter().position(is_it) else { return };
        let Some(task) = host.tasks.remove(at) else { return };
        host.work -= u128::from(task.ns) * u128::from(task.millicores);
        if at < host.begun {
            host.begun -= 1;
            host.held -= task.millicores;
        }
        self.changed(now, number);
    }

    fn changed(&mut self, now: SimTime, number: u32) {
        let host = &mut self.hosts[number as usize];
        host.begin(now);
        let through = SimTime(now.0.saturating_add(host.wait_ns(now)));
        self.order.remove(&(std::mem::replace(&mut host.through, through), number));
        self.order.insert((through, number));
    }
}
