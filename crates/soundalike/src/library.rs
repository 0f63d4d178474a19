//! A folder with a catalog and the index made from it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use soundalike_catalog::{Catalog, Song};
use soundalike_index::{FlatIndex, FlatIndexConfig, Meta};

use crate::identify::Place;
#[cfg(feature = "audio")]
use crate::ingest::{IngestObserver, IngestOptions, IngestReport, MusicFolder, Run};
use crate::{Embedder, Error, Identifier};

/// File name of the catalog in a library's folder.
pub const CATALOG_FILE: &str = "catalog.sqlite";
/// File name of the index in a library's folder.
pub const INDEX_FILE: &str = "index.sndx";

/// File name of the lock that one ingest at a time holds. It stays when the ingest is over; only the lock matters.
#[cfg(feature = "audio")]
const LOCK_FILE: &str = "ingest.lock";

/// Where the index of an [`Identifier`] came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexSource {
    /// Read from the library's index file.
    File,
    /// Made anew from the catalog, and written.
    Rebuilt,
}

/// A folder that holds a SQLite catalog, which is the truth, and an index file, which is a cache of it.
pub struct Library {
    folder: PathBuf,
    catalog: Catalog,
    embedder: Arc<dyn Embedder>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("folder", &self.folder).field("embedder", self.embedder.id()).finish()
    }
}

impl Library {
    /// Opens the library in `folder`, or begins one there. It may hold vectors of several embedders; this handle
    /// works with those of `embedder`.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be made, [`Error::Catalog`] for a catalog that is not ours, newer than
    /// this code, or damaged. Such a file is not touched.
    pub fn open(folder: &Path, embedder: Arc<dyn Embedder>) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.to_owned(), source })?;
        let catalog = Catalog::open(folder.join(CATALOG_FILE))?;
        Ok(Self { folder: folder.to_owned(), catalog, embedder })
    }

    /// The catalog.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The embedder this handle works with.
    #[must_use]
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Path of the index file.
    #[must_use]
    pub fn index_path(&self) -> PathBuf {
        self.folder.join(INDEX_FILE)
    }

    /// Reads what is new or changed in `music` into the catalog.
    ///
    /// Files are decoded in parallel, each as a stream, and each song is one transaction: what was finished stays,
    /// whatever ends the run, and the next run goes on from there. If another ingest into this library is going on, in
    /// this process or another, this one waits for it to end.
    ///
    /// # Errors
    /// [`Error::NothingUsable`] when not one file can be used; [`Error::Catalog`] for an unreadable metadata table
    /// and when the catalog cannot be written. A broken audio file is no error but a line of the report.
    #[cfg(feature = "audio")]
    pub fn ingest(
        &mut self,
        music: &MusicFolder,
        options: &IngestOptions,
        observer: &dyn IngestObserver,
    ) -> Result<IngestReport, Error> {
        let lock = self.folder.join(LOCK_FILE);
        Run { embedder: &*self.embedder, folder: music, options, observer }.ingest(&mut self.catalog, &lock)
    }

    /// The song of a track id.
    ///
    /// # Errors
    /// [`Error::Catalog`].
    pub fn song(&self, track_id: &str) -> Result<Option<Song>, Error> {
        Ok(self.catalog.song(track_id)?)
    }

    /// The identifier over all vectors of the embedder. The index file is used where it belongs to the present state
    /// of the catalog, and made anew where it is older or of another embedder.
    ///
    /// # Errors
    /// [`Error::UnusableIndexFile`] for an index file whose bytes were changed or that is not one: it is left as it is,
    /// since nobody knows what it was. [`Error::EmptyLibrary`] when there are no vectors.
    pub fn identifier(&self) -> Result<(Identifier, IndexSource), Error> {
        let embedder = self.embedder.id();
        let meta = Meta::new(embedder.as_str(), self.catalog.state()?);
        let path = self.index_path();
        let on_disk = if path.try_exists().map_err(|source| Error::Io { path: path.clone(), source })? {
            match FlatIndex::load(&path) {
                Ok(found) => Some(found),
                // Whole, but not of this release's making: as good as none.
                Err(
                    soundalike_index::Error::UnsupportedVersion { .. }
                    | soundalike_index::Error::OtherKind { .. },
                ) => None,
                Err(error) => return Err(unusable(error)),
            }
        } else {
            None
        };
        let (index, source) = match on_disk {
            Some((index, found)) if found == meta => (index, IndexSource::File),
            _ => {
                let index = self.build_index()?;
                if index.is_empty() {
                    return Err(Error::EmptyLibrary {
                        library: self.folder.clone(),
                        embedder: embedder.clone(),
                    });
                }
                // The state was read before the rows: if another process wrote in between, the file counts as older
                // than it is and is made again.
                index.save(&path, &meta)?;
                (index, IndexSource::Rebuilt)
            }
        };
        let (tracks, places) = self.places()?;
        Ok((Identifier::new(embedder.clone(), index, tracks, places), source))
    }

    fn build_index(&self) -> Result<FlatIndex, Error> {
        let mut index = FlatIndex::new(&FlatIndexConfig::new(self.embedder.dim()))?;
        let model = self.embedder.id().as_str();
        self.catalog
            .embeddings(model, self.embedder.dim(), |row| Ok::<(), Error>(index.add(row.id, row.vector)?))?;
        Ok(index)
    }

    fn places(&self) -> Result<(Vec<String>, HashMap<u64, Place>), Error> {
        let locations = self.catalog.embedding_locations(self.embedder.id().as_str())?;
        let mut tracks: Vec<String> = locations.iter().map(|(_, l)| l.track_id.clone()).collect();
        tracks.sort_unstable();
        tracks.dedup();
        let number: HashMap<&str, usize> = tracks.iter().enumerate().map(|(i, t)| (t.as_str(), i)).collect();
        let places = locations
            .iter()
            .filter_map(|(id, l)| {
                Some((*id, Place { track: *number.get(l.track_id.as_str())?, start: l.start }))
            })
            .collect();
        Ok((tracks, places))
    }

    /// Mean vector of each track, by id: for song-by-song comparison.
    ///
    /// # Errors
    /// [`Error::Catalog`].
    pub fn track_means(&self) -> Result<Vec<(String, Vec<f32>)>, Error> {
        let mut sums: std::collections::BTreeMap<String, (usize, Vec<f32>)> = Default::default();
        let dim = self.embedder.dim();
        self.catalog.embeddings(self.embedder.id().as_str(), dim, |row| {
            let (n, sum) = sums.entry(row.track_id.to_owned()).or_insert_with(|| (0, vec![0.0; dim]));
            *n += 1;
            sum.iter_mut().zip(row.vector).for_each(|(s, v)| *s += v);
            Ok::<(), Error>(())
        })?;
        Ok(sums
            .into_iter()
            .map(|(id, (n, sum))| (id, sum.into_iter().map(|s| s / n as f32).collect()))
            .collect())
    }
}

/// Tells a file that is no good from a file that could not be read.
fn unusable(error: soundalike_index::Error) -> Error {
    use soundalike_index::Error as E;
    match error {
        E::NotAnIndex { .. } | E::Corrupt { .. } => Error::UnusableIndexFile { source: error },
        other => Error::Index(other),
    }
}
