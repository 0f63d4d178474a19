"""Makes the golden values of tests/golden_dsp.rs: librosa's own results on signals that are formulas.

    pip install librosa==0.11.0 numpy scipy
    python3 dsp.py

Writes dsp.bin beside this file, in the format that common.py tells. What takes a matrix is held on a signal cut into
rows (`rows`), so that nothing but the function itself is compared; filters are run in double precision.
"""

import warnings

import librosa
import numpy as np

from common import signal, write

assert librosa.__version__.startswith("0.11."), librosa.__version__
warnings.simplefilter("ignore")


def matrix(y, p):
    cols = len(y) // p["rows"]
    return y[: cols * p["rows"]].reshape(p["rows"], cols)


def stft(p):
    return dict(
        n_fft=p.get("n_fft", 2048),
        hop_length=p.get("hop_length", 512),
        win_length=p.get("win_length"),
        window={"rectangular": "boxcar"}.get(p.get("window", "hann"), p.get("window", "hann")),
        center=not p.get("no_center", False),
    )


def top_db(p):
    return None if p.get("top_db") == "none" else p.get("top_db", 80.0)


def ref(p):
    return np.max if p.get("ref") == "max" else p.get("ref", 1.0)


def compute(feature, y, sr, p):
    if feature == "istft":
        D = librosa.stft(y.astype(np.float64), dtype=np.complex128, **stft(p))
        if not p.get("plain"):  # no longer the transform of any signal
            k, t = np.indices(D.shape)
            D = D * (((7 * k + 3 * t) % 5 - 2) / 2)
        return librosa.istft(D, length=p.get("length"), **stft(p))
    if feature == "power_db":
        S = librosa.feature.melspectrogram(y=y, sr=sr)
        return librosa.power_to_db(S, ref=ref(p), amin=p.get("amin", 1e-10), top_db=top_db(p))
    if feature == "amplitude_db":
        S = librosa.feature.melspectrogram(y=y, sr=sr, power=1.0)
        return librosa.amplitude_to_db(S, ref=ref(p), amin=p.get("amin", 1e-5), top_db=top_db(p))
    if feature == "power_db_batch":  # the signal and a quieter one
        S = np.stack([librosa.feature.melspectrogram(y=v, sr=sr) for v in [y, 0.01 * y]])
        return np.concatenate(librosa.power_to_db(S, ref=ref(p), top_db=top_db(p)))
    if feature == "db_to_power":
        return librosa.db_to_power(60 * matrix(y, p).astype(np.float64), ref=ref(p))
    if feature == "db_to_amplitude":
        return librosa.db_to_amplitude(60 * matrix(y, p).astype(np.float64), ref=ref(p))
    if feature == "mfcc":
        mel = dict(n_mels=p.get("n_mels", 128))
        norm = None if p.get("norm") == "none" else "ortho"
        rest = dict(dct_type=p.get("dct_type", 2), lifter=p.get("lifter", 0), n_mfcc=p.get("n_mfcc", 20))
        return librosa.feature.mfcc(y=y, sr=sr, norm=norm, **rest, **mel)
    if feature == "delta":
        rest = dict(width=p.get("width", 9), order=p.get("order", 1), mode=p.get("mode", "interp"))
        return librosa.feature.delta(matrix(y, p).astype(np.float64), **rest)
    if feature == "mfcc_delta":
        return librosa.feature.delta(librosa.feature.mfcc(y=y, sr=sr), order=p.get("order", 1))
    if feature == "pcen":
        scale = p.get("scale", 1.0)
        S = librosa.feature.melspectrogram(y=y, sr=sr, power=1.0) * np.float32(scale)
        names = ["gain", "bias", "power", "time_constant", "eps", "b", "hop_length"]
        return librosa.pcen(S, sr=sr, **{name: p[name] for name in names if name in p})
    coef = p.get("coef", 0.97)
    if feature == "preemphasis":
        return librosa.effects.preemphasis(y, coef=coef)
    if feature == "deemphasis":
        return librosa.effects.deemphasis(y.astype(np.float64), coef=float(np.float32(coef)))
    raise ValueError(feature)


def cases():
    tones, music, steps = ("tones", 22050, 33075), ("music", 22050, 44100), ("steps", 22050, 22050)
    chirp, noise = ("chirp", 22050, 22051), ("noise", 16000, 16001)
    signals = [chirp, tones, noise, steps, ("impulse", 22050, 11025), ("silence", 22050, 5000), music]
    for s in signals:
        yield "istft", s, {}
        yield "pcen", s, dict(scale=2.0**31)
        yield "amplitude_db", s, dict(ref="max")
        yield "power_db", s, dict(ref="max")
        yield "mfcc_delta", s, {}
    for n in [1, 100, 2047, 2048, 2049]:
        yield "istft", ("tones", 22050, n), dict(length=n, plain=True)
    for p in [
        dict(length=33075),
        dict(length=20000),
        dict(length=40001),
        dict(n_fft=512, hop_length=128),
        dict(n_fft=400, hop_length=160),
        dict(n_fft=1023, hop_length=300),
        dict(n_fft=1023, hop_length=300, length=33075),
        dict(n_fft=1000, hop_length=1700),
        dict(n_fft=1024, win_length=400, hop_length=160),
        dict(n_fft=1024, win_length=401, hop_length=500),
        dict(n_fft=4096, hop_length=441, win_length=2205),
        dict(n_fft=1, hop_length=1),
        dict(n_fft=2, hop_length=1),
        dict(n_fft=3, hop_length=2),
        dict(n_fft=512, hop_length=128, no_center=True, window="hamming"),
        dict(n_fft=511, hop_length=200, no_center=True, window="rectangular"),
        dict(window="hamming"),
        dict(window="blackman"),
        dict(window="rectangular"),
    ]:
        yield "istft", tones, p
    for s in [tones, steps]:
        for p in [{}, dict(ref=5.0), dict(amin=1e-3), dict(top_db="none"), dict(top_db=30.0), dict(ref=-0.1)]:
            yield "amplitude_db", s, p
        yield "power_db", s, dict(ref="max", top_db=20.0)
        yield "power_db", s, dict(ref="max", top_db="none")
        for p in [{}, dict(ref="max"), dict(top_db="none"), dict(ref=3.0, top_db=30.0)]:
            yield "power_db_batch", s, p
        for p in [{}, dict(ref=3.0)]:
            yield "db_to_power", s, dict(rows=7, **p)
            yield "db_to_amplitude", s, dict(rows=7, **p)
    for s in [tones, music, ("silence", 22050, 5000)]:
        for dct_type in [1, 2, 3]:
            for norm in ["ortho", "none"]:
                yield "mfcc", s, dict(dct_type=dct_type, norm=norm)
        yield "mfcc", s, dict(lifter=22)
    for p in [
        dict(dct_type=1, n_mels=2, n_mfcc=2),
        dict(dct_type=1, n_mels=41, n_mfcc=41),
        dict(dct_type=3, n_mels=41, n_mfcc=41),
        dict(dct_type=3, n_mels=1, n_mfcc=1),
        dict(dct_type=2, n_mels=1, n_mfcc=1, norm="none"),
        dict(dct_type=3, n_mfcc=40, lifter=40),
        dict(n_mfcc=13, lifter=26, n_mels=40),
        dict(n_mfcc=13, lifter=0.5, n_mels=40),
    ]:
        yield "mfcc", tones, p
    for s in [noise, music]:
        for mode in ["interp", "nearest", "mirror", "constant", "wrap"]:
            yield "delta", s, dict(rows=13, mode=mode)
            yield "delta", s, dict(rows=13, mode=mode, order=2, width=15)
        for p in [dict(width=3), dict(order=2), dict(width=5, order=3), dict(width=41, order=4), dict(width=101)]:
            yield "delta", s, dict(rows=13, **p)
    for mode in ["nearest", "mirror", "constant", "wrap"]:  # fewer frames than the window has
        for n in [1, 2, 3, 8]:
            yield "delta", ("noise", 16000, 3 * n), dict(rows=3, mode=mode, width=15)
    yield "delta", ("noise", 16000, 27), dict(rows=3)
    yield "mfcc_delta", music, dict(order=2)
    for p in [
        {},
        dict(gain=0.5, bias=1.0, power=0.25, time_constant=0.1),
        dict(gain=0.0),
        dict(bias=0),
        dict(power=0),
        dict(bias=0, power=0),
        dict(b=0.025),
        dict(b=1),
        dict(eps=1e-3),
        dict(hop_length=160, time_constant=1.5),
        dict(gain=0.8, bias=10, power=0.7),
    ]:
        for s in [tones, music, steps]:
            yield "pcen", s, dict(scale=2.0**31, **p)
    yield "pcen", tones, {}
    for s in [chirp, tones, noise, steps, music, ("tones", 8000, 2), ("tones", 8000, 3)]:
        for coef in [0.97, 0.5, 1.0, 0.0]:
            yield "preemphasis", s, dict(coef=coef)
            yield "deemphasis", s, dict(coef=coef)


def results():
    for feature, s, p in cases():
        kind, sr, n = s
        values = compute(feature, signal(kind, sr, n), sr, p)
        yield feature, s, p, values, (1, 150) if values.ndim == 1 else (16, 12)


write("dsp.bin", results())
