use std::fmt;

use crate::FlatIndex;
use crate::buffer::LANES;
use crate::segment::SEGMENT_BLOCKS;

/// A set of vectors of one index, one bit a position. Made by [`FlatIndex::filter`] and [`FlatIndex::filter_ids`].
///
/// It belongs to the index as it was then. Removing vectors and replacing them does no harm as long as none
/// are moved. After adding any, after a compaction ([`FlatIndex::remove`] does one when 20 % are removed), and after
/// replacing one of a mapped file, positions mean something else: a search with the bitset is then an error
/// ([`crate::Error::StaleFilter`]) and not a wrong answer.
#[derive(Debug, Clone)]
pub struct Bitset {
    /// A word for each block of the index, as it marks its live vectors.
    pub(crate) words: Vec<u64>,
    pub(crate) layout: u64,
}

impl Bitset {
    /// How many vectors the set holds (those removed since included).
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}

impl FlatIndex {
    /// The set of those vectors whose id `accept` accepts, for [`Filter::Bitset`].
    pub fn filter(&self, mut accept: impl FnMut(u64) -> bool) -> Bitset {
        let mut words = vec![0u64; self.store.blocks().len()];
        for (segment, words) in self.store.segments.iter().zip(words.chunks_mut(SEGMENT_BLOCKS)) {
            for ((word, live), ids) in words.iter_mut().zip(&segment.live).zip(segment.ids.chunks(LANES)) {
                for (lane, id) in ids.iter().enumerate() {
                    if live >> lane & 1 == 1 {
                        *word |= u64::from(accept(*id)) << lane;
                    }
                }
            }
        }
        Bitset { words, layout: self.layout }
    }

    /// The set of the vectors with these ids, for [`Filter::Bitset`]. Ids that are not in the index add nothing.
    pub fn filter_ids(&self, ids: impl IntoIterator<Item = u64>) -> Bitset {
        let mut words = vec![0u64; self.store.blocks().len()];
        for position in ids.into_iter().filter_map(|id| self.positions.get(&id)) {
            if let Some(word) = words.get_mut(position / LANES) {
                *word |= 1 << (position % LANES);
            }
        }
        Bitset { words, layout: self.layout }
    }
}

/// Which vectors a search may return.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Filter<'a> {
    /// Those in the set: the fast way when a filter is used for more than one query.
    Bitset(&'a Bitset),
    /// Those whose id the function accepts. It must always say the same of an id. A search asks it for vectors that
    /// are in the index alone, for some of them or all, and for none more than twice.
    Predicate(&'a (dyn Fn(u64) -> bool + Sync)),
}

impl fmt::Debug for Filter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bitset(set) => f.debug_tuple("Bitset").field(&set.count()).finish(),
            Self::Predicate(_) => f.write_str("Predicate"),
        }
    }
}
