//! No keep-alive: a container is removed when its last invocation ends, and every invocation starts cold.

use super::{ContainerView, Keep, KeepAlivePolicy, Removal, Setting};
use crate::registry::Entry;
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "none",
    name: "None",
    summary: "Removes a container as soon as its invocation ends: every start is cold.",
    source: "The baseline that every keep-alive policy is compared with.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct NoKeepAlive;

impl NoKeepAlive {
    pub(super) fn new(_: &Setting<'_>) -> NoKeepAlive {
        NoKeepAlive
    }
}

impl KeepAlivePolicy for NoKeepAlive {
    fn used(&mut self, _: &ContainerView, _: SimTime) {}
    fn idle(&mut self, _: &ContainerView, now: SimTime) -> Keep {
        Keep::Until(now)
    }
    fn removed(&mut self, _: &ContainerView, _: Removal, _: SimTime) {}
    fn victim(&mut self, _: u64, _: SimTime) -> Option<u32> {
        None
    }
}
