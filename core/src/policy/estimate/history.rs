//! History: the mean of the function's executions that have ended so far in this run, and 0 before the first, so that a function
//! of which nothing is known is tried soon.

use super::{Estimate, Mean};
use crate::registry::{Args, Entry};
use crate::workload::Workload;

pub(super) const ENTRY: Entry = Entry {
    kind: "history",
    name: "History",
    summary: "The mean of the function's executions that have ended so far; 0 before the first.",
    source: "-",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct History {
    /// By function.
    ended: Vec<Mean>,
}

impl History {
    pub(super) fn new(_: Args<'_>, workload: &Workload, _: u64) -> History {
        History { ended: vec![Mean::default(); workload.functions.len()] }
    }
}

impl Estimate for History {
    fn of(&self, row: u32, workload: &Workload) -> u64 {
        let function = workload.function.get(row as usize);
        function.and_then(|&f| self.ended.get(f as usize)).map_or(0, |mean| mean.ns())
    }

    fn ended(&mut self, function: u32, took_ns: u64) {
        if self.ended.len() <= function as usize {
            self.ended.resize(function as usize + 1, Mean::default());
        }
        self.ended[function as usize].add(took_ns);
    }
}
