//! Every kind of index in every form of storage, for tests of their files. The fuzz target of index files has this too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "for tests")]
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod seal;

use std::path::Path;

use soundalike_index::{
    Dtype, Error, FlatIndex, FlatIndexConfig, IvfConfig, IvfIndex, Meta, Metric, Neighbor,
};
#[cfg(feature = "hnsw")]
use soundalike_index::{HnswConfig, HnswIndex};

pub const METRICS: [Metric; 3] = [Metric::Cosine, Metric::InnerProduct, Metric::L2];
pub const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::F16, Dtype::Int8];
/// Lists of an inverted file.
pub const NLIST: usize = 5;

pub fn vector(id: u64, dim: usize) -> Vec<f32> {
    (0..dim).map(|d| ((id * 31 + d as u64 * 17) % 23) as f32 - 11.3).collect()
}

pub fn meta() -> Meta {
    Meta::new("mfcc:1f", 42)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Flat(Dtype),
    Inverted(Dtype),
    #[cfg(feature = "hnsw")]
    Graph,
}

#[derive(Debug)]
pub enum Index {
    Flat(FlatIndex),
    Inverted(IvfIndex),
    #[cfg(feature = "hnsw")]
    Graph(Box<HnswIndex>),
}

pub type Open = fn(&Path) -> Result<(Index, Meta), Error>;

impl Kind {
    pub fn all() -> Vec<Self> {
        let kinds = DTYPES.map(Self::Flat).into_iter().chain(DTYPES.map(Self::Inverted));
        #[cfg(feature = "hnsw")]
        let kinds = kinds.chain([Self::Graph]);
        kinds.collect()
    }

    /// As it is called in names of files.
    pub fn name(self) -> String {
        match self {
            Self::Flat(dtype) => format!("flat-{dtype:?}").to_lowercase(),
            Self::Inverted(dtype) => format!("inverted-{dtype:?}").to_lowercase(),
            #[cfg(feature = "hnsw")]
            Self::Graph => "graph".into(),
        }
    }

    /// With the ids 1, 4, 7, ..
    pub fn sample(self, n: usize, dim: usize, metric: Metric) -> Index {
        let ids: Vec<u64> = (0..n as u64).map(|id| id * 3 + 1).collect();
        let vectors: Vec<f32> = (0..n as u64).flat_map(|id| vector(id, dim)).collect();
        match self {
            Self::Flat(dtype) => {
                let config = FlatIndexConfig::new(dim).with_metric(metric).with_dtype(dtype).with_rescore(7);
                let mut index = FlatIndex::new(&config).unwrap();
                index.add_batch(&ids, &vectors).unwrap();
                Index::Flat(index)
            }
            Self::Inverted(dtype) => {
                let config = IvfConfig::new(dim, NLIST).with_metric(metric).with_dtype(dtype).with_nprobe(2);
                let training: Vec<f32> = (0..200).flat_map(|id| vector(id, dim)).collect();
                let mut index = IvfIndex::train(&config, &training).unwrap();
                index.add_batch(&ids, &vectors).unwrap();
                Index::Inverted(index)
            }
            #[cfg(feature = "hnsw")]
            Self::Graph => {
                let mut index = HnswIndex::new(&HnswConfig::new(dim).with_metric(metric)).unwrap();
                index.add_batch(&ids, &vectors).unwrap();
                Index::Graph(Box::new(index))
            }
        }
    }

    /// The ways to open its files that look at every byte.
    pub fn verifying(self) -> Vec<Open> {
        match self {
            Self::Flat(_) => {
                vec![|path| FlatIndex::load(path).map(|(index, meta)| (Index::Flat(index), meta)), |path| {
                    FlatIndex::map(path).map(|(index, meta)| (Index::Flat(index), meta))
                }]
            }
            Self::Inverted(_) => vec![
                |path| IvfIndex::load(path).map(|(index, meta)| (Index::Inverted(index), meta)),
                |path| IvfIndex::map(path).map(|(index, meta)| (Index::Inverted(index), meta)),
            ],
            #[cfg(feature = "hnsw")]
            Self::Graph => {
                vec![|path| HnswIndex::load(path).map(|(index, meta)| (Index::Graph(Box::new(index)), meta))]
            }
        }
    }

    /// The way that does not look at vectors, where there is one.
    pub fn unverified(self) -> Option<Open> {
        match self {
            Self::Flat(_) => {
                Some(|path| FlatIndex::map_unverified(path).map(|(index, meta)| (Index::Flat(index), meta)))
            }
            Self::Inverted(_) => Some(|path| {
                IvfIndex::map_unverified(path).map(|(index, meta)| (Index::Inverted(index), meta))
            }),
            #[cfg(feature = "hnsw")]
            Self::Graph => None,
        }
    }
}

impl Index {
    pub fn save(&self, path: &Path, meta: &Meta) -> Result<(), Error> {
        match self {
            Self::Flat(index) => index.save(path, meta),
            Self::Inverted(index) => index.save(path, meta),
            #[cfg(feature = "hnsw")]
            Self::Graph(index) => index.save(path, meta),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Flat(index) => index.len(),
            Self::Inverted(index) => index.len(),
            #[cfg(feature = "hnsw")]
            Self::Graph(index) => index.len(),
        }
    }

    pub fn search(&self, query: &[f32], k: usize) -> Vec<Neighbor> {
        let found = match self {
            Self::Flat(index) => index.search(query, k),
            Self::Inverted(index) => index.search(query, k),
            #[cfg(feature = "hnsw")]
            Self::Graph(index) => index.search(query, k),
        };
        found.unwrap()
    }

    pub fn remove(&mut self, id: u64) -> bool {
        match self {
            Self::Flat(index) => index.remove(id),
            Self::Inverted(index) => index.remove(id),
            #[cfg(feature = "hnsw")]
            Self::Graph(index) => index.remove(id).unwrap(),
        }
    }

    pub fn add(&mut self, id: u64, vector: &[f32]) -> Result<(), Error> {
        match self {
            Self::Flat(index) => index.add(id, vector),
            Self::Inverted(index) => index.add(id, vector),
            #[cfg(feature = "hnsw")]
            Self::Graph(index) => index.add(id, vector),
        }
    }

    pub fn dim(&self) -> usize {
        match self {
            Self::Flat(index) => index.dim(),
            Self::Inverted(index) => index.dim(),
            #[cfg(feature = "hnsw")]
            Self::Graph(index) => index.config().dim,
        }
    }

    /// Uses it in every way that could stumble over what a file made of it; for one that was opened.
    pub fn exercise(mut self, meta: &Meta, scratch: &Path) {
        let query = vec![0.7; self.dim()];
        let found = self.search(&query, 300);
        assert!(found.len() <= self.len());
        for id in found.iter().map(|n| n.id).step_by(3) {
            assert!(self.remove(id) && !self.remove(id));
        }
        // The id may be there already.
        let _ = self.add(1_000_000, &query);
        for id in 2_000_000..2_000_070 {
            let _ = self.add(id, &query);
        }
        if let Self::Flat(index) = &mut self {
            index.compact();
        }
        let _ = self.search(&query, 5);
        self.save(scratch, meta).unwrap();
        let again = match &self {
            Self::Flat(_) => Kind::Flat(Dtype::F32).unverified(),
            Self::Inverted(_) => Kind::Inverted(Dtype::F32).unverified(),
            #[cfg(feature = "hnsw")]
            Self::Graph(_) => Kind::Graph.verifying().pop(),
        };
        let (again, _) = again.unwrap()(scratch).unwrap();
        assert_eq!(again.len(), self.len());
    }
}

/// Whether an error is one that a bad file may give, with the file's path.
pub fn is_of_file(error: &Error, path: &Path) -> bool {
    let named = match error {
        Error::NotAnIndex { path }
        | Error::OtherKind { path, .. }
        | Error::UnsupportedVersion { path, .. }
        | Error::Corrupt { path, .. } => path,
        _ => return false,
    };
    named == path && error.to_string().contains(&path.display().to_string())
}
