//! The recordings that clips are cut from.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use soundalike_models::ClipFrontEnd;
use xxhash_rust::xxh3::Xxh3Default;

use crate::config::LabelKind;
use crate::{Error, TrainConfig};

/// What is known of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TrackInfo {
    /// Its id: the file's name without extension, or as the metadata says.
    pub id: String,
    /// What it is split with: artist, album or source. Groups never lie on two sides of a split.
    pub group: String,
    /// The piece that it is a version of; two versions of one piece are not "different".
    pub piece: String,
    /// Its genre, if known.
    pub genre: Option<String>,
    /// Its licence, if known.
    pub licence: Option<String>,
}

impl TrackInfo {
    /// A track that is its own group and piece.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self { group: id.clone(), piece: id.clone(), id, genre: None, licence: None }
    }

    /// Sets the group.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }

    /// Sets the piece.
    #[must_use]
    pub fn with_piece(mut self, piece: impl Into<String>) -> Self {
        self.piece = piece.into();
        self
    }

    /// Sets the genre.
    #[must_use]
    pub fn with_genre(mut self, genre: impl Into<String>) -> Self {
        self.genre = Some(genre.into());
        self
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Storage {
    Memory(Arc<[f32]>),
    /// Samples of 16 bits from `offset` on; a sample is the integer times `scale`.
    #[cfg_attr(not(feature = "audio"), allow(dead_code, reason = "only decoded folders have files"))]
    File {
        path: PathBuf,
        offset: u64,
        scale: f32,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) info: TrackInfo,
    pub(crate) samples: usize,
    /// Hash of the samples.
    pub(crate) hash: u64,
    pub(crate) storage: Storage,
}

/// Recordings at one sample rate, in memory or in a cache of decoded files.
#[derive(Debug, Clone)]
pub struct Corpus {
    sample_rate: u32,
    tracks: Vec<Track>,
}

impl Corpus {
    /// Recordings in memory: mono at `sample_rate` Hz.
    #[must_use]
    pub fn from_memory(sample_rate: u32, tracks: impl IntoIterator<Item = (TrackInfo, Vec<f32>)>) -> Self {
        let tracks = tracks.into_iter().map(|(info, samples)| {
            let mut hash = Xxh3Default::new();
            samples.iter().for_each(|x| hash.update(&x.to_le_bytes()));
            Track {
                info,
                samples: samples.len(),
                hash: hash.digest(),
                storage: Storage::Memory(samples.into()),
            }
        });
        Self { sample_rate, tracks: tracks.collect() }
    }

    #[cfg_attr(not(feature = "audio"), allow(dead_code, reason = "only decoded folders have files"))]
    pub(crate) fn new(sample_rate: u32, tracks: Vec<Track>) -> Self {
        Self { sample_rate, tracks }
    }

    /// Sample rate in Hz.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// How many recordings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// What is known of recording `track`; `None` past the end.
    #[must_use]
    pub fn info(&self, track: usize) -> Option<&TrackInfo> {
        self.tracks.get(track).map(|t| &t.info)
    }

    /// All that is known, in order.
    pub fn infos(&self) -> impl Iterator<Item = &TrackInfo> {
        self.tracks.iter().map(|t| &t.info)
    }

    /// Samples of recording `track`; 0 past the end.
    #[must_use]
    pub fn samples(&self, track: usize) -> usize {
        self.tracks.get(track).map_or(0, |t| t.samples)
    }

    /// Hash of all ids, groups and samples: the name of what was trained on.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = Xxh3Default::new();
        hash.update(&self.sample_rate.to_le_bytes());
        for track in &self.tracks {
            for text in [&track.info.id, &track.info.group, &track.info.piece] {
                hash.update(&(text.len() as u64).to_le_bytes());
                hash.update(text.as_bytes());
            }
            hash.update(&track.hash.to_le_bytes());
        }
        hash.digest()
    }

    /// The recordings that a configuration can use, and how many it cannot: too short (one and a half times the clip
    /// is needed, so that most edits fit), or without a label where labels are needed.
    ///
    /// # Errors
    /// A front end that cannot be; [`Error::SampleRate`] for a corpus at another sample rate than the front end's.
    pub fn usable(self, config: &TrainConfig) -> Result<(Self, usize), Error> {
        let front_end = ClipFrontEnd::new(&config.data.front_end.build()?)?;
        check_rate(self.sample_rate, front_end.sample_rate())?;
        let labelled = config.training.objective.needs_labels() && config.data.label == LabelKind::Genre;
        let least = front_end.clip_samples() * 3 / 2;
        let all = self.tracks.len();
        let mut tracks = self.tracks;
        tracks.retain(|track| track.samples >= least && (!labelled || track.info.genre.is_some()));
        let left = all - tracks.len();
        Ok((Self { sample_rate: self.sample_rate, tracks }, left))
    }

    /// `len` samples of recording `track` from `start` on; fewer where it ends.
    ///
    /// # Errors
    /// [`Error::Io`] when the cache cannot be read.
    pub fn read(&self, track: usize, start: usize, len: usize) -> Result<Vec<f32>, Error> {
        let Some(track) = self.tracks.get(track) else { return Ok(Vec::new()) };
        let start = start.min(track.samples);
        let len = len.min(track.samples - start);
        match &track.storage {
            Storage::Memory(samples) => Ok(samples[start..start + len].to_vec()),
            Storage::File { path, offset, scale } => {
                let read = || {
                    let mut file = File::open(path)?;
                    file.seek(SeekFrom::Start(offset + 2 * start as u64))?;
                    let mut bytes = vec![0; 2 * len];
                    file.read_exact(&mut bytes)?;
                    Ok(bytes)
                };
                let bytes = read().map_err(Error::io(path))?;
                let (pairs, _) = bytes.as_chunks::<2>();
                Ok(pairs.iter().map(|&b| f32::from(i16::from_le_bytes(b)) * scale).collect())
            }
        }
    }
}

pub(crate) fn check_rate(got: u32, expected: u32) -> Result<(), Error> {
    if got == expected {
        return Ok(());
    }
    Err(Error::SampleRate { got, expected })
}
