//! Rows that are submitted when others have ended: users who wait for an answer, tasks that depend on others.
//!
//! A *gate* belongs to one or more rows of the workload. It waits until so many of a set of earlier rows have ended, whatever
//! their outcome, and then for a delay that is part of the workload; then its rows are submitted at once, as timed arrivals
//! are. A row ends when its client knows: its result is there, or it is lost; or on its host, where the architecture lets hosts
//! start the next tasks of a job. Because a gate only waits for rows before its own, there are no cycles: with one row per gate
//! these are the edges of any directed acyclic graph.
//!
//! Who waits for a row stands in compressed rows (the gates of row i are `feeds[from[i]..from[i + 1]]`), and the run keeps one
//! counter per gate, so that an end costs its own edges and nothing else.

use std::ops::Range;

use crate::units::SimDuration;

/// The gates of a workload; empty where every row has a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gates {
    /// Where each gate's rows begin; then where the last one's end.
    first: Vec<u32>,
    /// How many rows must have ended.
    need: Vec<u32>,
    /// How long after that its rows are submitted, in nanoseconds.
    delay_ns: Vec<u64>,
    /// Per row, where its part of `feeds` begins; then where the last one's ends.
    from: Vec<u32>,
    /// The gates that wait for each row, row by row.
    feeds: Vec<u32>,
    /// What would be submitted after this instant is not, in nanoseconds.
    until_ns: u64,
}

/// Why gates cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// A gate without rows, or that waits for none.
    #[error("gate {gate} has no rows, or waits for none")]
    Empty {
        /// The gate.
        gate: u32,
    },
    /// A gate waits for more rows than it names.
    #[error("gate {gate} waits for more rows than it names")]
    TooMany {
        /// The gate.
        gate: u32,
    },
    /// A gate waits for a row that is not before its own.
    #[error("gate {gate} waits for row {row}, which is not before its own")]
    NotBefore {
        /// The gate.
        gate: u32,
        /// The row.
        row: u32,
    },
    /// A gate names a row twice.
    #[error("gate {gate} names row {row} twice")]
    Twice {
        /// The gate.
        gate: u32,
        /// The row.
        row: u32,
    },
    /// There are more rows or edges than numbers for them.
    #[error("there are too many rows or edges")]
    TooLarge,
}

/// Builds [`Gates`], in the order of their rows.
///
/// ```
/// use faaslab_core::units::SimDuration;
/// use faaslab_core::workload::GateBuilder;
///
/// // Rows 0 and 1 have a time. Row 2 comes a second after both have ended, rows 3 and 4 as soon as row 2 has.
/// let mut builder = GateBuilder::new(2);
/// builder.add(1, &[0, 1], 2, SimDuration::from_s(1.0));
/// builder.add(2, &[2], 1, SimDuration::ZERO);
/// let gates = builder.build(u64::MAX)?;
/// assert_eq!((gates.len(), gates.rows(1), gates.need(0)), (2, 3..5, 2));
/// # Ok::<(), faaslab_core::workload::GateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct GateBuilder {
    first: Vec<u32>,
    need: Vec<u32>,
    delay_ns: Vec<u64>,
    after_from: Vec<usize>,
    after: Vec<u32>,
    error: Option<GateError>,
}

impl GateBuilder {
    /// Begins after so many rows that have a time.
    pub fn new(timed: u32) -> GateBuilder {
        GateBuilder {
            first: vec![timed],
            need: Vec::new(),
            delay_ns: Vec::new(),
            after_from: vec![0],
            after: Vec::new(),
            error: None,
        }
    }

    /// The next `rows` rows are submitted `delay` after `need` of the rows `after` have ended. Answers their numbers.
    pub fn add(&mut self, rows: u32, after: &[u32], need: u32, delay: SimDuration) -> Range<u32> {
        let gate = self.need.len() as u32;
        let first = self.first.last().copied().unwrap_or_default();
        let wrong = if rows == 0 || need == 0 || after.is_empty() {
            Some(GateError::Empty { gate })
        } else if need as usize > after.len() {
            Some(GateError::TooMany { gate })
        } else if let Some(&row) = after.iter().find(|&&row| row >= first) {
            Some(GateError::NotBefore { gate, row })
        } else if first.checked_add(rows).is_none_or(|end| end == u32::MAX) || self.after.len() + after.len() > u32::MAX as usize {
            Some(GateError::TooLarge)
        } else {
            None
        };
        self.error = self.error.or(wrong);
        if self.error.is_some() {
            return first..first;
        }
        self.need.push(need);
        self.delay_ns.push(delay.0);
        self.after.extend_from_slice(after);
        self.after_from.push(self.after.len());
        self.first.push(first + rows);
        first..first + rows
    }

    /// The gates. What would be submitted after `until_ns` is not. Fails with the first thing that was wrong.
    pub fn build(self, until_ns: u64) -> Result<Gates, GateError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let rows = self.first.last().copied().unwrap_or_default() as usize;
        // Edges are sorted by row, by counting: how many each has, where each begins, then each into its place.
        let mut from = vec![0u32; rows + 1];
        for &row in &self.after {
            from[row as usize + 1] += 1;
        }
        for row in 0..rows {
            from[row + 1] += from[row];
        }
        let mut next = from.clone();
        let mut feeds = vec![0u32; self.after.len()];
        for (gate, range) in (0u32..).zip(self.after_from.windows(2)) {
            for &row in &self.after[range[0]..range[1]] {
                let at = next[row as usize];
                if at > from[row as usize] && feeds[at as usize - 1] == gate {
                    return Err(GateError::Twice { gate, row });
                }
                feeds[at as usize] = gate;
                next[row as usize] += 1;
            }
        }
        Ok(Gates { first: self.first, need: self.need, delay_ns: self.delay_ns, from, feeds, until_ns })
    }
}

impl Gates {
    /// The number of gates.
    pub fn len(&self) -> usize {
        self.need.len()
    }

    /// Whether every row has a time.
    pub fn is_empty(&self) -> bool {
        self.need.is_empty()
    }

    /// The rows of a gate.
    pub fn rows(&self, gate: u32) -> Range<u32> {
        self.first[gate as usize]..self.first[gate as usize + 1]
    }

    /// The gate of a row, if it waits at one.
    pub fn of(&self, row: u32) -> Option<u32> {
        let after = self.first.partition_point(|&first| first <= row);
        (1..self.first.len()).contains(&after).then(|| after as u32 - 1)
    }

    /// How many rows a gate waits for.
    pub fn need(&self, gate: u32) -> u32 {
        self.need[gate as usize]
    }

    /// How long after that its rows are submitted.
    pub fn delay(&self, gate: u32) -> SimDuration {
        SimDuration(self.delay_ns[gate as usize])
    }

    /// The gates that wait for a row.
    pub fn waiting_for(&self, row: u32) -> &[u32] {
        match (self.from.get(row as usize), self.from.get(row as usize + 1)) {
            (Some(&from), Some(&to)) => &self.feeds[from as usize..to as usize],
            _ => &[],
        }
    }

    /// The instant after which nothing is submitted any more, in nanoseconds.
    pub fn until_ns(&self) -> u64 {
        self.until_ns
    }

    /// The number of rows, those before the first gate included; 0 without gates.
    pub(super) fn end(&self) -> usize {
        if self.is_empty() { 0 } else { self.first.last().map_or(0, |&end| end as usize) }
    }

    /// What the counters of a run begin with.
    pub(crate) fn counters(&self) -> Vec<u32> {
        self.need.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_row_knows_the_gates_that_wait_for_it() {
        // A diamond: 0 -> 1, 2 -> 3; and 4 waits for any of 1 and 3.
        let mut builder = GateBuilder::new(1);
        assert_eq!(builder.add(2, &[0], 1, SimDuration(5)), 1..3);
        assert_eq!(builder.add(1, &[1, 2], 2, SimDuration(6)), 3..4);
        assert_eq!(builder.add(1, &[3, 1], 1, SimDuration(7)), 4..5);
        let gates = builder.build(9).unwrap();
        let feeds: Vec<&[u32]> = (0..6).map(|row| gates.waiting_for(row)).collect();
        assert_eq!(feeds, [&[0][..], &[1, 2], &[1], &[2], &[], &[]]);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|row| gates.of(row)), [None, Some(0), Some(0), Some(1), Some(2), None]);
        assert_eq!(Gates::default().of(0), None);
        assert_eq!((gates.end(), gates.delay(2), gates.until_ns()), (5, SimDuration(7), 9));
        assert_eq!(Gates::default().waiting_for(0), [0u32; 0]);
    }

    #[test]
    fn what_could_never_open_or_opens_itself_is_refused() {
        let build = |rows, after: &[u32], need| {
            let mut builder = GateBuilder::new(2);
            builder.add(rows, after, need, SimDuration::ZERO);
            builder.add(1, &[0], 1, SimDuration::ZERO);
            builder.build(0).unwrap_err()
        };
        assert_eq!(build(1, &[], 1), GateError::Empty { gate: 0 });
        assert_eq!(build(1, &[0], 0), GateError::Empty { gate: 0 });
        assert_eq!(build(0, &[0], 1), GateError::Empty { gate: 0 });
        assert_eq!(build(1, &[0, 1], 3), GateError::TooMany { gate: 0 });
        assert_eq!(build(1, &[0, 2], 1), GateError::NotBefore { gate: 0, row: 2 });
        assert_eq!(build(1, &[1, 0, 1], 1), GateError::Twice { gate: 0, row: 1 });
        assert_eq!(build(u32::MAX, &[1], 1), GateError::TooLarge);
    }
}
