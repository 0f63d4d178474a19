use std::path::Path;

use crate::Failure;

/// Reads a file of raw little-endian `f32`.
///
/// # Errors
/// If it cannot be read, or ends within a number.
pub fn read_f32(path: &Path) -> Result<Vec<f32>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (values, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{}: ends within a number", path.display()).into());
    }
    Ok(values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Writes a file of raw little-endian `f32`.
///
/// # Errors
/// If it cannot be written.
pub fn write_f32<'a>(path: &Path, values: impl IntoIterator<Item = &'a f32>) -> Result<(), Failure> {
    let bytes: Vec<u8> = values.into_iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}
