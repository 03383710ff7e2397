"""Embeddings made ready for the comparison of each with every other, in blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contract.matching import Head

_BLOCK = 65_536
# z of an embedding without length: the distance is 1. Two of them add up to less than infinity.
_NOWHERE = 1e30


@dataclass(frozen=True)
class Ready:
    """Crops of known people, those of a person side by side. All arrays are (n, ...).

    rows: (n, dimensions + 2) float32: an embedding of unit length, 1, its own part of z.
    person: 0 to people - 1, rising. crop: which of the crops that were chosen.
    after: the first row of the next person.

    z, the head's sum before its sigmoid, is w.a^2 + w.b^2 - 2 a.(w b) + bias. As one product of
    rows the two sums are two more factors, so a tile takes no second pass. In single precision it
    is off by at most `uncertain`, in practice by a fiftieth of that.
    """

    rows: NDArray[np.float32]
    person: NDArray[np.int32]
    crop: NDArray[np.int64]
    after: NDArray[np.int64]
    head: Head

    @classmethod
    def of(
        cls,
        embeddings: NDArray[np.float32],
        person: NDArray[np.int32],
        which: NDArray[np.int64],
        head: Head,
    ) -> Ready:
        """The crops `which` (n,) of `embeddings` (crops, dimensions), for a head of squares.

        person: (n,) any numbers.
        """
        order = np.argsort(person, kind="stable")
        _, number = np.unique(person[order], return_inverse=True)
        rows = np.empty((len(order), embeddings.shape[1] + 2), np.float32)
        weights = head.weights.astype(np.float64)
        for at in range(0, len(order), _BLOCK):
            given = embeddings[which[order[at : at + _BLOCK]]].astype(np.float64)
            length = np.linalg.norm(given, axis=1)
            unit = given / np.where(length > 0, length, 1.0)[:, None]
            block = rows[at : at + _BLOCK]
            block[:, :-2] = unit
            block[:, -2] = 1.0
            block[:, -1] = np.where(length > 0, unit**2 @ weights, _NOWHERE)
        after = np.searchsorted(number, number, side="right")
        return cls(rows, number.astype(np.int32), order, after, head)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def people(self) -> int:
        return int(self.person[-1]) + 1

    @property
    def uncertain(self) -> float:
        """How far z of `tile` may be from the exact one: (terms + 2) u (|bias| + 4 max w).

        The usual bound of a sum of products in arithmetic of unit u = 2^-24 (Higham, Accuracy and
        Stability of Numerical Algorithms, section 3.1); no sum of terms is larger than that.
        """
        largest = abs(self.head.bias) + 4.0 * float(self.head.weights.max(initial=0.0))
        return (self.rows.shape[1] + 2) * 2.0**-24 * largest

    def of_rows(self, chosen: NDArray[np.int64]) -> Ready:
        """Some of the rows, by their rising numbers."""
        _, number = np.unique(self.person[chosen], return_inverse=True)
        after = np.searchsorted(number, number, side="right")
        return Ready(
            self.rows[chosen], number.astype(np.int32), self.crop[chosen], after, self.head
        )

    def left(self, first: int, end: int) -> NDArray[np.float32]:
        """Rows as the left factor of `tile`."""
        rows = self.rows[first:end]
        made = rows * np.r_[-2.0 * self.head.weights, 1.0, 1.0].astype(np.float32)
        made[:, -2] = rows[:, -1] + np.float32(self.head.bias)
        made[:, -1] = 1.0
        return made

    def tile(
        self, left: NDArray[np.float32], first: int, end: int, out: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """z of `left` (m, ...) with the rows `first` to `end`: (m, end - first), in `out`'s memory.

        out: (at least m (end - first),) float32.
        """
        z = out[: len(left) * (end - first)].reshape(len(left), end - first)
        return np.matmul(left, self.rows[first:end].T, out=z)

    def exact(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """(k,) z of pairs of rows, in double precision."""
        z = np.empty(len(left), np.float64)
        weights = self.head.weights.astype(np.float64)
        for at in range(0, len(left), _BLOCK):
            a, b = (self.rows[side[at : at + _BLOCK]] for side in (left, right))
            apart = a[:, :-2].astype(np.float64) - b[:, :-2]
            nowhere = np.where(np.maximum(a[:, -1], b[:, -1]) >= _NOWHERE, _NOWHERE, 0.0)
            z[at : at + _BLOCK] = apart**2 @ weights + self.head.bias + nowhere
        return z

    def own(self, first: int, end: int, last: int) -> NDArray[np.float64]:
        """(end - first, last - first) z of rows from `first` on, in double precision."""
        a, b = (self.rows[first:to].astype(np.float64) for to in (end, last))
        across = (a[:, :-2] * self.head.weights) @ b[:, :-2].T
        return a[:, -1:] + b[:, -1] - 2.0 * across + self.head.bias


def as_distance(z: NDArray[np.float64]) -> NDArray[np.float32]:
    """What `pairs.between` makes of it."""
    near = np.clip(z, -60.0, 60.0).astype(np.float32)
    return np.asarray(1.0 / (1.0 + np.exp(-near)), np.float32)


def as_z(distance: float) -> float:
    """The z below which distances are below `distance`."""
    if distance <= 0.0 or distance >= 1.0:
        return -np.inf if distance <= 0.0 else np.inf
    return float(np.log(distance) - np.log1p(-distance))
