//! A queue of what waits for a server: of a host, or of a placer that holds tasks.
//!
//! What has no rank is served in the order of arrival (first come, first served), at the cost of a ring buffer. What has one is
//! served by its key, the least first, of equals the one that came first; what is overdue at the instant of the question comes
//! before that, the longest overdue first ([`Rank`]). Before all of them stands what was put to the front.
//!
//! A queue may change from one to the other while items wait in it: what waits without a rank is served before what comes with
//! one, and what comes without a rank after what waits with one.

use std::collections::{BTreeMap, VecDeque};

use crate::policy::order::Rank;
use crate::units::SimTime;

/// Of what arrives and what is put to the front, the numbers go up and down from here.
const MIDDLE: u64 = 1 << 63;

/// Where an item stands in a [`RunQueue`]; stays the same while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its key, the least first; 0 if it has none.
    pub key: u64,
    /// The number of its arrival, unique in the queue. What was put to the front has less than all before it.
    pub seq: u64,
}

/// A step on the way through a [`RunQueue`] in the order of service; good even if what stood there has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where the item stands.
    pub place: Place,
    /// When it is overdue.
    due: SimTime,
    /// Whether it stands in the line of what has no rank.
    in_line: bool,
}

/// Items that wait, in the order of service.
#[derive(Clone, Debug)]
pub struct RunQueue<T> {
    /// What is served in the order in which it stands, with its number: all that has no rank, and what was put to the front.
    line: VecDeque<(u64, T)>,
    /// What has a rank, and when it is overdue.
    ranked: BTreeMap<Place, (T, SimTime)>,
    /// Of what is ever overdue: (when, number) and its key.
    overdue: BTreeMap<(SimTime, u64), u64>,
    /// The number of the next arrival.
    next: u64,
    /// The number of what was last put to the front.
    foremost: u64,
}

impl<T> Default for RunQueue<T> {
    fn default() -> Self {
        RunQueue { line: VecDeque::new(), ranked: BTreeMap::new(), overdue: BTreeMap::new(), next: MIDDLE, foremost: MIDDLE }
    }
}

impl<T: Copy> RunQueue<T> {
    /// An empty queue.
    pub fn new() -> RunQueue<T> {
        RunQueue::default()
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.line.len() + self.ranked.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty() && self.ranked.is_empty()
    }

    /// About how many bytes a copy takes.
    pub fn size(&self) -> usize {
        // Nodes of a tree are two thirds full.
        let ranked = self.ranked.len() * size_of::<(Place, (T, SimTime))>();
        let overdue = self.overdue.len() * size_of::<((SimTime, u64), u64)>();
        self.line.len() * size_of::<(u64, T)>() + (ranked + overdue) * 3 / 2
    }

    /// An item comes, with its rank if the order gives one. Answers where it stands.
    pub fn push(&mut self, item: T, rank: Option<Rank>) -> Place {
        let seq = self.next;
        self.next += 1;
        match rank {
            None if self.ranked.is_empty() => {
                self.line.push_back((seq, item));
                Place { key: 0, seq }
            }
            _ => {
                let Rank { key, due } = rank.unwrap_or(Rank::LAST);
                let place = Place { key, seq };
                self.ranked.insert(place, (item, due));
                if due < SimTime::NEVER {
                    self.overdue.insert((due, seq), key);
                }
                place
            }
        }
    }

    /// Puts an item before all others, whatever the order. Answers where it stands.
    pub fn push_front(&mut self, item: T) -> Place {
        self.foremost -= 1;
        self.line.push_front((self.foremost, item));
        Place { key: 0, seq: self.foremost }
    }

    /// What is served next.
    pub fn front(&self, now: SimTime) -> Option<(Place, T)> {
        self.following(None, now).map(|(step, item)| (step.place, item))
    }

    /// Takes what is served next.
    pub fn pop_front(&mut self, now: SimTime) -> Option<(Place, T)> {
        if let Some((seq, item)) = self.line.pop_front() {
            return Some((Place { key: 0, seq }, item));
        }
        let place = self.front(now)?.0;
        self.remove(place).map(|item| (place, item))
    }

    /// What is served after a step, or first. The way stays right while what was passed on it leaves, at one and the same instant.
    pub fn following(&self, step: Option<Step>, now: SimTime) -> Option<(Step, T)> {
        let is_overdue = |due: SimTime| due < now;
        let in_line = step.is_none_or(|s| s.in_line);
        if in_line {
            let from = step.map_or(0, |s| self.line.partition_point(|&(seq, _)| seq <= s.place.seq));
            if let Some(&(seq, item)) = self.line.get(from) {
                return Some((Step { place: Place { key: 0, seq }, due: SimTime::NEVER, in_line: true }, item));
            }
        }
        let ranked = |place: Place, item: T, due: SimTime| (Step { place, due, in_line: false }, item);
        let passed = step.filter(|_| !in_line);
        if passed.is_none_or(|s| is_overdue(s.due)) {
            let from = passed.map_or((SimTime::ZERO, 0), |s| (s.due, s.place.seq + 1));
            let next = self.overdue.range(from..).next().filter(|((due, _), _)| is_overdue(*due));
            if let Some((&(due, seq), &key)) = next {
                let place = Place { key, seq };
                return self.ranked.get(&place).map(|&(item, _)| ranked(place, item, due));
            }
        }
        let from = match passed.filter(|s| !is_overdue(s.due)) {
            Some(s) => Place { seq: s.place.seq + 1, ..s.place },
            None => Place { key: 0, seq: 0 },
        };
        let mut rest = self.ranked.range(from..);
        rest.find(|(_, (_, due))| !is_overdue(*due)).map(|(&place, &(item, due))| ranked(place, item, due))
    }

    /// Everything in the order of service.
    pub fn iter(&self, now: SimTime) -> impl Iterator<Item = (Place, T)> + '_ {
        let line = self.line.iter().map(|&(seq, item)| (Place { key: 0, seq }, item));
        let overdue = self.overdue.range(..(now, 0)).filter_map(|(&(_, seq), &key)| {
            let place = Place { key, seq };
            self.ranked.get(&place).map(|&(item, _)| (place, item))
        });
        let rest = self.ranked.iter().filter(move |(_, (_, due))| *due >= now).map(|(&place, &(item, _))| (place, item));
        line.chain(overdue).chain(rest)
    }

    /// What stands at a place.
    pub fn get(&self, place: Place) -> Option<T> {
        match self.in_line(place) {
            Some(at) => Some(self.line[at].1),
            None => self.ranked.get(&place).map(|&(item, _)| item),
        }
    }

    /// Another item takes the place of the one that stands there, if one does.
    pub fn replace(&mut self, place: Place, item: T) {
        match self.in_line(place) {
            Some(at) => self.line[at].1 = item,
            None => {
                if let Some(there) = self.ranked.get_mut(&place) {
                    there.0 = item;
                }
            }
        }
    }

    /// Takes what stands at a place, if it is there.
    pub fn remove(&mut self, place: Place) -> Option<T> {
        if let Some(at) = self.in_line(place) {
            return self.line.remove(at).map(|(_, item)| item);
        }
        let (item, due) = self.ranked.remove(&place)?;
        if due < SimTime::NEVER {
            self.overdue.remove(&(due, place.seq));
        }
        Some(item)
    }

    /// Takes an item for which something holds, if there is one. It looks at everything.
    pub fn remove_where(&mut self, is: impl Fn(T) -> bool) -> Option<(Place, T)> {
        let line = self.line.iter().map(|&(seq, item)| (Place { key: 0, seq }, item));
        let all = line.chain(self.ranked.iter().map(|(&place, &(item, _))| (place, item)));
        let (place, item) = all.into_iter().find(|&(_, item)| is(item))?;
        self.remove(place);
        Some((place, item))
    }

    /// Keeps only the items for which something holds.
    pub fn retain(&mut self, keep: impl Fn(T) -> bool) {
        self.line.retain(|&(_, item)| keep(item));
        let overdue = &mut self.overdue;
        self.ranked.retain(|place, (item, due)| {
            let stays = keep(*item);
            if !stays {
                overdue.remove(&(*due, place.seq));
            }
            stays
        });
    }

    /// Takes everything.
    pub fn clear(&mut self) {
        self.line.clear();
        self.ranked.clear();
        self.overdue.clear();
    }

    /// The index in the line of what stands at a place, if it stands there.
    fn in_line(&self, place: Place) -> Option<usize> {
        let at = self.line.partition_point(|&(seq, _)| seq < place.seq);
        self.line.get(at).filter(|&&(seq, _)| seq == place.seq).map(|_| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by sorting: what waits, each with (is in line, key, number, when overdue).
    #[derive(Clone, Default)]
    struct Naive {
        all: Vec<(bool, u64, u64, SimTime, u32)>,
    }

    impl Naive {
        fn in_order(&self, now: SimTime) -> Vec<u32> {
            let mut all = self.all.clone();
            all.sort_by_key(|&(in_line, key, seq, due, _)| match (in_line, due < now) {
                (true, _) => (0, 0, seq),
                (false, true) => (1, due.0, seq),
                (false, false) => (2, key, seq),
            });
            all.iter().map(|e| e.4).collect()
        }
    }

    #[derive(Clone, Debug)]
    enum Move {
        Push(Option<(u64, Option<u64>)>),
        PushFront,
        Pop,
        Remove(prop::sample::Index),
        RemoveWhere(prop::sample::Index),
        Retain(u32),
        Replace(prop::sample::Index),
        Wait(u64),
    }

    fn moves() -> impl Strategy<Value = Move> {
        let rank = (0u64..6, prop::option::of(0u64..20));
        prop_oneof![
            4 => prop::option::weighted(0.8, rank).prop_map(Move::Push),
            1 => Just(Move::PushFront),
            3 => Just(Move::Pop),
            1 => any::<prop::sample::Index>().prop_map(Move::Remove),
            1 => any::<prop::sample::Index>().prop_map(Move::RemoveWhere),
            1 => (2u32..5).prop_map(Move::Retain),
            1 => any::<prop::sample::Index>().prop_map(Move::Replace),
            2 => (1u64..8).prop_map(Move::Wait),
        ]
    }

    proptest! {
        #[test]
        fn serves_as_a_sorted_list_does(moves in proptest::collection::vec(moves(), 0..120)) {
            let (mut queue, mut naive, mut now) = (RunQueue::<u32>::new(), Naive::default(), SimTime::ZERO);
            let mut places: Vec<(u32, Place)> = Vec::new();
            for (item, step) in moves.into_iter().enumerate() {
                let item = item as u32;
                match step {
                    Move::Push(rank) => {
                        let rank = rank.map(|(key, wait)| {
                            Rank { key, due: wait.map_or(SimTime::NEVER, |wait| SimTime(now.0 + wait)) }
                        });
                        let in_line = rank.is_none() && naive.all.iter().all(|e| e.0);
                        let place = queue.push(item, rank);
                        let known = rank.unwrap_or(Rank::LAST);
                        naive.all.push((in_line, known.key, place.seq, known.due, item));
                        places.push((item, place));
                    }
                    Move::PushFront => {
                        let place = queue.push_front(item);
                        naive.all.push((true, 0, place.seq, SimTime::NEVER, item));
                        places.push((item, place));
                    }
                    Move::Pop => {
                        let first = naive.in_order(now).first().copied();
                        let popped = queue.pop_front(now);
                        prop_assert_eq!(popped.map(|p| p.1), first);
                        naive.all.retain(|e| Some(e.4) != first);
                    }
                    Move::Remove(index) if !places.is_empty() => {
                        // Perhaps of something that has left already.
                        let (item, place) = places[index.index(places.len())];
                        let there = naive.all.iter().any(|e| e.4 == item);
                        prop_assert_eq!(queue.get(place), there.then_some(item));
                        prop_assert_eq!(queue.remove(place), there.then_some(item));
                        naive.all.retain(|e| e.4 != item);
                    }
                    Move::RemoveWhere(index) if !places.is_empty() => {
                        let (item, place) = places[index.index(places.len())];
                        let there = naive.all.iter().any(|e| e.4 == item);
                        prop_assert_eq!(queue.remove_where(|other| other == item), there.then_some((place, item)));
                        naive.all.retain(|e| e.4 != item);
                    }
                    Move::Replace(index) if !places.is_empty() => {
                        let (old, place) = places[index.index(places.len())];
                        queue.replace(place, item);
                        naive.all.iter_mut().filter(|e| e.4 == old).for_each(|e| e.4 = item);
                        places.iter_mut().filter(|p| p.0 == old).for_each(|p| p.0 = item);
                    }
                    Move::Remove(_) | Move::RemoveWhere(_) | Move::Replace(_) => {}
                    Move::Retain(divisor) => {
                        queue.retain(|item| !item.is_multiple_of(divisor));
                        naive.all.retain(|e| !e.4.is_multiple_of(divisor));
                    }
                    Move::Wait(time) => now.0 += time,
                }
                let expected = naive.in_order(now);
                prop_assert_eq!(queue.front(now).map(|p| p.1), expected.first().copied());
                prop_assert_eq!(queue.iter(now).map(|p| p.1).collect::<Vec<_>>(), expected.clone());
                let steps = std::iter::successors(queue.following(None, now), |at| queue.following(Some(at.0), now));
                prop_assert_eq!(steps.map(|s| s.1).collect::<Vec<_>>(), expected.clone());
                prop_assert_eq!((queue.len(), queue.is_empty()), (expected.len(), expected.is_empty()));
                let ever = queue.ranked.values().filter(|(_, due)| *due < SimTime::NEVER).count();
                prop_assert_eq!(queue.overdue.len(), ever, "the index of what is overdue holds what waits and no more");
            }
        }

        #[test]
        fn the_way_through_it_stays_right_while_what_was_passed_leaves(
            ranks in proptest::collection::vec(prop::option::weighted(0.9, (0u64..6, 0u64..20)), 0..40), leaves in any::<u64>()) {
            let mut queue = RunQueue::<u32>::new();
            for (item, rank) in ranks.into_iter().enumerate() {
                queue.push(item as u32, rank.map(|(key, due)| Rank { key, due: SimTime(due) }));
            }
            let now = SimTime(10);
            let expected: Vec<u32> = queue.iter(now).map(|p| p.1).collect();
            let (mut seen, mut at) = (Vec::new(), None);
            while let Some((step, item)) = queue.following(at, now) {
                seen.push(item);
                if leaves >> (item % 64) & 1 == 1 {
                    prop_assert_eq!(queue.remove(step.place), Some(item));
                }
                at = Some(step);
            }
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn without_ranks_it_is_first_come_first_served() {
        let mut queue = RunQueue::new();
        (0..3).for_each(|item| {
            queue.push(item, None);
        });
        queue.push_front(7);
        queue.push_front(8);
        let mut out = Vec::new();
        while let Some((_, item)) = queue.pop_front(SimTime::ZERO) {
            out.push(item);
        }
        assert_eq!(out, [8, 7, 0, 1, 2]);
    }

    #[test]
    fn what_has_waited_too_long_comes_before_the_least_key() {
        let mut queue = RunQueue::new();
        queue.push('s', Some(Rank { key: 1, due: SimTime::NEVER }));
        queue.push('a', Some(Rank { key: 9, due: SimTime(20) }));
        queue.push('b', Some(Rank { key: 5, due: SimTime(10) }));
        let front = |now: u64| queue.front(SimTime(now)).map(|p| p.1);
        assert_eq!((front(10), front(11), front(21)), (Some('s'), Some('b'), Some('b')), "the longest overdue of two");
    }

    #[test]
    fn a_copy_goes_its_own_way() {
        let mut queue = RunQueue::new();
        queue.push(1, Some(Rank { key: 2, due: SimTime::NEVER }));
        let mut copy = queue.clone();
        assert_eq!(copy.pop_front(SimTime::ZERO).map(|p| p.1), Some(1));
        copy.push(2, None);
        assert_eq!((queue.len(), copy.len()), (1, 1));
        assert_eq!(queue.front(SimTime::ZERO).map(|p| p.1), Some(1));
        assert!(queue.size() > copy.size(), "what has a rank takes more");
    }
}
