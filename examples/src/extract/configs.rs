//! From options to the configurations of the library.

use soundalike_features as sf;
use soundalike_features::{
    ChromaConfig, DbConfig, DeltaConfig, LogMelConfig, MelConfig, MelNorm, MelScale, MfccConfig,
    OnsetStrengthConfig, PcenConfig, RmsConfig, SpectralBandwidthConfig, SpectralContrastConfig,
    SpectralFlatnessConfig, SpectralRolloffConfig, StftConfig, TempoConfig, TempogramConfig,
    ZeroCrossingRateConfig,
};

use super::Options;
use super::choices::Norm;
use crate::cli::Outcome;

/// librosa's advice for PCEN of samples in -1 to 1.
const PCEN_SCALE: f64 = 2_147_483_648.0;

/// Sets the fields that options were given for.
macro_rules! set {
    ($from:expr => $to:expr; $($field:ident),+) => {
        $(if let Some(value) = $from.$field { $to.$field = value.into(); })+
    };
}

impl Options {
    pub(super) fn stft(&self) -> StftConfig {
        let from = &self.transform;
        let mut to = StftConfig::default().with_periodic(!from.symmetric).with_center(!from.no_center);
        set!(from => to; n_fft, hop_length, win_length, window, pad_mode, precision);
        to
    }

    pub(super) fn mel(&self, sample_rate: u32) -> Outcome<MelConfig> {
        let norm = match self.mel.norm {
            None | Some(Norm::Slaney) => MelNorm::Slaney,
            Some(Norm::None) => MelNorm::None,
            Some(_) => return Err("--norm of mel bands is slaney or none".into()),
        };
        self.mel_with(self.stft(), norm, sample_rate)
    }

    fn mel_with(&self, stft: StftConfig, norm: MelNorm, sample_rate: u32) -> Outcome<MelConfig> {
        let from = &self.mel;
        let mut to = MelConfig::new(sample_rate).with_stft(stft).with_norm(norm);
        set!(from => to; n_mels, fmin, fmax);
        if let Some(power) = from.power {
            to.power = power as f32;
        }
        to.scale = if from.htk { MelScale::Htk } else { from.mel_scale.unwrap_or_default() };
        to.domain = from.mel_domain.unwrap_or_default();
        Ok(to)
    }

    pub(super) fn db(&self) -> DbConfig {
        let from = &self.db;
        let mut to = DbConfig::default();
        set!(from => to; reference, amin);
        if let Some(top_db) = from.top_db {
            to.top_db = top_db.0.map(|top_db| top_db as f32);
        }
        to
    }

    pub(super) fn log_mel(&self, sample_rate: u32) -> Outcome<LogMelConfig> {
        Ok(LogMelConfig::new(sample_rate).with_mel(self.mel(sample_rate)?).with_db(self.db()))
    }

    pub(super) fn mfcc(&self, sample_rate: u32) -> Outcome<MfccConfig> {
        let from = &self.cepstrum;
        let mut to = MfccConfig::new(sample_rate).with_mel(self.mel(sample_rate)?).with_db(self.db());
        set!(from => to; n_mfcc, dct_type, lifter, lifter_kind);
        to.norm = from.dct_norm.unwrap_or_default();
        Ok(to)
    }

    pub(super) fn delta(&self, order: usize) -> DeltaConfig {
        let mut to = DeltaConfig::default().with_order(order);
        if let Some(width) = self.cepstrum.delta_width {
            to.width = width;
        }
        to.mode = self.cepstrum.delta_mode.unwrap_or_default();
        to
    }

    pub(super) fn chroma(&self, sample_rate: u32) -> Outcome<ChromaConfig> {
        let from = &self.spectral;
        let mut to = ChromaConfig::new(sample_rate).with_stft(self.stft()).with_tuning(from.tuning);
        set!(from => to.filters; n_chroma, ctroct);
        if let Some(octwidth) = from.octwidth {
            to.filters.octwidth = octwidth.0;
        }
        to.filters.base_c = !from.base_a;
        to.norm = self.vector_norm("chroma")?;
        Ok(to)
    }

    fn vector_norm(&self, feature: &str) -> Outcome<sf::Norm> {
        match self.mel.norm {
            None | Some(Norm::Inf) => Ok(sf::Norm::Inf),
            Some(Norm::L1) => Ok(sf::Norm::L1),
            Some(Norm::L2) => Ok(sf::Norm::L2),
            Some(Norm::None) => Ok(sf::Norm::None),
            Some(Norm::Slaney) => Err(format!("--norm of {feature} is inf, 1, 2 or none").into()),
        }
    }

    pub(super) fn bandwidth(&self, sample_rate: u32) -> Outcome<SpectralBandwidthConfig> {
        let norm = match self.mel.norm {
            None | Some(Norm::L1) => true,
            Some(Norm::None) => false,
            Some(_) => return Err("--norm of bandwidth is 1 or none".into()),
        };
        let mut to = SpectralBandwidthConfig::new(sample_rate).with_stft(self.stft()).with_norm(norm);
        set!(self.spectral => to; p);
        Ok(to)
    }

    pub(super) fn rolloff(&self, sample_rate: u32) -> SpectralRolloffConfig {
        let mut to = SpectralRolloffConfig::new(sample_rate).with_stft(self.stft());
        set!(self.spectral => to; roll_percent);
        to
    }

    pub(super) fn flatness(&self) -> SpectralFlatnessConfig {
        let mut to = SpectralFlatnessConfig::default().with_stft(self.stft());
        set!(self.db => to; amin);
        set!(self.mel => to; power);
        to
    }

    pub(super) fn contrast(&self, sample_rate: u32) -> SpectralContrastConfig {
        let from = &self.spectral;
        let mut to = SpectralContrastConfig::new(sample_rate).with_stft(self.stft()).with_linear(from.linear);
        set!(from => to; n_bands, quantile);
        set!(self.mel => to; fmin);
        to
    }

    pub(super) fn zcr(&self) -> ZeroCrossingRateConfig {
        let from = &self.transform;
        let mut to = ZeroCrossingRateConfig::default()
            .with_center(!from.no_center)
            .with_zero_pos(!self.spectral.no_zero_pos);
        set!(from => to; frame_length, hop_length);
        set!(self.spectral => to; threshold);
        to
    }

    pub(super) fn rms(&self) -> RmsConfig {
        let from = &self.transform;
        let mut to = RmsConfig::default().with_center(!from.no_center);
        set!(from => to; frame_length, hop_length, pad_mode);
        to
    }

    /// The centring is that of the onset strength, as in librosa, which hands it to no spectrogram.
    pub(super) fn onset(&self, sample_rate: u32) -> Outcome<OnsetStrengthConfig> {
        let mel = self.mel(sample_rate)?;
        let mel = mel.clone().with_stft(mel.stft.with_center(true));
        Ok(self.onset_of(mel).with_center(!self.transform.no_center))
    }

    fn onset_of(&self, mel: MelConfig) -> OnsetStrengthConfig {
        let from = &self.rhythm;
        let log_mel = LogMelConfig::new(mel.sample_rate).with_mel(mel).with_db(self.db());
        let mut to = OnsetStrengthConfig::new(log_mel.mel.sample_rate)
            .with_log_mel(log_mel)
            .with_detrend(from.detrend);
        set!(from => to; lag, max_size);
        to
    }

    pub(super) fn tempo(&self, sample_rate: u32) -> Outcome<TempoConfig> {
        let from = &self.rhythm;
        let mut to = TempoConfig::new(sample_rate).with_onset(self.onset(sample_rate)?);
        set!(from => to; start_bpm, std_bpm, ac_size);
        if let Some(max_tempo) = from.max_tempo {
            to.max_tempo = max_tempo.0;
        }
        Ok(to)
    }

    /// The window, the norm and the centring are the tempogram's; the onset strength under it has defaults there.
    pub(super) fn tempogram(&self, sample_rate: u32) -> Outcome<(OnsetStrengthConfig, TempogramConfig)> {
        let from = &self.transform;
        let plain = StftConfig::default();
        let stft = self.stft().with_win_length(None).with_window(plain.window).with_center(plain.center);
        let onset = self.onset_of(self.mel_with(stft, MelNorm::Slaney, sample_rate)?);
        let mut to = TempogramConfig::default().with_center(!from.no_center);
        set!(from => to; win_length, window);
        to.norm = self.vector_norm("tempogram")?;
        Ok((onset, to))
    }

    /// The bands, the factor they are multiplied by, and what is done then. Magnitudes unless told otherwise.
    pub(super) fn pcen(&self, sample_rate: u32) -> Outcome<(MelConfig, f32, PcenConfig)> {
        let from = &self.pcen;
        let mut mel = self.mel(sample_rate)?;
        if self.mel.power.is_none() {
            mel.power = 1.0;
        }
        let scale = from.pcen_scale.unwrap_or(PCEN_SCALE);
        if !(scale > 0.0 && (scale as f32).is_finite()) {
            return Err(format!("--pcen-scale is {scale}, expected a number above 0").into());
        }
        let mut to = PcenConfig::default().with_sample_rate(sample_rate).with_hop_length(mel.stft.hop_length);
        set!(from => to; gain, bias, time_constant, eps, b);
        if let Some(power) = from.pcen_power {
            to.power = power;
        }
        Ok((mel, scale as f32, to))
    }
}
