//! The charts there are.

use faaslab_core::measure::Charts;

use super::hosts::HostFigure;
use super::pen::{Pen, Px};
use super::reading::{Frame, Reading, read_bucket};
use super::series::{RESPONSE, SLOWDOWN, in_system, shares};
use super::sheet::Sheet;
use super::stacks::{memory, starts};
use super::{cdf, phases};

/// A chart, by the question that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChartKind {
    /// The share of completed invocations at or below each slowdown.
    SlowdownCdf,
    /// Slowdown percentiles over time.
    SlowdownOverTime,
    /// Response-time percentiles over time.
    ResponseOverTime,
    /// Cold and warm starts and lost invocations, stacked over time.
    Starts,
    /// The phases of the mean response time.
    Phases,
    /// Memory of busy and idle containers, stacked over time.
    Memory,
    /// The number of invocations in the system over time.
    InSystem,
    /// The shares that agents give to three architectures over time.
    Shares,
    /// A figure of hosts over time.
    Hosts(HostFigure),
}

impl ChartKind {
    /// All charts, in the order in which they are offered.
    pub(crate) const ALL: [ChartKind; 8] = [
        ChartKind::SlowdownCdf,
        ChartKind::SlowdownOverTime,
        ChartKind::ResponseOverTime,
        ChartKind::Phases,
        ChartKind::Starts,
        ChartKind::Memory,
        ChartKind::InSystem,
        ChartKind::Shares,
    ];

    /// The question that it answers.
    pub(crate) fn title(self) -> &'static str {
        match self {
            ChartKind::SlowdownCdf => "How slow are the slowest?",
            ChartKind::SlowdownOverTime => "When is it slow?",
            ChartKind::ResponseOverTime => "How long do responses take?",
            ChartKind::Starts => "How many start cold?",
            ChartKind::Phases => "Where does the time go?",
            ChartKind::Memory => "How much memory sits idle?",
            ChartKind::InSystem => "How many are in the system?",
            ChartKind::Shares => "Who decides?",
            ChartKind::Hosts(figure) => figure.title(),
        }
    }

    /// Its name in links and file names.
    pub(crate) fn id(self) -> &'static str {
        match self {
            ChartKind::SlowdownCdf => "slowdown-cdf",
            ChartKind::SlowdownOverTime => "slowdown",
            ChartKind::ResponseOverTime => "response",
            ChartKind::Starts => "starts",
            ChartKind::Phases => "phases",
            ChartKind::Memory => "memory",
            ChartKind::InSystem => "in-system",
            ChartKind::Shares => "shares",
            ChartKind::Hosts(figure) => figure.id(),
        }
    }

    /// Whether its x axis is simulated time.
    pub(crate) fn is_over_time(self) -> bool {
        !matches!(self, ChartKind::SlowdownCdf | ChartKind::Phases)
    }

    /// Why there is nothing to draw, if there is nothing.
    pub(super) fn empty(self, data: &Charts) -> Option<&'static str> {
        match self {
            ChartKind::SlowdownCdf => cdf::empty(data),
            ChartKind::SlowdownOverTime => SLOWDOWN.empty(data),
            ChartKind::ResponseOverTime => RESPONSE.empty(data),
            ChartKind::Starts => starts::empty(data),
            ChartKind::Phases => phases::empty(data),
            ChartKind::Memory => memory::empty(data),
            ChartKind::InSystem => in_system::empty(data),
            ChartKind::Shares => shares::empty(data),
            ChartKind::Hosts(figure) => figure.empty(data),
        }
    }

    /// The chart in one sentence, for those who do not see it.
    pub(super) fn summary(self, data: &Charts) -> String {
        match self {
            ChartKind::SlowdownCdf => cdf::summary(data),
            ChartKind::SlowdownOverTime => SLOWDOWN.summary(data),
            ChartKind::ResponseOverTime => RESPONSE.summary(data),
            ChartKind::Starts => starts::summary(data),
            ChartKind::Phases => phases::summary(data),
            ChartKind::Memory => memory::summary(data),
            ChartKind::InSystem => in_system::summary(data),
            ChartKind::Shares => shares::summary(data),
            ChartKind::Hosts(figure) => figure.summary(data),
        }
    }

    /// The chart as numbers.
    pub(super) fn sheet(self, data: &Charts) -> Sheet {
        match self {
            ChartKind::SlowdownCdf => cdf::sheet(data),
            ChartKind::SlowdownOverTime => SLOWDOWN.sheet(data),
            ChartKind::ResponseOverTime => RESPONSE.sheet(data),
            ChartKind::Starts => starts::sheet(data),
            ChartKind::Phases => phases::sheet(data),
            ChartKind::Memory => memory::sheet(data),
            ChartKind::InSystem => in_system::sheet(data),
            ChartKind::Shares => shares::sheet(data),
            ChartKind::Hosts(figure) => figure.sheet(data),
        }
    }

    /// Draws it.
    pub(super) fn draw(self, pen: &Pen<'_>, data: &Charts, ghost: Option<&Charts>) -> Frame {
        let ghost = ghost.filter(|ghost| self.empty(ghost).is_none());
        match self {
            ChartKind::SlowdownCdf => cdf::draw(pen, data, ghost),
            ChartKind::SlowdownOverTime => SLOWDOWN.draw(pen, data, ghost),
            ChartKind::ResponseOverTime => RESPONSE.draw(pen, data, ghost),
            ChartKind::Starts => starts::draw(pen, data, ghost),
            ChartKind::Phases => phases::draw(pen, data, ghost),
            ChartKind::Memory => memory::draw(pen, data, ghost),
            ChartKind::InSystem => in_system::draw(pen, data, ghost),
            ChartKind::Shares => shares::draw(pen, data, ghost),
            ChartKind::Hosts(figure) => figure.draw(pen, data, ghost),
        }
    }

    /// What hovering at `at` over the drawn chart reads.
    pub(super) fn read(self, frame: &Frame, run: (&Charts, &Sheet), ghost: Option<(&Charts, &Sheet)>, at: Px) -> Option<Reading> {
        match self {
            ChartKind::SlowdownCdf => cdf::read(frame, run.0, ghost.map(|(ghost, _)| ghost), at),
            ChartKind::Phases => phases::read(frame, run.1, ghost.map(|(_, sheet)| sheet), at),
            _ => read_bucket(frame, run.1, ghost.map(|(_, sheet)| sheet), at),
        }
    }
}
