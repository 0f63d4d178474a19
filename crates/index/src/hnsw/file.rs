use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::graph::Graph;
use super::{HnswConfig, HnswIndex};
use crate::atomic::write_atomically;
use crate::config::MAX_DIM;
use crate::flat::next_layout;
use crate::format::MAX_EMBEDDER_ID;
use crate::half::MAX_HALF;
use crate::save::BUFFER;
use crate::vector::divisor;
use crate::{Error, Meta, Metric};

/// First bytes, as those of a flat index but for a letter.
const MAGIC: [u8; 8] = *b"\x89SLG\r\n\x1a\n";
const VERSION: u32 = 1;
const FIXED: usize = 72;

/// What the sizes of all parts follow from.
struct Header {
    config: HnswConfig,
    meta: Meta,
    slots: u64,
    graph: u64,
}

impl Header {
    fn encoded_len(id: usize) -> usize {
        (FIXED + id + 8).next_multiple_of(64)
    }

    fn encode(&self) -> Result<Vec<u8>, Error> {
        let id = self.meta.embedder_id.as_bytes();
        if id.len() > MAX_EMBEDDER_ID {
            return Err(Error::EmbedderIdTooLong { limit: MAX_EMBEDDER_ID, got: id.len() });
        }
        let c = &self.config;
        let metric = match c.metric {
            Metric::Cosine => 0u8,
            Metric::InnerProduct => 1,
            Metric::L2 => 2,
        };
        let mut out = MAGIC.to_vec();
        for word in [VERSION, c.dim as u32, metric.into(), id.len() as u32] {
            out.extend(word.to_le_bytes());
        }
        for word in [c.connectivity, c.expansion_add, c.expansion_search, c.rescore.min(u32::MAX as usize)] {
            out.extend((word as u32).to_le_bytes());
        }
        for word in [self.slots, self.graph, self.meta.generation, 0] {
            out.extend(word.to_le_bytes());
        }
        out.extend(id);
        out.resize(Self::encoded_len(id.len()) - 8, 0);
        out.extend(xxh3_64(&out).to_le_bytes());
        Ok(out)
    }

    /// The header of a file and its length in bytes.
    fn decode(path: &Path, bytes: &[u8]) -> Result<(Self, usize), Error> {
        if !bytes.starts_with(&MAGIC) {
            return Err(Error::NotAnIndex { path: path.to_owned() });
        }
        let corrupt = |what| Error::corrupt(path, what);
        let short = || corrupt("length");
        let fixed = bytes.get(..FIXED).ok_or_else(short)?;
        let (words, _) = fixed.as_chunks::<4>();
        let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let [_, _, version, dim, metric, id, connectivity, add, search, rescore, ..] = words[..] else {
            return Err(short());
        };
        if version != VERSION {
            return Err(Error::UnsupportedVersion { path: path.to_owned(), expected: VERSION, got: version });
        }
        let id = id as usize;
        if id > MAX_EMBEDDER_ID {
            return Err(corrupt("length of the embedder id"));
        }
        let length = Self::encoded_len(id);
        let header = bytes.get(..length).ok_or_else(short)?;
        let (body, checksum) = header.split_at(length - 8);
        if xxh3_64(body).to_le_bytes() != checksum {
            return Err(corrupt("header checksum"));
        }
        let metrics = [Metric::Cosine, Metric::InnerProduct, Metric::L2];
        let metric = metrics.get(metric as usize).copied().ok_or_else(|| corrupt("metric"))?;
        let config = HnswConfig::new(dim as usize)
            .with_metric(metric)
            .with_connectivity(connectivity as usize)
            .with_expansion_add(add as usize)
            .with_expansion_search(search as usize)
            .with_rescore(rescore as usize);
        config.check().map_err(|_| corrupt("settings of the graph"))?;
        let (longs, _) = fixed.get(40..).unwrap_or(&[]).as_chunks::<8>();
        let longs: Vec<u64> = longs.iter().map(|long| u64::from_le_bytes(*long)).collect();
        let [slots, graph, generation, 0] = longs[..] else {
            return Err(corrupt("reserved bytes of the header"));
        };
        let (text, padding) = body.split_at(FIXED).1.split_at(id);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(corrupt("reserved bytes of the header"));
        }
        let text = String::from_utf8(text.to_vec()).map_err(|_| corrupt("embedder id is not UTF-8"))?;
        Ok((Self { config, meta: Meta::new(text, generation), slots, graph }, length))
    }

    /// Bytes of the parts behind the header: marks, ids, vectors, graph; none when they do not fit 64 bits.
    fn parts(&self) -> Option<[u64; 4]> {
        let vectors = self.slots.checked_mul(4 * self.config.dim as u64)?;
        Some([self.slots.div_ceil(64) * 8, self.slots.checked_mul(8)?, vectors, self.graph])
    }
}

impl HnswIndex {
    /// Writes the index to a file as [`crate::FlatIndex::save`] does: `path` is the old file or the new one, whole.
    /// Takes the memory of the graph once more while it runs.
    ///
    /// # Errors
    /// [`Error::EmbedderIdTooLong`], [`Error::Graph`], [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>, meta: &Meta) -> Result<(), Error> {
        let path = path.as_ref();
        let graph = self.graph.to_bytes()?;
        let slots = self.ids.len();
        let header = Header {
            config: self.config.clone(),
            meta: meta.clone(),
            slots: slots as u64,
            graph: graph.len() as u64,
        };
        let first = header.encode()?;
        write_atomically(path, |file| {
            let mut out = std::io::BufWriter::with_capacity(BUFFER, file);
            let mut hash = Xxh3::new();
            let mut put = |bytes: &[u8]| {
                hash.update(bytes);
                out.write_all(bytes)
            };
            put(&first)?;
            for word in self.live.iter().chain(&self.ids) {
                put(&word.to_le_bytes())?;
            }
            for value in &self.vectors {
                put(&value.to_le_bytes())?;
            }
            put(&graph)?;
            let digest = hash.digest();
            out.write_all(&digest.to_le_bytes())?;
            out.flush()
        })
        .map_err(|source| Error::io(path, source))
    }

    /// Reads an index and what was saved with it.
    ///
    /// Every changed byte is noticed before the graph is read. A file that was made to do harm is another matter: its
    /// checksums can be right, and the library that reads the graph trusts it. Load what you have saved.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotAnIndex`], [`Error::UnsupportedVersion`], [`Error::Corrupt`], [`Error::Graph`].
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, Meta), Error> {
        let path = path.as_ref();
        let corrupt = |what| Error::corrupt(path, what);
        let (bytes, header, length, parts) = read(path)?;
        let (body, checksum) = bytes.split_at(bytes.len() - 8);
        if xxh3_64(body).to_le_bytes() != checksum {
            return Err(corrupt("checksum"));
        }
        let [live, ids, vectors, _] = parts.map(|part| part as usize);
        let (live, rest) = body.split_at(length).1.split_at(live);
        let (ids, rest) = rest.split_at(ids);
        let (vectors, graph) = rest.split_at(vectors);
        let long = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let live: Vec<u64> = live.as_chunks::<8>().0.iter().map(long).collect();
        let ids: Vec<u64> = ids.as_chunks::<8>().0.iter().map(long).collect();
        let vectors: Vec<f32> = vectors.as_chunks::<4>().0.iter().map(|v| f32::from_le_bytes(*v)).collect();
        let marked: u32 = live.iter().map(|word| word.count_ones()).sum();
        let is_live = |slot: usize| live.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1);
        let (used, free): (Vec<usize>, Vec<usize>) = (0..ids.len()).partition(|slot| is_live(*slot));
        let slots: HashMap<u64, usize> =
            used.iter().filter_map(|slot| Some((*ids.get(*slot)?, *slot))).collect();
        if slots.len() != used.len() || marked as usize != used.len() {
            return Err(corrupt("ids"));
        }
        let metric = header.config.metric;
        for vector in vectors.chunks_exact(header.config.dim) {
            let in_range = vector.iter().all(|value| value.abs() <= MAX_HALF);
            if !in_range || (metric != Metric::Cosine && divisor(metric, 0, vector).is_err()) {
                return Err(corrupt("vectors"));
            }
        }
        let graph = Graph::from_bytes(&header.config, graph, &used, ids.len())?;
        let graph = graph.ok_or_else(|| corrupt("graph"))?;
        let index =
            Self { config: header.config, graph, ids, vectors, slots, free, live, layout: next_layout() };
        Ok((index, header.meta))
    }
}

/// A whole file of the length that its header states, which is looked at before memory is taken for the rest; the header
/// and its length, and the bytes of the parts behind it.
fn read(path: &Path) -> Result<(Vec<u8>, Header, usize, [u64; 4]), Error> {
    let io = |source| Error::io(path, source);
    // Asked by name first: opening a named pipe would wait for a writer.
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(Error::NotAnIndex { path: path.to_owned() });
    }
    let mut file = File::open(path).map_err(io)?;
    let found = file.metadata().map_err(io)?.len();
    let mut bytes = Vec::new();
    let first = (&mut file).take(Header::encoded_len(MAX_EMBEDDER_ID) as u64);
    { first }.read_to_end(&mut bytes).map_err(io)?;
    let (header, length) = Header::decode(path, &bytes)?;
    let parts = header.parts().ok_or_else(|| Error::corrupt(path, "vector count"))?;
    let whole = parts.iter().try_fold(length as u64 + 8, |sum, part| sum.checked_add(*part));
    if whole != Some(found) {
        return Err(Error::corrupt(path, "length"));
    }
    let left = usize::try_from(found).unwrap_or(usize::MAX).saturating_sub(bytes.len());
    bytes.try_reserve_exact(left).map_err(|_| io(ErrorKind::OutOfMemory.into()))?;
    file.take(left as u64).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 != found {
        return Err(Error::corrupt(path, "length"));
    }
    Ok((bytes, header, length, parts))
}

const _: () = assert!(MAX_DIM <= u32::MAX as usize);
