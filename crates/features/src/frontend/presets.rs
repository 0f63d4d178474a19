//! The definitions. Each follows the code that made the model's training data, read in the version that its comment
//! names, and is a composition of what this crate offers.

use super::bands::{Bands, Compression};
use super::fit::{Fit, Patching, Tail};
use super::{FrontEnd, Steps};
use crate::{
    DbConfig, Error, KaldiFbank, KaldiFbankConfig, KaldiMfcc, KaldiMfccConfig, LogMel, LogMelConfig,
    MelConfig, MelDomain, MelNorm, MelScale, PadMode, Stft, StftConfig,
};

impl FrontEnd {
    /// librosa 0.11: `power_to_db(feature.melspectrogram(y, sr))`, 128 bands in decibels. (Its MFCC are
    /// [`Mfcc`](crate::Mfcc).)
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a sample rate of 0.
    pub fn librosa(sample_rate: u32) -> Result<Self, Error> {
        let config = LogMelConfig::new(sample_rate);
        Self::log_mel("librosa", &config, Fit::NONE, Patching::Whole)
    }

    /// torchaudio 2.11: `MelSpectrogram()` with its defaults (16 kHz, 128 bands, HTK's scale, not normalised,
    /// reflected ends), then `AmplitudeToDB("power", 80)`, whose maximum is that of each clip by itself: what its
    /// `MFCC` is made of.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn torchaudio() -> Result<Self, Error> {
        let stft = StftConfig::default().with_n_fft(400).with_hop_length(200).with_pad_mode(PadMode::Reflect);
        let mel = MelConfig::new(16_000).with_stft(stft).with_scale(MelScale::Htk).with_norm(MelNorm::None);
        let config = LogMelConfig::new(16_000).with_mel(mel);
        Self::log_mel("torchaudio", &config, Fit::NONE, Patching::Whole)
    }

    /// Kaldi's `compute-fbank-feats` with the defaults of torchaudio.compliance.kaldi: 23 log mel bands of 16 kHz
    /// audio. `FrontEnd::from(KaldiFbank::new(&config)?)` makes one with other settings.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn kaldi_fbank() -> Result<Self, Error> {
        Ok(KaldiFbank::new(&KaldiFbankConfig::default())?.into())
    }

    /// Kaldi's `compute-mfcc-feats` with the defaults of torchaudio.compliance.kaldi: 13 cepstral coefficients of
    /// 23 bands of 16 kHz audio. `FrontEnd::from(KaldiMfcc::new(&config)?)` makes one with other settings.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn kaldi_mfcc() -> Result<Self, Error> {
        Ok(KaldiMfcc::new(&KaldiMfccConfig::default())?.into())
    }

    /// VGGish (AudioSet's `vggish_input.py`): 16 kHz, `ln(mel + 0.01)` of 64 bands of the **magnitude**, patches of
    /// 96 frames (0.96 s) one after the other. A rest that fills no patch is left out, so audio under 15,600
    /// samples has none. The reference's patches are `[frame x band]`.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn vggish() -> Result<Self, Error> {
        let patching = Patching::Frames { length: 96, hop: 96 };
        Self::audioset("vggish", 0.01, Tail::Whole { least: 400 }, patching)
    }

    /// YAMNet (AudioSet's `yamnet/features.py`): as [`Self::vggish`] but `ln(mel + 0.001)`, a patch of 96 frames
    /// every 48 (0.48 s), and zeros after the signal up to the end of a patch; so no signal is too short. The zeros'
    /// frames are part of [`Self::compute`] too, as in the reference.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn yamnet() -> Result<Self, Error> {
        // A patch is 95 hops and a window long; each more adds 48 hops.
        let tail = Tail::Padded { least: 15_600, from: 15_600, step: 7_680 };
        Self::audioset("yamnet", 0.001, tail, Patching::Frames { length: 96, hop: 48 })
    }

    fn audioset(name: &'static str, offset: f32, tail: Tail, patching: Patching) -> Result<Self, Error> {
        let stft = StftConfig::default()
            .with_n_fft(512)
            .with_win_length(400)
            .with_hop_length(160)
            .with_center(false);
        let mel = MelConfig::new(16_000)
            .with_stft(stft)
            .with_power(1.0)
            .with_n_mels(64)
            .with_fmin(125.0)
            .with_fmax(7500.0)
            .with_scale(MelScale::Kaldi)
            .with_domain(MelDomain::Mel)
            .with_norm(MelNorm::None)
            .with_zero_dc(true);
        let fit = Fit { tail, margin: (512 - 400) / 2, ..Fit::NONE };
        Self::mel(name, &mel, Compression::Ln { offset }, fit, patching)
    }

    /// OpenL3's linear input (openl3 0.4 with kapre): 48 kHz, 257 bins of the magnitude as `10 log10`, less the
    /// item's maximum, at least -80. Patches are windows of 1 s (197 frames), one every 0.1 s; half a second of
    /// zeros is put in front, so that patch `t` is centred on its time, and zeros behind as the last window wants.
    /// [`Self::compute`] takes the clip as one item, without these zeros; it must fill a frame of 512 samples.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn openl3_linear() -> Result<Self, Error> {
        let stft = StftConfig::default().with_n_fft(512).with_hop_length(242).with_center(false);
        let bands = Bands::magnitudes(&stft);
        let steps = Steps::Bands { stft: Stft::new(&stft)?, bands, below_maximum: true };
        let fit = Fit { tail: Tail::Whole { least: 512 }, ..Fit::NONE };
        Ok(Self { name: "openl3_linear", sample_rate: 48_000, fit, steps, patching: OPENL3_WINDOWS })
    }

    /// OpenL3's mel input of 128 bands: 48 kHz, Slaney's bank over the **magnitude**, `10 log10` all the same, less
    /// the item's maximum, at least -80. Patches of 199 frames as [`Self::openl3_linear`]'s; here a frame begins at
    /// every 242nd sample, and the last ones end in zeros.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn openl3_mel128() -> Result<Self, Error> {
        Self::openl3_mel("openl3_mel128", 128)
    }

    /// OpenL3's mel input of 256 bands, else as [`Self::openl3_mel128`].
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn openl3_mel256() -> Result<Self, Error> {
        Self::openl3_mel("openl3_mel256", 256)
    }

    fn openl3_mel(name: &'static str, n_mels: usize) -> Result<Self, Error> {
        let stft = StftConfig::default().with_n_fft(2048).with_hop_length(242).with_center(false);
        let mel = MelConfig::new(48_000).with_stft(stft).with_power(1.0).with_n_mels(n_mels);
        let fit = Fit { tail: Tail::Padded { least: 2048, from: 242, step: 242 }, ..Fit::NONE };
        let mut this = Self::mel(name, &mel, Compression::None, fit, OPENL3_WINDOWS)?;
        if let Steps::Bands { below_maximum, .. } = &mut this.steps {
            *below_maximum = true;
        }
        Ok(this)
    }

    /// LAION CLAP's input (`get_mel`, for the HTSAT models of 48 kHz): samples through 16-bit integers and back,
    /// then 64 bands from 50 to 14,000 Hz (HTK's scale, not normalised, reflected ends) in decibels without a floor.
    /// A patch is 10 s (1001 frames). Shorter audio is repeated as often as it fits wholly, then filled up with
    /// zeros, as in the reference. Of longer audio the reference takes a random 10 s; here are all its 10 s
    /// one after the other, the last of which ends where the audio ends. The reference's patches are
    /// `[frame x band]`.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn clap() -> Result<Self, Error> {
        let stft =
            StftConfig::default().with_n_fft(1024).with_hop_length(480).with_pad_mode(PadMode::Reflect);
        let mel = MelConfig::new(48_000)
            .with_stft(stft)
            .with_n_mels(64)
            .with_fmin(50.0)
            .with_fmax(14_000.0)
            .with_scale(MelScale::Htk)
            .with_norm(MelNorm::None);
        let config = LogMelConfig::new(48_000).with_mel(mel).with_db(DbConfig::default().with_top_db(None));
        let fit = Fit { int16: true, ..Fit::NONE };
        Self::log_mel("clap", &config, fit, Patching::Repeated { length: 480_000 })
    }

    /// musicnn (the Python package, 0.1): 16 kHz, `log10(1 + 10000 mel)` of librosa's 96 bands, centred frames
    /// between zeros; patches of 187 frames (3 s) one after the other, the rest left out.
    ///
    /// The package keeps bands in half precision, where `10000 mel` is infinite from a band of 6.55 on; that is not copied.
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn musicnn() -> Result<Self, Error> {
        let mel = MelConfig::new(16_000).with_n_fft(512).with_hop_length(256).with_n_mels(96);
        let patching = Patching::Frames { length: 187, hop: 187 };
        Self::mel("musicnn", &mel, Compression::Log10 { factor: 10_000.0 }, Fit::NONE, patching)
    }

    /// Essentia's input to MusiCNN (`TensorflowInputMusiCNN`, 2.1b6): as [`Self::musicnn`], but with a
    /// **symmetric** window and without centring. Frames are those of
    /// `FrameGenerator(startFromZero=True)`: the first begins with the signal, the last is filled up with zeros.
    /// Patches of 187 frames, one every 93, the rest left out, as by `TensorflowPredictMusiCNN` (which, however,
    /// begins half a frame before the signal).
    ///
    /// # Errors
    /// None; the constructors are alike.
    pub fn essentia_musicnn() -> Result<Self, Error> {
        let stft = StftConfig::default()
            .with_n_fft(512)
            .with_hop_length(256)
            .with_periodic(false)
            .with_center(false);
        let mel = MelConfig::new(16_000).with_stft(stft).with_n_mels(96);
        let fit = Fit { tail: Tail::Padded { least: 512, from: 512, step: 256 }, ..Fit::NONE };
        let patching = Patching::Frames { length: 187, hop: 93 };
        Self::mel("essentia_musicnn", &mel, Compression::Log10 { factor: 10_000.0 }, fit, patching)
    }

    fn log_mel(
        name: &'static str,
        config: &LogMelConfig,
        fit: Fit,
        patching: Patching,
    ) -> Result<Self, Error> {
        let (sample_rate, steps) = (config.mel.sample_rate, Steps::LogMel(LogMel::new(config)?));
        Ok(Self { name, sample_rate, fit, steps, patching })
    }

    fn mel(
        name: &'static str,
        config: &MelConfig,
        compression: Compression,
        fit: Fit,
        patching: Patching,
    ) -> Result<Self, Error> {
        let bands = Bands::mel(config, compression)?;
        let steps = Steps::Bands { stft: Stft::new(&config.stft)?, bands, below_maximum: false };
        Ok(Self { name, sample_rate: config.sample_rate, fit, steps, patching })
    }
}

/// Windows of 1 s every 0.1 s at 48 kHz, the first one centred on the first sample.
const OPENL3_WINDOWS: Patching = Patching::Windows { length: 48_000, hop: 4_800, front: 24_000 };
