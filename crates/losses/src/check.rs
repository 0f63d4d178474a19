//! Checks of settings, and of arguments by what they are rather than what they hold.

use burn::tensor::{Bool, Device, Int, Tensor};

use crate::Error;

/// Below it, similarities divided by the temperature no longer keep apart in single precision. lightly's bound.
const SMALLEST_TEMPERATURE: f64 = 1e-8;

pub(crate) fn temperature(what: &'static str, got: f64) -> Result<(), Error> {
    if got.is_finite() && got >= SMALLEST_TEMPERATURE {
        return Ok(());
    }
    Err(Error::OutOfRange { what, expected: "a finite number of at least 1e-8", got })
}

pub(crate) fn margin(what: &'static str, got: f64) -> Result<(), Error> {
    if got.is_finite() && got >= 0.0 {
        return Ok(());
    }
    Err(Error::OutOfRange { what, expected: "a finite number of at least 0", got })
}

/// At least one of everything.
pub(crate) fn filled<const D: usize>(what: &'static str, x: &Tensor<D>) -> Result<(), Error> {
    let shape = x.dims();
    if shape.contains(&0) {
        return Err(Error::Empty { what, shape: shape.to_vec() });
    }
    Ok(())
}

/// `got` is of the first argument's shape, type and device.
pub(crate) fn alike<const D: usize>(
    what: &'static str,
    first: &Tensor<D>,
    got: &Tensor<D>,
) -> Result<(), Error> {
    same_shape(what, first.dims(), got.dims())?;
    comparable(what, first, got)
}

/// `got` can be compared with the first argument row by row: both have rows of one length.
pub(crate) fn same_dim(what: &'static str, first: &Tensor<2>, got: &Tensor<2>) -> Result<(), Error> {
    filled(what, got)?;
    let [rows, _] = got.dims();
    let [_, dim] = first.dims();
    same_shape(what, [rows, dim], got.dims())?;
    comparable(what, first, got)
}

/// One label a row of the embeddings.
pub(crate) fn labels<const D: usize>(embeddings: &Tensor<D>, got: &Tensor<1, Int>) -> Result<(), Error> {
    let what = "labels";
    same_shape(what, [embeddings.dims()[0]], got.dims())?;
    same_device(what, &embeddings.device(), &got.device())
}

/// One flag a row of the embeddings.
pub(crate) fn flags(what: &'static str, embeddings: &Tensor<2>, got: &Tensor<1, Bool>) -> Result<(), Error> {
    same_shape(what, [embeddings.dims()[0]], got.dims())?;
    same_device(what, &embeddings.device(), &got.device())
}

fn same_shape<const D: usize>(
    what: &'static str,
    expected: [usize; D],
    got: [usize; D],
) -> Result<(), Error> {
    if expected == got {
        return Ok(());
    }
    Err(Error::Shape { what, expected: expected.to_vec(), got: got.to_vec() })
}

fn comparable<const D: usize>(what: &'static str, first: &Tensor<D>, got: &Tensor<D>) -> Result<(), Error> {
    if first.dtype() != got.dtype() {
        return Err(Error::DType { what, expected: first.dtype().name(), got: got.dtype().name() });
    }
    same_device(what, &first.device(), &got.device())
}

/// Whether autodiff is on makes no difference: a tensor without it is a constant to one with it.
fn same_device(what: &'static str, expected: &Device, got: &Device) -> Result<(), Error> {
    if expected == got {
        return Ok(());
    }
    Err(Error::Device { what, expected: format!("{expected:?}"), got: format!("{got:?}") })
}
