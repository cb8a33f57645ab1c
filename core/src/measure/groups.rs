//! Invocations that belong together, in figures: those of a function, of a zone, of a host.

use serde::{Deserialize, Serialize};

use super::quantiles::quantiles;
use super::recorder::Recorder;
use crate::platform::{Outcome, Usage};
use crate::sim::Simulation;

/// What invocations have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GroupBy {
    /// Their function.
    Function,
    /// The zone of the host that they got to.
    Zone,
    /// The host that they got to.
    Host,
}

/// Invocations that belong together, in figures. Times and slowdowns are zero where none was completed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    /// The id of what they have in common.
    pub id: String,
    /// Its number.
    pub number: u32,
    /// Invocations that ended.
    pub ended: u64,
    /// Of these, started cold.
    pub cold: u64,
    /// Of these, lost.
    pub lost: u64,
    /// Mean response time of the completed, in milliseconds.
    pub response_ms: f64,
    /// Half of the completed have a response time of at most this, in milliseconds.
    pub p50_ms: f64,
    /// 95 in a hundred have.
    pub p95_ms: f64,
    /// 99 in a hundred have.
    pub p99_ms: f64,
    /// 99 in a hundred of the completed have a slowdown of at most this.
    pub slowdown_p99: f64,
    /// Share of the cores that invocations held; of functions zero.
    pub utilisation: f64,
    /// Mean memory of idle containers, in MB; of functions zero.
    pub idle_mb: f64,
}

/// Values of groups, those of one group together.
#[derive(Default)]
struct Values {
    /// Where each group's values end, as far as they are there.
    ends: Vec<usize>,
    all: Vec<f64>,
}

impl Values {
    /// Makes room for the values of groups, of each so many, in place of those that were there.
    fn begin(&mut self, counts: impl Iterator<Item = usize>) {
        let mut sum = 0;
        self.ends.clear();
        for count in counts {
            // Until its values are there, a group ends where it begins.
            self.ends.push(sum);
            sum += count;
        }
        self.all.resize(sum, 0.0);
    }

    fn push(&mut self, group: usize, value: f64) {
        self.all[self.ends[group]] = value;
        self.ends[group] += 1;
    }

    /// The values of a group.
    fn of(&self, group: usize) -> &[f64] {
        let from = if group == 0 { 0 } else { self.ends[group - 1] };
        &self.all[from..self.ends[group]]
    }
}

/// How many rows ended that are measured.
#[derive(Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) ended: u64,
    /// Of these, started cold.
    pub(super) cold: u64,
    /// Of these, lost.
    pub(super) lost: u64,
    /// Of those completed, with an ideal of zero.
    pub(super) without_ideal: u64,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.ended += other.ended;
        self.cold += other.cold;
        self.lost += other.lost;
        self.without_ideal += other.without_ideal;
    }
}

/// What the completed rows come to.
#[derive(Default)]
pub(super) struct Completed {
    /// Of them, those that have an ideal of zero.
    pub(super) without_ideal: u64,
    /// Sums of their response times, in milliseconds, and of the slowdowns of those that have one.
    pub(super) response_ms: f64,
    pub(super) slowdowns: f64,
}

/// Counts of the rows that ended and are measured, in one go through them.
pub(super) struct Tally {
    /// Those that started, on whatever host, and how many of them cold.
    pub(super) started: u64,
    pub(super) cold: u64,
    /// The completed ones together.
    pub(super) completed: Completed,
    /// Per host, those that got to it.
    pub(super) hosts: Vec<Count>,
    /// Per function, and the sum of the completed ones' response times, in milliseconds.
    pub(super) functions: Vec<(Count, f64)>,
}

impl Tally {
    pub(super) fn new(simulation: &Simulation, recorder: &Recorder) -> Tally {
        let workload = simulation.workload();
        let mut tally = Tally {
            started: 0,
            cold: 0,
            completed: Completed::default(),
            hosts: vec![Count::default(); simulation.model().hosts.len()],
            functions: vec![(Count::default(), 0.0); workload.functions.len()],
        };
        for (row, outcome, cold) in recorder.ended_rows() {
            let completed = outcome == Outcome::Completed;
            let without_ideal = u64::from(completed && workload.execution_ns[row] == 0);
            let one = Count { ended: 1, cold: u64::from(cold), lost: u64::from(!completed), without_ideal };
            let mut response_ms = 0.0;
            if completed {
                response_ms = recorder.response_ms(row);
                tally.completed.without_ideal += without_ideal;
                tally.completed.response_ms += response_ms;
                tally.completed.slowdowns += recorder.slowdown(row as u32).unwrap_or(0.0);
            }
            if completed || matches!(outcome, Outcome::TimedOut | Outcome::Failed) {
                tally.started += 1;
                tally.cold += one.cold;
            }
            if let Some(host) = recorder.host_of(row) {
                tally.hosts[host].add(one);
            }
            let (count, sum) = &mut tally.functions[workload.function[row] as usize];
            count.add(one);
            *sum += response_ms;
        }
        tally
    }
}

/// The groups of a run as far as it has come, all of them, in the order of their numbers. Functions that no invocation ended of are
/// left out.
pub fn groups(simulation: &Simulation, recorder: &Recorder, by: GroupBy) -> Vec<GroupRow> {
    groups_of(&Tally::new(simulation, recorder), simulation, recorder, by, |_, _| {})
}

/// The same, where the counts are known. Whoever wants to is shown the response times of all completed rows, in milliseconds, and
/// then their slowdowns, in no order, each with their sum.
pub(super) fn groups_of(
    tally: &Tally,
    simulation: &Simulation,
    recorder: &Recorder,
    by: GroupBy,
    mut show: impl FnMut(&[f64], f64),
) -> Vec<GroupRow> {
    let (model, workload, world) = (simulation.model(), simulation.workload(), simulation.world());
    let zones = &simulation.scenario().zones;
    // What a host belongs to.
    let of_host: Vec<usize> = match by {
        GroupBy::Zone => model.hosts.iter().map(|host| host.zone as usize).collect(),
        _ => (0..model.hosts.len()).collect(),
    };
    let counts: Vec<Count> = match by {
        GroupBy::Function => tally.functions.iter().map(|(count, _)| *count).collect(),
        _ => {
            let mut sums = vec![Count::default(); if by == GroupBy::Zone { zones.len() } else { model.hosts.len() }];
            of_host.iter().zip(&tally.hosts).for_each(|(&group, &count)| sums[group].add(count));
            sums
        }
    };
    let group_of = |row: usize| match by {
        GroupBy::Function => Some(workload.function[row] as usize),
        _ => recorder.host_of(row).map(|host| of_host[host]),
    };
    let row = |(i, count): (usize, &Count)| GroupRow {
        id: match by {
            GroupBy::Function => workload.functions[i].id.clone(),
            GroupBy::Zone => zones[i].id.clone(),
            GroupBy::Host => model.machine_id(model.hosts[i].machine).to_owned(),
        },
        number: i as u32,
        ended: count.ended,
        cold: count.cold,
        lost: count.lost,
        ..GroupRow::default()
    };
    let mut rows: Vec<GroupRow> = counts.iter().enumerate().map(row).collect();
    let completed = |count: &Count| (count.ended - count.lost) as usize;
    // One after the other in the same room: in a long run it is the most that a summary needs.
    let mut values = Values::default();
    values.begin(counts.iter().map(completed));
    for row in recorder.completed() {
        if let Some(g) = group_of(row) {
            values.push(g, recorder.response_ms(row));
        }
    }
    show(&values.all, tally.completed.response_ms);
    for (i, row) in rows.iter_mut().enumerate() {
        let values = values.of(i);
        if !values.is_empty() {
            row.response_ms = values.iter().sum::<f64>() / values.len() as f64;
            [row.p50_ms, row.p95_ms, row.p99_ms] = quantiles(values, [0.5, 0.95, 0.99]);
        }
    }
    values.begin(counts.iter().map(|count| completed(count) - count.without_ideal as usize));
    for row in recorder.completed() {
        if let Some((g, slowdown)) = group_of(row).zip(recorder.slowdown(row as u32)) {
            values.push(g, slowdown);
        }
    }
    show(&values.all, tally.completed.slowdowns);
    for (i, row) in rows.iter_mut().enumerate() {
        let values = values.of(i);
        row.slowdown_p99 = if values.is_empty() { 0.0 } else { quantiles(values, [0.99])[0] };
    }
    if by == GroupBy::Function {
        rows.retain(|row| row.ended > 0);
        return rows;
    }
    let span = world.now.0.max(1) as f64;
    let mut sums = vec![(Usage::default(), 0u64); rows.len()];
    for (i, (host, spec)) in world.hosts.iter().zip(&model.hosts).enumerate() {
        let usage = host.usage_now(world.now, spec.millicores, spec.memory);
        let sum = &mut sums[of_host[i]];
        sum.0.cores += usage.cores;
        sum.0.idle_memory += usage.idle_memory;
        sum.1 += u64::from(spec.millicores);
    }
    for (row, (usage, millicores)) in rows.iter_mut().zip(sums) {
        row.utilisation = usage.cores as f64 / (millicores.max(1) as f64 * span);
        row.idle_mb = usage.idle_memory as f64 / span / 1e6;
    }
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::super::quantiles::type_7;
    use super::*;
    use crate::measure::Summary;
    use crate::scenario::Scenario;
    use crate::sim::Library;
    use crate::workload::Workload;

    #[test]
    fn groups_add_up_to_the_whole_and_agree_with_a_scan() {
        let scenario = Scenario::from_json(include_str!("../../../scenarios/three-edges.json")).unwrap();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut recorder = Recorder::new(Arc::clone(&workload), scenario.run.warm_up_s);
        let mut run = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        run.run(&mut recorder);
        let summary = Summary::new(&run, &recorder);
        let by = |by| groups(&run, &recorder, by);
        let ended = |rows: &[GroupRow]| rows.iter().map(|r| r.ended).sum::<u64>();
        let (functions, zones, hosts) = (by(GroupBy::Function), by(GroupBy::Zone), by(GroupBy::Host));
        assert_eq!(ended(&zones), ended(&hosts));
        assert_eq!(ended(&functions), recorder.ended_rows().count() as u64);
        assert_eq!(functions.iter().map(|r| r.cold).sum::<u64>(), hosts.iter().map(|r| r.cold).sum::<u64>());
        // A zone's utilisation is the mean of its hosts', by cores; here all zones together are the whole.
        let whole: f64 = hosts.iter().zip(&run.model().hosts).map(|(r, h)| r.utilisation * f64::from(h.millicores)).sum();
        let cores: f64 = run.model().hosts.iter().map(|h| f64::from(h.millicores)).sum();
        assert!((whole / cores - summary.utilisation).abs() < 1e-9);
        for row in &functions {
            let own = recorder.ended_rows().filter(|&(i, o, _)| workload.function[i] == row.number && o == Outcome::Completed);
            let mut times: Vec<f64> = own.map(|(i, ..)| recorder.row(i as u32).response_ns as f64 / 1e6).collect();
            times.sort_unstable_by(f64::total_cmp);
            assert_eq!((row.p50_ms, row.p99_ms), (type_7(&times, 0.5), type_7(&times, 0.99)), "{}", row.id);
        }
        let zone = |row: &GroupRow| (row.id.clone(), row.ended, row.cold);
        assert_eq!(summary.zones.iter().map(zone).collect::<Vec<_>>(), zones.iter().map(zone).collect::<Vec<_>>());
    }
}
