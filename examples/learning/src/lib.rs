//! What the examples that train and embed share.

pub mod device;
pub mod embed;
