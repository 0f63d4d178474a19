//! The `_into` forms of the inverse transform, deltas and normalisations, and all that works in place, allocate nothing
//! from the second call on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use allocation_counter::measure;
use soundalike_features::{
    AmplitudeDbConfig, DbConfig, Delta, DeltaConfig, Matrix, MelConfig, Mfcc, MfccConfig, Pcen, PcenConfig,
    Scratch, SlidingCmn, SlidingCmnConfig, Stft, StftConfig, amplitude_to_db, cmvn, deemphasis,
    power_to_db_batch, preemphasis,
};

#[test]
fn none_after_the_first_call() {
    let config = StftConfig::default().with_n_fft(1023).with_hop_length(300);
    let stft = Stft::new(&config).unwrap();
    let mel = MelConfig::new(22_050).with_n_mels(41);
    let mfcc = Mfcc::new(&MfccConfig::new(1).with_mel(mel).with_dct_type(3).with_lifter(22.0)).unwrap();
    let delta = Delta::new(&DeltaConfig::default()).unwrap();
    let pcen = Pcen::new(&PcenConfig::default()).unwrap();
    let sliding = SlidingCmn::new(&SlidingCmnConfig::default().with_norm_vars(true)).unwrap();

    let samples = common::signal("tones", 22_050, 22_050);
    let spectrogram = stft.stft(&samples).unwrap();
    let half = stft.stft(&samples[..9_000]).unwrap();
    let mut copy = samples.clone();
    let mut state = pcen.start(20);
    let (mut signal, mut scratch) = (Vec::new(), Scratch::new());
    let mut out: [Matrix; 5] = Default::default();
    let mut all = || {
        stft.istft_into(&spectrogram, None, &mut signal, &mut scratch).unwrap();
        stft.istft_into(&half, Some(5_000), &mut signal, &mut scratch).unwrap();
        mfcc.compute_into(&samples, &mut out[0], &mut scratch).unwrap();
        let [features, deltas, energies, stream, normal] = &mut out;
        delta.compute_into(features, deltas).unwrap();
        pcen.compute_into(features, energies).unwrap();
        pcen.continue_into(features, stream, &mut state).unwrap();
        sliding.compute_into(features, normal).unwrap();
        cmvn(features).unwrap();
        power_to_db_batch(&mut out, &DbConfig::default()).unwrap();
        amplitude_to_db(out[1].as_mut_slice(), &AmplitudeDbConfig::default()).unwrap();
        copy.copy_from_slice(&samples);
        let state = preemphasis(&mut copy, 0.97, None).unwrap();
        deemphasis(&mut copy, 0.97, Some(state)).unwrap();
    };
    assert!(measure(&mut all).count_total > 0, "the counter counts");
    assert_eq!(measure(&mut all).count_total, 0);
}
