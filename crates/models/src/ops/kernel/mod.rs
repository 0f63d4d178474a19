//! Convolution, normalisation and pooling on slices in channels-last order. Nothing here knows burn.

mod conv;
mod geometry;
mod inference;
mod moments;
mod norm;
mod norm_backward;
mod scale;
mod simd;
mod tile;
mod weight;
mod winograd;

pub(crate) use conv::{Packed, convolve};
pub(crate) use geometry::{Geometry, Images};
pub(crate) use inference::conv_block;
pub(crate) use moments::{Moments, moments};
pub(crate) use norm::{Affine, activate};
pub(crate) use norm_backward::Forward;
pub(crate) use scale::scale;
pub(crate) use weight::weight_gradient;
