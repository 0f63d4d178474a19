//! Log-sum-exp over some of a row's columns, at any temperature.

use burn::tensor::{Bool, Tensor};

/// Its exponential is zero in every precision, and it is finite: a product with zero stays zero, also in the
/// gradient, where that of -infinity would be NaN.
pub(crate) const EXP_IS_ZERO: f64 = -1e4;

/// The least cosine.
const LEAST: f64 = -1.0;

/// The logits of rows, and the logarithm of the sum of the exponentials of those kept.
pub(crate) struct LogSumExp {
    /// `(similarity - m) / temperature`, where m is the row's largest similarity among the columns kept, without
    /// gradient. All columns, `[rows, columns]`.
    pub(crate) logits: Tensor<2>,
    /// Of the columns kept of `logits`; 0 where a row keeps none. `[rows, 1]`.
    pub(crate) log_sum: Tensor<2>,
    /// Rows that keep any column, `[rows, 1]`.
    pub(crate) any: Tensor<2, Bool>,
}

/// The maximum is subtracted before the division by the temperature: the difference of two similarities that are
/// close is exact. Columns are masked after both, where the largest logit is 0 and so any fill is safe whose
/// exponential is 0, at any temperature; masked before, a fill such as -1e9 must be below every logit, and a small
/// temperature takes logits anywhere.
///
/// `similarity` must hold cosines.
pub(crate) fn log_sum_exp(similarity: Tensor<2>, keep: &Tensor<2, Bool>, temperature: f64) -> LogSumExp {
    let dropped = keep.clone().bool_not();
    let any = keep.clone().any_dim(1);
    let largest = similarity.clone().detach().mask_fill(dropped.clone(), LEAST).max_dim(1);
    // burn takes the gradient of a division by a number in single precision, that of a product in the tensor's own.
    let logits = (similarity - largest).mul_scalar(1.0 / temperature);
    let sum = logits.clone().mask_fill(dropped, EXP_IS_ZERO).exp().sum_dim(1);
    let log_sum = sum.mask_fill(any.clone().bool_not(), 1.0).log();
    LogSumExp { logits, log_sum, any }
}

/// `log(1 + exp(x))`, without overflow, with the gradient `sigmoid(x)` everywhere.
pub(crate) fn softplus(x: Tensor<2>) -> Tensor<2> {
    // Detached, so that it cancels out of the gradient, also at x = 0 where a maximum has none.
    let largest = x.clone().detach().clamp_min(0.0);
    (largest.clone().neg().exp() + (x - largest.clone()).exp()).log() + largest
}
