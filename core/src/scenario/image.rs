//! Container images.

use serde::{Deserialize, Serialize};

/// What a function's containers are made from. It comes from the registry, is cached at the head store, and must be in the
/// store and in the memory of a worker before a container starts there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// What people call it; the id if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it takes on a disk and on the network, in MB.
    pub size_mb: f64,
    /// What it takes in a worker's memory, once for all containers made from it, in MB; its size if absent. With 0, containers
    /// start from the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<f64>,
}

impl Image {
    /// An image whose memory is as large as its size.
    pub fn new(id: &str, size_mb: f64) -> Image {
        Image { id: id.to_owned(), name: String::new(), size_mb, memory_mb: None }
    }

    /// What people call it.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}

/// Which image leaves a full store first. Images that a container uses, or that are being moved, never leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageOrder {
    /// The one whose last use by a container is longest ago.
    #[default]
    LastUse,
    /// The one that was copied or read longest ago (WRENCH: starting a container does not count as a use).
    LastCopy,
}

/// What may leave a worker's memory for an image that is to be loaded, after images that nothing uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageRoom {
    /// Idle containers, in the order of the keep-alive policy.
    #[default]
    IdleContainers,
    /// Nothing else: the image waits until containers end (WRENCH).
    ImagesOnly,
}

/// How transfers of images share links and disks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Max-min fairness: nobody can get more without taking from somebody who has less.
    #[default]
    Fair,
    /// As SimGrid 4.1's LV08 model: max-min fairness weighted by latency, with its factors for latency, bandwidth and cross
    /// traffic.
    Simgrid,
}

impl ImageOrder {
    pub(super) fn is_default(&self) -> bool {
        *self == ImageOrder::default()
    }
}

impl ImageRoom {
    pub(super) fn is_default(&self) -> bool {
        *self == ImageRoom::default()
    }
}

impl Sharing {
    pub(super) fn is_default(&self) -> bool {
        *self == Sharing::default()
    }
}
