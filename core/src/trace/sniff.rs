//! What a file is when it is not a trace: recognised by its first bytes, never by its name, and told in words.

use super::error::{ErrorCode, Refusal};

/// How many unpacked bytes are looked at before the text is read.
pub(super) const HEAD: usize = 512;

/// The beginning of a gzip member.
pub(super) const GZIP: &[u8] = b"\x1f\x8b";

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

const EXTRACT: &str = "Extract it and choose the file inside.";

const NO_TEXT: &str = "this is not a text file";
const TEXTS: &str = "What can be opened are scenarios (.json) and traces (.csv, .swf).";

/// The first bytes of other formats: (bytes, what it is, what to do).
const MAGIC: &[(&[u8], &str, &str)] = &[
    (
        b"Rar!\x1a\x07",
        "this is a RAR archive",
        "Extract it first: the official Azure Functions 2021 download holds AzureFunctionsInvocationTraceForTwoWeeksJan2021.txt.",
    ),
    (b"PAR1", "this is a Parquet file", "Export its table as CSV in one of the formats read here."),
    (b"PK\x03\x04", "this is a zip archive (or a spreadsheet)", "Extract it, or save the sheet as CSV, and choose that file."),
    (b"PK\x05\x06", "this is an empty zip archive", EXTRACT),
    (GZIP, "this is gzip data packed a second time", "Unpack it once and choose the result."),
    (b"7z\xbc\xaf\x27\x1c", "this is a 7z archive", EXTRACT),
    (b"BZh", "this is bzip2 data", "Unpack it, or pack it with gzip, which is read as it is."),
    (b"\xfd7zXZ\x00", "this is xz data", "Unpack it, or pack it with gzip, which is read as it is."),
    (b"\x28\xb5\x2f\xfd", "this is zstd data", "Unpack it, or pack it with gzip, which is read as it is."),
    (b"\xff\xfe", "this is UTF-16 text", "Save it as UTF-8: spreadsheets call that \"CSV UTF-8\"."),
    (b"\xfe\xff", "this is UTF-16 text", "Save it as UTF-8: spreadsheets call that \"CSV UTF-8\"."),
    (b"SQLite format 3\x00", "this is a SQLite database", "Export its table as CSV in one of the formats read here."),
    (b"\x89HDF", "this is an HDF5 file", "Export its table as CSV in one of the formats read here."),
    (b"%PDF", "this is a PDF document", "Choose the trace itself."),
    (b"\x89PNG", NO_TEXT, TEXTS),
    (b"\xff\xd8\xff", NO_TEXT, TEXTS),
    (b"GIF8", NO_TEXT, TEXTS),
    (
        b"version https://git-lfs.github.com/spec/",
        "this is a Git LFS pointer, not the data",
        "Fetch the data with \"git lfs pull\", or download the file from the repository's page.",
    ),
];

/// Refuses what is certainly no CSV text. `head` is the first [`HEAD`] bytes, or the whole file when it is shorter.
pub(super) fn refuse(head: &[u8]) -> Result<(), Refusal> {
    let no = |message: &str, hint: &str| Err(Refusal::new(ErrorCode::NotATrace, message, hint));
    for (magic, message, hint) in MAGIC {
        if head.starts_with(magic) {
            return no(message, hint);
        }
    }
    if matches!(head, [0x80, 2..=5, ..]) {
        return no("this is a Python pickle", "Loading one runs the code in it, so none is read. Write the trace as CSV.");
    }
    if head.get(257..262) == Some(b"ustar") {
        return no("this is a tar archive", EXTRACT);
    }
    // UTF-16 without a byte order mark: every other byte of plain text is zero.
    if head.len() >= 8 && {
        let (pairs, _) = head[..head.len().min(64)].as_chunks::<2>();
        pairs.iter().all(|p| p[0] != 0 && p[1] == 0) || pairs.iter().all(|p| p[0] == 0 && p[1] != 0)
    } {
        return no("this is UTF-16 text", "Save it as UTF-8: spreadsheets call that \"CSV UTF-8\".");
    }
    let first_line = head.split(|&b| b == b'\n').next().unwrap_or(head);
    if first_line.iter().any(|&b| b < b' ' && !matches!(b, b'\t' | b'\r')) {
        return no(NO_TEXT, TEXTS);
    }
    if !head.contains(&b'\n') && head.windows(2).any(|pair| pair[0] == b'\r') {
        return no("its lines end with carriage returns alone", "Save it with the line ends of Unix or Windows.");
    }
    let text = head.strip_prefix(UTF8_BOM).unwrap_or(head).trim_ascii_start();
    let starts = |what: &[u8]| text.len() >= what.len() && text[..what.len()].eq_ignore_ascii_case(what);
    if starts(b"<!doctype") || starts(b"<html") || starts(b"<?xml") || starts(b"<head") {
        return no(
            "this looks like an HTML page, not a trace",
            "Links to these data sets have died before: open the file to read what the server said, and download it again.",
        );
    }
    if matches!(text.first(), Some(b'{' | b'[')) {
        return no("this looks like JSON, not a trace", "Traces are CSV. If this is a scenario, open it as one.");
    }
    Ok(())
}

/// Whether a text is a log in the Standard Workload Format, which has no header: it begins with a comment that no other format knows, or
/// with 18 numbers separated by blanks.
pub(super) fn is_swf(head: &[u8]) -> bool {
    let is_number = |field: &[u8]| super::decimal::Decimal::parse(field).is_ok();
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    lines.next().is_some_and(|line| {
        let fields = || line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
        line[0] == b';' && line.contains(&b':') || fields().count() == 18 && fields().all(is_number)
    })
}

/// How many bytes of byte order mark the text begins with.
pub(super) fn bom_len(head: &[u8]) -> usize {
    if head.starts_with(UTF8_BOM) { UTF8_BOM.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_trace_is_not_refused() {
        assert_eq!(refuse(b"app,func,end_timestamp,duration\n"), Ok(()));
        assert_eq!(refuse(b""), Ok(()));
        assert_eq!(refuse(b"a\n"), Ok(()));
    }

    #[test]
    fn each_kind_is_told_in_words() {
        let cases: [(&[u8], &str); 11] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
            (b"\x7fELF\x02\x01\x01\0\0\n", "not a text file"),
            (b"app,func\rx,y\r", "carriage returns"),
            (b"PAR1....", "Parquet"),
            (b"Rar!\x1a\x07\x01\x00", "RAR"),
            (b"PK\x03\x04", "zip"),
            (b"a\0p\0p\0,\0f\0", "UTF-16"),
            (b"\xff\xfea\0", "UTF-16"),
            (b" <!DOCTYPE html>", "HTML"),
            (b"version https://git-lfs.github.com/spec/v1", "LFS"),
            (b"\x80\x04\x95", "pickle"),
        ];
        for (bytes, word) in cases {
            let refusal = refuse(bytes).unwrap_err();
            assert!(refusal.message.contains(word), "{}", refusal.message);
            assert!(refusal.hint.ends_with('.'));
        }
    }
}
