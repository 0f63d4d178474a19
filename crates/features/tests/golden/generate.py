"""Makes the golden values of tests/golden.rs: librosa's own results on signals that are formulas.

    pip install librosa==0.11.0 numpy scipy
    python3 generate.py

Writes golden.bin beside this file. Its format, all little-endian: for each case, a line of text that ends with a
line feed, `name key=value ...`, then rows, columns, row step, column step (u32 each) of the whole result, then the
values kept (f32, row by row): every row-step-th row and every column-step-th column, and always the last ones. The
largest magnitude of the whole result (f32) comes before the values, as tolerances are relative to it.

The Rust test computes the same signals by the same formulas: noise is splitmix64, so integers; sines are rounded to
single precision from double precision and so agree to one unit in the last place.
"""

import pathlib
import struct
import warnings

import librosa
import numpy as np

assert librosa.__version__.startswith("0.11."), librosa.__version__
warnings.simplefilter("ignore")
MASK = (1 << 64) - 1


def noise(n, seed):
    """Uniform in [-1, 1): the upper 24 bits of splitmix64."""
    out = np.empty(n)
    state = seed
    for i in range(n):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        out[i] = (z >> 40) / (1 << 23) - 1.0
    return out


def signal(kind, sr, n):
    t = np.arange(n) / sr
    if kind == "chirp":  # 50 Hz to 0.45 of the sample rate
        f0, f1, length = 50.0, 0.45 * sr, n / sr
        x = 0.8 * np.sin(2 * np.pi * (f0 * t + (f1 - f0) * t * t / (2 * length)))
    elif kind == "tones":
        x = 0.3 * np.sin(2 * np.pi * 440.0 * t) + 0.2 * np.sin(2 * np.pi * 1234.5 * t)
        x = x + 0.1 * np.sin(2 * np.pi * 3210.0 * t) + 0.05 * noise(n, 1)
    elif kind == "noise":
        x = 0.5 * noise(n, 7)
    elif kind == "steps":  # 0.2 s each of full level, -60 dB, nothing
        x = noise(n, 3) * np.array([1.0, 1e-3, 0.0])[np.arange(n) * 5 // sr % 3]
    elif kind == "impulse":
        x = np.zeros(n)
        x[n // 2] = 1.0
    elif kind == "silence":
        x = np.zeros(n)
    return x.astype(np.float32)


def window(name):
    return {"rectangular": "boxcar"}.get(name, name)


def compute(feature, y, sr, p):
    stft = dict(
        n_fft=p.get("n_fft", 2048),
        hop_length=p.get("hop_length", 512),
        win_length=p.get("win_length"),
        window=window(p.get("window", "hann")),
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
    base += [("impulse", 22050, 11025), ("silence", 22050, 5000)]
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


def kept(length, limit):
    step = max(1, -(-length // limit))
    index = list(range(0, length, step))
    if index[-1] != length - 1:
        index.append(length - 1)
    return step, index


def main():
    out = bytearray()
    for feature, (kind, sr, n), p in cases():
        values = np.asarray(compute(feature, signal(kind, sr, n), sr, p), dtype=np.float32)
        row_step, rows = kept(values.shape[0], 24)
        col_step, cols = kept(values.shape[1], 60 if feature == "filters" else 12)
        settings = " ".join(f"{k}={str(v).lower()}" for k, v in p.items())
        out += f"{feature} signal={kind} sr={sr} n={n} {settings}".strip().encode() + b"\n"
        out += struct.pack("<IIIIf", *values.shape, row_step, col_step, float(np.abs(values).max()))
        out += values[np.ix_(rows, cols)].astype("<f4").tobytes()
    path = pathlib.Path(__file__).with_name("golden.bin")
    path.write_bytes(out)
    print(path.name, len(out), "bytes, librosa", librosa.__version__, "numpy", np.__version__)


main()
