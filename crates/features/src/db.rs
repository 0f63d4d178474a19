use crate::{Error, Matrix, check};

/// How powers become decibels; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct DbConfig {
    /// The power that is 0 dB; its magnitude counts. Default 1.
    pub reference: f32,
    /// Powers under this count as this; a normal number above zero. Default 1e-10.
    pub amin: f32,
    /// No value lies more than this many decibels under the largest one; at least 0. Default 80; `None` for no
    /// such floor.
    pub top_db: Option<f32>,
}

impl Default for DbConfig {
    fn default() -> Self {
        Self { reference: 1.0, amin: 1e-10, top_db: Some(80.0) }
    }
}

impl DbConfig {
    /// Sets the power that is 0 dB.
    #[must_use]
    pub fn with_reference(mut self, reference: f32) -> Self {
        self.reference = reference;
        self
    }

    /// Sets the least power.
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

    pub(crate) fn check(&self) -> Result<(), Error> {
        if !self.reference.is_finite() {
            return Err(Error::config("reference", f64::from(self.reference), "a finite power"));
        }
        if !(self.amin.is_normal() && self.amin > 0.0) {
            return Err(Error::config("amin", f64::from(self.amin), "a normal number above 0"));
        }
        if let Some(top_db) = self.top_db
            && !(0.0..f32::INFINITY).contains(&top_db)
        {
            return Err(Error::config("top_db", f64::from(top_db), "a number from 0"));
        }
        Ok(())
    }

    /// Converts powers that are known to be finite, by a configuration that has been checked.
    pub(crate) fn apply(&self, powers: &mut [f32]) {
        let offset = (10.0 * f64::from(self.reference.abs().max(self.amin)).log10()) as f32;
        for power in powers.iter_mut() {
            *power = decibels(power.max(self.amin)) - offset;
        }
        if let Some(top_db) = self.top_db {
            let floor = largest(powers) - top_db;
            for value in powers.iter_mut() {
                *value = value.max(floor);
            }
        }
    }
}

/// Converts powers to decibels in place (`librosa.power_to_db`):
/// `10 log10(max(amin, p)) - 10 log10(max(amin, |reference|))`, and nothing more than `top_db` under the largest
/// value of the whole slice. A negative power counts as `amin`. No values are no error.
///
/// # Errors
/// [`Error::InvalidConfig`] for a parameter out of range, [`Error::NonFinite`] for a NaN or infinite power; the
/// values are then unchanged.
///
/// ```
/// use soundalike_features::{DbConfig, power_to_db};
///
/// let mut values = [1.0, 100.0, 0.0];
/// power_to_db(&mut values, &DbConfig::default())?;
/// assert_eq!(values, [0.0, 20.0, -60.0]);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
pub fn power_to_db(powers: &mut [f32], config: &DbConfig) -> Result<(), Error> {
    config.check()?;
    check::finite(powers)?;
    config.apply(powers);
    Ok(())
}

impl Matrix {
    /// [`power_to_db`] over all values of the matrix.
    ///
    /// # Errors
    /// As [`power_to_db`].
    pub fn power_to_db(&mut self, config: &DbConfig) -> Result<(), Error> {
        power_to_db(self.as_mut_slice(), config)
    }
}

/// The largest value; the smallest number if there is none. (Kept in lanes, so that it can be vectorised.)
fn largest(values: &[f32]) -> f32 {
    let mut lanes = [f32::MIN; crate::lanes::LANES];
    let mut chunks = values.chunks_exact(lanes.len());
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    lanes.iter().chain(chunks.remainder()).fold(f32::MIN, |a, b| a.max(*b))
}

/// `10 log10(x)` for a normal `x > 0`, within a few units of the last place, without calls or branches, so that
/// loops over it can be vectorised.
///
/// `x = 2^e m` with `m` in `[sqrt(1/2), sqrt(2))`, and `ln m = 2 artanh s` with `s = (m - 1) / (m + 1)`, whose
/// series is cut where it falls under the precision: `|s| < 0.172`, and the first term left out is under
/// `2 s^11 / 11`, 1.5e-9 of the result.
#[inline(always)]
fn decibels(x: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    // 10 log10(2), split so that the product with an exponent is exact in the first part.
    const HIGH: f32 = 3.007_812_5;
    const LOW: f32 = 0.002_487_456_6;
    const PER_NEPER: f32 = 20.0 / std::f32::consts::LN_10;

    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = (shifted as i32 >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff) + SQRT_HALF_BITS);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let series = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
    exponent * HIGH + (exponent * LOW + PER_NEPER * s * series)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(powers: &[f32], config: &DbConfig) -> Vec<f64> {
        let amin = f64::from(config.amin);
        let reference = 10.0 * f64::from(config.reference).abs().max(amin).log10();
        let db: Vec<f64> =
            powers.iter().map(|p| 10.0 * f64::from(*p).max(amin).log10() - reference).collect();
        let floor =
            config.top_db.map_or(f64::MIN, |top| db.iter().fold(f64::MIN, |a, b| a.max(*b)) - f64::from(top));
        db.iter().map(|v| v.max(floor)).collect()
    }

    proptest! {
        #[test]
        fn as_defined(
            exponents in prop::collection::vec(-40.0f32..38.0, 1..100),
            amin in -37.0f32..0.0,
            reference in -20.0f32..20.0,
            top_db in prop::option::of(0.0f32..200.0),
        ) {
            let powers: Vec<f32> = exponents.iter().map(|e| 10f32.powf(*e)).collect();
            let config = DbConfig::default()
                .with_amin(10f32.powf(amin))
                .with_reference(10f32.powf(reference))
                .with_top_db(top_db);
            let mut got = powers.clone();
            power_to_db(&mut got, &config).unwrap();
            for (got, want) in got.iter().zip(naive(&powers, &config)) {
                // One unit in the last place at 400 dB is 3e-5.
                prop_assert!((f64::from(*got) - want).abs() < 1e-4, "{} instead of {}", got, want);
            }
        }
    }

    #[test]
    fn logarithm_is_exact_to_rounding() {
        let mut x = f32::MIN_POSITIVE;
        while x.is_finite() {
            let (got, want) = (f64::from(decibels(x)), 10.0 * f64::from(x).log10());
            assert!((got - want).abs() <= 1.5e-7 * want.abs() + 1e-6, "{x:e}: {got} instead of {want}");
            x *= 1.000_37;
        }
        for exact in [0, 10, 20, 30, -10, -100] {
            assert_eq!(decibels(10f32.powi(exact / 10)), exact as f32);
        }
    }

    #[test]
    fn what_is_not_positive_counts_as_amin() {
        let mut values = [0.0, -0.0, -5.0, f32::MIN_POSITIVE / 4.0, 1.0];
        power_to_db(&mut values, &DbConfig::default().with_top_db(None)).unwrap();
        assert_eq!(values, [-100.0, -100.0, -100.0, -100.0, 0.0]);
        let mut values = [2.0];
        // librosa takes the reference's magnitude, and amin for zero.
        power_to_db(&mut values, &DbConfig::default().with_reference(-2.0)).unwrap();
        assert_eq!(values, [0.0]);
        let mut values = [1.0];
        power_to_db(&mut values, &DbConfig::default().with_reference(0.0)).unwrap();
        assert_eq!(values, [100.0]);
        assert_eq!(power_to_db(&mut [], &DbConfig::default()), Ok(()));
    }

    #[test]
    fn bad_input_changes_nothing() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = [100.0, bad];
            let error = power_to_db(&mut values, &DbConfig::default()).unwrap_err();
            assert_eq!(error, Error::NonFinite { index: 1 });
            assert_eq!(values[0], 100.0);

            let refused = |config: DbConfig| power_to_db(&mut [1.0], &config).unwrap_err();
            let parameter = |error| match error {
                Error::InvalidConfig { parameter, .. } => parameter,
                other => panic!("{other}"),
            };
            let ok = DbConfig::default;
            assert_eq!(parameter(refused(ok().with_reference(bad))), "reference");
            assert_eq!(parameter(refused(ok().with_amin(bad))), "amin");
            assert_eq!(parameter(refused(ok().with_top_db(bad))), "top_db");
        }
        let refused = |config: DbConfig| power_to_db(&mut [1.0], &config).is_err();
        assert!(refused(DbConfig::default().with_amin(0.0)));
        assert!(refused(DbConfig::default().with_amin(1e-40)));
        assert!(refused(DbConfig::default().with_top_db(-1.0)));
    }
}
