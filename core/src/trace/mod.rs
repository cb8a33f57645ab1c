//! Traces: files that users bring, read into typed rows with an account of what was kept.
//!
//! A trace says which functions there are and when they are called. Three shapes occur: one row per invocation (Azure Functions 2021 and
//! this project's own CSV), counts per minute (Azure Functions 2019), which stay counts here and are expanded later with the run's seed,
//! and tasks of jobs that wait for each other (workflow traces and logs of parallel machines).
//!
//! * Bytes come in any chunking through a [`Reader`], natively or in a browser's worker; no file is ever held. The result does not depend
//!   on the chunks.
//! * A format is recognised by its header, never by the file's name. What is no trace (an archive, a web page, another encoding) is told
//!   in words. gzip is unpacked on the way.
//! * A bad row is rejected, counted by reason and told with its line; the rest of the file is read. A file that makes no sense as a whole
//!   is a [`TraceError`].
//! * Times are read as decimals and rounded half-even to nanoseconds once. Rows are sorted by arrival (stable) and the first is moved to zero.
//!
//! # The last line
//! When a file that is not gzip (which carries its own length and checksum) ends without a newline, it may have been cut, and a number
//! that lost its last digits is still a number. Its last row is kept only if nothing can be missing: it has all its fields, and the last
//! one is closed by a quote, or is written with as many decimals as the longest in its column so far, or, in a column of whole numbers,
//! with as many digits as the longest and, if the column has not decreased so far, no smaller value than the row before. Otherwise the
//! row is rejected as `last line incomplete`. (The real Azure 2021 files end without a newline and with all three decimals.)
//!
//! # Adding a format
//! One file with an `ENTRY` (names, columns, a loader) and one line in the registry below. Recognition, the lists of accepted formats in
//! messages, reports and packed bytes take it from there.

mod columns;
mod decimal;
mod error;
mod fields;
mod fingerprint;
mod intern;
mod lines;
mod pack;
mod reader;
mod report;
mod sniff;
mod tasks;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use error::Refusal;
pub use error::{ErrorCode, TraceError};
pub use fingerprint::Fingerprint;
use lines::Record;
pub use reader::Reader;
pub use report::{FileReport, Rejected, Report};
use report::{Reject, Tally};

/// Declares the modules of the formats and the enum over them, in the order in which they are listed to users.
macro_rules! registry {
    ($($(#[$doc:meta])* $variant:ident = $key:literal in $module:ident;)*) => {
        $(mod $module;)*

        /// A format that can be read. Written as its key, for instance `azure_2021`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Format {
            $($(#[$doc])* #[serde(rename = $key)] $variant,)*
        }

        impl Format {
            /// All formats, in the order in which they are listed to users.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The key under which scenarios and reports write the format.
            #[must_use]
            pub fn key(&self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            fn entry(&self) -> &'static Entry {
                match self { $(Self::$variant => &$module::ENTRY,)* }
            }
        }
    };
}

registry! {
    /// Azure Functions 2021: one row per invocation, in seconds.
    Azure2021 = "azure_2021" in azure_2021;
    /// Azure Functions 2019: counts per minute, with optional files of durations and memory.
    Azure2019 = "azure_2019" in azure_2019;
    /// This project's own CSV: one row per invocation with memory, warm and cold times, in milliseconds.
    Own = "faaslab_csv" in faaslab_csv;
    /// Workflow tasks with their parents, in the columns of the Workflow Trace Format, in milliseconds.
    Wtf = "wtf_csv" in wtf;
    /// Workflow tasks of the Grid Workloads Archive, in seconds.
    Gwf = "gwf_csv" in gwf;
    /// Tasks as OpenDC's traces have them, in milliseconds.
    Surf = "surf_csv" in surf;
    /// Jobs of parallel machines in the Standard Workload Format, in seconds.
    Swf = "swf" in swf;
}

impl Format {
    /// The name for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry().name
    }

    /// The files that the format consists of and their columns, one sentence each.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.entry().kinds.iter().map(|kind| format!("{}: {}", kind.name, kind.columns)).collect()
    }
}

/// A trace: functions and their invocations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceData {
    /// The format it was read from.
    pub format: Format,
    /// The functions; rows refer to them by position. With one row per invocation, in the order of their first arrival and all of them
    /// invoked; with counts, in the order of the file.
    pub functions: Vec<TraceFunction>,
    /// When they are invoked.
    pub rows: Rows,
}

/// A function of a trace, with what its files say about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceFunction {
    /// A readable key, unique in the trace: `app/function` (2021), `owner/app/function` (2019), the function's name (own CSV). In joined
    /// keys a `/` or `%` inside a part is written `%2F` or `%25`, so that no two functions share a key.
    pub id: String,
    /// The group it belongs to: the app (2021), `owner/app` (2019); in the own CSV, which has none, the function's name.
    pub app: String,
    /// Memory in MB as the file counts them; not negative.
    pub memory_mb: Option<f64>,
    /// Cores that one execution holds (workflows and parallel jobs); the scenario's if absent.
    pub cores: Option<f64>,
    /// Cold minus warm time in ns, which may be negative. Own CSV: `cold_ms - warm_ms` (of its first row if it varies, see [`Rows`]);
    /// 2019: Maximum - Average of the durations, at least 0, as FaasCache takes it.
    pub start_ns: Option<i64>,
    /// The distribution of its execution time (2019).
    pub duration: Option<Percentiles>,
}

/// Percentiles of an execution time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The mean, in ms.
    pub average_ms: f64,
    /// (percent from 0 to 100, ms), ascending in percent and not descending in ms.
    pub points: Vec<(f64, f64)>,
}

/// When functions are invoked. The columns of a variant have the same length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// One row per invocation, sorted by arrival; rows of one instant in the order of the file.
    Invocations {
        /// Arrival in ns; the first is 0.
        arrival_ns: Vec<u64>,
        /// Position in [`TraceData::functions`].
        function: Vec<u32>,
        /// Execution time (warm) in ns.
        execution_ns: Vec<u64>,
        /// Cold minus warm time in ns; empty unless it varies inside a function.
        start_ns: Vec<i64>,
    },
    /// One row per task of a job, sorted by arrival; parents come before their children.
    Tasks {
        /// Of a task without parents its arrival in ns; of another the latest arrival of those above it that have none, before which it
        /// cannot come. The first is 0.
        arrival_ns: Vec<u64>,
        /// Position in [`TraceData::functions`].
        function: Vec<u32>,
        /// Execution time (warm) in ns.
        execution_ns: Vec<u64>,
        /// Its job, numbered from 0 in the order of their first rows.
        job: Vec<u32>,
        /// How long after its last parent has ended a task is submitted, in ns; empty if none is later than at once.
        delay_ns: Vec<u64>,
        /// Where each row's parents end in `parents`; they begin where those of the row before end.
        parents_end: Vec<u32>,
        /// The rows that each row waits for, ascending.
        parents: Vec<u32>,
    },
    /// Calls per minute, sorted by (minute, function), without zeros.
    PerMinute {
        /// Minutes from the first minute of the file.
        minute: Vec<u32>,
        /// Position in [`TraceData::functions`].
        function: Vec<u32>,
        /// Calls in that minute, at least 1.
        count: Vec<u32>,
        /// The sum of all counts.
        total: u64,
    },
}

/// How long functions execute for which a trace of counts has no durations, in milliseconds.
pub const ASSUMED_EXECUTION_MS: f64 = 100.0;

/// A minute in nanoseconds.
pub(crate) const MINUTE_NS: u64 = 60_000_000_000;

impl TraceData {
    /// How many invocations the trace has up to an instant, in nanoseconds; of counts, in the minutes that have begun by then.
    #[must_use]
    pub fn invocations_until(&self, end_ns: u64) -> u64 {
        match &self.rows {
            Rows::Invocations { arrival_ns, .. } | Rows::Tasks { arrival_ns, .. } => {
                arrival_ns.partition_point(|&at| at <= end_ns) as u64
            }
            Rows::PerMinute { minute, count, .. } => {
                let begun = minute.partition_point(|&m| u64::from(m).saturating_mul(MINUTE_NS) <= end_ns);
                count[..begun].iter().map(|&c| u64::from(c)).sum()
            }
        }
    }

    /// How many invocations the trace has.
    #[must_use]
    pub fn invocations(&self) -> u64 {
        match &self.rows {
            Rows::Invocations { arrival_ns, .. } | Rows::Tasks { arrival_ns, .. } => arrival_ns.len() as u64,
            Rows::PerMinute { total, .. } => *total,
        }
    }
}

/// What a [`Reader`] accepts before it refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest physical line, and the longest quoted record, in bytes; a longer one is a rejected row and never stored.
    pub max_line_bytes: usize,
    /// The most invocations, counted before anything is expanded.
    pub max_invocations: u64,
    /// The most bytes that one gzip file may unpack to.
    pub max_unpacked_bytes: u64,
    /// The most calls of one function in one minute; a row with more is rejected as absurd.
    pub max_count_per_minute: u32,
}

impl Default for Limits {
    /// 64 KiB per line, 200 million invocations, 4 GiB unpacked, 10 million calls per function and minute.
    fn default() -> Self {
        Self {
            max_line_bytes: 64 << 10,
            max_invocations: 200_000_000,
            max_unpacked_bytes: 4 << 30,
            max_count_per_minute: 10_000_000,
        }
    }
}

/// What a format file tells the registry.
struct Entry {
    /// The format's name for people.
    name: &'static str,
    /// The files it consists of; a trace has at most one of each.
    kinds: &'static [Kind],
    loader: fn(&Limits) -> Box<dyn Loader>,
}

/// One kind of file of a format.
struct Kind {
    name: &'static str,
    /// Columns without which it cannot be read.
    required: &'static [&'static str],
    /// Columns that are used if they are there.
    optional: &'static [&'static str],
    also: Option<Also>,
    /// A header that has one of these is of another kind.
    never: &'static [&'static str],
    /// The columns for people.
    columns: &'static str,
    /// Whether a first line without names is data of this kind, its fields in the order of `required`.
    headerless: fn(&[&[u8]]) -> bool,
}

/// What a header must have that cannot be said as a name.
struct Also {
    /// What to call it when it is missing.
    name: &'static str,
    test: fn(&Header) -> bool,
}

/// The names of a file's columns, without the spaces around them.
#[derive(Clone, Debug, Default)]
struct Header {
    names: Vec<String>,
}

impl Header {
    fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The position of a required column; recognition has seen to it that it is there.
    fn at(&self, name: &str) -> usize {
        self.position(name).unwrap_or(usize::MAX)
    }
}

/// A row that is not kept, or the end of reading.
enum Bad {
    Row(Reject),
    Trace(Refusal),
}

impl From<Reject> for Bad {
    fn from(reject: Reject) -> Self {
        Self::Row(reject)
    }
}

impl From<Refusal> for Bad {
    fn from(refusal: Refusal) -> Self {
        Self::Trace(refusal)
    }
}

/// A format's reader: takes the records of its files and makes the trace of them.
trait Loader: Send {
    /// A file of kind `kind` (a position in the entry's kinds) begins; `file` is its number in the accounts of [`finish`](Self::finish).
    fn begin(&mut self, kind: usize, header: &Header, file: usize) -> Result<(), Refusal>;
    /// A record with as many fields as the header.
    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad>;
    /// All files are read. Rows that turn out to be no good now are taken back in the account of their file.
    fn finish(self: Box<Self>, tallies: &mut [Tally]) -> Result<Loaded, Refusal>;
}

/// What a loader hands over.
struct Loaded {
    data: TraceData,
    span_ns: u64,
    median_execution_ns: Option<u64>,
    assumed: Vec<String>,
    warnings: Vec<String>,
}
