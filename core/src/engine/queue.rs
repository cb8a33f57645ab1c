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

/// The lanes beside the heaps.
const LANES: usize = 8;
/// Where the heap of timers stands after the lanes, and that of all else.
const TIMERS: usize = LANES;
const OTHERS: usize = LANES + 1;
const ARITY: usize = 4;

/// No delay has the greatest number: a clock has no instant that is so far from another.
const NO_DELAY: u64 = u64::MAX;
/// Delays that are remembered: those that have lanes, and those that came once.
const REMEMBERED: usize = 32;

/// A four-ary heap: half the depth of a binary one.
#[derive(Clone, Debug)]
struct Heap<E> {
    /// The entries, and after them some that come after everything, so that every node has all its children.
    all: Vec<Entry<E>>,
    /// How many entries there are.
    len: usize,
}

/// Two heaps, with lanes beside them. Timers are many, far and seldom come, so that the heap of all else stays low. Most delays come again and again: no delay, a latency, a
/// decision time, a keep-alive. What is pushed with the same delay comes in the order in which it was pushed, so that a line does
/// for it; a delay that comes again gets a lane that nobody uses. The next event is the first of the firsts.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    timers: Heap<E>,
    others: Heap<E>,
    /// Events that were pushed with the same delay each, in order.
    lanes: [VecDeque<Entry<E>>; LANES],
    /// Delays that came, each at the place that it hashes to, and their lanes; [`LANES`] for one that has none. No delay at all is
    /// not among them: it has the first lane.
    delays: [(u64, u8); REMEMBERED],
    /// The key of the first event of each lane and, after them, of each heap; the greatest number if there is none.
    first: [u128; LANES + 2],
    /// A tournament of the lanes: `least[1]` is the one whose first event comes first, and the winners of each pair of 2 i and
    /// 2 i + 1 stand at i; what would be leaves are the lanes themselves.
    least: [u8; LANES],
    /// Where the next event stands, and its key.
    next: usize,
    next_key: u128,
    /// The clock.
    now: u64,
    sequence: u64,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        // Where all are equal, the first of each part wins.
        let mut least = [0; LANES];
        (1..LANES).rev().for_each(|node| least[node] = winner(&least, 2 * node) as u8);
        let delays = [(NO_DELAY, LANES as u8); REMEMBERED];
        let lanes = [(); LANES].map(|()| VecDeque::new());
        EventQueue {
            timers: Heap { all: Vec::new(), len: 0 },
            others: Heap { all: Vec::new(), len: 0 },
            lanes,
            delays,
            first: [u128::MAX; LANES + 2],
            least,
            next: 0,
            next_key: u128::MAX,
            now: 0,
            sequence: 0,
        }
    }
}

impl<E: Copy> Heap<E> {
    fn entries(&self) -> &[Entry<E>] {
        &self.all[..self.len]
    }

    /// The key of the first event, or the greatest number.
    fn first_key(&self) -> u128 {
        self.all.first().map_or(u128::MAX, Entry::key)
    }

    fn push(&mut self, entry: Entry<E>) {
        let at = self.len;
        self.len += 1;
        if self.len + ARITY > self.all.len() {
            let after_all = Entry { time: u64::MAX, order: u64::MAX, event: entry.event };
            self.all.resize(2 * (self.len + ARITY), after_all);
        }
        self.rise(at, entry);
    }

    /// Puts an entry at a place, or above it.
    fn rise(&mut self, mut at: usize, entry: Entry<E>) {
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if !entry.before(&self.all[parent]) {
                break;
            }
            self.all[at] = self.all[parent];
            at = parent;
        }
        self.all[at] = entry;
    }

    fn pop(&mut self) -> Option<Entry<E>> {
        let last = self.len.checked_sub(1)?;
        self.len = last;
        let (first, entry) = (self.all[0], self.all[last]);
        (self.all[last].time, self.all[last].order) = (u64::MAX, u64::MAX);
        // The last goes where it belongs by way of the lowest level, where it nearly always belongs: the way down is as long each time.
        let mut at = 0;
        while at * ARITY + 1 < last {
            let from = at * ARITY + 1;
            let Some(children) = self.all.get(from..).and_then(|rest| rest.first_chunk::<ARITY>()) else { break };
            let least = least_of(children);
            self.all[at] = children[least];
            at = from + least;
        }
        if at < last {
            self.rise(at, entry);
        }
        Some(first)
    }
}

/// Which of the children of a node comes first: a tournament, without branches.
fn least_of<E>(children: &[Entry<E>; ARITY]) -> usize {
    let key = |i: usize| children[i].key();
    let (a, b) = (usize::from(key(1) < key(0)), 2 + usize::from(key(3) < key(2)));
    if key(b) < key(a) { b } else { a }
}

/// Where a delay is remembered: Fibonacci hashing (Knuth, volume 3, 6.4).
fn place_of(delay: u64) -> usize {
    (delay.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 59) as usize % REMEMBERED
}

/// Who won at a node of the tournament.
fn winner(least: &[u8; LANES], node: usize) -> usize {
    if node < LANES { usize::from(least[node]) } else { node - LANES }
}

impl<E: Copy> EventQueue<E> {
    /// Adds an event. Of two events of one time and class, the one added first comes first.
    pub fn push(&mut self, time: SimTime, class: Class, event: E) {
        let entry = Entry { time: time.0, order: (class as u64) << 62 | self.sequence, event };
        self.sequence += 1;
        let at = self.put(entry, class);
        if entry.key() < self.next_key {
            (self.next, self.next_key) = (at, entry.key());
        }
    }

    /// Puts an event into a lane or a heap, and answers into which.
    fn put(&mut self, entry: Entry<E>, class: Class) -> usize {
        if let Some(at) = self.lane_of(entry.time.wrapping_sub(self.now)) {
            let lane = &mut self.lanes[at];
            let last = lane.back();
            if last.is_none_or(|last| last.before(&entry)) {
                let first = last.is_none();
                lane.push_back(entry);
                if first {
                    self.comes_first(at, entry.key());
                }
                return at;
            }
        }
        let (at, heap) = if class == Class::Timer { (TIMERS, &mut self.timers) } else { (OTHERS, &mut self.others) };
        heap.push(entry);
        self.first[at] = heap.first_key();
        at
    }

    /// The lane of a delay, if it has one or may have one now.
    fn lane_of(&mut self, delay: u64) -> Option<usize> {
        if delay == 0 {
            return Some(0);
        }
        let (known, lane) = &mut self.delays[place_of(delay)];
        if *known != delay {
            // One that comes for the first time takes no lane in which another waits.
            if self.lanes.get(usize::from(*lane)).is_none_or(VecDeque::is_empty) {
                (*known, *lane) = (delay, LANES as u8);
            }
            return None;
        }
        if usize::from(*lane) < LANES {
            return Some((*lane).into());
        }
        self.give_lane(delay)
    }

    /// A delay that came before gets a lane that nothing is in.
    fn give_lane(&mut self, delay: u64) -> Option<usize> {
        let free = (1..LANES).find(|&i| self.lanes[i].is_empty())?;
        let of_lane = |(_, lane): &&mut (u64, u8)| usize::from(*lane) == free;
        if let Some((_, lane)) = self.delays.iter_mut().find(of_lane) {
            *lane = LANES as u8;
        }
        self.delays[place_of(delay)].1 = free as u8;
        Some(free)
    }

    /// A lane has another first event, or none any more.
    fn comes_first(&mut self, lane: usize, key: u128) {
        self.first[lane] = key;
        let mut node = (lane + LANES) / 2;
        while node > 0 {
            let (a, b) = (winner(&self.least, 2 * node), winner(&self.least, 2 * node + 1));
            self.least[node] = if self.first[b] < self.first[a] { b } else { a } as u8;
            node /= 2;
        }
    }

    /// The clock moves on, to what comes next or before that.
    #[inline]
    pub fn advance(&mut self, now: SimTime) {
        debug_assert!(self.next_time() >= now, "what is to happen now comes first");
        self.now = now.0;
    }

    /// When the next event happens, or never.
    #[inline]
    pub fn next_time(&self) -> SimTime {
        SimTime((self.next_key >> 64) as u64)
    }

    /// The next event.
    pub fn peek(&self) -> Option<Next> {
        let class = match self.next_key as u64 >> 62 {
            0 => Class::Early,
            1 => Class::Completion,
            2 => Class::Message,
            _ => Class::Timer,
        };
        (!self.is_empty()).then_some(Next { time: self.next_time(), class })
    }

    /// Takes the next event.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let at = self.next;
        let entry = if at < LANES {
            let entry = self.lanes[at].pop_front()?;
            self.comes_first(at, self.lanes[at].front().map_or(u128::MAX, Entry::key));
            entry
        } else {
            let heap = if at == TIMERS { &mut self.timers } else { &mut self.others };
            let entry = heap.pop()?;
            self.first[at] = heap.first_key();
            entry
        };
        self.now = entry.time;
        let lane = usize::from(self.least[1]);
        let heap = if self.first[TIMERS] < self.first[OTHERS] { TIMERS } else { OTHERS };
        self.next = if self.first[heap] < self.first[lane] { heap } else { lane };
        self.next_key = self.first[self.next];
        Some((SimTime(entry.time), entry.event))
    }

    /// The events that wait, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, &E)> {
        let lanes = self.lanes.iter().flatten();
        self.timers.entries().iter().chain(self.others.entries()).chain(lanes).map(|e| (SimTime(e.time), &e.event))
    }

    /// The number of events that wait.
    pub fn len(&self) -> usize {
        self.timers.len + self.others.len + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.next_key == u128::MAX
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
