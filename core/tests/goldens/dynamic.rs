//! The tail-latency-driven scheduler of the edge-cloud agent: its primitives, every update of its scripted timelines, and every
//! run of its agents, replayed with the draws that were logged.
//!
//! The faithful form is compared, in everything and to the printed digit. The goldens were made with the third generation,
//! before ("old") and after ("new") it was reorganised; both are compared, and agree with each other. The corrected form has no
//! golden: its line of a timeline says by how much its shares differ from the original's, on the mean.

use std::collections::VecDeque;
use std::fs::read_to_string;

use faaslab_core::frame::dynamic::agent::{Agent, Endpoint, Map, Open, Part, Reply, Request, Settings, Step};
use faaslab_core::frame::dynamic::tail::{Ramp, TailScheduler, TailSettings, ThresholdUpdate, Thresholds, percentile_s, smoothing};
use faaslab_core::frame::dynamic::target::probabilities;
use faaslab_core::frame::dynamic::{Draws, Form, Kind};
use faaslab_core::units::{SimDuration, SimTime};
use serde_json::{Value, json};

use super::{Report, folder};

/// The text of a golden of the folder, or none with a word about it.
fn text(name: &str) -> Option<String> {
    let path = folder()?.join("dynamic").join(name);
    let text = read_to_string(&path);
    if text.is_err() {
        println!("skipped: {} is absent", path.display());
    }
    text.ok()
}

/// A golden whose fractions are read to the last bit, which the reader of JSON does not promise: they are made texts first.
fn exact(name: &str) -> Option<Value> {
    let (text, mut quoted, mut inside) = (text(name)?, String::new(), false);
    for token in text.split_inclusive(['"', ',', ':', '[', ']', '{', '}', ' ', '\n']) {
        let word = token.trim_end_matches(['"', ',', ':', '[', ']', '{', '}', ' ', '\n']);
        let fraction = !inside && word.contains(['.', 'e']) && word.parse::<f64>().is_ok();
        match fraction {
            true => quoted.push_str(&format!("\"{word}\"{}", &token[word.len()..])),
            false => quoted.push_str(token),
        }
        inside ^= token.ends_with('"');
    }
    Some(serde_json::from_str(&quoted).unwrap())
}

fn number(value: &Value) -> f64 {
    let read = value.as_str().map_or(value.as_f64(), |text| text.parse().ok());
    read.unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

const NAMES: [&str; 3] = ["decentralized", "federated", "centralized"];

fn by_kind(value: &Value) -> [f64; 3] {
    NAMES.map(|name| number(&value[name]))
}

#[test]
fn percentiles_ramps_and_smoothing_agree_to_the_last_digit() {
    let Some(golden) = exact("01_primitives.json") else { return };
    let mut report = Report::default();
    for case in golden["percentiles"].as_array().unwrap() {
        let mut ns: Vec<u64> = numbers(&case["durations"]).into_iter().map(|s| SimDuration::from_s(s).0).collect();
        ns.sort_unstable();
        let (p50, p95) = (percentile_s(&ns, 0.5), percentile_s(&ns, 0.95));
        let agrees = [p50, p95, p95 / p50] == ["p50", "p95", "ratio"].map(|name| number(&case[name]));
        report.line(format!("dynamic, percentiles of {}", ns.len()), agrees, format!("P50 {p50}, P95 {p95}, ratio {}", p95 / p50));
    }
    for case in golden["weights"].as_array().unwrap() {
        let [r, soft, hard, w] = ["r", "soft", "hard", "w"].map(|name| number(&case[name]));
        let ours = Ramp { soft, hard }.weight(r);
        report.line(format!("dynamic, weight of {r} between {soft} and {hard}"), ours == w, ours);
    }
    for case in golden["alpha"].as_array().unwrap() {
        let ours = smoothing(number(&case["dqps"]));
        report.line(format!("dynamic, smoothing at a change of {}", case["dqps"]), ours == number(&case["alpha"]), ours);
    }
    report.total("dynamic, primitives");
    assert_eq!(report.differ, 0);
}

/// What is told after an update: by architecture samples, ratios and shares, and the rates, the newest last.
#[derive(Debug, PartialEq)]
struct Told {
    samples: [f64; 3],
    ratios: [f64; 3],
    shares: [f64; 3],
    rates: Vec<f64>,
}

impl Told {
    fn expected(row: &Value) -> Told {
        let [samples, ratios, shares] = ["n", "prev_r", "ratios"].map(|name| by_kind(&row[name]));
        Told { samples, ratios, shares, rates: numbers(&row["qps_log"]) }
    }
}

/// Plays a timeline.
fn timeline(form: Form, script: &[Value]) -> Vec<Told> {
    let mut tail = TailScheduler::new(form, TailSettings::default(), 1);
    let mut told = Vec::new();
    for entry in script {
        let now = SimTime::from_s(number(&entry["t"]));
        for (kind, name) in Kind::ALL.into_iter().zip(NAMES) {
            for total in entry["add"].get(name).map(numbers).unwrap_or_default() {
                tail.record(now, 0, kind, SimDuration::from_s(total));
            }
        }
        told.push(Told {
            shares: tail.update(now, 0),
            samples: Kind::ALL.map(|kind| tail.samples(now, 0, kind) as f64),
            ratios: tail.ratios(0),
            rates: tail.rates(0).into_iter().flatten().collect(),
        });
    }
    told
}

#[test]
fn every_update_of_every_timeline_agrees_to_the_last_digit() {
    let Some(golden) = exact("02_update_ratios.json") else { return };
    let mut report = Report::default();
    for (name, timelines) in golden.as_object().unwrap() {
        let script = timelines["script"].as_array().unwrap();
        let ours = timeline(Form::Faithful, script);
        for generation in ["old", "new"] {
            let theirs: Vec<Told> = timelines[generation].as_array().unwrap().iter().map(Told::expected).collect();
            let differ = (0..script.len()).find(|&i| ours[i] != theirs[i]);
            let detail = match differ {
                None => format!("{} updates: samples, ratios, rates, shares", script.len()),
                Some(i) => format!("update {i}: {:?} there, {:?} here", theirs[i], ours[i]),
            };
            report.line(format!("dynamic, faithful and third generation ({generation}), {name}"), differ.is_none(), detail);
        }
        let corrected = timeline(Form::Corrected, script);
        let mean = |told: &[Told], k: usize| told.iter().map(|t| t.shares[k]).sum::<f64>() / told.len() as f64;
        let differences = [0, 1, 2].map(|k| mean(&corrected, k) - mean(&ours, k));
        let [d, f, c] = differences.map(|x| format!("{x:+.3}"));
        println!("compared dynamic, corrected and faithful, {name}: mean shares decentralized {d}, federated {f}, centralized {c}");
    }
    report.total("dynamic, updates of shares");
    assert_eq!(report.differ, 0);
}

#[test]
fn probabilities_of_targets_agree_to_the_last_digit() {
    let Some(golden) = exact("03_target_probabilities.json") else { return };
    let mut report = Report::default();
    for case in golden.as_array().unwrap() {
        let means = numbers(&case["avg"]);
        let ours = |form| {
            let mut p = means.clone();
            let weighted = probabilities(form, &mut p, &mut Vec::new());
            weighted.then_some(p)
        };
        let (faithful, corrected) = (ours(Form::Faithful), ours(Form::Corrected));
        let agrees = match &case["p"] {
            Value::String(word) if word == "uniform" => faithful.is_none() && corrected.is_none(),
            // One candidate is taken without a draw; asked all the same, it would be certain.
            Value::String(word) if word == "single" => faithful == Some(vec![1.0]),
            p => {
                let near = |c: Vec<f64>| c.iter().zip(numbers(p)).all(|(a, b)| (a - b).abs() < 1e-15);
                faithful == Some(numbers(p)) && corrected.is_some_and(near)
            }
        };
        report.line(format!("dynamic, targets with means {means:?}"), agrees, format!("{faithful:?}"));
    }
    report.total("dynamic, probabilities of targets");
    assert_eq!(report.differ, 0);
}

#[test]
fn an_update_of_some_thresholds_resets_the_others_as_the_transcript_says() {
    let Some(text) = text("05_api_transcript.txt") else { return };
    let line = text.lines().find(|l| l.starts_with("POST /update_threshold")).unwrap();
    assert!(line.contains(r#"{"soft_d2f":1.2,"hard_d2f":2.0}"#) && line.contains("sets f2c to 1.6/2.7"), "{line}");
    let update = ThresholdUpdate { decentralized_soft: Some(1.2), decentralized_hard: Some(2.0), ..ThresholdUpdate::default() };
    let after = |form| {
        let mut tail = TailScheduler::new(form, TailSettings::default(), 1);
        tail.set_thresholds(update);
        tail.thresholds()
    };
    let decentralized = Ramp { soft: 1.2, hard: 2.0 };
    let faithful = Thresholds { decentralized, federated: Ramp { soft: 1.6, hard: 2.7 } };
    assert_eq!(after(Form::Faithful), faithful);
    assert_eq!(after(Form::Corrected), Thresholds { decentralized, ..Thresholds::default() });
    println!("agree    dynamic, POST /update_threshold: faithful resets what is not named, corrected keeps it");
}

/// The draws of a request as they were logged, and what does not fit them.
#[derive(Default)]
struct Logged {
    rows: VecDeque<Value>,
    problem: Option<String>,
}

impl Logged {
    fn next(&mut self, op: &str, said: impl std::fmt::Debug, fits: impl Fn(&Value) -> bool) -> usize {
        let row = self.rows.pop_front().unwrap_or_default();
        if row["op"] != op || !fits(&row) {
            self.problem.get_or_insert(format!("draws {said:?} where {row} was logged"));
        }
        row["pick"].as_u64().unwrap_or(0) as usize
    }
}

impl Draws for Logged {
    fn any(&mut self, n: usize) -> usize {
        self.next("choice", n, |row| row["n"] == n).min(n - 1)
    }

    fn weighted(&mut self, weights: &[f64]) -> usize {
        let fits = |row: &Value| {
            let logged = row["w"].as_array().map(|w| w.iter().map(number).collect::<Vec<f64>>()).unwrap_or_default();
            // Twelve decimals are printed.
            logged.len() == weights.len() && logged.iter().zip(weights).all(|(a, b)| (a - b).abs() <= 0.6e-12)
        };
        self.next("choices", weights, fits).min(weights.len() - 1)
    }
}

/// Five agents with gateways that take a fixed time, one request after the other on a virtual clock.
struct Replay {
    ids: Vec<String>,
    zone_names: Vec<String>,
    map: Map,
    agents: Vec<Agent>,
    delay: Vec<Vec<SimDuration>>,
    load: Vec<f64>,
    down: Vec<bool>,
    heavy: bool,
    ran: Vec<u32>,
    now: SimTime,
    draws: Logged,
    events: Vec<Value>,
}

/// What a gateway takes, in seconds, by node.
const SERVICE_S: [f64; 5] = [0.05, 0.2, 0.3, 0.25, 0.4];

impl Replay {
    fn new(golden: &Value, run: &Value) -> Replay {
        let topology = golden["topology"].as_array().unwrap();
        let text = |node: &Value, field: &str| node[field].as_str().unwrap().to_owned();
        let ids: Vec<String> = topology.iter().map(|n| text(n, "id")).collect();
        let zone_names: Vec<String> = topology.iter().map(|n| text(n, "zone")).collect();
        let part = |node: &Value| match node["role"].as_str().unwrap() {
            "cloud-controller" => Part::CloudController,
            "edge-controller" => Part::EdgeController,
            _ => Part::Worker,
        };
        let nodes = topology.iter().zip(&ids).zip(&zone_names).map(|((n, id), zone)| (id.as_str(), part(n), zone.as_str()));
        let map = Map::new(Form::Faithful, nodes);
        let group = |id: &String| golden["group"][id].as_str().unwrap();
        let one_way = |a: &String, b: &String| match a == b {
            true => SimDuration::ZERO,
            false => SimDuration::from_ms(number(&golden["delay_ms"][group(a)][group(b)])),
        };
        Replay {
            delay: ids.iter().map(|a| ids.iter().map(|b| one_way(a, b)).collect()).collect(),
            load: ids.iter().map(|id| number(&run["loads"][id])).collect(),
            down: ids.iter().map(|id| run["down"].as_array().unwrap().contains(&json!(id))).collect(),
            heavy: run["name"].as_str().unwrap().ends_with("heavytail"),
            ran: vec![0; ids.len()],
            agents: (0..ids.len()).map(|n| Agent::new(Form::Faithful, Settings::default(), n as u32, 1)).collect(),
            now: SimTime::ZERO,
            draws: Logged::default(),
            events: Vec::new(),
            ids,
            zone_names,
            map,
        }
    }

    /// A function runs on a node, asked for by another. Answers false if the node is down.
    fn execute(&mut self, from: usize, node: usize) -> bool {
        if self.down[node] {
            return false;
        }
        self.now = self.now + self.delay[from][node];
        self.ran[node] += 1;
        let factor = if self.heavy && self.ran[node].is_multiple_of(7) { 6.0 } else { 1.0 };
        let service = SimDuration::from_s(SERVICE_S[node] * factor);
        self.events.push(json!(["exec", self.ids[from], self.ids[node], self.now.as_s(), service.as_s()]));
        self.now = self.now + service + self.delay[from][node];
        true
    }

    /// A request goes from an agent to another. Answers its reply and body, or none if the other is down.
    fn post(&mut self, from: usize, node: usize, request: Request) -> Option<(Reply, Value)> {
        if self.down[node] {
            return None;
        }
        let endpoint = if request.endpoint == Endpoint::Entry { "entry" } else { "schedule" };
        let name = NAMES[request.kind.unwrap() as usize];
        self.events.push(json!(["http", self.ids[from], self.ids[node], endpoint, name, request.hop]));
        self.now = self.now + self.delay[from][node];
        let answer = self.serve(node, request);
        self.now = self.now + self.delay[from][node];
        Some(answer)
    }

    /// An agent deals with a request to its end. Answers its reply and body.
    fn serve(&mut self, at: usize, request: Request) -> (Reply, Value) {
        let open: Open = self.agents[at].route(self.now, &self.map, request, self.load[at], &mut self.draws);
        let error = json!({"error": "down"});
        let done = Reply { status: 200, hop: 0, failed: false };
        let (reply, mut body) = match open.step {
            Step::Run => match self.execute(at, at) {
                true => (Some(done), json!({"resp": "ok", "status": "success"})),
                false => (None, error),
            },
            Step::Invoke { node } => {
                let ran = self.execute(at, node as usize);
                let target = &self.ids[node as usize];
                let body = match (ran, open.request.endpoint) {
                    (false, _) => error,
                    (true, Endpoint::Schedule) => json!({"resp": "ok"}),
                    _ => json!({"resp": "ok", "status": "success", "execution_location": "remote", "target_node": target}),
                };
                (ran.then_some(done), body)
            }
            Step::Pass { node, endpoint } => {
                self.post(at, node as usize, Request { endpoint, ..open.request }).map_or((None, error), |(r, b)| (Some(r), b))
            }
            Step::HandOn { node } => match self.post(at, node as usize, open.request) {
                None => (None, error),
                Some((reply, body)) => {
                    let (what, name) = match open.kind {
                        Kind::Federated => ("zone", &self.zone_names[node as usize]),
                        _ => ("node", &self.ids[node as usize]),
                    };
                    (Some(reply), json!({"message": format!("Offloaded to {what} {name}"), "response": body}))
                }
            },
            Step::Refuse(_) => (None, json!({"error": "refused"})),
        };
        let told = self.agents[at].reply(self.now, &self.map, &open, reply);
        if open.request.endpoint == Endpoint::Entry {
            body["total_time"] = json!(self.now.since(open.entered).as_s());
            body["hop"] = json!(told.hop);
            body["architecture"] = json!(NAMES[open.kind as usize]);
        }
        (told, body)
    }

    /// What all agents remember, as the golden writes it.
    fn remembered(&self) -> Value {
        let mut all = serde_json::Map::new();
        for (agent, id) in self.agents.iter().zip(&self.ids) {
            let mut log = serde_json::Map::new();
            for ((_, place), window) in agent.history.windows() {
                let named =
                    |zone: &String, node: usize| (self.map.zone_place(self.map.zone(node as u32)) == place).then(|| zone.clone());
                let zone = self.zone_names.iter().enumerate().find_map(|(node, zone)| named(zone, node));
                let name = zone.or_else(|| self.ids.get(place as usize).cloned()).unwrap();
                let rows: Vec<[f64; 2]> = window.rows().map(|(at, d)| [at.as_s(), d.as_s()]).collect();
                log.insert(format!("{name}|f"), json!(rows));
            }
            all.insert(id.clone(), Value::Object(log));
        }
        Value::Object(all)
    }
}

/// Replays a run. Answers what it came to, or the first difference.
fn replay(golden: &Value, run: &Value) -> Result<String, String> {
    let mut replay = Replay::new(golden, run);
    let gap = SimDuration::from_s(number(&run["gap"]));
    let kind = NAMES.iter().position(|name| run["arch"] == *name).map(|k| Kind::ALL[k]);
    let (mut draws, mut events, mut failed, mut hidden) = (0, 0, 0, 0);
    let requests = run["requests"].as_array().unwrap();
    for (i, request) in requests.iter().enumerate() {
        let entry = replay.ids.iter().position(|id| request["entry"] == **id).unwrap();
        replay.draws = Logged { rows: request["rng"].as_array().unwrap().iter().cloned().collect(), problem: None };
        replay.events.clear();
        draws += replay.draws.rows.len();
        let t0 = replay.now.as_s();
        let (reply, body) = replay.serve(entry, Request { function: 0, kind, hop: 0, endpoint: Endpoint::Entry, limit: None });
        if let Some(problem) = &replay.draws.problem {
            return Err(format!("request {i} {problem}"));
        }
        if !replay.draws.rows.is_empty() {
            return Err(format!("request {i} leaves {:?} undrawn", replay.draws.rows));
        }
        let ours = json!({"t0": t0, "events": replay.events, "status": reply.status, "response": body, "t1": replay.now.as_s()});
        for (name, ours) in ours.as_object().unwrap() {
            if request[name] != *ours {
                return Err(format!("request {i}: {name} is {} there, {ours} here", request[name]));
            }
        }
        events += replay.events.len();
        failed += usize::from(reply.failed);
        hidden += usize::from(reply.failed && reply.status == 200);
        replay.now = replay.now + gap;
    }
    let (mut rows, mut shares) = (0, String::new());
    let remembered = replay.remembered();
    for (agent, id) in replay.agents.iter().zip(&replay.ids) {
        let last = &run["final"][id];
        if last["response_log"] != remembered[id] {
            return Err(format!("{id} remembers {} there, {} here", last["response_log"], remembered[id]));
        }
        rows += remembered[id].as_object().unwrap().values().map(|r| r.as_array().unwrap().len()).sum::<usize>();
        if let Some(ratios) = last["ratios"].get("f") {
            if by_kind(ratios) != agent.tail.weights(0) {
                return Err(format!("shares at {id} are {ratios} there, {:?} here", agent.tail.weights(0)));
            }
            shares.push_str(&format!(", shares at {id} {:?}", agent.tail.weights(0)));
        }
    }
    let lost = if failed > 0 { format!(", {failed} failed ({hidden} told as a success)") } else { String::new() };
    Ok(format!(
        "{} requests, {draws} draws, {events} messages and executions, {rows} durations remembered{lost}{shares}",
        requests.len()
    ))
}

#[test]
fn every_run_of_the_agents_is_replayed_from_its_draws() {
    let Some(text) = text("04_e2e_traces.json") else { return };
    let golden: Value = serde_json::from_str(&text).unwrap();
    let mut report = Report::default();
    for run in golden["runs"].as_array().unwrap() {
        let what = format!("dynamic, faithful and third generation (new), {}", run["name"].as_str().unwrap());
        match replay(&golden, run) {
            Ok(detail) => report.line(what, true, detail),
            Err(difference) => report.line(what, false, difference),
        }
    }
    report.total("dynamic, runs of agents");
    assert_eq!((report.agree, report.differ), (33, 0));
}
