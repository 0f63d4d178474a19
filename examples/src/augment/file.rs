//! The configuration and the folders that it needs.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use soundalike_audio::{ReadConfig, decode, scan};
use soundalike_augment::{Edit, SpectrogramConfig, WaveformConfig};

use crate::cli::Outcome;

/// What stands in the YAML file: every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentFile {
    /// Edits as they are, made before any that are drawn.
    pub edits: Vec<Edit>,
    /// What edits are drawn from.
    pub waveform: WaveformConfig,
    /// What is done to the spectrogram of each edit, in a picture of its own.
    pub spectrogram: Option<SpectrogramConfig>,
}

impl AugmentFile {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, or with line and key if it says something unknown.
    pub fn read(path: &Path) -> Outcome<Self> {
        let named = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let text = std::fs::read_to_string(path).map_err(|e| named(&e))?;
        serde_saphyr::from_str(&text).map_err(|e| named(&e).into())
    }
}

/// The audio files of a folder, at a sample rate; no folder has none.
///
/// # Errors
/// If the folder cannot be read, or holds no audio.
pub fn read_sources(folder: Option<&Path>, sample_rate: u32) -> Outcome<Vec<Arc<[f32]>>> {
    let Some(folder) = folder else {
        return Ok(Vec::new());
    };
    let config = ReadConfig::new().with_sample_rate(sample_rate);
    let mut sources = Vec::new();
    for file in scan(folder)?.files {
        sources.push(decode(&file.path, &config)?.samples.into());
    }
    if sources.is_empty() {
        return Err(format!("{}: no audio files here", folder.display()).into());
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use soundalike_augment::{Sources, SpectrogramAugment, SpectrogramConfig, Waveform};

    use super::*;

    fn read(text: &str) -> Result<AugmentFile, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("augment.yaml");
        std::fs::write(&path, text).unwrap();
        AugmentFile::read(&path).map_err(|e| e.to_string())
    }

    #[test]
    fn the_file_that_is_shipped_is_right() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/augment.yaml");
        let file = AugmentFile::read(&path).unwrap();
        assert_eq!((file.edits.len(), file.waveform.steps.len()), (8, 6));
        Waveform::new(&file.waveform, 22_050, Sources::none()).unwrap();
        // It spells out the defaults.
        let spectrogram = file.spectrogram.unwrap();
        SpectrogramAugment::new(&spectrogram).unwrap();
        assert_eq!(spectrogram, SpectrogramConfig::simclr());
        assert_eq!(file.edits[7].to_string(), "pitch +2.0, tempo +10 %, noise 15 dB");
    }

    #[test]
    fn errors_name_line_and_key() {
        assert_eq!(read("edits: []\n").unwrap(), AugmentFile::default());
        for (text, line, key) in [
            ("waveform:\n  steps:\n    - gain: { db: 3 }\n    - gian: { db: 3 }\n", 4, "gian"),
            ("waveform:\n  steps:\n    - gain: { db: 3, dB: 3 }\n", 3, "dB"),
            ("waveform:\n  steps:\n    - pitch_shift:\n        semitone: 3\n", 4, "semitone"),
            ("spectrogram:\n  steps:\n    - time_mask: {}\n  subsets: 3\n", 4, "subsets"),
            ("edits: []\nwave: 3\n", 2, "wave"),
            ("edits:\n  - steps:\n      - gain: { db: loud }\n", 3, "loud"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(&format!("line {line}")) && error.contains(key), "{text}{error}");
            assert!(error.contains("augment.yaml"), "{error}");
        }
        assert!(
            AugmentFile::read(Path::new("no/such.yaml")).unwrap_err().to_string().contains("no/such.yaml")
        );
    }
}
