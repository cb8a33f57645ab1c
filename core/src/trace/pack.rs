//! Packed trace data, for handing a trace to another worker as one buffer.
//!
//! Little endian throughout: `FLTR`, version (u32), the format's key, the functions, then the columns one after the other. A text is its
//! length and UTF-8 bytes; lengths are u64. Reading takes nothing on trust: every length is compared with the bytes that are left before
//! anything is allocated, and what rows promise (positions, order, sums) is checked.

use super::error::{ErrorCode, Refusal, TraceError};
use super::{Format, Percentiles, Rows, TraceData, TraceFunction};

const MAGIC: &[u8; 4] = b"FLTR";
const VERSION: u32 = 1;

const HAS_MEMORY: u8 = 1;
const HAS_START: u8 = 2;
const HAS_DURATION: u8 = 4;
const HAS_CORES: u8 = 8;

const INVOCATIONS: u8 = 0;
const PER_MINUTE: u8 = 1;
const TASKS: u8 = 2;

impl TraceData {
    /// The trace as one buffer: columns, little endian, with magic and version. Takes time and space proportional to the trace.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let rows = match &self.rows {
            Rows::Invocations { arrival_ns, start_ns, .. } => arrival_ns.len() * 20 + start_ns.len() * 8,
            Rows::Tasks { arrival_ns, delay_ns, parents, .. } => arrival_ns.len() * 28 + delay_ns.len() * 8 + parents.len() * 4,
            Rows::PerMinute { minute, .. } => minute.len() * 12,
        };
        let functions: usize = self.functions.iter().map(|f| f.id.len() + f.app.len() + 160).sum();
        let mut out = Vec::with_capacity(rows + functions + 64);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        put_text(&mut out, self.format.key());
        put_count(&mut out, self.functions.len());
        for function in &self.functions {
            put_function(&mut out, function);
        }
        match &self.rows {
            Rows::Invocations { arrival_ns, function, execution_ns, start_ns } => {
                out.push(INVOCATIONS);
                put_count(&mut out, arrival_ns.len());
                put_column(&mut out, arrival_ns, |v| v.to_le_bytes());
                put_column(&mut out, function, |v| v.to_le_bytes());
                put_column(&mut out, execution_ns, |v| v.to_le_bytes());
                out.push(u8::from(!start_ns.is_empty()));
                put_column(&mut out, start_ns, |v| v.to_le_bytes());
            }
            Rows::Tasks { arrival_ns, function, execution_ns, job, delay_ns, parents_end, parents } => {
                out.push(TASKS);
                put_count(&mut out, arrival_ns.len());
                put_column(&mut out, arrival_ns, |v| v.to_le_bytes());
                put_column(&mut out, function, |v| v.to_le_bytes());
                put_column(&mut out, execution_ns, |v| v.to_le_bytes());
                put_column(&mut out, job, |v| v.to_le_bytes());
                put_column(&mut out, parents_end, |v| v.to_le_bytes());
                put_count(&mut out, parents.len());
                put_column(&mut out, parents, |v| v.to_le_bytes());
                out.push(u8::from(!delay_ns.is_empty()));
                put_column(&mut out, delay_ns, |v| v.to_le_bytes());
            }
            Rows::PerMinute { minute, function, count, total } => {
                out.push(PER_MINUTE);
                put_count(&mut out, minute.len());
                put_column(&mut out, minute, |v| v.to_le_bytes());
                put_column(&mut out, function, |v| v.to_le_bytes());
                put_column(&mut out, count, |v| v.to_le_bytes());
                out.extend_from_slice(&total.to_le_bytes());
            }
        }
        out
    }

    /// What [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// When the bytes are damaged, cut short, too long, or of another version. Never panics, and never allocates more than a small multiple
    /// of the bytes given.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TraceError> {
        Unpacker { rest: bytes }.trace().map_err(|Damage(what)| {
            let hint = "Load the trace from its files again.";
            Refusal::new(ErrorCode::BadBytes, format!("the packed trace cannot be read: {what}"), hint).at("", None)
        })
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u64).to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn put_column<T: Copy, const N: usize>(out: &mut Vec<u8>, column: &[T], bytes: impl Fn(T) -> [u8; N]) {
    for &value in column {
        out.extend_from_slice(&bytes(value));
    }
}

fn put_function(out: &mut Vec<u8>, function: &TraceFunction) {
    put_text(out, &function.id);
    put_text(out, &function.app);
    let flag = |has: bool, flag: u8| if has { flag } else { 0 };
    out.push(
        flag(function.memory_mb.is_some(), HAS_MEMORY)
            | flag(function.start_ns.is_some(), HAS_START)
            | flag(function.duration.is_some(), HAS_DURATION)
            | flag(function.cores.is_some(), HAS_CORES),
    );
    if let Some(mb) = function.memory_mb {
        out.extend_from_slice(&mb.to_le_bytes());
    }
    if let Some(ns) = function.start_ns {
        out.extend_from_slice(&ns.to_le_bytes());
    }
    if let Some(cores) = function.cores {
        out.extend_from_slice(&cores.to_le_bytes());
    }
    if let Some(duration) = &function.duration {
        out.extend_from_slice(&duration.average_ms.to_le_bytes());
        put_count(out, duration.points.len());
        for (percent, ms) in &duration.points {
            out.extend_from_slice(&percent.to_le_bytes());
            out.extend_from_slice(&ms.to_le_bytes());
        }
    }
}

/// What is wrong with packed bytes.
struct Damage(&'static str);

const SHORT: Damage = Damage("it is cut short");

struct Unpacker<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacker<'a> {
    fn trace(mut self) -> Result<TraceData, Damage> {
        if self.take(4)? != MAGIC {
            return Err(Damage("it does not begin as one"));
        }
        if u32::from_le_bytes(self.array()?) != VERSION {
            return Err(Damage("it is of another version"));
        }
        let key = self.text()?;
        let format = Format::ALL.iter().find(|format| format.key() == key);
        let format = *format.ok_or(Damage("its format is not known"))?;
        let mut functions = Vec::new();
        // Each takes at least 17 bytes, so a mad count runs out of bytes first.
        for _ in 0..self.count()? {
            functions.push(self.function()?);
        }
        let rows = match self.array()? {
            [INVOCATIONS] => self.invocations()?,
            [PER_MINUTE] => self.per_minute()?,
            [TASKS] => self.tasks()?,
            _ => return Err(Damage("its rows are of an unknown kind")),
        };
        if !self.rest.is_empty() {
            return Err(Damage("something follows it"));
        }
        let (Rows::Invocations { function, .. } | Rows::Tasks { function, .. } | Rows::PerMinute { function, .. }) = &rows;
        if function.iter().any(|&f| f as usize >= functions.len()) {
            return Err(Damage("a row is of a function that it does not have"));
        }
        Ok(TraceData { format, functions, rows })
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn count(&mut self) -> Result<usize, Damage> {
        usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|_| SHORT)
    }

    fn text(&mut self) -> Result<&'a str, Damage> {
        let count = self.count()?;
        std::str::from_utf8(self.take(count)?).map_err(|_| Damage("a name is not UTF-8"))
    }

    fn column<T, const N: usize>(&mut self, count: usize, value: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Damage> {
        let bytes = self.take(count.checked_mul(N).ok_or(SHORT)?)?;
        Ok(bytes.as_chunks::<N>().0.iter().map(|chunk| value(*chunk)).collect())
    }

    fn number(&mut self) -> Result<f64, Damage> {
        let value = f64::from_le_bytes(self.array()?);
        if value.is_finite() && value >= 0.0 { Ok(value) } else { Err(Damage("a number is not finite or negative")) }
    }

    fn function(&mut self) -> Result<TraceFunction, Damage> {
        let id = self.text()?.to_owned();
        let app = self.text()?.to_owned();
        let [flags] = self.array()?;
        if flags & !(HAS_MEMORY | HAS_START | HAS_DURATION | HAS_CORES) != 0 {
            return Err(Damage("a function has unknown parts"));
        }
        let memory_mb = if flags & HAS_MEMORY != 0 { Some(self.number()?) } else { None };
        let start_ns = if flags & HAS_START != 0 { Some(i64::from_le_bytes(self.array()?)) } else { None };
        let cores = if flags & HAS_CORES != 0 { Some(self.number()?) } else { None };
        let duration = if flags & HAS_DURATION != 0 { Some(self.percentiles()?) } else { None };
        Ok(TraceFunction { id, app, memory_mb, cores, start_ns, duration })
    }

    fn percentiles(&mut self) -> Result<Percentiles, Damage> {
        let average_ms = self.number()?;
        let mut points: Vec<(f64, f64)> = Vec::new();
        for _ in 0..self.count()? {
            let (percent, ms) = (self.number()?, self.number()?);
            if percent > 100.0 || points.last().is_some_and(|last| percent <= last.0 || ms < last.1) {
                return Err(Damage("percentiles decrease"));
            }
            points.push((percent, ms));
        }
        Ok(Percentiles { average_ms, points })
    }

    fn invocations(&mut self) -> Result<Rows, Damage> {
        let count = self.count()?;
        let arrival_ns = self.column(count, u64::from_le_bytes)?;
        let function = self.column(count, u32::from_le_bytes)?;
        let execution_ns = self.column(count, u64::from_le_bytes)?;
        let start_ns = match self.array()? {
            [0] => Vec::new(),
            [1] if count > 0 => self.column(count, i64::from_le_bytes)?,
            _ => return Err(Damage("its start times are of an unknown kind")),
        };
        if !arrival_ns.is_sorted() || arrival_ns.first().is_some_and(|&first| first != 0) {
            return Err(Damage("its arrivals are out of order"));
        }
        Ok(Rows::Invocations { arrival_ns, function, execution_ns, start_ns })
    }

    fn tasks(&mut self) -> Result<Rows, Damage> {
        let count = self.count()?;
        let arrival_ns = self.column(count, u64::from_le_bytes)?;
        let function = self.column(count, u32::from_le_bytes)?;
        let execution_ns = self.column(count, u64::from_le_bytes)?;
        let job = self.column(count, u32::from_le_bytes)?;
        let parents_end = self.column(count, u32::from_le_bytes)?;
        let edges = self.count()?;
        let parents = self.column(edges, u32::from_le_bytes)?;
        let delay_ns = match self.array()? {
            [0] => Vec::new(),
            [1] if count > 0 => self.column(count, u64::from_le_bytes)?,
            _ => return Err(Damage("its delays are of an unknown kind")),
        };
        if !arrival_ns.is_sorted() || arrival_ns.first().is_some_and(|&first| first != 0) {
            return Err(Damage("its arrivals are out of order"));
        }
        if !parents_end.is_sorted() || parents_end.last().map_or(0, |&end| end as usize) != edges {
            return Err(Damage("its dependencies are out of order"));
        }
        let (mut begin, mut jobs) = (0, 0);
        for (row, (&end, &own)) in parents_end.iter().zip(&job).enumerate() {
            let above = &parents[begin..end as usize];
            begin = end as usize;
            jobs = jobs.max(own + u32::from(own == jobs));
            if own >= jobs
                || !above.is_sorted_by(|a, b| a < b)
                || above.iter().any(|&p| p as usize >= row || job[p as usize] != own)
            {
                return Err(Damage("a task waits for what is not before it in its job"));
            }
        }
        Ok(Rows::Tasks { arrival_ns, function, execution_ns, job, delay_ns, parents_end, parents })
    }

    fn per_minute(&mut self) -> Result<Rows, Damage> {
        let rows = self.count()?;
        let minute = self.column(rows, u32::from_le_bytes)?;
        let function = self.column(rows, u32::from_le_bytes)?;
        let count = self.column(rows, u32::from_le_bytes)?;
        let total = u64::from_le_bytes(self.array()?);
        if !minute.iter().zip(&function).is_sorted_by(|a, b| a < b) {
            return Err(Damage("its minutes are out of order"));
        }
        if count.contains(&0) || count.iter().map(|&c| u64::from(c)).sum::<u64>() != total {
            return Err(Damage("its counts do not add up"));
        }
        Ok(Rows::PerMinute { minute, function, count, total })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn function(id: &str) -> TraceFunction {
        TraceFunction { id: id.to_owned(), app: "é".to_owned(), memory_mb: None, cores: None, start_ns: None, duration: None }
    }

    fn samples() -> [TraceData; 3] {
        let full = TraceFunction {
            memory_mb: Some(9.75),
            cores: None,
            start_ns: Some(-3),
            duration: Some(Percentiles { average_ms: 2.5, points: vec![(0.0, 1.0), (50.0, 1.0), (100.0, 7.5)] }),
            ..function("full")
        };
        let rows = |start_ns| Rows::Invocations {
            arrival_ns: vec![0, 0, u64::MAX],
            function: vec![1, 0, 1],
            execution_ns: vec![5, 0, 6],
            start_ns,
        };
        let counts = Rows::PerMinute {
            minute: vec![0, 0, 9],
            function: vec![0, 1, 0],
            count: vec![1, 2, u32::MAX],
            total: 3 + u64::from(u32::MAX),
        };
        let functions = vec![full, function("bare")];
        [
            TraceData { format: Format::Own, functions: functions.clone(), rows: rows(vec![-1, 2, 3]) },
            TraceData { format: Format::Azure2021, functions: functions.clone(), rows: rows(Vec::new()) },
            TraceData { format: Format::Azure2019, functions, rows: counts },
        ]
    }

    #[test]
    fn what_is_written_is_read_again() {
        for data in samples() {
            assert_eq!(TraceData::from_bytes(&data.to_bytes()).unwrap(), data);
        }
    }

    #[test]
    fn no_beginning_of_it_is_a_trace() {
        for data in samples() {
            let bytes = data.to_bytes();
            for end in 0..bytes.len() {
                assert_eq!(TraceData::from_bytes(&bytes[..end]).unwrap_err().code, ErrorCode::BadBytes);
            }
        }
    }

    #[test]
    fn a_mad_length_is_refused_without_allocating_it() {
        let mut bytes = samples()[1].to_bytes();
        let rows = bytes.len() - (3 * 20 + 1 + 8);
        bytes[rows..rows + 8].copy_from_slice(&(u64::MAX / 8).to_le_bytes());
        assert!(TraceData::from_bytes(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn damage_never_panics(which in 0usize..3, at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let mut bytes = samples()[which].to_bytes();
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok(data) = TraceData::from_bytes(&bytes) {
                // What is accepted is written back as the same bytes.
                prop_assert_eq!(data.to_bytes(), bytes);
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = TraceData::from_bytes(&[MAGIC.as_slice(), &VERSION.to_le_bytes(), &bytes].concat());
        }
    }
}
