"""Times soundalike-index, FAISS, usearch and Annoy in turn, on the same vectors and one thread, and prints the ratios.

    python3 benches/compare/search.py [--n 1000000] [--dim 64] [--rounds 5] [--parts flat,filter,lists] [--json FILE]
    python3 benches/compare/search.py --parts threads

It wants faiss-cpu and usearch; Annoy is measured if it is there (`pip install annoy`).

Vectors are of length one: without structure for exact search, in clusters for inverted files and graphs (those of
`search_bench --clustered`). A round runs ours, started anew, which reads the same files; then each of the others; then
the next round begins. Times are of the processor (other programs on the machine disturb them less) and on the wall;
everything is pinned to one core, where the system can (but for the part `threads`, on the wall). A ratio is the median over the rounds of (their median / our
median).

FAISS compares a batch by matrix products only when it has more than `distance_compute_blas_threshold` elements, 2,000
queries of 64 components by default: "tuned" is with that threshold at 20, and the vectors taken 256 at a time. Its
figures with the defaults stand beside.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import tempfile
import time

import peers  # first: it sets the numbers of threads  # noqa: F401
import faiss
import numpy as np
import usearch
import usearch.index

import ours
from timing import all_cores, heading, machine, pin, table, timed

try:
    import annoy
except ImportError:
    annoy = None

K, BATCH = 10, 100
SHARES = [0.5, 0.1, 0.01, 0.001]
CLUSTERS, CENTRE_DIMS, LOCAL_DIMS, NOISE = 2000, 24, 12, 1.5


def normalised(x):
    return np.ascontiguousarray(x / np.linalg.norm(x, axis=1, keepdims=True), dtype="<f4")


def random_vectors(rng, count, dim):
    return normalised(rng.standard_normal((count, dim), dtype=np.float32))


def clustered_vectors(rng, count, dim):
    """The recipe of examples/src/search_bench/data.rs, with other random numbers."""
    plane = rng.standard_normal((CENTRE_DIMS, dim)) / np.sqrt(CENTRE_DIMS)
    centres = rng.standard_normal((CLUSTERS, CENTRE_DIMS)) @ plane
    spreads = rng.standard_normal((CLUSTERS, LOCAL_DIMS, dim)) / np.sqrt(LOCAL_DIMS)
    shares = 1 / np.arange(1, CLUSTERS + 1)
    cluster = rng.choice(CLUSTERS, count, p=shares / shares.sum())
    x = centres[cluster] + NOISE * rng.standard_normal((count, dim))
    for start in range(0, count, 10_000):
        part = slice(start, start + 10_000)
        local = rng.standard_normal((len(cluster[part]), LOCAL_DIMS))
        x[part] += np.einsum("ij,ijk->ik", local, spreads[cluster[part]])
    return normalised(x)


class Ours:
    """The example `search_bench`, started anew for each round."""

    def __init__(self, binary, folder):
        self.binary = binary or ours.build("search_bench", package="soundalike-examples")
        self.folder, self.simd = folder, None

    def save(self, x, q):
        x.tofile(self.folder / "vectors.f32")
        q.tofile(self.folder / "queries.f32")
        self.dim = x.shape[1]

    def run(self, dtype, checked, seconds, *more):
        out = self.folder / "out.json"
        command = [self.binary, "--vectors", self.folder / "vectors.f32", "--query-file", self.folder / "queries.f32"]
        command += ["--dim", str(self.dim), "--dtype", dtype, "--k", str(K), "--checked", str(checked)]
        command += ["--seconds", str(seconds), "--json", out, *more] + (["--simd", self.simd] if self.simd else [])
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return json.loads(out.read_text())


def times(report, what):
    return {"cpu_ms": [report[f"{what}_ms"]], "wall_ms": [report.get(f"{what}_wall_ms", report[f"{what}_ms"])]}


def one_by_one(search, queries):
    """A function that searches the next query each time it is called."""
    turn = iter(range(1 << 62))
    return lambda: search(queries[(i := next(turn) % len(queries)) : i + 1])


def recall(found, truth):
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(found, truth)]))


class Tuned:
    """FAISS's settings for matrix products, for a while."""

    SETTINGS = {"distance_compute_blas_threshold": 20, "distance_compute_blas_database_bs": 256}

    def __enter__(self):
        self.before = {name: getattr(faiss.cvar, name) for name in self.SETTINGS}
        for name, value in self.SETTINGS.items():
            setattr(faiss.cvar, name, value)

    def __exit__(self, *_):
        for name, value in self.before.items():
            setattr(faiss.cvar, name, value)


def exact_sides(x):
    """Name -> search of a matrix of queries, for FAISS and usearch."""
    dim = x.shape[1]
    flat, sq8, half = faiss.IndexFlatIP(dim), *(
        faiss.index_factory(dim, kind, faiss.METRIC_INNER_PRODUCT) for kind in ("SQ8", "SQfp16")
    )
    for index in (flat, sq8, half):
        index.train(x)
        index.add(x)

    def tuned(q):
        with Tuned():
            return flat.search(q, K)

    return flat, {
        f"FAISS {faiss.__version__} flat": lambda q: flat.search(q, K),
        "FAISS flat, tuned": tuned,
        "FAISS SQ8": lambda q: sq8.search(q, K),
        "FAISS SQfp16": lambda q: half.search(q, K),
        f"usearch {usearch.__version__} exact": lambda q: usearch.index.search(
            x, q, K, usearch.index.MetricKind.IP, exact=True, threads=1
        ),
    }


def flat_part(own, x, q, args, show):
    """One query, and batches of 100: f32, half precision, int8."""
    flat, sides = exact_sides(x)
    slow = {name for name in sides if "usearch" in name}
    single, batch = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(args.rounds):
        for dtype in ("f32", "f16", "int8"):
            report = own.run(dtype, args.checked, args.seconds)
            name = "ours" if dtype == "f32" else f"ours, {dtype}"
            single[name].append(times(report, "single") | {"recall": report["recall_at_10"], "report": report})
            batch[name].append(times(report, "batch100"))
        for name, search in sides.items():
            if "tuned" not in name:
                calls = 3 if name in slow else args.calls
                single[name].append(timed(one_by_one(search, q[:BATCH]), calls))
            batch[name].append(timed(lambda: search(q[:BATCH]), 1, warm_up=0 if name in slow else 1))
    truth = flat.search(q[:BATCH], K)[1]
    recalls = {name: recall(search(q[:BATCH])[1], truth) for name, search in sides.items() if "SQ" in name}
    recalls |= {name: min(r["recall"] for r in rounds) for name, rounds in single.items() if "ours" in name}
    show("single", "one query", single, recalls)
    show("batch", f"a batch of {BATCH} queries", batch, {})


def filter_part(own, x, q, args, show):
    """One query under filters that accept a share of the vectors; f32 also with a row copy."""
    flat = faiss.IndexFlatIP(x.shape[1])
    flat.add(x)
    rng = np.random.default_rng(5)
    results = {share: collections.defaultdict(list) for share in SHARES}
    shares = ",".join(map(str, SHARES))
    for _ in range(args.rounds):
        for dtype, name, more in [("f32", "ours", []), ("f32", "ours, row copy", ["--row-copy"]), ("int8", "ours, int8", [])]:
            report = own.run(dtype, args.checked, args.seconds, "--filter", shares, *more)
            for part in report["filtered"]:
                results[part["share"]][name].append(times(part, "single"))
                results[part["share"]][f"{name}, unfiltered"].append(times(report, "single"))
        for share in SHARES:
            bits = np.packbits(rng.random(len(x)) < share, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(x), faiss.swig_ptr(bits))
            chosen = faiss.SearchParameters(sel=selector)
            search = one_by_one(lambda q: flat.search(q, K, params=chosen), q[:BATCH])
            results[share]["FAISS flat, IDSelectorBitmap"].append(timed(search, args.calls))
    for share in SHARES:
        show(f"filter/{share}", f"one query, {100 * share:g} % of the vectors match", results[share], {})


class Trees:
    """Annoy, which is asked one query at a time."""

    def __init__(self, x, trees):
        self.index = annoy.AnnoyIndex(x.shape[1], "angular")
        self.index.set_seed(1)
        for row, vector in enumerate(x):
            self.index.add_item(row, vector)
        self.index.build(trees, n_jobs=1)

    def search(self, q, nodes):
        return [self.index.get_nns_by_vector(query, K, nodes) for query in q]


def rival_lists(x, wanted):
    """Name -> (seconds to build, setting -> search of a matrix), of those whose names have one of the wanted words."""
    dim, space = x.shape[1], faiss.ParameterSpace()

    def factory(kind):
        index = faiss.index_factory(dim, kind, faiss.METRIC_INNER_PRODUCT)
        index.train(x)
        index.add(x)
        return index

    def graph():
        index = usearch.index.Index(ndim=dim, metric="ip", dtype="f16", connectivity=16, expansion_add=128)
        index.add(np.arange(len(x)), x, threads=1)
        return index

    def search_faiss(index, q, setting):
        for key, value in setting.items():
            space.set_index_parameter(index, key, value)
        return index.search(q, K)[1]

    def search_graph(index, q, setting):
        index.expansion_search = setting["expansion_search"]
        return index.search(q, K, threads=1).keys

    kinds = {
        "FAISS IVF512,PQ32x4fs,RFlat": [{"nprobe": p, "k_factor_rf": 40} for p in (64, 128, 192)],
        "FAISS IVF512,Flat": [{"nprobe": p} for p in (64, 128, 160)],
        "FAISS IVF1024,SQ8": [{"nprobe": p} for p in (192, 256)],
        "FAISS HNSW16": [{"efSearch": e} for e in (64, 128, 256)],
    }
    rivals = {name: (lambda kind=name[6:]: factory(kind), settings, search_faiss) for name, settings in kinds.items()}
    rivals["usearch f16"] = (graph, [{"expansion_search": e} for e in (64, 128, 256)], search_graph)
    if annoy:
        settings = [{"search_k": nodes} for nodes in (10_000, 20_000, 40_000)]
        rivals["Annoy, 30 trees"] = (lambda: Trees(x, 30), settings, lambda t, q, s: t.search(q, s["search_k"]))
    for name, (make, settings, search) in rivals.items():
        if any(word in name for word in wanted):
            before = time.process_time()
            index = make()
            yield name, time.process_time() - before, index, settings, search


def lists_part(own, x, q, args, show):
    """Inverted files, trees and graphs: searches a second at a recall. FAISS and usearch search the matrix of all queries
    one at a time, Annoy is asked one at a time; ours one at a time, and in batches of 100, which share passes."""
    flat = faiss.IndexFlatIP(x.shape[1])
    flat.add(x)
    truth = flat.search(q, K)[1]
    rivals = list(rival_lists(x, args.rivals.split(",")))
    rows = collections.defaultdict(list)
    for _ in range(args.rounds):
        nlist = ["--rescore", "2", "--nlist", str(args.nlist), "--ivf"]
        plain = own.run("int8", len(q), args.seconds, *nlist, args.nprobe)
        margin = lambda m: own.run("int8", len(q), args.seconds, *nlist, str(args.nlist // 2), "--margin", m)
        margins = [(f", margin {m}", margin(m)) for m in args.margin.split(",") if m]
        for margin, report in [("", plain), *margins]:
            for p in report["ivf"]["points"]:
                name = f"ours, IVF{args.nlist}, nprobe {p['nprobe']}{margin}"
                for way, rate in [("", p["queries_per_s"]), (", batches", p["batch_queries_per_s"])]:
                    rows[name + way].append((rate, p["recall_at_10"], report["ivf"]["build_s"]))
        rows["ours, exact, int8"].append((1e3 / plain["single_ms"], plain["recall_at_10"], plain["build_s"]))
        batch = BATCH * 1e3 / plain["batch100_ms"]
        rows["ours, exact, int8, batches"].append((batch, plain["recall_at_10"], plain["build_s"]))
        for name, seconds, index, settings, search in rivals:
            for setting in settings:
                some = q[: len(q) // 5] if "Annoy" in name else q
                before = time.process_time()
                found = search(index, some, setting)
                rate = len(some) / (time.process_time() - before)
                label = ", ".join(f"{key} {value}" for key, value in setting.items())
                rows[f"{name}, {label}"].append((rate, recall(found, truth[: len(some)]), seconds))
    lines = ["| | queries a second, median (most) | recall@10 | build, CPU s |", "|---|---|---|---|"]
    for name, points in rows.items():
        rates = sorted(p[0] for p in points)
        found, seconds = points[0][1], min(p[2] for p in points)
        lines.append(f"| {name} | {rates[len(rates) // 2]:,.0f} ({rates[-1]:,.0f}) | {found:.3f} | {seconds:.1f} |")
    show("lists", f"{len(x):,} x {x.shape[1]} in clusters", dict(rows), {}, "\n".join(lines))


def threads_part(own, x, q, args, show):
    """One query and batches of 100 on one thread and on two, in turn; times on the wall."""
    if all_cores():
        os.sched_setaffinity(0, args.cores)
    flat = faiss.IndexFlatIP(x.shape[1])
    flat.add(x)
    times_of = collections.defaultdict(list)
    for _ in range(args.rounds):
        for threads in (1, 2):
            for dtype in ("f32", "int8"):
                report = own.run(dtype, 1, args.seconds, "--threads", str(threads))
                for what in ("single", "batch100"):
                    times_of[f"ours, {dtype}, {what}", threads].append(report[f"{what}_wall_ms"])
            faiss.omp_set_num_threads(threads)
            single = timed(one_by_one(lambda q: flat.search(q, K), q[:BATCH]), args.calls)
            with Tuned():
                batch = timed(lambda: flat.search(q[:BATCH], K), 2)
            for what, found in [("single", single), ("batch100, tuned", batch)]:
                times_of[f"FAISS flat, {what}", threads].append(sorted(found["wall_ms"])[len(found["wall_ms"]) // 2])
    faiss.omp_set_num_threads(1)
    lines = ["| wall ms, median (least) | 1 thread | 2 threads | times as fast, median (most) of the rounds |", "|---|---|---|---|"]
    for name in dict.fromkeys(name for name, _ in times_of):
        one, two = times_of[name, 1], times_of[name, 2]
        gains = sorted(a / b for a, b in zip(one, two))
        cells = [f"{sorted(t)[len(t) // 2]:.2f} ({min(t):.2f})" for t in (one, two)]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} | {gains[len(gains) // 2]:.2f} ({gains[-1]:.2f}) |")
    results = {f"{name}, {threads}": values for (name, threads), values in times_of.items()}
    show("threads", f"{len(x):,} x {x.shape[1]}, one thread and two", results, {}, "\n".join(lines))


PARTS = {"flat": flat_part, "filter": filter_part, "lists": lists_part, "threads": threads_part}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=1_000_000, help="vectors of exact search")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=20, help="single queries of each of the others in a round")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each of our figures in a round")
    parser.add_argument("--checked", type=int, default=BATCH, help="our answers that are held to the truth in a round")
    parser.add_argument("--parts", default="flat,filter,lists", help="also: threads")
    parser.add_argument("--clustered", type=int, default=200_000, help="vectors in clusters, for lists and graphs")
    parser.add_argument("--nlist", type=int, default=1024)
    parser.add_argument("--nprobe", default="192,256,320")
    parser.add_argument("--margin", default="3.6", help="also margins, with nprobe nlist / 2")
    parser.add_argument("--rivals", default="FAISS,usearch,Annoy", help="words in the names of other lists and graphs")
    parser.add_argument("--simd", help="the instructions that ours may use")
    parser.add_argument("--core", type=int, default=0, help="to pin to; -1 for none")
    parser.add_argument("--binary", help="the built example `search_bench`, instead of building it")
    parser.add_argument("--json", help="a file for all the figures")
    args = parser.parse_args()
    unknown = set(args.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")

    faiss.omp_set_num_threads(1)
    args.cores = all_cores()
    pinned, where = pin(args.core), machine()
    print(heading(where, args.rounds, pinned, args.simd))
    report = {"machine": where, "arguments": {key: value for key, value in vars(args).items() if key != "cores"}, "faiss": faiss.__version__, "usearch": usearch.__version__, "rows": {}}

    def show(key, title, results, recalls, text=None):
        summaries = None
        if text is None:
            text, summaries = table(results)
            if recalls:
                text += "\n\nrecall@10: " + ", ".join(f"{name} {value:.4f}" for name, value in recalls.items())
        print(f"### {title}\n\n{text}\n", flush=True)
        rounds = {name: list(values) for name, values in results.items()}
        report["rows"][key] = {"title": title, "summary": summaries, "recall": recalls, "rounds": rounds}

    with tempfile.TemporaryDirectory() as folder:
        own = Ours(args.binary, pathlib.Path(folder))
        own.simd = args.simd
        for part in args.parts.split(","):
            rng = np.random.default_rng(1)
            count, make = (args.clustered, clustered_vectors) if part == "lists" else (args.n, random_vectors)
            all_of_them = make(rng, count + 1000, args.dim)
            x, q = all_of_them[:count], np.ascontiguousarray(all_of_them[count:])
            own.save(x, q)
            PARTS[part](own, x, q, args, show)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(report, indent=1) + os.linesep)


if __name__ == "__main__":
    main()
