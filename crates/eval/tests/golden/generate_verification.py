"""Makes the golden values of tests/eval_verification_golden.rs; run it in this folder.

Made with Python 3, numpy 2.4.6, scikit-learn 1.9.1, scipy 1.17.1.
"""

import csv

import numpy as np
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn import metrics
from sklearn.calibration import calibration_curve

rng = np.random.default_rng(11)


def write(name, header, rows):
    with open(name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def case(n, share, spread, decimals):
    """Probabilities of n pairs; few decimals make ties."""
    labels = rng.random(n) < share
    labels[:2] = True, False
    logits = np.where(labels, 1.0, -1.0) + spread * rng.standard_normal(n)
    return labels.astype(int), np.round(1 / (1 + np.exp(-logits)), decimals)


cases = {
    "plain": case(300, 0.5, 1.0, 9),
    "tied": case(300, 0.5, 1.5, 1),
    "rare": case(400, 0.05, 1.0, 2),
    "good": case(1600, 0.5, 0.35, 6),
    "chance": case(101, 0.5, 50.0, 3),
    "edges": (rng.integers(0, 2, 210), np.tile(np.arange(21) / 20, 10)),
}

write(
    "pairs.csv",
    ["case", "label", "score"],
    ((name, int(l), repr(float(s))) for name, (labels, scores) in cases.items() for l, s in zip(labels, scores)),
)

roc, expected = [], []
for name, (labels, scores) in cases.items():

    def put(metric, argument, value):
        expected.append((name, metric, argument, repr(float(value))))

    fpr, tpr, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    roc += [(name, repr(float(a)), repr(float(b)), repr(float(c))) for a, b, c in zip(thresholds, fpr, tpr)]
    put("roc_auc", "", metrics.roc_auc_score(labels, scores))
    put("brier", "", metrics.brier_score_loss(labels, scores))
    eer = brentq(lambda x: 1 - x - interp1d(fpr, tpr)(x), 0.0, 1.0, xtol=1e-15)
    put("equal_error_rate", "", eer)
    for limit in (1e-3, 1e-2, 0.1, 0.5):
        put("tpr_at_fpr", limit, tpr[fpr <= limit].max())
    for threshold in (0.3, 0.5, 0.9):
        called = scores >= threshold
        (tn, fp), (fn, tp) = metrics.confusion_matrix(labels, called)
        for metric, value in (("tp", tp), ("fp", fp), ("tn", tn), ("fn", fn)):
            put(metric, threshold, value)
        put("accuracy", threshold, metrics.accuracy_score(labels, called))
        put("error_rate", threshold, metrics.zero_one_loss(labels, called))
        put("precision", threshold, metrics.precision_score(labels, called))
        put("recall", threshold, metrics.recall_score(labels, called))
        put("f1", threshold, metrics.f1_score(labels, called))
        put("false_positive_rate", threshold, 1 - metrics.recall_score(labels, called, pos_label=0))
    # The best of each criterion over all cuts, the empty one included.
    cuts = [scores >= t for t in thresholds]
    put("best_accuracy", "", max(metrics.accuracy_score(labels, cut) for cut in cuts))
    put("best_f1", "", max(metrics.f1_score(labels, cut, zero_division=0) for cut in cuts))
    for n_bins in (5, 10, 15):
        positive, mean = calibration_curve(labels, scores, n_bins=n_bins)
        edges = np.linspace(0, 1, n_bins + 1)
        count = np.bincount(np.searchsorted(edges[1:-1], scores), minlength=n_bins)
        count = count[count > 0]
        put("calibration_error", n_bins, (np.abs(positive - mean) * count).sum() / count.sum())
        for i, (p, m) in enumerate(zip(positive, mean)):
            put(f"bin_{n_bins}_positive", i, p)
            put(f"bin_{n_bins}_mean", i, m)

write("roc.csv", ["case", "threshold", "fpr", "tpr"], roc)
write("verification.csv", ["case", "metric", "argument", "value"], expected)
