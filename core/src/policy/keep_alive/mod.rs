//! Keep-alive and eviction: how long an idle container stays, and which goes first when memory is short.
//!
//! Each host has an instance of its own. A policy hears of every change of its host's containers and answers two questions:
//! how long to keep a container that became idle, and which idle container is the next victim. Answers are O(log n) in the
//! number of containers, where a policy's own documentation does not say otherwise.

mod clairvoyant;
mod closest_size;
mod dual_greedy;
mod fixed_ttl;
mod frequency;
mod function_order;
mod greedy;
mod greedy_dual;
mod hybrid_histogram;
mod landlord;
mod lfu;
mod lfu_group;
mod lru;
mod none;
mod random;
mod s3_fifo;
mod sieve;
mod size;

use std::sync::Arc;

use crate::registry::{Args, Choice, Entry, apart};
use crate::rng::Stream;
use crate::units::SimTime;
use crate::workload::Workload;

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
    /// How long its newest invocation executes warm, in nanoseconds; 0 before the first.
    pub warm_ns: u64,
    /// How many invocations it has started.
    pub uses: u32,
    /// How many containers were created before it, on all hosts.
    pub created: u64,
}

/// Why a container is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Its keep-alive ran out.
    Expired,
    /// Another container needed its memory.
    Evicted,
    /// What ran in it was killed.
    Killed,
}

/// How long to keep a container that became idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until its memory is needed.
    UntilNeeded,
    /// Until an instant; it goes at once if that is not in the future.
    Until(SimTime),
    /// Until an instant, but nobody looks before the next invocation of its function on the host: a container whose time ran
    /// out before then goes, and that invocation does not get it.
    Lazily(SimTime),
    /// It goes at once, and from an instant on the host asks [`KeepAlivePolicy::prewarm`] whether to make another.
    Reload(SimTime),
}

/// A keep-alive policy of one host.
#[allow(unused_variables)]
pub trait KeepAlivePolicy {
    /// A container is being created, for an invocation or ahead of one.
    fn created(&mut self, container: &ContainerView, now: SimTime) {}
    /// A container starts an invocation: its first, for which it may have been created, or a later one.
    fn used(&mut self, container: &ContainerView, now: SimTime);
    /// A container became idle, or was made ahead of time and is ready. Answers how long to keep it.
    fn idle(&mut self, container: &ContainerView, now: SimTime) -> Keep;
    /// An idle container is removed.
    fn removed(&mut self, container: &ContainerView, why: Removal, now: SimTime);
    /// Memory is short by `need` bytes: victims will be asked for, until that is freed or none is left.
    fn pressed(&mut self, need: u64, now: SimTime) {}
    /// The cell of the idle container to evict next, when `need` bytes are still to be freed.
    fn victim(&mut self, need: u64, now: SimTime) -> Option<u32>;
    /// The instant of a [`Keep::Reload`] has come. Answers whether a container is to be made ahead of time.
    fn prewarm(&mut self, function: u32, now: SimTime) -> bool {
        false
    }
}

/// A policy from outside this crate: a [`KeepAlivePolicy`] that can be cloned with its state, so that checkpoints hold it.
pub trait ExternalKeepAlive: KeepAlivePolicy + Send + Sync {
    /// A copy with the same state.
    fn clone_box(&self) -> Box<dyn ExternalKeepAlive>;
}

/// What a policy is made from.
#[derive(Debug)]
pub struct Setting<'a> {
    /// Its parameters.
    pub args: Args<'a>,
    /// The host's memory in bytes.
    pub memory: u64,
    /// A stream of random numbers of its own.
    pub stream: Stream,
    /// What will arrive; only a bound that nobody can reach may look at it.
    pub workload: &'a Workload,
}

/// Makes an external policy.
pub type MakeKeepAlive = Arc<dyn Fn(Setting<'_>) -> Box<dyn ExternalKeepAlive> + Send + Sync>;

macro_rules! registry {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// Every built-in keep-alive policy.
        pub const REGISTRY: &[&Entry] = &[$(&$module::ENTRY),*];

        /// A keep-alive policy: one of the built-in ones, or one from outside.
        #[allow(missing_docs, private_interfaces)] // the variants are for this module; matching on them is not offered
        pub enum KeepAlive { $($name($module::$name),)* External(Box<dyn ExternalKeepAlive>) }

        impl KeepAlive {
            fn builtin(choice: &Choice, host: HostSetting<'_>) -> KeepAlive {
                $(if choice.kind == $module::ENTRY.kind {
                    return apart(|| KeepAlive::$name($module::$name::new(&host.with(Args::new(choice, &$module::ENTRY)))));
                })*
                KeepAlive::builtin(&Choice::of(REGISTRY[0].kind), host)
            }
        }

        impl Clone for KeepAlive {
            fn clone(&self) -> Self {
                match self {
                    $(KeepAlive::$name(p) => apart(|| KeepAlive::$name(p.clone())),)*
                    KeepAlive::External(p) => KeepAlive::External(p.clone_box()),
                }
            }
        }

        /// Calls a method of whichever policy it is.
        macro_rules! delegate {
            ($self:ident, $p:ident => $call:expr) => {
                match $self { $(KeepAlive::$name($p) => apart(|| $call),)* KeepAlive::External($p) => $call }
            };
        }
    };
}

registry!(
    fixed_ttl::FixedTtl,
    none::NoKeepAlive,
    lru::Lru,
    lfu::Lfu,
    greedy_dual::GreedyDual,
    frequency::Frequency,
    size::Size,
    landlord::Landlord,
    random::Random,
    sieve::Sieve,
    s3_fifo::S3Fifo,
    hybrid_histogram::HybridHistogram,
    clairvoyant::Clairvoyant,
    dual_greedy::DualGreedy,
    closest_size::ClosestSize,
    lfu_group::LfuGroup,
);

impl KeepAlivePolicy for KeepAlive {
    fn created(&mut self, container: &ContainerView, now: SimTime) {
        delegate!(self, p => p.created(container, now));
    }
    fn used(&mut self, container: &ContainerView, now: SimTime) {
        delegate!(self, p => p.used(container, now));
    }
    fn idle(&mut self, container: &ContainerView, now: SimTime) -> Keep {
        delegate!(self, p => p.idle(container, now))
    }
    fn removed(&mut self, container: &ContainerView, why: Removal, now: SimTime) {
        delegate!(self, p => p.removed(container, why, now));
    }
    fn pressed(&mut self, need: u64, now: SimTime) {
        delegate!(self, p => p.pressed(need, now));
    }
    fn victim(&mut self, need: u64, now: SimTime) -> Option<u32> {
        delegate!(self, p => p.victim(need, now))
    }
    fn prewarm(&mut self, function: u32, now: SimTime) -> bool {
        delegate!(self, p => p.prewarm(function, now))
    }
}

/// What a policy is made from, but for its parameters.
#[derive(Clone, Copy, Debug)]
pub struct HostSetting<'a> {
    /// The run's seed.
    pub seed: u64,
    /// The id of the host's machine.
    pub id: &'a str,
    /// The host's memory in bytes.
    pub memory: u64,
    /// What will arrive.
    pub workload: &'a Workload,
}

impl<'a> HostSetting<'a> {
    fn with(self, args: Args<'a>) -> Setting<'a> {
        let stream = Stream::new(self.seed, self.id, "keep-alive");
        Setting { args, memory: self.memory, stream, workload: self.workload }
    }
}

impl KeepAlive {
    /// The policy that a choice names, from outside if one of that kind was added, else built in.
    pub fn new(choice: &Choice, host: HostSetting<'_>, external: &[(&'static Entry, MakeKeepAlive)]) -> KeepAlive {
        match external.iter().find(|(entry, _)| entry.kind == choice.kind) {
            Some((entry, make)) => KeepAlive::External(make(host.with(Args::new(choice, entry)))),
            None => KeepAlive::builtin(choice, host),
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

    pub(crate) const MB: u64 = 1_000_000;

    /// A policy of a kind on a host of 1,000 MB.
    pub(crate) fn policy(choice: Choice) -> KeepAlive {
        let workload = Workload::default();
        KeepAlive::new(&choice, HostSetting { seed: 1, id: "host", memory: 1_000 * MB, workload: &workload }, &[])
    }

    /// A container of as many MB, whose cold start costs so many milliseconds.
    pub(crate) fn container(cell: u32, function: u32, memory_mb: u64, cost_ms: i64) -> ContainerView {
        ContainerView {
            cell,
            function,
            memory: memory_mb * MB,
            cost_ns: cost_ms * 1_000_000,
            warm_ns: 0,
            uses: 0,
            created: cell.into(),
        }
    }

    /// Starts an invocation in each container and ends it, in order; creates those that were never used.
    pub(crate) fn use_once(policy: &mut impl KeepAlivePolicy, containers: &mut [ContainerView]) {
        for c in containers {
            if c.uses == 0 {
                policy.created(c, SimTime::ZERO);
            }
            c.uses += 1;
            policy.used(c, SimTime::ZERO);
            policy.idle(c, SimTime::ZERO);
        }
    }

    /// Evicts everything, and answers the cells in the order in which they went.
    pub(crate) fn evict_all(policy: &mut impl KeepAlivePolicy, containers: &[ContainerView]) -> Vec<u32> {
        let mut order = Vec::new();
        while let Some(cell) = policy.victim(MB, SimTime::ZERO) {
            order.push(cell);
            if let Some(c) = containers.iter().find(|c| c.cell == cell) {
                policy.removed(c, Removal::Evicted, SimTime::ZERO);
            }
            assert!(order.len() <= containers.len(), "a container was evicted twice");
        }
        order
    }
}
