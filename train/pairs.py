"""Embeddings of many crops -> the distances of their pairs, by the head's plain numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.contract.matching import Difference, Head, distances
from train.data import NOBODY
from train.rates import Pairs


def all_pairs(
    embeddings: NDArray[np.float32], person: NDArray[np.int32], head: Head, *, block: int = 512
) -> Pairs:
    """Every pair of two different crops of known people, once: each crop with all later ones.

    Args:
        embeddings: (n, dimensions) float32, dequantized.
        person: (n,) numbers of people.
        head: what compares them.
        block: crops at a time; a pair itself takes 5 bytes.
    """
    known = person != NOBODY
    embeddings, person = embeddings[known], person[known]
    n, at = len(person), 0
    distance = np.empty(n * (n - 1) // 2, np.float32)
    same = np.empty(len(distance), np.bool_)
    for first in range(0, n, block):
        near = between(embeddings[first : first + block], embeddings[first:], head)
        for i, row in enumerate(near):
            until = at + len(row) - i - 1
            distance[at:until] = row[i + 1 :]
            same[at:until] = person[first + i + 1 :] == person[first + i]
            at = until
    return Pairs(distance, same)


def between(a: NDArray[np.float32], b: NDArray[np.float32], head: Head) -> NDArray[np.float32]:
    """(n, dimensions), (m, dimensions) -> (n, m), what `matching.distances` gives for each row.

    By one product: |a - b|^2 weighted by w is w.a^2 + w.b^2 - 2 a.(w b); in double precision,
    because near neighbours are a small difference of large numbers.
    """
    if head.difference is Difference.ABSOLUTE:
        return np.stack([distances(head, probe, b) for probe in a])
    (unit_a, usable_a), (unit_b, usable_b) = _unit(a), _unit(b)
    weights = head.weights.astype(np.float64)
    own_a, own_b = unit_a**2 @ weights, unit_b**2 @ weights
    z = own_a[:, None] + own_b - 2.0 * (unit_a * weights) @ unit_b.T + head.bias
    near = np.clip(z, -60.0, 60.0).astype(np.float32)
    distance = 1.0 / (1.0 + np.exp(-near))
    return np.where(usable_a[:, None] & usable_b, distance, np.float32(1.0))


def _unit(embeddings: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    length = np.linalg.norm(embeddings.astype(np.float64), axis=1)
    return embeddings / np.where(length > 0, length, 1.0)[:, None], length > 0
