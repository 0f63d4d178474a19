//! The `_into` forms allocate nothing from the second call on, also where the kinds of features share a scratch
//! and where a shorter signal comes in between.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use allocation_counter::measure;
use soundalike_features::{
    ChunkConfig, Chunker, ComplexMatrix, LogMel, LogMelConfig, Matrix, MelConfig, MelSpectrogram, Mfcc,
    MfccConfig, PadMode, Scratch, Stft, StftConfig,
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

        let long = common::signal("tones", 22_050, 22_050);
        let mut scratch = Scratch::new();
        let mut complex = ComplexMatrix::default();
        let mut out: [Matrix; 5] = Default::default();
        let mut all = |samples: &[f32]| {
            stft.stft_into(samples, &mut complex, &mut scratch).unwrap();
            stft.power_into(samples, &mut out[0], &mut scratch).unwrap();
            stft.magnitude_into(samples, &mut out[1], &mut scratch).unwrap();
            mel.compute_into(samples, &mut out[2], &mut scratch).unwrap();
            log_mel.compute_into(samples, &mut out[3], &mut scratch).unwrap();
            mfcc.compute_into(samples, &mut out[4], &mut scratch).unwrap();
        };
        assert!(measure(|| all(&long)).count_total > 0, "the counter counts");
        assert_eq!(measure(|| all(&long)).count_total, 0);
        assert_eq!(measure(|| all(&long[..5000])).count_total, 0);
        assert_eq!(measure(|| all(&long)).count_total, 0);
    }
}

#[test]
fn a_chunker_holds_a_chunk_and_a_hop() {
    let samples = vec![0.0f32; 200_000];
    for (chunk, hop) in [(1000, 400), (1000, 1), (1000, 1000), (1000, 70_000)] {
        let mut chunker = Chunker::new(&ChunkConfig::new(chunk, hop)).unwrap();
        let mut stream = || {
            for block in samples.chunks(777) {
                chunker.push(block, |_, _| Ok::<(), ()>(())).unwrap();
            }
            chunker.finish(|_, _| Ok::<(), ()>(())).unwrap();
        };
        // While its memory grows, the old and the new piece may exist together.
        let bytes = measure(&mut stream).bytes_max;
        assert!(bytes as usize <= 2 * (chunk + hop.min(chunk)) * size_of::<f32>(), "{chunk} {hop}: {bytes}");
        assert_eq!(measure(stream).count_total, 0);
    }
}
