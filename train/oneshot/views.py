"""One picture looked at several times, mirrored and turned: a cheap trick of test time.

A network that was taught with turned characters sees something else in each view, so the mean of
the distances between like views errs less than any of them, as that of several networks would.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge.contract.matching import Head

# (quarter turns, mirrored): those of a square, the picture as it is first.
_VIEWS = tuple((turns, mirrored) for turns in (0, 2, 1, 3) for mirrored in (False, True))
COUNTS = (1, 2, 4, 8)


def views(picture: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    """The first `count` views, of COUNTS, of a picture (height, width, 3) uint8."""
    made = []
    for turns, mirrored in _VIEWS[:count]:
        turned = np.rot90(picture, turns)
        made.append(np.ascontiguousarray(turned[:, ::-1] if mirrored else turned))
    return made


def together(embeddings: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(n x count, dimensions) of n pictures' views -> (n, count x dimensions), views side by side.

    Each of unit length, so that each counts alike.
    """
    if count == 1:
        return embeddings
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.where(length > 0, length, 1.0)
    return unit.reshape(len(embeddings) // count, -1)


def head_for(head: Head, count: int) -> Head:
    """What compares such rows: the mean over views of what `head`, a SQUARED one, weighs."""
    return replace(head, weights=np.tile(head.weights, count))
