//! An inverted file: vectors in lists, of which a search looks into the nearest few.

mod config;
mod file;
mod kmeans;
mod list;
#[cfg(feature = "rayon")]
mod parallel;
mod probe;
mod quantizer;
mod search;
#[cfg(test)]
mod tests;

pub use config::{IvfConfig, MAX_NLIST};

use crate::buffer::LANES;
use crate::flat::{next_layout, scaled};
use crate::segment::SEGMENT_BLOCKS;
use crate::store::Store;
use crate::{Bitset, Dtype, Error, FlatIndex, Metric};
use list::List;
use quantizer::Quantizer;

/// Vectors that are assigned to lists together.
const ASSIGN: usize = 4096;

/// An approximate index for millions of vectors: an inverted file (Jégou, Douze and Schmid, "Product quantization for
/// nearest neighbor search", IEEE TPAMI 33, 2011), of full vectors as [`FlatIndex`] stores them.
///
/// Training divides the space into lists; a vector is in the list of the nearest centre. A search compares the query
/// with all centres and then with the vectors of the `nprobe` nearest lists. Scores are exact, as are order and
/// filters; what is approximate is that a near vector in another list is missed. Looking into all lists gives the
/// answers of a [`FlatIndex`], bit for bit. Lists keep the centres of the training: when the vectors come to be quite
/// different ones, train again.
///
/// ```
/// use soundalike_index::{IvfConfig, IvfIndex};
///
/// let vectors: Vec<f32> = (0..200).flat_map(|i| [(i as f32).cos(), (i as f32).sin()]).collect();
/// let mut index = IvfIndex::train(&IvfConfig::new(2, 16).with_nprobe(2), &vectors)?;
/// index.add_batch(&(0..200).collect::<Vec<u64>>(), &vectors)?;
/// assert_eq!(index.search(&vectors[34..36], 1)?[0].id, 17);
/// # Ok::<(), soundalike_index::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct IvfIndex {
    config: IvfConfig,
    quantizer: Quantizer,
    /// Every block of its store belongs to one list.
    flat: FlatIndex,
    lists: Vec<List>,
}

impl IvfIndex {
    /// An empty index whose lists are trained on `vectors`, one after another, or on a sample of them. They are not
    /// added. Equal arguments give equal lists.
    ///
    /// # Errors
    /// [`Error::InvalidDim`], [`Error::InvalidNlist`], [`Error::BatchLength`], [`Error::TooFewVectors`], and for each
    /// vector as [`FlatIndex::add`].
    pub fn train(config: &IvfConfig, vectors: &[f32]) -> Result<Self, Error> {
        config.check()?;
        let (dim, got) = (config.flat.dim, vectors.len());
        if !got.is_multiple_of(dim) {
            return Err(Error::BatchLength { expected: got.next_multiple_of(dim), got });
        }
        let count = got / dim;
        if count < config.nlist {
            return Err(Error::TooFewVectors { expected: config.nlist, got: count });
        }
        let flat = FlatIndex::new(&config.flat)?;
        for (row, vector) in vectors.chunks_exact(dim).enumerate() {
            flat.divisor(row, vector)?;
        }
        let stored = |row: usize| {
            let vector = vectors.get(row * dim..(row + 1) * dim).unwrap_or(&[]);
            flat.stored(row, vector).unwrap_or_default()
        };
        let quantizer = kmeans::train(config, count, stored);
        Ok(Self { config: config.clone(), quantizer, flat, lists: vec![List::default(); config.nlist] })
    }

    /// Adds one vector.
    ///
    /// # Errors
    /// As [`FlatIndex::add`]. The index is then unchanged.
    pub fn add(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        self.flat.check_dim(vector)?;
        self.add_batch(&[id], vector)
    }

    /// Adds `ids.len()` vectors, `vectors[row * dim..][..dim]` being that of `ids[row]`: all of them or none.
    ///
    /// # Errors
    /// As [`FlatIndex::add_batch`].
    pub fn add_batch(&mut self, ids: &[u64], vectors: &[f32]) -> Result<(), Error> {
        let divisors = self.flat.check_batch(ids, vectors)?;
        if ids.is_empty() {
            return Ok(());
        }
        // Vectors of a list come to lie together.
        let mut rows: Vec<(usize, usize)> = Vec::with_capacity(ids.len());
        for (part, divisors) in vectors.chunks(ASSIGN * self.dim()).zip(divisors.chunks(ASSIGN)) {
            let stored = part.chunks_exact(self.dim()).zip(divisors);
            let stored: Vec<Vec<f32>> =
                stored.map(|(vector, divisor)| scaled(vector, *divisor).collect()).collect();
            let first = rows.len();
            let lists = self.quantizer.assign(&stored);
            rows.extend(lists.into_iter().enumerate().map(|(row, list)| (list, first + row)));
        }
        rows.sort_unstable();
        self.flat.layout = next_layout();
        self.flat.positions.reserve(ids.len());
        let mut stored = Vec::with_capacity(self.dim());
        let dim = self.dim();
        for (done, (list, row)) in rows.into_iter().enumerate() {
            let vector = vectors.get(row * dim..(row + 1) * dim);
            if let (Some(id), Some(vector), Some(divisor)) = (ids.get(row), vector, divisors.get(row)) {
                stored.clear();
                stored.extend(scaled(vector, *divisor));
                self.push(list, *id, &stored, ids.len() - done);
            }
        }
        Ok(())
    }

    /// Appends a vector to a list; `upcoming` are to come, itself included.
    fn push(&mut self, list: usize, id: u64, vector: &[f32], upcoming: usize) {
        if let Some(list) = self.lists.get_mut(list) {
            let position = list.next(&mut self.flat.store, upcoming);
            self.flat.store.put(position, id, vector);
            self.flat.positions.insert(id, position);
        }
    }

    /// Removes a vector; false when the id is not there. As in [`FlatIndex::remove`], vectors are moved together when
    /// more than 20 % of them (and 1,024 at least) are removed ones.
    pub fn remove(&mut self, id: u64) -> bool {
        let Some(position) = self.flat.positions.remove(&id) else {
            return false;
        };
        self.flat.store.clear(position);
        if self.flat.compaction_is_due() {
            self.compact();
        }
        true
    }

    /// Moves the live vectors of each list together.
    fn compact(&mut self) {
        let empty = Store::new(self.flat.store.shape);
        let old = std::mem::replace(&mut self.flat.store, empty);
        self.flat.layout = next_layout();
        let mut vector = Vec::with_capacity(self.dim());
        let mut left = self.len();
        for list in 0..self.lists.len() {
            let Some(before) = self.lists.get_mut(list).map(std::mem::take) else { continue };
            for block in before.blocks.into_iter().flatten() {
                let Some(segment) = old.segments.get(block / SEGMENT_BLOCKS) else { continue };
                let first = block % SEGMENT_BLOCKS * LANES;
                let live = segment.live.get(block % SEGMENT_BLOCKS).copied().unwrap_or(0);
                for offset in (first..first + LANES).filter(|offset| live >> (offset % LANES) & 1 == 1) {
                    vector.clear();
                    segment.read(&old.shape, offset, &mut vector);
                    if let Some(id) = segment.ids.get(offset) {
                        self.push(list, *id, &vector, left);
                        left -= 1;
                    }
                }
            }
        }
    }

    /// Puts another vector under an id that is in the index. Bitsets made before are stale then.
    ///
    /// # Errors
    /// [`Error::UnknownId`], otherwise as [`Self::add`]. The index is then unchanged.
    pub fn replace(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        self.flat.check_dim(vector)?;
        if !self.contains(id) {
            return Err(Error::UnknownId { id });
        }
        let stored = self.flat.stored(0, vector)?;
        let list = self.quantizer.assign(std::slice::from_ref(&stored)).first().copied().unwrap_or(0);
        self.remove(id);
        self.flat.layout = next_layout();
        self.push(list, id, &stored, 1);
        Ok(())
    }

    /// The vector under an id as it is stored; see [`FlatIndex::get`].
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Vec<f32>> {
        self.flat.get(id)
    }

    /// Whether the id is in the index.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.flat.contains(id)
    }

    /// The ids, in no order that means anything.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.flat.ids()
    }

    /// How many vectors are in the index.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flat.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flat.is_empty()
    }

    /// Components of each vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.flat.dim()
    }

    /// What "near" means here.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.flat.metric()
    }

    /// How components are stored.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.flat.dtype()
    }

    /// Number of lists.
    #[must_use]
    pub fn nlist(&self) -> usize {
        self.config.nlist
    }

    /// How many lists a search looks into.
    #[must_use]
    pub fn nprobe(&self) -> usize {
        self.config.nprobe.clamp(1, self.config.nlist)
    }

    /// Sets how many lists a search looks into; 0 counts as 1, more than there are as all of them.
    pub fn set_nprobe(&mut self, nprobe: usize) {
        self.config.nprobe = nprobe;
    }

    /// Sets the margin by which lists are left out, see [`IvfConfig::with_margin`]; none leaves out no list.
    pub fn set_margin(&mut self, margin: Option<f32>) {
        self.config.margin = margin;
    }

    /// The number of vectors in each list, those removed and not yet dropped included.
    pub fn list_lengths(&self) -> impl Iterator<Item = usize> {
        self.lists.iter().map(List::len)
    }

    /// The set of those vectors whose id `accept` accepts, for [`crate::Filter::Bitset`].
    pub fn filter(&self, accept: impl FnMut(u64) -> bool) -> Bitset {
        self.flat.filter(accept)
    }

    /// The set of the vectors with these ids, for [`crate::Filter::Bitset`]. Ids that are not in the index add nothing.
    pub fn filter_ids(&self, ids: impl IntoIterator<Item = u64>) -> Bitset {
        self.flat.filter_ids(ids)
    }

    /// Bytes the index holds now, spare capacity included.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let lists: usize = self.lists.iter().map(List::capacity_bytes).sum();
        let lists = lists + self.lists.capacity() * size_of::<List>();
        self.flat.memory_bytes() + self.quantizer.capacity_bytes() + lists
    }
}
