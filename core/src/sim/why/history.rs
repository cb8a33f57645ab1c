//! What became of a function's containers, host by host.

use std::collections::BTreeMap;

use crate::engine::NONE;
use crate::platform::{ContainerChange, ContainerEvent, Probe};
use crate::sim::Simulation;
use crate::units::SimTime;

/// A container that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) at: SimTime,
    /// Since when it had been idle.
    pub(super) idle_since: SimTime,
    /// Expired, evicted or killed.
    pub(super) change: ContainerChange,
    /// The invocation that needed its room, or [`NONE`].
    pub(super) made_room_for: u32,
}

/// The containers of one function while a run goes on: which are idle, and the last on each host that was removed.
#[derive(Clone, Debug)]
pub(super) struct History {
    function: u32,
    idle: BTreeMap<(u32, u32), SimTime>,
    gone: BTreeMap<u32, Gone>,
    /// Who looks for room on which host.
    seeker: Option<(u32, u32)>,
}

impl History {
    /// From a state of a run on.
    pub(super) fn new(past: &Simulation, function: u32) -> History {
        let own = past.world().containers.iter().filter(|(_, c)| c.function == function && c.active == 0 && !c.starting);
        let idle = own.map(|(_, c)| ((c.host, c.cell), c.since)).collect();
        History { function, idle, gone: BTreeMap::new(), seeker: None }
    }

    /// The last container that was removed from a host.
    pub(super) fn gone_from(&self, host: u32) -> Option<Gone> {
        self.gone.get(&host).copied()
    }

    /// Who looks for room on a host at this instant, or [`NONE`].
    pub(super) fn seeker_on(&self, host: u32) -> u32 {
        self.seeker.filter(|s| s.0 == host).map_or(NONE, |s| s.1)
    }

    /// An event has been handled.
    pub(super) fn event_is_over(&mut self) {
        self.seeker = None;
    }
}

impl Probe for History {
    fn container(&mut self, now: SimTime, event: &ContainerEvent) {
        if event.function != self.function {
            return;
        }
        let place = (event.host, event.cell);
        match event.change {
            ContainerChange::Idle => {
                self.idle.insert(place, now);
            }
            ContainerChange::Expired | ContainerChange::Evicted | ContainerChange::Killed => {
                let idle_since = self.idle.remove(&place).unwrap_or(now);
                let made_room_for = if event.change == ContainerChange::Expired { NONE } else { self.seeker_on(event.host) };
                self.gone.insert(event.host, Gone { at: now, idle_since, change: event.change, made_room_for });
            }
            _ => {
                self.idle.remove(&place);
            }
        }
    }

    fn seeks(&mut self, _: SimTime, host: u32, invocation: u32) {
        self.seeker = Some((host, invocation));
    }
}

/// The last container of a function that was removed from a host before an event of a run, by going through the run again from
/// one state after the other, the latest first, back to the one before which there can have been none.
pub(super) fn last_gone(checkpoints: &[Simulation], function: u32, host: u32, from: SimTime, event: u64) -> Option<Gone> {
    let mut before = event;
    for past in checkpoints.iter().rev().skip_while(|c| c.world().counters.events >= event) {
        let mut history = History::new(past, function);
        let mut past_now = past.clone();
        while past_now.world().counters.events < before {
            past_now.watch(1, &mut history);
            history.event_is_over();
        }
        if let Some(gone) = history.gone_from(host) {
            return Some(gone);
        }
        if past.world().now < from {
            return None;
        }
        before = past.world().counters.events;
    }
    None
}
