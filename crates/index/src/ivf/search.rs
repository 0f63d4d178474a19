use super::IvfIndex;
use crate::neighbor::TopK;
use crate::scan::{Scan, Selection};
use crate::{Error, Filter, Neighbor};

impl IvfIndex {
    /// The `k` nearest vectors among those of the `nprobe` nearest lists, best first: score descending, then id
    /// ascending. While that is fewer than `k` and vectors are left, further lists are looked into: so there are
    /// `min(k, len)` answers always.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::search`].
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        self.flat.one(query, |queries| self.answers(queries, k, Selection::All))
    }

    /// [`Self::search`] for many queries, `queries[row * dim..][..dim]` each: one answer a query, equal bit for bit
    /// to that of a single search.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::search_batch`].
    pub fn search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        Ok(self.answers(&self.flat.prepare_batch(queries)?, k, Selection::All))
    }

    /// [`Self::search`] among the vectors that the filter accepts: never one that it excludes, and `min(k, matches)`
    /// answers always. Few matches are compared all, so that the answer is exact.
    ///
    /// # Errors
    /// As [`Self::search`], and [`Error::StaleFilter`].
    pub fn search_filtered(
        &self,
        query: &[f32],
        k: usize,
        filter: &Filter<'_>,
    ) -> Result<Vec<Neighbor>, Error> {
        let selection = self.flat.selection(filter)?;
        self.flat.one(query, |queries| self.answers(queries, k, selection))
    }

    fn answers(&self, queries: &[Vec<f32>], k: usize, selection: Selection<'_>) -> Vec<Vec<Neighbor>> {
        self.flat.answers(queries, k, selection, &|_, queries, k, selection| {
            queries.iter().map(|query| self.scan(query, k, selection)).collect()
        })
    }

    /// The `k` best of the lists looked into.
    fn scan(&self, query: &Vec<f32>, k: usize, selection: Selection<'_>) -> TopK {
        let store = &self.flat.store;
        let mut ranked = Vec::with_capacity(self.lists.len());
        self.quantizer.rank(self.metric(), query, &mut ranked);
        let scan = Scan { store, metric: self.metric(), selection, blocks: 0..0 };
        let mut top = TopK::new(k);
        let (mut rest, mut ranges) = (ranked.as_mut_slice(), Vec::new());
        while !rest.is_empty() && top.candidates().count() < k {
            let nprobe = self.nprobe().min(rest.len());
            // The nearest lists first: the sooner the threshold rises, the fewer vectors reach the heap.
            rest.select_nth_unstable(nprobe - 1);
            let (now, later) = rest.split_at_mut(nprobe);
            now.sort_unstable();
            ranges.clear();
            let lists = now.iter().filter_map(|ranked| self.lists.get(ranked.list()));
            ranges.extend(lists.flat_map(|list| list.blocks.iter().cloned()));
            scan.run_over(&ranges, std::slice::from_ref(query), std::slice::from_mut(&mut top));
            rest = later;
        }
        top
    }
}
