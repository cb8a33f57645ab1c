//! A priority queue of dense indices whose keys can change: the order in which idle containers are evicted.

use crate::engine::NONE;

/// The least key first; every operation is O(log n). An index is in the heap at most once.
#[derive(Clone, Debug)]
pub struct IndexedHeap<K> {
    heap: Vec<(K, u32)>,
    position: Vec<u32>,
}

impl<K> Default for IndexedHeap<K> {
    fn default() -> Self {
        IndexedHeap { heap: Vec::new(), position: Vec::new() }
    }
}

impl<K: Ord + Copy> IndexedHeap<K> {
    /// Adds an index, or changes its key.
    pub fn set(&mut self, index: u32, key: K) {
        if index as usize >= self.position.len() {
            self.position.resize(index as usize + 1, NONE);
        }
        let at = self.position[index as usize];
        if at == NONE {
            self.heap.push((key, index));
            self.up(self.heap.len() - 1);
        } else {
            self.heap[at as usize].0 = key;
            self.up(at as usize);
            self.down(self.position[index as usize] as usize);
        }
    }

    /// Removes an index, if it is there.
    pub fn remove(&mut self, index: u32) {
        let Some(&at) = self.position.get(index as usize) else { return };
        if at == NONE {
            return;
        }
        self.position[index as usize] = NONE;
        let last = self.heap.len() - 1;
        self.heap.swap_remove(at as usize);
        if (at as usize) < last {
            self.position[self.heap[at as usize].1 as usize] = at;
            self.up(at as usize);
            self.down(at as usize);
        }
    }

    /// The least key and its index; of equal keys, whichever: callers make their keys unique.
    pub fn first(&self) -> Option<(K, u32)> {
        self.heap.first().copied()
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.position[self.heap[a].1 as usize] = a as u32;
        self.position[self.heap[b].1 as usize] = b as u32;
    }

    fn up(&mut self, mut at: usize) {
        self.position[self.heap[at].1 as usize] = at as u32;
        while at > 0 && self.heap[at].0 < self.heap[(at - 1) / 2].0 {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn down(&mut self, mut at: usize) {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.heap[child].0 < self.heap[least].0 {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.swap(at, least);
            at = least;
        }
    }
}

/// A float that orders as numbers do, for keys that are never NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Real(pub f64);

impl Eq for Real {}
impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Real {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A value for each of a host's cells, which are small numbers: grown on first use.
#[derive(Clone, Debug, Default)]
pub struct PerCell<T>(Vec<T>);

impl<T: Copy + Default> PerCell<T> {
    /// The value of a cell, the default if it was never set.
    pub fn get(&self, cell: u32) -> T {
        self.0.get(cell as usize).copied().unwrap_or_default()
    }

    /// Sets the value of a cell.
    pub fn set(&mut self, cell: u32, value: T) {
        if cell as usize >= self.0.len() {
            self.0.resize(cell as usize + 1, T::default());
        }
        self.0[cell as usize] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_sorted_list(steps in proptest::collection::vec((0u32..12, proptest::option::of(0u32..50)), 0..200)) {
            let mut heap = IndexedHeap::default();
            let mut list: Vec<(u32, u32)> = Vec::new();
            for (index, key) in steps {
                list.retain(|&(_, i)| i != index);
                match key {
                    Some(key) => {
                        list.push((key, index));
                        heap.set(index, (key, index));
                    }
                    None => heap.remove(index),
                }
                prop_assert_eq!(heap.first().map(|(k, _)| k), list.iter().min().copied());
            }
        }
    }
}
