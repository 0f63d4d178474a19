//! What has to be done for each file, decided before anything is decoded.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use soundalike_catalog::{FileRecord, FileStatus};
use xxhash_rust::xxh3::Xxh3;

/// Begins the reason under which a copy of another file is recorded.
pub(super) const SAME_BYTES: &str = "same bytes as ";

/// A file as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) relative: PathBuf,
    pub(super) size: u64,
    pub(super) mtime_ns: i64,
    /// Hash of the whole content.
    pub(super) hash: String,
}

impl Source {
    pub(super) fn record(&self, status: FileStatus, tags: BTreeMap<String, String>) -> FileRecord {
        FileRecord {
            path: self.path.clone(),
            size: self.size,
            mtime_ns: self.mtime_ns,
            content_hash: Some(self.hash.clone()),
            status,
            tags,
        }
    }
}

/// Looks at one file. The content is read only where size or time of change differ from `known`.
pub(super) fn examine(path: &Path, relative: &Path, known: Option<&FileRecord>) -> std::io::Result<Source> {
    let meta = std::fs::metadata(path)?;
    let since = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mtime_ns = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    let size = meta.len();
    let hash = match known {
        Some(FileRecord { content_hash: Some(hash), .. }) if same_stamp(known, size, mtime_ns) => {
            hash.clone()
        }
        _ => content_hash(path)?,
    };
    Ok(Source { path: path.to_owned(), relative: relative.to_owned(), size, mtime_ns, hash })
}

fn same_stamp(known: Option<&FileRecord>, size: u64, mtime_ns: i64) -> bool {
    known.is_some_and(|k| k.size == size && k.mtime_ns == mtime_ns)
}

fn content_hash(path: &Path) -> std::io::Result<String> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Xxh3::new(), vec![0_u8; 1 << 18]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(format!("{:032x}", hasher.digest128())),
            n => hasher.update(buffer.get(..n).unwrap_or_default()),
        }
    }
}

/// What to do with one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// In the catalog as it is.
    Keep { track_id: String },
    /// In the catalog under another path, which is gone.
    Move { from: PathBuf, track_id: String },
    /// To be decoded; `track_id` if the catalog has a track for this path already.
    Read { track_id: Option<String> },
    /// The same bytes as another file that is used.
    Duplicate { of: PathBuf },
    /// Found unusable in an earlier run, and unchanged.
    Skip { reason: String },
}

/// What to do with all of them.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// One action a file, in the order of the files.
    pub(super) actions: Vec<(Source, Action)>,
    /// Recorded paths below the folder that are gone and whose content was not found elsewhere.
    pub(super) gone: Vec<PathBuf>,
}

/// What the plan is made from besides the files.
pub(super) struct Known<'a> {
    /// All files in the catalog, by path.
    pub(super) files: &'a HashMap<PathBuf, FileRecord>,
    /// Tracks that have vectors of the embedder in use.
    pub(super) embedded: &'a HashSet<String>,
    /// The folder that is read, absolute.
    pub(super) root: &'a Path,
    pub(super) retry_skipped: bool,
    /// Whether a path is certainly not there any more.
    pub(super) is_gone: &'a dyn Fn(&Path) -> bool,
}

/// Decides for each of `sources`, which are in a fixed order.
pub(super) fn plan(sources: Vec<Source>, known: &Known<'_>) -> Plan {
    let here: HashSet<&Path> = sources.iter().map(|s| s.path.as_path()).collect();
    let mut lost: Vec<&FileRecord> = known
        .files
        .values()
        .filter(|f| !here.contains(f.path.as_path()) && (known.is_gone)(&f.path))
        .collect();
    lost.sort_by(|a, b| a.path.cmp(&b.path));
    let mut movable: HashMap<&str, Vec<&FileRecord>> = HashMap::new();
    for f in lost.iter().filter(|f| matches!(f.status, FileStatus::Ok { .. })) {
        movable.entry(hash_of(f)).or_default().push(f);
    }

    // Which file stands for each content: first those that have a track already, here or in another folder.
    let mut owner: HashMap<&str, &Path> = HashMap::new();
    let mut elsewhere: Vec<&FileRecord> = known
        .files
        .values()
        .filter(|f| {
            !here.contains(f.path.as_path()) && !f.path.starts_with(known.root) && !(known.is_gone)(&f.path)
        })
        .filter(|f| matches!(f.status, FileStatus::Ok { .. }))
        .collect();
    elsewhere.sort_by(|a, b| a.path.cmp(&b.path));
    for f in elsewhere {
        owner.entry(hash_of(f)).or_insert(&f.path);
    }
    for s in sources.iter().filter(|s| has_track(s, known)) {
        owner.entry(&s.hash).or_insert(&s.path);
    }
    for s in &sources {
        owner.entry(&s.hash).or_insert(&s.path);
    }

    let mut moved_from: HashSet<&Path> = HashSet::new();
    let actions: Vec<Action> = sources
        .iter()
        .map(|s| {
            let record = known.files.get(&s.path);
            let unchanged = record.filter(|r| hash_of(r) == s.hash);
            match owner.get(s.hash.as_str()) {
                Some(&of) if of != s.path => return Action::Duplicate { of: of.to_owned() },
                _ => {}
            }
            match unchanged.map(|r| &r.status) {
                Some(FileStatus::Ok { track_id }) if known.embedded.contains(track_id) => {
                    return Action::Keep { track_id: track_id.clone() };
                }
                Some(FileStatus::Skipped { reason })
                    if !known.retry_skipped && !reason.starts_with(SAME_BYTES) =>
                {
                    return Action::Skip { reason: reason.clone() };
                }
                _ => {}
            }
            let from = movable.get_mut(s.hash.as_str()).and_then(Vec::pop);
            if let Some((from, FileStatus::Ok { track_id })) = from.map(|f| (f, &f.status))
                && known.embedded.contains(track_id)
            {
                moved_from.insert(&from.path);
                return Action::Move { from: from.path.clone(), track_id: track_id.clone() };
            }
            let track_id = record.and_then(|r| match &r.status {
                FileStatus::Ok { track_id } => Some(track_id.clone()),
                _ => None,
            });
            Action::Read { track_id }
        })
        .collect();
    let gone = lost
        .iter()
        .filter(|f| f.path.starts_with(known.root) && !moved_from.contains(f.path.as_path()))
        .map(|f| f.path.clone())
        .collect();
    Plan { actions: sources.into_iter().zip(actions).collect(), gone }
}

/// The content's hash; empty, which no file has, where it is not known.
fn hash_of(record: &FileRecord) -> &str {
    record.content_hash.as_deref().unwrap_or_default()
}

/// Whether the catalog has a usable track for exactly this content at this path.
fn has_track(s: &Source, known: &Known<'_>) -> bool {
    known
        .files
        .get(&s.path)
        .is_some_and(|r| hash_of(r) == s.hash && matches!(r.status, FileStatus::Ok { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, hash: &str) -> Source {
        Source {
            path: path.into(),
            relative: path.trim_start_matches("/m/").into(),
            size: 1,
            mtime_ns: 1,
            hash: hash.into(),
        }
    }

    fn ok(path: &str, hash: &str, id: &str) -> FileRecord {
        source(path, hash).record(FileStatus::Ok { track_id: id.into() }, BTreeMap::new())
    }

    fn skipped(path: &str, hash: &str, reason: &str) -> FileRecord {
        source(path, hash).record(FileStatus::Skipped { reason: reason.into() }, BTreeMap::new())
    }

    fn run(sources: &[Source], records: &[FileRecord], there: &[&str]) -> (Vec<Action>, Vec<PathBuf>) {
        let files: HashMap<_, _> = records.iter().map(|r| (r.path.clone(), r.clone())).collect();
        let embedded = records
            .iter()
            .filter_map(|r| match &r.status {
                FileStatus::Ok { track_id } => Some(track_id.clone()),
                _ => None,
            })
            .collect();
        let is_gone =
            |p: &Path| !sources.iter().any(|s| s.path == p) && !there.iter().any(|t| Path::new(t) == p);
        let known = Known {
            files: &files,
            embedded: &embedded,
            root: Path::new("/m"),
            retry_skipped: false,
            is_gone: &is_gone,
        };
        let plan = plan(sources.to_vec(), &known);
        (plan.actions.into_iter().map(|(_, a)| a).collect(), plan.gone)
    }

    fn keep(id: &str) -> Action {
        Action::Keep { track_id: id.into() }
    }

    #[test]
    fn new_kept_changed_and_gone() {
        let records = [ok("/m/a", "1", "a"), ok("/m/b", "2", "b"), ok("/m/c", "3", "c")];
        let (actions, gone) =
            run(&[source("/m/a", "1"), source("/m/b", "9"), source("/m/n", "4")], &records, &[]);
        assert_eq!(
            actions,
            [keep("a"), Action::Read { track_id: Some("b".into()) }, Action::Read { track_id: None }]
        );
        assert_eq!(gone, [PathBuf::from("/m/c")]);
    }

    #[test]
    fn a_file_that_is_there_but_was_not_listed_is_not_gone() {
        let records = [ok("/m/a", "1", "a"), ok("/m/locked/b", "2", "b")];
        let (_, gone) = run(&[source("/m/a", "1")], &records, &["/m/locked/b"]);
        assert!(gone.is_empty());
    }

    #[test]
    fn renamed() {
        let (actions, gone) = run(&[source("/m/new", "1")], &[ok("/m/old", "1", "old")], &[]);
        assert_eq!(actions, [Action::Move { from: "/m/old".into(), track_id: "old".into() }]);
        assert!(gone.is_empty());
    }

    #[test]
    fn copies_are_used_once_and_the_known_one_stays() {
        let dup = |of: &str| Action::Duplicate { of: of.into() };
        let (actions, _) = run(&[source("/m/a", "1"), source("/m/b", "1")], &[], &[]);
        assert_eq!(actions, [Action::Read { track_id: None }, dup("/m/a")]);
        let (actions, _) = run(&[source("/m/a", "1"), source("/m/b", "1")], &[ok("/m/b", "1", "b")], &[]);
        assert_eq!(actions, [dup("/m/b"), keep("b")]);
    }

    #[test]
    fn a_copy_takes_over_when_the_original_goes() {
        let records = [ok("/m/a", "1", "a"), skipped("/m/b", "1", "same bytes as /m/a")];
        let (actions, gone) = run(&[source("/m/b", "1")], &records, &[]);
        assert_eq!(actions, [Action::Move { from: "/m/a".into(), track_id: "a".into() }]);
        assert!(gone.is_empty());
    }

    #[test]
    fn broken_files_are_not_read_again_until_they_change() {
        let records = [skipped("/m/a", "1", "malformed")];
        assert_eq!(
            run(&[source("/m/a", "1")], &records, &[]).0,
            [Action::Skip { reason: "malformed".into() }]
        );
        assert_eq!(run(&[source("/m/a", "2")], &records, &[]).0, [Action::Read { track_id: None }]);
    }

    #[test]
    fn copies_in_another_folder_count_while_they_exist() {
        let records = [ok("/other/a", "1", "a")];
        let (actions, gone) = run(&[source("/m/a", "1")], &records, &["/other/a"]);
        assert_eq!(actions, [Action::Duplicate { of: "/other/a".into() }]);
        assert!(gone.is_empty());
        let (actions, gone) = run(&[source("/m/a", "1")], &records, &[]);
        assert_eq!(actions, [Action::Move { from: "/other/a".into(), track_id: "a".into() }]);
        assert!(gone.is_empty());
    }
}
