//! Azure Functions 2019: counts per minute and function, with optional files of durations and memory; also as InVitro slices it.
//!
//! * Invocations: `HashOwner,HashApp,HashFunction,Trigger`, then one column per minute, named `480`, `minute_480` or `480_minute`. Any run of
//!   consecutive minutes is accepted (InVitro ships 480 to 959); the first becomes minute 0.
//! * Durations: `Average`, `Maximum` and `percentile_Average_{0,1,25,50,75,99,100}` in ms. The percentiles are of averages over 30 s, weighted;
//!   cold starts are excluded. Start cost = Maximum - Average, at least 0, the convention of FaasCache.
//! * Memory: `AverageAllocatedMb` per app, divided evenly among the app's functions and rounded up as FaasCache does; or, with a
//!   `HashFunction` column as InVitro writes it, per function and used as it is.
//!
//! Files come in any order and are joined on (owner, app, function), since a function is unique only inside its app. A key given twice
//! keeps its first good row (the real day 1 has 16 such keys; Azure/AzurePublicDataset issues 23 and 40). Durations or memory of functions
//! that the invocations file does not have are counted as rejected.
//!
//! Source: Shahrad et al., Serverless in the Wild, ATC 2020; data CC-BY 4.0.

use super::columns::too_many;
use super::decimal::{Decimal, Unit, trimmed};
use super::error::{ErrorCode, Refusal};
use super::fields::{cause_of, id_part, key, megabytes, number, within_a_century};
use super::intern::Interner;
use super::report::{Cause, Reject, Tally, plural};
use super::{
    ASSUMED_EXECUTION_MS, Also, Bad, Entry, Format, Header, Kind, Limits, Loaded, Loader, MINUTE_NS, Percentiles, Record, Rows,
    TraceData, TraceFunction,
};

const KEY: [&str; 3] = ["HashOwner", "HashApp", "HashFunction"];
const MEMORY: &str = "AverageAllocatedMb";
const DAY_MINUTES: usize = 1440;

/// The percentile columns: (percent, name).
const PERCENTILES: [(f64, &str); 7] = [
    (0.0, "percentile_Average_0"),
    (1.0, "percentile_Average_1"),
    (25.0, "percentile_Average_25"),
    (50.0, "percentile_Average_50"),
    (75.0, "percentile_Average_75"),
    (99.0, "percentile_Average_99"),
    (100.0, "percentile_Average_100"),
];

const TRIGGERS: [&str; 7] = ["http", "timer", "event", "queue", "storage", "orchestration", "others"];

/// Positions in the entry's kinds.
const INVOCATIONS: usize = 0;
const DURATIONS: usize = 1;

pub(super) const ENTRY: Entry = Entry {
    name: "Azure Functions 2019",
    kinds: &[
        Kind {
            name: "Azure Functions 2019, invocations",
            required: &KEY,
            optional: &[],
            also: Some(Also {
                name: "the columns of minutes (1, 2, 3, …)",
                test: |header| header.names.iter().any(|name| minute_of(name).is_some()),
            }),
            never: &["percentile_Average_50", MEMORY],
            columns: "HashOwner,HashApp,HashFunction,Trigger,1,2,…,1440 (calls per minute; a run of minutes is enough)",
            headerless: |_| false,
        },
        Kind {
            name: "Azure Functions 2019, durations",
            optional: &[],
            required: &[
                "HashOwner",
                "HashApp",
                "HashFunction",
                "Average",
                "Maximum",
                "percentile_Average_0",
                "percentile_Average_1",
                "percentile_Average_25",
                "percentile_Average_50",
                "percentile_Average_75",
                "percentile_Average_99",
                "percentile_Average_100",
            ],
            also: None,
            never: &[],
            columns: "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,percentile_Average_{0,1,25,50,75,99,100} \
                      (milliseconds; optional)",
            headerless: |_| false,
        },
        Kind {
            name: "Azure Functions 2019, memory",
            required: &["HashOwner", "HashApp", MEMORY],
            optional: &[],
            also: None,
            never: &["percentile_Average_50"],
            columns: "HashOwner,HashApp,SampleCount,AverageAllocatedMb,… (MB per app, or per function with HashFunction; optional)",
            headerless: |_| false,
        },
    ],
    loader: |limits| Box::new(Azure2019 { limits: limits.clone(), invocations: None, durations: None, memory: None, reading: Reading::Memory }),
};

/// The minute that a column stands for.
fn minute_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("minute_").or_else(|| name.strip_suffix("_minute")).unwrap_or(name);
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

struct Azure2019 {
    limits: Limits,
    invocations: Option<Invocations>,
    durations: Option<Durations>,
    memory: Option<Memory>,
    /// The file being read.
    reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Invocations,
    Durations,
    Memory,
}

struct Invocations {
    key: [usize; 3],
    trigger: Option<usize>,
    /// (field, minute from the first).
    minutes: Vec<(usize, u32)>,
    first_minute: u32,
    keys: Interner<3>,
    minute: Vec<u32>,
    function: Vec<u32>,
    count: Vec<u32>,
    total: u64,
    other_triggers: u64,
    /// The counts of the row being read.
    row: Vec<(u32, u32)>,
}

struct Durations {
    file: usize,
    key: [usize; 3],
    average: usize,
    maximum: usize,
    points: [usize; 7],
    keys: Interner<3>,
    /// Per key; nothing where no row was good.
    rows: Vec<Option<Duration>>,
    /// Keys whose first row was no good and a later one is.
    second: u64,
}

struct Duration {
    line: u64,
    percentiles: Percentiles,
    start_ns: Option<i64>,
}

struct Memory {
    file: usize,
    key: [usize; 3],
    mb: usize,
    per_function: bool,
    /// The function part is empty when memory is per app.
    keys: Interner<3>,
    /// Per key: line and MB; nothing where no row was good.
    rows: Vec<Option<(u64, f64)>>,
}

impl Invocations {
    fn new(header: &Header) -> Result<Self, Refusal> {
        let mut minutes: Vec<(usize, u32)> =
            header.names.iter().enumerate().filter_map(|(field, name)| Some((field, minute_of(name)?))).collect();
        minutes.sort_by_key(|m| m.1);
        let first_minute = minutes.first().map_or(0, |m| m.1);
        for pair in minutes.windows(2) {
            let (a, b) = (pair[0].1, pair[1].1);
            if a == b {
                let message = format!("minute {a} has two columns");
                return Err(Refusal::new(ErrorCode::DuplicateColumn, message, "Remove one of them."));
            }
            if b - a > 1 {
                let message = format!("the columns of minutes have a gap: {b} comes after {a}");
                return Err(Refusal::new(ErrorCode::MissingColumn, message, "Minutes must be a run without gaps, such as 1 to 1440 or 480 to 959."));
            }
        }
        for minute in &mut minutes {
            minute.1 -= first_minute;
        }
        Ok(Self {
            key: KEY.map(|name| header.at(name)),
            trigger: header.position("Trigger"),
            minutes,
            first_minute,
            keys: Interner::new(),
            minute: Vec::new(),
            function: Vec::new(),
            count: Vec::new(),
            total: 0,
            other_triggers: 0,
            row: Vec::new(),
        })
    }

    fn row(&mut self, record: &Record<'_>, limit: u32) -> Result<(), Bad> {
        self.row.clear();
        let mut total = 0;
        for &(field, minute) in &self.minutes {
            let cell = record.field(field);
            if cell == b"0" {
                continue;
            }
            let count = count(cell, limit).map_err(|cause| Reject::field(cause, "a count", field))?;
            if count > 0 {
                total += u64::from(count);
                self.row.push((minute, count));
            }
        }
        let known = self.keys.len();
        let function = key(&mut self.keys, record, self.key, KEY)?;
        if (function as usize) < known {
            return Err(Reject::row(Cause::Duplicate).into());
        }
        if let Some(trigger) = self.trigger {
            let trigger = trimmed(record.field(trigger));
            self.other_triggers += u64::from(!TRIGGERS.iter().any(|known| known.as_bytes() == trigger));
        }
        self.total += total;
        for &(minute, count) in &self.row {
            self.minute.push(minute);
            self.function.push(function);
            self.count.push(count);
        }
        Ok(())
    }

    /// The rows sorted by minute, and by function inside a minute since functions were read in order: a counting sort.
    fn sorted(&mut self) -> Rows {
        let mut next = vec![0usize; self.minutes.len() + 1];
        for &minute in &self.minute {
            next[minute as usize + 1] += 1;
        }
        for i in 1..next.len() {
            next[i] += next[i - 1];
        }
        let mut order = vec![0usize; self.minute.len()];
        for (row, &minute) in self.minute.iter().enumerate() {
            order[next[minute as usize]] = row;
            next[minute as usize] += 1;
        }
        let pick = |column: &mut Vec<u32>| {
            let column = std::mem::take(column);
            order.iter().map(|&row| column[row]).collect()
        };
        Rows::PerMinute {
            minute: pick(&mut self.minute),
            function: pick(&mut self.function),
            count: pick(&mut self.count),
            total: self.total,
        }
    }
}

/// Calls in one minute.
fn count(cell: &[u8], limit: u32) -> Result<u32, Cause> {
    let value = Decimal::parse(cell).map_err(cause_of)?;
    if value.negative {
        return Err(Cause::Negative);
    }
    if !value.is_whole() {
        return Err(Cause::NotWhole);
    }
    u32::try_from(value.int).ok().filter(|&count| count <= limit).ok_or(Cause::TooMany)
}

impl Durations {
    fn new(header: &Header, file: usize) -> Self {
        Self {
            file,
            key: KEY.map(|name| header.at(name)),
            average: header.at("Average"),
            maximum: header.at("Maximum"),
            points: PERCENTILES.map(|(_, name)| header.at(name)),
            keys: Interner::new(),
            rows: Vec::new(),
            second: 0,
        }
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        let known = self.keys.len();
        let function = key(&mut self.keys, record, self.key, KEY)? as usize;
        if function == known {
            self.rows.push(None);
        } else if self.rows[function].is_some() {
            return Err(Reject::row(Cause::Duplicate).into());
        }
        let average = number(record, self.average, "Average")?;
        let mut points = Vec::with_capacity(PERCENTILES.len());
        let mut last = 0.0;
        for ((percent, name), field) in PERCENTILES.into_iter().zip(self.points) {
            let ms = milliseconds(record, field, name)?;
            if ms < last {
                return Err(Reject::field(Cause::Decreasing, "", field).into());
            }
            last = ms;
            points.push((percent, ms));
        }
        // The maximum is sometimes not recorded.
        let start_ns = if trimmed(record.field(self.maximum)).is_empty() {
            None
        } else {
            let maximum = number(record, self.maximum, "Maximum")?;
            let start_ns = maximum.minus_ns(&average, Unit::Milliseconds).max(0);
            Some(within_a_century(start_ns, self.maximum, "Maximum")?)
        };
        let average_ms = milliseconds(record, self.average, "Average")?;
        self.rows[function] = Some(Duration { line: record.line, percentiles: Percentiles { average_ms, points }, start_ns });
        self.second += u64::from(function < known);
        Ok(())
    }
}

/// A time in ms that need not be exact, at most a century.
fn milliseconds(record: &Record<'_>, field: usize, what: &'static str) -> Result<f64, Reject> {
    let exact = number(record, field, what)?;
    within_a_century(exact.ns(Unit::Milliseconds), field, what)?;
    super::decimal::parse_f64(record.field(field)).map_err(|error| Reject::field(cause_of(error), what, field))
}

impl Memory {
    fn new(header: &Header, file: usize) -> Self {
        Self {
            file,
            key: KEY.map(|name| header.at(name)),
            mb: header.at(MEMORY),
            per_function: header.position("HashFunction").is_some(),
            keys: Interner::new(),
            rows: Vec::new(),
        }
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        let known = self.keys.len();
        let index = if self.per_function {
            key(&mut self.keys, record, self.key, KEY)?
        } else {
            // The app's name stands for the function, so that one table serves both.
            let [owner, app, _] = self.key;
            key(&mut self.keys, record, [owner, app, app], KEY)?
        } as usize;
        if index == known {
            self.rows.push(None);
        } else if self.rows[index].is_some() {
            return Err(Reject::row(Cause::Duplicate).into());
        }
        self.rows[index] = Some((record.line, megabytes(record, self.mb, MEMORY)?));
        Ok(())
    }
}

impl Loader for Azure2019 {
    fn begin(&mut self, kind: usize, header: &Header, file: usize) -> Result<(), Refusal> {
        match kind {
            INVOCATIONS => {
                self.invocations = Some(Invocations::new(header)?);
                self.reading = Reading::Invocations;
            }
            DURATIONS => {
                self.durations = Some(Durations::new(header, file));
                self.reading = Reading::Durations;
            }
            _ => {
                self.memory = Some(Memory::new(header, file));
                self.reading = Reading::Memory;
            }
        }
        Ok(())
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        match (self.reading, &mut self.invocations, &mut self.durations, &mut self.memory) {
            (Reading::Invocations, Some(file), _, _) => file.row(record, self.limits.max_count_per_minute),
            (Reading::Durations, _, Some(file), _) => file.row(record),
            (Reading::Memory, _, _, Some(file)) => file.row(record),
            _ => Ok(()),
        }
    }

    fn finish(self: Box<Self>, tallies: &mut [Tally]) -> Result<Loaded, Refusal> {
        let Some(mut invocations) = self.invocations else {
            let given = if self.durations.is_some() { "durations" } else { "memory" };
            return Err(Refusal::new(
                ErrorCode::MissingFile,
                format!("there is a file of {given} but none of invocations"),
                "Choose the file invocations_per_function_md… as well; the three files of a day belong together.",
            ));
        };
        if invocations.total > self.limits.max_invocations {
            return Err(too_many(invocations.total, ""));
        }
        let minutes = invocations.minutes.len();
        let (first, last) = (invocations.first_minute, u64::from(invocations.first_minute) + minutes as u64 - 1);
        if invocations.total == 0 {
            let message = format!("the trace has no invocations: all counts of its minutes {first} to {last} are zero");
            return Err(Refusal::new(ErrorCode::NoRows, message, "Choose other minutes or functions."));
        }
        let mut assumed = Vec::new();
        let mut warnings = Vec::new();
        assumed.push(format!("The file covers minutes {first} to {last}; time zero is the beginning of minute {first}."));
        assumed.push("Counts are spread inside their minute by the scenario's seed.".to_owned());
        if minutes < DAY_MINUTES {
            warnings.push(format!("Only a part of the day: {minutes} of {DAY_MINUTES} minutes ({first} to {last})."));
        }
        if invocations.other_triggers > 0 {
            warnings.push(format!(
                "{} with a trigger that the format does not know, taken as \"others\".",
                plural(invocations.other_triggers, "function")
            ));
        }

        // Functions, and how many each app has.
        let mut apps = Interner::<2>::new();
        let mut app_of = Vec::with_capacity(invocations.keys.len());
        let mut functions_of: Vec<u32> = Vec::new();
        let mut functions = Vec::with_capacity(invocations.keys.len());
        for f in 0..invocations.keys.len() as u32 {
            let parts = invocations.keys.parts(f);
            let [owner, app, _] = parts;
            // There are never more apps than functions, whose numbers fit.
            let app = match apps.find([owner, app]) {
                Some(app) => app,
                None => apps.add([owner, app]).unwrap_or(0),
            } as usize;
            if app == functions_of.len() {
                functions_of.push(0);
            }
            functions_of[app] += 1;
            app_of.push(app);
            let [owner, app, function] = parts.map(id_part);
            let app = format!("{owner}/{app}");
            functions.push(TraceFunction { id: format!("{app}/{function}"), app, memory_mb: None, cores: None, start_ns: None, duration: None });
        }

        match self.durations {
            None => assumed.push(format!("No file of durations: every execution takes {ASSUMED_EXECUTION_MS} ms, and the scenario's default start time applies.")),
            Some(mut durations) => {
                let mut lines = Vec::new();
                for f in 0..durations.keys.len() as u32 {
                    let Some(row) = durations.rows[f as usize].take() else { continue };
                    match invocations.keys.find(durations.keys.parts(f)) {
                        Some(function) => {
                            let function = &mut functions[function as usize];
                            function.start_ns = row.start_ns;
                            function.duration = Some(row.percentiles);
                        }
                        None => lines.push(row.line),
                    }
                }
                reject_orphans(&mut tallies[durations.file], "the function", lines);
                assumed.push(
                    "Execution times follow the percentiles of each function, which are of averages over 30 seconds; \
                     a cold start costs Maximum - Average more, at least nothing, as FaasCache takes it."
                        .to_owned(),
                );
                let without = functions.iter().filter(|f| f.duration.is_none()).count() as u64;
                let what = format!("durations: executions take {ASSUMED_EXECUTION_MS} ms, and the scenario's default start time applies");
                lack(&mut warnings, without, "function", &what);
                let without = functions.iter().filter(|f| f.duration.is_some() && f.start_ns.is_none()).count() as u64;
                lack(&mut warnings, without, "function", "a recorded maximum: the scenario's default start time applies");
                if durations.second > 0 {
                    let functions = plural(durations.second, "function");
                    warnings.push(format!("{functions} given more than once in the durations: the first good row is used."));
                }
            }
        }

        match self.memory {
            None => assumed.push("No file of memory: the scenario's default memory applies.".to_owned()),
            Some(mut memory) => {
                let mut lines = Vec::new();
                let mut app_mb = vec![None; functions_of.len()];
                for i in 0..memory.keys.len() as u32 {
                    let Some((line, mb)) = memory.rows[i as usize].take() else { continue };
                    let parts = memory.keys.parts(i);
                    if memory.per_function {
                        match invocations.keys.find(parts) {
                            Some(function) => functions[function as usize].memory_mb = Some(mb),
                            None => lines.push(line),
                        }
                    } else {
                        let [owner, app, _] = parts;
                        match apps.find([owner, app]) {
                            Some(app) => app_mb[app as usize] = Some(mb),
                            None => lines.push(line),
                        }
                    }
                }
                if memory.per_function {
                    assumed.push("Memory is given per function and used as it is.".to_owned());
                } else {
                    for (function, &app) in functions.iter_mut().zip(&app_of) {
                        function.memory_mb = app_mb[app].map(|mb: f64| (mb / f64::from(functions_of[app])).ceil());
                    }
                    assumed.push(
                        "Memory is given per app: it is divided evenly among the app's functions in the invocations file and rounded up \
                         to whole MB, as FaasCache does."
                            .to_owned(),
                    );
                }
                let what = if memory.per_function { "the function" } else { "the app" };
                reject_orphans(&mut tallies[memory.file], what, lines);
                let without = functions.iter().filter(|f| f.memory_mb.is_none()).count() as u64;
                lack(&mut warnings, without, "function", "memory: the scenario's default applies");
            }
        }

        let rows = invocations.sorted();
        let median_execution_ns = median_of_medians(&functions, &rows);
        let data = TraceData { format: Format::Azure2019, functions, rows };
        Ok(Loaded { data, span_ns: minutes as u64 * MINUTE_NS, median_execution_ns, assumed, warnings })
    }
}

fn reject_orphans(tally: &mut Tally, what: &'static str, mut lines: Vec<u64>) {
    lines.sort_unstable();
    tally.reject_later(Cause::Orphan, what, lines.len() as u64, lines.into_iter());
}

fn lack(warnings: &mut Vec<String>, count: u64, what: &str, lacks: &str) {
    if count > 0 {
        warnings.push(format!("{} without {lacks}.", plural(count, what)));
    }
}

/// The lower median, over invocations, of their function's 50th percentile, in ns.
fn median_of_medians(functions: &[TraceFunction], rows: &Rows) -> Option<u64> {
    let Rows::PerMinute { function, count, .. } = rows else { return None };
    let mut calls = vec![0u64; functions.len()];
    for (&f, &count) in function.iter().zip(count) {
        calls[f as usize] += u64::from(count);
    }
    let mut weighted: Vec<(u64, u64)> = functions
        .iter()
        .zip(calls)
        .filter_map(|(f, calls)| {
            let middle = f.duration.as_ref()?.points.iter().find(|p| p.0 == 50.0)?.1;
            // From a decimal of at most a century: the product is far below 2^63.
            Some(((middle * 1e6).round_ties_even() as u64, calls))
        })
        .collect();
    weighted.sort_unstable();
    let total: u64 = weighted.iter().map(|w| w.1).sum();
    let mut rank = total.checked_sub(1)? / 2;
    for (ns, calls) in weighted {
        if rank < calls {
            return Some(ns);
        }
        rank -= calls;
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{load, refused, text};
    use super::*;

    const CALLS: &str = "HashOwner,HashApp,HashFunction,Trigger,480,481,482\n\
                         o,a,f,http,0,2,1\n\
                         o,a,g,timer,1,1,0\n\
                         o,b,f,queue,0,0,0\n";
    const TIMES: &str = "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,percentile_Average_0,percentile_Average_1,\
                         percentile_Average_25,percentile_Average_50,percentile_Average_75,percentile_Average_99,percentile_Average_100\n\
                         o,a,f,10.5,3,1.0,30.75,1,2,5,10,12,29,30\n\
                         o,a,g,50,3,1.0,40,1,2,5,20,60,70,80\n";
    const APPS: &str = "HashOwner,HashApp,SampleCount,AverageAllocatedMb\no,a,9,101\n";
    const PER_FUNCTION: &str = "HashFunction,HashOwner,HashApp,SampleCount,AverageAllocatedMb\nf,o,a,9,9.5\ng,o,a,9,10\n";

    #[test]
    fn counts_are_sorted_by_minute_and_function() {
        let (data, report) = load(&[CALLS]).unwrap();
        assert_eq!(
            data.rows,
            Rows::PerMinute { minute: vec![0, 1, 1, 2], function: vec![1, 0, 1, 0], count: vec![1, 2, 1, 1], total: 5 }
        );
        assert_eq!(data.functions.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["o/a/f", "o/a/g", "o/b/f"]);
        assert_eq!(data.functions[2].app, "o/b");
        assert_eq!((report.invocations, report.functions, report.apps, report.span_ns), (5, 3, 2, 3 * MINUTE_NS));
        assert!(report.assumed[0].contains("minutes 480 to 482"));
        assert!(report.warnings[0].contains("3 of 1440"));
        assert_eq!(report.median_execution_ns, None);
    }

    #[test]
    fn the_three_files_join_in_any_order() {
        let (expected, _) = load(&[CALLS, TIMES, APPS]).unwrap();
        for files in [[TIMES, APPS, CALLS], [APPS, CALLS, TIMES]] {
            assert_eq!(load(&files).unwrap().0, expected);
        }
        let [f, g, b] = expected.functions.as_slice() else { panic!() };
        assert_eq!((f.start_ns, g.start_ns, b.start_ns), (Some(20_250_000), Some(0), None));
        // 101 MB among two functions.
        assert_eq!((f.memory_mb, g.memory_mb, b.memory_mb), (Some(51.0), Some(51.0), None));
        let duration = f.duration.as_ref().unwrap();
        assert_eq!(duration.average_ms, 10.5);
        assert_eq!(duration.points[3], (50.0, 10.0));
    }

    #[test]
    fn the_median_is_weighted_by_calls() {
        // f has 3 calls at 10 ms, g has 2 at 20 ms.
        assert_eq!(load(&[CALLS, TIMES]).unwrap().1.median_execution_ns, Some(10_000_000));
    }

    #[test]
    fn memory_per_function_is_used_as_it_is() {
        let (data, _) = load(&[CALLS, PER_FUNCTION]).unwrap();
        assert_eq!(data.functions.iter().map(|f| f.memory_mb).collect::<Vec<_>>(), [Some(9.5), Some(10.0), None]);
    }

    #[test]
    fn minute_columns_may_have_words_and_any_order() {
        let plain = load(&["HashOwner,HashApp,HashFunction,1,2\no,a,f,3,4\n"]).unwrap().0;
        for header in ["minute_1,minute_2", "1_minute,2_minute"] {
            assert_eq!(load(&[&format!("HashFunction,HashApp,HashOwner,{header}\nf,a,o,3,4\n")]).unwrap().0, plain);
        }
        assert_eq!(load(&["2,HashOwner,HashApp,HashFunction,1\n4,o,a,f,3\n"]).unwrap().0, plain);
    }

    #[test]
    fn a_gap_between_minutes_is_named() {
        let error = refused(&["HashOwner,HashApp,HashFunction,1,2,4\no,a,f,0,0,1\n"]);
        assert!(error.message.contains("4 comes after 2"), "{error}");
    }

    #[test]
    fn a_header_without_minutes_says_so() {
        let error = refused(&["HashOwner,HashApp,HashFunction,Trigger\no,a,f,http\n"]);
        assert_eq!(error.code, ErrorCode::MissingColumn);
        assert!(error.message.contains("minutes"), "{error}");
    }

    #[test]
    fn durations_or_memory_alone_are_refused() {
        for file in [TIMES, APPS] {
            assert_eq!(refused(&[file]).code, ErrorCode::MissingFile);
        }
    }

    #[test]
    fn two_files_of_a_kind_are_refused() {
        let error = refused(&[CALLS, TIMES, TIMES]);
        assert_eq!(error.code, ErrorCode::DuplicateFile);
        assert!(error.message.contains("1.csv") && error.file == "2.csv", "{error}");
    }

    #[test]
    fn a_second_row_of_a_function_is_rejected() {
        let (data, report) = load(&[&format!("{CALLS}o,a,f,http,7,7,7\n")]).unwrap();
        assert_eq!(data.invocations(), 5);
        assert_eq!(report.reasons, [("the same key was given before (the first row is kept)".to_owned(), 1)]);
    }

    #[test]
    fn rows_of_other_functions_are_counted_as_rejected() {
        let times = format!("{TIMES}o,x,f,10,3,1.0,30,1,2,5,10,12,29,30\n");
        let (_, report) = load(&[CALLS, &times]).unwrap();
        assert_eq!(report.reasons, [("the function is not in the invocations file".to_owned(), 1)]);
        assert_eq!((report.rejected[0].file.as_str(), report.rejected[0].line), ("1.csv", 4));
        assert_eq!((report.files[1].rows_kept, report.files[1].rows_rejected), (2, 1));
    }

    #[test]
    fn a_maximum_that_is_not_recorded_leaves_the_start_open() {
        let times = TIMES.replace(",30.75,", ",,");
        let (data, report) = load(&[CALLS, &times]).unwrap();
        assert_eq!(data.functions[0].start_ns, None);
        assert!(data.functions[0].duration.is_some());
        assert!(text(&report.warnings).contains("recorded maximum"));
    }

    #[test]
    fn too_many_calls_are_refused_with_their_number() {
        let cells = ["10000000"; 30].join(",");
        let names = (1..=30).map(|m| m.to_string()).collect::<Vec<_>>().join(",");
        let error = refused(&[&format!("HashOwner,HashApp,HashFunction,{names}\no,a,f,{cells}\n")]);
        assert_eq!(error.code, ErrorCode::TooManyInvocations);
        assert!(error.message.contains("300,000,000"), "{error}");
    }

    #[test]
    fn nothing_but_zeros_is_refused() {
        assert_eq!(refused(&["HashOwner,HashApp,HashFunction,1\no,a,f,0\n"]).code, ErrorCode::NoRows);
    }
}
