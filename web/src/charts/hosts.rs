//! What hosts say of themselves over time: a line for each of the most loaded ones, and the median where there are more.

use faaslab_core::measure::{Charts, HostLine, HostSeries};

use super::axes::{Axis, Grid, Writing};
use super::labels;
use super::pen::Pen;
use super::reading::Frame;
use super::series::{Line, draw_ghost, draw_lines, times};
use super::sheet::{Column, Quantity, Sheet};
use super::view::View;

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
    pub(crate) fn title(self) -> &'static str {
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
        let some =
            data.host_series.iter().flat_map(|series| &series.hosts).any(|host| self.of(host).iter().any(|value| *value > 0.0));
        let why = match self {
            HostFigure::Load => "No host was loaded when the average was taken, which is every 5 s",
            _ => "No invocation completed in this run",
        };
        (!some).then_some(why)
    }

    /// The chart in words.
    pub(super) fn summary(self, data: &Charts) -> String {
        let Some(series) = &data.host_series else { return self.title().to_owned() };
        let of_host = |host: &HostLine| {
            let most = self.values(host).into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
            format!("{} at most {}", host.id, self.units().0.show(most))
        };
        let each: Vec<String> = series.hosts.iter().map(of_host).collect();
        format!("Hosts over time, {}{}: {}", self.name(), which(series), each.join(", "))
    }

    /// The chart as numbers: from the median to the most loaded.
    pub(super) fn sheet(self, data: &Charts) -> Sheet {
        let Some(series) = &data.host_series else { return Sheet::default() };
        let count = series.hosts.first().map_or(0, |host| host.load_average.len());
        let median = series.median.iter().map(|host| ("median".to_owned(), host));
        let hosts = series.hosts.iter().rev().map(|host| (host.id.clone(), host));
        let column = |(id, host): (String, &HostLine)| Column::new(id.clone(), id, self.units().0, self.values(host));
        let columns: Vec<Column> = std::iter::once(times(&clock(data), count)).chain(median.chain(hosts).map(column)).collect();
        Sheet { compared: columns.len() - 1, columns, ..Sheet::default() }
    }

    /// Draws it.
    pub(super) fn draw(self, pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let Some(series) = &data.host_series else { return Frame::default() };
        let before = ghost.and_then(|run| Some((run, run.host_series.as_ref()?.hosts.first()?)));
        let shown = series.hosts.iter().chain(&series.median).chain(before.map(|(_, host)| host));
        let y = Axis::from_zero(shown.flat_map(|host| self.values(host)), Grid::rows(pen), self.units().1);
        let x = Axis::time(view.span(data), Grid::columns(pen));
        let hosts: Vec<(String, &HostLine)> = series.hosts.iter().map(|host| (short(&host.id), host)).collect();
        let median = series.median.iter().map(|host| ("median".to_owned(), host));
        let lines: Vec<(String, Vec<f64>)> =
            hosts.into_iter().chain(median).map(|(name, host)| (name, self.values(host))).collect();
        let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
        let caption = match series.median {
            Some(_) => format!("{} most loaded of {}", series.hosts.len(), series.count),
            None => self.name().to_owned(),
        };
        let grid = Grid::draw(pen, &x, &y, &caption, labels::room(pen, &names));
        if let Some((run, host)) = before {
            draw_ghost(pen, &grid, &clock(run), &self.values(host), &short(&host.id));
        }
        let count = series.hosts.len();
        let colour = |i: usize| if i < count { pen.theme.rank(count - 1 - i, count) } else { pen.theme.muted };
        // The most loaded lies on the others.
        let each = lines.iter().enumerate().rev();
        let drawn = each.map(|(i, (name, values))| Line { values, colour: colour(i), width: 2.0, name });
        draw_lines(pen, &grid, &clock(data), drawn);
        Frame::over_time(grid, data)
    }
}

/// The times of the buckets of hosts, which are always of all of the run, as charts have theirs.
pub(super) fn clock(data: &Charts) -> Charts {
    let Some(series) = &data.host_series else { return Charts::default() };
    let count = series.hosts.first().map_or(0, |host| host.load_average.len());
    let end_s = (series.bucket_s * count as f64).min(if data.begin_s > 0.0 { f64::MAX } else { data.end_s });
    Charts { bucket_s: series.bucket_s, end_s, ..Charts::default() }
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
