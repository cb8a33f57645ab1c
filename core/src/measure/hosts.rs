//! What a node says of itself over time: its one-minute load average, how much it finishes per second, and how long that takes.
//!
//! Only a recorder that is asked for it keeps this ([`super::Recorder::with_hosts`]).

use serde::{Deserialize, Serialize};

use crate::platform::LoadAverage;
use crate::units::{NS_PER_S, SimTime};

/// At most so many buckets; when time goes beyond them, pairs of them are merged.
const BUCKETS: u64 = 240;

/// Hosts over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostSeries {
    /// Width of a bucket in seconds; bucket i ends at (i + 1) * bucket_s, the last with the run.
    pub bucket_s: f64,
    /// How many hosts there are.
    pub count: usize,
    /// Hosts, each with its buckets.
    pub hosts: Vec<HostLine>,
    /// In each bucket the median over all hosts that have a figure there; nothing where all of them are in `hosts`.
    pub median: Option<HostLine>,
}

/// A host over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostLine {
    /// The machine's id.
    pub id: String,
    /// The one-minute load average at the end of each bucket: how many invocations run or wait on the host, damped.
    pub load_average: Vec<f32>,
    /// Completed invocations whose execution ended in each bucket, per second.
    pub finished_per_s: Vec<f32>,
    /// Their mean execution time in milliseconds; NaN where there are none.
    pub execution_ms: Vec<f32>,
    /// Their mean response time in milliseconds; NaN where there are none.
    pub response_ms: Vec<f32>,
}

impl HostSeries {
    /// The most loaded hosts, at most so many, by their mean load average, and the median over all.
    pub fn most_loaded(mut self, most: usize) -> HostSeries {
        if self.hosts.len() <= most {
            return self;
        }
        self.median = Some(HostLine {
            id: String::new(),
            load_average: median(&self.hosts, |host| &host.load_average),
            finished_per_s: median(&self.hosts, |host| &host.finished_per_s),
            execution_ms: median(&self.hosts, |host| &host.execution_ms),
            response_ms: median(&self.hosts, |host| &host.response_ms),
        });
        let load = |host: &HostLine| host.load_average.iter().map(|load| f64::from(*load)).sum::<f64>();
        // The sort is stable: of equals the first stand first.
        self.hosts.sort_by(|a, b| load(b).total_cmp(&load(a)));
        self.hosts.truncate(most);
        self
    }
}

/// In each bucket the median of a figure over the hosts that have one.
fn median(hosts: &[HostLine], of: fn(&HostLine) -> &Vec<f32>) -> Vec<f32> {
    let buckets = hosts.first().map_or(0, |host| of(host).len());
    let mut some = Vec::with_capacity(hosts.len());
    (0..buckets)
        .map(|bucket| {
            some.clear();
            some.extend(hosts.iter().map(|host| of(host)[bucket]).filter(|value| !value.is_nan()));
            let middle = some.len() / 2;
            if some.is_empty() { f32::NAN } else { *some.select_nth_unstable_by(middle, f32::total_cmp).1 }
        })
        .collect()
}

/// What is kept of hosts while a run goes on.
#[derive(Clone, Debug)]
pub(super) struct HostLog {
    /// Width of a bucket in nanoseconds.
    width: u64,
    hosts: Vec<Kept>,
}

/// What is kept of one host.
#[derive(Clone, Debug, Default)]
struct Kept {
    average: LoadAverage,
    /// The load average at the end of each bucket, as far as the host has come.
    loads: Vec<f32>,
    /// By bucket, as far as the host has come.
    completed: Vec<Completed>,
}

/// What was completed in a bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Completed {
    count: u32,
    execution_ns: u64,
    response_ns: u64,
}

impl Completed {
    fn add(&mut self, other: Completed) {
        self.count += other.count;
        self.execution_ns = self.execution_ns.saturating_add(other.execution_ns);
        self.response_ns = self.response_ns.saturating_add(other.response_ns);
    }
}

impl Kept {
    /// Takes down the load average at the end of each bucket that has ended by now.
    fn advance(&mut self, now: SimTime, width: u64) {
        while let Some(end) = (self.loads.len() as u64 + 1).checked_mul(width).filter(|&end| end <= now.0) {
            self.loads.push(self.average.at(SimTime(end)) as f32);
        }
    }

    /// Makes one bucket of two. A last one without a second has not ended.
    fn merge(&mut self) {
        self.loads = self.loads.chunks_exact(2).map(|pair| pair[1]).collect();
        let sum = |pair: &[Completed]| {
            let mut sum = Completed::default();
            pair.iter().for_each(|part| sum.add(*part));
            sum
        };
        self.completed = self.completed.chunks(2).map(sum).collect();
    }

    /// The series of a host up to `end`, in so many buckets.
    fn line(mut self, id: &str, end: SimTime, width: u64, buckets: usize) -> HostLine {
        self.advance(end, width);
        self.loads.resize(buckets, self.average.at(end) as f32);
        self.completed.resize(buckets, Completed::default());
        // The last bucket may be cut short by the end of the run.
        let span_s = |bucket: usize| end.0.saturating_sub(bucket as u64 * width).min(width) as f64 / NS_PER_S as f64;
        let mean = |ns: u64, count: u32| if count == 0 { f32::NAN } else { (ns as f64 / f64::from(count) / 1e6) as f32 };
        let each = self.completed.iter();
        HostLine {
            id: id.to_owned(),
            load_average: self.loads,
            finished_per_s: each.clone().enumerate().map(|(i, c)| (f64::from(c.count) / span_s(i)) as f32).collect(),
            execution_ms: each.clone().map(|c| mean(c.execution_ns, c.count)).collect(),
            response_ms: each.map(|c| mean(c.response_ns, c.count)).collect(),
        }
    }
}

impl HostLog {
    /// A log whose first guess at a bucket's width is in nanoseconds.
    pub(super) fn new(width: u64) -> HostLog {
        HostLog { width: width.max(1), hosts: Vec::new() }
    }

    /// One more invocation runs or waits on a host, or one less.
    pub(super) fn change(&mut self, now: SimTime, host: u32, more: bool) {
        self.reach(now);
        let width = self.width;
        let kept = self.host(host);
        kept.advance(now, width);
        kept.average.change(now, more);
    }

    /// An invocation was completed whose execution ended on a host.
    pub(super) fn completed(&mut self, host: u32, finished: SimTime, execution_ns: u64, response_ns: u64) {
        self.reach(finished);
        let bucket = (finished.0.saturating_sub(1) / self.width) as usize;
        let buckets = &mut self.host(host).completed;
        if bucket >= buckets.len() {
            buckets.resize(bucket + 1, Completed::default());
        }
        buckets[bucket].add(Completed { count: 1, execution_ns, response_ns });
    }

    /// Makes buckets wide enough for an instant.
    fn reach(&mut self, at: SimTime) {
        while at.0.saturating_sub(1) / self.width >= BUCKETS {
            self.width = self.width.saturating_mul(2);
            self.hosts.iter_mut().for_each(Kept::merge);
        }
    }

    fn host(&mut self, host: u32) -> &mut Kept {
        let at = host as usize;
        if at >= self.hosts.len() {
            self.hosts.resize_with(at + 1, Kept::default);
        }
        &mut self.hosts[at]
    }

    /// The series of all hosts, which have these ids, up to `end`.
    pub(super) fn series<'a>(&self, ids: impl Iterator<Item = &'a str>, end: SimTime) -> HostSeries {
        let mut log = self.clone();
        log.reach(end);
        let (width, buckets) = (log.width, end.0.div_ceil(log.width) as usize);
        // Those on which nothing has ever run have no place in the log.
        let kept = log.hosts.into_iter().chain(std::iter::repeat_with(Kept::default));
        let hosts: Vec<HostLine> = ids.zip(kept).map(|(id, kept)| kept.line(id, end, width, buckets)).collect();
        HostSeries { bucket_s: width as f64 / NS_PER_S as f64, count: hosts.len(), hosts, median: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = NS_PER_S;

    /// One invocation of 4 s after the other on the first host, each waiting for as long as it runs, and nothing on the second.
    fn busy(width: u64, until_s: u64) -> HostLog {
        let mut log = HostLog::new(width);
        for begin in (0..until_s).step_by(4) {
            log.change(SimTime(begin * S), 0, true);
            log.completed(0, SimTime((begin + 4) * S), 4 * S, 8 * S);
            log.change(SimTime((begin + 4) * S), 0, false);
        }
        log
    }

    #[test]
    fn what_ends_with_a_bucket_belongs_to_it() {
        let series = busy(8 * S, 20).series(["a", "b"].into_iter(), SimTime(20 * S));
        assert_eq!((series.bucket_s, series.count), (8.0, 2));
        let [a, b] = &series.hosts[..] else { panic!("two hosts") };
        // Two in 8 s, two in 8 s, and one in the 4 s that are left.
        assert_eq!(a.finished_per_s, [0.25, 0.25, 0.25]);
        assert_eq!((&a.execution_ms[..], &a.response_ms[..]), (&[4000.0; 3][..], &[8000.0; 3][..]));
        assert_eq!((b.id.as_str(), &b.finished_per_s[..], &b.load_average[..]), ("b", &[0.0; 3][..], &[0.0; 3][..]));
        assert!(b.response_ms.iter().all(|ms| ms.is_nan()));
    }

    #[test]
    fn the_load_average_is_that_at_the_end_of_each_bucket_however_often_buckets_were_merged() {
        let log = busy(1, 4000);
        let series = log.series(["a"].into_iter(), SimTime(4000 * S));
        let buckets = series.hosts[0].load_average.len();
        assert!((120..=240).contains(&buckets), "{buckets}");
        let mut average = LoadAverage::default();
        average.set(SimTime::ZERO, 1);
        for (bucket, load) in series.hosts[0].load_average.iter().enumerate() {
            let end = SimTime::from_s(((bucket + 1) as f64 * series.bucket_s).min(4000.0));
            assert!((f64::from(*load) - average.at(end)).abs() < 1e-6, "bucket {bucket}");
        }
        let count: f64 = series.hosts[0].finished_per_s.iter().map(|rate| f64::from(*rate) * series.bucket_s).sum();
        assert!((count - 1000.0).abs() < 1.0, "{count}");
    }

    #[test]
    fn of_many_hosts_the_most_loaded_stand_first_and_the_median_is_over_all() {
        let mut log = HostLog::new(S);
        for host in 0..9 {
            (0..=host % 5).for_each(|_| log.change(SimTime::ZERO, host, true));
        }
        let ids: Vec<String> = (0..9).map(|host| format!("h{host}")).collect();
        let all = log.series(ids.iter().map(String::as_str), SimTime(3600 * S));
        let whole = all.clone().most_loaded(9);
        assert!(whole.hosts.len() == 9 && whole.median.is_none(), "nothing is left out");
        let some = all.most_loaded(3);
        assert_eq!(some.hosts.iter().map(|host| host.id.as_str()).collect::<Vec<_>>(), ["h4", "h3", "h8"]);
        let last = *some.median.unwrap().load_average.last().unwrap();
        assert!((last - 3.0).abs() < 1e-3, "{last}");
    }
}
