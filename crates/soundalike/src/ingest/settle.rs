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
    fn tags(&self, path: &Path) -> std::collections::BTreeMap<String, String> {
        self.files.get(path).map(|f| f.tags.clone()).unwrap_or_default()
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
                let status = FileStatus::Ok { track_id: old.clone() };
                let record = source.record(status, before.tags(&source.path));
                if before.files.get(&source.path) != Some(&record) {
                    catalog.move_file(&source.path, &record)?;
                }
                report.unchanged += 1;
                renames.push((old, new));
            }
            Action::Move { from, track_id: old, read } => {
                let status = FileStatus::Ok { track_id: old.clone() };
                catalog.move_file(&from, &source.record(status, before.tags(&from)))?;
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
    relabel(catalog, rows)?;
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
                Action::Keep { track_id } => Some(track_id.as_str()),
                Action::Move { from, track_id, .. } => {
                    // A track named after its file is named after the new name; one named by a table keeps its id.
                    let was = from.strip_prefix(before.root).unwrap_or(from);
                    (!ids::is_named_after(track_id, was)).then_some(track_id.as_str())
                }
                Action::Read { track_id } => track_id.as_deref(),
                Action::Copy { .. } | Action::Skip { .. } => return None,
            };
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

/// Lays the table over the tracks that the catalog has.
fn relabel(catalog: &mut Catalog, rows: &MatchedRows<'_>) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    for file in catalog.files()? {
        let (FileStatus::Ok { track_id }, Some(row)) = (&file.status, rows.get(&file.path)) else {
            continue;
        };
        let Some(stored) = catalog.song(track_id)? else {
            continue;
        };
        let mut song = metadata::song(track_id, Some(row), &metadata::tags_from_map(&file.tags));
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
