/// What lies beyond the ends of a signal when frames are centred on their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PadMode {
    /// Silence; librosa's `"constant"`, its default since 0.10.
    #[default]
    Zeros,
    /// The signal mirrored at its first and last sample, which are not repeated. A signal shorter than the
    /// padding is mirrored again and again, and one of a single sample is repeated, as `numpy.pad` does.
    ///
    /// librosa 0.11 mirrors the end from a piece of the signal instead, which is a sample too short where the length is
    /// a multiple of the hop and the hop is at least half the transform: the very last sample of its last frame is
    /// then another one. `numpy.pad` of the whole signal, and so torchaudio, is what this equals.
    Reflect,
    /// The first and the last sample repeated.
    Edge,
}

impl PadMode {
    /// The sample at `index` of the endless padded signal. `samples` is not empty.
    fn sample<T: Copy + Default>(self, samples: &[T], index: i64) -> T {
        let len = samples.len() as i64;
        let at = match self {
            Self::Zeros => index,
            Self::Edge => index.clamp(0, len - 1),
            Self::Reflect if len == 1 => 0,
            Self::Reflect => {
                let period = 2 * (len - 1);
                let within = index.rem_euclid(period);
                within.min(period - within)
            }
        };
        usize::try_from(at).ok().and_then(|i| samples.get(i)).copied().unwrap_or_default()
    }

    /// The padded signal's samples from `start` on, as many as `memory` holds: the signal's own where it covers
    /// them, else in `memory`.
    pub(crate) fn frame<'a, T: Copy + Default>(
        self,
        samples: &'a [T],
        start: i64,
        memory: &'a mut [T],
    ) -> &'a [T] {
        let first = usize::try_from(start).ok();
        if let Some(inside) = first.and_then(|first| samples.get(first..first.checked_add(memory.len())?)) {
            return inside;
        }
        for (out, index) in memory.iter_mut().zip(start..) {
            *out = self.sample(samples, index);
        }
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(mode: PadMode, samples: &[f32], start: i64, len: usize) -> Vec<f32> {
        mode.frame(samples, start, &mut vec![f32::NAN; len]).to_vec()
    }

    #[test]
    fn as_numpy_pads() {
        let x = [1.0, 2.0, 3.0];
        assert_eq!(padded(PadMode::Zeros, &x, -2, 7), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
        assert_eq!(padded(PadMode::Edge, &x, -2, 7), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0]);
        // numpy.pad([1, 2, 3], 6, "reflect")
        let reflected = [1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0];
        assert_eq!(padded(PadMode::Reflect, &x, -4, 7), reflected);
        assert_eq!(padded(PadMode::Reflect, &[7.0], -3, 7), [7.0; 7]);
    }

    #[test]
    fn inside_is_the_signal_itself() {
        let x = [1.0, 2.0, 3.0];
        for mode in [PadMode::Zeros, PadMode::Reflect, PadMode::Edge] {
            assert_eq!(mode.frame(&x, 1, &mut [f32::NAN; 2]).as_ptr(), x[1..].as_ptr());
            assert_eq!(padded(mode, &x, 0, 3), x);
        }
    }
}
