use super::IvfIndex;
use super::quantizer::Ranked;
use crate::neighbor::TopK;
use crate::quantize::quantize;
use crate::scan::{Scan, Selection};
use crate::{Dtype, Error, Filter, FlatIndex, Metric, Neighbor};

/// With a margin, lists are looked into so many at a time; then the margin is compared with what was found.
const LISTS_AT_ONCE: usize = 64;

impl IvfIndex {
    /// The `k` nearest vectors among those of the `nprobe` nearest lists, best first: score descending, then id
    /// ascending. While that is fewer than `k` (int8: than there are candidates to score again) and
    /// vectors are left, further lists are looked into: so there are `min(k, len)` answers always.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::search`].
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        self.flat.one(query, |queries| self.answers(queries, k))
    }

    /// [`Self::search`] for many queries, `queries[row * dim..][..dim]` each: one answer a query, equal bit for bit
    /// to that of a single search.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::search_batch`].
    pub fn search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        Ok(self.answers(&self.flat.prepare_batch(queries)?, k))
    }

    /// [`Self::search`] among the vectors that the filter accepts: never one that it excludes, and `min(k, matches)`
    /// answers always. When few vectors match a bitset they are compared all, whatever list they are in.
    ///
    /// # Errors
    /// As [`Self::search`], and [`Error::StaleFilter`].
    pub fn search_filtered(
        &self,
        query: &[f32],
        k: usize,
        filter: &Filter<'_>,
    ) -> Result<Vec<Neighbor>, Error> {
        self.flat
            .filtered(query, k, filter, |flat, queries, k, selection| self.scan(flat, queries, k, selection))
    }

    fn answers(&self, queries: &[Vec<f32>], k: usize) -> Vec<Vec<Neighbor>> {
        self.flat.answers(queries, k, Selection::All, |flat, queries, k, selection| {
            self.scan(flat, queries, k, selection)
        })
    }

    fn scan(&self, flat: &FlatIndex, queries: &[Vec<f32>], k: usize, selection: Selection<'_>) -> Vec<TopK> {
        if let Selection::Few(_) = selection {
            return flat.scan(queries, k, selection);
        }
        queries.iter().map(|query| self.scan_lists(query, k, selection)).collect()
    }

    /// The `k` best of the lists looked into.
    fn scan_lists(&self, query: &Vec<f32>, k: usize, selection: Selection<'_>) -> TopK {
        let metric = self.metric();
        let scan = Scan { store: &self.flat.store, metric, selection, blocks: 0..0 };
        let mut ranked = Vec::with_capacity(self.lists.len());
        self.quantizer.rank(metric, query, &mut ranked);
        let mut top = TopK::new(k);
        let margin = self.config.margin.filter(|_| metric != Metric::InnerProduct);
        let distances = margin.map(|margin| (margin, Distances::new(self, query)));
        let (mut rest, mut ranges) = (ranked.as_mut_slice(), Vec::new());
        while !rest.is_empty() && top.candidates().count() < k {
            let nprobe = self.nprobe().min(rest.len());
            // The nearest lists first: the sooner the threshold rises, the fewer vectors reach the heap.
            rest.select_nth_unstable(nprobe - 1);
            let (now, later) = rest.split_at_mut(nprobe);
            now.sort_unstable();
            let at_once = if distances.is_some() { LISTS_AT_ONCE } else { nprobe };
            for now in now.chunks(at_once) {
                ranges.clear();
                let far = distances.as_ref().map(|(margin, distances)| (*margin, distances.worst(&top)));
                let too_far = |ranked: &Ranked| {
                    far.is_some_and(|(margin, worst)| self.quantizer.least_distance(*ranked, margin) > worst)
                };
                let near = now.iter().filter(|ranked| !too_far(ranked));
                let lists = near.filter_map(|ranked| self.lists.get(ranked.list()));
                ranges.extend(lists.flat_map(|list| list.blocks.iter().cloned()));
                scan.run_over(&ranges, query, &mut top);
            }
            rest = later;
        }
        top
    }
}

/// From scores of a scan to squared distances: `offset - factor * score`.
struct Distances {
    offset: f32,
    factor: f32,
}

impl Distances {
    /// Under cosine and L2. A cosine's distance is that of vectors of length one.
    fn new(index: &IvfIndex, query: &[f32]) -> Self {
        let int8 = index.dtype() == Dtype::Int8;
        let (offset, factor) = match index.metric() {
            // Scores of codes leave out what is the same for all vectors: under cosine the query's scale, under L2
            // its squared norm.
            Metric::L2 if int8 => (query.iter().map(|value| value * value).sum(), 1.0),
            Metric::L2 => (0.0, 1.0),
            _ if int8 => (2.0, 2.0 * quantize(query).0),
            _ => (2.0, 2.0),
        };
        Self { offset, factor }
    }

    /// The distance of the worst candidate; infinite while there is room for more.
    fn worst(&self, top: &TopK) -> f32 {
        self.offset - self.factor * top.threshold(false)
    }
}
