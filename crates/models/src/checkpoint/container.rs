//! Writing safetensors.
//!
//! The safetensors crate keeps metadata in a map of random order: the same model would be other bytes each time.

use std::collections::BTreeMap;

use serde::Serialize;

#[derive(Serialize)]
struct Entry<'a> {
    dtype: &'static str,
    shape: &'a [usize],
    data_offsets: [usize; 2],
}

#[derive(Serialize)]
struct Header<'a> {
    #[serde(rename = "__metadata__", skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<&'static str, String>,
    #[serde(flatten)]
    tensors: BTreeMap<&'a str, Entry<'a>>,
}

/// The bytes of a file of `f32` tensors (name, shape, little-endian values), in the order given.
pub(crate) fn write(
    metadata: &BTreeMap<&'static str, String>,
    tensors: &[(&str, &[usize], Vec<u8>)],
) -> Result<Vec<u8>, serde_json::Error> {
    let mut end = 0;
    let entries = tensors.iter().map(|(name, shape, bytes)| {
        let start = end;
        end += bytes.len();
        (*name, Entry { dtype: "F32", shape, data_offsets: [start, end] })
    });
    let mut header = serde_json::to_vec(&Header { metadata, tensors: entries.collect() })?;
    // Tensors begin at a multiple of eight.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.append(&mut header);
    tensors.iter().for_each(|(_, _, bytes)| file.extend(bytes));
    Ok(file)
}
