//! Functions, and what arrives.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::registry::Choice;

/// Something that can be invoked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its id.
    pub id: String,
    /// Memory of one container, in MB.
    #[serde(default = "memory")]
    pub memory_mb: f64,
    /// How long one execution takes on a core of speed 1.
    pub execution: Choice,
    /// Time to create a container, in milliseconds.
    #[serde(default = "create")]
    pub create_ms: f64,
    /// Time to initialise the runtime in a new container, in milliseconds.
    #[serde(default = "init")]
    pub init_ms: f64,
    /// Cores that one execution holds.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub cores: f64,
    /// The most executions at once in one container.
    #[serde(default = "one_u", skip_serializing_if = "is_one_u")]
    pub concurrency: u32,
    /// How long its idle containers are kept, in seconds, whatever the keep-alive policy says; as the policy says if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_alive_s: Option<f64>,
    /// Containers that are made when the run begins, spread over the workers, and are never removed (provisioned concurrency).
    /// On a worker, what does not fit beside those of other functions is rejected.
    #[serde(default, skip_serializing_if = "is_zero_u")]
    pub min_warm: u32,
    /// An execution that has not ended before is ended then, in seconds from its start; no limit if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_s: Option<f64>,
    /// The image that its containers are made from; they need none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Disk of one container for its own files, in MB.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub disk_mb: f64,
    /// Its share of the arrivals, relative to the other functions.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    /// Bytes that travel with a request, in kB.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub request_kb: f64,
    /// Bytes that travel with a response, in kB.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub response_kb: f64,
    /// A larger request is rejected by the placer, in kB; no limit if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress_limit_kb: Option<f64>,
    /// A larger response fails after the execution, in kB; no limit if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress_limit_kb: Option<f64>,
    /// A client that has no result so long after it submitted gives up, in seconds; it waits for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_s: Option<f64>,
    /// How often a client tries again after a drop, a full queue, a wait that was too long, a time limit or a failure.
    #[serde(default, skip_serializing_if = "is_zero_u")]
    pub retries: u32,
    /// How long a client pauses before it tries again, in milliseconds; twice as long before each further attempt.
    #[serde(default = "backoff", skip_serializing_if = "is_backoff")]
    pub backoff_ms: f64,
    /// Whether a client pauses for a random part of that.
    #[serde(default, skip_serializing_if = "is_full")]
    pub backoff_jitter: Jitter,
    /// How long after it was submitted an invocation should have ended, in seconds: what queues that go by deadlines go by. None
    /// if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_s: Option<f64>,
    /// The larger, the sooner its invocations are served by queues that go by priority.
    #[serde(default, skip_serializing_if = "is_zero_u")]
    pub priority: u32,
    /// The app that it belongs to, among which queues may share fairly; its own id if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// Which part of a pause before another attempt a client waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// A random part, so that clients who were refused together do not come back together.
    #[default]
    Full,
    /// The whole pause.
    None,
}

fn backoff() -> f64 {
    100.0
}
fn is_backoff(ms: &f64) -> bool {
    *ms == backoff()
}
fn is_full(jitter: &Jitter) -> bool {
    *jitter == Jitter::Full
}
fn memory() -> f64 {
    256.0
}
fn create() -> f64 {
    150.0
}
fn init() -> f64 {
    350.0
}
fn one() -> f64 {
    1.0
}
fn is_one(x: &f64) -> bool {
    *x == 1.0
}
fn one_u() -> u32 {
    1
}
fn is_one_u(n: &u32) -> bool {
    *n == 1
}
fn is_zero_u(n: &u32) -> bool {
    *n == 0
}
fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

impl Function {
    /// A function with the defaults.
    pub fn new(id: &str, execution: Choice) -> Function {
        Function {
            id: id.to_owned(),
            memory_mb: memory(),
            execution,
            create_ms: create(),
            init_ms: init(),
            cores: 1.0,
            concurrency: 1,
            keep_alive_s: None,
            min_warm: 0,
            time_limit_s: None,
            image: None,
            disk_mb: 0.0,
            weight: 1.0,
            request_kb: 0.0,
            response_kb: 0.0,
            ingress_limit_kb: None,
            egress_limit_kb: None,
            patience_s: None,
            retries: 0,
            backoff_ms: backoff(),
            backoff_jitter: Jitter::Full,
            deadline_s: None,
            priority: 0,
            app: None,
        }
    }
}

/// What arrives: a trace if one is named, else arrivals drawn from a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The process that arrivals are drawn from.
    #[serde(default = "poisson")]
    pub arrivals: Choice,
    /// How often each function is invoked.
    #[serde(default = "by_weight")]
    pub popularity: Choice,
    /// What arrives each time: one invocation, or several that belong together and may wait for each other.
    #[serde(default = "single", skip_serializing_if = "is_single")]
    pub jobs: Choice,
    /// The trace file that takes the place of the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceRef>,
    /// What a trace does not say.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trace_options: TraceOptions,
}

fn poisson() -> Choice {
    Choice::of("poisson")
}
fn by_weight() -> Choice {
    Choice::of("weights")
}
fn single() -> Choice {
    Choice::of("single")
}
fn is_single(jobs: &Choice) -> bool {
    *jobs == single()
}
fn is_default(options: &TraceOptions) -> bool {
    *options == TraceOptions::default()
}

/// Which trace a scenario was made with. A link carries this, and never the trace; whoever opens it is asked for the file,
/// which is recognised by its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceRef {
    /// The format's name.
    pub format: String,
    /// The files, in the order of their kinds.
    pub files: Vec<TraceFile>,
}

/// One file of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceFile {
    /// Its name when it was loaded.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

impl TraceRef {
    /// Whether files with these hashes are this trace: the same contents, whatever their names and order; none less, none more.
    ///
    /// A reference without files, as in `scenarios/reference`, stands for any trace.
    pub fn is<'a>(&self, sha256: impl IntoIterator<Item = &'a str>) -> bool {
        let lower = |hash: &str| hash.to_ascii_lowercase();
        let named: BTreeSet<String> = self.files.iter().map(|f| lower(&f.sha256)).collect();
        named.is_empty() || named == sha256.into_iter().map(lower).collect()
    }

    /// The files of this trace that are not among those with these hashes.
    pub fn missing<'a>(&self, sha256: impl IntoIterator<Item = &'a str>) -> Vec<&TraceFile> {
        let there: BTreeSet<String> = sha256.into_iter().map(str::to_ascii_lowercase).collect();
        self.files.iter().filter(|f| !there.contains(&f.sha256.to_ascii_lowercase())).collect()
    }
}

/// What a trace does not say about its functions and arrivals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TraceOptions {
    /// All times of the trace are multiplied by this: 0.001 where a file has milliseconds in the place of seconds.
    #[serde(skip_serializing_if = "is_one")]
    pub time_scale: f64,
    /// Memory of functions for which the trace has none, in MB (170 is the median allocation per application in Shahrad et
    /// al., ATC 2020).
    pub memory_mb: f64,
    /// Time to create and initialise a container of functions for which the trace has none, in milliseconds.
    pub cold_start_ms: f64,
    /// Cores that one execution holds.
    pub cores: f64,
    /// The most executions at once in one container.
    pub concurrency: u32,
    /// The image of every function; they need none if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What the provider adds to every cold start, in milliseconds. Policies do not see it.
    pub cold_overhead_ms: f64,
    /// What the provider adds to every cold start, as a share of the time that start and execution take together.
    pub cold_overhead_share: f64,
    /// Where in their minute the invocations of a per-minute count arrive.
    pub minute_arrivals: MinuteArrivals,
    /// How long an invocation of a per-minute count executes.
    pub duration: TraceDuration,
}

impl Default for TraceOptions {
    fn default() -> Self {
        TraceOptions {
            time_scale: 1.0,
            memory_mb: 170.0,
            cold_start_ms: 500.0,
            cores: 1.0,
            concurrency: 1,
            image: None,
            cold_overhead_ms: 0.0,
            cold_overhead_share: 0.0,
            minute_arrivals: MinuteArrivals::Uniform,
            duration: TraceDuration::Percentiles,
        }
    }
}

/// Where in their minute the invocations of a per-minute count arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MinuteArrivals {
    /// Anywhere, independently (a Poisson process given its count).
    Uniform,
    /// Equally spaced from the start of the minute (FaasCache).
    Equidistant,
}

/// How long an invocation of a per-minute count executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceDuration {
    /// Drawn between the percentiles that the trace gives.
    Percentiles,
    /// The average that the trace gives (FaasCache).
    Average,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(hashes: &[&str]) -> TraceRef {
        let file = |hash: &&str| TraceFile { name: format!("{hash}.csv"), bytes: 1, sha256: (*hash).to_owned() };
        TraceRef { format: "faaslab".to_owned(), files: hashes.iter().map(file).collect() }
    }

    #[test]
    fn a_trace_is_known_by_the_contents_of_all_its_files_and_by_nothing_else() {
        let named = trace(&["aa", "bb"]);
        assert!(named.is(["bb", "aa"]), "in any order");
        assert!(named.is(["AA", "bb"]), "in any case of the digits");
        assert!(!named.is(["aa"]), "a file is missing");
        assert!(!named.is(["aa", "bb", "cc"]), "a file is too many");
        assert!(!named.is(["aa", "cc"]) && !named.is([]));
    }

    #[test]
    fn what_is_missing_of_a_trace_is_told_by_name() {
        let named = trace(&["aa", "bb"]);
        let names =
            |there: &[&'static str]| named.missing(there.iter().copied()).iter().map(|f| f.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&["bb", "cc"]), ["aa.csv"]);
        assert_eq!(names(&["BB", "aa"]), [""; 0]);
    }
}
