//! Whole files through the reader: chunks, packing, the last line, headers, and the real and the malformed files of `../shared/traces`.
#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// Reads texts as files named by their position.
pub(super) fn load(files: &[&str]) -> Result<(TraceData, Report), TraceError> {
    let files: Vec<(String, &[u8])> = files.iter().enumerate().map(|(i, text)| (format!("{i}.csv"), text.as_bytes())).collect();
    load_bytes(&files, Limits::default(), &[])
}

pub(super) fn refused(files: &[&str]) -> TraceError {
    load(files).unwrap_err()
}

pub(super) fn text(sentences: &[String]) -> String {
    sentences.join(" ")
}

/// Reads files whose chunks end at `cuts` (taken modulo what is left), each in turn; without cuts, in one piece.
fn load_bytes(files: &[(String, &[u8])], limits: Limits, cuts: &[usize]) -> Result<(TraceData, Report), TraceError> {
    let mut reader = Reader::new(limits);
    let mut cuts = cuts.iter().cycle();
    for (name, bytes) in files {
        reader.begin_file(name);
        let mut rest = *bytes;
        while !rest.is_empty() {
            let size = cuts.next().map_or(rest.len(), |cut| 1 + cut % rest.len());
            let (chunk, more) = rest.split_at(size);
            reader.push(chunk)?;
            rest = more;
        }
        reader.end_file()?;
    }
    reader.finish()
}

fn one(bytes: &[u8]) -> Result<(TraceData, Report), TraceError> {
    load_bytes(&[("file".to_owned(), bytes)], Limits::default(), &[])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const SMALL: &str = "app,func,end_timestamp,duration\na,f,2.5,0.125\nb,g,1,0.5\na,f,7.75,0.001\n";

fn rows_of(report: &Report) -> (u64, u64) {
    (report.rows_kept, report.rows_rejected)
}

fn lines_of(report: &Report) -> Vec<u64> {
    report.rejected.iter().map(|r| r.line).collect()
}

mod reading {
    use super::*;

    #[test]
    fn the_report_has_bytes_and_sha256_as_read() {
        let (_, report) = one(b"app,func,end_timestamp,duration\na,f,1,0.5\n").unwrap();
        assert_eq!(report.files[0].bytes, 42);
        // printf 'app,func,end_timestamp,duration\na,f,1,0.5\n' | sha256sum
        assert_eq!(report.files[0].sha256, "9ae6126b0d6d96a62f0a4307255a3ed581b6105b6ba6ec1d77fc949f43be5cc0");
        assert_eq!(report.files[0].kind, "Azure Functions 2021");
    }

    #[test]
    fn gzip_is_unpacked_on_the_way() {
        let (expected, _) = one(SMALL.as_bytes()).unwrap();
        assert_eq!(one(&gzip(SMALL.as_bytes())).unwrap().0, expected);
    }

    #[test]
    fn gzip_of_several_members_is_one_text() {
        let (head, rest) = SMALL.split_at(40);
        let packed = [gzip(head.as_bytes()), gzip(rest.as_bytes())].concat();
        assert_eq!(one(&packed).unwrap().0, one(SMALL.as_bytes()).unwrap().0);
    }

    #[test]
    fn gzip_cut_short_or_damaged_is_refused() {
        let packed = gzip(SMALL.repeat(50).as_bytes());
        for end in [2, 9, 12, packed.len() / 2, packed.len() - 8, packed.len() - 1] {
            assert_eq!(one(&packed[..end]).unwrap_err().code, ErrorCode::Gzip, "{end}");
        }
        let mut damaged = packed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(one(&damaged).unwrap_err().code, ErrorCode::Gzip);
    }

    #[test]
    fn gzip_that_unpacks_beyond_the_limit_is_refused() {
        let packed = gzip(&[SMALL.as_bytes(), &b"\n".repeat(50_000_000)].concat());
        let limits = Limits { max_unpacked_bytes: 1_000_000, ..Limits::default() };
        let error = load_bytes(&[("bomb".to_owned(), &packed)], limits, &[]).unwrap_err();
        assert_eq!(error.code, ErrorCode::Gzip);
        assert!(error.message.contains("1,000,000"), "{error}");
    }

    #[test]
    fn the_last_line_of_gzip_needs_no_newline() {
        let text = b"app,func,end_timestamp,duration\na,f,1,0.125\na,f,2,0.5";
        assert_eq!(rows_of(&one(&gzip(text)).unwrap().1), (2, 0));
        assert_eq!(rows_of(&one(text).unwrap().1), (1, 1));
    }

    #[test]
    fn a_last_line_with_all_its_decimals_needs_no_newline() {
        let (data, report) = one(SMALL.trim_end().as_bytes()).unwrap();
        assert_eq!(rows_of(&report), (3, 0));
        assert_eq!(data, one(SMALL.as_bytes()).unwrap().0);
    }

    #[test]
    fn a_last_line_that_may_be_cut_is_rejected() {
        // Whatever is cut off the last row, no shorter number is taken for it.
        let text = SMALL.trim_end();
        for cut in 1..15 {
            let (_, report) = one(&text.as_bytes()[..text.len() - cut]).unwrap();
            assert_eq!(rows_of(&report).0, 2, "{cut}");
            if cut < 14 {
                assert_eq!((report.rejected[0].line, report.rejected[0].reason.as_str()), (4, "last line incomplete"), "{cut}");
            }
        }
    }

    #[test]
    fn a_whole_number_at_the_end_must_be_as_long_and_as_large() {
        let head = "function,mem_mb,warm_ms,cold_ms,arrival_ms\nf,1,1,2,9500\nf,1,1,2,9700\n";
        for (last, kept) in [("9700", 3), ("9699", 2), ("970", 2), ("97001", 3), ("", 2)] {
            assert_eq!(one(format!("{head}f,1,1,2,{last}").as_bytes()).unwrap().1.rows_kept, kept, "{last}");
        }
    }

    #[test]
    fn no_file_at_all_is_an_error() {
        assert_eq!(Reader::new(Limits::default()).finish().unwrap_err().code, ErrorCode::NoFile);
    }

    #[test]
    fn an_error_stays() {
        let mut reader = Reader::new(Limits::default());
        reader.begin_file("a");
        let error = reader.push(&[b'x'; 600]).and_then(|()| reader.end_file()).unwrap_err();
        assert_eq!(reader.push(b"y").unwrap_err(), error);
        reader.begin_file("b");
        assert_eq!(reader.end_file().unwrap_err(), error);
        assert_eq!(reader.finish().unwrap_err(), error);
    }

    #[test]
    fn rows_are_counted_while_reading() {
        let mut reader = Reader::new(Limits::default());
        reader.begin_file("a");
        reader.push(SMALL.repeat(20).as_bytes()).unwrap();
        // The header again is no row.
        assert_eq!(reader.rows_so_far(), 60);
    }

    #[test]
    fn blank_lines_before_the_header_are_skipped() {
        let (_, report) = one(format!("\n \r\n{SMALL}x\n").as_bytes()).unwrap();
        assert_eq!((rows_of(&report), lines_of(&report)), ((3, 1), vec![7]));
    }

    #[test]
    fn formats_are_not_mixed() {
        let own = "function,mem_mb,warm_ms,cold_ms,arrival_ms\nf,1,1,2,0\n";
        let error = refused(&[SMALL, own]);
        assert_eq!((error.code, error.file.as_str(), error.line), (ErrorCode::MixedFormats, "1.csv", Some(1)));
    }

    #[test]
    fn an_unknown_header_lists_columns_and_formats() {
        let error = refused(&["func_name,invoke_time_ms\nf,1\n"]);
        assert_eq!(error.code, ErrorCode::UnknownHeader);
        assert!(error.message.contains("func_name, invoke_time_ms"), "{error}");
        for format in Format::ALL {
            assert!(error.hint.contains(format.name()), "{error}");
        }
    }

    #[test]
    fn at_most_twenty_rejected_rows_are_told_and_all_are_counted() {
        let (_, report) = one(format!("{SMALL}{}", "a,f,x,1\n".repeat(30)).as_bytes()).unwrap();
        assert_eq!((report.rejected.len(), report.rows_rejected), (20, 30));
        assert_eq!(report.reasons, [("end_timestamp is not a number".to_owned(), 30)]);
    }

    #[test]
    fn formats_are_written_as_their_keys() {
        for format in Format::ALL {
            assert_eq!(serde_json::to_string(format).unwrap(), format!("\"{}\"", format.key()));
        }
        assert_eq!(Format::Own.key(), "faaslab_csv");
    }

    /// Text made of the pieces that matter to the reader.
    fn pieces(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(pieces), 0..60).prop_map(|p| p.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn chunks_change_nothing(
            body in pieces(&["a,f,1.5,0.5\n", "b,\"g\ng\",2,1\r\n", "\"", "\n", ",", "x", "1e-3", "a,f,9e15,0\n", "\u{0}", "é", "a,h,3.25,0.125"]),
            cuts in prop::collection::vec(0usize..50, 1..20),
            packed: bool,
            line in 20usize..200,
        ) {
            let text = format!("\u{feff}app,func,end_timestamp,duration\na,f,1,0\n{body}");
            let bytes = if packed { gzip(text.as_bytes()) } else { text.into_bytes() };
            let limits = Limits { max_line_bytes: line, ..Limits::default() };
            let files = [("file".to_owned(), bytes.as_slice())];
            prop_assert_eq!(load_bytes(&files, limits.clone(), &cuts), load_bytes(&files, limits, &[]));
        }

        #[test]
        fn every_row_is_kept_or_rejected(body in pieces(&["a,f,1.5,0.5\n", "a,f,x,1\n", "a,f,-1,1\n", "a,f,1\n", "a,f,1e30,1\n", "a,f,1e12,1\n"])) {
            let rows = body.matches('\n').count() as u64;
            if let Ok((data, report)) = one(format!("app,func,end_timestamp,duration\n{body}").as_bytes()) {
                prop_assert_eq!(report.rows_kept + report.rows_rejected, rows);
                prop_assert_eq!(data.invocations(), report.rows_kept);
                prop_assert_eq!(report.reasons.iter().map(|r| r.1).sum::<u64>(), report.rows_rejected);
                prop_assert_eq!(TraceData::from_bytes(&data.to_bytes()), Ok(data));
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..700), cut in 1usize..100) {
            let _ = load_bytes(&[("file".to_owned(), &bytes)], Limits::default(), &[cut]);
        }

        #[test]
        fn order_of_rows_does_not_matter(mut times in prop::collection::hash_set(0u32..10_000, 1..40), seed: u64) {
            let mut rows: Vec<String> = times.drain().map(|t| format!("a,f{},{t}.5,0.25\n", t % 7)).collect();
            rows.sort();
            let head = "app,func,end_timestamp,duration\n";
            let (expected, _) = one((head.to_owned() + &rows.concat()).as_bytes()).unwrap();
            let len = rows.len();
            rows.rotate_left(seed as usize % len);
            rows.reverse();
            prop_assert_eq!(one((head.to_owned() + &rows.concat()).as_bytes()).unwrap().0, expected);
        }
    }
}

/// The folder of files that do not belong to the project, or a note that it is absent.
fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FAASLAB_SHARED")
        .map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").into(), PathBuf::from);
    let traces = root.join("traces");
    if traces.is_dir() {
        return Some(traces.join(path));
    }
    println!("skipped: ../shared/traces is absent");
    None
}

/// Reads shared files in chunks of 64 KiB.
fn load_shared(paths: &[&str]) -> Option<Result<(TraceData, Report), TraceError>> {
    let mut files = Vec::new();
    for path in paths {
        files.push(((*path).to_owned(), std::fs::read(shared(path)?).unwrap()));
    }
    let files: Vec<(String, &[u8])> = files.iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())).collect();
    Some(load_bytes(&files, Limits::default(), &[65_535]))
}

mod real {
    use super::*;

    /// (tasks, jobs, dependencies, functions) of a shared file in which nothing is wrong.
    fn tasks_of(path: &str) -> Option<(u64, u64, usize, usize)> {
        let (data, report) = load_shared(&[path])?.unwrap();
        assert_eq!(
            (report.rows_rejected, &report.warnings[..].iter().filter(|w| w.contains("left out")).count()),
            (0, &0),
            "{path}"
        );
        assert_eq!(TraceData::from_bytes(&data.to_bytes()).unwrap(), data, "{path}");
        let (jobs, edges) = match &data.rows {
            Rows::Tasks { job, parents, .. } => (job.iter().max().map_or(0, |&j| u64::from(j) + 1), parents.len()),
            _ => (data.invocations(), 0),
        };
        Some((data.invocations(), jobs, edges, data.functions.len()))
    }

    #[test]
    fn workflow_tasks_with_their_parents() {
        for (path, expected) in [
            ("workflow/wtf_shell_tasks.csv", (10_208, 3_403, 6_805, 1)),
            ("workflow/wtf_askalon_tasks.csv", (460, 20, 1_520, 20)),
            ("workflow/gwf_workflow_tasks.csv", (30_746, 758, 41_939, 1)),
            ("workflow/surf_week_tasks.csv", (6_295, 6_295, 0, 1)),
        ] {
            let Some(found) = tasks_of(path) else { return };
            assert_eq!(found, expected, "{path}");
        }
        // Montage has 103 names of tasks, and eight programs.
        let Some(found) = tasks_of("workflow/wtf_montage_wfcommons_tasks.csv") else { return };
        assert_eq!(found, (103, 1, 231, 8));
    }

    #[test]
    fn logs_of_parallel_machines() {
        for (path, jobs) in [("lcg_20000", 20_000), ("nasa_ipsc_5000", 5_000), ("ricc_5000", 5_000)] {
            let Some(found) = tasks_of(&format!("swf/swf_{path}.swf")) else { return };
            assert_eq!((found.0, found.1, found.2), (jobs, jobs, 0), "{path}");
            assert!((20..1_000).contains(&found.3), "{path}: {} functions", found.3);
        }
    }

    #[test]
    fn azure_2021_of_199_rows() {
        let Some(result) = load_shared(&["azure2021/real_199.csv"]) else {
            return;
        };
        let (data, report) = result.unwrap();
        assert_eq!((rows_of(&report), data.invocations()), ((199, 0), 199));
        // The real file is ordered by start.
        assert!(!text(&report.assumed).contains("sorted"));
        let Rows::Invocations { execution_ns, .. } = &data.rows else { panic!() };
        assert_eq!(execution_ns[0], 78_000_000);
    }

    #[test]
    fn azure_2021_packed() {
        let Some(result) = load_shared(&["azure2021/medium.csv.gz"]) else {
            return;
        };
        let (data, report) = result.unwrap();
        assert_eq!((rows_of(&report), data.invocations()), ((227_756, 0), 227_756));
        assert_eq!(report.files[0].bytes, 6_435_603);
        assert_eq!(TraceData::from_bytes(&data.to_bytes()).unwrap(), data);
    }

    #[test]
    fn azure_2019_as_invitro_slices_it() {
        let names = ["durations", "memory", "invocations"].map(|name| format!("azure2019_500x480/{name}.csv"));
        let Some(result) = load_shared(&names.each_ref().map(String::as_str)) else {
            return;
        };
        let (data, report) = result.unwrap();
        assert_eq!((report.invocations, report.functions, report.apps), (3_037_902, 500, 476));
        assert_eq!((report.rows_rejected, report.span_ns), (0, 480 * 60_000_000_000));
        assert!(data.functions.iter().all(|f| f.duration.is_some() && f.start_ns.is_some() && f.memory_mb.is_some()));
        assert_eq!(TraceData::from_bytes(&data.to_bytes()).unwrap(), data);
    }

    #[test]
    fn azure_2019_of_a_whole_day() {
        let names = ["invocations_per_function_md", "function_durations_percentiles", "app_memory_percentiles"]
            .map(|name| format!("azure2019_400x1440/{name}.anon.d01.csv"));
        let Some(result) = load_shared(&names.each_ref().map(String::as_str)) else {
            return;
        };
        let (data, report) = result.unwrap();
        assert_eq!((report.functions, report.span_ns), (400, 86_400_000_000_000));
        assert!(data.functions.iter().all(|f| f.duration.is_some() && f.memory_mb.is_some_and(|mb| mb.fract() == 0.0)));
    }

    #[test]
    fn azure_2019_without_owners_and_triggers() {
        let Some(result) = load_shared(&["azure2019_60x1440/invocations_60x1440.csv"]) else {
            return;
        };
        let (data, report) = result.unwrap();
        assert_eq!((report.functions, report.apps, report.rows_rejected), (60, 1, 0));
        assert!(data.functions.iter().all(|f| f.duration.is_none() && f.memory_mb.is_none()));
    }

    #[test]
    fn the_golden_traces_of_the_keep_alive_cases() {
        let Some(path) = shared("../goldens/faascache/tiny_zipf_240/trace.csv") else {
            return;
        };
        let (data, report) = one(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!((report.format, data.invocations(), report.rows_rejected), (Format::Own, 240, 0));
    }
}

/// One test per malformed file; what is expected stands in `hostile/EXPECTATIONS.md`.
mod hostile {
    use super::*;

    fn hostile(name: &str) -> Option<Result<(TraceData, Report), TraceError>> {
        load_shared(&[&format!("hostile/{name}")])
    }

    /// The file is refused with this code, and the message has these words.
    fn refuses(name: &str, code: ErrorCode, words: &[&str]) {
        let Some(result) = hostile(name) else { return };
        let error = result.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    /// The file is read with so many rows kept and rejected.
    fn reads(name: &str, kept: u64, rejected: u64) -> Option<(TraceData, Report)> {
        let (data, report) = hostile(name)?.unwrap();
        assert_eq!(rows_of(&report), (kept, rejected), "{:?}", report.reasons);
        assert_eq!(data.invocations(), kept);
        Some((data, report))
    }

    #[test]
    fn h01_empty() {
        refuses("01_empty.csv", ErrorCode::EmptyFile, &["0 bytes"]);
    }

    #[test]
    fn h02_header_only() {
        refuses("02_header_only.csv", ErrorCode::NoRows, &["header is recognised (Azure Functions 2021) but there are no rows"]);
    }

    #[test]
    fn h03_bom() {
        let Some((_, report)) = reads("03_bom.csv", 500, 0) else {
            return;
        };
        assert!(report.warnings.is_empty());
    }

    #[test]
    fn h04_crlf() {
        let Some((data, _)) = reads("04_crlf.csv", 500, 0) else {
            return;
        };
        assert_eq!(data, hostile("03_bom.csv").unwrap().unwrap().0);
    }

    #[test]
    fn h04_no_final_newline() {
        let Some(path) = shared("hostile/04_crlf.csv") else {
            return;
        };
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(rows_of(&one(bytes.trim_ascii_end()).unwrap().1), (500, 0));
    }

    #[test]
    fn h05_semicolons() {
        refuses("05_semicolon_decimal_comma.csv", ErrorCode::WrongDelimiter, &["separated by \";\"", "expected a comma"]);
    }

    #[test]
    fn h06_tabs() {
        refuses("06_tab_separated.csv", ErrorCode::WrongDelimiter, &["separated by TAB"]);
    }

    #[test]
    fn h07_nan_inf_negative() {
        let Some((_, report)) = reads("07_nan_inf_negative.csv", 490, 10) else {
            return;
        };
        assert_eq!(lines_of(&report), [5, 12, 22, 32, 42, 52, 62, 72, 82, 92]);
    }

    #[test]
    fn h08_missing_column() {
        let words = ["column duration is missing", "found: app, func, end_timestamp", "Accepted are"];
        refuses("08_missing_column.csv", ErrorCode::MissingColumn, &words);
    }

    #[test]
    fn h09_overflow() {
        let Some((data, report)) = reads("09_overflow_1e308.csv", 6, 4) else {
            return;
        };
        assert_eq!(lines_of(&report), [7, 8, 9, 11]);
        assert_eq!(data.functions.len(), 5);
    }

    #[test]
    fn h10_latin1() {
        // None of its rows is UTF-8.
        let Some(result) = hostile("10_latin1_bytes.csv") else {
            return;
        };
        let error = result.unwrap_err();
        assert!(error.to_string().contains("not valid UTF-8") && error.to_string().contains("Line 2"), "{error}");
    }

    #[test]
    fn h11_line_of_20_mb() {
        let mut text = b"app,func,end_timestamp,duration\n".to_vec();
        text.resize(text.len() + 20_000_000, b'a');
        text.extend_from_slice(b",f,1.0,0.5\n");
        for i in 0..6 {
            text.extend_from_slice(format!("app{},f{i},{}.5,0.1\n", i % 3, i).as_bytes());
        }
        let (_, report) = load_bytes(&[("11".to_owned(), &text)], Limits::default(), &[65_535]).unwrap();
        assert_eq!((rows_of(&report), lines_of(&report)), ((6, 1), vec![2]));
    }

    #[test]
    fn h12_unsorted() {
        let Some((data, _)) = reads("12_unsorted.csv", 500, 0) else {
            return;
        };
        assert_eq!(data, hostile("03_bom.csv").unwrap().unwrap().0);
    }

    #[test]
    fn h13_duplicate_headers() {
        refuses("13_duplicate_headers.csv", ErrorCode::DuplicateColumn, &["two columns are named \"duration\"", "columns 4 and 5"]);
    }

    #[test]
    fn h13_repeated_header() {
        let (_, report) = one(format!("{SMALL}{SMALL}").as_bytes()).unwrap();
        assert_eq!(report.rejected[0].reason, "the header is repeated");
    }

    #[test]
    fn h14_gzip() {
        let Some(result) = hostile("14_gzip_named.csv") else {
            return;
        };
        assert_eq!(result.unwrap().1.rows_rejected, 0);
    }

    #[test]
    fn h15_parquet() {
        refuses("15_parquet_named.csv", ErrorCode::NotATrace, &["Parquet"]);
    }

    #[test]
    fn h16_one_million_functions() {
        let mut text = "app,func,end_timestamp,duration\n".to_owned();
        for i in 0..1_000_000u64 {
            let end = i * 864;
            text += &format!("a{},f{i},{}.{:04},0.05\n", i / 3, end / 10_000, end % 10_000);
        }
        let (data, report) = one(text.as_bytes()).unwrap();
        assert_eq!((report.functions, report.apps, report.rows_rejected), (1_000_000, 333_334, 0));
        assert_eq!(data.invocations(), 1_000_000);
    }

    #[test]
    fn h17_quotes_and_newlines() {
        let Some((data, report)) = reads("17_quotes_newlines.csv", 23, 1) else {
            return;
        };
        assert_eq!(lines_of(&report), [6]);
        assert!(data.functions.iter().any(|f| f.id == "app,with,commas/fn \"quoted\""));
        assert!(data.functions.iter().any(|f| f.id == "multi\nline/f"));
    }

    #[test]
    fn h18_truncated() {
        let Some((_, report)) = reads("18_truncated.csv", 199, 1) else {
            return;
        };
        assert_eq!((report.rejected[0].line, report.rejected[0].reason.as_str()), (201, "last line incomplete"));
    }

    #[test]
    fn h19_ragged() {
        let Some((_, report)) = reads("19_ragged.csv", 26, 2) else {
            return;
        };
        assert_eq!(lines_of(&report), [6, 11]);
        assert!(report.rejected[0].reason.ends_with("5 instead of 4"));
    }

    #[test]
    fn h20_html() {
        refuses("20_html_404.csv", ErrorCode::NotATrace, &["looks like an HTML page, not a trace"]);
    }

    #[test]
    fn h21_git_lfs() {
        refuses("21_git_lfs_pointer.csv", ErrorCode::NotATrace, &["Git LFS pointer, not the data"]);
    }

    #[test]
    fn h22_milliseconds() {
        let Some((_, report)) = reads("22_milliseconds_units.csv", 500, 0) else {
            return;
        };
        assert!(text(&report.warnings).contains("may be in milliseconds"));
    }

    #[test]
    fn h23_utf16() {
        refuses("23_utf16.csv", ErrorCode::NotATrace, &["UTF-16"]);
    }

    #[test]
    fn h24_nul_bytes() {
        let Some((_, report)) = reads("24_nul_bytes.csv", 19, 1) else {
            return;
        };
        assert_eq!(lines_of(&report), [12]);
    }

    #[test]
    fn h25_injection() {
        let Some((data, _)) = reads("25_injection_ids.csv", 6, 0) else {
            return;
        };
        assert_eq!(data.functions[0].app, "=HYPERLINK(\"http:%2F%2F127.0.0.1%2Fx\")");
    }

    #[test]
    fn h26_prototype_names() {
        let Some((data, report)) = reads("26_prototype_names.csv", 9, 0) else {
            return;
        };
        assert_eq!((report.functions, report.apps), (9, 9));
        assert_eq!(data.functions[0].id, "__proto__/constructor");
    }

    #[test]
    fn h27_a_minute_is_missing() {
        // Its only row is all zeros, so the range is named in a refusal; with calls in it, in a warning.
        refuses("27_2019_1439_columns.csv", ErrorCode::NoRows, &["minutes 1 to 1439"]);
        let Some(path) = shared("hostile/27_2019_1439_columns.csv") else {
            return;
        };
        let file = std::fs::read_to_string(path).unwrap().replacen("http,0", "http,7", 1);
        let (_, report) = load(&[&file]).unwrap();
        assert!(text(&report.warnings).contains("1439 of 1440 minutes (1 to 1439)"));
    }

    #[test]
    fn h28_bad_counts() {
        let Some(result) = hostile("28_2019_bad_counts.csv") else {
            return;
        };
        let (data, report) = result.unwrap();
        assert_eq!((rows_of(&report), data.invocations()), ((1, 4), 1));
        assert_eq!(lines_of(&report), [2, 3, 4, 5]);
        assert!(text(&report.warnings).contains("1 function with a trigger"));
    }

    #[test]
    fn h29_durations_quirks() {
        let Some(path) = shared("hostile/29_2019_durations_quirks.csv") else {
            return;
        };
        let calls = "HashOwner,HashApp,HashFunction,Trigger,1\no,a,f1,http,1\no,a,f2,http,1\no,a,f3,http,1\n";
        let (data, report) = load(&[calls, &std::fs::read_to_string(path).unwrap()]).unwrap();
        assert_eq!((report.files[1].rows_kept, report.files[1].rows_rejected), (1, 4));
        let reasons: Vec<&str> = report.rejected.iter().map(|r| r.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "Average is negative: \"-5\"",
                "percentile_Average_0 is empty",
                "the percentiles decrease: \"50\" in column \"percentile_Average_1\"",
                "the function is not in the invocations file"
            ]
        );
        assert!(data.functions[0].duration.is_none() && data.functions[2].duration.is_some());
        assert!(text(&report.warnings).contains("1 function given more than once"));
    }

    #[test]
    fn h30_rar() {
        refuses("30_rar_named.csv", ErrorCode::NotATrace, &["RAR archive", "AzureFunctionsInvocationTraceForTwoWeeksJan2021.txt"]);
    }

    #[test]
    fn h31_epoch_milliseconds() {
        let Some((data, report)) = reads("31_epoch_ms_timestamps.csv", 500, 0) else {
            return;
        };
        let Rows::Invocations { arrival_ns, .. } = &data.rows else { panic!() };
        assert_eq!(arrival_ns[0], 0);
        assert!(text(&report.warnings).contains("looks like Unix time in milliseconds"));
    }

    #[test]
    fn h32_all_at_one_instant() {
        let Some((data, report)) = reads("32_all_same_instant.csv", 100_000, 0) else {
            return;
        };
        assert_eq!(report.span_ns, 0);
        let Rows::Invocations { function, .. } = &data.rows else { panic!() };
        // In the order of the file.
        assert_eq!(function[..3], [0, 1, 2]);
    }

    #[test]
    fn h33_workflow_tasks() {
        let Some(result) = load_shared(&["hostile/33_wtf_cycle_dangling.csv"]) else {
            return;
        };
        let (data, report) = result.unwrap();
        assert_eq!(rows_of(&report), (2, 6));
        let told: Vec<(u64, &str)> = report.rejected.iter().map(|r| (r.line, r.reason.as_str())).collect();
        let cycle = "the task waits for itself through others (a cycle)";
        assert_eq!(
            told,
            [
                (2, cycle),
                (3, cycle),
                (4, cycle),
                (5, "the task waits for itself"),
                (8, "the same key was given before (the first row is kept): \"6\""),
                (9, "runtime is negative: \"-1\"")
            ]
        );
        assert!(text(&report.warnings).contains("1 dependency on tasks that are not there is left out: line 6 on \"99\"."));
        // What is left waits for nothing; it is one workflow.
        let Rows::Tasks { arrival_ns, parents, job, .. } = &data.rows else { panic!() };
        assert_eq!((&arrival_ns[..], &parents[..], &job[..]), (&[0, 0][..], &[][..], &[0, 0][..]));
    }

    #[test]
    fn h34_swf() {
        let Some(result) = load_shared(&["hostile/34_swf_bad.swf"]) else {
            return;
        };
        let (data, report) = result.unwrap();
        assert_eq!(rows_of(&report), (3, 2));
        let told: Vec<(u64, &str)> = report.rejected.iter().map(|r| (r.line, r.reason.as_str())).collect();
        assert_eq!(
            told,
            [(4, "the job was cancelled before it ran"), (6, "the row has more or fewer fields than the header: 4 instead of 18")]
        );
        assert!(text(&report.warnings).contains("line 7 on \"77\""));
        // By submission: the third job comes before the fifth, and asks for more than any machine has.
        let Rows::Invocations { arrival_ns, function, execution_ns, .. } = &data.rows else { panic!() };
        assert_eq!((&arrival_ns[..], &execution_ns[..]), (&[0, 4_000_000_000, 9_000_000_000][..], &[10_000_000_000; 3][..]));
        let cores: Vec<Option<f64>> = function.iter().map(|&f| data.functions[f as usize].cores).collect();
        assert_eq!(cores, [Some(1.0), Some(999_999.0), Some(1.0)]);
    }

    #[test]
    fn h35_no_header() {
        let Some((_, report)) = reads("35_no_header.csv", 100, 0) else {
            return;
        };
        assert!(text(&report.assumed).contains("no header: its columns are taken as app,func,end_timestamp,duration"));
    }
}
