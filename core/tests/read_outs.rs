//! What hosts say of themselves over time agrees with what happened on them, whatever the architecture, kills and retries included.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use faaslab_core::measure::Recorder;
use faaslab_core::platform::{LoadAverage, Outcome, Phase};
use faaslab_core::scenario::Scenario;
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;

/// How many invocations ended in a bucket, and what they took in milliseconds in all.
#[derive(Clone, Copy, Default)]
struct Sums {
    count: f64,
    execution: f64,
    response: f64,
}

/// Whether a figure of single precision is this one.
fn near(figure: f32, expected: f64) -> bool {
    (f64::from(figure) - expected).abs() <= 1e-5 * (1.0 + expected.abs())
}

#[test]
fn series_of_hosts_are_what_a_watcher_of_every_event_and_of_every_row_finds() {
    for name in ["reference/tail-driven", "standing-aside", "retry-storm", "no-promises"] {
        let text = std::fs::read_to_string(format!("{}/../scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let scenario = Scenario::from_json(&text).unwrap();
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0).with_hosts();
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        assert_eq!(recorder.hosts(&simulation).unwrap().hosts.iter().map(|h| h.load_average.len()).max(), Some(0));
        // Each host's load whenever it changes.
        let mut loads: Vec<Vec<(SimTime, u32)>> = vec![vec![(SimTime::ZERO, 0)]; simulation.world().hosts.len()];
        let mut done = false;
        while !done {
            done = recorder.step(&mut simulation, 1).done;
            let world = simulation.world();
            let mut now = vec![0; loads.len()];
            for (_, attempt) in world.attempts.iter() {
                if matches!(attempt.phase(), Phase::Queued | Phase::Staging | Phase::Starting | Phase::Running) {
                    now[attempt.host as usize] += 1;
                }
            }
            for (seen, load) in loads.iter_mut().zip(now) {
                if seen.last().unwrap().1 != load {
                    seen.push((world.now, load));
                }
            }
        }
        let series = recorder.hosts(&simulation).unwrap();
        let end = simulation.world().now.as_s();
        let ends: Vec<f64> = (1..=series.hosts[0].load_average.len()).map(|i| (i as f64 * series.bucket_s).min(end)).collect();
        let mut sums = vec![vec![Sums::default(); ends.len()]; loads.len()];
        for row in (0..workload.len() as u32).map(|row| recorder.row(row)).filter(|row| row.outcome == Some(Outcome::Completed)) {
            let finished = row.finished.unwrap();
            let bucket = ends.iter().position(|end| finished <= SimTime::from_s(*end)).unwrap();
            let sum = &mut sums[row.host.unwrap() as usize][bucket];
            sum.count += 1.0;
            sum.execution += finished.since(row.started.unwrap()).0 as f64 / 1e6;
            sum.response += row.response_ns as f64 / 1e6;
        }
        let mut highest = 0.0_f64;
        for ((host, changes), sums) in series.hosts.iter().zip(&loads).zip(&sums) {
            let (mut average, mut changes) = (LoadAverage::default(), changes.iter().peekable());
            let mut begin = 0.0;
            for (bucket, (&end, sum)) in ends.iter().zip(sums).enumerate() {
                let at = SimTime::from_s(end);
                while let Some(&(when, load)) = changes.next_if(|change| change.0 <= at) {
                    average.set(when, load);
                }
                let place = format!("{name}: {} at {end} s", host.id);
                assert!(
                    near(host.load_average[bucket], average.at(at)),
                    "{place}: {} {}",
                    host.load_average[bucket],
                    average.at(at)
                );
                assert!(near(host.finished_per_s[bucket], sum.count / (end - begin)), "{place}");
                assert_eq!(host.execution_ms[bucket].is_nan(), sum.count == 0.0, "{place}");
                assert!(sum.count == 0.0 || near(host.execution_ms[bucket], sum.execution / sum.count), "{place}");
                assert!(sum.count == 0.0 || near(host.response_ms[bucket], sum.response / sum.count), "{place}");
                highest = highest.max(average.at(at));
                begin = end;
            }
        }
        assert!(highest > 0.5, "{name}: somebody is loaded: {highest}");
    }
}
