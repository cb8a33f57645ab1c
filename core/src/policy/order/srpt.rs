//! Shortest remaining work first: the task of whose job least is left to do, as known when the task comes to the queue; for lone
//! tasks this is shortest job first. So that nobody waits for ever, a task that has waited longer than `cap` times its estimate
//! goes before everything else, the longest overdue first.
//!
//! Source: Schrage (1968), shortest remaining processing time; Eagle (Delgado et al., SoCC 2016), which orders the queues of
//! workers by it and has the cap.

use super::{Newcomer, QueueOrder, Rank};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::{SimDuration, SimTime};

pub(super) const ENTRY: Entry = Entry {
    kind: "srpt",
    name: "Shortest remaining work",
    summary: "The task of the job with least work left; who has waited too long goes before all others.",
    source: "Schrage, 1968; Eagle (SoCC 2016).",
    params: &[Param {
        name: "cap",
        label: "Longest wait",
        unit: "× estimate",
        help: "Who has waited longer than so many times its estimated execution goes first; 5 as in Eagle, 0 is no such rule.",
        domain: Domain::Number { default: 5.0, min: 0.0, max: 1e6 },
    }],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct Srpt {
    cap: f64,
}

impl Srpt {
    pub(super) fn new(args: Args<'_>) -> Srpt {
        Srpt { cap: args.number("cap") }
    }
}

impl QueueOrder for Srpt {
    fn rank(&mut self, task: &Newcomer, now: SimTime) -> Option<Rank> {
        // The cast saturates.
        let longest = SimDuration(libm::rint(self.cap * task.estimate_ns as f64) as u64);
        let due = if self.cap > 0.0 { now + longest } else { SimTime::NEVER };
        Some(Rank { key: task.remaining_ns, due })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{service, task};
    use crate::registry::Choice;

    fn srpt(cap: f64) -> Choice {
        Choice::of("srpt").with("cap", cap)
    }

    #[test]
    fn the_job_with_least_left_is_served_first() {
        let mut tasks = [task(0, 0, 100), task(0, 0, 300), task(0, 0, 200)];
        assert_eq!(service(srpt(5.0), &tasks, 0, 10), [0, 2, 1], "lone tasks: the shortest first");
        tasks[0].remaining_ns = 1_000;
        assert_eq!(service(srpt(5.0), &tasks, 0, 10), [2, 1, 0]);
    }

    #[test]
    fn who_has_waited_longer_than_the_cap_goes_first() {
        // Overdue after 500, 1,500 and 1,000.
        let mut tasks = [task(0, 0, 100), task(0, 0, 300), task(0, 0, 200)];
        (tasks[0].remaining_ns, tasks[1].remaining_ns) = (1_000, 10);
        assert_eq!(service(srpt(5.0), &tasks, 0, 500), [1, 2, 0], "nobody is overdue yet");
        assert_eq!(service(srpt(5.0), &tasks, 0, 501), [0, 1, 2]);
        assert_eq!(service(srpt(5.0), &tasks, 0, 1_001), [0, 2, 1]);
        assert_eq!(service(srpt(0.0), &tasks, 0, u64::MAX), [1, 2, 0], "0 is never");
    }
}
