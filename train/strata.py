"""Which pairs of two people are kept by themselves: a sample that is thick where rates are small.

A stratum holds the pairs between two distances, ten times as many as the nearer one; of each about
as many are kept. So the curve is as sharp at an FMR of 1e-5 as at 1e-2, however many pairs
there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from train.grid import Grid

ROWS = 100_000  # of a stratum; of the nearest one every pair
_NEAR = 1e-3  # the share of all pairs that are looked at one by one, to keep some
_OVERFULL = 4  # times ROWS, if the small scan that the shares come from saw too few


@dataclass(frozen=True)
class Rows:
    """Pairs. z: (k,) float32 or, recomputed, float64. left, right: (k,) rows of `Ready`."""

    z: NDArray[np.floating]
    left: NDArray[np.int32]
    right: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.z)

    def of(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Rows:
        return Rows(self.z[chosen], self.left[chosen], self.right[chosen])

    @classmethod
    def joined(cls, parts: list[Rows]) -> Rows:
        columns = ([getattr(part, name) for part in parts] for name in ("z", "left", "right"))
        return cls(*map(np.concatenate, columns))


@dataclass(frozen=True)
class Strata:
    """edges: (s,) rising z between them, on the grid. share: (s + 1,) of each, kept by chance.

    near: how many strata, from the first, are searched for pair by pair; of the others pairs are
    drawn blindly, and kept if they are of a stratum of that share.
    """

    edges: NDArray[np.float32]
    share: NDArray[np.float64]
    near: int

    @property
    def reach(self) -> float:
        """The z up to which pairs are searched for."""
        return float(self.edges[self.near - 1]) if self.near <= len(self.edges) else np.inf

    @property
    def blind(self) -> float:
        """The share of all pairs that are drawn for the other strata."""
        return float(self.share[self.near :].max(initial=0.0))

    def number(self, z: NDArray[np.floating]) -> NDArray[np.int64]:
        """Of which stratum."""
        return np.searchsorted(self.edges, z, side="right")

    def counted(self, grid: Grid, impostor_in: NDArray[np.int64]) -> NDArray[np.int64]:
        """(s + 1,) how many pairs there are of each."""
        at = np.round((self.edges.astype(np.float64) - grid.low) * grid.per_unit).astype(np.int64)
        return np.add.reduceat(impostor_in, np.r_[0, at])


def plan(grid: Grid, seen: NDArray[np.int64], pairs: int) -> Strata:
    """Strata for so many pairs, from the counts `seen` (bins + 1,) of some of them."""
    below = np.cumsum(seen) / max(int(seen.sum()), 1)
    wanted, edges = ROWS / max(pairs, 1), []
    while wanted < 1.0:
        at = int(np.searchsorted(below, wanted, side="right"))  # the edge below this bin
        if 0 < at < grid.bins and at not in edges:
            edges.append(at)
        wanted *= 10.0
    shares = np.diff(np.r_[0.0, below[np.array(edges, np.int64) - 1], 1.0])
    share = np.minimum(1.0, ROWS / np.maximum(shares * pairs, ROWS))
    share[0] = 1.0
    reached = below[np.array(edges, np.int64) - 1] <= _NEAR
    near = max(1, int(reached.sum()))
    return Strata(grid.edges[edges].astype(np.float32), share, near)


@dataclass
class Kept:
    """The sample while it grows; a stratum that is overfull is thinned, and stays so."""

    strata: Strata
    rng: np.random.Generator
    parts: list[list[Rows]] = field(init=False)
    thinned: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.parts = [[] for _ in self.strata.share]
        self.thinned = np.ones(len(self.strata.share))

    def add(self, rows: Rows) -> None:
        number = self.strata.number(rows.z)
        for stratum in np.unique(number):
            own = self._some(rows.of(number == stratum), self.thinned[stratum])
            parts = self.parts[stratum]
            parts.append(own)
            if sum(map(len, parts)) > _OVERFULL * ROWS:
                parts[:] = [self._some(Rows.joined(parts), 0.5)]
                self.thinned[stratum] /= 2

    def weighed(self, counted: NDArray[np.int64]) -> tuple[Rows, NDArray[np.float64]]:
        """(rows, how many pairs each stands for); counted: (s + 1,) pairs of each stratum."""
        full = [
            (Rows.joined(parts), n) for parts, n in zip(self.parts, counted, strict=True) if parts
        ]
        weights = [np.full(len(rows), n / max(len(rows), 1)) for rows, n in full]
        return Rows.joined([rows for rows, _ in full]), np.concatenate(weights)

    def _some(self, rows: Rows, share: float) -> Rows:
        return rows if share == 1.0 else rows.of(self.rng.random(len(rows)) < share)


def places(rng: np.random.Generator, size: int, share: float) -> NDArray[np.int64]:
    """Of 0 to `size` - 1 each with the chance `share`, rising."""
    if share <= 0.0:
        return np.zeros(0, np.int64)
    at, parts = -1, []
    while at < size:
        expected = (size - at) * share
        steps = rng.geometric(share, int(expected + 6 * np.sqrt(expected) + 10))
        parts.append(at + np.cumsum(steps))
        at = int(parts[-1][-1])
    found = np.concatenate(parts)
    return found[: np.searchsorted(found, size)]
