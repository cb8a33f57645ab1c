//! Estimates: what is known of an execution time before the execution ends. Queue orders go by them; nothing that happens does.
//!
//! An estimate is of the execution alone, warm, on a core of speed 1.

mod exact;
mod history;
mod profile;

use crate::registry::{Args, Choice, Entry};
use crate::workload::Workload;

/// A source of estimates.
pub trait Estimate {
    /// The estimate of the execution time of a row, in nanoseconds.
    fn of(&self, row: u32, workload: &Workload) -> u64;
    /// An execution of a function has ended that took so many nanoseconds, as it would have on a core of speed 1.
    fn ended(&mut self, _function: u32, _took_ns: u64) {}
}

macro_rules! registry {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// Every source of estimates.
        pub const REGISTRY: &[&Entry] = &[$(&$module::ENTRY),*];

        /// A source of estimates.
        #[derive(Clone)]
        #[allow(missing_docs, private_interfaces)] // the variants are for this module; matching on them is not offered
        pub enum Estimates { $($name($module::$name)),* }

        impl Estimates {
            /// The source that a choice names, for a workload. `seed` is the run's.
            pub fn new(choice: &Choice, workload: &Workload, seed: u64) -> Estimates {
                $(if choice.kind == $module::ENTRY.kind {
                    let args = Args::new(choice, &$module::ENTRY);
                    return Estimates::$name($module::$name::new(args, workload, seed));
                })*
                Estimates::new(&Choice::of(REGISTRY[0].kind), workload, seed)
            }
        }

        impl Estimate for Estimates {
            fn of(&self, row: u32, workload: &Workload) -> u64 {
                match self { $(Estimates::$name(e) => e.of(row, workload)),* }
            }
            fn ended(&mut self, function: u32, took_ns: u64) {
                match self { $(Estimates::$name(e) => e.ended(function, took_ns)),* }
            }
        }
    };
}

registry!(profile::Profile, exact::Exact, history::History);

impl std::fmt::Debug for Estimates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Estimates")
    }
}

/// Executions of a function and the time that they took together.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    count: u64,
    sum_ns: u128,
}

impl Mean {
    fn add(&mut self, took_ns: u64) {
        self.count += 1;
        self.sum_ns += u128::from(took_ns);
    }

    /// The mean, rounded to the next nanosecond; 0 of none.
    fn ns(self) -> u64 {
        let count = u128::from(self.count.max(1));
        // A mean of 64-bit numbers is one.
        ((self.sum_ns + count / 2) / count) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Executions of 10 and 20 ns of one function, and of 7 ns of another.
    fn workload() -> Workload {
        Workload { arrival_ns: vec![0, 1, 2], function: vec![0, 1, 0], execution_ns: vec![10, 7, 20], ..Workload::default() }
    }

    fn estimates(choice: Choice) -> Estimates {
        Estimates::new(&choice, &workload(), 1)
    }

    #[test]
    fn a_profile_is_the_mean_of_the_function_from_the_start() {
        let mut profile = estimates(Choice::of("profile"));
        assert_eq!([0, 1, 2].map(|row| profile.of(row, &workload())), [15, 7, 15]);
        profile.ended(0, 1_000);
        assert_eq!(profile.of(0, &workload()), 15);
    }

    #[test]
    fn an_exact_estimate_is_the_execution_itself() {
        let exact = estimates(Choice::of("exact"));
        assert_eq!([0, 1, 2].map(|row| exact.of(row, &workload())), [10, 7, 20]);
    }

    #[test]
    fn the_history_is_the_mean_of_what_has_ended() {
        let mut history = estimates(Choice::of("history"));
        assert_eq!(history.of(0, &workload()), 0, "nothing is known yet");
        history.ended(0, 10);
        history.ended(0, 31);
        assert_eq!([0, 1, 2].map(|row| history.of(row, &workload())), [21, 0, 21]);
        history.ended(7, 5);
        assert_eq!(history.of(1, &workload()), 0, "what nobody asks for is no matter");
    }

    #[test]
    fn an_error_is_drawn_evenly_on_both_sides_and_stays_with_its_invocation() {
        let rows = 10_000;
        let even = Workload {
            arrival_ns: vec![0; rows],
            function: vec![0; rows],
            execution_ns: vec![1_000_000; rows],
            ..Workload::default()
        };
        let of = |seed: u64| Estimates::new(&Choice::of("exact").with("error", 0.5), &even, seed);
        let all: Vec<u64> = (0..rows as u32).map(|row| of(1).of(row, &even)).collect();
        let again: Vec<u64> = (0..rows as u32).rev().map(|row| of(1).of(row, &even)).rev().collect();
        assert_eq!(all, again, "whenever it is asked for");
        assert_ne!(all[0], of(2).of(0, &even));
        assert!(all.iter().all(|&ns| (500_000..=1_500_000).contains(&ns)));
        for (from, to) in [(500_000, 750_000), (750_000, 1_000_000), (1_000_000, 1_250_000), (1_250_000, 1_500_000)] {
            let within = all.iter().filter(|&&ns| (from..to).contains(&ns)).count();
            assert!((2_350..2_650).contains(&within), "{within} from {from} to {to}");
        }
    }
}
