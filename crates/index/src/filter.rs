use std::fmt;

/// A set of vectors of one index, one bit a position. Made by [`crate::FlatIndex::filter`].
///
/// It belongs to the index as it was then. Removing vectors and replacing them does no harm; after adding any, the
/// bitset would say nothing about the new ones, so a search with it is an error
/// ([`crate::Error::StaleFilter`]) and not a wrong answer.
#[derive(Debug, Clone)]
pub struct Bitset {
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

/// Which vectors a search may return.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Filter<'a> {
    /// Those in the set: the fast way when a filter is used for more than one query.
    Bitset(&'a Bitset),
    /// Those whose id the function accepts. It is asked at most once for each vector of the index.
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
