//! Devices, random tensors and slow versions.
#![allow(dead_code, reason = "each test file uses a part")]

use burn::tensor::activation::relu;
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};

/// Batch, channels, height and width, and output channels: whole vectors and parts of them, odd and even, tiny and wide.
pub(crate) const SHAPES: [([usize; 4], usize); 15] = [
    ([1, 1, 1, 1], 1),
    ([2, 3, 2, 3], 5),
    ([1, 1, 9, 130], 32),
    ([3, 1, 7, 13], 33),
    ([2, 32, 6, 16], 64),
    ([2, 17, 5, 27], 40),
    ([1, 48, 11, 8], 16),
    ([9, 16, 4, 4], 24),
    ([1, 64, 70, 5], 8),
    // From 16 channels on, in and out, by Winograd's way.
    ([1, 16, 2, 2], 16),
    ([2, 16, 9, 7], 17),
    ([3, 33, 6, 5], 70),
    ([5, 24, 3, 130], 40),
    ([2, 130, 17, 16], 33),
    ([40, 16, 4, 2], 48),
];

/// The devices of this build.
#[allow(clippy::vec_init_then_push, reason = "features")]
#[allow(deprecated, reason = "ndarray")]
pub(crate) fn devices() -> Vec<Device> {
    let mut devices = Vec::new();
    #[cfg(feature = "flex")]
    devices.push(Device::flex());
    #[cfg(feature = "ndarray")]
    devices.push(Device::ndarray());
    #[cfg(feature = "wgpu")]
    if std::env::var_os("SOUNDALIKE_NO_WGPU").is_none() {
        devices.push(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice));
    }
    devices
}

/// The devices with their gradients.
pub(crate) fn training_devices() -> Vec<Device> {
    devices().into_iter().map(Device::autodiff).collect()
}

/// Numbers around zero, the same for the same seed on each device.
pub(crate) fn random<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let data: Vec<f32> = (0..shape.iter().product())
        .map(|_| {
            let mut sum = 0.0;
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                sum += (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
            }
            sum
        })
        .collect();
    Tensor::<1>::from_floats(data.as_slice(), device).reshape(shape)
}

pub(crate) fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.clone().into_data().try_to_vec().unwrap()
}

/// Checks that all differences are below `tolerance` times the largest value.
pub(crate) fn close<const D: usize>(got: &Tensor<D>, expected: &Tensor<D>, tolerance: f32, what: &str) {
    assert_eq!(got.dims(), expected.dims(), "{what}");
    let (got, expected) = (values(got), values(expected));
    let scale = expected.iter().fold(1e-3f32, |a, b| a.max(b.abs()));
    for (at, (a, b)) in got.iter().zip(&expected).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{what}: value {at} is {a}, not {b}");
    }
}

/// Six loops in double precision.
pub(crate) fn naive_convolution(x: &Tensor<4>, weight: &Tensor<4>, stride: usize) -> Tensor<4> {
    let ([batch, inputs, height, width], [outputs, ..]) = (x.dims(), weight.dims());
    let shape = [batch, outputs, height.div_ceil(stride), width.div_ceil(stride)];
    let (values_x, values_w) = (values(x), values(weight));
    let mut out = Vec::new();
    for image in 0..batch {
        for output in 0..outputs {
            for row in 0..shape[2] {
                for column in 0..shape[3] {
                    let mut sum = 0.0;
                    for input in 0..inputs {
                        for tap in 0..9 {
                            let (y, x) = (row * stride + tap / 3, column * stride + tap % 3);
                            if (1..=height).contains(&y) && (1..=width).contains(&x) {
                                let at = ((image * inputs + input) * height + y - 1) * width + x - 1;
                                sum += f64::from(values_x[at])
                                    * f64::from(values_w[(output * inputs + input) * 9 + tap]);
                            }
                        }
                    }
                    out.push(sum as f32);
                }
            }
        }
    }
    Tensor::<1>::from_floats(out.as_slice(), &x.device()).reshape(shape)
}

/// Output, mean and variance in double precision.
pub(crate) fn naive_block(
    x: &Tensor<4>,
    gamma: &Tensor<1>,
    beta: &Tensor<1>,
    eps: f64,
    pool: bool,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let [batch, channels, height, width] = x.dims();
    let (device, size) = (x.device(), height * width);
    let mut all: Vec<f64> = values(x).into_iter().map(f64::from).collect();
    let (gamma, beta) = (values(gamma), values(beta));
    let (mut means, mut vars) = (Vec::new(), Vec::new());
    for channel in 0..channels {
        let places: Vec<usize> =
            (0..batch * size).map(|i| (i / size * channels + channel) * size + i % size).collect();
        let count = places.len() as f64;
        let mean = places.iter().map(|at| all[*at]).sum::<f64>() / count;
        let var = places.iter().map(|at| (all[*at] - mean).powi(2)).sum::<f64>() / count;
        for at in places {
            let value =
                (all[at] - mean) / (var + eps).sqrt() * f64::from(gamma[channel]) + f64::from(beta[channel]);
            all[at] = value.max(0.0);
        }
        means.push(mean as f32);
        vars.push(var as f32);
    }
    let out: Vec<f32> = all.into_iter().map(|value| value as f32).collect();
    let out = Tensor::<1>::from_floats(out.as_slice(), &device).reshape([batch, channels, height, width]);
    let out = if pool { max_pool2d(out, MaxPoolOptions::new([2; 2])) } else { out };
    (out, Tensor::from_floats(means.as_slice(), &device), Tensor::from_floats(vars.as_slice(), &device))
}

pub(crate) fn stock_convolution(x: Tensor<4>, weight: Tensor<4>, stride: usize) -> Tensor<4> {
    conv2d(x, weight, None, ConvOptions::new([stride; 2], [1; 2], [1; 2], 1))
}

pub(crate) fn stock_block(
    x: Tensor<4>,
    weight: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    stride: usize,
    pool: bool,
) -> Tensor<4> {
    let [channels] = scale.dims();
    let each = [1, channels, 1, 1];
    stock_relu_pool(stock_convolution(x, weight, stride) * scale.reshape(each) + shift.reshape(each), pool)
}

pub(crate) fn stock_relu_pool(x: Tensor<4>, pool: bool) -> Tensor<4> {
    let x = relu(x);
    if pool { max_pool2d(x, MaxPoolOptions::new([2; 2])) } else { x }
}
