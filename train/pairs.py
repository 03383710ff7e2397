"""Embeddings of many crops -> the distances of their pairs, by the head's plain numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.matching import Difference, Head, distances
from train.data import NOBODY
from train.rates import Pairs

_OF_ONE, _OF_TWO = 3, 4  # words: name, number, number; name, number, name, number


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
        near = _between(embeddings[first : first + block], embeddings[first:], head)
        for i, row in enumerate(near):
            until = at + len(row) - i - 1
            distance[at:until] = row[i + 1 :]
            same[at:until] = person[first + i + 1 :] == person[first + i]
            at = until
    return Pairs(distance, same)


def distance_matrix(embeddings: NDArray[np.float32], head: Head) -> NDArray[np.float32]:
    """(n, dimensions) -> (n, n): what `matching.distances` gives for each row."""
    return _between(embeddings, embeddings, head)


def _between(a: NDArray[np.float32], b: NDArray[np.float32], head: Head) -> NDArray[np.float32]:
    """(n, dimensions), (m, dimensions) -> (n, m).

    By one product: |a - b|^2 weighted by w is w.a^2 + w.b^2 - 2 a.(w b).
    """
    if head.difference is Difference.ABSOLUTE:
        return np.stack([distances(head, probe, b) for probe in a])
    (unit_a, usable_a), (unit_b, usable_b) = _unit(a), _unit(b)
    own_a, own_b = unit_a**2 @ head.weights, unit_b**2 @ head.weights
    z = own_a[:, None] + own_b - 2.0 * (unit_a * head.weights) @ unit_b.T + np.float32(head.bias)
    distance = (1.0 / (1.0 + np.exp(-np.clip(z, -60.0, 60.0)))).astype(np.float32)
    return np.where(usable_a[:, None] & usable_b, distance, np.float32(1.0))


def _unit(embeddings: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    length = np.linalg.norm(embeddings, axis=1)
    return embeddings / np.where(length > 0, length, 1.0)[:, None], length > 0


def listed_pairs(
    path: Path, files: tuple[str, ...]
) -> tuple[NDArray[np.int64], list[tuple[int, int, bool]]]:
    """LFW's `pairs.txt` -> (fold of each pair, (index, index, same) into `files`).

    Raises:
        MissingError: no such file.
        DataError: the list is damaged, or names a picture that is not in `files`.
    """
    at = {Path(file.split(":", 1)[-1]).stem: i for i, file in enumerate(files)}
    folds, per_fold, lines = _lines(path)
    pairs = []
    for line in lines:
        other = line[0] if len(line) == _OF_ONE else line[2]
        ends = _name(line[0], line[1]), _name(other, line[-1])
        missing = [name for name in ends if name not in at]
        if missing:
            raise DataError(
                f"{path}: no picture {missing[0]} in the data",
                remedy="give the data that the list is about with --data",
            )
        pairs.append((at[ends[0]], at[ends[1]], len(line) == _OF_ONE))
    return np.repeat(np.arange(folds), 2 * per_fold), pairs


def _lines(path: Path) -> tuple[int, int, list[list[str]]]:
    """(folds, pairs of one person in each, the lines after the first, split)."""
    try:
        first, *rest = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        folds, per_fold = (1, int(first[0])) if len(first) == 1 else (int(n) for n in first)
        if len(rest) != 2 * folds * per_fold or not rest:
            raise ValueError(f"{len(rest)} pairs instead of {2 * folds * per_fold}")
        for number, line in enumerate(rest, 2):
            if len(line) not in (_OF_ONE, _OF_TWO) or not line[1].isdigit() & line[-1].isdigit():
                raise ValueError(f"line {number} is no pair: {' '.join(line)!r}")
    except FileNotFoundError as e:
        raise MissingError(f"{path}: not there", remedy="check the path given with --pairs") from e
    except (OSError, ValueError) as e:
        raise DataError(
            f"{path}: not a list of pairs ({e})", remedy="copy it again; LFW's pairs.txt is one"
        ) from e
    return folds, per_fold, rest


def _name(person: str, number: str) -> str:
    return f"{person}_{int(number):04d}"
