//! The FFT engine: rubato's block convolution, one block at a time.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::error::Error;

/// The slower side's block is at least this long. Longer blocks keep the response flat closer to
/// the Nyquist frequency: 1,024 here (2,048 at 44.1 kHz for 22.05) is flat to 10.6 kHz.
const MIN_BLOCK: usize = 1_024;

pub(super) struct FftEngine {
    fft: Fft<f32>,
    from: u32,
    to: u32,
    block_in: usize,
    block_out: usize,
    /// Raw output frames before the first aligned one: half a block.
    delay: u64,
    /// Delay frames still to drop.
    skip: u64,
    pending: Vec<f32>,
    block: Vec<f32>,
}

impl FftEngine {
    /// `unit_in : unit_out` is the ratio in lowest terms.
    pub(super) fn new(from: u32, to: u32, unit_in: usize, unit_out: usize) -> Result<Self, Error> {
        // An even number of units a block makes half a block a whole number of frames on both
        // sides: the delay is then exact, not off by half a frame.
        let units = MIN_BLOCK.div_ceil(unit_in.min(unit_out)).next_multiple_of(2);
        let (block_in, block_out) = (units * unit_in, units * unit_out);
        let fft = Fft::new_custom(
            from as usize,
            to as usize,
            block_in,
            1,
            1,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|e| failed(from, to, &e))?;
        if (fft.fft_size_in(), fft.fft_size_out()) != (block_in, block_out) {
            let detail = format!("block of {}, expected {block_in}", fft.fft_size_in());
            return Err(Error::Resample { from_hz: from, to_hz: to, detail });
        }
        let delay = fft.output_delay() as u64;
        Ok(Self {
            fft,
            from,
            to,
            block_in,
            block_out,
            delay,
            skip: delay,
            pending: Vec::with_capacity(block_in),
            block: vec![0.0; block_out],
        })
    }

    /// Prepares to start in the middle: returns the input frame to feed from, and the index of
    /// the first output frame that will be given. One block of run-in carries the overlap.
    pub(super) fn start_for(&mut self, start: u64) -> (u64, u64) {
        let block = ((start + self.delay) / self.block_out as u64).saturating_sub(1);
        let raw = block * self.block_out as u64;
        self.skip = self.delay.saturating_sub(raw);
        (block * self.block_in as u64, raw.saturating_sub(self.delay))
    }

    pub(super) fn process(&mut self, mut input: &[f32], out: &mut Vec<f32>) -> Result<(), Error> {
        while !input.is_empty() {
            let (now, later) = input.split_at(input.len().min(self.block_in - self.pending.len()));
            self.pending.extend_from_slice(now);
            input = later;
            if self.pending.len() == self.block_in {
                self.run_block(out)?;
            }
        }
        Ok(())
    }

    /// Feeds silence until `wanted` more frames are out (up to a block more is given).
    pub(super) fn finish(&mut self, wanted: u64, out: &mut Vec<f32>) -> Result<(), Error> {
        let target = out.len() as u64 + wanted;
        while (out.len() as u64) < target {
            self.pending.resize(self.block_in, 0.0);
            self.run_block(out)?;
        }
        Ok(())
    }

    pub(super) fn reset(&mut self) {
        self.fft.reset();
        self.pending.clear();
        self.skip = self.delay;
    }

    fn run_block(&mut self, out: &mut Vec<f32>) -> Result<(), Error> {
        let (from, to) = (self.from, self.to);
        let input =
            InterleavedSlice::new(&self.pending, 1, self.block_in).map_err(|e| failed(from, to, &e))?;
        let mut output = InterleavedSlice::new_mut(&mut self.block, 1, self.block_out)
            .map_err(|e| failed(from, to, &e))?;
        self.fft.process_into_buffer(&input, &mut output, None).map_err(|e| failed(from, to, &e))?;
        self.pending.clear();
        let skip = self.skip.min(self.block.len() as u64);
        self.skip -= skip;
        out.extend(self.block.iter().skip(skip as usize));
        Ok(())
    }
}

fn failed(from: u32, to: u32, e: &dyn std::fmt::Display) -> Error {
    Error::Resample { from_hz: from, to_hz: to, detail: e.to_string() }
}
