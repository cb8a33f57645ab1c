//! Tasks that wait for others, while a file is read, and as rows in the end.
//!
//! A parent may stand after its child, so names are numbered as they occur and looked up when the file is read. Then:
//! * a name that was given before, or a task that waits for itself, is a rejected row; so are tasks that wait for themselves through
//!   others (those that are left when everything without parents, and then everything without children, is taken away again and again);
//! * a dependency on a task that is not there, or was rejected, is left out and told: nothing waits for what does not come;
//! * tasks of one workflow, and tasks that wait for each other, are one job;
//! * a task without parents is submitted at its time. One with parents is submitted when their results are in: the time that the file
//!   gives it is that of another system, and is not used.

use super::decimal::{Unit, parse_f64};
use super::error::{ErrorCode, Refusal};
use super::fields::{extent, number, shift_sentence};
use super::intern::Interner;
use super::report::{Cause, Reject, Tally, plural, shown};
use super::{Bad, Format, Limits, Loaded, Record, Rows, TraceData, TraceFunction};

const NONE: u32 = u32::MAX;

/// More cores than any machine has.
const MOST_CORES: f64 = 1e6;

/// How many dependencies that were left out are told one by one.
const TOLD: usize = 5;

/// One task as its file gives it.
pub(super) struct Task<'a> {
    /// What its name is unique in; empty if in the file.
    pub(super) scope: &'a [u8],
    /// Where its name stands, and what the column is called.
    pub(super) id: (usize, &'static str),
    /// Its workflow; empty if it has none.
    pub(super) workflow: &'a [u8],
    /// The names of its parents, separated by blanks, commas or semicolons; -1 is none.
    pub(super) parents: &'a [u8],
    pub(super) arrival_ns: u64,
    pub(super) execution_ns: u64,
    /// How long after its parents it is submitted.
    pub(super) delay_ns: u64,
    /// What is run.
    pub(super) kind: &'a [u8],
    pub(super) cores: Option<f64>,
    pub(super) memory_mb: Option<f64>,
}

/// The tasks of a file in its order.
pub(super) struct Tasks {
    limit: u64,
    names: Interner<2>,
    /// Per name, its row, or [`NONE`].
    row: Vec<u32>,
    workflows: Interner<1>,
    /// Per function: what is run, and thousandths of cores with 1 added; 0 if they are unknown.
    functions: Interner<2>,
    memory_mb: Vec<Option<f64>>,
    line: Vec<u32>,
    name: Vec<u32>,
    workflow: Vec<u32>,
    function: Vec<u32>,
    arrival_ns: Vec<u64>,
    execution_ns: Vec<u64>,
    delay_ns: Vec<u64>,
    parents_end: Vec<u32>,
    parents: Vec<u32>,
}

/// A time of the file, which must not be negative, in nanoseconds: from 0 to 292 years.
pub(super) fn time(record: &Record<'_>, field: usize, what: &'static str, unit: Unit) -> Result<u64, Reject> {
    let ns = number(record, field, what)?.ns(unit);
    i64::try_from(ns).map(i64::unsigned_abs).map_err(|_| Reject::field(Cause::OutOfRange, what, field))
}

/// A number above zero, if the column is there and says one: empty, zero or less is unknown.
pub(super) fn known(record: &Record<'_>, field: Option<usize>, what: &'static str, most: f64) -> Result<Option<f64>, Reject> {
    let Some((field, text)) = field.map(|f| (f, record.field(f))).filter(|(_, text)| !text.trim_ascii().is_empty()) else {
        return Ok(None);
    };
    match parse_f64(text) {
        Ok(value) if value > most => Err(Reject::field(Cause::OutOfRange, what, field)),
        Ok(value) => Ok((value > 0.0).then_some(value)),
        Err(error) => Err(Reject::field(super::fields::cause_of(error), what, field)),
    }
}

/// Cores, if they are known.
pub(super) fn cores(record: &Record<'_>, field: Option<usize>, what: &'static str) -> Result<Option<f64>, Reject> {
    known(record, field, what, MOST_CORES)
}

fn number_of<const N: usize>(keys: &mut Interner<N>, parts: [&[u8]; N]) -> Result<u32, Reject> {
    keys.find(parts).or_else(|| keys.add(parts)).ok_or_else(|| Reject::row(Cause::TooManyKeys))
}

impl Tasks {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limit: limits.max_invocations.min(u64::from(u32::MAX) - 1),
            names: Interner::new(),
            row: Vec::new(),
            workflows: Interner::new(),
            functions: Interner::new(),
            memory_mb: Vec::new(),
            line: Vec::new(),
            name: Vec::new(),
            workflow: Vec::new(),
            function: Vec::new(),
            arrival_ns: Vec::new(),
            execution_ns: Vec::new(),
            delay_ns: Vec::new(),
            parents_end: Vec::new(),
            parents: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, record: &Record<'_>, task: &Task<'_>) -> Result<(), Bad> {
        let (field, what) = task.id;
        let id = record.field(field).trim_ascii();
        for text in [id, task.workflow, task.kind] {
            if std::str::from_utf8(text).is_err() {
                return Err(Reject::row(Cause::NotUtf8).into());
            }
            if text.contains(&0) {
                return Err(Reject::row(Cause::Nul).into());
            }
        }
        if id.is_empty() {
            return Err(Reject::field(Cause::Empty, what, field).into());
        }
        let name = number_of(&mut self.names, [task.scope, id])?;
        self.row.resize(self.names.len(), NONE);
        if self.row[name as usize] != NONE {
            return Err(Reject::field(Cause::Duplicate, what, field).into());
        }
        let first = self.parents.len();
        let separator = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'[' | b']');
        for parent in task.parents.split(separator).filter(|p| !p.is_empty() && *p != b"-1") {
            match number_of(&mut self.names, [task.scope, parent]) {
                Ok(parent) if parent != name => self.parents.push(parent),
                other => {
                    self.parents.truncate(first);
                    return Err(other.err().unwrap_or(Reject::row(Cause::WaitsForItself)).into());
                }
            }
        }
        self.row.resize(self.names.len(), NONE);
        // Twice the same is once.
        self.parents[first..].sort_unstable();
        let mut unique = first;
        for at in first..self.parents.len() {
            if at == first || self.parents[at] != self.parents[at - 1] {
                self.parents[unique] = self.parents[at];
                unique += 1;
            }
        }
        self.parents.truncate(unique);
        if self.line.len() as u64 >= self.limit || self.parents.len() as u64 > self.limit {
            return Err(Bad::Trace(super::columns::too_many(self.limit, "more than")));
        }
        let millicores = task.cores.map_or(0, |cores| 1 + libm::rint(cores * 1e3) as u64);
        let function = number_of(&mut self.functions, [task.kind, &millicores.to_le_bytes()])?;
        self.memory_mb.resize(self.functions.len(), None);
        let memory = &mut self.memory_mb[function as usize];
        *memory = memory.map_or(task.memory_mb, |most| Some(task.memory_mb.map_or(most, |mb| most.max(mb))));
        let workflow = if task.workflow.is_empty() { NONE } else { number_of(&mut self.workflows, [task.workflow])? };
        self.row[name as usize] = self.line.len() as u32;
        self.line.push(u32::try_from(record.line).unwrap_or(u32::MAX));
        self.name.push(name);
        self.workflow.push(workflow);
        self.function.push(function);
        self.arrival_ns.push(task.arrival_ns);
        self.execution_ns.push(task.execution_ns);
        self.delay_ns.push(task.delay_ns);
        self.parents_end.push(self.parents.len() as u32);
        Ok(())
    }

    /// The names of a row's parents.
    fn parents(&self, row: usize) -> &[u32] {
        let begin = row.checked_sub(1).map_or(0, |before| self.parents_end[before]);
        &self.parents[begin as usize..self.parents_end[row] as usize]
    }

    /// The rows of a row's parents that are there.
    fn parent_rows(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        self.parents(row).iter().map(|&name| self.row[name as usize]).filter(|&row| row != NONE).map(|row| row as usize)
    }

    /// The children of each row: where those of row i end, and all of them.
    fn children(&self) -> (Vec<u32>, Vec<u32>) {
        let mut from = vec![0u32; self.line.len() + 1];
        for row in 0..self.line.len() {
            self.parent_rows(row).for_each(|parent| from[parent + 1] += 1);
        }
        for row in 0..self.line.len() {
            from[row + 1] += from[row];
        }
        let (mut next, mut all) = (from.clone(), vec![0u32; from[self.line.len()] as usize]);
        for row in 0..self.line.len() {
            for parent in self.parent_rows(row) {
                all[next[parent] as usize] = row as u32;
                next[parent] += 1;
            }
        }
        (from, all)
    }

    /// The rows in an order in which parents come first, without those of cycles; and whether each row is in one.
    fn order(&self) -> (Vec<u32>, Vec<bool>) {
        let rows = self.line.len();
        let (from, children) = self.children();
        let children = |row: u32| &children[from[row as usize] as usize..from[row as usize + 1] as usize];
        let mut missing: Vec<u32> = (0..rows).map(|row| self.parent_rows(row).count() as u32).collect();
        let mut order: Vec<u32> = (0..rows as u32).filter(|&row| missing[row as usize] == 0).collect();
        let mut at = 0;
        let follow = |order: &mut Vec<u32>, missing: &mut [u32], at: &mut usize| {
            while let Some(&row) = order.get(*at) {
                *at += 1;
                for &child in children(row) {
                    missing[child as usize] -= 1;
                    if missing[child as usize] == 0 {
                        order.push(child);
                    }
                }
            }
        };
        follow(&mut order, &mut missing, &mut at);
        let mut cycle: Vec<bool> = missing.iter().map(|&n| n > 0).collect();
        if order.len() == rows {
            return (order, cycle);
        }
        // What only hangs below a cycle is not in it.
        let mut left: Vec<u32> =
            (0..rows as u32).map(|r| children(r).iter().filter(|&&c| cycle[c as usize]).count() as u32).collect();
        let mut free: Vec<u32> = (0..rows as u32).filter(|&row| cycle[row as usize] && left[row as usize] == 0).collect();
        while let Some(row) = free.pop() {
            cycle[row as usize] = false;
            for parent in self.parent_rows(row as usize).filter(|&parent| cycle[parent]) {
                left[parent] -= 1;
                if left[parent] == 0 {
                    free.push(parent as u32);
                }
            }
        }
        // Those go on without the parents in it.
        for (row, &cut) in cycle.iter().enumerate() {
            if cut {
                for &child in children(row as u32) {
                    missing[child as usize] -= 1;
                    if missing[child as usize] == 0 && !cycle[child as usize] {
                        order.push(child);
                    }
                }
            }
        }
        follow(&mut order, &mut missing, &mut at);
        order.retain(|&row| !cycle[row as usize]);
        (order, cycle)
    }

    pub(super) fn finish(mut self, format: Format, tally: &mut Tally, mut assumed: Vec<String>) -> Result<Loaded, Refusal> {
        let rows = self.line.len();
        let (order, cycle) = self.order();
        let cut: Vec<usize> = (0..rows).filter(|&row| cycle[row]).collect();
        tally.reject_later(Cause::Cycle, "", cut.len() as u64, cut.iter().map(|&row| u64::from(self.line[row])));
        for &row in &cut {
            self.row[self.name[row] as usize] = NONE;
        }
        if order.is_empty() {
            return Err(Refusal::new(
                ErrorCode::NoRows,
                "no row is left",
                "Each task waits for itself through others; correct the rows.",
            ));
        }
        let warnings = self.left_out(&cycle);

        // Jobs: workflows, and what waits for each other. Each row points to an earlier one of its job, or to itself.
        let mut job: Vec<u32> = (0..rows as u32).collect();
        fn find(job: &mut [u32], mut row: u32) -> u32 {
            while job[row as usize] != row {
                job[row as usize] = job[job[row as usize] as usize];
                row = job[row as usize];
            }
            row
        }
        let mut join = |a: u32, b: u32| {
            let (a, b) = (find(&mut job, a), find(&mut job, b));
            job[a.max(b) as usize] = a.min(b);
        };
        let mut first_of = vec![NONE; self.workflows.len()];
        for &row in &order {
            if let Some(first) = first_of.get_mut(self.workflow[row as usize] as usize) {
                if *first == NONE {
                    *first = row;
                }
                join(*first, row);
            }
            self.parent_rows(row as usize).for_each(|parent| join(parent as u32, row));
        }
        // When each may come at the earliest as far as the file says, and how many tasks stand above it.
        let (mut earliest, mut level) = (vec![0u64; rows], vec![0u32; rows]);
        for &row in &order {
            let row = row as usize;
            let (mut at, mut above) = (None, 0);
            for parent in self.parent_rows(row) {
                at = at.max(Some(earliest[parent]));
                above = above.max(level[parent] + 1);
            }
            (earliest[row], level[row]) = (at.unwrap_or(self.arrival_ns[row]), above);
        }
        let job: Vec<u32> = (0..rows as u32).map(|row| find(&mut job, row)).collect();
        let mut sorted = order;
        sorted.sort_unstable_by_key(|&row| (earliest[row as usize], level[row as usize], job[row as usize], row));
        let first_ns = sorted.first().map_or(0, |&row| earliest[row as usize]);

        let mut place = vec![NONE; rows];
        (0u32..).zip(&sorted).for_each(|(at, &row)| place[row as usize] = at);
        let (mut new_job, mut new_function) = (vec![NONE; rows], vec![NONE; self.functions.len()]);
        let (mut jobs, mut functions) = (0u32, Vec::new());
        let (mut job_column, mut function_column) = (Vec::with_capacity(sorted.len()), Vec::with_capacity(sorted.len()));
        let (mut parents_end, mut parents) = (Vec::with_capacity(sorted.len()), Vec::new());
        for &row in &sorted {
            let row = row as usize;
            let number = &mut new_job[job[row] as usize];
            if *number == NONE {
                *number = jobs;
                jobs += 1;
            }
            job_column.push(*number);
            let number = &mut new_function[self.function[row] as usize];
            if *number == NONE {
                *number = functions.len() as u32;
                functions.push(self.trace_function(self.function[row]));
            }
            function_column.push(*number);
            let begin = parents.len();
            parents.extend(self.parent_rows(row).map(|parent| place[parent]));
            parents[begin..].sort_unstable();
            parents_end.push(parents.len() as u32);
        }
        let of = |column: &[u64]| sorted.iter().map(|&row| column[row as usize]).collect::<Vec<u64>>();
        let arrival_ns: Vec<u64> = sorted.iter().map(|&row| earliest[row as usize] - first_ns).collect();
        let (execution_ns, delay_ns) = (of(&self.execution_ns), of(&self.delay_ns));
        assumed.push(shift_sentence(first_ns.into()));
        let rows = if jobs as usize == sorted.len() {
            Rows::Invocations { arrival_ns, function: function_column, execution_ns, start_ns: Vec::new() }
        } else {
            assumed.push(format!(
                "The tasks belong to {}. One without parents is submitted at its time, one with parents when their results are in.",
                plural(u64::from(jobs), "job")
            ));
            let delay_ns = if delay_ns.iter().all(|&ns| ns == 0) { Vec::new() } else { delay_ns };
            Rows::Tasks { arrival_ns, function: function_column, execution_ns, job: job_column, delay_ns, parents_end, parents }
        };
        let (span_ns, median_execution_ns) = extent(&rows);
        let data = TraceData { format, functions, rows };
        Ok(Loaded { data, span_ns, median_execution_ns, assumed, warnings })
    }

    /// What is said about dependencies on tasks that are not there.
    fn left_out(&self, cycle: &[bool]) -> Vec<String> {
        let absent = |row: &usize| self.parents(*row).iter().filter(|&&name| self.row[name as usize] == NONE);
        let kept = || (0..self.line.len()).filter(|&row| !cycle[row]);
        let count: usize = kept().map(|row| absent(&row).count()).sum();
        if count == 0 {
            return Vec::new();
        }
        let told: Vec<String> = kept()
            .flat_map(|row| absent(&row).map(move |&name| (row, name)))
            .take(TOLD)
            .map(|(row, name)| format!("line {} on {}", self.line[row], shown(self.names.parts(name)[1], 40)))
            .collect();
        let more = if count > told.len() { ", …" } else { "" };
        let (noun, verb) = if count == 1 { ("dependency", "is") } else { ("dependencies", "are") };
        vec![format!("{count} {noun} on tasks that are not there {verb} left out: {}{more}.", told.join(", "))]
    }

    fn trace_function(&self, function: u32) -> TraceFunction {
        let [kind, millicores] = self.functions.parts(function);
        let kind = super::fields::id_part(kind);
        let cores = millicores.first_chunk().and_then(|b| u64::from_le_bytes(*b).checked_sub(1)).map(|m| m as f64 / 1e3);
        let id = cores.map_or_else(|| kind.clone(), |cores| format!("{kind}/{cores}"));
        TraceFunction { id, app: kind, memory_mb: self.memory_mb[function as usize], cores, start_ns: None, duration: None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::super::tests::{load, refused, text};
    use super::*;

    const HEAD: &str = "id,workflow_id,ts_submit,runtime,parents\n";

    /// (arrival in ms, execution in ms, job, parents) of each row.
    fn rows(data: &TraceData) -> Vec<(u64, u64, u32, Vec<u32>)> {
        let Rows::Tasks { arrival_ns, execution_ns, job, parents_end, parents, .. } = &data.rows else { panic!("tasks") };
        let begin = |row: usize| row.checked_sub(1).map_or(0, |r| parents_end[r]) as usize;
        let above = |row: usize| parents[begin(row)..parents_end[row] as usize].to_vec();
        (0..job.len()).map(|r| (arrival_ns[r] / 1_000_000, execution_ns[r] / 1_000_000, job[r], above(r))).collect()
    }

    #[test]
    fn parents_come_first_whatever_the_order_and_the_times_of_the_file() {
        // The child stands before its parents, and the file says that it came before the second of them.
        let (data, report) = load(&[&format!("{HEAD}c,w,30,3,a b a\na,w,20,1,\nb,w,50,2,\nd,v,20,4,\n")]).unwrap();
        assert_eq!(rows(&data), [(0, 1, 0, vec![]), (0, 4, 1, vec![]), (30, 2, 0, vec![]), (30, 3, 0, vec![0, 2])]);
        assert!(text(&report.assumed).contains("2 jobs") && report.warnings.is_empty());
        // An end between the roots cuts what waits for the later one.
        assert_eq!((data.invocations_until(29_999_999), data.invocations_until(30_000_000)), (2, 4));
    }

    #[test]
    fn workflows_that_wait_for_each_other_are_one_job() {
        let (data, _) = load(&[&format!("{HEAD}a,w,0,1,\nb,v,5,1,a\nc,v,9,1,\nd,u,9,1,\n")]).unwrap();
        assert_eq!(rows(&data).iter().map(|r| r.2).collect::<Vec<_>>(), [0, 0, 0, 1]);
    }

    #[test]
    fn what_hangs_below_a_cycle_goes_on_without_it() {
        // a and b wait for each other; c waits for b and d; e waits for c.
        let (data, report) =
            load(&[&format!("{HEAD}a,w,0,1,b\nb,w,0,1,a\nc,w,7,1,b d\nd,w,2,1,\ne,w,9,1,c\nf,w,2,1,b\n")]).unwrap();
        assert_eq!(rows(&data), [(0, 1, 0, vec![]), (0, 1, 0, vec![]), (0, 1, 0, vec![0]), (0, 1, 0, vec![2])]);
        assert_eq!((report.rows_kept, report.rejected.iter().map(|r| r.line).collect::<Vec<_>>()), (4, vec![2, 3]));
        assert!(
            text(&report.warnings).contains("2 dependencies on tasks that are not there are left out: line 4 on \"b\", line 7")
        );
    }

    #[test]
    fn a_file_of_nothing_but_a_cycle_is_refused() {
        assert_eq!(refused(&[&format!("{HEAD}a,w,0,1,b\nb,w,0,1,a\n")]).code, ErrorCode::NoRows);
    }

    #[test]
    fn tasks_without_company_are_plain_invocations() {
        let (data, report) =
            load(&["id,submission_time,duration,cpu_count,mem_capacity\n1,1000,50,16,2000\n2,3000,70,4,100\n"]).unwrap();
        let Rows::Invocations { arrival_ns, .. } = &data.rows else { panic!() };
        assert_eq!(arrival_ns, &[0, 2_000_000_000]);
        let [large, small] = &data.functions[..] else { panic!() };
        assert_eq!((large.id.as_str(), large.cores, large.memory_mb), ("task/16", Some(16.0), Some(2000.0)));
        assert_eq!((small.id.as_str(), small.cores, small.memory_mb), ("task/4", Some(4.0), Some(100.0)));
        assert_eq!((report.functions, report.apps), (2, 1));
    }

    #[test]
    fn functions_are_types_by_cores_with_the_most_memory_of_their_tasks() {
        let (data, _) = load(&["id,workflow_id,ts_submit,runtime,type,resource_amount_requested,memory_requested,parents\n\
             1,0,0,5,mAdd_ID01,1,3000000,\n2,0,0,5,mAdd_ID02,1,5000000,1\n3,0,0,5,mAdd_ID03,2.5,-1,\n4,7,0,5,,-1,-1.0,\n"])
        .unwrap();
        let told: Vec<_> = data.functions.iter().map(|f| (f.id.as_str(), f.app.as_str(), f.cores, f.memory_mb)).collect();
        assert_eq!(
            told,
            [
                ("mAdd/1", "mAdd", Some(1.0), Some(5.0)),
                ("mAdd/2.5", "mAdd", Some(2.5), None),
                ("workflow 7", "workflow 7", None, None)
            ]
        );
    }

    #[test]
    fn classic_names_padded_with_blanks_are_read_and_names_are_unique_in_their_workflow() {
        let text = "WorkflowID, JobID , SubmitTime, RunTime, NProcs, ReqNProcs, Dependencies\n\
                    0, 1, 10, 1.5,  2, -1, -1\n0, 2, 11, 2, -1,  4, 1\n1, 1, 10, 3, -1, -1, \n1, 2, 10, 3, -1, -1, 1\n";
        let (data, report) = load(&[text]).unwrap();
        assert_eq!(report.rows_rejected, 0);
        assert_eq!(rows(&data), [(0, 1500, 0, vec![]), (0, 3000, 1, vec![]), (0, 2000, 0, vec![0]), (0, 3000, 1, vec![1])]);
        assert_eq!(data.functions.iter().map(|f| f.cores).collect::<Vec<_>>(), [Some(2.0), None, Some(4.0)]);
    }

    #[test]
    fn a_job_of_a_log_comes_its_think_time_after_the_one_before() {
        let job = |id: u32, submit: u32, rest: &str| format!("  {id} {submit} -1 20 4 -1 -1 4 -1 2048 1 7 1 {rest}\n");
        let log = format!("; Note: a \"comment\", and\n\n; more\n{}{}", job(1, 5, "-1 -1 -1 -1 -1"), job(2, 99, "3 -1 -1 1 30"));
        let (data, report) = load(&[&log]).unwrap();
        assert_eq!((report.rows_kept, report.rows_rejected), (2, 0));
        let Rows::Tasks { delay_ns, job, parents, .. } = &data.rows else { panic!() };
        assert_eq!((&delay_ns[..], &job[..], &parents[..]), (&[0, 30_000_000_000][..], &[0, 0][..], &[0][..]));
        let told: Vec<_> = data.functions.iter().map(|f| (f.id.as_str(), f.cores, f.memory_mb)).collect();
        assert_eq!(told, [("user 7/4", Some(4.0), Some(4.0 * 2.097152)), ("executable 3/4", Some(4.0), Some(4.0 * 2.097152))]);
    }

    #[test]
    fn a_log_without_comments_is_known_by_its_eighteen_numbers() {
        let line = "1 0 -1 10 1 -1 -1 1 -1 -1 1 1 1 -1 -1 -1 -1 -1\n";
        assert_eq!(load(&[line]).unwrap().1.rows_kept, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn whatever_waits_for_whatever_what_is_kept_is_acyclic(
            edges in prop::collection::vec((0u32..12, 0u32..14), 0..40), times in prop::collection::vec(0u64..50, 12),
        ) {
            let mut file = HEAD.to_owned();
            for id in 0..12u32 {
                let parents: Vec<String> = edges.iter().filter(|e| e.0 == id).map(|e| e.1.to_string()).collect();
                file += &format!("{id},{},{},{id},{}\n", id % 3, times[id as usize], parents.join(" "));
            }
            let Ok((data, report)) = load(&[&file]) else { return Ok(()) };
            prop_assert_eq!(report.rows_kept + report.rows_rejected, 12);
            prop_assert_eq!(data.invocations(), report.rows_kept);
            prop_assert_eq!(TraceData::from_bytes(&data.to_bytes()), Ok(data.clone()));
            if let Rows::Tasks { arrival_ns, .. } = &data.rows {
                prop_assert!(arrival_ns.is_sorted());
                for (row, (at, _, job, parents)) in rows(&data).iter().enumerate() {
                    let all = rows(&data);
                    prop_assert!(parents.iter().all(|&p| (p as usize) < row && all[p as usize].2 == *job && all[p as usize].0 <= *at));
                }
            }
        }
    }
}
