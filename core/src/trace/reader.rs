//! Bytes of files to a trace: unpacking, sniffing, the header, and the account of every row.

use std::io::Write;
use std::mem;

use flate2::write::MultiGzDecoder;

use super::error::{ErrorCode, Refusal, TraceError};
use super::fingerprint::Fingerprint;
use super::lines::{Lines, Record, RecordSink};
use super::report::{Cause, EXAMPLES, FileReport, Reject, Rejected, Report, Tally, plural, shorten, shown};
use super::{Bad, Entry, Format, Header, Kind, Limits, Loader, TraceData, sniff};
use crate::units::thousands;

/// Takes the bytes of one or several files, in any chunking, and never holds a file.
///
/// Call [`begin_file`](Self::begin_file), [`push`](Self::push) as often as there are chunks, [`end_file`](Self::end_file), for each file;
/// then [`finish`](Self::finish). After an error the reader stays in it: every later call returns the same error.
/// Memory is that of the functions and the kept rows, 20 bytes per invocation (28 in the own CSV, about 100 of a
/// task that may wait for others, whose name is kept).
///
/// ```
/// use faaslab_core::trace::{Limits, Reader};
///
/// let mut reader = Reader::new(Limits::default());
/// reader.begin_file("two calls");
/// reader.push(b"function,mem_mb,warm_ms,cold_ms,arrival_ms\nf,128,10,200,0\nf,128,10,200,500\n")?;
/// reader.end_file()?;
/// let (data, report) = reader.finish()?;
/// assert_eq!(data.invocations(), 2);
/// assert_eq!(report.span_ns, 500_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader {
    limits: Limits,
    /// Whether somebody else computes the fingerprints of the files.
    unhashed: bool,
    active: Option<Active>,
    done: Vec<Done>,
    open: Option<File>,
    failed: Option<TraceError>,
}

/// The format that the first header decided.
struct Active {
    format: Format,
    loader: Box<dyn Loader>,
    /// Kinds seen, with the number of their file.
    kinds: Vec<(usize, usize)>,
}

/// A file that was read.
struct Done {
    name: String,
    bytes: u64,
    sha256: String,
    kind: &'static str,
    tally: Tally,
    assumed: Vec<String>,
    warnings: Vec<String>,
}

/// The file being read.
struct File {
    bytes: u64,
    /// Nothing where somebody else computes it.
    fingerprint: Option<Fingerprint>,
    packing: Packing,
    /// The first bytes of the text, until there are enough to tell what it is.
    head: Option<Vec<u8>>,
    lines: Lines,
    table: Table,
}

enum Packing {
    /// The first byte, when only one has come.
    Unknown(Vec<u8>),
    Plain,
    Gzip {
        decoder: Box<MultiGzDecoder<Vec<u8>>>,
        unpacked: u64,
    },
}

/// How much packed data is unpacked before the text is read on: gzip expands at most 1,032 times.
const PACKED_STEP: usize = 4096;

/// The rows of the file being read.
struct Table {
    name: String,
    number: usize,
    header: Option<Header>,
    kind: &'static str,
    tally: Tally,
    last_column: LastColumn,
    assumed: Vec<String>,
    warnings: Vec<String>,
}

impl Reader {
    /// A reader for one trace.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, unhashed: false, active: None, done: Vec::new(), open: None, failed: None }
    }

    /// A reader that leaves the [`Fingerprint`] of each file to somebody who has the bytes too, and tells it at the file's end
    /// ([`end_file_as`](Self::end_file_as)). It takes as long as all the rest.
    #[must_use]
    pub fn unhashed(limits: Limits) -> Self {
        Self { unhashed: true, ..Self::new(limits) }
    }

    /// The bytes that follow are of a file with this name. A file still open is ended first.
    pub fn begin_file(&mut self, name: &str) {
        if self.open.is_some() && self.end_file().is_err() {
            // Kept, and returned by the next call.
            return;
        }
        self.open = Some(File {
            bytes: 0,
            fingerprint: (!self.unhashed).then(Fingerprint::default),
            packing: Packing::Unknown(Vec::new()),
            head: Some(Vec::new()),
            lines: Lines::new(self.limits.max_line_bytes),
            table: Table {
                name: name.to_owned(),
                number: self.done.len(),
                header: None,
                kind: "",
                tally: Tally::default(),
                last_column: LastColumn::default(),
                assumed: Vec::new(),
                warnings: Vec::new(),
            },
        });
    }

    /// The next bytes of the file, as they are stored.
    ///
    /// # Errors
    /// When the file cannot be a trace, or the trace goes beyond the limits. Bad rows are not errors.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), TraceError> {
        if self.open.is_none() && self.failed.is_none() {
            self.begin_file("trace");
        }
        self.attempt(|file, context| file.push(bytes, context))
    }

    /// The file is complete.
    ///
    /// # Errors
    /// As [`push`](Self::push); also when the file is empty, has no row that could be kept, or its gzip data is cut short.
    pub fn end_file(&mut self) -> Result<(), TraceError> {
        self.end_file_as(String::new())
    }

    /// The file is complete, and this is its fingerprint, unless the reader computes it.
    ///
    /// # Errors
    /// As [`end_file`](Self::end_file).
    pub fn end_file_as(&mut self, sha256: String) -> Result<(), TraceError> {
        self.attempt(File::end)?;
        if let Some(File { bytes, fingerprint, table, .. }) = self.open.take() {
            let sha256 = fingerprint.map_or(sha256, Fingerprint::sha256);
            let Table { name, kind, tally, assumed, warnings, .. } = table;
            self.done.push(Done { name, bytes, sha256, kind, tally, assumed, warnings });
        }
        Ok(())
    }

    /// Does something with the open file, if there is one, and remembers a failure.
    fn attempt(&mut self, act: impl FnOnce(&mut File, &mut Context<'_>) -> Result<(), TraceError>) -> Result<(), TraceError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let Some(file) = &mut self.open else {
            return Ok(());
        };
        let mut context = Context { limits: &self.limits, active: &mut self.active, done: &self.done };
        act(file, &mut context).inspect_err(|error| {
            self.failed = Some(error.clone());
            self.open = None;
        })
    }

    /// Rows kept so far, over all files.
    #[must_use]
    pub fn rows_so_far(&self) -> u64 {
        let open = self.open.as_ref().map_or(0, |file| file.table.tally.kept);
        self.done.iter().map(|file| file.tally.kept).sum::<u64>() + open
    }

    /// All files are read: the trace and the account of it. A file still open is ended first.
    ///
    /// # Errors
    /// As [`end_file`](Self::end_file); also when there was no file, when a file that completes another came alone, or when the trace has too
    /// many invocations.
    pub fn finish(mut self) -> Result<(TraceData, Report), TraceError> {
        self.end_file()?;
        let Some(Active { format, loader, .. }) = self.active.take() else {
            return Err(Refusal::new(ErrorCode::NoFile, "no file was given", "Choose the file or files of one trace.").at("", None));
        };
        let mut tallies: Vec<Tally> = self.done.iter_mut().map(|file| mem::take(&mut file.tally)).collect();
        let blamed = if let [only] = self.done.as_slice() { only.name.as_str() } else { "" };
        let loaded = loader.finish(&mut tallies).map_err(|refusal| refusal.at(blamed, None))?;

        let mut rejected = Vec::new();
        let mut reasons: Vec<(String, u64)> = Vec::new();
        let mut assumed = Vec::new();
        let mut warnings = Vec::new();
        let mut files = Vec::new();
        for (file, tally) in self.done.into_iter().zip(&tallies) {
            rejected.extend(tally.examples().into_iter().map(|(line, reason)| Rejected { file: file.name.clone(), line, reason }));
            for (reason, count) in tally.reasons() {
                match reasons.iter_mut().find(|r| r.0 == reason) {
                    Some(known) => known.1 += count,
                    None => reasons.push((reason, count)),
                }
            }
            assumed.extend(file.assumed);
            warnings.extend(file.warnings);
            files.push(FileReport {
                name: file.name,
                bytes: file.bytes,
                sha256: file.sha256,
                rows_kept: tally.kept,
                rows_rejected: tally.rejected,
                kind: file.kind.to_owned(),
            });
        }
        rejected.truncate(EXAMPLES);
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        assumed.extend(loaded.assumed);
        warnings.extend(loaded.warnings);
        let mut apps: Vec<&str> = loaded.data.functions.iter().map(|f| f.app.as_str()).collect();
        apps.sort_unstable();
        apps.dedup();
        let report = Report {
            format,
            rows_kept: files.iter().map(|f| f.rows_kept).sum(),
            rows_rejected: files.iter().map(|f| f.rows_rejected).sum(),
            files,
            rejected,
            reasons,
            invocations: loaded.data.invocations(),
            functions: loaded.data.functions.len() as u64,
            apps: apps.len() as u64,
            span_ns: loaded.span_ns,
            median_execution_ns: loaded.median_execution_ns,
            assumed,
            warnings,
        };
        Ok((loaded.data, report))
    }
}

/// What a file needs of its reader.
struct Context<'a> {
    limits: &'a Limits,
    active: &'a mut Option<Active>,
    done: &'a [Done],
}

impl File {
    fn push(&mut self, bytes: &[u8], context: &mut Context<'_>) -> Result<(), TraceError> {
        self.bytes += bytes.len() as u64;
        if let Some(fingerprint) = &mut self.fingerprint {
            fingerprint.push(bytes);
        }
        let Packing::Unknown(first) = &mut self.packing else {
            return self.packed(bytes, context);
        };
        first.extend_from_slice(&bytes[..bytes.len().min(sniff::GZIP.len())]);
        if first.len() < sniff::GZIP.len() {
            return Ok(());
        }
        let first = mem::take(first);
        let rest = &bytes[bytes.len().min(sniff::GZIP.len())..];
        self.packing = if first.starts_with(sniff::GZIP) {
            Packing::Gzip { decoder: Box::new(MultiGzDecoder::new(Vec::new())), unpacked: 0 }
        } else {
            Packing::Plain
        };
        self.packed(&first, context)?;
        self.packed(rest, context)
    }

    /// Bytes as they are stored, now that the packing is known.
    fn packed(&mut self, bytes: &[u8], context: &mut Context<'_>) -> Result<(), TraceError> {
        if !matches!(self.packing, Packing::Gzip { .. }) {
            return self.text(bytes, context);
        }
        bytes.chunks(PACKED_STEP).try_for_each(|step| self.unpack(Some(step), context))
    }

    /// Unpacks the next bytes, or what is left at the end, and reads the text.
    fn unpack(&mut self, step: Option<&[u8]>, context: &mut Context<'_>) -> Result<(), TraceError> {
        let Packing::Gzip { decoder, unpacked } = &mut self.packing else {
            return Ok(());
        };
        let result = match step {
            Some(step) => decoder.write_all(step),
            None => decoder.try_finish(),
        };
        let mut text = mem::take(decoder.get_mut());
        let room = context.limits.max_unpacked_bytes.saturating_sub(*unpacked);
        let bomb = text.len() as u64 > room;
        if bomb {
            text.truncate(room as usize);
        }
        *unpacked += text.len() as u64;
        self.text(&text, context)?;
        if let Packing::Gzip { decoder, .. } = &mut self.packing {
            // The buffer serves again.
            text.clear();
            *decoder.get_mut() = text;
        }
        if bomb {
            let limit = thousands(context.limits.max_unpacked_bytes);
            let refusal = Refusal::new(
                ErrorCode::Gzip,
                format!("the file unpacks to more than {limit} bytes"),
                "Load a part of it, or unpack it first.",
            );
            return Err(self.refuse(refusal));
        }
        result.map_err(|_| {
            let message = if step.is_some() { "the gzip data is damaged" } else { "the gzip data is damaged or cut short" };
            self.refuse(Refusal::new(ErrorCode::Gzip, message, "Download or pack the file again."))
        })
    }

    /// Text: its head is looked at before any line of it is read.
    fn text(&mut self, bytes: &[u8], context: &mut Context<'_>) -> Result<(), TraceError> {
        let Some(head) = &mut self.head else {
            return self.lines.push(bytes, &mut Sink { table: &mut self.table, context });
        };
        let (more, rest) = bytes.split_at(bytes.len().min(sniff::HEAD - head.len()));
        head.extend_from_slice(more);
        if head.len() == sniff::HEAD {
            self.open_text(context)?;
            self.lines.push(rest, &mut Sink { table: &mut self.table, context })?;
        }
        Ok(())
    }

    fn open_text(&mut self, context: &mut Context<'_>) -> Result<(), TraceError> {
        let Some(head) = self.head.take() else {
            return Ok(());
        };
        sniff::refuse(&head).map_err(|refusal| self.refuse(refusal))?;
        let text = &head[sniff::bom_len(&head)..];
        let mut sink = Sink { table: &mut self.table, context };
        if sniff::is_swf(text) {
            self.lines.split_at_blanks();
            let begun = sink.begin(Format::Swf, 0, assumed_header(Format::Swf, 0));
            begun.map_err(|refusal| refusal.at(&sink.table.name, Some(1)))?;
        }
        self.lines.push(text, &mut sink)
    }

    fn end(&mut self, context: &mut Context<'_>) -> Result<(), TraceError> {
        if self.bytes == 0 {
            return Err(self.refuse(Refusal::new(
                ErrorCode::EmptyFile,
                "the file is empty (0 bytes)",
                "Download or export it again.",
            )));
        }
        if let Packing::Unknown(first) = &mut self.packing {
            let first = mem::take(first);
            self.packing = Packing::Plain;
            self.text(&first, context)?;
        }
        self.unpack(None, context)?;
        self.open_text(context)?;
        // gzip carries its length and a checksum, which held.
        let all_here = matches!(self.packing, Packing::Gzip { .. });
        self.lines.end(all_here, &mut Sink { table: &mut self.table, context })?;

        let table = &self.table;
        if table.header.is_none() {
            return Err(self.refuse(Refusal::new(
                ErrorCode::EmptyFile,
                "the file has only blank lines",
                "Download or export it again.",
            )));
        }
        if table.tally.kept == 0 {
            let kind = table.kind;
            let refusal = if table.tally.rejected == 0 {
                let message = format!("the header is recognised ({kind}) but there are no rows");
                Refusal::new(ErrorCode::NoRows, message, "Download or export the file again.")
            } else {
                let reasons = table.tally.reasons().map(|(reason, count)| format!("{reason} ({})", thousands(count)));
                let first = table.tally.examples().first().map_or(String::new(), |e| format!("Line {}: {}. ", e.0, e.1));
                let mut hint = format!("{first}Correct the rows");
                if table.tally.reasons().any(|(reason, _)| reason == "last line incomplete") {
                    hint += "; if the file is complete, end it with a newline";
                }
                let message = format!(
                    "the header is recognised ({kind}) but none of {} can be used: {}",
                    plural(table.tally.rejected, "row"),
                    reasons.collect::<Vec<_>>().join(", ")
                );
                Refusal::new(ErrorCode::NoRows, message, hint + ".")
            };
            return Err(self.refuse(refusal));
        }
        Ok(())
    }

    fn refuse(&self, refusal: Refusal) -> TraceError {
        refusal.at(&self.table.name, None)
    }
}

/// The table together with what it needs while lines are read.
struct Sink<'a, 'c> {
    table: &'a mut Table,
    context: &'a mut Context<'c>,
}

impl RecordSink for Sink<'_, '_> {
    type Error = TraceError;

    fn record(&mut self, record: &Record<'_>) -> Result<(), TraceError> {
        let at = |refusal: Refusal, table: &Table| refusal.at(&table.name, Some(record.line));
        if self.table.header.is_none() {
            let has_names = self.header(record).map_err(|refusal| at(refusal, self.table))?;
            if has_names {
                return Ok(());
            }
        }
        let table = &mut *self.table;
        let (Some(header), Some(active)) = (&table.header, &mut *self.context.active) else {
            return Ok(());
        };
        let names = &header.names;
        let count = names.len();
        let last = record.field(count - 1);
        let row = if !record.ended && (record.len() < count || record.len() == count && table.last_column.may_be_cut(last)) {
            Err(Reject::row(Cause::Incomplete).into())
        } else if record.len() != count {
            Err(Reject::row(Cause::FieldCount).into())
        } else {
            active.loader.row(record)
        };
        match row {
            Ok(()) => {
                table.tally.kept += 1;
                table.last_column.note(last);
                Ok(())
            }
            Err(Bad::Row(mut reject)) => {
                if record.len() == count && record.fields().zip(names).all(|(field, name)| field.trim_ascii() == name.as_bytes()) {
                    reject = Reject::row(Cause::RepeatedHeader);
                }
                table.tally.reject(reject, record, names);
                Ok(())
            }
            Err(Bad::Trace(refusal)) => Err(at(refusal, table)),
        }
    }

    fn bad_line(&mut self, line: u64, cause: Cause) -> Result<(), TraceError> {
        if self.table.header.is_some() {
            self.table.tally.reject_line(cause, line);
            return Ok(());
        }
        let kib = self.context.limits.max_line_bytes / 1024;
        let message = match cause {
            Cause::TooLong => {
                format!("the first line is longer than {kib} KiB, so it is no header")
            }
            Cause::OpenQuote => "the header has a quote that is never closed".to_owned(),
            _ => "the header has a carriage return inside".to_owned(),
        };
        Err(Refusal::new(ErrorCode::BadHeader, message, accepted()).at(&self.table.name, Some(line)))
    }
}

impl Sink<'_, '_> {
    /// Decides the format by the first record. False when that is a row already.
    fn header(&mut self, record: &Record<'_>) -> Result<bool, Refusal> {
        let names = record.fields().map(|f| String::from_utf8_lossy(f).trim().to_owned()).collect();
        let found = Header { names };
        let fields: Vec<&[u8]> = record.fields().collect();
        let (format, kind, has_names) = match best(&found) {
            Some(fit) if fit.missing.is_empty() => (fit.format, fit.kind, true),
            fit => match headerless(&fields) {
                Some((format, kind)) => (format, kind, false),
                None => return Err(unknown(&found, &fields, fit)),
            },
        };
        let (entry, header) = (format.entry(), if has_names { found } else { assumed_header(format, kind) });
        if let Some((i, name)) =
            header.names.iter().enumerate().find(|(i, name)| !name.is_empty() && header.names[..*i].contains(name))
        {
            let first = header.at(name) + 1;
            return Err(Refusal::new(
                ErrorCode::DuplicateColumn,
                format!("two columns are named {name:?} (columns {first} and {})", i + 1),
                "Remove or rename one of them: which of the two is meant cannot be told.",
            ));
        }
        self.note_header(entry, kind, &header, has_names);
        self.begin(format, kind, header)?;
        Ok(has_names)
    }

    /// From here on the file is of a kind.
    fn begin(&mut self, format: Format, kind: usize, header: Header) -> Result<(), Refusal> {
        let entry = format.entry();
        let number = self.table.number;
        let active = self.context.active.get_or_insert_with(|| Active {
            format,
            loader: (entry.loader)(self.context.limits),
            kinds: Vec::new(),
        });
        if active.format != format {
            let first = self.context.done.first().map_or("", |file| file.name.as_str());
            return Err(Refusal::new(
                ErrorCode::MixedFormats,
                format!("this is {}, but {first:?} is {}", entry.name, active.format.name()),
                "Load one trace at a time.",
            ));
        }
        if let Some((_, earlier)) = active.kinds.iter().find(|k| k.0 == kind) {
            let earlier = self.context.done.get(*earlier).map_or("", |file| file.name.as_str());
            return Err(Refusal::new(
                ErrorCode::DuplicateFile,
                format!("this is a second file of the same kind ({}) after {earlier:?}", entry.kinds[kind].name),
                "Choose one of the two.",
            ));
        }
        active.kinds.push((kind, number));
        active.loader.begin(kind, &header, number)?;
        self.table.kind = entry.kinds[kind].name;
        self.table.header = Some(header);
        Ok(())
    }

    fn note_header(&mut self, entry: &Entry, kind: usize, header: &Header, has_names: bool) {
        let table = &mut *self.table;
        if !has_names {
            let names = header.names.join(",");
            table.assumed.push(format!("The file has no header: its columns are taken as {names} ({}).", entry.name));
        }
        if entry.kinds.len() == 1 {
            let unused: Vec<String> = header
                .names
                .iter()
                .filter(|name| !entry.kinds[kind].required.contains(&name.as_str()))
                .filter(|name| !entry.kinds[kind].optional.contains(&name.as_str()))
                .map(|name| format!("{:?}", shorten(name, 40)))
                .collect();
            if !unused.is_empty() {
                let some = unused.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
                table.warnings.push(format!("{} not used: {some}.", plural(unused.len() as u64, "column")));
            }
        }
    }
}

/// How well a header fits a kind of file.
struct Fit {
    format: Format,
    kind: usize,
    missing: Vec<&'static str>,
    present: usize,
}

/// The kind that lacks the smallest part of its columns; the earlier one of equals.
fn best(header: &Header) -> Option<Fit> {
    let mut best: Option<Fit> = None;
    for &format in Format::ALL {
        for (kind, Kind { required, also, never, .. }) in format.entry().kinds.iter().enumerate() {
            if never.iter().any(|name| header.position(name).is_some()) {
                continue;
            }
            let mut missing: Vec<&'static str> = required.iter().copied().filter(|name| header.position(name).is_none()).collect();
            let present = required.len() - missing.len();
            if let Some(also) = also
                && !(also.test)(header)
            {
                missing.push(also.name);
            }
            let fit = Fit { format, kind, missing, present };
            // Compared as fractions: missing / (missing + present).
            let better = |other: &Fit| {
                fit.missing.len() * (other.missing.len() + other.present) < other.missing.len() * (fit.missing.len() + fit.present)
            };
            if best.as_ref().is_none_or(better) {
                best = Some(fit);
            }
        }
    }
    best
}

fn headerless(fields: &[&[u8]]) -> Option<(Format, usize)> {
    Format::ALL.iter().find_map(|format| Some((*format, format.entry().kinds.iter().position(|kind| (kind.headerless)(fields))?)))
}

fn assumed_header(format: Format, kind: usize) -> Header {
    Header { names: format.entry().kinds[kind].required.iter().map(|&name| name.to_owned()).collect() }
}

/// Why a first line is not taken: another delimiter, a missing column, or something unknown.
fn unknown(found: &Header, fields: &[&[u8]], fit: Option<Fit>) -> Refusal {
    let line = fields.join(&b","[..]);
    for (delimiter, name) in [(b';', "\";\""), (b'\t', "TAB"), (b'|', "\"|\""), (b' ', "spaces")] {
        let names = line.split(|&b| b == delimiter).map(|f| String::from_utf8_lossy(f).trim().to_owned()).collect();
        if let Some(fit) = best(&Header { names }).filter(|fit| fit.missing.is_empty()) {
            let hint = match delimiter {
                b';' => "Replace \";\" by \",\", and decimal commas by points first if there are any.",
                _ => "Save the file with commas between its columns.",
            };
            let message = format!("the columns are those of {} but separated by {name}: expected a comma", fit.format.name());
            return Refusal::new(ErrorCode::WrongDelimiter, message, hint);
        }
    }
    let columns = columns_found(found, fields);
    if let Some(fit) = fit.filter(|fit| fit.present >= 2 && fit.present >= fit.missing.len()) {
        let kind = fit.format.entry().kinds[fit.kind].name;
        let (noun, verb) = if fit.missing.len() == 1 { ("column", "is") } else { ("columns", "are") };
        let message = format!("{noun} {} {verb} missing for {kind}; found: {columns}", fit.missing.join(", "));
        return Refusal::new(ErrorCode::MissingColumn, message, accepted());
    }
    Refusal::new(ErrorCode::UnknownHeader, format!("the first line is no header that is known; found: {columns}"), accepted())
}

/// At most 12 columns, for a message.
fn columns_found(found: &Header, fields: &[&[u8]]) -> String {
    let mut names: Vec<String> = found
        .names
        .iter()
        .zip(fields)
        .take(12)
        .map(|(name, field)| if name.chars().any(char::is_control) { shown(field, 40) } else { shorten(name, 40) })
        .collect();
    if found.names.len() > names.len() {
        names.push(format!("and {} more", found.names.len() - names.len()));
    }
    names.join(", ")
}

/// The formats that are read, as a hint: a line for each.
fn accepted() -> String {
    let columns: Vec<String> = Format::ALL.iter().flat_map(|format| format.columns()).collect();
    format!("Accepted are {} kinds of files:\n{}", columns.len(), columns.join("\n"))
}

/// How the last column is written, to tell whether a last line without newline may have lost digits. See the module's documentation.
#[derive(Clone, Copy, Debug)]
struct LastColumn {
    any: bool,
    decimals: usize,
    digits: usize,
    /// The last whole number, while the column does not decrease.
    rising: Option<u64>,
}

impl Default for LastColumn {
    fn default() -> Self {
        Self { any: false, decimals: 0, digits: 0, rising: Some(0) }
    }
}

impl LastColumn {
    /// (digits before the point, decimals)
    fn shape(field: &[u8]) -> (usize, usize) {
        match field.iter().rposition(|&b| b == b'.') {
            Some(point) => (point, field.len() - point - 1),
            None => (field.len(), 0),
        }
    }

    fn whole(field: &[u8]) -> Option<u64> {
        std::str::from_utf8(field).ok()?.parse().ok()
    }

    #[inline]
    fn note(&mut self, field: &[u8]) {
        let (digits, decimals) = Self::shape(field);
        self.any = true;
        self.decimals = self.decimals.max(decimals);
        if decimals == 0 {
            self.digits = self.digits.max(digits);
            if let Some(last) = self.rising {
                self.rising = Self::whole(field).filter(|&value| value >= last);
            }
        }
    }

    fn may_be_cut(&self, field: &[u8]) -> bool {
        let (digits, decimals) = Self::shape(field);
        if !self.any || field.is_empty() || !field.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
            return true;
        }
        if decimals > 0 || self.decimals > 0 {
            return decimals == 0 || decimals < self.decimals;
        }
        digits < self.digits || self.rising.is_some_and(|last| Self::whole(field).is_none_or(|value| value < last))
    }
}
