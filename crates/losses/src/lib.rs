//! Contrastive losses on burn tensors, equal to their PyTorch references.
//!
//! Each loss is made from its configuration, `XLossConfig::new().with_..().init()?`, and takes and returns tensors;
//! on which device and by which backend is the tensors' matter.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use soundalike_losses::NtXentLossConfig;
//!
//! let device = Device::flex().autodiff();
//! let loss = NtXentLossConfig::new().with_temperature(0.1).init()?;
//!
//! // Two views of three samples. Embeddings may have any length.
//! let z0 = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]], &device).require_grad();
//! let z1 = Tensor::<2>::from_floats([[9.0, 1.0], [1.0, 9.0], [-9.0, 1.0]], &device);
//! let value = loss.forward(z0.clone(), z1)?;
//!
//! let gradients = value.backward();
//! assert_eq!(z0.grad(&gradients).unwrap().dims(), [3, 2]);
//! assert!(value.into_scalar::<f32>() < 0.01); // views of one sample are near, of different samples far
//! # Ok::<(), soundalike_losses::Error>(())
//! ```
//!
//! | loss | of | measures |
//! |---|---|---|
//! | [`NtXentLoss`] | two views of each sample, or labelled rows | cosines / temperature |
//! | [`InfoNceLoss`] | queries and positives; negatives from the batch, or explicit | cosines / temperature |
//! | [`SupConLoss`] | labelled rows, or several views with or without labels | cosines / temperature |
//! | [`ContrastiveLoss`] | pairs that are similar or different, or labelled rows | Euclidean, of unit vectors by default |
//! | [`TripletLoss`] | triplets, or labelled rows with mining | Euclidean, of vectors as they are by default |
//!
//! # Whose convention
//! Libraries give one name to different formulas. What is ours by default, and what setting is theirs:
//!
//! | theirs | ours |
//! |---|---|
//! | lightly `NTXentLoss`, SimCLR | [`NtXentLoss::forward`] |
//! | lightly `NTXentLoss` with a memory bank, MoCo | [`InfoNceLoss::forward_with_negatives`] |
//! | lightly `DCLLoss` | [`NtXentLoss::forward`], [`Denominator::NegativesOnly`] |
//! | pytorch-metric-learning `NTXentLoss` | [`NtXentLoss::forward_labels`] |
//! | the same in `SelfSupervisedLoss` | [`NtXentLoss::forward`]; not symmetric: [`InfoNceLoss::forward`] |
//! | CLIP | [`InfoNceLoss::forward`], symmetric |
//! | pytorch-metric-learning `SupConLoss` | [`SupConLoss::forward`] |
//! | SupContrast, temperatures 0.07 | [`SupConLoss::forward_views`], base_temperature 0.07, [`Reduction::BatchMean`] |
//! | Hadsell et al. | [`ContrastiveLoss::forward`], normalize false |
//! | pytorch-metric-learning `ContrastiveLoss` | [`ContrastiveLoss::forward_labels`], [`Penalty::Linear`], balanced, [`Reduction::MeanNonZero`] |
//! | burn and PyTorch `TripletMarginLoss` | [`TripletLoss::forward_triplets`] |
//! | pytorch-metric-learning `TripletMarginLoss` | [`TripletLoss::forward`], normalize true, [`Reduction::MeanNonZero`] |
//! | the same after `TripletMarginMiner`, `BatchHardMiner` | with [`Mining::SemiHard`], [`Mining::Hard`] |
//!
//! What a positive competes with is [`Denominator`]; how terms become one value is [`Reduction`].
//!
//! # Numbers
//! - Any temperature from 1e-8 on, and embeddings of any length from 1e-30 to the largest number: vectors are divided
//!   by their largest element before they are squared, similarities by the temperature after the row's maximum is
//!   subtracted. Half-precision tensors are computed, and the loss returned, in single precision.
//! - A zero vector has similarity 0 to all, and a finite gradient. Two equal vectors have distance 0, and no gradient.
//! - An anchor, pair or triplet that does not exist (no positive, no negative, a batch of one) adds nothing; a batch
//!   with none at all has the loss 0 and the gradient 0, never NaN. NaN or infinity in, NaN out: never a hidden 0.
//! - No value is read back from the device, not even for an error: errors come from settings, shapes, types and
//!   devices alone.

mod check;
mod contrastive;
mod denominator;
mod distance;
mod error;
mod info_nce;
mod length;
mod mining;
mod nt_xent;
mod pairs;
mod reduction;
mod softmax;
mod sup_con;
mod triplet;

pub use contrastive::{ContrastiveLoss, ContrastiveLossConfig, Penalty};
pub use denominator::Denominator;
pub use error::Error;
pub use info_nce::{InfoNceLoss, InfoNceLossConfig};
pub use mining::Mining;
pub use nt_xent::{NtXentLoss, NtXentLossConfig};
pub use reduction::Reduction;
pub use sup_con::{ContrastMode, SupConLoss, SupConLossConfig};
pub use triplet::{TripletLoss, TripletLossConfig};

/// Holds the example on the crate's front page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FrontPage;
