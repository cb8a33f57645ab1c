//! Processor sharing: how executions progress on a host whose cores they share.
//!
//! Each execution asks for its function's cores. While together they ask for no more than there are, each runs at full speed;
//! beyond that all slow down alike, to cores / demand. So one clock of work per host is enough: it advances at that rate, and
//! an execution of w nanoseconds ends when the clock has advanced by w since it began. The clock counts 2^-32 nanoseconds in
//! whole numbers, so that a run is the same everywhere.
//!
//! Source: egalitarian processor sharing (Kleinrock, 1967), bounded by one core's speed per core asked for; the `contended`
//! model of DSLab FaaS.

use std::collections::BTreeMap;

use crate::units::{SimDuration, SimTime};

const FRACTION: u32 = 32;
/// What roundings may lose until an execution ends, a 4096th of a nanosecond: whoever comes so near has come to the end.
const NEAR: u128 = 1 << 20;

/// The executions on a host that share its cores.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedCpu {
    /// The clock of work, and the instant up to which it has been advanced.
    work: u128,
    at: SimTime,
    /// Thousandths of cores asked for.
    demand: u64,
    /// Executions by the work at which they end, then by the order in which they began: (attempt, thousandths of cores).
    running: BTreeMap<(u128, u64), (u32, u32)>,
    begun: u64,
    /// The instant of the timer that counts.
    pub(super) armed: Option<SimTime>,
}

impl SharedCpu {
    /// Brings the clock of work up to now.
    fn settle(&mut self, now: SimTime, millicores: u32) {
        let passed = u128::from(now.since(self.at).0) << FRACTION;
        let cores = u128::from(millicores);
        let demand = u128::from(self.demand);
        // Less than 2^-32 ns of work is lost to each rounding, and nothing while there are cores enough.
        self.work += if demand <= cores { passed } else { (passed / demand) * cores + (passed % demand) * cores / demand };
        self.at = now;
    }

    /// An execution of so much work begins.
    pub(super) fn begin(&mut self, now: SimTime, millicores: u32, attempt: u32, asks: u32, work: SimDuration) {
        self.settle(now, millicores);
        self.begun += 1;
        self.demand += u64::from(asks);
        self.running.insert((self.work + (u128::from(work.0) << FRACTION), self.begun), (attempt, asks));
    }

    /// Takes the execution that has come to its end by now, if there is one: of several, the one that began first.
    pub(super) fn ended(&mut self, now: SimTime, millicores: u32) -> Option<u32> {
        self.settle(now, millicores);
        let first = self.running.first_entry().filter(|e| e.key().0 <= self.work + NEAR)?;
        let (attempt, asks) = first.remove();
        self.demand -= u64::from(asks);
        Some(attempt)
    }

    /// Takes an execution away before its end. Answers whether it was there.
    pub(super) fn stop(&mut self, now: SimTime, millicores: u32, attempt: u32) -> bool {
        self.settle(now, millicores);
        let Some(key) = self.running.iter().find(|(_, r)| r.0 == attempt).map(|(key, _)| *key) else { return false };
        if let Some((_, asks)) = self.running.remove(&key) {
            self.demand -= u64::from(asks);
        }
        true
    }

    /// When the next execution ends if nothing changes until then.
    pub(super) fn next_end(&self, millicores: u32) -> Option<SimTime> {
        let (&(end, _), _) = self.running.first_key_value()?;
        let left = end.saturating_sub(self.work + NEAR / 2);
        let (cores, demand) = (u128::from(millicores), u128::from(self.demand));
        let time = if demand <= cores { left } else { (left / cores) * demand + ((left % cores) * demand).div_ceil(cores) };
        let ns = u64::try_from((time + (1 << FRACTION) - 1) >> FRACTION).unwrap_or(u64::MAX);
        Some(self.at + SimDuration(ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_slow_down_only_when_they_ask_for_more_than_there_is() {
        let mut cpu = SharedCpu::default();
        // Two cores; three executions of 90 ns that ask for one each: the rate is 2/3.
        cpu.begin(SimTime(0), 2000, 1, 1000, SimDuration(90));
        cpu.begin(SimTime(0), 2000, 2, 1000, SimDuration(90));
        assert_eq!(cpu.next_end(2000), Some(SimTime(90)));
        cpu.begin(SimTime(30), 2000, 3, 1000, SimDuration(90));
        assert_eq!(cpu.next_end(2000), Some(SimTime(120)), "60 ns are left, at 2/3");
        assert_eq!(cpu.ended(SimTime(119), 2000), None);
        assert_eq!(cpu.ended(SimTime(120), 2000), Some(1), "the one that began first");
        assert_eq!(cpu.ended(SimTime(120), 2000), Some(2));
        assert_eq!(cpu.ended(SimTime(120), 2000), None);
        assert_eq!(cpu.next_end(2000), Some(SimTime(150)), "30 ns are left, at full speed");
    }

    #[test]
    fn rounding_never_ends_an_execution_early() {
        let mut cpu = SharedCpu::default();
        for attempt in 0..3 {
            cpu.begin(SimTime(0), 1000, attempt, 1000, SimDuration(1));
        }
        let end = cpu.next_end(1000).map_or(0, |t| t.0);
        assert_eq!(end, 3);
        assert_eq!(cpu.ended(SimTime(2), 1000), None);
        assert!((0..3).all(|attempt| cpu.ended(SimTime(3), 1000) == Some(attempt)));
    }
}
