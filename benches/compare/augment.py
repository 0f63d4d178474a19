"""Times time stretching and pitch shifting beside librosa, and measures both against the ideal signal.

    python3 benches/compare/augment.py [--seconds 30] [--rounds 7] [--core 0] [--json FILE]

30 s at 22,050 Hz, one thread each, in turn, pinned to one core where the system can. The signal of the timing is notes
over noise. Quality is measured on signals that can be made at any tempo and pitch: what comes out is compared with the
signal as it should be, by the mean absolute difference of their spectrograms in decibels (n_fft 1024, hop 256; bins
within 60 dB of the loudest in either), and, for clicks, by the share of energy within 5 ms of where each belongs.
"""

import argparse
import json
import os
import subprocess
import tempfile

import peers  # first: it sets the numbers of threads  # noqa: F401
import librosa
import numpy as np

import ours
from timing import heading, machine, pin, table, timed

RATE = 22050
TIMED = [("tempo", 1.3), ("tempo", 1.1), ("tempo", 0.75), ("pitch", 4.0), ("pitch", 1.0), ("pitch", -4.0)]


def librosa_edit(y, edit, value):
    if edit == "tempo":
        return librosa.effects.time_stretch(y, rate=value)
    return librosa.effects.pitch_shift(y, sr=RATE, n_steps=value)


class Ours:
    def __init__(self, binary, folder):
        self.binary = binary or ours.build("time_augment")
        self.samples, self.out = (os.path.join(folder, name) for name in ["in.f32", "out.f32"])

    def run(self, y, edit, value, calls, warm_up=1):
        """The times, and the result."""
        y.astype("<f4").tofile(self.samples)
        command = [self.binary, "--edit", edit, "--value", str(value), "--samples", self.samples]
        command += ["--out", self.out, "--calls", str(calls), "--warm-up", str(warm_up)]
        times = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return times, np.fromfile(self.out, dtype="<f4")


def note(hz, seconds, decay, partials=6):
    t = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, partials + 1) if hz * k < 9000) * np.exp(-t / decay)


def chord(tempo, ratio):
    """Four steady notes."""
    return 0.1 * sum(note(hz * ratio, 8 / tempo, 1e9) for hz in [196.0, 246.9, 293.7, 392.0])


def melody(tempo, ratio):
    """Plucked notes, four a second; what is stretched decays as much slower."""
    y = np.zeros(int(8 / tempo * RATE))
    for i in range(32):
        hz = 220 * 2 ** ([0, 3, 7, 10, 12, 7, 5, 3][i % 8] / 12) * ratio
        at = round(i * 0.25 / tempo * RATE)
        piece = note(hz, min(1.0, 8 - i * 0.25) / tempo, 0.15 / tempo)[: len(y) - at]
        y[at : at + len(piece)] += 0.15 * piece
    return y


def glide(tempo, ratio):
    """A tone with harmonics that glides up and down by a fifth."""
    t = np.arange(int(8 / tempo * RATE)) / RATE
    hz = 300 * ratio * 2 ** (7 / 24 * (1 - np.cos(2 * np.pi * 0.5 * t * tempo)))
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    return 0.15 * sum(np.sin(k * phase) / k for k in range(1, 7))


def click_times(tempo):
    return [(0.5 + 0.4 * i) / tempo for i in range(18)]


def clicks(tempo, ratio):
    y = np.zeros(int(8 / tempo * RATE))
    for at in click_times(tempo):
        y[round(at * RATE)] = 0.9
    return y


def distance(got, want):
    """Decibels, without the borders."""
    n = min(len(got), len(want))
    spectra = [np.abs(librosa.stft(x[:n].astype(np.float32), n_fft=1024, hop_length=256)) for x in (got, want)]
    a, b = (s[:, 16:-16] for s in spectra)
    loudest = b.max()
    seen = np.maximum(a, b) > loudest * 1e-3
    a, b = (20 * np.log10(np.maximum(s, loudest * 1e-3)) for s in (a, b))
    return float(np.abs(a - b)[seen].mean())


def near(got, tempo):
    """The share of energy near the clicks."""
    power, width = got.astype(np.float64) ** 2, int(0.005 * RATE)
    centres = [round(at * RATE) for at in click_times(tempo)]
    return float(sum(power[max(0, c - width) : c + width + 1].sum() for c in centres) / power.sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--binary", help="time_augment, built")
    parser.add_argument("--json")
    args = parser.parse_args()
    pinned, where = pin(args.core), machine()
    print(heading(where, args.rounds, pinned))
    report = {"machine": where, "librosa": librosa.__version__, "times": {}, "quality": []}
    with tempfile.TemporaryDirectory() as folder:
        own = Ours(args.binary, folder)
        noise = np.random.default_rng(1).normal(size=int(args.seconds * RATE)) * 0.02
        tune = np.resize(melody(1.0, 1.0), len(noise)) + noise
        tune = tune.astype(np.float32)
        for edit, value in TIMED:
            results = {"ours": [], f"librosa {librosa.__version__}": []}
            for _ in range(args.rounds):
                first, second = results.values()
                first.append(own.run(tune, edit, value, 5)[0])
                second.append(timed(lambda: librosa_edit(tune, edit, value), 1))
            text, report["times"][f"{edit} {value}"] = table(results)
            print(f"{edit} {value:g}, {args.seconds:g} s\n\n{text}\n")

        print("| signal | edit | ours | librosa |\n|---|---|---|---|")
        for name, make in [("chord", chord), ("melody", melody), ("glide", glide), ("clicks", clicks)]:
            y = make(1.0, 1.0).astype(np.float32)
            for edit, value in TIMED:
                if name == "clicks" and edit == "pitch":
                    continue
                tempo, ratio = (value, 1.0) if edit == "tempo" else (1.0, 2 ** (value / 12))
                want = make(tempo, ratio)
                both = [own.run(y, edit, value, 1)[1], librosa_edit(y, edit, value)]
                row = {"signal": name, "edit": edit, "value": value}
                if name == "clicks":
                    a, b = row["near"] = [near(got, tempo) for got in both]
                    print(f"| {name}, energy in place | {edit} {value:g} | {100 * a:.0f} % | {100 * b:.0f} % |")
                else:
                    a, b = row["db"] = [distance(got, want) for got in both]
                    print(f"| {name}, distance | {edit} {value:g} | {a:.2f} dB | {b:.2f} dB |")
                report["quality"].append(row)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
