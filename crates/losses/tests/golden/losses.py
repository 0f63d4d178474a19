"""Makes the golden values of tests/losses_golden.rs: losses and their gradients, by the PyTorch libraries.

    pip install torch==2.15.0 pytorch-metric-learning==2.9.0 lightly==1.6.0 numpy
    python3 losses.py

Writes losses.json beside this file. The inputs are formulas (`embeddings` below, and in the Rust test), rounded to
single precision; everything after that is computed in double precision. SupContrast is not a package: its formula is
written here from the paper (Khosla et al., 2020, equation 2, and the scaling by the base temperature).

Each case holds the loss's name, its settings, how its inputs are made, the value, and the gradient of each input that
has one (nine significant digits).
"""

import json
import pathlib

import lightly
import numpy as np
import pytorch_metric_learning
import torch
from lightly.loss import DCLLoss
from lightly.loss import NTXentLoss as LightlyNTXent
from pytorch_metric_learning import losses, miners, reducers
from pytorch_metric_learning.distances import LpDistance

assert pytorch_metric_learning.__version__ == "2.9.0", pytorch_metric_learning.__version__
assert lightly.__version__ == "1.6.0", lightly.__version__

MASK = (1 << 64) - 1
CASES = []


def noise(n, seed):
    """Uniform in [-1, 1): the upper 24 bits of splitmix64."""
    out = np.empty(n)
    state = seed
    for i in range(n):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        out[i] = (z >> 40) / (1 << 23) - 1.0
    return out


def embeddings(seed, groups, dim, spread, scale):
    """A row for each of `groups`: rows of one group lie around one centre, `spread` tells how closely."""
    own = noise(len(groups) * dim, seed).reshape(-1, dim)
    centres = np.stack([noise(dim, 1000 + g) for g in groups])
    return ((centres + spread * own) * scale).astype(np.float32)


def case(source, loss, settings, inputs, compute, labels=None, flags=None, shape=None):
    """`inputs`: (seed, groups, dim, spread, scale, whether it has a gradient) each."""
    tensors = []
    for *how, tracked in inputs:
        x = torch.from_numpy(embeddings(*how).astype(np.float64))
        tensors.append(x.reshape(shape).requires_grad_(tracked) if shape else x.requires_grad_(tracked))
    value = compute(*tensors)
    value.backward()
    gradients = [[float(f"{g:.9g}") for g in x.grad.flatten().tolist()] for x in tensors if x.requires_grad]
    record = dict(source=source, loss=loss, settings=settings)
    record["inputs"] = [
        dict(seed=s, groups=list(g), dim=d, spread=p, scale=c, tracked=t) for s, g, d, p, c, t in inputs
    ]
    for name, extra in [("labels", labels), ("flags", flags), ("shape", shape)]:
        if extra is not None:
            record[name] = list(extra)
    record["value"] = float(f"{value.item():.12g}")
    record["gradients"] = gradients
    CASES.append(record)


def long(labels):
    return torch.tensor(labels, dtype=torch.long)


# Two views: batch, dim, spread (closeness of the views), scale of the embeddings.
VIEWS = [(1, 4, 0.3, 1.0), (2, 3, 0.3, 1.0), (2, 3, 2.0, 1.0), (5, 7, 0.5, 1.0), (9, 4, 1.5, 1.0), (16, 8, 0.8, 1.0)]
SCALED = [(4, 3, 0.5, 1e20), (4, 3, 0.5, 1e-9), (4, 3, 0.5, 100.0)]
TEMPERATURES = [0.01, 0.05, 0.1, 0.5]


def views():
    for batch, dim, spread, scale in VIEWS:
        for t in TEMPERATURES:
            yield t, [(s, range(batch), dim, spread, scale, True) for s in (1, 2)]
    for batch, dim, spread, scale in SCALED:
        yield 0.05, [(s, range(batch), dim, spread, scale, True) for s in (1, 2)]


def nt_xent():
    for t, inputs in views():
        settings = dict(temperature=t)
        case("lightly NTXentLoss", "nt_xent", settings, inputs, LightlyNTXent(temperature=t))
        if len(inputs[0][1]) > 1:
            dcl = dict(temperature=t, denominator="negatives_only")
            case("lightly DCLLoss", "nt_xent", dcl, inputs, DCLLoss(temperature=t))
    for t in TEMPERATURES:
        inputs = [(s, range(4), 5, 0.5, 1.0, True) for s in (3, 4)]
        pml = losses.SelfSupervisedLoss(losses.NTXentLoss(temperature=t))
        case("pml SelfSupervisedLoss(NTXentLoss)", "nt_xent", dict(temperature=t), inputs, pml)


LABELS = [
    ([0, 0], 3),
    ([0, 1], 3),
    ([0, 0, 1], 4),
    ([0, 0, 0, 1, 1, 2], 5),  # 2 has no positive
    ([3, 1, 3, 3, 2, 1, 3, 9], 4),
    ([0, 1, 2, 3], 3),  # no positive at all
    ([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 3, 0], 6),
]


def nt_xent_labels():
    for labels, dim in LABELS:
        for t in TEMPERATURES:
            pml = losses.NTXentLoss(temperature=t)
            inputs = [(5, labels, dim, 0.8, 1.0, True)]
            settings = dict(temperature=t)
            case("pml NTXentLoss", "nt_xent_labels", settings, inputs, lambda z: pml(z, long(labels)), labels)


def log_softmax_first(query, positive, negatives, t):
    """Cross entropy of each query's positive among it and explicit negatives."""
    normal = torch.nn.functional.normalize
    q, p, n = normal(query), normal(positive), normal(negatives)
    logits = torch.cat([(q * p).sum(1, keepdim=True), q @ n.T], 1) / t
    return -torch.log_softmax(logits, 1)[:, 0]


def clip(query, positive, t):
    normal = torch.nn.functional.normalize
    logits = normal(query) @ normal(positive).T / t
    target = torch.arange(len(logits))
    entropy = torch.nn.functional.cross_entropy
    return (entropy(logits, target) + entropy(logits.T, target)) / 2


def info_nce():
    for t, inputs in views():
        if len(inputs[0][1]) > 1:
            pml = losses.SelfSupervisedLoss(losses.NTXentLoss(temperature=t), symmetric=False)
            name = "pml SelfSupervisedLoss(NTXentLoss, symmetric=False)"
            case(name, "info_nce", dict(temperature=t), inputs, pml)
    for t in TEMPERATURES:
        for batch in (1, 3):
            inputs = [(s, range(batch), 4, 0.7, 1.0, True) for s in (6, 7)]
            settings = dict(temperature=t, symmetric=True)
            case("CLIP, by formula", "info_nce", settings, inputs, lambda q, p: clip(q, p, t))
            bank = [(8, range(10, 15), 4, 1.0, 1.0, False)]

            def lightly_bank(q, p, n):
                loss = LightlyNTXent(temperature=t, memory_bank_size=(len(n), n.shape[1]))
                # Its forward normalises the query and the positive, and takes the bank as it is.
                unit = torch.nn.functional.normalize(n).detach()
                loss.memory_bank.bank = unit
                loss.memory_bank.bank_ptr = torch.zeros(1, dtype=torch.long)
                return loss(q, p)

            name = "lightly NTXentLoss(memory_bank_size)"
            case(name, "info_nce_negatives", dict(temperature=t), inputs + bank, lightly_bank)
            tracked = [(8, range(10, 15), 4, 1.0, 1.0, True)]
            formula = lambda q, p, n: log_softmax_first(q, p, n, t).mean()
            case("by formula", "info_nce_negatives", dict(temperature=t), inputs + tracked, formula)


def leaves_out(labels, t, how):
    """Whether AvgNonZeroReducer leaves out an anchor that has a positive, as its loss is 0 to rounding."""
    z = torch.from_numpy(embeddings(*how[:-1]).astype(np.float64))
    total = losses.SupConLoss(temperature=t, reducer=reducers.SumReducer())(z, long(labels)).item()
    mean = losses.SupConLoss(temperature=t)(z, long(labels)).item()
    return mean > 0 and round(total / mean) != sum(labels.count(l) > 1 for l in labels)


def sup_con():
    for labels, dim in LABELS:
        for t in TEMPERATURES:
            if len(set(labels)) == 1:
                continue  # pytorch-metric-learning wants a negative
            inputs = [(9, labels, dim, 0.8, 1.0, True)]
            for reduction, reducer in [("mean", reducers.AvgNonZeroReducer), ("batch_mean", reducers.MeanReducer)]:
                pml = losses.SupConLoss(temperature=t, reducer=reducer())
                if reduction == "mean" and leaves_out(labels, t, inputs[0]):
                    continue
                settings = dict(temperature=t, reduction=reduction)
                name = f"pml SupConLoss, {reducer.__name__}"
                case(name, "sup_con", settings, inputs, lambda z: pml(z, long(labels)), labels)


def sup_contrast(z, labels, t, base, mode):
    """[batch, views, dim], normalised: -(t / base) * mean over anchors of the mean over their positives of the log of
    the softmax over all others; 0 for an anchor without positives."""
    batch, n_views, _ = z.shape
    labels = list(range(batch)) if labels is None else labels
    rows = [(v, b) for v in range(n_views) for b in range(batch)]
    z = torch.nn.functional.normalize(z, dim=2)
    total = z.sum() * 0
    anchors = [(v, b) for v, b in rows if mode == "all" or v == 0]
    for v, b in anchors:
        others = [(w, c) for w, c in rows if (w, c) != (v, b)]
        if not others:
            continue
        logits = torch.stack([z[b, v] @ z[c, w] for w, c in others]) / t
        log_probability = logits - torch.logsumexp(logits, 0)
        positives = [k for k, (_, c) in enumerate(others) if labels[c] == labels[b]]
        if positives:
            total = total - (t / base) * log_probability[positives].mean()
    return total / len(anchors)


def sup_con_views():
    shapes = [
        (1, 1, 3, None),
        (1, 2, 3, None),
        (2, 2, 3, None),
        (4, 2, 5, None),
        (3, 3, 4, [0, 1, 0]),
        (5, 2, 3, [0, 0, 1, 1, 4]),
        (5, 1, 4, [0, 0, 1, 1, 4]),  # 4 has no positive
        (2, 4, 3, [6, 6]),
    ]
    for batch, n_views, dim, labels in shapes:
        for t in TEMPERATURES:
            for base, mode in [(0.07, "all"), (t, "one")]:
                groups = [b if labels is None else labels[b] for b in range(batch) for _ in range(n_views)]
                inputs = [(10, groups, dim, 0.8, 1.0, True)]
                settings = dict(temperature=t, base_temperature=base, contrast_mode=mode, reduction="batch_mean")
                compute = lambda z: sup_contrast(z, labels, t, base, mode)
                shape = (batch, n_views, dim)
                name = "SupContrast, by formula"
                case(name, "sup_con_views", settings, inputs, compute, labels, shape=shape)


REDUCERS = dict(mean=reducers.MeanReducer, mean_non_zero=reducers.AvgNonZeroReducer, sum=reducers.SumReducer)


def hadsell(a, b, flags, margin):
    d = (a - b).norm(dim=1)
    similar = torch.tensor(flags, dtype=torch.float64)
    return (similar * d**2 / 2 + (1 - similar) * torch.relu(margin - d) ** 2 / 2).mean()


def contrastive():
    for flags in [[True], [False], [True, False], [True, True, False, False, False, True]]:
        for margin in [0.3, 1.0, 2.5]:
            inputs = [(s, range(len(flags)), 4, 0.6, 1.0, True) for s in (11, 12)]
            settings = dict(margin=margin, normalize=False)
            compute = lambda a, b: hadsell(a, b, flags, margin)
            case("Hadsell et al., by formula", "contrastive", settings, inputs, compute, flags=flags)
    for labels, dim in LABELS[2:]:
        for reduction, reducer in REDUCERS.items():
            for margin, near, normal in [(1.0, 0.0, True), (0.7, 0.4, True), (2.0, 0.1, False)]:
                pml = losses.ContrastiveLoss(
                    pos_margin=near,
                    neg_margin=margin,
                    distance=LpDistance(normalize_embeddings=normal),
                    reducer=reducer(),
                )
                settings = dict(margin=margin, positive_margin=near, normalize=normal, penalty="linear")
                settings |= dict(balanced=True, reduction=reduction)
                inputs = [(13, labels, dim, 0.8, 1.0, True)]
                name = "pml ContrastiveLoss"
                case(name, "contrastive_labels", settings, inputs, lambda z: pml(z, long(labels)), labels)


def triplet():
    for batch in (1, 2, 7):
        for margin in (0.2, 1.0):
            for scale in (1.0, 1e4):
                inputs = [(s, range(g, g + batch), 5, 0.9, scale, True) for s, g in [(14, 0), (15, 0), (16, 50)]]
                loss = torch.nn.TripletMarginLoss(margin=margin, eps=0.0)
                case("torch TripletMarginLoss", "triplet_triplets", dict(margin=margin), inputs, loss)
    for labels, dim in LABELS:
        for mining in ("all", "semi_hard", "hard"):
            for margin, normal, reduction in [
                (0.05, True, "mean_non_zero"),
                (0.3, True, "mean"),
                (1.0, False, "mean"),
                (0.5, False, "mean_non_zero"),
            ]:
                distance = LpDistance(normalize_embeddings=normal)
                pml = losses.TripletMarginLoss(margin=margin, distance=distance, reducer=REDUCERS[reduction]())
                miner = dict(
                    all=None,
                    semi_hard=miners.TripletMarginMiner(margin, "semihard", distance=distance),
                    hard=miners.BatchHardMiner(distance=distance),
                )[mining]

                def compute(z):
                    indices = miner(z, long(labels)) if miner else None
                    # A batch without triplets has no graph at all in pytorch-metric-learning.
                    return pml(z, long(labels), indices) + (z * 0).sum()

                settings = dict(margin=margin, normalize=normal, mining=mining, reduction=reduction)
                inputs = [(17, labels, dim, 0.9, 1.0, True)]
                name = f"pml TripletMarginLoss, {type(miner).__name__ if miner else 'no miner'}"
                case(name, "triplet", settings, inputs, compute, labels)


for make in (nt_xent, nt_xent_labels, info_nce, sup_con, sup_con_views, contrastive, triplet):
    make()
path = pathlib.Path(__file__).with_name("losses.json")
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES) + "\n]\n")
print(path.name, len(CASES), "cases,", path.stat().st_size, "bytes")
