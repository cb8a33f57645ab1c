//! Fair share: what waits is served in turn by app, so that each gets the same work done in the queue, however many tasks it
//! submits. A task that comes is tagged with the larger of the virtual time and the finish tag of its app's last task; its
//! finish tag is that and its estimate divided by the app's weight. The least tag is served first, and the virtual time is the tag
//! of what was last served.
//!
//! Source: start-time fair queueing (Goyal et al., SIGCOMM 1996). There the virtual time goes on to the largest finish tag when
//! nothing is left to serve; here it stays, so an app that was served last before a pause waits for others once after it.

use std::collections::BTreeMap;

use super::{Newcomer, QueueOrder, Rank};
use crate::registry::{Args, Domain, Entry, Param};
use crate::units::SimTime;

pub(super) const ENTRY: Entry = Entry {
    kind: "fair_share",
    name: "Fair share per app",
    summary: "The apps in turn, so that each gets the same work done, however much it submits.",
    source: "Start-time fair queueing (Goyal et al., SIGCOMM 1996).",
    params: &[Param {
        name: "weight",
        label: "Shares are",
        unit: "",
        help: "How much work of one app is done beside that of another.",
        domain: Domain::Word(&[("equal", "equal"), ("priority", "in proportion to 1 + the function's priority")]),
    }],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct FairShare {
    by_priority: bool,
    virtual_time: u64,
    /// Per app, the finish tag of its last task, while that is after the virtual time.
    finish: BTreeMap<u64, u64>,
    /// Of how many apps those that are not were last forgotten.
    swept_at: usize,
}

impl FairShare {
    pub(super) fn new(args: Args<'_>) -> FairShare {
        FairShare { by_priority: args.is("weight", "priority"), virtual_time: 0, finish: BTreeMap::new(), swept_at: 16 }
    }
}

impl QueueOrder for FairShare {
    fn rank(&mut self, task: &Newcomer, _: SimTime) -> Option<Rank> {
        let weight = if self.by_priority { 1 + u64::from(task.priority) } else { 1 };
        let tag = self.finish.get(&task.app).map_or(self.virtual_time, |&finish| finish.max(self.virtual_time));
        self.finish.insert(task.app, tag.saturating_add(task.estimate_ns.div_ceil(weight)));
        Some(Rank::of(tag))
    }

    fn served(&mut self, key: u64) {
        // What found room although others stand before it does not turn the time back.
        self.virtual_time = self.virtual_time.max(key);
        if self.finish.len() >= 2 * self.swept_at {
            let now = self.virtual_time;
            self.finish.retain(|_, &mut finish| finish > now);
            self.swept_at = self.finish.len().max(16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{service, task};
    use super::*;
    use crate::registry::Choice;

    fn order(choice: &Choice) -> FairShare {
        FairShare::new(Args::new(choice, &ENTRY))
    }

    fn tag(order: &mut FairShare, task: Newcomer) -> u64 {
        order.rank(&task, SimTime::ZERO).map_or(u64::MAX, |r| r.key)
    }

    #[test]
    fn an_app_that_submits_much_does_not_hold_up_one_that_submits_little() {
        let tasks = [task(1, 0, 10), task(1, 0, 10), task(1, 0, 10), task(2, 0, 10), task(2, 0, 10)];
        assert_eq!(service(Choice::of("fair_share"), &tasks, 0, 0), [0, 3, 1, 4, 2]);
    }

    #[test]
    fn long_tasks_count_for_more() {
        // Tags of app 1: 0 and 30; of app 2: 0, 10, 20 and 30.
        let tasks = [task(1, 0, 30), task(1, 0, 30), task(2, 0, 10), task(2, 0, 10), task(2, 0, 10), task(2, 0, 10)];
        assert_eq!(service(Choice::of("fair_share"), &tasks, 0, 0), [0, 2, 3, 4, 1, 5]);
    }

    #[test]
    fn shares_go_by_priority_if_asked() {
        let mut tasks = [task(1, 0, 30), task(1, 0, 30), task(2, 0, 30), task(2, 0, 30), task(2, 0, 30), task(2, 0, 30)];
        tasks[2..].iter_mut().for_each(|t| t.priority = 2);
        // Tags of app 1: 0 and 30; of app 2, with three times the share: 0, 10, 20 and 30.
        let choice = Choice::of("fair_share").with("weight", "priority");
        assert_eq!(service(choice, &tasks, 0, 0), [0, 2, 3, 4, 1, 5]);
    }

    #[test]
    fn an_app_that_was_away_gets_no_credit_for_it() {
        let mut order = order(&Choice::of("fair_share"));
        let tags: Vec<u64> = (0..3).map(|_| tag(&mut order, task(1, 0, 10))).collect();
        assert_eq!(tags, [0, 10, 20]);
        order.served(20);
        assert_eq!(tag(&mut order, task(2, 0, 10)), 20, "from now on, and not from 0");
        order.served(10);
        assert_eq!(tag(&mut order, task(3, 0, 10)), 20, "the time does not go back");
    }

    #[test]
    fn apps_that_have_had_their_turn_are_forgotten() {
        let mut order = order(&Choice::of("fair_share"));
        for app in 0..10_000 {
            let key = tag(&mut order, task(app, 0, 10));
            order.served(key + 20);
        }
        assert!(order.finish.len() < 100, "{}", order.finish.len());
    }
}
