//! Features of a whole file, computed as it is decoded: memory holds the features, never the samples.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use soundalike_audio::{AudioReader, ReadConfig};
use soundalike_features::{
    DbConfig, Matrix, MelConfig, MelSpectrogram, Mfcc, MfccConfig, Scratch, StftConfig, power_to_db,
};

use crate::cli::{Outcome, interrupted};

/// What to extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Feature {
    /// Mel power spectrogram, 128 bands
    Mel,
    /// The same in dB: reference 1, amin 1e-10, top_db 80
    Logmel,
    /// 20 mel-frequency cepstral coefficients
    Mfcc,
}

/// A feature of one file.
#[derive(Debug)]
pub struct Extracted {
    /// Values, `[coefficient x frame]`.
    pub matrix: Matrix,
    /// Seconds from one frame to the next.
    pub frame_seconds: f64,
    /// Length of the audio in seconds.
    pub duration_s: f64,
}

/// Decodes `path`, mixes it down, resamples it to `sample_rate` and extracts `feature` with librosa's defaults
/// (`n_fft` 2048, `hop_length` 512, centred, padded with zeros). `read` is told which share of the file is done, by the
/// length that the file claims.
///
/// # Errors
/// Those of reading the file and of the parameters, with the file's path; when interrupted.
pub fn extract(path: &Path, feature: Feature, sample_rate: u32, read: &dyn Fn(f64)) -> Outcome<Extracted> {
    try_extract(path, feature, sample_rate, read).map_err(|e| {
        let (message, name) = (e.to_string(), path.display().to_string());
        if message.contains(&name) { e } else { format!("{name}: {message}").into() }
    })
}

fn try_extract(path: &Path, feature: Feature, sample_rate: u32, read: &dyn Fn(f64)) -> Outcome<Extracted> {
    let stft = StftConfig::default();
    let (n_fft, hop) = (stft.n_fft, stft.hop_length);
    // The padding of a centred transform is put on here, so that frames can be had block by block.
    let config = MelConfig::new(sample_rate).with_stft(stft.with_center(false));
    let mel = MelSpectrogram::new(&config)?;
    let mut reader = AudioReader::open(path, &ReadConfig::new().with_sample_rate(sample_rate))?;

    let mut blocks: Vec<Matrix> = Vec::new();
    let mut held = vec![0.0_f32; n_fft / 2];
    let mut scratch = Scratch::default();
    let mut take_frames = |held: &mut Vec<f32>| -> Outcome<()> {
        if held.len() < n_fft {
            return Ok(());
        }
        let n = 1 + (held.len() - n_fft) / hop;
        let mut block = Matrix::default();
        mel.compute_into(held.get(..(n - 1) * hop + n_fft).unwrap_or_default(), &mut block, &mut scratch)?;
        blocks.push(block);
        held.drain(..n * hop);
        Ok(())
    };
    let mut samples = 0_u64;
    while let Some(new) = reader.next_block()? {
        if interrupted() {
            return Err("interrupted".into());
        }
        samples += new.len() as u64;
        held.extend_from_slice(new);
        take_frames(&mut held)?;
        if let Some(claimed) = reader.info().duration_hint_s.filter(|s| *s > 0.0) {
            read((samples as f64 / f64::from(sample_rate) / claimed).min(1.0));
        }
    }
    held.resize(held.len() + n_fft / 2, 0.0);
    take_frames(&mut held)?;

    let mel = side_by_side(&blocks, config.n_mels)?;
    drop(blocks);
    let matrix = match feature {
        Feature::Mel => mel,
        Feature::Logmel => in_db(mel)?,
        Feature::Mfcc => {
            let mfcc = MfccConfig::new(sample_rate);
            Mfcc::new(&mfcc)?.compute_from_log_mel(&in_db(mel)?)?
        }
    };
    let rate = f64::from(sample_rate);
    Ok(Extracted { matrix, frame_seconds: hop as f64 / rate, duration_s: samples as f64 / rate })
}

/// One matrix of the blocks' frames.
fn side_by_side(blocks: &[Matrix], rows: usize) -> Outcome<Matrix> {
    let columns = blocks.iter().map(Matrix::cols).sum::<usize>();
    let mut values = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for block in blocks {
            values.extend_from_slice(block.row(row).unwrap_or_default());
        }
    }
    Ok(Matrix::new(values, rows, columns)?)
}

fn in_db(mut mel: Matrix) -> Outcome<Matrix> {
    power_to_db(mel.as_mut_slice(), &DbConfig::default())?;
    Ok(mel)
}

/// Writes NumPy's format: f32, C order, shape `(coefficients, frames)`.
///
/// # Errors
/// Those of writing.
pub fn write_npy(out: &mut dyn Write, matrix: &Matrix) -> Outcome<()> {
    use npyz::WriterBuilder as _;
    let shape = [matrix.rows() as u64, matrix.cols() as u64];
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(out).begin_nd()?;
    writer.extend(matrix.as_slice().iter().copied())?;
    Ok(writer.finish()?)
}

#[derive(Serialize)]
struct Described<'a> {
    file: String,
    feature: Feature,
    sample_rate: u32,
    duration_s: f64,
    frame_seconds: f64,
    /// Coefficients, frames.
    shape: [usize; 2],
    values: Vec<&'a [f32]>,
}

/// Writes JSON: what it is, its shape, and `values` as one list a coefficient.
///
/// # Errors
/// Those of writing.
pub fn write_values(
    out: &mut dyn Write,
    file: &Path,
    feature: Feature,
    sample_rate: u32,
    e: &Extracted,
) -> Outcome<()> {
    let described = Described {
        file: file.display().to_string(),
        feature,
        sample_rate,
        duration_s: e.duration_s,
        frame_seconds: e.frame_seconds,
        shape: [e.matrix.rows(), e.matrix.cols()],
        values: e.matrix.iter_rows().collect(),
    };
    serde_json::to_writer(&mut *out, &described)?;
    Ok(writeln!(out)?)
}

#[cfg(test)]
mod tests {
    use soundalike_audio::{WavFormat, write_wav};
    use soundalike_features::{LogMel, LogMelConfig};

    use super::*;

    /// The block-by-block way against the whole-file transforms.
    #[test]
    fn equals_the_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        for n in [700, 2048, 22_050 * 7 + 13] {
            let samples: Vec<f32> =
                (0..n).map(|i| 0.4 * ((i as f32 * 0.03).sin() + (i as f32 * 0.31).cos())).collect();
            let path = dir.path().join(format!("{n}.wav"));
            write_wav(&path, &samples, 22_050, WavFormat::F32).unwrap();
            let whole = [
                MelSpectrogram::new(&MelConfig::new(22_050)).unwrap().compute(&samples).unwrap(),
                LogMel::new(&LogMelConfig::new(22_050)).unwrap().compute(&samples).unwrap(),
                Mfcc::new(&MfccConfig::new(22_050)).unwrap().compute(&samples).unwrap(),
            ];
            for (feature, whole) in [Feature::Mel, Feature::Logmel, Feature::Mfcc].into_iter().zip(whole) {
                let got = extract(&path, feature, 22_050, &|_| {}).unwrap().matrix;
                assert_eq!((got.rows(), got.cols()), (whole.rows(), whole.cols()), "{feature:?} {n}");
                let peak = whole.as_slice().iter().fold(0.0_f32, |m, v| m.max(v.abs()));
                for (a, b) in got.as_slice().iter().zip(whole.as_slice()) {
                    assert!((a - b).abs() <= 1e-5 * peak, "{feature:?} {n}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn npy_has_the_header_numpy_expects() {
        let mut bytes = Vec::new();
        write_npy(&mut bytes, &Matrix::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3).unwrap()).unwrap();
        assert_eq!(bytes.get(..6), Some(b"\x93NUMPY".as_slice()));
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("'<f4'") && text.contains("(2, 3") && text.contains("False"), "{text}");
        assert_eq!(bytes.get(bytes.len() - 24..bytes.len() - 20), Some(1.0_f32.to_le_bytes().as_slice()));
    }
}
