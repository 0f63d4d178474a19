"""Makes the golden values of tests/golden.rs: librosa's own results on signals that are formulas.

    pip install librosa==0.11.0 numpy scipy
    python3 generate.py

Writes golden.bin beside this file, in the format that common.py tells.
"""

import warnings

import librosa
import numpy as np
import scipy.signal

from common import signal, write

assert librosa.__version__.startswith("0.11."), librosa.__version__
warnings.simplefilter("ignore")


def window(p):
    """What librosa takes for the window's name, and for the symmetric ones their values themselves."""
    name = p.get("window", "hann")
    name = ("kaiser", p["beta"]) if name == "kaiser" else {"rectangular": "boxcar"}.get(name, name)
    if p.get("symmetric"):
        return scipy.signal.get_window(name, p.get("win_length") or p.get("n_fft", 2048), fftbins=False)
    return name


def compute(feature, y, sr, p):
    stft = dict(
        n_fft=p.get("n_fft", 2048),
        hop_length=p.get("hop_length", 512),
        win_length=p.get("win_length"),
        window=window(p),
        center=not p.get("no_center", False),
        pad_mode={"zeros": "constant"}.get(p.get("pad_mode", "zeros"), p.get("pad_mode")),
    )
    if feature == "stft_re":
        return librosa.stft(y, **stft).real
    if feature == "stft_im":
        return librosa.stft(y, **stft).imag
    if feature == "magnitude":
        return np.abs(librosa.stft(y, **stft))
    mel = dict(
        n_mels=p.get("n_mels", 128),
        fmin=p.get("fmin", 0.0),
        fmax=p.get("fmax"),
        htk=p.get("htk", False),
        norm=None if p.get("norm") == "none" else "slaney",
    )
    if feature == "filters":
        return librosa.filters.mel(sr=sr, n_fft=stft["n_fft"], **mel)
    S = librosa.feature.melspectrogram(y=y, sr=sr, power=p.get("power", 2.0), **stft, **mel)
    if feature == "mel":
        return S
    top_db = None if p.get("top_db") == "none" else p.get("top_db", 80.0)
    db = librosa.power_to_db(S, ref=p.get("ref", 1.0), amin=p.get("amin", 1e-10), top_db=top_db)
    if feature == "logmel":
        return db
    if feature == "mfcc":
        return librosa.feature.mfcc(S=db, n_mfcc=p.get("n_mfcc", 20))
    raise ValueError(feature)


def cases():
    base = [("chirp", 22050, 22051), ("tones", 22050, 33075), ("noise", 16000, 16000), ("steps", 22050, 22050)]
    base += [("impulse", 22050, 11025), ("silence", 22050, 5000), ("music", 22050, 44100)]
    for s in base:
        for feature in ["stft_re", "stft_im", "magnitude", "mel", "logmel", "mfcc"]:
            yield feature, s, {}
    for n in [1, 100, 2047, 2048, 2049]:
        for feature in ["magnitude", "logmel", "mfcc"]:
            yield feature, ("tones", 22050, n), {}
        for pad_mode in ["reflect", "edge"]:
            yield "magnitude", ("tones", 22050, n), dict(pad_mode=pad_mode)
    tones = ("tones", 22050, 33075)
    for p in [
        dict(pad_mode="reflect"),
        dict(pad_mode="edge"),
        dict(no_center=True),
        dict(n_fft=512, hop_length=128),
        dict(n_fft=400, hop_length=160),
        dict(n_fft=1023, hop_length=300),
        dict(n_fft=1000, hop_length=1700),
        dict(n_fft=255, hop_length=1),
        dict(n_fft=1024, win_length=400, hop_length=160),
        dict(n_fft=1024, win_length=401, hop_length=160, no_center=True),
        dict(n_fft=4096, hop_length=441, win_length=2205, pad_mode="reflect"),
        dict(window="hamming"),
        dict(window="blackman"),
        dict(window="rectangular"),
        dict(window="kaiser", beta=8.6),
        dict(window="kaiser", beta=14.0, n_fft=1024, hop_length=256, win_length=800),
        dict(window="kaiser", beta=5.0, n_fft=600, hop_length=200, symmetric=True),
        dict(symmetric=True),
        dict(window="hamming", symmetric=True, n_fft=512, hop_length=160, win_length=400),
        dict(window="blackman", symmetric=True, n_fft=4096, hop_length=1024),
    ]:
        n = 2000 if p.get("hop_length") == 1 else 33075
        for feature in ["stft_re", "stft_im"]:
            yield feature, ("tones", 22050, n), p
        yield "mel", ("tones", 22050, n), p
    for sr, p in [
        (22050, {}),
        (22050, dict(htk=True)),
        (22050, dict(norm="none")),
        (22050, dict(htk=True, norm="none")),
        (16000, dict(n_mels=40, n_fft=400)),
        (16000, dict(n_mels=64, n_fft=512, fmin=125.0, fmax=7500.0, htk=True, norm="none")),
        (44100, dict(n_mels=96, n_fft=2048, fmin=30.0, fmax=16000.0)),
        (48000, dict(n_mels=256, n_fft=2048)),
        (22050, dict(n_mels=128, n_fft=255)),
        (8000, dict(n_mels=1, n_fft=256)),
    ]:
        yield "filters", ("silence", sr, 1), p
    for p in [
        dict(htk=True, norm="none"),
        dict(n_mels=40),
        dict(n_mels=80, fmin=20.0, fmax=8000.0),
        dict(power=1.0),
        dict(n_mels=128, n_fft=256, hop_length=128),
    ]:
        yield "mel", tones, p
        yield "logmel", tones, p
    for p in [dict(ref=5.0), dict(amin=1e-5), dict(top_db="none"), dict(top_db=30.0), dict(ref=0.0, top_db="none")]:
        yield "logmel", ("steps", 22050, 22050), p
        yield "logmel", tones, p
    for s in [tones, ("noise", 16000, 16000), ("chirp", 22050, 22051)]:
        for p in [
            dict(n_mfcc=13),
            dict(n_mfcc=40),
            dict(n_mfcc=40, n_mels=40),
            dict(n_mfcc=13, n_mels=41, htk=True, norm="none", n_fft=512, hop_length=160),
            dict(n_mfcc=128),
        ]:
            yield "mfcc", s, p


def results():
    for feature, s, p in cases():
        kind, sr, n = s
        yield feature, s, p, compute(feature, signal(kind, sr, n), sr, p), (24, 60 if feature == "filters" else 12)


write("golden.bin", results())
