use crate::lanes::Lane;
use crate::simd::{self, Vectorized};
use crate::vector_math::{exp, exp_m1, ln, ln_1p};
use crate::{Error, Matrix, check};

/// The most rows of a stream, over those of any spectrogram.
const MAX_ROWS: usize = 1 << 22;

/// The parameters of per-channel energy normalisation; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct PcenConfig {
    /// Samples a second, at least 1. Default 22,050.
    pub sample_rate: u32,
    /// Samples from one frame to the next, at least 1. Default 512.
    pub hop_length: usize,
    /// Exponent of the smoothed energy that each value is divided by, 0 to 10. Default 0.98.
    pub gain: f64,
    /// Added before the compression, and its share taken off after it: 0, or 1e-20 to 1e20.
    /// Default 2.
    pub bias: f64,
    /// Exponent of the compression, 0 to 10; at 0, and at a `bias` of 0, it is a logarithm and a plain power, as in
    /// librosa. Default 0.5.
    pub power: f64,
    /// How long the smoothing looks back, in seconds, over 0. Default 0.4.
    pub time_constant: f64,
    /// Added to the smoothed energy, 1e-30 to 1e30. Default 1e-6.
    pub eps: f64,
    /// The smoothing's coefficient itself, over 0 and up to 1 (no smoothing). Default `None`: from `time_constant`.
    pub b: Option<f64>,
}

impl Default for PcenConfig {
    fn default() -> Self {
        Self {
            sample_rate: 22_050,
            hop_length: 512,
            gain: 0.98,
            bias: 2.0,
            power: 0.5,
            time_constant: 0.4,
            eps: 1e-6,
            b: None,
        }
    }
}

impl PcenConfig {
    /// Sets the samples a second.
    #[must_use]
    pub fn with_sample_rate(mut self, sample_rate: u32) -> Self {
        self.sample_rate = sample_rate;
        self
    }

    /// Sets the samples from one frame to the next.
    #[must_use]
    pub fn with_hop_length(mut self, hop_length: usize) -> Self {
        self.hop_length = hop_length;
        self
    }

    /// Sets the exponent of the smoothed energy.
    #[must_use]
    pub fn with_gain(mut self, gain: f64) -> Self {
        self.gain = gain;
        self
    }

    /// Sets the bias.
    #[must_use]
    pub fn with_bias(mut self, bias: f64) -> Self {
        self.bias = bias;
        self
    }

    /// Sets the exponent of the compression.
    #[must_use]
    pub fn with_power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }

    /// Sets how long the smoothing looks back, in seconds.
    #[must_use]
    pub fn with_time_constant(mut self, time_constant: f64) -> Self {
        self.time_constant = time_constant;
        self
    }

    /// Sets what is added to the smoothed energy.
    #[must_use]
    pub fn with_eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// Sets the smoothing's coefficient; `None` takes it from the time constant.
    #[must_use]
    pub fn with_b(mut self, b: impl Into<Option<f64>>) -> Self {
        self.b = b.into();
        self
    }

    /// The smoothing's coefficient, once all is checked.
    fn smoothing(&self) -> Result<f64, Error> {
        if self.sample_rate == 0 {
            return Err(Error::config("sample_rate", 0.0, "at least 1"));
        }
        if self.hop_length == 0 {
            return Err(Error::config("hop_length", 0.0, "at least 1"));
        }
        // Within these ranges no zero can meet an infinity.
        for (parameter, value) in [("gain", self.gain), ("power", self.power)] {
            if !(0.0..=10.0).contains(&value) {
                return Err(Error::config(parameter, value, "0 to 10"));
            }
        }
        if self.bias != 0.0 && !(1e-20..=1e20).contains(&self.bias) {
            return Err(Error::config("bias", self.bias, "0, or 1e-20 to 1e20"));
        }
        if !(1e-30..=1e30).contains(&self.eps) {
            return Err(Error::config("eps", self.eps, "1e-30 to 1e30"));
        }
        if !(self.time_constant > 0.0 && self.time_constant.is_finite()) {
            return Err(Error::config("time_constant", self.time_constant, "a number of seconds over 0"));
        }
        let frames = self.time_constant * f64::from(self.sample_rate) / self.hop_length as f64;
        // The root of b^2 t^2 + b - 1, written so that it neither cancels nor overflows; very short times leave
        // the signal as it is, and no time is so long that nothing would ever change.
        let from_time = 2.0 / (1.0 + (2.0 * frames).hypot(1.0));
        match self.b {
            None => Ok(from_time.max(f64::MIN_POSITIVE)),
            Some(b) if b > 0.0 && b <= 1.0 => Ok(b),
            Some(b) => Err(Error::config("b", b, "over 0 and up to 1")),
        }
    }
}

/// Where the smoothing of a stream stands, one number a row; [`Pcen::start`] makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct PcenState {
    values: Vec<f64>,
}

impl PcenState {
    /// What the filters add to their next value (librosa's `zf`), one for each row.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// Per-channel energy normalisation (`librosa.pcen`): each row is divided by its own recent loudness and then
/// compressed, which evens out channels and steady noise.
///
/// With `m[t] = (1 - b) m[t - 1] + b s[t]` and `m[-1] = 1`, the result is
/// `(s / (eps + m)^gain + bias)^power - bias^power`. Values are smoothed over time alone: librosa's maximum over
/// neighbouring rows (`max_size` over 1) is not there. librosa's advice holds: scale a magnitude or mel spectrogram
/// of samples in [-1, 1] by 2^31 first.
///
/// ```
/// use soundalike_features::{Matrix, Pcen, PcenConfig};
///
/// let pcen = Pcen::new(&PcenConfig::default())?;
/// let steady = Matrix::new(vec![100.0; 200], 1, 200)?;
/// let out = pcen.compute(&steady)?;
/// // Loud or quiet, what does not change ends near sqrt(1 + 2) - sqrt(2).
/// assert!((out.as_slice()[199] - 0.34).abs() < 0.03);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pcen {
    config: PcenConfig,
    b: f64,
}

impl Pcen {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &PcenConfig) -> Result<Self, Error> {
        Ok(Self { config: config.clone(), b: config.smoothing()? })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &PcenConfig {
        &self.config
    }

    /// The smoothing's coefficient.
    #[must_use]
    pub fn b(&self) -> f64 {
        self.b
    }

    /// Normalises `energies`, `[band x frame]`, of which negative ones count as zero. The result has the same shape;
    /// what exceeds single precision is infinite.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no values, [`Error::NonFinite`].
    pub fn compute(&self, energies: &Matrix) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(energies, &mut out)?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the shape of `energies`. Allocates nothing once `out` is large
    /// enough.
    ///
    /// # Errors
    /// As [`Self::compute`].
    pub fn compute_into(&self, energies: &Matrix, out: &mut Matrix) -> Result<(), Error> {
        accept(energies, out)?;
        for (x, y) in energies.iter_rows().zip(out.as_mut_slice().chunks_exact_mut(energies.cols())) {
            self.row(x, y, self.first_state());
        }
        Ok(())
    }

    /// The state at the start of a stream of `rows` rows, at most 2^22; for more it is one of 2^22, which
    /// [`Self::continue_into`] then refuses.
    #[must_use]
    pub fn start(&self, rows: usize) -> PcenState {
        PcenState { values: vec![self.first_state(); rows.min(MAX_ROWS)] }
    }

    /// Normalises the next block of a stream, and takes `state` to its end: blocks one after the other give what
    /// the whole does in [`Self::compute_into`].
    ///
    /// # Errors
    /// As [`Self::compute`], and [`Error::LengthMismatch`] unless `state` was made for as many rows. `state` is then
    /// unchanged.
    pub fn continue_into(
        &self,
        energies: &Matrix,
        out: &mut Matrix,
        state: &mut PcenState,
    ) -> Result<(), Error> {
        let (expected, got) = (energies.rows(), state.values.len());
        if expected != got {
            return Err(Error::LengthMismatch { what: "the state (rows)", expected, got });
        }
        accept(energies, out)?;
        let rows = energies.iter_rows().zip(out.as_mut_slice().chunks_exact_mut(energies.cols()));
        for ((x, y), state) in rows.zip(&mut state.values) {
            *state = self.row(x, y, *state);
        }
        Ok(())
    }

    /// As if the smoothed energy had been 1 (`scipy.signal.lfilter_zi`).
    pub(crate) fn first_state(&self) -> f64 {
        1.0 - self.b
    }

    /// The next values of a row, from the state before them; returns that after them.
    fn row(&self, x: &[f32], y: &mut [f32], state: f64) -> f64 {
        simd::run(Row { pcen: self, x, y, state })
    }

    /// The next `count` frames of all rows, `[row][lane]`, in place.
    pub(crate) fn apply_to_block(&self, rows: &mut [Lane], count: usize, states: &mut [f64]) {
        simd::run(Block { pcen: self, rows, count, states });
    }
}

struct Block<'a> {
    pcen: &'a Pcen,
    rows: &'a mut [Lane],
    count: usize,
    states: &'a mut [f64],
}

impl Vectorized for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (row, state) in self.rows.iter_mut().zip(self.states) {
            let (x, mut y) = (*row, Lane::default());
            let x = x.get(..self.count).unwrap_or(&x);
            *state = Row { pcen: self.pcen, x, y: &mut y, state: *state }.run();
            *row = y;
        }
    }
}

struct Row<'a> {
    pcen: &'a Pcen,
    x: &'a [f32],
    y: &'a mut [f32],
    state: f64,
}

impl Vectorized for Row<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { pcen, x, y, mut state } = self;
        let PcenConfig { gain, bias, power, eps, .. } = pcen.config;
        let compress = Compression::new(bias, power);
        let (b, rest) = (pcen.b, 1.0 - pcen.b);
        // The smoothing goes value by value; all else is for many at a time.
        let mut smooth = [0.0; 64];
        for (x, y) in x.chunks(smooth.len()).zip(y.chunks_mut(smooth.len())) {
            for (x, smooth) in x.iter().zip(&mut smooth) {
                *smooth = b * above_zero(*x) + state;
                state = rest * *smooth;
            }
            for (value, x) in smooth.iter_mut().zip(x) {
                *value = above_zero(*x) * exp(-gain * ln(eps + *value));
            }
            compress.apply(&smooth, y);
        }
        state
    }
}

#[inline(always)]
fn above_zero(value: f32) -> f64 {
    f64::from(if value > 0.0 { value } else { 0.0 })
}

/// `(v + bias)^power - bias^power` and what takes its place at the ends of the ranges.
enum Compression {
    Log,
    Power { power: f64 },
    Root { bias: f64, factor: f64 },
    Biased { bias: f64, power: f64, factor: f64 },
}

impl Compression {
    fn new(bias: f64, power: f64) -> Self {
        if power == 0.0 {
            Self::Log
        } else if bias == 0.0 {
            Self::Power { power }
        } else if power == 0.5 {
            Self::Root { bias, factor: bias.sqrt() }
        } else {
            Self::Biased { bias, power, factor: bias.powf(power) }
        }
    }

    #[inline(always)]
    fn apply(&self, values: &[f64], out: &mut [f32]) {
        const MOST: f64 = f64::MAX;
        let each = values.iter().zip(out);
        match *self {
            Self::Log => {
                for (v, out) in each {
                    *out = ln_1p(v.min(MOST)) as f32;
                }
            }
            Self::Power { power } => {
                for (v, out) in each {
                    *out = v.powf(power) as f32;
                }
            }
            // As below, by (r - 1)(r + 1) = r^2 - 1, without the logarithm and the exponential.
            Self::Root { bias, factor } => {
                for (v, out) in each {
                    let ratio = (v / bias).min(MOST);
                    *out = (factor * (ratio / ((1.0 + ratio).sqrt() + 1.0))) as f32;
                }
            }
            Self::Biased { bias, power, factor } => {
                for (v, out) in each {
                    *out = (factor * exp_m1(power * ln_1p((v / bias).min(MOST)))) as f32;
                }
            }
        }
    }
}

fn accept(energies: &Matrix, out: &mut Matrix) -> Result<(), Error> {
    if energies.is_empty() {
        return Err(Error::EmptyInput);
    }
    check::finite(energies.as_slice())?;
    out.reshape(energies.rows(), energies.cols())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// librosa's formulas, in its order: in logarithms, with the filter as scipy has it.
    fn naive(x: &[f32], config: &PcenConfig) -> Vec<f64> {
        let t = config.time_constant * f64::from(config.sample_rate) / config.hop_length as f64;
        let b = config.b.unwrap_or(((1.0 + 4.0 * t * t).sqrt() - 1.0) / (2.0 * t * t));
        let mut before = 1.0;
        x.iter()
            .map(|s| {
                let s = f64::from(*s);
                before = b * s + (1.0 - b) * before;
                let smooth = (-config.gain * (config.eps.ln() + (before / config.eps).ln_1p())).exp();
                if config.power == 0.0 {
                    (s * smooth).ln_1p()
                } else if config.bias == 0.0 {
                    (config.power * (s.ln() + smooth.ln())).exp()
                } else {
                    let inner = config.power * (s * smooth / config.bias).ln_1p();
                    config.bias.powf(config.power) * inner.exp_m1()
                }
            })
            .collect()
    }

    fn configs() -> impl Strategy<Value = PcenConfig> {
        let zero_or = |range: std::ops::Range<f64>| prop_oneof![Just(0.0), range];
        let power = prop_oneof![Just(0.0), Just(0.5), 0.01..2.0f64];
        (zero_or(0.1..1.5), zero_or(0.01..20.0), power, 0.01..3.0f64, prop::option::of(0.001..1.0f64))
            .prop_map(|(gain, bias, power, time, b)| {
                let config = PcenConfig::default().with_gain(gain).with_bias(bias).with_power(power);
                config.with_time_constant(time).with_b(b)
            })
    }

    fn row(values: &[f32]) -> Matrix {
        Matrix::new(values.to_vec(), 1, values.len()).unwrap()
    }

    proptest! {
        #[test]
        fn as_librosa_has_it(exponents in prop::collection::vec(-6.0f32..9.0, 1..60), config in configs()) {
            let x: Vec<f32> = exponents.iter().map(|e| 10f32.powf(*e)).collect();
            let got = Pcen::new(&config).unwrap().compute(&row(&x)).unwrap();
            for (got, want) in got.as_slice().iter().zip(naive(&x, &config)) {
                prop_assert!((f64::from(*got) - want).abs() <= 1e-6 * want, "{} instead of {}", got, want);
            }
        }

        #[test]
        fn blocks_are_the_whole(x in prop::collection::vec(0.0f32..9.0, 1..100), length in 1usize..20) {
            let pcen = Pcen::new(&PcenConfig::default()).unwrap();
            let whole = pcen.compute(&row(&x)).unwrap();
            let (mut state, mut out, mut blocks) = (pcen.start(1), Matrix::default(), Vec::new());
            for block in x.chunks(length) {
                pcen.continue_into(&row(block), &mut out, &mut state).unwrap();
                blocks.extend_from_slice(out.as_slice());
            }
            prop_assert_eq!(whole.into_vec(), blocks);
        }
    }

    #[test]
    fn the_ends_of_the_ranges_are_numbers() {
        for gain in [0.0, 10.0] {
            for bias in [0.0, 1e-20, 1e20] {
                for power in [0.0, 0.5, 10.0] {
                    for eps in [1e-30, 1e30] {
                        for (b, time) in
                            [(None, 1e-300), (None, 1e300), (Some(1.0), 1.0), (Some(1e-300), 1.0)]
                        {
                            let config =
                                PcenConfig::default().with_gain(gain).with_bias(bias).with_power(power);
                            let config = config.with_eps(eps).with_b(b).with_time_constant(time);
                            let pcen = Pcen::new(&config).unwrap();
                            let x = row(&[0.0, -1.0, f32::MAX, f32::MIN_POSITIVE, 0.0, 1.0]);
                            let out = pcen.compute(&x).unwrap();
                            assert!(!out.as_slice().iter().any(|v| v.is_nan()), "{config:?}");
                            assert_eq!(out.as_slice()[..2], [0.0, 0.0], "{config:?}");
                        }
                    }
                }
            }
        }
    }
}
