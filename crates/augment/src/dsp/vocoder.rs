//! Time stretching by a phase vocoder with identity phase locking (Laroche and Dolson, "Improved phase vocoder time-scale
//! modification of audio", 1999).
//!
//! Frames are taken every `hop` samples and put down every `hop * stretch`. Each frame is turned by one angle for each
//! region around a peak, so that a partial goes on where it ended, and all its bins keep the phases they have to each
//! other. With `w` the frequency of the peak (from its phases in this frame and the last), the angle is that of the
//! region of the last frame that the peak comes from, and `(put down - taken) * w` more. A region that has become much
//! louder begins anew: its angle is zero, as in the input, so that all that starts in one moment starts together, and
//! blows stay blows.

use std::fmt;
use std::sync::{Arc, OnceLock};

use pulp::{Arch, Simd, WithSimd};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use soundalike_features::{ComplexMatrix, Precision, Scratch, Stft, StftConfig, Window};

use super::angle::{angle, cos_sin, wrap};
use super::peaks::{SPREAD, find_peaks, spread};
use crate::Error;

/// Frames that are transformed together.
const BLOCK: usize = 16;

/// A region begins anew when it has as many times the power it had in the last frame.
const ATTACK: f32 = 4.0;

/// A peak belongs to one of the last frame if it is as many bins away.
const REACH: u32 = 2;

/// Plans for one sample rate.
pub(crate) struct Vocoder {
    n_fft: usize,
    /// Analysis hops are multiples of it, so that there are few plans.
    grain: usize,
    /// By hop, in grains; made when first used.
    stfts: Vec<OnceLock<Stft>>,
    inverse: Arc<dyn Fft<f32>>,
    /// The window that frames are put down with.
    window: Vec<f32>,
}

impl fmt::Debug for Vocoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vocoder").field("n_fft", &self.n_fft).finish_non_exhaustive()
    }
}

/// What is known of a frame; by bin, and some more than there are bins.
#[derive(Debug, Default, Clone)]
struct Frame {
    re: Vec<f32>,
    im: Vec<f32>,
    power: Vec<f32>,
    /// The peak of the bin's region, and by how many turns the region was turned.
    peak: Vec<f32>,
    angle: Vec<f32>,
}

/// What is computed for the peaks of a frame.
#[derive(Debug, Default)]
struct Turns {
    flags: Vec<u8>,
    peaks: Vec<u32>,
    /// The peaks again.
    bins: Vec<f32>,
    /// The phase from the last frame to this, as a complex number.
    re: Vec<f32>,
    im: Vec<f32>,
    /// That of the middle of the bin, in turns.
    expected: Vec<f32>,
    /// The angle before, and what the middle of the bin adds to it; no number where the region begins anew.
    base: Vec<f32>,
    /// The angle, then its cosine and sine.
    angle: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
    /// The cosine and the sine again, by bin.
    by_bin: [Vec<f32>; 2],
}

/// Memory for one signal.
#[derive(Default)]
pub(crate) struct VocoderScratch {
    features: Scratch,
    padded: Vec<f32>,
    spectra: ComplexMatrix,
    /// The last frame of the block before, then this block's.
    frames: Vec<Frame>,
    turns: Turns,
    /// Two turned frames: real parts, imaginary parts.
    turned: [[Vec<f32>; 2]; 2],
    pair: Vec<Complex32>,
    fft: Vec<Complex32>,
    sum: Vec<f32>,
    weight: Vec<f32>,
}

impl fmt::Debug for VocoderScratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VocoderScratch").finish_non_exhaustive()
    }
}

/// How far frames are apart.
#[derive(Debug, Clone, Copy)]
struct Hops {
    taken: usize,
    put: f64,
}

impl Hops {
    /// Where the middle of frame `t` is put down.
    fn place(self, t: usize) -> usize {
        (t as f64 * self.put).round() as usize
    }
}

impl Vocoder {
    /// Plans for a sample rate: frames of some 93 ms, four of them overlap.
    pub(crate) fn new(sample_rate: u32) -> Self {
        let n_fft = Self::n_fft(sample_rate);
        let grain = n_fft / 256;
        let window = Window::Hann.values(n_fft, true);
        Self {
            n_fft,
            grain,
            stfts: (0..n_fft / grain).map(|_| OnceLock::new()).collect(),
            inverse: FftPlanner::new().plan_fft_inverse(n_fft),
            window,
        }
    }

    /// Length of a frame at a sample rate.
    pub(crate) fn n_fft(sample_rate: u32) -> usize {
        match sample_rate {
            0..=12_000 => 1024,
            12_001..=32_000 => 2048,
            _ => 4096,
        }
    }

    fn hops(&self, stretch: f64) -> Hops {
        // Frames put down a quarter of their length apart; but taken at most a third apart, for phases to be followed.
        let wish = (self.n_fft as f64 / 4.0 / stretch).min(self.n_fft as f64 / 3.0);
        let grains = ((wish / self.grain as f64).round() as usize).clamp(1, self.stfts.len() - 1);
        let taken = grains * self.grain;
        Hops { taken, put: taken as f64 * stretch }
    }

    fn stft(&self, hop: usize) -> Result<&Stft, Error> {
        let Some(cell) = self.stfts.get(hop / self.grain) else {
            return Err(Error::Transform(soundalike_features::Error::EmptyInput));
        };
        if let Some(stft) = cell.get() {
            return Ok(stft);
        }
        let config = StftConfig::default()
            .with_n_fft(self.n_fft)
            .with_hop_length(hop)
            .with_center(false)
            .with_precision(Precision::Single);
        let stft = Stft::new(&config)?;
        Ok(cell.get_or_init(|| stft))
    }

    /// `len` samples that sound like `input` but take `stretch` times as long.
    pub(crate) fn run(
        &self,
        input: &[f32],
        stretch: f64,
        len: usize,
        out: &mut Vec<f32>,
        scratch: &mut VocoderScratch,
    ) -> Result<(), Error> {
        let hops = self.hops(stretch);
        let stft = self.stft(hops.taken)?;
        let half = self.n_fft / 2;
        let frames = ((len + half) as f64 / hops.put).ceil() as usize + 1;
        let blocks = frames.div_ceil(BLOCK);
        let VocoderScratch { features, padded, spectra, frames: memory, .. } = scratch;
        padded.clear();
        padded.resize(half, 0.0);
        padded.extend_from_slice(input);
        padded.resize((blocks * BLOCK - 1) * hops.taken + self.n_fft, 0.0);
        // Sample n of the result is n + half here.
        let room = hops.place(blocks * BLOCK - 1) + self.n_fft;
        for sums in [&mut scratch.sum, &mut scratch.weight] {
            sums.clear();
            sums.resize(room, 0.0);
        }
        memory.resize_with(BLOCK + 1, Frame::default);
        memory.iter_mut().for_each(|f| f.clear(half + 1));
        scratch.pair.resize(self.n_fft, Complex32::ZERO);
        scratch.fft.resize(self.inverse.get_inplace_scratch_len(), Complex32::ZERO);
        let arch = Arch::new();
        for block in 0..blocks {
            let start = block * BLOCK * hops.taken;
            let samples =
                padded.get(start..start + (BLOCK - 1) * hops.taken + self.n_fft).unwrap_or_default();
            stft.stft_into(samples, spectra, features)?;
            let (last, fresh) = memory.split_at_mut(1);
            if let (Some(last), Some(ended), true) = (last.first_mut(), fresh.last_mut(), block > 0) {
                std::mem::swap(last, ended);
            }
            arch.dispatch(Gather { spectra, frames: fresh });
            for t in (0..BLOCK).step_by(2) {
                for i in 0..2 {
                    let number = block * BLOCK + t + i;
                    let put = hops.place(number) - hops.place(number.saturating_sub(1));
                    if let Some([before, frame]) = memory.get_mut(t + i..t + i + 2)
                        && let Some(turned) = scratch.turned.get_mut(i)
                    {
                        let (turns, hops) = (&mut scratch.turns, (hops.taken, put));
                        arch.dispatch(Turn { frame, before, hops, n_fft: self.n_fft, turns, turned });
                    }
                }
                let [a, b] = &scratch.turned;
                let pair = &mut scratch.pair;
                arch.dispatch(Join { a, b, pair });
                self.inverse.process_with_scratch(pair, &mut scratch.fft);
                let places = [0, 1].map(|i| hops.place(block * BLOCK + t + i));
                let (sum, weight) = (scratch.sum.as_mut_slice(), scratch.weight.as_mut_slice());
                arch.dispatch(Add { pair, window: &self.window, places, sum, weight });
            }
        }
        out.clear();
        out.resize(len, 0.0);
        if let (Some(sum), Some(weight)) =
            (scratch.sum.get(half..half + len), scratch.weight.get(half..half + len))
        {
            // The inverse transform is not divided by its length.
            arch.dispatch(Divide { sum, weight, unit: self.n_fft as f32, out });
        }
        Ok(())
    }
}

impl Frame {
    fn clear(&mut self, bins: usize) {
        let len = bins.next_multiple_of(BLOCK) + SPREAD;
        for values in [&mut self.re, &mut self.im, &mut self.power, &mut self.peak, &mut self.angle] {
            values.clear();
            values.resize(len, 0.0);
        }
    }
}

/// Finds a frame's peaks and their angles, and writes the turned spectrum to `turned`.
struct Turn<'a> {
    frame: &'a mut Frame,
    before: &'a Frame,
    /// Samples from the last frame to this, as taken and as put down.
    hops: (usize, usize),
    n_fft: usize,
    turns: &'a mut Turns,
    turned: &'a mut [Vec<f32>; 2],
}

impl WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { frame, before, hops, n_fft, turns, turned: [out_re, out_im] } = self;
        let bins = n_fft / 2 + 1;
        let len = frame.re.len();
        for values in [&mut *out_re, &mut *out_im].into_iter().chain(&mut turns.by_bin) {
            values.resize(len, 0.0);
        }
        let Frame { re, im, power, peak, angle } = frame;
        let (re, im, power) = (&re[..len], &im[..len], &mut power[..len]);
        for i in 0..len {
            power[i] = re[i] * re[i] + im[i] * im[i];
        }
        find_peaks(&power[..bins], &mut turns.flags, &mut turns.peaks);
        turns.follow(re, im, power, before, hops, n_fft);
        turns.find_angles(hops);
        let Turns { peaks, bins: own, angle: angles, cos, sin, by_bin: [c, s], .. } = turns;
        spread(peaks, bins, [own, angles, cos, sin], [peak, angle, c, s]);
        // Silence has no peaks, and stays silence whatever it is turned by.
        let (c, s, out_re, out_im) = (&c[..len], &s[..len], &mut out_re[..len], &mut out_im[..len]);
        for k in 0..len {
            out_re[k] = re[k] * c[k] - im[k] * s[k];
            out_im[k] = re[k] * s[k] + im[k] * c[k];
        }
    }
}

impl Turns {
    /// Fills in, for each peak, where it comes from.
    #[inline(always)]
    fn follow(
        &mut self,
        re: &[f32],
        im: &[f32],
        power: &[f32],
        before: &Frame,
        (taken, put): (usize, usize),
        n_fft: usize,
    ) {
        let n = self.peaks.len();
        for values in [&mut self.bins, &mut self.re, &mut self.im, &mut self.expected, &mut self.base] {
            values.resize(n, 0.0);
        }
        let (unit, mask) = (1.0 / n_fft as f32, n_fft as u32 - 1);
        // Modulo the length of the transform, which is a power of two.
        let (taken, more) = (taken as u32, (put as u32).wrapping_sub(taken as u32));
        let len = re.len();
        let (im, power) = (&im[..len], &power[..len]);
        let (last_re, last_im, last_power) = (&before.re[..len], &before.im[..len], &before.power[..len]);
        let (last_peak, last_angle) = (&before.peak[..len], &before.angle[..len]);
        let (out_re, out_im) = (&mut self.re[..n], &mut self.im[..n]);
        let (expected, base, bins) = (&mut self.expected[..n], &mut self.base[..n], &mut self.bins[..n]);
        for (i, bin) in self.peaks[..n].iter().enumerate() {
            let k = (*bin as usize).min(len - 1);
            bins[i] = *bin as f32;
            let from = last_peak[k] as u32;
            let j = if from.abs_diff(*bin) <= REACH { from as usize } else { k }.min(len - 1);
            let (a, b, c, d) = (re[k], im[k], last_re[j], last_im[j]);
            // Neighbouring bins of a partial are half a turn apart, for phases count from the frame's start.
            let half = if (k ^ j) & 1 == 1 { -1.0 } else { 1.0 };
            out_re[i] = (a * c + b * d) * half;
            out_im[i] = (b * c - a * d) * half;
            expected[i] = (bin.wrapping_mul(taken) & mask) as f32 * unit;
            let next = last_angle[k] + (bin.wrapping_mul(more) & mask) as f32 * unit;
            base[i] = if power[k] > ATTACK * last_power[j] { f32::NAN } else { next };
        }
    }

    /// Computes the angle of each peak, its cosine and its sine.
    #[inline(always)]
    fn find_angles(&mut self, (taken, put): (usize, usize)) {
        let n = self.peaks.len();
        for values in [&mut self.angle, &mut self.cos, &mut self.sin] {
            values.resize(n, 0.0);
        }
        let more = (put as f32 - taken as f32) / taken as f32;
        let (re, im) = (&self.re[..n], &self.im[..n]);
        let (expected, base) = (&self.expected[..n], &self.base[..n]);
        let (turns, cos, sin) = (&mut self.angle[..n], &mut self.cos[..n], &mut self.sin[..n]);
        for i in 0..n {
            let off = wrap(angle(im[i], re[i]) - expected[i]);
            let turned = wrap(base[i] + more * off);
            let turned = if turned.is_nan() { 0.0 } else { turned };
            turns[i] = turned;
            (cos[i], sin[i]) = cos_sin(turned);
        }
    }
}

/// Brings a block's spectra, `[bin x frame]`, to its frames.
struct Gather<'a> {
    spectra: &'a ComplexMatrix,
    frames: &'a mut [Frame],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { spectra, frames } = self;
        let parts: [(&[f32], fn(&mut Frame) -> &mut Vec<f32>); 2] =
            [(spectra.re.as_slice(), |f| &mut f.re), (spectra.im.as_slice(), |f| &mut f.im)];
        for (matrix, part) in parts {
            for (tile, rows) in matrix.as_chunks::<BLOCK>().0.chunks(BLOCK).enumerate() {
                let mut square = [[0.0_f32; BLOCK]; BLOCK];
                for (i, row) in rows.iter().enumerate() {
                    for (j, x) in row.iter().enumerate() {
                        square[j][i] = *x;
                    }
                }
                for (frame, values) in frames.iter_mut().zip(&square) {
                    if let Some(to) = part(frame).as_chunks_mut::<BLOCK>().0.get_mut(tile) {
                        *to = *values;
                    }
                }
            }
        }
    }
}

/// The sum of what was put down over each sample, by the sum of the squared windows.
struct Divide<'a> {
    sum: &'a [f32],
    weight: &'a [f32],
    unit: f32,
    out: &'a mut [f32],
}

impl WithSimd for Divide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for ((out, sum), weight) in self.out.iter_mut().zip(self.sum).zip(self.weight) {
            let w = *weight * self.unit;
            *out = *sum / if w > 1e-6 { w } else { f32::INFINITY };
        }
    }
}

/// Of two real signals' spectra `A` and `B`, the spectrum `A + i B`: one inverse gives both.
struct Join<'a> {
    a: &'a [Vec<f32>; 2],
    b: &'a [Vec<f32>; 2],
    pair: &'a mut [Complex32],
}

impl WithSimd for Join<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { a: [a_re, a_im], b: [b_re, b_im], pair } = self;
        let half = pair.len() / 2;
        let (low, high) = pair.split_at_mut(half);
        // The constant and the highest bin are real.
        low[0] = Complex32::new(a_re[0], b_re[0]);
        high[0] = Complex32::new(a_re[half], b_re[half]);
        let (ar, ai, br, bi) = (&a_re[1..half], &a_im[1..half], &b_re[1..half], &b_im[1..half]);
        let (low, high) = (&mut low[1..half], &mut high[1..half]);
        let n = half - 1;
        for k in 0..n {
            low[k] = Complex32::new(ar[k] - bi[k], ai[k] + br[k]);
        }
        for k in 0..n {
            high[n - 1 - k] = Complex32::new(ar[k] + bi[k], br[k] - ai[k]);
        }
    }
}

/// Adds the two frames of a pair where they belong, and the squares of their windows.
struct Add<'a> {
    pair: &'a [Complex32],
    window: &'a [f32],
    places: [usize; 2],
    sum: &'a mut [f32],
    weight: &'a mut [f32],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pair, window, places: [a, b], sum, weight } = self;
        let n = window.len();
        let pair = &pair[..n];
        let (sum_a, weight_a) = (&mut sum[a..a + n], &mut weight[a..a + n]);
        for i in 0..n {
            sum_a[i] += window[i] * pair[i].re;
            weight_a[i] += window[i] * window[i];
        }
        let (sum_b, weight_b) = (&mut sum[b..b + n], &mut weight[b..b + n]);
        for i in 0..n {
            sum_b[i] += window[i] * pair[i].im;
            weight_b[i] += window[i] * window[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// Complex numbers as pairs.
    type C = (f64, f64);

    fn spectrum(frame: &[f64]) -> Vec<C> {
        let n = frame.len();
        let roots: Vec<C> =
            (0..n).map(|i| (-TAU * i as f64 / n as f64).sin_cos()).map(|(s, c)| (c, s)).collect();
        let bin = |k: usize| {
            frame.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, x)| {
                let (c, s) = roots[k * i % n];
                (re + x * c, im + x * s)
            })
        };
        (0..=n / 2).map(bin).collect()
    }

    fn samples(spectrum: &[C], n: usize) -> Vec<f64> {
        let at = |i: usize| {
            let bin = |(k, (re, im)): (usize, &C)| {
                let (s, c) = (TAU * (k * i % n) as f64 / n as f64).sin_cos();
                let twice = if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
                // The constant and the highest bin of a real signal are real.
                twice * if twice == 1.0 { re * c } else { re * c - im * s }
            };
            spectrum.iter().enumerate().map(bin).sum::<f64>() / n as f64
        };
        (0..n).map(at).collect()
    }

    /// The definition, with phases instead of differences of phases.
    fn naive(vocoder: &Vocoder, input: &[f32], stretch: f64, len: usize) -> Vec<f64> {
        let (n, hops) = (vocoder.n_fft, vocoder.hops(stretch));
        let window: Vec<f64> = (0..n).map(|i| 0.5 - 0.5 * (TAU * i as f64 / n as f64).cos()).collect();
        let (mut sum, mut weight) = (vec![0.0; len + 4 * n], vec![0.0; len + 4 * n]);
        let (mut last, mut last_out): (Vec<C>, Vec<C>) =
            (vec![(0.0, 0.0); n / 2 + 1], vec![(0.0, 0.0); n / 2 + 1]);
        let mut last_peaks: Vec<usize> = Vec::new();
        let arg = |z: C| z.1.atan2(z.0);
        let power = |z: C| z.0 * z.0 + z.1 * z.1;
        // Of two equally near, the higher one.
        let nearest = |peaks: &[usize], k: usize| peaks.iter().rev().copied().min_by_key(|p| p.abs_diff(k));
        for t in 0.. {
            let place = hops.place(t);
            if place > len + n / 2 {
                break;
            }
            let put = (place - hops.place(t.max(1) - 1)) as f64;
            let sample = |i: usize| {
                let at = (t * hops.taken + i).checked_sub(n / 2);
                f64::from(at.and_then(|at| input.get(at)).copied().unwrap_or(0.0)) * window[i]
            };
            let x = spectrum(&(0..n).map(sample).collect::<Vec<_>>());
            let is_peak = |k: &usize| {
                let p = |i: usize| power(x[i]);
                p(*k) > p(k - 1) && p(*k) > p(k - 2) && p(*k) >= p(k + 1) && p(*k) >= p(k + 2)
            };
            let peaks: Vec<usize> = (2..n / 2 - 1).filter(is_peak).collect();
            let turns: Vec<f64> = peaks
                .iter()
                .map(|&k| {
                    let from = nearest(&last_peaks, k);
                    let j = from.filter(|j| j.abs_diff(k) <= REACH as usize).unwrap_or(k);
                    if from.is_none() || power(x[k]) > f64::from(ATTACK) * power(last[j]) {
                        return 0.0;
                    }
                    // Frequency: the middle of the bin, and what the phase went on beyond that.
                    let middle = TAU * k as f64 / n as f64;
                    let parity = std::f64::consts::PI * (k.abs_diff(j) % 2) as f64;
                    let off = arg(x[k]) - arg(last[j]) - parity - middle * hops.taken as f64;
                    let frequency = middle + (off - TAU * (off / TAU).round()) / hops.taken as f64;
                    // The phase at which this peak goes on, by how its region was put down.
                    let out = arg(last_out[j]) + parity + frequency * put;
                    out - arg(x[k])
                })
                .collect();
            let turned: Vec<C> = x
                .iter()
                .enumerate()
                .map(|(k, (re, im))| {
                    let peak = nearest(&peaks, k)
                        .map_or(0.0, |p| turns[peaks.iter().position(|q| *q == p).unwrap()]);
                    let (s, c) = peak.sin_cos();
                    (re * c - im * s, re * s + im * c)
                })
                .collect();
            for (i, y) in samples(&turned, n).into_iter().enumerate() {
                sum[place + i] += y * window[i];
                weight[place + i] += window[i] * window[i];
            }
            (last, last_out, last_peaks) = (x, turned, peaks);
        }
        (n / 2..n / 2 + len).map(|i| if weight[i] > 1e-6 { sum[i] / weight[i] } else { 0.0 }).collect()
    }

    #[test]
    fn it_is_the_definition() {
        let vocoder = Vocoder::new(8_000);
        assert_eq!(vocoder.n_fft, 1024);
        let tone = |hz: f64, n: usize| {
            (TAU * hz * n as f64 / 8_000.0).sin() * (-((n % 3_000) as f64) / 2_000.0).exp()
        };
        let input: Vec<f32> = (0..9_000)
            .map(|n| {
                (0.3 * (tone(220.0, n) + tone(555.0, n) + tone(1_234.5, n))) as f32
                    + 0.01 * crate::random::white(3, n as u64)
            })
            .collect();
        for stretch in [0.7, 0.9999, 1.26, 2.0] {
            let len = (input.len() as f64 * stretch) as usize;
            let mut got = vec![1.0];
            vocoder.run(&input, stretch, len, &mut got, &mut VocoderScratch::default()).unwrap();
            let want = naive(&vocoder, &input, stretch, len);
            let energy: f64 = want.iter().map(|x| x * x).sum();
            let error: f64 = got.iter().zip(&want).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
            // A weak peak that rounding moves to the next bin is allowed for.
            let db = 10.0 * (error / energy).log10();
            assert!(db < -60.0, "{stretch}: {db} dB");
        }
    }

    #[test]
    fn without_stretching_it_is_the_signal() {
        let vocoder = Vocoder::new(22_050);
        let input: Vec<f32> = (0..30_000).map(|n| crate::random::white(1, n) * 0.2).collect();
        let mut got = Vec::new();
        vocoder.run(&input, 1.0, input.len(), &mut got, &mut VocoderScratch::default()).unwrap();
        assert!(input.iter().zip(&got).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
