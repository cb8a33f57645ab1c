//! Decimal numbers as they stand in a file, kept exact until they are rounded, once, to whole nanoseconds.
//!
//! A number is split into its integer part, the first 18 decimals, and a *tail*: the digits after those, which only matter when the rest
//! is exactly half a nanosecond. So `end - duration` is taken on the decimals as written and rounded half-even afterwards, for any number
//! of digits and for scientific notation, in 64-bit arithmetic on the usual path.

use std::cmp::Ordering;

/// Why a field is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberError {
    Empty,
    NotANumber,
    /// 10^19 or more.
    OutOfRange,
}

/// An exact decimal number, below 10^19 in size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal<'a> {
    /// Less than zero; a negative zero is zero.
    pub(super) negative: bool,
    pub(super) int: u64,
    /// The first 18 decimals, in units of 10^-18.
    pub(super) frac: u64,
    tail: Tail<'a>,
}

/// The decimals from the 19th on: `zeros` zeros, then the digits of `head` and `rest`. The first and the last digit are not zero.
#[derive(Clone, Copy, Debug)]
struct Tail<'a> {
    zeros: u64,
    head: &'a [u8],
    rest: &'a [u8],
}

/// The unit a number is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

const DECIMALS: usize = 18;
const ONE: u64 = 1_000_000_000_000_000_000;
const POW10: [u64; 19] = {
    let mut table = [1; 19];
    let mut i = 1;
    while i < 19 {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

impl Unit {
    /// (nanoseconds per unit, units of 10^-18 per nanosecond)
    fn scales(self) -> (i128, u64) {
        match self {
            Self::Seconds => (1_000_000_000, ONE / 1_000_000_000),
            Self::Milliseconds => (1_000_000, ONE / 1_000_000),
        }
    }
}

impl<'a> Tail<'a> {
    const NONE: Self = Self { zeros: 0, head: &[], rest: &[] };

    fn is_zero(&self) -> bool {
        self.head.is_empty() && self.rest.is_empty()
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // More leading zeros: smaller. With as many, digit by digit; a longer one is larger, since it does not end in zero.
            (false, false) => other
                .zeros
                .cmp(&self.zeros)
                .then_with(|| self.head.iter().chain(self.rest).cmp(other.head.iter().chain(other.rest))),
        }
    }
}

/// The field without the spaces around it.
pub(super) fn trimmed(field: &[u8]) -> &[u8] {
    field.trim_ascii()
}

impl<'a> Decimal<'a> {
    pub(super) const ZERO: Self = Self { negative: false, int: 0, frac: 0, tail: Tail::NONE };

    /// Reads `[+-]digits[.digits][e[+-]digits]`, spaces around it allowed. `NaN`, `inf`, hexadecimal, thousands separators are no numbers.
    #[inline]
    pub(super) fn parse(field: &'a [u8]) -> Result<Self, NumberError> {
        // The usual number: up to 18 digits, a point, up to 18 digits.
        let mut int = 0u64;
        let mut i = 0;
        while let Some(d) = field.get(i).map(|b| b.wrapping_sub(b'0')).filter(|&d| d < 10) {
            int = int.wrapping_mul(10).wrapping_add(u64::from(d));
            i += 1;
        }
        if i == 0 || i > DECIMALS {
            return Self::parse_any(field);
        }
        if i == field.len() {
            return Ok(Self { int, ..Self::ZERO });
        }
        if field[i] != b'.' {
            return Self::parse_any(field);
        }
        let decimals = &field[i + 1..];
        if decimals.len() > DECIMALS {
            return Self::parse_any(field);
        }
        let mut frac = 0u64;
        for b in decimals {
            let d = b.wrapping_sub(b'0');
            if d > 9 {
                return Self::parse_any(field);
            }
            frac = frac * 10 + u64::from(d);
        }
        Ok(Self { int, frac: frac * POW10[DECIMALS - decimals.len()], ..Self::ZERO })
    }

    #[cold]
    #[inline(never)]
    fn parse_any(field: &'a [u8]) -> Result<Self, NumberError> {
        let field = trimmed(field);
        let (negative, body) = match field.split_first() {
            None => return Err(NumberError::Empty),
            Some((b'-', rest)) => (true, rest),
            Some((b'+', rest)) => (false, rest),
            Some(_) => (false, field),
        };
        let (mantissa, exponent) = match body.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(at) => (&body[..at], parse_exponent(&body[at + 1..])?),
            None => (body, 0),
        };
        let (head, rest) = match mantissa.iter().position(|&b| b == b'.') {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &mantissa[mantissa.len()..]),
        };
        if head.is_empty() && rest.is_empty() || !head.iter().chain(rest).all(u8::is_ascii_digit) {
            return Err(NumberError::NotANumber);
        }
        let len = head.len() + rest.len();
        let digit = |k: usize| {
            if k < head.len() { head[k] } else { rest[k - head.len()] }
        };
        let (Some(first), Some(last)) = ((0..len).find(|&k| digit(k) != b'0'), (0..len).rfind(|&k| digit(k) != b'0')) else {
            return Ok(Self::ZERO);
        };
        // The number is 0.d1 d2 d3 … x 10^point, d1 being the first digit that is not zero.
        let point = head.len() as i64 - first as i64 + exponent;
        if point > 19 {
            return Err(NumberError::OutOfRange);
        }
        let significant = |k: i64| match usize::try_from(k) {
            Ok(k) if first + k <= last => u64::from(digit(first + k) - b'0'),
            _ => 0,
        };
        let int = (0..point).fold(0, |int, k| int * 10 + significant(k));
        let frac = (point..point + DECIMALS as i64).fold(0, |frac, k| frac * 10 + significant(k));
        let mut start = point + DECIMALS as i64;
        let mut zeros = 0;
        if start < 0 {
            zeros = start.unsigned_abs();
            start = 0;
        }
        let end = (last - first + 1) as i64;
        while start < end && significant(start) == 0 {
            zeros += 1;
            start += 1;
        }
        let tail = if start >= end {
            Tail::NONE
        } else {
            let (from, to) = (first + start as usize, last + 1);
            let cut = |part: &'a [u8], offset: usize| {
                let clamp = |k: usize| k.saturating_sub(offset).min(part.len());
                &part[clamp(from)..clamp(to)]
            };
            Tail { zeros, head: cut(head, 0), rest: cut(rest, head.len()) }
        };
        Ok(Self { negative, int, frac, tail })
    }

    /// Whether the number is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.frac == 0 && self.tail.is_zero()
    }

    /// `self - other` in nanoseconds, taken exactly and rounded half-even once. Signs are not looked at: callers refuse negative numbers.
    pub(super) fn minus_ns(&self, other: &Self, unit: Unit) -> i128 {
        let (per_unit, per_ns) = unit.scales();
        let mut int = i128::from(self.int) - i128::from(other.int);
        let frac = if self.frac >= other.frac {
            self.frac - other.frac
        } else {
            int -= 1;
            ONE + self.frac - other.frac
        };
        let (ns, rest) = (frac / per_ns, frac % per_ns);
        let up = match rest.cmp(&(per_ns / 2)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => match self.tail.compare(&other.tail) {
                Ordering::Less => false,
                Ordering::Greater => true,
                // Nanoseconds per unit is even, so the parity is that of `ns`.
                Ordering::Equal => ns % 2 == 1,
            },
        };
        int * per_unit + i128::from(ns) + i128::from(up)
    }

    /// The size of the number in nanoseconds, rounded half-even.
    pub(super) fn ns(&self, unit: Unit) -> i128 {
        self.minus_ns(&Self::ZERO, unit)
    }
}

/// The exponent, held within ±10^9: beyond that every number is out of range or rounds to nothing, and the line cap keeps digits fewer.
fn parse_exponent(digits: &[u8]) -> Result<i64, NumberError> {
    let (negative, digits) = match digits.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberError::NotANumber);
    }
    let size = digits.iter().fold(0i64, |n, b| (n * 10 + i64::from(b - b'0')).min(1_000_000_000));
    Ok(if negative { -size } else { size })
}

/// A number that need not be exact, such as megabytes: checked as above, then the nearest float. Not negative, not beyond 10^19.
pub(super) fn parse_f64(field: &[u8]) -> Result<f64, NumberError> {
    let field = trimmed(field);
    let exact = Decimal::parse(field)?;
    let text = std::str::from_utf8(field).map_err(|_| NumberError::NotANumber)?;
    let value: f64 = text.parse().map_err(|_| NumberError::NotANumber)?;
    // So that "-0" is 0 and not -0.0.
    Ok(if exact.int == 0 && exact.is_whole() { 0.0 } else { value })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn ns(text: &str) -> i128 {
        Decimal::parse(text.as_bytes()).unwrap().ns(Unit::Seconds)
    }

    fn minus(a: &str, b: &str) -> i128 {
        let (a, b) = (Decimal::parse(a.as_bytes()).unwrap(), Decimal::parse(b.as_bytes()).unwrap());
        a.minus_ns(&b, Unit::Seconds)
    }

    #[test]
    fn half_a_nanosecond_goes_to_the_even_neighbour() {
        assert_eq!(ns("0.0000000005"), 0);
        assert_eq!(ns("0.0000000015"), 2);
        assert_eq!(ns("0.0000000025"), 2);
        assert_eq!(ns("1.9999999995"), 2_000_000_000);
    }

    #[test]
    fn a_digit_far_behind_breaks_the_tie() {
        assert_eq!(ns("0.00000000050000000000000000000000000001"), 1);
        assert_eq!(ns("0.00000000150000000000000000000000000000"), 2);
    }

    #[test]
    fn a_difference_is_rounded_once() {
        // 0.4 ns - 0.0 ns and 0.6 - 0.1: rounding each first would give other results.
        assert_eq!(minus("0.0000000014", "0.0000000006"), 1);
        assert_eq!(minus("0.0000000016", "0.0000000001"), 2); // 1.5 -> 2
        assert_eq!(minus("0.0000000026", "0.0000000001"), 2); // 2.5 -> 2
        assert_eq!(minus("0.07949090003967285", "0.078"), 1_490_900);
    }

    #[test]
    fn tails_of_both_numbers_are_compared() {
        assert_eq!(minus("1.0000000005000000001", "0.00000000000000000011"), 1_000_000_000);
        assert_eq!(minus("1.00000000050000000001", "0.000000000000000000009"), 1_000_000_001);
        assert_eq!(minus("1.0000000005000000000012", "0.0000000000000000000012"), 1_000_000_000);
    }

    #[test]
    fn a_difference_may_be_negative() {
        assert_eq!(minus("0.5", "2"), -1_500_000_000);
        assert_eq!(minus("0", "0.0000000005"), 0);
        assert_eq!(minus("0", "0.0000000015"), -2);
    }

    #[test]
    fn scientific_notation_is_exact() {
        assert_eq!(ns("1e-3"), 1_000_000);
        assert_eq!(ns("1.5E+2"), 150_000_000_000);
        assert_eq!(ns("123456789e-9"), 123_456_789);
        assert_eq!(ns("1e-320"), 0);
        assert_eq!(ns("15e-10"), 2);
        assert_eq!(ns("0e999999999999"), 0);
        assert_eq!(ns("1e-999999999999"), 0);
    }

    #[test]
    fn milliseconds_are_a_millionth_of_that() {
        assert_eq!(Decimal::parse(b"276").unwrap().ns(Unit::Milliseconds), 276_000_000);
        assert_eq!(Decimal::parse(b"0.0000005").unwrap().ns(Unit::Milliseconds), 0);
        assert_eq!(Decimal::parse(b"0.0000015").unwrap().ns(Unit::Milliseconds), 2);
    }

    #[test]
    fn what_is_not_a_number_is_told_apart() {
        for text in ["NaN", "nan", "inf", "-Infinity", "null", "1,5", "0x10", "1e", "1e+", ".", "-", "1.2.3", "1_000", "٣"] {
            assert_eq!(Decimal::parse(text.as_bytes()).unwrap_err(), NumberError::NotANumber, "{text}");
        }
        for text in ["", "  "] {
            assert_eq!(Decimal::parse(text.as_bytes()).unwrap_err(), NumberError::Empty);
        }
        for text in ["1e308", "1e309", "10000000000000000000", "1e19"] {
            assert_eq!(Decimal::parse(text.as_bytes()).unwrap_err(), NumberError::OutOfRange, "{text}");
        }
    }

    #[test]
    fn the_largest_number_that_is_read() {
        assert_eq!(ns("9999999999999999999"), 9_999_999_999_999_999_999_000_000_000);
        assert_eq!(ns("00000000000000000000000000012.5"), 12_500_000_000);
    }

    #[test]
    fn signs_spaces_and_bare_points() {
        assert!(Decimal::parse(b"-0.5").unwrap().negative);
        assert!(!Decimal::parse(b"-0.0").unwrap().negative);
        assert_eq!(ns(" +1.5 "), 1_500_000_000);
        assert_eq!(ns("5."), 5_000_000_000);
        assert_eq!(ns(".5"), 500_000_000);
    }

    #[test]
    fn floats_are_checked_first() {
        assert_eq!(parse_f64(b" 9.75 ").unwrap(), 9.75);
        assert!(parse_f64(b"-0").unwrap().is_sign_positive());
        assert_eq!(parse_f64(b"infinity").unwrap_err(), NumberError::NotANumber);
    }

    proptest! {
        #[test]
        fn both_ways_of_reading_agree(int in 0u64..1_000_000_000_000, frac in "[0-9]{1,18}") {
            let plain = format!("{int}.{frac}");
            prop_assert_eq!(ns(&plain), ns(&format!("{int}{frac}e-{}", frac.len())));
            prop_assert_eq!(ns(&plain), ns(&format!("{plain}{}", "0".repeat(30))));
        }

        #[test]
        fn a_difference_agrees_with_wide_arithmetic(a in 0i128..10_000_000_000_000_000, b in 0i128..10_000_000_000_000_000, places in 0usize..22) {
            let write = |v: i128| {
                let digits = format!("{v:0>width$}", width = places + 1);
                let (int, frac) = digits.split_at(digits.len() - places);
                if places == 0 { int.to_owned() } else { format!("{int}.{frac}") }
            };
            // (a - b) x 10^(9 - places), rounded half-even.
            let d = a - b;
            let expected = if places <= 9 {
                d * 10i128.pow(9 - places as u32)
            } else {
                let unit = 10i128.pow(places as u32 - 9);
                let (q, r) = (d.div_euclid(unit), d.rem_euclid(unit));
                q + i128::from(2 * r > unit || (2 * r == unit && q.rem_euclid(2) == 1))
            };
            prop_assert_eq!(minus(&write(a), &write(b)), expected);
        }
    }
}
