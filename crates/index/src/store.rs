use std::ops::Range;

use crate::buffer::LANES;
use crate::copy::RowCopy;
use crate::segment::{SEGMENT_BLOCKS, SEGMENT_VECTORS, Segment, Shape};

/// The segments of an index.
///
/// A position is the place of a vector: segment `position / 16384`, offset `position % 16384` in it. Segments that are
/// not full leave positions unused. A block number is a position divided by 64.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) shape: Shape,
    pub(crate) segments: Vec<Segment>,
    /// Vectors in the segments, live or not.
    vectors: usize,
}

impl Store {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, segments: Vec::new(), vectors: 0 }
    }

    /// Segments of this shape whose arrays fit each other.
    pub(crate) fn from_segments(shape: Shape, segments: Vec<Segment>) -> Self {
        let vectors = segments.iter().map(Segment::len).sum();
        Self { shape, segments, vectors }
    }

    /// The same, of whose positions only so many have ever had a vector.
    pub(crate) fn with_vectors(mut self, vectors: usize) -> Self {
        self.vectors = vectors;
        self
    }

    /// Vectors kept, live or not.
    pub(crate) fn vectors(&self) -> usize {
        self.vectors
    }

    /// Whether all segments but the last are full.
    pub(crate) fn is_dense(&self) -> bool {
        let (_, before) = self.segments.split_last().unzip();
        before.unwrap_or(&[]).iter().all(|segment| segment.len() == SEGMENT_VECTORS)
    }

    /// All block numbers.
    pub(crate) fn blocks(&self) -> Range<usize> {
        0..self.segments.len() * SEGMENT_BLOCKS
    }

    pub(crate) fn reserve(&mut self, mut vectors: usize) {
        if let Some(last) = self.segments.last_mut().filter(|last| last.is_open()) {
            let room = vectors.min(SEGMENT_VECTORS - last.len());
            last.reserve(&self.shape, room);
            vectors -= room;
        }
        self.segments.reserve(vectors.div_ceil(SEGMENT_VECTORS));
    }

    /// Appends a vector of `dim` components, of which `upcoming` more are to follow; returns its position.
    pub(crate) fn push(&mut self, id: u64, vector: &[f32], upcoming: usize) -> usize {
        let fits = self.segments.last_mut().is_some_and(|last| last.push(&self.shape, id, vector));
        if !fits {
            let mut segment = Segment::new(&self.shape);
            segment.reserve(&self.shape, upcoming.saturating_add(1));
            segment.push(&self.shape, id, vector);
            self.segments.push(segment);
        }
        self.vectors += 1;
        let last = self.segments.len() - 1;
        last * SEGMENT_VECTORS + self.segments.last().map_or(0, Segment::len) - 1
    }

    /// Appends a block without vectors, of which `upcoming` more are to follow; returns its number. Its positions count
    /// as vectors as soon as something is put there. A mapped segment that is not full is copied to memory first: blocks
    /// keep their numbers in files as long as all segments but the last are full.
    pub(crate) fn push_block(&mut self, upcoming: usize) -> usize {
        let shape = self.shape;
        let last = self.segments.last_mut().filter(|last| last.len() < SEGMENT_VECTORS);
        let block = last.and_then(|last| {
            last.own();
            last.push_block(&shape)
        });
        let block = block.unwrap_or_else(|| {
            let mut segment = Segment::new(&shape);
            segment.reserve(&shape, upcoming.saturating_add(1).saturating_mul(LANES));
            segment.push_block(&shape);
            self.segments.push(segment);
            0
        });
        (self.segments.len() - 1) * SEGMENT_BLOCKS + block
    }

    /// Whether vectors can be put into a block.
    pub(crate) fn is_owned(&self, block: usize) -> bool {
        self.segments.get(block / SEGMENT_BLOCKS).is_some_and(Segment::is_owned)
    }

    /// Counts so many positions that nothing will be put at as vectors that were removed.
    pub(crate) fn skip(&mut self, positions: usize) {
        self.vectors += positions;
    }

    /// Puts a vector of `dim` components at a position of such a block.
    pub(crate) fn put(&mut self, position: usize, id: u64, vector: &[f32]) {
        if let Some(segment) = self.segments.get_mut(position / SEGMENT_VECTORS)
            && segment.put(&self.shape, position % SEGMENT_VECTORS, id, vector)
        {
            self.vectors += 1;
        }
    }

    /// Keeps vectors of floats one after another as well, or no more.
    pub(crate) fn set_row_copy(&mut self, row_copy: bool) {
        if self.shape.row_copy == row_copy {
            return;
        }
        self.shape.row_copy = row_copy;
        for segment in &mut self.segments {
            segment.copy = RowCopy::of(&self.shape, segment);
        }
    }

    /// Overwrites the vector at a position. False, and nothing done, when its segment cannot be changed.
    pub(crate) fn write(&mut self, position: usize, vector: &[f32]) -> bool {
        let segment = self.segments.get_mut(position / SEGMENT_VECTORS);
        segment.is_some_and(|segment| segment.write(&self.shape, position % SEGMENT_VECTORS, vector))
    }

    /// Appends the components of the vector at a position, live or not, to `out`.
    pub(crate) fn read(&self, position: usize, out: &mut Vec<f32>) {
        if let Some(segment) = self.segments.get(position / SEGMENT_VECTORS) {
            segment.read(&self.shape, position % SEGMENT_VECTORS, out);
        }
    }

    /// Marks a position as not live.
    pub(crate) fn clear(&mut self, position: usize) {
        if let Some(segment) = self.segments.get_mut(position / SEGMENT_VECTORS) {
            segment.clear(position % SEGMENT_VECTORS);
        }
    }

    /// Live positions with their ids, ascending.
    pub(crate) fn live(&self) -> impl Iterator<Item = (usize, u64)> {
        self.segments.iter().enumerate().flat_map(|(number, segment)| {
            segment.live().map(move |(offset, id)| (number * SEGMENT_VECTORS + offset, id))
        })
    }

    /// Keeps the live vectors in their order, without gaps. Takes the memory of one segment on top while it runs.
    pub(crate) fn compact(&mut self) {
        let old = std::mem::replace(self, Self::new(self.shape));
        let mut live: usize = old.segments.iter().map(|segment| segment.live().count()).sum();
        let mut vector = Vec::with_capacity(self.shape.dim);
        for segment in old.segments {
            if segment.is_full_and_live() && self.vectors.is_multiple_of(SEGMENT_VECTORS) {
                live -= segment.len();
                self.vectors += segment.len();
                self.segments.push(segment);
                continue;
            }
            for (offset, id) in segment.live() {
                vector.clear();
                segment.read(&self.shape, offset, &mut vector);
                live -= 1;
                self.push(id, &vector, live);
            }
        }
    }

    /// Bytes held by the segments, spare capacity included.
    pub(crate) fn capacity_bytes(&self) -> usize {
        let segments: usize = self.segments.iter().map(Segment::capacity_bytes).sum();
        segments + self.segments.capacity() * size_of::<Segment>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dtype;

    fn filled(dtype: Dtype, n: usize) -> Store {
        let mut store = Store::new(Shape { dim: 3, dtype, norms: false, row_copy: false });
        for i in 0..n {
            let position = store.push(i as u64 + 1000, &[i as f32 % 2048.0, 1.0, -2.0], 0);
            assert_eq!(position, i);
        }
        store
    }

    fn contents(store: &Store) -> Vec<(u64, Vec<f32>)> {
        let entry = |(position, id)| {
            let mut vector = Vec::new();
            store.read(position, &mut vector);
            (id, vector)
        };
        store.live().map(entry).collect()
    }

    #[test]
    fn compaction_keeps_order_and_drops_the_dead() {
        let n = 2 * SEGMENT_VECTORS + 130;
        for dtype in [Dtype::F32, Dtype::F16, Dtype::Int8] {
            // The dead are everywhere, or only behind the first segment, which is then kept as it is.
            for first in [0, SEGMENT_VECTORS + 10] {
                let mut store = filled(dtype, n);
                for position in (first..n).step_by(3) {
                    store.clear(position);
                }
                let before = contents(&store);
                store.compact();
                assert_eq!(contents(&store), before);
                assert_eq!(store.vectors(), before.len());
                assert_eq!(store.segments.len(), before.len().div_ceil(SEGMENT_VECTORS));
            }
        }
    }

    #[test]
    fn a_segment_that_is_not_full_may_lie_in_the_middle() {
        let (first, second) = (filled(Dtype::F32, 70), filled(Dtype::F32, 5));
        let segments = [first.segments, second.segments].concat();
        let mut store = Store::from_segments(first.shape, segments);
        assert_eq!(store.vectors(), 75);
        assert_eq!(store.push(5, &[0.0; 3], 0), SEGMENT_VECTORS + 5);
        assert_eq!(store.blocks(), 0..2 * SEGMENT_BLOCKS);
        assert_eq!(store.live().last(), Some((SEGMENT_VECTORS + 5, 5)));
        store.compact();
        assert_eq!((store.segments.len(), store.live().count()), (1, 76));
    }
}
