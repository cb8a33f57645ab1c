//! Tables of a finished run, page by page: the order of their rows is found once and kept.

use std::cmp::Ordering;
use std::rc::Rc;

use faaslab_core::measure::{GroupBy, GroupRow, Recorder, csv, groups};
use faaslab_core::platform::Outcome;
use faaslab_core::sim::Simulation;
use js_sys::{Array, Uint8Array};
use web_sys::{Blob, BlobPropertyBag};

use super::protocol::{Column, Query, Row, RowFilter, Rows, Sort, Table};

/// How many orders are kept.
const KEPT: usize = 4;
/// Rows of a file that are written at once.
const AT_ONCE: usize = 50_000;

/// What is kept of the tables of one run.
#[derive(Default)]
pub(super) struct Tables {
    groups: Vec<(Table, Rc<Vec<GroupRow>>)>,
    /// The order of rows of a table, the newest last.
    orders: Vec<(Query, Rc<Vec<u32>>)>,
}

impl Tables {
    /// An invocation.
    pub(super) fn row(run: &Simulation, recorder: &Recorder, invocation: u32) -> Row {
        let (workload, model) = (run.workload(), run.model());
        let r = recorder.row(invocation);
        let id = |host: u32| model.hosts.get(host as usize).map_or("", |h| model.machine_id(h.machine));
        Row {
            invocation,
            function: workload.functions[workload.function[invocation as usize] as usize].id.clone(),
            submitted_ns: r.submitted.map_or(0, |at| at.0),
            response_ns: r.outcome.map(|_| r.response_ns),
            slowdown: recorder.slowdown(invocation).filter(|_| r.outcome == Some(Outcome::Completed)),
            outcome: r.outcome.map_or("in the system", |o| o.word()).replace('_', " "),
            cold: r.cold,
            attempts: r.attempts,
            host: r.host.map_or("", id).to_owned(),
        }
    }

    /// How many rows a table has, and some of them.
    pub(super) fn page(&mut self, run: &Simulation, recorder: &Recorder, query: &Query, from: u32, count: u32) -> (u32, Rows) {
        let order = self.order(run, recorder, query);
        let end = (from as usize).saturating_add(count as usize).min(order.len());
        let some = &order[(from as usize).min(end)..end];
        let rows = match query.table {
            Table::Invocations => Rows::Invocations(some.iter().map(|&i| Tables::row(run, recorder, i)).collect()),
            table => {
                let all = self.groups(run, recorder, table);
                Rows::Groups(some.iter().map(|&i| all[i as usize].clone()).collect())
            }
        };
        (order.len() as u32, rows)
    }

    /// A table as a file.
    pub(super) fn file(&mut self, run: &Simulation, recorder: &Recorder, query: &Query) -> Option<Blob> {
        let order = self.order(run, recorder, query);
        let parts = Array::new();
        let add = |bytes: &[u8]| {
            parts.push(&Uint8Array::from(bytes));
        };
        match query.table {
            Table::Invocations => {
                add(format!("{}\n", csv::INVOCATIONS).as_bytes());
                for rows in order.chunks(AT_ONCE) {
                    let mut out = Vec::new();
                    csv::invocations(&mut out, run, recorder, rows.iter().copied()).ok()?;
                    add(&out);
                }
            }
            table => {
                let all = self.groups(run, recorder, table);
                let rows: Vec<GroupRow> = order.iter().map(|&i| all[i as usize].clone()).collect();
                let mut out = Vec::new();
                csv::groups(&mut out, table.word(), &rows).ok()?;
                add(&out);
            }
        }
        let kind = BlobPropertyBag::new();
        kind.set_type("text/csv");
        Blob::new_with_u8_array_sequence_and_options(&parts, &kind).ok()
    }

    fn groups(&mut self, run: &Simulation, recorder: &Recorder, table: Table) -> Rc<Vec<GroupRow>> {
        if let Some((_, rows)) = self.groups.iter().find(|(known, _)| *known == table) {
            return Rc::clone(rows);
        }
        let by = match table {
            Table::Functions | Table::Invocations => GroupBy::Function,
            Table::Zones => GroupBy::Zone,
            Table::Hosts => GroupBy::Host,
        };
        let rows = Rc::new(groups(run, recorder, by));
        self.groups.push((table, Rc::clone(&rows)));
        rows
    }

    fn order(&mut self, run: &Simulation, recorder: &Recorder, query: &Query) -> Rc<Vec<u32>> {
        if let Some((_, order)) = self.orders.iter().find(|(known, _)| known == query) {
            return Rc::clone(order);
        }
        let order = Rc::new(match query.table {
            Table::Invocations => invocations(run, recorder, &query.filter, query.sort),
            table => sorted(&self.groups(run, recorder, table), query.sort),
        });
        if self.orders.len() == KEPT {
            self.orders.remove(0);
        }
        self.orders.push((query.clone(), Rc::clone(&order)));
        order
    }
}

impl Table {
    /// What a row is of, in one word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Table::Invocations => "invocation",
            Table::Functions => "function",
            Table::Zones => "zone",
            Table::Hosts => "host",
        }
    }
}

/// The order of invocations that a filter lets through, those of which the column says nothing last, of equals the first ones
/// first.
fn invocations(run: &Simulation, recorder: &Recorder, filter: &RowFilter, sort: Sort) -> Vec<u32> {
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
fn sorted(rows: &[GroupRow], sort: Sort) -> Vec<u32> {
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
        let by = |column, descending| sorted(&rows, Sort { column, descending });
        assert_eq!(by(Column::Cold, true), [1, 0, 2]);
        assert_eq!(by(Column::Ended, false), [1, 0, 2]);
    }
}
