//! The panels of the bench.

mod fields;
pub(crate) mod inspector;
pub(crate) mod invocations;
pub(crate) mod results;
mod timeline;
pub(crate) mod topbar;
