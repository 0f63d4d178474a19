use std::path::PathBuf;

use clap::{Args, ValueEnum};
use soundalike_index::{Dtype, MAX_DIM, MAX_NLIST, Metric, SimdLevel};

use super::Data;
use crate::cli::Outcome;

/// How many queries a batch has.
pub(super) const BATCH: usize = 100;
/// Data that can be asked for, in bytes of f32: more is taken for a slip of the keyboard.
const MOST_BYTES: usize = 1 << 40;

/// What to measure, as on the command line.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Vectors to make
    #[arg(long, default_value_t = 1_000_000)]
    pub n: usize,
    /// Components of each
    #[arg(long, default_value_t = 64)]
    pub dim: usize,
    /// Queries to make: the speed is measured over them, and the recall
    #[arg(long, default_value_t = 200)]
    pub queries: usize,
    /// Queries whose answers are held to the truth, the first ones [default: all]
    #[arg(long)]
    pub checked: Option<usize>,
    /// Seed of vectors and queries
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Vectors in 2,000 clusters of very different size instead of directions without structure
    #[arg(long)]
    pub clustered: bool,
    /// Vectors from a file of raw little-endian f32 instead
    #[arg(long, value_name = "FILE", requires = "query_file", conflicts_with_all = ["clustered", "n", "queries", "seed"])]
    pub vectors: Option<PathBuf>,
    /// The queries that belong to them
    #[arg(long, value_name = "FILE", requires = "vectors")]
    pub query_file: Option<PathBuf>,
    /// How the vectors are stored
    #[arg(long, value_enum, default_value = "f32")]
    pub dtype: DtypeName,
    /// What "near" means
    #[arg(long, value_enum, default_value = "cosine")]
    pub metric: MetricName,
    /// Candidates that int8 scores again, in multiples of k
    #[arg(long, default_value_t = 4)]
    pub rescore: usize,
    /// Neighbours of each query
    #[arg(long, default_value_t = 10)]
    pub k: usize,
    /// Threads: one query on all of them, and a batch
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Instructions to use at most: portable, avx2, avx512
    #[arg(long, value_name = "LEVEL")]
    pub simd: Option<String>,
    /// Also search under filters that accept these shares of the vectors
    #[arg(long, value_name = "SHARE,..", value_delimiter = ',')]
    pub filter: Vec<f64>,
    /// Keep a copy of the vectors one after another, for filters that few match (f32, f16)
    #[arg(long)]
    pub row_copy: bool,
    /// Also build an inverted file and search it, looking into so many lists
    #[arg(long, value_name = "NPROBE,..", value_delimiter = ',')]
    pub ivf: Vec<usize>,
    /// Lists of the inverted file
    #[arg(long, default_value_t = 1024)]
    pub nlist: usize,
    /// Margin by which the inverted file leaves out lists that are too far [default: none is left out]
    #[arg(long)]
    pub margin: Option<f32>,
    /// Seconds that each figure is measured
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
}

/// [`Dtype`] by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub enum DtypeName {
    /// Single precision
    F32,
    /// Half precision
    F16,
    /// Codes of one byte, the best rescored in single precision
    Int8,
}

/// [`Metric`] by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MetricName {
    /// Cosine similarity
    Cosine,
    /// Inner product
    InnerProduct,
    /// Squared Euclidean distance
    L2,
}

impl DtypeName {
    /// The library's.
    #[must_use]
    pub fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::Int8 => Dtype::Int8,
        }
    }
}

impl MetricName {
    /// The library's.
    #[must_use]
    pub fn metric(self) -> Metric {
        match self {
            Self::Cosine => Metric::Cosine,
            Self::InnerProduct => Metric::InnerProduct,
            Self::L2 => Metric::L2,
        }
    }
}

/// The name under which an option is given.
pub(super) fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Options that make sense, and the level of instructions they ask for.
#[derive(Debug, Clone)]
pub struct Plan {
    /// As given.
    pub options: Options,
    /// Within what the machine has.
    pub level: SimdLevel,
}

impl Plan {
    /// Checks everything before any work is done.
    ///
    /// # Errors
    /// The first option that cannot be followed, by name.
    pub fn new(options: Options) -> Outcome<Self> {
        let o = &options;
        if !(1..=MAX_DIM).contains(&o.dim) {
            return Err(format!("--dim {}: expected 1 to {MAX_DIM}", o.dim).into());
        }
        if o.n == 0 {
            return Err("--n 0: there would be nothing to search".into());
        }
        let bytes = o.n.saturating_add(o.queries).saturating_mul(o.dim).saturating_mul(4);
        if bytes > MOST_BYTES {
            return Err(
                format!("--n {} --dim {}: {:.0} GB are too much", o.n, o.dim, bytes as f64 / 1e9).into()
            );
        }
        if o.queries < BATCH {
            return Err(format!("--queries {}: expected {BATCH} at least, for a batch", o.queries).into());
        }
        if o.k == 0 {
            return Err("--k 0: there would be nothing to find".into());
        }
        if !(1..=1024).contains(&o.threads) {
            return Err(format!("--threads {}: expected 1 to 1024", o.threads).into());
        }
        if !(0.0..=3600.0).contains(&o.seconds) {
            return Err(format!("--seconds {}: expected 0 to 3600", o.seconds).into());
        }
        if let Some(share) = o.filter.iter().find(|share| !(**share > 0.0 && **share <= 1.0)) {
            return Err(format!("--filter {share}: expected a share above 0, 1 at most").into());
        }
        if o.ivf.contains(&0) {
            return Err("--ivf 0: one list at least is to be looked into".into());
        }
        let most = if o.vectors.is_some() { MAX_NLIST } else { o.n.min(MAX_NLIST) };
        if !o.ivf.is_empty() && !(1..=most).contains(&o.nlist) {
            return Err(format!("--nlist {}: expected 1 to {most}", o.nlist).into());
        }
        let level = level(o.simd.as_deref())?;
        Ok(Self { options, level })
    }

    /// Makes the vectors, or reads them.
    ///
    /// # Errors
    /// Those of [`Data::read`], and files that hold too few queries for a batch.
    pub fn data(&self) -> Outcome<Data> {
        let o = &self.options;
        let data = match (&o.vectors, &o.query_file) {
            (Some(vectors), Some(queries)) => Data::read(vectors, queries, o.dim)?,
            _ if o.clustered => Data::clustered(o.n, o.queries, o.dim, o.seed),
            _ => Data::random(o.n, o.queries, o.dim, o.seed),
        };
        let queries = data.each_query().len();
        if queries < BATCH {
            return Err(
                format!("{queries} queries in the file: expected {BATCH} at least, for a batch").into()
            );
        }
        Ok(data)
    }

    /// Where the vectors are from, in a word or two.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.options.vectors {
            Some(path) => path.display().to_string(),
            None if self.options.clustered => "clustered".into(),
            None => "random".into(),
        }
    }
}

fn level(name: Option<&str>) -> Outcome<SimdLevel> {
    let Some(name) = name else {
        return Ok(SimdLevel::current());
    };
    let known = SimdLevel::ALL.into_iter().find(|level| level.name() == name).ok_or_else(|| {
        let names = SimdLevel::ALL.map(SimdLevel::name).join(", ");
        format!("--simd {name}: expected one of {names}")
    })?;
    if known > SimdLevel::best() {
        return Err(format!("--simd {name}: this machine has {} at most", SimdLevel::best().name()).into());
    }
    Ok(known)
}
