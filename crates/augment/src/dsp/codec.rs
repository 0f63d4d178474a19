//! What a lossy codec does to a signal, roughly: the modified discrete cosine transform with its coefficients rounded as
//! coarsely as the bits allow, most where it is heard least, and nothing above a band limit.
//!
//! It is no codec: there is no bit stream, no block switching, no stereo, no psychoacoustic model but a spread of the
//! bands' energies, and the count of the bits is an estimate. It leaves the traces that matter to a feature: holes above
//! the limit and between partials, noise in the shape of the spectrum, and pre-echo.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

/// Coefficients of a block, at rates up to 32 kHz.
const HOP: usize = 576;

/// Bands of a block, each about as wide as a critical band.
const BANDS: usize = 24;

/// Transform and bands for a sample rate.
pub(crate) struct Codec {
    sample_rate: u32,
    hop: usize,
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    /// `exp(-i pi (n + 1/8) / hop)`, for the points and again for their transform.
    twist: Vec<Complex32>,
    /// Where each band ends.
    ends: Vec<usize>,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").field("hop", &self.hop).finish_non_exhaustive()
    }
}

/// Memory for one signal.
#[derive(Debug, Default)]
pub(crate) struct CodecScratch {
    padded: Vec<f32>,
    sum: Vec<f32>,
    block: Vec<f32>,
    coefficients: Vec<f32>,
    points: Vec<Complex32>,
    fft: Vec<Complex32>,
}

impl Codec {
    pub(crate) fn new(sample_rate: u32) -> Self {
        let hop = if sample_rate > 32_000 { 2 * HOP } else { HOP };
        let angle = |n: f64| PI * n / hop as f64;
        let window = (0..2 * hop).map(|n| (0.5 * angle(n as f64 + 0.5)).sin() as f32).collect();
        let twist = (0..hop / 2).map(|n| {
            let (sin, cos) = (-angle(n as f64 + 0.125)).sin_cos();
            Complex32::new(cos as f32, sin as f32)
        });
        // Equal steps on the Bark scale (Traunmueller's formula), at least four coefficients each.
        let hz = |k: usize| (k as f64 + 0.5) * f64::from(sample_rate) / 2.0 / hop as f64;
        let bark = |hz: f64| 26.81 * hz / (1960.0 + hz) - 0.53;
        let (low, high) = (bark(0.0), bark(f64::from(sample_rate) / 2.0));
        let mut ends = Vec::new();
        for k in 1..hop {
            let band = ((bark(hz(k)) - low) / (high - low) * BANDS as f64) as usize;
            let last = ends.last().copied().unwrap_or(0);
            if band > ends.len() && k >= last + 4 {
                ends.push(k);
            }
        }
        ends.push(hop);
        Self {
            sample_rate,
            hop,
            fft: FftPlanner::new().plan_fft_forward(hop / 2),
            window,
            twist: twist.collect(),
            ends,
        }
    }

    /// Frequencies from here on are left out at a bit rate: about where encoders of MP3 put it.
    pub(crate) fn limit_hz(kbps: f64) -> f64 {
        (2_500.0 + 265.0 * kbps).min(20_000.0)
    }

    /// As `samples` come out of a codec of `kbps` thousand bits a second.
    pub(crate) fn run(&self, samples: &mut [f32], kbps: f64, scratch: &mut CodecScratch) {
        let hop = self.hop;
        let CodecScratch { padded, sum, block, coefficients, points, fft } = scratch;
        let blocks = samples.len().div_ceil(hop) + 1;
        padded.clear();
        padded.resize(hop, 0.0);
        padded.extend_from_slice(samples);
        padded.resize((blocks + 1) * hop, 0.0);
        sum.clear();
        sum.resize(padded.len(), 0.0);
        block.resize(2 * hop, 0.0);
        coefficients.resize(hop, 0.0);
        points.resize(hop / 2, Complex32::ZERO);
        fft.resize(self.fft.get_inplace_scratch_len(), Complex32::ZERO);
        let nyquist = f64::from(self.sample_rate) / 2.0;
        let kept = (Self::limit_hz(kbps) / nyquist * hop as f64) as usize;
        let bits = kbps * 1000.0 * hop as f64 / f64::from(self.sample_rate);
        for at in (0..blocks).map(|b| b * hop) {
            let (Some(from), Some(to)) = (padded.get(at..at + 2 * hop), sum.get_mut(at..at + 2 * hop)) else {
                break;
            };
            for ((b, x), w) in block.iter_mut().zip(from).zip(&self.window) {
                *b = x * w;
            }
            self.forward(block, coefficients, points, fft);
            if let Some(beyond) = coefficients.get_mut(kept..) {
                beyond.fill(0.0);
            }
            self.quantise(coefficients, bits);
            self.backward(coefficients, block, points, fft);
            for ((t, b), w) in to.iter_mut().zip(block.iter()).zip(&self.window) {
                *t += b * w;
            }
        }
        for (x, y) in samples.iter_mut().zip(sum.iter().skip(hop)) {
            *x = *y;
        }
    }

    /// `X[k] = sqrt(2 / hop) sum_n x[n] cos(pi / hop (n + 1/2 + hop / 2) (k + 1/2))`.
    fn forward(&self, block: &[f32], out: &mut [f32], points: &mut [Complex32], fft: &mut [Complex32]) {
        let (hop, half) = (self.hop, self.hop / 2);
        let at = |i: usize| block.get(i).copied().unwrap_or_default();
        // Folded to `hop` samples, whose cosine transform of the fourth kind it is.
        let folded = |n: usize| {
            if n < half {
                -at(3 * half - 1 - n) - at(3 * half + n)
            } else {
                at(n - half) - at(3 * half - 1 - n)
            }
        };
        for (n, (z, twist)) in points.iter_mut().zip(&self.twist).enumerate() {
            *z = Complex32::new(folded(2 * n), folded(hop - 1 - 2 * n)) * twist;
        }
        self.cosines(points, out, fft);
    }

    /// The inverse, but for what overlaps: windowed blocks, added up, are the signal.
    fn backward(
        &self,
        coefficients: &[f32],
        out: &mut [f32],
        points: &mut [Complex32],
        fft: &mut [Complex32],
    ) {
        let (hop, half) = (self.hop, self.hop / 2);
        let at = |i: usize| coefficients.get(i).copied().unwrap_or_default();
        for (n, (z, twist)) in points.iter_mut().zip(&self.twist).enumerate() {
            *z = Complex32::new(at(2 * n), at(hop - 1 - 2 * n)) * twist;
        }
        let mut folded = [0.0_f32; 2 * HOP];
        let folded = folded.get_mut(..hop).unwrap_or_default();
        self.cosines(points, folded, fft);
        let at = |i: usize| folded.get(i).copied().unwrap_or_default();
        for (n, x) in out.iter_mut().enumerate() {
            *x = if n < half {
                at(n + half)
            } else if n < 3 * half {
                -at(3 * half - 1 - n)
            } else {
                -at(n - 3 * half)
            };
        }
    }

    /// The rest of a cosine transform of the fourth kind, from twisted points.
    fn cosines(&self, points: &mut [Complex32], out: &mut [f32], fft: &mut [Complex32]) {
        let hop = self.hop;
        self.fft.process_with_scratch(points, fft);
        let scale = (2.0 / hop as f32).sqrt();
        for (k, (z, twist)) in points.iter().zip(&self.twist).enumerate() {
            // The twist of the result is the one of the points.
            let y = z * twist * scale;
            if let Some(even) = out.get_mut(2 * k) {
                *even = y.re;
            }
            if let Some(odd) = out.get_mut(hop - 1 - 2 * k) {
                *odd = -y.im;
            }
        }
    }

    /// Rounds each band to multiples of a step. The steps follow the masking threshold, here the spread energies of the
    /// bands to the power 0.6 or so, and are raised or lowered together until the bits suffice.
    fn quantise(&self, coefficients: &mut [f32], bits: f64) {
        let mut variance = [0.0_f64; 4 * BANDS];
        let mut counts = [0.0_f64; 4 * BANDS];
        let mut start = 0;
        for ((v, n), end) in variance.iter_mut().zip(&mut counts).zip(&self.ends) {
            let band = coefficients.get(start..*end).unwrap_or_default();
            *n = band.len() as f64;
            *v = super::power(band);
            start = *end;
        }
        let bands = self.ends.len();
        let (variance, counts) =
            (variance.get(..bands).unwrap_or_default(), counts.get(..bands).unwrap_or_default());
        // A louder band hides what is 15 dB weaker in the next one up, 25 dB in the next one down.
        let mut spread = [0.0_f64; 4 * BANDS];
        let mut carried = 0.0_f64;
        for (s, v) in spread.iter_mut().zip(variance) {
            carried = v.max(carried * 0.03);
            *s = carried;
        }
        carried = 0.0;
        for s in spread.iter_mut().take(bands).rev() {
            carried = s.max(carried * 0.003);
            *s = carried;
        }
        let shape = |s: f64| s.powf(0.7);
        let shapes: [f64; 4 * BANDS] = std::array::from_fn(|i| spread.get(i).map_or(0.0, |s| shape(*s)));
        // Half a bit for each doubling of variance over the step's error; coefficients lost in it cost nearly nothing.
        let needed = |scale: f64| -> f64 {
            let band =
                |((v, n), s): ((&f64, &f64), &f64)| 0.5 * n * (1.0 + v / (scale * s).max(1e-30)).log2();
            variance.iter().zip(counts).zip(&shapes).map(band).sum()
        };
        let (mut low, mut high) = (-40.0_f64, 40.0_f64);
        for _ in 0..16 {
            let middle = 0.5 * (low + high);
            if needed(middle.exp2()) > bits { low = middle } else { high = middle }
        }
        let scale = high.exp2();
        let mut start = 0;
        for (end, s) in self.ends.iter().zip(&shapes) {
            // The error of rounding to a step is a twelfth of its square.
            let step = (12.0 * scale * s).sqrt() as f32;
            let band = coefficients.get_mut(start..*end).unwrap_or_default();
            if step > 1e-20 {
                band.iter_mut().for_each(|x| *x = (*x / step).round() * step);
            }
            start = *end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize) -> Vec<f32> {
        (0..n).map(|i| 0.1 * crate::random::white(1, i as u64)).collect()
    }

    #[test]
    fn the_transform_is_the_one_of_the_formula() {
        let codec = Codec::new(22_050);
        let block = noise(2 * HOP);
        let mut got = vec![0.0; HOP];
        codec.forward(
            &block,
            &mut got,
            &mut vec![Complex32::ZERO; HOP / 2],
            &mut vec![Complex32::ZERO; 4 * HOP],
        );
        for k in [0, 1, 2, 100, HOP - 2, HOP - 1] {
            let (m, k64) = (HOP as f64, k as f64);
            let want: f64 = block
                .iter()
                .enumerate()
                .map(|(n, x)| f64::from(*x) * (PI / m * (n as f64 + 0.5 + m / 2.0) * (k64 + 0.5)).cos())
                .sum();
            let want = want * (2.0 / m).sqrt();
            assert!((f64::from(got[k]) - want).abs() < 1e-5, "{k}: {} {want}", got[k]);
        }
    }

    #[test]
    fn with_bits_enough_it_is_the_signal() {
        for (rate, len) in [(22_050, 5000), (44_100, 7000), (8_000, 1), (22_050, 0)] {
            let x = noise(len);
            let mut y = x.clone();
            Codec::new(rate).run(&mut y, 4000.0, &mut CodecScratch::default());
            for (i, (x, y)) in x.iter().zip(&y).enumerate() {
                // At 44.1 kHz the limit is below half the rate; noise above it is lost.
                assert!((x - y).abs() < if rate < 40_000 { 1e-4 } else { 0.2 }, "{rate} {i}: {x} {y}");
            }
        }
    }

    #[test]
    fn fewer_bits_leave_less() {
        let x = noise(22_050);
        let mut errors = Vec::new();
        for kbps in [8.0, 16.0, 32.0, 64.0, 128.0] {
            let mut y = x.clone();
            Codec::new(22_050).run(&mut y, kbps, &mut CodecScratch::default());
            let wrong: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x - y).collect();
            errors.push(10.0 * (super::super::power(&wrong) / super::super::power(&x)).log10());
        }
        assert!(errors.windows(2).all(|w| w[1] < w[0] - 0.5), "{errors:?}");
    }
}
