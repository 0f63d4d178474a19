"""Holds soundalike-features equal to librosa on random signals and settings.

    python3 benches/compare/exactness.py --cases 500 [--seed 1] [--features stft,mel,..] [--music DIR]
        [--simd avx512,avx2,portable] [--single]

Prints each feature's worst share of its tolerance (`reference.py` has them), in a column for each level of
instructions, and every case over it with what is needed to run that case alone (`--replay`). `vs f64` tells whose
rounding it is: it compares both with librosa run on the same samples in double precision. `--single` adds a column for
the transform in single precision, which is not held to anything.

Not held to its tolerance, but counted, is a case that

- librosa itself misses, from its own result in double precision, while ours is within it;
- means nothing: where librosa's result moves by over a tenth of the tolerance when each sample is changed in its
  fifteenth digit, as in frames that hold nothing but what rounding left of a loud tone elsewhere.

Exit status: 1 if a case is over its tolerance, or ours refuses what librosa computes; else 0. (What librosa alone
refuses is counted.)
"""

import argparse
import collections
import json
import sys
import tempfile
import time
import warnings

import librosa
import numpy as np

import ours
import reference
import signals
from settings import random_config, random_length, single_precision

warnings.simplefilter("ignore")


def share(case, got, want, least):
    """The largest difference in parts of the tolerance, which is at least `least`."""
    if got.shape != want.shape or not np.isfinite(got).all():
        return float("inf")
    worst = float(np.abs(got.astype(np.float64) - want.astype(np.float64)).max())
    tolerance = reference.FEATURES[case["feature"]].tolerance(case["config"], float(np.abs(want).max()))
    tolerance = max(least, tolerance)
    return 0.0 if worst == 0.0 else worst / tolerance if tolerance else float("inf")


def out_of_the_noise(feature, config, y):
    """The configuration with an `amin` over what rounding leaves, and the least tolerance of mel bands: a low tone
    that no band covers, say, leaves nothing but rounding in the bands."""
    mel = {"mel": config, "logmel": config.get("mel"), "mfcc": config.get("mel")}.get(feature)
    if mel is None:
        return config, 0.0
    try:
        least = reference.rounding(mel, y)
    except Exception:
        return config, 0.0
    if feature == "mel":
        return config, mel["stft"]["n_fft"] * least
    amin = min(max(config["db"]["amin"], 1e3 * least), 1e30)
    return config | {"db": config["db"] | {"amin": float(np.float32(amin))}}, 0.0


def reference_or_none(feature, config, y):
    try:
        return reference.compute(feature, config, y), None
    except Exception as error:  # whatever librosa raises is its answer
        return None, f"{type(error).__name__}: {error}"


def meaningless(case, y, truth, least):
    """Whether rounding alone decides: librosa's own result for samples that differ in their fifteenth digit."""
    y = y.astype(np.float64)
    for seed in range(3):
        moved = y * (1 + 2e-15 * np.random.default_rng(seed).standard_normal(len(y)))
        result, _ = reference_or_none(case["feature"], case["config"], moved)
        if result is None or share(case, result, truth, least) > 0.1:
            return True
    return False


def judge(case, y, got, want, least):
    """The share of a result, and a line to print if it is worth one."""
    worst = share(case, got, want, least)
    if worst <= 1.0:
        return worst, None
    if got.shape != want.shape:
        return worst, f"FAILED: shape {got.shape}, librosa's {want.shape}"
    if not np.isfinite(want).all():
        return worst, "FAILED: librosa's result is not finite"
    truth, _ = reference_or_none(case["feature"], case["config"], y.astype(np.float64))
    ours_truth, librosa_truth = share(case, got, truth, least), share(case, want, truth, least)
    whose = f"{worst:.3g} of the tolerance; vs f64: ours {ours_truth:.3g}, librosa {librosa_truth:.3g}"
    if ours_truth <= 1.0 < librosa_truth:
        return 0.0, f"LIBROSA alone is over the tolerance from its own result in double precision: {whose}"
    if meaningless(case, y, truth, least):
        return 0.0, f"MEANINGLESS: {whose}"
    return worst, f"FAILED: {whose}"


def run_case(evaluators, case):
    """For each evaluator the share, and a line to print if the case is worth one."""
    y = signals.make(case["signal"])
    config, least = out_of_the_noise(case["feature"], case["config"], y)
    case = case | {"config": config}
    want, raised = reference_or_none(case["feature"], config, y)
    results = []
    for evaluator, single in evaluators.values():
        got, refusal = evaluator.compute(case["feature"], single_precision(config) if single else config, y)
        if want is None or (got is None and not np.isfinite(want).all()):
            results.append((0.0, None if got is None else f"REFUSED by librosa alone: {raised}"))
        elif got is None:
            results.append((float("inf"), f"FAILED: refused: {refusal}"))
        elif single:
            results.append((share(case, got, want, least), None))
        else:
            results.append(judge(case, y, got, want, least))
    return results


def random_case(rng, features, music):
    feature = features[rng.integers(len(features))]
    config, sr = random_config(rng, feature)
    return {"feature": feature, "config": config, "signal": signals.random(rng, sr, random_length(rng, config, sr), music)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--features", default=",".join(reference.FEATURES))
    parser.add_argument("--music", help="a folder of audio files, some of whose seconds are used too")
    parser.add_argument("--simd", default="auto", help="the instructions that ours may use; several: a column each")
    parser.add_argument("--single", action="store_true", help="one more column, for single precision")
    parser.add_argument("--binary", help="the built example `evaluate`, instead of building it")
    parser.add_argument("--replay", help="run this one case, as printed")
    parser.add_argument("--show", type=int, default=20, help="failing cases to print in full")
    parser.add_argument("--worst", action="store_true", help="print each feature's worst passing case, too")
    args = parser.parse_args()

    features = args.features.split(",")
    unknown = set(features) - set(reference.FEATURES)
    if unknown:
        parser.error(f"no such feature: {', '.join(sorted(unknown))}")
    music = signals.music_files(args.music)
    rng = np.random.default_rng(args.seed)
    cases = (random_case(rng, features, music) for _ in range(args.cases))
    if args.replay:
        cases = [json.loads(args.replay)]
        features = [cases[0]["feature"]]
    binary = args.binary or ours.build("evaluate")
    done, failed, counted = collections.Counter(), [], []
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        evaluators = {simd: (ours.Evaluator(folder, binary, simd), False) for simd in args.simd.split(",")}
        if args.single:
            evaluators["single precision"] = (ours.Evaluator(folder, binary, None), True)
        worst = {feature: {name: (0.0, None) for name in evaluators} for feature in features}
        for case in cases:
            feature = case["feature"]
            done[feature] += 1
            for name, (part, line) in zip(evaluators, run_case(evaluators, case)):
                if part >= worst[feature][name][0]:
                    worst[feature][name] = (part, case)
                if line:
                    (failed if line.startswith("FAILED") else counted).append((part, f"{name}: {line}", case))
    print(f"librosa {librosa.__version__}, numpy {np.__version__}, seed {args.seed}, {time.monotonic() - begin:.0f} s\n")
    print(f"| | tolerance | cases | {' | '.join(evaluators)} |\n|---|---|{'---|' * (len(evaluators) + 1)}")
    for feature in features:
        shares = " | ".join(f"{part:.2g}" for part, _ in worst[feature].values())
        print(f"| {feature} | {reference.FEATURES[feature].words} | {done[feature]} | {shares} |")
    if args.worst:
        for feature in features:
            part, case = next(iter(worst[feature].values()))
            if case and part <= 1.0:
                print(f"\nworst {feature}: {json.dumps(case)}")
    failed.sort(key=lambda f: -f[0])
    for part, line, case in failed[:args.show]:
        print(f"\n{case['feature']} {line}\n  --replay '{json.dumps(case)}'")
    # Of what is counted, the kind, and what librosa said.
    kinds = [(case["feature"], line.split(": ", 1)[1]) for _, line, case in counted]
    kinds = [f"{feature}: {line if line.startswith('REFUSED') else line.split(': ')[0]}" for feature, line in kinds]
    for reason, count in sorted(collections.Counter(kinds).items()):
        print(f"\n{count} x {reason}")
    if failed:
        print(f"\n{len(failed)} failures in {sum(done.values())} cases")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
