//! Why an invocation fared as it did, in words: why it went to its host, why it waited, why it started cold, why it was lost.
//!
//! The answers come from the run's own records: the run is gone through again from a state before the invocation was submitted,
//! one event at a time, and what stood in its way is looked at where it stood. What became of a container that it could have
//! used may lie further back; then the run is gone through again from earlier states, until it is found.

mod choice;
mod history;
mod wait;
mod words;

use serde::{Deserialize, Serialize};

use self::choice::{Reply, Seen, Words};
use self::history::{Gone, History, last_gone};
use self::wait::{Stretch, Wait};
pub use self::words::Piece;
use self::words::{Text, long, many};
use super::Simulation;
use crate::engine::NONE;
use crate::platform::{
    Accounting, Attempt, Cause, ContainerChange, ContainerEvent, Decision, ImageEvent, Message, MessageKind, Outcome, Phase, Probe,
    TaskEnd,
};
use crate::registry::Entry;
use crate::scenario::Cpu;
use crate::units::SimTime;

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Why it went to its host.
    Place,
    /// Why it waited at its placer.
    AtPlacer,
    /// Why it waited at its host.
    AtHost,
    /// Why it waited for its image.
    ForImage,
    /// Why it was tried again.
    Again,
    /// Why it started cold.
    Cold,
    /// Why it executed for longer than it does alone.
    Slow,
    /// Why it was lost.
    Lost,
}

impl Question {
    /// The question in words.
    pub fn words(self) -> &'static str {
        match self {
            Question::Place => "Why it went there",
            Question::AtPlacer => "Why it waited at its placer",
            Question::AtHost => "Why it waited at its host",
            Question::ForImage => "Why it waited for its image",
            Question::Again => "Why it was tried again",
            Question::Cold => "Why it started cold",
            Question::Slow => "Why it executed for longer than alone",
            Question::Lost => "Why it was lost",
        }
    }

    /// The wait that it is about, if it is about one.
    pub fn waits_in(self) -> Option<Accounting> {
        match self {
            Question::AtPlacer => Some(Accounting::PlacerQueue),
            Question::AtHost => Some(Accounting::HostQueue),
            Question::ForImage => Some(Accounting::Staging),
            Question::Again => Some(Accounting::Backoff),
            _ => None,
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// To what.
    pub question: Question,
    /// From when, in nanoseconds.
    pub from_ns: u64,
    /// Until when, in nanoseconds.
    pub to_ns: u64,
    /// The answer.
    pub text: Vec<Piece>,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.iter().try_for_each(|piece| piece.fmt(f))
    }
}

/// Why an invocation fared as it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Its row in the workload.
    pub invocation: u32,
    /// The answers, in the order of what they are about.
    pub answers: Vec<Answer>,
}

/// A cold start.
#[derive(Clone, Debug)]
struct Cold {
    at: SimTime,
    /// The number of its event in the run.
    event: u64,
    host: u32,
    /// The invocation for whom the container in which it waits was being created.
    joined: Option<u32>,
    /// Invocations in the host's other containers of the function, and how many of those are starting.
    busy: Vec<u32>,
    starting: usize,
    gone: Option<Gone>,
    /// How long the container takes to create, in nanoseconds, where that begins now.
    takes: Option<u64>,
    /// What its placer saw, if that is known.
    seen: Option<Seen>,
}

struct Watch {
    target: u32,
    function: u32,
    /// Where the records begin.
    from: SimTime,
    history: History,
    words: Words,
    replies: Vec<Reply>,
    seen: Option<Seen>,
    task: u32,
    attempt: u32,
    /// Whether it has been submitted.
    came: bool,
    stretch: Option<Stretch>,
    colds: Vec<Cold>,
    is_cold: bool,
    /// Others than its owner that executed on its host when it began, and how long it takes alone.
    company: Option<(usize, u64, u64)>,
    answers: Vec<Answer>,
    /// In the event that is being handled: hosts that it was sent to, who left cores or a place in a queue and where, from whom it
    /// was handed to whom, and for whom it was killed.
    dispatched: Vec<u32>,
    freed: Vec<(u32, u32)>,
    handed: Vec<(u32, u32)>,
    /// From which host it was stolen by which.
    stolen: Option<(u32, u32)>,
    killed: Option<(u32, u32)>,
    /// Whose containers began to be created before its own, and whether that did.
    started: Vec<u32>,
    starts: bool,
    images: Vec<ImageEvent>,
    unqueued: Vec<(u32, u32)>,
    end: Option<(Outcome, Option<Cause>, u32)>,
}

impl Probe for Watch {
    fn arrived(&mut self, _: SimTime, invocation: u32) {
        if invocation == self.target {
            self.came = true;
        }
    }

    fn phase(&mut self, _: SimTime, invocation: u32, phase: Phase, host: u32) {
        if phase == Phase::Starting && !self.starts {
            if invocation == self.target { self.starts = true } else { self.started.push(invocation) }
        }
        if invocation == self.target {
            match phase {
                Phase::InFlight => self.dispatched.push(host),
                Phase::Lost => self.killed = Some((host, self.history.seeker_on(host))),
                _ => {}
            }
        } else if matches!(phase, Phase::Returning | Phase::Lost | Phase::Closed) && host != NONE {
            self.freed.push((host, invocation));
        }
    }

    fn sent(&mut self, message: &Message) {
        if message.kind == MessageKind::Offload && message.invocation == self.target {
            self.handed.push((message.from, message.to));
        }
        if message.kind == MessageKind::Stolen && message.invocation == self.target {
            self.stolen = Some((message.from, message.to));
            // No placer sent it there.
            self.dispatched.pop();
        }
    }

    fn unqueued(&mut self, _: SimTime, host: u32, invocation: u32) {
        if self.stretch.is_some() {
            self.unqueued.push((host, invocation));
        }
    }

    fn container(&mut self, now: SimTime, event: &ContainerEvent) {
        self.history.container(now, event);
    }

    fn seeks(&mut self, now: SimTime, host: u32, invocation: u32) {
        self.history.seeks(now, host, invocation);
    }

    fn image(&mut self, _: SimTime, event: &ImageEvent) {
        if self.stretch.is_some() {
            self.images.push(*event);
        }
    }

    fn decides(&mut self, decision: &Decision<'_>) {
        if self.attempt != NONE {
            let a = &decision.frame.world.attempts[self.attempt];
            let held = matches!(a.phase(), Phase::AtPlacer | Phase::Probing | Phase::Schedulable | Phase::Admitted);
            if held && (a.invocation, a.instance, a.placer) == (self.target, decision.frame.instance, decision.number) {
                let reply = decision.message.filter(|m| m.kind == MessageKind::ProbeReply && m.invocation == self.target);
                self.replies.extend(reply.map(Reply::new));
                self.seen = Some(Seen::new(decision, self.function, &self.words));
            }
        }
        self.words.read(decision);
    }

    fn ended(&mut self, _: SimTime, end: &TaskEnd<'_>) {
        if end.invocation == self.target {
            self.end = Some((end.outcome, end.cause, end.host));
        }
    }
}

impl Watch {
    fn new(past: &Simulation, target: u32) -> Watch {
        let function = past.workload().function[target as usize];
        Watch {
            target,
            function,
            from: past.world().now,
            history: History::new(past, function),
            words: Words::default(),
            replies: Vec::new(),
            seen: None,
            task: NONE,
            attempt: NONE,
            came: false,
            stretch: None,
            colds: Vec::new(),
            is_cold: false,
            company: None,
            answers: Vec::new(),
            dispatched: Vec::new(),
            freed: Vec::new(),
            handed: Vec::new(),
            stolen: None,
            killed: None,
            started: Vec::new(),
            starts: false,
            images: Vec::new(),
            unqueued: Vec::new(),
            end: None,
        }
    }

    fn answer(&mut self, question: Question, from: SimTime, to: SimTime, text: Text) {
        self.answers.push(Answer { question, from_ns: from.0, to_ns: to.0, text: text.0 });
    }

    /// An event has been handled: looks at where the invocation is now.
    fn look(&mut self, run: &Simulation) {
        let now = run.world().now;
        self.place(run);
        if let Some(stretch) = &mut self.stretch {
            for event in self.images.drain(..) {
                stretch.image(now, &event, |host| run.model().supply.head_of[host as usize]);
            }
            for (host, row) in self.unqueued.drain(..) {
                stretch.unqueued(host, row, self.target);
            }
        }
        if let Some((outcome, cause, host)) = self.end {
            self.stop(run);
            if outcome != Outcome::Completed {
                let mut text = Text::default();
                text.time(now).words(": ").outcome(run, outcome, cause, host).words(".");
                self.answer(Question::Lost, now, now, text);
            }
            return;
        }
        if self.came && self.task == NONE {
            let found = run.world().tasks.iter().find(|(_, t)| t.invocation == self.target);
            self.task = found.map_or(NONE, |(id, _)| id);
        }
        if self.task != NONE {
            self.attend(run);
        }
        self.killed = None;
        self.freed.clear();
        self.started.clear();
        self.starts = false;
        self.history.event_is_over();
    }

    /// Where it was sent or handed in this event.
    fn place(&mut self, run: &Simulation) {
        let now = run.world().now;
        let model = run.model();
        for (from, to) in std::mem::take(&mut self.handed) {
            let mut text = Text::default();
            text.time(now)
                .words(": ")
                .machine(model.machine_id(from))
                .words(" handed it to ")
                .machine(model.machine_id(to))
                .words(".");
            self.answer(Question::Place, now, now, text);
        }
        if let Some((host, by)) = self.killed {
            let mut text = Text::default();
            text.time(now)
                .words(": ")
                .machine(model.machine_id(model.hosts[host as usize].machine))
                .words(" stopped it to make way for ");
            text.invocation(by).words(", which is guaranteed a place there. What it had done is lost.");
            self.answer(Question::Again, now, now, text);
            self.is_cold = false;
        }
        if let Some((victim, thief)) = self.stolen.take() {
            let mut text = Text::default();
            text.time(now)
                .words(": ")
                .machine(model.machine_id(thief))
                .words(" had nothing to do, and took it out of the queue of ");
            text.machine(model.machine_id(victim)).words(".");
            self.answer(Question::Place, now, now, text);
        }
        for host in std::mem::take(&mut self.dispatched) {
            if let Some(seen) = &self.seen {
                let text = seen.tell(run, self.function, host, &self.replies, self.from);
                self.answer(Question::Place, now, now, text);
            }
            self.replies.clear();
        }
    }

    /// What it does now, and whether that is something else than before.
    fn attend(&mut self, run: &Simulation) {
        let world = run.world();
        let task = &world.tasks[self.task];
        let last = self.attempt;
        if task.attempt != last {
            (self.attempt, self.is_cold) = (task.attempt, false);
        }
        let phase = if task.attempt == NONE { Phase::Closed } else { world.attempts[task.attempt].phase() };
        let paused = |s: &Stretch| s.accounting == Accounting::Backoff && task.accounting == Accounting::Backoff;
        let same = |s: &Stretch| paused(s) || (s.accounting, s.phase, s.number) == (task.accounting, phase, task.attempts);
        if let Some(stretch) = self.stretch.as_mut().filter(|s| same(s)) {
            stretch.look(run, self.attempt);
        } else {
            let next = Stretch::begin(run, self.task, self.stretch.as_ref(), last);
            self.stop(run);
            self.stretch = Some(next);
        }
        if self.attempt != NONE {
            let a = world.attempts[self.attempt];
            if a.cold && !self.is_cold {
                self.is_cold = true;
                self.cold(run, &a);
            }
            if phase == Phase::Running && self.company.is_none() {
                self.company = company(run, &a);
            }
        }
    }

    /// The stretch ends.
    fn stop(&mut self, run: &Simulation) {
        let now = run.world().now;
        let Some(stretch) = self.stretch.take() else { return };
        if let (Phase::Running, Some((others, cores, alone))) = (stretch.phase, self.company.take()) {
            let took = now.since(stretch.from).0;
            if took > alone + alone / 1000 + 1_000 && self.killed.is_none() {
                let mut text = Text::default();
                text.words(format!("It took {} instead of {}: ", long(took), long(alone)));
                text.words(format!(
                    "{} on {} core{}",
                    many(others, "other executed", "others executed"),
                    cores as f64 / 1e3,
                    if cores == 1000 { "" } else { "s" }
                ));
                text.words(" when it began, and executions share cores there.");
                self.answer(Question::Slow, stretch.from, now, text);
            }
        }
        let from = stretch.from;
        let question = match stretch.wait {
            Wait::Inbox { .. } | Wait::Held { .. } => Question::AtPlacer,
            Wait::Queue { .. } => Question::AtHost,
            Wait::Image { .. } => Question::ForImage,
            Wait::Pause { .. } => Question::Again,
            Wait::None => return,
        };
        if now == from {
            return;
        }
        let at = match &stretch.wait {
            Wait::Queue { host, .. } => *host,
            _ => self.attempt_host(run),
        };
        let freed_by = self.freed.iter().rev().find(|f| f.0 == at).map(|f| f.1);
        let text = stretch.tell(run, freed_by);
        self.answer(question, from, now, text);
    }

    fn attempt_host(&self, run: &Simulation) -> u32 {
        if self.attempt == NONE { NONE } else { run.world().attempts[self.attempt].host }
    }

    fn cold(&mut self, run: &Simulation, a: &Attempt) {
        let world = run.world();
        let inside = |container: u32| {
            let mut all: Vec<(SimTime, u32)> = world
                .attempts
                .iter()
                .filter(|(_, b)| b.container == container && b.invocation != self.target)
                .map(|(_, b)| (b.since, b.invocation))
                .collect();
            all.sort_unstable();
            all.into_iter()
        };
        // Whoever was in its container before it is the one for whom that is created.
        let joined = inside(a.container).find(|(since, row)| *since < world.now || self.started.contains(row)).map(|(_, row)| row);
        let own = &world.containers[a.container];
        let others = world.hosts[a.host as usize]
            .containers()
            .filter(|&c| c != a.container && world.containers[c].function == self.function);
        let others: Vec<u32> = others.collect();
        self.colds.push(Cold {
            at: world.now,
            event: world.counters.events,
            host: a.host,
            joined,
            busy: others.iter().flat_map(|&c| inside(c)).map(|(_, row)| row).collect(),
            starting: others.iter().filter(|&&c| world.containers[c].starting).count(),
            gone: self.history.gone_from(a.host),
            takes: (a.phase() == Phase::Starting && joined.is_none()).then(|| own.until.since(world.now).0),
            // The host of one that was stolen is not what its placer chose.
            seen: self.seen.clone().filter(|_| !a.stolen),
        });
    }
}

/// Others that execute on the host where an attempt begins, its cores, and how long it executes alone; only where they share.
fn company(run: &Simulation, a: &Attempt) -> Option<(usize, u64, u64)> {
    let spec = &run.model().hosts[a.host as usize];
    if !matches!(spec.cpu, Cpu::Shared | Cpu::Isolated) {
        return None;
    }
    let runs = |b: &Attempt| b.phase() == Phase::Running && b.host == a.host && b.invocation != a.invocation;
    let others = run.world().attempts.iter().filter(|(_, b)| runs(b)).count();
    let alone = run.workload().execution_ns[a.invocation as usize] as f64 / spec.speed;
    Some((others, spec.millicores.into(), alone as u64))
}

impl Cold {
    fn tell(&self, run: &Simulation, function: u32, gone: Option<Gone>) -> Text {
        let model = run.model();
        let f = &model.functions[function as usize].id;
        let name = |host: u32| model.machine_id(model.hosts[host as usize].machine);
        let rows = &run.workload().function;
        let mut text = Text::default();
        if let Some(row) = self.joined {
            text.words("A container of ").function(f).words(" was being created on ").machine(name(self.host)).words(" for ");
            text.invocation(row).words(", and it waited in that.");
        } else if !self.busy.is_empty() || self.starting > 0 {
            text.words("The containers of ").function(f).words(" on ").machine(name(self.host)).words(" were all taken");
            if !self.busy.is_empty() {
                text.words(": ").invocations(&self.busy);
                text.words(if self.busy.len() == 1 { " was in one" } else { " were in them" });
            }
            if self.starting > 0 {
                text.words(format!("; {} starting", many(self.starting, "of them was still", "of them were still")));
            }
            text.words(".");
        } else if let Some(gone) = gone {
            text.machine(name(self.host)).words(" had a container of ").function(f).words(" until ").time(gone.at);
            let idle = gone.at.since(gone.idle_since).0;
            match gone.change {
                ContainerChange::Evicted if gone.made_room_for != NONE => {
                    let needed = &model.functions[rows[gone.made_room_for as usize] as usize].id;
                    text.words(", when it was removed to make room for ")
                        .invocation(gone.made_room_for)
                        .words(" of ")
                        .function(needed);
                    text.words(format!(", after {} of waiting idle.", long(idle)));
                }
                ContainerChange::Evicted => {
                    text.words(", when it was removed to make room for an image.");
                }
                ContainerChange::Killed => {
                    text.words(", when what ran in it was stopped");
                    if gone.made_room_for != NONE {
                        text.words(" to make way for ").invocation(gone.made_room_for);
                    }
                    text.words(".");
                }
                _ => {
                    text.words(format!(", when its keep-alive ran out, {} after its last use.", long(idle)));
                }
            }
            if self.at > gone.at {
                text.words(format!(" That was {} before this invocation needed one.", long(self.at.since(gone.at).0)));
            }
        } else {
            text.machine(name(self.host)).words(" had never had a container of ").function(f).words(".");
        }
        if let Some(seen) = self.seen.as_ref().filter(|_| self.joined.is_none()) {
            let mut elsewhere = seen.glances.iter().filter(|g| g.host != self.host && g.true_idle > 0);
            if let Some(first) = elsewhere.next() {
                text.words(" When its placer chose, ").machine(name(first.host)).words(format!(" had {} idle", first.true_idle));
                match elsewhere.count() {
                    0 => {}
                    more => {
                        text.words(format!(", and {} had some too", many(more, "other host", "other hosts")));
                    }
                }
                text.words(if first.idle > 0 { "; the placer knew." } else { "; the placer did not know of it." });
            }
        }
        if let Some(ns) = self.takes {
            text.words(format!(" Creating one took {}.", long(ns)));
        }
        text
    }
}

impl Simulation {
    /// What chooses hosts now, and whether that is the architecture itself, which keeps its own books.
    fn chooser(&self) -> (&'static Entry, bool) {
        let scenario = self.scenario();
        let architecture = self.setup.library.architecture_entry(&scenario.frame.architecture.kind);
        let own = architecture.filter(|entry| entry.decides.contains(&"policies.placement"));
        let placement = self.setup.library.placement_entry(&scenario.policies.placement.kind);
        (own.unwrap_or(placement), own.is_some())
    }
}

/// Why an invocation fared as it did, from states of its run in the order of time, the beginning first.
///
/// `used_since` says from when on a function can have had containers on a host before an instant; nothing if it had none. Where
/// that is not known, it is the start of the run.
pub fn why(
    checkpoints: &[Simulation],
    invocation: u32,
    submitted: SimTime,
    used_since: impl Fn(u32, u32, SimTime) -> Option<SimTime>,
) -> Why {
    let nearest = checkpoints.partition_point(|c| c.world().now < submitted).saturating_sub(1);
    let Some(mut run) = checkpoints.get(nearest).cloned() else { return Why::default() };
    let mut watch = Watch::new(&run, invocation);
    while watch.end.is_none() {
        let done = run.watch(1, &mut watch).done;
        watch.look(&run);
        if done {
            watch.stop(&run);
            break;
        }
    }
    for cold in std::mem::take(&mut watch.colds) {
        let searched = cold.joined.is_none() && cold.busy.is_empty() && cold.starting == 0 && cold.gone.is_none();
        let from = if searched { used_since(cold.host, watch.function, cold.at) } else { None };
        let begin = checkpoints[nearest].world().counters.events;
        let found =
            from.and_then(|from| last_gone(&checkpoints[..=nearest], watch.function, cold.host, from, begin.min(cold.event)));
        let text = cold.tell(&run, watch.function, cold.gone.or(found));
        watch.answer(Question::Cold, cold.at, cold.at, text);
    }
    watch.answers.sort_by_key(|a| a.from_ns);
    Why { invocation, answers: watch.answers }
}
