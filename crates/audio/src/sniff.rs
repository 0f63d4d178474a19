//! What the demuxer does not tell: MP4 edit lists and iTunes gapless notes, Ogg's end mark, and
//! more about WAV (see `riff`).
//!
//! Everything here is a hint read from a few bounded places; whatever is malformed is ignored.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use crate::riff::{self, Riff};

/// Most boxes looked at in one MP4 file.
const MAX_BOXES: u32 = 20_000;
/// Longest `iTunSMPB` text read.
const MAX_NOTE: u64 = 512;
/// How far from the end the last Ogg page may begin: a page is at most 65,307 bytes.
const OGG_TAIL: u64 = 66_000;
/// Enough for the last two MPEG frames, of at most 2,881 bytes, and an ID3v1 tag.
const MPEG_TAIL: u64 = 8_192;

/// Encoder delay and length of one MP4 track, by its edit list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Time before the first audible frame, in ticks of the track's own clock.
    pub(crate) start: u64,
    /// Audible length as (ticks, ticks a second) of the movie's clock.
    pub(crate) length: Option<(u64, u32)>,
    /// Ticks a second of the track's clock.
    pub(crate) timescale: u32,
}

/// iTunes' own note of delay and length, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GaplessNote {
    pub(crate) delay: u64,
    pub(crate) length: u64,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Sniffed {
    /// Edits by track id; empty for other formats.
    pub(crate) edits: HashMap<u32, Edit>,
    pub(crate) note: Option<GaplessNote>,
    /// The last bytes of a file of another format, in case it is MPEG audio.
    pub(crate) mpeg_tail: Vec<u8>,
    /// An Ogg file whose last page is cut off or not marked as the last.
    pub(crate) ogg_cut: bool,
    pub(crate) is_ogg: bool,
    /// Position in frames at the end of the last whole Ogg page.
    pub(crate) ogg_end: Option<u64>,
    pub(crate) riff: Riff,
}

/// Looks into the source and leaves it at its start.
pub(crate) fn sniff<R: Read + Seek>(source: &mut R, len: u64) -> std::io::Result<Sniffed> {
    let mut found = Sniffed::default();
    let mut head = [0; 8];
    source.seek(SeekFrom::Start(0))?;
    if source.read_exact(&mut head).is_ok() {
        if head.ends_with(b"ftyp") {
            let mut walk = Walk { source, boxes: 0, found: &mut found, movie_timescale: 0, track: None };
            // Stops at the first thing it cannot read; what was found before that stands.
            let _ = walk.children(0, len, 0);
        } else if head.starts_with(b"OggS") {
            found.is_ogg = true;
            (found.ogg_cut, found.ogg_end) = ogg_tail(source, len)?;
        } else if head.starts_with(b"RIFF") {
            found.riff = riff::read(source, len);
        } else {
            source.seek(SeekFrom::Start(len.saturating_sub(MPEG_TAIL)))?;
            source.take(MPEG_TAIL).read_to_end(&mut found.mpeg_tail)?;
        }
    }
    source.seek(SeekFrom::Start(0))?;
    Ok(found)
}

/// Whether the last page is cut off or not marked as the last, and the position it gives.
fn ogg_tail<R: Read + Seek>(source: &mut R, len: u64) -> std::io::Result<(bool, Option<u64>)> {
    let start = len.saturating_sub(OGG_TAIL);
    source.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    source.take(OGG_TAIL).read_to_end(&mut tail)?;
    let mut cut = false;
    // The last page that is whole: header of 27 bytes, a table of segment sizes, the segments.
    for at in (0..tail.len().saturating_sub(27)).rev() {
        let Some(page) = tail.get(at..) else { continue };
        if !page.starts_with(b"OggS") {
            continue;
        }
        let (Some(&flags), Some(&segments)) = (page.get(5), page.get(26)) else {
            continue;
        };
        let table = page.get(27..27 + usize::from(segments)).unwrap_or_default();
        let body: usize = table.iter().map(|&s| usize::from(s)).sum();
        if table.len() != usize::from(segments) || page.len() < 27 + table.len() + body {
            cut = true;
            continue;
        }
        let position = page.get(6..14).and_then(|p| p.first_chunk()).map(|p| u64::from_le_bytes(*p));
        return Ok((cut || flags & 0x04 == 0, position.filter(|&p| p <= i64::MAX as u64)));
    }
    Ok((true, None))
}

/// A track on the way: what its boxes have said so far.
#[derive(Default)]
struct TrackBoxes {
    id: u32,
    timescale: u32,
    /// (start, length in movie ticks) of the only audible edit, or the start of the first.
    edit: Option<(u64, Option<u64>)>,
}

struct Walk<'a, R> {
    source: &'a mut R,
    boxes: u32,
    found: &'a mut Sniffed,
    movie_timescale: u32,
    track: Option<TrackBoxes>,
}

impl<R: Read + Seek> Walk<'_, R> {
    /// Visits the boxes between two byte positions. `None` where the file cannot be followed.
    fn children(&mut self, mut at: u64, end: u64, depth: u32) -> Option<()> {
        while at.checked_add(8)? <= end {
            self.boxes += 1;
            if self.boxes > MAX_BOXES || depth > 8 {
                return None;
            }
            self.source.seek(SeekFrom::Start(at)).ok()?;
            let size = u64::from(self.u32()?);
            let kind = self.bytes::<4>()?;
            let (body, size) = match size {
                0 => (at + 8, end - at),
                1 => (at + 16, self.u64()?),
                n => (at + 8, n),
            };
            let next = at.checked_add(size)?;
            if next < body || next > end {
                return None;
            }
            self.visit(kind, body, next, depth)?;
            at = next;
        }
        Some(())
    }

    fn visit(&mut self, kind: [u8; 4], body: u64, end: u64, depth: u32) -> Option<()> {
        match &kind {
            b"moov" | b"mdia" | b"edts" | b"udta" | b"ilst" => self.children(body, end, depth + 1),
            // A full box in MP4 (4 bytes of version and flags), a plain one in QuickTime.
            b"meta" => {
                self.source.seek(SeekFrom::Start(body)).ok()?;
                let first = self.u32()?;
                self.children(if first == 0 { body + 4 } else { body }, end, depth + 1)
            }
            b"trak" => {
                self.track = Some(TrackBoxes::default());
                let walked = self.children(body, end, depth + 1);
                let track = self.track.take()?;
                if let (Some((start, length)), true) = (track.edit, track.timescale > 0) {
                    let length = length.filter(|&l| l > 0 && self.movie_timescale > 0);
                    let edit = Edit {
                        start,
                        length: length.map(|l| (l, self.movie_timescale)),
                        timescale: track.timescale,
                    };
                    self.found.edits.insert(track.id, edit);
                }
                walked
            }
            b"mvhd" => {
                self.movie_timescale = self.after_dates(body)?;
                Some(())
            }
            b"tkhd" => {
                let id = self.after_dates(body)?;
                if let Some(track) = &mut self.track {
                    track.id = id;
                }
                Some(())
            }
            b"mdhd" => {
                let timescale = self.after_dates(body)?;
                if let Some(track) = &mut self.track {
                    track.timescale = timescale;
                }
                Some(())
            }
            b"elst" => {
                let edit = self.edit_list(body)?;
                if let Some(track) = &mut self.track {
                    track.edit = edit;
                }
                Some(())
            }
            b"----" => {
                if let Some(note) = self.free_form(body, end) {
                    self.found.note = Some(note);
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    /// The 32-bit field after the two dates of `mvhd`, `mdhd` (time scale) and `tkhd` (track id).
    fn after_dates(&mut self, body: u64) -> Option<u32> {
        self.source.seek(SeekFrom::Start(body)).ok()?;
        let [version, ..] = self.bytes::<4>()?;
        let dates = if version == 1 { 16 } else { 8 };
        self.source.seek(SeekFrom::Current(dates)).ok()?;
        self.u32()
    }

    /// Start of the first audible edit; its length too if it is the only one.
    fn edit_list(&mut self, body: u64) -> Option<Option<(u64, Option<u64>)>> {
        self.source.seek(SeekFrom::Start(body)).ok()?;
        let [version, ..] = self.bytes::<4>()?;
        let count = self.u32()?.min(1_000);
        let mut audible = Vec::new();
        for _ in 0..count {
            // A media time of -1 is an empty edit: silence before the track, which is left out.
            let (length, start) = if version == 1 {
                (self.u64()?, self.u64()?)
            } else {
                let length = u64::from(self.u32()?);
                let start = self.u32()?;
                (length, if start == u32::MAX { u64::MAX } else { u64::from(start) })
            };
            self.u32()?;
            if start <= i64::MAX as u64 {
                audible.push((start, length));
            }
        }
        Some(match audible.as_slice() {
            [] => None,
            [(start, length)] => Some((*start, Some(*length))),
            [(start, _), ..] => Some((*start, None)),
        })
    }

    /// `----` holds `mean`, `name` and `data`; only the note named `iTunSMPB` is of interest.
    fn free_form(&mut self, body: u64, end: u64) -> Option<GaplessNote> {
        let mut at = body;
        let mut named = false;
        while at.checked_add(8)? <= end {
            self.boxes += 1;
            self.source.seek(SeekFrom::Start(at)).ok()?;
            let size = u64::from(self.u32()?);
            let kind = self.bytes::<4>()?;
            let next = at.checked_add(size)?;
            if size < 8 || next > end || self.boxes > MAX_BOXES {
                return None;
            }
            let mut text = Vec::new();
            (&mut *self.source).take((size - 8).min(MAX_NOTE)).read_to_end(&mut text).ok()?;
            if &kind == b"name" {
                named = text.get(4..) == Some(b"iTunSMPB");
            } else if &kind == b"data" && named {
                return gapless_note(std::str::from_utf8(text.get(8..)?).ok()?);
            }
            at = next;
        }
        None
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut buf = [0; N];
        self.source.read_exact(&mut buf).ok()?;
        Some(buf)
    }

    fn u32(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_be_bytes)
    }
}

/// Hexadecimal words: a zero, delay, padding, length, and more that does not matter here.
fn gapless_note(text: &str) -> Option<GaplessNote> {
    let mut words = text.split_whitespace().map(|w| u64::from_str_radix(w, 16).ok());
    words.next()??;
    let delay = words.next()??;
    words.next()??;
    let length = words.next()??;
    (length > 0 && delay < 1 << 20).then_some(GaplessNote { delay, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut out = (body.len() as u32 + 8).to_be_bytes().to_vec();
        out.extend_from_slice(kind);
        out.extend_from_slice(body);
        out
    }

    fn words(list: &[u32]) -> Vec<u8> {
        list.iter().flat_map(|w| w.to_be_bytes()).collect()
    }

    fn mp4(edits: &[[u32; 3]], note: Option<&str>) -> Vec<u8> {
        let mut elst = words(&[0, edits.len() as u32]);
        elst.extend(edits.iter().flat_map(|e| words(e)));
        let trak = [
            boxed(b"tkhd", &words(&[0, 0, 0, 7, 0, 0])),
            boxed(b"edts", &boxed(b"elst", &elst)),
            boxed(b"mdia", &boxed(b"mdhd", &words(&[0, 0, 0, 44_100, 0, 0]))),
        ]
        .concat();
        let mut moov = [boxed(b"mvhd", &words(&[0, 0, 0, 1_000, 0])), boxed(b"trak", &trak)].concat();
        if let Some(note) = note {
            let mut data = words(&[1, 0]);
            data.extend_from_slice(note.as_bytes());
            let mut name = words(&[0]);
            name.extend_from_slice(b"iTunSMPB");
            let free =
                [boxed(b"mean", b"\0\0\0\0com.apple.iTunes"), boxed(b"name", &name), boxed(b"data", &data)]
                    .concat();
            let mut meta = words(&[0]);
            meta.extend(boxed(b"ilst", &boxed(b"----", &free)));
            moov.extend(boxed(b"udta", &boxed(b"meta", &meta)));
        }
        [boxed(b"ftyp", b"M4A "), boxed(b"moov", &moov)].concat()
    }

    fn sniffed(bytes: &[u8]) -> Sniffed {
        sniff(&mut Cursor::new(bytes), bytes.len() as u64).unwrap()
    }

    #[test]
    fn edit_lists_and_notes_are_read() {
        let one = sniffed(&mp4(&[[500, 1_024, 0x1_0000]], None));
        let edit = Edit { start: 1_024, length: Some((500, 1_000)), timescale: 44_100 };
        assert_eq!(one.edits.get(&7), Some(&edit));
        assert_eq!(one.note, None);

        let delayed = sniffed(&mp4(&[[20, u32::MAX, 0x1_0000], [500, 2_112, 0x1_0000]], None));
        assert_eq!(delayed.edits.get(&7).map(|e| (e.start, e.length)), Some((2_112, Some((500, 1_000)))));

        let cut = sniffed(&mp4(&[[100, 5, 0x1_0000], [100, 900, 0x1_0000]], None));
        assert_eq!(cut.edits.get(&7).map(|e| (e.start, e.length)), Some((5, None)));

        let note = " 00000000 00000840 000001CA 00000000003F31F6 00000000";
        assert_eq!(
            sniffed(&mp4(&[], Some(note))).note,
            Some(GaplessNote { delay: 0x840, length: 0x3F_31F6 })
        );
        for bad in ["", "zz", "0 840 1CA", "0 840 1CA 0", "0 FFFFFFFF 0 5"] {
            assert_eq!(gapless_note(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_survived() {
        let whole = mp4(&[[500, 1_024, 0x1_0000]], Some("0 840 1CA 3F31F6"));
        for n in 0..whole.len() {
            sniffed(&whole[..n]);
            for value in [0, 1, 0xFF] {
                let mut bent = whole.clone();
                bent[n] = value;
                sniffed(&bent);
            }
        }
    }
}
