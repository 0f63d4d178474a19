use thiserror::Error;

/// Everything this crate can refuse to do.
///
/// Configurations are checked once, when a plan such as [`Stft`](crate::Stft) is made; samples are checked at
/// each call. No function of this crate panics on input that breaks a rule; it returns one of these.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter of a configuration is outside its range.
    #[error("{parameter} is {got}, expected {expected}")]
    InvalidConfig {
        /// The parameter, by the name its field has.
        parameter: &'static str,
        /// The value that was given.
        got: f64,
        /// What is allowed, in words.
        expected: &'static str,
    },
    /// There is nothing to compute from: no samples, or a matrix without columns.
    #[error("the input is empty")]
    EmptyInput,
    /// Without centring, a signal must fill at least one frame.
    #[error("the signal has {got} samples, expected at least {expected} (one frame, as center is false)")]
    TooShort {
        /// The least number of samples.
        expected: usize,
        /// The number of samples given.
        got: usize,
    },
    /// A value is NaN or infinite.
    #[error("value {index} is not a finite number")]
    NonFinite {
        /// Index of the first such value.
        index: usize,
    },
    /// A sample is finite, but so large that its spectrum could overflow single precision.
    #[error("sample {index} is {got:e}, expected a magnitude of at most {limit:e}")]
    SampleTooLarge {
        /// Index of the first such sample.
        index: usize,
        /// The sample.
        got: f32,
        /// The largest magnitude allowed, [`MAX_SAMPLE`](crate::MAX_SAMPLE).
        limit: f32,
    },
    /// Two lengths that must agree do not.
    #[error("{what} has length {got}, expected {expected}")]
    LengthMismatch {
        /// Which length.
        what: &'static str,
        /// The length it should have.
        expected: usize,
        /// The length it has.
        got: usize,
    },
    /// The result does not fit into memory.
    #[error("no memory for a matrix of {rows} x {cols} values")]
    OutOfMemory {
        /// Rows of the result.
        rows: usize,
        /// Columns of the result.
        cols: usize,
    },
}

impl Error {
    pub(crate) fn config(parameter: &'static str, got: f64, expected: &'static str) -> Self {
        Self::InvalidConfig { parameter, got, expected }
    }
}
