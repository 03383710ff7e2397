"""Others' programs, each in a process of its own with its own Python; asked one thing at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from bench import processes
from bench.clock import Clock, Taken, Timed

_PACKAGES = Path(__file__).resolve().parent.parent
# Who may start how many threads; libraries look at one or another of these.
_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "BENCH_THREADS"),
)
_START_S = 180.0


class AbsentError(Exception):
    """This peer is not to be had here; says why in one line."""


@dataclass(frozen=True)
class Asked:
    """A work of a worker, and in which rounds it takes part."""

    work: str
    every: int = 1


class Worker:
    """A running program that answers; close it."""

    def __init__(self, python: Path, module: str, frames: Path, threads: str) -> None:
        """Start it and wait until it has loaded everything.

        Raises:
            AbsentError: it does not start.
        """
        self.threads = threads
        if not python.exists():
            raise AbsentError(
                "there is no environment with it; what `make .venv-peers` said is why"
            )
        started = time.perf_counter()
        self._child = subprocess.Popen(
            [str(python), "-m", module, str(frames)],
            cwd=_PACKAGES,
            env=_environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            self.works: list[str] = self._hear()["works"]
        except AbsentError:
            self.close()
            raise
        self.start_ms = (time.perf_counter() - started) * 1000.0

    def ask(self, work: str, frame: int) -> Taken:
        """Raises: AbsentError: it has ended."""
        with suppress(BrokenPipeError):  # said by `_hear`
            self._pipe.write(json.dumps({"work": work, "frame": frame}) + "\n")
            self._pipe.flush()
        said = self._hear()
        return Taken(said["wall"], said["cpu"])

    @property
    def peak_mb(self) -> float:
        return processes.peak_mb(self._child.pid)

    def close(self) -> None:
        """End it."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()

    @property
    def _pipe(self) -> Any:  # noqa: ANN401 - never None, as Popen was asked for pipes
        return self._child.stdin

    def _hear(self) -> dict[str, Any]:
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            self._child.wait()
            last = (self._child.stderr.read() if self._child.stderr else "").strip().splitlines()
            raise AbsentError(last[-1] if last else f"ended with {self._child.returncode}")
        said: dict[str, Any] = json.loads(line)
        return said


def timed_works(
    worker: Worker, group: str, asked: Sequence[Asked], frames: Sequence[int]
) -> list[Timed]:
    """The worker's works as measurables, each on one frame after the other."""

    def measurable(one: Asked) -> Timed:
        shown = cycle(frames)

        def run(clock: Clock) -> None:
            clock.add(one.work, worker.ask(one.work, next(shown)))

        return Timed(one.work, group, run, every=one.every, threads=worker.threads)

    return [measurable(one) for one in asked if one.work in worker.works]


def _environment(threads: str) -> dict[str, str]:
    """Quiet, without a GPU, and with one thread if there is to be one."""
    environment = {
        **os.environ,
        "PYTHONPATH": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
    }
    for name in _THREADS:
        environment.pop(name, None)
    return environment | dict.fromkeys(_THREADS, "1") if threads == "one" else environment


def this_python() -> Path:
    """Of the bench's own environment, which has tensorflow."""
    return Path(sys.executable)
