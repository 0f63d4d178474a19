use crate::{Dtype, Error, FlatIndexConfig, Metric};

/// The greatest number of lists.
pub const MAX_NLIST: usize = 65_536;

/// Settings of an [`crate::IvfIndex`]. The names are FAISS's.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IvfConfig {
    /// How vectors are stored and compared; int8 with f32 rescoring by default.
    pub flat: FlatIndexConfig,
    /// Number of lists, 1 to [`MAX_NLIST`]. About four times the square root of the number of vectors serves well.
    pub nlist: usize,
    /// How many lists a search looks into, the nearest first; a quarter of them by default. 0 counts as 1, more than
    /// there are as all of them.
    pub nprobe: usize,
    /// Of these lists, a search leaves out those whose vectors are all too far, by a margin; none are left out by
    /// default. See [`Self::with_margin`].
    pub margin: Option<f32>,
    /// Seed of the training.
    pub seed: u64,
    /// Vectors a list is trained on, at most; 64 by default. A sample is drawn when there are more.
    pub sample_per_list: usize,
    /// Rounds of the training (Lloyd's iterations); 10 by default.
    pub iterations: usize,
}

impl IvfConfig {
    /// Cosine similarity over vectors of `dim` components in `nlist` lists.
    #[must_use]
    pub fn new(dim: usize, nlist: usize) -> Self {
        Self {
            flat: FlatIndexConfig::new(dim).with_dtype(Dtype::Int8),
            nlist,
            nprobe: nlist.div_ceil(4),
            margin: None,
            seed: 0,
            sample_per_list: 64,
            iterations: 10,
        }
    }

    /// Sets the metric.
    #[must_use]
    pub fn with_metric(mut self, metric: Metric) -> Self {
        self.flat.metric = metric;
        self
    }

    /// Sets the storage type.
    #[must_use]
    pub fn with_dtype(mut self, dtype: Dtype) -> Self {
        self.flat.dtype = dtype;
        self
    }

    /// Sets how many candidates [`Dtype::Int8`] scores again, in multiples of `k`.
    #[must_use]
    pub fn with_rescore(mut self, rescore: usize) -> Self {
        self.flat.rescore = rescore;
        self
    }

    /// Sets how many lists a search looks into.
    #[must_use]
    pub fn with_nprobe(mut self, nprobe: usize) -> Self {
        self.nprobe = nprobe;
        self
    }

    /// Has searches leave out lists that are not likely to hold anything good enough, under cosine and L2 (not inner
    /// product).
    ///
    /// From a query at distance `D` of a list's centre, and the deviation of the list's vectors from their centre in
    /// a direction, `s`, their squared distances would be `D^2 + dim s^2` with a deviation of `2 D s`, if the vectors
    /// lay around the centre in all directions alike. A list is left out when this less `margin` deviations is more
    /// than what the worst of the candidates found so far has. Vectors of real data lie in few directions, so what
    /// margin gives what recall is to be measured: about 4 on vectors with little structure, more on others. A greater
    /// one is slower and finds more.
    #[must_use]
    pub fn with_margin(mut self, margin: f32) -> Self {
        self.margin = Some(margin);
        self
    }

    /// Sets the seed of the training.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how many vectors a list is trained on, at most. 0 counts as 1.
    #[must_use]
    pub fn with_sample_per_list(mut self, vectors: usize) -> Self {
        self.sample_per_list = vectors;
        self
    }

    /// Sets the rounds of the training; with 0 the lists' centres are vectors drawn from the sample.
    #[must_use]
    pub fn with_iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.flat.check()?;
        if self.nlist == 0 || self.nlist > MAX_NLIST {
            return Err(Error::InvalidNlist { got: self.nlist, max: MAX_NLIST });
        }
        Ok(())
    }
}
