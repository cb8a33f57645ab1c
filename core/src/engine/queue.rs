//! The event queue, ordered by (time, class, sequence).

use std::collections::VecDeque;

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

/// A four-ary heap: half the depth of a binary one, and four children share a cache line or two. What is to happen at the instant
/// of the last event, as most messages without latency are, stands in a line instead if its place is at the end of that: the line is in
/// order, and the next event is the first of the line or the top of the heap.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    heap: Vec<Entry<E>>,
    line: VecDeque<Entry<E>>,
    /// The clock.
    now: u64,
    sequence: u64,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue { heap: Vec::new(), line: VecDeque::new(), now: 0, sequence: 0 }
    }
}

const ARITY: usize = 4;

impl<E: Copy> EventQueue<E> {
    /// Adds an event. Of two events of one time and class, the one added first comes first.
    pub fn push(&mut self, time: SimTime, class: Class, event: E) {
        let entry = Entry { time: time.0, order: (class as u64) << 62 | self.sequence, event };
        self.sequence += 1;
        if entry.time == self.now && self.line.back().is_none_or(|last| last.before(&entry)) {
            return self.line.push_back(entry);
        }
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

    /// The clock moves on, to what comes next or before that.
    pub fn advance(&mut self, now: SimTime) {
        debug_assert!(self.line.is_empty() || now.0 == self.now, "what is to happen now comes first");
        self.now = now.0;
    }

    /// Whether the next event stands in the line.
    fn line_is_next(&self) -> bool {
        match (self.line.front(), self.heap.first()) {
            (Some(first), Some(top)) => first.before(top),
            (first, _) => first.is_some(),
        }
    }

    /// The time and class of the next event.
    pub fn peek(&self) -> Option<(SimTime, Class)> {
        let next = if self.line_is_next() { self.line.front() } else { self.heap.first() };
        next.map(|e| {
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
        if self.line_is_next() {
            return self.line.pop_front().map(|e| (SimTime(e.time), e.event));
        }
        let first = *self.heap.first()?;
        self.now = first.time;
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
        self.heap.iter().chain(&self.line).map(|e| (SimTime(e.time), &e.event))
    }

    /// The number of events that wait.
    pub fn len(&self) -> usize {
        self.heap.len() + self.line.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty() && self.line.is_empty()
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

        #[test]
        fn comes_out_in_order_where_events_make_others_at_their_own_instant(
            events in proptest::collection::vec((0u64..6, 0u8..4, 0u64..3), 1..120)) {
            // Each event that is taken makes the next of the list, some time after it.
            let class = |c: u8| [Class::Early, Class::Completion, Class::Message, Class::Timer][c as usize];
            let (mut queue, mut naive, mut made) = (EventQueue::default(), Vec::new(), 0);
            let add = |queue: &mut EventQueue<usize>, naive: &mut Vec<(u64, u8, usize)>, now: u64, at: usize, after: u64| {
                let c = events[at].1;
                queue.push(SimTime(now + after), class(c), at);
                naive.push((now + after, c, at));
            };
            while made < events.len().min(10) {
                add(&mut queue, &mut naive, 0, made, events[made].0);
                made += 1;
            }
            while let Some((now, event)) = queue.pop() {
                naive.sort_unstable();
                prop_assert_eq!((now.0, event), (naive[0].0, naive[0].2));
                naive.remove(0);
                for _ in 0..2 {
                    if made < events.len() {
                        add(&mut queue, &mut naive, now.0, made, events[made].2);
                        made += 1;
                    }
                }
                prop_assert_eq!(queue.len(), naive.len());
                prop_assert_eq!(queue.peek().map(|(t, _)| t.0), naive.iter().map(|e| e.0).min());
            }
            prop_assert!(queue.is_empty() && naive.is_empty());
        }
    }
}
