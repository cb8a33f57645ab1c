//! Topologies to begin with, for an empty stage.

use super::Command;
use crate::registry::Choice;
use crate::scenario::{
    FORMAT_VERSION, Frame, Function, Link, Network, Node, Policies, Role, Run, Scenario, TraceOptions, Workload, Zone,
};

/// A topology to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Users and one server.
    SingleServer,
    /// One zone of workers with a central placer.
    Workers,
    /// Two edges and a cloud, each with a placer of its own.
    EdgeCloud,
    /// One block of a thousand workers.
    Cluster,
}

impl Template {
    /// All of them, in the order to offer them.
    pub const ALL: [Template; 4] = [Template::SingleServer, Template::Workers, Template::EdgeCloud, Template::Cluster];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Template::SingleServer => "Single server",
            Template::Workers => "A zone of workers",
            Template::EdgeCloud => "Edge and cloud",
            Template::Cluster => "A thousand workers",
        }
    }

    /// What it holds, in a few words.
    pub fn summary(self) -> &'static str {
        match self {
            Template::SingleServer => "One queue, four cores",
            Template::Workers => "Six workers, one placer",
            Template::EdgeCloud => "Three zones that help each other",
            Template::Cluster => "One block, one placer",
        }
    }

    /// Puts the template in the place of what is on the stage. Policies and seed stay, and so does a trace with all that
    /// belongs to it; without one, arrivals are drawn that suit the template.
    pub fn command(self, scenario: &Scenario) -> Command {
        let (zones, nodes, links) = self.topology();
        let traced = scenario.workload.trace.is_some();
        let drawn = Scenario {
            title: self.name().to_owned(),
            zones,
            nodes,
            links,
            frame: Frame::of(Choice::of(self.architecture())),
            policies: scenario.policies.clone(),
            functions: functions(),
            images: Vec::new(),
            workload: poisson(self.rate_per_s()),
            run: Run { seed: scenario.run.seed, duration_s: Some(self.duration_s()), ..Run::default() },
            ..empty()
        };
        let whole = match traced {
            false => drawn,
            true => Scenario {
                functions: scenario.functions.clone(),
                images: scenario.images.clone(),
                workload: scenario.workload.clone(),
                run: scenario.run.clone(),
                ..drawn
            },
        };
        Command::Replace(Box::new(whole))
    }

    fn architecture(self) -> &'static str {
        match self {
            Template::EdgeCloud => "federated",
            _ => "centralized",
        }
    }

    /// Arrivals that keep the machines busy without overloading them; in the first edge of [`Template::EdgeCloud`] nearly.
    fn rate_per_s(self) -> f64 {
        match self {
            Template::SingleServer => 20.0,
            Template::Workers => 100.0,
            Template::EdgeCloud => 60.0,
            Template::Cluster => 1_000.0,
        }
    }

    fn duration_s(self) -> f64 {
        if self == Template::Cluster { 30.0 } else { 300.0 }
    }

    fn topology(self) -> (Vec<Zone>, Vec<Node>, Vec<Link>) {
        let at = |id: &str, zone: &str, role: Role, x: f64, y: f64| Node { x, y, ..Node::new(id, zone, role) };
        match self {
            Template::SingleServer => {
                let mut users = at("users", "home", Role::Client, 40.0, 60.0);
                users.roles.push(Role::CloudController);
                let nodes = vec![named("Users", users), named("Server", at("server", "home", Role::Worker, 240.0, 40.0))];
                (vec![zone("home", "Home", 0.5)], nodes, vec![])
            }
            Template::Workers => {
                let mut nodes = vec![
                    named("Users", at("users", "region", Role::Client, 40.0, 210.0)),
                    named("Placer", at("placer", "region", Role::CloudController, 172.0, 210.0)),
                ];
                let places = (0..6).map(|i: u8| (320.0 + 208.0 * f64::from(i / 3), 40.0 + 150.0 * f64::from(i % 3)));
                nodes.extend(places.zip(1..).map(|((x, y), i)| at(&format!("worker-{i}"), "region", Role::Worker, x, y)));
                (vec![zone("region", "Region", 0.5)], nodes, vec![])
            }
            Template::EdgeCloud => {
                let mut nodes = vec![];
                for (edge, y, traffic) in [("north", 60.0, 3.0), ("south", 300.0, 1.0)] {
                    let users = at(&format!("{edge}-users"), edge, Role::Client, 40.0, y);
                    nodes.push(named("Users", Node { traffic, ..users }));
                    nodes.push(named("Placer", at(&format!("{edge}-placer"), edge, Role::EdgeController, 160.0, y)));
                    nodes.push(at(&format!("{edge}-worker"), edge, Role::Worker, 300.0, y - 20.0));
                }
                nodes.push(named("Cloud", at("cloud-placer", "cloud", Role::CloudController, 600.0, 180.0)));
                nodes.push(at("cloud-1", "cloud", Role::Worker, 740.0, 85.0));
                nodes.push(at("cloud-2", "cloud", Role::Worker, 740.0, 235.0));
                let zones = vec![zone("north", "North edge", 2.0), zone("south", "South edge", 2.0), zone("cloud", "Cloud", 0.5)];
                (zones, nodes, vec![link("north-uplink", "north", "cloud"), link("south-uplink", "south", "cloud")])
            }
            Template::Cluster => {
                let pool = at("pool", "region", Role::Worker, 304.0, 40.0);
                let nodes = vec![
                    named("Users", at("users", "region", Role::Client, 40.0, 167.0)),
                    named("Placer", at("placer", "region", Role::CloudController, 172.0, 167.0)),
                    Node { count: 1_000, ..pool },
                ];
                (vec![zone("region", "Region", 0.5)], nodes, vec![])
            }
        }
    }
}

fn named(name: &str, node: Node) -> Node {
    Node { name: name.to_owned(), ..node }
}

fn zone(id: &str, name: &str, latency_ms: f64) -> Zone {
    Zone { name: name.to_owned(), latency_ms: Some(latency_ms), ..Zone::new(id) }
}

fn link(id: &str, from: &str, to: &str) -> Link {
    Link { id: id.to_owned(), from: from.to_owned(), to: to.to_owned(), latency_ms: 15.0, jitter_ms: 0.0, bandwidth_mbps: None }
}

/// A short function that is called often, a longer one, and a long one that is called seldom: 77 ms on average.
fn functions() -> Vec<Function> {
    let function = |id: &str, mean_ms: f64, weight: f64| {
        let execution = Choice::of("lognormal").with("mean_ms", mean_ms).with("sigma", 0.5);
        Function { weight, ..Function::new(id, execution) }
    };
    vec![function("login", 40.0, 20.0), function("resize", 120.0, 10.0), function("report", 400.0, 1.0)]
}

fn poisson(rate_per_s: f64) -> Workload {
    Workload {
        arrivals: Choice::of("poisson").with("rate_per_s", rate_per_s),
        popularity: Choice::of("weights"),
        jobs: Choice::of("single"),
        trace: None,
        trace_options: TraceOptions::default(),
    }
}

/// A scenario with nothing on the stage.
pub fn empty() -> Scenario {
    Scenario {
        version: FORMAT_VERSION,
        title: String::new(),
        question: String::new(),
        look_at: String::new(),
        zones: vec![],
        nodes: vec![],
        links: vec![],
        network: Network::default(),
        functions: functions(),
        images: Vec::new(),
        workload: poisson(20.0),
        frame: Frame::of(Choice::of("centralized")),
        policies: Policies::default(),
        timeline: vec![],
        run: Run { duration_s: Some(300.0), ..Run::default() },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::edit::Document;
    use crate::measure::{Recorder, Summary};
    use crate::scenario::{TraceRef, validate};
    use crate::sim::{Library, Simulation};
    use crate::workload::Workload as Drawn;

    fn run(scenario: &Scenario) -> Summary {
        let workload = Arc::new(Drawn::new(scenario, None).unwrap());
        let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
        let mut simulation = Simulation::new(scenario, workload, &Library::default()).unwrap();
        simulation.run(&mut recorder);
        Summary::new(&simulation, &recorder)
    }

    #[test]
    fn each_template_is_one_step_and_yields_a_scenario_that_runs() {
        for template in Template::ALL {
            let mut document = Document::new(empty());
            document.edit(template.command(document.scenario())).unwrap();
            let scenario = document.scenario().clone();
            assert_eq!(validate(&scenario, &Library::default().catalogue()), [], "{template:?}");
            assert_eq!(Scenario::from_json(&scenario.to_json()).unwrap(), scenario);
            let summary = run(&scenario);
            assert!(summary.submitted > 5_000 && summary.completed == summary.submitted, "{template:?}: {}", summary.completed);
            assert!(summary.response_ms.p50 < 500.0, "{template:?} is overloaded: {} ms", summary.response_ms.p50);
            assert!(document.undo() && document.scenario() == &empty() && !document.can_undo());
        }
    }

    #[test]
    fn in_the_edges_and_the_cloud_zones_help_each_other() {
        let mut scenario = empty();
        Template::EdgeCloud.command(&empty()).apply(&mut scenario).unwrap();
        assert!(run(&scenario).offloads > 0);
    }

    #[test]
    fn a_trace_and_the_policies_stay() {
        let mut scenario = empty();
        scenario.take_trace(TraceRef { format: "faaslab_csv".to_owned(), files: vec![] });
        scenario.policies.keep_alive = Choice::of("lru");
        let before = scenario.clone();
        Template::Workers.command(&before).apply(&mut scenario).unwrap();
        assert_eq!((&scenario.workload, &scenario.run), (&before.workload, &before.run));
        assert_eq!((&scenario.policies, &scenario.functions), (&before.policies, &before.functions));
        assert_eq!(scenario.nodes.len(), 8);
    }
}
