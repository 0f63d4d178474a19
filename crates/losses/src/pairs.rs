//! Which pairs of a batch are positive, and which negative.

use burn::tensor::{Bool, Int, Tensor};

/// Both `[anchors, others]`; an anchor makes no pair with itself.
#[derive(Clone)]
pub(crate) struct Pairs {
    pub(crate) positives: Tensor<2, Bool>,
    pub(crate) negatives: Tensor<2, Bool>,
}

impl Pairs {
    /// Of rows with these labels: positive where labels are equal.
    pub(crate) fn from_labels(labels: Tensor<1, Int>) -> Self {
        let [rows] = labels.dims();
        let device = labels.device();
        let same = labels.clone().unsqueeze_dim::<2>(1).equal(labels.unsqueeze_dim::<2>(0));
        // burn's mask of the diagonal is false on the diagonal.
        let off_diagonal = Tensor::<2, Bool>::diag_mask([rows, rows], 0, &device);
        Self { positives: same.clone().bool_and(off_diagonal), negatives: same.bool_not() }
    }

    /// Of queries with candidates, where query i's positive is candidate i and all others are negatives.
    pub(crate) fn one_positive_each(similarity: &Tensor<2>) -> Self {
        let negatives = Tensor::<2, Bool>::diag_mask(similarity.dims(), 0, &similarity.device());
        Self { positives: negatives.clone().bool_not(), negatives }
    }

    /// Of queries with candidates, where each query's positive is candidate 0.
    pub(crate) fn first_is_positive(similarity: &Tensor<2>) -> Self {
        let [_, candidates] = similarity.dims();
        let candidate = Tensor::<1, Int>::arange(0..candidates as i64, &similarity.device());
        let first = candidate.equal_scalar(0).unsqueeze_dim::<2>(0).expand(similarity.dims());
        Self { positives: first.clone(), negatives: first.bool_not() }
    }

    /// The first `rows` anchors alone.
    pub(crate) fn anchors(self, rows: usize) -> Self {
        Self { positives: self.positives.narrow(0, 0, rows), negatives: self.negatives.narrow(0, 0, rows) }
    }

    /// All pairs.
    pub(crate) fn others(&self) -> Tensor<2, Bool> {
        self.positives.clone().bool_or(self.negatives.clone())
    }
}
