//! First come, first served: tasks are served in the order in which they come to the queue. Source: textbook.

use super::{Newcomer, QueueOrder, Rank};
use crate::registry::{Args, Entry};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "fcfs",
    name: "First come, first served",
    summary: "In the order in which tasks come to the queue.",
    source: "Textbook.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Fcfs;

impl Fcfs {
    pub(super) fn new(_: Args<'_>) -> Fcfs {
        Fcfs
    }
}

impl QueueOrder for Fcfs {
    fn rank(&mut self, _: &Newcomer, _: SimTime) -> Option<Rank> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{service, task};
    use crate::registry::Choice;

    #[test]
    fn the_order_of_arrival_is_the_order_of_service() {
        let tasks = [task(0, 7, 30), task(1, 1, 10), task(2, 3, 20)];
        assert_eq!(service(Choice::of("fcfs"), &tasks, 7, 100), [0, 1, 2]);
    }
}
