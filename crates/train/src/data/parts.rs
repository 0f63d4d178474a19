//! Which recordings are trained on, which choose the best state, and which nobody has seen.

use soundalike_eval::{folds_by_group, split_by_group};

use super::Corpus;
use crate::Error;

/// Indices into a [`Corpus`]; a group lies in one part only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parts {
    /// For the optimiser.
    pub train: Vec<usize>,
    /// For early stopping, the best state and thresholds.
    pub validation: Vec<usize>,
    /// For results.
    pub test: Vec<usize>,
}

impl Parts {
    /// Parts of these shares (training, validation, test), by group.
    ///
    /// # Errors
    /// [`Error::TooFew`] with fewer than three groups, or when a part would have fewer than two recordings.
    pub fn split(corpus: &Corpus, shares: [f64; 3], seed: u64) -> Result<Self, Error> {
        let groups = groups(corpus)?;
        let part = split_by_group(&groups, &shares, seed)?;
        let of = |p: usize| (0..corpus.len()).filter(|&i| part[i] == p).collect();
        Self { train: of(0), validation: of(1), test: of(2) }.checked()
    }

    /// One pair of parts for each of `k` folds: the fold is the test, and of the rest `validation` (a share of it)
    /// is for validation. Each recording is tested once.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    pub fn folds(corpus: &Corpus, k: usize, validation: f64, seed: u64) -> Result<Vec<Self>, Error> {
        let groups = groups(corpus)?;
        let fold = folds_by_group(&groups, k, seed)?;
        (0..k)
            .map(|test| {
                let rest: Vec<usize> = (0..corpus.len()).filter(|&i| fold[i] != test).collect();
                let names: Vec<&str> = rest.iter().map(|&i| groups[i]).collect();
                let part = split_by_group(&names, &[1.0 - validation, validation], seed)?;
                let of =
                    |p: usize| rest.iter().zip(&part).filter(|(_, q)| **q == p).map(|(i, _)| *i).collect();
                let test = (0..corpus.len()).filter(|&i| fold[i] == test).collect();
                Self { train: of(0), validation: of(1), test }.checked()
            })
            .collect()
    }

    /// Everything for training but a share for validation; nothing is left for a test. For weights that are shipped
    /// after their recipe has been tested.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    pub fn all(corpus: &Corpus, validation: f64, seed: u64) -> Result<Self, Error> {
        let groups = groups(corpus)?;
        let part = split_by_group(&groups, &[1.0 - validation, validation], seed)?;
        let of = |p: usize| (0..corpus.len()).filter(|&i| part[i] == p).collect::<Vec<_>>();
        let parts = Self { train: of(0), validation: of(1), test: Vec::new() };
        least_two("recordings for training", &parts.train)?;
        least_two("recordings for validation", &parts.validation)?;
        Ok(parts)
    }

    fn checked(self) -> Result<Self, Error> {
        least_two("recordings for training", &self.train)?;
        least_two("recordings for validation", &self.validation)?;
        least_two("recordings for the test", &self.test)?;
        Ok(self)
    }
}

fn least_two(what: &'static str, part: &[usize]) -> Result<(), Error> {
    if part.len() < 2 {
        return Err(Error::TooFew { what, got: part.len(), expected: 2 });
    }
    Ok(())
}

fn groups(corpus: &Corpus) -> Result<Vec<&str>, Error> {
    // A piece links groups: two versions of it by two artists must not be on two sides. What the tables call a piece
    // is only a title in places, so the group alone decides, as it was made for.
    let groups: Vec<&str> = corpus.infos().map(|info| info.group.as_str()).collect();
    let mut distinct = groups.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 3 {
        return Err(Error::TooFew { what: "groups of tracks", got: distinct.len(), expected: 3 });
    }
    Ok(groups)
}
