"""Many histories, on as many processes as there are; a seed comes to the same on any of them."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.pool import Pool
from pathlib import Path

from tests.faults.check import Outcome, check, explain
from tests.faults.plants import planted
from tests.faults.stage import Stage, in_memory, stage

_TOGETHER = 20  # histories that a process is handed at once
_SAY_S = 10.0

_mine: list[Stage] = []  # of this process, to its end
_stages = ExitStack()


@dataclass(frozen=True)
class Hunt:
    """A planted fault, and the first history that shows it; None: none does."""

    plant: str
    outcome: Outcome | None


def outcomes(seeds: range, *, jobs: int = 0) -> Iterator[Outcome]:
    """What each history comes to, in the order of the seeds. jobs: 0 is one for each processor."""
    with _crew(jobs) as crew:
        for found in crew.imap(_check_all, _cut(seeds)):
            yield from found


def hunts(plants: Iterable[str], seeds: range, *, jobs: int = 0) -> Iterator[Hunt]:
    """For each planted fault the first history that shows it."""
    with _crew(jobs) as crew:
        yield from crew.imap(_hunt, [(plant, seeds) for plant in plants])


def explained(seed: int, *, plant: str = "") -> str:
    """What the history of that seed breaks, cut down; "" if it holds."""
    with in_memory() as folder, stage(folder) as here, planted(plant):
        outcome = check(here, seed)
        return explain(here, outcome) if outcome.broken else ""


def with_progress(found: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """The same, with a line now and then."""
    started = said = time.monotonic()
    broken = 0
    for number, outcome in enumerate(found, 1):
        broken += bool(outcome.broken)
        now = time.monotonic()
        if now - said > _SAY_S or number == total:
            said, rate = now, number / (now - started)
            left = (total - number) / rate
            line = f"{number:,} of {total:,} histories, {broken} broken, {rate:.0f} a second"
            sys.stderr.write(f"{line}, {left:.0f} s left\n")
            sys.stderr.flush()
        yield outcome


@contextmanager
def _crew(jobs: int) -> Iterator[Pool]:
    start = multiprocessing.get_context("spawn")  # no thread or lock of ours is taken along
    jobs = jobs or len(os.sched_getaffinity(0))
    with in_memory() as folder, start.Pool(jobs, _begin, (folder,)) as pool:
        yield pool


def _begin(folder: Path) -> None:
    """Set this process's stage; what it leaves goes with `folder`."""
    mine = folder / str(os.getpid())
    mine.mkdir()
    _mine.append(_stages.enter_context(stage(mine)))


def _check_all(seeds: range) -> list[Outcome]:
    return [check(_mine[0], seed) for seed in seeds]


def _hunt(what: tuple[str, range]) -> Hunt:
    plant, seeds = what
    with planted(plant):
        found = (check(_mine[0], seed) for seed in seeds)
        return Hunt(plant, next((outcome for outcome in found if outcome.broken), None))


def _cut(seeds: range) -> Iterator[range]:
    for first in range(seeds.start, seeds.stop, _TOGETHER):
        yield range(first, min(first + _TOGETHER, seeds.stop))
