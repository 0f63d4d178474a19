//! What symphonia 0.6.1 loses of a WAV file: its INFO tags, and files whose writer was
//! interrupted before it came back to fill in the lengths.

use std::io::{Read, Seek, SeekFrom};

use crate::tags::Tags;

const MAX_CHUNKS: u32 = 1_000;
/// Longest INFO list read.
const MAX_LIST: u64 = 64 << 10;
/// A length that means "until the end of the file".
const OPEN_END: [u8; 4] = [0xFF; 4];

/// Bytes to replace when the file is read, and tags.
#[derive(Debug, Default)]
pub(crate) struct Riff {
    pub(crate) patches: Vec<(u64, [u8; 4])>,
    pub(crate) tags: Tags,
}

/// Walks the chunks of a RIFF file; stops at the first thing that makes no sense.
pub(crate) fn read<R: Read + Seek>(source: &mut R, len: u64) -> Riff {
    // The outer length says nothing that the chunks do not, and is wrong in many files.
    let mut found = Riff { patches: vec![(4, OPEN_END)], tags: Tags::default() };
    let mut at = 12;
    for _ in 0..MAX_CHUNKS {
        let mut head = [0; 8];
        if source.seek(SeekFrom::Start(at)).is_err() || source.read_exact(&mut head).is_err() {
            break;
        }
        let [a, b, c, d, size @ ..] = head;
        let (kind, size) = ([a, b, c, d], u64::from(u32::from_le_bytes(size)));
        let body = at + 8;
        match &kind {
            // No length: the audio goes on to the end.
            b"data" if size == 0 && len > body => {
                found.patches.push((at + 4, OPEN_END));
                break;
            }
            b"LIST" => {
                let mut list = Vec::new();
                let whole = source.take(size.min(MAX_LIST)).read_to_end(&mut list).is_ok();
                if let (true, Some(entries)) = (whole, list.strip_prefix(b"INFO")) {
                    found.tags.fill_from(info_tags(entries));
                }
            }
            _ => {}
        }
        at = body + size + size % 2;
    }
    found
}

fn info_tags(mut entries: &[u8]) -> Tags {
    let mut tags = Tags::default();
    while let Some((head, rest)) = entries.split_first_chunk::<8>() {
        let &[a, b, c, d, size @ ..] = head;
        let size = u32::from_le_bytes(size) as usize;
        let Some(text) = rest.get(..size) else { break };
        // The format names no encoding: UTF-8 where it is that, else Latin-1.
        let text = match std::str::from_utf8(text) {
            Ok(text) => text.to_owned(),
            Err(_) => text.iter().map(|&b| char::from(b)).collect(),
        };
        tags.set_by_key(&String::from_utf8_lossy(&[a, b, c, d]), &text);
        entries = rest.get(size + size % 2..).unwrap_or_default();
    }
    tags
}
