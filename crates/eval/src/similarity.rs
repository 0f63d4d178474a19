//! The mean of similarities or distances.

use crate::Error;
use crate::check::not_empty;

/// Mean of similarities (or distances), summed in double precision.
///
/// # Errors
/// [`Error::Empty`]; [`Error::NotFinite`] for the first NaN or infinite value.
pub fn mean_similarity(similarities: &[f32]) -> Result<f64, Error> {
    not_empty("similarities", similarities)?;
    let mut sum = 0.0;
    for (index, value) in similarities.iter().enumerate() {
        if !value.is_finite() {
            return Err(Error::NotFinite { what: "similarity", index, got: f64::from(*value) });
        }
        sum += f64::from(*value);
    }
    Ok(sum / similarities.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked_values() {
        assert_eq!(mean_similarity(&[0.5, 1.0, -0.75]).unwrap(), 0.25);
        // A single-precision sum would stop growing at 2^24.
        let ones = vec![1.0_f32; (1 << 24) + 2];
        assert_eq!(mean_similarity(&ones).unwrap(), 1.0);
    }

    #[test]
    fn refuses_what_has_no_mean() {
        assert!(matches!(mean_similarity(&[]), Err(Error::Empty { .. })));
        assert!(matches!(mean_similarity(&[0.0, f32::NAN]), Err(Error::NotFinite { index: 1, .. })));
        assert!(matches!(mean_similarity(&[f32::INFINITY]), Err(Error::NotFinite { index: 0, .. })));
    }
}
