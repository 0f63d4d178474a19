//! The networks: shapes, settings, gradients, running statistics, states.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(feature = "flex")]

use burn::Tensor;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Distribution, Gradients};
use soundalike_models::{
    AutoencoderConfig, ClipFrontEnd, ClipFrontEndConfig, Downsampling, Error, GenreConfig, IdentifyConfig,
    Initialization, InputShape, Model, ModelConfig, Pooling, SiameseConfig, SimclrConfig,
};

fn random(shape: [usize; 3], device: &Device) -> Tensor<3> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec_as().unwrap()
}

fn small() -> [ModelConfig; 5] {
    [
        SiameseConfig::new().with_channels([4, 6]).with_embedding_dim(5).into(),
        SimclrConfig::new().with_channels([4, 6]).with_embedding_dim(5).into(),
        AutoencoderConfig::new().with_channels([4, 6]).with_embedding_dim(5).into(),
        GenreConfig::new().with_channels([4, 6]).with_embedding_dim(5).with_classes(3).into(),
        IdentifyConfig::new().with_channels([4, 6]).with_embedding_dim(5).into(),
    ]
}

fn model(config: &ModelConfig, device: &Device) -> Model {
    Model::new(config, InputShape::new(16, 12), device).unwrap()
}

/// The kind's own answer, as one number.
fn loss(model: &Model, x: Tensor<3>) -> Tensor<1> {
    match model.config() {
        ModelConfig::Siamese(_) => model.pair_logits(model.embed(x.clone()), model.embed(x * 0.5)).sum(),
        ModelConfig::Autoencoder(_) => model.reconstruct(x).unwrap().powi_scalar(2).sum(),
        ModelConfig::Genre(_) => model.class_logits(x).unwrap().powi_scalar(2).sum(),
        _ => (model.project(x) - 0.3).powi_scalar(4).sum(),
    }
}

#[test]
fn presets_at_their_size() {
    let device = Device::flex();
    let clip = ClipFrontEnd::new(&ClipFrontEndConfig::clip_22050_3s()).unwrap().shape();
    assert_eq!((clip.n_mels, clip.frames), (128, 130));
    let second = ClipFrontEnd::new(&ClipFrontEndConfig::identify_16k_1s()).unwrap().shape();
    assert_eq!((second.n_mels, second.frames), (64, 63));
    let five = ClipFrontEnd::new(&ClipFrontEndConfig::clip_22050_5s()).unwrap().shape();
    assert_eq!((five.n_mels, five.frames), (128, 216));

    let cases: [(ModelConfig, InputShape, usize, usize); 5] = [
        // Convolutions and batch norms; from 2 x 256 x 8 values to 128; the head.
        (SiameseConfig::new().into(), clip, 128, 387_360 + 480 * 2 + 4096 * 128 + 128 + 64 * 128 + 64 + 65),
        (
            SimclrConfig::new().into(),
            clip,
            128,
            1_548_864 + 960 * 2 + 8192 * 128 + 128 + 128 * 129 + 129 * 64,
        ),
        (SiameseConfig::embed_64().into(), five, 64, 387_360 + 480 * 2 + 4096 * 64 + 64 + 64 * 64 + 64 + 65),
        (GenreConfig::new().with_classes(8).into(), clip, 128, 387_360 + 480 * 2 + 512 * 128 + 128 + 129 * 8),
        (IdentifyConfig::new().into(), second, 128, 977_184 + 736 * 2 + 1024 * 128 + 128),
    ];
    for (config, shape, dim, parameters) in cases {
        let model = Model::new(&config, shape, &device).unwrap();
        assert_eq!(model.parameters(), parameters, "{}", config.kind());
        let embeddings = model.embed(random([2, shape.n_mels, shape.frames], &device));
        assert_eq!(embeddings.dims(), [2, dim]);
        assert_eq!((model.embedding_dim(), config.embedding_dim()), (dim, dim));
        assert!(values(embeddings).iter().all(|x| x.is_finite()));
    }
    let auto = Model::new(&AutoencoderConfig::new().into(), clip, &device).unwrap();
    let x = random([1, 128, 130], &device);
    assert_eq!(auto.reconstruct(x).unwrap().dims(), [1, 128, 130]);
}

#[test]
fn three_to_six_blocks_of_each_kind() {
    let device = Device::flex();
    for blocks in 3..=6 {
        for pooling in
            [Pooling::Flatten, Pooling::TimeMean, Pooling::TimeMeanMax, Pooling::Mean, Pooling::MeanMax]
        {
            for downsampling in [Downsampling::MaxPool, Downsampling::Stride] {
                let config = SimclrConfig::new()
                    .with_channels(vec![3; blocks])
                    .with_pooling(pooling)
                    .with_downsampling(downsampling);
                let model = Model::new(&config.into(), InputShape::new(70, 65), &device).unwrap();
                assert_eq!(model.project(random([2, 70, 65], &device)).dims(), [2, 64]);
            }
        }
    }
}

#[test]
fn the_autoencoder_gives_back_any_shape() {
    let device = Device::flex();
    for (n_mels, frames) in [(16, 16), (17, 9), (31, 33), (8, 63)] {
        for downsampling in [Downsampling::MaxPool, Downsampling::Stride] {
            let config = AutoencoderConfig::new().with_channels([3, 4, 5]).with_downsampling(downsampling);
            let model = Model::new(&config.into(), InputShape::new(n_mels, frames), &device).unwrap();
            let x = random([2, n_mels, frames], &device);
            assert_eq!(model.reconstruct(x).unwrap().dims(), [2, n_mels, frames]);
        }
    }
}

#[test]
fn what_cannot_be_is_named() {
    let refused = |config: ModelConfig| {
        Model::new(&config, InputShape::new(16, 12), &Device::flex()).unwrap_err().to_string()
    };
    let siamese = SiameseConfig::new;
    for (config, name) in [
        (siamese().into(), "channels: block 4 of 4"),
        (siamese().with_channels([]).into(), "channels"),
        (siamese().with_channels([0]).into(), "channels"),
        (siamese().with_channels([5000]).into(), "channels"),
        (siamese().with_channels([4; 9]).into(), "channels"),
        (siamese().with_channels([4]).with_embedding_dim(0).into(), "embedding_dim"),
        (siamese().with_channels([4]).with_dropout(1.0).into(), "dropout"),
        (siamese().with_channels([4]).with_dropout(f64::NAN).into(), "dropout"),
        (siamese().with_channels([4]).with_head_hidden(usize::MAX).into(), "head_hidden"),
        (SimclrConfig::new().with_channels([4]).with_projection_dim(0).into(), "projection_dim"),
        (SimclrConfig::new().with_channels([4]).with_projection_hidden(0).into(), "projection_hidden"),
        (GenreConfig::new().with_channels([4]).into(), "classes"),
    ] {
        let message = refused(config);
        assert!(message.starts_with(name), "{name}: {message}");
    }
    let config = small()[0].clone();
    for shape in [InputShape::new(0, 12), InputShape::new(16, usize::MAX)] {
        assert!(matches!(Model::new(&config, shape, &Device::flex()), Err(Error::Setting { .. })));
    }
}

#[test]
fn another_kind_cannot() {
    let device = Device::flex();
    for config in small() {
        let model = model(&config, &device);
        let x = random([2, 16, 12], &device);
        assert_eq!(model.reconstruct(x.clone()).is_ok(), config.kind() == "autoencoder");
        assert_eq!(model.class_logits(x).is_ok(), config.kind() == "genre");
    }
    let error = model(&small()[4], &device).class_logits(random([1, 16, 12], &device)).unwrap_err();
    assert_eq!(error.to_string(), "a model of kind identify cannot name classes; one of kind genre can");
}

#[test]
fn pairs() {
    let device = Device::flex();
    // Without a head: ten times the cosine above one half.
    let identify = model(&small()[4], &device);
    let a = Tensor::<2>::from_floats([[3.0, 0.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0, 0.0]], &device);
    let b = Tensor::<2>::from_floats([[1.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]], &device);
    assert_eq!(values(identify.pair_logits(a.clone(), b.clone())), [5.0, -5.0]);
    // With one: the same both ways, and the bias for equal embeddings.
    let siamese = model(&small()[0], &device);
    let one_way = values(siamese.pair_logits(a.clone(), b.clone()));
    assert_eq!(one_way, values(siamese.pair_logits(b, a.clone())));
    assert_eq!(values(siamese.pair_logits(a.clone(), a)), [0.0, 0.0]);
    // Embeddings of zeros have no direction, but an answer.
    let zero = Tensor::<2>::zeros([1, 5], &device);
    assert_eq!(values(identify.pair_logits(zero.clone(), zero)), [-5.0]);
}

#[test]
fn unit_embeddings() {
    let device = Device::flex();
    let embeddings = model(&small()[4], &device).embed(random([5, 16, 12], &device));
    for norm in values(embeddings.powi_scalar(2).sum_dim(1)) {
        assert!((norm - 1.0).abs() < 1e-5, "{norm}");
    }
}

/// Parameters without a gradient, or with none but zeros.
struct Idle<'a> {
    path: Vec<String>,
    gradients: &'a Gradients,
    idle: Vec<String>,
}

impl ModuleVisitor for Idle<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).map(values).unwrap_or_default();
        assert!(gradient.iter().all(|x| x.is_finite()));
        if gradient.iter().all(|x| *x == 0.0) {
            self.idle.push(self.path.join("."));
        }
    }
}

#[test]
fn every_parameter_learns() {
    let device = Device::flex().autodiff();
    for config in small() {
        let model = model(&config, &device);
        let gradients = loss(&model, random([6, 16, 12], &device)).backward();
        let mut idle = Idle { path: Vec::new(), gradients: &gradients, idle: Vec::new() };
        model.visit(&mut idle);
        // A Siamese head sees differences, in which the embedding's bias is lost.
        idle.idle.retain(|name| {
            let lost = config.kind() == "siamese" && name == "encoder.fc.bias";
            !lost && !name.contains(".running_")
        });
        assert!(idle.idle.is_empty(), "{}: {:?}", config.kind(), idle.idle);
    }
}

fn running_mean(model: &Model) -> Vec<f32> {
    values(model.encoder.blocks[0].bn.running_mean.value())
}

#[test]
fn running_statistics() {
    let device = Device::flex().autodiff();
    let trained = model(&small()[4], &device);
    let before = running_mean(&trained);
    let (copy, shared) = (trained.to_valid(), trained.clone());
    let _ = trained.embed(random([4, 16, 12], &device) + 3.0);
    let after = running_mean(&trained);
    assert_ne!(before, after);
    // At once, without a later call that would bring it up to date.
    let restored = trained.with_bytes(trained.to_bytes().unwrap()).unwrap();
    assert_eq!(running_mean(&restored), after);
    assert_eq!(running_mean(&copy), before, "a copy by valid() is one");
    assert_eq!(running_mean(&shared), after, "a clone shares them, as in burn");
    // Inference changes nothing.
    let valid = trained.to_valid();
    let _ = valid.embed(random([4, 16, 12], &Device::flex()) + 3.0);
    assert_eq!(running_mean(&valid), after);
    // A frozen model is used as it is, on any device.
    let frozen = restored.freeze();
    let _ = frozen.embed(random([4, 16, 12], &device) + 3.0);
    assert_eq!(running_mean(&frozen), after);
}

#[test]
fn one_value_a_channel_is_enough() {
    let device = Device::flex().autodiff();
    let config = IdentifyConfig::new().with_channels([4, 4]).into();
    let model = Model::new(&config, InputShape::new(1, 1), &device).unwrap();
    let embedding = values(model.embed(random([1, 1, 1], &device)));
    assert!(embedding.iter().all(|x| x.is_finite()));
    assert!(values(model.to_valid().embed(random([1, 1, 1], &Device::flex()))).iter().all(|x| x.is_finite()));
}

#[test]
fn dropout_leaves_out_channels_in_training_alone() {
    let device = Device::flex().autodiff();
    let config =
        SimclrConfig::new().with_channels([64]).with_pooling(Pooling::Flatten).with_dropout(0.5).into();
    let model = Model::new(&config, InputShape::new(4, 4), &device).unwrap();
    let x = random([8, 4, 4], &device).unsqueeze_dim::<4>(1);
    let block = &model.encoder.blocks[0];
    let maps = values(block.forward(x.clone()));
    let silent = maps.chunks(4).filter(|map| map.iter().all(|x| *x == 0.0)).count();
    assert!((150..362).contains(&silent), "{silent} of 512");
    assert_ne!(maps, values(block.forward(x.clone())));
    let (valid, x) = (model.to_valid(), x.inner());
    let maps = values(valid.encoder.blocks[0].forward(x.clone()));
    assert_eq!(maps, values(valid.encoder.blocks[0].forward(x)));
}

#[test]
fn states_restore_weights_and_identities() {
    let device = Device::flex().autodiff();
    let trained = model(&small()[0], &device);
    let restored = model(&small()[0], &device).with_bytes(trained.to_bytes().unwrap()).unwrap();
    assert_eq!(restored.encoder.fc.weight.id, trained.encoder.fc.weight.id);
    assert!(restored.device().is_autodiff() && restored.encoder.fc.weight.is_require_grad());
    let x = random([2, 16, 12], &Device::flex());
    assert_eq!(values(restored.to_valid().embed(x.clone())), values(trained.to_valid().embed(x)));
    assert_eq!(values(restored.encoder.fc.weight.val()), values(trained.encoder.fc.weight.val()));

    let bytes = trained.to_bytes().unwrap();
    let other = model(&small()[1], &device);
    assert!(matches!(other.with_bytes(bytes.clone()), Err(Error::State { .. })));
    assert!(matches!(trained.with_bytes(bytes[..bytes.len() / 2].to_vec()), Err(Error::State { .. })));
    assert!(matches!(trained.with_bytes(Vec::new()), Err(Error::State { .. })));
}

#[test]
fn a_head_on_another_s_encoder() {
    let device = Device::flex().autodiff();
    let learned = model(&small()[1], &device);
    let _ = learned.embed(random([4, 16, 12], &device));
    let base = || GenreConfig::new().with_channels([4, 6]).with_embedding_dim(5).with_classes(3);
    let genre = model(&base().with_pooling(Pooling::TimeMeanMax).into(), &device);
    let genre = genre.with_encoder_of(&learned).unwrap();
    let x = random([2, 16, 12], &Device::flex());
    assert_eq!(values(genre.to_valid().embed(x.clone())), values(learned.to_valid().embed(x)));
    let before = running_mean(&learned);
    let _ = genre.class_logits(random([4, 16, 12], &device)).unwrap();
    assert_eq!(running_mean(&learned), before, "each has its own");
    let other = model(&base().into(), &device).with_encoder_of(&learned).unwrap_err();
    assert!(matches!(other, Error::Setting { name: "pooling", .. }), "{other}");
}

#[test]
fn weights_start_as_he_and_glorot_say() {
    let variance = |how| {
        let config = SimclrConfig::new().with_channels([64, 128]).with_initialization(how).into();
        let model = Model::new(&config, InputShape::new(16, 12), &Device::flex()).unwrap();
        let weights = values(model.encoder.blocks[1].conv.weight.val());
        weights.iter().map(|x| x * x).sum::<f32>() / weights.len() as f32
    };
    let close = |a: f32, b: f32| (a / b - 1.0).abs() < 0.05;
    assert!(close(variance(Initialization::Kaiming), 2.0 / (9.0 * 64.0)));
    assert!(close(variance(Initialization::Xavier), 2.0 / (9.0 * 192.0)));
}
