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

/// What is known of the next event before it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// When it happens.
    pub time: SimTime,
    /// Its class.
    pub class: Class,
}

impl<E> Entry<E> {
    /// As one number, which is compared without a branch.
    fn key(&self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.order)
    }

    fn before(&self, other: &Entry<E>) -> bool {
        self.key() < other.key()
    }
}

/// The lanes beside the heap.
const LANES: usize = 7;
/// Where the heap stands after the lanes.
const HEAP: usize = LANES;
/// The lanes and the heap.
const ALL: usize = LANES + 1;
const ARITY: usize = 4;

/// No delay has the greatest number: a clock has no instant that is so far from another.
const NO_DELAY: u64 = u64::MAX;
/// Delays that have no lane and are remembered.
const REMEMBERED: usize = 16;

/// A four-ary heap, half the depth of a binary one, with lanes beside it. Most delays come again and again: no delay, a latency, a
/// decision time, a keep-alive. What is pushed with the same delay comes in the order in which it was pushed, so that a line does
/// for it; a delay that comes again gets a lane that nobody uses. The next event is the first of the firsts.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    heap: Vec<Entry<E>>,
    /// Events that were pushed with the same delay each, in order.
    lanes: [VecDeque<Entry<E>>; LANES],
    /// The delays that have lanes, the first none at all.
    delays: [u64; LANES],
    /// Delays that came and had no lane.
    seen: [u64; REMEMBERED],
    /// The key of the first event of each lane and of the heap; the greatest number if there is none.
    first: [u128; ALL],
    /// A tournament of these: `least[1]` is where the least stands, and the winners of each pair of 2 i and 2 i + 1 stand at i; what
    /// would be leaves are the lanes and the heap themselves.
    least: [u8; ALL],
    /// The clock.
    now: u64,
    sequence: u64,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        // Where all are equal, the first of each part wins.
        let mut least = [0; ALL];
        (1..ALL).rev().for_each(|node| least[node] = winner(&least, 2 * node) as u8);
        let mut delays = [NO_DELAY; LANES];
        delays[0] = 0;
        let lanes = [(); LANES].map(|()| VecDeque::new());
        let seen = [NO_DELAY; REMEMBERED];
        EventQueue { heap: Vec::new(), lanes, delays, seen, first: [u128::MAX; ALL], least, now: 0, sequence: 0 }
    }
}

/// Who won at a node of the tournament.
fn winner(least: &[u8; ALL], node: usize) -> usize {
    if node < ALL { usize::from(least[node]) } else { node - ALL }
}

impl<E: Copy> EventQueue<E> {
    /// Adds an event. Of two events of one time and class, the one added first comes first.
    pub fn push(&mut self, time: SimTime, class: Class, event: E) {
        let entry = Entry { time: time.0, order: (class as u64) << 62 | self.sequence, event };
        self.sequence += 1;
        let delay = entry.time.wrapping_sub(self.now);
        if let Some(at) = self.lane_of(delay) {
            let lane = &mut self.lanes[at];
            let last = lane.back();
            if last.is_none_or(|last| last.before(&entry)) {
                let first = last.is_none();
                lane.push_back(entry);
                if first {
                    self.comes_first(at, entry.key());
                }
                return;
            }
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
        if at == 0 {
            self.comes_first(HEAP, entry.key());
        }
    }

    /// The lane of a delay, if it has one or may have one now.
    fn lane_of(&mut self, delay: u64) -> Option<usize> {
        let mut at = LANES;
        for (i, &known) in self.delays.iter().enumerate() {
            at = if known == delay { i } else { at };
        }
        if at < LANES {
            return Some(at);
        }
        // Fibonacci hashing (Knuth, volume 3, 6.4).
        let place = (delay.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60) as usize % REMEMBERED;
        if self.seen[place] != delay {
            self.seen[place] = delay;
            return None;
        }
        let unused = self.delays.iter().position(|&known| known == NO_DELAY);
        let free = unused.or_else(|| (1..LANES).find(|&i| self.lanes[i].is_empty()))?;
        self.delays[free] = delay;
        Some(free)
    }

    /// A lane or the heap has another first event, or none any more.
    fn comes_first(&mut self, at: usize, key: u128) {
        self.first[at] = key;
        let mut node = (at + ALL) / 2;
        while node > 0 {
            let (a, b) = (winner(&self.least, 2 * node), winner(&self.least, 2 * node + 1));
            self.least[node] = if self.first[b] < self.first[a] { b } else { a } as u8;
            node /= 2;
        }
    }

    /// Where the next event stands.
    fn next(&self) -> usize {
        usize::from(self.least[1])
    }

    /// The clock moves on, to what comes next or before that.
    pub fn advance(&mut self, now: SimTime) {
        debug_assert!((self.first[self.next()] >> 64) as u64 >= now.0, "what is to happen now comes first");
        self.now = now.0;
    }

    /// The next event.
    pub fn peek(&self) -> Option<Next> {
        let key = self.first[self.next()];
        let class = match key as u64 >> 62 {
            0 => Class::Early,
            1 => Class::Completion,
            2 => Class::Message,
            _ => Class::Timer,
        };
        (key != u128::MAX).then_some(Next { time: SimTime((key >> 64) as u64), class })
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let at = self.next();
        let entry = if at == HEAP { self.take_top()? } else { self.lanes[at].pop_front()? };
        self.now = entry.time;
        let next = if at == HEAP { self.heap.first() } else { self.lanes[at].front() };
        self.comes_first(at, next.map_or(u128::MAX, Entry::key));
        Some((SimTime(entry.time), entry.event))
    }

    fn take_top(&mut self) -> Option<Entry<E>> {
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
                let children = &self.heap[from..(from + ARITY).min(len)];
                let (mut least, mut key) = (0, u128::MAX);
                for (i, child) in children.iter().enumerate() {
                    let earlier = child.key() < key;
                    (least, key) = if earlier { (i, child.key()) } else { (least, key) };
                }
                if last.key() <= key {
                    break;
                }
                self.heap[at] = children[least];
                at = from + least;
            }
            self.heap[at] = last;
        }
        Some(first)
    }

    /// The events that wait, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, &E)> {
        let lanes = self.lanes.iter().flatten();
        self.heap.iter().chain(lanes).map(|e| (SimTime(e.time), &e.event))
    }

    /// The number of events that wait.
    pub fn len(&self) -> usize {
        self.heap.len() + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.first[self.next()] == u128::MAX
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
        fn comes_out_in_order_where_events_make_others_with_delays_that_come_again(
            events in proptest::collection::vec((0u64..6, 0u8..4, prop_oneof![0u64..3, Just(7u64), Just(40), 0u64..200]), 1..200)) {
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
                prop_assert_eq!(queue.peek().map(|next| next.time.0), naive.iter().map(|e| e.0).min());
            }
            prop_assert!(queue.is_empty() && naive.is_empty());
        }
    }
}
