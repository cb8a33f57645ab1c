//! Plays a run on the stage: keeps the playhead, asks the worker for the window around it, and draws it frame by frame.

use std::cell::RefCell;
use std::rc::Rc;

use faaslab_core::scenario::Scenario;
use faaslab_core::sim::stage::StageWindow;
use faaslab_core::view::{Facts, FrameOptions, Item, Layout, Live, Playback, Viewport};
use yew::Callback;

use super::draw::Painter;
use crate::worker::protocol::{Outcome, ToSim};

/// How long the median message is on the screen at automatic speed, in milliseconds.
const FLIGHT_MS: f64 = 350.0;
/// The longest that the median invocation takes on the screen at automatic speed, in milliseconds: where messages are very
/// much quicker than executions, following the messages alone would show a still picture.
const RESPONSE_MS: f64 = 6_000.0;
/// How much is recorded ahead, in milliseconds on the screen.
const WINDOW_MS: f64 = 3_000.0;
/// The slowest and fastest play, in simulated seconds per second.
pub(crate) const SLOWEST: f64 = 0.001;
/// See [`SLOWEST`].
pub(crate) const FASTEST: f64 = 10_000.0;

/// What the transport shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tick {
    /// The playhead, in seconds.
    pub(crate) at_s: f64,
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

/// At automatic speed at least so many invocations arrive in a second on the screen, on average.
const LEAST_ARRIVALS: f64 = 2.0;

#[derive(Default)]
struct Inner {
    run: u32,
    source: Option<(Rc<Scenario>, Vec<String>)>,
    end_ns: f64,
    at_ns: f64,
    /// Where an address asks to begin, in nanoseconds, until a run has come so far.
    begin_ns: Option<f64>,
    playing: bool,
    /// Simulated seconds per second, if it was chosen.
    speed: Option<f64>,
    auto_speed: f64,
    /// The median response time of the run, in simulated milliseconds.
    response_ms: f64,
    /// Mean time between arrivals, in simulated seconds.
    gap_s: f64,
    current: Option<Playback>,
    next: Option<Playback>,
    /// The window that was asked for and has not come.
    asked: Option<(u64, u64)>,
    ask: Callback<ToSim>,
    listeners: Vec<(u32, Callback<Tick>)>,
    listener_count: u32,
    screen: Option<Screen>,
    dirty: bool,
    last_frame_ms: f64,
    last_tick_ms: f64,
    items: Vec<Item>,
    /// The invocation that is pointed out.
    followed: Option<u32>,
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

    /// Another run is on the page. The playhead stays.
    pub(crate) fn show(&self, run: u32, scenario: Rc<Scenario>, outcome: &Outcome) {
        let mut inner = self.0.borrow_mut();
        let another = inner.run != run;
        inner.run = run;
        let (summary, end_s) = (&outcome.summary, outcome.charts.end_s);
        inner.end_ns = end_s * 1e9;
        inner.response_ms = summary.response_ms.p50;
        inner.gap_s = end_s / summary.submitted.max(1) as f64;
        inner.source = Some((scenario, outcome.functions.clone()));
        if inner.at_ns > inner.end_ns {
            inner.at_ns = 0.0;
        }
        let end_ns = inner.end_ns;
        let begin = inner.begin_ns.take_if(|at| *at <= end_ns);
        inner.at_ns = begin.unwrap_or(inner.at_ns);
        if another || begin.is_some() {
            inner.asked = None;
            inner.next = None;
            inner.ask_at_playhead();
        }
        drop(inner);
        self.tell();
    }

    /// Goes to an instant, in seconds, as soon as a run that is shown next has come so far.
    pub(crate) fn begin_at(&self, at_s: Option<f64>) {
        self.0.borrow_mut().begin_ns = at_s.map(|at| at * 1e9);
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
        (inner.current, inner.next, inner.asked) = (None, None, None);
        (inner.run, inner.at_ns, inner.end_ns) = (0, 0.0, 0.0);
        inner.dirty = true;
        drop(inner);
        self.tell();
    }

    /// A window came.
    pub(crate) fn take(&self, run: u32, window: StageWindow) {
        let mut inner = self.0.borrow_mut();
        if inner.run != run {
            return;
        }
        inner.asked = None;
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
        let here = inner.at_ns as u64;
        if here >= from && (here < to || from == to) || inner.current.is_none() {
            inner.current = Some(playback);
            inner.next = None;
        } else if from > here {
            inner.next = Some(playback);
        } else {
            inner.ask_at_playhead();
        }
        inner.dirty = true;
        drop(inner);
        self.tell();
    }

    /// Where and how to draw from now on.
    pub(crate) fn set_screen(&self, screen: Option<Screen>) {
        let mut inner = self.0.borrow_mut();
        inner.screen = screen;
        inner.dirty = true;
    }

    /// Changes where and how to draw.
    pub(crate) fn with_screen(&self, change: impl FnOnce(&mut Screen)) {
        let mut inner = self.0.borrow_mut();
        if let Some(screen) = &mut inner.screen {
            change(screen);
        }
        inner.dirty = true;
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
        if inner.playing && inner.at_ns >= inner.end_ns {
            inner.at_ns = 0.0;
            inner.ask_at_playhead();
        }
        drop(inner);
        self.tell();
    }

    /// Goes to an instant.
    pub(crate) fn seek(&self, at_s: f64) {
        let mut inner = self.0.borrow_mut();
        inner.at_ns = (at_s * 1e9).clamp(0.0, inner.end_ns);
        inner.dirty = true;
        if !inner.covers(inner.at_ns as u64) {
            inner.next = None;
            inner.ask_at_playhead();
        }
        drop(inner);
        self.tell();
    }

    /// Points out an invocation, or none.
    pub(crate) fn follow(&self, invocation: Option<u32>) {
        let mut inner = self.0.borrow_mut();
        inner.followed = invocation;
        inner.dirty = true;
    }

    /// Chooses a speed in simulated seconds per second; nothing is automatic.
    pub(crate) fn set_speed(&self, speed: Option<f64>) {
        let mut inner = self.0.borrow_mut();
        inner.speed = speed.map(|s| s.clamp(SLOWEST, FASTEST));
        inner.next = None;
        inner.asked = None;
        inner.ask_at_playhead();
        drop(inner);
        self.tell();
    }

    /// What the transport shows now.
    pub(crate) fn now(&self) -> Tick {
        self.0.borrow().tick()
    }

    /// What each node of the run holds at the playhead; nothing if that is not known yet.
    pub(crate) fn live(&self) -> Option<Live> {
        let inner = self.0.borrow();
        let at = inner.at_ns as u64;
        inner.current.as_ref().filter(|p| (p.range_ns().0..=p.range_ns().1).contains(&at)).map(|p| p.live(at))
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

    /// One frame: moves the playhead and draws what changed.
    pub(crate) fn frame(&self, now_ms: f64) {
        let mut inner = self.0.borrow_mut();
        let elapsed = (now_ms - inner.last_frame_ms).clamp(0.0, 100.0);
        inner.last_frame_ms = now_ms;
        let moved = inner.playing && inner.advance(elapsed);
        if moved || inner.dirty {
            inner.dirty = false;
            inner.draw();
        }
        let due = moved && (now_ms - inner.last_tick_ms > 100.0 || !inner.playing);
        if due {
            inner.last_tick_ms = now_ms;
        }
        drop(inner);
        if due {
            self.tell();
        }
    }
}

impl Inner {
    fn tick(&self) -> Tick {
        Tick {
            at_s: self.at_ns / 1e9,
            end_s: self.end_ns / 1e9,
            playing: self.playing,
            speed: self.sim_s_per_s(),
            auto: self.speed.is_none(),
        }
    }

    fn sim_s_per_s(&self) -> f64 {
        self.speed.unwrap_or(self.auto_speed)
    }

    fn covers(&self, at: u64) -> bool {
        self.current.as_ref().is_some_and(|p| {
            let (from, to) = p.range_ns();
            at >= from && at < to
        })
    }

    /// Moves the playhead. Answers whether it moved.
    fn advance(&mut self, elapsed_ms: f64) -> bool {
        if self.end_ns <= 0.0 || self.current.is_none() {
            return false;
        }
        let target = self.at_ns + elapsed_ms * 1e6 * self.sim_s_per_s();
        if self.at_ns >= self.end_ns {
            self.playing = false;
            return true;
        }
        let target = target.min(self.end_ns);
        if !self.covers(target as u64) {
            if let Some(next) = self.next.take_if(|n| n.range_ns().1 > target as u64 && n.range_ns().0 <= target as u64) {
                self.current = Some(next);
            } else if target < self.end_ns {
                // It waits for the worker rather than showing something that was not so.
                self.next = None;
                self.ask_at(target as u64);
                return false;
            }
        }
        self.at_ns = target;
        let window_ns = self.window_ns();
        if let Some((_, to)) = self.current.as_ref().map(Playback::range_ns)
            && self.next.is_none()
            && (to as f64) < self.end_ns
            && to as f64 - self.at_ns < 0.5 * window_ns as f64
        {
            self.ask_at(to);
        }
        true
    }

    fn window_ns(&self) -> u64 {
        (WINDOW_MS * 1e6 * self.sim_s_per_s()).max(1_000.0) as u64
    }

    fn ask_at_playhead(&mut self) {
        let at = self.at_ns as u64;
        // A little of the past, for marks that outlast what they tell of.
        self.ask_at(at.saturating_sub(self.window_ns() / 4));
    }

    fn ask_at(&mut self, from_ns: u64) {
        if self.run == 0 || self.asked.is_some_and(|(from, _)| from == from_ns) {
            return;
        }
        let to_ns = from_ns.saturating_add(self.window_ns()).min(self.end_ns as u64 + 1).max(from_ns + 1);
        self.asked = Some((from_ns, to_ns));
        self.ask.emit(ToSim::Window { run: self.run, from_ns, to_ns });
    }

    fn draw(&mut self) {
        let ms_per_sim_ns = 1e-6 / self.sim_s_per_s();
        let Some(screen) = &mut self.screen else { return };
        self.items.clear();
        if let Some(playback) = &self.current {
            let options = FrameOptions {
                size: screen.size,
                ms_per_sim_ns,
                reduced_motion: screen.reduced_motion,
                followed: self.followed,
                lit: screen.lit.clone(),
                labelled: screen.labelled.clone(),
            };
            playback.frame(self.at_ns as u64, &screen.layout, &screen.viewport, &options, &mut self.items);
        }
        screen.painter.paint(&self.items);
    }
}
