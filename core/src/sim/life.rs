//! The life of one invocation: the states that it went through, found by going through the run again.

use serde::{Deserialize, Serialize};

use super::Simulation;
use crate::engine::NONE;
use crate::platform::{Phase, Probe, TaskEnd};
use crate::units::SimTime;

/// What an invocation went through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Its row in the workload.
    pub invocation: u32,
    /// Its states in order; the last one is how it ended, unless it had not ended when nothing more could happen.
    pub states: Vec<State>,
}

/// A state of an invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// When it came into it, in nanoseconds.
    pub at_ns: u64,
    /// The state, in one word.
    pub word: String,
    /// What it waits for or does there; empty for an end.
    pub meaning: String,
    /// The id of the host, once there is one.
    pub host: Option<String>,
}

/// The word for a phase, and what it means.
pub(super) fn words(phase: Phase) -> (&'static str, &'static str) {
    match phase {
        Phase::Submitted => ("submitted", "on its way from the client"),
        Phase::AtPlacer => ("placing", "in the inbox of a placer, or being decided"),
        Phase::Probing => ("probing", "the placer waits for answers of hosts"),
        Phase::Offloaded => ("offloaded", "on its way to another placer"),
        Phase::Admitted => ("admitted", "waits for its image at the head store"),
        Phase::Schedulable => ("schedulable", "waits until a host has room and its image"),
        Phase::InFlight => ("dispatched", "on its way to a host"),
        Phase::Staging => ("staging", "the host fetches its image"),
        Phase::Queued => ("queued", "waits at the host for cores or memory"),
        Phase::Starting => ("starting", "its container is being created"),
        Phase::Running => ("running", "executes"),
        Phase::Returning => ("returning", "its result is on the way to the client"),
        Phase::Lost => ("lost", "was stopped for a guaranteed task, and goes back to its placer"),
        Phase::Closed => ("refused", "its client pauses, then tries again"),
    }
}

/// What stands in place of [`words`] where a host has taken an invocation out of another's queue.
const STOLEN: (&str, &str) = ("stolen", "on its way to the host that took it over");

/// Notes the states of an invocation.
pub(super) struct Watch {
    invocation: u32,
    /// When, what, and at which host.
    states: Vec<(u64, &'static str, &'static str, u32)>,
    /// Whether it has ended.
    pub(super) ended: bool,
}

impl Watch {
    pub(super) fn new(invocation: u32) -> Watch {
        Watch { invocation, states: Vec::new(), ended: false }
    }

    /// What was noted, with the ids of the hosts.
    pub(super) fn life(self, past: &Simulation) -> Life {
        let model = past.model();
        let id = |host: u32| model.hosts.get(host as usize).map(|h| model.machine_id(h.machine).to_owned());
        let states = self.states.into_iter().map(|(at_ns, word, meaning, host)| State {
            at_ns,
            word: word.replace('_', " "),
            meaning: meaning.to_owned(),
            host: id(host),
        });
        Life { invocation: self.invocation, states: states.collect() }
    }

    fn push(&mut self, now: SimTime, (word, meaning): (&'static str, &'static str), host: u32) {
        self.states.push((now.0, word, meaning, host));
    }
}

impl Probe for Watch {
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        if invocation == self.invocation {
            self.push(now, words(Phase::Submitted), NONE);
        }
    }

    fn phase(&mut self, now: SimTime, invocation: u32, phase: Phase, host: u32) {
        if invocation == self.invocation && !self.ended {
            // Who leaves a queue for another host has been stolen.
            let queued = self.states.last().is_some_and(|state| state.1 == words(Phase::Queued).0);
            let stolen = phase == Phase::InFlight && queued;
            self.push(now, if stolen { STOLEN } else { words(phase) }, host);
        }
    }

    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        if end.invocation == self.invocation {
            // The end of the last attempt is the end of all, and is told by name.
            self.states.pop_if(|(at, word, ..)| *at == now.0 && *word == words(Phase::Closed).0);
            self.push(now, (end.outcome.word(), ""), end.host);
            self.ended = true;
        }
    }
}

/// The life of an invocation, going on from a state of the run before it was submitted until it ends.
pub fn life(mut past: Simulation, invocation: u32) -> Life {
    let mut watch = Watch::new(invocation);
    while !watch.ended && !past.watch(1_000, &mut watch).done {}
    watch.life(&past)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::measure::Recorder;
    use crate::scenario::Scenario;
    use crate::sim::Library;
    use crate::workload::Workload;

    #[test]
    fn a_life_is_the_same_from_any_state_before_it_and_as_long_as_the_response() {
        let scenario = Scenario::from_json(include_str!("../../../scenarios/far-registry.json")).unwrap();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let start = Simulation::new(&scenario, workload, &Library::default()).unwrap();
        let mut run = start.clone();
        run.run(&mut recorder);
        let first = life(start.clone(), 0);
        let words: Vec<&str> = first.states.iter().map(|s| s.word.as_str()).collect();
        let whole = ["submitted", "placing", "admitted", "schedulable", "dispatched", "starting", "running", "returning"];
        assert_eq!(words, [&whole[..], &["completed"]].concat());
        assert!(first.states.windows(2).all(|s| s[0].at_ns <= s[1].at_ns));
        for invocation in [0, 500] {
            let all = life(start.clone(), invocation).states;
            let (begin, end) = (all[0].at_ns, all[all.len() - 1].at_ns);
            assert_eq!(end - begin, recorder.row(invocation).response_ns);
            let mut later = start.clone();
            while !later.step_to(SimTime(begin), 1_000, &mut ()) {}
            assert_eq!(life(later, invocation).states, all);
        }
    }

    #[test]
    fn an_attempt_that_was_refused_is_followed_by_the_next() {
        let scenario = Scenario::from_json(include_str!("../../../scenarios/retry-storm.json")).unwrap();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let start = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        start.clone().run(&mut recorder);
        let again = (0..workload.len() as u32).find(|&i| recorder.row(i).attempts > 1).unwrap();
        let states = life(start, again).states;
        let refused = states.iter().filter(|s| s.word == "refused").count();
        assert!(refused >= 1 && refused < states.len() - 1, "{states:?}");
        assert_ne!(states[states.len() - 1].word, "refused");
        assert_eq!(states[states.len() - 1].at_ns - states[0].at_ns, recorder.row(again).response_ns);
    }
}
