"""All pairs of a sample of crops, however they were looked at: what an evaluation reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contract.matching import Head
from train.bootstrap import Table, table_of
from train.faults import Ends, farthest, nearest
from train.pairs import all_pairs
from train.promised import At, at_distances
from train.rates import Sides


@dataclass(frozen=True)
class Sample:
    """Every pair of the sample's crops.

    sides: to read rates from. table: to draw people from. nearest, farthest: of two people, of one;
    the first is the worst. at: what each asked distance is worth.
    """

    sides: Sides
    table: Callable[[np.random.Generator], Table]
    nearest: Ends
    farthest: Ends
    at: Mapping[float, At]


def stored(
    embeddings: NDArray[np.float32],
    person: NDArray[np.int32],
    head: Head,
    asked: Sequence[float],
) -> Sample:
    """With every distance in memory, 5 bytes each.

    Args:
        embeddings: (n, dimensions) of the sample's crops.
        person: (n,) whom they show; nobody is nobody.
        head: what compares them.
        asked: distances to look at.
    """
    every = all_pairs(embeddings, person, head)
    return Sample(
        every,
        lambda rng: table_of(every, person, rng),
        nearest(every, len(person)),
        farthest(every, len(person)),
        at_distances(every, person, asked) if asked else {},
    )
