//! Tables as comma-separated values.

use std::io::{Result, Write};

use serde_json::Value;

use super::charts::Charts;
use super::groups::GroupRow;
use super::hosts::HostSeries;
use super::recorder::Recorder;
use super::summary::Summary;
use crate::platform::Outcome;
use crate::sim::Simulation;
use crate::units::SimTime;

/// The columns of [`hosts`].
pub const HOSTS: &str = "host,until_s,load_average,finished_per_s,mean_execution_ms,mean_response_ms";

/// A row for each host and bucket of time of a run that ended at `end_s`. Where nothing was completed, there are no mean times.
pub fn hosts(out: &mut impl Write, series: &HostSeries, end_s: f64) -> Result<()> {
    let mean = |ms: f32| if ms.is_nan() { String::new() } else { ms.to_string() };
    for host in &series.hosts {
        let id = text(&host.id);
        for (bucket, load) in host.load_average.iter().enumerate() {
            let until = ((bucket + 1) as f64 * series.bucket_s).min(end_s);
            let (rate, execution, response) = (host.finished_per_s[bucket], host.execution_ms[bucket], host.response_ms[bucket]);
            writeln!(out, "{id},{until},{load},{rate},{},{}", mean(execution), mean(response))?;
        }
    }
    Ok(())
}

/// The columns of [`invocations`].
pub const INVOCATIONS: &str = "invocation,function,client,submitted_ns,execution_ns,outcome,cold,host,started_ns,finished_ns,response_ns,slowdown,attempts,cause,job";

/// A row for each of some invocations, without the line of the columns' names. What did not end has no response time, only what was
/// completed has a slowdown, and only where invocations belong together they have a job.
pub fn invocations(
    out: &mut impl Write,
    simulation: &Simulation,
    recorder: &Recorder,
    rows: impl Iterator<Item = u32>,
) -> Result<()> {
    let (workload, model) = (simulation.workload(), simulation.model());
    for i in rows {
        let row = recorder.row(i);
        let time = |t: Option<SimTime>| t.map_or(String::new(), |t| t.0.to_string());
        writeln!(
            out,
            "{i},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            text(&workload.functions[workload.function[i as usize] as usize].id),
            text(model.machine_id(model.clients[usize::from(workload.client[i as usize])].machine)),
            time(row.submitted),
            workload.execution_ns[i as usize],
            row.outcome.map_or(if row.submitted.is_none() { "not_submitted" } else { "live" }, |o| o.word()),
            u8::from(row.cold),
            row.host.map_or(String::new(), |h| text(model.machine_id(model.hosts[h as usize].machine))),
            time(row.started),
            time(row.finished),
            row.outcome.map_or(String::new(), |_| row.response_ns.to_string()),
            recorder.slowdown(i).filter(|_| row.outcome == Some(Outcome::Completed)).map_or(String::new(), |s| s.to_string()),
            row.attempts,
            row.cause.map_or("", |c| c.word()),
            workload.job.get(i as usize).map_or(String::new(), u32::to_string),
        )?;
    }
    Ok(())
}

/// Groups of invocations, with the line of the columns' names.
pub fn groups(out: &mut impl Write, name: &str, rows: &[GroupRow]) -> Result<()> {
    writeln!(out, "{name},ended,cold,lost,response_ms,p50_ms,p95_ms,p99_ms,slowdown_p99,utilisation,idle_mb")?;
    for r in rows {
        // Of what none was completed there are no times.
        let times = [r.response_ms, r.p50_ms, r.p95_ms, r.p99_ms, r.slowdown_p99];
        let times = times.map(|x| if r.ended > r.lost { x.to_string() } else { String::new() }).join(",");
        writeln!(out, "{},{},{},{},{times},{},{}", text(&r.id), r.ended, r.cold, r.lost, r.utilisation, r.idle_mb)?;
    }
    Ok(())
}

/// The series over time, a row for each bucket; what a run has none of is left out.
pub fn series(charts: &Charts) -> String {
    let floats = |values: &[f32]| -> Vec<f64> { values.iter().map(|&x| x.into()).collect() };
    let counts = |values: &[u32]| -> Vec<f64> { values.iter().map(|&x| x.into()).collect() };
    let (slowdown, response) = (&charts.slowdown, &charts.response_ms);
    let mut columns: Vec<(&str, Vec<f64>)> = vec![
        ("slowdown_p50", slowdown.p50.clone()),
        ("slowdown_p95", slowdown.p95.clone()),
        ("slowdown_p99", slowdown.p99.clone()),
        ("response_p50_ms", response.p50.clone()),
        ("response_p95_ms", response.p95.clone()),
        ("response_p99_ms", response.p99.clone()),
        ("cold", counts(&charts.cold)),
        ("warm", counts(&charts.warm)),
        ("lost", counts(&charts.lost)),
        ("in_system", floats(&charts.in_system)),
        ("idle_mb", floats(&charts.idle_mb)),
        ("busy_mb", floats(&charts.busy_mb)),
        ("image_mb", floats(&charts.image_mb)),
    ];
    for (name, shares) in ["decentralized", "federated", "centralized"].into_iter().zip(&charts.shares) {
        columns.push((name, floats(shares)));
    }
    columns.retain(|(_, values)| !values.is_empty());
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut out = format!("from_s,to_s,{}\n", names.join(","));
    for i in 0..columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0) {
        let value = |x: Option<&f64>| x.filter(|x| x.is_finite()).map_or(String::new(), f64::to_string);
        let values: Vec<String> = columns.iter().map(|(_, values)| value(values.get(i))).collect();
        let (from, to) = (i as f64 * charts.bucket_s, (i + 1) as f64 * charts.bucket_s);
        out.push_str(&format!("{from},{to},{}\n", values.join(",")));
    }
    out
}

/// The figures of a run, each with its name: the same names as in JSON, those of parts after those of the whole. Rows of functions,
/// zones and hosts have tables of their own.
pub fn summary(summary: &Summary) -> String {
    fn write(out: &mut String, name: &str, value: &Value) {
        let under = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
        match value {
            Value::Object(parts) => parts.iter().for_each(|(key, value)| write(out, &under(key), value)),
            // Pairs of a name and a figure; other lists have tables of their own.
            Value::Array(rows) => {
                for row in rows {
                    if let [Value::String(key), value] = row.as_array().map(Vec::as_slice).unwrap_or_default() {
                        write(out, &under(key), value);
                    }
                }
            }
            Value::String(value) => out.push_str(&format!("{},{}\n", text(name), text(value))),
            Value::Null => {}
            value => out.push_str(&format!("{},{value}\n", text(name))),
        }
    }
    let mut out = "figure,value\n".to_owned();
    // Plain figures always serialise.
    write(&mut out, "", &serde_json::to_value(summary).unwrap_or_default());
    out
}

/// A text as a field: quoted where it must be, and never taken for a formula by a spreadsheet.
pub fn text(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_no_formulas() {
        assert_eq!(text("a"), "a");
        assert_eq!(text("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(text("=1+1"), "'=1+1");
    }

    #[test]
    fn figures_have_the_names_that_they_have_in_json() {
        let mut figures = Summary { digest: "abc".into(), completed: 7, ..Summary::default() };
        figures.slowdown.p99 = 2.5;
        figures.messages = vec![("submit".into(), 3)];
        let text = summary(&figures);
        for line in ["figure,value", "digest,abc", "completed,7", "slowdown.p99,2.5", "messages.submit,3"] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
    }

    #[test]
    fn series_have_a_row_for_each_bucket_and_no_column_that_is_empty() {
        let charts = Charts { bucket_s: 0.5, cold: vec![1, 2], idle_mb: vec![3.0, 4.5], ..Charts::default() };
        assert_eq!(series(&charts), "from_s,to_s,cold,idle_mb\n0,0.5,1,3\n0.5,1,2,4.5\n");
    }

    #[test]
    fn what_is_not_known_is_empty() {
        let mut out = Vec::new();
        let row = |ended| GroupRow { id: "f".into(), ended, lost: 1, response_ms: 1.5, ..GroupRow::default() };
        let _ = groups(&mut out, "function", &[row(2), row(1)]);
        let text = String::from_utf8_lossy(&out);
        assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["f,2,0,1,1.5,0,0,0,0,0,0", "f,1,0,1,,,,,,0,0"]);
    }
}
