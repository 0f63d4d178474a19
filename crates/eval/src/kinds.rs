//! Scores by kind of pair: the modification table.

use std::collections::HashSet;
use std::hash::Hash;

use crate::confusion::check_threshold;
use crate::verification::{NOTE, widen};
use crate::{BootstrapConfig, Cell, Error, Estimate, Table, bootstrap_by_group, check};

/// The scores of one kind of pair, such as "tempo +30 %" or "different song, same edit".
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KindScores {
    /// The kind.
    pub kind: String,
    /// Number of pairs.
    pub n_pairs: usize,
    /// Groups among their query sides.
    pub n_groups: usize,
    /// Mean score.
    pub mean: Estimate,
    /// Share of pairs whose score reaches the threshold.
    pub matched: Estimate,
}

/// Mean score and share of matches of each kind of pair, kinds in the order in which they first come, intervals over
/// the groups of the query side.
///
/// The mean of a kind from a single group has an interval of no width. A share of exactly 0 or 1, which no resample
/// leaves, gets Wilson's interval with groups as its trials.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NotFinite`] for the first NaN or infinite score,
/// [`Error::OutOfRange`] for a threshold of NaN or a configuration that cannot be.
pub fn scores_by_kind<K: AsRef<str>, S: Copy + Into<f64>, G: Eq + Hash>(
    kinds: &[K],
    scores: &[S],
    groups: &[G],
    threshold: f64,
    config: &BootstrapConfig,
) -> Result<Vec<KindScores>, Error> {
    check_threshold(threshold)?;
    check::not_empty("scores", scores)?;
    check::same_length("kinds", scores.len(), kinds.len())?;
    check::same_length("groups", scores.len(), groups.len())?;
    let scores = check::scores(scores, &vec![true; kinds.len()])?;
    let mut names: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    names.extend(kinds.iter().map(AsRef::as_ref).filter(|kind| seen.insert(*kind)));
    let one = |kind: &str| {
        let mut of_kind = Vec::new();
        let mut of_groups = Vec::new();
        for ((name, score), group) in kinds.iter().zip(&scores).zip(groups) {
            if name.as_ref() == kind {
                of_kind.push(*score);
                of_groups.push(group);
            }
        }
        let mean = |sample: &[f64]| sample.iter().sum::<f64>() / sample.len() as f64;
        let matched =
            |sample: &[f64]| sample.iter().filter(|s| **s >= threshold).count() as f64 / sample.len() as f64;
        let n_groups = of_groups.iter().collect::<HashSet<_>>().len();
        let matched = bootstrap_by_group(&of_groups, &of_kind, matched, config)?;
        Ok(KindScores {
            kind: kind.to_owned(),
            n_pairs: of_kind.len(),
            n_groups,
            mean: bootstrap_by_group(&of_groups, &of_kind, mean, config)?,
            matched: widen(matched, n_groups, config.confidence)?,
        })
    };
    names.into_iter().map(one).collect()
}

/// One kind a row.
pub fn kind_table(caption: impl Into<String>, kinds: &[KindScores]) -> Table {
    let mut table = Table::new(caption)
        .with_headers(["kind", "pairs", "groups", "mean score", "called a match"])
        .with_note(NOTE);
    for kind in kinds {
        table.push([
            Cell::from(kind.kind.as_str()),
            Cell::from(kind.n_pairs),
            Cell::from(kind.n_groups),
            Cell::number_with(kind.mean.value, kind.mean.interval, 3),
            Cell::percent_with(kind.matched.value, kind.matched.interval, 1),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_keep_their_order() {
        let kinds = ["pitch", "other", "pitch", "pitch", "other"];
        let scores = [0.9_f32, 0.25, 0.8, 0.4, 0.75];
        let config = BootstrapConfig::default();
        let got = scores_by_kind(&kinds, &scores, &["a", "a", "b", "b", "a"], 0.5, &config).unwrap();
        assert_eq!(got.len(), 2);
        assert_eq!((got[0].kind.as_str(), got[0].n_pairs, got[0].n_groups), ("pitch", 3, 2));
        assert!((got[0].mean.value - 0.7).abs() < 1e-7 && (got[0].matched.value - 2.0 / 3.0).abs() < 1e-12);
        assert!((got[0].mean.interval.low - 0.6).abs() < 1e-7);
        assert!((got[0].mean.interval.high - 0.9).abs() < 1e-7);
        assert_eq!((got[1].mean.value, got[1].mean.interval.width()), (0.5, 0.0));
        // None of two groups, not none for sure.
        let none = scores_by_kind(&kinds, &scores, &["a", "a", "b", "b", "a"], 0.95, &config).unwrap();
        assert_eq!(none[0].matched.interval, crate::wilson(0, 2, 0.95).unwrap());
        let text = kind_table("Edits", &got).to_markdown();
        assert!(
            text.contains("| pitch | 3 | 2 | 0.700 (0.600 to 0.900) | 66.7 % (50.0 to 100.0) |"),
            "{text}"
        );
    }

    #[test]
    fn refuses_what_has_no_answer() {
        let config = BootstrapConfig::default();
        let of = |kinds: &[&str], scores: &[f64], groups: &[u8], threshold| {
            scores_by_kind(kinds, scores, groups, threshold, &config)
        };
        assert!(matches!(of(&[], &[], &[], 0.5), Err(Error::Empty { .. })));
        assert!(matches!(of(&[], &[0.5], &[1], 0.5), Err(Error::LengthMismatch { what: "kinds", .. })));
        assert!(matches!(of(&["a"], &[0.5], &[], 0.5), Err(Error::LengthMismatch { what: "groups", .. })));
        assert!(matches!(of(&["a"], &[f64::NAN], &[1], 0.5), Err(Error::NotFinite { .. })));
        assert!(matches!(of(&["a"], &[0.5], &[1], f64::NAN), Err(Error::OutOfRange { .. })));
    }
}
