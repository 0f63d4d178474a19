//! What the augmentations compute with; no randomness here.

pub(crate) mod angle;
pub(crate) mod codec;
pub(crate) mod convolve;
pub(crate) mod filter;
pub(crate) mod peaks;
pub(crate) mod resample;
pub(crate) mod vocoder;

/// Sum of the squares, in double precision over the whole and single within short runs: fast, and right to some 1e-7.
pub(crate) fn energy(samples: &[f32]) -> f64 {
    let (runs, rest) = samples.as_chunks::<1024>();
    let run = |run: &[f32]| {
        let mut sums = [0.0_f32; 16];
        let (sixteens, rest) = run.as_chunks::<16>();
        for sixteen in sixteens {
            for (sum, x) in sums.iter_mut().zip(sixteen) {
                *sum += x * x;
            }
        }
        f64::from(sums.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>())
    };
    runs.iter().map(|r| run(r)).sum::<f64>() + run(rest)
}

/// Mean of the squares; 0 of nothing.
pub(crate) fn power(samples: &[f32]) -> f64 {
    energy(samples) / samples.len().max(1) as f64
}
