use crate::config::MAX_DIM;
use crate::{Error, Metric};

/// Settings of a [`crate::HnswIndex`].
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HnswConfig {
    /// Components of each vector, 1 to [`MAX_DIM`].
    pub dim: usize,
    /// What "near" means; cosine by default.
    pub metric: Metric,
    /// Neighbours of each vector in the graph (`M`), 2 to 256; 16 by default.
    pub connectivity: usize,
    /// Candidates that are looked at to place a vector (`ef_construction`), 1 to 65,536; 128 by default.
    pub expansion_add: usize,
    /// Candidates that a search looks at (`ef`), 1 to 65,536; 128 by default.
    pub expansion_search: usize,
    /// How many candidates are scored again in f32, in multiples of `k`; 4 by default, 0 counts as 1.
    pub rescore: usize,
}

impl HnswConfig {
    /// Cosine similarity over vectors of `dim` components.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        Self {
            dim,
            metric: Metric::default(),
            connectivity: 16,
            expansion_add: 128,
            expansion_search: 128,
            rescore: 4,
        }
    }

    /// Sets the metric.
    #[must_use]
    pub fn with_metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Sets how many neighbours a vector has in the graph.
    #[must_use]
    pub fn with_connectivity(mut self, connectivity: usize) -> Self {
        self.connectivity = connectivity;
        self
    }

    /// Sets how many candidates are looked at to place a vector.
    #[must_use]
    pub fn with_expansion_add(mut self, expansion: usize) -> Self {
        self.expansion_add = expansion;
        self
    }

    /// Sets how many candidates a search looks at.
    #[must_use]
    pub fn with_expansion_search(mut self, expansion: usize) -> Self {
        self.expansion_search = expansion;
        self
    }

    /// Sets how many candidates are scored again, in multiples of `k`.
    #[must_use]
    pub fn with_rescore(mut self, rescore: usize) -> Self {
        self.rescore = rescore;
        self
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.dim == 0 || self.dim > MAX_DIM {
            return Err(Error::InvalidDim { got: self.dim, max: MAX_DIM });
        }
        let settings = [
            ("connectivity", self.connectivity, 2, 256),
            ("expansion_add", self.expansion_add, 1, 65_536),
            ("expansion_search", self.expansion_search, 1, 65_536),
        ];
        match settings.into_iter().find(|(_, got, least, most)| !(least..=most).contains(&got)) {
            Some((what, got, least, most)) => Err(Error::InvalidGraph { what, got, least, most }),
            None => Ok(()),
        }
    }
}
