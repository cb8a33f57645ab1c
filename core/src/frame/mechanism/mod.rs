//! Mechanisms: what hosts and placers may do beside their architecture, whichever that is. One file each.

pub mod stealing;
