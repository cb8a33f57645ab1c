//! Comparisons with results of the original systems. They are read from the folder in `FAASLAB_GOLDENS`
//! (`./dev goldens DIR`), or from `../shared/goldens`; where there is none, the tests say so and skip.
//!
//! Each golden run is one line: it agrees, or differs by so much.
#![allow(clippy::unwrap_used)]

mod competition;
mod dslab;
mod dynamic;
mod faascache;
mod frames;
mod heap;
mod oracle;
mod wrench;

use std::fmt::Display;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faaslab_core::measure::Recorder;
use faaslab_core::platform::Outcome;
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::trace::{Limits, Reader, TraceData};
use faaslab_core::workload::Workload;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The folder of goldens, if there is one.
fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("FAASLAB_GOLDENS").map(PathBuf::from);
    let shared = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/goldens"));
    let found = given.into_iter().chain([shared]).find(|p| p.is_dir());
    if found.is_none() {
        println!("skipped: there are no goldens in FAASLAB_GOLDENS or ../shared/goldens");
    }
    found
}

/// Every trace of keep-alive goldens that is there, with the expected runs of a variant.
fn keep_alive_cases(variant: &str) -> Vec<(String, TraceData, Vec<Value>)> {
    let Some(folder) = folder().map(|f| f.join("faascache")) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is absent", folder.display());
        return Vec::new();
    };
    let mut names: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect();
    names.sort();
    names
        .into_iter()
        .filter_map(|here| {
            let text = read_to_string(here.join(format!("expected_{variant}.json"))).ok()?;
            let runs: Vec<Value> = serde_json::from_str(&text).unwrap();
            Some((here.file_name()?.to_string_lossy().into_owned(), read_trace(&here.join("trace.csv")), runs))
        })
        .collect()
}

fn read_trace(path: &Path) -> TraceData {
    let mut reader = Reader::new(Limits::default());
    reader.begin_file("trace.csv");
    reader.push(&std::fs::read(path).unwrap()).unwrap();
    reader.end_file().unwrap();
    reader.finish().unwrap().0
}

/// A reference preset with a host of so many MB and a keep-alive policy.
fn preset(name: &str, memory_mb: f64, keep_alive: Value) -> Scenario {
    let path = format!("{}/../scenarios/reference/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut value: Value = serde_json::from_str(&read_to_string(path).unwrap()).unwrap();
    value["nodes"][1]["memory_mb"] = memory_mb.into();
    value["policies"]["keep_alive"] = keep_alive;
    Scenario::from_value(value).unwrap()
}

/// What a run came to, in the goldens' words.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    hits: u64,
    cold: u64,
    dropped: u64,
    evictions: u64,
    /// SHA-256 of one letter for each invocation: H hit, M cold, D dropped.
    outcomes: String,
}

impl Counts {
    fn of(letters: &str, evictions: u64) -> Counts {
        let count = |letter: char| letters.chars().filter(|c| *c == letter).count() as u64;
        Counts { hits: count('H'), cold: count('M'), dropped: count('D'), evictions, outcomes: sha256(letters) }
    }

    fn expected(run: &Value) -> Counts {
        let count = |name: &str| run[name].as_u64().unwrap();
        Counts {
            hits: count("hits"),
            cold: count("cold_misses"),
            dropped: count("capacity_misses"),
            evictions: count("evictions"),
            outcomes: run["outcome_sha256"].as_str().unwrap().to_owned(),
        }
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} hits, {} cold, {} dropped, {} evicted", self.hits, self.cold, self.dropped, self.evictions)
    }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Runs a scenario on a trace. Evicted counts what expired, too, as the originals do.
fn play(scenario: &Scenario, trace: &TraceData) -> Counts {
    let workload = Arc::new(Workload::new(scenario, Some(trace)).unwrap());
    let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
    let mut simulation = Simulation::new(scenario, Arc::clone(&workload), &Library::default()).unwrap();
    simulation.run(&mut recorder);
    let letters: String = (0..workload.len() as u32)
        .map(|i| match recorder.row(i) {
            row if row.outcome != Some(Outcome::Completed) => 'D',
            row if row.cold => 'M',
            _ => 'H',
        })
        .collect();
    let counters = &simulation.world().counters;
    Counts::of(&letters, counters.evictions + counters.expirations)
}

/// Lines of a comparison, and how many agree.
#[derive(Default)]
struct Report {
    agree: usize,
    differ: usize,
}

impl Report {
    fn line(&mut self, what: impl Display, agrees: bool, detail: impl Display) {
        *(if agrees { &mut self.agree } else { &mut self.differ }) += 1;
        println!("{}  {what}: {detail}", if agrees { "agree  " } else { "differs" });
    }

    fn total(&self, what: &str) {
        println!("total    {what}: {} agree, {} differ", self.agree, self.differ);
    }
}
