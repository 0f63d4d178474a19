use crate::{Error, check};

/// Raises high frequencies in place (`librosa.effects.preemphasis`): `y[n] = x[n] - coef x[n - 1]`.
///
/// `state` is what is added to the first sample, `-coef x[-1]`. Without one, the line through the first two samples
/// is taken to have come before, in librosa's way: `2 x[0] - x[1]` (`x[0]` for a single sample). The returned state
/// continues with the next block of a stream; blocks then give what the whole does. librosa's (and every paper's)
/// `coef` is 0.97.
///
/// ```
/// use soundalike_features::preemphasis;
///
/// let mut blocks = [[1.0, 2.0, 4.0], [8.0, 4.0, 0.0]];
/// let mut state = None;
/// for block in &mut blocks {
///     state = Some(preemphasis(block, 0.5, state)?);
/// }
/// assert_eq!(blocks, [[1.0, 1.5, 3.0], [6.0, 0.0, -2.0]]);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidConfig`] for a `coef` over 1 in magnitude or a `state` that is not finite, [`Error::EmptyInput`],
/// [`Error::NonFinite`], [`Error::SampleTooLarge`]; the samples are then unchanged.
pub fn preemphasis(samples: &mut [f32], coef: f32, state: Option<f64>) -> Result<f64, Error> {
    let coef = accept(samples, coef, state)?;
    let mut state = state.unwrap_or_else(|| {
        let (first, second) = first_two(samples);
        2.0 * first - second
    });
    for sample in samples {
        let x = f64::from(*sample);
        *sample = (x + state) as f32;
        state = -coef * x;
    }
    Ok(state)
}

/// Undoes [`preemphasis`] in place (`librosa.effects.deemphasis`): `y[n] = x[n] + coef y[n - 1]`.
///
/// `state` is what is added to the first sample, `coef y[-1]`. Without one, `samples` are taken for the start of
/// what [`preemphasis`] gave without one. The returned state continues with the next block of a stream. (librosa's
/// final state, where it was given none, does not: it is off by what the start decayed to.)
///
/// # Errors
/// As [`preemphasis`].
pub fn deemphasis(samples: &mut [f32], coef: f32, state: Option<f64>) -> Result<f64, Error> {
    let coef = accept(samples, coef, state)?;
    let mut state = state.unwrap_or_else(|| {
        let (first, second) = first_two(samples);
        if samples.len() == 1 {
            // The sample is twice what it was.
            -first / 2.0
        } else {
            // Less what pre-emphasis added to the first sample, found from the first two.
            -((2.0 - coef) * first - second) / (3.0 - coef)
        }
    });
    for sample in samples {
        let y = f64::from(*sample) + state;
        *sample = y as f32;
        state = coef * y;
    }
    Ok(state)
}

fn first_two(samples: &[f32]) -> (f64, f64) {
    let first = samples.first().copied().unwrap_or_default();
    (f64::from(first), f64::from(samples.get(1).copied().unwrap_or(first)))
}

fn accept(samples: &[f32], coef: f32, state: Option<f64>) -> Result<f64, Error> {
    if !(-1.0..=1.0).contains(&coef) {
        return Err(Error::config("coef", f64::from(coef), "a number from -1 to 1"));
    }
    if let Some(state) = state
        && !state.is_finite()
    {
        return Err(Error::config("state", state, "a finite number"));
    }
    check::samples(samples)?;
    Ok(f64::from(coef))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_defined_and_back(samples in prop::collection::vec(-1.0f32..1.0, 1..200), coef in 0.0f32..1.0) {
            let mut x = samples.clone();
            preemphasis(&mut x, coef, None).unwrap();
            for n in 1..x.len() {
                prop_assert!((x[n] - (samples[n] - coef * samples[n - 1])).abs() < 1e-6);
            }
            let second = samples.get(1).unwrap_or(&samples[0]);
            prop_assert!((x[0] - (3.0 * samples[0] - second)).abs() < 1e-6);
            deemphasis(&mut x, coef, None).unwrap();
            for (back, sample) in x.iter().zip(&samples) {
                // The rounding of pre-emphasis adds up.
                prop_assert!((back - sample).abs() < 3e-5, "{} instead of {}", back, sample);
            }
        }

        #[test]
        fn blocks_are_the_whole(
            samples in prop::collection::vec(-1.0f32..1.0, 2..200),
            coef in -1.0f32..1.0,
            length in 2usize..50,
        ) {
            for emphasis in [preemphasis, deemphasis] {
                let (mut whole, mut blocks) = (samples.clone(), samples.clone());
                let last = emphasis(&mut whole, coef, None).unwrap();
                let mut state = None;
                for block in blocks.chunks_mut(length) {
                    state = Some(emphasis(block, coef, state).unwrap());
                }
                prop_assert_eq!(state, Some(last));
                prop_assert_eq!(whole, blocks);
            }
        }
    }
}
