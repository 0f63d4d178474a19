//! Batches made ahead, so that the optimiser never waits while a worker could have worked.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use super::{Batch, Sampler};
use crate::Error;

/// Batches that each worker has ready beyond the one it makes.
const AHEAD: usize = 2;

/// Gives the batches from one step on in order, though several workers make them.
#[derive(Debug)]
pub(crate) struct Prefetcher {
    queues: Vec<Receiver<Result<Batch, Error>>>,
    workers: Vec<JoinHandle<()>>,
    next: usize,
}

impl Prefetcher {
    pub(crate) fn new(
        sampler: &Arc<Sampler>,
        steps: std::ops::Range<usize>,
        workers: usize,
    ) -> Result<Self, Error> {
        let workers = workers.clamp(1, steps.len().max(1));
        let mut this = Self { queues: Vec::new(), workers: Vec::new(), next: 0 };
        for worker in 0..workers {
            let (send, receive) = sync_channel(AHEAD);
            let (sampler, steps) = (Arc::clone(sampler), steps.clone());
            let work = move || {
                for step in steps.skip(worker).step_by(workers) {
                    // The receiver is gone when the training has ended.
                    if send.send(sampler.batch(step as u64)).is_err() {
                        return;
                    }
                }
            };
            let thread = std::thread::Builder::new().name(format!("batches {worker}"));
            this.workers.push(thread.spawn(work).map_err(|_| Error::Worker)?);
            this.queues.push(receive);
        }
        Ok(this)
    }

    /// The next batch in order.
    pub(crate) fn next(&mut self) -> Result<Batch, Error> {
        let worker = self.next % self.queues.len().max(1);
        self.next += 1;
        self.queues.get(worker).ok_or(Error::Worker)?.recv().map_err(|_| Error::Worker)?
    }
}

impl Drop for Prefetcher {
    fn drop(&mut self) {
        self.queues.clear();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}
