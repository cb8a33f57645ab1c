//! What a simulation is made from: the built-in policies and architectures, and those that a program adds.

use crate::frame::architecture::{self, Architecture, ExternalRules, MakeRules};
use crate::policy::keep_alive::{self, ExternalKeepAlive, HostSetting, KeepAlive, MakeKeepAlive, Setting};
use crate::policy::order::{self, ExternalOrder, MakeOrder, Order};
use crate::policy::placement::{self, ExternalPlacement, MakePlacement, Placement};
use crate::registry::{Args, Catalogue, Choice, Entry};
use std::sync::Arc;

/// Every policy and architecture that scenarios can name.
///
/// ```
/// let library = faaslab_core::sim::Library::default();
/// assert!(library.catalogue().keep_alives.iter().any(|e| e.kind == "greedy_dual"));
/// ```
#[derive(Clone, Default)]
pub struct Library {
    keep_alives: Vec<(&'static Entry, MakeKeepAlive)>,
    placements: Vec<(&'static Entry, MakePlacement)>,
    orders: Vec<(&'static Entry, MakeOrder)>,
    architectures: Vec<(&'static Entry, MakeRules)>,
}

impl Library {
    /// Adds a keep-alive policy.
    pub fn with_keep_alive(
        mut self,
        entry: &'static Entry,
        make: impl Fn(Setting<'_>) -> Box<dyn ExternalKeepAlive> + Send + Sync + 'static,
    ) -> Library {
        self.keep_alives.push((entry, Arc::new(make)));
        self
    }

    /// Adds a placement policy.
    pub fn with_placement(
        mut self,
        entry: &'static Entry,
        make: impl Fn(Args<'_>) -> Box<dyn ExternalPlacement> + Send + Sync + 'static,
    ) -> Library {
        self.placements.push((entry, Arc::new(make)));
        self
    }

    /// Adds a queue order.
    pub fn with_order(
        mut self,
        entry: &'static Entry,
        make: impl Fn(Args<'_>) -> Box<dyn ExternalOrder> + Send + Sync + 'static,
    ) -> Library {
        self.orders.push((entry, Arc::new(make)));
        self
    }

    /// Adds an architecture.
    pub fn with_architecture(
        mut self,
        entry: &'static Entry,
        make: impl Fn(Args<'_>) -> Box<dyn ExternalRules> + Send + Sync + 'static,
    ) -> Library {
        self.architectures.push((entry, Arc::new(make)));
        self
    }

    /// Descriptions of everything, for menus and validation.
    pub fn catalogue(&self) -> Catalogue {
        fn all<M>(builtin: &[&'static Entry], external: &[(&'static Entry, M)]) -> Vec<&'static Entry> {
            builtin.iter().copied().chain(external.iter().map(|(entry, _)| *entry)).collect()
        }
        Catalogue {
            architectures: all(architecture::REGISTRY, &self.architectures),
            placements: all(placement::REGISTRY, &self.placements),
            orders: all(order::REGISTRY, &self.orders),
            keep_alives: all(keep_alive::REGISTRY, &self.keep_alives),
            arrivals: crate::workload::ARRIVALS.to_vec(),
            popularities: crate::workload::POPULARITIES.to_vec(),
            jobs: crate::workload::JOBS.to_vec(),
            distributions: crate::dist::REGISTRY.to_vec(),
        }
    }

    pub(super) fn keep_alive(&self, choice: &Choice, host: HostSetting<'_>) -> KeepAlive {
        KeepAlive::new(choice, host, &self.keep_alives)
    }

    pub(super) fn placement(&self, choice: &Choice) -> Placement {
        Placement::new(choice, &self.placements)
    }

    pub(super) fn order(&self, choice: &Choice) -> Order {
        Order::new(choice, &self.orders)
    }

    pub(super) fn architecture(&self, choice: &Choice) -> Architecture {
        Architecture::new(choice, &self.architectures)
    }

    /// The description of an architecture.
    pub(super) fn architecture_entry(&self, kind: &str) -> Option<&'static Entry> {
        let own = self.architectures.iter().map(|(entry, _)| *entry);
        own.chain(architecture::REGISTRY.iter().copied()).find(|entry| entry.kind == kind)
    }

    /// The description of a placement policy; of the one that is taken for it, if there is none of that kind.
    pub(super) fn placement_entry(&self, kind: &str) -> &'static Entry {
        let own = self.placements.iter().map(|(entry, _)| *entry);
        own.chain(placement::REGISTRY.iter().copied()).find(|entry| entry.kind == kind).unwrap_or(placement::REGISTRY[0])
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Library")
    }
}
