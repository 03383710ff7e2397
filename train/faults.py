"""The pairs that a network is most wrong about: what to look at before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from train.bootstrap import ends
from train.data import Faces
from train.rates import Pairs

SHOWN = 12


@dataclass(frozen=True)
class Ends:
    """Pairs by the numbers of their two crops. All arrays are (k,)."""

    distance: NDArray[np.float32]
    left: NDArray[np.int64]
    right: NDArray[np.int64]


@dataclass(frozen=True)
class Fault:
    """A pair. files, crops: of its two pictures, crops (h, w, c) uint8."""

    distance: float
    files: tuple[str, str]
    crops: tuple[NDArray[np.uint8], NDArray[np.uint8]]


def nearest(pairs: Pairs, crops: int) -> Ends:
    """The nearest pairs of two people, nearest first; pairs: `pairs.all_pairs` of so many crops."""
    rows = np.flatnonzero(~pairs.same)
    return _first(pairs, crops, rows, pairs.distance[rows])


def farthest(pairs: Pairs, crops: int) -> Ends:
    """The farthest pairs of one person, farthest first."""
    rows = np.flatnonzero(pairs.same)
    return _first(pairs, crops, rows, -pairs.distance[rows])


def shown(pairs: Ends, faces: Faces) -> Iterator[Fault]:
    """The first SHOWN of them, with files and crops."""
    of_two = zip(pairs.distance, pairs.left, pairs.right, strict=True)
    for distance, left, right in islice(of_two, SHOWN):
        first, second = faces.read(np.array([left, right]))
        yield Fault(float(distance), (faces.files[left], faces.files[right]), (first, second))


def _first(pairs: Pairs, crops: int, rows: NDArray[np.int64], key: NDArray[np.float32]) -> Ends:
    kept = np.argpartition(key, min(SHOWN, len(key)) - 1)[:SHOWN]
    rows = rows[kept[np.argsort(key[kept], kind="stable")]]
    return Ends(pairs.distance[rows], *ends(crops, rows))
