//! What the formats share: reading fields, keys, and sentences of the report.

use super::columns::{CENTURY_NS, median};
use super::decimal::{Decimal, NumberError, parse_f64};
use super::intern::Interner;
use super::report::{Cause, Reject, seconds};
use super::{Record, Rows};

/// Said when rows had to change places.
pub(super) const SORTED: &str = "Rows were sorted by arrival; rows of the same instant keep their order.";

/// A number that is not negative.
#[inline]
pub(super) fn number<'a>(record: &Record<'a>, field: usize, what: &'static str) -> Result<Decimal<'a>, Reject> {
    let cause = match Decimal::parse(record.field(field)) {
        Ok(value) if !value.negative => return Ok(value),
        Ok(_) => Cause::Negative,
        Err(error) => cause_of(error),
    };
    Err(Reject::field(cause, what, field))
}

pub(super) fn cause_of(error: NumberError) -> Cause {
    match error {
        NumberError::Empty => Cause::Empty,
        NumberError::NotANumber => Cause::NotANumber,
        NumberError::OutOfRange => Cause::OutOfRange,
    }
}

/// A time in ns that fits in 64 bits with room: at most a century.
#[inline]
pub(super) fn within_a_century(ns: i128, field: usize, what: &'static str) -> Result<i64, Reject> {
    if ns.abs() <= CENTURY_NS { Ok(ns as i64) } else { Err(Reject::field(Cause::OutOfRange, what, field)) }
}

/// The number of a key, a new one if it was not seen. Names must be UTF-8, not empty and without NUL.
#[inline]
pub(super) fn key<const N: usize>(
    keys: &mut Interner<N>,
    record: &Record<'_>,
    fields: [usize; N],
    names: [&'static str; N],
) -> Result<u32, Reject> {
    let parts = fields.map(|field| record.field(field));
    match keys.find(parts) {
        Some(index) => Ok(index),
        None => new_key(keys, parts, fields, names),
    }
}

#[cold]
fn new_key<const N: usize>(
    keys: &mut Interner<N>,
    parts: [&[u8]; N],
    fields: [usize; N],
    names: [&'static str; N],
) -> Result<u32, Reject> {
    for ((part, field), name) in parts.into_iter().zip(fields).zip(names) {
        if part.is_empty() {
            return Err(Reject::field(Cause::Empty, name, field));
        }
        if std::str::from_utf8(part).is_err() {
            return Err(Reject { cause: Cause::NotUtf8, what: "", field: Some(field) });
        }
        if part.contains(&0) {
            return Err(Reject { cause: Cause::Nul, what: "", field: Some(field) });
        }
    }
    keys.add(parts).ok_or_else(|| Reject::row(Cause::TooManyKeys))
}

/// Megabytes: a number from 0 to 10^9.
pub(super) fn megabytes(record: &Record<'_>, field: usize, what: &'static str) -> Result<f64, Reject> {
    let cause = match parse_f64(record.field(field)) {
        Ok(mb) if mb < 0.0 => Cause::Negative,
        Ok(mb) if mb > 1e9 => Cause::OutOfRange,
        Ok(mb) => return Ok(mb),
        Err(error) => cause_of(error),
    };
    Err(Reject::field(cause, what, field))
}

/// A part of a key as it is written in an id: `/` and `%` escaped, so that joining parts with `/` stays one to one.
pub(super) fn id_part(part: &[u8]) -> String {
    let text = String::from_utf8_lossy(part);
    if text.contains(['/', '%']) { text.replace('%', "%25").replace('/', "%2F") } else { text.into_owned() }
}

/// Says by how much time was moved.
pub(super) fn shift_sentence(first_ns: i128) -> String {
    format!("The first arrival, at {} in the file, is time zero.", seconds(first_ns))
}

/// From the first to the last arrival, and the median execution time, of rows sorted by arrival.
pub(super) fn extent(rows: &Rows) -> (u64, Option<u64>) {
    match rows {
        Rows::Invocations { arrival_ns, execution_ns, .. } | Rows::Tasks { arrival_ns, execution_ns, .. } => {
            (arrival_ns.last().copied().unwrap_or(0), median(execution_ns))
        }
        Rows::PerMinute { .. } => (0, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_to_one() {
        assert_eq!(id_part(b"plain"), "plain");
        assert_eq!(id_part(b"a/b"), "a%2Fb");
        assert_ne!(id_part(b"a/b"), id_part(b"a%2Fb"));
    }
}
