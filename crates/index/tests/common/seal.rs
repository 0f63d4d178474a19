//! Right checksums for changed files, as an attacker would make them. Written from docs/formats.md, apart from the
//! crate's own code.

use xxhash_rust::xxh3::xxh3_64;

const FULL: u64 = 16_384;

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let mut out = [0; 8];
    out[..N].copy_from_slice(bytes.get(at..at + N)?);
    Some(u64::from_le_bytes(out))
}

fn put(bytes: &mut [u8], at: usize, value: u64) -> Option<()> {
    bytes.get_mut(at..at + 8)?.copy_from_slice(&value.to_le_bytes());
    Some(())
}

fn padded(len: u64) -> Option<u64> {
    len.checked_next_multiple_of(64)
}

/// Gives the header its checksum, and if the header's counts fit the file everything else.
pub fn seal(bytes: &mut [u8]) {
    if bytes.starts_with(b"\x89SLG") {
        let _ = seal_graph(bytes);
    } else {
        let _ = seal_index(bytes);
    }
}

fn seal_graph(bytes: &mut [u8]) -> Option<()> {
    seal_header(bytes, 72 + number::<4>(bytes, 20)? as usize)?;
    let end = bytes.len().checked_sub(8)?;
    let whole = xxh3_64(&bytes[..end]);
    put(bytes, end, whole)
}

/// Returns the header's length.
fn seal_header(bytes: &mut [u8], used: usize) -> Option<usize> {
    let len = (used + 8).next_multiple_of(64);
    let checksum = xxh3_64(bytes.get(..len - 8)?);
    put(bytes, len - 8, checksum)?;
    Some(len)
}

fn seal_index(bytes: &mut [u8]) -> Option<()> {
    let start = seal_header(bytes, 48 + number::<2>(bytes, 18)? as usize)?;
    let (dim, metric) = (number::<4>(bytes, 12)?, *bytes.get(16)?);
    let (dtype, count, nlist) = (*bytes.get(17)?, number::<8>(bytes, 24)?, number::<4>(bytes, 40)?);
    if count > bytes.len() as u64 || dim > 65_536 || nlist > 65_536 {
        return None;
    }
    // Where each checksum's bytes end.
    let mut ends = Vec::new();
    let mut at = start as u64;
    for segment in 0..count.div_ceil(FULL) {
        let n = (count - segment * FULL).min(FULL);
        let blocks = n.div_ceil(64);
        at += padded(8 * n)? + padded(8 * blocks)?;
        ends.push(at);
        at += match dtype {
            0 => 256 * blocks * dim,
            1 => 128 * blocks * dim,
            _ => {
                let norms = if metric == 2 { 256 * blocks } else { 0 };
                256 * blocks * dim.div_ceil(4) + 256 * blocks + norms + padded(4 * n * dim)?
            }
        };
        ends.push(at);
    }
    if nlist > 0 {
        at += 64 + padded(4 * nlist)? + padded(4 * count.div_ceil(64))?;
        ends.push(at);
        at += padded(4 * nlist)? + padded(4 * nlist * dim)?;
        ends.push(at);
    }
    let footer = at as usize;
    if bytes.len() != footer + 8 * ends.len() + 24 {
        return None;
    }
    let mut begin = start;
    for (number, end) in ends.iter().enumerate() {
        let checksum = xxh3_64(&bytes[begin..*end as usize]);
        put(bytes, footer + 8 * number, checksum)?;
        begin = *end as usize;
    }
    let length = footer + 8 * ends.len();
    put(bytes, length, bytes.len() as u64)?;
    let sealed = xxh3_64(&[&bytes[start - 8..start], &bytes[footer..length + 8]].concat());
    put(bytes, length + 8, sealed)?;
    bytes[length + 16..].copy_from_slice(b"SLX-end\n");
    Some(())
}
