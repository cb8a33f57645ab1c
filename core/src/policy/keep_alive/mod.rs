//! Keep-alive and eviction: how long an idle container stays, and which goes first when memory is short.
//!
//! Each host has an instance of its own. A policy hears of every change of its host's containers and answers two questions:
//! how long to keep a container that became idle, and which idle container is the next victim. Every answer is O(log n).

mod fixed_ttl;
mod greedy_dual;
mod lfu;
mod lru;

use std::sync::Arc;

use crate::registry::{Args, Choice, Entry};
use crate::units::{SimDuration, SimTime};

/// What a policy may know of a container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContainerView {
    /// Its cell: a small number, unique on the host while the container lives, reused later.
    pub cell: u32,
    /// Its function.
    pub function: u32,
    /// Its memory in bytes.
    pub memory: u64,
    /// What a cold start of its function costs more than a warm one, in nanoseconds; may be negative.
    pub cost_ns: i64,
    /// How many invocations it has started.
    pub uses: u32,
}

/// Why a container is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Its keep-alive ran out.
    Expired,
    /// Another container needed its memory.
    Evicted,
}

/// A keep-alive policy of one host.
pub trait KeepAlivePolicy {
    /// A container starts an invocation: its first, for which it was created, or a later one.
    fn used(&mut self, container: &ContainerView, now: SimTime);
    /// A container became idle. Answers how long to keep it; nothing means until its memory is needed.
    fn idle(&mut self, container: &ContainerView, now: SimTime) -> Option<SimDuration>;
    /// An idle container is removed.
    fn removed(&mut self, container: &ContainerView, why: Removal, now: SimTime);
    /// The cell of the idle container to evict next.
    fn victim(&mut self) -> Option<u32>;
}

/// A policy from outside this crate: a [`KeepAlivePolicy`] that can be cloned with its state, so that checkpoints hold it.
pub trait ExternalKeepAlive: KeepAlivePolicy + Send + Sync {
    /// A copy with the same state.
    fn clone_box(&self) -> Box<dyn ExternalKeepAlive>;
}

/// Makes an external policy from its parameters.
pub type MakeKeepAlive = Arc<dyn Fn(Args<'_>) -> Box<dyn ExternalKeepAlive> + Send + Sync>;

macro_rules! registry {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// Every built-in keep-alive policy.
        pub const REGISTRY: &[&Entry] = &[$(&$module::ENTRY),*];

        /// A keep-alive policy: one of the built-in ones, or one from outside.
        #[allow(missing_docs, private_interfaces)] // the variants are for this module; matching on them is not offered
        pub enum KeepAlive { $($name($module::$name),)* External(Box<dyn ExternalKeepAlive>) }

        impl KeepAlive {
            fn builtin(choice: &Choice) -> KeepAlive {
                $(if choice.kind == $module::ENTRY.kind {
                    return KeepAlive::$name($module::$name::new(Args::new(choice, &$module::ENTRY)));
                })*
                KeepAlive::builtin(&Choice::of(REGISTRY[0].kind))
            }
        }

        impl Clone for KeepAlive {
            fn clone(&self) -> Self {
                match self {
                    $(KeepAlive::$name(p) => KeepAlive::$name(p.clone()),)*
                    KeepAlive::External(p) => KeepAlive::External(p.clone_box()),
                }
            }
        }

        impl KeepAlivePolicy for KeepAlive {
            fn used(&mut self, container: &ContainerView, now: SimTime) {
                match self { $(KeepAlive::$name(p) => p.used(container, now),)* KeepAlive::External(p) => p.used(container, now) }
            }
            fn idle(&mut self, container: &ContainerView, now: SimTime) -> Option<SimDuration> {
                match self { $(KeepAlive::$name(p) => p.idle(container, now),)* KeepAlive::External(p) => p.idle(container, now) }
            }
            fn removed(&mut self, container: &ContainerView, why: Removal, now: SimTime) {
                match self {
                    $(KeepAlive::$name(p) => p.removed(container, why, now),)*
                    KeepAlive::External(p) => p.removed(container, why, now),
                }
            }
            fn victim(&mut self) -> Option<u32> {
                match self { $(KeepAlive::$name(p) => p.victim(),)* KeepAlive::External(p) => p.victim() }
            }
        }
    };
}

registry!(fixed_ttl::FixedTtl, lru::Lru, lfu::Lfu, greedy_dual::GreedyDual);

impl KeepAlive {
    /// The policy that a choice names, from outside if one of that kind was added, else built in.
    pub fn new(choice: &Choice, external: &[(&'static Entry, MakeKeepAlive)]) -> KeepAlive {
        match external.iter().find(|(entry, _)| entry.kind == choice.kind) {
            Some((entry, make)) => KeepAlive::External(make(Args::new(choice, entry))),
            None => KeepAlive::builtin(choice),
        }
    }
}

impl std::fmt::Debug for KeepAlive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeepAlive")
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) fn container(cell: u32, function: u32, memory: u64, cost_ns: i64) -> ContainerView {
        ContainerView { cell, function, memory, cost_ns, uses: 0 }
    }

    /// Uses each container once and lets it become idle, in order.
    pub(crate) fn use_once(policy: &mut impl KeepAlivePolicy, containers: &mut [ContainerView]) {
        for c in containers {
            c.uses += 1;
            policy.used(c, SimTime::ZERO);
            policy.idle(c, SimTime::ZERO);
        }
    }
}
