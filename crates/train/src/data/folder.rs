//! A folder of audio files, decoded once into a cache.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use soundalike_audio::{AudioFile, ReadConfig, Tags, decode, scan};
use xxhash_rust::xxh3::xxh3_64;

use super::corpus::{Storage, Track};
use super::metadata::Metadata;
use super::{Corpus, TrackInfo};
use crate::Error;

const MAGIC: &[u8; 8] = b"SLPCM16\n";
/// Magic, sample rate, scale, samples, hash of the samples, length of the tags, hash of all of these.
const HEADER: usize = 8 + 4 + 4 + 8 + 8 + 8 + 8;

/// A file that is not used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedFile {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Where recordings come from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Folder {
    /// The folder; its subfolders belong to it.
    pub music: PathBuf,
    /// A CSV table that says more of the files; see [`Folder::with_metadata`].
    pub metadata: Option<PathBuf>,
    /// Where decoded samples are kept: two bytes a sample.
    pub cache: PathBuf,
}

impl Folder {
    /// The folder `music`, decoded into the folder `cache`.
    #[must_use]
    pub fn new(music: impl Into<PathBuf>, cache: impl Into<PathBuf>) -> Self {
        Self { music: music.into(), metadata: None, cache: cache.into() }
    }

    /// A CSV table with a column `file` (the path, or its end) or `id` (the name without extension) and any of
    /// `group`, `artist`, `version_key`, `genre`, `genre_coarse`, `licence`. The group is `group`, or else the artist;
    /// without a table it is the artist of the file's tags, else its subfolder, else the file itself.
    #[must_use]
    pub fn with_metadata(mut self, csv: impl Into<PathBuf>) -> Self {
        self.metadata = Some(csv.into());
        self
    }

    /// Decodes what is not yet in the cache, on all threads of rayon, and calls `progress(done, of)`.
    ///
    /// # Errors
    /// [`Error::Audio`] when the folder cannot be listed, [`Error::Metadata`] for a table that is none,
    /// [`Error::Io`] when the cache cannot be written, [`Error::TooFew`] when no file has audio.
    pub fn load(
        &self,
        sample_rate: u32,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<(Corpus, Vec<SkippedFile>), Error> {
        let metadata = self.metadata.as_deref().map(Metadata::open).transpose()?;
        let found = scan(&self.music)?;
        fs::create_dir_all(&self.cache).map_err(Error::io(&self.cache))?;
        let done = std::sync::atomic::AtomicUsize::new(0);
        let decoded: Vec<Result<Decoded, Error>> = found
            .files
            .par_iter()
            .map(|file| {
                let result = self.decoded(file, sample_rate);
                progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, found.files.len());
                result
            })
            .collect();
        let mut skipped: Vec<SkippedFile> = found
            .skipped
            .iter()
            .map(|(path, reason)| SkippedFile { path: path.clone(), reason: reason.to_string() })
            .collect();
        let mut tracks: Vec<Track> = Vec::new();
        for (file, result) in found.files.iter().zip(decoded) {
            match result {
                Ok(decoded) => tracks.push(self.track(file, decoded, metadata.as_ref())),
                Err(Error::Audio(error)) => {
                    skipped.push(SkippedFile { path: file.path.clone(), reason: error.to_string() });
                }
                Err(other) => return Err(other),
            }
        }
        if tracks.is_empty() {
            return Err(Error::TooFew { what: "audio files", got: 0, expected: 1 });
        }
        // The same bytes under two names would be a recording that differs from itself.
        let mut seen = std::collections::HashMap::new();
        tracks.retain(|track| match seen.get(&(track.hash, track.samples)) {
            None => {
                seen.insert((track.hash, track.samples), track.info.id.clone());
                true
            }
            Some(first) => {
                let reason = format!("the same audio as {first}");
                skipped.push(SkippedFile { path: PathBuf::from(&track.info.id), reason });
                false
            }
        });
        Ok((Corpus::new(sample_rate, tracks), skipped))
    }

    fn track(&self, file: &AudioFile, decoded: Decoded, metadata: Option<&Metadata>) -> Track {
        let relative = file.path.strip_prefix(&self.music).unwrap_or(&file.path);
        let stem = relative.with_extension("").to_string_lossy().replace('\\', "/");
        let info = metadata.and_then(|table| table.find(&file.path, &stem)).unwrap_or_else(|| {
            let folder = relative.parent().filter(|p| !p.as_os_str().is_empty());
            let folder = folder.map(|p| p.to_string_lossy().into_owned());
            let group = decoded.artist.clone().or(folder).unwrap_or_else(|| stem.clone());
            TrackInfo { genre: decoded.genre.clone(), ..TrackInfo::new(&stem).with_group(group) }
        });
        Track {
            info: TrackInfo { id: stem, ..info },
            samples: decoded.samples,
            hash: decoded.hash,
            storage: Storage::File { path: decoded.path, offset: decoded.offset, scale: decoded.scale },
        }
    }

    fn decoded(&self, file: &AudioFile, sample_rate: u32) -> Result<Decoded, Error> {
        let about = fs::metadata(&file.path).map_err(Error::io(&file.path))?;
        let time =
            about.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |t| t.as_nanos());
        let whole = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
        let key = format!("{}\n{}\n{time}\n{sample_rate}", whole.display(), about.len());
        let path = self.cache.join(format!("{:016x}.s16", xxh3_64(key.as_bytes())));
        if let Some(decoded) = Decoded::open(&path, sample_rate) {
            return Ok(decoded);
        }
        let audio = decode(&file.path, &ReadConfig::new().with_sample_rate(sample_rate))?;
        Decoded::write(&path, sample_rate, &audio.samples, &audio.tags)?;
        Decoded::open(&path, sample_rate).ok_or_else(|| Error::State {
            path,
            what: "a file of the cache cannot be read back; is the disk full?".into(),
        })
    }
}

/// A file of the cache.
struct Decoded {
    path: PathBuf,
    offset: u64,
    scale: f32,
    samples: usize,
    hash: u64,
    artist: Option<String>,
    genre: Option<String>,
}

impl Decoded {
    /// The file, unless it is missing, cut short or of another version: then it is made again.
    fn open(path: &Path, sample_rate: u32) -> Option<Self> {
        let mut file = fs::File::open(path).ok()?;
        let length = file.metadata().ok()?.len();
        let mut header = [0; HEADER];
        file.read_exact(&mut header).ok()?;
        let u64_at = |at: usize| header[at..at + 8].try_into().ok().map(u64::from_le_bytes);
        let u32_at = |at: usize| header[at..at + 4].try_into().ok().map(u32::from_le_bytes);
        let (samples, hash, tags) = (u64_at(16)?, u64_at(24)?, u64_at(32)?);
        let right = header[..8] == MAGIC[..]
            && u32_at(8)? == sample_rate
            && u64_at(40)? == xxh3_64(&header[..40])
            && samples.checked_mul(2)?.checked_add(tags)?.checked_add(HEADER as u64)? == length;
        if !right {
            return None;
        }
        let mut text = vec![0; usize::try_from(tags).ok()?];
        file.read_exact(&mut text).ok()?;
        let text = String::from_utf8(text).ok()?;
        let (artist, genre) = text.split_once('\n')?;
        let named = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        Some(Self {
            path: path.to_owned(),
            offset: HEADER as u64 + tags,
            scale: f32::from_bits(u32_at(12)?),
            samples: usize::try_from(samples).ok()?,
            hash,
            artist: named(artist),
            genre: named(genre),
        })
    }

    fn write(path: &Path, sample_rate: u32, samples: &[f32], tags: &Tags) -> Result<(), Error> {
        let peak = samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        let scale = if peak > 0.0 { peak / 32_767.0 } else { 1.0 };
        let pcm: Vec<u8> = samples.iter().flat_map(|x| ((x / scale).round() as i16).to_le_bytes()).collect();
        let one_line = |tag: &Option<String>| tag.as_deref().unwrap_or("").replace('\n', " ");
        let text = format!("{}\n{}", one_line(&tags.artist), one_line(&tags.genre));
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&sample_rate.to_le_bytes());
        header.extend_from_slice(&scale.to_bits().to_le_bytes());
        header.extend_from_slice(&(samples.len() as u64).to_le_bytes());
        header.extend_from_slice(&xxh3_64(&pcm).to_le_bytes());
        header.extend_from_slice(&(text.len() as u64).to_le_bytes());
        header.extend_from_slice(&xxh3_64(&header).to_le_bytes());
        crate::files::replace(path, |file| {
            file.write_all(&header)?;
            file.write_all(text.as_bytes())?;
            file.write_all(&pcm)
        })
    }
}
