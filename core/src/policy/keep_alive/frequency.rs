//! FREQ of FaasCache: priority = clock + frequency * cost, whatever the size; see [`super::greedy`].

use super::greedy::{Greedy, RULE, Worth};
use crate::registry::Entry;

pub(super) const ENTRY: Entry = Entry {
    kind: "frequency",
    name: "Frequency",
    summary: "Removes first what is rarely used and cheap to start, whatever its size.",
    source: "FREQ in Fuerst and Sharma, FaasCache, ASPLOS 2021.",
    params: &[RULE],
    decides: &[],
};

pub(crate) struct ByCost;

impl Worth for ByCost {
    fn worth(frequency: f64, cost_ms: f64, _: f64) -> f64 {
        frequency * cost_ms
    }
}

pub(crate) type Frequency = Greedy<ByCost>;
