//! The execution time itself, which nobody can know before: a bound of what better estimates can do. With an error, each is
//! multiplied by a factor drawn uniformly from [1 - error, 1 + error], always the same for one invocation. Source: the
//! mis-estimation of Hawk (Delgado et al., ATC 2015).

use super::Estimate;
use crate::registry::{Args, Domain, Entry, Param};
use crate::rng::{hash_text, noise};
use crate::workload::Workload;

pub(super) const ENTRY: Entry = Entry {
    kind: "exact",
    name: "Exact",
    summary: "The execution time itself, or that with an error.",
    source: "A bound; the error as in Hawk (ATC 2015).",
    params: &[Param {
        name: "error",
        label: "Error",
        unit: "",
        help: "Each estimate is multiplied by a random factor from 1 - error to 1 + error.",
        domain: Domain::Number { default: 0.0, min: 0.0, max: 1.0 },
    }],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Exact {
    error: f64,
    seed: u64,
    purpose: u64,
}

impl Exact {
    pub(super) fn new(args: Args<'_>, _: &Workload, seed: u64) -> Exact {
        Exact { error: args.number("error"), seed, purpose: hash_text("estimate") }
    }
}

impl Estimate for Exact {
    fn of(&self, row: u32, workload: &Workload) -> u64 {
        let exact = workload.execution_ns.get(row as usize).copied().unwrap_or(0);
        if self.error == 0.0 {
            return exact;
        }
        let side = 2.0 * noise(self.seed, self.purpose, row.into(), 0) - 1.0;
        // The cast saturates.
        libm::rint(exact as f64 * (1.0 + self.error * side)) as u64
    }
}
