//! Jobs in figures: a job's response is from the submission of its first task until the client has the result of its last one; its
//! slowdown is that over its longest way ([`Workload::job_ideal_ns`](crate::workload::Workload::job_ideal_ns)), so that a job is as
//! slow as its slowest task. A job is completed if all its tasks are; one lost task makes it fail, whatever the others do.

use serde::{Deserialize, Serialize};

use super::quantiles::Quantiles;
use super::recorder::Recorder;
use crate::platform::Outcome;
use crate::units::SimTime;

/// The figures of a run's jobs. Slowdown and response are over completed jobs that were submitted after the warm-up; counts are
/// over all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobSummary {
    /// Jobs of which at least one task was submitted.
    pub submitted: u64,
    /// All their tasks were completed.
    pub completed: u64,
    /// At least one of their tasks was lost.
    pub failed: u64,
    /// None of their tasks was lost, and some have not ended.
    pub live: u64,
    /// Response / longest way over completed jobs.
    pub slowdown: Quantiles,
    /// Response time over completed jobs, in milliseconds.
    pub response_ms: Quantiles,
    /// Completed jobs without a slowdown, because their longest way is zero.
    pub zero_ideal: u64,
}

/// What a job has come to.
#[derive(Clone, Copy, Default)]
struct Job {
    /// When its first task was submitted, and when its last one ended, in nanoseconds.
    first: u64,
    last: u64,
    submitted: bool,
    lost: bool,
    open: bool,
}

impl JobSummary {
    /// The figures of the jobs by `now`; nothing where every invocation is a job of its own.
    pub(super) fn new(recorder: &Recorder, now: SimTime) -> Option<JobSummary> {
        let workload = recorder.workload();
        if workload.job.is_empty() {
            return None;
        }
        let mut jobs = vec![Job { first: u64::MAX, ..Job::default() }; workload.job_ideal_ns.len()];
        for (i, &job) in workload.job.iter().enumerate() {
            let (job, row) = (&mut jobs[job as usize], recorder.row(i as u32));
            if let Some(at) = row.submitted.filter(|&at| at <= now) {
                job.submitted = true;
                job.first = job.first.min(at.0);
                job.last = job.last.max(at.0.saturating_add(row.response_ns));
            }
            match row.outcome {
                Some(Outcome::Completed) => {}
                Some(_) => job.lost = true,
                None => job.open = true,
            }
        }
        let completed = |job: &&Job| job.submitted && !job.lost && !job.open;
        let submitted = jobs.iter().filter(|job| job.submitted).count();
        let failed = jobs.iter().filter(|job| job.lost).count();
        let done = jobs.iter().filter(completed).count();
        // What is measured: (response, longest way).
        let measured = jobs
            .iter()
            .zip(&workload.job_ideal_ns)
            .filter(|(job, _)| completed(job) && job.first >= recorder.warm_up().0)
            .map(|(job, &ideal)| (job.last - job.first, ideal));
        Some(JobSummary {
            submitted: submitted as u64,
            completed: done as u64,
            failed: failed as u64,
            live: (submitted - failed - done) as u64,
            slowdown: Quantiles::new(
                measured.clone().filter(|(_, ideal)| *ideal > 0).map(|(response, ideal)| response as f64 / ideal as f64),
            ),
            response_ms: Quantiles::new(measured.clone().map(|(response, _)| response as f64 / 1e6)),
            zero_ideal: measured.filter(|(_, ideal)| *ideal == 0).count() as u64,
        })
    }
}
