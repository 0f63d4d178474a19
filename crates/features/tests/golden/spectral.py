"""Makes the golden values of tests/golden_spectral.rs: librosa's own results on signals that are formulas.

    pip install librosa==0.11.0 numpy scipy
    python3 spectral.py

Writes spectral.bin beside this file, in the format that common.py tells.
"""

import warnings

import librosa
import numpy as np

from common import signal, write

assert librosa.__version__.startswith("0.11."), librosa.__version__
warnings.simplefilter("ignore")

NORMS = {"inf": np.inf, "l1": 1, "l2": 2, "none": None}


def compute(feature, y, sr, p):
    hop = p.get("hop_length", 512)
    if feature == "zero_crossing_rate":
        return librosa.feature.zero_crossing_rate(
            y,
            frame_length=p.get("frame_length", 2048),
            hop_length=hop,
            center=not p.get("no_center", False),
            threshold=p.get("threshold", 1e-10),
            zero_pos=not p.get("no_zero_pos", False),
        )
    if feature == "rms":
        return librosa.feature.rms(
            y=y,
            frame_length=p.get("frame_length", 2048),
            hop_length=hop,
            center=not p.get("no_center", False),
            pad_mode={"zeros": "constant"}.get(p.get("pad_mode", "zeros"), p.get("pad_mode")),
        )
    stft = dict(n_fft=p.get("n_fft", 2048), hop_length=hop, center=not p.get("no_center", False))
    stft["window"] = {"rectangular": "boxcar"}.get(p.get("window", "hann"), p.get("window", "hann"))
    if feature == "rms_from_spectrogram":
        S = np.abs(librosa.stft(y, **stft))
        return librosa.feature.rms(S=S, frame_length=stft["n_fft"])
    if feature == "chroma_filters":
        return librosa.filters.chroma(
            sr=sr,
            n_fft=stft["n_fft"],
            n_chroma=p.get("n_chroma", 12),
            tuning=p.get("tuning", 0.0),
            ctroct=p.get("ctroct", 5.0),
            octwidth=None if p.get("octwidth") == "none" else p.get("octwidth", 2),
            norm=NORMS[p.get("filter_norm", "l2")],
            base_c=not p.get("no_base_c", False),
        )
    if feature == "chroma":
        return librosa.feature.chroma_stft(
            y=y,
            sr=sr,
            norm=NORMS[p.get("norm", "inf")],
            tuning=p.get("tuning"),
            n_chroma=p.get("n_chroma", 12),
            octwidth=None if p.get("octwidth") == "none" else p.get("octwidth", 2),
            base_c=not p.get("no_base_c", False),
            **stft,
        )
    if feature == "tuning":
        return librosa.estimate_tuning(
            y=y,
            sr=sr,
            n_fft=stft["n_fft"],
            resolution=p.get("resolution", 0.01),
            bins_per_octave=p.get("bins_per_octave", 12),
            fmin=p.get("fmin", 150.0),
            fmax=p.get("fmax", 4000.0),
            threshold=p.get("threshold", 0.1),
        )
    if feature == "centroid":
        return librosa.feature.spectral_centroid(y=y, sr=sr, **stft)
    if feature == "bandwidth":
        return librosa.feature.spectral_bandwidth(
            y=y, sr=sr, p=p.get("p", 2), norm=not p.get("no_norm", False), **stft
        )
    if feature == "bandwidth_with_centroid":
        S = np.abs(librosa.stft(y, **stft))
        given = 100.0 * np.arange(1, S.shape[1] + 1, dtype=np.float32)[np.newaxis]
        return librosa.feature.spectral_bandwidth(
            S=S, sr=sr, n_fft=stft["n_fft"], centroid=given, p=p.get("p", 2), norm=not p.get("no_norm", False)
        )
    if feature == "rolloff":
        return librosa.feature.spectral_rolloff(y=y, sr=sr, roll_percent=p.get("roll_percent", 0.85), **stft)
    if feature == "flatness":
        return librosa.feature.spectral_flatness(y=y, amin=p.get("amin", 1e-10), power=p.get("power", 2.0), **stft)
    if feature == "contrast":
        return librosa.feature.spectral_contrast(
            y=y,
            sr=sr,
            fmin=p.get("fmin", 200.0),
            n_bands=p.get("n_bands", 6),
            quantile=p.get("quantile", 0.02),
            linear=p.get("linear", False),
            **stft,
        )
    onset = librosa.onset.onset_strength(
        y=y,
        sr=sr,
        n_fft=stft["n_fft"],
        hop_length=hop,
        lag=p.get("lag", 1),
        max_size=p.get("max_size", 1),
        detrend=p.get("detrend", False),
        center=not p.get("no_center", False),
        n_mels=p.get("n_mels", 128),
    )
    if feature == "onset":
        return onset
    if feature == "tempogram":
        return librosa.feature.tempogram(
            onset_envelope=onset,
            sr=sr,
            win_length=p.get("win_length", 384),
            norm=NORMS[p.get("norm", "inf")],
            center=not p.get("no_center", False),
        )
    tempo = dict(
        onset_envelope=onset,
        sr=sr,
        hop_length=hop,
        start_bpm=p.get("start_bpm", 120),
        std_bpm=p.get("std_bpm", 1.0),
        ac_size=p.get("ac_size", 8.0),
        max_tempo=None if p.get("max_tempo") == "none" else p.get("max_tempo", 320.0),
    )
    if feature == "tempo":
        return librosa.feature.tempo(**tempo)
    if feature == "local_tempo":
        return librosa.feature.tempo(aggregate=None, **tempo)
    raise ValueError(feature)


FRAMES = ["centroid", "bandwidth", "rolloff", "flatness", "contrast", "zero_crossing_rate", "rms", "onset"]


def cases():
    tones = ("tones", 22050, 33075)
    noise = ("noise", 16000, 16000)
    music = ("music", 22050, 44100)
    base = [("chirp", 22050, 22051), tones, noise, ("steps", 22050, 22050), ("impulse", 22050, 11025)]
    base += [("silence", 22050, 5000), music]
    for s in base:
        p = dict(n_bands=5) if s[1] == 16000 else {}
        for feature in FRAMES:
            yield feature, s, p if feature == "contrast" else {}
        yield "chroma", s, dict(tuning=0.0)
        if s[0] != "impulse":  # its spectrum is flat: what its peaks are is rounding
            yield "chroma", s, {}
            yield "tuning", s, {}
        yield "tempo", s, {}
        yield "tempogram", s, dict(win_length=60)
    for n in [1, 100, 2047, 2048, 2049]:
        for feature in FRAMES + ["chroma", "tuning", "tempo"]:
            yield feature, ("tones", 22050, n), {}
    for p in [
        dict(n_fft=512, hop_length=128),
        dict(n_fft=1023, hop_length=300),
        dict(n_fft=4096, hop_length=1000, no_center=True),
        dict(window="hamming"),
    ]:
        for s in [tones, ("chirp", 22050, 22051), music]:
            for feature in ["centroid", "bandwidth", "rolloff", "flatness", "chroma"]:
                yield feature, s, p
            yield "contrast", s, {**p, **(dict(n_bands=4) if p.get("n_fft") == 512 else {})}
    for s in [tones, ("steps", 22050, 22050), music]:
        for p in [dict(p=1), dict(p=1.5), dict(p=3.0), dict(no_norm=True), dict(p=1, no_norm=True), dict(p=3, no_norm=True)]:
            yield "bandwidth", s, p
            yield "bandwidth_with_centroid", s, p
        yield "bandwidth_with_centroid", s, {}
        for percent in [0.01, 0.1, 0.5, 0.95, 0.99]:
            yield "rolloff", s, dict(roll_percent=percent)
        for p in [dict(amin=1e-5), dict(amin=1e-20), dict(power=1.0), dict(power=3.0), dict(power=0.5, amin=1e-3)]:
            yield "flatness", s, p
        for p in [
            dict(fmin=50.0),
            dict(fmin=400.0, n_bands=3),
            dict(n_bands=1),
            dict(quantile=0.1),
            dict(quantile=0.5),
            dict(quantile=0.99),
            dict(linear=True),
            dict(linear=True, quantile=0.05),
        ]:
            yield "contrast", s, p
    for sr in [8000, 25600, 44100, 48000]:  # at 25,600 Hz the edges of bands lie on bins
        yield "contrast", ("noise", sr, sr), dict(n_bands=4)
        yield "centroid", ("noise", sr, sr), {}
        yield "tuning", ("tones", sr, sr), {}
        yield "chroma", ("music", sr, sr), {}
    for s in [tones, noise]:
        for p in [
            dict(frame_length=1024, hop_length=256),
            dict(frame_length=1000, hop_length=333),
            dict(frame_length=777, hop_length=1000),
            dict(frame_length=2048, hop_length=512, no_center=True),
        ]:
            yield "zero_crossing_rate", s, p
            for pad_mode in ["zeros", "reflect", "edge"]:
                yield "rms", s, {**p, "pad_mode": pad_mode}
        yield "zero_crossing_rate", s, dict(threshold=0.1)
        yield "zero_crossing_rate", s, dict(threshold=0.1, no_zero_pos=True)
        yield "rms_from_spectrogram", s, {}
        yield "rms_from_spectrogram", s, dict(window="rectangular")
        yield "rms_from_spectrogram", s, dict(n_fft=1023, window="rectangular")
    yield "zero_crossing_rate", ("steps", 22050, 22050), dict(no_zero_pos=True)
    for p in [
        {},
        dict(tuning=0.25),
        dict(tuning=-0.4),
        dict(n_fft=512),
        dict(n_fft=1023),
        dict(n_fft=4096),
        dict(n_chroma=24),
        dict(n_chroma=36, tuning=0.1),
        dict(n_chroma=7),
        dict(n_chroma=5, no_base_c=True),
        dict(n_chroma=1),
        dict(octwidth="none"),
        dict(octwidth=1.0, ctroct=3.0),
        dict(filter_norm="inf"),
        dict(filter_norm="l1"),
        dict(filter_norm="none"),
        dict(no_base_c=True),
        dict(n_fft=2),
    ]:
        yield "chroma_filters", ("silence", 22050, 1), p
    for s in [tones, noise, music]:
        for p in [
            dict(norm="l1"),
            dict(norm="l2"),
            dict(norm="none"),
            dict(tuning=0.3),
            dict(n_chroma=24),
            dict(n_chroma=36, norm="l2"),
            dict(octwidth="none", no_base_c=True),
        ]:
            yield "chroma", s, p
        for p in [
            dict(resolution=0.1),
            dict(resolution=0.003),
            dict(bins_per_octave=24),
            dict(n_fft=1024),
            dict(n_fft=1023),
            dict(fmin=30.0, fmax=12000.0),
            dict(fmin=0.0, fmax=500.0, threshold=0.5),
        ]:
            yield "tuning", s, p
    long = [("music", 22050, 220500), ("steps", 22050, 200001), ("noise", 16000, 160000)]
    for s in long:
        for feature in ["onset", "tempo", "local_tempo", "tempogram"]:
            yield feature, s, {}
        for p in [
            dict(lag=2),
            dict(lag=3, max_size=3),
            dict(max_size=4, detrend=True),
            dict(no_center=True),
            dict(n_fft=1024, hop_length=160, n_mels=40),
        ]:
            yield "onset", s, p
        for norm in NORMS:
            yield "tempogram", s, dict(norm=norm, win_length=101)
        yield "tempogram", s, dict(no_center=True, win_length=64)
        for p in [
            dict(start_bpm=60),
            dict(start_bpm=200, std_bpm=0.3),
            dict(ac_size=4.0),
            dict(max_tempo=100),
            dict(max_tempo="none", start_bpm=2000),
            dict(hop_length=256),
            dict(max_tempo=1.0),
        ]:
            yield "tempo", s, p
    yield "onset", ("tones", 22050, 1), dict(lag=1, no_center=True)


def results():
    for feature, s, p in cases():
        kind, sr, n = s
        yield feature, s, p, compute(feature, signal(kind, sr, n), sr, p), (12, 30)


write("spectral.bin", results())
