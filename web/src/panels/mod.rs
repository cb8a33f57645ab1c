//! The panels of the bench.

mod charts;
mod export;
pub(crate) mod fields;
mod grid;
pub(crate) mod inspector;
mod machine;
pub(crate) mod report;
pub(crate) mod results;
mod several;
pub(crate) mod story;
mod tables;
mod timeline;
pub(crate) mod topbar;
