//! From a folder to rows: look at every file, decide, settle what needs no decoding, decode the rest.

use std::collections::{HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use soundalike_catalog::import::metadata::MetadataTable;
use soundalike_catalog::{Catalog, FileRecord, FileStatus};

use super::metadata::{self, MatchedRows};
use super::plan::{Action, Known, Plan, plan};
use super::settle::{Before, Job, settle};
use super::source::{Examined, Source, examine, is_unchanged};
use super::track::{self, Outcome, Refusal, Track};
use super::{FileNote, IngestObserver, IngestOptions, IngestReport, MusicFolder, parallel};
use crate::Error;
use crate::embedder::Embedder;

/// One run: what it reads, how, and who follows it.
pub(crate) struct Run<'a> {
    pub(crate) embedder: &'a dyn Embedder,
    pub(crate) folder: &'a MusicFolder,
    pub(crate) options: &'a IngestOptions,
    pub(crate) observer: &'a dyn IngestObserver,
}

impl Run<'_> {
    /// Reads the folder into `catalog`. `lock` is a file that only one run at a time may hold.
    pub(crate) fn ingest(&self, catalog: &mut Catalog, lock: &Path) -> Result<IngestReport, Error> {
        // Before anything is written: a table that cannot be read ends the run.
        let table = self.options.metadata.as_deref().map(MetadataTable::read_csv).transpose()?;
        let mut report = IngestReport { found: self.folder.len(), ..IngestReport::default() };
        // What is decided from the catalog must still hold when it is done.
        let Some(_lock) = self.lock(lock)? else {
            report.interrupted = true;
            return Ok(report);
        };
        let unseen = self.folder.scan.skipped.iter();
        report.skipped.extend(unseen.map(|(path, why)| FileNote::new(path, why)));

        let files: HashMap<PathBuf, FileRecord> =
            catalog.files()?.into_iter().map(|f| (f.path.clone(), f)).collect();
        let Some(plan) = self.plan(catalog, &files, &mut report)? else {
            report.interrupted = true;
            return Ok(report);
        };
        let rows = self.match_rows(table.as_ref(), &plan, &mut report);
        let before = Before { files: &files, root: self.folder.root() };
        let jobs = settle(catalog, plan, &before, &rows, &mut report)?;
        self.decode(catalog, &jobs, &rows, &mut report)?;
        self.finish(report)
    }

    /// Waits for the lock; `None` when cancelled while waiting.
    fn lock(&self, path: &Path) -> Result<Option<File>, Error> {
        let failed = |source| Error::Io { path: path.to_owned(), source };
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Err(TryLockError::WouldBlock) if self.observer.cancelled() => return Ok(None),
                Err(TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut told, true) {
                        self.observer.waiting();
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }

    /// Looks at every file and decides; `None` when the observer ended it.
    fn plan(
        &self,
        catalog: &Catalog,
        files: &HashMap<PathBuf, FileRecord>,
        report: &mut IngestReport,
    ) -> Result<Option<Plan>, Error> {
        let root = self.folder.root();
        let (retry_skipped, limits) = (self.options.retry_skipped, &self.options.limits);
        let cancelled = || self.observer.cancelled();
        let paths: Vec<(PathBuf, &Path)> =
            self.folder.scan.files.iter().map(|f| (root.join(&f.relative), f.relative.as_path())).collect();
        let mut sources: Vec<Source> = Vec::with_capacity(paths.len());
        self.observer.examining(paths.len());
        parallel::for_each(
            &paths,
            parallel::threads(self.options.threads),
            |(path, relative)| match cancelled() {
                true => Examined::Cancelled,
                false => examine(path, relative, files.get(path), retry_skipped, limits, &cancelled),
            },
            |(path, _), examined| {
                match examined {
                    Examined::Source(source) => sources.push(source),
                    Examined::Unreadable(reason) => {
                        report.skipped.push(FileNote { path: path.clone(), reason })
                    }
                    Examined::Cancelled => {}
                }
                self.observer.examined();
                Ok::<(), Error>(())
            },
        )?;
        if cancelled() {
            return Ok(None);
        }
        // Files come in the order in which they were read; the plan needs one that does not depend on threads.
        sources.sort_by(|a, b| a.relative.cmp(&b.relative));
        let embedded: HashSet<String> =
            catalog.tracks_of_model(self.embedder.id().as_str())?.into_iter().collect();
        let known = Known {
            files,
            embedded: &embedded,
            root,
            retry_skipped,
            // An error means "cannot tell": such a file is not taken out.
            is_gone: &|path| matches!(path.try_exists(), Ok(false)),
            is_unchanged: &is_unchanged,
        };
        Ok(Some(plan(sources, &known)))
    }

    /// Finds each file's row of the table. A row that names a copy describes the file that is used.
    fn match_rows<'t>(
        &self,
        table: Option<&'t MetadataTable>,
        plan: &Plan,
        report: &mut IngestReport,
    ) -> MatchedRows<'t> {
        let (Some(table), Some(path)) = (table, &self.options.metadata) else {
            return MatchedRows::default();
        };
        let files: Vec<PathBuf> = plan.actions.iter().map(|(source, _)| source.path.clone()).collect();
        let mut rows = MatchedRows::new(table, path, self.folder.root(), &files);
        let mut copies = HashMap::new();
        for (source, action) in &plan.actions {
            if let Action::Copy { of } = action {
                rows.lend(&source.path, of);
                copies.insert(&source.path, of);
            }
        }
        let used = |file: &PathBuf| copies.get(file).map_or_else(|| file.clone(), |of| (*of).clone());
        report.files_without_row = files.iter().filter(|f| rows.get(&used(f)).is_none()).cloned().collect();
        report.row_problems.clone_from(&table.problems);
        report.rows_without_file.clone_from(&rows.without_file);
        rows
    }

    fn decode(
        &self,
        catalog: &mut Catalog,
        jobs: &[Job],
        rows: &MatchedRows<'_>,
        report: &mut IngestReport,
    ) -> Result<(), Error> {
        self.observer.decoding(jobs.len(), jobs.iter().map(|job| job.source.size()).sum());
        let stop = AtomicBool::new(false);
        let cancelled = || self.observer.cancelled() || stop.load(Ordering::Relaxed);
        let mut keep = |job: &Job, outcome: Outcome| -> Result<(), Error> {
            let path = &job.source.path;
            let skipped = match outcome {
                Outcome::Track(track) => {
                    report.warnings.extend(track.warning.as_ref().map(|w| FileNote::new(path, w)));
                    report.seconds_decoded += track.duration;
                    self.store(catalog, job, *track, rows)?;
                    report.indexed += 1;
                    None
                }
                Outcome::Refused(Refusal::Unusable(reason)) => {
                    let status = FileStatus::Skipped { reason: reason.clone() };
                    catalog.record_skipped(&job.source.record(status, Default::default()))?;
                    Some(reason)
                }
                Outcome::Refused(Refusal::Unreadable(reason)) => Some(reason),
                Outcome::Cancelled => {
                    report.interrupted = true;
                    return Ok(());
                }
            };
            self.observer.decoded(path, skipped.as_deref());
            report.skipped.extend(skipped.map(|reason| FileNote { path: path.clone(), reason }));
            Ok(())
        };
        parallel::for_each(
            jobs,
            parallel::threads(self.options.threads),
            |job| match cancelled() {
                true => Outcome::Cancelled,
                false => {
                    let follow = track::Follow {
                        cancelled: &cancelled,
                        read: &|bytes| self.observer.read(bytes),
                        size: job.source.size(),
                    };
                    track::read(&job.source.path, self.embedder, &self.options.limits, &follow)
                }
            },
            // After an error, the workers end soon instead of decoding what cannot be stored.
            |job, outcome| keep(job, outcome).inspect_err(|_| stop.store(true, Ordering::Relaxed)),
        )
    }

    /// One transaction: from here on the song is in the catalog, whatever happens to this process.
    fn store(
        &self,
        catalog: &mut Catalog,
        job: &Job,
        track: Track,
        rows: &MatchedRows<'_>,
    ) -> Result<(), Error> {
        let mut song = metadata::song(&job.track_id, rows.get(&job.source.path), &track.tags);
        song.duration = Some(track.duration);
        song.sample_rate = Some(track.sample_rate);
        song.channels = Some(u32::from(track.channels));
        let status = FileStatus::Ok { track_id: job.track_id.clone() };
        let file = FileRecord {
            warning: track.warning.clone(),
            ..job.source.record(status, metadata::tags_to_map(&track.tags))
        };
        let (model, dim) = (self.embedder.id().as_str(), self.embedder.dim());
        catalog.store_track(&file, &song, model, dim, &track.chunks)?;
        Ok(())
    }

    fn finish(&self, mut report: IngestReport) -> Result<IngestReport, Error> {
        // A copy of a file that turned out to be unusable is as unusable.
        let unusable: HashSet<PathBuf> = report.skipped.iter().map(|s| s.path.clone()).collect();
        let (bad, good) = report.duplicates.drain(..).partition(|(_, of)| unusable.contains(of));
        report.duplicates = good;
        let bad: Vec<(PathBuf, PathBuf)> = bad;
        let same = |of: &Path| format!("same bytes as {}, which cannot be used", of.display());
        report.skipped.extend(bad.iter().map(|(path, of)| FileNote::new(path, same(of))));
        report.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        report.warnings.sort_by(|a, b| a.path.cmp(&b.path));
        let usable = report.indexed + report.unchanged + report.moved.len() + report.duplicates.len();
        if usable == 0 && !report.interrupted {
            let first = report.skipped.first().map_or_else(String::new, |s| s.reason.clone());
            let folder = self.folder.root().to_owned();
            return Err(Error::NothingUsable { folder, found: report.found, first });
        }
        Ok(report)
    }
}
