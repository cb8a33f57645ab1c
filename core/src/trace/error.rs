//! Why a trace was refused as a whole, with the place and what to do about it. Single bad rows are not errors: they are counted in the
//! [`Report`](super::Report).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of refusal, stable across versions: pages and tests match on this, not on the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// No file was given at all.
    NoFile,
    /// The file has no bytes, or nothing but blank lines.
    EmptyFile,
    /// The header is known but no row could be kept.
    NoRows,
    /// The bytes are of something else: Parquet, an archive, a web page, a pointer, another encoding.
    NotATrace,
    /// The first line is not the header of any format read here.
    UnknownHeader,
    /// The header is nearly one of ours, but a column is missing.
    MissingColumn,
    /// Two columns have the same name.
    DuplicateColumn,
    /// The columns are right but not separated by commas.
    WrongDelimiter,
    /// The first line is too long, or a quote in it is never closed, so there is no header to go by.
    BadHeader,
    /// The gzip data is damaged, cut short, or unpacks to more than the limit.
    Gzip,
    /// More invocations than the limit, or more than memory holds.
    TooManyInvocations,
    /// Two files of the same kind.
    DuplicateFile,
    /// A file that only completes another one came without it.
    MissingFile,
    /// Files of different formats in one trace.
    MixedFormats,
    /// The file's bytes could not be had to the end: it was changed or taken away while it was read.
    Unreadable,
    /// Packed trace data ([`TraceData::from_bytes`](super::TraceData::from_bytes)) that is damaged or of another version.
    BadBytes,
}

/// A trace that was refused: what is wrong, where, and what to do.
///
/// Written as `file, line N: message. hint`.
#[derive(thiserror::Error, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[error("{}", Sentence(self))]
pub struct TraceError {
    /// The kind of refusal.
    pub code: ErrorCode,
    /// The name given to [`Reader::begin_file`](super::Reader::begin_file); empty when no single file is to blame.
    pub file: String,
    /// The physical line in the unpacked text, from 1.
    pub line: Option<u64>,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do about it: whole sentences, or empty.
    pub hint: String,
}

impl TraceError {
    /// The refusal of a file that could be read only so far, in bytes.
    pub fn unreadable(file: &str, read: f64, length: f64) -> TraceError {
        let message = format!("the file could be read only up to {:.1} of its {:.1} MB", read / 1e6, length / 1e6);
        let hint = "It was changed or taken away meanwhile, or its disk fails. Choose it again.";
        Refusal::new(ErrorCode::Unreadable, message, hint).at(file, None)
    }
}

struct Sentence<'a>(&'a TraceError);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = self.0;
        match (e.file.as_str(), e.line) {
            ("", None) => {}
            ("", Some(line)) => write!(f, "line {line}: ")?,
            (file, None) => write!(f, "{file}: ")?,
            (file, Some(line)) => write!(f, "{file}, line {line}: ")?,
        }
        write!(f, "{}.", e.message)?;
        if !e.hint.is_empty() {
            write!(f, " {}", e.hint)?;
        }
        Ok(())
    }
}

/// A refusal that does not know its place yet; the reader adds file and line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) hint: String,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: hint.into() }
    }

    pub(super) fn at(self, file: &str, line: Option<u64>) -> TraceError {
        TraceError { code: self.code, file: file.to_owned(), line, message: self.message, hint: self.hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_written_with_place_message_and_hint() {
        let e = Refusal::new(ErrorCode::NoRows, "there are no rows", "Choose another file.").at("a.csv", Some(3));
        assert_eq!(e.to_string(), "a.csv, line 3: there are no rows. Choose another file.");
    }

    #[test]
    fn a_file_that_ends_too_soon_is_refused_with_how_far_it_could_be_read() {
        let e = TraceError::unreadable("a.csv", 4_194_304.0, 84e6);
        assert_eq!(e.code, ErrorCode::Unreadable);
        assert!(e.to_string().starts_with("a.csv: the file could be read only up to 4.2 of its 84.0 MB. It was changed"), "{e}");
    }

    #[test]
    fn an_error_without_place_or_hint_is_only_the_message() {
        let e = Refusal::new(ErrorCode::NoFile, "no file was given", "").at("", None);
        assert_eq!(e.to_string(), "no file was given.");
    }
}
