//! Shortest job first: the task with the shortest estimated execution; what runs is not interrupted. It has the least mean wait
//! of all orders that do not interrupt, and long tasks may wait for ever.
//! Source: Cobham (1954) and Phipps (1956), queues with priorities by execution time.

use super::{Newcomer, QueueOrder, Rank};
use crate::registry::{Args, Entry};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "sjf",
    name: "Shortest job first",
    summary: "The shortest estimated execution first.",
    source: "Phipps, 1956.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Sjf;

impl Sjf {
    pub(super) fn new(_: Args<'_>) -> Sjf {
        Sjf
    }
}

impl QueueOrder for Sjf {
    fn rank(&mut self, task: &Newcomer, _: SimTime) -> Option<Rank> {
        Some(Rank::of(task.estimate_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{service, task};
    use crate::registry::Choice;

    #[test]
    fn the_shortest_estimate_is_served_first() {
        let tasks = [task(0, 0, 30), task(0, 0, 10), task(0, 0, 20)];
        assert_eq!(service(Choice::of("sjf"), &tasks, 0, 1_000), [1, 2, 0]);
    }

    #[test]
    fn the_rest_of_the_job_does_not_count() {
        let mut tasks = [task(0, 0, 30), task(0, 0, 10)];
        tasks[1].remaining_ns = 500;
        assert_eq!(service(Choice::of("sjf"), &tasks, 0, 0), [1, 0]);
    }
}
