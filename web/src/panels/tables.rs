//! The tables of a run: invocations, and what they have in common. A row of a function or a host leads to its invocations, and an
//! invocation to its story.

use std::rc::Rc;

use faaslab_core::measure::{GroupRow, Summary};
use faaslab_core::platform::Outcome;
use faaslab_core::units::{count, split_duration, split_memory, split_ratio, three_digits};
use yew::prelude::*;

use super::grid::{Grid, Head};
use super::story::Story;
use crate::app::Tools;
use crate::store::{Action, LabHandle};
use crate::worker::protocol::{Column, Query, Row, RowFilter, Rows, Sort, Table};

const fn head(column: Column, title: &'static str, width: (u32, u32), help: &'static str) -> Head {
    Head { column, title, width, help }
}

const INVOCATIONS: &[Head] = &[
    head(Column::Id, "Invocation", (76, 1), "Its number in the workload"),
    // A phone shows the first five.
    head(Column::Function, "Function", (72, 2), "What it invokes"),
    head(Column::Cold, "Start", (56, 1), "Whether a container had to be created for it"),
    head(Column::Response, "Response", (80, 1), "From submission until the client had the result, or until it was lost"),
    head(Column::Slowdown, "Slowdown", (80, 1), "Response time over execution time"),
    head(Column::Host, "Host", (72, 2), "Where it went, at last"),
    head(Column::Outcome, "Outcome", (96, 1), "How it ended"),
    head(Column::Submitted, "Submitted", (92, 1), "When its client submitted it"),
    head(Column::Attempts, "Attempts", (68, 1), "How often it was tried"),
];

const FUNCTIONS: &[Head] = &[
    head(Column::Id, "Function", (88, 2), "Its id"),
    head(Column::Ended, "Invocations", (88, 1), "Invocations that ended"),
    head(Column::Cold, "Cold", (72, 1), "Share of them that started cold"),
    head(Column::Lost, "Lost", (52, 1), "Invocations that were not completed"),
    head(Column::Response, "Mean", (72, 1), "Mean response time of the completed"),
    head(Column::P50, "P50", (72, 1), "Half of the completed have a response time of at most this"),
    head(Column::P95, "P95", (72, 1), "95 in a hundred have"),
    head(Column::P99, "P99", (72, 1), "99 in a hundred have"),
    head(
        Column::Slowdown,
        "P99 slowdown",
        (104, 1),
        "99 in a hundred of the completed are at most so slow: response time over execution time",
    ),
];

const PLACES: &[Head] = &[
    head(Column::Id, "Name", (72, 2), "Its id"),
    head(Column::Ended, "Invocations", (82, 1), "Invocations that got there and ended"),
    head(Column::Cold, "Cold", (64, 1), "Share of them that started cold"),
    head(Column::Lost, "Lost", (40, 1), "Invocations that got there and were not completed"),
    head(Column::P50, "P50", (68, 1), "Half of the completed have a response time of at most this"),
    head(Column::P99, "P99", (68, 1), "99 in a hundred have"),
    head(Column::Slowdown, "P99 slowdown", (98, 1), "99 in a hundred of the completed are at most so slow"),
    head(Column::Utilisation, "Cores in use", (86, 1), "Share of the cores that invocations held"),
    head(Column::Idle, "Idle memory", (88, 1), "Mean memory of containers that are kept and do nothing"),
];

/// The columns of a table, and the order in which it begins.
fn heads(table: Table) -> (&'static [Head], Sort) {
    match table {
        Table::Invocations => (INVOCATIONS, Sort { column: Column::Response, descending: true }),
        Table::Functions => (FUNCTIONS, Sort { column: Column::Ended, descending: true }),
        Table::Zones | Table::Hosts => (PLACES, Sort { column: Column::Id, descending: false }),
    }
}

/// The order in which a table is exported: its own.
pub(super) fn begin(table: Table) -> Sort {
    match table {
        Table::Invocations => Sort { column: Column::Id, descending: false },
        table => heads(table).1,
    }
}

/// A duration.
pub(super) fn duration(ns: f64) -> String {
    let (value, unit) = split_duration(ns);
    format!("{value} {unit}")
}

/// An instant of the run, in seconds to the microsecond.
pub(super) fn date(ns: u64) -> String {
    format!("{:.6} s", ns as f64 / 1e9)
}

/// What stands in a cell, and the unit after it.
type Told = (String, &'static str);

/// A text, and no unit.
fn plain(text: impl Into<String>) -> Told {
    (text.into(), "")
}

fn share(part: u64, whole: u64) -> Told {
    if whole == 0 { plain("–") } else { percent(part as f64 / whole as f64) }
}

/// A share of one, as narrow as a column: three digits, of which at most two are decimals.
fn percent(share: f64) -> Told {
    let figure = match 100.0 * share {
        x if x > 0.0 && x < 0.005 => "<0.01".to_owned(),
        x if x > 0.0 && x < 1.0 => format!("{x:.2}"),
        x => three_digits(x),
    };
    (figure, "%")
}

/// How an invocation started, in one word.
pub(super) fn start(row: &Row) -> &'static str {
    match (row.response_ns.is_some(), row.cold) {
        (_, true) => "cold",
        (true, false) if row.slowdown.is_some() || row.outcome == "completed" => "warm",
        _ => "–",
    }
}

fn of_invocation(row: &Row, column: Column) -> Told {
    let none = || plain("–");
    match column {
        Column::Submitted => (format!("{:.3}", row.submitted_ns as f64 / 1e9), "s"),
        Column::Function => plain(&*row.function),
        Column::Host => plain(&*row.host),
        Column::Outcome => plain(&*row.outcome),
        Column::Cold => plain(start(row)),
        Column::Response => row.response_ns.map_or_else(none, |ns| split_duration(ns as f64)),
        Column::Slowdown => row.slowdown.map_or_else(none, split_ratio),
        Column::Attempts => plain(row.attempts.to_string()),
        _ => plain(format!("#{}", row.invocation)),
    }
}

fn of_group(row: &GroupRow, column: Column) -> Told {
    let completed = row.ended > row.lost;
    let time = |ms: f64| if completed { split_duration(ms * 1e6) } else { plain("–") };
    match column {
        Column::Ended => plain(count(row.ended)),
        Column::Cold => share(row.cold, row.ended),
        Column::Lost => plain(count(row.lost)),
        Column::Response => time(row.response_ms),
        Column::P50 => time(row.p50_ms),
        Column::P95 => time(row.p95_ms),
        Column::P99 => time(row.p99_ms),
        Column::Slowdown if completed => split_ratio(row.slowdown_p99),
        Column::Slowdown => plain("–"),
        Column::Utilisation => percent(row.utilisation),
        Column::Idle => split_memory(row.idle_mb),
        _ => plain(&*row.id),
    }
}

fn cell((rows, place, column): (Rc<Rows>, usize, Column)) -> Html {
    let told = match &*rows {
        Rows::Invocations(rows) => rows.get(place).map(|row| of_invocation(row, column)),
        Rows::Groups(rows) => rows.get(place).map(|row| of_group(row, column)),
    };
    let (text, unit) = told.unwrap_or_default();
    match (column, unit) {
        (Column::Id, _) => html! { <span class="opens">{ text }</span> },
        (_, "") => html! { { text } },
        (_, "×" | "k×") => html! { <>{ text }<small>{ unit }</small></> },
        _ => html! { <>{ text }{ " " }<small>{ unit }</small></> },
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// The run that is shown.
    pub(crate) run: u32,
    /// Whether it has ended.
    pub(crate) complete: bool,
    /// The table; that of hosts can be changed for that of zones.
    pub(crate) table: Table,
}

/// A table; of invocations, those that the filter lets through, or the story of the one that is open.
#[component]
pub(crate) fn Tables(props: &Props) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let by_zone = use_state_eq(|| false);
    let table = if props.table == Table::Hosts && *by_zone { Table::Zones } else { props.table };
    let (columns, first) = heads(table);
    let sort = use_state_eq(|| (table, first));
    let sort_now = if sort.0 == table { sort.1 } else { first };
    let on_sort = {
        let sort = sort.setter();
        Callback::from(move |to: Sort| sort.set((table, to)))
    };
    let cell = use_callback((), |what: (Rc<Rows>, usize, Column), ()| cell(what));
    let on_choose = {
        let dispatcher = lab.dispatcher();
        use_callback(table, move |(rows, place): (Rc<Rows>, usize), table| match &*rows {
            Rows::Invocations(rows) => {
                if let Some(row) = rows.get(place) {
                    dispatcher.dispatch(Action::ShowInvocation(Some(row.invocation)));
                }
            }
            Rows::Groups(rows) => {
                let Some(row) = rows.get(place) else { return };
                let filter = match table {
                    Table::Functions => RowFilter { function: Some(row.number), ..RowFilter::default() },
                    Table::Hosts => RowFilter { host: Some(row.number), ..RowFilter::default() },
                    _ => return dispatcher.dispatch(Action::Select(vec![row.id.clone()])),
                };
                dispatcher.dispatch(Action::ShowRows(filter));
            }
        })
    };
    if !props.complete {
        return html! { <p class="empty">{ "Rows are listed when the run has ended" }</p> };
    }
    let invocations = table == Table::Invocations;
    if let Some(invocation) = lab.listing.open.filter(|_| invocations) {
        return html! { <Story key={invocation} run={props.run} {invocation} /> };
    }
    let filter = if invocations { lab.listing.filter.clone() } else { RowFilter::default() };
    let summary = lab.shown.as_ref().map(|s| &s.outcome.summary);
    let functions = lab.shown.as_ref().map(|s| s.outcome.functions.as_slice()).unwrap_or_default();
    let names = Names { functions, summary };
    let chips = names.chips(&filter).into_iter().map(|(text, without)| {
        let remove = {
            let lab = lab.clone();
            Callback::from(move |_: MouseEvent| lab.dispatch(Action::ShowRows(without.clone())))
        };
        html! { <button class="chip" onclick={remove} title="No longer only these">{ text }<span aria-hidden="true">{ "×" }</span><span class="visually-hidden">{ ": remove" }</span></button> }
    });
    let from_playhead = {
        let (lab, player, sort, filter) = (lab.clone(), tools.player.clone(), sort.setter(), filter.clone());
        Callback::from(move |_: MouseEvent| {
            let from = (player.now().at_s * 1e9) as u64;
            sort.set((Table::Invocations, Sort { column: Column::Submitted, descending: false }));
            lab.dispatch(Action::ShowRows(RowFilter { submitted_ns: Some((from, u64::MAX)), ..filter.clone() }));
        })
    };
    let total = lab.pages.as_ref().filter(|p| p.is_of(props.run, &Query { table, sort: sort_now, filter: filter.clone() }));
    let above = if invocations {
        html! {
            <div class="above">
                <p role="status">{ total.map_or(String::new(), |p| format!("{} invocation{}", count(p.total.into()), if p.total == 1 { "" } else { "s" })) }</p>
                { for chips }
                <button class="quiet" id="from-playhead" onclick={from_playhead}>{ "From the playhead on" }</button>
            </div>
        }
    } else if props.table == Table::Hosts {
        let choice = |title: &str, zones: bool| {
            let by_zone = by_zone.setter();
            let choose = Callback::from(move |_: MouseEvent| by_zone.set(zones));
            html! { <button aria-pressed={((table == Table::Zones) == zones).to_string()} onclick={choose}>{ title.to_owned() }</button> }
        };
        html! {
            <div class="above">
                <div class="segments" role="group" aria-label="Rows">{ choice("Hosts", false) }{ choice("Zones", true) }</div>
                if let Some(s) = summary.filter(|s| !s.transfers.is_empty()) { <p class="tell">{ images(s) }</p> }
            </div>
        }
    } else {
        html! {}
    };
    let label = match table {
        Table::Invocations => "Invocations",
        Table::Functions => "Functions",
        Table::Zones => "Zones",
        Table::Hosts => "Hosts",
    };
    let empty = if filter == RowFilter::default() { "There are none in this run" } else { "No invocation is like that" };
    html! {
        <div class="explorer">
            { above }
            <Grid key={label} run={props.run} query={Query { table, sort: sort_now, filter }} heads={columns} {label} {cell} {on_choose} {on_sort} {empty} />
        </div>
    }
}

/// What images moved.
fn images(s: &Summary) -> String {
    let gb = |bytes: u64| three_digits(bytes as f64 / 1e9);
    let parts: Vec<String> = s.transfers.iter().map(|t| format!("{} ({} GB)", t.words(), gb(t.bytes))).collect();
    format!("Images: {}; {} removed to make room.", parts.join(", "), count(s.image_evictions))
}

/// What numbers are called.
struct Names<'a> {
    functions: &'a [String],
    summary: Option<&'a Summary>,
}

impl Names<'_> {
    /// What a filter asks for, each with the filter that does not.
    fn chips(&self, filter: &RowFilter) -> Vec<(String, RowFilter)> {
        let mut chips = Vec::new();
        let mut add = |text: String, change: fn(&mut RowFilter)| {
            let mut without = filter.clone();
            change(&mut without);
            chips.push((text, without));
        };
        let range = |from: f64, to: f64, show: &dyn Fn(f64) -> String, open: bool| match (from <= 0.0, open) {
            (_, true) => format!("from {} on", show(from)),
            (true, false) => format!("below {}", show(to)),
            (false, false) => format!("{} to {}", show(from), show(to)),
        };
        if let Some((from, to)) = filter.submitted_ns {
            let show = |ns: f64| format!("{} s", three_digits(ns / 1e9));
            add(format!("Submitted {}", range(from as f64, to as f64, &show, to == u64::MAX)), |f| f.submitted_ns = None);
        }
        if let Some((from, to)) = filter.slowdown {
            let show = |x: f64| format!("{}×", three_digits(x));
            add(format!("Slowdown {}", range(from, to, &show, to >= f64::MAX)), |f| f.slowdown = None);
        }
        if let Some((from, to)) = filter.response_ns {
            add(format!("Response {}", range(from as f64, to as f64, &duration, to == u64::MAX)), |f| f.response_ns = None);
        }
        if let Some(function) = filter.function {
            let name = self.functions.get(function as usize).cloned().unwrap_or_else(|| format!("number {function}"));
            add(format!("Function {name}"), |f| f.function = None);
        }
        if let Some(host) = filter.host {
            let known = self.summary.and_then(|s| s.hosts.get(host as usize)).map(|h| h.id.clone());
            add(format!("Host {}", known.unwrap_or_else(|| format!("number {host}"))), |f| f.host = None);
        }
        if let Some(cold) = filter.cold {
            add(if cold { "Cold starts" } else { "No cold start" }.to_owned(), |f| f.cold = None);
        }
        if let Some(outcome) = filter.outcome {
            let word = Outcome::ALL.get(usize::from(outcome)).map_or("", |o| o.word()).replace('_', " ");
            add(format!("Outcome {word}"), |f| f.outcome = None);
        }
        chips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_at_most_two_decimals() {
        let shown = [0.0, 0.000_01, 0.004_4, 0.123_4, 1.0].map(percent);
        assert_eq!(shown.map(|(figure, unit)| format!("{figure} {unit}")), ["0 %", "<0.01 %", "0.44 %", "12.3 %", "100 %"]);
    }

    #[test]
    fn each_part_of_a_filter_is_a_chip_that_takes_it_away() {
        let filter = RowFilter {
            submitted_ns: Some((1_000_000_000, u64::MAX)),
            slowdown: Some((2.0, 4.0)),
            response_ns: Some((0, 50_000_000)),
            function: Some(1),
            host: Some(7),
            cold: Some(true),
            outcome: Some(0),
        };
        let functions = ["a".to_owned(), "b".to_owned()];
        let chips = Names { functions: &functions, summary: None }.chips(&filter);
        let texts: Vec<&str> = chips.iter().map(|c| c.0.as_str()).collect();
        let expected = [
            "Submitted from 1.00 s on",
            "Slowdown 2.00× to 4.00×",
            "Response below 50.0 ms",
            "Function b",
            "Host number 7",
            "Cold starts",
            "Outcome completed",
        ];
        assert_eq!(texts, expected);
        let mut rest = filter;
        for _ in 0..expected.len() {
            let chips = Names { functions: &functions, summary: None }.chips(&rest);
            rest = chips[0].1.clone();
        }
        assert_eq!(rest, RowFilter::default());
    }
}
