use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use crate::buffer::{LANES, Row};
use crate::format::{Header, MAGIC, Meta};
use crate::segment::Shape;
use crate::store::Store;
use crate::{Dtype, Error, FlatIndex, FlatIndexConfig, Metric, half::MAX_HALF, vector::MAX_NORM};

impl FlatIndex {
    /// Reads an index and what was saved with it.
    ///
    /// The header is checked, and with it the file's length, before memory is taken for the vectors; then each
    /// segment's checksum, the footer, and that the vectors are such as this crate writes.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotAnIndex`], [`Error::UnsupportedVersion`], [`Error::Corrupt`].
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, Meta), Error> {
        let path = path.as_ref();
        let (mut source, header, header_checksum) = Source::open(path)?;
        let count = usize::try_from(header.count).map_err(|_| Error::corrupt(path, "vector count"))?;
        let dim = header.config.dim;
        let (mut ids, mut rows) = (Vec::new(), Vec::new());
        // Bounded by the file's length, but a sparse file can be longer than memory.
        ids.try_reserve_exact(count)
            .and_then(|()| rows.try_reserve_exact(count.div_ceil(LANES) * dim))
            .map_err(|_| Error::io(path, ErrorKind::OutOfMemory.into()))?;
        let mut checksums = Vec::new();
        for segment in 0..header.segments() {
            let mut hash = Xxh3::new();
            let vectors = header.segment_vectors(segment);
            for _ in 0..vectors {
                let mut bytes = [0; 8];
                source.read(&mut bytes)?;
                hash.update(&bytes);
                ids.push(u64::from_le_bytes(bytes));
            }
            for _ in 0..Header::id_padding(vectors) {
                let mut byte = [0];
                source.read(&mut byte)?;
                hash.update(&byte);
            }
            for _ in 0..vectors.div_ceil(LANES as u64) * dim as u64 {
                let mut bytes = [0; LANES * 4];
                source.read(&mut bytes)?;
                hash.update(&bytes);
                let mut row = Row::ZERO;
                for (value, bytes) in row.0.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
                rows.push(row);
            }
            checksums.push(hash.digest());
        }
        let expected = header.footer(header_checksum, &checksums);
        let mut footer = vec![0; expected.len()];
        source.read(&mut footer)?;
        if footer != expected {
            return Err(Error::corrupt(path, "checksum of the vectors or the footer"));
        }
        let positions: HashMap<u64, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        if positions.len() != ids.len() {
            return Err(Error::corrupt(path, "an id occurs twice"));
        }
        check_vectors(path, &header.config, &rows, ids.len())?;
        let mut store = Store::new(Shape::new(&header.config));
        let mut vector = Vec::with_capacity(dim);
        for (at, id) in ids.iter().enumerate() {
            vector.clear();
            let block = rows.iter().skip(at / LANES * dim).take(dim);
            vector.extend(block.map(|row| row.0[at % LANES]));
            store.push(*id, &vector, ids.len() - at - 1);
        }
        Ok((Self::from_store(header.config, store, positions), header.meta))
    }

    /// Reads what was saved with an index without reading the vectors: enough to see whether it is still wanted.
    /// Checks the header and the file's length, not the vectors' checksums.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn read_meta(path: impl AsRef<Path>) -> Result<Meta, Error> {
        Source::open(path.as_ref()).map(|(_, header, _)| header.meta)
    }
}

/// An open file whose header has been read and whose length fits it.
struct Source<'a> {
    path: &'a Path,
    file: BufReader<File>,
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<(Self, Header, u64), Error> {
        let io = |source| Error::io(path, source);
        // Asked by name first: opening a named pipe would wait for a writer.
        if !std::fs::metadata(path).map_err(io)?.is_file() {
            return Err(Error::NotAnIndex { path: path.to_owned() });
        }
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length < MAGIC.len() as u64 {
            return Err(Error::NotAnIndex { path: path.to_owned() });
        }
        let mut source = Self { path, file: BufReader::with_capacity(1 << 18, file) };
        let (header, checksum) = Header::decode(path, |bytes| source.read(bytes))?;
        if header.file_len() != Some(length) {
            return Err(Error::corrupt(path, "the file's length does not fit its header"));
        }
        Ok((source, header, checksum))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.file.read_exact(bytes).map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => Error::corrupt(self.path, "the file ends too early"),
            _ => Error::io(self.path, source),
        })
    }
}

/// A file with right checksums may still come from another writer: vectors that `add` would not have stored would
/// make scores that are not numbers.
fn check_vectors(path: &Path, config: &FlatIndexConfig, rows: &[Row], count: usize) -> Result<(), Error> {
    let limit = if config.dtype == Dtype::F16 { MAX_HALF } else { f32::INFINITY };
    for (block, rows) in rows.chunks(config.dim).enumerate() {
        if rows.iter().any(|row| row.0.iter().any(|value| value.abs() > limit)) {
            return Err(Error::corrupt(path, "a component that this dtype does not allow"));
        }
        let mut squares = [0.0f64; LANES];
        for row in rows {
            for (sum, value) in squares.iter_mut().zip(row.0) {
                *sum += f64::from(value) * f64::from(value);
            }
        }
        for (lane, square) in squares.iter().enumerate() {
            let norm = square.sqrt();
            let fits = match config.metric {
                _ if block * LANES + lane >= count => *square == 0.0,
                Metric::Cosine => (norm - 1.0).abs() < 1e-3,
                Metric::InnerProduct | Metric::L2 => norm <= MAX_NORM,
            };
            if !fits {
                return Err(Error::corrupt(path, "a vector that this metric does not allow"));
            }
        }
    }
    Ok(())
}
