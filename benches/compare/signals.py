"""Signals for the comparisons: each is made from a small description, so that a case can be run again."""

import pathlib

import numpy as np

KINDS = ["chirp", "tones", "tones80", "sine", "noise", "steps", "impulse", "offset", "notes", "fade", "silence"]


def random(rng, sr, n, music=()):
    kind = KINDS[int(rng.integers(len(KINDS)))]
    signal = {"kind": kind, "sr": sr, "n": n, "seed": int(rng.integers(1 << 31))}
    if music and rng.random() < 0.3:
        signal.update(kind="file", file=str(music[int(rng.integers(len(music)))]), start=float(rng.random()))
    signal["gain_db"] = float(round(rng.choice([0.0, -20.0, -60.0, 30.0, 90.0], p=[0.6, 0.1, 0.1, 0.1, 0.1]), 1))
    return signal


def make(signal):
    """The samples, in single precision."""
    rng = np.random.default_rng(signal["seed"])
    sr, n = signal["sr"], signal["n"]
    if signal["kind"] == "file":
        y = read(signal["file"], signal["start"], n)
    else:
        y = formula(signal["kind"], rng, sr, n)
    return (y * 10.0 ** (signal["gain_db"] / 20)).astype(np.float32)


def formula(kind, rng, sr, n):
    t = np.arange(n) / sr
    if kind == "chirp":
        f0, f1, length = 20.0, 0.49 * sr, max(n / sr, 1e-3)
        return 0.8 * np.sin(2 * np.pi * (f0 * t + (f1 - f0) * t * t / (2 * length)))
    if kind in ("tones", "tones80"):
        y = 0.01 * rng.uniform(-1, 1, n) if kind == "tones" else np.zeros(n)
        for _ in range(6):
            level = rng.uniform(-20, 0) if kind == "tones" else rng.uniform(-80, 0)
            y = y + 10 ** (level / 20) * np.sin(2 * np.pi * (rng.uniform(20, 0.5 * sr) * t + rng.random()))
        return y / 6
    if kind == "sine":
        return np.sin(2 * np.pi * rng.uniform(20, 0.5 * sr) * t)
    if kind == "noise":
        return rng.uniform(-1, 1, n)
    if kind == "steps":
        return rng.uniform(-1, 1, n) * np.array([1.0, 1e-3, 0.0, 1e-5])[np.arange(n) * 7 // sr % 4]
    if kind == "impulse":
        y = np.zeros(n)
        y[rng.integers(n)] = 1.0
        return y
    if kind == "offset":
        return 0.9 + 1e-3 * rng.uniform(-1, 1, n)
    if kind == "notes":
        step = np.arange(n) * 5 // sr
        pitch = 440.0 * 2.0 ** (rng.integers(-24, 24, step.max() + 1) / 12)
        since = t - step / 5
        y = 0.05 * np.exp(-60 * since) * rng.uniform(-1, 1, n)
        for h in range(1, 8):
            y = y + 0.3 / h * np.exp(-5 * since) * np.sin(2 * np.pi * h * pitch[step] * t)
        return y
    if kind == "fade":
        return rng.uniform(-1, 1, n) * 10.0 ** (-6 * np.arange(n) / max(n, 1))
    if kind == "silence":
        return np.zeros(n)
    raise ValueError(kind)


def music_files(folder):
    if not folder:
        return []
    kinds = {".ogg", ".flac", ".wav", ".mp3"}
    return sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() in kinds)


def read(path, start, n):
    """`n` samples of a file at its own rate, from the share `start` of its length on; its end is filled with zeros."""
    import soundfile

    with soundfile.SoundFile(path) as file:
        file.seek(int(start * max(0, file.frames - n)))
        y = file.read(n, dtype="float64", always_2d=True).mean(axis=1)
    return np.pad(y, (0, n - len(y)))
