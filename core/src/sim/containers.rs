//! The containers of one host over some time, found by going through the run again: what a Gantt chart shows.

use crate::engine::NONE;
use crate::measure::{Charts, Containers, Lasting};
use crate::platform::{ContainerChange, ContainerEvent, Probe};
use crate::sim::Simulation;
use crate::sim::stage::ContainerState;
use crate::units::SimTime;

/// The most lines.
const MOST_LINES: usize = 40;
/// What is shorter than this share of the time is merged with its neighbours.
const FINEST: u64 = 800;

/// A container in a state.
#[derive(Clone, Copy, Debug)]
struct Open {
    since: u64,
    state: ContainerState,
    function: u32,
}

/// Changes of one cell within one step of time, too short to be shown one by one.
#[derive(Clone, Copy, Debug)]
struct Merged {
    step: u64,
    /// Nanoseconds by state.
    spent: [u64; 3],
    changes: u32,
    function: u32,
    from: u64,
    to: u64,
}

/// A place for a container on the host.
#[derive(Clone, Debug, Default)]
struct Line {
    cell: u32,
    open: Option<Open>,
    merged: Option<Merged>,
    spans: Vec<Lasting>,
}

/// Goes through a part of a run and keeps what the containers of a host do. Its size depends on the number of lines and steps
/// alone, however long the part is.
#[derive(Clone, Debug)]
pub struct Watch {
    past: Simulation,
    probe: HostProbe,
    from: SimTime,
    to: SimTime,
    /// Whether the simulation has come to the part.
    begun: bool,
}

#[derive(Clone, Debug)]
struct HostProbe {
    host: u32,
    from: u64,
    to: u64,
    /// Width of a step, in nanoseconds.
    step: u64,
    lines: Vec<Line>,
    /// Cells that no line is left for.
    more: Vec<u32>,
}

impl Watch {
    /// A watch over a host, going on from a state of the run not later than `from`.
    pub fn new(past: Simulation, host: u32, from: SimTime, to: SimTime) -> Watch {
        let to = SimTime(to.0.max(from.0 + 1));
        let step = (to.0 - from.0) / FINEST + 1;
        let probe = HostProbe { host, from: from.0, to: to.0, step, lines: Vec::new(), more: Vec::new() };
        Watch { past, probe, from, to, begun: false }
    }

    /// Handles up to `budget` events. Answers whether it has come to the end.
    pub fn step(&mut self, budget: u64) -> bool {
        if !self.begun {
            self.begun = self.past.watch_to(self.from, budget, &mut ());
            if self.begun {
                self.probe.begin(&self.past);
            }
            return false;
        }
        self.past.watch_to(self.to, budget, &mut self.probe)
    }

    /// What was seen, as the data of a chart.
    pub fn charts(mut self) -> Charts {
        // What holds when the run ends, ends with it.
        let now = self.past.world().now.max(self.from);
        let end = if self.past.progress().done { self.to.min(now) } else { self.to };
        self.probe.end(end.0);
        let model = self.past.model();
        let host = model.hosts.get(self.probe.host as usize).map_or("", |spec| model.machine_id(spec.machine)).to_owned();
        let lines = std::mem::take(&mut self.probe.lines);
        let (count, more) = (lines.len() as u32, self.probe.more.len() as u32);
        let spans = (0..).zip(lines).flat_map(|(line, l)| l.spans.into_iter().map(move |span| Lasting { line, ..span })).collect();
        let containers = Containers { host, lines: count, more, spans };
        Charts { begin_s: self.from.as_s(), end_s: self.to.as_s(), containers, ..Charts::default() }
    }
}

impl HostProbe {
    /// What is there at the beginning.
    fn begin(&mut self, past: &Simulation) {
        let world = past.world();
        let Some(host) = world.hosts.get(self.host as usize) else { return };
        for container in host.containers() {
            let c = &world.containers[container];
            let state = match (c.starting, c.active) {
                (true, _) => ContainerState::Starting,
                (false, 0) => ContainerState::Idle,
                _ => ContainerState::Busy,
            };
            self.open(self.from, c.cell, c.function, state);
        }
    }

    fn open(&mut self, since: u64, cell: u32, function: u32, state: ContainerState) {
        let Some(line) = self.line(cell) else { return };
        line.open = Some(Open { since, state, function });
    }

    /// The line of a cell; a new one if there is still room. Lines stand in the order of cells.
    fn line(&mut self, cell: u32) -> Option<&mut Line> {
        let place = self.lines.binary_search_by_key(&cell, |line| line.cell);
        let place = match place {
            Ok(place) => place,
            Err(place) if self.lines.len() < MOST_LINES => {
                self.lines.insert(place, Line { cell, ..Line::default() });
                place
            }
            Err(_) => {
                if let Err(place) = self.more.binary_search(&cell) {
                    self.more.insert(place, cell);
                }
                return None;
            }
        };
        self.lines.get_mut(place)
    }

    fn end(&mut self, now: u64) {
        let (step, from) = (self.step, self.from);
        for line in &mut self.lines {
            line.close(now, step, from);
            line.flush(step, from);
        }
    }
}

impl Line {
    /// The state that holds ends now.
    fn close(&mut self, now: u64, step: u64, origin: u64) {
        let Some(open) = self.open.take().filter(|open| open.since < now) else { return };
        if now - open.since >= step {
            self.flush(step, origin);
            self.push(open.since, now, open.state, open.function, 1);
            return;
        }
        let number = (open.since - origin) / step;
        if self.merged.is_some_and(|m| m.step != number) {
            self.flush(step, origin);
        }
        let new = Merged { step: number, spent: [0; 3], changes: 0, function: open.function, from: open.since, to: now };
        let merged = self.merged.get_or_insert(new);
        merged.spent[open.state as usize] += now - open.since;
        merged.changes += 1;
        merged.to = now;
    }

    /// What was merged becomes one span.
    fn flush(&mut self, step: u64, origin: u64) {
        let Some(m) = self.merged.take() else { return };
        const STATES: [ContainerState; 3] = [ContainerState::Starting, ContainerState::Busy, ContainerState::Idle];
        let state = STATES.into_iter().max_by_key(|state| m.spent[*state as usize]).unwrap_or(ContainerState::Busy);
        // As wide as a step, so that it can be seen, but not over what follows.
        let to = m.to.max((origin + (m.step + 1) * step).min(m.from + step));
        self.push(m.from, to.max(m.to), state, m.function, m.changes);
    }

    fn push(&mut self, from: u64, to: u64, state: ContainerState, function: u32, merged: u32) {
        let from_s = SimTime(from).as_s();
        if let Some(last) = self.spans.last_mut() {
            last.to_s = last.to_s.min(from_s);
            // Steps of many short changes that follow each other, most of the time in one state, are one span.
            if merged > 1 && last.merged > 1 && last.state == state && last.to_s >= from_s {
                (last.to_s, last.merged) = (SimTime(to).as_s(), last.merged + merged);
                return;
            }
        }
        self.spans.push(Lasting { line: NONE, from_s, to_s: SimTime(to).as_s(), state, function, merged });
    }
}

impl Probe for HostProbe {
    fn container(&mut self, now: SimTime, e: &ContainerEvent) {
        if e.host != self.host || now.0 > self.to {
            return;
        }
        let (step, from) = (self.step, self.from);
        let Some(line) = self.line(e.cell) else { return };
        line.close(now.0, step, from);
        let state = match e.change {
            ContainerChange::Starting | ContainerChange::Prewarming => ContainerState::Starting,
            ContainerChange::Ready | ContainerChange::Busy => ContainerState::Busy,
            ContainerChange::Idle => ContainerState::Idle,
            ContainerChange::Expired | ContainerChange::Evicted | ContainerChange::Killed => return,
        };
        line.open = Some(Open { since: now.0, state, function: e.function });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::Scenario;
    use crate::sim::Library;
    use crate::sim::stage::record;
    use crate::workload::Workload;

    fn start() -> Simulation {
        let scenario = Scenario::from_json(include_str!("../../../scenarios/tight-memory.json")).unwrap();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        Simulation::new(&scenario, workload, &Library::default()).unwrap()
    }

    fn watched(from: f64, to: f64) -> Charts {
        let mut watch = Watch::new(start(), 0, SimTime::from_s(from), SimTime::from_s(to));
        while !watch.step(1_000) {}
        watch.charts()
    }

    #[test]
    fn a_short_part_is_what_the_stage_shows() {
        let charts = watched(10.0, 14.0);
        let window = record(start(), SimTime::from_s(10.0), SimTime::from_s(14.0));
        let machine = start().model().hosts[0].machine;
        let step = 4.0 / 800.0;
        // Those that are long enough to be drawn one by one.
        let long = |seconds: &f64| *seconds > 1.01 * step;
        for state in [ContainerState::Starting, ContainerState::Busy, ContainerState::Idle] {
            let on_stage = window.containers.iter().filter(|c| c.host == machine && c.state == state);
            let lasted = |from: u64, to: u64| to.min(window.to_ns).saturating_sub(from.max(window.from_ns)) as f64 / 1e9;
            let expected: f64 = on_stage.map(|c| lasted(c.from_ns, c.to_ns)).filter(long).sum();
            let here = charts.containers.spans.iter().filter(|s| s.state == state && s.merged == 1);
            let shown: f64 = here.map(|s| s.to_s - s.from_s).filter(long).sum();
            assert!((shown - expected).abs() < 1e-3, "{state:?}: {shown} {expected}");
        }
        assert!(charts.containers.lines > 0 && !charts.containers.host.is_empty());
    }

    #[test]
    fn a_long_part_is_bounded_and_spans_of_a_line_do_not_overlap() {
        let containers = watched(0.0, 1e6).containers;
        assert!(containers.lines as usize <= MOST_LINES);
        assert!(containers.spans.len() <= MOST_LINES * 2 * (FINEST as usize + 1), "{}", containers.spans.len());
        assert!(containers.spans.iter().any(|span| span.merged > 1));
        for pair in containers.spans.windows(2).filter(|pair| pair[0].line == pair[1].line) {
            assert!(pair[0].from_s < pair[0].to_s && pair[0].to_s <= pair[1].from_s + 1e-9, "{pair:?}");
        }
    }
}
