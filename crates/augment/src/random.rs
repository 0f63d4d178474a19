//! Random numbers: the same seed gives the same numbers, on every machine.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// For what is drawn: few numbers, of good quality.
pub(crate) struct Draws(ChaCha12Rng);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    pub(crate) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 0 to 1, without 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Below `n`, which is at least 1.
    pub(crate) fn index(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Whether something of this probability happens. Draws a number in any case.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// Number `index` of a sequence: a hash of both (the finish of splitmix64), so that loops over many are fast.
#[inline(always)]
fn hash(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Sample `index` of white noise of variance 1, near to Gaussian: the sum of four uniform numbers, which never exceeds
/// 3.5.
#[inline(always)]
pub(crate) fn white(seed: u64, index: u64) -> f32 {
    let bits = hash(seed, index);
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    // Each has the mean 65535 / 2 and the variance (65536^2 - 1) / 12.
    (sum as f32 - 131_070.0) * (1.732_050_8 / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_white_and_nearly_gaussian() {
        let x: Vec<f64> = (0..200_000).map(|i| f64::from(white(5, i))).collect();
        let mean = |f: &dyn Fn(usize) -> f64| (1..x.len()).map(f).sum::<f64>() / (x.len() - 1) as f64;
        assert!(mean(&|i| x[i]).abs() < 0.01);
        assert!((mean(&|i| x[i] * x[i]) - 1.0).abs() < 0.02);
        assert!(mean(&|i| x[i] * x[i - 1]).abs() < 0.01);
        let kurtosis = mean(&|i| x[i].powi(4));
        assert!((kurtosis - 2.7).abs() < 0.05, "{kurtosis}");
        assert_ne!(white(5, 1), white(6, 1));
    }

    #[test]
    fn draws_are_uniform_and_fixed_by_the_seed() {
        let mut draws = Draws::new(7);
        let values: Vec<f64> = (0..10_000).map(|_| draws.between(-2.0, 4.0)).collect();
        assert!(values.iter().all(|v| (-2.0..4.0).contains(v)));
        assert!((values.iter().sum::<f64>() / 1e4 - 1.0).abs() < 0.06);
        assert_eq!(Draws::new(3).seed(), Draws::new(3).seed());
        assert_ne!(Draws::new(3).seed(), Draws::new(4).seed());
        let counts = (0..9000).fold([0; 3], |mut c, _| {
            c[draws.index(3)] += 1;
            c
        });
        assert!(counts.iter().all(|c| (2800..3200).contains(c)), "{counts:?}");
        assert!(!draws.happens(0.0) && draws.happens(1.0));
    }
}
