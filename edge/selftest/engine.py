"""The engine by itself: the embedding network again and again, and in a process that is new."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge.config import Config
from edge.contract.errors import EngineError
from edge.eye.golden import load_engine
from edge.selftest import Measurement, Tell, measured, spread
from edge.trusted import bundle_path, trusted_bundle

_PACKAGES = Path(__file__).resolve().parents[2]  # the folder that `edge` is in
_LIMIT_S = 120.0  # as of `edge.eye.trial`

GROUP = "engine"
NAMES = ("engine", "hot", "cold", "cold: import", "cold: load", "cold: first run", "cold: memory")


def measure(config: Config, runs: int, tell: Tell) -> Iterator[Measurement]:
    """Raises: MissingError, BundleError, EngineError: as the eye would fail at its start."""
    engine = load_engine(trusted_bundle(config))
    yield measured(GROUP, "engine", engine.name)
    shape = (1, *engine.input_shape)
    tensor = np.random.default_rng(0).integers(-128, 128, shape, np.int8)
    taken = []
    for number in range(runs):
        tell("engine: embeddings", number, runs)
        started = time.perf_counter()
        engine.run(tensor)
        taken.append((time.perf_counter() - started) * 1000.0)
    yield spread(GROUP, "hot", taken, "ms", "one embedding, one thread")
    tell("engine: a cold start", 0, 1)
    yield from cold_start(bundle_path(config))


def cold_start(bundle: Path) -> Iterator[Measurement]:
    """A new process until its first embedding. What the disk's cache holds is not thrown out.

    Raises:
        EngineError: it ended without an answer.
    """
    started = time.perf_counter()
    said = _in_a_new_process(bundle)
    whole_ms = (time.perf_counter() - started) * 1000.0
    yield measured(GROUP, "cold", whole_ms, "ms", "a new process, from its start to its end")
    yield measured(GROUP, "cold: import", said["import_ms"], "ms", "numpy, OpenCV")
    yield measured(GROUP, "cold: load", said["load_ms"], "ms", "engine, bundle, networks")
    yield measured(GROUP, "cold: first run", said["first_ms"], "ms", "the first embedding")
    yield measured(GROUP, "cold: memory", said["peak_mib"], "MiB", "the most it ever held")


def _in_a_new_process(bundle: Path) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edge.selftest.cold", str(bundle.resolve())],
            cwd=_PACKAGES,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
        said: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as e:
        raise EngineError(
            "a new process gave no embedding.",
            why=f"{e}.",
            remedy="See what is wrong with it: onelook doctor",
        ) from e
    return said
