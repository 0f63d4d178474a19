//! What has to be done for each file, decided before anything is decoded.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use soundalike_catalog::{FileRecord, FileStatus};

use super::source::{Content, Source};

/// What to do with one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// In the catalog as it is.
    Keep { track_id: String },
    /// In the catalog under another path, which is gone. `read` where the track has no vectors of this embedder yet.
    Move { from: PathBuf, track_id: String, read: bool },
    /// To be decoded; `track_id` if the catalog has a track for this path already.
    Read { track_id: Option<String> },
    /// The same bytes as another file that is used.
    Copy { of: PathBuf },
    /// Holds nothing that can be used.
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
    /// Whether to read files again that were skipped before.
    pub(super) retry_skipped: bool,
    /// Whether a path is certainly not there any more.
    pub(super) is_gone: &'a dyn Fn(&Path) -> bool,
    /// Whether a file still is as it was recorded, by size and times.
    pub(super) is_unchanged: &'a dyn Fn(&FileRecord) -> bool,
}

impl Known<'_> {
    fn is_embedded(&self, record: &FileRecord) -> bool {
        record.status.track_id().is_some_and(|id| self.embedded.contains(id))
    }

    /// The track of exactly this content at this path.
    fn track(&self, source: &Source) -> Option<&str> {
        let record = self.files.get(&source.path)?;
        record.status.track_id().filter(|_| source.hash() == Some(hash_of(record)))
    }
}

/// Decides for each of `sources`, which are in a fixed order.
pub(super) fn plan(sources: Vec<Source>, known: &Known<'_>) -> Plan {
    let here: HashSet<&Path> = sources.iter().map(|s| s.path.as_path()).collect();
    let mut absent: Vec<&FileRecord> =
        known.files.values().filter(|f| !here.contains(f.path.as_path())).collect();
    absent.sort_by(|a, b| a.path.cmp(&b.path));
    let (lost, elsewhere): (Vec<&FileRecord>, Vec<&FileRecord>) =
        absent.into_iter().partition(|f| (known.is_gone)(&f.path));
    let mut movable: HashMap<&str, Vec<&FileRecord>> = HashMap::new();
    for f in lost.iter().filter(|f| f.status.track_id().is_some()) {
        movable.entry(hash_of(f)).or_default().push(f);
    }
    let owner = owners(&sources, &elsewhere, known);

    let mut moved_from: HashSet<&Path> = HashSet::new();
    let actions: Vec<Action> = sources
        .iter()
        .map(|s| {
            let hash = match &s.content {
                Content::Unusable(reason) => return Action::Skip { reason: reason.clone() },
                Content::Hash(hash) => hash.as_str(),
            };
            let record = known.files.get(&s.path);
            if let Some(id) = known.track(s) {
                return match known.embedded.contains(id) {
                    true => Action::Keep { track_id: id.to_owned() },
                    false => Action::Read { track_id: Some(id.to_owned()) },
                };
            }
            if let Some(&of) = owner.get(hash).filter(|of| **of != s.path) {
                return Action::Copy { of: of.to_owned() };
            }
            if let Some(FileRecord { status: FileStatus::Skipped { reason }, .. }) =
                record.filter(|r| hash_of(r) == hash && !known.retry_skipped)
            {
                return Action::Skip { reason: reason.clone() };
            }
            if let Some(from) = movable.get_mut(hash).and_then(|from| take_best(from, known)) {
                moved_from.insert(&from.path);
                let (path, read) = (from.path.clone(), !known.is_embedded(from));
                let track_id = from.status.track_id().unwrap_or_default().to_owned();
                return Action::Move { from: path, track_id, read };
            }
            Action::Read { track_id: record.and_then(|r| r.status.track_id()).map(str::to_owned) }
        })
        .collect();
    let gone = lost
        .iter()
        .filter(|f| f.path.starts_with(known.root) && !moved_from.contains(f.path.as_path()))
        .map(|f| f.path.clone())
        .collect();
    Plan { actions: sources.into_iter().zip(actions).collect(), gone }
}

/// Which file stands for each content: first a usable one in another folder, then one here that has a track already,
/// then the first here.
fn owners<'a>(
    sources: &'a [Source],
    elsewhere: &[&'a FileRecord],
    known: &Known<'_>,
) -> HashMap<&'a str, &'a Path> {
    let mut owner: HashMap<&str, &Path> = HashMap::new();
    for f in elsewhere.iter().filter(|f| !f.path.starts_with(known.root)) {
        if known.is_embedded(f) && (known.is_unchanged)(f) {
            owner.entry(hash_of(f)).or_insert(&f.path);
        }
    }
    let with_track = sources.iter().filter(|s| known.track(s).is_some());
    for s in with_track.chain(sources) {
        if let Some(hash) = s.hash() {
            owner.entry(hash).or_insert(&s.path);
        }
    }
    owner
}

/// Takes a record whose track has vectors of the embedder, or else the last.
fn take_best<'a>(from: &mut Vec<&'a FileRecord>, known: &Known<'_>) -> Option<&'a FileRecord> {
    let at = from.iter().position(|f| known.is_embedded(f)).or(from.len().checked_sub(1))?;
    Some(from.remove(at))
}

/// The content's hash; empty, which no file has, where it is not known.
fn hash_of(record: &FileRecord) -> &str {
    record.content_hash.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn source(path: &str, hash: &str) -> Source {
        Source {
            path: path.into(),
            relative: path.trim_start_matches("/m/").into(),
            stamp: Default::default(),
            content: Content::Hash(hash.into()),
        }
    }

    fn broken(path: &str) -> Source {
        Source { content: Content::Unusable("malformed".into()), ..source(path, "") }
    }

    fn ok(path: &str, hash: &str, id: &str) -> FileRecord {
        source(path, hash).record(FileStatus::Ok { track_id: id.into() }, BTreeMap::new())
    }

    fn skipped(path: &str, hash: &str, reason: &str) -> FileRecord {
        source(path, hash).record(FileStatus::Skipped { reason: reason.into() }, BTreeMap::new())
    }

    fn copy(path: &str, hash: &str) -> FileRecord {
        source(path, hash).record(FileStatus::Copy { reason: "same bytes".into() }, BTreeMap::new())
    }

    /// With every track embedded but `other`, and every file elsewhere unchanged but `/other/changed`.
    fn run(sources: &[Source], records: &[FileRecord], there: &[&str]) -> (Vec<Action>, Vec<PathBuf>) {
        let files: HashMap<_, _> = records.iter().map(|r| (r.path.clone(), r.clone())).collect();
        let ids = records.iter().filter_map(|r| r.status.track_id());
        let embedded = ids.filter(|id| *id != "other").map(str::to_owned).collect();
        let is_gone =
            |p: &Path| !sources.iter().any(|s| s.path == p) && !there.iter().any(|t| Path::new(t) == p);
        let known = Known {
            files: &files,
            embedded: &embedded,
            root: Path::new("/m"),
            retry_skipped: false,
            is_gone: &is_gone,
            is_unchanged: &|f| !f.path.ends_with("changed"),
        };
        let plan = plan(sources.to_vec(), &known);
        (plan.actions.into_iter().map(|(_, a)| a).collect(), plan.gone)
    }

    fn keep(id: &str) -> Action {
        Action::Keep { track_id: id.into() }
    }

    fn moved(from: &str, id: &str) -> Action {
        Action::Move { from: from.into(), track_id: id.into(), read: false }
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
        assert_eq!(actions, [moved("/m/old", "old")]);
        assert!(gone.is_empty());
    }

    #[test]
    fn copies_are_used_once_and_the_known_one_stays() {
        let dup = |of: &str| Action::Copy { of: of.into() };
        let (actions, _) = run(&[source("/m/a", "1"), source("/m/b", "1")], &[], &[]);
        assert_eq!(actions, [Action::Read { track_id: None }, dup("/m/a")]);
        let (actions, _) = run(&[source("/m/a", "1"), source("/m/b", "1")], &[ok("/m/b", "1", "b")], &[]);
        assert_eq!(actions, [dup("/m/b"), keep("b")]);
    }

    #[test]
    fn a_copy_takes_over_when_the_original_goes() {
        let records = [ok("/m/a", "1", "a"), copy("/m/b", "1")];
        let (actions, gone) = run(&[source("/m/b", "1")], &records, &[]);
        assert_eq!(actions, [moved("/m/a", "a")]);
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
        assert_eq!(actions, [Action::Copy { of: "/other/a".into() }]);
        assert!(gone.is_empty());
        let (actions, gone) = run(&[source("/m/a", "1")], &records, &[]);
        assert_eq!(actions, [moved("/other/a", "a")]);
        assert!(gone.is_empty());
    }

    #[test]
    fn files_elsewhere_stand_for_a_content_only_as_long_as_they_hold_it_and_have_its_vectors() {
        let read = [Action::Read { track_id: None }];
        let changed = [ok("/other/changed", "1", "a")];
        assert_eq!(run(&[source("/m/a", "1")], &changed, &["/other/changed"]).0, read);
        let of_another_embedder = [ok("/other/a", "1", "other")];
        assert_eq!(run(&[source("/m/a", "1")], &of_another_embedder, &["/other/a"]).0, read);
    }

    #[test]
    fn a_move_keeps_what_another_embedder_made_and_prefers_what_this_one_made() {
        let (actions, gone) = run(&[source("/m/new", "1")], &[ok("/m/old", "1", "other")], &[]);
        let read = Action::Move { from: "/m/old".into(), track_id: "other".into(), read: true };
        assert_eq!((actions, gone), (vec![read], vec![]));
        let two = [ok("/m/a", "1", "a"), ok("/m/b", "1", "other")];
        assert_eq!(run(&[source("/m/new", "1")], &two, &[]).0, [moved("/m/a", "a")]);
    }

    #[test]
    fn a_file_with_a_track_of_its_own_never_becomes_a_copy() {
        let records = [ok("/m/a", "1", "a"), ok("/m/b", "1", "b"), ok("/other/c", "1", "c")];
        let (actions, _) = run(&[source("/m/a", "1"), source("/m/b", "1")], &records, &["/other/c"]);
        assert_eq!(actions, [keep("a"), keep("b")]);
    }

    #[test]
    fn unusable_files_stand_for_nothing() {
        let (actions, _) = run(&[broken("/m/a"), broken("/m/b")], &[], &[]);
        let skip = Action::Skip { reason: "malformed".into() };
        assert_eq!(actions, [skip.clone(), skip]);
    }
}
