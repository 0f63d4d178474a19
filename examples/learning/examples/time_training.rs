//! Times training steps and forward passes of the two encoders that docs/results/training-speed.md tells of.
//!
//! `time_training NET OPERATIONS` does one turn for each line that it reads (`train` or `forward`), and answers with
//! seconds on the wall and of processor time: so a script lets it take turns with others. `benches/compare/training.py`
//! is that script.

use std::io::{BufRead, Write};
use std::time::Instant;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Distribution, Tensor};
use clap::{Parser, ValueEnum};
use soundalike_models::ops;

#[derive(Parser)]
struct Options {
    /// Which channels.
    net: Net,
    /// Whose operations.
    operations: Operations,
    /// Clips of a batch.
    #[arg(long, default_value_t = 32)]
    batch: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Net {
    /// 32, 64, 128, 256.
    Siamese,
    /// 64, 128, 256, 512.
    Simclr,
    /// 16, 32, 64, 128.
    Small,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Operations {
    /// `soundalike_models::ops`.
    Own,
    /// burn's, one by one.
    Stock,
}

#[derive(Module, Debug)]
struct Encoder {
    convolutions: Vec<Conv2d>,
    norms: Vec<BatchNorm>,
    out: Linear,
}

impl Encoder {
    fn new(net: Net, device: &Device) -> Self {
        let channels = match net {
            Net::Siamese => [1, 32, 64, 128, 256],
            Net::Simclr => [1, 64, 128, 256, 512],
            Net::Small => [1, 16, 32, 64, 128],
        };
        let pairs = channels.iter().zip(&channels[1..]);
        Self {
            convolutions: pairs
                .map(|(from, to)| {
                    let config = Conv2dConfig::new([*from, *to], [3, 3]);
                    config.with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1)).with_bias(false).init(device)
                })
                .collect(),
            norms: channels[1..]
                .iter()
                .map(|channels| BatchNormConfig::new(*channels).init(device))
                .collect(),
            out: LinearConfig::new(channels[4], 128).init(device),
        }
    }

    fn forward(&self, x: Tensor<4>, operations: Operations) -> Tensor<2> {
        let mut x = x;
        for (convolution, norm) in self.convolutions.iter().zip(&self.norms) {
            x = match operations {
                Operations::Stock => {
                    max_pool2d(relu(norm.forward(convolution.forward(x))), MaxPoolOptions::new([2; 2]))
                }
                Operations::Own => own_block(x, convolution, norm),
            };
        }
        let [batch, channels, ..] = x.dims();
        self.out.forward(x.mean_dim(3).mean_dim(2).reshape([batch, channels]))
    }
}

fn own_block(x: Tensor<4>, convolution: &Conv2d, norm: &BatchNorm) -> Tensor<4> {
    let weight = convolution.weight.val();
    if !x.device().is_autodiff() {
        let scale = norm.gamma.val() / (norm.running_var.value() + norm.epsilon).sqrt();
        let shift = norm.beta.val() - norm.running_mean.value() * scale.clone();
        return ops::conv_block(x, weight, scale, shift, 1, true);
    }
    let x = ops::conv3x3(x, weight, 1);
    let (x, batch) = ops::batch_norm_relu_pool(x, norm.gamma.val(), norm.beta.val(), norm.epsilon, true);
    let update =
        |old: Tensor<1>, new: Tensor<1>| (old * (1.0 - norm.momentum) + new * norm.momentum).detach();
    norm.running_mean.update(update(norm.running_mean.value_sync(), batch.mean));
    norm.running_var.update(update(norm.running_var.value_sync(), batch.var));
    x
}

/// Processor time of all threads, in seconds; zero where the system does not tell.
fn processor_seconds() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let of_task = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.filter_map(|task| of_task(task.ok()?.path())).sum::<f64>() / 1e9
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let device = Device::flex();
    device.seed(1);
    let training = device.clone().autodiff();
    let mut model = Encoder::new(options.net, &training);
    let mut optimizer = AdamConfig::new().init();
    let x = Tensor::<4>::random([options.batch, 1, 128, 130], Distribution::Normal(0.0, 1.0), &device);
    let of_batch = Tensor::<4>::from_data(x.to_data(), &training);
    for line in std::io::stdin().lock().lines() {
        let valid = model.valid();
        let (wall, processor) = (Instant::now(), processor_seconds());
        let result = if line?.trim() == "train" {
            let loss = model.forward(of_batch.clone(), options.operations).square().mean();
            let value: f32 = loss.clone().into_scalar();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(1e-3, model, gradients);
            value
        } else {
            valid.forward(x.clone(), options.operations).square().mean().into_scalar()
        };
        let (wall, processor) = (wall.elapsed().as_secs_f64(), processor_seconds() - processor);
        println!("{wall} {processor} {result}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
