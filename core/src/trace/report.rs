//! What was kept of each file and what was not, and why: the account that travels beside the data.

use serde::{Deserialize, Serialize};

use super::Format;
use super::lines::Record;
use crate::units::thousands;

/// How many rejected rows are told one by one; all are counted.
pub(super) const EXAMPLES: usize = 20;

/// What loading did, for showing beside the trace: files, rows kept and rejected with reasons, extent, assumptions, warnings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The format recognised from the header.
    pub format: Format,
    /// The files in the order in which they were given.
    pub files: Vec<FileReport>,
    /// Rows kept, over all files. A row is an invocation, or a function's counts, durations or memory.
    pub rows_kept: u64,
    /// Rows rejected, over all files.
    pub rows_rejected: u64,
    /// The first 20 rejected rows, by file and line.
    pub rejected: Vec<Rejected>,
    /// How many rows were rejected for each reason, most frequent first.
    pub reasons: Vec<(String, u64)>,
    /// Invocations in the trace.
    pub invocations: u64,
    /// Distinct functions.
    pub functions: u64,
    /// Distinct groups of functions.
    pub apps: u64,
    /// From the first to the last arrival, in ns; with counts per minute, the minutes that the columns cover.
    pub span_ns: u64,
    /// The median execution time (the lower one of two middle values), in ns. With counts per minute, the median over invocations of their
    /// function's 50th percentile, as far as durations are known; `None` when there are none.
    pub median_execution_ns: Option<u64>,
    /// What was assumed where the files say nothing: plain sentences.
    pub assumed: Vec<String>,
    /// What the user should look at: plain sentences.
    pub warnings: Vec<String>,
}

impl Report {
    /// SHA-256 of each file that was read.
    pub fn hashes(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|f| f.sha256.as_str())
    }
}

/// One file as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// The name given to [`Reader::begin_file`](super::Reader::begin_file).
    pub name: String,
    /// Its size in bytes as read, that is packed when it was packed.
    pub bytes: u64,
    /// SHA-256 of these bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Rows kept from it.
    pub rows_kept: u64,
    /// Rows rejected from it.
    pub rows_rejected: u64,
    /// What it was recognised as, for instance `Azure Functions 2019, durations`.
    pub kind: String,
}

/// One rejected row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// The file's name.
    pub file: String,
    /// The physical line of the unpacked text on which the row starts, from 1.
    pub line: u64,
    /// Why, with the beginning of the value when one is to blame.
    pub reason: String,
}

/// Why a row is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Empty,
    NotANumber,
    OutOfRange,
    Negative,
    NotWhole,
    TooMany,
    Decreasing,
    FieldCount,
    RepeatedHeader,
    Incomplete,
    NotUtf8,
    Nul,
    TooLong,
    OpenQuote,
    CarriageReturn,
    FarAway,
    Duplicate,
    Orphan,
    TooManyKeys,
    WaitsForItself,
    Cycle,
    Unknown,
    Cancelled,
}

impl Cause {
    /// The reason in words, about `what` (a column).
    fn words(self, what: &str) -> String {
        match self {
            Self::Empty => format!("{what} is empty"),
            Self::NotANumber => format!("{what} is not a number"),
            Self::OutOfRange => format!("{what} is out of range"),
            Self::Negative => format!("{what} is negative"),
            Self::NotWhole => format!("{what} is not a whole number"),
            Self::TooMany => format!("{what} is above the limit for one minute"),
            Self::Decreasing => "the percentiles decrease".to_owned(),
            Self::FieldCount => "the row has more or fewer fields than the header".to_owned(),
            Self::RepeatedHeader => "the header is repeated".to_owned(),
            Self::Incomplete => "last line incomplete".to_owned(),
            Self::NotUtf8 => "not valid UTF-8".to_owned(),
            Self::Nul => "NUL bytes in a name".to_owned(),
            Self::TooLong => "the line is longer than the limit".to_owned(),
            Self::OpenQuote => "a quote is opened and never closed".to_owned(),
            Self::CarriageReturn => "a lone carriage return stands inside the line".to_owned(),
            Self::FarAway => "more than 100 years away from the other rows".to_owned(),
            Self::Duplicate => "the same key was given before (the first row is kept)".to_owned(),
            Self::Orphan => format!("{what} is not in the invocations file"),
            Self::TooManyKeys => "more distinct functions than can be numbered".to_owned(),
            Self::WaitsForItself => "the task waits for itself".to_owned(),
            Self::Cycle => "the task waits for itself through others (a cycle)".to_owned(),
            Self::Unknown => format!("{what} is unknown (-1)"),
            Self::Cancelled => "the job was cancelled before it ran".to_owned(),
        }
    }
}

/// A row that a format refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reject {
    pub(super) cause: Cause,
    /// What the reason speaks of: a column of the format, or several ("a count").
    pub(super) what: &'static str,
    /// The field to quote.
    pub(super) field: Option<usize>,
}

impl Reject {
    pub(super) fn field(cause: Cause, what: &'static str, field: usize) -> Self {
        Self { cause, what, field: Some(field) }
    }

    pub(super) fn row(cause: Cause) -> Self {
        Self { cause, what: "", field: None }
    }
}

/// The account of one file while it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) kept: u64,
    pub(super) rejected: u64,
    reasons: Vec<(Cause, &'static str, u64)>,
    examples: Vec<(u64, String)>,
}

impl Tally {
    #[cfg(test)]
    pub(super) fn of(kept: u64) -> Self {
        Self { kept, ..Self::default() }
    }

    /// Counts a rejected row; `names` are the header's.
    pub(super) fn reject(&mut self, reject: Reject, record: &Record<'_>, names: &[String]) {
        self.count(reject.cause, reject.what, 1);
        if self.examples.len() < EXAMPLES {
            let mut reason = reject.cause.words(reject.what);
            if let Some(field) = reject.field.filter(|_| reject.cause != Cause::Empty) {
                let value = shown(record.field(field), 40);
                match names.get(field) {
                    Some(name) if name != reject.what => reason += &format!(": {value} in column {:?}", shorten(name, 40)),
                    _ => reason += &format!(": {value}"),
                }
            }
            if reject.cause == Cause::FieldCount {
                reason += &format!(": {} instead of {}", record.len(), names.len());
            }
            self.examples.push((record.line, reason));
        }
    }

    /// Counts a line that could not be read as a row at all.
    pub(super) fn reject_line(&mut self, cause: Cause, line: u64) {
        self.count(cause, "", 1);
        if self.examples.len() < EXAMPLES {
            self.examples.push((line, cause.words("")));
        }
    }

    /// Takes back rows that were kept; `lines` are the first of them, in order.
    pub(super) fn reject_later(&mut self, cause: Cause, what: &'static str, count: u64, lines: impl Iterator<Item = u64>) {
        if count > 0 {
            self.kept = self.kept.saturating_sub(count);
            self.count(cause, what, count);
            self.examples.extend(lines.take(EXAMPLES).map(|line| (line, cause.words(what))));
        }
    }

    fn count(&mut self, cause: Cause, what: &'static str, count: u64) {
        self.rejected += count;
        match self.reasons.iter_mut().find(|r| r.0 == cause && r.1 == what) {
            Some(reason) => reason.2 += count,
            None => self.reasons.push((cause, what, count)),
        }
    }

    pub(super) fn examples(&self) -> Vec<(u64, String)> {
        let mut examples = self.examples.clone();
        examples.sort_by_key(|e| e.0);
        examples.truncate(EXAMPLES);
        examples
    }

    pub(super) fn reasons(&self) -> impl Iterator<Item = (String, u64)> {
        self.reasons.iter().map(|&(cause, what, count)| (cause.words(what), count))
    }
}

/// A field as it is quoted in a message: escaped, at most `limit` characters.
pub(super) fn shown(field: &[u8], limit: usize) -> String {
    let head = &field[..field.len().min(limit * 4)];
    format!("{:?}", shorten(&String::from_utf8_lossy(head), limit))
}

/// At most `limit` characters.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// "1 row", "2 rows".
pub(super) fn plural(count: u64, word: &str) -> String {
    format!("{} {word}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// A time in the file, in seconds with no more decimals than it needs.
pub(super) fn seconds(ns: i128) -> String {
    let (sign, ns) = if ns < 0 { ("-", -ns) } else { ("", ns) };
    let text = format!("{sign}{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_in_words() {
        assert_eq!(plural(1, "row"), "1 row");
        assert_eq!(plural(2000, "row"), "2,000 rows");
    }

    #[test]
    fn values_are_escaped_and_shortened() {
        assert_eq!(shown(b"a\x00\xff", 40), "\"a\\0\u{fffd}\"");
        assert_eq!(shown("ééééé".as_bytes(), 3), "\"ééé…\"");
    }

    #[test]
    fn seconds_drop_the_zeros() {
        assert_eq!(seconds(1_500_000_000), "1.5 s");
        assert_eq!(seconds(-1), "-0.000000001 s");
        assert_eq!(seconds(0), "0 s");
        assert_eq!(seconds(100_000_000_000), "100 s");
    }
}
