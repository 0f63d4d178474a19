//! Many clips over a pool of threads, with the feature `rayon`.
//!
//! These helpers serve every plan of this crate: a plan is shared by all threads, each thread has a
//! [`Scratch`] of its own, and the results have the order of the clips, whichever thread computed them. They run in
//! the pool they are called in: rayon's global one, or that of `ThreadPool::install`.
//!
//! ```
//! use soundalike_features::{Mfcc, MfccConfig, Matrix, batch};
//!
//! let mfcc = Mfcc::new(&MfccConfig::new(22_050))?;
//! let clips: Vec<Vec<f32>> =
//!     (1..5).map(|k| (0..22_050).map(|n| (n as f32 * 0.02 * k as f32).sin()).collect()).collect();
//! let all = batch::compute(&clips, |clip, scratch| {
//!     let mut out = Matrix::default();
//!     mfcc.compute_into(clip, &mut out, scratch)?;
//!     Ok(out)
//! })?;
//! assert_eq!(all.len(), 4);
//! assert_eq!(all.last(), Some(&mfcc.compute(&clips[3])?));
//! # Ok::<(), soundalike_features::Error>(())
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::{Error, Scratch};

/// Calls `compute` for every clip and returns the results in the order of the clips. No clips make no results.
///
/// # Errors
/// [`Error::Clip`] with the first clip for which `compute` fails, and its error. Clips after it may then not be
/// computed at all.
pub fn compute<C: Sync, T: Send>(
    clips: &[C],
    compute: impl Fn(&C, &mut Scratch) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let run = Run::default();
    let results: Vec<Option<T>> = clips
        .par_iter()
        .enumerate()
        .with_max_len(1)
        .map(|(index, clip)| run.one(index, |scratch| compute(clip, scratch)))
        .collect();
    run.end()?;
    Ok(results.into_iter().flatten().collect())
}

/// [`compute`] into `out`, which gets as many places as there are clips and keeps the memory of those that it has:
/// `compute` receives the clip, its place and the thread's scratch.
///
/// # Errors
/// As [`compute`]; `out` is then unspecified.
///
/// ```
/// use soundalike_features::{Matrix, MelConfig, MelSpectrogram, batch};
///
/// let mel = MelSpectrogram::new(&MelConfig::new(22_050))?;
/// let clips = [vec![0.5; 22_050], vec![0.25; 44_100]];
/// let mut out: Vec<Matrix> = Vec::new();
/// batch::compute_into(&clips, &mut out, |clip, out, scratch| mel.compute_into(clip, out, scratch))?;
/// assert_eq!(out.iter().map(Matrix::cols).collect::<Vec<_>>(), [44, 87]);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
pub fn compute_into<C: Sync, T: Default + Send>(
    clips: &[C],
    out: &mut Vec<T>,
    compute: impl Fn(&C, &mut T, &mut Scratch) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    out.resize_with(clips.len(), T::default);
    let run = Run::default();
    clips.par_iter().zip(out.par_iter_mut()).enumerate().with_max_len(1).for_each(|(index, (clip, out))| {
        run.one(index, |scratch| compute(clip, out, scratch));
    });
    run.end()
}

/// What the threads of a batch share.
struct Run {
    /// Scratches that no thread is using: there are never more than were in use at once.
    scratches: Mutex<Vec<Scratch>>,
    /// The first clip that is known to fail.
    failed: AtomicUsize,
    error: Mutex<Option<(usize, Error)>>,
}

impl Default for Run {
    fn default() -> Self {
        Self { scratches: Mutex::default(), failed: AtomicUsize::new(usize::MAX), error: Mutex::default() }
    }
}

impl Run {
    /// Computes one clip, unless one before it has failed.
    fn one<T>(&self, index: usize, compute: impl FnOnce(&mut Scratch) -> Result<T, Error>) -> Option<T> {
        if index > self.failed.load(Ordering::Relaxed) {
            return None;
        }
        // A lock is held for a moment only, never while something could panic.
        let scratch = self.scratches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = scratch.unwrap_or_default();
        let result = compute(&mut scratch);
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.failed.fetch_min(index, Ordering::Relaxed);
                let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
                if first.as_ref().is_none_or(|(before, _)| index < *before) {
                    *first = Some((index, error));
                }
                None
            }
        }
    }

    fn end(self) -> Result<(), Error> {
        match self.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some((index, error)) => Err(Error::Clip { index, error: Box::new(error) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{Matrix, Mfcc, MfccConfig};

    fn clips(count: usize) -> Vec<Vec<f32>> {
        (0..count)
            .map(|k| (0..1 + k * 37 % 3000).map(|n| (n as f32 * (0.01 + 0.003 * k as f32)).sin()).collect())
            .collect()
    }

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    #[test]
    fn equal_to_one_after_the_other() {
        let mfcc = Mfcc::new(&MfccConfig::new(22_050)).unwrap();
        let clips = clips(60);
        let want: Vec<Matrix> = clips.iter().map(|clip| mfcc.compute(clip).unwrap()).collect();
        for threads in [1, 2, 5] {
            let pool = pool(threads);
            let each = |clip: &Vec<f32>, scratch: &mut Scratch| {
                let mut out = Matrix::default();
                mfcc.compute_into(clip, &mut out, scratch).map(|()| out)
            };
            assert_eq!(pool.install(|| compute(&clips, each)).unwrap(), want);
            let mut out = vec![Matrix::default(); 99];
            for _ in 0..2 {
                let each = |clip: &Vec<f32>, out: &mut Matrix, scratch: &mut Scratch| {
                    mfcc.compute_into(clip, out, scratch)
                };
                pool.install(|| compute_into(&clips, &mut out, each)).unwrap();
                assert_eq!(out, want);
            }
        }
    }

    #[test]
    fn the_first_clip_that_fails_is_named() {
        let mfcc = Mfcc::new(&MfccConfig::new(22_050)).unwrap();
        for bad in [vec![17], vec![3, 4, 50], vec![59], vec![0, 59]] {
            let mut clips = clips(60);
            for index in &bad {
                clips[*index] = vec![0.0, f32::NAN];
            }
            for threads in [1, 4] {
                let want = Error::Clip { index: bad[0], error: Box::new(Error::NonFinite { index: 1 }) };
                let each = |clip: &Vec<f32>, _: &mut Scratch| mfcc.compute(clip);
                assert_eq!(pool(threads).install(|| compute(&clips, each)), Err(want.clone()));
                let each = |clip: &Vec<f32>, out: &mut Matrix, scratch: &mut Scratch| {
                    mfcc.compute_into(clip, out, scratch)
                };
                let mut out = Vec::new();
                assert_eq!(pool(threads).install(|| compute_into(&clips, &mut out, each)), Err(want));
            }
        }
        let message = compute(&[vec![]], |clip: &Vec<f32>, _| mfcc.compute(clip)).unwrap_err().to_string();
        assert_eq!(message, "clip 0: the input is empty");
    }

    #[test]
    fn no_clips_are_no_error() {
        let none: [Vec<f32>; 0] = [];
        assert_eq!(compute(&none, |_, _| Ok(1)), Ok(vec![]));
        let mut out = vec![1];
        assert_eq!(compute_into(&none, &mut out, |_, _, _| Ok(())), Ok(()));
        assert_eq!(out, []);
    }

    #[test]
    fn the_callers_pool_and_one_scratch_a_thread() {
        let pool = pool(3);
        let seen = Mutex::new((HashSet::new(), HashSet::new()));
        let clips = [(); 200];
        pool.install(|| {
            compute(&clips, |(), scratch| {
                // A grown scratch has an address of its own.
                scratch.bands.resize(1, Default::default());
                std::thread::sleep(std::time::Duration::from_micros(50));
                let mut seen = seen.lock().unwrap();
                seen.0.insert(rayon::current_thread_index());
                seen.1.insert(scratch.bands.as_ptr() as usize);
                Ok(())
            })
        })
        .unwrap();
        let (threads, scratches) = seen.into_inner().unwrap();
        assert!(!threads.contains(&None) && threads.iter().flatten().all(|index| *index < 3));
        assert!((1..=3).contains(&scratches.len()), "{}", scratches.len());
    }
}
