"""Every pair of one person, in double precision: few beside those of two, and all looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.grid import Grid
from train.progress import watched
from train.ready import Ready
from train.strata import ROWS, Rows, places

_BLOCK = 512  # crops of a person at a time
_BATCH = 1 << 20  # pairs that are counted together
FARTHEST = 64


@dataclass(frozen=True)
class Genuine:
    """genuine_in: (bins + 1,) of the grid. sample, weight: rows, and how many pairs each is.

    farthest: of all. trials: (people,) pairs of each. refusals: (thresholds, people), those of them
    not below each asked threshold.
    """

    genuine_in: NDArray[np.int64]
    sample: Rows
    weight: NDArray[np.float64]
    farthest: Rows
    trials: NDArray[np.int64]
    refusals: NDArray[np.int64]


def look_at_own(
    ready: Ready, grid: Grid, asked: NDArray[np.float64], rng: np.random.Generator
) -> Genuine:
    """All pairs of one person. asked: (thresholds,) rising z."""
    crops = np.bincount(ready.person).astype(np.int64)
    trials = crops * (crops - 1) // 2
    share = min(1.0, 2 * ROWS / max(int(trials.sum()), 1))
    found = np.zeros(grid.bins + 1, np.int64)
    refusals = np.zeros((len(asked), ready.people), np.int64)
    samples, farthest = [], Rows(np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32))
    for rows in _batches(ready, crops):
        found += grid.counted(rows.z)
        samples.append(rows.of(places(rng, len(rows), share)))
        farthest = _farthest(Rows.joined([farthest, rows]))
        owner = ready.person[rows.left]
        for step, threshold in enumerate(asked):
            np.add.at(refusals[step], owner[rows.z >= threshold], 1)
    sample = Rows.joined(samples)
    weight = np.full(len(sample), trials.sum() / max(len(sample), 1))
    return Genuine(found, sample, weight, farthest, trials, refusals)


def _batches(ready: Ready, crops: NDArray[np.int64]) -> Iterator[Rows]:
    waiting, pairs = list[Rows](), 0
    repeated = np.flatnonzero(crops > 1)
    begins = np.cumsum(crops) - crops
    for person in watched(repeated, "pairs of one person"):
        last = int(begins[person] + crops[person])
        for first in range(int(begins[person]), last, _BLOCK):
            waiting.append(_own(ready, first, min(first + _BLOCK, last), last))
            pairs += len(waiting[-1])
            if pairs >= _BATCH:
                yield Rows.joined(waiting)
                waiting, pairs = [], 0
    if waiting:
        yield Rows.joined(waiting)


def _own(ready: Ready, first: int, end: int, last: int) -> Rows:
    later = np.arange(last - first) > np.arange(end - first)[:, None]
    left, right = np.nonzero(later)
    return Rows(
        ready.own(first, end, last)[later],
        (first + left).astype(np.int32),
        (first + right).astype(np.int32),
    )


def _farthest(rows: Rows) -> Rows:
    if len(rows) <= FARTHEST:
        return rows
    return rows.of(np.argpartition(-rows.z, FARTHEST - 1)[:FARTHEST])
