"""What the scripts beside this one share: the test signals, and the format of the golden files.

A golden file, all little-endian, holds for each case a line of text that ends with a line feed, `name key=value
...`, then rows, columns, row step, column step (u32 each) of the whole result, then its largest magnitude (f32, as
tolerances are relative to it), then the values kept (f32, row by row): every row-step-th row and every
column-step-th column, and always the last ones. In double.bin, magnitudes and values are f64.

The Rust tests compute the same signals by the same formulas (tests/common/mod.rs): noise is splitmix64, so integers;
sines are rounded to single precision from double precision and so agree to one unit in the last place.
"""

import pathlib
import struct

import numpy as np

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


def signal_f64(kind, sr, n):
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
    elif kind == "music":  # four notes a second, six harmonics each, and a click of noise on every note
        notes = np.array([57, 60, 64, 69, 67, 64, 60, 55])
        k = np.arange(n) * 4 // sr
        since = t - k / 4
        f0 = 440.0 * 2.0 ** ((notes[k % 8] - 69) / 12)
        x = 0.1 * np.exp(-40.0 * since) * noise(n, 11)
        for h in range(1, 7):
            x = x + 0.3 / h * np.exp(-4.0 * since) * np.sin(2 * np.pi * h * f0 * t)
    return x


def signal(kind, sr, n):
    return signal_f64(kind, sr, n).astype(np.float32)


def kept(length, limit):
    step = max(1, -(-length // limit))
    index = list(range(0, length, step))
    if index[-1] != length - 1:
        index.append(length - 1)
    return step, index


def write(name, cases, dtype=np.float32):
    """Writes the file `name` beside this script from tuples (feature, (kind, sr, n), settings, result, limits),
    where `limits` is how many rows and columns of the result to keep at most; `dtype` is that of the values."""
    out = bytearray()
    for feature, (kind, sr, n), settings, values, (row_limit, col_limit) in cases:
        values = np.atleast_2d(np.asarray(values, dtype=dtype))
        row_step, rows = kept(values.shape[0], row_limit)
        col_step, cols = kept(values.shape[1], col_limit)
        words = " ".join(f"{k}={str(v).lower()}" for k, v in settings.items())
        out += f"{feature} signal={kind} sr={sr} n={n} {words}".strip().encode() + b"\n"
        out += struct.pack("<IIII", *values.shape, row_step, col_step)
        little = np.dtype(dtype).newbyteorder("<")
        out += np.abs(values).max().astype(little).tobytes()
        out += values[np.ix_(rows, cols)].astype(little).tobytes()
    path = pathlib.Path(__file__).with_name(name)
    path.write_bytes(out)
    print(path.name, len(out), "bytes")
