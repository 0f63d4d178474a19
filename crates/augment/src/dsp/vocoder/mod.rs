//! Time stretching by a phase vocoder with identity phase locking (Laroche and Dolson, "Improved phase vocoder time-scale
//! modification of audio", 1999).
//!
//! Frames are taken every `hop` samples and put down every `hop * stretch`. Each frame is turned by one angle for each
//! region around a peak, so that a partial goes on where it ended, and all its bins keep the phases they have to each
//! other. With `w` the frequency of the peak (from its phases in this frame and the last), the angle is that of the
//! region of the last frame that the peak comes from, and `(put down - taken) * w` more. A region that has become much
//! louder begins anew: its angle is zero, as in the input, so that all that starts in one moment starts together, and
//! blows stay blows.

mod move_data;
#[cfg(test)]
mod tests;
mod turn;

use std::fmt;
use std::sync::{Arc, OnceLock};

use pulp::Arch;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use soundalike_features::{ComplexMatrix, Precision, Scratch, Stft, StftConfig, Window};

use self::move_data::{Add, Divide, Gather, Join};
use self::turn::{Frame, Turn, Turns};
use crate::Error;

/// Frames that are transformed together.
const BLOCK: usize = 16;

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
