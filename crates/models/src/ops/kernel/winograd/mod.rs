//! Convolution with fewer products: Winograd's minimal filtering for 2 x 2 outputs of a 3 x 3 kernel (Lavin and Gray,
//! "Fast algorithms for convolutional neural networks", CVPR 2016).
//!
//! A tile of 4 x 4 inputs, a kernel and a tile of 2 x 2 outputs each have a form of 16 numbers, to which additions lead.
//! In that form the convolution is one product for each number, summed over the channels: 16 matrix products in the
//! place of 36. Rounding errors are some two times those of the plain sum. A value that is not finite spoils its tiles'
//! outputs, so one position beyond its reach.

mod forward;
mod gradient;
mod plan;
mod transform;
mod weights;

pub(crate) use forward::{Finish, convolve};
pub(crate) use gradient::weight_gradient;
pub(crate) use plan::fits;
pub(crate) use weights::pack_kernel;

/// Numbers of a form.
const FORM: usize = 16;
