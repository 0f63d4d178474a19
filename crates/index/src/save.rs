use std::io::{self, BufWriter, Write};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use crate::atomic::write_atomically;
use crate::buffer::{LANES, Row};
use crate::format::{Header, Meta, SEGMENT};
use crate::{Error, FlatIndex};

impl FlatIndex {
    /// Writes the index to a file. The bytes depend on the live vectors, their order and `meta` alone.
    ///
    /// The file is written beside `path` under a temporary name, synced, renamed over `path`, and the folder is
    /// synced: at every moment `path` is the old file or the new one, whole. A save that fails removes the temporary
    /// file and leaves the old one. (A process that is killed cannot clean up: a hidden `.soundalike-*.tmp` may stay.)
    /// A symbolic link at `path` is replaced, not followed.
    ///
    /// # Errors
    /// [`Error::EmbedderIdTooLong`], [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>, meta: &Meta) -> Result<(), Error> {
        let path = path.as_ref();
        let header = Header { config: self.config.clone(), meta: meta.clone(), count: self.len() as u64 };
        let first = header.encode()?;
        write_atomically(path, |file| {
            let mut out = BufWriter::with_capacity(1 << 18, file);
            self.write(&header, &first, &mut out)?;
            out.flush()
        })
        .map_err(|source| Error::io(path, source))
    }

    /// The bytes of the file, in order.
    pub(crate) fn write(&self, header: &Header, first: &[u8], out: &mut impl Write) -> io::Result<()> {
        out.write_all(first)?;
        let live: Vec<(usize, u64)> = self.store.live().collect();
        let mut checksums = Vec::new();
        for segment in live.chunks(SEGMENT as usize) {
            let mut hash = Xxh3::new();
            let mut put = |bytes: &[u8]| {
                hash.update(bytes);
                out.write_all(bytes)
            };
            for (_, id) in segment {
                put(&id.to_le_bytes())?;
            }
            for _ in 0..Header::id_padding(segment.len() as u64) {
                put(&[0])?;
            }
            for lanes in segment.chunks(LANES) {
                for row in self.gathered(lanes) {
                    put(row.0.map(f32::to_le_bytes).as_flattened())?;
                }
            }
            checksums.push(hash.digest());
        }
        let header_checksum = first.last_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        out.write_all(&header.footer(header_checksum, &checksums))
    }

    /// Up to 64 vectors as one block, unused lanes zero.
    fn gathered(&self, lanes: &[(usize, u64)]) -> Vec<Row> {
        let mut rows = vec![Row::ZERO; self.config.dim];
        let mut vector = Vec::with_capacity(self.config.dim);
        for (lane, (position, _)) in lanes.iter().enumerate() {
            vector.clear();
            self.store.read(*position, &mut vector);
            for (row, value) in rows.iter_mut().zip(&vector) {
                row.0[lane % LANES] = *value;
            }
        }
        rows
    }
}
