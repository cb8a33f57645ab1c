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

/// The product of two numbers, whole. Where the machine has no such multiplication, as in a browser, one that fits into a word is done
/// there.
#[inline]
pub(crate) fn product(a: u64, b: u64) -> u128 {
    if cfg!(target_arch = "wasm32") && a.leading_zeros() + b.leading_zeros() >= u64::BITS {
        return u128::from(a * b);
    }
    u128::from(a) * u128::from(b)
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

/// A ratio with three digits, and its unit: `3.40` and `×`, `16.5` and `k×`.
pub fn split_ratio(x: f64) -> (String, &'static str) {
    if x < 1e4 { (three_digits(x), "×") } else { (three_digits(x / 1e3), "k×") }
}

/// A whole number: with all its digits below a hundred thousand, with three and a letter above.
pub fn count(n: u64) -> String {
    if n < 100_000 { thousands(n) } else { three_digits(n as f64) }
}

/// So many of something: `1 function`, `227,756 functions`, of what is told by adding an s.
pub fn counted(n: u64, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A number as it is, with commas between the thousands of a whole one.
pub fn grouped(x: f64) -> String {
    if (1e3..1e15).contains(&x) && x.fract() == 0.0 { thousands(x as u64) } else { x.to_string() }
}

/// A whole number with a comma between thousands: `12,345,678`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Reads a number as people type it, with a point or a comma before the decimals. A comma before three digits is refused, because
/// some write thousands so; after a lone zero it can only stand before decimals. Fails in words.
pub fn read_number(typed: &str) -> Result<f64, String> {
    let text = typed.trim();
    if let Some((before, after)) = text.split_once(',') {
        let group = |part: &str| part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit());
        let whole = after.split('.').next().unwrap_or(after);
        if whole.split(',').all(group) && !matches!(before.trim_start_matches(['-', '+']), "" | "0") {
            let plain = text.replace(',', "");
            return Err(match group(after) {
                true => format!("With that comma it could be two numbers: write {plain}, or {before}.{after}"),
                false => format!("Write it without commas between thousands: {plain}"),
            });
        }
    }
    let x = text.replace(',', ".").parse::<f64>().ok().filter(|x| x.is_finite());
    x.ok_or_else(|| format!("{text:?} is not a number"))
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

/// Memory as a number and its unit, for example `("2.03", "TB")`.
pub fn split_memory(mb: f64) -> (String, &'static str) {
    let (value, unit) = match mb.abs() {
        m if m >= 1023.5 * 1024.0 => (mb / (1024.0 * 1024.0), "TB"),
        m if m >= 1023.5 => (mb / 1024.0, "GB"),
        m if m < 0.0005 => (0.0, "MB"),
        m if m < 0.9995 => (mb * 1024.0, "kB"),
        _ => (mb, "MB"),
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
    fn thousands_are_separated() {
        assert_eq!([0, 12, 999, 1_000, 12_345, 1_234_567].map(thousands), ["0", "12", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!([3.4, 16_493.0].map(split_ratio), [("3.40".to_owned(), "×"), ("16.5".to_owned(), "k×")]);
        assert_eq!([7, 12_083, 3_037_902].map(count), ["7", "12,083", "3.04M"]);
    }

    #[test]
    fn rounds_half_to_even_on_entry() {
        assert_eq!(SimDuration::from_us(0.0005), SimDuration(0));
        assert_eq!(SimDuration::from_us(0.0015), SimDuration(2));
        assert_eq!(SimDuration::from_ms(-3.0), SimDuration(0));
        assert_eq!(SimDuration::from_ms(f64::NAN), SimDuration(0));
    }

    #[test]
    fn a_comma_before_three_digits_is_asked_about_and_any_other_stands_before_decimals() {
        for (typed, x) in [
            ("4096", 4096.0),
            (" 4.096 ", 4.096),
            ("0,5", 0.5),
            ("4,0960", 4.096),
            ("1,25", 1.25),
            ("0,125", 0.125),
            ("-1,5", -1.5),
            ("1e3", 1000.0),
        ] {
            assert_eq!(read_number(typed), Ok(x), "{typed}");
        }
        for (typed, said) in [
            ("4,096", "write 4096, or 4.096"),
            ("-1,000", "write -1000, or -1.000"),
            ("1,000,000", ": 1000000"),
            ("1,234.5", ": 1234.5"),
            ("1.234,5", "not a number"),
            ("1,2,3", "not a number"),
            ("inf", "not a number"),
            ("", "not a number"),
        ] {
            assert!(read_number(typed).unwrap_err().contains(said), "{typed}: {:?}", read_number(typed));
        }
    }

    #[test]
    fn people_read_three_digits_and_a_unit() {
        assert_eq!(SimDuration(1_920_000_000).to_string(), "1.92 s");
        assert_eq!(SimDuration(4_100_000).to_string(), "4.10 ms");
        assert_eq!(SimDuration(0).to_string(), "0 s");
        assert_eq!(three_digits(1234.5), "1234");
        assert_eq!(three_digits(3_037_902.0), "3.04M");
    }

    #[test]
    fn whole_numbers_have_commas_and_others_all_their_digits() {
        assert_eq!([0.5, 12.0, 1000.0, 1_234_567.0, 1234.5].map(grouped), ["0.5", "12", "1,000", "1,234,567", "1234.5"]);
    }

    #[test]
    fn one_of_something_is_not_several() {
        assert_eq!([0, 1, 2, 12_345].map(|n| counted(n, "zone")), ["0 zones", "1 zone", "2 zones", "12,345 zones"]);
    }

    #[test]
    fn memory_is_read_in_the_unit_of_its_size() {
        let cases = [
            (0.0, "0 MB"),
            (0.0001, "0 MB"),
            (0.242, "248 kB"),
            (12.34, "12.3 MB"),
            (1000.0, "1000 MB"),
            (1024.0, "1.00 GB"),
            (2078.0 * 1024.0, "2.03 TB"),
        ];
        for (mb, shown) in cases {
            let (value, unit) = split_memory(mb);
            assert_eq!(format!("{value} {unit}"), shown);
        }
    }
}
