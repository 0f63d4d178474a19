/// Vectors in a block, and bits in the word that marks them.
pub(crate) const LANES: usize = 64;

/// One dimension of a block's 64 vectors.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Row(pub(crate) [f32; LANES]);

impl Row {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);
}

/// Vectors in blocks of 64, dimension-major inside a block: `dim` rows, each with one component of all 64 vectors.
/// One score per lane can then be summed in dimension order without any shuffling.
///
/// A position is the place of a vector: block `position / 64`, lane `position % 64`.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    dim: usize,
    rows: Vec<Row>,
    live: Vec<u64>,
    ids: Vec<u64>,
}

/// One block as the search sees it.
pub(crate) struct Block<'a> {
    /// `dim` rows.
    pub(crate) rows: &'a [Row],
    /// Bit set: the lane holds a vector.
    pub(crate) live: u64,
    /// Ids of the lanes; fewer than 64 in the last block.
    pub(crate) ids: &'a [u64],
}

impl Blocks {
    /// `dim` is not zero.
    pub(crate) fn new(dim: usize) -> Self {
        Self { dim, rows: Vec::new(), live: Vec::new(), ids: Vec::new() }
    }

    /// Blocks made of parts whose lengths fit each other: all positions are live.
    pub(crate) fn from_parts(dim: usize, rows: Vec<Row>, ids: Vec<u64>) -> Self {
        let mut live = vec![u64::MAX; ids.len().div_ceil(LANES)];
        if let Some(last) = live.last_mut()
            && !ids.len().is_multiple_of(LANES)
        {
            *last = (1 << (ids.len() % LANES)) - 1;
        }
        Self { dim, rows, live, ids }
    }

    /// Positions in use, live or not.
    pub(crate) fn positions(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn reserve(&mut self, vectors: usize) {
        let blocks = (self.ids.len() + vectors).div_ceil(LANES) - self.live.len();
        self.rows.reserve(blocks * self.dim);
        self.live.reserve(blocks);
        self.ids.reserve(vectors);
    }

    /// Appends a vector of `dim` components and returns its position.
    pub(crate) fn push(&mut self, id: u64, vector: impl Iterator<Item = f32>) -> usize {
        let position = self.ids.len();
        if position.is_multiple_of(LANES) {
            self.rows.resize(self.rows.len() + self.dim, Row::ZERO);
            self.live.push(0);
        }
        self.ids.push(id);
        self.write(position, vector);
        if let Some(word) = self.live.get_mut(position / LANES) {
            *word |= 1 << (position % LANES);
        }
        position
    }

    /// Overwrites the vector at a position.
    pub(crate) fn write(&mut self, position: usize, vector: impl Iterator<Item = f32>) {
        let first = position / LANES * self.dim;
        for (row, value) in self.rows.iter_mut().skip(first).zip(vector) {
            row.0[position % LANES] = value;
        }
    }

    /// The vector at a position, live or not.
    pub(crate) fn read(&self, position: usize) -> impl Iterator<Item = f32> {
        let first = position / LANES * self.dim;
        self.rows.iter().skip(first).take(self.dim).map(move |row| row.0[position % LANES])
    }

    /// Marks a position as not live.
    pub(crate) fn clear(&mut self, position: usize) {
        if let Some(word) = self.live.get_mut(position / LANES) {
            *word &= !(1 << (position % LANES));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Block<'_>> {
        let ids = self.ids.chunks(LANES);
        let rows = self.rows.chunks(self.dim);
        rows.zip(&self.live).zip(ids).map(|((rows, live), ids)| Block { rows, live: *live, ids })
    }

    /// Live positions with their ids, ascending.
    pub(crate) fn live(&self) -> impl Iterator<Item = (usize, u64)> {
        self.ids.iter().enumerate().filter_map(|(position, id)| {
            let word = self.live.get(position / LANES)?;
            (word >> (position % LANES) & 1 == 1).then_some((position, *id))
        })
    }

    /// The same live vectors in the same order, without gaps.
    pub(crate) fn compacted(&self) -> Self {
        let mut out = Self::new(self.dim);
        for (position, id) in self.live() {
            out.push(id, self.read(position));
        }
        out
    }

    /// Bytes held by the vectors, marks and ids, spare capacity included.
    pub(crate) fn capacity_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + (self.live.capacity() + self.ids.capacity()) * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(n: usize) -> Blocks {
        let mut blocks = Blocks::new(3);
        for i in 0..n {
            blocks.push(i as u64 + 1000, (0..3).map(|d| (i * 3 + d) as f32));
        }
        blocks
    }

    #[test]
    fn what_was_pushed_is_read_across_block_edges() {
        for n in [1, 63, 64, 65, 128, 130] {
            let blocks = filled(n);
            assert_eq!(blocks.iter().count(), n.div_ceil(64));
            for i in 0..n {
                let expected: Vec<f32> = (0..3).map(|d| (i * 3 + d) as f32).collect();
                assert_eq!(blocks.read(i).collect::<Vec<_>>(), expected);
            }
            assert_eq!(blocks.live().count(), n);
        }
    }

    #[test]
    fn compaction_keeps_order_and_drops_the_dead() {
        let mut blocks = filled(130);
        for position in (0..130).step_by(3) {
            blocks.clear(position);
        }
        let compact = blocks.compacted();
        let before: Vec<_> = blocks.live().map(|(p, id)| (id, blocks.read(p).collect::<Vec<_>>())).collect();
        let after: Vec<_> = compact.live().map(|(p, id)| (id, compact.read(p).collect::<Vec<_>>())).collect();
        assert_eq!(before, after);
        assert_eq!(compact.positions(), after.len());
    }

    #[test]
    fn parts_mark_only_what_is_there() {
        for n in [0, 1, 63, 64, 65] {
            let ids: Vec<u64> = (0..n).collect();
            let rows = vec![Row::ZERO; ids.len().div_ceil(LANES) * 3];
            assert_eq!(Blocks::from_parts(3, rows, ids).live().count() as u64, n);
        }
    }
}
