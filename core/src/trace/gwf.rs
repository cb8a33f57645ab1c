//! Workflow tasks of the Grid Workloads Archive (GWF) as CSV, times in seconds.
//!
//! The columns have their classic names, padded with blanks (`WorkflowID, JobID, SubmitTime, ...`), or lower-case ones. A task's name
//! is unique in its workflow, and its dependencies are names in the same workflow, separated by blanks. A function is what asks for
//! the same number of processors, each of which is a core; allocated ones count before requested ones, and -1 is unknown.
//!
//! Source: Iosup et al., The Grid Workloads Archive, FGCS 2008.

use super::decimal::Unit;
use super::error::Refusal;
use super::report::Tally;
use super::tasks::{Task, Tasks, cores, time};
use super::{Bad, Entry, Format, Header, Kind, Loaded, Loader, Record};

const NAMES: [[&str; 7]; 2] = [
    ["workflow_id", "job_id", "submit_s", "run_s", "nprocs", "req_nprocs", "dependencies"],
    ["WorkflowID", "JobID", "SubmitTime", "RunTime", "NProcs", "ReqNProcs", "Dependencies"],
];

pub(super) const ENTRY: Entry = Entry {
    name: "Grid workflows (GWF)",
    kinds: &[
        Kind {
            name: "Grid workflows (GWF)",
            required: &NAMES[0],
            optional: &[],
            also: None,
            never: &[],
            columns: "workflow_id,job_id,submit_s,run_s,nprocs,req_nprocs,dependencies (seconds)",
            headerless: |_| false,
        },
        Kind {
            name: "Grid workflows (GWF), classic names",
            required: &NAMES[1],
            optional: &[],
            also: None,
            never: &[],
            columns: "WorkflowID,JobID,SubmitTime,RunTime,NProcs,ReqNProcs,Dependencies (seconds)",
            headerless: |_| false,
        },
    ],
    loader: |limits| Box::new(Gwf { file: 0, at: [0; 7], tasks: Tasks::new(limits) }),
};

struct Gwf {
    file: usize,
    at: [usize; 7],
    tasks: Tasks,
}

impl Loader for Gwf {
    fn begin(&mut self, kind: usize, header: &Header, file: usize) -> Result<(), Refusal> {
        self.file = file;
        self.at = NAMES[kind].map(|name| header.at(name));
        Ok(())
    }

    fn row(&mut self, record: &Record<'_>) -> Result<(), Bad> {
        let [workflow, id, submit, run, processors, requested, dependencies] = self.at;
        let workflow = record.field(workflow).trim_ascii();
        let allocated = cores(record, Some(processors), "nprocs")?;
        let task = Task {
            scope: workflow,
            id: (id, "job_id"),
            workflow,
            parents: record.field(dependencies),
            arrival_ns: time(record, submit, "submit_s", Unit::Seconds)?,
            execution_ns: time(record, run, "run_s", Unit::Seconds)?,
            delay_ns: 0,
            kind: b"task",
            cores: if allocated.is_some() { allocated } else { cores(record, Some(requested), "req_nprocs")? },
            memory_mb: None,
        };
        self.tasks.push(record, &task)
    }

    fn finish(self: Box<Self>, tallies: &mut [Tally]) -> Result<Loaded, Refusal> {
        let assumed = vec!["Times are read as seconds, and a processor is a core.".to_owned()];
        self.tasks.finish(Format::Gwf, &mut tallies[self.file], assumed)
    }
}
