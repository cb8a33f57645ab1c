//! How busy each host is over time, as a map: a line for each host or group of hosts, darker where more cores are in use.

use faaslab_core::measure::{Charts, HostLoad};

use super::axes::{Axis, Grid, seconds};
use super::pen::{Align, Pen, Px, Rect};
use super::reading::{Frame, Reading, Row};
use super::series::{begin, bucket_at, times};
use super::sheet::{Column, Quantity, Sheet};
use super::view::View;

/// Steps of the legend.
const STEPS: u32 = 5;
const STEP_PX: f64 = 14.0;

fn mean(load: &HostLoad) -> f64 {
    load.busy.iter().map(|share| f64::from(*share)).sum::<f64>() / load.busy.len().max(1) as f64
}

fn hosts(data: &Charts) -> u32 {
    data.hosts.iter().map(|load| load.count).sum()
}

/// Why there is nothing to draw.
pub(super) fn empty(data: &Charts) -> Option<&'static str> {
    let nothing = !data.hosts.iter().any(|load| load.busy.iter().any(|share| *share > 0.0));
    nothing.then_some("No execution ended on a host in this run")
}

/// The chart in words.
pub(super) fn summary(data: &Charts) -> String {
    let by_mean = |a: &&HostLoad, b: &&HostLoad| mean(a).total_cmp(&mean(b));
    let say =
        |load: Option<&HostLoad>| load.map_or(String::new(), |load| format!("{} {}", load.name, Quantity::Share.show(mean(load))));
    let (most, least) = (say(data.hosts.iter().max_by(by_mean)), say(data.hosts.iter().min_by(by_mean)));
    format!("Cores in use over time on {} hosts: on average most on {most}, least on {least}", hosts(data))
}

/// The chart as numbers.
pub(super) fn sheet(data: &Charts) -> Sheet {
    let mut columns = vec![times(data, data.hosts.first().map_or(0, |load| load.busy.len()))];
    for load in &data.hosts {
        let busy = load.busy.iter().map(|share| f64::from(*share)).collect();
        columns.push(Column::new(load.name.clone(), load.name.clone(), Quantity::Share, busy));
    }
    Sheet { columns, compared: usize::MAX, ..Sheet::default() }
}

/// A machine of a block as the block and the number: `pool[3]`.
fn machine(id: &str) -> Option<(&str, &str)> {
    id.strip_suffix(']')?.rsplit_once('[')
}

/// Several machines of a block that follow each other, or one, as the block and their numbers.
fn machines(name: &str) -> Option<(&str, String)> {
    let Some((first, last)) = name.split_once(" to ") else {
        return machine(name).map(|(block, number)| (block, number.to_owned()));
    };
    let ((block, from), (other, to)) = (machine(first)?, machine(last)?);
    (block == other).then(|| (block, format!("{from}–{to}")))
}

/// What the lines are called, in short, and the block if they are all of one.
fn lines<'a>(names: impl Iterator<Item = &'a str>) -> (Option<&'a str>, Vec<String>) {
    let known: Vec<(&str, Option<(&str, String)>)> = names.map(|name| (name, machines(name))).collect();
    let block_of = |line: &(&str, Option<(&'a str, String)>)| line.1.as_ref().map(|(block, _)| *block);
    let common = known.first().and_then(block_of).filter(|block| known.iter().all(|line| block_of(line) == Some(block)));
    let short = |(name, machines): (&str, Option<(&str, String)>)| match machines {
        None => name.to_owned(),
        Some((_, numbers)) if common.is_some() => numbers,
        Some((block, numbers)) => format!("{block} {numbers}"),
    };
    (common, known.into_iter().map(short).collect())
}

/// Draws it.
pub(super) fn draw(pen: &Pen<'_>, data: &Charts, view: &View) -> Frame {
    let (block, names) = lines(data.hosts.iter().map(|load| load.name.as_str()));
    let y = Axis::names(&names, pen.area.height() - 46.0);
    let x = Axis::time(view.span(data), Grid::columns(pen));
    let caption = block.map_or("cores in use".to_owned(), |block| format!("cores in use, machines of {block}"));
    let grid = Grid::draw_map(pen, &x, &y, &caption, 12.0);
    let (from, to) = grid.range();
    let height = grid.plot.height() / names.len().max(1) as f64;
    for (line, load) in data.hosts.iter().enumerate() {
        let top = grid.plot.top + line as f64 * height;
        // A gap between two lines, where they are high enough for one.
        let bottom = top + height - if height >= 6.0 { 1.0 } else { 0.0 };
        for (bucket, share) in load.busy.iter().enumerate() {
            let (begins, ends) = (begin(data, bucket), begin(data, bucket + 1));
            if begins < to && ends > from {
                let cell = Rect { left: grid.x(begins), top, right: grid.x(ends), bottom };
                pen.block(cell, pen.theme.shade(f64::from(*share)));
            }
        }
    }
    legend(pen, grid.caption_end);
    Frame { step: (Frame::over_time(grid, data).step.0, height), ..Frame::over(grid) }
}

/// From nothing to all of it, at the top right, if there is room.
fn legend(pen: &Pen<'_>, caption_end: f64) {
    let (low, high) = ("0", "100 %");
    let (right, y) = (pen.area.right - 2.0, pen.area.top + 8.0);
    let from = right - pen.width_of(high) - 6.0;
    let left = from - f64::from(STEPS) * STEP_PX;
    if left - 6.0 - pen.width_of(low) < caption_end + 12.0 {
        return;
    }
    pen.label(high, (right, y), Align::Right, pen.theme.muted);
    pen.label(low, (left - 6.0, y), Align::Right, pen.theme.muted);
    for step in 0..STEPS {
        let x = left + f64::from(step) * STEP_PX;
        let patch = Rect { left: x, top: y - 5.0, right: x + STEP_PX, bottom: y + 5.0 };
        pen.block(patch, pen.theme.shade(f64::from(step) / f64::from(STEPS - 1)));
    }
    pen.frame(Rect { left, top: y - 5.0, right: from, bottom: y + 5.0 }, pen.theme.line, 1.0);
}

/// The line at a place.
pub(super) fn line_at(frame: &Frame, data: &Charts, at: Px) -> Option<usize> {
    let plot = frame.grid?.plot;
    let line = ((at.1 - plot.top) / plot.height() * data.hosts.len() as f64).floor();
    (line >= 0.0 && (line as usize) < data.hosts.len()).then_some(line as usize)
}

/// What hovering at `at` reads; above and below the map only the time, with the mean of all.
pub(super) fn read(frame: &Frame, data: &Charts, at: Px) -> Option<Reading> {
    let grid = frame.grid?;
    let time = grid.value_at(at.0)?;
    let bucket = bucket_at(data, time).min(data.hosts.first()?.busy.len().checked_sub(1)?);
    let share = |load: &HostLoad| load.busy.get(bucket).map_or(0.0, |share| f64::from(*share));
    let centre = (begin(data, bucket) + begin(data, bucket + 1)) / 2.0;
    let mean = data.hosts.iter().map(|load| share(load) * f64::from(load.count)).sum::<f64>() / f64::from(hosts(data).max(1));
    let here = line_at(frame, data, at).map(|line| &data.hosts[line]);
    let mut rows: Vec<Row> = here.iter().map(|load| Row::new(load.name.clone(), Quantity::Share.show(share(load)))).collect();
    rows.push(Row::new("all hosts", Quantity::Share.show(mean)));
    Some(Reading { x: grid.x(centre), line: true, head: seconds(centre), rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_block_are_called_by_their_numbers() {
        let (block, names) = lines(["pool[0] to pool[20]", "pool[21]"].into_iter());
        assert_eq!((block, names), (Some("pool"), vec!["0–20".to_owned(), "21".to_owned()]));
        let (block, names) = lines(["worker-1", "pool[0] to pool[3]", "pool[4] to edge[0]"].into_iter());
        assert_eq!((block, names.join("; ")), (None, "worker-1; pool 0–3; pool[4] to edge[0]".to_owned()));
    }
}
