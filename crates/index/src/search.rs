use crate::buffer::{LANES, Row};
use crate::flat::scaled;
use crate::kernel::{TILE, score_block, score_lane};
use crate::neighbor::TopK;
use crate::segment::{Arrays, SEGMENT_BLOCKS, Segment, Shape};
use crate::vector::divisor;
use crate::{Error, Filter, FlatIndex, Neighbor};

/// Up to this many wanted lanes are gathered one by one; beyond, scoring the whole block is faster.
const GATHER_LANES: u32 = 2;

impl FlatIndex {
    /// The `k` nearest vectors, best first: score descending, then id ascending. Fewer when the index holds fewer;
    /// none for `k = 0`.
    ///
    /// # Errors
    /// [`Error::WrongDim`], [`Error::NotFinite`], [`Error::ZeroVector`] (cosine), [`Error::TooLong`] (inner product,
    /// L2), whatever `k` is.
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        let query = self.prepare(0, query)?;
        let mut top = TopK::new(k);
        if k > 0 {
            self.for_each_block(|_, block| self.scan_one(&query, block, block.live, &mut top));
        }
        Ok(top.into_neighbors(self.config.metric))
    }

    /// [`Self::search`] for many queries, `queries[row * dim..][..dim]` each: one answer a query, equal bit for bit
    /// to that of a single search. The queries share each pass over memory.
    ///
    /// # Errors
    /// As [`Self::search`], and [`Error::BatchLength`] when the length is no multiple of the dimension.
    pub fn search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        let dim = self.config.dim;
        if !queries.len().is_multiple_of(dim) {
            let expected = queries.len().next_multiple_of(dim);
            return Err(Error::BatchLength { expected, got: queries.len() });
        }
        let rows = queries.chunks_exact(dim).enumerate().map(|(row, query)| self.prepare(row, query));
        let rows = rows.collect::<Result<Vec<_>, Error>>()?;
        let mut tops: Vec<TopK> = rows.iter().map(|_| TopK::new(k)).collect();
        if k > 0 {
            let (tiles, rest) = rows.as_chunks::<TILE>();
            let tiles: Vec<Vec<[f32; TILE]>> = tiles.iter().map(|tile| interleaved(tile, dim)).collect();
            let mut scores = [[0.0; LANES]; TILE];
            self.for_each_block(|_, block| {
                let (tile_tops, rest_tops) = tops.as_chunks_mut::<TILE>();
                for (tile, tops) in tiles.iter().zip(tile_tops) {
                    score_block(self.config.metric, tile, block.rows, &mut scores);
                    for (top, scores) in tops.iter_mut().zip(&scores) {
                        top.offer_block(scores, block.live, block.ids);
                    }
                }
                for (query, top) in rest.iter().zip(rest_tops) {
                    self.scan_one(query, block, block.live, top);
                }
            });
        }
        Ok(tops.into_iter().map(|top| top.into_neighbors(self.config.metric)).collect())
    }

    /// The `k` nearest of those vectors that the filter accepts: exactly `min(k, matches)` of them, in the order of
    /// [`Self::search`].
    ///
    /// # Errors
    /// As [`Self::search`], and [`Error::StaleFilter`].
    pub fn search_filtered(
        &self,
        query: &[f32],
        k: usize,
        filter: &Filter<'_>,
    ) -> Result<Vec<Neighbor>, Error> {
        let query = self.prepare(0, query)?;
        let mut top = TopK::new(k);
        match filter {
            Filter::Bitset(set) => {
                if set.layout != self.layout {
                    return Err(Error::StaleFilter);
                }
                if k > 0 {
                    self.for_each_block(|number, block| {
                        let word = set.words.get(number).copied().unwrap_or(0);
                        self.scan_one(&query, block, block.live & word, &mut top);
                    });
                }
            }
            Filter::Predicate(accept) => {
                if k > 0 {
                    self.for_each_block(|_, block| {
                        self.scan_one(&query, block, accepted(block, accept), &mut top);
                    });
                }
            }
        }
        Ok(top.into_neighbors(self.config.metric))
    }

    fn prepare(&self, row: usize, query: &[f32]) -> Result<Vec<[f32; 1]>, Error> {
        self.check_dim(query)?;
        let divisor = divisor(self.config.metric, row, query)?;
        Ok(scaled(query, divisor).map(|value| [value]).collect())
    }

    fn for_each_block(&self, mut visit: impl FnMut(usize, &Block<'_>)) {
        let dim = self.config.dim;
        let mut scratch = Vec::new();
        for (number, segment) in self.store.segments.iter().enumerate() {
            for (block, (live, ids)) in segment.live.iter().zip(segment.ids.chunks(LANES)).enumerate() {
                if *live == 0 {
                    continue;
                }
                let rows = match &segment.arrays {
                    Arrays::F32(rows) => rows.get(block * dim..(block + 1) * dim).unwrap_or(&[]),
                    _ => {
                        decode(segment, &self.store.shape, block, &mut scratch);
                        &scratch
                    }
                };
                visit(number * SEGMENT_BLOCKS + block, &Block { rows, live: *live, ids });
            }
        }
    }

    fn scan_one(&self, query: &[[f32; 1]], block: &Block<'_>, wanted: u64, top: &mut TopK) {
        let metric = self.config.metric;
        if wanted.count_ones() > GATHER_LANES {
            let mut scores = [[0.0; LANES]; 1];
            score_block(metric, query, block.rows, &mut scores);
            top.offer_block(&scores[0], wanted, block.ids);
            return;
        }
        let mut rest = wanted;
        while rest != 0 {
            let lane = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if let Some(id) = block.ids.get(lane) {
                top.offer(*id, score_lane(metric, query, block.rows, lane));
            }
        }
    }
}

/// The lanes of a block whose vector is live and whose id is accepted.
fn accepted(block: &Block<'_>, accept: &(dyn Fn(u64) -> bool + Sync)) -> u64 {
    let mut wanted = 0;
    for (lane, id) in block.ids.iter().enumerate() {
        if block.live >> lane & 1 == 1 && accept(*id) {
            wanted |= 1 << lane;
        }
    }
    wanted
}

fn interleaved(tile: &[Vec<[f32; 1]>; TILE], dim: usize) -> Vec<[f32; TILE]> {
    let component = |d: usize| tile.each_ref().map(|query| query.get(d).map_or(0.0, |[value]| *value));
    (0..dim).map(component).collect()
}

/// One block as the search sees it.
struct Block<'a> {
    /// `dim` rows.
    rows: &'a [Row],
    /// Bit set: the lane holds a vector.
    live: u64,
    /// Ids of the lanes; fewer than 64 in the last block.
    ids: &'a [u64],
}

/// A block's vectors in f32.
fn decode(segment: &Segment, shape: &Shape, block: usize, rows: &mut Vec<Row>) {
    rows.clear();
    rows.resize(shape.dim, Row::ZERO);
    let mut vector = Vec::with_capacity(shape.dim);
    for lane in 0..LANES.min(segment.len() - block * LANES) {
        vector.clear();
        segment.read(shape, block * LANES + lane, &mut vector);
        for (row, value) in rows.iter_mut().zip(&vector) {
            row.0[lane] = *value;
        }
    }
}
