//! FaasCache's simulator. Its containers lie in a heap's array, whose layout decides which of equals goes first; that is not
//! copied. Instead: an oracle written from its semantics agrees with every golden run in everything; the same oracle, told to
//! break ties as our engine does, agrees with our engine in everything. What is left between golden and engine is ties, and
//! each line says how much.

use std::collections::BTreeMap;

use faaslab_core::scenario::Scenario;
use faaslab_core::trace::{Rows, TraceData};
use serde_json::{Value, json};

use super::oracle::{self, Policy, Row, Ties};
use super::{Counts, Report, keep_alive_cases, play, preset};

/// Our name for one of its policies; HIST is not one: the published rule is offered, and the original's is inverted.
fn policy(policy: Policy) -> Option<Value> {
    let ttl = |ttl_s: u32| json!({"kind": "fixed_ttl", "ttl_s": ttl_s, "counts_from": "last_start", "expiry": "lazy", "recency": "function"});
    Some(match policy {
        Policy::Gd => json!({"kind": "greedy_dual", "rule": "faascache"}),
        Policy::Freq => json!({"kind": "frequency", "rule": "faascache"}),
        Policy::Size => json!({"kind": "size", "rule": "faascache"}),
        Policy::Lnd => json!({"kind": "landlord", "rule": "faascache"}),
        Policy::Lru => json!({"kind": "lru", "recency": "function"}),
        Policy::Ttl => ttl(600),
        Policy::LongTtl => ttl(7200),
        Policy::Hist => return None,
    })
}

fn scenario(run: &Value, keep_alive: Value) -> Scenario {
    preset("keepalive-fcs", run["mem_mb"].as_f64().unwrap(), keep_alive)
}

/// The trace as the oracle reads it.
fn rows(trace: &TraceData) -> (Vec<Row>, Vec<String>) {
    let Rows::Invocations { arrival_ns, function, execution_ns, start_ns } = &trace.rows else { panic!("a trace of rows") };
    assert!(start_ns.is_empty(), "cold starts cost the same within a function");
    let ms = |ns: i64| ns as f64 / 1e6;
    let row = |i: usize| {
        let about = &trace.functions[function[i] as usize];
        let warm = execution_ns[i] as i64;
        Row {
            function: function[i] as usize,
            memory: about.memory_mb.unwrap(),
            warm: ms(warm),
            cold: ms(warm + about.start_ns.unwrap()),
            arrival: ms(arrival_ns[i] as i64),
        }
    };
    ((0..arrival_ns.len()).map(row).collect(), trace.functions.iter().map(|f| f.id.clone()).collect())
}

#[test]
fn an_oracle_agrees_with_every_faascache_run_and_the_engine_with_the_oracle_but_for_ties() {
    let (mut golden, mut engine, mut ties) = (Report::default(), Report::default(), BTreeMap::<String, (usize, usize, f64)>::new());
    for (name, trace, runs) in keep_alive_cases("fcs") {
        let (rows, names) = rows(&trace);
        for run in &runs {
            let (kind, memory) = (run["policy"].as_str().unwrap(), run["mem_mb"].as_f64().unwrap());
            let what = format!("{name}, {kind}, {memory} MB");
            let expected = Counts::expected(run);
            let result = oracle::run(&rows, &names, Policy::named(kind), Ties::Heap, memory);
            golden.line(format!("FaasCache's simulator and the oracle, {what}"), same(&result, run), &expected);
            let Some(keep_alive) = policy(Policy::named(kind)) else { continue };
            let ours = play(&scenario(run, keep_alive), &trace);
            let told = oracle::run(&rows, &names, Policy::named(kind), Ties::Engine, memory);
            let hits = ours.hits as f64 - expected.hits as f64;
            let percent = 100.0 * hits / expected.hits.max(1) as f64;
            let detail = format!("{ours}; by ties {hits:+} hits ({percent:+.2} %)");
            let agrees = ours == told.counts;
            let detail = if agrees { detail } else { format!("{ours}; the oracle: {}", told.counts) };
            engine.line(format!("the oracle with our ties and the engine, {what}"), agrees, detail);
            let (runs, differ, most) = ties.entry(kind.to_owned()).or_default();
            *runs += 1;
            *differ += usize::from(ours != expected);
            *most = most.max(percent.abs());
        }
    }
    golden.total("FaasCache's simulator and the oracle");
    engine.total("the oracle with our ties and the engine");
    for (kind, (runs, differ, most)) in ties {
        println!("ties     {kind}: {differ} of {runs} runs differ from the original's, hits by at most {most:.2} %");
    }
    assert_eq!((golden.differ, engine.differ), (0, 0), "run ./dev goldens for the lines");
}

fn same(result: &oracle::Result, run: &Value) -> bool {
    let number = |name: &str| run[name].as_f64().unwrap();
    result.counts == Counts::expected(run)
        && result.removals == run["removals"].as_u64().unwrap()
        && result.prewarmed == run["prewarm_adds"].as_u64().unwrap()
        && result.removal_sha256 == run["removal_sha256"].as_str().unwrap()
        && result.processing_ms == number("sum_processing_ms")
        && result.cold_overhead_ms == number("sum_cold_overhead_ms")
        && result.peak_memory == number("peak_mem_mb")
        && result.peak_pool == run["peak_pool"].as_u64().unwrap()
        && result.final_memory == number("final_mem_mb")
        && result.final_pool == run["final_pool"].as_u64().unwrap()
}
