use crate::{Error, Window};

/// The longest window: with it, no power can overflow single precision.
const MAX_WINDOW: f64 = 65_536.0;

/// The parameters of Kaldi's log mel filter bank (`compute-fbank-feats`); the names and defaults are those of
/// `torchaudio.compliance.kaldi.fbank`, which differ from Kaldi's own in `energy_floor` (0 there) alone.
///
/// There is no dither (Kaldi's own default is 1; 0 is what makes results repeatable), and no warping of the scale
/// (VTLN) and no subtraction of the mean.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct KaldiFbankConfig {
    /// Samples a second, at least 1. Default 16,000.
    pub sample_rate: u32,
    /// Samples are multiplied by this: Kaldi's are 16-bit integers, this crate's lie in -1 to 1. Default 32,768; 1
    /// for samples that have the range of integers already.
    pub scale: f32,
    /// Length of the window in milliseconds, cut off to whole samples: 2 to 65,536 of them. Default 25.
    pub frame_length: f64,
    /// Milliseconds from one frame to the next, cut off to whole samples, at least 1. Default 10.
    pub frame_shift: f64,
    /// Whether only frames that the signal fills are made. If not, there is one for every `frame_shift`, with the
    /// signal mirrored at its ends (the last sample repeated). Default true.
    pub snip_edges: bool,
    /// Whether each frame's mean is subtracted from it. Default true.
    pub remove_dc_offset: bool,
    /// Pre-emphasis in each frame: this share of the sample before is subtracted, of the first sample its own; 0 to
    /// 1. Default 0.97.
    pub preemphasis_coefficient: f64,
    /// Shape of the window, in its symmetric form. Default Povey.
    pub window: Window,
    /// Whether the transform's length is the next power of two; if not, it is the window's, which must be even.
    /// Default true.
    pub round_to_power_of_two: bool,
    /// Number of bands, at least 4. Default 23.
    pub num_mel_bins: usize,
    /// Where the lowest band starts, in Hz. Default 20.
    pub low_freq: f64,
    /// Where the highest band ends, in Hz; if not above 0, counted from half the sample rate. Default 0.
    pub high_freq: f64,
    /// Whether powers are gathered, or magnitudes. Default true.
    pub use_power: bool,
    /// Whether bands become their natural logarithm, at least that of 1.19e-7 (single precision's epsilon).
    /// Default true.
    pub use_log_fbank: bool,
    /// Whether the logarithm of the frame's energy comes as a first row. Default false.
    pub use_energy: bool,
    /// Whether that is the energy before pre-emphasis and window, or after. Default true.
    pub raw_energy: bool,
    /// The least energy, at least 0. Default 1, in units of the scaled samples.
    pub energy_floor: f64,
}

impl Default for KaldiFbankConfig {
    fn default() -> Self {
        Self {
            sample_rate: 16_000,
            scale: 32_768.0,
            frame_length: 25.0,
            frame_shift: 10.0,
            snip_edges: true,
            remove_dc_offset: true,
            preemphasis_coefficient: 0.97,
            window: Window::Povey,
            round_to_power_of_two: true,
            num_mel_bins: 23,
            low_freq: 20.0,
            high_freq: 0.0,
            use_power: true,
            use_log_fbank: true,
            use_energy: false,
            raw_energy: true,
            energy_floor: 1.0,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($field:ident: $type:ty);)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $field: $type) -> Self {
            self.$field = $field;
            self
        }
    )*};
}

impl KaldiFbankConfig {
    setters! {
        /// Sets the samples a second.
        with_sample_rate(sample_rate: u32);
        /// Sets what samples are multiplied by.
        with_scale(scale: f32);
        /// Sets the window's length in milliseconds.
        with_frame_length(frame_length: f64);
        /// Sets the milliseconds from one frame to the next.
        with_frame_shift(frame_shift: f64);
        /// Sets whether only frames that the signal fills are made.
        with_snip_edges(snip_edges: bool);
        /// Sets whether each frame's mean is subtracted.
        with_remove_dc_offset(remove_dc_offset: bool);
        /// Sets the pre-emphasis.
        with_preemphasis_coefficient(preemphasis_coefficient: f64);
        /// Sets the window's shape.
        with_window(window: Window);
        /// Sets whether the transform's length is a power of two.
        with_round_to_power_of_two(round_to_power_of_two: bool);
        /// Sets the number of bands.
        with_num_mel_bins(num_mel_bins: usize);
        /// Sets where the lowest band starts.
        with_low_freq(low_freq: f64);
        /// Sets where the highest band ends.
        with_high_freq(high_freq: f64);
        /// Sets whether powers are gathered.
        with_use_power(use_power: bool);
        /// Sets whether bands become logarithms.
        with_use_log_fbank(use_log_fbank: bool);
        /// Sets whether the energy comes as a first row.
        with_use_energy(use_energy: bool);
        /// Sets of what the energy is.
        with_raw_energy(raw_energy: bool);
        /// Sets the least energy.
        with_energy_floor(energy_floor: f64);
    }

    /// Samples of a window.
    pub(super) fn window_length(&self) -> usize {
        samples(self.sample_rate, self.frame_length) as usize
    }

    /// Samples from one frame to the next.
    pub(super) fn hop_length(&self) -> usize {
        samples(self.sample_rate, self.frame_shift) as usize
    }

    /// The transform's length.
    pub(super) fn n_fft(&self) -> usize {
        let length = self.window_length();
        if self.round_to_power_of_two { length.next_power_of_two() } else { length }
    }

    /// Where the highest band ends, in Hz.
    pub(super) fn fmax(&self) -> f64 {
        if self.high_freq > 0.0 { self.high_freq } else { self.high_freq + f64::from(self.sample_rate) / 2.0 }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let refuse = |parameter, got, expected| Err(Error::config(parameter, got, expected));
        if self.sample_rate == 0 {
            return refuse("sample_rate", 0.0, "at least 1");
        }
        if !(1e-6..=1e6).contains(&self.scale) {
            return refuse("scale", f64::from(self.scale), "1e-6 to 1e6");
        }
        let window = samples(self.sample_rate, self.frame_length);
        if !(2.0..=MAX_WINDOW).contains(&window) {
            return refuse("frame_length", self.frame_length, "milliseconds that are 2 to 65536 samples");
        }
        if !self.round_to_power_of_two && window % 2.0 != 0.0 {
            return refuse(
                "frame_length",
                self.frame_length,
                "an even number of samples, or a power of two to round to",
            );
        }
        let shift = samples(self.sample_rate, self.frame_shift);
        if !(1.0..=f64::from(u32::MAX)).contains(&shift) {
            return refuse("frame_shift", self.frame_shift, "milliseconds that are at least 1 sample");
        }
        if !(0.0..=1.0).contains(&self.preemphasis_coefficient) {
            return refuse("preemphasis_coefficient", self.preemphasis_coefficient, "0 to 1");
        }
        self.window.check()?;
        if !(4..=4096).contains(&self.num_mel_bins) {
            return refuse("num_mel_bins", self.num_mel_bins as f64, "4 to 4096");
        }
        let nyquist = f64::from(self.sample_rate) / 2.0;
        if !(0.0..nyquist).contains(&self.low_freq) {
            return refuse("low_freq", self.low_freq, "a frequency from 0 Hz, under half the sample rate");
        }
        // NaN is in no range.
        let fmax = self.fmax();
        if !(0.0..=nyquist).contains(&fmax) || fmax <= self.low_freq {
            return refuse(
                "high_freq",
                self.high_freq,
                "a frequency over low_freq, up to half the sample rate",
            );
        }
        if !(0.0..f64::INFINITY).contains(&self.energy_floor) {
            return refuse("energy_floor", self.energy_floor, "a number from 0");
        }
        Ok(())
    }
}

/// Milliseconds as a number of samples, cut off.
fn samples(sample_rate: u32, milliseconds: f64) -> f64 {
    (f64::from(sample_rate) * milliseconds * 0.001).trunc()
}

/// The parameters of Kaldi's cepstral coefficients (`compute-mfcc-feats`); the names and defaults are those of
/// `torchaudio.compliance.kaldi.mfcc`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct KaldiMfccConfig {
    /// The bands. With `use_energy`, which here is false by default as in torchaudio (Kaldi's own default is true),
    /// the logarithm of the energy takes the place of the first coefficient.
    pub fbank: KaldiFbankConfig,
    /// Number of coefficients, 1 to `num_mel_bins`. Default 13.
    pub num_ceps: usize,
    /// The lifter's length: coefficient `i`, from 0, is multiplied by `1 + L/2 sin(pi i / L)`; 0 for none. (librosa's
    /// lifter counts from 1.) Default 22.
    pub cepstral_lifter: f64,
}

impl Default for KaldiMfccConfig {
    fn default() -> Self {
        Self { fbank: KaldiFbankConfig::default(), num_ceps: 13, cepstral_lifter: 22.0 }
    }
}

impl KaldiMfccConfig {
    setters! {
        /// Sets the bands.
        with_fbank(fbank: KaldiFbankConfig);
        /// Sets the number of coefficients.
        with_num_ceps(num_ceps: usize);
        /// Sets the lifter's length.
        with_cepstral_lifter(cepstral_lifter: f64);
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.fbank.check()?;
        for (parameter, is) in
            [("use_power", self.fbank.use_power), ("use_log_fbank", self.fbank.use_log_fbank)]
        {
            if !is {
                return Err(Error::config(parameter, 0.0, "true (1) for cepstral coefficients"));
            }
        }
        if !(1..=self.fbank.num_mel_bins).contains(&self.num_ceps) {
            return Err(Error::config("num_ceps", self.num_ceps as f64, "1 to num_mel_bins"));
        }
        if !(0.0..=1e6).contains(&self.cepstral_lifter) {
            return Err(Error::config("cepstral_lifter", self.cepstral_lifter, "0 to 1e6"));
        }
        Ok(())
    }
}
