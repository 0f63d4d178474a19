//! The parts of the networks.

mod block;
mod decoder;
mod encoder;
mod head;
mod init;
mod norm;
mod pool;

pub use self::block::{Conv3x3, ConvBlock};
pub use self::decoder::Decoder;
pub use self::encoder::Encoder;
pub(crate) use self::encoder::unit_rows;
pub use self::head::TwoLayers;
pub(crate) use self::init::{Fan, linear, value_of_each};
pub use self::norm::ChannelNorm;
