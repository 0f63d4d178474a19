use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};

use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use super::HnswConfig;
use crate::{Error, Metric};

/// The graph of the crate usearch over half-precision vectors, with what it needs to be safe: room is made before
/// anything is added, and no more threads are inside than it has room for. It checks neither.
pub(super) struct Graph {
    index: Index,
    gate: Gate,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("len", &self.index.size()).finish_non_exhaustive()
    }
}

fn failed<E: fmt::Display>(doing: &'static str) -> impl Fn(E) -> Error {
    move |error| Error::Graph { doing, message: error.to_string() }
}

/// Under cosine vectors are of length one, so that the inner product is the cosine.
fn kind(metric: Metric) -> MetricKind {
    match metric {
        Metric::Cosine | Metric::InnerProduct => MetricKind::IP,
        Metric::L2 => MetricKind::L2sq,
    }
}

impl Graph {
    /// `config` was checked.
    pub(super) fn new(config: &HnswConfig) -> Result<Self, Error> {
        let options = IndexOptions {
            dimensions: config.dim,
            metric: kind(config.metric),
            quantization: ScalarKind::F16,
            connectivity: config.connectivity,
            expansion_add: config.expansion_add,
            expansion_search: config.expansion_search,
            multi: false,
        };
        let index = Index::new(&options).map_err(failed("make"))?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let graph = Self { index, gate: Gate::new(threads) };
        graph.reserve(1)?;
        Ok(graph)
    }

    /// Makes room for `vectors` in all.
    pub(super) fn reserve(&self, vectors: usize) -> Result<(), Error> {
        if vectors > self.index.capacity() || self.index.capacity() == 0 {
            let threads = self.gate.places;
            self.index.reserve_capacity_and_threads(vectors, threads).map_err(failed("make room"))?;
            if self.index.capacity() < vectors {
                return Err(failed("make room")("not enough memory"));
            }
        }
        Ok(())
    }

    /// For which [`Self::reserve`] has made room. The key is not in the graph.
    pub(super) fn add(&self, key: usize, vector: &[f32]) -> Result<(), Error> {
        self.index.add(key as u64, vector).map_err(failed("add"))
    }

    pub(super) fn remove(&self, key: usize) -> Result<(), Error> {
        self.index.remove(key as u64).map(drop).map_err(failed("remove"))
    }

    /// Up to `count` keys near the query.
    pub(super) fn search(&self, query: &[f32], count: usize) -> Result<Vec<usize>, Error> {
        let found = self.gate.within(|| self.index.search(query, count)).map_err(failed("search"))?;
        Ok(found.keys.into_iter().map(|key| key as usize).collect())
    }

    pub(super) fn set_expansion_search(&self, expansion: usize) {
        self.index.change_expansion_search(expansion);
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.index.memory_usage()
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; self.index.serialized_length()];
        self.index.save_to_buffer(&mut bytes).map_err(failed("save"))?;
        Ok(bytes)
    }

    /// From bytes that [`Self::to_bytes`] wrote: the caller has seen to that, they are read without much of a check.
    /// None when they are another kind of graph or have other keys than `keys`.
    pub(super) fn from_bytes(
        config: &HnswConfig,
        bytes: &[u8],
        keys: &[usize],
        slots: usize,
    ) -> Result<Option<Self>, Error> {
        let Ok(head) = Index::metadata_from_buffer(bytes) else { return Ok(None) };
        let as_expected = head.dimensions == config.dim as u64
            && head.metric == kind(config.metric)
            && head.quantization == ScalarKind::F16
            && !head.multi
            && head.count_present == keys.len() as u64;
        if !as_expected {
            return Ok(None);
        }
        let graph = Self::new(config)?;
        graph.index.load_from_buffer(bytes).map_err(failed("load"))?;
        // Loading may leave room for fewer threads.
        let room = graph.index.capacity().max(slots).max(1);
        let threads = graph.gate.places;
        graph.index.reserve_capacity_and_threads(room, threads).map_err(failed("make room"))?;
        graph.index.change_expansion_add(config.expansion_add);
        graph.index.change_expansion_search(config.expansion_search);
        let all =
            graph.index.size() == keys.len() && keys.iter().all(|key| graph.index.contains(*key as u64));
        Ok(all.then_some(graph))
    }
}

/// Lets so many threads in.
struct Gate {
    places: usize,
    free: Mutex<usize>,
    left: Condvar,
}

impl Gate {
    fn new(places: usize) -> Self {
        Self { places, free: Mutex::new(places), left: Condvar::new() }
    }

    fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.left.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        drop(free);
        let result = work();
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.left.notify_one();
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_threads_are_inside_than_places() {
        let gate = Gate::new(2);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        gate.within(|| {
                            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            std::thread::yield_now();
                            inside.fetch_sub(1, Ordering::SeqCst);
                        });
                    }
                });
            }
        });
        assert!((1..=2).contains(&most.into_inner()));
        assert_eq!(*gate.free.lock().unwrap(), 2);
    }
}
