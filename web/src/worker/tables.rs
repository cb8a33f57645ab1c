//! Tables of a finished run, page by page: the order of their rows is found once and kept.

use std::rc::Rc;

use faaslab_core::measure::{GroupBy, GroupRow, Recorder, csv, groups, order_of_groups, order_of_invocations};
use faaslab_core::platform::Outcome;
use faaslab_core::sim::Simulation;
use js_sys::{Array, Uint8Array};
use web_sys::{Blob, BlobPropertyBag};

use super::protocol::{Query, Row, Rows, Table};

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
            Table::Invocations => order_of_invocations(run, recorder, &query.filter, query.sort),
            table => order_of_groups(&self.groups(run, recorder, table), query.sort),
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
