//! burn's devices by name.

use burn::tensor::Device;

use crate::Error;

/// The devices that this build has, by the names that [`device`] takes.
pub const DEVICES: &[&str] = &[
    #[cfg(feature = "flex")]
    "flex",
    #[cfg(feature = "ndarray")]
    "ndarray",
    #[cfg(feature = "wgpu")]
    "wgpu",
];

/// A device by its name: `flex` (processor, with operations of our own), `ndarray` (processor, deprecated by burn) or
/// `wgpu` (graphics card); each is there if the Cargo feature of its name is.
///
/// # Errors
/// [`Error::Device`] for a device that this build does not have or, for `wgpu`, that this machine does not have.
pub fn device(name: &str) -> Result<Device, Error> {
    match name {
        #[cfg(feature = "flex")]
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        "ndarray" => Ok(ndarray()),
        #[cfg(feature = "wgpu")]
        "wgpu" => wgpu(),
        _ => Err(Error::Device { name: name.to_owned(), available: DEVICES }),
    }
}

#[cfg(feature = "ndarray")]
#[expect(deprecated, reason = "kept for those who have it")]
fn ndarray() -> Device {
    Device::ndarray()
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Result<Device, Error> {
    use burn::tensor::{DeviceKind, DeviceType};
    // Without an adapter, the first use of the device would panic.
    if Device::enumerate(DeviceType::Wgpu).into_iter().next().is_none() {
        return Err(Error::NoAdapter);
    }
    Ok(Device::wgpu(DeviceKind::DefaultDevice))
}
