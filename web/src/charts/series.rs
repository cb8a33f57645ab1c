//! Charts over simulated time: percentiles, the number in the system, and what the stacked ones share with them.

use faaslab_core::measure::{Charts, Percentiles};
use plotters::style::RGBColor;

use super::axes::{Axis, Grid, Writing, seconds};
use super::labels::{self, EndLabel, Sample, name_ghost};
use super::pen::{Pen, Px};
use super::reading::Frame;
use super::sheet::{Column, Quantity, Sheet};
use super::view::View;

const NAMES: [&str; 4] = ["P50", "P95", "P99", "P99.9"];

/// The bucket that holds a time.
pub(super) fn bucket_at(data: &Charts, time_s: f64) -> usize {
    // The cast saturates and maps not-a-number to 0.
    ((time_s - data.begin_s) / data.bucket_s).floor() as usize
}

/// When a bucket begins, not after the end of the run.
pub(super) fn begin(data: &Charts, bucket: usize) -> f64 {
    (data.begin_s + bucket as f64 * data.bucket_s).min(data.end_s)
}

/// The values of the buckets that lie in the shown part of the time, at least in part.
pub(super) fn within<'a>(data: &'a Charts, (from, to): (f64, f64), values: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    let shown = move |bucket: usize| begin(data, bucket) < to && begin(data, bucket + 1) > from;
    values.iter().enumerate().filter(move |(bucket, _)| shown(*bucket)).map(|(_, value)| *value)
}

/// The column of times: the middle of each bucket.
pub(super) fn times(data: &Charts, count: usize) -> Column {
    let middle = |bucket| (begin(data, bucket) + begin(data, bucket + 1)) / 2.0;
    Column::new("time", "time_s", Quantity::Time, (0..count).map(middle).collect())
}

/// The points of a series that lie within the axis, in pieces without gaps.
pub(super) fn pieces(grid: &Grid, data: &Charts, values: &[f64]) -> Vec<Vec<Px>> {
    let times = times(data, values.len()).values;
    let mut pieces = vec![Vec::new()];
    for (time, value) in times.into_iter().zip(values) {
        if value.is_finite() && time.is_finite() {
            if let Some(piece) = pieces.last_mut() {
                piece.push((time, *value));
            }
        } else if pieces.last().is_some_and(|piece| !piece.is_empty()) {
            pieces.push(Vec::new());
        }
    }
    pieces.into_iter().map(|piece| grid.clip(piece.into_iter())).filter(|piece| !piece.is_empty()).collect()
}

/// Draws the pieces of a series; a piece of one point is a dot.
fn draw_pieces(pen: &Pen<'_>, pieces: &[Vec<Px>], colour: RGBColor, width: f64) {
    for piece in pieces {
        match piece[..] {
            [point] => pen.dot(point, 2.0, colour),
            _ => pen.line(piece, colour, width),
        }
    }
}

/// Draws the previous run.
pub(super) fn draw_ghost(pen: &Pen<'_>, grid: &Grid, run: &Charts, values: &[f64], name: &str) {
    for piece in pieces(grid, run, values) {
        pen.dashed(&piece, pen.theme.ghost(), 1.5);
    }
    name_ghost(pen, grid.caption_end, name);
}

/// What tells slowdown and response time apart.
pub(super) struct Timeline {
    /// Which percentiles.
    pub(super) of: fn(&Charts) -> &Percentiles,
    /// What they are, as a caption.
    caption: &'static str,
    /// What they are, as a sentence begins.
    name: &'static str,
    quantity: Quantity,
    writing: Writing,
    keys: [&'static str; 4],
}

/// Slowdown over time.
pub(super) const SLOWDOWN: Timeline = Timeline {
    of: |data| &data.slowdown,
    caption: "slowdown",
    name: "Slowdown over time",
    quantity: Quantity::Slowdown,
    writing: Writing::Ratio,
    keys: ["slowdown_p50", "slowdown_p95", "slowdown_p99", "slowdown_p999"],
};

/// Response time over time.
pub(super) const RESPONSE: Timeline = Timeline {
    of: |data| &data.response_ms,
    caption: "response time",
    name: "Response time over time",
    quantity: Quantity::Millis,
    writing: Writing::Millis,
    keys: ["response_ms_p50", "response_ms_p95", "response_ms_p99", "response_ms_p999"],
};

fn each(percentiles: &Percentiles) -> [&Vec<f64>; 4] {
    [&percentiles.p50, &percentiles.p95, &percentiles.p99, &percentiles.p999]
}

impl Timeline {
    /// Why there is nothing to draw.
    pub(super) fn empty(&self, data: &Charts) -> Option<&'static str> {
        let nothing = !each((self.of)(data)).into_iter().flatten().any(|value| value.is_finite());
        nothing.then_some("No invocation completed in this run")
    }

    /// The chart in words.
    pub(super) fn summary(&self, data: &Charts) -> String {
        let times = times(data, (self.of)(data).p99.len()).values;
        let points = || times.iter().zip(&(self.of)(data).p99).filter(|(_, value)| value.is_finite());
        let lowest = points().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
        let highest = points().max_by(|a, b| a.1.total_cmp(b.1));
        let (when, most) = highest.map_or((f64::NAN, f64::NAN), |(time, value)| (*time, *value));
        let (name, show) = (self.name, |value| self.quantity.show(value));
        format!("{name}: 99th percentile between {} and {}, highest at {}", show(lowest), show(most), seconds(when))
    }

    /// The chart as numbers.
    pub(super) fn sheet(&self, data: &Charts) -> Sheet {
        let values = each((self.of)(data));
        let column = |i: usize| Column::new(NAMES[i], self.keys[i], self.quantity, values[i].clone());
        let columns = vec![times(data, values[0].len()), column(0), column(1), column(2), column(3)];
        Sheet { columns, compared: 3, ..Sheet::default() }
    }

    /// Whether its axis is logarithmic as long as nobody chooses.
    pub(super) fn is_log(&self, data: &Charts) -> bool {
        Axis::around(self.shown(data, (data.begin_s, data.end_s)), 4, self.writing, true, None).scale.is_log()
    }

    fn shown<'a>(&self, run: &'a Charts, span: (f64, f64)) -> impl Iterator<Item = f64> + use<'a> {
        each((self.of)(run)).into_iter().flat_map(move |values| within(run, span, values))
    }

    /// Draws it.
    pub(super) fn draw(&self, pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let span = view.span(data);
        let runs = [Some(data), ghost];
        let values = runs.into_iter().flatten().flat_map(|run| self.shown(run, span));
        let y = Axis::around(values, Grid::rows(pen), self.writing, true, view.log);
        let x = Axis::time(span, Grid::columns(pen));
        let caption = format!("{}{}", self.caption, y.note());
        let grid = Grid::draw(pen, &x, &y, &caption, labels::room(pen, &NAMES));
        if let Some(run) = ghost {
            draw_ghost(pen, &grid, run, &(self.of)(run).p99, "P99");
        }
        let lines = each((self.of)(data)).into_iter().zip(pen.theme.percentiles()).zip(NAMES);
        let lines = lines.map(|((values, colour), name)| Line { values, colour, width: 2.0, name });
        draw_lines(pen, &grid, data, lines);
        Frame::over_time(grid, data)
    }
}

/// A series as a line.
pub(super) struct Line<'a> {
    /// A value for each bucket.
    pub(super) values: &'a [f64],
    /// Its colour.
    pub(super) colour: RGBColor,
    /// Its width.
    pub(super) width: f64,
    /// What stands at its end.
    pub(super) name: &'a str,
}

/// Draws lines and writes their names at their ends.
pub(super) fn draw_lines<'a>(pen: &Pen<'_>, grid: &Grid, data: &Charts, lines: impl Iterator<Item = Line<'a>>) {
    let mut ends = Vec::new();
    for line in lines {
        let pieces = pieces(grid, data, line.values);
        draw_pieces(pen, &pieces, line.colour, line.width);
        if let Some((_, y)) = pieces.last().and_then(|piece| piece.last()) {
            ends.push(EndLabel { y: *y, sample: Sample::Line(line.colour), text: line.name.to_owned() });
        }
    }
    // Of lines that end at one place, the last stands above.
    ends.reverse();
    labels::draw(pen, grid, ends);
}

/// How many invocations are in the system.
pub(super) mod in_system {
    use super::*;

    fn values(data: &Charts) -> Vec<f64> {
        data.in_system.iter().map(|value| f64::from(*value)).collect()
    }

    /// Why there is nothing to draw.
    pub(in super::super) fn empty(data: &Charts) -> Option<&'static str> {
        let nothing = !data.in_system.iter().any(|value| *value > 0.0);
        nothing.then_some("No invocation was in the system in this run")
    }

    /// The chart in words.
    pub(in super::super) fn summary(data: &Charts) -> String {
        let finite: Vec<f64> = values(data).into_iter().filter(|value| value.is_finite()).collect();
        let mean = finite.iter().sum::<f64>() / finite.len() as f64;
        let most = finite.iter().copied().fold(0.0, f64::max);
        let show = |value| Quantity::Mean.show(value);
        format!("Invocations in the system over time: {} on average, at most {}", show(mean), show(most))
    }

    /// The chart as numbers.
    pub(in super::super) fn sheet(data: &Charts) -> Sheet {
        let column = Column::new("in the system", "in_system", Quantity::Mean, values(data));
        Sheet { columns: vec![times(data, data.in_system.len()), column], compared: 1, ..Sheet::default() }
    }

    /// Draws it.
    pub(in super::super) fn draw(pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let (shown, before) = (values(data), ghost.map(|run| (run, values(run))));
        let span = view.span(data);
        let ghosts = before.iter().flat_map(|(run, values)| within(run, span, values));
        let y = Axis::from_zero(within(data, span, &shown).chain(ghosts), Grid::rows(pen), Writing::Number);
        let x = Axis::time(span, Grid::columns(pen));
        let grid = Grid::draw(pen, &x, &y, "invocations", 16.0);
        if let Some((run, before)) = before {
            draw_ghost(pen, &grid, run, &before, "run");
        }
        draw_pieces(pen, &pieces(&grid, data, &shown), pen.theme.run, 2.0);
        Frame::over_time(grid, data)
    }
}

/// The shares that agents give to decentralized, federated and centralized.
pub(super) mod shares {
    use super::*;

    const NAMES: [&str; 3] = ["decentralized", "federated", "centralized"];
    const KEYS: [&str; 3] = ["share_decentralized", "share_federated", "share_centralized"];

    /// Each share by bucket; not-a-number before any agent gave one.
    fn values(data: &Charts) -> [Vec<f64>; 3] {
        let given = |bucket: usize| data.shares.iter().any(|share| share.get(bucket).is_some_and(|s| *s > 0.0));
        let value = |(bucket, share): (usize, &f32)| if given(bucket) { f64::from(*share) } else { f64::NAN };
        data.shares.each_ref().map(|share| share.iter().enumerate().map(value).collect())
    }

    /// Why there is nothing to draw.
    pub(in super::super) fn empty(data: &Charts) -> Option<&'static str> {
        let nothing = !values(data).iter().flatten().any(|value| value.is_finite());
        nothing.then_some("No architecture chose among others in this run")
    }

    /// The chart in words.
    pub(in super::super) fn summary(data: &Charts) -> String {
        let [decentralized, federated, centralized] = values(data).map(|values| {
            let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
            Quantity::Share.show(finite.iter().sum::<f64>() / finite.len() as f64)
        });
        format!("Shares over time: on average {decentralized} decentralized, {federated} federated and {centralized} centralized")
    }

    /// The chart as numbers.
    pub(in super::super) fn sheet(data: &Charts) -> Sheet {
        let mut columns = vec![times(data, data.shares[0].len())];
        for ((values, name), key) in values(data).into_iter().zip(NAMES).zip(KEYS) {
            columns.push(Column::new(name, key, Quantity::Share, values));
        }
        Sheet { columns, compared: 1, ..Sheet::default() }
    }

    /// Draws it.
    pub(in super::super) fn draw(pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let y = Axis::percent(Grid::rows(pen));
        let x = Axis::time(view.span(data), Grid::columns(pen));
        let grid = Grid::draw(pen, &x, &y, "share of requests", labels::room(pen, &NAMES));
        if let Some(run) = ghost {
            let [decentralized, ..] = values(run);
            draw_ghost(pen, &grid, run, &decentralized, "decentralized");
        }
        let values = values(data);
        let lines = values.iter().zip(pen.theme.percentiles()).zip(NAMES);
        draw_lines(pen, &grid, data, lines.map(|((values, colour), name)| Line { values, colour, width: 2.0, name }));
        Frame::over_time(grid, data)
    }
}

/// What the placers with the longest inboxes have to do.
pub(super) mod placers {
    use faaslab_core::measure::PlacerLoad;

    use super::*;

    /// What of a placer is drawn.
    pub(in super::super) struct Kind {
        of: fn(&PlacerLoad) -> &[f32],
        name: &'static str,
        key: &'static str,
        quantity: Quantity,
    }

    /// Messages that wait.
    pub(in super::super) const INBOX: Kind =
        Kind { of: |load| &load.inbox, name: "Messages that wait", key: "inbox", quantity: Quantity::Mean };
    /// The share of time in which they decide.
    pub(in super::super) const BUSY: Kind =
        Kind { of: |load| &load.busy, name: "Share of time deciding", key: "busy_share", quantity: Quantity::Share };

    impl Kind {
        fn values(&self, data: &Charts) -> Vec<Vec<f64>> {
            data.placers.iter().map(|load| (self.of)(load).iter().map(|value| f64::from(*value)).collect()).collect()
        }

        /// The most in any bucket, of all placers that are shown.
        fn most(&self, data: &Charts) -> Vec<f64> {
            let values = self.values(data);
            let count = values.first().map_or(0, Vec::len);
            let at = |bucket: usize| values.iter().filter_map(|values| values.get(bucket)).copied().fold(0.0, f64::max);
            (0..count).map(at).collect()
        }

        /// Why there is nothing to draw.
        pub(in super::super) fn empty(&self, data: &Charts) -> Option<&'static str> {
            if data.placers.is_empty() {
                return Some("No message reached a placer in this run");
            }
            let nothing = !self.values(data).iter().flatten().any(|value| *value > 0.0);
            nothing.then_some(match self.quantity {
                Quantity::Share => "Decisions took no time in this run",
                _ => "No message waited for a placer in this run",
            })
        }

        /// The chart in words.
        pub(in super::super) fn summary(&self, data: &Charts) -> String {
            let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
            let each = data.placers.iter().zip(self.values(data));
            let words: Vec<String> =
                each.map(|(load, values)| format!("{} {}", load.name, self.quantity.show(mean(&values)))).collect();
            format!("{} by placer, on average: {}", self.name, words.join(", "))
        }

        /// The chart as numbers.
        pub(in super::super) fn sheet(&self, data: &Charts) -> Sheet {
            let values = self.values(data);
            let mut columns = vec![times(data, values.first().map_or(0, Vec::len))];
            for (load, values) in data.placers.iter().zip(values) {
                columns.push(Column::new(load.name.clone(), format!("{} {}", self.key, load.name), self.quantity, values));
            }
            Sheet { columns, compared: usize::MAX, ..Sheet::default() }
        }

        /// Draws it.
        pub(in super::super) fn draw(&self, pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
            let span = view.span(data);
            let (values, before) = (self.values(data), ghost.map(|run| (run, self.most(run))));
            let shown = values.iter().flat_map(|values| within(data, span, values));
            let ghosts = before.iter().flat_map(|(run, values)| within(run, span, values));
            let y = match self.quantity {
                Quantity::Share => Axis::percent(Grid::rows(pen)),
                _ => Axis::from_zero(shown.chain(ghosts), Grid::rows(pen), Writing::Number),
            };
            let x = Axis::time(span, Grid::columns(pen));
            let names: Vec<&str> = data.placers.iter().map(|load| load.name.as_str()).collect();
            let of_how_many = match data.placer_count as usize {
                count if count > names.len() => format!(", the fullest {} of {count} placers", names.len()),
                _ => String::new(),
            };
            let what = if self.quantity == Quantity::Share { "share of time deciding" } else { "messages in the inbox" };
            let grid = Grid::draw(pen, &x, &y, &format!("{what}{of_how_many}"), labels::room(pen, &names));
            if let Some((run, before)) = &before {
                draw_ghost(pen, &grid, run, before, "most");
            }
            let shade = |i: usize| pen.theme.rank(i, names.len());
            let lines = values.iter().zip(&names).enumerate();
            draw_lines(pen, &grid, data, lines.map(|(i, (values, name))| Line { values, colour: shade(i), width: 1.5, name }));
            Frame::over_time(grid, data)
        }
    }
}
