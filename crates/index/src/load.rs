use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::buffer::{Buffer, LANES};
use crate::copy::RowCopy;
use crate::format::{Header, MAGIC, Meta};
use crate::layout::LayoutArrays;
use crate::segment::{Arrays, Int8Arrays, Segment, Shape};
use crate::store::Store;
use crate::{Error, FlatIndex, raw, verify};

impl FlatIndex {
    /// Reads an index and what was saved with it.
    ///
    /// The header is checked, and with it the file's length, before memory is taken for the vectors; then each
    /// segment's checksums, the footer, and that ids and vectors are such as this crate writes.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotAnIndex`], [`Error::OtherKind`], [`Error::UnsupportedVersion`], [`Error::Corrupt`].
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, Meta), Error> {
        let path = path.as_ref();
        let opened = open(path)?.of_kind(path, false)?;
        let (header, checksums, mut source) = opened.sequential(path)?;
        Ok((read(path, &header, &checksums, &mut source, true)?, header.meta))
    }

    /// Opens an index where it lies: its vectors stay in the file, of which the system keeps in memory what is used
    /// and what there is room for. Marks and a table of ids are in memory as ever.
    ///
    /// Everything is checked as [`Self::load`] does, for which the file is read once. Vectors can be added, replaced
    /// and removed; that changes memory alone, until the index is saved, which may be to the same path.
    ///
    /// Nobody may write into the file while it is mapped: answers would change, and a file made shorter ends the
    /// process. [`Self::save`] does not write into files, it replaces them.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn map(path: impl AsRef<Path>) -> Result<(Self, Meta), Error> {
        Self::mapped(path.as_ref(), true)
    }

    /// [`Self::map`] without reading the vectors: of those, a damaged file gives other ones, and wrong scores.
    /// Header, footer, ids and marks are checked. For files beyond memory, and files that were checked before.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn map_unverified(path: impl AsRef<Path>) -> Result<(Self, Meta), Error> {
        Self::mapped(path.as_ref(), false)
    }

    fn mapped(path: &Path, verify: bool) -> Result<(Self, Meta), Error> {
        let (header, checksums, mut source) = open(path)?.of_kind(path, false)?.mapping(path)?;
        Ok((read(path, &header, &checksums, &mut source, verify)?, header.meta))
    }

    /// Reads what was saved with an index without reading the vectors: enough to see whether it is still wanted.
    /// Checks the header, the footer and the file's length, not the checksums of ids and vectors.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn read_meta(path: impl AsRef<Path>) -> Result<Meta, Error> {
        open(path.as_ref()).map(|opened| opened.header.meta)
    }
}

/// An open file whose header, footer and length fit each other.
pub(crate) struct Opened {
    file: File,
    pub(crate) header: Header,
    /// Where the segments begin.
    start: usize,
    /// What the segments' checksums must be, and the lists' if there are any.
    checksums: Vec<[u64; 2]>,
}

impl Opened {
    pub(crate) fn of_kind(self, path: &Path, inverted: bool) -> Result<Self, Error> {
        let [expected, got] = [inverted, self.header.nlist > 0];
        if expected == got {
            Ok(self)
        } else {
            Err(Error::OtherKind { path: path.to_owned(), inverted: got })
        }
    }

    /// Ready to read the segments.
    pub(crate) fn sequential(self, path: &Path) -> Result<(Header, Vec<[u64; 2]>, Sequential<'_>), Error> {
        let Self { file, header, start, checksums } = self;
        let mut file = BufReader::with_capacity(1 << 18, file);
        file.seek(SeekFrom::Start(start as u64)).map_err(|source| Error::io(path, source))?;
        Ok((header, checksums, Sequential { path, file, at: 0, hash: Xxh3::new() }))
    }

    /// The same with the file mapped to memory.
    pub(crate) fn mapping(self, path: &Path) -> Result<(Header, Vec<[u64; 2]>, Mapping<'_>), Error> {
        let Self { file, header, start, checksums } = self;
        let map = raw::map(&file).map_err(|source| Error::io(path, source))?;
        Ok((header, checksums, Mapping { path, map: Arc::new(map), segment: start, at: 0, hashed: 0 }))
    }
}

pub(crate) fn open(path: &Path) -> Result<Opened, Error> {
    let io = |source| Error::io(path, source);
    // Asked by name first: opening a named pipe would wait for a writer.
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(Error::NotAnIndex { path: path.to_owned() });
    }
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length < MAGIC.len() as u64 {
        return Err(Error::NotAnIndex { path: path.to_owned() });
    }
    let (header, start) = Header::decode(path, |bytes| fill(path, &mut file, bytes))?;
    let (Some(expected), Some(footer_len)) = (header.file_len(), header.footer_len()) else {
        return Err(Error::corrupt(path, LENGTH));
    };
    if expected != length {
        return Err(Error::corrupt(path, LENGTH));
    }
    file.seek(SeekFrom::Start(length - footer_len as u64)).map_err(io)?;
    let mut footer = zeros(path, footer_len)?;
    fill(path, &mut file, &mut footer)?;
    let checksums = header.decode_footer(path, &footer)?;
    Ok(Opened { file, header, start, checksums })
}

const LENGTH: &str = "the file's length does not fit its header";

/// Bounded by the file's length, but a sparse file can be longer than memory.
fn zeros<T: Pod>(path: &Path, count: usize) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| Error::io(path, ErrorKind::OutOfMemory.into()))?;
    values.resize(count, T::zeroed());
    Ok(values)
}

fn fill(path: &Path, file: &mut impl Read, bytes: &mut [u8]) -> Result<(), Error> {
    file.read_exact(bytes).map_err(|source| match source.kind() {
        ErrorKind::UnexpectedEof => Error::corrupt(path, "the file ends too early"),
        _ => Error::io(path, source),
    })
}

/// Where the arrays of segments come from, in the order in which they lie in the file. Offsets are those in the
/// present segment.
pub(crate) trait Source {
    /// The values in these bytes.
    fn values<T: Pod>(&mut self, bytes: Range<usize>) -> Result<Buffer<T>, Error>;

    /// The checksum of what follows the last one, up to `end`.
    fn checksum(&mut self, end: usize) -> Result<u64, Error>;

    /// The next segment begins at `end` of this one.
    fn next(&mut self, end: usize);
}

/// Reads everything once.
pub(crate) struct Sequential<'a> {
    path: &'a Path,
    file: BufReader<File>,
    at: usize,
    hash: Xxh3,
}

impl Sequential<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        fill(self.path, &mut self.file, bytes)
    }

    /// Reads on to `end`, less than 64 bytes of zeros.
    fn skip(&mut self, end: usize) -> Result<(), Error> {
        while self.at < end {
            let mut byte = [0];
            self.fill(&mut byte)?;
            if byte != [0] {
                return Err(Error::corrupt(self.path, PADDING));
            }
            self.hash.update(&byte);
            self.at += 1;
        }
        Ok(())
    }
}

const PADDING: &str = "bytes that must be zero";

impl Source for Sequential<'_> {
    fn values<T: Pod>(&mut self, bytes: Range<usize>) -> Result<Buffer<T>, Error> {
        self.skip(bytes.start)?;
        let mut values: Vec<T> = zeros(self.path, bytes.len() / size_of::<T>())?;
        let memory = bytemuck::cast_slice_mut(&mut values);
        fill(self.path, &mut self.file, memory)?;
        self.hash.update(memory);
        self.at = bytes.end;
        Ok(values.into())
    }

    fn checksum(&mut self, end: usize) -> Result<u64, Error> {
        self.skip(end)?;
        let checksum = self.hash.digest();
        self.hash.reset();
        Ok(checksum)
    }

    fn next(&mut self, _end: usize) {
        self.at = 0;
    }
}

/// Leaves everything where it lies.
pub(crate) struct Mapping<'a> {
    path: &'a Path,
    map: Arc<Mmap>,
    /// Where the segment begins.
    segment: usize,
    at: usize,
    hashed: usize,
}

impl Mapping<'_> {
    fn bytes(&self, bytes: Range<usize>) -> &[u8] {
        self.map.get(self.segment + bytes.start..self.segment + bytes.end).unwrap_or_default()
    }

    fn skip(&mut self, end: usize) -> Result<(), Error> {
        if self.bytes(self.at..end).iter().any(|byte| *byte != 0) {
            return Err(Error::corrupt(self.path, PADDING));
        }
        self.at = end;
        Ok(())
    }
}

impl Source for Mapping<'_> {
    fn values<T: Pod>(&mut self, bytes: Range<usize>) -> Result<Buffer<T>, Error> {
        self.skip(bytes.start)?;
        self.at = bytes.end;
        Buffer::mapped(&self.map, self.segment + bytes.start..self.segment + bytes.end)
            .ok_or_else(|| Error::corrupt(self.path, "the file ends too early"))
    }

    fn checksum(&mut self, end: usize) -> Result<u64, Error> {
        self.skip(end)?;
        let checksum = xxh3_64(self.bytes(self.hashed..end));
        self.hashed = end;
        Ok(checksum)
    }

    fn next(&mut self, end: usize) {
        self.segment += end;
        (self.at, self.hashed) = (0, 0);
    }
}

/// An index from its segments; without `verify`, vectors are not looked at.
pub(crate) fn read(
    path: &Path,
    header: &Header,
    checksums: &[[u64; 2]],
    source: &mut impl Source,
    verify: bool,
) -> Result<FlatIndex, Error> {
    let shape = Shape::new(&header.config);
    let mut segments = Vec::new();
    for (vectors, [first, second]) in header.segments().zip(checksums) {
        let layout = header.layout(vectors).ok_or_else(|| Error::corrupt(path, LENGTH))?;
        let ids = source.values(layout.ids.clone())?;
        let live = source.values(layout.live.clone())?.to_vec();
        if source.checksum(layout.split())? != *first {
            return Err(Error::corrupt(path, "checksum of ids and marks"));
        }
        let arrays = match layout.arrays.clone() {
            LayoutArrays::F32(rows) => Arrays::F32(source.values(rows)?),
            LayoutArrays::F16(rows) => Arrays::F16(source.values(rows)?),
            LayoutArrays::Int8 { codes, scales, norms, vectors } => Arrays::Int8(Int8Arrays {
                codes: source.values(codes)?,
                scales: source.values(scales)?,
                norms: source.values(norms)?,
                vectors: source.values(vectors)?,
            }),
        };
        if verify && source.checksum(layout.len)? != *second {
            return Err(Error::corrupt(path, "checksum of the vectors"));
        }
        source.next(layout.len);
        let segment = Segment { ids, live, arrays, copy: RowCopy::None };
        let rest = vectors % LANES;
        if rest != 0 && segment.live.last().is_some_and(|word| word >> rest != 0) {
            return Err(Error::corrupt(path, "marks"));
        }
        if verify && !verify::allowed(header.config.metric, &shape, &segment) {
            return Err(Error::corrupt(path, "a vector that this metric does not allow"));
        }
        segments.push(segment);
    }
    let store = Store::from_segments(shape, segments);
    let count = store.live().count();
    let mut positions = HashMap::with_capacity(count);
    positions.extend(store.live().map(|(position, id)| (id, position)));
    if positions.len() != count {
        return Err(Error::corrupt(path, "an id occurs twice"));
    }
    Ok(FlatIndex::from_store(header.config.clone(), store, positions))
}
