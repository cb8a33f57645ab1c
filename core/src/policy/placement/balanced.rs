//! Workload balancing: what waits gets cores in proportion to its work, spread over the hosts with most cores free.
//!
//! At the start of a round the free cores C of all hosts are shared out: function f, whose n_f waiting tasks may together run
//! for W_f (each at most its time limit), gets a_f = min(ceil(W_f / W * C), n_f) of them. A task of a function that has had its
//! share waits for the next round; the others go to the host with most free cores, of equals the first.
//!
//! Source: WRENCH's workload-balancing serverless scheduler. There a function without time limit counts nothing, and alone is
//! never started; here it counts a second. Outside a service nothing waits at the placer, and the host with most free cores is taken.

use super::{Ask, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "workload_balancing",
    name: "Workload balancing",
    summary: "Each function gets cores in proportion to its waiting work, on the hosts with most cores free.",
    source: "WRENCH's workload-balancing serverless scheduler.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Balanced {
    /// What each function may still start in this round: (function, tasks).
    shares: Vec<(u32, u64)>,
}

impl Balanced {
    pub(super) fn new(_: Args<'_>) -> Balanced {
        Balanced { shares: Vec::new() }
    }
}

impl PlacementPolicy for Balanced {
    fn begin(&mut self, sight: Sight<'_>) {
        self.shares.clear();
        let Some(plan) = sight.plan() else { return };
        let cores: u64 = (0..sight.len() as u32).map(|n| sight.cores_free(n)).sum::<u64>() / 1000;
        let all: u128 = plan.demand().iter().map(|d| u128::from(d.2)).sum();
        self.shares.extend(plan.demand().iter().map(|&(function, tasks, work)| {
            let share = (u128::from(work) * u128::from(cores)).div_ceil(all.max(1));
            (function, share.min(tasks.into()) as u64)
        }));
    }

    fn wants_demand(&self) -> bool {
        true
    }

    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        if sight.plan().is_some() {
            let share = self.shares.iter_mut().find(|s| s.0 == ask.function)?;
            share.1 = share.1.checked_sub(1)?;
        }
        let all = (0..sight.len() as u32).filter(|&n| sight.fits(n, ask));
        all.min_by_key(|&n| (std::cmp::Reverse(sight.cores_free(n)), n))
    }
}
