//! The operations' gradients, against burn's own ones and against differences.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(any(feature = "flex", feature = "ndarray", feature = "wgpu"))]

#[path = "models_ops_support/mod.rs"]
mod support;

use burn::tensor::Tensor;
use burn::tensor::module::batch_norm_train;
use soundalike_models::ops::{batch_norm_relu_pool, conv_block, conv3x3, scale_channels};
use support::{
    SHAPES, close, devices, random, stock_block, stock_convolution, stock_relu_pool, training_devices, values,
};

#[test]
fn of_convolutions_as_by_burn() {
    for device in training_devices() {
        for (shape, outputs) in SHAPES {
            for stride in [1, 2] {
                let x = random(shape, 1, &device).require_grad();
                let weight = random([outputs, shape[1], 3, 3], 2, &device).require_grad();
                let gradients = |convolution: fn(Tensor<4>, Tensor<4>, usize) -> Tensor<4>| {
                    let out = convolution(x.clone(), weight.clone(), stride);
                    let factors = random(out.dims(), 3, &device);
                    let grads = (out * factors).sum().backward();
                    (x.grad(&grads).unwrap(), weight.grad(&grads).unwrap())
                };
                let (of_x, of_weight) = gradients(conv3x3);
                let (expected_x, expected_weight) = gradients(stock_convolution);
                let what = format!("{shape:?} -> {outputs}, stride {stride}, {device:?}");
                close(&of_x, &expected_x, 1e-5, &what);
                close(&of_weight, &expected_weight, 1e-5, &what);
            }
        }
    }
}

#[test]
fn of_the_fused_norm_as_by_burn() {
    for device in training_devices() {
        for (shape, _) in SHAPES {
            for pool in [false, true] {
                if (pool && (shape[2] < 2 || shape[3] < 2)) || shape[0] * shape[2] * shape[3] < 4 {
                    continue;
                }
                let x = (random(shape, 1, &device) * 2.0 + 1.0).detach().require_grad();
                let gamma = random([shape[1]], 2, &device).require_grad();
                let beta = random([shape[1]], 3, &device).require_grad();
                let gradients = |fused: bool| {
                    let (x, gamma, beta) = (x.clone(), gamma.clone(), beta.clone());
                    let out = if fused {
                        batch_norm_relu_pool(x.clone(), gamma.clone(), beta.clone(), 1e-5, pool).0
                    } else {
                        stock_relu_pool(
                            batch_norm_train(x.clone(), gamma.clone(), beta.clone(), 1e-5).output,
                            pool,
                        )
                    };
                    let factors = random(out.dims(), 4, &device);
                    let grads = (out * factors).sum().backward();
                    (x.grad(&grads).unwrap(), gamma.grad(&grads).unwrap(), beta.grad(&grads).unwrap())
                };
                let (got, expected) = (gradients(true), gradients(false));
                let what = format!("{shape:?}, pool {pool}, {device:?}");
                close(&got.0, &expected.0, 2e-5, &what);
                close(&got.1, &expected.1, 2e-5, &what);
                close(&got.2, &expected.2, 2e-5, &what);
            }
        }
    }
}

/// A loss that is far from the kinks of ReLU and pooling nearly everywhere.
fn loss(x: Tensor<4>, weight: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<1> {
    let (out, _) = batch_norm_relu_pool(conv3x3(x, weight, 1), gamma, beta, 1e-3, true);
    let factors = random(out.dims(), 9, &out.device());
    (out * factors).sum()
}

#[test]
fn are_the_differences_of_the_loss() {
    for device in devices() {
        let inner = device.clone();
        let device = device.autodiff();
        let inputs = |device| {
            (
                random([2, 3, 6, 7], 1, device),
                random([4, 3, 3, 3], 2, device),
                random([4], 3, device) + 1.0,
                random([4], 4, device) + 2.0,
            )
        };
        let (x, weight, gamma, beta) = inputs(&device);
        let (x, weight) = (x.require_grad(), weight.require_grad());
        let (gamma, beta) = (gamma.detach().require_grad(), beta.detach().require_grad());
        let grads = loss(x.clone(), weight.clone(), gamma.clone(), beta.clone()).backward();
        let got = [
            values(&x.grad(&grads).unwrap()),
            values(&weight.grad(&grads).unwrap()),
            values(&gamma.grad(&grads).unwrap()),
            values(&beta.grad(&grads).unwrap()),
        ];
        let (x, weight, gamma, beta) = inputs(&inner);
        let step = 1e-2;
        let nudge = |values: &[f32], at: usize, by: f32| {
            let mut values = values.to_vec();
            values[at] += by;
            values
        };
        let all = [values(&x), values(&weight), values(&gamma), values(&beta)];
        let loss_of = |all: [Vec<f32>; 4]| {
            let tensor = |values: &[f32]| Tensor::<1>::from_floats(values, &inner);
            let loss = loss(
                tensor(&all[0]).reshape(x.dims()),
                tensor(&all[1]).reshape(weight.dims()),
                tensor(&all[2]),
                tensor(&all[3]),
            );
            values_of(&loss)
        };
        let mut off = 0;
        let mut count = 0;
        for which in 0..4 {
            for at in (0..all[which].len()).step_by(3) {
                let moved = |by: f32| {
                    let mut all = all.clone();
                    all[which] = nudge(&all[which], at, by);
                    loss_of(all)
                };
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                let got = got[which][at];
                count += 1;
                if (difference - got).abs() > 2e-2 * (1.0 + got.abs()) {
                    off += 1;
                }
            }
        }
        // Where a maximum changes over within the step there is no derivative.
        assert!(off * 20 <= count, "{off} of {count} differ on {device:?}");
    }
}

fn values_of(loss: &Tensor<1>) -> f32 {
    values(loss)[0]
}

#[test]
fn a_tracked_block_is_differentiable() {
    for device in training_devices() {
        let x = random([2, 5, 6, 8], 1, &device).require_grad();
        let weight = random([9, 5, 3, 3], 2, &device);
        let (scale, shift) = (random([9], 3, &device), random([9], 4, &device));
        let run = |block: fn(Tensor<4>, Tensor<4>, Tensor<1>, Tensor<1>, usize, bool) -> Tensor<4>| {
            let out = block(x.clone(), weight.clone(), scale.clone(), shift.clone(), 1, true);
            let grads = out.clone().powi_scalar(2).sum().backward();
            (out.inner(), x.grad(&grads).unwrap())
        };
        let (got, expected) = (run(conv_block), run(stock_block));
        close(&got.0, &expected.0, 1e-5, "output");
        close(&got.1, &expected.1, 1e-5, "gradient");
        // And nothing is tracked where nothing is asked for.
        let out = conv_block(x.clone().detach(), weight.clone(), scale.clone(), shift.clone(), 1, true);
        close(&out.inner(), &expected.0, 1e-5, "untracked");
    }
}

#[test]
fn channels_are_scaled_as_by_burn() {
    for device in training_devices() {
        for (shape, _) in SHAPES {
            let x = random(shape, 1, &device).require_grad();
            let factors = random([shape[0], shape[1]], 2, &device);
            let square = |out: Tensor<4>| {
                let grads = out.clone().powi_scalar(2).sum().backward();
                (out.inner(), x.grad(&grads).unwrap())
            };
            let got = square(scale_channels(x.clone(), factors.clone()));
            let expected = square(x.clone() * factors.clone().reshape([shape[0], shape[1], 1, 1]));
            close(&got.0, &expected.0, 1e-6, "output");
            close(&got.1, &expected.1, 1e-6, "gradient");
            // Where the factors are learnt too.
            let factors = factors.detach().require_grad();
            let grads = scale_channels(x.clone(), factors.clone()).sum().backward();
            let sums = x.clone().inner().sum_dim(3).sum_dim(2).reshape([shape[0], shape[1]]);
            close(&factors.grad(&grads).unwrap(), &sums, 1e-5, "gradient of the factors");
        }
    }
}

#[cfg(feature = "flex")]
#[test]
fn a_constant_may_come_from_the_device_without_gradients() {
    let device = burn::tensor::Device::flex();
    let weight = random([20, 18, 3, 3], 2, &device.clone().autodiff()).require_grad();
    let gradient = |x: Tensor<4>| {
        let (gamma, beta) = (Tensor::ones([20], &x.device()), Tensor::zeros([20], &x.device()));
        let (out, _) = batch_norm_relu_pool(conv3x3(x, weight.clone(), 1), gamma, beta, 1e-5, true);
        weight.grad(&out.powi_scalar(2).sum().backward()).unwrap()
    };
    let of_constant = gradient(random([3, 18, 8, 9], 1, &device));
    let expected = gradient(random([3, 18, 8, 9], 1, &device.autodiff()));
    assert_eq!(values(&of_constant), values(&expected));
}

#[test]
fn what_others_hold_stays_as_it_is() {
    for device in training_devices() {
        let run = |hold: bool| {
            let x = random([4, 6, 9, 10], 1, &device).require_grad();
            let (first, second) = (random([20, 6, 3, 3], 2, &device), random([18, 20, 3, 3], 3, &device));
            let ones = |channels: usize| Tensor::ones([channels], &device);
            let y = conv3x3(x.clone(), first, 1);
            let (z, _) = batch_norm_relu_pool(y.clone(), ones(20), ones(20), 1e-5, true);
            let dropped = scale_channels(z.clone(), random([4, 20], 4, &device));
            let out = conv3x3(dropped, second, 1);
            let held = hold.then(|| (y.clone(), z.clone()));
            let before = held.as_ref().map(|(y, z)| (values(y), values(z)));
            drop((y, z));
            let grads = out.powi_scalar(2).sum().backward();
            let after = held.as_ref().map(|(y, z)| (values(y), values(z)));
            assert_eq!(before, after);
            values(&x.grad(&grads).unwrap())
        };
        let (held, free) = (run(true), run(false));
        for (a, b) in held.iter().zip(&free) {
            assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{a} is not {b}");
        }
        soundalike_models::ops::release_memory();
        assert_eq!(run(false).len(), free.len());
    }
}

#[cfg(feature = "flex")]
#[test]
fn the_same_bits_each_time() {
    let device = burn::tensor::Device::flex().autodiff();
    for channels in [6, 40] {
        let run = || {
            let x = random([11, channels, 13, 30], 1, &device).require_grad();
            let weight = random([40, channels, 3, 3], 2, &device).require_grad();
            let gamma = random([40], 3, &device).require_grad();
            let beta = random([40], 4, &device);
            let y = conv3x3(x.clone(), weight.clone(), 1);
            let (out, statistics) = batch_norm_relu_pool(y, gamma.clone(), beta, 1e-5, true);
            let grads = out.powi_scalar(2).sum().backward();
            [
                values(&x.grad(&grads).unwrap()),
                values(&weight.grad(&grads).unwrap()),
                values(&gamma.grad(&grads).unwrap()),
                values(&statistics.var),
            ]
        };
        let first = run();
        for threads in [1, 2, 3, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(run), first, "{threads} threads");
        }
    }
}
