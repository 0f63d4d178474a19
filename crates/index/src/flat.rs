use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::half::MAX_HALF;
use crate::segment::Shape;
use crate::store::Store;
use crate::vector::divisor;
use crate::{Dtype, Error, FlatIndexConfig, Metric};

/// An exact index: every search looks at every vector.
///
/// Vectors are found by the `u64` ids the caller gives them. Nothing here depends on the order of a hash map or on
/// the number of queries in a call: equal contents give equal answers, bit for bit.
#[derive(Debug)]
pub struct FlatIndex {
    pub(crate) config: FlatIndexConfig,
    pub(crate) store: Store,
    pub(crate) positions: HashMap<u64, usize>,
    /// Stamp of the positions as they are, unique in the process; see [`crate::Bitset`].
    pub(crate) layout: u64,
}

pub(crate) fn next_layout() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Clone for FlatIndex {
    fn clone(&self) -> Self {
        Self {
            config: self.config.clone(),
            store: self.store.clone(),
            positions: self.positions.clone(),
            layout: next_layout(),
        }
    }
}

impl FlatIndex {
    /// Fewer dead vectors are not worth a compaction.
    const COMPACT_FROM: usize = 1024;
    /// One dead vector in so many makes a compaction due: when more than 20 % are dead.
    const COMPACT_SHARE: usize = 5;

    /// An empty index.
    ///
    /// # Errors
    /// [`Error::InvalidDim`] when the dimension is zero or above [`crate::MAX_DIM`].
    pub fn new(config: &FlatIndexConfig) -> Result<Self, Error> {
        config.check()?;
        Ok(Self::from_store(config.clone(), Store::new(Shape::new(config)), HashMap::new()))
    }

    /// `positions` are those of the store's live vectors.
    pub(crate) fn from_store(config: FlatIndexConfig, store: Store, positions: HashMap<u64, usize>) -> Self {
        Self { config, store, positions, layout: next_layout() }
    }

    /// Adds one vector.
    ///
    /// # Errors
    /// [`Error::WrongDim`], [`Error::NotFinite`], [`Error::ZeroVector`] (cosine), [`Error::TooLong`] (inner product,
    /// L2), [`Error::OutOfRange`] (half precision), [`Error::DuplicateId`]. The index is then unchanged.
    pub fn add(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        self.check_dim(vector)?;
        if self.contains(id) {
            return Err(Error::DuplicateId { id });
        }
        let vector = self.stored(0, vector)?;
        self.layout = next_layout();
        let position = self.store.push(id, &vector, 0);
        self.positions.insert(id, position);
        Ok(())
    }

    /// Adds `ids.len()` vectors, `vectors[row * dim..][..dim]` being that of `ids[row]`: all of them or none.
    ///
    /// # Errors
    /// As [`Self::add`], and [`Error::BatchLength`].
    pub fn add_batch(&mut self, ids: &[u64], vectors: &[f32]) -> Result<(), Error> {
        let divisors = self.check_batch(ids, vectors)?;
        let rows = vectors.chunks_exact(self.config.dim);
        if ids.is_empty() {
            return Ok(());
        }
        self.layout = next_layout();
        self.store.reserve(ids.len());
        self.positions.reserve(ids.len());
        let mut stored = Vec::with_capacity(self.config.dim);
        for (row, ((id, vector), divisor)) in ids.iter().zip(rows).zip(divisors).enumerate() {
            stored.clear();
            stored.extend(scaled(vector, divisor));
            let position = self.store.push(*id, &stored, ids.len() - row - 1);
            self.positions.insert(*id, position);
        }
        Ok(())
    }

    /// What [`Self::add_batch`] refuses; else what each vector is divided by.
    pub(crate) fn check_batch(&self, ids: &[u64], vectors: &[f32]) -> Result<Vec<f64>, Error> {
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
        let rows = vectors.chunks_exact(self.config.dim).enumerate();
        rows.map(|(row, vector)| self.divisor(row, vector)).collect()
    }

    /// Checks a vector that is to be stored, and says what it is divided by.
    pub(crate) fn divisor(&self, row: usize, vector: &[f32]) -> Result<f64, Error> {
        let divisor = divisor(self.config.metric, row, vector)?;
        if self.config.dtype == Dtype::F16
            && self.config.metric != Metric::Cosine
            && let Some(component) = vector.iter().position(|value| value.abs() > MAX_HALF)
        {
            return Err(Error::OutOfRange { row, component, limit: MAX_HALF });
        }
        Ok(divisor)
    }

    /// A checked vector in f32 as it is stored.
    pub(crate) fn stored(&self, row: usize, vector: &[f32]) -> Result<Vec<f32>, Error> {
        let divisor = self.divisor(row, vector)?;
        Ok(scaled(vector, divisor).collect())
    }

    /// Removes a vector; false when the id is not there.
    ///
    /// Its mark is cleared, no more. When more than 20 % of the vectors kept (and 1,024 at least) are removed ones,
    /// the others are moved together in one pass.
    pub fn remove(&mut self, id: u64) -> bool {
        let Some(position) = self.positions.remove(&id) else {
            return false;
        };
        self.store.clear(position);
        self.compact_if_due();
        true
    }

    pub(crate) fn compaction_is_due(&self) -> bool {
        let dead = self.store.vectors() - self.positions.len();
        dead >= Self::COMPACT_FROM && dead > self.store.vectors() / Self::COMPACT_SHARE
    }

    fn compact_if_due(&mut self) {
        if !self.compaction_is_due() {
            return;
        }
        self.compact();
    }

    /// Moves the vectors together over the places of removed ones, in one pass: those are gone then, from memory and
    /// from what [`Self::save`] writes. Vectors of a mapped file that have to be moved are in memory afterwards.
    pub fn compact(&mut self) {
        if self.store.vectors() == self.positions.len() && self.store.is_dense() {
            return;
        }
        self.store.compact();
        self.positions.clear();
        self.positions.extend(self.store.live().map(|(position, id)| (id, position)));
        // A quarter of slack is what a growing table has anyway.
        self.positions.shrink_to(self.positions.len() + self.positions.len() / 4);
        self.layout = next_layout();
    }

    /// Puts another vector under an id that is in the index.
    ///
    /// # Errors
    /// [`Error::UnknownId`], otherwise as [`Self::add`]. The index is then unchanged.
    pub fn replace(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        self.check_dim(vector)?;
        let Some(position) = self.positions.get(&id).copied() else {
            return Err(Error::UnknownId { id });
        };
        let vector = self.stored(0, vector)?;
        if !self.store.write(position, &vector) {
            // A segment that is not in this process's own memory stays as it is: the vector moves to the end.
            self.store.clear(position);
            let position = self.store.push(id, &vector, 0);
            self.positions.insert(id, position);
            self.layout = next_layout();
            self.compact_if_due();
        }
        Ok(())
    }

    /// The vector under an id as it is stored: of length one when the metric is cosine, rounded when the dtype is
    /// half precision.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Vec<f32>> {
        let mut vector = Vec::with_capacity(self.config.dim);
        self.store.read(*self.positions.get(&id)?, &mut vector);
        Some(vector)
    }

    /// Whether the id is in the index.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.positions.contains_key(&id)
    }

    /// The ids in insertion order.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.store.live().map(|(_, id)| id)
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

    /// Sets [`FlatIndexConfig::rescore`] for the searches to come; it is saved with the index.
    pub fn set_rescore(&mut self, rescore: usize) {
        self.config.rescore = rescore;
    }

    /// Keeps vectors of floats a second time, one after another, or no more; not by default. It is for searches under
    /// filters that few vectors match, one in a hundred to one in ten: these are then read from a few cache lines each,
    /// where a block has them in as many as there are dimensions. The answers are the same, bit for bit.
    ///
    /// The memory of the components is doubled. The copy is made here and kept up by all changes; it is not saved, so
    /// that an index from a file has none. Nothing is done for [`Dtype::Int8`], which has its vectors like that anyway.
    pub fn set_row_copy(&mut self, row_copy: bool) {
        self.store.set_row_copy(row_copy && self.config.dtype != Dtype::Int8);
    }

    /// Bytes one vector takes in the search structure: its components and its id.
    ///
    /// With dimension `d` these are `4 d + 8` for f32, `2 d + 8` for half precision, and for int8
    /// `d + 4 + 4 d + 8` (`d` rounded up to a multiple of 4 in the codes; under L2 4 more), of which a scan reads the
    /// first `d + 4`. A row copy ([`Self::set_row_copy`]) doubles the components of floats. The mark (one bit) and the table from ids to positions (19 to 39 bytes) come on top;
    /// [`Self::memory_bytes`] counts everything.
    #[must_use]
    pub fn bytes_per_vector(&self) -> usize {
        self.store.shape.bytes_per_vector() + size_of::<u64>()
    }

    /// Bytes the index holds now, spare capacity included (the table from ids to positions by estimate).
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        // The standard table has 8 slots for 7 entries and one control byte a slot.
        let slots = (self.positions.capacity() * 8 / 7).next_power_of_two();
        self.store.capacity_bytes() + slots * (size_of::<(u64, usize)>() + 1)
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
