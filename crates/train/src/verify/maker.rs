//! Makes the pairs of a part and the clips of a pair.

use std::sync::Arc;

use soundalike_augment::Sources;

use super::{PairSet, PairsConfig};
use crate::data::{Corpus, Cutter};
use crate::{DataConfig, Error};

/// Makes pairs of clips, and the clips themselves, by the front end and the edits of a data section.
#[derive(Debug, Clone)]
pub struct PairMaker {
    pub(crate) cutter: Cutter,
}

impl PairMaker {
    /// Pairs from `corpus` by the front end and edits of `data`.
    ///
    /// # Errors
    /// Front ends and edits that cannot be; [`Error::SampleRate`] for a corpus at another sample rate than the front
    /// end's.
    pub fn new(data: &DataConfig, corpus: &Arc<Corpus>, sources: Sources) -> Result<Self, Error> {
        Ok(Self { cutter: Cutter::new(Arc::clone(corpus), data, sources)? })
    }

    /// Draws pairs among the recordings `part`.
    ///
    /// # Errors
    /// [`Error::TooFew`] with fewer than two recordings, or without sound in them; [`Error::Io`].
    pub fn pairs(&self, part: &[usize], config: &PairsConfig) -> Result<PairSet, Error> {
        PairSet::draw(&self.cutter, part, config)
    }

    /// `count` clips as they are, of the recordings `part` in turn.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn clips(&self, part: &[usize], count: usize, seed: u64) -> Result<Vec<Vec<f32>>, Error> {
        use crate::random::{Purpose, Random};
        let mut clips = Vec::with_capacity(count);
        for i in 0..count {
            let mut random = Random::new(seed, Purpose::Queries, i as u64);
            let Some(&track) = part.get(i % part.len().max(1)) else { break };
            let (place, _) = self.cutter.place(track, self.cutter.span(None), &mut random)?;
            if let Some(start) = place {
                clips.push(self.cutter.clip(track, start, None)?);
            }
        }
        Ok(clips)
    }
}
