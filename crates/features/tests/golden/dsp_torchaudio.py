"""Makes the golden values of tests/golden_dsp.rs that are torchaudio's, on signals that are formulas, cut into rows.

    pip install torch==2.11.0 torchaudio==2.11.0 numpy
    python3 dsp_torchaudio.py

Writes dsp_torchaudio.bin beside this file, in the format that common.py tells. All is computed in double precision.
"""

import torch
import torchaudio
from torchaudio.functional import compute_deltas, sliding_window_cmn

from common import signal, write

assert torchaudio.__version__.startswith("2.11."), torchaudio.__version__


def compute(feature, y, p):
    cols = len(y) // p["rows"]
    x = torch.from_numpy(y[: cols * p["rows"]].reshape(p["rows"], cols)) + p.get("offset", 0)  # single precision
    x = x.double()
    if feature == "compute_deltas":
        return compute_deltas(x, win_length=p.get("win_length", 5))
    if feature == "sliding_window_cmn":
        names = ["cmn_window", "min_cmn_window", "center", "norm_vars"]
        # It takes frames by coefficients, and loses the shape of a single frame.
        out = sliding_window_cmn(x.T.contiguous(), **{k: p[k] for k in names if k in p})
        return out.reshape(x.shape[1], x.shape[0]).T
    raise ValueError(feature)


def cases():
    for s in [("noise", 16000, 16001), ("music", 22050, 44100), ("tones", 22050, 13 * 99), ("chirp", 8000, 13)]:
        for win_length in [3, 5, 6, 9, 25]:
            yield "compute_deltas", s, dict(rows=13, win_length=win_length)
        for p in [
            {},
            dict(center=True),
            dict(cmn_window=50, min_cmn_window=20),
            dict(cmn_window=51, min_cmn_window=20, center=True),
            dict(cmn_window=30, min_cmn_window=60),
            dict(cmn_window=1, min_cmn_window=1),
            dict(cmn_window=300, min_cmn_window=1, offset=64),
        ]:
            yield "sliding_window_cmn", s, dict(rows=13, **p)
            if s[2] > 13 and not p.get("cmn_window") == 1:
                yield "sliding_window_cmn", s, dict(rows=13, norm_vars=True, **p)


def results():
    for feature, s, p in cases():
        values = compute(feature, signal(*s), p).numpy()
        yield feature, s, p, values, (6, 20)


write("dsp_torchaudio.bin", results())
