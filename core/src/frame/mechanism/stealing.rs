//! Work stealing: a host with nothing to do takes over what waits at another one.
//!
//! A host that has a free slot and nobody waiting in its queue (the *thief*) asks other hosts. One that is asked (the *victim*)
//! decides when the question arrives, and hands over what it gives at that instant: the task leaves its queue, travels to the
//! thief, and joins the queue there. Places that placers reserved ([`crate::platform::Reservation`]) are stolen as tasks are; the
//! thief then asks the placer for a task. Nothing is stolen twice, so that nothing goes back and forth; nothing for which the thief is
//! too small; and no long task ([`super::super::Action::Classify`]), whose placer counts on where it is. With L the way between the hosts, a theft takes 2 L from the question on, and with a comparison before it 4 L.
//!
//! - *Power of two*: the thief compares the queues of d random hosts and takes the oldest task of the longest.
//! - *Random*: it asks hosts at random, one after the other, for the oldest task, or as many as half of their queue.
//! - *Behind long ones*: the same, for the first run of short tasks that stand behind a long one: behind one that executes, those
//!   at the head of the queue, else those behind the first long one in the queue. Reserved places are for short tasks.
//!
//! A host that has asked in vain asks again when it has served its own once more (something of its own ended or came, a container
//! or an image changed; or only when its placer sends it something, as in ExDe), and, if `pause_ms` is not 0, after that time, which
//! doubles with each further time up to 64-fold. While nothing waits in any queue, questions could find nothing and are left out;
//! when something begins to wait, each host that had stopped asks at a random instant within its pause.
//!
//! While images are on their way to a host it asks nobody. What a thief loses for want of memory makes it pause. Places to wait in
//! (`policies.queue_bound`) count for what placers send, not for what is stolen; the longest wait counts from the first queue on.
//!
//! Placers hear nothing of a theft: they believe a task where they sent it until its end is told, which names that host. Where
//! the victim has idle containers of the function, it tells of them. A reserved place that was stolen is not given up when its job
//! needs it no more: it comes up, and its host hears that there is no task.
//! Source: ExDe's stealing with two choices; random and half of a queue as for threads (Blumofe and Leiserson, JACM 1999); Hawk
//! (Delgado et al., USENIX ATC 2015, section 3.6), where a thief asks up to 10 hosts. Unlike those simulators, questions travel.

use crate::registry::{Args, Choice, Domain, Entry, Param};
use crate::units::SimDuration;

/// The least pause that is none.
const LEAST_PAUSE: SimDuration = SimDuration(1_000);

/// How often a pause doubles at most.
pub(crate) const MOST_DOUBLINGS: u32 = 6;

const TRIES: Param = Param {
    name: "tries",
    label: "Hosts asked",
    unit: "",
    help: "How many hosts are asked in vain before it pauses; 10 in Hawk.",
    domain: Domain::Integer { default: 10, min: 1, max: 1000 },
};

const LEAST: Param = Param {
    name: "least",
    label: "Gives from",
    unit: "waiting",
    help: "A host in whose queue fewer wait gives none of them away.",
    domain: Domain::Integer { default: 1, min: 1, max: 1_000_000 },
};

const PAUSE_MS: Param = Param {
    name: "pause_ms",
    label: "Pause when in vain",
    unit: "ms",
    help: "After that it asks again; each further time in vain doubles the pause, up to 64-fold. With 0 it does not ask again by itself.",
    domain: Domain::Number { default: 1.0, min: 0.0, max: 1e6 },
};

const AGAIN: Param = Param {
    name: "again",
    label: "Asks again",
    unit: "",
    help: "What lets a host that has asked in vain ask again, beside the end of its pause.",
    domain: Domain::Word(&[
        ("any", "when anything of its own ends or comes"),
        ("sent", "only when its placer sends it something, as in ExDe"),
    ]),
};

const FROM: Param = Param {
    name: "from",
    label: "Steals from",
    unit: "",
    help: "Which hosts are asked.",
    domain: Domain::Word(&[("zone", "hosts of its zone"), ("anywhere", "all hosts")]),
};

const NO_STEALING: Entry =
    Entry { kind: "none", name: "None", summary: "What waits at a host waits there.", source: "-", params: &[], decides: &[] };

const POWER_OF_TWO: Entry = Entry {
    kind: "power_of_two",
    name: "Power of two",
    summary: "An idle host compares the queues of random hosts, two by default, and takes the oldest task of the longest.",
    source: "ExDe, which compares two queues in no time.",
    params: &[
        Param {
            name: "d",
            label: "Hosts compared",
            unit: "",
            help: "How many queues are compared; 2 in ExDe.",
            domain: Domain::Integer { default: 2, min: 1, max: 1000 },
        },
        LEAST,
        PAUSE_MS,
        AGAIN,
        FROM,
    ],
    decides: &[],
};

const RANDOM: Entry = Entry {
    kind: "random",
    name: "Random",
    summary: "An idle host asks hosts at random, one after the other, until one gives it tasks.",
    source: "Blumofe and Leiserson, JACM 1999; the number of hosts asked from Hawk.",
    params: &[
        Param {
            name: "share",
            label: "Takes",
            unit: "",
            help: "How much is taken at once, the oldest first.",
            domain: Domain::Word(&[("one", "one task"), ("half", "as many as half of the queue, rounded up")]),
        },
        TRIES,
        LEAST,
        PAUSE_MS,
        AGAIN,
        FROM,
    ],
    decides: &[],
};

const BEHIND_LONG: Entry = Entry {
    kind: "behind_long",
    name: "Short ones behind long ones (Hawk)",
    summary: "An idle host asks hosts at random for the first run of short tasks that stand behind a long one.",
    source: "Hawk (Delgado et al., USENIX ATC 2015), where questions take no time in the simulator.",
    params: &[TRIES, LEAST, PAUSE_MS, AGAIN, FROM],
    decides: &[],
};

/// Every kind of stealing.
pub const REGISTRY: &[&Entry] = &[&NO_STEALING, &POWER_OF_TWO, &RANDOM, &BEHIND_LONG];

/// What a victim gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoils {
    /// The oldest task.
    One,
    /// The older half of its queue, rounded up.
    Half,
    /// The first run of short tasks behind a long one.
    BehindLong,
}

/// How hosts steal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stealing {
    /// How many queues a thief compares before it asks; 0 if it asks without.
    pub compares: u32,
    /// How many hosts it asks before it pauses.
    pub tries: u32,
    /// What it is given.
    pub spoils: Spoils,
    /// In a shorter queue nothing is stolen.
    pub least: u32,
    /// How long it pauses when it has asked in vain; zero if it does not ask again by itself.
    pub pause: SimDuration,
    /// Whether, when it has asked in vain, an end of its own does not make it ask again.
    pub only_sent: bool,
    /// Whether it asks hosts of its zone only.
    pub in_zone: bool,
}

impl Stealing {
    /// As a choice says; nothing where hosts do not steal.
    pub fn new(choice: &Choice) -> Option<Stealing> {
        let entry = REGISTRY.iter().find(|entry| entry.kind == choice.kind && entry.kind != NO_STEALING.kind)?;
        let args = Args::new(choice, entry);
        let compares = entry.kind == POWER_OF_TWO.kind;
        Some(Stealing {
            compares: if compares { args.integer("d") as u32 } else { 0 },
            tries: if compares { 1 } else { args.integer("tries") as u32 },
            spoils: match entry.kind {
                kind if kind == BEHIND_LONG.kind => Spoils::BehindLong,
                kind if kind == RANDOM.kind && args.is("share", "half") => Spoils::Half,
                _ => Spoils::One,
            },
            least: args.integer("least") as u32,
            // Shorter ones would fill the run with questions.
            pause: match SimDuration::from_ms(args.number("pause_ms")) {
                SimDuration::ZERO => SimDuration::ZERO,
                pause => pause.max(LEAST_PAUSE),
            },
            only_sent: args.is("again", "sent"),
            in_zone: args.is("from", "zone"),
        })
    }
}

/// The architectures in which nothing waits at hosts for cores, so that there is nothing to steal, with the reason.
const NOTHING_WAITS: &[(&str, &str)] = &[
    ("pull", "tasks wait in one queue until a host has a free core"),
    ("shared_state", "tasks wait at their placers until a host has free cores"),
    ("leases", "tasks wait at their managers until cores are granted"),
    ("offers", "tasks wait at their frameworks until cores are offered"),
    ("service", "invocations wait at the service until a host has room"),
];

/// The architectures that tell long tasks from short ones.
const TELLS_LONG: &[&str] = &["hawk", "eagle"];

/// Why a kind of stealing means nothing with an architecture, and what to do; nothing where it means something.
pub fn objection(stealing: &Choice, architecture: &str) -> Option<(String, &'static str)> {
    if stealing.kind == NO_STEALING.kind {
        return None;
    }
    if let Some((_, why)) = NOTHING_WAITS.iter().find(|(kind, _)| *kind == architecture) {
        let hint = "Choose none, or an architecture whose tasks wait at hosts, such as decentralized.";
        return Some((format!("there is nothing to steal from hosts with {architecture}: {why}"), hint));
    }
    // What an architecture from outside does, nobody here knows.
    let ours = crate::frame::architecture::REGISTRY.iter().any(|entry| entry.kind == architecture);
    if stealing.kind == BEHIND_LONG.kind && ours && !TELLS_LONG.contains(&architecture) {
        let message = format!("{architecture} does not tell long tasks from short ones, so that nobody stands behind a long one");
        return Some((message, "Choose random, or the architecture hawk or eagle."));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_what_hosts_do() {
        assert_eq!(Stealing::new(&Choice::of("none")), None);
        let two = Stealing::new(&Choice::of("power_of_two").with("from", "anywhere"));
        let spoils = Spoils::One;
        let pause = SimDuration::from_ms(1.0);
        assert_eq!(two, Some(Stealing { compares: 2, tries: 1, spoils, least: 1, pause, only_sent: false, in_zone: false }));
        let half = Stealing::new(&Choice::of("random").with("share", "half").with("tries", 3));
        assert_eq!(
            half,
            Some(Stealing { compares: 0, tries: 3, spoils: Spoils::Half, least: 1, pause, only_sent: false, in_zone: true })
        );
    }

    #[test]
    fn a_pair_that_means_nothing_is_told() {
        let why = |kind: &str, architecture| objection(&Choice::of(kind), architecture).map(|(message, _)| message);
        assert_eq!(why("none", "pull"), None);
        assert_eq!(why("random", "decentralized"), None);
        assert!(why("random", "pull").is_some_and(|m| m.contains("until a host has a free core")));
        assert!(why("behind_long", "decentralized").is_some_and(|m| m.contains("does not tell long tasks")));
        assert_eq!(why("behind_long", "hawk"), None);
    }
}
