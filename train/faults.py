"""The pairs that a network is most wrong about: what to look at before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.bootstrap import ends
from train.data import Faces
from train.rates import Pairs

SHOWN = 12


@dataclass(frozen=True)
class Fault:
    """A pair. files, crops: of its two pictures, crops (h, w, c) uint8."""

    distance: float
    files: tuple[str, str]
    crops: tuple[NDArray[np.uint8], NDArray[np.uint8]]


def false_accepts(pairs: Pairs, faces: Faces) -> tuple[Fault, ...]:
    """The nearest pairs of two people, nearest first; pairs: `pairs.all_pairs` of `faces`."""
    rows = np.flatnonzero(~pairs.same)
    return tuple(_faults(pairs, faces, _first(rows, pairs.distance[rows])))


def false_rejects(pairs: Pairs, faces: Faces) -> tuple[Fault, ...]:
    """The farthest pairs of one person, farthest first."""
    rows = np.flatnonzero(pairs.same)
    return tuple(_faults(pairs, faces, _first(rows, -pairs.distance[rows])))


def _first(rows: NDArray[np.int64], key: NDArray[np.float32]) -> NDArray[np.int64]:
    kept = np.argpartition(key, min(SHOWN, len(key)) - 1)[:SHOWN]
    return rows[kept[np.argsort(key[kept], kind="stable")]]


def _faults(pairs: Pairs, faces: Faces, rows: NDArray[np.int64]) -> Iterator[Fault]:
    for row, left, right in zip(rows, *ends(len(faces), rows), strict=True):
        yield Fault(
            float(pairs.distance[row]),
            (faces.files[left], faces.files[right]),
            (faces.crops[left], faces.crops[right]),
        )
