//! What happens next in a run, or happened last: found by going through the run again from a checkpoint.
//!
//! A checkpoint knows how much of each kind has happened before it, so stretches in which nothing of the kind happens are
//! not gone through. What several events do at one instant is one answer: the stage shows the state after all of them.

use serde::{Deserialize, Serialize};

use super::Simulation;
use super::life::words;
use crate::engine::NONE;
use crate::platform::{
    Cause, ContainerChange, ContainerEvent, Counters, ImageChange, ImageEvent, ImagePlace, Message, MessageKind, Outcome, Phase,
    PlacerChange, Probe, TaskEnd,
};
use crate::units::SimTime;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aim {
    /// Anything that changes something.
    Event,
    /// A container is created for an invocation.
    ColdStart,
    /// An idle container is removed to make room.
    Eviction,
    /// An invocation is sent to another placer.
    Offload,
    /// A host takes over what waits at another.
    Steal,
    /// An execution is stopped for another.
    Kill,
    /// An invocation ends without a result: dropped, rejected, timed out, failed or given up.
    Loss,
}

impl Aim {
    /// All of them but the first, which every event is.
    pub const KINDS: [Aim; 6] = [Aim::ColdStart, Aim::Eviction, Aim::Offload, Aim::Steal, Aim::Kill, Aim::Loss];

    /// Its name in words.
    pub fn name(self) -> &'static str {
        match self {
            Aim::Event => "event",
            Aim::ColdStart => "cold start",
            Aim::Eviction => "eviction",
            Aim::Offload => "offload",
            Aim::Steal => "steal",
            Aim::Kill => "kill",
            Aim::Loss => "failure",
        }
    }

    /// How often it has happened, or more: as long as this does not grow, it has not happened again.
    fn count(self, counters: &Counters) -> u64 {
        match self {
            Aim::Event => counters.events,
            Aim::ColdStart => counters.cold,
            Aim::Eviction => counters.evictions,
            Aim::Offload => counters.messages[MessageKind::Offload as usize],
            Aim::Steal => counters.messages[MessageKind::Stolen as usize],
            Aim::Kill => counters.killed,
            Aim::Loss => counters.outcomes.iter().sum::<u64>() - counters.outcomes[Outcome::Completed as usize],
        }
    }
}

/// Where in time it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// After an instant.
    Forward,
    /// Before an instant.
    Back,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// When, in nanoseconds.
    pub at_ns: u64,
    /// What happened, in words: that which was looked for, else what matters most at the instant.
    pub words: String,
    /// How much else happened at the same instant.
    pub more: u32,
    /// The invocation that it is about.
    pub invocation: Option<u32>,
}

/// How far a search has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on.
    Searching,
    /// It has come to its end, with what was found if there is anything.
    Done(Option<Found>),
}

/// A search on its way.
#[derive(Debug)]
pub struct Search {
    aim: Aim,
    direction: Direction,
    /// Forward: the instant after which it looks. Back: the one before which it looks, earlier with every stretch.
    from: SimTime,
    /// What goes through a stretch of the run again, and its clock and count where that began.
    pass: Option<Pass>,
    seen: Seen,
    /// Whether nothing is left out from here on.
    thorough: bool,
}

#[derive(Debug)]
struct Pass {
    state: Simulation,
    begun: SimTime,
    count: u64,
}

impl Search {
    /// Begins a search from an instant, which is itself not looked at.
    pub fn new(aim: Aim, direction: Direction, from_ns: u64) -> Search {
        let least = if direction == Direction::Forward { from_ns.saturating_add(1) } else { 0 };
        Search { aim, direction, from: SimTime(from_ns), pass: None, seen: Seen::new(aim, direction, least), thorough: false }
    }

    /// Goes on for about so many events. `checkpoints` are states of the run in order of time, the beginning first;
    /// `until` is how far the run has come.
    pub fn step(&mut self, checkpoints: &[Simulation], until: SimTime, budget: u64) -> Step {
        match self.direction {
            Direction::Forward => self.forward(checkpoints, until, budget),
            Direction::Back => self.back(checkpoints, budget),
        }
    }

    fn count(&self, state: &Simulation) -> u64 {
        self.aim.count(&state.world().counters)
    }

    fn begin(&self, state: &Simulation) -> Pass {
        Pass { begun: state.world().now, count: self.count(state), state: state.clone() }
    }

    fn forward(&mut self, checkpoints: &[Simulation], until: SimTime, budget: u64) -> Step {
        let last = |before: SimTime| checkpoints[..checkpoints.partition_point(|c| c.world().now <= before)].last();
        let pass = self.pass.take().or_else(|| last(self.from).map(|nearest| self.begin(nearest)));
        let Some(mut pass) = pass else { return Step::Done(None) };
        // To the last checkpoint before which nothing more of the kind has happened.
        if !self.thorough && !self.seen.is_hit() {
            let count = self.count(&pass.state);
            let same = checkpoints[..checkpoints.partition_point(|c| self.count(c) <= count)].last();
            let events = |s: &Simulation| s.world().counters.events;
            if let Some(later) = same.filter(|c| events(c) > events(&pass.state)) {
                pass = self.begin(later);
            }
        }
        let ended = pass.state.watch_to(SimTime(until.0.saturating_add(1)), budget, &mut self.seen);
        match self.seen.at(ended) {
            // Some of what happened at the instant of the checkpoint had happened before it.
            Some(at) if at == pass.begun && !self.thorough && at > SimTime::ZERO => {
                self.thorough = true;
                self.seen = Seen::new(self.aim, self.direction, at.0);
                self.pass = last(SimTime(at.0 - 1)).map(|earlier| self.begin(earlier));
                Step::Searching
            }
            Some(_) => Step::Done(self.seen.found(&pass.state)),
            None if ended => Step::Done(None),
            None => {
                self.pass = Some(pass);
                Step::Searching
            }
        }
    }

    fn back(&mut self, checkpoints: &[Simulation], budget: u64) -> Step {
        let pass = self.pass.take().or_else(|| {
            let next = checkpoints.get(checkpoints.partition_point(|c| c.world().now < self.from));
            self.earlier(checkpoints, self.from, next.map(|c| self.count(c)))
        });
        let Some(mut pass) = pass else { return Step::Done(None) };
        if !pass.state.watch_to(self.from, budget, &mut self.seen) {
            self.pass = Some(pass);
            return Step::Searching;
        }
        let found = self.seen.at(true);
        if found.is_some_and(|at| at > pass.begun) {
            return Step::Done(self.seen.found(&pass.state));
        }
        // The stretch before, which ends with the whole of the instant at which this one began.
        self.from = self.from.min(SimTime(pass.begun.0 + 1));
        let count = found.is_none().then_some(pass.count);
        self.pass = self.earlier(checkpoints, pass.begun, count);
        if self.pass.is_none() {
            return Step::Done(found.and_then(|_| self.seen.found(&pass.state)));
        }
        self.seen = Seen::new(self.aim, self.direction, 0);
        Step::Searching
    }

    /// From the last checkpoint before an instant. Those are passed over from which on, up to a later state with this count,
    /// nothing of the kind happened.
    fn earlier(&mut self, checkpoints: &[Simulation], before: SimTime, count: Option<u64>) -> Option<Pass> {
        let mut i = checkpoints.partition_point(|c| c.world().now < before).checked_sub(1)?;
        while count == Some(self.count(&checkpoints[i])) {
            self.from = self.from.min(SimTime(checkpoints[i].world().now.0 + 1));
            i = i.checked_sub(1)?;
        }
        Some(self.begin(&checkpoints[i]))
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
enum What {
    Arrived { invocation: u32 },
    Phase { invocation: u32, phase: Phase, host: u32 },
    Ended { invocation: u32, outcome: Outcome, cause: Option<Cause>, host: u32 },
    Sent(Message),
    Container(ContainerEvent),
    Image(ImageEvent),
    Queue { host: u32, function: u32, joins: bool },
    Placer { machine: u32, change: PlacerChange },
    Weights { machine: u32 },
    TookOver,
}

impl What {
    /// The kind that it is of, besides being an event.
    fn kind(&self) -> Aim {
        match self {
            What::Container(e) if e.change == ContainerChange::Starting => Aim::ColdStart,
            What::Container(e) if e.change == ContainerChange::Evicted => Aim::Eviction,
            What::Sent(m) if m.kind == MessageKind::Offload => Aim::Offload,
            What::Sent(m) if m.kind == MessageKind::Stolen => Aim::Steal,
            What::Phase { phase: Phase::Lost, .. } => Aim::Kill,
            What::Ended { outcome, .. } if *outcome != Outcome::Completed => Aim::Loss,
            _ => Aim::Event,
        }
    }

    /// What matters less is larger.
    fn rank(&self, aim: Aim) -> u8 {
        match self {
            _ if aim != Aim::Event && self.kind() == aim => 0,
            _ if self.kind() != Aim::Event => 1,
            What::TookOver => 2,
            What::Ended { .. } => 3,
            What::Phase { .. } => 4,
            What::Arrived { .. } => 5,
            What::Container(_) => 6,
            What::Image(_) => 7,
            What::Queue { .. } => 8,
            What::Sent(_) => 9,
            What::Placer { .. } => 10,
            What::Weights { .. } => 11,
        }
    }

    fn invocation(&self) -> Option<u32> {
        let invocation = match self {
            What::Arrived { invocation } | What::Phase { invocation, .. } | What::Ended { invocation, .. } => *invocation,
            What::Sent(m) => m.invocation,
            _ => NONE,
        };
        (invocation != NONE).then_some(invocation)
    }

    /// What happened, in words.
    fn words(&self, run: &Simulation) -> String {
        let (model, workload) = (run.model(), run.workload());
        let machine = |m: u32| if m == NONE { "nowhere".to_owned() } else { model.machine_id(m).to_owned() };
        let host = |h: u32| model.hosts.get(h as usize).map(|h| machine(h.machine));
        let function = |f: u32| workload.functions.get(f as usize).map_or("a container", |f| f.id.as_str());
        let who = |i: u32| format!("{} {i}", function(workload.function[i as usize]));
        let on = |h: u32| host(h).map_or(String::new(), |id| format!(" on {id}"));
        match *self {
            What::Arrived { invocation } => format!("{} is submitted", who(invocation)),
            What::Phase { invocation, phase: Phase::Lost, host } => format!("kill of {}{}", who(invocation), on(host)),
            What::Phase { invocation, phase, host } => format!("{} is {}{}", who(invocation), words(phase).0, on(host)),
            What::Ended { invocation, outcome, cause, host } => {
                let cause = cause.map_or(String::new(), |c| format!(" ({})", c.word().replace('_', " ")));
                format!("{} {}{}{cause}", who(invocation), outcome.word().replace('_', " "), on(host))
            }
            What::Sent(m) => {
                let what = match m.kind {
                    MessageKind::Stolen if m.invocation != NONE => format!("steal of {}", who(m.invocation)),
                    // A place that was reserved for one of several.
                    MessageKind::Stolen if m.function != NONE => format!("steal of {}", function(m.function)),
                    MessageKind::Offload if m.function != NONE => format!("offload of {}", function(m.function)),
                    kind => format!("{} is sent", kind.word().replace('_', " ")),
                };
                format!("{what} from {} to {}", machine(m.from), machine(m.to))
            }
            What::Container(e) => {
                let (name, on) = (function(e.function), on(e.host));
                match e.change {
                    ContainerChange::Starting => format!("cold start of {name}{on}"),
                    ContainerChange::Evicted => format!("eviction of {name}{on}"),
                    ContainerChange::Ready => format!("container of {name} is ready{on}"),
                    ContainerChange::Busy => format!("warm start of {name}{on}"),
                    ContainerChange::Idle => format!("container of {name} is idle{on}"),
                    ContainerChange::Expired => format!("keep-alive of {name} ran out{on}"),
                    ContainerChange::Prewarming => format!("container of {name} is made ahead{on}"),
                    ContainerChange::Killed => format!("container of {name} is removed{on}"),
                }
            }
            What::Image(e) => {
                let change = match e.change {
                    ImageChange::Coming => "is on its way",
                    ImageChange::Here => "is in place",
                    ImageChange::Evicted => "is removed to make room",
                };
                let place = match e.place {
                    ImagePlace::Head(_) => " at the head store".to_owned(),
                    ImagePlace::Disk(h) | ImagePlace::Memory(h) => on(h),
                };
                format!("image {change}{place}")
            }
            What::Queue { host, function: f, joins } => {
                format!("{} {} the queue{}", function(f), if joins { "joins" } else { "leaves" }, on(host))
            }
            What::Placer { machine: m, change } => {
                let does = match change {
                    PlacerChange::Waits => "gets a message",
                    PlacerChange::Decides => "begins to decide",
                    PlacerChange::Done => "has decided",
                };
                format!("the placer on {} {does}", machine(m))
            }
            What::Weights { machine: m } => format!("the agent on {} changes its shares", machine(m)),
            What::TookOver => "another architecture takes over".to_owned(),
        }
    }
}

/// What happened at one instant.
#[derive(Clone, Copy, Debug)]
struct Instant {
    at: SimTime,
    hit: bool,
    /// What matters most.
    what: What,
    rank: u8,
    count: u32,
    /// The last invocation that entered a phase at a host, and the host: a container that changes does so for it.
    at_host: Option<(u32, u32)>,
    /// The one that what matters most is about.
    invocation: Option<u32>,
}

/// Looks at what happens, instant by instant: forward the first that counts is kept, back the last.
#[derive(Debug)]
struct Seen {
    aim: Aim,
    direction: Direction,
    /// What comes before does not count.
    least: u64,
    current: Option<Instant>,
    kept: Option<Instant>,
}

impl Seen {
    fn new(aim: Aim, direction: Direction, least: u64) -> Seen {
        Seen { aim, direction, least, current: None, kept: None }
    }

    fn is_hit(&self) -> bool {
        self.kept.is_some() || self.current.is_some_and(|c| c.hit)
    }

    fn tell(&mut self, now: SimTime, what: What) {
        if now.0 < self.least || (self.direction == Direction::Forward && self.kept.is_some()) {
            return;
        }
        if self.current.is_none_or(|c| c.at != now) {
            self.turn();
            if self.direction == Direction::Forward && self.kept.is_some() {
                return;
            }
        }
        let (hit, rank) = (self.aim == Aim::Event || what.kind() == self.aim, what.rank(self.aim));
        let fresh = Instant { at: now, hit: false, what, rank, count: 0, at_host: None, invocation: None };
        let current = self.current.get_or_insert(fresh);
        current.hit |= hit;
        current.count += 1;
        if let What::Phase { invocation, host, .. } = what {
            current.at_host = Some((invocation, host));
        }
        if rank < current.rank || current.count == 1 {
            (current.what, current.rank) = (what, rank);
            current.invocation = what.invocation().or(match what {
                What::Container(e) => current.at_host.filter(|(_, host)| *host == e.host).map(|(invocation, _)| invocation),
                _ => None,
            });
        }
    }

    /// An instant is over.
    fn turn(&mut self) {
        self.kept = self.current.take().filter(|c| c.hit).or(self.kept);
    }

    /// The instant that was found; whether nothing more comes is said by `ended`.
    fn at(&mut self, ended: bool) -> Option<SimTime> {
        if ended && !(self.direction == Direction::Forward && self.kept.is_some()) {
            self.turn();
        }
        self.kept.map(|k| k.at)
    }

    fn found(&self, run: &Simulation) -> Option<Found> {
        let Instant { at, what, count, invocation, .. } = self.kept?;
        Some(Found { at_ns: at.0, words: what.words(run), more: count - 1, invocation })
    }
}

impl Probe for Seen {
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        self.tell(now, What::Arrived { invocation });
    }

    fn phase(&mut self, now: SimTime, invocation: u32, phase: Phase, host: u32) {
        self.tell(now, What::Phase { invocation, phase, host });
    }

    fn sent(&mut self, message: &Message) {
        self.tell(message.sent, What::Sent(*message));
    }

    fn queued(&mut self, now: SimTime, host: u32, _: u32, function: u32) {
        self.tell(now, What::Queue { host, function, joins: true });
    }

    fn reserved(&mut self, now: SimTime, host: u32, _: u32, function: u32) {
        self.tell(now, What::Queue { host, function, joins: true });
    }

    fn unreserved(&mut self, now: SimTime, host: u32, _: u32) {
        self.tell(now, What::Queue { host, function: NONE, joins: false });
    }

    fn container(&mut self, now: SimTime, event: &ContainerEvent) {
        self.tell(now, What::Container(*event));
    }

    fn image(&mut self, now: SimTime, event: &ImageEvent) {
        self.tell(now, What::Image(*event));
    }

    fn placer(&mut self, now: SimTime, machine: u32, _: (u16, u32), change: PlacerChange) {
        self.tell(now, What::Placer { machine, change });
    }

    fn weights(&mut self, now: SimTime, machine: u32, _: u32, _: [f64; 3]) {
        self.tell(now, What::Weights { machine });
    }

    fn took_over(&mut self, now: SimTime) {
        self.tell(now, What::TookOver);
    }

    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        let TaskEnd { invocation, outcome, cause, host, .. } = *end;
        self.tell(now, What::Ended { invocation, outcome, cause, host });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::Scenario;
    use crate::sim::Library;
    use crate::workload::Workload;

    /// A run with a checkpoint after every so many events, and how far it came.
    fn run(json: &str, spacing: u64) -> (Vec<Simulation>, SimTime) {
        let mut scenario = Scenario::from_json(json).unwrap();
        scenario.run.duration_s = Some(scenario.run.duration_s.unwrap_or(60.0).min(60.0));
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut simulation = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        let mut checkpoints = vec![simulation.clone()];
        while !simulation.step(spacing, &mut ()).done {
            checkpoints.push(simulation.clone());
        }
        (checkpoints, simulation.world().now)
    }

    /// Every instant at which something of a kind happens, from one pass over the whole run.
    #[derive(Default)]
    struct All(Vec<(u64, Aim)>);

    impl Probe for All {
        fn arrived(&mut self, now: SimTime, _: u32) {
            self.0.push((now.0, Aim::Event));
        }
        fn phase(&mut self, now: SimTime, _: u32, phase: Phase, _: u32) {
            self.0.push((now.0, if phase == Phase::Lost { Aim::Kill } else { Aim::Event }));
        }
        fn sent(&mut self, m: &Message) {
            let aim = match m.kind {
                MessageKind::Offload => Aim::Offload,
                MessageKind::Stolen => Aim::Steal,
                _ => Aim::Event,
            };
            self.0.push((m.sent.0, aim));
        }
        fn queued(&mut self, now: SimTime, _: u32, _: u32, _: u32) {
            self.0.push((now.0, Aim::Event));
        }
        fn reserved(&mut self, now: SimTime, _: u32, _: u32, _: u32) {
            self.0.push((now.0, Aim::Event));
        }
        fn unreserved(&mut self, now: SimTime, _: u32, _: u32) {
            self.0.push((now.0, Aim::Event));
        }
        fn image(&mut self, now: SimTime, _: &ImageEvent) {
            self.0.push((now.0, Aim::Event));
        }
        fn weights(&mut self, now: SimTime, _: u32, _: u32, _: [f64; 3]) {
            self.0.push((now.0, Aim::Event));
        }
        fn placer(&mut self, now: SimTime, _: u32, _: (u16, u32), _: PlacerChange) {
            self.0.push((now.0, Aim::Event));
        }
        fn container(&mut self, now: SimTime, e: &ContainerEvent) {
            let aim = match e.change {
                ContainerChange::Starting => Aim::ColdStart,
                ContainerChange::Evicted => Aim::Eviction,
                _ => Aim::Event,
            };
            self.0.push((now.0, aim));
        }
        fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
            self.0.push((now.0, if end.outcome == Outcome::Completed { Aim::Event } else { Aim::Loss }));
        }
    }

    fn find(run: &(Vec<Simulation>, SimTime), aim: Aim, direction: Direction, from: u64) -> Option<Found> {
        let mut search = Search::new(aim, direction, from);
        loop {
            if let Step::Done(found) = search.step(&run.0, run.1, 64) {
                return found;
            }
        }
    }

    #[test]
    fn steps_go_through_every_instant_of_a_kind_forward_and_back() {
        let texts = [
            include_str!("../../../scenarios/three-edges.json"),
            include_str!("../../../scenarios/retry-storm.json"),
            include_str!("../../../scenarios/far-registry.json"),
            include_str!("../../../scenarios/standing-aside.json"),
            include_str!("../../../scenarios/fetched.json"),
        ];
        let mut kinds = 0;
        for text in texts {
            let run = run(text, 777);
            let mut all = All::default();
            run.0[0].clone().run(&mut all);
            for aim in [Aim::Event].into_iter().chain(Aim::KINDS) {
                let mut instants: Vec<u64> =
                    all.0.iter().filter(|(_, a)| aim == Aim::Event || *a == aim).map(|(at, _)| *at).collect();
                instants.dedup();
                kinds += usize::from(!instants.is_empty());
                // Every one of a few, and some of many.
                let stride = (instants.len() / 40).max(1);
                for i in (0..instants.len()).step_by(stride) {
                    let next = find(&run, aim, Direction::Forward, instants[i]).map(|f| f.at_ns);
                    assert_eq!(next, instants.get(i + 1).copied(), "{aim:?} after {}", instants[i]);
                    let last = find(&run, aim, Direction::Back, instants[i]);
                    assert_eq!(last.as_ref().map(|f| f.at_ns), i.checked_sub(1).map(|j| instants[j]), "{aim:?} {last:?}");
                    if let Some(last) = last {
                        let together = all.0.iter().filter(|(at, _)| *at == last.at_ns).count();
                        assert_eq!(last.more as usize, together - 1, "all of the instant is counted, wherever checkpoints are");
                    }
                }
                assert_eq!(find(&run, aim, Direction::Forward, run.1.0), None, "nothing comes after the end");
                assert_eq!(find(&run, aim, Direction::Back, 0), None, "nothing comes before the start");
            }
        }
        assert!(kinds >= 5 + 4 + 3, "all scenarios have events, four cold starts, and three of the other kinds: {kinds}");
    }

    #[test]
    fn what_was_found_is_told_in_words() {
        let run = run(include_str!("../../../scenarios/three-edges.json"), 5_000);
        let first = find(&run, Aim::ColdStart, Direction::Forward, 0).unwrap();
        assert!(first.words.starts_with("cold start of ") && first.words.contains(" on "), "{first:?}");
        assert!(first.more > 0 && first.invocation.is_some(), "an invocation enters a phase at the same instant: {first:?}");
        let event = find(&run, Aim::Event, Direction::Back, u64::MAX).unwrap();
        assert!(event.words.contains("completed"), "{event:?}");
        assert!(event.invocation.is_some());
    }
}
