//! One row per invocation while the file is read, and its columns sorted by time at the end.
//!
//! Times are 64-bit offsets from the first row of a *cluster*: rows within 100 years of it. A row that is further away opens another
//! cluster, of which at most [`CLUSTERS`] live at once (the smallest gives way). At the end the largest cluster is the trace and the rows
//! of the others are rejected, so a mad timestamp costs its own row wherever it stands, even in front.

use super::error::{ErrorCode, Refusal};
use super::report::{Cause, EXAMPLES, Tally};
use super::{Limits, Rows};
use crate::units::thousands;

/// 100 years of 365.25 days, in ns.
pub(super) const CENTURY_NS: i128 = 100 * 31_557_600 * 1_000_000_000;

const CLUSTERS: usize = 8;

/// Invocations in the order of the file.
#[derive(Debug)]
pub(super) struct Columns {
    limit: u64,
    with_start: bool,
    clusters: Vec<Cluster>,
    /// The cluster of the last row.
    current: usize,
    /// Rows of clusters that gave way, and the first lines of them.
    dropped: u64,
    dropped_lines: Vec<u64>,
}

#[derive(Debug, Default)]
struct Cluster {
    base_ns: i128,
    offset_ns: Vec<i64>,
    function: Vec<u32>,
    execution_ns: Vec<u64>,
    start_ns: Vec<i64>,
    lines: Vec<u64>,
}

/// One invocation as its file gives it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invocation {
    pub(super) line: u64,
    pub(super) arrival_ns: i128,
    pub(super) function: u32,
    pub(super) execution_ns: u64,
    /// Ignored unless the columns were made with start costs.
    pub(super) start_ns: i64,
}

/// The columns in their final form.
#[derive(Debug)]
pub(super) struct Sorted {
    pub(super) rows: Rows,
    /// For each function of the rows, its number while reading.
    pub(super) functions: Vec<u32>,
    /// The first arrival as the file gives it.
    pub(super) first_ns: i128,
    /// Whether rows had to change places.
    pub(super) moved: bool,
}

impl Columns {
    pub(super) fn new(limits: &Limits, with_start: bool) -> Self {
        // Row numbers are 32 bits wide.
        let limit = limits.max_invocations.min(u64::from(u32::MAX));
        Self { limit, with_start, clusters: Vec::new(), current: 0, dropped: 0, dropped_lines: Vec::new() }
    }

    fn rows(&self) -> u64 {
        self.clusters.iter().map(|c| c.function.len() as u64).sum()
    }

    #[inline]
    pub(super) fn push(&mut self, row: &Invocation) -> Result<(), Refusal> {
        let near = |cluster: &Cluster| (row.arrival_ns - cluster.base_ns).abs() <= CENTURY_NS;
        if !self.clusters.get(self.current).is_some_and(near) {
            match self.clusters.iter().position(near) {
                Some(at) => self.current = at,
                None => self.open(row.arrival_ns),
            }
        }
        let with_start = self.with_start;
        let cluster = &self.clusters[self.current];
        if cluster.function.len() == cluster.function.capacity() {
            let left = self.limit.saturating_sub(self.rows());
            if left == 0 {
                return Err(too_many(self.limit, "more than"));
            }
            self.clusters[self.current].reserve(with_start, left)?;
        }
        let cluster = &mut self.clusters[self.current];
        if cluster.lines.len() < EXAMPLES {
            cluster.lines.push(row.line);
        }
        // Within a century of the base: it fits.
        cluster.offset_ns.push((row.arrival_ns - cluster.base_ns) as i64);
        cluster.function.push(row.function);
        cluster.execution_ns.push(row.execution_ns);
        if with_start {
            cluster.start_ns.push(row.start_ns);
        }
        Ok(())
    }

    #[cold]
    fn open(&mut self, base_ns: i128) {
        if self.clusters.len() == CLUSTERS {
            // The last of the smallest.
            if let Some((at, _)) = self.clusters.iter().enumerate().rev().min_by_key(|(_, c)| c.function.len()) {
                let gone = self.clusters.remove(at);
                self.drop_cluster(&gone);
            }
        }
        self.current = self.clusters.len();
        self.clusters.push(Cluster { base_ns, ..Cluster::default() });
    }

    fn drop_cluster(&mut self, gone: &Cluster) {
        self.dropped += gone.function.len() as u64;
        self.dropped_lines.extend_from_slice(&gone.lines);
        self.dropped_lines.sort_unstable();
        self.dropped_lines.truncate(EXAMPLES);
    }

    /// Chooses the largest cluster, sorts it by arrival (rows of the same instant keep their order), moves the first arrival to zero and
    /// numbers the functions in the order in which they first arrive. `None` without rows.
    pub(super) fn finish(mut self, tally: &mut Tally) -> Result<Option<Sorted>, Refusal> {
        // The first of the largest.
        let largest = self.clusters.iter().enumerate().rev().max_by_key(|(_, c)| c.function.len()).map(|(at, _)| at);
        let Some(largest) = largest else {
            return Ok(None);
        };
        let kept = self.clusters.swap_remove(largest);
        for gone in std::mem::take(&mut self.clusters) {
            self.drop_cluster(&gone);
        }
        tally.reject_later(Cause::FarAway, "", self.dropped, self.dropped_lines.iter().copied());
        if kept.function.len() as u64 > self.limit {
            return Err(too_many(kept.function.len() as u64, ""));
        }

        let Cluster { base_ns, mut offset_ns, mut function, mut execution_ns, mut start_ns, .. } = kept;
        let moved = !offset_ns.is_sorted();
        if moved {
            let mut order: Vec<u32> = (0..offset_ns.len() as u32).collect();
            order.sort_by_key(|&row| offset_ns[row as usize]);
            offset_ns = order.iter().map(|&row| offset_ns[row as usize]).collect();
            function = order.iter().map(|&row| function[row as usize]).collect();
            execution_ns = order.iter().map(|&row| execution_ns[row as usize]).collect();
            if !start_ns.is_empty() {
                start_ns = order.iter().map(|&row| start_ns[row as usize]).collect();
            }
        }
        let first = offset_ns[0];
        // Two rows of a cluster are at most 200 years apart.
        let arrival_ns = offset_ns.into_iter().map(|offset| offset.abs_diff(first)).collect();

        let mut functions = Vec::new();
        let mut number = vec![u32::MAX; function.iter().max().map_or(0, |&max| max as usize + 1)];
        for f in &mut function {
            let new = &mut number[*f as usize];
            if *new == u32::MAX {
                *new = functions.len() as u32;
                functions.push(*f);
            }
            *f = *new;
        }
        Ok(Some(Sorted {
            rows: Rows::Invocations { arrival_ns, function, execution_ns, start_ns },
            functions,
            first_ns: base_ns + i128::from(first),
            moved,
        }))
    }
}

impl Cluster {
    /// Room for at most `left` more rows, or a refusal when memory has none.
    #[cold]
    fn reserve(&mut self, with_start: bool, left: u64) -> Result<(), Refusal> {
        let more = self.function.len().max(64).min(usize::try_from(left).unwrap_or(usize::MAX));
        self.function
            .try_reserve_exact(more)
            .and_then(|()| self.offset_ns.try_reserve_exact(more))
            .and_then(|()| self.execution_ns.try_reserve_exact(more))
            .and_then(|()| if with_start { self.start_ns.try_reserve_exact(more) } else { Ok(()) })
            .map_err(|_| {
                let rows = thousands(self.function.len() as u64);
                let hint = "Load a part of the file, or use the command line, which has more memory.";
                Refusal::new(ErrorCode::TooManyInvocations, format!("memory is full after {rows} rows"), hint)
            })
    }
}

/// The refusal for a trace above the limit.
pub(super) fn too_many(number: u64, prefix: &str) -> Refusal {
    let space = if prefix.is_empty() { "" } else { " " };
    Refusal::new(
        ErrorCode::TooManyInvocations,
        format!("the trace has {prefix}{space}{} invocations, too many to load", thousands(number)),
        "Load fewer minutes or fewer functions of it.",
    )
}

/// The lower median, by fixing its 16-bit digits from the highest: four passes, no copy of the column.
pub(super) fn median(values: &[u64]) -> Option<u64> {
    let mut rank = values.len().checked_sub(1)? / 2;
    let (mut known, mut mask) = (0u64, 0u64);
    for shift in [48, 32, 16, 0] {
        let mut counts = vec![0usize; 1 << 16];
        for value in values {
            if value & mask == known {
                counts[(value >> shift) as usize & 0xffff] += 1;
            }
        }
        for (digit, count) in (0u64..).zip(counts) {
            if rank < count {
                known |= digit << shift;
                break;
            }
            rank -= count;
        }
        mask |= 0xffff << shift;
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn sorted(rows: &[(i128, u32)]) -> (Sorted, Tally) {
        let mut columns = Columns::new(&Limits::default(), false);
        for (line, &(arrival_ns, function)) in (2..).zip(rows) {
            columns.push(&Invocation { line, arrival_ns, function, execution_ns: line, start_ns: 0 }).unwrap();
        }
        let mut tally = Tally::of(rows.len() as u64);
        (columns.finish(&mut tally).unwrap().unwrap(), tally)
    }

    fn arrivals(sorted: &Sorted) -> (&[u64], &[u32], &[u64]) {
        match &sorted.rows {
            Rows::Invocations { arrival_ns, function, execution_ns, .. } => (arrival_ns, function, execution_ns),
            _ => panic!("rows of invocations"),
        }
    }

    #[test]
    fn rows_are_sorted_stably_and_begin_at_zero() {
        let (sorted, _) = sorted(&[(30, 5), (10, 7), (30, 7), (10, 5)]);
        assert_eq!(arrivals(&sorted), (&[0, 0, 20, 20][..], &[0, 1, 1, 0][..], &[3, 5, 2, 4][..]));
        assert_eq!((sorted.functions, sorted.first_ns, sorted.moved), (vec![7, 5], 10, true));
    }

    #[test]
    fn a_row_centuries_away_costs_only_itself() {
        let far = 9_007_199_254_740_993i128 * 1_000_000_000;
        for rows in [[(far, 1), (5, 0), (7, 0)], [(5, 0), (far, 1), (7, 0)]] {
            let (sorted, tally) = sorted(&rows);
            assert_eq!(arrivals(&sorted).0, [0, 2]);
            assert_eq!(sorted.functions, [0]);
            assert_eq!((tally.kept, tally.rejected), (2, 1));
        }
    }

    #[test]
    fn many_mad_rows_in_front_do_not_win() {
        let mut rows: Vec<(i128, u32)> = (1..=50).map(|i| (i * 3 * CENTURY_NS, 1)).collect();
        rows.extend([(1, 0), (2, 0), (3, 0)]);
        let (sorted, tally) = sorted(&rows);
        assert_eq!(arrivals(&sorted).0, [0, 1, 2]);
        assert_eq!((tally.kept, tally.rejected), (3, 50));
        assert_eq!(tally.examples().first().map(|e| e.0), Some(2));
    }

    #[test]
    fn arrivals_before_the_first_row_are_fine() {
        let (sorted, _) = sorted(&[(5, 0), (-3, 0)]);
        assert_eq!((arrivals(&sorted).0, sorted.first_ns), (&[0, 8][..], -3));
    }

    #[test]
    fn the_limit_is_exact() {
        let limits = Limits { max_invocations: 70, ..Limits::default() };
        for (count, fits) in [(70, true), (71, false)] {
            let mut columns = Columns::new(&limits, false);
            let pushed = (0..count)
                .try_for_each(|i| columns.push(&Invocation { line: 2, arrival_ns: i, function: 0, execution_ns: 0, start_ns: 0 }));
            let refused = pushed.and_then(|()| columns.finish(&mut Tally::default()).map(|_| ()));
            assert_eq!(refused.is_ok(), fits);
        }
    }

    proptest! {
        #[test]
        fn median_is_the_lower_middle(mut values in prop::collection::vec(prop_oneof![0u64..5, any::<u64>()], 0..40)) {
            let found = median(&values);
            values.sort_unstable();
            prop_assert_eq!(found, values.get(values.len().wrapping_sub(1) / 2).copied().filter(|_| !values.is_empty()));
        }
    }
}
