//! What the page knows: the document, the runs, the trace, and what is open. All of it changes through one [`Action`].

pub(crate) mod address;
pub(crate) mod gallery;
pub(crate) mod history;
pub(crate) mod pages;
pub(crate) mod persist;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::LazyLock;

use faaslab_core::edit::{Command, Document, EditError, from_on};
use faaslab_core::measure::Charts;
use faaslab_core::registry::Catalogue;
use faaslab_core::scenario::{Problem, Scenario, TraceFile, TraceRef, validate};
use faaslab_core::sim::Library;
use faaslab_core::sim::life::Life;
use faaslab_core::sim::why::Why;
use faaslab_core::trace::Report;
use faaslab_core::view::auto_place;
use serde_json::Value;
use yew::prelude::*;

use self::history::Steps;
use self::pages::Pages;
use crate::embed::Part;
use crate::worker::protocol::{FromSim, Job, Outcome, Row, RowFilter};

/// A run that is on the page.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Its number.
    pub(crate) run: u32,
    /// The scenario that was run.
    pub(crate) scenario: Rc<Scenario>,
    /// Its measures, so far or in the end.
    pub(crate) outcome: Rc<Outcome>,
    /// Its chart data, shared with the charts.
    pub(crate) charts: Rc<Charts>,
    /// Whether it has ended.
    pub(crate) complete: bool,
}

/// A run on its way.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// Its number.
    pub(crate) run: u32,
    /// Its scenario.
    pub(crate) scenario: Rc<Scenario>,
    /// How much is done, from 0 to 1.
    pub(crate) fraction: f64,
    /// When it began, in milliseconds of the page's clock.
    pub(crate) begun_ms: f64,
}

/// A run that goes on in another way from an instant.
#[derive(Clone, Debug)]
pub(crate) struct Fork {
    /// The instant, in seconds.
    pub(crate) at_s: f64,
    /// The scenario as it was before.
    pub(crate) original: Rc<Scenario>,
    /// Its run.
    pub(crate) run: Rc<Shown>,
}

/// A trace being read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Loading {
    /// Its number.
    pub(crate) load: u32,
    /// Bytes read.
    pub(crate) bytes: f64,
    /// Bytes in all.
    pub(crate) total: f64,
    /// Rows so far.
    pub(crate) rows: u64,
}

/// Whether this browser keeps a trace for the next visit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// It cannot: the trace is here until the page is left.
    #[default]
    Here,
    /// It does.
    Kept,
    /// It no longer does, as somebody asked.
    Forgotten,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    /// What, in words.
    pub(crate) text: AttrValue,
    /// Whether something went wrong.
    pub(crate) bad: bool,
}

/// Which invocations are listed, and which of them is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing {
    /// Those that this lets through.
    pub(crate) filter: RowFilter,
    /// The one whose story is told.
    pub(crate) open: Option<u32>,
    /// How often somebody asked to see them.
    pub(crate) asked: u32,
}

/// What lies above the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// Scenarios to open.
    Gallery,
    /// The link.
    Share,
    /// What was read of a trace.
    Trace,
    /// Shortcuts.
    Help,
    /// The run on one page, to print.
    Report,
}

/// Everything the page knows.
#[derive(Clone)]
pub(crate) struct Lab {
    /// The scenario with its history.
    pub(crate) document: Rc<Document>,
    /// The scenario as it is now.
    pub(crate) scenario: Rc<Scenario>,
    /// The fork that goes on: edits hold from its instant on.
    pub(crate) fork: Option<Rc<Fork>>,
    /// What each path of the scenario holds where edits go: at the fork's instant, else from the start.
    pub(crate) present: Rc<Value>,
    /// What is wrong with it.
    pub(crate) problems: Rc<Vec<Problem>>,
    /// Ids of what is selected.
    pub(crate) selection: Rc<Vec<String>>,
    /// The run on its way.
    pub(crate) running: Option<Running>,
    /// The run on the page.
    pub(crate) shown: Option<Rc<Shown>>,
    /// The one before.
    pub(crate) previous: Option<Rc<Shown>>,
    /// The rows of the table that is shown, as far as they are here.
    pub(crate) pages: Option<Rc<Pages>>,
    /// Which invocations are listed.
    pub(crate) listing: Rc<Listing>,
    /// What an invocation went through, and in which run.
    pub(crate) life: Option<(u32, Rc<(Row, Life)>)>,
    /// Why it fared so, and in which run.
    pub(crate) why: Option<(u32, Rc<Why>)>,
    /// A part of a run more closely, as charts show it over time, and of which run.
    pub(crate) closer: Option<(u32, Rc<Charts>)>,
    /// The containers of a host: of which run, and the number of the host.
    pub(crate) containers: Option<(u32, u32, Rc<Charts>)>,
    /// The trace that the worker holds.
    pub(crate) trace: Option<Rc<Report>>,
    /// Whether this browser keeps it for the next visit.
    pub(crate) keeping: Keeping,
    /// The number of the reading that looks for a named trace among those that are kept.
    recalling: Option<u32>,
    /// The trace on its way.
    pub(crate) loading: Option<Loading>,
    /// What there is to tell, each with a number of its own.
    pub(crate) notices: Rc<Vec<(u32, Notice)>>,
    /// How many notices there have been.
    told: u32,
    /// What is open.
    pub(crate) dialog: Option<Dialog>,
    /// Asks for a run even if nothing changed.
    pub(crate) again: u32,
    /// How many scenarios have been opened in the place of another.
    pub(crate) opened: u32,
    /// Machines that somebody asked to see closely: the last one, and how many there were.
    pub(crate) close_up: (String, u32),
    /// Whether the scenario is still as the page began with it, or as an address brought it: nobody's work yet.
    pub(crate) untouched: bool,
    /// The parts of the page that an address shows alone; nothing can be edited then.
    pub(crate) embed: Option<Rc<Vec<Part>>>,
    /// How many workers have been lost.
    pub(crate) lost: u32,
    /// Scenarios of the gallery in mid-run, as SVG, by their ids; nothing of those that cannot run.
    pub(crate) stills: Rc<BTreeMap<String, Option<AttrValue>>>,
}

impl PartialEq for Lab {
    fn eq(&self, _: &Self) -> bool {
        false // each action makes a new one
    }
}

/// What can happen to a [`Lab`].
pub(crate) enum Action {
    /// Change the document.
    Edit(Command),
    /// Move what is selected a little; presses of a key in a row are one step.
    Nudge(Command),
    /// Take back, or do again.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Open another scenario; it can be undone.
    Open(Box<Scenario>),
    /// Open what an address brings; it is not saved before it is edited.
    Visit(Box<Scenario>),
    /// Go on otherwise from an instant of the run that is shown, in seconds.
    Fork(f64),
    /// No longer edit from there on, and keep what was changed or take it out.
    EndFork {
        /// Whether it is kept.
        keep: bool,
    },
    /// Select.
    Select(Vec<String>),
    /// Select a machine of a block and show it closely on the stage.
    CloseUp(String),
    /// Show or close a dialog.
    Show(Option<Dialog>),
    /// Tell something.
    Tell(Notice),
    /// The notice of this number has been read.
    Dismiss(u32),
    /// A run was sent to the worker.
    Began(Running),
    /// A trace was sent to the worker: its number, and its bytes.
    LoadBegan(u32, f64),
    /// The worker was asked whether a named trace is kept: the number of that reading.
    RecallBegan(u32),
    /// The worker said something.
    Heard(Box<FromSim>),
    /// Run again.
    Again,
    /// List some invocations.
    ShowRows(RowFilter),
    /// Tell the story of an invocation, or of none.
    ShowInvocation(Option<u32>),
    /// The worker was ended.
    Stopped,
    /// Show these parts alone, or the whole page.
    Embed(Option<Rc<Vec<Part>>>),
    /// Take the undo history that was kept.
    TakeSteps(Steps),
}

/// The page's state, to read and to send actions to.
pub(crate) type LabHandle = UseReducerHandle<Lab>;

impl Lab {
    /// A page with a scenario.
    pub(crate) fn new(scenario: Scenario) -> Lab {
        let mut lab = Lab {
            document: Rc::new(Document::new(scenario.clone())),
            present: Rc::default(),
            scenario: Rc::new(scenario),
            fork: None,
            problems: Rc::default(),
            selection: Rc::default(),
            running: None,
            shown: None,
            previous: None,
            pages: None,
            listing: Rc::default(),
            life: None,
            closer: None,
            containers: None,
            why: None,
            trace: None,
            keeping: Keeping::default(),
            recalling: None,
            loading: None,
            notices: Rc::default(),
            told: 0,
            dialog: None,
            again: 0,
            opened: 0,
            close_up: Default::default(),
            untouched: true,
            embed: None,
            lost: 0,
            stills: Rc::default(),
        };
        lab.refresh();
        lab
    }

    /// Whether a trace is named that is not the one loaded here.
    pub(crate) fn needs_trace(&self) -> bool {
        let is_here = |named: &TraceRef| self.trace.as_ref().is_some_and(|loaded| named.is(loaded.hashes()));
        self.scenario.workload.trace.as_ref().is_some_and(|named| !is_here(named))
    }

    /// Whether somebody has to bring the trace that is named: it is not here, and not being looked for.
    pub(crate) fn asks_for_trace(&self) -> bool {
        self.needs_trace() && self.recalling.is_none()
    }

    /// What the status shows and Cancel gives up.
    pub(crate) fn job(&self) -> Option<Job> {
        let load = self.loading.map(|l| Job::Load(l.load));
        load.or(self.running.as_ref().map(|r| Job::Run(r.run)))
    }

    /// Whether the shown figures are of other settings than the scenario's, or of a run that was given up.
    pub(crate) fn is_stale(&self) -> bool {
        let shown = self.shown.as_ref();
        self.running.is_none() && shown.is_some_and(|s| !s.complete || run_key(&s.scenario) != run_key(&self.scenario))
    }

    /// What the run is called that the shown one is compared with.
    pub(crate) fn before(&self) -> &'static str {
        if self.fork.is_some() { "original" } else { "previous" }
    }

    /// Whether the scenario can run.
    pub(crate) fn can_run(&self) -> bool {
        self.problems.iter().all(|p| p.warning)
    }

    /// What is wrong at a path, or with what it changes to at the fork.
    pub(crate) fn problem_at(&self, path: &str) -> Option<&Problem> {
        let at_fork = |p: &Problem| {
            let (i, set) = p.path.strip_prefix("timeline[")?.split_once("].set.")?;
            let change = self.scenario.timeline.get(i.parse::<usize>().ok()?)?;
            Some(set == path && self.fork.as_ref()?.at_s == change.at_s)
        };
        self.problems.iter().find(|p| p.path == path || at_fork(p) == Some(true))
    }

    fn refresh(&mut self) {
        self.scenario = Rc::new(self.document.scenario().clone());
        self.present = Rc::new(match &self.fork {
            Some(fork) => self.scenario.as_of(fork.at_s).to_value(),
            None => self.scenario.to_value(),
        });
        self.problems = Rc::new(validate(&self.scenario, catalogue()));
        let is_there = |id: &&String| self.scenario.has(id) || self.scenario.machine(id).is_some();
        let kept: Vec<String> = self.selection.iter().filter(is_there).cloned().collect();
        self.selection = Rc::new(kept);
    }

    fn tell(&mut self, text: impl Into<AttrValue>, bad: bool) {
        let mut notices = (*self.notices).clone();
        let notice = Notice { text: text.into(), bad };
        if notices.last().map(|(_, last)| last) != Some(&notice) {
            self.told += 1;
            notices.push((self.told, notice));
        }
        if notices.len() > 4 {
            notices.remove(0);
        }
        self.notices = Rc::new(notices);
    }

    fn edit(&mut self, command: Command) {
        let command = match &self.fork {
            Some(fork) => from_on(command, fork.at_s, &self.scenario),
            None => Ok(command),
        };
        let edited = command.and_then(|command| Rc::make_mut(&mut self.document).edit(command));
        self.edited(edited);
    }

    fn edited(&mut self, result: Result<(), EditError>) {
        match result {
            Ok(()) => {
                self.untouched = false;
                self.refresh();
            }
            Err(error) => self.tell(error.to_string(), true),
        }
    }

    fn hear(&mut self, message: FromSim) {
        match message {
            FromSim::Ready
            | FromSim::Hashed(_)
            | FromSim::Window { .. }
            | FromSim::Exported { .. }
            | FromSim::Found { .. }
            | FromSim::Journey { .. }
            | FromSim::Cancelled(Job::Search(_)) => {}
            FromSim::Page { run, query, from, total, rows } => {
                let before = self.pages.take().filter(|p| p.is_of(run, &query));
                let mut pages = before.unwrap_or_else(|| Rc::new(Pages::new(run, query)));
                Rc::make_mut(&mut pages).take(from, total, rows);
                self.pages = Some(pages);
            }
            FromSim::Still { id, picture } => drop(Rc::make_mut(&mut self.stills).insert(id, picture.map(AttrValue::from))),
            FromSim::Charts { run, charts } => self.closer = Some((run, Rc::new(*charts))),
            FromSim::Containers { run, host, charts } => self.containers = Some((run, host, Rc::new(*charts))),
            FromSim::Life { run, row, life } => self.life = Some((run, Rc::new((row, life)))),
            FromSim::Why { run, why } => self.why = Some((run, Rc::new(why))),
            FromSim::Progress { run, fraction, partial } => {
                let Some(running) = self.running.as_mut().filter(|r| r.run == run) else { return };
                running.fraction = fraction;
                let scenario = Rc::clone(&running.scenario);
                if let Some(outcome) = partial {
                    self.show(run, scenario, *outcome, false);
                }
            }
            FromSim::Done { run, outcome } => {
                let Some(running) = self.running.take_if(|r| r.run == run) else { return };
                self.show(run, running.scenario, *outcome, true);
            }
            FromSim::Refused { run, problems } => {
                if self.running.take_if(|r| r.run == run).is_some() {
                    let mut all = (*self.problems).clone();
                    all.extend(problems);
                    self.problems = Rc::new(all);
                }
            }
            FromSim::Cancelled(Job::Run(run)) => drop(self.running.take_if(|r| r.run == run)),
            FromSim::Cancelled(Job::Load(load)) => drop(self.loading.take_if(|l| l.load == load)),
            FromSim::Loading { load, bytes, total, rows } => {
                self.loading = self.loading.map(|l| if l.load == load { Loading { load, bytes, total, rows } } else { l });
            }
            FromSim::Loaded { load, report, kept, recalled } => {
                self.loading.take_if(|l| l.load == load);
                self.keeping = if kept { Keeping::Kept } else { Keeping::Here };
                self.recalling.take_if(|asked| *asked == load);
                if recalled {
                    // Whatever is named by now, this is what the worker has. What was asked to run before would run with it.
                    self.trace = Some(Rc::new(*report));
                    if self.scenario.workload.trace.is_some() {
                        self.running = None;
                        self.again += 1;
                    }
                } else {
                    self.loaded(*report);
                }
            }
            FromSim::Unkept { load } => drop(self.recalling.take_if(|asked| *asked == load)),
            FromSim::Forgotten => self.keeping = Keeping::Forgotten,
            FromSim::Unreadable { load, error } => {
                self.loading.take_if(|l| Some(l.load) == load);
                if load.is_none() {
                    // The worker has none now: another tab may have let go of it.
                    self.trace = None;
                }
                self.tell(error.to_string(), true);
            }
            FromSim::Crashed(why) => {
                (self.running, self.loading, self.recalling) = (None, None, None);
                self.lost += 1;
                let cause = if why.contains("unreachable") || why.contains("memory") {
                    "it needed more memory than the browser gives. Shorten it (Run, Arrivals for) or use the command line"
                        .to_owned()
                } else {
                    why.replace('\n', " ")
                };
                self.tell(
                    format!("The simulation stopped working: {cause}. Your scenario is kept; change it or run it again."),
                    true,
                );
            }
        }
    }

    fn show(&mut self, run: u32, scenario: Rc<Scenario>, outcome: Outcome, complete: bool) {
        if let Some(before) = self.shown.take().filter(|s| s.run != run) {
            // Rows and numbers are of a run.
            Rc::make_mut(&mut self.listing).open = None;
            self.previous = before.complete.then_some(before);
        }
        if let Some(fork) = &self.fork {
            // What it is compared with is the run that it comes from.
            self.previous = (fork.run.run != run).then(|| Rc::clone(&fork.run));
        }
        let charts = Rc::new(outcome.charts.clone());
        self.shown = Some(Rc::new(Shown { run, scenario, charts, outcome: Rc::new(outcome), complete }));
    }

    fn loaded(&mut self, report: Report) {
        // A run that was asked for while the trace was read runs with this one, and not with the one that its scenario names.
        (self.running, self.fork) = (None, None);
        let files: Vec<TraceFile> =
            report.files.iter().map(|f| TraceFile { name: f.name.clone(), bytes: f.bytes, sha256: f.sha256.clone() }).collect();
        if let Some(named) = self.scenario.workload.trace.as_ref().filter(|named| self.needs_trace() && !named.is(report.hashes()))
        {
            let what = match named.missing(report.hashes()).first() {
                Some(file) => format!("{} has another content (SHA-256)", file.name),
                None => "there are more files now".to_owned(),
            };
            let text = format!(
                "This is not the trace that the experiment was made with: {what}. The new one was taken; figures will differ."
            );
            self.tell(text, true);
        }
        let mut scenario = (*self.scenario).clone();
        if scenario.workload.trace.is_none() {
            // Title and question were about other arrivals.
            scenario.question.clear();
            scenario.look_at.clear();
            if let Some(file) = files.first() {
                scenario.title = file.name.split('.').next().unwrap_or_default().to_owned();
            }
        }
        scenario.take_trace(TraceRef { format: report.format.key().to_owned(), files });
        self.trace = Some(Rc::new(report));
        self.dialog = Some(Dialog::Trace);
        self.again += 1;
        self.edit(Command::Replace(Box::new(scenario)));
    }
}

impl Reducible for Lab {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut lab = (*self).clone();
        let visit = matches!(action, Action::Visit(_));
        match action {
            Action::Edit(_) | Action::Undo | Action::Redo if lab.embed.is_some() => {}
            Action::Edit(command) => lab.edit(command),
            Action::Nudge(command) => {
                let moved = Rc::make_mut(&mut lab.document).nudge(command, &lab.selection);
                lab.edited(moved);
            }
            Action::Undo => {
                if Rc::make_mut(&mut lab.document).undo() {
                    lab.untouched = false;
                    lab.refresh();
                }
            }
            Action::Redo => {
                if Rc::make_mut(&mut lab.document).redo() {
                    lab.untouched = false;
                    lab.refresh();
                }
            }
            Action::Open(mut scenario) | Action::Visit(mut scenario) => {
                auto_place(&mut scenario);
                lab.fork = None;
                lab.selection = Rc::default();
                lab.previous = None;
                lab.shown = None;
                (lab.pages, lab.listing) = (None, Rc::default());
                lab.edit(Command::Replace(scenario));
                (lab.opened, lab.untouched) = (lab.opened + 1, visit);
                lab.again += 1;
                lab.dialog = None;
            }
            Action::Fork(at_s) => {
                if let Some(run) = lab.shown.clone().filter(|s| s.complete) {
                    lab.fork = Some(Rc::new(Fork { at_s, original: Rc::clone(&lab.scenario), run }));
                    lab.refresh();
                }
            }
            Action::EndFork { keep } => {
                if let Some(fork) = lab.fork.take() {
                    if keep {
                        lab.refresh();
                    } else {
                        lab.edit(Command::Replace(Box::new((*fork.original).clone())));
                    }
                }
            }
            Action::Select(ids) => lab.selection = Rc::new(ids),
            Action::CloseUp(machine) => {
                lab.selection = Rc::new(vec![machine.clone()]);
                lab.close_up = (machine, lab.close_up.1 + 1);
            }
            Action::Show(dialog) => lab.dialog = dialog,
            Action::Tell(notice) => lab.tell(notice.text, notice.bad),
            Action::Dismiss(number) => Rc::make_mut(&mut lab.notices).retain(|(n, _)| *n != number),
            Action::Began(running) => lab.running = Some(running),
            Action::LoadBegan(load, total) => lab.loading = Some(Loading { load, bytes: 0.0, total, rows: 0 }),
            Action::RecallBegan(load) => lab.recalling = Some(load),
            Action::Heard(message) => lab.hear(*message),
            Action::Again => lab.again += 1,
            Action::ShowRows(filter) => lab.listing = Rc::new(Listing { filter, open: None, asked: lab.listing.asked + 1 }),
            Action::ShowInvocation(open) => {
                let listing = Rc::make_mut(&mut lab.listing);
                (listing.open, listing.asked) = (open, listing.asked + 1);
            }
            Action::Stopped => {
                (lab.running, lab.loading, lab.recalling) = (None, None, None);
                lab.lost += 1;
            }
            Action::Embed(parts) => lab.embed = parts,
            Action::TakeSteps((done, undone)) => Rc::make_mut(&mut lab.document).take_steps(done, undone),
        }
        Rc::new(lab)
    }
}

/// What can be chosen.
pub(crate) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Library::default().catalogue());
    &CATALOGUE
}

/// The part of a scenario that a run depends on, to tell whether an edit needs a new run.
pub(crate) fn run_key(scenario: &Scenario) -> Scenario {
    let mut key = scenario.clone();
    for node in &mut key.nodes {
        (node.x, node.y) = (0.0, 0.0);
        node.name.clear();
    }
    for zone in &mut key.zones {
        (zone.x, zone.y) = (None, None);
        zone.name.clear();
    }
    (key.title, key.question, key.look_at) = Default::default();
    key
}
