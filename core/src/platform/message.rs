//! Messages between machines.

use super::task::Attempt;
use crate::engine::NONE;
use crate::units::SimTime;

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageKind {
    /// Client to placer: run this.
    Submit,
    /// Placer to placer: run this for me.
    Offload,
    /// Placer to host: run this.
    Assign,
    /// Host to client: the result.
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
}

impl MessageKind {
    /// All kinds.
    pub const ALL: [MessageKind; 12] = [
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
        }
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
    /// Two numbers that it carries, by kind: Finish and Removed: idle containers of the function; ProbeReply: invocations on
    /// the host and idle containers of the function; Gossip: invocations per core, in thousandths, and the sender; Finish of
    /// a bound attempt: beside the idle ones, one more than its container; Staged: the image, and the head store or
    /// [`NONE`].
    pub words: [u32; 2],
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
            words: [0, 0],
            sent: SimTime::ZERO,
            arrives: SimTime::ZERO,
        }
    }

    /// A message about an attempt.
    pub(crate) fn about(kind: MessageKind, from: u32, to: u32, attempt: u32, a: &Attempt) -> Message {
        Message { attempt, invocation: a.invocation, number: a.number, ..Message::new(kind, from, to) }
    }
}
