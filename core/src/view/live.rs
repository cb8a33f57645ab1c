//! What each worker holds and each placer has to do at an instant, in words: for those who read the stage rather than see it.

use std::collections::BTreeMap;

use super::hosts::memory_text;
use super::moving::{Playback, Tally};
use crate::units::thousands;

/// What each node of a run holds at an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    nodes: BTreeMap<String, Vec<Load>>,
    /// Per node, the messages in the inboxes of its placers and those that are being decided.
    placers: BTreeMap<String, [usize; 2]>,
}

/// What a machine holds, and what it has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Load {
    tally: Tally,
    slots: u64,
    memory_mb: f64,
}

impl Playback {
    /// What each node holds at an instant.
    pub fn live(&self, t_ns: u64) -> Live {
        let tallies = self.tallies(t_ns);
        let load = |i: usize| {
            let machine = &self.facts.machines[i];
            Load { tally: tallies[i], slots: u64::from(machine.slots), memory_mb: machine.memory_mb }
        };
        let mut placers: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        for span in self.placers.at(t_ns) {
            if let Some(machine) = self.facts.machines.get(span.machine as usize) {
                placers.entry(self.facts.nodes[machine.node as usize].clone()).or_default()[usize::from(span.deciding)] += 1;
            }
        }
        let nodes = self.facts.nodes.iter().enumerate();
        Live { nodes: nodes.map(|(i, id)| (id.clone(), self.facts.range(i).map(load).collect())).collect(), placers }
    }
}

impl Live {
    /// What the placers on a node have to do; nothing if that is nothing.
    pub fn work(&self, node: &str) -> Option<String> {
        let [waiting, decided] = *self.placers.get(node)?;
        let count = |n: usize| thousands(n as u64);
        let inbox = (waiting > 0).then(|| format!("{} in the inbox", count(waiting)));
        let decisions = match decided {
            0 => None,
            1 => Some("deciding".to_owned()),
            n => Some(format!("{} deciding", count(n))),
        };
        Some(inbox.into_iter().chain(decisions).collect::<Vec<_>>().join(", "))
    }

    /// What a worker or block, or one of its machines, holds; nothing if the run does not have it.
    pub fn words(&self, node: &str, machine: Option<u32>) -> Option<String> {
        let machines = self.nodes.get(node)?;
        let load = match machine {
            Some(number) => *machines.get(number as usize)?,
            None => machines.iter().fold(Load::default(), |all, one| Load {
                tally: all.tally.plus(&one.tally),
                slots: all.slots + one.slots,
                memory_mb: all.memory_mb + one.memory_mb,
            }),
        };
        let Load { tally, slots, memory_mb } = load;
        let count = |n: u32| thousands(u64::from(n));
        let mut parts = vec![format!("{} of {} in use", count(tally.active), thousands(slots))];
        for (n, what) in [(tally.starting, "starting"), (tally.queued, "waiting"), (tally.idle, "kept warm")] {
            if n > 0 {
                parts.push(format!("{} {what}", count(n)));
            }
        }
        parts.push(memory_text(tally.memory_mb(), memory_mb));
        Some(parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::Facts;
    use super::super::layout::tests::{node, scenario};
    use super::super::moving::tests::container;
    use super::*;
    use crate::scenario::Role;
    use crate::sim::stage::{ContainerState, PlacerSpan, QueueSpan, StageWindow};

    #[test]
    fn blocks_and_machines_say_what_they_hold() {
        let mut pool = node("pool", "z", Role::Worker, 0.0, 0.0);
        pool.count = 3;
        let s = scenario(&["z"], vec![pool], vec![]);
        let mut idle = container(0, 9, 0, ContainerState::Idle, 9);
        idle.host = 2;
        let containers =
            vec![container(0, 9, 0, ContainerState::Busy, u64::MAX), container(0, 9, 1, ContainerState::Starting, 9), idle];
        let queued = vec![QueueSpan { from_ns: 0, to_ns: 9, host: 2, invocation: 0, function: 0 }];
        let live = Playback::new(StageWindow { containers, queued, ..Default::default() }, Facts::of(&s)).live(5);
        let words = |machine| live.words("pool", machine).unwrap_or_default();
        assert_eq!(words(None), "2 of 12 in use, 1 starting, 1 waiting, 1 kept warm, 3 / 12 GB");
        assert_eq!(words(Some(0)), "2 of 4 in use, 1 starting, 2 / 4 GB");
        assert_eq!(words(Some(2)), "0 of 4 in use, 1 waiting, 1 kept warm, 1 / 4 GB");
        assert_eq!((live.words("pool", Some(3)), live.words("other", None)), (None, None));
    }

    #[test]
    fn placers_say_what_waits_and_whether_they_decide() {
        let s = scenario(&["z"], vec![node("cloud", "z", Role::CloudController, 0.0, 0.0)], vec![]);
        let span = |from_ns, deciding| PlacerSpan { from_ns, to_ns: 9, machine: 0, deciding };
        let placers = vec![span(0, true), span(1, false), span(2, false), span(6, false)];
        let playback = Playback::new(StageWindow { placers, ..Default::default() }, Facts::of(&s));
        let work = |t| playback.live(t).work("cloud").unwrap_or_default();
        assert_eq!([work(0), work(5), work(8), work(9)], ["deciding", "2 in the inbox, deciding", "3 in the inbox, deciding", ""]);
    }
}
