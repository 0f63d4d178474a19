//! The size of a network's input, and what its blocks make of it.

use serde::{Deserialize, Serialize};

use super::Downsampling;
use crate::Error;

/// The size of a network's input: mel bands x frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct InputShape {
    /// Rows: mel bands.
    pub n_mels: usize,
    /// Columns: frames.
    pub frames: usize,
}

impl InputShape {
    /// The largest number of rows, and of columns.
    pub const MAX: usize = 1 << 16;

    /// `n_mels` rows, `frames` columns.
    #[must_use]
    pub fn new(n_mels: usize, frames: usize) -> Self {
        Self { n_mels, frames }
    }

    pub(crate) fn check(self) -> Result<(), Error> {
        for (name, value) in [("n_mels", self.n_mels), ("frames", self.frames)] {
            if !(1..=Self::MAX).contains(&value) {
                return Err(Error::setting(name, value, "1 to 65,536"));
            }
        }
        Ok(())
    }

    /// Rows and columns before the first of `blocks` blocks and after each.
    pub(crate) fn stages(self, blocks: usize, downsampling: Downsampling) -> Result<Vec<[usize; 2]>, Error> {
        let mut stages = vec![[self.n_mels, self.frames]];
        let mut size = [self.n_mels, self.frames];
        for block in 1..=blocks {
            let [height, width] = size;
            size = size.map(|n| match downsampling {
                Downsampling::MaxPool => n / 2,
                Downsampling::Stride => n.div_ceil(2),
            });
            if size.contains(&0) {
                return Err(Error::TooSmall { block, blocks, height, width });
            }
            stages.push(size);
        }
        Ok(stages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_of_both_ways() {
        let shape = InputShape::new(128, 130);
        let pooled = shape.stages(4, Downsampling::MaxPool).unwrap();
        assert_eq!(pooled, [[128, 130], [64, 65], [32, 32], [16, 16], [8, 8]]);
        let strided = InputShape::new(64, 63).stages(5, Downsampling::Stride).unwrap();
        assert_eq!(strided[1..], [[32, 32], [16, 16], [8, 8], [4, 4], [2, 2]]);
    }

    #[test]
    fn too_many_blocks_are_named() {
        let error = InputShape::new(16, 9).stages(4, Downsampling::MaxPool).unwrap_err();
        assert!(matches!(error, Error::TooSmall { block: 4, blocks: 4, height: 2, width: 1 }));
        assert!(error.to_string().starts_with("channels: block 4 of 4"));
    }
}
