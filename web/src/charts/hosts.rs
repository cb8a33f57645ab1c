//! What hosts say of themselves over time: a line for each of the most loaded ones, and the median where there are more.

use faaslab_core::measure::{Charts, HostLine, HostSeries};

use super::axes::{Axis, Grid, Writing};
use super::labels::{self, EndLabel, Sample};
use super::pen::Pen;
use super::reading::Frame;
use super::series::{Buckets, draw_ghost, draw_pieces, pieces, times};
use super::sheet::{Column, Quantity, Sheet};

/// The most letters of a host's id beside its line.
const LETTERS: usize = 16;

/// What is drawn of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostFigure {
    /// The one-minute load average.
    Load,
    /// Completed invocations per second.
    Rate,
    /// The mean execution time.
    Execution,
    /// The mean response time.
    Response,
}

impl HostFigure {
    /// All of them.
    pub(crate) const ALL: [HostFigure; 4] = [HostFigure::Load, HostFigure::Rate, HostFigure::Execution, HostFigure::Response];

    /// What it is called in a menu.
    pub(crate) fn name(self) -> &'static str {
        match self {
            HostFigure::Load => "load average",
            HostFigure::Rate => "completed per second",
            HostFigure::Execution => "mean execution time",
            HostFigure::Response => "mean response time",
        }
    }

    /// The question that its chart answers.
    pub(super) fn title(self) -> &'static str {
        match self {
            HostFigure::Load => "How loaded are the hosts?",
            HostFigure::Rate => "How much do the hosts complete?",
            HostFigure::Execution => "How long do executions take?",
            HostFigure::Response => "How long do responses take, by host?",
        }
    }

    /// The name of its chart in file names.
    pub(super) fn id(self) -> &'static str {
        match self {
            HostFigure::Load => "host-load",
            HostFigure::Rate => "host-rate",
            HostFigure::Execution => "host-execution",
            HostFigure::Response => "host-response",
        }
    }

    fn of(self, host: &HostLine) -> &[f32] {
        match self {
            HostFigure::Load => &host.load_average,
            HostFigure::Rate => &host.finished_per_s,
            HostFigure::Execution => &host.execution_ms,
            HostFigure::Response => &host.response_ms,
        }
    }

    fn values(self, host: &HostLine) -> Vec<f64> {
        self.of(host).iter().map(|value| f64::from(*value)).collect()
    }

    fn units(self) -> (Quantity, Writing) {
        match self {
            HostFigure::Load | HostFigure::Rate => (Quantity::Mean, Writing::Number),
            HostFigure::Execution | HostFigure::Response => (Quantity::Millis, Writing::Millis),
        }
    }

    /// Why there is nothing to draw.
    pub(super) fn empty(self, data: &Charts) -> Option<&'static str> {
        let some = data.hosts.iter().flat_map(|series| &series.hosts).any(|host| self.of(host).iter().any(|value| *value > 0.0));
        let why = match self {
            HostFigure::Load => "No host was loaded when the average was taken, which is every 5 s",
            _ => "No invocation completed in this run",
        };
        (!some).then_some(why)
    }

    /// The chart in words.
    pub(super) fn summary(self, data: &Charts) -> String {
        let Some(series) = &data.hosts else { return self.title().to_owned() };
        let of_host = |host: &HostLine| {
            let most = self.values(host).into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
            format!("{} at most {}", host.id, self.units().0.show(most))
        };
        let each: Vec<String> = series.hosts.iter().map(of_host).collect();
        format!("Hosts over time, {}{}: {}", self.name(), which(series), each.join(", "))
    }

    /// The chart as numbers: from the median to the most loaded.
    pub(super) fn sheet(self, data: &Charts) -> Sheet {
        let Some(series) = &data.hosts else { return Sheet::default() };
        let buckets = Buckets { width_s: series.bucket_s, end_s: data.end_s };
        let count = series.hosts.first().map_or(0, |host| host.load_average.len());
        let median = series.median.iter().map(|host| ("median".to_owned(), host));
        let hosts = series.hosts.iter().rev().map(|host| (host.id.clone(), host));
        let column = |(id, host): (String, &HostLine)| Column::new(id.clone(), id, self.units().0, self.values(host));
        let columns: Vec<Column> = std::iter::once(times(buckets, count)).chain(median.chain(hosts).map(column)).collect();
        Sheet { compared: columns.len() - 1, columns, ..Sheet::default() }
    }

    /// Draws it.
    pub(super) fn draw(self, pen: &Pen<'_>, data: &Charts, ghost: Option<&Charts>) -> Frame {
        let Some(series) = &data.hosts else { return Frame::default() };
        let before = ghost.and_then(|run| Some((run, run.hosts.as_ref()?)));
        let shown = series.hosts.iter().chain(&series.median).chain(before.and_then(|(_, hosts)| hosts.hosts.first()));
        let y = Axis::from_zero(shown.flat_map(|host| self.values(host)), Grid::rows(pen), self.units().1);
        let x = Axis::time(data.end_s, Grid::columns(pen));
        let names: Vec<String> = series.hosts.iter().map(|host| short(&host.id)).collect();
        let texts: Vec<&str> = names.iter().map(String::as_str).chain(series.median.iter().map(|_| "median")).collect();
        let grid = Grid::draw(pen, &x, &y, &format!("{}{}", self.name(), which(series)), labels::room(pen, &texts));
        if let Some((run, hosts)) = before
            && let Some(host) = hosts.hosts.first()
        {
            let buckets = Buckets { width_s: hosts.bucket_s, end_s: run.end_s };
            draw_ghost(pen, &grid, buckets, data.end_s, &self.values(host), &format!("previous {}", short(&host.id)));
        }
        let buckets = Buckets { width_s: series.bucket_s, end_s: data.end_s };
        let colours = pen.theme.shades(series.hosts.len()).into_iter().rev().chain([pen.theme.muted]);
        let lines: Vec<_> = series.hosts.iter().chain(&series.median).zip(texts).zip(colours).collect();
        let mut ends = Vec::new();
        // The most loaded lies on the others.
        for ((host, text), colour) in lines.into_iter().rev() {
            let pieces = pieces(&grid, buckets, data.end_s, &self.values(host));
            draw_pieces(pen, &pieces, colour);
            if let Some((_, y)) = pieces.last().and_then(|piece| piece.last()) {
                ends.push(EndLabel { y: *y, sample: Sample::Line(colour), text });
            }
        }
        // Of lines that end at one place, the more loaded stands above.
        ends.reverse();
        labels::draw(pen, &grid, ends);
        Frame::over(grid)
    }
}

/// An id, cut where it is long.
fn short(id: &str) -> String {
    match id.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", &id[..end]),
        None => id.to_owned(),
    }
}

/// Which hosts are shown, where it is not all of them.
fn which(series: &HostSeries) -> String {
    match series.median {
        Some(_) => format!(", the {} most loaded of {} hosts", series.hosts.len(), series.count),
        None => String::new(),
    }
}
