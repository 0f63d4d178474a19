//! Draws that depend on their names alone: what step 700 sees is the same whether steps 1 to 699 ran or not.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of draws is for; streams of different purposes never meet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Training = 1,
    Validation = 2,
    Pairs = 3,
    Queries = 4,
    Modifications = 5,
}

/// One stream of draws.
#[derive(Debug, Clone)]
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The stream of `purpose` number `index` under `seed`.
    pub(crate) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&index.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A seed for somebody else's stream.
    pub(crate) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `0..n`; 0 for `n` = 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        // Of 64 bits the bias of a product is under n / 2^64.
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// Uniform in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_each_of_their_names() {
        let first = |seed, purpose, index| Random::new(seed, purpose, index).seed();
        let one = first(1, Purpose::Training, 1);
        assert_eq!(one, first(1, Purpose::Training, 1));
        assert_ne!(one, first(2, Purpose::Training, 1));
        assert_ne!(one, first(1, Purpose::Validation, 1));
        assert_ne!(one, first(1, Purpose::Training, 2));
    }

    #[test]
    fn draws_stay_in_range() {
        let mut random = Random::new(3, Purpose::Pairs, 0);
        assert!((0..1000).all(|_| random.below(7) < 7 && (0.0..1.0).contains(&random.unit())));
        assert_eq!(random.below(0), 0);
        let hits = (0..10_000).filter(|_| random.chance(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }
}
