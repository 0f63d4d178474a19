//! The operations against burn's own ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(any(feature = "flex", feature = "ndarray", feature = "wgpu"))]

#[path = "models_ops_support/mod.rs"]
mod support;

use burn::tensor::{Device, Tensor};
use soundalike_models::ops::{batch_norm_relu_pool, conv_block, conv3x3};
use support::{SHAPES, close, devices, naive_block, naive_convolution, random, stock_block, values};

#[test]
fn convolutions_are_those_of_burn_and_of_six_loops() {
    for device in devices() {
        for (shape, outputs) in SHAPES {
            for stride in [1, 2] {
                let x = random(shape, 1, &device);
                let weight = random([outputs, shape[1], 3, 3], 2, &device);
                let out = conv3x3(x.clone(), weight.clone(), stride);
                let expected = naive_convolution(&x, &weight, stride);
                assert_eq!(out.dims(), expected.dims());
                close(&out, &expected, 1e-5, &format!("{shape:?} -> {outputs}, stride {stride}, {device:?}"));
            }
        }
    }
}

#[test]
fn normalised_rectified_and_pooled_as_by_burn() {
    for device in devices() {
        for (shape, _) in SHAPES {
            for pool in [false, true] {
                if pool && (shape[2] < 2 || shape[3] < 2) {
                    continue;
                }
                let x = random(shape, 1, &device) * 3.0 + 5.0;
                let gamma = random([shape[1]], 2, &device);
                let beta = random([shape[1]], 3, &device);
                let (out, statistics) =
                    batch_norm_relu_pool(x.clone(), gamma.clone(), beta.clone(), 1e-5, pool);
                let (expected, mean, var) = naive_block(&x, &gamma, &beta, 1e-5, pool);
                let what = format!("{shape:?}, pool {pool}, {device:?}");
                assert_eq!(out.dims(), expected.dims());
                // One value in a channel: its deviation is nothing but rounding, times one by the root of epsilon.
                let few = shape[0] * shape[2] * shape[3] < 4;
                close(&out, &expected, if few { 1e-3 } else { 1e-5 }, &what);
                close(&statistics.mean, &mean, 1e-6, &what);
                close(&statistics.var, &var, 1e-5, &what);
            }
        }
    }
}

#[test]
fn a_large_mean_costs_no_digits() {
    for device in devices() {
        let x: Tensor<4> = random([4, 20, 12, 30], 1, &device) + 1000.0;
        let (gamma, beta) = (Tensor::ones([20], &device), Tensor::zeros([20], &device));
        let (_, statistics) = batch_norm_relu_pool(x.clone(), gamma, beta, 1e-5, true);
        let (_, mean, var) =
            naive_block(&x, &Tensor::ones([20], &device), &Tensor::zeros([20], &device), 1e-5, true);
        close(&statistics.mean, &mean, 1e-6, "mean");
        close(&statistics.var, &var, 1e-5, "variance");
    }
}

#[test]
fn inference_in_one_pass_is_that_in_steps() {
    for device in devices() {
        for (shape, outputs) in SHAPES {
            for (stride, pool) in [(1, false), (1, true), (2, false), (2, true)] {
                let side = |length: usize| length.div_ceil(stride);
                if pool && (side(shape[2]) < 2 || side(shape[3]) < 2) {
                    continue;
                }
                let x = random(shape, 1, &device);
                let weight = random([outputs, shape[1], 3, 3], 2, &device);
                let (scale, shift) = (random([outputs], 3, &device), random([outputs], 4, &device));
                let out = conv_block(x.clone(), weight.clone(), scale.clone(), shift.clone(), stride, pool);
                let expected = stock_block(x, weight, scale, shift, stride, pool);
                assert_eq!(out.dims(), expected.dims());
                close(
                    &out,
                    &expected,
                    1e-5,
                    &format!("{shape:?} -> {outputs}, {stride}, {pool}, {device:?}"),
                );
            }
        }
    }
}

#[test]
fn a_view_is_as_good_as_a_tensor() {
    for device in devices() {
        let whole = random([3, 20, 9, 11], 1, &device);
        let weight = random([7, 8, 3, 3], 2, &device);
        let view = whole.slice([1..3, 5..13, 2..9, 1..10]);
        let turned = view.clone().swap_dims(2, 3);
        for x in [view, turned] {
            let out = conv3x3(x.clone(), weight.clone(), 1);
            close(&out, &naive_convolution(&x, &weight, 1), 1e-5, "convolution");
            let (gamma, beta) = (random([8], 3, &device), random([8], 4, &device));
            let (out, _) = batch_norm_relu_pool(x.clone(), gamma.clone(), beta.clone(), 1e-5, true);
            close(&out, &naive_block(&x, &gamma, &beta, 1e-5, true).0, 1e-5, "norm");
        }
    }
}

/// Where a 3 x 3 kernel reaches from row 4 and column 5, and, of what else is spoilt, how far that may be.
fn reached(row: usize, column: usize) -> [bool; 2] {
    let distance = row.abs_diff(4).max(column.abs_diff(5));
    [distance <= 1, distance <= 2]
}

#[test]
fn nan_goes_through() {
    // On flex alone: shaders may assume that there is no NaN.
    for device in [Device::flex()] {
        for (channels, outputs) in [(3, 5), (20, 18)] {
            let size = 80 * channels;
            let mut data: Vec<f32> = (0..2 * size).map(|i| ((i * 37) % 19) as f32 - 9.0).collect();
            // Image 0, channel 1, row 4, column 5.
            data[80 + 4 * 10 + 5] = f32::NAN;
            let x = Tensor::<1>::from_floats(data.as_slice(), &device).reshape([2, channels, 8, 10]);
            let weight = random([outputs, channels, 3, 3], 2, &device);
            for (at, value) in values(&conv3x3(x.clone(), weight.clone(), 1)).iter().enumerate() {
                let (image, row, column) = (at / (80 * outputs), at / 10 % 8, at % 10);
                let [must, may] = reached(row, column).map(|reached| reached && image == 0);
                assert!(
                    if value.is_nan() { may } else { !must },
                    "image {image}, row {row}, column {column}"
                );
            }
            let (scale, shift) = (random([outputs], 3, &device), random([outputs], 4, &device));
            let block = values(&conv_block(x.clone(), weight, scale, shift, 1, true));
            for (at, value) in block.iter().enumerate() {
                let (image, row, column) = (at / (20 * outputs), at / 5 % 4 * 2, at % 5 * 2);
                let window = [(row, column), (row, column + 1), (row + 1, column), (row + 1, column + 1)];
                let [must, may] =
                    [0, 1].map(|i| image == 0 && window.iter().any(|at| reached(at.0, at.1)[i]));
                assert!(
                    if value.is_nan() { may } else { !must },
                    "image {image}, row {row}, column {column}"
                );
            }
            let (gamma, beta) = (Tensor::ones([channels], &device), Tensor::zeros([channels], &device));
            let (out, statistics) = batch_norm_relu_pool(x, gamma, beta, 1e-5, true);
            for (at, value) in values(&out).iter().enumerate() {
                assert_eq!(value.is_nan(), at / 20 % channels == 1);
            }
            for (channel, mean) in values(&statistics.mean).iter().enumerate() {
                assert_eq!(mean.is_nan(), channel == 1);
            }
        }
    }
}

#[test]
#[should_panic(expected = "no dimension is zero")]
fn nothing_is_refused() {
    let device = devices().remove(0);
    let x = Tensor::<4>::zeros([0, 2, 4, 4], &device);
    let _ = conv3x3(x, Tensor::zeros([3, 2, 3, 3], &device), 1);
}
