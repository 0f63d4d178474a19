//! The `_into` forms of the `f64` functions allocate nothing from the second call on, also where they share a scratch
//! with one another and with the others, and where a shorter signal comes in between.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use allocation_counter::measure;
use soundalike_features::{
    ComplexMatrix, DbConfig, LogMel, LogMelConfig, Matrix, MelConfig, MelSpectrogram, Mfcc, MfccConfig,
    PadMode, Scratch, Stft, StftConfig, power_to_db_f64,
};

#[test]
fn none_after_the_first_call() {
    for stft in [
        StftConfig::default(),
        StftConfig::default().with_n_fft(1023).with_hop_length(300).with_pad_mode(PadMode::Reflect),
    ] {
        let mel = MelConfig::new(22_050).with_stft(stft.clone());
        let stft = Stft::new(&stft).unwrap();
        let log_mel = LogMel::new(&LogMelConfig::new(22_050).with_mel(mel.clone())).unwrap();
        let mfcc = Mfcc::new(&MfccConfig::new(22_050).with_mel(mel.clone())).unwrap();
        let mel = MelSpectrogram::new(&mel).unwrap();

        let long = common::signal_f64("tones", 22_050, 22_050);
        let single = common::signal("tones", 22_050, 22_050);
        let (mut scratch, mut signal) = (Scratch::new(), Vec::new());
        let (mut complex, mut of_single) = (ComplexMatrix::default(), Matrix::default());
        let mut out: [Matrix<f64>; 5] = Default::default();
        let mut all = |samples: &[f64]| {
            stft.stft_f64_into(samples, &mut complex, &mut scratch).unwrap();
            stft.istft_f64_into(&complex, None, &mut signal, &mut scratch).unwrap();
            stft.power_f64_into(samples, &mut out[0], &mut scratch).unwrap();
            stft.magnitude_f64_into(samples, &mut out[1], &mut scratch).unwrap();
            mel.compute_f64_into(samples, &mut out[2], &mut scratch).unwrap();
            mel.compute_into(&single, &mut of_single, &mut scratch).unwrap();
            log_mel.compute_f64_into(samples, &mut out[3], &mut scratch).unwrap();
            mfcc.compute_f64_into(samples, &mut out[4], &mut scratch).unwrap();
            power_to_db_f64(out[0].as_mut_slice(), &DbConfig::default()).unwrap();
        };
        assert!(measure(|| all(&long)).count_total > 0, "the counter counts");
        assert_eq!(measure(|| all(&long)).count_total, 0);
        assert_eq!(measure(|| all(&long[..5000])).count_total, 0);
        assert_eq!(measure(|| all(&long)).count_total, 0);
    }
}
