"""Times soundalike-features and other libraries in turn, on the same samples and one thread, and prints the ratios.

    python3 benches/compare/features.py [--rounds 7] [--rows mel,mfcc] [--json FILE] [--simd LEVEL]

A round runs ours, then each of the others, then the next round begins: so all sides see the same machine. In a round
each computes the same thing a few times, and its median counts. Times are of the processor (other programs on the
machine disturb them less) and on the wall; everything is pinned to one core, where the system can. The ratio is the
median over the rounds of (their median / our median). At the end come the rows of the table in docs/compare.md.

The allocator is told to keep what was freed, which is to the others' advantage: ours writes over its last result, they
return new arrays. `--allocator default` leaves it as it is; torchaudio's batch then takes some 2.6 times as long.
"""

import argparse
import collections
import json
import os
import subprocess
import tempfile

import peers  # first: it sets the numbers of threads
import numpy as np

import ours
import signals
from timing import all_cores, heading, keep_memory, machine, pin, table, timed

SR, SECONDS, BATCH = 22050, 30, 20

# `others` is the feature that the other libraries compute, if it has another name there; `page` the title in
# docs/compare.md.
Row = collections.namedtuple("Row", "title feature clips sr threads page others", defaults=[None])

ROWS = {
    "stft": Row("complex STFT", "stft", 1, SR, [1], "STFT, complex"),
    "magnitude": Row("magnitude STFT", "magnitude", 1, SR, [1], "STFT, magnitude"),
    "istft": Row("inverse STFT", "istft", 1, SR, [1], "inverse STFT"),
    "mel": Row("mel spectrogram", "mel", 1, SR, [1], "mel"),
    "mel_single": Row(
        "mel spectrogram, ours by choice in single precision", "mel_single", 1, SR, [1], "mel, `Precision::Single`", "mel"
    ),
    "logmel": Row("mel spectrogram in decibels", "logmel", 1, SR, [1], "mel in decibels"),
    "mfcc": Row("20 MFCC", "mfcc", 1, SR, [1], "20 MFCC"),
    "chroma": Row("chroma, tuning given", "chroma", 1, SR, [1], "chroma (tuning given)"),
    "contrast": Row("spectral contrast", "contrast", 1, SR, [1], "spectral contrast"),
    "centroid": Row("spectral centroid", "centroid", 1, SR, [1], "spectral centroid"),
    "several": Row(
        "mel, decibels, MFCC, chroma, contrast, centroid", "several", 1, SR, [1], "six of these together"
    ),
    "batch_mel": Row(f"mel spectrograms of {BATCH} clips", "mel", BATCH, SR, [1, 2], f"mel, batch of {BATCH}"),
    "batch_mfcc": Row(f"20 MFCC of {BATCH} clips", "mfcc", BATCH, SR, [1, 2], f"20 MFCC, batch of {BATCH}"),
    "fbank": Row(
        "Kaldi filter bank, 16 kHz, 25/10 ms, 80 bands", "fbank", 1, 16000, [1], "Kaldi's filter bank, 80 bands, 16 kHz"
    ),
}
COLUMNS = ["librosa", "torchaudio", "audioFlux", "essentia", "kaldi-native-fbank"]


class Ours:
    """The example `time_features`, started anew for each round."""

    def __init__(self, binary, simd):
        self.binary, self.simd = binary or ours.build("time_features"), simd

    def run(self, row, path, calls, threads, cores):
        command = [self.binary, "--feature", row.feature, "--samples", path, "--sample-rate", str(row.sr)]
        command += ["--clips", str(row.clips), "--threads", str(threads), "--calls", str(calls)]
        command += ["--simd", self.simd] if self.simd else []
        unpin = (lambda: os.sched_setaffinity(0, cores)) if threads > 1 and cores else None
        out = subprocess.run(command, capture_output=True, text=True, preexec_fn=unpin)
        if out.returncode != 0:
            return None, out.stderr.strip()
        return json.loads(out.stdout), None


def measure(row, own, others, rounds, calls, cores):
    """Rounds of times for each side, and why ours has none."""
    y = np.stack([
        signals.make({"kind": "notes", "sr": row.sr, "n": row.sr * SECONDS, "seed": seed, "gain_db": 0.0})
        for seed in range(row.clips)
    ])
    results, refused = collections.defaultdict(list), None
    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        y.tofile(file)
        file.flush()
        samples = y[0] if row.clips == 1 else y
        sides = [(peer, getattr(peer, row.others or row.feature)(samples, row.sr)) for peer in others if has(peer, row)]
        for _ in range(rounds):
            for threads in row.threads:
                times, refused = own.run(row, file.name, calls, threads, cores)
                if times:
                    times.pop("simd", None)
                    results["ours" if threads == 1 else f"ours, {threads} threads"].append(times)
            for peer, compute in sides:
                results[f"{peer.name} {peer.version}"].append(timed(compute, calls, warm_up=1 if row.clips > 1 else 3))
    return dict(results), refused


def has(peer, row):
    if row.clips > 1 and peer.name not in ("librosa", "torchaudio"):
        return False
    if row.feature != "several" and peer.name == "librosa, each by itself":
        return False
    return hasattr(peer, row.others or row.feature)


def page_heading(others):
    versions = {peer.name: peer.version.split(" ")[0] for peer in others}
    names = [f"{name} {versions.get(name, '')}".strip() for name in COLUMNS]
    return f"| | soundalike | {' | '.join(names)} |\n|---|{'---|' * (len(names) + 1)}"


def page_row(row, summaries):
    """A line of the table in docs/compare.md: milliseconds of processor time, and times ours."""

    def cell(s):
        ratio = f" ({s['ratio_cpu']:.2g})" if "ratio_cpu" in s else ""
        return f"{s['cpu_ms_median']:.3g}{ratio}"

    own = f"{summaries['ours']['cpu_ms_median']:.2g}" if "ours" in summaries else "-"
    cells = []
    for column in COLUMNS:
        found = [s for name, s in summaries.items() if name.startswith(f"{column} ")]
        each = [s for name, s in summaries.items() if name.startswith(f"{column}, each")]
        cells.append("; ".join([cell(s) for s in found] + [f"{cell(s)} each by itself" for s in each]))
    lines = [f"| {row.page} | {own} | {' | '.join(cells)} |"]
    for name, s in summaries.items():
        if name.startswith("ours, "):
            # Threads share the work, not the processor time.
            faster = summaries["ours"]["wall_ms_median"] / s["wall_ms_median"]
            lines.append(f"| {row.page}, {name[6:]} | {s['wall_ms_median']:.2g} on the wall: {faster:.2f} times as fast |||||| ")
    return "\n".join(line.strip() for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=5, help="in each round (of a batch: 1)")
    parser.add_argument("--rows", default=",".join(ROWS), help="which tables")
    parser.add_argument("--core", type=int, default=0, help="to pin to; -1 for none")
    parser.add_argument("--simd", help="the instructions that ours may use")
    parser.add_argument("--binary", help="the built example `time_features`, instead of building it")
    parser.add_argument("--json", help="a file for all the times")
    parser.add_argument("--allocator", choices=["keep", "default"], default="keep")
    args = parser.parse_args()
    if args.allocator == "keep":
        keep_memory()
    unknown = set(args.rows.split(",")) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")

    own = Ours(args.binary, args.simd)
    cores, pinned = all_cores(), pin(args.core)
    others = peers.installed()
    where = machine()
    print(heading(where, args.rounds, pinned, args.simd, args.allocator))
    report = {"machine": where, "rounds": args.rounds, "calls": args.calls, "simd": args.simd, "allocator": args.allocator,
              "rows": {}}
    page = [page_heading(others)]
    for name in args.rows.split(","):
        row = ROWS[name]
        calls = args.calls if row.clips == 1 else 1
        results, refused = measure(row, own, others, args.rounds, calls, cores)
        text, summaries = table(results, row.clips)
        page.append(page_row(row, summaries))
        print(f"### {row.title}\n\n{text}\n", flush=True)
        if "ours" not in results:
            print(f"Ours is not here: {refused}.\n")
        report["rows"][name] = {"title": row.title, "clips": row.clips, "summary": summaries, "rounds": results}
    print("### As in docs/compare.md\n\n" + "\n".join(page))
    if args.json:
        with open(args.json, "w") as file:
            json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
