//! Each level of vector instructions computes the same. (A file of its own: the limit is the whole process's.)
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(feature = "flex")]

#[path = "models_ops_support/mod.rs"]
mod support;

use burn::tensor::{Device, Tensor};
use soundalike_features::SimdLevel;
use soundalike_models::ops::{batch_norm_relu_pool, conv_block, conv3x3};
use support::{SHAPES, close, naive_convolution, random, stock_block};

/// Outputs and gradients of a convolution and the fused norm.
fn step(shape: [usize; 4], outputs: usize, stride: usize) -> [Tensor<4>; 3] {
    let device = Device::flex().autodiff();
    let x = random(shape, 1, &device).require_grad();
    let weight = random([outputs, shape[1], 3, 3], 2, &device).require_grad();
    let (gamma, beta) = (random([outputs], 3, &device), random([outputs], 4, &device));
    let y = conv3x3(x.clone(), weight.clone(), stride);
    let (out, _) = batch_norm_relu_pool(y.clone(), gamma, beta, 1e-2, false);
    let factors = random(out.dims(), 5, &device);
    let grads = (out * factors).sum().backward();
    [y.inner(), x.grad(&grads).unwrap(), weight.grad(&grads).unwrap()]
}

#[test]
fn each_level_computes_the_same() {
    for (shape, outputs) in SHAPES {
        if shape[0] * shape[2] * shape[3] < 4 {
            continue;
        }
        for stride in [1, 2] {
            SimdLevel::best().set_limit();
            let best = step(shape, outputs, stride);
            for level in SimdLevel::ALL {
                level.set_limit();
                let what = format!("{shape:?} -> {outputs}, stride {stride}, {level}");
                for (got, expected) in step(shape, outputs, stride).iter().zip(&best) {
                    close(got, expected, 3e-5, &what);
                }
                let device = Device::flex();
                let x = random(shape, 1, &device);
                let weight = random([outputs, shape[1], 3, 3], 2, &device);
                let out = conv3x3(x.clone(), weight.clone(), stride);
                close(&out, &naive_convolution(&x, &weight, stride), 1e-5, &what);
                let (scale, shift) = (random([outputs], 3, &device), random([outputs], 4, &device));
                let out = conv_block(x.clone(), weight.clone(), scale.clone(), shift.clone(), stride, false);
                close(&out, &stock_block(x, weight, scale, shift, stride, false), 1e-5, &what);
            }
        }
    }
}
