//! The client's side of an invocation: it submits, waits, gives up and tries again.
//!
//! - *Patience*: a client that has no result so long after it submitted gives up. The task ends there and then, as abandoned. A
//!   message follows the invocation, from the client to the placer and on to the host, and takes it out where it still waits; in
//!   a placer's inbox it costs nothing any more. What has started runs to its end, as at real providers, and its result is
//!   ignored: such an attempt has no task any more.
//! - *Retries*: after a drop, a full queue, a wait that was too long, a time limit or a failure the client tries again, so many
//!   times. A refusal travels to the client as a message; then the client pauses for base × 2^(n - 1) after the n-th attempt,
//!   or, with full jitter, for a random part of that (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). The way
//!   of the refusal and the pause are accounted as backoff. What no other attempt can change, as a request that is too large,
//!   is not tried again, and the last refusal ends the task where it happens.
//! - *Silence*: where the architecture says so, a client that has no word so long after it submitted that its invocation has a
//!   host withdraws the attempt, and sends a new one to another placer, until all have been asked; the last it waits for. Word that
//!   it is withdrawn follows the attempt as where the client gives up, and what has started runs to its end for nobody. This does
//!   not count as a try.
//! - *Hand-over*: where the architecture lets hosts start the next tasks of a job, a task that others of its job wait for ends on
//!   its host: its result is a message of the host to itself, and the host submits them. What is refused, given up or tried again
//!   is still its client's: the client submits the next attempt, and the tasks that wait for an end of which only it knows.

use super::message::{Message, MessageKind};
use super::model::Model;
use super::probe::{Probe, TaskEnd};
use super::task::{Accounting, Attempt, Cause, Outcome, Phase, Task};
use super::world::{Event, EventKind, World};
use crate::engine::{Class, NONE};
use crate::rng::noise;
use crate::units::{SimDuration, SimTime};
use crate::workload::Workload;

/// The key of the noise on pauses: "backoff" in ASCII.
const BACKOFF: u64 = 0x0062_6163_6B6F_6666;

/// Whether a client may try again after such an end.
fn may_go_better(outcome: Outcome, cause: Option<Cause>) -> bool {
    match (outcome, cause) {
        (_, Some(Cause::HostTooSmall | Cause::IngressLimit)) | (Outcome::Completed | Outcome::Abandoned, _) => false,
        (Outcome::Rejected, cause) => matches!(cause, Some(Cause::QueueFull | Cause::QueueTimeout | Cause::NotPlaced)),
        (Outcome::Dropped | Outcome::TimedOut | Outcome::Failed, _) => true,
    }
}

impl World {
    /// An invocation arrives at its client. Answers its first attempt.
    pub(crate) fn arrive<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, invocation: u32) -> u32 {
        self.arrives(probe, invocation);
        let task = self.tasks.insert(Task::new(invocation, self.now));
        if let Some(patience) = model.functions[workload.function[invocation as usize] as usize].patience {
            let gives_up = self.now + patience;
            self.tasks[task].gives_up = gives_up;
            self.queue.push(gives_up, Class::Timer, Event::new(EventKind::PatienceEnds, 0, task));
        }
        self.try_task(task)
    }

    /// Whoever counts hears of an arrival.
    #[inline]
    pub(crate) fn arrives<P: Probe>(&mut self, probe: &mut P, invocation: u32) {
        self.digest.fold(self.now.0, 1, invocation, 0);
        self.counters.submitted += 1;
        probe.arrived(self.now, invocation);
    }

    /// An invocation that has arrived has come to a placer in no time, in an attempt that is answered here.
    pub(crate) fn comes_to_placer(&mut self, invocation: u32) -> u32 {
        let task = self.tasks.insert(Task::new(invocation, self.now));
        let attempt = self.try_task(task);
        let a = &mut self.attempts[attempt];
        (a.instance, a.entry, a.placer) = (0, 0, 0);
        a.enter(Phase::AtPlacer, self.now);
        attempt
    }

    /// A client makes an attempt at a task.
    pub(super) fn try_task(&mut self, id: u32) -> u32 {
        let task = &mut self.tasks[id];
        task.attempts += 1;
        let attempt = self.attempts.insert(Attempt::new(id, task.invocation, task.attempts, self.now));
        task.attempt = attempt;
        attempt
    }

    /// A client's pause may be over. Answers its next attempt, unless it has given up.
    pub(crate) fn try_again(&mut self, id: u32) -> Option<u32> {
        let task = &mut self.tasks[id];
        if task.again != self.now {
            return None; // of a task whose slot this one has now
        }
        task.again = SimTime::NEVER;
        task.unanswered = 0;
        let (invocation, attempts) = (task.invocation, task.attempts);
        self.counters.retries += 1;
        self.digest.fold(self.now.0, 4, invocation, attempts.into());
        self.account(id, Accounting::ClientNetwork);
        Some(self.try_task(id))
    }

    /// Whether the client will try again after an attempt that ended so.
    fn will_retry(&self, model: &Model, workload: &Workload, a: &Attempt) -> bool {
        let spec = &model.functions[workload.function[a.invocation as usize] as usize];
        let tries = a.number - self.tasks[a.task].uncounted;
        tries <= spec.retries && may_go_better(a.outcome, a.cause)
    }

    /// An attempt is refused on a machine, without having run.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn refuse<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        attempt: u32,
        outcome: Outcome,
        cause: Option<Cause>,
        machine: u32,
    ) {
        let a = &mut self.attempts[attempt];
        (a.outcome, a.cause) = (outcome, cause);
        let a = *a;
        if a.task == NONE || !self.will_retry(model, workload, &a) {
            return self.end_attempt(model, workload, probe, attempt);
        }
        self.enter(probe, attempt, Phase::Returning);
        self.account(a.task, Accounting::Backoff);
        let client = model.clients[workload.client[a.invocation as usize] as usize].machine;
        let refusal = Message {
            host: a.host,
            function: workload.function[a.invocation as usize],
            ..Message::about(MessageKind::Refusal, machine, client, attempt, &a)
        };
        self.send(model, probe, refusal, 0);
    }

    /// How long a task that has run takes to hand over on its host, if it does: its architecture lets hosts start the next tasks
    /// of a job, some of its own job wait for it and nobody else does, and its client still waits and will not try again.
    pub(super) fn hands_over(&self, model: &Model, workload: &Workload, a: &Attempt) -> Option<SimDuration> {
        let local = self.inner[usize::from(a.instance)]?;
        let job = workload.job.get(a.invocation as usize)?;
        let waiting = workload.gates.waiting_for(a.invocation);
        let own = |&gate: &u32| workload.job.get(workload.gates.rows(gate).start as usize) == Some(job);
        let inner = !waiting.is_empty() && waiting.iter().all(own);
        (inner && a.task != NONE && !self.will_retry(model, workload, a)).then_some(local)
    }

    /// A client hears how an attempt ended, or its host does for the next tasks of its job.
    pub(crate) fn client_hears<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        if a.task == NONE {
            self.counters.late += u64::from(a.finished < SimTime::NEVER);
            return self.end_attempt(model, workload, probe, attempt);
        }
        if !self.will_retry(model, workload, &a) {
            return self.end_attempt(model, workload, probe, attempt);
        }
        let spec = &model.functions[workload.function[a.invocation as usize] as usize];
        let whole = spec.backoff.0 as f64 * (1u64 << (a.number - self.tasks[a.task].uncounted - 1).min(62)) as f64;
        let part = if spec.jitter { noise(model.seed, BACKOFF, a.invocation.into(), a.number.into()) } else { 1.0 };
        let again = self.now + SimDuration(libm::rint(whole * part) as u64);
        self.close(probe, attempt);
        self.account(a.task, Accounting::Backoff);
        let task = &mut self.tasks[a.task];
        (task.attempt, task.again, task.answer_due) = (NONE, again, SimTime::NEVER);
        self.queue.push(again, model.arrival_class(), Event::new(EventKind::TryAgain, 0, a.task));
    }

    /// A client's patience may be at its end: it gives up, and sends word after the attempt that is on its way.
    pub(crate) fn patience_ends<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, id: u32) {
        let Task { gives_up, attempt, attempts, invocation, .. } = self.tasks[id];
        if gives_up != self.now {
            return; // it has ended
        }
        self.digest.fold(self.now.0, 3, invocation, attempts.into());
        let mut last = Attempt::new(id, invocation, attempts, self.now);
        if attempt != NONE {
            self.leave(model, workload, probe, attempt);
            last = self.attempts[attempt];
            last.handed = false;
        }
        (last.outcome, last.cause) = (Outcome::Abandoned, None);
        self.end_task(model, workload, probe, id, &last);
    }

    /// A client does not wait for an attempt any more: from now on it is nobody's, and word of it is sent after it.
    fn leave<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = &mut self.attempts[attempt];
        a.task = NONE;
        let a = *a;
        let client = model.clients[workload.client[a.invocation as usize] as usize].machine;
        let cancel = Message {
            instance: a.instance,
            placer: a.entry,
            function: workload.function[a.invocation as usize],
            ..Message::about(MessageKind::Cancel, client, self.placer_machine(a.instance, a.entry), attempt, &a)
        };
        self.send(model, probe, cancel, 0);
    }

    /// From now on a client waits for word that an attempt has a host.
    pub(crate) fn expect_answer(&mut self, attempt: u32, within: SimDuration) {
        let task = self.attempts[attempt].task;
        let due = self.now + within.max(SimDuration(1));
        self.tasks[task].answer_due = due;
        self.queue.push(due, Class::Timer, Event::new(EventKind::AnswerDue, 0, task));
    }

    /// A client hears that an attempt has a host.
    pub(crate) fn placed(&mut self, attempt: u32) {
        let task = self.attempts[attempt].task;
        if task != NONE {
            self.tasks[task].answer_due = SimTime::NEVER;
        }
    }

    /// A client may have waited for word of a placer for as long as it does. Answers the attempt of which it has none.
    pub(crate) fn unanswered(&mut self, id: u32) -> Option<u32> {
        let task = &mut self.tasks[id];
        if task.answer_due != self.now {
            return None; // it has had word, or has ended
        }
        task.answer_due = SimTime::NEVER;
        Some(task.attempt)
    }

    /// A client withdraws an attempt, as its placer does not answer. Answers the next one, which is sent elsewhere.
    pub(crate) fn withdraw<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) -> u32 {
        let Attempt { task: id, invocation, number, .. } = self.attempts[attempt];
        self.digest.fold(self.now.0, 5, invocation, number.into());
        self.counters.withdrawn += 1;
        self.leave(model, workload, probe, attempt);
        let task = &mut self.tasks[id];
        (task.uncounted, task.unanswered) = (task.uncounted + 1, task.unanswered + 1);
        self.account(id, Accounting::ClientNetwork);
        self.try_task(id)
    }

    /// Word that a client gave up reaches a placer or a host. It needs no decision and does not wait in an inbox. A placer that
    /// handed the attempt to another sends it on there: past the placers between, which no longer have it either.
    pub(crate) fn cancel<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, m: &Message) {
        let a = self.attempts[m.attempt];
        let waits = matches!(a.phase(), Phase::AtPlacer | Phase::Probing | Phase::Admitted | Phase::Schedulable);
        let on_its_way = match m.host {
            NONE => matches!(a.phase(), Phase::Submitted | Phase::Offloaded),
            _ => a.phase() == Phase::InFlight,
        };
        if m.host != NONE && a.stolen && a.host != m.host {
            // The word goes after it, to the host that stole it.
            let to = model.hosts[a.host as usize].machine;
            self.send(model, probe, Message { host: a.host, from: m.to, to, ..*m }, 0);
        } else if m.host != NONE {
            if a.phase() == Phase::Queued {
                self.quit_queue(probe, m.attempt);
                self.end_at_host(model, workload, probe, m.attempt, Outcome::Abandoned, None);
                self.dispatch(model, workload, probe, m.host);
            } else if a.phase() == Phase::Staging {
                self.unstage(m.attempt);
                self.end_at_host(model, workload, probe, m.attempt, Outcome::Abandoned, None);
            } else if on_its_way || matches!(a.phase(), Phase::Offloaded | Phase::AtPlacer) {
                // Where the host has sent it back, its placer hears of it, or the next host.
                self.attempts[m.attempt].cancelled = true;
            }
        } else if a.placer != m.placer {
            let to = self.placer_machine(a.instance, a.placer);
            self.send(model, probe, Message { placer: a.placer, from: m.to, to, ..*m }, 0);
        } else if waits {
            self.close(probe, m.attempt);
        } else if on_its_way {
            self.attempts[m.attempt].cancelled = true;
        } else if a.host != NONE {
            let host = self.sent_to(m.attempt, &a);
            let to = model.hosts[host as usize].machine;
            self.send(model, probe, Message { host, from: m.to, to, ..*m }, 0);
        }
    }

    /// An attempt is over.
    pub(super) fn close<P: Probe>(&mut self, probe: &mut P, attempt: u32) {
        self.enter(probe, attempt, Phase::Closed);
        if self.attempts[attempt].stolen {
            self.forget_theft(attempt);
        }
        self.attempts.remove(attempt);
    }

    /// An attempt is over, and with it its task, if it still has one: the client knows.
    pub(crate) fn end_attempt<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        self.close(probe, attempt);
        let a = self.attempts[attempt];
        if a.task != NONE {
            self.end_task(model, workload, probe, a.task, &a);
        }
    }

    /// A task ends as its last attempt does.
    fn end_task<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, id: u32, last: &Attempt) {
        let now = self.now;
        let task = &mut self.tasks[id];
        task.account(task.accounting, now);
        // Timers that still come find nothing to do.
        (task.gives_up, task.again, task.answer_due) = (SimTime::NEVER, SimTime::NEVER, SimTime::NEVER);
        self.counters.outcomes[last.outcome as usize] += 1;
        if let Some(cause) = last.cause {
            self.counters.causes[cause as usize] += 1;
        }
        let response_ns = task.spent.iter().sum::<u64>();
        self.counters.sojourn_ns += u128::from(response_ns);
        let end = TaskEnd {
            invocation: task.invocation,
            outcome: last.outcome,
            cause: last.cause,
            cold: last.cold,
            attempts: task.attempts,
            host: last.host,
            started: last.started,
            finished: last.finished,
            response_ns,
            spent: &task.spent,
        };
        probe.ended(now, &end);
        self.tasks.remove(id);
        if let Some(&job) = workload.job.get(last.invocation as usize) {
            self.job_left[job as usize] -= 1;
        }
        if !self.gates_left.is_empty() {
            self.count_at_gates(model, workload, last.invocation, last.handed.then_some(last.host));
        }
    }
}
