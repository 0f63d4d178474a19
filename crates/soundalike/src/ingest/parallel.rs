//! Work spread over threads.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// The number of threads to use when `wanted` is not set: one a core.
pub(super) fn threads(wanted: Option<NonZeroUsize>) -> usize {
    wanted.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from)
}

/// Calls `work` on each item from `threads` threads, and `receive` with each result on this thread, in the order of
/// completion. When `receive` fails, no further item is begun and its error is returned.
///
/// Results wait in a queue no longer than the number of threads, so a slow receiver holds the workers back.
pub(super) fn for_each<T: Sync, R: Send, E>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
    mut receive: impl FnMut(&T, R) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(threads);
        for _ in 0..threads.min(items.len()) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // The receiver is gone when an earlier result was refused.
                    if sender.send((item, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        receiver.into_iter().try_for_each(|(item, result)| receive(item, result))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_once() {
        let items: Vec<u32> = (0..1000).collect();
        for n in [1, 2, 7] {
            let mut seen = Vec::new();
            for_each(
                &items,
                n,
                |x| x * 2,
                |x, r| {
                    assert_eq!(r, x * 2);
                    seen.push(*x);
                    Ok::<(), ()>(())
                },
            )
            .unwrap();
            seen.sort_unstable();
            assert_eq!(seen, items);
        }
    }

    #[test]
    fn stops_at_the_first_error() {
        let items: Vec<u32> = (0..1000).collect();
        let begun = AtomicUsize::new(0);
        let result = for_each(
            &items,
            2,
            |x| {
                begun.fetch_add(1, Ordering::Relaxed);
                *x
            },
            |_, _| Err("full"),
        );
        assert_eq!(result, Err("full"));
        assert!(begun.into_inner() < 20);
    }
}
