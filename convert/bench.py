"""How long a bundle takes on this machine, step by step, by the door's own code."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge.contract.bundle import load_bundle
from edge.contract.matching import dequantize, distances
from edge.contract.signing import UNCHECKED
from edge.contract.tensor import to_int8
from edge.eye.golden import load_engine

SCHEMA = "onelook.bench/1"
_TEMPLATES = (1, 10, 100, 1000)
_MODEL = Path("/proc/device-tree/model")  # a Raspberry Pi says there what it is


def bench(folder: Path, runs: int) -> dict[str, Any]:
    """Median and 95th percentile of every step, in ms, one thread.

    Raises:
        MissingError, BundleError, EngineError: as a door would fail at its start.
    """
    bundle = load_bundle(folder, UNCHECKED)
    started = time.perf_counter()
    engine = load_engine(bundle)
    load_ms = 1000 * (time.perf_counter() - started)
    manifest, rng = bundle.manifest, np.random.default_rng(0)
    crop = rng.integers(0, 256, manifest.input_shape, np.uint8)
    tensor = to_int8(crop)[None]
    real = dequantize(engine.run(tensor)[0], manifest.output_quantization)
    many = real + rng.normal(0, real.std(), (max(_TEMPLATES), len(real))).astype(np.float32)
    square = rng.normal(size=(256, 256)).astype(np.float32)
    steps: dict[str, Callable[[], object]] = {
        "crop to tensor": lambda: to_int8(crop)[None],
        "embed": lambda: engine.run(tensor),
        **{
            f"match {n} templates": lambda n=n: distances(manifest.head, real, many[:n])
            for n in _TEMPLATES
        },
        "yardstick: 256x256 matrix product": lambda: square @ square,
    }
    return {
        "schema": SCHEMA,
        "ok": True,
        "model": manifest.model,
        "machine": machine(),
        "cores": os.cpu_count(),
        "engine": engine.name,
        "runs": runs,
        "load_ms": load_ms,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "ms": interleaved(steps, runs),
    }


def told(document: dict[str, Any]) -> str:
    """For people."""
    lines = [
        f"{document['machine']}, {document['cores']} cores; {document['engine']}, one thread",
        f"{'step':<36} {'median ms':>10} {'95 % ms':>10}",
        *(
            f"{name:<36} {ms['p50']:>10.3f} {ms['p95']:>10.3f}"
            for name, ms in document["ms"].items()
        ),
        f"{'load, once':<36} {document['load_ms']:>10.3f}",
        f"peak memory of this process: {document['peak_rss_mib']:.0f} MiB",
    ]
    return "\n".join(lines)


def interleaved(steps: dict[str, Callable[[], object]], runs: int) -> dict[str, dict[str, float]]:
    """One after the other in every round, so that a busy moment hits all of them alike."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(runs):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            taken[name].append(1000 * (time.perf_counter() - started))
    return {
        name: {"p50": float(np.median(ms)), "p95": float(np.quantile(ms, 0.95))}
        for name, ms in taken.items()
    }


def machine() -> str:
    """What this machine calls itself."""
    if _MODEL.is_file():
        return _MODEL.read_text(errors="replace").rstrip("\0")
    cpus = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    named = next((line.partition(":")[2].strip() for line in cpus if "model name" in line), "")
    return named or platform.machine()
