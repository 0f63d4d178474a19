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
    /// If it was not compiled in: the message names the feature.
    pub fn open(self) -> Outcome<Device> {
        match self {
            #[cfg(feature = "flex")]
            Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "ndarray")]
            #[allow(deprecated, reason = "offered for comparison, as the README says")]
            Self::Ndarray => Ok(Device::ndarray()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[allow(unreachable_patterns, reason = "which ones are left depends on the features")]
            other => {
                let name = format!("{other:?}").to_lowercase();
                Err(format!("--device {name}: not compiled in; add --features {name} before the --").into())
            }
        }
    }
}
