//! What the policies that pack hosts have in common.

use super::{Ask, Sight};
use crate::registry::{Args, Domain, Param};

/// Whether a host with a container to use comes before others.
pub(super) const WARM: Param = Param {
    name: "warm",
    label: "Warm hosts first",
    unit: "",
    help: "Whether a host with a container of the function that has room comes before all others.",
    domain: Domain::Word(&[("first", "yes"), ("ignored", "no")]),
};

/// What has to be free on a host.
pub(super) const NEEDS: Param = Param {
    name: "needs",
    label: "Needs",
    unit: "",
    help: "What has to be free on a host for a task to fit there.",
    domain: Domain::Word(&[("memory", "memory for a container"), ("memory_and_cores", "memory for a container, and cores")]),
};

/// Where a task goes that fits nowhere now.
pub(super) const OTHERWISE: Param = Param {
    name: "otherwise",
    label: "If it fits nowhere",
    unit: "",
    help: "Where a task waits for which no host has room.",
    domain: Domain::Word(&[("first", "on the first host that is large enough"), ("least_loaded", "on the least loaded host")]),
};

#[derive(Clone, Copy)]
pub(super) struct Fit {
    warm_first: bool,
    cores: bool,
    least_loaded: bool,
}

impl Fit {
    pub(super) fn new(args: Args<'_>) -> Fit {
        Fit {
            warm_first: args.is("warm", "first"),
            cores: args.is("needs", "memory_and_cores"),
            least_loaded: args.is("otherwise", "least_loaded"),
        }
    }

    /// The first host with a container to use, if such come first, else the first with room, else where the task waits.
    pub(super) fn first(self, ask: &Ask, sight: Sight<'_>) -> Option<u32> {
        let warm = self.warm_first.then(|| sight.first_usable(ask, |n| self.fits_now(ask, sight, n))).flatten();
        warm.or_else(|| self.roomy(ask, sight).next()).or_else(|| self.waits(ask, sight))
    }

    /// Of the hosts that [`Fit::first`] would choose among, the first with the least of `rank`.
    pub(super) fn least<K: Ord>(self, ask: &Ask, sight: Sight<'_>, rank: impl Fn(u32) -> K) -> Option<u32> {
        let key = |&n: &u32| (rank(n), n);
        let warm = || sight.usable_hosts(ask).filter(|&n| self.fits_now(ask, sight, n)).min_by_key(key);
        let warm = if self.warm_first { warm() } else { None };
        warm.or_else(|| self.roomy(ask, sight).min_by_key(key)).or_else(|| self.waits(ask, sight))
    }

    /// Whether a host is large enough for a task, and has its cores free if they are needed.
    fn fits_now(self, ask: &Ask, sight: Sight<'_>, number: u32) -> bool {
        sight.fits(number, ask) && (!self.cores || sight.cores_free(number) >= u64::from(ask.millicores))
    }

    fn roomy<'a>(self, ask: &'a Ask, sight: Sight<'a>) -> impl Iterator<Item = u32> + 'a {
        (0..sight.len() as u32).filter(move |&n| sight.has_room(n, ask) && self.fits_now(ask, sight, n))
    }

    fn waits(self, ask: &Ask, sight: Sight<'_>) -> Option<u32> {
        if self.least_loaded { sight.least_loaded(ask) } else { (0..sight.len() as u32).find(|&n| sight.fits(n, ask)) }
    }
}

/// What would be left of a host beside the task, as a share of the host, in parts of 2^32: memory and cores together.
pub(super) fn left(ask: &Ask, sight: Sight<'_>, number: u32) -> u64 {
    let share = |free: u64, takes: u64, whole: u64| {
        let left = u128::from(free.saturating_sub(takes)) << 32;
        (left / u128::from(whole.max(1))) as u64
    };
    // A container that is there takes no more memory.
    let memory = if sight.usable(number, ask) { 0 } else { ask.memory };
    let cores = share(sight.cores_free(number), ask.millicores.into(), sight.millicores(number).into());
    share(sight.memory_free(number), memory, sight.memory(number)) + cores
}
