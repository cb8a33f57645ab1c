//! The event queue, ordered by (time, class, sequence).

use crate::units::SimTime;

/// Which events come first at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Messages of a run in which arrivals come before completions.
    Early = 0,
    /// Completions and releases of resources.
    Completion = 1,
    /// Messages.
    Message = 2,
    /// Timers and expiries.
    Timer = 3,
}

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    time: u64,
    /// Class in the top two bits, then the order of creation.
    order: u64,
    event: E,
}

impl<E> Entry<E> {
    fn before(&self, other: &Entry<E>) -> bool {
        (self.time, self.order) < (other.time, other.order)
    }
}

/// A four-ary heap: half the depth of a binary one, and four children share a cache line or two.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    heap: Vec<Entry<E>>,
    sequence: u64,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue { heap: Vec::new(), sequence: 0 }
    }
}

const ARITY: usize = 4;

impl<E: Copy> EventQueue<E> {
    /// Adds an event. Of two events of one time and class, the one added first comes first.
    pub fn push(&mut self, time: SimTime, class: Class, event: E) {
        let entry = Entry { time: time.0, order: (class as u64) << 62 | self.sequence, event };
        self.sequence += 1;
        self.heap.push(entry);
        let mut at = self.heap.len() - 1;
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if !entry.before(&self.heap[parent]) {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = entry;
    }

    /// The time and class of the next event.
    pub fn peek(&self) -> Option<(SimTime, Class)> {
        self.heap.first().map(|e| {
            let class = match e.order >> 62 {
                0 => Class::Early,
                1 => Class::Completion,
                2 => Class::Message,
                _ => Class::Timer,
            };
            (SimTime(e.time), class)
        })
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let first = *self.heap.first()?;
        let last = self.heap.pop()?;
        let len = self.heap.len();
        if len > 0 {
            let mut at = 0;
            loop {
                let from = at * ARITY + 1;
                if from >= len {
                    break;
                }
                let mut least = from;
                for child in from + 1..(from + ARITY).min(len) {
                    if self.heap[child].before(&self.heap[least]) {
                        least = child;
                    }
                }
                if !self.heap[least].before(&last) {
                    break;
                }
                self.heap[at] = self.heap[least];
                at = least;
            }
            self.heap[at] = last;
        }
        Some((SimTime(first.time), first.event))
    }

    /// The events that wait, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, &E)> {
        self.heap.iter().map(|e| (SimTime(e.time), &e.event))
    }

    /// The number of events that wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn comes_out_by_time_then_class_then_order_of_creation(events in proptest::collection::vec((0u64..20, 0u8..4), 0..200)) {
            let mut queue = EventQueue::default();
            for (i, &(time, class)) in events.iter().enumerate() {
                let class = [Class::Early, Class::Completion, Class::Message, Class::Timer][class as usize];
                queue.push(SimTime(time), class, (class as u8, i));
            }
            let mut out = Vec::new();
            while let Some((time, (class, i))) = queue.pop() {
                out.push((time.0, class, i));
            }
            let mut expected: Vec<_> = events.iter().enumerate().map(|(i, &(t, c))| (t, c, i)).collect();
            expected.sort_unstable();
            prop_assert_eq!(out, expected);
        }
    }
}
