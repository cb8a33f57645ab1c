//! The Standard Workload Format (SWF) of the Parallel Workloads Archive: text, 18 fields separated by blanks, times in seconds.
//!
//! Lines that begin with `;` are comments. -1 is unknown. A job holds as many cores as processors were allocated, or else requested, for
//! its run time; a job without a run time is rejected, and told to be cancelled if its status is 5. A job with a *preceding job* (field
//! 17) is submitted its think time (field 18) after that one has ended. A function is what one executable, or else one user, runs on the
//! same number of processors. Memory is per processor, in kilobytes; requested counts before used, and a function has the most of its jobs.
//!
//! Source: Chapin et al., Benchmarks and Standards for the Evaluation of Parallel Job Schedulers, JSSPP 1999.

use super::decimal::Unit;
use super::error::Refusal;
use super::report::{Cause, Reject, Tally};
use super::tasks::{Task, Tasks, cores, known, time};
use super::{Bad, Entry, Format, Header, Kind, Loaded, Loader, Record};

const FIELDS: [&str; 18] = [
    "job", "submit", "wait", "run", "processors", "cpu", "memory", "req_processors", "req_time", "req_memory", "status", "user", "group",
    "executable", "queue", "partition", "preceding", "think",
];

pub(super) const ENTRY: Entry = Entry {
    name: "Standard Workload Format (SWF)",
    kinds: &[Kind {
        name: "Standard Workload Format (SWF)",
        required: &FIELDS,
        optional: &[],
        also: None,
        never: &[],
        columns: "18 fields separated by blanks, after comments that begin with \";\" (seconds)",
        headerless: |_| false,
    }],
    loader: |limits| Box::new(Swf { file: 0, tasks: Tasks::new(limits) }),
};

struct Swf {
    file: usize,
    tasks: Tasks,
}

const UNKNOWN: &[u8] = b"-1";

impl Loader for Swf {
    fn begin(&mut self, _kind: usize, _header: &Header, file: usize) -> Result<(), Refusal> {
        self.file = file;
        Ok(())
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        let is_known = |field: usize| record.field(field) != UNKNOWN;
        for field in [1, 3] {
            if !is_known(field) {
                let cancelled = field == 3 && record.field(10) == b"5";
                let cause = if cancelled { Cause::Cancelled } else { Cause::Unknown };
                return Err(Reject { cause, what: FIELDS[field], field: None }.into());
            }
        }
        let allocated = cores(record, Some(4), FIELDS[4])?;
        let cores = if allocated.is_some() { allocated } else { cores(record, Some(7), FIELDS[7])? };
        let requested = known(record, Some(9), FIELDS[9], 1e12)?;
        let memory = if requested.is_some() { requested } else { known(record, Some(6), FIELDS[6], 1e12)? };
        let kind = match (is_known(13), is_known(11)) {
            (true, _) => [b"executable ", record.field(13)].concat(),
            (_, true) => [b"user ", record.field(11)].concat(),
            _ => b"job".to_vec(),
        };
        let task = Task {
            scope: b"",
            id: (0, FIELDS[0]),
            workflow: b"",
            parents: record.field(16),
            arrival_ns: time(record, 1, FIELDS[1], Unit::Seconds)?,
            execution_ns: time(record, 3, FIELDS[3], Unit::Seconds)?,
            delay_ns: if is_known(17) { time(record, 17, FIELDS[17], Unit::Seconds)? } else { 0 },
            kind: &kind,
            cores,
            // Kilobytes of 1024 bytes on each processor, in MB.
            memory_mb: memory.map(|kilobytes| (kilobytes * 1.024e-3 * cores.unwrap_or(1.0)).min(1e9)),
        };
        self.tasks.push(record, &task)
    }

    fn finish(self: Box<Self>, tallies: &mut [Tally]) -> Result<Loaded, Refusal> {
        let assumed = vec![
            "Times are read as seconds, a processor is a core, and -1 is unknown.".to_owned(),
            "What one executable, or else one user, runs on the same number of processors is a function.".to_owned(),
        ];
        self.tasks.finish(Format::Swf, &mut tallies[self.file], assumed)
    }
}
