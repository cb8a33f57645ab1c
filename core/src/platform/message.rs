//! Messages between machines.

use super::task::Attempt;
use crate::engine::NONE;
use crate::units::SimTime;

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageKind {
    /// Client to placer, or a host that starts a job's next tasks: run this.
    Submit,
    /// Placer to placer, or a host to the placer that assigned it: run this, I do not.
    Offload,
    /// Placer to host: run this.
    Assign,
    /// Host to client, or to itself where the next tasks of the job begin: the result.
    Result,
    /// Host to placer: a task that you assigned has ended.
    Finish,
    /// Placer to host: how loaded are you?
    Probe,
    /// Host to placer: this loaded.
    ProbeReply,
    /// Placer to placer: my zone is this loaded.
    Gossip,
    /// Host to placer: I removed a container, or have one that you do not know of.
    Removed,
    /// Head store or host to placer: an image is in place.
    Staged,
    /// Whoever refuses an attempt to its client: no, not this time.
    Refusal,
    /// Client to placer, and on to the host: I no longer wait for this.
    Cancel,
    /// Placer to host: keep a place in your queue, and ask me for a task when it comes up.
    Reserve,
    /// Host to placer: a place that you reserved has come up, and a slot is held for it.
    GetTask,
    /// Placer to host: there is no task any more for the slot that you hold.
    NoTask,
    /// Placer to host: give up the places that I reserved and that have not come up.
    Unreserve,
    /// Host to placer: I take no reservation from you.
    ReserveRefused,
    /// Host to placer: so many of my slots are free, and nobody waits for them.
    Free,
    /// Placer to placer, again and again: how things stand.
    Heartbeat,
    /// Placer to placer: I need hosts for tasks, or word that I may go on with them.
    Ask,
    /// Placer to placer: these hosts are yours for now, or go on.
    Grant,
    /// Placer to placer: I give back what you granted.
    Return,
    /// Placer to placer: I place tasks on these hosts; say if that goes.
    Commit,
    /// Placer to placer: it goes, or so much of it.
    Committed,
    /// Placer to placer: something that you want to know has changed.
    Note,
    /// Placer to client: your invocation has a host.
    Placed,
    /// Host to host: how many wait with you?
    StealProbe,
    /// Host to host: so many, or I give you nothing.
    StealReply,
    /// Host to host: give me something that waits with you.
    Steal,
    /// Host to host: take this.
    Stolen,
}

impl MessageKind {
    /// All kinds.
    pub const ALL: [MessageKind; 30] = [
        MessageKind::Submit,
        MessageKind::Offload,
        MessageKind::Assign,
        MessageKind::Result,
        MessageKind::Finish,
        MessageKind::Probe,
        MessageKind::ProbeReply,
        MessageKind::Gossip,
        MessageKind::Removed,
        MessageKind::Staged,
        MessageKind::Refusal,
        MessageKind::Cancel,
        MessageKind::Reserve,
        MessageKind::GetTask,
        MessageKind::NoTask,
        MessageKind::Unreserve,
        MessageKind::ReserveRefused,
        MessageKind::Free,
        MessageKind::Heartbeat,
        MessageKind::Ask,
        MessageKind::Grant,
        MessageKind::Return,
        MessageKind::Commit,
        MessageKind::Committed,
        MessageKind::Note,
        MessageKind::Placed,
        MessageKind::StealProbe,
        MessageKind::StealReply,
        MessageKind::Steal,
        MessageKind::Stolen,
    ];

    /// The word in results.
    pub fn word(self) -> &'static str {
        match self {
            MessageKind::Submit => "submit",
            MessageKind::Offload => "offload",
            MessageKind::Assign => "assign",
            MessageKind::Result => "result",
            MessageKind::Finish => "finish",
            MessageKind::Probe => "probe",
            MessageKind::ProbeReply => "probe_reply",
            MessageKind::Gossip => "gossip",
            MessageKind::Removed => "removed",
            MessageKind::Staged => "staged",
            MessageKind::Refusal => "refusal",
            MessageKind::Cancel => "cancel",
            MessageKind::Reserve => "reserve",
            MessageKind::GetTask => "get_task",
            MessageKind::NoTask => "no_task",
            MessageKind::Unreserve => "unreserve",
            MessageKind::ReserveRefused => "reserve_refused",
            MessageKind::Free => "free",
            MessageKind::Heartbeat => "heartbeat",
            MessageKind::Ask => "ask",
            MessageKind::Grant => "grant",
            MessageKind::Return => "return",
            MessageKind::Commit => "commit",
            MessageKind::Committed => "committed",
            MessageKind::Note => "note",
            MessageKind::Placed => "placed",
            MessageKind::StealProbe => "steal_probe",
            MessageKind::StealReply => "steal_reply",
            MessageKind::Steal => "steal",
            MessageKind::Stolen => "stolen",
        }
    }

    /// Whether it hands invocations to a placer.
    pub fn brings_tasks(self) -> bool {
        matches!(self, MessageKind::Submit | MessageKind::Offload)
    }

    /// Whether it is sent again and again, whether or not there is anything to say.
    pub fn is_chatter(self) -> bool {
        matches!(self, MessageKind::Gossip | MessageKind::Heartbeat) || self.asks_for_work()
    }

    /// Whether an idle host asks another for work with it, or hears that there is none.
    pub fn asks_for_work(self) -> bool {
        matches!(self, MessageKind::StealProbe | MessageKind::StealReply | MessageKind::Steal)
    }
}

/// A message on its way. Fields that a kind does not use are [`NONE`] or zero.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// What it says.
    pub kind: MessageKind,
    /// The machine that sent it.
    pub from: u32,
    /// The machine that gets it.
    pub to: u32,
    /// The architecture instance that it belongs to.
    pub instance: u16,
    /// The placer that gets it, or that sent it to a host.
    pub placer: u32,
    /// The host that gets or sent it.
    pub host: u32,
    /// The attempt that it is about.
    pub attempt: u32,
    /// The invocation that it is about; with `number` it tells a stale attempt from a new one in the same slot.
    pub invocation: u32,
    /// Which attempt at the invocation it is about.
    pub number: u16,
    /// A function that it is about.
    pub function: u32,
    /// The tasks of one job that it brings, if there are several, in [`super::World::waves`]; else [`NONE`].
    pub wave: u32,
    /// What a placer knows it by, where it is about no attempt: a place that it reserves, a question that it asks. StealReply: the
    /// host that answers.
    pub ticket: u32,
    /// Finish: whether the attempt did not run to its end, though its client waited for that.
    pub failed: bool,
    /// Two numbers that it carries, by kind: Submit from a host: whether it is the first for the task that ended there; Finish and Removed: idle containers of the function, or [`NONE`] where it
    /// was stolen from that host; ProbeReply: invocations on
    /// the host and idle containers of the function; Gossip: invocations per core, in thousandths, and the sender; Finish of
    /// a bound attempt: beside the idle ones, one more than its container; Staged: the image, and the head store or
    /// [`NONE`]; GetTask, NoTask, and Assign to a slot that is held: one more than the reservation, in the second, and in the
    /// first of GetTask whether the host stays with a job; Reserve: the estimate of a task in microseconds, and whether the host is
    /// to refuse where it has attempts of a class; ReserveRefused: the invocation of the last attempt of a class that came to
    /// the host, and which attempt at it; Free: slots; StealReply: how many wait, and whether it gives nothing; Stolen: how many more
    /// follow, and one more than the reservation, if it is one. What placers tell each other is theirs.
    pub words: [u32; 2],
    /// Finish: when the task was sent to the host.
    pub began: SimTime,
    /// When it was sent.
    pub sent: SimTime,
    /// When it arrives.
    pub arrives: SimTime,
}

impl Message {
    /// A message that is about nothing yet.
    pub fn new(kind: MessageKind, from: u32, to: u32) -> Message {
        Message {
            kind,
            from,
            to,
            instance: 0,
            placer: NONE,
            host: NONE,
            attempt: NONE,
            invocation: NONE,
            number: 0,
            function: NONE,
            wave: NONE,
            ticket: NONE,
            failed: false,
            words: [0, 0],
            began: SimTime::ZERO,
            sent: SimTime::ZERO,
            arrives: SimTime::ZERO,
        }
    }

    /// A message about an attempt.
    pub(crate) fn about(kind: MessageKind, from: u32, to: u32, attempt: u32, a: &Attempt) -> Message {
        Message { attempt, invocation: a.invocation, number: a.number, ..Message::new(kind, from, to) }
    }
}
