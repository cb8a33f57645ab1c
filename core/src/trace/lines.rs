//! Bytes in any chunking to CSV records, each with the physical line on which it starts.
//!
//! Two steps. Lines are cut at LF first, so that a line beyond the cap can be dropped without being stored and counting stays right
//! whatever the quotes do. A line without a quote is a record and is split at its commas in place; one with a quote goes through
//! `csv_core` (RFC 4180, quotes inside an unquoted field are data), together with the lines after it while its quoted field is open.
//!
//! A quote that never closes would swallow the rest of the file. So an open record is held back, at most one line cap of it; when the cap
//! or the end of the file is met, its first line is reported and reading resumes at the next physical line. After
//! [`OPEN_QUOTES`] such reports a quote must close on its own line, which bounds the work that rereading can cost.

use super::report::Cause;

/// How many quotes that never close are looked for across lines.
const OPEN_QUOTES: u32 = 100;

/// One record: fields as ranges of a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// The physical line on which it starts, from 1.
    pub(super) line: u64,
    bytes: &'a [u8],
    bounds: &'a [(u32, u32)],
    /// Nothing can be missing at its end: a line end follows, or its last field is closed by a quote.
    pub(super) ended: bool,
}

impl<'a> Record<'a> {
    /// The number of fields.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bounds.len()
    }

    /// Field `index`; empty beyond the last.
    #[inline]
    pub(super) fn field(&self, index: usize) -> &'a [u8] {
        self.bounds.get(index).map_or(&[], |&(from, to)| &self.bytes[from as usize..to as usize])
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Self { bytes, bounds, .. } = *self;
        bounds.iter().map(move |&(from, to)| &bytes[from as usize..to as usize])
    }
}

/// Who takes the records.
pub(super) trait RecordSink {
    type Error;
    fn record(&mut self, record: &Record<'_>) -> Result<(), Self::Error>;
    /// A line that is no record.
    fn bad_line(&mut self, line: u64, cause: Cause) -> Result<(), Self::Error>;
}

/// The bounds of the fields between blanks. False if there is none, or the line is a comment.
fn split_blanks(text: &[u8], bounds: &mut Vec<(u32, u32)>) -> bool {
    bounds.clear();
    let mut begin = None;
    for (at, byte) in (0u32..).zip(text) {
        match (byte.is_ascii_whitespace(), begin) {
            (false, None) => begin = Some(at),
            (true, Some(from)) => {
                bounds.push((from, at));
                begin = None;
            }
            _ => {}
        }
    }
    bounds.extend(begin.map(|from| (from, text.len() as u32)));
    bounds.first().is_some_and(|&(from, _)| text[from as usize] != b';')
}

/// The first step: physical lines.
#[derive(Debug)]
pub(super) struct Lines {
    cap: usize,
    /// The beginning of a line whose end is in a later chunk.
    carry: Vec<u8>,
    /// The line being read is beyond the cap and dropped.
    overlong: bool,
    /// Lines ended so far.
    line: u64,
    records: Records,
}

impl Lines {
    pub(super) fn new(cap: usize) -> Self {
        // Ranges are 32 bits wide.
        let cap = cap.min(1 << 30);
        Self { cap, carry: Vec::new(), overlong: false, line: 0, records: Records::new(cap) }
    }

    /// From here on fields are separated by blanks, quotes mean nothing, and lines that begin with `;` are comments.
    pub(super) fn split_at_blanks(&mut self) {
        self.records.blanks = true;
    }

    pub(super) fn push<S: RecordSink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        while let Some(end) = find(bytes, b'\n') {
            let (part, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            self.line += 1;
            if self.overlong || self.carry.len() + part.len() > self.cap {
                self.overlong = false;
                self.carry.clear();
                self.records.overlong(self.line, sink)?;
            } else if self.carry.is_empty() {
                self.records.line(part, self.line, true, sink)?;
            } else {
                self.carry.extend_from_slice(part);
                self.records.line(&self.carry, self.line, true, sink)?;
                self.carry.clear();
            }
        }
        if !self.overlong {
            if self.carry.len() + bytes.len() > self.cap {
                self.overlong = true;
                self.carry = Vec::new();
            } else {
                self.carry.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// The end of the file. `all_here`: something else than a final newline proves that the file is complete.
    pub(super) fn end<S: RecordSink>(&mut self, all_here: bool, sink: &mut S) -> Result<(), S::Error> {
        if self.overlong {
            self.records.overlong(self.line + 1, sink)?;
        } else if !self.carry.is_empty() {
            self.records.line(&self.carry, self.line + 1, all_here, sink)?;
        }
        self.records.end(sink)
    }
}

/// The second step: records of one or several lines.
#[derive(Debug)]
struct Records {
    cap: usize,
    bounds: Vec<(u32, u32)>,
    quoted: Quoted,
    /// The lines of a record whose quoted field is open, each with its LF.
    open: Vec<u8>,
    open_line: u64,
    /// Whether the last of these lines has its line end; only the last of the file may not.
    open_ended: bool,
    never_closed: u32,
    /// Whether fields are separated by blanks.
    blanks: bool,
}

impl Records {
    fn new(cap: usize) -> Self {
        Self {
            cap,
            bounds: Vec::new(),
            quoted: Quoted::new(),
            open: Vec::new(),
            open_line: 0,
            open_ended: true,
            never_closed: 0,
            blanks: false,
        }
    }

    #[inline]
    fn line<S: RecordSink>(&mut self, text: &[u8], line: u64, ended: bool, sink: &mut S) -> Result<(), S::Error> {
        if self.blanks {
            return match split_blanks(text, &mut self.bounds) {
                true => sink.record(&Record { line, bytes: text, bounds: &self.bounds, ended }),
                false => Ok(()),
            };
        }
        if self.open.is_empty() {
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if split_plain(text, &mut self.bounds) {
                if text.trim_ascii().is_empty() {
                    return Ok(());
                }
                return sink.record(&Record { line, bytes: text, bounds: &self.bounds, ended });
            }
        }
        self.quoted_line(text, line, ended, sink)
    }

    #[cold]
    fn quoted_line<S: RecordSink>(&mut self, text: &[u8], line: u64, ended: bool, sink: &mut S) -> Result<(), S::Error> {
        if self.open.is_empty() {
            self.open_line = line;
            self.quoted.restart();
        } else if self.open.len() + text.len() >= self.cap {
            self.give_up(sink)?;
            // That may have left a shorter record open, which this line goes on with, or nothing.
            return self.line(text, line, ended, sink);
        }
        let from = self.open.len();
        self.open.extend_from_slice(text);
        self.open.push(b'\n');
        self.open_ended = ended;
        match self.quoted.feed(&self.open[from..]) {
            Fed::Open if self.never_closed < OPEN_QUOTES => Ok(()),
            Fed::Open => self.give_up(sink),
            Fed::Record => {
                self.open.clear();
                let record = Record {
                    line: self.open_line,
                    bytes: &self.quoted.fields,
                    bounds: &self.quoted.bounds,
                    ended: ended || text.trim_ascii_end().ends_with(b"\""),
                };
                sink.record(&record)
            }
            Fed::Broken => {
                self.open.clear();
                sink.bad_line(self.open_line, Cause::CarriageReturn)
            }
        }
    }

    /// The quote on the first open line is never closed: say so, and read the lines after it again.
    fn give_up<S: RecordSink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let held = std::mem::take(&mut self.open);
        let held = held.strip_suffix(b"\n").unwrap_or(&held);
        let ended = self.open_ended;
        self.never_closed += 1;
        sink.bad_line(self.open_line, Cause::OpenQuote)?;
        let mut line = self.open_line;
        let mut rest = after_line(held);
        while let Some(text) = rest {
            rest = after_line(text);
            let text = &text[..find(text, b'\n').unwrap_or(text.len())];
            line += 1;
            self.line(text, line, ended || rest.is_some(), sink)?;
        }
        Ok(())
    }

    fn overlong<S: RecordSink>(&mut self, line: u64, sink: &mut S) -> Result<(), S::Error> {
        while !self.open.is_empty() {
            self.give_up(sink)?;
        }
        sink.bad_line(line, Cause::TooLong)
    }

    fn end<S: RecordSink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        while !self.open.is_empty() {
            self.give_up(sink)?;
        }
        Ok(())
    }
}

/// What follows the first line end.
fn after_line(text: &[u8]) -> Option<&[u8]> {
    find(text, b'\n').map(|at| &text[at + 1..])
}

/// A record that `csv_core` reads, fed line by line.
#[derive(Debug)]
struct Quoted {
    reader: csv_core::Reader,
    fields: Vec<u8>,
    written: usize,
    ends: Vec<usize>,
    count: usize,
    bounds: Vec<(u32, u32)>,
}

enum Fed {
    Record,
    /// A quoted field goes on after the line.
    Open,
    /// A lone carriage return ends the record inside the line.
    Broken,
}

impl Quoted {
    fn new() -> Self {
        // Not the reader's `default()`, whose tables are not built.
        let reader = csv_core::Reader::new();
        Self { reader, fields: Vec::new(), written: 0, ends: Vec::new(), count: 0, bounds: Vec::new() }
    }

    fn restart(&mut self) {
        self.reader.reset();
        self.written = 0;
        self.count = 0;
    }

    fn feed(&mut self, mut input: &[u8]) -> Fed {
        // Fields are never longer than the text they stand in, so one enlargement is enough; the loop stays right without that.
        let room = self.written + input.len() + 1;
        if self.fields.len() < room {
            self.fields.resize(room.next_power_of_two(), 0);
        }
        if self.ends.is_empty() {
            self.ends.resize(64, 0);
        }
        loop {
            let (result, read, written, ended) =
                self.reader.read_record(input, &mut self.fields[self.written..], &mut self.ends[self.count..]);
            input = &input[read..];
            self.written += written;
            self.count += ended;
            match result {
                csv_core::ReadRecordResult::InputEmpty => return Fed::Open,
                csv_core::ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                csv_core::ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                csv_core::ReadRecordResult::Record if matches!(input, b"" | b"\n") => {
                    self.set_bounds();
                    return Fed::Record;
                }
                csv_core::ReadRecordResult::Record | csv_core::ReadRecordResult::End => {
                    return Fed::Broken;
                }
            }
        }
    }

    fn set_bounds(&mut self) {
        self.bounds.clear();
        let mut from = 0;
        for &to in &self.ends[..self.count] {
            self.bounds.push((from, to as u32));
            from = to as u32;
        }
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of every byte of `word` that is `byte`, and no other bit.
#[inline]
fn marks(word: u64, byte: u8) -> u64 {
    let x = word ^ (LOW * u64::from(byte));
    !(((x & !HIGH) + !HIGH) | x) & HIGH
}

/// The first place of `byte`, eight bytes at a time.
#[inline]
pub(super) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let hits = marks(u64::from_le_bytes(*word), byte);
        if hits != 0 {
            return Some(i * 8 + hits.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|&b| b == byte).map(|i| words.len() * 8 + i)
}

/// Splits a line at its commas. False, with the bounds unfinished, when there is a quote in it.
#[inline]
fn split_plain(text: &[u8], bounds: &mut Vec<(u32, u32)>) -> bool {
    bounds.clear();
    let mut from = 0;
    let (words, rest) = text.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        if marks(word, b'"') != 0 {
            return false;
        }
        let mut commas = marks(word, b',');
        while commas != 0 {
            let at = i as u32 * 8 + commas.trailing_zeros() / 8;
            bounds.push((from, at));
            from = at + 1;
            commas &= commas - 1;
        }
    }
    for (i, &b) in rest.iter().enumerate() {
        let at = (words.len() * 8 + i) as u32;
        match b {
            b'"' => return false,
            b',' => {
                bounds.push((from, at));
                from = at + 1;
            }
            _ => {}
        }
    }
    bounds.push((from, text.len() as u32));
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Default, PartialEq)]
    struct Seen(Vec<(u64, Vec<String>, bool)>, Vec<(u64, Cause)>);

    impl RecordSink for Seen {
        type Error = ();

        fn record(&mut self, record: &Record<'_>) -> Result<(), ()> {
            let fields = record.fields().map(|f| String::from_utf8_lossy(f).into_owned()).collect();
            self.0.push((record.line, fields, record.ended));
            Ok(())
        }

        fn bad_line(&mut self, line: u64, cause: Cause) -> Result<(), ()> {
            self.1.push((line, cause));
            Ok(())
        }
    }

    fn read_in(text: &[u8], cap: usize, chunk: usize) -> Seen {
        let mut seen = Seen::default();
        let mut lines = Lines::new(cap);
        for part in text.chunks(chunk) {
            lines.push(part, &mut seen).unwrap();
        }
        lines.end(false, &mut seen).unwrap();
        seen
    }

    fn read(text: &str) -> Seen {
        read_in(text.as_bytes(), 1000, usize::MAX)
    }

    fn rows(seen: &Seen) -> Vec<(u64, Vec<&str>)> {
        seen.0.iter().map(|(line, fields, _)| (*line, fields.iter().map(String::as_str).collect())).collect()
    }

    #[test]
    fn lf_and_crlf_and_blank_lines() {
        let seen = read("a,b\r\n\r\n  \nc,,d\n");
        assert_eq!(rows(&seen), [(1, vec!["a", "b"]), (4, vec!["c", "", "d"])]);
    }

    #[test]
    fn the_last_line_without_newline_is_marked() {
        let seen = read("a,b\nc,d");
        assert_eq!(seen.0.iter().map(|r| r.2).collect::<Vec<_>>(), [true, false]);
        assert!(read("a,\"b\"").0[0].2);
    }

    #[test]
    fn quotes_commas_and_newlines_inside_quotes() {
        let seen = read("\"a,b\",\"c \"\"d\"\"\"\r\n\"e\nf\",g\nh,i\n");
        assert_eq!(rows(&seen), [(1, vec!["a,b", "c \"d\""]), (2, vec!["e\nf", "g"]), (4, vec!["h", "i"])]);
    }

    #[test]
    fn a_quote_inside_an_unquoted_field_is_data() {
        assert_eq!(rows(&read("=F(\"x\"),1\n")), [(1, vec!["=F(\"x\")", "1"])]);
    }

    #[test]
    fn a_quote_never_closed_is_reported_and_swallows_nothing() {
        let seen = read("a,b\n\"c,d\ne,f\ng,h");
        assert_eq!(rows(&seen), [(1, vec!["a", "b"]), (3, vec!["e", "f"]), (4, vec!["g", "h"])]);
        assert_eq!(seen.1, [(2, Cause::OpenQuote)]);
        assert!(!seen.0[2].2);
    }

    #[test]
    fn an_open_quote_is_given_up_at_the_cap() {
        let text = format!("\"a,b\n{}", "c,d\n".repeat(50));
        let seen = read_in(text.as_bytes(), 40, usize::MAX);
        assert_eq!(seen.0.len(), 50);
        assert_eq!(seen.1, [(1, Cause::OpenQuote)]);
    }

    #[test]
    fn a_second_open_quote_while_rereading_is_found_too() {
        let seen = read("\"a\nx\",\"y\nd,e\n");
        // Line 2 closes the quote of line 1 and opens another; read alone it opens one, too.
        assert_eq!(seen.1, [(1, Cause::OpenQuote), (2, Cause::OpenQuote)]);
        assert_eq!(rows(&seen), [(3, vec!["d", "e"])]);
    }

    #[test]
    fn a_thousand_open_quotes_are_not_a_thousand_rereadings() {
        // From either state this line ends with an open quote.
        let text = "x\",\"\n".repeat(20_000);
        let seen = read_in(text.as_bytes(), 65_536, usize::MAX);
        assert_eq!(seen.0.len() + seen.1.len(), 20_000);
    }

    #[test]
    fn a_line_beyond_the_cap_is_dropped_and_counted() {
        let text = format!("a,b\n{}\nc,d\n", "x".repeat(100));
        for chunk in [1, 7, 1000] {
            let seen = read_in(text.as_bytes(), 50, chunk);
            assert_eq!(rows(&seen), [(1, vec!["a", "b"]), (3, vec!["c", "d"])]);
            assert_eq!(seen.1, [(2, Cause::TooLong)]);
        }
    }

    #[test]
    fn a_carriage_return_alone_does_not_end_a_quoted_record() {
        assert_eq!(read("\"a\"\r\"b\"\nc\n").1, [(1, Cause::CarriageReturn)]);
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[ab\",\r\n\u{0}]{0,120}", cap in 5usize..60, chunk in 1usize..20) {
            let whole = read_in(text.as_bytes(), cap, usize::MAX);
            prop_assert_eq!(read_in(text.as_bytes(), cap, chunk), whole);
        }

        #[test]
        fn every_line_that_is_not_blank_is_a_record_or_reported(text in "[a\",\n]{0,200}") {
            // With quotes taken out nothing may be lost.
            let plain = text.replace('"', "");
            let expected = plain.split('\n').filter(|l| !l.is_empty()).count();
            prop_assert_eq!(read(&plain).0.len(), expected);
        }

        #[test]
        fn find_is_position(bytes in prop::collection::vec(prop_oneof![Just(10u8), Just(11), Just(138), Just(0)], 0..40)) {
            prop_assert_eq!(find(&bytes, 10), bytes.iter().position(|&b| b == 10));
        }
    }
}
