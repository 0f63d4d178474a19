"""Runs the Rust side: builds examples and speaks to them."""

import json
import os
import pathlib
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build(*examples, package="soundalike-benches"):
    """Builds examples in release and returns the first one's program; the others lie beside it."""
    command = ["cargo", "build", "--release", "--quiet", "-p", package]
    command += [word for example in examples for word in ("--example", example)]
    command += ["--message-format", "json-render-diagnostics"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in out.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == examples[0]:
            return message["executable"]
    raise RuntimeError(f"cargo built no {examples[0]}")


def beside(binary, example):
    """Another example's program."""
    path = pathlib.Path(binary)
    return str(path.with_name(example + path.suffix))


class Evaluator:
    """The example `evaluate`, kept running."""

    def __init__(self, folder, binary=None, simd=None):
        self.input = os.path.join(folder, "in.f32")
        self.output = os.path.join(folder, "out.f32")
        command = [binary or build("evaluate")] + (["--simd", simd] if simd else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def compute(self, feature, config, samples):
        """The result and None, or None and why it was refused."""
        samples.astype("<f4").tofile(self.input)
        request = {"feature": feature, "config": config, "samples": self.input, "out": self.output}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"evaluate ended with status {self.process.wait()} on {json.dumps(request)}")
        answer = json.loads(line)
        if "error" in answer:
            return None, answer["error"]
        values = np.fromfile(self.output, dtype="<f4").reshape(answer["rows"], answer["cols"])
        return values, None
