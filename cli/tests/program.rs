//! The program from outside: exit codes, what it prints where, and that it never panics.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// A file of this test run's own.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_faaslab"))
}

fn faaslab(args: &[&str]) -> Output {
    program().args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A client and a worker of one core without latency; an invocation takes 10 ms and one comes every 100 ms for 2 s.
fn small() -> Value {
    json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "u", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "cores": 1}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 10}}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 10}},
        "frame": {"architecture": {"kind": "centralized"}},
        "run": {"duration_s": 2}
    })
}

/// The small scenario with other values, as a file.
fn scenario(name: &str, values: &[(&str, Value)]) -> String {
    let mut whole = small();
    for (pointer, value) in values {
        *whole.pointer_mut(pointer).unwrap() = value.clone();
    }
    file(&format!("{name}.json"), &whole.to_string())
}

#[test]
fn a_run_prints_its_figures_and_ends_with_0() {
    let path = scenario("small", &[]);
    let table = faaslab(&["run", &path]);
    assert!(table.status.success() && printed(&table).contains("completed    20\n"), "{}", printed(&table));
    let object: Value = serde_json::from_slice(&faaslab(&["run", &path, "--json"]).stdout).unwrap();
    assert_eq!(object["completed"], 20);
    assert_eq!(object["sojourn_ns"], object["in_system_ns"]);
}

#[test]
fn sums_beyond_64_bits_are_printed_exactly() {
    // 220 invocations of 2.7 years one after the other, until the clock ends.
    let path = scenario(
        "century",
        &[
            ("/functions/0/execution/mean_ms", json!(86_400_000)),
            ("/nodes/1", json!({"id": "w", "zone": "z", "roles": ["worker"], "cores": 1, "speed": 0.001})),
            ("/workload/arrivals/rate_per_s", json!(110)),
        ],
    );
    let output = faaslab(&["run", &path, "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sum: u128 = object["sojourn_ns"].as_str().unwrap().parse().unwrap();
    assert!(sum > u128::from(u64::MAX));
    assert_eq!(object["in_system_ns"], object["sojourn_ns"], "Little's law");
    assert_eq!(object["completed"].as_u64().unwrap() + object["live"].as_u64().unwrap(), 220);
    assert!(object["live"].as_u64().unwrap() > 0, "some would end after the clock does");
}

#[test]
fn a_scenario_that_cannot_run_is_refused_with_1_and_its_path() {
    for (name, pointer, value, path) in [
        ("no_functions", "/functions", json!([]), "functions: there is nothing to invoke"),
        ("no_nodes", "/nodes", json!([]), "nodes: nothing submits invocations"),
        ("too_many", "/workload/arrivals/rate_per_s", json!(1e8), "workload.arrivals.rate_per_s: "),
        ("half_a_billion", "/run/duration_s", json!(5e7), "workload.arrivals.rate_per_s: about 500000000 invocations"),
        ("for_ever", "/run/duration_s", json!(1e20), "run.duration_s: 100000000000000000000 s is outside"),
    ] {
        let file = scenario(name, &[(pointer, value)]);
        for command in ["run", "validate"] {
            let output = faaslab(&[command, &file]);
            assert_eq!(output.status.code(), Some(1), "{command} {name}: {}", said(&output));
            assert!(said(&output).contains(path), "{command} {name}: {}", said(&output));
            assert_eq!(printed(&output), "");
        }
    }
}

#[test]
fn an_impossible_run_is_refused_before_anything_is_drawn() {
    let path = scenario("slow", &[("/run/duration_s", json!(1e20)), ("/workload/arrivals/rate_per_s", json!(1e-18))]);
    let output = faaslab(&["run", &path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("run.duration_s"), "{}", said(&output));
}

#[test]
fn a_table_that_cannot_be_written_stops_before_the_run() {
    let path = scenario("long", &[]);
    for table in ["--invocations", "--hosts"] {
        let output = faaslab(&["run", &path, table, "/no/such/folder/rows.csv"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("/no/such/folder/rows.csv"), "{}", said(&output));
        assert_eq!(printed(&output), "");
    }
}

#[test]
fn hosts_over_time_add_up_to_what_was_completed_and_change_nothing() {
    let path = scenario("hosts", &[]);
    let table = file("hosts.csv", "");
    let output = faaslab(&["run", &path, "--hosts", &table]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(printed(&output).lines().next(), printed(&faaslab(&["run", &path])).lines().next(), "the digest is the same");
    let text = std::fs::read_to_string(&table).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("host,until_s,load_average,finished_per_s,mean_execution_ms,mean_response_ms"));
    let (mut before, mut completed) = (0.0, 0.0);
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |i: usize| cells[i].parse::<f64>().unwrap();
        completed += number(3) * (number(1) - before);
        before = number(1);
        assert!(cells[0] == "w" && (cells[4] == "10" || (cells[4].is_empty() && number(3) == 0.0)), "{line}");
    }
    assert!((completed - 20.0).abs() < 1e-3, "{completed}");
}

#[test]
fn rows_that_were_not_completed_have_no_slowdown_and_live_ones_no_response() {
    // Two functions that need the same memory, which may not be taken back: one waits for ever, or is dropped.
    let mut whole = small();
    whole["functions"] = json!([
        {"id": "a", "memory_mb": 256, "execution": {"kind": "constant", "mean_ms": 10}},
        {"id": "b", "memory_mb": 256, "execution": {"kind": "constant", "mean_ms": 10}}]);
    whole["nodes"][1]["memory_mb"] = json!(300);
    for no_room in ["queue", "drop"] {
        whole["policies"] = json!({"memory_full": "never", "no_room": no_room, "keep_alive": {"kind": "lru"}});
        let scenario = file(&format!("{no_room}.json"), &whole.to_string());
        let out = file(&format!("{no_room}.csv"), "");
        assert!(faaslab(&["run", &scenario, "--invocations", &out]).status.success());
        let text = std::fs::read_to_string(&out).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(',').collect()).collect();
        assert_eq!(rows.len(), 20);
        for row in &rows {
            let (outcome, response, slowdown) = (row[5], row[10], row[11]);
            assert_eq!(slowdown.is_empty(), outcome != "completed", "{row:?}");
            assert_eq!(response.is_empty(), outcome == "live", "{row:?}");
        }
        let lost = if no_room == "queue" { "live" } else { "dropped" };
        assert!(rows.iter().any(|r| r[5] == lost) && rows.iter().any(|r| r[5] == "completed"), "{text}");
    }
}

#[test]
fn a_setting_is_a_text_where_a_text_belongs_and_a_bare_kind_gets_a_hint() {
    let path = scenario("set", &[]);
    assert!(faaslab(&["run", &path, "--set", "title=5"]).status.success());
    let bare = faaslab(&["run", &path, "--set", "policies.keep_alive=lru"]);
    assert_eq!(bare.status.code(), Some(1));
    assert!(said(&bare).contains("set policies.keep_alive.kind=lru"), "{}", said(&bare));
    let wrong = faaslab(&["run", &path, "--set", "nodes.w.cores=many"]);
    assert!(said(&wrong).contains("nodes.w.cores: expected a number, found \"many\""), "{}", said(&wrong));
}

#[test]
fn a_trace_says_what_it_takes_away_and_must_be_the_one_that_is_named() {
    let head = "function,mem_mb,warm_ms,cold_ms,arrival_ms\n";
    let one = file("one.csv", &format!("{head}f,128,10,20,0\nf,128,10,20,50\n"));
    let other = file("other.csv", &format!("{head}f,128,10,20,0\nf,128,10,20,60\n"));
    let path = scenario("trace", &[]);
    let output = faaslab(&["run", &path, "--trace", &one]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("without the scenario's run.duration_s=2"), "{}", said(&output));
    let object: Value = serde_json::from_slice(&faaslab(&["run", &path, "--trace", &one, "--json"]).stdout).unwrap();
    let sha = object["trace"]["files"][0]["sha256"].as_str().unwrap();
    let mut named = small();
    named["workload"]["trace"] = json!({"format": "faaslab_csv", "files": [{"name": "one.csv", "bytes": 1, "sha256": sha}]});
    let named = file("named.json", &named.to_string());
    let same = faaslab(&["run", &named, "--trace", &one]);
    assert!(same.status.success() && !said(&same).contains("without"), "{}", said(&same));
    let wrong = faaslab(&["run", &named, "--trace", &other]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("the scenario was made with one.csv"), "{}", said(&wrong));
}

#[test]
fn jobs_have_figures_of_their_own_and_lone_invocations_have_none() {
    let path = scenario("jobs", &[]);
    let rows = file("jobs-rows.csv", "");
    let alone = faaslab(&["run", &path]);
    assert!(!printed(&alone).contains("job"), "{}", printed(&alone));
    let chains = ["run", &path, "--set", "workload.jobs.kind=chain", "--set", "workload.jobs.tasks=3", "--invocations", &rows];
    let table = printed(&faaslab(&chains));
    assert!(
        table.contains("submitted    60\n") && table.contains("jobs         20 completed\n") && table.contains("\njob slowdown "),
        "{table}"
    );
    let object: Value = serde_json::from_slice(&faaslab(&[&chains[..], &["--json"]].concat()).stdout).unwrap();
    assert_eq!((&object["jobs"]["completed"], &object["jobs"]["response_ms"]["count"]), (&json!(20), &json!(20)));
    let rows = std::fs::read_to_string(rows).unwrap();
    assert!(rows.lines().next().unwrap().ends_with(",cause,job"));
    assert_eq!(rows.lines().filter(|line| line.ends_with(",,7")).count(), 3);
}

#[test]
fn a_workflow_trace_runs_from_end_to_end() {
    let path = scenario("workflow", &[]);
    let tasks = file("tasks.csv", "id,workflow_id,ts_submit,runtime,parents\n1,0,0,30,\n2,0,0,10,1\n3,0,0,5,9\n4,0,0,5,4\n");
    let output = faaslab(&["run", &path, "--trace", &tasks]);
    assert!(output.status.success() && printed(&output).contains("jobs         1 completed"), "{}", said(&output));
    assert!(said(&output).contains("line 5: the task waits for itself"), "{}", said(&output));
    assert!(said(&output).contains("left out: line 4 on \"9\""), "{}", said(&output));
}

#[test]
fn a_reference_preset_takes_any_trace() {
    let trace = file("any.csv", "function,mem_mb,warm_ms,cold_ms,arrival_ms\nf,100,10,50,0\nf,100,10,50,60000\n");
    let preset = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/reference/keepalive-fce.json");
    let output = faaslab(&["run", preset, "--trace", &trace, "--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_eq!((&object["cold"], &object["warm"]), (&json!(1), &json!(1)));
}

#[test]
fn a_file_more_than_the_scenario_names_is_another_trace() {
    let calls = file("calls.csv", "HashOwner,HashApp,HashFunction,Trigger,1,2\na,b,c,http,5,5\n");
    let memory = file("memory.csv", "HashOwner,HashApp,SampleCount,AverageAllocatedMb\na,b,1,100\n");
    let path = scenario("counts", &[]);
    let run = |path: &str, files: &[&str]| {
        let traces = files.iter().flat_map(|f| ["--trace", f]);
        faaslab(&["run", path, "--json"].into_iter().chain(traces).collect::<Vec<_>>())
    };
    let object: Value = serde_json::from_slice(&run(&path, &[&calls, &memory]).stdout).unwrap();
    let mut named = small();
    named["workload"]["trace"] = json!({"format": "azure_2019", "files": []});
    for f in object["trace"]["files"].as_array().unwrap().iter().filter(|f| f["name"] == "calls.csv") {
        let files = named["workload"]["trace"]["files"].as_array_mut().unwrap();
        files.push(json!({"name": f["name"], "bytes": f["bytes"], "sha256": f["sha256"]}));
    }
    let named = file("only_calls.json", &named.to_string());
    assert!(run(&named, &[&calls]).status.success());
    let both = run(&named, &[&calls, &memory]);
    assert_eq!(both.status.code(), Some(1));
    assert!(said(&both).contains("memory.csv is none of the files"), "{}", said(&both));
    let other = run(&named, &[&memory]);
    assert_eq!(other.status.code(), Some(1));
}

#[test]
fn links_go_both_ways_and_say_what_they_are() {
    let path = scenario("link", &[]);
    let link = printed(&faaslab(&["link", "encode", &path]));
    assert!(link.starts_with("#/s/1"));
    let back = faaslab(&["link", "decode", link.trim()]);
    let scenario: Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(scenario["nodes"][1]["id"], "w");
    let set = faaslab(&["link", "decode", &format!("{}?run.seed=77&colour=red", link.trim())]);
    let scenario: Value = serde_json::from_slice(&set.stdout).unwrap();
    assert_eq!(scenario["run"]["seed"], 77);
    assert!(said(&set).contains("colour=red, which means nothing here"), "{}", said(&set));
    for (address, words) in [
        ("https://example.org/#/gallery/herd", "the gallery's scenario herd"),
        ("https://example.org/about", "there is no #/s/ in it"),
        (&format!("{}A", link.trim()), "damaged"),
    ] {
        let output = faaslab(&["link", "decode", address]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(words), "{address}: {}", said(&output));
    }
}

#[test]
fn wrong_arguments_end_with_2() {
    assert_eq!(faaslab(&["walk"]).status.code(), Some(2));
    assert_eq!(faaslab(&["run"]).status.code(), Some(2));
    assert_eq!(faaslab(&["run", "/no/such/file.json"]).status.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_gone_away_is_no_panic() {
    // A pipe whose reading end is closed at once.
    let closed = || {
        let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let pipe = reader.stdin.take().unwrap();
        reader.wait().unwrap();
        Stdio::from(pipe)
    };
    let refused = program().args(["run", "/no/such/file.json"]).stderr(closed()).status().unwrap();
    assert_eq!(refused.code(), Some(1));
    assert_eq!(program().arg("schema").stdout(closed()).status().unwrap().code(), Some(0));
}
