use crate::Error;

/// The greatest dimension an index accepts.
pub const MAX_DIM: usize = 65_536;

/// What "near" means.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Metric {
    /// Cosine similarity in [-1, 1]. Vectors are normalised when they are added, queries when they are asked.
    #[default]
    Cosine,
    /// The inner product of the vectors as given.
    InnerProduct,
    /// The squared Euclidean distance (as FAISS has it, without the square root); the score is its negative.
    L2,
}

impl Metric {
    /// The distance that belongs to a score: smaller is nearer.
    ///
    /// Cosine: `1 - score`, in [0, 2]. Inner product: `-score` (an order, not a distance in the mathematical
    /// sense). L2: `-score`, the squared Euclidean distance.
    #[must_use]
    pub fn distance(self, score: f32) -> f32 {
        match self {
            Self::Cosine => 1.0 - score,
            Self::InnerProduct | Self::L2 => 0.0 - score,
        }
    }
}

/// How components are stored.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Dtype {
    /// 32-bit IEEE floats.
    #[default]
    F32,
    /// 16-bit IEEE floats, rounded to the nearest when a vector is added. Scores are computed in f32, and are those of
    /// the rounded vectors. Components above 65,504 are refused ([`Error::OutOfRange`]).
    F16,
    /// Codes of one byte with one scale a vector, and the f32 vectors beside them. A search scans the codes, takes
    /// the best [`FlatIndexConfig::rescore`] times `k` and scores those again from the f32 vectors: the scores are
    /// those of [`Dtype::F32`], bit for bit. What the codes rank below that many others is missed. Under a filter
    /// that leaves few vectors these are all scored from f32, and nothing is missed.
    Int8,
}

/// Settings of a [`crate::FlatIndex`].
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlatIndexConfig {
    /// Components of each vector, 1 to [`MAX_DIM`].
    pub dim: usize,
    /// What "near" means; cosine by default.
    pub metric: Metric,
    /// How components are stored; f32 by default.
    pub dtype: Dtype,
    /// [`Dtype::Int8`]: how many candidates are scored again, in multiples of `k`; 4 by default, 0 counts as 1.
    #[cfg_attr(feature = "serde", serde(default = "default_rescore"))]
    pub rescore: usize,
}

fn default_rescore() -> usize {
    4
}

impl FlatIndexConfig {
    /// Cosine similarity over f32 vectors of `dim` components.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        Self { dim, metric: Metric::default(), dtype: Dtype::default(), rescore: default_rescore() }
    }

    /// Sets the metric.
    #[must_use]
    pub fn with_metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Sets the storage type.
    #[must_use]
    pub fn with_dtype(mut self, dtype: Dtype) -> Self {
        self.dtype = dtype;
        self
    }

    /// Sets how many candidates [`Dtype::Int8`] scores again, in multiples of `k`.
    #[must_use]
    pub fn with_rescore(mut self, rescore: usize) -> Self {
        self.rescore = rescore;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.dim == 0 || self.dim > MAX_DIM {
            return Err(Error::InvalidDim { got: self.dim, max: MAX_DIM });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_outside_the_range_are_refused() {
        for dim in [0, MAX_DIM + 1, usize::MAX] {
            let error = FlatIndexConfig::new(dim).check();
            assert!(matches!(error, Err(Error::InvalidDim { got, .. }) if got == dim));
        }
        for dim in [1, 63, 64, 65, MAX_DIM] {
            assert!(FlatIndexConfig::new(dim).check().is_ok());
        }
    }

    #[test]
    fn distance_follows_the_metric_and_has_no_negative_zero() {
        assert_eq!(Metric::Cosine.distance(0.25), 0.75);
        assert_eq!(Metric::InnerProduct.distance(2.0), -2.0);
        assert_eq!(Metric::L2.distance(-9.0), 9.0);
        assert!(Metric::L2.distance(0.0).is_sign_positive());
    }
}
