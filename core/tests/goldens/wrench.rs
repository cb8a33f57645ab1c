//! The serverless service of WRENCH: every run of its goldens with the greedy schedulers and without buffers, date by date.
//!
//! Differences of semantics that are kept: messages cross the links' latency of 1 ns, which the original's do not; an execution
//! that its limit ends has an end here, and none there. Invocations of one function that are submitted at one date are compared in
//! the order of their dispatch: which of them comes first hangs on when the original's actors wake, and where it has several
//! idle containers to choose from, on their addresses.

use std::collections::BTreeMap;
use std::path::Path;

use faaslab_core::platform::{Phase, Probe};
use faaslab_core::scenario::{Function, Image, validate};
use faaslab_core::units::{SimDuration, SimTime};
use faaslab_core::workload::GateBuilder;
use serde_json::json;

use super::*;

/// When an invocation entered each state, in seconds; -1 if it never did.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Dates {
    submitted: f64,
    dispatched: f64,
    started: f64,
    finished: f64,
}

const NEVER: Dates = Dates { submitted: -1.0, dispatched: -1.0, started: -1.0, finished: -1.0 };

struct Watch {
    dates: Vec<Dates>,
    host: Vec<u32>,
}

impl Probe for Watch {
    fn phase(&mut self, now: SimTime, invocation: u32, phase: Phase, host: u32) {
        let dates = &mut self.dates[invocation as usize];
        match phase {
            Phase::Admitted | Phase::Schedulable if dates.submitted < 0.0 => dates.submitted = now.as_s(),
            Phase::InFlight => dates.dispatched = now.as_s(),
            Phase::Running => dates.started = now.as_s(),
            Phase::Returning => {
                dates.finished = now.as_s();
                self.host[invocation as usize] = host;
            }
            _ => {}
        }
    }
}

/// Bytes, or bytes per second, as WRENCH writes them.
fn mb(text: &str) -> f64 {
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let unit = text[digits.len()..].trim_end_matches("ps").trim_end_matches('B');
    let scale = match unit {
        "T" => 1e6,
        "G" => 1e3,
        "M" => 1.0,
        "k" => 1e-3,
        other => panic!("{other:?} is no unit of {text}"),
    };
    digits.parse::<f64>().unwrap() * scale
}

/// The scenario of a golden, made from the preset.
fn scenario(golden: &Value) -> Scenario {
    let path = format!("{}/../scenarios/reference/serverless-service.json", env!("CARGO_MANIFEST_DIR"));
    let mut scenario = Scenario::from_json(&read_to_string(path).unwrap()).unwrap();
    let (platform, properties) = (&golden["platform"], &golden["properties"]);
    let property = |name: &str| properties[name].as_str().map_or(0.0, |text| text.parse::<f64>().unwrap());
    let nodes = platform["nodes"].as_u64().unwrap();
    let (mut worker, link) = (scenario.nodes.pop().unwrap(), scenario.links.pop().unwrap());
    worker.cores = platform["cores"].as_f64().unwrap();
    worker.memory_mb = mb(platform["ram"].as_str().unwrap());
    worker.disk_mb = Some(mb(platform["disk"].as_str().unwrap()));
    for i in 1..=nodes {
        let id = format!("Node{i}");
        scenario.links.push(faaslab_core::scenario::Link { id: format!("local-{i}"), to: id.clone(), ..link.clone() });
        scenario.nodes.push(faaslab_core::scenario::Node { id, ..worker.clone() });
    }
    if let Some(text) = platform["wan_bw"].as_str() {
        scenario.links[0].bandwidth_mbps = Some(mb(text) * 8.0);
    }
    if properties["simulate_download"] == "false" {
        // The repository is where the head store is.
        scenario.nodes.remove(0);
        scenario.links.remove(0);
        scenario.nodes[0].roles.push(faaslab_core::scenario::Role::Registry);
    }
    scenario.frame.architecture.params.insert("decision_ms".into(), json!(property("invocation_overhead") * 1e3));
    let ttl = property("idle_timeout");
    scenario.policies.keep_alive.params.insert("ttl_s".into(), json!(ttl));
    if properties["evict"] == "RAM" {
        scenario.policies.keep_alive = serde_json::from_value(json!({"kind": "closest_size"})).unwrap();
    }
    scenario.policies.placement.kind = match golden["scheduler"].as_str().unwrap() {
        "random" => "random",
        "wb" => "workload_balancing",
        _ => "image_first",
    }
    .to_owned();
    let images = golden["images"].as_array().unwrap().iter();
    scenario.images = images
        .map(|i| Image {
            memory_mb: i["ram"].as_f64().map(|b| b / 1e6),
            ..Image::new(i["name"].as_str().unwrap(), i["size"].as_f64().unwrap() / 1e6)
        })
        .collect();
    let template = scenario.functions.remove(0);
    let functions = golden["functions"].as_array().unwrap().iter();
    scenario.functions = functions
        .map(|f| Function {
            id: f["name"].as_str().unwrap().to_owned(),
            image: f["image"].as_str().map(str::to_owned),
            memory_mb: f["ram"].as_f64().unwrap() / 1e6,
            disk_mb: f["disk"].as_f64().unwrap() / 1e6,
            create_ms: property("startup") * 1e3,
            time_limit_s: f["time_limit"].as_f64().filter(|limit| *limit > 0.0),
            // The size rule has no time of its own.
            keep_alive_s: (properties["evict"] == "RAM").then_some(ttl),
            ..template.clone()
        })
        .collect();
    scenario
}

/// What is invoked, and what each waits for. Rows stand in the order of the golden.
fn workload(scenario: &Scenario, golden: &Value) -> Workload {
    let mut workload = Workload::new(scenario, None).unwrap();
    let seconds = |value: &Value| SimDuration::from_s(value.as_f64().unwrap_or(0.0));
    let rows = golden["invocations"].as_array().unwrap();
    let functions = golden["functions"].as_array().unwrap();
    let overhead = golden["properties"]["invocation_overhead"].as_str().map_or(0.0, |text| text.parse().unwrap());
    let overhead = SimDuration::from_s(overhead);
    let mut times: Vec<u64> = Vec::new();
    workload.function.clear();
    workload.execution_ns.clear();
    // (rows, the row waited for, the gap)
    let mut gates: Vec<(u32, u32, SimDuration)> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let function = functions.iter().position(|f| f["name"] == row["fn"]).unwrap();
        workload.function.push(function as u32);
        let sleep = if row["sleep"].is_null() { &functions[function]["sleep"] } else { &row["sleep"] };
        workload.execution_ns.push(seconds(sleep).0);
        if row["wait_prev"] == true {
            gates.push((1, i as u32 - 1, seconds(&row["gap"])));
        } else if let Some(t) = row["t"].as_f64() {
            assert!(gates.is_empty());
            // To invoke is to wait until the service has taken the invocation.
            let taken = times.last().map_or(0, |before| before + overhead.0);
            times.push(SimDuration::from_s(t).0.max(taken));
        } else {
            gates.last_mut().unwrap().0 += 1;
        }
    }
    workload.client = vec![0; rows.len()];
    let mut builder = GateBuilder::new(times.len() as u32);
    workload.arrival_ns = times;
    for (rows, after, gap) in gates {
        builder.add(rows, &[after], 1, gap);
    }
    workload.set_gates(builder.build(u64::MAX).unwrap());
    workload
}

/// Compares a run with its golden. Answers the largest difference of dates in seconds, or what differs.
fn compare(golden: &Value) -> Result<f64, String> {
    let input = &golden["scenario"];
    let scenario = scenario(input);
    let workload = Arc::new(workload(&scenario, input));
    let rows = workload.len();
    let watch = Watch { dates: vec![NEVER; rows], host: vec![u32::MAX; rows] };
    let mut both = (watch, Recorder::new(Arc::clone(&workload), 0.0));
    let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
    simulation.run(&mut both);
    let (watch, recorder) = both;
    let expected = golden["invocations"].as_array().unwrap();
    // Invocations of one function that were submitted at one date are one as good as the other.
    let mut order: Vec<usize> = (0..rows).collect();
    let submitted = |i: usize| (workload.function[i], (expected[i]["submit"].as_f64().unwrap() * 1e6).round() as u64);
    for group in (0..rows).collect::<Vec<_>>().chunk_by(|&a, &b| submitted(a) == submitted(b)) {
        let mut ours = group.to_vec();
        ours.sort_by(|&a, &b| watch.dates[a].dispatched.total_cmp(&watch.dates[b].dispatched));
        let mut theirs = group.to_vec();
        let date = |i: usize| expected[i]["dispatch"].as_f64().unwrap();
        theirs.sort_by(|&a, &b| date(a).total_cmp(&date(b)));
        theirs.into_iter().zip(ours).for_each(|(theirs, ours)| order[theirs] = ours);
    }
    let mut largest = 0.0_f64;
    let mut hosts: BTreeMap<(String, u64), (Vec<String>, Vec<String>)> = BTreeMap::new();
    for (i, expected) in expected.iter().enumerate() {
        let ours = watch.dates[order[i]];
        let timed_out = expected["cause"] == "Operation has timed out";
        let outcome = recorder.row(order[i] as u32).outcome;
        let wanted = if timed_out { Outcome::TimedOut } else { Outcome::Completed };
        if outcome != Some(wanted) {
            return Err(format!("invocation {i} is {outcome:?}, there {wanted:?}"));
        }
        let pairs = [("submit", ours.submitted), ("dispatch", ours.dispatched), ("fstart", ours.started), ("fend", ours.finished)];
        for (name, ours) in pairs {
            let theirs = expected[name].as_f64().unwrap();
            if timed_out && theirs == -1.0 {
                continue; // an execution that is ended has no end there
            }
            let difference = (ours - theirs).abs();
            if difference > 1e-6 {
                return Err(format!("{name} of invocation {i} is {ours:.9}, there {theirs:.9}"));
            }
            largest = largest.max(difference);
        }
        let node = &scenario.nodes
            [simulation.model().machines[simulation.model().hosts[watch.host[order[i]] as usize].machine as usize].node as usize];
        let date = (expected["dispatch"].as_f64().unwrap() * 1e6).round() as u64;
        let tied = hosts.entry((expected["fn"].as_str().unwrap().to_owned(), date)).or_default();
        tied.0.push(node.id.clone());
        tied.1.push(expected["node"].as_str().unwrap().to_owned());
    }
    for ((function, _), (mut ours, mut theirs)) in hosts {
        ours.sort();
        theirs.sort();
        if ours != theirs {
            return Err(format!("{function} runs on {ours:?}, there on {theirs:?}"));
        }
    }
    Ok(largest)
}

/// The goldens that a folder has, by name.
fn goldens(folder: &Path) -> Vec<(String, Value)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("skipped: {} is absent", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let read = |p: &PathBuf| {
        let name = p.file_stem()?.to_string_lossy().into_owned();
        Some((name, serde_json::from_str(&read_to_string(p).ok()?).ok()?))
    };
    paths.iter().filter_map(read).collect()
}

#[test]
fn wrench_serverless_service() {
    let Some(folder) = folder() else { return };
    let mut report = Report::default();
    for (name, golden) in goldens(&folder.join("wrench")) {
        let input = &golden["scenario"];
        if input.is_null() {
            println!(
                "left out WRENCH, {name}: the original aborts; here see a_full_head_store_makes_room_instead_of_ending_the_run"
            );
            continue;
        }
        let scheduler = input["scheduler"].as_str().unwrap();
        if input["properties"]["buffer"].as_str().is_some_and(|b| b != "0") {
            println!("left out WRENCH, {name}: storage with buffers is not modelled");
            continue;
        }
        // Their order of functions is that of addresses, and of chance that of a C++ library: one function can be compared.
        let alone = ["T01", "T03"].iter().any(|t| name.starts_with(t));
        if scheduler != "fcfs" && !alone {
            println!("left out WRENCH, {name}: the original's {scheduler} scheduler follows addresses or its own chance");
            continue;
        }
        let what = format!("WRENCH, {name}");
        match compare(&golden) {
            Ok(largest) => report.line(what, true, format!("dates within {:.0} ns, nodes equal", largest * 1e9)),
            Err(difference) => report.line(what, false, difference),
        }
    }
    report.total("WRENCH");
    assert_eq!(report.differ, 0);
}

#[test]
fn a_function_that_cannot_be_registered_there_is_named_and_rejected_here() {
    let Some(folder) = folder() else { return };
    let Ok(text) = read_to_string(folder.join("wrench/X10_registration_reject.json")) else { return };
    let golden: Value = serde_json::from_str(&text).unwrap();
    let scenario = scenario(&golden["scenario"]);
    let problems = validate(&scenario, &Library::default().catalogue());
    let told: Vec<&str> = problems.iter().filter(|p| p.warning).map(|p| p.path.as_str()).collect();
    assert_eq!(told, ["functions.TOO_RAM.image", "functions.TOO_DISK.disk_mb"]);
}

#[test]
fn a_full_head_store_makes_room_instead_of_ending_the_run() {
    // X11: a head store of 1 GB, two images of 800 MB, both invoked at once. The original ends with an exception; here the second
    // image waits until the first has been copied to the worker, and then takes its place.
    let invocations = json!([{"t": 0, "fn": "FA"}, {"t": 0, "fn": "FB"}]);
    let image = |name: &str| json!({"name": name, "size": 800_000_000});
    let function = |name: &str, image: &str| json!({"name": name, "image": image, "sleep": 5, "time_limit": 100, "disk": 2_000_000_000u64, "ram": 1_000_000});
    let input = json!({
        "platform": {"nodes": 1, "cores": 10, "ram": "64GB", "disk": "200GB"}, "scheduler": "fcfs", "properties": {},
        "images": [image("A"), image("B")], "functions": [function("FA", "A"), function("FB", "B")], "invocations": invocations
    });
    let mut scenario = scenario(&input);
    scenario.nodes[1].disk_mb = Some(1_000.0);
    let workload = Arc::new(workload(&scenario, &input));
    let mut watch = Watch { dates: vec![NEVER; 2], host: vec![u32::MAX; 2] };
    Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap().run(&mut watch);
    // 800 MB over the wide-area link, then from disk to disk, then into memory.
    let (fetch, copy, load) = (0.8e9 / (0.97 * 20e6 / 1.05), 8.0, 8.0);
    let [a, b] = [watch.dates[0], watch.dates[1]];
    assert!((a.dispatched - (fetch + copy + load)).abs() < 0.01, "{a:?}");
    assert!((b.dispatched - (fetch + copy + fetch + copy + load)).abs() < 0.5, "{b:?}");
}
