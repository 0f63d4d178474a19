use std::io::{self, BufWriter, Write};
use std::path::Path;

use bytemuck::Pod;
use xxhash_rust::xxh3::Xxh3;

use crate::atomic::{Output, write_atomically};
use crate::format::{ALIGN, Header, Meta};
use crate::segment::{Arrays, SEGMENT_VECTORS, Segment, Shape};
use crate::{Error, FlatIndex};

#[cfg(target_endian = "big")]
compile_error!("index files are little-endian, and are written and mapped as they lie in memory");

/// Bytes that are written together; in tests few, so that there are many writes to refuse.
pub(crate) const BUFFER: usize = if cfg!(test) { 1 << 11 } else { 1 << 18 };

impl FlatIndex {
    /// Writes the index to a file.
    ///
    /// The file is written beside `path` under a temporary name, synced, renamed over `path`, and the folder is
    /// synced: at every moment `path` is the old file or the new one, whole. A save that fails removes the temporary
    /// file and leaves the old one. (A process that is killed cannot clean up: a hidden `.soundalike-*.tmp` may stay.)
    /// A symbolic link at `path` is replaced, not followed. A file that is replaced leaves its permissions to the new
    /// one, but not its owner. The one error after which `path` is the new file is that of the folder's sync.
    ///
    /// Segments are written as they are: vectors that were removed stay in the file, marked as such, until the
    /// compaction that [`Self::remove`] does or [`Self::compact`]. After a compaction the bytes depend on the
    /// vectors, their order, the settings and `meta` alone.
    ///
    /// # Errors
    /// [`Error::EmbedderIdTooLong`], [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>, meta: &Meta) -> Result<(), Error> {
        self.save_with(path.as_ref(), &self.header(meta), |_| Ok(None))
    }

    /// Saves with something behind the segments, of which `lists` returns the checksums.
    pub(crate) fn save_with(
        &self,
        path: &Path,
        header: &Header,
        lists: impl FnOnce(&mut BufWriter<&mut Output<'_>>) -> io::Result<Option<[u64; 2]>>,
    ) -> Result<(), Error> {
        let first = header.encode()?;
        write_atomically(path, |file| {
            let mut out = BufWriter::with_capacity(BUFFER, file);
            self.write(header, &first, &mut out, lists)?;
            out.flush()
        })
        .map_err(|source| Error::io(path, source))
    }

    pub(crate) fn header(&self, meta: &Meta) -> Header {
        let (kept, moved) = self.parts();
        let kept: usize = kept.iter().map(Segment::len).sum();
        let moved: usize = moved.iter().map(|segment| segment.live().count()).sum();
        Header { config: self.config.clone(), meta: meta.clone(), count: (kept + moved) as u64, nlist: 0 }
    }

    /// The segments that are written as they are, and those behind one that is not full, of which the live vectors
    /// are written.
    fn parts(&self) -> (&[Segment], &[Segment]) {
        let segments = &self.store.segments;
        let full = segments.iter().take_while(|segment| segment.len() == SEGMENT_VECTORS).count();
        let kept = if full + 1 == segments.len() { segments.len() } else { full };
        segments.split_at_checked(kept).unwrap_or_default()
    }

    /// The bytes of the file, in order.
    fn write<W: Write>(
        &self,
        header: &Header,
        first: &[u8],
        out: &mut W,
        lists: impl FnOnce(&mut W) -> io::Result<Option<[u64; 2]>>,
    ) -> io::Result<()> {
        out.write_all(first)?;
        let (kept, moved) = self.parts();
        let mut checksums = Vec::new();
        for segment in kept {
            checksums.push(write_segment(segment, out)?);
        }
        let shape = &Shape { row_copy: false, ..self.store.shape };
        let mut segment = Segment::new(shape);
        let mut vector = Vec::with_capacity(shape.dim);
        for old in moved {
            for (offset, id) in old.live() {
                vector.clear();
                old.read(shape, offset, &mut vector);
                if !segment.push(shape, id, &vector) {
                    checksums.push(write_segment(&segment, out)?);
                    segment = Segment::new(shape);
                    segment.push(shape, id, &vector);
                }
            }
        }
        if segment.len() > 0 {
            checksums.push(write_segment(&segment, out)?);
        }
        checksums.extend(lists(out)?);
        out.write_all(&header.footer(&checksums).map_err(io::Error::other)?)
    }
}

/// Returns the checksums of ids and marks, and of the other arrays.
fn write_segment(segment: &Segment, out: &mut impl Write) -> io::Result<[u64; 2]> {
    let mut out = Hashing::new(out);
    out.put(&segment.ids)?;
    out.put(&segment.live)?;
    let first = out.checksum();
    match &segment.arrays {
        Arrays::F32(rows) => out.put(rows)?,
        Arrays::F16(rows) => out.put(rows)?,
        Arrays::Int8(arrays) => {
            out.put(&arrays.codes)?;
            out.put(&arrays.scales)?;
            out.put(&arrays.norms)?;
            out.put(&arrays.vectors)?;
        }
    }
    Ok([first, out.checksum()])
}

/// A writer of arrays.
pub(crate) struct Hashing<'a, W> {
    out: &'a mut W,
    hash: Xxh3,
}

impl<'a, W: Write> Hashing<'a, W> {
    pub(crate) fn new(out: &'a mut W) -> Self {
        Self { out, hash: Xxh3::new() }
    }

    /// Writes values, and zeros up to the next multiple of [`ALIGN`].
    pub(crate) fn put<T: Pod>(&mut self, values: &[T]) -> io::Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let padding = bytes.len().next_multiple_of(ALIGN) - bytes.len();
        for bytes in [bytes, [0; ALIGN].get(..padding).unwrap_or_default()] {
            self.hash.update(bytes);
            self.out.write_all(bytes)?;
        }
        Ok(())
    }

    /// Of what was written since the last one.
    pub(crate) fn checksum(&mut self) -> u64 {
        let checksum = self.hash.digest();
        self.hash.reset();
        checksum
    }
}
