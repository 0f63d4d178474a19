//! What can go wrong.

/// Everything this crate refuses, with the figures that made it refuse.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to change.
    #[error("{what}: empty input")]
    Empty {
        /// What was empty.
        what: &'static str,
    },
    /// A value is NaN or infinite where a finite one is needed.
    #[error("{what} {index}: expected a finite number, got {got}")]
    NotFinite {
        /// What holds the value.
        what: &'static str,
        /// Position of the value.
        index: usize,
        /// The value.
        got: f32,
    },
    /// A sample is so large that what is computed of it could overflow.
    #[error("{what} {index}: expected a magnitude of at most {limit:e}, got {got:e}")]
    TooLarge {
        /// What holds the value.
        what: &'static str,
        /// Position of the value.
        index: usize,
        /// The value.
        got: f32,
        /// The largest magnitude allowed.
        limit: f32,
    },
    /// Noise has no level beside a signal that is silent.
    #[error("{step}: the signal is silent, so there is no signal-to-noise ratio")]
    Silent {
        /// The step.
        step: &'static str,
    },
    /// A parameter outside its range.
    #[error("{what}: expected {expected}, got {got}")]
    OutOfRange {
        /// The parameter.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was given.
        got: f64,
    },
    /// The low end of a range lies above its high end, or either is no finite number.
    #[error("{what}: expected [low, high], got [{low}, {high}]")]
    InvalidRange {
        /// The parameter.
        what: &'static str,
        /// Its low end.
        low: f64,
        /// Its high end.
        high: f64,
    },
    /// Groups in groups in groups.
    #[error("steps are nested {got} deep, expected at most {limit}")]
    TooDeep {
        /// The deepest nesting allowed.
        limit: usize,
        /// The nesting found first that is deeper.
        got: usize,
    },
    /// A `one_of` has another number of weights than of steps.
    #[error("one_of: expected a weight for each of {expected} steps, got {got}")]
    Weights {
        /// The number of steps.
        expected: usize,
        /// The number of weights.
        got: usize,
    },
    /// A step draws from noises or rooms, and there are none.
    #[error("{step} needs {what}, and there are none")]
    NoSources {
        /// The step.
        step: &'static str,
        /// `noises` or `rooms`.
        what: &'static str,
    },
    /// An edit needs a noise or a room that is not there.
    #[error("{step}: needs number {index} of the {what}, there are {got}")]
    MissingSource {
        /// The step.
        step: &'static str,
        /// `noises` or `rooms`.
        what: &'static str,
        /// Which one is needed, from 0.
        index: usize,
        /// How many there are.
        got: usize,
    },
    /// A noise or a room is nothing but zeros.
    #[error("number {index} of the {what} is silent")]
    SilentSource {
        /// `noises` or `rooms`.
        what: &'static str,
        /// Which one, from 0.
        index: usize,
    },
    /// Less is left between the borders of an edited signal than is asked for.
    #[error("the edited signal has {got} samples, expected at least {expected}")]
    TooShort {
        /// The least number of samples.
        expected: usize,
        /// The number of samples given.
        got: usize,
    },
    /// The edited signal would be too long to be made.
    #[error("an edited signal of {got} samples: expected at most {limit}")]
    TooLong {
        /// The longest length.
        limit: usize,
        /// The length it would have.
        got: usize,
    },
    /// A spectrogram's values are not as many as its shape says.
    #[error("a spectrogram of {n_mels} x {frames}: expected {expected} values, got {got}")]
    Shape {
        /// Rows.
        n_mels: usize,
        /// Columns.
        frames: usize,
        /// Their product (the largest number if it is beyond that).
        expected: usize,
        /// The number of values given.
        got: usize,
    },
    /// More steps a sample are asked for than there are.
    #[error("subset: expected at most {expected}, the number of steps, got {got}")]
    Subset {
        /// The number of steps.
        expected: usize,
        /// The number asked for.
        got: usize,
    },
    /// The transform refused the signal.
    #[error("the transform")]
    Transform(#[from] soundalike_features::Error),
}
