//! The example `extract` as a person runs it, held to the library: every feature, option and preset.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use clap::ValueEnum as _;
use common::{Bench, RATE, bad, extract, good, song, stderr, stdout};
use serde_json::Value;
use soundalike_audio::{WavFormat, write_wav};
use soundalike_examples::extract::{Feature, Options};
use soundalike_features::{
    Chroma, ChromaConfig, DbConfig, DbReference, DctNorm, Delta, DeltaConfig, DeltaMode, FrontEnd,
    LifterKind, LogMel, LogMelConfig, Matrix, MelConfig, MelDomain, MelNorm, MelScale, MelSpectrogram, Mfcc,
    MfccConfig, Norm, OnsetStrength, OnsetStrengthConfig, PadMode, Pcen, PcenConfig, Precision, Rms,
    RmsConfig, SpectralBandwidth, SpectralBandwidthConfig, SpectralCentroid, SpectralCentroidConfig,
    SpectralContrast, SpectralContrastConfig, SpectralFlatness, SpectralFlatnessConfig, SpectralRolloff,
    SpectralRolloffConfig, Stft, StftConfig, Tempo, TempoConfig, Tempogram, TempogramConfig, Window,
    ZeroCrossingRate, ZeroCrossingRateConfig,
};

/// An array in a file.
#[derive(Debug, Clone, PartialEq)]
struct Array {
    shape: Vec<u64>,
    values: Vec<f32>,
}

impl From<Matrix> for Array {
    fn from(matrix: Matrix) -> Self {
        Self { shape: vec![matrix.rows() as u64, matrix.cols() as u64], values: matrix.into_vec() }
    }
}

impl From<f64> for Array {
    fn from(number: f64) -> Self {
        Self { shape: vec![1], values: vec![number as f32] }
    }
}

/// A bench with one file, `a.wav`, of the samples as they are.
fn bench(samples: &[f32], rate: u32) -> Bench {
    let bench = Bench::new(0, 0.0);
    write_wav(bench.path("a.wav"), samples, rate, WavFormat::F32).unwrap();
    bench
}

/// Runs `extract a.wav` with `args` and reads what it wrote.
fn npy(bench: &Bench, args: &[&str]) -> Array {
    good(extract(bench, &[&["a.wav", "--out", "out.npy"], args].concat()));
    let bytes = std::fs::read(bench.path("out.npy")).unwrap();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape = file.shape().to_vec();
    let values = if String::from_utf8_lossy(&bytes[..128]).contains("<c8") {
        let values: Vec<num_complex::Complex32> = file.into_vec().unwrap();
        values.into_iter().flat_map(|z| [z.re, z.im]).collect()
    } else {
        file.into_vec().unwrap()
    };
    Array { shape, values }
}

fn json(bench: &Bench, args: &[&str]) -> Value {
    good(extract(bench, &[&["a.wav", "--out", "out.json"], args].concat()));
    serde_json::from_slice(&std::fs::read(bench.path("out.json")).unwrap()).unwrap()
}

/// Width and height of a picture, if it is one.
fn png(bench: &Bench, args: &[&str]) -> (u32, u32) {
    good(extract(bench, &[&["a.wav", "--out", "out.png"], args].concat()));
    let bytes = std::fs::read(bench.path("out.png")).unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n"));
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// All numbers of nested lists, in order.
fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap_or_else(|| panic!("{other}")) as f32],
    }
}

/// Tones with an onset every half second, some silence and some noise.
fn music() -> Vec<f32> {
    let mut state = 1_u32;
    let mut samples = song(3, 9.3);
    for (i, sample) in samples.iter_mut().enumerate() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
        let within = (i % 11_025) as f32 / 11_025.0;
        *sample = if within > 0.9 { 0.0 } else { (1.0 - within).powi(3) * (*sample + 0.02 * noise) };
    }
    samples
}

fn complex(stft: &StftConfig, samples: &[f32]) -> Array {
    let z = Stft::new(stft).unwrap().stft(samples).unwrap();
    let parts = z.re.as_slice().iter().zip(z.im.as_slice());
    let values = parts.flat_map(|(re, im)| [*re, *im]).collect();
    Array { shape: vec![z.re.rows() as u64, z.re.cols() as u64], values }
}

fn power(stft: StftConfig, samples: &[f32]) -> Array {
    Stft::new(&stft).unwrap().power(samples).unwrap().into()
}

fn mel(config: MelConfig, samples: &[f32]) -> Array {
    MelSpectrogram::new(&config).unwrap().compute(samples).unwrap().into()
}

fn log_mel(config: LogMelConfig, samples: &[f32]) -> Array {
    LogMel::new(&config).unwrap().compute(samples).unwrap().into()
}

fn mfcc(config: MfccConfig, samples: &[f32]) -> Array {
    Mfcc::new(&config).unwrap().compute(samples).unwrap().into()
}

fn delta(config: DeltaConfig, samples: &[f32]) -> Array {
    let mfcc = Mfcc::new(&MfccConfig::new(RATE)).unwrap().compute(samples).unwrap();
    Delta::new(&config).unwrap().compute(&mfcc).unwrap().into()
}

fn chroma(config: ChromaConfig, samples: &[f32]) -> Array {
    Chroma::new(&config).unwrap().compute(samples).unwrap().into()
}

fn bandwidth(config: SpectralBandwidthConfig, samples: &[f32]) -> Array {
    SpectralBandwidth::new(&config).unwrap().compute(samples).unwrap().into()
}

fn flatness(config: SpectralFlatnessConfig, samples: &[f32]) -> Array {
    SpectralFlatness::new(&config).unwrap().compute(samples).unwrap().into()
}

fn contrast(config: SpectralContrastConfig, samples: &[f32]) -> Array {
    SpectralContrast::new(&config).unwrap().compute(samples).unwrap().into()
}

fn zcr(config: ZeroCrossingRateConfig, samples: &[f32]) -> Array {
    ZeroCrossingRate::new(&config).unwrap().compute(samples).unwrap().into()
}

fn rms(config: RmsConfig, samples: &[f32]) -> Array {
    Rms::new(&config).unwrap().compute(samples).unwrap().into()
}

fn onset(config: OnsetStrengthConfig, samples: &[f32]) -> Array {
    OnsetStrength::new(&config).unwrap().compute(samples).unwrap().into()
}

fn tempo(config: TempoConfig, samples: &[f32]) -> Array {
    Tempo::new(&config).unwrap().compute(samples).unwrap().into()
}

fn tempogram(config: TempogramConfig, samples: &[f32]) -> Array {
    let onset = OnsetStrength::new(&OnsetStrengthConfig::new(RATE)).unwrap().compute(samples).unwrap();
    Tempogram::new(&config).unwrap().compute(onset.as_slice()).unwrap().into()
}

fn pcen(mel: MelConfig, scale: f32, config: PcenConfig, samples: &[f32]) -> Array {
    let mut bands = MelSpectrogram::new(&mel).unwrap().compute(samples).unwrap();
    bands.as_mut_slice().iter_mut().for_each(|v| *v *= scale);
    Pcen::new(&config).unwrap().compute(&bands).unwrap().into()
}

const TWO_31: f32 = 2_147_483_648.0;

/// Each feature with its defaults, by the library.
fn by_default(feature: Feature, x: &[f32]) -> Array {
    match feature {
        Feature::Stft => complex(&StftConfig::default(), x),
        Feature::Magnitude => Stft::new(&StftConfig::default()).unwrap().magnitude(x).unwrap().into(),
        Feature::Power => power(StftConfig::default(), x),
        Feature::Mel => mel(MelConfig::new(RATE), x),
        Feature::Logmel => log_mel(LogMelConfig::new(RATE), x),
        Feature::Mfcc => mfcc(MfccConfig::new(RATE), x),
        Feature::MfccDelta => delta(DeltaConfig::default(), x),
        Feature::MfccDelta2 => delta(DeltaConfig::default().with_order(2), x),
        Feature::Chroma => chroma(ChromaConfig::new(RATE), x),
        Feature::Centroid => {
            SpectralCentroid::new(&SpectralCentroidConfig::new(RATE)).unwrap().compute(x).unwrap().into()
        }
        Feature::Bandwidth => bandwidth(SpectralBandwidthConfig::new(RATE), x),
        Feature::Rolloff => {
            SpectralRolloff::new(&SpectralRolloffConfig::new(RATE)).unwrap().compute(x).unwrap().into()
        }
        Feature::Flatness => flatness(SpectralFlatnessConfig::default(), x),
        Feature::Contrast => contrast(SpectralContrastConfig::new(RATE), x),
        Feature::Zcr => zcr(ZeroCrossingRateConfig::default(), x),
        Feature::Rms => rms(RmsConfig::default(), x),
        Feature::Onset => onset(OnsetStrengthConfig::new(RATE), x),
        Feature::Tempo => tempo(TempoConfig::new(RATE), x),
        Feature::Tempogram => tempogram(TempogramConfig::default(), x),
        Feature::Pcen => pcen(MelConfig::new(RATE).with_power(1.0), TWO_31, PcenConfig::default(), x),
    }
}

#[test]
fn every_feature_becomes_numbers_and_a_picture() {
    let x = music();
    let bench = bench(&x, RATE);
    for feature in Feature::value_variants() {
        let name = feature.name();
        let args = ["--feature", name.as_str()];
        let want = by_default(*feature, &x);
        let got = npy(&bench, &args);
        assert_eq!(got.shape, want.shape, "{name}");
        assert!(got.values == want.values, "{name}");

        let listed = json(&bench, &args);
        assert_eq!(listed["feature"], name);
        assert_eq!(listed["shape"], serde_json::json!(want.shape), "{name}");
        assert!((listed["duration_s"].as_f64().unwrap() - 9.3).abs() < 1e-3);
        if *feature == Feature::Stft {
            let (re, im) = (numbers(&listed["values"]["re"]), numbers(&listed["values"]["im"]));
            let both: Vec<f32> = re.into_iter().zip(im).flat_map(|(re, im)| [re, im]).collect();
            assert!(both == want.values);
        } else {
            assert!(numbers(&listed["values"]) == want.values, "{name}");
        }
        assert_eq!(png(&bench, &args), (1200, 480), "{name}");
    }
}

/// A feature with options, and what must come of them.
struct Case {
    args: &'static str,
    want: Array,
}

/// Every option in at least one case; a case's options make a difference.
#[test]
fn every_option_reaches_the_library() {
    let x = music();
    let x = x.as_slice();
    let bench = bench(x, RATE);
    let stft = StftConfig::default;
    let m = || MelConfig::new(RATE);
    let lm = || LogMelConfig::new(RATE);
    let db = DbConfig::default;
    let c = || MfccConfig::new(RATE);
    let on = || OnsetStrengthConfig::new(RATE);
    let t = || TempoConfig::new(RATE);
    let tg = TempogramConfig::default;
    let pc = |config: PcenConfig| pcen(m().with_power(1.0), TWO_31, config, x);
    let p = PcenConfig::default;
    let chroma_filters = |change: fn(&mut ChromaConfig)| {
        let mut config = ChromaConfig::new(RATE);
        change(&mut config);
        chroma(config, x)
    };
    let case = |args, want: Array| Case { args, want };
    let mut small = stft().with_n_fft(1000).with_hop_length(300).with_win_length(700);
    small = small.with_window(Window::Kaiser { beta: 9.5 }).with_periodic(false);
    let cases = [
        case(
            "stft --n-fft 1000 --hop-length 300 --win-length 700 --window kaiser:9.5 --symmetric",
            complex(&small, x),
        ),
        case("stft --no-center", complex(&stft().with_center(false), x)),
        case("power --pad-mode reflect", power(stft().with_pad_mode(PadMode::Reflect), x)),
        case("power --pad-mode edge", power(stft().with_pad_mode(PadMode::Edge), x)),
        case("power --window hamming", power(stft().with_window(Window::Hamming), x)),
        case("power --window blackman", power(stft().with_window(Window::Blackman), x)),
        case("power --window rectangular", power(stft().with_window(Window::Rectangular), x)),
        case("power --window povey", power(stft().with_window(Window::Povey), x)),
        case("power --precision single", power(stft().with_precision(Precision::Single), x)),
        case(
            "mel --n-mels 40 --fmin 100 --fmax 5000",
            mel(m().with_n_mels(40).with_fmin(100.0).with_fmax(5000.0), x),
        ),
        case("mel --htk", mel(m().with_scale(MelScale::Htk), x)),
        case("mel --mel-scale kaldi", mel(m().with_scale(MelScale::Kaldi), x)),
        case("mel --mel-domain mel", mel(m().with_domain(MelDomain::Mel), x)),
        case("mel --norm none", mel(m().with_norm(MelNorm::None), x)),
        case("mel --power 1", mel(m().with_power(1.0), x)),
        case("logmel --ref max", log_mel(lm().with_db(db().with_reference(DbReference::Max)), x)),
        case("logmel --ref 0.5", log_mel(lm().with_db(db().with_reference(0.5)), x)),
        case("logmel --amin 0.01", log_mel(lm().with_db(db().with_amin(0.01)), x)),
        case("logmel --top-db 20", log_mel(lm().with_db(db().with_top_db(20.0)), x)),
        case("logmel --top-db none", log_mel(lm().with_db(db().with_top_db(None)), x)),
        case("mfcc --n-mfcc 13", mfcc(c().with_n_mfcc(13), x)),
        case("mfcc --dct-type 3 --dct-norm none", mfcc(c().with_dct_type(3).with_norm(DctNorm::None), x)),
        case("mfcc --lifter 22", mfcc(c().with_lifter(22.0), x)),
        case(
            "mfcc --lifter 22 --lifter-kind kaldi",
            mfcc(c().with_lifter(22.0).with_lifter_kind(LifterKind::Kaldi), x),
        ),
        case(
            "mfcc --n-mels 26 --top-db none",
            mfcc(c().with_mel(m().with_n_mels(26)).with_db(db().with_top_db(None)), x),
        ),
        case("mfcc_delta --delta-width 5", delta(DeltaConfig::default().with_width(5), x)),
        case(
            "mfcc_delta2 --delta-width 7 --delta-mode mirror",
            delta(DeltaConfig::default().with_order(2).with_width(7).with_mode(DeltaMode::Mirror), x),
        ),
        case("chroma --n-chroma 24", chroma_filters(|c| c.filters.n_chroma = 24)),
        case("chroma --tuning -0.3", chroma_filters(|c| c.tuning = Some(-0.3))),
        case("chroma --ctroct 3", chroma_filters(|c| c.filters.ctroct = 3.0)),
        case("chroma --octwidth none", chroma_filters(|c| c.filters.octwidth = None)),
        case("chroma --octwidth 1", chroma_filters(|c| c.filters.octwidth = Some(1.0))),
        case("chroma --base-a", chroma_filters(|c| c.filters.base_c = false)),
        case("chroma --norm 1", chroma_filters(|c| c.norm = Norm::L1)),
        case("chroma --norm 2", chroma_filters(|c| c.norm = Norm::L2)),
        case("chroma --norm none", chroma_filters(|c| c.norm = Norm::None)),
        case("chroma --hop-length 1024", chroma_filters(|c| c.stft.hop_length = 1024)),
        case("bandwidth --p 3", bandwidth(SpectralBandwidthConfig::new(RATE).with_p(3.0), x)),
        case("bandwidth --norm none", bandwidth(SpectralBandwidthConfig::new(RATE).with_norm(false), x)),
        case("rolloff --roll-percent 0.5", {
            let config = SpectralRolloffConfig::new(RATE).with_roll_percent(0.5);
            SpectralRolloff::new(&config).unwrap().compute(x).unwrap().into()
        }),
        case("centroid --n-fft 512", {
            let config = SpectralCentroidConfig::new(RATE).with_stft(stft().with_n_fft(512));
            SpectralCentroid::new(&config).unwrap().compute(x).unwrap().into()
        }),
        case(
            "flatness --amin 1e-3 --power 1",
            flatness(SpectralFlatnessConfig::default().with_amin(1e-3).with_power(1.0), x),
        ),
        case(
            "contrast --fmin 150 --n-bands 5 --quantile 0.1",
            contrast(
                SpectralContrastConfig::new(RATE).with_fmin(150.0).with_n_bands(5).with_quantile(0.1),
                x,
            ),
        ),
        case("contrast --linear", contrast(SpectralContrastConfig::new(RATE).with_linear(true), x)),
        case("zcr --frame-length 700 --hop-length 200", {
            zcr(ZeroCrossingRateConfig::default().with_frame_length(700).with_hop_length(200), x)
        }),
        case("zcr --no-center", zcr(ZeroCrossingRateConfig::default().with_center(false), x)),
        case("zcr --threshold 0.01", zcr(ZeroCrossingRateConfig::default().with_threshold(0.01), x)),
        case(
            "zcr --threshold 0.01 --no-zero-pos",
            zcr(ZeroCrossingRateConfig::default().with_threshold(0.01).with_zero_pos(false), x),
        ),
        case(
            "rms --frame-length 1000 --hop-length 250",
            rms(RmsConfig::default().with_frame_length(1000).with_hop_length(250), x),
        ),
        case("rms --no-center", rms(RmsConfig::default().with_center(false), x)),
        case("rms --pad-mode reflect", rms(RmsConfig::default().with_pad_mode(PadMode::Reflect), x)),
        case("onset --lag 2 --max-size 3", onset(on().with_lag(2).with_max_size(3), x)),
        case("onset --detrend", onset(on().with_detrend(true), x)),
        case("onset --no-center", onset(on().with_center(false), x)),
        case("onset --no-center --pad-mode edge", {
            let mel = m().with_stft(stft().with_pad_mode(PadMode::Edge));
            onset(on().with_log_mel(lm().with_mel(mel)).with_center(false), x)
        }),
        case(
            "onset --n-mels 40 --top-db 30",
            onset(on().with_log_mel(lm().with_mel(m().with_n_mels(40)).with_db(db().with_top_db(30.0))), x),
        ),
        case("tempo --start-bpm 40", tempo(t().with_start_bpm(40.0), x)),
        case("tempo --start-bpm 40 --std-bpm 0.2", tempo(t().with_start_bpm(40.0).with_std_bpm(0.2), x)),
        case("tempo --max-tempo 90", tempo(t().with_max_tempo(90.0), x)),
        case(
            "tempo --start-bpm 1000 --std-bpm 0.1 --max-tempo none",
            tempo(t().with_start_bpm(1000.0).with_std_bpm(0.1).with_max_tempo(None), x),
        ),
        case("tempo --start-bpm 9 --std-bpm 0.1 --ac-size 2", {
            tempo(t().with_start_bpm(9.0).with_std_bpm(0.1).with_ac_size(2.0), x)
        }),
        case("tempogram --win-length 100", tempogram(tg().with_win_length(100), x)),
        case("tempogram --window hamming", tempogram(tg().with_window(Window::Hamming), x)),
        case("tempogram --norm 2", tempogram(tg().with_norm(Norm::L2), x)),
        case("tempogram --no-center", tempogram(tg().with_center(false), x)),
        case("pcen --power 2", pcen(m(), TWO_31, p(), x)),
        case("pcen --pcen-scale 1000", pcen(m().with_power(1.0), 1000.0, p(), x)),
        case(
            "pcen --gain 0.5 --bias 1 --pcen-power 0.25",
            pc(p().with_gain(0.5).with_bias(1.0).with_power(0.25)),
        ),
        case("pcen --time-constant 0.1 --eps 0.01", pc(p().with_time_constant(0.1).with_eps(0.01))),
        case("pcen --b 0.5", pc(p().with_b(0.5))),
        case(
            "pcen --hop-length 256",
            pcen(m().with_power(1.0).with_hop_length(256), TWO_31, p().with_hop_length(256), x),
        ),
    ];
    let mut defaults: Vec<(&str, Array)> = Vec::new();
    for Case { args, want } in &cases {
        let words: Vec<&str> = args.split(' ').collect();
        let got = npy(&bench, &[&["--feature"], words.as_slice()].concat());
        assert_eq!(got.shape, want.shape, "{args}");
        assert!(got.values == want.values, "{args}");
        if !defaults.iter().any(|(feature, _)| *feature == words[0]) {
            let feature = Feature::from_str(words[0], false).unwrap();
            defaults.push((words[0], by_default(feature, x)));
        }
        let (_, default) = defaults.iter().find(|(feature, _)| *feature == words[0]).unwrap();
        // Without a kernel for this processor, both precisions are the same.
        assert!(words.contains(&"--precision") || default != want, "{args} makes no difference");
    }
    // Of the pairs above, the second option makes a difference too.
    let of = |args: &str| cases.iter().find(|case| case.args == args).map(|case| &case.want).unwrap();
    assert_ne!(of("mfcc --lifter 22"), of("mfcc --lifter 22 --lifter-kind kaldi"));
    assert_ne!(of("zcr --threshold 0.01"), of("zcr --threshold 0.01 --no-zero-pos"));
    assert_ne!(of("tempo --start-bpm 40"), of("tempo --start-bpm 40 --std-bpm 0.2"));
    for name in Options::names() {
        let flag = format!("--{}", name.replace('_', "-"));
        assert!(
            cases.iter().any(|case| case.args.split(' ').any(|word| word == flag)),
            "{flag} is not tested"
        );
    }
}

#[test]
fn another_rate_is_that_of_the_features() {
    let x: Vec<f32> = music().into_iter().take(30_000).collect();
    let bench = bench(&x, 16_000);
    let got = npy(&bench, &["--feature", "mel", "--sample-rate", "16000"]);
    assert!(got == mel(MelConfig::new(16_000), &x));
    assert_eq!(json(&bench, &["--feature", "mel", "--sample-rate", "16000"])["sample_rate"], 16_000);
    let short = bench.path("short.wav");
    write_wav(&short, &[0.1, 0.2, -0.1], RATE, WavFormat::F32).unwrap();
    let run =
        |args: &[&str]| extract(&bench, &[&["short.wav", "--out", "s.npy", "--feature"], args].concat());
    good(run(&["mfcc", "--pad-mode", "reflect"]));
    bad(run(&["mfcc", "--no-center"]), &["short.wav", "3 samples"]);
    bad(run(&["mfcc_delta"]), &["short.wav", "width"]);
}

#[test]
fn every_preset_is_its_front_end() {
    for name in FrontEnd::NAMES {
        let front_end = FrontEnd::by_name(name).unwrap();
        let rate = front_end.sample_rate();
        let x: Vec<f32> = music().into_iter().cycle().take(rate as usize * 33 / 10).collect();
        let bench = bench(&x, rate);
        let args = ["--preset", name];
        assert!(npy(&bench, &args) == front_end.compute(&x).unwrap().into(), "{name}");
        let listed = json(&bench, &args);
        assert_eq!((&listed["preset"], &listed["sample_rate"]), (&name.into(), &rate.into()));
        assert!((listed["frame_seconds"].as_f64().unwrap() - front_end.frame_hop()).abs() < 1e-12);
        assert_eq!(png(&bench, &args), (1200, 480));

        let with_patches = ["--preset", name, "--patches"];
        let Some(shape) = front_end.patch() else {
            bad(
                extract(&bench, &[&["a.wav", "--out", "x.npy"], &with_patches[..]].concat()),
                &["--patches", name],
            );
            continue;
        };
        let patches = front_end.patches(&x).unwrap();
        let got = npy(&bench, &with_patches);
        let want = [patches.len(), front_end.coefficients(), shape.frames].map(|n| n as u64);
        assert_eq!(got.shape, want, "{name}");
        assert!(
            got.values == patches.iter().flat_map(Matrix::as_slice).copied().collect::<Vec<_>>(),
            "{name}"
        );
        let listed = json(&bench, &with_patches);
        assert_eq!(listed["shape"], serde_json::json!(want));
        assert!((listed["patch_seconds"].as_f64().unwrap() - shape.hop).abs() < 1e-12);
        assert!(numbers(&listed["values"]) == got.values, "{name}");
    }
    // librosa's is for any rate.
    let x: Vec<f32> = music().into_iter().take(20_000).collect();
    let bench = bench(&x, 8000);
    let got = npy(&bench, &["--preset", "librosa", "--sample-rate", "8000"]);
    assert!(got == FrontEnd::librosa(8000).unwrap().compute(&x).unwrap().into());
    // Two seconds are not enough for a patch of musicnn.
    bad(
        extract(&bench, &["a.wav", "--preset", "musicnn", "--patches", "--out", "x.npy"]),
        &["a.wav", "too short", "musicnn"],
    );
}

#[test]
fn rows_a_second_are_means() {
    let x = music();
    let bench = bench(&x, RATE);
    let whole = Mfcc::new(&MfccConfig::new(RATE)).unwrap().compute(&x).unwrap();
    let args = ["--feature", "mfcc", "--per-second"];
    let listed = json(&bench, &args);
    assert_eq!((&listed["shape"], &listed["row_seconds"]), (&serde_json::json!([10, 20]), &1.0.into()));
    let rows = numbers(&listed["values"]);
    // Frames 44 to 86 have their times in the second second.
    for (coefficient, row) in whole.iter_rows().enumerate() {
        let mean = row[44..87].iter().map(|v| f64::from(*v)).sum::<f64>() / 43.0;
        assert!((f64::from(rows[20 + coefficient]) - mean).abs() < 1e-4);
    }
    assert!(npy(&bench, &args).values == rows);
    let run = |args: &[&str]| extract(&bench, &[&["a.wav", "--per-second", "--out"], args].concat());
    bad(run(&["x.png", "--feature", "mfcc"]), &["--per-second", "picture"]);
    for feature in ["stft", "tempo"] {
        bad(run(&["x.npy", "--feature", feature]), &["--per-second", feature]);
    }
}

#[test]
fn what_has_no_effect_is_refused() {
    let bench = bench(&song(1, 1.0), RATE);
    let run = |args: &str| {
        let args: Vec<&str> = args.split(' ').collect();
        extract(&bench, &[&["a.wav", "--out", "x.npy"], args.as_slice()].concat())
    };
    for (feature, option) in [
        ("stft", "--n-mels 40"),
        ("mel", "--top-db 80"),
        ("mel", "--n-mfcc 20"),
        ("logmel", "--dct-type 2"),
        ("mfcc", "--delta-width 9"),
        ("chroma", "--htk"),
        ("zcr", "--n-fft 2048"),
        ("rms", "--window hann"),
        ("tempo", "--no-center"),
        ("tempogram", "--symmetric"),
        ("pcen", "--ref max"),
        ("centroid", "--roll-percent 0.85"),
    ] {
        let flag = option.split(' ').next().unwrap();
        bad(run(&format!("--feature {feature} {option}")), &[flag, feature, "no effect"]);
    }
    for option in ["--n-fft 400", "--fmax 8000", "--symmetric"] {
        bad(run(&format!("--preset vggish {option}")), &[option.split(' ').next().unwrap(), "vggish"]);
    }
    bad(run("--preset vggish --sample-rate 22050"), &["--sample-rate", "16000"]);
    bad(run("--feature rms --no-center --pad-mode edge"), &["--pad-mode", "--no-center"]);
    bad(run("--feature mfcc --lifter-kind kaldi"), &["--lifter-kind", "--lifter"]);
    bad(run("--feature mel --norm 2"), &["--norm", "slaney"]);
    bad(run("--feature chroma --norm slaney"), &["--norm", "inf"]);
    bad(run("--feature bandwidth --norm 2"), &["--norm", "none"]);
    bad(run("--preset vggish --patches --out x.png"), &["--patches", "picture"]);
    assert!(!bench.path("x.npy").exists() && !bench.path("x.png").exists());
}

/// The library's own checks, before the file is opened: there is none of that name.
#[test]
fn values_out_of_range_are_named() {
    let bench = bench(&[], RATE);
    let run = |args: &str| {
        let args: Vec<&str> = args.split(' ').collect();
        extract(&bench, &[&["nowhere.wav", "--out", "x.npy", "--feature"], args.as_slice()].concat())
    };
    for (args, words) in [
        ("stft --n-fft 0", "n_fft"),
        ("stft --hop-length 0", "hop_length"),
        ("magnitude --win-length 4096", "win_length"),
        ("power --window kaiser:-1", "beta"),
        ("mel --n-mels 0", "n_mels"),
        ("mel --fmin 5000 --fmax 100", "fmin"),
        ("mel --fmax 20000", "fmax"),
        ("mel --fmin NaN", "fmin"),
        ("mel --power 3", "power"),
        ("mel --sample-rate 0", "sample_rate"),
        ("logmel --amin 0", "amin"),
        ("logmel --ref inf", "reference"),
        ("logmel --top-db -1", "top_db"),
        ("mfcc --n-mfcc 200", "n_mfcc"),
        ("mfcc --dct-type 4", "dct_type"),
        ("mfcc --lifter -22", "lifter"),
        ("mfcc_delta --delta-width 4", "width"),
        ("chroma --n-chroma 0", "n_chroma"),
        ("chroma --octwidth 0", "octwidth"),
        ("bandwidth --p 0", "p is 0"),
        ("rolloff --roll-percent 1", "roll_percent"),
        ("flatness --power 0", "power"),
        ("contrast --n-bands 20", "n_bands"),
        ("contrast --quantile 2", "quantile"),
        ("zcr --frame-length 0", "frame_length"),
        ("zcr --threshold -1", "threshold"),
        ("rms --hop-length 0", "hop_length"),
        ("onset --lag 0", "lag"),
        ("tempo --start-bpm 0", "start_bpm"),
        ("tempo --ac-size NaN", "ac_size"),
        ("tempogram --win-length 0", "win_length"),
        ("pcen --b 2", "b is 2"),
        ("pcen --pcen-scale 0", "--pcen-scale"),
    ] {
        bad(run(args), &[words, "expected"]);
    }
    // What is no value at all ends as clap ends it.
    for args in
        ["mel --norm l9", "stft --window sine", "stft --window kaiser:", "logmel --ref loud", "cepstrum"]
    {
        let out = run(args).output().unwrap();
        assert_eq!(out.status.code(), Some(2), "{args}");
    }
    for args in [
        &["a.wav", "--out", "x.npy"][..],
        &["a.wav", "--feature", "mel", "--preset", "clap", "--out", "x.npy"],
    ] {
        assert_eq!(extract(&bench, args).output().unwrap().status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn help_says_what_each_feature_takes() {
    let text = stdout(&good(extract(&Bench::new(0, 0.0), &["--help"])));
    for needed in [
        "complex64",
        "tempogram: ",
        "--delta-mode",
        "vggish",
        "essentia_musicnn",
        "[patch x coefficient x frame]",
    ] {
        assert!(text.contains(needed), "{needed}");
    }
}

#[test]
fn a_folder_becomes_files_or_a_list() {
    let bench = Bench::new(2, 3.0);
    for (feature, rows) in [("mel", 128), ("logmel", 128), ("mfcc", 20)] {
        let run = |out: &str| {
            good(extract(&bench, &["music/song-00.wav", "--feature", feature, "--out", out]));
            std::fs::read(bench.path(out)).unwrap()
        };
        let json: Value = serde_json::from_slice(&run("x.json")).unwrap();
        assert_eq!(json["shape"], serde_json::json!([rows, 130]));
        assert_eq!(json["values"].as_array().unwrap().len(), rows);
        let npy = run("x.npy");
        assert!(npy.starts_with(b"\x93NUMPY") && npy.len() == 128 + rows * 130 * 4, "{}", npy.len());
        assert!(run("x.png").starts_with(b"\x89PNG\r\n"));
    }
    std::fs::write(bench.path("music/bad.wav"), "no").unwrap();
    let out =
        good(extract(&bench, &["music", "--feature", "mfcc", "--out", "all.npy", "--json", "sum.json"]));
    assert!(stderr(&out).contains("bad.wav"));
    assert!(bench.path("all/song-00.wav.npy").exists() && bench.path("all/song-01.wav.npy").exists());
    good(extract(&bench, &["music", "--feature", "mfcc", "--out", "all.json"]));
    let list: Value = serde_json::from_slice(&std::fs::read(bench.path("all.json")).unwrap()).unwrap();
    let files: Vec<&str> = list.as_array().unwrap().iter().filter_map(|f| f["file"].as_str()).collect();
    assert_eq!(files, ["music/song-00.wav", "music/song-01.wav"]);
    assert_eq!(list[1]["values"].as_array().unwrap().len(), 20);
    let summary: Value = serde_json::from_slice(&std::fs::read(bench.path("sum.json")).unwrap()).unwrap();
    assert_eq!(summary.as_array().unwrap().len(), 3);
    assert!(summary.as_array().unwrap().iter().any(|line| line["shape"] == serde_json::json!([20, 130])));

    // Folders in the folder stay; a preset and a picture for each.
    std::fs::create_dir(bench.path("music/more")).unwrap();
    std::fs::rename(bench.path("music/song-01.wav"), bench.path("music/more/song-01.wav")).unwrap();
    good(extract(&bench, &["music", "--preset", "vggish", "--patches", "--out", "patches.npy"]));
    good(extract(&bench, &["music", "--feature", "tempo", "--out", "pictures.png"]));
    for file in ["song-00.wav", "more/song-01.wav"] {
        assert!(bench.path("patches").join(format!("{file}.npy")).exists());
        assert!(bench.path("pictures").join(format!("{file}.png")).exists());
    }
    // What is wrong with the parameters is said once, not for every file.
    bad(
        extract(&bench, &["music", "--feature", "mel", "--n-mels", "0", "--out", "none.npy"]),
        &["error: n_mels is 0"],
    );
    assert!(!bench.path("none").exists());
}

#[test]
fn what_is_wrong_with_files_is_said() {
    let bench = Bench::new(1, 3.0);
    let run = |input: &str, out: &str| extract(&bench, &[input, "--feature", "mel", "--out", out]);
    bad(run("music/song-00.wav", "x.txt"), &[".npy"]);
    bad(run("nowhere.wav", "x.npy"), &["nowhere.wav"]);
    std::fs::write(bench.path("bad.wav"), "no").unwrap();
    bad(run("bad.wav", "x.npy"), &["bad.wav"]);
    // Finite, but nothing that a spectrum could be made of; the error comes from the features, which know no files.
    write_wav(bench.path("spike.wav"), &[3e10; 4000], RATE, WavFormat::F32).unwrap();
    bad(run("spike.wav", "x.npy"), &["spike.wav", "sample"]);
    // Results would land among the music, or on it.
    bad(run("music", "music.npy"), &["music.npy", "input"]);
    std::fs::copy(bench.path("music/song-00.wav"), bench.path("wave.json")).unwrap();
    bad(run("wave.json", "wave.json"), &["wave.json", "input"]);
    bad(run("music/song-00.wav", "no/such/folder/x.npy"), &["no/such/folder/x.npy"]);
    std::fs::create_dir(bench.path("empty")).unwrap();
    bad(run("empty", "x.npy"), &["empty"]);
    std::fs::write(bench.path("kept.json"), "old").unwrap();
    bad(run("empty", "kept.json"), &["empty"]);
    std::fs::write(bench.path("empty/bad.wav"), "no").unwrap();
    bad(run("empty", "kept.json"), &["empty", "none of its 1"]);
    assert_eq!(std::fs::read(bench.path("kept.json")).unwrap(), b"old");
    // A folder where the results should go: writing fails, and that is not a file's fault.
    std::fs::write(bench.path("results"), "a file").unwrap();
    bad(run("music", "results.npy"), &["results"]);
    assert!(!bench.path("x.npy").exists());
}

/// At once, and by what is to be changed: 3 s at a hop of one sample are 17 GB.
#[test]
fn a_result_too_large_is_refused() {
    let bench = bench(&song(1, 3.0), RATE);
    for feature in ["stft", "power"] {
        let args = ["a.wav", "--feature", feature, "--n-fft", "65536", "--hop-length", "1", "--out", "x.npy"];
        bad(
            extract(&bench, &args),
            &["a.wav", "32769 rows", "66151 frames", "bytes", "4 GiB", "--hop-length"],
        );
    }
    assert!(!bench.path("x.npy").exists());
}
