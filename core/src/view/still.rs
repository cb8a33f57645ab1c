//! A picture of a scenario in mid-run: what the gallery shows.

use std::borrow::Cow;
use std::sync::Arc;

use super::display::{Ink, Item, Point};
use super::facts::Facts;
use super::layout::Layout;
use super::moving::{FrameOptions, Playback};
use super::svg::{Theme, svg};
use super::{auto_place, statics};
use crate::scenario::Scenario;
use crate::sim::stage::{ContainerState, StageProbe, StageWindow};
use crate::sim::{Library, Simulation};
use crate::units::SimTime;
use crate::workload::Workload;

/// The most events up to the picture: nobody waits for it.
const MOST_EVENTS: u64 = 60_000;
/// Events between two looks at how many there were.
const BATCH: u64 = 5_000;
/// How much is recorded before the instant, in seconds: messages that are under way have set out in it.
const LEAD_S: f64 = 0.1;
/// The events from there on among which the picture is chosen.
const LOOK: u64 = 3_000;
/// The most instants that are compared.
const MOST_INSTANTS: usize = 200;

impl Theme {
    /// Colours that the style sheet of the page around the picture says, by the words of the inks.
    pub fn of_page() -> Theme {
        Theme { colours: Ink::ALL.map(|ink| Cow::Owned(format!("var(--{})", ink.word()))), least_stroke: 0.0 }
    }
}

/// The stage of a scenario at an instant of its run, in seconds, or soon after it where more goes on, as SVG of a size in pixels;
/// nothing if it cannot run, for example without its trace. Where the instant is many events away, it is shown as far as those go.
pub fn still(scenario: &Scenario, at_s: f64, size: Point, theme: &Theme) -> Option<String> {
    let mut scenario = scenario.clone();
    auto_place(&mut scenario);
    let workload = Arc::new(Workload::new(&scenario, None).ok()?);
    let mut run = Simulation::new(&scenario, workload, &Library::default()).ok()?;
    let from = SimTime(((at_s - LEAD_S).max(0.0) * 1e9) as u64);
    let mut events = 0;
    while events < MOST_EVENTS && !run.watch_to(from, BATCH, &mut ()) {
        events += BATCH;
    }
    let from = from.min(run.world().now);
    let at = SimTime(from.0 + (LEAD_S * 1e9) as u64);
    let mut probe = StageProbe::new(&run, from);
    while !run.watch_to(at, BATCH, &mut probe) && !probe.is_full() {}
    run.watch(LOOK, &mut probe);
    let now = run.world().now;
    let window = probe.finish(&run, now, run.progress().done);
    let at_ns = liveliest(&window, at.0.min(now.0.saturating_sub(1)));
    let layout = Layout::of(&scenario);
    let viewport = layout.fit(size.0, size.1);
    let mut items = statics::topology(&scenario, &layout, &viewport);
    let options = FrameOptions { size, ..FrameOptions::default() };
    Playback::new(window, Facts::of(&scenario)).frame(at_ns, &layout, &viewport, &options, &mut items);
    // A name that is cut says nothing where so many small pictures are looked at together.
    items.retain(|item| !matches!(item, Item::Text { text, .. } if text.ends_with('…')));
    Some(svg(&items, size.0, size.1, theme))
}

/// The first instant of a window, not before `from_ns`, at which the most goes on, the rarer the better: what the picture shall show.
fn liveliest(window: &StageWindow, from_ns: u64) -> u64 {
    let w = window;
    let starting = || w.containers.iter().filter(|c| c.state == ContainerState::Starting).map(|c| (c.from_ns, c.to_ns));
    let busy = || w.containers.iter().filter(|c| c.state == ContainerState::Busy).map(|c| (c.from_ns, c.to_ns));
    let queued = || w.queued.iter().map(|q| (q.from_ns, q.to_ns));
    let fetched = || w.images.iter().filter(|i| i.share[0] < i.share[1]).map(|i| (i.from_ns, i.to_ns));
    let sent = || w.flights.iter().map(|f| (f.from_ns, f.to_ns));
    let worth = |t: u64| {
        let on = |(from, to): (u64, u64)| from <= t && t < to;
        let kinds =
            [(starting().any(on), 3), (fetched().any(on), 3), (queued().any(on), 2), (busy().any(on), 1), (sent().any(on), 1)];
        kinds.into_iter().map(|(on, worth)| if on { worth } else { 0 }).sum::<u32>()
    };
    // The middle of each, where it is neither as good as begun nor as good as ended.
    let middle = |(from, to): (u64, u64)| from + (to.min(w.to_ns).saturating_sub(from)) / 2;
    let mut instants: Vec<u64> = starting().chain(fetched()).chain(queued()).chain(busy()).chain(sent()).map(middle).collect();
    instants.retain(|t| (from_ns..w.to_ns).contains(t));
    instants.truncate(MOST_INSTANTS);
    instants.push(from_ns);
    instants.sort_unstable();
    instants.into_iter().rev().max_by_key(|t| worth(*t)).unwrap_or(from_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_edges() -> Scenario {
        let text = include_str!("../../../scenarios/three-edges.json");
        Scenario::from_json(text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn a_still_shows_what_goes_on_and_the_same_each_time() {
        let scenario = three_edges();
        let at = |at_s: f64| still(&scenario, at_s, (288.0, 176.0), &Theme::of_page()).unwrap_or_default();
        let (start, later) = (at(0.0), at(19.1));
        assert!(later.starts_with("<svg") && later.contains("var(--running)") && later.contains("var(--cold)"), "{later}");
        assert!(start.contains("var(--cold)") && start != later, "{start}");
        assert_eq!(later, at(19.1));
        // Far beyond the events that it may take, and beyond the end of the run.
        assert!(at(250.0).contains("var(--running)") && at(1e6).starts_with("<svg"));
    }

    #[test]
    fn a_still_is_of_an_instant_at_which_something_happens() {
        let text = include_str!("../../../scenarios/cold-start.json");
        let scenario = Scenario::from_json(text).unwrap_or_else(|e| panic!("{e}"));
        let picture = still(&scenario, 0.1 * scenario.run.duration_s.unwrap_or_default(), (288.0, 176.0), &Theme::of_page());
        assert!(picture.is_some_and(|svg| svg.contains("var(--cold)")), "a container is starting");
    }

    #[test]
    fn without_its_trace_there_is_no_still() {
        let mut scenario = three_edges();
        scenario.workload.trace = Some(crate::scenario::TraceRef { format: "azure_2021".into(), files: vec![] });
        assert_eq!(still(&scenario, 1.0, (100.0, 100.0), &Theme::LIGHT), None);
    }
}
