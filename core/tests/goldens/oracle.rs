//! FaasCache's simulator (aFuerst/faascache-sim), written from the description of its semantics, for comparison only: one
//! server, a clock that jumps from arrival to arrival, containers in the array of a CPython heap. It knows two ways to break
//! ties: as that array happens to lie, which is the original's, and as our engine does.

use std::collections::BTreeMap;

use super::heap::{self, Prioritised};
use super::{Counts, sha256};

/// An invocation of the trace: times in milliseconds, memory in MB.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) function: usize,
    pub(crate) memory: f64,
    pub(crate) warm: f64,
    pub(crate) cold: f64,
    pub(crate) arrival: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Gd,
    Freq,
    Size,
    Lnd,
    Lru,
    Ttl,
    LongTtl,
    Hist,
}

impl Policy {
    pub(crate) fn named(name: &str) -> Policy {
        match name {
            "GD" => Policy::Gd,
            "FREQ" => Policy::Freq,
            "SIZE" => Policy::Size,
            "LND" => Policy::Lnd,
            "LRU" => Policy::Lru,
            "TTL" => Policy::Ttl,
            "LONG-TTL" => Policy::LongTtl,
            "HIST" => Policy::Hist,
            other => panic!("the goldens have a policy {other} that is not known here"),
        }
    }
}

/// Who goes first, and who is used again, of containers that the rules do not tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ties {
    /// As they lie in the heap's array.
    Heap,
    /// As in our engine: the one used longest ago goes first, the one created first is used again.
    Engine,
}

/// Everything that the goldens say of a run.
#[derive(Debug, PartialEq)]
pub(crate) struct Result {
    pub(crate) counts: Counts,
    pub(crate) removals: u64,
    pub(crate) prewarmed: u64,
    pub(crate) removal_sha256: String,
    pub(crate) processing_ms: f64,
    pub(crate) cold_overhead_ms: f64,
    pub(crate) peak_memory: f64,
    pub(crate) peak_pool: u64,
    pub(crate) final_memory: f64,
    pub(crate) final_pool: u64,
}

#[derive(Clone, Copy, Debug)]
struct InPool {
    priority: f64,
    id: usize,
    function: usize,
}

impl Prioritised for InPool {
    fn priority(&self) -> f64 {
        self.priority
    }
}

#[derive(Debug)]
struct Container {
    frequency: f64,
    last: f64,
    running: bool,
    /// The number of its last use, over all containers.
    last_use: u64,
}

struct Histogram {
    buckets: [f64; 240],
    count: f64,
    mean: f64,
    m2: f64,
    ttl: f64,
    pre: f64,
    last_seen: f64,
}

const TWO_HOURS: f64 = 7_200_000.0;

impl Histogram {
    fn new(now: f64) -> Histogram {
        Histogram { buckets: [0.0; 240], count: 0.0, mean: 0.0, m2: 0.0, ttl: TWO_HOURS, pre: 0.0, last_seen: now }
    }

    fn see(&mut self, now: f64) {
        let minute = ((now - self.last_seen) / 60_000.0).floor();
        self.last_seen = now;
        if minute >= 240.0 {
            return;
        }
        self.count += 1.0;
        let delta = minute - self.mean;
        self.mean += delta / self.count;
        self.m2 += delta * (minute - self.mean);
        self.buckets[minute as usize] += 1.0;
        (self.ttl, self.pre) = (TWO_HOURS, 0.0);
        if self.count < 2.0 {
            return;
        }
        if self.mean == 0.0 || (self.m2 / self.count) / self.mean <= 2.0 {
            let total: f64 = self.buckets.iter().sum();
            let (mut sum, mut head, mut tail) = (0.0, None, None);
            for (i, bucket) in self.buckets.iter().enumerate() {
                sum += bucket / total;
                if head.is_none() && 0.05 < sum {
                    head = Some(i.saturating_sub(1));
                }
                if tail.is_none() && 0.99 < sum {
                    tail = Some((i + 1).min(240));
                }
            }
            self.ttl = (tail.unwrap_or(240) * 60 * 1000) as f64 * 1.1;
            self.pre = (head.unwrap_or(0) * 60 * 1000) as f64 * 0.9;
        }
    }
}

struct Server<'a> {
    rows: &'a [Row],
    names: &'a [String],
    /// The first row of each function.
    first: Vec<usize>,
    policy: Policy,
    ties: Ties,
    capacity: f64,
    used: f64,
    clock: f64,
    wall: f64,
    pool: Vec<InPool>,
    containers: Vec<Container>,
    /// (container, finish), in the order of the starts.
    running: Vec<(usize, f64)>,
    uses: u64,
    /// The number of each function's last use.
    function_use: Vec<u64>,
    evictions: u64,
    removals: Vec<String>,
    prewarmed: u64,
    histograms: BTreeMap<usize, Histogram>,
    /// Functions in the order in which they were first seen.
    seen: Vec<usize>,
}

pub(crate) fn run(rows: &[Row], names: &[String], policy: Policy, ties: Ties, capacity: f64) -> Result {
    let mut server = Server {
        rows,
        names,
        first: (0..names.len()).map(|f| rows.iter().position(|r| r.function == f).unwrap_or(0)).collect(),
        policy,
        ties,
        capacity,
        used: 0.0,
        clock: 0.0,
        wall: 0.0,
        pool: Vec::new(),
        containers: Vec::new(),
        running: Vec::new(),
        uses: 0,
        function_use: vec![0; names.len()],
        evictions: 0,
        removals: Vec::new(),
        prewarmed: 0,
        histograms: BTreeMap::new(),
        seen: Vec::new(),
    };
    let mut letters = String::with_capacity(rows.len());
    let (mut processing_ms, mut cold_overhead_ms) = (0.0, 0.0);
    let (mut peak_memory, mut peak_pool) = (0.0_f64, 0);
    for (index, row) in rows.iter().enumerate() {
        let letter = server.invoke(index);
        letters.push(letter);
        match letter {
            'H' => processing_ms += row.warm,
            'M' => {
                processing_ms += row.cold;
                cold_overhead_ms += row.cold - row.warm;
            }
            _ => {}
        }
        peak_memory = peak_memory.max(server.used);
        peak_pool = peak_pool.max(server.pool.len() as u64);
    }
    Result {
        counts: Counts::of(&letters, server.evictions),
        removals: server.removals.len() as u64,
        prewarmed: server.prewarmed,
        removal_sha256: sha256(&server.removals.join("\n")),
        processing_ms,
        cold_overhead_ms,
        peak_memory,
        peak_pool,
        final_memory: server.used,
        final_pool: server.pool.len() as u64,
    }
}

impl Server<'_> {
    /// Handles an invocation. Answers H for a hit, M for a cold start, D for a drop.
    fn invoke(&mut self, index: usize) -> char {
        let rows = self.rows;
        let row = &rows[index];
        self.wall = row.arrival;
        self.finish(index);
        if self.policy == Policy::Hist {
            self.prewarm();
            let (wall, seen) = (self.wall, &mut self.seen);
            self.histograms.entry(row.function).and_modify(|h| h.see(wall)).or_insert_with(|| {
                seen.push(row.function);
                Histogram::new(wall)
            });
        }
        let (id, busy, letter) = match self.warm(index) {
            Some(id) => (id, row.warm, 'H'),
            None => {
                if row.memory + self.used > self.capacity {
                    self.evict(index);
                }
                if row.memory + self.used > self.capacity {
                    return 'D';
                }
                let priority = self.priority(row, self.wall);
                (self.add(row, priority, self.wall), row.cold, 'M')
            }
        };
        if letter == 'M' {
            self.heapify();
        }
        self.uses += 1;
        self.function_use[row.function] = self.uses;
        let container = &mut self.containers[id];
        (container.frequency, container.last, container.running) = (container.frequency + 1.0, self.wall, true);
        container.last_use = self.uses;
        self.running.push((id, self.wall + busy));
        let priority = self.priority(row, self.wall);
        for item in self.pool.iter_mut().filter(|item| item.function == row.function) {
            item.priority = priority;
        }
        self.heapify();
        letter
    }

    /// Executions that have ended by now.
    fn finish(&mut self, index: usize) {
        let mut at = 0;
        while let Some(&(id, finish)) = self.running.get(at) {
            if self.wall < finish {
                at += 1;
                continue;
            }
            self.running.remove(at);
            self.containers[id].running = false;
            if self.policy == Policy::Hist {
                let function = self.pool.iter().find(|item| item.id == id).unwrap().function;
                if self.histograms.get(&function).is_some_and(|h| h.pre != 0.0) {
                    self.remove(index, id, "HIST-prewarm");
                    self.heapify();
                }
            }
        }
        self.heapify();
    }

    /// The original's test is inverted: while the moment to load is still to come, every arrival adds another container.
    fn prewarm(&mut self) {
        for function in self.seen.clone() {
            let history = &self.histograms[&function];
            let due = history.pre + history.last_seen;
            if history.pre != 0.0 && due >= self.wall {
                let last = due.min(self.wall);
                let row = self.rows[self.first[function]].clone();
                if row.memory + self.used <= self.capacity {
                    self.add(&row, last, last);
                    self.prewarmed += 1;
                }
            }
        }
    }

    /// An idle container of the function, after those that ran out were removed.
    fn warm(&mut self, index: usize) -> Option<usize> {
        let function = self.rows[index].function;
        let idle = |item: &&InPool| item.function == function && !self.containers[item.id].running;
        let candidates: Vec<usize> = self.pool.iter().filter(idle).map(|item| item.id).collect();
        let (ttl, reason) = match self.policy {
            Policy::Ttl => (600_000.0, "TTL-purge"),
            Policy::LongTtl => (TWO_HOURS, "TTL-purge"),
            Policy::Hist => (self.histograms[&function].ttl, "HIST-TTL-purge"),
            _ => (f64::INFINITY, ""),
        };
        let (expired, mut left): (Vec<usize>, Vec<usize>) =
            candidates.iter().partition(|&&id| self.containers[id].last + ttl < self.wall);
        for id in expired {
            self.remove(index, id, reason);
            self.heapify();
            self.evictions += 1;
        }
        if matches!(self.policy, Policy::Ttl | Policy::LongTtl) && !candidates.is_empty() {
            self.heapify();
        }
        if self.ties == Ties::Engine {
            left.sort_unstable();
        }
        left.first().copied()
    }

    fn evict(&mut self, index: usize) {
        if self.pool.iter().all(|item| self.containers[item.id].running) {
            return;
        }
        if self.policy == Policy::Lnd {
            let size = |item: &InPool| self.memory(item.function);
            let rent = self.pool.iter().map(|item| item.priority / size(item)).fold(f64::INFINITY, f64::min);
            let sizes: Vec<f64> = self.pool.iter().map(size).collect();
            for (item, size) in self.pool.iter_mut().zip(sizes) {
                item.priority -= rent * size;
            }
            self.heapify();
        }
        let mut to_free = self.rows[index].memory;
        let mut aside = Vec::new();
        while to_free > 0.0 {
            let Some(item) = self.next_out() else { break };
            if self.containers[item.id].running {
                aside.push(item);
                continue;
            }
            to_free -= self.memory(item.function);
            self.used -= self.memory(item.function);
            self.clock = item.priority;
            self.evictions += 1;
            self.note(index, item.function, "evict");
        }
        for item in aside {
            heap::push(&mut self.pool, item);
        }
    }

    /// Takes the item of least priority out of the pool.
    fn next_out(&mut self) -> Option<InPool> {
        if self.ties == Ties::Heap {
            return heap::pop(&mut self.pool);
        }
        let by_function = matches!(self.policy, Policy::Lru | Policy::Ttl | Policy::LongTtl);
        let key =
            |item: &InPool| (if by_function { self.function_use[item.function] } else { 0 }, self.containers[item.id].last_use);
        let order = |a: &InPool, b: &InPool| a.priority.total_cmp(&b.priority).then(key(a).cmp(&key(b)));
        let at = (0..self.pool.len()).min_by(|&a, &b| order(&self.pool[a], &self.pool[b]))?;
        Some(self.pool.swap_remove(at))
    }

    fn add(&mut self, row: &Row, priority: f64, last: f64) -> usize {
        let id = self.containers.len();
        self.containers.push(Container { frequency: 0.0, last, running: false, last_use: self.uses });
        self.used += row.memory;
        heap::push(&mut self.pool, InPool { priority, id, function: row.function });
        id
    }

    fn remove(&mut self, index: usize, id: usize, reason: &str) {
        let at = self.pool.iter().position(|item| item.id == id).unwrap();
        let item = self.pool.remove(at);
        self.used -= self.memory(item.function);
        self.note(index, item.function, reason);
    }

    fn note(&mut self, index: usize, function: usize, reason: &str) {
        self.removals.push(format!("{index},{},{reason}", self.names[function]));
    }

    fn memory(&self, function: usize) -> f64 {
        self.rows[self.first[function]].memory
    }

    fn priority(&self, row: &Row, last: f64) -> f64 {
        let frequency = || -> f64 {
            self.pool.iter().filter(|item| item.function == row.function).map(|item| self.containers[item.id].frequency).sum()
        };
        match self.policy {
            Policy::Gd => self.clock + frequency() * ((row.cold - row.warm) / row.memory),
            Policy::Freq => self.clock + frequency() * (row.cold - row.warm),
            Policy::Size => self.clock + frequency() / row.memory,
            Policy::Lnd => row.warm,
            _ => last,
        }
    }

    fn heapify(&mut self) {
        if self.ties == Ties::Heap {
            heap::heapify(&mut self.pool);
        }
    }
}
