//! Delegated, gateway and node engines: a gateway chooses a node for each request from outside; the engine on that node runs it,
//! and all that follows from it in its job, there.
//!
//! submit → gateway's decision → offload → engine → host. The gateway chooses among the nodes that are large enough: a random one,
//! the next in turn for the function, or the one with the fewest tasks, as its engine last told with the end of a task, and of
//! those that the gateway has sent there since; of equals, a random one. What a task starts in its job goes from its host to the
//! engine of the same machine and never leaves it (unless hosts steal); where the machine is too small for it, it is rejected. What a client starts
//! itself, as after a refusal, comes through the gateway.
//! An engine runs at most round(r d) tasks of a function at once, from `least` to `most`, where r is the mean of the instant rates
//! of the function's arrivals there, each 1 / the time since the one before, and d the mean time that a task takes from its dispatch
//! to its end, of whatever kind. Both are averages that move by `alpha`: r ← r + α (new - r), d ← d + α (new - d), beginning with
//! the first value; times between arrivals count as 1 µs at least. As long as one of them is not known, or nothing, the limit is
//! `most`. Short times between arrivals weigh much in r, so that with random arrivals the limit is several times what the tasks need;
//! with even ones it is just that, and too little where it is rounded down. The others wait in the engine, for each function
//! by `policies.order`.
//! With L the way of a message, S the gateway's decision, E the time of a task in an engine and R that of a hand-over
//! (`local_us`), unloaded service times are: from outside 2 L + S + E + run (n tasks that come together: n S and up to n E), inner
//! R + E + run; where E is more than R, the end before it holds it up for E - R.
//! Source: Nightcore (Jia and Witchel, ASPLOS 2021) and its repository: choices of a node, averages of instant rates and running
//! delays with α = 0.001, no limit without a value. There, limits are each function's own; the defaults of these and of times are ours.

use std::collections::BTreeMap;

use super::spread::Sample;
use super::{Action, Asked, Frame, Held, Message, MessageKind, Model, Placer, PlacerPlan, Rules};
use crate::frame::{Costs, JOB_MS, LOCAL_US, MESSAGE_US, SCAN_US, decision_ms};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::{NS_PER_S, SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "gateway",
    name: "Delegated: gateway and node engines (Nightcore)",
    summary: "A gateway picks a node for each request; the engine there runs it and all that follows from it, so many at once.",
    source: "Nightcore (Jia and Witchel, ASPLOS 2021).",
    params: &[
        Param {
            name: "pick",
            label: "Node of a request",
            unit: "",
            help: "How the gateway chooses the node for a request from outside.",
            domain: Domain::Word(&[
                ("random", "a random one"),
                ("round_robin", "the next in turn, for each function"),
                ("least_load", "the one with the fewest tasks"),
            ]),
        },
        Param {
            name: "least",
            label: "At once, at least",
            unit: "",
            help: "How many tasks of a function an engine always runs at once.",
            domain: Domain::Integer { default: 1, min: 1, max: 100_000 },
        },
        Param {
            name: "most",
            label: "At once, at most",
            unit: "",
            help: "How many tasks of a function an engine runs at once at most, and as long as it knows no rate.",
            domain: Domain::Integer { default: 32, min: 1, max: 100_000 },
        },
        Param {
            name: "alpha",
            label: "Weight of what is new",
            unit: "",
            help: "How far a function's averages of rates and run times move towards each new value; 0.001 in Nightcore.",
            domain: Domain::Number { default: 0.001, min: 0.0, max: 1.0 },
        },
        LOCAL_US,
        Param {
            name: "engine_us",
            label: "Time in an engine",
            unit: "µs",
            help: "How long a node's engine is busy with each task, and with each end of one.",
            domain: Domain::Number { default: 5.0, min: 0.0, max: 1e7 },
        },
        decision_ms(0.1),
        JOB_MS,
        SCAN_US,
        MESSAGE_US,
    ],
    decides: &["policies.placement"],
};

/// How the gateway chooses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pick {
    Random,
    RoundRobin,
    LeastLoad,
}

/// What an engine knows of a function.
#[derive(Clone, Default)]
struct Served {
    /// Tasks that wait.
    waiting: Held,
    /// Tasks that were sent to the host and have not ended.
    running: u32,
    last_arrival: Option<SimTime>,
    /// Averages: of the instant rates, and from dispatch to end.
    rate_per_s: Option<f64>,
    delay_ns: Option<f64>,
}

impl Served {
    fn arrives(&mut self, now: SimTime, alpha: f64) {
        if let Some(last) = self.last_arrival.replace(now) {
            let gap = now.since(last).0.max(1_000);
            moves(&mut self.rate_per_s, NS_PER_S as f64 / gap as f64, alpha);
        }
    }

    fn ends(&mut self, delay: SimDuration, alpha: f64) {
        self.running = self.running.saturating_sub(1);
        moves(&mut self.delay_ns, delay.0 as f64, alpha);
    }

    /// How many may run at once.
    fn limit(&self, least: u32, most: u32) -> u32 {
        match (self.delay_ns, self.rate_per_s) {
            (Some(delay), Some(rate)) if delay > 0.0 && rate > 0.0 => {
                libm::floor(0.5 + delay * rate / NS_PER_S as f64).clamp(least.into(), most.into()) as u32
            }
            _ => most,
        }
    }
}

/// Moves an average towards a new value.
fn moves(average: &mut Option<f64>, new: f64, alpha: f64) {
    *average = Some(average.map_or(new, |old| old + alpha * (new - old)));
}

#[derive(Clone)]
pub(crate) struct Gateway {
    costs: Costs,
    pick: Pick,
    limits: (u32, u32),
    alpha: f64,
    local: SimDuration,
    engine: SimDuration,
    sample: Sample,
    /// Per function, whose turn it is.
    turn: BTreeMap<u32, u32>,
    /// Per host, how many tasks the gateway takes it to have.
    load: Vec<u32>,
    /// By host and function.
    served: BTreeMap<(u32, u32), Served>,
    /// Per host, tasks that its engine has, waiting or running.
    tasks: Vec<u32>,
}

impl Gateway {
    pub(super) fn new(args: Args<'_>) -> Gateway {
        let (least, most) = (args.integer("least") as u32, args.integer("most") as u32);
        Gateway {
            costs: Costs::new(args),
            pick: match () {
                () if args.is("pick", "round_robin") => Pick::RoundRobin,
                () if args.is("pick", "least_load") => Pick::LeastLoad,
                () => Pick::Random,
            },
            limits: (least, most.max(least)),
            alpha: args.number("alpha"),
            local: SimDuration::from_us(args.number("local_us")),
            engine: SimDuration::from_us(args.number("engine_us")),
            sample: Sample::default(),
            turn: BTreeMap::new(),
            load: Vec::new(),
            served: BTreeMap::new(),
            tasks: Vec::new(),
        }
    }

    /// The node for a request, if one is large enough. The gateway's view holds all hosts, in their order.
    fn choose(&mut self, frame: Frame<'_>, placer: &mut Placer, function: u32) -> Option<u32> {
        let ask = frame.ask(function);
        let hosts = placer.view.len() as u32;
        match self.pick {
            Pick::Random => {
                self.sample.draw(frame, placer, function, 1);
                self.sample.numbers.first().copied()
            }
            Pick::RoundRobin => {
                let turn = self.turn.entry(function).or_default();
                let host = (0..hosts).map(|i| (*turn + i) % hosts).find(|&host| placer.view.fits(host, &ask))?;
                *turn = (host + 1) % hosts;
                Some(host)
            }
            Pick::LeastLoad => {
                self.load.resize(hosts as usize, 0);
                let mut best: Option<(u32, u32)> = None;
                let mut equals = 0u64;
                for host in (0..hosts).filter(|&host| placer.view.fits(host, &ask)) {
                    let load = self.load[host as usize];
                    if best.is_none_or(|(_, least)| load < least) {
                        (best, equals) = (Some((host, load)), 1);
                    } else if best.is_some_and(|(_, least)| load == least) {
                        equals += 1;
                    }
                }
                let (_, least) = best?;
                let nth = if equals > 1 { placer.chance.below(equals) } else { 0 };
                let equal = |&host: &u32| self.load[host as usize] == least && placer.view.fits(host, &ask);
                let host = (0..hosts).filter(equal).nth(nth as usize)?;
                self.load[host as usize] += 1;
                Some(host)
            }
        }
    }

    /// An engine runs those who wait, as far as the limit lets it.
    fn dispatch(&mut self, frame: Frame<'_>, host: u32, placer: &mut Placer, function: u32, actions: &mut Vec<Action>) {
        let (least, most) = self.limits;
        let Some(served) = self.served.get_mut(&(host, function)) else { return };
        while served.running < served.limit(least, most) {
            let before = served.waiting.len();
            let next = served.waiting.next(frame, placer);
            let gone = before - served.waiting.len() - usize::from(next.is_some());
            self.tasks[host as usize] = self.tasks[host as usize].saturating_sub(gone as u32);
            let Some(task) = next else { return };
            served.running += 1;
            actions.push(Action::Assign { attempt: task.attempt, host });
        }
    }

    /// A task reaches an engine.
    fn receive(&mut self, frame: Frame<'_>, host: u32, placer: &mut Placer, task: &Asked, actions: &mut Vec<Action>) {
        let own = placer.number_of(host);
        if own.is_none_or(|own| !placer.view.fits(own, &frame.ask(task.function))) {
            return actions.push(Action::Reject { attempt: task.attempt });
        }
        let (least, most) = self.limits;
        self.served.entry((host, task.function)).or_default().arrives(frame.now, self.alpha);
        // The limit may have risen: those who wait go first.
        self.dispatch(frame, host, placer, task.function, actions);
        self.tasks[host as usize] += 1;
        let Some(served) = self.served.get_mut(&(host, task.function)) else { return };
        if served.waiting.is_empty() && served.running < served.limit(least, most) {
            served.running += 1;
            return actions.push(Action::Assign { attempt: task.attempt, host });
        }
        served.waiting.push(frame, placer, *task);
        actions.push(Action::Hold { attempt: task.attempt });
    }
}

impl Rules for Gateway {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let hosts = 0..model.hosts.len() as u32;
        let mut plans = vec![PlacerPlan { machine: model.controller, hosts: hosts.clone().collect() }];
        plans.extend(hosts.map(|host| PlacerPlan { machine: model.hosts[host as usize].machine, hosts: vec![host] }));
        plans
    }

    fn route(&mut self, _: &Model, _: u32, _: u32) -> u32 {
        0
    }

    fn inner(&self) -> Option<SimDuration> {
        Some(self.local)
    }

    fn route_inner(&mut self, _: &Model, _: u32, host: u32, _: u32) -> u32 {
        1 + host
    }

    fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration {
        if message.placer > 0 {
            return SimDuration(self.engine.0.saturating_mul(tasks.max(1) as u64));
        }
        let looked_at = if self.pick == Pick::LeastLoad { placer.view.len() } else { 1 };
        self.costs.of(tasks, looked_at)
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
        let Some(host) = number.checked_sub(1) else {
            if message.kind == MessageKind::Note {
                let [host, load] = message.words;
                self.load.resize(placer.view.len(), 0);
                self.load[host as usize] = load;
            }
            for task in tasks {
                actions.push(match self.choose(frame, placer, task.function) {
                    Some(host) => Action::Offload { attempt: task.attempt, placer: 1 + host },
                    None => Action::Reject { attempt: task.attempt },
                });
            }
            return;
        };
        self.tasks.resize(frame.model.hosts.len(), 0);
        for task in tasks {
            self.receive(frame, host, placer, task, actions);
        }
        if message.kind == MessageKind::Finish {
            let Some(served) = self.served.get_mut(&(host, message.function)) else { return };
            served.ends(frame.now.since(message.began), self.alpha);
            self.tasks[host as usize] = self.tasks[host as usize].saturating_sub(1);
            self.dispatch(frame, host, placer, message.function, actions);
            if self.pick == Pick::LeastLoad {
                let words = [host, self.tasks[host as usize]];
                actions.push(Action::Tell { placer: 0, kind: MessageKind::Note, words });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_rate_times_the_delay_rounded_within_bounds() {
        let ms = |ms: u64| SimDuration(ms * 1_000_000);
        let mut served = Served::default();
        assert_eq!(served.limit(1, 32), 32, "nothing is known yet");
        served.arrives(SimTime(0), 0.5);
        served.ends(ms(100), 0.5);
        assert_eq!(served.limit(1, 32), 32, "one arrival has no rate");
        // 25 a second for 0.1 s: 2.5, rounded up.
        served.arrives(SimTime(0) + ms(40), 0.5);
        assert_eq!((served.limit(1, 32), served.limit(4, 32), served.limit(1, 2)), (3, 4, 2));
        // 200 ms later: 25 and 5 a second make 15, and 1.5 is rounded up.
        served.arrives(SimTime(0) + ms(240), 0.5);
        assert_eq!(served.limit(1, 32), 2);
        // A delay of nothing halves the other average.
        served.ends(ms(0), 0.5);
        assert_eq!(served.limit(1, 32), 1);
        // Two at once count as a million a second.
        served.arrives(SimTime(0) + ms(240), 0.5);
        assert_eq!(served.limit(1, 32), 32);
    }
}
