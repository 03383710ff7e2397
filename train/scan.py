"""Every pair of two people, looked at once and not stored: counts, a sample, the nearest.

The crops of a person lie side by side, so that all but a strip along the diagonal are pairs of two
people, and no label is asked for. A tile of some million pairs is one matrix product and one
histogram in single precision, both without Python's lock: a thread for every core.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.blas import one_thread
from train.grid import Grid
from train.progress import watched
from train.ready import Ready
from train.strata import Kept, Rows, Strata, places

# A tile of 4 MB: beyond it the histogram waits for memory, below it calls are dear.
_DOWN, _ACROSS = 512, 2048
NEAREST = 64  # kept in any case, as the sample may be thinned


@dataclass(frozen=True)
class Scanned:
    """impostor_in: (bins + 1,) of the grid. sample, weight: rows, and how many pairs each is.

    nearest: of all. accepts: (thresholds, people), a person's pairs below each asked threshold.
    """

    impostor_in: NDArray[np.int64]
    sample: Rows
    weight: NDArray[np.float64]
    nearest: Rows
    accepts: NDArray[np.int64]


@dataclass(frozen=True)
class Search:
    """What is looked for. asked: rising z. seed: of what is drawn; a row block draws its own."""

    ready: Ready
    grid: Grid
    strata: Strata
    asked: NDArray[np.float64]
    seed: int

    @property
    def reach(self) -> np.float32:
        return np.float32(max(self.strata.reach, self.asked.max(initial=-np.inf)))


def count(ready: Ready, grid: Grid) -> NDArray[np.int64]:
    """(bins + 1,) pairs of two people, counted and nothing else."""
    found = np.zeros(grid.bins + 1, np.int64)
    for at in range(0, len(ready), _DOWN):
        for z, masked, _ in _tiles(ready, at):
            found += _histogram(z, grid, masked)
    return found


def scan(search: Search) -> Scanned:
    """All pairs of two people."""
    ready, grid = search.ready, search.grid
    blocks = range(0, len(ready), _DOWN)
    half = -(-len(blocks) // 2)
    # The first block has the most pairs and the last the fewest: two and two are equal work.
    tasks = [sorted({blocks[i], blocks[-1 - i]}) for i in range(half)]
    kept = Kept(search.strata, np.random.default_rng(search.seed))
    found = np.zeros(grid.bins + 1, np.int64)
    accepts = np.zeros((len(search.asked), ready.people), np.int64)
    nearest = _nothing()
    for part in _in_threads(search, tasks):
        found += part.counted
        accepts += part.accepts
        kept.add(part.sample)
        nearest = _nearest(Rows.joined([nearest, part.near]))
    sample, weight = kept.weighed(search.strata.counted(grid, found))
    return Scanned(found, sample, weight, nearest, np.cumsum(accepts, axis=0))


@dataclass(frozen=True)
class _Part:
    """What a task found. accepts: (thresholds, people) by the first asked threshold above."""

    counted: NDArray[np.int64]
    sample: Rows
    near: Rows
    accepts: NDArray[np.int32]


def _in_threads(search: Search, tasks: Sequence[Sequence[int]]) -> Iterator[_Part]:
    """In the order of the tasks, so that the same seed keeps the same sample."""
    threads = os.cpu_count() or 1
    with one_thread(), ThreadPoolExecutor(threads) as pool:
        try:
            parts = pool.map(lambda task: _task(search, task), tasks)
            for _ in watched(tasks, "comparing"):
                yield next(parts)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # Ctrl-C need not wait for all the others
            raise


def _task(search: Search, task: Sequence[int]) -> _Part:
    grid = search.grid
    counted = np.zeros(grid.bins + 1, np.int64)
    samples, near = [_nothing()], _nothing()
    accepts = np.zeros((len(search.asked), search.ready.people), np.int32)
    for first in task:
        rng = np.random.default_rng((search.seed, first))
        for z, masked, column in _tiles(search.ready, first):
            counted += _histogram(z, grid, masked)
            close = _rows(z, np.flatnonzero(z < search.reach), first, column)
            samples.append(_from_near(search.strata, close, rng))
            samples.append(_blindly(search.strata, z, first, column, rng))
            near = _nearest(Rows.joined([near, close]))
            step = np.searchsorted(search.asked, close.z, side="right")
            asked = step < len(search.asked)
            for side in (close.left, close.right):
                np.add.at(accepts, (step[asked], search.ready.person[side[asked]]), 1)
    return _Part(counted, Rows.joined(samples), near, accepts)


def _tiles(ready: Ready, first: int) -> Iterator[tuple[NDArray[np.float32], int, int]]:
    """(z, how many of it are infinite because they are no such pair, its first column)."""
    end = min(first + _DOWN, len(ready))
    left, buffer = ready.left(first, end), np.empty(_DOWN * _ACROSS, np.float32)
    after = ready.after[first:end]
    for column in range(int(after[0]), len(ready), _ACROSS):
        to, masked = min(column + _ACROSS, len(ready)), 0
        z = ready.tile(left, column, to, buffer)
        if column < after[-1]:
            no_pair = np.arange(column, to) < after[:, None]
            z[no_pair], masked = np.inf, int(no_pair.sum())
        yield z, masked, column


def _histogram(z: NDArray[np.float32], grid: Grid, masked: int) -> NDArray[np.int64]:
    # OpenCV counts in int32 and answers in float32: exact up to 2^24, and a tile has 2^20.
    inside = cv2.calcHist([z], [0], None, [grid.bins], [grid.low, grid.high])
    found = np.empty(grid.bins + 1, np.int64)
    found[:-1] = inside[:, 0]
    found[-1] = z.size - masked - found[:-1].sum()
    return found


def _rows(z: NDArray[np.float32], place: NDArray[np.int64], first: int, column: int) -> Rows:
    down, across = np.divmod(place, z.shape[1])
    return Rows(
        z.ravel()[place], (first + down).astype(np.int32), (column + across).astype(np.int32)
    )


def _from_near(strata: Strata, close: Rows, rng: np.random.Generator) -> Rows:
    number = strata.number(close.z)
    share = np.where(number < strata.near, strata.share[number], 0.0)
    return close.of(rng.random(len(close)) < share)


def _blindly(
    strata: Strata, z: NDArray[np.float32], first: int, column: int, rng: np.random.Generator
) -> Rows:
    drawn = _rows(z, places(rng, z.size, strata.blind), first, column)
    number = strata.number(drawn.z)
    wanted = (number >= strata.near) & np.isfinite(drawn.z)
    chance = np.where(wanted, strata.share[number], 0.0) / max(strata.blind, 1e-300)
    return drawn.of(rng.random(len(drawn)) < chance)


def _nearest(rows: Rows) -> Rows:
    if len(rows) <= NEAREST:
        return rows
    return rows.of(np.argpartition(rows.z, NEAREST - 1)[:NEAREST])


def _nothing() -> Rows:
    return Rows(np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(0, np.int32))
