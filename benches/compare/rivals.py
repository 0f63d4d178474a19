"""Runs the criterion benchmark of other Rust crates and prints its table as it stands in docs/compare.md.

    python3 benches/compare/rivals.py [--measured] [--simd LEVEL]

`--measured` prints what the last run left. Times are on the wall, medians, in milliseconds; in brackets, times ours.
"""

import argparse
import json
import os
import pathlib
import subprocess

import ours

ROWS = ["magnitude", "mel", "mel_single", "logmel", "mfcc", "chroma"]
COLUMNS = ["soundalike", "mel_spec_f32", "spectrograms_f32", "spectrograms_f64"]


def target():
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ours.ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    return pathlib.Path(json.loads(metadata)["target_directory"])


def median(folder, group, name):
    path = folder / "criterion" / f"rivals_{group}" / name / "new" / "estimates.json"
    return json.loads(path.read_text())["median"]["point_estimate"] / 1e6 if path.exists() else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--measured", action="store_true", help="do not run it again")
    parser.add_argument("--simd", default="auto", help="the instructions that ours may use")
    args = parser.parse_args()
    if not args.measured:
        command = ["cargo", "bench", "-p", "soundalike-benches", "--features", "rivals", "--bench", "rivals"]
        environment = os.environ | {"SOUNDALIKE_BENCH_SIMD": args.simd}
        subprocess.run(command, cwd=ours.ROOT, check=True, env=environment)
    folder = target()
    print(f"| ms | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    for group in ROWS:
        times = [median(folder, group, name) for name in COLUMNS]
        if times[0] is None:
            continue
        cells = ["" if ms is None else f"{ms:.3g} ({ms / times[0]:.2g})" for ms in times[1:]]
        print(f"| {group} | {times[0]:.2g} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
