//! Priority: the task whose function has the largest priority; what runs is not interrupted. Source: Cobham (1954), the queue
//! with priorities.

use super::{Newcomer, QueueOrder, Rank};
use crate::registry::{Args, Entry};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "priority",
    name: "Priority",
    summary: "The task of the function with the largest priority first.",
    source: "Cobham, 1954.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Priority;

impl Priority {
    pub(super) fn new(_: Args<'_>) -> Priority {
        Priority
    }
}

impl QueueOrder for Priority {
    fn rank(&mut self, task: &Newcomer, _: SimTime) -> Option<Rank> {
        Some(Rank::of(u64::from(u32::MAX - task.priority)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{service, task};
    use crate::registry::Choice;

    #[test]
    fn the_largest_priority_is_served_first() {
        let mut tasks = [task(0, 0, 1), task(0, 0, 1), task(0, 0, 1), task(0, 0, 1)];
        (tasks[1].priority, tasks[2].priority, tasks[3].priority) = (2, u32::MAX, 2);
        assert_eq!(service(Choice::of("priority"), &tasks, 0, 0), [2, 1, 3, 0]);
    }
}
