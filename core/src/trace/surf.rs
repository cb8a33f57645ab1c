//! Tables of tasks as OpenDC's traces have them, the SURF Lisa cluster's among them, as CSV: times in milliseconds.
//!
//! A task holds `cpu_count` cores for its `duration`; `mem_capacity` is in MB. `parents`, if there are any, are names of other rows. A
//! function is what asks for the same number of cores; it has the most memory that one of its tasks asks for.
//!
//! Source: Mastenbroek et al., OpenDC 2.0, CCGrid 2021; Versluis et al., Less is not more, FGCS 2023 (SURF).

use super::decimal::Unit;
use super::error::Refusal;
use super::report::Tally;
use super::tasks::{Task, Tasks, cores, known, time};
use super::{Bad, Entry, Format, Header, Kind, Loaded, Loader, Record};

const REQUIRED: [&str; 4] = ["id", "submission_time", "duration", "cpu_count"];
const OPTIONAL: [&str; 3] = ["mem_capacity", "parents", "children"];

pub(super) const ENTRY: Entry = Entry {
    name: "OpenDC tasks (SURF)",
    kinds: &[Kind {
        name: "OpenDC tasks (SURF)",
        required: &REQUIRED,
        optional: &OPTIONAL,
        also: None,
        never: &[],
        columns: "id,submission_time,duration,cpu_count and others (milliseconds)",
        headerless: |_| false,
    }],
    loader: |limits| Box::new(Surf { file: 0, at: [0; 4], optional: [None; 3], tasks: Tasks::new(limits) }),
};

struct Surf {
    file: usize,
    at: [usize; 4],
    optional: [Option<usize>; 3],
    tasks: Tasks,
}

impl Loader for Surf {
    fn begin(&mut self, _kind: usize, header: &Header, file: usize) -> Result<(), Refusal> {
        self.file = file;
        self.at = REQUIRED.map(|name| header.at(name));
        self.optional = OPTIONAL.map(|name| header.position(name));
        Ok(())
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        let [id, submit, duration, count] = self.at;
        let [memory, parents, _] = self.optional;
        let task = Task {
            scope: b"",
            id: (id, "id"),
            workflow: b"",
            parents: parents.map_or(b"", |field| record.field(field)),
            arrival_ns: time(record, submit, "submission_time", Unit::Milliseconds)?,
            execution_ns: time(record, duration, "duration", Unit::Milliseconds)?,
            delay_ns: 0,
            kind: b"task",
            cores: cores(record, Some(count), "cpu_count")?,
            memory_mb: known(record, memory, "mem_capacity", 1e9)?,
        };
        self.tasks.push(record, &task)
    }

    fn finish(self: Box<Self>, tallies: &mut [Tally]) -> Result<Loaded, Refusal> {
        let assumed = vec!["Times are read as milliseconds; memory, if it is there, as MB.".to_owned()];
        self.tasks.finish(Format::Surf, &mut tallies[self.file], assumed)
    }
}
