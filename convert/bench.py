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
from edge.eye.engine import Engine
from edge.eye.golden import load_engine

SCHEMA = "onelook.bench/1"
MOBILENETV2 = "MobileNetV2 1.0, 224x224, int8"
_TEMPLATES = (1, 10, 100, 1000)
_MODEL = Path("/proc/device-tree/model")  # a Raspberry Pi says there what it is


def bench(folder: Path, runs: int, *, beside: bool = False) -> dict[str, Any]:
    """Median and 95th percentile of every step, in ms, one thread.

    beside: another network that many know runs in the same rounds: MobileNetV2 1.0 of 224x224 in
    int8, its weights random, which changes no time.

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
    if beside:
        known = Engine(_mobilenetv2())
        picture = rng.integers(-128, 128, (1, *known.input_shape), np.int8)
        steps[MOBILENETV2] = lambda: known.run(picture)
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
    ms = document["ms"]
    beside = []
    if MOBILENETV2 in ms:
        ratio = ms["embed"]["p50"] / ms[MOBILENETV2]["p50"]
        beside = [f"an embedding takes {ratio:.2f} of the time of MobileNetV2"]
    lines = [
        f"{document['machine']}, {document['cores']} cores; {document['engine']}, one thread",
        f"{'step':<36} {'median ms':>10} {'95 % ms':>10}",
        *(
            f"{name:<36} {ms['p50']:>10.3f} {ms['p95']:>10.3f}"
            for name, ms in document["ms"].items()
        ),
        *beside,
        f"{'load, once':<36} {document['load_ms']:>10.3f}",
        f"peak memory of this process: {document['peak_rss_mib']:.0f} MiB",
    ]
    return "\n".join(lines)


def _mobilenetv2() -> bytes:
    from convert.quantize import INT8, twin_to
    from train.quiet import quiet

    with quiet():
        import keras

        network = keras.applications.MobileNetV2(
            (224, 224, 3), alpha=1.0, include_top=False, weights=None, pooling="avg"
        )
    pictures = np.random.default_rng(1).integers(0, 256, (4, 224, 224, 3), np.uint8)
    return twin_to(INT8, network, pictures)


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
