//! Devices and tensors of the tests.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod naive;
pub(crate) mod rows;

use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};

/// A device, with the precision to compute in.
#[derive(Clone)]
pub(crate) struct On {
    pub(crate) name: String,
    pub(crate) device: Device,
    pub(crate) dtype: DType,
}

/// flex in both precisions, and in single precision whatever the features bring.
pub(crate) fn devices() -> Vec<On> {
    let flex = [DType::F64, DType::F32].map(|dtype| on("flex", Device::flex(), dtype));
    flex.into_iter().chain(ndarray()).chain(wgpu()).collect()
}

#[cfg(feature = "ndarray")]
#[allow(deprecated, reason = "tested as long as it exists")]
fn ndarray() -> Option<On> {
    Some(on("ndarray", Device::ndarray(), DType::F32))
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Option<On> {
    None
}

fn on(name: &str, device: Device, dtype: DType) -> On {
    On { name: format!("{name}, {}", dtype.name()), device: device.autodiff(), dtype }
}

/// Where an adapter exists. Its absence is printed, or fails if SOUNDALIKE_REQUIRE_WGPU is 1.
#[cfg(feature = "wgpu")]
fn wgpu() -> Option<On> {
    let device = Device::wgpu(burn::tensor::DeviceKind::DefaultDevice);
    let probe = device.clone();
    let works = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        Tensor::<1>::from_floats([1.0, 2.0], &probe).sum().try_into_scalar::<f32>().is_ok()
    }));
    if matches!(works, Ok(true)) {
        return Some(on("wgpu", device, DType::F32));
    }
    assert!(std::env::var("SOUNDALIKE_REQUIRE_WGPU").as_deref() != Ok("1"), "no adapter for wgpu");
    println!("skipped: wgpu, for which there is no adapter");
    None
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Option<On> {
    None
}

impl On {
    /// A matrix that keeps its gradient.
    pub(crate) fn matrix(&self, rows: &[Vec<f64>]) -> Tensor<2> {
        let shape = [rows.len(), rows.first().map_or(0, Vec::len)];
        Tensor::from_data(TensorData::new(rows.concat(), shape), (&self.device, self.dtype)).require_grad()
    }

    pub(crate) fn labels(&self, labels: &[i64]) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::new(labels.to_vec(), [labels.len()]), &self.device)
    }

    pub(crate) fn flags(&self, flags: &[bool]) -> Tensor<1, Bool> {
        Tensor::from_data(TensorData::new(flags.to_vec(), [flags.len()]), &self.device)
    }

    pub(crate) fn single(&self) -> bool {
        self.dtype == DType::F32
    }
}

/// All elements, in row order.
pub(crate) fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.try_into_vec_as::<f64>().unwrap()
}

/// The gradient of the sum of `loss`, of each of `inputs`.
pub(crate) fn gradients<const D: usize>(loss: &Tensor<1>, inputs: &[Tensor<D>]) -> Vec<Vec<f64>> {
    let gradients = loss.clone().sum().backward();
    inputs.iter().map(|x| values(x.grad(&gradients).expect("a gradient"))).collect()
}

/// The largest difference, relative to the largest magnitude of `want` and to at least `floor`. NaN where either is.
pub(crate) fn deviation(got: &[f64], want: &[f64], floor: f64) -> f64 {
    assert_eq!(got.len(), want.len());
    let size = want.iter().fold(floor, |size, w| size.max(w.abs()));
    got.iter().zip(want).fold(0.0, |worst: f64, (g, w)| {
        let difference = (g - w).abs() / size;
        if difference.is_nan() { f64::NAN } else { worst.max(difference) }
    })
}
