//! A place that keeps images: the disk of a head store or of a worker, or a worker's memory.
//!
//! An image that no container uses and that is not being moved is loose: it leaves, the one used longest ago first, when room
//! is needed. How much room there is belongs to whoever owns the place, because containers take of it too.

use std::collections::{BTreeMap, BTreeSet};

/// Where an image is on its way to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// Not there, nor on its way.
    Absent,
    /// Its room is taken, and it is on its way.
    Coming,
    /// There.
    Here,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    bytes: u64,
    /// Containers that use it, and transfers that read it.
    pins: u32,
    /// When it was used last, in uses of this place.
    stamp: u64,
    here: bool,
}

/// The images in one place.
#[derive(Clone, Debug, Default)]
pub struct ImageStore {
    held: BTreeMap<u32, Held>,
    /// Loose images by their last use.
    loose: BTreeSet<(u64, u32)>,
    loose_bytes: u64,
    uses: u64,
}

impl ImageStore {
    /// Where an image is on its way to here.
    pub fn state(&self, image: u32) -> ImageState {
        match self.held.get(&image) {
            None => ImageState::Absent,
            Some(held) if held.here => ImageState::Here,
            Some(_) => ImageState::Coming,
        }
    }

    /// The images that are here or coming, in the order of their numbers.
    pub fn images(&self) -> impl Iterator<Item = (u32, ImageState)> + '_ {
        self.held.iter().map(|(&image, held)| (image, if held.here { ImageState::Here } else { ImageState::Coming }))
    }

    /// How many containers use an image, and transfers read it.
    pub fn pins(&self, image: u32) -> u32 {
        self.held.get(&image).map_or(0, |h| h.pins)
    }

    /// Bytes of loose images.
    pub fn loose_bytes(&self) -> u64 {
        self.loose_bytes
    }

    /// Bytes of all images, those on their way included.
    pub fn bytes(&self) -> u64 {
        self.held.values().map(|h| h.bytes).sum()
    }

    /// About how many bytes a copy takes.
    pub(super) fn size(&self) -> usize {
        self.held.len() * 48
    }

    /// An image sets out for here.
    pub(super) fn comes(&mut self, image: u32, bytes: u64) {
        let new = self.held.insert(image, Held { bytes, pins: 0, stamp: 0, here: false });
        debug_assert!(new.is_none(), "image {image} comes twice");
    }

    /// An image that set out has come.
    pub(super) fn arrives(&mut self, image: u32) {
        self.uses += 1;
        let uses = self.uses;
        if let Some(held) = self.held.get_mut(&image) {
            (held.here, held.stamp) = (true, uses);
            self.loose.insert((held.stamp, image));
            self.loose_bytes += held.bytes;
        }
    }

    /// An image is used from now on.
    pub(super) fn pin(&mut self, image: u32) {
        let Some(held) = self.held.get_mut(&image) else { return };
        held.pins += 1;
        if held.pins == 1 && self.loose.remove(&(held.stamp, image)) {
            self.loose_bytes -= held.bytes;
        }
    }

    /// A use of an image ends.
    pub(super) fn unpin(&mut self, image: u32) {
        let Some(held) = self.held.get_mut(&image) else { return };
        held.pins -= 1;
        if held.pins == 0 {
            self.loose.insert((held.stamp, image));
            self.loose_bytes += held.bytes;
        }
    }

    /// An image was used just now.
    pub(super) fn touch(&mut self, image: u32) {
        self.uses += 1;
        let Some(held) = self.held.get_mut(&image) else { return };
        let was_loose = self.loose.remove(&(held.stamp, image));
        held.stamp = self.uses;
        if was_loose {
            self.loose.insert((held.stamp, image));
        }
    }

    /// Whether an image is here, and nothing uses it.
    pub fn is_loose(&self, image: u32) -> bool {
        self.held.get(&image).is_some_and(|h| self.loose.contains(&(h.stamp, image)))
    }

    /// The loose image used longest ago.
    pub(super) fn oldest(&self) -> Option<u32> {
        self.loose.first().map(|&(_, image)| image)
    }

    /// Takes a loose image away. Answers its bytes.
    pub(super) fn remove(&mut self, image: u32) -> u64 {
        let Some(held) = self.held.remove(&image) else { return 0 };
        debug_assert!(held.pins == 0 && held.here, "image {image} is taken away while it is used");
        self.loose.remove(&(held.stamp, image));
        self.loose_bytes -= held.bytes;
        held.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(images: &[u32]) -> ImageStore {
        let mut store = ImageStore::default();
        for &image in images {
            store.comes(image, 10);
            store.arrives(image);
        }
        store
    }

    #[test]
    fn the_image_used_longest_ago_goes_first() {
        let mut store = with(&[5, 3, 4]);
        store.touch(5);
        assert_eq!(store.oldest(), Some(3));
        store.remove(3);
        assert_eq!((store.oldest(), store.loose_bytes(), store.state(3)), (Some(4), 20, ImageState::Absent));
    }

    #[test]
    fn what_is_used_or_on_its_way_stays() {
        let mut store = with(&[1]);
        store.comes(2, 7);
        store.pin(1);
        store.pin(1);
        store.unpin(1);
        assert_eq!((store.oldest(), store.loose_bytes(), store.state(2)), (None, 0, ImageState::Coming));
        store.unpin(1);
        assert_eq!((store.oldest(), store.is_loose(1), store.bytes()), (Some(1), true, 17));
    }
}
