//! Tables of workflow tasks with their parents: the columns of the Workflow Trace Format (WTF) as CSV, times in milliseconds.
//!
//! A task's parents are names of other rows, separated by blanks; its children say the same the other way round and are not used. A
//! function is what has one `type` and asks for the same cores; names of single tasks, as WfCommons gives them (`mProject_ID0000001`),
//! count without the number. Without a type a function is a workflow. -1 is unknown. Memory is read as bytes, which the values of known
//! traces suggest; a function has the most that one of its tasks asks for.
//!
//! Source: Versluis et al., The Workflow Trace Archive, TPDS 2020.

use super::decimal::Unit;
use super::error::Refusal;
use super::report::Tally;
use super::tasks::{Task, Tasks, cores, known, time};
use super::{Bad, Entry, Format, Header, Kind, Loaded, Loader, Record};

const REQUIRED: [&str; 5] = ["id", "workflow_id", "ts_submit", "runtime", "parents"];
const OPTIONAL: [&str; 4] = ["type", "resource_amount_requested", "memory_requested", "children"];

pub(super) const ENTRY: Entry = Entry {
    name: "Workflow tasks (WTF)",
    kinds: &[Kind {
        name: "Workflow tasks (WTF)",
        required: &REQUIRED,
        optional: &OPTIONAL,
        also: None,
        never: &[],
        columns: "id,workflow_id,ts_submit,runtime,parents and others (milliseconds)",
        headerless: |_| false,
    }],
    loader: |limits| Box::new(Wtf { file: 0, at: [0; 5], optional: [None; 4], tasks: Tasks::new(limits) }),
};

struct Wtf {
    file: usize,
    at: [usize; 5],
    optional: [Option<usize>; 4],
    tasks: Tasks,
}

/// What a task's type says of its function: without the number of a single task.
fn kind_of(name: &[u8]) -> &[u8] {
    let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 { name } else { name[..name.len() - digits].strip_suffix(b"_ID").filter(|kind| !kind.is_empty()).unwrap_or(name) }
}

impl Loader for Wtf {
    fn begin(&mut self, _kind: usize, header: &Header, file: usize) -> Result<(), Refusal> {
        self.file = file;
        self.at = REQUIRED.map(|name| header.at(name));
        self.optional = OPTIONAL.map(|name| header.position(name));
        Ok(())
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        let [id, workflow, submit, runtime, parents] = self.at;
        let [kind, amount, memory, _] = self.optional;
        let workflow = record.field(workflow).trim_ascii();
        let kind = kind.map_or(&b""[..], |field| kind_of(record.field(field).trim_ascii()));
        let of_workflow = [b"workflow ", workflow].concat();
        let task = Task {
            scope: b"",
            id: (id, "id"),
            workflow,
            parents: record.field(parents),
            arrival_ns: time(record, submit, "ts_submit", Unit::Milliseconds)?,
            execution_ns: time(record, runtime, "runtime", Unit::Milliseconds)?,
            delay_ns: 0,
            kind: if kind.is_empty() { &of_workflow } else { kind },
            cores: cores(record, amount, "resource_amount_requested")?,
            memory_mb: known(record, memory, "memory_requested", 1e15)?.map(|bytes| bytes / 1e6),
        };
        self.tasks.push(record, &task)
    }

    fn finish(self: Box<Self>, tallies: &mut [Tally]) -> Result<Loaded, Refusal> {
        let mut assumed = vec!["Times are read as milliseconds; dependencies are taken from parents.".to_owned()];
        if self.optional[2].is_some() {
            assumed.push("Memory is read as bytes; a function has the most that one of its tasks asks for.".to_owned());
        }
        self.tasks.finish(Format::Wtf, &mut tallies[self.file], assumed)
    }
}
