//! Searches over all threads of the present rayon pool: one query shares out the lists of each round, many queries are
//! shared out themselves. The answers are those of one thread, bit for bit.

use std::ops::Range;

use rayon::prelude::*;

use super::IvfIndex;
use super::probe::blocks;
use crate::kernel::TILE;
use crate::neighbor::TopK;
use crate::parallel::parts;
use crate::scan::Selection;
use crate::{Error, Filter, Neighbor};

/// A part has at least so many blocks: fewer are not worth a task.
const PART_BLOCKS: usize = 64;

impl IvfIndex {
    /// [`Self::search`] with all threads of the present rayon pool.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn par_search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        self.flat.one(query, |queries| self.par_answers(queries, k, Selection::All))
    }

    /// [`Self::search_batch`] with all threads of the present rayon pool.
    ///
    /// # Errors
    /// As [`Self::search_batch`].
    pub fn par_search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        Ok(self.par_answers(&self.flat.prepare_batch(queries)?, k, Selection::All))
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
        self.flat.with_words(filter, |words| {
            self.flat.one(query, |queries| self.par_answers(queries, k, Selection::Words(words)))
        })
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
        let queries = self.flat.prepare_batch(queries)?;
        self.flat.with_words(filter, |words| Ok(self.par_answers(&queries, k, Selection::Words(words))))
    }

    fn par_answers(&self, queries: &[Vec<f32>], k: usize, selection: Selection<'_>) -> Vec<Vec<Neighbor>> {
        if queries.len() <= TILE {
            let selection = self.planned(selection, k);
            return self.flat.planned_answers(queries, k, selection, |flat, queries, k, selection| {
                if let Selection::Few(_) = selection {
                    return flat.par_scan(queries, k, selection);
                }
                queries.iter().map(|query| self.par_scan_lists(query, k, selection)).collect()
            });
        }
        // The more queries share a pass the better: one part for each thread.
        let rows = parts(0..queries.len(), rayon::current_num_threads(), TILE);
        let answers = |rows: Range<usize>| self.answers(queries.get(rows).unwrap_or_default(), k, selection);
        rows.into_par_iter().flat_map_iter(answers).collect()
    }

    fn par_scan_lists(&self, query: &Vec<f32>, k: usize, selection: Selection<'_>) -> TopK {
        let scan = self.pass(selection);
        let (mut top, mut ranges) = (TopK::new(k), Vec::new());
        for mut probe in self.probes(std::slice::from_ref(query)) {
            while let Some(lists) = probe.round(self, &top, k, true) {
                blocks(self, lists, &mut ranges);
                let found: Vec<TopK> = shares(&ranges, rayon::current_num_threads())
                    .into_par_iter()
                    .map(|ranges| {
                        let mut top = TopK::new(k);
                        scan.run_over(ranges, query, &mut top);
                        top
                    })
                    .collect();
                for found in found {
                    top.merge(found);
                }
            }
        }
        top
    }
}

/// The ranges in `wanted` shares of about as many blocks, at most.
fn shares(ranges: &[Range<usize>], wanted: usize) -> Vec<&[Range<usize>]> {
    let blocks: usize = ranges.iter().map(Range::len).sum();
    let least = blocks.div_ceil(wanted.max(1)).max(PART_BLOCKS);
    let (mut shares, mut start, mut sum) = (Vec::new(), 0, 0);
    for (at, range) in ranges.iter().enumerate() {
        sum += range.len();
        if sum >= least || at + 1 == ranges.len() {
            shares.push(ranges.get(start..=at).unwrap_or_default());
            (start, sum) = (at + 1, 0);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_each_other() {
        let ranges: Vec<Range<usize>> = (0..100).map(|i| i * 1000..i * 1000 + i % 7).collect();
        for wanted in [0, 1, 2, 3, 16] {
            let shares = shares(&ranges, wanted);
            assert!(shares.len() <= wanted.max(1));
            assert!(shares.concat() == ranges && shares.iter().all(|share| !share.is_empty()));
        }
        assert!(shares(&[], 2).is_empty());
    }
}
