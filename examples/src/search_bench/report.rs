use serde::Serialize;

use super::Limits;
use super::options::{Plan, name};

/// All figures, as they are written with `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Vectors searched.
    pub n: usize,
    /// Components of each.
    pub dim: usize,
    /// Where they are from.
    pub data: String,
    /// How they are stored.
    pub dtype: String,
    /// What "near" means.
    pub metric: String,
    /// Neighbours of each query.
    pub k: usize,
    /// Candidates that int8 scores again, in multiples of k.
    pub rescore: usize,
    /// Whether vectors are also kept one after another.
    pub row_copy: bool,
    /// Threads used.
    pub threads: usize,
    /// Instructions used.
    pub simd: String,
    /// Seed of the vectors.
    pub seed: u64,
    /// Queries over which the recall was taken.
    pub recall_queries: usize,
    /// What the machine can do.
    pub limits: Limits,
    /// The exact index.
    #[serde(flatten)]
    pub flat: FlatFigures,
    /// It under filters.
    pub filtered: Vec<Filtered>,
    /// The inverted file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ivf: Option<IvfFigures>,
}

/// What the exact index takes. Times are of the processor with one thread, on the wall with more; medians.
#[derive(Debug, Clone, Serialize)]
pub struct FlatFigures {
    /// Seconds to add all vectors.
    pub build_s: f64,
    /// Bytes a vector takes, its id included.
    pub bytes_per_vector: usize,
    /// Bytes of memory the index holds.
    pub memory_bytes: usize,
    /// Milliseconds of a search.
    pub single_ms: f64,
    /// The same on the wall.
    pub single_wall_ms: f64,
    /// Bytes that a search reads, 1e9 a second.
    pub read_gb_per_s: f64,
    /// In parts of the limit. Above 1 where the vectors fit a cache.
    pub bandwidth_fraction: f64,
    /// Milliseconds of a batch of 100.
    pub batch100_ms: f64,
    /// The same on the wall.
    pub batch100_wall_ms: f64,
    /// Operations of a batch, 1e9 a second, a multiplication and an addition counted as two (of int8: of integers).
    pub gflop_per_s: f64,
    /// In parts of the limit of f32. int8 can be above 1.
    pub fma_fraction: f64,
    /// The share of the true ten nearest that was found.
    pub recall_at_10: f64,
}

/// A search under a filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filtered {
    /// The share of the vectors that were to be accepted.
    pub share: f64,
    /// How many were.
    pub matches: usize,
    /// Milliseconds to make the bitset.
    pub make_ms: f64,
    /// Milliseconds of a search with it.
    pub single_ms: f64,
    /// The same on the wall.
    pub single_wall_ms: f64,
    /// Milliseconds of a search without a filter over those with it.
    pub times_unfiltered: f64,
    /// Of the true ten nearest among those accepted.
    pub recall_at_10: f64,
}

/// What the inverted file takes.
#[derive(Debug, Clone, Serialize)]
pub struct IvfFigures {
    /// Lists.
    pub nlist: usize,
    /// Seconds of the processor to train and to add all vectors.
    pub build_s: f64,
    /// Bytes of memory it holds.
    pub memory_bytes: usize,
    /// A search for each number of lists.
    pub points: Vec<IvfPoint>,
}

/// A search of the inverted file.
#[derive(Debug, Clone, Serialize)]
pub struct IvfPoint {
    /// Lists looked into.
    pub nprobe: usize,
    /// Milliseconds of a search.
    pub single_ms: f64,
    /// Searches a second, one at a time.
    pub queries_per_s: f64,
    /// Searches a second in batches of 100.
    pub batch_queries_per_s: f64,
    /// Of the true ten nearest.
    pub recall_at_10: f64,
}

impl Report {
    /// With figures of the exact index; the others come later.
    #[must_use]
    pub fn new(plan: &Plan, n: usize, recall_queries: usize, limits: Limits, flat: FlatFigures) -> Self {
        let o = &plan.options;
        Self {
            n,
            dim: o.dim,
            data: plan.source(),
            dtype: name(o.dtype),
            metric: name(o.metric),
            k: o.k,
            rescore: o.rescore,
            row_copy: o.row_copy,
            threads: o.threads,
            simd: plan.level.name().to_owned(),
            seed: o.seed,
            recall_queries,
            limits,
            flat,
            filtered: Vec::new(),
            ivf: None,
        }
    }
}
