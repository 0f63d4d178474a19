//! Runs a plan over a file as it is decoded: memory holds the features, and the samples only where a feature needs them
//! all at once (zcr, rms, presets).

use std::path::Path;

use soundalike_audio::{AudioReader, ReadConfig};
use soundalike_features::{ComplexMatrix, Extractor, FeatureMatrix, Features, Latency, Matrix};

use super::plan::Source;
use super::{Plan, Values};
use crate::cli::{Outcome, interrupted};

/// Most bytes of one result, 4 GiB: what is larger is refused before memory runs out.
const MAX_BYTES: u64 = 4 << 30;

/// Most bytes of spectra that one push of samples makes, or those of one block of frames if that is more.
const PUSH_BYTES: usize = 64 << 20;

/// A feature of one file.
#[derive(Debug)]
pub struct Extracted {
    /// The values.
    pub values: Values,
    /// Length of the audio in seconds.
    pub duration_s: f64,
}

/// Decodes `path`, mixes it down, resamples it to the plan's rate and extracts the plan's feature. `read` is told which
/// share of the file is done, by the length that the file claims.
///
/// # Errors
/// Those of reading the file and of the features, with the file's path; when interrupted.
pub fn extract(path: &Path, plan: &Plan, read: &dyn Fn(f64)) -> Outcome<Extracted> {
    try_extract(path, plan, read).map_err(|e| {
        let (message, name) = (e.to_string(), path.display().to_string());
        if message.contains(&name) { e } else { format!("{name}: {message}").into() }
    })
}

fn try_extract(path: &Path, plan: &Plan, read: &dyn Fn(f64)) -> Outcome<Extracted> {
    let config = ReadConfig::new().with_sample_rate(plan.sample_rate);
    let mut input =
        Input { reader: AudioReader::open(path, &config)?, rate: plan.sample_rate, samples: 0, read };
    let values = match &plan.source {
        Source::Blocks { extractor, each, rows, finish } => {
            let mut blocks = Vec::new();
            stream(extractor, &mut input, (*rows, size_of::<f32>()), |block| {
                if let FeatureMatrix::Real(matrix) = block {
                    blocks.push(each(matrix.clone())?);
                }
                Ok(())
            })?;
            finish(side_by_side(blocks)?)?
        }
        Source::Complex(extractor) => {
            let size = (extractor.config().stft.n_fft / 2 + 1, 2 * size_of::<f32>());
            let (mut re, mut im) = (Vec::new(), Vec::new());
            stream(extractor, &mut input, size, |block| {
                if let FeatureMatrix::Complex(matrix) = block {
                    re.push(matrix.re.clone());
                    im.push(matrix.im.clone());
                }
                Ok(())
            })?;
            let mut whole = ComplexMatrix::default();
            whole.re = side_by_side(re)?;
            whole.im = side_by_side(im)?;
            Values::Complex(whole)
        }
        Source::Samples(compute) => {
            let mut samples = Vec::new();
            while let Some(new) = input.next()? {
                samples.extend_from_slice(new);
            }
            compute(&samples)?
        }
    };
    if let (Values::Patches(patches), Some(name)) = (&values, plan.preset)
        && patches.is_empty()
    {
        return Err(format!("too short for a patch of {name}").into());
    }
    Ok(Extracted { values, duration_s: input.samples as f64 / f64::from(plan.sample_rate) })
}

/// A file's samples, block by block.
struct Input<'a> {
    reader: AudioReader,
    rate: u32,
    samples: u64,
    read: &'a dyn Fn(f64),
}

impl Input<'_> {
    fn next(&mut self) -> Outcome<Option<&[f32]>> {
        if interrupted() {
            return Err("interrupted".into());
        }
        let claimed = self.reader.info().duration_hint_s.filter(|s| *s > 0.0);
        let new = self.reader.next_block()?;
        self.samples += new.map_or(0, <[f32]>::len) as u64;
        if let Some(claimed) = claimed {
            (self.read)((self.samples as f64 / f64::from(self.rate) / claimed).min(1.0));
        }
        Ok(new)
    }
}

/// Calls `take` for the extractor's feature of every block of frames, in whole blocks, so that all together are bit for
/// bit the features of the whole.
fn stream(
    extractor: &Extractor,
    input: &mut Input<'_>,
    (rows, bytes): (usize, usize),
    mut take: impl FnMut(&FeatureMatrix) -> Outcome<()>,
) -> Outcome<()> {
    // A file too short for a frame is told of by the stream.
    if let Some(claimed) = input.reader.info().duration_hint_s
        && let Ok(frames) = extractor.frames((claimed * f64::from(input.rate)) as usize)
    {
        fits(rows, frames, bytes)?;
    }
    let stft = &extractor.config().stft;
    let frames_of_push = (PUSH_BYTES / (stft.n_fft / 2 + 1).saturating_mul(8)).max(1);
    let samples_of_push = frames_of_push.saturating_mul(stft.hop_length).max(1);
    let mut held = 0_usize;
    let mut stream = extractor.stream()?.with_latency(Latency::Block);
    let mut take_frames = |features: &Features| {
        for (_, block) in features.iter() {
            let frames = match block {
                FeatureMatrix::Real(matrix) => matrix.cols(),
                FeatureMatrix::Complex(matrix) => matrix.re.cols(),
                _ => 0,
            };
            if frames > 0 {
                held = held.saturating_add(frames);
                fits(rows, held, bytes)?;
                take(block)?;
            }
        }
        Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    };
    while let Some(samples) = input.next()? {
        for samples in samples.chunks(samples_of_push) {
            take_frames(stream.push(samples)?)?;
        }
    }
    take_frames(stream.finish()?)
}

/// Refuses a result of more than [`MAX_BYTES`].
fn fits(rows: usize, frames: usize, bytes: usize) -> Outcome<()> {
    let total = (rows as u64).saturating_mul(frames as u64).saturating_mul(bytes as u64);
    if total > MAX_BYTES {
        return Err(format!(
            "{rows} rows x {frames} frames x {bytes} bytes are {total} bytes; \
             expected at most {MAX_BYTES} (4 GiB) for one result: use a larger --hop-length or less audio"
        )
        .into());
    }
    Ok(())
}

/// One matrix of the blocks' frames.
fn side_by_side(blocks: Vec<Matrix>) -> Outcome<Matrix> {
    let rows = blocks.first().map_or(0, Matrix::rows);
    let columns = blocks.iter().map(Matrix::cols).sum::<usize>();
    let mut values = Vec::new();
    values
        .try_reserve_exact(rows.saturating_mul(columns))
        .map_err(|_| format!("no memory for {rows} rows x {columns} frames; use a larger --hop-length"))?;
    for row in 0..rows {
        for block in &blocks {
            values.extend_from_slice(block.row(row).unwrap_or_default());
        }
    }
    Ok(Matrix::new(values, rows, columns)?)
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};
    use soundalike_audio::{WavFormat, write_wav};
    use soundalike_features::{
        Chroma, ChromaConfig, LogMel, LogMelConfig, MelConfig, Mfcc, MfccConfig, PadMode, SpectralFlatness,
        SpectralFlatnessConfig, Stft, StftConfig,
    };

    use super::super::{Feature, Options, Request};
    use super::*;

    fn options(args: &str) -> Options {
        let command = Options::augment_args(Command::new("x").no_binary_name(true));
        let matches = command.get_matches_from(args.split_whitespace());
        Options::from_arg_matches(&matches).unwrap()
    }

    /// The block-by-block way against the whole-file transforms, bit for bit.
    #[test]
    fn equals_the_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        for n in [1, 2, 700, 2048, 22_050 * 7 + 13] {
            let samples: Vec<f32> =
                (0..n).map(|i| 0.4 * ((i as f32 * 0.03).sin() + (i as f32 * 0.31).cos())).collect();
            let path = dir.path().join(format!("{n}.wav"));
            write_wav(&path, &samples, 22_050, WavFormat::F32).unwrap();
            for (pad, name) in
                [(PadMode::Zeros, "zeros"), (PadMode::Reflect, "reflect"), (PadMode::Edge, "edge")]
            {
                let stft = StftConfig::default().with_hop_length(333).with_pad_mode(pad);
                let mel = MelConfig::new(22_050).with_stft(stft.clone());
                let whole = [
                    Stft::new(&stft).unwrap().power(&samples),
                    LogMel::new(&LogMelConfig::new(22_050).with_mel(mel.clone())).unwrap().compute(&samples),
                    Mfcc::new(&MfccConfig::new(22_050).with_mel(mel)).unwrap().compute(&samples),
                    Chroma::new(&ChromaConfig::new(22_050).with_stft(stft.clone()))
                        .unwrap()
                        .compute(&samples),
                    SpectralFlatness::new(&SpectralFlatnessConfig::default().with_stft(stft))
                        .unwrap()
                        .compute(&samples),
                ];
                let features =
                    [Feature::Power, Feature::Logmel, Feature::Mfcc, Feature::Chroma, Feature::Flatness];
                let options = options(&format!("--hop-length 333 --pad-mode {name}"));
                for (feature, whole) in features.into_iter().zip(whole) {
                    let plan = Plan::new(Request::Feature(feature, &options, 22_050)).unwrap();
                    let got = extract(&path, &plan, &|_| {}).unwrap();
                    assert!(got.values == Values::Matrix(whole.unwrap()), "{feature:?} {n} {name}");
                }
            }
        }
    }
}
