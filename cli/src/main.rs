//! FaaSLab's command line: the same engine as the page, without a page.
// They panic when nobody reads any more.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod guide;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path as FilePath, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use faaslab_core::measure::{HostSeries, Recorder, Summary, csv};
use faaslab_core::registry::{Catalogue, Domain, Entry};
use faaslab_core::scenario::{Problem, Scenario, TraceFile, TraceRef, validate};
use faaslab_core::share::{self, Address};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::trace::{Limits, Reader, Report, TraceData};
use faaslab_core::units::three_digits;
use faaslab_core::workload::Workload;
use serde_json::{Value, json};

/// A laboratory for serverless scheduling.
#[derive(Parser)]
#[command(name = "faaslab", version, after_help = "Policies and their parameters: faaslab list")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a scenario and print its figures.
    Run {
        /// A scenario in JSON, or - for standard input.
        scenario: PathBuf,
        /// A trace file; give it several times for a trace of several files.
        #[arg(long)]
        trace: Vec<PathBuf>,
        /// Set a value by its path, for example policies.keep_alive.ttl_s=60.
        #[arg(long, value_name = "PATH=VALUE")]
        set: Vec<String>,
        /// The seed, instead of the scenario's.
        #[arg(long)]
        seed: Option<u64>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
        /// Write a row per invocation to this CSV file.
        #[arg(long, value_name = "OUT.csv")]
        invocations: Option<PathBuf>,
        /// Write load average, rate and mean times of each host over time to this CSV file.
        #[arg(long, value_name = "OUT.csv")]
        hosts: Option<PathBuf>,
    },
    /// Check scenarios; exit status 1 if one cannot run.
    Validate {
        /// Scenarios in JSON.
        #[arg(required = true)]
        scenarios: Vec<PathBuf>,
    },
    /// Print the JSON Schema of a scenario.
    Schema,
    /// List architectures, policies and distributions with their parameters.
    List,
    /// Print the guide, a web page: how to read the bench, and what every field and every kind does.
    Guide {
        /// A folder with the scenarios of a gallery, so that each kind names those that use it.
        gallery: Option<PathBuf>,
    },
    /// Make a link of a scenario, or a scenario of a link.
    #[command(subcommand)]
    Link(Link),
}

#[derive(Subcommand)]
enum Link {
    /// Print the fragment of a link to a scenario.
    Encode {
        /// A scenario in JSON, or - for standard input.
        scenario: PathBuf,
    },
    /// Print the scenario of a link.
    Decode {
        /// A link, or what stands after #/s/; values that it sets after a question mark are set.
        link: String,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run { scenario, trace, set, seed, json, invocations, hosts } => {
            run(&scenario, &trace, &set, seed, json, &Tables { invocations, hosts })
        }
        Command::Validate { scenarios } => check(&scenarios),
        Command::Schema => print_text(&pretty(&faaslab_core::scenario::schema(&Library::default().catalogue()))),
        Command::List => print_text(&list(&Library::default().catalogue())),
        Command::Guide { gallery } => gallery
            .map_or(Ok(BTreeMap::new()), |folder| scenarios_of(&folder))
            .and_then(|all| print_text(&guide::guide(&Library::default().catalogue(), &guide::uses(&all)))),
        Command::Link(Link::Encode { scenario }) => {
            read_scenario(&scenario).and_then(|s| print_text(&format!("{}{}\n", share::PREFIX, share::encode(&s))))
        }
        Command::Link(Link::Decode { link }) => share::decode(&link).map_err(|e| e.to_string()).and_then(|opened| {
            let address = Address::parse(&link[link.rfind(share::PREFIX).unwrap_or(0)..]);
            let mut remarks: Vec<String> = opened.remark.into_iter().chain(address.remarks.iter().cloned()).collect();
            let scenario = address.set(opened.scenario, &mut remarks);
            remarks.iter().for_each(|remark| tell(remark));
            print_text(&(scenario.to_json() + "\n"))
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            tell(&message);
            ExitCode::FAILURE
        }
    }
}

/// Prints to standard output; a reader that has gone away is no error.
fn print_text(text: &str) -> Result<(), String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("standard output: {e}")),
        _ => Ok(()),
    }
}

/// Says something on standard error. A reader that has gone away is no error, and there is nowhere to tell another.
fn tell(message: &str) {
    tell_line(&format!("faaslab: {message}"));
}

fn tell_line(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

fn read_scenario(path: &FilePath) -> Result<Scenario, String> {
    let mut text = String::new();
    let read = if path == FilePath::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        File::open(path).and_then(|mut f| f.read_to_string(&mut text))
    };
    read.map_err(|e| format!("{}: {e}", path.display()))?;
    Scenario::from_json(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The scenarios that a gallery's index lists, by their ids.
fn scenarios_of(folder: &FilePath) -> Result<BTreeMap<String, Scenario>, String> {
    let index = folder.join("index.json");
    let wrong = |e: &dyn std::fmt::Display| format!("{}: {e}", index.display());
    let text = std::fs::read_to_string(&index).map_err(|e| wrong(&e))?;
    let topics: Vec<Value> = serde_json::from_str(&text).map_err(|e| wrong(&e))?;
    let ids = topics.iter().filter_map(|topic| topic["scenarios"].as_array()).flatten().filter_map(Value::as_str);
    ids.map(|id| Ok((id.to_owned(), read_scenario(&folder.join(format!("{id}.json")))?))).collect()
}

fn check(paths: &[PathBuf]) -> Result<(), String> {
    let catalogue = Library::default().catalogue();
    let mut bad = 0;
    for path in paths {
        match read_scenario(path) {
            Err(message) => {
                tell_line(&message);
                bad += 1;
            }
            Ok(scenario) => {
                let problems = validate(&scenario, &catalogue);
                for p in &problems {
                    tell_line(&format!("{}: {}{p}", path.display(), if p.warning { "warning: " } else { "" }));
                }
                if problems.iter().any(|p| !p.warning) {
                    bad += 1;
                } else {
                    print_text(&format!("{}: can run\n", path.display()))?;
                }
            }
        }
    }
    if bad == 0 { Ok(()) } else { Err(format!("{bad} of {} scenarios cannot run", paths.len())) }
}

/// Applies `--set PATH=VALUE`.
fn apply(scenario: Scenario, settings: &[String]) -> Result<Scenario, String> {
    settings.iter().try_fold(scenario, |scenario, setting| {
        let (path, text) = setting.split_once('=').ok_or_else(|| format!("--set {setting}: write PATH=VALUE"))?;
        scenario.with_text(path, text).map_err(|e| format!("--set {e}"))
    })
}

fn read_trace(paths: &[PathBuf]) -> Result<(TraceData, Report), String> {
    let mut reader = Reader::new(Limits::default());
    let mut chunk = vec![0; 1 << 20];
    for path in paths {
        let error = |e: std::io::Error| format!("{}: {e}", path.display());
        let mut file = File::open(path).map_err(error)?;
        reader.begin_file(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy());
        loop {
            let n = file.read(&mut chunk).map_err(error)?;
            if n == 0 {
                break;
            }
            reader.push(&chunk[..n]).map_err(|e| e.to_string())?;
        }
        reader.end_file().map_err(|e| e.to_string())?;
    }
    reader.finish().map_err(|e| e.to_string())
}

/// Notes in the scenario which trace it runs with; if it names one already, the files must be the same.
fn with_trace(mut scenario: Scenario, report: &Report) -> Result<Scenario, String> {
    let files: Vec<TraceFile> =
        report.files.iter().map(|f| TraceFile { name: f.name.clone(), bytes: f.bytes, sha256: f.sha256.clone() }).collect();
    if let Some(named) = scenario.workload.trace.as_ref().filter(|named| !named.is(report.hashes())) {
        return Err(match named.missing(report.hashes()).first() {
            Some(file) => format!(
                "workload.trace: the scenario was made with {} (SHA-256 {}…), and no file given is the same. \
                 Give that file, or remove workload.trace.",
                file.name,
                file.sha256.get(..12).unwrap_or(&file.sha256)
            ),
            None => {
                let other = report.files.iter().find(|f| !named.files.iter().any(|n| n.sha256.eq_ignore_ascii_case(&f.sha256)));
                format!(
                    "workload.trace: {} is none of the files that the scenario was made with ({}). Leave it out, or remove workload.trace.",
                    other.map_or("a file", |f| f.name.as_str()),
                    named.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ")
                )
            }
        });
    }
    let before = scenario.run.clone();
    scenario.take_trace(TraceRef { format: report.format.key().to_owned(), files });
    if before != scenario.run {
        let of_drawn = [("run.duration_s", before.duration_s.unwrap_or(0.0)), ("run.warm_up_s", before.warm_up_s)];
        let dropped: Vec<String> = of_drawn.iter().filter(|s| s.1 > 0.0).map(|(path, s)| format!("{path}={s}")).collect();
        tell(&format!(
            "the trace runs whole, without the scenario's {}; --set run.duration_s=… gives it another end",
            dropped.join(" and ")
        ));
    }
    Ok(scenario)
}

/// Files to be written beside the figures.
struct Tables {
    invocations: Option<PathBuf>,
    hosts: Option<PathBuf>,
}

/// A file to be written, made before the run, which would be lost if that failed after it.
fn create(path: Option<&PathBuf>) -> Result<Option<(&FilePath, File)>, String> {
    path.map(|path| File::create(path).map(|file| (path.as_path(), file)).map_err(|e| format!("{}: {e}", path.display())))
        .transpose()
}

fn run(
    path: &FilePath,
    traces: &[PathBuf],
    settings: &[String],
    seed: Option<u64>,
    as_json: bool,
    tables: &Tables,
) -> Result<(), String> {
    let mut scenario = read_scenario(path)?;
    let begin = Instant::now();
    let loaded = if traces.is_empty() { None } else { Some(read_trace(traces)?) };
    let load_time = begin.elapsed();
    if let Some((_, report)) = &loaded {
        scenario = with_trace(scenario, report)?;
        if !as_json {
            describe(report);
        }
    }
    scenario = apply(scenario, settings)?;
    if let Some(seed) = seed {
        scenario.run.seed = seed;
    }
    let problems = validate(&scenario, &Library::default().catalogue());
    for problem in problems.iter().filter(|p| p.warning) {
        tell(&format!("warning: {problem}"));
    }
    // Before the workload is drawn, which may be large.
    all_of(problems.iter().filter(|p| !p.warning))?;
    let workload = Arc::new(Workload::new(&scenario, loaded.as_ref().map(|(trace, _)| trace)).map_err(|e| e.to_string())?);
    let mut recorder = Recorder::new(Arc::clone(&workload), scenario.run.warm_up_s);
    let mut simulation = Simulation::new(&scenario, workload, &Library::default())
        .map_err(|problems| all_of(problems.iter()).err().unwrap_or_default())?;
    let (invocations, hosts) = (create(tables.invocations.as_ref())?, create(tables.hosts.as_ref())?);
    if hosts.is_some() {
        recorder = recorder.with_hosts();
    }
    let begin = Instant::now();
    simulation.run(&mut recorder);
    let wall = begin.elapsed();
    let summary = Summary::new(&simulation, &recorder);
    if let Some((out, file)) = invocations {
        write_invocations(file, &simulation, &recorder).map_err(|e| format!("{}: {e}", out.display()))?;
    }
    if let (Some((out, file)), Some(series)) = (hosts, recorder.hosts(&simulation)) {
        write_hosts(file, &series, summary.end_s).map_err(|e| format!("{}: {e}", out.display()))?;
    }
    if as_json {
        print_text(&pretty(&as_object(&summary, wall, load_time, loaded.as_ref().map(|(_, r)| r))?))
    } else {
        table(&summary, wall)
    }
}

/// An error of all problems, if there is one.
fn all_of<'a>(problems: impl Iterator<Item = &'a Problem>) -> Result<(), String> {
    let all: Vec<String> = problems.map(ToString::to_string).collect();
    if all.is_empty() { Ok(()) } else { Err(all.join("\n         ")) }
}

fn as_object(summary: &Summary, wall: Duration, load: Duration, report: Option<&Report>) -> Result<Value, String> {
    let error = |e: serde_json::Error| format!("the results cannot be written as JSON: {e}");
    let mut whole = serde_json::to_value(summary).map_err(error)?;
    if let Some(map) = whole.as_object_mut() {
        map.insert("wall_s".into(), json!(wall.as_secs_f64()));
        map.insert("events_per_s".into(), json!(summary.events as f64 / wall.as_secs_f64().max(1e-9)));
        if let Some(report) = report {
            map.insert("load_s".into(), json!(load.as_secs_f64()));
            map.insert("trace".into(), serde_json::to_value(report).map_err(error)?);
        }
    }
    Ok(whole)
}

fn describe(report: &Report) {
    let format = report.format.name();
    tell(&format!("{format}: {} rows kept, {} rejected, {} functions", report.rows_kept, report.rows_rejected, report.functions));
    for r in &report.rejected {
        tell(&format!("  {} line {}: {}", r.file, r.line, r.reason));
    }
    for note in report.warnings.iter().chain(&report.assumed) {
        tell(&format!("  {note}"));
    }
}

fn table(s: &Summary, wall: Duration) -> Result<(), String> {
    let mut out = format!("digest       {}\n", s.digest);
    let mut line = |name: &str, value: String| out.push_str(&format!("{name:<12} {value}\n"));
    line("submitted", s.submitted.to_string());
    for (name, n) in [
        ("completed", s.completed),
        ("timed out", s.timed_out),
        ("rejected", s.rejected),
        ("dropped", s.dropped),
        ("failed", s.failed),
        ("abandoned", s.abandoned),
        ("retries", s.retries),
        ("late", s.late),
        ("still live", s.live),
        ("cold", s.cold),
        ("warm", s.warm),
        ("evictions", s.evictions),
        ("expirations", s.expirations),
        ("prewarmed", s.prewarmed),
        ("offloads", s.offloads),
        ("steals", s.steals),
        ("asked for work", s.steal_attempts),
        ("got some", s.steal_successes),
        ("conflicts", s.conflicts),
        ("withdrawn", s.withdrawn),
        ("killed", s.killed),
    ] {
        if n > 0 || matches!(name, "completed" | "cold" | "warm") {
            line(name, n.to_string());
        }
    }
    let causes: Vec<String> =
        s.causes.iter().filter(|c| c.1 > 0).map(|(cause, n)| format!("{} {n}", cause.replace('_', " "))).collect();
    if !causes.is_empty() {
        line("causes", causes.join(", "));
    }
    let mut quantiles = vec![("slowdown", "x", &s.slowdown), ("response", " ms", &s.response_ms)];
    if let Some(jobs) = &s.jobs {
        let counts = [("completed", jobs.completed), ("failed", jobs.failed), ("still live", jobs.live)];
        let counts: Vec<String> = counts.iter().filter(|c| c.1 > 0).map(|(word, n)| format!("{n} {word}")).collect();
        line("jobs", if counts.is_empty() { "0".to_owned() } else { counts.join(", ") });
        quantiles.extend([("job slowdown", "x", &jobs.slowdown), ("job response", " ms", &jobs.response_ms)]);
    }
    for (name, unit, q) in quantiles {
        let at = |v: f64| if q.count == 0 { "–".to_owned() } else { format!("{}{unit}", three_digits(v)) };
        line(
            name,
            format!(
                "mean {}, P50 {}, P90 {}, P95 {}, P99 {}, P99.9 {}, max {}",
                at(q.mean),
                at(q.p50),
                at(q.p90),
                at(q.p95),
                at(q.p99),
                at(q.p999),
                at(q.max)
            ),
        );
    }
    let parts: Vec<String> = s.phases_ms.iter().filter(|p| p.1 > 0.0).map(|(w, ms)| format!("{w} {}", three_digits(*ms))).collect();
    line("mean ms in", parts.join(", "));
    if !s.transfers.is_empty() {
        let mut parts: Vec<String> =
            s.transfers.iter().map(|t| format!("{} ({} GB)", t.words(), three_digits(t.bytes as f64 / 1e9))).collect();
        parts.push(format!("{} evictions", s.image_evictions));
        line("images", parts.join(", "));
    }
    line("idle memory", format!("{} GB s", three_digits(s.idle_gb_s)));
    line("utilisation", format!("{} %", three_digits(100.0 * s.utilisation)));
    line("simulated", format!("{} s in {} s, {} events", three_digits(s.end_s), three_digits(wall.as_secs_f64()), s.events));
    line("speed", format!("{} events/s", three_digits(s.events as f64 / wall.as_secs_f64().max(1e-9))));
    print_text(&out)
}

/// A row for each invocation. What did not end has no response time, only what was completed has a slowdown, and only where
/// invocations belong together they have a job.
fn write_invocations(file: File, simulation: &Simulation, recorder: &Recorder) -> std::io::Result<()> {
    let mut out = BufWriter::new(file);
    writeln!(out, "{}", csv::INVOCATIONS)?;
    csv::invocations(&mut out, simulation, recorder, 0..simulation.workload().len() as u32)?;
    out.flush()
}

/// A row for each host and bucket of time.
fn write_hosts(file: File, series: &HostSeries, end_s: f64) -> std::io::Result<()> {
    let mut out = BufWriter::new(file);
    writeln!(out, "{}", csv::HOSTS)?;
    csv::hosts(&mut out, series, end_s)?;
    out.flush()
}

fn list(catalogue: &Catalogue) -> String {
    let mut out = String::new();
    let at = |path: &'static str| (path, catalogue.entries_at(path).unwrap_or_default());
    let families: [(&str, &[&'static Entry]); 9] = [
        ("frame.architecture", &catalogue.architectures),
        ("policies.placement", &catalogue.placements),
        ("policies.keep_alive", &catalogue.keep_alives),
        at("policies.order"),
        at("policies.estimates"),
        ("workload.arrivals", &catalogue.arrivals),
        ("workload.popularity", &catalogue.popularities),
        ("workload.jobs", &catalogue.jobs),
        ("functions.ID.execution", &catalogue.distributions),
    ];
    for (path, entries) in families {
        out.push_str(&format!("{path}\n"));
        for e in entries {
            out.push_str(&format!("  {:<16} {}\n", e.kind, e.summary));
            for p in e.params {
                let domain = match &p.domain {
                    Domain::Number { default, min, max } => format!("{default} ({min} to {max})"),
                    Domain::Integer { default, min, max } => format!("{default} ({min} to {max})"),
                    Domain::Word(words) => words.iter().map(|w| w.0).collect::<Vec<_>>().join(" | "),
                };
                out.push_str(&format!("    {:<14} {domain}  {}\n", p.name, p.help));
            }
        }
    }
    out
}
