"""Makes the golden values of tests/golden_double.rs: librosa's own results on float64 signals that are formulas.

    pip install librosa==0.11.0 numpy scipy
    python3 double.py

Writes double.bin beside this file, in the format that common.py tells, with f64 values.
"""

import warnings

import librosa
import numpy as np

from common import signal_f64, write

assert librosa.__version__.startswith("0.11."), librosa.__version__
warnings.simplefilter("ignore")


def compute(feature, y, sr, p):
    frames = dict(
        n_fft=p.get("n_fft", 2048),
        hop_length=p.get("hop_length", 512),
        win_length=p.get("win_length"),
        window={"rectangular": "boxcar"}.get(p.get("window", "hann"), p.get("window", "hann")),
        center=not p.get("no_center", False),
    )
    padding = dict(pad_mode={"zeros": "constant"}.get(p.get("pad_mode", "zeros"), p.get("pad_mode")))
    if feature == "istft":
        D = librosa.stft(y, **frames)
        k, t = np.indices(D.shape)
        D = D * (((7 * k + 3 * t) % 5 - 2) / 2)  # no longer the transform of any signal
        return librosa.istft(D, length=p.get("length"), **frames)
    if feature == "stft_re":
        return librosa.stft(y, **frames, **padding).real
    if feature == "stft_im":
        return librosa.stft(y, **frames, **padding).imag
    if feature == "magnitude":
        return np.abs(librosa.stft(y, **frames, **padding))
    if feature == "power":
        return np.abs(librosa.stft(y, **frames, **padding)) ** 2
    mel = dict(
        n_mels=p.get("n_mels", 128),
        fmin=p.get("fmin", 0.0),
        fmax=p.get("fmax"),
        htk=p.get("htk", False),
        norm=None if p.get("norm") == "none" else "slaney",
    )
    if feature == "filters":
        return librosa.filters.mel(sr=sr, n_fft=frames["n_fft"], **mel)
    S = librosa.feature.melspectrogram(y=y, sr=sr, power=p.get("power", 2.0), **frames, **padding, **mel)
    if feature == "mel":
        return S
    db = librosa.power_to_db(
        S,
        ref=np.max if p.get("ref") == "max" else p.get("ref", 1.0),
        amin=p.get("amin", 1e-10),
        top_db=None if p.get("top_db") == "none" else p.get("top_db", 80.0),
    )
    if feature == "logmel":
        return db
    if feature == "mfcc":
        norm = None if p.get("dct_norm") == "none" else "ortho"
        rest = dict(dct_type=p.get("dct_type", 2), lifter=p.get("lifter", 0), n_mfcc=p.get("n_mfcc", 20))
        return librosa.feature.mfcc(S=db, norm=norm, **rest)
    raise ValueError(feature)


def cases():
    tones, steps = ("tones", 22050, 33075), ("steps", 22050, 22050)
    signals = [("chirp", 22050, 22051), tones, ("noise", 16000, 16001), steps]
    signals += [("impulse", 22050, 11025), ("silence", 22050, 5000), ("music", 22050, 44100)]
    for s in signals:
        for feature in ["stft_re", "stft_im", "magnitude", "power", "mel", "logmel", "mfcc", "istft"]:
            yield feature, s, {}
    for n in [1, 100, 2047, 2048, 2049]:
        for feature in ["magnitude", "logmel", "mfcc"]:
            yield feature, ("tones", 22050, n), {}
        for pad_mode in ["reflect", "edge"]:
            yield "magnitude", ("tones", 22050, n), dict(pad_mode=pad_mode)
    for p in [
        dict(no_center=True),
        dict(n_fft=512, hop_length=128),
        dict(n_fft=400, hop_length=160),
        dict(n_fft=1023, hop_length=300),
        dict(n_fft=1000, hop_length=1700),
        dict(n_fft=1024, win_length=401, hop_length=160),
        dict(n_fft=4096, hop_length=441, win_length=2205, window="hamming"),
        dict(window="blackman"),
        dict(window="rectangular"),
    ]:
        for feature in ["stft_re", "stft_im", "mel"]:
            yield feature, tones, p
        if p.get("hop_length") != 1700 and p.get("window") != "blackman":  # librosa divides by rounding errors
            yield "istft", tones, p
    for p in [dict(length=20000), dict(length=40001), dict(n_fft=3, hop_length=2), dict(n_fft=2, hop_length=1)]:
        yield "istft", tones, p
    for sr, p in [
        (22050, {}),
        (22050, dict(htk=True)),
        (22050, dict(htk=True, norm="none")),
        (16000, dict(n_mels=64, n_fft=512, fmin=125.0, fmax=7500.0, htk=True, norm="none")),
        (44100, dict(n_mels=96, fmin=30.0, fmax=16000.0)),
        (48000, dict(n_mels=256)),
        (22050, dict(n_fft=255)),
        (8000, dict(n_mels=1, n_fft=256)),
    ]:
        yield "filters", ("silence", sr, 1), p
    for p in [
        dict(htk=True, norm="none"),
        dict(n_mels=40),
        dict(n_mels=80, fmin=20.0, fmax=8000.0),
        dict(power=1.0),
        dict(n_fft=256, hop_length=128),
    ]:
        yield "mel", tones, p
        yield "logmel", tones, p
    for p in [dict(ref=5.0), dict(ref="max"), dict(ref=0.1), dict(amin=1e-3), dict(top_db="none"), dict(top_db=30.1)]:
        yield "logmel", steps, p
        yield "logmel", tones, p
    for p in [dict(dct_type=1), dict(dct_type=3), dict(dct_norm="none"), dict(lifter=22), dict(n_mfcc=128)]:
        yield "mfcc", tones, p
        yield "mfcc", ("silence", 22050, 5000), p
    yield "mfcc", tones, dict(n_mfcc=13, n_mels=41, htk=True, norm="none", n_fft=512, hop_length=160)


def results():
    for feature, (kind, sr, n), p in cases():
        yield feature, (kind, sr, n), p, compute(feature, signal_f64(kind, sr, n), sr, p), (14, 10)


write("double.bin", results(), np.float64)
