//! A list of dense indices: the order in which idle containers came.

use crate::engine::NONE;

/// Indices in the order in which they were added; every operation takes the same time however many there are. An index is in the
/// list at most once.
#[derive(Clone, Debug)]
pub struct Recency {
    /// (previous, next) of each place, in a ring that begins and ends at place 0; index i is at place i + 1. [`NONE`] if it is not in
    /// the list.
    links: Vec<(u32, u32)>,
}

impl Default for Recency {
    fn default() -> Self {
        Recency { links: vec![(0, 0)] }
    }
}

impl Recency {
    /// Puts an index at the end, wherever it was.
    pub fn add(&mut self, index: u32) {
        let at = index + 1;
        if at as usize >= self.links.len() {
            self.links.resize(at as usize + 1, (NONE, NONE));
        }
        self.remove(index);
        let last = self.links[0].0;
        self.links[at as usize] = (last, 0);
        self.links[last as usize].1 = at;
        self.links[0].0 = at;
    }

    /// Removes an index, if it is there.
    pub fn remove(&mut self, index: u32) {
        let at = index as usize + 1;
        let Some(&(previous, next)) = self.links.get(at).filter(|link| link.1 != NONE) else { return };
        self.links[previous as usize].1 = next;
        self.links[next as usize].0 = previous;
        self.links[at] = (NONE, NONE);
    }

    /// The index that was added longest ago.
    pub fn first(&self) -> Option<u32> {
        self.links[0].1.checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_plain_list(steps in proptest::collection::vec((0u32..12, any::<bool>()), 0..200)) {
            let (mut recency, mut list) = (Recency::default(), Vec::new());
            for (index, add) in steps {
                list.retain(|&i| i != index);
                if add {
                    list.push(index);
                    recency.add(index);
                } else {
                    recency.remove(index);
                }
                prop_assert_eq!(recency.first(), list.first().copied());
            }
        }
    }
}
