//! The part of a plan that needs no decoding: what is gone, moved, copied, renamed, relabelled.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use soundalike_catalog::{Catalog, FileRecord, FileStatus, Song};

use super::ids::{self, Wish};
use super::metadata::{self, MatchedRows};
use super::plan::{Action, Plan};
use super::source::Source;
use super::{FileNote, IngestReport};
use crate::Error;

/// A file to be decoded, with all that is settled about it.
pub(super) struct Job {
    pub(super) source: Source,
    pub(super) track_id: String,
}

/// What the catalog held before, and where the folder is.
pub(super) struct Before<'a> {
    pub(super) files: &'a HashMap<PathBuf, FileRecord>,
    pub(super) root: &'a Path,
}

impl Before<'_> {
    /// The record of a file that is known by `path`, as it is now.
    fn renewed(&self, path: &Path, source: &Source, track_id: &str) -> FileRecord {
        let known = self.files.get(path);
        let tags = known.map(|f| f.tags.clone()).unwrap_or_default();
        let warning = known.and_then(|f| f.warning.clone());
        FileRecord { warning, ..source.record(FileStatus::Ok { track_id: track_id.to_owned() }, tags) }
    }
}

/// Does all that needs no decoding, and returns what does.
pub(super) fn settle(
    catalog: &mut Catalog,
    plan: Plan,
    before: &Before<'_>,
    rows: &MatchedRows<'_>,
    report: &mut IngestReport,
) -> Result<Vec<Job>, Error> {
    let named = name_tracks(&plan, before, rows, report);
    for path in plan.gone {
        catalog.forget_file(&path)?;
        report.removed.push(path);
    }
    // Files that give up their track come first, so that its id is free for the renames at the end.
    for (source, action) in &plan.actions {
        let status = match action {
            Action::Copy { of } => FileStatus::Copy { reason: format!("same bytes as {}", of.display()) },
            Action::Skip { reason } => FileStatus::Skipped { reason: reason.clone() },
            Action::Keep { .. } | Action::Move { .. } | Action::Read { .. } => continue,
        };
        let record = source.record(status, Default::default());
        if before.files.get(&source.path) != Some(&record) {
            catalog.record_skipped(&record)?;
        }
    }
    let mut renames = Vec::new();
    let mut jobs = Vec::new();
    for ((source, action), track_id) in plan.actions.into_iter().zip(named) {
        let new = track_id.unwrap_or_default();
        match action {
            Action::Keep { track_id: old } => {
                let record = before.renewed(&source.path, &source, &old);
                let note = record.warning.as_ref().map(|w| FileNote::new(&source.path, w));
                report.warnings.extend(note);
                if before.files.get(&source.path) != Some(&record) {
                    catalog.move_file(&source.path, &record)?;
                }
                report.unchanged += 1;
                renames.push((old, new));
            }
            Action::Move { from, track_id: old, read } => {
                let record = before.renewed(&from, &source, &old);
                catalog.move_file(&from, &record)?;
                if !read {
                    let note = record.warning.as_ref().map(|w| FileNote::new(&source.path, w));
                    report.warnings.extend(note);
                }
                report.moved.push((from, source.path.clone()));
                renames.push((old, new.clone()));
                if read {
                    jobs.push(Job { source, track_id: new });
                }
            }
            Action::Read { track_id: old } => {
                renames.extend(old.map(|old| (old, new.clone())));
                jobs.push(Job { source, track_id: new });
            }
            Action::Copy { of } => report.duplicates.push((source.path, of)),
            Action::Skip { reason } => report.skipped.push(FileNote { path: source.path, reason }),
        }
    }
    renames.retain(|(old, new)| old != new);
    catalog.rename_tracks(&renames)?;
    if rows.is_given {
        relabel(catalog, before.root, rows)?;
    }
    Ok(jobs)
}

/// The id of each file that has or gets a track.
fn name_tracks(
    plan: &Plan,
    before: &Before<'_>,
    rows: &MatchedRows<'_>,
    report: &mut IngestReport,
) -> Vec<Option<String>> {
    // Files whose tracks this plan does not touch keep their ids.
    let mut touched: HashSet<&Path> = plan.gone.iter().map(PathBuf::as_path).collect();
    touched.extend(plan.actions.iter().map(|(source, _)| source.path.as_path()));
    touched.extend(plan.actions.iter().filter_map(|(_, action)| match action {
        Action::Move { from, .. } => Some(from.as_path()),
        _ => None,
    }));
    let others = before.files.values().filter(|f| !touched.contains(f.path.as_path()));
    let reserved: HashSet<String> = others.filter_map(|f| f.status.track_id()).map(str::to_owned).collect();

    let wishes: Vec<Option<Wish<'_>>> = plan
        .actions
        .iter()
        .map(|(source, action)| {
            let current = match action {
                Action::Keep { track_id } => Some((track_id.as_str(), source.relative.as_path())),
                Action::Move { from, track_id, .. } => {
                    Some((track_id.as_str(), from.strip_prefix(before.root).unwrap_or(from)))
                }
                Action::Read { track_id } => track_id.as_deref().map(|id| (id, source.relative.as_path())),
                Action::Copy { .. } | Action::Skip { .. } => return None,
            };
            // A track named after its file follows the file's name. An id that a table gave stays where no table is
            // given, and goes where one is.
            let current = current.and_then(|(id, was)| {
                let follows = ids::is_named_after(id, was);
                let stays = if follows { was == source.relative } else { !rows.is_given };
                stays.then_some(id)
            });
            let table = rows.get(&source.path).and_then(|r| r.track_id.as_deref());
            Some(Wish { relative: &source.relative, table, current })
        })
        .collect();
    let asked: Vec<Wish<'_>> = wishes.iter().flatten().copied().collect();
    let mut given = ids::assign(&asked, &reserved).into_iter();
    let named: Vec<Option<String>> = wishes.iter().map(|w| w.and_then(|_| given.next())).collect();
    for (((source, _), wish), id) in plan.actions.iter().zip(&wishes).zip(&named) {
        if let (Some(wanted), Some(id)) = (wish.and_then(|w| w.table), id)
            && wanted != id
        {
            let reason = format!("{}: the id {wanted:?} is taken, it is {id:?} now", source.path.display());
            report.ids_taken.push(FileNote { path: source.path.clone(), reason });
        }
    }
    named
}

/// Lays the table over the tracks of the folder: each is as it would be if it were read now.
fn relabel(catalog: &mut Catalog, root: &Path, rows: &MatchedRows<'_>) -> Result<(), Error> {
    for file in catalog.files()? {
        let row = rows.get(&file.path);
        let FileStatus::Ok { track_id } = &file.status else {
            continue;
        };
        let Some(stored) = catalog.song(track_id)?.filter(|_| row.is_some() || file.path.starts_with(root))
        else {
            continue;
        };
        let mut song = metadata::song(track_id, row, &metadata::tags_from_map(&file.tags));
        keep_measured(&mut song, &stored);
        if song != stored {
            catalog.update_song(&song)?;
        }
    }
    Ok(())
}

/// Takes over what was measured from the audio, which no table changes.
fn keep_measured(song: &mut Song, stored: &Song) {
    song.duration = stored.duration;
    song.sample_rate = stored.sample_rate;
    song.channels = stored.channels;
}
