//! Frames to samples: windowed, added up where they overlap, and divided by the sum of the squared windows.

use rustfft::num_complex::Complex64;

use crate::double::{MAX_SPECTRUM_F64, within};
use crate::{Error, StftConfig, check};

/// The window, and what sums of its squares over all frames come to.
#[derive(Clone)]
pub(crate) struct Window {
    n_fft: usize,
    hop: usize,
    /// Where the window begins in the frame.
    offset: usize,
    /// Its values over `n_fft`, which inverts the transform.
    scaled: Vec<f64>,
    /// Its squares, over the whole frame.
    squares: Vec<f64>,
    /// One over the sum at each sample of a hop that all frames overlap.
    steady: Vec<f64>,
}

impl Window {
    pub(crate) fn new(config: &StftConfig) -> Self {
        let n_fft = config.n_fft;
        let win_length = config.win_length.unwrap_or(n_fft);
        let offset = (n_fft - win_length) / 2;
        // What rounding leaves of a zero (at the ends of a Blackman window) is one: to divide by its square would
        // make noise of 1e17 of the sample under it.
        let values: Vec<f64> = config
            .window
            .values_f64(win_length, config.periodic)
            .map(|w| if w.abs() < 1e-15 { 0.0 } else { w })
            .collect();
        let mut squares = vec![0.0; offset];
        squares.extend(values.iter().map(|w| w * w));
        squares.resize(n_fft, 0.0);
        let scaled = values.iter().map(|w| w / n_fft as f64).collect();
        let mut steady = vec![0.0; config.hop_length.min(n_fft)];
        for squares in squares.chunks(config.hop_length) {
            for (sum, square) in steady.iter_mut().zip(squares) {
                *sum += square;
            }
        }
        steady.iter_mut().for_each(invert);
        Self { n_fft, hop: config.hop_length, offset, scaled, squares, steady }
    }

    /// Samples that are done when a frame has been added.
    fn step(&self) -> usize {
        self.hop.min(self.n_fft)
    }

    /// Frames that overlap at most.
    fn overlaps(&self) -> usize {
        self.n_fft.div_ceil(self.hop)
    }

    /// What the samples of segment `index` (those from the start of frame `index` to the next, or where it would
    /// be) are multiplied by; `partial` was filled for this window and the number of frames.
    fn scales(&self, index: usize, partial: &Partial, scales: &mut Vec<f64>) {
        let step = self.step();
        scales.clear();
        // Frame `index - back` is `back` segments into its window here.
        let first = (index + 1).saturating_sub(partial.frames);
        let last = index.min(self.overlaps() - 1);
        if first > last {
            scales.resize(step, 1.0);
            return;
        }
        let of = |sums: &[f64], back: usize, scales: &mut Vec<f64>| {
            let sums = sums.get(back * step..).unwrap_or_default();
            if scales.is_empty() {
                scales.extend(sums.iter().take(step));
            } else {
                scales.iter_mut().zip(sums).for_each(|(scale, sum)| *scale += sum);
            }
        };
        // As many segments as a group has, or fewer at an end of the window: they begin or end with a group, or
        // reach from one into the next.
        if first.is_multiple_of(partial.group) {
            of(&partial.before, last, scales);
        } else {
            of(&partial.after, first, scales);
            if first / partial.group != last / partial.group {
                of(&partial.before, last, scales);
            }
        }
        scales.iter_mut().for_each(invert);
    }
}

/// librosa's rule.
fn invert(sum: &mut f64) {
    *sum = if *sum > f64::from(f32::MIN_POSITIVE) { 1.0 / *sum } else { 1.0 };
}

/// Sums of the squared window from segment to segment, in groups of as many segments as there are frames, so that
/// the sum over any run of frames takes two of them. Nothing is ever subtracted: at the ends of a window the sums
/// are far smaller than what rounding would leave of a difference.
#[derive(Default)]
struct Partial {
    frames: usize,
    /// Segments in a group.
    group: usize,
    /// Each segment's squares and those before it in its group, filled up to whole segments.
    before: Vec<f64>,
    /// Each segment's squares and those after it in its group.
    after: Vec<f64>,
}

impl Partial {
    fn fill(&mut self, window: &Window, frames: usize) {
        let (step, len) = (window.step(), window.overlaps() * window.step());
        self.frames = frames;
        self.group = frames.clamp(1, window.overlaps());
        for sums in [&mut self.before, &mut self.after] {
            sums.clear();
            sums.extend_from_slice(&window.squares);
            sums.resize(len, 0.0);
        }
        let group = self.group * step;
        for sums in self.before.chunks_mut(group) {
            let mut segments = sums.chunks_exact_mut(step);
            let mut known = segments.next();
            for segment in segments {
                add(segment, known.as_deref());
                known = Some(segment);
            }
        }
        for sums in self.after.chunks_mut(group) {
            let mut segments = sums.chunks_exact_mut(step).rev();
            let mut known = segments.next();
            for segment in segments {
                add(segment, known.as_deref());
                known = Some(segment);
            }
        }
    }
}

fn add(sums: &mut [f64], more: Option<&[f64]>) {
    for (sum, more) in sums.iter_mut().zip(more.unwrap_or_default()) {
        *sum += more;
    }
}

/// Adds frames up where they overlap.
#[derive(Default)]
pub(crate) struct Overlap {
    /// The frames of a block, added up, and before them what earlier blocks have there. A hop over `n_fft` counts
    /// as one of `n_fft` here: no memory for the gap.
    sums: Vec<f64>,
    /// Frames in `sums`.
    held: usize,
    /// Segments that have been emitted.
    segments: usize,
    partial: Partial,
    scales: Vec<f64>,
}

impl Overlap {
    /// For `frames` frames in all, of which up to `block` are added before what is done is emitted.
    pub(crate) fn start(&mut self, window: &Window, block: usize, frames: usize) {
        self.partial.fill(window, frames);
        self.sums.clear();
        self.sums.resize(window.n_fft + (block - 1) * window.step(), 0.0);
        (self.held, self.segments) = (0, 0);
    }

    /// Adds the next frame.
    #[inline(always)]
    pub(crate) fn add(&mut self, window: &Window, signal: &[Complex64], part: impl Fn(&Complex64) -> f64) {
        let sums = self.sums.iter_mut().skip(self.held * window.step() + window.offset);
        for ((sum, z), weight) in sums.zip(signal.iter().skip(window.offset)).zip(&window.scaled) {
            *sum += part(z) * weight;
        }
        self.held += 1;
    }

    /// Emits what no later frame overlaps, and moves the rest to the front.
    pub(crate) fn emit<T: Value>(&mut self, sink: &mut Sink<'_, T>) {
        let step = sink.window.step();
        let done = self.held * step;
        for segment in self.sums.get(..done).unwrap_or_default().chunks(step) {
            sink.put(self.segments, segment, &self.partial, &mut self.scales);
            self.segments += 1;
        }
        let rest = sink.window.n_fft - step;
        if done + rest <= self.sums.len() {
            self.sums.copy_within(done..done + rest, 0);
        }
        if let Some(free) = self.sums.get_mut(rest..) {
            free.fill(0.0);
        }
        self.held = 0;
    }

    /// Emits what the last frames reach behind the last hop.
    pub(crate) fn finish<T: Value>(&mut self, sink: &mut Sink<'_, T>) {
        let step = sink.window.step();
        for segment in self.sums.get(..sink.window.n_fft - step).unwrap_or_default().chunks(step) {
            sink.put(self.segments, segment, &self.partial, &mut self.scales);
            self.segments += 1;
        }
    }
}

/// What goes in and comes out, `f32` or `f64`; all between is `f64`.
pub(crate) trait Value: Copy + Default + Into<f64> {
    fn of(sum: f64) -> Self;

    /// All values of a spectrogram are finite and leave room for their sums.
    fn accept(values: &[Self]) -> Result<(), Error>;
}

impl Value for f32 {
    fn of(sum: f64) -> Self {
        sum as f32
    }

    fn accept(values: &[Self]) -> Result<(), Error> {
        check::finite(values)
    }
}

impl Value for f64 {
    fn of(sum: f64) -> Self {
        sum
    }

    fn accept(values: &[Self]) -> Result<(), Error> {
        within(values, MAX_SPECTRUM_F64)
    }
}

/// Where sums become samples.
pub(crate) struct Sink<'a, T> {
    pub(crate) window: &'a Window,
    pub(crate) frames: usize,
    /// Samples before the first one that is wanted.
    pub(crate) lead: usize,
    pub(crate) out: &'a mut [T],
}

impl<T: Value> Sink<'_, T> {
    fn put(&mut self, index: usize, sums: &[f64], partial: &Partial, memory: &mut Vec<f64>) {
        let scales = if index + 1 >= self.window.overlaps() && index < self.frames {
            &self.window.steady
        } else {
            self.window.scales(index, partial, memory);
            &*memory
        };
        let start = index.saturating_mul(self.window.hop);
        let skip = self.lead.saturating_sub(start);
        let out = self.out.get_mut(start.saturating_sub(self.lead)..).unwrap_or_default();
        for (out, (sum, scale)) in out.iter_mut().zip(sums.iter().zip(scales).skip(skip)) {
            *out = T::of(sum * scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_the_frames_that_there_are() {
        let mut partial = Partial::default();
        let mut scales = Vec::new();
        for (n_fft, hop) in [(1, 1), (7, 1), (16, 4), (17, 4), (30, 7), (5, 9), (6, usize::MAX)] {
            let window = Window::new(&StftConfig::default().with_n_fft(n_fft).with_hop_length(hop));
            for frames in 1..40 {
                partial.fill(&window, frames);
                for index in 0..frames + window.overlaps() {
                    let mut want = vec![0.0; window.step()];
                    for (back, squares) in window.squares.chunks(hop).enumerate().take(index + 1) {
                        if index - back < frames {
                            add(&mut want, Some(squares));
                        }
                    }
                    want.iter_mut().for_each(invert);
                    window.scales(index, &partial, &mut scales);
                    assert_eq!(scales.len(), want.len());
                    for (got, want) in scales.iter().zip(want) {
                        assert!((got / want - 1.0).abs() < 1e-14, "{n_fft} {hop} {frames} {index}");
                    }
                }
            }
        }
    }

    /// Once a sum of `n_fft / hop` terms for each of as many segments: 10^12 additions here.
    #[test]
    fn many_segments_of_few_or_many_frames() {
        let n_fft = 1 << 20;
        let window = Window::new(&StftConfig::default().with_n_fft(n_fft).with_hop_length(1));
        let mut partial = Partial::default();
        let mut scales = Vec::new();
        for frames in [1, 1000, n_fft] {
            partial.fill(&window, frames);
            let total: f64 = (0..n_fft + frames - 1)
                .map(|index| {
                    window.scales(index, &partial, &mut scales);
                    scales.iter().sum::<f64>()
                })
                .sum();
            assert!(total.is_finite() && total > 0.0);
        }
    }
}
