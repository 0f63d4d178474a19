//! Searches over all threads of the present rayon pool. The parts' heaps are merged, and what a heap keeps does not
//! depend on the order of the offers: the answers are those of one thread, bit for bit.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernel::TILE;
use crate::neighbor::TopK;
use crate::scan::{Scan, Selection};
use crate::{Error, Filter, FlatIndex, Neighbor};

/// A part has at least so many blocks: fewer are not worth a task.
const PART_BLOCKS: usize = 32;
/// Parts for each thread, so that one that is held up leaves work to others. Each part fills heaps of its own, which is
/// what speaks against more.
const PARTS_PER_THREAD: usize = 2;

impl FlatIndex {
    /// [`Self::search`] with all threads of the present rayon pool.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn par_search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        self.one(query, |queries| self.answers(queries, k, Selection::All, Self::par_scan))
    }

    /// [`Self::search_batch`] with all threads of the present rayon pool.
    ///
    /// # Errors
    /// As [`Self::search_batch`].
    pub fn par_search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        Ok(self.answers(&self.prepare_batch(queries)?, k, Selection::All, Self::par_scan))
    }

    /// [`Self::search_filtered`] with all threads of the present rayon pool.
    ///
    /// # Errors
    /// As [`Self::search_filtered`].
    pub fn par_search_filtered(
        &self,
        query: &[f32],
        k: usize,
        filter: &Filter<'_>,
    ) -> Result<Vec<Neighbor>, Error> {
        self.filtered(query, k, filter, Self::par_scan)
    }

    /// [`Self::search_batch_filtered`] with all threads of the present rayon pool.
    ///
    /// # Errors
    /// As [`Self::search_batch_filtered`].
    pub fn par_search_batch_filtered(
        &self,
        queries: &[f32],
        k: usize,
        filter: &Filter<'_>,
    ) -> Result<Vec<Vec<Neighbor>>, Error> {
        let queries = self.prepare_batch(queries)?;
        self.with_words(filter, |words| {
            Ok(self.answers(&queries, k, Selection::Words(words), Self::par_scan))
        })
    }

    pub(crate) fn par_scan(&self, queries: &[Vec<f32>], k: usize, selection: Selection<'_>) -> Vec<TopK> {
        let wanted = rayon::current_num_threads() * PARTS_PER_THREAD;
        let blocks = parts(self.store.blocks(), wanted, PART_BLOCKS);
        // Parts of the index share nothing, so they come first. A small one is shared out by queries.
        let queries_apart = wanted.div_ceil(blocks.len().max(1));
        let rows = parts(0..queries.len(), queries_apart, TILE);
        let tasks: Vec<_> =
            blocks.iter().flat_map(|blocks| rows.iter().map(move |rows| (blocks, rows))).collect();
        let task = |(blocks, rows): &(&Range<usize>, &Range<usize>)| {
            let queries = queries.get((*rows).clone()).unwrap_or(&[]);
            let mut tops = vec![TopK::new(k); queries.len()];
            let scan =
                Scan { store: &self.store, metric: self.config.metric, selection, blocks: (*blocks).clone() };
            scan.run(queries, &mut tops);
            (rows.start, tops)
        };
        let found: Vec<(usize, Vec<TopK>)> = tasks.par_iter().map(task).collect();
        let mut tops = vec![TopK::new(k); queries.len()];
        for (start, part) in found {
            for (top, part) in tops.iter_mut().skip(start).zip(part) {
                top.merge(part);
            }
        }
        tops
    }
}

/// At most `wanted` ranges that follow each other; their lengths are multiples of `least`, but for the last one's.
pub(crate) fn parts(whole: Range<usize>, wanted: usize, least: usize) -> Vec<Range<usize>> {
    let step = whole.len().div_ceil(wanted.max(1)).next_multiple_of(least).max(least);
    whole.clone().step_by(step).map(|start| start..whole.end.min(start + step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other() {
        for len in [0, 1, 31, 32, 33, 100, 1000, 4096] {
            for wanted in [1, 2, 8, 64] {
                let parts = parts(0..len, wanted, 32);
                assert!(parts.len() <= wanted);
                assert!(parts.iter().all(|part| !part.is_empty()));
                assert!(parts.iter().cloned().flatten().eq(0..len));
            }
        }
    }
}
