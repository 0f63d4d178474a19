//! Which way a search goes through the vectors of a bitset.

use crate::Dtype;
use crate::kernel::{GROUP, GROUPS};

/// Whether so few vectors are wanted that looking each of them up takes less time than scanning their blocks under a
/// mask. The shares below are where the two met, measured on Zen 5 with 1 M x 64; both sides grow with the dimension.
pub(crate) fn few(words: &[u64], dtype: Dtype, vectors: usize, queries: usize) -> bool {
    let wanted: usize = words.iter().map(|word| word.count_ones() as usize).sum();
    match dtype {
        // Looked up vectors have exact scores, and a scan of codes may miss one: the choice must not depend on the
        // number of queries, or a batch would not answer as its queries alone.
        Dtype::Int8 => wanted.saturating_mul(40) <= vectors,
        // One vector is copied together for all queries. That takes as long as a scan takes to score it for some 192
        // queries, and a scan for less than 8 queries waits for memory as if there were 8.
        _ if queries > 1 => {
            wanted.saturating_mul(192 + 2 * queries) <= vectors.saturating_mul(queries.max(8))
        }
        // A vector by itself costs as much as its group: its components are in as many cache lines.
        Dtype::F32 => wanted_groups(words) * 16 <= vectors.div_ceil(GROUP) * 7,
        Dtype::F16 => wanted_groups(words) * 16 <= vectors.div_ceil(GROUP) * 3,
    }
}

/// Groups of 16 lanes with a bit that is set.
fn wanted_groups(words: &[u64]) -> usize {
    let groups = |word: &u64| (0..GROUPS).filter(|group| word >> (group * GROUP) & 0xffff != 0).count();
    words.iter().map(groups).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::LANES;

    #[test]
    fn shares_decide() {
        let every = |step: usize| -> Vec<u64> {
            let bit = |position: usize| u64::from(position.is_multiple_of(step)) << (position % LANES);
            (0..1000).map(|block| (0..LANES).map(|lane| bit(block * LANES + lane)).sum()).collect()
        };
        for dtype in [Dtype::F32, Dtype::F16, Dtype::Int8] {
            for queries in [1, 6, 100] {
                assert!(few(&every(1000), dtype, 64_000, queries));
                assert!(!few(&every(2), dtype, 64_000, queries));
                assert!(few(&[], dtype, 0, queries));
            }
            let shared = few(&every(10), dtype, 64_000, 100);
            assert_eq!(shared, dtype != Dtype::Int8, "many queries share the copying");
            assert!(!few(&every(10), dtype, 64_000, 1));
        }
        assert_eq!(wanted_groups(&[0, 1, 1 << 16 | 1 << 17 | 1 << 63, u64::MAX]), 7);
    }
}
