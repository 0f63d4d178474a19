//! The plan carried out.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use soundalike_catalog::{Catalog, FileRecord, FileStatus, Song};

use super::ids::{self, Wish};
use super::metadata::{self, MatchedRows};
use super::plan::{Action, Known, Plan, SAME_BYTES, Source, examine, plan};
use super::track::{self, Outcome, Track};
use super::{IngestObserver, IngestOptions, IngestReport, MusicFolder, Skipped, parallel, read_table};
use crate::Error;
use crate::embedder::Embedder;

/// A file to be decoded, with all that is settled about it.
struct Job {
    source: Source,
    track_id: String,
}

/// Reads `folder` into `catalog`.
pub(crate) fn ingest(
    catalog: &mut Catalog,
    embedder: &dyn Embedder,
    folder: &MusicFolder,
    options: &IngestOptions,
    observer: &dyn IngestObserver,
) -> Result<IngestReport, Error> {
    // Before anything is written: a table that cannot be read ends the run.
    let table = read_table(options)?;
    let mut report = IngestReport { found: folder.len(), ..IngestReport::default() };
    let skipped = folder.scan.skipped.iter();
    report.skipped.extend(
        skipped
            .map(|(path, why)| Skipped { path: path.clone(), reason: format!("{}: {why}", path.display()) }),
    );

    let known: HashMap<PathBuf, FileRecord> =
        catalog.files()?.into_iter().map(|f| (f.path.clone(), f)).collect();
    let Some(plan) = examine_all(catalog, embedder, folder, options, observer, &known, &mut report)? else {
        report.interrupted = true;
        return Ok(report);
    };
    let paths: Vec<PathBuf> = plan.actions.iter().map(|(s, _)| s.path.clone()).collect();
    let rows = match (&table, &options.metadata) {
        (Some(table), Some(path)) => MatchedRows::new(table, path, folder.root(), &paths),
        _ => MatchedRows::default(),
    };
    if let Some(table) = &table {
        report.row_problems.clone_from(&table.problems);
        report.rows_without_file.clone_from(&rows.without_file);
        report.files_without_row = paths.into_iter().filter(|p| rows.get(p).is_none()).collect();
    }

    let jobs = settle(catalog, plan, &known, &rows, table.is_some(), &mut report)?;
    decode_all(catalog, embedder, &jobs, &rows, options, observer, &mut report)?;

    report.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    report.warnings.sort_by(|a, b| a.path.cmp(&b.path));
    let usable = report.indexed + report.unchanged + report.moved.len() + report.duplicates.len();
    if usable == 0 && !report.interrupted {
        let first = report.skipped.first().map_or_else(String::new, |s| s.reason.clone());
        return Err(Error::NothingUsable { folder: folder.root().to_owned(), found: report.found, first });
    }
    Ok(report)
}

/// Looks at every file and decides; `None` when the observer ended it.
fn examine_all(
    catalog: &Catalog,
    embedder: &dyn Embedder,
    folder: &MusicFolder,
    options: &IngestOptions,
    observer: &dyn IngestObserver,
    known: &HashMap<PathBuf, FileRecord>,
    report: &mut IngestReport,
) -> Result<Option<Plan>, Error> {
    let files: Vec<(PathBuf, PathBuf)> =
        folder.scan.files.iter().map(|f| (folder.root().join(&f.relative), f.relative.clone())).collect();
    let mut sources: Vec<Source> = Vec::with_capacity(files.len());
    parallel::for_each(
        &files,
        parallel::threads(options.threads),
        |(path, relative)| (!observer.cancelled()).then(|| examine(path, relative, known.get(path))),
        |(path, _), found| {
            match found {
                Some(Ok(source)) => sources.push(source),
                Some(Err(e)) => {
                    report
                        .skipped
                        .push(Skipped { path: path.clone(), reason: format!("{}: {e}", path.display()) });
                }
                None => {}
            }
            Ok::<(), Error>(())
        },
    )?;
    if observer.cancelled() {
        return Ok(None);
    }
    // Files come in the order in which they were read; the plan needs one that does not depend on threads.
    sources.sort_by(|a, b| a.relative.cmp(&b.relative));
    let embedded: HashSet<String> = catalog.tracks_of_model(embedder.id().as_str())?.into_iter().collect();
    Ok(Some(plan(
        sources,
        &Known {
            files: known,
            embedded: &embedded,
            root: folder.root(),
            retry_skipped: options.retry_skipped,
            // An error means "cannot tell": such a file is not taken out.
            is_gone: &|path| matches!(path.try_exists(), Ok(false)),
        },
    )))
}

/// Does all that needs no decoding, and returns what does.
fn settle(
    catalog: &mut Catalog,
    plan: Plan,
    known: &HashMap<PathBuf, FileRecord>,
    rows: &MatchedRows<'_>,
    has_table: bool,
    report: &mut IngestReport,
) -> Result<Vec<Job>, Error> {
    for path in plan.gone {
        catalog.forget_file(&path)?;
        report.removed.push(path);
    }
    let named = name_tracks(catalog, &plan.actions, rows)?;
    let mut renames = Vec::new();
    let mut jobs = Vec::new();
    for ((source, action), track_id) in plan.actions.into_iter().zip(named) {
        let record = known.get(&source.path);
        match (action, track_id) {
            (Action::Keep { track_id: old }, Some(new)) => {
                report.unchanged += 1;
                let tags = record.map(|r| r.tags.clone()).unwrap_or_default();
                if record.is_some_and(|r| r.mtime_ns != source.mtime_ns || r.size != source.size) {
                    catalog.move_file(
                        &source.path,
                        &source.record(FileStatus::Ok { track_id: old.clone() }, tags),
                    )?;
                }
                if old != new {
                    renames.push((old, new));
                }
            }
            (Action::Move { from, track_id: old }, Some(new)) => {
                let tags = known.get(&from).map(|r| r.tags.clone()).unwrap_or_default();
                catalog.move_file(&from, &source.record(FileStatus::Ok { track_id: old.clone() }, tags))?;
                if old != new {
                    renames.push((old, new));
                }
                report.moved.push((from, source.path));
            }
            (Action::Read { track_id: old }, Some(track_id)) => {
                renames.extend(old.filter(|old| *old != track_id).map(|old| (old, track_id.clone())));
                jobs.push(Job { source, track_id });
            }
            (Action::Duplicate { of }, _) => {
                let reason = format!("{SAME_BYTES}{}", of.display());
                let status = FileStatus::Skipped { reason };
                if record.is_none_or(|r| r.status != status || r.content_hash.as_ref() != Some(&source.hash))
                {
                    catalog.record_skipped(&source.record(status, Default::default()))?;
                }
                report.duplicates.push((source.path, of));
            }
            (Action::Skip { reason }, _) => report.skipped.push(Skipped { path: source.path, reason }),
            // `name_tracks` names every file that has or gets a track.
            (Action::Keep { .. } | Action::Move { .. } | Action::Read { .. }, None) => {}
        }
    }
    catalog.rename_tracks(&renames)?;
    if has_table {
        relabel(catalog, rows)?;
    }
    Ok(jobs)
}

/// The id of each file that has or gets a track.
fn name_tracks(
    catalog: &Catalog,
    actions: &[(Source, Action)],
    rows: &MatchedRows<'_>,
) -> Result<Vec<Option<String>>, Error> {
    let mut own = HashSet::new();
    let wishes: Vec<Option<Wish<'_>>> = actions
        .iter()
        .map(|(source, action)| {
            let current = match action {
                Action::Keep { track_id } => Some(track_id.as_str()),
                Action::Move { from, track_id } => {
                    own.insert(track_id.clone());
                    // A track named after its file is named after the new name; one named by a table keeps its id.
                    (ids::file_stem(from) != *track_id).then_some(track_id.as_str())
                }
                Action::Read { track_id } => track_id.as_deref(),
                Action::Duplicate { .. } | Action::Skip { .. } => return None,
            };
            own.extend(current.map(str::to_owned));
            let table = rows.get(&source.path).and_then(|r| r.track_id.as_deref());
            Some(Wish { relative: &source.relative, table, current })
        })
        .collect();
    let reserved: HashSet<String> =
        catalog.songs()?.into_iter().map(|s| s.recording_id).filter(|id| !own.contains(id)).collect();
    let asked: Vec<Wish<'_>> = wishes.iter().flatten().copied().collect();
    let mut given = ids::assign(&asked, &reserved).into_iter();
    Ok(wishes.iter().map(|w| w.and_then(|_| given.next())).collect())
}

/// Lays the table over the tracks that were not read again.
fn relabel(catalog: &mut Catalog, rows: &MatchedRows<'_>) -> Result<(), Error> {
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

fn decode_all(
    catalog: &mut Catalog,
    embedder: &dyn Embedder,
    jobs: &[Job],
    rows: &MatchedRows<'_>,
    options: &IngestOptions,
    observer: &dyn IngestObserver,
    report: &mut IngestReport,
) -> Result<(), Error> {
    observer.decoding(jobs.len());
    let stop = AtomicBool::new(false);
    let cancelled = || observer.cancelled() || stop.load(Ordering::Relaxed);
    let mut keep = |job: &Job, outcome: Outcome| -> Result<(), Error> {
        let path = &job.source.path;
        let skipped = match outcome {
            Outcome::Track(track) => {
                let warning =
                    track.warning.as_ref().map(|w| Skipped::new(path, format!("{}: {w}", path.display())));
                report.warnings.extend(warning);
                report.seconds_decoded += track.duration;
                report.indexed += 1;
                store(catalog, embedder, job, *track, rows)?;
                None
            }
            Outcome::Unusable(reason) => {
                let status = FileStatus::Skipped { reason: reason.clone() };
                catalog.record_skipped(&job.source.record(status, Default::default()))?;
                Some(reason)
            }
            Outcome::Unreadable(reason) => Some(reason),
            Outcome::Cancelled => {
                report.interrupted = true;
                return Ok(());
            }
        };
        observer.decoded(path, skipped.as_deref());
        report.skipped.extend(skipped.map(|reason| Skipped::new(path, reason)));
        Ok(())
    };
    parallel::for_each(
        jobs,
        parallel::threads(options.threads),
        |job| {
            if cancelled() {
                return Outcome::Cancelled;
            }
            track::read(&job.source.path, embedder, &options.limits, &cancelled)
        },
        // After an error, the workers end soon instead of decoding what cannot be stored.
        |job, outcome| keep(job, outcome).inspect_err(|_| stop.store(true, Ordering::Relaxed)),
    )
}

/// One transaction: from here on the song is in the catalog, whatever happens to this process.
fn store(
    catalog: &mut Catalog,
    embedder: &dyn Embedder,
    job: &Job,
    track: Track,
    rows: &MatchedRows<'_>,
) -> Result<(), Error> {
    let mut song = metadata::song(&job.track_id, rows.get(&job.source.path), &track.tags);
    song.duration = Some(track.duration);
    song.sample_rate = Some(track.sample_rate);
    song.channels = Some(u32::from(track.channels));
    let status = FileStatus::Ok { track_id: job.track_id.clone() };
    let file = job.source.record(status, metadata::tags_to_map(&track.tags));
    catalog.store_track(&file, &song, embedder.id().as_str(), embedder.dim(), &track.chunks)?;
    Ok(())
}
