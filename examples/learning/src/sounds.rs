//! Folders of noise and of rooms.

use std::path::Path;
use std::sync::Arc;

use soundalike_audio::{ReadConfig, decode, scan};
use soundalike_augment::Sources;
use soundalike_examples::cli::Outcome;

/// Which of the files are used: none of training is heard in validation, none of either in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Three of five.
    Training,
    /// One of five.
    Validation,
    /// One of five.
    Test,
}

/// The noises and rooms of these folders, in three shares.
#[derive(Debug, Clone, Default)]
pub struct Sounds {
    noise: Vec<Arc<[f32]>>,
    rooms: Vec<Arc<[f32]>>,
}

impl Sounds {
    /// Reads all files of both folders at `sample_rate` Hz.
    ///
    /// # Errors
    /// A folder that cannot be read, or that has no audio.
    pub fn read(noise: Option<&Path>, rooms: Option<&Path>, sample_rate: u32) -> Outcome<Self> {
        let all = |folder: Option<&Path>| -> Outcome<Vec<Arc<[f32]>>> {
            let Some(folder) = folder else { return Ok(Vec::new()) };
            let config = ReadConfig::new().with_sample_rate(sample_rate);
            let found = scan(folder)?;
            let sounds: Vec<Arc<[f32]>> = found
                .files
                .iter()
                .filter_map(|file| decode(&file.path, &config).ok())
                .filter(|audio| audio.samples.iter().any(|x| x.abs() > 1e-4))
                .map(|audio| Arc::from(audio.samples))
                .collect();
            if sounds.is_empty() {
                return Err(format!("{}: no audio in it", folder.display()).into());
            }
            Ok(sounds)
        };
        Ok(Self { noise: all(noise)?, rooms: all(rooms)? })
    }

    /// One share of them; of fewer than five files, all.
    #[must_use]
    pub fn share(&self, share: Share) -> Sources {
        let some = |sounds: &[Arc<[f32]>]| -> Vec<Arc<[f32]>> {
            let mine = |i: usize| match share {
                Share::Training => i % 5 < 3,
                Share::Validation => i % 5 == 3,
                Share::Test => i % 5 == 4,
            };
            let kept = sounds.iter().enumerate().filter(|(i, _)| sounds.len() < 5 || mine(*i));
            kept.map(|(_, sound)| Arc::clone(sound)).collect()
        };
        Sources::new(some(&self.noise), some(&self.rooms))
    }

    /// How many noises and rooms.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.noise.len(), self.rooms.len())
    }
}
