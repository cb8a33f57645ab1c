//! The machinery of time: what happens next, and the fingerprint of what happened.

mod digest;
mod queue;
mod slab;

pub use digest::{Digest, SEMANTICS};
pub use queue::{Class, EventQueue, Next};
pub use slab::{NONE, PagedMap, Slab};
