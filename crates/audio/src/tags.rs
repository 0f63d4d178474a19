//! Title, artist and the like, from whatever tags the file carries.

use symphonia::core::meta::{MetadataRevision, StandardTag, Tag};

/// Longest text kept, in characters: a tag is a name, not a book.
const MAX_CHARS: usize = 1_000;

/// The tags of a file: ID3v1, ID3v2, APE, Vorbis comments, MP4 atoms, RIFF INFO, AIFF text chunks.
///
/// Texts are trimmed, never empty, and at most 1,000 characters. Where a file has several kinds
/// of tag, the richer kind wins over ID3v1 (which cuts texts at 30 characters); within one kind,
/// the first value wins.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Title of the track.
    pub title: Option<String>,
    /// Artist of the track; the album's artist where the track names none.
    pub artist: Option<String>,
    /// Title of the album.
    pub album: Option<String>,
    /// Year of recording or release, from 1000 to 9999.
    pub year: Option<i32>,
    /// Genre.
    pub genre: Option<String>,
    /// Number of the track on its album, from 1.
    pub track_number: Option<u32>,
}

impl Tags {
    /// True if nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes the fields of `other` where this has none.
    pub(crate) fn fill_from(&mut self, other: Self) {
        self.title = self.title.take().or(other.title);
        self.artist = self.artist.take().or(other.artist);
        self.album = self.album.take().or(other.album);
        self.year = self.year.or(other.year);
        self.genre = self.genre.take().or(other.genre);
        self.track_number = self.track_number.or(other.track_number);
    }

    /// Sets a field by its name in RIFF INFO or, where symphonia knows no meaning, in Matroska.
    pub(crate) fn set_by_key(&mut self, key: &str, text: &str) {
        // Matroska's names come with the level they speak of, as in `ALBUM@DATE`.
        match key.rsplit('@').next().unwrap_or(key) {
            "INAM" | "TITLE" => set(&mut self.title, text),
            "IART" | "ARTIST" => set(&mut self.artist, text),
            "IPRD" | "ALBUM" => set(&mut self.album, text),
            "IGNR" | "GENRE" => set(&mut self.genre, text),
            "ICRD" | "DATE" | "DATE_RELEASED" | "DATE_RECORDED" => self.year = self.year.or(year(text)),
            "ITRK" | "IPRT" | "PART_NUMBER" => {
                let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
                let number = digits.parse().ok().filter(|&n| n > 0);
                self.track_number = self.track_number.or(number);
            }
            _ => {}
        }
    }
}

/// Reads tags from symphonia's revisions, of the whole file and of one track.
pub(crate) fn from_revisions(revisions: &[MetadataRevision], track_id: u32) -> Tags {
    let mut ranked: Vec<&MetadataRevision> = revisions.iter().collect();
    ranked.sort_by_key(|r| r.info.short_name == "id3v1");
    let mut tags = Tags::default();
    for revision in ranked {
        tags.fill_from(from_list(&revision.media.tags));
        for track in revision.per_track.iter().filter(|t| t.track_id == u64::from(track_id)) {
            tags.fill_from(from_list(&track.metadata.tags));
        }
    }
    tags
}

fn from_list(list: &[Tag]) -> Tags {
    let mut tags = Tags::default();
    let mut album_artist = None;
    // The most telling date wins: recording, then release, then the original's.
    let mut years = [None; 3];
    for tag in list.iter().filter_map(|t| t.std.as_ref()) {
        match tag {
            StandardTag::TrackTitle(s) => set(&mut tags.title, s),
            StandardTag::Artist(s) => set(&mut tags.artist, s),
            StandardTag::AlbumArtist(s) => set(&mut album_artist, s),
            StandardTag::Album(s) => set(&mut tags.album, s),
            StandardTag::Genre(s) => set(&mut tags.genre, s),
            StandardTag::TrackNumber(n) if *n > 0 => {
                tags.track_number = tags.track_number.or(u32::try_from(*n).ok());
            }
            StandardTag::RecordingYear(y) => years[0] = years[0].or(year(&y.to_string())),
            StandardTag::RecordingDate(s) => years[0] = years[0].or(year(s)),
            StandardTag::ReleaseYear(y) => years[1] = years[1].or(year(&y.to_string())),
            StandardTag::ReleaseDate(s) => years[1] = years[1].or(year(s)),
            StandardTag::OriginalReleaseYear(y) | StandardTag::OriginalRecordingYear(y) => {
                years[2] = years[2].or(year(&y.to_string()));
            }
            StandardTag::OriginalReleaseDate(s) | StandardTag::OriginalRecordingDate(s) => {
                years[2] = years[2].or(year(s));
            }
            _ => {}
        }
    }
    tags.artist = tags.artist.or(album_artist);
    let plain = list.iter().filter(|t| t.std.is_none());
    let mut unmapped = Tags::default();
    plain.for_each(|t| unmapped.set_by_key(&t.raw.key, &t.raw.value.to_string()));
    tags.year = years.into_iter().flatten().next();
    tags.fill_from(unmapped);
    tags
}

fn set(field: &mut Option<String>, text: &str) {
    if field.is_none() {
        *field = clean(text);
    }
}

/// Trims white space and control characters, cuts at the first NUL, refuses the empty text.
fn clean(text: &str) -> Option<String> {
    let text = text.trim_start_matches('\0').split('\0').next().unwrap_or("");
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
    (!text.is_empty()).then_some(text)
}

/// The first run of exactly four digits that reads as a year: `2001`, `2001-05-04`, `4/5/2001`.
fn year(text: &str) -> Option<i32> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|run| run.len() == 4 || run.len() == 8)
        .filter_map(|run| run.get(..4)?.parse().ok())
        .find(|y| (1000..=9999).contains(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_found_in_the_usual_spellings() {
        for (text, expected) in [
            ("2001", Some(2001)),
            ("2001-05-04", Some(2001)),
            ("2001-05-04T10:11:12", Some(2001)),
            ("04.05.1999", Some(1999)),
            ("19990504", Some(1999)),
            ("0000", None),
            ("99", None),
            ("", None),
            ("year", None),
            ("12345", None),
        ] {
            assert_eq!(year(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_are_cleaned() {
        assert_eq!(clean("  a b \n"), Some("a b".into()));
        assert_eq!(clean("first\0second"), Some("first".into()));
        assert_eq!(clean("\0\0"), None);
        assert_eq!(clean("  "), None);
        assert_eq!(clean(&"x".repeat(5_000)).map(|s| s.len()), Some(MAX_CHARS));
    }
}
