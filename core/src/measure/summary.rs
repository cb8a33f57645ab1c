//! A run in figures.

use serde::{Deserialize, Serialize};

use super::groups::{Count, GroupBy, GroupRow, Tally, groups_of};
use super::jobs::JobSummary;
use super::quantiles::Quantiles;
use super::recorder::Recorder;
use crate::platform::{Accounting, Cause, Counters, MessageKind, Outcome, TRANSFER_KINDS};
use crate::sim::Simulation;

/// The figures of a run. Aggregates are over invocations submitted after the warm-up; counts are over all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The run's fingerprint: the same scenario and seed give the same one everywhere.
    pub digest: String,
    /// Invocations that arrived.
    pub submitted: u64,
    /// Their results reached the client.
    pub completed: u64,
    /// They ran into their time limit.
    pub timed_out: u64,
    /// They were refused; the causes say why.
    pub rejected: u64,
    /// There was no memory, and the policy is to drop.
    pub dropped: u64,
    /// They ran, and their result cannot be had.
    pub failed: u64,
    /// Their client gave up waiting.
    pub abandoned: u64,
    /// Why they were rejected, dropped or failed, where that does not say it all: how many by cause.
    pub causes: Vec<(String, u64)>,
    /// Attempts after the first.
    pub retries: u64,
    /// Results that came when their client had given up.
    pub late: u64,
    /// Still in the system when nothing more could happen.
    pub live: u64,
    /// Cold starts.
    pub cold: u64,
    /// Warm starts.
    pub warm: u64,
    /// Idle containers removed to make room.
    pub evictions: u64,
    /// Idle containers whose keep-alive ran out.
    pub expirations: u64,
    /// Containers made ahead of an invocation.
    pub prewarmed: u64,
    /// Response / ideal over completed invocations.
    pub slowdown: Quantiles,
    /// Response time over completed invocations, in milliseconds.
    pub response_ms: Quantiles,
    /// Completed invocations without a slowdown, because their ideal is zero.
    pub zero_ideal: u64,
    /// The jobs in figures; nothing where every invocation is a job of its own.
    pub jobs: Option<JobSummary>,
    /// Share of starts that were cold.
    pub cold_share: f64,
    /// The end of the run, in seconds of simulated time.
    pub end_s: f64,
    /// Memory of idle containers over time, in GB-seconds: what keeping alive cost.
    pub idle_gb_s: f64,
    /// Memory of starting and busy containers over time, in GB-seconds.
    pub busy_gb_s: f64,
    /// Share of the hosts' cores that invocations held.
    pub utilisation: f64,
    /// Mean milliseconds by accounting phase, over completed invocations; they add up to the mean response time.
    pub phases_ms: Vec<(String, f64)>,
    /// Messages by kind.
    pub messages: Vec<(String, u64)>,
    /// Tasks handed from placer to placer.
    pub offloads: u64,
    /// Tasks, and places that were reserved for some, that hosts stole from others.
    pub steals: u64,
    /// How often a host asked another for them.
    pub steal_attempts: u64,
    /// How often it was given something.
    pub steal_successes: u64,
    /// Claims on hosts that were refused because another placer was faster, each of one task.
    pub conflicts: u64,
    /// What placers spent on those, in seconds.
    pub wasted_s: f64,
    /// Attempts that clients withdrew as their placer did not answer, and made anew elsewhere.
    pub withdrawn: u64,
    /// Attempts that were killed for others.
    pub killed: u64,
    /// Cores that were locked while placers thought about offers, in core-seconds.
    pub locked_core_s: f64,
    /// Transfers of images by kind; none without images.
    pub transfers: Vec<TransferRow>,
    /// Images removed from a store or from memory to make room.
    pub image_evictions: u64,
    /// Events handled.
    pub events: u64,
    /// Nanoseconds in the system, summed over all tasks, those still live cut at the end. Little's law: the integral of the
    /// number in the system is the same.
    #[serde(with = "exact")]
    pub sojourn_ns: u128,
    /// The integral of the number in the system, in nanoseconds.
    #[serde(with = "exact")]
    pub in_system_ns: u128,
    /// Per function, the most invoked first, at most a thousand.
    pub functions: Vec<FunctionRow>,
    /// Per host, at most a thousand.
    pub hosts: Vec<HostRow>,
    /// Per zone, by the host that an invocation got to.
    #[serde(default)]
    pub zones: Vec<GroupRow>,
}

/// Transfers of images of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TransferRow {
    /// The kind: download, copy or load.
    pub kind: String,
    /// How many were asked for.
    pub count: u64,
    /// What they move, in bytes.
    pub bytes: u64,
}

impl TransferRow {
    /// How many of which kind, in words.
    pub fn words(&self) -> String {
        match (self.count, self.kind.strip_suffix('y')) {
            (1, _) => format!("1 {}", self.kind),
            (n, Some(stem)) => format!("{n} {stem}ies"),
            (n, None) => format!("{n} {}s", self.kind),
        }
    }
}

/// A function in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionRow {
    /// Its id.
    pub id: String,
    /// Invocations that ended.
    pub ended: u64,
    /// Of these, started cold.
    pub cold: u64,
    /// Of these, lost.
    pub lost: u64,
    /// Mean response time of the completed, in milliseconds.
    pub response_ms: f64,
}

/// A host in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostRow {
    /// The machine's id.
    pub id: String,
    /// Invocations that ended there.
    pub ended: u64,
    /// Of these, started cold.
    pub cold: u64,
    /// Share of its cores that invocations held.
    pub utilisation: f64,
    /// Mean memory of its idle containers, in MB.
    pub idle_mb: f64,
}

/// Sums of nanoseconds, which soon pass what a JSON number holds exactly: written as decimal text where people read, in binary
/// formats as they are.
mod exact {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(n: &u128, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { n.to_string().serialize(to) } else { n.serialize(to) }
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<u128, D::Error> {
        if from.is_human_readable() {
            String::deserialize(from)?.parse().map_err(D::Error::custom)
        } else {
            u128::deserialize(from)
        }
    }
}

const MOST_ROWS: usize = 1000;

/// Byte-nanoseconds in a GB-second; a GB is 1024 MB, as platforms bill it.
const GB_S: f64 = 1024.0 * 1e6 * 1e9;

impl Summary {
    /// Invocations that ended without being completed.
    pub fn lost(&self) -> u64 {
        self.timed_out + self.rejected + self.dropped + self.failed + self.abandoned
    }

    /// The figures of a run as far as it has come.
    pub fn new(simulation: &Simulation, recorder: &Recorder) -> Summary {
        let world = simulation.world();
        let c = &world.counters;
        let outcome = |o: Outcome| c.outcomes[o as usize];
        let live: u128 = world
            .tasks
            .iter()
            .map(|(_, t)| t.spent.iter().map(|&ns| u128::from(ns)).sum::<u128>() + u128::from(world.now.since(t.since).0))
            .sum();
        let tally = Tally::new(simulation, recorder);
        let mut quantiles = Vec::new();
        let zones = groups_of(&tally, simulation, recorder, GroupBy::Zone, |all, sum| quantiles.push(Quantiles::of(all, sum)));
        let [response_ms, slowdown] = std::array::from_fn(|i| quantiles.get(i).copied().unwrap_or_default());
        let count = response_ms.count.max(1) as f64;
        let model = simulation.model();
        let usage: Vec<_> =
            world.hosts.iter().zip(&model.hosts).map(|(h, spec)| h.usage_now(world.now, spec.millicores, spec.memory)).collect();
        let cores: u128 = model.hosts.iter().map(|h| u128::from(h.millicores)).sum();
        let span = world.now.0.max(1);
        Summary {
            digest: world.digest.to_string(),
            submitted: c.submitted,
            completed: outcome(Outcome::Completed),
            timed_out: outcome(Outcome::TimedOut),
            rejected: outcome(Outcome::Rejected),
            dropped: outcome(Outcome::Dropped),
            failed: outcome(Outcome::Failed),
            abandoned: outcome(Outcome::Abandoned),
            causes: Cause::ALL.iter().map(|&cause| (cause.word().to_owned(), c.causes[cause as usize])).collect(),
            retries: c.retries,
            late: c.late,
            live: world.tasks.len() as u64,
            cold: c.cold,
            warm: c.warm,
            evictions: c.evictions,
            expirations: c.expirations,
            prewarmed: c.prewarmed,
            zero_ideal: tally.completed.without_ideal,
            jobs: JobSummary::new(recorder, world.now),
            cold_share: if tally.started == 0 { 0.0 } else { tally.cold as f64 / tally.started as f64 },
            end_s: world.now.as_s(),
            idle_gb_s: usage.iter().map(|u| u.idle_memory).sum::<u128>() as f64 / GB_S,
            busy_gb_s: usage.iter().map(|u| u.busy_memory).sum::<u128>() as f64 / GB_S,
            utilisation: usage.iter().map(|u| u.cores).sum::<u128>() as f64 / (cores.max(1) * u128::from(span)) as f64,
            phases_ms: Accounting::ALL
                .iter()
                .map(|&a| (a.word().to_owned(), recorder.phases()[a as usize] as f64 / 1e6 / count))
                .collect(),
            messages: MessageKind::ALL.iter().map(|&k| (k.word().to_owned(), c.messages[k as usize])).collect(),
            offloads: c.messages[MessageKind::Offload as usize],
            steals: c.messages[MessageKind::Stolen as usize],
            steal_attempts: c.messages[MessageKind::Steal as usize],
            steal_successes: c.thefts,
            conflicts: c.conflicts,
            wasted_s: c.wasted_ns as f64 / 1e9,
            withdrawn: c.withdrawn,
            killed: c.killed,
            locked_core_s: c.locked_ns as f64 / 1e9,
            transfers: if model.supply.images.is_empty() { Vec::new() } else { transfers(c) },
            image_evictions: c.image_evictions,
            events: c.events,
            sojourn_ns: c.sojourn_ns + live,
            in_system_ns: c.in_system_ns,
            functions: functions(&tally, simulation),
            hosts: model
                .hosts
                .iter()
                .zip(&usage)
                .zip(&tally.hosts)
                .take(MOST_ROWS)
                .map(|((spec, u), &Count { ended, cold, .. })| HostRow {
                    id: model.machine_id(spec.machine).to_owned(),
                    ended,
                    cold,
                    utilisation: u.cores as f64 / (f64::from(spec.millicores) * span as f64),
                    idle_mb: u.idle_memory as f64 / span as f64 / 1e6,
                })
                .collect(),
            zones,
            slowdown,
            response_ms,
        }
    }
}

fn transfers(c: &Counters) -> Vec<TransferRow> {
    let counts = c.transfers.iter().zip(&c.transferred_bytes);
    TRANSFER_KINDS
        .iter()
        .zip(counts)
        .map(|(kind, (&count, &bytes))| TransferRow { kind: (*kind).to_owned(), count, bytes })
        .collect()
}

/// The functions of which any ended, the most invoked first.
fn functions(tally: &Tally, simulation: &Simulation) -> Vec<FunctionRow> {
    let all = &tally.functions;
    let mut order: Vec<usize> = (0..all.len()).filter(|&f| all[f].0.ended > 0).collect();
    order.sort_by_key(|&f| (std::cmp::Reverse(all[f].0.ended), f));
    let row = |f: usize| {
        let (Count { ended, cold, lost, .. }, response_ms) = all[f];
        let id = simulation.workload().functions[f].id.clone();
        FunctionRow { id, ended, cold, lost, response_ms: response_ms / ended.saturating_sub(lost).max(1) as f64 }
    };
    order.into_iter().take(MOST_ROWS).map(row).collect()
}
