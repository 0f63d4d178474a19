//! Exact nearest-neighbour search over embeddings, with a checked file format.
//!
//! ```
//! use soundalike_index::{FlatIndex, FlatIndexConfig};
//!
//! let mut index = FlatIndex::new(&FlatIndexConfig::new(3))?;
//! index.add_batch(&[10, 20], &[1.0, 0.0, 0.0, 0.0, 2.0, 0.0])?;
//! let best = index.search(&[0.1, 5.0, 0.0], 1)?;
//! assert_eq!(best[0].id, 20);
//! assert!(best[0].distance() < 0.01);
//! # Ok::<(), soundalike_index::Error>(())
//! ```
//!
//! [`FlatIndex`] compares a query with every vector, so its answers are exact. Vectors are `&[f32]` of one dimension,
//! ids are `u64` of the caller's choice, a batch is one slice with the vectors one after another. Three metrics
//! ([`Metric`]); a score is always "higher is nearer", and [`Neighbor::distance`] is always "lower is nearer".
//!
//! # Storage
//! [`Dtype`], set by [`FlatIndexConfig::with_dtype`], says how vectors are stored: f32, half precision, or codes of one
//! byte with the f32 vectors beside them, of which the best candidates are scored again.
//! [`FlatIndex::bytes_per_vector`] states the memory. Vectors lie in segments of 16,384, in blocks of 64,
//! dimension-major; removing one clears a bit, and more than 20 % of removed ones make a compaction due.
//!
//! # Order
//! Answers are ordered by score descending, then id ascending. Every score is summed in f32 with one accumulator, in
//! dimension order, by fused multiply-adds. So a search alone, in a batch, under a filter, over several threads
//! (feature `rayon`) and with any [`SimdLevel`] gives the same bits, from blocks and from a row copy
//! ([`FlatIndex::set_row_copy`]).
//!
//! # What each odd input does
//!
//! | input | answer |
//! |---|---|
//! | wrong dimension | [`Error::WrongDim`], [`Error::BatchLength`] |
//! | NaN or infinite component | [`Error::NotFinite`] |
//! | zero vector | cosine: [`Error::ZeroVector`]; inner product and L2: a vector like any other |
//! | component above 65,504 | half precision under inner product and L2: [`Error::OutOfRange`] |
//! | norm above [`MAX_NORM`] | inner product and L2: [`Error::TooLong`]; cosine: normalised like any other |
//! | `k = 0` | no neighbours (the query is still checked) |
//! | `k` above the number of vectors | all of them |
//! | id that is there already | [`Error::DuplicateId`] |
//! | id that is not there | `remove`: false; `get`: none; `replace`: [`Error::UnknownId`] |
//! | bitset of an earlier state or of another index | [`Error::StaleFilter`] |
//! | empty index | no neighbours |
//!
//! # Approximate search
//! [`IvfIndex`] looks into the nearest of many lists only: for millions of vectors. It is built in seconds and gives the
//! bits of a [`FlatIndex`] when it looks into all lists. With the feature `hnsw` (and a C++17 compiler) there is
//! `HnswIndex`, a graph. Up to some hundred thousand vectors an exact scan over [`Dtype::Int8`] is as fast as either at
//! a recall of 0.98 and more.
//!
//! # Files
//! [`FlatIndex::save`] replaces a file in one step, [`FlatIndex::load`] reads it into memory and [`FlatIndex::map`] opens
//! it where it lies, so that it may be larger than memory; both notice every changed bit. [`Meta`] travels with the
//! vectors: the embedder's id and a generation, by which a caller sees that a file no longer fits its source. The format
//! is that of `docs/formats.md` in the repository. Little-endian machines only.

mod atomic;
mod buffer;
mod config;
mod copy;
mod error;
mod filter;
mod flat;
mod format;
mod gather;
mod half;
#[cfg(feature = "hnsw")]
mod hnsw;
mod ivf;
mod kernel;
mod layout;
mod load;
mod neighbor;
#[cfg(feature = "rayon")]
mod parallel;
mod plan;
mod quantize;
mod raw;
mod save;
mod scan;
mod search;
mod segment;
mod simd;
mod store;
mod vector;
mod verify;
mod visits;

pub use config::{Dtype, FlatIndexConfig, MAX_DIM, Metric};
pub use error::Error;
pub use filter::{Bitset, Filter};
pub use flat::FlatIndex;
pub use format::{MAX_EMBEDDER_ID, Meta};
#[cfg(feature = "hnsw")]
pub use hnsw::{HnswConfig, HnswIndex};
pub use ivf::{IvfConfig, IvfIndex, MAX_NLIST};
pub use neighbor::Neighbor;
pub use simd::SimdLevel;
pub use vector::MAX_NORM;

#[cfg(test)]
mod naive;
