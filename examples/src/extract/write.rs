//! Values as NumPy's files and as JSON.

use std::io::Write;
use std::path::Path;

use npyz::WriterBuilder as _;
use num_complex::Complex32;
use serde::Serialize;
use soundalike_features::Matrix;

use super::{Extracted, Feature, Plan, Values};
use crate::cli::Outcome;

/// Writes NumPy's format in C order: f32 (a complex spectrogram complex64), in the shape that [`Values::shape`] tells.
///
/// # Errors
/// Those of writing.
pub fn write_npy(out: &mut dyn Write, values: &Values) -> Outcome<()> {
    let shape = values.shape();
    match values {
        Values::Matrix(matrix) | Values::Seconds(matrix) => {
            array(out, &shape, matrix.as_slice().iter().copied())
        }
        Values::Complex(matrix) => {
            let parts = matrix.re.as_slice().iter().zip(matrix.im.as_slice());
            array(out, &shape, parts.map(|(re, im)| Complex32::new(*re, *im)))
        }
        Values::Tempo(bpm, _) => array(out, &shape, [*bpm as f32]),
        Values::Patches(patches) => array(out, &shape, patches.iter().flat_map(Matrix::as_slice).copied()),
    }
}

fn array<T: npyz::AutoSerialize>(
    out: &mut dyn Write,
    shape: &[usize],
    values: impl IntoIterator<Item = T>,
) -> Outcome<()> {
    let shape: Vec<u64> = shape.iter().map(|n| *n as u64).collect();
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(out).begin_nd()?;
    writer.extend(values)?;
    Ok(writer.finish()?)
}

#[derive(Serialize)]
struct Described<'a> {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature: Option<Feature>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<&'static str>,
    sample_rate: u32,
    duration_s: f64,
    frame_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_seconds: Option<f64>,
    /// Seconds from row to row, where rows are seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    row_seconds: Option<f64>,
    shape: Vec<usize>,
    values: Lists<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Lists<'a> {
    Number(f64),
    Rows(Vec<&'a [f32]>),
    Patches(Vec<Vec<&'a [f32]>>),
    Complex { re: Vec<&'a [f32]>, im: Vec<&'a [f32]> },
}

/// Writes JSON: what it is, its shape, and `values`: a list of a list for each row, of which there is one for each
/// coefficient (or for each second); for patches one level more; for a complex spectrogram two such lists, `re` and `im`;
/// for a tempo the number. A number that is not finite is null.
///
/// # Errors
/// Those of writing.
pub fn write_values(out: &mut dyn Write, file: &Path, plan: &Plan, e: &Extracted) -> Outcome<()> {
    let described = Described {
        file: file.display().to_string(),
        feature: plan.feature,
        preset: plan.preset,
        sample_rate: plan.sample_rate,
        duration_s: e.duration_s,
        frame_seconds: plan.frame_seconds,
        patch_seconds: plan.patch_seconds,
        row_seconds: matches!(e.values, Values::Seconds(_)).then_some(1.0),
        shape: e.values.shape(),
        values: match &e.values {
            Values::Matrix(matrix) | Values::Seconds(matrix) => Lists::Rows(matrix.iter_rows().collect()),
            Values::Complex(matrix) => {
                Lists::Complex { re: matrix.re.iter_rows().collect(), im: matrix.im.iter_rows().collect() }
            }
            Values::Tempo(bpm, _) => Lists::Number(*bpm),
            Values::Patches(patches) => {
                Lists::Patches(patches.iter().map(|patch| patch.iter_rows().collect()).collect())
            }
        },
    };
    serde_json::to_writer(&mut *out, &described)?;
    Ok(writeln!(out)?)
}

#[cfg(test)]
mod tests {
    use soundalike_features::ComplexMatrix;

    use super::*;

    fn bytes(values: &Values) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_npy(&mut bytes, values).unwrap();
        assert_eq!(bytes.get(..6), Some(b"\x93NUMPY".as_slice()));
        bytes
    }

    #[test]
    fn npy_has_the_header_numpy_expects() {
        let matrix = Matrix::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3).unwrap();
        let plain = bytes(&Values::Matrix(matrix.clone()));
        let text = String::from_utf8_lossy(&plain);
        assert!(text.contains("'<f4'") && text.contains("(2, 3") && text.contains("False"), "{text}");
        assert_eq!(plain.get(plain.len() - 24..plain.len() - 20), Some(1.0_f32.to_le_bytes().as_slice()));

        let mut complex = ComplexMatrix::default();
        complex.re = matrix.clone();
        complex.im = matrix.clone();
        let complex = bytes(&Values::Complex(complex));
        let text = String::from_utf8_lossy(&complex);
        assert!(text.contains("'<c8'") && text.contains("(2, 3"), "{text}");

        let patches = bytes(&Values::Patches(vec![matrix.clone(), matrix]));
        assert!(String::from_utf8_lossy(&patches).contains("(2, 2, 3"));
        assert!(String::from_utf8_lossy(&bytes(&Values::Tempo(120.0, Matrix::default()))).contains("(1"));
    }
}
