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
use crate::sim::stage::record;
use crate::sim::{Library, Simulation};
use crate::units::SimTime;
use crate::workload::Workload;

/// The most events up to the picture: nobody waits for it.
const MOST_EVENTS: u64 = 60_000;
/// Events between two looks at how many there were.
const BATCH: u64 = 5_000;
/// How much is recorded before the instant, in seconds: messages that are under way have set out in it.
const LEAD_S: f64 = 0.1;

impl Theme {
    /// Colours that the style sheet of the page around the picture says, by the words of the inks.
    pub fn of_page() -> Theme {
        Theme { colours: Ink::ALL.map(|ink| Cow::Owned(format!("var(--{})", ink.word()))), least_stroke: 0.0 }
    }
}

/// The stage of a scenario at an instant of its run, in seconds, as SVG of a size in pixels; nothing if it cannot run, for
/// example without its trace. Where the instant is many events away, it is shown as far as those go.
pub fn still(scenario: &Scenario, at_s: f64, size: Point, theme: &Theme) -> Option<String> {
    let mut scenario = scenario.clone();
    auto_place(&mut scenario);
    let workload = Arc::new(Workload::new(&scenario, None).ok()?);
    let mut run = Simulation::new(&scenario, workload, &Library::default()).ok()?;
    let from = SimTime(((at_s - LEAD_S).max(0.0) * 1e9) as u64);
    let mut events = 0;
    while events < MOST_EVENTS && !run.step_to(from, BATCH, &mut ()) {
        events += BATCH;
    }
    let from = from.min(run.world().now);
    let at_ns = from.0 + (LEAD_S * 1e9) as u64;
    let window = record(run, from, SimTime(at_ns + 1));
    let at_ns = at_ns.min(window.to_ns.saturating_sub(1));
    let layout = Layout::of(&scenario);
    let viewport = layout.fit(size.0, size.1);
    let mut items = statics::topology(&scenario, &layout, &viewport);
    let options = FrameOptions { size, ..FrameOptions::default() };
    Playback::new(window, Facts::of(&scenario)).frame(at_ns, &layout, &viewport, &options, &mut items);
    // A name that is cut says nothing where so many small pictures are looked at together.
    items.retain(|item| !matches!(item, Item::Text { text, .. } if text.ends_with('…')));
    Some(svg(&items, size.0, size.1, theme))
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
        assert!(later.starts_with("<svg") && later.contains("var(--running)") && !start.contains("var(--running)"), "{later}");
        assert_eq!(later, at(19.1));
        // Far beyond the events that it may take, and beyond the end of the run.
        assert!(at(250.0).contains("var(--running)") && at(1e6).starts_with("<svg"));
    }

    #[test]
    fn without_its_trace_there_is_no_still() {
        let mut scenario = three_edges();
        scenario.workload.trace = Some(crate::scenario::TraceRef { format: "azure_2021".into(), files: vec![] });
        assert_eq!(still(&scenario, 1.0, (100.0, 100.0), &Theme::LIGHT), None);
    }
}
