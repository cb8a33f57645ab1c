//! FaaSLab's own CSV: `function,mem_mb,warm_ms,cold_ms,arrival_ms`, one row per invocation, in any order of columns.
//!
//! `warm_ms` is the execution time in a warm container; `cold_ms` is the whole busy time of a cold start, execution included, and may be
//! below `warm_ms`, so that the start cost `cold_ms - warm_ms` is signed. Numbers may have decimals. This is also the format of the
//! keep-alive golden cases.

use super::columns::{Columns, Invocation};
use super::decimal::Unit;
use super::error::{ErrorCode, Refusal};
use super::fields::{SORTED, extent, key, megabytes, number, shift_sentence, within_a_century};
use super::intern::Interner;
use super::report::{Tally, plural};
use super::{Bad, Entry, Format, Header, Kind, Limits, Loaded, Loader, Record, Rows, TraceData, TraceFunction};

const COLUMNS: [&str; 5] = ["function", "mem_mb", "warm_ms", "cold_ms", "arrival_ms"];

pub(super) const ENTRY: Entry = Entry {
    name: "FaaSLab CSV",
    kinds: &[Kind {
        name: "FaaSLab CSV",
        required: &COLUMNS,
        optional: &[],
        also: None,
        never: &[],
        columns: "function,mem_mb,warm_ms,cold_ms,arrival_ms (milliseconds)",
        headerless: |_| false,
    }],
    loader: |limits| Box::new(Own::new(limits)),
};

struct Own {
    file: usize,
    /// Where the columns stand, in the order of [`COLUMNS`].
    at: [usize; 5],
    keys: Interner<1>,
    /// Per function: memory in its first row, and whether a later row says otherwise.
    memory: Vec<(f64, bool)>,
    columns: Columns,
}

impl Own {
    fn new(limits: &Limits) -> Self {
        Self { file: 0, at: [0; 5], keys: Interner::new(), memory: Vec::new(), columns: Columns::new(limits, true) }
    }
}

impl Loader for Own {
    fn begin(&mut self, _kind: usize, header: &Header, file: usize) -> Result<(), Refusal> {
        self.file = file;
        self.at = COLUMNS.map(|name| header.at(name));
        Ok(())
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        let [function, mem_mb, warm_ms, cold_ms, arrival_ms] = self.at;
        let mb = megabytes(record, mem_mb, "mem_mb")?;
        let warm = number(record, warm_ms, "warm_ms")?;
        let cold = number(record, cold_ms, "cold_ms")?;
        let arrival = number(record, arrival_ms, "arrival_ms")?;
        let execution_ns = within_a_century(warm.ns(Unit::Milliseconds), warm_ms, "warm_ms")?.unsigned_abs();
        let start_ns = within_a_century(cold.minus_ns(&warm, Unit::Milliseconds), cold_ms, "cold_ms")?;
        let function = key(&mut self.keys, record, [function], ["function"])?;
        match self.memory.get_mut(function as usize) {
            Some((first, varies)) => *varies |= *first != mb,
            None => self.memory.push((mb, false)),
        }
        let arrival_ns = arrival.ns(Unit::Milliseconds);
        self.columns.push(&Invocation { line: record.line, arrival_ns, function, execution_ns, start_ns })?;
        Ok(())
    }

    fn finish(self: Box<Self>, tallies: &mut [Tally]) -> Result<Loaded, Refusal> {
        let Self { file, keys, memory, columns, .. } = *self;
        let Some(mut sorted) = columns.finish(&mut tallies[file])? else {
            return Err(Refusal::new(ErrorCode::NoRows, "no row is left", ""));
        };
        let mut first_start = vec![None; sorted.functions.len()];
        let mut varies = vec![false; sorted.functions.len()];
        if let Rows::Invocations { function, start_ns, .. } = &mut sorted.rows {
            for (&f, &start) in function.iter().zip(start_ns.iter()) {
                let first = *first_start[f as usize].get_or_insert(start);
                varies[f as usize] |= first != start;
            }
            if !varies.contains(&true) {
                *start_ns = Vec::new();
            }
        }
        let functions = sorted
            .functions
            .iter()
            .zip(first_start)
            .map(|(&f, start_ns)| {
                let [name] = keys.parts(f);
                let id = String::from_utf8_lossy(name).into_owned();
                TraceFunction { app: id.clone(), id, memory_mb: Some(memory[f as usize].0), cores: None, start_ns, duration: None }
            })
            .collect();

        let mut assumed = vec![
            shift_sentence(sorted.first_ns),
            "The file names no apps: each function is an app of its own.".to_owned(),
        ];
        if sorted.moved {
            assumed.push(SORTED.to_owned());
        }
        let mut warnings = Vec::new();
        let other_memory = sorted.functions.iter().filter(|&&f| memory[f as usize].1).count() as u64;
        if other_memory > 0 {
            warnings.push(format!("The memory of {} varies between rows: the first row's is used.", plural(other_memory, "function")));
        }
        let varying = varies.iter().filter(|&&v| v).count() as u64;
        if varying > 0 {
            warnings.push(format!(
                "The start cost (cold_ms - warm_ms) of {} varies between rows: each row keeps its own.",
                plural(varying, "function")
            ));
        }
        let (span_ns, median_execution_ns) = extent(&sorted.rows);
        let data = TraceData { format: Format::Own, functions, rows: sorted.rows };
        Ok(Loaded { data, span_ns, median_execution_ns, assumed, warnings })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{load, text};
    use super::*;

    #[test]
    fn start_cost_is_cold_minus_warm_and_signed() {
        let (data, report) = load(&["function,mem_mb,warm_ms,cold_ms,arrival_ms\nf,512,1150,4331,276\ng,64.5,20,5.5,300\nf,512,1150,4331,280.25\n"]).unwrap();
        let expected = Rows::Invocations {
            arrival_ns: vec![0, 4_250_000, 24_000_000],
            function: vec![0, 0, 1],
            execution_ns: vec![1_150_000_000, 1_150_000_000, 20_000_000],
            start_ns: Vec::new(),
        };
        assert_eq!(data.rows, expected);
        let [f, g] = data.functions.as_slice() else { panic!() };
        assert_eq!((f.id.as_str(), f.app.as_str(), f.memory_mb, f.start_ns), ("f", "f", Some(512.0), Some(3_181_000_000)));
        assert_eq!((g.memory_mb, g.start_ns), (Some(64.5), Some(-14_500_000)));
        assert_eq!((report.span_ns, report.median_execution_ns), (24_000_000, Some(1_150_000_000)));
        assert!(text(&report.assumed).contains("at 0.276 s in the file"));
    }

    #[test]
    fn start_costs_that_vary_are_kept_per_row() {
        let (data, report) = load(&["arrival_ms,cold_ms,warm_ms,mem_mb,function\n1,30,10,1,f\n0,20,10,1,f\n2,15,10,1,g\n"]).unwrap();
        let Rows::Invocations { start_ns, .. } = data.rows else { panic!() };
        assert_eq!(start_ns, [10_000_000, 20_000_000, 5_000_000]);
        assert_eq!(data.functions[0].start_ns, Some(10_000_000));
        assert!(text(&report.warnings).contains("start cost (cold_ms - warm_ms) of 1 function varies"));
    }

    #[test]
    fn memory_that_varies_is_told() {
        let (data, report) = load(&["function,mem_mb,warm_ms,cold_ms,arrival_ms\nf,100,1,2,0\nf,200,1,2,1\n"]).unwrap();
        assert_eq!(data.functions[0].memory_mb, Some(100.0));
        assert!(text(&report.warnings).contains("memory of 1 function varies"));
    }

    #[test]
    fn negative_numbers_are_rejected_by_column() {
        let (_, report) = load(&["function,mem_mb,warm_ms,cold_ms,arrival_ms\nf,-1,1,2,0\nf,1,-1,2,0\nf,1,1,-2,0\nf,1,1,2,-3\nf,1,1,2,0\n"]).unwrap();
        let reasons: Vec<&str> = report.reasons.iter().map(|r| r.0.as_str()).collect();
        assert_eq!(reasons, ["arrival_ms is negative", "cold_ms is negative", "mem_mb is negative", "warm_ms is negative"]);
        assert_eq!(report.rejected[3].reason, "arrival_ms is negative: \"-3\"");
    }

    #[test]
    fn a_missing_column_is_named() {
        let error = super::super::tests::refused(&["function,mem_mb,warm_ms,arrival_ms\nf,1,1,0\n"]);
        assert_eq!(error.code, ErrorCode::MissingColumn);
        assert!(error.message.contains("column cold_ms is missing"), "{error}");
    }
}
