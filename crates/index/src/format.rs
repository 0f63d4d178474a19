//! The layout of an index file; `docs/formats.md` describes it for readers of other languages.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use crate::buffer::LANES;
use crate::config::MAX_DIM;
use crate::{Dtype, Error, FlatIndexConfig, Metric};

/// First bytes: a byte above 127 and both line ends, so that a transfer as text is noticed.
pub(crate) const MAGIC: [u8; 8] = *b"\x89SLX\r\n\x1a\n";
/// Last bytes.
pub(crate) const END: [u8; 8] = *b"SLX-end\n";
pub(crate) const VERSION: u32 = 1;
/// Vectors in each segment but the last.
pub(crate) const SEGMENT: u64 = 16_384;
/// Header and ids are padded to this, so that vectors are aligned in a file mapped to memory.
pub(crate) const ALIGN: u64 = 64;
const FIXED: usize = 40;

/// The longest embedder id a file can hold, in bytes.
pub const MAX_EMBEDDER_ID: usize = 1024;

/// What a file says about the vectors in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// What made the vectors: name and parameters. Vectors of different embedders are never to be compared.
    pub embedder_id: String,
    /// The state of the source, such as a catalog's generation, that the index was built from.
    pub generation: u64,
}

impl Meta {
    /// Both fields at once.
    #[must_use]
    pub fn new(embedder_id: impl Into<String>, generation: u64) -> Self {
        Self { embedder_id: embedder_id.into(), generation }
    }
}

/// The header: the one place that every size of the file follows from.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) config: FlatIndexConfig,
    pub(crate) meta: Meta,
    pub(crate) count: u64,
}

impl Header {
    /// Bytes of a header with an embedder id of so many bytes.
    fn encoded_len(id_len: usize) -> usize {
        (FIXED + id_len + 8).next_multiple_of(ALIGN as usize)
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        let id = self.meta.embedder_id.as_bytes();
        let too_long = || Error::EmbedderIdTooLong { limit: MAX_EMBEDDER_ID, got: id.len() };
        let id_len = u16::try_from(id.len()).map_err(|_| too_long())?;
        if id.len() > MAX_EMBEDDER_ID {
            return Err(too_long());
        }
        let dim = self.config.dim as u32;
        let mut out = Vec::with_capacity(Self::encoded_len(id.len()));
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(dim.to_le_bytes());
        out.push(metric_code(self.config.metric));
        out.push(dtype_code(self.config.dtype));
        out.extend(id_len.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.count.to_le_bytes());
        out.extend(self.meta.generation.to_le_bytes());
        out.extend(id);
        out.resize(Self::encoded_len(id.len()) - 8, 0);
        out.extend(xxh3_64(&out).to_le_bytes());
        Ok(out)
    }

    /// Reads and checks a header with what `read` delivers. Returns its bytes' checksum as well.
    pub(crate) fn decode(
        path: &Path,
        mut read: impl FnMut(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(Self, u64), Error> {
        let mut fixed = [0u8; FIXED];
        read(&mut fixed)?;
        let bytes = fixed.as_slice();
        if field::<8>(bytes, 0) != MAGIC {
            return Err(Error::NotAnIndex { path: path.to_owned() });
        }
        let version = u32::from_le_bytes(field(bytes, 8));
        if version != VERSION {
            return Err(Error::UnsupportedVersion { path: path.to_owned(), expected: VERSION, got: version });
        }
        let id_len = usize::from(u16::from_le_bytes(field(bytes, 18)));
        if id_len > MAX_EMBEDDER_ID {
            return Err(Error::corrupt(path, "length of the embedder id"));
        }
        let mut bytes = bytes.to_vec();
        bytes.resize(Self::encoded_len(id_len), 0);
        if let Some(rest) = bytes.get_mut(FIXED..) {
            read(rest)?;
        }
        let (body, checksum) = bytes.split_at(bytes.len() - 8);
        let checksum = u64::from_le_bytes(field(checksum, 0));
        if xxh3_64(body) != checksum {
            return Err(Error::corrupt(path, "header checksum"));
        }
        // From here on the bytes are as some writer meant them; whether that writer was this one is another question.
        let (id, padding) = body.split_at(FIXED).1.split_at(id_len);
        if field::<4>(body, 20) != [0; 4] || padding.iter().any(|byte| *byte != 0) {
            return Err(Error::corrupt(path, "reserved bytes of the header"));
        }
        let dim = u32::from_le_bytes(field(body, 12)) as usize;
        if dim == 0 || dim > MAX_DIM {
            return Err(Error::corrupt(path, "dimension"));
        }
        let [metric, dtype] = field(body, 16);
        let metric = metric_of(metric).ok_or_else(|| Error::corrupt(path, "metric"))?;
        let dtype = dtype_of(dtype).ok_or_else(|| Error::corrupt(path, "dtype"))?;
        let embedder_id =
            String::from_utf8(id.to_vec()).map_err(|_| Error::corrupt(path, "embedder id is not UTF-8"))?;
        let header = Self {
            config: FlatIndexConfig::new(dim).with_metric(metric).with_dtype(dtype),
            meta: Meta { embedder_id, generation: u64::from_le_bytes(field(body, 32)) },
            count: u64::from_le_bytes(field(body, 24)),
        };
        Ok((header, checksum))
    }

    pub(crate) fn segments(&self) -> u64 {
        self.count.div_ceil(SEGMENT)
    }

    /// Vectors in a segment.
    pub(crate) fn segment_vectors(&self, segment: u64) -> u64 {
        SEGMENT.min(self.count.saturating_sub(segment.saturating_mul(SEGMENT)))
    }

    /// Bytes that pad the ids of a segment.
    pub(crate) fn id_padding(vectors: u64) -> u64 {
        (vectors * 8).next_multiple_of(ALIGN) - vectors * 8
    }

    /// The length the whole file must have; none when it does not fit 64 bits.
    pub(crate) fn file_len(&self) -> Option<u64> {
        let block_bytes = self.config.dim as u64 * LANES as u64 * size_of::<f32>() as u64;
        let segment_bytes = |vectors: u64| {
            let ids = (vectors * 8).next_multiple_of(ALIGN);
            vectors.div_ceil(LANES as u64) * block_bytes + ids
        };
        let full = self.count / SEGMENT;
        full.checked_mul(segment_bytes(SEGMENT))?
            .checked_add(segment_bytes(self.count % SEGMENT))?
            .checked_add(Self::encoded_len(self.meta.embedder_id.len()) as u64)?
            .checked_add(self.segments().checked_mul(8)?)?
            .checked_add(24)
    }

    /// The footer, from the header's checksum and the segments'.
    pub(crate) fn footer(&self, header_checksum: u64, segments: &[u64]) -> Vec<u8> {
        let mut out = Vec::with_capacity(segments.len() * 8 + 24);
        for checksum in segments {
            out.extend(checksum.to_le_bytes());
        }
        out.extend(self.file_len().unwrap_or(0).to_le_bytes());
        let mut sealed = header_checksum.to_le_bytes().to_vec();
        sealed.extend(&out);
        out.extend(xxh3_64(&sealed).to_le_bytes());
        out.extend(END);
        out
    }
}

/// `N` bytes at an offset; zeros where the slice has none.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().unwrap_or([0; N])
}

fn metric_code(metric: Metric) -> u8 {
    match metric {
        Metric::Cosine => 0,
        Metric::InnerProduct => 1,
        Metric::L2 => 2,
    }
}

fn metric_of(code: u8) -> Option<Metric> {
    [Metric::Cosine, Metric::InnerProduct, Metric::L2].into_iter().find(|metric| metric_code(*metric) == code)
}

fn dtype_code(dtype: Dtype) -> u8 {
    match dtype {
        Dtype::F32 => 0,
        Dtype::F16 => 1,
        Dtype::Int8 => 2,
    }
}

fn dtype_of(code: u8) -> Option<Dtype> {
    [Dtype::F32, Dtype::F16, Dtype::Int8].into_iter().find(|dtype| dtype_code(*dtype) == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(count: u64, id: &str) -> Header {
        Header { config: FlatIndexConfig::new(7), meta: Meta::new(id, 9), count }
    }

    fn decode(bytes: &[u8]) -> Result<Header, Error> {
        let mut rest = bytes;
        let read = |out: &mut [u8]| {
            let (now, later) =
                rest.split_at_checked(out.len()).ok_or(Error::corrupt(Path::new("x"), "short"))?;
            out.copy_from_slice(now);
            rest = later;
            Ok(())
        };
        Header::decode(Path::new("x"), read).map(|(header, _)| header)
    }

    #[test]
    fn a_header_comes_back() {
        for id in ["", "mfcc_20", &"ü".repeat(512)] {
            let bytes = header(5, id).encode().unwrap();
            assert_eq!(bytes.len() % 64, 0);
            let back = decode(&bytes).unwrap();
            assert_eq!((back.meta, back.count, back.config), (Meta::new(id, 9), 5, FlatIndexConfig::new(7)));
        }
    }

    #[test]
    fn an_embedder_id_beyond_the_limit_is_refused() {
        for len in [1025, 70_000] {
            let got = header(0, &"x".repeat(len)).encode();
            assert!(matches!(got, Err(Error::EmbedderIdTooLong { got, limit: 1024 }) if got == len));
        }
    }

    #[test]
    fn lengths_follow_from_the_count() {
        // 7 dimensions x 64 lanes x 4 bytes = 1792 a block; 64 bytes of header; 24 of footer and 8 a segment.
        assert_eq!(header(0, "a").file_len(), Some(64 + 24));
        assert_eq!(header(1, "a").file_len(), Some(64 + 64 + 1792 + 8 + 24));
        assert_eq!(header(65, "a").file_len(), Some(64 + 576 + 2 * 1792 + 8 + 24));
        let full = 16_384 * 8 + 256 * 1792 + 8;
        assert_eq!(header(16_385, "a").file_len(), Some(64 + full + 64 + 1792 + 8 + 24));
        assert_eq!(header(u64::MAX, "a").file_len(), None);
    }
}
