use super::IvfIndex;
use super::probe::{Probe, Shared, blocks};
use crate::neighbor::TopK;
use crate::scan::{Scan, Selection};
use crate::{Error, Filter, FlatIndex, Neighbor};

/// Queries that share passes have so many ranks of lists between them at most; more queries are taken in turn.
const RANKS: usize = 1 << 22;
/// So few queries do not share passes.
const ALONE: usize = 3;

impl IvfIndex {
    /// The `k` nearest vectors among those of the `nprobe` nearest lists, best first: score descending, then id
    /// ascending. While that is fewer than `k` (int8: than there are candidates to score again) and
    /// vectors are left, further lists are looked into: so there are `min(k, len)` answers always.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::search`].
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        self.flat.one(query, |queries| self.answers(queries, k, Selection::All))
    }

    /// [`Self::search`] for many queries, `queries[row * dim..][..dim]` each: one answer a query, equal bit for bit
    /// to that of a single search. Each list is read once for all queries that look into it.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::search_batch`].
    pub fn search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        Ok(self.answers(&self.flat.prepare_batch(queries)?, k, Selection::All))
    }

    /// [`Self::search`] among the vectors that the filter accepts: never one that it excludes, and `min(k, matches)`
    /// answers always. When few vectors match they are compared all, whatever list they are in. A predicate is asked
    /// for each vector, and finds what its bitset finds: make that when there is more than one query.
    ///
    /// # Errors
    /// As [`Self::search`], and [`Error::StaleFilter`].
    pub fn search_filtered(
        &self,
        query: &[f32],
        k: usize,
        filter: &Filter<'_>,
    ) -> Result<Vec<Neighbor>, Error> {
        self.flat.with_words(filter, |words| {
            self.flat.one(query, |queries| self.answers(queries, k, Selection::Words(words)))
        })
    }

    /// [`Self::search_filtered`] for many queries, as [`Self::search_batch`] takes them. A predicate is asked once for
    /// each vector.
    ///
    /// # Errors
    /// As [`Self::search_batch`], and [`Error::StaleFilter`].
    pub fn search_batch_filtered(
        &self,
        queries: &[f32],
        k: usize,
        filter: &Filter<'_>,
    ) -> Result<Vec<Vec<Neighbor>>, Error> {
        let queries = self.flat.prepare_batch(queries)?;
        self.flat.with_words(filter, |words| Ok(self.answers(&queries, k, Selection::Words(words))))
    }

    /// An answer for each prepared query.
    pub(super) fn answers(
        &self,
        queries: &[Vec<f32>],
        k: usize,
        selection: Selection<'_>,
    ) -> Vec<Vec<Neighbor>> {
        let selection = self.planned(selection, k);
        self.flat.planned_answers(queries, k, selection, |flat, queries, k, selection| {
            self.scan(flat, queries, k, selection)
        })
    }

    /// Few vectors are looked for in all lists, so this must not depend on how many queries there are.
    pub(super) fn planned<'a>(&self, selection: Selection<'a>, k: usize) -> Selection<'a> {
        self.flat.planned(selection, k, 1)
    }

    fn scan(&self, flat: &FlatIndex, queries: &[Vec<f32>], k: usize, selection: Selection<'_>) -> Vec<TopK> {
        if let Selection::Few(_) = selection {
            return flat.scan(queries, k, selection);
        }
        if queries.len() <= ALONE {
            return queries.iter().map(|query| self.scan_lists(query, k, selection)).collect();
        }
        let together = (RANKS / self.nlist()).max(2 * ALONE);
        queries.chunks(together).flat_map(|queries| self.scan_together(queries, k, selection)).collect()
    }

    /// A pass over some blocks.
    pub(super) fn pass<'a>(&'a self, selection: Selection<'a>) -> Scan<'a> {
        Scan { store: &self.flat.store, metric: self.metric(), selection, blocks: 0..0 }
    }

    /// The lists that a query may look into.
    pub(super) fn probes(&self, queries: &[Vec<f32>]) -> Vec<Probe> {
        let ranked = self.quantizer.rank(self.metric(), queries);
        queries.iter().zip(ranked).map(|(query, ranked)| Probe::new(self, query, ranked)).collect()
    }

    /// The `k` best of the lists looked into.
    fn scan_lists(&self, query: &Vec<f32>, k: usize, selection: Selection<'_>) -> TopK {
        let scan = self.pass(selection);
        let (mut top, mut ranges) = (TopK::new(k), Vec::new());
        for mut probe in self.probes(std::slice::from_ref(query)) {
            while let Some(lists) = probe.round(self, &top, k, true) {
                blocks(self, lists, &mut ranges);
                scan.run_over(&ranges, query, &mut top);
            }
        }
        top
    }

    /// The same for queries that share the passes over the lists.
    fn scan_together(&self, queries: &[Vec<f32>], k: usize, selection: Selection<'_>) -> Vec<TopK> {
        let mut tops = vec![TopK::new(k); queries.len()];
        let probes = self.probes(queries);
        let mut rounds = Shared { index: self, k, probes, pairs: Vec::new(), counts: Vec::new() };
        self.pass(selection).run_rounds(queries, &mut tops, &mut rounds);
        tops
    }
}
