//! The simulated things: machines, network, hosts, containers, invocations.

mod client;
mod cpu;
mod host;
mod message;
mod model;
mod network;
mod probe;
mod task;
mod world;

pub use host::{Container, Host, Usage};
pub use message::{Message, MessageKind};
pub use model::{ClientSpec, FunctionSpec, HostSpec, Machine, Model};
pub use network::{Network, PathSpec};
pub use probe::{ContainerChange, ContainerEvent, PlacerChange, Probe, TaskEnd};
pub use task::{Accounting, Attempt, Cause, Outcome, Phase, Task};
pub use world::{Counters, Event, EventKind, World};
