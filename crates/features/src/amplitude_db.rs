use crate::db::{Convert, DbReference, Shift, check_scale, decibels};
use crate::simd;
use crate::{Error, Matrix, check};

/// How amplitudes become decibels; the names and defaults are librosa's. All values are amplitudes: the default
/// `amin`, 1e-5, is the power 1e-10 that [`DbConfig`](crate::DbConfig) has.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct AmplitudeDbConfig {
    /// The amplitude that is 0 dB (librosa's `ref`). Default 1.
    pub reference: DbReference,
    /// Amplitudes under this count as this; a normal number above zero. Default 1e-5.
    pub amin: f32,
    /// No value lies more than this many decibels under the largest one; at least 0. Default 80; `None` for no
    /// such floor.
    pub top_db: Option<f32>,
}

impl Default for AmplitudeDbConfig {
    fn default() -> Self {
        Self { reference: DbReference::Value(1.0), amin: 1e-5, top_db: Some(80.0) }
    }
}

impl AmplitudeDbConfig {
    /// Sets the amplitude that is 0 dB: a number, or [`DbReference::Max`].
    #[must_use]
    pub fn with_reference(mut self, reference: impl Into<DbReference>) -> Self {
        self.reference = reference.into();
        self
    }

    /// Sets the least amplitude.
    #[must_use]
    pub fn with_amin(mut self, amin: f32) -> Self {
        self.amin = amin;
        self
    }

    /// Sets how far under the largest value the floor lies, in decibels; `None` for no floor.
    #[must_use]
    pub fn with_top_db(mut self, top_db: impl Into<Option<f32>>) -> Self {
        self.top_db = top_db.into();
        self
    }
}

/// Converts amplitudes to decibels in place (`librosa.amplitude_to_db`):
/// `20 log10(max(amin, |a|)) - 20 log10(max(amin, |reference|))`, and nothing more than `top_db` under the largest
/// value of the whole slice. No values are no error.
///
/// # Errors
/// [`Error::InvalidConfig`] for a parameter out of range, [`Error::NonFinite`] for a NaN or infinite amplitude; the
/// values are then unchanged.
///
/// ```
/// use soundalike_features::{AmplitudeDbConfig, amplitude_to_db};
///
/// let mut values = [1.0, -10.0, 0.0];
/// amplitude_to_db(&mut values, &AmplitudeDbConfig::default())?;
/// assert_eq!(values, [0.0, 20.0, -60.0]);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
pub fn amplitude_to_db(amplitudes: &mut [f32], config: &AmplitudeDbConfig) -> Result<(), Error> {
    check_scale(config.reference, config.amin, config.top_db)?;
    check::finite(amplitudes)?;
    let amin = config.amin;
    // Twice the decibels of the amplitude instead of those of its square, which may leave the range.
    let each = |value: f32| 2.0 * decibels(if value.abs() > amin { value.abs() } else { amin });
    let largest = simd::run(Convert { values: amplitudes, each });
    let reference = |value: f32| 20.0 * f64::from(value.max(config.amin)).log10();
    Shift::new(config.reference, config.top_db, largest, reference).apply(amplitudes);
    Ok(())
}

impl Matrix {
    /// [`amplitude_to_db`] over all values of the matrix.
    ///
    /// # Errors
    /// As [`amplitude_to_db`].
    pub fn amplitude_to_db(&mut self, config: &AmplitudeDbConfig) -> Result<(), Error> {
        amplitude_to_db(self.as_mut_slice(), config)
    }
}

/// Converts decibels to powers in place (`librosa.db_to_power`): `reference * 10^(d / 10)`. What exceeds single
/// precision becomes infinite. No values are no error.
///
/// # Errors
/// [`Error::InvalidConfig`] for a `reference` that is not finite, [`Error::NonFinite`] for such a value; the values
/// are then unchanged.
pub fn db_to_power(decibels: &mut [f32], reference: f32) -> Result<(), Error> {
    from_db(decibels, reference, 10.0)
}

/// Converts decibels to amplitudes in place (`librosa.db_to_amplitude`): `|reference| * 10^(d / 20)`. What exceeds
/// single precision becomes infinite. No values are no error.
///
/// # Errors
/// As [`db_to_power`].
pub fn db_to_amplitude(decibels: &mut [f32], reference: f32) -> Result<(), Error> {
    from_db(decibels, reference.abs(), 20.0)
}

fn from_db(values: &mut [f32], reference: f32, per_decade: f64) -> Result<(), Error> {
    if !reference.is_finite() {
        return Err(Error::config("reference", f64::from(reference), "a finite number"));
    }
    check::finite(values)?;
    let (reference, rate) = (f64::from(reference), std::f64::consts::LOG2_10 / per_decade);
    for value in values.iter_mut() {
        // Limited, so that a reference of zero is never multiplied by infinity; 2^900 exceeds single precision
        // by more than the least reference makes up for.
        *value = (reference * (f64::from(*value) * rate).min(900.0).exp2()) as f32;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{DbConfig, power_to_db};

    proptest! {
        #[test]
        fn as_defined(
            exponents in prop::collection::vec((-20.0f32..20.0, any::<bool>()), 1..50),
            reference in prop::option::of(-9.0f32..9.0),
            top_db in prop::option::of(0.0f32..200.0),
        ) {
            let values: Vec<f32> =
                exponents.iter().map(|(e, minus)| 10f32.powf(*e) * if *minus { -1.0 } else { 1.0 }).collect();
            let largest = values.iter().fold(1e-5, |a, b| f64::max(a, f64::from(b.abs())));
            let offset = reference.map_or(largest, |e| f64::from(10f32.powf(e)).max(1e-5));
            let floor = top_db.map_or(f64::MIN, |top| 20.0 * (largest / offset).log10() - f64::from(top));
            let config = AmplitudeDbConfig::default()
                .with_reference(reference.map_or(DbReference::Max, |e| DbReference::Value(10f32.powf(e))))
                .with_top_db(top_db);
            let mut got = values.clone();
            amplitude_to_db(&mut got, &config).unwrap();
            for (got, value) in got.iter().zip(&values) {
                let want = (20.0 * (f64::from(value.abs()).max(1e-5) / offset).log10()).max(floor);
                prop_assert!((f64::from(*got) - want).abs() < 1e-4, "{} instead of {}", got, want);
            }
        }

        #[test]
        fn there_and_back(exponents in prop::collection::vec(-9.0f32..9.0, 1..50), reference in 0.1f32..10.0) {
            let values: Vec<f32> = exponents.iter().map(|e| 10f32.powf(*e)).collect();
            let close = |got: &[f32]| got.iter().zip(&values).all(|(g, v)| (g - v).abs() <= 5e-6 * v);
            let mut x = values.clone();
            let config = DbConfig::default().with_reference(reference).with_amin(1e-30).with_top_db(None);
            power_to_db(&mut x, &config).unwrap();
            db_to_power(&mut x, reference).unwrap();
            prop_assert!(close(&x));
            let config = AmplitudeDbConfig::default().with_reference(reference).with_amin(1e-30).with_top_db(None);
            amplitude_to_db(&mut x, &config).unwrap();
            db_to_amplitude(&mut x, -reference).unwrap();
            prop_assert!(close(&x));
        }
    }

    #[test]
    fn outside_of_single_precision() {
        let mut values = [3000.0, -3000.0, 0.0];
        db_to_power(&mut values, 2.0).unwrap();
        assert_eq!(values, [f32::INFINITY, 0.0, 2.0]);
        let mut values = [f32::MAX, f32::MIN];
        db_to_amplitude(&mut values, 0.0).unwrap();
        assert_eq!(values, [0.0, 0.0]);
        let mut values = [f32::MAX];
        db_to_power(&mut values, f32::MIN_POSITIVE).unwrap();
        assert_eq!(values, [f32::INFINITY]);
        let mut values = [f32::MAX, f32::MIN, f32::MIN_POSITIVE];
        amplitude_to_db(&mut values, &AmplitudeDbConfig::default().with_top_db(None)).unwrap();
        assert!((values[0] - 770.6368).abs() < 1e-4 && values[0] == values[1] && values[2] == -100.0);
    }
}
