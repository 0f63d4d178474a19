//! The last samples of a stream, for what is framed in time.

/// The last samples of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail {
    samples: Vec<f32>,
    /// The first sample's place in the signal.
    start: u64,
}

impl Tail {
    pub(super) fn push(&mut self, samples: &[f32]) {
        self.samples.extend_from_slice(samples);
    }

    pub(super) fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Where among the samples the one lies that is `lead` before `time`; before the signal, it is negative.
    pub(super) fn place(&self, time: u64, lead: u64) -> i64 {
        let place = i128::from(time) - i128::from(lead) - i128::from(self.start);
        i64::try_from(place).unwrap_or(i64::MAX)
    }

    /// Lets go of the samples before this place in the signal.
    pub(super) fn forget(&mut self, before: u64) {
        let count = usize::try_from(before.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let count = count.min(self.samples.len());
        self.samples.drain(..count);
        self.start += count as u64;
    }

    pub(super) fn clear(&mut self) {
        self.samples.clear();
        self.start = 0;
    }
}
