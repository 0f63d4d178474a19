//! Low and high-pass filters: Butterworth, fourth order, in double precision.

use biquad::{Biquad as _, Coefficients, DirectForm2Transposed, ToHertz as _, Type};

use crate::Error;

/// Quality factors of the two sections of a fourth-order Butterworth filter: `1 / (2 cos(pi/8))`, `1 / (2 cos(3 pi/8))`.
const QUALITIES: [f64; 2] = [0.541_196_100_146_197, 1.306_562_964_876_376_5];

/// Which side passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Low,
    High,
}

/// Filters in place, from rest; -3 dB at `hz`, 24 dB an octave.
pub(crate) fn filter(samples: &mut [f32], pass: Pass, hz: f64, sample_rate: u32) -> Result<(), Error> {
    let kind = if pass == Pass::Low { Type::LowPass } else { Type::HighPass };
    for q in QUALITIES {
        let coefficients = Coefficients::<f64>::from_params(kind, f64::from(sample_rate).hz(), hz.hz(), q)
            .map_err(|_| Error::OutOfRange {
                what: "hz",
                expected: "above 0 and below half the sample rate",
                got: hz,
            })?;
        let mut section = DirectForm2Transposed::<f64>::new(coefficients);
        samples.iter_mut().for_each(|v| *v = section.run(f64::from(*v)) as f32);
    }
    Ok(())
}
