//! Dense storage: slots that are reused, and maps from dense keys that cost only where they are used.

/// No index.
pub const NONE: u32 = u32::MAX;

/// Slots that are reused after removal, the last freed first.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    slots: Vec<T>,
    live: Vec<bool>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { slots: Vec::new(), live: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Puts a value into a free slot.
    #[inline(always)]
    pub fn insert(&mut self, value: T) -> u32 {
        match self.free.pop() {
            Some(i) => {
                self.slots[i as usize] = value;
                self.live[i as usize] = true;
                i
            }
            None => {
                self.slots.push(value);
                self.live.push(true);
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// Frees a slot. Its old value stays readable until the slot is used again.
    #[inline]
    pub fn remove(&mut self, index: u32) {
        debug_assert!(self.live[index as usize], "slot {index} freed twice");
        self.live[index as usize] = false;
        self.free.push(index);
    }

    /// The slots in use, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.slots.iter().enumerate().filter(|(i, _)| self.live[*i]).map(|(i, value)| (i as u32, value))
    }

    /// About how many bytes a copy takes.
    pub fn size(&self) -> usize {
        self.slots.len() * (size_of::<T>() + 1) + self.free.len() * 4
    }

    /// The number of slots in use.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether no slot is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> std::ops::Index<u32> for Slab<T> {
    type Output = T;
    #[inline]
    fn index(&self, index: u32) -> &T {
        &self.slots[index as usize]
    }
}

impl<T> std::ops::IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.slots[index as usize]
    }
}

const PAGE: usize = 64;

/// A map from a dense key to a small value, in pages that exist only where something was written.
#[derive(Clone, Debug)]
pub struct PagedMap<T> {
    /// Where the page of each so many keys stands, or [`NONE`].
    places: Vec<u32>,
    pages: Vec<[T; PAGE]>,
    empty: T,
}

impl<T: Copy> PagedMap<T> {
    /// A map in which every key has the value `empty`.
    pub fn new(empty: T) -> PagedMap<T> {
        PagedMap { places: Vec::new(), pages: Vec::new(), empty }
    }

    /// The value of a key.
    #[inline]
    pub fn get(&self, key: u32) -> T {
        match self.places.get(key as usize / PAGE) {
            Some(&place) if place != NONE => self.pages[place as usize][key as usize % PAGE],
            _ => self.empty,
        }
    }

    /// Sets the value of a key.
    pub fn set(&mut self, key: u32, value: T) {
        *self.at(key) = value;
    }

    /// The value of a key, to be changed.
    #[inline]
    pub fn at(&mut self, key: u32) -> &mut T {
        let number = key as usize / PAGE;
        let place = match self.places.get(number) {
            Some(&place) if place != NONE => place,
            _ => self.grow(number),
        };
        &mut self.pages[place as usize][key as usize % PAGE]
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, number: usize) -> u32 {
        if number >= self.places.len() {
            self.places.resize(number + 1, NONE);
        }
        let place = self.pages.len() as u32;
        self.places[number] = place;
        self.pages.push([self.empty; PAGE]);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_reused() {
        let mut slab = Slab::default();
        let a = slab.insert('a');
        let b = slab.insert('b');
        slab.remove(a);
        assert_eq!((slab.insert('c'), slab[a], slab[b], slab.len()), (a, 'c', 'b', 2));
    }

    #[test]
    fn unwritten_keys_are_empty() {
        let mut map = PagedMap::new(0u32);
        map.set(1_000, 7);
        assert_eq!((map.get(1_000), map.get(999), map.get(5_000_000)), (7, 0, 0));
    }
}
