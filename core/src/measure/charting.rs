//! Makes the data of the charts of what was recorded.

use super::charts::{Charts, HostLoad, MOST_HOST_ROWS, MOST_PLACERS, Percentiles, PlacerLoad};
use super::quantiles::Samples;
use super::recorder::{BUSY, DECIDES, IDLE, IN_SYSTEM, INBOX, PlacerSeries, Recorder};
use super::series::Buckets;
use crate::platform::{Accounting, MessageKind, Model, Outcome};
use crate::sim::Simulation;
use crate::units::SimTime;

/// Of how many buckets a series is made.
const BUCKETS: usize = 120;
/// Points of a tail for each power of ten.
const TAIL_STEPS: i32 = 40;

impl Recorder {
    /// The data of the charts, from what has ended by now.
    pub fn charts(&self, simulation: &Simulation) -> Charts {
        self.charts_of_every(1, simulation)
    }

    /// As [`Recorder::charts`], from a sample of some two hundred thousand invocations: quick enough to be made while a long
    /// run goes on. Counts over time are scaled up.
    pub fn charts_so_far(&self, simulation: &Simulation) -> Charts {
        self.charts_of_every(self.rows() / 200_000 + 1, simulation)
    }

    /// A part of the run more closely: what charts show over time, and nothing else.
    pub fn charts_between(&self, simulation: &Simulation, from: SimTime, to: SimTime) -> Charts {
        let to = to.min(simulation.world().now);
        self.over_time(1, simulation, from.min(to), to)
    }

    fn charts_of_every(&self, stride: usize, simulation: &Simulation) -> Charts {
        let end = simulation.world().now;
        let count = self.completed().count().max(1) as f64;
        let phases_ms = Accounting::ALL
            .iter()
            .map(|&a| (a.word().replace('_', " "), self.phases()[a as usize] as f64 / 1e6 / count))
            .filter(|(_, ms)| *ms > 0.0)
            .collect();
        let slowdowns = Samples::new(self.some_completed(stride).filter_map(|i| self.slowdown(i as u32)), 1e-4);
        let responses = Samples::new(self.some_completed(stride).map(|i| self.response_ms(i)), 1e-4);
        let sent = &simulation.world().counters.messages;
        Charts {
            slowdown_cdf: cdf(&slowdowns),
            response_cdf: cdf(&responses),
            slowdown_tail: tail(&slowdowns),
            phases_ms,
            messages: MessageKind::ALL.iter().map(|&kind| (kind.word().replace('_', " "), sent[kind as usize])).collect(),
            ..self.over_time(stride, simulation, SimTime::ZERO, end)
        }
    }

    fn over_time(&self, stride: usize, simulation: &Simulation, from: SimTime, to: SimTime) -> Charts {
        let now = simulation.world().now;
        let buckets = Buckets::new(from, to, BUCKETS);
        let mut slowdown: Vec<Vec<f64>> = vec![Vec::new(); BUCKETS];
        let mut response: Vec<Vec<f64>> = vec![Vec::new(); BUCKETS];
        let (mut cold, mut warm, mut lost) = (vec![0u32; BUCKETS], vec![0u32; BUCKETS], vec![0u32; BUCKETS]);
        for i in self.rows_within(buckets.from, buckets.begin(BUCKETS)).step_by(stride) {
            let Some((outcome, b)) = self.outcome(i).zip(buckets.of(self.submitted_at(i))) else { continue };
            if outcome == Outcome::Completed {
                response[b].push(self.response_ms(i));
                slowdown[b].extend(self.slowdown(i as u32));
                let starts = if self.is_cold(i) { &mut cold } else { &mut warm };
                starts[b] += stride as u32;
            } else {
                lost[b] += stride as u32;
            }
        }
        Charts {
            begin_s: from.as_s(),
            end_s: to.as_s(),
            bucket_s: buckets.width as f64 / 1e9,
            slowdown: percentiles(slowdown),
            response_ms: percentiles(response),
            cold,
            warm,
            lost,
            in_system: self.levels.means_of(IN_SYSTEM, now, buckets),
            idle_mb: self.levels.means_of(IDLE, now, buckets),
            busy_mb: self.levels.means_of(BUSY, now, buckets),
            image_mb: self.images.as_ref().map_or_else(Vec::new, |images| images.means(now, buckets)),
            evicted_per_s: self.evicted.means(now, buckets),
            expired_per_s: self.expired.means(now, buckets),
            shares: self.share_series().map(|means| means.each_ref().map(|series| series.means(now, buckets))).unwrap_or_default(),
            placers: self.placer_loads(simulation.model(), now, buckets),
            placer_count: simulation.all_placers().count() as u32,
            hosts: self.host_loads(simulation.model(), stride, to, buckets),
            ..Charts::default()
        }
    }

    /// The placers whose inboxes are the longest over some buckets, in the order of their numbers.
    fn placer_loads(&self, model: &Model, now: SimTime, buckets: Buckets) -> Vec<PlacerLoad> {
        let inboxes = self.placers.iter().map(|(which, series)| (which, series, series.levels.means_of(INBOX, now, buckets)));
        let mut fullest: Vec<_> = inboxes.map(|(which, series, inbox)| (inbox.iter().sum::<f32>(), which, series, inbox)).collect();
        fullest.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        fullest.truncate(MOST_PLACERS);
        fullest.sort_by_key(|(_, which, ..)| *which);
        let load = |(_, which, series, inbox): (f32, &(u16, u32), &PlacerSeries, Vec<f32>)| {
            let on_machine = self.placers.iter().filter(|(_, other)| other.machine == series.machine);
            let place = on_machine.clone().take_while(|(other, _)| other < which).count();
            let id = model.machine_id(series.machine);
            let name = if on_machine.count() > 1 { format!("{id}, {}", place + 1) } else { id.to_owned() };
            PlacerLoad { name, inbox, busy: series.levels.means_of(DECIDES, now, buckets) }
        };
        fullest.into_iter().map(load).collect()
    }

    /// What executions take of hosts' cores, of every `stride`-th row.
    fn host_loads(&self, model: &Model, stride: usize, to: SimTime, buckets: Buckets) -> Vec<HostLoad> {
        let hosts = model.hosts.len();
        let each = hosts.div_ceil(MOST_HOST_ROWS).max(1);
        // Thousandths of cores, times nanoseconds.
        let mut held = vec![[0.0_f64; BUCKETS]; hosts.div_ceil(each)];
        let workload = self.workload();
        // What was submitted before may still run.
        for i in (0..self.rows_within(0, to.0).end).step_by(stride) {
            let Some((host, started, finished)) = self.execution(i) else { continue };
            let finished = finished.min(to.0);
            let Some(row) = held.get_mut(host as usize / each).filter(|_| finished > started.max(buckets.from)) else { continue };
            let cores = f64::from(model.functions[workload.function[i] as usize].millicores) * stride as f64;
            let mut at = started.max(buckets.from);
            while let Some(b) = buckets.of(at).filter(|_| at < finished) {
                let until = buckets.begin(b + 1).min(finished);
                row[b] += cores * (until - at) as f64;
                at = until;
            }
        }
        let load = |(row, held): (usize, [f64; BUCKETS])| {
            let specs = &model.hosts[row * each..hosts.min((row + 1) * each)];
            let cores: f64 = specs.iter().map(|spec| f64::from(spec.millicores)).sum();
            let ids: Vec<&str> = specs.iter().map(|spec| model.machine_id(spec.machine)).collect();
            let name = match ids[..] {
                [first, .., last] => format!("{first} to {last}"),
                _ => ids.concat(),
            };
            let share = |(b, held): (usize, f64)| {
                let width = buckets.begin(b + 1).min(to.0).saturating_sub(buckets.begin(b)).max(1) as f64;
                (held / (cores.max(1.0) * width)).min(1.0) as f32
            };
            let busy = held.into_iter().enumerate().map(share).collect();
            HostLoad { name, first: (row * each) as u32, count: specs.len() as u32, busy }
        };
        held.into_iter().enumerate().map(load).collect()
    }
}

/// (value, share) at even shares, finer towards the end, where the tail is.
fn cdf(samples: &Samples) -> Vec<(f64, f64)> {
    if samples.len() == 0 {
        return Vec::new();
    }
    // Among them the percentiles that figures name.
    let body = (0..196).map(|i| f64::from(i) / 200.0);
    let tail = (4900..=5000).map(|i| f64::from(i) / 5000.0);
    steps(body.chain(tail).map(|q| (samples.at(q), q)).collect())
}

/// Of equal values the first and the last: the line between them is upright, and no value between two others is made up.
fn steps(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let equal = |i: usize, j: usize| points.get(i).zip(points.get(j)).is_some_and(|(a, b)| a.0 == b.0);
    let inner = |i: usize| i > 0 && equal(i - 1, i) && equal(i, i + 1);
    points.iter().enumerate().filter(|(i, _)| !inner(*i)).map(|(_, point)| *point).collect()
}

/// (value, share at or above it), from all samples down to the last one.
fn tail(samples: &Samples) -> Vec<(f64, f64)> {
    let count = samples.len();
    if count == 0 {
        return Vec::new();
    }
    let last = 1.0 / count as f64;
    let shares = (0..).map(|i| libm::pow(10.0, -f64::from(i) / f64::from(TAIL_STEPS))).take_while(|share| *share > last);
    // The greatest of n values has a share of one nth; the k-th greatest of k nths.
    let rest = (count - 1).max(1) as f64;
    let value = |share: f64| samples.at(1.0 - (share * count as f64 - 1.0) / rest);
    steps(shares.chain([last]).map(|share| (value(share), share)).collect())
}

fn percentiles(buckets: Vec<Vec<f64>>) -> Percentiles {
    let mut out = Percentiles::default();
    for mut samples in buckets {
        out.p50.push(select(&mut samples, 0.5));
        out.p95.push(select(&mut samples, 0.95));
        out.p99.push(select(&mut samples, 0.99));
        // Of fewer it would be the greatest.
        out.p999.push(if samples.len() < 1000 { f64::NAN } else { select(&mut samples, 0.999) });
    }
    out
}

/// The q-quantile (type 7) of samples in any order, by selection: only two order statistics are needed.
fn select(samples: &mut [f64], q: f64) -> f64 {
    let Some(last) = samples.len().checked_sub(1) else { return f64::NAN };
    let at = q * last as f64;
    let below = (at as usize).min(last);
    let (_, &mut low, above) = samples.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (high - low) * (at - below as f64)
}

#[cfg(test)]
mod tests {
    use super::super::quantiles::type_7;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tail_says_how_many_are_at_least_so_slow() {
        let samples = Samples::new((1..=1000).map(f64::from), 1.0);
        let points = tail(&samples);
        assert_eq!((points[0], points[points.len() - 1]), ((1.0, 1.0), (1000.0, 0.001)));
        for (value, share) in points {
            let above = (1..=1000).filter(|x| f64::from(*x) >= value - 1e-6).count() as f64 / 1000.0;
            assert!((above - share).abs() <= 0.001, "{value}: {above} {share}");
        }
        let third = 1.0 / 3.0;
        assert_eq!(tail(&Samples::new([7.0; 3].into_iter(), 1.0)), [(7.0, 1.0), (7.0, third)], "upright");
        assert!(tail(&Samples::new([].into_iter(), 1.0)).is_empty());
    }

    #[test]
    fn few_values_far_from_each_other_make_steps_and_have_the_percentiles_of_the_figures() {
        // One in sixty is cold.
        let samples = Samples::new((0..600).map(|i| if i % 60 == 0 { 21.3 } else { 1.0 }), 0.001);
        let points = cdf(&samples);
        let ends = [(points[0].0, points[0].1), (points[points.len() - 1].0, points[points.len() - 1].1)];
        assert_eq!(ends, [(1.0, 0.0), (21.3, 1.0)]);
        // All that lies between the two is less than one of them.
        let between = points.windows(2).filter(|p| p[1].0 > p[0].0).map(|p| p[1].1 - p[0].1);
        assert!(between.sum::<f64>() < 0.007, "{points:?}");
        let upright = tail(&samples);
        assert!(upright.windows(2).all(|p| p[0].0 == p[1].0 || p[0].1 / p[1].1 < 1.3), "{upright:?}");
        // What figures name is a point of the line.
        let many = Samples::new((0..1000).map(f64::from), 1.0);
        for q in [0.5, 0.9, 0.95, 0.99, 0.999] {
            assert!(cdf(&many).contains(&(many.at(q), q)), "{q}");
        }
    }

    proptest! {
        #[test]
        fn selection_agrees_with_sorting(mut samples in proptest::collection::vec(0.0..1e3_f64, 1..60), q in 0.0..=1.0_f64) {
            let selected = select(&mut samples, q);
            samples.sort_unstable_by(f64::total_cmp);
            prop_assert_eq!(selected, type_7(&samples, q));
        }
    }
}
