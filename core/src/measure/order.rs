//! The orders of tables: which rows they have, and which comes after which. They are found here and not where they are shown, because
//! this crate is compiled for speed.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::groups::GroupRow;
use super::recorder::Recorder;
use crate::platform::Outcome;
use crate::sim::Simulation;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Column {
    /// The number of an invocation, or the id of what others have in common.
    Id,
    /// When an invocation was submitted.
    Submitted,
    /// Its function.
    Function,
    /// Its host.
    Host,
    /// How it ended.
    Outcome,
    /// Whether it started cold, or which share did.
    Cold,
    /// Its response time, or their mean.
    Response,
    /// Its slowdown, or the 99th percentile of theirs.
    Slowdown,
    /// How many attempts it took.
    Attempts,
    /// Invocations that ended.
    Ended,
    /// Those that were lost.
    Lost,
    /// The median response time.
    P50,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// Cores in use.
    Utilisation,
    /// Memory of idle containers.
    Idle,
}

/// An order of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The column by which it goes.
    pub column: Column,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Which invocations are listed. Ranges hold what is at least their first and less than their second number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowFilter {
    /// Submitted in this range, in nanoseconds.
    pub submitted_ns: Option<(u64, u64)>,
    /// Completed, with a slowdown in this range.
    pub slowdown: Option<(f64, f64)>,
    /// Completed, with a response time in this range, in nanoseconds.
    pub response_ns: Option<(u64, u64)>,
    /// Of this function.
    pub function: Option<u32>,
    /// Got to this host.
    pub host: Option<u32>,
    /// Ended, after a cold start or without one.
    pub cold: Option<bool>,
    /// Ended so, by its place in [`Outcome::ALL`].
    pub outcome: Option<u8>,
}

/// The order of invocations that a filter lets through, those of which the column says nothing last, of equals the first ones
/// first.
pub fn order_of_invocations(run: &Simulation, recorder: &Recorder, filter: &RowFilter, sort: Sort) -> Vec<u32> {
    let (workload, model) = (run.workload(), run.model());
    let ranks = match sort.column {
        Column::Function => ranks(workload.functions.iter().map(|f| f.id.as_str())),
        Column::Host => ranks(model.hosts.iter().map(|h| model.machine_id(h.machine))),
        _ => Vec::new(),
    };
    let mut keyed: Vec<(u64, u32)> = Vec::new();
    for i in 0..workload.len() as u32 {
        let r = recorder.row(i);
        let Some(submitted) = r.submitted else { continue };
        let completed = r.outcome == Some(Outcome::Completed);
        let slowdown = recorder.slowdown(i).filter(|_| completed);
        let function = workload.function[i as usize];
        let listed = filter.submitted_ns.is_none_or(|(from, to)| (from..to).contains(&submitted.0))
            && filter.slowdown.is_none_or(|(from, to)| slowdown.is_some_and(|s| (from..to).contains(&s)))
            && filter.response_ns.is_none_or(|(from, to)| completed && (from..to).contains(&r.response_ns))
            && filter.function.is_none_or(|f| f == function)
            && filter.host.is_none_or(|h| r.host == Some(h))
            && filter.cold.is_none_or(|cold| r.outcome.is_some() && r.cold == cold)
            && filter.outcome.is_none_or(|o| r.outcome.is_some_and(|own| own as u8 == o));
        if !listed {
            continue;
        }
        let value = match sort.column {
            Column::Submitted => Some(submitted.0),
            Column::Function => Some(ranks[function as usize].into()),
            Column::Host => r.host.map(|h| ranks[h as usize].into()),
            Column::Outcome => r.outcome.map(|o| o as u64),
            Column::Cold => r.outcome.map(|_| u64::from(r.cold)),
            Column::Response => r.outcome.map(|_| r.response_ns),
            // It is not negative, so that its bits are in its order.
            Column::Slowdown => slowdown.map(f64::to_bits),
            Column::Attempts => Some(r.attempts.into()),
            _ => Some(i.into()),
        };
        let key = value.map_or(u64::MAX, |v| if sort.descending { u64::MAX - 1 - v } else { v });
        keyed.push((key, i));
    }
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, i)| i).collect()
}

/// The place of each of some ids in their natural order.
fn ranks<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let ids: Vec<&str> = ids.collect();
    let mut order: Vec<u32> = (0..ids.len() as u32).collect();
    order.sort_by(|&a, &b| natural(ids[a as usize], ids[b as usize]));
    let mut ranks = vec![0; ids.len()];
    for (rank, i) in (0u32..).zip(order) {
        ranks[i as usize] = rank;
    }
    ranks
}

/// Texts in the order in which people expect them: `edge-2` before `edge-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (mut a, mut b) = (a, b);
    loop {
        match (digits(a), digits(b)) {
            (0, _) | (_, 0) => {
                let (x, y) = (a.chars().next(), b.chars().next());
                match x.cmp(&y) {
                    Ordering::Equal if x.is_none() => return Ordering::Equal,
                    Ordering::Equal => {
                        let step = x.map_or(0, char::len_utf8);
                        (a, b) = (&a[step..], &b[step..]);
                    }
                    other => return other,
                }
            }
            (n, m) => {
                let (x, y) = (a[..n].trim_start_matches('0'), b[..m].trim_start_matches('0'));
                match x.len().cmp(&y.len()).then(x.cmp(y)) {
                    Ordering::Equal => (a, b) = (&a[n..], &b[m..]),
                    other => return other,
                }
            }
        }
    }
}

/// The order of groups by a column.
pub fn order_of_groups(rows: &[GroupRow], sort: Sort) -> Vec<u32> {
    let share = |part: u64, row: &GroupRow| part as f64 / row.ended.max(1) as f64;
    let value = |row: &GroupRow| match sort.column {
        Column::Ended => row.ended as f64,
        Column::Cold => share(row.cold, row),
        Column::Lost => row.lost as f64,
        Column::Response => row.response_ms,
        Column::P50 => row.p50_ms,
        Column::P95 => row.p95_ms,
        Column::P99 => row.p99_ms,
        Column::Slowdown => row.slowdown_p99,
        Column::Utilisation => row.utilisation,
        Column::Idle => row.idle_mb,
        _ => 0.0,
    };
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by(|&a, &b| {
        let (x, y) = (&rows[a as usize], &rows[b as usize]);
        let by = if sort.column == Column::Id { natural(&x.id, &y.id) } else { value(x).total_cmp(&value(y)) };
        if sort.descending { by.reverse() } else { by }.then(a.cmp(&b))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_their_natural_order() {
        let mut ids = ["edge-10", "edge-2", "cloud", "edge-02b", "edge", ""];
        ids.sort_by(|a, b| natural(a, b));
        assert_eq!(ids, ["", "cloud", "edge", "edge-2", "edge-02b", "edge-10"]);
        assert_eq!(ranks(["b", "a10", "a9"].into_iter()), [2, 1, 0]);
    }

    #[test]
    fn groups_are_sorted_by_value_and_of_equals_by_number() {
        let row = |ended, cold| GroupRow { ended, cold, ..GroupRow::default() };
        let rows = [row(4, 1), row(2, 2), row(4, 1)];
        let by = |column, descending| order_of_groups(&rows, Sort { column, descending });
        assert_eq!(by(Column::Cold, true), [1, 0, 2]);
        assert_eq!(by(Column::Ended, false), [1, 0, 2]);
    }
}
