//! The angles of a frame's regions.

use pulp::{Simd, WithSimd};

use super::BLOCK;
use crate::dsp::angle::{angle, cos_sin, wrap};
use crate::dsp::peaks::{SPREAD, find_peaks, spread};

/// A region begins anew when it has as many times the power it had in the last frame.
pub(super) const ATTACK: f32 = 4.0;

/// A peak belongs to one of the last frame if it is as many bins away.
pub(super) const REACH: u32 = 2;

/// What is known of a frame; by bin, and some more than there are bins.
#[derive(Debug, Default, Clone)]
pub(super) struct Frame {
    pub(super) re: Vec<f32>,
    pub(super) im: Vec<f32>,
    pub(super) power: Vec<f32>,
    /// The peak of the bin's region, and by how many turns the region was turned.
    pub(super) peak: Vec<f32>,
    pub(super) angle: Vec<f32>,
}

/// What is computed for the peaks of a frame.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) flags: Vec<u8>,
    pub(super) peaks: Vec<u32>,
    /// The peaks again.
    pub(super) bins: Vec<f32>,
    /// The phase from the last frame to this, as a complex number.
    pub(super) re: Vec<f32>,
    pub(super) im: Vec<f32>,
    /// That of the middle of the bin, in turns.
    pub(super) expected: Vec<f32>,
    /// The angle before, and what the middle of the bin adds to it; no number where the region begins anew.
    pub(super) base: Vec<f32>,
    /// The angle, then its cosine and sine.
    pub(super) angle: Vec<f32>,
    pub(super) cos: Vec<f32>,
    pub(super) sin: Vec<f32>,
    /// The cosine and the sine again, by bin.
    pub(super) by_bin: [Vec<f32>; 2],
}

impl Frame {
    pub(super) fn clear(&mut self, bins: usize) {
        let len = bins.next_multiple_of(BLOCK) + SPREAD;
        for values in [&mut self.re, &mut self.im, &mut self.power, &mut self.peak, &mut self.angle] {
            values.clear();
            values.resize(len, 0.0);
        }
    }
}

/// Finds a frame's peaks and their angles, and writes the turned spectrum to `turned`.
pub(super) struct Turn<'a> {
    pub(super) frame: &'a mut Frame,
    pub(super) before: &'a Frame,
    /// Samples from the last frame to this, as taken and as put down.
    pub(super) hops: (usize, usize),
    pub(super) n_fft: usize,
    pub(super) turns: &'a mut Turns,
    pub(super) turned: &'a mut [Vec<f32>; 2],
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
