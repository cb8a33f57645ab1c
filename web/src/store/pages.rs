//! The rows of a table that have come so far, in blocks.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::worker::protocol::{Query, Rows};

/// Rows of a block.
pub(crate) const BLOCK: u32 = 100;
/// The most blocks that are kept.
const KEPT: usize = 40;

/// Rows of one table of one run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pages {
    run: u32,
    query: Query,
    /// How many rows there are in all.
    pub(crate) total: u32,
    blocks: BTreeMap<u32, Rc<Rows>>,
}

impl Pages {
    /// A table of which nothing has come.
    pub(crate) fn new(run: u32, query: Query) -> Pages {
        Pages { run, query, total: 0, blocks: BTreeMap::new() }
    }

    /// Whether this is that table.
    pub(crate) fn is_of(&self, run: u32, query: &Query) -> bool {
        self.run == run && self.query == *query
    }

    /// Some rows have come.
    pub(crate) fn take(&mut self, from: u32, total: u32, rows: Rows) {
        self.total = total;
        let own = from / BLOCK;
        self.blocks.insert(own, Rc::new(rows));
        while self.blocks.len() > KEPT {
            // The one that is furthest from what is looked at goes.
            let furthest = self.blocks.keys().copied().max_by_key(|block| block.abs_diff(own));
            furthest.map(|block| self.blocks.remove(&block));
        }
    }

    /// The block of a row, and the row's place in it, if it is here.
    pub(crate) fn at(&self, row: u32) -> Option<(&Rc<Rows>, usize)> {
        self.blocks.get(&(row / BLOCK)).map(|rows| (rows, (row % BLOCK) as usize))
    }

    /// Whether a block is here.
    pub(crate) fn has(&self, block: u32) -> bool {
        self.blocks.contains_key(&block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::protocol::{Column, RowFilter, Sort, Table};

    #[test]
    fn what_is_near_stays() {
        let sort = Sort { column: Column::Id, descending: false };
        let mut pages = Pages::new(1, Query { table: Table::Hosts, sort, filter: RowFilter::default() });
        for block in 0..100 {
            pages.take(block * BLOCK, 10_000, Rows::Groups(Vec::new()));
        }
        assert!(pages.has(99) && pages.has(60) && !pages.has(59));
        assert!(pages.at(9_950).is_some_and(|(_, place)| place == 50) && pages.at(3).is_none());
    }
}
