//! The journey of one invocation: what it went through and where it was, found by going through the run again.

use serde::{Deserialize, Serialize};

use super::Simulation;
use super::life::{Life, Watch};
use super::stage::{Flight, FlightKind};
use crate::engine::NONE;
use crate::platform::{Message, MessageKind, Phase, Probe};
use crate::units::SimTime;

/// Where an invocation was, and in which state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// Its states.
    pub life: Life,
    /// The id of its function.
    pub function: String,
    /// The messages that carried it, in order.
    pub flights: Vec<Flight>,
    /// The machines that it was on, each with the instant in nanoseconds from which on, in order.
    pub stays: Vec<(u64, u32)>,
}

impl Journey {
    /// When it was submitted and when it ended, in nanoseconds.
    pub fn range_ns(&self) -> Option<(u64, u64)> {
        let states = &self.life.states;
        states.first().zip(states.last()).map(|(first, last)| (first.at_ns, last.at_ns))
    }

    /// The index of its state at an instant; nothing before it was submitted.
    pub fn state(&self, t_ns: u64) -> Option<usize> {
        self.life.states.partition_point(|s| s.at_ns <= t_ns).checked_sub(1)
    }
}

struct Follow {
    invocation: u32,
    watch: Watch,
    flights: Vec<Flight>,
    /// When, and at which host.
    stays: Vec<(u64, u32)>,
}

impl Probe for Follow {
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        self.watch.arrived(now, invocation);
    }

    fn phase(&mut self, now: SimTime, invocation: u32, phase: Phase, host: u32) {
        self.watch.phase(now, invocation, phase, host);
        // While it is on its way, its messages say where it is; at its end it is where the last one came.
        let travels = matches!(phase, Phase::Submitted | Phase::Offloaded | Phase::InFlight | Phase::Returning | Phase::Closed);
        if invocation == self.invocation && host != NONE && !travels {
            self.stays.push((now.0, host));
        }
    }

    fn sent(&mut self, m: &Message) {
        let kind = match m.kind {
            MessageKind::Submit | MessageKind::Assign => FlightKind::Invocation,
            MessageKind::Offload | MessageKind::Stolen => FlightKind::Offload,
            MessageKind::Result => FlightKind::Result,
            _ => return,
        };
        if m.invocation == self.invocation {
            let Message { from, to, invocation, function, .. } = *m;
            self.flights.push(Flight { from_ns: m.sent.0, to_ns: m.arrives.0, from, to, kind, invocation, function });
        }
    }

    fn ended(&mut self, now: SimTime, end: &crate::platform::TaskEnd<'_>) {
        self.watch.ended(now, end);
    }
}

/// The journey of an invocation, going on from a state of the run before it was submitted until it ends.
pub fn follow(mut past: Simulation, invocation: u32) -> Journey {
    let mut follow = Follow { invocation, watch: Watch::new(invocation), flights: Vec::new(), stays: Vec::new() };
    let exists = (invocation as usize) < past.workload().len();
    while exists && !follow.watch.ended && !past.watch(1_000, &mut follow).done {}
    let workload = past.workload();
    let function = workload.function.get(invocation as usize).map_or(String::new(), |f| workload.functions[*f as usize].id.clone());
    let hosts = &past.model().hosts;
    let stays = follow.stays.iter().map(|(at, host)| (*at, hosts[*host as usize].machine)).collect();
    Journey { life: follow.watch.life(&past), function, flights: follow.flights, stays }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::Scenario;
    use crate::sim::Library;
    use crate::sim::life::life;
    use crate::workload::Workload;

    #[test]
    fn a_journey_goes_from_the_client_to_a_host_and_back_and_has_the_states_of_the_life() {
        let scenario = Scenario::from_json(include_str!("../../../scenarios/three-edges.json")).unwrap();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let start = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        let journey = follow(start.clone(), 3);
        assert_eq!(journey.life, life(start, 3));
        let (first, last) = (journey.flights[0], journey.flights[journey.flights.len() - 1]);
        assert_eq!(first.from, last.to, "it comes back to the client");
        assert_eq!(last.kind, FlightKind::Result);
        assert!(journey.flights.windows(2).all(|f| f[0].to_ns <= f[1].from_ns && f[0].to == f[1].from), "{:?}", journey.flights);
        assert_eq!(journey.range_ns(), Some((first.from_ns, last.to_ns)));
        assert!(journey.stays.iter().all(|(at, machine)| *at <= last.from_ns && *machine == last.from));
        assert_eq!(journey.state(first.from_ns), Some(0));
        assert!(first.from_ns == 0 || journey.state(first.from_ns - 1).is_none());
    }
}
