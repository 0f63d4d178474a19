use crate::lanes::LANES;
use crate::simd::{self, Vectorized};
use crate::{Error, Matrix, check};

/// What is 0 dB.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DbReference {
    /// The largest value of what is converted (librosa's `ref=np.max`). Serialised as `"max"`.
    Max,
    /// This value; its magnitude counts. Serialised as the number.
    #[cfg_attr(feature = "serde", serde(untagged))]
    Value(f32),
}

impl From<f32> for DbReference {
    fn from(value: f32) -> Self {
        Self::Value(value)
    }
}

/// How powers become decibels; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct DbConfig {
    /// The power that is 0 dB (librosa's `ref`). Default 1.
    pub reference: DbReference,
    /// Powers under this count as this; a normal number above zero. Default 1e-10.
    pub amin: f32,
    /// No value lies more than this many decibels under the largest one; at least 0. Default 80; `None` for no
    /// such floor.
    pub top_db: Option<f32>,
}

impl Default for DbConfig {
    fn default() -> Self {
        Self { reference: DbReference::Value(1.0), amin: 1e-10, top_db: Some(80.0) }
    }
}

impl DbConfig {
    /// Sets the power that is 0 dB: a number, or [`DbReference::Max`].
    #[must_use]
    pub fn with_reference(mut self, reference: impl Into<DbReference>) -> Self {
        self.reference = reference.into();
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
        check_scale(self.reference, self.amin, self.top_db)
    }

    /// Converts powers that are known to be finite, by a configuration that has been checked.
    pub(crate) fn apply(&self, powers: &mut [f32]) {
        let largest = self.convert(powers);
        self.shift(largest).apply(powers);
    }

    /// To decibels over a power of one. Returns the largest, or the smallest number if there is none.
    fn convert(&self, powers: &mut [f32]) -> f32 {
        let amin = self.amin;
        simd::run(Convert {
            values: powers,
            each: |power: f32| decibels(if power > amin { power } else { amin }),
        })
    }

    /// What remains to be done once the largest value is known.
    fn shift(&self, largest: f32) -> Shift {
        Shift::new(self.reference, self.top_db, largest, |reference| {
            10.0 * f64::from(reference.max(self.amin)).log10()
        })
    }
}

pub(crate) fn check_scale(reference: DbReference, amin: f32, top_db: Option<f32>) -> Result<(), Error> {
    if let DbReference::Value(reference) = reference
        && !reference.is_finite()
    {
        return Err(Error::config("reference", f64::from(reference), "a finite number"));
    }
    if !(amin.is_normal() && amin > 0.0) {
        return Err(Error::config("amin", f64::from(amin), "a normal number above 0"));
    }
    top_db.map_or(Ok(()), check_top_db)
}

fn check_top_db(top_db: f32) -> Result<(), Error> {
    if !(0.0..f32::INFINITY).contains(&top_db) {
        return Err(Error::config("top_db", f64::from(top_db), "a number from 0"));
    }
    Ok(())
}

/// The second step of a conversion: less the reference, and not under the floor.
#[derive(Clone, Copy)]
pub(crate) struct Shift {
    offset: f32,
    floor: f32,
}

impl Shift {
    /// `largest` is the largest value after the first step; `decibels` converts a reference's magnitude.
    pub(crate) fn new(
        reference: DbReference,
        top_db: Option<f32>,
        largest: f32,
        decibels: impl Fn(f32) -> f64,
    ) -> Self {
        let offset = match reference {
            DbReference::Max => largest,
            DbReference::Value(value) => decibels(value.abs()) as f32,
        };
        Self { offset, floor: top_db.map_or(f32::MIN, |top_db| (largest - offset) - top_db) }
    }

    pub(crate) fn apply(self, values: &mut [f32]) {
        simd::run(ApplyShift(self, values));
    }
}

struct ApplyShift<'a>(Shift, &'a mut [f32]);

impl Vectorized for ApplyShift<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self(Shift { offset, floor }, values) = self;
        for value in values.iter_mut() {
            let shifted = *value - offset;
            *value = if shifted > floor { shifted } else { floor };
        }
    }
}

/// Replaces each value, and finds the largest of the new ones.
pub(crate) struct Convert<'a, F> {
    pub(crate) values: &'a mut [f32],
    /// Inlined where it is called: a closure of a few operations.
    pub(crate) each: F,
}

impl<F: Fn(f32) -> f32> Vectorized for Convert<'_, F> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let mut largest = i32::MIN;
        // Pieces that stay in the cache between the two loops, of which each is vectorised by itself.
        for piece in self.values.chunks_mut(1024) {
            for value in piece.iter_mut() {
                *value = (self.each)(*value);
            }
            for value in piece.iter() {
                // As integers, the numbers below zero turned round, floats are ordered, and maxima may be taken in
                // any order.
                let bits = value.to_bits() as i32;
                largest = largest.max(bits ^ ((bits >> 31) & i32::MAX));
            }
        }
        f32::from_bits((largest ^ ((largest >> 31) & i32::MAX)) as u32).max(f32::MIN)
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

/// [`power_to_db`] over a batch: the largest value, from which `top_db` counts and which [`DbReference::Max`] is,
/// is that of all clips together, as `librosa.power_to_db` has it for an array of several clips. (For clips on
/// their own, convert each by [`power_to_db`].) Clips may differ in shape; no clips are no error.
///
/// # Errors
/// As [`power_to_db`], where the index counts through the clips; all values are then unchanged.
pub fn power_to_db_batch(clips: &mut [Matrix], config: &DbConfig) -> Result<(), Error> {
    config.check()?;
    let mut before = 0;
    for clip in clips.iter() {
        check::finite(clip.as_slice()).map_err(|error| match error {
            Error::NonFinite { index } => Error::NonFinite { index: before + index },
            other => other,
        })?;
        before += clip.as_slice().len();
    }
    let mut top = f32::MIN;
    for clip in clips.iter_mut() {
        top = top.max(config.convert(clip.as_mut_slice()));
    }
    let shift = config.shift(top);
    for clip in clips.iter_mut() {
        shift.apply(clip.as_mut_slice());
    }
    Ok(())
}

/// Raises decibels that lie more than `top_db` under the largest value of the slice to that floor: the last step of
/// [`power_to_db`] on its own, for a stream that was converted block by block with `top_db` `None`.
///
/// # Errors
/// [`Error::InvalidConfig`] for a `top_db` under zero or not finite, [`Error::NonFinite`]; the values are then
/// unchanged.
pub fn clamp_top_db(decibels: &mut [f32], top_db: f32) -> Result<(), Error> {
    check_top_db(top_db)?;
    check::finite(decibels)?;
    let floor = largest(decibels) - top_db;
    for value in decibels.iter_mut() {
        *value = value.max(floor);
    }
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
    let mut lanes = [f32::MIN; LANES];
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
pub(crate) fn decibels(x: f32) -> f32 {
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
        let reference = match config.reference {
            DbReference::Value(value) => f64::from(value).abs(),
            DbReference::Max => powers.iter().fold(0.0, |a, b| f64::max(a, f64::from(*b))),
        };
        let reference = 10.0 * reference.max(amin).log10();
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
            reference in prop::option::of(-20.0f32..20.0),
            top_db in prop::option::of(0.0f32..200.0),
        ) {
            let powers: Vec<f32> = exponents.iter().map(|e| 10f32.powf(*e)).collect();
            let config = DbConfig::default()
                .with_amin(10f32.powf(amin))
                .with_reference(reference.map_or(DbReference::Max, |e| DbReference::Value(10f32.powf(e))))
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
    fn a_batch_shares_its_maximum() {
        let clip = |powers: &[f32]| Matrix::new(powers.to_vec(), 1, powers.len()).unwrap();
        let mut clips = [clip(&[1.0, 1e-3]), clip(&[]), clip(&[10.0])];
        power_to_db_batch(
            &mut clips,
            &DbConfig::default().with_reference(DbReference::Max).with_top_db(20.0),
        )
        .unwrap();
        assert_eq!(clips, [clip(&[-10.0, -20.0]), clip(&[]), clip(&[0.0])]);
        let mut one = [clip(&[3.0, 0.2, 0.0])];
        power_to_db_batch(&mut one, &DbConfig::default()).unwrap();
        let mut alone = [3.0, 0.2, 0.0];
        power_to_db(&mut alone, &DbConfig::default()).unwrap();
        assert_eq!(one[0].as_slice(), alone);
        assert_eq!(power_to_db_batch(&mut [], &DbConfig::default()), Ok(()));
        let mut bad = [clip(&[1.0, 2.0]), clip(&[3.0, f32::NAN])];
        let error = power_to_db_batch(&mut bad, &DbConfig::default());
        assert_eq!(error, Err(Error::NonFinite { index: 3 }));
        assert_eq!(bad[0], clip(&[1.0, 2.0]));
    }

    #[test]
    fn blocks_with_a_last_step_are_the_whole() {
        let powers: Vec<f32> = (0..1000).map(|i| 10f32.powf((i as f32 * 0.7).sin() * 7.0)).collect();
        let mut whole = powers.clone();
        power_to_db(&mut whole, &DbConfig::default()).unwrap();
        let mut blocks = powers;
        for block in blocks.chunks_mut(33) {
            power_to_db(block, &DbConfig::default().with_top_db(None)).unwrap();
        }
        assert_ne!(blocks, whole);
        clamp_top_db(&mut blocks, 80.0).unwrap();
        assert_eq!(blocks, whole);
        assert_eq!(clamp_top_db(&mut [], 80.0), Ok(()));
        assert_eq!(clamp_top_db(&mut [f32::NAN], 80.0), Err(Error::NonFinite { index: 0 }));
        for bad in [-1.0, f32::NAN, f32::INFINITY] {
            assert!(matches!(
                clamp_top_db(&mut [0.0], bad),
                Err(Error::InvalidConfig { parameter: "top_db", .. })
            ));
        }
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
