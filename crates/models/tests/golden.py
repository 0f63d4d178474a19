"""Networks in PyTorch, with weights, inputs, outputs and gradients for models_golden.rs.

    python3 crates/models/tests/golden.py

writes two files for each network into crates/models/tests/golden: KIND.safetensors, a checkpoint with a card, and
KIND.expected.safetensors; of the Siamese network also PyTorch's own file, siamese.pth. Made with torch 2.15 and numpy 2
on one thread; the weights come from numpy's generator, so that they do not depend on torch's.
"""

import json
import pathlib
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent / "golden"


def write_safetensors(path, tensors, metadata=None):
    """The whole format: length of the header, header, numbers."""
    header, data, at = {}, b"", 0
    if metadata:
        header["__metadata__"] = metadata
    for name, tensor in tensors.items():
        values = np.ascontiguousarray(tensor.detach().numpy().astype("<f4")).tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(values)]}
        data, at = data + values, at + len(values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Block(nn.Module):
    def __init__(self, inputs, outputs, halve):
        super().__init__()
        stride = 2 if halve == "stride" else 1
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.pool = halve == "max_pool"

    def forward(self, x):
        x = F.relu(self.bn(self.conv(x)))
        return F.max_pool2d(x, 2) if self.pool else x


def sizes(shape, blocks, halve):
    out = [shape]
    for _ in range(blocks):
        out.append(tuple(n // 2 if halve == "max_pool" else (n + 1) // 2 for n in out[-1]))
    return out


class Encoder(nn.Module):
    def __init__(self, shape, channels, halve, pooling, dim, normalize=False):
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(a, b, halve) for a, b in zip([1] + channels[:-1], channels, strict=True)
        )
        bands, frames = sizes(shape, len(channels), halve)[-1]
        width = {
            "flatten": bands * frames,
            "time_mean": bands,
            "time_mean_max": 2 * bands,
            "mean": 1,
            "mean_max": 2,
        }[pooling]
        self.fc = nn.Linear(channels[-1] * width, dim)
        self.pooling, self.normalize = pooling, normalize

    def forward(self, x):
        x = x.unsqueeze(1)
        for block in self.blocks:
            x = block(x)
        axes = {"time_mean": (3,), "time_mean_max": (3,), "mean": (2, 3), "mean_max": (2, 3)}.get(self.pooling)
        if axes is None:
            x = x.flatten(1)
        else:
            parts = [x.mean(axes).flatten(1)]
            if self.pooling.endswith("max"):
                parts.append(x.amax(axes).flatten(1))
            x = torch.cat(parts, 1)
        x = self.fc(x)
        return F.normalize(x, dim=1, eps=1e-12) if self.normalize else x


class TwoLayers(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.hidden, self.out = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.out(F.relu(self.hidden(x)))


class Decoder(nn.Module):
    def __init__(self, shape, channels, halve, dim):
        super().__init__()
        self.sizes = sizes(shape, len(channels), halve)[::-1]
        self.fc = nn.Linear(dim, channels[-1] * self.sizes[0][0] * self.sizes[0][1])
        back = channels[::-1]
        self.blocks = nn.ModuleList(Block(a, b, None) for a, b in zip(back[:-1], back[1:], strict=True))
        self.out = nn.Conv2d(back[-1], 1, 3, 1, 1)
        self.widest = back[0]

    def forward(self, x):
        x = F.relu(self.fc(x)).view(-1, self.widest, *self.sizes[0])
        for block, size in zip(self.blocks, self.sizes[1:], strict=False):
            x = block(F.interpolate(x, size=size, mode="nearest"))
        return self.out(F.interpolate(x, size=self.sizes[-1], mode="nearest")).squeeze(1)


class Model(nn.Module):
    def __init__(self, config, shape):
        super().__init__()
        self.kind, channels, dim = config["kind"], config["channels"], config["embedding_dim"]
        halve = config["downsampling"]
        self.encoder = Encoder(shape, channels, halve, config["pooling"], dim, self.kind == "identify")
        if self.kind == "siamese":
            self.head = TwoLayers(dim, config["head_hidden"], 1)
        if self.kind == "simclr":
            self.projection = TwoLayers(dim, config["projection_hidden"], config["projection_dim"])
        if self.kind == "autoencoder":
            self.decoder = Decoder(shape, channels, halve, dim)
        if self.kind == "genre":
            self.classifier = nn.Linear(dim, config["classes"])

    def forward(self, a, b):
        if self.kind == "siamese":
            return self.head((self.encoder(a) - self.encoder(b)).abs()).squeeze(1)
        if self.kind == "simclr":
            return self.projection(self.encoder(a))
        if self.kind == "autoencoder":
            return self.decoder(self.encoder(a))
        if self.kind == "genre":
            return self.classifier(self.encoder(a))
        return self.encoder(a)


SMALL = {
    "mel": {"sample_rate": 8000, "stft": {"n_fft": 256, "hop_length": 128}, "n_mels": 17},
    "log": {"db": {"reference": "max", "top_db": 80.0}},
    "clip_seconds": 0.176,
}
IDENTIFY = {
    "mel": {
        "sample_rate": 16000,
        "stft": {"n_fft": 1024, "hop_length": 256},
        "n_mels": 64,
        "fmin": 200.0,
        "fmax": 6000.0,
    },
    "log": {"log10": {"floor": 1e-10}},
    "normalize": "clip_mean",
    "clip_seconds": 1.0,
}
POOLED = {"downsampling": "max_pool", "dropout": 0.0}
CASES = [
    (
        {"kind": "siamese", "channels": [4, 6], "embedding_dim": 5, "pooling": "time_mean_max", "head_hidden": 3} | POOLED,
        SMALL,
        (17, 12),
    ),
    (
        {
            "kind": "simclr",
            "channels": [4, 6, 8],
            "embedding_dim": 5,
            "pooling": "mean_max",
            "projection_hidden": 6,
            "projection_dim": 3,
        }
        | POOLED,
        SMALL,
        (17, 12),
    ),
    (
        {"kind": "autoencoder", "channels": [4, 6], "embedding_dim": 5, "pooling": "flatten"} | POOLED,
        SMALL,
        (17, 12),
    ),
    (
        {"kind": "genre", "channels": [4, 6], "embedding_dim": 5, "pooling": "time_mean", "classes": 4} | POOLED,
        SMALL,
        (17, 12),
    ),
    (
        {
            "kind": "identify",
            "channels": [4, 6, 8, 8, 10],
            "embedding_dim": 7,
            "pooling": "flatten",
            "downsampling": "stride",
            "dropout": 0.0,
        },
        IDENTIFY,
        (64, 63),
    ),
]


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    for number, (config, front_end, shape) in enumerate(CASES):
        random = np.random.default_rng(number)

        def normal(*size, scale=1.0):
            return torch.from_numpy((random.standard_normal(size) * scale).astype(np.float32))

        model = Model(config, shape)
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.copy_(normal(*tensor.shape).abs() + 0.5)
            elif tensor.dtype == torch.float32:
                fan = tensor[0].numel() if tensor.dim() > 1 else 4
                tensor.copy_(normal(*tensor.shape, scale=(2 / fan) ** 0.5))
                if name.endswith("bn.weight"):
                    tensor.add_(1.0)
        weights = {k: v.clone() for k, v in model.state_dict().items() if v.dtype == torch.float32}
        card = {
            "name": f"golden_{config['kind']}",
            "model": config,
            "front_end": front_end,
            "normalize": config["kind"] == "identify",
        }
        metadata = {"soundalike_format": "1", "soundalike_card": json.dumps(card)}
        write_safetensors(FOLDER / f"{config['kind']}.safetensors", weights, metadata)
        if config["kind"] == "siamese":
            torch.save({"epoch": 3, "state_dict": model.state_dict()}, FOLDER / "siamese.pth")

        a, b = normal(3, *shape), normal(3, *shape)
        model.eval()
        expected = {"a": a, "b": b, "embedding": model.encoder(a), "inference": model(a, b)}
        model.train()
        a.requires_grad_()
        output = model(a, b)
        direction = normal(*output.shape)
        (output * direction).sum().backward()
        expected |= {"training": output, "direction": direction, "grad.a": a.grad}
        for name, parameter in model.named_parameters():
            expected[f"grad.{name}"] = parameter.grad
        for name, buffer in model.named_buffers():
            if buffer.dtype == torch.float32:
                expected[f"after.{name}"] = buffer
        write_safetensors(FOLDER / f"{config['kind']}.expected.safetensors", expected)


main()
