"""What grows with use: the gallery, and the event log."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import processes
from bench.clock import Clock, Taken, figures
from edge.cli.progress import Progress
from edge.contract.bundle import Bundle
from edge.contract.manifest import Manifest
from edge.door.match import Matcher
from edge.selftest.stages import nobodys_people
from edge.store import chain
from edge.store.database import connect, transaction
from edge.store.events import FILE, EventStore
from edge.store.people import Gallery

TEMPLATES = (100, 1_000, 10_000, 100_000)
EVENTS = (1_000, 10_000, 100_000, 1_000_000)
_TIMES = 15
_LOOK_AGAIN_S = 0.005


@dataclass(frozen=True)
class GalleryGrowth:
    """With so many templates: a match, ms of processor time; the matcher's memory, MB.

    start_ms: from a gallery that was read to one that can be matched.
    """

    templates: int
    match_ms: float
    match_min_ms: float
    start_ms: float
    mb: float
    peak_mb: float


@dataclass(frozen=True)
class LogGrowth:
    """With so many events: a commit; opening as at a start; `onelook events -n 20`."""

    events: int
    mb: float
    commit_ms: float
    commit_min_ms: float
    open_ms: float
    query_ms: float
    query_peak_mb: float


def gallery_growth(bundle: Bundle, progress: Progress) -> list[GalleryGrowth]:
    """Nobody's templates, one a person; a probe of nobody's."""
    found = []
    for done, templates in enumerate(TEMPLATES):
        progress.show(f"growth: {templates} templates", done, len(TEMPLATES))
        found.append(_gallery(bundle.manifest, templates))
    progress.end()
    return found


def log_growth(most: int, progress: Progress) -> Iterator[LogGrowth]:
    """A log that is filled to each size; its commits are the door's own, synced ones."""
    sizes = [size for size in EVENTS if size <= most]
    with tempfile.TemporaryDirectory(prefix="onelook-bench-") as folder:
        state = Path(folder) / "state"
        with EventStore(state) as store:
            store.record(_entry(0))
        for done, size in enumerate(sizes):
            progress.show(f"growth: {size} events", done, len(sizes))
            fill(state / FILE, size)
            yield _log(state, size)
    progress.end()


def _gallery(manifest: Manifest, templates: int) -> GalleryGrowth:
    gallery = Gallery(nobodys_people(manifest, templates))
    probe = np.random.default_rng(1).integers(-128, 128, manifest.dimensions, np.int8).tobytes()
    start = _timed(lambda: Matcher(manifest, gallery), 1)
    tracemalloc.start()
    matcher = Matcher(manifest, gallery)
    held = tracemalloc.get_traced_memory()[0]
    matcher.nearest(probe)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    matched = figures(_timed(lambda: matcher.nearest(probe), _TIMES))
    return GalleryGrowth(
        templates, matched.cpu_median, matched.cpu_min, start[0].cpu, held / 1e6, peak / 1e6
    )


def _log(state: Path, size: int) -> LogGrowth:
    opened = figures(_timed(lambda: EventStore(state).close(), 3))
    with EventStore(state) as store:
        commits = figures(_timed(lambda: store.record(_entry(0)), _TIMES))
    query_ms, peak_mb = _query(state)
    return LogGrowth(
        size,
        (state / FILE).stat().st_size / 1e6,
        commits.wall_median,
        commits.wall_min,
        opened.wall_median,
        query_ms,
        peak_mb,
    )


def _query(state: Path) -> tuple[float, float]:
    """(ms, MB) of the owner's command."""
    config = state.parent / "onelook.toml"
    config.write_text(f'[paths]\nstate_dir = "{state}"\n', encoding="utf-8")
    command = [sys.executable, "-m", "edge", "--config", str(config), "events", "-n", "20"]
    started, peak_mb = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        while child.poll() is None:
            with suppress(OSError, StopIteration):  # it may end at any moment
                peak_mb = processes.peak_mb(child.pid)
            time.sleep(_LOOK_AGAIN_S)
    return (time.perf_counter() - started) * 1000.0, peak_mb


def fill(path: Path, size: int) -> None:
    """Rows as the door makes them, in one transaction: a commit each would take days."""
    database = connect(path)
    seq, before = database.execute(
        "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    with transaction(database):
        for number in range(seq + 1, size + 1):
            text = json.dumps(_entry(number), sort_keys=True, separators=(",", ":"))
            before = chain.hash_of(before, number, text)
            database.execute("INSERT INTO event VALUES (?, ?, ?, '')", (number, text, before))
    database.close()


def _entry(number: int) -> dict[str, object]:
    """A refused press of one frame, as `edge.door.press` says it."""
    frame = {"reason": "not_recognised", "band": "far", "gates": []}
    return {
        "schema": "onelook.event/1",
        "kind": "decision",
        "press": number,
        "time": "2026-11-27T18:00:00.000Z",
        "clock": "trusted",
        "at_ms": 1000 * number,
        "mode": "active",
        "reason": "not_recognised",
        "person": None,
        "frames": 2,
        "looked": [frame, frame],
        "band": "far",
        "ms": {"capture": 50, "locate": 20, "embed": 4, "total": 90},
        "bundle": "e59eae3f9dc7ff61",
    }


def _timed(work: Callable[[], object], times: int) -> list[Taken]:
    taken = []
    for _ in range(times):
        clock = Clock()
        clock.time("it", work)
        taken.append(clock.taken()["it"])
    return taken
