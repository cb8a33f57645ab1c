//! The data of one chart as rows and columns: the source of its table, its CSV file and what hovering reads.

use std::borrow::Cow;
use std::fmt::Write;

use faaslab_core::units::{count, split_duration, split_memory, split_ratio, three_digits};

use super::axes::seconds;

/// Rows that a table on the page shows at most.
pub(super) const TABLE_ROWS: usize = 60;

/// What the numbers of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// Seconds of simulated time.
    Time,
    /// Ratio to the ideal.
    Slowdown,
    /// Milliseconds.
    Millis,
    /// Whole things.
    Count,
    /// A mean number of things.
    Mean,
    /// Megabytes.
    Megabytes,
    /// Part of one.
    Share,
    /// So many in a second.
    PerSecond,
}

impl Quantity {
    /// A value with its unit and three significant digits.
    pub(super) fn show(self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        match self {
            Quantity::Time => seconds(value),
            Quantity::Slowdown => {
                let (number, unit) = split_ratio(value);
                number + unit
            }
            Quantity::Millis => {
                let (number, unit) = split_duration(value * 1e6);
                format!("{number} {unit}")
            }
            Quantity::Count => count(value.max(0.0).round() as u64),
            Quantity::Mean => three_digits(value),
            Quantity::Megabytes => {
                let (number, unit) = split_memory(value);
                format!("{number} {unit}")
            }
            Quantity::Share => percent(value),
            Quantity::PerSecond => format!("{}/s", three_digits(value)),
        }
    }
}

/// A share with as many decimals as keep it apart from all and from nothing.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let rest = percent.min(100.0 - percent);
    let decimals = match rest {
        rest if rest <= 0.0 => 0,
        rest if rest < 0.01 => 3,
        rest if rest < 1.0 => 2,
        _ => 1,
    };
    format!("{percent:.decimals$} %")
}

/// Numbers of one kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// As people read it.
    pub(super) title: Cow<'static, str>,
    /// As a CSV file names it, with its unit.
    pub(super) key: Cow<'static, str>,
    /// What the numbers are.
    pub(super) quantity: Quantity,
    /// The numbers; not-a-number where there is none.
    pub(super) values: Vec<f64>,
}

impl Column {
    /// A column.
    pub(super) fn new(
        title: impl Into<Cow<'static, str>>,
        key: impl Into<Cow<'static, str>>,
        quantity: Quantity,
        values: Vec<f64>,
    ) -> Column {
        Column { title: title.into(), key: key.into(), quantity, values }
    }

    /// One number, not-a-number if there is none.
    pub(super) fn value(&self, row: usize) -> f64 {
        self.values.get(row).copied().unwrap_or(f64::NAN)
    }

    /// One number as text.
    pub(super) fn show(&self, row: usize) -> String {
        self.quantity.show(self.value(row))
    }
}

/// The data of one chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sheet {
    /// What rows are called: titles, each with a name per row.
    pub(super) names: Vec<(&'static str, Vec<String>)>,
    /// The numbers.
    pub(super) columns: Vec<Column>,
    /// The column in which the previous run is compared.
    pub(super) compared: usize,
}

impl Sheet {
    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.columns.iter().map(|column| column.values.len()).max().unwrap_or(0)
    }

    /// What a row is called first.
    pub(super) fn name(&self, row: usize) -> Option<&str> {
        self.names.first()?.1.get(row).map(String::as_str)
    }

    /// The row that is called so.
    pub(super) fn row_called(&self, name: &str) -> Option<usize> {
        self.names.first()?.1.iter().position(|other| other == name)
    }

    /// Titles, from left to right.
    pub(super) fn titles(&self) -> Vec<&str> {
        let name = self.names.iter().map(|(title, _)| *title);
        name.chain(self.columns.iter().map(|column| &*column.title)).collect()
    }

    /// One row as people read it.
    pub(super) fn shown(&self, row: usize) -> Vec<String> {
        let name = self.names.iter().map(|(_, names)| names.get(row).cloned().unwrap_or_default());
        name.chain(self.columns.iter().map(|column| column.show(row))).collect()
    }

    /// Every how many rows a table on the page shows one, beside the last.
    pub(super) fn stride(&self) -> usize {
        self.rows().div_ceil(TABLE_ROWS - 1).max(1)
    }

    /// The rows that a table on the page shows. The last is the slowest, or the end of the run.
    pub(super) fn thinned(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.rows()).step_by(self.stride()).collect();
        let last = self.rows().checked_sub(1);
        rows.extend(last.filter(|last| rows.last() != Some(last)));
        rows
    }

    /// All rows as comma-separated values, numbers in full.
    pub(super) fn csv(&self) -> String {
        let name = self.names.iter().map(|(title, _)| quoted(title));
        let heads: Vec<String> = name.chain(self.columns.iter().map(|column| quoted(&column.key))).collect();
        let mut text = heads.join(",");
        text.push('\n');
        for row in 0..self.rows() {
            let name = self.names.iter().map(|(_, names)| quoted(names.get(row).map_or("", String::as_str)));
            let cells: Vec<String> = name.chain(self.columns.iter().map(|column| full(column.value(row)))).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }
}

/// Every digit, with an exponent where there would be too many.
fn full(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => String::new(),
        size if size == 0.0 || (1e-6..1e15).contains(&size) => value.to_string(),
        _ => format!("{value:e}"),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_leaves_gaps_empty_and_quotes_names() {
        let sheet = Sheet {
            names: vec![("phase", vec!["a, b".to_owned(), "c".to_owned()])],
            columns: vec![Column::new("Mean", "mean_ms", Quantity::Millis, vec![1.5, f64::NAN])],
            compared: 0,
        };
        assert_eq!(sheet.csv(), "phase,mean_ms\n\"a, b\",1.5\nc,\n");
    }

    #[test]
    fn tables_are_short_and_end_with_the_last_row() {
        for count in [0, 1, 59, 60, 61, 300, 1000] {
            let values = vec![0.0; count];
            let sheet = Sheet { columns: vec![Column::new("a", "a", Quantity::Count, values)], ..Sheet::default() };
            let rows = sheet.thinned();
            assert!(rows.len() <= TABLE_ROWS);
            assert_eq!(rows.last().copied(), count.checked_sub(1));
        }
    }

    #[test]
    fn values_carry_their_units() {
        assert_eq!(Quantity::Slowdown.show(4.8), "4.80×");
        assert_eq!(Quantity::Millis.show(1920.0), "1.92 s");
        assert_eq!(Quantity::Megabytes.show(2150.4), "2.10 GB");
        assert_eq!(Quantity::Share.show(0.9993), "99.93 %");
        assert_eq!(Quantity::Share.show(1.0), "100 %");
        assert_eq!(Quantity::Count.show(12.0), "12");
        assert_eq!(Quantity::Mean.show(f64::NAN), "–");
    }
}
