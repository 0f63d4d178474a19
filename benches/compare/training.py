"""Training steps and forward passes of two encoders: ours, burn's own operations, and PyTorch, in turn.

    cargo build --release --example time_training
    python3 benches/compare/training.py [--nets siamese simclr] [--rounds 7] [--threads 2]

Each net is four times 3x3 convolution, batch normalisation, ReLU and 2x2 max pooling, then the mean over all positions
and a linear layer to 128; a step is forward, backward and Adam, on a batch of 32 clips of 1 x 128 x 130. All take turns,
one batch each, so that a noisy moment hits all of them. The table has the best wall time (as clips a second), the least
processor time, and the median of the ratios of wall times within each turn, which load from elsewhere disturbs least.
PyTorch runs with an allocator that keeps its memory (see timing.keep_memory), which is faster than the system's, unless
`--allocator default` is given.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import timing

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHANNELS = {"siamese": [1, 32, 64, 128, 256], "simclr": [1, 64, 128, 256, 512], "small": [1, 16, 32, 64, 128]}
BATCH = 32
OURS, STOCK, NCHW = "ours", "burn-flex", "PyTorch NCHW"
RIVALS = {NCHW: (False, False), "PyTorch channels-last": (True, False), "PyTorch channels-last + bf16": (True, True)}


class Ours:
    """`time_training`, waiting for its turns."""

    def __init__(self, program, net, operations, threads):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
        environment["RAYON_NUM_THREADS"] = str(threads)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([program, net, operations], env=environment, **pipes)

    def turn(self, mode):
        self.process.stdin.write(mode + "\n")
        self.process.stdin.flush()
        wall, processor, _ = self.process.stdout.readline().split()
        return float(wall), float(processor)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class PyTorch:
    def __init__(self, net, channels_last, bf16):
        import torch
        from torch import nn

        self.torch, self.bf16 = torch, bf16
        layers, channels = [], CHANNELS[net]
        for inputs, outputs in zip(channels, channels[1:]):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
        self.model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels[-1], 128))
        self.x = torch.randn(BATCH, 1, 128, 130)
        if channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
            self.x = self.x.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)

    def turn(self, mode):
        torch = self.torch
        self.model.train(mode == "train")
        wall, processor = time.perf_counter(), time.process_time()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            if mode == "train":
                self.optimizer.zero_grad()
                loss = self.model(self.x).float().square().mean()
            else:
                with torch.inference_mode():
                    self.model(self.x)
        if mode == "train":
            loss.backward()
            self.optimizer.step()
        return time.perf_counter() - wall, time.process_time() - processor

    def close(self):
        pass


def program():
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    return pathlib.Path(json.loads(metadata)["target_directory"]) / "release" / "examples" / "time_training"


def measure(contenders, mode, rounds, stock_rounds):
    """Seconds on the wall and of processor time of each turn."""
    times = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            if name == STOCK and turn > stock_rounds:
                continue
            # Let the threads of the one before go to sleep.
            time.sleep(0.05)
            if turn == 0:
                contender.turn(mode)
            else:
                times[name].append(contender.turn(mode))
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nets", nargs="+", choices=CHANNELS, default=["siamese", "simclr"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--stock-rounds", type=int, default=3, help="rounds in which burn's own operations take part")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", default=None, help="the built time_training")
    parser.add_argument("--allocator", choices=["keeps", "default"], default="keeps", help="PyTorch's")
    args = parser.parse_args()
    if args.allocator == "keeps":
        timing.keep_memory()
    import torch

    torch.set_num_threads(args.threads)
    path = args.program or program()
    print(f"{args.threads} threads, batch {BATCH}; PyTorch {torch.__version__}, allocator {args.allocator}; load {os.getloadavg()[0]:.1f}")
    for net in args.nets:
        contenders = {OURS: Ours(path, net, "own", args.threads), STOCK: Ours(path, net, "stock", args.threads)}
        contenders |= {name: PyTorch(net, *options) for name, options in RIVALS.items()}
        print(f"\n| {net} | train, clips/s | CPU ms a batch | ours is faster by | forward, clips/s | CPU ms | by |")
        print("|---|---|---|---|---|---|---|")
        results = {mode: measure(contenders, mode, args.rounds, args.stock_rounds) for mode in ("train", "forward")}
        for name in contenders:
            cells = []
            for times in results.values():
                walls, processors = zip(*times[name])
                ratios = [wall / ours for (wall, _), (ours, _) in zip(times[name], times[OURS])]
                cells += [f"{BATCH / min(walls):.1f}", f"{min(processors) * 1e3:.0f}", f"{statistics.median(ratios):.2f}"]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
        for contender in contenders.values():
            contender.close()


if __name__ == "__main__":
    sys.exit(main())
