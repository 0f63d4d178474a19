//! A demo library: songs that a seed composes, so that the pipeline runs where no music is.
//!
//! Each song draws its own key, mode, tempo, chord progression, melody, timbres, drum kit and mix, because
//! songs that differ in one of these alone would make an easier or a stranger task than music does.

mod compose;
mod song;
mod synth;

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use soundalike_audio::{WavFormat, write_wav};

use crate::cli::{Outcome, write_whole};

pub use song::SongSpec;

/// Sample rate of the composed files in Hz: not the rate of analysis, so that resampling is part of the demo.
pub const SAMPLE_RATE: u32 = 44_100;
/// Version of the composer, part of the folder's name: files of an older one are not taken for those of this one.
const COMPOSER: u32 = 1;
/// Songs that the demo indexes.
pub const LIBRARY_SONGS: usize = 17;
/// Songs that the demo asks about without having indexed them.
pub const UNKNOWN_SONGS: usize = 5;

/// Where the demo's files lie.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Folder of the indexed songs.
    pub library: PathBuf,
    /// Folder of the songs that are not indexed.
    pub unknown: PathBuf,
    /// Metadata table of the indexed songs.
    pub metadata: PathBuf,
}

/// Composes the demo's songs as WAV files under `folder`: `library/` (17 songs), `unknown/` (5) and
/// `metadata.csv`. Files of an earlier run with the same seed are kept. `each` is called once a song, `cancelled`
/// before each; when it says `true`, the songs not yet begun are left out.
///
/// # Errors
/// Those of writing the files; each names its path.
pub fn write(
    folder: &Path,
    seed: u64,
    each: &(dyn Fn() + Sync),
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Outcome<Demo> {
    let folder = folder.join(format!("v{COMPOSER}-seed-{seed}"));
    let demo = Demo {
        library: folder.join("library"),
        unknown: folder.join("unknown"),
        metadata: folder.join("metadata.csv"),
    };
    for dir in [&demo.library, &demo.unknown] {
        std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    }
    let songs = SongSpec::album(seed, LIBRARY_SONGS + UNKNOWN_SONGS);
    songs.par_iter().enumerate().try_for_each(|(i, song)| -> Outcome<()> {
        let dir = if i < LIBRARY_SONGS { &demo.library } else { &demo.unknown };
        let path = dir.join(song.file_name());
        // Files are renamed into place when complete, so one that exists is whole.
        if !cancelled() && !path.exists() {
            write_wav(&path, &compose::render(song, SAMPLE_RATE), SAMPLE_RATE, WavFormat::I16)?;
        }
        each();
        Ok(())
    })?;
    let table = metadata(songs.get(..LIBRARY_SONGS).unwrap_or(&songs));
    write_whole(&demo.metadata, |out| Ok(out.write_all(table.as_bytes())?))?;
    Ok(demo)
}

/// The metadata table of `songs`, as a person would write it by hand.
fn metadata(songs: &[SongSpec]) -> String {
    let mut csv = String::from("file,track_id,title,artist,album,year,genre,language,group,key,bpm\n");
    for s in songs {
        csv.push_str(&format!(
            "{},{},{},{},Demo Sessions,{},{},instrumental,,{},{:.0}\n",
            s.file_name(),
            s.id(),
            s.title,
            s.artist,
            s.year,
            s.genre(),
            s.key_name(),
            s.bpm
        ));
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_samples_and_songs_differ() {
        let album = SongSpec::album(7, 3);
        let a = compose::render(&album[0], 22_050);
        assert_eq!(a, compose::render(&SongSpec::album(7, 3)[0], 22_050));
        assert_ne!(a, compose::render(&album[1], 22_050));
        assert_ne!(a, compose::render(&SongSpec::album(8, 3)[0], 22_050));
    }

    #[test]
    fn songs_are_audible_finite_and_about_forty_seconds() {
        for song in SongSpec::album(1, 4) {
            let x = compose::render(&song, 11_025);
            let seconds = x.len() as f64 / 11_025.0;
            assert!((36.0..48.0).contains(&seconds), "{seconds}");
            assert!(x.iter().all(|v| v.is_finite() && v.abs() <= 1.0));
            let rms = (x.iter().map(|v| v * v).sum::<f32>() / x.len() as f32).sqrt();
            assert!((0.03..0.5).contains(&rms), "{rms}");
        }
    }

    #[test]
    fn names_are_distinct() {
        let album = SongSpec::album(7, LIBRARY_SONGS + UNKNOWN_SONGS);
        let mut ids: Vec<_> = album.iter().map(SongSpec::id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), album.len());
    }
}
