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
    #[error("the signal has {got} samples, expected at least {expected}")]
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
    /// A value of an `f64` form is finite, but so large that what is computed of it could overflow double precision.
    #[error("value {index} is {got:e}, expected a magnitude of at most {limit:e}")]
    ValueTooLarge {
        /// Index of the first such value.
        index: usize,
        /// The value.
        got: f64,
        /// The largest magnitude allowed; for a sample, [`MAX_SAMPLE_F64`](crate::MAX_SAMPLE_F64).
        limit: f64,
    },
    /// A magnitude or a power is less than zero.
    #[error("value {index} is {got:e}, expected no negative number")]
    Negative {
        /// Index of the first such value.
        index: usize,
        /// The value.
        got: f32,
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
    /// No front end has this name.
    #[error("no front end is named {name:?}; there are {}", crate::FrontEnd::NAMES.join(", "))]
    UnknownFrontEnd {
        /// The name that was given.
        name: String,
    },
    /// The result does not fit into memory.
    #[error("no memory for a matrix of {rows} x {cols} values")]
    OutOfMemory {
        /// Rows of the result.
        rows: usize,
        /// Columns of the result.
        cols: usize,
    },
    /// Two features of an extractor have the same name.
    #[error("there is more than one feature named {name:?}")]
    DuplicateFeature {
        /// The name.
        name: String,
    },
    /// A feature of an extractor cannot share its transform.
    #[error("feature {name:?} has another {parameter} than the extractor")]
    FeatureMismatch {
        /// The feature's name.
        name: String,
        /// The field that differs: `stft`, `sample_rate`, `frame_length`, `hop_length` or `center`.
        parameter: &'static str,
    },
    /// A feature of an extractor cannot be computed before the whole clip is there, and so not in a stream.
    #[error("feature {name:?} cannot be streamed: {parameter} {what}")]
    NotStreamable {
        /// The feature's name.
        name: String,
        /// The field of its configuration that is in the way.
        parameter: &'static str,
        /// Why, in words.
        what: &'static str,
    },
    /// A clip of a batch failed; of several, the first in the batch.
    #[error("clip {index}: {error}")]
    Clip {
        /// Index of the clip.
        index: usize,
        /// What is wrong with it.
        error: Box<Error>,
    },
}

impl Error {
    pub(crate) fn config(parameter: &'static str, got: f64, expected: &'static str) -> Self {
        Self::InvalidConfig { parameter, got, expected }
    }
}
