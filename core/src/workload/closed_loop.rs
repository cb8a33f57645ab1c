//! Closed loop: a fixed number of users, each of whom invokes, waits for the answer, thinks, and invokes again.
//!
//! A user invokes a batch of functions at once and waits for the first of the batch, for whichever ends first, or for all; then
//! thinks, and begins the next round. What has not ended by then goes on beside it. An answer is any end: a lost invocation is
//! not waited for for ever. So the load follows the system: with N users, a mean think time Z and a mean response time R the
//! throughput is X = N / (R + Z), whatever the system (the interactive response time law). With one server and exponential
//! times this is the machine-repairman model, M/M/1//N.
//!
//! Each user's think times, functions and execution times come from streams of that user alone, drawn before the run: no policy
//! changes them, and another user leaves the others' as they are. Users come in after a first think time; those who think for a
//! constant time come in at a random instant of it, since otherwise all would come at once.
//!
//! Source: Denning and Buzen, 1978 (operational analysis); Schroeder, Wierman and Harchol-Balter, NSDI 2006 (open versus
//! closed).

use super::gates::GateBuilder;
use super::{Shares, Workload, function_shares, traffic};
use crate::dist::Distribution;
use crate::platform::FunctionSpec;
use crate::registry::{Args, Domain, Entry, Param};
use crate::rng::Stream;
use crate::scenario::{MOST_INVOCATIONS, Scenario};
use crate::units::SimDuration;

pub(super) const ENTRY: Entry = Entry {
    kind: "closed_loop",
    name: "Closed loop",
    summary: "So many users; each invokes, waits for the answer, thinks, and invokes again.",
    source: "The interactive system of Denning and Buzen, 1978; the machine-repairman model M/M/1//N.",
    params: &[
        Param {
            name: "users",
            label: "Users",
            unit: "",
            help: "How many there are; never more than this many batches are waited for at once.",
            domain: Domain::Integer { default: 10, min: 1, max: 1_000_000 },
        },
        Param {
            name: "think_ms",
            label: "Think time",
            unit: "ms",
            help: "Mean time from an answer to the same user's next invocation.",
            domain: Domain::Number { default: 1000.0, min: 0.0, max: 1e9 },
        },
        Param {
            name: "think",
            label: "Think times are",
            unit: "",
            help: "How think times vary.",
            domain: Domain::Word(&[("exponential", "Exponential"), ("constant", "Always the same")]),
        },
        Param {
            name: "rounds",
            label: "Rounds",
            unit: "",
            help: "How often each user invokes; 0 is as often as fits into the run.",
            domain: Domain::Integer { default: 0, min: 0, max: MOST_INVOCATIONS },
        },
        Param {
            name: "batch",
            label: "Invocations at once",
            unit: "",
            help: "How many functions a user invokes in each round.",
            domain: Domain::Integer { default: 1, min: 1, max: 10_000 },
        },
        Param {
            name: "wait",
            label: "Waits for",
            unit: "",
            help: "Which of them a user waits for before the next think time.",
            domain: Domain::Word(&[("all", "All of them"), ("any", "Whichever ends first"), ("one", "The first of them")]),
        },
    ],
    decides: &[],
};

/// One user's draws.
struct User<'a> {
    think: Stream,
    functions: Stream,
    execution: Stream,
    client: u16,
    draws: &'a Draws,
}

/// What all users draw from.
struct Draws {
    /// Mean think time in ms, and whether it is always the same.
    think_ms: f64,
    constant: bool,
    shares: Shares,
    times: Vec<Distribution>,
}

impl User<'_> {
    fn think(&mut self) -> SimDuration {
        let Draws { think_ms, constant, .. } = *self.draws;
        SimDuration::from_ms(if constant { think_ms } else { -libm::log(self.think.positive()) * think_ms })
    }

    /// When the user comes in.
    fn first(&mut self) -> SimDuration {
        let Draws { think_ms, constant, .. } = *self.draws;
        if constant { SimDuration::from_ms(self.think.uniform() * think_ms) } else { self.think() }
    }

    /// Adds a batch of invocations.
    fn invoke(&mut self, batch: u32, rows: &mut Rows) {
        for _ in 0..batch {
            let function = self.draws.shares.draw(&mut self.functions);
            rows.function.push(function as u32);
            rows.execution_ns.push(SimDuration::from_ms(self.draws.times[function].sample(&mut self.execution)).0);
            rows.client.push(self.client);
        }
    }
}

#[derive(Default)]
struct Rows {
    function: Vec<u32>,
    execution_ns: Vec<u64>,
    client: Vec<u16>,
}

impl Rows {
    fn append(&mut self, other: &Rows, from: usize, to: usize) {
        self.function.extend_from_slice(&other.function[from..to]);
        self.execution_ns.extend_from_slice(&other.execution_ns[from..to]);
        self.client.extend_from_slice(&other.client[from..to]);
    }
}

/// The invocations of all users: first each one's first batch, in order of time, then the rounds that wait, user by user.
pub(super) fn draw(scenario: &Scenario, functions: Vec<FunctionSpec>) -> Workload {
    let args = Args::new(&scenario.workload.arrivals, &ENTRY);
    let seed = scenario.run.seed;
    let (users, batch) = (args.integer("users"), args.integer("batch") as u32);
    let rounds = Some(args.integer("rounds")).filter(|&n| n > 0).unwrap_or(u64::MAX);
    let end = scenario.run.duration_s.map_or(u64::MAX, |s| SimDuration::from_s(s).0);
    let draws = Draws {
        think_ms: args.number("think_ms"),
        constant: args.is("think", "constant"),
        shares: function_shares(scenario),
        times: scenario.functions.iter().map(|f| Distribution::new(&f.execution)).collect(),
    };
    let mut workload = Workload { functions, ..Workload::default() };
    if draws.times.is_empty() {
        return workload;
    }
    let traffic = traffic(&scenario.nodes);
    let clients = Shares::new(&traffic);
    // First batches and later ones, user by user; of each user when the first comes, and the delays before the later ones.
    let (mut first, mut later) = (Rows::default(), Rows::default());
    let mut users_in: Vec<(u64, usize)> = Vec::new();
    let (mut delays, mut delays_end) = (Vec::new(), Vec::new());
    for number in 0..users {
        let id = format!("user {number}");
        let mut user = User {
            think: Stream::new(seed, &id, "think"),
            functions: Stream::new(seed, &id, "functions"),
            execution: Stream::new(seed, &id, "execution"),
            client: clients.draw(&mut Stream::new(seed, &id, "client")) as u16,
            draws: &draws,
        };
        let mut earliest = user.first().0;
        if earliest > end || earliest == u64::MAX {
            continue;
        }
        users_in.push((earliest, users_in.len()));
        user.invoke(batch, &mut first);
        for _ in 1..rounds {
            // Even if every answer came at once, no round would come before the think times are over.
            let think = user.think();
            earliest = earliest.saturating_add(think.0);
            if earliest > end || earliest == u64::MAX || (first.function.len() + later.function.len()) as u64 > 2 * MOST_INVOCATIONS
            {
                break;
            }
            delays.push(think);
            user.invoke(batch, &mut later);
        }
        delays_end.push(delays.len());
    }
    // In order of time; those who come at one instant in order of their numbers.
    let mut order = users_in;
    order.sort_unstable();
    let size = batch as usize;
    let mut rows = Rows::default();
    let mut place = vec![0u32; order.len()];
    for (at, user) in order {
        place[user] = rows.function.len() as u32;
        workload.arrival_ns.resize(workload.arrival_ns.len() + size, at);
        rows.append(&first, user * size, (user + 1) * size);
    }
    rows.append(&later, 0, later.function.len());
    let mut gates = GateBuilder::new(workload.arrival_ns.len() as u32);
    let (mut waited, mut begin) = (Vec::with_capacity(size), 0);
    let some = if args.is("wait", "one") { 1 } else { batch };
    let need = if args.is("wait", "all") { batch } else { 1 };
    for (user, &finish) in delays_end.iter().enumerate() {
        let mut before = place[user];
        for &delay in &delays[begin..finish] {
            waited.clear();
            waited.extend(before..before + some);
            before = gates.add(batch, &waited, need, delay).start;
        }
        begin = finish;
    }
    (workload.function, workload.execution_ns, workload.client) = (rows.function, rows.execution_ns, rows.client);
    match gates.build(end) {
        Ok(gates) if !gates.is_empty() => workload.set_gates(gates),
        // More rows than numbers for them, which validation refuses: the first rounds are left.
        _ => workload.keep(workload.arrival_ns.len()),
    }
    workload
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn workload(arrivals: Value, duration_s: Value) -> Workload {
        let scenario = Scenario::from_value(json!({
            "version": 1,
            "zones": [{"id": "z"}],
            "nodes": [{"id": "a", "zone": "z", "roles": ["client", "cloud_controller"]}, {"id": "b", "zone": "z", "roles": ["client"]},
                      {"id": "w", "zone": "z", "roles": ["worker"]}],
            "functions": [{"id": "f", "execution": {"kind": "exponential", "mean_ms": 10}},
                          {"id": "g", "execution": {"kind": "exponential", "mean_ms": 20}}],
            "workload": {"arrivals": arrivals},
            "frame": {"architecture": {"kind": "centralized"}},
            "run": {"seed": 3, "duration_s": duration_s}
        }))
        .unwrap();
        Workload::new(&scenario, None).unwrap()
    }

    /// Per user, in the order in which they come in, the rows of each round.
    fn rounds(w: &Workload, batch: usize) -> Vec<Vec<Vec<(u32, u64)>>> {
        let timed = w.arrival_ns.iter().filter(|&&at| at < u64::MAX).count();
        let row = |i: u32| (w.function[i as usize], w.execution_ns[i as usize]);
        (0..timed / batch)
            .map(|user| {
                let mut all: Vec<_> = std::iter::once((user * batch) as u32..((user + 1) * batch) as u32).collect();
                while let [gate] = *w.gates.waiting_for(all[all.len() - 1].start) {
                    all.push(w.gates.rows(gate));
                }
                all.into_iter().map(|round| round.map(row).collect()).collect()
            })
            .collect()
    }

    #[test]
    fn another_user_leaves_the_draws_of_the_others_alone() {
        let of = |users: u32| {
            let w = workload(json!({"kind": "closed_loop", "users": users, "think_ms": 500, "batch": 2}), json!(20));
            let mut all: Vec<_> = rounds(&w, 2);
            all.sort();
            all
        };
        let (few, many) = (of(4), of(5));
        assert_eq!(few.len(), 4);
        assert!(few.iter().all(|user| many.contains(user)));
        assert!(few.iter().flatten().all(|round| round.len() == 2));
    }

    #[test]
    fn there_are_as_many_rounds_as_think_times_leave_room_for() {
        let count = |rounds: u64| {
            let w = workload(
                json!({"kind": "closed_loop", "users": 3, "think": "constant", "think_ms": 1000, "rounds": rounds}),
                json!(10),
            );
            assert!(w.arrival_ns[..3].is_sorted() && w.arrival_ns[2] < 1_000_000_000);
            w.len()
        };
        // The first comes within the first second; ten follow until the tenth second at the latest.
        assert_eq!(count(0), 3 * 10);
        assert_eq!(count(4), 3 * 4);
        assert_eq!(count(1), 3);
        assert_eq!(count(1_000), 3 * 10);
    }

    #[test]
    fn so_many_rounds_need_no_end_of_time() {
        let w = workload(
            json!({"kind": "closed_loop", "users": 2, "think_ms": 0, "rounds": 5, "batch": 3, "wait": "any"}),
            Value::Null,
        );
        assert_eq!((w.len(), w.gates.len(), w.gates.until_ns()), (30, 8, u64::MAX));
        assert_eq!((w.gates.need(0), w.gates.rows(0)), (1, 6..9));
        assert!((0..3).all(|row| w.gates.waiting_for(row) == [0]));
    }

    #[test]
    fn who_waits_for_the_first_waits_for_no_other() {
        let w = workload(json!({"kind": "closed_loop", "users": 1, "rounds": 2, "batch": 3, "wait": "one"}), Value::Null);
        assert_eq!((w.gates.waiting_for(0), w.gates.waiting_for(1), w.gates.need(0)), (&[0][..], &[][..], 1));
    }

    #[test]
    fn each_user_stays_with_one_client() {
        let w = workload(json!({"kind": "closed_loop", "users": 20, "rounds": 3}), Value::Null);
        let client = |row: u32| w.client[row as usize];
        assert!(w.client.contains(&0) && w.client.contains(&1));
        for row in 0..20 {
            let next = w.gates.rows(w.gates.waiting_for(row)[0]).start;
            assert_eq!(client(row), client(next));
        }
    }
}
