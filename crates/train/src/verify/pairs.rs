//! Pairs to be judged: half are a clip and its edited self, half another recording under an edit of the same kind.

use std::collections::HashMap;
use std::path::Path;

use soundalike_augment::Edit;

use crate::data::Cutter;
use crate::random::{Purpose, Random};
use crate::{Error, files};

/// How pairs are drawn.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PairsConfig {
    /// Pairs in all; half are similar. Default 2,000.
    pub pairs: usize,
    /// Share of the different pairs whose recordings are of one group (artist, source), or of one genre where the
    /// group has no other: the hard ones. Default .5.
    pub hard: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for PairsConfig {
    fn default() -> Self {
        Self { pairs: 2000, hard: 0.5, seed: 1 }
    }
}

impl PairsConfig {
    /// Sets the number of pairs.
    #[must_use]
    pub fn with_pairs(mut self, pairs: usize) -> Self {
        self.pairs = pairs;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// A clip: recording, first sample, edit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Cut {
    /// Index of the recording.
    pub track: usize,
    /// First sample.
    pub start: usize,
    /// The edit; `None` is the clip as it is.
    pub edit: Option<Edit>,
}

/// Why two clips are a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairKind {
    /// The same clip, one of the two edited.
    Similar,
    /// Two recordings, any.
    Different,
    /// Two recordings of one group.
    SameGroup,
    /// Two recordings of one genre.
    SameGenre,
}

impl PairKind {
    fn name(self) -> &'static str {
        match self {
            Self::Similar => "similar",
            Self::Different => "different",
            Self::SameGroup => "different, same group",
            Self::SameGenre => "different, same genre",
        }
    }
}

/// Two clips, and whether they are the same recording.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pair {
    /// A clip as it is.
    pub first: Cut,
    /// A clip under an edit.
    pub second: Cut,
    /// Why they are a pair.
    pub kind: PairKind,
}

impl Pair {
    /// Whether both are the same recording.
    #[must_use]
    pub fn similar(&self) -> bool {
        self.kind == PairKind::Similar
    }
}

/// Pairs among the recordings of one part.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct PairSet {
    /// The pairs.
    pub pairs: Vec<Pair>,
}

impl PairSet {
    pub(crate) fn draw(cutter: &Cutter, part: &[usize], config: &PairsConfig) -> Result<Self, Error> {
        if part.len() < 2 {
            return Err(Error::TooFew { what: "recordings to pair", got: part.len(), expected: 2 });
        }
        let others = Others::new(cutter, part);
        let mut pairs = Vec::with_capacity(config.pairs);
        let (mut number, limit) = (0, 20 * config.pairs as u64 + 1000);
        while pairs.len() < config.pairs {
            if number == limit {
                return Err(Error::TooFew {
                    what: "pairs with sound",
                    got: pairs.len(),
                    expected: config.pairs,
                });
            }
            let mut random = Random::new(config.seed, Purpose::Pairs, number);
            number += 1;
            // Recordings take turns, so that a long list has each of them equally often.
            let track = part[number as usize % part.len()];
            let similar = pairs.len() % 2 == 0;
            let (other, kind) = match similar {
                true => (track, PairKind::Similar),
                false => match others.draw(track, config.hard, &mut random) {
                    Some(found) => found,
                    None => continue,
                },
            };
            let edit = cutter.edit(other, &mut random);
            let span = cutter.span(edit.as_ref());
            let (first, second) = if similar {
                let (place, _) = cutter.place(track, span, &mut random)?;
                (place, place)
            } else {
                let (first, _) = cutter.place(track, cutter.span(None), &mut random)?;
                (first, cutter.place(other, span, &mut random)?.0)
            };
            let (Some(first), Some(second)) = (first, second) else { continue };
            pairs.push(Pair {
                first: Cut { track, start: first, edit: None },
                second: Cut { track: other, start: second, edit },
                kind,
            });
        }
        Ok(Self { pairs })
    }
}

/// Who may be paired with whom as different.
pub(crate) struct Others<'a> {
    cutter: &'a Cutter,
    part: &'a [usize],
    groups: HashMap<&'a str, Vec<usize>>,
    genres: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Others<'a> {
    pub(crate) fn new(cutter: &'a Cutter, part: &'a [usize]) -> Self {
        let (mut groups, mut genres) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for &track in part {
            if let Some(info) = cutter.corpus.info(track) {
                groups.entry(info.group.as_str()).or_default().push(track);
                if let Some(genre) = &info.genre {
                    genres.entry(genre.as_str()).or_default().push(track);
                }
            }
        }
        Self { cutter, part, groups, genres }
    }

    /// Another piece than `track`'s; with the probability `hard` of its group or else its genre.
    pub(crate) fn draw(&self, track: usize, hard: f64, random: &mut Random) -> Option<(usize, PairKind)> {
        let info = self.cutter.corpus.info(track)?;
        let hard = random.chance(hard);
        let group = self.groups.get(info.group.as_str()).map(|g| (g.as_slice(), PairKind::SameGroup));
        let genre = info.genre.as_deref().and_then(|name| self.genres.get(name));
        let genre = genre.map(|g| (g.as_slice(), PairKind::SameGenre));
        let pools = [group.filter(|_| hard), genre.filter(|_| hard), Some((self.part, PairKind::Different))];
        pools.into_iter().flatten().find_map(|(pool, kind)| {
            let at = random.below(pool.len());
            let other = (0..pool.len()).map(|i| pool[(at + i) % pool.len()]).find(|&other| {
                other != track && self.cutter.corpus.info(other).is_some_and(|o| o.piece != info.piece)
            })?;
            Some((other, kind))
        })
    }
}

/// Writes pairs as CSV: part, both recordings and places in seconds, the edit, and which kind they are.
///
/// # Errors
/// [`Error::Io`].
pub fn write_pairs<'a>(
    path: &Path,
    corpus: &crate::Corpus,
    sets: impl IntoIterator<Item = (&'a str, &'a [Pair])>,
) -> Result<(), Error> {
    let rate = f64::from(corpus.sample_rate());
    let id = |track: usize| corpus.info(track).map_or("", |info| info.id.as_str());
    let bad = |e: csv::Error| Error::Io { path: path.to_owned(), source: e.into() };
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record([
            "part",
            "first",
            "first_seconds",
            "second",
            "second_seconds",
            "edit",
            "kind",
            "similar",
        ])
        .map_err(bad)?;
    for (part, pairs) in sets {
        for Pair { first, second, kind } in pairs {
            let edit = second.edit.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            let row = [
                part,
                id(first.track),
                &format!("{:.3}", first.start as f64 / rate),
                id(second.track),
                &format!("{:.3}", second.start as f64 / rate),
                &edit,
                kind.name(),
                if *kind == PairKind::Similar { "1" } else { "0" },
            ];
            table.write_record(row).map_err(bad)?;
        }
    }
    let bytes =
        table.into_inner().map_err(|e| Error::Io { path: path.to_owned(), source: e.into_error() })?;
    files::replace(path, |file| std::io::Write::write_all(file, &bytes))
}
