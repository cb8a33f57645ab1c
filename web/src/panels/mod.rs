//! The panels of the bench.

mod fields;
pub(crate) mod inspector;
pub(crate) mod results;
pub(crate) mod topbar;
