use crate::{Error, Metric};

/// The greatest Euclidean norm of a vector or query under inner product and L2. Below it no score can overflow f32.
pub const MAX_NORM: f64 = 1e18;

/// Checks a vector and returns what its components are divided by: its norm for cosine, else 1.
pub(crate) fn divisor(metric: Metric, row: usize, vector: &[f32]) -> Result<f64, Error> {
    if let Some(component) = vector.iter().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite { row, component });
    }
    // In f64 the square of any f32 neither overflows nor vanishes.
    let norm = vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
    match metric {
        Metric::Cosine if norm == 0.0 => Err(Error::ZeroVector { row }),
        Metric::Cosine => Ok(norm),
        Metric::InnerProduct | Metric::L2 if norm > MAX_NORM => {
            Err(Error::TooLong { row, norm, limit: MAX_NORM })
        }
        Metric::InnerProduct | Metric::L2 => Ok(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_norms_neither_overflow_nor_vanish() {
        for scale in [1e-45f32, 1e-30, 1.0, 1e30, f32::MAX] {
            let norm = divisor(Metric::Cosine, 0, &[scale; 4]).unwrap();
            assert!((norm / (2.0 * f64::from(scale)) - 1.0).abs() < 1e-12, "{scale}: {norm}");
        }
    }

    #[test]
    fn each_bad_vector_has_its_error() {
        let nan = divisor(Metric::L2, 3, &[0.0, f32::NAN]);
        assert!(matches!(nan, Err(Error::NotFinite { row: 3, component: 1 })));
        let infinite = divisor(Metric::Cosine, 0, &[f32::NEG_INFINITY]);
        assert!(matches!(infinite, Err(Error::NotFinite { row: 0, component: 0 })));
        let zero = divisor(Metric::Cosine, 2, &[0.0, -0.0]);
        assert!(matches!(zero, Err(Error::ZeroVector { row: 2 })));
        for metric in [Metric::InnerProduct, Metric::L2] {
            assert!(divisor(metric, 0, &[0.0]).is_ok());
            assert!(matches!(divisor(metric, 0, &[2e18]), Err(Error::TooLong { row: 0, .. })));
        }
    }
}
