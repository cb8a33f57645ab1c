//! What an agent does with a request, by architecture, and what it remembers when the answer comes.
//!
//! A request enters at any agent. If its architecture is not fixed, the agent draws one ([`super::tail`]); agents further on take
//! what is written in it. Nodes and zones are drawn by how long they took lately ([`super::target`]).
//!
//! | architecture | agent of | does |
//! |---|---|---|
//! | centralized | cloud controller | draws any node and invokes it; remembers the node |
//! | | others | passes the request to a random cloud controller, which draws; remembers nothing |
//! | federated | worker | passes the request to the first edge controller of its zone; without one to who stands in, if somebody does |
//! | | cloud controller | runs it; remembers nothing. Standing in for a zone: as an edge controller, but what it would invoke in its own zone it invokes in that zone |
//! | | edge controller | unless handed on twice or its load is at most 2, draws a controller's zone; its own: draws a node of the zone and invokes it; another: hands it on; remembers the zone |
//! | decentralized | all | unless handed on twice or its load is at most 2, draws a node; itself: runs it; another: hands it on; remembers the node |
//!
//! A request that was handed on counts with its duration times 1 + 0.3 h, h being the hops that the answer tells. An agent that
//! hands on tells one hop more than the request came with. The total time of each request is remembered by its architecture at
//! every agent where it entered, also where it was handed to.
//!
//! In the original a worker whose zone has no edge controller refuses. Where [`Map::with_stand_in`] is asked for, which every
//! scenario does and the replay of the original does not, the first cloud controller stands in.
//!
//! # What the corrected form does otherwise
//! - *Hops*. In the faithful form, third generation, the answer of a node that was handed a decentralized request is wrapped so
//!   that its hops are not found, and h is 0; the corrected form finds them, as the second generation did.
//! - *Zones*. Faithful remembers what an edge controller invoked in its zone by the zone alone, so its draw of a node never
//!   has history of its own making and is uniform, unless decentralized requests left some. Corrected remembers it for the node, too.
//! - *Names*. Faithful keeps nodes and zones in one table by name, so a node and a zone of one name mix their durations.
//!   Corrected keeps them apart.
//! - *Failures*. Faithful takes a failure as an answer like any other: fast failures make a dead node look fast and draw more
//!   traffic to it, one that fails at once looks as if it had no history and is drawn for certain; most are told as a success. Where
//!   another zone does not answer nothing is remembered. Corrected remembers each failure with the time limit of the
//!   function, or 60 s (the request's limit) where it has none, for the node or the zone and for the total, and tells it.
//!
//! Source: the routing of the edge-cloud agent, third generation.

use super::tail::{TailScheduler, TailSettings};
use super::target::History;
use super::{Draws, Form, Kind};
use crate::units::{SimDuration, SimTime};

/// The part that a node plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Decides for all in centralized.
    CloudController,
    /// Decides for its zone in federated.
    EdgeController,
    /// Runs functions only, as all nodes do.
    Worker,
}

/// What all agents know of the nodes.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// By node.
    parts: Vec<Part>,
    /// By node.
    zones: Vec<u32>,
    /// By zone, where it is in the [`History`]; nodes are there by their numbers.
    zone_places: Vec<u32>,
    all: Vec<u32>,
    /// By zone, its nodes.
    members: Vec<Vec<u32>>,
    /// Cloud and edge controllers.
    controllers: Vec<u32>,
    cloud_controllers: Vec<u32>,
    /// Who decides for the workers of zones without an edge controller.
    stand_in: Option<u32>,
}

impl Map {
    /// Of nodes by name, part and name of their zone. Zones are numbered as they come.
    pub fn new<'a>(form: Form, nodes: impl IntoIterator<Item = (&'a str, Part, &'a str)>) -> Map {
        let nodes: Vec<_> = nodes.into_iter().collect();
        let mut names: Vec<&str> = Vec::new();
        let mut zones = Vec::new();
        for (_, _, zone) in &nodes {
            let known = names.iter().position(|n| n == zone);
            zones.push(known.unwrap_or(names.len()) as u32);
            if known.is_none() {
                names.push(zone);
            }
        }
        let place = |(number, zone): (usize, &&str)| {
            let namesake = nodes.iter().position(|(id, _, _)| form == Form::Faithful && id == zone);
            namesake.unwrap_or(nodes.len() + number) as u32
        };
        let parts: Vec<Part> = nodes.iter().map(|n| n.1).collect();
        let all: Vec<u32> = (0..nodes.len() as u32).collect();
        let of = |wanted: &dyn Fn(u32) -> bool| all.iter().copied().filter(|&n| wanted(n)).collect::<Vec<u32>>();
        Map {
            zone_places: names.iter().enumerate().map(place).collect(),
            members: (0..names.len() as u32).map(|zone| of(&|n| zones[n as usize] == zone)).collect(),
            controllers: of(&|n| parts[n as usize] != Part::Worker),
            cloud_controllers: of(&|n| parts[n as usize] == Part::CloudController),
            stand_in: None,
            all,
            parts,
            zones,
        }
    }

    /// The first cloud controller decides for the workers of zones without an edge controller.
    pub fn with_stand_in(self) -> Map {
        Map { stand_in: self.cloud_controllers.first().copied(), ..self }
    }

    /// The number of a node's zone.
    pub fn zone(&self, node: u32) -> u32 {
        self.zones[node as usize]
    }

    /// Where a zone is in the [`History`] of an agent. Nodes are there by their numbers.
    pub fn zone_place(&self, zone: u32) -> u32 {
        self.zone_places[zone as usize]
    }

    fn place_of_zone_of(&self, node: u32) -> u32 {
        self.zone_place(self.zone(node))
    }
}

/// What can be set about agents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The one-minute load average up to which a node keeps its requests.
    pub keep_load: f64,
    /// How often a request is handed on at most.
    pub hops: u32,
    /// How much longer a duration counts for each hop, as a share of it.
    pub hop_penalty: f64,
    /// What a failure of a function without a time limit counts, in the corrected form.
    pub request_limit: SimDuration,
    /// Of the tail scheduler.
    pub tail: TailSettings,
}

impl Default for Settings {
    fn default() -> Self {
        let request_limit = SimDuration(60_000_000_000);
        Settings { keep_load: 2.0, hops: 2, hop_penalty: 0.3, request_limit, tail: TailSettings::default() }
    }
}

/// What an agent is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Have the function run, by whatever architecture.
    Entry,
    /// Decide as the cloud controller of centralized, without being counted as an entry.
    Schedule,
    /// Decide as the edge controller of a zone that has none.
    StandIn {
        /// The zone.
        zone: u32,
    },
}

/// A request as it reaches an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The function.
    pub function: u32,
    /// The architecture, if it is decided.
    pub kind: Option<Kind>,
    /// How often it was handed on.
    pub hop: u32,
    /// What the agent is asked for.
    pub endpoint: Endpoint,
    /// The time limit of the function, if it has one.
    pub limit: Option<SimDuration>,
}

/// Why an agent refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no cloud controller.
    NoCloudController,
    /// The zone has no edge controller.
    NoEdgeController,
    /// Only a cloud controller decides for others in centralized.
    NotACloudController,
    /// Only in centralized does anyone decide for others.
    NotCentralized,
}

/// What an agent does with a request. It has the architecture and the hops of [`Open`] where it is sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Runs the function on its own node.
    Run,
    /// Runs the function on a node, without asking that node's agent.
    Invoke {
        /// The node, which may be its own.
        node: u32,
    },
    /// Passes the request to the agent that has to decide, not counting a hop.
    Pass {
        /// The agent's node.
        node: u32,
        /// What it is asked for.
        endpoint: Endpoint,
    },
    /// Hands the request to the agent of another node, or of another zone, counting a hop; it enters there.
    HandOn {
        /// The agent's node.
        node: u32,
    },
    /// Answers at once that it cannot be done.
    Refuse(Refusal),
}

/// A request that an agent has sent on, to be given back with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// The request as it came, but with its architecture and, where it was handed on, one hop more.
    pub request: Request,
    /// The architecture.
    pub kind: Kind,
    /// What was done.
    pub step: Step,
    /// When it came.
    pub entered: SimTime,
    /// When it was sent on.
    pub sent: SimTime,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// As in HTTP: 200 says success, which in the faithful form need not be true.
    pub status: u16,
    /// How many hops it tells.
    pub hop: u32,
    /// Whether the function was not run to its end.
    pub failed: bool,
}

/// The agent of one node.
#[derive(Clone, Debug)]
pub struct Agent {
    form: Form,
    settings: Settings,
    node: u32,
    /// Its tail scheduler.
    pub tail: TailScheduler,
    /// What it remembers of nodes and zones.
    pub history: History,
}

impl Agent {
    /// The agent of a node, for so many functions.
    pub fn new(form: Form, settings: Settings, node: u32, functions: usize) -> Agent {
        let tail = TailScheduler::new(form, settings.tail, functions);
        Agent { form, settings, node, tail, history: History::new(form) }
    }

    /// Goes on with other settings, and remembers what it did.
    pub fn retune(&mut self, settings: Settings) {
        self.settings = settings;
        self.tail.retune(settings.tail);
    }

    /// Decides what to do with a request, given the node's one-minute load average.
    pub fn route(&mut self, now: SimTime, map: &Map, request: Request, load: f64, draws: &mut impl Draws) -> Open {
        let kind = request.kind.unwrap_or_else(|| self.tail.choose(now, request.function, draws));
        let step = match (request.endpoint, kind) {
            (Endpoint::Schedule, Kind::Centralized) => match map.parts[self.node as usize] {
                Part::CloudController => self.invoke_any(now, request.function, &map.all, draws),
                _ => Step::Refuse(Refusal::NotACloudController),
            },
            (Endpoint::Schedule, _) => Step::Refuse(Refusal::NotCentralized),
            (Endpoint::StandIn { zone }, _) => self.for_zone(now, map, zone, request, load, draws),
            (Endpoint::Entry, Kind::Centralized) => self.centralized(now, map, request, draws),
            (Endpoint::Entry, Kind::Federated) => self.federated(now, map, request, load, draws),
            (Endpoint::Entry, Kind::Decentralized) => self.decentralized(now, map, request, load, draws),
        };
        let hop = request.hop + u32::from(matches!(step, Step::HandOn { .. }));
        Open { request: Request { kind: Some(kind), hop, ..request }, kind, step, entered: now, sent: now }
    }

    fn invoke_any(&mut self, now: SimTime, function: u32, nodes: &[u32], draws: &mut impl Draws) -> Step {
        Step::Invoke { node: self.history.select(now, function, nodes, |n| n, draws) }
    }

    fn centralized(&mut self, now: SimTime, map: &Map, request: Request, draws: &mut impl Draws) -> Step {
        if map.parts[self.node as usize] == Part::CloudController {
            return self.invoke_any(now, request.function, &map.all, draws);
        }
        match map.cloud_controllers.len() {
            0 => Step::Refuse(Refusal::NoCloudController),
            n => Step::Pass { node: map.cloud_controllers[draws.any(n)], endpoint: Endpoint::Schedule },
        }
    }

    fn federated(&mut self, now: SimTime, map: &Map, request: Request, load: f64, draws: &mut impl Draws) -> Step {
        let zone = map.zone(self.node);
        match map.parts[self.node as usize] {
            Part::CloudController => Step::Run,
            Part::EdgeController => self.for_zone(now, map, zone, request, load, draws),
            Part::Worker => {
                let mut members = map.members[zone as usize].iter();
                match (members.find(|&&n| map.parts[n as usize] == Part::EdgeController), map.stand_in) {
                    (Some(&node), _) => Step::Pass { node, endpoint: Endpoint::Entry },
                    (None, Some(node)) => Step::Pass { node, endpoint: Endpoint::StandIn { zone } },
                    (None, None) => Step::Refuse(Refusal::NoEdgeController),
                }
            }
        }
    }

    /// A controller decides for a zone: its own, or one for which it stands in.
    fn for_zone(&mut self, now: SimTime, map: &Map, zone: u32, request: Request, load: f64, draws: &mut impl Draws) -> Step {
        if !self.keeps(&request, load) {
            let place = |n| map.place_of_zone_of(n);
            let node = self.history.select(now, request.function, &map.controllers, place, draws);
            if map.zone(node) != map.zone(self.node) {
                return Step::HandOn { node };
            }
        }
        self.invoke_any(now, request.function, &map.members[zone as usize], draws)
    }

    fn decentralized(&mut self, now: SimTime, map: &Map, request: Request, load: f64, draws: &mut impl Draws) -> Step {
        if self.keeps(&request, load) {
            return Step::Run;
        }
        match self.history.select(now, request.function, &map.all, |n| n, draws) {
            node if node == self.node => Step::Run,
            node => Step::HandOn { node },
        }
    }

    fn keeps(&self, request: &Request, load: f64) -> bool {
        request.hop >= self.settings.hops || load <= self.settings.keep_load
    }

    /// Remembers an answer, none if nobody answered, and says what to answer in turn. A refusal is answered at once.
    pub fn reply(&mut self, now: SimTime, map: &Map, open: &Open, reply: Option<Reply>) -> Reply {
        let failed = reply.is_none_or(|r| r.failed);
        let penalty = |took: SimDuration| match self.form {
            Form::Corrected if failed => took.max(open.request.limit.unwrap_or(self.settings.request_limit)),
            _ => took,
        };
        let took = now.since(open.sent);
        let far = |hop: u32| SimDuration::from_s(took.as_s() * (1.0 + self.settings.hop_penalty * f64::from(hop)));
        let told = reply.map_or(0, |r| r.hop);
        let faithful = self.form == Form::Faithful;
        let own_zone = map.place_of_zone_of(self.node);
        // Where it is remembered, and how long it took.
        let (places, duration) = match (open.step, open.kind) {
            (Step::Run, Kind::Decentralized) => ([Some(self.node), None], took),
            (Step::Invoke { node }, Kind::Federated) => ([Some(own_zone), (!faithful).then_some(node)], took),
            (Step::Invoke { node }, _) => ([Some(node), None], took),
            (Step::HandOn { .. }, Kind::Federated) if faithful && reply.is_none() => ([None; 2], took),
            (Step::HandOn { node }, Kind::Federated) => ([Some(map.place_of_zone_of(node)), None], far(told)),
            (Step::HandOn { node }, _) => ([Some(node), None], if faithful { took } else { far(told) }),
            _ => ([None; 2], took),
        };
        let (duration, total) = (penalty(duration), penalty(now.since(open.entered)));
        for place in places.into_iter().flatten() {
            self.history.record(now, open.request.function, place, duration);
        }
        if open.request.endpoint != Endpoint::Schedule {
            let total = if faithful { whole_us(total) } else { total };
            self.tail.record(now, open.request.function, open.kind, total);
        }
        let status = match open.step {
            Step::Refuse(Refusal::NotACloudController) => 403,
            Step::Refuse(_) => 500,
            Step::Pass { .. } => reply.map_or(500, |r| r.status),
            Step::HandOn { .. } if open.kind == Kind::Federated => reply.map_or(500, |r| r.status),
            _ if failed && !faithful => 500,
            _ => 200,
        };
        Reply { status, hop: open.request.hop, failed }
    }

    /// About how many bytes a copy takes.
    pub fn size(&self) -> usize {
        128 + self.tail.size() + self.history.size()
    }
}

/// Rounded to microseconds, half to even: six decimals of a second.
fn whole_us(d: SimDuration) -> SimDuration {
    let (whole, rest) = (d.0 / 1000, d.0 % 1000);
    let up = rest > 500 || (rest == 500 && whole % 2 == 1);
    SimDuration((whole + u64::from(up)) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    const CLOUD: u32 = 0;
    const EDGE: u32 = 1;
    const WORKER: u32 = 2;
    const OTHER: u32 = 3;
    const LONELY: u32 = 4;
    const DONE: Reply = Reply { status: 200, hop: 0, failed: false };

    fn map(form: Form) -> Map {
        let nodes = [
            ("cloud", Part::CloudController, "cloud"),
            ("edge", Part::EdgeController, "a"),
            ("worker", Part::Worker, "a"),
            ("other", Part::EdgeController, "b"),
            ("lonely", Part::Worker, "c"),
        ];
        Map::new(form, nodes)
    }

    fn agent(form: Form, node: u32) -> Agent {
        Agent::new(form, Settings::default(), node, 1)
    }

    fn entry(kind: Kind, hop: u32) -> Request {
        Request { function: 0, kind: Some(kind), hop, endpoint: Endpoint::Entry, limit: None }
    }

    fn s(s: f64) -> SimTime {
        SimTime::from_s(s)
    }

    /// Always draws the same, and counts.
    struct Fixed(usize, u32);

    impl Draws for Fixed {
        fn any(&mut self, n: usize) -> usize {
            self.1 += 1;
            self.0.min(n - 1)
        }

        fn weighted(&mut self, weights: &[f64]) -> usize {
            self.any(weights.len())
        }
    }

    fn step(node: u32, request: Request, load: f64, pick: usize) -> (Step, u32) {
        let mut draws = Fixed(pick, 0);
        let open = agent(Form::Faithful, node).route(s(0.0), &map(Form::Faithful), request, load, &mut draws);
        assert_eq!(open.request.hop, request.hop + u32::from(matches!(open.step, Step::HandOn { .. })));
        (open.step, draws.1)
    }

    #[test]
    fn in_centralized_the_cloud_controller_draws_and_the_others_pass_to_it() {
        let asked = entry(Kind::Centralized, 0);
        assert_eq!(step(CLOUD, asked, 9.0, 3), (Step::Invoke { node: OTHER }, 1));
        assert_eq!(step(WORKER, asked, 0.0, 0), (Step::Pass { node: CLOUD, endpoint: Endpoint::Schedule }, 1));
        let schedule = Request { endpoint: Endpoint::Schedule, ..asked };
        assert_eq!(step(CLOUD, schedule, 9.0, 4), (Step::Invoke { node: LONELY }, 1));
        assert_eq!(step(EDGE, schedule, 9.0, 4).0, Step::Refuse(Refusal::NotACloudController));
        let federated = Request { kind: Some(Kind::Federated), ..schedule };
        assert_eq!(step(CLOUD, federated, 9.0, 4).0, Step::Refuse(Refusal::NotCentralized));
    }

    #[test]
    fn in_federated_the_zone_keeps_what_it_can() {
        let asked = |hop| entry(Kind::Federated, hop);
        assert_eq!(step(WORKER, asked(0), 9.0, 0), (Step::Pass { node: EDGE, endpoint: Endpoint::Entry }, 0));
        assert_eq!(step(LONELY, asked(0), 9.0, 0).0, Step::Refuse(Refusal::NoEdgeController));
        assert_eq!(step(CLOUD, asked(0), 9.0, 0), (Step::Run, 0));
        assert_eq!(step(EDGE, asked(0), 2.0, 1), (Step::Invoke { node: WORKER }, 1), "a load of two is not too much");
        assert_eq!(step(EDGE, asked(0), 2.1, 0), (Step::HandOn { node: CLOUD }, 1));
        assert_eq!(step(EDGE, asked(1), 2.1, 2), (Step::HandOn { node: OTHER }, 1));
        assert_eq!(step(EDGE, asked(2), 2.1, 0), (Step::Invoke { node: EDGE }, 1), "it was handed on twice");
        assert_eq!(step(EDGE, asked(0), 2.1, 1), (Step::Invoke { node: WORKER }, 2), "its own zone, then a node");
        assert_eq!(step(OTHER, asked(0), 0.0, 0), (Step::Invoke { node: OTHER }, 0), "one node is not drawn");
    }

    #[test]
    fn a_cloud_controller_stands_in_for_a_zone_without_an_edge_controller_if_asked_to() {
        let map = map(Form::Faithful).with_stand_in();
        let step =
            |node, request, load, pick| agent(Form::Faithful, node).route(s(0.0), &map, request, load, &mut Fixed(pick, 0)).step;
        let asked = entry(Kind::Federated, 0);
        let zone = map.zone(LONELY);
        let passed = Step::Pass { node: CLOUD, endpoint: Endpoint::StandIn { zone } };
        assert_eq!(step(LONELY, asked, 9.0, 0), passed);
        assert_eq!(
            step(WORKER, asked, 9.0, 0),
            Step::Pass { node: EDGE, endpoint: Endpoint::Entry },
            "where there is one it is asked"
        );
        let request = Request { endpoint: Endpoint::StandIn { zone }, ..asked };
        assert_eq!(step(CLOUD, request, 0.0, 9), Step::Invoke { node: LONELY }, "in the zone that asked");
        assert_eq!(step(CLOUD, request, 9.0, 0), Step::Invoke { node: LONELY }, "its own zone counts as that one");
        assert_eq!(step(CLOUD, request, 9.0, 1), Step::HandOn { node: EDGE });
    }

    #[test]
    fn in_decentralized_a_node_runs_what_it_can() {
        let asked = |hop| entry(Kind::Decentralized, hop);
        assert_eq!(step(LONELY, asked(0), 2.0, 0), (Step::Run, 0));
        assert_eq!(step(LONELY, asked(0), 3.0, 0), (Step::HandOn { node: CLOUD }, 1));
        assert_eq!(step(LONELY, asked(1), 3.0, 4), (Step::Run, 1));
        assert_eq!(step(LONELY, asked(2), 3.0, 0), (Step::Run, 0));
    }

    #[test]
    fn an_agent_that_draws_the_architecture_writes_it_into_the_request() {
        let (map, mut agent) = (map(Form::Faithful), agent(Form::Faithful, EDGE));
        let open = agent.route(s(0.0), &map, Request { kind: None, ..entry(Kind::Centralized, 0) }, 0.0, &mut Fixed(1, 0));
        assert_eq!((open.kind, open.request.kind), (Kind::Federated, Some(Kind::Federated)));
    }

    #[test]
    fn without_controllers_requests_are_refused_and_faithful_counts_that_as_fast() {
        let map = Map::new(Form::Faithful, [("a", Part::Worker, "z")]);
        for (form, seconds) in [(Form::Faithful, 0.0), (Form::Corrected, 60.0)] {
            for kind in [Kind::Centralized, Kind::Federated] {
                let mut agent = agent(form, 0);
                let open = agent.route(s(0.0), &map, entry(kind, 0), 0.0, &mut Fixed(0, 0));
                assert!(matches!(open.step, Step::Refuse(_)));
                assert_eq!(agent.reply(s(0.0), &map, &open, None), Reply { status: 500, hop: 0, failed: true });
                for _ in 0..9 {
                    agent.reply(s(0.0), &map, &open, None);
                }
                agent.tail.update(s(3.0), 0);
                agent.tail.update(s(6.0), 0);
                assert_eq!(agent.tail.samples(s(6.0), 0, kind), 10);
                let ratio = agent.tail.ratios(0)[kind as usize];
                assert_eq!(ratio, if seconds == 0.0 { f64::INFINITY } else { 1.0 });
            }
        }
    }

    /// What is remembered of one step that is answered after a second.
    fn remembered(form: Form, node: u32, request: Request, pick: usize, reply: Option<Reply>) -> (Vec<(u32, f64)>, Reply) {
        let (map, mut agent) = (map(form), agent(form, node));
        let open = agent.route(s(0.0), &map, request, 3.0, &mut Fixed(pick, 0));
        let told = agent.reply(s(1.0), &map, &open, reply);
        let rows = agent.history.windows().flat_map(|((_, place), w)| w.rows().map(move |(_, d)| (place, d.as_s()))).collect();
        (rows, told)
    }

    #[test]
    fn hops_make_a_duration_count_more_and_are_told_one_higher() {
        let twice = Some(Reply { hop: 2, ..DONE });
        let zone_b = map(Form::Faithful).zone_place(2);
        let federated = remembered(Form::Faithful, EDGE, entry(Kind::Federated, 0), 2, twice);
        assert_eq!(federated, (vec![(zone_b, 1.6)], Reply { hop: 1, ..DONE }));
        let faithful = remembered(Form::Faithful, EDGE, entry(Kind::Decentralized, 0), 3, twice);
        assert_eq!(faithful, (vec![(OTHER, 1.0)], Reply { hop: 1, ..DONE }), "the hops are not found in a wrapped answer");
        let corrected = remembered(Form::Corrected, EDGE, entry(Kind::Decentralized, 0), 3, twice);
        assert_eq!(corrected.0, [(OTHER, 1.6)]);
        assert_eq!(remembered(Form::Faithful, EDGE, entry(Kind::Decentralized, 1), 1, Some(DONE)).1.hop, 1, "run where it was");
    }

    #[test]
    fn an_edge_controller_remembers_its_zone_and_when_corrected_the_node_too() {
        let own = |form| remembered(form, EDGE, entry(Kind::Federated, 0), 1, Some(DONE)).0;
        let zone_a = map(Form::Faithful).zone_place(1);
        assert_eq!(own(Form::Faithful), [(zone_a, 1.0)]);
        assert_eq!(own(Form::Corrected), [(WORKER, 1.0), (zone_a, 1.0)]);
    }

    #[test]
    fn a_node_and_a_zone_of_one_name_mix_in_the_faithful_form_only() {
        let place = |form: Form| remembered(form, EDGE, entry(Kind::Federated, 0), 0, Some(DONE)).0[0].0;
        assert_eq!(place(Form::Faithful), CLOUD);
        assert!(place(Form::Corrected) > LONELY);
    }

    #[test]
    fn who_passes_a_request_on_remembers_nothing_of_it_but_its_total() {
        let rows = remembered(Form::Faithful, WORKER, entry(Kind::Federated, 0), 0, Some(Reply { hop: 1, ..DONE }));
        assert_eq!(rows, (vec![], DONE));
        let (map, mut agent) = (map(Form::Faithful), agent(Form::Faithful, CLOUD));
        let schedule = Request { endpoint: Endpoint::Schedule, ..entry(Kind::Centralized, 0) };
        let open = agent.route(s(0.0), &map, schedule, 0.0, &mut Fixed(3, 0));
        agent.reply(s(1.0), &map, &open, Some(DONE));
        assert_eq!(agent.tail.samples(s(1.0), 0, Kind::Centralized), 0, "it did not enter here");
        assert_eq!(agent.history.mean_s(s(1.0), 0, OTHER), 1.0);
    }

    #[test]
    fn failures_are_told_as_a_success_or_not_as_there() {
        let told = |form, node, kind, pick| remembered(form, node, entry(kind, 0), pick, None).1.status;
        for (node, kind, pick, faithful) in [
            (EDGE, Kind::Decentralized, 3, 200),
            (EDGE, Kind::Decentralized, 1, 200),
            (EDGE, Kind::Federated, 2, 500),
            (CLOUD, Kind::Centralized, 3, 200),
            (EDGE, Kind::Centralized, 0, 500),
        ] {
            assert_eq!(told(Form::Faithful, node, kind, pick), faithful, "{kind:?} by {node}");
        }
        assert_eq!(told(Form::Corrected, CLOUD, Kind::Centralized, 3), 500);
        assert_eq!(remembered(Form::Faithful, EDGE, entry(Kind::Federated, 0), 2, None).0, [], "another zone is not remembered");
        let limited = Request { limit: Some(SimDuration::from_s(7.0)), ..entry(Kind::Federated, 0) };
        let zone_b = map(Form::Corrected).zone_place(2);
        assert_eq!(remembered(Form::Corrected, EDGE, limited, 2, None).0, [(zone_b, 7.0)]);
    }

    #[test]
    fn a_dead_node_draws_traffic_to_it_and_when_corrected_repels_it() {
        let lost = |form| {
            let (map, mut agent, mut stream) = (map(form), agent(form, EDGE), Stream::new(3, "edge", "target"));
            let mut lost = 0;
            for i in 0..300 {
                let now = s(f64::from(i) * 0.1);
                let open = agent.route(now, &map, entry(Kind::Decentralized, 0), 3.0, &mut stream);
                let dead = open.step == Step::HandOn { node: OTHER };
                let took = SimDuration::from_s(if dead { 0.001 } else { 0.5 });
                lost += u32::from(dead);
                agent.reply(now + took, &map, &open, (!dead).then_some(DONE));
            }
            lost
        };
        assert!(lost(Form::Faithful) > 250, "{}", lost(Form::Faithful));
        assert!(lost(Form::Corrected) < 10, "{}", lost(Form::Corrected));
    }

    #[test]
    fn six_decimals_of_a_second_are_rounded_half_to_even() {
        assert_eq!([499, 500, 501, 1500, 2500].map(|ns| whole_us(SimDuration(ns)).0), [0, 0, 1000, 2000, 2000]);
    }
}
