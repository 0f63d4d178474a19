//! Any configuration and any samples through every public entry of `soundalike-features`.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use soundalike_features::{
    ChunkConfig, Chunker, ComplexMatrix, DbConfig, DctNorm, LifterKind, LogMel, LogMelConfig, Matrix,
    MelConfig, MelDomain, MelFilterBank, MelNorm, MelScale, MelSpectrogram, Mfcc, MfccConfig, Stft,
    StftConfig, Tail, hz_to_mel, mel_to_hz, pooling, power_to_db,
};

mod input;
use input::{MOST_VALUES, Number, Samples, Size, Transform, plan, same, whole};

#[derive(Arbitrary, Debug)]
struct Input {
    transform: Transform,
    bands: Bands,
    decibels: Decibels,
    cepstrum: Cepstrum,
    chunks: (Size, Size, bool, Vec<u8>),
    samples: Samples,
}

#[derive(Arbitrary, Debug)]
struct Bands {
    sample_rate: Number,
    power: Option<f32>,
    n_mels: Size,
    fmin: Option<Number>,
    fmax: Option<Number>,
    scale: u8,
    norm: bool,
    mel_domain: bool,
    zero_dc: bool,
}

impl Bands {
    fn config(&self, stft: StftConfig) -> MelConfig {
        MelConfig::new((self.sample_rate.get() * 4.0) as u32)
            .with_stft(stft)
            .with_power(self.power.unwrap_or(2.0))
            .with_n_mels(self.n_mels.get())
            .with_fmin(self.fmin.map_or(0.0, Number::get))
            .with_fmax(self.fmax.map(Number::get))
            .with_scale(SCALES[usize::from(self.scale) % SCALES.len()])
            .with_norm(if self.norm { MelNorm::Slaney } else { MelNorm::None })
            .with_domain(if self.mel_domain { MelDomain::Mel } else { MelDomain::Hz })
            .with_zero_dc(self.zero_dc)
    }
}

const SCALES: [MelScale; 3] = [MelScale::Slaney, MelScale::Htk, MelScale::Kaldi];

#[derive(Arbitrary, Debug)]
struct Cepstrum {
    n_mfcc: Size,
    dct_type: Option<u8>,
    plain: bool,
    lifter: Option<Number>,
    kaldi: bool,
}

impl Cepstrum {
    fn config(&self, mel: &MelConfig, db: &DbConfig) -> MfccConfig {
        MfccConfig::new(1)
            .with_mel(mel.clone())
            .with_db(db.clone())
            .with_n_mfcc(self.n_mfcc.get())
            .with_dct_type(self.dct_type.unwrap_or(2))
            .with_norm(if self.plain { DctNorm::None } else { DctNorm::Ortho })
            .with_lifter(self.lifter.map_or(0.0, Number::get))
            .with_lifter_kind(if self.kaldi { LifterKind::Kaldi } else { LifterKind::Librosa })
    }
}

#[derive(Arbitrary, Debug)]
struct Decibels {
    reference: Option<f32>,
    amin: Option<f32>,
    top_db: Option<Option<f32>>,
}

impl Decibels {
    fn config(&self) -> DbConfig {
        let default = DbConfig::default();
        default
            .clone()
            .with_amin(self.amin.unwrap_or(default.amin))
            .with_reference(self.reference.unwrap_or(1.0))
            .with_top_db(self.top_db.unwrap_or(default.top_db))
    }
}

fn transforms(config: &StftConfig, samples: &[f32]) {
    let Ok(stft) = Stft::new(config) else {
        return;
    };
    let frames = || stft.frames(samples.len());
    let parts = plan(
        samples,
        stft.bins(),
        frames(),
        |x| stft.stft(x).map(|z| z.re),
        |x, out, scratch| {
            let mut complex = ComplexMatrix::default();
            stft.stft_into(x, &mut complex, scratch)?;
            *out = complex.re;
            Ok(())
        },
    );
    let power = plan(
        samples,
        stft.bins(),
        frames(),
        |x| stft.power(x),
        |x, out, scratch| stft.power_into(x, out, scratch),
    );
    let magnitude = plan(
        samples,
        stft.bins(),
        frames(),
        |x| stft.magnitude(x),
        |x, out, scratch| stft.magnitude_into(x, out, scratch),
    );
    assert_eq!(parts.is_some(), power.is_some());
    assert_eq!(parts.is_some(), magnitude.is_some());
    if let Some(power) = power {
        assert!(power.as_slice().iter().all(|v| *v >= 0.0));
        whole(&power.transposed(), power.cols(), power.rows());
        for pool in [pooling::mean, pooling::std, pooling::max] {
            assert_eq!(pool(&power).map(|v| v.len()), Ok(power.rows()));
        }
        for (rows, cols) in [(power.rows(), power.cols()), (0, 0), (usize::MAX, usize::MAX)] {
            assert_eq!(power.get(rows, cols).is_some(), rows < power.rows() && cols < power.cols());
            assert_eq!(power.row(rows).is_some(), rows < power.rows());
        }
    }
}

fn bands(config: &MelConfig, db: &DbConfig, cepstrum: &Cepstrum, samples: &[f32]) {
    let (n_fft, n_mels) = (config.stft.n_fft, config.n_mels);
    let bank = MelFilterBank::new(config);
    let log_mel = LogMel::new(&LogMelConfig::new(1).with_mel(config.clone()).with_db(db.clone()));
    let mfcc = Mfcc::new(&cepstrum.config(config, db));
    let mel = MelSpectrogram::new(config);
    assert_eq!(bank.is_ok(), mel.is_ok());
    let (Ok(bank), Ok(mel)) = (bank, mel) else {
        assert!(log_mel.is_err() && mfcc.is_err());
        return;
    };
    assert_eq!((bank.n_mels(), bank.bins()), (n_mels, n_fft / 2 + 1));
    assert!(bank.empty_bands() <= n_mels);
    if n_mels * bank.bins() <= MOST_VALUES {
        whole(&bank.to_dense().unwrap(), n_mels, bank.bins());
        let spectra = Matrix::new(vec![0.5; 2 * bank.bins()], bank.bins(), 2).unwrap();
        whole(&bank.apply(&spectra).unwrap(), n_mels, 2);
        assert!(bank.apply(&Matrix::default()).is_err());
    }
    let frames = || mel.frames(samples.len());
    let powers = plan(
        samples,
        n_mels,
        frames(),
        |x| mel.compute(x),
        |x, out, scratch| mel.compute_into(x, out, scratch),
    );
    let Ok(log_mel) = log_mel else {
        assert!(mfcc.is_err());
        return;
    };
    let decibels = plan(
        samples,
        n_mels,
        frames(),
        |x| log_mel.compute(x),
        |x, out, scratch| log_mel.compute_into(x, out, scratch),
    );
    assert_eq!(powers.is_some(), decibels.is_some());
    if let (Some(mut powers), Some(decibels)) = (powers, &decibels) {
        powers.power_to_db(db).unwrap();
        same(&powers, decibels);
    }
    let Ok(mfcc) = mfcc else {
        return;
    };
    let coefficients = plan(
        samples,
        cepstrum.n_mfcc.get(),
        frames(),
        |x| mfcc.compute(x),
        |x, out, scratch| mfcc.compute_into(x, out, scratch),
    );
    if let (Some(coefficients), Some(decibels)) = (coefficients, decibels) {
        same(&mfcc.compute_from_log_mel(&decibels).unwrap(), &coefficients);
    }
}

fn decibels(config: &DbConfig, values: &[f32]) {
    let mut out = values.to_vec();
    if power_to_db(&mut out, config).is_ok() {
        assert!(out.iter().all(|v| v.is_finite()));
    } else {
        assert!(out.iter().zip(values).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

fn chunks(length: usize, hop: usize, align: bool, blocks: &[u8], samples: &[f32]) {
    let config = ChunkConfig::new(length, hop).with_tail(if align { Tail::Align } else { Tail::Drop });
    let Ok(mut chunker) = Chunker::new(&config) else {
        assert!(config.chunk_bounds(samples.len()).is_err());
        return;
    };
    let want: Vec<_> = config.chunk_bounds(samples.len()).unwrap().collect();
    assert!(config.chunk_bounds(usize::MAX).unwrap().take(10).all(|range| range.start < range.end));
    let mut got = Vec::new();
    let mut keep = |start: u64, chunk: &[f32]| {
        got.push(start as usize..start as usize + chunk.len());
        Ok::<(), ()>(())
    };
    let mut rest = samples;
    for block in blocks {
        let (now, later) = rest.split_at(usize::from(*block).min(rest.len()));
        chunker.push(now, &mut keep).unwrap();
        rest = later;
    }
    chunker.push(rest, &mut keep).unwrap();
    chunker.finish(&mut keep).unwrap();
    assert_eq!(got, want);
}

fuzz_target!(|data: &[u8]| {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let samples = input.samples.get();
    let stft = input.transform.config();
    // Longer transforms are correct too, but slow to plan.
    if stft.n_fft <= 1 << 14 || stft.n_fft > 1 << 22 {
        transforms(&stft, &samples);
        bands(&input.bands.config(stft), &input.decibels.config(), &input.cepstrum, &samples);
    }
    decibels(&input.decibels.config(), &samples);
    let (length, hop, align, blocks) = input.chunks;
    chunks(length.get(), hop.get(), align, &blocks, &samples);
    for scale in SCALES {
        let number = input.bands.sample_rate.get();
        let _ = (hz_to_mel(number, scale), mel_to_hz(number, scale));
    }
});
