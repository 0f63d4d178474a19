//! What the examples that train and embed share.

pub mod device;
pub mod embed;
pub mod measure;
pub mod run;
pub mod sounds;
