//! The sinc engine: band-limited interpolation for ratios without a small common block.
//!
//! Output frame `n` lies at input time `n * unit_in / unit_out`, computed in whole numbers, and
//! is the sum of the input around it weighted by a Kaiser-windowed sinc (J. O. Smith, "Digital
//! Audio Resampling Home Page"). The kernel is tabulated finely enough that linear interpolation
//! between its entries stays below -130 dB.

use std::f64::consts::PI;

/// Zero crossings of the kernel on each side.
const CROSSINGS: usize = 96;
/// Table entries from one zero crossing to the next.
const PHASES: usize = 2_048;
/// Kaiser window parameter for a stop band below -120 dB.
const BETA: f64 = 12.5;
/// Cut-off relative to the lower Nyquist frequency: the stop band starts at Nyquist.
const CUTOFF: f64 = 0.957;

pub(super) struct SincEngine {
    unit_in: u64,
    unit_out: u64,
    /// Cut-off in units of the input's Nyquist frequency.
    cutoff: f64,
    /// Input frames needed on each side of an output frame.
    half: u64,
    table: Vec<f32>,
    /// Index of the next output frame.
    next: u64,
    /// Input frames from `first` on.
    pending: Vec<f32>,
    first: u64,
}

impl SincEngine {
    /// `start` is the first output frame wanted.
    pub(super) fn new(unit_in: u64, unit_out: u64, start: u64) -> Self {
        let cutoff = CUTOFF * (unit_out as f64 / unit_in as f64).min(1.0);
        let half = (CROSSINGS as f64 / cutoff).ceil() as u64;
        let mut this = Self {
            unit_in,
            unit_out,
            cutoff,
            half,
            table: kernel(),
            next: start,
            pending: Vec::new(),
            first: 0,
        };
        this.first = this.position(start).0.saturating_sub(half);
        this
    }

    pub(super) fn first_input(&self) -> u64 {
        self.first
    }

    /// Input time of an output frame: whole frames and the fraction after them.
    fn position(&self, frame: u64) -> (u64, f64) {
        let scaled = u128::from(frame) * u128::from(self.unit_in);
        let whole = u64::try_from(scaled / u128::from(self.unit_out)).unwrap_or(u64::MAX);
        let rest = (scaled % u128::from(self.unit_out)) as f64;
        (whole, rest / self.unit_out as f64)
    }

    pub(super) fn process(&mut self, input: &[f32], out: &mut Vec<f32>) {
        self.pending.extend_from_slice(input);
        loop {
            let (whole, fraction) = self.position(self.next);
            if whole + self.half >= self.first + self.pending.len() as u64 {
                break;
            }
            out.push(self.interpolate(whole, fraction));
            self.next += 1;
        }
        self.forget();
    }

    /// Gives `wanted` more frames, taking the input as silent after its end.
    pub(super) fn finish(&mut self, wanted: u64, out: &mut Vec<f32>) {
        for _ in 0..wanted {
            let (whole, fraction) = self.position(self.next);
            out.push(self.interpolate(whole, fraction));
            self.next += 1;
        }
    }

    pub(super) fn reset(&mut self) {
        self.pending.clear();
        (self.first, self.next) = (0, 0);
    }

    fn interpolate(&self, whole: u64, fraction: f64) -> f32 {
        // Frames from `low` to `whole + half`, clipped to what exists: outside is silence.
        let low = (whole + 1).saturating_sub(self.half).max(self.first);
        let skip = usize::try_from(low - self.first).unwrap_or(usize::MAX);
        let high = (whole + self.half + 1).saturating_sub(low);
        let step = self.cutoff * PHASES as f64;
        let mut at = ((whole as f64 - low as f64) + fraction) * step;
        let mut sum = 0.0_f64;
        for &sample in self.pending.iter().skip(skip).take(usize::try_from(high).unwrap_or(usize::MAX)) {
            let distance = at.abs();
            let index = distance as usize;
            if let Some(&[a, b]) = self.table.get(index..index + 2).and_then(|s| s.first_chunk::<2>()) {
                let weight = f64::from(a) + (f64::from(b) - f64::from(a)) * (distance - index as f64);
                sum += f64::from(sample) * weight;
            }
            at -= step;
        }
        (sum * self.cutoff) as f32
    }

    /// Drops input that no later output needs, in large steps so that the cost is spread.
    fn forget(&mut self) {
        let keep = self.position(self.next).0.saturating_sub(self.half);
        let drop = usize::try_from(keep.saturating_sub(self.first)).unwrap_or(0).min(self.pending.len());
        if drop > self.pending.len() / 2 {
            self.pending.drain(..drop);
            self.first += drop as u64;
        }
    }
}

/// One side of the kernel: `sinc(x)` under the window, `x` from 0 to [`CROSSINGS`].
fn kernel() -> Vec<f32> {
    let len = CROSSINGS * PHASES;
    let norm = bessel_i0(BETA);
    (0..=len + 1)
        .map(|i| {
            let x = i as f64 / PHASES as f64;
            let sinc = if i == 0 { 1.0 } else { (PI * x).sin() / (PI * x) };
            let edge = x / CROSSINGS as f64;
            let window = bessel_i0(BETA * (1.0 - edge * edge).max(0.0).sqrt()) / norm;
            if i > len { 0.0 } else { (sinc * window) as f32 }
        })
        .collect()
}

/// Modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..200 {
        term *= quarter / f64::from(k * k);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}
