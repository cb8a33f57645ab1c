//! Hybrid: guaranteed tasks are placed centrally, opportunistic ones by placers with the clients, and stop for guaranteed ones.
//!
//! Jobs are told apart as in [`super::hawk`], by the mean estimate of the tasks that come together. *Guaranteed* (the long ones, or
//! the short ones): submit → central placer's inbox → decision by the placement policy, on what it assigned itself → assign → host →
//! run → finish. *Opportunistic*: submit → a placer with the client → decision → assign to a random one of the `top` hosts that were
//! least loaded, per core, of those large enough, in the last list that reached it, or the first ones before there is one → host's
//! queue. The controller publishes the order of the hosts' loads again and again ([`MessageKind::Heartbeat`]). A host where `bound`
//! opportunistic tasks wait sends the next back ([`MessageKind::Offload`]), and the placer tries another of the `top`, if there is one,
//! until it has been sent back `tries` times; then it gives up. At the host a guaranteed task stands before opportunistic ones and
//! kills running ones that are in its way ([`crate::platform`], `kill`): they are lost, come back to their placer in the same way and
//! are placed again, with all their tries.
//! Unloaded service times: guaranteed L + S' + L + run, opportunistic S + L + run; being sent back costs 2 L + S.
//! Source: Mercury (Karanasos et al., USENIX ATC 2015) as in Apache Hadoop YARN's opportunistic containers: the 10 least loaded, each
//! second; queues of 5 to 15 there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::long::{CENTRAL, CENTRAL_MS, CUTOFF_S, Cutoff};
use super::spread::{PLACERS, Spread};
use super::{Action, Asked, Frame, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, MESSAGE_US, SCAN_US, decision_ms};
use crate::platform::Rank;
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "mercury",
    name: "Hybrid: guaranteed and opportunistic (Mercury)",
    summary: "A central placer decides on guaranteed tasks; placers with the clients fill the gaps with others, which stop for them.",
    source: "Mercury (Karanasos et al., USENIX ATC 2015); opportunistic containers of Apache Hadoop YARN.",
    params: &[
        CUTOFF_S,
        Param {
            name: "guaranteed",
            label: "Guaranteed",
            unit: "",
            help: "Which jobs the central placer decides on, and the others stop for.",
            domain: Domain::Word(&[("long", "those above the cut-off"), ("short", "those up to the cut-off")]),
        },
        Param {
            name: "top",
            label: "Least loaded hosts",
            unit: "",
            help: "Among how many of the least loaded hosts an opportunistic task goes to a random one; YARN: 10.",
            domain: Domain::Integer { default: 10, min: 1, max: 100_000 },
        },
        Param {
            name: "list_ms",
            label: "Loads published every",
            unit: "ms",
            help: "How often the placers with the clients are told which hosts are least loaded; YARN: 1,000.",
            domain: Domain::Number { default: 1000.0, min: 1.0, max: 1e7 },
        },
        Param {
            name: "bound",
            label: "Opportunistic tasks that wait",
            unit: "",
            help: "How many opportunistic tasks a host lets wait before it sends them back; 5 to 15 in YARN.",
            domain: Domain::Integer { default: 10, min: 0, max: 1_000_000 },
        },
        Param {
            name: "tries",
            label: "Hosts tried",
            unit: "",
            help: "After how many hosts have sent a task back its placer gives up. Our default.",
            domain: Domain::Integer { default: 10, min: 1, max: 200 },
        },
        PLACERS,
        CENTRAL_MS,
        decision_ms(0.1),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Mercury {
    costs: Costs,
    central: Costs,
    cutoff: Cutoff,
    long_guaranteed: bool,
    top: usize,
    list: SimDuration,
    bound: u32,
    tries: u8,
    spread: Spread,
    /// Lists that have not reached every placer: (placers to go, the hosts from the least loaded one on).
    published: BTreeMap<u32, (u32, Arc<[u32]>)>,
    version: u32,
    /// The last list that reached each placer.
    heard: BTreeMap<u32, Arc<[u32]>>,
    /// How much had happened when one was last published.
    happened: u64,
}

impl Mercury {
    pub(super) fn new(args: Args<'_>) -> Mercury {
        let costs = Costs::new(args);
        Mercury {
            costs,
            central: Costs { task: SimDuration::from_ms(args.number("central_ms")), ..costs },
            cutoff: Cutoff::new(args),
            long_guaranteed: args.is("guaranteed", "long"),
            top: args.integer("top") as usize,
            list: SimDuration::from_ms(args.number("list_ms")),
            bound: args.integer("bound") as u32,
            tries: args.integer("tries") as u8,
            spread: Spread::new(args),
            published: BTreeMap::new(),
            version: 0,
            heard: BTreeMap::new(),
            happened: u64::MAX,
        }
    }

    /// A placer is told the order of the hosts' loads.
    fn told(&mut self, number: u32, version: u32) {
        let Some((to_go, list)) = self.published.get_mut(&version) else { return };
        self.heard.insert(number, Arc::clone(list));
        *to_go -= 1;
        if *to_go == 0 {
            self.published.remove(&version);
        }
    }

    /// A random one of the least loaded hosts that are large enough, other than the one that sent the task back.
    fn choose(&self, frame: Frame<'_>, number: u32, placer: &mut Placer, task: &Asked, not: u32) -> Option<u32> {
        let ask = frame.ask(task.function);
        let view = &placer.view;
        let fits = |host: &u32| placer.number_of(*host).is_some_and(|n| view.fits(n, &ask));
        let mut hosts: Vec<u32> = match self.heard.get(&number) {
            Some(list) => list.iter().copied().filter(fits).take(self.top).collect(),
            None => (0..view.len() as u32).map(|n| view.host(n)).filter(fits).take(self.top).collect(),
        };
        if hosts.len() > 1 {
            hosts.retain(|&host| host != not);
        }
        match hosts.len() {
            0 => None,
            n => hosts.get(placer.chance.below(n as u64) as usize).copied(),
        }
    }
}

impl Rules for Mercury {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let central = PlacerPlan { machine: model.controller, hosts: (0..model.hosts.len() as u32).collect() };
        std::iter::once(central).chain(self.spread.plans(model)).collect()
    }

    fn route(&mut self, model: &Model, client: u32, _: u32) -> u32 {
        CENTRAL + 1 + self.spread.route(model, client)
    }

    fn route_job(&mut self, frame: Frame<'_>, client: u32, invocations: &[u32]) -> u32 {
        if self.cutoff.is_long(frame, invocations) == self.long_guaranteed {
            return CENTRAL;
        }
        CENTRAL + 1 + self.spread.route(frame.model, client)
    }

    fn estimates(&self) -> bool {
        true
    }

    fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        match message.placer {
            CENTRAL => self.central.of(tasks, placer.view.len()),
            _ => self.costs.of(tasks, self.top.min(placer.view.len())),
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
        if number == CENTRAL {
            for task in tasks {
                actions.push(Action::Rank { attempt: task.attempt, rank: Rank::Guaranteed });
                actions.push(placer.assign(frame, task));
            }
            if tasks.is_empty() {
                placer.hear(frame, message);
            }
            return;
        }
        if message.kind == MessageKind::Heartbeat {
            return self.told(number, message.words[0]);
        }
        for task in tasks {
            let attempt = task.attempt;
            if task.hops >= self.tries {
                actions.push(Action::GiveUp { attempt });
            } else if let Some(host) = self.choose(frame, number, placer, task, message.host) {
                actions.push(Action::Rank { attempt, rank: Rank::Opportunistic { bound: self.bound } });
                actions.push(Action::Assign { attempt, host });
            } else {
                actions.push(Action::Reject { attempt });
            }
        }
    }

    fn timer(&mut self, frame: Frame<'_>, number: u32, _: &mut Placer, actions: &mut Vec<Action>) {
        if number != CENTRAL {
            return;
        }
        let after = self.list;
        if self.happened == frame.happened {
            return actions.push(Action::Rest { after });
        }
        self.happened = frame.happened;
        self.version = self.version.wrapping_add(1);
        let per_core = |host: u32| {
            let load = u64::from(frame.world.hosts[host as usize].load());
            load * 1_000_000_000 / u64::from(frame.model.hosts[host as usize].millicores).max(1)
        };
        let mut list: Vec<u32> = (0..frame.model.hosts.len() as u32).collect();
        list.sort_by_cached_key(|&host| (per_core(host), host));
        let placers = self.spread.count(frame.model);
        self.published.insert(self.version, (placers, list.into()));
        let words = [self.version, 0];
        let tell = |placer| Action::Tell { placer, kind: MessageKind::Heartbeat, words };
        actions.extend((0..placers).map(|with_client| tell(CENTRAL + 1 + with_client)));
        actions.push(Action::Timer { after });
    }
}
