"""Clocks, pinning, and what the tables of the timing scripts have in common."""

import os
import platform
import statistics
import sys
import time

import numpy as np

try:
    import resource
except ImportError:  # not on Windows
    resource = None


def cpu_seconds():
    """Processor time of this process and of the children that have ended."""
    if resource is None:
        return time.process_time()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def timed(compute, calls, warm_up=1, clock=time.process_time):
    """Milliseconds of processor and wall for each call."""
    for _ in range(warm_up):
        compute()
    times = {"wall_ms": [], "cpu_ms": []}
    for _ in range(calls):
        wall, cpu = time.perf_counter(), clock()
        compute()
        times["cpu_ms"].append((clock() - cpu) * 1e3)
        times["wall_ms"].append((time.perf_counter() - wall) * 1e3)
    return times


def keep_memory():
    """Starts this script anew with an allocator that keeps what was freed.

    glibc gives large blocks back to the system and gets them again, page by page, at the next call: that makes
    torchaudio and librosa, which return new arrays, up to 2.7 times slower, or not, as chance places the blocks.
    """
    settings = {"MALLOC_TRIM_THRESHOLD_": str(1 << 33), "MALLOC_MMAP_THRESHOLD_": str(1 << 33)}
    if sys.platform == "linux" and not settings.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | settings)


def all_cores():
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def pin(core):
    """Holds this process and its children to a core, if the system can."""
    if core < 0 or not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {core})
    return True


def summary(rounds, clips=1):
    """Figures a clip."""
    cpu = [ms / clips for times in rounds for ms in times["cpu_ms"]]
    wall = [ms / clips for times in rounds for ms in times["wall_ms"]]
    return {
        "cpu_ms_median": statistics.median(cpu),
        "cpu_ms_min": min(cpu),
        "wall_ms_median": statistics.median(wall),
        "wall_ms_min": min(wall),
    }


def ratio(theirs, own, key):
    """The median over the rounds of their median over ours."""
    pairs = zip(theirs, own)
    return statistics.median(statistics.median(a[key]) / statistics.median(b[key]) for a, b in pairs)


def table(results, clips=1):
    """The table of a dictionary name -> rounds, ours under the name "ours"; and its figures."""
    each = " a clip" if clips > 1 else ""
    lines = [f"| | CPU ms{each}, median (least) | wall ms{each}, median | times ours, CPU | times ours, wall |"]
    lines += ["|---|---|---|---|---|"]
    own, summaries = results.get("ours"), {}
    for name, rounds in results.items():
        s = summaries[name] = summary(rounds, clips)
        ratios = "- | -"
        if own:
            s["ratio_cpu"], s["ratio_wall"] = ratio(rounds, own, "cpu_ms"), ratio(rounds, own, "wall_ms")
            ratios = f"{s['ratio_cpu']:.2f} | {s['ratio_wall']:.2f}"
        lines.append(
            f"| {name} | {s['cpu_ms_median']:.2f} ({s['cpu_ms_min']:.2f}) | {s['wall_ms_median']:.2f} | {ratios} |"
        )
    return "\n".join(lines), summaries


def machine():
    model = platform.processor()
    try:
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": platform.system(),
    }


def heading(where, rounds, pinned, simd=None, allocator="default"):
    load = "" if where["load"] is None else f", load {where['load']:.1f}"
    return (
        f"{where['processor']}, {where['cores']} cores{load}, {rounds} rounds, "
        f"{'pinned to one core' if pinned else 'not pinned'}, simd {simd or 'automatic'}, allocator: {allocator}\n"
    )
