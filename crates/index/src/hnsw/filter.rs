//! Searches under a filter.

use super::{HnswIndex, Score};
use crate::buffer::LANES;
use crate::neighbor::TopK;
use crate::simd::run;
use crate::{Bitset, Error, Filter, Neighbor};

/// One match in so many vectors, or fewer, are compared all: the graph would be asked for as many.
const FEW: usize = 20;

impl HnswIndex {
    /// [`Self::search`] among the vectors that the filter accepts: never one that it excludes, and `min(k, matches)`
    /// answers always.
    ///
    /// The graph is asked for so many more candidates as there are vectors to a match; where that gives fewer than `k`,
    /// and where one vector in twenty or fewer match, all matches are compared. A predicate is asked for each vector, and
    /// finds what its bitset finds: make that when there is more than one query.
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
        self.with_words(filter, |words| self.found_in(&query, k, words))
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
        self.with_words(filter, |words| queries.iter().map(|query| self.found_in(query, k, words)).collect())
    }

    /// The set of those vectors whose id `accept` accepts, for [`Filter::Bitset`]. It is of no use any more after vectors
    /// were added; removing and replacing some does no harm.
    pub fn filter(&self, mut accept: impl FnMut(u64) -> bool) -> Bitset {
        self.set_of(self.slots.iter().filter(|(id, _)| accept(**id)).map(|(_, slot)| *slot))
    }

    /// The set of the vectors with these ids, for [`Filter::Bitset`]. Ids that are not in the index add nothing.
    pub fn filter_ids(&self, ids: impl IntoIterator<Item = u64>) -> Bitset {
        self.set_of(ids.into_iter().filter_map(|id| self.slots.get(&id).copied()))
    }

    fn set_of(&self, slots: impl Iterator<Item = usize>) -> Bitset {
        let mut words = vec![0u64; self.ids.len().div_ceil(LANES)];
        for slot in slots {
            if let Some(word) = words.get_mut(slot / LANES) {
                *word |= 1 << (slot % LANES);
            }
        }
        Bitset { words, layout: self.layout }
    }

    fn with_words<T>(
        &self,
        filter: &Filter<'_>,
        search: impl FnOnce(&[u64]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match filter {
            Filter::Bitset(set) if set.layout == self.layout => search(&set.words),
            Filter::Bitset(_) => Err(Error::StaleFilter),
            Filter::Predicate(accept) => search(&self.filter(accept).words),
        }
    }

    fn found_in(&self, query: &[f32], k: usize, words: &[u64]) -> Result<Vec<Neighbor>, Error> {
        // A vector that was removed since keeps its bit in the set.
        let marked = || words.iter().zip(&self.live).map(|(word, live)| word & live);
        let matches: usize = marked().map(|word| word.count_ones() as usize).sum();
        let (k, len) = (k.min(matches), self.len());
        if k == 0 {
            return Ok(Vec::new());
        }
        let mut top = TopK::new(k);
        let candidates = k.saturating_mul(self.config.rescore.max(1));
        if matches > candidates && matches.saturating_mul(FEW) > len {
            // A quarter more, since matches are not spread evenly.
            let share = len as f64 / matches as f64;
            let wanted = (candidates as f64 * share * 1.25).ceil() as usize;
            let slots = self.graph.search(query, wanted.clamp(k, len))?;
            let matching =
                |slot: &usize| words.get(slot / LANES).is_some_and(|word| word >> (slot % LANES) & 1 == 1);
            run(Score { index: self, query, slots: slots.into_iter().filter(matching), top: &mut top });
        }
        if top.len() < k {
            top = TopK::new(k);
            run(Score { index: self, query, slots: slots_of(marked()), top: &mut top });
        }
        Ok(top.into_neighbors(self.config.metric))
    }
}

/// The slots that are marked, ascending.
fn slots_of(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.enumerate().flat_map(|(number, word)| {
        let rests = std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)));
        rests.take_while(|rest| *rest != 0).map(move |rest| number * LANES + rest.trailing_zeros() as usize)
    })
}
