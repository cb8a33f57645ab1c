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

/// Children of a node: four are half the depth of two.
const ARITY: usize = 4;

impl<K: Ord + Copy> IndexedHeap<K> {
    /// Adds an index, or changes its key.
    pub fn set(&mut self, index: u32, key: K) {
        if index as usize >= self.position.len() {
            self.position.resize(index as usize + 1, NONE);
        }
        let mut at = self.position[index as usize] as usize;
        if at == NONE as usize {
            at = self.heap.len();
            self.heap.push((key, index));
        }
        self.settle(at, (key, index));
    }

    /// Removes an index, if it is there.
    pub fn remove(&mut self, index: u32) {
        let Some(at) = self.position.get_mut(index as usize) else { return };
        let at = std::mem::replace(at, NONE) as usize;
        if at == NONE as usize {
            return;
        }
        if let Some(last) = self.heap.pop()
            && at < self.heap.len()
        {
            self.settle(at, last);
        }
    }

    /// The least key and its index; of equal keys, whichever: callers make their keys unique.
    pub fn first(&self) -> Option<(K, u32)> {
        self.heap.first().copied()
    }

    fn put(&mut self, at: usize, entry: (K, u32)) {
        self.heap[at] = entry;
        self.position[entry.1 as usize] = at as u32;
    }

    /// Finds the place of an entry, above or below one that is to be filled.
    fn settle(&mut self, mut at: usize, entry: (K, u32)) {
        let from = at;
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if entry.0 >= self.heap[parent].0 {
                break;
            }
            self.put(at, self.heap[parent]);
            at = parent;
        }
        while at >= from {
            let first = ARITY * at + 1;
            let Some(&(mut key, _)) = self.heap.get(first) else { break };
            let mut least = first;
            for child in first + 1..(first + ARITY).min(self.heap.len()) {
                if self.heap[child].0 < key {
                    (least, key) = (child, self.heap[child].0);
                }
            }
            if entry.0 <= key {
                break;
            }
            self.put(at, self.heap[least]);
            at = least;
        }
        self.put(at, entry);
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
