//! Scheduler architectures: who decides what on which message. One file each, one line in the registry.

mod batch_sampling;
mod centralized;
mod decentralized;
mod dynamic;
mod eagle;
mod federated;
mod gateway;
mod hawk;
mod independent;
mod key_ranges;
mod late_binding;
mod leases;
mod long;
mod mercury;
mod offers;
mod pull;
mod room;
mod service;
mod shared_state;
mod spread;
mod subgraphs;

use std::sync::Arc;

use super::{Action, Asked, Frame, Held, Placer, PlacerPlan};
use crate::platform::{Message, MessageKind, Model};
use crate::registry::{Args, Choice, Entry, apart};
use crate::units::SimDuration;

/// The rules of an architecture.
///
/// For each task that a message brings an architecture must answer with exactly one of assign, offload, hold, probe (then assign
/// when the replies are there), again, give up or reject; what it holds, it assigns, gives, offloads or rejects later, as long as
/// [`Frame::is_held`]. An attempt whose client gives up is over: nobody asks about it any more, and replies about it are not
/// handed on.
pub trait Rules {
    /// The placers that it needs.
    fn placers(&self, model: &Model) -> Vec<PlacerPlan>;
    /// The placer, by its number, to which a client sends an invocation.
    fn route(&mut self, model: &Model, client: u32, invocation: u32) -> u32;
    /// The placer, by its number, to which a client sends invocations of one job that come together: for those who tell jobs apart
    /// before they are sent.
    fn route_job(&mut self, frame: Frame<'_>, client: u32, invocations: &[u32]) -> u32 {
        self.route(frame.model, client, invocations.first().copied().unwrap_or_default())
    }
    /// How long a client waits for word that its invocation has a host before it asks another placer, if it does.
    fn answer_within(&self) -> Option<SimDuration> {
        None
    }
    /// The placer that a client asks next where so many have left it without an answer, if there is one more.
    fn route_again(&mut self, _model: &Model, _client: u32, _unanswered: u16) -> Option<u32> {
        None
    }
    /// Whether hosts start the next tasks of a job when the last task ends that these wait for, and how long a task takes to hand
    /// over on its host. Otherwise its result travels to its client, who starts them.
    fn inner(&self) -> Option<SimDuration> {
        None
    }
    /// The placer to which a host sends an invocation that waited for one that ended there: with [`Rules::inner`], one on the
    /// host's machine. The message carries the host, and whether it is the first that this end starts ([`Message::words`]).
    fn route_inner(&mut self, model: &Model, client: u32, _host: u32, invocation: u32) -> u32 {
        self.route(model, client, invocation)
    }
    /// How long a placer is busy with a message that brings so many tasks.
    fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration;
    /// A placer begins to decide on a message.
    fn begins(&mut self, _frame: Frame<'_>, _number: u32, _placer: &mut Placer, _message: &Message) {}
    /// Answers a message, at the end of the time that it cost: with the tasks that it brings, or the one that it is about.
    fn answer(
        &mut self,
        frame: Frame<'_>,
        number: u32,
        placer: &mut Placer,
        message: &Message,
        tasks: &[Asked],
        actions: &mut Vec<Action>,
    );
    /// Whether its placers choose by the hosts as they are ([`crate::policy::placement::Sight`]), and not by what they believe.
    fn exact(&self) -> bool {
        false
    }
    /// Whether it has one placer, which answers all that reaches it in no time, a task by [`Placer::assign`] and word from hosts by
    /// [`Placer::hear`], and clients wait for no word of it. Then messages that take no time need not be made.
    fn is_plain(&self) -> bool {
        false
    }
    /// Whether its placers hold invocations until their images are in place, and want to hear of that.
    fn stages(&self) -> bool {
        false
    }
    /// Whether it asks for estimates of execution times ([`Frame::estimate_ns`]).
    fn estimates(&self) -> bool {
        false
    }
    /// The number of the placer that wants to hear how many slots of each host are free with nobody waiting for them
    /// ([`MessageKind::Free`]), if one does. At the start it takes all slots as free.
    fn hears_free(&self) -> Option<u32> {
        None
    }
    /// Whether it wants the one-minute load average of every host to be kept ([`crate::platform::LoadAverage`]).
    fn wants_load_averages(&self) -> bool {
        false
    }
    /// Goes on with other parameters of the same kind, keeping what it knows. Answers false, with nothing changed, if it cannot:
    /// then a new instance takes over.
    fn retune(&mut self, _args: Args<'_>) -> bool {
        false
    }
    /// About how many bytes a copy takes beside its placers, where that grows during a run.
    fn size(&self) -> usize {
        0
    }
    /// At the start, and whenever a timer that was asked for comes.
    fn timer(&mut self, _frame: Frame<'_>, _number: u32, _placer: &mut Placer, _actions: &mut Vec<Action>) {}
}

/// Rules from outside this crate, clonable with their state.
pub trait ExternalRules: Rules + Send + Sync {
    /// A copy with the same state.
    fn clone_box(&self) -> Box<dyn ExternalRules>;
}

/// Makes external rules from their parameters.
pub type MakeRules = Arc<dyn Fn(Args<'_>) -> Box<dyn ExternalRules> + Send + Sync>;

macro_rules! registry {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// Every built-in architecture.
        pub const REGISTRY: &[&Entry] = &[$(&$module::ENTRY),*];

        /// An architecture: one of the built-in ones, or one from outside.
        #[allow(missing_docs, private_interfaces)] // the variants are for this module; matching on them is not offered
        pub enum Architecture { $($name($module::$name),)* External(Box<dyn ExternalRules>) }

        impl Architecture {
            fn builtin(choice: &Choice) -> Architecture {
                $(if choice.kind == $module::ENTRY.kind {
                    return apart(|| Architecture::$name($module::$name::new(Args::new(choice, &$module::ENTRY))));
                })*
                Architecture::builtin(&Choice::of(REGISTRY[0].kind))
            }
        }

        impl Clone for Architecture {
            fn clone(&self) -> Self {
                match self {
                    $(Architecture::$name(a) => apart(|| Architecture::$name(a.clone())),)*
                    Architecture::External(a) => Architecture::External(a.clone_box()),
                }
            }
        }

        impl Rules for Architecture {
            fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
                match self { $(Architecture::$name(a) => apart(|| a.placers(model)),)* Architecture::External(a) => a.placers(model) }
            }
            fn route(&mut self, model: &Model, client: u32, invocation: u32) -> u32 {
                match self {
                    $(Architecture::$name(a) => a.route(model, client, invocation),)*
                    Architecture::External(a) => a.route(model, client, invocation),
                }
            }
            fn route_job(&mut self, frame: Frame<'_>, client: u32, invocations: &[u32]) -> u32 {
                match self {
                    $(Architecture::$name(a) => apart(|| a.route_job(frame, client, invocations)),)*
                    Architecture::External(a) => a.route_job(frame, client, invocations),
                }
            }
            fn answer_within(&self) -> Option<SimDuration> {
                match self { $(Architecture::$name(a) => a.answer_within(),)* Architecture::External(a) => a.answer_within() }
            }
            fn route_again(&mut self, model: &Model, client: u32, unanswered: u16) -> Option<u32> {
                match self {
                    $(Architecture::$name(a) => a.route_again(model, client, unanswered),)*
                    Architecture::External(a) => a.route_again(model, client, unanswered),
                }
            }
            fn inner(&self) -> Option<SimDuration> {
                match self { $(Architecture::$name(a) => a.inner(),)* Architecture::External(a) => a.inner() }
            }
            fn route_inner(&mut self, model: &Model, client: u32, host: u32, invocation: u32) -> u32 {
                match self {
                    $(Architecture::$name(a) => apart(|| a.route_inner(model, client, host, invocation)),)*
                    Architecture::External(a) => a.route_inner(model, client, host, invocation),
                }
            }
            fn cost(&self, message: &Message, tasks: usize, placer: &Placer) -> SimDuration {
                match self {
                    $(Architecture::$name(a) => apart(|| a.cost(message, tasks, placer)),)*
                    Architecture::External(a) => a.cost(message, tasks, placer),
                }
            }
            fn begins(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, message: &Message) {
                match self {
                    $(Architecture::$name(a) => apart(|| a.begins(frame, number, placer, message)),)*
                    Architecture::External(a) => a.begins(frame, number, placer, message),
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
                match self {
                    $(Architecture::$name(a) => apart(|| a.answer(frame, number, placer, message, tasks, actions)),)*
                    Architecture::External(a) => a.answer(frame, number, placer, message, tasks, actions),
                }
            }
            fn estimates(&self) -> bool {
                match self { $(Architecture::$name(a) => a.estimates(),)* Architecture::External(a) => a.estimates() }
            }
            fn hears_free(&self) -> Option<u32> {
                match self { $(Architecture::$name(a) => a.hears_free(),)* Architecture::External(a) => a.hears_free() }
            }
            fn stages(&self) -> bool {
                match self { $(Architecture::$name(a) => a.stages(),)* Architecture::External(a) => a.stages() }
            }
            fn exact(&self) -> bool {
                match self { $(Architecture::$name(a) => a.exact(),)* Architecture::External(a) => a.exact() }
            }
            fn is_plain(&self) -> bool {
                match self { $(Architecture::$name(a) => a.is_plain(),)* Architecture::External(a) => a.is_plain() }
            }
            fn wants_load_averages(&self) -> bool {
                match self {
                    $(Architecture::$name(a) => a.wants_load_averages(),)*
                    Architecture::External(a) => a.wants_load_averages(),
                }
            }
            fn retune(&mut self, args: Args<'_>) -> bool {
                match self { $(Architecture::$name(a) => apart(|| a.retune(args)),)* Architecture::External(a) => a.retune(args) }
            }
            fn size(&self) -> usize {
                match self { $(Architecture::$name(a) => a.size(),)* Architecture::External(a) => a.size() }
            }
            fn timer(&mut self, frame: Frame<'_>, number: u32, placer: &mut Placer, actions: &mut Vec<Action>) {
                match self {
                    $(Architecture::$name(a) => apart(|| a.timer(frame, number, placer, actions)),)*
                    Architecture::External(a) => a.timer(frame, number, placer, actions),
                }
            }
        }
    };
}

registry!(
    centralized::Centralized,
    pull::Pull,
    decentralized::Decentralized,
    batch_sampling::BatchSampling,
    late_binding::LateBinding,
    independent::Independent,
    shared_state::SharedState,
    hawk::Hawk,
    eagle::Eagle,
    mercury::Mercury,
    federated::Federated,
    key_ranges::KeyRanges,
    leases::Leases,
    offers::Offers,
    dynamic::Dynamic,
    service::Service,
    subgraphs::Subgraphs,
    gateway::Gateway,
);

impl Architecture {
    /// The architecture that a choice names, from outside if one of that kind was added, else built in.
    pub fn new(choice: &Choice, external: &[(&'static Entry, MakeRules)]) -> Architecture {
        match external.iter().find(|(entry, _)| entry.kind == choice.kind) {
            Some((entry, make)) => Architecture::External(make(Args::new(choice, entry))),
            None => Architecture::builtin(choice),
        }
    }
}

impl std::fmt::Debug for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Architecture")
    }
}
