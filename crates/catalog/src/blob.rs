//! Embeddings as blobs: `4 * embedding_dim` bytes, little-endian IEEE 754 single precision, nothing else.

use crate::{Chunk, EmbeddingFault};

pub(crate) fn check(chunk: &Chunk, dim: usize) -> Result<(), EmbeddingFault> {
    if chunk.embedding.len() != dim {
        return Err(EmbeddingFault::Dim { expected: dim, got: chunk.embedding.len() as i64 });
    }
    if let Some(component) = chunk.embedding.iter().position(|value| !value.is_finite()) {
        return Err(EmbeddingFault::NotFinite { component });
    }
    check_times(chunk.start, chunk.end)
}

pub(crate) fn check_times(start: f64, end: f64) -> Result<(), EmbeddingFault> {
    let fits = start.is_finite() && end.is_finite() && start <= end;
    if fits { Ok(()) } else { Err(EmbeddingFault::Times) }
}

pub(crate) fn encode(vector: &[f32], out: &mut Vec<u8>) {
    out.clear();
    out.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
}

/// Reads a blob into `out`; `stored_dim` is the row's `embedding_dim`, `dim` what the caller expects.
pub(crate) fn decode(
    blob: &[u8],
    stored_dim: i64,
    dim: usize,
    out: &mut Vec<f32>,
) -> Result<(), EmbeddingFault> {
    if usize::try_from(stored_dim) != Ok(dim) {
        return Err(EmbeddingFault::Dim { expected: dim, got: stored_dim });
    }
    let (values, rest) = blob.as_chunks::<4>();
    if values.len() != dim || !rest.is_empty() {
        return Err(EmbeddingFault::Length { expected: dim as u64 * 4, got: blob.len() as u64 });
    }
    out.clear();
    out.extend(values.iter().map(|bytes| f32::from_le_bytes(*bytes)));
    match out.iter().position(|value| !value.is_finite()) {
        Some(component) => Err(EmbeddingFault::NotFinite { component }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_layout_is_little_endian() {
        let mut blob = vec![9];
        encode(&[1.0, -2.5], &mut blob);
        assert_eq!(blob, [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0]);
    }

    #[test]
    fn each_fault_has_its_answer() {
        let mut out = Vec::new();
        let blob = [0u8; 12];
        assert_eq!(decode(&blob, 3, 3, &mut out), Ok(()));
        assert_eq!(decode(&blob, 4, 3, &mut out), Err(EmbeddingFault::Dim { expected: 3, got: 4 }));
        assert_eq!(decode(&blob, -3, 3, &mut out), Err(EmbeddingFault::Dim { expected: 3, got: -3 }));
        for len in [0, 1, 8, 11] {
            let fault = decode(&blob[..len], 3, 3, &mut out);
            assert_eq!(fault, Err(EmbeddingFault::Length { expected: 12, got: len as u64 }));
        }
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut blob = Vec::new();
            encode(&[0.0, bad], &mut blob);
            assert_eq!(decode(&blob, 2, 2, &mut out), Err(EmbeddingFault::NotFinite { component: 1 }));
        }
        let chunk = |start, end| check(&Chunk { start, end, embedding: vec![1.0] }, 1);
        assert_eq!(chunk(0.0, 5.0), Ok(()));
        for (start, end) in [(1.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(chunk(start, end), Err(EmbeddingFault::Times));
        }
    }

    proptest! {
        #[test]
        fn bits_survive(vector in proptest::collection::vec(any::<f32>(), 1..50)) {
            let (mut blob, mut back) = (Vec::new(), Vec::new());
            encode(&vector, &mut blob);
            let finite = vector.iter().all(|value| value.is_finite());
            let result = decode(&blob, vector.len() as i64, vector.len(), &mut back);
            prop_assert_eq!(result.is_ok(), finite);
            let bits = |v: &[f32]| v.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&back), bits(&vector));
        }
    }
}
