//! Workers and blocks at an instant: slots, run queue, containers, memory.

use super::anatomy::{Detail, Frame, MOST_SQUARES, text_size};
use super::display::{Anchor, Fill, Ink, Item, Stroke, Weight, text_width};
use super::layout::{Grid, Rect, Shape, WORKER};
use super::moving::{Playback, Scene, Tally};
use crate::sim::stage::{ContainerSpan, ContainerState, QueueSpan};
use crate::units::thousands;

/// Opacity of what is kept warm.
const IDLE: f64 = 0.15;
/// From this scale on a cell shows the letters of its function.
const LETTERS_FROM: f64 = 1.4;
/// The most empty squares of a block that are drawn.
const MOST_EMPTY: usize = 5_000;
/// More invocations at once than so many are a bar in their container.
const MOST_PIPS: u32 = 4;

/// Draws all workers and blocks.
pub(crate) fn draw(playback: &Playback, scene: &Scene, tallies: &[Tally], out: &mut Vec<Item>) {
    for node in 0..playback.facts.nodes.len() {
        let Some(index) = scene.node(node) else { continue };
        let frame = Frame { rect: scene.frame(index), scale: scene.viewport.scale };
        if !scene.shows(&frame.rect) {
            continue;
        }
        let start = out.len();
        let range = playback.facts.range(node);
        match scene.layout.nodes[index].shape {
            Shape::Worker => {
                let Some(machine) = playback.facts.machines.get(range.start) else { continue };
                worker(&frame, &tallies[range.start], machine.slots, machine.memory_mb, out);
            }
            Shape::Block(grid) => block(playback, scene, &frame, &grid, range.start, &tallies[range], out),
            Shape::Small => {}
        }
        scene.dim(index, out, start);
    }
    cells(playback, scene, out);
    squares(playback, scene, tallies, out);
}

/// What a worker shows beside its containers and its queue.
fn worker(frame: &Frame, tally: &Tally, slots: u32, memory_mb: f64, out: &mut Vec<Item>) {
    match Detail::at(frame.scale) {
        Detail::Full => {
            let size = text_size(12.0, frame.scale);
            let at = (frame.rect.right() - frame.inset(), frame.header(text_size(13.0, frame.scale)));
            let ink = if tally.active > 0 { Ink::Ink } else { Ink::Muted };
            out.push(Item::label(at, size, Anchor::End, ink, format!("{}/{slots}", tally.active)));
            memory_bar(frame.bar(), tally, memory_mb, out);
            let at = (frame.rect.x + frame.inset(), frame.footer(size));
            out.push(Item::label(at, size, Anchor::Start, Ink::Muted, memory_text(tally.memory_mb(), memory_mb)));
        }
        Detail::Brief => brief(frame, tally, slots, memory_mb, out),
        Detail::Heat => heat(inner(frame.rect), tally, slots, out),
    }
}

/// The frame's inside, without its edge.
fn inner(r: Rect) -> Rect {
    Rect { x: r.x + 1.0, y: r.y + 1.0, w: r.w - 2.0, h: r.h - 2.0 }
}

/// Length of the queue, share of busy slots, memory.
fn brief(frame: &Frame, tally: &Tally, slots: u32, memory_mb: f64, out: &mut Vec<Item>) {
    let Rect { x, w, .. } = frame.rect;
    let inset = frame.inset();
    let height = (8.0 * frame.scale).clamp(3.0, 5.0);
    let bar = Rect { x: x + inset, y: frame.rect.bottom() - inset - height, w: w - 2.0 * inset, h: height };
    memory_bar(bar, tally, memory_mb, out);
    let name = frame.header(text_size(13.0, frame.scale));
    let size = text_size(12.0, frame.scale).min(bar.y - name - 1.0);
    let baseline = name + (bar.y - name + size * 0.72) / 2.0;
    if tally.queued > 0 {
        let side = size * 0.55;
        out.push(Item::bar(x + inset, baseline - side - 0.5, side, side, Ink::Waiting));
        let at = (x + inset + side + 3.0, baseline);
        out.push(Item::label(at, size, Anchor::Start, Ink::Ink, short(u64::from(tally.queued))));
    }
    let share = percent(f64::from(tally.active), f64::from(slots));
    out.push(Item::label((x + w - inset, baseline), size, Anchor::End, Ink::Ink, share));
}

fn percent(part: f64, whole: f64) -> String {
    format!("{:.0} %", if whole > 0.0 { part / whole * 100.0 } else { 0.0 })
}

/// A count of at most four characters.
pub(crate) fn short(n: u64) -> String {
    match n {
        0..=9_999 => n.to_string(),
        10_000..=999_999 => format!("{}k", n / 1_000),
        _ => format!("{}M", n / 1_000_000),
    }
}

/// A bar of starting, busy and idle memory in their marks from the left and of images from the right; what is free is hollow.
fn memory_bar(bar: Rect, tally: &Tally, memory_mb: f64, out: &mut Vec<Item>) {
    let Rect { x, y, w, h } = bar;
    let unit = if memory_mb > 0.0 { w / memory_mb } else { 0.0 };
    let (starting, busy, idle) = (tally.starting_mb * unit, tally.busy_mb * unit, tally.idle_mb * unit);
    if starting > 0.0 {
        out.push(Item::bar(x, y, starting, h, Fill { ink: Ink::Cold, alpha: IDLE }));
        out.push(Item::Hatch { x, y, w: starting, h, fill: Ink::Cold.into() });
    }
    if busy > 0.0 {
        out.push(Item::bar(x + starting, y, busy, h, Ink::Running));
    }
    if idle > 0.0 {
        out.push(kept_warm(Rect { x: x + starting + busy, y, w: idle, h }, 1.0));
    }
    let (images, loading) = (tally.images_mb * unit, tally.loading_mb * unit);
    if images > 0.0 {
        out.push(Item::bar(x + w - images, y, images, h, Fill { ink: Ink::Muted, alpha: 0.25 }));
        out.push(Item::bar(x + w - images + loading, y, images - loading, h, Fill { ink: Ink::Muted, alpha: 0.6 }));
        if loading > 0.0 {
            out.push(Item::Hatch { x: x + w - images, y, w: loading, h, fill: Ink::Cold.into() });
        }
    }
    let edge = Some(Stroke::new(Ink::ControlBorder, 1.0));
    out.push(Item::Rect { x: x - 0.5, y: y - 0.5, w: w + 1.0, h: h + 1.0, radius: 0.0, fill: None, stroke: edge });
}

/// The mark of what is kept warm: a faint fill in a running edge that lies inside the rectangle.
fn kept_warm(r: Rect, width: f64) -> Item {
    let half = width / 2.0;
    Item::Rect {
        x: r.x + half,
        y: r.y + half,
        w: (r.w - width).max(0.0),
        h: (r.h - width).max(0.0),
        radius: 0.0,
        fill: Some(Fill { ink: Ink::Running, alpha: IDLE }),
        stroke: Some(Stroke::new(Ink::Running, width)),
    }
}

/// Memory in use and memory there is, in the unit of the latter.
pub(crate) fn memory_text(used_mb: f64, memory_mb: f64) -> String {
    let (unit, per) = match memory_mb {
        m if m >= 1024.0 * 1024.0 => ("TB", 1024.0 * 1024.0),
        m if m >= 1024.0 => ("GB", 1024.0),
        _ => ("MB", 1.0),
    };
    let show = |mb: f64| {
        let value = mb / per;
        let text = if per > 1.0 && value < 99.95 { format!("{value:.1}") } else { format!("{value:.0}") };
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    format!("{} / {} {unit}", show(used_mb), show(memory_mb))
}

/// A square of the colour of a machine's load, with the marks of a cold start and of waiting.
fn heat(r: Rect, tally: &Tally, slots: u32, out: &mut Vec<Item>) {
    let Rect { x, y, w, h } = r;
    if tally.busy > 0 {
        let share = (f64::from(tally.busy) / f64::from(slots.max(1))).min(1.0);
        // In tenths, so that a back end can draw squares of one colour together.
        let alpha = 0.4 + 0.6 * libm::round(share * 10.0) / 10.0;
        out.push(Item::bar(x, y, w, h, Fill { ink: Ink::Running, alpha }));
    } else if tally.idle > 0 {
        out.push(Item::bar(x, y, w, h, Fill { ink: Ink::Running, alpha: IDLE }));
    }
    if tally.starting > 0 {
        let high = h * 0.4;
        let top = y + h - high;
        if w < 10.0 {
            // Too small for stripes: the mark is the lower edge.
            out.push(Item::bar(x, top, w, high, Ink::Cold));
        } else {
            out.push(Item::bar(x, top, w, high, Ink::Surface));
            out.push(Item::Hatch { x, y: top, w, h: high, fill: Ink::Cold.into() });
        }
    }
    if tally.queued > 0 {
        let side = (w.min(h) * 0.4).max(2.0);
        out.push(Item::bar(x + w - side - 1.0, y, side + 1.0, side + 1.0, Ink::Surface));
        out.push(Item::bar(x + w - side, y, side, side, Ink::Waiting));
    }
}

/// A block: a square for each machine, and all of them together below.
fn block(playback: &Playback, scene: &Scene, frame: &Frame, grid: &Grid, first: usize, tallies: &[Tally], out: &mut Vec<Item>) {
    let s = frame.scale;
    let side = grid.cell(0).w * s;
    let empty = tallies.len() <= MOST_EMPTY && side >= 1.5;
    let mut all = Tally::default();
    let (mut slots, mut memory_mb) = (0u64, 0.0);
    for (number, tally) in tallies.iter().enumerate() {
        let machine = &playback.facts.machines[first + number];
        slots += u64::from(machine.slots);
        memory_mb += machine.memory_mb;
        let used = *tally != Tally::default();
        if !used && !empty {
            continue;
        }
        all = all.plus(tally);
        let cell = grid.cell(number as u32);
        let cell = Rect { x: frame.rect.x + cell.x * s, y: frame.rect.y + cell.y * s, w: side, h: side };
        if !scene.shows(&cell) {
            continue;
        }
        if empty {
            out.push(Item::bar(cell.x, cell.y, side, side, Fill { ink: Ink::Ink, alpha: 0.06 }));
        }
        let tile = Frame { rect: cell, scale: side / WORKER.0 };
        if Detail::at(tile.scale) != Detail::Heat {
            opened(&tile, number, tally, machine.slots, machine.memory_mb, out);
        } else if used {
            heat(cell, tally, machine.slots, out);
        }
    }
    if Detail::at(s) != Detail::Heat {
        block_totals(frame, &all, slots, memory_mb, out);
    }
}

/// A machine of a block whose square is large enough to be drawn as a worker.
fn opened(tile: &Frame, number: usize, tally: &Tally, slots: u32, memory_mb: f64, out: &mut Vec<Item>) {
    let Rect { x, y, w, h } = tile.rect;
    let edge = Some(Stroke::new(Ink::ControlBorder, 1.0));
    out.push(Item::Rect { x, y, w, h, radius: 2.0, fill: Some(Ink::Surface.into()), stroke: edge });
    let size = text_size(13.0, tile.scale);
    out.push(Item::label((x + tile.inset(), tile.header(size)), size, Anchor::Start, Ink::Ink, number.to_string()));
    worker(tile, tally, slots, memory_mb, out);
}

/// Slots, memory and queue of all machines of a block.
fn block_totals(frame: &Frame, all: &Tally, slots: u64, memory_mb: f64, out: &mut Vec<Item>) {
    let s = frame.scale;
    let Rect { x, w, .. } = frame.rect;
    let inset = 10.0 * s;
    let size = text_size(12.0, s);
    let full = Detail::at(s) == Detail::Full;
    let used = match full {
        true => format!("{}/{}", thousands(u64::from(all.active)), thousands(slots)),
        false => percent(f64::from(all.active), slots as f64),
    };
    let at = (x + w - inset, frame.header(text_size(13.0, s)));
    out.push(Item::label(at, size, Anchor::End, Ink::Ink, used));
    let below = if full { 25.0 * s } else { inset };
    let bar = Rect { x: x + inset, y: frame.rect.bottom() - below - 8.0 * s, w: w - 2.0 * inset, h: 8.0 * s };
    memory_bar(bar, all, memory_mb, out);
    if !full {
        return;
    }
    let baseline = frame.rect.bottom() - (below - size * 0.72) / 2.0;
    out.push(Item::label((bar.x, baseline), size, Anchor::Start, Ink::Muted, memory_text(all.memory_mb(), memory_mb)));
    let text = format!("{} waiting", thousands(u64::from(all.queued)));
    let wide = text_width(&text, size);
    out.push(Item::label((bar.right(), baseline), size, Anchor::End, Ink::Muted, text));
    if all.queued > 0 {
        let side = 6.0 * s;
        out.push(Item::bar(bar.right() - wide - side - 5.0, baseline - size * 0.36 - side / 2.0, side, side, Ink::Waiting));
    }
}

/// The containers of all workers, each in its cell.
fn cells(playback: &Playback, scene: &Scene, out: &mut Vec<Item>) {
    for span in playback.containers.at(scene.t) {
        let Some((index, cell)) = cell_of(playback, scene, span.host, span.cell) else { continue };
        let start = out.len();
        container(span, scene.t, cell, out);
        let letters = playback.facts.letters(span.function);
        if scene.viewport.scale >= LETTERS_FROM && cell.w >= 12.0 && !letters.is_empty() {
            cell_letters(cell, span.state, letters, out);
        }
        scene.dim(index, out, start);
    }
}

/// The layout's index of a machine's node and the frame of the machine, if there is room in it for every container: that of a
/// worker, or of a machine of a block that is large enough on the screen.
fn detailed(scene: &Scene, host: u32) -> Option<(usize, Frame)> {
    let index = scene.node_of(host)?;
    let frame = match scene.layout.nodes[index].shape {
        Shape::Worker => Frame { rect: scene.frame(index), scale: scene.viewport.scale },
        Shape::Block(_) => {
            let rect = scene.machine(host)?;
            Frame { rect, scale: rect.w / WORKER.0 }
        }
        Shape::Small => return None,
    };
    (Detail::at(frame.scale) == Detail::Full && scene.shows(&frame.rect)).then_some((index, frame))
}

/// The layout's index of a worker, and where one of its cells is; nothing if it is not on the screen.
pub(crate) fn cell_of(playback: &Playback, scene: &Scene, host: u32, cell: u32) -> Option<(usize, Rect)> {
    let (index, frame) = detailed(scene, host)?;
    let place = frame.pool(playback.cells[host as usize]).cell(cell)?;
    scene.shows(&place).then_some((index, place))
}

fn container(span: &ContainerSpan, t: u64, cell: Rect, out: &mut Vec<Item>) {
    let Rect { x, y, w, h } = cell;
    match span.state {
        ContainerState::Starting => {
            let high = h * part(span.since_ns, span.until_ns, t);
            out.push(Item::Hatch { x, y: y + h - high, w, h: high, fill: Ink::Cold.into() });
            let edge = Some(Stroke::new(Ink::Cold, 1.0));
            out.push(Item::Rect { x: x + 0.5, y: y + 0.5, w: w - 1.0, h: h - 1.0, radius: 0.0, fill: None, stroke: edge });
        }
        ContainerState::Busy => {
            out.push(Item::bar(x, y, w, h, Ink::Running));
            pips(cell, span.active, out);
        }
        ContainerState::Idle => {
            let left = if span.until_ns == u64::MAX { 1.0 } else { 1.0 - part(span.since_ns, span.until_ns, t) };
            idle_cell(cell, left, out);
        }
    }
}

/// How many invocations a container serves at once, if there are several: a row of pips, and a bar for more than fit.
fn pips(Rect { x, y, w, h }: Rect, active: u32, out: &mut Vec<Item>) {
    let step = w / 14.0;
    let (y, side) = (y + h - 3.0 * step, 2.0 * step);
    if active > MOST_PIPS {
        return out.push(Item::bar(x + 1.5 * step, y, 11.0 * step, side, Ink::Surface));
    }
    for i in 0..if active > 1 { active } else { 0 } {
        out.push(Item::bar(x + (1.5 + 3.0 * f64::from(i)) * step, y, side, side, Ink::Surface));
    }
}

/// A container that is kept warm, with `left` of its keep-alive on its lower edge.
pub(crate) fn idle_cell(cell: Rect, left: f64, out: &mut Vec<Item>) {
    let Rect { x, y, w, h } = cell;
    let (a, b) = (0.75, 1.5);
    out.push(Item::bar(x, y, w, h, Fill { ink: Ink::Running, alpha: IDLE }));
    out.push(Item::Polyline {
        points: vec![(x + a, y + h), (x + a, y + a), (x + w - a, y + a), (x + w - a, y + h)],
        fill: None,
        stroke: Some(Stroke::new(Ink::Running, b)),
    });
    out.push(Item::bar(x, y + h - 2.0 * b, w * left, 2.0 * b, Ink::Running));
}

/// How much of an interval has passed, 0 to 1.
fn part(from: u64, to: u64, t: u64) -> f64 {
    let whole = to.saturating_sub(from);
    if whole == 0 { 1.0 } else { (t.saturating_sub(from) as f64 / whole as f64).min(1.0) }
}

fn cell_letters(cell: Rect, state: ContainerState, letters: &str, out: &mut Vec<Item>) {
    let (x, y) = cell.centre();
    let size = cell.w * 0.5;
    // The lower edge of an idle cell is its keep-alive.
    let (ink, halo, up) = match state {
        ContainerState::Starting => (Ink::Ink, Some(Ink::Surface), 0.0),
        ContainerState::Busy => (Ink::Surface, None, 0.0),
        ContainerState::Idle => (Ink::Ink, None, 1.0),
    };
    let at = (x, y + size * 0.34 - up);
    let (anchor, weight) = (Anchor::Middle, Weight::Regular);
    out.push(Item::Text { at, size, anchor, weight, fill: ink.into(), halo, text: letters.to_owned() });
}

/// The invocations in the queues of all workers, the head at the right; as many as there is room for, then their number.
fn squares(playback: &Playback, scene: &Scene, tallies: &[Tally], out: &mut Vec<Item>) {
    let mut placed = vec![0usize; tallies.len()];
    for span in playback.queued.at(scene.t) {
        let host = span.host as usize;
        let place = placed[host];
        placed[host] += 1;
        if place > MOST_SQUARES {
            continue;
        }
        let Some((index, frame)) = detailed(scene, span.host) else { continue };
        let start = out.len();
        square(scene, &frame, span, place, tallies[host].queued as usize, out);
        scene.dim(index, out, start);
    }
}

/// One waiting invocation, or the number of those that there is no room for.
fn square(scene: &Scene, frame: &Frame, span: &QueueSpan, place: usize, queued: usize, out: &mut Vec<Item>) {
    let size = text_size(11.0, frame.scale);
    let room = if queued <= MOST_SQUARES { MOST_SQUARES } else { frame.squares_beside(text_width(&more(queued - 10), size)) };
    if place < room {
        let Rect { x, y, w, h } = frame.square(place);
        let followed = scene.follows(span.invocation);
        let stroke = followed.then(|| Stroke::new(Ink::Ink, 2.0));
        out.push(Item::Rect { x, y, w, h, radius: 0.0, fill: Some(Ink::Waiting.into()), stroke });
    } else if place == room {
        let r = frame.square(0);
        let at = (frame.rect.x + frame.inset(), r.y + r.h / 2.0 + size * 0.36);
        out.push(Item::label(at, size, Anchor::Start, Ink::Ink, more(queued - room)));
    }
}

fn more(n: usize) -> String {
    format!("+{}", short(n as u64))
}

#[cfg(test)]
mod tests {
    use super::super::facts::Facts;
    use super::super::layout::Layout;
    use super::super::layout::tests::scenario;
    use super::super::moving::FrameOptions;
    use super::super::moving::tests::{container, options, picture, texts, worker};
    use super::super::viewport::Viewport;
    use super::*;
    use crate::scenario::{Node, Role};
    use crate::sim::stage::StageWindow;

    #[test]
    fn a_machine_of_a_block_is_drawn_as_a_worker_where_there_is_room() {
        let pool = Node { count: 1_000, x: 50.0, y: 50.0, ..Node::new("pool", "z", Role::Worker) };
        let s = scenario(&["z"], vec![pool], vec![]);
        let window = containers(vec![container(0, 9, 0, ContainerState::Busy, u64::MAX)]);
        let playback = Playback::new(window, Facts::of(&s));
        let layout = Layout::of(&s);
        // The first machine's square is 8 wide and begins at (61, 81).
        let at = |scale: f64| {
            let options = FrameOptions { size: (120.0, 120.0), ..options() };
            let mut out = vec![];
            playback.frame(5, &layout, &Viewport { x: 60.5, y: 80.5, scale }, &options, &mut out);
            let cells =
                out.iter().filter(|i| matches!(i, Item::Rect { fill: Some(f), w, h, .. } if f.ink == Ink::Running && w == h));
            (texts(&out).join(" "), cells.count())
        };
        // At the end stands what the whole block holds.
        assert!(at(1.0).0.starts_with("1/4,000 "), "a heat square: {:?}", at(1.0));
        assert!(at(8.0).0.starts_with("0 25 % "), "{:?}", at(8.0));
        assert!(at(14.0).0.starts_with("0 1/4 1 / 4 GB 1/4,000 "), "{:?}", at(14.0));
        assert_eq!(at(14.0).1, 1);
    }

    fn containers(containers: Vec<ContainerSpan>) -> StageWindow {
        StageWindow { containers, ..Default::default() }
    }

    fn queue(n: u64) -> StageWindow {
        let span = |i: u64| QueueSpan { from_ns: i, to_ns: 1_000, host: 0, invocation: i as u32, function: 0 };
        StageWindow { queued: (0..n).map(span).collect(), ..Default::default() }
    }

    fn waiting(list: &[Item]) -> Vec<f64> {
        let x = |i: &Item| match i {
            Item::Rect { x, fill: Some(fill), .. } if fill.ink == Ink::Waiting => Some(*x),
            _ => None,
        };
        list.iter().filter_map(x).collect()
    }

    #[test]
    fn a_starting_container_fills_from_below_with_its_progress() {
        let window = containers(vec![container(1_000, 2_000, 0, ContainerState::Starting, 2_000)]);
        let list = picture(vec![worker()], window, 1_250);
        // The first cell is 14 by 14 at (108, 139); a quarter of it is 3.5 high and ends at its lower edge.
        let hatch = Item::Hatch { x: 108.0, y: 149.5, w: 14.0, h: 3.5, fill: Ink::Cold.into() };
        assert!(list.contains(&hatch), "{list:?}");
    }

    #[test]
    fn an_idle_container_shows_the_keep_alive_that_is_left() {
        let window = containers(vec![container(0, 4_000, 0, ContainerState::Idle, 4_000)]);
        let list = picture(vec![worker()], window, 3_000);
        assert!(list.contains(&Item::bar(108.0, 150.0, 3.5, 3.0, Ink::Running)), "{list:?}");
    }

    #[test]
    fn slots_and_memory_are_counted() {
        let window = containers(vec![
            container(0, 9, 0, ContainerState::Starting, 9),
            container(0, 9, 1, ContainerState::Busy, u64::MAX),
            container(0, 9, 2, ContainerState::Idle, 9),
        ]);
        assert_eq!(texts(&picture(vec![worker()], window, 5)), ["2/4", "3 / 4 GB"]);
    }

    #[test]
    fn memory_has_the_unit_of_the_machine() {
        assert_eq!(memory_text(5_222.4, 8_192.0), "5.1 / 8 GB");
        assert_eq!(memory_text(300.0, 512.0), "300 / 512 MB");
        assert_eq!(memory_text(0.0, 8_388_608.0), "0 / 8 TB");
    }

    #[test]
    fn a_container_that_serves_several_has_a_pip_for_each_and_takes_as_many_slots() {
        let shown = |active| {
            let span = ContainerSpan { active, ..container(0, 9, 0, ContainerState::Busy, u64::MAX) };
            let list = picture(vec![worker()], containers(vec![span]), 5);
            let is_pip =
                |i: &&Item| matches!(i, Item::Rect { h, fill: Some(f), stroke: None, .. } if *h == 2.0 && f.ink == Ink::Surface);
            (list.iter().filter(is_pip).count(), texts(&list)[0].to_owned())
        };
        let expected = [(1, 0), (2, 2), (4, 4), (5, 1)].map(|(active, pips)| (pips, format!("{active}/4")));
        assert_eq!([1, 2, 4, 5].map(shown), expected);
    }

    #[test]
    fn sixteen_wait_in_squares_and_the_rest_in_a_number() {
        let all = picture(vec![worker()], queue(16), 500);
        let squares = waiting(&all);
        assert_eq!((squares.len(), squares[0], squares[15]), (16, 254.0, 134.0));
        let many = picture(vec![worker()], queue(139), 500);
        let shown = waiting(&many).len();
        let label = format!("+{}", 139 - shown);
        assert!(shown <= 16 && texts(&many).contains(&label.as_str()), "{:?}", texts(&many));
    }

    #[test]
    fn a_block_of_a_thousand_is_a_grid_of_squares_and_a_sum() {
        let pool = Node { count: 1_000, x: 50.0, y: 50.0, ..Node::new("pool", "z", Role::Worker) };
        let busy = |host| ContainerSpan { host, ..container(0, 9, 0, ContainerState::Busy, u64::MAX) };
        let list = picture(vec![pool], containers((0..250).map(busy).collect()), 5);
        assert_eq!(texts(&list), ["250/4,000", "0.2 / 3.9 TB", "0 waiting"]);
        let busy_squares =
            list.iter().filter(|i| matches!(i, Item::Rect { w, fill: Some(f), .. } if *w == 8.0 && f.ink == Ink::Running));
        assert_eq!(busy_squares.count(), 250);
    }
}
