//! Earliest deadline first: a task's deadline is its function's `deadline_s` after it was submitted; tasks of functions without
//! one come last, in the order in which they come. A deadline that has passed is still one.
//! Source: Jackson (1955); Liu and Layland (1973).

use super::{Newcomer, QueueOrder, Rank};
use crate::registry::{Args, Entry};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "edf",
    name: "Earliest deadline first",
    summary: "The task that should end first; those of functions without a deadline come last.",
    source: "Jackson, 1955; Liu and Layland, 1973.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Edf;

impl Edf {
    pub(super) fn new(_: Args<'_>) -> Edf {
        Edf
    }
}

impl QueueOrder for Edf {
    fn rank(&mut self, task: &Newcomer, _: SimTime) -> Option<Rank> {
        Some(Rank::of(task.deadline.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{service, task};
    use crate::registry::Choice;
    use crate::units::SimTime;

    #[test]
    fn the_earliest_deadline_is_served_first_and_none_last() {
        let mut tasks = [task(0, 0, 1), task(0, 3, 1), task(0, 5, 1)];
        (tasks[1].deadline, tasks[2].deadline) = (SimTime(90), SimTime(80));
        assert_eq!(service(Choice::of("edf"), &tasks, 5, 100), [2, 1, 0]);
    }
}
