//! What can go wrong.

/// Everything this crate refuses, with the figures that made it refuse. No check reads a tensor's values, so none
/// waits for the device.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting outside its range, or not a number.
    #[error("{what}: expected {expected}, got {got}")]
    OutOfRange {
        /// The setting.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it was.
        got: f64,
    },
    /// A tensor with no element: no row, no view, or no dimension.
    #[error("{what}: empty, of shape {shape:?}")]
    Empty {
        /// Which argument.
        what: &'static str,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Two arguments that belong together differ in shape.
    #[error("{what}: expected shape {expected:?}, got {got:?}")]
    Shape {
        /// Which argument.
        what: &'static str,
        /// The shape that fits the first argument.
        expected: Vec<usize>,
        /// The shape that was given.
        got: Vec<usize>,
    },
    /// Two arguments that belong together differ in the type of their numbers.
    #[error("{what}: expected {expected} numbers, got {got}")]
    DType {
        /// Which argument.
        what: &'static str,
        /// The first argument's type.
        expected: &'static str,
        /// The type that was given.
        got: &'static str,
    },
    /// Two arguments lie on different devices.
    #[error("{what}: expected on device {expected}, got {got}")]
    Device {
        /// Which argument.
        what: &'static str,
        /// The first argument's device.
        expected: String,
        /// The device of this one.
        got: String,
    },
}
