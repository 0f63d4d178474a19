use std::ops::Range;

use crate::buffer::LANES;
use crate::store::Store;

/// The blocks that the vectors of a list are in. Only the last one has room; places that others have left (they are
/// of a mapped file) count as those of removed vectors.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// Block numbers; what was added together is one range.
    pub(super) blocks: Vec<Range<usize>>,
    /// Positions taken in the last block.
    taken: usize,
}

impl List {
    /// From a file: its blocks in order, of which the last has so many positions taken. None if that cannot be.
    pub(super) fn from_file(blocks: &[usize], taken: usize) -> Option<Self> {
        if taken > LANES || (taken == 0) != blocks.is_empty() {
            return None;
        }
        let mut list = Self { blocks: Vec::new(), taken };
        for block in blocks {
            list.append(*block);
        }
        Some(list)
    }

    /// Positions taken in the last block.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    fn append(&mut self, block: usize) {
        match self.blocks.last_mut() {
            Some(range) if range.end == block => range.end += 1,
            _ => self.blocks.push(block..block + 1),
        }
    }

    /// The position for another vector; `upcoming` are to come in the whole store, it included.
    pub(super) fn next(&mut self, store: &mut Store, upcoming: usize) -> usize {
        let last = self.blocks.last().map(|range| range.end - 1);
        let with_room = last.filter(|block| self.taken < LANES && store.is_owned(*block));
        let block = with_room.unwrap_or_else(|| {
            // What is left of a mapped block stays empty.
            store.skip(if last.is_some() { LANES - self.taken } else { 0 });
            self.taken = 0;
            let block = store.push_block(upcoming.div_ceil(LANES));
            self.append(block);
            block
        });
        self.taken += 1;
        block * LANES + self.taken - 1
    }

    /// Vectors in it, live or not.
    pub(super) fn len(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(Range::len).sum();
        (blocks * LANES).saturating_sub(LANES - self.taken)
    }

    pub(super) fn capacity_bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<Range<usize>>()
    }
}
