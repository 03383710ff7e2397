"""Which of a person's photographs to keep: those that cover how the person looks (R1.11)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread(distance: NDArray[np.float32], most: int, limit: float) -> list[int]:
    """Choose at most so many of n photographs of one person.

    First the one that is nearest to all others, then again and again the one that is farthest from
    those chosen (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance"): copies
    of one look bring little, a look that was not there yet brings much. What is farthest of all is
    most likely somebody else, so a photograph that is within `limit` of no other one is chosen only
    for a place that nothing else fills. Of equals the earlier one is taken.

    Args:
        distance: (n, n), the learned distance of each to each; symmetric.
        most: how many are kept.
        limit: below it two embeddings are of one person.

    Returns:
        their places, rising.
    """
    found = np.asarray(distance, np.float64)
    if len(found) <= most:
        return list(range(len(found)))
    others = found + np.diag(np.full(len(found), np.inf))
    alike = others.min(axis=1) < limit
    if not alike.any():  # nothing is more one person than the rest
        alike[:] = True
    chosen = _farthest(found, np.flatnonzero(alike), [], most)
    return sorted(_farthest(found, np.flatnonzero(~alike), chosen, most))


def _farthest(
    distance: NDArray[np.float64], among: NDArray[np.intp], chosen: list[int], most: int
) -> list[int]:
    """`chosen`, and as many more of `among` as there is room for."""
    chosen, left = list(chosen), [int(i) for i in among]
    if not chosen and left:
        chosen.append(min(left, key=lambda i: (distance[i, left].sum(), i)))
        left.remove(chosen[0])
    while left and len(chosen) < most:
        farthest = max(left, key=lambda i: (distance[i, chosen].min(), -i))
        chosen.append(farthest)
        left.remove(farthest)
    return chosen
