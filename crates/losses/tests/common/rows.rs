//! Embeddings by formula, the same as golden/losses.py makes.

/// Uniform in [-1, 1): the upper 24 bits of splitmix64.
pub(crate) fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f64 / f64::from(1 << 23) - 1.0
    };
    std::iter::repeat_with(next).take(n).collect()
}

/// A row for each of `groups`: rows of one group lie around one centre, `spread` tells how closely. Single precision.
pub(crate) fn embeddings(seed: u64, groups: &[u64], dim: usize, spread: f64, scale: f64) -> Vec<Vec<f64>> {
    let own = noise(groups.len() * dim, seed);
    let row = |(group, own): (&u64, &[f64])| {
        let centre = noise(dim, 1000 + group);
        centre.iter().zip(own).map(|(c, o)| f64::from(((c + spread * o) * scale) as f32)).collect()
    };
    groups.iter().zip(own.chunks(dim)).map(row).collect()
}
