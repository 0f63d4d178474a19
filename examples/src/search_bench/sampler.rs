use std::time::{Duration, Instant};

use crate::cli::{Outcome, interrupted};

/// Each measurement lasts this long at least, so that the clocks' own steps do not matter.
const LEAST: Duration = Duration::from_millis(2);
const MIN_SAMPLES: usize = 5;

/// Median milliseconds of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Of the processor, all threads together.
    pub cpu_ms: f64,
    /// On the clock on the wall.
    pub wall_ms: f64,
}

impl Sample {
    /// The figure to quote: of one thread the processor's time, which other programs on the machine disturb least; of
    /// several threads the time on the wall.
    #[must_use]
    pub fn ms(&self, threads: usize) -> f64 {
        if threads > 1 { self.wall_ms } else { self.cpu_ms }
    }
}

/// Repeats work and takes medians.
#[derive(Debug, Clone, Copy)]
pub struct Sampler {
    /// How long each figure is measured.
    pub seconds: f64,
}

impl Sampler {
    /// Calls `work(0)`, `work(1)`, ... as long as there is time, and five times at least.
    ///
    /// # Errors
    /// The first of `work`.
    pub fn median<T>(&self, mut work: impl FnMut(usize) -> Outcome<T>) -> Outcome<Sample> {
        let start = Instant::now();
        let mut calls = 0..;
        let mut next = || calls.next().unwrap_or_default();
        work(next())?;
        let together =
            (LEAST.as_secs_f64() / start.elapsed().as_secs_f64().max(1e-9)).ceil().max(1.0) as usize;
        let (mut cpu, mut wall) = (Vec::new(), Vec::new());
        let begin = Instant::now();
        while cpu.len() < MIN_SAMPLES || (begin.elapsed().as_secs_f64() < self.seconds && !interrupted()) {
            let (before, start) = (cpu_seconds(), Instant::now());
            for _ in 0..together {
                work(next())?;
            }
            wall.push(start.elapsed().as_secs_f64() * 1e3 / together as f64);
            let after = cpu_seconds();
            let used = after.zip(before).map(|(after, before)| (after - before) * 1e3 / together as f64);
            cpu.extend(used.or(wall.last().copied()));
        }
        Ok(Sample { cpu_ms: median(&mut cpu), wall_ms: median(&mut wall) })
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Processor time of this process; none where the system has no such clock.
#[cfg(unix)]
pub(super) fn cpu_seconds() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).ok().map(|time| time.as_secs_f64())
}

#[cfg(not(unix))]
pub(super) fn cpu_seconds() -> Option<f64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_called_in_order_and_timed() {
        let mut seen = Vec::new();
        let sampler = Sampler { seconds: 0.0 };
        let sample = sampler
            .median(|i| {
                seen.push(i);
                std::thread::sleep(Duration::from_millis(3));
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, (0..seen.len()).collect::<Vec<_>>());
        assert!(seen.len() > MIN_SAMPLES && sample.wall_ms >= 3.0, "{sample:?}");
        // Other threads of this process count too: nothing can be said of processor time beside time on the wall.
        assert!(sample.cpu_ms >= 0.0 && sample.ms(2) == sample.wall_ms);
        assert!(sampler.median::<()>(|_| Err("no".into())).is_err());
    }

    #[test]
    fn quick_work_is_timed_together() {
        let mut calls = 0;
        Sampler { seconds: 0.0 }
            .median(|_| {
                calls += 1;
                Ok(())
            })
            .unwrap();
        assert!(calls > 1000, "{calls}");
    }
}
