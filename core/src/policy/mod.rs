//! Local decisions, each a policy: one file and one line of its registry.

pub mod estimate;
mod heap;
pub mod keep_alive;
pub mod order;
pub mod placement;
mod recency;

pub use heap::{IndexedHeap, PerCell, Real};
pub use recency::Recency;
