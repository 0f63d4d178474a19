//! `--device`.

use burn::prelude::Device;
use clap::ValueEnum;
use soundalike_examples::cli::Outcome;

/// Where tensors are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DeviceName {
    /// The processor, with our own operations: the fastest without a graphics card
    #[default]
    Flex,
    /// The processor, by burn's older backend (feature ndarray)
    Ndarray,
    /// A graphics card, or its software stand-in (feature wgpu)
    Wgpu,
}

impl DeviceName {
    /// The device.
    ///
    /// # Errors
    /// If it was not compiled in (the message names the feature), and for `wgpu` if the machine has none.
    pub fn open(self) -> Outcome<Device> {
        let name = format!("{self:?}").to_lowercase();
        soundalike_models::device(&name).map_err(|error| match error {
            soundalike_models::Error::Device { .. } => {
                format!("--device {name}: not compiled in; add --features {name} before the --").into()
            }
            other => other.into(),
        })
    }
}
