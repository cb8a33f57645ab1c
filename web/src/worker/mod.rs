//! The worker that simulates: what page and worker say to each other, the page's end and the worker's end.

pub(crate) mod client;
mod hasher;
pub(crate) mod host;
pub(crate) mod protocol;
mod shelf;
mod tables;
