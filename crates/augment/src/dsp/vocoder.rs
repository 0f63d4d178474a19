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

use pulp::Arch;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use soundalike_features::{ComplexMatrix, Precision, Scratch, Stft, StftConfig, Window};

use super::angle::{angle, cos_sin, wrap};
use super::peaks::{Peak, find_peaks};
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

/// What is known of a frame.
#[derive(Debug, Default, Clone)]
struct Frame {
    re: Vec<f32>,
    im: Vec<f32>,
    power: Vec<f32>,
    peaks: Vec<Peak>,
    /// By peak, in turns.
    angles: Vec<f32>,
}

/// What is computed for all peaks of a frame at once.
#[derive(Debug, Default)]
struct Turns {
    /// The phase from the last frame to this, as a complex number.
    re: Vec<f32>,
    im: Vec<f32>,
    /// That of the middle of the bin, in turns.
    expected: Vec<f32>,
    /// The angle before, and what the middle of the bin adds to it; `None` is NaN: the region begins anew.
    base: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

/// Memory for one signal.
#[derive(Default)]
pub(crate) struct VocoderScratch {
    features: Scratch,
    padded: Vec<f32>,
    spectra: ComplexMatrix,
    /// The last frame of the block before, then this block's.
    frames: Vec<Frame>,
    flags: Vec<u8>,
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
            gather(spectra, fresh);
            for t in (0..BLOCK).step_by(2) {
                for i in 0..2 {
                    let number = block * BLOCK + t + i;
                    let put = hops.place(number) - hops.place(number.saturating_sub(1));
                    if let Some([before, frame]) = memory.get_mut(t + i..t + i + 2)
                        && let Some(turned) = scratch.turned.get_mut(i)
                    {
                        let (flags, turns) = (&mut scratch.flags, &mut scratch.turns);
                        let hops = (hops.taken, put);
                        arch.dispatch(|| frame.turn(before, hops, self.n_fft, flags, turns, turned));
                    }
                }
                let [a, b] = &scratch.turned;
                let pair = &mut scratch.pair;
                arch.dispatch(|| join(a, b, pair));
                self.inverse.process_with_scratch(pair, &mut scratch.fft);
                let places = [0, 1].map(|i| hops.place(block * BLOCK + t + i));
                let sums = (scratch.sum.as_mut_slice(), scratch.weight.as_mut_slice());
                arch.dispatch(|| add(pair, &self.window, places, sums));
            }
        }
        out.clear();
        let (sum, weight) = (scratch.sum.iter().skip(half), scratch.weight.iter().skip(half));
        // The inverse transform is not divided by its length.
        let unit = self.n_fft as f32;
        out.extend(sum.zip(weight).take(len).map(|(s, w)| if *w > 0.0 { s / (w * unit) } else { 0.0 }));
        out.resize(len, 0.0);
        Ok(())
    }
}

impl Frame {
    fn clear(&mut self, bins: usize) {
        for values in [&mut self.re, &mut self.im, &mut self.power] {
            values.clear();
            values.resize(bins, 0.0);
        }
        self.peaks.clear();
        self.angles.clear();
    }

    /// Finds this frame's peaks and their angles, and writes the turned spectrum to `turned`.
    #[inline(always)]
    fn turn(
        &mut self,
        before: &Self,
        (taken, put): (usize, usize),
        n_fft: usize,
        flags: &mut Vec<u8>,
        turns: &mut Turns,
        turned: &mut [Vec<f32>; 2],
    ) {
        for ((p, re), im) in self.power.iter_mut().zip(&self.re).zip(&self.im) {
            *p = re * re + im * im;
        }
        find_peaks(&self.power, flags, &mut self.peaks);
        turns.follow(self, before, (taken, put), n_fft);
        let Turns { re, im, expected, base, cos, sin } = turns;
        let n = self.peaks.len();
        for values in [&mut *cos, &mut *sin, &mut self.angles] {
            values.resize(n, 0.0);
        }
        let more = (put as f32 - taken as f32) / taken as f32;
        let (re, im, expected, base) = (&re[..n], &im[..n], &expected[..n], &base[..n]);
        let (cos, sin, angles) = (&mut cos[..n], &mut sin[..n], &mut self.angles[..n]);
        for i in 0..n {
            let off = wrap(angle(im[i], re[i]) - expected[i]);
            let turned = wrap(base[i] + more * off);
            // Not a number: begin anew.
            let turned = if turned.is_nan() { 0.0 } else { turned };
            angles[i] = turned;
            (cos[i], sin[i]) = cos_sin(turned);
        }
        let [out_re, out_im] = turned;
        out_re.resize(self.re.len(), 0.0);
        out_im.resize(self.re.len(), 0.0);
        if n == 0 {
            out_re.fill(0.0);
            out_im.fill(0.0);
        }
        let mut start = 0;
        for (peak, (c, s)) in self.peaks.iter().zip(cos.iter().zip(sin.iter())) {
            let end = peak.end as usize;
            let (re, im) = (&self.re[start..end], &self.im[start..end]);
            let (out_re, out_im) = (&mut out_re[start..end], &mut out_im[start..end]);
            for k in 0..end - start {
                out_re[k] = re[k] * c - im[k] * s;
                out_im[k] = re[k] * s + im[k] * c;
            }
            start = end;
        }
    }
}

impl Turns {
    /// Fills in, for each peak of `frame`, where it comes from.
    #[inline(always)]
    fn follow(&mut self, frame: &Frame, before: &Frame, (taken, put): (usize, usize), n_fft: usize) {
        let n = frame.peaks.len();
        for values in [&mut self.re, &mut self.im, &mut self.expected, &mut self.base] {
            values.resize(n, 0.0);
        }
        let unit = 1.0 / n_fft as f32;
        let mut region = 0;
        for (i, peak) in frame.peaks.iter().enumerate() {
            while before.peaks.get(region).is_some_and(|p| p.end <= peak.bin) {
                region += 1;
            }
            let (bin, angle) = match (before.peaks.get(region), before.angles.get(region)) {
                (Some(p), Some(angle)) if p.bin.abs_diff(peak.bin) <= REACH => (p.bin, *angle),
                (Some(_), Some(angle)) => (peak.bin, *angle),
                _ => (peak.bin, f32::NAN),
            };
            let (k, j) = (peak.bin as usize, bin as usize);
            let (a, b) = (frame.re[k], frame.im[k]);
            let (c, d) = (before.re[j], before.im[j]);
            // Neighbouring bins of a partial are half a turn apart, for phases count from the frame's start.
            let half = if k.abs_diff(j) % 2 == 1 { -1.0 } else { 1.0 };
            // Scaled, for products of four large values are too large; the larger part is enough of a scale.
            let scale = half / (c.abs() + d.abs()).max(1e-30);
            self.re[i] = (a * c + b * d) * scale;
            self.im[i] = (b * c - a * d) * scale;
            self.expected[i] = (k * taken % n_fft) as f32 * unit;
            let more = (put as i64 - taken as i64) * k as i64;
            let anew = frame.power[k] > ATTACK * before.power[j];
            self.base[i] = if anew { f32::NAN } else { angle + more.rem_euclid(n_fft as i64) as f32 * unit };
        }
    }
}

/// Brings a block's spectra, `[bin x frame]`, to its frames.
fn gather(spectra: &ComplexMatrix, frames: &mut [Frame]) {
    let parts: [(&[f32], fn(&mut Frame) -> &mut Vec<f32>); 2] =
        [(spectra.re.as_slice(), |f| &mut f.re), (spectra.im.as_slice(), |f| &mut f.im)];
    for (matrix, part) in parts {
        let (rows, _) = matrix.as_chunks::<BLOCK>();
        for (tile, rows) in rows.chunks(BLOCK).enumerate() {
            let mut square = [[0.0_f32; BLOCK]; BLOCK];
            for (i, row) in rows.iter().enumerate() {
                for (j, x) in row.iter().enumerate() {
                    square[j][i] = *x;
                }
            }
            for (frame, values) in frames.iter_mut().zip(&square) {
                let to = part(frame).get_mut(tile * BLOCK..tile * BLOCK + rows.len()).unwrap_or_default();
                to.copy_from_slice(values.get(..rows.len()).unwrap_or_default());
            }
        }
    }
}

/// Of two real signals' spectra `A` and `B`, the spectrum `A + i B`: one inverse gives both.
#[inline(always)]
fn join([a_re, a_im]: &[Vec<f32>; 2], [b_re, b_im]: &[Vec<f32>; 2], pair: &mut [Complex32]) {
    let half = pair.len() / 2;
    let (low, high) = pair.split_at_mut(half);
    let n = half - 1;
    let (a_re, a_im, b_re, b_im) =
        (&a_re[..half + 1], &a_im[..half + 1], &b_re[..half + 1], &b_im[..half + 1]);
    // The constant and the highest bin are real.
    low[0] = Complex32::new(a_re[0], b_re[0]);
    high[0] = Complex32::new(a_re[half], b_re[half]);
    let (ar, ai, br, bi) = (&a_re[1..half], &a_im[1..half], &b_re[1..half], &b_im[1..half]);
    let low = &mut low[1..];
    let high = &mut high[1..];
    for k in 0..n {
        low[k] = Complex32::new(ar[k] - bi[k], ai[k] + br[k]);
    }
    for k in 0..n {
        high[n - 1 - k] = Complex32::new(ar[k] + bi[k], br[k] - ai[k]);
    }
}

/// Adds the two frames of a pair where they belong.
#[inline(always)]
fn add(pair: &[Complex32], window: &[f32], [a, b]: [usize; 2], (sum, weight): (&mut [f32], &mut [f32])) {
    let n = window.len();
    let pair = &pair[..n];
    for (place, second) in [(a, false), (b, true)] {
        let (sum, weight) = (&mut sum[place..place + n], &mut weight[place..place + n]);
        for i in 0..n {
            let w = window[i];
            sum[i] += w * if second { pair[i].im } else { pair[i].re };
            weight[i] += w * w;
        }
    }
}
