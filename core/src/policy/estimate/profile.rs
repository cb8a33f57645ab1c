//! A profile: the mean execution time of the function over the whole workload, as somebody would know it who has measured the
//! function for long.

use std::sync::Arc;

use super::{Estimate, Mean};
use crate::registry::{Args, Entry};
use crate::workload::Workload;

pub(super) const ENTRY: Entry = Entry {
    kind: "profile",
    name: "Profile",
    summary: "The function's mean execution time over the whole workload.",
    source: "Profiles of functions, as in Hawk (ATC 2015) and Eagle (SoCC 2016) of jobs.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Profile {
    /// By function.
    mean_ns: Arc<[u64]>,
}

impl Profile {
    pub(super) fn new(_: Args<'_>, workload: &Workload, _: u64) -> Profile {
        let mut means: Vec<Mean> = Vec::new();
        for (&function, &ns) in workload.function.iter().zip(&workload.execution_ns) {
            if means.len() <= function as usize {
                means.resize(function as usize + 1, Mean::default());
            }
            means[function as usize].add(ns);
        }
        Profile { mean_ns: means.into_iter().map(Mean::ns).collect() }
    }
}

impl Estimate for Profile {
    fn of(&self, row: u32, workload: &Workload) -> u64 {
        let function = workload.function.get(row as usize);
        function.and_then(|&f| self.mean_ns.get(f as usize)).copied().unwrap_or(0)
    }
}
