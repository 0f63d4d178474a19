//! From a batch to a loss.

use burn::prelude::*;
use burn::tensor::activation::log_sigmoid;
use soundalike_losses::{
    ContrastiveLoss, ContrastiveLossConfig, InfoNceLoss, InfoNceLossConfig, Mining, NtXentLoss,
    NtXentLossConfig, SupConLoss, SupConLossConfig, TripletLoss, TripletLossConfig,
};
use soundalike_models::{InputShape, Model};

use crate::Error;
use crate::config::{Negatives, Objective, TripletMining};
use crate::data::Batch;

/// An objective that is ready to be computed.
#[derive(Debug, Clone)]
pub(crate) enum Criterion {
    Pairs(Negatives),
    NtXent(NtXentLoss),
    InfoNce(InfoNceLoss),
    SupCon(SupConLoss),
    Contrastive(ContrastiveLoss),
    Triplet(TripletLoss),
    Reconstruction,
    Classification,
}

impl Criterion {
    pub(crate) fn new(objective: &Objective) -> Result<Self, Error> {
        Ok(match *objective {
            Objective::Pairs { negatives } => Self::Pairs(negatives),
            Objective::NtXent { temperature } => {
                Self::NtXent(NtXentLossConfig::new().with_temperature(temperature).init()?)
            }
            Objective::InfoNce { temperature, symmetric } => Self::InfoNce(
                InfoNceLossConfig::new().with_temperature(temperature).with_symmetric(symmetric).init()?,
            ),
            Objective::SupCon { temperature } => {
                let config = SupConLossConfig::new().with_temperature(temperature);
                Self::SupCon(config.with_base_temperature(temperature).init()?)
            }
            Objective::Contrastive { margin } => {
                Self::Contrastive(ContrastiveLossConfig::new().with_margin(margin).init()?)
            }
            Objective::Triplet { margin, mining } => {
                let mining = match mining {
                    TripletMining::All => Mining::All,
                    TripletMining::SemiHard => Mining::SemiHard,
                    TripletMining::Hard => Mining::Hard,
                };
                Self::Triplet(TripletLossConfig::new().with_margin(margin).with_mining(mining).init()?)
            }
            Objective::Reconstruction => Self::Reconstruction,
            Objective::Classification => Self::Classification,
        })
    }

    /// The loss of a batch: one number.
    pub(crate) fn loss(
        &self,
        model: &Model,
        batch: &Batch,
        shape: InputShape,
        device: &Device,
    ) -> Result<Tensor<1>, Error> {
        let n = batch.items.len();
        let tensor = |values: &[f32], items: usize| {
            let data = TensorData::new(values.to_vec(), [items, shape.n_mels, shape.frames]);
            Tensor::<3>::from_data(data, device)
        };
        // Both views pass the encoder together: the statistics of batch normalisation are theirs in common.
        let encode = |how: fn(&Model, Tensor<3>) -> Tensor<2>| {
            let both: Vec<f32> = batch.first.iter().chain(&batch.second).copied().collect();
            let views = how(model, tensor(&both, 2 * n));
            let [_, dim] = views.dims();
            let first = views.clone().slice([0..n, 0..dim]);
            let second = views.clone().slice([n..2 * n, 0..dim]);
            (views, first, second)
        };
        match self {
            Self::Reconstruction => {
                let wanted = tensor(&batch.first, n);
                let rebuilt = model.reconstruct(tensor(&batch.second, n))?;
                Ok((rebuilt - wanted).powi_scalar(2).mean())
            }
            Self::Classification => {
                let logits = model.class_logits(tensor(&batch.second, n))?;
                let labels: Vec<i64> = batch.labels.iter().map(|&label| label as i64).collect();
                let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [n, 1]), device);
                let log_probability = burn::tensor::activation::log_softmax(logits, 1);
                Ok(log_probability.gather(1, labels).mean().neg())
            }
            Self::NtXent(loss) => {
                let (_, first, second) = encode(Model::project);
                Ok(loss.forward(first, second)?)
            }
            Self::InfoNce(loss) => {
                let (_, first, second) = encode(Model::project);
                Ok(loss.forward(first, second)?)
            }
            Self::SupCon(loss) => {
                let labels = numbers(batch.labels.iter().chain(&batch.labels), device);
                Ok(loss.forward(encode(Model::project).0, labels)?)
            }
            Self::Triplet(loss) => {
                let tracks = numbers(batch.pieces.iter().chain(&batch.pieces), device);
                Ok(loss.forward(unit(encode(Model::embed).0), tracks)?)
            }
            Self::Contrastive(loss) => {
                let (_, first, second) = encode(Model::embed);
                let (a, b) = (unit(first), unit(second));
                let (other, different) = others(batch, device);
                let negative = b.clone().select(0, other);
                let similar = Tensor::<1, Bool>::from_data(TensorData::new(vec![true; n], [n]), device);
                let left = Tensor::cat(vec![a.clone(), a], 0);
                let right = Tensor::cat(vec![b, negative], 0);
                Ok(loss.forward(left, right, Tensor::cat(vec![similar, different.bool_not()], 0))?)
            }
            Self::Pairs(negatives) => {
                let (_, first, second) = encode(Model::embed);
                match negatives {
                    Negatives::InBatch => in_batch(model, first, second, batch, device),
                    Negatives::Listed => listed(model, first, second, batch, device),
                }
            }
        }
    }
}

/// The two halves of binary cross-entropy: similar pairs of `positive`, different ones where `apart` is one.
fn halves(positive: Tensor<1>, negative: Tensor<1>, apart: Tensor<1>) -> Tensor<1> {
    let similar = log_sigmoid(positive).mean().neg();
    let count = apart.clone().sum().clamp_min(1.0);
    let different = (log_sigmoid(negative.neg()) * apart).sum().neg() / count;
    (similar + different).mul_scalar(0.5)
}

/// Each clip with its own edited view, and with the edited view of every other recording: both have the same
/// distribution of edits. (Different pairs of two clean clips would teach that what is clean is different.)
fn in_batch(
    model: &Model,
    clean: Tensor<2>,
    edited: Tensor<2>,
    batch: &Batch,
    device: &Device,
) -> Result<Tensor<1>, Error> {
    let [n, dim] = clean.dims();
    let rows = |x: Tensor<2>| x.reshape([n, 1, dim]).repeat_dim(1, n).reshape([n * n, dim]);
    let columns = |x: Tensor<2>| x.reshape([1, n, dim]).repeat_dim(0, n).reshape([n * n, dim]);
    let positive = model.pair_logits(clean.clone(), edited.clone());
    let negative = model.pair_logits(rows(clean), columns(edited));
    let apart: Vec<f32> = batch
        .pieces
        .iter()
        .flat_map(|a| batch.pieces.iter().map(move |b| f32::from(u8::from(a != b))))
        .collect();
    let apart = Tensor::<1>::from_data(TensorData::new(apart, [n * n]), device);
    Ok(halves(positive, negative, apart))
}

/// Each clip with its own edited view, and with the edited view of one other recording.
fn listed(
    model: &Model,
    clean: Tensor<2>,
    edited: Tensor<2>,
    batch: &Batch,
    device: &Device,
) -> Result<Tensor<1>, Error> {
    let (other, different) = others(batch, device);
    let positive = model.pair_logits(clean.clone(), edited.clone());
    let negative = model.pair_logits(clean, edited.select(0, other));
    Ok(halves(positive, negative, different.float()))
}

/// For each item the next one of another piece, and whether there is one.
fn others(batch: &Batch, device: &Device) -> (Tensor<1, Int>, Tensor<1, Bool>) {
    let n = batch.pieces.len();
    let other = |i: usize| (1..n).map(|d| (i + d) % n).find(|&j| batch.pieces[j] != batch.pieces[i]);
    let indices: Vec<i64> = (0..n).map(|i| other(i).unwrap_or(i) as i64).collect();
    let exists: Vec<bool> = (0..n).map(|i| other(i).is_some()).collect();
    (
        Tensor::from_data(TensorData::new(indices, [n]), device),
        Tensor::from_data(TensorData::new(exists, [n]), device),
    )
}

fn numbers<'a>(values: impl Iterator<Item = &'a usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.map(|&v| v as i64).collect();
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

/// Rows of length one; a zero row stays zero.
fn unit(x: Tensor<2>) -> Tensor<2> {
    let norm = x.clone().powi_scalar(2).sum_dim(1).add_scalar(1e-12).sqrt();
    x / norm
}
