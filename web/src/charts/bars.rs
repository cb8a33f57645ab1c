//! Messages by kind, as bars with their names, the most frequent first.

use faaslab_core::measure::Charts;

use super::labels::name_ghost;
use super::pen::{Align, Pen, Px, Rect};
use super::reading::{Frame, Reading, Row};
use super::sheet::{Column, Quantity, Sheet};

const ROW: f64 = 18.0;
const BAR: f64 = 10.0;

/// The kinds that were sent, the most frequent first.
fn sent(data: &Charts) -> Vec<(&str, f64)> {
    let mut sent: Vec<(&str, f64)> =
        data.messages.iter().map(|(kind, n)| (kind.as_str(), *n as f64)).filter(|m| m.1 > 0.0).collect();
    sent.sort_by(|a, b| b.1.total_cmp(&a.1));
    sent
}

fn invocations(data: &Charts) -> f64 {
    let all = [&data.cold, &data.warm, &data.lost].into_iter().flatten();
    all.map(|n| f64::from(*n)).sum::<f64>().max(1.0)
}

/// Why there is nothing to draw.
pub(super) fn empty(data: &Charts) -> Option<&'static str> {
    sent(data).is_empty().then_some("No message was sent in this run")
}

/// The chart in words.
pub(super) fn summary(data: &Charts) -> String {
    let words: Vec<String> = sent(data).iter().map(|(kind, n)| format!("{kind} {}", Quantity::Count.show(*n))).collect();
    format!("Messages by kind: {}", words.join(", "))
}

/// The chart as numbers.
pub(super) fn sheet(data: &Charts) -> Sheet {
    let (names, counts): (Vec<String>, Vec<f64>) = sent(data).into_iter().map(|(kind, n)| (kind.to_owned(), n)).unzip();
    let each = invocations(data);
    let per_invocation = counts.iter().map(|n| n / each).collect();
    Sheet {
        names: vec![("message", names)],
        columns: vec![
            Column::new("sent", "sent", Quantity::Count, counts),
            Column::new("per invocation", "per_invocation", Quantity::Mean, per_invocation),
        ],
        compared: 0,
    }
}

/// Draws it.
pub(super) fn draw(pen: &Pen<'_>, data: &Charts, ghost: Option<&Charts>) -> Frame {
    let (sent, area) = (sent(data), pen.area);
    let caption_end = pen.caption("messages sent, and for each invocation");
    if ghost.is_some() {
        name_ghost(pen, caption_end, "run");
    }
    let top = area.top + 24.0;
    let rows = ((area.bottom - top) / ROW).floor().max(1.0) as usize;
    // The last line says how many more there are.
    let shown = if sent.len() > rows { rows - 1 } else { sent.len() };
    let before = |kind: &str| ghost.and_then(|run| run.messages.iter().find(|(k, _)| k == kind)).map_or(0.0, |(_, n)| *n as f64);
    let most = sent.iter().take(shown).map(|(kind, n)| n.max(before(kind))).fold(1.0, f64::max);
    let each = invocations(data);
    let values: Vec<String> =
        sent.iter().map(|(_, n)| format!("{}, {}", Quantity::Count.show(*n), Quantity::Mean.show(n / each))).collect();
    let left = area.left + pen.widest(sent.iter().take(shown).map(|(kind, _)| *kind)).ceil() + 8.0;
    let right = (area.right - pen.widest(values.iter().map(String::as_str)).ceil() - 12.0).max(left + 8.0);
    let mut parts = Vec::new();
    for (row, ((kind, n), value)) in sent.iter().zip(&values).take(shown).enumerate() {
        let y = top + (row as f64 + 0.5) * ROW;
        let end = |n: f64| left + (right - left) * n / most;
        pen.label(kind, (left - 8.0, y), Align::Right, pen.theme.ink);
        pen.block(Rect { left, top: y - BAR / 2.0, right: end(*n).max(left + 1.0), bottom: y + BAR / 2.0 }, pen.theme.travelling);
        if ghost.is_some() {
            let x = end(before(kind));
            pen.dashed(&[(x, y - ROW / 2.0 + 1.0), (x, y + ROW / 2.0 - 1.0)], pen.theme.ghost(), 1.5);
        }
        pen.label(value, (end(*n).max(left) + 8.0, y), Align::Left, pen.theme.ink);
        parts.push((Rect { left: area.left, top: y - ROW / 2.0, right: area.right, bottom: y + ROW / 2.0 }, row));
    }
    if shown < sent.len() {
        let text = format!("and {} more kinds in the table", sent.len() - shown);
        pen.label(&text, (left, top + (shown as f64 + 0.5) * ROW), Align::Left, pen.theme.muted);
    }
    Frame { parts, ..Frame::default() }
}

/// What hovering at `at` reads.
pub(super) fn read(frame: &Frame, sheet: &Sheet, ghost: Option<&Sheet>, at: Px) -> Option<Reading> {
    let reading = super::phases::read(frame, sheet, None, at)?;
    let before = ghost.map(|other| {
        let row = other.row_called(&reading.head);
        let sent = row.zip(other.columns.first()).map_or("0".to_owned(), |(row, column)| column.show(row));
        Row::new(format!("{} run", frame.before), sent)
    });
    let rows = reading.rows.into_iter().chain(before).collect();
    Some(Reading { rows, ..reading })
}
