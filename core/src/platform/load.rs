//! The damped load average of a node, as Unix computes it.
//!
//! Every 5 s load += (n - load) (1 - exp(-5/60)), where n is how many executions run or wait for a processor. While n stays
//! the same, k such steps are load = n + (load - n) exp(-5k/60), so nothing has to happen at the steps themselves.
//! Source: the one-minute load average of Linux, `CALC_LOAD`, here without its fixed point.

use crate::units::{SimDuration, SimTime};

/// How often the average is stepped.
pub(super) const STEP: SimDuration = SimDuration(5_000_000_000);
/// Over how long it is damped, in steps.
const STEPS_PER_MINUTE: f64 = 12.0;

/// The one-minute load average of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadAverage {
    /// The average after the last step before the last change.
    value: f64,
    /// How many steps there have been until then.
    steps: u64,
    /// How many executions run or wait since then.
    active: u32,
}

impl LoadAverage {
    /// The average now. Asking changes nothing, however often.
    pub fn at(&self, now: SimTime) -> f64 {
        match (now.0 / STEP.0).saturating_sub(self.steps) {
            0 => self.value,
            passed => {
                let active = f64::from(self.active);
                active + (self.value - active) * libm::exp(-(passed as f64) / STEPS_PER_MINUTE)
            }
        }
    }

    /// The average of a node on which so many executions have run or waited for long.
    pub fn steady(now: SimTime, active: u32) -> LoadAverage {
        LoadAverage { value: f64::from(active), steps: now.0 / STEP.0, active }
    }

    /// One more execution runs or waits from now on, or one less.
    pub fn change(&mut self, now: SimTime, more: bool) {
        let active = if more { self.active.saturating_add(1) } else { self.active.saturating_sub(1) };
        self.set(now, active);
    }

    /// From now on so many executions run or wait.
    pub fn set(&mut self, now: SimTime, active: u32) {
        *self = LoadAverage { value: self.at(now), steps: self.steps.max(now.0 / STEP.0), active };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_steps_at_once_are_the_same_as_one_by_one() {
        let kept = 1.0 - (1.0 - libm::exp(-5.0 / 60.0));
        let (mut average, mut one_by_one) = (LoadAverage::default(), 0.0);
        for (at, active) in [(1.0, 4), (33.0, 0), (34.0, 7), (121.0, 2)] {
            average.set(SimTime::from_s(at), active);
        }
        for step in 1..=60u32 {
            let s = f64::from(step) * 5.0;
            let active = if s < 33.0 {
                4.0
            } else if s < 121.0 {
                7.0
            } else {
                2.0
            };
            one_by_one = active + (one_by_one - active) * kept;
        }
        assert!((average.at(SimTime::from_s(300.0)) - one_by_one).abs() < 1e-12);
    }

    #[test]
    fn it_takes_the_better_part_of_a_minute_to_pass_two_under_four() {
        let mut average = LoadAverage::default();
        average.set(SimTime::ZERO, 4);
        assert_eq!(average.at(SimTime::from_s(4.9)), 0.0, "no step yet");
        assert!(average.at(SimTime::from_s(40.0)) <= 2.0 && average.at(SimTime::from_s(45.0)) > 2.0);
        let steady = average.at(SimTime::from_s(3600.0));
        assert!((steady - 4.0).abs() < 1e-9);
    }

    #[test]
    fn asking_often_leaves_the_average_alone() {
        let mut asked = LoadAverage::default();
        asked.set(SimTime::from_s(2.0), 3);
        let untouched = asked;
        for s in 0..100 {
            asked.at(SimTime::from_s(f64::from(s)));
        }
        assert_eq!(asked, untouched);
    }
}
