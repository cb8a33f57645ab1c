//! Simulated time and how people write it.
//!
//! Time is a whole number of nanoseconds since the start of the run. A value that comes from a file or a field is rounded
//! once, half to even, when it enters; after that all arithmetic is exact.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Nanoseconds in one second.
pub const NS_PER_S: u64 = 1_000_000_000;

/// An instant, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimTime(pub u64);

/// A length of time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimDuration(pub u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than everything that can happen.
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// The time since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the start, for charts and texts.
    pub fn as_s(self) -> f64 {
        self.0 as f64 / NS_PER_S as f64
    }

    /// From seconds, rounded half to even; negative or not-a-number becomes zero, too large becomes [`SimTime::NEVER`].
    pub fn from_s(s: f64) -> SimTime {
        SimTime(SimDuration::from_s(s).0)
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: SimDuration = SimDuration(0);

    /// From seconds, rounded half to even; negative or not-a-number becomes zero, too large the maximum.
    pub fn from_s(s: f64) -> SimDuration {
        // The cast saturates and maps NaN to 0.
        SimDuration(libm::rint(s * 1e9) as u64)
    }

    /// From milliseconds, as [`SimDuration::from_s`].
    pub fn from_ms(ms: f64) -> SimDuration {
        SimDuration(libm::rint(ms * 1e6) as u64)
    }

    /// From microseconds, as [`SimDuration::from_s`].
    pub fn from_us(us: f64) -> SimDuration {
        SimDuration(libm::rint(us * 1e3) as u64)
    }

    /// Milliseconds, for charts and texts.
    pub fn as_ms(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Seconds, for charts and texts.
    pub fn as_s(self) -> f64 {
        self.0 as f64 / NS_PER_S as f64
    }
}

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    fn add(self, d: SimDuration) -> SimTime {
        SimTime(self.0.saturating_add(d.0))
    }
}

impl Add for SimDuration {
    type Output = SimDuration;
    fn add(self, d: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_add(d.0))
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, d: SimDuration) {
        *self = *self + d;
    }
}

impl Sub for SimDuration {
    type Output = SimDuration;
    fn sub(self, d: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_sub(d.0))
    }
}

/// A number with three significant digits, without an exponent where people would not write one.
pub fn three_digits(x: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    let size = x.abs();
    if size >= 99_999.5 {
        let (value, unit) = if size >= 1e9 {
            (x / 1e9, "G")
        } else if size >= 1e6 {
            (x / 1e6, "M")
        } else {
            (x / 1e3, "k")
        };
        return format!("{}{unit}", three_digits(value));
    }
    let decimals = if size >= 99.95 || size == 0.0 {
        0
    } else if size >= 9.995 {
        1
    } else if size >= 0.9995 {
        2
    } else {
        3
    };
    format!("{x:.decimals$}")
}

/// A whole number: as it is below a hundred thousand, with three digits and a letter above.
pub fn count(n: u64) -> String {
    if n < 100_000 { n.to_string() } else { three_digits(n as f64) }
}

/// A duration as a number and its unit, for example `("1.92", "s")`.
pub fn split_duration(ns: f64) -> (String, &'static str) {
    let (value, unit) = match ns.abs() {
        n if n >= 3_600e9 * 2.0 => (ns / 3_600e9, "h"),
        n if n >= 120e9 => (ns / 60e9, "min"),
        n if n >= 0.9995e9 => (ns / 1e9, "s"),
        n if n >= 0.9995e6 => (ns / 1e6, "ms"),
        n if n >= 0.9995e3 => (ns / 1e3, "µs"),
        n if n > 0.0 => (ns, "ns"),
        _ => (0.0, "s"),
    };
    (three_digits(value), unit)
}

impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = split_duration(self.0 as f64);
        write!(f, "{value} {unit}")
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SimDuration(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_to_even_on_entry() {
        assert_eq!(SimDuration::from_us(0.0005), SimDuration(0));
        assert_eq!(SimDuration::from_us(0.0015), SimDuration(2));
        assert_eq!(SimDuration::from_ms(-3.0), SimDuration(0));
        assert_eq!(SimDuration::from_ms(f64::NAN), SimDuration(0));
    }

    #[test]
    fn people_read_three_digits_and_a_unit() {
        assert_eq!(SimDuration(1_920_000_000).to_string(), "1.92 s");
        assert_eq!(SimDuration(4_100_000).to_string(), "4.10 ms");
        assert_eq!(SimDuration(0).to_string(), "0 s");
        assert_eq!(three_digits(1234.5), "1234");
        assert_eq!(three_digits(3_037_902.0), "3.04M");
    }
}
