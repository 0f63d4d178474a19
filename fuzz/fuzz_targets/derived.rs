//! Everything of `soundalike-features` that starts from a transform, a matrix or the samples themselves: the inverse
//! transform, spectral features, rhythm, changes over time, normalisation, front ends, extractors and streams.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use soundalike_features::{
    AmplitudeDbConfig, Chroma, ChromaConfig, ChromaFilterConfig, ComplexMatrix, Delta, DeltaConfig,
    DeltaMode, Error, Extractor, ExtractorConfig, Feature, FrontEnd, KaldiFbank, KaldiFbankConfig, KaldiMfcc,
    KaldiMfccConfig, Latency, LogMelConfig, Matrix, MelConfig, MfccConfig, Norm, OnsetStrength,
    OnsetStrengthConfig, Pcen, PcenConfig, Rms, RmsConfig, Scratch, SlidingCmn, SlidingCmnConfig,
    SpectralBandwidth, SpectralBandwidthConfig, SpectralCentroid, SpectralCentroidConfig, SpectralContrast,
    SpectralContrastConfig, SpectralFlatness, SpectralFlatnessConfig, SpectralRolloff, SpectralRolloffConfig,
    Stft, StftConfig, Tempo, TempoConfig, Tempogram, TempogramConfig, TuningConfig, ZeroCrossingRate,
    ZeroCrossingRateConfig, amplitude_to_db, cmn, cmvn, compute_deltas, db_to_amplitude, db_to_power,
    deemphasis, estimate_tuning, preemphasis,
};

mod input;
use input::{MOST_VALUES, Number, Samples, Size, Transform, plan, same, usable, whole};

#[derive(Arbitrary, Debug)]
struct Input {
    which: u8,
    transform: Transform,
    sample_rate: Number,
    sizes: [Size; 3],
    numbers: [Option<Number>; 4],
    flags: [bool; 4],
    choice: u8,
    blocks: Vec<u8>,
    samples: Samples,
}

impl Input {
    fn rate(&self) -> u32 {
        (self.sample_rate.get() * 4.0) as u32
    }

    fn number(&self, i: usize, default: f64) -> f64 {
        self.numbers[i].map_or(default, Number::get)
    }

    fn norm(&self) -> Norm {
        [Norm::Inf, Norm::L1, Norm::L2, Norm::None][usize::from(self.choice) % 4]
    }
}

/// No value is NaN, in a matrix of that shape. (What exceeds single precision may be infinite.)
#[track_caller]
fn numbers(matrix: &Matrix, rows: usize, cols: usize) {
    assert_eq!((matrix.rows(), matrix.cols()), (rows, cols));
    assert!(matrix.as_slice().iter().all(|v| !v.is_nan()), "NaN");
}

/// All that is computed from a transform in blocks, alike in form.
macro_rules! spectral {
    ($plan:expr, $rows:expr, $samples:expr) => {{
        let Ok(plan_) = $plan else { return };
        let rows = $rows;
        let result = plan(
            $samples,
            rows,
            plan_.frames($samples.len()),
            |x| plan_.compute(x),
            |x, out, scratch| plan_.compute_into(x, out, scratch),
        );
        result
    }};
}

fn spectral(input: &Input, stft: StftConfig, samples: &[f32]) {
    let rate = input.rate();
    let [a, b, c] = [0, 1, 2].map(|i| input.number(i, 0.5));
    match input.choice / 4 % 8 {
        0 => {
            let filters = ChromaFilterConfig::default()
                .with_n_chroma(input.sizes[0].get())
                .with_ctroct(input.number(0, 5.0))
                .with_octwidth(input.numbers[1].map(Number::get))
                .with_norm(input.norm())
                .with_base_c(input.flags[0]);
            let config = ChromaConfig::new(rate)
                .with_stft(stft.clone())
                .with_filters(filters)
                .with_norm(input.norm())
                .with_tuning(input.numbers[2].map(Number::get));
            if input.sizes[0].get().saturating_mul(stft.n_fft) <= 10 * MOST_VALUES {
                spectral!(Chroma::new(&config), input.sizes[0].get(), samples);
            }
            let config =
                TuningConfig::new(rate).with_stft(stft).with_resolution(a).with_fmin(input.number(3, 150.0));
            if let Ok(tuning) = estimate_tuning(samples, &config) {
                assert!(usable(samples) && (-0.5..=0.5).contains(&tuning), "{tuning}");
            }
        }
        1 => {
            let n_bands = input.sizes[0].get();
            let config = SpectralContrastConfig::new(rate)
                .with_stft(stft)
                .with_fmin(input.number(0, 200.0))
                .with_n_bands(n_bands)
                .with_quantile(b)
                .with_linear(input.flags[0]);
            spectral!(SpectralContrast::new(&config), n_bands + 1, samples);
        }
        2 => {
            let config = SpectralCentroidConfig::new(rate).with_stft(stft);
            let centroid = spectral!(SpectralCentroid::new(&config), 1, samples);
            let half = rate as f32 / 2.0;
            let inside = |v: &f32| (0.0..=half * 1.000_001).contains(v);
            assert!(centroid.is_none_or(|m| m.as_slice().iter().all(inside)));
        }
        3 => {
            let config =
                SpectralBandwidthConfig::new(rate).with_stft(stft).with_p(a).with_norm(input.flags[0]);
            spectral!(SpectralBandwidth::new(&config), 1, samples);
        }
        4 => {
            let config = SpectralRolloffConfig::new(rate).with_stft(stft).with_roll_percent(a);
            spectral!(SpectralRolloff::new(&config), 1, samples);
        }
        5 => {
            let config = SpectralFlatnessConfig::default()
                .with_stft(stft)
                .with_amin(input.number(3, 1e-10) as f32)
                .with_power(c);
            spectral!(SpectralFlatness::new(&config), 1, samples);
        }
        6 => {
            let config = RmsConfig::default()
                .with_frame_length(stft.n_fft)
                .with_hop_length(stft.hop_length)
                .with_center(stft.center)
                .with_pad_mode(stft.pad_mode);
            spectral!(Rms::new(&config), 1, samples);
        }
        _ => {
            let config = ZeroCrossingRateConfig::default()
                .with_frame_length(stft.n_fft)
                .with_hop_length(stft.hop_length)
                .with_center(stft.center)
                .with_threshold(a as f32)
                .with_zero_pos(input.flags[0]);
            let rates = spectral!(ZeroCrossingRate::new(&config), 1, samples);
            assert!(rates.is_none_or(|m| m.as_slice().iter().all(|v| (0.0..=1.0).contains(v))));
        }
    }
}

fn inverse(input: &Input, config: &StftConfig, samples: &[f32]) {
    let Ok(stft) = Stft::new(config) else { return };
    let length = input.flags[0].then_some(input.sizes[0].get() % 20_000);
    let (cols, bins) = (input.sizes[1].get() % 50, stft.bins());
    let values = samples.iter().copied().cycle().take(if samples.is_empty() { 0 } else { cols * bins });
    let matrix = Matrix::new(values.collect(), bins, cols);
    let Ok(re) = matrix else { return };
    let z = if input.flags[1] { stft.stft(samples) } else { Err(Error::EmptyInput) }.unwrap_or_else(|_| {
        let mut z = ComplexMatrix::default();
        (z.im, z.re) = (re.clone(), re);
        z
    });
    // What a huge hop makes without a length.
    let frames = z.re.cols();
    if length.is_none() && config.hop_length.saturating_mul(frames) > 10 * MOST_VALUES {
        return;
    }
    let (mut out, mut scratch) = (Vec::new(), Scratch::new());
    let result = stft.istft(&z, length);
    for _ in 0..2 {
        let into = stft.istft_into(&z, length, &mut out, &mut scratch);
        assert_eq!(into.as_ref().err(), result.as_ref().err());
        if let Ok(back) = &result {
            assert!(
                back.iter().zip(&out).all(|(a, b)| a.to_bits() == b.to_bits()) && back.len() == out.len()
            );
            assert!(back.iter().all(|v| !v.is_nan()), "NaN");
            assert!(length.is_none_or(|length| back.len() == length));
        }
    }
}

fn matrices(input: &Input, samples: &[f32]) {
    let rows = 1 + input.sizes[0].get() % 40;
    let cols = samples.len() / rows;
    let Ok(matrix) = Matrix::new(samples[..rows * cols].to_vec(), rows, cols) else { return };
    let modes =
        [DeltaMode::Interp, DeltaMode::Nearest, DeltaMode::Mirror, DeltaMode::Constant, DeltaMode::Wrap];
    let config = DeltaConfig::default()
        .with_width(input.sizes[1].get())
        .with_order(input.sizes[2].get())
        .with_mode(modes[usize::from(input.choice) % modes.len()]);
    let finite = matrix.as_slice().iter().all(|v| v.is_finite());
    if let Ok(Ok(delta)) = Delta::new(&config).map(|delta| delta.compute(&matrix)) {
        assert!(finite);
        numbers(&delta, rows, cols);
    }
    if let Ok(slopes) = compute_deltas(&matrix, input.sizes[1].get()) {
        numbers(&slopes, rows, cols);
    }
    let config = PcenConfig::default()
        .with_sample_rate(input.rate())
        .with_hop_length(input.sizes[2].get())
        .with_gain(input.number(0, 0.98))
        .with_bias(input.number(1, 2.0))
        .with_power(input.number(2, 0.5))
        .with_time_constant(input.number(3, 0.4))
        .with_b(input.flags[0].then_some(input.number(3, 0.1)));
    if let Ok(pcen) = Pcen::new(&config) {
        let mut state = pcen.start(rows);
        let mut out = Matrix::default();
        let blocks = pcen.continue_into(&matrix, &mut out, &mut state);
        if let Ok(whole) = pcen.compute(&matrix) {
            assert!(finite);
            numbers(&whole, rows, cols);
            same(&whole, &out);
        } else {
            assert!(blocks.is_err());
        }
    }
    let config = SlidingCmnConfig::default()
        .with_cmn_window(input.sizes[1].get())
        .with_min_cmn_window(input.sizes[2].get())
        .with_center(input.flags[1])
        .with_norm_vars(input.flags[2]);
    if let Ok(Ok(normal)) = SlidingCmn::new(&config).map(|plan| plan.compute(&matrix)) {
        numbers(&normal, rows, cols);
    }
    for normalise in [cmn, cmvn] {
        let mut values = matrix.clone();
        if normalise(&mut values).is_ok() {
            assert!(finite);
            numbers(&values, rows, cols);
        }
    }
    let mut values = samples.to_vec();
    let decibels = AmplitudeDbConfig::default()
        .with_amin(input.number(0, 1e-5) as f32)
        .with_reference(input.number(1, 1.0) as f32)
        .with_top_db(input.flags[3].then_some(input.number(2, 80.0) as f32));
    if amplitude_to_db(&mut values, &decibels).is_ok() {
        assert!(values.iter().all(|v| v.is_finite()));
    }
    for from in [db_to_power, db_to_amplitude] {
        let mut values = samples.to_vec();
        if from(&mut values, input.number(0, 1.0) as f32).is_ok() {
            assert!(values.iter().all(|v| !v.is_nan()));
        }
    }
    for filter in [preemphasis, deemphasis] {
        let mut values = samples.to_vec();
        let state = input.numbers[1].map(Number::get);
        let _ = filter(&mut values, input.number(0, 0.97) as f32, state);
    }
}

fn rhythm(input: &Input, stft: StftConfig, samples: &[f32]) {
    let mel = MelConfig::new(input.rate()).with_stft(stft).with_n_mels(1 + input.sizes[0].get() % 200);
    let onset = OnsetStrengthConfig::new(1)
        .with_log_mel(LogMelConfig::new(1).with_mel(mel))
        .with_lag(input.sizes[1].get())
        .with_max_size(input.sizes[2].get())
        .with_detrend(input.flags[0])
        .with_center(input.flags[1]);
    let strength = spectral!(OnsetStrength::new(&onset), 1, samples);
    let config = TempoConfig::new(1)
        .with_onset(onset)
        .with_start_bpm(input.number(0, 120.0))
        .with_std_bpm(input.number(1, 1.0))
        .with_ac_size(input.number(2, 8.0) % 20.0)
        .with_max_tempo(input.numbers[3].map(Number::get));
    let envelope = strength.map_or_else(|| samples.to_vec(), Matrix::into_vec);
    let envelope = &envelope[..envelope.len().min(300)];
    let frames = config.ac_size * f64::from(input.rate()) / config.onset.log_mel.mel.stft.hop_length as f64;
    if frames < 5000.0
        && let Ok(Ok(tempo)) = Tempo::new(&config).map(|plan| plan.compute_from_onset(envelope))
    {
        assert!(tempo.is_finite() && tempo > 0.0, "{tempo}");
    }
    let win_length = input.sizes[0].get();
    let config = TempogramConfig::default()
        .with_win_length(win_length)
        .with_center(input.flags[2])
        .with_norm(input.norm());
    if win_length < 2000
        && let Ok(Ok(tempogram)) = Tempogram::new(&config).map(|plan| plan.compute(envelope))
    {
        numbers(&tempogram, win_length, tempogram.cols());
    }
}

fn front_ends(input: &Input, samples: &[f32]) {
    let fbank = KaldiFbankConfig::default()
        .with_sample_rate(input.rate())
        .with_num_mel_bins(input.sizes[0].get())
        .with_frame_length(input.number(0, 25.0))
        .with_frame_shift(input.number(1, 10.0))
        .with_low_freq(input.number(2, 20.0))
        .with_high_freq(input.number(3, 0.0))
        .with_snip_edges(input.flags[0])
        .with_round_to_power_of_two(input.flags[1])
        .with_use_energy(input.flags[2])
        .with_use_power(input.flags[3]);
    if let Ok(plan_) = KaldiFbank::new(&fbank) {
        plan(
            samples,
            plan_.rows(),
            plan_.frames(samples.len()),
            |x| plan_.compute(x),
            |x, out, scratch| plan_.compute_into(x, out, scratch),
        );
    }
    let ceps = input.sizes[1].get();
    let mfcc = KaldiMfccConfig::default().with_fbank(fbank).with_num_ceps(ceps);
    let mfcc = mfcc.with_cepstral_lifter(input.number(3, 22.0));
    // The largest cosine transforms take a second to plan.
    if ceps.saturating_mul(input.sizes[0].get()) <= MOST_VALUES
        && let Ok(plan_) = KaldiMfcc::new(&mfcc)
    {
        plan(
            samples,
            ceps,
            plan_.frames(samples.len()),
            |x| plan_.compute(x),
            |x, out, scratch| plan_.compute_into(x, out, scratch),
        );
    }
    let name = FrontEnd::NAMES[usize::from(input.choice) % FrontEnd::NAMES.len()];
    let front = FrontEnd::by_name(name).unwrap();
    let whole_clip = plan(
        samples,
        front.coefficients(),
        front.frames(samples.len()),
        |x| front.compute(x),
        |x, out, scratch| front.compute_into(x, out, scratch),
    );
    // CLAP's patches are of 10 s each.
    if name == "clap" && input.choice % 16 != 0 {
        return;
    }
    match front.patches(samples) {
        Ok(patches) => {
            assert!(usable(samples));
            for patch in &patches {
                let frames = front.patch().map_or(patch.cols(), |shape| shape.frames);
                whole(patch, front.coefficients(), frames);
            }
        }
        Err(error) => assert!(whole_clip.is_none(), "{name}: {error}"),
    }
}

fn extractors(input: &Input, stft: StftConfig, samples: &[f32]) {
    let rate = input.rate();
    let mel = MelConfig::new(rate).with_stft(stft.clone()).with_n_mels(1 + input.sizes[0].get() % 100);
    let log_mel = LogMelConfig::new(rate).with_mel(mel.clone());
    let mfcc = MfccConfig::new(rate).with_mel(mel.clone()).with_n_mfcc(1);
    let all = [
        Feature::Stft,
        Feature::Power,
        Feature::Magnitude,
        Feature::Mel(mel),
        Feature::LogMel(log_mel),
        Feature::Mfcc(mfcc),
    ];
    let mut config = ExtractorConfig::new(rate).with_stft(stft);
    for (i, feature) in all.into_iter().enumerate().filter(|(i, _)| input.choice >> i & 1 == 1) {
        config = config.with_feature(i.to_string(), feature);
    }
    let Ok(extractor) = Extractor::new(&config) else { return };
    let Ok(frames) = extractor.frames(samples.len()) else { return };
    if frames.saturating_mul(config.stft.n_fft) > MOST_VALUES {
        return;
    }
    let result = extractor.compute(samples);
    assert_eq!(result.is_ok(), usable(samples));
    let Ok(mut stream) = extractor.stream() else { return };
    if input.flags[0] {
        stream = stream.with_latency(Latency::Block);
    }
    let (mut rest, mut count) = (samples, 0);
    for block in &input.blocks {
        let (now, later) = rest.split_at(usize::from(*block).min(rest.len()));
        let Ok(features) = stream.push(now) else {
            assert!(!usable(samples));
            return;
        };
        count += columns(features);
        rest = later;
    }
    let Ok(features) = stream.push(rest) else {
        assert!(!usable(samples));
        return;
    };
    count += columns(features);
    match stream.finish() {
        Ok(features) => assert_eq!(count + columns(features), frames),
        Err(error) => assert!(result.is_err(), "{error}"),
    }
}

/// The columns of all results of a stream, which are as many in each; all values are finite.
fn columns(features: &soundalike_features::Features) -> usize {
    let mut columns = None;
    for (name, _) in features.iter() {
        let real = features.get(name).into_iter();
        let parts = features.get_complex(name).into_iter().flat_map(|z| [&z.re, &z.im]);
        for matrix in real.chain(parts) {
            whole(matrix, matrix.rows(), *columns.get_or_insert(matrix.cols()));
        }
    }
    columns.unwrap_or(0)
}

fuzz_target!(|data: &[u8]| {
    let Ok(mut input) = Input::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let samples = std::mem::take(&mut input.samples).get();
    let stft = input.transform.config();
    // Longer transforms are correct too, but slow to plan.
    let planned = stft.n_fft <= 1 << 13 || stft.n_fft > 1 << 22;
    match input.which % 6 {
        0 if planned => inverse(&input, &stft, &samples),
        1 => matrices(&input, &samples),
        2 if planned => rhythm(&input, stft, &samples),
        3 => front_ends(&input, &samples),
        4 if planned => extractors(&input, stft, &samples),
        5 if planned => spectral(&input, stft, &samples),
        _ => {}
    }
});
