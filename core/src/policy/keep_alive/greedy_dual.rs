//! Greedy-Dual-Size-Frequency: priority = clock + frequency * cost / size; see [`super::greedy`].

use super::greedy::{Greedy, RULE, Worth};
use crate::registry::Entry;

pub(super) const ENTRY: Entry = Entry {
    kind: "greedy_dual",
    name: "Greedy-Dual",
    summary: "Removes first what is rarely used, cheap to start and large; ages what was once frequent.",
    source: "Fuerst and Sharma, FaasCache, ASPLOS 2021.",
    params: &[RULE],
    decides: &[],
};

pub(crate) struct PerSize;

impl Worth for PerSize {
    fn worth(frequency: f64, cost_ms: f64, size_mb: f64) -> f64 {
        frequency * (cost_ms / size_mb)
    }
}

pub(crate) type GreedyDual = Greedy<PerSize>;
