//! When how many executions of a function overlap, if all start warm at once: what a clairvoyant policy knows. Of rows that wait
//! for others nobody knows before the run when they come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Workload;

/// Per function and level, the arrivals that overlap so many executions, themselves included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Future {
    /// Where each function's levels begin in `levels`.
    first: Vec<usize>,
    /// Arrival times in nanoseconds, sorted, for level 1, 2 ... of each function.
    levels: Vec<Vec<u64>>,
}

impl Future {
    pub(super) fn new(workload: &Workload) -> Future {
        let functions = workload.function.iter().max().map_or(0, |&f| f as usize + 1);
        let mut per_function: Vec<Vec<Vec<u64>>> = vec![Vec::new(); functions];
        let mut running: Vec<BinaryHeap<Reverse<u64>>> = vec![BinaryHeap::new(); functions];
        for (row, &arrival) in workload.arrival_ns.iter().enumerate().take_while(|(_, at)| **at < u64::MAX) {
            let function = workload.function[row] as usize;
            let ends = &mut running[function];
            while ends.peek().is_some_and(|&Reverse(end)| end <= arrival) {
                ends.pop();
            }
            ends.push(Reverse(arrival.saturating_add(workload.execution_ns[row])));
            let levels = &mut per_function[function];
            if levels.len() < ends.len() {
                levels.push(Vec::new());
            }
            levels[ends.len() - 1].push(arrival);
        }
        let mut future = Future::default();
        for levels in per_function {
            future.first.push(future.levels.len());
            future.levels.extend(levels);
        }
        future.first.push(future.levels.len());
        future
    }

    /// The first instant after `now` at which an arrival makes `level` executions of a function overlap, in nanoseconds;
    /// `u64::MAX` if that never happens.
    pub fn next(&self, function: u32, level: u32, now: u64) -> u64 {
        let (Some(&first), Some(&end)) = (self.first.get(function as usize), self.first.get(function as usize + 1)) else {
            return u64::MAX;
        };
        let at = first + (level.max(1) as usize - 1);
        if at >= end {
            return u64::MAX;
        }
        let arrivals = &self.levels[at];
        arrivals.get(arrivals.partition_point(|&t| t <= now)).copied().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_have_the_level_of_the_executions_that_they_overlap() {
        let workload = Workload {
            arrival_ns: vec![0, 5, 9, 10, 30],
            function: vec![0, 0, 1, 0, 0],
            execution_ns: vec![10, 10, 1, 10, 10],
            ..Workload::default()
        };
        let future = Future::new(&workload);
        assert_eq!(future.next(0, 1, 0), 30, "0 has begun; 5 and 10 overlap another");
        assert_eq!(future.next(0, 2, 0), 5);
        assert_eq!(future.next(0, 2, 5), 10, "what ends as another arrives does not overlap it");
        assert_eq!(future.next(0, 3, 0), u64::MAX);
        assert_eq!(future.next(1, 1, 0), 9);
        assert_eq!(future.next(7, 1, 0), u64::MAX);
    }
}
