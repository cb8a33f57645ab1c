//! Which intervals hold an instant, found without looking at all of them.
//!
//! The intervals stand in order of their start. After every so many starts a checkpoint holds those that are still open
//! there; an instant is its nearest checkpoint before it and the few starts since. A checkpoint is only made after as many
//! starts as it holds intervals, so all of them together hold no more than there are, and an instant costs no more than
//! about twice what is open at it.

/// Starts between two checkpoints, at least.
const STRIDE: usize = 512;

/// An interval: from <= t < to.
pub(crate) trait Span {
    /// Its start, in nanoseconds.
    fn start_ns(&self) -> u64;
    /// Its end, in nanoseconds.
    fn end_ns(&self) -> u64;
}

/// Intervals in order of their start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spans<T> {
    all: Vec<T>,
    checkpoints: Vec<Checkpoint>,
}

#[derive(Clone, Debug, PartialEq)]
struct Checkpoint {
    /// How many intervals have started.
    started: usize,
    /// Those of them that were open when the last of them started, in order.
    open: Vec<u32>,
}

impl<T: Span> Spans<T> {
    /// Sorts intervals by their start, keeping the order of those that start together.
    pub(crate) fn new(mut all: Vec<T>) -> Spans<T> {
        all.sort_by_key(T::start_ns);
        let mut checkpoints = vec![Checkpoint { started: 0, open: vec![] }];
        let mut open: Vec<u32> = vec![];
        let mut due = STRIDE;
        for (i, span) in all.iter().enumerate() {
            open.push(i as u32);
            if i + 1 == due {
                open.retain(|j| all[*j as usize].end_ns() > span.start_ns());
                checkpoints.push(Checkpoint { started: i + 1, open: open.clone() });
                due = i + 1 + STRIDE.max(open.len());
            }
        }
        Spans { all, checkpoints }
    }

    /// All intervals in order of their start.
    pub(crate) fn all(&self) -> &[T] {
        &self.all
    }

    /// The intervals that hold `t`, in order of their start.
    pub(crate) fn at(&self, t: u64) -> impl Iterator<Item = &T> {
        let started = self.all.partition_point(|s| s.start_ns() <= t);
        let before = self.checkpoints.partition_point(|c| c.started <= started);
        // The first checkpoint has nothing started, so there is one before.
        let checkpoint = &self.checkpoints[before - 1];
        let old = checkpoint.open.iter().map(|i| &self.all[*i as usize]);
        old.chain(&self.all[checkpoint.started..started]).filter(move |s| s.end_ns() > t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    impl Span for (u64, u64) {
        fn start_ns(&self) -> u64 {
            self.0
        }
        fn end_ns(&self) -> u64 {
            self.1
        }
    }

    #[test]
    fn an_interval_holds_its_start_and_not_its_end() {
        let spans = Spans::new(vec![(20, 30), (10, 20)]);
        let at = |t| spans.at(t).copied().collect::<Vec<_>>();
        assert_eq!(at(9), []);
        assert_eq!(at(10), [(10, 20)]);
        assert_eq!(at(19), [(10, 20)]);
        assert_eq!(at(20), [(20, 30)]);
        assert_eq!(at(30), []);
    }

    #[test]
    fn an_empty_interval_holds_nothing() {
        assert_eq!(Spans::new(vec![(5, 5)]).at(5).count(), 0);
        assert_eq!(Spans::<(u64, u64)>::new(vec![]).at(5).count(), 0);
    }

    #[test]
    fn every_instant_is_what_a_full_search_finds() {
        let mut s = Stream::new(3, "spans", "test");
        let mut all: Vec<(u64, u64)> = (0..5_000)
            .map(|_| {
                let from = s.below(10_000);
                // Most are short; some never end.
                let to = if s.below(20) == 0 { u64::MAX } else { from + s.below(50) };
                (from, to)
            })
            .collect();
        let spans = Spans::new(all.clone());
        all.sort_by_key(|x| x.0);
        for t in (0..10_100).step_by(37) {
            let found: Vec<_> = spans.at(t).copied().collect();
            let full: Vec<_> = all.iter().filter(|x| x.0 <= t && t < x.1).copied().collect();
            assert_eq!(found, full, "at {t}");
        }
        let held: usize = spans.checkpoints.iter().map(|c| c.open.len()).sum();
        assert!(held <= all.len() + STRIDE, "checkpoints hold {held}");
    }
}
