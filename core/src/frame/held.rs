//! Tasks that a placer holds, in the order in which it goes through them: that of `policies.order`, as in a host's queue.
//!
//! Each placer ranks by an order of its own ([`Placer::rank`]), whichever of its queues a task waits in, so that fair shares are
//! shares of all that the placer does. A task whose client gives up, or that another architecture took over, is passed over when
//! it would be next.

use super::{Asked, Frame, Placer};
use crate::platform::{Place, RunQueue};
use crate::policy::order::{QueueOrder, Rank};

impl Placer {
    /// Where a task stands among those that wait at this placer, if not in the order of arrival.
    pub fn rank(&mut self, frame: Frame<'_>, task: &Asked) -> Option<Rank> {
        if self.order.is_fcfs() {
            return None;
        }
        let newcomer = frame.world.newcomer(frame.model, frame.workload, task.attempt, task.invocation);
        self.order.rank(&newcomer, frame.now)
    }

    /// What stood at a place of one of this placer's queues is served.
    pub fn serves(&mut self, place: Place) {
        self.order.served(place.key);
    }
}

/// Tasks that wait at a placer.
#[derive(Clone, Debug, Default)]
pub struct Held {
    queue: RunQueue<Asked>,
}

impl Held {
    /// How many wait, with those that are passed over.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// A task comes to wait.
    pub fn push(&mut self, frame: Frame<'_>, placer: &mut Placer, task: Asked) {
        let rank = placer.rank(frame, &task);
        self.queue.push(task, rank);
    }

    /// The task that is next.
    pub fn front(&mut self, frame: Frame<'_>) -> Option<(Place, Asked)> {
        while let Some((place, task)) = self.queue.front(frame.now) {
            if frame.is_held(&task) {
                return Some((place, task));
            }
            self.queue.remove(place);
        }
        None
    }

    /// Takes the task at a place: it is served.
    pub fn serve(&mut self, placer: &mut Placer, place: Place) {
        self.queue.remove(place);
        placer.serves(place);
    }

    /// Takes the task that is next.
    pub fn next(&mut self, frame: Frame<'_>, placer: &mut Placer) -> Option<Asked> {
        let (place, task) = self.front(frame)?;
        self.serve(placer, place);
        Some(task)
    }

    /// Takes the task of a function that is next.
    pub fn next_of(&mut self, frame: Frame<'_>, placer: &mut Placer, function: u32) -> Option<Asked> {
        let mut found = None;
        self.sift(frame, placer, |_, task| {
            let takes = found.is_none() && task.function == function;
            if takes {
                found = Some(*task);
            }
            (takes, found.is_some())
        });
        found
    }

    /// Goes through the tasks in order until `look` says that it is enough, and takes those that it takes: it answers
    /// (takes, enough).
    pub fn sift(&mut self, frame: Frame<'_>, placer: &mut Placer, mut look: impl FnMut(&mut Placer, &Asked) -> (bool, bool)) {
        let mut step = None;
        while let Some((at, task)) = self.queue.following(step, frame.now) {
            step = Some(at);
            if !frame.is_held(&task) {
                self.queue.remove(at.place);
                continue;
            }
            let (takes, enough) = look(placer, &task);
            if takes {
                self.serve(placer, at.place);
            }
            if enough {
                return;
            }
        }
    }
}
