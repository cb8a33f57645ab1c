//! The simulated things: machines, network, hosts, containers, invocations.

mod client;
mod cpu;
mod host;
mod images;
mod kill;
mod load;
mod message;
mod model;
mod network;
mod probe;
mod reservation;
mod run_queue;
mod steal;
mod store;
mod straight;
mod supply;
mod task;
mod to_come;
mod transfer;
mod waiting;
mod world;

pub use host::{Container, Host, Usage, Waiter};
pub use images::Head;
pub use load::LoadAverage;
pub use message::{Message, MessageKind};
pub use model::{ClientSpec, FunctionSpec, HostSpec, Machine, Model};
pub use network::{Network, PathSpec};
pub use probe::{ContainerChange, ContainerEvent, Decision, ImageChange, ImageEvent, ImagePlace, PlacerChange, Probe, TaskEnd};
pub use reservation::{Reservation, slots};
pub use run_queue::{Place, RunQueue, Step};
pub use store::{ImageState, ImageStore};
pub use supply::{HeadSpec, ImageSpec, Supply};
pub use task::{Accounting, Attempt, Cause, Outcome, Phase, Rank, Task};
pub use transfer::{Resource, Route, TRANSFER_KINDS, Transfer, Transfers};
pub use world::{Counters, Event, EventKind, Member, World};
pub(crate) use world::{Notice, Opener};
