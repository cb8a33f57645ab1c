//! Azure Functions 2021: `app,func,end_timestamp,duration`, one row per invocation, times in seconds.
//!
//! An invocation starts at `end_timestamp - duration`; the difference is taken on the decimals as written and rounded once. A function is
//! unique only inside its app. There is no memory, no trigger, and the duration excludes the cold start (Azure/AzurePublicDataset, issue 25).
//! The real file is ordered by start, has durations of at most three decimals, and ends without a newline.
//!
//! Source: Zhang et al., Faster and Cheaper Serverless Computing on Harvested Resources, SOSP 2021; data CC-BY 4.0.

use super::columns::{Columns, Invocation};
use super::decimal::{Decimal, Unit};
use super::error::{ErrorCode, Refusal};
use super::fields::{SORTED, extent, id_part, key, number, shift_sentence, within_a_century};
use super::intern::Interner;
use super::report::{Tally, seconds};
use super::{Bad, Entry, Format, Header, Kind, Limits, Loaded, Loader, Record, TraceData, TraceFunction};

const COLUMNS: [&str; 4] = ["app", "func", "end_timestamp", "duration"];

pub(super) const ENTRY: Entry = Entry {
    name: "Azure Functions 2021",
    kinds: &[Kind {
        name: "Azure Functions 2021",
        required: &COLUMNS,
        optional: &[],
        also: None,
        never: &[],
        columns: "app,func,end_timestamp,duration (seconds)",
        headerless: looks_like_a_row,
    }],
    loader: |limits| Box::new(Azure2021::new(limits)),
};

/// Two long hexadecimal ids and two numbers.
fn looks_like_a_row(fields: &[&[u8]]) -> bool {
    let id = |field: &[u8]| field.len() >= 16 && field.iter().all(u8::is_ascii_hexdigit);
    matches!(fields, [app, func, end, duration]
        if id(app) && id(func) && Decimal::parse(end).is_ok() && Decimal::parse(duration).is_ok())
}

struct Azure2021 {
    file: usize,
    app: usize,
    func: usize,
    end: usize,
    duration: usize,
    keys: Interner<2>,
    columns: Columns,
    seen: Durations,
}

/// What tells milliseconds from seconds: real durations have decimals and stay below the platform's time limits.
#[derive(Default)]
struct Durations {
    fractional: u64,
    not_zero: u64,
    longest_ns: u64,
}

impl Azure2021 {
    fn new(limits: &Limits) -> Self {
        Self {
            file: 0,
            app: 0,
            func: 0,
            end: 0,
            duration: 0,
            keys: Interner::new(),
            columns: Columns::new(limits, false),
            seen: Durations::default(),
        }
    }
}

impl Loader for Azure2021 {
    fn begin(&mut self, _kind: usize, header: &Header, file: usize) -> Result<(), Refusal> {
        self.file = file;
        [self.app, self.func, self.end, self.duration] = COLUMNS.map(|name| header.at(name));
        Ok(())
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        let end = number(record, self.end, "end_timestamp")?;
        let duration = number(record, self.duration, "duration")?;
        let execution_ns = within_a_century(duration.ns(Unit::Seconds), self.duration, "duration")?.unsigned_abs();
        let function = key(&mut self.keys, record, [self.app, self.func], ["app", "func"])?;
        self.seen.fractional += u64::from(!duration.is_whole());
        self.seen.not_zero += u64::from(execution_ns > 0);
        self.seen.longest_ns = self.seen.longest_ns.max(execution_ns);
        let arrival_ns = end.minus_ns(&duration, Unit::Seconds);
        self.columns.push(&Invocation { line: record.line, arrival_ns, function, execution_ns, start_ns: 0 })?;
        Ok(())
    }

    fn finish(self: Box<Self>, tallies: &mut [Tally]) -> Result<Loaded, Refusal> {
        let Self { file, keys, columns, seen, .. } = *self;
        let Some(sorted) = columns.finish(&mut tallies[file])? else {
            return Err(Refusal::new(ErrorCode::NoRows, "no row is left", ""));
        };
        let functions = sorted
            .functions
            .iter()
            .map(|&f| {
                let [app, func] = keys.parts(f).map(id_part);
                TraceFunction { id: format!("{app}/{func}"), app, memory_mb: None, cores: None, start_ns: None, duration: None }
            })
            .collect();
        let mut assumed = vec![
            "Times are read as seconds, and an invocation arrives at end_timestamp - duration.".to_owned(),
            "The file gives no memory and no cold-start cost: the scenario's defaults apply.".to_owned(),
        ];
        assumed.push(shift_sentence(sorted.first_ns));
        if sorted.moved {
            assumed.push(SORTED.to_owned());
        }
        let mut warnings = Vec::new();
        let first_s = sorted.first_ns / 1_000_000_000;
        if first_s >= 100_000_000_000 {
            warnings.push(format!(
                "The first arrival is at {}: this looks like Unix time in milliseconds, but the format says seconds. \
                 If so, gaps between arrivals are 1,000 times too long.",
                seconds(sorted.first_ns)
            ));
        } else if first_s >= 900_000_000 {
            warnings.push(format!("The first arrival is at {}: this looks like Unix time.", seconds(sorted.first_ns)));
        }
        if seen.not_zero >= 20 && seen.fractional <= seen.not_zero / 10 && seen.longest_ns >= 1_000_000_000_000 {
            warnings.push(format!(
                "Hardly any duration has decimals and the longest is {}: the file may be in milliseconds, but the format says seconds.",
                seconds(seen.longest_ns.into())
            ));
        }
        let (span_ns, median_execution_ns) = extent(&sorted.rows);
        let data = TraceData { format: Format::Azure2021, functions, rows: sorted.rows };
        Ok(Loaded { data, span_ns, median_execution_ns, assumed, warnings })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Rows;
    use super::super::tests::{load, text};

    #[test]
    fn an_invocation_starts_at_end_minus_duration() {
        // Starts at 1.5 s (a/f), 0.25 s (a/g) and 1 s (b/f).
        let (data, report) = load(&["app,func,end_timestamp,duration\na,f,2,0.5\na,g,1.5,1.25\nb,f,1.0000000005,0.0\n"]).unwrap();
        let expected = Rows::Invocations {
            arrival_ns: vec![0, 750_000_000, 1_250_000_000],
            function: vec![0, 1, 2],
            execution_ns: vec![1_250_000_000, 0, 500_000_000],
            start_ns: Vec::new(),
        };
        assert_eq!(data.rows, expected);
        assert_eq!(data.functions.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["a/g", "b/f", "a/f"]);
        assert_eq!(data.functions.iter().map(|f| f.app.as_str()).collect::<Vec<_>>(), ["a", "b", "a"]);
        assert_eq!((report.span_ns, report.median_execution_ns), (1_250_000_000, Some(500_000_000)));
        assert_eq!((report.functions, report.apps, report.invocations), (3, 2, 3));
        assert!(text(&report.assumed).contains("The first arrival, at 0.25 s in the file, is time zero."));
    }

    #[test]
    fn columns_may_stand_in_any_order_with_others_between() {
        let (expected, _) = load(&["app,func,end_timestamp,duration\na,f,2,0.5\n"]).unwrap();
        let (data, report) = load(&["duration,x,end_timestamp, func ,app\n0.5,?,2,f,a\n"]).unwrap();
        assert_eq!(data, expected);
        assert!(text(&report.warnings).contains("1 column not used: \"x\""));
    }

    #[test]
    fn a_start_before_zero_is_moved_to_zero() {
        let (data, _) = load(&["app,func,end_timestamp,duration\na,f,0.05,0.078\na,f,0.05,0.05\n"]).unwrap();
        let Rows::Invocations { arrival_ns, .. } = data.rows else { panic!() };
        assert_eq!(arrival_ns, [0, 28_000_000]);
    }

    #[test]
    fn functions_with_slashes_keep_different_ids() {
        let (data, _) = load(&["app,func,end_timestamp,duration\na/b,c,1,0\na,b/c,2,0\n"]).unwrap();
        assert_eq!(data.functions.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["a%2Fb/c", "a/b%2Fc"]);
    }

    #[test]
    fn empty_names_are_rejected() {
        let (_, report) = load(&["app,func,end_timestamp,duration\n,f,1,0\na,,1,0\na,f,1,0\n"]).unwrap();
        assert_eq!(report.reasons, [("app is empty".to_owned(), 1), ("func is empty".to_owned(), 1)]);
    }

    #[test]
    fn a_duration_beyond_a_century_is_rejected() {
        let (_, report) = load(&["app,func,end_timestamp,duration\na,f,4e9,4e9\na,f,1,0\n"]).unwrap();
        assert_eq!(report.reasons, [("duration is out of range".to_owned(), 1)]);
    }
}
