//! Hosts that steal: the messages between thief and victim, and what changes hands. The rules stand in
//! [`crate::frame::mechanism::stealing`].

use std::collections::BTreeMap;

use super::host::Waiter;
use super::message::{Message, MessageKind};
use super::model::Model;
use super::probe::Probe;
use super::run_queue::Place;
use super::task::{Accounting, Attempt, Phase};
use super::world::{Event, EventKind, Notice, World};
use crate::engine::{Class, NONE};
use crate::frame::mechanism::stealing::{MOST_DOUBLINGS, Spoils, Stealing};
use crate::rng::Stream;
use crate::units::{SimDuration, SimTime};
use crate::workload::Workload;

/// What a host does about stealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It has work, or stopped asking until something of its own ends or comes.
    Nothing,
    /// It has asked in vain, and an end of its own does not make it ask again.
    Asleep,
    /// It has asked, and waits for the answer.
    Asking,
    /// It has asked in vain, and asks again at the instant that its timer has.
    Pausing,
    /// It would ask again, but nothing waits anywhere.
    Parked,
}

/// A host as a thief.
#[derive(Clone, Debug)]
struct Thief {
    doing: Doing,
    /// Hosts that it has asked since it was last given something or paused, in order of their numbers.
    asked: Vec<u32>,
    /// Answers of the queues that it compares which are still to come, and the longest so far.
    comparing: u32,
    longest: (u32, u32),
    /// How often it has paused since it was last given something or had something of its own.
    pauses: u32,
    /// When it asks again.
    again: SimTime,
    /// When its timer comes, which looks then whether it is to ask; never if it has none.
    timer: SimTime,
    /// Whether it stands in the list of those that are parked.
    listed: bool,
    chance: Stream,
}

/// The thieves of a run in which hosts steal or stole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Thieves {
    /// By host; empty until the first run of the rules.
    hosts: Vec<Thief>,
    /// Those that are parked.
    parked: Vec<u32>,
    /// By zone, its hosts.
    zones: Vec<Vec<u32>>,
    /// By attempt that was stolen, the host to which its placer had sent it.
    sent_to: BTreeMap<u32, u32>,
}

impl Thieves {
    /// About how many bytes a copy takes.
    pub(super) fn size(&self) -> usize {
        self.hosts.len() * (size_of::<Thief>() + 40) + self.parked.len() * 4 + self.sent_to.len() * 16
    }
}

impl World {
    /// Hosts steal from now on, or may under other rules: everybody looks.
    pub(crate) fn begin_stealing(&mut self, model: &Model) {
        let Some(rules) = model.stealing else { return };
        if self.thieves.hosts.is_empty() {
            let zones = &mut self.thieves.zones;
            zones.resize(model.zones, Vec::new());
            for (host, spec) in (0u32..).zip(&model.hosts) {
                zones[spec.zone as usize].push(host);
                self.thieves.hosts.push(Thief {
                    doing: Doing::Nothing,
                    asked: Vec::new(),
                    comparing: 0,
                    longest: (0, NONE),
                    pauses: 0,
                    again: SimTime::NEVER,
                    timer: SimTime::NEVER,
                    listed: false,
                    chance: Stream::new(model.seed, model.machine_id(spec.machine), "stealing"),
                });
            }
        }
        if rules.pause > SimDuration::ZERO {
            for host in 0..self.hosts.len() as u32 {
                self.park(host);
            }
            self.wake_thieves(model);
        }
    }

    fn park(&mut self, host: u32) {
        let thief = &mut self.thieves.hosts[host as usize];
        if matches!(thief.doing, Doing::Nothing | Doing::Asleep) {
            thief.doing = Doing::Parked;
            if !std::mem::replace(&mut thief.listed, true) {
                self.thieves.parked.push(host);
            }
        }
    }

    /// Something may wait: hosts that had stopped asking ask again within their pauses.
    pub(super) fn wake_thieves(&mut self, model: &Model) {
        let Some(rules) = model.stealing.filter(|_| !self.thieves.parked.is_empty() && self.may_somebody_wait()) else { return };
        for host in std::mem::take(&mut self.thieves.parked) {
            let thief = &mut self.thieves.hosts[host as usize];
            thief.listed = false;
            if thief.doing == Doing::Parked {
                let part = thief.chance.uniform();
                let whole = rules.pause.0 << thief.pauses.min(MOST_DOUBLINGS);
                self.pause(host, SimDuration((whole as f64 * part) as u64));
            }
        }
    }

    fn pause(&mut self, host: u32, time: SimDuration) {
        // A pause of no length would stop the clock.
        let again = self.now + time.max(SimDuration(1));
        let thief = &mut self.thieves.hosts[host as usize];
        (thief.doing, thief.again) = (Doing::Pausing, again);
        if again < thief.timer {
            self.set_steal_timer(host, again);
        }
    }

    fn set_steal_timer(&mut self, host: u32, at: SimTime) {
        self.thieves.hosts[host as usize].timer = at;
        self.chatter += 1;
        self.queue.push(at, Class::Timer, Event::new(EventKind::StealAgain, 0, host));
    }

    /// Whether anything stands in the queue of a host.
    fn may_somebody_wait(&self) -> bool {
        self.in_queues > 0
    }

    /// Whether a host has room for somebody else's work and none of its own.
    fn wants_work(&self, model: &Model, host: u32) -> bool {
        let h = &self.hosts[host as usize];
        // What waits for its image will need a slot.
        h.staging.waiting == 0 && h.slots_without_takers(&model.hosts[host as usize]) > 0
    }

    /// A host has served who could be served: if it has nothing left to do, it asks others. `sent`: its placer has just sent it
    /// something.
    #[inline]
    pub(crate) fn may_steal<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32, sent: bool) {
        if model.stealing.is_some() {
            self.begin_to_steal(model, probe, host, sent);
        }
    }

    #[inline(never)]
    fn begin_to_steal<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32, sent: bool) {
        let doing = self.thieves.hosts.get(host as usize).map_or(Doing::Asking, |thief| thief.doing);
        let only_sent = model.stealing.is_some_and(|rules| rules.only_sent);
        if doing == Doing::Asking || (only_sent && !sent && doing != Doing::Nothing) {
            return;
        }
        let wants = self.wants_work(model, host);
        let thief = &mut self.thieves.hosts[host as usize];
        (thief.doing, thief.again, thief.pauses) = (Doing::Nothing, SimTime::NEVER, 0);
        if wants {
            self.ask_around(model, probe, host);
        }
    }

    /// A thief's timer comes: its pause may be over.
    pub(crate) fn steal_again<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32) {
        let thief = &mut self.thieves.hosts[host as usize];
        if thief.timer != self.now {
            return; // an earlier timer took its place
        }
        thief.timer = SimTime::NEVER;
        if thief.doing != Doing::Pausing {
            return; // it had something to do meanwhile
        }
        if thief.again > self.now {
            let again = thief.again;
            return self.set_steal_timer(host, again);
        }
        thief.doing = Doing::Nothing;
        if model.stealing.is_some() && self.wants_work(model, host) {
            self.ask_around(model, probe, host);
        }
    }

    fn ask_around<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32) {
        self.thieves.hosts[host as usize].asked.clear();
        if self.may_somebody_wait() { self.ask_next(model, probe, host) } else { self.in_vain(model, host) }
    }

    /// A host asks the next one, or compares the next ones; or it has asked enough.
    fn ask_next<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32) {
        let Some(rules) = model.stealing else { return self.thieves.hosts[host as usize].doing = Doing::Nothing };
        let asked = self.thieves.hosts[host as usize].asked.len();
        if rules.compares > 0 {
            let victims: Vec<u32> = if asked > 0 {
                Vec::new()
            } else {
                (0..rules.compares).map_while(|_| self.next_victim(model, rules, host)).collect()
            };
            if victims.is_empty() {
                return self.in_vain(model, host);
            }
            let thief = &mut self.thieves.hosts[host as usize];
            (thief.doing, thief.comparing, thief.longest) = (Doing::Asking, victims.len() as u32, (0, NONE));
            victims.into_iter().for_each(|victim| self.ask(model, probe, host, victim, MessageKind::StealProbe));
            return;
        }
        match if asked < rules.tries as usize { self.next_victim(model, rules, host) } else { None } {
            Some(victim) => {
                self.thieves.hosts[host as usize].doing = Doing::Asking;
                self.ask(model, probe, host, victim, MessageKind::Steal);
            }
            None => self.in_vain(model, host),
        }
    }

    /// A random host that a thief may ask and has not asked yet.
    fn next_victim(&mut self, model: &Model, rules: Stealing, host: u32) -> Option<u32> {
        let zone = &self.thieves.zones[model.hosts[host as usize].zone as usize];
        let all = if rules.in_zone { zone.len() } else { model.hosts.len() } as u64;
        let number = |host: u32| if rules.in_zone { zone.partition_point(|&other| other < host) as u64 } else { host.into() };
        let Thief { asked, chance, .. } = &mut self.thieves.hosts[host as usize];
        let left = all.checked_sub(asked.len() as u64 + 1).filter(|&left| left > 0)?;
        // The n-th of those that are left: past itself and those asked before, in order.
        let mut n = chance.below(left);
        let mut out: Vec<u64> = asked.iter().map(|&other| number(other)).collect();
        let own = number(host);
        out.insert(out.partition_point(|&other| other < own), own);
        for passed in out {
            n += u64::from(n >= passed);
        }
        let victim = if rules.in_zone { zone[n as usize] } else { n as u32 };
        asked.insert(asked.partition_point(|&other| other < victim), victim);
        Some(victim)
    }

    fn ask<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32, victim: u32, kind: MessageKind) {
        let [from, to] = [host, victim].map(|h| model.hosts[h as usize].machine);
        self.send(model, probe, Message { host: victim, ..Message::new(kind, from, to) }, 0);
    }

    /// A host has asked in vain.
    fn in_vain(&mut self, model: &Model, host: u32) {
        let somebody = self.may_somebody_wait();
        let thief = &mut self.thieves.hosts[host as usize];
        let Some(rules) = model.stealing else { return thief.doing = Doing::Nothing };
        thief.doing = if rules.only_sent { Doing::Asleep } else { Doing::Nothing };
        if rules.pause == SimDuration::ZERO {
            return;
        }
        let time = SimDuration(rules.pause.0 << thief.pauses.min(MOST_DOUBLINGS));
        thief.pauses = (thief.pauses + 1).min(MOST_DOUBLINGS);
        if somebody { self.pause(host, time) } else { self.park(host) }
    }

    /// A thief wants to know how many wait at a host.
    pub(crate) fn tells_queue<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, m: &Message) {
        let thief = model.machines[m.from as usize].host;
        // Where it would give nothing of that to this one, it says so.
        let gives = model.stealing.is_some_and(|rules| !self.spoils(model, workload, rules, m.host, thief).is_empty());
        let words = [if gives { self.hosts[m.host as usize].queue.len() as u32 } else { 0 }, 0];
        let reply = Message { host: thief, words, ..Message::new(MessageKind::StealReply, m.to, m.from) };
        // What it is about stands in `ticket`: the host that answers.
        self.send(model, probe, Message { ticket: m.host, ..reply }, 0);
    }

    /// A host answers a thief: with how many wait there, or that it gives nothing.
    pub(crate) fn steal_reply<P: Probe>(&mut self, model: &Model, probe: &mut P, m: &Message) {
        let wants = self.wants_work(model, m.host);
        let thief = &mut self.thieves.hosts[m.host as usize];
        let refused = m.words[1] > 0;
        if !refused {
            thief.comparing -= 1;
            if m.words[0] > thief.longest.0 {
                thief.longest = (m.words[0], m.ticket);
            }
            if thief.comparing > 0 {
                return;
            }
        }
        let (length, victim) = thief.longest;
        match model.stealing {
            Some(rules) if wants && !refused && length >= rules.least => {
                self.ask(model, probe, m.host, victim, MessageKind::Steal);
            }
            Some(_) if wants => self.ask_next(model, probe, m.host),
            _ => thief.doing = Doing::Nothing,
        }
    }

    /// A thief asks a host for something that waits there.
    pub(crate) fn stolen_from<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, m: &Message) {
        let (victim, thief) = (m.host, model.machines[m.from as usize].host);
        let spoils = model.stealing.map_or(Vec::new(), |rules| self.spoils(model, workload, rules, victim, thief));
        let all = spoils.len();
        for (n, (place, waiter)) in spoils.into_iter().enumerate() {
            self.hand_over(model, workload, probe, (victim, thief), place, waiter, (all - n - 1) as u32);
        }
        if all == 0 {
            let no = Message { host: thief, words: [0, 1], ..Message::new(MessageKind::StealReply, m.to, m.from) };
            return self.send(model, probe, no, 0);
        }
        self.happened += 1;
        self.counters.thefts += 1;
        // Who stood behind them may find room.
        self.dispatch(model, workload, probe, victim);
    }

    /// What a victim gives to a thief, in the order of its queue.
    fn spoils(&self, model: &Model, workload: &Workload, rules: Stealing, victim: u32, thief: u32) -> Vec<(Place, Waiter)> {
        let h = &self.hosts[victim as usize];
        let length = h.queue.len();
        if length < rules.least as usize {
            return Vec::new();
        }
        let mine = |&(_, waiter): &(Place, Waiter)| self.may_be_stolen(model, workload, waiter, thief);
        let in_order = h.queue.iter(self.now);
        match rules.spoils {
            Spoils::One => in_order.filter(mine).take(1).collect(),
            Spoils::Half => in_order.filter(mine).take(length.div_ceil(2)).collect(),
            Spoils::BehindLong => {
                let is_long = |&(_, waiter): &(Place, Waiter)| match waiter {
                    Waiter::Attempt(attempt) => self.attempts[attempt].class > 0,
                    Waiter::Reservation(_) => false,
                };
                let waits = h.queue.iter(self.now).filter(is_long).count() as u32;
                // Behind one that executes, or is about to; else behind the first in the queue.
                let behind = in_order.skip_while(|item| h.classed == waits && !is_long(item)).skip_while(is_long);
                behind.take_while(|item| !is_long(item)).filter(mine).collect()
            }
        }
    }

    /// Whether a thief may have what waits in a queue.
    fn may_be_stolen(&self, model: &Model, workload: &Workload, waiter: Waiter, thief: u32) -> bool {
        let fits = |function: u32| function == NONE || !self.never_fits(model, function, thief);
        match waiter {
            Waiter::Attempt(attempt) => {
                let a = &self.attempts[attempt];
                !a.stolen && !a.jumps && a.class == 0 && fits(workload.function[a.invocation as usize])
            }
            Waiter::Reservation(id) => !self.reservations[id].stolen && fits(self.reservations[id].function),
        }
    }

    /// A victim gives something that waits there to a thief; so many more follow it.
    #[allow(clippy::too_many_arguments)]
    fn hand_over<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        (victim, thief): (u32, u32),
        place: Place,
        waiter: Waiter,
        more: u32,
    ) {
        let [from, to] = [victim, thief].map(|h| model.hosts[h as usize].machine);
        let attempt = match waiter {
            Waiter::Attempt(attempt) => attempt,
            Waiter::Reservation(id) => {
                self.hosts[victim as usize].queue.remove(place);
                self.in_queues -= 1;
                probe.unreserved(self.now, victim, id);
                let r = &mut self.reservations[id];
                (r.host, r.stolen) = (thief, true);
                let function = r.function;
                let words = [more, id + 1];
                return self.send(
                    model,
                    probe,
                    Message { host: thief, function, words, ..Message::new(MessageKind::Stolen, from, to) },
                    0,
                );
            }
        };
        self.quit_queue(probe, attempt);
        let a = self.attempts[attempt];
        self.hosts[victim as usize].classed -= u32::from(a.class > 0);
        self.thieves.sent_to.insert(attempt, victim);
        let stolen = &mut self.attempts[attempt];
        (stolen.host, stolen.stolen) = (thief, true);
        self.enter_from(probe, attempt, Phase::InFlight, victim);
        self.account(a.task, Accounting::Transfer);
        let function = workload.function[a.invocation as usize];
        self.sets_out(thief, function);
        let about = Message::about(MessageKind::Stolen, from, to, attempt, &a);
        let bytes = model.functions[function as usize].request_bytes;
        self.send(model, probe, Message { host: thief, function, words: [more, 0], ..about }, bytes);
        // Its placer took it for granted that it takes a container there.
        if self.hosts[victim as usize].idle_of(function) > 0 {
            self.tell_of_container(model, probe, victim, function);
        }
    }

    /// Something that was stolen reaches the thief.
    pub(crate) fn loot<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, m: &Message) {
        // It still asks, so that it does not begin to ask again meanwhile.
        if m.attempt == NONE {
            self.reservation_joins(model, probe, m.words[1] - 1);
            self.dispatch(model, workload, probe, m.host);
        } else if !self.is_stale(m) {
            self.receive(model, workload, probe, m.attempt);
        }
        if m.words[0] > 0 {
            return;
        }
        // Where it found no room and is lost, more would be too.
        let lost = m.attempt != NONE && (self.is_stale(m) || !self.attempts[m.attempt].phase().is_on_host());
        self.thieves.hosts[m.host as usize].doing = Doing::Nothing;
        if lost { self.in_vain(model, m.host) } else { self.may_steal(model, probe, m.host, false) }
    }

    /// The host on which the placer of an attempt believes it: the one to which it sent it.
    pub(super) fn sent_to(&self, attempt: u32, a: &Attempt) -> u32 {
        if a.stolen { self.thieves.sent_to.get(&attempt).copied().unwrap_or(a.host) } else { a.host }
    }

    /// An attempt that was stolen is over.
    pub(super) fn forget_theft(&mut self, attempt: u32) {
        self.thieves.sent_to.remove(&attempt);
    }

    /// A host has idle containers of which its placer does not know: it tells.
    pub(super) fn tell_of_container<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32, function: u32) {
        let h = &self.hosts[host as usize];
        if h.reports_to.is_some() {
            self.notices.push(Notice { host, function, idle: h.idle_of(function) });
            if !self.holds_notices {
                self.send_notices(model, probe);
            }
        }
    }

    /// Whether a host that has asked, or asks again by itself, may get something that waits.
    pub(crate) fn may_yet_steal(&self, model: &Model, workload: &Workload) -> bool {
        let Some(rules) = model.stealing else { return false };
        let asks = |host: u32| rules.pause > SimDuration::ZERO || self.thieves.hosts[host as usize].doing == Doing::Asking;
        let hosts = 0..self.hosts.len() as u32;
        let victims: Vec<u32> = hosts.clone().filter(|&h| !self.hosts[h as usize].queue.is_empty()).collect();
        !victims.is_empty()
            && hosts.filter(|&thief| asks(thief) && self.wants_work(model, thief)).any(|thief| {
                let near =
                    |&&victim: &&u32| !rules.in_zone || model.hosts[victim as usize].zone == model.hosts[thief as usize].zone;
                victims.iter().filter(near).any(|&victim| !self.spoils(model, workload, rules, victim, thief).is_empty())
            })
    }
}
