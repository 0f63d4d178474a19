"""Makes the golden values of tests/golden.rs; run it in this folder.

Made with Python 3, numpy 2.4.6, scikit-learn 1.9.1, statsmodels 0.15.0.
"""

import csv
import itertools

import numpy as np
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

QUERIES, ITEMS = 60, 12
rng = np.random.default_rng(7)

# Scores without ties, to nine decimals; each query has one right item and some relevant ones.
scores = np.round(rng.permutation(QUERIES * ITEMS).reshape(QUERIES, ITEMS) / (QUERIES * ITEMS), 9)
right = rng.integers(0, ITEMS, QUERIES)
scores[np.arange(QUERIES), right] = np.round(scores[np.arange(QUERIES), right] + 0.4001, 9)
relevant = rng.random((QUERIES, ITEMS)) < 0.3
relevant[:, 0] |= ~relevant.any(axis=1)
assert all(len(set(row)) == ITEMS for row in scores)


def write(name, header, rows):
    with open(name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


write(
    "scores.csv",
    ["query", "item", "score", "right", "relevant"],
    (
        (q, i, repr(float(scores[q, i])), int(right[q] == i), int(relevant[q, i]))
        for q, i in itertools.product(range(QUERIES), range(ITEMS))
    ),
)

expected = []
one_hot = np.eye(ITEMS, dtype=bool)[right]
# With one right item a query, coverage is its rank and LRAP its reciprocal rank.
expected.append(("mean_rank", 0, metrics.coverage_error(one_hot, scores)))
expected.append(("mean_reciprocal_rank", 0, metrics.label_ranking_average_precision_score(one_hot, scores)))
order = np.argsort(-scores, axis=1)
for k in range(1, ITEMS + 1):
    expected.append(("top_k_accuracy", k, metrics.top_k_accuracy_score(right, scores, k=k, labels=range(ITEMS))))
    retrieved = np.zeros_like(relevant)
    np.put_along_axis(retrieved, order[:, :k], True, axis=1)
    expected.append(("precision_at_k", k, metrics.precision_score(relevant, retrieved, average="samples")))
    expected.append(("recall_at_k", k, metrics.recall_score(relevant, retrieved, average="samples")))
    # Hit: the confusion matrix of a query has a true positive.
    hits = metrics.multilabel_confusion_matrix(relevant, retrieved, samplewise=True)[:, 1, 1] > 0
    expected.append(("hit_rate_at_k", k, hits.mean()))
counts, _ = np.histogram(scores, bins=9, range=(0.1, 1.0))
expected += [("histogram", bin, count) for bin, count in enumerate(counts)]
write("expected.csv", ["metric", "k", "value"], ((m, k, repr(float(v))) for m, k, v in expected))

wilson = []
for n, confidence in itertools.product((1, 2, 5, 17, 299, 2995, 10**6), (0.5, 0.9, 0.95, 0.99, 0.9999)):
    for successes in sorted({0, 1, n // 3, n // 2, n - 1, n}):
        low, high = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
        wilson.append((successes, n, confidence, repr(float(low)), repr(float(high))))
write("wilson.csv", ["successes", "n", "confidence", "low", "high"], wilson)
