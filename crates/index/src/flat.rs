use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::blocks::{Blocks, LANES};
use crate::vector::divisor;
use crate::{Bitset, Dtype, Error, FlatIndexConfig, Metric};

/// An exact index: every search looks at every vector.
///
/// Vectors are found by the `u64` ids the caller gives them. Nothing here depends on the order of a hash map or on
/// the number of queries in a call: equal contents give equal answers, bit for bit.
#[derive(Debug)]
pub struct FlatIndex {
    pub(crate) config: FlatIndexConfig,
    pub(crate) blocks: Blocks,
    pub(crate) positions: HashMap<u64, usize>,
    /// Stamp of the positions as they are, unique in the process; see [`Bitset`].
    pub(crate) layout: u64,
}

fn next_layout() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Clone for FlatIndex {
    fn clone(&self) -> Self {
        Self {
            config: self.config.clone(),
            blocks: self.blocks.clone(),
            positions: self.positions.clone(),
            layout: next_layout(),
        }
    }
}

impl FlatIndex {
    /// Dead positions below this number are not worth a compaction.
    const COMPACT_FROM: usize = 1024;

    /// An empty index.
    ///
    /// # Errors
    /// [`Error::InvalidDim`] when the dimension is zero or above [`crate::MAX_DIM`].
    pub fn new(config: &FlatIndexConfig) -> Result<Self, Error> {
        config.check()?;
        Ok(Self::from_blocks(config.clone(), Blocks::new(config.dim), HashMap::new()))
    }

    pub(crate) fn from_blocks(
        config: FlatIndexConfig,
        blocks: Blocks,
        positions: HashMap<u64, usize>,
    ) -> Self {
        Self { config, blocks, positions, layout: next_layout() }
    }

    /// Adds one vector.
    ///
    /// # Errors
    /// [`Error::WrongDim`], [`Error::NotFinite`], [`Error::ZeroVector`] (cosine), [`Error::TooLong`] (inner product,
    /// L2), [`Error::DuplicateId`]. The index is then unchanged.
    pub fn add(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        self.check_dim(vector)?;
        if self.contains(id) {
            return Err(Error::DuplicateId { id });
        }
        let divisor = divisor(self.config.metric, 0, vector)?;
        self.layout = next_layout();
        self.push(id, vector, divisor);
        Ok(())
    }

    /// Adds `ids.len()` vectors, `vectors[row * dim..][..dim]` being that of `ids[row]`: all of them or none.
    ///
    /// # Errors
    /// As [`Self::add`], and [`Error::BatchLength`].
    pub fn add_batch(&mut self, ids: &[u64], vectors: &[f32]) -> Result<(), Error> {
        let expected = ids.len().saturating_mul(self.config.dim);
        if vectors.len() != expected {
            return Err(Error::BatchLength { expected, got: vectors.len() });
        }
        let mut seen = HashSet::with_capacity(ids.len());
        for id in ids {
            if self.contains(*id) || !seen.insert(*id) {
                return Err(Error::DuplicateId { id: *id });
            }
        }
        drop(seen);
        let rows = vectors.chunks_exact(self.config.dim);
        let divisors = rows.clone().enumerate().map(|(row, vector)| divisor(self.config.metric, row, vector));
        let divisors = divisors.collect::<Result<Vec<f64>, Error>>()?;
        if ids.is_empty() {
            return Ok(());
        }
        self.layout = next_layout();
        self.blocks.reserve(ids.len());
        self.positions.reserve(ids.len());
        for ((id, vector), divisor) in ids.iter().zip(rows).zip(divisors) {
            self.push(*id, vector, divisor);
        }
        Ok(())
    }

    fn push(&mut self, id: u64, vector: &[f32], divisor: f64) {
        let position = self.blocks.push(id, scaled(vector, divisor));
        self.positions.insert(id, position);
    }

    /// Removes a vector; false when the id is not there.
    pub fn remove(&mut self, id: u64) -> bool {
        let Some(position) = self.positions.remove(&id) else {
            return false;
        };
        self.blocks.clear(position);
        let dead = self.blocks.positions() - self.positions.len();
        if dead >= Self::COMPACT_FROM && dead > self.positions.len() {
            self.compact();
        }
        true
    }

    fn compact(&mut self) {
        self.blocks = self.blocks.compacted();
        self.positions = self.blocks.live().map(|(position, id)| (id, position)).collect();
        self.layout = next_layout();
    }

    /// Puts another vector under an id that is in the index.
    ///
    /// # Errors
    /// [`Error::UnknownId`], otherwise as [`Self::add`]. The index is then unchanged.
    pub fn replace(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        self.check_dim(vector)?;
        let Some(position) = self.positions.get(&id) else {
            return Err(Error::UnknownId { id });
        };
        let divisor = divisor(self.config.metric, 0, vector)?;
        self.blocks.write(*position, scaled(vector, divisor));
        Ok(())
    }

    /// The vector under an id as it is stored: of length one when the metric is cosine.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Vec<f32>> {
        self.positions.get(&id).map(|position| self.blocks.read(*position).collect())
    }

    /// Whether the id is in the index.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.positions.contains_key(&id)
    }

    /// The ids in insertion order.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.blocks.live().map(|(_, id)| id)
    }

    /// How many vectors are in the index.
    #[must_use]
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Components of each vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.config.dim
    }

    /// What "near" means here.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.config.metric
    }

    /// How components are stored.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.config.dtype
    }

    /// Bytes one vector takes in the search structure: its components and its id. The mark (one bit) and the table
    /// from ids to positions (19 to 39 bytes) come on top; [`Self::memory_bytes`] counts everything.
    #[must_use]
    pub fn bytes_per_vector(&self) -> usize {
        self.config.dim * self.config.dtype.size() + size_of::<u64>()
    }

    /// Bytes the index holds now, spare capacity included (the table from ids to positions by estimate).
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        // The standard table has 8 slots for 7 entries and one control byte a slot.
        let slots = (self.positions.capacity() * 8 / 7).next_power_of_two();
        self.blocks.capacity_bytes() + slots * (size_of::<(u64, usize)>() + 1)
    }

    /// The set of those vectors whose id `accept` accepts, for [`crate::Filter::Bitset`].
    pub fn filter(&self, mut accept: impl FnMut(u64) -> bool) -> Bitset {
        let mut words = vec![0u64; self.blocks.positions().div_ceil(LANES)];
        for (position, id) in self.blocks.live() {
            if let Some(word) = words.get_mut(position / LANES)
                && accept(id)
            {
                *word |= 1 << (position % LANES);
            }
        }
        Bitset { words, layout: self.layout }
    }

    pub(crate) fn check_dim(&self, vector: &[f32]) -> Result<(), Error> {
        if vector.len() != self.config.dim {
            return Err(Error::WrongDim { expected: self.config.dim, got: vector.len() });
        }
        Ok(())
    }
}

/// The vector as it is stored. Division in f64, so that very small and very large components keep their direction.
pub(crate) fn scaled(vector: &[f32], divisor: f64) -> impl Iterator<Item = f32> {
    vector.iter().map(move |value| (f64::from(*value) / divisor) as f32)
}
