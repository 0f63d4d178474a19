use crate::flat::scaled;
use crate::neighbor::TopK;
use crate::plan::few;
use crate::scan::{Scan, Selection};
use crate::vector::divisor;
use crate::{Dtype, Error, Filter, FlatIndex, Neighbor};

impl FlatIndex {
    /// The `k` nearest vectors, best first: score descending, then id ascending. Fewer when the index holds fewer;
    /// none for `k = 0`.
    ///
    /// # Errors
    /// [`Error::WrongDim`], [`Error::NotFinite`], [`Error::ZeroVector`] (cosine), [`Error::TooLong`] (inner product,
    /// L2), whatever `k` is.
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        self.one(query, |queries| self.answers(queries, k, Selection::All, Self::scan))
    }

    /// [`Self::search`] for many queries, `queries[row * dim..][..dim]` each: one answer a query, equal bit for bit
    /// to that of a single search. The queries share each pass over memory.
    ///
    /// # Errors
    /// As [`Self::search`], and [`Error::BatchLength`] when the length is no multiple of the dimension.
    pub fn search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        Ok(self.answers(&self.prepare_batch(queries)?, k, Selection::All, Self::scan))
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
        self.filtered(query, k, filter, Self::scan)
    }

    /// [`Self::search_filtered`] by any scan.
    pub(crate) fn filtered(
        &self,
        query: &[f32],
        k: usize,
        filter: &Filter<'_>,
        scan: impl Fn(&Self, &[Vec<f32>], usize, Selection<'_>) -> Vec<TopK>,
    ) -> Result<Vec<Neighbor>, Error> {
        let accepted;
        let selection = match filter {
            Filter::Bitset(set) => Selection::Words(self.words_of(set)?),
            // Few vectors of int8 have exact scores: a predicate must find the same as its bitset.
            Filter::Predicate(accept) if self.config.dtype == Dtype::Int8 || self.is_rare(accept) => {
                accepted = self.filter(accept);
                Selection::Words(&accepted.words)
            }
            Filter::Predicate(accept) => Selection::Accepted(*accept),
        };
        self.one(query, |queries| self.answers(queries, k, selection, scan))
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
        self.with_words(filter, |words| Ok(self.answers(&queries, k, Selection::Words(words), Self::scan)))
    }

    /// Calls `search` with the words of a filter, of which a predicate is made one.
    pub(crate) fn with_words<T>(
        &self,
        filter: &Filter<'_>,
        search: impl FnOnce(&[u64]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match filter {
            Filter::Bitset(set) => search(self.words_of(set)?),
            Filter::Predicate(accept) => search(&self.filter(accept).words),
        }
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
        scan: impl Fn(&Self, &[Vec<f32>], usize, Selection<'_>) -> Vec<TopK>,
    ) -> Vec<Vec<Neighbor>> {
        self.planned_answers(queries, k, self.planned(selection, k, queries.len()), scan)
    }

    /// The way to go through the vectors of a bitset, for so many queries.
    pub(crate) fn planned<'a>(&self, selection: Selection<'a>, k: usize, queries: usize) -> Selection<'a> {
        match selection {
            Selection::Words(words)
                if few(words, &self.store.shape, self.store.vectors(), queries, self.candidates(k)) =>
            {
                Selection::Few(words)
            }
            other => other,
        }
    }

    /// How many vectors are looked for to find `k`.
    fn candidates(&self, k: usize) -> usize {
        match self.config.dtype {
            Dtype::Int8 => k.saturating_mul(self.config.rescore.max(1)),
            Dtype::F32 | Dtype::F16 => k,
        }
    }

    /// [`Self::answers`] by the way that was chosen.
    pub(crate) fn planned_answers(
        &self,
        queries: &[Vec<f32>],
        k: usize,
        selection: Selection<'_>,
        scan: impl Fn(&Self, &[Vec<f32>], usize, Selection<'_>) -> Vec<TopK>,
    ) -> Vec<Vec<Neighbor>> {
        if k == 0 {
            return vec![Vec::new(); queries.len()];
        }
        let candidates = self.candidates(k);
        let scored_again = self.config.dtype == Dtype::Int8 && !matches!(selection, Selection::Few(_));
        let mut tops = scan(self, queries, if scored_again { candidates } else { k }, selection);
        if scored_again {
            let scan = self.whole(selection);
            for (query, top) in queries.iter().zip(&mut tops) {
                *top = scan.rescored(query, top, k);
            }
        }
        tops.into_iter().map(|top| top.into_neighbors(self.config.metric)).collect()
    }

    fn whole<'a>(&'a self, selection: Selection<'a>) -> Scan<'a> {
        Scan { store: &self.store, metric: self.config.metric, selection, blocks: self.store.blocks() }
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

    /// Whether a predicate accepts so few vectors, judged by a sample, that asking it for all of them pays.
    ///
    /// Otherwise it is asked only for vectors that are good enough. If it accepts few, these are many: a share `s`
    /// and `n` vectors make about `k / s * (1 + ln(n * s / k))` of them.
    fn is_rare(&self, accept: &dyn Fn(u64) -> bool) -> bool {
        const SAMPLE: usize = 2048;
        const RARE: usize = 100;
        let step = self.store.vectors() / SAMPLE;
        if step == 0 {
            return false;
        }
        let mut accepted = 0;
        let mut sampled = 0;
        for (_, id) in self.store.live().step_by(step) {
            sampled += 1;
            accepted += usize::from(accept(id));
        }
        accepted * RARE <= sampled
    }

    fn words_of<'a>(&self, set: &'a crate::Bitset) -> Result<&'a [u64], Error> {
        if set.layout == self.layout { Ok(&set.words) } else { Err(Error::StaleFilter) }
    }
}
