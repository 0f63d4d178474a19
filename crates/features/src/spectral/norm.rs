use crate::lanes::{LANES, Lane};

/// What a vector is divided by (librosa's `norm`). A vector whose norm is under the smallest normal number of
/// its precision is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Norm {
    /// The largest magnitude; librosa's `numpy.inf`.
    #[default]
    Inf,
    /// The sum of the magnitudes; librosa's `1`.
    L1,
    /// The square root of the sum of the squares; librosa's `2`.
    L2,
    /// Nothing; librosa's `None`.
    None,
}

impl Norm {
    /// What to divide the vector by, where `tiny` is the least norm to divide by.
    pub(crate) fn divisor(self, values: impl Iterator<Item = f64>, tiny: f64) -> f64 {
        let length = match self {
            Self::Inf => values.fold(0.0, |a: f64, b| a.max(b.abs())),
            Self::L1 => values.map(f64::abs).sum(),
            Self::L2 => values.map(|v| v * v).sum::<f64>().sqrt(),
            Self::None => 1.0,
        };
        if length < tiny { 1.0 } else { length }
    }

    /// What to divide each of the vectors by that lie side by side, `[row][lane]`.
    #[inline(always)]
    pub(super) fn divisors(self, rows: &[Lane]) -> [f64; LANES] {
        let mut lengths = [0.0; LANES];
        for row in rows {
            for (length, value) in lengths.iter_mut().zip(row) {
                let size = f64::from(value.abs());
                *length = match self {
                    Self::Inf if size > *length => size,
                    Self::Inf => *length,
                    Self::L1 => *length + size,
                    Self::L2 => *length + size * size,
                    Self::None => 1.0,
                };
            }
        }
        for length in &mut lengths {
            let whole = if self == Self::L2 { length.sqrt() } else { *length };
            *length = if whole < f64::from(f32::MIN_POSITIVE) { 1.0 } else { whole };
        }
        lengths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked() {
        let of = |norm: Norm, values: &[f64]| norm.divisor(values.iter().copied(), 1e-3);
        for (norm, want) in [(Norm::Inf, 4.0), (Norm::L1, 7.0), (Norm::L2, 5.0), (Norm::None, 1.0)] {
            assert_eq!(of(norm, &[3.0, -4.0]), want);
            assert_eq!(of(norm, &[3e-4, -4e-4]), 1.0);
            assert_eq!(of(norm, &[]), 1.0);
        }
    }
}
