//! Confidence intervals: Wilson's for a rate.

use std::fmt;

use crate::Error;
use crate::check;

/// A confidence interval, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Does the interval hold `value`? NaN is in no interval.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Upper end less lower end.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }
}

/// `low to high`, with the formatter's precision (three decimals where none is given).
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(3);
        write!(f, "{:.digits$} to {:.digits$}", self.low, self.high)
    }
}

/// Wilson's score interval for a rate: `successes` out of `n`, at a two-sided `confidence` such as 0.95.
///
/// It stays within 0 and 1 and does not shrink to nothing at 0 or `n` successes, where the textbook
/// interval does. No trials (`n = 0`) say nothing: the interval is 0 to 1. No continuity correction; equal
/// to statsmodels' `proportion_confint(method="wilson")`. Trials must be independent: for clips of the
/// same track use [`crate::bootstrap_by_group`].
///
/// Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
///
/// # Errors
/// [`Error::TooMany`] where `successes` exceeds `n`; [`Error::OutOfRange`] for a confidence that is not
/// strictly between 0 and 1.
pub fn wilson(successes: u64, n: u64, confidence: f64) -> Result<Interval, Error> {
    check::confidence(confidence)?;
    if successes > n {
        return Err(Error::TooMany { what: "successes", expected: n, got: successes });
    }
    if n == 0 {
        return Ok(Interval { low: 0.0, high: 1.0 });
    }
    let z = two_sided_z(confidence);
    let trials = n as f64;
    let rate = successes as f64 / trials;
    let z2 = z * z / trials;
    let centre = (rate + z2 / 2.0) / (1.0 + z2);
    let half = z / (1.0 + z2) * (rate * (1.0 - rate) / trials + z2 / (4.0 * trials)).sqrt();
    Ok(Interval {
        low: if successes == 0 { 0.0 } else { (centre - half).max(0.0) },
        high: if successes == n { 1.0 } else { (centre + half).min(1.0) },
    })
}

/// The `z` for which a standard normal variable lies within `-z..=z` with probability `confidence`.
fn two_sided_z(confidence: f64) -> f64 {
    // Bisection: no derivative, no start value, no failure. Beyond 9 the probability rounds to 1.
    let (mut low, mut high) = (0.0_f64, 9.0_f64);
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if central_probability(middle) < confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Probability that a standard normal variable lies within `-z..=z`.
///
/// The series `2 phi(z) (z + z^3/3 + z^5/15 + ...)` (Marsaglia, "Evaluating the Normal Distribution",
/// 2004): all terms are positive, so nothing cancels.
fn central_probability(z: f64) -> f64 {
    let mut term = z;
    let mut sum = z;
    let mut odd = 3.0;
    while term > sum * 1e-18 {
        term *= z * z / odd;
        sum += term;
        odd += 2.0;
    }
    sum * (-0.5 * z * z).exp() * (2.0 / std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_of_the_normal_distribution() {
        // scipy.stats.norm.ppf((1 + c) / 2)
        for (confidence, z) in [
            (0.5, 0.674_489_750_196_081_7),
            (0.9, 1.644_853_626_951_472_2),
            (0.95, 1.959_963_984_540_054),
            (0.99, 2.575_829_303_548_900_4),
            (0.999_999, 4.891_638_475_699_068),
        ] {
            assert!((two_sided_z(confidence) - z).abs() < 1e-9, "{confidence}");
        }
    }

    #[test]
    fn the_ends_are_exact() {
        assert_eq!(wilson(0, 0, 0.95).unwrap(), Interval { low: 0.0, high: 1.0 });
        assert_eq!(wilson(0, 10, 0.95).unwrap().low, 0.0);
        assert_eq!(wilson(10, 10, 0.95).unwrap().high, 1.0);
        // z^2 / (n + z^2), worked by hand.
        assert!((wilson(0, 10, 0.95).unwrap().high - 0.277_532_799_862_888_6).abs() < 1e-12);
    }

    #[test]
    fn refuses_what_cannot_be() {
        assert!(matches!(wilson(3, 2, 0.95), Err(Error::TooMany { expected: 2, got: 3, .. })));
        for bad in [0.0, 1.0, -1.0, 95.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(wilson(1, 2, bad), Err(Error::OutOfRange { .. })), "{bad}");
        }
    }

    #[test]
    fn printing() {
        let interval = Interval { low: 0.12345, high: 0.5 };
        assert_eq!(interval.to_string(), "0.123 to 0.500");
        assert_eq!(format!("{interval:.1}"), "0.1 to 0.5");
        assert!(interval.contains(0.5) && !interval.contains(0.51) && !interval.contains(f64::NAN));
        assert!((interval.width() - 0.37655).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn holds_the_rate_and_mirrors(
            n in 1..5_000_u64,
            share in 0.0..=1.0_f64,
            confidence in 0.01..0.999_f64,
        ) {
            let k = (share * n as f64) as u64;
            let interval = wilson(k, n, confidence).unwrap();
            prop_assert!(0.0 <= interval.low && interval.high <= 1.0);
            prop_assert!(interval.contains(k as f64 / n as f64));
            let mirror = wilson(n - k, n, confidence).unwrap();
            prop_assert!((interval.low - (1.0 - mirror.high)).abs() < 1e-12);
            let wider = wilson(k, n, confidence + 0.0005).unwrap();
            prop_assert!(wider.low <= interval.low && wider.high >= interval.high);
        }
    }
}
