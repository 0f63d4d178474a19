//! Percentile bootstrap over groups.

use std::collections::HashMap;
use std::hash::Hash;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::check;
use crate::{Error, Interval};

/// How to resample.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BootstrapConfig {
    /// Number of resamples.
    pub n_resamples: usize,
    /// Seed: the same seed and input give the same interval, on every machine.
    pub seed: u64,
    /// Two-sided confidence, strictly between 0 and 1.
    pub confidence: f64,
}

/// 1,000 resamples, seed 0, 95 %.
impl Default for BootstrapConfig {
    fn default() -> Self {
        Self { n_resamples: 1000, seed: 0, confidence: 0.95 }
    }
}

impl BootstrapConfig {
    /// Sets the number of resamples.
    pub fn with_n_resamples(mut self, n_resamples: usize) -> Self {
        self.n_resamples = n_resamples;
        self
    }

    /// Sets the seed.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the two-sided confidence.
    pub fn with_confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }
}

/// A statistic with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The statistic of the values as they are.
    pub value: f64,
    /// The interval from the resamples.
    pub interval: Interval,
}

/// Percentile interval of a statistic, resampling whole groups with replacement.
///
/// Clips of one track are not independent, so an interval over clips is too narrow: give each value the
/// group it belongs to (its track), and as many groups as there are get drawn, each with all of its values.
/// `values` may be of any copyable type, such as `f64` or a `(score, label)` pair; `statistic` gets the
/// values of a resample and returns a finite number. A single group gives an interval of no width: one track
/// says nothing about others.
///
/// Ends are the `(1 - confidence) / 2` and `(1 + confidence) / 2` quantiles of the resampled statistics with
/// linear interpolation (numpy's default). Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
/// chapter 13.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::OutOfRange`] for no resamples or an impossible
/// confidence, [`Error::NotFinite`] where the statistic of a resample (`index` counts them from 1; 0 is the
/// input itself) is NaN or infinite.
pub fn bootstrap_by_group<G, T, F>(
    groups: &[G],
    values: &[T],
    mut statistic: F,
    config: &BootstrapConfig,
) -> Result<Estimate, Error>
where
    G: Eq + Hash,
    T: Copy,
    F: FnMut(&[T]) -> f64,
{
    let [estimate] = resample_groups(groups, values, |sample| Some([statistic(sample)]), config)?;
    Ok(estimate)
}

/// [`bootstrap_by_group`] for several statistics of the same resamples. A resample of which they do not exist
/// (`None`) is drawn again.
pub(crate) fn resample_groups<G, T, F, const M: usize>(
    groups: &[G],
    values: &[T],
    mut statistics: F,
    config: &BootstrapConfig,
) -> Result<[Estimate; M], Error>
where
    G: Eq + Hash,
    T: Copy,
    F: FnMut(&[T]) -> Option<[f64; M]>,
{
    /// Where a draw fails, the next one does not with a chance of at least one half (see `verification`).
    const DRAWS: usize = 1000;
    check::not_empty("values", values)?;
    check::confidence(config.confidence)?;
    check::same_length("groups", values.len(), groups.len())?;
    if config.n_resamples == 0 {
        return Err(Error::OutOfRange { what: "n_resamples", expected: "at least 1", got: 0.0 });
    }
    let members = members_by_group(groups, values);
    let mut finite = |index: usize, sample: &[T]| {
        let Some(got) = statistics(sample) else { return Ok(None) };
        match got.into_iter().find(|v| !v.is_finite()) {
            Some(got) => Err(Error::NotFinite { what: "statistic", index, got }),
            None => Ok(Some(got)),
        }
    };
    let missing = |index| Error::NotFinite { what: "statistic", index, got: f64::NAN };
    let of_all = finite(0, values)?.ok_or_else(|| missing(0))?;

    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let mut sample: Vec<T> = Vec::with_capacity(values.len());
    let mut resampled: [Vec<f64>; M] = std::array::from_fn(|_| Vec::with_capacity(config.n_resamples));
    for index in 1..=config.n_resamples {
        let mut got = None;
        for _ in 0..DRAWS {
            sample.clear();
            for _ in 0..members.len() {
                if let Some(group) = members.get(below(&mut rng, members.len())) {
                    sample.extend_from_slice(group);
                }
            }
            got = finite(index, &sample)?;
            if got.is_some() {
                break;
            }
        }
        let got = got.ok_or_else(|| missing(index))?;
        for (list, value) in resampled.iter_mut().zip(got) {
            list.push(value);
        }
    }
    let tail = 0.5 * (1.0 - config.confidence);
    let intervals = resampled.map(|mut list| {
        list.sort_unstable_by(f64::total_cmp);
        Interval { low: quantile(&list, tail), high: quantile(&list, 1.0 - tail) }
    });
    let mut values = of_all.into_iter();
    Ok(intervals.map(|interval| Estimate { value: values.next().unwrap_or(f64::NAN), interval }))
}

/// A number below `n`, all equally likely: a 64-bit fraction of `n`, whose bias is below 2^-32 for 2^32 of them.
pub(crate) fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// The values of each group, groups in the order of first appearance (a hash map's own order would make the
/// result depend on the run).
fn members_by_group<G: Eq + Hash, T: Copy>(groups: &[G], values: &[T]) -> Vec<Vec<T>> {
    let mut numbers: HashMap<&G, usize> = HashMap::new();
    let mut members: Vec<Vec<T>> = Vec::new();
    for (group, value) in groups.iter().zip(values) {
        let next = members.len();
        let number = *numbers.entry(group).or_insert(next);
        match members.get_mut(number) {
            Some(list) => list.push(*value),
            None => members.push(vec![*value]),
        }
    }
    members
}

/// Quantile of a sorted slice, linear between its neighbours; NaN for an empty one.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * sorted.len().saturating_sub(1) as f64;
    let below = position.floor() as usize;
    match (sorted.get(below), sorted.get(below + 1)) {
        (Some(a), Some(b)) => a + (b - a) * (position - position.floor()),
        (Some(a), None) => *a,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn bernoulli_groups_give_binomial_quantiles() {
        // 20 groups, half of them 1: the resampled mean is Binomial(20, 0.5) / 20, whose 2.5 % and 97.5 %
        // quantiles are 6 / 20 and 14 / 20 (scipy.stats.binom.ppf). P(X <= 5) is 0.0207 and P(X <= 6) is
        // 0.0577: far from 0.025 on the scale of 20,000 draws.
        let groups: Vec<u32> = (0..20).collect();
        let values: Vec<f64> = groups.iter().map(|g| f64::from(g % 2)).collect();
        let config = BootstrapConfig::default().with_n_resamples(20_000).with_seed(3);
        let estimate = bootstrap_by_group(&groups, &values, mean, &config).unwrap();
        assert_eq!(estimate.value, 0.5);
        assert_eq!(estimate.interval, Interval { low: 0.3, high: 0.7 });
    }

    #[test]
    fn copies_of_a_clip_do_not_narrow_the_interval() {
        let tracks = ["a", "b", "c", "d", "e", "f", "g"];
        let scores = [0.1, 0.9, 0.4, 0.6, 0.7, 0.2, 0.5];
        let config = BootstrapConfig::default().with_seed(11);
        let once = bootstrap_by_group(&tracks, &scores, mean, &config).unwrap();
        let many_tracks: Vec<&str> = tracks.iter().flat_map(|t| [*t; 8]).collect();
        let many_scores: Vec<f64> = scores.iter().flat_map(|s| [*s; 8]).collect();
        let many = bootstrap_by_group(&many_tracks, &many_scores, mean, &config).unwrap();
        assert!((once.interval.low - many.interval.low).abs() < 1e-12);
        assert!((once.interval.high - many.interval.high).abs() < 1e-12);
        // Over clips, which is wrong, it would be narrower.
        let clips: Vec<usize> = (0..many_scores.len()).collect();
        let wrong = bootstrap_by_group(&clips, &many_scores, mean, &config).unwrap();
        assert!(wrong.interval.width() < 0.6 * many.interval.width());
    }

    #[test]
    fn the_seed_decides() {
        let groups: Vec<u32> = (0..50).map(|i| i / 3).collect();
        let values: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50)).collect();
        let config = BootstrapConfig::default();
        let a = bootstrap_by_group(&groups, &values, mean, &config).unwrap();
        let b = bootstrap_by_group(&groups, &values, mean, &config).unwrap();
        assert_eq!(a, b);
        let c = bootstrap_by_group(&groups, &values, mean, &config.clone().with_seed(1)).unwrap();
        assert_ne!(a.interval, c.interval);
        assert!(a.interval.contains(a.value));
        let narrow = bootstrap_by_group(&groups, &values, mean, &config.with_confidence(0.5)).unwrap();
        assert!(narrow.interval.width() < a.interval.width());
    }

    #[test]
    fn one_group_has_no_width_and_pairs_work() {
        let pairs = [(0.9, true), (0.1, false), (0.4, true)];
        let share = |sample: &[(f64, bool)]| {
            sample.iter().filter(|(s, l)| (*s > 0.5) == *l).count() as f64 / sample.len() as f64
        };
        let estimate =
            bootstrap_by_group(&["x", "x", "x"], &pairs, share, &BootstrapConfig::default()).unwrap();
        assert_eq!(estimate.interval.width(), 0.0);
        assert_eq!(estimate.value, 2.0 / 3.0);
    }

    #[test]
    fn quantiles_as_numpy_has_them() {
        // numpy.quantile([1, 2, 4, 8], [0, .1, .5, .9, 1])
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (q, want) in [(0.0, 1.0), (0.1, 1.3), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)] {
            assert!((quantile(&sorted, q) - want).abs() < 1e-12, "{q}");
        }
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn refuses_what_has_no_answer() {
        let config = BootstrapConfig::default();
        let none: [u32; 0] = [];
        assert!(matches!(bootstrap_by_group(&none, &[], mean, &config), Err(Error::Empty { .. })));
        assert!(matches!(
            bootstrap_by_group(&[1], &[1.0, 2.0], mean, &config),
            Err(Error::LengthMismatch { expected: 2, got: 1, .. })
        ));
        assert!(matches!(
            bootstrap_by_group(&[1], &[1.0], mean, &config.clone().with_n_resamples(0)),
            Err(Error::OutOfRange { what: "n_resamples", .. })
        ));
        assert!(matches!(
            bootstrap_by_group(&[1], &[1.0], mean, &config.clone().with_confidence(1.0)),
            Err(Error::OutOfRange { what: "confidence", .. })
        ));
        assert!(matches!(
            bootstrap_by_group(&[1], &[f64::NAN], mean, &config),
            Err(Error::NotFinite { index: 0, .. })
        ));
        // A statistic that some resample does not have: no value of the other kind among those drawn.
        let spread =
            |s: &[f64]| 1.0 / (s.iter().copied().fold(0.0, f64::max) - s.iter().copied().fold(9.0, f64::min));
        assert!(matches!(
            bootstrap_by_group(&[1, 2], &[1.0, 2.0], spread, &config),
            Err(Error::NotFinite { index: 1.., .. })
        ));
    }
}
