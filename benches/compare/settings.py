"""Random configurations, in the form that serde writes ours."""

import numpy as np

SAMPLE_RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000]
POWERS_OF_TWO = [1 << k for k in range(14)]
KERNELS = [512, 1024, 2048, 4096]  # for which soundalike-features has transforms of its own
PAD_MODES = ["zeros", "reflect", "edge"]
COMMON = [240, 400, 441, 480, 512, 882, 1000, 1024, 1200, 2048, 2205, 4096]


def pick(rng, values):
    return values[int(rng.integers(len(values)))]


def log_uniform(rng, low, high):
    return float(low * (high / low) ** rng.random())


def random_window(rng):
    if rng.random() < 0.25:
        return {"kaiser": {"beta": pick(rng, [0.0, 5.0, 14.0, float(round(rng.random() * 30, 2))])}}
    return pick(rng, ["hann", "hann", "hann", "hamming", "blackman", "rectangular", "povey"])


def random_stft(rng, least=1):
    n_fft = pick(rng, [
        lambda: 2048,
        lambda: pick(rng, KERNELS),
        lambda: pick(rng, KERNELS),
        lambda: pick(rng, POWERS_OF_TWO),
        lambda: pick(rng, POWERS_OF_TWO[6:]),
        lambda: pick(rng, COMMON),
        lambda: int(log_uniform(rng, 1, 5000)),
    ])()
    n_fft = max(least, n_fft)
    hop_length = pick(rng, [
        lambda: max(1, n_fft // 4),
        lambda: max(1, n_fft // 2),
        lambda: int(log_uniform(rng, max(1, n_fft / 16), 3 * n_fft + 1)),
    ])()
    return {
        "n_fft": n_fft,
        "hop_length": hop_length,
        "win_length": None if rng.random() < 0.7 else int(rng.integers(1, n_fft + 1)),
        "window": random_window(rng),
        "periodic": bool(rng.random() < 0.75),
        "center": bool(rng.random() < 0.75),
        "pad_mode": pick(rng, ["zeros", "zeros", "reflect", "edge"]),
    }


def random_mel(rng):
    sr = pick(rng, SAMPLE_RATES)
    n_mels = pick(rng, [lambda: 128, lambda: pick(rng, [40, 64, 80, 96]), lambda: int(rng.integers(1, 300))])()
    fmin = 0.0 if rng.random() < 0.6 else float(round(rng.random() * sr / 8, 1))
    fmax = None if rng.random() < 0.6 else float(round(fmin + 100 + rng.random() * (sr / 2 - fmin - 100), 1))
    return {
        "sample_rate": sr,
        "stft": random_stft(rng),
        "power": pick(rng, [2.0, 1.0]),
        "n_mels": n_mels,
        "fmin": fmin,
        "fmax": fmax,
        "scale": pick(rng, ["slaney", "slaney", "htk"]),
        "norm": pick(rng, ["slaney", "slaney", "none"]),
    }


def random_db(rng):
    if rng.random() < 0.5:
        return {"reference": 1.0, "amin": 1e-10, "top_db": 80.0}
    return {
        "reference": pick(rng, [1.0, 0.0, log_uniform(rng, 1e-4, 1e4)]),
        "amin": pick(rng, [1e-10, 1e-5, log_uniform(rng, 1e-20, 1e-2)]),
        "top_db": pick(rng, [80.0, None, float(round(rng.random() * 150, 2))]),
    }


def random_chroma(rng):
    return {
        "filters": {
            "n_chroma": pick(rng, [12, 12, 12, 24, 36, int(rng.integers(1, 49))]),
            "ctroct": pick(rng, [5.0, 5.0, float(round(8 * rng.random(), 2))]),
            "octwidth": pick(rng, [2.0, 2.0, None, log_uniform(rng, 0.5, 8)]),
            "base_c": bool(rng.random() < 0.8),
        },
        "norm": pick(rng, ["inf", "inf", "l1", "l2", "none"]),
        "tuning": pick(rng, [0.0, float(round(rng.random() - 0.5, 3)), None]),
    }


def random_contrast(rng):
    return {
        "fmin": pick(rng, [200.0, 200.0, log_uniform(rng, 20, 1000)]),
        "n_bands": pick(rng, [6, 5, 4, int(rng.integers(1, 8))]),
        "quantile": pick(rng, [0.02, 0.02, float(round(0.01 + 0.98 * rng.random(), 3))]),
        "linear": bool(rng.random() < 0.3),
    }


def random_framed(rng):
    frame_length = pick(rng, [2048, pick(rng, COMMON), int(log_uniform(rng, 2, 5000))])
    hop_length = pick(rng, [max(1, frame_length // 4), int(log_uniform(rng, max(1, frame_length / 16), 2 * frame_length))])
    return {"frame_length": frame_length, "hop_length": hop_length, "center": bool(rng.random() < 0.75)}


def random_config(rng, feature):
    """A configuration, and the sample rate of signals for it."""
    sr = pick(rng, SAMPLE_RATES)
    if feature in ("stft", "magnitude", "power"):
        return random_stft(rng), sr
    if feature == "rms":
        return random_framed(rng) | {"pad_mode": pick(rng, list(PAD_MODES))}, sr
    if feature == "zcr":
        threshold = pick(rng, [1e-10, 0.0, log_uniform(rng, 1e-6, 0.3)])
        return random_framed(rng) | {"threshold": threshold, "zero_pos": bool(rng.random() < 0.8)}, sr
    if feature in SPECTRAL:
        # The tuning's quadratic peaks want some bins, librosa's contrast one in each band.
        least = {"chroma": 16, "contrast": 64}.get(feature, 2)
        rate = {} if feature == "flatness" else {"sample_rate": sr}
        return rate | {"stft": random_stft(rng, least)} | SPECTRAL[feature](rng), sr
    mel = random_mel(rng)
    if feature == "mel":
        return mel, mel["sample_rate"]
    config = {"mel": mel, "db": random_db(rng)}
    if feature == "mfcc":
        n_mels = mel["n_mels"]
        config["n_mfcc"] = pick(rng, [min(20, n_mels), min(13, n_mels), int(rng.integers(1, n_mels + 1))])
        config["dct_type"] = pick(rng, [2, 2, 3, 1 if n_mels > 1 else 2])
        config["norm"] = pick(rng, ["ortho", "ortho", "none"])
        config["lifter"] = pick(rng, [0.0, 0.0, 22.0, float(round(0.5 + 60 * rng.random(), 1))])
        config["lifter_kind"] = pick(rng, ["librosa", "librosa", "kaldi"])
    return config, mel["sample_rate"]


SPECTRAL = {
    "chroma": random_chroma,
    "contrast": random_contrast,
    "centroid": lambda rng: {},
    "bandwidth": lambda rng: {"p": pick(rng, [2.0, 1.0, log_uniform(rng, 0.5, 4)]), "norm": bool(rng.random() < 0.8)},
    "rolloff": lambda rng: {"roll_percent": pick(rng, [0.85, float(round(0.01 + 0.98 * rng.random(), 3))])},
    "flatness": lambda rng: {
        "power": pick(rng, [2.0, 1.0, float(round(0.5 + 3 * rng.random(), 2))]),
        "amin": pick(rng, [1e-10, float(np.float32(log_uniform(rng, 1e-20, 1e-3)))]),
    },
}


def single_precision(config):
    """The configuration with the transform's arithmetic in single precision."""
    if "n_fft" in config:
        return config | {"precision": "single"}
    return {k: single_precision(v) if k in ("stft", "mel") else v for k, v in config.items()}


def frames_of(config):
    """The length of a frame and the hop."""
    if "mel" in config or "stft" in config:
        return frames_of(config.get("mel") or config["stft"])
    return config.get("n_fft") or config["frame_length"], config["hop_length"]


def random_length(rng, config, sr, work=3_000_000):
    """From one sample to a few seconds, but no more than `work` values of frames."""
    length, hop_length = frames_of(config)
    longest = max(1, min(3 * sr, work // length * hop_length))
    return pick(rng, [
        lambda: int(rng.integers(1, longest + 1)),
        lambda: min(longest, int(log_uniform(rng, 1, 3 * sr))),
        lambda: min(longest, int(rng.integers(1, 2 * length + 1))),
    ])()
