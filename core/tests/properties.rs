//! What must always hold, for every combination of the registries and random topologies (model.md 10).
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use faaslab_core::engine::NONE;
use faaslab_core::frame::mechanism::stealing::{REGISTRY as STEALING, objection};
use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::platform::{Cause, ImageState, Outcome, Phase, Probe, Rank, TaskEnd, Waiter};
use faaslab_core::registry::{Choice, Domain};
use faaslab_core::scenario::{Cpu, Scenario};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::SimTime;
use faaslab_core::workload::Workload;
use proptest::prelude::*;
use serde_json::json;

#[derive(Debug, Clone)]
struct Shape {
    seed: u64,
    zones: usize,
    workers: usize,
    cores: f64,
    memory: f64,
    slots: Option<u32>,
    rate: f64,
    latency: f64,
    jitter: f64,
    decision: f64,
    concurrency: u32,
    architecture: usize,
    placement: usize,
    keep_alive: usize,
    stealing: usize,
    /// The order of queues, and what it knows of execution times.
    order: (usize, usize),
    memory_full: &'static str,
    if_insufficient: &'static str,
    no_room: &'static str,
    limit: Option<f64>,
    change: bool,
    word: usize,
    min_warm: u32,
    keep_alive_s: Option<f64>,
    too_large: &'static str,
    reuse: &'static str,
    starting: &'static str,
    queue: &'static str,
    cpu: &'static str,
    first: &'static str,
    images: Images,
    /// Mean think time, batch and whom users wait for, if there are users.
    users: Option<(f64, u32, &'static str)>,
    patience: Option<f64>,
    retries: u32,
    backoff: f64,
    backoff_jitter: &'static str,
    limits: (Option<f64>, Option<f64>),
    queue_bound: Option<u32>,
    queue_timeout: Option<f64>,
    hops: u32,
    /// Whether the edge controller falls silent, or the cloud controller; if it answers again; what then is done in a federation.
    silence: Option<(&'static str, bool, u32)>,
}

/// How images come to the workers.
#[derive(Debug, Clone)]
struct Images {
    /// 0 none, 1 from the controller, 2 from a registry, 3 from a head store that has them, 4 from both.
    way: u8,
    tight: bool,
    sharing: &'static str,
    order: &'static str,
    room: &'static str,
}

fn images() -> impl Strategy<Value = Images> {
    let words = (
        prop::sample::select(vec!["fair", "simgrid"]),
        prop::sample::select(vec!["last_use", "last_copy"]),
        prop::sample::select(vec!["idle_containers", "images_only"]),
    );
    (0u8..5, any::<bool>(), words).prop_map(|(way, tight, (sharing, order, room))| Images { way, tight, sharing, order, room })
}

fn shapes() -> impl Strategy<Value = Shape> {
    let memory = prop::sample::select(vec![300.0, 700.0, 4000.0]);
    let order = (0usize..100, 0usize..100);
    let size = (any::<u32>(), 1usize..4, 1usize..6, 1u32..5, memory, prop::option::of(1u32..4), order);
    let time = (
        5u32..120,
        prop::sample::select(vec![0.0, 0.5, 20.0]),
        prop::sample::select(vec![0.0, 5.0]),
        prop::sample::select(vec![0.0, 0.5, 5.0]),
    );
    let choice = (0usize..100, 0usize..100, 0usize..100, 1u32..4, 0usize..100);
    let own = (
        0usize..6,
        0u32..3,
        prop::option::of(prop::sample::select(vec![0.0, 0.5])),
        prop::sample::select(vec!["reject", "drop"]),
        prop::sample::select(vec!["last_used", "oldest", "indexed_set"]),
        prop::sample::select(vec!["slots", "shared", "unlimited", "isolated"]),
        prop::sample::select(vec!["closed", "join"]),
        prop::sample::select(vec!["fifo", "barging", "skip"]),
        prop::sample::select(vec!["completions", "arrivals"]),
    );
    let rules = (
        prop::sample::select(vec!["never", "shortfall", "full_size"]),
        prop::sample::select(vec!["keep", "evict_anyway"]),
        prop::sample::select(vec!["queue", "drop"]),
        prop::option::of(Just(0.15)),
        any::<bool>(),
        prop::option::weighted(0.25, (prop::sample::select(vec!["edge", "cloud"]), prop::bool::weighted(0.7), 0u32..4)),
    );
    let users =
        prop::option::of((prop::sample::select(vec![0.0, 100.0, 500.0]), 1u32..4, prop::sample::select(vec!["all", "any", "one"])));
    let client = (
        prop::option::of(prop::sample::select(vec![0.001, 0.04, 0.2])),
        0u32..4,
        prop::sample::select(vec![0.0, 5.0, 100.0]),
        prop::sample::select(vec!["full", "none"]),
        // Requests have 10 kB and responses 5.
        prop::sample::select(vec![(None, None), (None, None), (Some(10.0), Some(5.0)), (Some(9.0), None), (None, Some(4.0))]),
        prop::option::of(0u32..3),
        prop::option::of(prop::sample::select(vec![0.0, 0.05])),
        0u32..4,
    );
    (size, time, choice, rules, own, users, client, images()).prop_map(|(size, time, choice, rules, own, users, client, images)| {
        Shape {
            images,
            seed: size.0.into(),
            zones: size.1,
            workers: size.2,
            cores: f64::from(size.3),
            memory: size.4,
            slots: size.5,
            order: size.6,
            rate: f64::from(time.0),
            latency: time.1,
            jitter: time.2,
            decision: time.3,
            concurrency: choice.3,
            architecture: choice.0,
            placement: choice.1,
            keep_alive: choice.2,
            stealing: choice.4,
            memory_full: rules.0,
            if_insufficient: rules.1,
            no_room: rules.2,
            limit: rules.3,
            change: rules.4,
            silence: rules.5,
            word: own.0,
            min_warm: own.1,
            keep_alive_s: own.2,
            too_large: own.3,
            reuse: own.4,
            cpu: own.5,
            starting: own.6,
            queue: own.7,
            first: own.8,
            users,
            patience: client.0,
            retries: client.1,
            backoff: client.2,
            backoff_jitter: client.3,
            limits: client.4,
            queue_bound: client.5,
            queue_timeout: client.6,
            hops: client.7,
        }
    })
}

fn scenario(s: &Shape) -> Scenario {
    let catalogue = Library::default().catalogue();
    let kind = |entries: &[&'static faaslab_core::registry::Entry], i: usize| entries[i % entries.len()].kind;
    let mut nodes = vec![json!({"id": "cloud", "zone": "z0", "roles": ["cloud_controller", "client"]})];
    for i in 0..s.workers {
        let mut worker = json!({"id": format!("w{i}"), "zone": format!("z{}", i % s.zones), "roles": ["worker"],
            "cores": s.cores, "memory_mb": s.memory, "cpu": s.cpu, "speed": if i == 1 { 2.0 } else { 1.0 }});
        if let Some(slots) = s.slots {
            worker["slots"] = json!(slots);
        }
        if s.images.tight {
            (worker["disk_mb"], worker["disk_read_mb_s"]) = (json!(350), json!(500));
        }
        nodes.push(worker);
    }
    nodes.push(json!({"id": "edge", "zone": format!("z{}", s.zones - 1), "roles": ["edge_controller", "client"], "traffic": 2}));
    if matches!(s.images.way, 2 | 4) {
        nodes.push(json!({"id": "registry", "zone": "z0", "roles": ["registry"], "disk_read_mb_s": 1000}));
    }
    if s.images.way >= 3 {
        let mut head = json!({"id": "head", "zone": "z0", "roles": ["head_store"], "disk_write_mb_s": 400});
        if s.images.tight {
            head["disk_mb"] = json!(260);
        }
        nodes.push(head);
    }
    let mut function = json!({"id": "small", "memory_mb": 128, "execution": {"kind": "exponential", "mean_ms": 50}, "create_ms": 50,
        "init_ms": 100, "concurrency": s.concurrency, "min_warm": s.min_warm, "weight": 5, "request_kb": 10,
        "response_kb": 5, "ingress_limit_kb": s.limits.0, "egress_limit_kb": s.limits.1, "patience_s": s.patience, "retries": s.retries,
        "backoff_ms": s.backoff, "backoff_jitter": s.backoff_jitter, "deadline_s": 0.2});
    if let Some(limit) = s.limit {
        function["time_limit_s"] = json!(limit);
    }
    if let Some(keep) = s.keep_alive_s {
        function["keep_alive_s"] = json!(keep);
    }
    let mut large = json!({"id": "large", "memory_mb": 500, "execution": {"kind": "lognormal", "mean_ms": 200}, "cores": 2,
        "create_ms": 100, "init_ms": 300, "retries": s.retries / 2, "patience_s": s.patience.map(|s| 10.0 * s), "priority": 2});
    let mut huge =
        json!({"id": "huge", "memory_mb": 3000, "execution": {"kind": "constant", "mean_ms": 0}, "weight": 0.2, "app": "large"});
    let mut images = json!([]);
    if s.images.way > 0 {
        images = json!([{"id": "python", "size_mb": 100, "memory_mb": 40}, {"id": "java", "size_mb": 200}, {"id": "none", "size_mb": 0}]);
        (function["image"], function["disk_mb"]) = (json!("python"), json!(60));
        large["image"] = json!("java");
        huge["image"] = json!("none");
    }
    // One of the words of each parameter that has words.
    let worded = |entries: &[&'static faaslab_core::registry::Entry], i: usize| {
        let entry = entries[i % entries.len()];
        let mut choice = json!({"kind": entry.kind});
        for param in entry.params {
            if let Domain::Word(words) = &param.domain {
                choice[param.name] = json!(words[s.word % words.len()].0);
            }
        }
        choice
    };
    let mut architecture = worded(&catalogue.architectures, s.architecture);
    architecture["decision_ms"] = json!(s.decision);
    // Where it means something; half of the runs have none.
    let mut stealing = worded(STEALING, s.stealing);
    (stealing["least"], stealing["pause_ms"]) = (json!(1 + s.stealing % 2), json!([0.0, 1.0, 30.0][s.stealing % 3]));
    let choice: Choice = serde_json::from_value(stealing.clone()).unwrap();
    let next = kind(&catalogue.architectures, s.architecture + 1);
    let means_nothing = |choice: &Choice, kind: &str| objection(choice, kind).is_some();
    let with = [Some(architecture["kind"].as_str().unwrap()), s.change.then_some(next)];
    let nothing = s.stealing >= 50 || choice.kind == "none" || with.iter().flatten().any(|kind| means_nothing(&choice, kind));
    if nothing {
        stealing = json!({"kind": "none"});
    }
    let then = if s.stealing.is_multiple_of(2) && !means_nothing(&Choice::of("random"), next) { "random" } else { "none" };
    let mut timeline = if s.change {
        json!([{"at_s": 3, "set": {"policies.keep_alive.kind": kind(&catalogue.keep_alives, s.keep_alive + 1)}},
               {"at_s": 5, "set": {"frame.architecture.kind": kind(&catalogue.architectures, s.architecture + 1)}},
               {"at_s": 6, "set": {"policies.placement.kind": kind(&catalogue.placements, s.placement + 1), "nodes.w0.speed": 0.5}},
               {"at_s": 6.5, "set": {"policies.reuse": "indexed_set", "policies.queue": "fifo", "policies.starting": "join"}},
               {"at_s": 5.2, "set": {"frame.stealing.kind": then}},
               {"at_s": 6.6, "set": {"frame.stealing.kind": "none"}},
               {"at_s": 7, "set": {"policies.reuse": s.reuse, "policies.queue": s.queue, "policies.starting": "closed"}}])
    } else {
        json!([])
    };
    if let (Some((node, again, _)), Some(changes)) = (s.silence, timeline.as_array_mut()) {
        changes.push(json!({"at_s": 2.5, "set": {format!("nodes.{node}.answers"): false}}));
        if again {
            changes.push(json!({"at_s": 5.5, "set": {format!("nodes.{node}.answers"): true}}));
        }
    }
    if let (true, false, Some((.., what))) = (architecture["kind"] == "federated", s.change, s.silence) {
        architecture["silent_after_ms"] = json!(if what % 2 == 1 { 300 } else { 0 });
        architecture["answer_within_ms"] = json!(if what >= 2 { 60 } else { 0 });
    }
    if architecture["kind"] == "federated" && !s.change {
        architecture["hops"] = json!(s.hops);
        architecture["offload_above"] = json!(0.5);
    }
    if architecture["kind"] == "dynamic" && !s.change {
        // A run is short: what agents do under load begins at once.
        (architecture["load_threshold"], architecture["hop_limit"]) = (json!(0), json!(s.hops));
        (architecture["min_samples"], architecture["sample_interval_s"]) = (json!(2), json!(0.1));
    }
    // Half of the runs without users have jobs of several tasks.
    let several = s.users.is_none() && s.order.1.is_multiple_of(2);
    let jobs = match s.order.1 / 2 % 4 {
        _ if !several => json!({"kind": "single"}),
        0 => json!({"kind": "parallel", "tasks": 4}),
        1 => json!({"kind": "chain", "tasks": 3, "functions": "each"}),
        2 => json!({"kind": "fan_out", "tasks": 3}),
        _ => json!({"kind": "layered", "layers": 3, "width": 3, "functions": "each"}),
    };
    let arrivals = match s.users {
        None => json!({"kind": "poisson", "rate_per_s": if several { s.rate / 4.0 } else { s.rate }}),
        // Without think times only the number of rounds ends them.
        Some((think, batch, wait)) => {
            json!({"kind": "closed_loop", "users": s.rate as u32 / 10 + 1, "think_ms": think, "batch": batch,
            "wait": wait, "rounds": if think == 0.0 { 30 } else { 0 }, "think": if s.word.is_multiple_of(2) { "exponential" } else { "constant" }})
        }
    };
    Scenario::from_value(json!({
        "version": 1,
        "zones": (0..s.zones).map(|z| json!({"id": format!("z{z}"), "latency_ms": s.latency / 2.0})).collect::<Vec<_>>(),
        "nodes": nodes,
        "links": [{"id": "l", "from": "cloud", "to": "w0", "latency_ms": s.latency, "jitter_ms": s.jitter, "bandwidth_mbps": 100}],
        "network": {"between_zones_ms": s.latency, "sharing": s.images.sharing},
        "images": images,
        "functions": [function, large, huge],
        "workload": {"arrivals": arrivals, "jobs": jobs},
        "frame": {"architecture": architecture, "stealing": stealing},
        "policies": {"placement": worded(&catalogue.placements, s.placement),
            "keep_alive": worded(&catalogue.keep_alives, s.keep_alive), "too_large": s.too_large, "reuse": s.reuse,
            "starting": s.starting, "queue": s.queue,
            "order": worded(faaslab_core::policy::order::REGISTRY, s.order.0),
            "estimates": worded(faaslab_core::policy::estimate::REGISTRY, s.order.1),
            "memory_full": s.memory_full, "if_insufficient": s.if_insufficient, "no_room": s.no_room,
            "image_order": s.images.order, "image_room": s.images.room,
            "queue_bound": s.queue_bound, "queue_timeout_s": s.queue_timeout},
        "timeline": timeline,
        "run": {"seed": s.seed, "duration_s": 8, "first": s.first}
    }))
    .unwrap()
}

/// Counts ends per invocation and checks each end's accounting.
struct Watch {
    workload: Arc<Workload>,
    submitted: Vec<Option<SimTime>>,
    ends: Vec<u32>,
    clock: SimTime,
}

impl Probe for Watch {
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        let known = self.workload.arrival_ns[invocation as usize];
        assert!(known == now.0 || known == u64::MAX, "what has a time comes then");
        assert!(self.submitted[invocation as usize].replace(now).is_none(), "no invocation comes twice");
    }
    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        self.ends[end.invocation as usize] += 1;
        assert!(now >= self.clock, "the clock went back");
        self.clock = now;
        let spent: u64 = end.spent.iter().sum();
        let submitted = self.submitted[end.invocation as usize].unwrap();
        assert_eq!(spent, now.since(submitted).0, "phases add up to the response time");
        let reasons: &[Option<Cause>] = match end.outcome {
            Outcome::Completed | Outcome::TimedOut | Outcome::Abandoned => &[None],
            Outcome::Dropped => &[None, Some(Cause::HostTooSmall)],
            Outcome::Failed => &[Some(Cause::EgressLimit)],
            Outcome::Rejected => {
                &[Cause::HostTooSmall, Cause::QueueFull, Cause::QueueTimeout, Cause::IngressLimit, Cause::NotPlaced].map(Some)
            }
        };
        assert!(reasons.contains(&end.cause), "{:?} because of {:?}", end.outcome, end.cause);
        if end.outcome == Outcome::Completed {
            assert!(end.started <= end.finished && end.finished <= now);
        }
    }
}

fn check_world(simulation: &Simulation, fcfs: bool) {
    let world = simulation.world();
    let c = &world.counters;
    assert_eq!(c.submitted, c.outcomes.iter().sum::<u64>() + world.tasks.len() as u64, "invocations are conserved");
    for (id, task) in world.tasks.iter() {
        let waits = task.again < SimTime::NEVER;
        assert!(waits == (task.attempt == NONE), "a client pauses between two attempts, and only then");
        assert!(waits || world.attempts[task.attempt].task == id);
    }
    for (id, attempt) in world.attempts.iter() {
        assert!(attempt.phase() != Phase::Closed);
        assert!(attempt.task == NONE || world.tasks[attempt.task].attempt == id, "a task has one attempt at a time");
    }
    let model = simulation.model();
    for (head, spec) in world.heads.iter().zip(&model.supply.heads) {
        let used = head.store.bytes();
        assert!(spec.registry == u32::MAX || head.disk_free + used == spec.disk, "a head store's disk is what images take");
    }
    for (host, spec) in world.hosts.iter().zip(&model.hosts) {
        assert_eq!(host.image_memory, host.memory.bytes(), "the memory of images is what is in memory or on its way there");
        let files: u64 = host.containers().map(|c| model.functions[world.containers[c].function as usize].disk).sum();
        assert_eq!(
            host.disk_free.saturating_add(host.disk.bytes() + files),
            spec.disk,
            "the disk is what images and containers take"
        );
        for (image, state) in host.memory.images().filter(|(_, state)| *state == ImageState::Here) {
            let users = host.containers().filter(|&c| model.functions[world.containers[c].function as usize].image == image);
            assert_eq!(host.memory.pins(image), users.count() as u32, "image {image} is {state:?} and pinned by its containers");
            assert_ne!(host.disk.state(image), ImageState::Absent, "what is in memory is on the disk");
        }
        let attempts: Vec<_> = host
            .queue
            .iter(world.now)
            .filter_map(|(_, waiter)| match waiter {
                Waiter::Attempt(attempt) => Some(&world.attempts[attempt]),
                Waiter::Reservation(id) => {
                    assert!(!world.reservations[id].binding, "what has come up waits no more");
                    None
                }
            })
            .collect();
        assert!(attempts.iter().all(|a| a.phase() == Phase::Queued));
        let in_line = || attempts.iter().filter(|a| !a.jumps && a.rank == Rank::Plain);
        assert!(!fcfs || in_line().is_sorted_by_key(|a| a.since), "first come, first served");
        let held: u64 = host.containers().map(|c| simulation.model().functions[world.containers[c].function as usize].memory).sum();
        assert_eq!(host.memory_free + held + host.image_memory, spec.memory, "memory is what containers hold");
        let active: u32 = host.containers().map(|c| world.containers[c].active).sum();
        assert_eq!(active, host.running);
        assert!(
            !matches!(spec.cpu, Cpu::Slots | Cpu::Isolated) || host.millicores_held <= spec.millicores.into(),
            "cores are held by those who run"
        );
        assert!(host.slots_free <= spec.slots);
        let idle: u64 = host
            .containers()
            .filter(|&c| world.containers[c].active == 0 && !world.containers[c].starting)
            .map(|c| simulation.model().functions[world.containers[c].function as usize].memory)
            .sum();
        assert_eq!(idle, host.idle_memory);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_and_a_checkpoint_continues_exactly(shape in shapes(), stop in 1u64..3_000) {
        let scenario = scenario(&shape);
        let workload = Arc::new(Workload::new(&scenario, None).unwrap());
        let n = workload.len();
        let mut watch = Watch { ends: vec![0; n], submitted: vec![None; n], clock: SimTime::ZERO, workload: Arc::clone(&workload) };
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let mut simulation = Simulation::new(&scenario, Arc::clone(&workload), &Library::default()).unwrap();
        simulation.step(stop, &mut Both(&mut watch, &mut recorder));
        check_world(&simulation, scenario.policies.order.kind == "fcfs");
        let mut checkpoint = simulation.clone();
        // Few invocations are looked at after every event.
        let stride = if n < 60 { 1 } else { 997 };
        while !simulation.step(stride, &mut Both(&mut watch, &mut recorder)).done {
            check_world(&simulation, scenario.policies.order.kind == "fcfs");
            prop_assert!(simulation.world().counters.events < 3_000_000, "the run does not end: {:?} {:?}", simulation.world().now, simulation.world().counters);
        }
        check_world(&simulation, scenario.policies.order.kind == "fcfs");
        checkpoint.run(&mut ());
        prop_assert_eq!(simulation.world().digest, checkpoint.world().digest);
        prop_assert_eq!(&simulation.world().counters, &checkpoint.world().counters);
        let summary = Summary::new(&simulation, &recorder);
        prop_assert_eq!(summary.sojourn_ns, summary.in_system_ns, "Little's law");
        prop_assert_eq!(watch.ends.iter().map(|&n| u64::from(n)).sum::<u64>() + summary.live, summary.submitted);
        prop_assert_eq!(watch.submitted.iter().flatten().count() as u64, summary.submitted);
        let waits_for_others = !workload.gates.is_empty() && (shape.users.is_some() || summary.live > 0);
        prop_assert!(waits_for_others || summary.submitted == workload.len() as u64, "what has a time comes, and what waits for what ended");
        prop_assert!(watch.ends.iter().all(|&n| n <= 1), "no invocation ends twice");
        // Only room that nobody may take back can keep somebody waiting for ever.
        let answers = shape.silence.is_none_or(|(_, again, _)| again);
        if answers && shape.memory_full != "never" && (shape.images.way == 0 || shape.images.room != "images_only") {
            let waits: Vec<_> = simulation.world().attempts.iter().map(|(_, a)| (a.phase(), a.host, a.invocation)).take(9).collect();
            prop_assert_eq!(summary.live, 0, "the first: {:?}", waits);
        }
        let parts: f64 = summary.phases_ms.iter().map(|p| p.1).sum();
        prop_assert!((parts - summary.response_ms.mean).abs() <= 1e-6 * (1.0 + summary.response_ms.mean));
    }
}

struct Both<'a>(&'a mut Watch, &'a mut Recorder);

impl Probe for Both<'_> {
    fn arrived(&mut self, now: SimTime, invocation: u32) {
        self.0.arrived(now, invocation);
        self.1.arrived(now, invocation);
    }
    fn container(&mut self, now: SimTime, event: &faaslab_core::platform::ContainerEvent) {
        self.1.container(now, event);
    }
    fn ended(&mut self, now: SimTime, end: &TaskEnd<'_>) {
        self.0.ended(now, end);
        self.1.ended(now, end);
    }
}
