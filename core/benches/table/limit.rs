//! The limit: a program that does nothing but the common workload's queue, look-ups and recency, with the engine's record of an
//! invocation. It makes the same decisions, which the table checks by their cold starts and the sum of all starts; what the engine
//! does beside that, messages, phases, digest, accounting, is what the share of the limit measures.

use std::collections::VecDeque;

use super::workloads::{COMMON_FUNCTIONS, Common, cold_start_ns, memory_mb};

const NONE: u32 = u32::MAX;

/// What is known of the whole run at its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) cold: u64,
    /// Sum of all starts of execution, in nanoseconds, wrapping.
    pub(super) starts: u64,
}

/// As the engine's recorder keeps it.
#[derive(Default)]
struct Rows {
    started: Vec<u64>,
    finished: Vec<u64>,
    response: Vec<u64>,
    host: Vec<u32>,
    flags: Vec<u8>,
    attempts: Vec<u16>,
}

#[derive(Clone, Copy)]
struct Container {
    function: u32,
    host: u32,
    /// Neighbours among its function's idle containers on its host.
    previous: u32,
    next: u32,
    idle: bool,
    expires: u64,
}

/// A four-ary heap of ends, by (time, order of creation).
#[derive(Default)]
struct Ends(Vec<(u64, u64, u32)>);

impl Ends {
    fn push(&mut self, end: (u64, u64, u32)) {
        self.0.push(end);
        let mut at = self.0.len() - 1;
        while at > 0 {
            let parent = (at - 1) / 4;
            if (self.0[parent].0, self.0[parent].1) <= (end.0, end.1) {
                break;
            }
            self.0[at] = self.0[parent];
            at = parent;
        }
        self.0[at] = end;
    }

    fn pop(&mut self) -> Option<(u64, u64, u32)> {
        let first = *self.0.first()?;
        let last = self.0.pop()?;
        let len = self.0.len();
        let mut at = 0;
        if len == 0 {
            return Some(first);
        }
        loop {
            let from = at * 4 + 1;
            if from >= len {
                self.0[at] = last;
                break;
            }
            let mut least = from;
            for child in from + 1..(from + 4).min(len) {
                if (self.0[child].0, self.0[child].1) < (self.0[least].0, self.0[least].1) {
                    least = child;
                }
            }
            if (self.0[least].0, self.0[least].1) >= (last.0, last.1) {
                self.0[at] = last;
                break;
            }
            self.0[at] = self.0[least];
            at = least;
        }
        Some(first)
    }
}

/// Runs the common workload on so many hosts of so much memory, with containers kept for `ttl_ns` after their last use.
pub(super) fn run(rows: &Common, hosts: usize, memory: u64, ttl_ns: u64) -> Outcome {
    let n = rows.arrival_ns.len();
    let words = hosts.div_ceil(64);
    let mut free = vec![memory; hosts];
    // Per function and host the idle container used last, and per function the hosts that have one.
    let mut idle = vec![NONE; COMMON_FUNCTIONS * hosts];
    let mut warm = vec![0u64; COMMON_FUNCTIONS * words];
    let (mut containers, mut unused): (Vec<Container>, Vec<u32>) = (Vec::new(), Vec::new());
    let (mut ends, mut expiries) = (Ends::default(), VecDeque::new());
    let mut record = Rows {
        started: vec![u64::MAX; n],
        finished: vec![u64::MAX; n],
        response: vec![0; n],
        host: vec![NONE; n],
        flags: vec![0; n],
        attempts: vec![0; n],
    };
    let (mut cold, mut starts, mut order, mut ended) = (0, 0u64, 0, 0);
    let mut row = 0;
    while ended < n {
        let arrival = rows.arrival_ns.get(row).copied().unwrap_or(u64::MAX);
        let end = ends.0.first().map_or(u64::MAX, |e| e.0);
        let expiry = expiries.front().map_or(u64::MAX, |e: &(u64, u32)| e.0);
        if expiry < arrival.min(end) {
            let Some((at, id)) = expiries.pop_front() else { continue };
            let c = containers[id as usize];
            if c.idle && c.expires == at {
                unlink(&mut containers, &mut idle, &mut warm, hosts, id);
                free[c.host as usize] += memory_mb(c.function) << 20;
                containers[id as usize].idle = false;
                unused.push(id);
            }
        } else if end <= arrival {
            let Some((now, _, id)) = ends.pop() else { continue };
            let c = &mut containers[id as usize];
            (c.idle, c.expires, c.previous) = (true, now + ttl_ns, NONE);
            let (function, host) = (c.function as usize, c.host as usize);
            let head = std::mem::replace(&mut idle[function * hosts + host], id);
            containers[id as usize].next = head;
            if head != NONE {
                containers[head as usize].previous = id;
            }
            warm[function * words + host / 64] |= 1 << (host % 64);
            expiries.push_back((now + ttl_ns, id));
            ended += 1;
        } else {
            let function = rows.function[row];
            let bits = &warm[function as usize * words..][..words];
            let found = bits.iter().position(|&w| w != 0).map(|w| w * 64 + bits[w].trailing_zeros() as usize);
            let (id, start) = match found {
                Some(host) => {
                    let id = idle[function as usize * hosts + host];
                    unlink(&mut containers, &mut idle, &mut warm, hosts, id);
                    containers[id as usize].idle = false;
                    (id, arrival)
                }
                None => {
                    let need = memory_mb(function) << 20;
                    let host = free.iter().position(|&f| f >= need).expect("the common workload fits");
                    free[host] -= need;
                    let new = Container { function, host: host as u32, previous: NONE, next: NONE, idle: false, expires: 0 };
                    let id = unused.pop().unwrap_or(containers.len() as u32);
                    if id as usize == containers.len() {
                        containers.push(new)
                    } else {
                        containers[id as usize] = new
                    }
                    cold += 1;
                    record.flags[row] = 16;
                    (id, arrival + cold_start_ns(function))
                }
            };
            let end = start + rows.execution_ns[row];
            ends.push((end, order, id));
            order += 1;
            starts = starts.wrapping_add(start);
            (record.started[row], record.finished[row], record.response[row]) = (start, end, end - arrival);
            (record.host[row], record.attempts[row]) = (containers[id as usize].host, 1);
            record.flags[row] |= 1;
            row += 1;
        }
    }
    std::hint::black_box(&record);
    Outcome { cold, starts }
}

fn unlink(containers: &mut [Container], idle: &mut [u32], warm: &mut [u64], hosts: usize, id: u32) {
    let Container { function, host, previous, next, .. } = containers[id as usize];
    if next != NONE {
        containers[next as usize].previous = previous;
    }
    if previous != NONE {
        containers[previous as usize].next = next;
        return;
    }
    let (function, host) = (function as usize, host as usize);
    idle[function * hosts + host] = next;
    if next == NONE {
        warm[function * hosts.div_ceil(64) + host / 64] &= !(1 << (host % 64));
    }
}
