//! Jobs: invocations (tasks) that arrive together as one piece of work and may wait for each other.
//!
//! The dependencies of a job are a directed acyclic graph. A task without parents is submitted when its job arrives; any other
//! when the last of its parents has ended and its client knows, or the parent's host where the architecture lets hosts go on,
//! which is what a gate does (see [`Gates`](super::Gates)). Tasks of a job with the same parents are submitted together, so
//! they share a gate. What a job takes at least is its longest way: on idle, warm hosts of speed 1, without messages, a task
//! begins when its last parent ends, and the job ends with its last task.
//!
//! Shapes are drawn before the run, execution times from the functions' own streams as those of lone invocations are: jobs of one task
//! are the lone invocations of the same seed. Source of the shapes: Sparrow's jobs of n parallel tasks (Ousterhout et al., SOSP 2013);
//! fork-join and stages as in MapReduce (Dean and Ghemawat, OSDI 2004); random layered graphs as those by which DAG schedulers are
//! compared (Topcuoglu et al., TPDS 2002).

use std::ops::Range;

use super::{GateBuilder, Workload};
use crate::platform::FunctionSpec;
use crate::registry::{Args, Domain, Entry, Param, find};
use crate::rng::Stream;
use crate::scenario::{MOST_INVOCATIONS, Scenario};
use crate::units::SimDuration;

const FUNCTIONS: Param = Param {
    name: "functions",
    label: "Functions",
    unit: "",
    help: "Whether all tasks of a job are of one function, or each task's function is drawn.",
    domain: Domain::Word(&[("one", "One per job"), ("each", "One per task")]),
};

const PARALLEL: &Entry = &Entry {
    kind: "parallel",
    name: "Parallel tasks",
    summary: "A number of tasks at once, none of which waits for another.",
    source: "Sparrow (Ousterhout et al., 2013): the jobs of its comparison have 10 tasks.",
    params: &[
        Param {
            name: "tasks",
            label: "Tasks",
            unit: "",
            help: "How many tasks a job has.",
            domain: Domain::Integer { default: 10, min: 1, max: 10_000 },
        },
        FUNCTIONS,
    ],
    decides: &[],
};

const CHAIN: &Entry = &Entry {
    kind: "chain",
    name: "Chain",
    summary: "One task after the other.",
    source: "Sequences of functions, as workflow services offer them.",
    params: &[
        Param {
            name: "tasks",
            label: "Length",
            unit: "",
            help: "How many tasks a job has.",
            domain: Domain::Integer { default: 5, min: 1, max: 10_000 },
        },
        FUNCTIONS,
    ],
    decides: &[],
};

const FAN_OUT: &Entry = &Entry {
    kind: "fan_out",
    name: "Fan-out and fan-in",
    summary: "One task, then a number of them at once, then one that waits for all of these.",
    source: "Fork-join; a map and a reduce step (Dean and Ghemawat, 2004).",
    params: &[
        Param {
            name: "tasks",
            label: "Tasks side by side",
            unit: "",
            help: "How many tasks stand between the first and the last.",
            domain: Domain::Integer { default: 10, min: 1, max: 10_000 },
        },
        FUNCTIONS,
    ],
    decides: &[],
};

const LAYERED: &Entry = &Entry {
    kind: "layered",
    name: "Random layers",
    summary: "Layers of tasks; each task waits for at least one of the layer before, and for each other one with a probability.",
    source: "The random graphs by which DAG schedulers are compared, as in Topcuoglu et al., 2002.",
    params: &[
        Param {
            name: "layers",
            label: "Layers",
            unit: "",
            help: "How many layers a job has.",
            domain: Domain::Integer { default: 4, min: 1, max: 1_000 },
        },
        Param {
            name: "width",
            label: "Widest layer",
            unit: "",
            help: "A layer has from 1 to this many tasks, each number as likely as the others.",
            domain: Domain::Integer { default: 5, min: 1, max: 1_000 },
        },
        Param {
            name: "edge",
            label: "Further parents",
            unit: "",
            help: "How likely a task waits for each task of the layer before, beside the one that it waits for in any case.",
            domain: Domain::Number { default: 0.25, min: 0.0, max: 1.0 },
        },
        FUNCTIONS,
    ],
    decides: &[],
};

/// What arrives each time: one invocation or several.
pub const JOBS: &[&Entry] = &[
    &Entry {
        kind: "single",
        name: "Single invocations",
        summary: "Each arrival is one invocation.",
        source: "-",
        params: &[],
        decides: &[],
    },
    PARALLEL,
    CHAIN,
    FAN_OUT,
    LAYERED,
];

/// Draws the shape of one job after the other.
pub(super) struct Shapes {
    shape: Shape,
    /// Whether all tasks of a job are of one function.
    pub(super) one_function: bool,
    stream: Stream,
    jobs: u32,
}

enum Shape {
    Parallel(u32),
    Chain(u32),
    FanOut(u32),
    Layered { layers: u32, width: u32, edge: f64 },
}

impl Shapes {
    /// The shapes that a scenario asks for; nothing if its arrivals are lone invocations.
    pub(super) fn new(scenario: &Scenario) -> Option<Shapes> {
        let choice = &scenario.workload.jobs;
        let entry = find(JOBS, &choice.kind)?;
        let args = Args::new(choice, entry);
        let tasks = || args.integer("tasks").clamp(1, 10_000) as u32;
        let shape = match entry.kind {
            "parallel" => Shape::Parallel(tasks()),
            "chain" => Shape::Chain(tasks()),
            "fan_out" => Shape::FanOut(tasks()),
            "layered" => Shape::Layered {
                layers: args.integer("layers").clamp(1, 1_000) as u32,
                width: args.integer("width").clamp(1, 1_000) as u32,
                edge: args.number("edge"),
            },
            _ => return None,
        };
        let stream = Stream::new(scenario.run.seed, "workload", "jobs");
        Some(Shapes { shape, one_function: args.is("functions", "one"), stream, jobs: 0 })
    }

    /// Adds the tasks of a job that arrives at an instant, in nanoseconds, without their functions. Answers which they are.
    pub(super) fn next(&mut self, tasks: &mut Tasks, at: u64) -> Range<u32> {
        let job = self.jobs;
        self.jobs += 1;
        let first = tasks.len() as u32;
        let root = |tasks: &mut Tasks| tasks.push(job, at, 0, &[]);
        match self.shape {
            Shape::Parallel(n) => (0..n).for_each(|_| root(tasks)),
            Shape::Chain(n) => {
                root(tasks);
                (1..n).for_each(|i| tasks.push(job, at, 0, &[first + i - 1]));
            }
            Shape::FanOut(n) => {
                root(tasks);
                (0..n).for_each(|_| tasks.push(job, at, 0, &[first]));
                let all: Vec<u32> = (first + 1..first + 1 + n).collect();
                tasks.push(job, at, 0, &all);
            }
            Shape::Layered { layers, width, edge } => {
                let below = |stream: &mut Stream, n: u32| ((stream.uniform() * f64::from(n)) as u32).min(n - 1);
                let mut before = first..first;
                let mut parents = Vec::new();
                for _ in 0..layers {
                    let begin = tasks.len() as u32;
                    for _ in 0..=below(&mut self.stream, width) {
                        parents.clear();
                        if !before.is_empty() {
                            let sure = before.start + below(&mut self.stream, before.len() as u32);
                            for parent in before.clone() {
                                if parent == sure || self.stream.uniform() < edge {
                                    parents.push(parent);
                                }
                            }
                        }
                        tasks.push(job, at, 0, &parents);
                    }
                    before = begin..tasks.len() as u32;
                }
            }
        }
        first..tasks.len() as u32
    }
}

/// Tasks with their dependencies, in an order in which parents come before their children.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    job: Vec<u32>,
    /// When a task without parents is submitted, in nanoseconds; of no meaning for the others.
    arrival_ns: Vec<u64>,
    /// How long after its last parent a task is submitted, in nanoseconds; empty where all are at once.
    delay_ns: Vec<u64>,
    /// Where each task's parents end in `parents`; they begin where those of the task before end.
    parents_end: Vec<u32>,
    parents: Vec<u32>,
    function: Vec<u32>,
    execution_ns: Vec<u64>,
}

impl Tasks {
    pub(super) fn len(&self) -> usize {
        self.job.len()
    }

    /// Whether there are more dependencies than a run may have.
    pub(super) fn are_too_many(&self) -> bool {
        self.parents.len() as u64 >= 2 * MOST_INVOCATIONS
    }

    /// Adds a task: its job, when it is submitted if it has no parents, how long after its parents if it has some, both in
    /// nanoseconds, and the numbers of its parents, in ascending order.
    pub(super) fn push(&mut self, job: u32, arrival_ns: u64, delay_ns: u64, parents: &[u32]) {
        debug_assert!(parents.is_sorted_by(|a, b| a < b) && parents.iter().all(|&p| (p as usize) < self.len()));
        if delay_ns > 0 || !self.delay_ns.is_empty() {
            self.delay_ns.resize(self.len(), 0);
            self.delay_ns.push(delay_ns);
        }
        self.job.push(job);
        self.arrival_ns.push(arrival_ns);
        self.parents.extend_from_slice(parents);
        self.parents_end.push(self.parents.len() as u32);
    }

    /// The function and the execution time, in nanoseconds, of the first task that has none.
    pub(super) fn push_function(&mut self, function: u32, execution_ns: u64) {
        self.function.push(function);
        self.execution_ns.push(execution_ns);
    }

    fn parents(&self, task: u32) -> &[u32] {
        let begin = task.checked_sub(1).map_or(0, |before| self.parents_end[before as usize]);
        &self.parents[begin as usize..self.parents_end[task as usize] as usize]
    }

    fn delay(&self, task: u32) -> u64 {
        self.delay_ns.get(task as usize).copied().unwrap_or(0)
    }

    /// The workload of these tasks: those without parents by (time, job), then job by job those that wait. What would be submitted
    /// after `until_ns` is not.
    pub(super) fn into_workload(self, until_ns: u64, functions: Vec<FunctionSpec>) -> Workload {
        let count = self.len() as u32;
        let jobs = self.job.iter().max().map_or(0, |&job| job as usize + 1);
        let mut timed: Vec<u32> = (0..count).filter(|&t| self.parents(t).is_empty()).collect();
        timed.sort_by_key(|&t| (self.arrival_ns[t as usize], self.job[t as usize]));
        // When each task ends at the earliest, how many tasks stand above it, and when each job begins and ends.
        let mut end = vec![0u64; self.len()];
        let mut level = vec![0u32; self.len()];
        let mut span = vec![(u64::MAX, 0u64); jobs];
        for task in 0..count {
            let i = task as usize;
            let mut begin = if self.parents(task).is_empty() { self.arrival_ns[i] } else { 0 };
            for &parent in self.parents(task) {
                begin = begin.max(end[parent as usize]);
                level[i] = level[i].max(level[parent as usize] + 1);
            }
            let begin = begin.saturating_add(self.delay(task));
            end[i] = begin.saturating_add(self.execution_ns[i]);
            let (first, last) = &mut span[self.job[i] as usize];
            (*first, *last) = ((*first).min(begin), (*last).max(end[i]));
        }
        drop(end);
        let mut waiting: Vec<u32> = (0..count).filter(|&t| !self.parents(t).is_empty()).collect();
        let key = |t: &u32| (self.job[*t as usize], level[*t as usize], self.parents(*t), self.delay(*t), *t);
        waiting.sort_unstable_by(|a, b| key(a).cmp(&key(b)));

        let mut row = vec![0u32; self.len()];
        for (number, &task) in (0u32..).zip(timed.iter().chain(&waiting)) {
            row[task as usize] = number;
        }
        let mut gates = GateBuilder::new(timed.len() as u32);
        let mut after = Vec::new();
        let alike = |a: &u32, b: &u32| {
            self.job[*a as usize] == self.job[*b as usize]
                && self.parents(*a) == self.parents(*b)
                && self.delay(*a) == self.delay(*b)
        };
        for together in waiting.chunk_by(alike) {
            let parents = self.parents(together[0]);
            after.clear();
            after.extend(parents.iter().map(|&p| row[p as usize]));
            gates.add(together.len() as u32, &after, parents.len() as u32, SimDuration(self.delay(together[0])));
        }
        drop((row, level));
        let order = || timed.iter().chain(&waiting).map(|&t| t as usize);
        let mut workload = Workload {
            arrival_ns: timed.iter().map(|&t| self.arrival_ns[t as usize]).collect(),
            function: order().map(|t| self.function[t]).collect(),
            execution_ns: order().map(|t| self.execution_ns[t]).collect(),
            job: order().map(|t| self.job[t]).collect(),
            job_ideal_ns: span.into_iter().map(|(first, last)| last.saturating_sub(first)).collect(),
            functions,
            ..Workload::default()
        };
        match gates.build(until_ns) {
            Ok(gates) if !gates.is_empty() => workload.set_gates(gates),
            // More rows than numbers for them, which is refused before: the first tasks are left.
            _ => workload.keep(timed.len()),
        }
        workload
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::workload::Workload;

    fn workload(jobs: Value, seed: u64) -> Workload {
        let scenario = Scenario::from_value(json!({
            "version": 1,
            "zones": [{"id": "z"}],
            "nodes": [{"id": "a", "zone": "z", "roles": ["client", "cloud_controller"]}, {"id": "b", "zone": "z", "roles": ["client"]},
                      {"id": "w", "zone": "z", "roles": ["worker"]}],
            "functions": [{"id": "f", "execution": {"kind": "exponential", "mean_ms": 10}},
                          {"id": "g", "execution": {"kind": "exponential", "mean_ms": 20}}],
            "workload": {"arrivals": {"kind": "poisson", "rate_per_s": 20}, "jobs": jobs},
            "frame": {"architecture": {"kind": "centralized"}},
            "run": {"seed": seed, "duration_s": 3}
        }))
        .unwrap();
        Workload::new(&scenario, None).unwrap()
    }

    /// The rows of each job, in order.
    fn rows(w: &Workload) -> Vec<Vec<u32>> {
        let mut rows = vec![Vec::new(); w.job_ideal_ns.len()];
        (0u32..).zip(&w.job).for_each(|(row, &job)| rows[job as usize].push(row));
        rows
    }

    /// The parents of each row.
    fn parents(w: &Workload) -> Vec<Vec<u32>> {
        let mut parents = vec![Vec::new(); w.len()];
        for row in 0..w.len() as u32 {
            for &gate in w.gates.waiting_for(row) {
                w.gates.rows(gate).for_each(|child| parents[child as usize].push(row));
            }
        }
        parents
    }

    #[test]
    fn single_and_nothing_said_are_the_same_and_jobs_of_one_task_draw_the_same() {
        let single = workload(json!({"kind": "single"}), 5);
        assert!(single.job.is_empty() && single.gates.is_empty() && single.len() > 30);
        for one in [json!({"kind": "parallel", "tasks": 1}), json!({"kind": "chain", "tasks": 1, "functions": "each"})] {
            let one = workload(one, 5);
            assert_eq!(one.job, (0..one.len() as u32).collect::<Vec<_>>());
            assert_eq!(one.job_ideal_ns, one.execution_ns);
            assert_eq!(Workload { job: Vec::new(), job_ideal_ns: Vec::new(), ..one }, single);
        }
    }

    #[test]
    fn parallel_tasks_arrive_together_and_the_longest_is_the_job() {
        let w = workload(json!({"kind": "parallel", "tasks": 4}), 1);
        assert!(w.gates.is_empty() && w.arrival_ns.is_sorted());
        for (rows, &ideal) in rows(&w).iter().zip(&w.job_ideal_ns) {
            assert_eq!(rows.len(), 4);
            assert_eq!(w.wave(rows[0], w.len() as u32), rows[0]..rows[0] + 4);
            assert_eq!(rows.iter().map(|&r| w.execution_ns[r as usize]).max(), Some(ideal));
            assert!(rows.iter().all(|&r| w.function[r as usize] == w.function[rows[0] as usize]));
            assert!(rows.iter().all(|&r| w.client[r as usize] == w.client[rows[0] as usize]));
        }
        assert!(w.client.contains(&0) && w.client.contains(&1) && w.function.contains(&0) && w.function.contains(&1));
    }

    #[test]
    fn a_chain_takes_the_sum_of_its_tasks() {
        let w = workload(json!({"kind": "chain", "tasks": 3}), 1);
        let parents = parents(&w);
        for (rows, &ideal) in rows(&w).iter().zip(&w.job_ideal_ns) {
            let [a, b, c] = rows[..] else { panic!("{rows:?}") };
            assert_eq!(
                (&parents[a as usize][..], &parents[b as usize][..], &parents[c as usize][..]),
                (&[][..], &[a][..], &[b][..])
            );
            assert_eq!(rows.iter().map(|&r| w.execution_ns[r as usize]).sum::<u64>(), ideal);
        }
    }

    #[test]
    fn a_fan_out_is_one_then_many_then_one() {
        let w = workload(json!({"kind": "fan_out", "tasks": 3, "functions": "each"}), 1);
        let parents = parents(&w);
        for (rows, &ideal) in rows(&w).iter().zip(&w.job_ideal_ns) {
            let [first, middle @ .., last] = &rows[..] else { panic!("{rows:?}") };
            assert_eq!((middle.len(), &parents[*last as usize][..]), (3, middle));
            assert!(middle.iter().all(|&m| parents[m as usize] == [*first]));
            let &[gate] = w.gates.waiting_for(*first) else { panic!("those in the middle share a gate") };
            assert_eq!(w.gates.rows(gate), middle[0]..middle[2] + 1);
            assert_eq!(w.wave(middle[0], w.gates.rows(gate).end), w.gates.rows(gate));
            let execution = |r: &u32| w.execution_ns[*r as usize];
            assert_eq!(execution(first) + middle.iter().map(execution).max().unwrap() + execution(last), ideal);
        }
        // Not all tasks of a job are of one function.
        assert!(rows(&w).iter().any(|rows| rows.iter().any(|&r| w.function[r as usize] != w.function[rows[0] as usize])));
    }

    #[test]
    fn layers_are_as_wide_as_they_may_be_and_joined_as_likely_as_asked() {
        let shape = |edge: f64| workload(json!({"kind": "layered", "layers": 3, "width": 6, "edge": edge}), 1);
        let counts = |w: &Workload| {
            let parents = parents(w);
            parents.iter().filter(|p| !p.is_empty()).map(Vec::len).collect::<Vec<_>>()
        };
        assert!(counts(&shape(0.0)).iter().all(|&n| n == 1));
        let (some, all) = (shape(0.5), shape(1.0));
        // With every edge the tasks of a layer share a gate: two gates a job.
        assert_eq!(all.gates.len(), 2 * all.job_ideal_ns.len());
        assert_eq!(counts(&all).iter().max(), Some(&6));
        let mean = |w: &Workload| counts(w).iter().sum::<usize>() as f64 / counts(w).len() as f64;
        // A layer has 3.5 tasks on average: one parent and half of the other 2.5.
        assert!((mean(&some) - 2.25).abs() < 0.25, "{}", mean(&some));
        let per_job = some.len() as f64 / some.job_ideal_ns.len() as f64;
        assert!((per_job - 10.5).abs() < 1.0, "{per_job}");
    }

    #[test]
    fn a_task_that_comes_a_while_after_its_parents_makes_the_job_longer() {
        // A diamond, 5 -> 10, 20 -> 1, whose last task comes 7 after both, and a second task without parents at 30.
        let mut tasks = Tasks::default();
        tasks.push(0, 100, 0, &[]);
        tasks.push(0, 0, 0, &[0]);
        tasks.push(0, 0, 0, &[0]);
        tasks.push(0, 0, 7, &[1, 2]);
        tasks.push(0, 130, 0, &[]);
        for execution in [5, 10, 20, 1, 2] {
            tasks.push_function(0, execution);
        }
        let w = tasks.into_workload(u64::MAX, Vec::new());
        assert_eq!(w.job_ideal_ns, [5 + 20 + 7 + 1]);
        assert_eq!((w.arrival_ns, w.execution_ns), (vec![100, 130, u64::MAX, u64::MAX, u64::MAX], vec![5, 2, 10, 20, 1]));
        assert_eq!((w.gates.rows(0), w.gates.rows(1), w.gates.delay(1)), (2..4, 4..5, SimDuration(7)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn every_job_is_acyclic_and_every_row_has_a_time_or_a_gate(
            kind in prop::sample::select(vec!["parallel", "chain", "fan_out", "layered"]),
            size in 1u32..12, layers in 1u32..6, edge in 0.0..=1.0_f64, seed in 0u64..1000,
        ) {
            let jobs = match kind {
                "layered" => json!({"kind": kind, "layers": layers, "width": size, "edge": edge, "functions": "each"}),
                _ => json!({"kind": kind, "tasks": size}),
            };
            let w = workload(jobs, seed);
            let parents = parents(&w);
            let timed = w.arrival_ns.partition_point(|&at| at < u64::MAX);
            prop_assert!(w.arrival_ns[..timed].is_sorted());
            prop_assert_eq!(w.gates.is_empty() || w.gates.rows(0).start as usize == timed, true);
            prop_assert!(w.gates.is_empty() || w.gates.end() == w.len());
            prop_assert_eq!(w.job.len(), w.len());
            let mut longest = vec![0u64; w.len()];
            let mut ideal = vec![0u64; w.job_ideal_ns.len()];
            for row in 0..w.len() {
                // A gate only waits for rows before its own, so there is no cycle.
                prop_assert_eq!(parents[row].is_empty(), row < timed);
                prop_assert!(parents[row].iter().all(|&p| (p as usize) < row && w.job[p as usize] == w.job[row]));
                prop_assert!(parents[row].iter().all(|&p| w.client[p as usize] == w.client[row]));
                longest[row] = w.execution_ns[row] + parents[row].iter().map(|&p| longest[p as usize]).max().unwrap_or(0);
                let job = &mut ideal[w.job[row] as usize];
                *job = longest[row].max(*job);
            }
            prop_assert_eq!(&ideal, &w.job_ideal_ns);
        }
    }
}
