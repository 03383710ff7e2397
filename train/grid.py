"""Counts of pairs by their distance, in bins so fine that rates may be read at their edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.contract.matching import Head

_MOST_BINS = 1 << 17  # as int32 half a megabyte, which stays in a core's own cache
_HIGHEST = 17.0  # from here on the distance of z is 1, in the float32 that distances are


@dataclass(frozen=True)
class Grid:
    """Bins of equal width over z, the head's sum before its sigmoid; one more for all above.

    low: lower edge of the first. per_unit: bins in a step of 1, a power of two, so that every edge
    is a float32 and the bin of a float32 is exact.
    """

    low: float
    per_unit: int
    bins: int

    @classmethod
    def of(cls, head: Head) -> Grid:
        """For all z that the squared differences of unit vectors can come to."""
        low = math.floor(head.bias) - 1.0
        most = math.ceil(head.bias + 4.0 * float(head.weights.max(initial=0.0))) + 1.0
        high = max(low + 1.0, min(most, _HIGHEST))
        per_unit = 1 << max(0, int(math.log2(_MOST_BINS / (high - low))))
        return cls(low, per_unit, int(high - low) * per_unit)

    @property
    def high(self) -> float:
        return self.low + self.bins / self.per_unit

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """(bins + 1,) z."""
        return self.low + np.arange(self.bins + 1) / self.per_unit

    @cached_property
    def distances(self) -> NDArray[np.float64]:
        """(bins + 1,) of the edges."""
        return 1.0 / (1.0 + np.exp(-self.edges))

    def counted(self, z: NDArray[np.float64]) -> NDArray[np.int64]:
        """(bins + 1,) how many of `z` lie in each bin, and above all."""
        bin_of = np.clip((z - self.low) * self.per_unit, 0, self.bins).astype(np.int64)
        return np.bincount(bin_of, minlength=self.bins + 1)


@dataclass(frozen=True)
class Counted:
    """Pairs of one person and of two, counted; what `rates.Pairs` is, for any number of pairs.

    genuine, impostor: (bins + 1,) int64. A rate at an edge is what counting every pair would give;
    a threshold elsewhere is moved down to its edge, by less than one bin: 1 / per_unit in z, and so
    at most 1 / (4 per_unit) in the distance.
    """

    grid: Grid
    genuine_in: NDArray[np.int64]
    impostor_in: NDArray[np.int64]

    @property
    def trials(self) -> tuple[int, int]:
        """(pairs of one person, of two)."""
        return int(self.genuine_in.sum()), int(self.impostor_in.sum())

    @cached_property
    def cuts(self) -> NDArray[np.float64]:
        """Thresholds, rising: edges of the bins that hold pairs."""
        held = (self.genuine_in + self.impostor_in)[:-1] > 0
        return self.grid.distances[np.r_[held, False] | np.r_[False, held]]

    def below(self, thresholds: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(of one person, of two): pairs whose distance is below each of the thresholds."""
        at = np.searchsorted(self.grid.distances, thresholds, side="right") - 1
        genuine, impostor = (
            np.where(at >= 0, below[np.maximum(at, 0)], 0) for below in self._below_edges
        )
        return genuine, impostor

    def impostor_at(self, rank: int) -> float:
        """The largest threshold that at most `rank` pairs of two people lie below."""
        at = int(np.searchsorted(self._below_edges[1], rank, side="right")) - 1
        return float(self.grid.distances[at])

    @cached_property
    def _below_edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        genuine, impostor = (
            np.r_[0, np.cumsum(side[:-1])] for side in (self.genuine_in, self.impostor_in)
        )
        return genuine, impostor
