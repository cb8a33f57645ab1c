//! The panels of the bench.

mod export;
mod fields;
mod grid;
pub(crate) mod inspector;
pub(crate) mod report;
pub(crate) mod results;
mod story;
mod tables;
mod timeline;
pub(crate) mod topbar;
