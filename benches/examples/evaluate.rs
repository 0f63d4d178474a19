//! Computes features on request, for a program that compares them with another library's: `compare/exactness.py`.
//!
//! A request is a line of JSON on standard input, its answer a line on standard output, in the same order:
//!
//! ```text
//! {"feature": "mel", "config": {"sample_rate": 22050, "n_mels": 40}, "samples": "in.f32", "out": "out.f32"}
//! {"rows": 40, "cols": 44}
//! ```
//!
//! `config` is the feature's configuration as serde writes it. Samples and results are raw little-endian `f32`, a
//! result row by row, a complex one its real and then its imaginary part. A refusal is `{"error": "..."}`.
//! `--simd LEVEL` chooses the instructions.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use soundalike_benches::{Arguments, Failure, read_f32, use_simd, write_f32};
use soundalike_features::{
    Chroma, LogMel, Matrix, MelSpectrogram, Mfcc, Rms, SpectralBandwidth, SpectralCentroid, SpectralContrast,
    SpectralFlatness, SpectralRolloff, Stft, ZeroCrossingRate,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    feature: String,
    config: Value,
    samples: PathBuf,
    out: PathBuf,
}

/// A feature of samples, as one matrix, or as two under each other.
fn compute(feature: &str, config: Value, samples: &[f32]) -> Result<Vec<Matrix>, Failure> {
    fn read<C: DeserializeOwned>(config: Value) -> Result<C, Failure> {
        Ok(serde_json::from_value(config)?)
    }
    let one = match feature {
        "stft" => {
            let complex = Stft::new(&read(config)?)?.stft(samples)?;
            return Ok(vec![complex.re, complex.im]);
        }
        "power" => Stft::new(&read(config)?)?.power(samples)?,
        "magnitude" => Stft::new(&read(config)?)?.magnitude(samples)?,
        "mel" => MelSpectrogram::new(&read(config)?)?.compute(samples)?,
        "logmel" => LogMel::new(&read(config)?)?.compute(samples)?,
        "mfcc" => Mfcc::new(&read(config)?)?.compute(samples)?,
        "chroma" => Chroma::new(&read(config)?)?.compute(samples)?,
        "contrast" => SpectralContrast::new(&read(config)?)?.compute(samples)?,
        "centroid" => SpectralCentroid::new(&read(config)?)?.compute(samples)?,
        "bandwidth" => SpectralBandwidth::new(&read(config)?)?.compute(samples)?,
        "flatness" => SpectralFlatness::new(&read(config)?)?.compute(samples)?,
        "rolloff" => SpectralRolloff::new(&read(config)?)?.compute(samples)?,
        "rms" => Rms::new(&read(config)?)?.compute(samples)?,
        "zcr" => ZeroCrossingRate::new(&read(config)?)?.compute(samples)?,
        other => return Err(format!("there is no feature {other}").into()),
    };
    Ok(vec![one])
}

fn answer(line: &str) -> Result<Value, Failure> {
    let request: Request = serde_json::from_str(line)?;
    let results = compute(&request.feature, request.config, &read_f32(&request.samples)?)?;
    write_f32(&request.out, results.iter().flat_map(Matrix::as_slice))?;
    let rows: usize = results.iter().map(Matrix::rows).sum();
    Ok(json!({ "rows": rows, "cols": results.first().map_or(0, Matrix::cols) }))
}

fn main() -> Result<(), Failure> {
    let mut arguments = Arguments::from_env()?;
    use_simd(&arguments.take::<String>("simd")?.unwrap_or_else(|| "auto".into()))?;
    arguments.finish()?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&line?).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
