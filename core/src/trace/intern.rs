//! Keys made of N byte strings, numbered in the order of their first appearance, looked up without allocating.
//!
//! The same key usually comes again within a few rows, so the last one is compared first. The hash is a multiplication for each
//! 8-byte word; it only finds candidates, keys are always compared. Nothing iterates over the slots: order is that of the numbers.

const EMPTY: u32 = u32::MAX;

#[derive(Clone, Debug)]
pub(super) struct Interner<const N: usize> {
    /// All parts of all keys, one after the other.
    bytes: Vec<u8>,
    keys: Vec<Key<N>>,
    /// Open addressing; a power of two, at most half full.
    slots: Vec<u32>,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Key<const N: usize> {
    hash: u64,
    start: usize,
    lengths: [u32; N],
}

impl<const N: usize> Interner<N> {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), keys: Vec::new(), slots: vec![EMPTY; 16], last: EMPTY }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The parts of key `index`, which must be below [`len`](Self::len).
    pub(super) fn parts(&self, index: u32) -> [&[u8]; N] {
        let key = &self.keys[index as usize];
        let mut at = key.start;
        key.lengths.map(|length| {
            let part = &self.bytes[at..at + length as usize];
            at += length as usize;
            part
        })
    }

    #[inline]
    fn is(&self, index: u32, parts: &[&[u8]; N]) -> bool {
        let own = self.parts(index);
        own.iter().zip(parts).all(|(a, b)| a == b)
    }

    /// The number of a key seen before.
    #[inline]
    pub(super) fn find(&mut self, parts: [&[u8]; N]) -> Option<u32> {
        if self.last != EMPTY && self.is(self.last, &parts) {
            return Some(self.last);
        }
        let found = self.slots[self.slot(hash(&parts), &parts)];
        if found == EMPTY {
            return None;
        }
        self.last = found;
        Some(found)
    }

    /// Numbers a key that [`find`](Self::find) does not know. `None` when there is no number left for it.
    #[cold]
    pub(super) fn add(&mut self, parts: [&[u8]; N]) -> Option<u32> {
        let index = u32::try_from(self.keys.len()).ok().filter(|&index| index < EMPTY)?;
        if self.keys.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash(&parts);
        let slot = self.slot(hash, &parts);
        let start = self.bytes.len();
        let mut lengths = [0; N];
        for (length, part) in lengths.iter_mut().zip(parts) {
            *length = u32::try_from(part.len()).ok()?;
            self.bytes.extend_from_slice(part);
        }
        self.keys.push(Key { hash, start, lengths });
        self.slots[slot] = index;
        self.last = index;
        Some(index)
    }

    /// The slot that holds the key, or the empty one where it belongs.
    #[inline]
    fn slot(&self, hash: u64, parts: &[&[u8]; N]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let index = self.slots[slot];
            if index == EMPTY || (self.keys[index as usize].hash == hash && self.is(index, parts)) {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 4 - 1;
        let mut slots = vec![EMPTY; mask + 1];
        for (index, key) in (0u32..).zip(&self.keys) {
            let mut slot = key.hash as usize & mask;
            while slots[slot] != EMPTY {
                slot = (slot + 1) & mask;
            }
            slots[slot] = index;
        }
        self.slots = slots;
    }
}

/// One multiplication, and its upper half folded onto the lower one. A whole product of two words would be a call in a browser.
fn fold(state: u64, word: u64) -> u64 {
    let x = (state ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ (x >> 32)
}

/// The same on every platform, though nothing depends on its value.
#[inline]
fn hash<const N: usize>(parts: &[&[u8]; N]) -> u64 {
    let mut state = 0xd6e8_feb8_6659_fd93;
    for part in parts {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        state = fold(state, part.len() as u64);
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            state = fold(state, u64::from_le_bytes(*word));
        }
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        state = fold(state, u64::from_le_bytes(word));
    }
    state
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_are_numbered_in_order_of_appearance() {
        let mut keys = Interner::<2>::new();
        assert_eq!(keys.find([b"a", b"f"]), None);
        assert_eq!(keys.add([b"a", b"f"]), Some(0));
        assert_eq!(keys.add([b"b", b"f"]), Some(1));
        assert_eq!(keys.find([b"a", b"f"]), Some(0));
        assert_eq!(keys.parts(1), [b"b", b"f"]);
    }

    #[test]
    fn where_a_key_is_split_matters() {
        let mut keys = Interner::<2>::new();
        keys.add([b"ab", b"c"]).unwrap();
        assert_eq!(keys.find([b"a", b"bc"]), None);
    }

    #[test]
    fn ten_thousand_keys_are_found_again() {
        let mut keys = Interner::<1>::new();
        for i in 0..10_000u32 {
            assert_eq!(keys.add([i.to_string().as_bytes()]), Some(i));
        }
        for i in 0..10_000u32 {
            assert_eq!(keys.find([i.to_string().as_bytes()]), Some(i));
        }
        assert_eq!(keys.len(), 10_000);
    }
}
