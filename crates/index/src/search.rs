use crate::flat::scaled;
use crate::neighbor::TopK;
use crate::scan::{Scan, Selection};
use crate::vector::divisor;
use crate::{Dtype, Error, Filter, FlatIndex, Neighbor};

/// With int8, when at most one in so many vectors is wanted, they are scored in f32 without a look at the codes.
const GATHER_SHARE: usize = 32;

impl FlatIndex {
    /// The `k` nearest vectors, best first: score descending, then id ascending. Fewer when the index holds fewer;
    /// none for `k = 0`.
    ///
    /// # Errors
    /// [`Error::WrongDim`], [`Error::NotFinite`], [`Error::ZeroVector`] (cosine), [`Error::TooLong`] (inner product,
    /// L2), whatever `k` is.
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        self.one(query, |queries| self.answers(queries, k, Selection::All, &Self::scan))
    }

    /// [`Self::search`] for many queries, `queries[row * dim..][..dim]` each: one answer a query, equal bit for bit
    /// to that of a single search. The queries share each pass over memory.
    ///
    /// # Errors
    /// As [`Self::search`], and [`Error::BatchLength`] when the length is no multiple of the dimension.
    pub fn search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        Ok(self.answers(&self.prepare_batch(queries)?, k, Selection::All, &Self::scan))
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
        let selection = self.selection(filter)?;
        self.one(query, |queries| self.answers(queries, k, selection, &Self::scan))
    }

    pub(crate) fn selection<'a>(&self, filter: &Filter<'a>) -> Result<Selection<'a>, Error> {
        Ok(match filter {
            Filter::Bitset(set) => Selection::Words(self.words_of(set)?),
            Filter::Predicate(accept) => Selection::Accepted(*accept),
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
        let queries = self.prepare_batch(queries)?;
        let accepted;
        let set = match filter {
            Filter::Bitset(set) => *set,
            Filter::Predicate(accept) => {
                accepted = self.filter(accept);
                &accepted
            }
        };
        Ok(self.answers(&queries, k, Selection::Words(self.words_of(set)?), &Self::scan))
    }

    pub(crate) fn one(
        &self,
        query: &[f32],
        search: impl FnOnce(&[Vec<f32>]) -> Vec<Vec<Neighbor>>,
    ) -> Result<Vec<Neighbor>, Error> {
        Ok(search(&[self.prepare(0, query)?]).pop().unwrap_or_default())
    }

    /// The one scan of a search without threads.
    pub(crate) fn scan(&self, queries: &[Vec<f32>], k: usize, selection: Selection<'_>) -> Vec<TopK> {
        let mut tops = vec![TopK::new(k); queries.len()];
        let scan =
            Scan { store: &self.store, metric: self.config.metric, selection, blocks: self.store.blocks() };
        scan.run(queries, &mut tops);
        tops
    }

    /// An answer for each prepared query, from the heaps that `scan` delivers.
    pub(crate) fn answers(
        &self,
        queries: &[Vec<f32>],
        k: usize,
        selection: Selection<'_>,
        scan: &dyn Fn(&Self, &[Vec<f32>], usize, Selection<'_>) -> Vec<TopK>,
    ) -> Vec<Vec<Neighbor>> {
        if k == 0 {
            return vec![Vec::new(); queries.len()];
        }
        let tops = if self.config.dtype == Dtype::Int8 {
            self.rescored(queries, k, selection, scan)
        } else {
            scan(self, queries, k, selection)
        };
        tops.into_iter().map(|top| top.into_neighbors(self.config.metric)).collect()
    }

    fn rescored(
        &self,
        queries: &[Vec<f32>],
        k: usize,
        selection: Selection<'_>,
        scan: &dyn Fn(&Self, &[Vec<f32>], usize, Selection<'_>) -> Vec<TopK>,
    ) -> Vec<TopK> {
        let candidates = k.saturating_mul(self.config.rescore.max(1));
        let exact =
            Scan { store: &self.store, metric: self.config.metric, selection, blocks: self.store.blocks() };
        if let Selection::Words(words) = selection {
            let wanted: usize = words.iter().map(|word| word.count_ones() as usize).sum();
            if wanted <= candidates.max(self.len() / GATHER_SHARE) {
                let gathered = queries.iter().map(|query| {
                    let mut top = TopK::new(k);
                    exact.gather(query, words, &mut top);
                    top
                });
                return gathered.collect();
            }
        }
        let coarse = scan(self, queries, candidates, selection);
        queries.iter().zip(&coarse).map(|(query, top)| exact.rescored(query, top, k)).collect()
    }

    pub(crate) fn prepare_batch(&self, queries: &[f32]) -> Result<Vec<Vec<f32>>, Error> {
        let dim = self.config.dim;
        if !queries.len().is_multiple_of(dim) {
            let expected = queries.len().next_multiple_of(dim);
            return Err(Error::BatchLength { expected, got: queries.len() });
        }
        queries.chunks_exact(dim).enumerate().map(|(row, query)| self.prepare(row, query)).collect()
    }

    fn prepare(&self, row: usize, query: &[f32]) -> Result<Vec<f32>, Error> {
        self.check_dim(query)?;
        let divisor = divisor(self.config.metric, row, query)?;
        Ok(scaled(query, divisor).collect())
    }

    fn words_of<'a>(&self, set: &'a crate::Bitset) -> Result<&'a [u64], Error> {
        if set.layout == self.layout { Ok(&set.words) } else { Err(Error::StaleFilter) }
    }
}
