//! Hybrid: as [`super::hawk`], with short jobs that stay away from hosts with long tasks, and hosts that stay with a job.
//!
//! - *Long work is minded.* A host that has long tasks refuses places for short ones. With each long task the central placer sends
//!   its host a bitmap: the hosts that have long tasks by what it has assigned, this task included, and not heard to have ended. A
//!   refusal brings the bitmap that came with the last long task to reach that host. A placer with a client keeps the freshest
//!   bitmap that it got. It reserves a refused place again at a random host that is free of long work in that bitmap, large
//!   enough, not the one that refused and without another place of the job. After `rounds` refusals, or where there is no such
//!   host, it takes a random one of the short-only partition, which refuses nothing; where that has none large enough, any host,
//!   which may not refuse either: each job keeps its places. What the central placer knows to have ended before others that it
//!   sent to the same host has taken its bitmap with it.
//! - *Hosts stay with a job* (sticky batch probing). Where a task of a short job has been executed that had more tasks to bind when
//!   this one was sent, the host holds its slot and asks the placer for the job's next task before it serves other places; it is
//!   told if there is none. The slot is idle for that way there and back, as before any task that is bound late.
//! - In the paper hosts serve short tasks by the shortest remaining time of their job, with a cap on how often one is passed. That
//!   is an order of the hosts' queues, which any architecture may have: `policies.order`.
//!
//! Unloaded service times, with M the time of a control message: long L + S' + L + run; short 3 L + S + M + run, and 2 L + M more
//! for each round in which all its places are refused.
//! Source: Eagle (Delgado et al., ACM SoCC 2016), and the simulator of its authors: two rounds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::late_binding::{CANCELLATION, Reservations};
use super::long::{CENTRAL, CENTRAL_MS, CUTOFF_S, SHORT_ONLY, Split};
use super::spread::{D, PLACERS};
use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "eagle",
    name: "Hybrid: short jobs avoid long ones (Eagle)",
    summary: "As Hawk; hosts with long tasks refuse short ones and say where there are none, and a host stays with a job.",
    source: "Eagle (Delgado et al., ACM SoCC 2016), without its queue order.",
    params: &[
        CUTOFF_S,
        SHORT_ONLY,
        Param {
            name: "rounds",
            label: "Rounds that may refuse",
            unit: "",
            help: "How often a place for a short task may be refused before it is reserved among the hosts for short tasks only. The simulator of Eagle's authors: 2; its daemon: 3.",
            domain: Domain::Integer { default: 2, min: 1, max: 100 },
        },
        Param {
            name: "sticky",
            label: "After a short task",
            unit: "",
            help: "What a host does when a task of a short job has ended.",
            domain: Domain::Word(&[("on", "asks for the next task of the job"), ("off", "goes on with its queue")]),
        },
        D,
        PLACERS,
        CANCELLATION,
        CENTRAL_MS,
        decision_ms(0.1),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &["policies.placement"],
};

/// Hosts that have long tasks, one bit each, and when that was: how many assignments there had been.
#[derive(Clone, Default)]
struct Bitmap {
    version: u64,
    bits: Arc<[u64]>,
}

impl Bitmap {
    fn is_set(&self, host: u32) -> bool {
        self.bits.get(host as usize / 64).is_some_and(|word| word >> (host % 64) & 1 == 1)
    }
}

/// A bitmap that was sent to a host along with a long task.
#[derive(Clone)]
struct Told {
    invocation: u32,
    number: u16,
    bitmap: Bitmap,
    ended: bool,
}

/// Where long tasks are, as told by the central placer.
#[derive(Clone, Default)]
struct News {
    version: u64,
    /// As the central placer knows it now.
    bits: Vec<u64>,
    /// Per host, what it was told with long tasks, from the first one on that is not known to have ended.
    told: Vec<VecDeque<Told>>,
    /// The freshest bitmap that each placer got.
    heard: BTreeMap<u32, Bitmap>,
}

impl News {
    fn begin(&mut self, hosts: usize) {
        if self.told.is_empty() {
            self.bits = vec![0; hosts.div_ceil(64)];
            self.told = vec![VecDeque::new(); hosts];
        }
    }

    /// The central placer sends a long task to a host.
    fn assigned(&mut self, task: &Asked, host: u32) {
        self.version += 1;
        self.bits[host as usize / 64] |= 1 << (host % 64);
        let bitmap = Bitmap { version: self.version, bits: self.bits.as_slice().into() };
        let Asked { invocation, number, .. } = *task;
        self.told[host as usize].push_back(Told { invocation, number, bitmap, ended: false });
    }

    /// The central placer hears that a long task ended; `has_more` says whether the host has others.
    fn ended(&mut self, message: &Message, has_more: bool) {
        let told = &mut self.told[message.host as usize];
        if let Some(it) = told.iter_mut().find(|t| (t.invocation, t.number) == (message.invocation, message.number)) {
            it.ended = true;
        }
        // The last one stays, for refusals that are on their way.
        while told.len() > 1 && told.front().is_some_and(|t| t.ended) {
            told.pop_front();
        }
        if !has_more {
            self.bits[message.host as usize / 64] &= !(1 << (message.host % 64));
        }
    }

    /// A placer with a client gets a refusal, and the bitmap that the host has.
    fn hear(&mut self, placer: u32, message: &Message) {
        let [invocation, number] = message.words;
        let mut told = self.told[message.host as usize].iter();
        let Some(it) = told.find(|t| (t.invocation, u32::from(t.number)) == (invocation, number)) else { return };
        let heard = self.heard.entry(placer).or_default();
        if it.bitmap.version > heard.version {
            *heard = it.bitmap.clone();
        }
    }

    /// Whether a placer believes that a host is free of long tasks.
    fn is_free(&self, placer: u32, host: u32) -> bool {
        self.heard.get(&placer).is_none_or(|bitmap| !bitmap.is_set(host))
    }
}

#[derive(Clone)]
pub(crate) struct Eagle {
    split: Split,
    reservations: Reservations,
    rounds: u32,
    sticky: bool,
    news: News,
}

impl Eagle {
    pub(super) fn new(args: Args<'_>) -> Eagle {
        Eagle {
            split: Split::new(args),
            reservations: Reservations::new(args),
            rounds: args.integer("rounds") as u32,
            sticky: args.is("sticky", "on"),
            news: News::default(),
        }
    }

    /// A place has come up, or a host stays with a job.
    fn came_up(&mut self, frame: Frame<'_>, placer: &mut Placer, message: &Message, actions: &mut Vec<Action>) {
        let task = self.reservations.came_up(frame, placer, message, actions);
        if let Some(Asked { attempt, .. }) = task.filter(|_| self.sticky && self.reservations.has_unbound(message.ticket)) {
            actions.push(Action::Stick { attempt, ticket: message.ticket });
        }
    }

    /// A host with long tasks refuses a place, which is reserved elsewhere.
    fn refused(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, message: &Message, actions: &mut Vec<Action>) {
        self.news.hear(number, message);
        let ticket = message.ticket;
        let Some((refusals, function)) = self.reservations.refused(message) else { return };
        let ask = frame.ask(function);
        let (view, chance) = (&placer.view, &mut placer.chance);
        let large: Vec<u32> = (0..view.len() as u32).filter(|&n| view.fits(n, &ask)).map(|n| view.host(n)).collect();
        let mut one_of = |hosts: Vec<u32>| match hosts.len() {
            0 => None,
            n => hosts.get(chance.below(n as u64) as usize).copied(),
        };
        if refusals < self.rounds {
            let free = |host: u32| self.news.is_free(number, host) && !self.reservations.has_place(ticket, host);
            let hosts = large.iter().copied().filter(|&host| host != message.host && free(host)).collect();
            if let Some(host) = one_of(hosts) {
                return self.reservations.reserve_again(ticket, host, refusals, true, actions);
            }
        }
        let general = self.split.general(frame.model);
        let short_only = large.iter().copied().filter(|host| !general.contains(host)).collect();
        // The host that refused was large enough.
        let host = one_of(short_only).or_else(|| one_of(large)).unwrap_or(message.host);
        self.reservations.reserve_again(ticket, host, refusals, false, actions);
    }
}

impl Rules for Eagle {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        self.split.placers(model)
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        self.split.with_client(model, client)
    }

    fn route_job(&mut self, frame: Frame<'_>, client: u32, invocations: &[u32]) -> u32 {
        self.split.route_job(frame, client, invocations)
    }

    fn estimates(&self) -> bool {
        true
    }

    fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        self.split.cost(message, tasks, placer, self.reservations.d)
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
        self.news.begin(frame.model.hosts.len());
        match (number, message.kind) {
            (CENTRAL, kind) => {
                let Eagle { split, news, .. } = self;
                split.answer_centrally(frame, placer, message, tasks, actions, |task, host| news.assigned(task, host));
                if let (MessageKind::Finish, Some(host)) = (kind, placer.number_of(message.host)) {
                    news.ended(message, split.has_long(host));
                }
            }
            (_, MessageKind::Submit) => {
                self.reservations.submit(frame, placer, tasks, true, actions);
            }
            (_, MessageKind::GetTask) => self.came_up(frame, placer, message, actions),
            (_, MessageKind::ReserveRefused) => self.refused(frame, number, placer, message, actions),
            _ => {}
        }
    }
}
