//! SIZE of FaasCache: priority = clock + frequency / size, whatever the cost; see [`super::greedy`].

use super::greedy::{Greedy, RULE, Worth};
use crate::registry::Entry;

pub(super) const ENTRY: Entry = Entry {
    kind: "size",
    name: "Size",
    summary: "Removes first what is large and rarely used, whatever its cold start costs.",
    source: "SIZE in Fuerst and Sharma, FaasCache, ASPLOS 2021.",
    params: &[RULE],
    decides: &[],
};

pub(crate) struct BySize;

impl Worth for BySize {
    fn worth(frequency: f64, _: f64, size_mb: f64) -> f64 {
        frequency / size_mb
    }
}

pub(crate) type Size = Greedy<BySize>;
