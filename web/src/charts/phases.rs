//! Where the time goes: the accounting phases of the mean response time, in order of occurrence, as one stacked bar.

use faaslab_core::measure::Charts;

use super::labels::name_ghost;
use super::pen::{Align, Pen, Px, Rect};
use super::reading::{Frame, Reading, Row};
use super::sheet::{Column, Quantity, Sheet};
use super::texture::{Mark, patch};

const BAR: f64 = 28.0;
const GHOST_BAR: f64 = 8.0;
const ROW: f64 = 20.0;
const SWATCH: f64 = 12.0;
const BETWEEN: f64 = 24.0;

/// A phase that took any time.
struct Part<'a> {
    name: &'a str,
    ms: f64,
    mark: Mark,
    variant: usize,
    row: usize,
}

fn parts(data: &Charts) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for (row, (name, ms)) in data.phases_ms.iter().enumerate() {
        if ms.is_finite() && *ms > 0.0 {
            let mark = mark_of(name);
            let variant = parts.iter().filter(|part| part.mark == mark).count();
            parts.push(Part { name, ms: *ms, mark, variant, row });
        }
    }
    parts
}

fn total(parts: &[Part<'_>]) -> f64 {
    parts.iter().map(|part| part.ms).sum()
}

/// How many parts are larger, or as large and earlier.
fn rank(parts: &[Part<'_>], part: &Part<'_>) -> usize {
    parts.iter().filter(|other| other.ms > part.ms || (other.ms == part.ms && other.row < part.row)).count()
}

/// The state that a phase belongs to.
fn mark_of(phase: &str) -> Mark {
    let says = |words: &[&str]| words.iter().any(|word| phase.contains(word));
    if says(&["execution"]) {
        Mark::Running
    } else if says(&["lost", "backoff"]) {
        Mark::Lost
    } else if says(&["image", "staging", "start"]) {
        Mark::Cold
    } else if says(&["network", "transfer", "return", "data"]) {
        Mark::Travelling
    } else {
        Mark::Waiting
    }
}

/// Why there is nothing to draw.
pub(super) fn empty(data: &Charts) -> Option<&'static str> {
    parts(data).is_empty().then_some("No invocation completed in this run")
}

/// The chart in words.
pub(super) fn summary(data: &Charts) -> String {
    let parts = parts(data);
    let largest = (0..3).filter_map(|place| parts.iter().find(|part| rank(&parts, part) == place));
    let largest: Vec<String> = largest.map(|part| format!("{} {}", part.name, Quantity::Millis.show(part.ms))).collect();
    format!("Mean response time {}: {}", Quantity::Millis.show(total(&parts)), largest.join(", "))
}

/// The chart as numbers.
pub(super) fn sheet(data: &Charts) -> Sheet {
    let total = total(&parts(data));
    let (names, ms): (Vec<String>, Vec<f64>) = data.phases_ms.iter().cloned().unzip();
    let share = ms.iter().map(|ms| ms / total).collect();
    Sheet {
        names: vec![("phase", names)],
        columns: vec![Column::new("mean", "mean_ms", Quantity::Millis, ms), Column::new("share", "share", Quantity::Share, share)],
        compared: 0,
    }
}

/// Draws it.
pub(super) fn draw(pen: &Pen<'_>, data: &Charts, ghost: Option<&Charts>) -> Frame {
    let (parts, area) = (parts(data), pen.area);
    let before = ghost.map(self::parts).filter(|parts| !parts.is_empty());
    let total_ms = total(&parts);
    let before_ms = before.as_ref().map_or(0.0, |before| total(before));
    let scale = area.width() / total_ms.max(before_ms);
    let caption = format!("mean response time {}", Quantity::Millis.show(total_ms));
    let caption_end = pen.caption(&caption);
    let mut top = area.top + 22.0;
    let places = places(&parts, area.left, top, BAR, scale);
    for (part, place) in parts.iter().zip(&places) {
        // One pixel of the surface between two parts.
        let inside = Rect { right: (place.right - 1.0).max(place.left), ..*place };
        patch(pen, part.mark, part.variant, inside);
    }
    top += BAR + 6.0;
    if let Some(before) = before {
        draw_before(pen, &self::places(&before, area.left, top, GHOST_BAR, scale));
        name_ghost(pen, caption_end, &format!("run {}", Quantity::Millis.show(before_ms)));
        top += GHOST_BAR + 6.0;
    }
    legend(pen, &parts, total_ms, top + 6.0);
    Frame { parts: places.into_iter().zip(parts.iter().map(|part| part.row)).collect(), ..Frame::default() }
}

/// Where the parts of a bar are.
fn places(parts: &[Part<'_>], left: f64, top: f64, height: f64, scale: f64) -> Vec<Rect> {
    let mut left = left;
    let mut place = |part: &Part<'_>| {
        let right = left + part.ms * scale;
        let rect = Rect { left, top, right, bottom: top + height };
        left = right;
        rect
    };
    parts.iter().map(&mut place).collect()
}

/// The outlines of the parts of the previous run.
fn draw_before(pen: &Pen<'_>, places: &[Rect]) {
    let muted = pen.theme.ghost();
    for place in places {
        pen.line(&[(place.right, place.top), (place.right, place.bottom)], muted, 1.0);
    }
    if let (Some(first), Some(last)) = (places.first(), places.last()) {
        let Rect { left, top, bottom, .. } = *first;
        pen.line(&[(left, top), (left, bottom)], muted, 1.0);
        pen.dashed(&[(left, top), (last.right, top)], muted, 1.0);
        pen.dashed(&[(left, bottom), (last.right, bottom)], muted, 1.0);
    }
}

/// One line of the legend: swatch, name, time, share.
struct Entry<'a> {
    name: &'a str,
    swatch: Option<(Mark, usize)>,
    time: String,
    share: String,
}

/// How wide the columns of the legend are.
struct Widths {
    name: f64,
    /// Times and shares are left out where there is no room for them: the bar shows them too.
    time: Option<f64>,
    share: Option<f64>,
}

impl Widths {
    /// Of names, and of so many figures beside them.
    fn of(pen: &Pen<'_>, entries: &[Entry<'_>], figures: usize) -> Widths {
        Widths {
            name: pen.widest(entries.iter().map(|entry| entry.name)).max(pen.width_of(OTHER)),
            time: (figures > 0).then(|| pen.widest(entries.iter().map(|entry| entry.time.as_str()))),
            share: (figures > 1).then(|| pen.widest(entries.iter().map(|entry| entry.share.as_str()))),
        }
    }

    fn whole(&self) -> f64 {
        SWATCH + 8.0 + self.name + self.time.map_or(0.0, |time| 16.0 + time) + self.share.map_or(0.0, |share| 12.0 + share)
    }

    fn columns(&self, width: f64) -> usize {
        ((width + BETWEEN) / (self.whole() + BETWEEN)).floor().max(1.0) as usize
    }
}

/// Names the parts in order of occurrence, in as many columns as fit; the smallest are summed up when not all fit.
fn legend(pen: &Pen<'_>, parts: &[Part<'_>], total_ms: f64, top: f64) {
    let room = pen.area.width();
    let rows = ((pen.area.bottom - top) / ROW).floor().max(1.0) as usize;
    let all = entries(parts, parts.len(), total_ms);
    let fits = |widths: &Widths| all.len() <= rows * widths.columns(room);
    let widths = [2, 1].map(|figures| Widths::of(pen, &all, figures)).into_iter().find(fits);
    let widths = widths.unwrap_or_else(|| Widths::of(pen, &all, 0));
    let columns = widths.columns(room);
    let shown = if all.len() > rows * columns { entries(parts, rows * columns - 1, total_ms) } else { all };
    let rows = shown.len().div_ceil(columns).max(1);
    for (i, entry) in shown.iter().enumerate() {
        let left = pen.area.left + (i / rows) as f64 * (widths.whole() + BETWEEN);
        let y = top + ((i % rows) as f64 + 0.5) * ROW;
        entry.draw(pen, &widths, (left, y));
    }
}

impl Entry<'_> {
    fn draw(&self, pen: &Pen<'_>, widths: &Widths, (left, y): Px) {
        if let Some((mark, variant)) = self.swatch {
            let half = SWATCH / 2.0;
            patch(pen, mark, variant, Rect { left, top: y - half, right: left + SWATCH, bottom: y + half });
        }
        let mut right = left + widths.whole();
        if let Some(share) = widths.share {
            pen.label(&self.share, (right, y), Align::Right, pen.theme.muted);
            right -= share + 12.0;
        }
        pen.label(self.name, (left + SWATCH + 8.0, y), Align::Left, pen.theme.ink);
        if widths.time.is_some() {
            pen.label(&self.time, (right, y), Align::Right, pen.theme.ink);
        }
    }
}

const OTHER: &str = "all others";

/// The `count` largest parts in order of occurrence, then the sum of the others.
fn entries<'a>(parts: &[Part<'a>], count: usize, total_ms: f64) -> Vec<Entry<'a>> {
    let (large, small): (Vec<&Part<'a>>, Vec<&Part<'a>>) = parts.iter().partition(|part| rank(parts, part) < count);
    let entry = |name, swatch, ms: f64| {
        let (time, share) = (Quantity::Millis.show(ms), Quantity::Share.show(ms / total_ms));
        Entry { name, swatch, time, share }
    };
    let named = large.into_iter().map(|part| entry(part.name, Some((part.mark, part.variant)), part.ms));
    let mut entries: Vec<Entry<'a>> = named.collect();
    if !small.is_empty() {
        entries.push(entry(OTHER, None, small.iter().map(|part| part.ms).sum()));
    }
    entries
}

/// What hovering at `at` reads.
pub(super) fn read(frame: &Frame, sheet: &Sheet, ghost: Option<&Sheet>, at: Px) -> Option<Reading> {
    let (place, row) = frame.parts.iter().find(|(place, _)| place.holds(at))?;
    let name = sheet.name(*row)?;
    let mut rows: Vec<Row> = sheet.columns.iter().map(|column| Row::new(&*column.title, column.show(*row))).collect();
    if let Some(other) = ghost {
        let before = other.row_called(name).zip(other.columns.first()).map(|(row, column)| column.show(row));
        rows.extend(before.map(|value| Row::new(format!("{} mean", frame.before), value)));
    }
    Some(Reading { x: (place.left + place.right) / 2.0, line: false, head: name.to_owned(), rows })
}
