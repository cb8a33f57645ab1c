//! Policies and architectures from outside the crate: one library call each, and they are in the catalogue, in validation, in
//! the run and in its checkpoints.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use faaslab_core::frame::architecture::{ExternalRules, Rules};
use faaslab_core::frame::{Action, Asked, Frame, Placer, PlacerPlan};
use faaslab_core::measure::{Recorder, Summary};
use faaslab_core::platform::{Message, MessageKind, Model};
use faaslab_core::policy::keep_alive::{ContainerView, ExternalKeepAlive, Keep, KeepAlivePolicy, Removal};
use faaslab_core::policy::placement::{Ask, ExternalPlacement, PlacementPolicy, Sight};
use faaslab_core::registry::{Args, Domain, Entry, Param};
use faaslab_core::rng::Stream;
use faaslab_core::scenario::{Scenario, validate};
use faaslab_core::sim::{Library, Simulation};
use faaslab_core::units::{SimDuration, SimTime};
use faaslab_core::workload::Workload;
use serde_json::json;
use support::set;

const fn integer(name: &'static str, default: u64) -> Param {
    Param { name, label: "Number", unit: "", help: "A number of the test.", domain: Domain::Integer { default, min: 1, max: 100 } }
}

/// A container is worn out after so many uses and goes as soon as it is idle; before that it stays.
static WORN_OUT: Entry = Entry {
    kind: "worn_out",
    name: "Worn out",
    summary: "Removes a container after so many uses.",
    source: "This test.",
    params: &[integer("uses", 3)],
    decides: &[],
};

#[derive(Clone)]
struct WornOut {
    most: u32,
    /// Uses by cell, counted here so that a checkpoint has something to hold.
    uses: BTreeMap<u32, u32>,
}

impl KeepAlivePolicy for WornOut {
    fn used(&mut self, container: &ContainerView, _: SimTime) {
        *self.uses.entry(container.cell).or_default() += 1;
    }
    fn idle(&mut self, container: &ContainerView, now: SimTime) -> Keep {
        if self.uses[&container.cell] >= self.most { Keep::Until(now) } else { Keep::UntilNeeded }
    }
    fn removed(&mut self, container: &ContainerView, _: Removal, _: SimTime) {
        self.uses.remove(&container.cell);
    }
    fn victim(&mut self, _: u64, _: SimTime) -> Option<u32> {
        None
    }
}

impl ExternalKeepAlive for WornOut {
    fn clone_box(&self) -> Box<dyn ExternalKeepAlive> {
        Box::new(self.clone())
    }
}

/// So many tasks in a row to one host, then the next.
static STREAK: Entry = Entry {
    kind: "streak",
    name: "Streak",
    summary: "So many tasks in a row to one host.",
    source: "This test.",
    params: &[integer("length", 4)],
    decides: &[],
};

#[derive(Clone)]
struct Streak {
    length: u64,
    placed: u64,
}

impl PlacementPolicy for Streak {
    fn choose(&mut self, _: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        self.placed += 1;
        Some(((self.placed - 1) / self.length % sight.len() as u64) as u32)
    }
}

impl ExternalPlacement for Streak {
    fn clone_box(&self) -> Box<dyn ExternalPlacement> {
        Box::new(self.clone())
    }
}

/// Two placers on the controller; every so many invocations the other one gets them.
static SHIFTS: Entry = Entry {
    kind: "shifts",
    name: "Shifts",
    summary: "Two placers take over from each other.",
    source: "This test.",
    params: &[integer("length", 5)],
    decides: &[],
};

#[derive(Clone)]
struct Shifts {
    length: u64,
    routed: u64,
}

impl Rules for Shifts {
    fn placers(&self, model: &Model) -> Vec<PlacerPlan> {
        let hosts: Vec<u32> = (0..model.hosts.len() as u32).collect();
        vec![PlacerPlan { machine: model.controller, hosts }; 2]
    }
    fn route(&mut self, _: &Model, _: u32, _: u32) -> u32 {
        self.routed += 1;
        ((self.routed - 1) / self.length % 2) as u32
    }
    fn cost(&self, _: &Message, _: usize, _: &Placer) -> SimDuration {
        SimDuration(1_000_000)
    }
    fn answer(
        &mut self,
        frame: Frame<'_>,
        _: u32,
        placer: &mut Placer,
        message: &Message,
        tasks: &[Asked],
        actions: &mut Vec<Action>,
    ) {
        if message.kind == MessageKind::Submit {
            actions.extend(tasks.iter().map(|task| placer.assign(frame, task)));
        } else {
            placer.hear(frame, message);
        }
    }
}

impl ExternalRules for Shifts {
    fn clone_box(&self) -> Box<dyn ExternalRules> {
        Box::new(self.clone())
    }
}

fn library() -> Library {
    Library::default()
        .with_keep_alive(&WORN_OUT, |setting| {
            Box::new(WornOut { most: setting.args.integer("uses") as u32, uses: BTreeMap::new() })
        })
        .with_placement(&STREAK, |args: Args<'_>| Box::new(Streak { length: args.integer("length"), placed: 0 }))
        .with_architecture(&SHIFTS, |args: Args<'_>| Box::new(Shifts { length: args.integer("length"), routed: 0 }))
}

/// Two workers; 10 calls a second, 10 ms each, in containers that cost nothing.
fn scenario() -> Scenario {
    Scenario::from_value(json!({
        "version": 1,
        "zones": [{"id": "z", "latency_ms": 0}],
        "nodes": [{"id": "users", "zone": "z", "roles": ["client", "cloud_controller"]},
                  {"id": "w", "zone": "z", "roles": ["worker"], "count": 2}],
        "functions": [{"id": "f", "execution": {"kind": "constant", "mean_ms": 10}, "create_ms": 0, "init_ms": 0}],
        "workload": {"arrivals": {"kind": "deterministic", "rate_per_s": 10}},
        "frame": {"architecture": {"kind": "centralized"}},
        "run": {"duration_s": 10}
    }))
    .unwrap()
}

fn begin(scenario: &Scenario) -> Simulation {
    let workload = Arc::new(Workload::new(scenario, None).unwrap());
    Simulation::new(scenario, workload, &library()).unwrap()
}

fn run(scenario: &Scenario) -> (Summary, Recorder) {
    let mut simulation = begin(scenario);
    let mut recorder = Recorder::new(Arc::clone(simulation.workload()), 0.0);
    simulation.run(&mut recorder);
    (Summary::new(&simulation, &recorder), recorder)
}

#[test]
fn the_catalogue_lists_them_after_the_built_in_ones() {
    let catalogue = library().catalogue();
    for (path, kind) in [("policies.keep_alive", "worn_out"), ("policies.placement", "streak"), ("frame.architecture", "shifts")] {
        assert_eq!(catalogue.entries_at(path).unwrap().last().unwrap().kind, kind);
    }
}

#[test]
fn validation_knows_their_parameters() {
    let good = set(&scenario(), "policies.keep_alive", json!({"kind": "worn_out", "uses": 5}));
    assert_eq!(validate(&good, &library().catalogue()), []);
    let wrong_name = set(&scenario(), "policies.placement", json!({"kind": "streak", "lenght": 5}));
    let problems = validate(&wrong_name, &library().catalogue());
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].to_string(), "policies.placement.lenght: streak has no parameter lenght. Did you mean length?");
    let wrong_value = set(&scenario(), "frame.architecture", json!({"kind": "shifts", "length": 0}));
    assert_eq!(validate(&wrong_value, &library().catalogue())[0].path, "frame.architecture.length");
}

#[test]
fn without_the_library_the_kind_is_unknown() {
    let named = set(&scenario(), "policies.keep_alive", json!({"kind": "worn_out"}));
    assert_eq!(validate(&named, &Library::default().catalogue())[0].path, "policies.keep_alive.kind");
}

#[test]
fn a_keep_alive_policy_from_outside_rules_the_containers() {
    let one_worker = set(&scenario(), "nodes.w.count", json!(1));
    let (summary, recorder) = run(&set(&one_worker, "policies.keep_alive", json!({"kind": "worn_out", "uses": 3})));
    let cold: Vec<bool> = (0..7).map(|i| recorder.row(i).cold).collect();
    assert_eq!(cold, [true, false, false, true, false, false, true]);
    assert_eq!(summary.expirations, 33, "100 invocations wear out 33 containers");
}

#[test]
fn a_placement_policy_from_outside_chooses_the_hosts() {
    let (_, recorder) = run(&set(&scenario(), "policies.placement", json!({"kind": "streak"})));
    let hosts: Vec<u32> = (0..10).map(|i| recorder.row(i).host.unwrap()).collect();
    assert_eq!(hosts, [0, 0, 0, 0, 1, 1, 1, 1, 0, 0]);
}

#[test]
fn an_architecture_from_outside_decides_with_its_own_placers() {
    let mut simulation = begin(&set(&scenario(), "frame.architecture", json!({"kind": "shifts", "length": 20})));
    simulation.run(&mut ());
    // 60 and 40 invocations, 1 ms for each and for each finish that it hears of, but for the last, which nobody waits for.
    let busy: Vec<u64> = simulation.placers().iter().map(|p| p.busy.0 / 1_000_000).collect();
    assert_eq!(busy, [119, 80]);
}

#[test]
fn a_checkpoint_holds_their_state() {
    let all = set(
        &set(
            &set(&scenario(), "policies.keep_alive", json!({"kind": "worn_out"})),
            "policies.placement",
            json!({"kind": "streak"}),
        ),
        "frame.architecture",
        json!({"kind": "shifts"}),
    );
    let mut simulation = begin(&all);
    for _ in 0..40 {
        simulation.step(7, &mut ());
        let mut checkpoint = simulation.clone();
        checkpoint.run(&mut ());
        let mut again = simulation.clone();
        again.run(&mut ());
        assert_eq!(checkpoint.world().digest, again.world().digest, "a run of the copy does not touch the original");
    }
    let mut whole = begin(&all);
    whole.run(&mut ());
    simulation.run(&mut ());
    assert_eq!(simulation.world().digest, whole.world().digest);
    assert_eq!(simulation.world().counters, whole.world().counters);
}

#[test]
fn the_timeline_can_change_to_them_and_back() {
    let mut changing = scenario();
    changing.timeline = serde_json::from_value(json!([
        {"at_s": 3.05, "set": {"policies.placement": {"kind": "streak"}}},
        {"at_s": 6.05, "set": {"policies.placement.kind": "round_robin"}}
    ]))
    .unwrap();
    let (_, recorder) = run(&changing);
    let hosts = |from: u32| -> Vec<u32> { (from..from + 6).map(|i| recorder.row(i).host.unwrap()).collect() };
    assert_eq!(hosts(30), [0, 0, 0, 0, 1, 1]);
    assert_eq!(hosts(60), [0, 1, 0, 1, 0, 1]);
}
