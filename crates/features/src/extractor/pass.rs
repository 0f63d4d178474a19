//! From the spectra of a block, and the samples, to results.

use std::ops::Range;

use super::plan::{Output, Source, Stage};
use super::{Extractor, FeatureMatrix, Features};
use crate::lanes::{LANES, Lane};
use crate::spectrum::{Spectra, SpectrumFeature};
use crate::{DbConfig, Error, Matrix, Scratch};

/// Working memory.
#[derive(Default)]
pub(crate) struct ExtractorScratch {
    rows: Vec<Lane>,
    memory: Vec<Lane>,
    /// For each stage the blocks that wait for it, `[block][row][lane]`.
    stages: Vec<Vec<Lane>>,
    fold: Vec<Lane>,
    /// For each output the smoothing of its rows, if it has one.
    states: Vec<Vec<f64>>,
    /// For each output what it is made from at the end of the clip, if it is.
    whole: Vec<Matrix>,
    /// All powers, if an output is made from them.
    powers: Matrix,
    row: Vec<f32>,
}

impl Extractor {
    /// Forgets the clip before.
    pub(crate) fn begin(&self, memory: &mut ExtractorScratch) {
        memory.stages.resize_with(self.stages.len(), Vec::new);
        memory.stages.iter_mut().for_each(Vec::clear);
        memory.states.resize_with(self.outputs.len(), Vec::new);
        for (output, states) in self.outputs.iter().zip(&mut memory.states) {
            states.clear();
            if let Output::Pcen(_, pcen) = output {
                states.resize(self.rows(output, false), pcen.first_state());
            }
        }
    }

    /// Makes room for all that waits for the end of a clip of `frames` frames.
    pub(super) fn begin_clip(&self, frames: usize, memory: &mut ExtractorScratch) -> Result<(), Error> {
        self.begin(memory);
        for (stage, blocks) in self.stages.iter().zip(&mut memory.stages) {
            let refused = Error::OutOfMemory { rows: stage.rows, cols: frames };
            let len = frames.div_ceil(LANES).checked_mul(stage.rows).ok_or(refused.clone())?;
            blocks.try_reserve_exact(len).map_err(|_| refused)?;
        }
        memory.whole.resize_with(self.outputs.len(), Matrix::default);
        for (output, whole) in self.outputs.iter().zip(&mut memory.whole) {
            match output {
                Output::Contrast(..) => whole.reshape(2 * self.rows(output, false), frames)?,
                Output::Onset(stage, _) => {
                    whole.reshape(self.stages.get(*stage).map_or(0, |stage| stage.rows), frames)?;
                }
                Output::Chroma(_) => memory.powers.reshape(self.stft.bins(), frames)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A block of a stream, whose results go to the columns from `first` on; nothing waits for the end of the clip.
    pub(crate) fn stream_block(
        &self,
        first: usize,
        count: usize,
        block: &Spectra,
        memory: &mut ExtractorScratch,
        out: &mut Features,
    ) {
        memory.stages.iter_mut().for_each(Vec::clear);
        self.take_block(first, count, block, true, memory, out);
        self.finish_stages(first, count, |stage| &stage.streamed_db, memory, out);
    }

    /// Stores what a block's spectra decide, and keeps the rest for [`Self::finish_stages`] and
    /// [`Self::finish_clip`].
    pub(super) fn take_block(
        &self,
        first: usize,
        count: usize,
        block: &Spectra,
        streamed: bool,
        memory: &mut ExtractorScratch,
        out: &mut Features,
    ) {
        let ExtractorScratch { rows, memory, stages, fold, states, whole, powers, .. } = memory;
        if self.outputs.iter().any(|output| matches!(output, Output::Chroma(_))) {
            powers.put_columns(first, count, &block.power);
        }
        for (output, value) in self.outputs.iter().zip(out.values_mut()) {
            match (output, value) {
                (Output::Complex, FeatureMatrix::Complex(matrix)) => {
                    matrix.re.put_columns(first, count, &block.re);
                    matrix.im.put_columns(first, count, &block.im);
                }
                (Output::Spectrum(spectrum), FeatureMatrix::Real(matrix)) => {
                    matrix.put_columns(first, count, block.of(*spectrum));
                }
                _ => {}
            }
        }
        if !self.shapes.rows.is_empty() {
            rows.resize(self.shapes.rows.len(), Lane::default());
            self.shapes.apply(block.of(self.shapes.input()), rows, memory);
            for (_, output, matrix) in self.results(out) {
                if let Output::Shape(row) = output {
                    matrix.put_columns(first, count, rows.get(*row..).unwrap_or_default());
                }
            }
        }
        for (i, Source { feature, .. }) in self.sources.iter().enumerate() {
            rows.resize(feature.rows(), Lane::default());
            feature.apply(block.of(feature.input()), rows, memory);
            for (index, output, matrix) in self.results(out) {
                match output {
                    Output::Rows(source) if *source == i => matrix.put_columns(first, count, rows),
                    Output::Contrast(source, _) if *source == i => {
                        let whole = if streamed { Some(matrix) } else { whole.get_mut(index) };
                        if let Some(whole) = whole {
                            whole.put_columns(first, count, rows);
                        }
                    }
                    Output::Pcen(source, pcen) if *source == i => {
                        if let Some(states) = states.get_mut(index) {
                            fold.clear();
                            fold.extend_from_slice(rows);
                            pcen.apply_to_block(fold, count, states);
                            matrix.put_columns(first, count, fold);
                        }
                    }
                    _ => {}
                }
            }
            for (stage, blocks) in self.stages.iter().zip(stages.iter_mut()) {
                if stage.source == i {
                    blocks.extend_from_slice(rows);
                }
            }
        }
    }

    /// Makes decibels and what comes after them of the blocks that wait, which are `frames` frames from `first` on.
    pub(super) fn finish_stages(
        &self,
        first: usize,
        frames: usize,
        db: impl Fn(&Stage) -> &DbConfig,
        memory: &mut ExtractorScratch,
        out: &mut Features,
    ) {
        let ExtractorScratch { rows, fold, stages, whole, .. } = memory;
        for (i, (stage, blocks)) in self.stages.iter().zip(stages).enumerate() {
            // Lanes without a frame are zero, and so never above the largest value of the others.
            db(stage).apply(blocks.as_flattened_mut());
            for (index, output, matrix) in self.results(out) {
                for (block, start) in blocks.chunks_exact(stage.rows).zip((0..frames).step_by(LANES)) {
                    let (first, count) = (first + start, LANES.min(frames - start));
                    match output {
                        Output::Decibels(own) if *own == i => matrix.put_columns(first, count, block),
                        Output::Cepstrum(own, mfcc) if *own == i => {
                            rows.resize(mfcc.config().n_mfcc, Lane::default());
                            mfcc.apply_to_block(block, rows, fold);
                            matrix.put_columns(first, count, rows);
                        }
                        Output::Onset(own, _) if *own == i => {
                            if let Some(whole) = whole.get_mut(index) {
                                whole.put_columns(first, count, block);
                            }
                        }
                        _ => break,
                    }
                }
            }
        }
    }

    /// What is made from the whole clip.
    pub(super) fn finish_clip(
        &self,
        memory: &mut ExtractorScratch,
        out: &mut Features,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let ExtractorScratch { whole, powers, row, .. } = memory;
        for (index, output, matrix) in self.results(out) {
            match (output, whole.get(index)) {
                (Output::Contrast(_, contrast), Some(extremes)) => contrast.finish(extremes, matrix)?,
                (Output::Onset(_, onset), Some(log_mel)) => onset.strength(log_mel, matrix, row)?,
                (Output::Chroma(chroma), _) => {
                    chroma.with_estimated_tuning(powers, matrix, &mut scratch.chroma)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is framed in time: the frames of which the first starts at sample `start`, into `columns`. `samples`
    /// holds them, or ends where the signal does.
    pub(crate) fn frames_in_time(
        &self,
        samples: &[f32],
        start: i64,
        columns: Range<usize>,
        out: &mut Features,
        scratch: &mut Scratch,
    ) {
        for (_, output, matrix) in self.results(out) {
            let row = matrix.as_mut_slice().get_mut(columns.clone()).unwrap_or_default();
            match output {
                Output::Rms(rms) => rms.fill(samples, start, row, scratch),
                Output::ZeroCrossingRate(rate) => rate.fill(samples, start, row),
                _ => {}
            }
        }
    }

    /// The outputs with their matrices and places, but for complex ones.
    fn results<'a>(
        &'a self,
        out: &'a mut Features,
    ) -> impl Iterator<Item = (usize, &'a Output, &'a mut Matrix)> {
        let outputs = self.outputs.iter().enumerate().zip(out.values_mut());
        outputs.filter_map(|((index, output), value)| match value {
            FeatureMatrix::Real(matrix) => Some((index, output, matrix)),
            FeatureMatrix::Complex(_) => None,
        })
    }
}
