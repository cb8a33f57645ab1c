//! What a placer saw when it chose a host.

use std::collections::BTreeMap;

use super::words::{Text, long, many};
use crate::engine::NONE;
use crate::platform::{Decision, MessageKind};
use crate::sim::Simulation;
use crate::units::SimTime;

/// A host, as a placer saw it and as it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance {
    pub(super) host: u32,
    load: u32,
    pub(super) idle: u32,
    true_load: u32,
    pub(super) true_idle: u32,
    /// When the placer last had word from it, if it had since the records begin.
    word: Option<SimTime>,
}

/// A host's answer to a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    host: u32,
    load: u32,
    idle: u32,
    sent: SimTime,
}

/// What a placer saw.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    at: SimTime,
    pub(super) machine: u32,
    exact: bool,
    /// The message that it answered, and the host that sent it.
    message: Option<(MessageKind, u32)>,
    /// Whether that is about a place which the host stole from another.
    stolen: bool,
    /// Tasks that came in the same message.
    together: usize,
    pub(super) glances: Vec<Glance>,
}

/// What placers heard from hosts, by architecture, placer and host.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(BTreeMap<(u16, u32, u32), SimTime>);

impl Words {
    /// A placer reads a message.
    pub(super) fn read(&mut self, decision: &Decision<'_>) {
        if let Some(m) = decision.message.filter(|m| m.host != NONE && !m.kind.brings_tasks()) {
            self.0.insert((decision.frame.instance, decision.number, m.host), m.sent);
        }
    }
}

impl Seen {
    /// What a placer sees of its hosts now, for a task of a function.
    pub(super) fn new(decision: &Decision<'_>, function: u32, words: &Words) -> Seen {
        let Decision { frame, number, placer, message } = *decision;
        let sight = placer.sight(frame);
        let glance = |n: u32| {
            let host = sight.host(n);
            let h = &frame.world.hosts[host as usize];
            Glance {
                host,
                load: sight.load(n),
                idle: sight.idle(n, function),
                true_load: h.load(),
                true_idle: h.idle_of(function),
                word: words.0.get(&(frame.instance, number, host)).copied(),
            }
        };
        Seen {
            at: frame.now,
            machine: placer.machine,
            exact: placer.is_exact(),
            message: message.map(|m| (m.kind, m.host)),
            stolen: message
                .filter(|m| m.kind == MessageKind::GetTask)
                .is_some_and(|m| frame.world.reservations[m.words[1] - 1].stolen),
            together: message.filter(|m| m.kind.brings_tasks()).map_or(1, |m| frame.world.tasks_of(m)),
            glances: (0..sight.len() as u32).map(glance).collect(),
        }
    }

    /// Says why a host was chosen.
    pub(super) fn tell(&self, run: &Simulation, function: u32, host: u32, replies: &[Reply], from: SimTime) -> Text {
        let model = run.model();
        let (policy, own_books) = run.chooser();
        let name = |host: u32| model.machine_id(model.hosts[host as usize].machine);
        let f = &model.functions[function as usize].id;
        let mut text = Text::default();
        text.time(self.at).words(": ").machine(model.machine_id(self.machine)).words(" chose ").machine(name(host)).words(". ");
        let idle = |n: u32| if n == 0 { "none idle".to_owned() } else { format!("{n} idle") };
        let cores = |host: u32| f64::from(model.hosts[host as usize].millicores) / 1e3;
        match self.message {
            _ if !replies.is_empty() => {
                text.words(format!("It had asked {}: ", many(replies.len(), "host", "hosts")));
                text.list(replies, |text, r| {
                    text.machine(name(r.host)).words(format!(
                        " had {} and {}",
                        many(r.load as usize, "invocation", "invocations"),
                        idle(r.idle)
                    ));
                });
                text.words(". ");
                if let Some(own) = replies.iter().find(|r| r.host == host) {
                    text.words(format!("The answer was {} old. ", long(self.at.since(own.sent).0)));
                }
            }
            Some((MessageKind::GetTask, asking)) if asking == host && self.stolen => {
                text.words(
                    "A place that it had reserved at another host came up there: the host, which had nothing to do, had taken it \
                     over, and asked it for a task. ",
                );
            }
            Some((MessageKind::GetTask, asking)) if asking == host => {
                text.words("A place that it had reserved there came up, and the host asked it for a task. ");
            }
            Some((MessageKind::Free, telling)) if telling == host => {
                text.words("The host had told it of free slots. ");
            }
            _ => {
                text.words(format!("{}: {} ", policy.name, policy.summary));
            }
        }
        if self.together > 1 {
            text.words(format!(
                "{} came to it together; what it saw is from before the first of them. ",
                many(self.together, "task", "tasks")
            ));
        }
        let Some(own) = self.glances.iter().find(|g| g.host == host) else { return text };
        let per_core = |g: &Glance| f64::from(if own_books { g.true_load } else { g.load }) / cores(g.host);
        if own_books {
            if replies.is_empty() {
                let least = self.glances.iter().min_by(|a, b| per_core(a).total_cmp(&per_core(b)));
                text.words("In truth ").machine(name(host));
                text.words(format!(
                    " then had {}, {} of ",
                    many(own.true_load as usize, "invocation", "invocations"),
                    idle(own.true_idle)
                ));
                text.function(f).words(".");
                if let Some(least) = least.filter(|g| per_core(g) < per_core(own)) {
                    text.words(" The least loaded was ").machine(name(least.host)).words(format!(" with {}.", least.true_load));
                }
            }
            return text;
        }
        text.words("It saw ").machine(name(host)).words(format!(
            " with {} on {} and {} of ",
            many(own.load as usize, "invocation", "invocations"),
            many_cores(cores(host)),
            idle(own.idle)
        ));
        text.function(f);
        let mut others: Vec<&Glance> = self.glances.iter().filter(|g| g.host != host).collect();
        others
            .sort_by(|a, b| b.idle.min(1).cmp(&a.idle.min(1)).then(per_core(a).total_cmp(&per_core(b))).then(a.host.cmp(&b.host)));
        others.truncate(2);
        for other in &others {
            text.words("; ").machine(name(other.host)).words(format!(" with {} and {}", other.load, idle(other.idle)));
        }
        text.words(". ");
        if self.exact {
            text.words("It sees its hosts as they are.");
            return text;
        }
        match own.word {
            Some(sent) => text.words(format!("Its newest word from that host was {} old", long(self.at.since(sent).0))),
            None if from == SimTime::ZERO => text.words("It had never had word from that host"),
            None => text.words(format!("It had had no word from that host for at least {}", long(self.at.since(from).0))),
        };
        if (own.true_load, own.true_idle) == (own.load, own.idle) {
            text.words(", and what it believed was so.");
        } else {
            text.words(format!(
                "; in truth it had {} there, {}.",
                many(own.true_load as usize, "invocation", "invocations"),
                idle(own.true_idle)
            ));
        }
        text
    }
}

fn many_cores(cores: f64) -> String {
    if cores == 1.0 { "1 core".to_owned() } else { format!("{cores} cores") }
}

impl Reply {
    pub(super) fn new(message: &crate::platform::Message) -> Reply {
        Reply { host: message.host, load: message.words[0], idle: message.words[1], sent: message.sent }
    }
}
