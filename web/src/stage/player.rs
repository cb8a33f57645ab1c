//! Plays a run on the stage: keeps the playhead, asks the worker for the window around it, and draws it frame by frame.
//!
//! One window is asked for at a time; of what is wanted meanwhile the latest is asked for next. The playhead is a whole number
//! of nanoseconds, so that a step to an event shows the state after exactly that event.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use faaslab_core::scenario::Scenario;
use faaslab_core::sim::follow::Journey;
use faaslab_core::sim::search::{Aim, Direction, Found};
use faaslab_core::sim::stage::StageWindow;
use faaslab_core::view::{Facts, FrameOptions, Item, Layout, Live, Playback, Theme, Viewport, statics, svg};
use gloo::timers::callback::Timeout;
use yew::Callback;

use super::draw::Painter;
use super::gl::Gl;
use crate::worker::protocol::{Job, Outcome, ToSim};

/// How long the median message is on the screen at automatic speed, in milliseconds.
const FLIGHT_MS: f64 = 350.0;
/// The longest that the median invocation takes on the screen at automatic speed, in milliseconds: where messages are very
/// much quicker than executions, following the messages alone would show a still picture.
const RESPONSE_MS: f64 = 6_000.0;
/// How much is recorded ahead, in milliseconds on the screen.
const WINDOW_MS: f64 = 3_000.0;
/// How much is recorded behind, in milliseconds on the screen: as long as a word stays that tells of something, and half of
/// that again, in which the first event is the one that is told.
const LEAD_MS: f64 = 1_800.0;
/// The slowest and fastest play, in simulated seconds per second.
pub(crate) const SLOWEST: f64 = 0.001;
/// See [`SLOWEST`].
pub(crate) const FASTEST: f64 = 10_000.0;

/// What the transport shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tick {
    /// The playhead, in seconds.
    pub(crate) at_s: f64,
    /// The playhead, in nanoseconds.
    pub(crate) at_ns: u64,
    /// The end of the run, in seconds.
    pub(crate) end_s: f64,
    /// Whether it plays.
    pub(crate) playing: bool,
    /// Simulated seconds per second.
    pub(crate) speed: f64,
    /// Whether the speed follows the messages.
    pub(crate) auto: bool,
}

/// Where and how to draw.
pub(crate) struct Screen {
    /// The canvas.
    pub(crate) painter: Painter,
    /// What draws the dots of messages, and the canvas above them, where a GPU does.
    pub(crate) gpu: Option<(Gl, Painter)>,
    /// Boxes in the world.
    pub(crate) layout: Rc<Layout>,
    /// The part of the world that is shown.
    pub(crate) viewport: Viewport,
    /// Width and height in pixels.
    pub(crate) size: (f64, f64),
    /// Nodes that are not dimmed.
    pub(crate) lit: Option<Vec<usize>>,
    /// Links whose latency is shown.
    pub(crate) labelled: Vec<usize>,
    /// Steps instead of motion.
    pub(crate) reduced_motion: bool,
}

impl Screen {
    /// Fits the canvases to a size in CSS pixels and a device pixel ratio.
    pub(crate) fn resize(&mut self, width: f64, height: f64, ratio: f64) {
        self.painter.resize(width, height, ratio);
        if let Some((gl, above)) = &mut self.gpu {
            gl.resize(width, height, ratio);
            above.resize(width, height, ratio);
        }
    }

    /// Takes other colours.
    pub(crate) fn set_theme(&mut self, theme: &Theme) {
        self.painter.set_theme(theme.clone());
        if let Some((gl, above)) = &mut self.gpu {
            gl.set_theme(theme);
            above.set_theme(theme.clone());
        }
    }
}

/// At automatic speed at least so many invocations arrive in a second on the screen, on average.
const LEAST_ARRIVALS: f64 = 2.0;
/// How long a search may take before there is something to say, in milliseconds.
const QUIET_MS: f64 = 300.0;

/// A window to ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ask {
    from_ns: u64,
    to_ns: u64,
    /// The playhead for which it was wanted.
    about_ns: u64,
}

/// A search that goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Looking {
    number: u32,
    aim: Aim,
    direction: Direction,
    begun_ms: f64,
    /// What to look for after it.
    then: Option<(Aim, Direction)>,
}

/// What there is to say about the playhead.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Word {
    /// Nothing: it was put where it is, or moves.
    #[default]
    None,
    /// It is at this event.
    At(Found),
    /// There is nothing more of this kind in this direction.
    Missing(Aim, Direction),
    /// It goes to the next of this kind, which takes a while.
    Looking(Aim),
}

#[derive(Default)]
struct Inner {
    run: u32,
    source: Option<(Rc<Scenario>, Vec<String>)>,
    end_ns: u64,
    at_ns: u64,
    /// Where an address asks to begin, in nanoseconds, until a run has come so far.
    begin_ns: Option<u64>,
    /// The instant that is drawn: another than the playhead while its window is on the way.
    drawn_ns: u64,
    playing: bool,
    /// Simulated seconds per second, if it was chosen.
    speed: Option<f64>,
    auto_speed: f64,
    /// The median response time of the run, in simulated milliseconds.
    response_ms: f64,
    /// Mean time between arrivals, in simulated seconds.
    gap_s: f64,
    current: Option<Playback>,
    /// The run that this is of.
    current_run: u32,
    next: Option<Playback>,
    /// The window that was asked for and has not come.
    asked: Option<Ask>,
    /// The window that is wanted after it.
    wanted: Option<Ask>,
    ask: Callback<ToSim>,
    /// Asks for a frame.
    wake: Callback<()>,
    listeners: Vec<(u32, Callback<Tick>)>,
    listener_count: u32,
    screen: Option<Screen>,
    dirty: bool,
    last_frame_ms: Option<f64>,
    last_tick_ms: f64,
    items: Vec<Item>,
    looking: Option<Looking>,
    searches: u32,
    /// The kind that is jumped to.
    aim: Option<Aim>,
    word: Word,
    followed: Option<u32>,
    journey: Option<Arc<Journey>>,
    /// Another run that is shown at the same instant.
    beside: Option<Player>,
}

/// Plays a run. Clones share one playhead.
#[derive(Clone, Default)]
pub(crate) struct Player(Rc<RefCell<Inner>>);

impl PartialEq for Player {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Player {
    /// Says how to ask the worker.
    pub(crate) fn ask_with(&self, ask: Callback<ToSim>) {
        let mut inner = self.0.borrow_mut();
        inner.ask = ask;
        inner.auto_speed = 0.05;
        inner.playing = true;
    }

    /// Says how to ask for a frame.
    pub(crate) fn wake_with(&self, wake: Callback<()>) {
        let mut inner = self.0.borrow_mut();
        inner.wake = wake;
        inner.stir();
    }

    /// Another run is on the page. The playhead stays, unless other arrivals were read from a file: what was seen at that instant is
    /// not in them.
    pub(crate) fn show(&self, run: u32, scenario: Rc<Scenario>, outcome: &Outcome) {
        let mut inner = self.0.borrow_mut();
        let another = inner.run != run;
        inner.run = run;
        let (summary, end_s) = (&outcome.summary, outcome.charts.end_s);
        inner.end_ns = (end_s * 1e9).round() as u64;
        inner.response_ms = summary.response_ms.p50;
        inner.gap_s = end_s / summary.submitted.max(1) as f64;
        let trace = &scenario.workload.trace;
        let is_other = trace.is_some() && inner.source.as_ref().is_some_and(|(before, _)| before.workload.trace != *trace);
        inner.source = Some((scenario, outcome.functions.clone()));
        if is_other || inner.at_ns > inner.end_ns {
            inner.at_ns = 0;
        }
        let end_ns = inner.end_ns;
        let begin = inner.begin_ns.take_if(|at| *at <= end_ns);
        inner.at_ns = begin.unwrap_or(inner.at_ns);
        if another || begin.is_some() {
            (inner.asked, inner.wanted, inner.next) = (None, None, None);
            (inner.looking, inner.word) = (None, Word::None);
            inner.ask_at_playhead();
            inner.ask_for_journey();
        }
        inner.stir();
        drop(inner);
        self.tell();
    }

    /// Goes to an instant, in seconds, as soon as a run that is shown next has come so far.
    pub(crate) fn begin_at(&self, at_s: Option<f64>) {
        self.0.borrow_mut().begin_ns = at_s.map(|at| (at * 1e9).round() as u64);
    }

    /// Forgets what was asked of a worker that is gone, and asks the one that follows.
    pub(crate) fn ask_anew(&self) {
        let mut inner = self.0.borrow_mut();
        (inner.asked, inner.next) = (None, None);
        inner.ask_at_playhead();
    }

    /// No run is on the page any more: another scenario was opened.
    pub(crate) fn clear(&self) {
        let mut inner = self.0.borrow_mut();
        (inner.current, inner.next, inner.asked, inner.wanted) = (None, None, None, None);
        (inner.run, inner.at_ns, inner.drawn_ns, inner.end_ns) = (0, 0, 0, 0);
        (inner.looking, inner.word, inner.followed, inner.journey) = (None, Word::None, None, None);
        inner.stir();
        drop(inner);
        self.tell();
    }

    /// A window came, of this run or of the one beside it.
    pub(crate) fn take(&self, run: u32, window: StageWindow) {
        let mut inner = self.0.borrow_mut();
        if inner.run != run {
            let beside = inner.beside.clone();
            drop(inner);
            if let Some(beside) = beside {
                beside.take(run, window);
            }
            return;
        }
        let asked = inner.asked.take();
        let Some((scenario, functions)) = inner.source.clone() else { return };
        let names: Vec<&str> = functions.iter().map(String::as_str).collect();
        let mut playback = Playback::new(window, Facts::with_functions(&scenario, &names));
        if let Some(earlier) = &inner.current {
            playback.keep_pools(earlier);
        }
        if let Some(median) = playback.median_flight_ns().filter(|m| *m > 0) {
            let (by_messages, by_responses) = (median as f64 / 1e6 / FLIGHT_MS, inner.response_ms / RESPONSE_MS);
            inner.auto_speed = by_messages.max(by_responses).max(inner.gap_s * LEAST_ARRIVALS).clamp(SLOWEST, 20.0);
        }
        let (from, to) = playback.range_ns();
        let (here, lead) = (inner.at_ns, inner.screen_ns(LEAD_MS));
        let goes_on = inner.current_run == run && inner.covers(here);
        if goes_on && from > 0 && here < from.saturating_add(lead) {
            // What is shown knows more of what has just been.
            inner.next = Some(playback);
        } else if here >= from && (here < to || from == to) {
            inner.set_current(playback);
            inner.next = None;
        } else {
            // It came too late; still it is what was asked for, and nearer than what is drawn.
            if !inner.covers(here) {
                inner.drawn_ns = asked.map_or(from, |a| a.about_ns).clamp(from, to.max(from + 1) - 1);
                inner.set_current(playback);
            }
            if inner.wanted.is_none() {
                inner.ask_at_playhead();
            }
        }
        if let Some(wanted) = inner.wanted.take().filter(|_| inner.asked.is_none()) {
            inner.ask(wanted);
        }
        inner.stir();
        drop(inner);
        self.tell();
    }

    /// Where and how to draw from now on.
    pub(crate) fn set_screen(&self, screen: Option<Screen>) {
        let mut inner = self.0.borrow_mut();
        inner.screen = screen;
        inner.stir();
    }

    /// Changes where and how to draw.
    pub(crate) fn with_screen(&self, change: impl FnOnce(&mut Screen)) {
        let mut inner = self.0.borrow_mut();
        if let Some(screen) = &mut inner.screen {
            change(screen);
        }
        inner.stir();
    }

    /// Draws once more.
    pub(crate) fn stir(&self) {
        self.0.borrow_mut().stir();
    }

    /// Hears of the playhead, about ten times a second while it moves. Answers a number to stop with.
    pub(crate) fn listen(&self, listener: Callback<Tick>) -> u32 {
        let mut inner = self.0.borrow_mut();
        inner.listener_count += 1;
        let number = inner.listener_count;
        inner.listeners.push((number, listener));
        number
    }

    /// Stops listening.
    pub(crate) fn stop_listening(&self, number: u32) {
        self.0.borrow_mut().listeners.retain(|(n, _)| *n != number);
    }

    /// Plays or pauses; from the end it plays from the beginning.
    pub(crate) fn toggle(&self) {
        let mut inner = self.0.borrow_mut();
        inner.playing = !inner.playing;
        if inner.playing {
            (inner.looking, inner.word) = (None, Word::None);
            if inner.at_ns >= inner.end_ns {
                inner.at_ns = 0;
                inner.ask_at_playhead();
            }
        }
        inner.stir();
        drop(inner);
        self.tell();
    }

    /// Goes to an instant.
    pub(crate) fn seek(&self, at_s: f64) {
        let mut inner = self.0.borrow_mut();
        (inner.looking, inner.word) = (None, Word::None);
        inner.go((at_s * 1e9).round().max(0.0) as u64);
        drop(inner);
        self.tell();
    }

    /// Chooses a speed in simulated seconds per second; nothing is automatic.
    pub(crate) fn set_speed(&self, speed: Option<f64>) {
        let mut inner = self.0.borrow_mut();
        inner.speed = speed.map(|s| s.clamp(SLOWEST, FASTEST));
        inner.next = None;
        inner.ask_at_playhead();
        inner.stir();
        drop(inner);
        self.tell();
    }

    /// Pauses, and goes to the next event of a kind or the last one before. What is asked for meanwhile is done after it.
    pub(crate) fn find(&self, aim: Aim, direction: Direction) {
        let mut inner = self.0.borrow_mut();
        inner.playing = false;
        match &mut inner.looking {
            Some(looking) => looking.then = Some((aim, direction)),
            None => inner.look(aim, direction),
        }
        drop(inner);
        self.tell();
        let player = self.clone();
        Timeout::new(QUIET_MS as u32 + 1, move || player.tell()).forget();
    }

    /// The kind of event that [`Player::jump`] goes to.
    pub(crate) fn aim(&self) -> Aim {
        self.0.borrow().aim.unwrap_or(Aim::ColdStart)
    }

    /// Chooses that kind.
    pub(crate) fn set_aim(&self, aim: Aim) {
        self.0.borrow_mut().aim = Some(aim);
        self.tell();
    }

    /// Goes to the next event of the chosen kind, or the last one before.
    pub(crate) fn jump(&self, direction: Direction) {
        self.find(self.aim(), direction);
    }

    /// Gives up a search.
    pub(crate) fn stop_looking(&self) {
        let mut inner = self.0.borrow_mut();
        if let Some(looking) = inner.looking.take() {
            inner.ask.emit(ToSim::Cancel(Job::Search(looking.number)));
        }
        drop(inner);
        self.tell();
    }

    /// A search came to its end.
    pub(crate) fn found(&self, run: u32, search: u32, found: Option<Found>) {
        let mut inner = self.0.borrow_mut();
        let Some(looking) = inner.looking.take_if(|l| l.number == search) else { return };
        if run != inner.run {
            return;
        }
        inner.word = match found {
            Some(found) => {
                inner.go(found.at_ns);
                Word::At(found)
            }
            None => Word::Missing(looking.aim, looking.direction),
        };
        if let Some((aim, direction)) = looking.then {
            inner.look(aim, direction);
        }
        drop(inner);
        self.tell();
    }

    /// What there is to say about the playhead.
    pub(crate) fn word(&self) -> Word {
        let inner = self.0.borrow();
        match inner.looking {
            Some(l) if now_ms() - l.begun_ms > QUIET_MS => Word::Looking(l.aim),
            _ => inner.word.clone(),
        }
    }

    /// Follows an invocation on the stage, or none. The playhead goes to it.
    pub(crate) fn follow(&self, invocation: Option<u32>) {
        let mut inner = self.0.borrow_mut();
        (inner.followed, inner.journey) = (invocation, None);
        inner.ask_for_journey();
        inner.stir();
        drop(inner);
        self.tell();
    }

    /// Whether an invocation is followed.
    pub(crate) fn is_following(&self) -> bool {
        self.0.borrow().followed.is_some()
    }

    /// Where the followed invocation was, once that is known.
    pub(crate) fn journey(&self) -> Option<Arc<Journey>> {
        self.0.borrow().journey.clone()
    }

    /// Where it is now, in the world.
    pub(crate) fn whereabouts(&self) -> Option<(f64, f64)> {
        let inner = self.0.borrow();
        let (playback, screen) = (inner.current.as_ref()?, inner.screen.as_ref()?);
        playback.whereabouts(inner.journey.as_deref()?, inner.at_ns, &screen.layout)
    }

    /// The worker has found where the followed invocation was.
    pub(crate) fn take_journey(&self, run: u32, journey: Journey) {
        let mut inner = self.0.borrow_mut();
        if run != inner.run || inner.followed != Some(journey.life.invocation) {
            return;
        }
        if let Some((from, to)) = journey.range_ns()
            && !(from..=to).contains(&inner.at_ns)
        {
            (inner.looking, inner.word) = (None, Word::None);
            inner.go(from);
        }
        inner.journey = Some(Arc::new(journey));
        inner.stir();
        drop(inner);
        self.tell();
    }

    /// Shows another run at the same instants, with the same speed; or none.
    pub(crate) fn put_beside(&self, beside: Option<Player>) {
        let mut inner = self.0.borrow_mut();
        if let Some(player) = &beside {
            let mut other = player.0.borrow_mut();
            (other.ask, other.wake) = (inner.ask.clone(), inner.wake.clone());
        }
        inner.beside = beside;
        inner.stir();
    }

    /// The instant from which on something else is to hold, in seconds: after the event that the playhead is at, else where
    /// it is, to the millisecond.
    pub(crate) fn fork_at_s(&self) -> f64 {
        let inner = self.0.borrow();
        match &inner.word {
            Word::At(found) if found.at_ns == inner.at_ns => (inner.at_ns + 1) as f64 / 1e9,
            _ => (inner.at_ns as f64 / 1e6).round() / 1e3,
        }
    }

    /// What the transport shows now.
    pub(crate) fn now(&self) -> Tick {
        self.0.borrow().tick()
    }

    /// What each node of the run holds at the playhead; nothing if that is not known yet.
    pub(crate) fn live(&self) -> Option<Live> {
        let inner = self.0.borrow();
        let at = inner.at_ns;
        inner.current.as_ref().filter(|p| (p.range_ns().0..=p.range_ns().1).contains(&at)).map(|p| p.live(at))
    }

    /// The stage of a scenario as SVG, and the instant that it shows, in seconds: what the screen shows of it, or, in the dark or in a
    /// size in pixels that is asked for, all of it. Nothing before there is a run.
    pub(crate) fn picture(&self, scenario: &Scenario, size: Option<(f64, f64)>, theme: &Theme) -> Option<(f64, String)> {
        let inner = self.0.borrow();
        let own = Layout::of(scenario);
        let on_screen = inner
            .screen
            .as_ref()
            .filter(|s| size.is_none() && s.size.0 > 0.0 && s.size.1 > 0.0)
            .map(|s| (&*s.layout, s.viewport, s.size));
        let size = size.unwrap_or((960.0, 540.0));
        let (layout, viewport, size) = on_screen.unwrap_or_else(|| (&own, own.fit(size.0, size.1), size));
        let mut items = statics::topology(scenario, layout, &viewport);
        let options = FrameOptions {
            size,
            ms_per_sim_ns: 1e-6 / inner.sim_s_per_s(),
            journey: inner.journey.clone(),
            ..FrameOptions::default()
        };
        inner.current.as_ref()?.frame(inner.drawn_ns, layout, &viewport, &options, &mut items);
        Some((inner.drawn_ns as f64 / 1e9, svg(&items, size.0, size.1, theme)))
    }

    fn tell(&self) {
        let (tick, listeners) = {
            let inner = self.0.borrow();
            (inner.tick(), inner.listeners.clone())
        };
        for (_, listener) in listeners {
            listener.emit(tick);
        }
    }

    /// One frame: moves the playhead and draws what changed. Answers whether there is another to come.
    pub(crate) fn frame(&self, now_ms: f64) -> bool {
        let mut inner = self.0.borrow_mut();
        let elapsed = (now_ms - inner.last_frame_ms.unwrap_or(now_ms)).clamp(0.0, 100.0);
        let was_playing = inner.playing;
        let moved = inner.playing && inner.advance(elapsed);
        let other_dirty = inner.beside.as_ref().is_some_and(|b| b.0.borrow().dirty);
        if moved || inner.dirty || other_dirty {
            inner.dirty = false;
            if let Some(beside) = inner.beside.clone() {
                let mut beside = beside.0.borrow_mut();
                // What is compared has the same size.
                if let (Some(own), Some(other)) = (&mut inner.current, &mut beside.current) {
                    own.keep_pools(other);
                    other.keep_pools(own);
                }
                beside.mirror(inner.at_ns, inner.sim_s_per_s());
            }
            inner.draw();
        }
        let stopped = was_playing && !inner.playing;
        let due = moved && (now_ms - inner.last_tick_ms > 100.0 || stopped);
        if due {
            inner.last_tick_ms = now_ms;
        }
        // While it waits for the worker, what comes from there wakes it.
        let goes_on = inner.dirty || (inner.playing && moved);
        inner.last_frame_ms = goes_on.then_some(now_ms);
        drop(inner);
        if due {
            self.tell();
        }
        goes_on
    }
}

fn now_ms() -> f64 {
    web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now())
}

impl Inner {
    fn tick(&self) -> Tick {
        Tick {
            at_s: self.at_ns as f64 / 1e9,
            at_ns: self.at_ns,
            end_s: self.end_ns as f64 / 1e9,
            playing: self.playing,
            speed: self.sim_s_per_s(),
            auto: self.speed.is_none(),
        }
    }

    /// Something is to be drawn.
    fn stir(&mut self) {
        self.dirty = true;
        self.wake.emit(());
    }

    fn sim_s_per_s(&self) -> f64 {
        self.speed.unwrap_or(self.auto_speed)
    }

    fn covers(&self, at: u64) -> bool {
        self.current.as_ref().is_some_and(|p| {
            let (from, to) = p.range_ns();
            at >= from && (at < to || from == to)
        })
    }

    fn set_current(&mut self, playback: Playback) {
        (self.current, self.current_run) = (Some(playback), self.run);
        if let Some(Screen { gpu: Some((gl, _)), .. }) = &mut self.screen {
            gl.forget();
        }
    }

    /// Goes to an instant.
    fn go(&mut self, at_ns: u64) {
        self.at_ns = at_ns.min(self.end_ns);
        if !self.covers(self.at_ns) {
            self.next = None;
            self.ask_at_playhead();
        }
        self.stir();
    }

    /// Moves the playhead. Answers whether it moved.
    fn advance(&mut self, elapsed_ms: f64) -> bool {
        if self.end_ns == 0 || self.current.is_none() {
            return false;
        }
        if self.at_ns >= self.end_ns {
            self.playing = false;
            return true;
        }
        let target = self.at_ns.saturating_add((elapsed_ms * 1e6 * self.sim_s_per_s()) as u64).min(self.end_ns);
        if !self.covers(target) && !self.turn_to(target) && target < self.end_ns {
            // It waits for the worker rather than showing something that was not so.
            self.next = None;
            self.ask_about(target);
            return false;
        }
        self.at_ns = target;
        self.look_ahead();
        true
    }

    /// Takes the next window if it has this instant.
    fn turn_to(&mut self, at_ns: u64) -> bool {
        let has = |n: &mut Playback| n.range_ns().0 <= at_ns && at_ns < n.range_ns().1;
        let next = self.next.take_if(has);
        let turns = next.is_some();
        if let Some(next) = next {
            self.set_current(next);
        }
        turns
    }

    /// Asks for the next window when half of this one is over.
    fn look_ahead(&mut self) {
        let half = self.screen_ns(WINDOW_MS) / 2;
        if let Some((_, to)) = self.current.as_ref().map(Playback::range_ns)
            && self.next.is_none()
            && to < self.end_ns
            && to.saturating_sub(self.at_ns) < half
        {
            self.ask_about(to);
        }
    }

    /// Shows the instant that another run's playhead is at.
    fn mirror(&mut self, at_ns: u64, speed: f64) {
        (self.at_ns, self.speed, self.dirty) = (at_ns.min(self.end_ns), Some(speed), false);
        if self.covers(self.at_ns) || self.turn_to(self.at_ns) {
            self.look_ahead();
        } else {
            self.ask_at_playhead();
        }
        self.draw();
    }

    /// Simulated nanoseconds in so many milliseconds on the screen.
    fn screen_ns(&self, ms: f64) -> u64 {
        (ms * 1e6 * self.sim_s_per_s()).max(1_000.0) as u64
    }

    fn ask_at_playhead(&mut self) {
        self.ask_about(self.at_ns);
    }

    /// Asks for the window that shows an instant and what comes after it, with a little of the past, for marks that outlast
    /// what they tell of.
    fn ask_about(&mut self, at_ns: u64) {
        if self.run == 0 {
            return;
        }
        let from_ns = at_ns.saturating_sub(self.screen_ns(LEAD_MS));
        let to_ns = at_ns.saturating_add(self.screen_ns(WINDOW_MS)).min(self.end_ns + 1).max(from_ns + 1);
        let ask = Ask { from_ns, to_ns, about_ns: self.at_ns };
        match self.asked {
            None => self.ask(ask),
            Some(asked) if (asked.from_ns, asked.to_ns) == (from_ns, to_ns) => self.wanted = None,
            Some(_) => self.wanted = Some(ask),
        }
    }

    fn ask(&mut self, ask: Ask) {
        self.asked = Some(ask);
        self.ask.emit(ToSim::Window { run: self.run, from_ns: ask.from_ns, to_ns: ask.to_ns });
    }

    fn ask_for_journey(&self) {
        if let Some(invocation) = self.followed.filter(|_| self.run != 0) {
            self.ask.emit(ToSim::Follow { run: self.run, invocation });
        }
    }

    fn look(&mut self, aim: Aim, direction: Direction) {
        if self.run == 0 {
            return;
        }
        self.searches += 1;
        let number = self.searches;
        self.looking = Some(Looking { number, aim, direction, begun_ms: now_ms(), then: None });
        self.ask.emit(ToSim::Next { run: self.run, search: number, aim, direction, from_ns: self.at_ns });
    }

    fn draw(&mut self) {
        let ms_per_sim_ns = 1e-6 / self.sim_s_per_s();
        if self.covers(self.at_ns) {
            self.drawn_ns = self.at_ns;
        }
        let Some(screen) = &mut self.screen else { return };
        self.items.clear();
        let works = screen.gpu.as_mut().is_some_and(|(gl, _)| gl.works());
        let gpu = match &mut screen.gpu {
            Some(gpu) if works => Some(gpu),
            Some((_, above)) => {
                above.paint(&[]); // everything is on the one canvas
                None
            }
            None => None,
        };
        let Some(playback) = &self.current else {
            screen.painter.paint(&[]);
            if let Some((gl, above)) = gpu {
                gl.clear();
                above.paint(&[]);
            }
            return;
        };
        let options = FrameOptions {
            size: screen.size,
            ms_per_sim_ns,
            reduced_motion: screen.reduced_motion,
            journey: self.journey.clone(),
            dots_elsewhere: gpu.is_some(),
            lit: screen.lit.clone(),
            labelled: screen.labelled.clone(),
        };
        let dots = playback.frame(self.drawn_ns, &screen.layout, &screen.viewport, &options, &mut self.items);
        match gpu {
            Some((gl, above)) => {
                screen.painter.paint(&self.items[..dots]);
                gl.draw(playback, self.drawn_ns, &screen.layout, &screen.viewport, &options);
                above.paint(&self.items[dots..]);
            }
            None => screen.painter.paint(&self.items),
        }
    }
}
