//! Sentences with things in them that can be gone to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::{SimTime, split_duration};

/// A piece of a passage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// Words.
    Words(String),
    /// An instant of the run, in nanoseconds.
    Time(u64),
    /// An invocation, by its row in the workload.
    Invocation(u32),
    /// A machine, by its id.
    Machine(String),
    /// A function, by its id.
    Function(String),
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Words(words) => f.write_str(words),
            Piece::Time(ns) => write!(f, "{:.6} s", *ns as f64 / 1e9),
            Piece::Invocation(row) => write!(f, "#{row}"),
            Piece::Machine(id) | Piece::Function(id) => f.write_str(id),
        }
    }
}

/// How many things a list names before it says how many more there are.
const NAMED: usize = 4;

/// A passage being written.
#[derive(Debug, Default)]
pub(super) struct Text(pub(super) Vec<Piece>);

impl Text {
    pub(super) fn words(&mut self, words: impl AsRef<str>) -> &mut Text {
        match self.0.last_mut() {
            Some(Piece::Words(last)) => last.push_str(words.as_ref()),
            _ => self.0.push(Piece::Words(words.as_ref().to_owned())),
        }
        self
    }

    pub(super) fn time(&mut self, at: SimTime) -> &mut Text {
        self.0.push(Piece::Time(at.0));
        self
    }

    pub(super) fn invocation(&mut self, row: u32) -> &mut Text {
        self.0.push(Piece::Invocation(row));
        self
    }

    pub(super) fn machine(&mut self, id: &str) -> &mut Text {
        self.0.push(Piece::Machine(id.to_owned()));
        self
    }

    pub(super) fn function(&mut self, id: &str) -> &mut Text {
        self.0.push(Piece::Function(id.to_owned()));
        self
    }

    /// Some of the things, and how many more there are.
    pub(super) fn list<T>(&mut self, things: &[T], mut write: impl FnMut(&mut Text, &T)) -> &mut Text {
        let named = if things.len() == NAMED + 1 { NAMED + 1 } else { things.len().min(NAMED) };
        for (i, thing) in things[..named].iter().enumerate() {
            match (i, things.len() - i) {
                (0, _) => {}
                (_, 1) => {
                    self.words(" and ");
                }
                _ => {
                    self.words(", ");
                }
            }
            write(self, thing);
        }
        match things.len() - named {
            0 => self,
            more => self.words(format!(" and {more} more")),
        }
    }

    /// Invocations.
    pub(super) fn invocations(&mut self, rows: &[u32]) -> &mut Text {
        self.list(rows, |text, &row| {
            text.invocation(row);
        })
    }
}

/// A duration.
pub(super) fn long(ns: u64) -> String {
    let (value, unit) = split_duration(ns as f64);
    format!("{value} {unit}")
}

/// So many of something.
pub(super) fn many(n: usize, one: &str, several: &str) -> String {
    match n {
        0 => format!("no {several}"),
        1 => format!("1 {one}"),
        n => format!("{n} {several}"),
    }
}

/// Memory.
pub(super) fn bytes(n: u64) -> String {
    let mb = n as f64 / 1e6;
    if mb < 1023.5 {
        format!("{} MB", crate::units::three_digits(mb))
    } else {
        format!("{} GB", crate::units::three_digits(mb / 1024.0))
    }
}
