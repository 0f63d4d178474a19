//! How good is a search, or a verifier? Metrics with confidence intervals, splits that do not leak, and a report that
//! a person can read.
//!
//! Everything here takes plain slices: ranks, lists of relevance, scores with labels. Nothing needs audio or a
//! model.
//!
//! ```
//! use soundalike_eval::{mean_reciprocal_rank, top_k_accuracy, top_k_hits, wilson};
//!
//! // One rank a query, counted from 1; the last query's song was not found.
//! let ranks = [Some(1), Some(1), Some(3), Some(2), None];
//! assert_eq!(top_k_accuracy(&ranks, 1)?, 0.4);
//! assert!((mean_reciprocal_rank(&ranks)? - (1.0 + 1.0 + 1.0 / 3.0 + 0.5) / 5.0).abs() < 1e-12);
//!
//! // Two hits of five queries say little: anything from 12 % to 77 %.
//! let interval = wilson(top_k_hits(&ranks, 1)?, ranks.len() as u64, 0.95)?;
//! assert!((interval.low - 0.118).abs() < 1e-3 && (interval.high - 0.769).abs() < 1e-3);
//! # Ok::<(), soundalike_eval::Error>(())
//! ```
//!
//! - Ranks of one right item: [`top_k_accuracy`], [`mean_rank`], [`mean_reciprocal_rank`].
//! - Ranked lists with any number of relevant items: [`precision_at_k`], [`recall_at_k`], [`hit_rate_at_k`].
//! - Intervals: [`wilson`] for a rate of independent trials, [`bootstrap_by_group`] where several values come
//!   from one track.
//! - Pairs, the same recording or not: [`roc_curve`], [`roc_auc`], [`equal_error_rate`], [`tpr_at_fpr`],
//!   [`ConfusionMatrix`] at a threshold, [`best_threshold`] on validation pairs, [`brier_score`] and
//!   [`expected_calibration_error`]; [`VerificationReport`] is all of them with intervals, [`scores_by_kind`] the table
//!   of edits.
//! - Splits that keep a track (artist, source) on one side: [`split_by_group`], [`folds_by_group`]; and
//!   [`check_disjoint`], which names what two parts share.
//! - [`Histogram`] for distances, [`Table`] for results in Markdown or in a report.
//!
//! # Pictures and reports
//! The feature `report` adds pictures ([`spectrogram`], [`heat_map`], [`histogram_chart`], [`bar_chart`],
//! [`line_chart`], [`curve_chart`], [`roc_chart`], [`confusion_chart`], [`reliability_chart`]: each a
//! [`Picture`] that becomes PNG or SVG, needing no font of the system), and [`Report`]: one HTML file with all its
//! pictures and sounds inside, which opens offline.
//!
#![cfg_attr(not(feature = "report"), allow(rustdoc::broken_intra_doc_links))]
#![cfg_attr(
    feature = "report",
    doc = r##"
```
use soundalike_eval::{Figure, Report, SpectrogramConfig, Table, spectrogram};

let values: Vec<f32> = (0..20 * 50).map(|i| (i % 50) as f32).collect();
let config = SpectrogramConfig::default().with_title("A ramp").with_unit("dB");
let picture = spectrogram(&values, 20, 50, &config)?;

let mut report = Report::new("First look");
report.section("Results").table(&Table::new("Hits").with_headers(["song", "rank"]).with_row(["A", "1"]));
report.figure(Figure::picture(&picture, "Spectrogram of a ramp")?.with_caption("A ramp."));
assert!(report.to_html().starts_with("<!DOCTYPE html>"));
# Ok::<(), soundalike_eval::Error>(())
```
"##
)]

mod bootstrap;
mod calibration;
mod check;
mod confusion;
mod disjoint;
mod error;
mod histogram;
mod interval;
mod kinds;
#[cfg(feature = "report")]
mod picture;
mod ranks;
mod relevance;
#[cfg(feature = "report")]
mod report;
mod roc;
mod similarity;
mod split;
mod table;
mod threshold;
mod verification;

pub use bootstrap::{BootstrapConfig, Estimate, bootstrap_by_group};
pub use calibration::{CalibrationBin, brier_score, calibration_bins, expected_calibration_error};
pub use confusion::ConfusionMatrix;
pub use disjoint::{check_disjoint, check_split};
pub use error::Error;
pub use histogram::Histogram;
pub use interval::{Interval, wilson};
pub use kinds::{KindScores, kind_table, scores_by_kind};
#[cfg(feature = "report")]
pub use picture::{
    Bar, BarChartConfig, ConfusionChartConfig, CurveChartConfig, CurveSeries, HeatMapConfig,
    HistogramChartConfig, HistogramScale, HistogramSeries, LineChartConfig, Picture, ReliabilityChartConfig,
    RocChartConfig, RocSeries, SpectrogramConfig, Tick, bar_chart, confusion_chart, curve_chart,
    frequency_ticks, heat_map, histogram_chart, line_chart, reliability_chart, roc_chart, spectrogram,
};
pub use ranks::{mean_rank, mean_reciprocal_rank, top_k_accuracy, top_k_hits};
pub use relevance::{hit_rate_at_k, mean_precision_at_k, mean_recall_at_k, precision_at_k, recall_at_k};
#[cfg(feature = "report")]
pub use report::{Figure, Report};
pub use roc::{
    EqualErrorRate, RocCurve, RocPoint, equal_error_rate, roc_auc, roc_auc_by_group, roc_curve, tpr_at_fpr,
};
pub use similarity::mean_similarity;
pub use split::{folds_by_group, split_by_group};
pub use table::{Cell, Table};
pub use threshold::{Criterion, best_threshold};
pub use verification::{VerificationConfig, VerificationReport};

/// Holds the example on the crate's front page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FrontPage;
