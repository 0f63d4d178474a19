"""Times reading audio files to mono samples, beside ffmpeg and librosa.load, and MP3 to mel end to end.

    python3 benches/compare/decode.py [--seconds 120] [--rounds 5] [--music DIR] [--json FILE]

Files of each format are made by ffmpeg from a synthetic stereo signal at 44,100 Hz, in a temporary folder; or they are
the first `--files` of a folder, together. One thread each, in turn, pinned to one core, where the system can. Times
of the processor count children (ffmpeg, which librosa may start). From ffmpeg's times its start-up, measured on a file
of a tenth of a second, is taken off. librosa reads m4a by audioread, which starts ffmpeg.

Not the same thing is compared: ffmpeg's own resampler is a short filter (its soxr, where it is built in, is as good as
librosa's), ours is at least as sharp as librosa's soxr_hq.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import warnings

import peers  # first: it sets the numbers of threads  # noqa: F401
import librosa
import numpy as np

import ours
import signals
from timing import cpu_seconds, heading, machine, pin, table, timed

warnings.simplefilter("ignore")  # librosa's, that it takes audioread for m4a

RATE = 44100
FORMATS = {
    "mp3": ["-c:a", "libmp3lame", "-b:a", "192k"],
    "flac": ["-c:a", "flac"],
    "ogg": ["-c:a", "libvorbis", "-q:a", "6"],
    "wav": ["-c:a", "pcm_s16le"],
    "m4a": ["-c:a", "aac", "-b:a", "192k"],
}
CASES = {
    "native": (None, "decoding alone, 44.1 kHz stereo to mono"),
    "half": (22050, "decoding and 44.1 to 22.05 kHz, 2:1"),
    "48k": (48000, "decoding and 44.1 to 48 kHz"),
}


def make_files(folder, seconds, formats):
    """A file of each format that this ffmpeg can write, and one of a tenth of a second."""
    n = int(seconds * RATE)
    channels = [
        signals.make({"kind": "notes", "sr": RATE, "n": n, "seed": seed, "gain_db": 0.0})
        + 0.02 * signals.make({"kind": "noise", "sr": RATE, "n": n, "seed": seed, "gain_db": 0.0})
        for seed in (1, 2)
    ]
    stereo = np.ascontiguousarray(np.stack(channels, axis=1) / np.abs(channels).max()).astype("<f4")
    files = {}
    for name, codec in formats.items():
        for path, samples in [(folder / f"long.{name}", stereo), (folder / f"short.{name}", stereo[: RATE // 10])]:
            command = ["ffmpeg", "-v", "error", "-y", "-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "-"]
            out = subprocess.run(command + codec + [str(path)], input=samples.tobytes(), capture_output=True)
            if out.returncode != 0:
                print(f"without {name}: {out.stderr.decode().strip()}\n")
                break
        else:
            files[name] = [folder / f"long.{name}"]
    return files


def short_file(folder, suffix):
    path = folder / f"short{suffix}"
    if not path.exists():
        command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=duration=0.1:sample_rate=44100"]
        subprocess.run(command + [str(path)], check=True)
    return path


class Ours:
    name = "ours"

    def __init__(self, binary):
        self.binary = binary or ours.build("time_decode", "time_resample")

    def run(self, paths, rate, calls, feature=None):
        total = None
        for path in paths:
            command = [self.binary, "--path", str(path), "--calls", str(calls)]
            command += ["--sample-rate", str(rate)] if rate else []
            command += ["--feature", feature] if feature else []
            out = subprocess.run(command, capture_output=True, text=True)
            if out.returncode != 0:
                raise RuntimeError(out.stderr)
            total = added(total, json.loads(out.stdout))
        return total


    def resample(self, path, rate, to, calls):
        binary = ours.beside(self.binary, "time_resample")
        command = [binary, "--samples", path, "--from", str(rate), "--to", str(to), "--calls", str(calls)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Ffmpeg:
    def __init__(self, folder, soxr):
        self.name = "ffmpeg with soxr, less start-up" if soxr else "ffmpeg, less start-up"
        self.folder, self.filter = folder, ["-af", "aresample=resampler=soxr"] if soxr else []

    def decode(self, path, rate):
        command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", "-filter_threads", "1"]
        command += ["-i", str(path), "-vn", "-ac", "1"] + (["-ar", str(rate)] + self.filter if rate else [])
        subprocess.run(command + ["-f", "f32le", os.devnull], check=True)

    def run(self, paths, rate, calls):
        total = None
        for path in paths:
            start_up = timed(lambda: self.decode(short_file(self.folder, path.suffix), rate), calls, 1, cpu_seconds)
            times = timed(lambda: self.decode(path, rate), calls, 1, cpu_seconds)
            less = {key: [max(0.0, ms - min(start_up[key])) for ms in times[key]] for key in times}
            total = added(total, less)
        return total


class Librosa:
    name = f"librosa.load {librosa.__version__}"

    def run(self, paths, rate, calls, feature=None):
        def work(path):
            y, sr = librosa.load(path, sr=rate, mono=True)
            if feature == "mel":
                librosa.feature.melspectrogram(y=y, sr=sr)

        total = None
        for path in paths:
            total = added(total, timed(lambda: work(path), calls, 1, cpu_seconds))
        return total


def added(a, b):
    if a is None:
        return b
    return {key: [x + y for x, y in zip(a[key], b[key])] for key in a}


def has_soxr():
    out = subprocess.run(["ffmpeg", "-v", "quiet", "-buildconf"], capture_output=True, text=True)
    return "libsoxr" in out.stdout + out.stderr


def music(folder, count):
    """The first files of a folder, by format."""
    files = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.suffix[1:].lower() in FORMATS:
            files.setdefault(path.suffix[1:].lower(), []).append(path)
    return {name: paths[:count] for name, paths in files.items()}


def resampling(own, rounds, calls):
    """Resampling alone, 30 s in mono: a dictionary of results for each rate."""
    import soxr

    y = signals.make({"kind": "notes", "sr": RATE, "n": 30 * RATE, "seed": 1, "gain_db": 0.0})
    sides = {f"soxr {soxr.__version__} {q} (librosa's)" if q == "HQ" else f"soxr {q}": q for q in ("HQ", "VHQ")}
    for to in (22050, 16000, 48000):
        results = {"ours": [], **{name: [] for name in sides}}
        with tempfile.NamedTemporaryFile(suffix=".f32") as file:
            y.tofile(file)
            file.flush()
            for _ in range(rounds):
                results["ours"].append(own.resample(file.name, RATE, to, calls))
                for name, quality in sides.items():
                    results[name].append(timed(lambda: soxr.resample(y, RATE, to, quality), calls, 3))
        yield to, results


def measure(sides, rounds, run):
    results = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            results[side.name].append(run(side))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=120, help="length of the synthetic files")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=3, help="in each round")
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--music", help="a folder whose files are read instead of synthetic ones")
    parser.add_argument("--files", type=int, default=5, help="how many of each format in that folder")
    parser.add_argument("--core", type=int, default=0, help="to pin to; -1 for none")
    parser.add_argument("--binary", help="the built example `time_decode`, instead of building it")
    parser.add_argument("--json", help="a file for all the times")
    args = parser.parse_args()

    own = Ours(args.binary)
    pinned = pin(args.core)
    where = machine()
    print(heading(where, args.rounds, pinned))
    report = {"machine": where, "rounds": args.rounds, "rows": {}}

    def show(key, title, results):
        text, summaries = table(results)
        print(f"### {title}\n\n{text}\n", flush=True)
        report["rows"][key] = {"title": title, "summary": summaries, "rounds": results}

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        wanted = {name: FORMATS[name] for name in args.formats.split(",")}
        files = music(args.music, args.files) if args.music else make_files(folder, args.seconds, wanted)
        length = f"up to {args.files} files together" if args.music else f"{args.seconds:g} s"
        plain, soxr = Ffmpeg(folder, False), [Ffmpeg(folder, True)] if has_soxr() else []
        for name, paths in files.items():
            for case in args.cases.split(","):
                rate, title = CASES[case]
                sides = [own, plain, *(soxr if rate else []), Librosa()]
                run = lambda side: side.run(paths, rate, args.calls)
                show(f"{name}/{case}", f"{name}, {length}: {title}", measure(sides, args.rounds, run))
        for name in [name for name in ("mp3", "ogg", "wav") if name in files]:
            run = lambda side: side.run(files[name], 22050, args.calls, "mel")
            show(
                f"{name}/mel",
                f"{name}, {length}: to mel spectrogram at 22.05 kHz",
                measure([own, Librosa()], args.rounds, run),
            )
    for to, results in resampling(own, args.rounds, args.calls):
        show(f"resample/{to}", f"30 s of mono samples: resampling {RATE} to {to} Hz", results)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
