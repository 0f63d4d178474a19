//! Answers summed up, by condition and over all degraded ones.

use serde::Serialize;
use soundalike_eval::{
    BootstrapConfig, Cell, Estimate, Interval, Table, bootstrap_by_group, mean_rank, mean_reciprocal_rank,
    mean_similarity, top_k_hits, wilson,
};

use super::ask::{Asked, Kind};
use crate::cli::Outcome;
use crate::degrade::Degradation;

const CONFIDENCE: f64 = 0.95;

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rate {
    /// How many.
    pub hits: u64,
    /// Of how many.
    pub n: u64,
    /// `hits / n`.
    pub rate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Rate {
    /// Wilson's interval; `None` where nothing was asked.
    fn wilson(hits: u64, n: u64) -> Outcome<Option<Self>> {
        if n == 0 {
            return Ok(None);
        }
        let Interval { low, high, .. } = wilson(hits, n, CONFIDENCE)?;
        Ok(Some(Self { hits, n, rate: hits as f64 / n as f64, low, high }))
    }

    fn cell(rate: Option<Self>) -> Cell {
        rate.map_or_else(
            || Cell::numeric("–"),
            |r| {
                Cell::numeric(format!("{:.0} % ({:.0}–{:.0})", 100.0 * r.rate, 100.0 * r.low, 100.0 * r.high))
            },
        )
    }
}

/// One condition.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was done to the clips.
    pub condition: String,
    /// Known songs asked.
    pub known: u64,
    /// The right song came first.
    pub top_1: Option<Rate>,
    /// The right song was among the first five.
    pub top_5: Option<Rate>,
    /// The right song came first and near enough to be called a match.
    pub matched_right: Option<Rate>,
    /// Of the first-placed right songs: offset within a second.
    pub offset_within_1s: Option<Rate>,
    /// Mean place of the right song among all songs.
    pub mean_rank: Option<f64>,
    /// Mean reciprocal rank.
    pub mrr: Option<f64>,
    /// Mean similarity of the right song.
    pub mean_similarity: Option<f64>,
    /// Unknown songs asked.
    pub unknown: u64,
    /// Unknown songs rejected.
    pub rejected: Option<Rate>,
}

/// A row a condition, the clean cut first.
///
/// # Errors
/// Those of the statistics.
pub fn rows(asked: &[Asked]) -> Outcome<Vec<Row>> {
    Degradation::ALL.iter().map(|&d| row(d, asked)).collect()
}

fn row(degradation: Degradation, asked: &[Asked]) -> Outcome<Row> {
    let of = |kind| asked.iter().filter(move |a| a.degradation == degradation && a.kind == kind);
    let ranks: Vec<Option<usize>> = of(Kind::Known).map(|a| a.rank).collect();
    let similarities: Vec<f32> = of(Kind::Known).filter_map(|a| a.similarity.map(|s| s as f32)).collect();
    let known = ranks.len() as u64;
    let unknown = of(Kind::Unknown).count() as u64;
    let count = |f: &dyn Fn(&Asked) -> bool| of(Kind::Known).filter(|a| f(a)).count() as u64;
    let first = count(&|a| a.rank == Some(1));
    let near = count(&|a| a.offset_error_s.is_some_and(|e| e.abs() <= 1.0));
    let some = known > 0;
    Ok(Row {
        condition: degradation.name(),
        known,
        top_1: if some { Rate::wilson(top_k_hits(&ranks, 1)?, known)? } else { None },
        top_5: if some { Rate::wilson(top_k_hits(&ranks, 5)?, known)? } else { None },
        matched_right: Rate::wilson(count(&|a| a.rank == Some(1) && a.answer.is_match), known)?,
        offset_within_1s: Rate::wilson(near, first)?,
        // Every indexed song is ranked, so no rank is missing.
        mean_rank: some.then(|| mean_rank(&ranks, usize::MAX)).transpose()?,
        mrr: some.then(|| mean_reciprocal_rank(&ranks)).transpose()?,
        mean_similarity: some.then(|| mean_similarity(&similarities)).transpose()?,
        unknown,
        rejected: Rate::wilson(of(Kind::Unknown).filter(|a| !a.answer.is_match).count() as u64, unknown)?,
    })
}

/// A figure over all degraded conditions, with a 95 % bootstrap interval over songs.
#[derive(Debug, Clone, Serialize)]
pub struct Overall {
    /// What.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Songs asked.
    pub songs: usize,
    /// Questions asked.
    pub questions: usize,
}

/// The figures over all degraded conditions; the clean cut is a smoke test and not counted.
///
/// # Errors
/// Those of the statistics.
pub fn overall(asked: &[Asked], seed: u64) -> Outcome<Vec<Overall>> {
    let degraded = |kind| asked.iter().filter(move |a| a.degradation != Degradation::Clean && a.kind == kind);
    let config = BootstrapConfig::default().with_seed(seed);
    let mut all = Vec::new();
    let mut push = |name, of: Vec<(usize, f64)>| -> Outcome<()> {
        if of.is_empty() {
            return Ok(());
        }
        let (groups, values): (Vec<usize>, Vec<f64>) = of.into_iter().unzip();
        let Estimate { value, interval } = bootstrap_by_group(
            &groups,
            &values,
            |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64,
            &config,
        )?;
        let songs = groups.iter().collect::<std::collections::HashSet<_>>().len();
        all.push(Overall {
            name,
            value,
            low: interval.low,
            high: interval.high,
            songs,
            questions: values.len(),
        });
        Ok(())
    };
    let rate = |hit: bool| f64::from(u8::from(hit));
    let known = |f: &dyn Fn(&Asked) -> f64| degraded(Kind::Known).map(|a| (a.cut, f(a))).collect::<Vec<_>>();
    push("top-1 accuracy", known(&|a| rate(a.rank == Some(1))))?;
    push("top-5 accuracy", known(&|a| rate(a.rank.is_some_and(|r| r <= 5))))?;
    push("average rank", known(&|a| a.rank.map_or(f64::NAN, |r| r as f64)))?;
    push("average similarity", known(&|a| a.similarity.unwrap_or(f64::NAN)))?;
    push("right and called a match", known(&|a| rate(a.rank == Some(1) && a.answer.is_match)))?;
    push(
        "unknown songs rejected",
        degraded(Kind::Unknown).map(|a| (a.cut, rate(!a.answer.is_match))).collect(),
    )?;
    Ok(all)
}

/// The questions about known songs as a table for people.
#[must_use]
pub fn known_table(rows: &[Row]) -> Table {
    let number = |v: Option<f64>| v.map_or_else(|| Cell::numeric("–"), |v| Cell::number(v, 2));
    rows.iter().fold(
        Table::new("Known songs by condition; 95 % Wilson intervals in brackets").with_headers([
            "condition",
            "clips",
            "top-1",
            "top-5",
            "avg. rank",
            "MRR",
            "avg. similarity",
            "matched",
            "offset",
        ]),
        |table, r| {
            table.with_row([
                Cell::from(r.condition.as_str()),
                Cell::from(r.known),
                Rate::cell(r.top_1),
                Rate::cell(r.top_5),
                number(r.mean_rank),
                number(r.mrr),
                number(r.mean_similarity),
                Rate::cell(r.matched_right),
                Rate::cell(r.offset_within_1s),
            ])
        },
    )
}

/// The questions about unknown songs as a table for people.
#[must_use]
pub fn unknown_table(rows: &[Row]) -> Table {
    rows.iter().fold(
        Table::new("Unknown songs by condition; 95 % Wilson intervals in brackets").with_headers([
            "condition",
            "clips",
            "rejected",
        ]),
        |table, r| {
            table.with_row([Cell::from(r.condition.as_str()), Cell::from(r.unknown), Rate::cell(r.rejected)])
        },
    )
}
