//! The charts there are.

use faaslab_core::measure::Charts;

use super::hosts::{HostFigure, clock};
use super::pen::{Pen, Px};
use super::reading::{Frame, Reading, read_bucket};
use super::series::{self, RESPONSE, SLOWDOWN, in_system, placers, shares};
use super::sheet::Sheet;
use super::stacks::{memory, removals, starts};
use super::view::View;
use super::{bars, cdf, gantt, heat, phases};
use crate::worker::protocol::RowFilter;

/// A chart, by the question that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChartKind {
    /// The share of completed invocations at or below each slowdown.
    SlowdownCdf,
    /// The share of completed invocations at or above each slowdown, on logarithmic axes.
    SlowdownTail,
    /// The share of completed invocations at or below each response time.
    ResponseCdf,
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
    /// Idle containers that are evicted and that expire, stacked over time.
    Removals,
    /// The states of the containers of one host over time.
    Containers,
    /// The cores in use on each host over time, as a map.
    Hosts,
    /// What hosts say of themselves over time.
    HostFigure(HostFigure),
    /// The number of invocations in the system over time.
    InSystem,
    /// The messages that wait for each placer over time.
    Inboxes,
    /// The share of time in which each placer decides, over time.
    Placers,
    /// The messages by kind.
    Messages,
    /// The shares that agents give to three architectures over time.
    Shares,
}

/// Half as wide as what a click on a distribution chooses, in pixels.
const CLICK_PX: f64 = 6.0;

impl ChartKind {
    /// All charts that can stand alone, in the order in which they are offered.
    pub(crate) const ALL: [ChartKind; 15] = [
        ChartKind::SlowdownCdf,
        ChartKind::SlowdownTail,
        ChartKind::ResponseCdf,
        ChartKind::SlowdownOverTime,
        ChartKind::ResponseOverTime,
        ChartKind::Phases,
        ChartKind::Starts,
        ChartKind::Memory,
        ChartKind::Removals,
        ChartKind::Hosts,
        ChartKind::InSystem,
        ChartKind::Inboxes,
        ChartKind::Placers,
        ChartKind::Messages,
        ChartKind::Shares,
    ];

    /// The question that it answers.
    pub(crate) fn title(self) -> &'static str {
        match self {
            ChartKind::SlowdownCdf => "How slow are most?",
            ChartKind::SlowdownTail => "How slow are the slowest?",
            ChartKind::ResponseCdf => "How long do most take?",
            ChartKind::SlowdownOverTime => "When is it slow?",
            ChartKind::ResponseOverTime => "How long do responses take?",
            ChartKind::Starts => "How many start cold?",
            ChartKind::Phases => "Where does the time go?",
            ChartKind::Memory => "How much memory sits idle?",
            ChartKind::Removals => "Why do containers go?",
            ChartKind::Containers => "What do containers do?",
            ChartKind::Hosts => "Which hosts are busy?",
            ChartKind::HostFigure(figure) => figure.title(),
            ChartKind::InSystem => "How many are in the system?",
            ChartKind::Inboxes => "Where do messages wait?",
            ChartKind::Placers => "How busy are placers?",
            ChartKind::Messages => "How many messages?",
            ChartKind::Shares => "Who decides?",
        }
    }

    /// Its name in links and file names.
    pub(crate) fn id(self) -> &'static str {
        match self {
            ChartKind::SlowdownCdf => "slowdown-cdf",
            ChartKind::SlowdownTail => "slowdown-tail",
            ChartKind::ResponseCdf => "response-cdf",
            ChartKind::SlowdownOverTime => "slowdown",
            ChartKind::ResponseOverTime => "response",
            ChartKind::Starts => "starts",
            ChartKind::Phases => "phases",
            ChartKind::Memory => "memory",
            ChartKind::Removals => "removals",
            ChartKind::Containers => "containers",
            ChartKind::Hosts => "hosts",
            ChartKind::HostFigure(figure) => figure.id(),
            ChartKind::InSystem => "in-system",
            ChartKind::Inboxes => "inboxes",
            ChartKind::Placers => "placers",
            ChartKind::Messages => "messages",
            ChartKind::Shares => "shares",
        }
    }

    /// Whether its x axis is simulated time.
    pub(crate) fn is_over_time(self) -> bool {
        self.distribution().is_none() && !matches!(self, ChartKind::Phases | ChartKind::Messages)
    }

    /// What its x axis distributes, if it does.
    fn distribution(self) -> Option<&'static cdf::Distribution> {
        match self {
            ChartKind::SlowdownCdf => Some(&cdf::SLOWDOWN),
            ChartKind::SlowdownTail => Some(&cdf::SLOWDOWN_TAIL),
            ChartKind::ResponseCdf => Some(&cdf::RESPONSE),
            _ => None,
        }
    }

    /// Whether the axis of its values is logarithmic as long as nobody chooses; nothing where that cannot be chosen.
    pub(super) fn is_log(self, data: &Charts) -> Option<bool> {
        match self {
            ChartKind::SlowdownOverTime => Some(SLOWDOWN.is_log(data)),
            ChartKind::ResponseOverTime => Some(RESPONSE.is_log(data)),
            _ => self.distribution().map(|distribution| distribution.is_log(data)),
        }
    }

    /// All of its x axis; nothing if it has none.
    pub(super) fn whole(self, data: &Charts) -> Option<(f64, f64)> {
        match self.distribution() {
            Some(distribution) => distribution.extent(data),
            None => self.is_over_time().then_some((data.begin_s, data.end_s)),
        }
    }

    /// Why there is nothing to draw, if there is nothing.
    pub(super) fn empty(self, data: &Charts) -> Option<&'static str> {
        match self {
            ChartKind::SlowdownCdf => cdf::SLOWDOWN.empty(data),
            ChartKind::SlowdownTail => cdf::SLOWDOWN_TAIL.empty(data),
            ChartKind::ResponseCdf => cdf::RESPONSE.empty(data),
            ChartKind::SlowdownOverTime => SLOWDOWN.empty(data),
            ChartKind::ResponseOverTime => RESPONSE.empty(data),
            ChartKind::Starts => starts::empty(data),
            ChartKind::Phases => phases::empty(data),
            ChartKind::Memory => memory::empty(data),
            ChartKind::Removals => removals::empty(data),
            ChartKind::Containers => gantt::empty(data),
            ChartKind::Hosts => heat::empty(data),
            ChartKind::HostFigure(figure) => figure.empty(data),
            ChartKind::InSystem => in_system::empty(data),
            ChartKind::Inboxes => placers::INBOX.empty(data),
            ChartKind::Placers => placers::BUSY.empty(data),
            ChartKind::Messages => bars::empty(data),
            ChartKind::Shares => shares::empty(data),
        }
    }

    /// The chart in one sentence, for those who do not see it.
    pub(super) fn summary(self, data: &Charts) -> String {
        match self {
            ChartKind::SlowdownCdf => cdf::SLOWDOWN.summary(data),
            ChartKind::SlowdownTail => cdf::SLOWDOWN_TAIL.summary(data),
            ChartKind::ResponseCdf => cdf::RESPONSE.summary(data),
            ChartKind::SlowdownOverTime => SLOWDOWN.summary(data),
            ChartKind::ResponseOverTime => RESPONSE.summary(data),
            ChartKind::Starts => starts::summary(data),
            ChartKind::Phases => phases::summary(data),
            ChartKind::Memory => memory::summary(data),
            ChartKind::Removals => removals::summary(data),
            ChartKind::Containers => gantt::summary(data),
            ChartKind::Hosts => heat::summary(data),
            ChartKind::HostFigure(figure) => figure.summary(data),
            ChartKind::InSystem => in_system::summary(data),
            ChartKind::Inboxes => placers::INBOX.summary(data),
            ChartKind::Placers => placers::BUSY.summary(data),
            ChartKind::Messages => bars::summary(data),
            ChartKind::Shares => shares::summary(data),
        }
    }

    /// The chart as numbers, where functions have these names.
    pub(super) fn sheet(self, data: &Charts, functions: &[String]) -> Sheet {
        match self {
            ChartKind::SlowdownCdf => cdf::SLOWDOWN.sheet(data),
            ChartKind::SlowdownTail => cdf::SLOWDOWN_TAIL.sheet(data),
            ChartKind::ResponseCdf => cdf::RESPONSE.sheet(data),
            ChartKind::SlowdownOverTime => SLOWDOWN.sheet(data),
            ChartKind::ResponseOverTime => RESPONSE.sheet(data),
            ChartKind::Starts => starts::sheet(data),
            ChartKind::Phases => phases::sheet(data),
            ChartKind::Memory => memory::sheet(data),
            ChartKind::Removals => removals::sheet(data),
            ChartKind::Containers => gantt::sheet(data, functions),
            ChartKind::Hosts => heat::sheet(data),
            ChartKind::HostFigure(figure) => figure.sheet(data),
            ChartKind::InSystem => in_system::sheet(data),
            ChartKind::Inboxes => placers::INBOX.sheet(data),
            ChartKind::Placers => placers::BUSY.sheet(data),
            ChartKind::Messages => bars::sheet(data),
            ChartKind::Shares => shares::sheet(data),
        }
    }

    /// Draws it.
    pub(super) fn draw(self, pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let ghost = ghost.filter(|ghost| self.empty(ghost).is_none());
        match self {
            ChartKind::SlowdownCdf => cdf::SLOWDOWN.draw(pen, data, view, ghost),
            ChartKind::SlowdownTail => cdf::SLOWDOWN_TAIL.draw(pen, data, view, ghost),
            ChartKind::ResponseCdf => cdf::RESPONSE.draw(pen, data, view, ghost),
            ChartKind::SlowdownOverTime => SLOWDOWN.draw(pen, data, view, ghost),
            ChartKind::ResponseOverTime => RESPONSE.draw(pen, data, view, ghost),
            ChartKind::Starts => starts::draw(pen, data, view, ghost),
            ChartKind::Phases => phases::draw(pen, data, ghost),
            ChartKind::Memory => memory::draw(pen, data, view, ghost),
            ChartKind::Removals => removals::draw(pen, data, view, ghost),
            ChartKind::Containers => gantt::draw(pen, data, view),
            ChartKind::Hosts => heat::draw(pen, data, view),
            ChartKind::HostFigure(figure) => figure.draw(pen, data, view, ghost),
            ChartKind::InSystem => in_system::draw(pen, data, view, ghost),
            ChartKind::Inboxes => placers::INBOX.draw(pen, data, view, ghost),
            ChartKind::Placers => placers::BUSY.draw(pen, data, view, ghost),
            ChartKind::Messages => bars::draw(pen, data, ghost),
            ChartKind::Shares => shares::draw(pen, data, view, ghost),
        }
    }

    /// What hovering at `at` over the drawn chart reads.
    pub(super) fn read(self, frame: &Frame, run: (&Charts, &Sheet), ghost: Option<(&Charts, &Sheet)>, at: Px) -> Option<Reading> {
        let sheet = || ghost.map(|(_, sheet)| sheet);
        match self {
            ChartKind::Phases => phases::read(frame, run.1, sheet(), at),
            ChartKind::Messages => bars::read(frame, run.1, sheet(), at),
            ChartKind::Hosts => heat::read(frame, run.0, at),
            ChartKind::HostFigure(_) => {
                let before = ghost.map(|(ghost, sheet)| (clock(ghost), sheet));
                read_bucket(frame, &clock(run.0), run.1, before.as_ref().map(|(ghost, sheet)| (ghost, *sheet)), at)
            }
            ChartKind::Containers => gantt::read(frame, run.0, run.1, at),
            _ => match self.distribution() {
                Some(distribution) => distribution.read(frame, run.0, ghost.map(|(ghost, _)| ghost), at),
                None => read_bucket(frame, run.0, run.1, ghost, at),
            },
        }
    }

    /// The invocations that a place of the drawn chart stands for.
    pub(super) fn filter(self, frame: &Frame, data: &Charts, at: Px) -> Option<RowFilter> {
        let grid = frame.grid?;
        let value = grid.value_at(at.0)?;
        if self == ChartKind::Containers {
            return None;
        }
        if self.is_over_time() {
            let own = matches!(self, ChartKind::HostFigure(_)).then(|| clock(data));
            let data = own.as_ref().unwrap_or(data);
            let bucket = series::bucket_at(data, value);
            let ns = |seconds: f64| (seconds * 1e9).round() as u64;
            let submitted_ns = Some((ns(series::begin(data, bucket)), ns(series::begin(data, bucket + 1))));
            let line = (self == ChartKind::Hosts).then(|| heat::line_at(frame, data, at)).flatten();
            let host = line.map(|line| &data.hosts[line]).filter(|load| load.count == 1).map(|load| load.first);
            return Some(RowFilter { submitted_ns, host, ..RowFilter::default() });
        }
        let near = |px: f64| grid.value_at((at.0 + px).clamp(grid.plot.left, grid.plot.right)).unwrap_or(value);
        let (low, high) = (near(-CLICK_PX), near(CLICK_PX));
        Some(match self {
            ChartKind::SlowdownTail => RowFilter { slowdown: Some((value, f64::MAX)), ..RowFilter::default() },
            ChartKind::SlowdownCdf => RowFilter { slowdown: Some((low, high)), ..RowFilter::default() },
            ChartKind::ResponseCdf => {
                let ns = |ms: f64| (ms * 1e6).round() as u64;
                RowFilter { response_ns: Some((ns(low), ns(high))), ..RowFilter::default() }
            }
            _ => return None,
        })
    }
}
