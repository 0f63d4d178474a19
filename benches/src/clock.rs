use std::time::{Duration, Instant};

/// What a piece of work took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// On the clock on the wall.
    pub wall: Duration,
    /// Of the processor, all threads of this process together. (Where the system has no such clock, the wall's.)
    pub cpu: Duration,
}

/// Measures [`Time`] from its start.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    wall: Instant,
    cpu: Option<Duration>,
}

impl Stopwatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    /// The time since the start.
    #[must_use]
    pub fn time(&self) -> Time {
        let cpu = cpu_time();
        let wall = self.wall.elapsed();
        Time { wall, cpu: cpu.zip(self.cpu).map_or(wall, |(now, then)| now.saturating_sub(then)) }
    }
}

#[cfg(unix)]
fn cpu_time() -> Option<Duration> {
    Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime)).ok()
}

#[cfg(not(unix))]
fn cpu_time() -> Option<Duration> {
    None
}

/// Measures `work`, `calls` times after `warm_up` times that do not count.
///
/// # Errors
/// The first of `work`.
pub fn times<E>(
    warm_up: usize,
    calls: usize,
    mut work: impl FnMut() -> Result<(), E>,
) -> Result<Vec<Time>, E> {
    for _ in 0..warm_up {
        work()?;
    }
    let timed = |_| {
        let watch = Stopwatch::start();
        work()?;
        Ok(watch.time())
    };
    (0..calls).map(timed).collect()
}

/// Times in milliseconds: `{"wall_ms": [..], "cpu_ms": [..]}`.
#[must_use]
pub fn times_json(times: &[Time]) -> serde_json::Value {
    let ms = |of: fn(&Time) -> Duration| -> Vec<f64> {
        times.iter().map(|time| of(time).as_secs_f64() * 1e3).collect()
    };
    serde_json::json!({ "wall_ms": ms(|time| time.wall), "cpu_ms": ms(|time| time.cpu) })
}
