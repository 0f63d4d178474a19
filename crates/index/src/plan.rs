//! Which way a search goes through the vectors of a bitset.

use crate::Dtype;
use crate::kernel::{GROUP, GROUPS, Lanes};
use crate::segment::Shape;
use crate::simd::{Vectorized, run};

/// Whether so few vectors are wanted that looking each of them up takes less time than scanning their blocks under a
/// mask. The shares below are where the two met, measured with 1 M x 64; both sides grow with the dimension.
/// `candidates` is how many int8 would score again anyway.
///
/// Counting the vectors stops where the answer is known: it would take a tenth of a search otherwise.
pub(crate) fn few(words: &[u64], shape: &Shape, vectors: usize, queries: usize, candidates: usize) -> bool {
    match shape.dtype {
        // Looked up vectors have exact scores, and a scan of codes may miss one: the choice must not depend on the
        // number of queries, or a batch would not answer as its queries alone.
        Dtype::Int8 => at_most::<false>(words, (vectors / 40).max(candidates)),
        // One vector is copied together for all queries. That takes as long as a scan takes to score it for so many
        // queries, and a scan for less than 8 queries waits for memory as if there were 8.
        _ if queries > 1 || shape.row_copy => {
            let copying = match shape.dtype {
                _ if !shape.row_copy => 192,
                Dtype::F16 => 158,
                _ => 70,
            };
            at_most::<false>(words, vectors.saturating_mul(queries.max(8)) / (copying + 2 * queries))
        }
        // A vector by itself costs as much as its group: its components are in as many cache lines.
        Dtype::F16 => at_most::<true>(words, vectors.div_ceil(GROUP) * 3 / 16),
        Dtype::F32 => at_most::<true>(words, vectors.div_ceil(GROUP) * 7 / 16),
    }
}

/// Whether there are no more than `limit` bits set, or with `GROUPED` no more groups of 16 lanes with one.
fn at_most<const GROUPED: bool>(words: &[u64], limit: usize) -> bool {
    let mut within = false;
    run(Count::<GROUPED> { words, limit, within: &mut within });
    within
}

struct Count<'a, const GROUPED: bool> {
    words: &'a [u64],
    limit: usize,
    within: &'a mut bool,
}

impl<const GROUPED: bool> Vectorized for Count<'_, GROUPED> {
    #[inline(always)]
    fn run<S: Lanes>(self, _simd: S) {
        /// Words between two looks at the sum.
        const STEP: usize = 64;
        let mut count = 0;
        for words in self.words.chunks(STEP) {
            for word in words {
                count += if GROUPED { groups(*word) } else { word.count_ones() } as usize;
            }
            if count > self.limit {
                return;
            }
        }
        *self.within = true;
    }
}

/// Groups of 16 lanes with a bit that is set.
#[inline(always)]
fn groups(word: u64) -> u32 {
    const LANES: u64 = u64::MAX / 0xffff;
    // The greatest bit of each group: whether one below is set, or it is itself.
    let top = LANES << (GROUP - 1);
    const { assert!(GROUP * GROUPS == 64) };
    (((word & !top) + !top) & top | word & top).count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::LANES;

    fn shape(dtype: Dtype, row_copy: bool) -> Shape {
        Shape { dim: 8, dtype, norms: false, row_copy }
    }

    #[test]
    fn shares_decide() {
        let every = |step: usize| -> Vec<u64> {
            let bit = |position: usize| u64::from(position.is_multiple_of(step)) << (position % LANES);
            (0..1000).map(|block| (0..LANES).map(|lane| bit(block * LANES + lane)).sum()).collect()
        };
        for dtype in [Dtype::F32, Dtype::F16, Dtype::Int8] {
            for queries in [1, 6, 100] {
                for shape in [false, true].map(|copy| shape(dtype, copy)) {
                    assert!(few(&every(1000), &shape, 64_000, queries, 10));
                    assert!(!few(&every(2), &shape, 64_000, queries, 10));
                    assert!(few(&[], &shape, 0, queries, 10));
                }
            }
            let ten = |copy, queries| few(&every(10), &shape(dtype, copy), 64_000, queries, 10);
            assert_eq!(ten(false, 100), dtype != Dtype::Int8, "many queries share the copying");
            assert!(!ten(false, 1));
            assert_eq!(ten(true, 1), dtype == Dtype::F32, "a ninth of f32, a twentieth of f16");
            assert!(few(&every(15), &shape(dtype, false), 64_000, 1, 5000) == (dtype == Dtype::Int8));
        }
    }

    #[test]
    fn counts_stop_at_the_limit_and_not_before() {
        for words in [vec![], vec![0; 300], vec![u64::MAX; 200], (0..999).map(|i| i * i * 0x1_0001).collect()]
        {
            let bits: usize = words.iter().map(|word: &u64| word.count_ones() as usize).sum();
            let grouped = |word: &u64| (0..GROUPS).filter(|g| word >> (g * GROUP) & 0xffff != 0).count();
            let grouped: usize = words.iter().map(grouped).sum();
            assert!(at_most::<false>(&words, bits) && at_most::<true>(&words, grouped));
            assert!(bits == 0 || !at_most::<false>(&words, bits - 1));
            assert!(grouped == 0 || !at_most::<true>(&words, grouped - 1));
        }
        for (word, count) in [(0, 0), (1, 1), (1 << 16 | 1 << 17 | 1 << 63, 2), (1 << 15 | 1 << 32, 2)] {
            assert_eq!(groups(word), count);
        }
        assert_eq!(groups(u64::MAX), 4);
    }
}
