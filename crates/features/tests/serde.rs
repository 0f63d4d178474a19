//! Configurations to JSON and back, and what a person may leave out.

#![cfg(feature = "serde")]

use soundalike_features::{
    ChunkConfig, DbConfig, KaldiFbankConfig, KaldiMfccConfig, LogMelConfig, MelConfig, MelDomain, MelNorm,
    MelScale, MfccConfig, PadMode, StftConfig, Tail, Window,
};

#[test]
fn there_and_back() {
    let stft = StftConfig::default()
        .with_n_fft(1024)
        .with_win_length(400)
        .with_window(Window::Blackman)
        .with_center(false)
        .with_pad_mode(PadMode::Reflect);
    let mel =
        MelConfig::new(16_000).with_stft(stft).with_htk(true).with_norm(MelNorm::None).with_fmax(7500.5);
    let config =
        MfccConfig::new(16_000).with_mel(mel).with_n_mfcc(13).with_db(DbConfig::default().with_top_db(None));
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<MfccConfig>(&json).unwrap(), config);
    let chunks = ChunkConfig::new(5, 2).with_tail(Tail::Drop);
    let json = serde_json::to_string(&chunks).unwrap();
    assert_eq!(serde_json::from_str::<ChunkConfig>(&json).unwrap(), chunks);
}

#[test]
fn names() {
    let mel: MelConfig =
        serde_json::from_str(r#"{"sample_rate": 16000, "scale": "kaldi", "domain": "mel", "zero_dc": true}"#)
            .unwrap();
    let want =
        MelConfig::new(16_000).with_scale(MelScale::Kaldi).with_domain(MelDomain::Mel).with_zero_dc(true);
    assert_eq!(mel, want);
    let stft: StftConfig =
        serde_json::from_str(r#"{"window": {"kaiser": {"beta": 8.5}}, "periodic": false}"#).unwrap();
    assert_eq!(stft, StftConfig::default().with_window(Window::Kaiser { beta: 8.5 }).with_periodic(false));
    let stft: StftConfig = serde_json::from_str(r#"{"window": "povey"}"#).unwrap();
    assert_eq!(stft, StftConfig::default().with_window(Window::Povey));
    for config in [StftConfig::default().with_window(Window::Kaiser { beta: 0.1 }), stft] {
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<StftConfig>(&json).unwrap(), config);
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let read = |json| serde_json::from_str::<MfccConfig>(json).unwrap();
    assert_eq!(read(r#"{"mel": {"sample_rate": 22050}}"#), MfccConfig::new(22_050));
    let config =
        read(r#"{"mel": {"sample_rate": 8000, "stft": {"n_fft": 256}, "scale": "htk"}, "n_mfcc": 13}"#);
    let mel = MelConfig::new(8000).with_n_fft(256).with_htk(true);
    assert_eq!(config, MfccConfig::new(8000).with_mel(mel).with_n_mfcc(13));
    let log_mel: LogMelConfig = serde_json::from_str(r#"{"mel": {"sample_rate": 8000}}"#).unwrap();
    assert_eq!(log_mel, LogMelConfig::new(8000));
}

#[test]
fn a_misspelt_or_missing_key_is_refused() {
    assert!(serde_json::from_str::<MelConfig>(r#"{"sample_rate": 8000, "nmels": 40}"#).is_err());
    assert!(serde_json::from_str::<MelConfig>("{}").is_err());
}

#[test]
fn kaldis_settings() {
    let fbank = KaldiFbankConfig::default().with_num_mel_bins(80).with_window(Window::Hamming);
    let config = KaldiMfccConfig::default().with_fbank(fbank).with_cepstral_lifter(0.0);
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<KaldiMfccConfig>(&json).unwrap(), config);
    let read = |json| serde_json::from_str::<KaldiFbankConfig>(json);
    assert_eq!(read("{}").unwrap(), KaldiFbankConfig::default());
    assert_eq!(read(r#"{"num_mel_bins": 40}"#).unwrap(), KaldiFbankConfig::default().with_num_mel_bins(40));
    assert!(read(r#"{"n_mels": 40}"#).is_err());
}
