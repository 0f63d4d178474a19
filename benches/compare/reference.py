"""librosa's answer to a configuration of ours, in the form that serde writes it."""

import collections

import librosa
import numpy as np
import scipy.signal

Feature = collections.namedtuple("Feature", "compute tolerance words")

WINDOWS = {"hann": "hann", "hamming": "hamming", "blackman": "blackman", "rectangular": "boxcar"}
PAD_MODES = {"zeros": "constant", "reflect": "reflect", "edge": "edge"}
NORMS = {"inf": np.inf, "l1": 1, "l2": 2, "none": None}


def window_of(config):
    """What librosa is given for a window: a name, or the values of those that have no name there."""
    window, length = config["window"], config["win_length"] or config["n_fft"]
    if window == "povey":
        return scipy.signal.get_window("hann", length, fftbins=False) ** 0.85
    name = ("kaiser", window["kaiser"]["beta"]) if isinstance(window, dict) else WINDOWS[window]
    return name if config["periodic"] else scipy.signal.get_window(name, length, fftbins=False)


def stft_arguments(config):
    return dict(
        n_fft=config["n_fft"],
        hop_length=config["hop_length"],
        win_length=config["win_length"],
        window=window_of(config),
        center=config["center"],
        pad_mode=PAD_MODES[config["pad_mode"]],
    )


def padded(config, y):
    """Mirrors at the ends before librosa sees the signal. librosa pads the end of a long signal by itself, from a
    piece that can be one sample too short for the mirror, and the last sample of the last frame is then another one.
    """
    if not (config["center"] and config["pad_mode"] == "reflect"):
        return config, y
    return config | {"center": False}, np.pad(y, config["n_fft"] // 2, mode="reflect")


def complex_stft(config, y):
    config, y = padded(config, y)
    return librosa.stft(y, **stft_arguments(config))


def stft(config, y):
    z = complex_stft(config, y)
    return np.concatenate([z.real, z.imag])


def magnitude(config, y):
    return np.abs(complex_stft(config, y))


def power(config, y):
    return magnitude(config, y) ** 2


def spectrum(function, config, y, **more):
    """A function of librosa's that transforms by itself."""
    stft_config, y = padded(config["stft"], y)
    return function(y=y, **stft_arguments(stft_config), **more)


def mel(config, y):
    return spectrum(
        librosa.feature.melspectrogram,
        config,
        y,
        sr=config["sample_rate"],
        power=config["power"],
        n_mels=config["n_mels"],
        fmin=config["fmin"],
        fmax=config["fmax"],
        htk=config["scale"] == "htk",
        norm=None if config["norm"] == "none" else "slaney",
    )


def rounding(config, y):
    """What rounding in double precision leaves in a spectrum (to the configured power): no figure under it means
    anything, in librosa no more than in ours."""
    return float((1e-13 * magnitude(config["stft"], y).max()) ** config["power"])


def logmel(config, y):
    db = config["db"]
    return librosa.power_to_db(mel(config["mel"], y), ref=db["reference"], amin=db["amin"], top_db=db["top_db"])


def mfcc(config, y):
    norm = None if config["norm"] == "none" else "ortho"
    kaldi = config["lifter_kind"] == "kaldi"
    m = librosa.feature.mfcc(
        S=logmel(config, y),
        n_mfcc=config["n_mfcc"],
        dct_type=config["dct_type"],
        norm=norm,
        lifter=0 if kaldi else config["lifter"],
    )
    return m * lifters(config)[:, None] if kaldi else m


def lifters(config):
    """What each coefficient is multiplied by."""
    lifter = config["lifter"]
    n = np.arange(config["n_mfcc"]) + (config["lifter_kind"] == "librosa")
    return 1 + lifter / 2 * np.sin(np.pi * n / lifter) if lifter else np.ones(len(n))


def mfcc_tolerance(config, peak):
    """1e-3 of an orthonormal transform without a lifter; another scale, or a lifter, scales errors as well."""
    n_mels = config["mel"]["n_mels"]
    scale = 1.0 if config["norm"] == "ortho" else np.sqrt(2.0 * n_mels)
    return 1e-3 * max(1.0, scale * np.abs(lifters(config)).max())


def chroma(config, y):
    filters = config["filters"]
    return spectrum(
        librosa.feature.chroma_stft,
        config,
        y,
        sr=config["sample_rate"],
        norm=NORMS[config["norm"]],
        tuning=config["tuning"],
        n_chroma=filters["n_chroma"],
        ctroct=filters["ctroct"],
        octwidth=filters["octwidth"],
        base_c=filters["base_c"],
    )


def contrast(config, y):
    names = ["fmin", "n_bands", "quantile", "linear"]
    more = {name: config[name] for name in names}
    return spectrum(librosa.feature.spectral_contrast, config, y, sr=config["sample_rate"], **more)


def centroid(config, y):
    return spectrum(librosa.feature.spectral_centroid, config, y, sr=config["sample_rate"])


def bandwidth(config, y):
    function = librosa.feature.spectral_bandwidth
    return spectrum(function, config, y, sr=config["sample_rate"], p=config["p"], norm=config["norm"])


def rolloff(config, y):
    function = librosa.feature.spectral_rolloff
    return spectrum(function, config, y, sr=config["sample_rate"], roll_percent=config["roll_percent"])


def flatness(config, y):
    return spectrum(librosa.feature.spectral_flatness, config, y, amin=config["amin"], power=config["power"])


def rms(config, y):
    return librosa.feature.rms(y=y, **config | {"pad_mode": PAD_MODES[config["pad_mode"]]})


def zcr(config, y):
    return librosa.feature.zero_crossing_rate(y, **config)


def of_peak(part):
    return lambda config, peak: part * peak


def contrast_tolerance(config, peak):
    """In decibels, 1e-5 of less than 1 dB is under what single precision tells of the decibels subtracted."""
    return 1e-5 * (peak if config["linear"] else max(peak, 1.0))


PEAK, LARGEST = "of the peak", "of the largest value"
FEATURES = {
    "stft": Feature(stft, of_peak(1e-6), f"1e-6 {PEAK}"),
    "magnitude": Feature(magnitude, of_peak(1e-6), f"1e-6 {PEAK}"),
    "power": Feature(power, of_peak(2e-6), f"2e-6 {PEAK}"),
    "mel": Feature(mel, of_peak(1e-5), f"1e-5 {LARGEST}"),
    "logmel": Feature(logmel, lambda config, peak: 1e-4, "1e-4 dB"),
    "mfcc": Feature(mfcc, mfcc_tolerance, "1e-3, times scale and lifter"),
    "chroma": Feature(chroma, of_peak(1e-5), f"1e-5 {LARGEST}"),
    "contrast": Feature(contrast, contrast_tolerance, f"1e-5 {LARGEST}, of 1 dB at least"),
    "centroid": Feature(centroid, of_peak(1e-5), f"1e-5 {LARGEST}"),
    "bandwidth": Feature(bandwidth, of_peak(1e-5), f"1e-5 {LARGEST}"),
    "flatness": Feature(flatness, of_peak(1e-5), f"1e-5 {LARGEST}"),
    "rolloff": Feature(rolloff, of_peak(1e-7), "the same bin"),
    "rms": Feature(rms, of_peak(1e-6), f"1e-6 {LARGEST}"),
    "zcr": Feature(zcr, of_peak(1e-7), "the same number"),
}


def compute(feature, config, y):
    return FEATURES[feature].compute(config, y)
