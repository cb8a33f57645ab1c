//! The worker's end: a loop that handles a budget of events, posts progress, and listens.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::platform::Outcome::Abandoned;
use faaslab_core::scenario::{Problem, Scenario};
use faaslab_core::sim::containers::Watch;
use faaslab_core::sim::follow::{Journey, follow};
use faaslab_core::sim::life::{Life, life};
use faaslab_core::sim::search::{Search, Step};
use faaslab_core::sim::stage::{StageWindow, record};
use faaslab_core::sim::why::{Why, why};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::trace::{Fingerprint, Limits, Reader, TraceData, TraceError};
use faaslab_core::units::SimTime;
use faaslab_core::view::{Theme, still};
use faaslab_core::workload::Workload;
use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, DedicatedWorkerGlobalScope, File, MessageChannel, MessageEvent};

use super::hasher::Hasher;
use super::protocol::{FromSim, Job, Outcome, ToSim, pack, unpack};
use super::shelf;
use super::tables::Tables;
use crate::parts;

/// How long the worker simulates before it listens again, in milliseconds.
const SLICE_MS: f64 = 20.0;
/// Events between two looks at the clock.
const BATCH: u64 = 5_000;
/// How often progress is posted, in milliseconds.
const PROGRESS_MS: f64 = 100.0;
/// The most bytes that checkpoints may take, about.
const CHECKPOINT_BYTES: usize = 200_000_000;
/// The most checkpoints of a run: in one of three million invocations a state is then at most some 200,000 events away.
const MOST_CHECKPOINTS: usize = 128;
/// The most hosts of which there is a line in a chart.
const MOST_HOSTS: usize = 5;
/// Bytes of a file read at once.
const CHUNK: f64 = 4_194_304.0;

/// A run with checkpoints to go back to.
struct Run {
    past: Past,
    simulation: Simulation,
    recorder: Recorder,
    tables: Tables,
    /// About how many bytes they take.
    checkpoint_bytes: usize,
    /// Events between two checkpoints; doubled when there are too many.
    spacing: u64,
    next_checkpoint: u64,
    done: bool,
    wall_ms: f64,
    last_progress: f64,
    last_partial: f64,
}

/// What is kept of a run to record windows of it.
struct Past {
    /// The run.
    number: u32,
    /// Its states, in order of time, the beginning first.
    checkpoints: Vec<Simulation>,
    /// How far it has come.
    now: SimTime,
    /// Whether the page has asked about it, as it does once it shows the run.
    shown: bool,
}

/// Messages that wait, with what travels with them.
type Inbox = Rc<RefCell<VecDeque<(ToSim, Vec<JsValue>)>>>;

/// What takes a while and is seldom asked for: apart from what every visit needs.
type Seldom<'w> = Pin<Box<dyn Future<Output = ()> + 'w>>;

struct Worker {
    scope: DedicatedWorkerGlobalScope,
    inbox: Inbox,
    /// Wakes the loop when a message comes.
    wake: Rc<RefCell<Option<Function>>>,
    trace: Option<TraceData>,
    /// Of the file whose bytes come.
    fingerprint: Fingerprint,
    /// The workload of the last run, and the scenario that it is of.
    drawn: Option<(Scenario, Arc<Workload>)>,
    run: Option<Run>,
    /// Runs before, whole: the last one for as long as the page shows it, and the one that it wants kept.
    before: Vec<Run>,
    /// The run that is kept when others have taken its place.
    kept: Option<u32>,
    /// What is looked for, with the number of its run and its own.
    search: Option<(u32, u32, Search)>,
    /// The containers that are being looked at: of which run and host.
    watch: Option<(u32, u32, Watch)>,
}

/// Starts listening.
pub(crate) fn start(scope: DedicatedWorkerGlobalScope) {
    let poster = scope.clone();
    std::panic::set_hook(Box::new(move |info| {
        let (message, transfer) = pack(&FromSim::Crashed(info.to_string()), &[]);
        let _ = poster.post_message_with_transfer(&message, &transfer);
    }));
    let inbox = Inbox::default();
    let wake: Rc<RefCell<Option<Function>>> = Rc::default();
    let (to_inbox, to_wake) = (Rc::clone(&inbox), Rc::clone(&wake));
    let listen = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(message) = unpack::<ToSim>(&event.data()) {
            to_inbox.borrow_mut().push_back(message);
        }
        if let Some(resolve) = to_wake.borrow_mut().take() {
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    scope.set_onmessage(Some(listen.as_ref().unchecked_ref()));
    listen.forget(); // lives as long as the worker
    let mut worker = Worker {
        scope,
        inbox,
        wake,
        trace: None,
        fingerprint: Fingerprint::default(),
        drawn: None,
        run: None,
        before: Vec::new(),
        kept: None,
        search: None,
        watch: None,
    };
    worker.post(&FromSim::Ready);
    spawn_local(async move {
        loop {
            let next = worker.inbox.borrow_mut().pop_front();
            match next {
                Some((message, with)) => worker.handle(message, with).await,
                None if worker.search.is_some() => {
                    worker.look();
                    let _ = JsFuture::from(soon()).await;
                }
                None if worker.watch.is_some() => {
                    worker.go_on_watching();
                    let _ = JsFuture::from(soon()).await;
                }
                None if worker.run.as_ref().is_some_and(|r| !r.done) => {
                    worker.slice();
                    let _ = JsFuture::from(soon()).await;
                }
                None => {
                    let wake = Rc::clone(&worker.wake);
                    let woken = Promise::new(&mut |resolve, _| *wake.borrow_mut() = Some(resolve));
                    let _ = JsFuture::from(woken).await;
                }
            }
        }
    });
}

/// A promise that resolves after the messages that wait have been delivered. A timer would be held back to 4 ms.
fn soon() -> Promise {
    Promise::new(&mut |resolve, _| match MessageChannel::new() {
        Ok(channel) => {
            channel.port1().set_onmessage(Some(&resolve));
            let _ = channel.port2().post_message(&JsValue::NULL);
        }
        Err(_) => drop(resolve.call0(&JsValue::NULL)),
    })
}

fn now_ms() -> f64 {
    js_sys::Reflect::get(&js_sys::global(), &"performance".into())
        .ok()
        .and_then(|p| p.dyn_into::<web_sys::Performance>().ok())
        .map_or(0.0, |p| p.now())
}

impl Worker {
    fn post(&self, message: &FromSim) {
        self.post_with(message, &[]);
    }

    fn post_with(&self, message: &FromSim, with: &[JsValue]) {
        let (message, transfer) = pack(message, with);
        let _ = self.scope.post_message_with_transfer(&message, &transfer);
    }

    /// Whether a trace is no longer wanted that is being read.
    fn gives_up(&self, load: u32) -> bool {
        let inbox = self.inbox.borrow();
        inbox.iter().any(|(m, _)| match m {
            ToSim::Cancel(job) => *job == Job::Load(load),
            ToSim::LoadTrace(_) => true,
            _ => false,
        })
    }

    /// Lets go of the current run. The one that the page shows, this or the one before, goes on answering.
    fn put_aside(&mut self) {
        let kept = self.kept;
        if let Some(run) = self.run.take().filter(|r| r.past.shown || kept == Some(r.past.number)) {
            self.before.retain(|r| kept == Some(r.past.number));
            // Orders of its tables are found again if they are asked for.
            self.before.push(Run { tables: Tables::default(), ..run });
        }
    }

    /// A run that the page shows. Where that is the current one, the one before is no longer needed.
    fn shown(&mut self, number: u32) -> Option<&mut Run> {
        match self.run.as_mut().filter(|r| r.past.number == number) {
            Some(run) => {
                run.past.shown = true;
                let kept = self.kept;
                self.before.retain(|r| kept == Some(r.past.number));
                Some(run)
            }
            None => self.before.iter_mut().find(|r| r.past.number == number),
        }
    }

    /// Looks for an event for one slice of time.
    #[inline(never)]
    fn look(&mut self) {
        let Some((run, number, mut search)) = self.search.take() else { return };
        let begin = now_ms();
        let step = match self.shown(run) {
            Some(Run { past, .. }) => loop {
                match search.step(&past.checkpoints, past.now, BATCH) {
                    Step::Searching if now_ms() - begin < SLICE_MS => {}
                    step => break step,
                }
            },
            None => Step::Done(None),
        };
        match step {
            Step::Searching => self.search = Some((run, number, search)),
            Step::Done(found) => self.post(&FromSim::Found { run, search: number, found }),
        }
    }

    async fn handle(&mut self, message: ToSim, with: Vec<JsValue>) {
        match message {
            ToSim::Run { run, scenario } => {
                if let Err(problems) = self.begin(run, &scenario) {
                    self.post(&FromSim::Refused { run, problems });
                }
            }
            ToSim::Cancel(job) => {
                if self.run.as_ref().is_some_and(|r| !r.done && job == Job::Run(r.past.number)) {
                    self.put_aside();
                }
                self.search.take_if(|(_, number, _)| job == Job::Search(*number));
                self.post(&FromSim::Cancelled(job));
            }
            ToSim::Window { run, from_ns, to_ns } => {
                if let Some(window) = self.shown(run).map(|r| r.past.window(from_ns, to_ns)) {
                    self.post(&FromSim::Window { run, window });
                }
            }
            ToSim::LoadTrace(load) => {
                let reading: Seldom<'_> = Box::pin(self.load_trace(load, with));
                reading.await;
            }
            ToSim::TakeTrace => {
                let taking: Seldom<'_> = Box::pin(self.take_trace(with));
                taking.await;
            }
            ToSim::Recall { load, hashes } => {
                let recalling: Seldom<'_> = Box::pin(self.recall(load, hashes));
                recalling.await;
            }
            ToSim::Forget(hashes) => {
                let forgetting: Seldom<'_> = Box::pin(self.forget(hashes));
                forgetting.await;
            }
            ToSim::Hash => {
                with.iter()
                    .filter_map(|bytes| bytes.dyn_ref::<Uint8Array>())
                    .for_each(|bytes| self.fingerprint.push(&bytes.to_vec()));
                self.post(&FromSim::Hashed(None));
            }
            ToSim::HashEnd => {
                let sha256 = std::mem::take(&mut self.fingerprint).sha256();
                self.post(&FromSim::Hashed(Some(sha256)));
            }
            ToSim::TakePart(part) => with.iter().for_each(|module| parts::take(part, module)),
            message => self.answer(message),
        }
    }

    /// Answers what is asked of a run that is there.
    #[inline(never)]
    fn answer(&mut self, message: ToSim) {
        match message {
            ToSim::Life { run, invocation } => {
                if let Some(Run { past, simulation, recorder, .. }) = self.shown(run) {
                    let row = Tables::row(simulation, recorder, invocation);
                    let life = past.life(invocation, row.submitted_ns);
                    self.post(&FromSim::Life { run, row, life });
                }
            }
            ToSim::Charts { run, from_ns, to_ns } => {
                if let Some(Run { simulation, recorder, .. }) = self.shown(run) {
                    let charts = Box::new(recorder.charts_between(simulation, SimTime(from_ns), SimTime(to_ns)));
                    self.post(&FromSim::Charts { run, charts });
                }
            }
            ToSim::Containers { run, host, from_ns, to_ns } => {
                let (from, to) = (SimTime(from_ns), SimTime(to_ns));
                self.watch = self.shown(run).map(|r| (run, host, Watch::new(r.past.before(from).clone(), host, from, to)));
            }
            ToSim::Why { run, invocation } => {
                if let Some(why) = self.shown(run).map(|r| r.why(invocation)) {
                    self.post(&FromSim::Why { run, why });
                }
            }
            ToSim::Page { run, query, from, count } => {
                if let Some(Run { simulation, recorder, tables, .. }) = self.shown(run).filter(|r| r.done) {
                    let (total, rows) = tables.page(simulation, recorder, &query, from, count);
                    self.post(&FromSim::Page { run, query, from, total, rows });
                }
            }
            ToSim::Export { run, query } => {
                let shown = self.shown(run).filter(|r| r.done);
                if let Some(blob) = shown.and_then(|r| r.tables.file(&r.simulation, &r.recorder, &query)) {
                    self.post_with(&FromSim::Exported { table: query.table }, &[blob.into()]);
                }
            }
            ToSim::Next { run, search, aim, direction, from_ns } => {
                self.search = Some((run, search, Search::new(aim, direction, from_ns)));
            }
            ToSim::Follow { run, invocation } => {
                let journey = self.shown(run).map(|r| {
                    let known = (invocation as usize) < r.simulation.workload().len();
                    let submitted = if known { r.recorder.row(invocation).submitted } else { None };
                    r.past.journey(invocation, submitted)
                });
                if let Some(journey) = journey {
                    self.post(&FromSim::Journey { run, journey: Box::new(journey) });
                }
            }
            ToSim::Keep(run) => self.kept = run,
            ToSim::Still { id, scenario, at_s, size } => {
                let scenario = Scenario::from_json(&scenario).ok();
                let picture = scenario.and_then(|scenario| still(&scenario, at_s, size, &Theme::of_page()));
                self.post(&FromSim::Still { id, picture });
            }
            ToSim::Crash => panic!("a crash was asked for"),
            // These have been handled.
            ToSim::Run { .. } | ToSim::Cancel(_) | ToSim::Window { .. } => {}
            ToSim::LoadTrace(_) | ToSim::TakeTrace | ToSim::TakePart(_) => {}
            ToSim::Recall { .. } | ToSim::Forget(_) | ToSim::Hash | ToSim::HashEnd => {}
        }
    }

    /// Reads files as a trace, and says how that ended.
    async fn load_trace(&mut self, load: u32, with: Vec<JsValue>) {
        let files: Vec<File> = with.into_iter().filter_map(|f| f.dyn_into().ok()).collect();
        match self.load(load, &files).await {
            Ok(true) => {}
            Ok(false) => self.post(&FromSim::Cancelled(Job::Load(load))),
            Err(error) => self.post(&FromSim::Unreadable { load: Some(load), error: Box::new(error) }),
        }
    }

    /// Takes a packed trace.
    async fn take_trace(&mut self, with: Vec<JsValue>) {
        let bytes = match with.first().and_then(|b| b.dyn_ref::<Blob>()) {
            Some(blob) => JsFuture::from(blob.array_buffer()).await.map(|b| Uint8Array::new(&b).to_vec()).unwrap_or_default(),
            None => Vec::new(),
        };
        match TraceData::from_bytes(&bytes) {
            Ok(trace) => self.take(trace),
            Err(error) => self.post(&FromSim::Unreadable { load: None, error: Box::new(error) }),
        }
    }

    fn take(&mut self, trace: TraceData) {
        (self.trace, self.drawn) = (Some(trace), None);
    }

    /// Reads files as a trace. Answers whether it came to the end: false if it was cancelled.
    async fn load(&mut self, load: u32, files: &[File]) -> Result<bool, TraceError> {
        let total: f64 = files.iter().map(|f| f.size()).sum();
        // What is one piece is not worth a worker.
        let hasher = if total > CHUNK { Hasher::start() } else { None };
        let mut reader = if hasher.is_some() { Reader::unhashed(Limits::default()) } else { Reader::new(Limits::default()) };
        let mut read = 0.0;
        let mut last = now_ms();
        for file in files {
            reader.begin_file(&file.name());
            let mut at = 0.0;
            let mut next = coming(file, at);
            while at < file.size() {
                let bytes = arrived(next).await.ok_or_else(|| TraceError::unreadable(&file.name(), at, file.size()))?;
                let (length, piece) = (f64::from(bytes.length()), bytes.to_vec());
                // The next bytes come while these are read.
                next = coming(file, at + length);
                if let Some(hasher) = &hasher {
                    hasher.push(bytes).await;
                }
                reader.push(&piece)?;
                at += length;
                read += length;
                if now_ms() - last > PROGRESS_MS {
                    last = now_ms();
                    self.post(&FromSim::Loading { load, bytes: read, total, rows: reader.rows_so_far() });
                }
                if self.gives_up(load) {
                    return Ok(false);
                }
            }
            match &hasher {
                Some(hasher) => match hasher.end_file().await {
                    Some(sha256) => reader.end_file_as(sha256)?,
                    None => reader.end_file_as(
                        fingerprint(file).await.ok_or_else(|| TraceError::unreadable(&file.name(), 0.0, file.size()))?,
                    )?,
                },
                None => reader.end_file()?,
            }
        }
        let (trace, report) = reader.finish()?;
        let packed = trace.to_bytes();
        let kept = shelf::keep(&self.scope, &report, &packed).await;
        if self.gives_up(load) {
            return Ok(false);
        }
        self.take(trace);
        let is_kept = kept.is_some();
        let handle = kept.or_else(|| in_memory(&packed));
        self.post_loaded(FromSim::Loaded { load, report: Box::new(report), kept: is_kept, recalled: false }, handle);
        Ok(true)
    }

    fn post_loaded(&self, message: FromSim, handle: Option<Blob>) {
        self.post_with(&message, &handle.map(JsValue::from).into_iter().collect::<Vec<_>>());
    }

    /// Takes a trace that this browser keeps. One that is damaged is kept no longer.
    async fn recall(&mut self, load: u32, hashes: Vec<String>) {
        if let Some((report, packed, handle)) = shelf::recall(&self.scope, &hashes).await {
            if let Ok(trace) = TraceData::from_bytes(&packed) {
                self.take(trace);
                let message = FromSim::Loaded { load, report: Box::new(report), kept: true, recalled: true };
                return self.post_loaded(message, Some(handle));
            }
            shelf::forget(&self.scope, &hashes).await;
        }
        self.post(&FromSim::Unkept { load });
    }

    /// No longer keeps a trace, which stays here until the page is left.
    async fn forget(&mut self, hashes: Vec<String>) {
        shelf::forget(&self.scope, &hashes).await;
        let handle = self.trace.as_ref().and_then(|trace| in_memory(&trace.to_bytes()));
        self.post_loaded(FromSim::Forgotten, handle);
    }

    fn begin(&mut self, number: u32, scenario: &str) -> Result<(), Vec<Problem>> {
        self.put_aside();
        let problem = |path: String, message: String, hint: String| vec![Problem { path, message, hint, warning: false }];
        let scenario = Scenario::from_json(scenario).map_err(|e| problem(e.place, e.message, e.hint))?;
        // Most edits are of a policy, and leave the workload as it is.
        let drawn = self.drawn.take().filter(|(before, _)| Workload::is_shared(before, &scenario));
        let workload = match drawn {
            Some((_, workload)) => workload,
            None => Workload::new(&scenario, self.trace.as_ref()).map(Arc::new).map_err(|e| problem(e.place, e.message, e.hint))?,
        };
        self.drawn = Some((scenario.clone(), Arc::clone(&workload)));
        let recorder = Recorder::new(Arc::clone(&workload), scenario.run.warm_up_s).with_hosts();
        let simulation = Simulation::new(&scenario, workload, &Library::default())?;
        self.run = Some(Run {
            past: Past { number, checkpoints: vec![simulation.clone()], now: SimTime::ZERO, shown: false },
            checkpoint_bytes: simulation.size(),
            simulation,
            recorder,
            tables: Tables::default(),
            spacing: 20_000,
            next_checkpoint: 20_000,
            done: false,
            wall_ms: 0.0,
            last_progress: now_ms(),
            last_partial: now_ms(),
        });
        Ok(())
    }

    /// Goes through a part of a run again for one slice of time, and posts what was seen once it is through.
    #[inline(never)]
    fn go_on_watching(&mut self) {
        let Some((run, host, mut watch)) = self.watch.take() else { return };
        let begin = now_ms();
        while now_ms() - begin < SLICE_MS {
            if watch.step(BATCH) {
                return self.post(&FromSim::Containers { run, host, charts: Box::new(watch.charts()) });
            }
        }
        self.watch = Some((run, host, watch));
    }

    /// Simulates for one slice of time and posts what there is to say.
    fn slice(&mut self) {
        let Some(run) = &mut self.run else { return };
        let begin = now_ms();
        while !run.done && now_ms() - begin < SLICE_MS {
            run.advance();
        }
        let now = now_ms();
        run.wall_ms += now - begin;
        let message = if run.done {
            FromSim::Done { run: run.past.number, outcome: Box::new(run.outcome()) }
        } else if now - run.last_progress > PROGRESS_MS {
            run.last_progress = now;
            // Partial measures cost more the longer the run is, so they come less often then.
            let due = PROGRESS_MS * 5.0 + run.simulation.workload().len() as f64 / 500.0;
            let partial = (now - run.last_partial > due).then(|| Box::new(run.outcome()));
            if partial.is_some() {
                run.last_partial = now_ms();
            }
            let fraction = run.simulation.fraction();
            FromSim::Progress { run: run.past.number, fraction, partial }
        } else {
            return;
        };
        self.post(&message);
    }
}

/// A handle of bytes that the browser holds outside of the page and its workers.
fn in_memory(bytes: &[u8]) -> Option<Blob> {
    Blob::new_with_u8_array_sequence(&js_sys::Array::of1(&Uint8Array::from(bytes))).ok()
}

/// Asks for the next bytes of a file.
fn coming(file: &File, at: f64) -> Option<Promise> {
    file.slice_with_f64_and_f64(at, at + CHUNK).ok().map(|part| part.array_buffer())
}

/// The bytes that were asked for, which are some; nothing if they cannot be had.
async fn arrived(bytes: Option<Promise>) -> Option<Uint8Array> {
    let buffer = JsFuture::from(bytes?).await.ok()?;
    let bytes = Uint8Array::new(&buffer);
    (bytes.length() > 0).then_some(bytes)
}

/// The fingerprint of a file, read once more; nothing if it cannot be read.
async fn fingerprint(file: &File) -> Option<String> {
    let (mut fingerprint, mut at) = (Fingerprint::default(), 0.0);
    while at < file.size() {
        let bytes = arrived(coming(file, at)).await?;
        fingerprint.push(&bytes.to_vec());
        at += f64::from(bytes.length());
    }
    Some(fingerprint.sha256())
}

impl Run {
    fn advance(&mut self) {
        let progress = self.recorder.step(&mut self.simulation, BATCH);
        self.done = progress.done;
        self.past.now = self.simulation.world().now;
        let checkpoints = &mut self.past.checkpoints;
        if progress.events >= self.next_checkpoint {
            self.checkpoint_bytes += self.simulation.size();
            checkpoints.push(self.simulation.clone());
            // Where a state is large (a long queue, a million functions), few of them must do.
            while checkpoints.len() > MOST_CHECKPOINTS || (self.checkpoint_bytes > CHECKPOINT_BYTES && checkpoints.len() > 1) {
                let mut index = 0;
                checkpoints.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.checkpoint_bytes = checkpoints.iter().map(Simulation::size).sum();
                self.spacing *= 2;
            }
            self.next_checkpoint = progress.events + self.spacing;
        }
    }

    /// Why an invocation fared as it did.
    fn why(&self, invocation: u32) -> Why {
        let counters = &self.simulation.world().counters;
        // Attempts of which no row tells, and containers that nobody asked for.
        let untold = counters.retries + counters.killed + counters.prewarmed + counters.outcomes[Abandoned as usize] > 0;
        let submitted = self.recorder.row(invocation).submitted.unwrap_or_default();
        why(&self.past.checkpoints, invocation, submitted, |host, function, before| {
            if untold { Some(SimTime::ZERO) } else { self.recorder.last_use(host, function, before) }
        })
    }

    fn outcome(&self) -> Outcome {
        let functions = &self.simulation.workload().functions;
        let mut charts =
            if self.done { self.recorder.charts(&self.simulation) } else { self.recorder.charts_so_far(&self.simulation) };
        charts.host_series = self.recorder.hosts(&self.simulation).map(|series| series.most_loaded(MOST_HOSTS));
        Outcome {
            summary: Summary::new(&self.simulation, &self.recorder),
            charts,
            functions: functions.iter().take(2_000).map(|f| f.id.clone()).collect(),
            wall_s: self.wall_ms / 1e3,
        }
    }
}

impl Past {
    /// The last state that is kept from before an instant.
    fn before(&self, at: SimTime) -> &Simulation {
        &self.checkpoints[self.checkpoints.partition_point(|c| c.world().now < at).saturating_sub(1)]
    }

    /// Goes back to the last checkpoint before an invocation was submitted, and on until it ended.
    fn life(&self, invocation: u32, submitted_ns: u64) -> Life {
        life(self.before(SimTime(submitted_ns)).clone(), invocation)
    }

    /// Goes back to the last checkpoint before an invocation was submitted, as its row or else the workload says, and on until
    /// it ended.
    fn journey(&self, invocation: u32, submitted: Option<SimTime>) -> Journey {
        let row = self.checkpoints[0].workload().arrival_ns.get(invocation as usize).map(|&ns| SimTime(ns));
        let at = submitted.or(row.filter(|&at| at < SimTime::NEVER)).unwrap_or(SimTime::ZERO);
        let nearest = self.checkpoints.partition_point(|c| c.world().now < at).saturating_sub(1);
        follow(self.checkpoints[nearest].clone(), invocation)
    }

    /// Goes back to the last checkpoint before a window, and through the window again with the stage's probe.
    fn window(&self, from_ns: u64, to_ns: u64) -> StageWindow {
        let from = SimTime(from_ns.min(self.now.0));
        record(self.before(from).clone(), from, SimTime(to_ns))
    }
}
