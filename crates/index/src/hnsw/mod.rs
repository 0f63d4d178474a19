//! A graph index (HNSW) on the crate usearch, by the feature `hnsw`.

mod config;
mod file;
mod filter;
mod graph;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

pub use config::HnswConfig;

use crate::buffer::LANES;
use crate::flat::{next_layout, scaled};
use crate::half::MAX_HALF;
use crate::kernel::{Lanes, exact};
use crate::neighbor::{Candidate, TopK, finish};
use crate::simd::{Vectorized, run};
use crate::vector::divisor;
use crate::{Error, Metric, Neighbor};
use graph::Graph;

/// An approximate index for those who want a graph: HNSW (Malkov and Yashunin, "Efficient and robust approximate nearest
/// neighbor search using hierarchical navigable small world graphs", IEEE TPAMI 42, 2020) by the crate usearch over
/// vectors in half precision, with the best candidates scored again in f32.
///
/// Scores and order are those of a [`crate::FlatIndex`] over f32; what is approximate is which vectors are found. An
/// exact scan over int8 finds more in less time up to some hundred thousand vectors, and an [`crate::IvfIndex`] is built
/// twenty times as fast: measure before choosing. The graph depends on the order in which vectors are added.
#[derive(Debug)]
pub struct HnswIndex {
    config: HnswConfig,
    graph: Graph,
    /// Of each slot; a removed vector's slot is in `free`. Slots are the graph's keys.
    ids: Vec<u64>,
    /// `[slots][dim]`
    vectors: Vec<f32>,
    slots: HashMap<u64, usize>,
    free: Vec<usize>,
    /// A bit for each slot: it holds a vector.
    live: Vec<u64>,
    /// Stamp of the slots as they are; see [`crate::Bitset`].
    layout: u64,
}

impl HnswIndex {
    /// An empty index.
    ///
    /// # Errors
    /// [`Error::InvalidDim`], [`Error::InvalidGraph`], [`Error::Graph`].
    pub fn new(config: &HnswConfig) -> Result<Self, Error> {
        config.check()?;
        let graph = Graph::new(config)?;
        let (ids, vectors, slots, free, live) = Default::default();
        Ok(Self { config: config.clone(), graph, ids, vectors, slots, free, live, layout: next_layout() })
    }

    /// Adds one vector.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::add`] of half precision, and [`Error::Graph`]. The index is then unchanged.
    pub fn add(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        self.check_dim(vector)?;
        self.add_batch(&[id], vector)
    }

    /// Adds `ids.len()` vectors, `vectors[row * dim..][..dim]` being that of `ids[row]`: all of them or, unless the
    /// graph fails half-way, none.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::add_batch`] of half precision; [`Error::Graph`], after which the vectors before the one
    /// that failed are in the index.
    pub fn add_batch(&mut self, ids: &[u64], vectors: &[f32]) -> Result<(), Error> {
        let dim = self.config.dim;
        let expected = ids.len().saturating_mul(dim);
        if vectors.len() != expected {
            return Err(Error::BatchLength { expected, got: vectors.len() });
        }
        let mut seen = HashSet::with_capacity(ids.len());
        if let Some(id) = ids.iter().find(|id| self.contains(**id) || !seen.insert(**id)) {
            return Err(Error::DuplicateId { id: *id });
        }
        let rows = vectors.chunks_exact(dim).enumerate();
        let stored = rows.map(|(row, vector)| self.stored(row, vector)).collect::<Result<Vec<_>, Error>>()?;
        self.graph.reserve(self.ids.len() + ids.len())?;
        self.layout = next_layout();
        for (id, vector) in ids.iter().zip(stored) {
            self.insert(*id, &vector)?;
        }
        Ok(())
    }

    /// Puts a checked vector into a free slot or a new one, for which there is room.
    fn insert(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        let slot = self.free.last().copied().unwrap_or(self.ids.len());
        self.graph.add(slot, vector)?;
        if self.free.pop().is_none() {
            self.ids.push(id);
            self.vectors.extend_from_slice(vector);
        } else {
            self.write(slot, id, vector);
        }
        self.slots.insert(id, slot);
        self.live.resize(self.ids.len().div_ceil(LANES), 0);
        if let Some(word) = self.live.get_mut(slot / LANES) {
            *word |= 1 << (slot % LANES);
        }
        Ok(())
    }

    fn write(&mut self, slot: usize, id: u64, vector: &[f32]) {
        if let Some(old) = self.ids.get_mut(slot) {
            *old = id;
        }
        for (old, new) in self.vectors.iter_mut().skip(slot * self.config.dim).zip(vector) {
            *old = *new;
        }
    }

    /// Removes a vector; false when the id is not there. Its place in the graph is kept until another takes it.
    ///
    /// # Errors
    /// [`Error::Graph`]. The index is then unchanged.
    pub fn remove(&mut self, id: u64) -> Result<bool, Error> {
        let Some(slot) = self.slots.get(&id).copied() else {
            return Ok(false);
        };
        self.graph.remove(slot)?;
        self.slots.remove(&id);
        self.free.push(slot);
        if let Some(word) = self.live.get_mut(slot / LANES) {
            *word &= !(1 << (slot % LANES));
        }
        Ok(true)
    }

    /// Puts another vector under an id that is in the index.
    ///
    /// # Errors
    /// [`Error::UnknownId`], otherwise as [`Self::add`]; after [`Error::Graph`] the id may be gone.
    pub fn replace(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        self.check_dim(vector)?;
        if !self.contains(id) {
            return Err(Error::UnknownId { id });
        }
        let stored = self.stored(0, vector)?;
        self.remove(id)?;
        self.insert(id, &stored)
    }

    /// About the `k` nearest vectors, best first: score descending, then id ascending. There are `min(k, len)` always:
    /// where the graph yields fewer, all vectors are compared.
    ///
    /// # Errors
    /// As [`crate::FlatIndex::search`], [`Error::OutOfRange`] for a component beyond half precision, and [`Error::Graph`].
    pub fn search(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        let query = self.prepare(0, query)?;
        self.found(&query, k)
    }

    /// [`Self::search`] for many queries, `queries[row * dim..][..dim]` each, one answer a query.
    ///
    /// # Errors
    /// As [`Self::search`], and [`Error::BatchLength`].
    pub fn search_batch(&self, queries: &[f32], k: usize) -> Result<Vec<Vec<Neighbor>>, Error> {
        self.prepare_batch(queries)?.iter().map(|query| self.found(query, k)).collect()
    }

    fn prepare_batch(&self, queries: &[f32]) -> Result<Vec<Vec<f32>>, Error> {
        let (dim, got) = (self.config.dim, queries.len());
        if !got.is_multiple_of(dim) {
            return Err(Error::BatchLength { expected: got.next_multiple_of(dim), got });
        }
        queries.chunks_exact(dim).enumerate().map(|(row, query)| self.prepare(row, query)).collect()
    }

    fn found(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>, Error> {
        let (k, metric) = (k.min(self.len()), self.config.metric);
        if k == 0 {
            return Ok(Vec::new());
        }
        let candidates = k.saturating_mul(self.config.rescore.max(1)).min(self.len());
        let slots = self.graph.search(query, candidates)?;
        let mut top = TopK::new(k);
        run(Score { index: self, query, slots: slots.into_iter(), top: &mut top });
        if top.len() < k {
            top = TopK::new(k);
            run(Score { index: self, query, slots: self.slots.values().copied(), top: &mut top });
        }
        Ok(top.into_neighbors(metric))
    }

    /// A query as it is compared: the graph holds half precision, and would hold one beyond it for infinite.
    fn prepare(&self, row: usize, query: &[f32]) -> Result<Vec<f32>, Error> {
        self.check_dim(query)?;
        self.stored(row, query)
    }

    /// A vector as it is stored: such as half precision can hold.
    fn stored(&self, row: usize, vector: &[f32]) -> Result<Vec<f32>, Error> {
        let stored: Vec<f32> = scaled(vector, divisor(self.config.metric, row, vector)?).collect();
        match stored.iter().position(|value| value.abs() > MAX_HALF) {
            Some(component) => Err(Error::OutOfRange { row, component, limit: MAX_HALF }),
            None => Ok(stored),
        }
    }

    fn check_dim(&self, vector: &[f32]) -> Result<(), Error> {
        if vector.len() != self.config.dim {
            return Err(Error::WrongDim { expected: self.config.dim, got: vector.len() });
        }
        Ok(())
    }

    /// The vector under an id as it is stored: of length one when the metric is cosine.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Vec<f32>> {
        let slot = self.slots.get(&id)?;
        self.vectors.get(slot * self.config.dim..(slot + 1) * self.config.dim).map(<[f32]>::to_vec)
    }

    /// Whether the id is in the index.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.slots.contains_key(&id)
    }

    /// How many vectors are in the index.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &HnswConfig {
        &self.config
    }

    /// Sets how many candidates a search looks at, 1 to 65,536.
    ///
    /// # Errors
    /// [`Error::InvalidGraph`].
    pub fn set_expansion_search(&mut self, expansion: usize) -> Result<(), Error> {
        let config = self.config.clone().with_expansion_search(expansion);
        config.check()?;
        self.config = config;
        self.graph.set_expansion_search(expansion);
        Ok(())
    }

    /// Bytes the index holds now: the graph by its library's own account, the table of ids by estimate.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let table = self.slots.capacity() * (size_of::<(u64, usize)>() + 1);
        let rows = self.ids.capacity() * 8
            + self.vectors.capacity() * 4
            + self.free.capacity() * 8
            + self.live.capacity() * 8;
        self.graph.memory_bytes() + table + rows
    }
}

/// Exact scores of the vectors in some slots.
struct Score<'a, I> {
    index: &'a HnswIndex,
    query: &'a [f32],
    slots: I,
    top: &'a mut TopK,
}

impl<I: Iterator<Item = usize>> Vectorized for Score<'_, I> {
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let HnswIndex { config, ids, vectors, .. } = self.index;
        for slot in self.slots {
            let vector = vectors.get(slot * config.dim..(slot + 1) * config.dim);
            if let (Some(vector), Some(id)) = (vector, ids.get(slot)) {
                let sum = exact(simd, config.metric == Metric::L2, self.query, vector);
                let score = finish(sum, config.metric == Metric::Cosine);
                self.top.offer(Candidate { score, id: *id, position: slot });
            }
        }
    }
}
