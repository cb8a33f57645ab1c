//! What each container of a host does over time: a line for each, cold starts hatched, busy solid, idle as an outline.

use faaslab_core::measure::{Charts, Lasting};
use faaslab_core::sim::stage::ContainerState;

use super::axes::{Axis, Grid, seconds};
use super::labels::{self, EndLabel, Sample};
use super::pen::{Pen, Px, Rect};
use super::reading::{Frame, Reading, Row};
use super::sheet::{Column, Quantity, Sheet};
use super::texture::{Mark, patch};
use super::view::View;

/// The highest that a line is.
const MOST_PX: f64 = 18.0;

fn mark(state: ContainerState) -> Mark {
    match state {
        ContainerState::Starting => Mark::Cold,
        ContainerState::Busy => Mark::Running,
        ContainerState::Idle => Mark::Idle,
    }
}

fn word(state: ContainerState) -> &'static str {
    match state {
        ContainerState::Starting => "starting",
        ContainerState::Busy => "busy",
        ContainerState::Idle => "idle",
    }
}

/// Why there is nothing to draw.
pub(super) fn empty(data: &Charts) -> Option<&'static str> {
    data.containers.spans.is_empty().then_some("This host had no container in this time")
}

/// The chart in words.
pub(super) fn summary(data: &Charts) -> String {
    let whole = |state| -> f64 { data.containers.spans.iter().filter(|s| s.state == state).map(|s| s.to_s - s.from_s).sum() };
    let (starting, busy, idle) = (whole(ContainerState::Starting), whole(ContainerState::Busy), whole(ContainerState::Idle));
    let (lines, host) = (data.containers.lines, &data.containers.host);
    format!(
        "Containers of {host} over time, {lines} at once at most: in all {} starting, {} busy and {} idle",
        seconds(starting),
        seconds(busy),
        seconds(idle)
    )
}

/// What a function is called; beyond those that have names, by its number.
fn function(span: &Lasting, functions: &[String]) -> String {
    functions.get(span.function as usize).cloned().unwrap_or_else(|| format!("function {}", span.function))
}

/// The chart as numbers, with the names of functions in the order of their numbers.
pub(super) fn sheet(data: &Charts, functions: &[String]) -> Sheet {
    let spans = &data.containers.spans;
    let column = |title, key, quantity, of: fn(&Lasting) -> f64| Column::new(title, key, quantity, spans.iter().map(of).collect());
    Sheet {
        names: vec![
            ("function", spans.iter().map(|span| function(span, functions)).collect()),
            ("state", spans.iter().map(|span| word(span.state).to_owned()).collect()),
        ],
        columns: vec![
            column("place", "place", Quantity::Count, |span| f64::from(span.line) + 1.0),
            column("from", "from_s", Quantity::Time, |span| span.from_s),
            column("to", "to_s", Quantity::Time, |span| span.to_s),
            column("changes", "changes", Quantity::Count, |span| f64::from(span.merged)),
        ],
        compared: usize::MAX,
    }
}

/// Draws it.
pub(super) fn draw(pen: &Pen<'_>, data: &Charts, view: &View) -> Frame {
    let containers = &data.containers;
    let count = f64::from(containers.lines.max(1));
    let x = Axis::time(view.span(data), Grid::columns(pen));
    let names: Vec<String> = (1..=containers.lines).map(|line| line.to_string()).collect();
    let high = ((pen.area.height() - 46.0) / count).min(MOST_PX);
    let y = Axis::names(&names, high * count);
    let mut caption = format!("containers on {}", containers.host);
    if containers.more > 0 {
        caption.push_str(&format!(", {} of {}", containers.lines, containers.lines + containers.more));
    }
    let states = [ContainerState::Starting, ContainerState::Busy, ContainerState::Idle];
    // The lines stand at the top, with the time right below them.
    let area = Rect { bottom: pen.area.top + 46.0 + high * count, ..pen.area };
    let pen = &pen.within(area);
    let grid = Grid::draw_map(pen, &x, &y, &caption, labels::room(pen, &states.map(word)));
    let (from, to) = grid.range();
    for span in containers.spans.iter().filter(|span| span.from_s < to && span.to_s > from) {
        let top = grid.plot.top + f64::from(span.line) * high;
        let left = grid.x(span.from_s);
        let rect = Rect { left, top, right: grid.x(span.to_s).max(left + 1.0), bottom: top + (high - 1.0).max(1.0) };
        match span.state {
            ContainerState::Idle if rect.height() < 4.0 || rect.width() < 6.0 => pen.block(rect, Mark::Idle.fill(&pen.theme, 0)),
            state => patch(pen, mark(state), 0, rect),
        }
    }
    let middle = (grid.plot.top + grid.plot.bottom) / 2.0;
    let label = |state| EndLabel { y: middle, sample: Sample::Patch(mark(state)), text: word(state).to_owned() };
    let lowest = Grid { plot: Rect { bottom: grid.plot.bottom.max(grid.plot.top + 49.0), ..grid.plot }, ..grid };
    labels::draw(pen, &lowest, states.map(label).into());
    Frame { step: (grid.plot.width() / 60.0, high), ..Frame::over(grid) }
}

/// What hovering at `at` reads.
pub(super) fn read(frame: &Frame, data: &Charts, sheet: &Sheet, at: Px) -> Option<Reading> {
    let grid = frame.grid?;
    let time = grid.value_at(at.0)?;
    let line = ((at.1 - grid.plot.top) / grid.plot.height() * f64::from(data.containers.lines)).floor();
    let mut spans = data.containers.spans.iter().enumerate();
    let found = spans.find(|(_, span)| f64::from(span.line) == line && (span.from_s..=span.to_s).contains(&time));
    let rows = match found {
        Some((_, span)) if span.merged > 1 => {
            vec![Row::new(format!("{} changes, mostly", span.merged), word(span.state).to_owned())]
        }
        Some((row, span)) => vec![
            Row::new("function", sheet.name(row).unwrap_or_default().to_owned()),
            Row::new(word(span.state), seconds(span.to_s - span.from_s)),
            Row::new("since", seconds(span.from_s)),
        ],
        None => Vec::new(),
    };
    Some(Reading { x: at.0, line: true, head: seconds(time), rows })
}
