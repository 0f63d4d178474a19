//! The layout of an index file; `docs/formats.md` describes it for readers of other languages.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use crate::buffer::LANES;
use crate::config::MAX_DIM;
use crate::ivf::MAX_NLIST;
use crate::layout::{Layout, LayoutLists};
use crate::segment::{SEGMENT_VECTORS, Shape};
use crate::{Dtype, Error, FlatIndexConfig, Metric};

/// First bytes: a byte above 127 and both line ends, so that a transfer as text is noticed.
pub(crate) const MAGIC: [u8; 8] = *b"\x89SLX\r\n\x1a\n";
/// Last bytes.
pub(crate) const END: [u8; 8] = *b"SLX-end\n";
pub(crate) const VERSION: u32 = 2;
/// Header and arrays are padded to this, so that rows are aligned in a file mapped to memory.
pub(crate) const ALIGN: usize = 64;
const FIXED: usize = 48;

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
    /// Vectors in the segments, removed ones included.
    pub(crate) count: u64,
    /// Lists of an inverted file; 0 for a flat index.
    pub(crate) nlist: usize,
}

impl Header {
    /// Bytes of a header with an embedder id of so many bytes.
    fn encoded_len(id_len: usize) -> usize {
        (FIXED + id_len + 8).next_multiple_of(ALIGN)
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        let id = self.meta.embedder_id.as_bytes();
        let too_long = || Error::EmbedderIdTooLong { limit: MAX_EMBEDDER_ID, got: id.len() };
        let id_len = u16::try_from(id.len()).map_err(|_| too_long())?;
        if id.len() > MAX_EMBEDDER_ID {
            return Err(too_long());
        }
        let dim = self.config.dim as u32;
        // More than this is all the vectors there are.
        let rescore = u32::try_from(self.config.rescore).unwrap_or(u32::MAX);
        let mut out = Vec::with_capacity(Self::encoded_len(id.len()));
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(dim.to_le_bytes());
        out.push(metric_code(self.config.metric));
        out.push(dtype_code(self.config.dtype));
        out.extend(id_len.to_le_bytes());
        out.extend(rescore.to_le_bytes());
        out.extend(self.count.to_le_bytes());
        out.extend(self.meta.generation.to_le_bytes());
        out.extend((self.nlist as u32).to_le_bytes());
        out.extend([0; 4]);
        out.extend(id);
        out.resize(Self::encoded_len(id.len()) - 8, 0);
        out.extend(xxh3_64(&out).to_le_bytes());
        Ok(out)
    }

    /// Reads and checks a header with what `read` delivers. Returns its length as well.
    pub(crate) fn decode(
        path: &Path,
        mut read: impl FnMut(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(Self, usize), Error> {
        let mut fixed = [0u8; FIXED];
        let (magic, rest) = fixed.split_at_mut(MAGIC.len());
        read(magic)?;
        if magic != MAGIC {
            return Err(Error::NotAnIndex { path: path.to_owned() });
        }
        read(rest)?;
        let bytes = fixed.as_slice();
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
        if field::<4>(body, 44) != [0; 4] || padding.iter().any(|byte| *byte != 0) {
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
        let rescore = u32::from_le_bytes(field(body, 20)) as usize;
        let header = Self {
            config: FlatIndexConfig::new(dim).with_metric(metric).with_dtype(dtype).with_rescore(rescore),
            meta: Meta { embedder_id, generation: u64::from_le_bytes(field(body, 32)) },
            count: u64::from_le_bytes(field(body, 24)),
            nlist: u32::from_le_bytes(field(body, 40)) as usize,
        };
        if header.nlist > MAX_NLIST {
            return Err(Error::corrupt(path, "number of lists"));
        }
        // The blocks of an inverted file are whole.
        if header.nlist > 0 && !header.count.is_multiple_of(LANES as u64) {
            return Err(Error::corrupt(path, "vector count"));
        }
        Ok((header, body.len() + 8))
    }

    /// Where the arrays of a segment of so many vectors lie.
    pub(crate) fn layout(&self, vectors: usize) -> Option<Layout> {
        Layout::new(&Shape::new(&self.config), vectors)
    }

    /// Vectors in each segment: full ones, then the rest.
    pub(crate) fn segments(&self) -> impl Iterator<Item = usize> {
        let full = SEGMENT_VECTORS as u64;
        let count = self.count;
        (0..count.div_ceil(full)).map(move |segment| (count - segment * full).min(full) as usize)
    }

    /// The length the whole file must have; none when it does not fit 64 bits.
    pub(crate) fn file_len(&self) -> Option<u64> {
        let full = SEGMENT_VECTORS as u64;
        let segment_bytes = |vectors: u64| Some(self.layout(vectors as usize)?.len as u64);
        (self.count / full)
            .checked_mul(segment_bytes(full)?)?
            .checked_add(segment_bytes(self.count % full)?)?
            .checked_add(Self::encoded_len(self.meta.embedder_id.len()) as u64)?
            .checked_add(self.lists()?.len as u64)?
            .checked_add(self.footer_len()? as u64)
    }

    /// The length of the footer.
    pub(crate) fn footer_len(&self) -> Option<usize> {
        let segments = usize::try_from(self.count.div_ceil(SEGMENT_VECTORS as u64)).ok()?;
        segments.checked_add(usize::from(self.nlist > 0))?.checked_mul(16)?.checked_add(24)
    }

    /// Where the lists of an inverted file lie, behind the segments.
    pub(crate) fn lists(&self) -> Option<LayoutLists> {
        LayoutLists::new(
            self.config.dim,
            self.nlist,
            usize::try_from(self.count.div_ceil(LANES as u64)).ok()?,
        )
    }

    /// The footer, from the segments' checksums: of ids and marks, of the other arrays. Those of an inverted file's
    /// lists come last.
    pub(crate) fn footer(&self, segments: &[[u64; 2]]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(segments.len() * 16 + 24);
        for checksum in segments.as_flattened() {
            out.extend(checksum.to_le_bytes());
        }
        out.extend(self.file_len().unwrap_or(0).to_le_bytes());
        // The header's own checksum is its end.
        let mut sealed = self.encode()?.split_off(Self::encoded_len(self.meta.embedder_id.len()) - 8);
        sealed.extend(&out);
        out.extend(xxh3_64(&sealed).to_le_bytes());
        out.extend(END);
        Ok(out)
    }

    /// The segments' checksums.
    pub(crate) fn decode_footer(&self, path: &Path, footer: &[u8]) -> Result<Vec<[u64; 2]>, Error> {
        let segments = footer.len().saturating_sub(24) / 16;
        let checksum = |at: usize| u64::from_le_bytes(field(footer, at));
        let checksums = (0..segments).map(|segment| [checksum(16 * segment), checksum(16 * segment + 8)]);
        let checksums: Vec<[u64; 2]> = checksums.collect();
        if self.footer(&checksums)? != footer {
            return Err(Error::corrupt(path, "footer"));
        }
        Ok(checksums)
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
        Header { config: FlatIndexConfig::new(7), meta: Meta::new(id, 9), count, nlist: 0 }
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
        // 64 bytes of header; 24 of footer and 16 a segment; of each segment ids and marks, each padded to 64 bytes.
        let len = |count, dtype, metric| {
            let mut header = header(count, "a");
            header.config = header.config.with_dtype(dtype).with_metric(metric);
            header.file_len()
        };
        let f32s = |count| len(count, Dtype::F32, Metric::Cosine);
        assert_eq!(f32s(0), Some(64 + 24));
        // 7 dimensions x 64 lanes x 4 bytes = 1792 a block.
        assert_eq!(f32s(1), Some(64 + 64 + 64 + 1792 + 16 + 24));
        assert_eq!(f32s(65), Some(64 + 576 + 64 + 2 * 1792 + 16 + 24));
        let full = 16_384 * 8 + 256 * 8 + 256 * 1792 + 16;
        assert_eq!(f32s(16_385), Some(64 + full + 64 + 64 + 1792 + 16 + 24));
        assert_eq!(len(1, Dtype::F16, Metric::L2), Some(64 + 64 + 64 + 896 + 16 + 24));
        // Codes of 8 dimensions, scales, 28 bytes of one vector padded; squared norms under L2.
        assert_eq!(len(1, Dtype::Int8, Metric::Cosine), Some(64 + 64 + 64 + 512 + 256 + 64 + 16 + 24));
        assert_eq!(len(1, Dtype::Int8, Metric::L2), Some(64 + 64 + 64 + 512 + 256 + 256 + 64 + 16 + 24));
        for dtype in [Dtype::F32, Dtype::F16, Dtype::Int8] {
            assert_eq!(len(u64::MAX, dtype, Metric::Cosine), None);
            assert_eq!(len(1 << 60, dtype, Metric::Cosine), None);
        }
    }
}
