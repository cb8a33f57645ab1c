//! The panels of the bench.

mod charts;
mod fields;
pub(crate) mod inspector;
mod invocations;
mod machine;
pub(crate) mod results;
mod several;
mod timeline;
pub(crate) mod topbar;
