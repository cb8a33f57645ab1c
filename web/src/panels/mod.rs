//! The panels of the bench.

mod charts;
mod fields;
pub(crate) mod inspector;
mod invocations;
pub(crate) mod results;
mod timeline;
pub(crate) mod topbar;
