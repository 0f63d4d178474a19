//! The file that a training goes on from: weights, optimiser, step and history, whole or not there.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3Default;

use super::History;
use crate::{Error, files};

const MAGIC: &[u8; 8] = b"SLTRAIN1";

/// What is known beside the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The configuration in YAML, and the hash of the recordings and parts: a state goes on only with its own.
    pub(crate) config: String,
    pub(crate) data: u64,
    /// Steps done.
    pub(crate) step: usize,
    pub(crate) best_step: usize,
    /// None before the first validation.
    pub(crate) best_loss: Option<f64>,
    /// Validations since the best.
    pub(crate) waited: usize,
    /// Sum and number of the losses since the last validation.
    pub(crate) loss_sum: f64,
    pub(crate) loss_count: usize,
    pub(crate) seconds: f64,
    pub(crate) silent: usize,
    pub(crate) history: History,
}

#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) progress: Progress,
    pub(crate) model: Vec<u8>,
    pub(crate) optimizer: Vec<u8>,
}

impl State {
    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        let progress = serde_json::to_vec(&self.progress)
            .map_err(|e| Error::State { path: path.to_owned(), what: e.to_string() })?;
        files::replace(path, |file| {
            let mut hash = Xxh3Default::new();
            let mut write = |bytes: &[u8]| {
                hash.update(bytes);
                file.write_all(bytes)
            };
            write(MAGIC)?;
            for part in [&progress, &self.model, &self.optimizer] {
                write(&(part.len() as u64).to_le_bytes())?;
                write(part)?;
            }
            let digest = hash.digest();
            file.write_all(&digest.to_le_bytes())
        })
    }

    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let bad = |what: &str| Error::State { path: path.to_owned(), what: what.into() };
        let (body, digest) =
            bytes.split_last_chunk::<8>().ok_or_else(|| bad("is too short for a training state"))?;
        if !body.starts_with(MAGIC) {
            return Err(bad("is no training state of this version"));
        }
        let mut hash = Xxh3Default::new();
        hash.update(body);
        if hash.digest() != u64::from_le_bytes(*digest) {
            return Err(bad("is damaged: its checksum does not fit. Move it away to begin again"));
        }
        let mut rest = &body[MAGIC.len()..];
        let mut part = || {
            let (length, after) = rest.split_first_chunk::<8>()?;
            let (part, after) = after.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
            rest = after;
            Some(part)
        };
        let (Some(progress), Some(model), Some(optimizer)) = (part(), part(), part()) else {
            return Err(bad("is damaged: its parts do not fit"));
        };
        let progress = serde_json::from_slice(progress)
            .map_err(|e| Error::State { path: path.to_owned(), what: e.to_string() })?;
        Ok(Self { progress, model: model.to_vec(), optimizer: optimizer.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]
    use super::*;

    #[test]
    fn a_state_comes_back_and_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.bin");
        let progress = Progress {
            config: "x: 1".into(),
            data: 7,
            step: 3,
            best_step: 2,
            best_loss: Some(0.5),
            waited: 1,
            loss_sum: 0.25,
            loss_count: 1,
            seconds: 2.0,
            silent: 0,
            history: History::default(),
        };
        let state = State { progress: progress.clone(), model: vec![1; 100], optimizer: vec![2; 50] };
        state.save(&path).unwrap();
        let back = State::load(&path).unwrap();
        assert_eq!((back.progress, back.model, back.optimizer), (progress, vec![1; 100], vec![2; 50]));
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            assert!(matches!(State::load(&path), Err(Error::State { .. })), "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert!(matches!(State::load(&path), Err(Error::State { .. })), "length {at}");
        }
        assert!(matches!(State::load(&folder.path().join("none")), Err(Error::Io { .. })));
    }
}
