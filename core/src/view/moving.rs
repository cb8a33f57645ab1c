//! What time changes: containers, queues, memory, placers, messages and words at one exact instant of a window.
//!
//! An instant t shows every interval with from <= t < to; a message is where its time has brought it, without easing. Only
//! marks that outlast what they tell of (a fade, an x, a word) are measured in milliseconds on the screen.

use std::sync::Arc;

use super::display::{Item, Point};
use super::facts::Facts;
use super::flights::{self, Ways};
use super::hosts;
use super::images;
use super::journey;
use super::layout::{Layout, Rect, Shape};
use super::notes::{self, Notes};
use super::placers;
use super::spans::{Span, Spans};
use super::statics;
use super::upload::Upload;
use super::viewport::Viewport;
use crate::sim::follow::Journey;
use crate::sim::stage::{ContainerSpan, ContainerState, ImageSpan, PlacerSpan, QueueSpan, StageWindow};

/// How an instant is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameOptions {
    /// Width and height of the screen, in pixels; what lies outside is left out.
    pub size: Point,
    /// Milliseconds on the screen for each simulated nanosecond, which is 1e-6 at speed 1. At 0 nothing is drawn that lasts
    /// for a time on the screen, and no link becomes a stream.
    pub ms_per_sim_ns: f64,
    /// Steps instead of motion, and no fades.
    pub reduced_motion: bool,
    /// The invocation to point out, with where it was.
    pub journey: Option<Arc<Journey>>,
    /// Whether the dots of messages are drawn elsewhere, from an [`Upload`]; all but the one that is followed.
    pub dots_elsewhere: bool,
    /// The links whose latency is shown, by their index in the scenario: those selected or pointed at.
    pub labelled: Vec<usize>,
    /// The nodes that are not dimmed, by their index in the layout; all if absent.
    pub lit: Option<Vec<usize>>,
}

/// What a machine holds at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Invocations that its containers serve, or will once they have started.
    pub active: u32,
    /// Containers that start.
    pub starting: u32,
    /// Containers that run.
    pub busy: u32,
    /// Containers that are kept warm.
    pub idle: u32,
    /// Invocations in the queue.
    pub queued: u32,
    /// Memory of the containers that start, in MB.
    pub starting_mb: f64,
    /// Memory of those that run, in MB.
    pub busy_mb: f64,
    /// Memory of those that are kept warm, in MB.
    pub idle_mb: f64,
    /// Memory of images, in MB.
    pub images_mb: f64,
    /// Of these, what is still on its way.
    pub loading_mb: f64,
}

impl Tally {
    /// Memory of all containers and images, in MB.
    pub fn memory_mb(&self) -> f64 {
        self.starting_mb + self.busy_mb + self.idle_mb + self.images_mb
    }

    /// Both together.
    pub fn plus(&self, other: &Tally) -> Tally {
        Tally {
            active: self.active + other.active,
            starting: self.starting + other.starting,
            busy: self.busy + other.busy,
            idle: self.idle + other.idle,
            queued: self.queued + other.queued,
            starting_mb: self.starting_mb + other.starting_mb,
            busy_mb: self.busy_mb + other.busy_mb,
            idle_mb: self.idle_mb + other.idle_mb,
            images_mb: self.images_mb + other.images_mb,
            loading_mb: self.loading_mb + other.loading_mb,
        }
    }
}

impl Span for ContainerSpan {
    fn start_ns(&self) -> u64 {
        self.from_ns
    }
    fn end_ns(&self) -> u64 {
        self.to_ns
    }
}

impl Span for QueueSpan {
    fn start_ns(&self) -> u64 {
        self.from_ns
    }
    fn end_ns(&self) -> u64 {
        self.to_ns
    }
}

impl Span for PlacerSpan {
    fn start_ns(&self) -> u64 {
        self.from_ns
    }
    fn end_ns(&self) -> u64 {
        self.to_ns
    }
}

impl Span for ImageSpan {
    fn start_ns(&self) -> u64 {
        self.from_ns
    }
    fn end_ns(&self) -> u64 {
        self.to_ns
    }
}

/// A window of a run, ready to be drawn at any of its instants.
#[derive(Clone, Debug)]
pub struct Playback {
    pub(crate) facts: Facts,
    pub(crate) from_ns: u64,
    pub(crate) to_ns: u64,
    /// Where the run ends, if it does in the window, else the window's end: nothing is known of what comes later.
    pub(crate) known_to_ns: u64,
    pub(crate) ways: Ways,
    pub(crate) containers: Spans<ContainerSpan>,
    pub(crate) queued: Spans<QueueSpan>,
    pub(crate) placers: Spans<PlacerSpan>,
    pub(crate) images: Spans<ImageSpan>,
    pub(crate) notes: Notes,
    /// Cells in use on each machine at any time of the window.
    pub(crate) cells: Vec<u32>,
}

impl Playback {
    /// Sorts a window for drawing. `facts` are those of the scenario that was run; what stands on machines that it does not
    /// have is left out.
    pub fn new(window: StageWindow, facts: Facts) -> Playback {
        let machines = facts.machines.len() as u32;
        let known_to_ns = if window.last { last_event(&window).min(window.to_ns) } else { window.to_ns };
        let mut containers = window.containers;
        containers.retain(|c| c.host < machines);
        let mut cells = vec![0; facts.machines.len()];
        for c in &containers {
            let most = &mut cells[c.host as usize];
            *most = c.cell.saturating_add(1).max(*most);
        }
        let mut queued = window.queued;
        queued.retain(|q| q.host < machines);
        let mut placers = window.placers;
        placers.retain(|p| p.machine < machines);
        let mut images = window.images;
        images.retain(|i| i.machine < machines);
        Playback {
            from_ns: window.from_ns,
            to_ns: window.to_ns,
            known_to_ns,
            ways: Ways::new(window.flights, &facts),
            containers: Spans::new(containers),
            queued: Spans::new(queued),
            placers: Spans::new(placers),
            images: Spans::new(images),
            notes: Notes::new(window.notes, machines),
            cells,
            facts,
        }
    }

    /// Gives pools at least the room that they had in an earlier window of the same run, so that cells keep their size.
    pub fn keep_pools(&mut self, earlier: &Playback) {
        for (own, before) in self.cells.iter_mut().zip(&earlier.cells) {
            *own = (*own).max(*before);
        }
    }

    /// The window's start and end, in nanoseconds.
    pub fn range_ns(&self) -> (u64, u64) {
        (self.from_ns, self.to_ns)
    }

    /// How long the median message of the window is on its way, in nanoseconds; nothing without messages.
    pub fn median_flight_ns(&self) -> Option<u64> {
        self.ways.median_ns()
    }

    /// What every machine holds at an instant, by the machines' numbers.
    pub fn tallies(&self, t_ns: u64) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.facts.machines.len()];
        for c in self.containers.at(t_ns) {
            let tally = &mut tallies[c.host as usize];
            let (count, memory) = match c.state {
                ContainerState::Starting => (&mut tally.starting, &mut tally.starting_mb),
                ContainerState::Busy => (&mut tally.busy, &mut tally.busy_mb),
                ContainerState::Idle => (&mut tally.idle, &mut tally.idle_mb),
            };
            *count += 1;
            tally.active += c.active;
            *memory += f64::from(c.memory_mb);
        }
        for q in self.queued.at(t_ns) {
            tallies[q.host as usize].queued += 1;
        }
        for i in self.images.at(t_ns).filter(|i| i.in_memory) {
            let tally = &mut tallies[i.machine as usize];
            tally.images_mb += f64::from(i.mb);
            tally.loading_mb += f64::from(i.mb) * (1.0 - self.share(i, t_ns));
        }
        tallies
    }

    /// The share of an image that has come at an instant, 0 to 1.
    pub(crate) fn share(&self, i: &ImageSpan, t_ns: u64) -> f64 {
        let [from, to] = i.share.map(f64::from);
        let end = i.to_ns.min(self.to_ns.max(t_ns)).max(i.from_ns + 1);
        let part = t_ns.saturating_sub(i.from_ns) as f64 / (end - i.from_ns) as f64;
        from + (to - from) * part.min(1.0)
    }

    /// Appends what is on the stage at `t_ns`, from the back to the front. Answers where in the list the dots of messages
    /// begin, or belong if they are drawn elsewhere.
    pub fn frame(&self, t_ns: u64, layout: &Layout, viewport: &Viewport, options: &FrameOptions, out: &mut Vec<Item>) -> usize {
        let scene = Scene::new(&self.facts, t_ns, layout, viewport, options);
        let tallies = self.tallies(t_ns);
        hosts::draw(self, &scene, &tallies, out);
        images::draw(self, &scene, out);
        placers::draw(self, &scene, out);
        notes::draw_marks(self, &scene, out);
        let dots = flights::draw(self, &scene, out);
        notes::draw_words(self, &scene, out);
        let labelled = layout.links.iter().filter(|l| options.labelled.contains(&l.index));
        out.extend(labelled.flat_map(|l| statics::link_label(l, viewport)));
        dots
    }

    /// The messages of the window as numbers for a GPU.
    pub fn upload(&self, layout: &Layout) -> Upload {
        Upload::new(self, layout)
    }

    /// Appends how solid the dots of each way of the [`Upload`] are at `t_ns`, from 0 to 1.
    pub fn solidity(&self, t_ns: u64, layout: &Layout, viewport: &Viewport, options: &FrameOptions, out: &mut Vec<f32>) {
        flights::solidity(self, &Scene::new(&self.facts, t_ns, layout, viewport, options), out);
    }

    /// Where an invocation is at `t_ns`, in the world; nothing before it was submitted.
    pub fn whereabouts(&self, journey: &Journey, t_ns: u64, layout: &Layout) -> Option<Point> {
        journey::place(&self.facts, journey, t_ns, layout)
    }
}

/// When the last thing happens in a window.
fn last_event(window: &StageWindow) -> u64 {
    fn ends<T: Span>(spans: &[T]) -> impl Iterator<Item = u64> {
        spans.iter().map(|s| if s.end_ns() == u64::MAX { s.start_ns() } else { s.end_ns() })
    }
    let flights = window.flights.iter().map(|f| f.to_ns);
    let spans = ends(&window.containers).chain(ends(&window.queued)).chain(ends(&window.placers)).chain(ends(&window.images));
    flights.chain(spans).chain(window.notes.iter().map(|n| n.at_ns)).max().unwrap_or(window.from_ns)
}

/// An instant and where everything is at it.
pub(crate) struct Scene<'a> {
    /// The instant, in nanoseconds.
    pub(crate) t: u64,
    /// Boxes in the world.
    pub(crate) layout: &'a Layout,
    /// What part of it is on the screen.
    pub(crate) viewport: &'a Viewport,
    /// How to draw.
    pub(crate) options: &'a FrameOptions,
    facts: &'a Facts,
    /// Index in the layout of each node of the run.
    boxes: Vec<Option<usize>>,
    /// Frames on the screen of the layout's nodes.
    frames: Vec<Rect>,
}

/// How faint everything is that has nothing to do with what is selected.
pub(crate) const DIMMED: f64 = 0.35;

impl<'a> Scene<'a> {
    fn new(facts: &'a Facts, t: u64, layout: &'a Layout, viewport: &'a Viewport, options: &'a FrameOptions) -> Scene<'a> {
        let boxes = facts.boxes(layout);
        let frames = layout.nodes.iter().map(|n| viewport.rect(n.rect)).collect();
        Scene { t, layout, viewport, options, facts, boxes, frames }
    }

    /// The layout's index of a node of the run.
    pub(crate) fn node(&self, node: usize) -> Option<usize> {
        self.boxes.get(node).copied().flatten()
    }

    /// The frames of all nodes on the screen.
    pub(crate) fn frames(&self) -> &[Rect] {
        &self.frames
    }

    /// The layout's index of a machine's node.
    pub(crate) fn node_of(&self, machine: u32) -> Option<usize> {
        self.node(self.facts.machines.get(machine as usize)?.node as usize)
    }

    /// The frame of a node on the screen.
    pub(crate) fn frame(&self, index: usize) -> Rect {
        self.frames[index]
    }

    /// The rectangle of a machine on the screen: its square in a block, else its frame.
    pub(crate) fn machine(&self, machine: u32) -> Option<Rect> {
        let index = self.node_of(machine)?;
        let frame = self.frames[index];
        Some(match self.layout.nodes[index].shape {
            Shape::Block(grid) => {
                let cell = grid.cell(self.facts.machines[machine as usize].number);
                let s = self.viewport.scale;
                Rect { x: frame.x + cell.x * s, y: frame.y + cell.y * s, w: cell.w * s, h: cell.h * s }
            }
            Shape::Worker | Shape::Small => frame,
        })
    }

    /// Whether any of a rectangle is on the screen.
    pub(crate) fn shows(&self, r: &Rect) -> bool {
        let (w, h) = self.options.size;
        Rect { x: 0.0, y: 0.0, w, h }.overlaps(r)
    }

    /// Whether a node is not dimmed.
    pub(crate) fn is_lit(&self, index: usize) -> bool {
        self.options.lit.as_ref().is_none_or(|lit| lit.contains(&index))
    }

    /// Makes what was appended since `start` as faint as the node is.
    pub(crate) fn dim(&self, index: usize, out: &mut [Item], start: usize) {
        if !self.is_lit(index) {
            for item in &mut out[start..] {
                item.fade(DIMMED);
            }
        }
    }

    /// Whether an invocation is followed.
    pub(crate) fn follows(&self, invocation: u32) -> bool {
        self.options.journey.as_ref().is_some_and(|j| j.life.invocation == invocation)
    }

    /// Simulated nanoseconds in so many milliseconds on the screen; nothing if the speed is not known.
    pub(crate) fn sim_ns(&self, screen_ms: f64) -> Option<f64> {
        let rate = self.options.ms_per_sim_ns;
        (rate > 0.0).then(|| screen_ms / rate)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::display::Ink;
    use super::super::layout::tests::{link, node, scenario};
    use super::*;
    use crate::scenario::{Node, Role};
    use crate::sim::stage::{Flight, FlightKind};

    /// Everything on a large screen at scale 1 in the world's own coordinates, at speed 1.
    pub(crate) fn options() -> FrameOptions {
        FrameOptions { size: (10_000.0, 10_000.0), ms_per_sim_ns: 1e-6, ..FrameOptions::default() }
    }

    /// The picture of a window on these nodes at an instant.
    pub(crate) fn picture(nodes: Vec<Node>, window: StageWindow, t: u64) -> Vec<Item> {
        let s = scenario(&["z"], nodes, vec![]);
        let mut out = vec![];
        let playback = Playback::new(window, Facts::of(&s));
        playback.frame(t, &Layout::of(&s), &Viewport::default(), &options(), &mut out);
        out
    }

    /// One worker of 4 slots and 4096 MB at (100, 100).
    pub(crate) fn worker() -> Node {
        node("w", "z", Role::Worker, 100.0, 100.0)
    }

    /// A container of 1024 MB on the first machine.
    pub(crate) fn container(from_ns: u64, to_ns: u64, cell: u32, state: ContainerState, until_ns: u64) -> ContainerSpan {
        let active = u32::from(state != ContainerState::Idle);
        ContainerSpan { from_ns, to_ns, since_ns: from_ns, host: 0, cell, function: 0, memory_mb: 1024.0, state, active, until_ns }
    }

    /// All texts of a picture.
    pub(crate) fn texts(list: &[Item]) -> Vec<&str> {
        list.iter().filter_map(|i| if let Item::Text { text, .. } = i { Some(text.as_str()) } else { None }).collect()
    }

    #[test]
    fn an_empty_window_shows_empty_workers() {
        let list = picture(vec![worker()], StageWindow::default(), 0);
        assert_eq!(texts(&list), ["0/4", "0 / 4 GB"]);
    }

    #[test]
    fn tallies_hold_from_the_start_of_an_interval_to_before_its_end() {
        let containers = vec![
            container(0, 100, 0, ContainerState::Starting, 100),
            container(100, 300, 0, ContainerState::Busy, u64::MAX),
            container(300, u64::MAX, 0, ContainerState::Idle, 900),
        ];
        let s = scenario(&["z"], vec![worker()], vec![]);
        let playback = Playback::new(StageWindow { containers, ..Default::default() }, Facts::of(&s));
        let at = |t| {
            let tally = playback.tallies(t)[0];
            (tally.starting, tally.busy, tally.idle)
        };
        assert_eq!(
            [at(0), at(99), at(100), at(299), at(300), at(5_000)],
            [(1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1), (0, 0, 1)]
        );
        assert_eq!(playback.tallies(100)[0].memory_mb(), 1024.0);
    }

    #[test]
    fn machines_that_the_scenario_does_not_have_are_left_out() {
        let flight = Flight { from_ns: 0, to_ns: 9, from: 0, to: 7, kind: FlightKind::Control, invocation: 0, function: 0 };
        let queued = vec![QueueSpan { from_ns: 0, to_ns: 9, host: 7, invocation: 0, function: 0 }];
        let window = StageWindow { flights: vec![flight], queued, ..Default::default() };
        assert_eq!(texts(&picture(vec![worker()], window, 5)), ["0/4", "0 / 4 GB"]);
    }

    #[test]
    fn what_is_not_lit_is_dimmed() {
        let s = scenario(&["z"], vec![worker()], vec![]);
        let playback = Playback::new(StageWindow::default(), Facts::of(&s));
        let faintest = |lit: Option<Vec<usize>>| {
            let mut out = vec![];
            playback.frame(0, &Layout::of(&s), &Viewport::default(), &FrameOptions { lit, ..options() }, &mut out);
            let alphas = out.iter().filter_map(|i| if let Item::Text { fill, .. } = i { Some(fill.alpha) } else { None });
            alphas.fold(1.0, f64::min)
        };
        assert_eq!((faintest(None), faintest(Some(vec![0])), faintest(Some(vec![]))), (1.0, 1.0, 0.35));
    }

    #[test]
    fn links_pointed_at_show_their_latency() {
        let nodes = vec![worker(), node("v", "z", Role::Worker, 500.0, 100.0)];
        let s = scenario(&["z"], nodes, vec![link("w", "v")]);
        let playback = Playback::new(StageWindow::default(), Facts::of(&s));
        let shows = |labelled| {
            let mut out = vec![];
            playback.frame(0, &Layout::of(&s), &Viewport::default(), &FrameOptions { labelled, ..options() }, &mut out);
            texts(&out).contains(&"5 ms")
        };
        assert!(!shows(vec![]) && shows(vec![0]));
    }

    #[test]
    fn what_is_off_the_screen_is_left_out() {
        let s = scenario(&["z"], vec![worker()], vec![]);
        let mut out = vec![];
        let away = Viewport { x: 20_000.0, y: 0.0, scale: 1.0 };
        Playback::new(StageWindow::default(), Facts::of(&s)).frame(0, &Layout::of(&s), &away, &options(), &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn pools_keep_the_room_of_an_earlier_window() {
        let s = scenario(&["z"], vec![worker()], vec![]);
        let with_cell = |cell| {
            let containers = vec![container(0, 9, cell, ContainerState::Busy, u64::MAX)];
            Playback::new(StageWindow { containers, ..Default::default() }, Facts::of(&s))
        };
        let mut later = with_cell(0);
        later.keep_pools(&with_cell(30));
        let mut out = vec![];
        later.frame(5, &Layout::of(&s), &Viewport::default(), &options(), &mut out);
        let side = out.iter().find_map(|i| match i {
            Item::Rect { w, h, fill: Some(fill), .. } if fill.ink == Ink::Running && w == h => Some(*w),
            _ => None,
        });
        assert_eq!(side, Some(8.5));
    }
}
