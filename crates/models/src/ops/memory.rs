//! Large buffers, used again.
//!
//! A step of training makes and frees hundreds of megabytes, always the same sizes. The allocator gives such blocks
//! back to the system at once, and getting and clearing fresh pages for them took a third of a step's time. So the
//! backward pass leaves here what it is done with, and the next step takes it.

use std::sync::{Mutex, PoisonError};

/// Values from which on a buffer is worth keeping.
const SMALLEST: usize = 1 << 16;
/// How many values are kept at most: 1 GiB.
const MOST: usize = 1 << 28;

static KEPT: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// A buffer of `len` values, whatever they are. All of them are to be written.
pub(crate) fn take(len: usize) -> Vec<f32> {
    let found = {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |buffer: &Vec<f32>| (len..=len.saturating_mul(2)).contains(&buffer.capacity());
        let best = kept
            .iter()
            .enumerate()
            .filter(|(_, buffer)| fits(buffer))
            .min_by_key(|(_, buffer)| buffer.capacity());
        best.map(|(at, _)| at).map(|at| kept.swap_remove(at))
    };
    match found {
        Some(mut buffer) => {
            buffer.resize(len, 0.0);
            buffer
        }
        None => vec![0.0; len],
    }
}

/// Leaves a buffer for later.
pub(crate) fn give(buffer: Vec<f32>) {
    if buffer.capacity() < SMALLEST {
        return;
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.push(buffer);
    while kept.iter().map(Vec::capacity).sum::<usize>() > MOST {
        kept.remove(0);
    }
}

/// Frees all that is kept.
pub(crate) fn release() {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
