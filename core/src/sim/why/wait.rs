//! What an invocation waits for, from one change to the next.

use super::words::{Text, bytes, long, many};
use crate::engine::NONE;
use crate::platform::{Accounting, Attempt, Cause, ImageChange, ImageEvent, ImagePlace, Message, Outcome, Phase, Waiter};
use crate::sim::Simulation;
use crate::units::{SimDuration, SimTime};

/// What keeps it in a host's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocker {
    /// Others stand before it.
    Others,
    /// No core is free.
    Cores,
    /// There is no memory for its container.
    Memory,
}

/// How things stood when it began to wait.
#[derive(Clone, Debug)]
pub(super) enum Wait {
    /// In the inbox of a placer.
    Inbox {
        placer: u32,
        /// Invocations before it there.
        ahead: Vec<u32>,
        /// Other messages before it there.
        words: usize,
        /// What is being decided.
        deciding: Option<u32>,
        /// Whether its placer put it there again.
        again: bool,
    },
    /// A placer holds it until a host has room.
    Held { placer: u32, before: usize, full: usize, hosts: usize },
    /// In the queue of a host.
    Queue {
        host: u32,
        ahead: Vec<u32>,
        holders: Vec<u32>,
        /// Nanoseconds by blocker.
        for_what: [u64; 3],
        blocker: Blocker,
        since: SimTime,
        /// Bytes of the host, and of those the ones of containers at work, when memory was first missing.
        memory: Option<(u64, u64)>,
        /// Who came later and was served before.
        overtook: Vec<u32>,
    },
    /// For its image; the host is none while a service holds it.
    Image { host: u32, image: u32, others: usize, steps: Vec<(ImagePlace, ImageChange, SimTime)> },
    /// Between two attempts: the one before, its outcome and cause, and where.
    Pause { number: u16, outcome: Outcome, cause: Option<Cause>, host: u32 },
    /// It does not wait.
    None,
}

/// A stretch of time in which an invocation waits for one thing, or does not wait.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) accounting: Accounting,
    pub(super) phase: Phase,
    pub(super) number: u16,
    pub(super) from: SimTime,
    pub(super) wait: Wait,
}

/// Invocations that hold cores of a host, those that have them longest first.
pub(super) fn holders(run: &Simulation, host: u32) -> Vec<u32> {
    let holds = |a: &Attempt| {
        a.host == host && (matches!(a.phase(), Phase::Starting | Phase::Running) || (a.bound && a.phase() == Phase::InFlight))
    };
    let mut all: Vec<(SimTime, u32)> =
        run.world().attempts.iter().filter(|(_, a)| holds(a)).map(|(_, a)| (a.since, a.invocation)).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, row)| row).collect()
}

/// What keeps an attempt in its host's queue now.
fn blocker(run: &Simulation, attempt: u32) -> Blocker {
    let (world, model) = (run.world(), run.model());
    let a = &world.attempts[attempt];
    let host = &world.hosts[a.host as usize];
    let spec = &model.functions[run.workload().function[a.invocation as usize] as usize];
    let is_front = || host.queue.front(world.now).is_some_and(|(_, waiter)| waiter == Waiter::Attempt(attempt));
    if model.queue != crate::scenario::Queue::Skip && !is_front() {
        Blocker::Others
    } else if !host.has_slot(&model.hosts[a.host as usize], spec.millicores) {
        Blocker::Cores
    } else {
        Blocker::Memory
    }
}

impl Stretch {
    /// What begins now for the newest attempt of a task; before are the stretch that ended and the attempt that was in it.
    pub(super) fn begin(run: &Simulation, task: u32, before: Option<&Stretch>, last: u32) -> Stretch {
        let (world, model) = (run.world(), run.model());
        let t = &world.tasks[task];
        let now = world.now;
        let attempt = t.attempt;
        let pause = |a: &Attempt| Wait::Pause { number: a.number, outcome: a.outcome, cause: a.cause, host: a.host };
        if attempt == NONE {
            // It has just been closed, and nothing has taken its place.
            let closed = (last != NONE).then(|| &world.attempts[last]).filter(|a| a.invocation == t.invocation);
            let wait = closed.map_or(Wait::None, pause);
            return Stretch { accounting: t.accounting, phase: Phase::Closed, number: t.attempts, from: now, wait };
        }
        let a = &world.attempts[attempt];
        let machine_of = |a: &Attempt| world.placer_machine(a.instance, a.placer);
        let wait = match (t.accounting, a.phase()) {
            (Accounting::PlacerQueue, Phase::AtPlacer) => {
                let placer = &run.state.instances[a.instance as usize].placers[a.placer as usize];
                let is_ours = |m: &Message| {
                    m.kind.brings_tasks()
                        && (0..world.tasks_of(m)).any(|i| {
                            let member = world.task_of(m, i);
                            (member.attempt, member.number) == (attempt, a.number)
                        })
                };
                let (mut ahead, mut words) = (Vec::new(), 0);
                for m in placer.inbox.iter().map(|&id| &world.messages[id]).take_while(|m| !is_ours(m)) {
                    if m.kind.brings_tasks() {
                        ahead.extend((0..world.tasks_of(m)).map(|i| world.task_of(m, i).invocation));
                    } else {
                        words += 1;
                    }
                }
                let deciding = placer.serving.map(|id| &world.messages[id]).filter(|m| m.kind.brings_tasks());
                let again = before.is_some_and(|b| {
                    b.number == a.number && matches!(b.accounting, Accounting::Decision | Accounting::DispatchNetwork)
                });
                Wait::Inbox { placer: placer.machine, ahead, words, deciding: deciding.map(|m| m.invocation), again }
            }
            (Accounting::PlacerQueue, Phase::Schedulable) => {
                let held = |b: &Attempt| {
                    b.phase() == Phase::Schedulable
                        && (b.instance, b.placer) == (a.instance, a.placer)
                        && b.invocation != a.invocation
                };
                let before = world.attempts.iter().filter(|(_, b)| held(b)).count();
                let spec = &model.functions[run.workload().function[a.invocation as usize] as usize];
                let full = world.hosts.iter().zip(&model.hosts).filter(|(h, s)| !h.has_slot(s, spec.millicores)).count();
                Wait::Held { placer: machine_of(a), before, full, hosts: world.hosts.len() }
            }
            (Accounting::HostQueue, Phase::Queued) => {
                let waiters = world.hosts[a.host as usize].queue.iter(now).map(|(_, waiter)| waiter);
                let before = waiters.take_while(|&waiter| waiter != Waiter::Attempt(attempt));
                let ahead = before.filter_map(|waiter| match waiter {
                    Waiter::Attempt(other) => Some(world.attempts[other].invocation),
                    Waiter::Reservation(_) => None,
                });
                Wait::Queue {
                    host: a.host,
                    ahead: ahead.collect(),
                    holders: holders(run, a.host),
                    for_what: [0; 3],
                    blocker: blocker(run, attempt),
                    since: now,
                    memory: None,
                    overtook: Vec::new(),
                }
            }
            (Accounting::Staging, phase) => {
                let image = |a: &Attempt| model.functions[run.workload().function[a.invocation as usize] as usize].image;
                let own = image(a);
                let also = |b: &Attempt| b.phase() == phase && b.host == a.host && image(b) == own && b.invocation != a.invocation;
                let others = world.attempts.iter().filter(|(_, b)| also(b)).count();
                Wait::Image { host: if phase == Phase::Admitted { NONE } else { a.host }, image: own, others, steps: Vec::new() }
            }
            (Accounting::Backoff, _) => pause(a),
            _ => Wait::None,
        };
        let mut stretch = Stretch { accounting: t.accounting, phase: a.phase(), number: a.number, from: now, wait };
        stretch.look(run, attempt);
        stretch
    }

    /// An event has been handled, and it still waits.
    pub(super) fn look(&mut self, run: &Simulation, attempt: u32) {
        let now = run.world().now;
        let Wait::Queue { host, for_what, blocker: what, since, memory, .. } = &mut self.wait else { return };
        for_what[*what as usize] += now.since(*since).0;
        (*since, *what) = (now, blocker(run, attempt));
        if *what == Blocker::Memory && memory.is_none() {
            let (h, spec) = (&run.world().hosts[*host as usize], &run.model().hosts[*host as usize]);
            *memory = Some((spec.memory, spec.memory - h.memory_free - h.idle_memory - h.image_memory));
        }
    }

    /// An image changed.
    pub(super) fn image(&mut self, now: SimTime, event: &ImageEvent, head: impl Fn(u32) -> u32) {
        let Wait::Image { host, image, steps, .. } = &mut self.wait else { return };
        let ours = match event.place {
            ImagePlace::Head(h) => *host == NONE || head(*host) == h,
            ImagePlace::Disk(h) | ImagePlace::Memory(h) => h == *host,
        };
        if ours && event.image == *image {
            steps.push((event.place, event.change, now));
        }
    }

    /// Somebody left a host's queue.
    pub(super) fn unqueued(&mut self, at: u32, row: u32, target: u32) {
        if let Wait::Queue { host, ahead, overtook, .. } = &mut self.wait
            && *host == at
            && row != target
            && !ahead.contains(&row)
        {
            overtook.push(row);
        }
    }

    /// Says what was waited for until now, and who let it go on.
    pub(super) fn tell(mut self, run: &Simulation, freed_by: Option<u32>) -> Text {
        let model = run.model();
        let now = run.world().now;
        let whole = long(now.since(self.from).0);
        let mut text = Text::default();
        if let Wait::Queue { for_what, blocker, since, .. } = &mut self.wait {
            for_what[*blocker as usize] += now.since(*since).0;
        }
        match &self.wait {
            Wait::Inbox { placer, ahead, words, deciding, again } => {
                text.words(format!("It waited {whole} in the inbox of ")).machine(model.machine_id(*placer));
                text.words(if *again { ", put there again because its first choice came to nothing." } else { "." });
                if !ahead.is_empty() {
                    text.words(format!(" {} stood before it: ", many(ahead.len(), "invocation", "invocations")))
                        .invocations(ahead)
                        .words(".");
                }
                if *words > 0 {
                    text.words(format!(" {} had to be read first.", many(*words, "message of others", "messages of others")));
                }
                match deciding {
                    Some(row) => {
                        text.words(" The placer was deciding on ").invocation(*row).words(".");
                    }
                    None if ahead.is_empty() && *words == 0 => {
                        text.words(" The placer was reading a message.");
                    }
                    None => {}
                }
            }
            Wait::Held { placer, before, full, hosts } => {
                text.machine(model.machine_id(*placer)).words(format!(" held it for {whole}, until a host had room for it."));
                text.words(format!(" When it came, {full} of {} had no free core", many(*hosts, "host", "hosts")));
                match before {
                    0 => text.words(", and nobody else waited there."),
                    n => text.words(format!(", and {} there.", many(*n, "other waited", "others waited"))),
                };
                if let Some(row) = freed_by {
                    text.words(" It went on at ").time(now).words(", when ").invocation(row).words(" ended.");
                }
            }
            Wait::Queue { host, ahead, holders, for_what, memory, overtook, .. } => {
                text.words(format!("It waited {whole} in the queue of "))
                    .machine(model.machine_id(model.hosts[*host as usize].machine));
                match ahead.len() {
                    0 => text.words(", where nobody stood before it."),
                    n => text.words(format!(" behind {}: ", many(n, "other", "others"))).invocations(ahead).words("."),
                };
                if !holders.is_empty() {
                    let verb =
                        if holders.len() == 1 { " invocation held cores there: " } else { " invocations held cores there: " };
                    text.words(format!(" {}{verb}", holders.len())).invocations(holders).words(".");
                }
                let named = ["for its turn", "for a free core", "for memory"];
                let parts: Vec<String> =
                    for_what.iter().zip(named).filter(|p| *p.0 > 0).map(|(ns, what)| format!("{} {what}", long(*ns))).collect();
                if parts.len() > 1 || for_what[0] == 0 {
                    text.words(format!(" It waited {}.", parts.join(", then ")));
                }
                if let Some((all, busy)) = memory {
                    let why = if run.model().memory_full == crate::scenario::MemoryFull::Never {
                        ", and idle ones may not go"
                    } else {
                        ""
                    };
                    text.words(format!(" Of {}, containers at work held {}{why}.", bytes(*all), bytes(*busy)));
                }
                if !overtook.is_empty() {
                    text.invocations_first(overtook).words(" came later and went before it.");
                }
                if let Some(row) = freed_by {
                    text.words(" Its wait ended at ").time(now).words(", when ").invocation(row).words(" ended.");
                }
            }
            Wait::Image { host, image, others, steps } => {
                let Some(spec) = model.supply.images.get(*image as usize) else { return text };
                text.words(format!("It waited {whole} for its image {} ({}).", spec.id, bytes(spec.size)));
                for (place, change, at) in steps {
                    match (place, change) {
                        (_, ImageChange::Evicted) => continue,
                        (ImagePlace::Head(h), ImageChange::Coming) => {
                            let head = &model.supply.heads[*h as usize];
                            text.words(" Its download to ").machine(model.machine_id(head.machine)).words(" began at ")
                        }
                        (ImagePlace::Head(h), ImageChange::Here) => {
                            let head = &model.supply.heads[*h as usize];
                            text.words(" It was at ").machine(model.machine_id(head.machine)).words(" at ")
                        }
                        (ImagePlace::Disk(_), ImageChange::Coming) => text.words(" The copy to the host began at "),
                        (ImagePlace::Disk(_), ImageChange::Here) => text.words(" It was on the host's disk at "),
                        (ImagePlace::Memory(_), ImageChange::Coming) => text.words(" Loading it into memory began at "),
                        (ImagePlace::Memory(_), ImageChange::Here) => text.words(" It was in memory at "),
                    };
                    text.time(*at).words(".");
                }
                if *others > 0 {
                    let place = if *host == NONE { "with it" } else { "for the same image there" };
                    text.words(format!(" {} {place}.", many(*others, "other waited", "others waited")));
                }
            }
            Wait::Pause { number, outcome, cause, host } => {
                text.words(format!("Attempt {number} came to nothing: "));
                text.outcome(run, *outcome, *cause, *host).words(format!(". It took {whole} until its client tried again."));
            }
            Wait::None => {}
        }
        text
    }
}

impl Text {
    /// Invocations, at the beginning of a sentence.
    fn invocations_first(&mut self, rows: &[u32]) -> &mut Text {
        self.words(" ").invocations(rows)
    }

    /// How an attempt ended, as part of a sentence.
    pub(super) fn outcome(&mut self, run: &Simulation, outcome: Outcome, cause: Option<Cause>, host: u32) -> &mut Text {
        let model = run.model();
        let id = model.hosts.get(host as usize).map(|h| model.machine_id(h.machine));
        match (cause, id) {
            (Some(Cause::HostTooSmall), Some(id)) => self.machine(id).words(" is too small for it"),
            (Some(Cause::HostTooSmall), None) => self.words("no host that its placer may use is large enough"),
            (Some(Cause::QueueFull), id) => {
                let bound = model.queue_bound.map_or(String::new(), |n| format!(": it takes {n}"));
                self.words("the queue of ").machine(id.unwrap_or("its host")).words(format!(" was full{bound}"))
            }
            (Some(Cause::QueueTimeout), id) => {
                self.words("it had waited in the queue of ").machine(id.unwrap_or("its host"));
                self.words(format!(
                    " for as long as it may{}",
                    model.queue_timeout.map_or(String::new(), |t: SimDuration| format!(", {}", long(t.0)))
                ))
            }
            (Some(Cause::IngressLimit), _) => self.words("its request is larger than its function takes"),
            (Some(Cause::EgressLimit), _) => self.words("its response is larger than its function may send"),
            (Some(Cause::NotPlaced), _) => self.words("its placer had tried too often to place it"),
            (None, Some(id)) if outcome == Outcome::Dropped => {
                self.machine(id).words(" had no memory for its container, and nothing that may make room")
            }
            (None, _) => self.words(match outcome {
                Outcome::TimedOut => "it ran into the time limit of its function",
                Outcome::Abandoned => "its client gave up waiting",
                Outcome::Dropped => "there was no memory for its container",
                Outcome::Rejected => "it was refused",
                Outcome::Failed => "its result cannot be had",
                Outcome::Completed => "its result came",
            }),
        }
    }
}
