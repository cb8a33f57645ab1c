//! Placement: which host runs a task, decided on what a placer sees of the hosts.

mod balanced;
mod best_fit;
mod by_history;
mod first_fit;
mod fit;
mod hashing;
mod image_first;
mod least_loaded;
mod locality;
mod plan;
mod random;
mod round_robin;
mod sight;
mod view;
mod warm_first;
mod worst_fit;

use std::sync::Arc;

pub use plan::Plan;
pub use sight::{Nearness, Sight};
pub use view::View;

use crate::registry::{Args, Choice, Entry, apart};
use crate::rng::Stream;
use crate::units::{SimDuration, SimTime};

/// What a placement policy may know of a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask {
    /// Its function.
    pub function: u32,
    /// Memory of one container, in bytes.
    pub memory: u64,
    /// Cores that it holds, in thousandths.
    pub millicores: u32,
}

/// A placement policy of one placer.
pub trait PlacementPolicy {
    /// The number, in the placer's view, of the host to run the task on; nothing if no host is large enough.
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, chance: &mut Stream) -> Option<u32>;
    /// A round begins, of a placer that holds tasks and starts as many as there is room for.
    fn begin(&mut self, _sight: Sight<'_>) {}
    /// Whether it asks in a round how much waits ([`Plan::demand`]).
    fn wants_demand(&self) -> bool {
        false
    }
    /// A task of a function has ended on a host, by its number in the placer's view: so long after the placer sent it there, the
    /// placer has the response.
    fn heard(&mut self, _number: u32, _function: u32, _took: SimDuration, _now: SimTime) {}
    /// About how many bytes a copy of its state takes.
    fn size(&self) -> usize {
        0
    }
}

/// A policy from outside this crate, clonable with its state.
pub trait ExternalPlacement: PlacementPolicy + Send + Sync {
    /// A copy with the same state.
    fn clone_box(&self) -> Box<dyn ExternalPlacement>;
}

/// Makes an external policy from its parameters.
pub type MakePlacement = Arc<dyn Fn(Args<'_>) -> Box<dyn ExternalPlacement> + Send + Sync>;

/// The mixing step of SplitMix64 (Steele et al., 2014).
fn mix(key: u64) -> u64 {
    let z = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

macro_rules! registry {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// Every built-in placement policy.
        pub const REGISTRY: &[&Entry] = &[$(&$module::ENTRY),*];

        /// A placement policy: one of the built-in ones, or one from outside.
        #[allow(missing_docs, private_interfaces)] // the variants are for this module; matching on them is not offered
        pub enum Placement { $($name($module::$name),)* External(Box<dyn ExternalPlacement>) }

        impl Placement {
            fn builtin(choice: &Choice) -> Placement {
                $(if choice.kind == $module::ENTRY.kind {
                    return apart(|| Placement::$name($module::$name::new(Args::new(choice, &$module::ENTRY))));
                })*
                Placement::builtin(&Choice::of(REGISTRY[0].kind))
            }
        }

        impl Clone for Placement {
            fn clone(&self) -> Self {
                match self {
                    $(Placement::$name(p) => apart(|| Placement::$name(p.clone())),)*
                    Placement::External(p) => Placement::External(p.clone_box()),
                }
            }
        }

        impl PlacementPolicy for Placement {
            fn choose(&mut self, ask: &Ask, sight: Sight<'_>, chance: &mut Stream) -> Option<u32> {
                match self {
                    $(Placement::$name(p) => apart(|| p.choose(ask, sight, chance)),)*
                    Placement::External(p) => p.choose(ask, sight, chance),
                }
            }
            fn begin(&mut self, sight: Sight<'_>) {
                match self { $(Placement::$name(p) => apart(|| p.begin(sight)),)* Placement::External(p) => p.begin(sight) }
            }
            fn wants_demand(&self) -> bool {
                match self { $(Placement::$name(p) => p.wants_demand(),)* Placement::External(p) => p.wants_demand() }
            }
            fn heard(&mut self, number: u32, function: u32, took: SimDuration, now: SimTime) {
                match self {
                    $(Placement::$name(p) => p.heard(number, function, took, now),)*
                    Placement::External(p) => p.heard(number, function, took, now),
                }
            }
            fn size(&self) -> usize {
                match self { $(Placement::$name(p) => p.size(),)* Placement::External(p) => p.size() }
            }
        }
    };
}

registry!(
    least_loaded::LeastLoaded,
    round_robin::RoundRobin,
    random::Random,
    warm_first::WarmFirst,
    first_fit::FirstFit,
    best_fit::BestFit,
    worst_fit::WorstFit,
    locality::Locality,
    image_first::ImageFirst,
    balanced::Balanced,
    hashing::Hashing,
    by_history::ByHistory,
);

impl Placement {
    /// The policy that a choice names, from outside if one of that kind was added, else built in.
    pub fn new(choice: &Choice, external: &[(&'static Entry, MakePlacement)]) -> Placement {
        match external.iter().find(|(entry, _)| entry.kind == choice.kind) {
            Some((entry, make)) => Placement::External(make(Args::new(choice, entry))),
            None => Placement::builtin(choice),
        }
    }
}

impl std::fmt::Debug for Placement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Placement")
    }
}
