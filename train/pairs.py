"""Embeddings of many crops -> the distances of their pairs, by the head's plain numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError
from edge.contract.matching import Difference, Head, distances
from train.data import NOBODY
from train.rates import Pairs


def all_pairs(embeddings: NDArray[np.float32], person: NDArray[np.int32], head: Head) -> Pairs:
    """Every pair of two different crops of known people, once.

    Args:
        embeddings: (n, dimensions) float32, dequantized. person: (n,) numbers of people.
    """
    known = person != NOBODY
    embeddings, person = embeddings[known], person[known]
    upper = np.triu_indices(len(embeddings), 1)
    distance = distance_matrix(embeddings, head)[upper]
    return Pairs(distance, (person[:, None] == person[None])[upper])


def distance_matrix(embeddings: NDArray[np.float32], head: Head) -> NDArray[np.float32]:
    """(n, dimensions) -> (n, n): what `matching.distances` gives for each row, by one product.

    |a - b|^2 weighted by w is w.a^2 + w.b^2 - 2 a.(w b).
    """
    if head.difference is Difference.ABSOLUTE:
        return np.stack([distances(head, probe, embeddings) for probe in embeddings])
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(length, 1e-12)
    own = unit**2 @ head.weights
    z = own[:, None] + own[None] - 2.0 * (unit * head.weights) @ unit.T + np.float32(head.bias)
    return (1.0 / (1.0 + np.exp(-np.clip(z, -60.0, 60.0)))).astype(np.float32)


def listed_pairs(path: Path, files: tuple[str, ...]) -> tuple[NDArray[np.int64], list[tuple[int, int, bool]]]:
    """LFW's `pairs.txt` -> (fold of each pair, (index, index, same) into `files`).

    Raises:
        DataError: the list is damaged, or names a picture that is not in `files`.
    """
    at = {Path(file.split(":", 1)[-1]).stem: i for i, file in enumerate(files)}
    lines = [line.split() for line in path.read_text().splitlines()]
    folds, per_fold = (int(lines[0][0]), int(lines[0][1])) if len(lines[0]) == 2 else (1, int(lines[0][0]))
    try:
        pairs = [
            (at[_name(line[0], line[1])], at[_name(line[-2], line[-1])], len(line) == 3)
            for line in lines[1:]
        ]
    except (KeyError, ValueError, IndexError) as e:
        raise DataError(f"{path}: no picture {e}", remedy="give the data that the list is about") from e
    return np.repeat(np.arange(folds), 2 * per_fold), pairs


def _name(person: str, number: str) -> str:
    return f"{person}_{int(number):04d}"
